// The other side of a Worker where workerd runs alone: fires its cron, reads and writes its KV under /kv/, and
// asks its API by service binding at /api.
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/kv/")) {
      const key = decodeURIComponent(pathname.slice("/kv/".length));
      if (request.method === "PUT") {
        await env.ROUTES.put(key, await request.text());
        return new Response();
      }
      const value = await env.ROUTES.get(key);
      return new Response(value, { status: value === null ? 404 : 200 });
    }
    if (pathname === "/api") {
      const { status, headers, body } = await env.API.call(await request.json());
      // Of a snapshot lines come, as a stream.
      const text = body instanceof ReadableStream ? await new Response(body).text() : body;
      return Response.json({ status, headers, body: text });
    }
    const { outcome } = await env.SPOKE.scheduled({ cron: "*/5 * * * *", scheduledTime: new Date() });
    return new Response(outcome, { status: outcome === "ok" ? 200 : 500 });
  },
};

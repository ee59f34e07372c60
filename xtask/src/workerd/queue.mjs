// Stands in for Cloudflare's queue where workerd runs alone: hands every batch to the consumer at once, once.
const body = (format, text) => {
  if (format !== "json") throw new Error(`not imitated: a message of format ${format}`);
  return JSON.parse(text);
};

export default {
  async fetch(request, env, ctx) {
    let bodies;
    if (new URL(request.url).pathname === "/batch") {
      const { messages } = await request.json();
      bodies = messages.map(({ contentType, body: encoded }) => {
        const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
        return body(contentType, new TextDecoder().decode(bytes));
      });
    } else {
      bodies = [body(request.headers.get("x-msg-fmt"), await request.text())];
    }
    const messages = bodies.map((body) => ({ id: crypto.randomUUID(), timestamp: new Date(), body, attempts: 1 }));
    ctx.waitUntil(env.CONSUMER.queue("spoke-pokes", messages));
    return Response.json({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } });
  },
};

// Stands in for Cloudflare's KV where workerd runs alone: a map that lives as long as the process.
const values = new Map();

export default {
  async fetch(request) {
    // workerd encodes a key in one way to delete it and in another to read it.
    const key = decodeURIComponent(new URL(request.url).pathname);
    switch (request.method) {
      case "GET":
        return values.has(key) ? new Response(values.get(key)) : new Response("not found", { status: 404 });
      case "PUT":
        values.set(key, await request.arrayBuffer());
        return new Response();
      case "DELETE":
        values.delete(key);
        return new Response();
      default:
        return new Response(`not imitated: ${request.method}`, { status: 501 });
    }
  },
};

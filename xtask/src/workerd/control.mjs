// Fires the Worker's cron where workerd runs alone.
export default {
  async fetch(_request, env) {
    const { outcome } = await env.SPOKE.scheduled({ cron: "*/5 * * * *", scheduledTime: new Date() });
    return new Response(outcome, { status: outcome === "ok" ? 200 : 500 });
  },
};

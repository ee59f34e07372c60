// Loads `pkg/entry.mjs` with stand-ins for the runtime and the built module, and lets time pass.
import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { mock } from "node:test";

const standIns = {
  "cloudflare:workers": `
    export class DurableObject { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }
    export class WorkerEntrypoint extends DurableObject {}`,
  "./build/index.js": `
    class Built {
      constructor(ctx, env) { this.ctx = ctx; this.env = env; }
      fetch(request) { return request.hangs ? new Promise(() => {}) : request.fails ? Promise.reject(new Error("thrown")) : Promise.resolve("answer"); }
      alarm() { return this.env.hangs ? new Promise(() => {}) : Promise.resolve(); }
    }
    export { Built as Directory, Built as Portal, Built as Limiter };
    export default { fetch() {} };`,
};
registerHooks({
  resolve: (name, context, next) => (name in standIns ? { url: `stand-in:${name}`, shortCircuit: true } : next(name, context)),
  load: (url, context, next) =>
    url.startsWith("stand-in:") ? { format: "module", source: standIns[url.slice(9)], shortCircuit: true } : next(url, context),
});
const entry = await import("../../../pkg/entry.mjs");

mock.timers.enable({ apis: ["setTimeout"] });
for (const name of ["Directory", "Portal", "Limiter"]) {
  const object = new entry[name]("ctx", { hangs: true });
  assert.equal(await object.fetch({}), "answer");
  await assert.rejects(object.fetch({ fails: true }), /thrown/);
  let ended;
  const hung = object.fetch({ hangs: true }).catch((error) => (ended = error));
  mock.timers.tick(59_000);
  await Promise.resolve();
  assert.equal(ended, undefined);
  mock.timers.tick(2_000);
  await hung;
  assert.match(ended.message, new RegExp(`${name}.fetch did not answer`));
}
const portal = new entry.Portal("ctx", { hangs: true });
const hung = portal.alarm();
mock.timers.tick(14 * 60_000 + 1);
await assert.rejects(hung, /Portal.alarm did not answer/);
await new entry.Portal("ctx", {}).alarm();

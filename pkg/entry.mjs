// The Worker's entry: the object classes of the built module, each behind a watchdog.
//
// A JavaScript exception inside an import that Rust does not catch leaves its promise pending for ever, and with it every
// caller of the object. So each call races a timer, and loses loudly. The timers lie beyond any real work: a request that a
// person or HubSpot waits for is over long before a minute, and Cloudflare ends an alarm after fifteen.
import { DurableObject } from "cloudflare:workers";
import worker, * as built from "./build/index.js";

const FETCH_MS = 60_000;
const ALARM_MS = 14 * 60_000;

function watched(work, milliseconds, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not answer in ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function guarded(name) {
  const Inner = built[name];
  return class extends DurableObject {
    constructor(ctx, env) {
      super(ctx, env);
      this.inner = new Inner(ctx, env);
    }
    fetch(request) {
      return watched(this.inner.fetch(request), FETCH_MS, `${name}.fetch`);
    }
    alarm() {
      return watched(this.inner.alarm(), ALARM_MS, `${name}.alarm`);
    }
  };
}

export const Directory = guarded("Directory");
export const Portal = guarded("Portal");
export const Limiter = guarded("Limiter");
export default worker;

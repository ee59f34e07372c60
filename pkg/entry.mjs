// The Worker's entry: the object classes of the built module, each behind a watchdog, and the API for other Workers.
//
// A JavaScript exception inside an import that Rust does not catch leaves its promise pending for ever, and with it every
// caller of the object. So each call races a timer, and loses loudly. The timers lie beyond any real work: a request that a
// person or HubSpot waits for is over long before a minute, and Cloudflare ends an alarm after fifteen.
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
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
// Where the built module looks for who asks: no request and no setting can put anything there.
const CALLER = Symbol.for("spoke.caller");

// The API for Workers of the same Cloudflare account, by a service binding with `entrypoint = "Api"`. Who asks is what the binding's
// `props` say: `{ "root": true }`, or `{ "workspace": "ws_…", "permissions": ["read"] }`. Everything else is as by HTTP.
export class Api extends WorkerEntrypoint {
  /**
   * @param {{ method?: string, path: string, query?: Record<string, string | number>, body?: unknown, idempotencyKey?: string }} asked
   * @returns {Promise<{ status: number, headers: Record<string, string>, body: unknown }>} a problem where it is refused; of a snapshot
   *   the body is a stream of its lines, of what answers nothing null
   */
  async call({ method = "GET", path, query = {}, body, idempotencyKey }) {
    if (typeof path !== "string" || !path.startsWith("/v1/")) throw new TypeError("`path` begins with /v1/");
    const search = new URLSearchParams(Object.entries(query)).toString();
    const headers = new Headers();
    if (body !== undefined) headers.set("content-type", "application/json");
    if (idempotencyKey !== undefined) headers.set("idempotency-key", idempotencyKey);
    const address = `https://spoke${path}${search && `?${search}`}`;
    const request = new Request(address, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const env = Object.create(this.env, { [CALLER]: { value: JSON.stringify(this.ctx.props ?? {}) } });
    const response = await new worker(this.ctx, env).fetch(request);
    const type = response.headers.get("content-type") ?? "";
    const told = type === "application/x-ndjson" ? response.body : type.includes("json") ? await response.json() : null;
    return { status: response.status, headers: Object.fromEntries(response.headers), body: told };
  }
}

export default worker;

//! The shell: Durable Objects, fetch, cron, queue, KV, alarms. The only place with `async` and `worker::`.
//!
//! It decides nothing. It reads the clock, draws random bytes, carries requests and answers, and calls the rings below,
//! which are synchronous and run natively. Nothing uses this ring.

pub mod clock;
pub mod config;
pub mod fetch;
pub mod limiter_object;
pub mod log;
pub mod object;
pub mod portal_object;
pub mod random;
pub mod sql;

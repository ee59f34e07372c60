//! The shell: Durable Objects, fetch, cron, queue, KV, alarms. The only place with `async` and `worker::`.
//!
//! It decides nothing. It reads the clock, draws random bytes, carries requests and answers, and calls the rings below,
//! which are synchronous and run natively. Nothing uses this ring.

mod access_pages;
mod action_api;
mod activation_api;
mod activation_pages;
pub mod alerts;
mod automation_pages;
mod caller;
mod channel_pages;
mod clock;
pub mod config;
mod connection_api;
mod connection_pages;
pub mod cron;
pub mod deliver;
mod delivery_pages;
pub mod directory_object;
pub mod disconnect;
pub mod fault;
pub mod fetch;
mod field_pages;
pub mod front;
pub mod incoming;
pub mod limiter_object;
pub mod log;
mod mapping_pages;
mod matching_pages;
pub mod nudge;
pub mod oauth_flow;
pub mod object;
pub mod operator;
mod outbox_pages;
pub mod pages;
pub mod portal_object;
pub mod portals;
mod privacy_pages;
pub mod queue;
pub mod random;
pub mod reply;
pub mod routes;
mod score_api;
mod score_pages;
mod seat_api;
mod seat_flow;
mod signal_api;
pub mod snapshot;
mod sql;
mod strangers;
mod token_flow;
pub mod type_pages;
mod v1;
pub mod webhooks;
mod workflow_api;
mod workflow_pages;

use worker::{Context, Env, MessageBatch, Request, Response, Result, ScheduleContext, ScheduledEvent, event};

/// A request from outside.
#[event(fetch)]
async fn fetch_event(request: Request, env: Env, context: Context) -> Result<Response> {
    front::handle(request, &env, &context).await
}

/// The cron trigger.
#[event(scheduled)]
async fn scheduled_event(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    cron::tick(&env).await;
}

/// A batch of pokes.
#[event(queue)]
async fn queue_event(batch: MessageBatch<cron::Pokes>, env: Env, _context: Context) -> Result<()> {
    queue::consume(&env, &batch).await;
    Ok(())
}

//! Spoke: a complete HubSpot integration in one Cloudflare Worker.
//!
//! A software company (the **host**) deploys Spoke; each of its customers (a **workspace**) connects HubSpot accounts
//! (**portals**). A **connection** mirrors a portal's contacts, companies and deals (and, where a person turns
//! them on, tasks, calls, notes and custom objects), keeps them in step by webhooks and polling inside HubSpot's limits,
//! and hands every change to the host.
//!
//! # Rings
//!
//! | ring | what it knows |
//! |---|---|
//! | [`values`] | ids, time, scopes, seals, HTTP as values, problems, configuration. No state |
//! | [`hubspot`] | what HubSpot says: requests as values, answers parsed, refusals classified, webhooks verified. Pure |
//! | [`store`] | what is remembered: synchronous SQL behind a small port |
//! | [`engine`] | what to do next: one event in, all writes inside, one list of effects out. Synchronous, no I/O |
//! | [`api`] | the host's API: routes, request and response types |
//! | [`console`] | pages for people: data in, HTML out |
//! | `platform` | Durable Objects, fetch, cron, queue, KV, alarms; the only place with `async` and `worker::` |
//!
//! An arrow goes only from a later row to an earlier one; `platform` may use everything, nothing uses `platform`
//! (`tests/it/boundary.rs` holds this). The simulator is a crate of its own and uses none of them.
//!
//! # Objects
//!
//! | object | how many | owns |
//! |---|---|---|
//! | `Directory` | one | workspaces, people's sessions, API keys, requests with an `Idempotency-Key`, OAuth states, connections, routes from (app, portal) to connections, what the operator must know, who did what |
//! | `Portal` | one a connection, by a stored unique id | sealed tokens, seats, mirror, change feed, dirty marks, outbox, field mappings, signals with lists and automations, workflows, scores, who is kept out, who did what, the state of every long job |
//! | `Limiter` | one a HubSpot portal, by name | every rate-limit window of that portal, its day, and the newest tokens of each grant, sealed, for all who hold it |
//!
//! KV holds copies of routes, at most 60 s old; a queue carries the cron tick to any number of connections.
//!
//! # A change's way
//!
//! 1. *A webhook* comes to the front, is verified and parsed, and marks ids dirty in the connection's `Portal`; that write is
//!    what the answer 200 promises. *A poll* (cron, every five minutes) searches for what was modified since the cursor, and
//!    marks what the mirror does not hold at that date.
//! 2. The alarm reads dirty ids a hundred a call, each call with a permit of the `Limiter`.
//! 3. The answer is applied in the order of [`engine::portal::apply`]: record, change feed, then the mark is cleared and the cursor
//!    saved, in one transaction.
//! 4. Channels decide in the same turn what the change means to them; endpoints are cursors over the feed, from which deliveries
//!    leave once it is committed.
//!
//! A full read ([`engine::portal`]'s backfill) goes through the list endpoint in lanes over ranges of ids.
//! [`engine::portal::reconcile`] asks three times over whether the result is HubSpot: counts hourly, a sample daily, a sweep weekly;
//! [`engine::portal::deletions`] which of the contacts that were found deleted were so for privacy.
//!
//! Beside the records a connection keeps what has no stream of its own: owners, pipelines and lists with the members of those
//! that are followed ([`engine::portal::beside`]), and associations ([`engine::portal::links`]). [`engine::portal::selection`] says which
//! fields are mirrored, [`engine::portal::storage`] what is given up when storage runs out, [`engine::portal::unreadable`] what becomes
//! of records that HubSpot fails to answer of, [`engine::portal::blocks`] who was erased on request and stays out, and
//! [`engine::portal::retention`] how long what is kept, [`engine::portal::matching`] which company a host's account is and which contact a person. What may no longer be kept goes in every state of a connection, as soon as it
//! is told of or too old: people erased for privacy, details of old calls, changes beyond the feed's horizon.
//!
//! # A write's way
//!
//! An action that somebody asks for is rows of the connection's outbox first ([`engine::portal::outbox`]), filled by the action's field mapping
//! ([`engine::portal::mappings`]); the alarm sends them a hundred a call, before all reads where a person waits. What HubSpot refuses is
//! told by its class; of a create whose answer is lost HubSpot is asked, and nothing is written twice. What was written comes back into the
//! mirror as every change does, and is told in the feed as Spoke's own. [`engine::portal::matching`] finds the company or contact that an
//! account or address of the host's is, from the mirror alone.
//!
//! # A signal's way
//!
//! What an account or a visitor of the host's did comes as a signal, each once ([`engine::portal::signals`]). The alarm finds the company and
//! the contact that it is of, asks each qualifying list, and begins a run of each automation of a list that qualifies: actions of the outbox,
//! one after the other, called by run and step, so that none is asked for twice. A run keeps why each of its steps was done or not. A list
//! whose field is gone, or whose records may not be read, is asked nothing: signals wait for it.
//!
//! # A workflow's way
//!
//! An event of the host's, a change of the mirror or a schedule begins a *run* of each workflow whose conditions hold
//! ([`engine::portal::workflows`]). The alarm takes its steps one after the other: actions of the outbox as an automation's, conditions,
//! waits that are rows with a moment, and so survive every restart. What a run waits for is looked at as its records change. A run goes by
//! the version it began with, and keeps what each step saw and came to. Where a call is to go is answered at once, from the mirror alone.
//!
//! # A score's way
//!
//! What a host says of its accounts is kept, the newest of each ([`engine::portal::scores`]). Once a night, or when somebody asks, a run goes
//! over all of them a piece a turn: which company each is, and whether the mirror holds of it what is to be written. What differs becomes
//! rows of files; the alarm sends one file after the other, as an import or, where that takes fewer calls, by batch updates. What HubSpot
//! refuses is noted row by row, and the companies are read once more.
//!
//! # A call's way
//!
//! A seat's open call tasks are read from HubSpot at the moment of asking, with the seat's own token ([`engine::portal::seats::reading`]); the
//! mirrored owners tell which owner the seat's user is, and where they do not, that is the answer. A call that the user made is rows of the
//! outbox, which leave with that token and no other: first the call, linked to whom the task is about where nobody said whom it was with,
//! then what completes its task. While that is on its way the task is left
//! out; where nobody knows whether the call arrived it is told.
//!
//! # What is absent
//!
//! - No request waits for HubSpot but the OAuth callback, the check of a token that is given, and what is asked in the name of a seat,
//!   of which nothing is kept ([`engine::portal::seats`]): calls leave from alarms.
//! - No value of an event or a search result is stored: what is stored was read by id or by list.
//! - No job has state in memory that a restart would miss: what is in flight is repeated.
//! - No call leaves without a permit, and no ring below `platform` can read a clock.

pub mod api;
pub mod console;
pub mod engine;
pub mod hubspot;
#[cfg(target_arch = "wasm32")]
pub mod platform;
pub mod store;
pub mod values;

//! What to do next: one event in, all writes inside, one list of effects out. Synchronous, no I/O.
//!
//! Owns the decisions and nothing else: tables are the store's, sockets and clocks the platform's.

pub mod action_step;
pub mod actor;
pub mod alert;
pub mod audience;
pub mod audit;
pub mod channel;
pub mod delivery;
pub mod directory;
mod host_fields;
pub mod limiter;
pub mod portal;
mod reader;
pub mod signal;
pub mod workflow;

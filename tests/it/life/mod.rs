//! Simulated lives of a connection: the real engine, store and limiter against the simulator, under a simulated clock.
//!
//! A seed decides everything: the account, the edits, the faults, the crashes, and the order in which requests leave and
//! answers arrive. A life ends quietly and must then hold its promises ([`World::verdict`]).

pub mod sql;
pub mod world;

pub use world::{Plan, World};

//! Simulated lives of connections: the real engine, store and limiter against the simulator, under a simulated clock.
//!
//! A seed decides everything: the account, the edits, the faults, the crashes, and the order in which requests leave and
//! answers arrive. A life ends quietly and must then hold its promises ([`World::verdict`]).

mod account;
mod beside;
mod channels;
mod deeds;
mod ends;
mod flow_ends;
pub mod flows;
mod further;
pub mod links;
mod plan;
mod promises;
mod receivers;
pub mod said;
pub mod scores;
pub mod seats;
mod selection;
mod signals;
mod snapshot;
pub mod sql;
pub mod world;
pub mod writes;

pub use account::{APP, PORTAL};
pub use plan::{CARS, CLIENT_SECRET, IDLE_MS, Loss, OWN_SECRET, Plan};
pub use promises::differences;
pub use snapshot::Snapshot;
pub use world::{Call, World};

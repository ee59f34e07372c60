//! Everything that is tested from outside the crate, natively: one binary, linked once, no network, no Node.
#![allow(clippy::unwrap_used, reason = "a test stops by panicking")]

mod boundary;
mod deliveries;
mod hard_cases;
mod life;
mod planted;
mod readme;
mod simulation;
mod specification;

//! Everything that is tested from outside the crate, natively: one binary, linked once, no network, no Node.

mod boundary;
mod life;
mod simulation;
mod specification;

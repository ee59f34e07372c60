//! One binary for all integration tests: linked once.
#![allow(clippy::unwrap_used, reason = "a test stops by panicking")]

mod specification;

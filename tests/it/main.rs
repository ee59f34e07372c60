//! One binary for all integration tests: linked once.

mod specification;

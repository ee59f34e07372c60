//! The simulator over HTTP.
fn main() {}

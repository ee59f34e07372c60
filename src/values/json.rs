//! Reading JSON of our own: states, messages, rows of lists. Foreign JSON is read where its sender is known.

use serde::Deserialize;

/// Reads a text as bytes are read: what a message and a row both hold is then compiled once, not once per kind of input
/// (120 KB of wasm). The strings inside are checked to be UTF-8 again, which is nothing at the size of our states.
pub fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    serde_json::from_slice(text.as_bytes())
}

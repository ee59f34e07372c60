//! How a channel looks in the API.

use serde_json::{Value, json};

use super::{Mode, Running};
use crate::values::time::Timestamp;

/// A channel with how many members it has, and how many records there are to scan.
pub(super) fn show(running: &Running, members: u64, of: u64) -> Value {
    let saved = &running.saved;
    let state = match (saved.mode, saved.scan) {
        (Mode::Active, None) => "active",
        (Mode::Active, Some(_)) => "scanning",
        (Mode::Paused, _) => "paused",
        (Mode::Removed, _) => "removed",
    };
    let scan = saved.scan.filter(|_| saved.mode == Mode::Active);
    let mut body = saved.definition.clone();
    let moment = |at: Timestamp| Value::from(at.to_rfc3339());
    for (name, value) in [
        ("id", json!(saved.id)),
        ("state", json!(state)),
        ("scan", scan.map_or(Value::Null, |scan| json!({ "read": scan.read, "of": of.max(scan.read) }))),
        ("members", json!(members)),
        ("begins_after", json!(saved.begins_after.to_string())),
        ("created_at", moment(saved.created_at)),
        ("updated_at", moment(saved.updated_at)),
    ] {
        body[name] = value;
    }
    body
}

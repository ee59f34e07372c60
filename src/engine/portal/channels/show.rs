//! How a channel looks in the API.

use serde_json::{Value, json};

use super::{Mode, Running};
use crate::values::time::Timestamp;

/// What of a channel lies elsewhere.
pub(super) struct Around {
    /// How many members it has.
    pub members: u64,
    /// How many records there are to scan.
    pub of: u64,
    /// What it selects, in words.
    pub selects: String,
    /// Its list is being read for the first time, and nothing is scanned until that is done.
    pub waits_for_list: bool,
    /// What goes wrong with what it selects by.
    pub trouble: Option<String>,
}

/// A channel with what is known around it.
pub(super) fn show(running: &Running, around: &Around) -> Value {
    let saved = &running.saved;
    let state = match (saved.mode, saved.scan) {
        (Mode::Active, _) if saved.held.is_some() => "held",
        (Mode::Active, None) => "active",
        (Mode::Active, Some(_)) if around.waits_for_list => "reading_list",
        (Mode::Active, Some(_)) => "scanning",
        (Mode::Paused, _) => "paused",
        (Mode::Removed, _) => "removed",
    };
    let scan = saved.scan.filter(|_| running.decides());
    let mut body = saved.definition.clone();
    let moment = |at: Timestamp| Value::from(at.to_rfc3339());
    for (name, value) in [
        ("id", json!(saved.id)),
        ("state", json!(state)),
        (
            "scan",
            scan.map_or(Value::Null, |scan| json!({ "read": scan.read, "of": around.of.max(scan.read) })),
        ),
        ("members", json!(around.members)),
        ("selects", json!(around.selects)),
        ("trouble", json!(saved.held.as_ref().map(|held| &held.words).or(around.trouble.as_ref()))),
        ("told_at", running.told_at.map_or(Value::Null, moment)),
        ("begins_after", json!(saved.begins_after.to_string())),
        ("created_at", moment(saved.created_at)),
        ("updated_at", moment(saved.updated_at)),
    ] {
        body[name] = value;
    }
    body
}

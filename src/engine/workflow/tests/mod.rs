//! Tests of workflows. [`any`] makes definitions.

mod any;
mod examples;
mod properties;
mod templates;

use serde_json::{Value, json};

use super::*;
use crate::values::{
    filter::{Context, Fault},
    time::Timestamp,
};

/// 2026-11-20T00:00:00Z, a Friday.
const NOW: Timestamp = Timestamp(1_795_132_800_000);

fn context(now: Timestamp) -> Context {
    Context { now, utc_offset_ms: 0 }
}

/// A workflow with these steps, begun by an event.
fn with_steps(steps: Value) -> Value {
    json!({
        "name": "W",
        "trigger": { "on": "event", "event": "conversation_resolved", "record": "contacts" },
        "enrolment": { "again": "every_time" },
        "steps": steps,
    })
}

fn read(value: &Value) -> Definition {
    Definition::from_value(value).unwrap_or_else(|faults| panic!("{faults:?} in {value}"))
}

fn places(faults: &[Fault]) -> Vec<&str> {
    faults.iter().map(|fault| fault.path.as_str()).collect()
}

fn place(text: &str) -> Place {
    text.parse().unwrap()
}

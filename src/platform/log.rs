//! Log lines: one JSON object each, readable alone and with fields to search by. No secrets, no personal data.

use serde_json::{Map, Value, json};

/// Prints one line. `fields` are ids, counts and durations.
pub fn line(message: &str, fields: &[(&str, Value)]) {
    let mut object: Map<String, Value> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    object.insert("message".to_owned(), json!(message));
    worker::console_log!("{}", Value::Object(object));
}

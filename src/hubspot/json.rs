//! Reading small foreign JSON tolerantly: a field of the wrong type is absent, never an error.
//!
//! For answers of a few kilobytes (errors, tokens, account, webhooks). Pages of records are read by
//! [`crate::hubspot::record`], which builds no tree.

use std::str::FromStr;

use serde_json::Value;

/// The text of a field.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str()
}

/// An id sent as a number or as a decimal string.
pub(super) fn id<T: FromStr>(value: &Value) -> Option<T> {
    match value {
        Value::Number(number) => number.as_u64()?.to_string().parse().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A whole number sent as a number or as a decimal string.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A boolean field; absent is false.
pub(super) fn flag(value: &Value, field: &str) -> bool {
    value.get(field).and_then(Value::as_bool).unwrap_or(false)
}

/// The texts of a list; other members are left out.
pub(super) fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// A code of HubSpot's (category, error code, correlation id) fit for logs and pages: up to 80 letters, digits, `_`,
/// `-`, `.`. Anything else could hold a person's data and is dropped.
pub(super) fn code(text: &str) -> Option<String> {
    let good = (1..=80).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    good.then(|| text.to_owned())
}

/// A name or id of HubSpot's that is a text, or a number that is written as one.
pub(super) fn name(value: &Value) -> Option<String> {
    plain(value).filter(|text| !text.is_empty())
}

/// A text, number or truth as a text.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The cursor of the next page: `paging.next.after`.
pub(super) fn after(value: &Value) -> Option<String> {
    plain(value.get("paging")?.get("next")?.get("after")?).filter(|after| !after.is_empty())
}

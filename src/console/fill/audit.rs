//! From audit entries to what the pages of them show.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    console::audit::{EntryLine, LogView},
    console::words::capitalised,
    values::{json, time::Timestamp},
};

/// Entries of one page of the log: what a screen or two hold.
pub const ENTRIES: u32 = 50;

#[derive(Deserialize)]
struct Told {
    results: Vec<Entry>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    at: String,
    action: String,
    subject: String,
    details: Value,
    by: String,
    #[serde(default)]
    workspace_id: Option<String>,
}

/// A page of entries of actions that begin with `action`; `None`: what was told is not what it should be.
pub fn log(told: &str, action: &str, continued: bool) -> Option<LogView> {
    let told: Told = json::parse(told).ok()?;
    let line = |entry: Entry| {
        Some(EntryLine {
            at: Timestamp::parse_rfc3339(&entry.at)?.0,
            words: words(&entry.action),
            by: capitalised(&entry.by),
            subject: entry.subject,
            details: details(&entry.details).join(" · "),
            workspace: entry.workspace_id,
        })
    };
    Some(LogView {
        action: action.to_owned(),
        entries: told.results.into_iter().map(line).collect::<Option<_>>()?,
        continued,
        before: told.next_cursor,
    })
}

/// An action in words. One that has none of its own is read as it is written.
fn words(action: &str) -> String {
    let known = match action {
        "person.erased" => "Prospect deleted and kept out",
        "person.erased_at_hubspot" => "Contact deleted for privacy in HubSpot",
        "person.exported" => "Held about one person: exported",
        "person.let_in" => "Prospect let in again",
        "connection.authorised" => "HubSpot account authorised",
        "connection.disconnected" => "HubSpot account disconnected",
        "connection.renamed" => "Connection renamed",
        "retention.set" => "Retention set",
        "data.deleted" => "Everything that was read deleted",
        "sync.resync" => "Full read begun",
        "tier.set" => "Tier said",
        "fields.selected" => "Fields chosen",
        "type.on" => "Type turned on",
        "type.off" => "Type turned off",
        "key.created" => "API key made",
        "key.revoked" => "API key revoked",
        "session.link_made" => "Link for a person made",
        "session.ended" => "Sessions of people ended",
        "session.opened" => "Person came in by a link",
        "operator.signed_in" => "Signed in to the console",
        "operator.sign_in_refused" => "Sign-in to the console refused",
        "workspace.created" => "Workspace made",
        "workspace.entered" => "Workspace opened from the console",
        other => return capitalised(&plain(other)),
    };
    known.to_owned()
}

fn plain(name: &str) -> String {
    name.replace(['.', '_'], " ")
}

/// `name: value` of all that is said; what lies within is told in the same row.
fn details(value: &Value) -> Vec<String> {
    let Value::Object(entries) = value else { return Vec::new() };
    let mut all = Vec::new();
    for (name, value) in entries {
        let name = plain(name);
        match value {
            Value::Null => {}
            Value::Object(_) => all.extend(details(value)),
            Value::String(text) => all.push(format!("{name}: {}", text.replace('_', " "))),
            Value::Bool(is) => all.push(format!("{name}: {}", if *is { "yes" } else { "no" })),
            Value::Number(_) | Value::Array(_) => all.push(format!("{name}: {value}")),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_told_in_words_also_those_that_have_none_of_their_own() {
        let told = r#"{"results":[
            {"id":"8","at":"2026-11-22T11:26:00Z","action":"person.erased","subject":"blk_1","by":"Ada (administrator)",
             "details":{"named_by":"record","erased":{"records":1,"lists":2},"more":null}},
            {"id":"7","at":"2026-11-22T11:25:00Z","action":"endpoint.secret_rotated","subject":"ep_1","by":"the root key","details":{"kept":true}}
        ],"next_cursor":"7"}"#;
        let log = log(told, "", false).unwrap();
        let shown: Vec<_> = log.entries.iter().map(|one| (&*one.words, &*one.by, &*one.details)).collect();
        assert_eq!(
            shown,
            [
                (
                    "Prospect deleted and kept out",
                    "Ada (administrator)",
                    "lists: 2 · records: 1 · named by: record"
                ),
                ("Endpoint secret rotated", "The root key", "kept: yes"),
            ]
        );
        assert_eq!((log.before.as_deref(), super::log("{}", "", false)), (Some("7"), None));
    }
}

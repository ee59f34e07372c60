//! From what a Portal tells of its outbox to what the pages show.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    console::{
        connection::ConnectionFrame,
        outbox::{ActionView, OutboxView, Standing, SwitchesView, WriteView},
        words::capitalised,
    },
    engine::portal::outbox::{Settings, actions::Name, timeline::Choice, waits::Waits},
    values::{json, time::Timestamp},
};

#[derive(Deserialize)]
struct Told {
    id: String,
    action: Name,
    state: String,
    asked_at: String,
    by: String,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    job: Option<String>,
    writes: Vec<Write>,
    #[serde(default)]
    not_filled: Vec<NotFilled>,
}

#[derive(Deserialize)]
struct NotFilled {
    field: String,
    why: String,
    #[serde(default)]
    detail: Option<String>,
}

#[derive(Deserialize)]
struct Write {
    op: String,
    state: String,
    #[serde(default)]
    attempts: u64,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    record: Option<String>,
    #[serde(default)]
    result: Option<String>,
    #[serde(default)]
    list: Option<String>,
    #[serde(default)]
    list_name: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, Change>,
    #[serde(default)]
    links: Vec<Link>,
    #[serde(default)]
    left_at: Option<String>,
    #[serde(default)]
    next_at: Option<String>,
    #[serde(default)]
    waits_for: Option<String>,
    #[serde(default)]
    problem: Option<Problem>,
    /// What an entry on a timeline is.
    #[serde(default)]
    way: Option<String>,
    #[serde(default)]
    found: bool,
    #[serde(default)]
    unsure: bool,
    #[serde(default)]
    left_out: Vec<String>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    from: Option<Value>,
    #[serde(default)]
    from_known: Option<bool>,
    to: Value,
    #[serde(default)]
    from_label: Option<String>,
    #[serde(default)]
    to_label: Option<String>,
}

#[derive(Deserialize)]
struct Link {
    #[serde(rename = "type")]
    kind: String,
    record: String,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
    #[serde(default)]
    correlation_id: Option<String>,
}

/// By its name in answers and addresses.
pub fn standing(text: &str) -> Option<Standing> {
    Standing::ALL.into_iter().find(|standing| standing.as_str() == text)
}

/// A page of actions; `None`: it is not what a Portal answers.
pub fn page(
    at: ConnectionFrame,
    told: &str,
    (only, job): (Option<Standing>, Option<String>),
    before: Option<i64>,
    continued: bool,
) -> Option<OutboxView> {
    #[derive(Deserialize)]
    struct Page {
        results: Vec<Told>,
        #[serde(default)]
        counts: BTreeMap<String, u64>,
    }
    let Page { results, counts } = json::parse(told).ok()?;
    let actions = results.into_iter().map(view).collect::<Option<Vec<_>>>()?;
    let counts = counts.into_iter().filter_map(|(name, many)| Some((standing(&name)?, many))).collect();
    Some(OutboxView { at, only, job, counts, actions, before, continued })
}

/// One action; `None`: it is not what a Portal answers.
pub fn action(told: &str) -> Option<ActionView> {
    view(json::parse(told).ok()?)
}

fn view(told: Told) -> Option<ActionView> {
    let not_filled = told.not_filled.into_iter().map(|one| {
        let why = match one.why.as_str() {
            "absent" => "nothing was sent for it".to_owned(),
            "not_empty" => "it has a value already".to_owned(),
            "unknown" => "its value in HubSpot is not known here".to_owned(),
            _ => one.detail.unwrap_or(one.why),
        };
        (one.field, why)
    });
    Some(ActionView {
        id: told.id,
        title: told.action.words().to_owned(),
        standing: standing(&told.state)?,
        asked_at: moment(&told.asked_at)?,
        by: told.by,
        why: told.why,
        key: told.key,
        job: told.job,
        not_filled: not_filled.collect(),
        writes: told.writes.into_iter().map(write).collect::<Option<_>>()?,
    })
}

fn moment(text: &str) -> Option<i64> {
    Timestamp::parse_rfc3339(text).map(|at| at.0)
}

/// What a write waits for, in words.
fn waits(name: &str) -> Option<String> {
    Waits::ALL.into_iter().find(|waits| waits.as_str() == name).map(|waits| waits.words().to_owned())
}

fn write(told: Write) -> Option<WriteView> {
    let kind = told.kind.unwrap_or_default();
    let one = ConnectionFrame::one(&kind);
    let list = match (told.list, told.list_name) {
        (Some(id), Some(name)) => format!("“{name}” ({id})"),
        (id, _) => id.unwrap_or_default(),
    };
    let words = match (told.op.as_str(), told.way.as_deref()) {
        (_, Some("app_event")) => "Entry on a timeline, an event of the app".to_owned(),
        (_, Some("custom_event")) => "Entry on a timeline, a custom event".to_owned(),
        (_, Some(_)) => "Entry on a timeline, a note".to_owned(),
        ("create", None) => format!("New {one}"),
        ("join", None) => format!("Onto list {list}: record"),
        ("leave", None) => format!("Off list {list}: record"),
        (_, None) => capitalised(one),
    };
    let record = told.result.or(told.record).map(|id| (kind, id));
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let change = |(name, change): (String, Change)| {
        // What people call it, and what HubSpot does.
        let both = |value: String, label: Option<String>| match label {
            Some(label) => format!("{label} ({value})"),
            None => value,
        };
        let from = change.from.as_ref().map(text).filter(|text| !text.is_empty());
        let from = match from.map(|value| both(value, change.from_label)) {
            None if change.from_known == Some(false) => Some("not known here".to_owned()),
            from => from,
        };
        (change.label.unwrap_or(name), from, both(text(&change.to), change.to_label))
    };
    Some(WriteView {
        words,
        record,
        standing: standing(&told.state)?,
        attempts: told.attempts,
        left_at: told.left_at.as_deref().and_then(moment),
        next_at: told.next_at.as_deref().and_then(moment),
        waits_for: told.waits_for.as_deref().and_then(waits),
        changes: told.fields.into_iter().map(change).collect(),
        links: told.links.into_iter().map(|link| (link.kind, link.record)).collect(),
        problem: told.problem.map(|problem| (problem.detail, problem.correlation_id)),
        found: told.found,
        unsure: told.unsure,
        left_out: told.left_out,
    })
}

/// Which actions are on.
pub fn switches(at: ConnectionFrame, settings: &Settings) -> SwitchesView {
    let line = |name: Name| {
        let on = !settings.off.contains(&name);
        (name.as_str().to_owned(), name.words().to_owned(), on)
    };
    let way = |choice: Choice| {
        let words = match choice {
            Choice::Best => "Whatever is open: an event of the app, else a custom event, else a note",
            Choice::AppEvent => "An event of the app, or none",
            Choice::CustomEvent => "A custom event, or none",
            Choice::Note => "A note",
        };
        (choice.as_str().to_owned(), words.to_owned(), choice == settings.timeline)
    };
    SwitchesView {
        at,
        actions: Name::ALL.into_iter().map(line).collect(),
        ways: Choice::ALL.into_iter().map(way).collect(),
    }
}

/// What a person sent of the switches.
pub fn settings(fields: &[(String, String)], now: &Settings) -> Settings {
    let on: Vec<&str> =
        fields.iter().filter(|(key, _)| key == "on").map(|(_, value)| value.as_str()).collect();
    let off = Name::ALL.into_iter().filter(|name| !on.contains(&name.as_str())).collect();
    let asked = fields.iter().find(|(key, _)| key == "timeline").map_or("", |(_, value)| value);
    let timeline = Choice::ALL.into_iter().find(|choice| choice.as_str() == asked).unwrap_or(now.timeline);
    Settings { off, timeline }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_an_action_is_shown() {
        let told = r#"{"id":"act_1","action":"create_task","state":"failed","asked_at":"2026-11-20T09:30:00.000Z","by":"jane",
            "dry_run":false,"not_filled":[{"field":"plan","why":"not_empty"},{"field":"size","why":"unknown"}],
            "writes":[{"step":0,"state":"failed","attempts":2,"op":"create","type":"tasks","fields":{"hs_task_subject":{"label":"Title","from":null,"to":"Call"},"x":{"label":null,"to":"y","to_label":"Why"}},
                "links":[{"type":"contacts","record":"7"}],"left_at":"2026-11-20T09:31:00.000Z",
                "problem":{"type":"/problems/refused","detail":"HubSpot refused.","correlation_id":"ab"}}]}"#;
        let shown = action(told).unwrap();
        assert_eq!((shown.title.as_str(), shown.standing), ("Create task", Standing::Failed));
        let write = &shown.writes[0];
        assert_eq!((write.words.as_str(), write.record.as_ref()), ("New task", None));
        let changes: Vec<(&str, &str)> =
            write.changes.iter().map(|(field, _, to)| (field.as_str(), to.as_str())).collect();
        assert_eq!(changes, [("Title", "Call"), ("x", "Why (y)")]);
        assert_eq!(write.problem, Some(("HubSpot refused.".to_owned(), Some("ab".to_owned()))));
        assert_eq!(shown.not_filled[0].1, "it has a value already");
        assert_eq!(shown.not_filled[1].1, "its value in HubSpot is not known here");
        assert!(action("{}").is_none());
    }

    #[test]
    fn what_is_not_known_and_what_is_waited_for_is_said() {
        let told = r#"{"id":"act_1","action":"update_record","state":"waiting","asked_at":"2026-11-20T09:30:00.000Z","by":"jane",
            "dry_run":false,"writes":[{"step":0,"state":"waiting","op":"update","type":"contacts","record":"7",
                "fields":{"a":{"label":"A","from":null,"to":"1"},"b":{"label":"B","from":null,"from_known":false,"to":"2"}},
                "waits_for":"association_window","unsure":true}]}"#;
        let write = action(told).unwrap().writes.remove(0);
        let from: Vec<Option<&str>> = write.changes.iter().map(|(_, from, _)| from.as_deref()).collect();
        assert_eq!(from, [None, Some("not known here")]);
        assert_eq!(write.waits_for.as_deref(), Some("Waits for room among the account's calls about links."));
        assert!(write.unsure && !write.found);
        assert_eq!(waits("nothing_known"), None);
    }

    #[test]
    fn what_is_not_ticked_is_switched_off() {
        let mut fields: Vec<(String, String)> = Name::ALL
            .iter()
            .filter(|name| **name != Name::AddNote)
            .map(|name| ("on".to_owned(), name.as_str().to_owned()))
            .collect();
        fields.push(("timeline".to_owned(), "note".to_owned()));
        let settings = settings(&fields, &Settings::default());
        assert_eq!(settings.timeline, Choice::Note);
        assert_eq!(settings.off.into_iter().collect::<Vec<_>>(), [Name::AddNote]);
    }
}

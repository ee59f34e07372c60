//! Actions and their writes in the API's shape. Owns nothing.

use serde_json::{Map, Value, json};

use crate::{
    engine::portal::{
        Portal, Turn,
        mappings::definitions,
        outbox::{
            Ready, Write,
            answers::Note,
            commands::{Answer, Content},
            named,
        },
    },
    hubspot::writes::Values,
    store::{
        portal::outbox::{self as store, State},
        sql::SqlError,
    },
    values::{
        ids::{ActionId, ObjectType},
        json,
        mapping::Why,
    },
};

/// What is known of a field before it is written.
enum Before {
    /// It has this value.
    Holds(String),
    /// It has none.
    Empty,
    /// The mirror does not hold it: it may have one.
    Unknown,
}

impl Portal {
    /// An action by its id.
    pub(super) fn action_told(&self, turn: &Turn<'_>, id: &ActionId) -> Result<Answer, SqlError> {
        Ok(match store::action_by_id(turn.sql, id)? {
            Some(action) => Answer::Action(self.action_shown(turn, &action)?.to_string()),
            None => Answer::Unknown,
        })
    }

    /// An action with its writes, in the API's shape.
    pub(super) fn action_shown(&self, turn: &Turn<'_>, action: &store::Action) -> Result<Value, SqlError> {
        let content: Content = json::parse(&action.content).map_err(|_| SqlError::Content("actions"))?;
        let entries = store::of_action(turn.sql, action.number)?;
        let state = together(&entries.iter().map(|entry| entry.state).collect::<Vec<_>>());
        let mut writes = Vec::new();
        for entry in entries {
            writes.push(self.shown_write(turn, &Ready::read(entry)?)?);
        }
        let mut shown = json!({
            "id": action.id,
            "action": content.action,
            "state": told(state),
            "asked_at": action.at.to_rfc3339(),
            "by": content.by.words(),
            "dry_run": content.dry_run,
            "writes": writes,
        });
        if let Some(fields) = shown.as_object_mut() {
            fields.extend(content.why.map(|why| ("why".to_owned(), why.into())));
            fields.extend(content.key.map(|key| ("key".to_owned(), key.into())));
            fields.extend(content.job.map(|job| ("job".to_owned(), job.into())));
            fields.extend(content.seat.map(|seat| ("seat".to_owned(), seat.as_str().into())));
            let left = content.left.into_iter().map(|(field, why)| match why {
                Why::Absent => json!({ "field": field, "why": "absent" }),
                Why::NotEmpty => json!({ "field": field, "why": "not_empty" }),
                Why::Unknown => json!({ "field": field, "why": "unknown" }),
                Why::Refused(refused) => {
                    json!({ "field": field, "why": refused.code, "detail": refused.detail })
                }
            });
            let left: Vec<Value> = left.collect();
            if !left.is_empty() {
                fields.insert("not_filled".to_owned(), left.into());
            }
        }
        Ok(shown)
    }

    /// One write.
    fn shown_write(&self, turn: &Turn<'_>, ready: &Ready) -> Result<Value, SqlError> {
        let Ready { entry, write } = ready;
        let mut shown = json!({
            "step": entry.step,
            "state": told(entry.state),
            "attempts": entry.attempts,
        });
        let waits = self.waits_for(turn, ready)?;
        let Some(fields) = shown.as_object_mut() else { return Ok(shown) };
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        match write {
            Write::Create { object_type, values, ties, entry, links_of, .. } => {
                put("op", "create".into());
                if let Some(task) = links_of {
                    put("links_of", json!({ "type": ObjectType::Tasks, "record": task.to_string() }));
                }
                if let Some(entry) = entry {
                    put("way", entry.way.as_str().into());
                }
                put("type", object_type.name().to_string().into());
                put("fields", changes(turn, *object_type, values, Some(&|_| Before::Empty)).into());
                let ties: Vec<Value> = ties
                    .iter()
                    .map(|(kind, who)| json!({ "type": kind, "record": who.to_string() }))
                    .collect();
                put("links", ties.into());
            }
            Write::Update { object_type, id, values, .. } => {
                put("op", "update".into());
                put("type", object_type.name().to_string().into());
                put("record", id.to_string().into());
                // What is in the mirror now, of what has not been written.
                let open = matches!(entry.state, State::Dry | State::Waiting);
                let fields = match id.id().filter(|_| open) {
                    Some(id) => {
                        let held = self.held(turn, *object_type, id)?;
                        let read = held.is_some() && !self.to_be_read(turn, *object_type, id)?;
                        let before = |name: &str| match held.as_ref().and_then(|held| held.get(name)) {
                            _ if !self.has_read(*object_type, name) => Before::Unknown,
                            Some(value) => Before::Holds(value.clone()),
                            None if read => Before::Empty,
                            None => Before::Unknown,
                        };
                        changes(turn, *object_type, values, Some(&before))
                    }
                    // What an earlier step comes to may be there already.
                    None if open => changes(turn, *object_type, values, Some(&|_| Before::Unknown)),
                    None => changes(turn, *object_type, values, None),
                };
                put("fields", fields.into());
            }
            Write::Tie { from, from_id, to, to_id } => {
                put("op", "link".into());
                put("type", from.name().to_string().into());
                put("record", from_id.to_string().into());
                put("links", json!([{ "type": to, "record": to_id.to_string() }]));
            }
            Write::Member { list, add, id } => {
                put("op", if *add { "join" } else { "leave" }.into());
                put("list", list.to_string().into());
                if let Some(name) = named::list_name(turn, *list) {
                    put("list_name", name.into());
                }
                put("record", id.to_string().into());
            }
        }
        if let Some(at) = entry.left_at {
            put("left_at", at.to_rfc3339().into());
        }
        if entry.state.is_open() && entry.due_at > turn.now {
            put("next_at", entry.due_at.to_rfc3339().into());
        }
        if let Some(waits) = waits {
            put("waits_for", waits.as_str().into());
        }
        if let Some(id) = entry.result {
            put("result", id.to_string().into());
        }
        if let Some(note) = entry.note.as_deref().and_then(|note| json::parse::<Note>(note).ok()) {
            if !note.kind.is_empty() {
                let mut problem = json!({ "type": format!("/problems/{}", note.kind), "detail": note.words });
                if let (Some(id), Some(fields)) = (note.correlation_id, problem.as_object_mut()) {
                    fields.insert("correlation_id".to_owned(), id.into());
                }
                put("problem", problem);
            }
            if note.found {
                put("found", true.into());
            }
            if note.unsure {
                put("unsure", true.into());
            }
            if !note.left_out.is_empty() {
                put("left_out", note.left_out.into());
            }
        }
        Ok(shown)
    }
}

/// A doubt is HubSpot's to settle: for people the write has left.
pub(super) fn told(state: State) -> &'static str {
    if state == State::Doubt { State::Sent.as_str() } else { state.as_str() }
}

/// How an action stands as a whole: what needs a person first, then what is under way.
fn together(states: &[State]) -> State {
    const ORDER: [State; 9] = [
        State::Unknown,
        State::Failed,
        State::Doubt,
        State::Sent,
        State::Waiting,
        State::Dry,
        State::Done,
        State::Replaced,
        State::Cancelled,
    ];
    ORDER.into_iter().find(|state| states.contains(state)).unwrap_or(State::Done)
}

/// Values that are written, each with what people call the field and the value, as far as that is known; and what it was, where `before` tells
/// of the record: `None` is no value, and what it knows nothing of is said to be unknown.
fn changes(
    turn: &Turn<'_>,
    kind: ObjectType,
    values: &Values,
    before: Option<&dyn Fn(&str) -> Before>,
) -> Map<String, Value> {
    let names: Vec<&str> = values.keys().map(String::as_str).collect();
    let known = definitions(turn.sql, kind, Some(&names)).unwrap_or_default();
    let change = |(name, value): (&String, &String)| {
        let field = known.get(name);
        let said = |value: &str| named::said(turn, kind, (name, field), value).unwrap_or_default();
        let mut change = json!({ "label": field.map(|field| &field.label), "to": value });
        if let Some(label) = said(value) {
            change["to_label"] = label.into();
        }
        match before.map(|before| before(name)) {
            None => {}
            Some(Before::Unknown) => {
                change["from"] = Value::Null;
                change["from_known"] = false.into();
            }
            Some(Before::Empty) => change["from"] = Value::Null,
            Some(Before::Holds(from)) => {
                if let Some(label) = said(&from) {
                    change["from_label"] = label.into();
                }
                change["from"] = from.into();
            }
        }
        (name.clone(), change)
    };
    values.iter().map(change).collect()
}

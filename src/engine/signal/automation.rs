//! Automations: what is done for a signal that qualifies, step by step.
//!
//! A step is any action of the outbox, as the API takes it, without what every action has. Its texts may name facts: `{{signal.name}}`,
//! `{{account.domain}}`, `{{visitor.email}}`, `{{company.id}}`, `{{contact.firstname}}`, each with any field of it, and moments: `{{now}}`,
//! `{{now + 2 days}}`, `{{signal.at + 4 hours}}`. A member that is nothing but a fact which nobody knows is left out; within a text it is
//! nothing. What is not said is what one would expect: the account's domain, the visitor's address, the records that the signal is about.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Facts, NAME_CHARS, Reader, fault, of_subject};
use crate::{
    engine::portal::outbox::actions::{Name, Wanted},
    values::{
        filter::{Code, Fault},
        ids::{ObjectType, QualifyingListId},
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
};

/// Most steps: an automation of Koala's has five.
pub const MAX_STEPS: usize = 10;
/// Bytes of a step: a note of two pages. A run keeps its steps, ten of them at most.
pub const STEP_BYTES: usize = 8_192;
/// Longest cool-down: a year.
pub const MAX_COOL_DOWN_HOURS: u32 = 8_760;
/// The cool-down where nothing is said: a task a day for one account is what people still read.
const COOL_DOWN_HOURS: u32 = 24;
/// Most units of time that a moment lies away: ten years of days.
const MOST_UNITS: i64 = 3_650;

/// Whom a cool-down is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// The account; of a signal without one the visitor.
    Account,
    /// The visitor; of a signal without one the account.
    Visitor,
}

impl Per {
    /// As on the wire.
    pub const ALL: [(&'static str, Self); 2] = [("account", Self::Account), ("visitor", Self::Visitor)];
}

/// What is done for a signal that qualifies.
#[derive(Debug, Clone, PartialEq)]
pub struct Automation {
    /// What people call it.
    pub name: String,
    /// For signals that this list qualifies.
    pub list: QualifyingListId,
    /// After it has acted for somebody, it does not for so long.
    pub cool_down_hours: u32,
    /// For whom.
    pub per: Per,
    /// In this order; each an action with facts in it.
    pub steps: Vec<Map<String, Value>>,
}

/// What a step comes to for a signal.
#[derive(Debug, Clone, PartialEq)]
pub enum Planned {
    /// This action.
    Do(Box<Wanted>),
    /// Nothing, because of something that is missing or there; in words.
    Skip(String),
}

impl Automation {
    /// Reads a definition. Paths of the faults are relative to it.
    pub fn parse(value: &Value) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::default();
        let known = ["name", "list", "cool_down_hours", "per", "steps"];
        let Some(entries) = reader.object(value, "", &known) else { return Err(reader.faults) };
        let name = reader.text(entries, "", "name", NAME_CHARS, true).unwrap_or_default();
        let list = entries.get("list").and_then(Value::as_str).and_then(|text| text.parse().ok());
        if list.is_none() {
            reader.note("/list", Code::Shape, "\"list\" is the id of a qualifying list: `ql_…`.");
        }
        let cool_down_hours = match entries.get("cool_down_hours") {
            None => Some(COOL_DOWN_HOURS),
            Some(hours) => hours
                .as_f64()
                .filter(|hours| {
                    hours.fract() == 0.0 && (0.0..=f64::from(MAX_COOL_DOWN_HOURS)).contains(hours)
                })
                .map(|hours| hours as u32),
        };
        if cool_down_hours.is_none() {
            let words = format!("\"cool_down_hours\" is a whole number from 0 to {MAX_COOL_DOWN_HOURS}.");
            reader.note("/cool_down_hours", Code::Shape, words);
        }
        let per = match entries.get("per") {
            None => Some(Per::Account),
            Some(text) => Per::ALL.into_iter().find(|(name, _)| *text == *name).map(|(_, per)| per),
        };
        if per.is_none() {
            reader.note("/per", Code::Shape, "\"per\" is `account` or `visitor`.");
        }
        let steps = match entries.get("steps").and_then(Value::as_array) {
            Some(steps) if (1..=MAX_STEPS).contains(&steps.len()) => {
                let read = |(index, step)| read_step(index, step, &mut reader.faults);
                steps.iter().enumerate().filter_map(read).collect()
            }
            _ => {
                let words = format!("\"steps\" is a list of 1 to {MAX_STEPS} actions.");
                reader.note("/steps", Code::Shape, words);
                Vec::new()
            }
        };
        match (list, cool_down_hours, per, reader.faults.is_empty()) {
            (Some(list), Some(cool_down_hours), Some(per), true) => {
                Ok(Self { name, list, cool_down_hours, per, steps })
            }
            _ => Err(reader.faults),
        }
    }

    /// Names of the fields of a type whose values its steps take.
    pub fn reads(&self, kind: ObjectType) -> BTreeSet<&str> {
        self.steps.iter().flat_map(named).filter(|(of, _)| *of == kind).map(|(_, name)| name).collect()
    }

    /// The definition as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name, "list": self.list, "cool_down_hours": self.cool_down_hours, "per": self.per,
            "steps": self.steps,
        })
    }
}

/// The fields of HubSpot's whose values a step takes: those that its texts name, but for the id, which every record has.
pub(in crate::engine) fn named(step: &Map<String, Value>) -> BTreeSet<(ObjectType, &str)> {
    let mut all = BTreeSet::new();
    for member in step.values() {
        note_fields(member, &mut all);
    }
    all
}

fn note_fields<'a>(value: &'a Value, all: &mut BTreeSet<(ObjectType, &'a str)>) {
    match value {
        Value::String(text) => {
            let names = parts(text).into_iter().filter_map(Result::err).filter(|name| !name.contains('+'));
            let of_hubspot = names
                .filter_map(|name| name.split_once('.'))
                .filter_map(|(of, name)| Some((of_subject(of)?, name)));
            all.extend(of_hubspot.filter(|(_, name)| !matches!(*name, "id" | "hs_object_id")));
        }
        Value::Array(items) => {
            for item in items {
                note_fields(item, all);
            }
        }
        Value::Object(members) => {
            for member in members.values() {
                note_fields(member, all);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The type of the records to which a step writes the values of its `properties`, and those; `None`: it writes none by name.
pub(in crate::engine) fn written(step: &Map<String, Value>) -> Option<(ObjectType, &Map<String, Value>)> {
    let kind = match step.get("action").and_then(Value::as_str)? {
        "import_company" => ObjectType::Companies,
        "import_contact" => ObjectType::Contacts,
        "update_deal" => ObjectType::Deals,
        "update_record" => step.get("type")?.as_str()?.parse().ok()?,
        _ => return None,
    };
    Some((kind, step.get("properties")?.as_object()?))
}

/// A step, which must come to an action once its facts are known.
fn read_step(index: usize, step: &Value, faults: &mut Vec<Fault>) -> Option<Map<String, Value>> {
    let path = format!("/steps/{index}");
    let Some(members) = step.as_object().filter(|step| step.contains_key("action")) else {
        let names = Name::ALL.map(Name::as_str).join("`, `");
        let words = format!("A step is an object with an \"action\": one of `{names}`.");
        faults.push(fault(&path, Code::Shape, words));
        return None;
    };
    if step.to_string().len() > STEP_BYTES {
        faults.push(fault(&path, Code::Limit, format!("A step has {STEP_BYTES} bytes at most.")));
        return None;
    }
    if let Some(wrong) = unknown_fact(step) {
        let words = format!(
            "`{{{{{wrong}}}}}` is no fact. There are `signal.…`, `account.…`, `visitor.…`, `company.…`, `contact.…` with a field's name, \
             and moments: `now`, `now + 2 days`, `signal.at + 4 hours`."
        );
        faults.push(fault(&path, Code::Shape, words));
        return None;
    }
    let values = members.get("properties").and_then(Value::as_object);
    if values.is_some_and(|values| values.values().any(|value| value.is_array() || value.is_object())) {
        let words = "A value is a text, a number, a truth or null.";
        faults.push(fault(&format!("{path}/properties"), Code::Shape, words));
        return None;
    }
    let sample = with_defaults(members, true, true);
    let sample = filled(&Value::Object(sample), &|name| Some(example(name))).unwrap_or_default();
    match serde_json::from_value::<Wanted>(sample) {
        Ok(_) => Some(members.clone()),
        Err(error) => {
            faults.push(fault(
                &path,
                Code::Shape,
                format!("The step is not what this action takes: {error}."),
            ));
            None
        }
    }
}

/// What stands for a fact while a step is checked.
fn example(name: &str) -> String {
    match name.rsplit_once('.').map_or(name, |(_, last)| last) {
        _ if moment(name, Timestamp(0), Timestamp(0)).is_some() => Timestamp(0).to_rfc3339(),
        "email" => "example@example.com".to_owned(),
        "domain" => "example.com".to_owned(),
        _ => "1".to_owned(),
    }
}

/// What a step comes to. `present`: the account has a company, the visitor has a contact, and what they are called.
pub(in crate::engine) fn plan(step: &Map<String, Value>, facts: &Facts, now: Timestamp) -> Planned {
    let known = |of: &str| facts.named(of, "id");
    let action = step.get("action").and_then(Value::as_str).unwrap_or_default();
    match action {
        "import_company" => {
            if let Some(id) = known("company") {
                return Planned::Skip(format!("The account is a company already: {id}."));
            }
        }
        "import_contact" => {
            if let Some(id) = known("contact") {
                return Planned::Skip(format!("The visitor is a contact already: {id}."));
            }
        }
        _ => {}
    }
    let look = |name: &str| match moment(name, now, facts.at) {
        Some(at) => Some(at.to_rfc3339()),
        None => name.split_once('.').and_then(|(of, name)| facts.named(of, name)).map(str::to_owned),
    };
    let full = with_defaults(step, known("company").is_some(), known("contact").is_some());
    let body = Value::Object(full.clone());
    let Some(body) = filled(&body, &look) else {
        return Planned::Skip("Nothing of the step is known.".to_owned());
    };
    if let Some((member, fact)) = missing(&full, &body) {
        return Planned::Skip(format!("`{member}` is to be `{{{{{fact}}}}}`, which is not known."));
    }
    match serde_json::from_value::<Wanted>(body) {
        Ok(wanted) => Planned::Do(Box::new(wanted)),
        // Serde names members and types, never values.
        Err(error) => Planned::Skip(format!("With what is known the step is no action: {error}.")),
    }
}

/// The first member of a step's own that an action cannot do without and that came to nothing.
fn missing(step: &Map<String, Value>, body: &Value) -> Option<(String, String)> {
    const NEEDED: [&str; 8] = ["domain", "email", "company", "record", "list", "deal", "subject", "body"];
    let lacks = |name: &&&str| step.contains_key(**name) && body.get(**name).is_none();
    let optional = |name: &str| match body["action"].as_str() {
        Some("import_contact") => name == "company",
        Some("create_task") => name == "body",
        _ => false,
    };
    let name = NEEDED.iter().filter(lacks).find(|name| !optional(name))?;
    let fact = step[*name].as_str().and_then(whole).unwrap_or("…");
    Some(((*name).to_owned(), fact.to_owned()))
}

/// The step with what is not said.
fn with_defaults(step: &Map<String, Value>, has_company: bool, has_contact: bool) -> Map<String, Value> {
    let mut full = step.clone();
    let mut put = |name: &str, value: Value| {
        full.entry(name).or_insert(value);
    };
    let about = json!([
        { "type": "contacts", "id": "{{contact.id}}" },
        { "type": "companies", "id": "{{company.id}}" },
    ]);
    match step.get("action").and_then(Value::as_str).unwrap_or_default() {
        "import_company" => {
            put("domain", "{{account.domain}}".into());
            put("name", "{{account.name}}".into());
        }
        "import_contact" => {
            put("email", "{{visitor.email}}".into());
            put(
                "company",
                if has_company {
                    json!({ "id": "{{company.id}}" })
                } else {
                    json!({ "domain": "{{account.domain}}" })
                },
            );
        }
        "claim_account" => put("company", "{{company.id}}".into()),
        "add_to_list" | "remove_from_list" => put("record", "{{contact.id}}".into()),
        "create_task" => {
            put("due", "{{now + 1 days}}".into());
            put("about", about);
        }
        "log_call" => {
            put("at", "{{signal.at}}".into());
            put("about", about);
        }
        "add_note" => put("about", about),
        // On the timeline of whoever it was, or of their company.
        "timeline_entry" => {
            put("about", about[usize::from(!has_contact && has_company)].clone());
            put("at", "{{signal.at}}".into());
        }
        "update_record" => {
            match step.get("type").and_then(Value::as_str).and_then(|text| text.parse().ok()) {
                Some(ObjectType::Contacts) => put("record", "{{contact.id}}".into()),
                Some(ObjectType::Companies) => put("record", "{{company.id}}".into()),
                _ => {}
            }
        }
        _ => {}
    }
    full
}

/// The fact that a text is, if it is nothing else.
fn whole(text: &str) -> Option<&str> {
    let name = text.strip_prefix("{{")?.strip_suffix("}}")?;
    (!name.contains("{{")).then(|| name.trim())
}

/// The parts of a text: what stands there, and facts.
fn parts(text: &str) -> Vec<Result<&str, &str>> {
    let (mut all, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        all.extend([Ok(before), Err(name.trim())]);
        rest = after;
    }
    all.push(Ok(rest));
    all
}

/// The moment that a name stands for.
fn moment(name: &str, now: Timestamp, at: Timestamp) -> Option<Timestamp> {
    let (base, span) = match name.split_once('+') {
        Some((base, span)) => (base.trim(), Some(span.trim())),
        None => (name.trim(), None),
    };
    let base = match base {
        "now" => now,
        "signal.at" => at,
        _ => return None,
    };
    let Some(span) = span else { return Some(base) };
    let (count, unit) = span.split_once(' ')?;
    let count: i64 = count.parse().ok().filter(|count| (0..=MOST_UNITS).contains(count))?;
    let unit_ms = match unit.trim() {
        "hour" | "hours" => HOUR_MS,
        "day" | "days" => DAY_MS,
        "week" | "weeks" => 7 * DAY_MS,
        _ => return None,
    };
    Some(base.plus_ms(count * unit_ms))
}

/// The first name between braces that is no fact.
fn unknown_fact(value: &Value) -> Option<&str> {
    let is_fact = |name: &str| {
        let named = name.split_once('.').is_some_and(|(of, field)| {
            matches!(of, "signal" | "account" | "visitor" | "company" | "contact") && !field.is_empty()
        });
        if name.contains('+') {
            moment(name, Timestamp(0), Timestamp(0)).is_some()
        } else {
            named || name == "now"
        }
    };
    match value {
        Value::String(text) => parts(text).into_iter().filter_map(Result::err).find(|name| !is_fact(name)),
        Value::Array(items) => items.iter().find_map(unknown_fact),
        Value::Object(members) => members.values().find_map(unknown_fact),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// A value with facts in the place of their names; `None`: it is nothing but facts that nobody knows.
fn filled(value: &Value, look: &dyn Fn(&str) -> Option<String>) -> Option<Value> {
    Some(match value {
        Value::String(text) => match whole(text) {
            Some(name) => Value::String(look(name)?),
            None => {
                let fill = |part: Result<&str, &str>| match part {
                    Ok(text) => text.to_owned(),
                    Err(name) => look(name).unwrap_or_default(),
                };
                Value::String(parts(text).into_iter().map(fill).collect())
            }
        },
        Value::Array(items) => {
            // Of a list whatever lacks something is left out: a link to a record that is not there.
            let complete = |item: &&Value| match item {
                Value::Object(members) => members.values().all(|member| filled(member, look).is_some()),
                _ => true,
            };
            Value::Array(items.iter().filter(complete).filter_map(|item| filled(item, look)).collect())
        }
        Value::Object(members) => {
            let all: Map<String, Value> = members
                .iter()
                .filter_map(|(name, member)| Some((name.clone(), filled(member, look)?)))
                .collect();
            if all.is_empty() && !members.is_empty() {
                return None;
            }
            Value::Object(all)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

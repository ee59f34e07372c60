//! A step that is an action: any action of the outbox, as the API takes it, without what every action has, for a record that is not known yet.
//!
//! Its texts may name facts: `{{company.id}}`, `{{contact.firstname}}`, `{{account.domain}}`, each with any field of it, and moments:
//! `{{now}}`, `{{now + 2 days}}`, `{{signal.at + 4 hours}}`. A member that is nothing but a fact which nobody knows is left out; within a
//! text it is nothing. Which words there are, and what is meant where a step does not say, is a [`Vocabulary`]'s.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    engine::{
        portal::outbox::actions::{Name, Wanted},
        reader::fault,
    },
    values::{
        filter::{Code, Fault},
        ids::ObjectType,
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
};

/// Bytes of a step: a note of two pages. A run of an automation keeps its steps, ten of them at most.
pub const STEP_BYTES: usize = 8_192;
/// Most units of time that a moment lies away: ten years of days.
const MOST_UNITS: i64 = 3_650;

/// What steps may name, and what they mean where they do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vocabulary {
    /// The word of what happened; its `at` is a moment.
    pub happening: &'static str,
    /// Other words of the host's own.
    pub hosts: &'static [&'static str],
    /// Words of HubSpot's records, and their types.
    pub records: &'static [(&'static str, ObjectType)],
    /// The type of the record called `record`, where there is such a word.
    pub record: Option<ObjectType>,
    /// The domain of the company that is meant.
    pub domain: &'static str,
    /// The name of a new company.
    pub company_name: Option<&'static str>,
    /// The address of the contact that is meant.
    pub email: &'static str,
    /// Who is a company already, at the beginning of a sentence.
    pub is_company: &'static str,
    /// The same of a contact.
    pub is_contact: &'static str,
}

impl Vocabulary {
    /// The type of HubSpot's records that a word stands for; `None`: it is the host's, or none.
    pub fn of_word(&self, word: &str) -> Option<ObjectType> {
        if word == "record" {
            return self.record;
        }
        self.records.iter().find(|(own, _)| *own == word).map(|(_, kind)| *kind)
    }

    /// The word for a record of a type.
    fn word_of(&self, kind: ObjectType) -> Option<&'static str> {
        if self.record == Some(kind) {
            return Some("record");
        }
        self.records.iter().find(|(_, own)| *own == kind).map(|(word, _)| *word)
    }

    fn has_word(&self, word: &str) -> bool {
        word == self.happening || self.hosts.contains(&word) || self.of_word(word).is_some()
    }

    /// The id of a record of a type, as a fact.
    fn id_of(&self, kind: ObjectType) -> Option<String> {
        self.word_of(kind).map(|word| format!("{{{{{word}.id}}}}"))
    }

    /// Whom an activity is about where it does not say: the record itself, the contact, the company.
    fn about(&self) -> Vec<ObjectType> {
        // Of an activity nobody says what it is about by another.
        let is_activity =
            |kind: &ObjectType| matches!(kind, ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes);
        let own = self.record.filter(|kind| !is_activity(kind));
        let mut all: Vec<ObjectType> = own.into_iter().collect();
        for kind in [ObjectType::Contacts, ObjectType::Companies] {
            if !all.contains(&kind) {
                all.push(kind);
            }
        }
        all
    }

    /// The moment that a name stands for.
    fn moment(&self, name: &str, now: Timestamp, at: Timestamp) -> Option<Timestamp> {
        let (base, span) = match name.split_once('+') {
            Some((base, span)) => (base.trim(), Some(span.trim())),
            None => (name.trim(), None),
        };
        let base = match base.split_once('.') {
            None if base == "now" => now,
            Some((word, "at")) if word == self.happening => at,
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
    fn unknown_fact<'a>(&self, value: &'a Value) -> Option<&'a str> {
        match value {
            Value::String(text) => {
                parts(text).into_iter().filter_map(Result::err).find(|name| !self.is_fact(name))
            }
            Value::Array(items) => items.iter().find_map(|item| self.unknown_fact(item)),
            Value::Object(members) => members.values().find_map(|member| self.unknown_fact(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    fn is_fact(&self, name: &str) -> bool {
        let named = || name.split_once('.').is_some_and(|(of, field)| self.has_word(of) && !field.is_empty());
        self.moment(name, Timestamp(0), Timestamp(0)).is_some() || (!name.contains('+') && named())
    }

    /// The words there are, for a sentence.
    fn in_words(&self) -> String {
        let records = self.records.iter().map(|(word, _)| *word);
        let own = self.record.map(|_| "record");
        let words = [self.happening].into_iter().chain(self.hosts.iter().copied()).chain(own).chain(records);
        words.map(|word| format!("`{word}.…`")).collect::<Vec<_>>().join(", ")
    }
}

/// What is known where a step is done, by the words of its [`Vocabulary`].
pub trait Known {
    /// A fact: `company` and `domain`; of each record there is an `id`. Never an empty text.
    fn fact(&self, word: &str, name: &str) -> Option<&str>;

    /// When it happened.
    fn at(&self) -> Timestamp;
}

/// An action with facts in it: its members, `action` among them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActionStep(Map<String, Value>);

/// What a step comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Planned {
    /// This action.
    Do(Box<Wanted>),
    /// Nothing, because of something that is missing or there; in words.
    Skip(String),
}

impl ActionStep {
    /// Reads a step, which must come to an action once its facts are known. Paths of the faults are relative to it.
    pub fn parse(step: &Value, vocabulary: Vocabulary) -> Result<Self, Vec<Fault>> {
        let wrong = |path: &str, code, words: String| Err(vec![fault(path, code, words)]);
        let Some(members) = step.as_object().filter(|step| step.contains_key("action")) else {
            let names = Name::ALL.map(Name::as_str).join("`, `");
            return wrong(
                "",
                Code::Shape,
                format!("A step is an object with an \"action\": one of `{names}`."),
            );
        };
        if step.to_string().len() > STEP_BYTES {
            return wrong("", Code::Limit, format!("A step has {STEP_BYTES} bytes at most."));
        }
        if let Some(unknown) = vocabulary.unknown_fact(step) {
            let words = format!(
                "`{{{{{unknown}}}}}` is no fact. There are {} with a field's name, and moments: `now`, `now + 2 days`, `{}.at + 4 hours`.",
                vocabulary.in_words(),
                vocabulary.happening
            );
            return wrong("", Code::Shape, words);
        }
        let values = members.get("properties").and_then(Value::as_object);
        if values.is_some_and(|values| values.values().any(|value| value.is_array() || value.is_object())) {
            return wrong(
                "/properties",
                Code::Shape,
                "A value is a text, a number, a truth or null.".to_owned(),
            );
        }
        let step = Self(members.clone());
        let sample = step.with_defaults(vocabulary, &|_| true);
        let sample = filled(&Value::Object(sample), &|name| Some(example(vocabulary, name)));
        match serde_json::from_value::<Wanted>(sample.unwrap_or_default()) {
            Ok(_) => Ok(step),
            Err(error) => wrong("", Code::Shape, format!("The step is not what this action takes: {error}.")),
        }
    }

    /// The action's name.
    pub fn action(&self) -> &str {
        self.0.get("action").and_then(Value::as_str).unwrap_or_default()
    }

    /// Its members, as they were written.
    pub const fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The fields of HubSpot's whose values it takes: those that its texts name, but for the id, which every record has.
    pub fn reads(&self, vocabulary: Vocabulary) -> BTreeSet<(ObjectType, &str)> {
        let is_id = |name: &str| matches!(name, "id" | "hs_object_id");
        let all = self.names().into_iter();
        all.filter(|(_, name)| !is_id(name))
            .filter_map(|(word, name)| Some((vocabulary.of_word(word)?, name)))
            .collect()
    }

    /// The facts that its texts name: each a word and a field.
    pub fn names(&self) -> BTreeSet<(&str, &str)> {
        let mut all = BTreeSet::new();
        for member in self.0.values() {
            note_names(member, &mut all);
        }
        all
    }

    /// The type of the records to which it writes the values of its `properties`, and those; `None`: it writes none by name.
    pub fn writes(&self) -> Option<(ObjectType, &Map<String, Value>)> {
        let kind = match self.action() {
            "import_company" => ObjectType::Companies,
            "import_contact" => ObjectType::Contacts,
            "update_deal" => ObjectType::Deals,
            "update_record" => self.0.get("type")?.as_str()?.parse().ok()?,
            _ => return None,
        };
        Some((kind, self.0.get("properties")?.as_object()?))
    }

    /// What it comes to for what is known.
    pub fn plan(&self, vocabulary: Vocabulary, facts: &dyn Known, now: Timestamp) -> Planned {
        let known = |kind| vocabulary.word_of(kind).and_then(|word| facts.fact(word, "id"));
        // Whoever the step names itself may be somebody else, whom the outbox looks for.
        let is_own = |member: &str, usual: &str| self.0.get(member).is_some_and(|own| *own != usual);
        match self.action() {
            "import_company" if !is_own("domain", vocabulary.domain) => {
                if let Some(id) = known(ObjectType::Companies) {
                    return Planned::Skip(format!("{} is a company already: {id}.", vocabulary.is_company));
                }
            }
            "import_contact" if !is_own("email", vocabulary.email) => {
                if let Some(id) = known(ObjectType::Contacts) {
                    return Planned::Skip(format!("{} is a contact already: {id}.", vocabulary.is_contact));
                }
            }
            _ => {}
        }
        let look = |name: &str| match vocabulary.moment(name, now, facts.at()) {
            Some(at) => Some(at.to_rfc3339()),
            None => name.split_once('.').and_then(|(of, name)| facts.fact(of, name)).map(str::to_owned),
        };
        let full = self.with_defaults(vocabulary, &|kind| known(kind).is_some());
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

    /// The step with what is not said. `has`: whether the record of a type is known.
    fn with_defaults(&self, vocabulary: Vocabulary, has: &dyn Fn(ObjectType) -> bool) -> Map<String, Value> {
        let mut full = self.0.clone();
        let mut put = |name: &str, value: Value| {
            full.entry(name).or_insert(value);
        };
        let mut put_id = |name: &str, kind: ObjectType| {
            if let Some(id) = vocabulary.id_of(kind) {
                put(name, id.into());
            }
        };
        let tie = |kind: ObjectType| json!({ "type": kind, "id": vocabulary.id_of(kind) });
        let about = || Value::Array(vocabulary.about().into_iter().map(tie).collect());
        let at = || Value::from(format!("{{{{{}.at}}}}", vocabulary.happening));
        match self.action() {
            "import_company" => {
                put("domain", vocabulary.domain.into());
                if let Some(name) = vocabulary.company_name {
                    put("name", name.into());
                }
            }
            "import_contact" => {
                put("email", vocabulary.email.into());
                let company = if has(ObjectType::Companies) {
                    json!({ "id": vocabulary.id_of(ObjectType::Companies) })
                } else {
                    json!({ "domain": vocabulary.domain })
                };
                put("company", company);
            }
            "claim_account" => put_id("company", ObjectType::Companies),
            "add_to_list" | "remove_from_list" => {
                put_id("record", vocabulary.record.unwrap_or(ObjectType::Contacts));
            }
            "create_task" => {
                put("due", "{{now + 1 days}}".into());
                put("about", about());
            }
            "log_call" => {
                put("at", at());
                put("about", about());
            }
            "add_note" => put("about", about()),
            // On the timeline of whoever it was, or of what they belong to.
            "timeline_entry" => {
                let may = |kind: &ObjectType| {
                    matches!(kind, ObjectType::Contacts | ObjectType::Companies | ObjectType::Deals)
                };
                let whose: Vec<ObjectType> = vocabulary.about().into_iter().filter(may).collect();
                let kind = whose.iter().copied().find(|kind| has(*kind)).or(whose.first().copied());
                put("about", kind.map(tie).unwrap_or_default());
                put("at", at());
            }
            "update_deal" => put_id("deal", ObjectType::Deals),
            "update_record" => {
                let kind = self.0.get("type").and_then(Value::as_str).and_then(|text| text.parse().ok());
                if let Some(kind) = kind {
                    put_id("record", kind);
                }
            }
            _ => {}
        }
        full
    }
}

fn note_names<'a>(value: &'a Value, all: &mut BTreeSet<(&'a str, &'a str)>) {
    match value {
        Value::String(text) => {
            let names = parts(text).into_iter().filter_map(Result::err).filter(|name| !name.contains('+'));
            all.extend(names.filter_map(|name| name.split_once('.')));
        }
        Value::Array(items) => {
            for item in items {
                note_names(item, all);
            }
        }
        Value::Object(members) => {
            for member in members.values() {
                note_names(member, all);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What stands for a fact while a step is checked.
fn example(vocabulary: Vocabulary, name: &str) -> String {
    match name.rsplit_once('.').map_or(name, |(_, last)| last) {
        _ if vocabulary.moment(name, Timestamp(0), Timestamp(0)).is_some() => Timestamp(0).to_rfc3339(),
        "email" => "example@example.com".to_owned(),
        "domain" => "example.com".to_owned(),
        _ => "1".to_owned(),
    }
}

/// The first member of a step's own that an action cannot do without and that came to nothing.
fn missing(step: &Map<String, Value>, body: &Value) -> Option<(String, String)> {
    const NEEDED: [&str; 8] = ["domain", "email", "company", "record", "list", "deal", "subject", "body"];
    let lacks = |name: &&&str| step.contains_key(**name) && body.get(**name).is_none();
    let optional = |name: &str| match body["action"].as_str() {
        Some("import_contact") => name == "company",
        Some("create_task" | "timeline_entry") => name == "body",
        _ => false,
    };
    let name = NEEDED.iter().filter(lacks).find(|name| !optional(name))?;
    let fact = step[*name].as_str().and_then(whole).unwrap_or("…");
    Some(((*name).to_owned(), fact.to_owned()))
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

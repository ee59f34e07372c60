//! The form of a workflow: what a person sent becomes a definition, a definition becomes a form.
//!
//! What is sent has an order: it begins anew with each `part`, and among the steps with each `step`; what stands between a `branch` and its
//! `end` lies in the step before ([`step`]). The same definition is sent as JSON, which counts where it is not what was shown ([`mark`]). JSON
//! that is no definition stays as it was typed, and the engine says of it line by line what is wrong ([`lines`]).

mod lines;
mod sent;
mod step;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use sent::{facts, mark, part, plain, read_steps, sent, sent_json};
use step::{Node, built, count, list, name_all, nodes, row_of, views};
pub use step::{Place, Wrong};

use super::{
    act::Sources,
    filter_form::{self, Catalog},
};
use crate::{
    console::{
        connection::ConnectionFrame,
        words::capitalised,
        workflow_form::{On, Parts, TriggerForm, WorkflowForm, scope},
    },
    engine::{
        portal::outbox::actions::Name,
        workflow::{Definition, EVENTS, Passage, Trigger, limits},
    },
    values::{filter::Fault, ids::ObjectType, json as own_json},
};

/// What there is to choose from depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The type of the workflow's records.
    pub record: ObjectType,
    /// Conditions may ask what changed.
    pub changes: bool,
    /// Facts of events that were named.
    pub facts: Vec<String>,
}

/// The form of a workflow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkflowDraft {
    name: String,
    description: String,
    trigger: TriggerForm,
    conditions: filter_form::Draft,
    again: String,
    when: filter_form::Draft,
    steps: Vec<Node>,
    /// JSON that is no definition.
    broken: Option<String>,
    on: On,
}

fn definition(text: &str) -> Option<Definition> {
    Definition::from_value(&own_json::parse(text).ok()?).ok()
}

impl Asked {
    /// Of a definition, as the API tells it.
    pub fn of(told: &Value) -> Self {
        let record = told["trigger"]["record"].as_str().and_then(|name| name.parse().ok());
        Self {
            record: record.unwrap_or(ObjectType::Contacts),
            changes: told["trigger"]["on"] == "change",
            facts: Vec::new(),
        }
    }

    /// Of what was sent.
    pub fn sent(fields: &[(String, String)]) -> Self {
        let read = sent_json(fields).and_then(|text| definition(&text));
        let mut asked = match read {
            Some(definition) => Self::of(&definition.to_json()),
            None => {
                let head = part(fields, "head");
                let trigger = json!({ "record": sent(head, "record"), "on": sent(head, "on") });
                Self::of(&json!({ "trigger": trigger }))
            }
        };
        asked.facts =
            facts(sent(part(fields, "try"), "try-facts")).into_iter().map(|(name, _)| name).collect();
        asked
    }
}

impl WorkflowDraft {
    /// Of a new one.
    pub fn new() -> Self {
        let mut steps = vec![Node::new(Name::AddNote.as_str(), String::new())];
        name_all(&mut steps);
        let trigger = TriggerForm { event: EVENTS[0].to_owned(), ..TriggerForm::usual() };
        let conditions = filter_form::Draft::of(&json!({ "and": [] }), &Catalog::default());
        let again = "every_time".to_owned();
        Self { trigger, again, conditions, when: filter_form::Draft::new(), steps, ..Self::default() }
    }

    /// Of a definition, as the API tells it.
    pub fn of(told: &Value, catalog: &Catalog) -> Self {
        let mut draft = Self::new();
        draft.take(&format!("{told:#}"), catalog);
        draft
    }

    /// Takes a definition: into the form where it is one.
    fn take(&mut self, text: &str, catalog: &Catalog) {
        let Some(read) = definition(text) else {
            self.broken = Some(text.to_owned());
            return;
        };
        let told = read.to_json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |value: &Value| -> Vec<String> {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let trigger = &told["trigger"];
        let usual = TriggerForm::usual();
        let or = |value: &Value, usual: String| if value.is_null() { usual } else { text(value) };
        self.broken = None;
        self.name = text(&told["name"]);
        self.description = text(&told["description"]);
        self.trigger = TriggerForm {
            on: text(&trigger["on"]),
            record: text(&trigger["record"]),
            event: or(&trigger["event"], usual.event),
            kinds: match &read.trigger {
                Trigger::Change { .. } => list(&trigger["kinds"]),
                Trigger::Event { .. } | Trigger::Schedule { .. } => usual.kinds,
            },
            properties: list(&trigger["properties"]).join("\n"),
            every: or(&trigger["every"], usual.every),
            hour: trigger["hour"].as_u64().map_or(usual.hour, |hour| hour.to_string()),
            weekday: or(&trigger["weekday"], usual.weekday),
            wrong: None,
        };
        self.conditions = filter_form::Draft::of(&told["conditions"], catalog);
        self.again = text(&told["enrolment"]["again"]);
        self.when = match told["enrolment"].get("when") {
            Some(when) => filter_form::Draft::of(when, catalog),
            None => filter_form::Draft::new(),
        };
        self.steps = nodes(&told["steps"], catalog);
    }

    /// As it was sent.
    pub fn sent(fields: &[(String, String)], catalog: &Catalog) -> Self {
        let (head, enrolment, on) = (part(fields, "head"), part(fields, "enrolment"), part(fields, "try"));
        let text = |name: &str| plain(sent(head, name));
        let usual = TriggerForm::usual();
        let or = |name: &str, usual: String| {
            if head.iter().any(|(own, _)| own == name) { text(name) } else { usual }
        };
        let kinds = head.iter().filter(|(name, _)| name == "kind").map(|(_, value)| value.clone());
        let trigger = TriggerForm {
            on: text("on"),
            record: text("record"),
            event: or("event", usual.event),
            kinds: if head.iter().any(|(name, _)| name == "of-properties") {
                kinds.collect()
            } else {
                usual.kinds
            },
            properties: text("of-properties"),
            every: or("every", usual.every),
            hour: or("hour", usual.hour),
            weekday: or("weekday", usual.weekday),
            wrong: None,
        };
        let when = part(fields, "when");
        let line = |name: &str| plain(sent(on, name));
        let mut draft = Self {
            name: text("name"),
            description: text("description"),
            trigger,
            conditions: filter_form::Draft::sent(part(fields, "conditions"), catalog),
            again: plain(sent(enrolment, "again")),
            when: if when.is_empty() {
                filter_form::Draft::new()
            } else {
                filter_form::Draft::sent(when, catalog)
            },
            steps: read_steps(part(fields, "steps"), catalog),
            broken: None,
            on: On {
                record: line("try-record"),
                email: line("try-email"),
                phone: line("try-phone"),
                facts: line("try-facts"),
            },
        };
        if let Some(json) = sent_json(fields) {
            draft.take(&json, catalog);
        }
        name_all(&mut draft.steps);
        draft
    }

    /// Does what a button says; the id of what a person goes on with, where something came, went or moved.
    pub fn act(&mut self, button: &str) -> Option<String> {
        if let Some((own, rest)) = button.split_once(':') {
            let filter = match own {
                "conditions" => &mut self.conditions,
                "when" => &mut self.when,
                own => &mut self.node(&own.strip_prefix('s')?.replace('-', "/"))?.filter,
            };
            return filter.act(rest).map(|id| format!("{own}-{id}"));
        }
        let (what, path) = button.split_once(' ').unwrap_or((button, ""));
        if what == "add-step" {
            let depth = path.split('/').count() / 2 + 1;
            if count(&self.steps) >= limits::STEPS || depth > limits::DEPTH {
                return None;
            }
            let list = list(&mut self.steps, path)?;
            list.push(Node::new(Name::CreateTask.as_str(), String::new()));
            let index = list.len() - 1;
            name_all(&mut self.steps);
            let path = if path.is_empty() { index.to_string() } else { format!("{path}/{index}") };
            return Some(format!("{}-kind", scope(&path)));
        }
        let (outer, index) = path.rsplit_once('/').unwrap_or(("", path));
        let index: usize = index.parse().ok()?;
        let list = list(&mut self.steps, outer)?;
        let at = |index: usize| {
            scope(&if outer.is_empty() { index.to_string() } else { format!("{outer}/{index}") })
        };
        match what {
            "drop-step" if index < list.len() => {
                list.remove(index);
                Some(if outer.is_empty() {
                    "add-step".to_owned()
                } else {
                    format!("{}-add-step", scope(outer))
                })
            }
            "up" if index > 0 && index < list.len() => {
                list.swap(index, index - 1);
                Some(format!("{}-{}", at(index - 1), if index > 1 { "up" } else { "down" }))
            }
            "down" if index + 1 < list.len() => {
                list.swap(index, index + 1);
                let last = index + 2 == list.len();
                Some(format!("{}-{}", at(index + 1), if last { "up" } else { "down" }))
            }
            _ => None,
        }
    }

    fn node(&mut self, path: &str) -> Option<&mut Node> {
        let (outer, index) = path.rsplit_once('/').unwrap_or(("", path));
        list(&mut self.steps, outer)?.get_mut(index.parse::<usize>().ok()?)
    }

    /// The definition that it means; of JSON that is none, what that is.
    pub fn definition(&self, catalog: &Catalog) -> Result<Value, Wrong> {
        if let Some(text) = &self.broken {
            return own_json::parse(text).map_err(|_| vec![(Place::Whole, not_json(text))]);
        }
        let mut wrong = Wrong::new();
        let value = self.value(catalog, &mut wrong);
        if wrong.is_empty() { Ok(value) } else { Err(wrong) }
    }

    fn value(&self, catalog: &Catalog, wrong: &mut Wrong) -> Value {
        let conditions = self.conditions.built(catalog);
        wrong.extend(conditions.wrong.into_iter().map(|(row, words)| (Place::Conditions(row), words)));
        let mut enrolment = json!({ "again": self.again });
        if self.again == "when" {
            let when = self.when.built(catalog);
            wrong.extend(when.wrong.into_iter().map(|(row, words)| (Place::When(row), words)));
            enrolment["when"] = when.filter;
        }
        let mut all = json!({
            "name": self.name,
            "trigger": self.trigger(wrong),
            "conditions": conditions.filter,
            "enrolment": enrolment,
            "steps": built(&self.steps, "", catalog, wrong),
        });
        if !self.description.is_empty() {
            all["description"] = json!(self.description);
        }
        all
    }

    fn trigger(&self, wrong: &mut Wrong) -> Value {
        let own = &self.trigger;
        let mut all = json!({ "on": own.on, "record": own.record });
        match own.on.as_str() {
            "change" => {
                all["kinds"] = json!(own.kinds);
                let properties: Vec<&str> = own
                    .properties
                    .split([',', '\n'])
                    .map(str::trim)
                    .filter(|name| !name.is_empty())
                    .collect();
                if !properties.is_empty() {
                    all["properties"] = json!(properties);
                }
            }
            "schedule" => {
                all["every"] = json!(own.every);
                if own.every != "hour" {
                    let hour = own.hour.parse::<u8>().ok().filter(|hour| *hour < 24);
                    if hour.is_none() {
                        wrong.push((Place::Trigger, "The hour is a whole number from 0 to 23.".to_owned()));
                    }
                    all["hour"] = json!(hour);
                }
                if own.every == "week" {
                    all["weekday"] = json!(own.weekday);
                }
            }
            _ => all["event"] = json!(own.event),
        }
        all
    }

    /// What the engine finds wrong, at the parts of the form.
    pub fn wrong(&self, faults: &[Fault], catalog: &Catalog) -> Wrong {
        if self.broken.is_some() {
            let words = "The JSON is not a workflow yet. What is wrong stands above it, line by line.";
            return vec![(Place::Whole, words.to_owned())];
        }
        let place = |fault: &Fault| {
            let parts: Vec<&str> = fault.path.split('/').skip(1).collect();
            match parts.as_slice() {
                ["trigger", ..] => Place::Trigger,
                ["conditions", rest @ ..] => Place::Conditions(row_of(&self.conditions, rest, catalog)),
                ["enrolment", "when", rest @ ..] => Place::When(row_of(&self.when, rest, catalog)),
                ["steps", rest @ ..] => step::place(&self.steps, rest, catalog),
                _ => Place::Whole,
            }
        };
        faults.iter().map(|fault| (place(fault), fault.detail.replace('`', ""))).collect()
    }

    /// Whom it is to be tried on, as the engine takes it; `Err`: nobody is said.
    pub fn tried_on(&self) -> Result<Value, Wrong> {
        let On { record, email, phone, facts: told } = &self.on;
        let on_json = self.broken.as_deref().and_then(|text| own_json::parse::<Value>(text).ok());
        let (of_event, name) = match &on_json {
            Some(told) => (
                told["trigger"]["on"] == "event",
                told["trigger"]["event"].as_str().unwrap_or_default().to_owned(),
            ),
            None => (self.trigger.on == "event", self.trigger.event.clone()),
        };
        if record.is_empty() && (!of_event || email.is_empty() && phone.is_empty()) {
            let words = if of_event {
                "Say below on whom it is tried: a record, an e-mail address or a telephone number."
            } else {
                "Say below on which record it is tried."
            };
            return Err(vec![(Place::Whole, words.to_owned())]);
        }
        let mut on = json!({});
        if !record.is_empty() {
            if !record.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(vec![(Place::Whole, "A record's id is a number.".to_owned())]);
            }
            on["record_id"] = json!(record);
        }
        if of_event {
            let mut event = json!({ "event": name });
            for (key, value) in [("email", email), ("phone", phone)] {
                if !value.is_empty() {
                    event[key] = json!(value);
                }
            }
            if !record.is_empty() {
                event["record_id"] = json!(record);
                event["object_type"] = json!(self.trigger.record);
                if let Some(told) = &on_json {
                    event["object_type"] = told["trigger"]["record"].clone();
                }
                on = json!({});
            }
            let facts = facts(told);
            if !facts.is_empty() {
                event["facts"] = facts.into_iter().map(|(name, value)| (name, json!(value))).collect();
            }
            on["event"] = event;
        }
        Ok(on)
    }

    /// The form to be shown. `faults`: what the engine found wrong.
    pub fn view(
        &self,
        at: ConnectionFrame,
        id: Option<String>,
        (of, catalog): (&Sources, &Catalog),
        wrong: &Wrong,
        faults: &[Fault],
    ) -> WorkflowForm {
        let said = |place: &Place| wrong.iter().find(|(own, _)| own == place).map(|(_, words)| words.clone());
        let mut missing = Wrong::new();
        let json = match &self.broken {
            Some(text) => text.clone(),
            None => {
                let value = self.value(catalog, &mut missing);
                if missing.is_empty() { format!("{value:#}") } else { String::new() }
            }
        };
        let mut places = Self::lines(faults, &json);
        if let Some(text) = self.broken.as_deref().filter(|text| own_json::parse::<Value>(text).is_err()) {
            let line = own_json::parse::<Value>(text).map_or_else(|error| error.line().max(1), |_| 1);
            places = vec![(line, String::new(), not_json(text))];
        }
        let parts = self.broken.is_none().then(|| self.parts((of, catalog), wrong, &said));
        let has_form = parts.is_some();
        let is_shown = |place: &Place| {
            has_form && !matches!(place, Place::Whole | Place::Conditions(None) | Place::When(None))
        };
        let mut types: Vec<(String, String)> =
            at.types.iter().map(|kind| (kind.clone(), capitalised(at.words(kind)))).collect();
        if !types.iter().any(|(kind, _)| *kind == self.trigger.record) {
            types.push((self.trigger.record.clone(), capitalised(&self.trigger.record)));
        }
        let mut shown: Vec<&Place> = Vec::new();
        for (place, _) in wrong.iter().filter(|(place, _)| is_shown(place)) {
            if !shown.contains(&place) {
                shown.push(place);
            }
        }
        WorkflowForm {
            at,
            id,
            json_mark: mark(&json),
            json,
            faults: places,
            known: catalog.proposed(),
            owners: of.owners(),
            types,
            errors: wrong
                .iter()
                .filter(|(place, _)| !is_shown(place))
                .map(|(_, words)| words.clone())
                .collect(),
            wrong: shown.len(),
            refused: false,
            on: self.on.clone(),
            tried: None,
            focus: None,
            parts,
        }
    }

    fn parts(
        &self,
        known: (&Sources, &Catalog),
        wrong: &Wrong,
        said: &dyn Fn(&Place) -> Option<String>,
    ) -> Parts {
        let catalog = known.1;
        let every = || "every record goes in".to_owned();
        let conditions = self
            .conditions
            .view(catalog, ("It goes in", every()), &|row| said(&Place::Conditions(Some(row))));
        let when = (self.again == "when").then(|| {
            self.when.view(catalog, ("It goes in again", every()), &|row| said(&Place::When(Some(row))))
        });
        Parts {
            name: self.name.clone(),
            description: self.description.clone(),
            trigger: TriggerForm { wrong: said(&Place::Trigger), ..self.trigger.clone() },
            conditions,
            again: self.again.clone(),
            when,
            steps: views(&self.steps, "", known, wrong, 1),
            full: count(&self.steps) >= limits::STEPS,
        }
    }

    /// What is wrong, at the lines of the JSON.
    fn lines(faults: &[Fault], json: &str) -> Vec<(usize, String, String)> {
        let mut all: Vec<(usize, String, String)> = faults
            .iter()
            .map(|fault| {
                (lines::line_of(json, &fault.path), fault.path.clone(), fault.detail.replace('`', ""))
            })
            .collect();
        all.sort_by_key(|(line, ..)| *line);
        all
    }
}

impl TriggerForm {
    /// What is chosen where nothing is said.
    fn usual() -> Self {
        Self {
            on: "event".to_owned(),
            record: ObjectType::Contacts.to_string(),
            event: String::new(),
            kinds: Passage::ALL.map(|(name, _)| name.to_owned()).to_vec(),
            properties: String::new(),
            every: "day".to_owned(),
            hour: "8".to_owned(),
            weekday: "monday".to_owned(),
            wrong: None,
        }
    }
}

fn not_json(text: &str) -> String {
    match own_json::parse::<Value>(text) {
        // Serde says what it expected, and nothing of what is written.
        Err(error) => format!("This is not JSON: {error}."),
        Ok(_) => String::new(),
    }
}

//! Reading a definition from JSON. All faults are told at once, each with its JSON pointer, up to [`limits::FAULTS`].

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    definition::{
        Again, Definition, Every, Passage, Route, Span, Step, StepId, Trigger, Unit, Weekday, What,
    },
    facts::{SUBJECTS, vocabulary},
    limits,
};
use crate::{
    engine::{
        action_step::ActionStep,
        reader::{Reader, fault, one_line, within},
    },
    values::{
        filter::{self, Code, Fault, Filter},
        ids::ObjectType,
        json,
        time::DAY_MS,
    },
};

/// What a step may be, by the member that says so, and what else it may have.
const FORMS: [(&str, &[&str]); 5] = [
    ("if", &["id", "if", "then", "else"]),
    ("wait", &["id", "wait"]),
    ("wait_until", &["id", "wait_until", "at_most", "else"]),
    ("stop", &["id", "stop"]),
    ("decide", &["id", "decide"]),
];

impl Definition {
    /// Reads a definition from JSON text.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        if text.len() > limits::BYTES {
            return Err(vec![too_large()]);
        }
        let value: Value = json::parse(text).map_err(|error| {
            vec![fault("", Code::NotJson, format!("The definition is not valid JSON: {error}."))]
        })?;
        Self::from_value(&value)
    }

    /// Reads a definition that stands within other JSON. Paths are relative to it.
    pub fn from_value(value: &Value) -> Result<Self, Vec<Fault>> {
        if value.to_string().len() > limits::BYTES {
            return Err(vec![too_large()]);
        }
        let mut parser = Parser::default();
        let read = parser.definition(value);
        let mut faults = parser.reader.faults;
        match read {
            // What is written has every member that may be left out.
            Some(definition) if faults.is_empty() => {
                if definition.to_json().to_string().len() > limits::BYTES {
                    return Err(vec![too_large()]);
                }
                Ok(definition)
            }
            _ => {
                faults.truncate(limits::FAULTS);
                Err(faults)
            }
        }
    }
}

fn too_large() -> Fault {
    fault("", Code::Limit, format!("A workflow has at most {} bytes of JSON.", limits::BYTES))
}

#[derive(Default)]
struct Parser {
    reader: Reader,
    /// The type of the trigger's records, once it is read.
    record: Option<ObjectType>,
    /// Whether the trigger is an event: only then may anything ask of one.
    has_event: bool,
    ids: BTreeSet<StepId>,
    steps: usize,
}

impl Parser {
    /// Notes a fault; `None`, for the caller to return.
    fn wrong<T>(&mut self, path: &str, code: Code, detail: impl Into<String>) -> Option<T> {
        self.reader.note(path, code, detail);
        None
    }

    fn definition(&mut self, value: &Value) -> Option<Definition> {
        let known = ["name", "description", "trigger", "conditions", "enrolment", "steps"];
        let entries = self.reader.object(value, "", &known)?;
        let name = self.reader.text(entries, "", "name", limits::NAME_CHARS, true);
        let description = self.reader.text(entries, "", "description", limits::DESCRIPTION_CHARS, false);
        let trigger = match entries.get("trigger") {
            Some(trigger) => self.trigger(trigger),
            None => self.wrong("", Code::Shape, "\"trigger\" is missing: it says when the workflow begins."),
        };
        self.record = trigger.as_ref().map(Trigger::record);
        self.has_event = matches!(trigger, None | Some(Trigger::Event { .. }));
        let conditions = match entries.get("conditions") {
            None => Some(Filter::And(Vec::new())),
            Some(conditions) => self.filter(conditions, "/conditions"),
        };
        let again = match entries.get("enrolment") {
            Some(enrolment) => self.enrolment(enrolment),
            None => {
                let words = "\"enrolment\" is missing: it says how often a record goes through the workflow.";
                self.wrong("", Code::Shape, words)
            }
        };
        let steps = match entries.get("steps") {
            Some(Value::Array(steps)) if !steps.is_empty() => self.steps(steps, "/steps", 1),
            Some(_) => self.wrong("/steps", Code::Shape, "\"steps\" is a list of at least one step."),
            None => self.wrong("", Code::Shape, "\"steps\" is missing: a list of at least one step."),
        };
        Some(Definition {
            name: name?,
            description,
            trigger: trigger?,
            conditions: conditions?,
            again: again?,
            steps: steps?,
        })
    }

    fn trigger(&mut self, value: &Value) -> Option<Trigger> {
        let path = "/trigger";
        let on = value.get("on").and_then(Value::as_str).unwrap_or_default();
        let known: &[&str] = match on {
            "event" => &["on", "event", "record"],
            "change" => &["on", "record", "kinds", "properties"],
            "schedule" => match value.get("every").and_then(Value::as_str) {
                Some("hour") => &["on", "record", "every"],
                Some("day") => &["on", "record", "every", "hour"],
                _ => &["on", "record", "every", "hour", "weekday"],
            },
            _ => {
                let words = "A trigger is an object whose \"on\" is `event`, `change` or `schedule`.";
                return self.wrong(path, Code::Shape, words);
            }
        };
        let entries = self.reader.object(value, path, known)?;
        let record = entries.get("record").and_then(Value::as_str).and_then(|text| text.parse().ok());
        if record.is_none() {
            let words = "\"record\" is the type of the records: `contacts`, `companies`, `deals`, …";
            self.reader.note(path, Code::Shape, words);
        }
        match on {
            "event" => {
                let event = self.reader.text(entries, path, "event", limits::NAME_CHARS, true);
                Some(Trigger::Event { event: event?, record: record? })
            }
            "change" => {
                let kinds = self.kinds(entries);
                let properties = self.properties(entries);
                Some(Trigger::Change { record: record?, kinds: kinds?, properties: properties? })
            }
            _ => {
                let every = self.every(entries);
                Some(Trigger::Schedule { record: record?, every: every? })
            }
        }
    }

    fn kinds(&mut self, entries: &Map<String, Value>) -> Option<BTreeSet<Passage>> {
        let Some(kinds) = entries.get("kinds") else {
            return Some(Passage::ALL.into_iter().map(|(_, passage)| passage).collect());
        };
        let read = |kind: &Value| {
            Passage::ALL.into_iter().find(|(name, _)| *kind == *name).map(|(_, passage)| passage)
        };
        let all: Option<BTreeSet<Passage>> = kinds.as_array().and_then(|all| all.iter().map(read).collect());
        if let Some(all) = all.filter(|all| !all.is_empty()) {
            return Some(all);
        }
        let words = "\"kinds\" is a list of `created`, `updated` and `restored`, at least one of them.";
        self.wrong("/trigger/kinds", Code::Shape, words)
    }

    fn properties(&mut self, entries: &Map<String, Value>) -> Option<BTreeSet<String>> {
        let Some(properties) = entries.get("properties") else { return Some(BTreeSet::new()) };
        let path = "/trigger/properties";
        let Some(names) = properties.as_array().filter(|names| !names.is_empty()) else {
            let words = "\"properties\" is a list of internal names of properties, at least one.";
            return self.wrong(path, Code::Shape, words);
        };
        if names.len() > limits::PROPERTIES {
            let words = format!("\"properties\" has at most {} names.", limits::PROPERTIES);
            return self.wrong(path, Code::Limit, words);
        }
        let name = |name: &Value| name.as_str().and_then(|name| one_line(name, filter::MAX_NAME));
        let all: Option<BTreeSet<String>> = names.iter().map(name).collect();
        if all.is_none() {
            let words = format!("A property's name has 1 to {} characters.", filter::MAX_NAME);
            self.reader.note(path, Code::Shape, words);
        }
        all
    }

    fn every(&mut self, entries: &Map<String, Value>) -> Option<Every> {
        let (every, path) = (entries.get("every").and_then(Value::as_str), "/trigger");
        if every == Some("hour") {
            return Some(Every::Hour);
        }
        let hour =
            whole(entries.get("hour")).and_then(|hour| u8::try_from(hour).ok()).filter(|hour| *hour < 24);
        let weekday = entries.get("weekday");
        let weekday = Weekday::ALL.into_iter().find(|(name, _)| weekday.is_some_and(|day| *day == *name));
        let weekday = weekday.map(|(_, weekday)| weekday);
        if !matches!(every, Some("day" | "week")) {
            return self.wrong(path, Code::Shape, "\"every\" is `hour`, `day` or `week`.");
        }
        if hour.is_none() {
            self.reader.note(path, Code::Shape, "\"hour\" is a whole number from 0 to 23.");
        }
        if every == Some("day") {
            return Some(Every::Day { hour: hour? });
        }
        if weekday.is_none() {
            self.reader.note(path, Code::Shape, "\"weekday\" is a day as `monday`.");
        }
        Some(Every::Week { weekday: weekday?, hour: hour? })
    }

    fn enrolment(&mut self, value: &Value) -> Option<Again> {
        let path = "/enrolment";
        let again = value.get("again").and_then(Value::as_str).unwrap_or_default();
        let known: &[&str] = if again == "when" { &["again", "when"] } else { &["again"] };
        let entries = self.reader.object(value, path, known)?;
        match (again, entries.get("when")) {
            ("once", _) => Some(Again::Once),
            ("every_time", _) => Some(Again::EveryTime),
            ("when", Some(when)) => self.filter(when, "/enrolment/when").map(Again::When),
            ("when", None) => self.wrong(path, Code::Shape, "\"when\" is missing: a filter."),
            _ => self.wrong(path, Code::Shape, "\"again\" is `once`, `every_time` or `when`."),
        }
    }

    /// A filter over the record and what belongs to it.
    fn filter(&mut self, value: &Value, path: &str) -> Option<Filter> {
        let filter = match Filter::from_value(value) {
            Ok(filter) => filter,
            Err(faults) => {
                self.reader.faults.extend(within(path, faults));
                return None;
            }
        };
        let is_known = |of: &str| SUBJECTS.contains(&of) || (of == "event" && self.has_event);
        let unknown = filter.conditions().into_iter().filter_map(|one| one.of()).find(|of| !is_known(of));
        if let Some(of) = unknown {
            let words = if of == "event" {
                "Only a workflow that an event begins can ask of the `event`.".to_owned()
            } else {
                format!(
                    "\"of\" is event, {}, or absent: then the record itself is asked. `{of}` is none of them.",
                    SUBJECTS.join(", ")
                )
            };
            return self.wrong(path, Code::Shape, words);
        }
        Some(filter)
    }

    fn steps(&mut self, steps: &[Value], path: &str, depth: usize) -> Option<Vec<Step>> {
        if depth > limits::DEPTH && !steps.is_empty() {
            let words = format!("Steps nest at most {} deep; these are deeper.", limits::DEPTH);
            return self.wrong(path, Code::Limit, words);
        }
        self.steps += steps.len();
        if self.steps > limits::STEPS {
            return self.wrong(path, Code::Limit, format!("A workflow has at most {} steps.", limits::STEPS));
        }
        let read: Vec<Option<Step>> = steps
            .iter()
            .enumerate()
            .map(|(index, step)| self.step(step, &format!("{path}/{index}"), depth))
            .collect();
        read.into_iter().collect()
    }

    fn step(&mut self, value: &Value, path: &str, depth: usize) -> Option<Step> {
        let Some(entries) = value.as_object() else { return self.wrong(path, Code::Shape, forms()) };
        let id = self.id(entries, path);
        if entries.contains_key("do") {
            let step = self.action(entries, path);
            return Some(Step { id: id?, what: What::Act(step?) });
        }
        let form = FORMS.into_iter().find(|(key, _)| entries.contains_key(*key));
        let Some((form, known)) = form else { return self.wrong(path, Code::Shape, forms()) };
        self.reader.object(value, path, known)?;
        let own = &entries[form];
        let own_path = format!("{path}/{form}");
        let what = match form {
            "if" => {
                let filter = self.filter(own, &own_path);
                let then = self.inner(entries, path, "then", depth);
                if !entries.contains_key("then") {
                    self.reader.note(
                        path,
                        Code::Shape,
                        "\"then\" is missing: what is done where the filter holds.",
                    );
                }
                let otherwise = self.inner(entries, path, "else", depth);
                Some(What::If { filter: filter?, then: then?, otherwise: otherwise? })
            }
            "wait" => self.span(own, &own_path).map(What::Wait),
            "wait_until" => {
                let filter = self.filter(own, &own_path);
                let at_most = match entries.get("at_most") {
                    Some(span) => self.span(span, &format!("{path}/at_most")),
                    None => self.wrong(path, Code::Shape, "\"at_most\" is missing: how long is waited."),
                };
                let otherwise = self.inner(entries, path, "else", depth);
                Some(What::WaitUntil { filter: filter?, at_most: at_most?, otherwise: otherwise? })
            }
            "stop" => {
                let words = self.reader.text(entries, path, "stop", limits::WORDS_CHARS, true);
                words.map(What::Stop)
            }
            _ => self.route(own, &own_path).map(What::Decide),
        };
        Some(Step { id: id?, what: what? })
    }

    fn id(&mut self, entries: &Map<String, Value>, path: &str) -> Option<StepId> {
        let id: Option<StepId> = entries.get("id").and_then(Value::as_str).and_then(|text| text.parse().ok());
        let Some(id) = id else {
            let words = format!(
                "\"id\" is what the step is called: 1 to {} of a-z, 0-9, `_` and `-`.",
                StepId::CHARS
            );
            return self.wrong(path, Code::Shape, words);
        };
        if !self.ids.insert(id.clone()) {
            let words = format!("There is another step called `{id}`.");
            return self.wrong(&format!("{path}/id"), Code::Impossible, words);
        }
        Some(id)
    }

    /// The steps that lie in one; absent: none.
    fn inner(
        &mut self,
        entries: &Map<String, Value>,
        path: &str,
        key: &str,
        depth: usize,
    ) -> Option<Vec<Step>> {
        let path = format!("{path}/{key}");
        match entries.get(key) {
            None => Some(Vec::new()),
            Some(Value::Array(steps)) => self.steps(steps, &path, depth + 1),
            Some(_) => self.wrong(&path, Code::Shape, format!("\"{key}\" is a list of steps.")),
        }
    }

    /// A step as an automation has it, but for its id, and `do` in the place of `action`.
    fn action(&mut self, entries: &Map<String, Value>, path: &str) -> Option<ActionStep> {
        if entries.contains_key("action") {
            return self.wrong(path, Code::Shape, "An action is called by \"do\" alone.");
        }
        let rename = |(key, value): (&String, &Value)| {
            let key = if key == "do" { "action" } else { key };
            (key.to_owned(), value.clone())
        };
        let members: Map<String, Value> =
            entries.iter().filter(|(key, _)| *key != "id").map(rename).collect();
        // Of a trigger that is wrong, the faults of steps are told once it is right.
        let record = self.record?;
        match ActionStep::parse(&Value::Object(members), vocabulary(record)) {
            Ok(step) => {
                let of_event = step.names().into_iter().any(|(word, name)| word == "event" && name != "at");
                if of_event && !self.has_event {
                    let words = "Only a workflow that an event begins can name facts of the `event`.";
                    return self.wrong(path, Code::Shape, words);
                }
                Some(step)
            }
            Err(faults) => {
                self.reader.faults.extend(within(path, faults));
                None
            }
        }
    }

    fn span(&mut self, value: &Value, path: &str) -> Option<Span> {
        let entries = self.reader.object(value, path, &["count", "unit"])?;
        let count = whole(entries.get("count")).and_then(|count| u32::try_from(count).ok());
        let count = count.filter(|count| *count > 0);
        if count.is_none() {
            self.reader.note(path, Code::Shape, "\"count\" is a whole number above 0.");
        }
        let unit = entries.get("unit");
        let unit = Unit::ALL.into_iter().find(|(name, _)| unit.is_some_and(|unit| *unit == *name));
        if unit.is_none() {
            let names = Unit::ALL.map(|(name, _)| name).join("`, `");
            self.reader.note(path, Code::Shape, format!("\"unit\" is one of `{names}`."));
        }
        let span = Span { count: count?, unit: unit?.1 };
        if span.ms() > i64::from(limits::WAIT_DAYS) * DAY_MS {
            let words = format!("A wait has at most {} days.", limits::WAIT_DAYS);
            return self.wrong(path, Code::Limit, words);
        }
        Some(span)
    }

    fn route(&mut self, value: &Value, path: &str) -> Option<Route> {
        let entries = self.reader.object(value, path, &["route", "label"])?;
        let route = self.reader.text(entries, path, "route", limits::NAME_CHARS, true);
        let label = self.reader.text(entries, path, "label", limits::NAME_CHARS, false);
        Some(Route { route: route?, label })
    }
}

fn forms() -> String {
    let names = FORMS.map(|(name, _)| name).join("`, `");
    format!("A step is an object with an \"id\" and one of `do`, `{names}`.")
}

/// A whole number, however it is written.
fn whole(value: Option<&Value>) -> Option<u64> {
    let number = value?.as_f64()?;
    (number.fract() == 0.0 && (0.0..=1e9).contains(&number)).then_some(number as u64)
}

//! A definition as JSON: canonical, so that definitions that are equal give equal text, and read back as they were.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::definition::{Again, Definition, Every, Passage, Span, Step, Trigger, Unit, Weekday, What};

impl Definition {
    /// As JSON, with every member that has a meaning.
    pub fn to_json(&self) -> Value {
        let mut all = json!({
            "name": self.name,
            "trigger": self.trigger.to_json(),
            "conditions": self.conditions,
            "enrolment": match &self.again {
                Again::Once => json!({ "again": "once" }),
                Again::EveryTime => json!({ "again": "every_time" }),
                Again::When(filter) => json!({ "again": "when", "when": filter }),
            },
            "steps": steps(&self.steps),
        });
        if let Some(description) = &self.description {
            all["description"] = json!(description);
        }
        all
    }
}

impl Serialize for Definition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl Trigger {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Event { event, record } => json!({ "on": "event", "event": event, "record": record }),
            Self::Change { record, kinds, properties } => {
                let kinds: Vec<&str> = kinds.iter().map(|kind| name(&Passage::ALL, *kind)).collect();
                let mut all = json!({ "on": "change", "record": record, "kinds": kinds });
                if !properties.is_empty() {
                    all["properties"] = json!(properties);
                }
                all
            }
            Self::Schedule { record, every } => {
                let mut all = json!({ "on": "schedule", "record": record });
                match every {
                    Every::Hour => all["every"] = json!("hour"),
                    Every::Day { hour } => (all["every"], all["hour"]) = (json!("day"), json!(hour)),
                    Every::Week { weekday, hour } => {
                        (all["every"], all["hour"]) = (json!("week"), json!(hour));
                        all["weekday"] = json!(name(&Weekday::ALL, *weekday));
                    }
                }
                all
            }
        }
    }
}

impl Step {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        let mut all = Map::from_iter([("id".to_owned(), json!(self.id))]);
        let mut set = |key: &str, value: Value| drop(all.insert(key.to_owned(), value));
        match &self.what {
            What::Act(step) => {
                for (key, value) in step.members() {
                    set(if key == "action" { "do" } else { key }, value.clone());
                }
            }
            What::If { filter, then, .. } => {
                set("if", json!(filter));
                set("then", steps(then));
            }
            What::Wait(span) => set("wait", span.to_json()),
            What::WaitUntil { filter, at_most, .. } => {
                set("wait_until", json!(filter));
                set("at_most", at_most.to_json());
            }
            What::Stop(words) => set("stop", json!(words)),
            What::Decide(route) => set("decide", json!(route)),
        }
        if let [_, (key, otherwise)] = self.inner()
            && !otherwise.is_empty()
        {
            set(key, steps(otherwise));
        }
        Value::Object(all)
    }
}

impl Span {
    /// As JSON.
    pub fn to_json(self) -> Value {
        json!({ "count": self.count, "unit": name(&Unit::ALL, self.unit) })
    }
}

fn steps(all: &[Step]) -> Value {
    all.iter().map(Step::to_json).collect()
}

/// What one of a list of named things is called.
fn name<T: PartialEq + Copy>(all: &[(&'static str, T)], one: T) -> &'static str {
    all.iter().find(|(_, own)| *own == one).map_or("", |(name, _)| name)
}

//! Qualifying lists: a name and a filter.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{NAME_CHARS, VOCABULARY};
use crate::{
    engine::{
        host_fields::WithHosts,
        reader::{Reader, fault, within},
    },
    values::{
        filter::{self, Code, Fault, Fields, Filter, Use},
        ids::ObjectType,
    },
};

/// What a condition's `of` may be, besides nothing: then it asks of the signal itself.
const OWNERS: [&str; 4] = ["account", "visitor", "company", "contact"];

/// Which signals qualify.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// What people call it.
    pub name: String,
    /// What holds of the signal and of whom it is about.
    pub filter: Filter,
}

/// The type of HubSpot's records that a word of a filter or template stands for; `None`: it is the host's.
pub fn of_subject(of: &str) -> Option<ObjectType> {
    VOCABULARY.of_word(of)
}

impl List {
    /// Reads a definition. Paths of the faults are relative to it.
    pub fn parse(value: &Value) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::default();
        let Some(entries) = reader.object(value, "", &["name", "filter"]) else { return Err(reader.faults) };
        let name = reader.text(entries, "", "name", NAME_CHARS, true).unwrap_or_default();
        let filter = Filter::from_value(entries.get("filter").unwrap_or(&Value::Null));
        let filter = filter.map_err(|faults| {
            reader.faults.extend(within("/filter", faults));
        });
        let Ok(filter) = filter else { return Err(reader.faults) };
        for of in filter.conditions().iter().filter_map(|condition| condition.of()) {
            if !OWNERS.contains(&of) {
                let words = format!(
                    "\"of\" is {}, or absent: then the signal itself is asked. `{of}` is none of them.",
                    OWNERS.join(", ")
                );
                reader.faults.push(fault("/filter", Code::Shape, words));
            }
        }
        if reader.faults.is_empty() { Ok(Self { name, filter }) } else { Err(reader.faults) }
    }

    /// The definition as JSON.
    pub fn to_json(&self) -> Value {
        json!({ "name": self.name, "filter": self.filter })
    }

    /// Everything that is wrong with it for the fields of HubSpot's there are.
    pub fn check(&self, fields: &dyn Fields) -> Vec<Fault> {
        within("/filter", self.filter.check(&self.with_hosts(fields), Use::Selection)).collect()
    }

    /// In words.
    pub fn describe(&self, fields: &dyn Fields) -> String {
        self.filter.describe(&self.with_hosts(fields))
    }

    /// One of its conditions, in words.
    pub fn describe_condition(&self, condition: &filter::Condition, fields: &dyn Fields) -> String {
        condition.describe(&self.with_hosts(fields))
    }

    fn with_hosts<'a>(&'a self, fields: &'a dyn Fields) -> WithHosts<'a> {
        WithHosts { fields, filter: &self.filter, is_record: |of| of.and_then(of_subject).is_some() }
    }

    /// Names of the fields of a type that it reads.
    pub fn reads(&self, kind: ObjectType) -> BTreeSet<&str> {
        let all = self.filter.properties().into_iter();
        all.filter(|(of, name)| of.and_then(of_subject) == Some(kind) && *name != "hs_object_id")
            .map(|(_, name)| name)
            .collect()
    }

    /// Whether it asks anything of records of a type, if only whether there is one.
    pub fn asks_of(&self, kind: ObjectType) -> bool {
        let conditions = self.filter.conditions();
        conditions.iter().any(|condition| condition.of().and_then(of_subject) == Some(kind))
    }
}

//! Automations: what is done for a signal that qualifies, step by step.
//!
//! A step is an [`ActionStep`] whose texts may name facts of `signal`, `account`, `visitor`, `company` and `contact`. What is not said is what
//! one would expect: the account's domain, the visitor's address, the records that the signal is about.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::NAME_CHARS;
use crate::{
    engine::{
        action_step::{ActionStep, Vocabulary},
        reader::{Reader, within},
    },
    values::{
        filter::{Code, Fault},
        ids::{ObjectType, QualifyingListId},
    },
};

/// Most steps: an automation of Koala's has five.
pub const MAX_STEPS: usize = 10;
/// Longest cool-down: a year.
pub const MAX_COOL_DOWN_HOURS: u32 = 8_760;
/// The cool-down where nothing is said: a task a day for one account is what people still read.
const COOL_DOWN_HOURS: u32 = 24;

/// What the steps of an automation may name, and mean where they do not say.
pub const VOCABULARY: Vocabulary = Vocabulary {
    happening: "signal",
    hosts: &["account", "visitor"],
    records: &[("contact", ObjectType::Contacts), ("company", ObjectType::Companies)],
    record: None,
    domain: "{{account.domain}}",
    company_name: Some("{{account.name}}"),
    email: "{{visitor.email}}",
    is_company: "The account",
    is_contact: "The visitor",
};

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
    pub steps: Vec<ActionStep>,
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
                let mut read = |(index, step)| {
                    let step = ActionStep::parse(step, VOCABULARY);
                    step.map_err(|faults| reader.faults.extend(within(&format!("/steps/{index}"), faults)))
                        .ok()
                };
                steps.iter().enumerate().filter_map(&mut read).collect()
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
        let named = self.steps.iter().flat_map(|step| step.reads(VOCABULARY));
        named.filter(|(of, _)| *of == kind).map(|(_, name)| name).collect()
    }

    /// The definition as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name, "list": self.list, "cool_down_hours": self.cool_down_hours, "per": self.per,
            "steps": self.steps,
        })
    }
}

//! The editor of a filter: what a person sent becomes a filter, a filter becomes an editor.
//!
//! The rows have no numbers: names repeat, and their order says what belongs to what. A condition begins with `property`, a group with `group`.
//! [`catalog`] knows the fields that can be named, [`condition`] is one row and the groups of rows.

mod catalog;
mod condition;

use serde_json::{Value, json};

pub use catalog::{Catalog, called};
pub(in crate::console::fill) use condition::no_field;
use condition::{Condition, Group, groups};

use crate::{
    console::filter_form::{FilterForm, GroupView},
    values::{filter::Filter, json as own_json},
};

/// A row: its group, and its place there.
pub type Row = (usize, usize);

/// A filter as an editor holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    pub(super) any: bool,
    pub(super) groups: Vec<Group>,
    /// The filter as JSON where the groups do not say it; it need not be right.
    pub(super) beyond: Option<String>,
    json_open: bool,
}

/// A filter, which row each part of it is of, and what is missing: in a row, or in the whole.
pub struct Built {
    /// As the API takes it.
    pub filter: Value,
    /// Paths in a definition that has it as its `filter`.
    pub places: Vec<(String, Row)>,
    /// What is wrong.
    pub wrong: Vec<(Option<Row>, String)>,
}

impl Draft {
    /// A new one: a condition to be filled in.
    pub fn new() -> Self {
        Self { groups: vec![Group { any: false, conditions: vec![Condition::default()] }], ..Self::default() }
    }

    /// One that is there.
    pub fn of(filter: &Value, catalog: &Catalog) -> Self {
        let mut draft = Self { groups: vec![Group::default()], ..Self::default() };
        draft.take(filter, catalog);
        draft
    }

    /// As it was sent.
    pub fn sent(fields: &[(String, String)], catalog: &Catalog) -> Self {
        let mut draft = Self::default();
        let (mut json, mut json_was, mut was) = ("", "", "");
        for (name, value) in fields {
            let condition = draft.groups.last_mut().and_then(|group| group.conditions.last_mut());
            match (name.as_str(), condition) {
                ("join", _) => draft.any = value == "any",
                ("beyond", _) => draft.beyond = Some(String::new()),
                ("group", _) => draft.groups.push(Group { any: value == "any", conditions: Vec::new() }),
                ("property", _) => {
                    if let Some(group) = draft.groups.last_mut() {
                        let property = catalog.words(value.trim());
                        group.conditions.push(Condition { property, ..Condition::default() });
                    }
                }
                ("was", Some(_)) => was = value,
                // What was said of another field does not hold of this one.
                ("operator" | "unit" | "value", Some(condition)) if condition.property != was => {}
                ("operator", Some(condition)) => condition.operator.clone_from(value),
                ("unit", Some(condition)) => condition.unit.clone_from(value),
                ("value", Some(condition)) => {
                    let lines = value.lines().map(str::trim).filter(|line| !line.is_empty());
                    condition.values.extend(lines.map(str::to_owned));
                    // Of two fields, the first may be empty.
                    if value.trim().is_empty() {
                        condition.values.push(String::new());
                    }
                }
                ("json", _) => json = value,
                ("json-was", _) => json_was = value,
                _ => {}
            }
        }
        let plain = |text: &str| text.replace('\r', "").trim().to_owned();
        let json = plain(json);
        if draft.beyond.is_some() {
            draft.beyond = Some(json.clone());
        }
        if json != plain(json_was) {
            draft.json_open = true;
            match own_json::parse::<Value>(&json) {
                Ok(filter) => draft.take(&filter, catalog),
                Err(_) => draft.beyond = Some(json),
            }
        }
        if draft.groups.is_empty() {
            draft.groups.push(Group::default());
        }
        draft
    }

    /// Takes a filter: into the editor where that can say it.
    fn take(&mut self, filter: &Value, catalog: &Catalog) {
        match groups(filter, catalog).filter(|_| Filter::from_value(filter).is_ok()) {
            Some((any, groups)) => (self.any, self.groups, self.beyond) = (any, groups, None),
            None => self.beyond = Some(format!("{filter:#}")),
        }
    }

    /// Does what a button says; the id of what a person goes on with, where a row came or went.
    pub fn act(&mut self, button: &str) -> Option<String> {
        let mut words = button.split(' ');
        let what = words.next().unwrap_or_default();
        let mut place = || words.next().and_then(|word| word.parse::<usize>().ok()).unwrap_or(usize::MAX);
        let (first, second) = (place(), place());
        match what {
            "add-group" => {
                if self.groups.len() == 1 {
                    // Two groups of "all" that must all hold would be one.
                    self.any = true;
                }
                self.groups.push(Group { any: false, conditions: vec![Condition::default()] });
                Some(format!("c{}-0-field", self.groups.len() - 1))
            }
            "drop-group" if first < self.groups.len() && self.groups.len() > 1 => {
                self.groups.remove(first);
                Some("add-group".to_owned())
            }
            "add-condition" => {
                let conditions = &mut self.groups.get_mut(first)?.conditions;
                conditions.push(Condition::default());
                Some(format!("c{first}-{}-field", conditions.len() - 1))
            }
            "drop-condition" => {
                let conditions = &mut self.groups.get_mut(first)?.conditions;
                if second < conditions.len() {
                    conditions.remove(second);
                }
                Some(format!("add-condition-{first}"))
            }
            "anew" => {
                *self = Self::new();
                Some("c0-0-field".to_owned())
            }
            "json" => {
                self.json_open = true;
                None
            }
            _ => None,
        }
    }

    /// The filter that it means.
    pub fn built(&self, catalog: &Catalog) -> Built {
        let mut all = Built { filter: json!({ "and": [] }), places: Vec::new(), wrong: Vec::new() };
        if let Some(text) = &self.beyond {
            match own_json::parse::<Value>(text) {
                Ok(filter) => all.filter = filter,
                Err(_) => all.wrong.push((None, "The JSON of the filter cannot be read: a bracket, quote or comma is missing or too much.".to_owned())),
            }
            return all;
        }
        let mut parts: Vec<(&str, Vec<(Value, Row)>)> = Vec::new();
        for (place, group) in self.groups.iter().enumerate() {
            let mut conditions = Vec::new();
            for (number, condition) in group.conditions.iter().enumerate() {
                if condition.property.is_empty() {
                    continue;
                }
                match condition.build(catalog) {
                    Ok(value) => conditions.push((value, (place, number))),
                    Err(words) => all.wrong.push((Some((place, number)), words)),
                }
            }
            if !conditions.is_empty() {
                parts.push((if group.any { "or" } else { "and" }, conditions));
            }
        }
        let outer = if self.any { "or" } else { "and" };
        let single = parts.len() == 1;
        let mut built = Vec::new();
        for (place, (join, conditions)) in parts.into_iter().enumerate() {
            let before = if single { "/filter".to_owned() } else { format!("/filter/{outer}/{place}") };
            let mut values = Vec::new();
            for (number, (value, at)) in conditions.into_iter().enumerate() {
                all.places.push((format!("{before}/{join}/{number}"), at));
                values.push(value);
            }
            built.push(json!({ join: values }));
        }
        match built.len() {
            0 => {}
            1 => all.filter = built.remove(0),
            _ => all.filter = json!({ outer: built }),
        }
        all
    }

    /// The editor to be shown; for whom, see [`FilterForm`]. `wrong`: what is, of each row.
    pub fn view(
        &self,
        catalog: &Catalog,
        (subject, every): (&'static str, String),
        wrong: &dyn Fn(Row) -> Option<String>,
    ) -> FilterForm {
        let built = self.built(catalog);
        let json = match &self.beyond {
            Some(text) => text.clone(),
            None if built.wrong.is_empty() => format!("{:#}", built.filter),
            None => String::new(),
        };
        let words = |filter: Filter| format!("{}.", filter.describe(catalog));
        let beyond = self.beyond.as_ref().map(|_| {
            Filter::from_value(&built.filter)
                .map_or_else(|_| "The JSON below is not a filter yet.".to_owned(), words)
        });
        let group = |(place, group): (usize, &Group)| GroupView {
            any: group.any,
            conditions: group
                .conditions
                .iter()
                .enumerate()
                .map(|(number, one)| one.view(catalog, wrong((place, number))))
                .collect(),
        };
        FilterForm {
            subject,
            every,
            any: self.any,
            groups: self.groups.iter().enumerate().map(group).collect(),
            json_open: self.json_open || beyond.is_some(),
            beyond,
            json,
        }
    }
}

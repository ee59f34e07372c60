//! The form of a channel: what a person sent becomes a definition, a definition becomes a form.
//!
//! The rows of a form have no numbers: names repeat, and their order says what belongs to what. A condition begins with `property`, a group
//! with `group`, a field that is handed over with `from-property`. [`catalog`] knows the fields that can be named, [`condition`]
//! is one row and the groups of rows, [`preview`] the words for what a draft comes to.

mod catalog;
mod condition;
mod preview;

use serde_json::{Value, json};

use catalog::Known;
pub use catalog::{Catalog, called, lists};
use condition::{Condition, Group, groups, no_field};
pub use preview::preview;

use crate::{
    console::{
        channel_form::{ChannelFormView, GroupView, ListLine, MappingView},
        connection::ConnectionFrame,
    },
    values::{
        filter::{Fault, Filter},
        json as own_json,
    },
};
/// A channel as a form holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    name: String,
    by_list: bool,
    list: String,
    any: bool,
    groups: Vec<Group>,
    /// The filter as JSON where the groups do not say it; it need not be right.
    beyond: Option<String>,
    json_open: bool,
    fields: Vec<Row>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Row {
    field: String,
    property: String,
    default: String,
}

/// Where in a form something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Form,
    Condition(usize, usize),
    Field(usize),
}

/// What is wrong with a form, and where.
#[derive(Debug, Default)]
pub struct Wrong(Vec<(Place, String)>);

/// A definition, and which place of the form each part of it is of.
pub struct Built {
    /// As the API takes it.
    pub definition: Value,
    places: Vec<(String, Place)>,
}

impl Built {
    /// What the engine finds wrong, at the places of the form.
    pub fn wrong(&self, faults: &[Fault]) -> Wrong {
        let place = |fault: &Fault| {
            let holds = |path: &&(String, Place)| {
                fault
                    .path
                    .strip_prefix(path.0.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            self.places.iter().find(holds).map_or(Place::Form, |found| found.1)
        };
        Wrong(faults.iter().map(|fault| (place(fault), fault.detail.replace('`', ""))).collect())
    }
}

impl Wrong {
    /// Something that belongs to no row.
    pub fn of(words: &str) -> Self {
        Self(vec![(Place::Form, words.to_owned())])
    }

    fn at(&self, place: Place) -> Option<String> {
        self.0.iter().find(|(own, _)| *own == place).map(|(_, words)| words.clone())
    }
}

impl Draft {
    /// A new channel: by filter, handing over what tells records apart.
    pub fn new(usual: &[&str], catalog: &Catalog) -> Self {
        let known = usual.iter().filter_map(|name| catalog.find(name));
        let row = |field: &Known| Row { property: field.words.clone(), ..Row::default() };
        let fields = known.map(row).collect();
        Self {
            groups: vec![Group { any: false, conditions: vec![Condition::default()] }],
            fields,
            ..Self::default()
        }
    }

    /// One that is there.
    pub fn of(definition: &Value, catalog: &Catalog) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let row = |value: &Value| {
            let (field, property) = (text(&value["field"]), text(&value["property"]));
            let field = if field == property { String::new() } else { field };
            Row { field, property: catalog.words(&property).to_owned(), default: text(&value["default"]) }
        };
        let mut draft = Self {
            name: text(&definition["name"]),
            by_list: definition.get("list").is_some(),
            list: text(&definition["list"]),
            groups: vec![Group::default()],
            fields: definition["fields"].as_array().into_iter().flatten().map(row).collect(),
            ..Self::default()
        };
        if let Some(filter) = definition.get("filter") {
            draft.take(filter, catalog);
        }
        draft
    }

    /// As it was sent.
    pub fn sent(fields: &[(String, String)], catalog: &Catalog) -> Self {
        let mut draft = Self::default();
        let (mut json, mut json_was, mut was) = ("", "", "");
        for (name, value) in fields {
            let condition = draft.groups.last_mut().and_then(|group| group.conditions.last_mut());
            match (name.as_str(), condition) {
                ("name", _) => draft.name.clone_from(value),
                ("by", _) => draft.by_list = value == "list",
                ("list", _) => draft.list.clone_from(value),
                ("join", _) => draft.any = value == "any",
                ("beyond", _) => draft.beyond = Some(String::new()),
                ("group", _) => draft.groups.push(Group { any: value == "any", conditions: Vec::new() }),
                ("property", _) => {
                    if let Some(group) = draft.groups.last_mut() {
                        let property = catalog.words(value.trim()).to_owned();
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
                ("from-property", _) => {
                    let property = catalog.words(value.trim()).to_owned();
                    draft.fields.push(Row { property, ..Row::default() });
                }
                ("host-field" | "default", _) => {
                    if let Some(row) = draft.fields.last_mut() {
                        let own = if name == "default" { &mut row.default } else { &mut row.field };
                        value.trim().clone_into(own);
                    }
                }
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
            "add-field" => {
                self.fields.push(Row::default());
                Some(format!("m{}-from", self.fields.len() - 1))
            }
            "drop-field" if first < self.fields.len() => {
                self.fields.remove(first);
                Some("add-field".to_owned())
            }
            "anew" => {
                self.beyond = None;
                self.groups = vec![Group { any: false, conditions: vec![Condition::default()] }];
                Some("c0-0-field".to_owned())
            }
            "json" => {
                self.json_open = true;
                None
            }
            _ => None,
        }
    }

    /// The filter, with the path of each condition; what is missing.
    fn filter(&self, catalog: &Catalog) -> (Value, Vec<(String, Place)>, Wrong) {
        let (mut places, mut wrong) = (Vec::new(), Wrong::default());
        if let Some(text) = &self.beyond {
            let value = own_json::parse::<Value>(text).unwrap_or_else(|_| {
                wrong.0.push((Place::Form, "The JSON of the filter cannot be read: a bracket, quote or comma is missing or too much.".to_owned()));
                json!({ "and": [] })
            });
            return (value, places, wrong);
        }
        let mut parts: Vec<(&str, Vec<(Value, Place)>)> = Vec::new();
        for (place, group) in self.groups.iter().enumerate() {
            let mut conditions = Vec::new();
            for (number, condition) in group.conditions.iter().enumerate() {
                if condition.property.is_empty() {
                    continue;
                }
                let at = Place::Condition(place, number);
                match condition.build(catalog) {
                    Ok(value) => conditions.push((value, at)),
                    Err(words) => wrong.0.push((at, words)),
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
                places.push((format!("{before}/{join}/{number}"), at));
                values.push(value);
            }
            built.push(json!({ join: values }));
        }
        let filter = match built.len() {
            0 => json!({ "and": [] }),
            1 => built.remove(0),
            _ => json!({ outer: built }),
        };
        (filter, places, wrong)
    }

    /// The definition that the form means; otherwise what is missing.
    pub fn build(&self, object_type: &str, catalog: &Catalog) -> Result<Built, Wrong> {
        let mut wrong = Wrong::default();
        let mut definition = json!({ "object_type": object_type, "name": self.name.trim() });
        let mut places = Vec::new();
        if self.by_list {
            definition["list"] = json!(self.list);
            if self.list.is_empty() {
                wrong.0.push((Place::Form, "Choose the list.".to_owned()));
            }
        } else {
            let (filter, own, missing) = self.filter(catalog);
            (definition["filter"], places, wrong) = (filter, own, missing);
        }
        let mut fields = Vec::new();
        for (number, row) in self.fields.iter().enumerate().filter(|(_, row)| **row != Row::default()) {
            let Some(known) = catalog.find(&row.property) else {
                wrong.0.push((Place::Field(number), no_field(&row.property)));
                continue;
            };
            let field = if row.field.is_empty() { known.name.as_str() } else { &row.field };
            let mut entry = json!({ "field": field, "property": known.name });
            if !row.default.is_empty() {
                entry["default"] = json!(row.default);
            }
            places.push((format!("/fields/{}", fields.len()), Place::Field(number)));
            fields.push(entry);
        }
        if fields.is_empty() && wrong.0.is_empty() {
            wrong.0.push((Place::Form, "Choose at least one field that is handed over.".to_owned()));
        }
        definition["fields"] = Value::Array(fields);
        if wrong.0.is_empty() { Ok(Built { definition, places }) } else { Err(wrong) }
    }

    /// Whether it can be saved without a name that people would miss.
    pub fn has_name(&self) -> bool {
        !self.name.trim().is_empty()
    }

    /// The list that is chosen.
    pub fn list(&self) -> &str {
        &self.list
    }

    /// The form to be shown.
    pub fn view(
        &self,
        at: ConnectionFrame,
        (id, object_type): (Option<String>, &str),
        catalog: &Catalog,
        lists: Vec<ListLine>,
        wrong: &Wrong,
    ) -> ChannelFormView {
        let (filter, _, missing) = self.filter(catalog);
        let complete = missing.0.is_empty();
        let json = match &self.beyond {
            Some(text) => text.clone(),
            None if complete => format!("{filter:#}"),
            None => String::new(),
        };
        let words = |filter: Filter| format!("{}.", filter.describe(catalog));
        let beyond = self.beyond.as_ref().map(|_| {
            Filter::from_value(&filter)
                .map_or_else(|_| "The JSON below is not a filter yet.".to_owned(), words)
        });
        let group = |(place, group): (usize, &Group)| GroupView {
            any: group.any,
            conditions: group
                .conditions
                .iter()
                .enumerate()
                .map(|(number, one)| one.view(catalog, wrong.at(Place::Condition(place, number))))
                .collect(),
        };
        let row = |(number, row): (usize, &Row)| MappingView {
            field: row.field.clone(),
            property: row.property.clone(),
            default: row.default.clone(),
            wrong: wrong.at(Place::Field(number)),
        };
        let of_form = wrong.0.iter().filter(|(place, _)| *place == Place::Form);
        ChannelFormView {
            at,
            id,
            object_type: object_type.to_owned(),
            name: self.name.clone(),
            by_list: self.by_list,
            lists,
            list: self.list.clone(),
            any: self.any,
            groups: self.groups.iter().enumerate().map(group).collect(),
            json_open: self.json_open || beyond.is_some(),
            beyond,
            json,
            fields: self.fields.iter().enumerate().map(row).collect(),
            known: catalog.known.iter().map(|field| (field.words.clone(), field.name.clone())).collect(),
            left_out: catalog.left_out,
            errors: of_form.map(|(_, words)| words.clone()).collect(),
            wrong_rows: wrong.0.iter().filter(|(place, _)| *place != Place::Form).count(),
            refused: false,
            preview: None,
            focus: None,
        }
    }
}
#[cfg(test)]
mod tests;

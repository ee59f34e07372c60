//! The form of a channel: what a person sent becomes a definition, a definition becomes a form.
//!
//! The rows of a form have no numbers: names repeat, and their order says what belongs to what. A field that is handed over begins with
//! `from-property`; what belongs to the filter is [`filter_form`]'s. [`lists`] knows the lists that can be chosen, [`preview`] the words for
//! what a draft comes to.

mod lists;
mod preview;

use serde_json::{Value, json};

pub use lists::lists;
pub use preview::preview;

use crate::{
    console::{
        channel_form::{ChannelFormView, ListLine, MappingView},
        connection::ConnectionFrame,
        fill::filter_form::{self, Catalog, no_field},
    },
    values::filter::Fault,
};

/// A channel as a form holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    name: String,
    by_list: bool,
    list: String,
    filter: filter_form::Draft,
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
        let fields = known.map(|field| Row { property: field.words.clone(), ..Row::default() }).collect();
        Self { filter: filter_form::Draft::new(), fields, ..Self::default() }
    }

    /// One that is there.
    pub fn of(definition: &Value, catalog: &Catalog) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let row = |value: &Value| {
            let (field, property) = (text(&value["field"]), text(&value["property"]));
            let field = if field == property { String::new() } else { field };
            Row { field, property: catalog.words(&property), default: text(&value["default"]) }
        };
        Self {
            name: text(&definition["name"]),
            by_list: definition.get("list").is_some(),
            list: text(&definition["list"]),
            filter: filter_form::Draft::of(
                definition.get("filter").unwrap_or(&json!({ "and": [] })),
                catalog,
            ),
            fields: definition["fields"].as_array().into_iter().flatten().map(row).collect(),
        }
    }

    /// As it was sent.
    pub fn sent(fields: &[(String, String)], catalog: &Catalog) -> Self {
        let mut draft = Self { filter: filter_form::Draft::sent(fields, catalog), ..Self::default() };
        for (name, value) in fields {
            match name.as_str() {
                "name" => draft.name.clone_from(value),
                "by" => draft.by_list = value == "list",
                "list" => draft.list.clone_from(value),
                "from-property" => {
                    draft.fields.push(Row { property: catalog.words(value.trim()), ..Row::default() });
                }
                "host-field" | "default" => {
                    if let Some(row) = draft.fields.last_mut() {
                        let own = if name == "default" { &mut row.default } else { &mut row.field };
                        value.trim().clone_into(own);
                    }
                }
                _ => {}
            }
        }
        draft
    }

    /// Does what a button says; the id of what a person goes on with, where a row came or went.
    pub fn act(&mut self, button: &str) -> Option<String> {
        let (what, place) = button.split_once(' ').unwrap_or((button, ""));
        match (what, place.parse::<usize>()) {
            ("add-field", _) => {
                self.fields.push(Row::default());
                Some(format!("m{}-from", self.fields.len() - 1))
            }
            ("drop-field", Ok(place)) if place < self.fields.len() => {
                self.fields.remove(place);
                Some("add-field".to_owned())
            }
            _ => self.filter.act(button),
        }
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
            let built = self.filter.built(catalog);
            definition["filter"] = built.filter;
            let row = |(group, number)| Place::Condition(group, number);
            places.extend(built.places.into_iter().map(|(path, at)| (path, row(at))));
            wrong.0.extend(built.wrong.into_iter().map(|(at, words)| (at.map_or(Place::Form, row), words)));
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
        let row = |(number, row): (usize, &Row)| MappingView {
            field: row.field.clone(),
            property: row.property.clone(),
            default: row.default.clone(),
            wrong: wrong.at(Place::Field(number)),
        };
        let every = format!("every one of the {} matches", at.words(object_type));
        let of_form = wrong.0.iter().filter(|(place, _)| *place == Place::Form);
        ChannelFormView {
            at,
            id,
            object_type: object_type.to_owned(),
            name: self.name.clone(),
            by_list: self.by_list,
            lists,
            list: self.list.clone(),
            filter: self.filter.view(catalog, ("A record is selected", every), &|(group, number)| {
                wrong.at(Place::Condition(group, number))
            }),
            fields: self.fields.iter().enumerate().map(row).collect(),
            known: catalog.proposed(),
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

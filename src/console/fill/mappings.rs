//! Field mappings: what the Portal tells becomes pages, what a person sent becomes a definition.
//!
//! The rows of the form have no numbers: names repeat, and their order says what belongs to what. A row begins with `field`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    console::{
        connection::ConnectionFrame,
        fill::filter_form::called,
        mappings::{ActionLine, MappingFormView, MappingsView, RowView, Standing},
        words::{capitalised, number},
    },
    values::{
        filter::Fault,
        json as own_json,
        mapping::{Action, Entry, Mapping, Source},
        property_value::Nature,
        time::Timestamp,
    },
};

/// Labels of options that are named beside a field.
const OPTIONS_NAMED: usize = 6;

/// The fields of a type that can be filled, as `mappings::commands::Command::Fields` tells them.
#[derive(Debug, Default)]
pub struct Catalog(Vec<Known>);

#[derive(Debug, Deserialize)]
struct Known {
    name: String,
    label: String,
    nature: Nature,
    unique: bool,
    /// Labels of the first of them.
    options: Vec<String>,
    options_count: u64,
    /// What it is called here: its label, and its name where others have the same.
    #[serde(skip)]
    words: String,
}

impl Catalog {
    /// Reads what the Portal told.
    pub fn read(told: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Told {
            results: Vec<Known>,
        }
        let mut known = own_json::parse::<Told>(told).ok()?.results;
        known.sort_by_cached_key(|field| (field.label.to_lowercase(), field.name.clone()));
        let words = called(&known.iter().map(|field| (&*field.label, &*field.name)).collect::<Vec<_>>());
        for (field, words) in known.iter_mut().zip(words) {
            field.words = words;
        }
        Some(Self(known))
    }

    /// By its name or by what it is called here.
    fn find(&self, text: &str) -> Option<&Known> {
        let named = self.0.iter().find(|field| field.name == text);
        named.or_else(|| self.0.iter().find(|field| field.words.eq_ignore_ascii_case(text)))
    }

    /// What a field is called here; what is none stays as it is.
    pub fn words<'a>(&'a self, name: &'a str) -> &'a str {
        self.find(name).map_or(name, |field| &field.words)
    }

    /// HubSpot's name of the field that a person means.
    pub fn name_of(&self, text: &str) -> Option<&str> {
        self.find(text).map(|field| field.name.as_str())
    }

    /// Every field: what it is called, and what it takes.
    pub fn known(&self) -> Vec<(String, String)> {
        self.0.iter().map(|field| (field.words.clone(), field.takes())).collect()
    }
}

impl Known {
    /// What it takes, in words.
    fn takes(&self) -> String {
        let mut words = capitalised(self.nature.words());
        if !self.options.is_empty() {
            let named = self.options.iter().take(OPTIONS_NAMED).map(String::as_str).collect::<Vec<_>>();
            words = format!("{words}: {}", named.join(", "));
            let more = self.options_count.saturating_sub(named.len() as u64);
            if more > 0 {
                words = format!("{words} and {} more", number(more));
            }
        }
        if self.unique { format!("{words}; no two records may share a value") } else { words }
    }
}

/// A mapping, as the API tells it.
#[derive(Debug, Deserialize)]
pub struct Told {
    action: Action,
    state: String,
    entries: Vec<Value>,
    updated_at: String,
}

impl Told {
    /// Reads one.
    pub fn read(told: &str) -> Option<Self> {
        own_json::parse(told).ok()
    }

    fn standing(&self) -> Standing {
        match self.state.as_str() {
            "ready" => Standing::Ready,
            "unchecked" => Standing::Unchecked,
            _ => Standing::Broken(
                self.entries.iter().filter(|entry| !entry["trouble"].is_null()).count() as u64
            ),
        }
    }
}

/// The page of all actions.
pub fn page(at: ConnectionFrame, told: &str) -> Option<MappingsView> {
    #[derive(Deserialize)]
    struct All {
        results: Vec<Told>,
    }
    let all = own_json::parse::<All>(told).ok()?.results;
    let mut saved: BTreeMap<Action, Told> = all.into_iter().map(|one| (one.action, one)).collect();
    let line = |action| match saved.remove(&action) {
        Some(told) => ActionLine {
            action,
            standing: told.standing(),
            entries: told.entries.len() as u64,
            updated_at: Timestamp::parse_rfc3339(&told.updated_at).map(|at| at.0),
        },
        None => ActionLine { action, standing: Standing::None, entries: 0, updated_at: None },
    };
    Some(MappingsView { at, actions: Action::ALL.into_iter().map(line).collect() })
}

/// A mapping as the form holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    rows: Vec<RowView>,
}

/// What is wrong with a form: rows, and what belongs to none.
#[derive(Debug, Default)]
pub struct Wrong {
    rows: BTreeMap<usize, String>,
    form: Vec<String>,
}

/// A definition, and the row of the form that each entry is of.
pub struct Built {
    /// As the API takes it.
    pub definition: Value,
    rows: Vec<usize>,
}

impl Wrong {
    /// Something that belongs to no row.
    pub fn of(words: &str) -> Self {
        Self { form: vec![words.to_owned()], ..Self::default() }
    }
}

impl Built {
    /// What the engine finds wrong, at the rows of the form.
    pub fn wrong(&self, faults: &[Fault]) -> Wrong {
        let mut wrong = Wrong::default();
        for fault in faults {
            let place = fault.path.strip_prefix("/entries/").and_then(|rest| rest.split('/').next());
            let row = place.and_then(|place| self.rows.get(place.parse::<usize>().ok()?));
            let words = fault.detail.replace('`', "");
            match row {
                Some(row) => drop(wrong.rows.entry(*row).or_insert(words)),
                None => wrong.form.push(words),
            }
        }
        wrong
    }
}

impl Draft {
    /// One that is saved, with what has become wrong with it.
    pub fn of(told: &Told, catalog: &Catalog) -> (Self, Wrong) {
        let (mut draft, mut wrong) = (Self::default(), Wrong::default());
        for shown in &told.entries {
            let mut entry = shown.clone();
            if let Some(members) = entry.as_object_mut() {
                members.retain(|key, _| !matches!(key.as_str(), "label" | "property_type" | "trouble"));
            }
            let Ok(mapping) = Mapping::parse(&json!({ "entries": [entry] })) else { continue };
            if let Some(words) = shown["trouble"]["detail"].as_str() {
                wrong.rows.insert(draft.rows.len(), words.replace('`', ""));
            }
            draft.rows.extend(mapping.entries.iter().map(|entry| row(entry, catalog)));
        }
        (draft, wrong)
    }

    /// As it was sent.
    pub fn sent(fields: &[(String, String)], catalog: &Catalog) -> Self {
        let mut draft = Self::default();
        for (name, value) in fields {
            let value = value.trim();
            if name == "field" {
                draft.rows.push(RowView { field: catalog.words(value).to_owned(), ..RowView::default() });
                continue;
            }
            let Some(row) = draft.rows.last_mut() else { continue };
            match name.as_str() {
                "source" => row.is_constant = value == "constant",
                "value" => value.clone_into(&mut row.value),
                "default" => value.clone_into(&mut row.default),
                "type" => value.clone_into(&mut row.declared),
                "only-if-empty" => row.only_if_empty = true,
                "drop-if-refused" => row.drop_if_refused = true,
                _ => {}
            }
        }
        draft
    }

    /// Does what a button says; the id of what a person goes on with, where a row came or went.
    pub fn act(&mut self, button: &str) -> Option<String> {
        let (what, place) = button.split_once(' ').unwrap_or((button, ""));
        match (what, place.parse::<usize>()) {
            ("add", _) => {
                self.rows.push(RowView::default());
                Some(format!("r{}-field", self.rows.len() - 1))
            }
            ("drop", Ok(place)) if place < self.rows.len() => {
                self.rows.remove(place);
                Some("add-row".to_owned())
            }
            _ => None,
        }
    }

    /// The definition that the form means; otherwise what is missing.
    pub fn build(&self, catalog: &Catalog) -> Result<Built, Wrong> {
        let mut wrong = Wrong::default();
        let (mut entries, mut rows) = (Vec::new(), Vec::new());
        for (place, row) in self.rows.iter().enumerate().filter(|(_, row)| !row.is_blank()) {
            match row.entry(catalog) {
                Ok(entry) => {
                    entries.push(entry);
                    rows.push(place);
                }
                Err(words) => drop(wrong.rows.insert(place, words)),
            }
        }
        if entries.is_empty() && wrong.rows.is_empty() {
            wrong.form.push("Add at least one field.".to_owned());
        }
        if wrong.rows.is_empty() && wrong.form.is_empty() {
            Ok(Built { definition: json!({ "entries": entries }), rows })
        } else {
            Err(wrong)
        }
    }

    /// The form to be shown.
    pub fn view(
        &self,
        at: ConnectionFrame,
        action: Action,
        told: Option<&Told>,
        catalog: &Catalog,
        wrong: &Wrong,
    ) -> MappingFormView {
        let row = |(place, row): (usize, &RowView)| {
            let known = catalog.find(&row.field);
            let unknown = || (!row.field.is_empty() && known.is_none()).then(|| no_field(&row.field));
            RowView {
                takes: known.map(Known::takes).unwrap_or_default(),
                wrong: wrong.rows.get(&place).cloned().or_else(unknown),
                ..row.clone()
            }
        };
        MappingFormView {
            at,
            action,
            standing: told.map_or(Standing::None, Told::standing),
            rows: self.rows.iter().enumerate().map(row).collect(),
            known: catalog.known(),
            errors: wrong.form.clone(),
            wrong_rows: wrong.rows.len(),
            refused: false,
            focus: None,
        }
    }
}

impl RowView {
    fn is_blank(&self) -> bool {
        self.field.is_empty() && self.value.is_empty() && self.default.is_empty()
    }

    fn entry(&self, catalog: &Catalog) -> Result<Value, String> {
        let known = catalog.find(&self.field).ok_or_else(|| no_field(&self.field))?;
        let mut entry = json!({ "field": known.name });
        if self.value.is_empty() {
            let words = if self.is_constant {
                "Write what is always written."
            } else {
                "Write your name of the value."
            };
            return Err(words.to_owned());
        }
        if self.is_constant {
            entry["constant"] = json!(self.value);
        } else {
            entry["from"] = json!(self.value);
            for (key, text) in [("default", &self.default), ("type", &self.declared)] {
                if !text.is_empty() {
                    entry[key] = json!(text);
                }
            }
        }
        for (key, flag) in [("only_if_empty", self.only_if_empty), ("drop_if_refused", self.drop_if_refused)]
        {
            if flag {
                entry[key] = json!(true);
            }
        }
        Ok(entry)
    }
}

fn no_field(typed: &str) -> String {
    if typed.is_empty() {
        return "Choose the field, or remove the row.".to_owned();
    }
    format!(
        "There is no field “{typed}” that can be written. Choose one that is proposed, or refresh the fields."
    )
}

fn row(entry: &Entry, catalog: &Catalog) -> RowView {
    let field = catalog.words(&entry.field).to_owned();
    let row = RowView {
        field,
        only_if_empty: entry.only_if_empty,
        drop_if_refused: entry.drop_if_refused,
        ..RowView::default()
    };
    match &entry.source {
        Source::Constant(value) => RowView { is_constant: true, value: text(value), ..row },
        Source::Host { path, declared, default } => RowView {
            value: path.clone(),
            default: default.as_ref().map(text).unwrap_or_default(),
            declared: declared.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            ..row
        },
    }
}

/// A value as a person writes it; several options are parted by semicolons.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(";"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str = r#"{"results":[
        {"name":"plan","label":"Plan","nature":"option","unique":false,"options":["Free","Pro"],"options_count":9},
        {"name":"name","label":"Name","nature":"text","unique":true,"options":[],"options_count":0},
        {"name":"name_2","label":"Name","nature":"text","unique":false,"options":[],"options_count":0}]}"#;

    fn catalog() -> Catalog {
        Catalog::read(FIELDS).unwrap()
    }

    fn sent(fields: &[(&str, &str)]) -> Draft {
        let fields: Vec<(String, String)> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Draft::sent(&fields, &catalog())
    }

    #[test]
    fn fields_are_called_by_their_labels_and_say_what_they_take() {
        let catalog = catalog();
        let known: Vec<(&str, String)> = catalog.0.iter().map(|one| (&*one.words, one.takes())).collect();
        assert_eq!(
            known,
            [
                ("Name (name)", "A text; no two records may share a value".to_owned()),
                ("Name (name_2)", "A text".to_owned()),
                ("Plan", "One option: Free, Pro and 7 more".to_owned()),
            ]
        );
    }

    #[test]
    fn what_a_person_sends_becomes_a_definition_and_comes_back_as_it_was() {
        let draft = sent(&[
            ("field", "plan"),
            ("source", "from"),
            ("value", " account.plan "),
            ("default", "Free"),
            ("type", "text"),
            ("only-if-empty", "yes"),
            ("field", "Name (name_2)"),
            ("source", "constant"),
            ("value", "Acme"),
            ("drop-if-refused", "yes"),
            ("field", ""),
            ("source", "from"),
            ("value", ""),
        ]);
        let Ok(built) = draft.build(&catalog()) else { panic!("not built") };
        let entries = json!([
            { "field": "plan", "from": "account.plan", "default": "Free", "type": "text", "only_if_empty": true },
            { "field": "name_2", "constant": "Acme", "drop_if_refused": true },
        ]);
        assert_eq!(built.definition["entries"], entries);
        assert!(Mapping::parse(&built.definition).is_ok());
        let mut shown = entries;
        for entry in shown.as_array_mut().unwrap() {
            (entry["label"], entry["property_type"], entry["trouble"]) =
                (json!("x"), json!("text"), Value::Null);
        }
        let told = json!({ "action": "log_call", "state": "ready", "entries": shown, "updated_at": "2026-01-01T00:00:00.000Z" });
        let (again, wrong) = Draft::of(&Told::read(&told.to_string()).unwrap(), &catalog());
        assert_eq!((&again.rows[..], wrong.rows.len()), (&draft.rows[..2], 0));
    }

    #[test]
    fn what_is_missing_or_wrong_is_said_at_its_row() {
        let draft = sent(&[
            ("field", ""),
            ("source", "from"),
            ("value", "x"),
            ("field", "no such"),
            ("value", "x"),
            ("field", "plan"),
            ("source", "constant"),
            ("value", ""),
        ]);
        let Err(wrong) = draft.build(&catalog()) else { panic!("built") };
        assert_eq!(wrong.rows.keys().copied().collect::<Vec<_>>(), [0, 1, 2]);
        assert!(wrong.rows[&1].contains("no such"));
    }

    #[test]
    fn faults_of_the_engine_stand_at_the_rows_they_are_of() {
        let draft = sent(&[("field", ""), ("value", ""), ("field", "plan"), ("value", "a")]);
        let Ok(built) = draft.build(&catalog()) else { panic!("not built") };
        let fault = |path: &str| Fault {
            path: path.to_owned(),
            code: crate::values::filter::Code::WrongType,
            detail: "`plan` is one option.".to_owned(),
        };
        let wrong = built.wrong(&[fault("/entries/0/type"), fault("/entries")]);
        assert_eq!(
            (wrong.rows.get(&1).map(String::as_str), wrong.form.len()),
            (Some("plan is one option."), 1)
        );
    }

    #[test]
    fn rows_come_and_go_and_say_where_a_person_goes_on() {
        let mut draft = Draft::default();
        assert_eq!(draft.act("add").as_deref(), Some("r0-field"));
        assert_eq!(draft.act("drop 0").as_deref(), Some("add-row"));
        assert_eq!((draft.act("drop 0"), draft.rows.len()), (None, 0));
        let Err(wrong) = draft.build(&catalog()) else { panic!("built") };
        assert_eq!(wrong.form.len(), 1);
    }
}

//! The form of a channel: what a person sent becomes a definition, a definition becomes a form.
//!
//! The rows of a form have no numbers: names repeat, and their order says what belongs to what. A condition begins with `property`, a group
//! with `group`, a field that is handed over with `from-property`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    console::{
        channel_form::{
            ChannelFormView, ConditionView, Entry, GroupView, Input, ListLine, MappingView, PreviewView,
        },
        channels::one_or_more,
        connection::ConnectionFrame,
        fill::fields::Mirrored,
        words::{count, number},
    },
    values::{
        filter::{self, Definition, Fault, Filter, Kind, OPERATORS, Operator, Shape},
        json as own_json,
    },
};

/// The fields of a type that channels can read.
#[derive(Debug, Default)]
pub struct Catalog {
    known: Vec<Known>,
    left_out: usize,
}

#[derive(Debug, Deserialize)]
struct Known {
    name: String,
    label: String,
    #[serde(rename = "type")]
    value_type: String,
    field_type: String,
    #[serde(default)]
    options: Vec<Choice>,
    #[serde(default)]
    vanished_at: Option<String>,
    /// What it is called here: its label, and its name where others have the same.
    #[serde(skip)]
    words: String,
}

#[derive(Debug, Deserialize)]
struct Choice {
    value: String,
    label: String,
}

impl Known {
    fn kind(&self) -> Kind {
        let (value_type, field_type) = (self.value_type.as_str(), self.field_type.as_str());
        let field = filter::Field { label: "", value_type, field_type, options: Vec::new() };
        field.kind().unwrap_or(Kind::String)
    }
}

impl Catalog {
    /// Of the fields that the API tells of, those that are mirrored.
    pub fn read(told: &str, mirrored: &Mirrored) -> Option<Self> {
        #[derive(Deserialize)]
        struct Told {
            results: Vec<Known>,
        }
        let mut known: Vec<Known> = own_json::parse::<Told>(told).ok()?.results;
        known.retain(|field| field.vanished_at.is_none());
        let all = known.len();
        known.retain(|field| !mirrored.leaves_out(&field.name));
        let left_out = all - known.len();
        known.sort_by_cached_key(|field| (field.label.to_lowercase(), field.name.clone()));
        let labels: Vec<String> = known.iter().map(|field| field.label.to_lowercase()).collect();
        for (place, field) in known.iter_mut().enumerate() {
            let like = |other: Option<&String>| other == Some(&labels[place]);
            let alone =
                !like(labels.get(place + 1)) && !like(place.checked_sub(1).and_then(|at| labels.get(at)));
            field.words = match field.label.trim() {
                "" => field.name.clone(),
                label if alone => label.to_owned(),
                label => format!("{label} ({})", field.name),
            };
        }
        Some(Self { known, left_out })
    }

    /// By its name or by what it is called here.
    fn find(&self, text: &str) -> Option<&Known> {
        let text = text.trim();
        let named = self.known.iter().find(|field| field.name == text);
        named.or_else(|| self.known.iter().find(|field| field.words.eq_ignore_ascii_case(text)))
    }

    /// What a field is called here; of an unknown one its name.
    fn words<'a>(&'a self, name: &'a str) -> &'a str {
        self.find(name).map_or(name, |field| &field.words)
    }
}

impl filter::Fields for Catalog {
    fn field(&self, _of: Option<&str>, name: &str) -> Option<filter::Field<'_>> {
        let found = self.known.iter().find(|field| field.name == name)?;
        Some(filter::Field {
            label: &found.label,
            value_type: &found.value_type,
            field_type: &found.field_type,
            options: found.options.iter().map(|one| (one.value.as_str(), one.label.as_str())).collect(),
        })
    }
}

/// The lists of a type, as `GET …/lists` tells them; the chosen one first, then by name.
pub fn lists(told: &str, object_type: &str, chosen: &str) -> Vec<ListLine> {
    #[derive(Deserialize)]
    struct Told<'a> {
        #[serde(borrow)]
        results: Vec<List<'a>>,
    }
    #[derive(Deserialize)]
    struct List<'a> {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        object_type: Option<Cow<'a, str>>,
        processing_type: Cow<'a, str>,
        size: Option<u64>,
    }
    let mut lists = own_json::parse::<Told<'_>>(told).map(|told| told.results).unwrap_or_default();
    lists.retain(|list| list.object_type.as_deref() == Some(object_type));
    lists.sort_by_cached_key(|list| (list.id != chosen, list.name.to_lowercase()));
    let line = |list: List<'_>| {
        let size = list.size.map_or_else(
            || "size unknown".to_owned(),
            |size| format!("{} {}", number(size), one_or_more(object_type, size)),
        );
        let kind = match list.processing_type.as_ref() {
            "dynamic" => "changes by itself",
            "snapshot" => "filled once",
            _ => "filled by hand",
        };
        ListLine {
            id: list.id.into_owned(), name: list.name.into_owned(), words: format!("{size} · {kind}")
        }
    };
    lists.into_iter().map(line).collect()
}

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
struct Group {
    any: bool,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Condition {
    property: String,
    operator: String,
    values: Vec<String>,
    unit: String,
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

    /// Does what a button says.
    pub fn act(&mut self, button: &str) {
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
            }
            "drop-group" if first < self.groups.len() && self.groups.len() > 1 => {
                drop(self.groups.remove(first));
            }
            "add-condition" => {
                if let Some(group) = self.groups.get_mut(first) {
                    group.conditions.push(Condition::default());
                }
            }
            "drop-condition" => {
                if let Some(group) =
                    self.groups.get_mut(first).filter(|group| second < group.conditions.len())
                {
                    group.conditions.remove(second);
                }
            }
            "add-field" => self.fields.push(Row::default()),
            "drop-field" if first < self.fields.len() => drop(self.fields.remove(first)),
            "anew" => {
                self.beyond = None;
                self.groups = vec![Group { any: false, conditions: vec![Condition::default()] }];
            }
            "json" => self.json_open = true,
            _ => {}
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
        }
    }
}

fn no_field(typed: &str) -> String {
    if typed.is_empty() {
        return "Choose the field, or remove the row.".to_owned();
    }
    format!("There is no mirrored field “{typed}”. Choose one that is proposed, or refresh the fields.")
}

/// Operators that select records of that kind by what they are.
fn operators(kind: Kind) -> impl Iterator<Item = &'static Definition> {
    let of_changes = |row: &&Definition| {
        matches!(row.operator, Operator::Changed | Operator::ChangedTo | Operator::ChangedFrom)
    };
    OPERATORS.iter().filter(move |row| row.kinds.contains(&kind) && !of_changes(row))
}

/// What an operator is called beside its value.
fn operator_words(row: &Definition) -> &'static str {
    match row.operator {
        Operator::MoreThanAgo => "is more than … ago",
        Operator::MoreThanFromNow => "is more than … from now",
        Operator::InPeriod => "is in",
        _ => row.words,
    }
}

impl Condition {
    /// Its operator, or the first there is.
    fn operator(&self, kind: Kind) -> &'static Definition {
        let mut all = operators(kind);
        let found = operators(kind).find(|row| row.name == self.operator);
        found.or_else(|| all.next()).unwrap_or(&OPERATORS[0])
    }

    fn value(&self, place: usize) -> &str {
        self.values.get(place).map_or("", String::as_str)
    }

    fn build(&self, catalog: &Catalog) -> Result<Value, String> {
        let known = catalog.find(&self.property).ok_or_else(|| no_field(&self.property))?;
        let (kind, row) = (known.kind(), self.operator(known.kind()));
        let mut entries = Map::new();
        for (key, value) in
            [("property", known.name.as_str()), ("type", kind.as_str()), ("operator", row.name)]
        {
            entries.insert(key.to_owned(), json!(value));
        }
        let mut set = |key: &str, value: Value| drop(entries.insert(key.to_owned(), value));
        match row.shape {
            Shape::Nothing => {}
            Shape::Value => set("value", scalar(kind, self.value(0))?),
            Shape::Values => {
                let given = self.values.iter().filter(|value| !value.is_empty());
                let values: Vec<Value> = given.map(|value| scalar(kind, value)).collect::<Result<_, _>>()?;
                if values.is_empty() {
                    return Err("Choose or write at least one value.".to_owned());
                }
                set("values", Value::Array(values));
            }
            Shape::Range => {
                set("from", scalar(kind, self.value(0))?);
                set("to", scalar(kind, self.value(1))?);
            }
            Shape::Span => {
                let count: i64 =
                    self.value(0).parse().map_err(|_| "Write how many, as a whole number.".to_owned())?;
                let unit = filter::units(kind).find(|unit| *unit == self.unit).unwrap_or("days");
                set("count", json!(count));
                set("unit", json!(unit));
            }
            Shape::Period => {
                let period = filter::periods().find(|name| *name == self.value(0));
                set("period", json!(period.ok_or_else(|| "Choose the period.".to_owned())?));
            }
        }
        Ok(Value::Object(entries))
    }

    fn view(&self, catalog: &Catalog, wrong: Option<String>) -> ConditionView {
        let property = self.property.clone();
        let Some(known) = catalog.find(&self.property) else {
            let wrong = wrong.or_else(|| (!property.is_empty()).then(|| no_field(&property)));
            return ConditionView {
                property,
                operators: Vec::new(),
                operator: String::new(),
                input: Input::Nothing,
                wrong,
            };
        };
        let (kind, row) = (known.kind(), self.operator(known.kind()));
        ConditionView {
            property,
            operators: operators(kind).map(|row| (row.name, operator_words(row))).collect(),
            operator: row.name.to_owned(),
            input: self.input(known, kind, row.shape),
            wrong,
        }
    }

    fn input(&self, known: &Known, kind: Kind, shape: Shape) -> Input {
        let entry = match kind {
            Kind::Number => Entry::Number,
            Kind::Date | Kind::Datetime => Entry::Date,
            Kind::String | Kind::PhoneNumber | Kind::Bool | Kind::Enumeration => Entry::Text,
        };
        let own = |place| self.value(place).to_owned();
        let option = |one: &Choice| {
            let words = if one.label.is_empty() { &one.value } else { &one.label };
            (one.value.clone(), words.clone())
        };
        match (shape, kind) {
            (Shape::Nothing, _) => Input::Nothing,
            (Shape::Value, Kind::Bool) => {
                Input::Choice(own(0), vec![("true".into(), "Yes".into()), ("false".into(), "No".into())])
            }
            (Shape::Value, Kind::Enumeration) if !known.options.is_empty() => {
                Input::Choice(own(0), known.options.iter().map(option).collect())
            }
            (Shape::Value, _) => Input::One(entry, own(0)),
            (Shape::Values, Kind::Enumeration) if !known.options.is_empty() => {
                let choice = |one: &Choice| {
                    let (value, words) = option(one);
                    let chosen = self.values.contains(&value);
                    (value, words, chosen)
                };
                Input::Choices(known.options.iter().map(choice).collect())
            }
            (Shape::Values, _) => Input::Lines(self.values.join("\n")),
            (Shape::Range, _) => Input::Two(entry, own(0), own(1)),
            (Shape::Span, _) => Input::Span(own(0), self.unit.clone(), filter::units(kind).collect()),
            (Shape::Period, _) => {
                let words = |name: &str| (name.to_owned(), name.replace('_', " "));
                Input::Choice(own(0), filter::periods().map(words).collect())
            }
        }
    }
}

/// A value as the filter takes it.
fn scalar(kind: Kind, text: &str) -> Result<Value, String> {
    let words = match kind {
        _ if text.is_empty() => match kind {
            Kind::Date | Kind::Datetime => "Choose the day.",
            Kind::Bool | Kind::Enumeration => "Choose the value.",
            Kind::String | Kind::PhoneNumber | Kind::Number => "Write the value.",
        },
        Kind::Bool => return Ok(json!(text == "true")),
        Kind::Number => {
            let whole = text.parse::<i64>().map(Value::from).ok();
            let real = || text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from);
            match whole.or_else(real) {
                Some(number) => return Ok(number),
                None => "That is not a number. Write it as 1234.5, without spaces and commas.",
            }
        }
        Kind::String | Kind::PhoneNumber | Kind::Enumeration | Kind::Date | Kind::Datetime => {
            return Ok(json!(text));
        }
    };
    Err(words.to_owned())
}

/// The groups of a filter, and whether any of them is enough; `None`: the editor cannot say it.
fn groups(filter: &Value, catalog: &Catalog) -> Option<(bool, Vec<Group>)> {
    let one = |condition: Condition| Group { any: false, conditions: vec![condition] };
    if filter.get("property").is_some() {
        return Some((false, vec![one(condition(filter, catalog)?)]));
    }
    let (any, parts) = joined(filter)?;
    if parts.iter().all(|part| part.get("property").is_some()) {
        let conditions = parts.iter().map(|part| condition(part, catalog)).collect::<Option<_>>()?;
        return Some((false, vec![Group { any, conditions }]));
    }
    let group = |part: &Value| {
        if part.get("property").is_some() {
            return condition(part, catalog).map(one);
        }
        let (any, parts) = joined(part)?;
        let conditions = parts.iter().map(|part| condition(part, catalog)).collect::<Option<_>>()?;
        Some(Group { any, conditions })
    };
    Some((any, parts.iter().map(group).collect::<Option<_>>()?))
}

fn joined(filter: &Value) -> Option<(bool, &Vec<Value>)> {
    let entries = filter.as_object().filter(|entries| entries.len() == 1)?;
    let of = |key: &str| entries.get(key).and_then(Value::as_array);
    of("and").map(|parts| (false, parts)).or_else(|| of("or").map(|parts| (true, parts)))
}

fn condition(value: &Value, catalog: &Catalog) -> Option<Condition> {
    let name = value.get("property")?.as_str()?;
    let known = catalog.find(name);
    // One that is read as something else than it is, or belongs to another record.
    if value.get("of").is_some() || known.is_some_and(|known| value["type"] != known.kind().as_str()) {
        return None;
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let one = ["value", "from", "to", "count", "period"].iter().filter_map(|key| value.get(key));
    let many = value.get("values").and_then(Value::as_array).into_iter().flatten();
    Some(Condition {
        property: known.map_or(name, |known| &known.words).to_owned(),
        operator: value["operator"].as_str()?.to_owned(),
        values: one.chain(many).map(text).collect(),
        unit: value.get("unit").map(text).unwrap_or_default(),
    })
}

/// What a preview comes to, in words; `None`: the text is not what the API tells.
pub fn preview(told: &str, object_type: &str) -> Option<PreviewView> {
    #[derive(Deserialize)]
    struct Told {
        matching: Option<u64>,
        looked_at: Option<u64>,
        of: u64,
        complete: bool,
        estimate: u64,
        examples: Vec<Example>,
        hubspot_calls: Calls,
    }
    #[derive(Deserialize)]
    struct Example {
        id: String,
        fields: Map<String, Value>,
    }
    #[derive(Deserialize)]
    struct Calls {
        once: u64,
        per_hour: u64,
    }
    let told: Told = own_json::parse(told).ok()?;
    let records = |n: u64| format!("{} {}", number(n), one_or_more(object_type, n));
    let by_list = told.hubspot_calls.per_hour > 0;
    let matching = match (by_list, told.complete) {
        (true, true) => format!("{} on the list now.", records(told.matching.unwrap_or(told.estimate))),
        (true, false) => format!("HubSpot counts {} on the list.", records(told.estimate)),
        (false, true) => format!("{} of {} now.", records(told.estimate), number(told.of)),
        (false, false) => format!(
            "About {} of {} now, estimated from {} of them.",
            records(told.estimate),
            number(told.of),
            number(told.looked_at.unwrap_or_default())
        ),
    };
    let calls = if by_list {
        let once = match told.hubspot_calls.once {
            0 => "The list is mirrored already".to_owned(),
            calls => format!("Reading the list takes {} to HubSpot once", count(calls, "call", "calls")),
        };
        format!(
            "{once}; keeping it in step takes about {} an hour: one with each check, together with all lists, and everybody once a day.",
            count(told.hubspot_calls.per_hour, "call", "calls")
        )
    } else {
        "No call to HubSpot: the filter reads the mirror.".to_owned()
    };
    let no_examples = if told.estimate > 0 {
        "Examples can be shown once the list has been read, which begins when the channel is made."
    } else {
        "Nothing matches at the moment. What matches later is handed over then."
    };
    let columns: Vec<String> =
        told.examples.first().map(|one| one.fields.keys().cloned().collect()).unwrap_or_default();
    let values = |one: &Example| {
        columns.iter().map(|name| one.fields.get(name).and_then(Value::as_str).map(str::to_owned)).collect()
    };
    Some(PreviewView {
        matching,
        calls,
        examples: told.examples.iter().map(|one| (one.id.clone(), values(one))).collect(),
        columns,
        no_examples: no_examples.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{console::sample, values::filter::Code};

    const TOLD: &str = r#"{"results":[
        {"name":"firstname","label":"First name","type":"string","field_type":"text"},
        {"name":"lifecyclestage","label":"Stage","type":"enumeration","field_type":"radio",
         "options":[{"value":"lead","label":"Lead"},{"value":"customer","label":"Customer"}]},
        {"name":"hs_stage","label":"Stage","type":"string","field_type":"text"},
        {"name":"amount","label":"Amount","type":"number","field_type":"number"},
        {"name":"closed","label":"Closed","type":"datetime","field_type":"date"},
        {"name":"secret","label":"Secret","type":"string","field_type":"text"},
        {"name":"old","label":"Old","type":"string","field_type":"text","vanished_at":"1970-01-01T00:00:30.000Z"}]}"#;

    fn catalog() -> Catalog {
        let mirrored = Mirrored::read(
            r#"{"fields":["firstname","lifecyclestage","hs_stage","amount","closed"],"always":[]}"#,
        );
        Catalog::read(TOLD, &mirrored).unwrap()
    }

    fn sent(pairs: &[(&str, &str)]) -> Draft {
        let fields: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Draft::sent(&fields, &catalog())
    }

    fn built(draft: &Draft) -> Value {
        draft.build("contacts", &catalog()).map_err(|wrong| wrong.0).unwrap().definition
    }

    const ROWS: [(&str, &str); 22] = [
        ("name", "Leads"),
        ("by", "filter"),
        ("join", "any"),
        ("group", "all"),
        ("property", "stage (lifecyclestage)"),
        ("was", "Stage (lifecyclestage)"),
        ("operator", "any_of"),
        ("value", "lead"),
        ("value", "customer"),
        ("property", "Amount"),
        ("was", "Amount"),
        ("operator", "between"),
        ("value", "1.5"),
        ("value", "20"),
        ("group", "all"),
        ("property", "Closed"),
        ("was", "Closed"),
        ("operator", "within_last"),
        ("value", "7"),
        ("unit", "days"),
        ("from-property", "First name"),
        ("default", "there"),
    ];

    #[test]
    fn fields_are_called_by_their_labels_and_by_their_names_where_these_are_not_enough() {
        let catalog = catalog();
        let words: Vec<&str> = catalog.known.iter().map(|field| field.words.as_str()).collect();
        assert_eq!(words, ["Amount", "Closed", "First name", "Stage (hs_stage)", "Stage (lifecyclestage)"]);
        assert_eq!(catalog.left_out, 1);
        assert!(catalog.find(" first NAME ").is_some() && catalog.find("amount").is_some());
        assert!(catalog.find("Stage").is_none() && catalog.find("secret").is_none());
    }

    #[test]
    fn a_form_becomes_a_definition_and_the_definition_the_same_form() {
        let draft = sent(&ROWS);
        let definition = built(&draft);
        assert_eq!(
            definition,
            json!({
                "object_type": "contacts", "name": "Leads",
                "filter": {"or": [
                    {"and": [
                        {"property": "lifecyclestage", "type": "enumeration", "operator": "any_of", "values": ["lead", "customer"]},
                        {"property": "amount", "type": "number", "operator": "between", "from": 1.5, "to": 20},
                    ]},
                    {"and": [{"property": "closed", "type": "datetime", "operator": "within_last", "count": 7, "unit": "days"}]},
                ]},
                "fields": [{"field": "firstname", "property": "firstname", "default": "there"}],
            })
        );
        assert!(Filter::from_value(&definition["filter"]).is_ok());
        assert_eq!(Draft::of(&definition, &catalog()), draft);
        let list = json!({ "name": "Leads", "list": "7", "fields": definition["fields"] });
        let draft = Draft::of(&list, &catalog());
        assert_eq!((draft.by_list, draft.list()), (true, "7"));
    }

    #[test]
    fn what_was_said_of_another_field_is_not_said_of_this_one() {
        let draft = sent(&[
            ("group", "all"),
            ("property", "First name"),
            ("was", "Amount"),
            ("operator", "between"),
            ("value", "1"),
        ]);
        let condition = &draft.groups[0].conditions[0];
        assert_eq!((condition.operator.as_str(), condition.values.len()), ("", 0));
        let view = condition.view(&catalog(), None);
        assert_eq!((view.operator.as_str(), view.input), ("is", Input::One(Entry::Text, String::new())));
    }

    #[test]
    fn what_is_missing_is_said_in_its_row_and_what_the_engine_finds_too() {
        let wrong = |rows: &[(&str, &str)]| sent(rows).build("contacts", &catalog()).err().unwrap().0;
        let row = |property, operator, value| {
            vec![
                ("group", "all"),
                ("property", property),
                ("was", property),
                ("operator", operator),
                ("value", value),
                ("from-property", "Amount"),
            ]
        };
        for (property, operator, value, words) in [
            ("Amount", "is", "1,5", "not a number"),
            ("First name", "is", "", "Write the value"),
            ("Nothing", "is", "x", "no mirrored field"),
            ("Closed", "within_next", "soon", "whole number"),
            ("Stage (lifecyclestage)", "any_of", "", "at least one"),
        ] {
            let wrong = wrong(&row(property, operator, value));
            assert!(wrong[0].0 == Place::Condition(0, 0) && wrong[0].1.contains(words), "{wrong:?}");
        }
        assert_eq!(
            wrong(&[("by", "list"), ("from-property", "Amount")])[0],
            (Place::Form, "Choose the list.".into())
        );
        let draft = sent(&ROWS);
        let built = draft.build("contacts", &catalog()).ok().unwrap();
        let fault = |path: &str| Fault { path: path.to_owned(), code: Code::Never, detail: "No.".to_owned() };
        let places = built.wrong(&[
            fault("/filter/or/0/and/1/from"),
            fault("/filter/or/1/and/0"),
            fault("/fields/0"),
            fault("/x"),
        ]);
        let places: Vec<Place> = places.0.iter().map(|own| own.0).collect();
        assert_eq!(places, [Place::Condition(0, 1), Place::Condition(1, 0), Place::Field(0), Place::Form]);
    }

    #[test]
    fn buttons_add_and_remove_rows_and_none_of_them_breaks_a_form() {
        let mut draft = sent(&ROWS);
        for button in [
            "add-group",
            "add-condition 2",
            "drop-condition 2 0",
            "drop-group 2",
            "add-field",
            "drop-field 1",
        ] {
            draft.act(button);
        }
        assert_eq!(draft, sent(&ROWS));
        for button in
            ["drop-group 9", "drop-condition 0 9", "drop-field", "add-condition x", "", "drop-field -1"]
        {
            draft.act(button);
        }
        assert_eq!(draft, sent(&ROWS));
        let mut single = sent(&[("group", "all")]);
        single.act("drop-group 0");
        assert_eq!(single.groups.len(), 1);
        single.act("add-group");
        assert!(single.any, "a second group is another way in");
    }

    #[test]
    fn json_that_was_edited_replaces_the_conditions_and_what_they_cannot_say_stays_json() {
        let json = |text: &'static str| {
            let mut rows = ROWS.to_vec();
            rows.extend([("json", text), ("json-was", "before")]);
            sent(&rows)
        };
        let same = json("before");
        assert_eq!(same.groups.len(), 2);
        let simple =
            json("{\"and\":[{\"property\":\"amount\",\"type\":\"number\",\r\n\"operator\":\"known\"}]}");
        assert_eq!((simple.groups.len(), &simple.beyond), (1, &None));
        let deep = json(r#"{"not":{"property":"amount","type":"number","operator":"known"}}"#);
        assert_eq!(built(&deep)["filter"]["not"]["property"], "amount");
        let at = sample::connection_frame(&sample::plain);
        let view = deep.view(at.clone(), (None, "contacts"), &catalog(), Vec::new(), &Wrong::default());
        assert_eq!((view.beyond.as_deref(), view.json_open), (Some("Not (Amount is known)."), true));
        let broken = json("{");
        assert!(broken.build("contacts", &catalog()).is_err());
        assert_eq!(broken.view(at, (None, "contacts"), &catalog(), Vec::new(), &Wrong::default()).json, "{");
    }

    #[test]
    fn a_preview_is_told_in_words() {
        let told = |matching: &str, rest: &str| {
            format!(r#"{{"matching":{matching},"looked_at":900,"of":1000,"estimate":40,{rest}}}"#)
        };
        let examples = r#""examples":[{"id":"7","fields":{"a":"x","b":null}}]"#;
        let filter =
            told("40", &format!(r#""complete":false,{examples},"hubspot_calls":{{"once":0,"per_hour":0}}"#));
        let view = preview(&filter, "contacts").unwrap();
        assert_eq!(view.matching, "About 40 contacts of 1,000 now, estimated from 900 of them.");
        assert_eq!(view.examples, [("7".to_owned(), vec![Some("x".to_owned()), None])]);
        let list = told("null", r#""complete":false,"examples":[],"hubspot_calls":{"once":3,"per_hour":13}"#);
        let view = preview(&list, "companies").unwrap();
        assert_eq!(view.matching, "HubSpot counts 40 companies on the list.");
        assert!(view.calls.starts_with("Reading the list takes 3 calls to HubSpot once; "));
    }

    #[test]
    fn lists_of_other_types_are_not_offered_and_the_chosen_one_comes_first() {
        let told = r#"{"results":[{"id":"1","name":"B","object_type":"contacts","processing_type":"dynamic","size":1},
            {"id":"2","name":"A","object_type":"contacts","processing_type":"manual","size":null},
            {"id":"3","name":"C","object_type":null,"processing_type":"manual","size":2}]}"#;
        let names =
            |chosen| lists(told, "contacts", chosen).into_iter().map(|list| list.name).collect::<Vec<_>>();
        assert_eq!(
            (names(""), names("1")),
            (vec!["A".to_owned(), "B".to_owned()], vec!["B".to_owned(), "A".to_owned()])
        );
        assert_eq!(lists(told, "contacts", "1")[0].words, "1 contact · changes by itself");
    }
}

//! One condition of the editor, and the groups that conditions stand in: to the filter's JSON and back.

use serde_json::{Map, Value, json};

use super::catalog::{Catalog, Choice, Known};
use crate::{
    console::filter_form::{ConditionView, Entry, Input},
    values::filter::{self, Definition, Kind, OPERATORS, Operator, Shape},
};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::console::fill) struct Group {
    pub(in crate::console::fill) any: bool,
    pub(in crate::console::fill) conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::console::fill) struct Condition {
    pub(in crate::console::fill) property: String,
    pub(in crate::console::fill) operator: String,
    pub(in crate::console::fill) values: Vec<String>,
    pub(in crate::console::fill) unit: String,
}

pub(in crate::console::fill) fn no_field(typed: &str) -> String {
    if typed.is_empty() {
        return "Choose the field, or remove the row.".to_owned();
    }
    format!("There is no mirrored field “{typed}”. Choose one that is proposed, or refresh the fields.")
}

/// Operators that select records of that kind by what they are, and with `changes` by what became of them.
pub(super) fn operators(kind: Kind, changes: bool) -> impl Iterator<Item = &'static Definition> {
    let of_changes = |row: &&Definition| {
        matches!(row.operator, Operator::Changed | Operator::ChangedTo | Operator::ChangedFrom)
    };
    OPERATORS.iter().filter(move |row| row.kinds.contains(&kind) && (changes || !of_changes(row)))
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

/// What the host's own fields may be read as, and how that is said.
const READ_AS: [(Kind, &str); 4] =
    [(Kind::String, "text"), (Kind::Number, "number"), (Kind::Datetime, "date"), (Kind::Bool, "yes or no")];

/// What an operator of a field that may be read in several ways is called in the form: `number:at_least`.
fn read_as(kind: Kind, row: &Definition) -> String {
    format!("{}:{}", kind.as_str(), row.name)
}

impl Condition {
    /// What values are read as: of a field of the host's, what the operator says.
    fn kind(&self, known: &Known) -> Kind {
        match self.operator.split_once(':') {
            Some((kind, _)) if known.is_free => Kind::parse(kind).unwrap_or(Kind::String),
            _ if known.is_free => Kind::String,
            _ => known.kind(),
        }
    }

    /// Its operator, or the first there is.
    pub(super) fn operator(&self, kind: Kind, changes: bool) -> &'static Definition {
        let name = self.operator.rsplit(':').next().unwrap_or_default();
        let mut all = operators(kind, changes);
        let found = operators(kind, changes).find(|row| row.name == name);
        found.or_else(|| all.next()).unwrap_or(&OPERATORS[0])
    }

    /// The operators that can be chosen.
    fn choices(known: &Known, own: Kind, changes: bool) -> Vec<(String, String)> {
        if !known.is_free {
            let all = operators(own, changes);
            return all.map(|row| (row.name.to_owned(), operator_words(row).to_owned())).collect();
        }
        let other = (!READ_AS.iter().any(|(kind, _)| *kind == own)).then_some((own, own.as_str()));
        let mut all = Vec::new();
        for (kind, words) in READ_AS.into_iter().chain(other) {
            // Whether there is a value is asked of it in one way.
            // And nothing of what is the host's changes.
            let rows = operators(kind, false);
            let rows = rows.filter(|row| kind == Kind::String || row.shape != Shape::Nothing);
            all.extend(rows.map(|row| {
                let own = operator_words(row);
                let words = if kind == Kind::String { own.to_owned() } else { format!("{own} ({words})") };
                (read_as(kind, row), words)
            }));
        }
        all
    }

    fn value(&self, place: usize) -> &str {
        self.values.get(place).map_or("", String::as_str)
    }

    pub(super) fn build(&self, catalog: &Catalog) -> Result<Value, String> {
        let known = catalog.find(&self.property).ok_or_else(|| no_field(&self.property))?;
        let kind = self.kind(&known);
        let row = self.operator(kind, catalog.changes && !known.is_free);
        let mut entries = Map::new();
        if let Some(of) = known.of {
            entries.insert("of".to_owned(), json!(of));
        }
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

    pub(in crate::console::fill) fn view(&self, catalog: &Catalog, wrong: Option<String>) -> ConditionView {
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
        let kind = self.kind(&known);
        let changes = catalog.changes && !known.is_free;
        let row = self.operator(kind, changes);
        ConditionView {
            property,
            operators: Self::choices(&known, kind, changes),
            operator: if known.is_free { read_as(kind, row) } else { row.name.to_owned() },
            input: self.input(&known, kind, row.shape),
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
pub(super) fn groups(filter: &Value, catalog: &Catalog) -> Option<(bool, Vec<Group>)> {
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
    let of = value.get("of").map(|of| of.as_str().unwrap_or_default());
    let known = catalog.named(of, name);
    // One that is read as something else than it is, or belongs to another record.
    let fits = match &known {
        Some(known) => known.is_free || value["type"] == known.kind().as_str(),
        None => of.is_none(),
    };
    if !fits {
        return None;
    }
    let own = value["operator"].as_str()?;
    // What the rows cannot choose they would show as something else.
    let changes = catalog.changes && known.as_ref().is_some_and(|known| !known.is_free);
    let kind = value["type"].as_str().and_then(Kind::parse);
    if kind.is_some_and(|kind| !operators(kind, changes).any(|row| row.name == own)) {
        return None;
    }
    let operator = match &known {
        Some(known) if known.is_free => format!("{}:{own}", value["type"].as_str()?),
        _ => own.to_owned(),
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let one = ["value", "from", "to", "count", "period"].iter().filter_map(|key| value.get(key));
    let many = value.get("values").and_then(Value::as_array).into_iter().flatten();
    Some(Condition {
        property: known.map_or_else(|| name.to_owned(), |known| known.words.clone()),
        operator,
        values: one.chain(many).map(text).collect(),
        unit: value.get("unit").map(text).unwrap_or_default(),
    })
}

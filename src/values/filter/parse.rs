//! Reading a filter from JSON. All faults are told at once, each with its path, up to [`MAX_FAULTS`].

use crate::values::json;
use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{
    Code, Condition, Fault, Filter, Kind, MAX_BYTES, MAX_CONDITIONS, MAX_COUNT, MAX_DEPTH, MAX_NAME,
    MAX_TEXT, MAX_VALUES, Number, OPERATORS, Operand, Operator, Period, Scalar, Shape, Span, Unit, reading,
};

/// Faults told at once: more than a person mends in one go.
const MAX_FAULTS: usize = 20;
/// Characters of the name of what a property belongs to.
pub(super) const MAX_OF: usize = 50;

impl Filter {
    /// Reads a filter from JSON text.
    pub fn parse(json: &str) -> Result<Self, Vec<Fault>> {
        if json.len() > MAX_BYTES {
            return Err(whole(Code::Limit, too_large()));
        }
        let value: Value = json::parse(json)
            .map_err(|error| whole(Code::NotJson, format!("The filter is not valid JSON: {error}.")))?;
        Self::from_value(&value)
    }

    /// Reads a filter that stands within other JSON. Paths are relative to it.
    pub fn from_value(value: &Value) -> Result<Self, Vec<Fault>> {
        let mut parser = Parser { faults: Vec::new(), conditions: 0 };
        let filter = parser.filter(value, "", 0);
        match filter {
            Some(filter) if parser.faults.is_empty() => {
                if filter.to_json().len() > MAX_BYTES {
                    return Err(whole(Code::Limit, too_large()));
                }
                Ok(filter)
            }
            _ => Err(parser.faults),
        }
    }
}

fn whole(code: Code, detail: String) -> Vec<Fault> {
    vec![Fault { path: String::new(), code, detail }]
}

fn too_large() -> String {
    format!("A filter has at most {MAX_BYTES} bytes of JSON.")
}

struct Parser {
    faults: Vec<Fault>,
    conditions: usize,
}

impl Parser {
    /// Notes a fault; `None`, for the caller to return.
    fn fault<T>(&mut self, path: &str, code: Code, detail: impl Into<String>) -> Option<T> {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { path: path.to_owned(), code, detail: detail.into() });
        }
        None
    }

    fn filter(&mut self, value: &Value, path: &str, depth: usize) -> Option<Filter> {
        const FORMS: &str = "A filter is {\"and\": […]}, {\"or\": […]}, {\"not\": {…}} or a condition with \
                             \"property\", \"type\" and \"operator\".";
        let Value::Object(fields) = value else { return self.fault(path, Code::Shape, FORMS) };
        if fields.contains_key("property") {
            return self.condition(fields, path).map(Filter::Condition);
        }
        let mut entries = fields.iter();
        let (Some((key, inner)), None) = (entries.next(), entries.next()) else {
            return self.fault(path, Code::Shape, FORMS);
        };
        let inner_path = format!("{path}/{key}");
        if !matches!(key.as_str(), "and" | "or" | "not") {
            return self.fault(path, Code::Shape, FORMS);
        }
        if depth == MAX_DEPTH {
            return self.fault(
                path,
                Code::Limit,
                format!("Groups nest at most {MAX_DEPTH} deep; this one is deeper."),
            );
        }
        if key == "not" {
            return Some(Filter::Not(Box::new(self.filter(inner, &inner_path, depth + 1)?)));
        }
        let Value::Array(items) = inner else {
            return self.fault(&inner_path, Code::Shape, format!("\"{key}\" takes a list of filters."));
        };
        if items.is_empty() && key == "or" {
            return self.fault(&inner_path, Code::Shape, "\"or\" needs at least one filter.");
        }
        let mut parts = Vec::with_capacity(items.len().min(MAX_CONDITIONS));
        for (index, item) in items.iter().enumerate() {
            if self.faults.len() == MAX_FAULTS || self.conditions > MAX_CONDITIONS {
                return None;
            }
            parts.extend(self.filter(item, &format!("{inner_path}/{index}"), depth + 1));
        }
        Some(if key == "and" { Filter::And(parts) } else { Filter::Or(parts) })
    }

    fn condition(&mut self, fields: &Map<String, Value>, path: &str) -> Option<Condition> {
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return self.fault(
                path,
                Code::Limit,
                format!("A filter has at most {MAX_CONDITIONS} conditions; this is one more."),
            );
        }
        let property = self.property(fields, path);
        let of = match fields.get("of") {
            None => Some(None),
            Some(Value::String(of)) if is_word(of) => Some(Some(of.clone())),
            Some(_) => self.fault(
                &format!("{path}/of"),
                Code::Shape,
                format!("\"of\" names what the property belongs to: at most {MAX_OF} of a-z, 0-9 and _, a letter first."),
            ),
        };
        let kinds = || Kind::ALL.map(Kind::as_str).join(", ");
        let kind = match fields.get("type") {
            Some(Value::String(name)) if Kind::parse(name).is_some() => Kind::parse(name),
            Some(_) => {
                self.fault(&format!("{path}/type"), Code::Shape, format!("\"type\" is one of {}.", kinds()))
            }
            None => self.fault(path, Code::Shape, format!("\"type\" is missing: one of {}.", kinds())),
        };
        let kind = kind?;
        let names = || {
            let own = OPERATORS.iter().filter(|row| row.kinds.contains(&kind));
            own.map(|row| row.name).collect::<Vec<_>>().join(", ")
        };
        let row = match fields.get("operator") {
            Some(Value::String(name)) => OPERATORS.iter().find(|row| row.name == name),
            Some(_) => None,
            None => {
                let detail = format!("\"operator\" is missing: of a {} one of {}.", kind.as_str(), names());
                return self.fault(path, Code::Shape, detail);
            }
        };
        let Some(row) = row.filter(|row| row.kinds.contains(&kind)) else {
            let detail = format!("The operator of a {} is one of {}.", kind.as_str(), names());
            return self.fault(&format!("{path}/operator"), Code::Shape, detail);
        };
        let taken = |key: &str| {
            matches!(key, "property" | "type" | "operator" | "of") || row.shape.keys().contains(&key)
        };
        if let Some(key) = fields.keys().find(|key| !taken(key)) {
            let key: String = key.chars().take(40).collect();
            let detail = format!("\"{}\" takes no \"{key}\".", row.name);
            return self.fault(path, Code::Shape, detail);
        }
        let missing = row.shape.keys().iter().find(|key| !fields.contains_key(**key));
        if let Some(key) = missing {
            return self.fault(path, Code::Shape, format!("\"{}\" needs \"{key}\".", row.name));
        }
        let operand = self.operand(fields, path, kind, row.operator, row.shape)?;
        Some(Condition { of: of?, property: property?, kind, operator: row.operator, operand })
    }

    fn property(&mut self, fields: &Map<String, Value>, path: &str) -> Option<String> {
        match fields.get("property") {
            Some(Value::String(name)) if is_name(name) => Some(name.clone()),
            _ => self.fault(
                &format!("{path}/property"),
                Code::Shape,
                format!(
                    "\"property\" is the internal name of a property: at most {MAX_NAME} characters, no quotes."
                ),
            ),
        }
    }

    fn operand(
        &mut self,
        fields: &Map<String, Value>,
        path: &str,
        kind: Kind,
        operator: Operator,
        shape: Shape,
    ) -> Option<Operand> {
        let at = |key: &str| (&fields[key], format!("{path}/{key}"));
        Some(match shape {
            Shape::Nothing => Operand::Nothing,
            Shape::Value => {
                let (value, path) = at("value");
                Operand::One(self.scalar(value, &path, kind, operator)?)
            }
            Shape::Values => {
                let (value, path) = at("values");
                Operand::Many(self.scalars(value, &path, kind, operator)?)
            }
            Shape::Range => {
                let ((from, from_path), (to, to_path)) = (at("from"), at("to"));
                let from = self.scalar(from, &from_path, kind, operator);
                let to = self.scalar(to, &to_path, kind, operator);
                let (from, to) = (from?, to?);
                if from.order(&to) == Some(Ordering::Greater) {
                    return self.fault(&from_path, Code::Impossible, "\"from\" lies after \"to\".");
                }
                Operand::Range(from, to)
            }
            Shape::Span => {
                let ((count, count_path), (unit, unit_path)) = (at("count"), at("unit"));
                let count = match scalar_number(count) {
                    Some(Number::Whole(count)) if (0..=MAX_COUNT).contains(&count) => Some(count),
                    _ => self.fault(
                        &count_path,
                        Code::Shape,
                        format!("\"count\" is a whole number from 0 to {MAX_COUNT}."),
                    ),
                };
                let found = Unit::ALL.into_iter().find(|known| unit == known.as_str());
                let unit = match found.filter(|unit| unit.suits(kind)) {
                    None => {
                        let own = Unit::ALL.into_iter().filter(|unit| unit.suits(kind)).map(Unit::as_str);
                        let detail = format!("\"unit\" is one of {}.", own.collect::<Vec<_>>().join(", "));
                        self.fault(&unit_path, Code::Shape, detail)
                    }
                    found => found,
                };
                Operand::Span(Span { count: count?, unit: unit? })
            }
            Shape::Period => {
                let (value, path) = at("period");
                match Period::ALL.into_iter().find(|period| value == period.name) {
                    Some(period) => Operand::Period(period),
                    None => {
                        let names = Period::ALL.map(|period| period.name).join(", ");
                        return self.fault(&path, Code::Shape, format!("\"period\" is one of {names}."));
                    }
                }
            }
        })
    }

    fn scalars(&mut self, value: &Value, path: &str, kind: Kind, operator: Operator) -> Option<Vec<Scalar>> {
        let items = match value {
            Value::Array(items) if !items.is_empty() => items,
            _ => return self.fault(path, Code::Shape, "\"values\" is a list of at least one value."),
        };
        if items.len() > MAX_VALUES {
            return self.fault(path, Code::Limit, format!("\"values\" has at most {MAX_VALUES} values."));
        }
        let read: Vec<Option<Scalar>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.scalar(item, &format!("{path}/{index}"), kind, operator))
            .collect();
        read.into_iter().collect()
    }

    fn scalar(&mut self, value: &Value, path: &str, kind: Kind, operator: Operator) -> Option<Scalar> {
        match kind {
            Kind::String => {
                let written = self.text(value, path)?;
                Some(Scalar::Text { folded: reading::fold(&written), written })
            }
            Kind::PhoneNumber => {
                let written = self.text(value, path)?;
                let folded = reading::fold_phone(&written);
                if folded.is_empty() {
                    return self.fault(path, Code::Shape, "A telephone number needs a digit or a letter.");
                }
                Some(Scalar::Text { folded, written })
            }
            Kind::Enumeration => self.text(value, path).map(Scalar::Choice),
            Kind::Number => match scalar_number(value) {
                Some(number) => Some(Scalar::Number(number)),
                None => self.fault(path, Code::Shape, "The value is a number, without quotes."),
            },
            Kind::Bool => match value {
                Value::Bool(value) => Some(Scalar::Bool(*value)),
                _ => self.fault(path, Code::Shape, "The value is true or false, without quotes."),
            },
            Kind::Date | Kind::Datetime => self.time(value, path, kind, operator),
        }
    }

    fn text(&mut self, value: &Value, path: &str) -> Option<String> {
        match value {
            Value::String(text) if text.is_empty() => {
                self.fault(path, Code::Shape, "The value is empty; to ask for that, use \"unknown\".")
            }
            Value::String(text) if text.chars().count() > MAX_TEXT => {
                self.fault(path, Code::Limit, format!("A value has at most {MAX_TEXT} characters."))
            }
            Value::String(text) => Some(text.clone()),
            _ => self.fault(path, Code::Shape, "The value is a text, in quotes."),
        }
    }

    fn time(&mut self, value: &Value, path: &str, kind: Kind, operator: Operator) -> Option<Scalar> {
        let moments = kind == Kind::Datetime && operator != Operator::On;
        let text = value.as_str().unwrap_or_default();
        if resembles(text, "0000-00-00") {
            if let Some(day) = reading::date(text) {
                return Some(Scalar::Day(day));
            }
        } else if moments && is_like_a_moment(text) {
            if let Some(moment) = reading::timestamp(text) {
                return Some(Scalar::Moment(moment));
            }
        } else {
            let detail = if moments {
                "The value is a day as \"2026-01-31\" or a moment as \"2026-01-31T09:00:00Z\"."
            } else {
                "The value is a day as \"2026-01-31\"."
            };
            return self.fault(path, Code::Shape, detail);
        }
        self.fault(path, Code::Impossible, "There is no such day or time in the calendar.")
    }
}

impl Kind {
    /// Reads HubSpot's name; `None` for one that has no operators.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

fn scalar_number(value: &Value) -> Option<Number> {
    let Value::Number(number) = value else { return None };
    number.as_i64().map(Number::Whole).or_else(|| Number::from_real(number.as_f64()?))
}

/// A property's internal name. HubSpot's are of a-z, 0-9 and _ (`hubspot-api.md` 5); older portals hold others.
fn is_name(name: &str) -> bool {
    let plain = |letter: char| letter >= ' ' && letter != '"' && letter != '\\';
    (1..=MAX_NAME).contains(&name.chars().count()) && name.chars().all(plain)
}

fn is_word(word: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    word.len() <= MAX_OF
        && word.starts_with(|first: char| first.is_ascii_lowercase())
        && word.bytes().all(letter)
}

/// Whether a text is a pattern, in which every 0 stands for any digit.
fn resembles(text: &str, pattern: &str) -> bool {
    let fits = |(byte, wanted): (u8, u8)| if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
}

/// RFC 3339 in capitals: `2026-01-31T09:00:00.000+01:00`.
fn is_like_a_moment(text: &str) -> bool {
    let (Some(start), Some(rest)) = (text.get(..19), text.get(19..)) else { return false };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if !(1..=9).contains(&(fraction.len() - zone.len())) {
                return false;
            }
            zone
        }
        None => rest,
    };
    resembles(start, "0000-00-00T00:00:00")
        && (zone == "Z" || resembles(zone, "+00:00") || resembles(zone, "-00:00"))
}

//! The language as a JSON Schema (2020-12), made from the parser's own table. Limits over a whole filter (depth, number of
//! conditions, bytes) and dates that are not in the calendar are the parser's alone.

use serde_json::{Map, Value, json};

use super::{
    Definition, Kind, MAX_CONDITIONS, MAX_COUNT, MAX_DEPTH, MAX_NAME, MAX_TEXT, MAX_VALUES, OPERATORS,
    Operator, Period, Shape, Unit, parse::MAX_OF,
};

const DAY: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
const MOMENT: &str =
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$";
const SHAPES: [Shape; 6] =
    [Shape::Nothing, Shape::Value, Shape::Values, Shape::Range, Shape::Span, Shape::Period];

/// The schema of a filter.
pub fn schema() -> Value {
    let group = |key: &str, least: usize| {
        json!({
            "type": "object",
            "properties": { key: { "type": "array", "minItems": least, "items": { "$ref": "#/$defs/filter" } } },
            "required": [key],
            "additionalProperties": false,
        })
    };
    let mut conditions = Vec::new();
    for kind in Kind::ALL {
        for shape in SHAPES {
            let own = OPERATORS.iter().filter(|row| row.shape == shape && row.kinds.contains(&kind));
            let (days, others): (Vec<&Definition>, Vec<&Definition>) =
                own.partition(|row| row.operator == Operator::On);
            for rows in [others, days].iter().filter(|rows| !rows.is_empty()) {
                let names: Vec<_> = rows.iter().map(|row| row.name).collect();
                let value = value(kind, rows[0].operator == Operator::On);
                conditions.push(condition(kind, shape, &names, &value));
            }
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Filter",
        "description": format!(
            "Selects records by their properties. Groups nest at most {MAX_DEPTH} deep, with {MAX_CONDITIONS} conditions in all."
        ),
        "$ref": "#/$defs/filter",
        "$defs": {
            "filter": { "oneOf": [
                { "$ref": "#/$defs/and" }, { "$ref": "#/$defs/or" }, { "$ref": "#/$defs/not" },
                { "$ref": "#/$defs/condition" },
            ] },
            "and": group("and", 0),
            "or": group("or", 1),
            "not": {
                "type": "object",
                "properties": { "not": { "$ref": "#/$defs/filter" } },
                "required": ["not"],
                "additionalProperties": false,
            },
            "condition": { "type": "object", "required": ["property", "type", "operator"], "oneOf": conditions },
            "property": {
                "description": "Internal name of a property.",
                "type": "string", "minLength": 1, "maxLength": MAX_NAME,
                "pattern": r#"^[^\u0000-\u001f"\\]+$"#,
            },
            "of": {
                "description": "What the property belongs to, if not the record itself.",
                "type": "string", "maxLength": MAX_OF, "pattern": "^[a-z][a-z0-9_]*$",
            },
            "text": { "type": "string", "minLength": 1, "maxLength": MAX_TEXT },
            "phone": {
                "type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": r"[^\s\-./()]",
            },
            "day": {
                "description": "A day of the portal's time zone.",
                "type": "string", "format": "date", "pattern": DAY,
            },
            "moment": {
                "description": "A moment, or a day of the portal's time zone.",
                "type": "string",
                "anyOf": [
                    { "format": "date", "pattern": DAY }, { "format": "date-time", "pattern": MOMENT },
                ],
            },
        },
    })
}

fn condition(kind: Kind, shape: Shape, names: &[&str], value: &Value) -> Value {
    let mut properties = Map::new();
    let mut set = |key: &str, schema: Value| {
        properties.insert(key.to_owned(), schema);
    };
    set("property", json!({ "$ref": "#/$defs/property" }));
    set("of", json!({ "$ref": "#/$defs/of" }));
    set("type", json!({ "const": kind.as_str() }));
    set("operator", json!({ "enum": names }));
    for key in shape.keys() {
        set(
            key,
            match shape {
                Shape::Values => json!({
                    "type": "array", "minItems": 1, "maxItems": MAX_VALUES, "items": value,
                }),
                Shape::Span if *key == "count" => {
                    json!({ "type": "integer", "minimum": 0, "maximum": MAX_COUNT })
                }
                Shape::Span => {
                    let units = Unit::ALL.into_iter().filter(|unit| unit.suits(kind)).map(Unit::as_str);
                    json!({ "enum": units.collect::<Vec<_>>() })
                }
                Shape::Period => json!({ "enum": Period::ALL.map(|period| period.name) }),
                Shape::Nothing | Shape::Value | Shape::Range => value.clone(),
            },
        );
    }
    let required: Vec<&str> = ["property", "type", "operator"].iter().chain(shape.keys()).copied().collect();
    json!({ "properties": properties, "required": required, "additionalProperties": false })
}

/// The schema of one value; `day_only` where a moment has no meaning.
fn value(kind: Kind, day_only: bool) -> Value {
    match kind {
        Kind::String | Kind::Enumeration => json!({ "$ref": "#/$defs/text" }),
        Kind::PhoneNumber => json!({ "$ref": "#/$defs/phone" }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Date => json!({ "$ref": "#/$defs/day" }),
        Kind::Datetime if day_only => json!({ "$ref": "#/$defs/day" }),
        Kind::Datetime => json!({ "$ref": "#/$defs/moment" }),
    }
}

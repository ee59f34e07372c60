//! The language of workflows as a JSON Schema (2020-12), with that of filters in it. What an action takes, limits over a whole definition
//! (depth, number of steps, bytes), ids that stand twice and what only an event's workflow may ask are the parser's alone.

use serde_json::{Map, Value, json};

use super::{
    definition::{EVENTS, Passage, StepId, Unit, Weekday},
    facts::SUBJECTS,
    limits,
};
use crate::{
    engine::portal::outbox::actions::Name,
    values::{filter, ids::ObjectType},
};

/// On one line, and not only spaces.
const LINE: &str =
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
/// Names of types.
const TYPE: &str = "^(contacts|companies|deals|tasks|calls|notes|2-(0|[1-9][0-9]{0,9}))$";

/// The schema of a workflow's definition.
pub fn schema() -> Value {
    let filters = filter::schema();
    let mut definitions: Map<String, Value> = filters["$defs"].as_object().cloned().unwrap_or_default();
    let subjects: Vec<&str> = ["event"].into_iter().chain(SUBJECTS).collect();
    definitions["of"] = json!({
        "description": "What the property belongs to, if not the record itself.", "enum": subjects,
    });
    definitions["filter"]["description"] = filters["description"].clone();
    for (name, schema) in own() {
        definitions.insert(name.to_owned(), schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Workflow",
        "description": format!(
            "What is done for a record when something happens. {} steps at most in all, {} deep.", limits::STEPS, limits::DEPTH
        ),
        "$ref": "#/$defs/workflow",
        "$defs": definitions,
    })
}

/// An object of these members and no others; a name that ends in `?` may be left out.
fn object(members: &[(&str, Value)]) -> Value {
    let name = |name: &str| name.trim_end_matches('?').to_owned();
    let required: Vec<&str> =
        members.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('?')).collect();
    let properties: Map<String, Value> =
        members.iter().map(|(own, schema)| (name(own), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn line(most: usize) -> Value {
    json!({ "type": "string", "maxLength": most, "pattern": LINE })
}

fn maybe(mut schema: Value) -> Value {
    schema["type"] = json!([schema["type"], "null"]);
    schema
}

fn named<T>(all: &[(&'static str, T)]) -> Value {
    json!({ "enum": all.iter().map(|(name, _)| *name).collect::<Vec<_>>() })
}

fn own() -> [(&'static str, Value); 7] {
    let on = |name: &str| json!({ "const": name });
    let record = || json!({ "type": "string", "pattern": TYPE, "examples": [ObjectType::Contacts] });
    let hour = || json!({ "type": "integer", "minimum": 0, "maximum": 23 });
    let mut event = line(limits::NAME_CHARS);
    event["examples"] = json!(EVENTS);
    let properties = json!({
        "type": "array", "minItems": 1, "maxItems": limits::PROPERTIES, "items": line(filter::MAX_NAME),
        "description": "Of an update: one of these has another value.",
    });
    let kinds = json!({ "type": "array", "minItems": 1, "items": named(&Passage::ALL) });
    let actions = json!({ "enum": Name::ALL.map(Name::as_str) });
    [
        (
            "workflow",
            object(&[
                ("name", line(limits::NAME_CHARS)),
                ("description?", maybe(line(limits::DESCRIPTION_CHARS))),
                ("trigger", of("trigger")),
                ("conditions?", of("filter")),
                ("enrolment", of("enrolment")),
                ("steps", json!({ "$ref": "#/$defs/steps", "minItems": 1 })),
            ]),
        ),
        (
            "trigger",
            json!({ "description": "When the workflow begins, and for records of which type.", "oneOf": [
                object(&[("on", on("event")), ("event", event), ("record", record())]),
                object(&[("on", on("change")), ("record", record()), ("kinds?", kinds), ("properties?", properties)]),
                object(&[("on", on("schedule")), ("record", record()), ("every", on("hour"))]),
                object(&[("on", on("schedule")), ("record", record()), ("every", on("day")), ("hour", hour())]),
                object(&[
                    ("on", on("schedule")), ("record", record()), ("every", on("week")),
                    ("weekday", named(&Weekday::ALL)), ("hour", hour()),
                ]),
            ] }),
        ),
        (
            "enrolment",
            json!({ "description": "How often one record goes through the workflow.", "oneOf": [
                object(&[("again", json!({ "enum": ["once", "every_time"] }))]),
                object(&[("again", on("when")), ("when", of("filter"))]),
            ] }),
        ),
        ("steps", json!({ "type": "array", "maxItems": limits::STEPS, "items": of("step") })),
        (
            "step",
            json!({ "oneOf": [
                {
                    "description": "An action, with what it takes; its texts may name facts as `{{contact.firstname}}`.",
                    "type": "object", "properties": { "id": of("id"), "do": actions }, "required": ["id", "do"],
                    "not": { "required": ["action"] },
                },
                object(&[("id", of("id")), ("if", of("filter")), ("then", of("steps")), ("else?", of("steps"))]),
                object(&[("id", of("id")), ("wait", of("span"))]),
                object(&[
                    ("id", of("id")), ("wait_until", of("filter")), ("at_most", of("span")), ("else?", of("steps")),
                ]),
                object(&[("id", of("id")), ("stop", line(limits::WORDS_CHARS))]),
                object(&[
                    ("id", of("id")),
                    ("decide", object(&[
                        ("route", line(limits::NAME_CHARS)), ("label?", maybe(line(limits::NAME_CHARS))),
                    ])),
                ]),
            ] }),
        ),
        (
            "span",
            object(&[
                ("count", json!({ "type": "integer", "minimum": 1, "maximum": limits::WAIT_DAYS * 1_440 })),
                ("unit", named(&Unit::ALL)),
            ]),
        ),
        (
            "id",
            json!({
                "description": "What the step is called: no other of the workflow has it.",
                "type": "string", "maxLength": StepId::CHARS, "pattern": "^[a-z0-9_-]+$",
            }),
        ),
    ]
}

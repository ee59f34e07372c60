//! What bodies hold, as JSON Schemas (2020-12): limits are the constants that the code refuses by.

mod actions;
pub(super) mod activations;
mod answers;
mod mappings;
mod matching;
mod privacy;
mod records;
pub(super) mod scores;
mod seats;
mod selections;
mod signals;
mod workflows;

use serde_json::{Map, Value, json};

use crate::{
    api::{connection, endpoint, request},
    engine::{
        channel,
        directory::messages::Permission,
        portal::{endpoints::endpoint::EVENTS, selection::NAMES_LIMIT},
    },
    values::{filter, mapping::Action, receiver, tier::Tier},
};

/// Anything but control characters, with something to be seen.
const ONE_LINE: &str =
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
/// Anything but control characters.
const NO_CONTROL: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// A type of record: HubSpot's name, of a custom object its number.
const OBJECT_TYPE: &str = "^(contacts|companies|deals|tasks|calls|notes|2-[1-9][0-9]{0,8})$";
/// A number of the change feed, as text: beyond 2^53.
const SEQUENCE: &str = "^[0-9]{1,18}$";

/// An object of these members; a name that ends in `?` need not be there.
pub(super) fn object(members: &[(&str, Value)]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, schema) in members {
        if let Some(name) = name.strip_suffix('?') {
            properties.insert(name.to_owned(), schema.clone());
        } else {
            properties.insert((*name).to_owned(), schema.clone());
            required.push(*name);
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The same of which other members are refused: bodies of requests.
fn body(members: &[(&str, Value)]) -> Value {
    let mut schema = object(members);
    schema["additionalProperties"] = json!(false);
    schema
}

/// A text on one line, without spaces around it.
pub(super) fn line(most: usize) -> Value {
    const ONE_LINE: &str = r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$";
    json!({ "type": "string", "minLength": 1, "maxLength": most, "pattern": ONE_LINE })
}

/// A schema of the components.
pub(super) fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn or_null(schema: Value) -> Value {
    match schema["type"].as_str().filter(|_| schema.get("enum").is_none()) {
        Some(kind) => {
            let kinds = json!([kind, "null"]);
            let mut schema = schema;
            schema["type"] = kinds;
            schema
        }
        None => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn said(schema: Value, words: &str) -> Value {
    let mut schema = schema;
    schema["description"] = words.into();
    schema
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn permission() -> Value {
    words(&Permission::ALL.map(Permission::as_str))
}

fn moment() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn words(values: &[&str]) -> Value {
    json!({ "type": "string", "enum": values })
}

pub(super) fn name(most: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": most, "pattern": ONE_LINE })
}

fn plain(least: usize, most: usize) -> Value {
    json!({ "type": "string", "minLength": least, "maxLength": most, "pattern": NO_CONTROL })
}

/// An id that Spoke makes.
pub(super) fn id(prefix: &str, what: &str) -> Value {
    json!({
        "type": "string", "pattern": format!("^{prefix}_[0-9a-f]{{24}}$"), "format": format!("{what}-id"),
        "examples": [format!("{prefix}_5f0c2ab9e1d34c67a8b90f12")],
    })
}

/// HubSpot's ids: digits, beyond 2^53 possible, therefore texts.
pub(super) fn number_id(what: &str) -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{1,18}$", "format": format!("{what}-id"), "examples": ["512"] })
}

/// The same in a body, where a number will do too.
pub(super) fn given_id(what: &str) -> Value {
    let mut id = number_id(what);
    id["type"] = json!(["string", "integer"]);
    (id["minimum"], id["maximum"]) = (json!(0), json!(i64::MAX));
    id
}

pub(super) fn object_type() -> Value {
    json!({
        "type": "string", "pattern": OBJECT_TYPE, "examples": ["contacts"],
        "description": "`contacts`, `companies`, `deals`, `tasks`, `calls`, `notes`, or a custom object's number, `2-…`.",
    })
}

/// What a mapping is of.
pub(super) fn action() -> Value {
    json!({ "type": "string", "enum": Action::ALL.map(Action::as_str), "examples": ["log_call"] })
}

pub(super) fn sequence() -> Value {
    json!({ "type": "string", "pattern": SEQUENCE, "format": "sequence-number", "examples": ["0"] })
}

/// A list that is read page by page, or in one.
fn page(items: &str) -> Value {
    object(&[("results", list(of(items))), ("next_cursor", next_cursor())])
}

fn next_cursor() -> Value {
    said(json!({ "type": ["string", "null"] }), "Pass it on as `cursor` as it came; null: there are no more.")
}

/// The same with further members.
fn page_with(items: &str, more: &[(&str, Value)]) -> Value {
    let mut members = vec![("results", list(of(items))), ("next_cursor", next_cursor())];
    members.extend_from_slice(more);
    object(&members)
}

/// All of them, by name.
pub(super) fn all() -> Map<String, Value> {
    let mut all = Map::new();
    for (name, schema) in requests()
        .into_iter()
        .chain(answers::all())
        .chain(records::all())
        .chain(selections::all())
        .chain(seats::all())
        .chain(privacy::all())
        .chain(actions::all())
        .chain(mappings::all())
        .chain(scores::all())
        .chain(activations::all())
        .chain(signals::all())
        .chain(matching::all())
        .chain(workflows::all())
    {
        all.insert(name.to_owned(), schema);
    }
    filters(&mut all);
    workflows::definitions(&mut all);
    all
}

/// Makes references to a schema's own definitions such to components. `component`: what one is called there.
fn moved(value: &mut Value, component: &dyn Fn(&str) -> String) {
    match value {
        Value::Object(entries) => {
            if let Some(Value::String(reference)) = entries.get_mut("$ref")
                && let Some(name) = reference.strip_prefix("#/$defs/")
            {
                *reference = format!("#/components/schemas/{}", component(name));
            }
            entries.values_mut().for_each(|value| moved(value, component));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| moved(value, component)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The language of filters, whose definitions become components of their own.
fn filters(all: &mut Map<String, Value>) {
    let component =
        |name: &str| if name == "filter" { "Filter".to_owned() } else { format!("Filter-{name}") };
    let schema = filter::schema();
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        let mut definition = definition.clone();
        moved(&mut definition, &component);
        if name == "filter" {
            definition["description"] = schema["description"].clone();
        }
        all.insert(component(name), definition);
    }
}

/// A private app's token or secret: one word.
fn token(what: &str) -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": connection::SECRET_BYTES, "pattern": "^[!-~]+$",
        "format": format!("hubspot-{what}"), "writeOnly": true,
    })
}

/// The tiers there are, and `more`; or null.
fn tiers(more: &[&str]) -> Vec<Value> {
    let all = Tier::all().map(|tier| json!(tier.to_string()));
    all.chain(more.iter().map(|word| json!(word))).chain([Value::Null]).collect()
}

/// Takes a list or a filter, or neither.
fn exclusive(mut schema: Value) -> Value {
    schema["not"] = json!({ "required": ["list", "filter"] });
    schema
}

fn requests() -> Vec<(&'static str, Value)> {
    let mapping = body(&[
        ("field", said(plain(1, channel::MAX_NAME), "Your name for it.")),
        ("of?", plain(1, channel::MAX_NAME)),
        ("property", said(plain(1, filter::MAX_NAME), "HubSpot's internal name of the property.")),
        ("default?", said(plain(1, channel::MAX_DEFAULT), "What you get of a record without a value.")),
    ]);
    let fields = json!({
        "type": "array", "minItems": 1, "maxItems": channel::MAX_FIELDS, "items": of("Mapping"),
        "description": "What you get of each record; names may not repeat.",
    });
    let by_list = said(number_id("list"), "The HubSpot list that selects.");
    let selecting = |required: &[&str]| {
        let mut schema = body(&[
            ("name?", plain(1, channel::MAX_NAME)),
            ("object_type?", object_type()),
            ("list?", by_list.clone()),
            ("filter?", of("Filter")),
            ("fields?", fields.clone()),
        ]);
        schema["required"] = json!(required);
        schema["oneOf"] = json!([{ "required": ["list"] }, { "required": ["filter"] }]);
        schema
    };
    let url = json!({
        "type": "string", "format": "uri", "maxLength": receiver::URL_BYTES,
        "description": "Where deliveries go: `https`, a public host.",
    });
    let description = plain(0, endpoint::DESCRIPTION_CHARS);
    let types = said(list(object_type()), "Only changes of these types; empty: of all.");
    let events = said(list(words(&EVENTS)), "Only these kinds; empty: all.");
    let channel_id = id("ch", "channel");
    vec![
        (
            "NewWorkspace",
            body(&[
                ("name", name(request::NAME_CHARS)),
                (
                    "jurisdiction?",
                    json!({ "enum": ["eu", null], "description": "Where its data is kept; cannot be changed later." }),
                ),
            ]),
        ),
        (
            "NewKey",
            body(&[
                ("name", name(request::NAME_CHARS)),
                ("expires_at?", or_null(said(moment(), "Not accepted from then on; must lie ahead."))),
                (
                    "permissions?",
                    json!({
                        "type": ["array", "null"], "minItems": 1, "items": permission(),
                        "description": "Absent: those of the key that makes it. A key gives none that it lacks.",
                    }),
                ),
            ]),
        ),
        (
            "NewSession",
            body(&[
                (
                    "user",
                    said(
                        name(request::NAME_CHARS),
                        "Name or e-mail address of the person, as you know them.",
                    ),
                ),
                ("role", words(&["administrator", "viewer"])),
                (
                    "return_url?",
                    json!({
                        "type": ["string", "null"], "maxLength": request::URL_BYTES, "pattern": "^https://[!-~]+$",
                        "description": "Where **Back** leads.",
                    }),
                ),
            ]),
        ),
        (
            "NewSelection",
            body(&[
                (
                    "fields",
                    json!({ "oneOf": [
                        { "const": "all" },
                        { "type": "array", "maxItems": NAMES_LIMIT, "items": { "type": "string" } },
                    ] }),
                ),
                (
                    "keep_fresh?",
                    json!({
                        "type": "array", "maxItems": NAMES_LIMIT, "items": { "type": "string" },
                        "description": "Calculated fields whose values are read again daily.",
                    }),
                ),
            ]),
        ),
        (
            "NewConnection",
            body(&[
                ("name", name(request::NAME_CHARS)),
                ("token", token("token")),
                ("webhook_secret?", or_null(token("webhook-secret"))),
            ]),
        ),
        (
            "Credentials",
            body(&[("token", token("token")), ("webhook_secret?", or_null(token("webhook-secret")))]),
        ),
        ("ConnectionChange", {
            let mut schema = body(&[
                ("name?", or_null(name(request::NAME_CHARS))),
                ("tier?", json!({ "enum": tiers(&["auto"]) })),
            ]);
            schema["anyOf"] = json!([
                { "required": ["name"], "properties": { "name": { "type": "string" } } },
                { "required": ["tier"], "properties": { "tier": { "type": "string" } } },
            ]);
            schema
        }),
        ("Mapping", mapping),
        ("NewChannel", selecting(&["name", "object_type", "fields"])),
        ("ChannelToPreview", selecting(&["object_type", "fields"])),
        (
            "ChannelChange",
            exclusive(body(&[
                ("name?", plain(1, channel::MAX_NAME)),
                ("object_type?", object_type()),
                ("list?", by_list),
                ("filter?", of("Filter")),
                ("fields?", fields),
            ])),
        ),
        (
            "NewEndpoint",
            body(&[
                ("url", url.clone()),
                ("description?", or_null(description.clone())),
                ("types?", types.clone()),
                ("events?", events.clone()),
                ("channel?", or_null(channel_id.clone())),
                ("after?", or_null(said(sequence(), "Begins after this change; absent: with the next."))),
            ]),
        ),
        (
            "EndpointChange",
            body(&[
                ("url?", or_null(url)),
                ("description?", or_null(description)),
                ("types?", or_null(types)),
                ("events?", or_null(events)),
                ("channel?", said(or_null(channel_id), "null: of records again, and of no channel.")),
            ]),
        ),
        ("Skip", body(&[("message?", or_null(id("msg", "message")))])),
        ("Replay", body(&[("after", sequence())])),
        ("Nothing", body(&[])),
    ]
}

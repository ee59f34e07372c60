//! What bodies hold, as JSON Schemas (2020-12): limits are the constants that the code refuses by.

mod privacy;

use serde_json::{Map, Value, json};

use crate::{
    api::{connection, endpoint, request, seat},
    engine::{
        channel,
        directory::messages::Permission,
        portal::{endpoints::endpoint::EVENTS, selection::NAMES_LIMIT},
    },
    hubspot::asked,
    values::{failure::Failure, filter, problem::Kind, receiver, tier::Tier},
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

fn name(most: usize) -> Value {
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

pub(super) fn object_type() -> Value {
    json!({
        "type": "string", "pattern": OBJECT_TYPE, "examples": ["contacts"],
        "description": "`contacts`, `companies`, `deals`, `tasks`, `calls`, `notes`, or a custom object's number, `2-…`.",
    })
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
        .chain(answers())
        .chain(records())
        .chain(selections())
        .chain(seats())
        .chain(privacy::all())
    {
        all.insert(name.to_owned(), schema);
    }
    filters(&mut all);
    all
}

/// The language of filters, whose definitions become components of their own.
fn filters(all: &mut Map<String, Value>) {
    fn moved(value: &mut Value) {
        match value {
            Value::Object(entries) => {
                if let Some(Value::String(reference)) = entries.get_mut("$ref")
                    && let Some(name) = reference.strip_prefix("#/$defs/")
                {
                    *reference = format!("#/components/schemas/{}", component(name));
                }
                entries.values_mut().for_each(moved);
            }
            Value::Array(items) => items.iter_mut().for_each(moved),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    fn component(name: &str) -> String {
        if name == "filter" { "Filter".to_owned() } else { format!("Filter-{name}") }
    }
    let schema = filter::schema();
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        let mut definition = definition.clone();
        moved(&mut definition);
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
                        "type": ["string", "null"], "maxLength": request::URL_BYTES, "pattern": "^https?://[!-~]+$",
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

fn answers() -> Vec<(&'static str, Value)> {
    let trouble = [
        ("type", or_null(said(text(), "Which way of failing between Spoke and HubSpot: stable."))),
        ("message", said(text(), "What goes wrong, in words.")),
        ("at", moment()),
        ("correlation_id", said(or_null(text()), "For the log, ours and HubSpot's.")),
    ];
    let mut unreadable = vec![("id", number_id("record")), ("next_try_at", or_null(moment()))];
    unreadable.extend(trouble.clone());
    let no_trouble = || json!({ "anyOf": [of("Trouble"), { "type": "null" }] });
    let missing = || or_null(list(text()));
    let finding = || of("Finding");
    let connection = [
        ("id", id("con", "connection")),
        ("workspace_id", id("ws", "workspace")),
        ("app", text()),
        ("portal_id", said(text(), "The HubSpot account.")),
        ("portal_name", text()),
        ("name", said(text(), "What people call it; empty: as the account is called.")),
        ("kind", words(&["oauth", "token"])),
        ("hubspot_user_id", or_null(text())),
        ("connected_by", text()),
        ("state", words(&CONNECTION_STATES)),
        ("created_at", moment()),
        ("connected_at", moment()),
    ];
    let with = |more: &[(&'static str, Value)]| {
        let mut members = connection.to_vec();
        members.extend_from_slice(more);
        object(&members)
    };
    let key = [
        ("id", id("key", "key")),
        ("name", text()),
        ("created_at", moment()),
        ("expires_at", or_null(moment())),
        ("last_used_at", or_null(said(moment(), "Five minutes late at most."))),
        ("permissions", list(permission())),
    ];
    let mut new_key = key.to_vec();
    new_key.push(("key", said(text(), "The key itself, shown this once.")));
    vec![
        (
            "Workspace",
            object(&[
                ("id", id("ws", "workspace")),
                ("name", text()),
                ("jurisdiction", json!({ "enum": ["eu", null] })),
                ("created_at", moment()),
            ]),
        ),
        ("Workspaces", page("Workspace")),
        ("Key", object(&key)),
        ("CreatedKey", object(&new_key)),
        ("Keys", page("Key")),
        (
            "Session",
            object(&[
                (
                    "url",
                    json!({ "type": "string", "format": "uri", "description": "Send the person there; opens once." }),
                ),
                ("expires_at", moment()),
            ]),
        ),
        ("Connection", object(&connection)),
        ("Connections", page("Connection")),
        ("ConnectionWithSync", with(&[("sync", json!({ "anyOf": [of("Sync"), { "type": "null" }] }))])),
        (
            "Disconnect",
            with(&[(
                "disconnect",
                object(&[("stops", flag()), ("revokes", flag()), ("uninstalls", flag())]),
            )]),
        ),
        ("Trouble", object(&trouble)),
        (
            "Sync",
            object(&[
                ("scopes", list(text())),
                ("webhooks", flag()),
                ("tier", json!({ "enum": tiers(&[]) })),
                ("paused_until", or_null(moment())),
                ("streams", list(of("Stream"))),
                ("beside", list(of("Source"))),
                ("associations", list(of("Pair"))),
                ("latest_change", sequence()),
                ("rows_written", count()),
                ("stored_bytes", count()),
                (
                    "storage",
                    object(&[
                        ("bytes", count()),
                        ("limit_bytes", count()),
                        ("level", words(&["roomy", "filling", "full"])),
                    ]),
                ),
                ("trouble", no_trouble()),
            ]),
        ),
        (
            "Stream",
            object(&[
                ("object_type", object_type()),
                ("label", or_null(text())),
                ("state", words(&STREAM_STATES)),
                ("missing_scopes", missing()),
                ("phase", words(&["backfill", "incremental"])),
                ("records", count()),
                ("backfill", or_null(object(&[("read", count()), ("expected", or_null(count()))]))),
                ("checked_at", or_null(moment())),
                ("next_check_at", or_null(moment())),
                ("changed_at", or_null(moment())),
                ("event_at", or_null(moment())),
                ("waiting", said(count(), "Records known to have changed and not read yet.")),
                ("unreadable", list(of("Unreadable"))),
                ("fields_read_at", or_null(moment())),
                (
                    "keep_fresh",
                    or_null(object(&[
                        ("fields", count()),
                        ("read_at", or_null(moment())),
                        ("percent", or_null(count())),
                        ("calls", count()),
                    ])),
                ),
                (
                    "reconcile",
                    object(&[
                        ("found", count()),
                        ("read_at", or_null(moment())),
                        ("counts", finding()),
                        ("sweep", finding()),
                        ("sample", finding()),
                    ]),
                ),
                ("trouble", no_trouble()),
            ]),
        ),
        (
            "Finding",
            object(&[
                ("done_at", or_null(moment())),
                ("due_at", moment()),
                ("calls", count()),
                ("found", count()),
                ("calculated", count()),
                ("cut_short", flag()),
            ]),
        ),
        ("Unreadable", object(&unreadable)),
        (
            "Source",
            object(&[
                ("source", text()),
                ("state", words(&STREAM_STATES)),
                ("missing_scopes", missing()),
                ("count", count()),
                ("read_at", or_null(moment())),
                ("trouble", no_trouble()),
            ]),
        ),
        (
            "Pair",
            object(&[
                ("types", json!({ "type": "array", "items": object_type(), "minItems": 2, "maxItems": 2 })),
                ("read_at", or_null(moment())),
                ("due_at", or_null(moment())),
                ("percent", or_null(count())),
                ("calls", count()),
                ("trouble", no_trouble()),
            ]),
        ),
        (
            "Test",
            object(&[
                ("state", words(&["running", "done"])),
                ("asked_at", moment()),
                ("ended_at", or_null(moment())),
                ("works", or_null(flag())),
                (
                    "results",
                    list(object(&[
                        ("check", text()),
                        ("works", flag()),
                        ("type", or_null(text())),
                        ("scopes", list(text())),
                        ("detail", text()),
                        ("correlation_id", or_null(text())),
                    ])),
                ),
            ]),
        ),
        (
            "Limits",
            object(&[
                ("tier", json!({ "enum": tiers(&[]) })),
                (
                    "now",
                    or_null(object(&[
                        ("window", object(&[("used", count()), ("limit", count()), ("seconds", count())])),
                        (
                            "day",
                            object(&[
                                ("used", count()),
                                ("limit", or_null(count())),
                                ("resets_at", moment()),
                            ]),
                        ),
                        ("throttled_until", or_null(moment())),
                        ("public_app", flag()),
                    ])),
                ),
                (
                    "last_24_hours",
                    list(object(&[
                        ("from", moment()),
                        (
                            "calls",
                            list(object(&[
                                ("caller", text()),
                                ("endpoint", text()),
                                ("calls", count()),
                                ("refused", count()),
                            ])),
                        ),
                    ])),
                ),
            ]),
        ),
        ("Problem", problem()),
    ]
}

const CONNECTION_STATES: [&str; 7] = [
    "connecting",
    "active",
    "paused",
    "paused_by_person",
    "needs_reauthorisation",
    "disconnecting",
    "disconnected",
];
const STREAM_STATES: [&str; 2] = ["running", "no_scope"];

fn problem() -> Value {
    let names = Kind::ALL
        .iter()
        .map(|kind| kind.describe().1)
        .chain(Failure::ALL.iter().map(|failure| failure.name()));
    let types: Vec<String> = names.map(|name| format!("/problems/{name}")).collect();
    let mut schema = object(&[
        ("type", json!({ "type": "string", "enum": types, "description": "Stable; decide by it." })),
        ("title", text()),
        ("status", json!({ "type": "integer", "minimum": 400, "maximum": 599 })),
        ("detail", said(text(), "For a person: what happened, and what to do.")),
        ("correlation_id?", said(text(), "For support.")),
        (
            "errors?",
            said(
                list(object(&[
                    ("path", said(text(), "JSON Pointer into the body.")),
                    ("code", text()),
                    ("detail", text()),
                ])),
                "What is wrong with the body, place by place.",
            ),
        ),
    ]);
    schema["description"] = "RFC 9457.".into();
    schema
}

fn seats() -> Vec<(&'static str, Value)> {
    let cursor = json!({ "type": "string", "minLength": 1, "format": "hubspot-cursor" });
    let property = json!({ "type": "string", "pattern": "^[A-Za-z0-9_.-]{1,60}$", "examples": ["email"] });
    let value = || json!({ "type": "string", "maxLength": seat::VALUE_CHARS });
    vec![
        (
            "NewSeat",
            body(&[
                ("user", said(name(200), "Your own name for the user, for people.")),
                (
                    "return_url",
                    said(
                        json!({ "type": "string", "maxLength": 2_000, "pattern": "^https?://[!-~]+$", "examples": ["https://app.example.com/hubspot"] }),
                        "Where the user goes on to, with `seat` and `code` appended.",
                    ),
                ),
            ]),
        ),
        ("SeatLink", object(&[("seat", of("Seat")), ("url", text()), ("expires_at", moment())])),
        ("SeatCode", body(&[("code", text())])),
        (
            "Seat",
            object(&[
                ("id", id("seat", "seat")),
                ("user", text()),
                ("state", words(&["invited", "pending", "active", "expired", "revoked"])),
                ("hubspot_user_id", or_null(text())),
                ("invited_at", moment()),
                ("link_expires_at", or_null(moment())),
                ("active_at", or_null(moment())),
                ("ended_at", or_null(moment())),
                ("last_used_at", or_null(said(moment(), "To five minutes."))),
            ]),
        ),
        ("Seats", page("Seat")),
        (
            "SeatCondition",
            body(&[
                ("property", property.clone()),
                ("operator", words(&asked::OPERATORS)),
                ("value?", or_null(value())),
                ("high_value?", or_null(said(value(), "Of `BETWEEN`."))),
                (
                    "values?",
                    json!({ "type": "array", "maxItems": seat::VALUES_LIMIT, "items": value(), "description": "Of `IN` and `NOT_IN`." }),
                ),
            ]),
        ),
        (
            "SeatSearch",
            body(&[
                ("query?", or_null(json!({ "type": "string", "maxLength": asked::QUERY_CHARS }))),
                (
                    "filters?",
                    json!({ "type": "array", "maxItems": asked::FILTERS_LIMIT, "items": of("SeatCondition") }),
                ),
                ("properties?", json!({ "type": "array", "maxItems": 20, "items": property })),
                (
                    "limit?",
                    or_null(json!({ "type": "integer", "minimum": 1, "maximum": asked::SEARCH_LIMIT })),
                ),
                ("cursor?", or_null(cursor)),
            ]),
        ),
        ("SeatRecords", page_with("Record", &[("total?", said(count(), "How many match; of searches."))])),
        (
            "SeatAssociations",
            object(&[
                ("results", list(object(&[("id", number_id("record")), ("types", list(of("LinkType")))]))),
                ("next_cursor", next_cursor()),
            ]),
        ),
        (
            "SeatLists",
            object(&[
                (
                    "results",
                    list(object(&[("id", text()), ("name", text()), ("object_type", or_null(text()))])),
                ),
                ("next_cursor", next_cursor()),
            ]),
        ),
    ]
}

fn records() -> Vec<(&'static str, Value)> {
    let or_text = || or_null(text());
    let values = || {
        said(
            json!({ "type": "object", "additionalProperties": { "type": "string" } }),
            "HubSpot's texts; what is empty is not there.",
        )
    };
    let record = [
        ("id", number_id("record")),
        ("object_type", object_type()),
        ("created_at", moment()),
        ("updated_at", moment()),
        ("merged_from?", said(text(), "The id that was asked for, which became part of this record.")),
        ("properties", values()),
    ];
    let link_type = object(&[("category", text()), ("type_id", count()), ("label", or_null(text()))]);
    let kinds: Vec<&str> = CHANGES.to_vec();
    vec![
        ("Record", object(&record)),
        ("Records", page("Record")),
        ("LinkType", link_type),
        (
            "Association",
            object(&[
                ("id", number_id("record")),
                ("object_type", object_type()),
                ("types", list(of("LinkType"))),
            ]),
        ),
        ("Associations", page("Association")),
        (
            "Change",
            object(&[
                ("seq", sequence()),
                ("at", moment()),
                ("object_type", said(text(), "A type of record, or `connection`.")),
                ("kind", json!({ "type": "string", "enum": kinds })),
                ("id", said(text(), "Of the record; of what happens to the connection, its own.")),
                ("record?", of("Record")),
                (
                    "changed?",
                    json!({ "type": "object", "additionalProperties": object(&[("old", or_text()), ("new", or_text())]) }),
                ),
                ("into?", said(text(), "The record that this one became part of.")),
                ("erased?", flag()),
                ("channel?", id("ch", "channel")),
                (
                    "fields?",
                    json!({ "type": "object", "description": "Of a channel's record, under your names." }),
                ),
                ("reason?", words(&["unselected", "deleted", "erased", "merged"])),
                ("handed_over?", flag()),
                ("list_id?", text()),
                ("list_name?", text()),
                ("to_type?", object_type()),
                ("to_id?", text()),
                ("types?", list(of("LinkType"))),
                ("about?", text()),
                ("message?", text()),
            ]),
        ),
        (
            "Changes",
            object(&[
                ("changes", list(of("Change"))),
                ("next", said(sequence(), "What to ask `after` with the next time.")),
                ("latest", sequence()),
            ]),
        ),
        (
            "SnapshotLine",
            said(
                json!({ "type": "string" }),
                "Lines of JSON. The first: `{seq, at, types}`; then a record each, with `associations` by type; the last: `{end, seq, settled_at, records, records_by_type}`. Without its last line a snapshot is not whole.",
            ),
        ),
        (
            "Field",
            object(&[
                ("name", text()),
                ("label", text()),
                ("type", text()),
                ("field_type", text()),
                ("group", text()),
                ("description", text()),
                ("calculated", flag()),
                ("hubspot_defined", flag()),
                ("read_only", flag()),
                ("unique", flag()),
                ("hidden", flag()),
                ("options", list(object(&[("value", text()), ("label", text()), ("hidden?", flag())]))),
                ("options_left_out?", flag()),
                ("appeared_at", moment()),
                ("vanished_at", or_null(moment())),
            ]),
        ),
        (
            "Fields",
            object(&[
                ("object_type", object_type()),
                ("results", list(of("Field"))),
                ("read_at", or_null(moment())),
                (
                    "history",
                    list(object(&[
                        ("at", moment()),
                        ("name", text()),
                        ("kind", words(&["appeared", "retyped", "vanished"])),
                        ("before", or_text()),
                        ("after", or_text()),
                    ])),
                ),
            ]),
        ),
        (
            "Selection",
            object(&[
                ("object_type", object_type()),
                (
                    "fields",
                    json!({ "oneOf": [{ "const": "all" }, { "type": "array", "items": { "type": "string" } }] }),
                ),
                ("always", said(list(text()), "What Spoke needs, mirrored whatever is chosen.")),
                ("mirrored", count()),
                ("of", count()),
                ("keep_fresh", list(text())),
                ("narrowed", flag()),
                ("fresh_at", or_null(moment())),
                ("calls_a_day", count()),
            ]),
        ),
        (
            "Type",
            object(&[
                ("object_type", object_type()),
                ("label", text()),
                ("always", flag()),
                ("mirrored", flag()),
                ("missing_scopes", list(text())),
                ("name?", text()),
            ]),
        ),
        (
            "Types",
            page_with(
                "Type",
                &[
                    ("most", count()),
                    (
                        "custom_objects",
                        object(&[
                            ("read_at", or_null(moment())),
                            ("missing_scopes", list(text())),
                            ("trouble", or_null(text())),
                        ]),
                    ),
                ],
            ),
        ),
    ]
}

/// Kinds of change, as `kind_of` and the lifecycle name them.
const CHANGES: [&str; 26] = [
    "created",
    "updated",
    "deleted",
    "restored",
    "merged",
    "erased",
    "channel_entered",
    "channel_updated",
    "channel_left",
    "membership_added",
    "membership_removed",
    "association_added",
    "association_removed",
    "list_off",
    "type_off",
    "connected",
    "backfill_done",
    "needs_reauthorisation",
    "scope_lost",
    "paused",
    "resumed",
    "storage_low",
    "channel_held",
    "channel_resumed",
    "data_deleted",
    "disconnected",
];

fn selections() -> Vec<(&'static str, Value)> {
    let or_text = || or_null(text());
    let or_moment = || or_null(moment());
    let read = ("read_at", or_moment());
    let attempt = object(&[
        ("message_id", text()),
        ("at", moment()),
        ("status", or_null(count())),
        ("took_ms", count()),
        ("message", or_text()),
    ]);
    let attempted = || json!({ "anyOf": [of("Attempt"), { "type": "null" }] });
    let endpoint = [
        ("id", id("ep", "endpoint")),
        ("url", text()),
        ("description", text()),
        ("types", list(object_type())),
        ("events", list(text())),
        ("channel", or_null(id("ch", "channel"))),
        ("state", words(&["active", "failing", "paused", "disabled"])),
        ("reason", or_text()),
        ("cursor", said(sequence(), "The last change that was taken.")),
        ("behind", sequence()),
        ("handing_over", flag()),
        (
            "message",
            or_null(object(&[("id", text()), ("type", text()), ("after", sequence()), ("next", sequence())])),
        ),
        ("failures", count()),
        ("failing_since", or_moment()),
        ("next_attempt_at", or_moment()),
        ("last_attempt", attempted()),
        ("delivered_at", or_moment()),
        (
            "test",
            or_null(object(&[("message_id", text()), ("asked_at", moment()), ("attempt", attempted())])),
        ),
        ("previous_secret_until", or_moment()),
        ("created_at", moment()),
        ("secret?", said(text(), "Where one was made: shown this once.")),
    ];
    let list_members = [
        ("id", number_id("list")),
        ("name", text()),
        ("object_type?", or_null(object_type())),
        ("object_type_id?", text()),
        ("processing_type?", text()),
        ("size?", or_null(count())),
        ("updated_at?", or_text()),
    ];
    let mut one_list = list_members.to_vec();
    one_list.push((
        "followed",
        or_null(object(&[
            ("state", words(&["reading", "gone", "refused", "waiting", "in_step"])),
            ("members", count()),
            ("by", list(text())),
            ("complete_since", or_moment()),
            ("read_in_full_at", or_moment()),
            ("trouble", json!({ "anyOf": [of("Trouble"), { "type": "null" }] })),
        ])),
    ));
    vec![
        (
            "Owner",
            object(&[
                ("id", text()),
                ("type", text()),
                ("email", or_text()),
                ("first_name", or_text()),
                ("last_name", or_text()),
                ("user_id", or_text()),
                ("teams", list(object(&[("id", text()), ("name", text()), ("primary", flag())]))),
                ("archived", flag()),
                ("created_at", or_text()),
                ("updated_at", or_text()),
            ]),
        ),
        ("Owners", page_with("Owner", std::slice::from_ref(&read))),
        (
            "Pipeline",
            object(&[
                ("id", text()),
                ("label", text()),
                (
                    "stages",
                    list(object(&[
                        ("id", text()),
                        ("label", text()),
                        (
                            "metadata",
                            json!({ "type": "object", "additionalProperties": { "type": "string" } }),
                        ),
                    ])),
                ),
            ]),
        ),
        ("Pipelines", page_with("Pipeline", std::slice::from_ref(&read))),
        ("List", object(&list_members)),
        ("Lists", page_with("List", &[read, ("followed", list(text()))])),
        ("ListWithMembers", object(&one_list)),
        ("Member", object(&[("id", number_id("record"))])),
        ("Members", page("Member")),
        (
            "Channel",
            object(&[
                ("name", text()),
                ("object_type", object_type()),
                ("list?", text()),
                ("filter?", of("Filter")),
                ("fields", list(of("Mapping"))),
                ("id", id("ch", "channel")),
                ("state", words(&["held", "active", "reading_list", "scanning", "paused", "removed"])),
                ("scan", or_null(object(&[("read", count()), ("of", count())]))),
                ("members", count()),
                ("selects", said(text(), "What it selects, in words.")),
                ("trouble", or_text()),
                ("told_at", or_moment()),
                ("begins_after", sequence()),
                ("created_at", moment()),
                ("updated_at", moment()),
            ]),
        ),
        ("Channels", page("Channel")),
        (
            "Preview",
            object(&[
                ("matching", or_null(count())),
                ("looked_at", or_null(count())),
                ("of", or_null(count())),
                ("complete", flag()),
                ("estimate", or_null(count())),
                (
                    "examples",
                    or_null(list(object(&[
                        ("id", text()),
                        ("fields", json!({ "type": ["object", "null"] })),
                    ]))),
                ),
                ("examples_state", words(&["known", "reading", "refused"])),
                ("examples_read_at", or_moment()),
                ("trouble", or_text()),
                (
                    "hubspot_calls",
                    object(&[
                        ("once", or_null(count())),
                        ("per_hour", or_null(count())),
                        ("per_hour_most", or_null(count())),
                    ]),
                ),
            ]),
        ),
        ("ChannelRecord", object(&[("id", number_id("record")), ("fields", json!({ "type": "object" }))])),
        ("ChannelRecords", page_with("ChannelRecord", &[("after", sequence())])),
        ("Attempt", attempt),
        ("Endpoint", object(&endpoint)),
        ("Endpoints", page("Endpoint")),
    ]
}

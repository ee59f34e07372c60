//! Bodies of field mappings.

use serde_json::{Value, json};

use super::{
    action, body, flag, list, moment, object, object_type, of, or_null, page, plain, said, text, words,
};
use crate::values::{
    filter,
    mapping::{HostType, MAX_ENTRIES, MAX_PATH, MAX_TEXT, MAX_VALUES},
    property_value::{Code, Nature},
};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let scalar = json!({ "oneOf": [
        { "type": "string", "minLength": 1, "maxLength": MAX_TEXT }, { "type": "number" }, { "type": "boolean" },
    ] });
    let own = |description: &str| {
        json!({
            "description": description,
            "oneOf": [
                { "type": "string", "minLength": 1, "maxLength": MAX_TEXT },
                { "type": "number" },
                { "type": "boolean" },
                { "type": "array", "minItems": 1, "maxItems": MAX_VALUES, "items": scalar },
            ],
        })
    };
    let members = || {
        vec![
            (
                "field",
                json!({
                    "type": "string", "minLength": 1, "maxLength": filter::MAX_NAME, "pattern": r"^[^ \x00-\x1f\x7f-\x9f]+$",
                    "description": "HubSpot's internal name of the property; no two entries fill one.",
                }),
            ),
            (
                "from?",
                said(
                    plain(1, MAX_PATH),
                    "Your name of the value, or a path into what you send: `account.plan`.",
                ),
            ),
            (
                "type?",
                said(
                    words(&HostType::ALL.map(HostType::as_str)),
                    "What your values are; must suit the property.",
                ),
            ),
            ("constant?", own("Always this, in the place of `from`.")),
            (
                "default?",
                own(
                    "What stands in for a value that is absent or null. Without one nothing is written then.",
                ),
            ),
            (
                "only_if_empty?",
                said(
                    flag(),
                    "A field that has a value keeps it. An import changes nothing of a record that is there, with or without this.",
                ),
            ),
            (
                "drop_if_refused?",
                said(
                    flag(),
                    "Write the record without this field where HubSpot, or a rule of the customer's, refuses what the mapping gives it. What the action itself says of the field is never left out.",
                ),
            ),
        ]
    };
    let mut entry = body(&members());
    // A constant is always there, as it is.
    entry["oneOf"] = json!([
        { "required": ["from"], "properties": { "constant": false } },
        { "required": ["constant"], "properties": { "from": false, "type": false, "default": false } },
    ]);
    let mut shown = members();
    shown.extend([
        ("label", said(or_null(text()), "What people call the property.")),
        ("property_type", or_null(words(&Nature::ALL.map(Nature::as_str)))),
        ("trouble", or_null(object(&[("code", words(&Code::ALL.map(Code::as_str))), ("detail", text())]))),
    ]);
    vec![
        ("NewFieldMappingEntry", entry),
        (
            "NewFieldMapping",
            body(&[(
                "entries",
                json!({ "type": "array", "minItems": 1, "maxItems": MAX_ENTRIES, "items": of("NewFieldMappingEntry") }),
            )]),
        ),
        ("FieldMappingEntry", object(&shown)),
        (
            "FieldMapping",
            object(&[
                ("action", action()),
                ("object_type", object_type()),
                (
                    "state",
                    said(
                        words(&["ready", "broken", "unchecked"]),
                        "`broken`: some entry has trouble; `unchecked`: which fields HubSpot has is not known.",
                    ),
                ),
                ("entries", list(of("FieldMappingEntry"))),
                ("created_at", moment()),
                ("updated_at", moment()),
            ]),
        ),
        ("FieldMappings", page("FieldMapping")),
    ]
}

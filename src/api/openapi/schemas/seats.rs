//! Bodies of seats.

use serde_json::{Value, json};

use super::actions::{about, moment_in, of_call, optional};
use super::{
    body, count, given_id, id, list, moment, name, next_cursor, number_id, object, of, or_null, page,
    page_with, said, text, words,
};
use crate::{
    api::{action::KEY_CHARS, seat},
    hubspot::asked,
};

pub(super) fn all() -> Vec<(&'static str, Value)> {
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
                        json!({ "type": "string", "maxLength": 2_000, "pattern": "^https://[!-~]+$", "examples": ["https://app.example.com/hubspot"] }),
                        "Where the user goes on to, with `seat` and `code` appended.",
                    ),
                ),
            ]),
        ),
        ("SeatLink", object(&[("seat", of("Seat")), ("url", text()), ("expires_at", moment())])),
        (
            "SeatCode",
            body(&[
                ("code", text()),
                ("user", said(name(200), "Who is signed in where the code came, as the link was made for.")),
            ]),
        ),
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
        ("SeatTasks", page("SeatTask")),
        (
            "SeatTask",
            object(&[
                ("id", number_id("record")),
                ("subject", or_null(text())),
                ("body", or_null(text())),
                ("priority", or_null(text())),
                ("due_at", moment()),
                ("due", words(&["overdue", "today", "later"])),
                ("queues", said(list(text()), "HubSpot's ids of the task queues it stands in.")),
                (
                    "contact",
                    said(
                        or_null(of("SeatContact")),
                        "Whom to call; `null`: nobody, or nobody whom the user may see.",
                    ),
                ),
            ]),
        ),
        (
            "SeatContact",
            object(&[
                ("id", number_id("record")),
                ("name", or_null(text())),
                ("title", or_null(text())),
                ("phone", or_null(text())),
                ("mobile", or_null(text())),
                ("account", or_null(text())),
                (
                    "properties",
                    json!({ "type": "object", "additionalProperties": { "type": "string" }, "description": "Those asked for besides." }),
                ),
            ]),
        ),
        ("SeatCall", {
            let key = json!({ "type": ["string", "null"], "minLength": 1, "maxLength": KEY_CHARS });
            let own = [
                ("id?", said(key, "Your own name for it: asked for twice, it is done once.")),
                ("at?", said(moment_in(), "When; absent: now.")),
                ("task?", optional(given_id("record"))),
                (
                    "about?",
                    said(
                        optional(about()),
                        "Whom the call was with. Absent: the contacts, companies and deals that the task is linked to, as far as the user may see them. `[]`: nobody.",
                    ),
                ),
                ("dry_run?", said(json!({ "type": "boolean" }), "Only says what would be written.")),
                (
                    "data?",
                    json!({ "type": "object", "description": "What you know, by your own names: the mapping of `log_call` says which fields it fills." }),
                ),
            ];
            body(&[own.to_vec(), of_call()].concat())
        }),
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

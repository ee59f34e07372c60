//! Bodies of what workspaces, connections and refusals answer.

use serde_json::{Value, json};

use super::{
    count, flag, id, list, moment, number_id, object, object_type, of, or_null, page, permission, said,
    sequence, text, tiers, words,
};
use crate::values::{failure::Failure, problem::Kind};

pub(super) fn all() -> Vec<(&'static str, Value)> {
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
        (
            "EndedSessions",
            object(&[
                ("sessions", said(count(), "Sessions that were alive.")),
                ("links", said(count(), "Links that nobody had opened and that were still good.")),
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
                ("followed_lists", or_null(of("FollowedLists"))),
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
                (
                    "trailing_at",
                    said(
                        or_null(moment()),
                        "When a check last began that reached back two hours, for what HubSpot's search shows late.",
                    ),
                ),
                ("next_trailing_at", or_null(moment())),
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
            "FollowedLists",
            object(&[
                ("lists", count()),
                ("checked_at", or_null(moment())),
                ("next_check_at", or_null(moment())),
                (
                    "daily_calls",
                    said(count(), "Calls to HubSpot that reading everybody on them once a day takes."),
                ),
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

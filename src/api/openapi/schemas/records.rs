//! Bodies of the mirror: records, links, changes, lists.

use serde_json::{Value, json};

use super::{
    count, flag, id, list, moment, number_id, object, object_type, of, or_null, page, page_with, said,
    sequence, text, words,
};

pub(super) fn all() -> Vec<(&'static str, Value)> {
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
                (
                    "id",
                    said(
                        text(),
                        "Of the record, `0` where it was erased since; of what happens to the connection, its own.",
                    ),
                ),
                (
                    "origin?",
                    said(
                        words(&["spoke"]),
                        "It is an echo of what Spoke itself wrote, an action's: a record, values, an association, a place on a list. Not of what was there before, nor where somebody else's change is in it.",
                    ),
                ),
                ("record?", of("Record")),
                (
                    "changed?",
                    json!({ "type": "object", "additionalProperties": object(&[("old", or_text()), ("new", or_text())]) }),
                ),
                ("into?", said(text(), "The record that this one became part of.")),
                (
                    "erased?",
                    said(
                        flag(),
                        "It told of somebody who was erased since: with the id `0` nothing is left to do; of an association, one of both.",
                    ),
                ),
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
                (
                    "referenced_object_type?",
                    said(text(), "What its values name, if records of another kind: `OWNER`."),
                ),
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
const CHANGES: [&str; 34] = [
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
    "qualifying_list_held",
    "qualifying_list_resumed",
    "workflow_held",
    "workflow_resumed",
    "audience_held",
    "audience_resumed",
    "score_run_finished",
    "seat_expired",
    "data_deleted",
    "disconnected",
];

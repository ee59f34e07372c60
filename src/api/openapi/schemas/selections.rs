//! Bodies of channels, of endpoints, and of the choice of fields.

use serde_json::{Value, json};

use super::{
    count, flag, id, list, moment, number_id, object, object_type, of, or_null, page, page_with, said,
    sequence, text, words,
};

pub(super) fn all() -> Vec<(&'static str, Value)> {
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
        ("Members", page_with("Member", &[("after", sequence())])),
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

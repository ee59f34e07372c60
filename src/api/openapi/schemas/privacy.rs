//! Bodies of privacy: people erased, kept out and exported, retention, audit entries.

use serde_json::{Value, json};

use super::{body, count, id, list, moment, number_id, object, object_type, of, page, said, text, words};
use crate::{
    api::request::LOOKUP_CHARS,
    engine::portal::retention::{FEWEST_AUDIT_DAYS, MOST_DAYS},
};

fn days(least: u32, what: &str) -> Value {
    said(json!({ "type": "integer", "minimum": least, "maximum": MOST_DAYS }), what)
}

fn whole() -> Value {
    json!({ "type": "boolean" })
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let of_address = object(&[
        ("email", text()),
        ("kind", words(&["audience", "attribute"])),
        ("id", text()),
        ("value", text()),
    ]);
    let email = json!({
        "type": "string", "minLength": 3, "maxLength": LOOKUP_CHARS, "pattern": r"^[^\s;@\u0000-\u001f\u007f-\u009f]+@[^\s;@\u0000-\u001f\u007f-\u009f]+$",
    });
    let by_email = body(&[("email", said(email, "A contact's first or additional address, in any case."))]);
    let by_id = body(&[("object_type", object_type()), ("id", number_id("record"))]);
    let actor = object(&[
        ("kind", words(&["spoke", "hub_spot", "root", "key", "binding", "person", "operator", "unknown"])),
        ("id?", id("key", "key")),
        ("name?", text()),
        ("role?", text()),
    ]);
    let erased = object(&[
        ("records", count()),
        ("merged_records", count()),
        ("associations", count()),
        ("lists", count()),
        ("channels", count()),
        ("signals", said(count(), "Intent signals, with what automations made of them.")),
        ("workflow_runs", said(count(), "Runs of workflows.")),
        ("attribute_values", said(count(), "Memberships of audiences and values of attributes.")),
    ]);
    vec![
        ("Person", json!({ "oneOf": [by_email, by_id] })),
        ("Actor", actor),
        (
            "Block",
            object(&[
                ("id", id("blk", "block")),
                ("created_at", moment()),
                ("named_by", words(&["email", "record"])),
                ("by", of("Actor")),
            ]),
        ),
        ("Blocks", page("Block")),
        (
            "Erased",
            object(&[
                ("block", of("Block")),
                ("erased", said(erased, "What went at once.")),
                (
                    "searching",
                    said(whole(), "The mirror is gone over for others with one of the person's addresses."),
                ),
            ]),
        ),
        (
            "PersonExport",
            object(&[
                ("exported_at", moment()),
                ("object_type", object_type()),
                ("records", list(of("RecordExport"))),
                (
                    "further_addresses_searched",
                    said(
                        whole(),
                        "Whether every contact was looked through for one that has `email` among its further addresses; above a million, name the person by id.",
                    ),
                ),
                ("blocks", list(of("Block"))),
                ("audit", list(of("AuditEntry"))),
                ("deliveries", said(list(json!({})), "None is kept: each is made when it leaves.")),
                (
                    "signals",
                    said(list(of("Signal")), "Intent signals, each with what automations did for it."),
                ),
                ("signals_besides", said(count(), "How many there are besides.")),
                (
                    "workflow_runs",
                    said(
                        list(json!({ "type": "object" })),
                        "Runs of workflows, each with the event that began it.",
                    ),
                ),
                ("workflow_runs_besides", said(count(), "How many there are besides.")),
                ("said", said(list(of_address), "What you said of them, by audience and attribute.")),
            ]),
        ),
        (
            "RecordExport",
            object(&[
                ("id", number_id("record")),
                (
                    "record",
                    said(json!({ "type": ["object", "null"] }), "As the record is read; null: it is gone."),
                ),
                ("history", said(list(json!({ "type": "object" })), "What happened, the latest first.")),
                ("history_goes_on", whole()),
                ("associations", said(json!({ "type": "object" }), "By type.")),
                ("lists", list(object(&[("id", number_id("list")), ("name", text())]))),
                ("channels", list(id("ch", "channel"))),
            ]),
        ),
        (
            "Retention",
            object(&[
                ("minimum", whole()),
                ("minimum_fields", said(json!({ "type": "object" }), "By type: what the minimum is.")),
                ("call_details_days", days(1, "Details of calls are kept that long.")),
                ("call_details_kept", said(list(text()), "What of an older call stays.")),
                ("audit_days", days(FEWEST_AUDIT_DAYS, "Audit entries are kept that long.")),
                ("signal_days", days(1, "Intent signals and runs are kept that long.")),
            ]),
        ),
        (
            "RetentionChange",
            body(&[
                (
                    "minimum?",
                    said(whole(), "Only what dialing takes, and what channels and people name besides."),
                ),
                ("call_details_days?", days(1, "Details of calls are kept that long.")),
                ("audit_days?", days(FEWEST_AUDIT_DAYS, "Audit entries are kept that long.")),
                ("signal_days?", days(1, "Intent signals and runs are kept that long.")),
            ]),
        ),
        (
            "AuditEntry",
            object(&[
                ("id", text()),
                ("at", moment()),
                ("action", text()),
                ("subject", said(text(), "An id of ours, a type, a list's number; may be empty.")),
                ("details", json!({ "type": "object" })),
                ("workspace_id?", id("ws", "workspace")),
                ("actor", of("Actor")),
                ("by", said(text(), "The same in words.")),
            ]),
        ),
        ("AuditEntries", page("AuditEntry")),
    ]
}

//! The pages of records.

use super::{NOW, Text, connection::connection_frame};
use crate::console::{
    Page,
    record::{self, HistoryEntry, HistoryLinks, LinkGroup, LinkLine, PropertyLine, RecordCard, RecordView},
    records::{self, RecordLine, RecordsView},
};
use crate::values::time::{DAY_MS, HOUR_MS};

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    vec![
        ("records", records::page(&records_view(t))),
        ("records-found", records::page(&RecordsView { found: Some(t("acme.example")), ..records_view(t) })),
        (
            "records-not-found",
            records::page(&RecordsView { found: Some(t("b@acme.example")), ..no_records(t) }),
        ),
        ("records-none", records::page(&no_records(t))),
        ("record", record::page(&record_view(t))),
        (
            "record-erased",
            record::page(&RecordView {
                record: None,
                erased: true,
                reread: false,
                before: None,
                history: vec![HistoryEntry {
                    words: t("Erased for privacy"),
                    changed: vec![],
                    links: None,
                    into: None,
                    ..record_view(t).history[0].clone()
                }],
                ..record_view(t)
            }),
        ),
        ("record-gone", record::page(&RecordView { record: None, continued: true, ..record_view(t) })),
        (
            "record-unknown",
            record::page(&RecordView { record: None, history: vec![], before: None, ..record_view(t) }),
        ),
    ]
}

pub fn every_fragment(t: Text<'_>) -> Vec<(&'static str, Page)> {
    vec![(
        "record-live-rereading",
        record::live(&RecordView { waits: true, reread: false, ..record_view(t) }),
    )]
}

fn no_records(t: Text<'_>) -> RecordsView {
    RecordsView { records: vec![], newer: None, older: None, ..records_view(t) }
}

pub fn records_view(t: Text<'_>) -> RecordsView {
    let line = |id: &str, name: &str, email: &str| RecordLine {
        id: t(id),
        name: t(name),
        values: vec![t(email)],
        updated_at: NOW - 3 * HOUR_MS,
    };
    RecordsView {
        at: connection_frame(t),
        object_type: t("contacts"),
        total: 20_012,
        key_words: t("e-mail address"),
        columns: vec![t("E-mail")],
        records: vec![
            line("501", "Ada Lovelace", "ada@analytical.example"),
            RecordLine { name: String::new(), ..line("498", "", "info@northwind.example") },
            line(
                "497",
                "Dr. Maximiliane-Charlotte von der Hohenstaufen-Wittelsbach",
                "maximiliane-charlotte.hohenstaufen@a-very-long-domain-name.example",
            ),
        ],
        newer: Some(t("501")),
        older: Some(t("497")),
        found: None,
    }
}

pub fn record_view(t: Text<'_>) -> RecordView {
    let line = |label: &str, name: &str, value: &str| PropertyLine {
        label: t(label),
        name: t(name),
        value: t(value),
        shown: None,
        cut: 0,
        gone: false,
    };
    let entry =
        |at: i64, words: &str| HistoryEntry { at, words: t(words), changed: vec![], into: None, links: None };
    let link = |id: &str, name: &str, labels: &[&str]| LinkLine {
        id: t(id),
        name: t(name),
        labels: labels.iter().map(|label| t(label)).collect(),
    };
    RecordView {
        at: connection_frame(t),
        object_type: t("contacts"),
        id: t("501"),
        links: vec![
            LinkGroup {
                object_type: t("companies"),
                records: vec![
                    link("90", "Analytical Engines Ltd", &["Primary", "Employer"]),
                    link("91", "A company with a name that goes on and on and on until it ends", &[]),
                ],
                more: false,
            },
            LinkGroup { object_type: t("deals"), records: vec![link("77", "", &[])], more: true },
        ],
        lists: vec![t("Customers"), t("Hamburg fair 2026")],
        merged: vec![t("377")],
        erased: false,
        acts: vec![("create_task".to_owned(), t("Create task")), ("add_note".to_owned(), t("Add note"))],
        record: Some(RecordCard {
            id: t("501"),
            name: t("Ada Lovelace"),
            merged_from: Some(t("377")),
            hubspot_url: None,
            created_at: NOW - 400 * DAY_MS,
            updated_at: NOW - 3 * HOUR_MS,
            read_at: NOW - 2 * HOUR_MS,
            set: vec![
                line("Email", "email", "ada@analytical.example"),
                PropertyLine {
                    shown: Some(t("Customer")),
                    ..line("Lifecycle stage", "lifecyclestage", "customer")
                },
                PropertyLine {
                    cut: 63_536,
                    ..line(
                        "Notes",
                        "notes",
                        "Met at the fair.\nWants a call\nnext week. https://a-very-long-address.example/with/a/path/that/does/not/end",
                    )
                },
                PropertyLine { gone: true, ..line("old_field", "old_field", "12") },
            ],
            left_out: 12,
            unset: vec![(t("Fax number"), t("fax")), (t("Twitter handle"), t("twitterhandle"))],
        }),
        waits: false,
        asked_at: None,
        reread: true,
        history: vec![
            HistoryEntry {
                changed: vec![
                    (t("Lifecycle stage"), t("lifecyclestage"), Some(t("lead")), Some(t("customer"))),
                    (t("Phone"), t("phone"), None, Some(t("+44 20 7946 0958"))),
                ],
                ..entry(NOW - 3 * HOUR_MS, "Updated")
            },
            HistoryEntry {
                links: Some(HistoryLinks {
                    object_type: t("companies"),
                    records: vec![(link("90", "Analytical Engines Ltd", &[]), true)],
                    more: 0,
                    labels: vec![t("Primary")],
                    labels_there: vec![t("Employee")],
                }),
                ..entry(NOW - 5 * DAY_MS, "Linked to")
            },
            HistoryEntry {
                links: Some(HistoryLinks {
                    object_type: t("deals"),
                    records: vec![
                        (link("77", "A deal with a name that goes on and on", &[]), true),
                        (link("78", "", &[]), false),
                    ],
                    more: 1_240,
                    labels: vec![],
                    labels_there: vec![],
                }),
                ..entry(NOW - 6 * DAY_MS, "No longer linked to")
            },
            entry(NOW - 7 * DAY_MS, "Joined the list “Customers”"),
            HistoryEntry { into: Some(t("501")), ..entry(NOW - 30 * DAY_MS, "Merged") },
            entry(NOW - 40 * DAY_MS, "Taken into the mirror"),
        ],
        before: Some(1_200),
        continued: false,
    }
}

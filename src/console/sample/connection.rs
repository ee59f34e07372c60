//! The pages of one connection.

use super::{NOW, Text, connected, error, frame};
use crate::console::{
    Page,
    connection::ConnectionFrame,
    connection_paths::FieldsQuery,
    deliveries::{
        self, AttemptView, Choice, DeliveriesView, EndpointFormView, EndpointPageView, EndpointView,
        SecretView, Standing,
    },
    fields::{self, FieldEvent, FieldLine, FieldsView},
    record::{self, HistoryEntry, HistoryLinks, LinkGroup, LinkLine, PropertyLine, RecordCard, RecordView},
    records::{self, RecordLine, RecordsView},
    sync::{self, BesideView, CheckView, ChecksView, ResyncView, SyncView},
    types::{self, CustomObjects, TurnOffView, TypeLine, TypesView},
    view::*,
};
use crate::values::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let paused = ConnectionFrame {
        flash: Some(Flash { tone: Tone::Good, words: t("Paused: nothing more is read from HubSpot.") }),
        state: ConnectionState::Paused,
        held: true,
        ..connection_frame(t)
    };
    let viewer = Frame { administers: false, ..frame(t) };
    let stopped = Some(t("The sync is paused. Resume it first."));
    vec![
        ("sync", sync::page(&sync_view(t))),
        ("types", types::page(&types_view(t))),
        (
            "types-looking",
            types::page(&TypesView {
                custom_objects: CustomObjects {
                    read_at: None,
                    looking_since: Some(NOW),
                    ..types_view(t).custom_objects
                },
                ..types_view(t)
            }),
        ),
        (
            "types-no-scope",
            types::page(&TypesView {
                custom_objects: CustomObjects {
                    missing_scopes: vec![t("crm.schemas.custom.read")],
                    ..types_view(t).custom_objects
                },
                ..types_view(t)
            }),
        ),
        (
            "type-off",
            types::turn_off(&TurnOffView {
                at: connection_frame(t),
                object_type: t("tasks"),
                label: t("Tasks"),
                records: 1_234,
            }),
        ),
        ("sync-paused", sync::page(&SyncView { at: paused, ..sync_view(t) })),
        (
            "sync-viewer",
            sync::page(&SyncView {
                at: ConnectionFrame { frame: viewer, ..connection_frame(t) },
                ..sync_view(t)
            }),
        ),
        (
            "sync-unreachable",
            sync::page(&SyncView {
                connection: ConnectionView { reachable: false, streams: vec![], ..connected(t) },
                checks: vec![],
                ..sync_view(t)
            }),
        ),
        ("resync", sync::resync(&resync_view(t))),
        ("resync-stopped", sync::resync(&ResyncView { stopped, day: None, ..resync_view(t) })),
        ("fields", fields::page(&fields_view(t))),
        ("fields-nothing", fields::page(&FieldsView { fields: vec![], matching: 0, ..fields_view(t) })),
        (
            "fields-unread",
            fields::page(&FieldsView {
                fields: vec![],
                events: vec![],
                read_at: None,
                search: FieldsQuery::default(),
                ..fields_view(t)
            }),
        ),
        ("records", records::page(&records_view(t))),
        ("records-found", records::page(&RecordsView { found: Some(t("acme.example")), ..records_view(t) })),
        (
            "records-not-found",
            records::page(&RecordsView { found: Some(t("b@acme.example")), ..no_records(t) }),
        ),
        ("records-none", records::page(&no_records(t))),
        ("record", record::page(&record_view(t))),
        ("record-gone", record::page(&RecordView { record: None, continued: true, ..record_view(t) })),
        (
            "record-unknown",
            record::page(&RecordView { record: None, history: vec![], before: None, ..record_view(t) }),
        ),
        ("deliveries", deliveries::page(&deliveries_view(t))),
        ("deliveries-none", deliveries::page(&DeliveriesView { endpoints: vec![], ..deliveries_view(t) })),
        ("endpoint", deliveries::endpoint(&endpoint_page(t, endpoint(t)))),
        ("endpoint-failing", deliveries::endpoint(&endpoint_page(t, failing(t)))),
        ("endpoint-form", deliveries::form(&endpoint_form(t))),
        (
            "endpoint-form-refused",
            deliveries::form(&EndpointFormView {
                id: Some(t("ep_a")),
                error: Some(t("The address must begin with https://.")),
                ..endpoint_form(t)
            }),
        ),
        (
            "endpoint-secret",
            deliveries::secret(&SecretView {
                at: connection_frame(t),
                endpoint: endpoint(t),
                secret: t("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="),
                created: true,
            }),
        ),
        ("endpoint-delete", deliveries::delete(&endpoint_page(t, failing(t)))),
    ]
}

fn endpoint(t: Text<'_>) -> EndpointView {
    EndpointView {
        id: t("ep_a"),
        url: t("https://hooks.northwind.example/hubspot"),
        description: t("Our data warehouse"),
        wanted: t("All changes of all types"),
        standing: Standing::Active,
        reason: None,
        behind: 0,
        handing_over: false,
        cursor: t("48213"),
        channel: None,
        delivered_at: Some(NOW - 2 * MINUTE_MS),
        failing_since: None,
        failures: 0,
        next_attempt_at: None,
        last_attempt: Some(AttemptView {
            at: NOW - 2 * MINUTE_MS,
            status: Some(204),
            took_ms: 87,
            words: None,
        }),
        message: None,
        test: Some((NOW - MINUTE_MS, None)),
        previous_secret_until: Some(NOW + 20 * HOUR_MS),
        created_at: NOW - 12 * DAY_MS,
    }
}

fn failing(t: Text<'_>) -> EndpointView {
    let attempt = AttemptView {
        at: NOW - 3 * MINUTE_MS,
        status: Some(503),
        took_ms: 3_100,
        words: Some(t("The receiver answered 503.")),
    };
    EndpointView {
        id: t("ep_b"),
        url: t(
            "https://a-very-long-host-name-that-goes-on.customer-data-platform.example/with/a/long/path?and=a-query",
        ),
        description: String::new(),
        wanted: t("Changed values, deletions of contacts"),
        standing: Standing::Failing,
        behind: 1_204,
        handing_over: false,
        failing_since: Some(NOW - 4 * HOUR_MS),
        failures: 17,
        next_attempt_at: Some(NOW + 20 * MINUTE_MS),
        message: Some(t("msg_a")),
        test: Some((NOW - 9 * MINUTE_MS, Some(attempt.clone()))),
        last_attempt: Some(attempt),
        previous_secret_until: None,
        ..endpoint(t)
    }
}

fn deliveries_view(t: Text<'_>) -> DeliveriesView {
    let paused = EndpointView {
        id: t("ep_c"),
        standing: Standing::Disabled,
        reason: Some(t(
            "The receiver answered 410: it is gone. Resume the endpoint once it is back, or delete it.",
        )),
        ..failing(t)
    };
    let mut ids = vec![endpoint(t), failing(t), paused];
    // Ids are ours and differ, whatever texts hold.
    for (number, one) in ids.iter_mut().enumerate() {
        one.id = format!("ep_{number}");
    }
    DeliveriesView { at: connection_frame(t), endpoints: ids }
}

fn endpoint_page(t: Text<'_>, endpoint: EndpointView) -> EndpointPageView {
    EndpointPageView { at: connection_frame(t), endpoint }
}

fn endpoint_form(t: Text<'_>) -> EndpointFormView {
    let choice = |name: &str, words: &str| Choice { name: t(name), words: t(words), chosen: true };
    EndpointFormView {
        at: connection_frame(t),
        id: None,
        channel: None,
        url: t("https://hooks.northwind.example/hubspot"),
        description: String::new(),
        types: vec![
            choice("contacts", "Contacts"),
            choice("companies", "Companies"),
            choice("deals", "Deals"),
        ],
        events: vec![
            choice("created", "New records"),
            Choice { chosen: false, ..choice("updated", "Changed values") },
        ],
        from_start: false,
        error: None,
    }
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

pub fn every_fragment(t: Text<'_>) -> Vec<(&'static str, Page)> {
    vec![
        ("sync-live", sync::live(&sync_view(t))),
        ("types-live", types::live(&types_view(t))),
        ("deliveries-live", deliveries::live(&deliveries_view(t))),
        ("endpoint-live", deliveries::endpoint_live(&endpoint_page(t, endpoint(t)))),
        ("record-live-rereading", record::live(&RecordView { waits: true, reread: false, ..record_view(t) })),
        ("fields-live-refreshing", fields::live(&FieldsView { refreshing: true, ..fields_view(t) })),
    ]
}

pub fn connection_frame(t: Text<'_>) -> ConnectionFrame {
    ConnectionFrame {
        frame: frame(t),
        flash: None,
        id: t("con_a"),
        title: t("Northwind Traders"),
        portal_id: 24_680_135,
        ui_domain: t("app-eu1.hubspot.com"),
        state: ConnectionState::Active,
        backfilling: false,
        held: false,
        types: vec![t("contacts"), "companies".into(), "deals".into(), "2-46100031".into()],
        labels: vec![("2-46100031".into(), t("Cars"))],
    }
}

pub fn sync_view(t: Text<'_>) -> SyncView {
    let connection = connected(t);
    let contacts = connection.streams[0].clone();
    let companies = StreamView {
        object_type: "companies".into(),
        phase: Phase::Backfill,
        percent: Some(40),
        read: 400,
        expected: Some(1_000),
        ..contacts.clone()
    };
    let deals = StreamView {
        object_type: "deals".into(),
        missing_scopes: vec![t("crm.objects.deals.read")],
        ..contacts.clone()
    };
    let cars = StreamView { object_type: "2-46100031".into(), label: Some(t("Cars")), ..contacts.clone() };
    let late = ChecksView { error: Some(error(t)), waiting: 12, ..checks(t) };
    SyncView {
        at: connection_frame(t),
        connection: ConnectionView { streams: vec![contacts, companies, deals, cars], ..connection },
        checks: vec![checks(t), late, checks(t), checks(t)],
        beside: beside(t),
    }
}

fn checks(t: Text<'_>) -> ChecksView {
    let check = |name: &str, often: &str, words: &str| CheckView {
        name: t(name),
        words: t(words),
        often: t(often),
        done_at: Some(NOW - 20 * MINUTE_MS),
        next_at: Some(NOW + 40 * MINUTE_MS),
        percent: None,
        found: Some(0),
        calculated: 0,
        cut_short: false,
        calls: Some(7),
        cost: t("about 7"),
    };
    ChecksView {
        means: t("HubSpot tells of changes at once (webhooks); besides, it is asked every 5 minutes."),
        waiting: 0,
        fields_read_at: Some(NOW - 25 * MINUTE_MS),
        found: 3,
        checks: vec![
            CheckView {
                done_at: Some(NOW - 48 * SECOND_MS),
                next_at: Some(NOW + 4 * MINUTE_MS),
                found: None,
                calls: None,
                cost: t("1, and about 1 for every 100 changed"),
                ..check("Changes", "every 5 minutes", "What HubSpot says was modified since the last look.")
            },
            check(
                "Counts",
                "hourly",
                "HubSpot's totals against ours; differences are tracked down and repaired.",
            ),
            CheckView {
                done_at: Some(NOW - 9 * HOUR_MS),
                next_at: Some(NOW + 15 * HOUR_MS),
                found: Some(3),
                calculated: 12,
                calls: Some(10),
                cost: t("about 10"),
                cut_short: true,
                ..check("Sample", "daily", "Every value of up to 1,000 records picked at random.")
            },
            CheckView {
                done_at: None,
                next_at: Some(NOW + 3 * DAY_MS),
                found: None,
                calls: None,
                percent: Some(57),
                cost: t("about 201 over the week"),
                ..check("Sweep", "weekly", "Id and date of every record: nothing missing, left over or old.")
            },
        ],
        error: None,
    }
}

fn beside(t: Text<'_>) -> Vec<BesideView> {
    let links = BesideView {
        name: t("Associations of contacts and companies"),
        words: t("All of them; those of a record that changed are read at once."),
        often: t("weekly"),
        done_at: Some(NOW - 2 * DAY_MS),
        next_at: Some(NOW + 5 * DAY_MS),
        percent: None,
        cost: t("about 20 over the week"),
        missing_scopes: vec![],
        error: None,
    };
    let owners = BesideView {
        name: t("Owners"),
        words: t("52, with their teams, archived ones too."),
        often: t("hourly"),
        done_at: Some(NOW - 9 * MINUTE_MS),
        next_at: Some(NOW + 51 * MINUTE_MS),
        cost: t("2"),
        ..links.clone()
    };
    let refused = BesideView { next_at: None, done_at: None, error: Some(error(t)), ..links.clone() };
    let lists = BesideView {
        name: t("Lists"),
        done_at: None,
        next_at: None,
        missing_scopes: vec![t("crm.lists.read")],
        ..owners.clone()
    };
    vec![BesideView { percent: Some(40), next_at: None, ..links }, refused, owners, lists]
}

fn resync_view(t: Text<'_>) -> ResyncView {
    ResyncView {
        at: connection_frame(t),
        object_type: t("contacts"),
        records: 20_012,
        calls: 202,
        lasts_ms: 20 * SECOND_MS,
        day: Some((12_431, 250_000)),
        stopped: None,
    }
}

pub fn resync_page(t: Text<'_>, stopped: Option<String>) -> Page {
    sync::resync(&ResyncView { stopped, ..resync_view(t) })
}

fn fields_view(t: Text<'_>) -> FieldsView {
    let plain = FieldLine {
        name: t("amount"),
        label: t("Amount"),
        type_words: t("Number"),
        shape: t("number/number"),
        group: t("dealinformation"),
        description: String::new(),
        marks: vec![],
        options: vec![],
        options_count: 0,
        options_left_out: false,
        vanished_at: None,
    };
    FieldsView {
        at: connection_frame(t),
        object_type: t("contacts"),
        search: FieldsQuery { query: t("a"), show: String::new(), page: 2, asked_at: None },
        read_at: Some(NOW - 25 * MINUTE_MS),
        refreshing: false,
        total: 402,
        matching: 321,
        fields: vec![
            plain.clone(),
            FieldLine {
                name: t("lifecyclestage"),
                label: t("Lifecycle stage"),
                type_words: t("One of a list"),
                shape: t("enumeration/radio"),
                description: t(
                    "The qualification of contacts to sales readiness. It can be set through imports, forms and workflows.",
                ),
                marks: vec!["Own", "Calculated", "Read-only", "Unique", "Hidden"],
                options: vec![(t("Lead"), t("Lead")), ("customer".into(), t("Customer"))],
                options_count: 230,
                ..plain.clone()
            },
            FieldLine {
                name: t("a_remarkably_long_internal_name_that_goes_on_and_on_and_on_for_a_while"),
                label: t("Region"),
                options_left_out: true,
                vanished_at: Some(NOW - 3 * DAY_MS),
                ..plain
            },
        ],
        events: vec![
            FieldEvent {
                at: NOW - 3 * DAY_MS,
                name: t("region"),
                words: t("vanished from HubSpot; its values are kept as they were last read"),
            },
            FieldEvent {
                at: NOW - 9 * DAY_MS,
                name: t("region"),
                words: t("appeared: one of a list (enumeration/select)"),
            },
        ],
    }
}

/// One of each kind of type.
pub fn types_view(t: Text<'_>) -> TypesView {
    let line = |object_type: &str, label: &str| TypeLine {
        object_type: t(object_type),
        label: t(label),
        name: None,
        always: false,
        mirrored: true,
        records: 1_234,
        reading: false,
        missing_scopes: vec![],
    };
    let off = |line: TypeLine| TypeLine { mirrored: false, records: 0, ..line };
    TypesView {
        at: connection_frame(t),
        types: vec![
            TypeLine { always: true, ..line("contacts", "Contacts") },
            line("tasks", "Tasks"),
            TypeLine { missing_scopes: vec![t("crm.objects.contacts.read")], ..off(line("calls", "Calls")) },
            off(line("notes", "Notes")),
            TypeLine { name: Some(t("cars")), reading: true, ..line("2-123", "Cars") },
        ],
        further: (2, 10),
        custom_objects: CustomObjects {
            read_at: Some(NOW - HOUR_MS),
            missing_scopes: vec![],
            looking_since: None,
            trouble: Some(t("HubSpot did not answer.")),
        },
    }
}

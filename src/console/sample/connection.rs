//! The Sync page of a connection, the types it mirrors, and their fields.

use super::{NOW, Text, connected, error, frame};
use crate::console::{
    Page,
    connection::ConnectionFrame,
    connection_paths::FieldsQuery,
    fields::{self, FieldEvent, FieldLine, FieldsView},
    sync::{self, BesideView, CheckView, ChecksView, ResyncView, SyncView, UnreadableView},
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
    ]
}

pub fn every_fragment(t: Text<'_>) -> Vec<(&'static str, Page)> {
    vec![
        ("sync-live", sync::live(&sync_view(t))),
        ("types-live", types::live(&types_view(t))),
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
    let unread = UnreadableView { id: t("901"), error: error(t), next_at: Some(NOW + 40 * MINUTE_MS) };
    let late = ChecksView { error: Some(error(t)), unreadable: vec![unread], waiting: 12, ..checks(t) };
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
        calls: Some(14),
        cost: t("about 14"),
    };
    ChecksView {
        means: t("HubSpot tells of changes at once (webhooks); besides, it is asked every 5 minutes."),
        waiting: 0,
        unreadable: Vec::new(),
        fields_read_at: Some(NOW - 25 * MINUTE_MS),
        found: 3,
        checks: vec![
            CheckView {
                done_at: Some(NOW - 48 * SECOND_MS),
                next_at: Some(NOW + 4 * MINUTE_MS),
                found: None,
                calls: None,
                cost: t("1 search, 1 more for every 200 changed, and about 1 read for every 100 changed"),
                ..check("Changes", "every 5 minutes", "What HubSpot says was modified since the last look.")
            },
            CheckView {
                done_at: Some(NOW - 21 * MINUTE_MS),
                next_at: Some(NOW + 39 * MINUTE_MS),
                found: None,
                calls: None,
                cost: t(
                    "1 search in place of the one for changes, 1 more for every 200 changed in two hours",
                ),
                ..check(
                    "Late changes",
                    "hourly",
                    "The same two hours further back: HubSpot's search shows some changes late.",
                )
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
    let members = BesideView {
        name: t("Members of followed lists"),
        words: t(
            "3 lists: how many are on each, and whether somebody came or went. Who did is read then, and everybody once a day.",
        ),
        often: t("every 5 minutes"),
        done_at: Some(NOW - 48 * SECOND_MS),
        next_at: Some(NOW + 4 * MINUTE_MS),
        cost: t("1 for all of them, more where somebody came or went, and about 12 a day for everybody"),
        ..owners.clone()
    };
    vec![BesideView { percent: Some(40), next_at: None, ..links }, refused, owners, lists, members]
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
        every: t("every five minutes"),
        custom_objects: CustomObjects {
            read_at: Some(NOW - HOUR_MS),
            missing_scopes: vec![],
            looking_since: None,
            trouble: Some(t("HubSpot did not answer.")),
        },
    }
}

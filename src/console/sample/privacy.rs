//! Privacy, and audit logs.

use super::{NOW, Text, connection_frame, frame};
use crate::console::{
    Page,
    audit::{self, AuditView, EntryLine, LogView, OperatorAuditView},
    connection::ConnectionFrame,
    privacy::{
        self, AskEraseView, AskLiftView, BlockLine, ErasedView, HeldView, PersonForm, PrivacyView,
        RetentionView,
    },
    view::{ConnectionState, Flash, Frame, Tone},
};
use crate::values::time::{DAY_MS, HOUR_MS, MINUTE_MS};

const BLOCK: &str = "blk_0123456789abcdef01234567";

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let viewer =
        || ConnectionFrame { frame: Frame { administers: false, ..frame(t) }, ..connection_frame(t) };
    let saved = ConnectionFrame {
        flash: Some(Flash { tone: Tone::Good, words: t("Saved. What is no longer to be kept leaves.") }),
        ..connection_frame(t)
    };
    let ended = ConnectionFrame { state: ConnectionState::Disconnected, ..connection_frame(t) };
    let first = HeldView { blocks: vec![], continued: false, next: None, ..held(t) };
    let by_id = PersonForm { object_type: t("contacts"), id: t("512"), ..PersonForm::default() };
    let by_email = PersonForm { email: t("ada.lovelace@analytical.example"), ..PersonForm::default() };
    let wrong = PersonForm {
        email: t("ada"),
        error: Some(t("That is not one e-mail address. Give it as in ada@example.com.")),
        ..PersonForm::default()
    };
    let days = RetentionView {
        call_days: t("0"),
        error: Some(t("Details of calls: give a number of days from 1 to 3650.")),
        ..held(t).retention
    };
    let privacy_of = |at, held, person| privacy::page(&PrivacyView { at, held, person });
    let none = PersonForm::default;
    let found = vec![(t("Ada Lovelace"), t("512")), (String::new(), t("513"))];
    let person = |at, person, found| privacy::ask_erase(&AskEraseView { at, person, found });
    vec![
        ("privacy", privacy_of(saved, Some(held(t)), none())),
        ("privacy-first", privacy_of(connection_frame(t), Some(first), none())),
        ("privacy-viewer", privacy_of(viewer(), Some(held(t)), none())),
        ("privacy-nothing", privacy_of(ended, None, none())),
        ("privacy-refused", privacy_of(connection_frame(t), Some(held(t)), wrong)),
        (
            "privacy-days",
            privacy_of(connection_frame(t), Some(HeldView { retention: days, ..held(t) }), none()),
        ),
        ("erase", person(connection_frame(t), by_id, found)),
        ("erase-unknown", person(connection_frame(t), by_email, vec![])),
        ("erased", privacy::erased(&erased(t))),
        ("lift", privacy::ask_lift(&AskLiftView { at: connection_frame(t), id: t(BLOCK) })),
        ("audit", audit::page(&AuditView { at: connection_frame(t), log: log(t) })),
        (
            "audit-nothing",
            audit::page(&AuditView {
                at: viewer(),
                log: LogView { action: "tier.".into(), entries: vec![], before: None, ..log(t) },
            }),
        ),
        ("console-audit", audit::operator(&operator(t))),
        (
            "console-audit-workspace",
            audit::operator(&OperatorAuditView {
                workspace: Some((t("ws_northwind"), t("Northwind Traders"))),
                ..operator(t)
            }),
        ),
    ]
}

fn held(t: Text<'_>) -> HeldView {
    let line = |days: i64, by_email, by: &str| BlockLine {
        id: t(BLOCK),
        created_at: NOW - days * DAY_MS,
        by_email,
        by: t(by),
    };
    let fields = |names: &[&str]| names.iter().map(|name| t(name)).collect();
    HeldView {
        blocks: vec![
            line(40, true, "dana.fox@northwind.example (administrator)"),
            line(3, false, "the API key key_0123456789abcdef01234567"),
        ],
        continued: false,
        next: Some(t("2")),
        retention: RetentionView {
            minimum: true,
            call_days: t("180"),
            audit_days: t("365"),
            signal_days: t("90"),
            most_days: 3_650,
            fewest_audit_days: 30,
            minimum_fields: vec![
                (
                    t("contacts"),
                    fields(&[
                        "email",
                        "firstname",
                        "lastname",
                        "jobtitle",
                        "phone",
                        "mobilephone",
                        "company",
                    ]),
                ),
                ("companies".into(), fields(&["name", "phone", "domain"])),
            ],
            call_fields: fields(&["hs_call_direction", "hs_timestamp", "hubspot_owner_id"]),
            error: None,
        },
    }
}

fn erased(t: Text<'_>) -> ErasedView {
    ErasedView {
        at: connection_frame(t),
        object_type: t("contacts"),
        block: t(BLOCK),
        records: 1,
        merged: 2,
        links: 7,
        lists: 1,
        channels: 0,
        signals: 12,
        workflow_runs: 3,
        attribute_values: 2,
    }
}

fn log(t: Text<'_>) -> LogView {
    let line = |at: i64, words: &str, by: &str, subject: &str, details: &str| EntryLine {
        at: NOW - at,
        words: t(words),
        by: t(by),
        subject: if subject.is_empty() { String::new() } else { t(subject) },
        details: if details.is_empty() { String::new() } else { t(details) },
        workspace: None,
    };
    let person = "dana.fox@northwind.example (administrator)";
    LogView {
        action: String::new(),
        entries: vec![
            line(
                4 * MINUTE_MS,
                "Prospect deleted and kept out",
                person,
                BLOCK,
                "named by: email · records: 1 · lists: 2",
            ),
            line(3 * HOUR_MS, "Retention set", "The root key", "", "minimum: yes · call details days: 180"),
            line(
                DAY_MS,
                "Endpoint secret rotated",
                "The API key key_0123456789abcdef01234567",
                "ep_0123456789abcdef01234567",
                "",
            ),
            line(
                2 * DAY_MS,
                "HubSpot account authorised",
                person,
                "con_0123456789abcdef01234567",
                "app: main · scopes: 9",
            ),
        ],
        continued: true,
        before: Some(t("17")),
    }
}

fn operator(t: Text<'_>) -> OperatorAuditView {
    let line = |words: &str, by: &str, subject: &str, details: &str, workspace: Option<String>| EntryLine {
        at: NOW - HOUR_MS,
        words: t(words),
        by: t(by),
        subject: if subject.is_empty() { String::new() } else { t(subject) },
        details: if details.is_empty() { String::new() } else { t(details) },
        workspace,
    };
    OperatorAuditView {
        product: t("Acme Scheduling"),
        csrf: t("csrf"),
        workspace: None,
        log: LogView {
            entries: vec![
                line("Sign-in to the console refused", "Somebody unknown", "", "why: wrong password", None),
                line("Signed in to the console", "The operator", "", "", None),
                line(
                    "API key made",
                    "The root key",
                    "key_0123456789abcdef01234567",
                    "name: CI",
                    Some(t("ws_northwind")),
                ),
                line("Workspace made", "The operator", "ws_contoso", "name: Contoso", Some(t("ws_contoso"))),
            ],
            continued: false,
            ..log(t)
        },
    }
}

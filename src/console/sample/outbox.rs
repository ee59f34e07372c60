//! The pages of the outbox and of actions.

use super::{NOW, Text, connection::connection_frame, frame};
use crate::console::{
    Page,
    act::{self, ActView, Input, Row, Takes},
    connection::ConnectionFrame,
    outbox::{self, ActionPageView, ActionView, OutboxView, Standing, SwitchesView, WriteView},
    view::{ConnectionState, Frame},
};
use crate::values::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let viewer =
        || ConnectionFrame { frame: Frame { administers: false, ..frame(t) }, ..connection_frame(t) };
    let one = |action| ActionPageView { at: connection_frame(t), action };
    let still = |state, held| ConnectionFrame { state, held, ..connection_frame(t) };
    vec![
        ("outbox", outbox::page(&list(t))),
        ("outbox-viewer", outbox::page(&OutboxView { at: viewer(), ..list(t) })),
        (
            "outbox-none",
            outbox::page(&OutboxView { actions: vec![], counts: vec![], before: None, ..list(t) }),
        ),
        (
            "outbox-none-failed",
            outbox::page(&OutboxView {
                actions: vec![],
                only: Some(Standing::Failed),
                before: None,
                ..list(t)
            }),
        ),
        ("outbox-job", outbox::page(&job(t, 4_000))),
        ("outbox-job-over", outbox::page(&job(t, 0))),
        ("outbox-job-none", outbox::page(&OutboxView { actions: vec![], counts: vec![], ..job(t, 0) })),
        ("outbox-older", outbox::page(&OutboxView { continued: true, ..list(t) })),
        ("outbox-waiting", outbox::one(&one(action(t, Standing::Waiting)))),
        (
            "outbox-waiting-paused",
            outbox::one(&ActionPageView {
                at: still(ConnectionState::Paused, true),
                action: action(t, Standing::Waiting),
            }),
        ),
        (
            "outbox-waiting-no-access",
            outbox::one(&ActionPageView {
                at: still(ConnectionState::NeedsReauthorisation, false),
                action: action(t, Standing::Waiting),
            }),
        ),
        ("outbox-sent", outbox::one(&one(imported(t)))),
        ("outbox-failed", outbox::one(&one(action(t, Standing::Failed)))),
        ("outbox-unknown", outbox::one(&one(action(t, Standing::Unknown)))),
        ("outbox-done", outbox::one(&one(action(t, Standing::Done)))),
        (
            "outbox-done-viewer",
            outbox::one(&ActionPageView { at: viewer(), action: action(t, Standing::Failed) }),
        ),
        (
            "outbox-switches",
            outbox::switches(&SwitchesView {
                at: connection_frame(t),
                actions: vec![
                    ("create_task".into(), t("Create task"), true),
                    ("add_note".into(), t("Add note"), false),
                ],
                ways: vec![("best".into(), t("Whatever is open"), true), ("note".into(), t("A note"), false)],
            }),
        ),
        ("act-task", act::page(&form(t))),
        ("act-refused", act::page(&refused(t))),
        (
            "act-refused-whole",
            act::page(&ActView {
                errors: vec![t("Too many writes wait for HubSpot already.")],
                refused: true,
                ..form(t)
            }),
        ),
        ("act-preview", act::page(&ActView { preview: Some(action(t, Standing::Dry)), ..fields(t) })),
        ("act-import", act::page(&ActView { about: None, title: t("Import company"), ..form(t) })),
    ]
}

pub fn every_fragment(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let one = ActionPageView { at: connection_frame(t), action: action(t, Standing::Sent) };
    vec![("outbox-live", outbox::live(&list(t))), ("outbox-action-live", outbox::one_live(&one))]
}

fn job(t: Text<'_>, open: u64) -> OutboxView {
    let name = t("nightly-2026-11-20");
    let mut view = list(t);
    for action in &mut view.actions {
        action.job = Some(name.clone());
    }
    let counts =
        [(Standing::Waiting, open), (Standing::Done, 5_987), (Standing::Failed, 12), (Standing::Unknown, 1)];
    OutboxView { job: Some(name), counts: counts.to_vec(), ..view }
}

fn list(t: Text<'_>) -> OutboxView {
    let standings = [Standing::Waiting, Standing::Unknown, Standing::Failed, Standing::Done];
    let mut actions: Vec<ActionView> = standings.into_iter().map(|standing| action(t, standing)).collect();
    for (place, one) in actions.iter_mut().enumerate() {
        one.id = format!("act_{place}");
    }
    actions.push(ActionView { id: "act_9".into(), ..imported(t) });
    OutboxView {
        at: connection_frame(t),
        only: None,
        job: None,
        counts: vec![(Standing::Waiting, 1_204), (Standing::Failed, 3), (Standing::Unknown, 1)],
        actions,
        before: Some(41),
        continued: false,
    }
}

fn action(t: Text<'_>, standing: Standing) -> ActionView {
    let is_wrong = matches!(standing, Standing::Failed | Standing::Unknown);
    ActionView {
        id: "act_0123456789abcdef01234567".into(),
        title: t("Create task"),
        standing,
        asked_at: NOW - 4 * MINUTE_MS,
        by: t("Jane Roe"),
        why: Some(t("She asked to be called back")),
        key: Some(t("task-77")),
        job: None,
        writes: vec![WriteView {
            words: t("New task"),
            record: (standing == Standing::Done).then(|| ("tasks".to_owned(), "9001".to_owned())),
            standing,
            attempts: u64::from(standing != Standing::Dry),
            left_at: (standing != Standing::Dry).then_some(NOW - 3 * MINUTE_MS),
            next_at: (standing == Standing::Waiting).then_some(NOW + 20 * SECOND_MS),
            waits_for: (standing == Standing::Waiting).then(|| t("Waits for the next attempt.")),
            changes: vec![
                (t("Task title"), None, t("Call back")),
                (t("Due date"), Some(t("2026-11-20")), t("2026-11-21T09:00:00.000Z")),
                (t("Assigned to"), None, String::new()),
            ],
            links: vec![("contacts".to_owned(), "701".to_owned())],
            problem: is_wrong.then(|| (t("HubSpot did not answer."), Some(t("ab-12")))),
            found: standing == Standing::Done,
            unsure: false,
            left_out: if standing == Standing::Done { vec![t("plan")] } else { vec![] },
        }],
        not_filled: vec![(t("plan"), t("it has a value already"))],
    }
}

fn imported(t: Text<'_>) -> ActionView {
    let write = action(t, Standing::Sent).writes.remove(0);
    ActionView {
        title: t("Import contact"),
        asked_at: NOW - 2 * HOUR_MS,
        why: None,
        not_filled: vec![],
        writes: vec![
            WriteView {
                words: t("New company"),
                record: Some(("companies".to_owned(), "88".to_owned())),
                standing: Standing::Done,
                ..write.clone()
            },
            WriteView {
                words: t("New contact"),
                standing: Standing::Sent,
                links: vec![("companies".to_owned(), t("step 1"))],
                ..write
            },
        ],
        ..action(t, Standing::Sent)
    }
}

fn input(name: &'static str, label: &'static str, value: String, takes: Takes) -> Input {
    Input { name, label, help: String::new(), value, takes, required: true, wrong: None }
}

fn form(t: Text<'_>) -> ActView {
    let owners = vec![("1".to_owned(), t("Jane Roe (jane@acme.example)")), ("2".to_owned(), t("Max Mu"))];
    ActView {
        at: connection_frame(t),
        name: "create_task".into(),
        title: t("Create task"),
        about: Some(("contacts".into(), "701".into(), t("Ada Lovelace"))),
        inputs: vec![
            input("subject", "Subject", t("Call back"), Takes::Line(500)),
            Input {
                help: "By the account's clock (UTC−05:00).".into(),
                ..input("due", "Due", "2026-11-23T09:00".into(), Takes::Moment)
            },
            input("owner", "Owner", "2".into(), Takes::OneOf(owners)),
            Input { required: false, ..input("duration", "Minutes", String::new(), Takes::Number) },
            Input { required: false, ..input("recording_url", "Recording", String::new(), Takes::Url) },
            input("email", "E-mail address", String::new(), Takes::Email),
            Input { required: false, ..input("body", "Notes", t("Since Monday"), Takes::Text) },
        ],
        rows: None,
        known: vec![],
        refused: false,
        errors: vec![],
        preview: None,
        key: "act_1".into(),
        focus: None,
    }
}

fn fields(t: Text<'_>) -> ActView {
    ActView {
        name: "update_record".into(),
        title: t("Update record"),
        inputs: vec![],
        rows: Some(vec![
            Row { field: t("Plan"), value: t("Pro"), wrong: None },
            Row { field: t("Nonsense"), value: t("1"), wrong: None },
        ]),
        known: vec![(t("Plan"), t("One option: Free, Pro"))],
        ..form(t)
    }
}

fn refused(t: Text<'_>) -> ActView {
    let mut view = fields(t);
    if let Some(row) = view.rows.as_mut().and_then(|rows| rows.last_mut()) {
        row.wrong = Some(t("There is no such field."));
    }
    let wrong = Some(t("This owner has left the HubSpot account."));
    let owner = input("owner", "Owner", String::new(), Takes::OneOf(vec![]));
    ActView {
        inputs: vec![Input { wrong, ..owner }],
        errors: vec![t("Too many writes wait for HubSpot already.")],
        refused: true,
        ..view
    }
}

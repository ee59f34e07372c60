//! Every page with believable data, for the tests and for looking at. `t` passes every text: a test puts other
//! text in its place.

mod access;
mod activations;
mod automations;
mod channels;
mod choose_fields;
mod connection;
mod deliveries;
mod mappings;
mod matching;
mod outbox;
mod privacy;
mod records;
mod scores;
mod workflows;

use super::view::*;
use super::{Page, integrations, notice, operator};
use crate::values::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

const NOW: i64 = 1_774_000_000_000;

pub use connection::{connection_frame, resync_page, sync_view};
pub use records::{record_view, records_view};

pub type Text<'a> = &'a dyn Fn(&str) -> String;

/// Name of the page, and the page.
pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let two_apps = vec![app(t), AppView { key: t("sandbox"), label: t("Sandbox app") }];
    let many = vec![
        ConnectionView {
            limits: Some(LimitsView { throttled_until_at: Some(NOW + 6_000), ..limits(t) }),
            ..backfilling(t)
        },
        ConnectionView { id: t("con_b"), portal_name: t("Northwind Traders Sandbox"), ..connected(t) },
        needs_reauthorisation(t),
        paused(t),
        disconnected(t),
    ];
    let mut pages = vec![
        ("integrations-empty", integrations::page(&integrations_view(t, vec![]))),
        ("integrations-backfill", integrations::page(&integrations_view(t, vec![backfilling(t)]))),
        (
            "integrations-starting",
            integrations::page(&integrations_view(
                t,
                vec![ConnectionView {
                    streams: vec![],
                    limits: None,
                    connected_at: NOW - 800,
                    ..backfilling(t)
                }],
            )),
        ),
        (
            "integrations-connected",
            integrations::page(&IntegrationsView {
                flash: Some(Flash { tone: Tone::Good, words: t("HubSpot is connected.") }),
                ..integrations_view(t, vec![connected(t)])
            }),
        ),
        (
            "integrations-error",
            integrations::page(&integrations_view(
                t,
                vec![ConnectionView { last_error: Some(error(t)), ..connected(t) }],
            )),
        ),
        (
            "integrations-unreachable",
            integrations::page(&integrations_view(
                t,
                vec![ConnectionView { reachable: false, streams: vec![], limits: None, ..connected(t) }],
            )),
        ),
        (
            "integrations-many",
            integrations::page(&IntegrationsView { apps: two_apps, ..integrations_view(t, many) }),
        ),
        (
            "integrations-viewer",
            integrations::page(&IntegrationsView {
                frame: Frame { administers: false, ..frame(t) },
                ..integrations_view(t, vec![connected(t)])
            }),
        ),
        (
            "integrations-no-app",
            integrations::page(&IntegrationsView { apps: vec![], ..integrations_view(t, vec![]) }),
        ),
        ("connect", integrations::connect(&connect_view(t))),
        (
            "reconnect",
            integrations::connect(&ConnectView {
                reconnect: Some(ReconnectView {
                    connection_id: t("con_a"),
                    portal_id: 24_680_135,
                    portal_name: t("Northwind Traders"),
                }),
                ..connect_view(t)
            }),
        ),
        ("disconnect-last", integrations::disconnect(&disconnect_view(t, true, true))),
        ("disconnect-shared", integrations::disconnect(&disconnect_view(t, false, false))),
        (
            "disconnect-token",
            integrations::disconnect(&DisconnectView {
                plan: DisconnectPlan { ours: false, uninstalls: false, revokes: false, over: false },
                ..disconnect_view(t, false, false)
            }),
        ),
        (
            "delete-data",
            integrations::disconnect(&DisconnectView {
                plan: DisconnectPlan { ours: true, uninstalls: false, revokes: false, over: true },
                ..disconnect_view(t, false, false)
            }),
        ),
    ];
    pages.extend(outcomes(t).into_iter().map(|(name, outcome)| {
        let view = OutcomeView {
            product: t("Acme Scheduling"),
            outcome,
            workspace_id: (name != "outcome-state-missing").then(|| t("ws_northwind")),
            return_url: Some("https://acme.example/settings".into()),
        };
        (name, notice::outcome(&view))
    }));
    pages.extend(notices(t).into_iter().map(|(name, notice)| {
        let view = NoticeView {
            product: t("Acme Scheduling"),
            place: match notice {
                Notice::NotFound => Place::Workspace(t("ws_northwind")),
                Notice::StaleForm => Place::Console,
                _ => Place::Nowhere,
            },
            notice,
            return_url: Some("https://acme.example/settings".into()),
        };
        (name, notice::notice(&view))
    }));
    pages.extend([
        (
            "console-sign-in",
            operator::sign_in(&SignInView { product: t("Acme Scheduling"), csrf: t("csrf"), error: None }),
        ),
        (
            "console-sign-in-refused",
            operator::sign_in(&SignInView {
                product: t("Acme Scheduling"),
                csrf: t("csrf"),
                error: Some(t("That is not the console password.")),
            }),
        ),
        ("console", operator::overview(&operator_view(t))),
        (
            "console-empty",
            operator::overview(&OperatorView {
                workspaces: vec![],
                totals: TotalsView::default(),
                next_cursor: None,
                ..operator_view(t)
            }),
        ),
        (
            "console-nothing-found",
            operator::overview(&OperatorView {
                workspaces: vec![],
                query: t("northwnd"),
                next_cursor: None,
                ..operator_view(t)
            }),
        ),
        (
            "console-create-refused",
            operator::overview(&OperatorView {
                create: CreateWorkspaceForm {
                    name: t("Northwind Traders"),
                    jurisdiction: "eu".into(),
                    error: Some(t("There is a workspace of this name already. Choose another.")),
                },
                ..operator_view(t)
            }),
        ),
    ]);
    pages.extend(access::every_page(t));
    pages.extend(privacy::every_page(t));
    pages.extend(matching::every_page(t));
    pages.extend(connection::every_page(t));
    pages.extend(records::every_page(t));
    pages.extend(deliveries::every_page(t));
    pages.extend(channels::every_page(t));
    pages.extend(choose_fields::every_page(t));
    pages.extend(mappings::every_page(t));
    pages.extend(outbox::every_page(t));
    pages.extend(automations::every_page(t));
    pages.extend(scores::every_page(t));
    pages.extend(activations::every_page(t));
    pages.extend(workflows::every_page(t));
    pages
}

/// The fragments that are asked for again.
pub fn every_fragment(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let mut fragments = vec![
        ("integrations-live-backfill", integrations::live(&integrations_view(t, vec![backfilling(t)]))),
        ("integrations-live-connected", integrations::live(&integrations_view(t, vec![connected(t)]))),
        ("console-live", operator::live(&operator_view(t))),
    ];
    fragments.extend(access::every_fragment(t));
    fragments.extend(connection::every_fragment(t));
    fragments.extend(records::every_fragment(t));
    fragments.extend(deliveries::every_fragment(t));
    fragments.extend(outbox::every_fragment(t));
    fragments
}

pub fn plain(text: &str) -> String {
    text.into()
}

fn frame(t: Text<'_>) -> Frame {
    Frame {
        product: t("Acme Scheduling"),
        return_url: Some("https://acme.example/settings".into()),
        workspace_id: t("ws_northwind"),
        workspace_name: t("Northwind Traders"),
        user: t("dana.fox@northwind.example"),
        csrf: t("csrf"),
        now_at: NOW,
        administers: true,
    }
}

fn app(t: Text<'_>) -> AppView {
    AppView { key: t("main"), label: t("Acme Scheduling for HubSpot") }
}

pub fn integrations_view(t: Text<'_>, connections: Vec<ConnectionView>) -> IntegrationsView {
    IntegrationsView { frame: frame(t), flash: None, apps: vec![app(t)], connections }
}

pub fn backfilling(t: Text<'_>) -> ConnectionView {
    ConnectionView {
        id: t("con_a"),
        name: String::new(),
        app_key: t("main"),
        app_label: t("Acme Scheduling for HubSpot"),
        by_token: false,
        portal_id: 24_680_135,
        portal_name: t("Northwind Traders"),
        ui_domain: t("app-eu1.hubspot.com"),
        state: ConnectionState::Active,
        state_words: String::new(),
        connected_at: NOW - 90 * SECOND_MS,
        connected_by: t("dana.fox@northwind.example"),
        streams: vec![StreamView {
            object_type: t("contacts"),
            label: None,
            missing_scopes: vec![],
            phase: Phase::Backfill,
            records: 12_400,
            read: 12_400,
            expected: Some(20_000),
            percent: Some(62),
            remaining_ms: Some(55 * SECOND_MS),
            freshness_words: t("Every 5 minutes"),
            live: false,
            last_change_at: Some(NOW - 2_000),
            last_checked_at: None,
            next_check_at: None,
        }],
        limits: Some(limits(t)),
        reachable: true,
        last_error: None,
        retry_at: None,
    }
}

pub fn connected(t: Text<'_>) -> ConnectionView {
    ConnectionView {
        connected_at: NOW - 3 * DAY_MS,
        streams: vec![StreamView {
            object_type: t("contacts"),
            label: None,
            missing_scopes: vec![],
            phase: Phase::Incremental,
            records: 20_012,
            read: 20_012,
            expected: Some(20_012),
            percent: None,
            remaining_ms: None,
            freshness_words: t("Live"),
            live: true,
            last_change_at: Some(NOW - 2 * MINUTE_MS),
            last_checked_at: Some(NOW - 48 * SECOND_MS),
            next_check_at: Some(NOW + 4 * MINUTE_MS + 12 * SECOND_MS),
        }],
        limits: Some(LimitsView {
            policy_label: t("Professional or Enterprise"),
            window_used: 3,
            window_limit: 190,
            day_limit: None,
            ..limits(t)
        }),
        ..backfilling(t)
    }
}

fn needs_reauthorisation(t: Text<'_>) -> ConnectionView {
    ConnectionView {
        id: t("con_c"),
        name: t("Production"),
        portal_name: t("Contoso – a company with a remarkably long name that goes on for a while"),
        state: ConnectionState::NeedsReauthorisation,
        last_error: Some(ErrorView {
            words: t(
                "HubSpot no longer accepts this authorisation: the app was uninstalled, or the person who approved it left the account.",
            ),
            remedy: t("Choose Reconnect and approve again. Nothing that was read is lost."),
            at: NOW - 5 * HOUR_MS,
            correlation_id: Some(t("0196e1c4-5a0f-7b7e-b0a1-6e8a4f2d9c11")),
        }),
        ..connected(t)
    }
}

fn paused(t: Text<'_>) -> ConnectionView {
    ConnectionView {
        id: t("con_d"),
        portal_name: t("Fabrikam"),
        state: ConnectionState::Paused,
        state_words: t(
            "The daily limit of this HubSpot account is used up. The sync goes on by itself at midnight in the account's time zone, in about 3 hours.",
        ),
        limits: Some(LimitsView { window_used: 0, day_used: 250_000, ..limits(t) }),
        retry_at: Some(NOW + 3 * HOUR_MS),
        ..backfilling(t)
    }
}

fn disconnected(t: Text<'_>) -> ConnectionView {
    ConnectionView {
        id: t("con_e"),
        portal_name: t("Tailspin Toys"),
        state: ConnectionState::Disconnected,
        ..connected(t)
    }
}

fn limits(t: Text<'_>) -> LimitsView {
    LimitsView {
        policy_label: t("Free & Starter"),
        window_limit: 100,
        window_used: 84,
        window_ms: 10_000,
        day_limit: Some(250_000),
        day_used: 12_431,
        throttled_until_at: None,
    }
}

fn error(t: Text<'_>) -> ErrorView {
    ErrorView {
        words: t("HubSpot has answered with an error for the last 12 minutes."),
        remedy: t("Nothing needs to be done: it is tried again every minute, and no change is lost."),
        at: NOW - 12 * MINUTE_MS,
        correlation_id: Some(t("5e6f7a80-91b2-4c3d-8e4f-5a6b7c8d9e0f")),
    }
}

fn connect_view(t: Text<'_>) -> ConnectView {
    let scopes = ScopeView::all()
        .into_iter()
        .map(|scope| ScopeView { scope: t(&scope.scope), words: t(&scope.words), ..scope })
        .collect();
    ConnectView { frame: frame(t), app: app(t), reconnect: None, wanted: None, scopes }
}

fn disconnect_view(t: Text<'_>, uninstalls: bool, revokes: bool) -> DisconnectView {
    DisconnectView {
        frame: frame(t),
        connection_id: t("con_a"),
        name: String::new(),
        portal_id: 24_680_135,
        portal_name: t("Northwind Traders"),
        plan: DisconnectPlan { uninstalls, revokes, ours: true, over: false },
    }
}

fn outcomes(t: Text<'_>) -> Vec<(&'static str, Outcome)> {
    let missing = ["crm.objects.contacts.read", "crm.schemas.contacts.read"];
    vec![
        ("outcome-denied", Outcome::Denied),
        ("outcome-code-refused", Outcome::CodeRefused),
        ("outcome-state-missing", Outcome::StateMissing),
        ("outcome-state-foreign", Outcome::StateForeign),
        (
            "outcome-scopes-missing",
            Outcome::ScopesMissing(
                missing
                    .map(ScopeView::named)
                    .map(|scope| ScopeView { scope: t(&scope.scope), words: t(&scope.words), ..scope })
                    .into(),
            ),
        ),
        (
            "outcome-other-portal",
            Outcome::OtherPortal {
                expected: t("Northwind Traders (24680135)"),
                chosen: t("Contoso (1357924)"),
            },
        ),
        (
            "outcome-hubspot-error",
            Outcome::HubSpotError {
                words: Some(t("The client is not authorised to use this redirect URL.")),
                correlation_id: Some(t("5e6f7a80-91b2-4c3d-8e4f-5a6b7c8d9e0f")),
            },
        ),
        ("outcome-hubspot-silent", Outcome::HubSpotSilent { correlation_id: Some(t("req_7f3a")) }),
        ("outcome-our-fault", Outcome::OurFault { correlation_id: t("req_7f3a") }),
    ]
}

fn notices(t: Text<'_>) -> Vec<(&'static str, Notice)> {
    vec![
        ("notice-link-spent", Notice::LinkSpent),
        ("notice-link-unknown", Notice::LinkUnknown),
        ("notice-not-administrator", Notice::NotAdministrator),
        ("notice-signed-out", Notice::SignedOut),
        ("notice-good-bye", Notice::GoodBye),
        ("notice-stale-form", Notice::StaleForm),
        ("notice-not-found", Notice::NotFound),
        ("notice-too-many", Notice::TooMany { retry_after_s: 300 }),
        ("notice-fault", Notice::Fault { correlation_id: t("req_7f3a") }),
    ]
}

pub fn operator_view(t: Text<'_>) -> OperatorView {
    let line = ConnectionLine {
        id: t("con_a"),
        app_label: t("Acme Scheduling for HubSpot"),
        portal_id: 24_680_135,
        portal_name: t("Northwind Traders"),
        state: ConnectionState::Active,
        records: 12_400,
        percent: Some(62),
        freshness_words: t("Every 5 minutes"),
        last_checked_at: Some(NOW - 48 * SECOND_MS),
        last_error: None,
    };
    OperatorView {
        product: t("Acme Scheduling"),
        csrf: t("csrf"),
        now_at: NOW,
        flash: None,
        totals: TotalsView { workspaces: 3, connections: 3, active: 2, attention: 1, records: 1_032_412 },
        health: vec![
            HealthView {
                label: t("Cron last ran"),
                value: HealthValue::At(Some(NOW - 20 * MINUTE_MS)),
                tone: Tone::Warning,
            },
            HealthView { label: t("Cron runs"), value: HealthValue::Count(12_017), tone: Tone::Good },
            HealthView {
                label: t("Webhook events for accounts that nobody follows"),
                value: HealthValue::Count(17),
                tone: Tone::Note,
            },
        ],
        workspaces: vec![
            WorkspaceView {
                id: t("ws_northwind"),
                name: t("Northwind Traders"),
                jurisdiction: t("eu"),
                created_at: NOW - 40 * DAY_MS,
                connections: vec![
                    line.clone(),
                    ConnectionLine {
                        id: t("con_b"),
                        portal_id: 1_357_924,
                        portal_name: t("Northwind Sandbox"),
                        records: 1_000_012,
                        percent: None,
                        freshness_words: t("Live"),
                        ..line.clone()
                    },
                ],
            },
            WorkspaceView {
                id: t("ws_contoso"),
                name: t("Contoso"),
                jurisdiction: String::new(),
                created_at: NOW - 3 * DAY_MS,
                connections: vec![ConnectionLine {
                    id: t("con_c"),
                    portal_name: t("Contoso"),
                    state: ConnectionState::NeedsReauthorisation,
                    records: 20_000,
                    percent: None,
                    last_error: Some(ErrorView {
                        words: t("HubSpot no longer accepts this authorisation."),
                        remedy: t("An administrator of the workspace has to reconnect."),
                        at: NOW - 5 * HOUR_MS,
                        correlation_id: Some(t("5e6f7a80-91b2-4c3d-8e4f-5a6b7c8d9e0f")),
                    }),
                    ..line
                }],
            },
            WorkspaceView {
                id: t("ws_new"),
                name: t("Fabrikam"),
                jurisdiction: String::new(),
                created_at: NOW - 5 * MINUTE_MS,
                connections: vec![],
            },
        ],
        query: String::new(),
        cursor: String::new(),
        next_cursor: Some(t("Y3Vyc29y")),
        create: CreateWorkspaceForm::default(),
    }
}

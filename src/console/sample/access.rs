//! How a connection reaches HubSpot, its limits, and the form for a token.

use super::{NOW, Text, connection_frame, error, frame, limits};
use crate::{
    console::{
        Page,
        access::{self, AccessView, ExistingView, Means, ScopeLine, TokenFormView, TrialLine, TrialView},
        limits::{self as page, HourView, LimitsPageView, UsageLine},
        seats::{self, SeatCardView, SeatLine, SeatOutcome, SeatState, SeatsView},
        view::{Frame, LimitsView, ScopeView},
    },
    engine::portal::usage::Caller,
    hubspot::probe::Probe,
    values::{
        scopes::SCOPES,
        tier::Tier,
        time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp},
    },
};

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    let viewer = Frame { administers: false, ..frame(t) };
    let existing = ExistingView {
        id: t("con_a"),
        title: t("Sandbox"),
        portal_id: 24_680_135,
        address: t("https://hubspot.acme.example/webhooks/hubspot/con_0123456789abcdef01234567"),
        webhooks: true,
    };
    vec![
        ("access", access::page(&access_view(t))),
        ("access-token", access::page(&by_token(t))),
        ("access-testing", access::page(&AccessView { trial: Some(trial(t, 3, false)), ..by_token(t) })),
        ("seat", seats::card(&seat_card(t))),
        ("seat-spent", seats::outcome(&t("Acme Scheduling"), &SeatOutcome::Spent)),
        ("seat-denied", seats::outcome(&t("Acme Scheduling"), &SeatOutcome::Denied)),
        (
            "seat-other",
            seats::outcome(&t("Acme Scheduling"), &SeatOutcome::OtherAccount(t("Northwind Traders EU"))),
        ),
        ("seat-account-level", seats::outcome(&t("Acme Scheduling"), &SeatOutcome::NotUserLevel)),
        ("seat-refused", seats::outcome(&t("Acme Scheduling"), &SeatOutcome::Refused)),
        ("seat-silent", seats::outcome(&t("Acme Scheduling"), &SeatOutcome::Silent)),
        ("seat-off", seats::outcome(&t("Acme Scheduling"), &SeatOutcome::Off)),
        (
            "seat-fault",
            seats::outcome(
                &t("Acme Scheduling"),
                &SeatOutcome::Fault { correlation_id: t("0a1b2c3d4e5f6071") },
            ),
        ),
        (
            "access-no-seats",
            access::page(&AccessView {
                seats: SeatsView { off: false, seats: vec![], more: false },
                ..access_view(t)
            }),
        ),
        ("access-untested", access::page(&AccessView { trial: None, ..access_view(t) })),
        (
            "access-viewer",
            access::page(&AccessView {
                at: crate::console::connection::ConnectionFrame { frame: viewer, ..connection_frame(t) },
                ..access_view(t)
            }),
        ),
        ("token", access::token_form(&form(t))),
        (
            "token-refused",
            access::token_form(&TokenFormView {
                name: t("Production"),
                error: Some(t("HubSpot does not accept this token. Copy it anew.")),
                ..form(t)
            }),
        ),
        ("token-update", access::token_form(&TokenFormView { existing: Some(existing), ..form(t) })),
        ("limits", page::page(&limits_page(t))),
        (
            "limits-day-over",
            page::page(&LimitsPageView {
                limits: Some(LimitsView { day_used: 241_000, day_limit: Some(250_000), ..limits(t) }),
                paused_until: Some(NOW + 40 * MINUTE_MS),
                ..limits_page(t)
            }),
        ),
        (
            "limits-nothing",
            page::page(&LimitsPageView { limits: None, lines: vec![], hours: vec![], ..limits_page(t) }),
        ),
    ]
}

pub fn every_fragment(t: Text<'_>) -> Vec<(&'static str, Page)> {
    vec![("access-live", access::live(&by_token(t))), ("limits-live", page::live(&limits_page(t)))]
}

fn access_view(t: Text<'_>) -> AccessView {
    let scopes = SCOPES.iter().enumerate().map(|(place, scope)| ScopeLine {
        scope: t(scope.name),
        words: t(scope.purpose),
        required: scope.required,
        granted: place < 7,
        ask: (place >= 7).then(|| "/w/ws_a/connect?app=main&connection=con_a&scope=crm.lists.read".into()),
    });
    AccessView {
        at: connection_frame(t),
        means: Means::App {
            label: t("Acme Scheduling for HubSpot"),
            again: "/w/ws_a/connect?app=main&connection=con_a".into(),
        },
        connected_by: t("ada@northwind.example"),
        connected_at: NOW - 3 * DAY_MS,
        name: String::new(),
        scopes: scopes.collect(),
        trial: Some(trial(t, Probe::ALL.len(), true)),
        seats: SeatsView {
            off: false,
            seats: vec![
                seat(t, "grace.hopper@northwind.example", SeatState::Active, Some(NOW - 3 * MINUTE_MS)),
                seat(t, "alan.turing@northwind.example", SeatState::Pending, None),
                SeatLine {
                    link_until_at: Some(NOW + 40 * MINUTE_MS),
                    ..seat(t, "ada@northwind.example", SeatState::Invited, None)
                },
                seat(t, "katherine@northwind.example", SeatState::Expired, Some(NOW - 2 * DAY_MS)),
                seat(t, "left@northwind.example", SeatState::Revoked, Some(NOW - 9 * DAY_MS)),
            ],
            more: true,
        },
    }
}

fn seat(t: Text<'_>, user: &str, state: SeatState, used_at: Option<i64>) -> SeatLine {
    SeatLine {
        id: "seat_0123456789abcdef01234567".into(),
        user: t(user),
        state,
        since_at: NOW - 5 * HOUR_MS,
        used_at,
        link_until_at: None,
    }
}

fn seat_card(t: Text<'_>) -> SeatCardView {
    SeatCardView {
        product: t("Acme Scheduling"),
        workspace_name: t("Northwind Traders"),
        account: t("Northwind Traders EU"),
        user: t("grace.hopper@northwind.example"),
        to: "/seat/con_0123456789abcdef01234567/secret".into(),
        csrf: "csrf".into(),
    }
}

fn by_token(t: Text<'_>) -> AccessView {
    AccessView {
        means: Means::Token {
            webhooks: false,
            address: t("https://hubspot.acme.example/webhooks/hubspot/con_0123456789abcdef01234567"),
            every: t("every five minutes"),
        },
        name: t("Sandbox"),
        seats: SeatsView { off: true, seats: vec![], more: false },
        trial: Some(trial(t, Probe::ALL.len(), false)),
        ..access_view(t)
    }
}

/// A test with so many answers, the last but one of which is a refusal unless all is well.
fn trial(t: Text<'_>, answered: usize, well: bool) -> TrialView {
    let line = |(place, probe): (usize, &Probe)| {
        let works = well || place != 1;
        TrialLine {
            words: t(probe.words()),
            works: (place < answered).then_some(works),
            error: (place < answered && !works).then(|| error(t)),
        }
    };
    TrialView {
        asked_at: NOW - MINUTE_MS,
        running: answered < Probe::ALL.len(),
        lines: Probe::ALL.iter().enumerate().map(line).collect(),
    }
}

fn form(t: Text<'_>) -> TokenFormView {
    let scopes = ScopeView::all()
        .into_iter()
        .map(|scope| ScopeView { scope: t(&scope.scope), words: t(&scope.words), ..scope })
        .collect();
    TokenFormView {
        frame: frame(t),
        existing: None,
        name: String::new(),
        error: None,
        every: t("every five minutes"),
        scopes,
    }
}

fn limits_page(t: Text<'_>) -> LimitsPageView {
    let hour = |place: i64| {
        let from_at = NOW.div_euclid(HOUR_MS) * HOUR_MS - (23 - place) * HOUR_MS;
        let full = if place < 3 { 900 } else { 0 };
        HourView {
            from_at,
            label: t(&Timestamp(from_at).to_rfc3339()[11..16]),
            counts: vec![full, 40 + (place as u64 * 37) % 60, 20, 12, 9, u64::from(place == 20) * 7, 2],
        }
    };
    let line = |caller: Caller, endpoint: &str, calls, refused| UsageLine {
        caller: t(caller.words()),
        endpoint: t(endpoint),
        calls,
        refused,
    };
    LimitsPageView {
        at: connection_frame(t),
        limits: Some(limits(t)),
        day_ends_at: Some(NOW + 5 * HOUR_MS),
        paused_until: None,
        public: false,
        tier: "professional".into(),
        tiers: Tier::all().map(|tier| (tier.to_string(), t(&tier.words()))).collect(),
        hours: (0..24).map(hour).collect(),
        callers: Caller::ALL.iter().map(|caller| t(caller.words())).collect(),
        lines: vec![
            line(Caller::FullRead, "List records", 2_700, 0),
            line(Caller::Changes, "Search", 1_150, 2),
            line(Caller::Changes, "Batch read", 640, 0),
            line(Caller::Person, "Account", 7, 1),
        ],
    }
}

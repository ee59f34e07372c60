//! The pages of deliveries.

use super::{NOW, Text, connection::connection_frame};
use crate::console::{
    Page,
    connection::ConnectionFrame,
    deliveries::{
        self, AttemptView, Choice, DeliveriesView, EndpointFormView, EndpointPageView, EndpointView,
        SecretView, Standing,
    },
    view::{Flash, Tone},
};
use crate::values::time::{DAY_MS, HOUR_MS, MINUTE_MS};

pub fn every_page(t: Text<'_>) -> Vec<(&'static str, Page)> {
    vec![
        ("deliveries", deliveries::page(&deliveries_view(t))),
        ("deliveries-none", deliveries::page(&DeliveriesView { endpoints: vec![], ..deliveries_view(t) })),
        ("endpoint", deliveries::endpoint(&endpoint_page(t, endpoint(t)))),
        ("endpoint-failing", deliveries::endpoint(&endpoint_page(t, failing(t)))),
        ("endpoint-channel", deliveries::endpoint(&endpoint_page(t, of_channel(t)))),
        ("endpoint-not-rotated", deliveries::endpoint(&not_rotated(t))),
        ("endpoint-form", deliveries::form(&endpoint_form(t))),
        (
            "endpoint-form-channel",
            deliveries::form(&EndpointFormView {
                channel: Some(t("ch_a")),
                types: vec![],
                events: [
                    ("channel_entered", "Records that enter the channel"),
                    ("channel_updated", "Changes of its mapped fields"),
                    ("channel_left", "Records that leave it"),
                    ("lifecycle", "What happens to the connection"),
                ]
                .map(|(name, words)| Choice { name: t(name), words: t(words), chosen: true })
                .into(),
                from_start: true,
                ..endpoint_form(t)
            }),
        ),
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
        (
            "endpoint-secret-again",
            deliveries::secret(&SecretView {
                at: connection_frame(t),
                endpoint: endpoint(t),
                secret: t("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="),
                created: false,
            }),
        ),
        ("endpoint-delete", deliveries::delete(&endpoint_page(t, failing(t)))),
    ]
}

pub fn every_fragment(t: Text<'_>) -> Vec<(&'static str, Page)> {
    vec![
        ("deliveries-live", deliveries::live(&deliveries_view(t))),
        ("endpoint-live", deliveries::endpoint_live(&endpoint_page(t, endpoint(t)))),
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

/// It tells of a channel, and hands everybody over.
fn of_channel(t: Text<'_>) -> EndpointView {
    EndpointView {
        wanted: t("Everything of one channel"),
        channel: Some(t("ch_a")),
        handing_over: true,
        behind: 1_204,
        delivered_at: None,
        last_attempt: None,
        test: None,
        previous_secret_until: None,
        ..endpoint(t)
    }
}

/// A new secret was refused.
fn not_rotated(t: Text<'_>) -> EndpointPageView {
    let words = "Nothing was changed: the secret was replaced three times within a day, and those before it still sign. Come back tomorrow.";
    let flash = Some(Flash { tone: Tone::Warning, words: t(words) });
    EndpointPageView { at: ConnectionFrame { flash, ..connection_frame(t) }, endpoint: endpoint(t) }
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

//! From what a Portal and the limiter tell to what the pages of access and limits show.

use crate::{
    console::{
        access::{AccessView, Means, ScopeLine, TrialLine, TrialView},
        connection::ConnectionFrame,
        limits::{HourView, LimitsPageView, UsageLine},
        paths,
        seats::{SeatLine, SeatState, SeatsView},
    },
    engine::{
        directory::messages::Connection,
        limiter::messages::Gauges,
        portal::{
            messages::{State, Status, Trouble},
            seats::commands::{self as seats, Answer, View},
            trial::{Finding, Trial},
            usage::{Caller, Usage},
        },
    },
    hubspot::probe::Probe,
    values::{
        config::Config,
        scopes::SCOPES,
        tier::Tier,
        time::{HOUR_MS, Timestamp},
    },
};

/// Hours of the chart.
const HOURS: i64 = 24;

/// Where a private app of the customer's own sends its webhooks.
pub fn webhook_address(config: &Config, connection: &str) -> String {
    format!("{}{}{connection}", config.public_url, paths::WEBHOOKS)
}

/// The page of a connection's access.
pub fn access(
    config: &Config,
    at: ConnectionFrame,
    connection: &Connection,
    status: Option<&Status>,
    trial: Option<&Trial>,
    seats: SeatsView,
) -> AccessView {
    let workspace = &at.frame.workspace_id;
    let again = paths::reconnect(workspace, connection.app.as_str(), &at.id);
    let by_token = connection.app.is_token();
    let granted = |name: &str| status.is_some_and(|status| status.scopes.iter().any(|scope| scope == name));
    let scopes = SCOPES.iter().map(|scope| {
        let granted = granted(scope.name);
        ScopeLine {
            scope: scope.name.to_owned(),
            words: scope.purpose.to_owned(),
            required: scope.required,
            granted,
            ask: (!granted && !by_token && status.is_some()).then(|| format!("{again}&scope={}", scope.name)),
        }
    });
    AccessView {
        means: if by_token {
            let webhooks = status.is_some_and(|status| status.webhooks);
            let every = super::spelt_cadence(config.work.check_every_ms);
            Means::Token { webhooks, address: webhook_address(config, &at.id), every }
        } else {
            Means::App { label: super::label(&config.apps, &connection.app), again: again.clone() }
        },
        connected_by: connection.connected_by.clone(),
        connected_at: connection.connected_at.0,
        name: connection.name.clone(),
        scopes: scopes.collect(),
        trial: trial.map(tried),
        seats,
        at,
    }
}

/// The seats of a connection.
pub fn seats(told: &Answer) -> SeatsView {
    let (page, more) = match told {
        Answer::Seats { page, next } => (page.as_slice(), next.is_some()),
        _ => (&[][..], false),
    };
    let line = |seat: &View| SeatLine {
        id: seat.id.to_string(),
        user: seat.user.clone(),
        state: match seat.state {
            seats::State::Invited => SeatState::Invited,
            seats::State::Pending => SeatState::Pending,
            seats::State::Active => SeatState::Active,
            seats::State::Expired => SeatState::Expired,
            seats::State::Revoked => SeatState::Revoked,
        },
        since_at: seat.ended_at.or(seat.active_at).unwrap_or(seat.invited_at).0,
        used_at: seat.used_at.map(|at| at.0),
        link_until_at: seat.link_until.map(|at| at.0),
    };
    SeatsView { off: matches!(told, Answer::Off), seats: page.iter().map(line).collect(), more }
}

fn tried(trial: &Trial) -> TrialView {
    let line = |probe: &Probe| {
        let finding = trial.results.iter().find(|finding| finding.probe == *probe);
        TrialLine {
            words: probe.words().to_owned(),
            works: finding.map(|finding| finding.works),
            error: finding.filter(|finding| !finding.works).map(|finding| error(trial, finding)),
        }
    };
    TrialView {
        asked_at: trial.asked_at.0,
        running: trial.ended_at.is_none(),
        lines: Probe::ALL.iter().map(line).collect(),
    }
}

fn error(trial: &Trial, finding: &Finding) -> crate::console::view::ErrorView {
    super::error(&Trouble {
        kind: String::new(),
        words: finding.words.clone(),
        at: trial.asked_at,
        correlation_id: finding.correlation_id.clone(),
    })
}

/// The page of a connection's limits.
pub fn limits(
    at: ConnectionFrame,
    status: Option<&Status>,
    gauges: Option<&Gauges>,
    usage: &Usage,
) -> LimitsPageView {
    let now_hour = at.frame.now_at.div_euclid(HOUR_MS);
    let hours = (now_hour - HOURS + 1..=now_hour).map(|hour| {
        let from = Timestamp(hour * HOUR_MS);
        let counted = usage.hours.iter().find(|counted| counted.from == from);
        let of = |caller: &Caller| {
            let counts = counted.iter().flat_map(|counted| &counted.counts);
            counts.filter(|count| count.caller == *caller).map(|count| u64::from(count.calls)).sum()
        };
        HourView {
            from_at: from.0,
            label: from.to_rfc3339()[11..16].to_owned(),
            counts: Caller::ALL.iter().map(of).collect(),
        }
    });
    let mut lines: Vec<UsageLine> = Vec::new();
    for count in usage.hours.iter().flat_map(|hour| &hour.counts) {
        let (caller, endpoint) = (count.caller.words(), count.endpoint.words());
        match lines.iter_mut().find(|line| line.caller == caller && line.endpoint == endpoint) {
            Some(line) => {
                line.calls += u64::from(count.calls);
                line.refused += u64::from(count.refused);
            }
            None => lines.push(UsageLine {
                caller: caller.to_owned(),
                endpoint: endpoint.to_owned(),
                calls: count.calls.into(),
                refused: count.refused.into(),
            }),
        }
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.calls));
    let tier = status.and_then(|status| status.tier);
    LimitsPageView {
        limits: gauges.map(super::limits),
        day_ends_at: gauges.filter(|gauges| gauges.day_limit.is_some()).map(|gauges| gauges.day_ends_at.0),
        paused_until: match status.map(|status| status.state) {
            Some(State::Paused { until }) => Some(until.0),
            _ => None,
        },
        public: gauges.is_some_and(|gauges| gauges.public),
        tier: tier.map_or_else(|| "auto".to_owned(), |tier| tier.to_string()),
        tiers: Tier::all().map(|tier| (tier.to_string(), tier.words())).collect(),
        hours: hours.collect(),
        callers: Caller::ALL.iter().map(|caller| caller.words().to_owned()).collect(),
        lines,
        at,
    }
}

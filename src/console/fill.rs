//! From what the objects tell to what the pages show.

pub mod access;
pub mod act;
pub mod activation_form;
pub mod activations;
pub mod attribute_form;
pub mod audit;
pub mod automation_form;
pub mod automations;
pub mod channel_form;
pub mod channels;
pub mod choose_fields;
pub mod deliveries;
pub mod fields;
pub mod filter_form;
pub mod mappings;
pub mod matching;
pub mod outbox;
pub mod privacy;
pub mod records;
pub mod scores;
pub mod sync;
pub mod types;
pub mod workflow_form;
pub mod workflows;

use crate::{
    console::{
        view::{
            AppView, ConnectionLine, ConnectionState, ConnectionView, ErrorView, LimitsView, Phase,
            StreamView,
        },
        words::duration,
    },
    engine::{
        directory::messages::{Connection, ConnectionState as Standing},
        limiter::messages::Gauges,
        portal::messages::{self as portal, State, Status, StreamState, StreamStatus, Trouble},
    },
    values::{
        config::{App, AppKind},
        ids::AppKey,
        time::{DAY_MS, MINUTE_MS, Timestamp},
    },
};

/// What a pause says that does not end by itself.
const PAUSED_BY_PERSON: &str = "Paused by a person: nothing is read from HubSpot until somebody resumes it. What HubSpot tells meanwhile is kept.";

/// The apps that connections are made through.
pub fn apps(apps: &[App]) -> Vec<AppView> {
    apps.iter().filter(|app| app.kind == AppKind::Account).map(app).collect()
}

/// One app.
pub fn app(app: &App) -> AppView {
    AppView { key: app.key.to_string(), label: app.label.clone() }
}

fn label(apps: &[App], key: &AppKey) -> String {
    if key.is_token() {
        return "a token".to_owned();
    }
    apps.iter().find(|app| app.key == *key).map_or_else(|| key.to_string(), |app| app.label.clone())
}

/// One connection in full. `status` is `None` where its Portal did not answer, or holds nothing.
pub fn connection(
    configured: &[App],
    connection: &Connection,
    status: Option<&Status>,
    gauges: Option<&Gauges>,
    now: Timestamp,
) -> ConnectionView {
    let state = state(connection, status);
    ConnectionView {
        id: connection.id.to_string(),
        name: connection.name.clone(),
        app_key: connection.app.to_string(),
        app_label: label(configured, &connection.app),
        by_token: connection.app.is_token(),
        portal_id: connection.portal.0.cast_signed(),
        portal_name: portal_name(connection),
        ui_domain: status.and_then(|status| status.account.ui_domain.clone()).unwrap_or_default(),
        reachable: status.is_some(),
        state,
        state_words: match status.map(|status| status.state) {
            Some(State::PausedByPerson { .. }) => PAUSED_BY_PERSON.to_owned(),
            None
            | Some(
                State::Active
                | State::Paused { .. }
                | State::NeedsReauthorisation
                | State::Disconnecting
                | State::Disconnected,
            ) => String::new(),
        },
        retry_at: match status.map(|status| status.state) {
            Some(State::Paused { until }) => Some(until.0),
            _ => None,
        },
        connected_at: connection.connected_at.0,
        connected_by: connection.connected_by.clone(),
        streams: status.map_or_else(Vec::new, |status| {
            status.streams.iter().map(|found| stream(found, connection.connected_at, status, now)).collect()
        }),
        limits: gauges.map(limits),
        last_error: status.and_then(|status| status.trouble.as_ref()).map(error),
    }
}

/// One connection in the operator's list.
pub fn line(
    configured: &[App],
    connection: &Connection,
    status: Option<&Status>,
    now: Timestamp,
) -> ConnectionLine {
    let streams: Vec<StreamView> = status.map_or_else(Vec::new, |status| {
        status.streams.iter().map(|found| stream(found, connection.connected_at, status, now)).collect()
    });
    let first = streams.iter().find(|stream| stream.missing_scopes.is_empty());
    ConnectionLine {
        id: connection.id.to_string(),
        app_label: label(configured, &connection.app),
        portal_id: connection.portal.0.cast_signed(),
        portal_name: portal_name(connection),
        state: state(connection, status),
        records: streams.iter().map(|stream| stream.records).sum(),
        percent: first.and_then(|stream| stream.percent),
        freshness_words: first.map(|stream| stream.freshness_words.clone()).unwrap_or_default(),
        last_checked_at: first.and_then(|stream| stream.last_checked_at),
        last_error: status.and_then(|status| status.trouble.as_ref()).map(error),
    }
}

/// What people call the connection, else the account's name, else words with its id.
pub fn title(connection: &Connection) -> String {
    if connection.name.is_empty() { portal_name(connection) } else { connection.name.clone() }
}

/// The account's name, or words with its id.
pub fn portal_name(connection: &Connection) -> String {
    if connection.portal_name.is_empty() {
        format!("HubSpot account {}", connection.portal)
    } else {
        connection.portal_name.clone()
    }
}

/// What the Directory has ended is ended, whatever the Portal still says.
fn state(connection: &Connection, status: Option<&Status>) -> ConnectionState {
    let told = status.map(|status| status.state);
    match (connection.state, told) {
        (Standing::Disconnected, _) | (_, Some(State::Disconnected)) => ConnectionState::Disconnected,
        (Standing::Disconnecting, _) | (_, Some(State::Disconnecting)) => ConnectionState::Disconnecting,
        (Standing::Active | Standing::Connecting, None | Some(State::Active)) => ConnectionState::Active,
        (_, Some(State::Paused { .. } | State::PausedByPerson { .. })) => ConnectionState::Paused,
        (_, Some(State::NeedsReauthorisation)) => ConnectionState::NeedsReauthorisation,
    }
}

fn stream(stream: &StreamStatus, connected_at: Timestamp, status: &Status, now: Timestamp) -> StreamView {
    let backfilling = stream.phase == portal::Phase::Backfill;
    // A webhook within the last day shows that the app's subscription reaches us; its absence proves nothing, but then
    // the poll is what can be promised.
    let delayed = status.trouble.is_some() && (stream.trouble.is_some() || !of_a_stream(status));
    let live = !backfilling && !delayed && stream.event_at.is_some_and(|at| now.since_ms(at) < DAY_MS);
    StreamView {
        object_type: stream.object_type.to_string(),
        label: stream.label.clone(),
        missing_scopes: match &stream.state {
            StreamState::Running => Vec::new(),
            StreamState::NoScope { scopes } => scopes.clone(),
        },
        phase: if backfilling { Phase::Backfill } else { Phase::Incremental },
        records: stream.records,
        expected: stream.expected,
        read: stream.read,
        percent: if backfilling { percent(stream) } else { None },
        remaining_ms: if backfilling { remaining_ms(stream, connected_at, now) } else { None },
        freshness_words: match (delayed, live) {
            (true, _) => "Delayed".to_owned(),
            (false, true) => "Live".to_owned(),
            (false, false) => every(stream),
        },
        live,
        last_change_at: stream.changed_at.map(|at| at.0),
        last_checked_at: stream.checked_at.map(|at| at.0),
        next_check_at: stream.next_check_at.map(|at| at.0),
    }
}

/// Whether the trouble told is that of one stream, and so no other's.
fn of_a_stream(status: &Status) -> bool {
    status.streams.iter().any(|stream| stream.trouble.is_some() && stream.trouble == status.trouble)
}

/// How often a connection is checked for changes, as tables say it: `every 5 minutes`.
pub fn cadence(check_every_ms: i64) -> String {
    format!("every {}", ticks(check_every_ms))
}

/// The same as sentences say it: `every five minutes`.
pub fn spelt_cadence(check_every_ms: i64) -> String {
    let words = cadence(check_every_ms);
    if words == "every 5 minutes" { "every five minutes".to_owned() } else { words }
}

/// How often HubSpot is asked for what a stream holds.
fn every(stream: &StreamStatus) -> String {
    let wait_ms = match (stream.checked_at, stream.next_check_at) {
        (Some(checked), Some(next)) => next.since_ms(checked).max(0),
        _ => 0,
    };
    format!("Every {}", ticks(wait_ms))
}

/// So long until the first tick of the cron, which comes every five minutes, at which a check is due: `5 minutes`, `hour`.
fn ticks(wait_ms: i64) -> String {
    const TICK_MS: i64 = 5 * MINUTE_MS;
    let ticks = wait_ms.saturating_add(TICK_MS - 1).div_euclid(TICK_MS).max(1);
    let words = duration(ticks.saturating_mul(TICK_MS));
    words.strip_prefix("1 ").unwrap_or(&words).to_owned()
}

/// 100 only when it is over: HubSpot's count is of the moment the backfill began.
fn percent(stream: &StreamStatus) -> Option<u8> {
    let expected = stream.expected.filter(|expected| *expected > 0)?;
    Some((stream.read.saturating_mul(100) / expected).min(99) as u8)
}

/// At the pace so far.
fn remaining_ms(stream: &StreamStatus, connected_at: Timestamp, now: Timestamp) -> Option<i64> {
    let left = stream.expected?.saturating_sub(stream.read);
    let elapsed = u64::try_from(now.since_ms(connected_at)).ok()?;
    let pace_known = stream.read > 0 && elapsed > 0;
    pace_known.then(|| (elapsed.saturating_mul(left) / stream.read) as i64)
}

fn limits(gauges: &Gauges) -> LimitsView {
    LimitsView {
        policy_label: policy(gauges.window_limit).to_owned(),
        window_limit: gauges.window_limit.into(),
        window_used: gauges.window_used.into(),
        window_ms: gauges.window_ms.into(),
        day_limit: gauges.day_limit.map(u64::from),
        day_used: gauges.day_used.into(),
        throttled_until_at: gauges.throttled_until.map(|at| at.0),
    }
}

/// HubSpot tells the size of the window, not whose it is; these are the sizes of its price list (`hubspot-api.md` 3.1).
const fn policy(window_limit: u32) -> &'static str {
    match window_limit {
        100 => "Free & Starter",
        190 => "Professional or Enterprise",
        110 => "Public app",
        250 => "API limit increase",
        _ => "",
    }
}

/// A trouble's first sentence says what happened, the rest what to do.
fn error(trouble: &Trouble) -> ErrorView {
    let (words, remedy) = match trouble.words.split_once(". ") {
        Some((first, rest)) => (format!("{first}."), rest.to_owned()),
        None => (trouble.words.clone(), String::new()),
    };
    ErrorView { words, remedy, at: trouble.at.0, correlation_id: trouble.correlation_id.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::ids::{ConnectionId, ObjectType, PortalId, WorkspaceId};

    fn sample(state: Standing) -> Connection {
        Connection {
            id: ConnectionId::from_random([1; 12]),
            workspace: WorkspaceId::from_random([2; 12]),
            app: "main".parse().unwrap(),
            portal: PortalId(7),
            portal_name: String::new(),
            name: String::new(),
            user: None,
            connected_by: "ada@example.com".to_owned(),
            object: String::new(),
            state,
            created_at: Timestamp(0),
            connected_at: Timestamp(0),
        }
    }

    fn status(state: State, stream: StreamStatus) -> Status {
        Status {
            state,
            account: portal::Account { portal: PortalId(7), name: None, ui_domain: None, utc_offset_ms: 0 },
            app: "main".parse().unwrap(),
            windows: "main".parse().unwrap(),
            scopes: Vec::new(),
            webhooks: true,
            tier: None,
            connected_at: Timestamp(0),
            streams: vec![stream],
            beside: Vec::new(),
            followed: None,
            links: Vec::new(),
            latest_change: 0,
            storage: crate::engine::portal::storage::Storage::default(),
            rows_written: 0,
            trouble: None,
        }
    }

    fn backfill(read: u64, expected: Option<u64>) -> StreamStatus {
        StreamStatus {
            object_type: ObjectType::Contacts,
            label: None,
            state: StreamState::Running,
            phase: portal::Phase::Backfill,
            records: read,
            read,
            expected,
            checked_at: None,
            next_check_at: None,
            trailing_at: None,
            next_trailing_at: None,
            changed_at: None,
            event_at: Some(Timestamp(0)),
            dirty: 0,
            unreadable: Vec::new(),
            reconcile: crate::engine::portal::reconcile::Reconcile::default(),
            fields_read_at: None,
            kept_fresh: None,
            trouble: None,
        }
    }

    #[test]
    fn a_backfill_shows_its_part_and_the_rest_at_the_pace_so_far() {
        let show = |read, expected| {
            let status = status(State::Active, backfill(read, expected));
            connection(&[], &sample(Standing::Active), Some(&status), None, Timestamp(10_000))
                .streams
                .remove(0)
        };
        let half = show(1_000, Some(2_000));
        assert_eq!((half.percent, half.remaining_ms, half.live), (Some(50), Some(10_000), false));
        assert_eq!(show(2_100, Some(2_000)).percent, Some(99));
        let unknown = show(0, None);
        assert_eq!((unknown.percent, unknown.remaining_ms), (None, None));
        assert_eq!(show(0, Some(0)).percent, None);
    }

    #[test]
    fn live_is_said_only_after_a_webhook_of_the_last_day() {
        let at = |event_at, now| {
            let stream = StreamStatus { phase: portal::Phase::Incremental, event_at, ..backfill(1, None) };
            let status = status(State::Active, stream);
            line(&[], &sample(Standing::Active), Some(&status), Timestamp(now)).freshness_words
        };
        assert_eq!(at(Some(Timestamp(0)), DAY_MS - 1), "Live");
        assert_eq!(at(Some(Timestamp(0)), DAY_MS), "Every 5 minutes");
        assert_eq!(at(None, 1), "Every 5 minutes");
    }

    #[test]
    fn a_longer_wait_between_checks_is_told_in_whole_ticks() {
        let words = |wait_ms| {
            let next_check_at = Some(Timestamp(wait_ms));
            every(&StreamStatus { checked_at: Some(Timestamp(0)), next_check_at, ..backfill(0, None) })
        };
        assert_eq!(words(4 * MINUTE_MS), "Every 5 minutes");
        assert_eq!(words(6 * MINUTE_MS), "Every 10 minutes");
        assert_eq!((words(60 * MINUTE_MS), words(DAY_MS)), ("Every hour".into(), "Every 24 hours".into()));
    }

    #[test]
    fn pages_tell_the_configured_wait_between_checks() {
        let words = |wait_ms| (cadence(wait_ms), spelt_cadence(wait_ms));
        assert_eq!(words(4 * MINUTE_MS), ("every 5 minutes".into(), "every five minutes".into()));
        assert_eq!(words(14 * MINUTE_MS), ("every 15 minutes".into(), "every 15 minutes".into()));
        assert_eq!(words(60 * MINUTE_MS), ("every hour".into(), "every hour".into()));
        let stream = StreamStatus { phase: portal::Phase::Incremental, ..backfill(1, None) };
        let status = status(State::Active, stream);
        let around = crate::console::sample::connection_frame(&crate::console::sample::plain).frame;
        let around = crate::console::view::Frame { now_at: 1, ..around };
        let of = sample(Standing::Active);
        let view = sync::page(&[], 14 * MINUTE_MS, around, None, &of, Some(&status));
        assert_eq!(view.checks[0].checks[0].often, "every 15 minutes");
        assert!(view.checks[0].means.contains("asked every 15 minutes for"), "{}", view.checks[0].means);
    }

    #[test]
    fn the_look_for_late_changes_and_the_checks_of_lists_are_told_with_what_they_cost() {
        let (trailing_at, next_trailing_at) = (Some(Timestamp(5)), Some(Timestamp(9)));
        let phase = portal::Phase::Incremental;
        let stream = StreamStatus { phase, trailing_at, next_trailing_at, ..backfill(1, None) };
        let lists = crate::engine::portal::beside::FollowedStatus {
            lists: 3,
            checked_at: Some(Timestamp(5)),
            next_check_at: Some(Timestamp(7)),
            walk_calls: 12,
        };
        let told = |state, followed| {
            let status = Status { followed, ..status(state, stream.clone()) };
            let around = crate::console::sample::connection_frame(&crate::console::sample::plain).frame;
            let around = crate::console::view::Frame { now_at: 6, ..around };
            sync::page(&[], 4 * MINUTE_MS, around, None, &sample(Standing::Active), Some(&status))
        };
        let view = told(State::Active, Some(lists.clone()));
        let late = &view.checks[0].checks[1];
        assert_eq!((late.name.as_str(), late.often.as_str()), ("Late changes", "hourly"));
        assert_eq!((late.done_at, late.next_at), (Some(5), Some(9)));
        assert!(late.cost.starts_with("1 search in place of"), "{}", late.cost);
        let [members] = view.beside.as_slice() else { panic!("{:?}", view.beside) };
        assert!(members.words.starts_with("3 lists: "), "{}", members.words);
        assert_eq!((members.done_at, members.next_at), (Some(5), Some(7)));
        assert_eq!(members.often, "every 5 minutes");
        assert!(members.cost.ends_with("about 12 a day for everybody"), "{}", members.cost);
        let held = told(State::PausedByPerson { since: Timestamp(0) }, Some(lists));
        assert_eq!((held.checks[0].checks[1].next_at, held.beside[0].next_at), (None, None));
        assert_eq!(told(State::Active, None).beside, []);
    }

    #[test]
    fn the_directorys_word_on_an_ended_connection_is_the_last() {
        let active = status(State::Active, backfill(1, None));
        let shown =
            |standing, status| connection(&[], &sample(standing), Some(status), None, Timestamp(0)).state;
        assert_eq!(shown(Standing::Disconnected, &active), ConnectionState::Disconnected);
        assert_eq!(shown(Standing::Disconnecting, &active), ConnectionState::Disconnecting);
        let over = status(State::Disconnected, backfill(1, None));
        assert_eq!(shown(Standing::Disconnecting, &over), ConnectionState::Disconnected);
        let silent = connection(&[], &sample(Standing::Active), None, None, Timestamp(0));
        assert_eq!(silent.state, ConnectionState::Active);
        assert!(!silent.reachable);
        assert_eq!(silent.portal_name, "HubSpot account 7");
    }

    #[test]
    fn a_trouble_is_told_as_what_happened_and_what_to_do() {
        let told = |words: &str| {
            let view = error(&Trouble::other(words.to_owned(), Timestamp(0)));
            (view.words, view.remedy)
        };
        assert_eq!(
            told("It broke. Mend it; or wait. Or not."),
            ("It broke.".into(), "Mend it; or wait. Or not.".into())
        );
        assert_eq!(told("It broke."), ("It broke.".into(), String::new()));
    }

    #[test]
    fn nothing_is_called_live_while_something_is_wrong() {
        let stream = StreamStatus { phase: portal::Phase::Incremental, ..backfill(1, None) };
        let trouble = Trouble::other("It broke.".to_owned(), Timestamp(0));
        let status = Status { trouble: Some(trouble), ..status(State::Active, stream) };
        let view = connection(&[], &sample(Standing::Active), Some(&status), None, Timestamp(1));
        assert_eq!((view.streams[0].live, view.streams[0].freshness_words.as_str()), (false, "Delayed"));
    }

    #[test]
    fn a_trouble_of_one_type_delays_no_other() {
        let trouble = Trouble::other("It broke.".to_owned(), Timestamp(0));
        let well = StreamStatus { phase: portal::Phase::Incremental, ..backfill(1, None) };
        let ill = StreamStatus { trouble: Some(trouble.clone()), ..well.clone() };
        let mut status = Status { trouble: Some(trouble), ..status(State::Active, ill) };
        status.streams.push(well);
        let view = connection(&[], &sample(Standing::Active), Some(&status), None, Timestamp(1));
        let words: Vec<_> = view.streams.iter().map(|stream| stream.freshness_words.as_str()).collect();
        assert_eq!(words, ["Delayed", "Live"]);
    }

    #[test]
    fn a_pause_says_when_it_ends() {
        let status = status(State::Paused { until: Timestamp(60_000) }, backfill(1, None));
        let view = connection(&[], &sample(Standing::Active), Some(&status), None, Timestamp(0));
        assert_eq!((view.state, view.retry_at), (ConnectionState::Paused, Some(60_000)));
    }
}

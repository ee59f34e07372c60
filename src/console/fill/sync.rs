//! From what a Portal tells of its streams to what the Sync page shows.

use crate::{
    console::{
        connection::ConnectionFrame,
        fill,
        sync::{BesideView, CheckView, ChecksView, ResyncView, SyncView, UnreadableView},
        view::{ConnectionView, Flash, Frame, Phase, StreamView},
        words::{count, number},
    },
    engine::{
        directory::messages::Connection,
        limiter::messages::Gauges,
        portal::{
            beside::{FollowedStatus, Source, SourceStatus},
            links::standing::PairStatus,
            messages::{State, Status, StreamState, StreamStatus},
            reconcile::{Finding, SAMPLE, counts_calls},
            unreadable::Unreadable,
        },
    },
    hubspot::objects::LIST_LIMIT,
    values::{
        config::App,
        ids::ObjectType,
        time::{DAY_MS, HOUR_MS, SECOND_MS, Timestamp},
    },
};

/// Records of one call of a full read, a sweep or a sample.
const BY_CALL: u64 = LIST_LIMIT as u64;

/// Around the pages of a connection. `status` is `None` where its Portal did not answer, or holds nothing.
pub fn frame(
    frame: Frame,
    flash: Option<Flash>,
    view: &ConnectionView,
    status: Option<&Status>,
) -> ConnectionFrame {
    ConnectionFrame {
        frame,
        flash,
        id: view.id.clone(),
        title: if view.name.is_empty() { &view.portal_name } else { &view.name }.clone(),
        portal_id: view.portal_id,
        ui_domain: view.ui_domain.clone(),
        state: view.state,
        backfilling: super::super::integrations::is_backfilling(view),
        held: status.is_some_and(|status| matches!(status.state, State::PausedByPerson { .. })),
        types: view.streams.iter().map(|stream| stream.object_type.clone()).collect(),
        labels: view
            .streams
            .iter()
            .filter_map(|stream| Some((stream.object_type.clone(), stream.label.clone()?)))
            .collect(),
    }
}

/// The whole page. `check_every_ms`: as configured.
pub fn page(
    apps: &[App],
    check_every_ms: i64,
    around: Frame,
    flash: Option<Flash>,
    connection: &Connection,
    status: Option<&Status>,
) -> SyncView {
    let now = Timestamp(around.now_at);
    let view = fill::connection(apps, connection, status, None, now);
    let checks = status.map_or_else(Vec::new, |status| {
        let each = view.streams.iter().zip(&status.streams);
        let often = fill::cadence(check_every_ms);
        each.map(|(shown, stream)| checks(shown, stream, status.state == State::Active, &often)).collect()
    });
    let at = frame(around, flash, &view, status);
    // A trouble of one type stands with it.
    let mut connection = view;
    if checks
        .iter()
        .any(|checks: &ChecksView| checks.error.is_some() && checks.error == connection.last_error)
    {
        connection.last_error = None;
    }
    let often = fill::cadence(check_every_ms);
    let beside = status.map_or_else(Vec::new, |status| beside(status, &connection.streams, &often));
    SyncView { at, connection, checks, beside }
}

/// `often`: how often changes are asked for.
fn checks(shown: &StreamView, stream: &StreamStatus, active: bool, often: &str) -> ChecksView {
    let reconcile = &stream.reconcile;
    let records = stream.records;
    let runs = active && shown.missing_scopes.is_empty() && shown.phase == Phase::Incremental;
    let one = |name: &str, often: &str, words: &str, finding: &Finding, cost: String| CheckView {
        name: name.to_owned(),
        words: words.to_owned(),
        often: often.to_owned(),
        done_at: finding.done_at.map(|at| at.0),
        next_at: runs.then_some(finding.due_at.0),
        percent: None,
        found: finding.done_at.map(|_| finding.found),
        calculated: finding.calculated,
        cut_short: finding.cut_short,
        calls: finding.done_at.map(|_| finding.calls.into()),
        cost,
    };
    let changes = CheckView {
        name: "Changes".to_owned(),
        words: "What HubSpot says was modified since the last look.".to_owned(),
        often: often.to_owned(),
        done_at: stream.checked_at.map(|at| at.0),
        next_at: if runs { stream.next_check_at.map(|at| at.0) } else { None },
        percent: None,
        found: None,
        calculated: 0,
        cut_short: false,
        calls: None,
        cost: "1 search, 1 more for every 200 changed, and about 1 read for every 100 changed".to_owned(),
    };
    let late = CheckView {
        name: "Late changes".to_owned(),
        words: "The same two hours further back: HubSpot's search shows some changes late.".to_owned(),
        often: "hourly".to_owned(),
        done_at: stream.trailing_at.map(|at| at.0),
        next_at: if runs { stream.next_trailing_at.map(|at| at.0) } else { None },
        cost: "1 search in place of the one for changes, 1 more for every 200 changed in two hours"
            .to_owned(),
        ..changes.clone()
    };
    let pages = records.div_ceil(BY_CALL);
    let counts = one(
        "Counts",
        "hourly",
        "HubSpot's totals against ours; differences are tracked down and repaired.",
        &reconcile.counts,
        about(counts_calls(records).into()),
    );
    let sample = one(
        "Sample",
        "daily",
        "Every value of up to 1,000 records picked at random.",
        &reconcile.sample,
        about(records.min(SAMPLE.into()).div_ceil(BY_CALL)),
    );
    let mut sweep = one(
        "Sweep",
        "weekly",
        "Id and date of every record: nothing missing, left over or old.",
        &reconcile.sweep,
        format!("{} over the week", about(pages)),
    );
    if let Some(sweeping) = &reconcile.sweeping {
        let percent = u64::from(sweeping.pages()) * 100 / pages.max(1);
        sweep.percent = Some(percent.min(99) as u8);
        sweep.calls = None;
    }
    let fresh = stream.kept_fresh.map(|kept| CheckView {
        name: "Kept-fresh fields".to_owned(),
        words: format!(
            "{} that HubSpot calculates and tells nothing of: read of every record.",
            count(kept.fields.into(), "field", "fields")
        ),
        often: "daily".to_owned(),
        done_at: kept.read_at.map(|at| at.0),
        next_at: kept.read_at.filter(|_| runs && kept.percent.is_none()).map(|at| at.plus_ms(DAY_MS).0),
        percent: kept.percent,
        found: None,
        calculated: 0,
        cut_short: false,
        calls: None,
        cost: format!("{} over the day", about(kept.calls)),
    });
    ChecksView {
        means: means(shown, often),
        waiting: stream.dirty,
        fields_read_at: stream.fields_read_at.map(|at| at.0),
        found: reconcile.found,
        checks: [Some(changes), Some(late), Some(counts), Some(sample), Some(sweep), fresh]
            .into_iter()
            .flatten()
            .collect(),
        unreadable: stream.unreadable.iter().map(unreadable).collect(),
        error: stream.trouble.as_ref().map(super::error),
    }
}

fn unreadable(record: &Unreadable) -> UnreadableView {
    UnreadableView {
        id: record.id.to_string(),
        error: super::error(&record.trouble),
        next_at: record.again_at.map(|at| at.0),
    }
}

fn about(calls: u64) -> String {
    format!("about {}", number(calls.max(1)))
}

/// Associations by pair of types, then what an account has besides. `often`: how often changes are asked for.
fn beside(status: &Status, streams: &[StreamView], often: &str) -> Vec<BesideView> {
    let active = status.state == State::Active;
    let words = |kind: ObjectType| {
        let shown = streams.iter().find(|stream| *stream.object_type == *kind.name());
        shown.map_or_else(|| kind.name().to_string(), |stream| stream.words().to_owned()).to_lowercase()
    };
    let pair = |pair: &PairStatus| {
        let [one, other] = pair.types;
        let among = if one == other {
            format!("Associations among {}", words(one))
        } else {
            format!("Associations of {} and {}", words(one), words(other))
        };
        BesideView {
            name: among,
            words: "All of them; those of a record that changed are read at once.".to_owned(),
            often: "weekly".to_owned(),
            done_at: pair.read_at.map(|at| at.0),
            next_at: pair.due_at.filter(|_| active).map(|at| at.0),
            percent: pair.percent,
            cost: format!("{} over the week", about(pair.calls)),
            missing_scopes: Vec::new(),
            error: pair.trouble.as_ref().map(super::error),
        }
    };
    let source = |source: &SourceStatus| {
        let found = number(source.count);
        let (name, words, cost) = match source.source {
            Source::Owners => {
                ("Owners", format!("{found}, with their teams, archived ones too."), "2".to_owned())
            }
            Source::Pipelines => ("Pipelines", format!("{found}, with their stages."), "1".to_owned()),
            Source::Lists => (
                "Lists",
                format!("{found} by name; members of those that are followed."),
                about(source.count.div_ceil(500)),
            ),
            Source::Schemas => ("Custom objects", format!("{found} by name."), "1".to_owned()),
            Source::Account => ("Account", "Its name, and when its days begin.".to_owned(), "1".to_owned()),
        };
        let missing_scopes = match &source.state {
            StreamState::Running => Vec::new(),
            StreamState::NoScope { scopes } => scopes.clone(),
        };
        let next = source.read_at.filter(|_| active && missing_scopes.is_empty());
        BesideView {
            name: name.to_owned(),
            words,
            often: "hourly".to_owned(),
            done_at: source.read_at.map(|at| at.0),
            next_at: next.map(|at| at.plus_ms(HOUR_MS).0),
            percent: None,
            cost,
            missing_scopes,
            error: source.trouble.as_ref().map(super::error),
        }
    };
    let followed = status.followed.as_ref().map(|followed| followed_lists(followed, active, often));
    status.links.iter().map(pair).chain(status.beside.iter().map(source)).chain(followed).collect()
}

/// The checks of lists whose members are mirrored.
fn followed_lists(followed: &FollowedStatus, active: bool, often: &str) -> BesideView {
    let lists = count(followed.lists.into(), "list", "lists");
    BesideView {
        name: "Members of followed lists".to_owned(),
        words: format!(
            "{lists}: how many are on each, and whether somebody came or went. Who did is read then, and everybody once a day."
        ),
        often: often.to_owned(),
        done_at: followed.checked_at.map(|at| at.0),
        next_at: followed.next_check_at.filter(|_| active).map(|at| at.0),
        percent: None,
        cost: format!(
            "1 for all of them, more where somebody came or went, and {} a day for everybody",
            about(followed.walk_calls)
        ),
        missing_scopes: Vec::new(),
        error: None,
    }
}

/// By what means changes come.
fn means(stream: &StreamView, often: &str) -> String {
    if stream.freshness_words == "Delayed" {
        "Changes come late at the moment; none is lost.".to_owned()
    } else if stream.live {
        format!(
            "HubSpot tells of changes at once (webhooks); besides, it is asked {often} for what it does not tell."
        )
    } else {
        "HubSpot is asked for changes. It has told of none by itself (webhooks) in the last 24 hours."
            .to_owned()
    }
}

/// The page before a full read; `None`: there is no such stream.
pub fn resync(
    at: ConnectionFrame,
    status: &Status,
    object_type: &str,
    gauges: Option<&Gauges>,
) -> Option<ResyncView> {
    let stream = status.streams.iter().find(|stream| *stream.object_type.name() == *object_type)?;
    let calls = stream.records.div_ceil(BY_CALL) + 1;
    let (limit, window_ms) = gauges.map_or((100, 10 * SECOND_MS as u64), |gauges| {
        (u64::from(gauges.window_limit.max(1)), u64::from(gauges.window_ms))
    });
    let stopped = match status.state {
        State::Active if stream.phase == crate::engine::portal::messages::Phase::Backfill => {
            Some("A full read is under way already.")
        }
        State::Active | State::Paused { .. } => None,
        State::PausedByPerson { .. } => Some("The sync is paused. Resume it first."),
        State::NeedsReauthorisation => {
            Some("HubSpot does not accept this connection any more. Reconnect first.")
        }
        State::Disconnecting | State::Disconnected => Some("This account is disconnected."),
    };
    Some(ResyncView {
        at,
        object_type: object_type.to_owned(),
        records: stream.records,
        calls,
        lasts_ms: (calls.saturating_mul(window_ms) / limit).max(SECOND_MS as u64) as i64,
        day: gauges.and_then(|gauges| Some((gauges.day_used.into(), gauges.day_limit?.into()))),
        stopped: stopped.map(str::to_owned),
    })
}

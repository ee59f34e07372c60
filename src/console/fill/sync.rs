//! From what a Portal tells of its streams to what the Sync page shows.

use crate::{
    console::{
        connection::ConnectionFrame,
        fill,
        sync::{CheckView, ChecksView, ResyncView, SyncView},
        view::{ConnectionView, Flash, Frame, Phase, StreamView},
        words::number,
    },
    engine::{
        directory::messages::Connection,
        limiter::messages::Gauges,
        portal::{
            messages::{State, Status, StreamStatus},
            reconcile::{COUNTS_CALLS, Finding, SAMPLE},
        },
    },
    hubspot::objects::LIST_LIMIT,
    values::{
        config::App,
        time::{SECOND_MS, Timestamp},
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
        title: view.portal_name.clone(),
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

/// The whole page.
pub fn page(
    apps: &[App],
    around: Frame,
    flash: Option<Flash>,
    connection: &Connection,
    status: Option<&Status>,
) -> SyncView {
    let now = Timestamp(around.now_at);
    let view = fill::connection(apps, connection, status, None, now);
    let checks = status.map_or_else(Vec::new, |status| {
        let each = view.streams.iter().zip(&status.streams);
        each.map(|(shown, stream)| checks(shown, stream, status.state == State::Active)).collect()
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
    SyncView { at, connection, checks }
}

fn checks(shown: &StreamView, stream: &StreamStatus, active: bool) -> ChecksView {
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
        cut_short: finding.cut_short,
        calls: finding.done_at.map(|_| finding.calls.into()),
        cost,
    };
    let changes = CheckView {
        name: "Changes".to_owned(),
        words: "What HubSpot says was modified since the last look.".to_owned(),
        often: "every 5 minutes".to_owned(),
        done_at: stream.checked_at.map(|at| at.0),
        next_at: if runs { stream.next_check_at.map(|at| at.0) } else { None },
        percent: None,
        found: None,
        cut_short: false,
        calls: None,
        cost: "1, and about 1 for every 100 changed".to_owned(),
    };
    let about = |calls: u64| format!("about {}", number(calls.max(1)));
    let pages = records.div_ceil(BY_CALL);
    let counts = one(
        "Counts",
        "hourly",
        "HubSpot's totals against ours; differences are tracked down and repaired.",
        &reconcile.counts,
        about(COUNTS_CALLS.into()),
    );
    let sample = one(
        "Sample",
        "daily",
        "Every value of up to 1,000 records picked at random.",
        &reconcile.sample,
        about(records.min(SAMPLE as u64).div_ceil(BY_CALL)),
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
    ChecksView {
        means: means(shown),
        waiting: stream.dirty,
        fields_read_at: stream.fields_read_at.map(|at| at.0),
        found: reconcile.found,
        checks: vec![changes, counts, sample, sweep],
        error: stream.trouble.as_ref().map(super::error),
    }
}

/// By what means changes come.
fn means(stream: &StreamView) -> String {
    if stream.freshness_words == "Delayed" {
        "Changes come late at the moment; none is lost.".to_owned()
    } else if stream.live {
        "HubSpot tells of changes at once (webhooks); besides, it is asked every 5 minutes for what it does not tell.".to_owned()
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

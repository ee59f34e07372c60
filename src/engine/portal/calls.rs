//! What each job asks of HubSpot.

use super::{Job, Portal, Turn, state, state::Poll};
use crate::{
    hubspot::{
        oauth,
        objects::{self, IdRange},
        properties,
    },
    values::{
        http::Request,
        ids::RecordId,
        planted::{Bug, planted},
        time::Timestamp,
    },
};

impl Portal {
    /// The request of a job; `None` if what it was for is gone, which the plan does not let happen.
    #[inline(never)]
    pub(super) fn request(&mut self, turn: &Turn<'_>, index: usize, job: &Job) -> Option<Request> {
        let tokens = self.tokens.as_ref()?;
        let connection = self.connection.as_ref()?;
        let app = turn.config.app(&connection.app);
        if app.is_none() && !connection.app.is_token() {
            return None;
        }
        let bearer = Some(tokens.access.clone());
        let request = match job {
            Job::Refresh => return Some(oauth::refresh(app?, tokens.refresh.as_ref()?)),
            Job::Revoke => return Some(oauth::revoke(app?, tokens.refresh.as_ref()?)),
            Job::Try(probe) => probe.request(),
            Job::Uninstall => oauth::uninstall(),
            Job::Beside(errand) => errand.request(&tokens.access),
            Job::Write(call) => self.outbox_request(call)?,
            Job::Properties
            | Job::Greatest
            | Job::List { .. }
            | Job::Fetch { .. }
            | Job::Search
            | Job::Read { .. }
            | Job::ReadOne { .. }
            | Job::Count { .. }
            | Job::Confirm { .. }
            | Job::Freshen { .. }
            | Job::Echo { .. }
            | Job::Sweep => self.stream_request(turn, index, job)?,
            Job::Deletion(call) => self.deletion_request(index, call)?,
            Job::Links(call) => Self::links_request(call),
            // The first is sent by whoever asks for it; the other has its rows to read.
            Job::Seat(_) | Job::Score(_) | Job::Activate(_) => return None,
        };
        Some(Request { bearer, ..request })
    }

    #[inline(never)]
    fn stream_request(&mut self, turn: &Turn<'_>, index: usize, job: &Job) -> Option<Request> {
        let running = self.streams.get_mut(index)?;
        let kind = running.saved.object_type;
        Some(match job {
            Job::Properties => properties::list(kind),
            Job::Greatest => objects::search_greatest_id(kind),
            Job::List { lane } => {
                let lane = running.saved.backfill.as_ref()?.lane(*lane)?;
                let after = lane.after.as_deref();
                if running.saved.wide {
                    objects::list_ids(kind, after)
                } else {
                    objects::list(kind, &running.properties, after)
                }
            }
            Job::Fetch { ids, .. } | Job::Read { ids } | Job::Freshen { ids } | Job::Echo { ids } => {
                objects::batch_read(kind, ids, &running.properties)
            }
            Job::ReadOne { id } => {
                objects::read(kind, *id, if running.saved.wide { &[] } else { &running.properties })
            }
            Job::Search => {
                let next = new_poll(&running.saved, turn.now);
                let poll = running.saved.poll.get_or_insert(next);
                if poll.started_at == turn.now {
                    running.saved.polled_at = turn.now;
                }
                objects::search_modified(kind, poll.since, search_range(poll))
            }
            Job::Count { .. } | Job::Confirm { .. } | Job::Sweep => {
                return self.reconcile_request(index, job);
            }
            Job::Refresh | Job::Revoke | Job::Uninstall => return None,
            Job::Beside(_) | Job::Links(_) | Job::Try(_) | Job::Seat(_) => return None,
            Job::Write(_) | Job::Score(_) | Job::Activate(_) | Job::Deletion(_) => return None,
        })
    }
}

/// A check that begins now; once an hour it reaches back further. Where nothing has changed since a great many did, as after a file of
/// scores, the cursor stays behind them: they are listed again and again until the index has shown them for good, and then no more.
pub(super) fn new_poll(stream: &state::Stream, now: Timestamp) -> Poll {
    let cursor = stream.cursor;
    let trailing = now.since_ms(stream.trailing_at) >= state::TRAILING_EVERY_MS
        && !planted(Bug::NoTrailing)
        && !planted(Bug::Bare);
    let lookback = if trailing { state::TRAILING_LOOKBACK_MS } else { state::LOOKBACK_MS };
    let lookback = if planted(Bug::NoLookback) || planted(Bug::Bare) { 0 } else { lookback };
    Poll {
        started_at: now,
        since: cursor.minus_ms(lookback).max(stream.shown_to.plus_ms(1)),
        above: None,
        left: 0,
        newest: cursor,
        ranges: None,
        trailing,
    }
}

fn search_range(poll: &Poll) -> IdRange {
    match poll.ranges.as_ref().and_then(|ranges| ranges.last()) {
        Some((above, up_to)) => IdRange { above: Some(RecordId(*above)), up_to: Some(RecordId(*up_to)) },
        None => IdRange { above: poll.above, up_to: None },
    }
}

//! Records that HubSpot fails to answer of: what stops the read of one stops the read of no other.
//!
//! A batch read that fails says nothing of which of its records it failed for, or whether it was for any. So:
//!
//! 1. A failure counts against the records it was to read only if HubSpot answered the type's last call before it, or, where a record is
//!    known to be unreadable, a check since it was last tried. While HubSpot is down every call fails, and none counts but the first. A limit, a token, a scope and a move of the account never count.
//! 2. Whether it counts or not, the type pauses, and the marks of the batch wait twice as long: in between comes what else is to be read or
//!    checked, and answers, or fails for the same reason. What failed once is read after what did not, one call at a time.
//! 3. After three failures that count, each further one halves the batch ([`share`]), until one id is left. One that fails then, or that was
//!    alone and failed three times, cannot be read: its mark is kept, with what HubSpot said, and is tried again after pauses that double
//!    from five minutes to a day, or at once when an event tells of it or a person asks. It is of no further concern to its type.
//! 4. [`MOST`] such records are kept of a type. If more fail, it is not for what is in them: they wait as in 2, two minutes at least.
//!
//! All of it is in the marks ([`dirty`]), so that nothing is forgotten with the object. Reads of known ids that are not of marks (a wide full
//! read's values, what reconcile suspects, the daily read of fields kept fresh) become marks with the first failure that counts, and count as
//! done. The pages of a full read, of a check and of a sweep name no ids: one that always fails is tried again after pauses for as long as
//! it does, and the type's trouble says so.

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{
        InFlight, Job, Portal, Turn,
        apply::Applied,
        messages::Trouble,
        refusals::{self, BACKOFF_LONGEST_MS, TROUBLE_AFTER},
    },
    hubspot::{
        objects::BATCH_LIMIT,
        rejection::{Class, Rejection},
    },
    store::{
        portal::dirty::{self, PARKED, Parked},
        sql::SqlError,
    },
    values::{
        ids::{ObjectType, RecordId},
        json,
        time::{DAY_MS, MINUTE_MS, Timestamp},
    },
};

/// Records of a type that are kept as unreadable: more would be told by nobody.
pub const MOST: usize = 10;
/// Failures of a batch before it is halved.
const WHOLE: u32 = 3;
/// First pause before an unreadable record is tried again.
const FIRST_MS: i64 = 5 * MINUTE_MS;

/// A record that cannot be read, for an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Which.
    pub id: RecordId,
    /// What HubSpot said when it was last tried, and when that was.
    pub trouble: Trouble,
    /// When it is tried again; `None`: at once.
    pub again_at: Option<Timestamp>,
}

/// How many ids are read in one call of which as many reads failed.
pub(super) const fn share(failed: u32) -> usize {
    let halvings = failed.saturating_sub(WHOLE - 1);
    if halvings >= usize::BITS { 1 } else { BATCH_LIMIT.div_ceil(1 << halvings) }
}

/// What `failed` becomes where a read of `count` ids failed once more: [`PARKED`] for one that is at its end.
fn after(failed: u32, count: usize) -> u32 {
    let next = failed + 1;
    if next < WHOLE || failed >= PARKED {
        return next;
    }
    (next..PARKED).find(|failed| share(*failed) < count).unwrap_or(PARKED)
}

/// How long an unreadable record waits.
fn pause_ms(failed: u32) -> i64 {
    (FIRST_MS << failed.saturating_sub(PARKED).min(16)).min(DAY_MS)
}

/// The records of a type that cannot be read.
pub(super) fn told(turn: &Turn<'_>, kind: ObjectType) -> Result<Vec<Unreadable>, SqlError> {
    let parked = dirty::parked(turn.sql, kind)?;
    let told = parked.into_iter().map(|Parked { id, again_at, trouble }| {
        let trouble = json::parse(&trouble).map_err(|_| SqlError::Content("dirty"))?;
        Ok(Unreadable { id, trouble, again_at })
    });
    told.collect()
}

/// Takes out the ids of which reads failed: their marks are what they wait for.
pub(super) fn leave_out(turn: &Turn<'_>, kind: ObjectType, ids: &mut Vec<RecordId>) -> Result<(), SqlError> {
    if !ids.is_empty() {
        let failed = dirty::failed_of(turn.sql, kind, ids)?;
        ids.retain(|id| failed.iter().all(|(other, _)| other != id));
    }
    Ok(())
}

/// Whether a refusal may be for what is in a record.
const fn may_be_of_a_record(class: &Class) -> bool {
    match class {
        Class::Transient { .. }
        | Class::Unreachable
        | Class::Locked
        | Class::Unknown
        | Class::TooLong
        | Class::Conflict { .. }
        | Class::Rule { .. }
        | Class::Rejected { .. } => true,
        Class::Throttled { .. }
        | Class::Parked { .. }
        | Class::Expired
        | Class::Unauthorized
        | Class::Forbidden { .. }
        | Class::WrongTokenKind
        | Class::Gone => false,
    }
}

/// What HubSpot said of a record that cannot be read.
fn words(rejection: &Rejection) -> String {
    let said = match (rejection.status, &rejection.category) {
        (None, _) => "HubSpot does not answer".to_owned(),
        (Some(200..300), _) => "HubSpot's answer cannot be understood".to_owned(),
        (Some(status), None) => format!("HubSpot answers with status {status}"),
        (Some(status), Some(category)) => format!("HubSpot answers with status {status} (`{category}`)"),
    };
    format!(
        "{said} whenever this record is read, and answers of others. What is known of it is as old as its last read. It is tried again \
         by itself; if it stays so, open the record in HubSpot, or ask HubSpot's support."
    )
}

impl Portal {
    /// A read of known ids was refused; says whether that is dealt with.
    #[inline(never)]
    pub(super) fn unread(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        rejection: &Rejection,
    ) -> Result<bool, SqlError> {
        let ids = match &in_flight.job {
            Job::Read { ids } | Job::Fetch { ids, .. } | Job::Confirm { ids, .. } => ids.as_slice(),
            Job::Freshen { ids } | Job::Echo { ids } => ids.as_slice(),
            Job::ReadOne { id } => std::slice::from_ref(id),
            Job::Refresh
            | Job::Uninstall
            | Job::Revoke
            | Job::Properties
            | Job::Greatest
            | Job::List { .. }
            | Job::Search
            | Job::Count { .. }
            | Job::Sweep
            | Job::Beside(_)
            | Job::Try(_)
            | Job::Seat(_)
            | Job::Write(_)
            | Job::Score(_)
            | Job::Activate(_)
            | Job::Deletion(_)
            | Job::Links(_) => return Ok(false),
        };
        if !may_be_of_a_record(&rejection.class) {
            return Ok(false);
        }
        let index = in_flight.stream;
        let kind = self.streams[index].saved.object_type;
        let counts = self.streams[index].saved.failures == 0;
        let marked = matches!(in_flight.job, Job::Read { .. } | Job::ReadOne { .. });
        if !marked && counts {
            self.leave_to_marks(turn, in_flight, ids)?;
        }
        let running = &mut self.streams[index];
        running.marked = true;
        running.vanished.retain(|id| !ids.contains(id));
        let before =
            dirty::failed_of(turn.sql, kind, ids)?.iter().map(|(_, failed)| *failed).max().unwrap_or(0);
        let before = if marked { before } else { 0 };
        let counts = counts || (before >= PARKED && self.answered_since(turn, index, ids)?);
        let failed = if counts { after(before, ids.len()) } else { before };
        let full = before < PARKED && failed >= PARKED && dirty::parked(turn.sql, kind)?.len() >= MOST;
        if failed >= PARKED && !full {
            let trouble = Trouble { words: words(rejection), ..Trouble::of(rejection, turn.now) };
            let trouble = serde_json::to_string(&trouble).map_err(|_| SqlError::Content("dirty"))?;
            let again_at = Some(turn.now.plus_ms(pause_ms(failed)));
            for id in ids {
                let parked = Parked { id: *id, again_at, trouble: trouble.clone() };
                dirty::park(turn.sql, kind, &parked, failed, in_flight.asked_at)?;
            }
            return Ok(true);
        }
        let stream = &mut self.streams[index].saved;
        stream.failures += 1;
        let failures = stream.failures;
        let wait = refusals::pause_ms(turn, &rejection.class, failures);
        stream.retry_at = turn.now.plus_ms(wait);
        let failed = failed.min(PARKED - 1);
        // Taken apart already: each costs a call of its own.
        let wait = if failed == PARKED - 1 { wait.max(BACKOFF_LONGEST_MS) } else { wait };
        if marked || counts {
            dirty::fail(turn.sql, kind, ids, failed, turn.now.plus_ms(2 * wait))?;
        }
        if failures >= TROUBLE_AFTER {
            self.tell_of_stream(turn, index, &in_flight.job, rejection)?;
        } else {
            self.save_stream(turn, index)?;
        }
        Ok(true)
    }

    /// Whether a check has succeeded since one of those was last tried: then its failure is not HubSpot's being down, whatever else
    /// failed since.
    fn answered_since(&self, turn: &Turn<'_>, index: usize, ids: &[RecordId]) -> Result<bool, SqlError> {
        let stream = &self.streams[index].saved;
        let Some(checked_at) = stream.checked_at else { return Ok(false) };
        let parked = told(turn, stream.object_type)?;
        Ok(parked.iter().any(|one| ids.contains(&one.id) && one.trouble.at < checked_at))
    }

    /// Makes marks of ids that were to be read for another reason, which is thereby done.
    fn leave_to_marks(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        ids: &[RecordId],
    ) -> Result<(), SqlError> {
        let index = in_flight.stream;
        let tick = self.tick(turn.now);
        dirty::mark(turn.sql, self.streams[index].saved.object_type, ids, tick, false, false)?;
        match &in_flight.job {
            Job::Fetch { lane, .. } => {
                if let Some(fetching) = self.streams[index].fetching.remove(lane) {
                    self.advance(turn, index, *lane, fetching.step, fetching.records, Applied::default())?;
                }
            }
            Job::Confirm { level, .. } => {
                self.confirmed(turn.now, index, *level, ids);
                self.end_checking(turn, index)?;
            }
            Job::Freshen { .. } => self.freshened(index, ids),
            Job::Echo { .. } => self.echo_read(turn, ids)?,
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_whole_three_times_and_then_halved_down_to_one_id() {
        assert_eq!((0..=PARKED).map(share).collect::<Vec<_>>(), [100, 100, 100, 50, 25, 13, 7, 4, 2, 1, 1]);
        let mut failed = 0;
        let mut reads = 0;
        while failed < PARKED {
            failed = after(failed, share(failed));
            reads += 1;
        }
        assert_eq!(reads, 10);
        // Fewer are halved as soon; one that was alone is at its end.
        assert_eq!([after(0, 2), after(1, 2), after(2, 2), after(9, 1)], [1, 2, 9, PARKED]);
        assert_eq!([after(0, 1), after(1, 1), after(2, 1)], [1, 2, PARKED]);
        assert_eq!(after(2, 30), 4);
    }

    #[test]
    fn pauses_double_from_minutes_to_a_day() {
        let minutes: Vec<i64> = (PARKED..PARKED + 10).map(|failed| pause_ms(failed) / MINUTE_MS).collect();
        assert_eq!(minutes, [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 1_440]);
        assert_eq!(pause_ms(u32::MAX), DAY_MS);
    }
}

//! The echo: companies that a file changed are read once more, once, by batch read at a full read's priority.
//!
//! While HubSpot changes them, checks for changes find them one after the other; what these find of a file that is at work is left to this
//! read, which follows it and holds whatever anybody else changed meanwhile ([`Portal::leave_to_echo`]). Counts that reconcile makes
//! would tell the same, and wait.

use std::collections::BTreeSet;

use super::{
    KIND,
    run::{FileState, Run},
};
use crate::{
    engine::portal::{InFlight, Job, Portal, Turn},
    hubspot::objects::{BATCH_LIMIT, BatchAnswer, Record},
    store::{portal::scores as store, sql::SqlError},
    values::ids::{ObjectType, RecordId},
};

/// Reads of a file that are under way together.
const AT_ONCE: usize = 4;

/// Where the read of a file's companies is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// Rows before this one are read, or their read is under way, or failed and is repeated when all others are read.
    from: u32,
    /// Of rows before this one something has become: those that leave by batch update are looked for from here on.
    pub(super) waits_from: u32,
}

impl Portal {
    /// The next companies to read of a file that was sent; says also whether all are read.
    pub(super) fn next_echo(&mut self, turn: &Turn<'_>) -> Result<Option<Vec<RecordId>>, SqlError> {
        let Some((number, file)) =
            self.scores.run.as_ref().and_then(|run| Some((run.number, run.at_work()?)))
        else {
            return Ok(None);
        };
        let under_way =
            self.in_flight.values().filter(|flying| matches!(flying.job, Job::Echo { .. })).count();
        if under_way >= AT_ONCE {
            return Ok(None);
        }
        let from = self.scores.echo.from;
        let next = store::unread(turn.sql, number, file as u32, from, BATCH_LIMIT)?;
        if let Some((last, _)) = next.last() {
            self.scores.echo.from = last + 1;
            return Ok(Some(next.into_iter().map(|(_, id)| id).collect()));
        }
        if under_way == 0 && from > 0 {
            // What failed, from the beginning; nothing: the file is over.
            self.scores.echo.from = 0;
        }
        Ok(None)
    }

    /// Whether the companies of the file at work are all read.
    pub(super) fn echo_over(&self, turn: &Turn<'_>, run: &Run, file: usize) -> Result<bool, SqlError> {
        if self.flies(|job| matches!(job, Job::Echo { .. })) {
            return Ok(false);
        }
        Ok(store::unread(turn.sql, run.number, file as u32, 0, 1)?.is_empty())
    }

    /// Takes in companies that were read.
    #[inline(never)]
    pub(in crate::engine::portal) fn took_echo(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        ids: &[RecordId],
        batch: &BatchAnswer<'_>,
    ) -> Result<(), SqlError> {
        let applied = self.settle_batch(turn, in_flight, ids, batch)?;
        self.count(turn, in_flight.stream, applied)?;
        self.echo_read(turn, ids)
    }

    /// These were read, or are marked to be.
    pub(in crate::engine::portal) fn echo_read(
        &mut self,
        turn: &Turn<'_>,
        ids: &[RecordId],
    ) -> Result<(), SqlError> {
        let Some(run) = &mut self.scores.run else { return Ok(()) };
        run.calls.echo += 1;
        store::mark_read(turn.sql, run.number, ids)?;
        self.save_run(turn)
    }

    /// Of what a check found, what is left to the echo.
    pub(in crate::engine::portal) fn leave_to_echo(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        found: &[Record<'_>],
    ) -> Result<BTreeSet<RecordId>, SqlError> {
        let Some((run, file)) = self.held_file(turn).filter(|_| kind == KIND) else {
            return Ok(BTreeSet::new());
        };
        let ids: Vec<RecordId> = found.iter().map(|record| record.id).collect();
        Ok(store::held(turn.sql, run.number, file as u32, &ids)?.into_iter().collect())
    }

    /// Whether counts of a type would tell what the echo tells.
    pub(in crate::engine::portal) fn echo_follows(&self, turn: &Turn<'_>, kind: ObjectType) -> bool {
        kind == KIND && self.held_file(turn).is_some()
    }

    fn held_file(&self, turn: &Turn<'_>) -> Option<(&Run, usize)> {
        let run = self.scores.run.as_ref()?;
        let file = run.at_work()?;
        run.files[file].is_held(turn.now).then_some((run, file))
    }

    /// The file at work is read: the next, or the end.
    pub(super) fn end_echo(&mut self, turn: &mut Turn<'_>) -> Result<(), SqlError> {
        let Some((number, file)) =
            self.scores.run.as_ref().and_then(|run| Some((run.number, run.at_work()?)))
        else {
            return Ok(());
        };
        let [waiting, sent, refused, gone, _] = store::states(turn.sql, number, file as u32)?;
        self.scores.echo = Place::default();
        if let Some(run) = &mut self.scores.run {
            let own = &mut run.files[file];
            // Rows that were refused and not named are among those of which nothing was said.
            let unplaced = own.unplaced.min(sent);
            let (sent, refused) = (sent - unplaced, refused + waiting + unplaced);
            if own.unplaced > 0 && own.trouble.is_none() {
                let words = "HubSpot refused rows and did not say which";
                own.trouble = Some(format!("{words}: it told of it {} times.", own.unplaced));
            }
            // Gone a second time is gone.
            let gone_for_good = if own.again { gone } else { 0 };
            own.came_to = [sent, refused, gone];
            own.state = FileState::Done;
            run.counts.sent += sent;
            run.counts.failed += refused + gone_for_good;
        }
        if self.scores.run.as_ref().is_some_and(|run| run.at_work().is_none()) {
            return self.files_over(turn);
        }
        self.save_run(turn)
    }
}

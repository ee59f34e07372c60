//! What channels do of themselves, a bounded piece at a time: scans, moments that were foretold, and forgetting.

use std::collections::{BTreeMap, BTreeSet};

use super::{Mode, Running, Scan};
use crate::{
    engine::{
        channel::{Departure, Selection},
        portal::{Portal, Turn, query::FETCH},
    },
    store::{
        portal::{channels as store, feed, narrow::Narrowing, records},
        sql::SqlError,
    },
    values::ids::{ObjectType, RecordId},
};

/// Records looked at in one turn: with 10 to 20 µs for each that is decided about, and half of it at most for one that is passed by, a
/// webhook waits 10 ms at most.
const SCAN_RECORDS: u64 = 500;
/// Members forgotten in one turn.
const FORGET: u32 = 5_000;

impl Portal {
    /// Does one piece of what is due; says whether something was.
    #[inline(never)]
    pub(in crate::engine::portal) fn advance_channels(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        if self.channels.all.is_empty() || self.channel_context(turn).is_none() {
            return Ok(false);
        }
        let worked =
            self.let_go(turn)? || self.look_again(turn)? || self.scan(turn)? || self.forget_removed(turn)?;
        if worked {
            self.channels.decided = feed::latest(turn.sql)?;
        }
        Ok(worked)
    }

    /// The account's days begin at another moment: whatever selects by them is decided anew, also what foretold no moment.
    pub(in crate::engine::portal) fn scan_by_days(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        self.find_by_days(turn)?;
        for running in &mut self.channels.all {
            let by_days = match &running.channel.selection {
                Selection::List(_) => false,
                Selection::Filter(filter) => filter.depends_on_days(),
            };
            // A paused one is decided anew when it is resumed.
            if by_days && running.saved.mode == Mode::Active {
                running.scan_anew();
                running.save(turn)?;
            }
        }
        Ok(())
    }

    fn look_again(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        for running in &self.channels.all {
            if !running.decides() || !running.waits_for_moments() {
                continue;
            }
            let due = store::due(turn.sql, running.number, turn.now, SCAN_RECORDS as u32)?;
            if !due.is_empty() {
                let (number, kind) = (running.number, running.channel.object_type);
                let touched = due.into_iter().map(|id| (id, None)).collect();
                self.decide(turn, kind, &touched, |other| other == number)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Walks on through what the mirror holds and what the channel remembers, which may be gone from the mirror. What the channel does not
    /// remember and its filter can select at no moment from now on is passed by: nothing would be told of it, and nothing remembered.
    fn scan(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let scanning = |running: &Running| {
            running.decides() && running.saved.scan.is_some() && !self.waits_for_list(running)
        };
        let Some(index) = self.channels.all.iter().position(scanning) else { return Ok(false) };
        let Some(context) = self.channel_context(turn) else { return Ok(false) };
        let running = &self.channels.all[index];
        let (number, kind) = (running.number, running.channel.object_type);
        let narrowing = match &running.channel.selection {
            Selection::Filter(filter) => Narrowing::from_now_on(filter, context),
            Selection::List(_) => Narrowing::nothing(),
        };
        let mut scan = running.saved.scan.unwrap_or(Scan::BEGIN);
        let stop = scan.read + SCAN_RECORDS;
        let mut over = false;
        // Those that are only remembered count as well.
        for _ in 0..SCAN_RECORDS.div_ceil(FETCH.into()) * 2 {
            let known = store::above(turn.sql, number, scan.above, FETCH)?;
            let last_known = known.last().filter(|_| known.len() == FETCH as usize).map(|known| known.id);
            let live = narrowing.page(turn.sql, kind, scan.above, last_known, FETCH)?;
            let last_live = live.last.filter(|_| live.looked_at == u64::from(FETCH));
            let up_to = last_live.or(last_known);
            let mut touched: BTreeMap<RecordId, Option<Departure>> =
                live.ids.iter().map(|(id, _)| (*id, None)).collect();
            let inside = |id: &RecordId| up_to.is_none_or(|up_to| *id <= up_to) && !touched.contains_key(id);
            let others: Vec<RecordId> = known.iter().map(|known| known.id).filter(inside).collect();
            touched.extend(Self::remembered(turn, kind, &others)?);
            scan.read += live.looked_at;
            self.decide(turn, kind, &touched, |other| other == number)?;
            match up_to {
                Some(up_to) => scan.above = up_to,
                None => over = true,
            }
            if over || scan.read >= stop {
                break;
            }
        }
        let running = &mut self.channels.all[index];
        running.saved.scan = (!over).then_some(scan);
        running.save(turn)?;
        Ok(true)
    }

    /// Records that a channel remembers and may have to let go: of those that are gone, what they became part of.
    fn remembered(
        turn: &Turn<'_>,
        kind: ObjectType,
        ids: &[RecordId],
    ) -> Result<Vec<(RecordId, Option<Departure>)>, SqlError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let known = records::known(turn.sql, kind, ids, None)?;
        let live: BTreeSet<RecordId> = known.iter().filter(|row| row.live).map(|row| row.id).collect();
        let departure = |id: RecordId| {
            let into = if live.contains(&id) { None } else { records::merged_into(turn.sql, kind, id)? };
            Ok((id, into.map(|into| Departure::Merged { into })))
        };
        ids.iter().map(|id| departure(*id)).collect()
    }

    fn forget_removed(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let removed = |running: &Running| running.saved.mode == Mode::Removed;
        let Some(index) = self.channels.all.iter().position(removed) else { return Ok(false) };
        let number = self.channels.all[index].number;
        if !store::forget_some(turn.sql, number, FORGET)? {
            store::remove(turn.sql, number)?;
            self.channels.all.remove(index);
        }
        Ok(true)
    }
}

impl Running {
    /// Everything is to be decided about once more.
    pub(super) fn scan_anew(&mut self) {
        self.saved.scan = Some(Scan::BEGIN);
    }
}

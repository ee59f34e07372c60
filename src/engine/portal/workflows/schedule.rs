//! Schedules: at its moment a workflow walks through all records of its type, bounded rows a turn, and each that its conditions hold of goes in.
//! Moments are of the account's clock. Of those that passed while nothing could be done the last counts, once.

use std::collections::BTreeMap;

use super::{
    Running,
    enrol::Candidate,
    facts::{Persons, values_of},
};
use crate::{
    engine::{
        portal::{Portal, Turn, query::FETCH},
        workflow::{Every, Facts, Trigger, Weekday},
    },
    store::{portal::records, sql::SqlError},
    values::{
        ids::{ObjectType, RecordId},
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
};

/// Records looked at in one turn: with 20 to 50 µs each, a webhook waits 10 ms at most.
const SCAN_RECORDS: usize = 250;
/// 1970-01-01 was a Thursday: days from the Monday before it.
const MONDAY: i64 = 3;

/// The last moment of a schedule that has come, counted in its own unit; and when the next comes.
pub(super) fn slot(every: Every, now: Timestamp, utc_offset_ms: i64) -> (i64, Timestamp) {
    let (length, first) = match every {
        // An hour begins when it does, whichever hour it is called: a clock that is put forward or back begins none and skips none.
        Every::Hour => (HOUR_MS, utc_offset_ms.div_euclid(HOUR_MS) * HOUR_MS),
        Every::Day { hour } => (DAY_MS, i64::from(hour) * HOUR_MS),
        Every::Week { weekday, hour } => {
            let days = Weekday::ALL.iter().position(|(_, own)| *own == weekday).unwrap_or(0) as i64;
            (7 * DAY_MS, (days - MONDAY) * DAY_MS + i64::from(hour) * HOUR_MS)
        }
    };
    let first = first - utc_offset_ms;
    let number = (now.0 - first).div_euclid(length);
    (number, Timestamp((number + 1) * length + first))
}

/// The schedule of a workflow, and the type of its records.
fn schedule(running: &Running) -> Option<(ObjectType, Every)> {
    match running.definition.trigger {
        Trigger::Schedule { record, every } => Some((record, every)),
        Trigger::Event { .. } | Trigger::Change { .. } => None,
    }
}

impl Running {
    /// It is enabled, or edited, now: its next moment is the first.
    pub(super) fn begin_schedule(&mut self, now: Timestamp, utc_offset_ms: i64) {
        self.saved.above = None;
        self.saved.slot = schedule(self).map(|(_, every)| slot(every, now, utc_offset_ms).0);
    }
}

impl Portal {
    fn account_offset_ms(&self) -> i64 {
        self.connection.as_ref().map_or(0, |connection| connection.account.utc_offset_ms)
    }

    /// The same, by the account's clock.
    pub(super) fn begin_schedule(&mut self, at: usize, now: Timestamp) {
        let offset = self.account_offset_ms();
        self.workflows.all[at].begin_schedule(now, offset);
    }

    /// Whether every record of a type is known.
    fn is_whole(&self, kind: ObjectType) -> bool {
        let own = self.streams.iter().position(|running| running.saved.object_type == kind);
        own.is_some_and(|index| self.streams[index].saved.backfill.is_none() && !self.stands_still(index))
    }

    /// When a walk begins or goes on.
    pub(super) fn schedules_due_at(&self, turn: &Turn<'_>) -> Option<Timestamp> {
        let offset = self.account_offset_ms();
        let mut due: Option<Timestamp> = None;
        for running in self.workflows.all.iter().filter(|running| running.works()) {
            let Some((kind, every)) = schedule(running) else { continue };
            let (number, next) = slot(every, turn.now, offset);
            let is_due = running.saved.above.is_some() || running.saved.slot.is_none_or(|own| own < number);
            // The end of a full read, or of a run, is what is waited for.
            let may_walk = self.is_whole(kind) && self.workflows.room() >= SCAN_RECORDS as u64;
            let at = if is_due { may_walk.then_some(turn.now) } else { Some(next) };
            due = due.into_iter().chain(at).min();
        }
        due
    }

    /// Walks on; says whether there was anything to do.
    pub(super) fn advance_schedules(&mut self, turn: &mut Turn<'_>) -> Result<bool, SqlError> {
        let offset = self.account_offset_ms();
        for at in 0..self.workflows.all.len() {
            let running = &self.workflows.all[at];
            let Some((kind, every)) = schedule(running).filter(|_| running.works()) else { continue };
            if !self.is_whole(kind) || self.workflows.room() < SCAN_RECORDS as u64 {
                continue;
            }
            let (number, _) = slot(every, turn.now, offset);
            let running = &mut self.workflows.all[at];
            if running.saved.above.is_none() {
                if running.saved.slot.is_some_and(|own| own >= number) {
                    continue;
                }
                (running.saved.slot, running.saved.above) = (Some(number), Some(RecordId(0)));
            }
            self.enrol_scheduled(turn, at, kind)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn enrol_scheduled(&mut self, turn: &mut Turn<'_>, at: usize, kind: ObjectType) -> Result<(), SqlError> {
        let above = self.workflows.all[at].saved.above.unwrap_or(RecordId(0));
        let ids = records::ids_after(turn.sql, kind, above, SCAN_RECORDS)?;
        let asks = self.workflows.all[at].asks.clone();
        for some in ids.chunks(FETCH as usize) {
            for live in records::live_by_ids(turn.sql, kind, some)? {
                let mut persons = Persons::of_record(kind, live.id, "The record itself.");
                let mut facts = Facts::new(kind, BTreeMap::new(), turn.now);
                if !asks.is_empty() {
                    self.add_related(turn, &mut persons, kind, &|one| asks.contains(&one))?;
                    facts = self.facts_of(turn, kind, &persons, None, &|one| asks.contains(&one))?;
                }
                facts.set(kind, live.id, values_of(&live.properties));
                let began = "The schedule came.".to_owned();
                let candidate = Candidate { persons, facts: &facts, before: None, event: None, began };
                self.enrol(turn, at, candidate)?;
            }
        }
        let running = &mut self.workflows.all[at];
        running.saved.above = ids.last().copied().filter(|_| ids.len() == SCAN_RECORDS);
        running.save(turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedules_moments_are_those_of_the_accounts_clock() {
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        let next = |every, now: &str, hours: i64| slot(every, at(now), hours * HOUR_MS).1.to_rfc3339();
        let day = Every::Day { hour: 2 };
        assert_eq!(next(day, "2026-11-20T00:30:00Z", 0), "2026-11-20T02:00:00.000Z");
        assert_eq!(next(day, "2026-11-20T02:00:00Z", 0), "2026-11-21T02:00:00.000Z");
        assert_eq!(next(day, "2026-11-20T02:00:00Z", 1), "2026-11-21T01:00:00.000Z");
        assert_eq!(next(day, "2026-11-20T02:00:00Z", -8), "2026-11-20T10:00:00.000Z");
        assert_eq!(next(Every::Hour, "2026-11-20T02:10:00Z", 0), "2026-11-20T03:00:00.000Z");
        // 2026-11-20 is a Friday.
        let week = |weekday| Every::Week { weekday, hour: 9 };
        assert_eq!(next(week(Weekday::Monday), "2026-11-20T02:10:00Z", 0), "2026-11-23T09:00:00.000Z");
        assert_eq!(next(week(Weekday::Friday), "2026-11-20T02:10:00Z", 0), "2026-11-20T09:00:00.000Z");
        assert_eq!(next(week(Weekday::Friday), "2026-11-20T09:10:00Z", 0), "2026-11-27T09:00:00.000Z");
        let numbers = ["2026-11-20T08:59:59Z", "2026-11-20T09:00:00Z"]
            .map(|now| slot(week(Weekday::Friday), at(now), 0).0);
        assert_eq!(numbers[0] + 1, numbers[1]);
        // An account whose clock is half an hour ahead, and then an hour and a half.
        let hours = [1, 3].map(|halves| slot(Every::Hour, at("2026-11-20T02:40:00Z"), halves * HOUR_MS / 2));
        assert_eq!((hours[0], hours[0].1.to_rfc3339()), (hours[1], "2026-11-20T03:30:00.000Z".to_owned()));
    }
}

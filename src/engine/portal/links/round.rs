//! Rounds of reads of links: up to a thousand records of one type at a time, from marks or from a pass over a pair of types, to one
//! type after the other, page by page.
//!
//! A round is kept in memory alone: one that is cut off begins anew from its marks, or from where its pass was saved.

use std::collections::{BTreeMap, BTreeSet};

use super::{Call, Pass, WEEK_MS, apply, apply::Read};
use crate::{
    engine::portal::{Job, Portal, Turn, plan::Urgency},
    hubspot::associations::PAGE_LIMIT,
    store::{
        portal::links::{self, Pair, Side},
        sql::SqlError,
    },
    values::{
        ids::{ObjectType, RecordId},
        time::DAY_MS,
    },
};

/// Links one call may bring, as far as the mirror knows: some 130 bytes each of an isolate's 128 MB.
const LINKS_A_CALL: u64 = 10_000;
/// Records whose next pages one call asks for: [`LINKS_A_CALL`] of full pages.
const PAGED: usize = LINKS_A_CALL as usize / PAGE_LIMIT;

/// Records of one type whose links are being read, to one type after the other.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) from: ObjectType,
    pub(super) ids: Vec<RecordId>,
    /// Types still to be read, the present one last.
    pub(super) todo: Vec<ObjectType>,
    /// Records not asked for yet, of the present type.
    pub(super) left: Vec<RecordId>,
    /// Records of whose links there are more pages.
    pub(super) parts: BTreeMap<RecordId, Part>,
    /// When the first call left.
    pub(super) asked_at: Option<i64>,
    /// Part of a pass to this type; else it settles marks.
    pub(super) pass: Option<ObjectType>,
}

/// Pages of one record's links.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) read: Read,
    pub(super) after: String,
    pub(super) pages: u32,
}

impl Round {
    fn new(from: ObjectType, ids: Vec<RecordId>, todo: Vec<ObjectType>, pass: Option<ObjectType>) -> Self {
        let left = ids.clone();
        Self { from, ids, todo, left, parts: BTreeMap::new(), asked_at: None, pass }
    }

    /// Goes on to the next type.
    pub(super) fn next_type(&mut self) {
        self.todo.pop();
        self.parts.clear();
        self.left.clone_from(&self.ids);
    }
}

impl Portal {
    /// Begins a round, of marks before passes; says whether there is one.
    pub(super) fn begin_round(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let batch = self.links.batch();
        if self.links.marked {
            let mut waiting = false;
            for index in 0..self.streams.len() {
                let from = self.streams[index].saved.object_type;
                if self.stands_still(index) {
                    continue;
                }
                let ids = links::marked(turn.sql, from, batch)?;
                if ids.is_empty() {
                    continue;
                }
                waiting = true;
                if ids.len() == batch || !self.gathers(index) {
                    // Where a pair is not ready its pass is still to come.
                    let todo = self.linked_types(from);
                    self.links.round = Some(Round::new(from, ids, todo, None));
                    return Ok(true);
                }
            }
            self.links.marked = waiting;
        }
        for number in 0..self.links.saved.pairs.len() {
            let (holder, other) = self.links.saved.pairs[number].pair;
            if !self.round_due(&self.links.saved.pairs[number], turn.now) {
                continue;
            }
            let paired = &mut self.links.saved.pairs[number];
            let new = Pass { started_at: turn.now, above: RecordId(0), rounds: 0 };
            let above = paired.pass.get_or_insert(new).above;
            let ids = links::live_above(turn.sql, holder, above, batch)?;
            if let (true, Some(pass)) = (ids.is_empty(), paired.pass.take_if(|_| ids.is_empty())) {
                // The next one is spread: it comes to each record within eight days of a read at once, of another within a week.
                let rest = if paired.at_once { DAY_MS } else { WEEK_MS };
                paired.at_once = false;
                paired.read_at = Some(turn.now);
                paired.due_at = pass.started_at.plus_ms(rest);
                self.links.save(turn)?;
                continue;
            }
            self.links.round = Some(Round::new(holder, ids, vec![other], Some(other)));
            return Ok(true);
        }
        Ok(false)
    }

    /// The next call of the round; `None`: it is over.
    pub(super) fn next_of_round(
        &mut self,
        turn: &Turn<'_>,
    ) -> Result<Option<(Urgency, usize, Job)>, SqlError> {
        loop {
            let Some(round) = &self.links.round else { return Ok(None) };
            let (from, pass) = (round.from, round.pass.is_some());
            let Some(to) = round.todo.last().copied() else { return Ok(None) };
            let (pair, side) = Pair::seen_from(from, to);
            let done = round.parts.is_empty() && round.left.is_empty();
            let paired_up = self.paired_up(from, to);
            if pass && !paired_up {
                // It goes on from where it was saved.
                self.links.round = None;
                return Ok(None);
            }
            if done || !self.linked(from, to) {
                if let Some(round) = &mut self.links.round {
                    round.next_type();
                }
                continue;
            }
            let paged = round.parts.iter().take(PAGED);
            let mut inputs: Vec<(RecordId, Option<String>)> =
                paged.map(|(id, part)| (*id, Some(part.after.clone()))).collect();
            if inputs.is_empty() {
                let some: Vec<RecordId> = round.left.iter().take(self.links.batch()).copied().collect();
                let some =
                    if side == Side::Holder || pass { some } else { self.bounded(turn, from, to, some)? };
                inputs = some.into_iter().map(|id| (id, None)).collect();
                if inputs.is_empty() {
                    continue;
                }
            }
            let at_once = self.links.paired(pair.holder, pair.other).is_none_or(|paired| paired.at_once);
            let urgency = match (pass, at_once) {
                (false, _) => Urgency::Read,
                (true, true) => Urgency::FullRead,
                (true, false) => Urgency::Reconcile,
            };
            let index = self.of_type(from).unwrap_or_default();
            return Ok(Some((urgency, index, Job::Links(Call::Read { from, to, inputs }))));
        }
    }

    /// As many of these records as one call may bring the links of. One that has more links than a page, as many as it says of
    /// itself, is passed over: its links tell of their changes at their other ends, and a hub of 60,000 contacts would
    /// be 120 calls whenever its date moves.
    fn bounded(
        &mut self,
        turn: &Turn<'_>,
        from: ObjectType,
        to: ObjectType,
        ids: Vec<RecordId>,
    ) -> Result<Vec<RecordId>, SqlError> {
        let (pair, side) = Pair::seen_from(from, to);
        let totals = links::totals(turn.sql, pair, side, &ids, "-")?;
        let total = |id: &RecordId| totals.iter().find(|one| one.0 == *id).map_or(0, |one| one.1);
        let hubs: Vec<RecordId> = ids.iter().filter(|id| total(id) > PAGE_LIMIT as u64).copied().collect();
        let mut passed_over = BTreeSet::new();
        if !hubs.is_empty()
            && apply::told_by(from, to).0.is_some_and(|name| self.has(from, name))
            && !self.links.saved.distrusted.contains(&(from, to))
        {
            let differ = self.disagreeing(turn, from, to, &hubs)?;
            passed_over.extend(hubs.into_iter().filter(|id| !differ.iter().any(|(one, _)| one == id)));
            if let Some(round) = &mut self.links.round {
                round.left.retain(|id| !passed_over.contains(id));
            }
        }
        let mut sum = 0;
        let mut some: Vec<RecordId> = ids.into_iter().filter(|id| !passed_over.contains(id)).collect();
        let fit = some.iter().take_while(|id| {
            sum += 1 + total(id).min(PAGE_LIMIT as u64);
            sum <= LINKS_A_CALL
        });
        let fit = fit.count();
        some.truncate(fit.max(1));
        Ok(some)
    }

    /// The last write of a round: its marks go, or the pass goes on from its end.
    pub(super) fn end_round(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let Some(round) = self.links.round.take() else { return Ok(()) };
        let Some(to) = round.pass else {
            return links::clear(turn.sql, round.from, &round.ids, round.asked_at.unwrap_or(self.clock));
        };
        let at_once = self.links.paired(round.from, to).is_some_and(|paired| paired.at_once);
        if to == round.from && at_once {
            // The passes of other pairs come before. A type without records has none, and what tells of links to it is as wrong.
            for other in ObjectType::ALWAYS.into_iter().filter(|other| *other != to) {
                if self.is_read_in_full(other) {
                    self.doubt_records(turn, to, other, &round.ids)?;
                }
            }
        }
        if let Some(pass) = self.links.paired_mut(round.from, to).and_then(|paired| paired.pass.as_mut()) {
            pass.above = round.ids.last().copied().unwrap_or(pass.above);
            pass.rounds += 1;
            return self.links.save(turn);
        }
        Ok(())
    }
}

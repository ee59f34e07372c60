//! What answers and refusals of the associations API mean: pages put together, whole lists applied, labels kept, a refused pair
//! left alone.

use std::collections::BTreeMap;

use super::{
    Call, PAGES, REFUSED_MS, apply,
    apply::Read,
    round::{Part, Round},
};
use crate::{
    engine::portal::{
        InFlight, Portal, Turn,
        refusals::{TROUBLE_AFTER, backoff},
    },
    hubspot::{
        Malformed,
        associations::{self, Linked, SMALL_BATCH},
        rejection::{Class, Rejection},
    },
    store::{
        portal::links::{self, Pair, Side},
        sql::SqlError,
    },
    values::{
        http::Request,
        ids::{ObjectType, RecordId},
        planted::{Bug, planted},
        time::Timestamp,
    },
};

impl Portal {
    /// The request of a call.
    #[inline(never)]
    pub(in crate::engine::portal) fn links_request(call: &Call) -> Request {
        match call {
            Call::Read { from, to, inputs } => associations::batch_read(*from, *to, inputs),
            Call::Labels { from, to } => associations::labels(*from, *to),
        }
    }

    /// The answer to a call.
    #[inline(never)]
    pub(in crate::engine::portal) fn took_links(
        &mut self,
        turn: &Turn<'_>,
        in_flight: &InFlight,
        call: &Call,
        body: &[u8],
    ) -> Result<Result<(), Malformed>, SqlError> {
        let taken = match call {
            Call::Labels { from, to } => match associations::parse_labels(body) {
                Ok(labels) => self.took_labels(turn, *from, *to, &labels),
                Err(malformed) => return Ok(Err(malformed)),
            },
            Call::Read { from, to, inputs } => match associations::parse_batch(body) {
                Ok(batch) => self.took_batch(turn, in_flight, [*from, *to], inputs, batch),
                Err(malformed) => return Ok(Err(malformed)),
            },
        };
        taken?;
        let (Call::Read { from, to, .. } | Call::Labels { from, to }) = call;
        if self.links.paired_mut(*from, *to).is_some_and(|paired| paired.troubles.end(call)) {
            self.links.save(turn)?;
        }
        Ok(Ok(()))
    }

    /// Takes those out of what was read who are kept out of the mirror, and remembers how many: HubSpot counts them.
    fn leave_links_out(
        &mut self,
        [from, to]: [ObjectType; 2],
        inputs: &[(RecordId, Option<String>)],
        found: &mut [associations::Found],
    ) {
        for one in found {
            let before = one.to.len();
            one.to.retain(|linked| !self.blocks.has(to, linked.to));
            let left_out = (before - one.to.len()) as u64;
            let goes_on = inputs.iter().any(|(id, after)| *id == one.from && after.is_some());
            let key = (from, to, one.from);
            let earlier = self.links.left_out.remove(&key).filter(|_| goes_on).unwrap_or(0);
            if earlier + left_out > 0 {
                self.links.left_out.insert(key, earlier + left_out);
            }
        }
    }

    fn took_batch(
        &mut self,
        turn: &Turn<'_>,
        in_flight: &InFlight,
        [from, to]: [ObjectType; 2],
        inputs: &[(RecordId, Option<String>)],
        mut batch: associations::BatchLinks,
    ) -> Result<(), SqlError> {
        self.leave_links_out([from, to], inputs, &mut batch.found);
        let of_call = |round: &&mut Round| round.from == from && round.todo.last() == Some(&to);
        let Some(round) = self.links.round.as_mut().filter(of_call) else { return Ok(()) };
        round.asked_at.get_or_insert(in_flight.asked_at);
        let pass = round.pass.is_some();
        let mut found: BTreeMap<RecordId, (Vec<Linked>, Option<String>)> =
            batch.found.into_iter().map(|one| (one.from, (one.to, one.after))).collect();
        let mut reads = Vec::new();
        for (id, asked_from) in inputs {
            let part = round.parts.remove(id);
            if batch.unread.contains(id) {
                continue;
            }
            let (page, after) = match found.remove(id) {
                Some(page) => page,
                None if batch.complete => (Vec::new(), None),
                None => continue,
            };
            let new = Read { id: *id, asked_at: in_flight.asked_at, to: Vec::new() };
            let (mut read, pages) = match part {
                Some(part) => (part.read, part.pages),
                // The object was away meanwhile: a later page alone tells nothing.
                None if asked_from.is_some() => continue,
                None => (new, 0),
            };
            let empty = page.is_empty();
            read.to.extend(page);
            match after.filter(|_| !planted(Bug::FirstPageOfLinks)) {
                None => reads.push(read),
                // A cursor that leads nowhere: nothing is known of this record.
                Some(_) if empty || pages >= PAGES => {}
                Some(after) => {
                    round.parts.insert(*id, Part { read, after, pages: pages + 1 });
                }
            }
        }
        round.left.retain(|id| !inputs.iter().any(|(asked, after)| asked == id && after.is_none()));
        let first = pass && self.links.paired(from, to).is_some_and(|paired| paired.read_at.is_none());
        let tick = self.tick(turn.now);
        let applied = apply::apply(turn, (tick, self.outbox.is_used()), [from, to], &reads, &batch.labels)?;
        if !first {
            let read = reads.iter().map(|read| read.id);
            let (pair, side) = Pair::seen_from(from, to);
            let mut ends = [applied.holders, applied.others];
            let own = usize::from(side == Side::Other);
            if !pass {
                ends[own].extend(read.clone());
            }
            // A link that came while another went leaves their number as it was, and one that went before it was seen leaves
            // none: what was compared before says nothing of what a change or a mark tells.
            for (kind, to, ids) in [(pair.holder, pair.other, &ends[0]), (pair.other, pair.holder, &ends[1])]
            {
                for id in ids {
                    self.links.compared.remove(&(kind, to, *id));
                }
            }
            ends[own].extend(read);
            for (kind, to, ids) in [(pair.holder, pair.other, &ends[0]), (pair.other, pair.holder, &ends[1])]
            {
                let ids: Vec<RecordId> = ids.iter().copied().collect();
                self.doubt_records(turn, kind, to, &ids)?;
            }
        }
        if applied.doubts {
            self.streams.iter_mut().for_each(|running| running.marked = true);
        }
        self.links.marked |= applied.link_doubts;
        if from == to && applied.changes > 0 {
            self.links.own_kind.insert(from);
        }
        if applied.changes > 0 {
            self.streams[in_flight.stream].saved.changed_at = Some(turn.now);
        }
        Ok(())
    }

    /// Labels of one direction as HubSpot lists them now.
    fn took_labels(
        &mut self,
        turn: &Turn<'_>,
        from: ObjectType,
        to: ObjectType,
        labels: &[associations::Label],
    ) -> Result<(), SqlError> {
        let known = links::types(turn.sql, from, to)?;
        let listed: Vec<links::Named> =
            labels.iter().map(|(own, label)| (own.to_string(), label.clone())).collect();
        let new: Vec<_> = listed.iter().filter(|one| !known.contains(one)).cloned().collect();
        links::put_types(turn.sql, from, to, &new)?;
        let gone: Vec<&str> = known
            .iter()
            .map(|(own, _)| own.as_str())
            .filter(|own| !listed.iter().any(|(name, _)| name == own))
            .collect();
        links::drop_types(turn.sql, from, to, &gone)?;
        let second = Pair::seen_from(from, to).1 == Side::Other;
        if let Some(paired) = self.links.paired_mut(from, to) {
            paired.labels_at[usize::from(second)] = Some(turn.now);
            if !gone.is_empty() {
                // HubSpot has taken the label from every link that had it, and tells of none.
                paired.pass = None;
                paired.at_once = true;
                paired.due_at = turn.now;
            }
        }
        self.links.save(turn)
    }

    /// A refusal of the associations API concerns no stream: what it is about waits by itself.
    pub(in crate::engine::portal) fn links_refused(
        &mut self,
        turn: &mut Turn<'_>,
        call: &Call,
        rejection: &Rejection,
    ) -> Result<(), SqlError> {
        match (&rejection.class, call) {
            (Class::Rejected { .. }, Call::Read { inputs, .. })
                if inputs.len() > SMALL_BATCH && !self.links.saved.small =>
            {
                self.links.saved.small = true;
            }
            (
                Class::Rule { .. }
                | Class::Rejected { .. }
                | Class::Forbidden { .. }
                | Class::WrongTokenKind
                | Class::Conflict { .. }
                | Class::Gone
                | Class::TooLong,
                _,
            ) => self.leave_pair(turn.now, call, rejection),
            (
                Class::Transient { .. }
                | Class::Throttled { .. }
                | Class::Parked { .. }
                | Class::Unreachable
                | Class::Locked
                | Class::Expired
                | Class::Unauthorized
                | Class::Unknown,
                _,
            ) => {
                self.links.failures += 1;
                let wait = backoff(self.links.failures, turn.random);
                self.links.retry_at = match rejection.class {
                    Class::Transient { retry_at: Some(at) } => at.max(turn.now),
                    _ => turn.now.plus_ms(wait),
                };
                let (Call::Read { from, to, .. } | Call::Labels { from, to }) = call;
                let lasting = self.links.failures >= TROUBLE_AFTER;
                match self.links.paired_mut(*from, *to).filter(|_| lasting) {
                    Some(paired) => paired.troubles.note(call, rejection, turn.now),
                    None => return Ok(()),
                }
            }
        }
        self.links.save(turn)
    }

    /// Leaves a pair alone that HubSpot refuses; the others go on.
    fn leave_pair(&mut self, now: Timestamp, call: &Call, rejection: &Rejection) {
        let (Call::Read { from, to, .. } | Call::Labels { from, to }) = call;
        let reads = matches!(call, Call::Read { .. });
        let second = Pair::seen_from(*from, *to).1 == Side::Other;
        if let Some(paired) = self.links.paired_mut(*from, *to) {
            paired.troubles.note(call, rejection, now);
            if reads {
                paired.pass = None;
                paired.at_once = true;
                paired.due_at = now.plus_ms(REFUSED_MS);
            } else {
                paired.labels_at[usize::from(second)] = Some(now);
            }
        }
        if let (true, Some(round)) = (reads, &mut self.links.round) {
            round.next_type();
        }
    }
}

//! Associations: which contacts, companies and deals are linked, kept in step beside the records themselves (`design.md` 4).
//!
//! | what | when |
//! |---|---|
//! | all links of a pair of types | once both types were read in full; then weekly, spread over the week; from the holder's end, a thousand records a call |
//! | the links of a record | whenever a batch or single read brought it: a webhook, a check or a person had a doubt; a thousand a call |
//! | the links of a sampled record | when the properties that count them disagree with the mirror |
//! | labels | hourly |
//!
//! One call at a time: no answer overtakes another of its kind. A mark carries the departure of the read that made it, and is cleared
//! by a read of links that left later. A pass keeps its place in the ids of the mirror, saved with each call. No change of a
//! link moves a record's modified date, so without webhooks a change of links alone is seen by the weekly pass, or when its
//! record changes. Links of two records of one type are rare but among companies: with a changed record they are read only once
//! the mirror holds one.

mod answers;
pub mod apply;
mod round;
pub mod show;
pub mod standing;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{Job, Portal, Turn, plan::Urgency, state::Stream},
    hubspot::associations::{BATCH_LIMIT, SMALL_BATCH},
    store::{
        portal::{
            dirty,
            links::{self, Pair},
        },
        schema,
        sql::SqlError,
    },
    values::{
        ids::{ObjectType, RecordId},
        json,
        planted::{Bug, planted},
        time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp},
    },
};
use round::Round;
use standing::Troubles;

/// Where the state of all pairs lies in `meta`.
const KEY: &str = "links";
const WEEK_MS: i64 = 7 * DAY_MS;
/// How long after connecting links of contacts to contacts and of deals to deals are read first: they are rare, and N/1,000 calls.
const SETTLED_MS: i64 = 10 * MINUTE_MS;
/// How often labels are listed: as often as fields. Nine calls where all three types are granted, of the associations' own window.
const LABELS_MS: i64 = HOUR_MS;
/// How long a pair that HubSpot refuses is left alone; it is then read as a whole.
const REFUSED_MS: i64 = HOUR_MS;
/// Records of a thousand whose own counts of links may differ from the mirror's: what changed meanwhile. More say
/// that HubSpot counts in another way, and are not read again for that.
const DIFFERING: usize = 200;
/// Records remembered of which [`Portal::doubt_records`] was answered: under a megabyte.
const COMPARED: usize = 5_000;
/// A stream that tries again within this fails; one that waits for longer was refused, which concerns it alone.
const FAILING_MS: i64 = 2 * MINUTE_MS;
/// Pages of one record: a million links.
const PAGES: u32 = 2_000;

/// What is kept of a pair of types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Paired {
    pair: (ObjectType, ObjectType),
    /// The pass under way.
    pass: Option<Pass>,
    /// When the next one begins.
    due_at: Timestamp,
    /// The next one is not spread: the mirror holds no links of the pair, or may have missed any number.
    at_once: bool,
    /// When the last one ended.
    read_at: Option<Timestamp>,
    /// When labels were listed from the holder, and from the other.
    labels_at: [Option<Timestamp>; 2],
    #[serde(default)]
    troubles: Troubles,
}

/// A read of all links of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pass {
    started_at: Timestamp,
    /// Records up to here are read.
    above: RecordId,
    rounds: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Saved {
    pairs: Vec<Paired>,
    /// HubSpot refused a batch of more than [`SMALL_BATCH`].
    small: bool,
    /// Types whose own counts of their links to another type are not what the mirror would count.
    #[serde(default)]
    distrusted: Vec<(ObjectType, ObjectType)>,
}

impl Default for Saved {
    fn default() -> Self {
        let pairs = Pair::ALL.map(|pair| Paired {
            pair: (pair.holder, pair.other),
            pass: None,
            due_at: Timestamp::default(),
            at_once: true,
            read_at: None,
            labels_at: [None; 2],
            troubles: Troubles::default(),
        });
        Self { pairs: pairs.into(), small: false, distrusted: Vec::new() }
    }
}

/// A call to the associations API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Links of records, each from a cursor on.
    Read {
        /// Whose.
        from: ObjectType,
        /// To which type.
        to: ObjectType,
        /// Which records.
        inputs: Vec<(RecordId, Option<String>)>,
    },
    /// Labels of one direction.
    Labels {
        /// From here.
        from: ObjectType,
        /// To there.
        to: ObjectType,
    },
}

/// What is known of links in memory.
#[derive(Debug, Default)]
pub struct Linking {
    saved: Saved,
    round: Option<Round>,
    /// Marks may be waiting; spares a look where nothing was marked.
    marked: bool,
    /// Types of which the mirror holds links of one record to another of the type.
    own_kind: BTreeSet<ObjectType>,
    /// Records that were read again because they and the mirror count their links differently, by what the two said: once each.
    compared: BTreeMap<(ObjectType, ObjectType, RecordId), String>,
    /// How many of a record's links to a type were left out when they were read last, where any were; read again after a restart.
    left_out: BTreeMap<(ObjectType, ObjectType, RecordId), u64>,
    failures: u32,
    retry_at: Timestamp,
}

impl Linking {
    /// Links as they were saved.
    pub fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        let saved = schema::get(turn.sql, KEY)?
            .map(|json| json::parse(&json).map_err(|_| SqlError::Content("meta")))
            .transpose()?
            .unwrap_or_default();
        let mut own_kind = BTreeSet::new();
        for kind in ObjectType::ALWAYS {
            if links::any(turn.sql, Pair { holder: kind, other: kind })? {
                own_kind.insert(kind);
            }
        }
        Ok(Self { saved, own_kind, marked: true, ..Self::default() })
    }

    /// Until when nothing is asked for after a failure, if something waits for it.
    pub(super) fn waits_until(&self) -> Option<Timestamp> {
        (self.round.is_some() && self.failures > 0).then_some(self.retry_at)
    }

    /// An answer came.
    pub(super) fn all_well(&mut self) {
        self.failures = 0;
        self.retry_at = Timestamp::default();
    }

    fn save(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let json = serde_json::to_string(&self.saved).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, KEY, &json)
    }

    /// A type is read anew: so are its links.
    pub(super) fn begin_anew(&mut self, turn: &Turn<'_>, kind: ObjectType) -> Result<(), SqlError> {
        for paired in &mut self.saved.pairs {
            if paired.pair.0 == kind || paired.pair.1 == kind {
                paired.pass = None;
                paired.at_once = true;
                paired.due_at = turn.now;
                paired.labels_at = [None; 2];
                paired.troubles = Troubles::default();
            }
        }
        self.saved.distrusted.retain(|(one, other)| *one != kind && *other != kind);
        self.round = None;
        self.marked = true;
        self.retry_at = Timestamp::default();
        self.save(turn)
    }

    fn batch(&self) -> usize {
        if self.saved.small { SMALL_BATCH } else { BATCH_LIMIT }
    }

    fn paired(&self, one: ObjectType, other: ObjectType) -> Option<&Paired> {
        let (pair, _) = Pair::seen_from(one, other);
        self.saved.pairs.iter().find(|paired| paired.pair == (pair.holder, pair.other))
    }

    fn paired_mut(&mut self, one: ObjectType, other: ObjectType) -> Option<&mut Paired> {
        let (pair, _) = Pair::seen_from(one, other);
        self.saved.pairs.iter_mut().find(|paired| paired.pair == (pair.holder, pair.other))
    }
}

impl Paired {
    /// The direction whose labels are to be listed.
    fn labels_due(&self, now: Timestamp) -> Option<[ObjectType; 2]> {
        let (holder, other) = self.pair;
        let due = |at: Option<Timestamp>| at.is_none_or(|at| now.since_ms(at) >= LABELS_MS);
        if due(self.labels_at[0]) {
            return Some([holder, other]);
        }
        (holder != other && due(self.labels_at[1])).then_some([other, holder])
    }

    /// Whether a round of a pass is due, of `records` of the holder's type.
    fn round_due(&self, now: Timestamp, records: u64) -> bool {
        match &self.pass {
            None => self.due_at <= now,
            Some(_) if self.at_once => true,
            Some(pass) => {
                let rounds = records.div_ceil(BATCH_LIMIT as u64);
                let passed = now.since_ms(pass.started_at).clamp(0, WEEK_MS) as u64;
                u64::from(pass.rounds) <= rounds * passed / WEEK_MS as u64
            }
        }
    }
}

impl Portal {
    fn of_type(&self, kind: ObjectType) -> Option<usize> {
        self.streams.iter().position(|running| running.saved.object_type == kind)
    }

    /// Whether both types run and have records: what is known of each.
    fn both_run(&self, one: ObjectType, other: ObjectType) -> Option<[&Stream; 2]> {
        let running = |kind| {
            let index = self.of_type(kind).filter(|index| !self.stands_still(*index))?;
            Some(&self.streams[index].saved).filter(|stream| stream.records > 0)
        };
        Some([running(one)?, running(other)?])
    }

    fn is_read_in_full(&self, kind: ObjectType) -> bool {
        let index = self.of_type(kind).filter(|index| !self.stands_still(*index));
        index.is_some_and(|index| self.streams[index].saved.backfill.is_none())
    }

    /// Whether links of these types can be read and understood: both run, both were read in full, and there are any.
    fn paired_up(&self, one: ObjectType, other: ObjectType) -> bool {
        self.both_run(one, other).is_some_and(|both| both.iter().all(|stream| stream.backfill.is_none()))
    }

    /// Whether the links of a changed record of one type to the other are read: also while a type is read anew whose links were read
    /// before, as no pass is to come then that brings them.
    fn linked(&self, one: ObjectType, other: ObjectType) -> bool {
        let read_before = self.links.paired(one, other).is_some_and(|paired| paired.read_at.is_some());
        if read_before { self.both_run(one, other).is_some() } else { self.paired_up(one, other) }
    }

    /// Whether the links of a type to all others that run have been read: then what its records say of them can be compared. Its own
    /// pass, which compares, waits for that.
    fn others_read(&self, kind: ObjectType) -> bool {
        self.links.saved.pairs.iter().all(|paired| {
            let (holder, other) = paired.pair;
            let far = if holder == kind { other } else { holder };
            let Some(index) = self.of_type(far).filter(|_| holder == kind || other == kind) else {
                return true;
            };
            far == kind
                || self.stands_still(index)
                || (self.streams[index].saved.backfill.is_none()
                    && !(paired.at_once && self.paired_up(holder, other)))
        })
    }

    /// Whether the connection was made long enough ago for what is rare: the first reads of records go first.
    fn has_settled(&self, now: Timestamp) -> bool {
        self.connection.as_ref().is_some_and(|of| now.since_ms(of.connected_at) >= SETTLED_MS)
    }

    /// Whether a round of a pair's pass can begin.
    fn round_due(&self, paired: &Paired, now: Timestamp) -> bool {
        let (holder, other) = paired.pair;
        let records = self.of_type(holder).map_or(0, |index| self.streams[index].saved.records);
        self.paired_up(holder, other)
            && paired.round_due(now, records)
            && (holder != other || holder == ObjectType::Companies || self.has_settled(now))
            && (holder != other || !paired.at_once || self.others_read(holder))
    }

    /// Whether HubSpot fails to answer about some type just now: nothing is asked about in another way as well.
    fn fails(&self, now: Timestamp) -> bool {
        (0..self.streams.len()).any(|index| {
            let stream = &self.streams[index].saved;
            stream.failures > 0 && stream.retry_at.since_ms(now) < FAILING_MS && !self.stands_still(index)
        })
    }

    /// The types to which the links of a changed record are read.
    fn linked_types(&self, kind: ObjectType) -> Vec<ObjectType> {
        if !kind.is_always() {
            return Vec::new();
        }
        let worth = |to: &ObjectType| {
            *to != kind || kind == ObjectType::Companies || self.links.own_kind.contains(&kind)
        };
        ObjectType::ALWAYS.into_iter().filter(worth).filter(|to| self.linked(kind, *to)).collect()
    }

    /// Has the links of these records read as they are at `asked_at` or later.
    pub(super) fn mark_links(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        ids: &[RecordId],
        asked_at: i64,
    ) -> Result<(), SqlError> {
        if ids.is_empty() || planted(Bug::LinksNotReread) || self.linked_types(kind).is_empty() {
            return Ok(());
        }
        self.links.marked = true;
        links::mark(turn.sql, kind, ids, asked_at)
    }

    /// Marks those of these records whose own counts of links differ from the mirror's.
    pub(super) fn doubt_links(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        ids: &[RecordId],
        asked_at: i64,
    ) -> Result<(), SqlError> {
        for to in self.linked_types(kind) {
            let doubts = self.disagreeing(turn, kind, to, ids)?;
            let doubts: Vec<RecordId> = doubts.into_iter().map(|(id, _)| id).collect();
            self.mark_links(turn, kind, &doubts, asked_at)?;
        }
        Ok(())
    }

    /// Live records whose own properties tell of other links than the mirror holds, as far as those are believed.
    fn disagreeing(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        to: ObjectType,
        ids: &[RecordId],
    ) -> Result<Vec<(RecordId, String)>, SqlError> {
        if self.links.saved.distrusted.contains(&(kind, to)) {
            return Ok(Vec::new());
        }
        let left_out = |id| self.links.left_out.get(&(kind, to, id)).copied().unwrap_or(0);
        apply::disagreeing(turn.sql, kind, to, ids, &|kind, name| self.has(kind, name), &left_out)
    }

    /// Has records read again that count their links differently than the mirror: they were read before a link came or went.
    fn doubt_records(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        to: ObjectType,
        ids: &[RecordId],
    ) -> Result<(), SqlError> {
        let stale = self.disagreeing(turn, kind, to, ids)?;
        if stale.len() > DIFFERING {
            self.links.saved.distrusted.push((kind, to));
            return self.links.save(turn);
        }
        if self.links.compared.len() + stale.len() > COMPARED {
            self.links.compared.clear();
        }
        let mut agreed: BTreeSet<RecordId> = ids.iter().copied().collect();
        for (id, _) in &stale {
            agreed.remove(id);
        }
        for id in agreed {
            self.links.compared.remove(&(kind, to, id));
        }
        let mut new = Vec::new();
        for (id, said) in stale {
            if self.links.compared.insert((kind, to, id), said.clone()) != Some(said) {
                new.push(id);
            }
        }
        if !new.is_empty() {
            let tick = self.tick(turn.now);
            dirty::mark(turn.sql, kind, &new, tick, false, false)?;
            self.streams.iter_mut().for_each(|running| running.marked = true);
        }
        Ok(())
    }

    fn has(&self, kind: ObjectType, name: &str) -> bool {
        let of_type = |index: usize| &self.streams[index].properties;
        self.of_type(kind).is_some_and(|index| of_type(index).iter().any(|known| known == name))
    }

    /// Whether a round could begin now.
    #[inline(never)]
    pub(super) fn links_due(&self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        if self.links.retry_at > turn.now || self.fails(turn.now) {
            return Ok(false);
        }
        if self.links.round.is_some() {
            return Ok(true);
        }
        for paired in &self.links.saved.pairs {
            let (holder, other) = paired.pair;
            let labels = self.paired_up(holder, other) && paired.labels_due(turn.now).is_some();
            if labels || self.round_due(paired, turn.now) {
                return Ok(true);
            }
        }
        for (index, running) in self.streams.iter().enumerate() {
            if self.links.marked
                && !self.stands_still(index)
                && !self.gathers(index)
                && !links::marked(turn.sql, running.saved.object_type, 1)?.is_empty()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The next call to the associations API.
    #[inline(never)]
    pub(super) fn next_of_links(
        &mut self,
        turn: &Turn<'_>,
    ) -> Result<Option<(Urgency, usize, Job)>, SqlError> {
        let flies = self.in_flight.values().any(|in_flight| matches!(in_flight.job, Job::Links(_)));
        if flies || self.links.retry_at > turn.now || self.fails(turn.now) {
            return Ok(None);
        }
        loop {
            if self.links.round.is_some() {
                if let Some(next) = self.next_of_round(turn)? {
                    return Ok(Some(next));
                }
                self.end_round(turn)?;
            } else if let Some([from, to]) = self.labels_due(turn.now) {
                let index = self.of_type(from).unwrap_or_default();
                return Ok(Some((Urgency::Read, index, Job::Links(Call::Labels { from, to }))));
            } else if !self.begin_round(turn)? {
                return Ok(None);
            }
        }
    }

    fn labels_due(&self, now: Timestamp) -> Option<[ObjectType; 2]> {
        let mut ready =
            self.links.saved.pairs.iter().filter(|paired| self.paired_up(paired.pair.0, paired.pair.1));
        ready.find_map(|paired| paired.labels_due(now))
    }

    /// Whether records of a stream are being read that will be marked: their links are then read together.
    fn gathers(&self, index: usize) -> bool {
        let reads = |job: &Job| matches!(job, Job::Read { .. } | Job::ReadOne { .. } | Job::Search);
        let running = &self.streams[index];
        running.marked
            || running.saved.poll.is_some()
            || self.in_flight.values().any(|flying| flying.stream == index && reads(&flying.job))
    }
}

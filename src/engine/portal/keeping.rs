//! What may no longer be kept: records deleted for privacy, and changes beyond the feed's horizon. Neither waits for HubSpot: both
//! go in every state in which something is still kept, also while a connection is paused and after it has ended.
//!
//! Owns when the feed was pruned last (in `meta`) and whether a pass over it is under way (in the store's `erasures`).

use crate::{
    engine::portal::{Portal, Turn, apply, messages::State, signals::addresses},
    store::{
        audit as entries,
        portal::{dirty, erasures, feed, records, signals, workflows},
        schema,
        sql::SqlError,
    },
    values::{
        ids::{ObjectType, RecordId},
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
};

/// Where the moment of the last pruning lies in `meta`.
const PRUNED_KEY: &str = "pruned_at";
/// How often the feed is pruned.
const EVERY_MS: i64 = HOUR_MS;
/// How long it is remembered who was erased: HubSpot tries an event again for a day (`hubspot-api.md` 9.1), and once more that.
const REMEMBERED_MS: i64 = 2 * DAY_MS;
/// Pieces of a pass over the feed in one alarm: half a gigabyte. Natively a piece takes under 40 ms; at ten times that, all of
/// them stay within the thirty seconds that an alarm may take of the processor.
pub(super) const PIECES: u32 = 64;

/// What is known of it in memory.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    erasing: bool,
    pruned_at: Timestamp,
}

impl Keeping {
    /// As it was saved.
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        Ok(Self { erasing: erasures::wait(turn.sql)?, pruned_at: super::streams::saved(turn, PRUNED_KEY)? })
    }

    /// Whether values of erased records are still in the feed.
    pub(super) const fn erasing(&self) -> bool {
        self.erasing
    }
}

/// Changes made before then are not told any more.
pub(super) fn horizon(turn: &Turn<'_>) -> Timestamp {
    turn.now.minus_ms(turn.config.work.feed_ms)
}

impl Portal {
    /// These records were deleted for privacy, as an event says or as they were looked for. With `reread` they are read once more: an
    /// event may be ahead of what HubSpot answers.
    pub(super) fn erase(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        ids: &[RecordId],
        reread: bool,
    ) -> Result<(), SqlError> {
        let kind = self.streams[index].saved.object_type;
        if (self.signals.is_used() || self.workflows.is_used()) && kind == ObjectType::Contacts {
            // Whoever became part of them is the same person, and what was done for them is still of the record that they were.
            let mut persons = ids.to_vec();
            for id in ids {
                persons.extend(records::merged_from(turn.sql, kind, *id)?);
            }
            let stored = records::by_ids(turn.sql, kind, &persons)?;
            let emails = addresses(&stored);
            self.erase_signals(turn, kind, &persons, &emails)?;
            self.erase_workflow_runs(turn, kind, (&persons, &emails), &stored)?;
        }
        if self.activations.is_used() && kind == ObjectType::Contacts {
            let stored = records::by_ids(turn.sql, kind, ids)?;
            self.forget_activated(turn, &addresses(&stored), ids)?;
        }
        let scene = self.scene_of_event(turn, index);
        let (applied, persons) = apply::erased(scene, ids)?;
        self.keeping.erasing = true;
        if reread {
            dirty::mark(turn.sql, scene.kind, &persons, scene.tick, true, true)?;
        }
        self.count(turn, index, applied)
    }

    /// An event says that records became part of others. Whoever became part of one that was erased is the same person: HubSpot tries
    /// an event again for a day, so that of the two the later may come first.
    pub(super) fn note_mergers(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        mergers: &[(RecordId, RecordId)],
    ) -> Result<(), SqlError> {
        let scene = self.scene_of_event(turn, index);
        // Of whoever is kept out nothing is told any more; what they became part of is recognised when it is read.
        let kept_out = |id: &RecordId| self.blocks.has(scene.kind, *id);
        let mergers: Vec<_> = mergers.iter().copied().filter(|(id, _)| !kept_out(id)).collect();
        let applied = apply::merged(scene, &mergers)?;
        self.count(turn, index, applied)?;
        let into: Vec<RecordId> = mergers.iter().map(|(_, into)| *into).collect();
        let erased = erasures::remembered(turn.sql, scene.kind, &into)?;
        if erased.is_empty() { Ok(()) } else { self.erase(turn, index, &erased, true) }
    }

    pub(super) fn scene_of_event<'a>(&mut self, turn: &Turn<'a>, index: usize) -> apply::Scene<'a> {
        let tick = self.tick(turn.now);
        let stream = &self.streams[index].saved;
        apply::Scene {
            sql: turn.sql,
            now: turn.now,
            kind: stream.object_type,
            asked_at: tick,
            tick,
            shrinks: false,
            before_field: false,
            proved_at: stream.reconcile.proved_at.unwrap_or_default(),
            echoes: self.has_echoes(),
            phones: self.phones.is_wanted(),
        }
    }

    /// Whether something was written that may not have been read.
    pub(super) fn has_echoes(&self) -> bool {
        self.outbox.is_used() || self.scores.is_used() || self.activations.is_used()
    }

    /// Goes on erasing, a piece a turn; says whether there is more to do in this alarm.
    #[inline(never)]
    pub(super) fn advance_erasing(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let Some(shift) = self.shift.as_mut().filter(|shift| self.keeping.erasing && shift.pieces_left > 0)
        else {
            return Ok(false);
        };
        shift.pieces_left -= 1;
        let is_last = shift.pieces_left == 0;
        self.keeping.erasing = erasures::advance(turn.sql)?;
        Ok(self.keeping.erasing && !is_last)
    }

    /// Prunes the feed once an hour; that of a connection that stands still only once something in it is too old.
    #[inline(never)]
    pub(super) fn prune(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        if turn.now.since_ms(self.keeping.pruned_at) < EVERY_MS {
            return Ok(());
        }
        if !self.goes_on() && self.too_old_at(turn)?.is_none_or(|at| at > turn.now) {
            return Ok(());
        }
        self.keeping.pruned_at = turn.now;
        self.prune_audit(turn)?;
        self.forget_actions(turn)?;
        self.forget_score_echoes(turn)?;
        self.doubt_unread(turn)?;
        self.forget_signals(turn)?;
        self.forget_workflow_runs(turn)?;
        erasures::forget_before(turn.sql, turn.now.minus_ms(REMEMBERED_MS))?;
        schema::set(turn.sql, PRUNED_KEY, &turn.now.0.to_string())?;
        feed::prune(turn.sql, horizon(turn), turn.config.work.feed_bytes)
    }

    /// When something is too old next: of the feed, of the audit log, of signals, of runs of workflows, of what is remembered of the erased and of what was done.
    fn too_old_at(&self, turn: &Turn<'_>) -> Result<Option<Timestamp>, SqlError> {
        let ends: [(Option<Timestamp>, i64); 7] = [
            (feed::oldest_at(turn.sql)?, turn.config.work.feed_ms),
            (entries::oldest_at(turn.sql)?, self.audit_ms()),
            (erasures::oldest_at(turn.sql)?, REMEMBERED_MS),
            (signals::oldest_at(turn.sql)?, self.signal_ms()),
            (self.first_act_over_at(turn)?, 0),
            (workflows::events::oldest_at(turn.sql)?, self.signal_ms()),
            (workflows::runs::first_ended_at(turn.sql)?, self.signal_ms()),
        ];
        Ok(ends.into_iter().filter_map(|(at, kept_ms)| Some(at?.plus_ms(kept_ms + 1))).min())
    }

    /// When an alarm is needed to erase or prune on. Pokes come to every connection but one that has ended.
    pub(super) fn keeping_due_at(&self, turn: &Turn<'_>) -> Result<Option<Timestamp>, SqlError> {
        if self.keeping.erasing {
            return Ok(Some(turn.now));
        }
        if !self.connection.as_ref().is_some_and(|connection| connection.state == State::Disconnected) {
            return Ok(None);
        }
        let next = self.keeping.pruned_at.plus_ms(EVERY_MS);
        Ok(self.too_old_at(turn)?.map(|at| at.max(next)))
    }
}

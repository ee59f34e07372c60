//! Which deletions were for privacy, where no webhook tells: a mirror alone sees of either that the record is gone.
//!
//! HubSpot goes on showing a record that was deleted plainly to reads that ask for archived ones, for 90 days (`hubspot-api.md` 4.5), and
//! one that was deleted for privacy to nobody. So every deletion of a contact that is found is looked for in the archive, whoever told of
//! it (the event of a privacy deletion may be lost):
//!
//! 1. a batch read of archived records, within twenty minutes, that settles a hundred deletions at once. Whoever is found was deleted
//!    plainly, and is looked for again each week: somebody may be deleted for privacy afterwards;
//! 2. of whoever is not found the same after an hour, since the archive may be late;
//! 3. then two single reads, one of the archive, which leads to the record that somebody became part of where that was deleted, and one
//!    that leads to it where it lives.
//!
//! Only who is in none of the four is erased, everywhere and by the same function as where an event tells of it
//! (`Portal::erase`). The first refusal, and the first look that finds somebody, begins the row anew or puts it off:
//! nothing is concluded from what HubSpot fails to answer. Looks end ten days before HubSpot itself would forget a record for its age,
//! counted from when it is last known to have been there: from its own last read, or the last sweep that listed all.
//!
//! Owns what is still to be looked for (the store's `deletions`), so that nothing is forgotten with the object.
//!
//! What it costs: of N deletions ⌈N/100⌉ calls when they are found and ⌈N/100⌉ a week for eleven weeks; two more for each person that is
//! erased. It is reconcile's, which comes after everything else.

use crate::{
    engine::portal::{
        Effect, InFlight, Job, Portal, Turn,
        answers::parsed,
        apply::{self, Scene},
    },
    hubspot::{
        Malformed,
        objects::{self, BATCH_LIMIT},
    },
    store::{portal::deletions as store, sql::SqlError},
    values::{
        http::Request,
        ids::{ObjectType, RecordId},
        time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp},
    },
};

/// Deletions are first looked for so long after they were found, and together with those of as long a time: at most six calls an hour.
const FIRST_MS: i64 = 10 * MINUTE_MS;
/// Who was not found is looked for again after that.
const AGAIN_MS: i64 = HOUR_MS;
/// Who was found is looked for again within a week, those of a day together.
const WEEKLY_MS: i64 = 7 * DAY_MS;
/// How long after a record was last there its absence says something: HubSpot's 90 days less ten for whatever it does late.
const TELLING_MS: i64 = 80 * DAY_MS;
/// Looks of the archive a batch at a time before single reads are made.
const BATCHES: u32 = 2;
/// Looks that must all have failed to find somebody, the last one besides.
const LAST: u32 = BATCHES + 1;

/// A call that looks for who was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    /// In the archive, many at once that were missed as often.
    Archive { ids: Vec<RecordId>, missed: u32 },
    /// In the archive, by itself.
    ArchiveAlone { id: RecordId },
    /// Among what lives.
    Alone { id: RecordId },
}

impl Call {
    fn ids(&self) -> &[RecordId] {
        match self {
            Self::Archive { ids, .. } => ids,
            Self::ArchiveAlone { id } | Self::Alone { id } => std::slice::from_ref(id),
        }
    }
}

/// Whether HubSpot deletes records of a type for privacy: its API specifies `gdpr-delete` and the event `privacyDeletion` of contacts
/// alone, among what is mirrored.
pub(super) const fn may_be_for_privacy(kind: ObjectType) -> bool {
    matches!(kind, ObjectType::Contacts)
}

/// The end of the piece of time, so long, in which a moment lies.
const fn end_of(at: Timestamp, piece_ms: i64) -> Timestamp {
    Timestamp((at.0.div_euclid(piece_ms) + 1) * piece_ms)
}

/// Notes deletions that were just found, each with when its record was last known to be there; says how many there are.
pub(super) fn note(scene: Scene<'_>, found: &[(RecordId, Timestamp)]) -> Result<u64, SqlError> {
    let until = |&(id, known_at): &(RecordId, Timestamp)| {
        (id, known_at.max(scene.proved_at).min(scene.now).plus_ms(TELLING_MS))
    };
    let tell: Vec<_> = found.iter().map(until).filter(|(_, until)| *until > scene.now).collect();
    if !tell.is_empty() {
        let first = end_of(scene.now.plus_ms(FIRST_MS), FIRST_MS);
        store::add(scene.sql, scene.kind, &tell, first)?;
    }
    Ok(tell.len() as u64)
}

impl Portal {
    /// The next look, if one is due.
    pub(super) fn next_of_deletions(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
    ) -> Result<Option<Job>, SqlError> {
        let running = &mut self.streams[index];
        let kind = running.saved.object_type;
        if !may_be_for_privacy(kind) || running.deletions_at > turn.now {
            return Ok(None);
        }
        let due = store::due(turn.sql, kind, turn.now, BATCH_LIMIT)?;
        let Some(first) = due.first() else {
            running.deletions_at = store::next_at(turn.sql, kind)?.unwrap_or(Timestamp(i64::MAX));
            return Ok(None);
        };
        let call = match first.missed {
            0..BATCHES => {
                let together = due.iter().filter(|one| one.missed == first.missed);
                Call::Archive { ids: together.map(|one| one.id).collect(), missed: first.missed }
            }
            BATCHES => Call::ArchiveAlone { id: first.id },
            _ => Call::Alone { id: first.id },
        };
        Ok(Some(Job::Deletion(call)))
    }

    /// The request of a look.
    pub(super) fn deletion_request(&self, index: usize, call: &Call) -> Option<Request> {
        let running = self.streams.get(index)?;
        let kind = running.saved.object_type;
        Some(match call {
            Call::Archive { ids, .. } => objects::batch_read_archived(kind, ids),
            Call::ArchiveAlone { id } => objects::read_archived(kind, *id),
            Call::Alone { id } => {
                objects::read(kind, *id, if running.saved.wide { &[] } else { &running.properties })
            }
        })
    }

    /// What a look has found.
    #[inline(never)]
    pub(super) fn took_deletion(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        call: &Call,
        body: &[u8],
    ) -> Result<Result<(), Malformed>, SqlError> {
        let index = in_flight.stream;
        let kind = self.streams[index].saved.object_type;
        let next_week = end_of(turn.now.plus_ms(WEEKLY_MS - DAY_MS), DAY_MS);
        self.streams[index].deletions_at = Timestamp::default();
        match call {
            Call::Archive { ids, missed: before } => {
                let batch = parsed!(objects::parse_batch(body));
                // What is there and cannot be read is there.
                let there = |id: &RecordId| {
                    batch.records.iter().any(|record| record.id == *id)
                        || batch.issues.iter().any(|issue| issue.id == Some(*id))
                };
                let (found, missed): (Vec<RecordId>, Vec<RecordId>) = ids.iter().copied().partition(there);
                store::found(turn.sql, kind, &found, next_week)?;
                let wait_ms = if before + 1 < BATCHES { AGAIN_MS } else { 0 };
                store::missed(turn.sql, kind, &missed, turn.now.plus_ms(wait_ms))?;
            }
            Call::ArchiveAlone { id } => {
                let resolved = parsed!(objects::parse_record(body)).id;
                if resolved == *id {
                    store::found(turn.sql, kind, &[*id], next_week)?;
                } else {
                    store::pass_on(turn.sql, kind, *id, resolved, next_week)?;
                    let applied = apply::merged(self.scene(turn, in_flight), &[(*id, resolved)])?;
                    self.count(turn, index, applied)?;
                }
            }
            Call::Alone { id } => {
                let record = parsed!(objects::parse_record(body));
                store::remove(turn.sql, kind, &[*id])?;
                self.took_one(turn, in_flight, *id, record)?;
            }
        }
        Ok(Ok(()))
    }

    /// A single look finds nobody; the last one says that the person was deleted for privacy.
    #[inline(never)]
    pub(super) fn deletion_missed(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        call: &Call,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let kind = self.streams[index].saved.object_type;
        self.streams[index].deletions_at = Timestamp::default();
        let Call::Alone { id } = call else {
            return store::missed(turn.sql, kind, call.ids(), turn.now);
        };
        // Meanwhile somebody may have told that the record is back, or what it became.
        let was_for_privacy = store::is_missed(turn.sql, kind, *id, LAST)?;
        store::remove(turn.sql, kind, &[*id])?;
        if was_for_privacy {
            self.erase(turn, index, &[*id], false)?;
            Self::note_found_erased(turn)?;
            effects.push(Effect::Log(format!("found by reconcile ({kind}): 1 was deleted for privacy")));
        }
        Ok(())
    }

    /// A look was refused for a reason that is not the connection's: who was looked for waits, and the type is not concerned. Each half of
    /// them waits for another moment, so that a record for which HubSpot fails to answer is soon alone, and looked for once a day.
    pub(super) fn put_off_deletions(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        call: &Call,
    ) -> Result<(), SqlError> {
        let kind = self.streams[index].saved.object_type;
        self.streams[index].deletions_at = Timestamp::default();
        let (first, second) = call.ids().split_at(call.ids().len().div_ceil(2));
        let again_at = turn.now.plus_ms(if second.is_empty() { DAY_MS } else { AGAIN_MS });
        store::wait(turn.sql, kind, first, again_at)?;
        store::wait(turn.sql, kind, second, again_at.plus_ms(FIRST_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_gathered_by_pieces_of_time() {
        let minute = |minute: i64| Timestamp(minute * MINUTE_MS);
        let first = |found_at: i64| end_of(minute(found_at).plus_ms(FIRST_MS), FIRST_MS);
        assert_eq!([0, 3, 9].map(first), [minute(20); 3]);
        assert_eq!(first(10), minute(30));
    }
}

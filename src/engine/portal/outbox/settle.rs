//! What became of creates whose answer was lost, and the property that lets HubSpot tell.
//!
//! Whether HubSpot's own `hs_unique_creation_key` may be written is asked first: where it may, no property of ours is made. A property
//! just made may be unknown to a write for some seconds (`hubspot-api.md` 5): such a write waits and leaves again.

use crate::{
    engine::portal::{
        Effect, InFlight, Job, Portal, Turn,
        outbox::{
            Call, KEY_PROPERTY, Keeps, REFUSED_MS, Ready, Stage, Write,
            answers::{Done, Note},
            planning::Found,
        },
        refusals::backoff,
    },
    hubspot::{
        Malformed, associations,
        objects::{self, Properties},
        rejection::{self, Class, Rejection},
        writes::{self, BATCH_LIMIT},
    },
    store::{
        portal::outbox::{self as store, State},
        sql::SqlError,
    },
    values::{
        failure::Failure,
        http::{Outcome, Request, Response},
        ids::{ObjectType, RecordId},
        time::{MINUTE_MS, SECOND_MS, Timestamp},
    },
};

/// HubSpot's own property for it, where that may be written (SPEC `objects`; unconfirmed).
pub(super) const HUBSPOTS_KEY: &str = "hs_unique_creation_key";
/// The property by which HubSpot itself keeps contacts apart.
pub(super) const ADDRESS: &str = "email";
/// A property that every type has: its group will do for another.
pub(super) const EVERYWHERE: &str = "hs_object_id";
/// After so long no answer to a create can be under way any more: HubSpot gives up after 100 s (`hubspot-api.md` 12.1), and what it
/// wrote is shown by a read of links at once.
const QUIET_MS: i64 = 2 * MINUTE_MS;
/// A doubt that is being asked about is asked about by nobody else for so long: longer than a call may take.
pub(super) const HELD_MS: i64 = 2 * MINUTE_MS;
/// Questions about the property of a type that fail one after the other before it counts as refused: pauses of seconds to minutes, half
/// an hour of writes that wait.
const PREPARATIONS: u32 = 10;
/// Attempts of a create that HubSpot refuses for a field it does not know, while that may be the property: seven that halve a batch
/// down to it, and two.
const UNKNOWN_FIELDS: u32 = 9;
/// How long after it was made a property may still be unknown to writes.
const YOUNG_MS: i64 = 2 * MINUTE_MS;

/// The property that holds the words of an activity.
const fn words_of(kind: ObjectType) -> Option<&'static str> {
    match kind {
        ObjectType::Tasks => Some("hs_task_subject"),
        ObjectType::Calls => Some("hs_call_title"),
        ObjectType::Notes => Some("hs_note_body"),
        ObjectType::Contacts | ObjectType::Companies | ObjectType::Deals | ObjectType::Custom(_) => None,
    }
}

const TIME: &str = "hs_timestamp";

/// Asks what of the type the first record is linked to that a create links.
pub(super) fn linked_request(write: &Write) -> Option<Request> {
    let Write::Create { object_type, ties, .. } = write else { return None };
    let (from, id) = ties.iter().find_map(|(kind, who)| Some((*kind, who.id()?)))?;
    Some(associations::batch_read(from, *object_type, &[(id, None)]))
}

/// Asks for what tells activities apart.
pub(super) fn compare_request(write: &Write, ids: &[RecordId]) -> Option<Request> {
    let Write::Create { object_type, .. } = write else { return None };
    let names = [TIME, words_of(*object_type)?].map(str::to_owned);
    Some(objects::batch_read(*object_type, ids, &names))
}

/// Whether a record is what was to be made: of the same time and words.
fn is_it(write: &Write, properties: &Properties<'_>) -> bool {
    let Write::Create { object_type, values, .. } = write else { return false };
    let moment = |text: &str| text.parse().ok().map(Timestamp).or_else(|| Timestamp::parse_rfc3339(text));
    let same_time = values
        .get(TIME)
        .zip(properties.get(TIME))
        .is_some_and(|(ours, theirs)| moment(ours).is_some() && moment(ours) == moment(theirs));
    let words =
        words_of(*object_type).map(|name| (values.get(name).map(String::as_str), properties.get(name)));
    same_time && words.is_some_and(|(ours, theirs)| ours.unwrap_or_default() == theirs.unwrap_or_default())
}

/// By which property HubSpot is asked for a create.
fn found_by(ready: &Ready) -> Option<&str> {
    if ready.write.address().is_some() { Some(ADDRESS) } else { ready.entry.keyed.as_deref() }
}

fn silent(words: String) -> Note {
    Note { kind: Failure::Silent.name().to_owned(), words, ..Note::default() }
}

impl Portal {
    /// What to ask about creates that may have arrived.
    pub(super) fn next_doubt(&mut self, turn: &Turn<'_>) -> Result<Option<Call>, SqlError> {
        loop {
            let doubted = store::doubted(turn.sql, turn.now, BATCH_LIMIT)?;
            let mut writes = doubted.into_iter().map(Ready::read).collect::<Result<Vec<_>, _>>()?;
            let Some(first) = writes.first() else { return Ok(None) };
            let Write::Create { object_type: kind, ref ties, .. } = first.write else {
                // Nothing but creates is doubted.
                return Err(SqlError::Content("outbox"));
            };
            if let Some(by) = found_by(first).map(str::to_owned) {
                if by != ADDRESS && self.outbox.preparing.contains_key(&kind) {
                    // Whether the property is there is being asked.
                    if let Some(call) = self.next_preparation(turn, kind) {
                        return Ok(Some(call));
                    }
                    let later = self.outbox.prepare_at.max(turn.now.plus_ms(SECOND_MS));
                    for ready in writes.iter().filter(|ready| found_by(ready) == Some(by.as_str())) {
                        let note = ready.entry.note.as_deref();
                        store::put_back(turn.sql, &[ready.entry.number], State::Doubt, later, note)?;
                    }
                    continue;
                }
                writes.retain(|ready| found_by(ready) == Some(by.as_str()));
                return Ok(Some(Call::Look { writes, by }));
            }
            let quiet_at = first.entry.left_at.unwrap_or_default().plus_ms(QUIET_MS);
            let number = first.entry.number;
            if words_of(kind).is_some() && ties.iter().any(|(_, who)| who.id().is_some()) {
                if quiet_at > turn.now {
                    let note = first.entry.note.clone();
                    store::put_back(turn.sql, &[number], State::Doubt, quiet_at, note.as_deref())?;
                    continue;
                }
                return Ok(Some(match self.outbox.candidates.remove(&number) {
                    Some(ids) if !ids.is_empty() => {
                        Call::Compare { write: Box::new(writes.swap_remove(0)), ids }
                    }
                    _ => Call::Linked(Box::new(writes.swap_remove(0))),
                }));
            }
            let why = match self.outbox.keeps.get(&kind) {
                Some(Keeps::Nothing { why, .. }) => format!(" ({})", why.trim_end_matches('.')),
                _ => String::new(),
            };
            let words = format!(
                "HubSpot did not answer, and the account has no property by which it could be asked whether the record was made{why}. \
                 Look for it in HubSpot, then say here whether it is there."
            );
            Self::settle(turn, &writes.swap_remove(0), State::Unknown, None, &silent(words))?;
        }
    }

    /// What to ask about the property that keeps creates apart; `None`: that is being asked.
    pub(super) fn next_preparation(&mut self, turn: &Turn<'_>, kind: ObjectType) -> Option<Call> {
        let asks = |job: &Job| matches!(job, Job::Write(Call::Prepare { kind: other, .. }) if *other == kind);
        if self.flies(asks) || self.outbox.prepare_at > turn.now {
            return None;
        }
        let stage = self.outbox.preparing.entry(kind).or_insert(Stage::Probe).clone();
        Some(Call::Prepare { kind, stage })
    }

    /// What HubSpot said of the property.
    pub(super) fn prepared(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        (kind, stage): (ObjectType, &Stage),
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        self.outbox.stir();
        let answer = match rejection::classify(outcome, turn.now) {
            Ok(response) => {
                writes::parse_property(&response.body).map_err(|Malformed(_)| Rejection::malformed(response))
            }
            Err(rejection) => Err(rejection),
        };
        let next = match (stage, answer) {
            (Stage::Probe, Ok(property)) if property.unique && property.writable => {
                return self.keeps(
                    turn,
                    kind,
                    Keeps::Property { name: HUBSPOTS_KEY.to_owned(), at: turn.now },
                );
            }
            (Stage::Look | Stage::Create { .. }, Ok(property)) if property.unique && property.writable => {
                return self.keeps(
                    turn,
                    kind,
                    Keeps::Property { name: KEY_PROPERTY.to_owned(), at: turn.now },
                );
            }
            (Stage::Look | Stage::Create { .. }, Ok(_)) => {
                let why = format!("The account has a property {KEY_PROPERTY} of another kind.");
                return self.keeps(turn, kind, Keeps::Nothing { why, at: turn.now });
            }
            (Stage::Probe, Ok(_)) => Stage::Look,
            (Stage::Group, Ok(property)) => Stage::Create { group: property.group },
            (stage, Err(rejection)) => match (&rejection.class, stage) {
                (Class::Gone, Stage::Probe) => {
                    Self::lost_key(turn, kind, HUBSPOTS_KEY)?;
                    Stage::Look
                }
                (Class::Gone, Stage::Look) => {
                    Self::lost_key(turn, kind, KEY_PROPERTY)?;
                    Stage::Group
                }
                (Class::Conflict { .. }, Stage::Create { .. }) => Stage::Look,
                // A page of something between is no word of the account's: it is asked again, a while.
                _ if rejection.is_about_the_request()
                    && (rejection.is_hubspots_word() || self.outbox.prepare_failures >= PREPARATIONS) =>
                {
                    let why = rejection.words();
                    effects.push(Effect::Log(format!("{rejection}")));
                    return self.keeps(turn, kind, Keeps::Nothing { why, at: turn.now });
                }
                _ => {
                    if !self.hindered(turn, in_flight, &rejection, effects)? {
                        self.outbox.prepare_failures += 1;
                        let wait = backoff(self.outbox.prepare_failures, turn.random);
                        self.outbox.prepare_at = turn.now.plus_ms(wait);
                    }
                    return Ok(());
                }
            },
        };
        self.outbox.prepare_failures = 0;
        self.outbox.preparing.insert(kind, next);
        self.connection_well(turn)
    }

    fn keeps(&mut self, turn: &Turn<'_>, kind: ObjectType, keeps: Keeps) -> Result<(), SqlError> {
        // The mirror learns of the new field before records have it.
        if let (Keeps::Property { name, .. }, Some(index)) =
            (&keeps, self.streams.iter().position(|running| running.saved.object_type == kind))
            && name == KEY_PROPERTY
        {
            self.streams[index].saved.fields_due = true;
            self.streams[index].fields_asked_at = self.tick(turn.now);
            self.save_stream(turn, index)?;
        }
        self.outbox.preparing.remove(&kind);
        self.outbox.prepare_failures = 0;
        self.outbox.keeps.insert(kind, keeps);
        self.outbox.save_keeps(turn)?;
        self.connection_well(turn)
    }

    /// Whether a refusal may come of the property: young, it is not known everywhere yet; older, somebody may have deleted it, which HubSpot
    /// is asked before the write leaves again.
    pub(super) fn key_may_be_missing(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        ready: &Ready,
        codes: &[String],
    ) -> Result<bool, SqlError> {
        if !codes.iter().any(|code| code == "PROPERTY_DOESNT_EXIST") {
            return Ok(false);
        }
        let is_tried_enough = ready.entry.attempts >= UNKNOWN_FIELDS;
        match self.outbox.keeps.get(&kind) {
            Some(Keeps::Property { at, .. }) if turn.now.since_ms(*at) < YOUNG_MS => Ok(true),
            // Another field of it is the one that is not there.
            _ if is_tried_enough => Ok(false),
            Some(Keeps::Property { .. }) => self.key_is_questioned(turn, kind).map(|()| true),
            Some(Keeps::Nothing { .. }) => Ok(false),
            None => Ok(self.outbox.preparing.contains_key(&kind)),
        }
    }

    /// HubSpot speaks as if the property were not there: it is asked before anything else relies on it.
    pub(super) fn key_is_questioned(&mut self, turn: &Turn<'_>, kind: ObjectType) -> Result<(), SqlError> {
        if let Some(Keeps::Property { name, .. }) = self.outbox.keeps.remove(&kind) {
            let stage = if name == HUBSPOTS_KEY { Stage::Probe } else { Stage::Look };
            self.outbox.preparing.insert(kind, stage);
            self.outbox.save_keeps(turn)?;
        }
        Ok(())
    }

    /// The property is not there any more: nobody is found by it, whatever is made of its name later.
    fn lost_key(turn: &Turn<'_>, kind: ObjectType, property: &str) -> Result<(), SqlError> {
        store::lose_key(turn.sql, &format!("create/{kind}"), property)
    }

    /// How often an account that refuses the property is asked once more is a matter of days.
    pub(super) fn keeps_nothing(&self, now: Timestamp, kind: ObjectType) -> bool {
        matches!(self.outbox.keeps.get(&kind), Some(Keeps::Nothing { at, .. }) if now.since_ms(*at) < REFUSED_MS)
    }

    /// What HubSpot has of the creates that were looked for.
    pub(super) fn looked(
        &mut self,
        turn: &mut Turn<'_>,
        writes: &[Ready],
        by: &str,
        response: &Response,
    ) -> Result<Result<(), Malformed>, SqlError> {
        let batch = match objects::parse_batch(&response.body) {
            Ok(batch) => batch,
            Err(malformed) => return Ok(Err(malformed)),
        };
        for (ready, name) in writes.iter().zip(super::sought(writes, by)) {
            let name = name.to_lowercase();
            let found = batch
                .records
                .iter()
                .find(|record| record.properties.get(by).is_some_and(|value| value.to_lowercase() == name));
            match (found, Note::read(ready.entry.note.as_deref())) {
                (Some(record), _) => {
                    let how = if by == ADDRESS { Done::Found } else { Done::Arrived };
                    self.written(turn, ready, Some(record.id), how)?;
                }
                // It was refused, and is nowhere: the refusal stands.
                (None, Some(note)) => Self::settle(turn, ready, State::Failed, None, &note)?,
                (None, None) => match self.there_already(turn, ready)? {
                    // Somebody else's.
                    Found::Record(id) => self.written(turn, ready, Some(id), Done::Found)?,
                    Found::Nobody | Found::NotYet => {
                        let (number, note) = (ready.entry.number, Note::kept(ready));
                        store::put_back(turn.sql, &[number], State::Waiting, turn.now, note.as_deref())?;
                    }
                },
            }
        }
        Ok(Ok(()))
    }

    /// What the record that a create links has of its type.
    pub(super) fn saw_linked(
        &mut self,
        turn: &Turn<'_>,
        ready: &Ready,
        response: &Response,
    ) -> Result<Result<(), Malformed>, SqlError> {
        let links = match associations::parse_batch(&response.body) {
            Ok(links) => links,
            Err(malformed) => return Ok(Err(malformed)),
        };
        let mut ids: Vec<RecordId> =
            links.found.iter().flat_map(|found| found.to.iter().map(|linked| linked.to)).collect();
        // The youngest have the greatest ids; what another write made is not this one.
        ids.sort_unstable();
        ids.reverse();
        ids.truncate(BATCH_LIMIT);
        let claimed = store::claimed(turn.sql, &ids)?;
        ids.retain(|id| !claimed.contains(id));
        let number = ready.entry.number;
        if ids.is_empty() {
            return Self::nowhere(turn, ready).map(Ok);
        }
        self.outbox.candidates.insert(number, ids);
        let note = ready.entry.note.as_deref();
        store::put_back(turn.sql, &[number], State::Doubt, turn.now, note).map(Ok)
    }

    /// What is known of those.
    pub(super) fn compared(
        &mut self,
        turn: &mut Turn<'_>,
        ready: &Ready,
        response: &Response,
    ) -> Result<Result<(), Malformed>, SqlError> {
        let batch = match objects::parse_batch(&response.body) {
            Ok(batch) => batch,
            Err(malformed) => return Ok(Err(malformed)),
        };
        let found = batch.records.iter().find(|record| is_it(&ready.write, &record.properties));
        match found {
            Some(record) => self.written(turn, ready, Some(record.id), Done::Arrived)?,
            None => Self::nowhere(turn, ready)?,
        }
        Ok(Ok(()))
    }

    /// HubSpot was asked for days, and did not say.
    pub(super) fn given_up(turn: &Turn<'_>, ready: &Ready) -> Result<(), SqlError> {
        let words = "HubSpot did not answer, and since then did not say whether the record was made. Look for it in HubSpot, then say here whether it is there.";
        Self::settle(turn, ready, State::Unknown, None, &silent(words.to_owned()))
    }

    /// A create that has no key is not where it was to be. What was refused is refused; of the rest nobody can say that it is nowhere: who
    /// it is linked to may have become part of another, or have left.
    fn nowhere(turn: &Turn<'_>, ready: &Ready) -> Result<(), SqlError> {
        match Note::read(ready.entry.note.as_deref()) {
            Some(refusal) => Self::settle(turn, ready, State::Failed, None, &refusal),
            None => {
                let words = "HubSpot did not answer, and what the record is linked to shows none of its time and words. Look for it in HubSpot, then say here whether it is there.";
                Self::settle(turn, ready, State::Unknown, None, &silent(words.to_owned()))
            }
        }
    }
}

//! What became of creates whose answer was lost, and the property that lets HubSpot tell.
//!
//! Whoever carries the key is ours. Of a contact of the address, and of an activity of the time and words, that is a matter of evidence:
//! nothing that is older than the write, that somebody made by hand, or that another write came to is what this one made.
//!
//! Whether HubSpot's own `hs_unique_creation_key` may be written is asked first: where it may, no property of ours is made. A property
//! just made may be unknown to a write for some seconds (`hubspot-api.md` 5): such a write waits and leaves again.

use std::collections::BTreeSet;

use crate::{
    engine::limiter::messages::Window,
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
        objects::{self, Properties, Record},
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
        json,
        time::{MINUTE_MS, SECOND_MS, Timestamp},
    },
};

/// HubSpot's own property for it, where that may be written (SPEC `objects`; unconfirmed).
pub(super) const HUBSPOTS_KEY: &str = "hs_unique_creation_key";
/// The property by which HubSpot itself keeps contacts apart.
pub(super) const ADDRESS: &str = "email";
/// The other addresses of a contact, which HubSpot keeps apart as well.
const FURTHER_ADDRESSES: &str = "hs_additional_emails";
/// What became part of a record.
const MERGED: &str = "hs_merged_object_ids";
/// By what a record was made (unconfirmed; where it is not told nobody is suspected).
const SOURCE: &str = "hs_object_source";
/// What it says of what an app has made (unconfirmed).
const BY_APPS: [&str; 2] = ["INTEGRATION", "API"];
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
    let names = [TIME, words_of(*object_type)?, SOURCE].map(str::to_owned);
    Some(objects::batch_read(*object_type, ids, &names))
}

/// By what the creates are looked for: the address of a contact, or the write's key.
pub(super) fn sought(writes: &[Ready], by: &str) -> Vec<String> {
    let name = |ready: &Ready| match ready.write.address().filter(|_| by == ADDRESS) {
        Some(address) => address.to_owned(),
        None => ready.key(),
    };
    writes.iter().map(name).collect()
}

/// What is asked of records that creates are looked for by: of a contact of the address also what tells whose it is.
pub(super) fn asked_of<'a>(writes: &'a [Ready], by: &'a str) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::from([by]);
    if by == ADDRESS {
        names.extend([FURTHER_ADDRESSES, MERGED, SOURCE]);
        for ready in writes {
            if let Write::Create { values, .. } = &ready.write {
                names.extend(values.keys().map(String::as_str));
            }
        }
    }
    names
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(Timestamp).or_else(|| Timestamp::parse_rfc3339(text))
}

/// Whether two texts of a property are one value: HubSpot writes numbers and moments in its own way.
fn is_same(ours: &str, theirs: &str) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    ours.trim() == theirs.trim()
        || number(ours).zip(number(theirs)).is_some_and(|(ours, theirs)| ours.total_cmp(&theirs).is_eq())
        || moment(ours).is_some_and(|ours| moment(theirs) == Some(ours))
}

/// Whether a record holds all that a create was to give it, besides the address that led to it.
fn holds(write: &Write, properties: &Properties<'_>) -> bool {
    let Write::Create { values, .. } = write else { return false };
    values
        .iter()
        .all(|(name, value)| name == ADDRESS || is_same(value, properties.get(name).unwrap_or_default()))
}

/// Whether a record may be what this write made: not older than it, and by an app.
fn may_be_ours(ready: &Ready, record: &Record<'_>) -> bool {
    let since = ready.entry.first_left_at.is_some_and(|left_at| record.created_at >= left_at);
    let by_hand = record.properties.get(SOURCE).is_some_and(|by| !by.is_empty() && !BY_APPS.contains(&by));
    since && !by_hand
}

/// Whose a contact is that has the address. `refused`: this time HubSpot said that it is there already.
fn whose(ready: &Ready, refused: bool, record: &Record<'_>) -> Done {
    // What HubSpot has refused each time has never arrived.
    let lost = !refused || ready.entry.attempts > 1;
    // One that became of two has the date of neither.
    let merged = record.properties.get(MERGED).is_some_and(|ids| !ids.is_empty());
    if !lost || !(merged || may_be_ours(ready, record)) {
        return Done::Found;
    }
    if !merged && holds(&ready.write, &record.properties) { Done::Arrived } else { Done::Unsure }
}

/// Whether a record is of the time and words of what was to be made.
fn is_it(write: &Write, properties: &Properties<'_>) -> bool {
    let Write::Create { object_type, .. } = write else { return false };
    let Some(((time, own), words)) = told_apart_by(write).zip(words_of(*object_type)) else { return false };
    properties.get(TIME).and_then(moment) == Some(time) && own == properties.get(words).unwrap_or_default()
}

/// The time and words of an activity that is to be made.
fn told_apart_by(write: &Write) -> Option<(Timestamp, &str)> {
    let Write::Create { object_type, values, .. } = write else { return None };
    let words = values.get(words_of(*object_type)?).map(String::as_str).unwrap_or_default();
    Some((moment(values.get(TIME)?)?, words))
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
                match self.outbox.candidates.remove(&number).filter(|ids| !ids.is_empty()) {
                    Some(ids) => {
                        return Ok(Some(Call::Compare { write: Box::new(writes.swap_remove(0)), ids }));
                    }
                    None => match self.full_until(Window::Associations, turn.now) {
                        // It holds up nothing that needs no room there.
                        Some(until) => {
                            let note = first.entry.note.clone();
                            store::put_back(turn.sql, &[number], State::Doubt, until, note.as_deref())?;
                            continue;
                        }
                        None => return Ok(Some(Call::Linked(Box::new(writes.swap_remove(0))))),
                    },
                }
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
        for (ready, name) in writes.iter().zip(sought(writes, by)) {
            let name = name.to_lowercase();
            let has = |record: &&Record<'_>, property: &str| {
                let held = record.properties.get(property).unwrap_or_default();
                // An additional address is one of several.
                held.split(';').any(|value| value.trim().to_lowercase() == name)
            };
            let found = batch.records.iter().find(|record| has(record, by));
            let found = found
                .or_else(|| batch.records.iter().find(|one| by == ADDRESS && has(one, FURTHER_ADDRESSES)));
            match (found, Note::read(ready.entry.note.as_deref())) {
                (Some(record), note) => {
                    let how = match by {
                        ADDRESS => whose(ready, note.is_some(), record),
                        _ => Done::Arrived,
                    };
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
        let number = ready.entry.number;
        if let Write::Create { object_type, .. } = ready.write {
            let claimed = store::claimed(turn.sql, number, object_type, &ids)?;
            ids.retain(|id| !claimed.contains(id));
        }
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
        let Write::Create { object_type: kind, .. } = ready.write else { return Ok(Ok(())) };
        let fits =
            |record: &&Record<'_>| may_be_ours(ready, record) && is_it(&ready.write, &record.properties);
        let mut found: Vec<&Record<'_>> = batch.records.iter().filter(fits).collect();
        // Another write may have come to it since they were asked for.
        let ids: Vec<RecordId> = found.iter().map(|record| record.id).collect();
        let number = ready.entry.number;
        let claimed = store::claimed(turn.sql, number, kind, &ids)?;
        found.retain(|record| !claimed.contains(&record.id));
        match found.iter().min_by_key(|record| (record.created_at, record.id)) {
            // One that is just like it is on its way: which of both made this its answer tells.
            Some(_) if Self::equal_is_under_way(turn, ready, kind)? => {
                let (note, due_at) = (ready.entry.note.as_deref(), turn.now.plus_ms(QUIET_MS));
                store::put_back(turn.sql, &[number], State::Doubt, due_at, note)?;
            }
            Some(record) => self.written(turn, ready, Some(record.id), Done::Arrived)?,
            None => Self::nowhere(turn, ready)?,
        }
        Ok(Ok(()))
    }

    fn equal_is_under_way(turn: &Turn<'_>, ready: &Ready, kind: ObjectType) -> Result<bool, SqlError> {
        let own = told_apart_by(&ready.write);
        for content in store::under_way(turn.sql, ready.entry.number, kind)? {
            let other: Write = json::parse(&content).map_err(|_| SqlError::Content("outbox"))?;
            if told_apart_by(&other) == own {
                return Ok(true);
            }
        }
        Ok(false)
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
                let words = "HubSpot did not answer, and what the record is linked to shows none of its time and words that was made since and is of no other write. Look for it in HubSpot, then say here whether it is there.";
                Self::settle(turn, ready, State::Unknown, None, &silent(words.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hubspot::writes::Values, store::portal::outbox::Entry, values::ids::ActionId};

    const LEFT_AT: Timestamp = Timestamp(1_800_000_000_000);

    /// A create that left then, and once more.
    fn create(object_type: ObjectType, values: &[(&str, &str)], attempts: u32) -> Ready {
        let values: Values =
            values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (ties, droppable) = (Vec::new(), BTreeSet::new());
        let write = Write::Create {
            object_type,
            values,
            ties,
            unless: None,
            droppable,
            seat: None,
            entry: None,
            links_of: None,
        };
        let entry = Entry {
            number: 1,
            action: 1,
            step: 0,
            state: State::Doubt,
            batch: write.batch(),
            target: String::new(),
            due_at: LEFT_AT,
            left_at: Some(LEFT_AT.plus_ms(60_000)),
            first_left_at: Some(LEFT_AT),
            attempts,
            doubted: true,
            keyed: None,
            result: None,
            note: None,
            content: String::new(),
            action_id: ActionId::from_random([7; 12]),
        };
        Ready { entry, write }
    }

    /// A record of HubSpot's, so long after the write left.
    fn record(after_ms: i64, properties: &serde_json::Value) -> String {
        let at = LEFT_AT.plus_ms(after_ms).to_rfc3339();
        serde_json::json!({ "id": "7", "properties": properties, "createdAt": at, "updatedAt": at, "archived": false })
            .to_string()
    }

    #[test]
    fn a_contact_of_the_address_is_ours_by_evidence_alone() {
        let contact = |attempts| {
            create(ObjectType::Contacts, &[("email", "a@b.example"), ("size", "5"), ("city", "")], attempts)
        };
        let same = serde_json::json!({ "email": "a@b.example", "size": "5.0" });
        let how = |ready: &Ready, refused: bool, after_ms: i64, properties: &serde_json::Value| {
            let text = record(after_ms, properties);
            whose(ready, refused, &objects::parse_record(text.as_bytes()).unwrap())
        };
        assert_eq!(how(&contact(1), false, 0, &same), Done::Arrived);
        assert_eq!(how(&contact(1), false, -1, &same), Done::Found, "it is older");
        assert_eq!(how(&contact(1), true, 5, &same), Done::Found, "all that left was refused");
        assert_eq!(how(&contact(2), true, 5, &same), Done::Arrived, "the first may have made it");
        let other = serde_json::json!({ "email": "a@b.example", "size": "6" });
        assert_eq!(how(&contact(1), false, 5, &other), Done::Unsure);
        let merged =
            serde_json::json!({ "email": "a@b.example", "size": "5", "hs_merged_object_ids": "5;6" });
        assert_eq!(how(&contact(1), false, 5, &merged), Done::Unsure);
        assert_eq!(how(&contact(1), true, 5, &merged), Done::Found);
        let by_hand =
            serde_json::json!({ "email": "a@b.example", "size": "5", "hs_object_source": "CRM_UI" });
        assert_eq!(how(&contact(1), false, 5, &by_hand), Done::Found);
        let by_app =
            serde_json::json!({ "email": "a@b.example", "size": "5", "hs_object_source": "INTEGRATION" });
        assert_eq!(how(&contact(1), false, 5, &by_app), Done::Arrived);
    }

    #[test]
    fn activities_are_told_apart_by_time_and_words() {
        let note = |words: &str| {
            let values = [("hs_timestamp", "2026-11-30T09:00:00.000Z"), ("hs_note_body", words)];
            create(ObjectType::Notes, &values, 1).write
        };
        let theirs = serde_json::json!({ "hs_timestamp": "1796029200000", "hs_note_body": "Hi" });
        let text = record(0, &theirs);
        let read = objects::parse_record(text.as_bytes()).unwrap();
        assert!(is_it(&note("Hi"), &read.properties));
        assert!(!is_it(&note("Ho"), &read.properties));
        assert_eq!(told_apart_by(&note("Hi")), told_apart_by(&note("Hi")));
        assert_ne!(told_apart_by(&note("Hi")), told_apart_by(&note("Ho")));
    }
}

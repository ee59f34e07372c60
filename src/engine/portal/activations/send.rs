//! Sending: marks become the difference between what is said of a contact and what it holds, and that becomes a call.
//!
//! A contact holds what the mirror says, and in its place what has left for it and was not read yet: but where a call came to nothing, or its
//! answer may have been lost, nobody knows, and what is said is written whatever it holds. A contact that is known by several addresses is a
//! member where one of them is, and has the value that is said of the first of them.
//!
//! | refusal | what follows |
//! |---|---|
//! | of one contact for what is to be written | people are told; it is tried again when something changes, or when somebody asks |
//! | of one contact as it is gone | it is read, and its marks wait |
//! | of a property that HubSpot does not know | the fields are read, and its marks wait |
//! | of a call for what is to be written | it goes in halves, until the one stands alone that it is refused for |
//! | of a right | all wait an hour, and people are told |
//! | anything for a limit, an overload, a lock; no answer | all wait; writing a property twice is as good as once |

use std::collections::{BTreeMap, BTreeSet};

use super::{Attribute, Call, Item, KIND, SENDING, addresses, pause_ms};
use crate::{
    engine::portal::{
        Effect, InFlight, Job, Portal, Turn,
        answers::parsed,
        beside::NO_STREAM,
        matching::{self, Person},
        plan::Urgency,
    },
    hubspot::{
        Malformed,
        objects::Properties,
        rejection::{self, Class, Rejection},
        writes::{self, BATCH_LIMIT, BatchWritten, Edit, Upsert, Values},
    },
    store::{
        portal::{
            activations::{self as store, Mark, Said},
            dirty, echoes, records,
        },
        sql::SqlError,
    },
    values::{
        attribute::{AttributeKind, MEMBER, NO_MEMBER, Unknown},
        http::{Outcome, Request, Response},
        ids::RecordId,
        property_value::{self, Definition},
        time::{HOUR_MS, MINUTE_MS},
    },
};

/// Marks looked at together: with some 50 µs each a webhook waits 10 ms.
const PIECE: usize = 200;
/// How often that is done in one turn, where nothing differs.
const PIECES: u32 = 4;
/// How long a contact that nobody knows waits while checks for changes are behind.
const BEHIND_MS: i64 = MINUTE_MS;
/// How long until the rest is looked at, where a turn has done enough.
const ON_MS: i64 = 1;
/// How often a contact is tried for which HubSpot does not know a property that it has.
const ATTEMPTS: u32 = 6;

/// What is wanted of contacts, for one turn.
struct Wanted {
    /// Of each attribute that is written its definition, by our numbers.
    attributes: BTreeMap<i64, (AttributeKind, Definition)>,
    /// Those for which unknown contacts are made.
    creating: BTreeSet<i64>,
}

/// A contact, or an address nobody has, with its marks.
#[derive(Default)]
struct Marked {
    marks: Vec<String>,
    failed: u32,
    emails: Vec<String>,
}

/// Marks by what they are of.
struct TakenApart {
    contacts: BTreeMap<RecordId, Marked>,
    /// Addresses that no contact has.
    unknown: BTreeMap<String, Marked>,
    /// Marks of records that are none any more, and of whoever is kept out.
    gone: Vec<String>,
}

impl Portal {
    /// What to do next for activations, and how urgent it is.
    #[inline(never)]
    pub(in crate::engine::portal) fn next_of_activations(
        &mut self,
        turn: &mut Turn<'_>,
    ) -> Result<Option<(Urgency, usize, Job)>, SqlError> {
        if !self.activations.is_used() {
            return Ok(None);
        }
        if let Some(call) = self.next_property_call(turn) {
            return Ok(Some((Urgency::Automation, NO_STREAM, Job::Activate(call))));
        }
        let own = &self.activations;
        let sends = own.stirred || own.waits_until.is_some_and(|at| at <= turn.now);
        let pauses = own.paused_until.is_some_and(|at| at > turn.now);
        let calls = self.activation_in_flight().filter(|(_, call)| !call.is_of_property()).count();
        if !sends || pauses || calls >= SENDING || own.wanted().is_empty() {
            return Ok(None);
        }
        if self.activation_waits(turn)?.is_some() {
            return Ok(None);
        }
        self.activations.stirred = true;
        self.activations.paused_until = None;
        let wanted = self.wanted_of_contacts();
        for _ in 0..PIECES {
            let found = match self.sift(turn, &wanted)? {
                Sifted::Nothing => {
                    // Marks of what is under way need not wait: the end of the call stirs them.
                    self.activations.stirred = false;
                    self.activations.waits_until = store::next_at(turn.sql)?.filter(|at| *at > turn.now);
                    None
                }
                Sifted::Settled => continue,
                Sifted::Call(call) => Some(call),
            };
            self.activations.save_syncs(turn)?;
            return Ok(found.map(|call| (Urgency::Automation, NO_STREAM, Job::Activate(call))));
        }
        self.activations.save_syncs(turn)?;
        self.activations.paused_until = Some(turn.now.plus_ms(ON_MS));
        Ok(None)
    }

    fn wanted_of_contacts(&self) -> Wanted {
        let wanted = self.activations.wanted();
        let ready = |(number, own): &(&i64, &Attribute)| {
            wanted.contains(number) && self.is_ready(own) && !own.saved.misfit
        };
        let attributes = self.activations.attributes.iter().filter(ready);
        let attributes = attributes.map(|(number, own)| (*number, (own.saved.kind, own.definition())));
        let creating = self.activations.all.values();
        let creating = creating.filter(|own| !own.paused && own.unknown == Unknown::Create);
        let creating = creating.flat_map(super::Activation::selects).collect();
        Wanted { attributes: attributes.collect(), creating }
    }

    /// Looks at the first marks: whoever differs becomes a call, all others are settled.
    fn sift(&mut self, turn: &mut Turn<'_>, wanted: &Wanted) -> Result<Sifted, SqlError> {
        let (mut flying, mut flying_records) = (BTreeSet::new(), BTreeSet::new());
        for item in self.activation_in_flight().flat_map(|(_, call)| call.items()) {
            flying.extend(item.marks.iter().cloned());
            flying_records.extend(item.record);
        }
        let picked = store::pick(turn.sql, turn.now, flying.len() + PIECE)?;
        let picked: Vec<Mark> =
            picked.into_iter().filter(|mark| !flying.contains(&mark.whom)).take(PIECE).collect();
        if picked.is_empty() {
            return Ok(Sifted::Nothing);
        }
        let asked_at = self.tick(turn.now);
        let TakenApart { mut contacts, unknown, gone: mut settled } = self.by_contact(turn, &picked)?;
        let mut accepted = Vec::new();
        let ids: Vec<RecordId> = contacts.keys().copied().collect();
        let waited = echoes::of(turn.sql, KIND, &ids)?;
        let old: BTreeSet<RecordId> =
            echoes::older(turn.sql, KIND, &ids, self.activations.loaded_at)?.into_iter().collect();
        let live = records::live_by_ids(turn.sql, KIND, &ids)?;
        let held: BTreeMap<RecordId, Properties<'_>> = live
            .iter()
            .map(|live| (live.id, Properties::parse(&live.properties).unwrap_or_default()))
            .collect();
        for (id, marked) in &mut contacts {
            let own = held.get(id);
            let value = |name: &str| own.and_then(|properties| properties.get(name));
            marked.emails = addresses(value("email"), value("hs_additional_emails"));
        }
        let emails: BTreeSet<&str> = contacts
            .values()
            .chain(unknown.values())
            .flat_map(|marked| &marked.emails)
            .map(String::as_str)
            .collect();
        let mut said: BTreeMap<String, Vec<Said>> = BTreeMap::new();
        for own in store::said_of(turn.sql, &emails.into_iter().collect::<Vec<_>>())? {
            said.entry(own.email.clone()).or_default().push(own);
        }
        let share = self.activations.share.clamp(1, BATCH_LIMIT);
        let mut items = Vec::new();
        let nothing = echoes::Written::new();
        for (id, marked) in contacts {
            if flying_records.contains(&id) {
                // Its call settles one of its marks; the others are looked at when that is over.
                continue;
            }
            let says = wanted.said_of(&marked.emails, &said);
            let doubted =
                old.contains(&id) || marked.marks.iter().any(|whom| self.activations.doubted.contains(whom));
            let waited = waited.get(&id).unwrap_or(&nothing);
            let (values, mut about) = wanted.difference(&says, held.get(&id), waited, doubted);
            about.extend(says.keys());
            if values.is_empty() {
                self.activations.tally(&about, |sync| sync.in_step += 1);
                accepted.extend(marked.emails);
                accepted.push(store::of_record(id));
                settled.extend(marked.marks);
                continue;
            }
            if items.len() < share {
                let whom = marked.emails.first().cloned().unwrap_or_else(|| store::of_record(id));
                let Marked { marks, failed, .. } = marked;
                items.push(Item { record: Some(id), marks, whom, values, about, failed });
            }
        }
        let behind = self.is_behind(turn, KIND);
        let (mut new, mut waits) = (Vec::new(), Vec::new());
        for (email, marked) in unknown {
            let says = wanted.said_of(&marked.emails, &said);
            let about: BTreeSet<i64> = says.keys().copied().collect();
            let creates = about.iter().any(|attribute| wanted.creating.contains(attribute));
            if !creates {
                if !about.is_empty() {
                    self.activations.tally(&about, |sync| sync.skipped += 1);
                }
                accepted.push(email);
                settled.extend(marked.marks);
            } else if behind {
                waits.extend(marked.marks);
            } else if new.len() < share {
                let names = says.iter().filter_map(|(attribute, value)| {
                    let (_, definition) = wanted.attributes.get(attribute)?;
                    Some((definition.name.clone(), value.clone()))
                });
                let values: Values = names.collect();
                let Marked { marks, failed, .. } = marked;
                new.push(Item { record: None, marks, whom: email, values, about, failed });
            }
        }
        self.settle_marks(turn, &settled, &accepted, asked_at)?;
        if !waits.is_empty() {
            let waits: Vec<&str> = waits.iter().map(String::as_str).collect();
            store::wait(turn.sql, &waits, asked_at, turn.now.plus_ms(BEHIND_MS))?;
        }
        Ok(match (items.is_empty(), new.is_empty()) {
            (false, _) => Sifted::Call(Call::Update(items)),
            (true, false) => Sifted::Call(Call::Upsert(new)),
            (true, true) if settled.is_empty() && waits.is_empty() => Sifted::Nothing,
            (true, true) => Sifted::Settled,
        })
    }

    /// Marks by the contact that they are of, by the address of those nobody knows, and of records that are none any more.
    fn by_contact(&self, turn: &Turn<'_>, picked: &[Mark]) -> Result<TakenApart, SqlError> {
        let (of_records, of_addresses): (Vec<&Mark>, Vec<&Mark>) =
            picked.iter().partition(|mark| mark.record().is_some());
        let people: Vec<Person> = of_addresses
            .iter()
            .map(|mark| Person { email: mark.whom.clone(), ..Person::default() })
            .collect();
        let kept_out =
            |id: RecordId, properties: &Properties<'_>| self.blocks.keeps_out(KIND, id, properties);
        let found = matching::contacts(turn.sql, &people, &kept_out)?;
        let (mut contacts, mut unknown) = (BTreeMap::<RecordId, Marked>::new(), BTreeMap::new());
        let mut gone = Vec::new();
        let add = |marked: &mut Marked, mark: &Mark| {
            marked.marks.push(mark.whom.clone());
            marked.failed = marked.failed.max(mark.failed);
        };
        for (mark, found) in of_addresses.into_iter().zip(&found) {
            match found.chosen() {
                Some(id) => add(contacts.entry(id).or_default(), mark),
                // Of whoever is kept out nothing is written.
                None if self.blocks.has_email(&mark.whom) => gone.push(mark.whom.clone()),
                None => {
                    let marked: &mut Marked = unknown.entry(mark.whom.clone()).or_default();
                    marked.emails.push(mark.whom.clone());
                    add(marked, mark);
                }
            }
        }
        let ids: Vec<RecordId> = of_records.iter().filter_map(|mark| mark.record()).collect();
        let live: BTreeSet<RecordId> =
            records::live_by_ids(turn.sql, KIND, &ids)?.into_iter().map(|live| live.id).collect();
        for mark in of_records {
            match mark.record().filter(|id| live.contains(id) && !self.blocks.has(KIND, *id)) {
                Some(id) => add(contacts.entry(id).or_default(), mark),
                None => gone.push(mark.whom.clone()),
            }
        }
        Ok(TakenApart { contacts, unknown, gone })
    }

    fn settle_marks(
        &mut self,
        turn: &Turn<'_>,
        settled: &[String],
        accepted: &[String],
        asked_at: i64,
    ) -> Result<(), SqlError> {
        for whom in settled {
            self.activations.doubted.remove(whom);
        }
        let settled: Vec<&str> = settled.iter().map(String::as_str).collect();
        store::clear(turn.sql, &settled, asked_at)?;
        if !accepted.is_empty() {
            let accepted: Vec<&str> = accepted.iter().map(String::as_str).collect();
            store::accept(turn.sql, &accepted)?;
        }
        Ok(())
    }

    /// What a call asks of HubSpot.
    pub(in crate::engine::portal) fn activation_request(
        &self,
        turn: &Turn<'_>,
        call: &Call,
    ) -> Result<Option<Request>, SqlError> {
        let Some(tokens) = &self.tokens else { return Ok(None) };
        let request = match call {
            Call::Update(items) => {
                let edits: Vec<Edit<'_>> = items
                    .iter()
                    .filter_map(|item| {
                        let id = item.record?;
                        Some(Edit { trace: id.to_string(), id, values: &item.values })
                    })
                    .collect();
                writes::update(KIND, &edits)
            }
            Call::Upsert(items) => {
                let upsert = |(place, item): (usize, &'_ Item)| (place.to_string(), item.whom.clone());
                let named: Vec<(String, String)> = items.iter().enumerate().map(upsert).collect();
                let upserts: Vec<Upsert<'_>> = named
                    .iter()
                    .zip(items)
                    .map(|((trace, email), item)| Upsert {
                        trace: trace.clone(),
                        email,
                        values: &item.values,
                    })
                    .collect();
                writes::upsert(&upserts)
            }
            Call::Group { .. } | Call::Make { .. } | Call::Change { .. } | Call::Archive { .. } => {
                match self.property_request(turn, call)? {
                    Some(request) => request,
                    None => return Ok(None),
                }
            }
        };
        Ok(Some(Request { bearer: Some(tokens.access.clone()), ..request }))
    }

    /// A call leaves: what it writes is on its way.
    pub(in crate::engine::portal) fn activation_leaves(
        &mut self,
        turn: &Turn<'_>,
        call: &Call,
    ) -> Result<(), SqlError> {
        let written: Vec<(RecordId, Values)> =
            call.items().iter().filter_map(|item| Some((item.record?, item.values.clone()))).collect();
        if !written.is_empty() {
            echoes::put_all(turn.sql, KIND, &written, turn.now)?;
        }
        let about: BTreeSet<i64> = call.items().iter().flat_map(|item| item.about.iter().copied()).collect();
        self.activations.tally(&about, |sync| sync.calls += 1);
        self.activations.save_syncs(turn)
    }

    /// A call for activations came to its end.
    #[inline(never)]
    pub(in crate::engine::portal) fn activated(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        call: &Call,
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        self.activations.stir();
        let rejection = match rejection::classify(outcome, turn.now) {
            Ok(response) => match self.activation_taken(turn, in_flight, call, response, effects)? {
                Ok(()) => {
                    self.activations.save_syncs(turn)?;
                    return self.connection_well(turn);
                }
                Err(Malformed(what)) => {
                    effects.push(Effect::Log(format!("HubSpot's answer is not {what}")));
                    Rejection::malformed(response)
                }
            },
            Err(rejection) => rejection,
        };
        effects.push(Effect::Log(format!("{rejection}")));
        if call.is_of_property() {
            return self.property_refused(turn, in_flight, call, &rejection, effects);
        }
        // Whether some of it has arrived, and what of it, nobody knows.
        let doubted = call.items().iter().flat_map(|item| item.marks.iter().cloned());
        self.activations.doubted.extend(doubted);
        if self.hindered(turn, in_flight, &rejection, effects)? {
            return Ok(());
        }
        match &rejection.class {
            Class::Forbidden { .. } | Class::WrongTokenKind => {
                self.activations.trouble = Some(rejection.words());
                self.activations.paused_until = Some(turn.now.plus_ms(HOUR_MS));
            }
            _ if rejection.is_about_the_request() => {
                if let [item] = call.items() {
                    self.item_refused(turn, in_flight, item, &rejection, effects)?;
                    self.activations.share = BATCH_LIMIT;
                } else {
                    self.activations.share = (call.items().len() / 2).max(1);
                }
            }
            _ => {
                self.activations.failures += 1;
                let wait = pause_ms(self.activations.failures);
                self.activations.trouble = Some(rejection.words());
                self.activations.paused_until = Some(turn.now.plus_ms(wait));
            }
        }
        self.activations.save_syncs(turn)
    }

    /// A success; `Err`: its body is not what it should be.
    fn activation_taken(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        call: &Call,
        response: &Response,
        effects: &mut Vec<Effect>,
    ) -> Result<Result<(), Malformed>, SqlError> {
        if call.is_of_property() {
            self.property_done(turn, call, effects)?;
            return Ok(Ok(()));
        }
        let batch = parsed!(writes::parse_batch(&response.body, turn.now));
        let made = match call {
            Call::Upsert(_) => writes::parse_made(&response.body),
            _ => BTreeSet::new(),
        };
        if batch.done.is_empty() && batch.refused.is_empty() {
            // An answer that says nothing of anybody.
            return Ok(Err(Malformed("the answer to a batch")));
        }
        (self.activations.failures, self.activations.trouble) = (0, None);
        self.activations.share = (self.activations.share * 2).min(BATCH_LIMIT);
        for (place, item) in call.items().iter().enumerate() {
            self.item_ended(turn, in_flight, (place, item), &batch, &made, effects)?;
        }
        Ok(Ok(()))
    }

    fn item_ended(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        (place, item): (usize, &Item),
        batch: &BatchWritten,
        made: &BTreeSet<RecordId>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let trace = item.record.map_or_else(|| place.to_string(), |id| id.to_string());
        let done = batch.done.iter().find(|written| match &written.trace {
            Some(told) => *told == trace,
            None => Some(written.id) == item.record,
        });
        let refused = batch.refused.iter().find(|entry| {
            entry.traces.contains(&trace) || item.record.is_some_and(|id| entry.ids.contains(&id))
        });
        match (done, refused) {
            (Some(written), _) => {
                let created = made.contains(&written.id);
                if item.record.is_none() {
                    self.met(turn, written.id, item)?;
                }
                self.activations.tally(&item.about, |sync| {
                    if created {
                        sync.created += 1;
                    } else {
                        sync.written += 1;
                    }
                });
                let accepted = [item.whom.clone(), item.record.map(store::of_record).unwrap_or_default()];
                self.settle_marks(turn, &item.marks, &accepted, in_flight.asked_at)
            }
            (None, Some(entry)) => {
                self.activations.doubted.extend(item.marks.iter().cloned());
                self.item_refused(turn, in_flight, item, &entry.rejection, effects)
            }
            // An id that was merged away may be missing altogether.
            (None, None) => {
                self.activations.doubted.extend(item.marks.iter().cloned());
                self.reread_item(turn, in_flight, item)
            }
        }
    }

    /// A contact that nobody here knew is there: it is read.
    fn met(&mut self, turn: &Turn<'_>, id: RecordId, item: &Item) -> Result<(), SqlError> {
        if self.blocks.has_email(&item.whom) {
            return Ok(());
        }
        if records::known(turn.sql, KIND, &[id], None)?.is_empty() {
            echoes::put(turn.sql, KIND, id, &item.values, turn.now)?;
        }
        self.mark_to_read(turn, id)
    }

    fn mark_to_read(&mut self, turn: &Turn<'_>, id: RecordId) -> Result<(), SqlError> {
        let generation = self.tick(turn.now);
        if let Some(running) = self.streams.iter_mut().find(|running| running.saved.object_type == KIND) {
            running.marked = true;
            dirty::mark(turn.sql, KIND, &[id], generation, false, false)?;
        }
        Ok(())
    }

    /// HubSpot does not have the record: it is read, and its marks wait for that.
    fn reread_item(&mut self, turn: &Turn<'_>, in_flight: &InFlight, item: &Item) -> Result<(), SqlError> {
        if let Some(id) = item.record {
            self.mark_to_read(turn, id)?;
        }
        self.put_off_item(turn, in_flight, item)
    }

    fn put_off_item(&self, turn: &Turn<'_>, in_flight: &InFlight, item: &Item) -> Result<(), SqlError> {
        let marks: Vec<&str> = item.marks.iter().map(String::as_str).collect();
        let until = turn.now.plus_ms(pause_ms(item.failed + 1));
        store::wait(turn.sql, &marks, in_flight.asked_at, until)
    }

    /// HubSpot refused to write one contact.
    fn item_refused(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        item: &Item,
        rejection: &Rejection,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let no_property = matches!(
            &rejection.class,
            Class::Rejected { codes, .. } if codes.iter().any(|code| code == "PROPERTY_DOESNT_EXIST")
        );
        if rejection.class == Class::Gone {
            return self.reread_item(turn, in_flight, item);
        }
        if no_property && item.failed < ATTEMPTS {
            if self.contacts().is_some_and(|running| !running.saved.fields_due) {
                self.read_fields_anew(turn, effects)?;
            }
            return self.put_off_item(turn, in_flight, item);
        }
        if !rejection.is_about_the_request() {
            return self.put_off_item(turn, in_flight, item);
        }
        if let Some(id) = item.record {
            // What is on its way to it is not this.
            let waited = echoes::of(turn.sql, KIND, &[id])?.remove(&id).unwrap_or_default();
            let left: Values =
                waited.into_iter().filter(|(name, _)| !item.values.contains_key(name)).collect();
            echoes::leave(turn.sql, KIND, id, &left)?;
            self.mark_to_read(turn, id)?;
        }
        let marks: Vec<&str> = item.marks.iter().map(String::as_str).collect();
        if store::marked(turn.sql, &marks)?.is_empty() {
            // Nothing is kept of who was erased meanwhile.
            return Ok(());
        }
        self.activations.tally(&item.about, |sync| sync.refused += 1);
        store::refuse(turn.sql, &[&item.whom], &rejection.words(), turn.now)?;
        self.settle_marks(turn, &item.marks, &[], in_flight.asked_at)
    }
}

/// What became of marks.
enum Sifted {
    /// There are none that need not wait.
    Nothing,
    /// None of them differs.
    Settled,
    /// These differ.
    Call(Call),
}

impl Wanted {
    /// What is said of somebody by their addresses, of which the first counts.
    fn said_of(&self, emails: &[String], said: &BTreeMap<String, Vec<Said>>) -> BTreeMap<i64, String> {
        let mut all = BTreeMap::new();
        for own in emails.iter().filter_map(|email| said.get(email)).flatten() {
            if self.attributes.contains_key(&own.attribute) {
                all.entry(own.attribute).or_insert_with(|| own.value.clone());
            }
        }
        all
    }

    /// What is to be written to somebody, and of which attributes.
    fn difference(
        &self,
        says: &BTreeMap<i64, String>,
        held: Option<&Properties<'_>>,
        waited: &echoes::Written,
        doubted: bool,
    ) -> (Values, BTreeSet<i64>) {
        let (mut values, mut about) = (Values::new(), BTreeSet::new());
        for (attribute, (kind, definition)) in &self.attributes {
            let name = definition.name.as_str();
            let on_its_way = waited.get(name).map(String::as_str);
            let mirrored = held.and_then(|properties| properties.get(name));
            let holds = on_its_way.or(mirrored).unwrap_or_default();
            let unsure = doubted && on_its_way.is_some();
            let wants = match says.get(attribute) {
                Some(value) => value.as_str(),
                None if kind.is_audience() => {
                    // Whoever never was a member holds nothing, and that is left so.
                    if !unsure && !property_value::same(definition, holds, MEMBER) {
                        continue;
                    }
                    NO_MEMBER
                }
                None => "",
            };
            if unsure || !property_value::same(definition, holds, wants) {
                values.insert(name.to_owned(), wants.to_owned());
                about.insert(*attribute);
            }
        }
        (values, about)
    }
}

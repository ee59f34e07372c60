//! Sending: what leaves next, and what an answer means.
//!
//! | refusal | what follows |
//! |---|---|
//! | of one contact for what is to be written | people are told; it is tried again when something changes, or when somebody asks |
//! | of one contact as it is gone | it is read, and its marks wait |
//! | of a property that HubSpot does not know | the fields are read, and its marks wait |
//! | of a call for what is to be written | it goes in halves, until the one stands alone that it is refused for |
//! | of a right | all wait an hour, and people are told |
//! | anything for a limit, an overload, a lock; no answer | all wait; writing a property twice is as good as once |

use std::collections::BTreeSet;

use super::{Call, Item, KIND, SENDING, difference::Sifted, pause_ms};
use crate::{
    engine::limiter::messages::Window,
    engine::portal::{
        Effect, InFlight, Job, Portal, Turn, answers::parsed, beside::NO_STREAM, plan::Urgency,
    },
    hubspot::{
        Malformed, properties,
        rejection::{self, Class, Rejection},
        writes::{self, BATCH_LIMIT, BatchWritten, Edit, Upsert, Values},
    },
    store::{
        portal::{activations as store, dirty, echoes, records},
        sql::SqlError,
    },
    values::{
        http::{Outcome, Request, Response},
        ids::RecordId,
        time::HOUR_MS,
    },
};

/// How often marks are looked at in one turn, where nothing differs.
const PIECES: u32 = 4;
/// How long until the rest is looked at, where a turn has done enough.
const ON_MS: i64 = 1;
/// How often a contact is tried for which HubSpot does not know a property that it has.
const ATTEMPTS: u32 = 6;

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
        // Who differs is found out when it can leave: not over and over while a permit is asked for, or none can be had.
        let asked = self.permits.asking() || self.full_until(Window::Core, turn.now).is_some();
        if asked && !self.permits.holds(Window::Core, turn.now) {
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
                Sifted::Held => None,
                Sifted::Call(call) => Some(call),
            };
            self.activations.save_syncs(turn)?;
            return Ok(found.map(|call| (Urgency::Automation, NO_STREAM, Job::Activate(call))));
        }
        self.activations.save_syncs(turn)?;
        self.activations.paused_until = Some(turn.now.plus_ms(ON_MS));
        Ok(None)
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
            if !matches!(call, Call::Archive { .. }) {
                parsed!(properties::parse_defined(&response.body));
            }
            self.property_done(turn, call, effects)?;
            return Ok(Ok(()));
        }
        let batch = parsed!(writes::parse_batch(&response.body, turn.now));
        if batch.done.is_empty() && batch.refused.is_empty() {
            // An answer that says nothing of anybody.
            return Ok(Err(Malformed("the answer to a batch")));
        }
        (self.activations.failures, self.activations.trouble) = (0, None);
        self.activations.share = (self.activations.share * 2).min(BATCH_LIMIT);
        let (mut settled, mut accepted) = (Vec::new(), Vec::new());
        for (place, item) in call.items().iter().enumerate() {
            if self.item_ended(turn, in_flight, (place, item), &batch, effects)? {
                settled.extend_from_slice(&item.marks);
                accepted.push(item.whom.clone());
                accepted.extend(item.record.map(store::of_record));
            }
        }
        self.settle_marks(turn, &settled, &accepted, in_flight.asked_at)?;
        Ok(Ok(()))
    }

    /// What became of one contact; says whether its marks are settled by that.
    fn item_ended(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        (place, item): (usize, &Item),
        batch: &BatchWritten,
        effects: &mut Vec<Effect>,
    ) -> Result<bool, SqlError> {
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
                if item.record.is_none() {
                    self.met(turn, written.id, item)?;
                }
                self.activations.tally(&item.about, |sync| {
                    if written.made {
                        sync.created += 1;
                    } else {
                        sync.written += 1;
                    }
                });
                Ok(true)
            }
            (None, Some(entry)) => {
                self.activations.doubted.extend(item.marks.iter().cloned());
                self.item_refused(turn, in_flight, item, &entry.rejection, effects)?;
                Ok(false)
            }
            // An id that was merged away may be missing altogether.
            (None, None) => {
                self.activations.doubted.extend(item.marks.iter().cloned());
                self.reread_item(turn, in_flight, item)?;
                Ok(false)
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
        Self::put_off_item(turn, in_flight, item)
    }

    fn put_off_item(turn: &Turn<'_>, in_flight: &InFlight, item: &Item) -> Result<(), SqlError> {
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
            return Self::put_off_item(turn, in_flight, item);
        }
        if !rejection.is_about_the_request() {
            return Self::put_off_item(turn, in_flight, item);
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

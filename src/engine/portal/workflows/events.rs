//! Events: taken in once each, and held against the workflows that they begin once the mirror can tell whom they are of.

use super::{AT_ONCE, Mode, PAUSED_WORDS, PENDING_LIMIT, commands::Received, enrol::Candidate, log::Record};
use crate::{
    engine::{
        portal::{Portal, Turn, matching::WhyNot},
        workflow::{Event, Trigger},
    },
    store::{
        portal::workflows::events::{self as store, New, Pending},
        sql::SqlError,
    },
    values::{ids::ObjectType, json, phone::Phone, time::Timestamp},
};

/// The event whose route is asked by telephone number: workflows for it have numbers indexed before the first call comes.
const CALL: &str = "incoming_call";

impl Portal {
    /// Whether an event is of somebody who is kept out.
    pub(super) fn is_of_kept_out(&self, event: &Event) -> bool {
        let by_record = event.record.is_some_and(|own| self.blocks.has(own.object_type, own.id));
        by_record || event.email.as_deref().is_some_and(|email| self.blocks.has_email(email))
    }

    /// Takes an event in.
    pub(super) fn receive_event(
        &mut self,
        turn: &Turn<'_>,
        event: &Event,
        room: &mut u32,
    ) -> Result<Received, SqlError> {
        if self.is_of_kept_out(event) {
            return Ok(Received::KeptOut);
        }
        if *room == 0 {
            return Ok(Received::Full);
        }
        let content = serde_json::to_string(event).map_err(|_| SqlError::Content("workflow_events"))?;
        let contact = event.record.filter(|own| own.object_type == ObjectType::Contacts).map(|own| own.id);
        let new = New {
            key: &event.id,
            email: event.email.as_deref(),
            phone: event.phone.as_deref().and_then(Phone::parse).map(|number| number.key()),
            contact,
            content: &content,
        };
        if !store::add(turn.sql, &new, turn.now)? {
            return Ok(Received::Duplicate);
        }
        *room -= 1;
        self.workflows.used = true;
        if self.goes_by_phone(event) {
            self.want_phones(turn, true)?;
        }
        Ok(Received::New)
    }

    /// How many more events may wait.
    pub(super) fn room_for_events(turn: &Turn<'_>) -> Result<u32, SqlError> {
        Ok(PENDING_LIMIT.saturating_sub(store::pending_up_to(turn.sql, PENDING_LIMIT)?))
    }

    /// Whether nothing but a number says whom an event of some workflow is of.
    pub(super) fn goes_by_phone(&self, event: &Event) -> bool {
        let begins = |own: &super::Running| own.is_there() && own.event() == Some(event.event.as_str());
        event.phone.is_some()
            && event.email.is_none()
            && event.record.is_none()
            && self.workflows.all.iter().any(begins)
    }

    /// Numbers are indexed as long as something may ask by them.
    pub(super) fn fit_phones(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let in_use = |own: &super::Running| matches!(own.saved.mode, Mode::Enabled | Mode::Paused);
        let mut events =
            self.workflows.all.iter().filter(|own| in_use(own)).filter_map(super::Running::event);
        if events.clone().next().is_none() {
            return self.want_phones(turn, false);
        }
        if events.any(|event| event == CALL) { self.want_phones(turn, true) } else { Ok(()) }
    }

    /// Whether it is known whom an event is of.
    fn may_decide_event(&self, turn: &Turn<'_>, pending: &Pending) -> Result<bool, SqlError> {
        if !self.may_decide(turn)? {
            return Ok(false);
        }
        let by_phone = || json::parse(&pending.content).is_ok_and(|event: Event| self.goes_by_phone(&event));
        Ok(self.phones_not_ready(turn)? != Some(WhyNot::IndexBuilding) || !by_phone())
    }

    /// Whether one can be decided about.
    pub(super) fn events_may_be_decided(&self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        match store::pending(turn.sql, 1)?.first() {
            Some(pending) => self.may_decide_event(turn, pending),
            None => Ok(false),
        }
    }

    /// Decides about some of the events that came; says whether there were any.
    pub(super) fn decide_events(&mut self, turn: &mut Turn<'_>) -> Result<bool, SqlError> {
        let pending = if self.workflows.used { store::pending(turn.sql, AT_ONCE)? } else { Vec::new() };
        let mut decided = Vec::new();
        for one in pending {
            // In the order in which they came: what comes later is of what the earlier one made.
            if !self.may_decide_event(turn, &one)? {
                break;
            }
            let event: Event = json::parse(&one.content).map_err(|_| SqlError::Content("workflow_events"))?;
            self.decide_event(turn, &event, one.received_at)?;
            decided.push(one.number);
        }
        store::decided(turn.sql, &decided)?;
        Ok(!decided.is_empty())
    }

    fn decide_event(
        &mut self,
        turn: &mut Turn<'_>,
        event: &Event,
        received_at: Timestamp,
    ) -> Result<(), SqlError> {
        // Whoever was erased since is nobody.
        if self.is_of_kept_out(event) {
            return Ok(());
        }
        let mut named = None;
        for at in 0..self.workflows.all.len() {
            let running = &self.workflows.all[at];
            let Trigger::Event { event: own, record } = &running.definition.trigger else { continue };
            if *own != event.event || matches!(running.saved.mode, Mode::Draft | Mode::Removed) {
                continue;
            }
            let (record, works, was_paused) = (*record, running.works(), running.was_paused(received_at));
            let name = running.definition.name.clone();
            let mut persons = match &named {
                Some(persons) => persons,
                None => &*named.insert(self.persons_of_event(turn, event)?),
            }
            .clone();
            self.add_related(turn, &mut persons, record, &|_| true)?;
            let began = format!("The event \"{}\" came: {}.", event.event, event.id);
            if works && !was_paused {
                let facts = self.facts_of(turn, record, &persons, Some(event), &|_| true)?;
                let candidate = Candidate { persons, facts: &facts, before: None, event: Some(event), began };
                self.enrol(turn, at, candidate)?;
                continue;
            }
            let mut log = Record::new(&name, began, Some(event.clone()), &persons);
            if was_paused {
                log.why = Some(PAUSED_WORDS.to_owned());
                self.log_only(turn, at, &persons, &log, "skipped")?;
            } else {
                self.begin_later(turn, at, &persons, event, log)?;
            }
        }
        Ok(())
    }
}

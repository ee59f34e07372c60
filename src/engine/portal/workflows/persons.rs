//! Runs of one person: nothing of somebody who is erased stays, and what is held of them can be told.

use serde_json::Value;

use super::log::Record;
use crate::{
    engine::{
        portal::{Portal, Turn, blocks::Whom, signals::addresses},
        workflow::Event,
    },
    hubspot::objects::Properties,
    store::{
        portal::{
            phones,
            records::Stored,
            workflows::{self as store, Person, events, runs},
        },
        sql::SqlError,
    },
    values::{
        ids::{ObjectType, RecordId},
        json,
        phone::Phone,
    },
};

/// Runs of one person that stand in a document about them; how many there are besides is said.
const TOLD: usize = 500;

/// The telephone numbers of contacts.
fn numbers(stored: &[Stored]) -> Vec<Phone> {
    let mut all = Vec::new();
    for row in stored {
        let text = row.properties.as_deref().unwrap_or("{}");
        let properties = Properties::parse(text).unwrap_or_default();
        all.extend(phones::PROPERTIES.into_iter().filter_map(|name| Phone::parse(properties.get(name)?)));
    }
    all
}

impl Portal {
    /// Rows of the runs of a person.
    fn runs_of_person(turn: &Turn<'_>, person: &Person, phones: &[Phone]) -> Result<Vec<i64>, SqlError> {
        let mut all = runs::of_person(turn.sql, person)?;
        let keys: Vec<i64> = phones.iter().map(Phone::key).collect();
        for run in runs::of_phones(turn.sql, &keys)? {
            let record: Record = json::parse(&run.content).map_err(|_| SqlError::Content("workflow_runs"))?;
            if record.event.as_ref().is_some_and(|event| is_of(event, phones)) {
                all.push(run.number);
            }
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// Forgets the runs and events of contacts that are erased, by their ids, addresses and numbers; how many runs those were.
    pub(in crate::engine::portal) fn erase_workflow_runs(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        (ids, emails): (&[RecordId], &[String]),
        stored: &[Stored],
    ) -> Result<usize, SqlError> {
        if !self.workflows.used || kind != ObjectType::Contacts {
            return Ok(0);
        }
        let phones = numbers(stored);
        let person = Person { contacts: ids.to_vec(), emails: emails.to_vec() };
        let own = Self::runs_of_person(turn, &person, &phones)?;
        store::erase(turn.sql, &person, &own)?;
        let keys: Vec<i64> = phones.iter().map(Phone::key).collect();
        let mut pending = Vec::new();
        for one in events::of_phones(turn.sql, &keys)? {
            let event: Event = json::parse(&one.content).map_err(|_| SqlError::Content("workflow_events"))?;
            pending.extend(is_of(&event, &phones).then_some(one.number));
        }
        events::erase(turn.sql, &person, &pending)?;
        self.workflows.count_anew(turn.sql)?;
        Ok(own.len())
    }

    /// The runs of a person, and how many there are besides.
    pub(in crate::engine::portal) fn export_workflow_runs(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        ids: &[RecordId],
        stored: &[Stored],
        whom: &Whom,
    ) -> Result<(Vec<Value>, usize), SqlError> {
        if kind != ObjectType::Contacts {
            return Ok((Vec::new(), 0));
        }
        let mut emails = addresses(stored);
        if let Whom::Email(email) = whom {
            emails.push(email.trim().to_lowercase());
        }
        let person = Person { contacts: ids.to_vec(), emails };
        let own = Self::runs_of_person(turn, &person, &numbers(stored))?;
        let some: Vec<i64> = own.iter().copied().take(TOLD).collect();
        let mut all = Vec::new();
        for run in runs::numbered(turn.sql, &some)? {
            let mut shown = self.shown_workflow_run(&run)?;
            let record: Record = json::parse(&run.content).map_err(|_| SqlError::Content("workflow_runs"))?;
            shown["event_sent"] = serde_json::json!(record.event);
            all.push(shown);
        }
        Ok((all, own.len().saturating_sub(TOLD)))
    }
}

/// Whether an event is of one of these numbers.
fn is_of(event: &Event, phones: &[Phone]) -> bool {
    let own = event.phone.as_deref().and_then(Phone::parse);
    own.is_some_and(|own| phones.iter().any(|phone| own.is_same(phone)))
}

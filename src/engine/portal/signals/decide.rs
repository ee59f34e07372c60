//! What follows from a signal: whom it is about, which lists it is of, and which automations begin.

use std::collections::BTreeMap;

use super::{
    AT_ONCE, Discovered, OPEN_RUNS,
    log::{self, Chosen, Decided, Kept, OfList, Record},
    persons::record_name,
};
use crate::{
    engine::{
        portal::{
            Portal, Turn,
            channels::held::Held,
            matching::{self, WhyNot},
        },
        signal::{Facts, Per, Signal},
    },
    hubspot::objects::Properties,
    store::{
        portal::{
            records,
            signals::{self as store, Run, acts},
        },
        sql::SqlError,
    },
    values::{
        filter::Context,
        ids::{ObjectType, RecordId, RunId},
        json,
    },
};

/// Of a type that the connection may not read nobody knows who is there.
const NOT_MIRRORED: &str =
    "The connection may not read these records: grant it the scope that its page names.";
const NO_ACCOUNT: &str = "The signal names no domain of an account.";
const NO_VISITOR: &str = "The signal names no address of a visitor.";

/// A list with what is wrong with it, asked about all signals of a slice.
pub(super) struct Asking {
    pub(super) fields: Discovered,
    pub(super) trouble: Option<String>,
}

impl Portal {
    /// Whether it is known which records somebody is: not while the mirror is read for the first time.
    pub(in crate::engine::portal) fn may_decide(&self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        if self.blocks.locked() {
            return Ok(false);
        }
        for kind in [ObjectType::Companies, ObjectType::Contacts] {
            if self.not_ready(turn, kind)? == Some(WhyNot::IndexBuilding) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Decides about some of the signals that came; says whether there were any.
    pub(super) fn decide_signals(&mut self, turn: &mut Turn<'_>) -> Result<bool, SqlError> {
        if !self.may_decide(turn)? || store::open_up_to(turn.sql, OPEN_RUNS)? >= OPEN_RUNS {
            return Ok(false);
        }
        // Those that waited for a list are older.
        let decide = self.lists_that_decide();
        let mut pending = store::waiting_for(turn.sql, &decide, AT_ONCE)?;
        if pending.is_empty() {
            pending = store::pending(turn.sql, AT_ONCE)?;
        }
        let Some(context) = self.channel_context(turn).filter(|_| !pending.is_empty()) else {
            return Ok(false);
        };
        let asking = self.asking(turn)?;
        let mut kept: Vec<Kept> =
            pending.iter().map(|row| store::read(&row.content)).collect::<Result<_, _>>()?;
        let signals: Vec<&Signal> = kept.iter().map(|kept| &kept.signal).collect();
        let chosen = self.whom(turn, &signals)?;
        for ((row, kept), (company, contact)) in pending.iter().zip(&mut kept).zip(chosen) {
            let facts = self.facts_of_signal(turn, &kept.signal, company.record, contact.record)?;
            let waited = if row.pending { Vec::new() } else { store::waits_for(turn.sql, row.number)? };
            let (at, lists) = kept.decided.take().map_or((turn.now, Vec::new()), |own| (own.at, own.lists));
            let mut decided = Decided { at, company, contact, lists };
            for (index, asking) in asking.iter().enumerate() {
                let running = &self.signals.lists[index];
                let list = &running.list;
                if !row.pending && (asking.trouble.is_some() || !waited.contains(&running.saved.id)) {
                    continue;
                }
                let qualifies = asking.trouble.is_none() && list.filter.evaluate(&facts, None, context);
                let conditions = log::findings(list, &asking.fields, &facts, context, qualifies);
                let of_list = OfList {
                    list: running.saved.id.clone(),
                    name: list.name.clone(),
                    qualifies,
                    trouble: asking.trouble.clone(),
                    conditions,
                    at: (!row.pending).then_some(turn.now),
                };
                if asking.trouble.is_some() {
                    store::hold(turn.sql, &of_list.list, row.number)?;
                }
                if qualifies {
                    self.begin_runs(turn, row.number, &kept.signal, &of_list, &decided)?;
                }
                match decided.lists.iter_mut().find(|own| own.list == of_list.list) {
                    Some(own) => *own = of_list,
                    None => decided.lists.push(of_list),
                }
            }
            if !row.pending {
                store::let_go(turn.sql, &decide, row.number)?;
            }
            let contact = decided.contact.record;
            let kept = Kept { signal: kept.signal.clone(), decided: Some(decided) };
            let content = serde_json::to_string(&kept).map_err(|_| SqlError::Content("signals"))?;
            store::decided(turn.sql, row.number, contact, &content)?;
            self.touch_by_signals(turn, contact.as_slice())?;
        }
        Ok(true)
    }

    /// The lists, and what is wrong with each: of one that names a field that is not there any more nobody knows what it says.
    fn asking(&self, turn: &Turn<'_>) -> Result<Vec<Asking>, SqlError> {
        let of =
            |running: &super::RunningList| Self::asking_of(turn, &running.list, running.saved.held.as_ref());
        self.signals.lists.iter().map(of).collect()
    }

    pub(super) fn asking_of(
        turn: &Turn<'_>,
        list: &crate::engine::signal::List,
        held: Option<&Held>,
    ) -> Result<Asking, SqlError> {
        let fields = Discovered::load(turn.sql, list)?;
        let trouble = held.map(|held| held.words.clone());
        Ok(Asking { fields, trouble })
    }

    /// Which company and which contact each signal is of.
    pub(super) fn whom(
        &self,
        turn: &Turn<'_>,
        signals: &[&Signal],
    ) -> Result<Vec<(Chosen, Chosen)>, SqlError> {
        let not_mirrored = |kind| Ok::<_, SqlError>(self.not_ready(turn, kind)?.is_some());
        let (no_companies, no_contacts) =
            (not_mirrored(ObjectType::Companies)?, not_mirrored(ObjectType::Contacts)?);
        let accounts: Vec<_> = signals.iter().map(|signal| signal.account_to_match()).collect();
        let people: Vec<_> = signals.iter().map(|signal| signal.person_to_match()).collect();
        let some: Vec<_> = accounts.iter().flatten().cloned().collect();
        let companies = if no_companies { Vec::new() } else { matching::companies(turn.sql, &some)? };
        let kept_out = |id: RecordId, properties: &Properties<'_>| {
            self.blocks.keeps_out(ObjectType::Contacts, id, properties)
        };
        let some: Vec<_> = people.iter().flatten().cloned().collect();
        let contacts = if no_contacts { Vec::new() } else { matching::contacts(turn.sql, &some, &kept_out)? };
        let (mut companies, mut contacts) = (companies.iter(), contacts.iter());
        let chosen = accounts.iter().zip(&people).map(|(account, person)| {
            let company = match account {
                None => Chosen::none(NO_ACCOUNT),
                Some(_) => companies.next().map_or_else(
                    || Chosen::none(NOT_MIRRORED),
                    |found| Chosen::of(found, ObjectType::Companies),
                ),
            };
            let contact = match person {
                None => Chosen::none(NO_VISITOR),
                Some(_) => contacts.next().map_or_else(
                    || Chosen::none(NOT_MIRRORED),
                    |found| Chosen::of(found, ObjectType::Contacts),
                ),
            };
            (company, contact)
        });
        Ok(chosen.collect())
    }

    /// What is known of a signal and of those records.
    pub(super) fn facts_of_signal(
        &self,
        turn: &Turn<'_>,
        signal: &Signal,
        company: Option<RecordId>,
        contact: Option<RecordId>,
    ) -> Result<Facts, SqlError> {
        let mut facts = Facts::of(signal);
        let values = |kind: ObjectType, id: RecordId| {
            let live =
                if self.mirrors(kind) { records::live_by_ids(turn.sql, kind, &[id])? } else { Vec::new() };
            let text = live.first().map_or("{}", |live| live.properties.as_str());
            // What cannot be read has no values.
            Ok::<BTreeMap<String, String>, SqlError>(json::parse(text).unwrap_or_default())
        };
        if let Some(id) = company {
            facts.set_company(id, values(ObjectType::Companies, id)?);
        }
        if let Some(id) = contact {
            facts.set_contact(id, values(ObjectType::Contacts, id)?);
        }
        Ok(facts)
    }

    /// What the latest signals say that are of a contact, the newest first, without records of HubSpot's.
    pub(in crate::engine::portal) fn latest_signals(
        turn: &Turn<'_>,
        contact: RecordId,
        limit: u32,
    ) -> Result<Vec<Facts>, SqlError> {
        let all = store::latest_of(turn.sql, contact, limit)?;
        all.iter().map(|content| Ok(Facts::of(&store::read::<Kept>(content)?.signal))).collect()
    }

    /// Whom an automation's cool-down is of: by the host's names, and HubSpot's record where there is one.
    pub(super) fn subject(
        per: Per,
        signal: &Signal,
        company: &Chosen,
        contact: &Chosen,
    ) -> (String, Option<String>) {
        let account = signal
            .account_subject()
            .map(|subject| (subject, company.record.map(|id| record_name(ObjectType::Companies, id))));
        let visitor = signal
            .visitor_subject()
            .map(|subject| (subject, contact.record.map(|id| record_name(ObjectType::Contacts, id))));
        let found = match per {
            Per::Account => account.or(visitor),
            Per::Visitor => visitor.or(account),
        };
        found.unwrap_or_default()
    }

    /// Begins a run of each automation of a list, or says why there is none.
    fn begin_runs(
        &self,
        turn: &mut Turn<'_>,
        number: i64,
        signal: &Signal,
        of_list: &OfList,
        decided: &Decided,
    ) -> Result<(), SqlError> {
        let of = self.signals.automations.iter().filter(|running| running.automation.list == of_list.list);
        for running in of {
            let (company, contact) = (decided.company.clone(), decided.contact.clone());
            let (subject, record) = Self::subject(running.automation.per, signal, &company, &contact);
            let why = if running.saved.enabled {
                Self::cools(turn, running, &subject, record.as_deref())?
            } else {
                Some("The automation was paused when the signal came.".to_owned())
            };
            let content = Record {
                automation: running.saved.id.clone(),
                name: running.automation.name.clone(),
                version: running.saved.version,
                list: of_list.list.clone(),
                list_name: of_list.name.clone(),
                conditions: of_list.conditions.clone(),
                read_since: None,
                company,
                contact,
                definition: running.automation.steps.clone(),
                steps: Vec::new(),
                why,
            };
            let mut bytes = [0; 12];
            (turn.random)(&mut bytes);
            let begins = content.why.is_none();
            if begins {
                acts::put(turn.sql, running.number, &subject, record.as_deref(), turn.now)?;
            }
            let run = Run {
                number: 0,
                id: RunId::from_random(bytes),
                automation: running.number,
                signal: number,
                subject,
                record,
                at: turn.now,
                acted: begins,
                state: if begins { "open" } else { "skipped" }.to_owned(),
                action: None,
                due_at: turn.now,
                content: serde_json::to_string(&content).map_err(|_| SqlError::Content("automation_runs"))?,
            };
            store::put_run(turn.sql, &run)?;
        }
        Ok(())
    }
}

/// What a filter is evaluated by while something is tried.
pub(super) fn context_of(portal: &Portal, turn: &Turn<'_>) -> Context {
    let offset = portal.connection.as_ref().map_or(0, |connection| connection.account.utc_offset_ms);
    Context { now: turn.now, utc_offset_ms: offset }
}

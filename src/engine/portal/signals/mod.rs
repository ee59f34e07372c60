//! Intent signals at work: received once, held against the qualifying lists, and what automations do then.
//!
//! Everything is done in bounded slices of the alarm. A signal that came is decided about once the mirror can tell which company and contact
//! it is of ([`decide`]): each list is asked, and each automation of a list that qualifies begins a *run*, of which there is one for a signal
//! at most. A run takes its steps one after the other ([`steps`]): each is an action of the outbox, called by the run and the step, so that
//! asked for twice it is one; the next step begins when the outbox tells how the one before has ended, with the records that it made. A run
//! keeps why it began, whom it is about and what each step came to ([`log`]). A list that cannot be asked stands still, and signals wait for
//! it ([`held`]). When an automation last acted for somebody is kept as long as its cool-down lasts, also beyond the runs ([`cooling`]); the
//! fields that its steps name are there and mirrored ([`super::action_steps`]).
//!
//! Owns the lists and automations (in the database, with a copy in memory), the signals and the runs. What a signal, a list and an
//! automation are is [`crate::engine::signal`]'s.

pub mod commands;
mod cooling;
mod decide;
mod held;
mod log;
mod persons;
mod show;
mod steps;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    engine::{
        portal::{Portal, Turn, channels::held::Held, mappings::definitions},
        signal::{Automation, List, of_subject},
    },
    store::{
        portal::signals::{self as store, acts},
        sql::{Sql, SqlError},
    },
    values::{
        filter::{self, Code, Fault},
        ids::{AutomationId, ObjectType, QualifyingListId},
        json,
        property_value::Definition,
        time::{DAY_MS, Timestamp},
    },
};
pub(in crate::engine::portal) use log::{Chosen, Found};
pub(in crate::engine::portal) use persons::addresses;

/// Most lists of a connection: each is asked about every signal, some microseconds each.
pub const LISTS_LIMIT: usize = 50;
/// Most automations of a connection: as many as lists.
pub const AUTOMATIONS_LIMIT: usize = 50;
/// Most signals of which nothing is decided: twenty requests of a thousand, some seconds' work.
pub const PENDING_LIMIT: u32 = 20_000;
/// Most signals that are kept: at half a kilobyte and a run each, under a gigabyte of ten.
const KEPT: i64 = 500_000;
/// Runs that are open at most before the next signal is decided about: each look at them costs some microseconds each.
const OPEN_RUNS: u32 = 2_000;
/// Signals, and runs, of one slice: with a tenth of a millisecond each a webhook waits 10 ms at most.
const AT_ONCE: u32 = 50;
/// How long a run waits for a step: then a person has had a week to say what became of it.
const RUN_MS: i64 = 7 * DAY_MS;
/// Signals that go at once when they are too old: every hour, so that a quarter of a million a day do.
const FORGET_AT_ONCE: u32 = 10_000;

/// A list, as saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SavedList {
    id: QualifyingListId,
    /// As [`List::to_json`] writes it.
    definition: Value,
    /// Why it decides nothing, if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<Held>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// An automation, as saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SavedAutomation {
    id: AutomationId,
    /// As [`Automation::to_json`] writes it.
    definition: Value,
    /// It does something.
    enabled: bool,
    /// Counts its edits: a run says of which it is.
    version: u32,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Debug)]
struct RunningList {
    saved: SavedList,
    list: List,
    /// When one of its fields was last found missing in an answer.
    doubted_at: Option<Timestamp>,
}

#[derive(Debug)]
struct RunningAutomation {
    number: i64,
    saved: SavedAutomation,
    automation: Automation,
}

/// Signals, lists and automations of a connection at work.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// Oldest first.
    lists: Vec<RunningList>,
    automations: Vec<RunningAutomation>,
    /// Something may be to be done.
    stirred: bool,
    /// A signal is kept, or when an automation acted.
    used: bool,
}

impl Signals {
    /// As they were saved. What a newer release wrote in words this one does not know stays where it is, and does nothing.
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        let mut signals = Self { stirred: true, used: is_used(turn.sql)?, ..Self::default() };
        for (_, state) in store::lists(turn.sql)? {
            let saved: SavedList = json::parse(&state).map_err(|_| SqlError::Content("qualifying_lists"))?;
            let list = List::parse(&saved.definition).ok();
            signals.lists.extend(list.map(|list| RunningList { saved, list, doubted_at: None }));
        }
        for (number, state) in store::automations(turn.sql)? {
            let saved: SavedAutomation = json::parse(&state).map_err(|_| SqlError::Content("automations"))?;
            let automation = Automation::parse(&saved.definition).ok();
            signals.automations.extend(automation.map(|automation| RunningAutomation {
                number,
                saved,
                automation,
            }));
        }
        Ok(signals)
    }

    /// Something may be to be done.
    pub(super) fn stir(&mut self) {
        self.stirred = true;
    }

    /// Names of the fields of a type that lists read, and steps name.
    pub(super) fn reads(&self, kind: ObjectType) -> impl Iterator<Item = String> + '_ {
        let of_lists = self.lists.iter().flat_map(move |running| running.list.reads(kind));
        let of_steps = self.automations.iter().flat_map(move |running| running.automation.reads(kind));
        of_lists.chain(of_steps).map(str::to_owned)
    }

    /// What names a field of a type: the kind of thing, its id and its name.
    pub(super) fn naming(&self, kind: ObjectType, field: &str) -> Vec<(&'static str, String, String)> {
        let of_lists = self.lists.iter().filter(|running| running.list.reads(kind).contains(field));
        let of_lists = of_lists
            .map(|running| ("qualifying_list", running.saved.id.to_string(), running.list.name.clone()));
        let names = |running: &&RunningAutomation| {
            let mut steps = running.automation.steps.iter().filter_map(|step| step.writes());
            running.automation.reads(kind).contains(field)
                || steps.any(|(of, values)| of == kind && values.contains_key(field))
        };
        let of_steps = self.automations.iter().filter(names);
        let of_steps = of_steps
            .map(|running| ("automation", running.saved.id.to_string(), running.automation.name.clone()));
        of_lists.chain(of_steps).collect()
    }

    fn list(&self, id: &QualifyingListId) -> Option<&RunningList> {
        self.lists.iter().find(|running| running.saved.id == *id)
    }

    fn automation(&self, id: &AutomationId) -> Option<&RunningAutomation> {
        self.automations.iter().find(|running| running.saved.id == *id)
    }

    /// Rows of automations that do nothing: a JSON list.
    fn paused(&self) -> String {
        let paused = self.automations.iter().filter(|running| !running.saved.enabled);
        store::numbers_json(&paused.map(|running| running.number).collect::<Vec<_>>())
    }
}

/// Whether anything is kept that tells of somebody.
fn is_used(sql: &dyn Sql) -> Result<bool, SqlError> {
    Ok(store::oldest_at(sql)?.is_some() || acts::any(sql)?)
}

/// The fields of HubSpot's that a list names, as they were last discovered.
struct Discovered(BTreeMap<ObjectType, BTreeMap<String, Definition>>);

impl Discovered {
    fn load(sql: &dyn Sql, list: &List) -> Result<Self, SqlError> {
        let mut all = BTreeMap::new();
        for kind in [ObjectType::Companies, ObjectType::Contacts] {
            let names: Vec<&str> = list.reads(kind).into_iter().collect();
            all.insert(kind, definitions(sql, kind, Some(&names))?);
        }
        Ok(Self(all))
    }
}

impl filter::Fields for Discovered {
    fn field(&self, of: Option<&str>, name: &str) -> Option<filter::Field<'_>> {
        let found = self.0.get(&of_subject(of?)?)?.get(name)?;
        Some(filter::Field {
            label: &found.label,
            value_type: &found.value_type,
            field_type: &found.field_type,
            options: found.options.iter().map(|one| (one.value.as_str(), one.label.as_str())).collect(),
        })
    }
}

impl Portal {
    /// Everything that is wrong with a list for what the connection may read, the fields there are, and those of them that are mirrored.
    fn faults_of(&self, list: &List, fields: &Discovered) -> Vec<Fault> {
        if let Some(detail) = self.barred(list) {
            return vec![Fault { path: "/filter".to_owned(), code: Code::Unavailable, detail }];
        }
        let mut faults = list.check(fields);
        if !faults.is_empty() {
            return faults;
        }
        for kind in [ObjectType::Companies, ObjectType::Contacts] {
            let stream = self.streams.iter().find(|running| running.saved.object_type == kind);
            let mirrored = stream.map_or(&[][..], |running| &running.properties);
            for name in list.reads(kind) {
                if mirrored.binary_search_by(|own| own.as_str().cmp(name)).is_err() {
                    let detail = format!(
                        "The field `{name}` of {kind} is not mirrored. Choose it among the fields of the type first."
                    );
                    faults.push(Fault { path: "/filter".to_owned(), code: Code::Unavailable, detail });
                }
            }
        }
        faults
    }

    /// Does a piece of what is due; says whether something was.
    #[inline(never)]
    pub(super) fn advance_signals(&mut self, turn: &mut Turn<'_>) -> Result<bool, SqlError> {
        if !self.signals.stirred || self.channel_context(turn).is_none() {
            return Ok(false);
        }
        let goes_on = self.follow_lists(turn)?;
        let worked =
            goes_on | (self.signals.used && (self.decide_signals(turn)? | self.advance_runs(turn)?));
        self.signals.stirred = worked;
        Ok(worked)
    }

    /// When signals or runs have something to do of themselves; `None`: only once something else happens.
    pub(super) fn signals_due_at(&self, turn: &Turn<'_>) -> Result<Option<Timestamp>, SqlError> {
        if (!self.signals.used && self.signals.lists.is_empty()) || self.channel_context(turn).is_none() {
            return Ok(None);
        }
        let room = store::open_up_to(turn.sql, OPEN_RUNS)? < OPEN_RUNS && self.may_decide(turn)?;
        if room && self.lists_due(turn)? {
            return Ok(Some(turn.now));
        }
        let paused = self.signals.paused();
        // Where too many runs are open, one that ends is what is waited for.
        if room && store::pending_up_to(turn.sql, 1)? > 0 {
            return Ok(Some(turn.now));
        }
        let given_up = turn.now.minus_ms(RUN_MS);
        if !store::ready(turn.sql, turn.now, &paused, given_up, 1)?.is_empty() {
            return Ok(Some(turn.now));
        }
        Ok(store::next_at(turn.sql, &paused)?.map(|at| at.max(turn.now)))
    }

    /// Signals whose time is over go, with their runs; and when automations acted, once nothing is counted from it.
    pub(super) fn forget_signals(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        if self.signals.used {
            let before = turn.now.minus_ms(self.signal_ms());
            let contacts = store::forget_before(turn.sql, before, KEPT, FORGET_AT_ONCE)?;
            self.touch_by_signals(turn, &contacts)?;
            self.forget_acts(turn)?;
            self.signals.used = is_used(turn.sql)?;
        }
        Ok(())
    }
}

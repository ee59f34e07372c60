//! Workflows at work: who goes through which, and what is done for them step by step.
//!
//! | what begins a run | when it is decided |
//! |---|---|
//! | an event of the host's | once the mirror can tell whom it is of, in slices of the alarm ([`events`]) |
//! | a change of the mirror | in the turn that makes it, as the feed tells it ([`follow`]) |
//! | a schedule | a walk over all records of the type, bounded rows a turn ([`schedule`]) |
//!
//! Whether a record goes in is decided by the conditions, by how often it may, and by whether it is under way already ([`enrol`]). A *run* then
//! takes its steps one after the other ([`advance`]): an action is asked of the outbox, called by the run and the step, so that asked for twice
//! it is one; a wait is the run's own row, with the moment at which it goes on, and so survives every restart. A step that fails ends the run
//! there, and tried again it goes on from there; what is not done because there is nothing to do, or because an administrator has switched it
//! off, is passed over. A run goes by the version it began with, whatever is edited meanwhile. It keeps why it began, whom it is of and what
//! each step saw and came to ([`log`]).
//!
//! A workflow that is paused does nothing, also of what is under way; what falls due meanwhile goes on when it is enabled, and so does an event
//! that had come before and was not decided about. One that came meanwhile begins nothing, whenever it is decided about. A workflow that names
//! fields that are gone stands still in the same way ([`held`]): events wait for it, and changes of that time begin nothing. A routing decision
//! is answered at once from the mirror, and leaves nothing behind but a row of the log ([`route`]).
//!
//! Owns the workflows (in the database, with a copy in memory), their versions, events and runs. What a workflow is and what follows for a run
//! is [`crate::engine::workflow`]'s.

mod advance;
pub mod commands;
mod dry_run;
mod enrol;
mod events;
mod facts;
mod fields;
mod follow;
mod held;
mod log;
mod persons;
mod route;
mod schedule;
mod show;

pub(in crate::engine::portal) use facts::Persons;

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    engine::{
        portal::{Portal, Turn, channels::held::Held},
        workflow::{Definition, Trigger},
    },
    store::{
        portal::{
            feed,
            workflows::{self as store, events as store_events, runs},
        },
        sql::{Sql, SqlError},
    },
    values::{
        ids::{ObjectType, WorkflowId},
        json,
        planted::{Bug, planted},
        time::{DAY_MS, Timestamp},
    },
};

/// Versions that are kept of a workflow, besides those that runs still go by: at 64 KB each, of 50 workflows 160 MB at the very most.
const VERSIONS: u32 = 50;
/// Most events of which nothing is decided: twenty requests of a thousand, some seconds' work.
pub const PENDING_LIMIT: u32 = 20_000;
/// Most runs that are kept: at three kilobytes each 600 MB of ten gigabytes.
const KEPT_RUNS: i64 = 200_000;
/// Most names of events that are kept, a hundred bytes each.
const KEPT_EVENTS: i64 = 1_000_000;
/// Most rows of who has been through what: a hundred bytes each with what finds them again. Of more the oldest go.
const KEPT_ENROLLED: i64 = 1_000_000;
/// Most runs that are open: half of those that are kept. More begin nothing.
const OPEN_LIMIT: u64 = 100_000;
/// Runs that wait for an action at most before another asks for one: each look at them costs some microseconds each.
const ASKED_LIMIT: u32 = 2_000;
/// Events, and runs, of one slice: with a tenth of a millisecond each a webhook waits 10 ms at most.
const AT_ONCE: u32 = 50;
/// How often one record goes through a workflow in a day because it changed: a workflow that changes what begins it would else never end.
const TIMES_A_DAY: u32 = 100;
/// How long a run waits for an action: then a person has had a week to say what became of it.
const RUN_MS: i64 = 7 * DAY_MS;
/// Rows that go at once when they are too old: every hour, so that a quarter of a million a day do.
const FORGET_AT_ONCE: u32 = 10_000;
/// Rows of a workflow that is removed that go in one turn.
const REMOVE_AT_ONCE: u32 = 5_000;

/// Why an event began nothing.
const PAUSED_WORDS: &str = "The workflow was paused when the event came.";

/// Whether a workflow does anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It was never enabled.
    Draft,
    /// It does.
    Enabled,
    /// Not until it is enabled again.
    Paused,
    /// Never again: what is kept of it is being forgotten.
    Removed,
}

impl Mode {
    /// As in answers.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Enabled => "enabled",
            Self::Paused => "paused",
            Self::Removed => "removed",
        }
    }
}

/// A time in which a workflow was paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Pause {
    from: Timestamp,
    /// `None`: it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// A workflow, as saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Saved {
    id: WorkflowId,
    mode: Mode,
    /// The newest.
    version: u32,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Since when it does anything: what was made in HubSpot before is not new to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enabled_at: Option<Timestamp>,
    /// When it was paused last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pause: Option<Pause>,
    /// The moment of the schedule that came last, counted in its own unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slot: Option<i64>,
    /// The walk under way: everything up to this id is decided about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    above: Option<crate::values::ids::RecordId>,
    /// Why it stands still, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<Held>,
    /// What went wrong with it last that nobody sees in a run, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trouble: Option<(Timestamp, String)>,
}

/// A workflow in memory.
#[derive(Debug)]
struct Running {
    number: i64,
    saved: Saved,
    definition: Arc<Definition>,
    /// The types besides the record's own that its conditions ask of.
    asks: BTreeSet<ObjectType>,
    /// When one of its fields was last found missing in an answer.
    doubted_at: Option<Timestamp>,
}

impl Running {
    fn new(number: i64, saved: Saved, definition: Definition) -> Self {
        let asks = facts::asked_of(&definition);
        Self { number, saved, definition: Arc::new(definition), asks, doubted_at: None }
    }

    fn save(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let state = serde_json::to_string(&self.saved).map_err(|_| SqlError::Content("workflows"))?;
        store::put(turn.sql, &self.saved.id, &state).map(|_| ())
    }

    /// Whether it does anything now.
    fn works(&self) -> bool {
        self.saved.mode == Mode::Enabled && self.saved.held.is_none()
    }

    /// Whether it was paused at a moment, as far as is remembered: when it was paused last.
    fn was_paused(&self, at: Timestamp) -> bool {
        match self.saved.pause {
            Some(Pause { from, until }) => from <= at && until.is_none_or(|until| at < until),
            None => self.saved.mode == Mode::Paused,
        }
    }

    /// Whether it is one, and not being forgotten.
    fn is_there(&self) -> bool {
        self.saved.mode != Mode::Removed
    }

    /// The event that begins it, if one does.
    fn event(&self) -> Option<&str> {
        match &self.definition.trigger {
            Trigger::Event { event, .. } => Some(event),
            Trigger::Change { .. } | Trigger::Schedule { .. } => None,
        }
    }

    /// Notes what went wrong, once an hour at most.
    fn note_trouble(&mut self, turn: &Turn<'_>, words: String) -> Result<(), SqlError> {
        let fresh = |at: &Timestamp| turn.now.since_ms(*at) < crate::values::time::HOUR_MS;
        if self.saved.trouble.as_ref().is_some_and(|(at, _)| fresh(at)) {
            return Ok(());
        }
        self.saved.trouble = Some((turn.now, words));
        self.save(turn)
    }
}

/// The workflows of a connection at work.
#[derive(Debug, Default)]
pub(super) struct Workflows {
    /// Oldest first.
    all: Vec<Running>,
    /// The feed is decided about up to here.
    decided: u64,
    /// Something may be to be done.
    stirred: bool,
    /// Something is kept that tells of somebody.
    used: bool,
    /// A run is looked at when a record changes.
    watches: bool,
    /// How many runs are open.
    open: u64,
}

impl Workflows {
    /// As they were saved. What a newer release wrote in words this one does not know stays where it is, and does nothing.
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        let mut all = Vec::new();
        for (number, state) in store::all(turn.sql)? {
            let saved: Saved = json::parse(&state).map_err(|_| SqlError::Content("workflows"))?;
            let version = store::version_of(turn.sql, number, saved.version)?;
            let definition = version.and_then(|version| read(&version.definition));
            all.extend(definition.map(|definition| Running::new(number, saved, definition)));
        }
        let used = store::any(turn.sql)?;
        if planted(Bug::StepsForgotten) || planted(Bug::WaitsForgotten) {
            runs::forget_what_is_waited_for(turn.sql, planted(Bug::StepsForgotten))?;
        }
        Ok(Self {
            all,
            decided: feed::latest(turn.sql)?,
            stirred: true,
            used,
            watches: used && runs::any_watches(turn.sql)?,
            open: if used { runs::open_up_to(turn.sql, OPEN_LIMIT as u32)?.into() } else { 0 },
        })
    }

    /// Something may be to be done.
    pub(super) fn stir(&mut self) {
        self.stirred = true;
    }

    /// Whether anything is kept that tells of somebody.
    pub(super) const fn is_used(&self) -> bool {
        self.used
    }

    fn at(&self, id: &WorkflowId) -> Option<usize> {
        self.all.iter().position(|running| running.saved.id == *id && running.is_there())
    }

    fn numbered(&self, number: i64) -> Option<&Running> {
        self.all.iter().find(|running| running.number == number)
    }

    /// Rows of those that do nothing now: a JSON list.
    fn still(&self) -> String {
        let acts = |running: &Running| running.saved.mode == Mode::Paused && planted(Bug::PausedActs);
        let still = self.all.iter().filter(|running| !running.works() && !acts(running));
        store::numbers_json(&still.map(|running| running.number).collect::<Vec<_>>())
    }

    /// How many more runs may be open.
    const fn room(&self) -> u64 {
        OPEN_LIMIT.saturating_sub(self.open)
    }

    /// Runs were begun, ended or forgotten somewhere else.
    fn count_anew(&mut self, sql: &dyn Sql) -> Result<(), SqlError> {
        self.open = runs::open_up_to(sql, OPEN_LIMIT as u32)?.into();
        self.watches = runs::any_watches(sql)?;
        Ok(())
    }
}

/// A definition as it is stored; `None`: it is in words that this release does not know.
fn read(text: &str) -> Option<Definition> {
    Definition::parse(text).ok()
}

impl Portal {
    /// A version of a workflow; `None`: it is gone, or in words that this release does not know.
    fn definition_of(
        &self,
        turn: &Turn<'_>,
        workflow: i64,
        version: u32,
    ) -> Result<Option<Arc<Definition>>, SqlError> {
        if let Some(own) = self.workflows.numbered(workflow).filter(|own| own.saved.version == version) {
            return Ok(Some(own.definition.clone()));
        }
        let stored = store::version_of(turn.sql, workflow, version)?;
        Ok(stored.and_then(|version| read(&version.definition)).map(Arc::new))
    }

    /// Does a piece of what is due; says whether something was.
    #[inline(never)]
    pub(super) fn advance_workflows(&mut self, turn: &mut Turn<'_>) -> Result<bool, SqlError> {
        if !self.workflows.stirred || self.channel_context(turn).is_none() {
            return Ok(false);
        }
        if self.workflows.all.is_empty() && !self.workflows.used {
            self.workflows.stirred = false;
            return Ok(false);
        }
        let worked = self.let_workflows_go(turn)?
            | self.forget_removed_workflows(turn)?
            | self.decide_events(turn)?
            | self.advance_schedules(turn)?
            | self.advance_workflow_runs(turn)?;
        self.workflows.stirred = worked;
        Ok(worked)
    }

    /// When workflows have something to do of themselves; `None`: only once something else happens.
    pub(super) fn workflows_due_at(&self, turn: &Turn<'_>) -> Result<Option<Timestamp>, SqlError> {
        let none = self.workflows.all.is_empty() && !self.workflows.used;
        if none || self.channel_context(turn).is_none() {
            return Ok(None);
        }
        let removed = self.workflows.all.iter().any(|running| !running.is_there());
        if removed || self.held_workflow_may_go_on(turn)? || self.events_may_be_decided(turn)? {
            return Ok(Some(turn.now));
        }
        let still = self.workflows.still();
        let given_up = turn.now.minus_ms(RUN_MS);
        if !runs::answered(turn.sql, &still, given_up, 1)?.is_empty() {
            return Ok(Some(turn.now));
        }
        let room = runs::asked_up_to(turn.sql, ASKED_LIMIT)? < ASKED_LIMIT;
        let next = if room { runs::next_at(turn.sql, &still)? } else { None };
        let scheduled = self.schedules_due_at(turn);
        Ok(next.into_iter().chain(scheduled).min().map(|at| at.max(turn.now)))
    }

    /// What of a workflow is kept goes, some at a time, once somebody has removed it.
    fn forget_removed_workflows(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let Some(at) = self.workflows.all.iter().position(|running| !running.is_there()) else {
            return Ok(false);
        };
        if store::forget_some(turn.sql, self.workflows.all[at].number, REMOVE_AT_ONCE)? {
            self.workflows.all.remove(at);
            self.workflows.count_anew(turn.sql)?;
        }
        Ok(true)
    }

    /// What was read is about to be deleted: read again it is not new to any workflow.
    pub(super) fn workflows_wiped(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        for running in self.workflows.all.iter_mut().filter(|running| running.saved.enabled_at.is_some()) {
            (running.saved.enabled_at, running.saved.above) = (Some(turn.now), None);
            running.save(turn)?;
        }
        Ok(())
    }

    /// Runs and events whose time is over go; what is open stays until it ends.
    pub(super) fn forget_workflow_runs(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        if self.workflows.used {
            let before = turn.now.minus_ms(self.signal_ms());
            runs::forget_before(turn.sql, before, KEPT_RUNS, FORGET_AT_ONCE)?;
            store_events::forget_before(turn.sql, before, KEPT_EVENTS, FORGET_AT_ONCE)?;
            store::enrolled::thin(turn.sql, KEPT_ENROLLED, FORGET_AT_ONCE)?;
            self.workflows.used = store::any(turn.sql)?;
        }
        Ok(())
    }
}

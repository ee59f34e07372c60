//! What the host and people ask: workflows made, edited, enabled and paused, events taken in, routes answered, and what became of each run.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Mode, Pause, Running, Saved, VERSIONS,
    advance::may_reopen,
    log::{ASKED, Record},
};
use crate::{
    engine::{
        actor::Actor,
        portal::{
            Effect, Portal, Turn,
            outbox::commands::{Answer as Told, Command as Outbox},
        },
        workflow::{Definition, Event, limits, templates},
    },
    store::{
        portal::workflows::{self as store, Version, runs},
        sql::SqlError,
    },
    values::{
        filter::Fault,
        ids::{ObjectType, RecordId, RunId, WorkflowId},
        json,
    },
};

/// Most events of one request: a thousand of a kilobyte.
pub const EVENTS_AT_ONCE: usize = 1_000;
/// Most runs of a page: each some kilobytes with its explanation.
pub const PAGE_LIMIT: u32 = 50;

/// What can be asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Answers [`Answer::Json`] `{results, next_cursor}`, the oldest first.
    List,
    /// Answers [`Answer::Json`].
    One(WorkflowId),
    /// Makes a draft of a definition. Answers [`Answer::Json`].
    Add(Value),
    /// A definition in the place of what was there: a new version, by which runs go that begin from now on. Of a workflow that is enabled it
    /// must fit the account. Answers [`Answer::Json`].
    Edit(WorkflowId, Value),
    /// Forgets it and its runs; what it asked for stays asked for. Answers [`Answer::Removed`].
    Remove(WorkflowId),
    /// It does something from now on, and what was under way goes on. Answers [`Answer::Json`].
    Enable(WorkflowId),
    /// It does nothing until it is enabled again, also of what is under way. Answers [`Answer::Json`].
    Pause(WorkflowId),
    /// Those that are kept, the newest first. Answers [`Answer::Json`] `{results, next_cursor}`.
    Versions(WorkflowId),
    /// A version's definition becomes the newest. Answers [`Answer::Json`].
    RollBack(WorkflowId, u32),
    /// What is wrong with a definition here. Answers [`Answer::Json`] `{faults}`.
    Check(Value),
    /// Definitions to begin with. Answers [`Answer::Json`] `{results, next_cursor}`.
    Templates,
    /// Takes an event in. Answers [`Answer::Received`] with one.
    Event(Event),
    /// Takes events in. Answers [`Answer::Received`], one for each, in their order.
    Events(Vec<Event>),
    /// Where something is to go. Answers [`Answer::Json`] `{route, label, workflow, version, contact, because}`.
    Route(Event),
    /// What would happen now, step by step. Nothing does. Answers [`Answer::Json`].
    DryRun {
        /// A definition; absent: that of the workflow.
        definition: Option<Value>,
        /// A workflow.
        workflow: Option<WorkflowId>,
        /// For whom.
        on: On,
    },
    /// The newest first. Answers [`Answer::Page`].
    Runs {
        /// Of this workflow only.
        workflow: Option<WorkflowId>,
        /// Before this row.
        before: Option<i64>,
        /// Capped at [`PAGE_LIMIT`].
        limit: u32,
    },
    /// One of them. Answers [`Answer::Json`].
    Run(RunId),
    /// One that failed goes on where it did. Answers [`Answer::Json`].
    Retry(RunId),
    /// One that is open ends here; what it asked for and has not left is taken back. Answers [`Answer::Json`].
    CancelRun(RunId),
}

/// Whom something is tried on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct On {
    /// An event as a host would send it; the id may be missing.
    pub event: Option<Value>,
    /// The type of a record.
    pub object_type: Option<ObjectType>,
    /// A record.
    pub record_id: Option<RecordId>,
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// What became of each event that was sent.
    Received(Vec<Received>),
    /// In the API's shape.
    Json(String),
    /// `[…]` in the API's shape, and where the next page begins.
    Page {
        /// JSON.
        results: String,
        /// The row to go on before.
        next: Option<i64>,
    },
    /// It is gone.
    Removed,
    /// It is not done.
    Refused(Refusal),
}

/// What became of an event that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Received {
    /// It is kept, and decided about soon.
    New,
    /// One of the same id came before: this one changes nothing.
    Duplicate,
    /// Whom it is of was erased and is kept out: nothing of it is kept.
    KeptOut,
    /// As many wait to be decided about as may.
    Full,
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// There is no such.
    NotFound,
    /// There are as many as there may be.
    Full(u32),
    /// The connection has ended, or nobody can be recognised who is kept out.
    Stopped,
    /// The definition may not be saved, or not be enabled: everything that is wrong with it, and where.
    Wrong(Vec<Fault>),
    /// The run is not in a state for it: in words.
    NotNow(String),
}

pub(super) const fn refused(refusal: Refusal) -> Answer {
    Answer::Refused(refusal)
}

pub(super) const fn wrong(faults: Vec<Fault>) -> Answer {
    refused(Refusal::Wrong(faults))
}

fn all(results: &[Value]) -> Answer {
    Answer::Json(json!({ "results": results, "next_cursor": null }).to_string())
}

/// Ends with the refusal.
macro_rules! allowed {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(faults) => return Ok(wrong(faults)),
        }
    };
}

/// Ends where there is no such workflow.
macro_rules! there {
    ($place:expr) => {
        match $place {
            Some(at) => at,
            None => return Ok(refused(Refusal::NotFound)),
        }
    };
}

impl Portal {
    /// Answers a command. Whoever calls it sees to it that what is due then is done.
    #[inline(never)]
    pub(in crate::engine::portal) fn workflow_command(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        command: Command,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        match command {
            Command::List => {
                let there = self.workflows.all.iter().filter(|own| own.is_there());
                let shown = there.map(|own| self.shown_workflow(turn, own));
                Ok(all(&shown.collect::<Result<Vec<_>, _>>()?))
            }
            Command::One(id) => {
                let at = there!(self.workflows.at(&id));
                self.told_workflow(turn, at)
            }
            Command::Add(definition) => self.add_workflow(turn, actor, &definition),
            Command::Edit(id, definition) => {
                let at = there!(self.workflows.at(&id));
                let definition = allowed!(Definition::from_value(&definition));
                self.edit_workflow(turn, actor, at, definition, effects)
            }
            Command::Remove(id) => {
                let at = there!(self.workflows.at(&id));
                let running = &mut self.workflows.all[at];
                running.saved.mode = Mode::Removed;
                running.save(turn)?;
                self.fit_phones(turn)?;
                Ok(Answer::Removed)
            }
            Command::Enable(id) => {
                let at = there!(self.workflows.at(&id));
                self.enable_workflow(turn, at, effects)
            }
            Command::Pause(id) => {
                let at = there!(self.workflows.at(&id));
                let running = &mut self.workflows.all[at];
                if running.saved.mode == Mode::Enabled {
                    (running.saved.mode, running.saved.above) = (Mode::Paused, None);
                    running.saved.pause = Some(Pause { from: turn.now, until: None });
                    running.save(turn)?;
                }
                self.told_workflow(turn, at)
            }
            Command::Versions(id) => {
                let at = there!(self.workflows.at(&id));
                Ok(all(&Self::shown_versions(turn, &self.workflows.all[at])?))
            }
            Command::RollBack(id, version) => {
                let at = there!(self.workflows.at(&id));
                let number = self.workflows.all[at].number;
                let earlier = there!(store::version_of(turn.sql, number, version)?);
                let definition = allowed!(Definition::parse(&earlier.definition));
                self.edit_workflow(turn, actor, at, definition, effects)
            }
            Command::Check(definition) => {
                let faults = match Definition::from_value(&definition) {
                    Ok(definition) => self.faults_of_workflow(turn, &definition)?,
                    Err(faults) => faults,
                };
                Ok(Answer::Json(json!({ "faults": faults }).to_string()))
            }
            Command::Templates => {
                let shown = templates()
                    .map(|own| json!({ "key": own.key, "sends": own.sends, "definition": own.definition }));
                Ok(all(&shown))
            }
            Command::Event(event) => self.receive_events(turn, vec![event]),
            Command::Events(events) => self.receive_events(turn, events),
            Command::Route(event) => Ok(Answer::Json(self.route(turn, &event)?.to_string())),
            Command::DryRun { definition, workflow, on } => {
                let definition = match (definition, workflow) {
                    (Some(definition), _) => allowed!(Definition::from_value(&definition)).into(),
                    (None, Some(id)) => self.workflows.all[there!(self.workflows.at(&id))].definition.clone(),
                    (None, None) => return Ok(refused(Refusal::NotFound)),
                };
                self.dry_run(turn, &definition, &on)
            }
            Command::Runs { workflow, before, limit } => {
                let limit = limit.clamp(1, PAGE_LIMIT);
                let workflow = match workflow {
                    Some(id) => Some(self.workflows.all[there!(self.workflows.at(&id))].number),
                    None => None,
                };
                let found = runs::page(turn.sql, before, workflow, limit)?;
                let next = found.last().filter(|_| found.len() == limit as usize).map(|last| last.number);
                let shown = found.iter().map(|run| self.shown_workflow_run(run));
                let results: Vec<Value> = shown.collect::<Result<_, _>>()?;
                Ok(Answer::Page { results: json!(results).to_string(), next })
            }
            Command::Run(id) => self.told_workflow_run(turn, &id),
            Command::Retry(id) => self.retry_run(turn, actor, &id, effects),
            Command::CancelRun(id) => self.cancel_run(turn, actor, &id, effects),
        }
    }

    fn told_workflow(&self, turn: &Turn<'_>, at: usize) -> Result<Answer, SqlError> {
        Ok(Answer::Json(self.shown_workflow(turn, &self.workflows.all[at])?.to_string()))
    }

    fn told_workflow_run(&self, turn: &Turn<'_>, id: &RunId) -> Result<Answer, SqlError> {
        let run = there!(runs::by_id(turn.sql, id)?);
        Ok(Answer::Json(self.shown_workflow_run(&run)?.to_string()))
    }

    fn receive_events(&mut self, turn: &Turn<'_>, events: Vec<Event>) -> Result<Answer, SqlError> {
        if self.channel_context(turn).is_none() || self.blocks.locked() {
            return Ok(refused(Refusal::Stopped));
        }
        let mut room = Self::room_for_events(turn)?;
        let some = events.iter().take(EVENTS_AT_ONCE);
        let received = some.map(|event| self.receive_event(turn, event, &mut room));
        Ok(Answer::Received(received.collect::<Result<_, _>>()?))
    }

    fn add_workflow(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        definition: &Value,
    ) -> Result<Answer, SqlError> {
        let definition = allowed!(Definition::from_value(definition));
        if self.workflows.all.iter().filter(|own| own.is_there()).count() >= limits::WORKFLOWS {
            return Ok(refused(Refusal::Full(limits::WORKFLOWS as u32)));
        }
        let mut bytes = [0; 12];
        (turn.random)(&mut bytes);
        let saved = Saved {
            id: WorkflowId::from_random(bytes),
            mode: Mode::Draft,
            version: 1,
            created_at: turn.now,
            updated_at: turn.now,
            enabled_at: None,
            pause: None,
            slot: None,
            above: None,
            held: None,
            trouble: None,
        };
        let state = serde_json::to_string(&saved).map_err(|_| SqlError::Content("workflows"))?;
        let number = store::put(turn.sql, &saved.id, &state)?;
        add_version(turn, actor, number, 1, &definition)?;
        self.workflows.all.push(Running::new(number, saved, definition));
        self.told_workflow(turn, self.workflows.all.len() - 1)
    }

    fn edit_workflow(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        at: usize,
        definition: Definition,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let is_enabled = self.workflows.all[at].saved.mode == Mode::Enabled;
        if is_enabled {
            let faults = self.faults_of_workflow(turn, &definition)?;
            if !faults.is_empty() {
                return Ok(wrong(faults));
            }
            allowed!(self.mirror_workflow(turn, &definition, effects)?);
        }
        let running = &self.workflows.all[at];
        let (number, doubted_at, mut saved) = (running.number, running.doubted_at, running.saved.clone());
        let begins_anew = running.definition.trigger != definition.trigger;
        saved.version = saved.version.saturating_add(1);
        saved.updated_at = turn.now;
        saved.trouble = None;
        // What was read without a field that is back, or not at all, is still to be read again, whatever the workflow says now.
        saved.held = saved.held.filter(|held| held.until.is_some() || held.missed);
        add_version(turn, actor, number, saved.version, &definition)?;
        store::thin_versions(turn.sql, number, VERSIONS)?;
        self.workflows.all[at] = Running { doubted_at, ..Running::new(number, saved, definition) };
        if begins_anew {
            self.begin_schedule(at, turn.now);
        }
        self.workflows.all[at].save(turn)?;
        self.fit_phones(turn)?;
        self.told_workflow(turn, at)
    }

    fn enable_workflow(
        &mut self,
        turn: &mut Turn<'_>,
        at: usize,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        if self.workflows.all[at].saved.mode == Mode::Enabled {
            return self.told_workflow(turn, at);
        }
        let definition = self.workflows.all[at].definition.clone();
        let faults = self.faults_of_workflow(turn, &definition)?;
        if !faults.is_empty() {
            return Ok(wrong(faults));
        }
        allowed!(self.mirror_workflow(turn, &definition, effects)?);
        // What changed before is nothing to it, also where nobody has listened since this process began.
        self.follow_workflows(turn)?;
        self.begin_schedule(at, turn.now);
        let running = &mut self.workflows.all[at];
        running.saved.mode = Mode::Enabled;
        running.saved.enabled_at = Some(turn.now);
        if let Some(pause) = &mut running.saved.pause {
            pause.until.get_or_insert(turn.now);
        }
        running.saved.trouble = None;
        running.saved.held = running.saved.held.take().filter(|held| held.until.is_some() || held.missed);
        running.save(turn)?;
        self.fit_phones(turn)?;
        self.told_workflow(turn, at)
    }

    /// Goes on where a run failed: what was asked for leaves again, what was refused is asked for anew.
    fn retry_run(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        id: &RunId,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let mut run = there!(runs::by_id(turn.sql, id)?);
        let mut record: Record = json::parse(&run.content).map_err(|_| SqlError::Content("workflow_runs"))?;
        if run.state != "failed" {
            let words = format!("Only a run that failed can be tried again; this one is `{}`.", run.state);
            return Ok(refused(Refusal::NotNow(words)));
        }
        let Some(standing) = record.standing.clone() else {
            let words = "The run stands nowhere that it could go on from.";
            return Ok(refused(Refusal::NotNow(words.to_owned())));
        };
        if !may_reopen(turn, &run)? {
            let words = "Another run of the same is under way.";
            return Ok(refused(Refusal::NotNow(words.to_owned())));
        }
        record.why = None;
        let asked = record.line(&standing.place).and_then(|line| {
            line.ask_again(turn.now);
            line.action_id.clone()
        });
        if let Some(action) = asked {
            let told = self.outbox_command(turn, actor, Outbox::Retry(action.clone()), effects)?;
            // One that is forgotten is asked for anew.
            if matches!(told, Told::Action(_)) {
                run.action = Some(action);
            }
            // The outbox has told the run, unless nothing of what it asked for could leave again.
            let now = there!(runs::by_id(turn.sql, id)?);
            if now.state == "open" {
                return self.told_workflow_run(turn, id);
            }
        }
        self.reopen_workflow_run(turn, run, &record)?;
        self.told_workflow_run(turn, id)
    }

    fn cancel_run(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        id: &RunId,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let run = there!(runs::by_id(turn.sql, id)?);
        if run.state != "open" {
            let words = format!("Only a run that is open can be cancelled; this one is `{}`.", run.state);
            return Ok(refused(Refusal::NotNow(words)));
        }
        let mut record: Record = json::parse(&run.content).map_err(|_| SqlError::Content("workflow_runs"))?;
        if let Some(action) = &run.action {
            self.outbox_command(turn, actor, Outbox::Cancel(action.clone()), effects)?;
            if let Some(line) = record.line_of(action).filter(|line| line.state == ASKED) {
                line.words = Some("The run was cancelled while this was on its way.".to_owned());
            }
        }
        record.why = Some(format!("Cancelled by {}.", actor.words()));
        self.end_workflow_run(turn, run, &record, "cancelled")?;
        self.told_workflow_run(turn, id)
    }
}

fn add_version(
    turn: &Turn<'_>,
    actor: &Actor,
    number: i64,
    version: u32,
    definition: &Definition,
) -> Result<(), SqlError> {
    let by = serde_json::to_string(actor).map_err(|_| SqlError::Content("workflow_versions"))?;
    let definition = definition.to_json().to_string();
    store::add_version(turn.sql, number, &Version { version, at: turn.now, by, definition })
}

//! Runs, step by step: what the outbox says of the action that a run waits for, then what follows, until it waits again or is over.

use std::sync::Arc;

use super::{
    ASKED_LIMIT, AT_ONCE, RUN_MS, Running,
    enrol::{Candidate, Entry},
    fields::{Discovered, asked},
    log::{ASKED, Line, Record, WAITS, told, way_of},
};
use crate::{
    engine::{
        action_step::Planned,
        actor::Actor,
        portal::{
            Portal, Turn,
            action_steps::{Ended, ended, id_of},
            outbox::commands::{Answer as Told, Asked, Command as Outbox, Taken},
        },
        workflow::{Branch, Decision, Definition, Event, Next, Place, Standing, What, vocabulary},
    },
    store::{
        portal::{
            dirty,
            workflows::{
                enrolled,
                runs::{self as store, Run},
            },
        },
        sql::SqlError,
    },
    values::{
        filter::Context,
        ids::{ActionId, ObjectType},
        json,
        planted::{Bug, planted},
        time::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp},
    },
};

/// A run that waits for a record to be read looks again after this long: a read takes a second.
const READ_MS: i64 = 5 * SECOND_MS;
/// So long it waits at most, and then does without: HubSpot answers a read sooner than that, unless writes do not leave either.
const READ_WITHIN_MS: i64 = HOUR_MS;
/// When a step is asked for again where the outbox is full: in that time it has room for thousands.
const FULL_MS: i64 = MINUTE_MS;
/// When a run is looked at again whose version nobody here can read: a newer release knows it.
const UNKNOWN_MS: i64 = HOUR_MS;

const WRONG: SqlError = SqlError::Content("workflow_runs");

/// A run whose next action is to be asked for.
struct Asking {
    run: Run,
    record: Record,
    place: Place,
    action: String,
    asked: Asked,
}

/// How an action that has ended leaves its run.
fn is_failure(state: &str) -> bool {
    // What somebody has taken back they did not want; what waits after a week nobody knows of.
    matches!(state, "failed" | "refused" | "unknown" | "waiting" | "sent")
}

impl Portal {
    /// Goes on with some of the runs whose moment has come; says whether there were any.
    pub(super) fn advance_workflow_runs(&mut self, turn: &mut Turn<'_>) -> Result<bool, SqlError> {
        if !self.workflows.used {
            return Ok(false);
        }
        let still = self.workflows.still();
        let given_up = turn.now.minus_ms(RUN_MS);
        let mut ready = store::answered(turn.sql, &still, given_up, AT_ONCE)?;
        if ready.is_empty() && store::asked_up_to(turn.sql, ASKED_LIMIT)? < ASKED_LIMIT {
            ready = store::due(turn.sql, turn.now, &still, AT_ONCE)?;
        }
        if ready.is_empty() {
            return Ok(false);
        }
        let mut asking = Vec::new();
        for run in ready {
            asking.extend(self.advance_workflow_run(turn, run)?);
        }
        self.ask_for_steps(turn, asking)?;
        Ok(true)
    }

    /// Takes in how the action ended that it waited for, and goes on until it waits again; what it asks for next, if anything.
    fn advance_workflow_run(
        &mut self,
        turn: &mut Turn<'_>,
        mut run: Run,
    ) -> Result<Option<Asking>, SqlError> {
        let mut record: Record = json::parse(&run.content).map_err(|_| WRONG)?;
        let Some(definition) = self.definition_of(turn, run.workflow, run.version)? else {
            run.due_at = turn.now.plus_ms(UNKNOWN_MS);
            save(turn, run, &record)?;
            return Ok(None);
        };
        let Some(context) = self.channel_context(turn) else { return Ok(None) };
        if record.asks && !self.enter_late(turn, &mut run, &mut record, &definition, context)? {
            return Ok(None);
        }
        if let Some(action) = run.action.take()
            && !self.take_in_step(turn, &mut run, &mut record, &action, &definition)?
        {
            self.end_workflow_run(turn, run, &record, "failed")?;
            return Ok(None);
        }
        if Self::awaits_what_was_written(turn, &record, &definition)? {
            run.due_at = turn.now.plus_ms(READ_MS);
            save(turn, run, &record)?;
            return Ok(None);
        }
        record.read_since = None;
        let own = definition.trigger.record();
        let mut persons = record.persons();
        self.follow_mergers(turn, &mut persons)?;
        self.add_related(turn, &mut persons, own, &|_| true)?;
        record.put_persons(&persons);
        run.whom = persons.whom();
        let facts = self.facts_of(turn, own, &persons, record.event.as_ref(), &|_| true)?;
        let mut fields = None;
        // Each time it comes to a step further down: as often as there are steps at most.
        while let Some(standing) = record.standing.take() {
            let Decision { next, because } = definition.decide(&standing, &facts, context);
            if standing.since.is_some() && !matches!(next, Next::Wait { .. }) {
                record.has_waited(&standing.place, turn.now);
            }
            if !because.is_empty() {
                let fields = match &fields {
                    Some(fields) => fields,
                    None => &*fields.insert(Discovered::load(turn.sql, &definition)?),
                };
                note_branches(&mut record, &because, &definition, fields, turn.now);
            }
            (run.watches, run.due_at) = (false, turn.now);
            match next {
                Next::Act { place, step } => {
                    let action = step.action().to_owned();
                    let planned = self.planned(turn, step, vocabulary(own), &facts);
                    record.standing = Some(Standing { place: place.clone(), since: None });
                    match planned {
                        Planned::Skip(words) => {
                            record.put(Line::new(place.clone(), &action, "skipped", Some(words), turn.now));
                            record.standing = behind(&definition, &place);
                        }
                        Planned::Do(wanted) => {
                            let asked = Asked {
                                key: (!planted(Bug::StepsForgotten))
                                    .then(|| format!("{}/{}", run.id, step_name(&place))),
                                why: Some(format!(
                                    "Workflow \"{}\", version {}, step \"{place}\". {}",
                                    record.name, run.version, record.began
                                )),
                                dry_run: false,
                                background: true,
                                coalesce: None,
                                data: record.event.as_ref().map(Event::data).unwrap_or_default(),
                                wanted: *wanted,
                            };
                            return Ok(Some(Asking { run, record, place, action, asked }));
                        }
                    }
                }
                Next::Wait { standing, until } => {
                    let mut line = Line::new(standing.place.clone(), "wait", WAITS, None, turn.now);
                    line.until = Some(until);
                    record.put(line);
                    (record.standing, run.due_at) = (Some(standing), until);
                    save(turn, run, &record)?;
                    return Ok(None);
                }
                Next::WaitUntil { standing, again_at, until } => {
                    if let Some(line) = record.line(&standing.place) {
                        line.until = Some(until);
                    }
                    // A moment of the past would be due for ever.
                    let again_at = again_at.map(|at| at.max(turn.now.plus_ms(1)));
                    run.due_at = again_at.into_iter().chain([until]).min().unwrap_or(until);
                    (record.standing, run.watches) = (Some(standing), true);
                    self.workflows.watches = true;
                    save(turn, run, &record)?;
                    return Ok(None);
                }
                Next::Decided { place, route } => {
                    let words = route.label.clone().unwrap_or_else(|| route.route.clone());
                    record.put(Line::new(place.clone(), "decide", "decided", Some(words), turn.now));
                    record.route = Some(route.clone());
                    record.standing = behind(&definition, &place);
                }
                Next::Stopped { place, words } => {
                    record.put(Line::new(place, "stop", "stopped", Some(words.to_owned()), turn.now));
                    record.why = Some(words.to_owned());
                    self.end_workflow_run(turn, run, &record, "stopped")?;
                    return Ok(None);
                }
                Next::Ended => {}
                Next::Lost => {
                    record.why = Some(format!("The version has no step \"{}\" any more.", standing.place));
                    self.end_workflow_run(turn, run, &record, "failed")?;
                    return Ok(None);
                }
            }
        }
        self.end_workflow_run(turn, run, &record, "done")?;
        Ok(None)
    }

    /// Asks the conditions of a run that waited for its workflow to go on; whether it goes in.
    fn enter_late(
        &mut self,
        turn: &mut Turn<'_>,
        run: &mut Run,
        record: &mut Record,
        definition: &Arc<Definition>,
        context: Context,
    ) -> Result<bool, SqlError> {
        record.asks = false;
        let Some(at) = self.workflows.all.iter().position(|own| own.number == run.workflow) else {
            return Ok(false);
        };
        let own = definition.trigger.record();
        let mut persons = record.persons();
        self.follow_mergers(turn, &mut persons)?;
        self.add_related(turn, &mut persons, own, &|_| true)?;
        record.put_persons(&persons);
        let facts = self.facts_of(turn, own, &persons, record.event.as_ref(), &|_| true)?;
        (run.subject, run.whom) = (persons.subject(own), persons.whom());
        // It is open itself: what it is asked for is whether it would be the second.
        store::put(turn.sql, &Run { state: "entering".to_owned(), ..run.clone() })?;
        let running: &Running = &self.workflows.all[at];
        let candidate = Candidate {
            persons,
            facts: &facts,
            before: None,
            event: record.event.as_ref(),
            began: record.began.clone(),
        };
        let entry = self.entry(turn, running, &candidate, context)?;
        match entry {
            Entry::Enters(found) => {
                record.conditions = found;
                record.standing = definition.first().map(|place| Standing { place, since: None });
                enrolled::put(turn.sql, run.workflow, &run.subject, turn.now)?;
                save(turn, run.clone(), record)?;
                Ok(true)
            }
            Entry::Stays(why, found) => {
                record.conditions = found;
                record.why = Some(why);
                self.end_workflow_run(turn, run.clone(), record, "skipped")?;
                Ok(false)
            }
            Entry::Loops(why) => {
                record.why = Some(why);
                self.end_workflow_run(turn, run.clone(), record, "skipped")?;
                Ok(false)
            }
        }
    }

    /// Whether a run waits for what is read of a record that one of its steps wrote.
    fn awaits_what_was_written(
        turn: &Turn<'_>,
        record: &Record,
        definition: &Definition,
    ) -> Result<bool, SqlError> {
        if record.read_since.is_none_or(|since| turn.now.since_ms(since) >= READ_WITHIN_MS) {
            return Ok(false);
        }
        let persons = record.persons();
        for kind in asked(definition) {
            if let Some(id) = persons.record(kind)
                && dirty::marked(turn.sql, kind, &[id])?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the outbox says of the step that a run waited for; whether the run goes on.
    fn take_in_step(
        &mut self,
        turn: &mut Turn<'_>,
        run: &mut Run,
        record: &mut Record,
        action: &ActionId,
        definition: &Definition,
    ) -> Result<bool, SqlError> {
        let told = self.outbox_command(turn, &Actor::Spoke, Outbox::Get(action.clone()), &mut Vec::new())?;
        let ended = match told {
            Told::Action(text) => ended(&text),
            _ => Ended {
                state: "failed".to_owned(),
                words: Some("What was asked for is forgotten.".to_owned()),
                made: [None; 2],
                record: None,
                touched: Vec::new(),
            },
        };
        let Some(line) = record.line_of(action) else { return Ok(true) };
        let place = line.place.clone();
        line.state.clone_from(&ended.state);
        line.words.clone_from(&ended.words);
        line.record.clone_from(&ended.record);
        if is_failure(&ended.state) {
            // It stands where it failed: tried again it goes on from there.
            record.standing = Some(Standing { place, since: None });
            return Ok(false);
        }
        record.standing = behind(definition, &place);
        self.take_in_records(turn, run, record, &ended, &place)?;
        for (kind, id) in &ended.touched {
            // What happens by itself is read with the next check, minutes later: too late for a step that asks what is there now.
            if record.persons().record(*kind) == Some(*id) && !definition.reads(*kind).is_empty() {
                self.look_at(turn, *kind, *id)?;
                record.read_since = Some(turn.now);
            }
        }
        Ok(true)
    }

    /// What a step made, or found in HubSpot, is what the run is of from now on.
    fn take_in_records(
        &self,
        turn: &Turn<'_>,
        run: &mut Run,
        record: &mut Record,
        ended: &Ended,
        place: &Place,
    ) -> Result<(), SqlError> {
        let words = format!("Step \"{place}\" made it, or found it in HubSpot.");
        let [company, contact] = ended.made;
        for (kind, id) in [(ObjectType::Companies, company), (ObjectType::Contacts, contact)] {
            let Some(id) = id else { continue };
            let chosen = if kind == ObjectType::Contacts { &mut record.contact } else { &mut record.company };
            if chosen.record.is_none() {
                chosen.record = Some(id);
                chosen.reasons.push(words.clone());
            }
        }
        let persons = record.persons();
        // Whoever erases the contact finds the run by it.
        run.whom = persons.whom();
        let own = self.workflows.numbered(run.workflow).map(|own| own.definition.trigger.record());
        if let Some(subject) = own.map(|own| persons.subject(own)).filter(|subject| *subject != run.subject) {
            enrolled::put(turn.sql, run.workflow, &subject, run.at)?;
        }
        Ok(())
    }

    /// Asks for what runs want next, all of it at once.
    fn ask_for_steps(&mut self, turn: &mut Turn<'_>, asking: Vec<Asking>) -> Result<(), SqlError> {
        if asking.is_empty() {
            return Ok(());
        }
        // What the outbox wants done at once this alarm does: it is at work.
        let mut effects = Vec::new();
        let all = asking.iter().map(|one| one.asked.clone()).collect();
        let Told::Taken(taken) = self.outbox_command(turn, &Actor::Spoke, Outbox::Do(all), &mut effects)?
        else {
            return Err(SqlError::Content("actions"));
        };
        for (one, taken) in asking.into_iter().zip(taken) {
            let Asking { mut run, mut record, place, action, .. } = one;
            let mut line = Line::new(place.clone(), &action, ASKED, None, turn.now);
            run.due_at = turn.now;
            match taken {
                Taken::Action { action, .. } => {
                    let id = id_of(&action).ok_or(SqlError::Content("actions"))?;
                    line.action_id = Some(id.clone());
                    run.action = Some(id);
                    record.put(line);
                    save(turn, run, &record)?;
                }
                Taken::Refused(refusal) => {
                    "refused".clone_into(&mut line.state);
                    line.words = Some(refusal.words);
                    record.put(line);
                    self.end_workflow_run(turn, run, &record, "failed")?;
                }
                Taken::Off => {
                    "off".clone_into(&mut line.state);
                    line.words = Some("An administrator has switched this action off.".to_owned());
                    record.put(line);
                    let definition = self.definition_of(turn, run.workflow, run.version)?;
                    record.standing = definition.and_then(|definition| behind(&definition, &place));
                    if record.standing.is_some() {
                        save(turn, run, &record)?;
                    } else {
                        self.end_workflow_run(turn, run, &record, "done")?;
                    }
                }
                Taken::Full => {
                    run.due_at = turn.now.plus_ms(FULL_MS);
                    save(turn, run, &record)?;
                }
            }
        }
        Ok(())
    }

    /// Somebody had an action leave again, took it back or said what became of it: the run that asked for it follows, also one that failed there.
    #[inline(never)]
    pub(in crate::engine::portal) fn workflow_run_follows(
        &mut self,
        turn: &Turn<'_>,
        action: &ActionId,
        told: &str,
    ) -> Result<(), SqlError> {
        if !self.workflows.used {
            return Ok(());
        }
        let Some(mut run) = store::of_action(turn.sql, action)? else { return Ok(()) };
        let mut record: Record = json::parse(&run.content).map_err(|_| WRONG)?;
        let Some(line) = record.line_of(action) else { return Ok(()) };
        let place = line.place.clone();
        let now = ended(told);
        // What is waited for is taken in when it has ended; what is as it was is none of the run's business.
        if line.state == ASKED || line.state == now.state {
            self.workflows.stir();
            return Ok(());
        }
        let stands_there = record.standing.as_ref().is_some_and(|standing| standing.place == place);
        if run.state == "failed" && stands_there && may_reopen(turn, &run)? {
            if let Some(line) = record.line_of(action) {
                line.ask_again(turn.now);
            }
            run.action = Some(action.clone());
            return self.reopen_workflow_run(turn, run, &record);
        }
        if let Some(line) = record.line_of(action) {
            line.ask_again(turn.now);
            (line.state, line.words) = (now.state, now.words);
        }
        save(turn, run, &record)
    }

    /// A run that failed goes on where it stands.
    pub(super) fn reopen_workflow_run(
        &mut self,
        turn: &Turn<'_>,
        mut run: Run,
        record: &Record,
    ) -> Result<(), SqlError> {
        (run.state, run.ended_at, run.due_at) = ("open".to_owned(), None, turn.now);
        self.workflows.open += 1;
        self.workflows.stir();
        save(turn, run, record)
    }

    /// The end of a run.
    pub(super) fn end_workflow_run(
        &mut self,
        turn: &Turn<'_>,
        mut run: Run,
        record: &Record,
        state: &str,
    ) -> Result<(), SqlError> {
        state.clone_into(&mut run.state);
        (run.ended_at, run.action, run.watches) = (Some(turn.now), None, false);
        self.workflows.open = self.workflows.open.saturating_sub(1);
        save(turn, run, record)
    }
}

/// Saves what became of a run.
fn save(turn: &Turn<'_>, run: Run, record: &Record) -> Result<(), SqlError> {
    let content = serde_json::to_string(record).map_err(|_| WRONG)?;
    store::put(turn.sql, &Run { content, ..run })
}

/// Whether a run that is over may be under way again: not while another of the same is.
pub(super) fn may_reopen(turn: &Turn<'_>, run: &Run) -> Result<bool, SqlError> {
    Ok(store::active(turn.sql, run.workflow, run.version, std::slice::from_ref(&run.subject))?.is_none())
}

/// Where a run stands once the step at a place is done; `None`: at its end.
fn behind(definition: &Definition, place: &Place) -> Option<Standing> {
    definition.after(place).map(|place| Standing { place, since: None })
}

/// What a step is called in the outbox: no two of a definition have one id.
fn step_name(place: &Place) -> &str {
    place.step().map_or("", |id| id.as_str())
}

/// Writes down what was asked on the way, and which way that was.
fn note_branches(
    record: &mut Record,
    because: &[Branch<'_>],
    definition: &Definition,
    fields: &Discovered,
    now: Timestamp,
) {
    for branch in because {
        let Some(step) = definition.at(&branch.place) else { continue };
        let waits = matches!(step.what, What::WaitUntil { .. });
        let does = if waits { "wait_until" } else { "if" };
        let mut line = Line::new(branch.place.clone(), does, way_of(branch.way, waits), None, now);
        if let Some(filter) = step.filter() {
            line.conditions = told(&branch.findings, &|condition| fields.describe(filter, condition));
        }
        line.until = record.line(&branch.place).and_then(|own| own.until);
        record.put(line);
    }
}

//! Whether something goes into a workflow, and the run that begins then: the conditions, how often a record may go through it, and that it is
//! not under way already.

use super::{
    Running, TIMES_A_DAY,
    facts::{Persons, subject_of_event, subjects},
    fields::Discovered,
    log::{Record, told},
};
use crate::{
    engine::{
        portal::{Portal, Turn, signals::Found},
        workflow::{Again, Event, Facts, Standing, Trigger},
    },
    store::{
        portal::workflows::{
            enrolled,
            runs::{self as store, Run},
        },
        sql::SqlError,
    },
    values::{
        filter::Context,
        ids::RunId,
        time::{DAY_MS, MINUTE_MS, Timestamp},
    },
};

/// Something that may go into a workflow.
pub(super) struct Candidate<'a> {
    pub(super) persons: Persons,
    pub(super) facts: &'a Facts,
    /// Before the change that is asked about.
    pub(super) before: Option<&'a Facts>,
    pub(super) event: Option<&'a Event>,
    /// What happened, in words.
    pub(super) began: String,
}

/// What became of it.
pub(super) enum Entry {
    /// It goes in.
    Enters(Vec<Found>),
    /// It does not: why, with what the conditions saw.
    Stays(String, Vec<Found>),
    /// It would again and again: in words.
    Loops(String),
}

const CONDITIONS: &str = "The conditions do not hold.";
const FULL: &str = "As many runs are open as may be. Pause or cancel what is not needed.";

impl Portal {
    /// Whether something goes into a workflow now, by its conditions and by how often it may.
    pub(super) fn entry(
        &self,
        turn: &Turn<'_>,
        running: &Running,
        candidate: &Candidate<'_>,
        context: Context,
    ) -> Result<Entry, SqlError> {
        let definition = &running.definition;
        let before = candidate.before.map(|before| before as &dyn crate::values::filter::Values);
        let (holds, found) = {
            let entry = definition.enters(candidate.facts, before, context);
            if !entry.holds && candidate.event.is_none() {
                // Of a change that is none of the workflow's nobody is told.
                return Ok(Entry::Stays(CONDITIONS.to_owned(), Vec::new()));
            }
            let fields = Discovered::load(turn.sql, definition)?;
            let filter = &definition.conditions;
            (entry.holds, told(&entry.findings, &|condition| fields.describe(filter, condition)))
        };
        if !holds {
            return Ok(Entry::Stays(CONDITIONS.to_owned(), found));
        }
        let own = definition.trigger.record();
        let names = subjects(&candidate.persons, own, candidate.facts);
        let last = enrolled::last(turn.sql, running.number, &names)?;
        if let Some(last) = last {
            let at = last.at.to_rfc3339();
            match &definition.again {
                Again::Once => {
                    let words = format!("It has been through this workflow, last at {at}, and goes once.");
                    return Ok(Entry::Stays(words, found));
                }
                Again::When(filter) if !filter.evaluate(candidate.facts, before, context) => {
                    let words = format!(
                        "It has been through this workflow, last at {at}, and what lets it in again does not hold."
                    );
                    return Ok(Entry::Stays(words, found));
                }
                Again::When(_) | Again::EveryTime => {}
            }
            let is_change = matches!(definition.trigger, Trigger::Change { .. });
            if is_change && last.times >= TIMES_A_DAY && turn.now.since_ms(last.since) < DAY_MS {
                let words = format!(
                    "{} went through this workflow {TIMES_A_DAY} times within a day, and goes no more until the next: it may change what begins it.",
                    candidate.persons.subject(own)
                );
                return Ok(Entry::Loops(words));
            }
        }
        if let Some(run) = store::active(turn.sql, running.number, running.saved.version, &names)? {
            return Ok(Entry::Stays(format!("It is under way already: {run}."), found));
        }
        if self.workflows.room() == 0 {
            return Ok(Entry::Stays(FULL.to_owned(), found));
        }
        Ok(Entry::Enters(found))
    }

    /// Asks whether something goes in, and begins a run if it does; whether it did. Of an event it is kept why not.
    pub(super) fn enrol(
        &mut self,
        turn: &mut Turn<'_>,
        at: usize,
        candidate: Candidate<'_>,
    ) -> Result<bool, SqlError> {
        let Some(context) = self.channel_context(turn) else { return Ok(false) };
        let entry = self.entry(turn, &self.workflows.all[at], &candidate, context)?;
        let running = &self.workflows.all[at];
        let name = &running.definition.name;
        let mut record = Record::new(name, candidate.began, candidate.event.cloned(), &candidate.persons);
        match entry {
            Entry::Enters(found) => {
                record.conditions = found;
                self.begin(turn, at, &candidate.persons, record)?;
                Ok(true)
            }
            Entry::Stays(why, found) if candidate.event.is_some() => {
                record.conditions = found;
                record.why = Some(why);
                self.log_only(turn, at, &candidate.persons, &record, "skipped")?;
                Ok(false)
            }
            Entry::Stays(..) => Ok(false),
            Entry::Loops(words) => {
                self.workflows.all[at].note_trouble(turn, words)?;
                Ok(false)
            }
        }
    }

    /// Begins a run before its first step.
    pub(super) fn begin(
        &mut self,
        turn: &mut Turn<'_>,
        at: usize,
        persons: &Persons,
        mut record: Record,
    ) -> Result<(), SqlError> {
        let running = &self.workflows.all[at];
        record.standing = running.definition.first().map(|place| Standing { place, since: None });
        let run = Self::new_run(turn, running, persons, &record, "open")?;
        enrolled::put(turn.sql, run.workflow, &run.subject, turn.now)?;
        store::put(turn.sql, &run)?;
        self.workflows.open += 1;
        self.workflows.used = true;
        self.workflows.stir();
        Ok(())
    }

    /// Keeps an event for a workflow that stands still: its conditions are asked once it goes on. Until then it is under way of nobody: of
    /// several that wait for the same record some may not go in.
    pub(super) fn begin_later(
        &mut self,
        turn: &mut Turn<'_>,
        at: usize,
        persons: &Persons,
        event: &Event,
        mut record: Record,
    ) -> Result<(), SqlError> {
        if self.workflows.room() == 0 {
            record.why = Some(FULL.to_owned());
            return self.log_only(turn, at, persons, &record, "skipped");
        }
        record.asks = true;
        let run = Self::new_run(turn, &self.workflows.all[at], persons, &record, "open")?;
        store::put(turn.sql, &Run { subject: subject_of_event(&event.id), ..run })?;
        self.workflows.open += 1;
        self.workflows.used = true;
        Ok(())
    }

    /// A row of the log, of something that is over as it begins.
    pub(super) fn log_only(
        &mut self,
        turn: &mut Turn<'_>,
        at: usize,
        persons: &Persons,
        record: &Record,
        state: &str,
    ) -> Result<(), SqlError> {
        let run = Self::new_run(turn, &self.workflows.all[at], persons, record, state)?;
        store::put(turn.sql, &Run { ended_at: Some(turn.now), ..run })?;
        self.workflows.used = true;
        Ok(())
    }

    fn new_run(
        turn: &mut Turn<'_>,
        running: &Running,
        persons: &Persons,
        record: &Record,
        state: &str,
    ) -> Result<Run, SqlError> {
        let mut bytes = [0; 12];
        (turn.random)(&mut bytes);
        Ok(Run {
            number: 0,
            id: RunId::from_random(bytes),
            workflow: running.number,
            version: running.saved.version,
            subject: persons.subject(running.definition.trigger.record()),
            at: turn.now,
            ended_at: None,
            state: state.to_owned(),
            action: None,
            due_at: turn.now,
            watches: false,
            whom: persons.whom(),
            content: serde_json::to_string(record).map_err(|_| SqlError::Content("workflow_runs"))?,
        })
    }
}

/// Whether a record that was made then is new to a workflow. HubSpot's clock and ours differ by less than a minute.
pub(super) fn is_new_to(running: &Running, created_at: Timestamp) -> bool {
    running.saved.enabled_at.is_some_and(|since| created_at.plus_ms(MINUTE_MS) >= since)
}

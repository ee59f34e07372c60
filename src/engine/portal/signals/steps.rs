//! The steps of runs, one after the other: what the outbox says of the one before, then what the next comes to.

use super::{
    AT_ONCE, RUN_MS,
    log::{ASKED, Kept, Record, Step},
    persons::record_name,
};
use crate::{
    engine::{
        action_step::Planned,
        actor::Actor,
        portal::{
            Portal, Turn,
            action_steps::{Ended, ended, id_of},
            outbox::{
                actions::Wanted,
                commands::{Answer as Told, Asked, Command as Outbox, Taken},
            },
        },
        signal::VOCABULARY,
    },
    store::{
        portal::{
            dirty,
            signals::{self as store, Run, acts},
        },
        sql::SqlError,
    },
    values::{
        ids::{ActionId, ObjectType},
        time::{HOUR_MS, MINUTE_MS, SECOND_MS},
    },
};

/// A run that waits for a record to be read looks again after this long: a read takes a second.
const READ_MS: i64 = 5 * SECOND_MS;
/// So long it waits at most, and then does without: HubSpot answers a read sooner than that, unless writes do not leave either.
const READ_WITHIN_MS: i64 = HOUR_MS;
/// When a step is asked for again where the outbox is full: in that time it has room for thousands.
const FULL_MS: i64 = MINUTE_MS;

/// A run whose next step is to be asked for.
struct Asking {
    run: Run,
    record: Record,
    /// Which step.
    index: usize,
    action: String,
    asked: Asked,
}

impl Portal {
    /// Goes on with some of the runs whose step has ended; says whether there were any.
    pub(super) fn advance_runs(&mut self, turn: &mut Turn<'_>) -> Result<bool, SqlError> {
        let paused = self.signals.paused();
        let given_up = turn.now.minus_ms(RUN_MS);
        let ready = store::ready(turn.sql, turn.now, &paused, given_up, AT_ONCE)?;
        if ready.is_empty() {
            return Ok(false);
        }
        let mut asking = Vec::new();
        for run in ready {
            asking.extend(self.advance_run(turn, run)?);
        }
        self.ask_for(turn, asking)?;
        Ok(true)
    }

    /// Takes in how the current step ended; what is to be asked for next, if anything is.
    fn advance_run(&mut self, turn: &mut Turn<'_>, mut run: Run) -> Result<Option<Asking>, SqlError> {
        let mut record: Record = store::read(&run.content)?;
        let row = store::numbered(turn.sql, run.signal)?.ok_or(SqlError::Content("automation_runs"))?;
        let Kept { signal, .. } = store::read(&row.content)?;
        if let Some(action) = run.action.take() {
            self.take_in(turn, &mut run, &mut record, &action)?;
        }
        let facts = self.facts_of_signal(turn, &signal, record.company.record, record.contact.record)?;
        while let Some(index) = record.next_step() {
            let own = record.steps.get(index).and_then(|step| step.action_id.clone());
            if let Some(asked) = own {
                // It is tried again: what becomes of it is waited for before what follows.
                (run.action, run.due_at) = (Some(asked), turn.now);
                save(turn, run, &record)?;
                return Ok(None);
            }
            if Self::awaits_read(turn, &record, index)? {
                run.due_at = turn.now.plus_ms(READ_MS);
                save(turn, run, &record)?;
                return Ok(None);
            }
            let step = &record.definition[index];
            let action = step.action().to_owned();
            match self.planned(turn, step, VOCABULARY, &facts) {
                Planned::Skip(words) => {
                    record.put(index, Step::new(action, "skipped", Some(words), turn.now));
                }
                Planned::Do(wanted) => {
                    let asked = Asked {
                        key: Some(format!("{}/{index}", run.id)),
                        why: Some(format!(
                            "Automation \"{}\", of list \"{}\", for signal {}.",
                            record.name, record.list_name, row.id
                        )),
                        dry_run: false,
                        background: true,
                        coalesce: None,
                        data: signal.data(),
                        wanted: *wanted,
                    };
                    return Ok(Some(Asking { run, record, index, action, asked }));
                }
            }
        }
        end(turn, run, &record)?;
        Ok(None)
    }

    /// Whether a step names fields of a record that was written by an earlier one and has not been read since.
    fn awaits_read(turn: &Turn<'_>, record: &Record, index: usize) -> Result<bool, SqlError> {
        if record.read_since.is_none_or(|since| turn.now.since_ms(since) >= READ_WITHIN_MS) {
            return Ok(false);
        }
        let named = record.definition[index].reads(VOCABULARY);
        for (kind, id) in
            [(ObjectType::Companies, record.company.record), (ObjectType::Contacts, record.contact.record)]
        {
            let Some(id) = id.filter(|_| named.iter().any(|(of, _)| *of == kind)) else { continue };
            if dirty::marked(turn.sql, kind, &[id])? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks for what runs want next, all of it at once.
    fn ask_for(&mut self, turn: &mut Turn<'_>, asking: Vec<Asking>) -> Result<(), SqlError> {
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
            let Asking { mut run, mut record, index, action, .. } = one;
            let mut step = Step::new(action, ASKED, None, turn.now);
            run.due_at = turn.now;
            match taken {
                Taken::Action { action, .. } => {
                    let id = id_of(&action).ok_or(SqlError::Content("actions"))?;
                    step.action_id = Some(id.clone());
                    run.action = Some(id);
                    record.put(index, step);
                }
                Taken::Refused(refusal) => {
                    "refused".clone_into(&mut step.state);
                    step.words = Some(refusal.words);
                    record.put(index, step);
                }
                Taken::Off => {
                    "off".clone_into(&mut step.state);
                    step.words = Some("An administrator has switched this action off.".to_owned());
                    record.put(index, step);
                }
                Taken::Full => run.due_at = turn.now.plus_ms(FULL_MS),
            }
            save(turn, run, &record)?;
        }
        Ok(())
    }

    /// Somebody had an action leave again, took it back or said what became of it: the run that asked for it follows, also one that was over.
    #[inline(never)]
    pub(in crate::engine::portal) fn run_follows(
        &mut self,
        turn: &Turn<'_>,
        action: &ActionId,
        told: &str,
    ) -> Result<(), SqlError> {
        let Some(mut run) = store::run_of_action(turn.sql, action)? else { return Ok(()) };
        let mut record: Record = store::read(&run.content)?;
        let own = record.steps.iter().position(|step| step.action_id.as_ref() == Some(action));
        let Some(index) = own else { return Ok(()) };
        let state = &record.steps[index].state;
        // What is waited for is taken in when it has ended; what is as it was is none of the run's business.
        if state == ASKED || *state == ended(told).state {
            return Ok(());
        }
        record.ask_again(index, turn.now);
        (run.state, run.due_at) = ("open".to_owned(), turn.now);
        self.signals.stir();
        save(turn, run, &record)
    }

    /// What the outbox says of the step that a run waits for.
    fn take_in(
        &mut self,
        turn: &mut Turn<'_>,
        run: &mut Run,
        record: &mut Record,
        action: &ActionId,
    ) -> Result<(), SqlError> {
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
        let own = record.steps.iter().position(|step| step.action_id.as_ref() == Some(action));
        let number = own.map_or(0, |index| index + 1);
        let [company, contact] = ended.made;
        let words = format!("Step {number} made it, or found it in HubSpot.");
        if let Some(id) = company {
            record.company.record = Some(id);
            record.company.reasons.push(words.clone());
        }
        if let Some(id) = contact {
            record.contact.record = Some(id);
            record.contact.reasons.push(words);
            // Whoever erases the contact finds the signal by it.
            store::is_of(turn.sql, run.signal, id)?;
            self.touch_by_signals(turn, &[id])?;
        }
        if run.record.is_none() {
            let is_visitor = run.subject.starts_with("email/") || run.subject.starts_with("visitor/");
            let (kind, id) =
                if is_visitor { (ObjectType::Contacts, contact) } else { (ObjectType::Companies, company) };
            run.record = id.map(|id| record_name(kind, id));
            if let Some(name) = &run.record {
                acts::is_of(turn.sql, run.automation, &run.subject, name)?;
            }
        }
        // What happens by itself is read with the next check, minutes later: too late for a step that names what is there now.
        for (kind, id) in ended.touched {
            let own = match kind {
                ObjectType::Companies => record.company.record,
                ObjectType::Contacts => record.contact.record,
                ObjectType::Deals
                | ObjectType::Tasks
                | ObjectType::Calls
                | ObjectType::Notes
                | ObjectType::Custom(_) => None,
            };
            if own == Some(id) && record.names_from(number, kind) {
                self.look_at(turn, kind, id)?;
                record.read_since = Some(turn.now);
            }
        }
        if let Some(step) = own.and_then(|index| record.steps.get_mut(index)) {
            step.state = ended.state;
            step.words = ended.words;
            step.record = ended.record;
        }
        Ok(())
    }
}

fn save(turn: &Turn<'_>, run: Run, record: &Record) -> Result<(), SqlError> {
    let content = serde_json::to_string(record).map_err(|_| SqlError::Content("automation_runs"))?;
    store::put_run(turn.sql, &Run { content, ..run })
}

/// The end of a run. One that asked for nothing leaves no cool-down behind.
fn end(turn: &Turn<'_>, mut run: Run, record: &Record) -> Result<(), SqlError> {
    let of = |states: &[&str]| record.steps.iter().any(|step| states.contains(&step.state.as_str()));
    run.acted = record.steps.iter().any(|step| step.action_id.is_some());
    if !run.acted {
        acts::take_back(turn.sql, run.automation, &run.subject, run.at)?;
    }
    let state = if of(&["failed", "refused", "unknown", "waiting", "sent"]) {
        "failed"
    } else if run.acted {
        "done"
    } else {
        "skipped"
    };
    state.clone_into(&mut run.state);
    save(turn, run, record)
}

/// One action that is only tried.
pub(super) fn tried(wanted: Wanted, data: serde_json::Map<String, serde_json::Value>) -> Asked {
    Asked {
        key: None,
        why: Some("An automation was tried.".to_owned()),
        dry_run: true,
        background: true,
        coalesce: None,
        data,
        wanted,
    }
}

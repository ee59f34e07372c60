//! Why something was done or not, as it is kept with a signal and a run: by the names that people use, with the values that were seen.

use serde::{Deserialize, Serialize};

use super::Discovered;
use crate::{
    engine::{
        action_step::ActionStep,
        portal::matching::Match,
        signal::{Facts, List, Signal, VOCABULARY},
    },
    values::{
        filter::Context,
        ids::{ActionId, AutomationId, ObjectType, QualifyingListId, RecordId},
        time::Timestamp,
    },
};

/// Conditions that are kept of a list that qualifies.
const TOLD: usize = 20;
/// Those of one that does not: the first that did not hold.
const TOLD_OF_NO: usize = 3;
/// Characters of a value that was seen.
const SEEN_CHARS: usize = 200;

/// A signal as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub signal: Signal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
}

/// What was decided about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Decided {
    pub at: Timestamp,
    pub company: Chosen,
    pub contact: Chosen,
    pub lists: Vec<OfList>,
}

/// What one list said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct OfList {
    pub list: QualifyingListId,
    pub name: String,
    pub qualifies: bool,
    /// Why nothing was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Found>,
    /// When it was decided, of a list that stood still as the signal came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// What a condition saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::engine::portal) struct Found {
    pub path: String,
    pub condition: String,
    pub value: Option<String>,
    pub holds: bool,
}

/// Which record somebody is, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(in crate::engine::portal) struct Chosen {
    pub record: Option<RecordId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    pub reasons: Vec<String>,
}

impl Chosen {
    pub(in crate::engine::portal) fn none(why: &str) -> Self {
        Self { reasons: vec![why.to_owned()], ..Self::default() }
    }

    pub(in crate::engine::portal) fn of(found: &Match, kind: ObjectType) -> Self {
        Self {
            record: found.chosen(),
            decided_by: found.decided.map(|decided| decided.as_str().to_owned()),
            reasons: found.reasons(kind),
        }
    }

    pub(in crate::engine::portal) fn given(record: RecordId) -> Self {
        Self {
            record: Some(record),
            reasons: vec!["It was named by who asked.".to_owned()],
            ..Self::default()
        }
    }
}

/// What a list says of somebody, condition by condition. `all`: of every condition, whatever it came to.
pub(super) fn findings(
    list: &List,
    fields: &Discovered,
    facts: &Facts,
    context: Context,
    all: bool,
) -> Vec<Found> {
    let named = list.filter.explain(facts, None, context).into_iter();
    let found = named.map(|finding| Found {
        condition: list.describe_condition(finding.condition, fields),
        value: finding.value.map(|value| value.chars().take(SEEN_CHARS).collect()),
        holds: finding.holds,
        path: finding.path,
    });
    if all { found.take(TOLD).collect() } else { found.filter(|one| !one.holds).take(TOLD_OF_NO).collect() }
}

/// A run as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub automation: AutomationId,
    pub name: String,
    pub version: u32,
    pub list: QualifyingListId,
    pub list_name: String,
    pub conditions: Vec<Found>,
    pub company: Chosen,
    pub contact: Chosen,
    /// Since when the run waits for what is read of a record that one of its steps wrote; a later one names fields of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_since: Option<Timestamp>,
    /// Why nothing was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The steps as they were when it began.
    pub definition: Vec<ActionStep>,
    /// What they came to, in their order; the last may be under way.
    pub steps: Vec<Step>,
}

impl Record {
    /// Which step is to be asked for, or waited for, next.
    pub(super) fn next_step(&self) -> Option<usize> {
        let open = |index: &usize| self.steps.get(*index).is_none_or(Step::is_open);
        (0..self.definition.len()).find(open)
    }

    /// Whether a step from this one on names fields of the company or contact.
    pub(super) fn names_from(&self, index: usize, kind: ObjectType) -> bool {
        let mut later = self.definition.iter().skip(index);
        later.any(|step| step.reads(VOCABULARY).iter().any(|(of, _)| *of == kind))
    }

    /// Writes down what a step comes to; what it came to before stays with it.
    pub(super) fn put(&mut self, index: usize, step: Step) {
        match self.steps.get_mut(index) {
            Some(own) => *own = Step { before: std::mem::take(&mut own.before), ..step },
            None => self.steps.push(step),
        }
    }

    /// A step whose action came to something else is waited for again, and those behind it that asked for nothing are looked at again:
    /// what it makes may be what they lacked.
    pub(super) fn ask_again(&mut self, index: usize, now: Timestamp) {
        for (at, step) in self.steps.iter_mut().enumerate().skip(index) {
            if at > index && (step.action_id.is_some() || step.is_open()) {
                continue;
            }
            let again = if at == index { ASKED } else { WAITS };
            let was = Before {
                at: step.at,
                state: std::mem::replace(&mut step.state, again.to_owned()),
                words: step.words.take(),
            };
            if step.before.len() >= BEFORE {
                step.before.remove(0);
            }
            step.before.push(was);
            step.at = now;
        }
    }
}

impl Step {
    /// Of an action that the run comes to now.
    pub(super) fn new(action: String, state: &str, words: Option<String>, at: Timestamp) -> Self {
        let state = state.to_owned();
        Self { action, state, words, action_id: None, record: None, at, before: Vec::new() }
    }

    /// Something is still to become of it.
    fn is_open(&self) -> bool {
        matches!(self.state.as_str(), ASKED | WAITS)
    }
}

/// The outbox has the step's action.
pub(super) const ASKED: &str = "asked";
/// An earlier step is tried again.
pub(super) const WAITS: &str = "waits";
/// What a step came to before is kept so many times: nobody tries more often without looking why.
const BEFORE: usize = 5;

/// What a step had come to before it was tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Before {
    pub at: Timestamp,
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Step {
    pub action: String,
    /// [`ASKED`], or [`WAITS`]; then as it ended in the outbox, or `skipped`, `off`, `refused`.
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<ActionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    pub at: Timestamp,
    /// What it had come to before it was tried again, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Before>,
}

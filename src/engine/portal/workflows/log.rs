//! A run as it is kept: why it began or did not, whom it is of, where it stands, and what each step came to, with the values that were seen.

use serde::{Deserialize, Serialize};

use super::facts::Persons;
use crate::{
    engine::{
        portal::signals::{Chosen, Found},
        workflow::{Event, EventRecord, Place, Route, Standing, Way},
    },
    values::{filter::Finding, ids::ActionId, time::Timestamp},
};

/// Conditions that are kept of what was asked at one place.
const TOLD: usize = 20;
/// Characters of a value that was seen.
const SEEN_CHARS: usize = 200;
/// What a step came to before is kept so many times: nobody tries more often without looking why.
const BEFORE: usize = 5;

/// The outbox has the step's action.
pub(super) const ASKED: &str = "asked";
/// Time passes.
pub(super) const WAITS: &str = "waits";

/// What was found at one place, in words. `describe`: a condition in words.
pub(super) fn told(
    findings: &[Finding<'_>],
    describe: &dyn Fn(&crate::values::filter::Condition) -> String,
) -> Vec<Found> {
    let found = findings.iter().take(TOLD).map(|finding| Found {
        path: finding.path.clone(),
        condition: describe(finding.condition),
        value: finding.value.map(|value| value.chars().take(SEEN_CHARS).collect()),
        holds: finding.holds,
    });
    found.collect()
}

/// A run as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// What the workflow was called.
    pub name: String,
    /// What began it, in words.
    pub began: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// What the conditions saw.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Found>,
    #[serde(default)]
    pub contact: Chosen,
    #[serde(default)]
    pub company: Chosen,
    #[serde(default)]
    pub deal: Chosen,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<EventRecord>,
    /// Why nothing was done, or why it is over before its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The conditions are still to be asked: the workflow stood still when the event came.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks: bool,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// The steps it has come to, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Line>,
    /// Since when it waits for what is read of a record that one of its steps wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_since: Option<Timestamp>,
    /// The routing answer, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
}

impl Record {
    /// Of something that began now.
    pub(super) fn new(name: &str, began: String, event: Option<Event>, persons: &Persons) -> Self {
        let mut record = Self {
            name: name.to_owned(),
            began,
            event,
            conditions: Vec::new(),
            contact: Chosen::default(),
            company: Chosen::default(),
            deal: Chosen::default(),
            other: None,
            why: None,
            asks: false,
            standing: None,
            steps: Vec::new(),
            read_since: None,
            route: None,
        };
        record.put_persons(persons);
        record
    }

    pub(super) fn put_persons(&mut self, persons: &Persons) {
        self.contact.clone_from(&persons.contact);
        self.company.clone_from(&persons.company);
        self.deal.clone_from(&persons.deal);
        self.other = persons.other;
    }

    /// Whom it is of.
    pub(super) fn persons(&self) -> Persons {
        Persons {
            contact: self.contact.clone(),
            company: self.company.clone(),
            deal: self.deal.clone(),
            other: self.other,
            email: self.event.as_ref().and_then(|event| event.email.clone()),
            phone: self.event.as_ref().and_then(|event| event.phone.clone()),
            event: self.event.as_ref().map(|event| event.id.clone()),
        }
    }

    /// Writes down what a step comes to; what it came to before stays with it.
    pub(super) fn put(&mut self, line: Line) {
        match self.steps.iter_mut().find(|own| own.place == line.place) {
            Some(own) => *own = Line { before: std::mem::take(&mut own.before), ..line },
            None => self.steps.push(line),
        }
    }

    /// The time of a wait is over.
    pub(super) fn has_waited(&mut self, place: &Place, now: Timestamp) {
        if let Some(line) = self.line(place).filter(|line| line.does == "wait") {
            "waited".clone_into(&mut line.state);
            line.at = now;
        }
    }

    /// What a step came to.
    pub(super) fn line(&mut self, place: &Place) -> Option<&mut Line> {
        self.steps.iter_mut().find(|line| line.place == *place)
    }

    /// The step whose action this is.
    pub(super) fn line_of(&mut self, action: &ActionId) -> Option<&mut Line> {
        self.steps.iter_mut().find(|line| line.action_id.as_ref() == Some(action))
    }
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    /// Which step.
    pub place: Place,
    /// What it does: an action's name, `if`, `wait`, `wait_until`, `decide` or `stop`.
    pub does: String,
    /// Of an action [`ASKED`], then as it ended in the outbox, or `skipped`, `off`, `refused`; of an `if` the way; [`WAITS`], then `waited`,
    /// `came_about` or `too_late`; `decided`; `stopped`.
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// What was asked there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Found>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<ActionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// Until when it waits at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    pub at: Timestamp,
    /// What it had come to before it was tried again, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Before>,
}

/// What a step had come to before it was tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Before {
    pub at: Timestamp,
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

impl Line {
    pub(super) fn new(place: Place, does: &str, state: &str, words: Option<String>, at: Timestamp) -> Self {
        Self {
            place,
            does: does.to_owned(),
            state: state.to_owned(),
            words,
            conditions: Vec::new(),
            action_id: None,
            record: None,
            until: None,
            at,
            before: Vec::new(),
        }
    }

    /// Its action is to come to something else.
    pub(super) fn ask_again(&mut self, now: Timestamp) {
        let state = std::mem::replace(&mut self.state, ASKED.to_owned());
        let was = Before { at: self.at, state, words: self.words.take() };
        if self.before.len() >= BEFORE {
            self.before.remove(0);
        }
        self.before.push(was);
        self.at = now;
    }
}

/// Which way a step that asks has gone, as its line says it.
pub(super) const fn way_of(way: Way, waits: bool) -> &'static str {
    match (way, waits) {
        (Way::Then, false) => "then",
        (Way::Else, false) => "else",
        (Way::Waits, _) => WAITS,
        (Way::Then, true) => "came_about",
        (Way::Else, true) => "too_late",
    }
}

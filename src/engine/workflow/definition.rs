//! What a workflow is: when it begins, for which records, how often, and its steps.
//!
//! A definition is made by [`Definition::parse`] alone, which holds the limits; it knows nothing of any account.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    engine::action_step::ActionStep,
    values::{
        filter::Filter,
        ids::{InvalidId, ObjectType},
        time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp},
    },
};

/// A workflow, as it was saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// When it begins.
    pub trigger: Trigger,
    /// What must hold then; of what is not said every record.
    pub conditions: Filter,
    /// How often one record goes through it.
    pub again: Again,
    /// What is done, in this order.
    pub steps: Vec<Step>,
}

/// When a workflow begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// The host says that something happened.
    Event {
        /// What: the host's word for it, see [`EVENTS`].
        event: String,
        /// The type of the record that it is of. There may be none: then the run is of whom the event names.
        record: ObjectType,
    },
    /// A record of the mirror changed.
    Change {
        /// Its type.
        record: ObjectType,
        /// What became of it; at least one.
        kinds: BTreeSet<Passage>,
        /// Of an update: one of these has another value; empty: any.
        properties: BTreeSet<String>,
    },
    /// A moment came: every record of the type that the conditions hold of is enrolled.
    Schedule {
        /// Their type.
        record: ObjectType,
        /// When.
        every: Every,
    },
}

/// Names of events that hosts of Spoke send, for editors; every other name is one too.
pub const EVENTS: [&str; 5] = [
    "conversation_started",
    "conversation_resolved",
    "conversation_ended",
    "form_submitted",
    "incoming_call",
];

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passage {
    /// It is new.
    Created,
    /// At least one of its values is another.
    Updated,
    /// It was deleted and is there again.
    Restored,
}

impl Passage {
    /// As on the wire.
    pub const ALL: [(&'static str, Self); 3] =
        [("created", Self::Created), ("updated", Self::Updated), ("restored", Self::Restored)];
}

/// How often a schedule comes, by the portal's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// At the full hour.
    Hour,
    /// Once a day.
    Day {
        /// At this hour, 0 to 23.
        hour: u8,
    },
    /// Once a week.
    Week {
        /// On this day.
        weekday: Weekday,
        /// At this hour, 0 to 23.
        hour: u8,
    },
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // their names say it
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// As on the wire; in the order of a week that begins on Monday.
    pub const ALL: [(&'static str, Self); 7] = [
        ("monday", Self::Monday),
        ("tuesday", Self::Tuesday),
        ("wednesday", Self::Wednesday),
        ("thursday", Self::Thursday),
        ("friday", Self::Friday),
        ("saturday", Self::Saturday),
        ("sunday", Self::Sunday),
    ];
}

/// How often one record goes through a workflow.
#[derive(Debug, Clone, PartialEq)]
pub enum Again {
    /// Once, whatever version.
    Once,
    /// Whenever the trigger comes and it is not under way.
    EveryTime,
    /// As [`Again::EveryTime`], but once it has been through only where this holds too.
    When(Filter),
}

/// One step, called by an id of its own: no other step of the definition has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// By which runs, logs and the outbox know it.
    pub id: StepId,
    /// What is done.
    pub what: What,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// An action of the outbox.
    Act(ActionStep),
    /// One of two ways, then what follows.
    If {
        /// What is asked.
        filter: Filter,
        /// The way where it holds.
        then: Vec<Step>,
        /// The other.
        otherwise: Vec<Step>,
    },
    /// Time passes.
    Wait(Span),
    /// Time passes until something holds, then what follows.
    WaitUntil {
        /// What is waited for.
        filter: Filter,
        /// So long at most.
        at_most: Span,
        /// What is done where it does not come about in time, before what follows.
        otherwise: Vec<Step>,
    },
    /// The run is over.
    Stop(String),
    /// A routing answer. It ends a [`crate::engine::workflow::Decision`] that is asked for; a run notes it and goes on.
    Decide(Route),
}

/// Where a call or a conversation is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The host's name for it.
    pub route: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// Some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// How many.
    pub count: u32,
    /// Of what.
    pub unit: Unit,
}

/// A unit of time. A day is 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // their names say it
pub enum Unit {
    Minutes,
    Hours,
    Days,
    Weeks,
}

impl Unit {
    /// As on the wire.
    pub const ALL: [(&'static str, Self); 4] =
        [("minutes", Self::Minutes), ("hours", Self::Hours), ("days", Self::Days), ("weeks", Self::Weeks)];

    const fn ms(self) -> i64 {
        match self {
            Self::Minutes => MINUTE_MS,
            Self::Hours => HOUR_MS,
            Self::Days => DAY_MS,
            Self::Weeks => 7 * DAY_MS,
        }
    }
}

impl Span {
    /// In milliseconds.
    pub const fn ms(self) -> i64 {
        (self.count as i64).saturating_mul(self.unit.ms())
    }

    /// The moment so long after another.
    pub const fn after(self, moment: Timestamp) -> Timestamp {
        moment.plus_ms(self.ms())
    }
}

/// A step's id: 1 to 40 lower-case letters, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StepId(String);

impl StepId {
    /// Longest, in characters.
    pub const CHARS: usize = 40;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for StepId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
        let good = (1..=Self::CHARS).contains(&text.len()) && text.bytes().all(plain);
        if good { Ok(Self(text.to_owned())) } else { Err(InvalidId("StepId")) }
    }
}

impl<'de> Deserialize<'de> for StepId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Where a run stands: before a step, called by the ids of those it lies in and its own. As text: `vip/call`.
///
/// The way of an `if` need not be said, as no two steps of a definition have one id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub(super) Vec<StepId>);

impl Place {
    /// The id of the step.
    pub fn step(&self) -> Option<&StepId> {
        self.0.last()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, id) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            f.write_str(id.as_str())?;
        }
        Ok(())
    }
}

impl FromStr for Place {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.split('/').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Trigger {
    /// The type of the records that go through the workflow.
    pub const fn record(&self) -> ObjectType {
        match self {
            Self::Event { record, .. } | Self::Change { record, .. } | Self::Schedule { record, .. } => {
                *record
            }
        }
    }
}

impl Step {
    /// The lists of steps that lie in it, with their names in JSON.
    pub fn inner(&self) -> [(&'static str, &[Step]); 2] {
        match &self.what {
            What::If { then, otherwise, .. } => [("then", then), ("else", otherwise)],
            What::WaitUntil { otherwise, .. } => [("then", &[]), ("else", otherwise)],
            What::Act(_) | What::Wait(_) | What::Stop(_) | What::Decide(_) => [("then", &[]), ("else", &[])],
        }
    }

    /// What is asked there, if it asks.
    pub const fn filter(&self) -> Option<&Filter> {
        match &self.what {
            What::If { filter, .. } | What::WaitUntil { filter, .. } => Some(filter),
            What::Act(_) | What::Wait(_) | What::Stop(_) | What::Decide(_) => None,
        }
    }
}

impl Definition {
    /// Shows every step with its JSON pointer, in the order written, those that lie in others after them.
    pub fn visit<'a>(&'a self, show: &mut dyn FnMut(&str, &'a Step)) {
        visit(&self.steps, "/steps", show);
    }

    /// Every step, in the order written.
    pub fn all_steps(&self) -> Vec<&Step> {
        let mut all = Vec::new();
        self.visit(&mut |_, step| all.push(step));
        all
    }

    /// A step by its id.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.all_steps().into_iter().find(|step| step.id == *id)
    }
}

fn visit<'a>(steps: &'a [Step], path: &str, show: &mut dyn FnMut(&str, &'a Step)) {
    for (index, step) in steps.iter().enumerate() {
        let path = format!("{path}/{index}");
        show(&path, step);
        for (key, inner) in step.inner() {
            visit(inner, &format!("{path}/{key}"), show);
        }
    }
}

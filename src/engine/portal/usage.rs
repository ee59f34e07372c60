//! Who calls HubSpot how often: counted by the hour, by caller and endpoint, kept for a day.
//!
//! Owns the counts of the hour that runs, in memory, saved at the end of each alarm in the row that every check writes anyway
//! ([`super::streams`]); an hour that is over gets a row of its own. What an object loses that ends in the middle of an alarm are some
//! calls of its last half minute. The limits themselves are the limiter's, which counts everything.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Job, Portal, Turn, beside::Errand, deletions::Call, messages::State, seats};
use crate::{
    hubspot::{endpoint::Endpoint, probe::Probe},
    store::{portal::usage as store, sql::SqlError},
    values::{
        http::Outcome,
        json,
        time::{HOUR_MS, Timestamp},
    },
};

/// Hours that are kept: a day, and the one that runs.
const HOURS: i64 = 25;

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// A full read.
    FullRead,
    /// What webhooks and checks for changes have read.
    Changes,
    /// Counts, samples and sweeps that prove the mirror, and fields that are kept fresh.
    Reconcile,
    /// What is linked to what.
    Associations,
    /// Fields, owners, pipelines, lists, the account.
    Reference,
    /// What is written to HubSpot.
    Writes,
    /// A person who waits.
    Person,
    /// The connection's own access: refreshes, the end of it.
    Access,
    /// The host, in the name of a seat.
    Seat,
}

impl Caller {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::FullRead,
        Self::Changes,
        Self::Reconcile,
        Self::Associations,
        Self::Reference,
        Self::Writes,
        Self::Person,
        Self::Access,
        Self::Seat,
    ];

    /// In words, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::FullRead => "Full reads",
            Self::Changes => "Changes",
            Self::Reconcile => "Reconcile",
            Self::Associations => "Associations",
            Self::Reference => "Fields, owners, lists",
            Self::Writes => "Writes",
            Self::Person => "People",
            Self::Access => "Access",
            Self::Seat => "Seats",
        }
    }
}

/// Calls of one caller to one endpoint in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Who.
    pub caller: Caller,
    /// Where to.
    pub endpoint: Endpoint,
    /// How many.
    pub calls: u32,
    /// Of them not answered with success.
    pub refused: u32,
}

/// One hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// Its beginning.
    pub from: Timestamp,
    /// In order of caller and endpoint.
    pub counts: Vec<Count>,
}

/// A day of calls, oldest hour first; hours without any are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// At most [`HOURS`].
    pub hours: Vec<Hour>,
}

/// The hour that runs, as saved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SavedHour {
    hour: i64,
    counts: Vec<Count>,
}

/// The hour that runs.
#[derive(Debug, Default)]
pub(super) struct Counting {
    /// Since 1970.
    hour: i64,
    counts: BTreeMap<(Caller, Endpoint), (u32, u32)>,
    unsaved: bool,
}

fn hour_of(now: Timestamp) -> i64 {
    now.0.div_euclid(HOUR_MS)
}

impl Counting {
    /// The hour as it was saved; it may be over.
    pub(super) fn new(saved: Option<SavedHour>) -> Self {
        let Some(SavedHour { hour, counts }) = saved else { return Self::default() };
        let counts =
            counts.into_iter().map(|count| ((count.caller, count.endpoint), (count.calls, count.refused)));
        Self { hour, counts: counts.collect(), unsaved: false }
    }

    /// Whether there are counts that were not saved yet.
    pub(super) fn is_unsaved(&self) -> bool {
        self.unsaved
    }

    /// What is to be saved of it.
    pub(super) fn save(&mut self) -> SavedHour {
        self.unsaved = false;
        SavedHour { hour: self.hour, counts: self.counts() }
    }

    fn counts(&self) -> Vec<Count> {
        let one = |(&(caller, endpoint), &(calls, refused)): (&(Caller, Endpoint), &(u32, u32))| Count {
            caller,
            endpoint,
            calls,
            refused,
        };
        self.counts.iter().map(one).collect()
    }
}

fn read(text: &str) -> Result<Vec<Count>, SqlError> {
    json::parse(text).map_err(|_| SqlError::Content("usage"))
}

impl Portal {
    /// Counts a call that came to its end.
    pub(super) fn count_call(
        &mut self,
        turn: &Turn<'_>,
        job: &Job,
        outcome: &Outcome,
    ) -> Result<(), SqlError> {
        if matches!(job, Job::Seat(seats::Errand::Write { .. })) {
            // As every call of a seat: where its token is handed out.
            return Ok(());
        }
        let succeeded =
            matches!(outcome, Outcome::Answered(response) if (200..300).contains(&response.status));
        self.count_at(turn, place(job), 1, u32::from(!succeeded))
    }

    /// Counts a call of a seat, which the host's own request makes: when its token is handed out, and as refused when another is asked
    /// for. So one that got no permit in time counts as well, and of refusals those of tokens alone.
    pub(super) fn count_seat_call(
        &mut self,
        turn: &Turn<'_>,
        endpoint: Endpoint,
        refused: bool,
    ) -> Result<(), SqlError> {
        self.count_at(turn, (Caller::Seat, endpoint), 1, u32::from(refused))
    }

    fn count_at(
        &mut self,
        turn: &Turn<'_>,
        place: (Caller, Endpoint),
        called: u32,
        failed: u32,
    ) -> Result<(), SqlError> {
        // Nothing is written of a connection that has ended.
        if self.connection.as_ref().is_none_or(|connection| connection.state == State::Disconnected) {
            return Ok(());
        }
        let hour = hour_of(turn.now);
        if hour != self.counting.hour {
            if !self.counting.counts.is_empty() {
                let text =
                    serde_json::to_string(&self.counting.counts()).map_err(|_| SqlError::Content("usage"))?;
                store::save(turn.sql, self.counting.hour, &text, hour - HOURS + 1)?;
            }
            self.counting = Counting { hour, ..Counting::default() };
        }
        let (calls, refused) = self.counting.counts.entry(place).or_default();
        *calls += called;
        *refused += failed;
        self.counting.unsaved = true;
        Ok(())
    }

    /// The last day.
    pub(super) fn usage(&self, turn: &Turn<'_>) -> Result<Usage, SqlError> {
        let mut hours = Vec::new();
        for (hour, text) in store::since(turn.sql, hour_of(turn.now) - HOURS + 1)? {
            if hour != self.counting.hour {
                hours.push(Hour { from: Timestamp(hour * HOUR_MS), counts: read(&text)? });
            }
        }
        if !self.counting.counts.is_empty() && self.counting.hour > hour_of(turn.now) - HOURS {
            hours
                .push(Hour { from: Timestamp(self.counting.hour * HOUR_MS), counts: self.counting.counts() });
        }
        Ok(Usage { hours })
    }
}

fn place(job: &Job) -> (Caller, Endpoint) {
    match job {
        Job::Refresh | Job::Revoke | Job::Seat(_) => (Caller::Access, Endpoint::Token),
        Job::Uninstall => (Caller::Access, Endpoint::Uninstall),
        Job::Properties => (Caller::Reference, Endpoint::Properties),
        Job::Greatest => (Caller::FullRead, Endpoint::Search),
        Job::List { .. } => (Caller::FullRead, Endpoint::List),
        Job::Fetch { .. } => (Caller::FullRead, Endpoint::BatchRead),
        Job::Search => (Caller::Changes, Endpoint::Search),
        Job::Read { .. } => (Caller::Changes, Endpoint::BatchRead),
        Job::ReadOne { .. } => (Caller::Changes, Endpoint::Read),
        Job::Count { .. } => (Caller::Reconcile, Endpoint::Search),
        Job::Confirm { .. } | Job::Freshen { .. } => (Caller::Reconcile, Endpoint::BatchRead),
        Job::Sweep => (Caller::Reconcile, Endpoint::List),
        Job::Deletion(Call::Archive { .. }) => (Caller::Reconcile, Endpoint::BatchRead),
        Job::Deletion(Call::ArchiveAlone { .. } | Call::Alone { .. }) => (Caller::Reconcile, Endpoint::Read),
        Job::Links(_) => (Caller::Associations, Endpoint::Associations),
        Job::Beside(Errand::Account | Errand::Usage | Errand::Token) => {
            (Caller::Reference, Endpoint::Account)
        }
        Job::Beside(_) => (Caller::Reference, Endpoint::Reference),
        Job::Write(call) => (Caller::Writes, call.endpoint()),
        Job::Score(call) => (Caller::Writes, call.endpoint()),
        Job::Activate(call) => (Caller::Writes, call.endpoint()),
        Job::Echo { .. } => (Caller::Writes, Endpoint::BatchRead),
        Job::Try(Probe::Account) => (Caller::Person, Endpoint::Account),
        Job::Try(Probe::Contacts | Probe::Companies | Probe::Deals) => (Caller::Person, Endpoint::List),
        Job::Try(Probe::Owners | Probe::Lists | Probe::CustomObjects) => {
            (Caller::Person, Endpoint::Reference)
        }
    }
}

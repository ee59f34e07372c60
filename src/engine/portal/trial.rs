//! **Test connection**: one small call for each thing a connection may be allowed, and in words what works and what does not.
//!
//! Owns the newest test and its results, in one row of `meta`, so that a page can be left and come back to. A test's calls go
//! before everything else and may use what is kept for people; they change nothing of how the streams stand.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Effect, InFlight, Job, Portal, Turn, messages::State};
use crate::{
    hubspot::{
        account,
        probe::Probe,
        rejection::{self, Class, Rejection},
    },
    store::{schema, sql::SqlError},
    values::{http::Outcome, json, time::Timestamp},
};

/// Where the newest test lies in `meta`.
const KEY: &str = "trial";
/// A test that has not ended by then never will: seven calls, each of which HubSpot has half a minute to answer.
const ENDS_AFTER_MS: i64 = 4 * crate::values::time::MINUTE_MS;

/// A test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// When somebody asked for it.
    pub asked_at: Timestamp,
    /// When its last answer came.
    pub ended_at: Option<Timestamp>,
    /// What came of each probe so far, in their order.
    pub results: Vec<Finding>,
}

/// What came of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which.
    pub probe: Probe,
    /// Whether it works.
    pub works: bool,
    /// The class of the refusal ([`Class::name`]); `None`: it works, or was not tried.
    pub class: Option<String>,
    /// The scopes any of which HubSpot asks for.
    pub scopes: Vec<String>,
    /// In words: what is wrong and what to do; empty where it works.
    pub words: String,
    /// HubSpot's, for support.
    pub correlation_id: Option<String>,
}

/// The test under way.
#[derive(Debug, Default)]
pub(super) struct Trying {
    trial: Option<Trial>,
    left: VecDeque<Probe>,
}

impl Trying {
    /// The newest test. One that was under way when the object ended is asked anew.
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        let trial: Option<Trial> = schema::get(turn.sql, KEY)?
            .map(|json| json::parse(&json).map_err(|_| SqlError::Content("meta")))
            .transpose()?;
        let mut trying = Self { trial, left: VecDeque::new() };
        let young = |trial: &Trial| turn.now.since_ms(trial.asked_at) < ENDS_AFTER_MS;
        if trying.trial.as_ref().is_some_and(|trial| trial.ended_at.is_none() && young(trial)) {
            trying.ask(turn.now);
        }
        Ok(trying)
    }

    fn ask(&mut self, now: Timestamp) {
        self.trial = Some(Trial { asked_at: now, ended_at: None, results: Vec::new() });
        self.left = Probe::ALL.into();
    }

    fn save(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let Some(trial) = &self.trial else { return Ok(()) };
        let json = serde_json::to_string(trial).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, KEY, &json)
    }
}

impl Portal {
    /// Begins a test, unless one is under way; `false`: nothing can be tried.
    pub(super) fn test(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let Some(connection) = &self.connection else { return Ok(false) };
        match connection.state {
            State::Active | State::Paused { .. } | State::PausedByPerson { .. } => {}
            State::NeedsReauthorisation | State::Disconnecting | State::Disconnected => return Ok(false),
        }
        if self.tokens.is_none() {
            return Ok(false);
        }
        if self.trying.left.is_empty() {
            self.trying.ask(turn.now);
            self.trying.save(turn)?;
        }
        Ok(true)
    }

    /// The newest test.
    pub(super) fn trial(&self) -> Option<Trial> {
        self.trying.trial.clone()
    }

    /// Whether a test has calls left to make.
    pub(super) fn tries(&self) -> bool {
        !self.trying.left.is_empty()
    }

    /// What a test tries next: one after the other, in an order that a page can be read in.
    pub(super) fn next_probe(&self) -> Option<Probe> {
        let flies = self.in_flight.values().any(|flying| matches!(flying.job, Job::Try(_)));
        if flies { None } else { self.trying.left.front().copied() }
    }

    /// Takes in what came of a probe.
    pub(super) fn tried(
        &mut self,
        turn: &Turn<'_>,
        in_flight: &InFlight,
        probe: Probe,
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        if self.trying.left.front() != Some(&probe) {
            return Ok(());
        }
        let refusal = match rejection::classify(outcome, turn.now) {
            Ok(response) if probe == Probe::Account => {
                let read = account::parse_details(&response.body).map_err(|_| Rejection::malformed(response));
                read.err()
            }
            Ok(_) => None,
            Err(refusal) => Some(refusal),
        };
        if let Some(refusal) = &refusal {
            effects.push(Effect::Log(format!("test of the connection: {refusal}")));
            // An OAuth token that has just ended is renewed, and tried once more.
            if refusal.class == Class::Expired && self.unauthorized(turn, in_flight)? {
                return Ok(());
            }
        }
        self.trying.left.pop_front();
        let over = refusal.as_ref().is_some_and(|refusal| ends(refusal, probe));
        if over {
            self.trying.left.clear();
        }
        if let Some(trial) = &mut self.trying.trial {
            trial.results.push(finding(probe, refusal.as_ref()));
            if self.trying.left.is_empty() {
                trial.ended_at = Some(turn.now);
            }
        }
        self.trying.save(turn)
    }
}

/// Whether nothing else is worth trying.
fn ends(refusal: &Rejection, probe: Probe) -> bool {
    match &refusal.class {
        Class::Unauthorized | Class::Parked { .. } | Class::Unreachable => true,
        Class::Throttled { policy, .. } => *policy == rejection::Policy::Daily,
        _ => probe == Probe::Account && !matches!(refusal.class, Class::Forbidden { .. }),
    }
}

fn finding(probe: Probe, refusal: Option<&Rejection>) -> Finding {
    let Some(refusal) = refusal else {
        return Finding {
            probe,
            works: true,
            class: None,
            scopes: Vec::new(),
            words: String::new(),
            correlation_id: None,
        };
    };
    let scopes = match &refusal.class {
        Class::Forbidden { scopes } => scopes.clone(),
        _ => Vec::new(),
    };
    Finding {
        probe,
        works: false,
        class: Some(refusal.class.name().to_owned()),
        scopes,
        words: refusal.words(),
        correlation_id: refusal.correlation_id.clone(),
    }
}

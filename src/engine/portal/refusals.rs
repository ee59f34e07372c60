//! What a refusal means, by its class: a pause, another try, a refresh, a person to be told. Also the ends of the calls that
//! belong to the connection itself: refresh, uninstall, revoke.

use crate::{
    engine::{
        limiter::messages::{News, Window},
        portal::{
            Effect, InFlight, Job, Portal, Turn, apply, backfill,
            messages::{State, Trouble},
            state::{Connection, Farewell},
        },
    },
    hubspot::{
        Malformed,
        oauth::{self, TokenRefusal},
        rejection::{self, Class, Policy, Rejection},
    },
    store::{
        portal::{credentials, dirty, records::Grave},
        sql::SqlError,
    },
    values::{
        http::Outcome,
        ids::{ObjectType, RecordId},
        planted::{Bug, planted},
        time::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp},
    },
};

/// First pause after a failure; doubles with each further one.
const BACKOFF_FIRST_MS: i64 = SECOND_MS;
/// Longest pause after failures that are HubSpot's: 64 s, so that a stream is back within a poll of HubSpot's return.
pub(super) const BACKOFF_LONGEST_MS: i64 = 64 * SECOND_MS;
/// Pause after a refusal that trying again soon does not change (a scope, a validation): looked at again each hour.
pub(super) const REFUSED_MS: i64 = HOUR_MS;
/// Record locks last 2 s (`hubspot-api.md` 3.4).
const LOCKED_MS: i64 = 2 * SECOND_MS;
/// Failures in a row after which a person is told.
pub(super) const TROUBLE_AFTER: u32 = 3;
/// Failures in a row after which a disconnect stops trying to tell HubSpot.
const FAREWELL_ATTEMPTS: u32 = 5;
/// Pause after HubSpot refused our own client id or secret: the operator has to act, and nothing is to be noticed late.
const OUR_FAULT_MS: i64 = 5 * MINUTE_MS;

impl Portal {
    /// A refusal, by its class.
    #[inline(never)]
    pub(super) fn refused(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        rejection: &Rejection,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let index = in_flight.stream;
        effects.push(Effect::Log(format!("{rejection}")));
        match &in_flight.job {
            Job::Read { ids } if planted(Bug::RefusedReadSettles) => {
                dirty::clear(turn.sql, self.streams[index].saved.object_type, ids, in_flight.asked_at)?;
            }
            Job::List { lane } if planted(Bug::RefusedPageEnds) => {
                let step = backfill::Step { covers: None, lane: None, lanes_broken: false };
                self.advance(turn, index, *lane, step, 0, apply::Applied::default())?;
            }
            _ => {}
        }
        match &rejection.class {
            Class::Gone => match &in_flight.job {
                Job::ReadOne { id } => return self.gone(turn, in_flight, *id),
                Job::Refresh | Job::Uninstall | Job::Revoke | Job::Properties | Job::Greatest => {}
                Job::Beside(_) => {}
                Job::List { .. } | Job::Fetch { .. } | Job::Search | Job::Read { .. } => {}
                Job::Count { .. }
                | Job::Confirm { .. }
                | Job::Sweep
                | Job::Freshen { .. }
                | Job::Links(_) => {}
            },
            Class::Expired | Class::Unauthorized => {
                if self.unauthorized(turn, in_flight)? {
                    return Ok(());
                }
            }
            Class::TooLong if !self.streams[index].saved.wide && !matches!(in_flight.job, Job::Links(_)) => {
                self.streams[index].saved.wide = true;
                return self.save_stream(turn, index);
            }
            Class::TooLong => {}
            Class::Throttled { policy, retry_at } => {
                return self.throttled(turn, in_flight, policy, *retry_at, rejection);
            }
            Class::Parked { until } => return self.pause(turn, *until, rejection),
            Class::Transient { .. } | Class::Locked | Class::Unknown => {}
            Class::Forbidden { scopes } if !scopes.is_empty() && !matches!(in_flight.job, Job::Links(_)) => {
                self.streams[index].saved.refused.clone_from(scopes);
                return self.tell_of_stream(turn, index, rejection);
            }
            Class::Forbidden { .. }
            | Class::WrongTokenKind
            | Class::Conflict { .. }
            | Class::Rejected { .. } => {}
        }
        if let Job::Links(call) = &in_flight.job {
            return self.links_refused(turn, call, rejection);
        }
        if self.unread(turn, in_flight, rejection)? {
            return Ok(());
        }
        let stream = &mut self.streams[index].saved;
        stream.failures += 1;
        let failures = stream.failures;
        let wait = match &rejection.class {
            Class::Transient { .. }
            | Class::Locked
            | Class::Unknown
            | Class::Gone
            | Class::TooLong
            | Class::Expired
            | Class::Unauthorized => pause_ms(turn, &rejection.class, failures),
            Class::Forbidden { .. }
            | Class::WrongTokenKind
            | Class::Conflict { .. }
            | Class::Rejected { .. } => REFUSED_MS,
            Class::Throttled { .. } | Class::Parked { .. } => 0,
        };
        self.streams[index].saved.retry_at = turn.now.plus_ms(wait);
        if failures >= TROUBLE_AFTER || wait == REFUSED_MS {
            return self.tell_of_stream(turn, index, rejection);
        }
        self.save_stream(turn, index)
    }

    /// Keeps a stream's trouble for people to see, and saves the stream. The others go on.
    pub(super) fn tell_of_stream(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        rejection: &Rejection,
    ) -> Result<(), SqlError> {
        let correlation_id = rejection.correlation_id.clone();
        let kind = self.streams[index].saved.object_type;
        let words = match (kind, &rejection.class) {
            (ObjectType::Custom(_), Class::Gone | Class::Rejected { .. }) => format!(
                "HubSpot does not answer about the custom object {kind}: it may have been deleted there. Turn the type off, or \
                 restore the object; it is tried again every hour. ({})",
                rejection.words()
            ),
            _ => rejection.words(),
        };
        self.streams[index].saved.trouble = Some(Trouble { words, at: turn.now, correlation_id });
        self.save_stream(turn, index)
    }

    /// A single read says the record is gone.
    fn gone(&mut self, turn: &Turn<'_>, in_flight: &InFlight, id: RecordId) -> Result<(), SqlError> {
        let scene = self.scene(turn, in_flight);
        let applied = apply::settled(scene, &[], &[Grave { id, merged_into: None }])?;
        dirty::clear(turn.sql, scene.kind, &[id], in_flight.asked_at)?;
        self.streams[in_flight.stream].vanished.remove(&id);
        self.count(turn, in_flight.stream, applied)
    }

    /// 401: no sign by itself that the connection is over (`hubspot-api.md` 2.2). The token is refreshed, and only a refused
    /// refresh ends the connection; a 401 to the token that such a refresh brought waits like any failure. Says whether the
    /// refusal is dealt with.
    pub(super) fn unauthorized(&mut self, turn: &Turn<'_>, in_flight: &InFlight) -> Result<bool, SqlError> {
        if in_flight.token_number != self.token_number {
            return Ok(true);
        }
        if self.forced_at_token == Some(self.token_number) {
            self.forced_at_token = None;
            return Ok(false);
        }
        if let Some(tokens) = &mut self.tokens {
            tokens.expires_at = Timestamp::default();
        }
        self.force_refresh = true;
        // Saved, so that a refresh whose answer is lost with the object is repeated while its token still lives.
        credentials::expire_all(turn.sql)?;
        Ok(true)
    }

    fn needs_reauthorisation(
        &mut self,
        turn: &Turn<'_>,
        correlation_id: Option<String>,
    ) -> Result<(), SqlError> {
        if let Some(connection) = &mut self.connection {
            connection.state = State::NeedsReauthorisation;
        }
        let words = "HubSpot no longer accepts this connection: the app was uninstalled, access was revoked, or the person \
                     who connected it left. Connect it again; nothing that was read is lost.";
        self.tell(turn, words.to_owned(), correlation_id)
    }

    fn throttled(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        policy: &Policy,
        retry_at: Timestamp,
        rejection: &Rejection,
    ) -> Result<(), SqlError> {
        let window = in_flight.permit.map_or(Window::Core, |(window, _)| window);
        match policy {
            Policy::Daily => self.pause(turn, retry_at, rejection),
            Policy::TenSecondly | Policy::Secondly | Policy::Other(_) => {
                self.permits.learn(News::Throttled { window, until: retry_at });
                if self.permits.wait(window, turn.now).is_some() {
                    // Calls that left together are refused together: one failure.
                    self.permits.block(window, retry_at);
                    return Ok(());
                }
                let stream = &mut self.streams[in_flight.stream].saved;
                stream.failures += 1;
                let failures = stream.failures;
                let wait = backoff(failures, turn.random);
                self.permits.block(window, retry_at.max(turn.now.plus_ms(wait)));
                if failures >= TROUBLE_AFTER {
                    return self.tell_of_stream(turn, in_flight.stream, rejection);
                }
                self.save_stream(turn, in_flight.stream)
            }
        }
    }

    pub(super) fn pause(
        &mut self,
        turn: &Turn<'_>,
        until: Timestamp,
        rejection: &Rejection,
    ) -> Result<(), SqlError> {
        if let Some(connection) = &mut self.connection {
            match connection.state {
                State::Active | State::Paused { .. } => connection.state = State::Paused { until },
                State::PausedByPerson { .. }
                | State::NeedsReauthorisation
                | State::Disconnecting
                | State::Disconnected => {}
            }
        }
        self.tell(turn, rejection.words(), rejection.correlation_id.clone())
    }

    /// Keeps a trouble for people to see, and saves the connection.
    fn tell(
        &mut self,
        turn: &Turn<'_>,
        words: String,
        correlation_id: Option<String>,
    ) -> Result<(), SqlError> {
        if let Some(connection) = &mut self.connection {
            connection.trouble = Some(Trouble { words, at: turn.now, correlation_id });
        }
        self.save_connection(turn)
    }

    #[inline(never)]
    pub(super) fn refreshed(
        &mut self,
        turn: &mut Turn<'_>,
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let connected = |connection: &Connection| connection.state != State::Disconnected;
        let Some(connection) = self.connection.clone().filter(connected) else { return Ok(()) };
        let refusal = match oauth::classify(outcome, turn.now) {
            Ok(response) => match (oauth::parse_tokens(&response.body), &self.tokens) {
                (Ok(answer), Some(tokens)) => {
                    let scopes = answer.scopes.clone();
                    let tokens = tokens.refreshed(answer, turn.now);
                    super::credentials::save(turn, &connection, &tokens)?;
                    self.tokens = Some(tokens);
                    self.token_number += 1;
                    self.forced_at_token =
                        std::mem::take(&mut self.force_refresh).then_some(self.token_number);
                    if let Some(connection) = &mut self.connection {
                        connection.failures = 0;
                        connection.retry_at = Timestamp::default();
                    }
                    if !scopes.is_empty() {
                        self.take_scopes(turn, scopes)?;
                    }
                    return self.save_connection(turn);
                }
                (_, None) => return Ok(()),
                (Err(Malformed(_)), Some(_)) => TokenRefusal::Transient { retry_at: None },
            },
            Err(refusal) => refusal,
        };
        effects.push(Effect::Log(format!("token refresh: {refusal}")));
        match refusal {
            TokenRefusal::Revoked if connection.state == State::Disconnecting => self.forget(turn),
            TokenRefusal::Revoked => self.needs_reauthorisation(turn, None),
            TokenRefusal::OurFault(_) => {
                let at = turn.now.plus_ms(OUR_FAULT_MS);
                self.connection_waits(turn, at)?;
                let words = "HubSpot refuses this deployment's own client id or secret. The operator has to correct the \
                             configuration; connections stay as they are.";
                self.tell(turn, words.to_owned(), None)
            }
            TokenRefusal::Transient { retry_at } => {
                let failures = connection.failures + 1;
                let wait = backoff(failures, turn.random);
                let at = retry_at.unwrap_or(turn.now).max(turn.now.plus_ms(wait));
                self.connection_waits(turn, at)?;
                if connection.state == State::Disconnecting && failures >= FAREWELL_ATTEMPTS {
                    return self.forget(turn);
                }
                if failures >= TROUBLE_AFTER {
                    let words = "HubSpot does not renew this connection's access at the moment. It is asked again by itself; \
                                 tell whoever supports you if it stays so.";
                    self.tell(turn, words.to_owned(), None)?;
                }
                Ok(())
            }
        }
    }

    fn connection_waits(&mut self, turn: &Turn<'_>, until: Timestamp) -> Result<(), SqlError> {
        if let Some(connection) = &mut self.connection {
            connection.failures += 1;
            connection.retry_at = until;
        }
        self.save_connection(turn)
    }

    /// An uninstall or revoke came to its end; what HubSpot refuses for good is done as far as we can do it.
    #[inline(never)]
    pub(super) fn said_farewell(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let transient = match rejection::classify(outcome, turn.now) {
            Ok(_) => false,
            Err(rejection) => {
                effects.push(Effect::Log(format!("disconnect: {rejection}")));
                matches!(
                    rejection.class,
                    Class::Transient { .. }
                        | Class::Throttled { .. }
                        | Class::Parked { .. }
                        | Class::Locked
                        | Class::Unknown
                )
            }
        };
        let failures = self.connection.as_ref().map_or(0, |connection| connection.failures + 1);
        if transient && failures < FAREWELL_ATTEMPTS {
            let wait = backoff(failures, turn.random);
            return self.connection_waits(turn, turn.now.plus_ms(wait));
        }
        let Some(connection) = &mut self.connection else { return Ok(()) };
        connection.failures = 0;
        let revoke = connection.farewell.is_some_and(|farewell| farewell.revoke);
        if in_flight.job == Job::Uninstall && revoke {
            connection.farewell = Some(Farewell { uninstall: false, revoke });
            return self.save_connection(turn);
        }
        self.forget(turn)
    }
}

/// How long a stream waits after a failure that trying again may change.
pub(super) fn pause_ms(turn: &mut Turn<'_>, class: &Class, failures: u32) -> i64 {
    match class {
        Class::Transient { retry_at: Some(at) } => at.since_ms(turn.now).max(0),
        Class::Locked => LOCKED_MS.max(backoff(failures, turn.random)),
        _ => backoff(failures, turn.random),
    }
}

/// Exponential, with up to half of it taken off at random so that many connections do not come back at once.
pub(super) fn backoff(failures: u32, random: &mut dyn FnMut(&mut [u8])) -> i64 {
    let full = (BACKOFF_FIRST_MS << failures.saturating_sub(1).min(10)).min(BACKOFF_LONGEST_MS);
    let mut byte = [0];
    random(&mut byte);
    full - full / 2 * i64::from(byte[0]) / 255
}

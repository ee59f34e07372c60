//! The grant behind a connection: refreshed ahead of its end, shared with others who hold it, given up only on HubSpot's word.
//!
//! Before a refresh the account's limiter is asked, which lets one holder at a time go to HubSpot and hands the others what
//! that one brought ([`crate::engine::limiter::messages::Sealed`]).

use super::{
    Effect, InFlight, Portal, Turn,
    credentials::{self as sealed, Stored, Tokens},
    messages::{State, Trouble},
    refusals::{FAREWELL_ATTEMPTS, TROUBLE_AFTER, backoff},
    state::Connection,
};
use crate::{
    engine::{
        alert::Alert,
        limiter::messages::{News, Sealed},
    },
    hubspot::{
        Malformed,
        oauth::{self, TokenRefusal},
    },
    store::{portal::credentials, sql::SqlError},
    values::{
        failure::Failure,
        http::Outcome,
        time::{MINUTE_MS, SECOND_MS, Timestamp},
    },
};

/// Pause after HubSpot refused our own client id or secret: the operator has to act, and nothing is to be noticed late.
pub(super) const OUR_FAULT_MS: i64 = 5 * MINUTE_MS;
/// Pause before a refused refresh is believed: whoever else has just authorised or refreshed the grant tells the limiter within
/// seconds, and an answer of HubSpot's that was lost may have brought the token that is good now.
pub(super) const DOUBT_MS: i64 = 20 * SECOND_MS;
/// Pause between two calls with a token that was refused and that nothing renews.
const TOKEN_DOUBT_MS: i64 = MINUTE_MS;

/// Refusals of a token that nothing renews, a minute apart, after which it is believed to be dead.
const TOKEN_ATTEMPTS: u32 = 3;

impl Portal {
    /// Opens the stored tokens; what is known of them is told to the limiter with the next question.
    pub(super) fn unlock(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let Some(connection) = &self.connection else { return Ok(()) };
        if self.blocks.locked() {
            // Whoever is to be kept out would not be recognised.
            self.locked = true;
            return Ok(());
        }
        match sealed::load(turn, connection)? {
            Stored::Nothing => {}
            Stored::Tokens(tokens) => {
                self.tokens = Some(tokens);
                if let Some(shared) = sealed::shared(turn)? {
                    self.permits.learn(News::Tokens(shared));
                }
                if let Some(tier) = connection.tier {
                    self.permits.learn(News::Tier(Some(tier)));
                }
            }
            Stored::Locked => self.locked = true,
        }
        Ok(())
    }

    /// Once a life: what no refresh will seal with the newest key is sealed with it now.
    pub(super) fn reseal(&mut self, turn: &mut Turn<'_>) -> Result<(), SqlError> {
        match &self.connection {
            Some(connection) if !std::mem::replace(&mut self.resealed, true) => {
                sealed::reseal(turn, connection)?;
                Self::reseal_seats(turn, connection)?;
                self.blocks.reseal(turn, &connection.id)
            }
            _ => Ok(()),
        }
    }

    /// Why nothing can be sent, where the stored tokens cannot be opened.
    pub(super) fn locked_trouble(&self, now: Timestamp) -> Option<Trouble> {
        let failure = Failure::KeyMissing;
        self.locked.then(|| Trouble::failed(failure, failure.words(), now, None))
    }

    /// Makes these the connection's tokens. They are saved.
    pub(super) fn hold(&mut self, turn: &Turn<'_>, tokens: Tokens) -> Result<(), SqlError> {
        self.locked = self.blocks.locked();
        self.tokens = (!self.locked).then_some(tokens);
        self.token_number += 1;
        if let Some(connection) = &mut self.connection {
            connection.failures = 0;
            connection.retry_at = Timestamp::default();
            connection.refresh_refused = false;
        }
        if let Some(shared) = sealed::shared(turn)? {
            self.permits.learn(News::Tokens(shared));
        }
        Ok(())
    }

    /// Another holder of the grant has newer tokens.
    pub(super) fn adopt(&mut self, turn: &mut Turn<'_>, newer: &Sealed) -> Result<(), SqlError> {
        let Some(connection) = self.connection.clone() else { return Ok(()) };
        match connection.state {
            State::Active | State::Paused { .. } | State::PausedByPerson { .. } | State::Disconnecting => {}
            State::NeedsReauthorisation | State::Disconnected => return Ok(()),
        }
        let Some(tokens) = sealed::open_shared(turn, &connection, newer) else {
            // Sealed by a deployment with another keyring: as good as none.
            return self.connection_waits(turn, turn.now.plus_ms(MINUTE_MS));
        };
        sealed::save(turn, &connection, &tokens)?;
        self.hold(turn, tokens)?;
        self.force_refresh = false;
        self.save_connection(turn)
    }

    /// When a refresh or farewell that failed is to be tried again: by the next tick a refresh token that HubSpot has replaced may
    /// be dead.
    pub(super) fn own_call_due_at(&self, now: Timestamp) -> Option<Timestamp> {
        let connection = self.connection.as_ref().filter(|connection| connection.failures > 0)?;
        let stale = self.tokens.as_ref().is_some_and(|tokens| tokens.stale(now));
        match connection.state {
            State::Active | State::Paused { .. } | State::PausedByPerson { .. } if stale => {
                Some(connection.retry_at).filter(|at| *at > now)
            }
            State::Disconnecting => Some(connection.retry_at).filter(|at| *at > now),
            State::Active | State::Paused { .. } | State::PausedByPerson { .. } => None,
            State::NeedsReauthorisation | State::Disconnected => None,
        }
    }

    /// 401 to a token that nothing renews: it was revoked, or rotated in HubSpot. Tried again before that is believed; calls that
    /// left together are refused together. Says that the refusal waits like any failure.
    fn token_refused(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let Some(connection) = &self.connection else { return Ok(true) };
        if connection.retry_at > turn.now {
            return Ok(false);
        }
        if connection.failures + 1 < TOKEN_ATTEMPTS {
            self.connection_waits(turn, turn.now.plus_ms(TOKEN_DOUBT_MS))?;
            return Ok(false);
        }
        if let Some(connection) = &mut self.connection {
            connection.state = State::NeedsReauthorisation;
        }
        self.tell(turn, Failure::BadToken, None)?;
        Ok(true)
    }

    /// A call succeeded: what was said of a token that nothing renews is over.
    pub(super) fn token_works(&mut self) -> bool {
        let fixed = self.tokens.as_ref().is_some_and(|tokens| tokens.refresh.is_none());
        match &mut self.connection {
            Some(connection) if fixed && connection.failures > 0 => {
                (connection.failures, connection.retry_at) = (0, Timestamp::default());
                true
            }
            _ => false,
        }
    }

    /// The grant is given up: nobody is to be handed its tokens any more.
    pub(super) fn end_grant(&mut self) {
        self.permits.learn(News::GrantEnded);
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
        if self.tokens.as_ref().is_some_and(|tokens| tokens.refresh.is_none()) {
            return self.token_refused(turn);
        }
        if let Some(tokens) = &mut self.tokens {
            tokens.expires_at = Timestamp::default();
        }
        self.force_refresh = true;
        // Saved, so that a refresh whose answer is lost with the object is repeated while its token still lives.
        credentials::expire_all(turn.sql)?;
        Ok(true)
    }

    pub(super) fn needs_reauthorisation(
        &mut self,
        turn: &Turn<'_>,
        correlation_id: Option<String>,
    ) -> Result<(), SqlError> {
        if let Some(connection) = &mut self.connection {
            connection.state = State::NeedsReauthorisation;
        }
        self.tell(turn, Failure::AuthorisationEnded, correlation_id)
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
                    sealed::save(turn, &connection, &tokens)?;
                    self.hold(turn, tokens)?;
                    self.forced_at_token =
                        std::mem::take(&mut self.force_refresh).then_some(self.token_number);
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
            TokenRefusal::Revoked if !connection.refresh_refused => {
                if let Some(connection) = &mut self.connection {
                    connection.refresh_refused = true;
                }
                self.connection_waits(turn, turn.now.plus_ms(DOUBT_MS))
            }
            TokenRefusal::Revoked => self.needs_reauthorisation(turn, None),
            TokenRefusal::OurFault(_) => {
                effects.push(Effect::Alert(Alert::AppRefused));
                let at = turn.now.plus_ms(OUR_FAULT_MS);
                self.connection_waits(turn, at)?;
                self.tell(turn, Failure::AppRefused, None)
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
                    self.tell(turn, Failure::TokenService, None)?;
                }
                Ok(())
            }
        }
    }

    pub(super) fn connection_waits(&mut self, turn: &Turn<'_>, until: Timestamp) -> Result<(), SqlError> {
        if let Some(connection) = &mut self.connection {
            connection.failures += 1;
            connection.retry_at = until;
        }
        self.save_connection(turn)
    }
}

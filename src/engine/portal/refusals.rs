//! What a refusal means, by its class: a pause, another try, a refresh, a person to be told. Also the ends of a disconnect's
//! calls; those of a refresh are [`super::grant`]'s.

use crate::{
    engine::{
        alert::Alert,
        limiter::messages::{DayOver, News, Window},
        portal::{
            Effect, InFlight, Job, Portal, Turn, apply, backfill,
            deletions::Call,
            messages::{State, Trouble},
            state::Farewell,
        },
    },
    hubspot::rejection::{self, Class, Policy, Rejection},
    store::{
        portal::{dirty, records::Grave},
        sql::SqlError,
    },
    values::{
        failure::Failure,
        http::Outcome,
        ids::{ObjectType, RecordId},
        planted::{Bug, planted},
        time::{HOUR_MS, SECOND_MS, Timestamp},
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
pub(super) const FAREWELL_ATTEMPTS: u32 = 5;

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
                Job::Deletion(call @ (Call::ArchiveAlone { .. } | Call::Alone { .. })) => {
                    return self.deletion_missed(turn, index, call, effects);
                }
                Job::Deletion(Call::Archive { .. }) => {}
                Job::Refresh | Job::Uninstall | Job::Revoke | Job::Properties | Job::Greatest => {}
                Job::Beside(_) | Job::Try(_) | Job::Seat(_) | Job::Write(_) | Job::Score(_) => {}
                Job::Activate(_) => {}
                Job::List { .. } | Job::Fetch { .. } | Job::Search | Job::Read { .. } => {}
                Job::Count { .. }
                | Job::Confirm { .. }
                | Job::Sweep
                | Job::Freshen { .. }
                | Job::Echo { .. }
                | Job::Links(_) => {}
            },
            Class::Expired | Class::Unauthorized => {
                if self.unauthorized(turn, in_flight)? {
                    return Ok(());
                }
            }
            Class::TooLong
                if !self.streams[index].saved.wide
                    && !matches!(in_flight.job, Job::Links(_) | Job::Deletion(_)) =>
            {
                self.streams[index].saved.wide = true;
                return self.save_stream(turn, index);
            }
            Class::TooLong => {}
            Class::Throttled { policy, retry_at } => {
                return self.throttled(turn, in_flight, policy, *retry_at, rejection);
            }
            Class::Parked { until } => return self.pause(turn, *until, rejection),
            Class::Unreachable => effects.push(Effect::Alert(Alert::HubSpotUnreachable)),
            Class::Transient { .. } | Class::Locked | Class::Unknown => {}
            Class::Forbidden { scopes } if !scopes.is_empty() && !matches!(in_flight.job, Job::Links(_)) => {
                self.streams[index].saved.refused.clone_from(scopes);
                return self.tell_of_stream(turn, index, &in_flight.job, rejection);
            }
            Class::Forbidden { .. }
            | Class::WrongTokenKind
            | Class::Conflict { .. }
            | Class::Rule { .. }
            | Class::Rejected { .. } => {}
        }
        if let Job::Links(call) = &in_flight.job {
            return self.links_refused(turn, call, rejection);
        }
        if let Job::Deletion(call) = &in_flight.job {
            return self.put_off_deletions(turn, index, call);
        }
        if self.unread(turn, in_flight, rejection)? {
            return Ok(());
        }
        let stream = &mut self.streams[index].saved;
        stream.failures += 1;
        let failures = stream.failures;
        let wait = match &rejection.class {
            Class::Transient { .. }
            | Class::Unreachable
            | Class::Locked
            | Class::Unknown
            | Class::Gone
            | Class::TooLong
            | Class::Expired
            | Class::Unauthorized => pause_ms(turn, &rejection.class, failures),
            Class::Forbidden { .. }
            | Class::WrongTokenKind
            | Class::Conflict { .. }
            | Class::Rule { .. }
            | Class::Rejected { .. } => REFUSED_MS,
            Class::Throttled { .. } | Class::Parked { .. } => 0,
        };
        self.streams[index].saved.retry_at = turn.now.plus_ms(wait);
        if failures >= TROUBLE_AFTER || wait == REFUSED_MS {
            return self.tell_of_stream(turn, index, &in_flight.job, rejection);
        }
        self.save_stream(turn, index)
    }

    /// Keeps a stream's trouble for people to see, and saves the stream. The others go on.
    pub(super) fn tell_of_stream(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        job: &Job,
        rejection: &Rejection,
    ) -> Result<(), SqlError> {
        let mut trouble = Trouble::of(rejection, turn.now);
        let kind = self.streams[index].saved.object_type;
        match (kind, &rejection.class) {
            (ObjectType::Custom(_), Class::Gone | Class::Rejected { .. }) => {
                trouble.words = format!(
                    "HubSpot does not answer about the custom object {kind}: it may have been deleted there. Turn the type off, or \
                     restore the object; it is tried again every hour. ({})",
                    rejection.words()
                );
            }
            // Without its fields nothing of the type is read, whatever HubSpot calls the reason.
            _ if *job == Job::Properties && rejection.is_about_the_request() => {
                let failure = Failure::DiscoveryFailed;
                failure.name().clone_into(&mut trouble.kind);
                trouble.words = format!("{} ({})", failure.words(), rejection.words());
            }
            _ => {}
        }
        self.streams[index].saved.trouble = Some(trouble);
        self.save_stream(turn, index)
    }

    /// A single read says the record is gone.
    fn gone(&mut self, turn: &Turn<'_>, in_flight: &InFlight, id: RecordId) -> Result<(), SqlError> {
        let scene = self.scene(turn, in_flight);
        self.shown_no_longer(turn, scene.kind, id)?;
        let applied = apply::settled(scene, &[], &[Grave { id, merged_into: None }])?;
        dirty::clear(turn.sql, scene.kind, &[id], in_flight.asked_at)?;
        self.streams[in_flight.stream].vanished.remove(&id);
        self.count(turn, in_flight.stream, applied)
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
            Policy::Daily => {
                self.permits.learn(News::DayOver { until: retry_at });
                self.pause(turn, retry_at, rejection)
            }
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
                    return self.tell_of_stream(turn, in_flight.stream, &in_flight.job, rejection);
                }
                self.save_stream(turn, in_flight.stream)
            }
        }
    }

    /// A refusal of a call that is no stream's: says whether it is about the connection and not about what was asked, which is then asked
    /// again by itself.
    pub(super) fn hindered(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        rejection: &Rejection,
        effects: &mut Vec<Effect>,
    ) -> Result<bool, SqlError> {
        match &rejection.class {
            Class::Expired | Class::Unauthorized => return self.unauthorized(turn, in_flight),
            Class::Parked { until } => self.pause(turn, *until, rejection)?,
            Class::Throttled { policy: Policy::Daily, retry_at } => {
                self.permits.learn(News::DayOver { until: *retry_at });
                self.pause(turn, *retry_at, rejection)?;
            }
            Class::Throttled { retry_at, .. } => {
                if let Some((window, _)) = in_flight.permit {
                    self.permits.learn(News::Throttled { window, until: *retry_at });
                    self.permits.block(window, *retry_at);
                }
            }
            Class::Unreachable => {
                effects.push(Effect::Alert(Alert::HubSpotUnreachable));
                return Ok(false);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The limiter's own count says that the day is over.
    pub(super) fn day_is_over(&mut self, turn: &Turn<'_>, over: &DayOver) -> Result<(), SqlError> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        match connection.state {
            State::Active | State::Paused { .. } => {}
            State::PausedByPerson { .. }
            | State::NeedsReauthorisation
            | State::Disconnecting
            | State::Disconnected => return Ok(()),
        }
        connection.state = State::Paused { until: over.until };
        let counted = format!(
            "The HubSpot account has used {} of its {} API calls of today; the rest is kept for what people wait for. Reading goes on \
             by itself after midnight in the account's time zone. Fewer calls by other integrations, or HubSpot's API limit \
             increase, would help.",
            over.used, over.limit
        );
        let words = if over.told { Failure::DailyLimit.words() } else { counted };
        self.keep(turn, Trouble::failed(Failure::DailyLimit, words, turn.now, None))
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
        self.keep(turn, Trouble::of(rejection, turn.now))
    }

    /// Keeps a trouble for people to see, and saves the connection.
    pub(super) fn tell(
        &mut self,
        turn: &Turn<'_>,
        failure: Failure,
        correlation_id: Option<String>,
    ) -> Result<(), SqlError> {
        self.keep(turn, Trouble::failed(failure, failure.words(), turn.now, correlation_id))
    }

    fn keep(&mut self, turn: &Turn<'_>, trouble: Trouble) -> Result<(), SqlError> {
        if let Some(connection) = &mut self.connection {
            connection.trouble = Some(trouble);
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
                        | Class::Unreachable
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

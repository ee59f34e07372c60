//! What seats ask of HubSpot by themselves: refreshes, by one holder of a grant at a time, and the end of a grant by its last.

use super::{Seats, pass::Heard, seat::End, seat::Held, seat::Seat, tokens};
use crate::{
    engine::{
        alert::Alert,
        limiter::messages::{Ask, Grant, Holder, News, Priority, Return, Window},
        portal::{
            Effect, InFlight, Job, Portal, Turn,
            beside::NO_STREAM,
            credentials::{REFRESH, Tokens},
            grant::{DOUBT_MS, OUR_FAULT_MS},
            refusals::{FAREWELL_ATTEMPTS, backoff},
            state::Connection,
        },
    },
    hubspot::oauth::{self, TokenRefusal},
    store::{
        portal::{
            feed::{self, Change, Lifecycle},
            seats as store,
        },
        sql::SqlError,
    },
    values::{
        http::Outcome,
        ids::SeatId,
        time::{MINUTE_MS, SECOND_MS, Timestamp},
    },
};

/// Seats at work at once, besides the connection's own calls: half of the six that may wait for HubSpot.
const AT_ONCE: usize = 3;
/// Refreshes in a row that fail before they wait for somebody to ask again.
const ATTEMPTS: u32 = 5;

/// What the limiter is asked for a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::portal) enum Want {
    Refresh,
    Leave,
    Write,
}

/// A call of a seat's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Of the tokens with that mark.
    Refresh {
        /// Whose.
        seat: SeatId,
        /// Which.
        mark: String,
        /// The limiter's.
        permit: u64,
    },
    /// Likewise.
    Revoke {
        /// Whose.
        seat: SeatId,
        /// Which.
        mark: String,
    },
    /// A write of the outbox that leaves with the seat's token.
    Write {
        /// Whose.
        seat: SeatId,
    },
}

impl Errand {
    fn seat(&self) -> &SeatId {
        match self {
            Self::Refresh { seat, .. } | Self::Revoke { seat, .. } | Self::Write { seat } => seat,
        }
    }
}

fn ask_of(connection: &Connection, seat: &SeatId, held: &Held, leaves: bool) -> Ask {
    Ask {
        app: held.app.clone(),
        user: Some(held.user),
        window: None,
        count: 0,
        priority: Priority::Person,
        returns: Vec::new(),
        news: Vec::new(),
        utc_offset_ms: Some(connection.account.utc_offset_ms),
        held: None,
        holder: Some(Holder { id: format!("{}/{seat}", connection.id), leaves }),
    }
}

impl Seats {
    /// Whether the limiter is asked for the seat.
    pub(in crate::engine::portal) fn is_busy(&self, seat: &SeatId) -> bool {
        self.asking.contains_key(seat)
    }

    /// Whether the limiter is asked for that.
    pub(in crate::engine::portal) fn is_asking(&self, seat: &SeatId, want: Want) -> bool {
        self.asking.get(seat) == Some(&want)
    }

    /// The limiter is asked.
    pub(in crate::engine::portal) fn asks(&mut self, seat: &SeatId, want: Want) {
        self.asking.insert(seat.clone(), want);
    }
}

impl Portal {
    /// Somebody waits for the tokens of a seat.
    pub(super) fn want_seat(&mut self, now: Timestamp, seat: &SeatId, effects: &mut Vec<Effect>) {
        let flies = self.flies(|job| matches!(job, Job::Seat(errand) if errand.seat() == seat));
        if flies || self.seats.is_busy(seat) || self.seats.wanted.get(seat).is_some_and(|at| *at > now) {
            return;
        }
        if self.seats.wanted.insert(seat.clone(), now).is_none() {
            self.rouse_for_seats(now, effects);
        }
    }

    pub(super) fn rouse_for_seats(&self, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.seats.due_at().is_some_and(|at| at <= now) {
            // An alarm at work takes them on: a refresh that a person waits for is not to wait for its end.
            effects.push(if self.works(now) { Effect::Nudge } else { Effect::SetAlarm(now) });
        }
    }

    /// The limiter hears who holds which tokens.
    pub(super) fn tell_of_grant(
        turn: &mut Turn<'_>,
        connection: &Connection,
        seat: &SeatId,
        held: &Held,
        returns: Vec<Return>,
        effects: &mut Vec<Effect>,
    ) {
        let news = tokens::shared(turn, connection, seat, held).map(News::Tokens);
        let ask = ask_of(connection, seat, held, false);
        effects.push(Effect::Tell(Ask { returns, news: news.into_iter().collect(), ..ask }));
    }

    /// Asks the limiter for what is due; when there is more to do later.
    pub(in crate::engine::portal) fn advance_seats(
        &mut self,
        turn: &Turn<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Timestamp>, SqlError> {
        let Some(connection) = self.connection.clone() else { return Ok(None) };
        if self.seats.due_at.is_some_and(|at| at <= turn.now) {
            for row in store::due(turn.sql, turn.now, AT_ONCE as u32)? {
                let mut seat = Seat::parse(&row)?;
                if let Some(pending) = seat.pending.take_if(|pending| pending.until <= turn.now) {
                    seat.leave(pending.held);
                    self.save_seat(turn, row.number, &seat)?;
                }
                let doubted = seat.is_doubted();
                if let Some(held) = seat.held.as_mut().filter(|held| doubted && held.retry_at <= turn.now) {
                    // Asked for now, and once more in a while if the answer is lost with the object.
                    held.retry_at = turn.now.plus_ms(MINUTE_MS);
                    self.seats.wanted.insert(seat.id.clone(), turn.now);
                    self.save_seat(turn, row.number, &seat)?;
                }
                let leaves = seat.leaving.first().filter(|held| held.retry_at <= turn.now);
                if let Some(held) = leaves.filter(|_| self.seat_may_ask(&seat.id)) {
                    self.seats.asking.insert(seat.id.clone(), Want::Leave);
                    let ask = ask_of(&connection, &seat.id, held, true);
                    effects.push(Effect::AskFor { seat: seat.id, ask });
                }
            }
        }
        let wanted: Vec<SeatId> = self.seats.wanted.keys().cloned().collect();
        for id in wanted {
            if self.seats.wanted.get(&id).is_none_or(|at| *at > turn.now) || !self.seat_may_ask(&id) {
                continue;
            }
            let Some(held) = Seat::find(turn, &id)?.and_then(|(_, seat)| seat.held) else {
                self.seats.wanted.remove(&id);
                continue;
            };
            self.seats.asking.insert(id.clone(), Want::Refresh);
            let (window, own) = (Some(Window::Refresh), Some(tokens::of(&held)));
            let ask = Ask { window, count: 1, held: own, ..ask_of(&connection, &id, &held, false) };
            effects.push(Effect::AskFor { seat: id, ask });
        }
        // What is due and waits for a place is taken on with the next answer.
        let later = |at: &Timestamp| *at > turn.now;
        Ok(self.seats.wanted.values().copied().chain(self.seats.due_at).filter(later).min())
    }

    /// Whether nothing is under way for the seat, and not too much for others.
    fn seat_may_ask(&self, seat: &SeatId) -> bool {
        let errands = self.in_flight.values().filter_map(|flying| match &flying.job {
            Job::Seat(errand) => Some(errand.seat()),
            _ => None,
        });
        let mut busy = 0;
        for other in errands.chain(self.seats.asking.keys()) {
            if other == seat {
                return false;
            }
            busy += 1;
        }
        busy < AT_ONCE
    }

    /// The limiter answered.
    pub(in crate::engine::portal) fn seat_granted(
        &mut self,
        turn: &mut Turn<'_>,
        id: &SeatId,
        grant: Option<&Grant>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let want = self.seats.asking.remove(id);
        if want == Some(Want::Write) {
            return self.seat_write_heard(turn, id, Heard::Granted(grant.cloned()), effects);
        }
        let (Some(want), Some(connection)) = (want, self.connection.clone()) else { return Ok(()) };
        let found = Seat::find(turn, id)?;
        let give_back = |held: &Held, permit: u64| {
            let returns = vec![Return { permit, answered_ms_ago: None }];
            Effect::Tell(Ask { returns, holder: None, ..ask_of(&connection, id, held, false) })
        };
        match (want, found) {
            (Want::Refresh, Some((number, mut seat))) => {
                let Some(held) = seat.held.clone() else {
                    self.seats.wanted.remove(id);
                    return Ok(());
                };
                let again = turn.now.plus_ms(SECOND_MS);
                let Some(grant) = grant else {
                    self.seats.wanted.insert(id.clone(), again);
                    return Ok(());
                };
                if let Some(newer) = &grant.newer {
                    return match tokens::adopt(turn, &connection, id, &held, newer) {
                        Some(held) => {
                            self.seats.wanted.remove(id);
                            seat.held = Some(held);
                            self.save_seat(turn, number, &seat)
                        }
                        None => {
                            // Sealed by a deployment with another keyring: as good as none.
                            self.seats.wanted.insert(id.clone(), turn.now.plus_ms(MINUTE_MS));
                            Ok(())
                        }
                    };
                }
                let Some(permit) = grant.permits.first().copied() else {
                    let wait = grant.wait_ms.unwrap_or(SECOND_MS as u32);
                    self.seats.wanted.insert(id.clone(), turn.now.plus_ms(wait.into()));
                    return Ok(());
                };
                let refresh = tokens::open(turn, &connection, id, &held, REFRESH);
                let app = turn.config.app(&held.app);
                let (Ok(refresh), Some(app)) = (refresh, app) else {
                    self.seats.wanted.remove(id);
                    let missing = if app.is_none() { Alert::AppMissing } else { Alert::KeyMissing };
                    effects.extend([Effect::Alert(missing), give_back(&held, permit)]);
                    return Ok(());
                };
                let errand = Errand::Refresh { seat: id.clone(), mark: held.mark, permit };
                let request = oauth::refresh(app, &refresh);
                self.send_for_seat(errand, request, effects);
                Ok(())
            }
            (Want::Leave, Some((number, mut seat))) => {
                let Some(held) = seat.leaving.first_mut() else { return Ok(()) };
                let Some(grant) = grant else {
                    held.retry_at = turn.now.plus_ms(MINUTE_MS);
                    return self.save_seat(turn, number, &seat);
                };
                let held = held.clone();
                let refresh = tokens::open(turn, &connection, id, &held, REFRESH);
                match (refresh, turn.config.app(&held.app)) {
                    (Ok(refresh), Some(app)) if grant.last && !held.dead => {
                        let errand = Errand::Revoke { seat: id.clone(), mark: held.mark };
                        let request = oauth::revoke(app, &refresh);
                        self.send_for_seat(errand, request, effects);
                        Ok(())
                    }
                    _ => self.left(turn, number, seat, &held.mark),
                }
            }
            (Want::Refresh, None) => {
                self.seats.wanted.remove(id);
                Ok(())
            }
            (Want::Leave, None) | (Want::Write, _) => Ok(()),
        }
    }

    pub(in crate::engine::portal) fn send_for_seat(
        &mut self,
        errand: Errand,
        request: crate::values::http::Request,
        effects: &mut Vec<Effect>,
    ) {
        let call = self.next_call;
        self.next_call += 1;
        if let Some(shift) = &mut self.shift {
            shift.calls_left = shift.calls_left.saturating_sub(1);
        }
        let in_flight = InFlight {
            job: Job::Seat(errand),
            stream: NO_STREAM,
            asked_at: self.clock,
            permit: None,
            token_number: self.token_number,
        };
        self.in_flight.insert(call, in_flight);
        effects.push(Effect::Send { call, request });
    }

    /// Tokens that are left are forgotten.
    fn left(&mut self, turn: &Turn<'_>, number: i64, mut seat: Seat, mark: &str) -> Result<(), SqlError> {
        seat.leaving.retain(|held| held.mark != mark);
        self.save_seat(turn, number, &seat)
    }

    /// A call of a seat's own came to its end.
    pub(in crate::engine::portal) fn seat_answered(
        &mut self,
        turn: &mut Turn<'_>,
        errand: &Errand,
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        if let Errand::Write { seat } = errand {
            return self.seat_write_heard(turn, seat, Heard::Sent(outcome.clone()), effects);
        }
        let Some(connection) = self.connection.clone() else { return Ok(()) };
        let Some((number, seat)) = Seat::find(turn, errand.seat())? else { return Ok(()) };
        match errand {
            Errand::Refresh { mark, permit, .. } => {
                self.seat_refreshed(turn, &connection, (number, seat), (mark, *permit), outcome, effects)
            }
            Errand::Revoke { mark, .. } => self.seat_revoked(turn, (number, seat), mark, outcome),
            Errand::Write { .. } => Ok(()),
        }
    }

    fn seat_refreshed(
        &mut self,
        turn: &mut Turn<'_>,
        connection: &Connection,
        (number, mut seat): (i64, Seat),
        (mark, permit): (&str, u64),
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let id = seat.id.clone();
        self.seats.wanted.remove(&id);
        let back = vec![Return { permit, answered_ms_ago: Some(0) }];
        // Also where the seat ended meanwhile: what is to be revoked is the token that counts now.
        let Some(held) = seat.tokens().find(|held| held.mark == mark) else { return Ok(()) };
        let before = held.clone();
        let refusal = match oauth::classify(outcome, turn.now) {
            Ok(response) => match oauth::parse_tokens(&response.body) {
                Ok(answer) => {
                    let refresh = match answer.refresh {
                        Some(refresh) => Ok(refresh),
                        None => tokens::open(turn, connection, &id, &before, REFRESH),
                    };
                    if let Ok(refresh) = refresh {
                        let fresh = Tokens::new(answer.access, refresh, answer.expires_in_ms, turn.now);
                        let whose = (&before.app, before.user);
                        if let Some(fresh) = tokens::seal(turn, connection, &id, whose, &fresh) {
                            *held = fresh.clone();
                            self.save_seat(turn, number, &seat)?;
                            Self::tell_of_grant(turn, connection, &id, &fresh, back, effects);
                            return Ok(());
                        }
                    }
                    TokenRefusal::Transient { retry_at: None }
                }
                Err(_) => TokenRefusal::Transient { retry_at: None },
            },
            Err(refusal) => refusal,
        };
        effects.push(Effect::Log(format!("token refresh of a seat: {refusal}")));
        let ask = ask_of(connection, &id, &before, false);
        effects.push(Effect::Tell(Ask { returns: back, holder: None, ..ask }));
        held.failures += 1;
        match refusal {
            TokenRefusal::Revoked if !std::mem::replace(&mut held.refused_once, true) => {
                held.retry_at = turn.now.plus_ms(DOUBT_MS);
            }
            TokenRefusal::Revoked => {
                held.dead = true;
                if seat.held.as_ref().is_some_and(|held| held.mark == mark) {
                    return self.seat_expired(turn, connection, number, seat);
                }
            }
            TokenRefusal::OurFault(_) => {
                effects.push(Effect::Alert(Alert::AppRefused));
                held.retry_at = turn.now.plus_ms(OUR_FAULT_MS);
            }
            TokenRefusal::Transient { retry_at } => {
                let wait = turn.now.plus_ms(backoff(held.failures, turn.random));
                held.retry_at = retry_at.unwrap_or(turn.now).max(wait);
                if held.failures < ATTEMPTS {
                    self.seats.wanted.insert(id, held.retry_at);
                }
            }
        }
        self.save_seat(turn, number, &seat)
    }

    /// HubSpot accepts the authorisation no more, as it said twice.
    fn seat_expired(
        &mut self,
        turn: &Turn<'_>,
        connection: &Connection,
        number: i64,
        mut seat: Seat,
    ) -> Result<(), SqlError> {
        let words = format!(
            "HubSpot no longer accepts what the user of the seat {} authorised: it was revoked, the user left, or the app was removed. \
             Make a new link for the user.",
            seat.id
        );
        self.end_seat(turn, number, &mut seat, End::Expired)?;
        let change = Change::Lifecycle {
            id: connection.id.clone(),
            event: Lifecycle::SeatExpired,
            about: None,
            words: Some(words),
        };
        feed::append_lifecycle(turn.sql, turn.now, vec![change])
    }

    fn seat_revoked(
        &mut self,
        turn: &mut Turn<'_>,
        (number, mut seat): (i64, Seat),
        mark: &str,
        outcome: &Outcome,
    ) -> Result<(), SqlError> {
        let transient = matches!(oauth::classify(outcome, turn.now), Err(TokenRefusal::Transient { .. }));
        let held = seat.leaving.iter_mut().find(|held| held.mark == mark);
        if let Some(held) = held.filter(|_| transient) {
            held.failures += 1;
            if held.failures < FAREWELL_ATTEMPTS {
                held.retry_at = turn.now.plus_ms(backoff(held.failures, turn.random));
                return self.save_seat(turn, number, &seat);
            }
        }
        self.left(turn, number, seat, mark)
    }
}

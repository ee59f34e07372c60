//! One call to HubSpot in the name of a seat, from the question for its token to HubSpot's answer. Sends nothing and waits for
//! nothing: [`Pass::step`] takes what happened and says what to do next.
//!
//! The token is the seat's own and no other: nothing else is ever asked for. Nothing of the answer is kept.

use super::commands::{Answer, Command, State, Token};
use crate::{
    engine::limiter::messages::{Ask, Grant, News, Priority, Return, Window},
    hubspot::{
        endpoint::Endpoint,
        rejection::{self, Class, Policy, Rejection},
    },
    values::{
        config::AppKind,
        failure::Failure,
        http::{Outcome, Request, Response},
        ids::SeatId,
        time::{SECOND_MS, Timestamp},
    },
};

/// How long a request waits for a token and a permit: one window of HubSpot's.
const PATIENCE_MS: i64 = 10 * SECOND_MS;

/// Tokens tried after one that HubSpot has refused: what another holder of the grant has, which may be over too, and a new one.
const TRIES: u32 = 2;

/// Why there is no answer of HubSpot's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Something between Spoke and HubSpot.
    Failed {
        /// What.
        failure: Failure,
        /// In words; `None`: the failure's own.
        words: Option<String>,
        /// When to ask again.
        retry_at: Option<Timestamp>,
        /// HubSpot's, for support.
        correlation_id: Option<String>,
    },
    /// The seat is not active but this.
    NotActive(State),
    /// A person has paused the connection.
    Paused,
    /// The connection is over.
    NotConnected,
    /// There is no such seat.
    Unknown,
    /// No app of kind `user` is configured.
    Off,
}

impl Stop {
    fn failed(failure: Failure, retry_at: Option<Timestamp>) -> Self {
        Self::Failed { failure, words: None, retry_at, correlation_id: None }
    }

    fn refused(rejection: &Rejection) -> Self {
        let retry_at = match &rejection.class {
            Class::Throttled { retry_at, .. } => Some(*retry_at),
            Class::Parked { until } => Some(*until),
            Class::Transient { retry_at } => *retry_at,
            _ => None,
        };
        Self::Failed {
            failure: rejection.failure(),
            words: Some(rejection.words()),
            retry_at,
            correlation_id: rejection.correlation_id.clone(),
        }
    }
}

/// What happened.
#[derive(Debug)]
pub enum Heard {
    /// The Portal answered.
    Portal(Answer),
    /// The limiter answered; `None`: it did not.
    Granted(Option<Grant>),
    /// HubSpot answered, or did not.
    Sent(Outcome),
    /// The pause is over.
    Woke,
}

/// What to do next.
pub enum Next {
    /// Ask the Portal.
    Portal(Command),
    /// Ask the limiter of the account.
    Limiter(Token, Ask),
    /// Send to HubSpot.
    Send(Request),
    /// Wait so many milliseconds.
    Sleep(u32),
    /// It is over.
    Done(Result<Response, Stop>),
}

/// See the module.
#[derive(Debug)]
pub struct Pass {
    seat: SeatId,
    /// Where the call goes, until it is told with the question for a token: once for each call that is sent.
    uncounted: Option<Endpoint>,
    endpoint: Endpoint,
    request: Request,
    window: Window,
    until: Timestamp,
    token: Option<Token>,
    permit: Option<u64>,
    /// The mark of the token that HubSpot has refused last.
    refused: Option<String>,
    /// Other tokens that may still be tried.
    tries: u32,
    /// What HubSpot said last, where that was no.
    refusal: Option<Rejection>,
}

impl Pass {
    /// A call that begins now. `request` without a bearer.
    pub fn new(seat: SeatId, endpoint: Endpoint, request: Request, window: Window, now: Timestamp) -> Self {
        let until = now.plus_ms(PATIENCE_MS);
        Self {
            seat,
            uncounted: Some(endpoint),
            endpoint,
            request,
            window,
            until,
            token: None,
            permit: None,
            refused: None,
            tries: TRIES,
            refusal: None,
        }
    }

    /// What HubSpot refused last, or that it did not answer; `None`: nothing has left, or it was taken.
    pub const fn refusal(&self) -> Option<&Rejection> {
        self.refusal.as_ref()
    }

    /// The first thing to do.
    pub fn begin(&self) -> Next {
        let (seat, refused) = (self.seat.clone(), self.refused.clone());
        Next::Portal(Command::Token { seat, refused, calls: self.uncounted })
    }

    fn ask(token: &Token, window: Option<Window>, returns: Vec<Return>, news: Vec<News>) -> Ask {
        Ask {
            app: token.app.clone(),
            user: Some(token.user),
            window,
            count: u32::from(window.is_some()),
            priority: Priority::Person,
            returns,
            news,
            utc_offset_ms: None,
            held: None,
            holder: None,
        }
    }

    fn permit(&self, token: Token) -> Next {
        let ask = Self::ask(&token, Some(self.window), Vec::new(), Vec::new());
        Next::Limiter(token, ask)
    }

    fn sleep(&self, now: Timestamp, ms: u32, stop: Failure) -> Next {
        let at = now.plus_ms(ms.into());
        if at > self.until { Next::Done(Err(Stop::failed(stop, Some(at)))) } else { Next::Sleep(ms) }
    }

    /// Takes in what happened. The second part is for the limiter to hear; nothing comes back.
    pub fn step(&mut self, now: Timestamp, heard: Heard) -> (Next, Option<(Token, Ask)>) {
        match heard {
            Heard::Portal(answer) => (self.told(now, answer), None),
            Heard::Granted(grant) => (self.granted(now, grant), None),
            Heard::Sent(outcome) => self.sent(now, outcome),
            // With a token in hand the permit was waited for: by now the token may be over.
            Heard::Woke => (self.begin(), None),
        }
    }

    fn told(&mut self, now: Timestamp, answer: Answer) -> Next {
        Next::Done(Err(match answer {
            Answer::Token(token) => {
                self.uncounted = None;
                self.token = Some((*token).clone());
                return self.permit(*token);
            }
            Answer::Wait(ms) => return self.sleep(now, ms, Failure::TokenService),
            Answer::Failing { failure, retry_at } => {
                Stop::failed(Failure::named(&failure).unwrap_or(Failure::TokenService), retry_at)
            }
            Answer::NotActive(state) => Stop::NotActive(state),
            Answer::Paused => Stop::Paused,
            Answer::NotConnected => Stop::NotConnected,
            Answer::Off => Stop::Off,
            _ => Stop::Unknown,
        }))
    }

    fn granted(&mut self, now: Timestamp, grant: Option<Grant>) -> Next {
        let (Some(token), Some(grant)) = (&self.token, grant) else {
            return self.sleep(now, SECOND_MS as u32, Failure::Throttled);
        };
        if let Some(over) = &grant.day_over {
            return Next::Done(Err(Stop::failed(Failure::DailyLimit, Some(over.until))));
        }
        match grant.permits.first() {
            Some(permit) => {
                self.permit = Some(*permit);
                Next::Send(Request { bearer: Some(token.access.clone()), ..self.request.clone() })
            }
            None => self.sleep(now, grant.wait_ms.unwrap_or(SECOND_MS as u32), Failure::Throttled),
        }
    }

    fn sent(&mut self, now: Timestamp, outcome: Outcome) -> (Next, Option<(Token, Ask)>) {
        let Some(token) = self.token.take() else { return (Next::Done(Err(Stop::Unknown)), None) };
        let returns = self.permit.take().map(|permit| Return { permit, answered_ms_ago: Some(0) });
        let refusal = rejection::classify(&outcome, now).err().map(|refusal| refusal.of_token(AppKind::User));
        self.refusal.clone_from(&refusal);
        let news = refusal.as_ref().and_then(|refusal| match &refusal.class {
            Class::Throttled { policy: Policy::Daily, retry_at } => Some(News::DayOver { until: *retry_at }),
            Class::Throttled { retry_at, .. } => {
                Some(News::Throttled { window: self.window, until: *retry_at })
            }
            _ => None,
        });
        let ask = Self::ask(&token, None, returns.into_iter().collect(), news.into_iter().collect());
        let next = match (refusal, outcome) {
            (None, Outcome::Answered(response)) => Next::Done(Ok(response)),
            (None, Outcome::Unanswered) => Next::Done(Err(Stop::failed(Failure::Silent, None))),
            (Some(Rejection { class: Class::Expired | Class::Unauthorized, .. }), _) if self.tries > 0 => {
                self.tries -= 1;
                self.refused = Some(token.mark.clone());
                self.uncounted = Some(self.endpoint);
                self.begin()
            }
            (Some(refusal), _) => Next::Done(Err(Stop::refused(&refusal))),
        };
        (next, Some((token, ask)))
    }
}

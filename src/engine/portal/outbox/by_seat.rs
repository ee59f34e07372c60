//! Writes that leave with a seat's own token: a call that the seat's user made, and the task that it completes.
//!
//! They are rows like all others; no other token ever writes them, nor does a seat write what is not its own. Each is carried alone,
//! by a [`Pass`], which asks for the seat's token and for a permit of its app, at the priority of a person who waits. What could not be
//! finished there is carried again, later, by the same token: that of a seat that has ended finishes nothing, and the write fails and
//! says so. A call that names a task and nobody it was with is linked to whom the task is linked to: that is asked for first, with the same
//! token, and written down before the call leaves. Whether a create whose answer was lost arrived is looked for as for every other ([`super::settle`]), with the connection's
//! token: what is found is the seat's own, and tells nobody anything.
//!
//! Owns what is carried now, in memory: a row that had left when the object ended comes back as every other does.

use crate::{
    engine::limiter::messages::Window,
    engine::{
        actor::Actor,
        portal::{
            Effect, Job, Portal, Turn,
            outbox::{
                KEPT_OUT, Keeps, OPEN_LIMIT, Ready, Write,
                actions::TIES_LIMIT,
                answers::{Done, Note},
                commands::{Asked, Taken},
            },
            refusals::backoff,
            seats::{
                Errand, Want,
                commands::{Answer as SeatAnswer, Command as SeatCommand},
                pass::{Heard, Next, Pass, Stop},
            },
        },
    },
    hubspot::{
        associations,
        endpoint::Endpoint,
        rejection::{Class, Rejection},
        writes,
    },
    store::{
        portal::{
            outbox::{self as store, State},
            seat_writes,
        },
        sql::SqlError,
    },
    values::{
        failure::Failure,
        http::Response,
        ids::{ObjectType, RecordId, SeatId},
        time::{MINUTE_MS, SECOND_MS, Timestamp},
    },
};

/// Writes carried at once: as many as seats have at work besides the connection's own calls.
const AT_ONCE: usize = 3;
/// Writes of each kind that are looked at to find those: a seat has few that wait, and waits for itself.
const LOOKED_AT: u32 = 50;
/// How often a write leaves before it fails for want of an answer: pauses that double to a quarter of an hour, some three hours.
const ATTEMPTS: u32 = 20;
/// When a seat whose tokens are being refreshed is asked for once more.
const BUSY_MS: i64 = 250;

/// What of a task's links a call takes over, in the order of asking: of more than a call may have the first.
const LINKED: [ObjectType; 3] = [ObjectType::Contacts, ObjectType::Companies, ObjectType::Deals];

/// The links of a task, which are read before the call leaves that takes them over.
#[derive(Debug)]
struct Links {
    task: RecordId,
    /// Which of [`LINKED`] is asked for.
    asks: usize,
    found: Vec<(ObjectType, RecordId)>,
}

impl Links {
    fn of(task: RecordId) -> Self {
        Self { task, asks: 0, found: Vec::new() }
    }

    fn pass(&self, seat: &SeatId, now: Timestamp) -> Pass {
        let request = associations::batch_read(ObjectType::Tasks, LINKED[self.asks], &[(self.task, None)]);
        Pass::new(seat.clone(), Endpoint::Associations, request, Window::Associations, now)
    }
}

/// A write on its way.
#[derive(Debug)]
pub(in crate::engine::portal) struct Carried {
    number: i64,
    action: i64,
    pass: Pass,
    /// The property that holds its key.
    key: Option<String>,
    /// What is read before it leaves; `None`: it is the write itself that is carried.
    links: Option<Links>,
    /// When to go on, where nothing is waited for but time.
    wakes_at: Option<Timestamp>,
}

/// HubSpot is being asked for the property that keeps creates apart.
struct BeingAsked;

impl super::Outbox {
    /// When something of seats is to go on.
    pub(in crate::engine::portal) fn by_seats_due_at(&self) -> Option<Timestamp> {
        self.carried.values().filter_map(|carried| carried.wakes_at).chain(self.by_seats_at).min()
    }
}

impl Portal {
    /// Writes down what a seat has done, and has it done.
    pub(in crate::engine::portal) fn take_of_seat(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        (seat, owner): (&SeatId, Option<String>),
        asked: Asked,
        effects: &mut Vec<Effect>,
    ) -> Result<Taken, SqlError> {
        let mut room = OPEN_LIMIT.saturating_sub(store::open_up_to(turn.sql, OPEN_LIMIT)?);
        let taken = self.take(turn, actor, asked, &mut room, Some((seat, owner)))?;
        self.outbox.by_seats_at = Some(turn.now);
        self.rouse_for_outbox(turn, effects);
        Ok(taken)
    }

    /// Has writes of seats leave that are due, and others go on; when there is more to do later.
    #[inline(never)]
    pub(in crate::engine::portal) fn advance_seat_writes(
        &mut self,
        turn: &mut Turn<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Timestamp>, SqlError> {
        if !self.outbox.by_seats {
            return Ok(None);
        }
        self.drop_lost(turn)?;
        let woken = |carried: &Carried| carried.wakes_at.is_some_and(|at| at <= turn.now);
        let woken: Vec<SeatId> = self
            .outbox
            .carried
            .iter()
            .filter(|(_, carried)| woken(carried))
            .map(|(seat, _)| seat.clone())
            .collect();
        for seat in woken {
            self.seat_write_heard(turn, &seat, Heard::Woke, effects)?;
        }
        let waiting = seat_writes::waiting(turn.sql, LOOKED_AT)?;
        self.outbox.by_seats = !waiting.is_empty() || !self.outbox.carried.is_empty();
        self.outbox.by_seats_at = waiting.iter().map(|(_, _, due_at)| *due_at).find(|at| *at > turn.now);
        for (number, action, due_at) in waiting {
            if due_at > turn.now || self.outbox.carried.len() >= AT_ONCE {
                break;
            }
            let entries = store::of_action(turn.sql, action)?;
            let Some(entry) = entries.into_iter().find(|entry| entry.number == number) else { continue };
            let ready = Ready::read(entry)?;
            let Some(seat) = ready.write.seat().cloned() else { continue };
            if self.outbox.carried.contains_key(&seat) {
                continue;
            }
            let Ok(key) = self.key_of(turn, &ready.write) else { continue };
            let links = ready.write.links_of().map(Links::of);
            let pass = match &links {
                Some(links) => links.pass(&seat, turn.now),
                None => Self::pass_of(&ready, &seat, key.as_deref(), turn.now)?,
            };
            let next = pass.begin();
            let carried = Carried { number, action, pass, key, links, wakes_at: None };
            self.carry(turn, seat, carried, next, effects)?;
        }
        Ok(self.outbox.by_seats_due_at().filter(|at| *at > turn.now))
    }

    /// The write itself, on its way.
    fn pass_of(ready: &Ready, seat: &SeatId, key: Option<&str>, now: Timestamp) -> Result<Pass, SqlError> {
        let request = Self::send_request(std::slice::from_ref(ready), key);
        let request = request.ok_or(SqlError::Content("outbox"))?;
        Ok(Pass::new(seat.clone(), Endpoint::BatchWrite, request, Window::Core, now))
    }

    /// Whether a write is on its way with a seat's token.
    pub(super) fn is_carried(&self, number: i64) -> bool {
        self.outbox.carried.values().any(|carried| carried.number == number)
    }

    /// The property that keeps a create apart, if there is one.
    fn key_of(&self, turn: &Turn<'_>, write: &Write) -> Result<Option<String>, BeingAsked> {
        let Write::Create { object_type, .. } = write else { return Ok(None) };
        match self.outbox.keeps.get(object_type) {
            Some(Keeps::Property { name, .. }) => Ok(Some(name.clone())),
            _ if self.keeps_nothing(turn.now, *object_type) || !self.may_call(turn) => Ok(None),
            _ => Err(BeingAsked),
        }
    }

    /// What the connection was made anew under, or an answer that never came, carries nothing any more.
    fn drop_lost(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let flies = |seat: &SeatId| {
            self.flies(|job| matches!(job, Job::Seat(Errand::Write { seat: own }) if own == seat))
        };
        let lost = |seat: &SeatId, carried: &Carried| {
            carried.wakes_at.is_none() && !self.seats.is_asking(seat, Want::Write) && !flies(seat)
        };
        let all: Vec<SeatId> = self
            .outbox
            .carried
            .iter()
            .filter(|(seat, carried)| lost(seat, carried))
            .map(|(seat, _)| seat.clone())
            .collect();
        for seat in all {
            let Some(carried) = self.outbox.carried.remove(&seat) else { continue };
            if let Some(ready) = carried.ready(turn)?.filter(|ready| ready.entry.state == State::Sent) {
                Self::nobody_knows(turn, &ready, turn.now)?;
            }
        }
        Ok(())
    }

    /// Something that a write of a seat waited for has happened.
    pub(in crate::engine::portal) fn seat_write_heard(
        &mut self,
        turn: &mut Turn<'_>,
        seat: &SeatId,
        heard: Heard,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let Some(mut carried) = self.outbox.carried.remove(seat) else { return Ok(()) };
        let (next, tell) = carried.pass.step(turn.now, heard);
        effects.extend(tell.map(|(_, ask)| Effect::Tell(ask)));
        self.carry(turn, seat.clone(), carried, next, effects)
    }

    fn carry(
        &mut self,
        turn: &mut Turn<'_>,
        seat: SeatId,
        mut carried: Carried,
        mut next: Next,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        loop {
            carried.wakes_at = None;
            next = match next {
                Next::Portal(SeatCommand::Token { refused, calls, .. }) => {
                    let answer = self.token_for_write(turn, &seat, (refused.as_deref(), calls), effects)?;
                    carried.pass.step(turn.now, Heard::Portal(answer)).0
                }
                Next::Portal(_) => Next::Done(Err(Stop::Unknown)),
                Next::Limiter(_, _) if self.seats.is_busy(&seat) => {
                    carried.wakes_at = Some(turn.now.plus_ms(BUSY_MS));
                    break;
                }
                Next::Limiter(_, ask) => {
                    self.seats.asks(&seat, Want::Write);
                    effects.push(Effect::AskFor { seat: seat.clone(), ask });
                    break;
                }
                Next::Send(request) => {
                    let ready = carried.ready(turn)?;
                    let open = |ready: &Ready| matches!(ready.entry.state, State::Waiting | State::Sent);
                    if !ready.is_some_and(|ready| open(&ready)) {
                        // Taken back meanwhile; the permit runs out by itself.
                        return Ok(());
                    }
                    if carried.links.is_none() {
                        store::leave(turn.sql, &[carried.number], carried.key.as_deref(), turn.now)?;
                    }
                    self.send_for_seat(Errand::Write { seat: seat.clone() }, request, effects);
                    break;
                }
                Next::Sleep(ms) => {
                    carried.wakes_at = Some(turn.now.plus_ms(ms.into()));
                    break;
                }
                Next::Done(end) => return self.carried(turn, seat, carried, end, effects),
            };
        }
        self.outbox.by_seats = true;
        self.outbox.carried.insert(seat, carried);
        Ok(())
    }

    fn token_for_write(
        &mut self,
        turn: &mut Turn<'_>,
        seat: &SeatId,
        (refused, calls): (Option<&str>, Option<Endpoint>),
        effects: &mut Vec<Effect>,
    ) -> Result<SeatAnswer, SqlError> {
        let command = SeatCommand::Token { seat: seat.clone(), refused: refused.map(str::to_owned), calls };
        self.seat_command(turn, &Actor::Spoke, command, effects)
    }

    /// A write of a seat came to its end, or to a pause.
    fn carried(
        &mut self,
        turn: &mut Turn<'_>,
        seat: SeatId,
        mut carried: Carried,
        end: Result<Response, Stop>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        self.outbox.stir();
        let Some(ready) = carried.ready(turn)? else { return Ok(()) };
        if !matches!(ready.entry.state, State::Waiting | State::Sent) {
            return Ok(());
        }
        if let Some(links) = carried.links.take() {
            return self.links_heard(turn, (seat, carried), links, &ready, end, effects);
        }
        match end {
            Ok(response) => self.seat_wrote(turn, &ready, &response),
            Err(stop) => match carried.pass.refusal() {
                Some(refusal) => {
                    effects.push(Effect::Log(format!("a write of a seat: {refusal}")));
                    self.seat_refused(turn, &ready, &refusal.clone())
                }
                None => Self::seat_stopped(turn, &ready, &stop),
            },
        }
    }

    /// HubSpot said what a task is linked to, as far as the user may see it, or did not say: the next type is asked for, or the call leaves.
    fn links_heard(
        &mut self,
        turn: &mut Turn<'_>,
        (seat, mut carried): (SeatId, Carried),
        mut links: Links,
        ready: &Ready,
        end: Result<Response, Stop>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let refusal = match end {
            Ok(response) => match associations::parse_batch(&response.body) {
                Ok(batch) => {
                    let own = batch.found.iter().filter(|found| found.from == links.task);
                    let linked = own.flat_map(|found| &found.to);
                    links.found.extend(linked.map(|linked| (LINKED[links.asks], linked.to)));
                    None
                }
                Err(_) => Some(Rejection::malformed(&response)),
            },
            Err(stop) => match carried.pass.refusal() {
                None => return Self::seat_stopped(turn, ready, &stop),
                // What the user, or the seat's app, may not see of the type is not linked; the call is made all the same.
                Some(refusal) if refusal.is_about_the_request() && refusal.is_hubspots_word() => None,
                Some(refusal) => Some(refusal.clone()),
            },
        };
        if let Some(refusal) = refusal {
            effects.push(Effect::Log(format!("links of a task for a seat: {refusal}")));
            return Self::links_unread(turn, ready, &refusal);
        }
        links.asks += 1;
        if links.asks < LINKED.len() {
            carried.pass = links.pass(&seat, turn.now);
            carried.links = Some(links);
        } else {
            if links.found.iter().any(|(kind, id)| self.blocks.has(*kind, *id)) {
                let (kind, words) = (Failure::Refused.name().to_owned(), KEPT_OUT.to_owned());
                return Self::settle(
                    turn,
                    ready,
                    State::Failed,
                    None,
                    &Note { kind, words, ..Note::default() },
                );
            }
            links.found.truncate(TIES_LIMIT);
            let mut write = ready.write.clone();
            write.take_links(&links.found);
            Self::rewrite(turn, ready, &write, None)?;
            let Some(ready) = carried.ready(turn)? else { return Ok(()) };
            carried.pass = Self::pass_of(&ready, &seat, carried.key.as_deref(), turn.now)?;
        }
        let next = carried.pass.begin();
        self.carry(turn, seat, carried, next, effects)
    }

    /// What a task is linked to cannot be read now: the call has not left, and waits.
    fn links_unread(turn: &mut Turn<'_>, ready: &Ready, refusal: &Rejection) -> Result<(), SqlError> {
        let note = Note::of(refusal);
        let attempts = ready.entry.attempts + 1;
        if attempts >= ATTEMPTS {
            return Self::settle(turn, ready, State::Failed, None, &note);
        }
        let at = turn.now.plus_ms(backoff(attempts, turn.random));
        let at = match &refusal.class {
            Class::Throttled { retry_at, .. } | Class::Parked { until: retry_at } => at.max(*retry_at),
            Class::Transient { retry_at } => at.max(retry_at.unwrap_or(at)),
            _ => at,
        };
        let note = serde_json::to_string(&note).map_err(|_| SqlError::Content("outbox"))?;
        seat_writes::held_up(turn.sql, ready.entry.number, at, &note)
    }

    fn seat_wrote(
        &mut self,
        turn: &mut Turn<'_>,
        ready: &Ready,
        response: &Response,
    ) -> Result<(), SqlError> {
        let Ok(batch) = writes::parse_batch(&response.body, turn.now) else {
            return self.seat_refused(turn, ready, &Rejection::malformed(response));
        };
        let (key, own) = (ready.key(), ready.write.record().map(|(_, id)| id));
        let done = batch.done.iter().find(|written| match &written.trace {
            Some(trace) => *trace == key,
            None => Some(written.id) == own,
        });
        match (done, batch.refused.first()) {
            (Some(written), _) => self.written(turn, ready, Some(written.id), Done::Written),
            (None, Some(entry)) => self.seat_refused(turn, ready, &entry.rejection),
            // A success that tells of nothing may have made it.
            (None, None) => Self::nobody_knows(turn, ready, turn.now),
        }
    }

    /// HubSpot refused, or did not answer.
    fn seat_refused(
        &mut self,
        turn: &mut Turn<'_>,
        ready: &Ready,
        rejection: &Rejection,
    ) -> Result<(), SqlError> {
        let pause = backoff(ready.entry.attempts.max(1), turn.random);
        let note = Note {
            kind: rejection.failure().name().to_owned(),
            words: rejection.words(),
            correlation_id: rejection.correlation_id.clone(),
            ..Note::default()
        };
        let is_create = matches!(ready.write, Write::Create { .. });
        if is_create && rejection.may_have_happened() {
            return Self::nobody_knows(turn, ready, turn.now.plus_ms(pause.min(SECOND_MS)));
        }
        let key_missing = match (&rejection.class, &ready.write) {
            (Class::Rejected { codes, .. }, Write::Create { object_type, .. }) => {
                self.key_may_be_missing(turn, *object_type, ready, codes)?
            }
            _ => false,
        };
        let again_at = match &rejection.class {
            Class::Throttled { retry_at, .. } | Class::Parked { until: retry_at } => Some(*retry_at),
            Class::Transient { retry_at } => Some(retry_at.unwrap_or(turn.now).max(turn.now.plus_ms(pause))),
            Class::Locked | Class::Unreachable | Class::Expired | Class::Unauthorized | Class::Unknown => {
                Some(turn.now.plus_ms(pause))
            }
            Class::Rejected { .. } if key_missing => Some(turn.now.plus_ms(pause)),
            Class::Forbidden { .. }
            | Class::WrongTokenKind
            | Class::Gone
            | Class::Conflict { .. }
            | Class::Rule { .. }
            | Class::Rejected { .. }
            | Class::TooLong => None,
        };
        match again_at {
            Some(at) if ready.entry.attempts < ATTEMPTS => {
                let note = serde_json::to_string(&note).map_err(|_| SqlError::Content("outbox"))?;
                store::put_back(turn.sql, &[ready.entry.number], State::Waiting, at, Some(&note))
            }
            // It may have arrived before: if it is nowhere, the refusal stands.
            None if is_create && ready.entry.doubted => {
                let note = serde_json::to_string(&note).map_err(|_| SqlError::Content("outbox"))?;
                store::put_back(turn.sql, &[ready.entry.number], State::Doubt, turn.now, Some(&note))
            }
            _ if rejection.class == Class::Gone && !is_create => {
                Self::settle(turn, ready, State::Failed, None, &Note::gone(ready, note))
            }
            _ => Self::settle(turn, ready, State::Failed, None, &note),
        }
    }

    /// No answer: a create is looked for, an update leaves again.
    fn nobody_knows(turn: &Turn<'_>, ready: &Ready, at: Timestamp) -> Result<(), SqlError> {
        let state = match ready.write {
            Write::Create { .. } => State::Doubt,
            _ => State::Waiting,
        };
        store::doubt(turn.sql, &[ready.entry.number])?;
        store::put_back(turn.sql, &[ready.entry.number], state, at, None)
    }

    /// It has not left.
    fn seat_stopped(turn: &Turn<'_>, ready: &Ready, stop: &Stop) -> Result<(), SqlError> {
        let over = |words: String| Note {
            kind: Failure::AuthorisationEnded.name().to_owned(),
            words,
            ..Note::default()
        };
        let (at, note) = match stop {
            Stop::Failed { failure, words, retry_at, correlation_id } => {
                let note = Note {
                    kind: failure.name().to_owned(),
                    words: words.clone().unwrap_or_else(|| failure.words()),
                    correlation_id: correlation_id.clone(),
                    ..Note::default()
                };
                (retry_at.unwrap_or(turn.now).max(turn.now.plus_ms(SECOND_MS)), note)
            }
            Stop::Paused => {
                let words = "A person has paused the connection: it leaves when that is over.";
                let note = Note {
                    kind: Failure::Throttled.name().to_owned(),
                    words: words.to_owned(),
                    ..Note::default()
                };
                (turn.now.plus_ms(MINUTE_MS), note)
            }
            Stop::NotActive(state) => {
                let words = format!(
                    "The seat is {}, and nobody else's token stands in for it: this was not written. The user authorises anew, then it may be tried again.",
                    state.as_str()
                );
                return Self::settle(turn, ready, State::Failed, None, &over(words));
            }
            Stop::NotConnected | Stop::Unknown | Stop::Off => {
                let words = "The seat is over, and with it its token: this was not written.".to_owned();
                return Self::settle(turn, ready, State::Failed, None, &over(words));
            }
        };
        let note = serde_json::to_string(&note).map_err(|_| SqlError::Content("outbox"))?;
        store::put_back(turn.sql, &[ready.entry.number], State::Waiting, at, Some(&note))
    }
}

impl Carried {
    /// Its row as it is now.
    fn ready(&self, turn: &Turn<'_>) -> Result<Option<Ready>, SqlError> {
        let entries = store::of_action(turn.sql, self.action)?;
        entries.into_iter().find(|entry| entry.number == self.number).map(Ready::read).transpose()
    }
}

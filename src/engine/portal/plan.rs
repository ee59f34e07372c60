//! What to send next: the most urgent job that may leave, as long as permits, places in flight and the shift allow.
//!
//! Decides only; what an answer means is [`super::answers`]'s. Order: the connection's own calls, reads after webhooks, checks for
//! changes, reads they asked for, full reads; of equals the type with the fewest calls under way. A job whose limiter window is
//! full holds up none of another window.

use crate::{
    engine::{
        alert::Alert,
        limiter::messages::{Ask, Priority, Window},
        portal::{
            Effect, InFlight, Job, PAUSE_MS, Portal, Turn, beside::NO_STREAM, calls::new_poll,
            credentials::Tokens, endpoints::PLACES, messages::State, unreadable::share,
        },
    },
    hubspot::objects::BATCH_LIMIT,
    store::{portal::dirty, sql::SqlError},
    values::{
        planted::{Bug, planted},
        time::{MINUTE_MS, SECOND_MS, Timestamp},
    },
};

/// Permits to ask for while a full read runs: what leaves within one lease.
const BACKFILL_PERMITS: u32 = 12;
/// Permits to ask for while contacts are written that activations keep: as many as leave together.
const ACTIVATION_PERMITS: u32 = 4;
/// Dirty marks looked at to fill batches: as many batches as can be in flight.
const MARKS: usize = BATCH_LIMIT * 7;
/// Nothing more may leave in this shift.
const NO_CALL: u32 = 0;
/// How soon a connection whose app is not configured looks again.
const UNCONFIGURED_MS: i64 = 10 * MINUTE_MS;

/// How urgent a stream's next call is, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// A person waits for what is written.
    Person,
    /// Somebody may be waiting: webhooks' reads, and what other calls need first.
    First,
    /// What is written by itself.
    Automation,
    /// A check for changes.
    Check,
    /// A read that a check asked for.
    Read,
    /// Part of a full read.
    FullRead,
    /// Part of reconcile.
    Reconcile,
}

/// What to do right now.
enum Next {
    /// Send this.
    Send(usize, Job),
    /// Nothing before then.
    Later(Timestamp),
    /// Nothing until an answer or an event comes.
    Nothing,
}

impl Portal {
    /// Sends what may leave, and ends the shift when there is nothing to wait for.
    pub(super) fn plan(&mut self, turn: &mut Turn<'_>, effects: &mut Vec<Effect>) -> Result<(), SqlError> {
        let Some(shift) = &self.shift else { return Ok(()) };
        let over = turn.now >= shift.ends_at;
        let mut later: Option<Timestamp> = None;
        let more = !over
            && (self.advance_retention(turn)?
                | self.advance_blocks(turn)?
                | self.advance_erasing(turn)?
                | self.advance_channels(turn)?
                | self.advance_index(turn)?
                | self.advance_phones(turn)?
                | self.advance_scores(turn)?
                | self.advance_audiences(turn)?
                | self.advance_activations(turn)?
                | self.advance_signals(turn)?
                | self.advance_workflows(turn)?);
        if !over {
            self.deliver(turn, effects)?;
        }
        if !over && self.shift.as_ref().is_some_and(|shift| shift.calls_left > NO_CALL) {
            let writes = self.advance_seat_writes(turn, effects)?;
            later = self.advance_seats(turn, effects)?.into_iter().chain(writes).min();
        }
        let places = (turn.config.work.calls_in_flight as usize).min(PLACES - self.endpoints.under_way());
        while self.shift.as_ref().is_some_and(|shift| shift.calls_left > NO_CALL)
            && !over
            && self.in_flight.len() < places
        {
            match self.next(turn)? {
                Next::Send(index, job) => {
                    if let Some(until) = self.send(turn, index, job, effects)? {
                        later = later.into_iter().chain([until]).min();
                        break;
                    }
                }
                Next::Later(at) => {
                    later = later.into_iter().chain([at]).min();
                    break;
                }
                Next::Nothing => break,
            }
        }
        if more {
            // The next piece in a turn of its own: whatever came meanwhile is before it.
            if self.wake_at.is_none_or(|at| at > turn.now) {
                self.wake_at = Some(turn.now);
                effects.push(Effect::WakeAt(turn.now));
            }
            return Ok(());
        }
        let spent = over || self.shift.as_ref().is_some_and(|shift| shift.calls_left == NO_CALL);
        if let Some(at) = later.filter(|at| !spent && *at > turn.now && at.since_ms(turn.now) <= PAUSE_MS) {
            if self.wake_at.is_none_or(|wake_at| at < wake_at) {
                self.wake_at = Some(at);
                effects.push(Effect::WakeAt(at));
            }
            return Ok(());
        }
        if self.in_flight.is_empty() && !self.permits.asking() && !self.seats.asking() {
            if self.endpoints.under_way() == 0 {
                return self.end_shift(turn, spent, later, effects);
            }
            // Only receivers are waited for, which take no permits.
            self.wake_at = None;
            self.give_back(turn, effects);
        }
        Ok(())
    }

    /// Gives the permits back that nothing uses now.
    fn give_back(&mut self, turn: &Turn<'_>, effects: &mut Vec<Effect>) {
        self.permits.release();
        if self.permits.has_returns() {
            effects.extend(self.ask(turn, None, 0).map(Effect::Tell));
        }
    }

    /// Nothing is under way and nothing worth waiting for: give permits back and set the next alarm.
    #[inline(never)]
    fn end_shift(
        &mut self,
        turn: &mut Turn<'_>,
        spent: bool,
        later: Option<Timestamp>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        self.save_checks(turn)?;
        self.beside.save_poll(turn)?;
        self.shift = None;
        self.wake_at = None;
        self.give_back(turn, effects);
        let next = match later {
            Some(at) => Some(at),
            None if spent && self.work_due(turn)? => Some(turn.now),
            None => None,
        };
        // What the outbox has due and could not send now waits for what everything waits for, or a moment: never for nothing.
        let soonest =
            if spent { turn.now } else { later.unwrap_or(turn.now).max(turn.now.plus_ms(SECOND_MS)) };
        let outbox = self.outbox_due_at(turn)?.map(|at| at.max(soonest));
        let scores = self.scores_due_at(turn)?.map(|at| at.max(soonest));
        let activations = self.activations_due_at(turn)?.map(|at| at.max(soonest));
        let others = [
            self.delivery_due_at(turn)?,
            self.channels_due_at(turn)?,
            self.keeping_due_at(turn)?,
            self.blocks_due_at(turn.now),
            self.retention_due_at(turn.now),
            self.index_due_at(turn.now),
            self.phones_due_at(turn.now),
            self.signals_due_at(turn)?,
            self.workflows_due_at(turn)?,
            self.audiences_due_at(turn)?,
            self.own_call_due_at(turn.now),
            self.seats.due_at(),
            self.outbox.by_seats_due_at(),
            outbox,
            scores,
            activations,
        ];
        let next = next.into_iter().chain(others.into_iter().flatten()).min();
        effects.extend(next.map(Effect::SetAlarm));
        Ok(())
    }

    /// Sends a job; `Some`: it has no permit, and none can come before then.
    #[inline(never)]
    fn send(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        job: Job,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Timestamp>, SqlError> {
        let window = job.window();
        let permit = match window {
            None => None,
            Some(window) => match self.permits.take(window, turn.now) {
                Some(permit) => Some((window, permit)),
                None => return Ok(Some(self.want(turn, index, window, effects))),
            },
        };
        let request = match &job {
            Job::Score(call) => self.score_request(turn, call)?,
            Job::Activate(call) => self.activation_request(turn, call)?,
            _ => self.request(turn, index, &job),
        };
        let Some(request) = request else {
            effects.push(Effect::Alert(Alert::AppMissing));
            self.permits.unused(permit.map(|(_, permit)| permit));
            return Ok(Some(turn.now.plus_ms(UNCONFIGURED_MS)));
        };
        let asked_at = self.tick(turn.now);
        if let Job::Write(call) = &job {
            self.outbox_leaves(turn, call, asked_at)?;
        }
        if let Job::Score(call) = &job {
            self.score_leaves(turn, call, &request)?;
        }
        if let Job::Activate(call) = &job {
            self.activation_leaves(turn, call)?;
        }
        let call = self.next_call;
        self.next_call += 1;
        if let Some(shift) = &mut self.shift {
            shift.calls_left -= 1;
        }
        if let (Job::Read { ids }, Some(running)) = (&job, self.streams.get_mut(index)) {
            running.reading.extend(ids);
        }
        if let (Job::ReadOne { id }, Some(running)) = (&job, self.streams.get_mut(index)) {
            running.reading.insert(*id);
        }
        self.in_flight
            .insert(call, InFlight { job, stream: index, asked_at, permit, token_number: self.token_number });
        effects.push(Effect::Send { call, request });
        Ok(None)
    }

    /// Asks the limiter, unless an answer is under way or it said to wait.
    #[inline(never)]
    fn want(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        window: Window,
        effects: &mut Vec<Effect>,
    ) -> Timestamp {
        if let Some(until) = self.permits.wait(window, turn.now) {
            return until;
        }
        if self.permits.asking() {
            // The answer comes as an event; the moment given matters to nobody.
            return turn.now;
        }
        let runs = |index: &usize| !self.stands_still(*index);
        let running = (0..self.streams.len()).filter(runs).map(|index| &self.streams[index].saved);
        let backfilling = running.clone().any(|stream| stream.backfill.is_some());
        let count = match window {
            Window::Core if index == NO_STREAM && self.outbox.is_stirred() => {
                Self::outbox_calls(turn, BACKFILL_PERMITS).unwrap_or(1)
            }
            Window::Core if index == NO_STREAM && self.activations.is_stirred() => ACTIVATION_PERMITS,
            Window::Core if backfilling || self.scores.reads() => BACKFILL_PERMITS,
            Window::Core => {
                let most = BATCH_LIMIT * BACKFILL_PERMITS as usize;
                let marks = self.streams.get(index).map_or(0, |running| {
                    dirty::count_up_to(turn.sql, running.saved.object_type, most).unwrap_or(0)
                });
                (marks.div_ceil(BATCH_LIMIT as u64) as u32).clamp(1, BACKFILL_PERMITS)
            }
            // One for each stream that has something to search for, this one among them.
            Window::Search => {
                let every_ms = turn.config.work.check_every_ms;
                running.filter(|stream| stream.searches(turn.now, every_ms)).count().clamp(1, 4) as u32
            }
            Window::Refresh | Window::Associations => 1,
        };
        if let Some(ask) = self.ask(turn, Some(window), count) {
            self.permits.ask(window);
            effects.push(Effect::Ask(ask));
        }
        turn.now
    }

    fn ask(&mut self, turn: &Turn<'_>, window: Option<Window>, count: u32) -> Option<Ask> {
        let connection = self.connection.as_ref()?;
        let (returns, news) = self.permits.take_returns(turn.now);
        Some(Ask {
            app: connection.windows(),
            user: connection.user,
            window,
            count,
            priority: if self.tries() || self.outbox.person_waits() {
                Priority::Person
            } else {
                Priority::Background
            },
            returns,
            news,
            utc_offset_ms: Some(connection.account.utc_offset_ms),
            held: (window == Some(Window::Refresh)).then(|| self.tokens.as_ref().map(Tokens::held)).flatten(),
            holder: None,
        })
    }

    #[inline(never)]
    fn next(&mut self, turn: &mut Turn<'_>) -> Result<Next, SqlError> {
        let own = self.next_of_connection(turn);
        // A test is made also while a person or a limit has the rest wait: it says so.
        if let Some(probe) = self.next_probe().filter(|_| !matches!(own, Next::Send(..))) {
            let job = Job::Try(probe);
            if self.waits_for_window(&job, turn.now).is_none() {
                return Ok(Next::Send(NO_STREAM, job));
            }
        }
        if !matches!(own, Next::Nothing) || !self.may_call(turn) {
            return Ok(own);
        }
        let mut later: Option<Timestamp> = None;
        let mut best: Option<(Urgency, usize, Job)> = None;
        if let Some(write) = self.next_of_outbox(turn)? {
            match self.waits_for_window(&write.2, turn.now) {
                Some(until) => later = Some(until),
                None if write.0 == Urgency::Person => return Ok(Next::Send(write.1, write.2)),
                None => best = Some(write),
            }
        }
        let writes_at = self.outbox_waits_until().filter(|at| *at > turn.now);
        later = later.into_iter().chain(writes_at).min();
        if let Some(score) = self.next_of_scores(turn)? {
            match self.waits_for_window(&score.2, turn.now) {
                Some(until) => later = later.into_iter().chain([until]).min(),
                None if best.as_ref().is_none_or(|(other, _, _)| score.0 < *other) => best = Some(score),
                None => {}
            }
        }
        if let Some(write) = self.next_of_activations(turn)? {
            match self.waits_for_window(&write.2, turn.now) {
                Some(until) => later = later.into_iter().chain([until]).min(),
                None if best.as_ref().is_none_or(|(other, _, _)| write.0 < *other) => best = Some(write),
                None => {}
            }
        }
        let activations_at = self.activations_wait_until(turn);
        later = later.into_iter().chain(activations_at).min();
        let scores_at = self.scores_wait_until().filter(|at| *at > turn.now);
        later = later.into_iter().chain(scores_at).min();
        for index in self.fewest_calls_first() {
            let retry_at = self.streams[index].saved.retry_at;
            if retry_at > turn.now {
                later = Some(later.map_or(retry_at, |earlier| earlier.min(retry_at)));
                continue;
            }
            let Some((urgency, job)) = self.next_of_stream(turn, index)? else {
                let waits = self.streams[index].waits_until.filter(|at| *at > turn.now);
                later = later.into_iter().chain(waits).min();
                continue;
            };
            if let Some(until) = self.waits_for_window(&job, turn.now) {
                later = Some(later.map_or(until, |earlier| earlier.min(until)));
                continue;
            }
            if best.as_ref().is_none_or(|(other, _, _)| urgency < *other) {
                best = Some((urgency, index, job));
            }
            if urgency == Urgency::First {
                break;
            }
        }
        if best.as_ref().is_none_or(|(urgency, _, _)| *urgency >= Urgency::Read) {
            let (errand, retry_at) = self.next_errand(turn);
            let errand = errand.map(Job::Beside);
            let waits = errand.as_ref().and_then(|job| self.waits_for_window(job, turn.now));
            if let (Some(job), None) = (errand, waits) {
                return Ok(Next::Send(NO_STREAM, job));
            }
            later = later.into_iter().chain(retry_at).chain(waits).min();
        }
        if !matches!(best, Some((Urgency::First, _, _)))
            && let Some(links) = self.next_of_links(turn)?
            && best.as_ref().is_none_or(|(other, _, _)| links.0 < *other)
        {
            match self.waits_for_window(&links.2, turn.now) {
                Some(until) => later = Some(later.map_or(until, |earlier| earlier.min(until))),
                None => best = Some(links),
            }
        }
        if let Some(at) = self.links.waits_until().filter(|at| *at > turn.now) {
            later = Some(later.map_or(at, |earlier| earlier.min(at)));
        }
        Ok(match (best, later) {
            (Some((_, index, job)), _) => Next::Send(index, job),
            (None, Some(at)) => Next::Later(at),
            (None, None) => Next::Nothing,
        })
    }

    /// Until when a job cannot leave because its window is full.
    fn waits_for_window(&self, job: &Job, now: Timestamp) -> Option<Timestamp> {
        self.full_until(job.window()?, now)
    }

    /// Until when a window is full, as far as is known.
    pub(super) fn full_until(&self, window: Window, now: Timestamp) -> Option<Timestamp> {
        if self.permits.holds(window, now) { None } else { self.permits.wait(window, now) }
    }

    /// The streams that may send, so ordered that none waits for the end of another.
    fn fewest_calls_first(&self) -> Vec<usize> {
        let mut order: Vec<usize> =
            (0..self.streams.len()).filter(|index| !self.stands_still(*index)).collect();
        order.sort_by_key(|index| {
            self.in_flight.values().filter(|in_flight| in_flight.stream == *index).count()
        });
        order
    }

    /// Whether the streams may send: connected, not paused, with a token that is still good.
    pub(super) fn may_call(&self, turn: &Turn<'_>) -> bool {
        let active = self.connection.as_ref().is_some_and(|connection| match connection.state {
            State::Active => true,
            State::Paused { until } => until <= turn.now,
            State::PausedByPerson { .. }
            | State::NeedsReauthorisation
            | State::Disconnecting
            | State::Disconnected => false,
        });
        active && self.tokens.as_ref().is_some_and(|tokens| !tokens.expired(turn.now))
    }

    pub(super) fn flies(&self, wanted: impl Fn(&Job) -> bool) -> bool {
        self.in_flight.values().any(|in_flight| wanted(&in_flight.job))
    }

    /// Whether such a call of one stream is under way.
    fn flies_for(&self, index: usize, wanted: impl Fn(&Job) -> bool) -> bool {
        self.in_flight.values().any(|in_flight| in_flight.stream == index && wanted(&in_flight.job))
    }

    /// Refresh ahead of expiry (never two at once of one grant), and the last calls of a disconnect.
    #[inline(never)]
    fn next_of_connection(&self, turn: &Turn<'_>) -> Next {
        let Some(connection) = &self.connection else { return Next::Nothing };
        match connection.state {
            State::Disconnected | State::NeedsReauthorisation => return Next::Nothing,
            State::Active | State::Paused { .. } | State::PausedByPerson { .. } | State::Disconnecting => {}
        }
        if self.flies(|job| matches!(job, Job::Refresh | Job::Uninstall | Job::Revoke)) {
            return Next::Nothing;
        }
        let waits = connection.retry_at > turn.now;
        let later = Next::Later(connection.retry_at);
        let disconnecting = connection.state == State::Disconnecting;
        let uninstall = connection.farewell.is_some_and(|farewell| farewell.uninstall);
        let needs_token = !disconnecting || uninstall;
        let stale = self.tokens.as_ref().is_some_and(|tokens| tokens.stale(turn.now));
        let expired = self.tokens.as_ref().is_none_or(|tokens| tokens.expired(turn.now));
        // Also while paused: a refresh whose answer was lost must be repeated before the old refresh token dies.
        // While another connection refreshes the same grant, calls go on with the token that is still good.
        let may_refresh = expired || self.permits.wait(Window::Refresh, turn.now).is_none();
        if stale && needs_token && !waits && may_refresh {
            return Next::Send(0, Job::Refresh);
        }
        match connection.state {
            State::Paused { until } if until > turn.now => {
                return Next::Later(if stale && waits { until.min(connection.retry_at) } else { until });
            }
            _ if stale && needs_token && expired => return later,
            State::Active
            | State::Paused { .. }
            | State::PausedByPerson { .. }
            | State::Disconnecting
            | State::Disconnected
            | State::NeedsReauthorisation => {}
        }
        if disconnecting {
            return match (waits, uninstall) {
                (true, _) => later,
                (false, true) => Next::Send(0, Job::Uninstall),
                (false, false) => Next::Send(0, Job::Revoke),
            };
        }
        Next::Nothing
    }

    #[inline(never)]
    fn next_of_stream(
        &mut self,
        turn: &mut Turn<'_>,
        index: usize,
    ) -> Result<Option<(Urgency, Job)>, SqlError> {
        let search_flies = self.flies_for(index, |job| matches!(job, Job::Search));
        let running = &self.streams[index];
        let stream = &running.saved;
        if stream.fields_due(turn.now) && !self.flies_for(index, |job| matches!(job, Job::Properties)) {
            return Ok(Some((Urgency::First, Job::Properties)));
        }
        if running.properties.is_empty() {
            return Ok(None);
        }
        if let Some(id) = running.vanished.iter().find(|id| !running.reading.contains(id)) {
            return Ok(Some((Urgency::First, Job::ReadOne { id: *id })));
        }
        // Checks that each take longer than their interval would leave reconcile no moment: then a pause follows each.
        let every_ms = turn.config.work.check_every_ms;
        let gives_way = stream.poll.is_none()
            && running.reconcile_due(turn.now)
            && stream.checked_at.is_some_and(|at| turn.now.since_ms(at) < every_ms);
        let due = stream.poll_due(turn.now, every_ms) && !gives_way;
        // What an ended check left is read before the next begins: checks can follow each other without a pause.
        let searching = stream.poll.is_some() || search_flies;
        if let Some(read) = self.next_read(turn, index, searching)? {
            return Ok(Some(read));
        }
        if due {
            if planted(Bug::CursorFirst) {
                self.move_cursor_first(turn, index)?;
            }
            return Ok((!search_flies).then_some((Urgency::Check, Job::Search)));
        }
        let Some(backfill) = &mut self.streams[index].saved.backfill else {
            let job = match self.next_of_reconcile(turn, index)? {
                Some(job) => Some(job),
                None => self.next_of_freshening(turn, index)?,
            };
            return Ok(job.map(|job| (Urgency::Reconcile, job)));
        };
        if backfill.expected.is_none() {
            // One search before a whole read: behind the checks of the other types it might never leave.
            let flies = self.flies_for(index, |job| matches!(job, Job::Greatest));
            return Ok((!flies).then_some((Urgency::First, Job::Greatest)));
        }
        if !backfill.begun {
            backfill.begin();
        }
        Ok(self.next_of_lanes(index).map(|job| (Urgency::FullRead, job)))
    }

    /// [`Bug::CursorFirst`].
    fn move_cursor_first(&mut self, turn: &Turn<'_>, index: usize) -> Result<(), SqlError> {
        let stream = &mut self.streams[index].saved;
        if stream.poll.is_some() {
            return Ok(());
        }
        stream.poll = Some(new_poll(stream, turn.now));
        (stream.cursor, stream.polled_at) = (turn.now, turn.now);
        self.save_stream(turn, index)
    }

    fn next_of_lanes(&self, index: usize) -> Option<Job> {
        let running = &self.streams[index];
        let lanes = &running.saved.backfill.as_ref()?.lanes;
        let free = lanes.iter().map(|lane| lane.number).find(|number| {
            !self.flies_for(
                index,
                |job| matches!(job, Job::List { lane } | Job::Fetch { lane, .. } if lane == number),
            )
        })?;
        Some(match running.fetching.get(&free) {
            Some(fetching) => Job::Fetch { lane: free, ids: fetching.ids.clone() },
            None => Job::List { lane: free },
        })
    }

    /// The next batch of dirty ids, as large as the reads of them that failed allow: at once where a webhook marked one, else when a
    /// batch is full or no search will add to it.
    fn next_read(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        searching: bool,
    ) -> Result<Option<(Urgency, Job)>, SqlError> {
        let running = &mut self.streams[index];
        if !running.marked && running.waits_until.is_none_or(|at| at > turn.now) {
            return Ok(None);
        }
        let kind = running.saved.object_type;
        let picked = dirty::pick(turn.sql, kind, turn.now, MARKS)?;
        running.marked = !picked.is_empty();
        running.waits_until = if running.marked { None } else { dirty::next_at(turn.sql, kind)? };
        let running = &self.streams[index];
        let marks: Vec<dirty::Mark> = picked
            .into_iter()
            .filter(|mark| !running.reading.contains(&mark.id) && !running.vanished.contains(&mark.id))
            .collect();
        let Some(first) = marks.first() else { return Ok(None) };
        if searching && !first.urgent && marks.len() < BATCH_LIMIT {
            return Ok(None);
        }
        // One after the other: what the one before said is what the next is judged by.
        if first.failed > 0 && self.flies_for(index, |job| matches!(job, Job::Read { .. })) {
            return Ok(None);
        }
        let urgency = if first.urgent { Urgency::First } else { Urgency::Read };
        let together = marks.iter().take_while(|mark| mark.failed == first.failed);
        let ids = together.take(share(first.failed)).map(|mark| mark.id).collect();
        Ok(Some((urgency, Job::Read { ids })))
    }
}

impl Job {
    /// Whether it belongs to a stream, not to the connection.
    pub(super) fn is_of_stream(&self) -> bool {
        match self {
            Self::Refresh | Self::Uninstall | Self::Revoke => false,
            Self::Beside(_) | Self::Try(_) | Self::Seat(_) => false,
            Self::Write(_) | Self::Score(_) | Self::Activate(_) => false,
            Self::Properties
            | Self::Greatest
            | Self::List { .. }
            | Self::Fetch { .. }
            | Self::Search
            | Self::Read { .. }
            | Self::ReadOne { .. }
            | Self::Count { .. }
            | Self::Confirm { .. }
            | Self::Freshen { .. }
            | Self::Echo { .. }
            | Self::Deletion(_)
            | Self::Links(_)
            | Self::Sweep => true,
        }
    }

    /// The limiter window it falls into.
    fn window(&self) -> Option<Window> {
        match self {
            // A seat's permits are of another app and person.
            Self::Revoke | Self::Seat(_) => None,
            Self::Write(call) => Some(call.window()),
            Self::Refresh => Some(Window::Refresh),
            Self::Links(_) => Some(Window::Associations),
            Self::Greatest | Self::Search | Self::Count { .. } => Some(Window::Search),
            Self::Uninstall
            | Self::Properties
            | Self::List { .. }
            | Self::Fetch { .. }
            | Self::Read { .. }
            | Self::Confirm { .. }
            | Self::Freshen { .. }
            | Self::Echo { .. }
            | Self::Deletion(_)
            | Self::Score(_)
            | Self::Activate(_)
            | Self::Sweep
            | Self::Beside(_)
            | Self::Try(_)
            | Self::ReadOne { .. } => Some(Window::Core),
        }
    }
}

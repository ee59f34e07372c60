//! What an answer means: records into the mirror first, cursors last; refusals by their class.

use crate::{
    engine::{
        limiter::messages::{News, Window},
        portal::{
            Effect, Fetching, InFlight, Job, Portal, Turn,
            apply::{self, Applied, Scene},
            backfill::Step,
            messages::{State, Trouble},
            properties_key,
            state::{Connection, LOOKBACK_MS, Poll},
        },
    },
    hubspot::{
        Malformed,
        oauth::{self, TokenRefusal},
        objects::{self, Page, SEARCH_LIMIT},
        properties,
        rejection::{self, Class, Policy, Rejection},
        usage::RateHeaders,
    },
    store::{
        portal::{
            dirty, feed,
            records::{self, Grave},
        },
        schema,
        sql::SqlError,
    },
    values::{
        http::{Outcome, Response},
        ids::RecordId,
        time::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp},
    },
};

/// First pause after a failure; doubles with each further one.
const BACKOFF_FIRST_MS: i64 = SECOND_MS;
/// Longest pause after failures that are HubSpot's: 64 s, so that a stream is back within a poll of HubSpot's return.
const BACKOFF_LONGEST_MS: i64 = 64 * SECOND_MS;
/// Pause after a refusal that trying again soon does not change (a scope, a validation): looked at again each hour.
const REFUSED_MS: i64 = HOUR_MS;
/// Record locks last 2 s (`hubspot-api.md` 3.4).
const LOCKED_MS: i64 = 2 * SECOND_MS;
/// Failures in a row after which a person is told.
const TROUBLE_AFTER: u32 = 3;
/// Failures in a row after which a disconnect stops trying to tell HubSpot.
const FAREWELL_ATTEMPTS: u32 = 5;
/// Pause after HubSpot refused our own client id or secret: the operator has to act, and nothing is to be noticed late.
const OUR_FAULT_MS: i64 = 5 * MINUTE_MS;
/// The range of ids searched in halves when a search does not ascend: beyond every id HubSpot gives.
const GREATEST_ID: u64 = (1 << 53) - 1;

impl Portal {
    /// Takes in the end of a call.
    pub(super) fn answered(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: InFlight,
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        if let Some((window, permit)) = in_flight.permit {
            self.permits.answered(permit, turn.now);
            self.learn_headers(window, outcome);
        }
        if let Some(running) = self.streams.get_mut(in_flight.stream) {
            match &in_flight.job {
                Job::Read { ids, .. } => ids.iter().for_each(|id| {
                    running.reading.remove(id);
                }),
                Job::ReadOne { id, .. } => {
                    running.reading.remove(id);
                }
                Job::Refresh | Job::Uninstall | Job::Revoke | Job::Properties | Job::Greatest => {}
                Job::List { .. } | Job::Fetch { .. } | Job::Search => {}
            }
        }
        match in_flight.job {
            Job::Refresh => return self.refreshed(turn, outcome, effects),
            Job::Uninstall | Job::Revoke => return self.said_farewell(turn, &in_flight, outcome, effects),
            Job::Properties | Job::Greatest | Job::List { .. } | Job::Fetch { .. } => {}
            Job::Search | Job::Read { .. } | Job::ReadOne { .. } => {}
        }
        // Answers to calls of before a disconnect have nowhere to go.
        let Some(connection) = &self.connection else { return Ok(()) };
        if !matches!(connection.state, State::Active | State::Paused { .. }) {
            return Ok(());
        }
        match rejection::classify(outcome, turn.now) {
            Ok(response) => match self.accepted(turn, &in_flight, response)? {
                Ok(()) => self.all_well(turn, in_flight.stream),
                Err(Malformed(what)) => {
                    effects.push(Effect::Log(format!("HubSpot's answer is not {what}")));
                    self.refused(turn, &in_flight, &Rejection::malformed(response), effects)
                }
            },
            Err(rejection) => self.refused(turn, &in_flight, &rejection, effects),
        }
    }

    fn learn_headers(&mut self, window: Window, outcome: &Outcome) {
        let Outcome::Answered(response) = outcome else { return };
        if window != Window::Core {
            return;
        }
        let headers = RateHeaders::parse(response);
        if headers.max.is_some() && headers.max != self.told_max {
            self.told_max = headers.max;
            self.permits.learn(News::Headers {
                max: headers.max,
                daily: headers.daily.map(|number| number as u32),
                daily_remaining: headers.daily_remaining.map(|number| number as u32),
            });
        }
    }

    fn scene<'a>(&mut self, turn: &Turn<'a>, in_flight: &InFlight) -> Scene<'a> {
        let tick = self.tick(turn.now);
        let kind = self.streams[in_flight.stream].saved.object_type;
        Scene { sql: turn.sql, now: turn.now, kind, asked_at: in_flight.asked_at, tick }
    }

    /// A success: `Err` if its body is not what it should be.
    fn accepted(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        response: &Response,
    ) -> Result<Result<(), Malformed>, SqlError> {
        let body = &response.body;
        /// Ends with the inner error, as `?` does with the outer.
        macro_rules! parsed {
            ($result:expr) => {
                match $result {
                    Ok(value) => value,
                    Err(malformed) => return Ok(Err(malformed)),
                }
            };
        }
        match &in_flight.job {
            Job::Properties => {
                let found = parsed!(properties::parse(body));
                let (found, _) = found;
                let mut names: Vec<String> = found.into_iter().map(|property| property.name).collect();
                names.sort_unstable();
                names.dedup();
                self.took_properties(turn, in_flight.stream, names)?;
            }
            Job::Greatest => {
                let page = parsed!(objects::parse_page(body));
                if let Some(backfill) = &mut self.streams[in_flight.stream].saved.backfill {
                    backfill.expected = Some(page.total.unwrap_or(page.records.len() as u64));
                    backfill.greatest = page.records.first().map(|record| record.id);
                }
                self.save_stream(turn, in_flight.stream)?;
            }
            Job::List { lane } => {
                let page = parsed!(objects::parse_page(body));
                self.took_list(turn, in_flight, *lane, &page)?;
            }
            Job::Fetch { lane, ids } => {
                let batch = parsed!(objects::parse_batch(body));
                let settled = self.settle_batch(turn, in_flight, ids, &[], &batch)?;
                if let Some(fetching) = self.streams[in_flight.stream].fetching.remove(lane) {
                    self.advance(turn, in_flight.stream, *lane, fetching.step, fetching.records, settled)?;
                }
            }
            Job::Read { ids, erased } => {
                let batch = parsed!(objects::parse_batch(body));
                let settled = self.settle_batch(turn, in_flight, ids, erased, &batch)?;
                self.count(turn, in_flight.stream, settled)?;
            }
            Job::ReadOne { id, erased } => {
                let record = parsed!(objects::parse_record(body));
                let scene = self.scene(turn, in_flight);
                let resolved = record.id;
                let grave = Grave { id: *id, merged_into: (resolved != *id).then_some(resolved) };
                let graves = if resolved == *id { &[][..] } else { std::slice::from_ref(&grave) };
                let erased = if *erased { std::slice::from_ref(id) } else { &[] };
                let running = &mut self.streams[in_flight.stream];
                // Where the property list does not fit a URL this read settled only who the record is.
                let applied = if running.saved.wide {
                    let mut applied = apply::settled(scene, &[], graves, erased)?;
                    dirty::mark(turn.sql, scene.kind, &[resolved], scene.tick, true, false)?;
                    applied.doubts += 1;
                    applied
                } else {
                    apply::settled(scene, &[record], graves, erased)?
                };
                running.vanished.remove(id);
                dirty::clear(turn.sql, scene.kind, &[*id], in_flight.asked_at)?;
                self.count(turn, in_flight.stream, applied)?;
            }
            Job::Search => {
                let page = parsed!(objects::parse_page(body));
                self.took_search(turn, in_flight, &page)?;
            }
            Job::Refresh | Job::Uninstall | Job::Revoke => {}
        }
        Ok(Ok(()))
    }

    /// New property names: records changed since the last look were read without them.
    fn took_properties(&mut self, turn: &Turn<'_>, index: usize, names: Vec<String>) -> Result<(), SqlError> {
        let tick = self.tick(turn.now);
        let running = &mut self.streams[index];
        let kind = running.saved.object_type;
        let appeared = names.iter().any(|name| running.properties.binary_search(name).is_err());
        if let (true, Some(since)) = (appeared, running.saved.properties_at) {
            dirty::mark_updated_since(turn.sql, kind, since.minus_ms(LOOKBACK_MS), tick)?;
            running.marked = true;
        }
        if running.properties != names {
            let json = serde_json::to_string(&names).map_err(|_| SqlError::Content("meta"))?;
            schema::set(turn.sql, &properties_key(kind), &json)?;
            running.properties = names;
        }
        // What a refused URL taught stays.
        running.saved.wide |= !objects::fits_url(&running.properties);
        running.saved.properties_at = Some(turn.now);
        self.save_stream(turn, index)
    }

    fn took_list(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        number: u32,
        page: &Page<'_>,
    ) -> Result<(), SqlError> {
        let scene = self.scene(turn, in_flight);
        let running = &mut self.streams[in_flight.stream];
        let wide = running.saved.wide;
        let step = running
            .saved
            .backfill
            .as_ref()
            .and_then(|backfill| backfill.lane(number))
            .map(|lane| lane.step(page));
        let covers = step.as_ref().and_then(|step| step.covers);
        let listed = page.records.len() as u64;
        if wide {
            let wanted = apply::listed_ids(scene, &page.records, covers)?;
            running.marked = true;
            let Some(step) = step else { return Ok(()) };
            if wanted.is_empty() {
                return self.advance(turn, in_flight.stream, number, step, listed, Applied::default());
            }
            running.fetching.insert(number, Fetching { ids: wanted, step, records: listed });
            return Ok(());
        }
        let applied = apply::list_page(scene, &page.records, covers)?;
        match step {
            Some(step) => self.advance(turn, in_flight.stream, number, step, listed, applied),
            None => self.count(turn, in_flight.stream, applied),
        }
    }

    /// Applies a batch read of `ids`. Ids neither answered nor refused are to be read singly.
    fn settle_batch(
        &mut self,
        turn: &Turn<'_>,
        in_flight: &InFlight,
        ids: &[RecordId],
        erased: &[RecordId],
        batch: &objects::BatchAnswer<'_>,
    ) -> Result<Applied, SqlError> {
        let scene = self.scene(turn, in_flight);
        let missing: Vec<Grave> = batch
            .missing
            .iter()
            .filter(|id| ids.contains(id))
            .map(|id| Grave { id: *id, merged_into: None })
            .collect();
        let unreadable: Vec<RecordId> = batch.issues.iter().filter_map(|issue| issue.id).collect();
        let mut applied = apply::settled(scene, &batch.records, &missing, erased)?;
        let answered = |id: &RecordId| {
            batch.records.iter().any(|record| record.id == *id)
                || batch.missing.contains(id)
                || unreadable.contains(id)
        };
        let (done, vanished): (Vec<RecordId>, Vec<RecordId>) = ids.iter().copied().partition(answered);
        dirty::clear(turn.sql, scene.kind, &done, in_flight.asked_at)?;
        if !vanished.is_empty() {
            dirty::mark(turn.sql, scene.kind, &vanished, in_flight.asked_at, false, false)?;
            applied.doubts += vanished.len() as u64;
            let running = &mut self.streams[in_flight.stream];
            running.vanished.extend(vanished.into_iter().map(|id| (id, erased.contains(&id))));
        }
        Ok(applied)
    }

    /// After a lane's page: counts, then the cursor; the last lane ends the full read.
    fn advance(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        lane: u32,
        step: Step,
        records: u64,
        applied: Applied,
    ) -> Result<(), SqlError> {
        let stream = &mut self.streams[index].saved;
        if let Some(backfill) = &mut stream.backfill {
            backfill.advance(lane, step, records);
            if backfill.lanes.is_empty() {
                records::build_key_index(turn.sql, stream.object_type)?;
                stream.cursor = backfill.started_at;
                stream.backfill = None;
                stream.polled_at = Timestamp::default();
            }
        }
        self.count(turn, index, applied)
    }

    fn took_search(
        &mut self,
        turn: &Turn<'_>,
        in_flight: &InFlight,
        page: &Page<'_>,
    ) -> Result<(), SqlError> {
        let scene = self.scene(turn, in_flight);
        let running = &mut self.streams[in_flight.stream];
        let stream = &mut running.saved;
        let Some(poll) = &mut stream.poll else { return Ok(()) };
        let applied = apply::detected(scene, &page.records)?;
        running.marked |= applied.doubts > 0;
        if take_page(poll, page) {
            stream.cursor = stream.cursor.max(poll.newest.min(poll.started_at));
            stream.checked_at = Some(turn.now);
            if poll.trailing {
                stream.trailing_at = poll.started_at;
                feed::prune(
                    turn.sql,
                    turn.now.minus_ms(turn.config.work.feed_ms),
                    turn.config.work.feed_bytes,
                )?;
            }
            stream.poll = None;
        }
        self.save_stream(turn, in_flight.stream)
    }

    /// Counts what was applied and saves the stream: the last write of the turn.
    fn count(&mut self, turn: &Turn<'_>, index: usize, applied: Applied) -> Result<(), SqlError> {
        let running = &mut self.streams[index];
        running.marked |= applied.doubts > 0;
        running.saved.records = (running.saved.records + applied.came).saturating_sub(applied.went);
        if applied.changes > 0 {
            running.saved.changed_at = Some(turn.now);
        }
        self.save_stream(turn, index)
    }

    /// A call succeeded: earlier trouble is over, unless the call left before it.
    fn all_well(&mut self, turn: &Turn<'_>, index: usize) -> Result<(), SqlError> {
        if self.streams[index].saved.failures > 0 {
            self.streams[index].saved.failures = 0;
            self.save_stream(turn, index)?;
        }
        let Some(connection) = &mut self.connection else { return Ok(()) };
        if matches!(connection.state, State::Paused { until } if until > turn.now) {
            return Ok(());
        }
        if connection.trouble.is_some() || connection.state != State::Active {
            connection.trouble = None;
            connection.state = State::Active;
            self.save_connection(turn)?;
        }
        Ok(())
    }

    /// A refusal, by its class.
    fn refused(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        rejection: &Rejection,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let index = in_flight.stream;
        effects.push(Effect::Log(format!("{rejection}")));
        match &rejection.class {
            Class::Gone => match &in_flight.job {
                Job::ReadOne { id, erased } => return self.gone(turn, in_flight, *id, *erased),
                Job::Refresh | Job::Uninstall | Job::Revoke | Job::Properties | Job::Greatest => {}
                Job::List { .. } | Job::Fetch { .. } | Job::Search | Job::Read { .. } => {}
            },
            Class::Expired | Class::Unauthorized => {
                if self.unauthorized(turn, in_flight)? {
                    return Ok(());
                }
            }
            Class::TooLong if !self.streams[index].saved.wide => {
                self.streams[index].saved.wide = true;
                return self.save_stream(turn, index);
            }
            Class::TooLong => {}
            Class::Throttled { policy, retry_at } => {
                return self.throttled(turn, in_flight, policy, *retry_at, rejection);
            }
            Class::Parked { until } => return self.pause(turn, *until, rejection),
            Class::Transient { .. } | Class::Locked | Class::Unknown => {}
            Class::Forbidden { .. }
            | Class::WrongTokenKind
            | Class::Conflict { .. }
            | Class::Rejected { .. } => {}
        }
        let stream = &mut self.streams[index].saved;
        stream.failures += 1;
        let failures = stream.failures;
        let wait = match &rejection.class {
            Class::Transient { retry_at: Some(at) } => at.since_ms(turn.now).max(0),
            Class::Locked => LOCKED_MS.max(backoff(failures, turn.random)),
            Class::Transient { retry_at: None }
            | Class::Unknown
            | Class::Gone
            | Class::TooLong
            | Class::Expired
            | Class::Unauthorized => backoff(failures, turn.random),
            Class::Forbidden { .. }
            | Class::WrongTokenKind
            | Class::Conflict { .. }
            | Class::Rejected { .. } => REFUSED_MS,
            Class::Throttled { .. } | Class::Parked { .. } => 0,
        };
        self.streams[index].saved.retry_at = turn.now.plus_ms(wait);
        self.save_stream(turn, index)?;
        if failures >= TROUBLE_AFTER || wait == REFUSED_MS {
            self.tell(turn, rejection.words(), rejection.correlation_id.clone())?;
        }
        Ok(())
    }

    /// A single read says the record is gone.
    fn gone(
        &mut self,
        turn: &Turn<'_>,
        in_flight: &InFlight,
        id: RecordId,
        erased: bool,
    ) -> Result<(), SqlError> {
        let scene = self.scene(turn, in_flight);
        let erased = if erased { std::slice::from_ref(&id) } else { &[] };
        let applied = apply::settled(scene, &[], &[Grave { id, merged_into: None }], erased)?;
        dirty::clear(turn.sql, scene.kind, &[id], in_flight.asked_at)?;
        self.streams[in_flight.stream].vanished.remove(&id);
        self.count(turn, in_flight.stream, applied)
    }

    /// 401: no sign by itself that the connection is over (`hubspot-api.md` 2.2). The token is refreshed, and only a refused
    /// refresh ends the connection; a 401 to the token that such a refresh brought waits like any failure. Says whether the
    /// refusal is dealt with.
    fn unauthorized(&mut self, turn: &Turn<'_>, in_flight: &InFlight) -> Result<bool, SqlError> {
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
        crate::store::portal::credentials::expire_all(turn.sql)?;
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
                     who connected it left. Connect again; what is mirrored stays.";
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
                self.save_stream(turn, in_flight.stream)?;
                if failures >= TROUBLE_AFTER {
                    self.tell(turn, rejection.words(), rejection.correlation_id.clone())?;
                }
                Ok(())
            }
        }
    }

    fn pause(&mut self, turn: &Turn<'_>, until: Timestamp, rejection: &Rejection) -> Result<(), SqlError> {
        if let Some(connection) = &mut self.connection {
            connection.state = State::Paused { until };
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

    fn refreshed(
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
                        if !scopes.is_empty() {
                            connection.scopes = scopes;
                        }
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
                                 nothing to do unless it stays so.";
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
    fn said_farewell(
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
            connection.farewell = Some(super::state::Farewell { uninstall: false, revoke });
            return self.save_connection(turn);
        }
        self.forget(turn)
    }
}

/// Takes a page of a check into its state; says whether the check is complete.
fn take_page(poll: &mut Poll, page: &Page<'_>) -> bool {
    let ids: Vec<RecordId> = page.records.iter().map(|record| record.id).collect();
    for record in &page.records {
        poll.newest = poll.newest.max(record.updated_at);
    }
    let more = page.after.is_some();
    if let Some(ranges) = &mut poll.ranges {
        // The range just asked for: done if it fitted a page, else halved.
        if let Some((above, up_to)) = ranges.pop()
            && more
            && up_to - above > 1
        {
            let middle = above + (up_to - above) / 2;
            ranges.push((middle, up_to));
            ranges.push((above, middle));
        }
        return ranges.is_empty();
    }
    let floor = poll.above.unwrap_or(RecordId(0));
    let ascending =
        ids.windows(2).all(|pair| pair[0] < pair[1]) && ids.first().is_none_or(|first| *first > floor);
    let complete = page.total.is_none_or(|total| total >= poll.left);
    if !ascending || !complete {
        poll.ranges = Some(vec![(0, GREATEST_ID)]);
        return false;
    }
    if !more {
        return true;
    }
    poll.left = page.total.unwrap_or(0).saturating_sub(ids.len() as u64);
    match ids.last() {
        Some(last) => poll.above = Some(*last),
        // A page without records that promises more: ask in ranges, which ends by itself.
        None => poll.ranges = Some(vec![(floor.0, GREATEST_ID)]),
    }
    debug_assert!(ids.len() <= SEARCH_LIMIT, "HubSpot answers at most what a page holds");
    false
}

/// Exponential, with up to half of it taken off at random so that many connections do not come back at once.
fn backoff(failures: u32, random: &mut dyn FnMut(&mut [u8])) -> i64 {
    let full = (BACKOFF_FIRST_MS << failures.saturating_sub(1).min(10)).min(BACKOFF_LONGEST_MS);
    let mut byte = [0];
    random(&mut byte);
    full - full / 2 * i64::from(byte[0]) / 255
}

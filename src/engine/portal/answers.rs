//! What an answer means: records into the mirror first, cursors last. What a refusal means is [`super::refusals`]'s.

use crate::{
    engine::{
        limiter::messages::{Grant, News, Window},
        portal::{
            Effect, Fetching, InFlight, Job, Portal, Turn,
            apply::{self, Applied, Scene},
            backfill::Step,
            blocks::without,
            fields,
            messages::State,
            state::{Poll, SHOWN_AFTER_MS},
            unreadable,
        },
    },
    hubspot::{
        Malformed,
        objects::{self, Page, Record, SEARCH_LIMIT},
        properties,
        rejection::{self, Rejection},
        usage::RateHeaders,
    },
    store::{
        portal::{dirty, keys, records::Grave},
        sql::SqlError,
    },
    values::{
        http::{Outcome, Response},
        ids::{ObjectType, RecordId},
        planted::{Bug, planted},
        time::{SECOND_MS, Timestamp},
    },
};

/// The range of ids searched in halves when a search does not ascend: beyond every id HubSpot gives.
const GREATEST_ID: u64 = (1 << 53) - 1;

/// How often the limiter hears what is left of a day: in that time a window of 250 calls may pass unheard, which is within the
/// reserve of any day.
const HEARD_MS: i64 = 10 * SECOND_MS;

/// What was read of an answer; a function that reads it ends with the inner error, as `?` ends it with the outer.
macro_rules! parsed {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(malformed) => return Ok(Err(malformed)),
        }
    };
}
pub(super) use parsed;

impl Portal {
    /// Takes in the end of a call.
    #[inline(never)]
    pub(super) fn answered(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: InFlight,
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        if let Some((window, permit)) = in_flight.permit {
            self.permits.answered(permit, turn.now);
            self.learn_headers(turn.now, window, outcome);
        }
        self.count_call(turn, &in_flight.job, outcome)?;
        match &in_flight.job {
            Job::Read { ids } => self.read_ended(in_flight.stream, ids),
            Job::ReadOne { id } => self.read_ended(in_flight.stream, &[*id]),
            Job::Refresh | Job::Uninstall | Job::Revoke | Job::Properties | Job::Greatest => {}
            Job::Beside(_) | Job::Try(_) | Job::Seat(_) | Job::Write(_) | Job::Score(_) => {}
            Job::Activate(_) => {}
            Job::List { .. } | Job::Fetch { .. } | Job::Search | Job::Echo { .. } | Job::Deletion(_) => {}
            Job::Count { .. } | Job::Confirm { .. } | Job::Sweep | Job::Freshen { .. } | Job::Links(_) => {}
        }
        match &in_flight.job {
            Job::Seat(errand) => return self.seat_answered(turn, errand, outcome, effects),
            Job::Refresh => return self.refreshed(turn, outcome, effects),
            Job::Uninstall | Job::Revoke => return self.said_farewell(turn, &in_flight, outcome, effects),
            Job::Properties | Job::Greatest | Job::List { .. } | Job::Fetch { .. } | Job::Beside(_) => {}
            Job::Search | Job::Read { .. } | Job::ReadOne { .. } | Job::Try(_) => {}
            Job::Write(_) | Job::Score(_) | Job::Activate(_) | Job::Echo { .. } | Job::Deletion(_) => {}
            Job::Count { .. } | Job::Confirm { .. } | Job::Sweep | Job::Freshen { .. } | Job::Links(_) => {}
        }
        // Also after a disconnect: what was written is written.
        if let Job::Write(call) = &in_flight.job {
            if let Some(entries) = call.entries() {
                return self.entered(turn, &in_flight, entries, outcome, effects);
            }
            return self.wrote(turn, &in_flight, call, outcome, effects);
        }
        if let Job::Score(call) = &in_flight.job {
            return self.scored(turn, &in_flight, call, outcome, effects);
        }
        if let Job::Activate(call) = &in_flight.job {
            return self.activated(turn, &in_flight, call, outcome, effects);
        }
        // Answers to calls of before a disconnect have nowhere to go.
        let Some(connection) = &self.connection else { return Ok(()) };
        match connection.state {
            State::Active | State::Paused { .. } | State::PausedByPerson { .. } => {}
            State::NeedsReauthorisation | State::Disconnecting | State::Disconnected => return Ok(()),
        }
        if let Job::Beside(errand) = &in_flight.job {
            return self.ran_errand(turn, &in_flight, errand, outcome, effects);
        }
        if let Job::Try(probe) = in_flight.job {
            return self.tried(turn, &in_flight, probe, outcome, effects);
        }
        match rejection::classify(outcome, turn.now) {
            Ok(response) => match self.accepted(turn, &in_flight, response, effects)? {
                Ok(()) => self.all_well(turn, &in_flight),
                Err(Malformed(what)) => {
                    effects.push(Effect::Log(format!("HubSpot's answer is not {what}")));
                    self.refused(turn, &in_flight, &Rejection::malformed(response), effects)
                }
            },
            Err(rejection) => self.refused(turn, &in_flight, &rejection, effects),
        }
    }

    /// The limiter hears at once of another limit, and of what is left of the day every [`HEARD_MS`].
    fn learn_headers(&mut self, now: Timestamp, window: Window, outcome: &Outcome) {
        let Outcome::Answered(response) = outcome else { return };
        if window != Window::Core {
            return;
        }
        let headers = RateHeaders::parse(response);
        let limits = |headers: &RateHeaders| (headers.max, headers.daily);
        let is_news = self.heard.as_ref().is_none_or(|(heard, at)| {
            limits(heard) != limits(&headers)
                || (headers.daily_remaining.is_some() && now.since_ms(*at) >= HEARD_MS)
        });
        if headers.max.is_none() && headers.daily.is_none() || !is_news {
            return;
        }
        self.heard = Some((headers, now));
        let count = |number: Option<u64>| number.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        self.permits.learn(News::Headers {
            max: headers.max,
            daily: count(headers.daily),
            daily_remaining: count(headers.daily_remaining),
        });
    }

    /// Takes in what the limiter answered.
    pub(super) fn granted(&mut self, turn: &mut Turn<'_>, grant: &Grant) -> Result<(), SqlError> {
        self.permits.granted(grant, turn.now);
        if let Some(over) = &grant.day_over {
            self.day_is_over(turn, over)?;
        }
        match &grant.newer {
            Some(newer) => self.adopt(turn, newer),
            None => Ok(()),
        }
    }

    pub(super) fn scene<'a>(&mut self, turn: &Turn<'a>, in_flight: &InFlight) -> Scene<'a> {
        let tick = self.tick(turn.now);
        let running = &self.streams[in_flight.stream];
        let before_field = in_flight.asked_at < running.field_at;
        let stream = &running.saved;
        let kind = stream.object_type;
        let shrinks = stream.narrowed_to.is_some() && stream.backfill.is_some();
        Scene {
            sql: turn.sql,
            now: turn.now,
            kind,
            asked_at: in_flight.asked_at,
            tick,
            shrinks,
            before_field,
            proved_at: stream.reconcile.proved_at.unwrap_or_default(),
            echoes: self.has_echoes(),
            phones: self.phones.is_wanted(),
        }
    }

    /// A success: `Err` if its body is not what it should be.
    fn accepted(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        response: &Response,
        effects: &mut Vec<Effect>,
    ) -> Result<Result<(), Malformed>, SqlError> {
        let body = &response.body;
        self.doubt_fields(turn, in_flight.stream, &in_flight.job, in_flight.asked_at, body)?;
        match &in_flight.job {
            Job::Properties => {
                let digest = fields::digest(body);
                if self.streams[in_flight.stream].fields_digest == Some(digest) {
                    self.fields_stand(turn, in_flight.stream, in_flight.asked_at)?;
                } else {
                    let (found, _) = parsed!(properties::parse(body));
                    self.took_properties(turn, in_flight, found)?;
                    self.streams[in_flight.stream].fields_digest = Some(digest);
                }
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
                let mut batch = parsed!(objects::parse_batch(body));
                self.keep_out_of(turn, in_flight.stream, &mut batch)?;
                let settled = self.settle_batch(turn, in_flight, ids, &batch)?;
                if let Some(fetching) = self.streams[in_flight.stream].fetching.remove(lane) {
                    self.advance(turn, in_flight.stream, *lane, fetching.step, fetching.records, settled)?;
                }
            }
            Job::Read { ids } => {
                let mut batch = parsed!(objects::parse_batch(body));
                self.keep_out_of(turn, in_flight.stream, &mut batch)?;
                let settled = self.settle_batch(turn, in_flight, ids, &batch)?;
                self.count(turn, in_flight.stream, settled)?;
            }
            Job::ReadOne { id } => {
                let record = parsed!(objects::parse_record(body));
                self.took_one(turn, in_flight, *id, record)?;
            }
            Job::Search => {
                let page = parsed!(objects::parse_page(body));
                self.took_search(turn, in_flight, &page)?;
            }
            Job::Count { area, lists } => {
                let page = parsed!(objects::parse_page(body));
                self.took_count(turn, in_flight.stream, *area, *lists, &page)?;
            }
            Job::Confirm { level, ids } => {
                let mut batch = parsed!(objects::parse_batch(body));
                self.keep_out_of(turn, in_flight.stream, &mut batch)?;
                let found = self.took_confirm(turn, in_flight, *level, ids, &batch)?;
                effects.extend(found.map(Effect::Log));
            }
            Job::Freshen { ids } => {
                let mut batch = parsed!(objects::parse_batch(body));
                self.keep_out_of(turn, in_flight.stream, &mut batch)?;
                self.took_fresh(turn, in_flight, ids, &batch)?;
            }
            Job::Echo { ids } => {
                let mut batch = parsed!(objects::parse_batch(body));
                self.keep_out_of(turn, in_flight.stream, &mut batch)?;
                self.took_echo(turn, in_flight, ids, &batch)?;
            }
            Job::Sweep => {
                let page = parsed!(objects::parse_page(body));
                self.took_sweep(turn, in_flight, &page)?;
            }
            Job::Deletion(call) => return self.took_deletion(turn, in_flight, call, body),
            Job::Links(call) => return self.took_links(turn, in_flight, call, body),
            Job::Refresh | Job::Uninstall | Job::Revoke => {}
            Job::Beside(_) | Job::Try(_) | Job::Seat(_) => {}
            Job::Write(_) | Job::Score(_) | Job::Activate(_) => {}
        }
        Ok(Ok(()))
    }

    /// Applies a single read of `id`, which another record may answer that it became part of.
    #[inline(never)]
    pub(super) fn took_one(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        id: RecordId,
        mut record: Record<'_>,
    ) -> Result<(), SqlError> {
        self.cut_old_calls(turn.now, in_flight.stream, std::slice::from_mut(&mut record));
        let kept_out = self.keep_out(turn, in_flight.stream, std::slice::from_ref(&record))?;
        let resolved = record.id;
        if resolved != id {
            self.shown_no_longer(turn, self.streams[in_flight.stream].saved.object_type, id)?;
        }
        let scene = self.scene(turn, in_flight);
        let grave = Grave { id, merged_into: (resolved != id).then_some(resolved) };
        let graves = if resolved == id { &[][..] } else { std::slice::from_ref(&grave) };
        let running = &mut self.streams[in_flight.stream];
        // Where the property list does not fit a URL this read settled only who the record is.
        let applied = if kept_out.contains(&resolved) {
            apply::settled(scene, &[], &[Grave { id, merged_into: None }])?
        } else if running.saved.wide {
            let mut applied = apply::settled(scene, &[], graves)?;
            dirty::mark(turn.sql, scene.kind, &[resolved], scene.tick, true, false)?;
            applied.doubts += 1;
            applied
        } else {
            apply::settled(scene, &[record], graves)?
        };
        running.vanished.remove(&id);
        dirty::clear(turn.sql, scene.kind, &[id], in_flight.asked_at)?;
        if !kept_out.contains(&resolved) {
            self.mark_links(turn, scene.kind, &[resolved], in_flight.asked_at)?;
        }
        self.count(turn, in_flight.stream, applied)
    }

    #[inline(never)]
    fn took_list(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        number: u32,
        page: &Page<'_>,
    ) -> Result<(), SqlError> {
        let kept_out = self.keep_out(turn, in_flight.stream, &page.records)?;
        let mut found = without(&page.records, &kept_out);
        if self.streams[in_flight.stream].saved.object_type == ObjectType::Calls {
            self.cut_old_calls(turn.now, in_flight.stream, found.to_mut());
        }
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
            let thorough = running.saved.backfill.as_ref().is_some_and(|backfill| backfill.thorough);
            let mut wanted = apply::listed_ids(scene, &found, covers, thorough)?;
            unreadable::leave_out(turn, scene.kind, &mut wanted)?;
            running.marked = true;
            let Some(step) = step else { return Ok(()) };
            if wanted.is_empty() {
                return self.advance(turn, in_flight.stream, number, step, listed, Applied::default());
            }
            running.fetching.insert(number, Fetching { ids: wanted, step, records: listed });
            return Ok(());
        }
        let applied = apply::list_page(scene, &found, covers)?;
        match step {
            Some(step) => self.advance(turn, in_flight.stream, number, step, listed, applied),
            None => self.count(turn, in_flight.stream, applied),
        }
    }

    /// Applies a batch read of `ids`. Ids neither answered nor refused are to be read singly.
    #[inline(never)]
    pub(super) fn settle_batch(
        &mut self,
        turn: &Turn<'_>,
        in_flight: &InFlight,
        ids: &[RecordId],
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
        let mut applied = apply::settled(scene, &batch.records, &missing)?;
        let answered = |id: &RecordId| {
            batch.records.iter().any(|record| record.id == *id)
                || batch.missing.contains(id)
                || unreadable.contains(id)
        };
        let (done, vanished): (Vec<RecordId>, Vec<RecordId>) = ids.iter().copied().partition(answered);
        dirty::clear(turn.sql, scene.kind, &done, in_flight.asked_at)?;
        if planted(Bug::VanishedForgotten) {
            dirty::clear(turn.sql, scene.kind, &vanished, in_flight.asked_at)?;
        } else if !vanished.is_empty() {
            dirty::mark(turn.sql, scene.kind, &vanished, in_flight.asked_at, false, false)?;
            applied.doubts += vanished.len() as u64;
            let running = &mut self.streams[in_flight.stream];
            running.vanished.extend(vanished);
        }
        let found: Vec<RecordId> = batch.records.iter().map(|record| record.id).collect();
        match in_flight.job {
            // A full read of links follows a full read of records.
            Job::Fetch { .. } => {}
            Job::Confirm { .. } | Job::Freshen { .. } | Job::Echo { .. } => {
                self.doubt_links(turn, scene.kind, &found, in_flight.asked_at)?;
            }
            _ => self.mark_links(turn, scene.kind, &found, in_flight.asked_at)?,
        }
        Ok(applied)
    }

    /// After a lane's page: counts, then the cursor; the last lane ends the full read.
    pub(super) fn advance(
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
                keys::build_key_index(turn.sql, stream.object_type)?;
                stream.reconcile.begin(turn.now);
                stream.cursor = backfill.started_at;
                stream.backfill = None;
                stream.polled_at = Timestamp::default();
            }
        }
        self.count(turn, index, applied)
    }

    #[inline(never)]
    fn took_search(
        &mut self,
        turn: &Turn<'_>,
        in_flight: &InFlight,
        page: &Page<'_>,
    ) -> Result<(), SqlError> {
        let mut left_out = self.keep_out(turn, in_flight.stream, &page.records)?;
        let scene = self.scene(turn, in_flight);
        left_out.extend(self.leave_to_echo(turn, scene.kind, &page.records)?);
        let running = &mut self.streams[in_flight.stream];
        let stream = &mut running.saved;
        let Some(poll) = &mut stream.poll else { return Ok(()) };
        let applied = apply::detected(scene, &without(&page.records, &left_out))?;
        running.marked |= applied.doubts > 0;
        if take_page(poll, page) {
            stream.cursor = stream.cursor.max(poll.newest.min(poll.started_at));
            stream.checked_at = Some(turn.now);
            if poll.trailing {
                stream.trailing_at = poll.started_at;
                // Not beyond what the index shows: it may stand still for longer than it is ever late.
                let shown = poll.newest.min(poll.started_at.minus_ms(SHOWN_AFTER_MS));
                stream.shown_to = stream.shown_to.max(shown);
            }
            stream.poll = None;
            // Most checks find nothing: saved with those of the other streams, see [`Portal::save_checks`].
            running.unsaved = true;
            return Ok(());
        }
        self.save_stream(turn, in_flight.stream)
    }

    /// Counts what was applied and saves the stream: the last write of the turn.
    pub(super) fn count(&mut self, turn: &Turn<'_>, index: usize, applied: Applied) -> Result<(), SqlError> {
        let running = &mut self.streams[index];
        running.marked |= applied.doubts > 0;
        if applied.elsewhere > 0 {
            self.streams.iter_mut().for_each(|running| running.marked = true);
        }
        let running = &mut self.streams[index];
        if applied.deletions > 0 {
            running.deletions_at = Timestamp::default();
        }
        running.saved.records = (running.saved.records + applied.came).saturating_sub(applied.went);
        if applied.changes > 0 {
            running.saved.changed_at = Some(turn.now);
        }
        self.save_stream(turn, index)
    }

    /// A call succeeded: earlier trouble is over, unless the call left before it.
    fn all_well(&mut self, turn: &Turn<'_>, in_flight: &InFlight) -> Result<(), SqlError> {
        let index = in_flight.stream;
        let stream = &mut self.streams[index].saved;
        if matches!(in_flight.job, Job::Links(_)) {
            self.links.all_well();
        } else if stream.failures > 0 || stream.trouble.is_some() {
            stream.failures = 0;
            stream.trouble = None;
            self.save_stream(turn, index)?;
        }
        self.connection_well(turn)
    }

    /// Likewise, of the connection.
    pub(super) fn connection_well(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        if matches!(connection.state, State::Paused { until } if until > turn.now) {
            return Ok(());
        }
        let ended = matches!(connection.state, State::Paused { .. });
        let again = self.token_works();
        let Some(connection) = &mut self.connection else { return Ok(()) };
        // Whatever the connection waits for is not over because a call comes to its end that left before.
        let waits = connection.retry_at > turn.now;
        if (connection.trouble.is_some() && !waits) || ended || again {
            connection.trouble = None;
            if ended {
                connection.state = State::Active;
            }
            self.save_connection(turn)?;
        }
        Ok(())
    }
}

/// Takes a page of a check into its state; says whether the check is complete.
fn take_page(poll: &mut Poll, page: &Page<'_>) -> bool {
    let ids: Vec<RecordId> = page.records.iter().map(|record| record.id).collect();
    for record in &page.records {
        poll.newest = poll.newest.max(record.updated_at);
    }
    let more = page.after.is_some();
    if planted(Bug::PagedByOffset) {
        poll.above = Some(RecordId(poll.above.unwrap_or(RecordId(0)).0 + ids.len() as u64));
        return !more;
    }
    if let Some(ranges) = &mut poll.ranges {
        // The range just asked for: done if it fitted a page, else halved.
        if let Some(range) = ranges.pop()
            && more
        {
            ranges.extend(halves(range, &ids));
        }
        return ranges.is_empty();
    }
    let floor = poll.above.unwrap_or(RecordId(0));
    let ascending =
        ids.windows(2).all(|pair| pair[0] < pair[1]) && ids.first().is_none_or(|first| *first > floor);
    let complete = page.total.is_none_or(|total| total >= poll.left);
    if (!ascending || !complete) && !planted(Bug::OrderBelieved) {
        let all = (0, GREATEST_ID);
        poll.ranges = Some(if more { halves(all, &ids) } else { vec![all] });
        return false;
    }
    if !more {
        return true;
    }
    poll.left = page.total.unwrap_or(0).saturating_sub(ids.len() as u64);
    match ids.last() {
        Some(last) => poll.above = Some(*last),
        // A page without records that promises more: ask in ranges, which ends by itself.
        None => poll.ranges = Some(halves((floor.0, GREATEST_ID), &ids)),
    }
    debug_assert!(ids.len() <= SEARCH_LIMIT, "HubSpot answers at most what a page holds");
    false
}

/// The halves of a range `(above, up_to]` that did not fit a page, the lower one on top: in the middle of the ids the page
/// showed, which are a part of those in it; without any, in the middle of the numbers. A single id cannot be halved.
fn halves((above, up_to): (u64, u64), shown: &[RecordId]) -> Vec<(u64, u64)> {
    if up_to - above <= 1 {
        return Vec::new();
    }
    let mut inside: Vec<u64> =
        shown.iter().map(|id| id.0).filter(|id| (above + 1..up_to).contains(id)).collect();
    inside.sort_unstable();
    let middle = inside.get(inside.len() / 2).copied().unwrap_or(above + (up_to - above) / 2);
    vec![(middle, up_to), (above, middle)]
}

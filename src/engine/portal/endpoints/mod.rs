//! Deliveries: each endpoint is a cursor over the change feed, whose changes are sent to its receiver in order.
//!
//! Owns the endpoints of the connection (in the database, with a copy in memory) and the deliveries under way (in memory only:
//! one whose answer is lost is repeated under the same id). One delivery of an endpoint is under way at a time, so its order is
//! total and a receiver that fails stops its own cursor and no other. A delivery needs no permit of HubSpot's, but takes one of
//! the places for calls: see [`AT_ONCE`]. What an endpoint is and what an answer means is [`endpoint`]'s, what people ask for [`commands`]'s.

pub mod commands;
pub mod endpoint;
pub mod message;
pub mod show;

use std::collections::BTreeMap;

use crate::{
    engine::portal::{
        Effect, Portal, Turn,
        channels::{Channels, told},
        keeping::horizon,
        query::{self, LOOKED_BYTES, Stretch},
        state::Connection,
    },
    store::{
        portal::{
            endpoints as store,
            feed::{self, Change, Passage},
        },
        sql::SqlError,
    },
    values::{
        crypto::NONCE_BYTES,
        http::Outcome,
        ids::{ChannelId, ConnectionId, EndpointId, MessageId, RecordId},
        json,
        planted::{Bug, planted},
        receiver,
        secret::Secret,
        time::{SECOND_MS, Timestamp},
    },
};
use endpoint::{Endpoint, Message, MessageKind, Mode};
use message::Post;

/// Most endpoints of a connection: each may cost a row written for every message of every connection.
pub const ENDPOINTS_LIMIT: usize = 10;
/// How long a receiver may take (Standard Webhooks recommends 15 to 30 s). An alarm of 30 s has room for it.
pub const TIMEOUT_MS: i64 = 15 * SECOND_MS;
/// Deliveries of one connection under way at once; of endpoints that fail, one. Receivers that hang so leave four of the places
/// below to HubSpot, where two calls in flight fill a limit of 100 in 10 s.
pub const AT_ONCE: usize = 2;
/// Calls that may wait for an answer at once, whoever is called: Cloudflare queues the seventh.
pub const PLACES: usize = 6;
/// Most changes of a message.
const MESSAGE_CHANGES: usize = 100;
/// Bytes after which no change is added to a message: what receivers take at once (many refuse more than 1 MB).
const MESSAGE_BYTES: usize = 256 << 10;
/// Rows of the feed looked at for one message, where few changes are wanted: 6 MB of a full read's rows.
const MESSAGE_CHUNKS: usize = 200;
/// Of the calls that an alarm may make, the share that is kept for deliveries while there are endpoints.
const SHARE: u32 = 5;

/// The endpoints of a connection at work.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    /// Oldest first.
    all: Vec<Endpoint>,
    flights: BTreeMap<u64, Flight>,
}

/// A delivery under way.
#[derive(Debug)]
struct Flight {
    endpoint: EndpointId,
    message: MessageId,
    test: bool,
    /// The endpoint's last message failed.
    doubtful: bool,
    sent_at: Timestamp,
}

impl Endpoints {
    /// Loads the endpoints as they were saved.
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        let parse = |json: String| json::parse(&json).map_err(|_| SqlError::Content("endpoints"));
        let all = store::all(turn.sql)?.into_iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self { all, flights: BTreeMap::new() })
    }

    /// Deliveries under way.
    pub(super) fn under_way(&self) -> usize {
        self.flights.len()
    }

    /// How many of an alarm's calls are for deliveries.
    pub(super) fn share(&self, calls: u32) -> u32 {
        let any = self.all.iter().any(|endpoint| endpoint.mode == Mode::Active || endpoint.test_waits());
        if any { (calls / SHARE).max(1) } else { 0 }
    }

    fn flies(&self, id: &EndpointId) -> bool {
        self.flights.values().any(|flight| flight.endpoint == *id)
    }

    fn position(&self, id: &EndpointId) -> Option<usize> {
        self.all.iter().position(|endpoint| endpoint.id == *id)
    }

    /// The endpoint to deliver to now: those that take what they get first, and of those the one that waits longest.
    fn pick(
        &self,
        turn: (Timestamp, Timestamp),
        latest: u64,
        channels: &Channels,
        passed: &[usize],
    ) -> Option<usize> {
        let (now, ends_at) = turn;
        let doubtful_flies = self.flights.values().any(|flight| flight.doubtful);
        let fits = |endpoint: &Endpoint| {
            let last = endpoint.last_attempt.as_ref();
            // As long as it took last, twice over: an alarm that waits for a slow receiver does nothing else at its end.
            let takes = last.map_or(TIMEOUT_MS, |last| (last.took_ms * 2 + SECOND_MS).min(TIMEOUT_MS));
            now.plus_ms(takes) <= ends_at
        };
        (0..self.all.len())
            .filter(|index| !passed.contains(index))
            .filter(|index| {
                let endpoint = &self.all[*index];
                endpoint.due_at(latest, channels.hands_over(endpoint)).is_some_and(|at| at <= now)
                    && !self.flies(&endpoint.id)
                    && (endpoint.failures == 0 || !doubtful_flies)
                    && fits(endpoint)
            })
            .min_by_key(|index| {
                let endpoint = &self.all[*index];
                (endpoint.failures > 0, endpoint.last_attempt.as_ref().map(|last| last.at))
            })
    }
}

fn place(connection: &ConnectionId, endpoint: &EndpointId) -> String {
    format!("{connection}/{endpoint}/secret")
}

fn save(turn: &Turn<'_>, endpoint: &Endpoint) -> Result<(), SqlError> {
    let json = serde_json::to_string(endpoint).map_err(|_| SqlError::Content("endpoints"))?;
    store::save(turn.sql, &endpoint.id, &json)
}

impl Portal {
    /// When the next delivery may leave; `None`: nothing waits to be delivered but for what is under way.
    pub(super) fn delivery_due_at(&self, turn: &Turn<'_>) -> Result<Option<Timestamp>, SqlError> {
        if self.endpoints.all.is_empty() {
            return Ok(None);
        }
        let latest = feed::latest(turn.sql)?;
        let waiting = self.endpoints.all.iter().filter(|endpoint| !self.endpoints.flies(&endpoint.id));
        let due = |endpoint: &Endpoint| endpoint.due_at(latest, self.channels.hands_over(endpoint));
        Ok(waiting.filter_map(due).min().map(|at| at.max(turn.now)))
    }

    /// Starts what deliveries may leave.
    #[inline(never)]
    pub(super) fn deliver(&mut self, turn: &mut Turn<'_>, effects: &mut Vec<Effect>) -> Result<(), SqlError> {
        if self.endpoints.all.is_empty() {
            return Ok(());
        }
        let (oldest, latest) = (feed::oldest(turn.sql, horizon(turn))?, feed::latest(turn.sql)?);
        let mut passed = Vec::new();
        while let (Some(connection), Some(shift)) = (&self.connection, &mut self.shift) {
            let flights = self.endpoints.flights.len();
            if shift.deliveries_left == 0 || flights >= AT_ONCE || self.in_flight.len() + flights >= PLACES {
                break;
            }
            let moments = (turn.now, shift.ends_at);
            let Some(index) = self.endpoints.pick(moments, latest, &self.channels, &passed) else { break };
            passed.push(index);
            let endpoint = &mut self.endpoints.all[index];
            let hands_over = self.channels.hands_over(endpoint);
            let Some((post, message)) = prepare(turn, connection, endpoint, (oldest, latest), hands_over)?
            else {
                continue;
            };
            shift.deliveries_left -= 1;
            let call = self.next_call;
            self.next_call += 1;
            let flight = Flight {
                endpoint: endpoint.id.clone(),
                message,
                test: endpoint.test_waits(),
                doubtful: endpoint.failures > 0,
                sent_at: turn.now,
            };
            self.endpoints.flights.insert(call, flight);
            effects.push(Effect::Deliver { call, post: Box::new(post) });
        }
        Ok(())
    }

    /// A delivery came to its end.
    #[inline(never)]
    pub(super) fn delivered(
        &mut self,
        turn: &mut Turn<'_>,
        call: u64,
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let Some(flight) = self.endpoints.flights.remove(&call) else { return Ok(()) };
        let Some(index) = self.endpoints.position(&flight.endpoint) else { return Ok(()) };
        let endpoint = &mut self.endpoints.all[index];
        if flight.test {
            endpoint.tested(&flight.message, outcome, flight.sent_at, turn.now);
        } else {
            endpoint.attempted(&flight.message, outcome, flight.sent_at, turn.now, turn.random);
        }
        if endpoint.failures > 0 && !flight.test {
            let status = match outcome {
                Outcome::Answered(response) => response.status.to_string(),
                Outcome::Unanswered => "no answer".to_owned(),
            };
            effects.push(Effect::Log(format!(
                "a delivery failed: endpoint {}, {status}, {} in a row",
                endpoint.id, endpoint.failures
            )));
        }
        save(turn, endpoint)
    }
}

/// The next request to an endpoint, saved before it leaves; `None`: there is nothing to send after all.
fn prepare(
    turn: &mut Turn<'_>,
    connection: &Connection,
    endpoint: &mut Endpoint,
    (oldest, latest): (u64, u64),
    hands_over: bool,
) -> Result<Option<(Post, MessageId)>, SqlError> {
    let now = turn.now;
    if let Err(refused) = receiver::check(&endpoint.url, turn.config.reach()) {
        let why = format!("The endpoint's address {refused}. Give it another, then resume it.");
        return stop(turn, endpoint, why);
    }
    let Some(secrets) = secrets(turn, connection, endpoint)? else {
        let why = "The endpoint's signing secret does not open with this deployment's keys. Rotate it, give the receiver the \
                   new one, then resume.";
        return stop(turn, endpoint, why.to_owned());
    };
    let url = endpoint.url.clone();
    if let Some(test) = endpoint.test.as_ref().filter(|test| test.attempt.is_none()) {
        let body = message::test(connection, &endpoint.id, now);
        return Ok(Some((message::post(&url, &test.id, now, body, &secrets), test.id.clone())));
    }
    let held = endpoint.message.clone();
    let is_truncated = held.as_ref().is_some_and(|message| message.kind == MessageKind::Truncated);
    if is_truncated || endpoint.cursor + 1 < oldest {
        let message = match held {
            Some(message) if is_truncated => message,
            _ => new_message(turn, MessageKind::Truncated, endpoint.cursor, oldest - 1),
        };
        let channel = endpoint.wanted.channel.as_ref();
        let body = message::truncated(connection, now, message.after, message.up_to, channel);
        let id = message.id.clone();
        endpoint.message = Some(message);
        save(turn, endpoint)?;
        return Ok(Some((message::post(&url, &id, now, body, &secrets), id)));
    }
    if let Some(message) = held.as_ref().filter(|message| message.kind == MessageKind::Members) {
        return Ok(Some(members_post(turn, connection, endpoint, message, latest, &secrets)?));
    }
    let wanted = endpoint.wanted.clone();
    let first = Stretch {
        after: endpoint.cursor,
        up_to: latest,
        limit: MESSAGE_CHANGES,
        bytes: MESSAGE_BYTES,
        chunks: MESSAGE_CHUNKS,
        looked: LOOKED_BYTES,
        wanted: &|kind, change| wanted.takes(kind, change),
        // Of whom is still to be handed over nothing is told: they come as they are then.
        members_up_to: endpoint.hand_over,
    };
    // A repeated message holds what it held, however much its records have grown meanwhile: a receiver that took it believes that it has
    // everything up to where it ended.
    let stretch = match &held {
        Some(message) => Stretch {
            up_to: message.up_to,
            bytes: usize::MAX,
            chunks: usize::MAX,
            looked: usize::MAX,
            ..first
        },
        None => first,
    };
    let page = query::page(turn.sql, &stretch)?;
    if page.lines.is_empty() {
        endpoint.cursor = page.next;
        endpoint.message = None;
        if page.next < latest || endpoint.hand_over.is_none() || !hands_over {
            save(turn, endpoint)?;
            return Ok(None);
        }
        return hand_over(turn, connection, endpoint, latest, &secrets);
    }
    let message = match held {
        Some(message) => message,
        None => new_message(turn, MessageKind::Changes, endpoint.cursor, page.next),
    };
    let body = message::changes(connection, now, endpoint.cursor, &page, latest, None);
    let id = message.id.clone();
    if endpoint.message.as_ref() != Some(&message) {
        let up_to = message.up_to;
        endpoint.message = Some(message);
        if planted(Bug::CursorBeforeAnswer) {
            endpoint.move_to(up_to);
        }
        save(turn, endpoint)?;
    }
    Ok(Some((message::post(&url, &id, now, body, &secrets), id)))
}

/// The next records of a channel for an endpoint that has told everything up to now of those it was handed: nothing that changes after
/// `latest` is missing from what it is told then, and nothing is told twice.
fn hand_over(
    turn: &mut Turn<'_>,
    connection: &Connection,
    endpoint: &mut Endpoint,
    latest: u64,
    secrets: &[Secret<String>],
) -> Result<Option<(Post, MessageId)>, SqlError> {
    let above = endpoint.hand_over.unwrap_or(RecordId(0));
    let members = match &endpoint.wanted.channel {
        Some(channel) => told::members(turn.sql, channel, above, MESSAGE_CHANGES, MESSAGE_BYTES)?,
        None => None,
    };
    let entered = |channel: &ChannelId| Change::Channel {
        channel: channel.clone(),
        passage: Passage::Entered,
        ids: Vec::new(),
    };
    let wanted = |members: &told::Members| {
        let wanted = &endpoint.wanted;
        wanted
            .channel
            .as_ref()
            .is_some_and(|channel| wanted.takes(Some(members.object_type), &entered(channel)))
    };
    let Some(members) = members.filter(wanted) else {
        // The channel is gone, or the endpoint wants only what follows.
        endpoint.hand_over = None;
        save(turn, endpoint)?;
        return Ok(None);
    };
    let message = Message {
        members: members.fields.iter().map(|(id, _)| *id).collect(),
        last: members.last,
        ..new_message(turn, MessageKind::Members, latest, latest)
    };
    endpoint.message = Some(message.clone());
    save(turn, endpoint)?;
    members_post(turn, connection, endpoint, &message, latest, secrets).map(Some)
}

/// A message that hands over records as they are now: those it was cut for, whoever has come or left since.
fn members_post(
    turn: &Turn<'_>,
    connection: &Connection,
    endpoint: &Endpoint,
    message: &Message,
    latest: u64,
    secrets: &[Secret<String>],
) -> Result<(Post, MessageId), SqlError> {
    let lines = match &endpoint.wanted.channel {
        Some(channel) => told::handed_over(turn.sql, channel, &message.members, message.up_to, turn.now)?,
        None => Vec::new(),
    };
    let page = query::Page { lines, next: message.up_to };
    let how = if message.last { "complete" } else { "under_way" };
    let body = message::changes(connection, turn.now, message.after, &page, latest, Some(how));
    Ok((message::post(&endpoint.url, &message.id, turn.now, body, secrets), message.id.clone()))
}

fn new_message(turn: &mut Turn<'_>, kind: MessageKind, after: u64, up_to: u64) -> Message {
    let mut bytes = [0; 12];
    (turn.random)(&mut bytes);
    Message { id: MessageId::from_random(bytes), kind, after, up_to, members: Vec::new(), last: false }
}

/// What cannot be sent at all waits for a person.
fn stop<T>(turn: &Turn<'_>, endpoint: &mut Endpoint, why: String) -> Result<Option<T>, SqlError> {
    if let Some(test) = endpoint.test.as_mut().filter(|test| test.attempt.is_none()) {
        let (message, words) = (test.id.clone(), Some(why.clone()));
        test.attempt = Some(endpoint::Attempt { message, at: turn.now, status: None, took_ms: 0, words });
    }
    endpoint.mode = Mode::Paused;
    endpoint.reason = Some(why);
    save(turn, endpoint)?;
    Ok(None)
}

/// The secrets that sign now: the present one, and those it replaced within a day. `None`: no key opens the present one. What an older key
/// sealed is sealed anew, so that the old key can be taken away; a replaced secret that no key opens signs no more.
fn secrets(
    turn: &mut Turn<'_>,
    connection: &Connection,
    endpoint: &Endpoint,
) -> Result<Option<Vec<Secret<String>>>, SqlError> {
    let Some(sealed) = store::secrets(turn.sql, &endpoint.id)? else { return Ok(None) };
    let place = place(&connection.id, &endpoint.id);
    let keyring = &turn.config.keyring;
    let Ok(present) = keyring.open(&place, &sealed.secret) else { return Ok(None) };
    let mut kept = store::Sealed { secret: sealed.secret.clone(), previous: Vec::new() };
    let mut all = vec![present];
    for (previous, until) in sealed.previous.iter().filter(|(_, until)| *until > turn.now) {
        if let Ok(secret) = keyring.open(&place, previous) {
            kept.previous.push((previous.clone(), *until));
            all.push(secret);
        }
    }
    let texts = [&mut kept.secret].into_iter().chain(kept.previous.iter_mut().map(|(text, _)| text));
    for (text, secret) in texts.zip(&all).filter(|(text, _)| keyring.is_stale(text)) {
        let mut nonce = [0; NONCE_BYTES];
        (turn.random)(&mut nonce);
        *text = keyring.seal(&place, secret, nonce);
    }
    if kept != sealed {
        store::put_secrets(turn.sql, &endpoint.id, &kept)?;
    }
    Ok(Some(all))
}

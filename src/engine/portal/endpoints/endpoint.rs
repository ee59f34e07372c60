//! One endpoint as saved: a cursor over the change feed, and how its receiver has answered so far.
//!
//! Decides what an answer means for the endpoint. Reads no feed and sends nothing.

use serde::{Deserialize, Serialize};

use crate::{
    store::portal::feed::Change,
    values::{
        http::Outcome,
        ids::{ChannelId, EndpointId, MessageId, ObjectType, RecordId},
        time::{DAY_MS, HOUR_MS, SECOND_MS, Timestamp},
    },
};

/// Failures in a row after which an endpoint is shown as failing: with the pauses between them, two and a half minutes.
pub const FAILING_AFTER: u32 = 5;
/// How long a receiver may fail until its endpoint is paused: longer than a weekend with holidays, and inside the feed's horizon.
pub const GIVE_UP_MS: i64 = 5 * DAY_MS;
/// First pause after a failure; doubles with each further one.
const BACKOFF_FIRST_MS: i64 = 5 * SECOND_MS;
/// Longest pause before what chance adds (a quarter): an hour with it.
const BACKOFF_LONGEST_MS: i64 = HOUR_MS / 5 * 4;
/// How long a secret that was replaced goes on signing beside the new one.
pub const PREVIOUS_SECRET_MS: i64 = DAY_MS;
/// Most secrets that sign beside the present one: who replaces more within a day would take one away that a receiver may still use.
pub const PREVIOUS_SECRETS: usize = 3;

/// What an endpoint may ask for by name: kinds of changes, and all that happens to the connection itself.
pub const EVENTS: [&str; 14] = [
    "created",
    "updated",
    "deleted",
    "restored",
    "merged",
    "erased",
    "channel_entered",
    "channel_updated",
    "channel_left",
    "membership_added",
    "membership_removed",
    "association_added",
    "association_removed",
    LIFECYCLE,
];
/// What happens to the connection itself.
const LIFECYCLE: &str = "lifecycle";

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its id; part of its seals.
    pub id: EndpointId,
    /// Where its messages go; never logged, since a query may hold a secret of the receiver's.
    pub url: String,
    /// For people.
    pub description: String,
    /// Which changes.
    pub wanted: Wanted,
    /// When.
    pub created_at: Timestamp,
    /// Whether it is delivered to.
    pub mode: Mode,
    /// Why it is paused or disabled, where Spoke did it.
    pub reason: Option<String>,
    /// Number of the last change that is delivered, skipped, or not wanted.
    pub cursor: u64,
    /// The message under way or to be repeated: an attempt whose answer is lost is repeated under the same id.
    pub message: Option<Message>,
    /// Failures in a row.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since: Option<Timestamp>,
    /// No attempt before then.
    pub retry_at: Timestamp,
    /// The last attempt that came to an end.
    pub last_attempt: Option<Attempt>,
    /// When a message was last taken.
    pub delivered_at: Option<Timestamp>,
    /// The last test.
    pub test: Option<Test>,
    /// Until when a secret before the present one signs too.
    pub previous_secret_until: Option<Timestamp>,
    /// It is being handed over who is in its channel: everybody up to this id has been. `None`: everybody has.
    #[serde(default)]
    pub hand_over: Option<RecordId>,
}

/// Which changes an endpoint gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Of these types; empty: of all. What happens to the connection itself has no type and comes all the same.
    pub types: Vec<ObjectType>,
    /// Of these kinds ([`EVENTS`]); empty: of all.
    pub events: Vec<String>,
    /// Of this channel, in the place of records; `None`: of records, in the place of channels.
    #[serde(default)]
    pub channel: Option<ChannelId>,
}

impl Wanted {
    /// Whether a change is wanted.
    pub fn takes(&self, of: Option<ObjectType>, change: &Change) -> bool {
        let event = match change {
            Change::Lifecycle { .. } => LIFECYCLE,
            // The end of all its records at once.
            Change::TypeOff { .. } => "deleted",
            // The end of all its members at once.
            Change::ListOff { .. } => "membership_removed",
            _ => super::super::query::kind_of(change),
        };
        let source = match change {
            Change::Lifecycle { .. } => true,
            // Whoever was handed over once is to be forgotten, also who had left by then; the marker holds nothing but the id.
            Change::Erased { .. } => true,
            Change::Channel { channel, .. } => self.channel.as_ref() == Some(channel),
            _ => self.channel.is_none(),
        };
        source
            && of.is_none_or(|kind| self.types.is_empty() || self.types.contains(&kind))
            && (self.events.is_empty()
                || self.events.iter().any(|wanted| {
                    wanted == event
                        || (self.channel.is_some() && event == "erased" && wanted == "channel_left")
                }))
    }
}

/// Whether an endpoint is delivered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Yes.
    Active,
    /// Not until a person resumes it.
    Paused,
    /// The receiver said 410: not until a person resumes it.
    Disabled,
}

/// A message as it was cut from the feed: which changes it holds is fixed with its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id; the same for every attempt.
    pub id: MessageId,
    /// What it says.
    pub kind: MessageKind,
    /// The cursor before it.
    pub after: u64,
    /// The cursor after it.
    pub up_to: u64,
    /// Whom it hands over, in the order of ids; nobody in a message of another kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<RecordId>,
    /// Nobody is left to be handed over after it.
    #[serde(default)]
    pub last: bool,
}

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Changes.
    Changes,
    /// Changes are lost to this reader: it has to read everything anew.
    Truncated,
    /// Records that are a channel's already.
    Members,
}

/// One attempt at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which message.
    pub message: MessageId,
    /// When it ended.
    pub at: Timestamp,
    /// HTTP status; `None`: no answer.
    pub status: Option<u16>,
    /// How long it took.
    pub took_ms: i64,
    /// What was wrong, in words; `None`: it was taken.
    pub words: Option<String>,
}

/// A message that a person asked for, to see whether it arrives. Not part of the feed, sent once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// The message's id.
    pub id: MessageId,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// How it ended; `None`: not yet.
    pub attempt: Option<Attempt>,
}

/// How an endpoint stands, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Delivered to.
    Active,
    /// Tried again and again.
    Failing,
    /// Paused, by a person or after five days of failures.
    Paused,
    /// The receiver said that it is gone.
    Disabled,
}

impl Endpoint {
    /// A new endpoint whose first change is the one after `cursor`.
    pub fn new(
        id: EndpointId,
        url: String,
        description: String,
        wanted: Wanted,
        cursor: u64,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            url,
            description,
            wanted,
            created_at: now,
            mode: Mode::Active,
            reason: None,
            cursor,
            message: None,
            failures: 0,
            failing_since: None,
            retry_at: Timestamp::default(),
            last_attempt: None,
            delivered_at: None,
            test: None,
            previous_secret_until: None,
            hand_over: None,
        }
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        match self.mode {
            Mode::Active if self.failures >= FAILING_AFTER => Standing::Failing,
            Mode::Active => Standing::Active,
            Mode::Paused => Standing::Paused,
            Mode::Disabled => Standing::Disabled,
        }
    }

    /// Hands over who is in its channel, then goes on after `latest`, the newest change.
    pub fn begin_hand_over(&mut self, latest: u64) {
        self.move_to(latest);
        self.hand_over = Some(RecordId(0));
    }

    /// When something may be sent, where the feed's newest change is `latest`, and its channel may be handed over; `None`: there is nothing.
    pub fn due_at(&self, latest: u64, hands_over: bool) -> Option<Timestamp> {
        if self.test_waits() {
            return Some(Timestamp::default());
        }
        let waits = self.cursor < latest || (self.hand_over.is_some() && hands_over);
        (self.mode == Mode::Active && waits).then_some(self.retry_at)
    }

    /// Whether a test is to be sent.
    pub fn test_waits(&self) -> bool {
        self.test.as_ref().is_some_and(|test| test.attempt.is_none())
    }

    /// Forgets failures: a person has changed something, or a message was taken.
    pub fn begin_afresh(&mut self) {
        (self.failures, self.failing_since) = (0, None);
        self.retry_at = Timestamp::default();
    }

    /// Puts the cursor somewhere else: what was under way is no longer repeated.
    pub fn move_to(&mut self, cursor: u64) {
        self.cursor = cursor;
        self.message = None;
        self.hand_over = None;
        self.begin_afresh();
    }

    /// Moves past the message under way: it was taken, or is skipped.
    pub fn pass(&mut self) {
        let Some(message) = self.message.take() else { return };
        let hand_over = match message.kind {
            MessageKind::Changes => self.hand_over,
            // Of what it missed a channel's host knows nothing, so it is handed everybody anew.
            MessageKind::Truncated => self.wanted.channel.as_ref().map(|_| RecordId(0)),
            MessageKind::Members if message.last => None,
            MessageKind::Members => message.members.last().copied().or(self.hand_over),
        };
        self.move_to(message.up_to);
        self.hand_over = hand_over;
    }

    /// Takes in how a test ended.
    pub fn tested(&mut self, message: &MessageId, outcome: &Outcome, sent_at: Timestamp, now: Timestamp) {
        if let Some(test) = self.test.as_mut().filter(|test| test.id == *message) {
            let (status, words) = describe(outcome);
            let took_ms = now.since_ms(sent_at);
            test.attempt = Some(Attempt { message: message.clone(), at: now, status, took_ms, words });
        }
    }

    /// Takes in how an attempt to deliver `message` ended: moves the cursor, or waits. A message that is no longer the one
    /// under way (somebody moved the cursor meanwhile) changes nothing.
    pub fn attempted(
        &mut self,
        message: &MessageId,
        outcome: &Outcome,
        sent_at: Timestamp,
        now: Timestamp,
        random: &mut dyn FnMut(&mut [u8]),
    ) {
        if self.message.as_ref().is_none_or(|under_way| under_way.id != *message) {
            return;
        }
        let (status, words) = describe(outcome);
        let taken = words.is_none();
        let took_ms = now.since_ms(sent_at);
        self.last_attempt = Some(Attempt { message: message.clone(), at: now, status, took_ms, words });
        if taken {
            self.pass();
            self.delivered_at = Some(now);
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let since = *self.failing_since.get_or_insert(now);
        let wait = backoff(self.failures, random).max(wish(outcome).min(HOUR_MS));
        self.retry_at = now.plus_ms(wait);
        if self.mode != Mode::Active {
            return;
        }
        if status == Some(410) {
            self.mode = Mode::Disabled;
            self.reason = Some(
                "The receiver answered 410: it is gone. Resume the endpoint once it is back, or delete it."
                    .to_owned(),
            );
        } else if now.since_ms(since) >= GIVE_UP_MS {
            self.mode = Mode::Paused;
            self.reason = Some(
                "The receiver has taken nothing for five days. Mend it, then resume: delivery goes on where it stopped, as \
                 far as the change feed reaches back."
                    .to_owned(),
            );
        }
    }
}

/// The status, and what is wrong with it in words.
fn describe(outcome: &Outcome) -> (Option<u16>, Option<String>) {
    let Outcome::Answered(response) = outcome else {
        let words = "The receiver did not answer within 15 seconds, or could not be reached.";
        return (None, Some(words.to_owned()));
    };
    let words = match response.status {
        200..=299 => None,
        300..=399 => Some(format!(
            "The receiver answered {}, a redirect. Deliveries follow none: give the endpoint its final address.",
            response.status
        )),
        status => Some(format!("The receiver answered {status}.")),
    };
    (Some(response.status), words)
}

/// Milliseconds that an overloaded receiver asks for: `Retry-After` in seconds (RFC 9110 10.2.3). Its other form, a date, needs
/// the receiver's clock to be right, and is left to the backoff.
fn wish(outcome: &Outcome) -> i64 {
    let Outcome::Answered(response) = outcome else { return 0 };
    if !matches!(response.status, 429 | 503) {
        return 0;
    }
    let seconds: Option<u32> = response.header("retry-after").and_then(|text| text.trim().parse().ok());
    i64::from(seconds.unwrap_or(0)) * SECOND_MS
}

/// Exponential, from five seconds to an hour; up to a quarter is added at random, so that endpoints of one receiver do not come
/// back at once.
fn backoff(failures: u32, random: &mut dyn FnMut(&mut [u8])) -> i64 {
    let full = (BACKOFF_FIRST_MS << failures.saturating_sub(1).min(20)).min(BACKOFF_LONGEST_MS);
    let mut byte = [0];
    random(&mut byte);
    full + full / 4 * i64::from(byte[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::http::Response;

    fn endpoint() -> Endpoint {
        let id = EndpointId::from_random([1; 12]);
        let url = "https://example.com/".to_owned();
        let mut endpoint = Endpoint::new(id, url, String::new(), Wanted::default(), 10, Timestamp(0));
        endpoint.message = Some(Message {
            id: MessageId::from_random([2; 12]),
            kind: MessageKind::Changes,
            after: 10,
            up_to: 20,
            members: Vec::new(),
            last: false,
        });
        endpoint
    }

    fn answer(status: u16, retry_after: Option<&str>) -> Outcome {
        let headers = retry_after.map(|value| ("retry-after".to_owned(), value.to_owned()));
        Outcome::Answered(Response { status, headers: headers.into_iter().collect(), body: Vec::new() })
    }

    fn attempt(endpoint: &mut Endpoint, outcome: &Outcome, at: i64) {
        let id = MessageId::from_random([2; 12]);
        endpoint.attempted(&id, outcome, Timestamp(at - 7), Timestamp(at), &mut |bytes| bytes.fill(255));
    }

    #[test]
    fn pauses_grow_from_five_seconds_to_an_hour() {
        let mut endpoint = endpoint();
        let mut waits = Vec::new();
        for _ in 0..14 {
            attempt(&mut endpoint, &answer(500, None), 1_000);
            waits.push(endpoint.retry_at.since_ms(Timestamp(1_000)));
        }
        assert_eq!(waits[..4], [6_250, 12_500, 25_000, 50_000]);
        assert_eq!(waits[13], HOUR_MS);
        assert!(waits.is_sorted());
        assert_eq!(backoff(1, &mut |bytes| bytes.fill(0)), 5_000);
    }

    #[test]
    fn a_message_that_is_taken_moves_the_cursor_and_ends_the_failures() {
        let mut endpoint = endpoint();
        for _ in 0..FAILING_AFTER {
            assert_eq!(endpoint.standing(), Standing::Active);
            attempt(&mut endpoint, &Outcome::Unanswered, 1_000);
        }
        assert_eq!((endpoint.standing(), endpoint.cursor), (Standing::Failing, 10));
        attempt(&mut endpoint, &answer(204, None), 2_000);
        assert_eq!((endpoint.standing(), endpoint.cursor, endpoint.failures), (Standing::Active, 20, 0));
        assert_eq!(endpoint.last_attempt.unwrap().took_ms, 7);
    }

    #[test]
    fn an_answer_to_a_message_that_was_given_up_changes_nothing() {
        let mut endpoint = endpoint();
        endpoint.move_to(3);
        let before = endpoint.clone();
        attempt(&mut endpoint, &answer(200, None), 1_000);
        assert_eq!(endpoint, before);
    }

    #[test]
    fn an_overloaded_receiver_is_given_the_time_it_asks_for_up_to_an_hour() {
        let wait = |status, header| {
            let mut endpoint = endpoint();
            attempt(&mut endpoint, &answer(status, header), 1_000);
            endpoint.retry_at.since_ms(Timestamp(1_000))
        };
        assert_eq!(wait(429, Some("120")), 120_000);
        assert_eq!(wait(503, Some(" 30 ")), 30_000);
        assert_eq!(wait(503, Some("86400")), HOUR_MS);
        for (status, header) in [
            (503, Some("1")),
            (503, Some("-5")),
            (503, Some("Fri, 31 Dec 1999")),
            (503, None),
            (500, Some("120")),
        ] {
            assert_eq!(wait(status, header), 6_250, "{status} {header:?}");
        }
    }

    #[test]
    fn five_days_of_failures_pause_and_a_410_disables() {
        let mut failing = endpoint();
        attempt(&mut failing, &answer(302, None), 0);
        assert!(failing.last_attempt.as_ref().unwrap().words.as_ref().unwrap().contains("redirect"));
        attempt(&mut failing, &answer(500, None), GIVE_UP_MS - 1);
        assert_eq!(failing.mode, Mode::Active);
        attempt(&mut failing, &answer(500, None), GIVE_UP_MS);
        assert_eq!((failing.standing(), failing.reason.is_some()), (Standing::Paused, true));
        let mut gone = endpoint();
        attempt(&mut gone, &answer(410, None), 0);
        assert_eq!((gone.standing(), gone.reason.is_some()), (Standing::Disabled, true));
        assert_eq!(gone.due_at(100, true), None);
    }

    #[test]
    fn what_is_wanted_is_chosen_by_type_and_by_kind() {
        let erased = Change::Erased { id: crate::values::ids::RecordId(1) };
        let paused = Change::Lifecycle {
            id: crate::values::ids::ConnectionId::from_random([3; 12]),
            event: crate::store::portal::feed::Lifecycle::Paused,
            about: None,
            words: None,
        };
        let contacts = Some(ObjectType::Contacts);
        let wanted = |types: &[ObjectType], events: &[&str]| Wanted {
            types: types.to_vec(),
            events: events.iter().map(|&event| event.to_owned()).collect(),
            channel: None,
        };
        let all = wanted(&[], &[]);
        assert!(all.takes(contacts, &erased) && all.takes(None, &paused));
        let contacts_only = wanted(&[ObjectType::Contacts], &[]);
        assert!(contacts_only.takes(contacts, &erased) && contacts_only.takes(None, &paused));
        let off = Change::TypeOff { id: crate::values::ids::ConnectionId::from_random([1; 12]) };
        let deletions = wanted(&[ObjectType::Tasks], &["deleted"]);
        assert!(
            deletions.takes(Some(ObjectType::Tasks), &off),
            "the end of a type is the end of its records"
        );
        assert!(!deletions.takes(Some(ObjectType::Notes), &off));
        let unfollowed = Change::ListOff {
            id: crate::values::ids::ConnectionId::from_random([1; 12]),
            list: crate::values::ids::ListId(7),
            name: "Customers".to_owned(),
        };
        let leaves = wanted(&[], &["membership_removed"]);
        assert!(leaves.takes(contacts, &unfollowed), "the end of a list is the end of its members");
        assert!(!deletions.takes(Some(ObjectType::Tasks), &unfollowed));
        let erasures = wanted(&[], &["erased"]);
        assert!(erasures.takes(contacts, &erased) && !erasures.takes(None, &paused));
        let lifecycle = wanted(&[ObjectType::Contacts], &["lifecycle"]);
        assert!(!lifecycle.takes(contacts, &erased) && lifecycle.takes(None, &paused));
        let channel = |byte: u8| ChannelId::from_random([byte; 12]);
        let entered = |byte: u8| Change::Channel {
            channel: channel(byte),
            passage: crate::store::portal::feed::Passage::Entered,
            ids: vec![crate::values::ids::RecordId(1)],
        };
        let one = Wanted { channel: Some(channel(1)), ..Wanted::default() };
        assert!(one.takes(contacts, &entered(1)) && !one.takes(contacts, &entered(2)));
        assert!(
            one.takes(None, &paused) && one.takes(contacts, &erased),
            "who was handed over is to be forgotten"
        );
        let leaves = Wanted { events: vec!["channel_left".to_owned()], ..one.clone() };
        assert!(leaves.takes(contacts, &erased) && !leaves.takes(contacts, &entered(1)));
        assert!(!all.takes(contacts, &entered(1)), "who asks for records gets no channel's events");
    }
}

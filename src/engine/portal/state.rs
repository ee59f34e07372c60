//! What a connection and its streams are, as saved. The explicit state of every long job: an object may be evicted
//! between any two events.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{
        fields,
        messages::{Account, Phase, State, Trouble},
        reconcile::Reconcile,
        selection::Freshening,
    },
    values::{
        ids::{AppKey, ConnectionId, HubSpotUserId, ObjectType, RecordId, WorkspaceId},
        tier::Tier,
        time::{HOUR_MS, MINUTE_MS, Timestamp},
    },
};

/// How far a check for changes reaches back behind its cursor: HubSpot's index is late by seconds to minutes.
pub const LOOKBACK_MS: i64 = 10 * MINUTE_MS;
/// How far the hourly trailing check reaches back: what the index shows an hour late, just after one such check, is still
/// found by the next.
pub const TRAILING_LOOKBACK_MS: i64 = 2 * HOUR_MS + LOOKBACK_MS;
/// How often the trailing check runs.
pub const TRAILING_EVERY_MS: i64 = HOUR_MS;
/// How old a change is that a trailing check has seen if anything shows it: what the next one would not reach back to.
pub const SHOWN_AFTER_MS: i64 = TRAILING_LOOKBACK_MS - TRAILING_EVERY_MS;
/// Lanes a backfill begins with. Five calls in flight of 150 ms each fill a window of 100 calls in 3 s; the sixth place
/// stays free for reads after webhooks.
pub const LANES: u64 = 5;
/// Fewest records worth lanes: below, the calls that lanes cost at their borders are over 2 % of the read.
pub const LANES_FROM_RECORDS: u64 = 2_000;

/// One connection, as saved in `meta`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Its id; part of every seal.
    pub id: ConnectionId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The app that was authorised.
    pub app: AppKey,
    /// Who authorised.
    pub user: Option<HubSpotUserId>,
    /// The account.
    pub account: Account,
    /// Granted scopes.
    pub scopes: Vec<String>,
    /// HubSpot's number of the private app whose token this is, where it was told.
    #[serde(default)]
    pub private_app: Option<u64>,
    /// The private app has told the secret with which it signs webhooks.
    #[serde(default)]
    pub own_webhooks: bool,
    /// What a person said the account's tier is.
    #[serde(default)]
    pub tier: Option<Tier>,
    /// What was read is to be deleted as soon as the disconnect is over.
    #[serde(default)]
    pub delete_data: bool,
    /// How it stands.
    pub state: State,
    /// When it was connected last.
    pub connected_at: Timestamp,
    /// Newest trouble that has not gone away.
    pub trouble: Option<Trouble>,
    /// What is left to do before it is disconnected.
    pub farewell: Option<Farewell>,
    /// Failures in a row of calls that belong to the connection itself (refresh, farewell).
    pub failures: u32,
    /// No call of the connection itself before then.
    pub retry_at: Timestamp,
    /// HubSpot has refused the refresh token, and is to be asked once more. Saved: the doubt lasts longer than an idle object.
    #[serde(default)]
    pub refresh_refused: bool,
}

impl Connection {
    /// Whose windows its calls count in.
    pub fn windows(&self) -> AppKey {
        match self.private_app {
            Some(app_id) if self.app.is_token() => AppKey::of_private_app(app_id),
            _ => self.app.clone(),
        }
    }
}

/// What is left to do before a connection is disconnected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Farewell {
    /// Remove the app from the account first.
    pub uninstall: bool,
    /// Revoke the refresh token then.
    pub revoke: bool,
}

/// One stream, as saved in `streams`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Which type.
    pub object_type: ObjectType,
    /// Highest value of the object's counter that was used when this was saved.
    pub clock: i64,
    /// Live records in the mirror.
    pub records: u64,
    /// The full read under way, if any.
    pub backfill: Option<Backfill>,
    /// The property list does not fit a URL: ids are listed, values read in batches.
    pub wide: bool,
    /// When the fields were read last; `None`: not yet.
    pub properties_at: Option<Timestamp>,
    /// The fields are to be read whenever they were read last.
    #[serde(default)]
    pub fields_due: bool,
    /// Changes up to here are in the mirror, but for what the lookback covers.
    pub cursor: Timestamp,
    /// The check for changes under way, if any.
    pub poll: Option<Poll>,
    /// When the last check began.
    pub polled_at: Timestamp,
    /// When the last check ended.
    pub checked_at: Option<Timestamp>,
    /// When the last trailing check began.
    pub trailing_at: Timestamp,
    /// Changes up to here HubSpot's index has shown, however late it was: no check reaches back to them.
    #[serde(default)]
    pub shown_to: Timestamp,
    /// When the mirror last changed.
    pub changed_at: Option<Timestamp>,
    /// When the last webhook came; saved with the next change only.
    pub event_at: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// No call before then.
    pub retry_at: Timestamp,
    /// How the mirror compares.
    #[serde(default)]
    pub reconcile: Reconcile,
    /// The daily read of fields that are kept fresh, if one is under way.
    #[serde(default)]
    pub freshening: Option<Freshening>,
    /// When the last one began that ended.
    #[serde(default)]
    pub fresh_at: Option<Timestamp>,
    /// Storage ran out: nothing else is mirrored but these fields and what Spoke itself needs, until a person chooses.
    #[serde(default)]
    pub narrowed_to: Option<BTreeSet<String>>,
    /// The scopes any of which HubSpot asked for when it refused a call: nothing is sent until one is granted. Empty: none.
    #[serde(default)]
    pub refused: Vec<String>,
    /// What goes wrong with this type, until a call of it succeeds.
    #[serde(default)]
    pub trouble: Option<Trouble>,
}

/// What the last check of a stream left behind, saved for all streams in one row. Counts where it is later than the stream's
/// own row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Whose.
    pub object_type: ObjectType,
    /// The object's counter when this was saved.
    pub clock: i64,
    /// As in [`Stream`].
    pub cursor: Timestamp,
    /// As in [`Stream`].
    pub polled_at: Timestamp,
    /// As in [`Stream`].
    pub checked_at: Option<Timestamp>,
    /// As in [`Stream`].
    pub trailing_at: Timestamp,
    /// As in [`Stream`].
    #[serde(default)]
    pub shown_to: Timestamp,
}

impl Checked {
    /// Of a stream that has no check under way.
    pub fn of(stream: &Stream, clock: i64) -> Self {
        Self {
            object_type: stream.object_type,
            clock,
            cursor: stream.cursor,
            polled_at: stream.polled_at,
            checked_at: stream.checked_at,
            trailing_at: stream.trailing_at,
            shown_to: stream.shown_to,
        }
    }

    /// Makes a stream that was saved earlier what it was.
    pub fn put_into(&self, stream: &mut Stream) {
        stream.clock = self.clock;
        stream.cursor = self.cursor;
        stream.polled_at = self.polled_at;
        stream.checked_at = self.checked_at;
        stream.trailing_at = self.trailing_at;
        stream.shown_to = self.shown_to;
        stream.poll = None;
    }
}

impl Stream {
    /// A stream that has read nothing.
    pub fn new(object_type: ObjectType) -> Self {
        Self {
            object_type,
            clock: 0,
            records: 0,
            backfill: None,
            wide: false,
            properties_at: None,
            fields_due: false,
            cursor: Timestamp::default(),
            poll: None,
            polled_at: Timestamp::default(),
            checked_at: None,
            trailing_at: Timestamp::default(),
            shown_to: Timestamp::default(),
            changed_at: None,
            event_at: None,
            failures: 0,
            retry_at: Timestamp::default(),
            reconcile: Reconcile::default(),
            freshening: None,
            fresh_at: None,
            narrowed_to: None,
            refused: Vec::new(),
            trouble: None,
        }
    }

    /// Where it is.
    pub fn phase(&self) -> Phase {
        if self.backfill.is_some() { Phase::Backfill } else { Phase::Incremental }
    }

    /// Whether its fields are to be read before anything else.
    pub fn fields_due(&self, now: Timestamp) -> bool {
        self.fields_due || self.properties_at.is_none_or(|at| now.since_ms(at) >= fields::EVERY_MS)
    }

    /// Whether its next call is one of the search endpoint: a check, or the question what a full read has before it.
    pub fn searches(&self, now: Timestamp, every_ms: i64) -> bool {
        self.poll_due(now, every_ms)
            || self.backfill.as_ref().is_some_and(|backfill| backfill.expected.is_none())
    }

    /// Whether a check for changes is due, where one is made every `every_ms`.
    pub fn poll_due(&self, now: Timestamp, every_ms: i64) -> bool {
        self.backfill.is_none() && (self.poll.is_some() || now.since_ms(self.polled_at) >= every_ms)
    }
}

/// A full read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backfill {
    /// When it began: the incremental cursor starts here.
    pub started_at: Timestamp,
    /// How many records HubSpot's search counted then; `None`: not asked yet.
    pub expected: Option<u64>,
    /// The greatest id of then.
    pub greatest: Option<RecordId>,
    /// Every value is read, also of records whose date says that nothing changed.
    #[serde(default)]
    pub thorough: bool,
    /// Records read so far.
    pub read: u64,
    /// Lanes still reading; empty: the first page has not been asked for.
    pub lanes: Vec<Lane>,
    /// Whether the first page has set up the lanes.
    pub begun: bool,
    /// Number of the next lane.
    pub next_lane: u32,
    /// Number of the lane that began at the beginning, by HubSpot's own cursors.
    pub root: u32,
    /// Whether list cursors behaved as ids so far (switch `list_after_is_id`, `hubspot-api.md` 4.2).
    pub lanes_allowed: bool,
    /// How many more times a lane may be split: each split can cost one call.
    pub splits_left: u64,
}

/// A stretch of ids that one chain of list calls reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// Its number; never used again.
    pub number: u32,
    /// Every id up to here has been read.
    pub above: RecordId,
    /// The first id that belongs to the next lane; `None`: reads to the end.
    pub end: Option<RecordId>,
    /// HubSpot's cursor; `None`: from the beginning.
    pub after: Option<String>,
    /// The cursor is our guess and not HubSpot's word: the next page must show that it was honoured.
    pub guessed: bool,
}

/// A check for changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// When it began.
    pub started_at: Timestamp,
    /// Modified dates from here on.
    pub since: Timestamp,
    /// Reaches back further than usual: the hourly one.
    pub trailing: bool,
    /// Ids above this one are still to be asked for.
    pub above: Option<RecordId>,
    /// How many the next page's total may not fall short of: ids sorted as text can leave out a stretch and still ascend.
    pub left: u64,
    /// Newest modified date seen.
    pub newest: Timestamp,
    /// Set when a page did not ascend by id: ranges of ids still to be asked for, `(above, up to]`, each halved until it fits a page.
    pub ranges: Option<Vec<(u64, u64)>>,
}

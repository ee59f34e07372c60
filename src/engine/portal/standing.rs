//! How a connection and each of its streams stand, as the `Portal` object tells it. Owns nothing.

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{
        beside::{FollowedStatus, SourceStatus},
        links::standing::PairStatus,
        messages::Account,
        reconcile::Reconcile,
        storage::Storage,
        unreadable::Unreadable,
    },
    hubspot::rejection::Rejection,
    values::{
        failure::Failure,
        ids::{AppKey, ObjectType},
        tier::Tier,
        time::Timestamp,
    },
};

/// How a connection stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its state.
    pub state: State,
    /// The account.
    pub account: Account,
    /// The app.
    pub app: AppKey,
    /// Whose windows its calls count in, at the limiter.
    pub windows: AppKey,
    /// Granted scopes.
    pub scopes: Vec<String>,
    /// Whether webhooks can come: always of an app of this deployment, else where the customer's app has told its secret.
    #[serde(default)]
    pub webhooks: bool,
    /// What a person said the account's tier is.
    #[serde(default)]
    pub tier: Option<Tier>,
    /// When it was connected last.
    pub connected_at: Timestamp,
    /// Per object type.
    pub streams: Vec<StreamStatus>,
    /// Owners, pipelines and lists.
    #[serde(default)]
    pub beside: Vec<SourceStatus>,
    /// The checks of lists that are followed; `None`: none is.
    #[serde(default)]
    pub followed: Option<FollowedStatus>,
    /// Associations, by pair of types.
    #[serde(default)]
    pub links: Vec<PairStatus>,
    /// Sequence number of the newest change.
    pub latest_change: u64,
    /// What it takes on disk, and may.
    pub storage: Storage,
    /// Rows written since the object started, as Cloudflare bills them; filled in by the platform.
    #[serde(default)]
    pub rows_written: u64,
    /// Trouble that has not gone away: the connection's, or else that of its first stream that has one.
    pub trouble: Option<Trouble>,
}

/// The states of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Kept in step.
    Active,
    /// Waits for a limit or for HubSpot until then; goes on by itself.
    Paused {
        /// When it tries again.
        until: Timestamp,
    },
    /// A person has paused it: it goes on when a person says so. Events are kept for then, tokens stay fresh.
    PausedByPerson {
        /// Since when.
        since: Timestamp,
    },
    /// HubSpot refuses the tokens: a person must connect again.
    NeedsReauthorisation,
    /// A disconnect is under way.
    Disconnecting,
    /// Stopped, tokens forgotten.
    Disconnected,
}

/// What goes wrong, for an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Which way of failing it is, by [`Failure::name`]; empty: none of those between Spoke and HubSpot.
    #[serde(default)]
    pub kind: String,
    /// What happened and what to do, in words.
    pub words: String,
    /// When.
    pub at: Timestamp,
    /// HubSpot's correlation id, for support.
    pub correlation_id: Option<String>,
}

impl Trouble {
    /// A refusal of HubSpot's, in words.
    pub fn of(rejection: &Rejection, at: Timestamp) -> Self {
        Self::failed(rejection.failure(), rejection.words(), at, rejection.correlation_id.clone())
    }

    /// Something between Spoke and HubSpot, in words.
    pub fn failed(failure: Failure, words: String, at: Timestamp, correlation_id: Option<String>) -> Self {
        Self { kind: failure.name().to_owned(), words, at, correlation_id }
    }

    /// Something else.
    pub fn other(words: String, at: Timestamp) -> Self {
        Self { kind: String::new(), words, at, correlation_id: None }
    }
}

/// Where a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The first full read.
    Backfill,
    /// Changes since.
    Incremental,
}

/// Whether a stream runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamState {
    /// As far as the connection does.
    Running,
    /// It may not be read, and nothing is sent until a scope for it is granted.
    NoScope {
        /// HubSpot's names, any of which would do.
        scopes: Vec<String>,
    },
}

/// How the daily read of fields that HubSpot tells nothing of stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFresh {
    /// How many fields.
    pub fields: u32,
    /// When the last read began that came to its end.
    pub read_at: Option<Timestamp>,
    /// How far the one under way is.
    pub percent: Option<u8>,
    /// Calls each takes.
    pub calls: u64,
}

/// How a stream stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamStatus {
    /// Which type.
    pub object_type: ObjectType,
    /// What people call records of a custom object.
    #[serde(default)]
    pub label: Option<String>,
    /// Whether it runs.
    pub state: StreamState,
    /// Where it is.
    pub phase: Phase,
    /// Live records in the mirror.
    pub records: u64,
    /// Records read by the backfill that runs, of `expected`.
    pub read: u64,
    /// Records HubSpot's search counted when the backfill began.
    pub expected: Option<u64>,
    /// When the last check for changes ended.
    pub checked_at: Option<Timestamp>,
    /// When the next check is due.
    pub next_check_at: Option<Timestamp>,
    /// When the last check began that reached back for what the index shows late; `None`: not yet.
    #[serde(default)]
    pub trailing_at: Option<Timestamp>,
    /// When the next such is due: it is one of the checks.
    #[serde(default)]
    pub next_trailing_at: Option<Timestamp>,
    /// When the mirror last changed.
    pub changed_at: Option<Timestamp>,
    /// What reconcile found, and when it looks again.
    #[serde(default)]
    pub reconcile: Reconcile,
    /// When the last webhook for this type came.
    pub event_at: Option<Timestamp>,
    /// Ids that wait to be read again, those that cannot be read apart.
    pub dirty: u64,
    /// Records that cannot be read, [`super::unreadable::MOST`] at most.
    #[serde(default)]
    pub unreadable: Vec<Unreadable>,
    /// When its fields were read last.
    pub fields_read_at: Option<Timestamp>,
    /// Fields that are kept fresh; `None` where none are.
    #[serde(default)]
    pub kept_fresh: Option<KeptFresh>,
    /// What goes wrong with this type.
    pub trouble: Option<Trouble>,
}

//! Channels at work: each change of the mirror is decided about in the turn that makes it, and what follows for a channel's host becomes
//! part of the change feed there and then.
//!
//! Owns the channels of the connection (in the database, with a copy in memory) and what they remember of records. What a channel is and
//! what follows from a record's state is [`crate::engine::channel`]'s. Three things lead to a decision:
//!
//! - the feed: what it tells since it was looked at last, always in the same turn ([`decide`]);
//! - a *scan*, bounded rows a turn, of a channel that is new, was edited, or goes on after a pause: what the mirror and the channel's
//!   memory hold is walked through in the order of ids ([`scan`]), of a channel by list once its list has been read to the end;
//! - a moment that a filter foretold.
//!
//! A channel whose fields are not there any more is *held* and decides nothing ([`held`]).
//!
//! A decision needs nothing but the record as it is and what was remembered of it, so that none of the three can be wrong by coming late,
//! twice, or in another order.

pub mod commands;
mod decide;
mod fields;
pub(in crate::engine::portal) mod held;
mod preview;
mod scan;
mod show;
pub mod told;

use held::Held;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    engine::{
        channel::{Channel, Selection},
        portal::{Portal, Turn, beside::Listing, endpoints::endpoint::Endpoint, messages::State},
    },
    store::{
        portal::{channels as store, feed},
        sql::SqlError,
    },
    values::{
        filter::Context,
        ids::{ChannelId, ObjectType, RecordId},
        json,
        time::{MINUTE_MS, Timestamp},
    },
};

/// Most channels of a connection: each of them decides about every changed record of its type, some microseconds a decision.
pub const CHANNELS_LIMIT: usize = 20;

/// How often it is saved when a channel last told something: not a row more for each turn of a busy one.
const TOLD_EVERY_MS: i64 = MINUTE_MS;

/// A channel, as saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// Its id.
    pub id: ChannelId,
    /// As [`Channel::to_json`] writes it.
    pub definition: Value,
    /// Whether it tells.
    pub mode: Mode,
    /// The scan under way, if any.
    pub scan: Option<Scan>,
    /// Number of the last change before its first: an endpoint that begins there misses nothing of it.
    pub begins_after: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
    /// When it last told something, [`TOLD_EVERY_MS`] behind at most after a restart.
    #[serde(default)]
    pub told_at: Option<Timestamp>,
    /// Why it decides nothing, if it does not.
    #[serde(default)]
    pub held: Option<Held>,
}

/// Whether a channel tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Yes.
    Active,
    /// Not until it is resumed; then once what all that happened comes to.
    Paused,
    /// Never again: what it remembers is being forgotten.
    Removed,
}

/// How far a scan has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// Everything up to this id is decided about.
    pub above: RecordId,
    /// Records of the mirror looked at.
    pub read: u64,
}

/// A channel in memory.
#[derive(Debug)]
struct Running {
    number: i64,
    saved: Saved,
    channel: Channel,
    /// When it last told something; [`Saved::told_at`] follows.
    told_at: Option<Timestamp>,
    /// When one of its fields was last found missing in an answer.
    doubted_at: Option<Timestamp>,
}

impl Scan {
    /// Before the first record.
    pub(super) const BEGIN: Self = Self { above: RecordId(0), read: 0 };
}

impl Running {
    fn of(number: i64, saved: Saved) -> Option<Self> {
        let told_at = saved.told_at;
        Channel::parse(&saved.definition).ok().map(|channel| Self {
            number,
            saved,
            channel,
            told_at,
            doubted_at: None,
        })
    }

    fn save(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        store::save(turn.sql, self.number, &text(&self.saved)?)
    }

    /// Notes that it tells something.
    fn tells(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        self.told_at = Some(turn.now);
        if self.saved.told_at.is_some_and(|at| turn.now.since_ms(at) < TOLD_EVERY_MS) {
            return Ok(());
        }
        self.saved.told_at = self.told_at;
        self.save(turn)
    }

    /// Whether what it selects changes with time alone.
    fn waits_for_moments(&self) -> bool {
        match &self.channel.selection {
            Selection::List(_) => false,
            Selection::Filter(filter) => filter.depends_on_time(),
        }
    }
}

fn text(saved: &Saved) -> Result<String, SqlError> {
    serde_json::to_string(saved).map_err(|_| SqlError::Content("channels"))
}

/// The channels of a connection at work.
#[derive(Debug, Default)]
pub(super) struct Channels {
    /// Oldest first.
    all: Vec<Running>,
    /// The feed is decided about up to here.
    decided: u64,
}

impl Channels {
    /// Loads the channels as they were saved. One that a newer release wrote in words this one does not know stays where it is, and
    /// tells nothing.
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        let mut all = Vec::new();
        for (number, state) in store::all(turn.sql)? {
            let saved: Saved = json::parse(&state).map_err(|_| SqlError::Content("channels"))?;
            all.extend(Running::of(number, saved));
        }
        Ok(Self { all, decided: feed::latest(turn.sql)? })
    }

    /// Numbers and ids of the channels of records of a type.
    pub(super) fn with_records_of(&self, kind: ObjectType) -> impl Iterator<Item = (i64, &ChannelId)> {
        let own = self.all.iter().filter(move |running| running.channel.object_type == kind);
        own.map(|running| (running.number, &running.saved.id))
    }

    fn position(&self, id: &ChannelId) -> Option<usize> {
        self.all.iter().position(|running| running.saved.id == *id && running.saved.mode != Mode::Removed)
    }

    /// Whether the channel of an endpoint can be handed over now: not while it tells nothing. One that is gone ends a hand-over.
    pub(super) fn hands_over(&self, endpoint: &Endpoint) -> bool {
        let Some(channel) = &endpoint.wanted.channel else { return true };
        self.position(channel).is_none_or(|index| self.all[index].decides())
    }

    /// Whether there is such a channel.
    pub(super) fn has(&self, id: &ChannelId) -> bool {
        self.position(id).is_some()
    }
}

impl Portal {
    /// When channels have something to do of themselves; `None`: only if something changes.
    pub(super) fn channels_due_at(&self, turn: &Turn<'_>) -> Result<Option<Timestamp>, SqlError> {
        if self.channel_context(turn).is_none() {
            return Ok(None);
        }
        let mut due: Option<Timestamp> = None;
        for running in &self.channels.all {
            let at = match running.saved.mode {
                Mode::Removed => Some(turn.now),
                Mode::Paused => None,
                Mode::Active if running.saved.held.is_some() => running.may_go_on(turn)?.then_some(turn.now),
                Mode::Active if running.saved.scan.is_some() => {
                    (!self.waits_for_list(running)).then_some(turn.now)
                }
                Mode::Active if running.waits_for_moments() => store::next_at(turn.sql, running.number)?,
                Mode::Active => None,
            };
            due = due.into_iter().chain(at).min();
        }
        Ok(due.map(|at| at.max(turn.now)))
    }

    /// What is known of the members of the list that a channel selects by; `None`: it selects by a filter.
    fn listing_of(&self, running: &Running) -> Option<Listing> {
        match running.channel.selection {
            Selection::List(list) => Some(self.listing(list, running.channel.object_type)),
            Selection::Filter(_) => None,
        }
    }

    /// Whether a channel's list is still being read for the first time. Whoever is not known to be on it by then has not left.
    fn waits_for_list(&self, running: &Running) -> bool {
        self.listing_of(running) == Some(Listing::Partial)
    }

    /// What filters are evaluated by; `None`: the connection has ended, and nothing is decided any more.
    pub(in crate::engine::portal) fn channel_context(&self, turn: &Turn<'_>) -> Option<Context> {
        let connection = self.connection.as_ref()?;
        match connection.state {
            State::Disconnecting | State::Disconnected => None,
            State::Active
            | State::Paused { .. }
            | State::PausedByPerson { .. }
            | State::NeedsReauthorisation => {
                Some(Context { now: turn.now, utc_offset_ms: connection.account.utc_offset_ms })
            }
        }
    }
}

//! What happens to the connection itself, told through the change feed: connected, paused, disconnected, and so on.
//!
//! Whatever changes a connection or a stream tells nobody. After each event the connection is compared here with what
//! was told last (kept in `meta`, and in memory), and the difference is appended to the feed in the same turn: nothing is told
//! twice or left out, wherever it came from. What changes and changes back within one turn is not told.

use serde::{Deserialize, Serialize};

use crate::{
    engine::{
        actor::Actor,
        audit::{self, Deed},
        portal::{Portal, Turn, messages::State, state::Connection, storage::Level},
    },
    store::{
        portal::feed::{self, Change, Lifecycle},
        schema,
        sql::SqlError,
    },
    values::{
        ids::{AttributeId, ChannelId, ObjectType, QualifyingListId, WorkflowId},
        json,
        time::Timestamp,
    },
};

/// Where what was told last lies in `meta`.
const TOLD_KEY: &str = "told";

/// Why it stands still after [`super::messages::Command::Pause`].
const PAUSED_BY_PERSON: &str = "A person paused it. It goes on when a person resumes it.";

/// What was told of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// Of which authorisation.
    connected_at: Timestamp,
    /// How it stood.
    standing: Standing,
    /// The types whose full read was over.
    read: Vec<ObjectType>,
    /// The types that stand still for want of a scope.
    #[serde(default)]
    without_scope: Vec<ObjectType>,
    /// How full storage was.
    #[serde(default)]
    storage: Level,
    /// The channels that stood still.
    #[serde(default)]
    held: Vec<ChannelId>,
    /// The qualifying lists that stood still.
    #[serde(default)]
    held_lists: Vec<QualifyingListId>,
    /// The workflows that stood still.
    #[serde(default)]
    held_workflows: Vec<WorkflowId>,
    /// The audiences that stood still.
    #[serde(default)]
    held_audiences: Vec<AttributeId>,
}

/// How a connection stands, as far as it is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    #[default]
    Active,
    Paused,
    NeedsReauthorisation,
    Disconnected,
}

impl Told {
    /// A new authorisation of which nothing is to be told.
    pub(super) fn is_connected_at(&mut self, turn: &Turn<'_>, at: Timestamp) -> Result<(), SqlError> {
        self.connected_at = at;
        self.save(turn)
    }

    fn save(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let json = serde_json::to_string(self).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, TOLD_KEY, &json)
    }

    /// What there is to be told of a connection as it was loaded. One that an earlier release made is told of from now on.
    pub(super) fn load(turn: &Turn<'_>, portal: &Portal) -> Result<Self, SqlError> {
        match schema::get(turn.sql, TOLD_KEY)? {
            Some(json) => json::parse(&json).map_err(|_| SqlError::Content("meta")),
            None => {
                Ok(portal.connection.as_ref().map(|connection| portal.facts(connection)).unwrap_or_default())
            }
        }
    }
}

impl Portal {
    fn facts(&self, connection: &Connection) -> Told {
        let standing = match connection.state {
            State::Active => Standing::Active,
            State::Paused { .. } | State::PausedByPerson { .. } => Standing::Paused,
            State::NeedsReauthorisation => Standing::NeedsReauthorisation,
            State::Disconnecting | State::Disconnected => Standing::Disconnected,
        };
        let read = self.streams.iter().filter(|running| running.saved.backfill.is_none());
        let read = if standing == Standing::Disconnected {
            // A disconnect gives up the full reads, which ends none.
            self.told.read.clone()
        } else {
            read.map(|running| running.saved.object_type).collect()
        };
        let without_scope = self.streams.iter().filter(|running| !running.lacks(connection).is_empty());
        let without_scope = without_scope.map(|running| running.saved.object_type).collect();
        Told {
            connected_at: connection.connected_at,
            standing,
            read,
            without_scope,
            storage: self.storage.level(),
            held: self.channels.standing_still().map(|(id, ..)| id.clone()).collect(),
            held_lists: self.signals.standing_still().map(|(id, ..)| id.clone()).collect(),
            held_workflows: self.workflows.standing_still().map(|(id, ..)| id.clone()).collect(),
            held_audiences: self.activations.standing_still().map(|(id, ..)| id.clone()).collect(),
        }
    }

    /// Appends to the feed what has happened to the connection since it was told last; says whether anything has.
    #[inline(never)]
    pub(super) fn tell_lifecycle(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let Some(connection) = &self.connection else { return Ok(false) };
        let now = self.facts(connection);
        if now == self.told {
            return Ok(false);
        }
        let lost = now.standing == Standing::NeedsReauthorisation;
        if lost && self.told.standing != Standing::NeedsReauthorisation {
            let deed = Deed::on("connection.access_lost", &connection.id);
            audit::note(turn.sql, turn.now, None, &Actor::HubSpot, &deed)?;
        }
        let mut changes = Vec::new();
        let mut tell = |event, about: Option<ObjectType>, words: Option<String>| {
            changes.push(Change::Lifecycle { id: connection.id.clone(), event, about, words });
        };
        let mut before = self.told.clone();
        if now.connected_at != before.connected_at {
            tell(Lifecycle::Connected, None, None);
            before.read.clear();
            before.standing = Standing::Active;
            // What was never granted is not lost.
            before.without_scope.clone_from(&now.without_scope);
        }
        for kind in now.read.iter().filter(|kind| !before.read.contains(kind)) {
            tell(Lifecycle::BackfillDone, Some(*kind), None);
        }
        for running in &self.streams {
            let kind = running.saved.object_type;
            let (is, was) = (now.without_scope.contains(&kind), before.without_scope.contains(&kind));
            if is && !was {
                let scopes = running.lacks(connection).join("` or `");
                let words = format!(
                    "HubSpot lets nobody read {kind} without `{scopes}`. Connect again and grant it; the rest goes on."
                );
                tell(Lifecycle::ScopeLost, Some(kind), Some(words));
            } else if was && !is {
                tell(Lifecycle::Resumed, Some(kind), None);
            }
        }
        if now.storage > before.storage {
            tell(Lifecycle::StorageLow, None, self.storage_trouble(turn).map(|trouble| trouble.words));
        }
        for (id, name, words, kind) in self.channels.standing_still() {
            if !before.held.contains(id) {
                let words = format!("The channel \"{name}\" ({id}): {words}");
                tell(Lifecycle::ChannelHeld, Some(kind), Some(words));
            }
        }
        for id in before.held.iter().filter(|id| !now.held.contains(id) && self.channels.has(id)) {
            tell(Lifecycle::ChannelResumed, None, Some(format!("The channel {id} goes on.")));
        }
        for (id, name, words) in self.signals.standing_still() {
            if !before.held_lists.contains(id) {
                let words = format!("The qualifying list \"{name}\" ({id}): {words}");
                tell(Lifecycle::QualifyingListHeld, None, Some(words));
            }
        }
        let gone = |id: &&QualifyingListId| !now.held_lists.contains(id) && self.signals.has_list(id);
        for id in before.held_lists.iter().filter(gone) {
            tell(Lifecycle::QualifyingListResumed, None, Some(format!("The qualifying list {id} goes on.")));
        }
        for (id, name, words) in self.workflows.standing_still() {
            if !before.held_workflows.contains(id) {
                let words = format!("The workflow \"{name}\" ({id}): {words}");
                tell(Lifecycle::WorkflowHeld, None, Some(words));
            }
        }
        let gone = |id: &&WorkflowId| !now.held_workflows.contains(id) && self.workflows.has(id);
        for id in before.held_workflows.iter().filter(gone) {
            tell(Lifecycle::WorkflowResumed, None, Some(format!("The workflow {id} goes on.")));
        }
        for (id, name, words) in self.activations.standing_still() {
            if !before.held_audiences.contains(id) {
                let words = format!("The audience \"{name}\" ({id}): {words}");
                tell(Lifecycle::AudienceHeld, None, Some(words));
            }
        }
        let gone = |id: &&AttributeId| !now.held_audiences.contains(id) && self.activations.finds(id);
        for id in before.held_audiences.iter().filter(gone) {
            tell(Lifecycle::AudienceResumed, None, Some(format!("The audience {id} goes on.")));
        }
        if now.standing != before.standing {
            let words = match connection.state {
                State::PausedByPerson { .. } => Some(PAUSED_BY_PERSON.to_owned()),
                State::Active
                | State::Paused { .. }
                | State::NeedsReauthorisation
                | State::Disconnecting
                | State::Disconnected => connection.trouble.as_ref().map(|trouble| trouble.words.clone()),
            };
            match now.standing {
                Standing::Active => tell(Lifecycle::Resumed, None, None),
                Standing::Paused => tell(Lifecycle::Paused, None, words),
                Standing::NeedsReauthorisation => tell(Lifecycle::NeedsReauthorisation, None, words),
                Standing::Disconnected => tell(Lifecycle::Disconnected, None, None),
            }
        }
        let told = !changes.is_empty();
        feed::append_lifecycle(turn.sql, turn.now, changes)?;
        self.told = now;
        self.told.save(turn)?;
        Ok(told)
    }
}

//! Believable contacts, and edits of them.

use serde::{Deserialize, Serialize};

use crate::portal::{Portal, Turn};

/// What a seeded account looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shape {
    /// Properties with a value per contact, on average, system properties included.
    pub properties_set: u32,
    /// Custom properties in the account.
    pub custom_properties: u32,
    /// One contact in this many has a 65 KB value. 0 = none.
    pub long_value_one_in: u32,
    /// Whether e-mails, numbers and texts show the oddities of real accounts.
    pub oddities: bool,
    /// Creation and modification dates spread over this many days before the seeding.
    pub history_days: u32,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            properties_set: 30,
            custom_properties: 12,
            long_value_one_in: 0,
            oddities: true,
            history_days: 1095,
        }
    }
}

/// Edits at a steady rate, made as time passes ([`crate::Simulator::tick`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditStream {
    /// Milliseconds between two rounds of edits.
    pub every_ms: u64,
    /// Edits per round.
    pub edits: u32,
    /// When the next round is due, epoch milliseconds; 0 = at once.
    #[serde(default)]
    pub next_at: u64,
}

/// What a round of edits did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Edits {
    pub created: u32,
    pub updated: u32,
    pub archived: u32,
    pub restored: u32,
    pub merged: u32,
    pub erased: u32,
}

impl Portal {
    /// Adds `count` contacts with a history; search knows them at once, no events are sent.
    pub fn seed_contacts(&mut self, _turn: &mut Turn<'_>, _count: u32, _shape: &Shape) {}

    /// Makes `count` edits as people and workflows do: mostly updates, some creations, archives, restores, merges and
    /// privacy deletions.
    pub fn edit_random(&mut self, _turn: &mut Turn<'_>, _count: u32) -> Edits {
        Edits::default()
    }

    /// Updates `count` different contacts in the same millisecond, as an import or a workflow does.
    pub fn bulk_edit(&mut self, _turn: &mut Turn<'_>, _count: u32) -> Edits {
        Edits::default()
    }

    /// Starts, changes or ends the steady stream of edits.
    pub fn set_stream(&mut self, stream: Option<EditStream>) {
        self.stream = stream;
    }

    pub(crate) fn run_stream(&mut self, _turn: &mut Turn<'_>) {}
}

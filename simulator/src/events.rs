//! Events on timelines: custom events of an account, app events of an app (`hubspot-api.md` 8). Owns an account's definitions
//! and every occurrence it took, so that tests can count them.

pub(crate) mod app;
pub(crate) mod custom;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::portal::Portal;

/// Which of the two APIs an occurrence came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    Custom,
    App,
}

/// One occurrence that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Occurrence {
    pub kind: EventKind,
    pub app_id: u64,
    /// A custom event's full name, an app event's type.
    pub name: String,
    /// An app event's id, a custom event's `uuid`.
    pub id: Option<String>,
    /// Where it is said on what it occurred: a record's id, an address, a domain, a visitor's token.
    pub object_id: Option<String>,
    pub email: Option<String>,
    pub domain: Option<String>,
    pub utk: Option<String>,
    pub properties: BTreeMap<String, String>,
    /// Epoch milliseconds.
    pub occurred_at: u64,
    pub received_at: u64,
    /// Whether a record was found for it. What HubSpot does with others is unconfirmed; they are kept here.
    pub matched: bool,
}

/// An account's events.
#[derive(Debug, Default)]
pub(crate) struct Events {
    definitions: BTreeMap<String, custom::Definition>,
    taken: Vec<Occurrence>,
    /// Ids of app events by app, uuids of custom events under app 0.
    ids: BTreeSet<(u64, String)>,
    made: u64,
}

/// The truth.
impl Portal {
    /// Every occurrence in the order of its arrival.
    pub fn occurrences(&self) -> &[Occurrence] {
        &self.events.taken
    }
}

//! What happened to records, as the source of webhooks. Owns the queue between records and deliveries; knows nothing
//! of apps and subscriptions.

use std::collections::{BTreeSet, VecDeque};

/// One change to one record (`hubspot-api.md` 9.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeEvent {
    pub portal_id: u64,
    /// `0-1` for contacts.
    pub object_type_id: &'static str,
    /// The record; for [`Change::Merge`] the record that results.
    pub object_id: u64,
    /// Epoch milliseconds.
    pub occurred_at: u64,
    /// HubSpot's `changeSource`: `CRM_UI`, `INTEGRATION`, `IMPORT`, …
    pub change_source: &'static str,
    pub change: Change,
}

/// The kind of change, with what HubSpot's event of that kind carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Creation,
    /// `value` is the value at the time of the event; a cleared property has an empty one.
    PropertyChange {
        name: Box<str>,
        value: Box<str>,
    },
    Deletion,
    Restore,
    /// A [`Change::Deletion`] of the same record is emitted as well.
    PrivacyDeletion,
    /// A link to another record came or went; each side has its own event.
    Association {
        /// Type of the other record, `0-2`.
        to: &'static str,
        to_id: u64,
        removed: bool,
        primary: bool,
    },
    /// `primary` is the winner, `merged` what went into it; the record that results is `object_id`.
    Merge {
        primary: u64,
        merged: Vec<u64>,
        properties_moved: u32,
    },
}

/// The queue of changes. Changes of portals nobody watches are dropped at once, so the queue costs nothing then.
#[derive(Debug, Default)]
pub struct Changes {
    queue: VecDeque<ChangeEvent>,
    watched: BTreeSet<u64>,
}

impl Changes {
    /// Keeps (`true`) or drops (`false`) this portal's changes from now on. Watch a portal while an app with
    /// subscriptions is installed in it.
    pub fn watch(&mut self, portal_id: u64, watched: bool) {
        if watched {
            self.watched.insert(portal_id);
        } else {
            self.watched.remove(&portal_id);
        }
    }

    /// Whether building an event for this portal is worth it.
    pub fn watches(&self, portal_id: u64) -> bool {
        self.watched.contains(&portal_id)
    }

    /// Appends the event if its portal is watched.
    pub fn emit(&mut self, event: ChangeEvent) {
        if self.watches(event.portal_id) {
            self.queue.push_back(event);
        }
    }

    /// The oldest change not yet taken.
    pub fn take(&mut self) -> Option<ChangeEvent> {
        self.queue.pop_front()
    }
}

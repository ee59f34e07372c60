//! Webhooks out. Owns subscriptions' pending deliveries.

use serde::{Deserialize, Serialize};

use crate::Simulator;

/// One thing an app wants to be told about (`hubspot-api.md` §9.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subscription {
    /// HubSpot's id; 0 asks for the next free one.
    pub id: u64,
    /// `contact.creation`, `contact.propertyChange`, `object.merge`, …
    pub subscription_type: String,
    /// Of `*.propertyChange`: the one property.
    pub property_name: Option<String>,
    /// Of `object.*`: which type, by id (`0-1`) or name (`contact`).
    pub object_type: Option<String>,
    pub active: bool,
}

impl Default for Subscription {
    fn default() -> Self {
        Self { id: 0, subscription_type: String::new(), property_name: None, object_type: None, active: true }
    }
}

/// Pending deliveries.
#[derive(Debug, Default)]
pub struct Webhooks {}

impl Simulator {
    /// Keeps exactly those accounts' changes for which some app has a target and subscriptions.
    pub(crate) fn watch_installed(&mut self) {
        for &portal_id in self.portals.keys() {
            let wanted = self.access.apps().any(|app| {
                app.target_url.is_some()
                    && !app.subscriptions.is_empty()
                    && self.access.installed(app.app_id, portal_id)
            });
            self.changes.watch(portal_id, wanted);
        }
    }

    /// Takes what [`crate::Changes`] gathered. Called after every request and every tick, and by whoever changes
    /// records through [`Simulator::portal_turn`].
    pub(crate) fn collect_changes(&mut self, _now_ms: u64) {
        while self.changes.take().is_some() {}
    }
}

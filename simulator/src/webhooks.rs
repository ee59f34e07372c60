//! Webhooks out. Owns subscriptions' pending deliveries.

use crate::Simulator;

/// Pending deliveries.
#[derive(Debug, Default)]
pub struct Webhooks {}

impl Simulator {
    /// Takes what [`crate::Changes`] gathered. Called after every request and every tick, and by whoever changes
    /// records through [`Simulator::portal_turn`].
    pub(crate) fn collect_changes(&mut self, _now_ms: u64) {
        while self.changes.take().is_some() {}
    }
}

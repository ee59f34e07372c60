//! What was called and how it was answered. Owns counts only.

use std::collections::BTreeMap;

use crate::route::Endpoint;

/// Calls by portal (0 where the caller was not known), endpoint and HTTP status (0 = no answer).
#[derive(Debug, Default, Clone)]
pub struct Counters {
    calls: BTreeMap<(u64, Endpoint, u16), u64>,
}

impl Counters {
    pub(crate) fn count(&mut self, portal_id: u64, endpoint: Endpoint, status: u16) {
        *self.calls.entry((portal_id, endpoint, status)).or_default() += 1;
    }

    /// Every count, ordered: (portal id or 0, endpoint, status or 0, calls).
    pub fn iter(&self) -> impl Iterator<Item = (u64, Endpoint, u16, u64)> + '_ {
        self.calls.iter().map(|(&(portal, endpoint, status), &n)| (portal, endpoint, status, n))
    }

    /// Calls of one endpoint over all portals and statuses.
    pub fn of(&self, endpoint: Endpoint) -> u64 {
        self.iter().filter(|call| call.1 == endpoint).map(|call| call.3).sum()
    }

    /// Answers with this status over all portals and endpoints.
    pub fn with_status(&self, status: u16) -> u64 {
        self.iter().filter(|call| call.2 == status).map(|call| call.3).sum()
    }

    /// All calls.
    pub fn total(&self) -> u64 {
        self.calls.values().sum()
    }

    pub fn clear(&mut self) {
        self.calls.clear();
    }
}

//! A HubSpot simulator: a pure core `handle(now, request) -> response` with an HTTP binary around it.
//!
//! It imitates HubSpot's version 2026-09 closely enough to be wrong about, shares no code with Spoke's client, and
//! refuses what it does not model with HubSpot's own 400 or 404. It owns the accounts (portals), their records, the
//! search index that lags behind them, tokens, limits and faults. It has no clock, no threads and no sockets: time is
//! an argument, chance comes from one seed, so a run with the same seed and the same calls is the same run.
//!
//! | module | what |
//! |---|---|
//! | [`route`] | which [`route::Endpoint`] a request is for, and the order of checks before it is answered |
//! | [`portal`], [`objects`], [`schema`], [`index`] | one account's state: records, properties, the lagging index |
//! | [`search`], [`properties`], [`owners`], [`pipelines`], [`associations`], [`lists`] | those APIs |
//! | [`generator`] | believable records and the stream of edits |
//! | [`imports`], [`events`] | files of rows worked off while time passes; custom and app events |
//! | [`ledger`] | how often apps wrote what |
//! | [`faults`], [`switches`], [`problem`] | misfortunes, unconfirmed behaviour, error bodies |
//! | [`auth`], [`oauth`], [`rights`], [`pages`], [`limits`], [`webhooks`], [`control`] | tokens, what one user may do, HubSpot's own pages, quotas, deliveries, the control API |

pub mod associations;
pub mod auth;
pub mod change;
pub mod control;
pub mod counters;
pub mod events;
pub mod faults;
pub mod form;
pub mod generator;
pub mod grants;
pub mod http;
pub mod imports;
pub mod index;
pub mod ledger;
pub mod limits;
pub mod lists;
pub mod oauth;
pub mod objects;
pub mod owners;
pub mod pages;
pub mod pipelines;
pub mod portal;
pub mod problem;
pub mod properties;
pub mod random;
pub mod rights;
pub mod route;
pub mod schema;
pub mod schemas;
pub mod search;
pub mod signature;
#[cfg(feature = "specification")]
pub mod specification;
pub mod switches;
pub mod time;
pub mod webhooks;

#[cfg(test)]
mod rules;

use std::collections::BTreeMap;

pub use change::{Change, ChangeEvent, Changes};
pub use counters::Counters;
pub use faults::{Fault, Faults, Rule};
pub use generator::{EditStream, Edits, Shape};
pub use ledger::Written;
pub use objects::record::{Record, State};
pub use portal::{Portal, PortalSettings, RecordView, Tier, Turn};
pub use problem::{Policy, Problem};
pub use route::Endpoint;
pub use switches::Switches;

/// All of simulated HubSpot: every account, app, token, limit and pending webhook.
pub struct Simulator {
    /// The number that decides every random choice.
    pub(crate) seed: u64,
    /// For choices that belong to no portal (token strings, codes). A portal has its own.
    pub(crate) rng: fastrand::Rng,
    /// How HubSpot behaves where nobody has confirmed it. May be changed at any time.
    pub switches: Switches,
    /// Misfortunes in store.
    pub faults: Faults,
    /// What was called, and how it was answered.
    pub counters: Counters,
    /// HubSpot accounts by portal id.
    pub(crate) portals: BTreeMap<u64, Portal>,
    /// Apps, installs, tokens, codes.
    pub(crate) access: grants::Grants,
    /// Quota windows.
    pub(crate) limits: limits::Limits,
    /// Subscriptions' pending deliveries.
    pub(crate) webhooks: webhooks::Webhooks,
    /// Changes not yet turned into webhooks. Only watched portals' changes are kept ([`Changes::watch`]).
    pub(crate) changes: Changes,
    /// Calls that are done later than they were answered ([`Fault::Late`]), with when.
    pub(crate) late: Vec<(u64, http::Request)>,
    pub(crate) request_count: u64,
    pub(crate) delay_ms: u64,
}

impl Simulator {
    /// An empty HubSpot: no accounts, no apps.
    pub fn new(seed: u64, switches: Switches) -> Self {
        Self {
            seed,
            rng: fastrand::Rng::with_seed(seed),
            switches,
            faults: Faults::default(),
            counters: Counters::default(),
            portals: BTreeMap::new(),
            access: grants::Grants::new(seed),
            limits: limits::Limits::default(),
            webhooks: webhooks::Webhooks::new(seed),
            changes: Changes::default(),
            late: Vec::new(),
            request_count: 0,
            delay_ms: 0,
        }
    }

    /// Answers one request: HubSpot's API paths, HubSpot's own web pages, and the control API below `/__control/`.
    /// `None` means no answer at all (a fault), whether or not the change was made.
    pub fn handle(&mut self, now_ms: u64, request: &http::Request) -> Option<http::Response> {
        self.tick(now_ms);
        let answer = route::handle(self, now_ms, request);
        self.collect_changes(now_ms);
        answer
    }

    /// How long the server should wait before it sends the last answer of [`Self::handle`] (a fault), milliseconds.
    pub fn delay_ms(&self) -> u64 {
        self.delay_ms
    }

    /// Lets time pass: search indexes catch up, streams of edits run.
    pub fn tick(&mut self, now_ms: u64) {
        let Self { portals, switches, changes, .. } = self;
        for portal in portals.values_mut() {
            portal.tick(&mut portal::Turn { now_ms, switches, changes, viewer: None });
        }
        if !self.late.is_empty() {
            route::do_late(self, now_ms);
        }
        self.collect_changes(now_ms);
    }

    /// Opens an account; replaces one with the same id.
    pub fn add_portal(&mut self, portal_id: u64, settings: PortalSettings) -> &mut Portal {
        let portal = Portal::new(portal_id, self.seed, settings);
        self.portals.insert(portal_id, portal);
        self.portals.get_mut(&portal_id).expect("just inserted")
    }

    /// One account.
    pub fn portal(&self, portal_id: u64) -> Option<&Portal> {
        self.portals.get(&portal_id)
    }

    /// One account together with the [`portal::Turn`] that every change to it needs.
    pub fn portal_turn(&mut self, portal_id: u64, now_ms: u64) -> Option<(&mut Portal, portal::Turn<'_>)> {
        let Self { portals, switches, changes, .. } = self;
        let portal = portals.get_mut(&portal_id)?;
        Some((portal, portal::Turn { now_ms, switches, changes, viewer: None }))
    }

    /// A fresh id for an answer: `X-HubSpot-Correlation-Id` and `correlationId`. UUID-shaped, decided by the seed.
    pub(crate) fn next_correlation_id(&mut self) -> String {
        self.request_count += 1;
        let [a, b] =
            [mix(self.seed ^ self.request_count), mix(self.seed.rotate_left(32) ^ self.request_count)];
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        )
    }
}

/// The finaliser of `SplitMix64`: spreads a counter over 64 bits.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

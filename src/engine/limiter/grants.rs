//! The newest tokens of each grant, sealed, for all who hold it.
//!
//! Several connections (of several workspaces) and seats may hold one grant: an app's, in this account, by one person. Nobody
//! documents whether a second authorisation gives the same refresh token, or ends the first; and where HubSpot hands out a new
//! refresh token with each refresh, whoever still has the old one is lost. So whoever has asked HubSpot tells it here, and whoever
//! is about to ask is told: of all who hold a grant one asks, and nobody is left behind. Tokens are sealed by their
//! holders, for the grant as their place; nothing here can open them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::values::{
    ids::{AppKey, HubSpotUserId},
    time::{DAY_MS, Timestamp},
};

/// Grants kept of one account: every seat is one, some 2 KB each, all of them in memory.
const MOST: usize = 2_000;
/// A grant that nobody has refreshed for so long has no holder: each refreshes about every half hour.
const FORGOTTEN_MS: i64 = 7 * DAY_MS;

/// Holders kept of one account, some 100 bytes each, all of them in memory: ten connections full of seats. Of what is not
/// kept nobody is the last, so that nothing is revoked that somebody may still use.
const MOST_HOLDERS: usize = 10_000;

/// Tokens as one holder has them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Tells them from others of the same grant; says nothing about them.
    pub mark: String,
    /// When the access token ends. Of two the later is the newer: HubSpot gives each the same life.
    pub expires_at: Timestamp,
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed")
            .field("mark", &self.mark)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What whoever asks for a refresh has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// See [`Sealed::mark`].
    pub mark: String,
    /// See [`Sealed::expires_at`]; long past where HubSpot has refused the token.
    pub expires_at: Timestamp,
}

/// Whose: the app, and the person in HubSpot.
pub type Key = (AppKey, HubSpotUserId);

/// All of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Grants {
    all: BTreeMap<Key, Sealed>,
    changed: BTreeSet<Key>,
    /// Seats.
    holders: BTreeSet<(Key, String)>,
    /// Those that came (`true`) or left since it was saved last.
    moved: Vec<(Key, String, bool)>,
    /// There were more than are kept.
    incomplete: bool,
}

impl Grants {
    /// As an earlier life saved them.
    pub fn new(saved: Vec<(Key, Sealed)>, holders: Vec<(Key, String)>) -> Self {
        let incomplete = holders.len() >= MOST_HOLDERS;
        let (all, holders) = (saved.into_iter().collect(), holders.into_iter().collect());
        Self { all, holders, incomplete, ..Self::default() }
    }

    /// A seat holds a grant.
    pub fn holds(&mut self, app: &AppKey, user: HubSpotUserId, holder: &str) {
        let entry = ((app.clone(), user), holder.to_owned());
        if self.holders.contains(&entry) {
            return;
        }
        if self.holders.len() >= MOST_HOLDERS {
            self.incomplete = true;
            return;
        }
        self.moved.push((entry.0.clone(), entry.1.clone(), true));
        self.holders.insert(entry);
    }

    /// A seat gives a grant up; says whether it was the last that held it.
    pub fn left(&mut self, app: &AppKey, user: HubSpotUserId, holder: &str) -> bool {
        let entry = ((app.clone(), user), holder.to_owned());
        if self.holders.remove(&entry) {
            self.moved.push((entry.0.clone(), entry.1, false));
        }
        let held = self.holders.range((entry.0.clone(), String::new())..).next();
        let last = !self.incomplete && held.is_none_or(|(key, _)| *key != entry.0);
        if last {
            self.forget(&entry.0);
        }
        last
    }

    /// Holders that came (`true`) or left since this was asked last.
    pub fn take_moved(&mut self) -> Vec<(Key, String, bool)> {
        std::mem::take(&mut self.moved)
    }

    /// What changed since it was asked for last, to be saved; `None`: to be forgotten.
    pub fn take_changed(&mut self) -> Vec<(Key, Option<Sealed>)> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|key| (key.clone(), self.all.get(&key).cloned())).collect()
    }

    /// A holder has these. Older ones than those known are not taken.
    pub fn told(&mut self, now: Timestamp, app: &AppKey, user: HubSpotUserId, sealed: &Sealed) {
        let key = (app.clone(), user);
        let newer = |known: &Sealed| known.expires_at < sealed.expires_at && known.mark != sealed.mark;
        if !self.all.get(&key).is_none_or(newer) {
            return;
        }
        self.changed.insert(key.clone());
        self.all.insert(key, sealed.clone());
        let forgotten = |known: &Sealed| known.expires_at.plus_ms(FORGOTTEN_MS) <= now;
        let gone: Vec<Key> =
            self.all.iter().filter(|(_, known)| forgotten(known)).map(|(key, _)| key.clone()).collect();
        for key in gone {
            self.forget(&key);
        }
        while self.all.len() > MOST {
            let oldest = self.all.iter().min_by_key(|(_, known)| known.expires_at);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { break };
            self.forget(&key);
        }
    }

    fn forget(&mut self, key: &Key) {
        if self.all.remove(key).is_some() {
            self.changed.insert(key.clone());
        }
    }

    /// The last holder has given it up.
    pub fn ended(&mut self, app: &AppKey, user: HubSpotUserId) {
        self.forget(&(app.clone(), user));
    }

    /// Newer tokens than those a holder has, and still good ones.
    pub fn newer(&self, now: Timestamp, app: &AppKey, user: HubSpotUserId, held: &Held) -> Option<&Sealed> {
        let known = self.all.get(&(app.clone(), user))?;
        let newer = known.mark != held.mark && known.expires_at > held.expires_at.max(now);
        newer.then_some(known)
    }
}

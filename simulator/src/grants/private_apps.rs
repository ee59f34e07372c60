//! Private apps and service keys: what an account makes for itself, with static tokens (`hubspot-api.md` 2.7).
//!
//! A private app acts through the person who made it, and may have webhooks, signed with its own secret. A service key is
//! the account's, and has none. A token is one of an app's: rotation gives it another, at once or with an overlap.

use serde::{Deserialize, Serialize};

use super::{App, Grants};
use crate::time::DAY_MS;

/// How long a token still works that was rotated with an overlap. Source: HubSpot's page on private apps.
const OVERLAP_MS: u64 = 7 * DAY_MS;

/// What holds a static token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaticKind {
    /// An app with `auth.type` `static`, or a private app of old.
    #[default]
    PrivateApp,
    /// REST only: no webhooks.
    ServiceKey,
}

/// One private app or service key of an account.
#[derive(Debug, Clone, Serialize)]
pub struct PrivateApp {
    pub kind: StaticKind,
    pub portal_id: u64,
    /// Who made it.
    pub user_id: u64,
    pub scopes: Vec<String>,
    /// Its id and name; of a private app also the secret and the webhooks.
    pub app: App,
}

/// One static token.
#[derive(Debug, Clone, Serialize)]
pub struct PrivateToken {
    pub token: String,
    pub app_id: u64,
    /// When it ends because another took its place, epoch milliseconds.
    pub ends_at: Option<u64>,
}

/// A private app or service key to be made.
#[derive(Debug, Clone, Default)]
pub struct NewPrivateApp {
    pub kind: StaticKind,
    pub portal_id: u64,
    pub user_id: u64,
    pub scopes: Vec<String>,
    /// Prefix of the token: the account's hosting region.
    pub region: String,
    /// The token's text; made if absent.
    pub token: Option<String>,
    /// Name, secret and webhooks.
    pub app: App,
}

impl Grants {
    /// Makes a private app or service key with its first token; one whose token is taken is replaced.
    pub fn add_private_app(&mut self, new: NewPrivateApp) -> (PrivateApp, PrivateToken) {
        let NewPrivateApp { kind, portal_id, user_id, scopes, region, token, mut app } = new;
        let token = token.unwrap_or_else(|| format!("pat-{region}-{}", self.random.uuid()));
        if let Some(before) = self.private_tokens.get(&token) {
            let app_id = before.app_id;
            self.delete_private_app(app_id);
        }
        app.app_id = self.id_from(7_300_000);
        if app.client_secret.is_empty() {
            app.client_secret = self.random.uuid();
        }
        self.number_subscriptions(&mut app);
        let app_id = app.app_id;
        let made = PrivateApp { kind, portal_id, user_id, scopes, app };
        self.private_apps.insert(app_id, made.clone());
        let token = PrivateToken { token, app_id, ends_at: None };
        self.private_tokens.insert(token.token.clone(), token.clone());
        (made, token)
    }

    /// What a static token that works now belongs to.
    pub fn private_app_of(&self, now_ms: u64, token: &str) -> Option<&PrivateApp> {
        let held = self.private_tokens.get(token)?;
        let works = held.ends_at.is_none_or(|at| now_ms < at);
        self.private_apps.get(&held.app_id).filter(|_| works)
    }

    pub fn private_apps(&self) -> impl Iterator<Item = &PrivateApp> {
        self.private_apps.values()
    }

    pub fn private_tokens(&self) -> impl Iterator<Item = &PrivateToken> {
        self.private_tokens.values()
    }

    /// Gives the app of a token another one. The old one ends at once, or after seven days.
    pub fn rotate_private_token(&mut self, now_ms: u64, token: &str, overlap: bool) -> Option<PrivateToken> {
        let old = self.private_tokens.get_mut(token)?;
        old.ends_at = Some(if overlap { now_ms + OVERLAP_MS } else { now_ms });
        let app_id = old.app_id;
        let region = token.split('-').nth(1).unwrap_or("na1").to_owned();
        let fresh = format!("pat-{region}-{}", self.random.uuid());
        let fresh = PrivateToken { token: fresh, app_id, ends_at: None };
        self.private_tokens.insert(fresh.token.clone(), fresh.clone());
        Some(fresh)
    }

    /// Revokes a static token. Says whether it existed.
    pub fn remove_private_token(&mut self, token: &str) -> bool {
        self.private_tokens.remove(token).is_some()
    }

    /// Sets the scopes of the app of a token, from the next call on.
    pub fn set_private_scopes(&mut self, token: &str, scopes: Vec<String>) -> Option<&PrivateApp> {
        let app_id = self.private_tokens.get(token)?.app_id;
        let own = self.private_apps.get_mut(&app_id)?;
        own.scopes = scopes;
        Some(own)
    }

    /// Deletes a private app or service key with all its tokens. Says whether it existed.
    pub fn delete_private_app(&mut self, app_id: u64) -> bool {
        self.private_tokens.retain(|_, token| token.app_id != app_id);
        self.private_apps.remove(&app_id).is_some()
    }

    /// Everything that may be told of changes: OAuth apps and private ones.
    pub(crate) fn listeners(&self) -> impl Iterator<Item = &App> {
        let private = self.private_apps.values().filter(|own| own.kind == StaticKind::PrivateApp);
        self.apps.values().chain(private.map(|own| &own.app))
    }

    /// One of them.
    pub(crate) fn listener(&self, app_id: u64) -> Option<&App> {
        self.apps.get(&app_id).or_else(|| self.private_apps.get(&app_id).map(|own| &own.app))
    }

    /// The private app of this id, if it is this account's.
    pub(super) fn private_in(&self, app_id: u64, portal_id: u64) -> Option<&PrivateApp> {
        self.private_apps.get(&app_id).filter(|own| own.portal_id == portal_id)
    }
}

//! Apps, people, and what was granted: codes, refresh tokens, access tokens, private tokens.
//!
//! Owns who may call. It knows nothing of HTTP ([`crate::oauth`] and [`crate::pages`] speak it), of records, or of
//! limits. Facts: `hubspot-api.md` §2; every unconfirmed one is a field of [`Switches`].

mod people;
mod private_apps;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

pub(crate) use people::MayNot;
pub use private_apps::{NewPrivateApp, PrivateApp, PrivateToken, StaticKind};

use crate::random::Random;
use crate::rights::Rights;
use crate::switches::{Reauthorize, Switches};
use crate::webhooks::Subscription;

/// Expired access tokens are remembered this long, to answer "expired N seconds ago" instead of "unknown".
const REMEMBER_EXPIRED_MS: u64 = 24 * 3_600_000;

/// How an app is distributed, which decides its limits (`hubspot-api.md` §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Private: the account tier's window and the account's shared daily counter.
    Private,
    /// Public (marketplace): 110 per ten seconds, no daily counter.
    Public,
}

/// One app as its developer configured it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct App {
    /// HubSpot's id; 0 asks for the next free one.
    pub app_id: u64,
    /// Shown on the approval page.
    pub name: String,
    /// Empty asks for a generated one.
    pub client_id: String,
    /// Also the key of webhook signatures. Empty asks for a generated one.
    pub client_secret: String,
    /// Compared byte for byte with `redirect_uri`.
    pub redirect_uris: Vec<String>,
    /// `scope` must name each of these.
    pub required_scopes: Vec<String>,
    /// May be named in `optional_scope` (or in `scope`, as conditionally required).
    pub optional_scopes: Vec<String>,
    /// Decides the limits.
    pub distribution: Distribution,
    /// Whether tokens carry the person's rights instead of the app's (`hubspot-api.md` §2.8).
    pub user_level: bool,
    /// Where webhooks go; none are sent without it.
    pub target_url: Option<String>,
    /// What the app is told about.
    pub subscriptions: Vec<Subscription>,
    /// Webhook requests in flight per account (HubSpot's default is 10).
    pub max_concurrent_requests: usize,
}

impl Default for App {
    fn default() -> Self {
        Self {
            app_id: 0,
            name: "Spoke".into(),
            client_id: String::new(),
            client_secret: String::new(),
            redirect_uris: Vec::new(),
            required_scopes: vec!["oauth".into()],
            optional_scopes: Vec::new(),
            distribution: Distribution::Private,
            user_level: false,
            target_url: None,
            subscriptions: Vec::new(),
            max_concurrent_requests: 10,
        }
    }
}

/// Somebody with a HubSpot sign-in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    /// HubSpot's id; 0 asks for the next free one.
    pub user_id: u64,
    /// What the person signs in with.
    pub email: String,
    /// Compared in the clear: this is a simulator.
    pub password: String,
    /// The accounts this person belongs to.
    pub portals: BTreeSet<u64>,
    /// May do everything, and install account-level apps (`hubspot-api.md` §1.4).
    pub super_admin: bool,
    /// "HubSpot Marketplace Access": may install account-level apps too.
    pub marketplace_access: bool,
    /// What the person may do, by account; everything where nothing is set. Means nothing of a super admin.
    pub rights: BTreeMap<u64, Rights>,
}

impl Default for User {
    fn default() -> Self {
        Self {
            user_id: 0,
            email: String::new(),
            password: "hubspot".into(),
            portals: BTreeSet::new(),
            super_admin: true,
            marketplace_access: false,
            rights: BTreeMap::new(),
        }
    }
}

/// The right of one app to one account, given by one person.
#[derive(Debug, Clone, Serialize)]
pub struct Grant {
    pub grant_id: u64,
    pub app_id: u64,
    pub portal_id: u64,
    pub user_id: u64,
    pub scopes: Vec<String>,
    /// False once revoked, replaced or uninstalled: no more refreshes.
    pub alive: bool,
    /// False once uninstalled.
    pub installed: bool,
    /// The refresh token handed out last.
    pub refresh_token: String,
}

#[derive(Debug, Clone)]
struct RefreshToken {
    grant_id: u64,
    /// Set when a newer one replaced it.
    replaced_at: Option<u64>,
}

#[derive(Debug, Clone)]
struct AccessToken {
    grant_id: u64,
    scopes: Vec<String>,
    expires_at: u64,
}

#[derive(Debug, Clone)]
struct Code {
    app_id: u64,
    portal_id: u64,
    user_id: u64,
    scopes: Vec<String>,
    redirect_uri: String,
    expires_at: u64,
}

/// What the token endpoint answers with.
#[derive(Debug, Clone)]
pub struct Issued {
    pub access_token: String,
    pub expires_in: u64,
    /// What the access token carries; fewer than the grant's if the refresh narrowed them.
    pub scopes: Vec<String>,
    pub grant: Grant,
}

/// Why no token was issued; the wire form is [`crate::oauth`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    BadCode,
    BadRedirectUri,
    BadRefreshToken,
    BadScopes,
}

/// What a presented bearer token stands for.
#[derive(Debug)]
pub enum Presented<'a> {
    Unknown,
    Expired { at: u64 },
    Oauth { grant: &'a Grant, scopes: &'a [String], expires_at: u64 },
    Private(&'a PrivateApp),
}

/// Apps, people and everything granted.
#[derive(Debug)]
pub struct Grants {
    pub random: Random,
    apps: BTreeMap<u64, App>,
    users: BTreeMap<u64, User>,
    sessions: HashMap<String, u64>,
    codes: HashMap<String, Code>,
    granted: BTreeMap<u64, Grant>,
    refresh_tokens: HashMap<String, RefreshToken>,
    access_tokens: HashMap<String, AccessToken>,
    private_apps: BTreeMap<u64, PrivateApp>,
    private_tokens: BTreeMap<String, PrivateToken>,
    /// Who was in which account and is there no more.
    removed: BTreeSet<(u64, u64)>,
    next_id: u64,
}

impl Grants {
    /// Nobody and nothing yet.
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed ^ 0x6772_616e_7473),
            apps: BTreeMap::new(),
            users: BTreeMap::new(),
            sessions: HashMap::new(),
            codes: HashMap::new(),
            granted: BTreeMap::new(),
            refresh_tokens: HashMap::new(),
            access_tokens: HashMap::new(),
            private_apps: BTreeMap::new(),
            private_tokens: BTreeMap::new(),
            removed: BTreeSet::new(),
            next_id: 0,
        }
    }

    fn id_from(&mut self, base: u64) -> u64 {
        self.next_id += 1;
        base + self.next_id
    }

    /// Adds the app, or replaces the one with the same id, filling in what was left empty.
    pub fn put_app(&mut self, mut app: App) -> &App {
        if app.app_id == 0 {
            app.app_id = self.id_from(1_160_000);
        }
        if app.client_id.is_empty() {
            app.client_id = self.random.uuid();
        }
        if app.client_secret.is_empty() {
            app.client_secret = self.random.uuid();
        }
        self.number_subscriptions(&mut app);
        let id = app.app_id;
        self.apps.insert(id, app);
        &self.apps[&id]
    }

    fn number_subscriptions(&mut self, app: &mut App) {
        for subscription in &mut app.subscriptions {
            if subscription.id == 0 {
                subscription.id = self.id_from(2_500_000);
            }
        }
    }

    /// Adds the person, or replaces the one with the same id.
    pub fn put_user(&mut self, mut user: User) -> &User {
        if user.user_id == 0 {
            user.user_id = self.id_from(9_000_000);
        }
        let id = user.user_id;
        self.removed.retain(|(removed, portal_id)| *removed != id || !user.portals.contains(portal_id));
        self.users.insert(id, user);
        &self.users[&id]
    }

    pub fn apps(&self) -> impl Iterator<Item = &App> {
        self.apps.values()
    }

    pub fn app(&self, app_id: u64) -> Option<&App> {
        self.apps.get(&app_id)
    }

    pub fn app_by_client(&self, client_id: &str) -> Option<&App> {
        self.apps.values().find(|app| app.client_id == client_id)
    }

    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    pub fn user(&self, user_id: u64) -> Option<&User> {
        self.users.get(&user_id)
    }

    pub fn user_mut(&mut self, user_id: u64) -> Option<&mut User> {
        self.users.get_mut(&user_id)
    }

    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.granted.values()
    }

    /// Every code and token that is not forgotten yet, valid or not.
    pub fn known_tokens(&self) -> Vec<&str> {
        let all = self.codes.keys().chain(self.refresh_tokens.keys()).chain(self.access_tokens.keys());
        all.chain(self.private_tokens.keys()).map(String::as_str).collect()
    }

    /// The cookie of a new browser session, if the address and password belong together.
    pub fn sign_in(&mut self, email: &str, password: &str) -> Option<String> {
        let user =
            self.users.values().find(|u| u.email.eq_ignore_ascii_case(email) && u.password == password)?;
        let user_id = user.user_id;
        let session = self.random.opaque(40);
        self.sessions.insert(session.clone(), user_id);
        Some(session)
    }

    pub fn sign_out(&mut self, session: &str) {
        self.sessions.remove(session);
    }

    pub fn session_user(&self, session: &str) -> Option<&User> {
        self.users.get(self.sessions.get(session)?)
    }

    /// A code for the redirect, good once, for a short while, with the same `redirect_uri`.
    pub fn issue_code(&mut self, now_ms: u64, switches: &Switches, approval: Approval) -> String {
        self.codes.retain(|_, code| code.expires_at > now_ms);
        let code = format!("{}-{}", approval.region, self.random.uuid());
        let Approval { app_id, portal_id, user_id, scopes, redirect_uri, .. } = approval;
        let expires_at = now_ms + switches.code_life_ms;
        self.codes
            .insert(code.clone(), Code { app_id, portal_id, user_id, scopes, redirect_uri, expires_at });
        code
    }

    /// `grant_type=authorization_code`. The code is spent by the attempt, whatever comes of it.
    pub fn exchange_code(
        &mut self,
        now_ms: u64,
        switches: &Switches,
        app_id: u64,
        code: &str,
        redirect_uri: &str,
    ) -> Result<Issued, Denied> {
        let found = self.codes.remove(code).ok_or(Denied::BadCode)?;
        if found.app_id != app_id || found.expires_at <= now_ms {
            return Err(Denied::BadCode);
        }
        if found.redirect_uri != redirect_uri {
            return Err(Denied::BadRedirectUri);
        }
        let region = code.split('-').next().unwrap_or("na1").to_owned();
        let same = |g: &Grant| {
            g.alive && (g.app_id, g.portal_id, g.user_id) == (found.app_id, found.portal_id, found.user_id)
        };
        let previous: Vec<u64> = self.granted.values().filter(|g| same(g)).map(|g| g.grant_id).collect();
        let kept = match switches.reauthorize {
            Reauthorize::SameGrant => previous.last().copied(),
            Reauthorize::NewGrantOldAlive => None,
            Reauthorize::NewGrantOldDead => {
                for id in previous {
                    self.kill(id);
                }
                None
            }
        };
        let grant_id = if let Some(id) = kept {
            if let Some(grant) = self.granted.get_mut(&id) {
                grant.scopes = found.scopes;
            }
            id
        } else {
            let id = self.id_from(0);
            let refresh_token = format!("{region}-{}", self.random.uuid());
            self.refresh_tokens
                .insert(refresh_token.clone(), RefreshToken { grant_id: id, replaced_at: None });
            let Code { app_id, portal_id, user_id, scopes, .. } = found;
            let grant = Grant {
                grant_id: id,
                app_id,
                portal_id,
                user_id,
                scopes,
                alive: true,
                installed: true,
                refresh_token,
            };
            self.granted.insert(id, grant);
            id
        };
        Ok(self.issue_access(now_ms, switches, grant_id, None))
    }

    /// `grant_type=refresh_token`. `scope`, if given, narrows what the access token carries.
    pub fn refresh(
        &mut self,
        now_ms: u64,
        switches: &Switches,
        app_id: u64,
        refresh_token: &str,
        scope: Option<Vec<String>>,
    ) -> Result<Issued, Denied> {
        let held = self.refresh_tokens.get(refresh_token).ok_or(Denied::BadRefreshToken)?;
        if held.replaced_at.is_some_and(|at| now_ms > at + switches.refresh_grace_ms) {
            return Err(Denied::BadRefreshToken);
        }
        let grant_id = held.grant_id;
        let current = held.replaced_at.is_none();
        let ended = self.granted.get(&grant_id).is_some_and(|grant| self.ended_with_user(switches, grant));
        let grant = self.granted.get_mut(&grant_id).ok_or(Denied::BadRefreshToken)?;
        if !grant.alive || ended || grant.app_id != app_id {
            return Err(Denied::BadRefreshToken);
        }
        if scope.as_ref().is_some_and(|wanted| wanted.iter().any(|s| !grant.scopes.contains(s))) {
            return Err(Denied::BadScopes);
        }
        if switches.refresh_rotates && current {
            let region = refresh_token.split('-').next().unwrap_or("na1");
            let fresh = format!("{region}-{}", self.random.uuid());
            grant.refresh_token.clone_from(&fresh);
            self.refresh_tokens.insert(fresh, RefreshToken { grant_id, replaced_at: None });
            if let Some(old) = self.refresh_tokens.get_mut(refresh_token) {
                old.replaced_at = Some(now_ms);
            }
        }
        Ok(self.issue_access(now_ms, switches, grant_id, scope))
    }

    fn issue_access(
        &mut self,
        now_ms: u64,
        switches: &Switches,
        grant_id: u64,
        scope: Option<Vec<String>>,
    ) -> Issued {
        self.access_tokens.retain(|_, token| token.expires_at + REMEMBER_EXPIRED_MS > now_ms);
        let grant = self.granted[&grant_id].clone();
        // Longer than the 255 characters a careless column holds: current HubSpot tokens are.
        let access_token = format!("C{}", self.random.opaque(310));
        let expires_in = switches.access_token_life_s;
        let scopes = scope.unwrap_or_else(|| grant.scopes.clone());
        let expires_at = now_ms + expires_in * 1_000;
        let token = AccessToken { grant_id, scopes: scopes.clone(), expires_at };
        self.access_tokens.insert(access_token.clone(), token);
        Issued { access_token, expires_in, scopes, grant }
    }

    /// What this bearer token stands for now.
    pub fn present(&self, now_ms: u64, token: &str) -> Presented<'_> {
        if let Some(private) = self.private_app_of(now_ms, token) {
            return Presented::Private(private);
        }
        let Some(held) = self.access_tokens.get(token) else { return Presented::Unknown };
        if held.expires_at <= now_ms {
            return Presented::Expired { at: held.expires_at };
        }
        match self.granted.get(&held.grant_id) {
            Some(grant) => Presented::Oauth { grant, scopes: &held.scopes, expires_at: held.expires_at },
            None => Presented::Unknown,
        }
    }

    /// The living grant behind a refresh token.
    pub fn grant_by_refresh_token(&self, token: &str) -> Option<&Grant> {
        let held = self.refresh_tokens.get(token)?;
        self.granted.get(&held.grant_id).filter(|grant| grant.alive && held.replaced_at.is_none())
    }

    fn kill(&mut self, grant_id: u64) {
        if let Some(grant) = self.granted.get_mut(&grant_id) {
            grant.alive = false;
        }
    }

    /// Kills the refresh token's grant; access tokens live on and the app stays installed (`hubspot-api.md` §2.4).
    pub fn revoke(&mut self, app_id: u64, refresh_token: &str) {
        let Some(grant_id) = self.refresh_tokens.get(refresh_token).map(|held| held.grant_id) else { return };
        if self.granted.get(&grant_id).is_some_and(|grant| grant.app_id == app_id) {
            self.kill(grant_id);
        }
    }

    /// Revokes every grant of an app in an account, as an admin's "disconnect" without uninstall would.
    pub fn revoke_all(&mut self, app_id: u64, portal_id: u64) -> usize {
        let alive =
            self.granted.values_mut().filter(|g| g.alive && g.app_id == app_id && g.portal_id == portal_id);
        alive.map(|grant| grant.alive = false).count()
    }

    /// Removes the app from the account, for everybody. Says whether it was there.
    pub fn uninstall(&mut self, switches: &Switches, app_id: u64, portal_id: u64) -> bool {
        let mut gone = BTreeSet::new();
        for grant in self.granted.values_mut() {
            if grant.installed && grant.app_id == app_id && grant.portal_id == portal_id {
                (grant.alive, grant.installed) = (false, false);
                gone.insert(grant.grant_id);
            }
        }
        if !switches.access_survives_uninstall {
            self.access_tokens.retain(|_, token| !gone.contains(&token.grant_id));
        }
        !gone.is_empty()
    }

    /// Whether the app is installed in the account, or is the account's own.
    pub fn installed(&self, app_id: u64, portal_id: u64) -> bool {
        self.private_in(app_id, portal_id).is_some()
            || self.granted.values().any(|g| g.installed && g.app_id == app_id && g.portal_id == portal_id)
    }

    /// Whether some installation of the app in the account has this scope.
    pub fn installed_with(&self, app_id: u64, portal_id: u64, scope: &str) -> bool {
        if let Some(own) = self.private_in(app_id, portal_id) {
            return own.scopes.iter().any(|own| own == scope);
        }
        self.granted.values().any(|g| {
            g.installed
                && g.app_id == app_id
                && g.portal_id == portal_id
                && g.scopes.iter().any(|own| own == scope)
        })
    }

    /// Takes scopes from the app's grants in the account, their access tokens, and the account's private apps. Says how many
    /// grants and private apps lost some.
    pub fn remove_scopes(&mut self, app_id: u64, portal_id: u64, removed: &[String]) -> usize {
        let mut count = 0;
        let take = |scopes: &mut Vec<String>| {
            let before = scopes.len();
            scopes.retain(|scope| !removed.contains(scope));
            scopes.len() < before
        };
        for grant in self.granted.values_mut() {
            if grant.app_id == app_id && grant.portal_id == portal_id && take(&mut grant.scopes) {
                count += 1;
                let own = |token: &&mut AccessToken| token.grant_id == grant.grant_id;
                for token in self.access_tokens.values_mut().filter(own) {
                    take(&mut token.scopes);
                }
            }
        }
        for private in self.private_apps.values_mut().filter(|private| private.portal_id == portal_id) {
            count += usize::from(take(&mut private.scopes));
        }
        count
    }

    /// The accounts the app is installed in, ascending.
    pub fn portals_of(&self, app_id: u64) -> BTreeSet<u64> {
        self.granted.values().filter(|g| g.installed && g.app_id == app_id).map(|g| g.portal_id).collect()
    }

    /// Makes every access token (of one account, or of all) expire now. Says how many.
    pub fn expire_access_tokens(&mut self, now_ms: u64, portal_id: Option<u64>) -> usize {
        let mut count = 0;
        for token in self.access_tokens.values_mut().filter(|token| token.expires_at > now_ms) {
            let portal = self.granted.get(&token.grant_id).map(|grant| grant.portal_id);
            if portal_id.is_none() || portal == portal_id {
                token.expires_at = now_ms;
                count += 1;
            }
        }
        count
    }
}

/// What a person approved on the page.
#[derive(Debug, Clone)]
pub struct Approval {
    pub app_id: u64,
    pub portal_id: u64,
    pub user_id: u64,
    pub scopes: Vec<String>,
    pub redirect_uri: String,
    /// Prefix of codes and refresh tokens: the account's hosting region.
    pub region: String,
}

//! The connection's tokens: sealed at rest, opened in memory, refreshed ahead of expiry.
//!
//! A seal is bound to connection, app and field, so that a copied row opens nowhere else. What the account's limiter passes on
//! to others who hold the same grant ([`crate::engine::limiter::messages::Sealed`]) is bound to app, account, person and field.

use crate::{
    engine::{
        limiter::messages::{Held, Sealed},
        portal::{Turn, state::Connection},
    },
    hubspot::oauth,
    store::{portal::credentials, sql::SqlError},
    values::{
        crypto::{NONCE_BYTES, sha256_hex},
        ids::{AppKey, HubSpotUserId, PortalId},
        json,
        planted::{Bug, planted},
        secret::Secret,
        time::{MINUTE_MS, Timestamp},
    },
};

/// A token this close to its end is refreshed (`hubspot-api.md` 2.2: refresh by age, not on a 401): the five minutes between
/// two ticks, and three for a refresh that has to be repeated.
const REFRESH_AHEAD_MS: i64 = 8 * MINUTE_MS;

pub(super) const ACCESS: &str = "access";
pub(super) const REFRESH: &str = "refresh";
/// The tokens as the limiter passes them on.
const SHARED: &str = "shared";
/// The secret with which a customer's own app signs its webhooks.
const WEBHOOKS: &str = "webhooks";
/// When a token ends that has no end: as late as a date is still one (year 9999).
const NEVER: Timestamp = Timestamp(253_402_300_799_000);
/// Characters of a digest that tell tokens apart.
const MARK_CHARS: usize = 16;

/// Opened tokens; in memory only.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Sent with every call.
    pub access: Secret<String>,
    /// Buys the next access token. `None`: this one is a private app's or a service key, which has no end.
    pub refresh: Option<Secret<String>>,
    /// When HubSpot stops taking the access token.
    pub expires_at: Timestamp,
    /// When it is to be refreshed.
    pub(super) stale_at: Timestamp,
}

fn place(connection: &Connection, field: &str) -> String {
    format!("{}/{}/{field}", connection.id, connection.app)
}

/// The place of tokens that are passed on; `None`: whose they are is not known, so nobody else's are these.
fn shared_place(connection: &Connection, field: &str) -> Option<String> {
    Some(grant_place(&connection.app, connection.account.portal, connection.user?, field))
}

/// The place of tokens of a grant that are passed on to whoever holds it.
pub(super) fn grant_place(app: &AppKey, portal: PortalId, user: HubSpotUserId, field: &str) -> String {
    format!("grant/{app}/{portal}/{user}/{field}")
}

pub(super) fn seal(turn: &mut Turn<'_>, place: &str, token: &Secret<String>) -> String {
    let mut nonce = [0; NONCE_BYTES];
    (turn.random)(&mut nonce);
    turn.config.keyring.seal(place, token, nonce)
}

/// Seals and stores tokens.
pub fn save(turn: &mut Turn<'_>, connection: &Connection, tokens: &Tokens) -> Result<(), SqlError> {
    let sealed = seal(turn, &place(connection, ACCESS), &tokens.access);
    credentials::save(turn.sql, ACCESS, &sealed, Some(tokens.expires_at))?;
    let Some(refresh) = &tokens.refresh else { return Ok(()) };
    let sealed = seal(turn, &place(connection, REFRESH), refresh);
    credentials::save(turn.sql, REFRESH, &sealed, None)?;
    let places = (shared_place(connection, ACCESS), shared_place(connection, REFRESH));
    if let (Some(access_place), Some(refresh_place)) = places {
        let shared = Sealed {
            mark: tokens.mark(),
            expires_at: tokens.expires_at,
            access: seal(turn, &access_place, &tokens.access),
            refresh: seal(turn, &refresh_place, refresh),
        };
        let shared = serde_json::to_string(&shared).map_err(|_| SqlError::Content("credentials"))?;
        credentials::save(turn.sql, SHARED, &shared, None)?;
    }
    Ok(())
}

/// The stored tokens as the limiter passes them on, if they are known to be somebody's.
pub fn shared(turn: &Turn<'_>) -> Result<Option<Sealed>, SqlError> {
    let Some(stored) = credentials::load(turn.sql, SHARED)? else { return Ok(None) };
    json::parse(&stored.sealed).map(Some).map_err(|_| SqlError::Content("credentials"))
}

/// Opens what another holder of the grant has; `None`: no key does.
pub fn open_shared(turn: &Turn<'_>, connection: &Connection, shared: &Sealed) -> Option<Tokens> {
    let open =
        |field: &str, sealed: &str| turn.config.keyring.open(&shared_place(connection, field)?, sealed).ok();
    let (access, refresh) = (open(ACCESS, &shared.access)?, open(REFRESH, &shared.refresh)?);
    Some(Tokens::ending(access, refresh, shared.expires_at))
}

/// Seals and stores the secret with which the customer's own app signs its webhooks.
pub fn save_webhook_secret(
    turn: &mut Turn<'_>,
    connection: &Connection,
    secret: &Secret<String>,
) -> Result<(), SqlError> {
    let sealed = seal(turn, &place(connection, WEBHOOKS), secret);
    credentials::save(turn.sql, WEBHOOKS, &sealed, None)
}

/// Opens it; `None`: there is none, or no key opens it.
pub fn webhook_secret(turn: &Turn<'_>, connection: &Connection) -> Result<Option<Secret<String>>, SqlError> {
    let Some(stored) = credentials::load(turn.sql, WEBHOOKS)? else { return Ok(None) };
    Ok(turn.config.keyring.open(&place(connection, WEBHOOKS), &stored.sealed).ok())
}

/// Seals anew what an older key sealed and no refresh will: so that the operator may drop that key.
pub fn reseal(turn: &mut Turn<'_>, connection: &Connection) -> Result<(), SqlError> {
    for field in [ACCESS, REFRESH, WEBHOOKS] {
        let Some(stored) = credentials::load(turn.sql, field)? else { continue };
        let keyring = &turn.config.keyring;
        if !keyring.is_stale(&stored.sealed) {
            continue;
        }
        if let Ok(opened) = keyring.open(&place(connection, field), &stored.sealed) {
            let sealed = seal(turn, &place(connection, field), &opened);
            credentials::save(turn.sql, field, &sealed, stored.expires_at)?;
        }
    }
    Ok(())
}

/// What lies there of a connection's tokens.
#[derive(Debug)]
pub enum Stored {
    /// None.
    Nothing,
    /// These.
    Tokens(Tokens),
    /// Seals that this deployment's keyring does not open, which is the operator's to mend.
    Locked,
}

/// Opens the stored tokens.
pub fn load(turn: &Turn<'_>, connection: &Connection) -> Result<Stored, SqlError> {
    let open = |field: &str, sealed: &str| turn.config.keyring.open(&place(connection, field), sealed);
    let (access, refresh) = (credentials::load(turn.sql, ACCESS)?, credentials::load(turn.sql, REFRESH)?);
    let Some(access) = access else { return Ok(Stored::Nothing) };
    if refresh.is_none() && !connection.app.is_token() {
        return Ok(Stored::Nothing);
    }
    let expires_at = access.expires_at.unwrap_or_default();
    let stale_at = expires_at.minus_ms(REFRESH_AHEAD_MS);
    let refresh = refresh.map(|refresh| open(REFRESH, &refresh.sealed)).transpose();
    let (Ok(access), Ok(refresh)) = (open(ACCESS, &access.sealed), refresh) else {
        return Ok(Stored::Locked);
    };
    Ok(Stored::Tokens(Tokens { access, refresh, expires_at, stale_at }))
}

impl Tokens {
    /// Tokens as HubSpot handed them out at `now`. Of a life that is short anyway at least half is used.
    pub fn new(access: Secret<String>, refresh: Secret<String>, expires_in_ms: i64, now: Timestamp) -> Self {
        let expires_at = now.plus_ms(expires_in_ms);
        let stale_at = expires_at.minus_ms(REFRESH_AHEAD_MS.min(expires_in_ms / 2));
        Self { access, refresh: Some(refresh), expires_at, stale_at }
    }

    /// Tokens that somebody else was handed, of which only the end is known.
    pub fn ending(access: Secret<String>, refresh: Secret<String>, expires_at: Timestamp) -> Self {
        Self { access, refresh: Some(refresh), expires_at, stale_at: expires_at.minus_ms(REFRESH_AHEAD_MS) }
    }

    /// A private app's token, or a service key.
    pub fn fixed(access: Secret<String>) -> Self {
        Self { access, refresh: None, expires_at: NEVER, stale_at: NEVER }
    }

    /// The tokens after a refresh; HubSpot may or may not hand out a new refresh token, what comes back counts.
    pub fn refreshed(&self, answer: oauth::Tokens, now: Timestamp) -> Self {
        let told = answer.refresh.filter(|_| !planted(Bug::OldRefreshTokenKept));
        match told.or_else(|| self.refresh.clone()) {
            Some(refresh) => Self::new(answer.access, refresh, answer.expires_in_ms, now),
            None => Self::fixed(answer.access),
        }
    }

    /// Tells these tokens from others of their grant; says nothing about them.
    pub fn mark(&self) -> String {
        let mut digest = sha256_hex(self.access.expose().as_bytes());
        digest.truncate(MARK_CHARS);
        digest
    }

    /// What the limiter is told of them when a refresh is due.
    pub fn held(&self) -> Held {
        Held { mark: self.mark(), expires_at: self.expires_at }
    }

    /// Whether a refresh is due.
    pub fn stale(&self, now: Timestamp) -> bool {
        self.stale_at <= now || self.expired(now)
    }

    /// Whether it makes no sense to send it.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

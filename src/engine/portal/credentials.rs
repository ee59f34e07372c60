//! The connection's tokens: sealed at rest, opened in memory, refreshed ahead of expiry.
//!
//! A seal is bound to connection, app and field, so that a copied row opens nowhere else.

use crate::{
    engine::portal::{Turn, state::Connection},
    hubspot::oauth,
    store::{portal::credentials, sql::SqlError},
    values::{
        crypto::NONCE_BYTES,
        planted::{Bug, planted},
        secret::Secret,
        time::{MINUTE_MS, Timestamp},
    },
};

/// A token this close to its end is refreshed (`hubspot-api.md` 2.2: refresh by age, not on a 401): the five minutes between
/// two ticks, and three for a refresh that has to be repeated.
const REFRESH_AHEAD_MS: i64 = 8 * MINUTE_MS;

const ACCESS: &str = "access";
const REFRESH: &str = "refresh";

/// Opened tokens; in memory only.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Sent with every call.
    pub access: Secret<String>,
    /// Buys the next access token.
    pub refresh: Secret<String>,
    /// When HubSpot stops taking the access token.
    pub expires_at: Timestamp,
    /// When it is to be refreshed.
    stale_at: Timestamp,
}

fn place(connection: &Connection, field: &str) -> String {
    format!("{}/{}/{field}", connection.id, connection.app)
}

/// Seals and stores tokens.
pub fn save(turn: &mut Turn<'_>, connection: &Connection, tokens: &Tokens) -> Result<(), SqlError> {
    for (field, token, expires_at) in
        [(ACCESS, &tokens.access, Some(tokens.expires_at)), (REFRESH, &tokens.refresh, None)]
    {
        let mut nonce = [0; NONCE_BYTES];
        (turn.random)(&mut nonce);
        let sealed = turn.config.keyring.seal(&place(connection, field), token, nonce);
        credentials::save(turn.sql, field, &sealed, expires_at)?;
    }
    Ok(())
}

/// Opens the stored tokens. `None` if there are none, or if no key opens them (which is ours to mend, and logged by
/// whoever starts the object).
pub fn load(turn: &Turn<'_>, connection: &Connection) -> Result<Option<Tokens>, SqlError> {
    let open = |field: &str| {
        let Some(stored) = credentials::load(turn.sql, field)? else { return Ok::<_, SqlError>(None) };
        let opened = turn.config.keyring.open(&place(connection, field), &stored.sealed);
        Ok(opened.ok().map(|token| (token, stored.expires_at)))
    };
    let (Some((access, expires_at)), Some((refresh, _))) = (open(ACCESS)?, open(REFRESH)?) else {
        return Ok(None);
    };
    let expires_at = expires_at.unwrap_or_default();
    Ok(Some(Tokens { access, refresh, expires_at, stale_at: expires_at.minus_ms(REFRESH_AHEAD_MS) }))
}

impl Tokens {
    /// Tokens as HubSpot handed them out at `now`. Of a life that is short anyway at least half is used.
    pub fn new(access: Secret<String>, refresh: Secret<String>, expires_in_ms: i64, now: Timestamp) -> Self {
        let expires_at = now.plus_ms(expires_in_ms);
        let stale_at = expires_at.minus_ms(REFRESH_AHEAD_MS.min(expires_in_ms / 2));
        Self { access, refresh, expires_at, stale_at }
    }

    /// The tokens after a refresh; HubSpot may or may not hand out a new refresh token, what comes back counts.
    pub fn refreshed(&self, answer: oauth::Tokens, now: Timestamp) -> Self {
        let told = answer.refresh.filter(|_| !planted(Bug::OldRefreshTokenKept));
        let refresh = told.unwrap_or_else(|| self.refresh.clone());
        Self::new(answer.access, refresh, answer.expires_in_ms, now)
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

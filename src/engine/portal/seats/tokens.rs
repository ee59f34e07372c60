//! A seat's tokens: sealed for connection, seat, app and field, so that the row of one opens for no other.

use super::seat::Held;
use crate::{
    engine::{
        limiter::messages::{self as limiter, Sealed},
        portal::{
            Turn,
            credentials::{self, ACCESS, REFRESH, Tokens, grant_place},
            state::Connection,
        },
    },
    values::{
        crypto::CryptoError,
        ids::{AppKey, HubSpotUserId, SeatId},
        secret::Secret,
        time::Timestamp,
    },
};

fn place(connection: &Connection, seat: &SeatId, app: &AppKey, field: &str) -> String {
    format!("{}/{seat}/{app}/{field}", connection.id)
}

/// Seals tokens for a seat.
pub(super) fn seal(
    turn: &mut Turn<'_>,
    connection: &Connection,
    seat: &SeatId,
    (app, user): (&AppKey, HubSpotUserId),
    tokens: &Tokens,
) -> Option<Held> {
    let refresh = tokens.refresh.as_ref()?;
    Some(Held {
        app: app.clone(),
        user,
        access: credentials::seal(turn, &place(connection, seat, app, ACCESS), &tokens.access),
        refresh: credentials::seal(turn, &place(connection, seat, app, REFRESH), refresh),
        expires_at: tokens.expires_at,
        stale_at: tokens.stale_at,
        mark: tokens.mark(),
        failures: 0,
        retry_at: Timestamp::default(),
        refused_once: false,
        dead: false,
    })
}

/// Opens one token of a seat.
pub(super) fn open(
    turn: &Turn<'_>,
    connection: &Connection,
    seat: &SeatId,
    held: &Held,
    field: &str,
) -> Result<Secret<String>, CryptoError> {
    let sealed = if field == ACCESS { &held.access } else { &held.refresh };
    turn.config.keyring.open(&place(connection, seat, &held.app, field), sealed)
}

/// The tokens as the limiter hands them to others who hold the grant; `None`: they do not open.
pub(super) fn shared(
    turn: &mut Turn<'_>,
    connection: &Connection,
    seat: &SeatId,
    held: &Held,
) -> Option<Sealed> {
    let access = open(turn, connection, seat, held, ACCESS).ok()?;
    let refresh = open(turn, connection, seat, held, REFRESH).ok()?;
    let portal = connection.account.portal;
    let mut seal =
        |field, token| credentials::seal(turn, &grant_place(&held.app, portal, held.user, field), token);
    let (access, refresh) = (seal(ACCESS, &access), seal(REFRESH, &refresh));
    Some(Sealed { mark: held.mark.clone(), expires_at: held.expires_at, access, refresh })
}

/// What another holder of the grant has, sealed for this seat; `None`: it does not open.
pub(super) fn adopt(
    turn: &mut Turn<'_>,
    connection: &Connection,
    seat: &SeatId,
    held: &Held,
    newer: &Sealed,
) -> Option<Held> {
    let portal = connection.account.portal;
    let open = |field: &str, sealed: &str| {
        turn.config.keyring.open(&grant_place(&held.app, portal, held.user, field), sealed).ok()
    };
    let (access, refresh) = (open(ACCESS, &newer.access)?, open(REFRESH, &newer.refresh)?);
    let tokens = Tokens::ending(access, refresh, newer.expires_at);
    seal(turn, connection, seat, (&held.app, held.user), &tokens)
}

/// What the limiter is told of them when a refresh is due.
pub(super) fn of(held: &Held) -> limiter::Held {
    limiter::Held { mark: held.mark.clone(), expires_at: held.expires_at }
}

/// Seals anew what an older key sealed; says whether anything was.
pub(super) fn reseal(turn: &mut Turn<'_>, connection: &Connection, seat: &SeatId, held: &mut Held) -> bool {
    let keyring = &turn.config.keyring;
    if !keyring.is_stale(&held.access) && !keyring.is_stale(&held.refresh) {
        return false;
    }
    let opened = (open(turn, connection, seat, held, ACCESS), open(turn, connection, seat, held, REFRESH));
    let (Ok(access), Ok(refresh)) = opened else { return false };
    held.access = credentials::seal(turn, &place(connection, seat, &held.app, ACCESS), &access);
    held.refresh = credentials::seal(turn, &place(connection, seat, &held.app, REFRESH), &refresh);
    true
}

//! Seats: the host's users who have authorised individually, through the configured app of kind `user` (`hubspot-api.md` 2.8). What
//! is asked in the name of a seat is asked with its own token only, by the front ([`pass`]); nothing of it is mirrored.
//!
//! Owns a row for each seat, with its sealed tokens, and the one-time secrets that lead to one: the host's link (an hour), the state
//! that HubSpot gives back (ten minutes), the code that the host's server redeems (five). Each is kept as its hash, used once, and
//! only the newest of a seat counts. Tokens are refreshed when they are asked for ([`work`]), by one holder of the grant at a time.

pub mod commands;
pub mod desk;
pub mod pass;
pub mod reading;
mod seat;
mod tokens;
mod work;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Effect, Portal, Turn,
    beside::{EVERY_MS, Source},
    credentials::{ACCESS, Tokens},
    messages::{self, StreamState},
    state::Connection,
};
use crate::{
    engine::actor::Actor,
    store::{
        portal::{
            reference,
            seats::{self as store, Kind},
        },
        sql::SqlError,
    },
    values::{
        crypto::{sha256_hex, token_from_random},
        failure::Failure,
        ids::{HubSpotUserId, SeatId},
        json,
        secret::Secret,
        time::{HOUR_MS, MINUTE_MS, Timestamp},
    },
};
use commands::{Answer, Authorised, Card, Command, NoOwner, SEATS_LIMIT, State, Token};
use seat::{End, Pending, Seat};
pub use work::Errand;
pub(super) use work::Want;

/// Most seats of a connection. A row has some 3 KB, most of it sealed tokens: 3 MB; and the limiter keeps the tokens of twice as many
/// grants of the account ([`crate::engine::limiter`]).
pub const MOST: u32 = 1_000;
/// Life of the host's link.
const LINK_MS: i64 = HOUR_MS;
/// Life of a state; that of a connection's is the same.
const STATE_MS: i64 = 10 * MINUTE_MS;
/// Life of a code: the host's page calls its server at once.
const CODE_MS: i64 = 5 * MINUTE_MS;
/// How exactly it is kept when a seat was used last: each time costs a row.
const USED_MS: i64 = 5 * MINUTE_MS;
/// When a request should ask again while its token is refreshed: HubSpot takes some 200 ms for that.
const ASK_AGAIN_MS: u32 = 250;
/// What a state of a seat begins with, followed by its connection's id: states of connections hold no dot.
const STATE_PREFIX: &str = "seat.";

/// The connection of a seat's state; `None`: it is the state of a connection, or of nothing.
pub fn connection_of_state(state: &str) -> Option<&str> {
    let (connection, _) = state.strip_prefix(STATE_PREFIX)?.split_once('.')?;
    Some(connection)
}

/// What is under way for seats. Lost with the object: whoever waits for a token asks again, and grants that are to be left are in
/// the rows.
#[derive(Debug, Default)]
pub(super) struct Seats {
    /// Tokens that are asked for, and when to try.
    wanted: BTreeMap<SeatId, Timestamp>,
    /// Questions to the limiter.
    asking: BTreeMap<SeatId, Want>,
    /// When a row is due next.
    due_at: Option<Timestamp>,
    /// Readings of tasks that several requests share.
    desks: desk::Desks,
}

/// What is kept of a state.
#[derive(Serialize, Deserialize)]
struct Way {
    browser: String,
    return_url: String,
}

impl Seats {
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        Ok(Self { due_at: store::due_at(turn.sql)?, ..Self::default() })
    }

    /// Whether the limiter is asked.
    pub(super) fn asking(&self) -> bool {
        !self.asking.is_empty()
    }

    /// When there is something to do.
    pub(super) fn due_at(&self) -> Option<Timestamp> {
        self.wanted.values().copied().chain(self.due_at).min()
    }
}

fn secret(turn: &mut Turn<'_>) -> Secret<String> {
    let mut bytes = [0; 32];
    (turn.random)(&mut bytes);
    // Stamped, so that an invented one asks nobody.
    token_from_random(turn.config.keyring.stamp(bytes))
}

fn failing(failure: Failure, retry_at: Option<Timestamp>) -> Answer {
    Answer::Failing { failure: failure.name().to_owned(), retry_at }
}

impl Portal {
    pub(super) fn seat_command(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        command: Command,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        if turn.config.seat_app().is_none() {
            return Ok(Answer::Off);
        }
        let over = |connection: &Connection| match connection.state {
            messages::State::Disconnecting | messages::State::Disconnected => true,
            messages::State::Active
            | messages::State::Paused { .. }
            | messages::State::PausedByPerson { .. }
            | messages::State::NeedsReauthorisation => false,
        };
        let live = self.connection.clone().filter(|connection| !over(connection));
        Ok(match command {
            Command::List { after, limit } => {
                let limit = limit.clamp(1, SEATS_LIMIT);
                let rows = store::page(turn.sql, after, limit)?;
                let next = rows.last().map(|row| row.number).filter(|_| rows.len() == limit as usize);
                let view = |row: &store::Stored| Ok(Seat::parse(row)?.view(row.number, turn.now));
                Answer::Seats { page: rows.iter().map(view).collect::<Result<_, SqlError>>()?, next }
            }
            Command::Get(id) => match Seat::find(turn, &id)? {
                Some((number, seat)) => Answer::Seat(Box::new(seat.view(number, turn.now))),
                None => Answer::Unknown,
            },
            Command::Owner(id) => match Seat::find(turn, &id)? {
                Some((_, seat)) => match (seat.state(), seat.hubspot_user) {
                    (State::Active, Some(user)) => match (owner(turn, user)?, live) {
                        (Some(owner), _) => Answer::Owner(owner),
                        (None, Some(connection)) => Answer::NoOwner(self.no_owner(turn.now, &connection)),
                        (None, None) => Answer::NotConnected,
                    },
                    (state, _) => Answer::NotActive(state),
                },
                None => Answer::Unknown,
            },
            Command::Revoke(id) => match Seat::find(turn, &id)? {
                Some((number, mut seat)) => {
                    self.end_seat(turn, number, &mut seat, End::Revoked)?;
                    self.rouse_for_seats(turn.now, effects);
                    Answer::Seat(Box::new(seat.view(number, turn.now)))
                }
                None => Answer::Unknown,
            },
            Command::Invite { user, return_url } => match live {
                Some(_) => Self::invite(turn, user, return_url)?,
                None => Answer::NotConnected,
            },
            Command::Look { link } => match (live, Self::by_secret(turn, Kind::Link, &link)?) {
                (Some(connection), Some((_, seat, found))) => Answer::Card(Box::new(Card {
                    user: seat.user,
                    workspace: connection.workspace.clone(),
                    account: account_name(&connection),
                    until: found.expires_at,
                })),
                _ => Answer::Unknown,
            },
            Command::Start { link, browser } => match live {
                Some(connection) => Self::start_seat(turn, &connection, &link, browser)?,
                None => Answer::Unknown,
            },
            Command::Finish { state, browser } => match live {
                Some(_) => Self::finish_seat(turn, &state, &browser)?,
                None => Answer::Unknown,
            },
            Command::Authorise(authorised) => match live {
                Some(connection) => self.authorise_seat(turn, &connection, &authorised, effects)?,
                None => Answer::Unknown,
            },
            Command::Redeem { code, user } => match live {
                Some(_) => self.redeem(turn, &code, &user, effects)?,
                None => Answer::Unknown,
            },
            Command::Desk { seat, wanted, ticket } => match live {
                Some(connection) => self.desk(turn, &connection, (&seat, &wanted, ticket))?,
                None => Answer::NotConnected,
            },
            Command::DeskGoesOn { seat, ticket } => self.desk_goes_on(turn, &seat, ticket),
            Command::DeskRead { seat, ticket, told } => {
                self.desk_read(turn, (&seat, ticket, told.as_deref()))?
            }
            Command::Log { seat, asked } => match (live, Seat::find(turn, &seat)?) {
                (None, _) => Answer::NotConnected,
                (_, None) => Answer::Unknown,
                (_, Some((_, own))) if own.state() != State::Active => Answer::NotActive(own.state()),
                (_, Some((_, own))) => {
                    let owner = own.hubspot_user.map(|user| owner_id(turn, user)).transpose()?.flatten();
                    Answer::Logged(self.take_of_seat(turn, actor, (&seat, owner), *asked, effects)?)
                }
            },
            Command::Token { seat, refused, calls } => match live {
                Some(connection) => {
                    let told = self.seat_token(turn, &connection, &seat, refused.as_deref(), effects)?;
                    if let (Answer::Token(_), Some(endpoint)) = (&told, calls) {
                        self.count_seat_call(turn, endpoint, refused.is_some())?;
                    }
                    told
                }
                None => Answer::NotConnected,
            },
        })
    }

    fn by_secret(
        turn: &Turn<'_>,
        kind: Kind,
        hash: &str,
    ) -> Result<Option<(i64, Seat, store::Secret)>, SqlError> {
        let Some(found) = store::secret(turn.sql, kind, hash, turn.now)? else { return Ok(None) };
        let read = Seat::read(store::by_number(turn.sql, found.seat)?)?;
        Ok(read.map(|(number, seat)| (number, seat, found)))
    }

    fn invite(turn: &mut Turn<'_>, user: String, return_url: String) -> Result<Answer, SqlError> {
        let (number, mut seat) = match Seat::read(store::by_user(turn.sql, &user)?)? {
            Some(found) => found,
            None => {
                if !make_room(turn)? {
                    return Ok(Answer::Full(MOST));
                }
                let mut bytes = [0; 12];
                (turn.random)(&mut bytes);
                let seat = Seat::new(SeatId::from_random(bytes), user, turn.now);
                store::add(turn.sql, &seat.id, &seat.user, &seat.json()?)?;
                let number = Seat::find(turn, &seat.id)?.ok_or(SqlError::Content("seats"))?.0;
                (number, seat)
            }
        };
        let (link, until) = (secret(turn), turn.now.plus_ms(LINK_MS));
        seat.invited_at = turn.now;
        seat.link_until = Some(until);
        seat.ended = None;
        seat.save(turn, number)?;
        let kept = store::Secret { seat: number, content: return_url, expires_at: until };
        let hash = sha256_hex(link.expose().as_bytes());
        store::put_secret(turn.sql, Kind::Link, &hash, &kept, turn.now)?;
        Ok(Answer::Invited { seat: Box::new(seat.view(number, turn.now)), secret: link, until })
    }

    fn start_seat(
        turn: &mut Turn<'_>,
        connection: &Connection,
        link: &str,
        browser: String,
    ) -> Result<Answer, SqlError> {
        let Some((number, mut seat, found)) = Self::by_secret(turn, Kind::Link, link)? else {
            return Ok(Answer::Unknown);
        };
        let Some(app) = turn.config.seat_app().map(|app| app.key.clone()) else { return Ok(Answer::Off) };
        store::forget_secrets(turn.sql, Kind::Link, number)?;
        seat.link_until = None;
        seat.save(turn, number)?;
        let state = Secret::new(format!("{STATE_PREFIX}{}.{}", connection.id, secret(turn).expose()));
        let way = Way { browser, return_url: found.content };
        let content = serde_json::to_string(&way).map_err(|_| SqlError::Content("seats"))?;
        let kept = store::Secret { seat: number, content, expires_at: turn.now.plus_ms(STATE_MS) };
        let hash = sha256_hex(state.expose().as_bytes());
        store::put_secret(turn.sql, Kind::State, &hash, &kept, turn.now)?;
        Ok(Answer::Started { state, app })
    }

    /// The state is used up whoever brings it: one that is out is good for nobody.
    fn finish_seat(turn: &Turn<'_>, state: &str, browser: &str) -> Result<Answer, SqlError> {
        let Some((number, seat, found)) = Self::by_secret(turn, Kind::State, state)? else {
            return Ok(Answer::Unknown);
        };
        store::forget_secrets(turn.sql, Kind::State, number)?;
        let way: Way = json::parse(&found.content).map_err(|_| SqlError::Content("seats"))?;
        Ok(match turn.config.seat_app() {
            Some(app) if way.browser == browser => {
                Answer::Begun { seat: seat.id, app: app.key.clone(), return_url: way.return_url }
            }
            _ => Answer::Unknown,
        })
    }

    fn authorise_seat(
        &mut self,
        turn: &mut Turn<'_>,
        connection: &Connection,
        authorised: &Authorised,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let Some((number, mut seat)) = Seat::find(turn, &authorised.seat)? else {
            return Ok(Answer::Unknown);
        };
        if authorised.portal != connection.account.portal {
            return Ok(Answer::OtherPortal(account_name(connection)));
        }
        let is_seat_app = turn.config.seat_app().is_some_and(|app| app.key == authorised.app);
        if !authorised.user_level || !is_seat_app {
            return Ok(Answer::NotUserLevel);
        }
        let access = Secret::new(authorised.access_token.clone());
        let refresh = Secret::new(authorised.refresh_token.clone());
        let fresh = Tokens::new(access, refresh, authorised.expires_in_ms, turn.now);
        let whose = (&authorised.app, authorised.user);
        let Some(held) = tokens::seal(turn, connection, &seat.id, whose, &fresh) else {
            return Ok(Answer::Unknown);
        };
        Self::tell_of_grant(turn, connection, &seat.id, &held, Vec::new(), effects);
        seat.leaving.retain(|other| !other.is_grant(&held));
        if let Some(before) = seat.pending.take().filter(|before| !before.held.is_grant(&held)) {
            seat.leave(before.held);
        }
        if matches!(seat.ended, Some((End::Revoked, _))) {
            // Ended while the user was at HubSpot: what came is given back.
            seat.leave(held);
            self.save_seat(turn, number, &seat)?;
            self.rouse_for_seats(turn.now, effects);
            return Ok(Answer::Unknown);
        }
        let (code, until) = (secret(turn), turn.now.plus_ms(CODE_MS));
        seat.pending = Some(Pending { held, until });
        self.save_seat(turn, number, &seat)?;
        let kept = store::Secret { seat: number, content: String::new(), expires_at: until };
        let hash = sha256_hex(code.expose().as_bytes());
        store::put_secret(turn.sql, Kind::Code, &hash, &kept, turn.now)?;
        Ok(Answer::Code { code })
    }

    fn redeem(
        &mut self,
        turn: &Turn<'_>,
        code: &str,
        user: &str,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let Some((number, mut seat, _)) = Self::by_secret(turn, Kind::Code, code)? else {
            return Ok(Answer::Unknown);
        };
        store::forget_secrets(turn.sql, Kind::Code, number)?;
        let Some(Pending { held, .. }) = seat.pending.take() else { return Ok(Answer::Unknown) };
        if seat.user != user {
            seat.leave(held);
            self.save_seat(turn, number, &seat)?;
            self.rouse_for_seats(turn.now, effects);
            return Ok(Answer::Unknown);
        }
        seat.hubspot_user = Some(held.user);
        seat.leaving.retain(|other| !other.is_grant(&held));
        if let Some(before) = seat.held.replace(held) {
            seat.leave(before);
        }
        seat.ended = None;
        seat.active_at = Some(turn.now);
        self.save_seat(turn, number, &seat)?;
        self.rouse_for_seats(turn.now, effects);
        Ok(Answer::Seat(Box::new(seat.view(number, turn.now))))
    }

    /// The token of a seat; has it refreshed where that is due.
    fn seat_token(
        &mut self,
        turn: &mut Turn<'_>,
        connection: &Connection,
        id: &SeatId,
        refused: Option<&str>,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        match connection.state {
            messages::State::PausedByPerson { .. } => return Ok(Answer::Paused),
            messages::State::Paused { until } if until > turn.now => {
                let moving = Failure::AccountMoving;
                if connection.trouble.as_ref().is_some_and(|trouble| trouble.kind == moving.name()) {
                    return Ok(failing(moving, Some(until)));
                }
            }
            _ => {}
        }
        let Some((number, mut seat)) = Seat::find(turn, id)? else { return Ok(Answer::Unknown) };
        let state = seat.state();
        let (State::Active, Some(held)) = (state, &mut seat.held) else {
            return Ok(Answer::NotActive(state));
        };
        let mut changed = false;
        if refused.is_some_and(|mark| mark == held.mark) && held.expires_at > Timestamp::default() {
            // Saved, so that a refresh whose answer is lost is repeated.
            (held.expires_at, held.stale_at) = (Timestamp::default(), Timestamp::default());
            changed = true;
        }
        if seat.used_at.is_none_or(|at| turn.now.since_ms(at) >= USED_MS) {
            seat.used_at = Some(turn.now);
            changed = true;
        }
        let held = held.clone();
        if changed {
            self.save_seat(turn, number, &seat)?;
        }
        let waits = held.retry_at > turn.now;
        if held.stale_at <= turn.now && !waits {
            self.want_seat(turn.now, id, effects);
        }
        if held.expires_at <= turn.now {
            return Ok(if waits {
                failing(Failure::TokenService, Some(held.retry_at))
            } else {
                Answer::Wait(ASK_AGAIN_MS)
            });
        }
        Ok(match tokens::open(turn, connection, id, &held, ACCESS) {
            Ok(access) => Answer::Token(Box::new(Token {
                access,
                mark: held.mark,
                app: held.app,
                portal: connection.account.portal,
                user: held.user,
            })),
            Err(_) => failing(Failure::KeyMissing, None),
        })
    }

    /// Ends a seat: nothing leads to it any more, and its grants are left.
    fn end_seat(&mut self, turn: &Turn<'_>, number: i64, seat: &mut Seat, end: End) -> Result<(), SqlError> {
        for kind in [Kind::Link, Kind::State, Kind::Code] {
            store::forget_secrets(turn.sql, kind, number)?;
        }
        let pending = seat.pending.take().map(|pending| pending.held);
        for held in [pending, seat.held.take()].into_iter().flatten() {
            seat.leave(held);
        }
        seat.link_until = None;
        if !matches!(seat.ended, Some((End::Revoked, _))) {
            seat.ended = Some((end, turn.now));
        }
        self.save_seat(turn, number, seat)
    }

    /// The connection ends, and its seats with it.
    pub(super) fn end_seats(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        for row in store::page(turn.sql, 0, MOST)? {
            let mut seat = Seat::parse(&row)?;
            self.end_seat(turn, row.number, &mut seat, End::Revoked)?;
        }
        Ok(())
    }

    /// Once a life: what older keys sealed is sealed with the newest, for seats that nobody uses too.
    pub(super) fn reseal_seats(turn: &mut Turn<'_>, connection: &Connection) -> Result<(), SqlError> {
        for row in store::page(turn.sql, 0, MOST)? {
            let mut seat = Seat::parse(&row)?;
            let id = seat.id.clone();
            let mut changed = false;
            for held in seat.tokens() {
                changed |= tokens::reseal(turn, connection, &id, held);
            }
            if changed {
                seat.save(turn, row.number)?;
            }
        }
        Ok(())
    }

    /// Why a user is not known as an owner, by how the reading of owners stands.
    fn no_owner(&self, now: Timestamp, connection: &Connection) -> NoOwner {
        let owners = self.source_status(Source::Owners, connection);
        let trouble = owners.trouble.map(|trouble| trouble.words);
        match (owners.state, owners.read_at) {
            (StreamState::NoScope { scopes }, _) => NoOwner::Unreadable { scopes },
            (StreamState::Running, None) => NoOwner::Unread { trouble },
            (StreamState::Running, Some(read_at)) => {
                let next_at = self.goes_on().then(|| read_at.plus_ms(EVERY_MS).max(now));
                NoOwner::Absent { read_at, next_at, trouble }
            }
        }
    }

    fn save_seat(&mut self, turn: &Turn<'_>, number: i64, seat: &Seat) -> Result<(), SqlError> {
        seat.save(turn, number)?;
        self.seats.due_at = store::due_at(turn.sql)?;
        Ok(())
    }
}

/// The owner that a person in HubSpot is, of those the mirror has.
fn owner(turn: &Turn<'_>, user: HubSpotUserId) -> Result<Option<String>, SqlError> {
    const WRONG: SqlError = SqlError::Content("reference");
    let owners = format!("[{}]", reference::joined(turn.sql, "owners")?);
    let owners: Vec<serde_json::Value> = json::parse(&owners).map_err(|_| WRONG)?;
    let user = user.to_string();
    let own = owners.iter().filter(|owner| owner["user_id"] == user.as_str());
    let live = own.clone().find(|owner| owner["archived"] == false);
    Ok(live.or_else(|| own.clone().next()).map(ToString::to_string))
}

/// The id of the owner that a person in HubSpot is, if that owner is still one.
fn owner_id(turn: &Turn<'_>, user: HubSpotUserId) -> Result<Option<String>, SqlError> {
    let Some(owner) = owner(turn, user)? else { return Ok(None) };
    let owner: serde_json::Value = json::parse(&owner).map_err(|_| SqlError::Content("reference"))?;
    let live = owner["archived"] != true;
    Ok(owner["id"].as_str().filter(|_| live).map(str::to_owned))
}

/// The account as people know it.
fn account_name(connection: &Connection) -> String {
    let account = &connection.account;
    account.name.clone().unwrap_or_else(|| format!("HubSpot account {}", account.portal))
}

/// Makes room for one more seat by removing the oldest that nothing is left of; says whether there is.
fn make_room(turn: &Turn<'_>) -> Result<bool, SqlError> {
    if store::count(turn.sql)? < MOST {
        return Ok(true);
    }
    for row in store::page(turn.sql, 0, MOST)? {
        if Seat::parse(&row)?.is_spent(turn.now) {
            store::remove(turn.sql, row.number)?;
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_of_a_seat_names_its_connection_and_no_other_state_does() {
        let id = "con_070707070707070707070707";
        assert_eq!(connection_of_state(&format!("seat.{id}.secret")), Some(id));
        for other in ["", "seat.", "seat.con", "con.seat.x", "BjM2k_state-of-a-connection"] {
            assert_eq!(connection_of_state(other), None, "{other}");
        }
    }
}

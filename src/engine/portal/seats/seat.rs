//! One seat, as saved.

use serde::{Deserialize, Serialize};

use super::commands::{State, View};
use crate::{
    engine::portal::Turn,
    store::{portal::seats as store, sql::SqlError},
    values::{
        ids::{AppKey, HubSpotUserId, SeatId},
        json,
        time::Timestamp,
    },
};

const WRONG: SqlError = SqlError::Content("seats");

/// Tokens of a seat, sealed for it (`super::tokens`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    /// The app that was authorised.
    pub app: AppKey,
    /// By whom.
    pub user: HubSpotUserId,
    pub access: String,
    pub refresh: String,
    /// When HubSpot stops taking the access token.
    pub expires_at: Timestamp,
    /// When it is to be refreshed.
    pub stale_at: Timestamp,
    /// Tells the access token from others.
    pub mark: String,
    /// Refreshes in a row that failed, or tries to revoke.
    #[serde(default)]
    pub failures: u32,
    /// No call of its own before then.
    #[serde(default)]
    pub retry_at: Timestamp,
    /// HubSpot has refused the refresh token, and was to be asked once more.
    #[serde(default)]
    pub refused_once: bool,
    /// HubSpot has refused it for good: there is nothing to revoke.
    #[serde(default)]
    pub dead: bool,
}

impl Held {
    pub fn is_grant(&self, other: &Self) -> bool {
        (&self.app, self.user) == (&other.app, other.user)
    }
}

/// Tokens that wait for the host's server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub held: Held,
    pub until: Timestamp,
}

/// Why a seat is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum End {
    Expired,
    Revoked,
}

/// One seat.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seat {
    pub id: SeatId,
    pub user: String,
    pub invited_at: Timestamp,
    /// When the newest link ends; `None`: it was used.
    pub link_until: Option<Timestamp>,
    pub pending: Option<Pending>,
    pub held: Option<Held>,
    pub ended: Option<(End, Timestamp)>,
    /// Grants that are to be left.
    #[serde(default)]
    pub leaving: Vec<Held>,
    pub active_at: Option<Timestamp>,
    pub used_at: Option<Timestamp>,
    /// Who authorised last; stays when the tokens are gone.
    pub hubspot_user: Option<HubSpotUserId>,
}

impl Seat {
    pub fn new(id: SeatId, user: String, now: Timestamp) -> Self {
        Self {
            id,
            user,
            invited_at: now,
            link_until: None,
            pending: None,
            held: None,
            ended: None,
            leaving: Vec::new(),
            active_at: None,
            used_at: None,
            hubspot_user: None,
        }
    }

    pub fn state(&self) -> State {
        match (&self.ended, &self.held, &self.pending) {
            (Some((End::Revoked, _)), ..) => State::Revoked,
            (Some((End::Expired, _)), ..) => State::Expired,
            (None, Some(_), _) => State::Active,
            (None, None, Some(_)) => State::Pending,
            (None, None, None) => State::Invited,
        }
    }

    pub fn view(&self, number: i64, now: Timestamp) -> View {
        View {
            number,
            id: self.id.clone(),
            user: self.user.clone(),
            state: self.state(),
            hubspot_user: self.hubspot_user,
            invited_at: self.invited_at,
            link_until: self.link_until.filter(|until| *until > now),
            active_at: self.active_at,
            ended_at: self.ended.map(|(_, at)| at),
            used_at: self.used_at,
        }
    }

    /// Whether nothing of it is needed any more: the row may be used for another.
    pub fn is_spent(&self, now: Timestamp) -> bool {
        self.held.is_none()
            && self.pending.is_none()
            && self.leaving.is_empty()
            && self.link_until.is_none_or(|until| until <= now)
    }

    /// Every set of tokens it has.
    pub fn tokens(&mut self) -> impl Iterator<Item = &mut Held> {
        let pending = self.pending.as_mut().map(|pending| &mut pending.held);
        self.held.as_mut().into_iter().chain(pending).chain(&mut self.leaving)
    }

    /// Gives these tokens up; the grant too where the seat has it by no other tokens.
    pub fn leave(&mut self, held: Held) {
        if !self.tokens().any(|other| other.is_grant(&held)) {
            self.leaving.push(held);
        }
    }

    /// Whether its refresh was refused, and is to be asked for once more.
    pub fn is_doubted(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.refused_once && !held.dead)
    }

    /// When something is to be done that no request asks for.
    fn due_at(&self) -> Option<Timestamp> {
        let leaving = self.leaving.first().map(|held| held.retry_at);
        let doubted = self.held.as_ref().filter(|_| self.is_doubted()).map(|held| held.retry_at);
        let pending = self.pending.as_ref().map(|pending| pending.until);
        leaving.into_iter().chain(pending).chain(doubted).min()
    }

    pub fn parse(stored: &store::Stored) -> Result<Self, SqlError> {
        json::parse(&stored.state).map_err(|_| WRONG)
    }

    pub fn json(&self) -> Result<String, SqlError> {
        serde_json::to_string(self).map_err(|_| WRONG)
    }

    pub fn find(turn: &Turn<'_>, id: &SeatId) -> Result<Option<(i64, Self)>, SqlError> {
        Self::read(store::by_id(turn.sql, id)?)
    }

    pub fn read(stored: Option<store::Stored>) -> Result<Option<(i64, Self)>, SqlError> {
        stored.map(|stored| Ok((stored.number, Self::parse(&stored)?))).transpose()
    }

    pub fn save(&self, turn: &Turn<'_>, number: i64) -> Result<(), SqlError> {
        store::save(turn.sql, number, &self.json()?, self.due_at())
    }
}

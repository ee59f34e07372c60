//! What a write that has not left waits for. Owns nothing.

use crate::{
    engine::{
        limiter::messages::Window,
        portal::{
            Portal, Turn,
            messages::State as Standing,
            outbox::{Ready, Write},
        },
    },
    store::{
        portal::outbox::{self as store, State},
        sql::SqlError,
    },
    values::ids::ObjectType,
};

/// What for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// A person to go on: the connection is paused.
    PausedByPerson,
    /// A person to connect again.
    NeedsReauthorisation,
    /// Nothing any more: the connection is over, or ends.
    Disconnected,
    /// A limit of the account's.
    Limit,
    /// An earlier step of its action.
    StepBefore,
    /// An earlier write of the same record, link or place on a list.
    EarlierWrite,
    /// The companies that it may be one of: they are still being read, or no check of them has come to its end lately.
    Companies,
    /// The next attempt, after HubSpot refused for now or did not answer.
    NextAttempt,
    /// The property that keeps what is made apart.
    KeyProperty,
    /// Room among the account's calls about links.
    AssociationWindow,
    /// HubSpot to say whether it arrived.
    Arrival,
}

impl Waits {
    /// All.
    pub const ALL: [Self; 11] = [
        Self::PausedByPerson,
        Self::NeedsReauthorisation,
        Self::Disconnected,
        Self::Limit,
        Self::StepBefore,
        Self::EarlierWrite,
        Self::Companies,
        Self::NextAttempt,
        Self::KeyProperty,
        Self::AssociationWindow,
        Self::Arrival,
    ];

    /// As in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PausedByPerson => "paused_by_person",
            Self::NeedsReauthorisation => "needs_reauthorisation",
            Self::Disconnected => "disconnected",
            Self::Limit => "limit",
            Self::StepBefore => "step_before",
            Self::EarlierWrite => "earlier_write",
            Self::Companies => "companies",
            Self::NextAttempt => "next_attempt",
            Self::KeyProperty => "key_property",
            Self::AssociationWindow => "association_window",
            Self::Arrival => "arrival",
        }
    }

    /// In words, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::PausedByPerson => "Waits: the connection is paused.",
            Self::NeedsReauthorisation => "Waits until somebody connects the account again.",
            Self::Disconnected => "The connection is over.",
            Self::Limit => "Waits for room within the account's limits.",
            Self::StepBefore => "Waits for the step before it.",
            Self::EarlierWrite => "Waits for an earlier write of the same.",
            Self::Companies => {
                "Waits until the companies are known as they are now: it may be one of those that are not known yet."
            }
            Self::NextAttempt => "Waits for the next attempt.",
            Self::KeyProperty => "Waits for the property in HubSpot that keeps it from being made twice.",
            Self::AssociationWindow => "Waits for room among the account's calls about links.",
            Self::Arrival => "HubSpot did not answer: it is asked whether this arrived.",
        }
    }
}

impl Portal {
    /// What a write waits for, the weightiest first; `None`: it has left, is over, or is about to leave.
    pub(super) fn waits_for(&self, turn: &Turn<'_>, ready: &Ready) -> Result<Option<Waits>, SqlError> {
        let Ready { entry, write } = ready;
        if !matches!(entry.state, State::Waiting | State::Doubt) {
            return Ok(None);
        }
        let standing = self.connection.as_ref().map_or(Standing::Disconnected, |own| own.state);
        let stands = match standing {
            Standing::PausedByPerson { .. } => Some(Waits::PausedByPerson),
            Standing::NeedsReauthorisation => Some(Waits::NeedsReauthorisation),
            Standing::Disconnecting | Standing::Disconnected => Some(Waits::Disconnected),
            Standing::Paused { until } if until > turn.now => Some(Waits::Limit),
            Standing::Paused { .. } | Standing::Active => None,
        };
        if stands.is_some() {
            return Ok(stands);
        }
        if entry.state == State::Doubt {
            return Ok(Some(Waits::Arrival));
        }
        if write.after().is_some() {
            return Ok(Some(Waits::StepBefore));
        }
        if store::is_behind(turn.sql, entry)? || Self::may_be_earlier(turn, ready)? {
            return Ok(Some(Waits::EarlierWrite));
        }
        if entry.attempts == 0 && self.companies_are_read(turn, write)? {
            return Ok(Some(Waits::Companies));
        }
        if entry.due_at > turn.now {
            return Ok(Some(Waits::NextAttempt));
        }
        if let Write::Create { object_type, entry: None, .. } = write
            && write.address().is_none()
            && self.outbox.preparing.contains_key(object_type)
        {
            return Ok(Some(Waits::KeyProperty));
        }
        // A seat's calls have limits of their own.
        let is_tie = matches!(write, Write::Tie { .. });
        let window = if is_tie { Window::Associations } else { Window::Core };
        let full = write.seat().is_none() && self.full_until(window, turn.now).is_some();
        Ok(full.then_some(if is_tie { Waits::AssociationWindow } else { Waits::Limit }))
    }

    /// Whether a company is not made before all of them are known.
    fn companies_are_read(&self, turn: &Turn<'_>, write: &Write) -> Result<bool, SqlError> {
        let kind = ObjectType::Companies;
        let is_one =
            matches!(write, Write::Create { object_type, unless: Some(_), .. } if *object_type == kind);
        Ok(is_one && (self.is_behind(turn, kind) || self.not_ready(turn, kind)?.is_some()))
    }
}

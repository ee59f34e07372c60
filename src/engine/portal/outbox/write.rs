//! One write: what it is, what it may leave with, what it waits for.
//!
//! Writes are stored as they are here ([`Write`] is what a row of the outbox holds), so their names and members never change. Owns nothing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::outbox::timeline::Entry,
    hubspot::writes::Values,
    store::portal::seat_writes,
    values::ids::{ListId, ObjectType, RecordId, SeatId},
};

/// A record that is known, or that an earlier write of the same action makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// HubSpot's id.
    Id(RecordId),
    /// What that step makes.
    Step(u8),
}

impl Who {
    pub(super) const fn id(self) -> Option<RecordId> {
        match self {
            Self::Id(id) => Some(id),
            Self::Step(_) => None,
        }
    }

    pub(super) const fn step(self) -> Option<u8> {
        match self {
            Self::Id(_) => None,
            Self::Step(step) => Some(step),
        }
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Step(step) => write!(f, "step {step}"),
        }
    }
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Write {
    /// A new record.
    Create {
        /// Of which type.
        object_type: ObjectType,
        /// Its values.
        values: Values,
        /// What it is linked to from the beginning.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ties: Vec<(ObjectType, Who)>,
        /// Where it is made only if there is none: its e-mail address or domain.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unless: Option<String>,
        /// What may be left out if a rule of the account refuses it.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        droppable: BTreeSet<String>,
        /// Whose token writes it; absent: the connection's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<SeatId>,
        /// Of a note that is an entry on a timeline: how that goes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entry: Option<Entry>,
        /// A task to whose contacts, companies and deals it is linked as well, until HubSpot has said which they are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        links_of: Option<RecordId>,
    },
    /// New values of a record.
    Update {
        /// Of which type.
        object_type: ObjectType,
        /// Which.
        id: Who,
        /// The values.
        values: Values,
        /// What may be left out if a rule of the account refuses it.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        droppable: BTreeSet<String>,
        /// Whose token writes it; absent: the connection's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<SeatId>,
        /// The step that has to be done before it, if it is none that makes what it names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u8>,
    },
    /// An unlabelled link.
    Tie {
        /// From a record of this type,
        from: ObjectType,
        /// this one,
        from_id: Who,
        /// to one of this type,
        to: ObjectType,
        /// this.
        to_id: Who,
    },
    /// A place on a list.
    Member {
        /// Which list.
        list: ListId,
        /// Whether it is given, or taken.
        add: bool,
        /// Of which record.
        id: Who,
    },
}

impl Write {
    /// What may leave with it in one call.
    pub(super) fn batch(&self) -> String {
        let of = |batch: String, seat: Option<&SeatId>| match seat {
            Some(seat) => seat_writes::batch(&batch, seat),
            None => batch,
        };
        if let Some(entry) = self.entry() {
            return format!("event/{}/{}", entry.way.as_str(), entry.object_type);
        }
        match self {
            Self::Create { object_type, seat, .. } => of(format!("create/{object_type}"), seat.as_ref()),
            Self::Update { object_type, seat, .. } => of(format!("update/{object_type}"), seat.as_ref()),
            Self::Tie { from, to, .. } => format!("tie/{from}/{to}"),
            Self::Member { list, add: true, .. } => format!("join/{list}"),
            Self::Member { list, add: false, .. } => format!("leave/{list}"),
        }
    }

    /// What is written one after the other. `key`: the write's own, of whatever has no other name.
    pub(super) fn target(&self, key: &str) -> String {
        match self {
            Self::Create { object_type, unless: Some(name), .. } => format!("new/{object_type}/{name}"),
            Self::Create { .. } => format!("new/{key}"),
            Self::Update { object_type, id, .. } => format!("{object_type}/{id}"),
            Self::Tie { from, from_id, to, to_id } => format!("tie/{from}/{from_id}/{to}/{to_id}"),
            Self::Member { list, id, .. } => format!("list/{list}/{id}"),
        }
    }

    /// The last step it waits for.
    pub(super) fn after(&self) -> Option<u8> {
        match self {
            Self::Create { ties, .. } => ties.iter().filter_map(|(_, who)| who.step()).max(),
            Self::Update { id, after, .. } => id.step().max(*after),
            Self::Member { id, .. } => id.step(),
            Self::Tie { from_id, to_id, .. } => from_id.step().max(to_id.step()),
        }
    }

    /// Puts the record in place of the step that makes it.
    pub(super) fn resolve(&mut self, step: u8, id: RecordId) {
        let put = |who: &mut Who| {
            if *who == Who::Step(step) {
                *who = Who::Id(id);
            }
        };
        match self {
            Self::Create { ties, .. } => ties.iter_mut().for_each(|(_, who)| put(who)),
            Self::Update { id, .. } => {
                put(id);
                self.follow(step);
            }
            Self::Member { id, .. } => put(id),
            Self::Tie { from_id, to_id, .. } => {
                put(from_id);
                put(to_id);
            }
        }
    }

    /// Whether it waits for that step's end, and not for a record of it.
    pub(super) fn only_follows(&self, step: u8) -> bool {
        matches!(self, Self::Update { id, after, .. } if id.step() != Some(step) && *after == Some(step))
    }

    /// That step has come to its end.
    pub(super) fn follow(&mut self, step: u8) {
        if let Self::Update { after, .. } = self {
            after.take_if(|after| *after == step);
        }
    }

    /// Whose token writes it, if not the connection's.
    pub(super) fn seat(&self) -> Option<&SeatId> {
        match self {
            Self::Create { seat, .. } | Self::Update { seat, .. } => seat.as_ref(),
            Self::Tie { .. } | Self::Member { .. } => None,
        }
    }

    /// Has a seat's token write it.
    pub(super) fn leave_with(&mut self, own: &SeatId) {
        if let Self::Create { seat, .. } | Self::Update { seat, .. } = self {
            *seat = Some(own.clone());
        }
    }

    /// Takes values out of it.
    pub(super) fn leave_out(&mut self, names: &[String]) {
        if let Self::Create { values, .. } | Self::Update { values, .. } = self {
            values.retain(|name, _| !names.contains(name));
        }
    }

    /// Whether it changes nothing.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Update { values, .. } if values.is_empty())
    }

    /// What may be left out of it.
    pub(super) fn droppable(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Create { droppable, .. } | Self::Update { droppable, .. } => Some(droppable),
            Self::Tie { .. } | Self::Member { .. } => None,
        }
    }

    /// The record it is about, if that is known: its type and id.
    pub(super) fn record(&self) -> Option<(ObjectType, RecordId)> {
        match self {
            Self::Update { object_type, id, .. } => id.id().map(|id| (*object_type, id)),
            Self::Create { .. } | Self::Tie { .. } | Self::Member { .. } => None,
        }
    }

    /// The address by which HubSpot itself keeps it from being made twice.
    pub(super) fn address(&self) -> Option<&str> {
        match self {
            Self::Create { object_type: ObjectType::Contacts, values, .. } => {
                values.get("email").map(String::as_str).filter(|email| !email.is_empty())
            }
            _ => None,
        }
    }

    /// The task whose links it takes, while HubSpot has not said which they are.
    pub(super) const fn links_of(&self) -> Option<RecordId> {
        match self {
            Self::Create { links_of, .. } => *links_of,
            Self::Update { .. } | Self::Tie { .. } | Self::Member { .. } => None,
        }
    }

    /// HubSpot has said which they are.
    pub(super) fn take_links(&mut self, found: &[(ObjectType, RecordId)]) {
        if let Self::Create { ties, links_of, .. } = self {
            *links_of = None;
            ties.extend(found.iter().map(|(kind, id)| (*kind, Who::Id(*id))));
        }
    }

    /// The two ends of a link, once both are known.
    pub(super) fn ends(&self) -> Option<(RecordId, RecordId)> {
        match self {
            Self::Tie { from_id, to_id, .. } => Some((from_id.id()?, to_id.id()?)),
            Self::Create { .. } | Self::Update { .. } | Self::Member { .. } => None,
        }
    }
}

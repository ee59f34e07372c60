//! Channels: the records that a host wants, each handed over once, then each change of what it asked for, then that it left.
//!
//! A channel selects by a filter or by a HubSpot list, and maps properties to the host's own field names. [`Channel::decide`]
//! compares what the host was last handed (a [`Member`]: that it was, and a fingerprint of what) with what the record is now.
//! It needs neither old values nor the change itself, so that repeating a decision, deciding late, or deciding once for many changes
//! gives the host the same end: a record of the channel as it is, or none.
//!
//! Decides only: members, the moments to look again and the events' delivery are kept elsewhere. Nothing is decided for a paused
//! channel; when it goes on, every record is decided anew.

mod definition;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::values::{
    crypto::hmac_sha256,
    filter::{Context, Filter, Values},
    ids::{ListId, ObjectType, RecordId},
    time::Timestamp,
};

pub use definition::{MAX_DEFAULT, MAX_FIELDS, MAX_NAME};

/// What a host asked for, as it was saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// What people call it.
    pub name: String,
    /// The type of its records.
    pub object_type: ObjectType,
    /// Which of them.
    pub selection: Selection,
    /// What the host gets of each, in the order it gave.
    pub mappings: Vec<Mapping>,
}

/// How a channel selects.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    /// The members of a HubSpot list.
    List(ListId),
    /// What a filter holds of.
    Filter(Filter),
}

/// One field of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The host's name for it.
    pub field: String,
    /// What the property belongs to, if not the record itself, as in a filter.
    pub of: Option<String>,
    /// HubSpot's internal name of the property.
    pub property: String,
    /// What the host gets of a record without a value.
    pub default: Option<String>,
}

/// A record that the host was handed and not told to have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Of the fields that were handed over. 64 bits of an HMAC-SHA256: a change goes unseen once in 2^64.
    pub fingerprint: i64,
}

/// What a record is now.
#[derive(Clone, Copy)]
pub enum Presence<'a> {
    /// In the mirror.
    Here {
        /// Its values.
        values: &'a dyn Values,
        /// Whether it is in the channel's list; without meaning for a channel that selects by filter.
        listed: bool,
    },
    /// Not in the mirror any more.
    Gone(Departure),
}

/// Why a record is not a channel's any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// It is no longer what the channel selects.
    Unselected,
    /// It was deleted in HubSpot.
    Deleted,
    /// It was deleted for privacy: the host is to forget it.
    Erased,
    /// It became part of another record.
    Merged {
        /// That record.
        into: RecordId,
    },
}

/// What the host is told. Values are HubSpot's texts; `None`: no value and no default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// Here is a record; also if it was here before and left.
    Entered(Vec<(&'a str, Option<&'a str>)>),
    /// At least one of its fields is another. All of them are given.
    Updated(Vec<(&'a str, Option<&'a str>)>),
    /// It is not the channel's any more.
    Left(Departure),
}

/// What follows from a record's state for one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<'a> {
    /// What to tell the host; `None`: nothing.
    pub event: Option<Event<'a>>,
    /// What to remember; `None`: it is no member.
    pub member: Option<Member>,
    /// When to decide again though nothing was edited, members or not: a date may come near enough by itself.
    pub again_at: Option<Timestamp>,
}

impl Channel {
    /// What follows for a record that was `member` before.
    pub fn decide<'a>(
        &'a self,
        member: Option<Member>,
        presence: Presence<'a>,
        context: Context,
    ) -> Decision<'a> {
        let left = |departure| member.map(|_| Event::Left(departure));
        let (values, listed) = match presence {
            Presence::Here { values, listed } => (values, listed),
            Presence::Gone(departure) => {
                return Decision { event: left(departure), member: None, again_at: None };
            }
        };
        let (selected, again_at) = match &self.selection {
            Selection::List(_) => (listed, None),
            Selection::Filter(filter) => {
                (filter.evaluate(values, None, context), filter.next_change_at(values, context))
            }
        };
        if !selected {
            return Decision { event: left(Departure::Unselected), member: None, again_at };
        }
        let fields = self.fields(values);
        let now = Member { fingerprint: fingerprint(&fields) };
        let event = match member {
            None => Some(Event::Entered(fields)),
            Some(before) if before != now => Some(Event::Updated(fields)),
            Some(_) => None,
        };
        Decision { event, member: Some(now), again_at }
    }

    /// What the host gets of a record, selected or not: for previews.
    pub fn fields<'a>(&'a self, values: &'a dyn Values) -> Vec<(&'a str, Option<&'a str>)> {
        let read = |mapping: &'a Mapping| {
            let value = values.value(mapping.of.as_deref(), &mapping.property);
            (mapping.field.as_str(), value.filter(|value| !value.is_empty()).or(mapping.default.as_deref()))
        };
        self.mappings.iter().map(read).collect()
    }

    /// The properties it reads: what they belong to (`None`: the record) and their names. The mirror must hold them.
    pub fn properties(&self) -> BTreeSet<(Option<&str>, &str)> {
        let mapped = self.mappings.iter().map(|mapping| (mapping.of.as_deref(), mapping.property.as_str()));
        match &self.selection {
            Selection::List(_) => mapped.collect(),
            Selection::Filter(filter) => mapped.chain(filter.properties()).collect(),
        }
    }
}

/// The fields as a JSON object.
pub fn to_json(fields: &[(&str, Option<&str>)]) -> Value {
    let entries = fields.iter().map(|(field, value)| ((*field).to_owned(), Value::from(*value)));
    Value::Object(entries.collect::<Map<_, _>>())
}

/// Of names and values with their lengths, so that nothing runs into another; stored, so it may never change its form.
fn fingerprint(fields: &[(&str, Option<&str>)]) -> i64 {
    const ABSENT: [u8; 8] = [0xff; 8];
    let length = |text: &str| (text.len() as u64).to_be_bytes();
    let lengths: Vec<([u8; 8], [u8; 8])> =
        fields.iter().map(|(field, value)| (length(field), value.map_or(ABSENT, length))).collect();
    let mut parts: Vec<&[u8]> = Vec::with_capacity(fields.len() * 4);
    for ((field, value), (field_length, value_length)) in fields.iter().zip(&lengths) {
        parts.extend([
            &field_length[..],
            field.as_bytes(),
            &value_length[..],
            value.unwrap_or_default().as_bytes(),
        ]);
    }
    let digest = hmac_sha256(b"channel", &parts);
    i64::from_be_bytes(digest[..8].try_into().expect("32 bytes hold 8"))
}

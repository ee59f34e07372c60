//! Activations: what the host says of people, kept on the contacts they are.
//!
//! The host says who is in which *audience* and which value of which calculated *attribute* somebody has, by their address; in store and
//! engine the two are one thing, an attribute. Or an audience's members are *found* by a filter ([`found`]). An *activation* selects some of them, and each selected one has a property of contacts of its
//! own ([`properties`]).
//!
//! What contacts are to hold is *said*; what they hold the mirror knows, with what is on its way ([`crate::store::portal::echoes`]). Whatever
//! changes either of the two *marks* the contact: a value that is put or taken away ([`attributes`]), a *sync* of an activation, which goes
//! over everybody a piece a turn ([`walk`]), and the change feed, followed in the same turn ([`follow`]). Whoever sends takes marks, computes
//! the difference ([`difference`]) and writes it, a hundred contacts a call ([`send`]). So nothing is written twice and nothing that changed back; two
//! activations on one contact share a write; an answer that is lost, or a restart, leaves the mark.
//!
//! Owns the settings (in `meta`), attributes, their values, activations and marks (in the store's `activations`), and in memory what was
//! loaded of them and what is under way.

mod attributes;
pub mod commands;
mod difference;
mod follow;
mod found;
mod properties;
mod send;
mod show;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    engine::limiter::messages::Window,
    engine::portal::{
        InFlight, Job, Portal, Running, Turn, matching::WhyNot, messages::State, streams::saved,
    },
    hubspot::{endpoint::Endpoint, writes::Values},
    store::{
        portal::{activations as store, channels},
        schema,
        sql::SqlError,
    },
    values::{
        attribute::{self, AttributeKind, Choice, Names, Unknown},
        filter::Filter,
        ids::{ActivationId, AttributeId, ObjectType, RecordId},
        json,
        property_value::Definition,
        scopes,
        time::{MINUTE_MS, SECOND_MS, Timestamp},
    },
};

use found::Found;

/// Where the settings lie in `meta`.
const KEY: &str = "activations";
/// Whose properties hold attributes.
const KIND: ObjectType = ObjectType::Contacts;
/// Most audiences and attributes of a connection: each takes one of the 1,000 properties that people of an account may define, and a
/// microsecond of every contact that is compared.
pub const ATTRIBUTES_LIMIT: usize = 200;
/// Most activations of a connection: each is some kilobytes in memory.
pub const ACTIVATIONS_LIMIT: usize = 50;
/// Most values of a connection: with some 60 bytes each, and as many in the index, a gigabyte of ten.
pub const VALUES_KEPT: u64 = 10_000_000;
/// Calls that write contacts at once: with half a second each, 800 contacts a second, and room for others in the eight places of an object.
const SENDING: usize = 4;
/// Without it no property can be made.
const SCHEMAS: &str = "crm.schemas.contacts.write";

/// As saved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    names: Names,
    /// The group as HubSpot was told of it last: its name and its label.
    group: Option<(String, String)>,
    /// Why the group could not be made.
    trouble: Option<String>,
}

/// A full replacement of an attribute's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Replacing {
    round: i64,
    began_at: Timestamp,
    /// Everything has been put: what is of earlier rounds goes.
    ending: bool,
}

/// An audience or an attribute, as saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Saved {
    name: String,
    description: String,
    kind: AttributeKind,
    options: Vec<Choice>,
    /// Of its property; for good.
    property: String,
    /// HubSpot has it, as far as is known.
    made: bool,
    /// What HubSpot was told of it last: [`Saved::tells`].
    told: String,
    /// Why HubSpot does not make, change or archive it, or its property cannot hold it.
    trouble: Option<String>,
    /// Its property cannot hold it.
    misfit: bool,
    /// Failures in a row.
    failures: u32,
    /// Not before then.
    again_at: Option<Timestamp>,
    /// It is being deleted.
    deleting: bool,
    /// Of what is being deleted or replaced, everything up to this address is gone over.
    gone_over: String,
    /// Number of the last replacement.
    round: i64,
    replacing: Option<Replacing>,
    /// Its members are found.
    #[serde(default)]
    found: Option<Found>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Saved {
    /// What its property is told of it, to be compared with what it was told.
    fn tells(&self) -> String {
        let options: Vec<(&str, &str)> =
            self.options.iter().map(|choice| (choice.value.as_str(), choice.label.as_str())).collect();
        serde_json::to_string(&(&self.name, &self.description, options)).expect("texts are JSON")
    }
}

/// One in memory.
#[derive(Debug)]
struct Attribute {
    id: AttributeId,
    audience: bool,
    saved: Saved,
    /// [`Saved::tells`].
    tells: String,
    /// How many values it has, once somebody has asked.
    count: Option<u64>,
    /// By which its members are found.
    filter: Option<Filter>,
    /// When one of its filter's fields was last found missing in an answer.
    doubted_at: Option<Timestamp>,
}

impl Attribute {
    fn of(id: AttributeId, audience: bool, saved: Saved, count: Option<u64>) -> Self {
        let tells = saved.tells();
        let filter = saved.found.as_ref().and_then(|found| Filter::from_value(&found.filter).ok());
        Self { id, audience, saved, tells, count, filter, doubted_at: None }
    }

    fn save(&self, turn: &Turn<'_>, number: i64) -> Result<(), SqlError> {
        store::save_attribute(turn.sql, number, &text(&self.saved)?)
    }

    fn definition(&self) -> Definition {
        let Saved { property, name, kind, options, .. } = &self.saved;
        attribute::definition(property, name, *kind, options)
    }
}

/// How far a sync is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    /// For its properties, or for contacts to be read.
    Waiting,
    /// Whomever an attribute says something of, behind an address, is marked.
    Values { attribute: i64, after: String },
    /// Contacts of the mirror above an id that hold something are marked.
    Mirror { above: RecordId },
    /// Everybody is marked; it is over when no mark of then is left.
    Sending { walked_at: Timestamp },
    /// It is over.
    Done,
}

/// A sync, as saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sync {
    phase: Phase,
    /// Values that were gone over.
    looked: u64,
    /// Values there were when it began.
    total: u64,
    written: u64,
    created: u64,
    skipped: u64,
    refused: u64,
    /// Contacts that held already what they are to hold.
    in_step: u64,
    calls: u64,
    began_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl Sync {
    const fn new(now: Timestamp) -> Self {
        Self {
            phase: Phase::Waiting,
            looked: 0,
            total: 0,
            written: 0,
            created: 0,
            skipped: 0,
            refused: 0,
            in_step: 0,
            calls: 0,
            began_at: now,
            ended_at: None,
        }
    }
}

/// An activation, as saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Activation {
    id: ActivationId,
    name: String,
    description: String,
    /// By our numbers.
    audiences: Vec<i64>,
    attributes: Vec<i64>,
    unknown: Unknown,
    paused: bool,
    sync: Sync,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Activation {
    fn selects(&self) -> impl Iterator<Item = i64> + '_ {
        self.audiences.iter().chain(&self.attributes).copied()
    }

    fn save(&self, turn: &Turn<'_>, number: i64) -> Result<(), SqlError> {
        store::save_activation(turn.sql, number, &text(self)?)
    }
}

fn text(state: &impl Serialize) -> Result<String, SqlError> {
    serde_json::to_string(state).map_err(|_| SqlError::Content("activations"))
}

/// A contact to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// `None`: nobody knows a contact of the address.
    record: Option<RecordId>,
    /// Its marks: addresses and itself.
    marks: Vec<String>,
    /// How people and HubSpot know it: its address, or its number.
    whom: String,
    values: Values,
    /// Which attributes it is about, by our numbers.
    about: BTreeSet<i64>,
    failed: u32,
}

/// A call for activations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    /// Makes the group, or gives it its label.
    Group { name: String, label: String, make: bool },
    /// Makes an attribute's property.
    Make { attribute: i64, told: String },
    /// Gives it the attribute's name, description and options.
    Change { attribute: i64, told: String },
    /// Archives it.
    Archive { attribute: i64 },
    /// Updates contacts.
    Update(Vec<Item>),
    /// Updates contacts nobody here knows, or makes them.
    Upsert(Vec<Item>),
}

impl Call {
    /// Where it goes.
    pub(super) const fn endpoint(&self) -> Endpoint {
        match self {
            Self::Group { .. } | Self::Make { .. } | Self::Change { .. } | Self::Archive { .. } => {
                Endpoint::Properties
            }
            Self::Update(_) | Self::Upsert(_) => Endpoint::BatchWrite,
        }
    }

    fn items(&self) -> &[Item] {
        match self {
            Self::Update(items) | Self::Upsert(items) => items,
            Self::Group { .. } | Self::Make { .. } | Self::Change { .. } | Self::Archive { .. } => &[],
        }
    }

    const fn is_of_property(&self) -> bool {
        !matches!(self, Self::Update(_) | Self::Upsert(_))
    }
}

/// What is known of it in memory.
#[derive(Debug, Default)]
pub(super) struct Activations {
    kept: Kept,
    attributes: BTreeMap<i64, Attribute>,
    all: BTreeMap<i64, Activation>,
    /// Syncs that have counted something that is not saved.
    unsaved: BTreeSet<i64>,
    /// The feed is followed up to here.
    followed: u64,
    /// Marks may be waiting.
    stirred: bool,
    /// When there is a mark that has to wait till then, and no other.
    waits_until: Option<Timestamp>,
    /// After a refusal of all: nothing is sent until then.
    paused_until: Option<Timestamp>,
    failures: u32,
    /// Why HubSpot takes nothing.
    trouble: Option<String>,
    /// Contacts of one call at most: less after a batch was refused whole.
    share: usize,
    /// Of these nobody knows what HubSpot holds: a call about them had no answer, or was refused.
    doubted: BTreeSet<String>,
    /// What left before then may have left with an object that is gone, whose answer nobody heard.
    loaded_at: Timestamp,
    /// Marks may be left that are for nothing.
    untidy: bool,
    /// It may be noted who is to be decided about for audiences that are found.
    touched: bool,
}

impl Activations {
    /// As they were saved.
    pub(super) fn load(turn: &Turn<'_>, followed: u64) -> Result<Self, SqlError> {
        let mut attributes = BTreeMap::new();
        for row in store::attributes(turn.sql)? {
            const WRONG: SqlError = SqlError::Content("attributes");
            let saved: Saved = json::parse(&row.state).map_err(|_| WRONG)?;
            let id: AttributeId = row.id.parse().map_err(|_| WRONG)?;
            attributes.insert(row.number, Attribute::of(id, row.audience, saved, None));
        }
        let mut all = BTreeMap::new();
        for (number, state) in store::activations(turn.sql)? {
            let activation: Activation = json::parse(&state).map_err(|_| SqlError::Content("activations"))?;
            all.insert(number, activation);
        }
        Ok(Self {
            kept: saved(turn, KEY)?,
            attributes,
            all,
            followed,
            stirred: true,
            share: crate::hubspot::writes::BATCH_LIMIT,
            loaded_at: turn.now,
            untidy: true,
            touched: true,
            ..Self::default()
        })
    }

    fn save(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        schema::set(turn.sql, KEY, &text(&self.kept)?)
    }

    /// Whether anything of it is kept.
    pub(super) fn is_used(&self) -> bool {
        !self.attributes.is_empty()
    }

    /// Whether something may leave.
    pub(super) const fn is_stirred(&self) -> bool {
        self.stirred
    }

    /// Marks may be waiting.
    fn stir(&mut self) {
        (self.stirred, self.waits_until, self.untidy) = (true, None, true);
    }

    /// Names of the properties that are written.
    pub(super) fn managed(&self) -> Vec<String> {
        let selected = self.selected();
        let own = self.attributes.iter().filter(|(number, _)| selected.contains(number));
        own.map(|(_, attribute)| attribute.saved.property.clone()).collect()
    }

    /// Attributes that an activation selects, by our numbers.
    fn selected(&self) -> BTreeSet<i64> {
        self.all.values().flat_map(Activation::selects).collect()
    }

    /// Those of an activation that is not paused.
    fn wanted(&self) -> BTreeSet<i64> {
        self.all.values().filter(|own| !own.paused).flat_map(Activation::selects).collect()
    }

    fn number_of(&self, audiences: bool, id: &AttributeId) -> Option<i64> {
        let mut own = self.attributes.iter();
        own.find(|(_, own)| own.audience == audiences && own.id == *id).map(|(number, _)| *number)
    }

    fn activation(&self, id: &ActivationId) -> Option<i64> {
        self.all.iter().find(|(_, own)| own.id == *id).map(|(number, _)| *number)
    }

    /// Counts something for the syncs that are about one of these attributes.
    fn tally(&mut self, about: &BTreeSet<i64>, count: impl Fn(&mut Sync)) {
        for (number, own) in &mut self.all {
            let syncs =
                matches!(own.sync.phase, Phase::Values { .. } | Phase::Mirror { .. } | Phase::Sending { .. });
            if syncs && !own.paused && own.selects().any(|attribute| about.contains(&attribute)) {
                count(&mut own.sync);
                self.unsaved.insert(*number);
            }
        }
    }

    fn save_syncs(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        for number in std::mem::take(&mut self.unsaved) {
            if let Some(own) = self.all.get(&number) {
                own.save(turn, number)?;
            }
        }
        Ok(())
    }
}

/// The addresses that a contact has, in lower case, its first before the others.
fn addresses(first: Option<&str>, further: Option<&str>) -> Vec<String> {
    let all = first.into_iter().chain(further.unwrap_or_default().split(';'));
    let all = all.map(|email| email.trim().to_lowercase()).filter(|email| !email.is_empty());
    let mut seen = Vec::new();
    for email in all {
        if !seen.contains(&email) {
            seen.push(email);
        }
    }
    seen
}

impl Portal {
    fn contacts(&self) -> Option<&Running> {
        self.streams.iter().find(|running| running.saved.object_type == KIND)
    }

    fn is_granted(&self, scope: &str) -> bool {
        self.connection.as_ref().is_some_and(|own| own.scopes.iter().any(|granted| granted == scope))
    }

    /// Whether HubSpot has an attribute's property, and the mirror what contacts hold in it.
    fn is_ready(&self, attribute: &Attribute) -> bool {
        let Saved { made, property, deleting, .. } = &attribute.saved;
        let mirrored =
            self.contacts().is_some_and(|running| running.properties.binary_search(property).is_ok());
        *made && !deleting && mirrored
    }

    /// Why nothing can be written now, in a sentence.
    fn activation_waits(&self, turn: &Turn<'_>) -> Result<Option<String>, SqlError> {
        let Some(connection) = &self.connection else { return Ok(None) };
        let words = match connection.state {
            State::PausedByPerson { .. } => Some("The connection is paused.".to_owned()),
            State::Paused { until } if until > turn.now => {
                Some("The connection waits until HubSpot takes calls again.".to_owned())
            }
            State::Active | State::Paused { .. } => None,
            State::NeedsReauthorisation | State::Disconnecting | State::Disconnected => {
                Some("The connection has to be authorised anew.".to_owned())
            }
        };
        if words.is_some() {
            return Ok(words);
        }
        let scope = scopes::of_writes(KIND);
        if !self.is_granted(scope) {
            return Ok(Some(format!(
                "Grant the connection `{scope}`: without it no contact can be written."
            )));
        }
        if self.blocks.locked() {
            let words = "The key is missing by which those are recognised who are kept out.";
            return Ok(Some(words.to_owned()));
        }
        if self.contacts().is_some_and(|running| running.saved.backfill.is_some()) {
            let words = "Contacts are being read: until that is done nobody knows what they hold.";
            return Ok(Some(words.to_owned()));
        }
        let words = match self.not_ready(turn, KIND)? {
            None => return Ok(None),
            Some(WhyNot::NotMirrored) => {
                "Contacts are not kept in step at the moment: the page of the connection says why."
            }
            Some(WhyNot::IndexBuilding | WhyNot::Unusable(_) | WhyNot::NotFound) => {
                "Contacts are being indexed by their addresses."
            }
        };
        Ok(Some(words.to_owned()))
    }

    /// When activations have something to do of themselves.
    pub(super) fn activations_due_at(&self, turn: &Turn<'_>) -> Result<Option<Timestamp>, SqlError> {
        if !self.activations.is_used() || !self.may_call(turn) {
            return Ok(None);
        }
        let mut due = self.property_due_at(turn);
        if self.has_pieces(turn)? {
            due = Some(turn.now);
        }
        if !self.activations.wanted().is_empty() && self.activation_waits(turn)?.is_none() {
            let sends = if self.activations.stirred { Some(turn.now) } else { self.activations.waits_until };
            let sends = sends.map(|at| at.max(self.activations.paused_until.unwrap_or(at)));
            due = due.into_iter().chain(sends).min();
        }
        Ok(due.map(|at| at.max(turn.now)))
    }

    /// When to look again, where nothing of it may leave now.
    pub(super) fn activations_wait_until(&self, turn: &Turn<'_>) -> Option<Timestamp> {
        let own = &self.activations;
        let sends = if own.stirred { own.paused_until } else { own.waits_until };
        let full = self.full_until(Window::Core, turn.now).filter(|_| own.stirred);
        sends.into_iter().chain(full).chain(self.property_due_at(turn)).filter(|at| *at > turn.now).min()
    }

    /// Nothing of people who are erased is kept, by their addresses and records; nothing is written to them.
    pub(super) fn forget_activated(
        &mut self,
        turn: &Turn<'_>,
        emails: &[String],
        ids: &[RecordId],
    ) -> Result<(), SqlError> {
        if !self.activations.is_used() {
            return Ok(());
        }
        let emails: Vec<&str> = emails.iter().map(String::as_str).collect();
        store::forget(turn.sql, &emails, ids)?;
        for (number, _) in self.activations.found() {
            channels::forget(turn.sql, found::place(number), ids)?;
        }
        for attribute in self.activations.attributes.values_mut() {
            attribute.count = None;
        }
        Ok(())
    }

    /// Everything that was read goes, and what was said of people: syncs begin anew when there is something again.
    pub(super) fn activations_wiped(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        for (number, own) in &mut self.activations.all {
            own.sync = Sync::new(turn.now);
            own.save(turn, *number)?;
        }
        for (number, own) in &mut self.activations.attributes {
            own.saved.replacing = None;
            own.saved.found = own.saved.found.take().map(|found| Found::new(found.filter));
            own.count = None;
            own.save(turn, *number)?;
        }
        Ok(())
    }

    fn activation_in_flight(&self) -> impl Iterator<Item = (&InFlight, &Call)> {
        self.in_flight.values().filter_map(|flying| match &flying.job {
            Job::Activate(call) => Some((flying, call)),
            _ => None,
        })
    }
}

/// A pause that doubles with each failure, from ten seconds to an hour.
fn pause_ms(failures: u32) -> i64 {
    ((10 * SECOND_MS) << failures.saturating_sub(1).min(9)).min(60 * MINUTE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end_at_an_hour() {
        assert_eq!([1, 2, 3].map(pause_ms), [10_000, 20_000, 40_000]);
        assert_eq!(pause_ms(40), 60 * MINUTE_MS);
    }

    #[test]
    fn a_contact_has_each_of_its_addresses_once() {
        assert_eq!(addresses(Some("Ada@X.org"), Some("ada@y.org; ADA@x.org;")), ["ada@x.org", "ada@y.org"]);
        assert_eq!(addresses(None, None), [""; 0]);
    }
}

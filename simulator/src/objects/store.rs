//! All records of one object type in one account, with their aliases, unique values and search index. Owns them; every
//! change goes through here, so that dates, index and events agree. Values are checked elsewhere
//! ([`crate::objects::validation`]).

mod merging;

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::associations::people::Left;
use crate::change::{Change, ChangeEvent};
use crate::index::Index;
use crate::ledger::Ledger;
use crate::objects::kind::ObjectKind;
use crate::objects::record::{Record, State, Values};
use crate::objects::rule::ValueRule;
use crate::pipelines::Pipelines;
use crate::portal::Turn;
use crate::schema::{CREATION_KEY, Key, Schema};
use crate::time::DAY_MS;

/// Archived records are shown this long. Source: `hubspot-api.md` 4.5.
pub(crate) const ARCHIVE_DAYS: u64 = 90;

/// `changeSource` of a change by API, by an import, and of one made in HubSpot's pages.
pub(crate) const BY_API: &str = "INTEGRATION";
pub(crate) const BY_IMPORT: &str = "IMPORT";
pub(crate) const BY_PERSON: &str = "CRM_UI";

/// A value to set (`Some`) or clear (`None`).
pub(crate) type Edit<'a> = (Key, Option<&'a str>);

/// Why a change could not be made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Refused {
    /// A record has this e-mail or unique value.
    Taken {
        kind: &'static ObjectKind,
        by: u64,
    },
    NotFound,
    /// More merges behind one record than HubSpot allows.
    TooManyMerges,
}

/// Keys the store itself reads and writes, where the object type has them.
struct Known {
    email: Option<Key>,
    additional_emails: Option<Key>,
    merged_ids: Option<Key>,
    email_domain: Option<Key>,
    name_or_email: Option<Key>,
    first_name: Option<Key>,
    last_name: Option<Key>,
    domain: Option<Key>,
    additional_domains: Option<Key>,
    deal_stage: Option<Key>,
    creation_key: Option<Key>,
    /// `hs_is_closed`, `hs_is_closed_won`, `hs_deal_stage_probability`.
    closed: Option<Key>,
    won: Option<Key>,
    probability: Option<Key>,
}

/// Records of one type.
pub(crate) struct Store {
    portal_id: u64,
    kind: &'static ObjectKind,
    pub schema: Schema,
    pub index: Index,
    /// What apps wrote.
    pub ledger: Ledger,
    /// Empty of types without.
    pub pipelines: Pipelines,
    /// The customer's own rules for values, by property.
    pub rules: BTreeMap<Key, Vec<ValueRule>>,
    /// Records whose links have yet to follow ([`Portal::follow`](crate::Portal)).
    pub left: Vec<Left>,
    /// In order of id; a record is never taken out, its state says what became of it.
    records: Vec<Record>,
    /// Unique values in lower case, by property. E-mails include the additional ones.
    unique: BTreeMap<Key, FxHashMap<Box<str>, u64>>,
    /// E-mails that were erased and may not come back.
    blocked: BTreeSet<String>,
    known: Known,
    next_id: u64,
    live_count: usize,
}

impl Store {
    /// `hubspot_properties`: how many of HubSpot's own, all if absent.
    pub fn new(
        portal_id: u64,
        kind: &'static ObjectKind,
        first_id: u64,
        hubspot_properties: Option<u32>,
    ) -> Self {
        let schema = Schema::of(kind, hubspot_properties);
        let known = Known {
            email: schema.key("email"),
            additional_emails: schema.key("hs_additional_emails"),
            merged_ids: schema.key("hs_merged_object_ids"),
            email_domain: schema.key("hs_email_domain"),
            name_or_email: schema.key("hs_full_name_or_email"),
            first_name: schema.key("firstname"),
            last_name: schema.key("lastname"),
            domain: schema.key("domain"),
            additional_domains: schema.key("hs_additional_domains"),
            deal_stage: schema.key("dealstage"),
            creation_key: schema.key(CREATION_KEY),
            closed: schema.key("hs_is_closed"),
            won: schema.key("hs_is_closed_won"),
            probability: schema.key("hs_deal_stage_probability"),
        };
        let unique = known.email.map(|email| (email, FxHashMap::default())).into_iter().collect();
        Self {
            portal_id,
            kind,
            schema,
            index: Index::default(),
            ledger: Ledger::default(),
            pipelines: Pipelines::first(kind),
            rules: BTreeMap::new(),
            left: Vec::new(),
            records: Vec::new(),
            unique,
            blocked: BTreeSet::new(),
            known,
            next_id: first_id,
            live_count: 0,
        }
    }

    // Reading.

    /// The record with this very id, whatever became of it.
    pub fn get(&self, id: u64) -> Option<&Record> {
        let at = self.position(id)?;
        self.records.get(at)
    }

    /// The record an id leads to: itself, or what it was merged into.
    pub fn resolve(&self, id: u64) -> Option<&Record> {
        let mut record = self.get(id)?;
        while let State::Merged { into } = record.state {
            record = self.get(into)?;
        }
        Some(record)
    }

    /// All records with an id of at least `from`, in order of id.
    pub fn records_from(&self, from: u64) -> impl Iterator<Item = &Record> {
        self.records.iter().skip(self.records.partition_point(|record| record.id < from))
    }

    /// Whether a record shows in archived lists and reads.
    pub fn shows_archived(record: &Record, now_ms: u64) -> bool {
        matches!(record.state, State::Archived { at } if at + ARCHIVE_DAYS * DAY_MS > now_ms)
    }

    /// The record that has a unique value.
    pub fn find_unique(&self, key: Key, value: &str) -> Option<&Record> {
        let id = *self.unique.get(&key)?.get(value.to_lowercase().as_str())?;
        self.get(id)
    }

    /// Whether values of this property are unique.
    pub fn is_unique(&self, key: Key) -> bool {
        self.unique.contains_key(&key) || Some(key) == self.known.creation_key
    }

    /// Makes a property's values unique from now on.
    pub fn make_unique(&mut self, key: Key) {
        self.unique.entry(key).or_default();
    }

    /// E-mails that were erased for good, in lower case.
    pub fn blocked_emails(&self) -> impl Iterator<Item = &str> {
        self.blocked.iter().map(String::as_str)
    }

    /// Whether this e-mail was erased for good.
    pub fn is_blocked(&self, email: &str) -> bool {
        !self.blocked.is_empty() && self.blocked.contains(&email.to_lowercase())
    }

    /// Bars an e-mail from coming back.
    pub fn block(&mut self, email: &str) {
        self.blocked.insert(email.to_lowercase());
    }

    pub fn live_count(&self) -> usize {
        self.live_count
    }

    /// Records of every state.
    pub fn total_count(&self) -> usize {
        self.records.len()
    }

    /// The record at a place in the order of ids, counted from 0.
    pub fn nth(&self, at: usize) -> Option<&Record> {
        self.records.get(at)
    }

    pub fn kind(&self) -> &'static ObjectKind {
        self.kind
    }

    pub fn email_key(&self) -> Option<Key> {
        self.known.email
    }

    fn position(&self, id: u64) -> Option<usize> {
        self.records.binary_search_by_key(&id, |record| record.id).ok()
    }

    // Changing.

    /// Adds a record; `values` in order of key.
    pub fn create(
        &mut self,
        turn: &mut Turn<'_>,
        rng: &mut fastrand::Rng,
        source: &'static str,
        values: &[(Key, &str)],
    ) -> Result<u64, Refused> {
        if let Some(by) = values.iter().find_map(|&(key, value)| self.holder(key, value)) {
            return Err(Refused::Taken { kind: self.kind, by });
        }
        // Few accounts have values of it, so it takes part only from the first one on.
        if let Some(key) = self.known.creation_key.filter(|key| values.iter().any(|own| own.0 == *key)) {
            self.make_unique(key);
        }
        let id = self.draw_id(turn, rng);
        self.ledger.created(source, id);
        let values = self.derived(&Values::pack(values.iter().copied()));
        let record =
            Record { id, created_at: turn.now_ms, updated_at: turn.now_ms, state: State::Live, values };
        self.emit(turn, id, source, || Change::Creation);
        if turn.changes.watches(self.portal_id) {
            for packed in record.values.iter() {
                self.emit_value(turn, id, source, packed.key, packed.str());
            }
        }
        self.index.notice(turn.now_ms, turn.switches, rng, &record);
        self.place(record);
        Ok(id)
    }

    /// Adds a record with a past; search knows it at once and nobody is told.
    pub fn seed(&mut self, rng: &mut fastrand::Rng, created_at: u64, updated_at: u64, values: Values) -> u64 {
        let id = self.next_id;
        self.next_id += rng.u64(1..=4);
        // A contact's were drawn to fit each other.
        let values = if self.known.deal_stage.is_some() { self.derived(&values) } else { values };
        let record = Record { id, created_at, updated_at, state: State::Live, values };
        self.index.know(&record);
        self.place(record);
        id
    }

    /// Sets and clears values; `edits` in order of key. Values that stay the same are no change; without a change the
    /// record keeps its date.
    pub fn edit(
        &mut self,
        turn: &mut Turn<'_>,
        rng: &mut fastrand::Rng,
        source: &'static str,
        id: u64,
        edits: &[Edit<'_>],
    ) -> Result<(), Refused> {
        let at =
            self.position(id).filter(|&at| self.records[at].state == State::Live).ok_or(Refused::NotFound)?;
        let old = self.records[at].values.clone();
        let changed: Vec<Edit<'_>> =
            edits.iter().copied().filter(|&(key, value)| old.get(key) != value).collect();
        if changed.is_empty() {
            self.ledger.updated(source, id, false);
            return Ok(());
        }
        let taken = changed.iter().find_map(|&(key, value)| self.holder(key, value?).filter(|&by| by != id));
        if let Some(by) = taken {
            return Err(Refused::Taken { kind: self.kind, by });
        }
        self.ledger.updated(source, id, true);
        let mut record = self.records[at].clone();
        self.forget_unique(&record);
        record.values = self.derived(&old.with(&changed));
        record.updated_at = turn.now_ms;
        self.remember_unique(&record);
        if turn.changes.watches(self.portal_id) {
            for &(key, value) in &changed {
                self.emit_value(turn, id, source, key, value.unwrap_or_default());
            }
        }
        self.index.notice(turn.now_ms, turn.switches, rng, &record);
        self.records[at] = record;
        Ok(())
    }

    /// Counts a live record as modified without a change of values.
    pub fn touch(&mut self, turn: &Turn<'_>, rng: &mut fastrand::Rng, id: u64) {
        if let Some(at) = self.position(id).filter(|&at| self.records[at].state == State::Live) {
            self.records[at].updated_at = turn.now_ms;
            self.index.notice(turn.now_ms, turn.switches, rng, &self.records[at]);
        }
    }

    /// Archives a live record. Its modified date stays (`hubspot-api.md` 4.5); its e-mail is free again.
    pub fn archive(
        &mut self,
        turn: &mut Turn<'_>,
        rng: &mut fastrand::Rng,
        source: &'static str,
        id: u64,
    ) -> Result<(), Refused> {
        let at =
            self.position(id).filter(|&at| self.records[at].state == State::Live).ok_or(Refused::NotFound)?;
        self.ledger.archived(source, id);
        self.leave(turn, rng, at, State::Archived { at: turn.now_ms });
        self.left.push(Left::Hidden(id));
        self.emit(turn, id, source, || Change::Deletion);
        Ok(())
    }

    /// Brings an archived record back.
    pub fn restore(
        &mut self,
        turn: &mut Turn<'_>,
        rng: &mut fastrand::Rng,
        source: &'static str,
        id: u64,
    ) -> Result<(), Refused> {
        let shown = |at: &usize| Self::shows_archived(&self.records[*at], turn.now_ms);
        let at = self.position(id).filter(shown).ok_or(Refused::NotFound)?;
        let mut record = self.records[at].clone();
        let taken = record.values.iter().find_map(|packed| self.holder(packed.key, packed.str()));
        if let Some(by) = taken {
            return Err(Refused::Taken { kind: self.kind, by });
        }
        record.state = State::Live;
        if turn.switches.restore_bumps_modified {
            record.updated_at = turn.now_ms;
        }
        self.remember_unique(&record);
        self.index.notice(turn.now_ms, turn.switches, rng, &record);
        self.records[at] = record;
        self.live_count += 1;
        self.left.push(Left::Shown(id));
        self.emit(turn, id, source, || Change::Restore);
        Ok(())
    }

    /// Erases a record for good, archived or not, and bars its e-mails.
    pub fn erase(
        &mut self,
        turn: &mut Turn<'_>,
        rng: &mut fastrand::Rng,
        source: &'static str,
        id: u64,
    ) -> Result<(), Refused> {
        let here = |at: &usize| matches!(self.records[*at].state, State::Live | State::Archived { .. });
        let at = self.position(id).filter(here).ok_or(Refused::NotFound)?;
        let emails: Vec<String> = self.emails(&self.records[at].values).map(str::to_lowercase).collect();
        self.blocked.extend(emails);
        self.leave(turn, rng, at, State::Erased);
        self.left.push(Left::Erased(id));
        self.emit(turn, id, source, || Change::PrivacyDeletion);
        self.emit(turn, id, source, || Change::Deletion);
        Ok(())
    }

    /// Brings up to date what follows from the pipelines: options, and which deals are closed. No deal counts as
    /// modified by it.
    pub fn follow_pipelines(&mut self, turn: &Turn<'_>, rng: &mut fastrand::Rng) {
        let [pipelines, stages] = self.pipelines.choices();
        self.schema.set_choices("pipeline", pipelines);
        self.schema.set_choices("dealstage", stages);
        for at in 0..self.records.len() {
            let values = self.derived(&self.records[at].values);
            self.set_calculated(turn, rng, at, values);
        }
    }

    /// Sets values that HubSpot counts (`edits` in order of key): the record does not count as modified and nobody is
    /// told, but search learns of it.
    pub fn calculate(&mut self, turn: &Turn<'_>, rng: &mut fastrand::Rng, id: u64, edits: &[Edit<'_>]) {
        if let Some(at) = self.position(id).filter(|_| !edits.is_empty()) {
            let values = self.records[at].values.with(edits);
            self.set_calculated(turn, rng, at, values);
        }
    }

    fn set_calculated(&mut self, turn: &Turn<'_>, rng: &mut fastrand::Rng, at: usize, values: Values) {
        let record = &self.records[at];
        let here = matches!(record.state, State::Live | State::Archived { .. });
        if here && values != record.values {
            let record = Record { values, ..record.clone() };
            self.index.notice(turn.now_ms, turn.switches, rng, &record);
            self.records[at] = record;
        }
    }

    // Parts of changes.

    /// Ids grow by 1 to 4, so they have gaps as real ones do; with the switch a new one may be a free lower one.
    fn draw_id(&mut self, turn: &Turn<'_>, rng: &mut fastrand::Rng) -> u64 {
        if turn.switches.new_ids_out_of_order && rng.bool() {
            let low = self.next_id - rng.u64(1..=200).min(self.next_id - 1);
            if self.position(low).is_none() {
                return low;
            }
        }
        let id = self.next_id;
        self.next_id += rng.u64(1..=4);
        id
    }

    fn place(&mut self, record: Record) {
        self.remember_unique(&record);
        self.live_count += 1;
        if self.records.last().is_none_or(|last| last.id < record.id) {
            self.records.push(record);
        } else {
            let at = self.records.partition_point(|other| other.id < record.id);
            self.records.insert(at, record);
        }
    }

    /// Takes a record out of use: search loses it after the usual delay, its unique values are free.
    fn leave(&mut self, turn: &Turn<'_>, rng: &mut fastrand::Rng, at: usize, state: State) {
        let mut record = self.records[at].clone();
        if record.state == State::Live {
            self.live_count -= 1;
            self.forget_unique(&record);
        }
        record.state = state;
        if !matches!(state, State::Archived { .. }) {
            record.values = Values::empty();
        }
        self.index.notice(turn.now_ms, turn.switches, rng, &record);
        self.records[at] = record;
    }

    /// The record that has this value of a unique property.
    fn holder(&self, key: Key, value: &str) -> Option<u64> {
        self.unique.get(&key)?.get(value.to_lowercase().as_str()).copied()
    }

    /// The e-mails among values: the main one and the additional ones.
    fn emails<'v>(&self, values: &'v Values) -> impl Iterator<Item = &'v str> + use<'v> {
        let own = |key: Option<Key>| key.and_then(|key| values.get(key)).unwrap_or_default();
        own(self.known.email)
            .split(';')
            .chain(own(self.known.additional_emails).split(';'))
            .filter(|e| !e.is_empty())
    }

    fn remember_unique(&mut self, record: &Record) {
        self.each_unique(record, |held, value, id| {
            held.entry(value).or_insert(id);
        });
    }

    fn forget_unique(&mut self, record: &Record) {
        self.each_unique(record, |held, value, id| {
            if held.get(&value) == Some(&id) {
                held.remove(&value);
            }
        });
    }

    fn each_unique(
        &mut self,
        record: &Record,
        mut visit: impl FnMut(&mut FxHashMap<Box<str>, u64>, Box<str>, u64),
    ) {
        let emails: Vec<Box<str>> =
            self.emails(&record.values).map(|email| email.to_lowercase().into()).collect();
        for (&key, held) in &mut self.unique {
            if Some(key) == self.known.email {
                for email in &emails {
                    visit(held, email.clone(), record.id);
                }
            } else if let Some(value) = record.values.get(key) {
                visit(held, value.to_lowercase().into(), record.id);
            }
        }
    }

    /// Values with the calculated ones brought up to date. HubSpot has many more; these depend on nothing but the record.
    pub fn derived(&self, values: &Values) -> Values {
        let own = |key: Option<Key>| key.and_then(|key| values.get(key)).filter(|value| !value.is_empty());
        let email = own(self.known.email);
        let domain = email.and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
        let names = [own(self.known.first_name), own(self.known.last_name)];
        let full = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let shown = if full.is_empty() { email } else { Some(full.as_str()) };
        let mut edits = Vec::with_capacity(2);
        let stage = own(self.known.deal_stage).map(|stage| self.pipelines.stage_values(stage));
        let [closed, won, probability] = stage.map_or([None; 3], |own| own.map(Some));
        for (key, value) in [
            (self.known.email_domain, domain),
            (self.known.name_or_email, shown),
            (self.known.closed, closed),
            (self.known.won, won),
            (self.known.probability, probability),
        ] {
            if let Some(key) = key.filter(|&key| values.get(key) != value) {
                edits.push((key, value));
            }
        }
        if edits.is_empty() {
            return values.clone();
        }
        edits.sort_unstable_by_key(|edit| edit.0);
        values.with(&edits)
    }

    fn emit(
        &self,
        turn: &mut Turn<'_>,
        object_id: u64,
        change_source: &'static str,
        change: impl FnOnce() -> Change,
    ) {
        if turn.changes.watches(self.portal_id) {
            turn.changes.emit(ChangeEvent {
                portal_id: self.portal_id,
                object_type_id: self.kind.type_id,
                object_id,
                occurred_at: turn.now_ms,
                change_source,
                change: change(),
            });
        }
    }

    fn emit_value(&self, turn: &mut Turn<'_>, id: u64, source: &'static str, key: Key, value: &str) {
        let name = &self.schema.property(key).name;
        self.emit(turn, id, source, || Change::PropertyChange {
            name: name.as_str().into(),
            value: value.into(),
        });
    }
}

/// Puts an edit into a list in order of key, in place of one of the same key.
pub(crate) fn set<'a>(edits: &mut Vec<Edit<'a>>, key: Key, value: Option<&'a str>) {
    match edits.binary_search_by_key(&key, |edit| edit.0) {
        Ok(at) => edits[at].1 = value,
        Err(at) => edits.insert(at, (key, value)),
    }
}

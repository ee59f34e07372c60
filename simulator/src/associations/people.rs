//! Links as people, the API and the generator change them, and what follows: counts kept on the records, events, links of
//! records that go. Owns nothing.

use std::collections::BTreeSet;

use serde::Serialize;

use super::definitions::{Definition, PRIMARY_OF_CONTACT, PRIMARY_OF_DEAL, TypeId};
use super::links::is_primary;
use crate::change::{Change, ChangeEvent};
use crate::objects::kind::{COMPANIES, CONTACTS, DEALS, KINDS, ObjectKind};
use crate::objects::record::State;
use crate::objects::store::{BY_PERSON, Edit, set};
use crate::portal::{Portal, Turn, kind_named};
use crate::{Problem, Switches};

/// Two records, seen from the first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub from: &'static ObjectKind,
    pub id: u64,
    pub to: &'static ObjectKind,
    pub other: u64,
}

impl Pair {
    fn back(self) -> Self {
        Self { from: self.to, id: self.other, to: self.from, other: self.id }
    }

    /// As seen from the side that may have a primary company.
    fn seen_by_holder(self) -> Option<Self> {
        let fits = |pair: &Self| {
            pair.to.type_id == COMPANIES.type_id
                && (pair.from.type_id == CONTACTS.type_id || pair.from.type_id == DEALS.type_id)
        };
        [self, self.back()].into_iter().find(fits)
    }
}

/// What became of a record, for its links and lists to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Left {
    /// Archived.
    Hidden(u64),
    /// Restored.
    Shown(u64),
    Erased(u64),
    Merged {
        old: Vec<u64>,
        into: u64,
    },
}

/// What a round of random changes of links did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LinkEdits {
    pub added: u32,
    pub removed: u32,
    pub made_primary: u32,
}

/// One link, seen from the side asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub from: u64,
    pub to: u64,
    /// Ascending.
    pub types: Vec<TypeId>,
}

fn primary_of(holder: &ObjectKind) -> (TypeId, TypeId) {
    if holder.type_id == CONTACTS.type_id { (PRIMARY_OF_CONTACT, 2) } else { (PRIMARY_OF_DEAL, 6) }
}

impl Portal {
    pub(crate) fn is_live(&self, kind: &ObjectKind, id: u64) -> bool {
        self.store(kind).get(id).is_some_and(|record| record.state == State::Live)
    }

    /// What a live record is linked to, of one type: live records with their types, from an id on.
    pub(crate) fn linked(
        &self,
        from: &'static ObjectKind,
        id: u64,
        to: &'static ObjectKind,
        start: u64,
    ) -> impl Iterator<Item = (u64, &[TypeId])> {
        let seen = self.is_live(from, id);
        let all = self.links.of(from, id, to);
        all.filter(move |(other, _)| seen && *other >= start && self.is_live(to, *other))
    }

    fn primary_company(&self, holder: &ObjectKind, id: u64) -> Option<u64> {
        let primary = primary_of(holder).0;
        let mut all = self.links.of(holder, id, &COMPANIES);
        all.find(|(other, types)| types.contains(&primary) && self.is_live(&COMPANIES, *other))
            .map(|link| link.0)
    }

    /// Links two live records by these types, and by the unlabelled one. The types were checked.
    pub(crate) fn link(&mut self, turn: &mut Turn<'_>, source: &'static str, pair: Pair, types: &[TypeId]) {
        let Pair { from, id, to, other } = pair;
        let unlabelled = self.definitions.unlabelled(from, to).map(|own| own.id);
        let mut wanted: BTreeSet<TypeId> = types.iter().copied().chain(unlabelled).collect();
        if let Some(held) = pair.seen_by_holder() {
            let (there, back) = primary_of(held.from);
            let primary = if held.from.place == from.place { there } else { back };
            let is_new = self.links.types(from, id, to, other).is_empty();
            let is_first = is_new && self.linked(held.from, held.id, held.to, 0).next().is_none();
            if turn.switches.first_company_becomes_primary && is_first {
                wanted.insert(primary);
            }
            if wanted.contains(&primary) {
                // Also from companies that are archived by now, or they would come back as a second one.
                let links = self.links.of(held.from, held.id, held.to);
                let primaries = links.filter(|(other, own)| *other != held.other && own.contains(&there));
                for other in primaries.map(|(other, _)| other).collect::<Vec<_>>() {
                    self.links.take(held.from, held.id, held.to, other, (there, back));
                    if self.is_live(held.to, other) {
                        self.tell(turn, source, Pair { other, ..held }, there, true);
                    }
                }
            }
        }
        for type_id in wanted {
            let Some(own) = self.definitions.get(from, to, type_id).cloned() else { continue };
            if self.links.add(from, id, to, other, (type_id, own.inverse)) {
                self.tell(turn, source, pair, type_id, false);
            }
        }
    }

    /// Takes these types from a link, or all. Taking the unlabelled one takes all.
    pub(crate) fn unlink(
        &mut self,
        turn: &mut Turn<'_>,
        source: &'static str,
        pair: Pair,
        types: Option<&[TypeId]>,
    ) {
        let Pair { from, id, to, other } = pair;
        let unlabelled = self.definitions.unlabelled(from, to).map(|own| own.id);
        let all = types.is_none_or(|types| unlabelled.is_some_and(|own| types.contains(&own)));
        let there = self.links.types(from, id, to, other).to_vec();
        for type_id in there.into_iter().filter(|own| all || types.is_some_and(|types| types.contains(own))) {
            let inverse = self.definitions.get(from, to, type_id).map_or(type_id, |own| own.inverse);
            if self.links.take(from, id, to, other, (type_id, inverse)) {
                self.tell(turn, source, pair, type_id, true);
            }
        }
    }

    /// One event for each side.
    fn tell(&self, turn: &mut Turn<'_>, source: &'static str, pair: Pair, type_id: TypeId, removed: bool) {
        // Links to activities send nothing: HubSpot has association events between classic types only.
        let classical = pair.from.classical && pair.to.classical;
        if !(turn.changes.watches(self.portal_id) && classical) {
            return;
        }
        let own = self.definitions.get(pair.from, pair.to, type_id);
        let labelled = own.is_some_and(|own: &Definition| own.category == "USER_DEFINED");
        if labelled && !turn.switches.label_changes_send_webhooks {
            return;
        }
        let primary = is_primary(type_id) || own.is_some_and(|own| is_primary(own.inverse));
        for Pair { from, id, to, other } in [pair, pair.back()] {
            turn.changes.emit(ChangeEvent {
                portal_id: self.portal_id,
                object_type_id: from.type_id,
                object_id: id,
                occurred_at: turn.now_ms,
                change_source: source,
                change: Change::Association { to: to.type_id, to_id: other, removed, primary },
            });
        }
    }

    /// Brings up to date what follows from links: `num_associated_…` and the primary company. The record does not count
    /// as modified.
    pub(crate) fn recount(&mut self, turn: &Turn<'_>, kind: &'static ObjectKind, id: u64) {
        if !self.is_live(kind, id) {
            return;
        }
        let count = |to: &str| {
            let to = ObjectKind::of_id(to)?;
            Some(self.linked(kind, id, to, 0).count())
        };
        let mut values: Vec<(&str, Option<String>)> = Vec::new();
        for (name, to) in kind.counted {
            values.push((name, count(to).map(|count| count.to_string())));
        }
        if let Some(name) = kind.primary_company {
            values.push((name, self.primary_company(kind, id).map(|company| company.to_string())));
        }
        let (store, rng) = self.store_mut(kind);
        let has = |key| store.get(id).is_some_and(|record| record.values.get(key).is_some());
        let mut edits: Vec<Edit<'_>> = Vec::new();
        for (name, value) in &values {
            // Where nothing was ever linked nothing is said.
            let said = value.as_deref().is_some_and(|value| value != "0");
            if let Some(key) = store.schema.key(name).filter(|&key| said || has(key)) {
                set(&mut edits, key, value.as_deref());
            }
        }
        store.calculate(turn, rng, id, &edits);
    }

    pub(crate) fn recount_pair(&mut self, turn: &Turn<'_>, pair: Pair) {
        self.recount(turn, pair.from, pair.id);
        self.recount(turn, pair.to, pair.other);
    }

    /// Lets links and lists follow the records that went since the last time. Costs nothing where none did.
    pub(crate) fn follow(&mut self, turn: &mut Turn<'_>) {
        for kind in KINDS {
            for left in std::mem::take(&mut self.shelves[kind.place].store.left) {
                self.lists.follow(turn, kind, &left);
                let (own, others) = match left {
                    Left::Hidden(id) | Left::Shown(id) => {
                        let all = KINDS.into_iter().flat_map(|to| {
                            self.links.of(kind, id, to).map(move |(other, _)| (to, other)).collect::<Vec<_>>()
                        });
                        (id, all.collect())
                    }
                    Left::Erased(id) => (id, self.links.remove(kind, id)),
                    Left::Merged { old, into } => {
                        let moved = old.into_iter().filter(|old| *old != into);
                        (into, moved.flat_map(|old| self.links.move_to(kind, old, into)).collect())
                    }
                };
                self.recount(turn, kind, own);
                for (to, other) in others {
                    self.recount(turn, to, other);
                }
            }
        }
    }
}

/// Changes as people make them in HubSpot's pages; types as in paths.
impl Portal {
    fn pair(&self, from: (&str, u64), to: (&str, u64)) -> Result<Pair, Problem> {
        let pair = Pair { from: kind_named(from.0)?, id: from.1, to: kind_named(to.0)?, other: to.1 };
        let own = pair.from.place == pair.to.place && pair.id == pair.other;
        let live = self.is_live(pair.from, pair.id) && self.is_live(pair.to, pair.other);
        if live && !own { Ok(pair) } else { Err(Problem::resource_not_found()) }
    }

    /// Links two live records: by these types, and by the unlabelled one in any case.
    pub fn associate(
        &mut self,
        turn: &mut Turn<'_>,
        from: (&str, u64),
        to: (&str, u64),
        types: &[TypeId],
    ) -> Result<(), Problem> {
        let pair = self.pair(from, to)?;
        if let Some(unknown) =
            types.iter().find(|id| self.definitions.get(pair.from, pair.to, **id).is_none())
        {
            return Err(super::write::invalid_type(pair.from, pair.to, *unknown));
        }
        self.link(turn, BY_PERSON, pair, types);
        self.recount_pair(turn, pair);
        Ok(())
    }

    /// Takes these types from a link, or all of them.
    pub fn dissociate(
        &mut self,
        turn: &mut Turn<'_>,
        from: (&str, u64),
        to: (&str, u64),
        types: Option<&[TypeId]>,
    ) -> Result<(), Problem> {
        let pair = self.pair(from, to)?;
        self.unlink(turn, BY_PERSON, pair, types);
        self.recount_pair(turn, pair);
        Ok(())
    }

    /// Adds an account's own label between two types; its two directions.
    pub fn add_label(
        &mut self,
        from: &str,
        to: &str,
        label: &str,
        inverse_label: Option<&str>,
    ) -> Result<Vec<Definition>, Problem> {
        Ok(self.definitions.add(kind_named(from)?, kind_named(to)?, label, inverse_label))
    }

    /// Every link of two types whose records are both live, in order of ids: the truth to compare with.
    pub fn associations(&self, from: &str, to: &str) -> Vec<Link> {
        let (Some(from), Some(to)) = (ObjectKind::named(from), ObjectKind::named(to)) else {
            return Vec::new();
        };
        let all = self.links.all(from, to);
        all.filter(|(id, other, _)| self.is_live(from, *id) && self.is_live(to, *other))
            .map(|(from, to, types)| Link { from, to, types: types.to_vec() })
            .collect()
    }

    /// Links what is live as real accounts do: most contacts to a company, deals to one to three contacts and a company.
    /// Search knows the counts at once, no events are sent. How many links there are then.
    pub fn seed_associations(&mut self, now_ms: u64) -> usize {
        let live = |portal: &Self, kind: &ObjectKind| -> Vec<u64> {
            let records = portal.store(kind).records_from(0);
            records.filter(|record| record.state == State::Live).map(|record| record.id).collect()
        };
        let [contacts, companies, deals] = [&CONTACTS, &COMPANIES, &DEALS].map(|kind| live(self, kind));
        let at_once = Switches { search_lag_min_ms: 0, search_lag_max_ms: 0, ..Switches::default() };
        let mut changes = crate::Changes::default();
        let mut turn = Turn { now_ms, switches: &at_once, changes: &mut changes, viewer: None };
        let chosen = |portal: &mut Self, ids: &[u64]| ids.get(portal.rng.usize(..ids.len().max(1))).copied();
        for &id in &contacts {
            let of_company = |other| Pair { from: &CONTACTS, id, to: &COMPANIES, other };
            for percent in [80, 6] {
                if self.rng.u8(..100) < percent
                    && let Some(company) = chosen(self, &companies)
                {
                    self.link(&mut turn, BY_PERSON, of_company(company), &[]);
                }
            }
        }
        for &id in &deals {
            let mut company = None;
            for _ in 0..self.rng.u8(1..=3) {
                if let Some(other) = chosen(self, &contacts) {
                    self.link(&mut turn, BY_PERSON, Pair { from: &DEALS, id, to: &CONTACTS, other }, &[]);
                    company = company.or_else(|| self.primary_company(&CONTACTS, other));
                }
            }
            if let Some(other) = company.or_else(|| chosen(self, &companies)) {
                self.link(&mut turn, BY_PERSON, Pair { from: &DEALS, id, to: &COMPANIES, other }, &[]);
            }
        }
        for (kind, ids) in [(&CONTACTS, &contacts), (&COMPANIES, &companies), (&DEALS, &deals)] {
            for id in ids {
                self.recount(&turn, kind, *id);
            }
        }
        let pairs = [(&CONTACTS, &COMPANIES), (&DEALS, &CONTACTS), (&DEALS, &COMPANIES)];
        pairs.into_iter().map(|(from, to)| self.links.all(from, to).count()).sum()
    }

    /// Adds, removes and relabels links at random, as people do.
    pub fn edit_associations(&mut self, turn: &mut Turn<'_>, count: u32) -> LinkEdits {
        let mut edits = LinkEdits::default();
        let kinds: [[&'static ObjectKind; 2]; 3] =
            [[&CONTACTS, &COMPANIES], [&DEALS, &CONTACTS], [&DEALS, &COMPANIES]];
        for _ in 0..count {
            let [from, to] = kinds[self.rng.usize(..kinds.len())];
            let (Some(id), Some(other)) = (self.random(from), self.random(to)) else { continue };
            let there = self.linked(from, id, to, 0).map(|(other, _)| other).nth(self.rng.clone().usize(..3));
            let pair = Pair { from, id, to, other };
            match (self.rng.u8(..10), there) {
                (0..4, Some(there)) => {
                    let pair = Pair { other: there, ..pair };
                    self.unlink(turn, BY_PERSON, pair, None);
                    self.recount_pair(turn, pair);
                    edits.removed += 1;
                }
                (4..6, Some(there)) if to.type_id == COMPANIES.type_id => {
                    let before = self.primary_company(from, id);
                    let pair = Pair { other: there, ..pair };
                    self.link(turn, BY_PERSON, pair, &[primary_of(from).0]);
                    self.recount_pair(turn, pair);
                    edits.made_primary += u32::from(before != Some(there));
                }
                _ => {
                    self.link(turn, BY_PERSON, pair, &[]);
                    self.recount_pair(turn, pair);
                    edits.added += 1;
                }
            }
        }
        edits
    }

    /// A live record by chance.
    fn random(&mut self, kind: &ObjectKind) -> Option<u64> {
        let (store, rng) = self.store_mut(kind);
        crate::generator::random_live(store, rng)
    }
}

//! The difference between what is said of contacts and what they hold, for those that are marked.
//!
//! A contact holds what the mirror says, and in its place what has left for it and was not read yet: but where a call came to nothing, or its
//! answer may have been lost, nobody knows, and what is said is written whatever it holds. A contact that is known by several addresses is a
//! member where one of them is, and has the value that is said of the first of them. What nobody says anything of is taken away where it
//! is held: membership becomes `false`, a value is cleared.

use std::collections::{BTreeMap, BTreeSet};

use super::{Activation, Attribute, Call, Item, KIND, addresses, found};
use crate::{
    engine::portal::{
        Portal, Turn,
        matching::{self, Person},
    },
    hubspot::{
        objects::Properties,
        writes::{BATCH_LIMIT, Values},
    },
    store::{
        portal::{
            activations::{self as store, Mark, Said},
            echoes, records,
        },
        sql::SqlError,
    },
    values::{
        attribute::{AttributeKind, MEMBER, NO_MEMBER, Unknown},
        ids::RecordId,
        property_value::{self, Definition},
        time::MINUTE_MS,
    },
};

/// Marks looked at in one go: with some 50 µs each a webhook waits 10 ms.
const PIECE: usize = 200;
/// Marks looked at together, and no more of them where all that fits a call differs.
const TOGETHER: usize = BATCH_LIMIT;
/// How long a contact that nobody knows waits while checks for changes are behind.
const BEHIND_MS: i64 = MINUTE_MS;

/// What is wanted of contacts, for one turn.
pub(super) struct Wanted {
    /// Of each attribute that is written its definition, by our numbers.
    attributes: BTreeMap<i64, (AttributeKind, Definition)>,
    /// Those for which unknown contacts are made.
    creating: BTreeSet<i64>,
}

/// A contact, or an address nobody has, with its marks.
#[derive(Default)]
struct Marked {
    marks: Vec<String>,
    failed: u32,
    emails: Vec<String>,
}

/// Marks by what they are of.
struct TakenApart {
    contacts: BTreeMap<RecordId, Marked>,
    /// Addresses that no contact has.
    unknown: BTreeMap<String, Marked>,
    /// Marks of records that are none any more, and of whoever is kept out.
    gone: Vec<String>,
}

/// What was found of marks so far.
#[derive(Default)]
struct Sieve {
    /// Contacts that differ.
    items: Vec<Item>,
    /// Addresses nobody has, of which contacts are to be made.
    new: Vec<Item>,
    /// Marks that are for nothing any more.
    settled: Vec<String>,
    /// Addresses and records that are as they are to be.
    accepted: Vec<String>,
    /// Marks that have to wait.
    waits: Vec<String>,
    /// Contacts that are in a call, or are to be in this one.
    flying: BTreeSet<RecordId>,
}

/// What became of marks.
pub(super) enum Sifted {
    /// There are none that need not wait.
    Nothing,
    /// None of them differs.
    Settled,
    /// Too few of them differ yet, and more are about to be marked.
    Held,
    /// These differ.
    Call(Call),
}

impl Portal {
    /// What is to be on contacts now.
    pub(super) fn wanted_of_contacts(&self) -> Wanted {
        let wanted = self.activations.wanted();
        let ready = |(number, own): &(&i64, &Attribute)| {
            wanted.contains(number) && self.is_ready(own) && !own.saved.misfit && own.knows_members()
        };
        let attributes = self.activations.attributes.iter().filter(ready);
        let attributes = attributes.map(|(number, own)| (*number, (own.saved.kind, own.definition())));
        let creating = self.activations.all.values();
        let creating = creating.filter(|own| !own.paused && own.unknown == Unknown::Create);
        let creating = creating.flat_map(Activation::selects).collect();
        Wanted { attributes: attributes.collect(), creating }
    }

    /// Looks at the first marks: whoever differs becomes a call, all others are settled.
    pub(super) fn sift(&mut self, turn: &mut Turn<'_>, wanted: &Wanted) -> Result<Sifted, SqlError> {
        let (mut flying, mut flying_records) = (BTreeSet::new(), BTreeSet::new());
        for item in self.activation_in_flight().flat_map(|(_, call)| call.items()) {
            flying.extend(item.marks.iter().cloned());
            flying_records.extend(item.record);
        }
        let picked = store::pick(turn.sql, turn.now, flying.len() + PIECE)?;
        let picked: Vec<Mark> =
            picked.into_iter().filter(|mark| !flying.contains(&mark.whom)).take(PIECE).collect();
        if picked.is_empty() {
            return Ok(Sifted::Nothing);
        }
        let asked_at = self.tick(turn.now);
        let share = self.activations.share.clamp(1, BATCH_LIMIT);
        let mut sieve = Sieve { flying: flying_records, ..Sieve::default() };
        for some in picked.chunks(TOGETHER) {
            if sieve.items.len() < share {
                self.sift_some(turn, wanted, some, share, &mut sieve)?;
            }
        }
        let Sieve { items, new, settled, accepted, waits, flying: _ } = sieve;
        self.settle_marks(turn, &settled, &accepted, asked_at)?;
        if !waits.is_empty() {
            let waits: Vec<&str> = waits.iter().map(String::as_str).collect();
            store::wait(turn.sql, &waits, asked_at, turn.now.plus_ms(BEHIND_MS))?;
        }
        // Of a replacement those who go are few in each piece: a call that is full is worth the second until it is.
        let fills = self.activations.attributes.values().any(Attribute::loses_values);
        if fills && items.len() < share && !picked.iter().any(|mark| mark.urgent) {
            return Ok(Sifted::Held);
        }
        Ok(match (items.is_empty(), new.is_empty()) {
            (false, _) => Sifted::Call(Call::Update(items)),
            (true, false) => Sifted::Call(Call::Upsert(new)),
            (true, true) if settled.is_empty() && waits.is_empty() => Sifted::Nothing,
            (true, true) => Sifted::Settled,
        })
    }

    /// Looks at these marks.
    fn sift_some(
        &mut self,
        turn: &Turn<'_>,
        wanted: &Wanted,
        picked: &[Mark],
        share: usize,
        sieve: &mut Sieve,
    ) -> Result<(), SqlError> {
        let TakenApart { mut contacts, unknown, gone } = self.by_contact(turn, picked)?;
        sieve.settled.extend(gone);
        let ids: Vec<RecordId> = contacts.keys().copied().collect();
        let waited = echoes::of(turn.sql, KIND, &ids)?;
        let old: BTreeSet<RecordId> =
            echoes::older(turn.sql, KIND, &ids, self.activations.loaded_at)?.into_iter().collect();
        let live = records::live_by_ids(turn.sql, KIND, &ids)?;
        let held: BTreeMap<RecordId, Properties<'_>> = live
            .iter()
            .map(|live| (live.id, Properties::parse(&live.properties).unwrap_or_default()))
            .collect();
        for (id, marked) in &mut contacts {
            let own = held.get(id);
            let value = |name: &str| own.and_then(|properties| properties.get(name));
            marked.emails = addresses(value("email"), value("hs_additional_emails"));
        }
        let emails: BTreeSet<&str> = contacts
            .values()
            .chain(unknown.values())
            .flat_map(|marked| &marked.emails)
            .map(String::as_str)
            .collect();
        let mut said: BTreeMap<String, Vec<Said>> = BTreeMap::new();
        for own in store::said_of(turn.sql, &emails.into_iter().collect::<Vec<_>>())? {
            said.entry(own.email.clone()).or_default().push(own);
        }
        let found = self.said_by_found(turn, wanted, &ids)?;
        let nothing = echoes::Written::new();
        for (id, marked) in contacts {
            if sieve.flying.contains(&id) {
                // Its call settles one of its marks; the others are looked at when that is over.
                continue;
            }
            let mut says = wanted.said_of(&marked.emails, &said);
            says.extend(found.get(&id).cloned().unwrap_or_default());
            let doubted =
                old.contains(&id) || marked.marks.iter().any(|whom| self.activations.doubted.contains(whom));
            let waited = waited.get(&id).unwrap_or(&nothing);
            let (values, mut about) = wanted.difference(&says, held.get(&id), waited, doubted);
            about.extend(says.keys());
            if values.is_empty() {
                self.activations.tally(&about, |sync| sync.in_step += 1);
                sieve.accepted.extend(marked.emails);
                sieve.accepted.push(store::of_record(id));
                sieve.settled.extend(marked.marks);
                continue;
            }
            if sieve.items.len() < share {
                let whom = marked.emails.first().cloned().unwrap_or_else(|| store::of_record(id));
                let Marked { marks, failed, .. } = marked;
                sieve.items.push(Item { record: Some(id), marks, whom, values, about, failed });
                // Another of its marks may be among those looked at next: no contact is in a call twice.
                sieve.flying.insert(id);
            }
        }
        let behind = self.is_behind(turn, KIND);
        for (email, marked) in unknown {
            let says = wanted.said_of(&marked.emails, &said);
            let about: BTreeSet<i64> = says.keys().copied().collect();
            let creates = about.iter().any(|attribute| wanted.creating.contains(attribute));
            if !creates {
                if !about.is_empty() {
                    self.activations.tally(&about, |sync| sync.skipped += 1);
                }
                sieve.accepted.push(email);
                sieve.settled.extend(marked.marks);
            } else if behind {
                sieve.waits.extend(marked.marks);
            } else if sieve.new.len() < share {
                let names = says.iter().filter_map(|(attribute, value)| {
                    let (_, definition) = wanted.attributes.get(attribute)?;
                    Some((definition.name.clone(), value.clone()))
                });
                let values: Values = names.collect();
                let Marked { marks, failed, .. } = marked;
                sieve.new.push(Item { record: None, marks, whom: email, values, about, failed });
            }
        }
        Ok(())
    }

    /// What audiences that are found say of these contacts, by our numbers.
    fn said_by_found(
        &self,
        turn: &Turn<'_>,
        wanted: &Wanted,
        ids: &[RecordId],
    ) -> Result<BTreeMap<RecordId, BTreeMap<i64, String>>, SqlError> {
        let mut all: BTreeMap<RecordId, BTreeMap<i64, String>> = BTreeMap::new();
        for (number, _) in
            self.activations.found().filter(|(number, _)| wanted.attributes.contains_key(number))
        {
            for (id, value) in found::said_of(turn.sql, number, ids)? {
                all.entry(id).or_default().insert(number, value.to_owned());
            }
        }
        Ok(all)
    }

    /// Marks by the contact that they are of, by the address of those nobody knows, and of records that are none any more.
    fn by_contact(&self, turn: &Turn<'_>, picked: &[Mark]) -> Result<TakenApart, SqlError> {
        let (of_records, of_addresses): (Vec<&Mark>, Vec<&Mark>) =
            picked.iter().partition(|mark| mark.record().is_some());
        let people: Vec<Person> = of_addresses
            .iter()
            .map(|mark| Person { email: mark.whom.clone(), ..Person::default() })
            .collect();
        let kept_out =
            |id: RecordId, properties: &Properties<'_>| self.blocks.keeps_out(KIND, id, properties);
        let found = matching::contacts(turn.sql, &people, &kept_out)?;
        let (mut contacts, mut unknown) = (BTreeMap::<RecordId, Marked>::new(), BTreeMap::new());
        let mut gone = Vec::new();
        let add = |marked: &mut Marked, mark: &Mark| {
            marked.marks.push(mark.whom.clone());
            marked.failed = marked.failed.max(mark.failed);
        };
        for (mark, found) in of_addresses.into_iter().zip(&found) {
            match found.chosen() {
                Some(id) => add(contacts.entry(id).or_default(), mark),
                // Of whoever is kept out nothing is written.
                None if self.blocks.has_email(&mark.whom) => gone.push(mark.whom.clone()),
                None => {
                    let marked: &mut Marked = unknown.entry(mark.whom.clone()).or_default();
                    marked.emails.push(mark.whom.clone());
                    add(marked, mark);
                }
            }
        }
        let ids: Vec<RecordId> = of_records.iter().filter_map(|mark| mark.record()).collect();
        let live: BTreeSet<RecordId> =
            records::live_by_ids(turn.sql, KIND, &ids)?.into_iter().map(|live| live.id).collect();
        for mark in of_records {
            match mark.record().filter(|id| live.contains(id) && !self.blocks.has(KIND, *id)) {
                Some(id) => add(contacts.entry(id).or_default(), mark),
                None => gone.push(mark.whom.clone()),
            }
        }
        Ok(TakenApart { contacts, unknown, gone })
    }

    pub(super) fn settle_marks(
        &mut self,
        turn: &Turn<'_>,
        settled: &[String],
        accepted: &[String],
        asked_at: i64,
    ) -> Result<(), SqlError> {
        for whom in settled {
            self.activations.doubted.remove(whom);
        }
        let settled: Vec<&str> = settled.iter().map(String::as_str).collect();
        store::clear(turn.sql, &settled, asked_at)?;
        if !accepted.is_empty() {
            let accepted: Vec<&str> = accepted.iter().map(String::as_str).collect();
            store::accept(turn.sql, &accepted)?;
        }
        Ok(())
    }
}

impl Wanted {
    /// What is said of somebody by their addresses, of which the first counts.
    fn said_of(&self, emails: &[String], said: &BTreeMap<String, Vec<Said>>) -> BTreeMap<i64, String> {
        let mut all = BTreeMap::new();
        for own in emails.iter().filter_map(|email| said.get(email)).flatten() {
            if self.attributes.contains_key(&own.attribute) {
                all.entry(own.attribute).or_insert_with(|| own.value.clone());
            }
        }
        all
    }

    /// What is to be written to somebody, and of which attributes.
    fn difference(
        &self,
        says: &BTreeMap<i64, String>,
        held: Option<&Properties<'_>>,
        waited: &echoes::Written,
        doubted: bool,
    ) -> (Values, BTreeSet<i64>) {
        let (mut values, mut about) = (Values::new(), BTreeSet::new());
        for (attribute, (kind, definition)) in &self.attributes {
            let name = definition.name.as_str();
            let on_its_way = waited.get(name).map(String::as_str);
            let mirrored = held.and_then(|properties| properties.get(name));
            let holds = on_its_way.or(mirrored).unwrap_or_default();
            let unsure = doubted && on_its_way.is_some();
            let wants = match says.get(attribute) {
                Some(value) => value.as_str(),
                None if kind.is_audience() => {
                    // Whoever never was a member holds nothing, and that is left so.
                    if !unsure && !property_value::same(definition, holds, MEMBER) {
                        continue;
                    }
                    NO_MEMBER
                }
                None => "",
            };
            if unsure || !property_value::same(definition, holds, wants) {
                values.insert(name.to_owned(), wants.to_owned());
                about.insert(*attribute);
            }
        }
        (values, about)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::attribute;

    fn wanted() -> Wanted {
        let own = |name: &str, kind| (kind, attribute::definition(name, name, kind, &[]));
        let attributes = BTreeMap::from([
            (1, own("vip", AttributeKind::Audience)),
            (2, own("points", AttributeKind::Number)),
        ]);
        Wanted { attributes, creating: BTreeSet::new() }
    }

    /// What is to be written to somebody of whom these are said, who holds these and to whom these are on their way.
    fn written(says: &[(i64, &str)], held: &str, waited: &[(&str, &str)], doubted: bool) -> String {
        let says = says.iter().map(|(attribute, value)| (*attribute, (*value).to_owned())).collect();
        let waited = waited.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let held = Properties::parse(held).unwrap();
        let (values, _) = wanted().difference(&says, Some(&held), &waited, doubted);
        serde_json::to_string(&values).unwrap()
    }

    #[test]
    fn only_what_differs_is_written_and_what_nobody_says_is_taken_away_where_it_is_held() {
        let (vip, points) = ((1, "true"), (2, "7"));
        assert_eq!(written(&[vip, points], "{}", &[], false), r#"{"points":"7","vip":"true"}"#);
        assert_eq!(written(&[vip, points], r#"{"points":"7.0","vip":"true"}"#, &[], false), "{}");
        assert_eq!(
            written(&[], r#"{"points":"7","vip":"true"}"#, &[], false),
            r#"{"points":"","vip":"false"}"#
        );
        assert_eq!(written(&[], r#"{"vip":"false"}"#, &[], false), "{}", "nobody is told twice");
        assert_eq!(written(&[], "{}", &[], false), "{}", "who never was a member holds nothing");
    }

    #[test]
    fn what_is_on_its_way_counts_unless_nobody_knows_whether_it_arrived() {
        let waited = [("vip", "true")];
        assert_eq!(written(&[(1, "true")], "{}", &waited, false), "{}");
        assert_eq!(written(&[], "{}", &waited, false), r#"{"vip":"false"}"#);
        assert_eq!(written(&[(1, "true")], "{}", &waited, true), r#"{"vip":"true"}"#);
        assert_eq!(written(&[], "{}", &waited, true), r#"{"vip":"false"}"#);
        assert_eq!(written(&[(1, "true")], r#"{"vip":"true"}"#, &[], true), "{}", "the mirror has read it");
    }

    #[test]
    fn of_several_addresses_the_first_of_which_something_is_said_counts() {
        let said = |email: &str, attribute, value: &str| Said {
            email: email.to_owned(),
            attribute,
            value: value.to_owned(),
        };
        let all = BTreeMap::from([
            ("a".to_owned(), vec![said("a", 2, "1"), said("a", 9, "of none that is wanted")]),
            ("b".to_owned(), vec![said("b", 1, "true"), said("b", 2, "2")]),
        ]);
        let of = |emails: &[&str]| {
            let emails: Vec<String> = emails.iter().map(|email| (*email).to_owned()).collect();
            wanted().said_of(&emails, &all).into_values().collect::<Vec<_>>()
        };
        assert_eq!(of(&["a", "b"]), ["true", "1"]);
        assert_eq!(of(&["b", "a"]), ["true", "2"]);
        assert_eq!(of(&["c"]), [""; 0]);
    }
}

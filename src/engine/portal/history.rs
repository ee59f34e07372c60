//! What happened to one record, as the change feed tells it: its values, its lists, its channels, and the links it got and lost,
//! which stand in the feed at whichever end holds them. Reads only, and no more of the feed than [`browse::reach`].

use std::collections::{BTreeMap, btree_map::Entry};

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{
        browse::{CHANGED_CHARS, columns, cut},
        query,
    },
    hubspot::associations::LinkType,
    store::{
        portal::{
            browse,
            feed::{self, Change, Chunk, LinkEnds},
            links,
        },
        sql::{Sql, SqlError},
    },
    values::{
        ids::{ObjectType, RecordId},
        time::Timestamp,
    },
};

/// Entries that are shown at once.
const HAPPENED: usize = 100;
/// Records of one entry that are named: a company can get thousands of links in one turn.
const NAMED: usize = 5;

/// Something that happened to a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// When the mirror took it in.
    pub at: Timestamp,
    /// `created`, `updated`, `deleted`, … as in the change feed.
    pub kind: String,
    /// Property, old value and new value, of an update.
    pub changed: Vec<(String, Option<String>, Option<String>)>,
    /// The record it became part of.
    pub into: Option<RecordId>,
    /// The list that it joined or left.
    pub list: Option<String>,
    /// The links that came or went.
    pub links: Option<LinksChanged>,
}

/// Links that came or went in one turn, to records of one type and called the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinksChanged {
    /// Type of the other records.
    pub to_type: ObjectType,
    /// Some of them.
    pub others: Vec<Other>,
    /// How many there are, with those that are not kept because they were deleted for privacy.
    pub count: usize,
    /// What the links are called, as the record sees them.
    pub labels: Vec<String>,
    /// What they are called as the others see them, where it is not known what the record calls them.
    pub labels_there: Vec<String>,
    /// Only what they are called came or went: the links were there before, or stay.
    pub only_labels: bool,
}

/// A record at the other end of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Other {
    /// Its id.
    pub id: RecordId,
    /// Its [`columns`]; empty where the mirror does not hold it.
    pub values: Vec<Option<String>>,
}

/// What happened to a record before a place in the feed, the latest first, and where to look for more.
pub(super) fn of(
    sql: &dyn Sql,
    kind: ObjectType,
    id: RecordId,
    before: Option<u64>,
) -> Result<(Vec<Happened>, Option<u64>), SqlError> {
    let Some(reach) = browse::reach(sql, before)? else { return Ok((Vec::new(), None)) };
    let mut all = Vec::new();
    let mut further = reach.more.then_some(reach.from);
    let mut calls = Calls::default();
    for seq in browse::mentions(sql, kind, id, reach, before)? {
        if all.len() >= HAPPENED {
            // The row after this one was the last that is told.
            further = Some(seq + 1);
            break;
        }
        let Some(chunk) = feed::chunk_at(sql, seq)? else { continue };
        tell(sql, &chunk, (kind, id), &mut calls, &mut all)?;
    }
    name(sql, &mut all)?;
    Ok((all, further))
}

/// Adds what a row of the feed tells of a record. Links that are alike are one entry, where the latest of them stands.
fn tell(
    sql: &dyn Sql,
    chunk: &Chunk,
    (kind, id): (ObjectType, RecordId),
    calls: &mut Calls,
    all: &mut Vec<Happened>,
) -> Result<(), SqlError> {
    let Some(holder) = chunk.object_type else { return Ok(()) };
    let mut alike: BTreeMap<(bool, bool, ObjectType, &str), usize> = BTreeMap::new();
    for change in chunk.changes.iter().rev() {
        let (Change::Linked(ends) | Change::Unlinked(ends)) = change else {
            if holder == kind {
                all.extend(happened(change, id, chunk.at));
            }
            continue;
        };
        let holds = holder == kind && ends.id == id;
        if !holds && (ends.to_type != kind || ends.to != Some(id)) {
            continue;
        }
        let (to_type, other) = if holds { (ends.to_type, ends.to) } else { (holder, Some(ends.id)) };
        let came = matches!(change, Change::Linked(_));
        let place = match alike.get(&(came, holds, to_type, ends.types.as_str())) {
            Some(place) => *place,
            None => {
                let links = calls.links(sql, (kind, to_type), holds, ends)?;
                all.push(Happened { links: Some(links), ..bare(change, chunk.at) });
                alike.insert((came, holds, to_type, ends.types.as_str()), all.len() - 1);
                all.len() - 1
            }
        };
        let Some(links) = all.get_mut(place).and_then(|entry| entry.links.as_mut()) else { continue };
        links.count += 1;
        if let Some(other) = other.filter(|_| links.others.len() < NAMED) {
            links.others.push(Other { id: other, values: Vec::new() });
        }
    }
    Ok(())
}

/// A change before anything is said of what it is about.
fn bare(change: &Change, at: Timestamp) -> Happened {
    Happened {
        at,
        kind: query::kind_of(change).to_owned(),
        changed: Vec::new(),
        into: None,
        list: None,
        links: None,
    }
}

fn happened(change: &Change, id: RecordId, at: Timestamp) -> Option<Happened> {
    let mut happened = bare(change, at);
    if let Change::Joined { name, .. } | Change::Left { name, .. } = change {
        happened.list = Some(name.clone());
    }
    let whose = match change {
        Change::Created { ids, .. }
        | Change::Channel { ids, .. }
        | Change::Joined { ids, .. }
        | Change::Left { ids, .. } => ids.iter().copied().find(|created| *created == id)?,
        Change::Updated { id, set, .. } => {
            let short = |value: &Option<String>| value.as_ref().map(|text| cut(text, CHANGED_CHARS).0);
            happened.changed =
                set.iter().map(|(name, (old, new))| (name.clone(), short(old), short(new))).collect();
            *id
        }
        Change::Merged { id: gone, into } => {
            happened.into = Some(*into);
            *gone
        }
        Change::Deleted { id }
        | Change::Restored { id }
        | Change::Erased { id }
        | Change::Scrubbed { id } => *id,
        Change::Linked(_)
        | Change::Unlinked(_)
        | Change::Lifecycle { .. }
        | Change::ListOff { .. }
        | Change::TypeOff { .. } => return None,
    };
    (whose == id).then_some(happened)
}

/// What types of links are called in one direction.
type Called = BTreeMap<String, Option<String>>;

/// What types of links are called, read once each direction.
#[derive(Default)]
struct Calls(BTreeMap<(ObjectType, ObjectType), Called>);

impl Calls {
    fn known(&mut self, sql: &dyn Sql, from: ObjectType, to: ObjectType) -> Result<&Called, SqlError> {
        if let Entry::Vacant(unknown) = self.0.entry((from, to)) {
            unknown.insert(links::types(sql, from, to)?.into_iter().collect());
        }
        Ok(&self.0[&(from, to)])
    }

    /// The links of a change without the records; `holds`: the record is the end that the types are seen from.
    fn links(
        &mut self,
        sql: &dyn Sql,
        (kind, to_type): (ObjectType, ObjectType),
        holds: bool,
        ends: &LinkEnds,
    ) -> Result<LinksChanged, SqlError> {
        let here = self.known(sql, kind, to_type)?.clone();
        let there = self.known(sql, to_type, kind)?;
        let called = |known: &Called, own: &str| known.get(own).cloned().flatten();
        let (mut labels, mut labels_there, mut plain) = (Vec::new(), Vec::new(), false);
        for own in ends.types.split(' ').filter(|own| !own.is_empty()) {
            let inverse = || own.parse::<LinkType>().ok().and_then(LinkType::inverse);
            let (label, is_own) = if holds {
                (called(&here, own), true)
            } else if let Some(inverse) = inverse() {
                (called(&here, &inverse.to_string()), true)
            } else {
                // A label that both ends share has a number at each of them.
                let label = called(there, own);
                let shared = label.is_some() && here.values().any(|known| *known == label);
                (label, shared)
            };
            match label.filter(|label| !label.is_empty()) {
                Some(label) if is_own => labels.push(label),
                Some(label) => labels_there.push(label),
                None => plain = true,
            }
        }
        // HubSpot keeps a type without a label beside every label of a link.
        let labelled = !labels.is_empty() || !labels_there.is_empty();
        let only_labels = labelled && !plain;
        Ok(LinksChanged { to_type, others: Vec::new(), count: 0, labels, labels_there, only_labels })
    }
}

/// Tells who the others are, as far as the mirror holds them.
fn name(sql: &dyn Sql, all: &mut [Happened]) -> Result<(), SqlError> {
    let mut asked: BTreeMap<ObjectType, Vec<RecordId>> = BTreeMap::new();
    for links in all.iter().filter_map(|one| one.links.as_ref()) {
        asked.entry(links.to_type).or_default().extend(links.others.iter().map(|other| other.id));
    }
    let mut known = BTreeMap::new();
    for (kind, ids) in asked {
        for row in browse::rows_of(sql, kind, &ids, columns(kind))? {
            known.insert((kind, row.id), row.values);
        }
    }
    for links in all.iter_mut().filter_map(|one| one.links.as_mut()) {
        for other in &mut links.others {
            let values = known.get(&(links.to_type, other.id)).cloned().unwrap_or_default();
            let short = |value: Option<String>| value.map(|text| cut(&text, CHANGED_CHARS).0);
            other.values = values.into_iter().map(short).collect();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        native::NativeSql,
        portal::{self, records},
    };

    const CONTACTS: ObjectType = ObjectType::Contacts;
    const COMPANIES: ObjectType = ObjectType::Companies;

    fn opened() -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let label = |own: &str, label: &str| (own.to_owned(), Some(label.to_owned()));
        let plain = |own: &str| (own.to_owned(), None);
        links::put_types(
            &sql,
            CONTACTS,
            COMPANIES,
            &[plain("H279"), label("H1", "Primary"), label("U7", "Employee"), label("U9", "Partner")],
        )
        .unwrap();
        let back =
            [plain("H280"), label("H2", "Main contact"), label("U8", "Employer"), label("U10", "Partner")];
        links::put_types(&sql, COMPANIES, CONTACTS, &back).unwrap();
        sql
    }

    fn put(sql: &NativeSql, kind: ObjectType, id: u64, properties: &str) {
        let (created_at, updated_at) = (Timestamp(1), Timestamp(2));
        let write = records::Write { id: RecordId(id), created_at, updated_at, key: None, properties };
        records::put(sql, kind, &[write], 99).unwrap();
    }

    fn ends(id: u64, to: Option<u64>, types: &str) -> LinkEnds {
        let (id, to, types) = (RecordId(id), to.map(RecordId), types.to_owned());
        LinkEnds { id, to_type: COMPANIES, to, types, ours: false }
    }

    fn history(sql: &NativeSql, kind: ObjectType, id: u64) -> Vec<Happened> {
        of(sql, kind, RecordId(id), None).unwrap().0
    }

    #[test]
    fn a_history_holds_what_happened_to_this_record_only_the_latest_first() {
        let sql = opened();
        let set = BTreeMap::from([("phone".to_owned(), (None, Some("7".to_owned())))]);
        let created = Change::Created { ids: vec![RecordId(7), RecordId(77)], ours: false };
        feed::append(&sql, Timestamp(1), CONTACTS, vec![created]).unwrap();
        // Holds the digits of the id, and is another's.
        let other = Change::Updated { id: RecordId(77), set: set.clone(), ours: false };
        feed::append(&sql, Timestamp(2), CONTACTS, vec![other]).unwrap();
        feed::append(
            &sql,
            Timestamp(3),
            CONTACTS,
            vec![Change::Updated { id: RecordId(7), set, ours: false }],
        )
        .unwrap();
        // Another type's record of the same number.
        feed::append(&sql, Timestamp(4), COMPANIES, vec![Change::Deleted { id: RecordId(7) }]).unwrap();
        let history = history(&sql, CONTACTS, 7);
        let told: Vec<_> = history.iter().map(|one| (one.at.0, one.kind.as_str())).collect();
        assert_eq!(told, [(3, "updated"), (1, "created")]);
        assert_eq!(history[0].changed, [("phone".to_owned(), None, Some("7".to_owned()))]);
    }

    #[test]
    fn links_stand_in_the_history_of_both_ends_each_in_its_own_words() {
        let sql = opened();
        put(&sql, CONTACTS, 7, r#"{"firstname":"Ada"}"#);
        put(&sql, COMPANIES, 90, r#"{"name":"Acme"}"#);
        let gone = Change::Deleted { id: RecordId(8) };
        let linked = Change::Linked(ends(7, Some(90), "H1 H279 U7 U9"));
        feed::append(&sql, Timestamp(1), CONTACTS, vec![linked]).unwrap();
        feed::append(&sql, Timestamp(2), CONTACTS, vec![gone, Change::Linked(ends(8, Some(900), "H279"))])
            .unwrap();
        feed::append(&sql, Timestamp(3), CONTACTS, vec![Change::Unlinked(ends(7, Some(90), "U7"))]).unwrap();

        let of_contact = history(&sql, CONTACTS, 7);
        let told: Vec<_> = of_contact.iter().map(|one| (one.at.0, one.kind.as_str())).collect();
        assert_eq!(told, [(3, "association_removed"), (1, "association_added")]);
        let [later, first] = of_contact.iter().map(|one| one.links.as_ref().unwrap()).collect::<Vec<_>>()[..]
        else {
            panic!("{of_contact:?}")
        };
        assert_eq!((later.only_labels, later.labels.as_slice()), (true, &["Employee".to_owned()][..]));
        assert_eq!(
            (first.only_labels, first.labels.join(" ")),
            (false, "Primary Employee Partner".to_owned())
        );
        assert_eq!((first.to_type, first.count), (COMPANIES, 1));
        assert_eq!(first.others, [Other { id: RecordId(90), values: vec![Some("Acme".to_owned()), None] }]);

        let of_company = history(&sql, COMPANIES, 90);
        let first = of_company[1].links.as_ref().unwrap();
        assert_eq!((first.to_type, first.others[0].id), (CONTACTS, RecordId(7)));
        assert_eq!(first.labels.join(" "), "Main contact Partner");
        assert_eq!(first.labels_there.join(" "), "Employee");
        assert_eq!(of_company.len(), 2);
    }

    #[test]
    fn links_of_one_turn_that_are_alike_are_one_entry_that_names_a_few() {
        let sql = opened();
        put(&sql, CONTACTS, 3, "{}");
        let mut changes: Vec<Change> =
            (1..=40).map(|id| Change::Linked(ends(id, Some(90), "H279"))).collect();
        changes.insert(20, Change::Linked(ends(50, Some(90), "H279 U9")));
        feed::append(&sql, Timestamp(1), CONTACTS, changes).unwrap();
        let history = history(&sql, COMPANIES, 90);
        let links: Vec<_> = history.iter().map(|one| one.links.as_ref().unwrap()).collect();
        let counts: Vec<_> = links.iter().map(|links| (links.count, links.others.len())).collect();
        assert_eq!(counts, [(40, NAMED), (1, 1)]);
        assert!(links[0].others.iter().all(|other| other.values.is_empty()), "none of these is mirrored");
    }

    #[test]
    fn a_record_erased_for_privacy_is_not_named_in_the_history_of_what_it_was_linked_to() {
        let sql = opened();
        feed::append(&sql, Timestamp(1), CONTACTS, vec![Change::Linked(ends(7, Some(90), "H279"))]).unwrap();
        crate::store::portal::erasures::add(&sql, COMPANIES, &[RecordId(90)], Timestamp(0)).unwrap();
        let links = history(&sql, CONTACTS, 7).remove(0).links.unwrap();
        assert_eq!((links.count, links.others.len(), links.only_labels), (1, 0, false));
        assert_eq!(history(&sql, COMPANIES, 90), []);
    }

    #[test]
    fn a_history_goes_on_where_it_ended() {
        let sql = opened();
        for at in 1..=HAPPENED as u64 + 20 {
            let id = if at % 2 == 0 { 90 } else { 91 };
            let change = Change::Linked(ends(at, Some(id), "H279"));
            feed::append(&sql, Timestamp(at as i64), CONTACTS, vec![change]).unwrap();
            feed::append(&sql, Timestamp(at as i64), COMPANIES, vec![Change::Restored { id: RecordId(90) }])
                .unwrap();
        }
        let (mut seen, mut before, mut looks) = (Vec::new(), None, 0);
        loop {
            let (some, further) = of(&sql, COMPANIES, RecordId(90), before).unwrap();
            seen.extend(some.into_iter().map(|one| (one.at.0, one.links.is_some())));
            looks += 1;
            before = further;
            if before.is_none() {
                break;
            }
        }
        let expected: Vec<_> = (1..=HAPPENED as i64 + 20)
            .rev()
            .flat_map(|at| [Some((at, false)), (at % 2 == 0).then_some((at, true))])
            .flatten()
            .collect();
        assert_eq!((seen, looks), (expected, 2));
    }
}

//! What the links of a record, once read, change: the link rows, the feed, and what is doubtful since.
//!
//! Links are kept among live records only. A link to a record that the mirror does not hold live is a doubt about that record;
//! when it is read, its own links are. A link's types are HubSpot's from both ends: what is read at one end tells the other
//! end's where HubSpot documents the inverse, else that end is marked. The feed tells each link once, from its holder.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    engine::portal::Turn,
    hubspot::{
        associations::{Label, LinkType, Linked},
        writes::unlabelled,
    },
    store::{
        portal::{
            dirty,
            echoes::{self, Ends, Tied},
            feed::{self, Change, LinkEnds},
            links::{self, Link, Pair, Row, Side},
            records::{self, Known},
        },
        sql::{Sql, SqlError},
    },
    values::{
        ids::{ObjectType, RecordId},
        planted::{Bug, planted},
    },
};

/// Records compared with their links at once: a megabyte of values.
const COMPARED: usize = 500;

/// All links of one record to records of a type.
#[derive(Debug)]
pub struct Read {
    /// Of whom.
    pub id: RecordId,
    /// The object's counter when the first page was asked for.
    pub asked_at: i64,
    /// To whom.
    pub to: Vec<Linked>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Applied {
    /// Changes in the feed.
    pub changes: u64,
    /// Records were marked dirty.
    pub doubts: bool,
    /// Records were marked for their links.
    pub link_doubts: bool,
    /// Holders of the links that changed.
    pub holders: BTreeSet<RecordId>,
    /// Their other ends.
    pub others: BTreeSet<RecordId>,
}

/// The property of a type that counts its links to another (`hubspot-api.md` 4.8); and the one that names the primary company,
/// with that type of association.
pub fn told_by(
    kind: ObjectType,
    to: ObjectType,
) -> (Option<&'static str>, Option<(&'static str, &'static str)>) {
    use ObjectType::{Calls, Companies, Contacts, Custom, Deals, Notes, Tasks};
    match (kind, to) {
        (Contacts, Companies) => (None, Some(("associatedcompanyid", "H1"))),
        (Contacts | Companies, Deals) => (Some("num_associated_deals"), None),
        (Companies | Deals, Contacts) => (Some("num_associated_contacts"), None),
        (Deals, Companies) => (None, Some(("hs_primary_associated_company", "H5"))),
        (Contacts, Contacts) | (Companies, Companies) | (Deals, Deals) => (None, None),
        (Tasks | Calls | Notes | Custom(_), _) | (_, Tasks | Calls | Notes | Custom(_)) => (None, None),
    }
}

fn text_of(types: &[LinkType]) -> String {
    types.iter().map(LinkType::to_string).collect::<Vec<_>>().join(" ")
}

/// The same types seen from the other end, if all of them are known there.
fn inverse_of(types: &[LinkType]) -> Option<String> {
    let mut back: Vec<LinkType> = types.iter().map(|own| own.inverse()).collect::<Option<_>>()?;
    back.sort_unstable();
    Some(text_of(&back))
}

/// Links while an answer is applied.
struct Draft {
    pair: Pair,
    side: Side,
    held: BTreeMap<(RecordId, RecordId), Row>,
    /// Keys of links by the record that was read.
    of: BTreeMap<RecordId, BTreeSet<(RecordId, RecordId)>>,
    touched: BTreeSet<(RecordId, RecordId)>,
    changes: Vec<Change>,
    link_doubts: Vec<RecordId>,
}

impl Draft {
    /// Whether `id` is the holder's end of its link with `to`.
    fn is_holder(&self, id: RecordId, to: RecordId) -> bool {
        match self.side {
            Side::Holder => true,
            Side::Other => false,
            Side::Either => id < to,
        }
    }

    fn key(&self, id: RecordId, to: RecordId) -> (RecordId, RecordId) {
        if self.is_holder(id, to) { (id, to) } else { (to, id) }
    }

    /// Writes a link as `id` sees it, and tells what of its types came and went.
    fn put(&mut self, id: RecordId, to: RecordId, types: String, back: String) {
        let row = Row::of(Link { id, to, types, back }, self.side);
        let key = (row.a, row.b);
        self.touched.insert(key);
        self.of.entry(id).or_default().insert(key);
        if let (Side::Either, Some(keys)) = (self.side, self.of.get_mut(&to)) {
            keys.insert(key);
        }
        let before = self.held.insert(key, row.clone()).map(|row| row.there).unwrap_or_default();
        self.tell(key, &before, &row.there);
    }

    fn take(&mut self, key: (RecordId, RecordId)) {
        let Some(row) = self.held.remove(&key) else { return };
        self.touched.insert(key);
        // Ids of two types mean nothing to each other.
        if self.side == Side::Either {
            for id in [key.0, key.1] {
                if let Some(keys) = self.of.get_mut(&id) {
                    keys.remove(&key);
                }
            }
        }
        self.tell(key, &row.there, "");
    }

    /// What of a link's types, seen from the holder, came and went.
    fn tell(&mut self, (id, to): (RecordId, RecordId), before: &str, after: &str) {
        let differ = |some: &str, other: &str| {
            let known: Vec<&str> = other.split(' ').collect();
            some.split(' ').filter(|own| !known.contains(own)).collect::<Vec<_>>().join(" ")
        };
        let ends = |types| LinkEnds { id, to_type: self.pair.other, to: Some(to), types, ours: false };
        let (gone, new) = (differ(before, after), differ(after, before));
        if !gone.is_empty() {
            self.changes.push(Change::Unlinked(ends(gone)));
        }
        if !new.is_empty() {
            self.changes.push(Change::Linked(ends(new)));
        }
    }

    /// One link that was read.
    fn found(&mut self, id: RecordId, linked: &Linked) {
        let own = text_of(&linked.types);
        let inverse = inverse_of(&linked.types);
        let (to, holder) = (linked.to, self.is_holder(id, linked.to));
        let old = self.held.get(&self.key(id, to)).map(|row| {
            let (types, back) = if holder { (&row.there, &row.back) } else { (&row.back, &row.there) };
            (types.clone(), back.clone())
        });
        match (old, inverse) {
            (Some((types, back)), Some(inverse)) if types == own && back == inverse => {}
            (_, Some(inverse)) => self.put(id, to, own, inverse),
            (Some((types, _)), None) if types == own => {}
            (_, None) if holder => {
                self.put(id, to, own, String::new());
                self.link_doubts.push(to);
            }
            (Some((types, back)), None) => {
                // The holder tells what a link is; what it said no longer fits.
                if !types.is_empty() {
                    self.link_doubts.push(to);
                }
                self.put(id, to, own, back);
            }
            (None, None) => self.link_doubts.push(to),
        }
    }
}

/// Applies the links of records of type `from` to records of type `to`. `echoes`: Spoke may have written some of them.
pub fn apply(
    turn: &Turn<'_>,
    (tick, echoes): (i64, bool),
    [from, to]: [ObjectType; 2],
    reads: &[Read],
    labels: &[Label],
) -> Result<Applied, SqlError> {
    let sql = turn.sql;
    let (pair, side) = Pair::seen_from(from, to);
    let ids: Vec<RecordId> = reads.iter().map(|read| read.id).collect();
    let own = states(sql, from, &ids)?;
    let others: BTreeSet<RecordId> = reads.iter().flat_map(|read| &read.to).map(|link| link.to).collect();
    let others = states(sql, to, &others.into_iter().collect::<Vec<_>>())?;
    let mut draft = Draft {
        pair,
        side,
        held: BTreeMap::new(),
        of: BTreeMap::new(),
        touched: BTreeSet::new(),
        changes: Vec::new(),
        link_doubts: Vec::new(),
    };
    for link in links::of(sql, pair, side, &ids)? {
        let row = Row::of(link.clone(), side);
        draft.of.entry(link.id).or_default().insert((row.a, row.b));
        draft.held.insert((row.a, row.b), row);
    }
    let mut doubts = Vec::new();
    for read in reads {
        // What was seen gone has no links; when it comes back they are read again.
        if !own.get(&read.id).is_some_and(|known| known.live) {
            continue;
        }
        let mut gone = draft.of.get(&read.id).cloned().unwrap_or_default();
        for linked in read.to.iter().filter(|linked| from != to || linked.to != read.id) {
            match others.get(&linked.to) {
                Some(known) if known.live => {
                    gone.remove(&draft.key(read.id, linked.to));
                    draft.found(read.id, linked);
                }
                Some(known) if known.seen_at >= read.asked_at => {}
                Some(_) | None => doubts.push(linked.to),
            }
        }
        for key in gone {
            draft.take(key);
        }
    }
    let Draft { held, touched, mut changes, mut link_doubts, .. } = draft;
    if echoes {
        tell_echoes(sql, (pair, side), reads, &mut changes)?;
    }
    let (puts, removes): (Vec<_>, Vec<_>) = touched.iter().partition(|key| held.contains_key(key));
    let puts: Vec<Row> = puts.into_iter().filter_map(|key| held.get(key).cloned()).collect();
    links::put(sql, pair, &puts)?;
    links::remove(sql, pair, &removes.iter().map(|key| empty(**key)).collect::<Vec<_>>())?;
    learn(sql, from, to, labels)?;
    let mut applied = Applied { changes: changes.len() as u64, ..Applied::default() };
    feed::append(sql, turn.now, pair.holder, changes)?;
    doubts.sort_unstable();
    doubts.dedup();
    dirty::mark(sql, to, &doubts, tick, false, false)?;
    link_doubts.sort_unstable();
    link_doubts.dedup();
    links::mark(sql, to, &link_doubts, tick)?;
    applied.doubts = !doubts.is_empty();
    applied.link_doubts = !link_doubts.is_empty();
    applied.holders = touched.iter().map(|key| key.0).collect();
    applied.others = touched.iter().map(|key| key.1).collect();
    Ok(applied)
}

/// Marks the links that Spoke itself made; what was told of is no longer waited for. One that was there before the write left is
/// somebody else's, and so is one that is read together with what a person did to it: a label, another primary company.
fn tell_echoes(
    sql: &dyn Sql,
    (pair, side): (Pair, Side),
    reads: &[Read],
    changes: &mut [Change],
) -> Result<(), SqlError> {
    let Some(plain) = unlabelled(pair.holder, pair.other).map(|id| format!("H{id}")) else { return Ok(()) };
    let has = |types: &str, wanted: &str| types.split(' ').any(|own| own == wanted);
    let new = |change: &Change| {
        let Change::Linked(ends) = change else { return None };
        ends.to.filter(|_| has(&ends.types, &plain)).map(|to| (ends.id, to))
    };
    let keys: Vec<Ends> = changes.iter().filter_map(new).collect();
    let what = Tied::Link(pair.holder, pair.other);
    let waited = echoes::ties(sql, what, &keys)?;
    if waited.is_empty() {
        return Ok(());
    }
    // HubSpot makes the first company the primary one by itself, and takes that from no other.
    let primary = told_by(pair.holder, pair.other).1.map_or("-", |(_, own)| own);
    let moved: BTreeSet<RecordId> = changes
        .iter()
        .filter_map(|change| {
            let Change::Unlinked(ends) = change else { return None };
            has(&ends.types, primary).then_some(ends.id)
        })
        .collect();
    let read_at = |(a, b): Ends| {
        let is_read = |read: &&Read| match side {
            Side::Holder => read.id == a,
            Side::Other => read.id == b,
            Side::Either => read.id == a || read.id == b,
        };
        reads.iter().filter(is_read).map(|read| read.asked_at).max().unwrap_or_default()
    };
    for change in changes {
        let Change::Linked(ends) = change else { continue };
        let Some(key) = ends.to.map(|to| (ends.id, to)) else { continue };
        let Some(left_at) = waited.get(&key).filter(|_| has(&ends.types, &plain)) else { continue };
        let alone =
            ends.types.split(' ').all(|own| own == plain || (own == primary && !moved.contains(&ends.id)));
        ends.ours = alone && read_at(key) > *left_at;
    }
    echoes::leave_ties(sql, what, &waited.into_keys().collect::<Vec<_>>())
}

fn empty((a, b): (RecordId, RecordId)) -> Row {
    Row { a, b, there: String::new(), back: String::new() }
}

fn states(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<BTreeMap<RecordId, Known>, SqlError> {
    let known = records::known(sql, kind, ids, None)?;
    Ok(known.into_iter().map(|row| (row.id, row)).collect())
}

/// Keeps the labels of types that were not known: the hourly list of labels may be older than a link.
fn learn(sql: &dyn Sql, from: ObjectType, to: ObjectType, labels: &[Label]) -> Result<(), SqlError> {
    if labels.is_empty() {
        return Ok(());
    }
    let known = links::types(sql, from, to)?;
    let new: Vec<links::Named> = labels
        .iter()
        .map(|(own, label)| (own.to_string(), label.clone()))
        .filter(|(own, _)| !known.iter().any(|(name, _)| name == own))
        .collect();
    links::put_types(sql, from, to, &new)
}

/// Live records of a type whose own properties tell of other links to a type than the mirror holds and `left_out` was told of, each
/// with what the two say.
pub fn disagreeing(
    sql: &dyn Sql,
    kind: ObjectType,
    to: ObjectType,
    ids: &[RecordId],
    has: &dyn Fn(ObjectType, &str) -> bool,
    left_out: &dyn Fn(RecordId) -> u64,
) -> Result<Vec<(RecordId, String)>, SqlError> {
    let (counted, primary) = told_by(kind, to);
    let counted = counted.filter(|name| has(kind, name));
    let primary = primary.filter(|(name, _)| has(kind, name));
    let mut stale = Vec::new();
    if counted.is_none() && primary.is_none() {
        return Ok(stale);
    }
    let (pair, side) = Pair::seen_from(kind, to);
    for some in ids.chunks(COMPARED) {
        let totals = links::totals(sql, pair, side, some, primary.map_or("-", |(_, own)| own))?;
        let totals: BTreeMap<RecordId, (u64, Option<RecordId>)> =
            totals.into_iter().map(|(id, total, main)| (id, (total, main))).collect();
        let names = [counted.unwrap_or("-"), primary.map_or("-", |(name, _)| name)];
        for (id, [count, main]) in links::values(sql, kind, some, names)? {
            let (total, company) = totals.get(&id).copied().unwrap_or_default();
            // Whoever is kept out is linked at HubSpot all the same.
            let (left_out, total) = (left_out(id), total + left_out(id));
            let said = format!("{count:?} {main:?} {total} {company:?}");
            let count_fits = counted.is_none()
                || match count.map(|text| text.parse::<u64>()) {
                    Some(Ok(count)) => count == total,
                    // What is no number tells nothing.
                    Some(Err(_)) => true,
                    None => total == 0,
                };
            let main = main.and_then(|text| text.parse::<RecordId>().ok());
            if !count_fits || (primary.is_some() && main != company && left_out == 0) {
                stale.push((id, said));
            }
        }
    }
    Ok(stale)
}

/// Takes away the links of records that are gone, and marks those at the other ends that say something of them. The feed says
/// nothing: whoever goes takes his links along. Says how many records were marked.
pub fn left(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId], tick: i64) -> Result<u64, SqlError> {
    if planted(Bug::LinksOutliveRecords) || !kind.is_always() {
        return Ok(0);
    }
    let mut marked = 0;
    for to in ObjectType::ALWAYS {
        let (pair, side) = Pair::seen_from(kind, to);
        let gone = links::of(sql, pair, side, ids)?;
        if gone.is_empty() {
            continue;
        }
        let (counted, primary) = told_by(to, kind);
        let tells = |link: &&Link| {
            counted.is_some() || primary.is_some_and(|(_, own)| link.back.split(' ').any(|back| back == own))
        };
        let mut others: Vec<RecordId> = gone.iter().filter(tells).map(|link| link.to).collect();
        others.sort_unstable();
        others.dedup();
        dirty::mark(sql, to, &others, tick, false, false)?;
        marked += others.len() as u64;
        let rows: Vec<Row> = gone.into_iter().map(|link| Row::of(link, side)).collect();
        links::remove(sql, pair, &rows)?;
    }
    Ok(marked)
}

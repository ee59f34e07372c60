//! The order of application: which of two answers about one record counts.
//!
//! A read carries `asked_at`, the object's counter when it left; a record keeps it as `seen_at`. A read is applied if its
//! modified date is newer, or equal and it left later. List pages never clear a tombstone and searches never set content:
//! a doubt marks the id dirty, and only a batch or single read settles it. Nothing here sends or schedules anything.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    engine::portal::{deletions, fields, links},
    hubspot::objects::{Properties, Record},
    store::{
        portal::{
            deletions as unsettled, dirty, echoes, erasures,
            feed::{self, Change, OldNew},
            keys::{self, Key},
            lookup, members, outbox, phones,
            records::{self, Grave, Known, Stored, Write},
        },
        sql::{Sql, SqlError},
    },
    values::{
        ids::{ObjectType, RecordId},
        planted::{Bug, planted},
        time::Timestamp,
    },
};

/// Where and when an answer is applied.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The connection's database.
    pub sql: &'a dyn Sql,
    /// Now.
    pub now: Timestamp,
    /// Which type.
    pub kind: ObjectType,
    /// The object's counter when the read left.
    pub asked_at: i64,
    /// The object's counter now: generation of the marks made here.
    pub tick: i64,
    /// The type is read anew to take less room.
    pub shrinks: bool,
    /// Something was written that may not have been read: see [`echoes`].
    pub echoes: bool,
    /// The read left before a new field was known: what it wrote lacks that, and is a doubt.
    pub before_field: bool,
    /// Every record that the mirror holds was there then.
    pub proved_at: Timestamp,
    /// Contacts are looked up by their telephone numbers.
    pub phones: bool,
}

impl Scene<'_> {
    /// Whether records of the type are looked up by their telephone numbers.
    fn has_phones(&self) -> bool {
        self.phones && self.kind == ObjectType::Contacts
    }
}

/// How the number of live records moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Records that came.
    pub came: u64,
    /// Records that went.
    pub went: u64,
    /// Changes in the feed.
    pub changes: u64,
    /// Ids marked dirty.
    pub doubts: u64,
    /// Ids of any type marked dirty because what they were linked to is gone.
    pub elsewhere: u64,
    /// Deletions that are to be looked for in HubSpot's archive.
    pub deletions: u64,
}

/// The property that names the records which became part of this one (`hubspot-api.md` 4.5).
const MERGED_IDS: &str = "hs_merged_object_ids";
/// Most of them that are taken in: HubSpot combines no more than 250.
const MERGED_LIMIT: usize = 250;

/// Everything one answer leads to, written at the end in one go.
#[derive(Default)]
struct Verdict<'a> {
    writes: Vec<Write<'a>>,
    created: Vec<RecordId>,
    /// Those of them that Spoke made.
    ours: BTreeSet<RecordId>,
    changes: Vec<Change>,
    graves: Vec<Grave>,
    /// Whoever was deleted and not merged, with when they were last known to be there.
    deleted: Vec<(RecordId, Timestamp)>,
    doubts: Vec<RecordId>,
    merged: Vec<(RecordId, RecordId)>,
    /// What else records are called now, and which were called something else.
    further: Vec<(RecordId, Vec<Key>)>,
    had_further: Vec<RecordId>,
    /// The same of telephone numbers, where these are asked by.
    phones: Vec<(RecordId, Vec<i64>)>,
    had_phones: Vec<RecordId>,
    came: u64,
    went: u64,
}

/// Applies a page of the list endpoint that covers every id in `(above, up_to]`: what the mirror holds there and the page
/// does not is a doubt.
pub fn list_page(
    scene: Scene<'_>,
    page: &[Record<'_>],
    covers: Option<(RecordId, Option<RecordId>)>,
) -> Result<Applied, SqlError> {
    let ids: Vec<RecordId> = page.iter().map(|record| record.id).collect();
    let stored = match covers {
        Some((above, up_to)) => records::in_range_or(scene.sql, scene.kind, above, up_to, &ids)?,
        None => records::by_ids(scene.sql, scene.kind, &ids)?,
    };
    let mut stored: BTreeMap<RecordId, Stored> = stored.into_iter().map(|row| (row.id, row)).collect();
    let texts = texts(page);
    let mut verdict = Verdict::default();
    for (record, text) in page.iter().zip(&texts) {
        match stored.remove(&record.id) {
            _ if record.archived => verdict.doubts.push(record.id),
            Some(row) if !row.live && planted(Bug::ListClearsTombstones) => {
                drop(row);
                verdict.restore(scene, record, text);
            }
            Some(row) if !row.live => {
                if scene.asked_at > row.seen_at {
                    verdict.doubts.push(record.id);
                }
            }
            row => verdict.judge(scene, record, text, row),
        }
    }
    if covers.is_some() {
        let unlisted = stored.values().filter(|row| row.live && scene.asked_at > row.seen_at);
        verdict.doubts.extend(unlisted.map(|row| row.id));
    }
    verdict.write(scene)
}

/// What a listing of ids and dates shows to be unknown or older in the mirror (`thorough`: all of it); what the mirror holds in the range and the
/// listing does not is marked dirty. The ids returned are to be read.
pub fn listed_ids(
    scene: Scene<'_>,
    page: &[Record<'_>],
    covers: Option<(RecordId, Option<RecordId>)>,
    thorough: bool,
) -> Result<Vec<RecordId>, SqlError> {
    let ids: Vec<RecordId> = page.iter().map(|record| record.id).collect();
    let known = records::known(scene.sql, scene.kind, &ids, covers)?;
    let mut known: BTreeMap<RecordId, Known> = known.into_iter().map(|row| (row.id, row)).collect();
    let mut wanted = Vec::new();
    for record in page {
        match known.remove(&record.id) {
            Some(row) if row.live && row.updated_at >= record.updated_at && !thorough => {}
            Some(row) if !row.live && scene.asked_at <= row.seen_at => {}
            Some(_) | None => wanted.push(record.id),
        }
    }
    let ghosts: Vec<RecordId> =
        known.values().filter(|row| row.live && scene.asked_at > row.seen_at).map(|row| row.id).collect();
    dirty::mark(scene.sql, scene.kind, &ghosts, scene.tick, false, false)?;
    Ok(wanted)
}

/// What a page of a search shows to be unknown or older in the mirror: marked dirty, never applied.
pub fn detected(scene: Scene<'_>, page: &[Record<'_>]) -> Result<Applied, SqlError> {
    let ids: Vec<RecordId> = page.iter().map(|record| record.id).collect();
    let known = records::known(scene.sql, scene.kind, &ids, None)?;
    let known: BTreeMap<RecordId, Known> = known.into_iter().map(|row| (row.id, row)).collect();
    let doubts: Vec<RecordId> = page
        .iter()
        .filter(|record| match known.get(&record.id) {
            None => true,
            Some(row) if row.live => record.updated_at > row.updated_at,
            // The index still shows what was seen gone after this date: no news. But one that was never seen at all may
            // have been too young to be read.
            Some(row) => row.never_held() || record.updated_at.0 > row.seen_at,
        })
        .map(|record| record.id)
        .collect();
    dirty::mark(scene.sql, scene.kind, &doubts, scene.tick, false, false)?;
    Ok(Applied { doubts: doubts.len() as u64, ..Applied::default() })
}

/// Applies what an event says of records that were deleted for privacy: they are gone from the mirror, and from the feed, in
/// which they are told once, and so are all that became part of them: the same person. Answers who that is. What is read of them
/// later only confirms it ([`settled`]).
pub fn erased(scene: Scene<'_>, ids: &[RecordId]) -> Result<(Applied, Vec<RecordId>), SqlError> {
    let mut persons: BTreeSet<RecordId> = ids.iter().copied().collect();
    for id in ids {
        persons.extend(records::merged_from(scene.sql, scene.kind, *id)?);
    }
    let persons: Vec<RecordId> = persons.into_iter().collect();
    let known = records::known(scene.sql, scene.kind, &persons, None)?;
    let live: Vec<RecordId> = known.iter().filter(|row| row.live).map(|row| row.id).collect();
    let told = erasures::remembered(scene.sql, scene.kind, &persons)?;
    let mut verdict = Verdict { went: live.len() as u64, ..Verdict::default() };
    for id in &persons {
        verdict.graves.push(Grave { id: *id, merged_into: None });
        if live.contains(id) || !told.contains(id) {
            verdict.changes.push(Change::Erased { id: *id });
        }
    }
    erasures::add(scene.sql, scene.kind, &persons, scene.now)?;
    unsettled::remove(scene.sql, scene.kind, &persons)?;
    if scene.echoes {
        outbox::forget(scene.sql, scene.kind, &persons)?;
    }
    Ok((verdict.write(scene)?, persons))
}

/// Records that are kept out, and not in the mirror, leave lists and links: these may have been read before anybody knew whose they
/// are.
pub fn kept_out(scene: Scene<'_>, ids: &[RecordId]) -> Result<Applied, SqlError> {
    let left = members::gone(scene.sql, scene.now, scene.kind, ids)?;
    if !left.is_empty() {
        // That they were on a list was told before anybody knew.
        erasures::add(scene.sql, scene.kind, &left, scene.now)?;
    }
    let elsewhere = links::apply::left(scene.sql, scene.kind, ids, scene.tick)?;
    Ok(Applied { elsewhere, ..Applied::default() })
}

/// Applies what an event says of records that became part of others. Whether they are gone is still to be read; what they became
/// may be erased before anybody reads it, and nothing else says then who it was.
pub fn merged(scene: Scene<'_>, merged: &[(RecordId, RecordId)]) -> Result<Applied, SqlError> {
    Verdict { merged: merged.to_vec(), ..Verdict::default() }.write(scene)
}

/// Applies a batch or single read: what it holds is the truth of the moment it left, and so is what it says is missing.
pub fn settled(scene: Scene<'_>, found: &[Record<'_>], missing: &[Grave]) -> Result<Applied, SqlError> {
    let archived = found
        .iter()
        .filter(|record| record.archived)
        .map(|record| Grave { id: record.id, merged_into: None });
    let graves: Vec<Grave> = missing.iter().copied().chain(archived).collect();
    let ids: Vec<RecordId> =
        found.iter().map(|record| record.id).chain(graves.iter().map(|grave| grave.id)).collect();
    let stored = records::by_ids(scene.sql, scene.kind, &ids)?;
    let mut stored: BTreeMap<RecordId, Stored> = stored.into_iter().map(|row| (row.id, row)).collect();
    let texts = texts(found);
    let back = |record: &Record<'_>| {
        stored.get(&record.id).is_some_and(|row| !row.live && scene.asked_at > row.seen_at)
    };
    let back: Vec<RecordId> = found.iter().filter(|record| back(record)).map(|record| record.id).collect();
    let withheld = if back.is_empty() {
        Vec::new()
    } else {
        dirty::withhold(scene.sql, scene.kind, &back, scene.now, scene.tick)?
    };
    let mut verdict = Verdict::default();
    for (record, text) in found.iter().zip(&texts).filter(|(record, _)| !record.archived) {
        match stored.remove(&record.id) {
            Some(row) if !row.live => {
                if !back.contains(&record.id) || withheld.contains(&record.id) {
                    continue;
                }
                if row.updated_at == Timestamp::default() {
                    verdict.judge(scene, record, text, None);
                } else if !planted(Bug::RestoresIgnored) {
                    verdict.restore(scene, record, text);
                }
            }
            row => verdict.judge(scene, record, text, row),
        }
    }
    // What became part of a record that this very answer holds was not deleted.
    let merged: BTreeMap<RecordId, RecordId> = found.iter().flat_map(merged_ids).collect();
    let mut unknown = Vec::new();
    for grave in graves {
        let row = stored.remove(&grave.id);
        if row.as_ref().is_some_and(|row| row.seen_at >= scene.asked_at) && !planted(Bug::NoAskedAt) {
            continue;
        }
        let said = row.as_ref().and_then(|row| row.merged_into).or(merged.get(&grave.id).copied());
        let grave = Grave { merged_into: grave.merged_into.or(said), ..grave };
        verdict.graves.push(grave);
        match &row {
            Some(row) if row.live && grave.merged_into.is_none() => {
                verdict.deleted.push((grave.id, Timestamp(row.seen_at)));
            }
            None if grave.merged_into.is_none() => unknown.push(grave.id),
            Some(_) | None => {}
        }
        if row.is_some_and(|row| row.live) && !planted(Bug::DeletionsNotFed) {
            verdict.went += 1;
            verdict.changes.push(match grave.merged_into {
                Some(into) => Change::Merged { id: grave.id, into },
                None => Change::Deleted { id: grave.id },
            });
        }
    }
    if deletions::may_be_for_privacy(scene.kind) && !unknown.is_empty() {
        // Who became part of somebody whom nobody has read is the same person.
        let grown = records::grown(scene.sql, scene.kind, &unknown)?;
        verdict.deleted.extend(grown.into_iter().map(|id| (id, scene.now)));
    }
    verdict.write(scene)
}

/// How many of these records differ from the mirror, dates being equal, in nothing but what HubSpot calculates.
pub fn calculated_alone(scene: Scene<'_>, found: &[Record<'_>]) -> Result<u64, SqlError> {
    let ids: Vec<RecordId> = found.iter().map(|record| record.id).collect();
    let mut known = None;
    let mut alone = 0;
    for row in records::by_ids(scene.sql, scene.kind, &ids)? {
        let Some(record) = found.iter().find(|record| record.id == row.id && !record.archived) else {
            continue;
        };
        if !row.live || record.updated_at != row.updated_at || scene.asked_at <= row.seen_at {
            continue;
        }
        let differs = difference(&row.properties.unwrap_or_default(), &record.properties);
        if differs.is_empty() {
            continue;
        }
        let calculated = match &mut known {
            Some(known) => known,
            none => none.insert(fields::calculated(scene.sql, scene.kind)?),
        };
        alone += u64::from(differs.keys().all(|name| calculated.contains(name)));
    }
    Ok(alone)
}

/// The ids that became part of a record, each with the record's.
fn merged_ids(record: &Record<'_>) -> impl Iterator<Item = (RecordId, RecordId)> {
    let (text, into) = (record.properties.get(MERGED_IDS).unwrap_or_default(), record.id);
    let ids: Vec<RecordId> =
        text.split(';').filter_map(|id| id.trim().parse().ok()).take(MERGED_LIMIT).collect();
    ids.into_iter().map(move |id| (id, into))
}

/// The canonical text of each record's properties.
fn texts(page: &[Record<'_>]) -> Vec<String> {
    page.iter().map(|record| record.properties.to_json()).collect()
}

impl<'a> Verdict<'a> {
    /// Decides about a record the mirror holds live, or not at all.
    fn judge(&mut self, scene: Scene<'_>, record: &Record<'_>, text: &'a str, row: Option<Stored>) {
        let Some(row) = row else {
            self.created.push(record.id);
            self.came += 1;
            self.put(scene, record, text);
            return;
        };
        let newer = record.updated_at > row.updated_at
            || (record.updated_at == row.updated_at && scene.asked_at > row.seen_at)
            || planted(Bug::NoAskedAt);
        let old = row.properties.unwrap_or_default();
        if !newer || (old == text && record.updated_at == row.updated_at) {
            return;
        }
        if old != text && !planted(Bug::EditsNotFed) {
            self.changes.push(Change::Updated {
                id: record.id,
                set: difference(&old, &record.properties),
                ours: false,
            });
        }
        // To be looked for in the text takes a tenth of what reading it would.
        if keys::further_property(scene.kind).is_some_and(|name| old.contains(name))
            && !planted(Bug::NamesStay)
        {
            self.had_further.push(record.id);
        }
        if scene.has_phones() && old.contains(phones::MENTION) {
            self.had_phones.push(record.id);
        }
        self.put(scene, record, text);
    }

    fn restore(&mut self, scene: Scene<'_>, record: &Record<'_>, text: &'a str) {
        self.changes.push(Change::Restored { id: record.id });
        self.came += 1;
        self.put(scene, record, text);
    }

    fn put(&mut self, scene: Scene<'_>, record: &Record<'_>, text: &'a str) {
        self.merged.extend(merged_ids(record));
        if scene.before_field {
            self.doubts.push(record.id);
        }
        let keys = keys::of(scene.kind, |name| record.properties.get(name));
        if !keys.further.is_empty() {
            self.further.push((record.id, keys.further));
        }
        if scene.has_phones() {
            let numbers = phones::of(|name| record.properties.get(name));
            if !numbers.is_empty() {
                self.phones.push((record.id, numbers));
            }
        }
        self.writes.push(Write {
            id: record.id,
            created_at: record.created_at,
            updated_at: record.updated_at,
            key: keys.first,
            properties: text,
        });
    }

    /// Marks what Spoke itself wrote; what was told of is no longer waited for. A change of somebody else's that is read together with
    /// an echo is theirs.
    fn tell_echoes(&mut self, scene: Scene<'_>) -> Result<(), SqlError> {
        let Scene { sql, kind, .. } = scene;
        let ids: Vec<RecordId> = self.writes.iter().map(|write| write.id).collect();
        let mut waited = echoes::of(sql, kind, &ids)?;
        for write in self.writes.iter().filter(|write| self.created.contains(&write.id)) {
            let own = match waited.remove(&write.id) {
                Some(_) => {
                    echoes::leave(sql, kind, write.id, &echoes::Written::new())?;
                    true
                }
                // HubSpot may show what it made before it has answered.
                None => outbox::making(sql, kind, write.properties)?,
            };
            if own {
                self.ours.insert(write.id);
            }
        }
        for change in &mut self.changes {
            let Change::Updated { id, set, ours } = change else { continue };
            let Some(written) = waited.get_mut(id) else { continue };
            let is_echo = |name: &str, value: &Option<String>, written: &echoes::Written| {
                written.get(name).is_some_and(|own| own == value.as_deref().unwrap_or_default())
            };
            let (echoed, others): (Vec<&String>, Vec<&String>) =
                set.keys().partition(|name| is_echo(name, &set[*name].1, written));
            if echoed.is_empty() {
                continue;
            }
            *ours = fields::all_hubspots(sql, kind, &others)?;
            for name in echoed {
                written.remove(name);
            }
            echoes::leave(sql, kind, *id, written)?;
        }
        Ok(())
    }

    fn write(mut self, scene: Scene<'_>) -> Result<Applied, SqlError> {
        let Scene { sql, kind, .. } = scene;
        let (mut elsewhere, mut to_look_for) = (0, 0);
        if !self.merged.is_empty() {
            // A merged-away id is a doubt only while the mirror holds it live.
            let ids: Vec<RecordId> = self.merged.iter().map(|(id, _)| *id).collect();
            let known = records::known(sql, kind, &ids, None)?;
            self.doubts.extend(known.iter().filter(|row| row.live).map(|row| row.id));
        }
        if !self.writes.is_empty() {
            if scene.shrinks {
                records::make_room(sql, kind, &self.writes)?;
            }
            records::put(sql, kind, &self.writes, scene.asked_at)?;
            lookup::put_further(sql, kind, &self.had_further, &self.further)?;
            phones::put(sql, &self.had_phones, &self.phones)?;
        }
        if !self.graves.is_empty() {
            records::entomb(sql, kind, &self.graves, scene.asked_at)?;
            let gone: Vec<RecordId> = self.graves.iter().map(|grave| grave.id).collect();
            if !planted(Bug::NamesStay) {
                lookup::put_further(sql, kind, &gone, &[])?;
            }
            if scene.has_phones() {
                phones::put(sql, &gone, &[])?;
            }
            members::gone(sql, scene.now, kind, &gone)?;
            elsewhere = links::apply::left(sql, kind, &gone, scene.tick)?;
        }
        if deletions::may_be_for_privacy(kind) && !self.deleted.is_empty() {
            to_look_for = deletions::note(scene, &self.deleted)?;
        }
        if !self.merged.is_empty() {
            let late = records::note_merged(sql, kind, &self.merged)?;
            self.changes.extend(late.into_iter().map(|(id, into)| Change::Merged { id, into }));
        }
        if scene.echoes {
            self.tell_echoes(scene)?;
        }
        let (ours, others): (Vec<RecordId>, Vec<RecordId>) =
            self.created.iter().partition(|id| self.ours.contains(id));
        for (ids, ours) in [(ours, true), (others, false)] {
            if !ids.is_empty() {
                self.changes.insert(0, Change::Created { ids, ours });
            }
        }
        dirty::mark(sql, kind, &self.doubts, scene.tick, false, false)?;
        let changes = self.changes.iter().map(Change::count).sum();
        feed::append(sql, scene.now, kind, self.changes)?;
        let (came, went, doubts) = (self.came, self.went, self.doubts.len() as u64);
        Ok(Applied { came, went, changes, doubts, elsewhere, deletions: to_look_for })
    }
}

/// What differs, by property. Stored text that cannot be read counts as empty.
fn difference(old: &str, new: &Properties<'_>) -> BTreeMap<String, OldNew> {
    let old = Properties::parse(old).unwrap_or_default();
    let mut set: BTreeMap<String, OldNew> = BTreeMap::new();
    let owned = |text: &str| Some(Cow::Borrowed(text).into_owned());
    for (name, value) in old.iter() {
        if new.get(name) != Some(value) {
            set.insert(name.to_owned(), (owned(value), new.get(name).map(str::to_owned)));
        }
    }
    for (name, value) in new.iter() {
        if old.get(name).is_none() {
            set.insert(name.to_owned(), (None, owned(value)));
        }
    }
    set
}

//! Lists ("segments" in HubSpot's newer words) and who is on them (`hubspot-api.md` 6). Owns an account's lists; `api` turns
//! requests into reads and changes of them.
//!
//! A list has live records of one type. A record that goes leaves its lists; one that results from a merge joins the
//! lists of both. What filters would do is not modelled: people decide who is on a dynamic list too.

pub(crate) mod api;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::associations::people::Left;
use crate::objects::kind::ObjectKind;
use crate::portal::{Portal, Turn};
use crate::time::DAY_MS;
use crate::{Problem, Switches};

/// Deleted lists can be restored this long. Source: `hubspot-api.md` 6.
const RESTORE_DAYS: u64 = 90;

/// How a list comes by its members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Processing {
    /// By hand and API.
    #[default]
    Manual,
    /// By filters; the API may not change members.
    Dynamic,
    /// By filters once, then by hand and API.
    Snapshot,
}

/// When somebody joined: epoch milliseconds, and a number that tells joins of one moment apart.
type Joined = (u64, u64);

/// One list.
#[derive(Debug, Clone)]
pub struct List {
    pub id: u64,
    pub name: String,
    /// `0-1`
    pub object_type_id: &'static str,
    pub processing: Processing,
    pub version: u32,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    /// Restorable; epoch milliseconds.
    pub(crate) deleted_at: Option<u64>,
    pub(crate) last_added_at: Option<u64>,
    pub(crate) last_removed_at: Option<u64>,
    members: BTreeMap<u64, Joined>,
    /// The same in order of joining.
    order: BTreeMap<Joined, u64>,
    /// How often apps asked to add and to remove a record that they may.
    pub(crate) written: BTreeMap<u64, (u32, u32)>,
    /// Who was on the list when it was archived, for [`Switches::restore_rejoins_lists`].
    archived: Vec<u64>,
}

impl List {
    /// Who is on it, in order of id: record id, epoch milliseconds of joining.
    pub fn members(&self) -> impl Iterator<Item = (u64, u64)> {
        self.members.iter().map(|(id, (at, _))| (*id, *at))
    }

    /// What apps asked for, in order of record id: id, times added, times removed.
    pub fn writes(&self) -> impl Iterator<Item = (u64, u32, u32)> {
        self.written.iter().map(|(id, (added, removed))| (*id, *added, *removed))
    }

    /// How many are on it.
    pub fn size(&self) -> usize {
        self.members.len()
    }

    fn has(&self, id: u64) -> bool {
        self.members.contains_key(&id)
    }

    fn join(&mut self, now_ms: u64, number: u64, id: u64, switches: &Switches) -> bool {
        if self.has(id) {
            return false;
        }
        self.members.insert(id, (now_ms, number));
        self.order.insert((now_ms, number), id);
        self.last_added_at = Some(now_ms);
        self.version += u32::from(switches.list_version_counts_members);
        true
    }

    fn leave(&mut self, now_ms: u64, id: u64, switches: &Switches) -> bool {
        let Some(joined) = self.members.remove(&id) else { return false };
        self.order.remove(&joined);
        self.last_removed_at = Some(now_ms);
        self.version += u32::from(switches.list_version_counts_members);
        true
    }
}

/// An account's lists.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// By id, deleted ones too.
    all: BTreeMap<u64, List>,
    joins: u64,
}

impl Lists {
    /// The lists in use, in order of id.
    pub fn live(&self) -> impl Iterator<Item = &List> {
        self.all.values().filter(|list| list.deleted_at.is_none())
    }

    /// One that is in use.
    pub fn get(&self, id: u64) -> Option<&List> {
        self.all.get(&id).filter(|list| list.deleted_at.is_none())
    }

    /// Counts what an app asked for.
    fn note(&mut self, list: u64, id: u64, adds: bool) {
        let Some(list) = self.get_mut(list) else { return };
        let own = list.written.entry(id).or_default();
        *(if adds { &mut own.0 } else { &mut own.1 }) += 1;
    }

    fn get_mut(&mut self, id: u64) -> Option<&mut List> {
        self.all.get_mut(&id).filter(|list| list.deleted_at.is_none())
    }

    fn create(&mut self, now_ms: u64, name: &str, kind: &ObjectKind, processing: Processing) -> u64 {
        let id = self.all.keys().next_back().map_or(1, |last| last + 1);
        let list = List {
            id,
            name: name.to_owned(),
            object_type_id: kind.type_id,
            processing,
            version: 1,
            created_at: now_ms,
            updated_at: now_ms,
            deleted_at: None,
            last_added_at: None,
            last_removed_at: None,
            members: BTreeMap::new(),
            order: BTreeMap::new(),
            written: BTreeMap::new(),
            archived: Vec::new(),
        };
        self.all.insert(id, list);
        id
    }

    fn join(&mut self, turn: &Turn<'_>, list: u64, id: u64) -> bool {
        self.joins += 1;
        let number = self.joins;
        self.get_mut(list).is_some_and(|list| list.join(turn.now_ms, number, id, turn.switches))
    }

    fn leave(&mut self, turn: &Turn<'_>, list: u64, id: u64) -> bool {
        self.get_mut(list).is_some_and(|list| list.leave(turn.now_ms, id, turn.switches))
    }

    fn rename(&mut self, now_ms: u64, id: u64, name: &str) {
        if let Some(list) = self.get_mut(id) {
            name.clone_into(&mut list.name);
            list.updated_at = now_ms;
            list.version += 1;
        }
    }

    fn delete(&mut self, now_ms: u64, id: u64) -> bool {
        let Some(list) = self.get_mut(id) else { return false };
        list.deleted_at = Some(now_ms);
        true
    }

    fn restore(&mut self, now_ms: u64, id: u64) -> bool {
        let shown = |list: &&mut List| list.deleted_at.is_some_and(|at| at + RESTORE_DAYS * DAY_MS > now_ms);
        let Some(list) = self.all.get_mut(&id).filter(shown) else { return false };
        list.deleted_at = None;
        true
    }

    /// Lets lists follow a record that went. Deleted lists lose it too.
    pub fn follow(&mut self, turn: &Turn<'_>, kind: &ObjectKind, left: &Left) {
        let Self { all, joins } = self;
        for list in all.values_mut().filter(|list| list.object_type_id == kind.type_id) {
            match left {
                Left::Hidden(id) => {
                    if list.leave(turn.now_ms, *id, turn.switches) {
                        list.archived.push(*id);
                    }
                }
                Left::Erased(id) => {
                    list.leave(turn.now_ms, *id, turn.switches);
                }
                Left::Shown(id) => {
                    let was = list.archived.iter().position(|own| own == id);
                    if let Some(at) = was {
                        list.archived.swap_remove(at);
                        if turn.switches.restore_rejoins_lists {
                            *joins += 1;
                            list.join(turn.now_ms, *joins, *id, turn.switches);
                        }
                    }
                }
                Left::Merged { old, into } => {
                    let gone = old.iter().filter(|id| *id != into);
                    let mut was = false;
                    for id in gone {
                        was |= list.leave(turn.now_ms, *id, turn.switches);
                    }
                    if was && !list.has(*into) {
                        *joins += 1;
                        list.join(turn.now_ms, *joins, *into, turn.switches);
                    }
                }
            }
        }
    }
}

/// Changes as people make them in HubSpot's pages, and the truth to compare with.
impl Portal {
    /// The lists in use, in order of id.
    pub fn lists(&self) -> impl Iterator<Item = &List> {
        self.lists.live()
    }

    /// One list that is in use.
    pub fn list(&self, id: u64) -> Option<&List> {
        self.lists.get(id)
    }

    /// Makes an empty list of one type; its id.
    pub fn create_list(
        &mut self,
        now_ms: u64,
        name: &str,
        object_type: &str,
        processing: Processing,
    ) -> Result<u64, Problem> {
        Ok(self.lists.create(now_ms, name, self.kind_of(object_type)?, processing))
    }

    /// Puts live records on a list; how many joined.
    pub fn join_list(&mut self, turn: &Turn<'_>, list: u64, ids: &[u64]) -> usize {
        let Some(kind) = self.kind_of_list(list) else { return 0 };
        let live: Vec<u64> = ids.iter().copied().filter(|id| self.is_live(kind, *id)).collect();
        live.into_iter().filter(|id| self.lists.join(turn, list, *id)).count()
    }

    /// Takes records off a list; how many left.
    pub fn leave_list(&mut self, turn: &Turn<'_>, list: u64, ids: &[u64]) -> usize {
        ids.iter().filter(|id| self.lists.leave(turn, list, **id)).count()
    }

    /// Puts so many live records that are not on the list on it, or as many as there are; how many joined.
    pub fn join_random(&mut self, turn: &Turn<'_>, list: u64, count: usize) -> usize {
        let (Some(kind), Some(own)) = (self.kind_of_list(list), self.lists.get(list)) else { return 0 };
        let records = self.store(kind).records_from(0);
        let live = records.map(|record| record.id).filter(|id| self.is_live(kind, *id) && !own.has(*id));
        let mut ids: Vec<u64> = live.collect();
        self.rng.shuffle(&mut ids);
        ids.truncate(count);
        self.join_list(turn, list, &ids)
    }

    /// Takes so many off the list, or all; how many left.
    pub fn leave_random(&mut self, turn: &Turn<'_>, list: u64, count: usize) -> usize {
        let mut ids: Vec<u64> =
            self.lists.get(list).into_iter().flat_map(List::members).map(|own| own.0).collect();
        self.rng.shuffle(&mut ids);
        ids.truncate(count);
        self.leave_list(turn, list, &ids)
    }

    /// Deletes a list; whether there was one.
    pub fn delete_list(&mut self, now_ms: u64, id: u64) -> bool {
        self.lists.delete(now_ms, id)
    }

    /// Brings a deleted list back with its members; whether it could be.
    pub fn restore_list(&mut self, now_ms: u64, id: u64) -> bool {
        self.lists.restore(now_ms, id)
    }

    fn kind_of_list(&self, list: u64) -> Option<&'static ObjectKind> {
        ObjectKind::of_id(self.lists.get(list)?.object_type_id)
    }
}

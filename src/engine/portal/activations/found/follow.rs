//! What may change who is found, noted in the turn that it comes in: what the feed tells, and signals.

use std::collections::{BTreeMap, BTreeSet};

use super::{FOUND, KINDS};
use crate::{
    engine::{
        audience,
        portal::{Portal, Turn},
    },
    store::{
        portal::{
            feed::{Change, NOBODY},
            links::{self, Pair},
            touched as store,
        },
        sql::SqlError,
    },
    values::ids::{ObjectType, RecordId},
};

/// Companies of one deal that are looked at: deals are of one or two.
const COMPANIES: u32 = 100;

/// What filters ask of.
#[derive(Debug, Default)]
pub(in crate::engine::portal::activations) struct Asked {
    /// Fields of contacts.
    fields: BTreeSet<String>,
    /// Types besides contacts.
    kinds: BTreeSet<ObjectType>,
    /// Contacts are being read for the first time: everybody is decided about when that is done.
    reading: bool,
}

/// Records by their type.
pub(in crate::engine::portal::activations) type Touched = BTreeMap<ObjectType, BTreeSet<RecordId>>;

impl Asked {
    /// Notes the records that a change may matter for.
    pub(in crate::engine::portal::activations) fn note(
        &self,
        kind: ObjectType,
        change: &Change,
        touched: &mut Touched,
    ) {
        let is_contact = kind == FOUND;
        if !is_contact && !self.kinds.contains(&kind) {
            return;
        }
        let mut here = |kind: ObjectType, id: RecordId| {
            if id != NOBODY {
                touched.entry(kind).or_default().insert(id);
            }
        };
        match change {
            Change::Created { ids, .. } if !self.reading => ids.iter().for_each(|id| here(kind, *id)),
            Change::Updated { id, set, .. } => {
                // Of one too large to be kept it is not known what changed; and whichever of several deals was modified last is asked.
                if !is_contact || set.is_empty() || set.keys().any(|name| self.fields.contains(name)) {
                    here(kind, *id);
                }
            }
            Change::Restored { id } | Change::Deleted { id } | Change::Erased { id } => here(kind, *id),
            Change::Merged { id, into } => {
                here(kind, *id);
                here(kind, *into);
            }
            Change::Linked(ends) | Change::Unlinked(ends) => {
                let Some(to) =
                    ends.to.filter(|_| ends.to_type == FOUND || self.kinds.contains(&ends.to_type))
                else {
                    return;
                };
                // A deal and a company may be of one contact by way of each other.
                if is_contact || ends.to_type != FOUND {
                    here(kind, ends.id);
                }
                if !is_contact {
                    here(ends.to_type, to);
                }
            }
            Change::Created { .. }
            | Change::Scrubbed { .. }
            | Change::Joined { .. }
            | Change::Left { .. }
            | Change::Lifecycle { .. }
            | Change::Channel { .. }
            | Change::ListOff { .. }
            | Change::TypeOff { .. } => {}
        }
    }
}

impl Portal {
    /// What filters ask of; `None`: there is none.
    pub(in crate::engine::portal::activations) fn asked_by_found(&self) -> Option<Asked> {
        self.activations.found().next()?;
        let filters = self.activations.found().filter_map(|(_, own)| own.filter.as_ref());
        Some(Asked {
            fields: self.activations.reads(FOUND),
            kinds: filters.flat_map(audience::asks).collect(),
            reading: self.contacts().is_none_or(|running| running.saved.backfill.is_some()),
        })
    }

    /// Keeps what was noted. While contacts are read everybody is decided about afterwards.
    pub(in crate::engine::portal::activations) fn touch(
        &mut self,
        turn: &Turn<'_>,
        asked: &Asked,
        mut noted: Touched,
    ) -> Result<(), SqlError> {
        if asked.kinds.contains(&ObjectType::Companies)
            && let Some(deals) = noted.get(&ObjectType::Deals)
        {
            // The deal of a contact may be that of its company.
            let (pair, side) = Pair::seen_from(ObjectType::Deals, ObjectType::Companies);
            let mut companies = BTreeSet::new();
            for deal in deals {
                let all = links::youngest(turn.sql, pair, side, *deal, COMPANIES)?;
                companies.extend(all.into_iter().map(|link| link.to));
            }
            noted.entry(ObjectType::Companies).or_default().extend(companies);
        }
        for (kind, ids) in noted {
            store::touch(turn.sql, kind, &ids.into_iter().collect::<Vec<_>>())?;
            self.activations.touched = true;
        }
        if asked.reading {
            for (number, own) in &mut self.activations.attributes {
                if own.saved.found.as_ref().is_some_and(|found| found.scan.is_none()) {
                    own.find_anew();
                    own.save(turn, *number)?;
                }
            }
        }
        Ok(())
    }

    /// Signals of these contacts came or went.
    pub(in crate::engine::portal) fn touch_by_signals(
        &mut self,
        turn: &Turn<'_>,
        contacts: &[RecordId],
    ) -> Result<(), SqlError> {
        let asks =
            self.activations.found().filter_map(|(_, own)| own.filter.as_ref()).any(audience::asks_signals);
        if contacts.is_empty() || !asks {
            return Ok(());
        }
        self.activations.touched = true;
        store::touch(turn.sql, FOUND, contacts)
    }

    /// The account's days begin at another moment: whatever is found by them is found anew.
    pub(in crate::engine::portal) fn find_by_days(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        for (number, own) in &mut self.activations.attributes {
            if own.filter.as_ref().is_some_and(crate::values::filter::Filter::depends_on_days) {
                own.find_anew();
                own.save(turn, *number)?;
            }
        }
        Ok(())
    }

    /// Some of what was noted, of one type: contacts, or the contacts of a company or a deal. Settles what is gone over.
    pub(super) fn next_touched(turn: &Turn<'_>, most: u32) -> Result<Option<Vec<RecordId>>, SqlError> {
        for kind in KINDS {
            let some = store::some(turn.sql, kind, most)?;
            if kind == FOUND && !some.is_empty() {
                let ids: Vec<RecordId> = some.into_iter().map(|(id, _)| id).collect();
                store::settle(turn.sql, kind, &ids)?;
                return Ok(Some(ids));
            }
            let (pair, side) = Pair::seen_from(kind, FOUND);
            let (mut contacts, mut over) = (Vec::new(), Vec::new());
            for (id, above) in some {
                let left = most.saturating_sub(u32::try_from(contacts.len()).unwrap_or(most));
                if left == 0 {
                    break;
                }
                let links = links::page(turn.sql, pair, side, id, above, left)?;
                contacts.extend(links.iter().map(|link| link.to));
                match links.last().filter(|_| links.len() == left as usize) {
                    Some(last) => store::go_on(turn.sql, kind, id, last.to)?,
                    None => over.push(id),
                }
            }
            if !contacts.is_empty() || !over.is_empty() {
                store::settle(turn.sql, kind, &over)?;
                return Ok(Some(contacts));
            }
        }
        Ok(None)
    }
}

//! Following the change feed: a contact that appears, is restored or merged, gets another address, or whose properties somebody else set,
//! is marked in the same turn.

use std::collections::BTreeSet;

use super::{KIND, addresses, found::Touched};
use crate::{
    engine::portal::{Portal, Turn, query::FETCH},
    hubspot::objects::Properties,
    store::{
        portal::{
            activations as store, echoes,
            feed::{self, Change, NOBODY},
            records,
        },
        sql::SqlError,
    },
    values::{
        ids::RecordId,
        time::{MINUTE_MS, Timestamp},
    },
};

/// Properties that say which addresses a contact has.
const ADDRESSES: [&str; 2] = ["email", "hs_additional_emails"];
/// What was written so long ago and has not been read by then changed nothing, or somebody changed it back before it was read.
const UNREAD_MS: i64 = 10 * MINUTE_MS;
/// Such contacts looked at together.
const UNREAD: u32 = 400;

impl Portal {
    /// Marks what the feed tells of contacts since this was done last. Part of every turn, so that what is marked is committed with what it
    /// follows from.
    #[inline(never)]
    pub(in crate::engine::portal) fn follow_activations(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let asked = self.asked_by_found();
        if self.activations.all.is_empty() && asked.is_none() {
            return Ok(());
        }
        let latest = feed::latest(turn.sql)?;
        if latest == self.activations.followed {
            return Ok(());
        }
        let mut noted = Touched::new();
        let managed: BTreeSet<String> = self.activations.managed().into_iter().collect();
        let (mut touched, mut left) = (BTreeSet::new(), BTreeSet::new());
        let mut seq = self.activations.followed + 1;
        while seq <= latest
            && let Some(chunk) = feed::chunk_at(turn.sql, seq)?
        {
            seq = chunk.first_seq + chunk.changes.iter().map(Change::count).sum::<u64>();
            if let (Some(asked), Some(kind)) = (&asked, chunk.object_type) {
                chunk.changes.iter().for_each(|change| asked.note(kind, change, &mut noted));
            }
            if chunk.object_type != Some(KIND) {
                continue;
            }
            for change in &chunk.changes {
                note(change, &managed, &mut touched, &mut left);
            }
        }
        self.activations.followed = latest;
        if let Some(asked) = &asked {
            self.touch(turn, asked, noted)?;
        }
        if self.activations.all.is_empty() {
            return Ok(());
        }
        touched.remove(&NOBODY);
        self.mark_contacts(turn, &touched.into_iter().collect::<Vec<_>>(), &managed)?;
        let left: Vec<&str> = left.iter().map(String::as_str).collect();
        let said = store::said_of(turn.sql, &left)?;
        let said: BTreeSet<&str> = said.iter().map(|said| said.email.as_str()).collect();
        self.mark_unwritten(turn, &said.into_iter().collect::<Vec<_>>(), true)
    }

    /// What the feed told while nobody followed it is nothing that happens to what begins to follow it now.
    pub(super) fn follow_from_now(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        if self.activations.all.is_empty() && self.asked_by_found().is_none() {
            self.activations.followed = feed::latest(turn.sql)?;
        }
        Ok(())
    }

    /// Marks those of these contacts that hold something, or of whom something is said.
    fn mark_contacts(
        &mut self,
        turn: &Turn<'_>,
        ids: &[RecordId],
        managed: &BTreeSet<String>,
    ) -> Result<(), SqlError> {
        for some in ids.chunks(FETCH as usize) {
            // What is on its way to a contact it is about to hold.
            let waited = echoes::of(turn.sql, KIND, some)?;
            let mut holds: BTreeSet<RecordId> = waited
                .into_iter()
                .filter(|(_, written)| written.keys().any(|name| managed.contains(name)))
                .map(|(id, _)| id)
                .collect();
            let mut known: Vec<(RecordId, Vec<String>)> = Vec::new();
            for live in records::live_by_ids(turn.sql, KIND, some)? {
                let properties = Properties::parse(&live.properties).unwrap_or_default();
                if managed.iter().any(|name| properties.get(name).is_some_and(|value| !value.is_empty())) {
                    holds.insert(live.id);
                }
                known.push((live.id, addresses(properties.get(ADDRESSES[0]), properties.get(ADDRESSES[1]))));
            }
            let emails: Vec<&str> = known.iter().flat_map(|(_, emails)| emails).map(String::as_str).collect();
            let said = store::said_of(turn.sql, &emails)?;
            let said: BTreeSet<&str> = said.iter().map(|said| said.email.as_str()).collect();
            holds.extend(self.activations.found_among(turn.sql, some)?);
            let is_said = |emails: &[String]| emails.iter().any(|email| said.contains(email.as_str()));
            let marks: Vec<String> = known
                .iter()
                .filter(|(id, emails)| holds.contains(id) || is_said(emails))
                .map(|(id, _)| store::of_record(*id))
                .collect();
            self.mark_unwritten(turn, &marks.iter().map(String::as_str).collect::<Vec<_>>(), true)?;
        }
        Ok(())
    }

    /// Marks addresses and records.
    pub(super) fn mark_unwritten(
        &mut self,
        turn: &Turn<'_>,
        whom: &[&str],
        urgent: bool,
    ) -> Result<(), SqlError> {
        if whom.is_empty() {
            return Ok(());
        }
        let generation = self.tick(turn.now);
        store::mark(turn.sql, whom, generation, turn.now, urgent)?;
        self.activations.stir();
        Ok(())
    }

    /// Contacts to which something left long ago that no change has told of: the mirror says what they hold, and they are compared with it
    /// once more. So is whoever somebody else changed back before the mirror read what was written.
    pub(in crate::engine::portal) fn doubt_unread(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        if self.activations.all.is_empty() {
            return Ok(());
        }
        let managed: BTreeSet<String> = self.activations.managed().into_iter().collect();
        let before: Timestamp = turn.now.minus_ms(UNREAD_MS);
        let mut above = RecordId(0);
        loop {
            let ids = echoes::older_above(turn.sql, KIND, above, before, UNREAD)?;
            let Some(last) = ids.last() else { return Ok(()) };
            above = *last;
            let mut marks = Vec::new();
            for (id, written) in echoes::of(turn.sql, KIND, &ids)? {
                let count = written.len();
                let left: echoes::Written =
                    written.into_iter().filter(|(name, _)| !managed.contains(name)).collect();
                if left.len() < count {
                    echoes::leave(turn.sql, KIND, id, &left)?;
                    marks.push(store::of_record(id));
                }
            }
            self.mark_unwritten(turn, &marks.iter().map(String::as_str).collect::<Vec<_>>(), false)?;
        }
    }
}

/// Notes contacts that a change may matter for, and addresses that nobody may have any more.
fn note(
    change: &Change,
    managed: &BTreeSet<String>,
    touched: &mut BTreeSet<RecordId>,
    left: &mut BTreeSet<String>,
) {
    match change {
        Change::Created { ids, .. } => touched.extend(ids),
        Change::Restored { id } => drop(touched.insert(*id)),
        Change::Merged { into, .. } => drop(touched.insert(*into)),
        Change::Updated { id, set, ours } => {
            let readdressed = ADDRESSES.iter().filter_map(|name| set.get(*name));
            let mut moved = false;
            for (old, _) in readdressed {
                moved = true;
                left.extend(
                    addresses(old.as_deref(), None).iter().flat_map(|text| addresses(None, Some(text))),
                );
            }
            let by_others = !ours && set.keys().any(|name| managed.contains(name));
            // Of one too large to be kept it is not known what changed.
            if moved || by_others || set.is_empty() {
                touched.insert(*id);
            }
        }
        Change::Deleted { .. }
        | Change::Erased { .. }
        | Change::Scrubbed { .. }
        | Change::Joined { .. }
        | Change::Left { .. }
        | Change::Lifecycle { .. }
        | Change::Channel { .. }
        | Change::ListOff { .. }
        | Change::TypeOff { .. }
        | Change::Linked(_)
        | Change::Unlinked(_) => {}
    }
}

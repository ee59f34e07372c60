//! What follows for channels from records as they are now: events into the feed, and what is remembered.

use std::collections::{BTreeMap, BTreeSet};

use super::{Mode, Running};
use crate::{
    engine::{
        channel::{Departure, Event, Member, Presence, Selection},
        portal::{Portal, Turn, beside::Listing, query::FETCH},
    },
    hubspot::objects::Properties,
    store::{
        portal::{
            channels::{self as store, Known},
            feed::{self, Change, NOBODY, Passage},
            members, records,
        },
        sql::SqlError,
    },
    values::{
        filter::{Context, Lookup},
        ids::{ChannelId, ListId, ObjectType, RecordId},
        planted::{Bug, planted},
    },
};

/// Records to decide about, and why each of them is gone, if it is.
type Touched = BTreeMap<RecordId, Option<Departure>>;

impl Portal {
    /// Decides about everything that the feed tells since this was done last; says whether it tells more now. Part of every turn, so
    /// that what a channel tells is committed with what it follows from.
    #[inline(never)]
    pub(in crate::engine::portal) fn follow_channels(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        if self.channels.all.is_empty() {
            return Ok(false);
        }
        let latest = feed::latest(turn.sql)?;
        if latest == self.channels.decided {
            return Ok(false);
        }
        let lists = self.channels.lists();
        let mut touched: BTreeMap<ObjectType, Touched> = BTreeMap::new();
        let mut seq = self.channels.decided + 1;
        while seq <= latest
            && let Some(chunk) = feed::chunk_at(turn.sql, seq)?
        {
            seq = chunk.first_seq + chunk.changes.iter().map(Change::count).sum::<u64>();
            let Some(kind) = chunk.object_type else { continue };
            let read = self.channels.reads(kind);
            let touched = touched.entry(kind).or_default();
            for change in &chunk.changes {
                note(change, &read, &lists, touched);
            }
        }
        self.channels.decided = latest;
        for (kind, touched) in touched {
            self.decide(turn, kind, &touched, |_| true)?;
        }
        let after = feed::latest(turn.sql)?;
        self.channels.decided = after;
        Ok(after > latest)
    }

    /// Decides about records for those channels of their type that tell and are `chosen` by number.
    pub(super) fn decide(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        touched: &Touched,
        chosen: impl Fn(i64) -> bool,
    ) -> Result<(), SqlError> {
        let Some(context) = self.channel_context(turn) else { return Ok(()) };
        let of_kind: Vec<(&Running, Option<Listing>)> = self
            .channels
            .all
            .iter()
            .filter(|running| running.channel.object_type == kind && chosen(running.number))
            .map(|running| (running, self.listing_of(running)))
            .collect();
        if of_kind.is_empty() {
            return Ok(());
        }
        let mut told: BTreeSet<i64> = BTreeSet::new();
        let touched: Vec<(RecordId, Option<Departure>)> =
            touched.iter().map(|(id, departure)| (*id, *departure)).collect();
        for some in touched.chunks(FETCH as usize) {
            let ids: Vec<RecordId> = some.iter().map(|(id, _)| *id).collect();
            let live = records::live_by_ids(turn.sql, kind, &ids)?;
            let values: BTreeMap<RecordId, Properties<'_>> = live
                .iter()
                .map(|live| (live.id, Properties::parse(&live.properties).unwrap_or_default()))
                .collect();
            let mut changes = Vec::new();
            for (running, listing) in &of_kind {
                match running.saved.mode {
                    Mode::Active if running.saved.held.is_none() => {
                        let before = changes.len();
                        decide_some(turn, running, *listing, some, &values, context, &mut changes)?;
                        if changes.len() > before {
                            told.insert(running.number);
                        }
                    }
                    Mode::Active | Mode::Paused => {
                        let erased = some.iter().filter(|(_, gone)| *gone == Some(Departure::Erased));
                        let erased: Vec<RecordId> = erased.map(|(id, _)| *id).collect();
                        store::note_erased(turn.sql, running.number, &erased)?;
                    }
                    Mode::Removed => {}
                }
            }
            feed::append(turn.sql, turn.now, kind, changes)?;
        }
        let tell = self.channels.all.iter_mut().filter(|running| told.contains(&running.number));
        tell.into_iter().try_for_each(|running| running.tells(turn))
    }
}

impl super::Channels {
    /// The properties that channels of a type read. Those of what belongs to a record are not among them.
    pub(in crate::engine::portal) fn reads(&self, kind: ObjectType) -> BTreeSet<&str> {
        let of_kind = self
            .all
            .iter()
            .filter(|running| running.channel.object_type == kind && running.saved.mode != Mode::Removed);
        of_kind.flat_map(|running| running.channel.properties()).map(|(_, name)| name).collect()
    }

    /// The lists that channels select by.
    fn lists(&self) -> BTreeSet<ListId> {
        let list = |running: &Running| match running.channel.selection {
            Selection::List(list) => Some(list),
            Selection::Filter(_) => None,
        };
        self.all.iter().filter_map(list).collect()
    }
}

impl super::Channels {
    /// Channels that read a property of records of a type: their ids and names.
    pub(in crate::engine::portal) fn reading(
        &self,
        kind: ObjectType,
        property: &str,
    ) -> Vec<(ChannelId, String)> {
        let of_kind = self
            .all
            .iter()
            .filter(|running| running.channel.object_type == kind && running.saved.mode != Mode::Removed);
        of_kind
            .filter(|running| running.channel.properties().contains(&(None, property)))
            .map(|running| (running.saved.id.clone(), running.channel.name.clone()))
            .collect()
    }
}

impl super::Channels {
    /// Names of the channels that select records of a type.
    pub(in crate::engine::portal) fn of_type(&self, kind: ObjectType) -> Vec<String> {
        let of_kind = self
            .all
            .iter()
            .filter(|running| running.channel.object_type == kind && running.saved.mode != Mode::Removed);
        of_kind.map(|running| running.channel.name.clone()).collect()
    }
}

/// Notes the records that a change may matter for.
fn note(change: &Change, read: &BTreeSet<&str>, lists: &BTreeSet<ListId>, touched: &mut Touched) {
    // Why a record is gone counts only if it is gone in the end, and is not forgotten for anything that is told beside it.
    let mut here = |id: &RecordId| {
        if *id == NOBODY {
            return;
        }
        touched.entry(*id).or_insert(None);
    };
    match change {
        Change::Created { ids, .. } => ids.iter().for_each(here),
        Change::Updated { id, set, .. } => {
            // Of one too large to be kept it is not known what changed.
            if set.is_empty() || set.keys().any(|name| read.contains(name.as_str())) {
                here(id);
            }
        }
        Change::Restored { id } => here(id),
        Change::Joined { list, ids, .. } | Change::Left { list, ids, .. } => {
            if lists.contains(list) {
                ids.iter().for_each(here);
            }
        }
        _ if planted(Bug::DeparturesNotDecided) => {}
        Change::Deleted { id } => drop(touched.insert(*id, Some(Departure::Deleted))),
        Change::Merged { id, into } => drop(touched.insert(*id, Some(Departure::Merged { into: *into }))),
        Change::Erased { id } => drop(touched.insert(*id, Some(Departure::Erased))),
        Change::Scrubbed { .. }
        | Change::Lifecycle { .. }
        | Change::Channel { .. }
        | Change::ListOff { .. }
        | Change::TypeOff { .. } => {}
        // No condition of a filter is about links.
        Change::Linked(_) | Change::Unlinked(_) => {}
    }
}

/// Decides about some records for one channel.
fn decide_some(
    turn: &Turn<'_>,
    running: &Running,
    listing: Option<Listing>,
    some: &[(RecordId, Option<Departure>)],
    values: &BTreeMap<RecordId, Properties<'_>>,
    context: Context,
    changes: &mut Vec<Change>,
) -> Result<(), SqlError> {
    let ids: Vec<RecordId> = some.iter().map(|(id, _)| *id).collect();
    let known = store::known(turn.sql, running.number, &ids)?;
    let known: BTreeMap<RecordId, Known> = known.into_iter().map(|known| (known.id, known)).collect();
    let listed = match (&running.channel.selection, listing) {
        (Selection::List(list), Some(Listing::Partial | Listing::Known)) => {
            members::among(turn.sql, *list, &ids)?
        }
        // The ids of another type's list would be those of other records.
        (Selection::List(_), Some(Listing::Nobody) | None) | (Selection::Filter(_), _) => Vec::new(),
    };
    let (mut put, mut forgotten) = (Vec::new(), Vec::new());
    let (mut entered, mut updated, mut unselected, mut gone) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (id, departure) in some {
        let before = known.get(id);
        let is_listed = listed.binary_search(id).is_ok();
        if listing == Some(Listing::Partial) && !is_listed && values.contains_key(id) {
            // It may be on a page still to be read; the scan that waits for the last one decides.
            continue;
        }
        let member = before.and_then(|known| known.fingerprint).map(|fingerprint| Member { fingerprint });
        let lookup = values.get(id).map(|properties| {
            Lookup::new(|of: Option<&str>, name: &str| if of.is_none() { properties.get(name) } else { None })
        });
        let presence = match &lookup {
            Some(values) => Presence::Here { values, listed: is_listed },
            None if before.is_some_and(|known| known.erased) => Presence::Gone(Departure::Erased),
            None => Presence::Gone(departure.unwrap_or(Departure::Deleted)),
        };
        let decision = running.channel.decide(member, presence, context);
        match decision.event {
            Some(Event::Entered(_)) => entered.push(*id),
            Some(Event::Updated(_)) => updated.push(*id),
            Some(Event::Left(Departure::Unselected)) => unselected.push(*id),
            Some(Event::Left(departure)) => gone.push((*id, departure)),
            None => {}
        }
        let fingerprint = decision.member.map(|member| member.fingerprint);
        // A moment of the past would be due for ever.
        let again_at = decision.again_at.map(|at| at.max(turn.now.plus_ms(1)));
        let after = Known { id: *id, fingerprint, again_at, erased: false };
        match before {
            Some(before) if *before == after => {}
            Some(_) if fingerprint.is_none() && again_at.is_none() => forgotten.push(*id),
            None if fingerprint.is_none() && again_at.is_none() => {}
            _ => put.push(after),
        }
    }
    store::put(turn.sql, running.number, &put)?;
    store::forget(turn.sql, running.number, &forgotten)?;
    let alike = [(entered, Passage::Entered), (updated, Passage::Updated), (unselected, Passage::Unselected)];
    let alike = alike.into_iter().filter(|(ids, _)| !ids.is_empty());
    let singly = gone.into_iter().map(|(id, departure)| (vec![id], passage(departure)));
    changes.extend(alike.chain(singly).map(|(ids, passage)| Change::Channel {
        channel: running.saved.id.clone(),
        passage,
        ids,
    }));
    Ok(())
}

fn passage(departure: Departure) -> Passage {
    match departure {
        Departure::Unselected => Passage::Unselected,
        Departure::Deleted => Passage::Deleted,
        Departure::Erased => Passage::Erased,
        Departure::Merged { into } => Passage::Merged(into),
    }
}

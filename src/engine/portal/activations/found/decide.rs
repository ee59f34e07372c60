//! Who is found: pieces of what is due, and what follows from a contact as it is now.

use std::collections::{BTreeMap, BTreeSet};

use super::{FOUND, place};
use crate::{
    engine::{
        audience,
        portal::{Portal, Turn, channels::Scan, query::FETCH, workflows::Persons},
        signal, workflow,
    },
    hubspot::objects::Properties,
    store::{
        portal::{
            activations, channels as store,
            narrow::Narrowing,
            records::{self, Live},
        },
        sql::SqlError,
    },
    values::{
        filter::{Context, Filter, Lookup, Values},
        ids::{ObjectType, RecordId},
    },
};

/// Contacts looked at in one turn: with some 10 µs for each that is decided about a webhook waits 5 ms; what belongs to a contact takes some
/// 100 µs more where a filter asks of it.
const PIECE: u32 = 500;
/// The fingerprint of a member: of these nothing is handed over.
const MEMBER: i64 = 1;

/// A contact with what is asked of it.
struct Person<'a> {
    id: RecordId,
    properties: Properties<'a>,
    /// The company and the deal, where a filter asks of one.
    related: Option<workflow::Facts>,
    signals: Vec<signal::Facts>,
}

impl Portal {
    /// Does one piece of what is due; says whether something was.
    #[inline(never)]
    pub(in crate::engine::portal) fn advance_audiences(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let Some(context) = self.finding_context(turn) else { return Ok(false) };
        Ok(self.let_audience_go(turn)?
            || self.find_touched(turn, context)?
            || self.find_due(turn, context)?
            || self.scan_for_audience(turn, context)?)
    }

    fn find_touched(&mut self, turn: &Turn<'_>, context: Context) -> Result<bool, SqlError> {
        if !self.activations.touched {
            return Ok(false);
        }
        let Some(ids) = Self::next_touched(turn, PIECE)? else {
            self.activations.touched = false;
            return Ok(false);
        };
        let all: Vec<i64> = self.activations.found().map(|(number, _)| number).collect();
        self.find_among(turn, context, &all, &ids, true)?;
        Ok(true)
    }

    fn find_due(&mut self, turn: &Turn<'_>, context: Context) -> Result<bool, SqlError> {
        let mut found = None;
        for (number, own) in self.activations.found() {
            if own.finding().is_none_or(|filter| !filter.depends_on_time()) {
                continue;
            }
            let due = store::due(turn.sql, place(number), turn.now, PIECE)?;
            if !due.is_empty() {
                found = Some((number, due));
                break;
            }
        }
        let Some((number, due)) = found else { return Ok(false) };
        self.find_among(turn, context, &[number], &due, true)?;
        Ok(true)
    }

    /// Goes on through the mirror for an audience whose filter is new. What SQL says no of, now and at any later moment, is not read.
    fn scan_for_audience(&mut self, turn: &Turn<'_>, context: Context) -> Result<bool, SqlError> {
        let mut scanning = self.activations.found().filter_map(|(number, own)| {
            let scan = own.saved.found.as_ref()?.scan?;
            own.finding().map(|filter| (number, scan, filter))
        });
        let Some((number, mut scan, filter)) = scanning.next() else { return Ok(false) };
        let narrowing = Narrowing::from_now_on(filter, context);
        drop(scanning);
        let stop = scan.read + u64::from(PIECE);
        let mut over = false;
        // Those that are only remembered count as well.
        for _ in 0..PIECE.div_ceil(FETCH) * 2 {
            let known = store::above(turn.sql, place(number), scan.above, FETCH)?;
            let last_known = known.last().filter(|_| known.len() == FETCH as usize).map(|own| own.id);
            let live = narrowing.page(turn.sql, FOUND, scan.above, last_known, FETCH)?;
            let up_to = live.last.filter(|_| live.looked_at == u64::from(FETCH)).or(last_known);
            let mut ids: BTreeSet<RecordId> = live.ids.iter().map(|(id, _)| *id).collect();
            let inside = |id: &RecordId| up_to.is_none_or(|up_to| *id <= up_to);
            ids.extend(known.iter().map(|own| own.id).filter(inside));
            scan.read += live.looked_at;
            self.find_among(turn, context, &[number], &ids.into_iter().collect::<Vec<_>>(), false)?;
            match up_to {
                Some(up_to) => scan.above = up_to,
                None => over = true,
            }
            if over || scan.read >= stop {
                break;
            }
        }
        let Some(own) = self.activations.attributes.get_mut(&number) else { return Ok(true) };
        if let Some(found) = &mut own.saved.found {
            found.scan = (!over).then_some(scan);
            found.decided |= over;
        }
        own.save(turn, number)?;
        if over {
            self.activations.stir();
        }
        Ok(true)
    }

    /// Decides about contacts for these audiences: who is in one that was not, or was and is not any more, is marked.
    fn find_among(
        &mut self,
        turn: &Turn<'_>,
        context: Context,
        numbers: &[i64],
        ids: &[RecordId],
        urgent: bool,
    ) -> Result<(), SqlError> {
        let filters: Vec<(i64, Filter)> = numbers
            .iter()
            .filter_map(|number| Some((*number, self.activations.attributes.get(number)?.finding()?.clone())))
            .collect();
        if filters.is_empty() {
            return Ok(());
        }
        let wanted = self.activations.wanted();
        let mut marks: BTreeSet<RecordId> = BTreeSet::new();
        for some in ids.chunks(FETCH as usize) {
            let live = records::live_by_ids(turn.sql, FOUND, some)?;
            let people = self.people(turn, &live, &filters)?;
            for (number, filter) in &filters {
                let changed = decide(turn, *number, filter, some, &people, context)?;
                let own = self.activations.attributes.get_mut(number);
                if let Some(count) = own.and_then(|own| own.count.as_mut()) {
                    let came = changed.values().filter(|holds| **holds).count() as u64;
                    *count = (*count + came).saturating_sub(changed.len() as u64 - came);
                }
                if wanted.contains(number) {
                    marks.extend(changed.into_keys());
                }
            }
        }
        let marks: Vec<String> = marks.into_iter().map(activations::of_record).collect();
        self.mark_unwritten(turn, &marks.iter().map(String::as_str).collect::<Vec<_>>(), urgent)
    }

    /// Contacts with what these filters ask of. Whoever is kept out is nobody.
    fn people<'a>(
        &self,
        turn: &Turn<'_>,
        live: &'a [Live],
        filters: &[(i64, Filter)],
    ) -> Result<BTreeMap<RecordId, Person<'a>>, SqlError> {
        let asks: BTreeSet<ObjectType> =
            filters.iter().flat_map(|(_, filter)| audience::asks(filter)).collect();
        let of_signals = filters.iter().any(|(_, filter)| audience::asks_signals(filter));
        let mut all = BTreeMap::new();
        for live in live.iter().filter(|live| !self.blocks.has(FOUND, live.id)) {
            let related = if asks.is_empty() {
                None
            } else {
                let mut persons = Persons::of_record(FOUND, live.id, "");
                self.add_related(turn, &mut persons, FOUND, &|kind| asks.contains(&kind))?;
                Some(self.facts_of(turn, FOUND, &persons, None, &|kind| asks.contains(&kind))?)
            };
            let signals =
                if of_signals { Self::latest_signals(turn, live.id, audience::SIGNALS)? } else { Vec::new() };
            let properties = Properties::parse(&live.properties).unwrap_or_default();
            all.insert(live.id, Person { id: live.id, properties, related, signals });
        }
        Ok(all)
    }
}

impl Person<'_> {
    fn asked(&self, filter: &Filter, context: Context) -> (bool, Option<crate::values::time::Timestamp>) {
        let signals: &[signal::Facts] = if audience::asks_signals(filter) { &self.signals } else { &[] };
        if let Some(related) = &self.related {
            return audience::holds(filter, related, signals, context);
        }
        let id = self.id.to_string();
        let own = |of: Option<&str>, name: &str| match (of, name) {
            (None | Some("contact"), "hs_object_id") => Some(id.as_str()),
            (None | Some("contact"), _) => self.properties.get(name),
            _ => None,
        };
        let values: &dyn Values = &Lookup::new(own);
        audience::holds(filter, values, signals, context)
    }
}

/// What a filter says of contacts, kept where it says another thing than it did. Answers those whose membership changed, with what it is.
fn decide(
    turn: &Turn<'_>,
    number: i64,
    filter: &Filter,
    ids: &[RecordId],
    people: &BTreeMap<RecordId, Person<'_>>,
    context: Context,
) -> Result<BTreeMap<RecordId, bool>, SqlError> {
    let known: BTreeMap<RecordId, store::Known> =
        store::known(turn.sql, place(number), ids)?.into_iter().map(|own| (own.id, own)).collect();
    let (mut put, mut forget, mut changed) = (Vec::new(), Vec::new(), BTreeMap::new());
    for id in ids {
        let (holds, again_at) = people.get(id).map_or((false, None), |person| person.asked(filter, context));
        let before = known.get(id);
        let was = before.is_some_and(|own| own.fingerprint.is_some());
        if was != holds {
            changed.insert(*id, holds);
        }
        let now = store::Known { id: *id, fingerprint: holds.then_some(MEMBER), again_at, erased: false };
        match before {
            _ if !holds && again_at.is_none() => forget.extend(before.map(|own| own.id)),
            Some(before) if *before == now => {}
            _ => put.push(now),
        }
    }
    store::put(turn.sql, place(number), &put)?;
    store::forget(turn.sql, place(number), &forget)?;
    Ok(changed)
}

/// A scan shown to people: contacts looked at so far.
pub(in crate::engine::portal::activations) const fn looked_at(scan: Option<Scan>) -> Option<u64> {
    match scan {
        Some(scan) => Some(scan.read),
        None => None,
    }
}

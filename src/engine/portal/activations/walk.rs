//! What takes no call, a piece a turn: the walk of a sync, over everybody an attribute says something of and over contacts that hold
//! something; values of what was deleted or replaced, which go; marks that are for nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Activation, KIND, Phase, Sync, addresses, found::place};
use crate::{
    engine::portal::{Portal, Turn, query::FETCH},
    hubspot::objects::Properties,
    store::{
        portal::{
            activations as store, channels, echoes, lookup,
            records::{self, Live},
        },
        sql::SqlError,
    },
    values::{ids::RecordId, time::DAY_MS},
};

/// Values gone over in a piece: to mark each is some 20 µs, so that a webhook waits 40 ms.
const PIECE: u32 = 2_000;
/// Contacts gone over in a piece: to look for a text in each is some 10 µs.
const CONTACTS: u32 = 2_000;
/// How long a replacement may take.
pub(super) const REPLACED_WITHIN_MS: i64 = DAY_MS;

/// What is to be done next.
enum Piece {
    /// Values of an attribute go that is deleted, or whose replacement has ended.
    Values(i64),
    /// Marks go: nothing is written to anybody.
    Marks,
    /// The sync of an activation goes on.
    Sync(i64),
}

impl Activation {
    /// What the texts of contacts have in common that hold something of its properties.
    fn mention(&self, portal: &Portal) -> String {
        let own = self.selects().filter_map(|number| portal.activations.attributes.get(&number));
        let mut names = own.map(|attribute| attribute.saved.property.as_str());
        let first = names.next().unwrap_or_default();
        let alike = |one: &str, other: &str| {
            one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count()
        };
        let most = names.fold(first.len(), |most, name| most.min(alike(first, name)));
        format!("\"{}", &first[..most])
    }
}

impl Portal {
    fn next_piece(&self, turn: &Turn<'_>) -> Result<Option<Piece>, SqlError> {
        let own = &self.activations;
        if let Some((number, _)) = own.attributes.iter().find(|(_, attribute)| attribute.loses_values()) {
            return Ok(Some(Piece::Values(*number)));
        }
        if own.untidy && own.wanted().is_empty() {
            return Ok(Some(Piece::Marks));
        }
        let mut waits = None;
        for (number, activation) in own.all.iter().filter(|(_, activation)| !activation.paused) {
            let goes_on = match &activation.sync.phase {
                Phase::Done => false,
                Phase::Sending { walked_at } => !store::left_of_walk(turn.sql, *walked_at)?,
                Phase::Waiting => self.may_walk(activation),
                Phase::Values { .. } | Phase::Mirror { .. } => true,
            };
            if !goes_on {
                continue;
            }
            let waits = match waits {
                Some(waits) => waits,
                None => *waits.insert(self.activation_waits(turn)?.is_some()),
            };
            if !waits {
                return Ok(Some(Piece::Sync(*number)));
            }
        }
        Ok(None)
    }

    /// Whether everything that an activation selects has its property, or cannot have it.
    fn may_walk(&self, activation: &Activation) -> bool {
        activation.selects().all(|number| {
            self.activations
                .attributes
                .get(&number)
                .is_none_or(|own| (self.is_ready(own) && !own.is_deciding()) || own.saved.trouble.is_some())
        })
    }

    pub(super) fn has_pieces(&self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        Ok(self.next_piece(turn)?.is_some())
    }

    /// Does a piece; says whether there is more to do in this alarm.
    #[inline(never)]
    pub(in crate::engine::portal) fn advance_activations(
        &mut self,
        turn: &mut Turn<'_>,
    ) -> Result<bool, SqlError> {
        if !self.activations.is_used() || self.shift.as_ref().is_none_or(|shift| shift.pieces_left == 0) {
            return Ok(false);
        }
        let Some(piece) = self.next_piece(turn)? else { return Ok(false) };
        let Some(shift) = &mut self.shift else { return Ok(false) };
        shift.pieces_left -= 1;
        let is_last = shift.pieces_left == 0;
        match piece {
            Piece::Values(number) => self.let_values_go(turn, number)?,
            Piece::Marks => self.activations.untidy = store::clear_some(turn.sql, PIECE)?,
            Piece::Sync(number) => self.walk(turn, number)?,
        }
        Ok(!is_last && self.has_pieces(turn)?)
    }

    /// Values of an attribute that is deleted, or those of before its replacement, some of them; then the attribute, or the replacement.
    fn let_values_go(&mut self, turn: &Turn<'_>, number: i64) -> Result<(), SqlError> {
        let Some(own) = self.activations.attributes.get_mut(&number) else { return Ok(()) };
        let (deleting, round) = (own.saved.deleting, own.saved.round);
        if deleting && own.saved.found.is_some() && channels::forget_some(turn.sql, place(number), PIECE)? {
            return Ok(());
        }
        let page = store::page(turn.sql, number, &own.saved.gone_over, PIECE)?;
        let Some((last, _, _)) = page.last() else {
            if deleting && own.saved.made {
                ALL.clone_into(&mut own.saved.gone_over);
                return own.save(turn, number);
            }
            if deleting {
                self.activations.attributes.remove(&number);
                return store::remove_attribute(turn.sql, number);
            }
            own.saved.replacing = None;
            own.saved.gone_over.clear();
            return own.save(turn, number);
        };
        own.saved.gone_over.clone_from(last);
        let go: Vec<&str> = page
            .iter()
            .filter(|(_, _, of)| deleting || *of < round)
            .map(|(email, _, _)| email.as_str())
            .collect();
        store::remove_values(turn.sql, number, &go)?;
        own.count = own.count.map(|count| count.saturating_sub(go.len() as u64));
        own.save(turn, number)?;
        // Of what is deleted the property goes too.
        if deleting || !self.activations.wanted().contains(&number) {
            return Ok(());
        }
        self.mark_unwritten(turn, &go, false)
    }

    /// The sync of an activation goes on.
    fn walk(&mut self, turn: &mut Turn<'_>, number: i64) -> Result<(), SqlError> {
        let Some(activation) = self.activations.all.get(&number) else { return Ok(()) };
        let (mut sync, selects) = (activation.sync.clone(), activation.selects().collect::<Vec<i64>>());
        match sync.phase.clone() {
            Phase::Waiting => {
                sync = Sync::new(sync.began_at);
                for attribute in &selects {
                    sync.total += self.count_values(turn, *attribute)?;
                }
                sync.phase = match selects.first() {
                    Some(first) => Phase::Values { attribute: *first, after: String::new() },
                    None => Phase::Mirror { above: RecordId(0) },
                };
            }
            Phase::Values { attribute, after } => {
                let (page, last) = self.page_of_walk(turn, attribute, &after)?;
                self.mark_unwritten(turn, &page.iter().map(String::as_str).collect::<Vec<_>>(), false)?;
                sync.looked += page.len() as u64;
                let next = selects.iter().skip_while(|own| **own != attribute).nth(1);
                sync.phase = match (last.filter(|_| page.len() == PIECE as usize), next) {
                    (Some(after), _) => Phase::Values { attribute, after },
                    (None, Some(next)) => Phase::Values { attribute: *next, after: String::new() },
                    (None, None) => Phase::Mirror { above: RecordId(0) },
                };
            }
            Phase::Mirror { above } => sync.phase = self.walk_mirror(turn, number, above)?,
            Phase::Sending { .. } => {
                // What was just marked may be on its way.
                sync.phase = Phase::Done;
                sync.ended_at = Some(turn.now);
            }
            Phase::Done => {}
        }
        let Some(activation) = self.activations.all.get_mut(&number) else { return Ok(()) };
        activation.sync = sync;
        activation.save(turn, number)
    }

    /// Whom an attribute says something of behind one of them, as marks, and where to go on.
    fn page_of_walk(
        &self,
        turn: &Turn<'_>,
        attribute: i64,
        after: &str,
    ) -> Result<(Vec<String>, Option<String>), SqlError> {
        if self.activations.attributes.get(&attribute).is_some_and(|own| own.saved.found.is_some()) {
            let above = after.parse().unwrap_or(RecordId(0));
            let ids = channels::members_above(turn.sql, place(attribute), above, PIECE as usize)?;
            let last = ids.last().map(ToString::to_string);
            return Ok((ids.into_iter().map(store::of_record).collect(), last));
        }
        let page = store::page(turn.sql, attribute, after, PIECE)?;
        let all: Vec<String> = page.into_iter().map(|(email, _, _)| email).collect();
        let last = all.last().cloned();
        Ok((all, last))
    }

    /// Marks contacts above an id that hold something of an activation's; where to go on.
    fn walk_mirror(&mut self, turn: &Turn<'_>, number: i64, above: RecordId) -> Result<Phase, SqlError> {
        let Some(activation) = self.activations.all.get(&number) else { return Ok(Phase::Done) };
        let selects: BTreeSet<i64> = activation.selects().collect();
        let own = selects.iter().filter_map(|attribute| self.activations.attributes.get(attribute));
        let names: Vec<String> = own.map(|attribute| attribute.saved.property.clone()).collect();
        let mention = activation.mention(self);
        let (found, mut next) = lookup::mentioning(turn.sql, KIND, &mention, above, CONTACTS)?;
        // What left and was not read is on contacts, or comes to be.
        let left = echoes::older_above(turn.sql, KIND, above, turn.now.plus_ms(1), CONTACTS)?;
        if left.len() == CONTACTS as usize {
            next = next.into_iter().chain(left.last().copied()).min();
        }
        let left = echoes::of(turn.sql, KIND, &left)?;
        let is_left = |id: &RecordId| {
            left.get(id).is_some_and(|written| names.iter().any(|name| written.contains_key(name)))
        };
        let ids: Vec<RecordId> = left.keys().copied().filter(is_left).collect();
        let mut all: BTreeMap<RecordId, Live> = found.into_iter().map(|live| (live.id, live)).collect();
        for some in ids.chunks(FETCH as usize) {
            all.extend(records::live_by_ids(turn.sql, KIND, some)?.into_iter().map(|live| (live.id, live)));
        }
        let mut holds: Vec<(RecordId, Vec<String>)> = Vec::new();
        for live in all.values().filter(|live| next.is_none_or(|next| live.id <= next)) {
            let properties = Properties::parse(&live.properties).unwrap_or_default();
            let held = |name: &String| properties.get(name).is_some_and(|value| !value.is_empty());
            if is_left(&live.id) || names.iter().any(held) {
                let further = properties.get("hs_additional_emails");
                holds.push((live.id, addresses(properties.get("email"), further)));
            }
        }
        // Whoever something is said of has been marked by an address.
        let emails: Vec<&str> = holds.iter().flat_map(|(_, emails)| emails).map(String::as_str).collect();
        let said = store::said_of(turn.sql, &emails)?;
        let said: BTreeSet<&str> = said
            .iter()
            .filter(|said| selects.contains(&said.attribute))
            .map(|said| said.email.as_str())
            .collect();
        let marks: Vec<String> = holds
            .iter()
            .filter(|(_, emails)| !emails.iter().any(|email| said.contains(email.as_str())))
            .map(|(id, _)| store::of_record(*id))
            .collect();
        self.mark_unwritten(turn, &marks.iter().map(String::as_str).collect::<Vec<_>>(), false)?;
        Ok(match next {
            Some(above) => Phase::Mirror { above },
            None => Phase::Sending { walked_at: turn.now },
        })
    }

    /// How many values an attribute has.
    pub(super) fn count_values(&mut self, turn: &Turn<'_>, number: i64) -> Result<u64, SqlError> {
        let Some(own) = self.activations.attributes.get_mut(&number) else { return Ok(0) };
        if let Some(count) = own.count {
            return Ok(count);
        }
        let count = if own.saved.found.is_some() {
            channels::count(turn.sql, place(number))?
        } else {
            store::count(turn.sql, number)?
        };
        own.count = Some(count);
        Ok(count)
    }
}

/// Behind every address: no address has a character like this.
const ALL: &str = "\u{10ffff}";

impl super::Attribute {
    /// Whether values go, or the attribute itself: one whose values are gone waits for its property.
    pub(super) fn loses_values(&self) -> bool {
        let saved = &self.saved;
        if saved.deleting {
            return saved.gone_over != ALL || !saved.made;
        }
        saved.replacing.is_some_and(|replacing| replacing.ending)
    }
}

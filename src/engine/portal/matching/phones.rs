//! Contacts by telephone number: which contact a caller is.
//!
//! Two numbers are one as [`Phone`] compares them: a number is written with its country's code here and without it there. Of a number that
//! several contacts have nobody knows whose it is.
//!
//! Numbers are indexed only while something asks by them: contacts that are stored then by a pass, a piece a turn, others as they are
//! written. Until the pass is over nobody is found. Owns how far it is (in `meta`).

use serde::{Deserialize, Serialize};

use super::WhyNot;
use crate::{
    engine::portal::{Portal, Turn, query, streams::saved},
    hubspot::objects::Properties,
    store::{
        portal::{lookup, phones as store, records},
        schema,
        sql::SqlError,
    },
    values::{
        ids::{ObjectType, RecordId},
        phone::Phone,
        time::Timestamp,
    },
};

/// Where it lies in `meta` how far the pass is.
const KEY: &str = "phones";
/// Contacts of one piece: those with a number come out of the database whole, a kilobyte each.
const CONTACTS: u32 = 1_000;
/// Numbers that are forgotten in one piece.
const FORGET: u32 = 5_000;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Work {
    /// Nothing asks by number.
    #[default]
    Off,
    /// Contacts above an id are yet to be gone over.
    Filling(RecordId),
    /// Every number is indexed.
    Ready,
    /// Nothing asks by number any more, and they are being forgotten.
    Emptying,
}

/// What is known of it in memory.
#[derive(Debug, Default)]
pub(in crate::engine::portal) struct Phones {
    work: Work,
}

impl Phones {
    /// As it was saved.
    pub(in crate::engine::portal) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        Ok(Self { work: saved(turn, KEY)? })
    }

    /// Whether numbers are kept as contacts are written.
    pub(in crate::engine::portal) const fn is_wanted(&self) -> bool {
        matches!(self.work, Work::Filling(_) | Work::Ready)
    }

    fn is_at_work(&self) -> bool {
        matches!(self.work, Work::Filling(_) | Work::Emptying)
    }

    fn save(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let json = serde_json::to_string(&self.work).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, KEY, &json)
    }
}

/// Whom a number found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::portal) enum Caller {
    /// This contact.
    One(RecordId),
    /// So many contacts have it.
    Several(usize),
    /// No contact does.
    Nobody,
}

impl Portal {
    /// Something asks by number from now on, or nothing does any more.
    pub(in crate::engine::portal) fn want_phones(
        &mut self,
        turn: &Turn<'_>,
        wanted: bool,
    ) -> Result<(), SqlError> {
        self.phones.work = match (self.phones.work, wanted) {
            (Work::Off | Work::Emptying, true) => Work::Filling(RecordId(0)),
            (Work::Filling(_) | Work::Ready, false) => Work::Emptying,
            _ => return Ok(()),
        };
        self.phones.save(turn)
    }

    /// Why nobody can be found by number at the moment.
    pub(in crate::engine::portal) fn phones_not_ready(
        &self,
        turn: &Turn<'_>,
    ) -> Result<Option<WhyNot>, SqlError> {
        let why = self.not_ready(turn, ObjectType::Contacts)?;
        let ready = self.phones.work == Work::Ready;
        Ok(why.or((!ready).then_some(WhyNot::IndexBuilding)))
    }

    /// Goes on with it, a piece a turn; says whether there is more to do in this alarm.
    #[inline(never)]
    pub(in crate::engine::portal) fn advance_phones(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let at_work = self.phones.is_at_work() && self.connection.is_some();
        let Some(shift) = self.shift.as_mut().filter(|shift| at_work && shift.pieces_left > 0) else {
            return Ok(false);
        };
        shift.pieces_left -= 1;
        let is_last = shift.pieces_left == 0;
        self.phones.work = match self.phones.work {
            Work::Filling(above) => go_over(turn, above)?.map_or(Work::Ready, Work::Filling),
            Work::Emptying if store::forget_some(turn.sql, FORGET)? => Work::Off,
            work => work,
        };
        self.phones.save(turn)?;
        Ok(self.phones.is_at_work() && !is_last)
    }

    /// When an alarm is needed to go on.
    pub(in crate::engine::portal) fn phones_due_at(&self, now: Timestamp) -> Option<Timestamp> {
        (self.phones.is_at_work() && self.connection.is_some()).then_some(now)
    }

    /// The contact that a number is of, as far as numbers are indexed. Nobody who is kept out is found.
    pub(in crate::engine::portal) fn caller(
        &self,
        turn: &Turn<'_>,
        number: &str,
    ) -> Result<Caller, SqlError> {
        let kind = ObjectType::Contacts;
        let Some(sought) = Phone::parse(number) else { return Ok(Caller::Nobody) };
        let mut found = Vec::new();
        for some in store::holders(turn.sql, sought.key())?.chunks(query::FETCH as usize) {
            for live in records::live_by_ids(turn.sql, kind, some)? {
                let properties = Properties::parse(&live.properties).unwrap_or_default();
                let own =
                    store::PROPERTIES.into_iter().filter_map(|name| Phone::parse(properties.get(name)?));
                let is_theirs = own.into_iter().any(|own| own.is_same(&sought));
                if is_theirs && !self.blocks.keeps_out(kind, live.id, &properties) {
                    found.push(live.id);
                }
            }
        }
        Ok(match &found[..] {
            [] => Caller::Nobody,
            [id] => Caller::One(*id),
            all => Caller::Several(all.len()),
        })
    }
}

/// Indexes the numbers of contacts above an id; where to go on.
fn go_over(turn: &Turn<'_>, above: RecordId) -> Result<Option<RecordId>, SqlError> {
    let (found, next) = lookup::mentioning(turn.sql, ObjectType::Contacts, store::MENTION, above, CONTACTS)?;
    let mut numbers = Vec::with_capacity(found.len());
    for live in &found {
        // What cannot be read has no number.
        let properties = Properties::parse(&live.properties).unwrap_or_default();
        numbers.push((live.id, store::of(|name| properties.get(name))));
    }
    let ids: Vec<RecordId> = numbers.iter().map(|(id, _)| *id).collect();
    store::put(turn.sql, &ids, &numbers)?;
    Ok(next)
}

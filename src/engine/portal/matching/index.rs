//! Whether every record lies under the names that it has now.
//!
//! What is written lies there from the turn in which it is written. What an earlier release wrote, or one with other rules of comparing
//! ([`RULES`]), a pass goes over once, a piece a turn, as far as alarms let it; until then a lookup would miss some, and matching says
//! that the index is being made. So it does while records are read for the first time: the index over them is built at its end, since
//! keeping one meanwhile is half of what a first sync takes.
//!
//! Owns how far that pass is (in `meta`).

use serde::{Deserialize, Serialize};

use super::WhyNot;
use crate::{
    engine::portal::{Portal, Turn, streams::saved},
    hubspot::objects::Properties,
    store::{
        portal::{keys, lookup},
        schema,
        sql::SqlError,
    },
    values::{
        domain::RULES,
        ids::{ObjectType, RecordId},
        time::Timestamp,
    },
};

/// Where it lies in `meta` how far the pass is.
const KEY: &str = "matching";
/// Companies of one piece: half a megabyte, and as many names to be read.
const COMPANIES: u32 = 500;
/// Contacts of one piece, of which only those with several addresses come out of the database: 4 MB are looked through there.
const CONTACTS: u32 = 4_000;

/// How far the pass is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Work {
    /// The rules by which it goes; 0: it has never begun.
    rules: u32,
    /// Types whose records above an id are yet to be gone over.
    left: Vec<(ObjectType, RecordId)>,
}

/// What is known of it in memory.
#[derive(Debug, Default)]
pub(in crate::engine::portal) struct Index {
    work: Work,
}

impl Index {
    /// As it was saved, or a pass from the beginning.
    pub(in crate::engine::portal) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        let work: Work = saved(turn, KEY)?;
        if work.rules == RULES {
            return Ok(Self { work });
        }
        let left = [ObjectType::Contacts, ObjectType::Companies].map(|kind| (kind, RecordId(0))).to_vec();
        Ok(Self { work: Work { rules: RULES, left } })
    }

    fn save(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let json = serde_json::to_string(&self.work).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, KEY, &json)
    }
}

impl Portal {
    fn indexing(&self) -> bool {
        self.connection.is_some() && !self.index.work.left.is_empty()
    }

    /// Why nothing can be matched with a type at the moment.
    pub(in crate::engine::portal) fn not_ready(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
    ) -> Result<Option<WhyNot>, SqlError> {
        let stream = self.streams.iter().position(|running| running.saved.object_type == kind);
        if stream.is_none_or(|index| self.stands_still(index)) {
            return Ok(Some(WhyNot::NotMirrored));
        }
        let passed = self.index.work.left.iter().all(|(left, _)| *left != kind);
        let ready = passed && lookup::is_indexed(turn.sql, kind)?;
        Ok((!ready).then_some(WhyNot::IndexBuilding))
    }

    /// Goes on with the pass, a piece a turn; says whether there is more to do in this alarm.
    #[inline(never)]
    pub(in crate::engine::portal) fn advance_index(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let indexing = self.indexing();
        let Some(shift) = self.shift.as_mut().filter(|shift| indexing && shift.pieces_left > 0) else {
            return Ok(false);
        };
        shift.pieces_left -= 1;
        let is_last = shift.pieces_left == 0;
        if let Some((kind, above)) = self.index.work.left.pop() {
            let next = go_over(turn, kind, above)?;
            self.index.work.left.extend(next.map(|next| (kind, next)));
        }
        self.index.save(turn)?;
        Ok(self.indexing() && !is_last)
    }

    /// When an alarm is needed to go on.
    pub(in crate::engine::portal) fn index_due_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.indexing().then_some(now)
    }
}

/// Gives records above an id the keys they have by their names; where to go on.
fn go_over(turn: &Turn<'_>, kind: ObjectType, above: RecordId) -> Result<Option<RecordId>, SqlError> {
    // A contact's key is what it always was.
    let (mention, limit) = match kind {
        ObjectType::Companies => ("", COMPANIES),
        _ => (keys::further_property(kind).unwrap_or_default(), CONTACTS),
    };
    let (found, next) = lookup::mentioning(turn.sql, kind, mention, above, limit)?;
    let mut records = Vec::with_capacity(found.len());
    for live in &found {
        // What cannot be read has no names.
        let properties = Properties::parse(&live.properties).unwrap_or_default();
        records.push((live.id, keys::of(kind, |name| properties.get(name))));
    }
    if !records.is_empty() {
        lookup::rekey(turn.sql, kind, &records)?;
    }
    Ok(next)
}

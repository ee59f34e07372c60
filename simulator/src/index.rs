//! The search index: a copy of the records that lags behind them. Owns the copy and the changes still on their way.
//! Values are shared with the records until a record changes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::Switches;
use crate::objects::record::{Record, State, Values};

/// What search knows of one record.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub id: u64,
    pub created_at: u64,
    pub updated_at: u64,
    pub values: Values,
    /// Archived, merged and erased ones are kept as holes, so that late older changes cannot bring them back.
    pub live: bool,
    /// The change that was seen last.
    version: u64,
}

/// A change on its way into the index.
struct Pending {
    due_at: u64,
    row: Row,
}

impl Ord for Pending {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due_at, self.row.version).cmp(&(other.due_at, other.row.version))
    }
}
impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Pending {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Pending {}

/// What search knows of all records of one type.
#[derive(Default)]
pub(crate) struct Index {
    /// In order of id.
    rows: Vec<Row>,
    pending: BinaryHeap<Reverse<Pending>>,
    versions: u64,
}

impl Index {
    /// Sends a record's present state on its way; it arrives after a delay of its own.
    pub fn notice(&mut self, now_ms: u64, switches: &Switches, rng: &mut fastrand::Rng, record: &Record) {
        let late = switches.search_straggler_one_in > 0 && rng.u32(..switches.search_straggler_one_in) == 0;
        let lag_ms = if late {
            switches.search_straggler_ms
        } else {
            rng.u64(switches.search_lag_min_ms..=switches.search_lag_max_ms.max(switches.search_lag_min_ms))
        };
        let row = self.row(record);
        if lag_ms == 0 {
            self.apply(row);
        } else {
            self.pending.push(Reverse(Pending { due_at: now_ms + lag_ms, row }));
        }
    }

    /// Knows a record at once (seeding).
    pub fn know(&mut self, record: &Record) {
        let row = self.row(record);
        self.apply(row);
    }

    fn row(&mut self, record: &Record) -> Row {
        self.versions += 1;
        let live = record.state == State::Live;
        let values = if live { record.values.clone() } else { Values::empty() };
        let &Record { id, created_at, updated_at, .. } = record;
        Row { id, created_at, updated_at, values, live, version: self.versions }
    }

    fn apply(&mut self, row: Row) {
        if self.rows.last().is_none_or(|last| last.id < row.id) {
            return self.rows.push(row);
        }
        match self.rows.binary_search_by_key(&row.id, |known| known.id) {
            Ok(at) if self.rows[at].version < row.version => self.rows[at] = row,
            Ok(_) => {}
            Err(at) => self.rows.insert(at, row),
        }
    }

    /// Applies what is due. A change that overtook an older one of the same record stays.
    pub fn catch_up(&mut self, now_ms: u64) {
        while self.pending.peek().is_some_and(|Reverse(pending)| pending.due_at <= now_ms) {
            let Some(Reverse(pending)) = self.pending.pop() else { return };
            self.apply(pending.row);
        }
    }

    /// Everything search knows with an id of at least `from`, in order of id.
    pub fn rows_from(&self, from: u64) -> impl Iterator<Item = &Row> {
        let start = self.rows.partition_point(|row| row.id < from);
        self.rows.iter().skip(start).filter(|row| row.live)
    }
}

//! Imports: files of rows that change records while time passes (`hubspot-api.md` 7). Owns an account's imports; `request`
//! reads what is asked for, `rows` changes records, `api` answers.
//!
//! Three run at a time, the others wait as `DEFERRED` in the order of their arrival. One is `STARTED` for a while, then its rows
//! are worked off at a steady rate (`PROCESSING`); a file is held in memory until then and one row at a time besides.
//! Modelled: one CSV file of one object type, keyed by record id or by a unique value.

pub(crate) mod api;
mod request;
mod rows;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::portal::{Portal, Turn};
use crate::switches::Switches;
use crate::time::DAY_MS;

use rows::Rows;

/// Running at a time. Source: `hubspot-api.md` 7.3.
const RUNNING_LIMIT: usize = 3;

/// What became of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImportState {
    /// Waits, because three run.
    Deferred,
    Started,
    Processing,
    /// Through its file; rows may have been refused.
    Done,
    /// The file as a whole is not usable.
    Failed,
    Canceled,
    /// Undone by a person.
    Reverted,
}

impl ImportState {
    fn runs(self) -> bool {
        matches!(self, Self::Started | Self::Processing)
    }

    fn is_final(self) -> bool {
        !self.runs() && self != Self::Deferred
    }
}

/// How many of what, under HubSpot's names. Those that are zero are not there.
pub type ImportCounters = BTreeMap<&'static str, u64>;

/// One value, row or file that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    /// Counted from 1 over all errors of an account.
    pub id: u64,
    /// HubSpot's word, as `UPDATE_ONLY_IMPORT`.
    pub error_type: &'static str,
    pub message: String,
    /// From 1, the header included; 0 of the whole file.
    pub line: u64,
    /// From 0.
    pub column: Option<usize>,
    pub value: Option<String>,
    /// The row as it stands in the file.
    pub row: Vec<String>,
    pub at_ms: u64,
}

/// One import.
pub struct Import {
    pub id: u64,
    /// 0 of one that a person started in HubSpot's pages.
    pub app_id: u64,
    pub name: String,
    pub state: ImportState,
    pub counters: ImportCounters,
    pub errors: Vec<ImportError>,
    /// Epoch milliseconds.
    pub created_at: u64,
    pub updated_at: u64,
    /// As it was sent.
    request: Value,
    object_type_id: &'static str,
    file_id: u64,
    /// When its present state began.
    since: u64,
    /// Rows worked off.
    done: u64,
    /// Of a person's: how long it runs, milliseconds.
    lasts_ms: u64,
    /// What is left of the file; gone when the import has ended.
    rows: Option<Rows>,
}

/// An account's imports.
#[derive(Default)]
pub(crate) struct Imports {
    all: BTreeMap<u64, Import>,
    /// Those that have not ended, in the order of their arrival.
    open: Vec<u64>,
    /// The day and the rows that arrived on it.
    today: (u64, u64),
    errors: u64,
}

impl Imports {
    fn begin(&mut self, turn: &Turn<'_>, mut import: Import) -> u64 {
        let id = self.all.keys().next_back().map_or(61_000_001, |last| last + 3);
        let running = self.open.iter().filter(|id| self.all[id].state.runs()).count();
        import.id = id;
        import.state = if running < RUNNING_LIMIT { ImportState::Started } else { ImportState::Deferred };
        (import.created_at, import.updated_at, import.since) = (turn.now_ms, turn.now_ms, turn.now_ms);
        self.all.insert(id, import);
        self.open.push(id);
        id
    }

    /// Counts rows of a day; whether the account may have them.
    fn allow_rows(&mut self, now_ms: u64, offset_ms: i64, rows: u64, switches: &Switches) -> bool {
        let day = (now_ms as i64 + offset_ms).max(0) as u64 / DAY_MS;
        if self.today.0 != day {
            self.today = (day, 0);
        }
        let within = self.today.1 + rows <= switches.import_rows_per_day;
        if within {
            self.today.1 += rows;
        }
        within
    }

    fn end(&mut self, now_ms: u64, id: u64, state: ImportState) -> bool {
        let Some(import) = self.all.get_mut(&id).filter(|own| !own.state.is_final()) else { return false };
        import.state = state;
        import.updated_at = now_ms;
        import.rows = None;
        self.open.retain(|own| *own != id);
        true
    }
}

/// The truth, and what people do.
impl Portal {
    /// All imports in order of id.
    pub fn imports(&self) -> impl Iterator<Item = &Import> {
        self.imports.all.values()
    }

    /// Starts an import in HubSpot's pages, which takes one of the places for so long.
    pub fn occupy_imports(&mut self, turn: &Turn<'_>, lasts_ms: u64) -> u64 {
        let import = Import {
            lasts_ms,
            ..Import::new(0, "An import of the customer's own", "0-1", Value::Null, None)
        };
        self.imports.begin(turn, import)
    }

    /// Makes an import that has not ended fail; whether there is one.
    pub fn fail_import(&mut self, now_ms: u64, id: u64) -> bool {
        self.imports.end(now_ms, id, ImportState::Failed)
    }

    /// Marks a finished import as undone by a person; its values stay, that is not modelled.
    pub fn revert_import(&mut self, now_ms: u64, id: u64) -> bool {
        let done = |own: &&mut Import| own.state == ImportState::Done;
        let Some(import) = self.imports.all.get_mut(&id).filter(done) else { return false };
        import.state = ImportState::Reverted;
        import.updated_at = now_ms;
        true
    }

    /// Works off what is due of every import. Costs nothing where none is open.
    pub(crate) fn run_imports(&mut self, turn: &mut Turn<'_>) {
        if self.imports.open.is_empty() {
            return;
        }
        for id in self.imports.open.clone() {
            let Some(mut import) = self.imports.all.remove(&id) else { continue };
            self.advance(turn, &mut import);
            let ended = import.state.is_final();
            self.imports.all.insert(id, import);
            if ended {
                self.imports.open.retain(|own| *own != id);
            }
        }
        let running = self.imports.open.iter().filter(|id| self.imports.all[id].state.runs()).count();
        let waiting: Vec<u64> = self
            .imports
            .open
            .iter()
            .copied()
            .filter(|id| self.imports.all[id].state == ImportState::Deferred)
            .take(RUNNING_LIMIT.saturating_sub(running))
            .collect();
        for id in waiting {
            if let Some(import) = self.imports.all.get_mut(&id) {
                import.state = ImportState::Started;
                (import.since, import.updated_at) = (turn.now_ms, turn.now_ms);
            }
        }
    }

    fn advance(&mut self, turn: &mut Turn<'_>, import: &mut Import) {
        if import.app_id == 0 && import.state.runs() {
            import.state = ImportState::Processing;
            if turn.now_ms >= import.created_at.max(import.since) + import.lasts_ms {
                import.state = ImportState::Done;
                import.updated_at = turn.now_ms;
            }
            return;
        }
        if import.state == ImportState::Started && turn.now_ms >= import.since + turn.switches.import_start_ms
        {
            import.state = ImportState::Processing;
            import.since += turn.switches.import_start_ms;
            import.updated_at = turn.now_ms;
        }
        if import.state != ImportState::Processing {
            return;
        }
        let passed_ms = turn.now_ms.saturating_sub(import.since);
        let due = passed_ms.saturating_mul(turn.switches.import_rows_per_second) / 1_000;
        let Some(mut rows) = import.rows.take() else { return };
        let over = self.import_rows(turn, import, &mut rows, due);
        if !over {
            import.rows = Some(rows);
        }
    }
}

impl Import {
    fn new(
        app_id: u64,
        name: &str,
        object_type_id: &'static str,
        request: Value,
        rows: Option<Rows>,
    ) -> Self {
        Self {
            id: 0,
            app_id,
            name: name.to_owned(),
            state: ImportState::Started,
            counters: ImportCounters::new(),
            errors: Vec::new(),
            created_at: 0,
            updated_at: 0,
            request,
            object_type_id,
            file_id: 0,
            since: 0,
            done: 0,
            lasts_ms: 0,
            rows,
        }
    }

    fn count(&mut self, name: &'static str, more: u64) {
        if more > 0 {
            *self.counters.entry(name).or_default() += more;
        }
    }
}

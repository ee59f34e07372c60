//! A run and its files, as saved, and what is cheaper for a file.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Settings;
use crate::values::{
    mapping::Mapping,
    property_value::Nature,
    time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp},
};

/// Calls that an import takes whatever its size: its start, a page of errors, and polls of ten minutes, which is what HubSpot takes for
/// little (`hubspot-api.md` 7.4: minutes to hours).
const IMPORT_CALLS: u64 = 12;
/// Rows that HubSpot works off in a minute, at least: a poll each.
const ROWS_A_MINUTE: u64 = 10_000;
/// First pause before an import is asked about; then [`POLL_MS`].
const FIRST_POLL_MS: i64 = 10 * SECOND_MS;
/// How often an import is asked about (`hubspot-api.md` 7.4: every half to whole minute).
const POLL_MS: i64 = MINUTE_MS;
/// How often one that waits behind the account's own.
const DEFERRED_POLL_MS: i64 = 2 * MINUTE_MS;
/// How long an import is waited for: by then the next night's run is due.
const PATIENCE_MS: i64 = DAY_MS;
/// How long changes of companies in a file are left to the read that follows it: people's edits of these wait no longer.
const HELD_MS: i64 = HOUR_MS;
/// After so long no answer to a start can be under way any more: HubSpot gives up after 100 s (`hubspot-api.md` 12.1).
pub(super) const QUIET_MS: i64 = 2 * MINUTE_MS;

/// How much a run sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Every account that is a company.
    Full,
    /// Of those the ones whose company holds something else.
    Delta,
}

/// Who began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedBy {
    /// The clock.
    Night,
    /// Somebody.
    Person,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    /// Accounts up to this number are gone over.
    Matching {
        /// Our number of the last.
        after: i64,
    },
    /// Files are sent and read.
    Sending,
    /// Rows whose company is gone are matched once more.
    Rematching {
        /// Since when: what became of the companies is still being read.
        since: Timestamp,
        /// When to look again.
        looks_at: Timestamp,
    },
    /// It is over.
    Ended,
}

/// How a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// As one file.
    Import,
    /// A hundred rows a call.
    BatchUpdate,
}

/// Why it goes so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It takes fewer calls.
    FewerCalls,
    /// The connection may not do the other.
    OnlyWay,
    /// HubSpot refused the other.
    OtherRefused,
}

/// How far a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileState {
    /// Rows still come.
    Filling,
    /// It holds as many rows as it may.
    Full,
    /// It is to be sent, not before then.
    Waiting {
        /// When.
        at: Timestamp,
    },
    /// Its start is under way.
    Starting,
    /// Nobody knows whether it was started: it is looked for.
    Doubt {
        /// When.
        at: Timestamp,
        /// HubSpot's cursor.
        after: Option<String>,
        /// How many pages were looked at.
        pages: u32,
    },
    /// HubSpot works on it.
    Running {
        /// When it is asked about.
        at: Timestamp,
        /// How often it was.
        polls: u32,
        /// Since when rows change.
        processing_since: Option<Timestamp>,
    },
    /// What it refused is read.
    Errors {
        /// HubSpot's cursor.
        after: Option<String>,
        /// Not before then.
        at: Timestamp,
    },
    /// Its rows leave by batch update.
    Updating {
        /// Not before then.
        at: Timestamp,
        /// How many leave together.
        rows: usize,
    },
    /// Its companies are read again.
    Reading,
    /// It is over.
    Done,
}

/// A file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct File {
    /// Names of the properties, in the order of the columns.
    pub(super) columns: Vec<String>,
    pub(super) rows: u32,
    pub(super) state: FileState,
    #[serde(default)]
    pub(super) way: Option<(Way, Why)>,
    /// HubSpot's number of the import.
    #[serde(default)]
    pub(super) import: Option<u64>,
    #[serde(default)]
    pub(super) bytes: u64,
    #[serde(default)]
    pub(super) started_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) failures: u32,
    /// Why it came to nothing, or to a part.
    #[serde(default)]
    pub(super) trouble: Option<String>,
    /// Rows by what became of them, once it is over: taken, refused, without a record.
    #[serde(default)]
    pub(super) came_to: [u64; 3],
    /// It holds rows that were matched once more.
    #[serde(default)]
    pub(super) again: bool,
    /// How often HubSpot told of a row that it refused, and not of which.
    #[serde(default)]
    pub(super) unplaced: u64,
}

impl File {
    pub(super) fn new(columns: Vec<String>, again: bool) -> Self {
        Self {
            columns,
            rows: 0,
            state: FileState::Filling,
            way: None,
            import: None,
            bytes: 0,
            started_at: None,
            failures: 0,
            trouble: None,
            came_to: [0; 3],
            again,
            unplaced: 0,
        }
    }

    /// Whether changes of its companies are left to the read that follows it.
    pub(super) fn is_held(&self, now: Timestamp) -> bool {
        match self.state {
            FileState::Running { processing_since: Some(since), .. } => now.since_ms(since) < HELD_MS,
            FileState::Errors { .. } | FileState::Updating { .. } | FileState::Reading => {
                self.started_at.is_none_or(|at| now.since_ms(at) < PATIENCE_MS)
            }
            _ => false,
        }
    }

    /// Whether it was waited for long enough.
    pub(super) fn is_late(&self, now: Timestamp) -> bool {
        self.started_at.is_some_and(|at| now.since_ms(at) >= PATIENCE_MS)
    }

    /// Whether it is not to be looked at yet.
    pub(super) fn waits_for(&self, now: Timestamp) -> bool {
        self.waits_until().is_some_and(|at| at > now)
    }

    /// When it is looked at next, if that is at a moment.
    fn waits_until(&self) -> Option<Timestamp> {
        match &self.state {
            FileState::Waiting { at }
            | FileState::Doubt { at, .. }
            | FileState::Running { at, .. }
            | FileState::Errors { at, .. }
            | FileState::Updating { at, .. } => Some(*at),
            FileState::Filling | FileState::Full | FileState::Starting => None,
            FileState::Reading | FileState::Done => None,
        }
    }
}

/// What a run came to, in accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Gone over.
    pub accounts: u64,
    /// That are no company of the account's.
    pub unmatched: u64,
    /// That are a company which another account is as well.
    pub doubles: u64,
    /// Whose values no property takes.
    pub unfit: u64,
    /// Whose company holds the values already.
    pub unchanged: u64,
    /// That HubSpot took.
    pub sent: u64,
    /// That it refused, whole or in part.
    pub failed: u64,
    /// Whose company was gone, and that were matched once more.
    pub rematched: u64,
}

/// What it took, in calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Calls {
    /// Starts of imports.
    pub starts: u64,
    /// Questions about imports.
    pub polls: u64,
    /// Pages of what was refused.
    pub errors: u64,
    /// Batch updates.
    pub updates: u64,
    /// Reads of what had been written: the echo.
    pub echo: u64,
}

/// A mapping, as a run keeps it: no longer than it is under way, since it may take 64 KB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Frozen {
    definition: Value,
    natures: Vec<Option<Nature>>,
}

impl Frozen {
    pub(super) fn of(mapping: &Mapping) -> Self {
        Self { definition: mapping.to_json(), natures: mapping.natures() }
    }

    /// The mapping; `None`: in words of a newer release.
    pub(super) fn read(&self) -> Option<Mapping> {
        Mapping::parse(&self.definition).ok().map(|mapping| mapping.saved_with(&self.natures))
    }
}

/// What people had set when a run began: what it sends, where to and under which name follows from this alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BeganWith {
    pub(super) settings: Settings,
    /// Of mapped fields.
    pub(super) mapping: Option<Frozen>,
}

/// Values that a property could not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LeftOut {
    pub(super) property: String,
    /// Why the first of them could not be sent, in a sentence that does not hold it.
    pub(super) why: String,
    pub(super) values: u64,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::engine::portal) struct Run {
    pub(super) number: i64,
    pub(super) mode: Mode,
    pub(super) asked_by: AskedBy,
    /// The account's own date, in days since 1970.
    pub(super) day: i64,
    pub(super) started_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) phase: Phase,
    pub(super) files: Vec<File>,
    pub(super) counts: Counts,
    pub(super) calls: Calls,
    pub(super) trouble: Option<String>,
    /// `None`: an older release began it.
    #[serde(default)]
    pub(super) began_with: Option<BeganWith>,
    /// By property: as many as a mapping has entries at most, some 300 bytes each.
    #[serde(default)]
    pub(super) left_out: Vec<LeftOut>,
}

impl Run {
    pub(super) fn new(number: i64, mode: Mode, asked_by: AskedBy, day: i64, now: Timestamp) -> Self {
        Self {
            number,
            mode,
            asked_by,
            day,
            started_at: now,
            ended_at: None,
            phase: Phase::Matching { after: 0 },
            files: Vec::new(),
            counts: Counts::default(),
            calls: Calls::default(),
            trouble: None,
            began_with: None,
            left_out: Vec::new(),
        }
    }

    /// Counts a value that a property could not have.
    pub(super) fn leave_out(&mut self, property: &str, why: &str) {
        if let Some(own) = self.left_out.iter_mut().find(|own| own.property == property) {
            own.values += 1;
        } else {
            self.left_out.push(LeftOut { property: property.to_owned(), why: why.to_owned(), values: 1 });
        }
    }

    /// After its object was gone: a start that had left has an end that nobody has heard. Says whether there was one.
    #[must_use]
    pub(super) fn come_back(&mut self, now: Timestamp) -> bool {
        let mut any = false;
        for file in self.files.iter_mut().filter(|file| file.state == FileState::Starting) {
            file.state = FileState::Doubt { at: now.plus_ms(QUIET_MS), after: None, pages: 0 };
            any = true;
        }
        any
    }

    /// The file that is worked at: one after the other.
    pub(super) fn at_work(&self) -> Option<usize> {
        let working = self.phase == Phase::Sending;
        working.then(|| self.files.iter().position(|file| file.state != FileState::Done)).flatten()
    }

    pub(super) fn reads(&self) -> bool {
        self.at_work().is_some_and(|file| self.files[file].state == FileState::Reading)
    }

    pub(super) fn waits_until(&self) -> Option<Timestamp> {
        self.at_work().and_then(|file| self.files[file].waits_until())
    }

    /// All of its files are made: how each goes is decided.
    pub(super) fn send_files(&mut self, now: Timestamp, rights: Rights) {
        for file in &mut self.files {
            if matches!(file.state, FileState::Filling | FileState::Full) {
                file.way = Some(rights.way(file.rows));
                file.state = FileState::Waiting { at: now };
            }
        }
        self.phase = Phase::Sending;
    }
}

/// What the connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) import: bool,
    pub(super) update: bool,
}

impl Rights {
    /// How a file of so many rows goes.
    pub(super) fn way(self, rows: u32) -> (Way, Why) {
        match (self.import, self.update) {
            (true, false) => (Way::Import, Why::OnlyWay),
            (false, _) => (Way::BatchUpdate, Why::OnlyWay),
            (true, true) if update_calls(rows) <= import_calls(rows) => (Way::BatchUpdate, Why::FewerCalls),
            (true, true) => (Way::Import, Why::FewerCalls),
        }
    }
}

/// Calls of an import of so many rows.
pub(super) fn import_calls(rows: u32) -> u64 {
    IMPORT_CALLS + u64::from(rows).div_ceil(ROWS_A_MINUTE)
}

/// Calls of batch updates of so many rows.
pub(super) fn update_calls(rows: u32) -> u64 {
    u64::from(rows).div_ceil(crate::hubspot::writes::BATCH_LIMIT as u64)
}

/// When an import that was asked about so often is asked about again.
pub(super) fn next_poll(now: Timestamp, polls: u32, deferred: bool) -> Timestamp {
    now.plus_ms(if deferred { DEFERRED_POLL_MS } else { (FIRST_POLL_MS << polls.min(4)).min(POLL_MS) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_fewer_calls_is_taken_where_both_are_permitted() {
        let both = Rights { import: true, update: true };
        assert_eq!(both.way(1), (Way::BatchUpdate, Why::FewerCalls));
        assert_eq!(both.way(1_300), (Way::BatchUpdate, Why::FewerCalls));
        assert_eq!(both.way(1_301), (Way::Import, Why::FewerCalls));
        assert_eq!(both.way(100_000), (Way::Import, Why::FewerCalls));
        assert_eq!(Rights { update: false, ..both }.way(1), (Way::Import, Why::OnlyWay));
        assert_eq!(Rights { import: false, ..both }.way(90_000), (Way::BatchUpdate, Why::OnlyWay));
    }

    #[test]
    fn polls_begin_soon_and_settle_at_a_minute() {
        let after = |polls, deferred| next_poll(Timestamp(0), polls, deferred).0 / 1_000;
        assert_eq!([0, 1, 2, 3, 9].map(|polls| after(polls, false)), [10, 20, 40, 60, 60]);
        assert_eq!(after(0, true), 120);
    }

    #[test]
    fn peoples_edits_wait_an_hour_at_most() {
        let mut file = File::new(Vec::new(), false);
        let processing_since = Some(Timestamp(0));
        file.state = FileState::Running { at: Timestamp(0), polls: 1, processing_since };
        assert!(file.is_held(Timestamp(HOUR_MS - 1)) && !file.is_held(Timestamp(HOUR_MS)));
        file.state = FileState::Running { at: Timestamp(0), polls: 1, processing_since: None };
        assert!(!file.is_held(Timestamp(1)), "one that is deferred holds nothing back");
    }

    #[test]
    fn what_is_left_out_is_counted_by_its_property_with_the_first_reason() {
        let mut run = Run::new(1, Mode::Full, AskedBy::Night, 1, Timestamp(0));
        for (property, why) in [("heat", "Too large."), ("fit", "No option."), ("heat", "No number.")] {
            run.leave_out(property, why);
        }
        let told: Vec<(&str, &str, u64)> =
            run.left_out.iter().map(|own| (own.property.as_str(), own.why.as_str(), own.values)).collect();
        assert_eq!(told, [("heat", "Too large.", 2), ("fit", "No option.", 1)]);
    }

    #[test]
    fn a_run_of_an_older_release_is_read() {
        let run = Run::new(1, Mode::Full, AskedBy::Night, 1, Timestamp(0));
        let mut old = serde_json::to_value(&run).unwrap();
        for name in ["began_with", "left_out"] {
            assert!(old.as_object_mut().unwrap().remove(name).is_some(), "{name}");
        }
        assert_eq!(serde_json::from_value::<Run>(old).unwrap(), run);
    }

    #[test]
    fn a_start_that_had_left_is_looked_for_and_not_sent_again() {
        let mut run = Run::new(1, Mode::Full, AskedBy::Night, 1, Timestamp(0));
        run.files.push(File { state: FileState::Starting, ..File::new(Vec::new(), false) });
        assert!(run.come_back(Timestamp(5)));
        assert_eq!(
            run.files[0].state,
            FileState::Doubt { at: Timestamp(5 + QUIET_MS), after: None, pages: 0 }
        );
    }
}

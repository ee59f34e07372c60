//! Scores: what the host says of its accounts, written to the companies they are, once a night.
//!
//! A *run* goes over all accounts a piece a turn: which company each is, what its properties would hold, and whether the mirror says that
//! they do ([`matching`](self::walk)). What differs becomes a row of one of the run's *files*, frozen; then one file after the other is
//! sent ([`send`]), what HubSpot refuses of it is noted row by row, and its companies are read once more, at a full read's priority
//! ([`echo`]). Rows whose company is gone by then are matched once more and sent in a file of their own. The first run sends every row, a
//! later one those that differ.
//!
//! A file goes as an import, or where that takes fewer calls by batch updates; the run says which and why. One import is under way at a
//! time: of the three that HubSpot lets run the account's people keep two.
//!
//! Owns the settings (in `meta`), accounts, runs and rows (in the store's `score_…`), and what is under way (in memory). A run's state is
//! saved in the turn that changes it, so that one that is interrupted goes on where it was; what people set meanwhile holds from the next
//! run on.

pub mod commands;
mod echo;
mod fields;
mod import;
pub mod run;
mod send;
mod show;
mod walk;

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{Portal, Turn, messages::State, streams::saved},
    hubspot::endpoint::Endpoint,
    store::{
        portal::{
            echoes,
            feed::{self, Change, Lifecycle},
            scores::{self as store, FrozenRow},
        },
        schema,
        sql::SqlError,
    },
    values::{
        ids::ObjectType,
        json,
        score::{Names, Score},
        time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp},
    },
};
use run::{Phase, Run};

/// Where the settings lie in `meta`.
const KEY: &str = "scores";
/// Whose properties hold scores.
const KIND: ObjectType = ObjectType::Companies;
/// Most accounts of a connection: each takes some 300 bytes, 300 MB of ten gigabytes.
pub const ACCOUNTS_LIMIT: u64 = 1_000_000;
/// Runs that are kept: a year of nights, and what people asked for besides; some kilobytes each.
const RUNS_KEPT: i64 = 400;
/// Runs whose refused rows are kept.
const FAILED_KEPT: i64 = 30;
/// Rows that go at once: some hundredths of a second's work.
const FORGET_AT_ONCE: u32 = 2_000;
/// How long a write is waited for to be read, as for those of the outbox.
const ECHO_MS: i64 = DAY_MS;
/// What the prefix and the hour are until somebody sets them: two in the night.
const HOUR: u8 = 2;

/// Which properties hold the scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fields {
    /// The managed set, which is created on request.
    #[default]
    Managed,
    /// The same, made by the account's people.
    ByHand,
    /// Those of the field mapping `score_snapshot`.
    Mapped,
}

impl Fields {
    /// As on the wire, all of them.
    pub const ALL: [&'static str; 3] = ["managed", "by_hand", "mapped"];
}

/// What people set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether there is a run each night.
    pub on: bool,
    /// The hour of the account's clock at which it begins, 0 to 23.
    pub hour: u8,
    /// Which properties.
    pub fields: Fields,
    /// What those of the managed set are called.
    #[serde(flatten)]
    pub names: Names,
}

impl Default for Settings {
    fn default() -> Self {
        Self { on: false, hour: HOUR, fields: Fields::Managed, names: Names::default() }
    }
}

impl Settings {
    /// Whether scores that were written by the others are in the properties that these name.
    fn has_properties_of(&self, other: &Self) -> bool {
        self.fields == other.fields
            && (self.fields == Fields::Mapped || self.names.prefix == other.names.prefix)
    }
}

/// Properties that are being made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Creating {
    /// What is to be made next; `None`: the group.
    next: Option<Score>,
    /// Not before then.
    at: Timestamp,
    failures: u32,
}

/// As saved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    settings: Settings,
    /// A run has sent everything since the properties were chosen.
    full: bool,
    /// The last local date that had its run, in days since 1970.
    day: Option<i64>,
    /// Number of the last run.
    number: i64,
    /// The run that is under way.
    open: bool,
    #[serde(default)]
    creating: Option<Creating>,
    /// What went wrong when the properties were made.
    #[serde(default)]
    trouble: Option<String>,
}

/// A call for scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    /// Starts the import of a file.
    Start {
        /// Which.
        file: usize,
    },
    /// Looks for the import whose start was not answered.
    Find {
        /// Of which file.
        file: usize,
        /// HubSpot's cursor.
        after: Option<String>,
        /// How many pages were looked at.
        pages: u32,
    },
    /// How far an import is.
    Poll {
        /// Of which file.
        file: usize,
        /// HubSpot's number.
        import: u64,
    },
    /// What an import refused.
    Errors {
        /// Of which file.
        file: usize,
        /// HubSpot's number.
        import: u64,
        /// HubSpot's cursor.
        after: Option<String>,
    },
    /// Sends rows of a file by batch update.
    Update {
        /// Which.
        file: usize,
        /// Which of its rows.
        rows: Vec<FrozenRow>,
    },
    /// Makes the group, or a property.
    Make(Option<Score>),
}

impl Call {
    /// Where it goes.
    pub(super) const fn endpoint(&self) -> Endpoint {
        match self {
            Self::Start { .. } | Self::Find { .. } | Self::Poll { .. } | Self::Errors { .. } => {
                Endpoint::Imports
            }
            Self::Update { .. } => Endpoint::BatchWrite,
            Self::Make(_) => Endpoint::Properties,
        }
    }
}

/// What is known of it in memory.
#[derive(Debug, Default)]
pub(super) struct Scores {
    kept: Kept,
    run: Option<Run>,
    /// How many accounts there are, once somebody has asked.
    accounts: Option<u64>,
    /// Where the read of the file's companies is; begins anew with the object.
    echo: echo::Place,
    /// Rows of earlier runs may be left to be forgotten.
    untidy: bool,
}

impl Scores {
    /// As it was saved. A start that had left has an end that nobody has heard.
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        let kept: Kept = saved(turn, KEY)?;
        let mut run = None;
        if kept.open
            && let Some(state) = store::run(turn.sql, kept.number)?
        {
            let mut open: Run = json::parse(&state).map_err(|_| SqlError::Content("score_runs"))?;
            if open.come_back(turn.now) {
                // Saved, so that the search for it comes nearer however often the object goes away meanwhile.
                let json = serde_json::to_string(&open).map_err(|_| SqlError::Content("score_runs"))?;
                store::save_run(turn.sql, open.number, &json)?;
            }
            run = Some(open);
        }
        let untidy = kept.number > 0;
        Ok(Self { kept, run, untidy, ..Self::default() })
    }

    fn save(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let json = serde_json::to_string(&self.kept).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, KEY, &json)
    }

    /// Whether anything was ever sent.
    pub(super) const fn is_used(&self) -> bool {
        self.kept.number > 0
    }

    /// Whether companies are being read because of what was sent.
    pub(super) fn reads(&self) -> bool {
        self.run.as_ref().is_some_and(Run::reads)
    }

    /// Names of the properties that are written without a mapping.
    pub(super) fn managed(&self) -> Vec<String> {
        match self.kept.settings.fields {
            Fields::Mapped => Vec::new(),
            Fields::Managed | Fields::ByHand if self.kept.settings.on || self.kept.full => {
                self.kept.settings.names.all().into()
            }
            Fields::Managed | Fields::ByHand => Vec::new(),
        }
    }
}

/// The local date and hour of an account.
fn local(now: Timestamp, utc_offset_ms: i64) -> (i64, u8) {
    let local = now.0 + utc_offset_ms;
    (local.div_euclid(DAY_MS), (local.rem_euclid(DAY_MS) / HOUR_MS) as u8)
}

impl Portal {
    fn utc_offset_ms(&self) -> i64 {
        self.connection.as_ref().map_or(0, |connection| connection.account.utc_offset_ms)
    }

    /// When tonight's run is due, if it is.
    fn night(&self, now: Timestamp) -> Option<Timestamp> {
        let Kept { settings, day, .. } = &self.scores.kept;
        if !settings.on {
            return None;
        }
        let (today, hour) = local(now, self.utc_offset_ms());
        let at =
            |date: i64| Timestamp(date * DAY_MS + i64::from(settings.hour) * HOUR_MS - self.utc_offset_ms());
        Some(match day {
            Some(day) if *day >= today => at(today + 1),
            _ if hour >= settings.hour => now,
            _ => at(today),
        })
    }

    /// Whether a run can begin or go on: there is a connection that works, and its companies are known.
    fn may_run(&self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let active = self.connection.as_ref().is_some_and(|connection| connection.state == State::Active);
        let whole = self
            .streams
            .iter()
            .any(|running| running.saved.object_type == KIND && running.saved.backfill.is_none());
        Ok(active && whole && self.not_ready_companies(turn)?.is_none())
    }

    /// When scores have something to do of themselves.
    pub(super) fn scores_due_at(&self, turn: &Turn<'_>) -> Result<Option<Timestamp>, SqlError> {
        if !self.may_call(turn) {
            return Ok(None);
        }
        if let Some(creating) = &self.scores.kept.creating {
            return Ok(Some(creating.at));
        }
        let Some(run) = &self.scores.run else {
            let next = self.night(turn.now);
            if next.is_some_and(|at| at <= turn.now) && !self.may_run(turn)? {
                // What ends that has an alarm of its own.
                return Ok(None);
            }
            return Ok(if self.scores.untidy { Some(turn.now) } else { next });
        };
        match run.phase {
            Phase::Matching { .. } | Phase::Rematching { .. } if !self.may_run(turn)? => Ok(None),
            Phase::Matching { .. } => Ok(Some(turn.now)),
            Phase::Rematching { looks_at, .. } => Ok(Some(looks_at)),
            Phase::Sending => Ok(run.waits_until().or(Some(turn.now))),
            Phase::Ended => Ok(None),
        }
    }

    /// When to look again, where nothing of scores may leave now.
    pub(super) fn scores_wait_until(&self) -> Option<Timestamp> {
        let creating = self.scores.kept.creating.as_ref().map(|creating| creating.at);
        creating.or_else(|| self.scores.run.as_ref().and_then(Run::waits_until))
    }

    /// Does a piece of what takes no call; says whether there is more to do in this alarm.
    #[inline(never)]
    pub(super) fn advance_scores(&mut self, turn: &mut Turn<'_>) -> Result<bool, SqlError> {
        if self.scores.run.is_none() {
            let due = self.night(turn.now).is_some_and(|at| at <= turn.now);
            if due && self.may_call(turn) && self.may_run(turn)? {
                self.begin_run(turn, run::AskedBy::Night, false)?;
            }
        }
        let works = match self.scores.run.as_ref().map(|run| &run.phase) {
            Some(Phase::Matching { .. }) => self.may_run(turn)?,
            Some(Phase::Rematching { looks_at, .. }) => *looks_at <= turn.now && self.may_run(turn)?,
            Some(Phase::Sending | Phase::Ended) => false,
            None => self.scores.untidy,
        };
        let Some(shift) = self.shift.as_mut().filter(|shift| works && shift.pieces_left > 0) else {
            return Ok(false);
        };
        shift.pieces_left -= 1;
        let is_last = shift.pieces_left == 0;
        let more = match self.scores.run.as_ref().map(|run| run.phase.clone()) {
            Some(Phase::Matching { after }) => self.walk_on(turn, after)?,
            Some(Phase::Rematching { .. }) => self.match_again(turn)?,
            Some(Phase::Sending | Phase::Ended) => false,
            None => self.tidy(turn)?,
        };
        Ok(more && !is_last)
    }

    /// Forgets rows that nobody asks for any more; says whether there are more.
    fn tidy(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let last = self.scores.kept.number;
        let mut more = store::forget_rows(turn.sql, last - FAILED_KEPT, false, FORGET_AT_ONCE)?;
        for number in (last - FAILED_KEPT + 1).max(1)..=last {
            more = more || store::forget_rows(turn.sql, number, true, FORGET_AT_ONCE)?;
        }
        if !more {
            store::forget_runs(turn.sql, last - RUNS_KEPT)?;
        }
        self.scores.untidy = more;
        Ok(more)
    }

    /// What was written long ago and never read again is forgotten.
    pub(super) fn forget_score_echoes(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        if self.scores.is_used() || self.activations.is_used() {
            echoes::forget_before(turn.sql, turn.now.minus_ms(ECHO_MS))
        } else {
            Ok(())
        }
    }

    fn save_run(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let Some(run) = &self.scores.run else { return Ok(()) };
        let json = serde_json::to_string(run).map_err(|_| SqlError::Content("score_runs"))?;
        store::save_run(turn.sql, run.number, &json)
    }

    /// Begins a run; that of the night counts for the local date.
    fn begin_run(&mut self, turn: &mut Turn<'_>, asked_by: run::AskedBy, full: bool) -> Result<(), SqlError> {
        let (day, _) = local(turn.now, self.utc_offset_ms());
        let kept = &mut self.scores.kept;
        if asked_by == run::AskedBy::Night {
            kept.day = Some(day);
        }
        kept.number += 1;
        kept.open = true;
        let mode = if full || !kept.full { run::Mode::Full } else { run::Mode::Delta };
        let run = Run::new(kept.number, mode, asked_by, day, turn.now);
        let settings = kept.settings.clone();
        self.scores.run = Some(run);
        let mapping = match settings.fields {
            Fields::Mapped => self.score_mapping(turn)?.as_ref().map(run::Frozen::of),
            Fields::Managed | Fields::ByHand => None,
        };
        if let Some(run) = &mut self.scores.run {
            run.began_with = Some(run::BeganWith { settings, mapping });
        }
        self.scores.untidy = true;
        self.scores.save(turn)?;
        // Properties that do not fit are told before a single account is looked at.
        if let Some(words) = self.score_fields_trouble(turn)? {
            return self.end_run(turn, Some(words));
        }
        self.save_run(turn)
    }

    /// The end of a run, with what went wrong.
    fn end_run(&mut self, turn: &Turn<'_>, trouble: Option<String>) -> Result<(), SqlError> {
        let Some(run) = &mut self.scores.run else { return Ok(()) };
        let sent_all = trouble.is_none() && run.trouble.is_none();
        run.trouble = run.trouble.take().or(trouble);
        run.phase = Phase::Ended;
        run.ended_at = Some(turn.now);
        let settings = &self.scores.kept.settings;
        // What was sent to properties that are not those any more is nothing that the next run can rely on.
        let own = run.began_with.as_mut();
        let same = own.as_ref().is_none_or(|own| own.settings.has_properties_of(settings));
        if let Some(own) = own {
            own.mapping = None;
        }
        let is_full = run.mode == run::Mode::Full && same;
        self.save_run(turn)?;
        self.tell_run(turn)?;
        self.scores.run = None;
        self.scores.echo = echo::Place::default();
        self.scores.kept.open = false;
        self.scores.kept.full |= is_full && sent_all;
        self.scores.untidy = true;
        self.scores.save(turn)
    }

    /// Tells whoever follows the feed what a run came to.
    fn tell_run(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let (Some(connection), Some(run)) = (&self.connection, &self.scores.run) else { return Ok(()) };
        let run::Counts { accounts, sent, unchanged, unmatched, failed, .. } = run.counts;
        let mut words = format!(
            "The run {} of score snapshots is over: of {accounts} accounts {sent} were sent, {unchanged} were as they should be, \
             {unmatched} have no company, {failed} failed.",
            run.number
        );
        if let Some(trouble) = &run.trouble {
            words.extend([" ", trouble]);
        }
        let (id, event) = (connection.id.clone(), Lifecycle::ScoreRunFinished);
        let change = Change::Lifecycle { id, event, about: Some(KIND), words: Some(words) };
        feed::append_lifecycle(turn.sql, turn.now, vec![change])
    }

    /// Everything that was read goes: a run that is under way has nothing to go on with.
    pub(super) fn scores_wiped(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        self.scores.kept.full = false;
        self.scores.kept.creating = None;
        self.end_run(
            turn,
            Some("The connection's data was deleted while the run was under way.".to_owned()),
        )?;
        self.scores.save(turn)
    }
}

/// A pause that doubles with each failure, from ten seconds to a quarter of an hour.
fn pause_ms(failures: u32) -> i64 {
    (10_000_i64 << failures.saturating_sub(1).min(7)).min(15 * MINUTE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_that_of_the_accounts_own_clock() {
        let day = 20_777;
        let at = |hour: i64| Timestamp(day * DAY_MS + hour * HOUR_MS);
        assert_eq!(local(at(1), 0), (day, 1));
        assert_eq!(local(at(1), -2 * HOUR_MS), (day - 1, 23));
        assert_eq!(local(at(23), 2 * HOUR_MS), (day + 1, 1));
    }

    #[test]
    fn pauses_double_and_end_at_a_quarter_of_an_hour() {
        assert_eq!([1, 2, 3].map(pause_ms), [10_000, 20_000, 40_000]);
        assert_eq!(pause_ms(40), 15 * MINUTE_MS);
    }
}

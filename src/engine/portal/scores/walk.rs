//! Going over accounts: which company each is, what its properties would hold, and whether they do.
//!
//! A piece a turn, with nothing kept in memory between two. Of two accounts that are one company the one that came first counts. What a
//! mapping makes of an account is a row without what is empty: a cell of an import without anything may clear or not
//! (`hubspot-api.md` 7.4), and what a host does not know it never takes from its customer. A value that its property cannot have is left
//! out, counted, and told with the reason.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    KIND,
    run::{File, FileState, Mode, Phase, QUIET_MS, Rights, Run},
};
use crate::{
    engine::portal::{
        Portal, Turn, mappings,
        matching::{self, Account as Asked, WhyNot},
        query,
    },
    hubspot::objects::Properties,
    store::{
        portal::{
            dirty, records,
            scores::{self as store, Account, NewRow, RowState},
        },
        sql::SqlError,
    },
    values::{
        ids::RecordId,
        json,
        mapping::{Mapping, Why},
        property_value::{self, Definition},
        scopes,
        time::{MINUTE_MS, SECOND_MS},
    },
};

/// Accounts of one piece: with some 50 µs each, a webhook waits 20 ms.
const PIECE: u32 = 400;
/// Kinds of rows of a run, by the properties they fill: all subsets of five. Accounts of a further kind are left out.
const SHAPES: usize = 32;
/// Most bytes of a row's values: as many rows as are read at once fit the two megabytes of one value.
const CELLS_BYTES: usize = 4_000;
/// How long a run waits to hear what became of companies that are gone.
const GONE_MS: i64 = 10 * MINUTE_MS;
/// How often it looks.
const LOOK_MS: i64 = 10 * SECOND_MS;
/// Why a run ends without a mapping: an older release began it, and somebody has removed what it asked for each time.
const NO_MAPPING: &str = "The field mapping of scores is gone.";

/// What is needed for each piece.
struct Fill {
    mapping: Mapping,
    fields: BTreeMap<String, Definition>,
}

/// A row as it is to be.
struct Row {
    company: RecordId,
    account: i64,
    columns: Vec<String>,
    cells: Vec<String>,
}

impl Portal {
    /// Why nothing can be matched with companies at the moment.
    pub(super) fn not_ready_companies(&self, turn: &Turn<'_>) -> Result<Option<WhyNot>, SqlError> {
        self.not_ready(turn, KIND)
    }

    /// What the connection may do with a file.
    pub(super) fn score_rights(&self) -> Rights {
        let granted = |scope: &str| {
            self.connection
                .as_ref()
                .is_some_and(|connection| connection.scopes.iter().any(|own| own == scope))
        };
        Rights { import: granted(scopes::IMPORT), update: granted(scopes::of_writes(KIND)) }
    }

    /// Goes over the accounts after a number; says whether there are more.
    pub(super) fn walk_on(&mut self, turn: &mut Turn<'_>, after: i64) -> Result<bool, SqlError> {
        let accounts = store::page(turn.sql, after, PIECE)?;
        let last = accounts.last().map(|account| account.number);
        let Some(fill) = self.score_fill(turn)? else {
            self.end_run(turn, Some(NO_MAPPING.to_owned()))?;
            return Ok(false);
        };
        let Some(run) = &mut self.scores.run else { return Ok(false) };
        run.counts.accounts += accounts.len() as u64;
        let found = matched(turn, &accounts)?;
        let some = accounts.into_iter().zip(found).filter_map(|(account, company)| match company {
            Some(company) => Some((account, company)),
            None => {
                run.counts.unmatched += 1;
                None
            }
        });
        let some: Vec<(Account, RecordId)> = some.collect();
        let all = run.mode == Mode::Full;
        take_rows(turn, run, &fill, some, all, false)?;
        match last {
            Some(last) => {
                run.phase = Phase::Matching { after: last };
                self.save_run(turn)?;
                Ok(true)
            }
            None => {
                self.send_files(turn)?;
                Ok(false)
            }
        }
    }

    fn score_fill(&self, turn: &Turn<'_>) -> Result<Option<Fill>, SqlError> {
        let Some(mapping) = self.score_mapping(turn)? else { return Ok(None) };
        let names: Vec<&str> = mapping.entries.iter().map(|entry| entry.field.as_str()).collect();
        let fields = mappings::definitions(turn.sql, KIND, Some(&names))?;
        Ok(Some(Fill { mapping, fields }))
    }

    /// Files are made: they are sent, or there is nothing to send.
    fn send_files(&mut self, turn: &mut Turn<'_>) -> Result<(), SqlError> {
        let rights = self.score_rights();
        let Some(run) = &mut self.scores.run else { return Ok(()) };
        run.send_files(turn.now, rights);
        if run.at_work().is_none() {
            return self.files_over(turn);
        }
        if rights == (Rights { import: false, update: false }) {
            let words = format!(
                "The connection may neither import nor update companies: grant it `{}` or `{}`.",
                scopes::IMPORT,
                scopes::of_writes(KIND)
            );
            return self.end_run(turn, Some(words));
        }
        self.save_run(turn)
    }

    /// All files are sent and read: what of them had no record is matched once more, once.
    pub(super) fn files_over(&mut self, turn: &mut Turn<'_>) -> Result<(), SqlError> {
        let Some(run) = &mut self.scores.run else { return Ok(()) };
        let is_gone = |file: &File| file.came_to[2] > 0 && !file.again;
        if run.files.iter().any(is_gone) {
            let looks_at = turn.now.plus_ms(LOOK_MS);
            run.phase = Phase::Rematching { since: turn.now, looks_at };
            return self.save_run(turn);
        }
        let failed = run.files.iter().any(|file| file.trouble.is_some());
        let words = "HubSpot did not take every file whole: each says why.";
        self.end_run(turn, failed.then(|| words.to_owned()))
    }

    /// Matches rows once more whose company was gone, once it is known what became of it; says whether there are more.
    pub(super) fn match_again(&mut self, turn: &mut Turn<'_>) -> Result<bool, SqlError> {
        let Some(run) = &mut self.scores.run else { return Ok(false) };
        let Phase::Rematching { since, .. } = run.phase else { return Ok(false) };
        let number = run.number;
        let mut gone = None;
        for (place, file) in run.files.iter().enumerate() {
            if !file.again && file.came_to[2] > 0 {
                gone = Some((place, store::gone(turn.sql, number, place as u32, PIECE as usize)?));
                break;
            }
        }
        let Some((file, rows)) = gone else {
            self.send_files(turn)?;
            return Ok(false);
        };
        if rows.is_empty() {
            run.files[file].came_to[1] += std::mem::take(&mut run.files[file].came_to[2]);
            self.save_run(turn)?;
            return Ok(true);
        }
        let companies: Vec<RecordId> = rows.iter().map(|row| row.company).collect();
        let unheard = dirty::marked(turn.sql, KIND, &companies)?;
        if unheard && turn.now.since_ms(since) < GONE_MS {
            run.phase = Phase::Rematching { since, looks_at: turn.now.plus_ms(LOOK_MS) };
            self.save_run(turn)?;
            return Ok(false);
        }
        let Some(fill) = self.score_fill(turn)? else {
            // Nobody matches the rest once more: what was gone is gone for good.
            if let Some(run) = &mut self.scores.run {
                let gone = run.files.iter().filter(|file| !file.again).map(|file| file.came_to[2]);
                run.counts.failed += gone.sum::<u64>();
            }
            self.end_run(turn, Some(NO_MAPPING.to_owned()))?;
            return Ok(false);
        };
        let numbers: Vec<i64> = rows.iter().map(|row| row.account).collect();
        let accounts = store::by_numbers(turn.sql, &numbers)?;
        let found = matched(turn, &accounts)?;
        let mut now_are = Vec::new();
        for (account, company) in accounts.into_iter().zip(found) {
            let was = rows.iter().find(|row| row.account == account.number).map(|row| row.company);
            // Nothing may have the account's name any more but what the company became part of.
            let became = match was {
                Some(was) => query::resolve(turn.sql, KIND, was)?.filter(|into| *into != was),
                None => None,
            };
            if let Some(company) = company.filter(|company| Some(*company) != was).or(became) {
                now_are.push((account, company));
            }
        }
        let moved: BTreeSet<i64> = now_are.iter().map(|(account, _)| account.number).collect();
        let (moved, lost): (Vec<_>, Vec<_>) = rows.iter().partition(|row| moved.contains(&row.account));
        let places = |rows: &[&store::FrozenRow]| rows.iter().map(|row| row.place).collect::<Vec<_>>();
        store::settle(turn.sql, number, file as u32, &places(&moved), RowState::Moved, None)?;
        store::settle(turn.sql, number, file as u32, &places(&lost), RowState::Refused, Some("RECORD_GONE"))?;
        if let Some(run) = &mut self.scores.run {
            run.counts.rematched += moved.len() as u64;
            run.files[file].came_to[2] = run.files[file].came_to[2].saturating_sub(rows.len() as u64);
            run.files[file].came_to[1] += lost.len() as u64;
            run.counts.failed += lost.len() as u64;
            take_rows(turn, run, &fill, now_are, true, true)?;
        }
        self.save_run(turn)?;
        Ok(true)
    }

    /// After a start that was not answered.
    pub(super) fn doubt_start(&mut self, turn: &Turn<'_>, file: usize) {
        if let Some(run) = &mut self.scores.run {
            run.files[file].state =
                FileState::Doubt { at: turn.now.plus_ms(QUIET_MS), after: None, pages: 0 };
        }
    }
}

/// Which companies accounts are.
fn matched(turn: &Turn<'_>, accounts: &[Account]) -> Result<Vec<Option<RecordId>>, SqlError> {
    let asked = |account: &Account| {
        let domains: Vec<String> =
            json::parse(&account.domains).map_err(|_| SqlError::Content("score_accounts"))?;
        let mut domains = domains.into_iter();
        Ok(Asked { id: None, domain: domains.next(), aliases: domains.collect() })
    };
    let asked = accounts.iter().map(asked).collect::<Result<Vec<_>, SqlError>>()?;
    Ok(matching::companies(turn.sql, &asked)?.iter().map(matching::Match::chosen).collect())
}

/// Makes rows of accounts that are companies, `all` or those that differ, and freezes them in files.
fn take_rows(
    turn: &Turn<'_>,
    run: &mut Run,
    fill: &Fill,
    accounts: Vec<(Account, RecordId)>,
    all: bool,
    again: bool,
) -> Result<(), SqlError> {
    let ids: Vec<RecordId> = accounts.iter().map(|(_, company)| *company).collect();
    let mut taken = store::taken(turn.sql, run.number, &ids)?;
    let held: BTreeMap<RecordId, String> = records::by_ids(turn.sql, KIND, &ids)?
        .into_iter()
        .filter_map(|stored| Some((stored.id, stored.properties?)))
        .collect();
    let mut rows: Vec<Row> = Vec::with_capacity(accounts.len());
    for (account, company) in accounts {
        if !taken.insert(company) {
            run.counts.doubles += 1;
            continue;
        }
        let properties = held.get(&company).map(|text| Properties::parse(text).unwrap_or_default());
        let current = |name: &str| properties.as_ref().and_then(|properties| properties.get(name));
        let host: Map<String, Value> =
            json::parse(&account.scores).map_err(|_| SqlError::Content("score_accounts"))?;
        let filled = fill.mapping.fill(&host, current, |name| fill.fields.get(name));
        for (property, why) in filled.left {
            // Of rows that are matched once more it has been counted.
            if let (Why::Refused(refusal), false) = (why, again) {
                run.leave_out(&property, &refusal.detail);
            }
        }
        let values: Vec<(String, String)> =
            filled.properties.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let bytes: usize = values.iter().map(|(_, value)| value.len()).sum();
        if values.is_empty() || bytes > CELLS_BYTES {
            run.counts.unfit += 1;
            continue;
        }
        let same = |(name, value): &(String, String)| {
            let held = current(name).unwrap_or_default();
            fill.fields.get(name).is_some_and(|field| property_value::same(field, held, value))
        };
        if !all && values.iter().all(same) {
            run.counts.unchanged += 1;
            continue;
        }
        let (columns, cells) = values.into_iter().unzip();
        rows.push(Row { company, account: account.number, columns, cells });
    }
    freeze(turn, run, rows, again)
}

/// Puts rows into the files of their kind, opening and closing these as they fill.
fn freeze(turn: &Turn<'_>, run: &mut Run, rows: Vec<Row>, again: bool) -> Result<(), SqlError> {
    let mut by_shape: BTreeMap<Vec<String>, Vec<NewRow>> = BTreeMap::new();
    for Row { company, account, columns, cells } in rows {
        let cells = serde_json::to_string(&cells).map_err(|_| SqlError::Content("score_rows"))?;
        by_shape.entry(columns).or_default().push(NewRow { company, account, cells });
    }
    let most = turn.config.work.score_file_rows;
    for (columns, mut rows) in by_shape {
        while !rows.is_empty() {
            let filling = |file: &File| file.state == FileState::Filling;
            let open = run.files.iter().position(|file| filling(file) && file.columns == columns);
            let file = match open {
                Some(file) => file,
                None if run.files.iter().filter(|file| filling(file)).count() < SHAPES => {
                    run.files.push(File::new(columns.clone(), again));
                    run.files.len() - 1
                }
                None => {
                    run.counts.unfit += rows.len() as u64;
                    break;
                }
            };
            let own = &mut run.files[file];
            let room = most.saturating_sub(own.rows) as usize;
            let rest = rows.split_off(rows.len().min(room));
            store::freeze(turn.sql, run.number, file as u32, own.rows, &rows)?;
            own.rows += rows.len() as u32;
            if own.rows >= most {
                own.state = FileState::Full;
            }
            rows = rest;
        }
    }
    Ok(())
}

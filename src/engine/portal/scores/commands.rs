//! What people and the host's servers ask of scores: accounts put and taken away, settings, properties, runs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    ACCOUNTS_LIMIT, Fields, Settings, local,
    run::{AskedBy, Run},
    show,
};
use crate::{
    engine::portal::{Effect, Portal, Turn},
    store::{portal::scores as store, sql::SqlError},
    values::{ids::AccountId, json},
};

/// Most accounts of one request: a thousand of a kilobyte are the megabyte that its body may have.
pub const AT_ONCE: usize = 1_000;
/// Most runs of one page: some kilobytes each.
pub const RUNS_LIMIT: u32 = 50;
/// Most refused rows of one answer: 300 bytes each, 3 MB; a million are a hundred answers.
pub const ERRORS_LIMIT: u32 = 10_000;

/// An account with its scores, as a host sends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewAccount {
    /// The host's id.
    pub id: AccountId,
    /// Its domain, then its aliases; those that tell nobody apart are seen when it is matched.
    pub domains: Vec<String>,
    /// The scores by name, as [`crate::values::score::take`] has them.
    pub scores: Map<String, Value>,
}

/// What can be asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Keeps accounts, at most [`AT_ONCE`], in the place of what was there. Answers [`Answer::Json`] `{accounts}`, how many there are now,
    /// or [`Answer::Refused`].
    Put(Vec<NewAccount>),
    /// Answers [`Answer::Json`] or [`Answer::Missing`].
    Get(AccountId),
    /// Forgets an account; what its company holds stays. Answers [`Answer::Done`] or [`Answer::Missing`].
    Remove(AccountId),
    /// Answers [`Answer::Json`].
    Settings,
    /// Sets them. Answers as [`Command::Settings`], or [`Answer::Refused`].
    Set(Settings),
    /// Reads the fields of HubSpot anew. Answers as [`Command::Settings`] with what is known now.
    Check,
    /// Makes what is missing of the managed set. Answers as [`Command::Settings`], or [`Answer::Refused`].
    Create,
    /// A page of runs, the newest first. Answers [`Answer::Page`].
    Runs {
        /// Older than this one.
        before: Option<i64>,
        /// Capped at [`RUNS_LIMIT`].
        limit: u32,
    },
    /// One run. Answers [`Answer::Json`] or [`Answer::Missing`].
    Run(i64),
    /// Begins a run now. Answers [`Answer::Json`], the run, or [`Answer::Refused`].
    RunNow {
        /// Every account, not those that differ.
        full: bool,
    },
    /// Refused rows of a run. Answers [`Answer::Errors`] or [`Answer::Missing`].
    Errors {
        /// Which run.
        run: i64,
        /// After this file and row.
        after: Option<(u32, u32)>,
        /// Capped at [`ERRORS_LIMIT`].
        limit: u32,
    },
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A body in the API's shape.
    Json(String),
    /// A page of runs: `results` in the API's shape, and where the next begins.
    Page {
        /// JSON.
        results: String,
        /// Runs before this one.
        next: Option<i64>,
    },
    /// Refused rows: JSON `results` in the API's shape, and after which row the next begin.
    Errors {
        /// JSON.
        results: String,
        /// File and row.
        next: Option<(u32, u32)>,
    },
    /// It is done.
    Done,
    /// There is none.
    Missing,
    /// It is not done.
    Refused {
        /// The member of the body that is wrong, or empty.
        at: String,
        /// Why, in a sentence.
        words: String,
        /// What another account, or another moment, would take.
        of_account: bool,
    },
}

impl Answer {
    fn refused(at: &str, words: impl Into<String>, of_account: bool) -> Self {
        Self::Refused { at: at.to_owned(), words: words.into(), of_account }
    }
}

impl Portal {
    /// Answers a command about scores.
    #[inline(never)]
    pub(in crate::engine::portal) fn score_command(
        &mut self,
        turn: &mut Turn<'_>,
        command: Command,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        Ok(match command {
            Command::Put(accounts) => self.put_scores(turn, &accounts)?,
            Command::Get(id) => match store::one(turn.sql, id.as_str())? {
                Some(account) => Answer::Json(show::account(&account)?.to_string()),
                None => Answer::Missing,
            },
            Command::Remove(id) => {
                if store::remove(turn.sql, id.as_str())? {
                    self.scores.accounts = self.scores.accounts.map(|accounts| accounts.saturating_sub(1));
                    Answer::Done
                } else {
                    Answer::Missing
                }
            }
            Command::Settings => Answer::Json(self.shown_scores(turn)?.to_string()),
            Command::Set(settings) => return self.set_scores(turn, settings, effects),
            Command::Check => {
                self.refresh_fields(turn, effects)?;
                Answer::Json(self.shown_scores(turn)?.to_string())
            }
            Command::Create => {
                if self.scores.kept.settings.fields != Fields::Managed {
                    let words = "The settings say that the properties are made by hand, or mapped: nothing is to be created.";
                    return Ok(Answer::refused("/fields", words, true));
                }
                self.create_score_fields(turn)?;
                effects.push(self.rouse(turn.now));
                Answer::Json(self.shown_scores(turn)?.to_string())
            }
            Command::Runs { before, limit } => {
                let (results, next) = self.shown_runs(turn, before, limit.clamp(1, RUNS_LIMIT))?;
                Answer::Page { results: Value::Array(results).to_string(), next }
            }
            Command::Run(number) => match store::run(turn.sql, number)? {
                Some(state) => {
                    let run: Run = json::parse(&state).map_err(|_| SqlError::Content("score_runs"))?;
                    Answer::Json(self.shown_run(turn, &run).to_string())
                }
                None => Answer::Missing,
            },
            Command::RunNow { full } => return self.run_now(turn, full, effects),
            Command::Errors { run, after, limit } => {
                if store::run(turn.sql, run)?.is_none() {
                    return Ok(Answer::Missing);
                }
                let limit = limit.clamp(1, ERRORS_LIMIT);
                let rows = store::failed(turn.sql, run, after, limit)?;
                let next =
                    rows.last().filter(|_| rows.len() == limit as usize).map(|row| (row.file, row.place));
                let results: Vec<Value> = rows.iter().map(show::failed).collect();
                Answer::Errors { results: Value::Array(results).to_string(), next }
            }
        })
    }

    fn put_scores(&mut self, turn: &Turn<'_>, accounts: &[NewAccount]) -> Result<Answer, SqlError> {
        let mut ids: Vec<&str> = accounts.iter().map(|account| account.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let there = self.score_accounts(turn)?;
        let new = ids.len() as u64 - store::known(turn.sql, &ids)?;
        if there + new > ACCOUNTS_LIMIT {
            let words = format!(
                "A connection keeps the scores of {ACCOUNTS_LIMIT} accounts at most. Delete accounts that are no more."
            );
            return Ok(Answer::refused("", words, true));
        }
        let text = |value| serde_json::to_string(&value).map_err(|_| SqlError::Content("score_accounts"));
        let mut rows = Vec::with_capacity(accounts.len());
        for account in accounts {
            let (domains, scores) = (text(json!(account.domains))?, text(json!(account.scores))?);
            rows.push((account.id.as_str(), domains, scores));
        }
        store::put_accounts(turn.sql, &rows, turn.now)?;
        self.scores.accounts = Some(there + new);
        Ok(Answer::Json(json!({ "accounts": there + new }).to_string()))
    }

    fn set_scores(
        &mut self,
        turn: &mut Turn<'_>,
        settings: Settings,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        if settings.hour > 23 {
            return Ok(Answer::refused("/hour", "`hour` is 0 to 23, by the account's clock.", false));
        }
        if let Some((at, words)) = settings.names.faults().into_iter().next() {
            return Ok(Answer::refused(at, words, false));
        }
        let (today, hour) = local(turn.now, self.utc_offset_ms());
        let kept = &mut self.scores.kept;
        if !settings.has_properties_of(&kept.settings) {
            // What the new ones hold nobody has sent.
            kept.full = false;
        }
        if settings.fields != kept.settings.fields || settings.names != kept.settings.names {
            kept.trouble = None;
        }
        let moved = settings.on && (!kept.settings.on || settings.hour != kept.settings.hour);
        if moved {
            // Where tonight's hour is over the first is tomorrow's.
            let over = if hour >= settings.hour { today } else { today - 1 };
            kept.day = kept.day.max(Some(over));
        }
        kept.settings = settings;
        self.scores.save(turn)?;
        // Properties that are there already and were not among the fields that are chosen.
        let of_kind = self.streams.iter().find(|running| running.saved.object_type == super::KIND);
        if let Some(selection) =
            of_kind.map(|running| running.selection.clone()).filter(|own| own.fields.is_some())
        {
            self.select(turn, super::KIND, selection, effects)?;
        }
        effects.push(self.rouse(turn.now));
        Ok(Answer::Json(self.shown_scores(turn)?.to_string()))
    }

    fn run_now(
        &mut self,
        turn: &mut Turn<'_>,
        full: bool,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        if self.scores.run.is_some() {
            return Ok(Answer::refused("", "A run is under way already.", true));
        }
        if !self.may_run(turn)? {
            let words = "The connection stands still, or its companies are being read for the first time: try again when they are.";
            return Ok(Answer::refused("", words, true));
        }
        self.begin_run(turn, AskedBy::Person, full)?;
        effects.push(self.rouse(turn.now));
        let number = self.scores.kept.number;
        let state = store::run(turn.sql, number)?.ok_or(SqlError::Content("score_runs"))?;
        let run: Run = json::parse(&state).map_err(|_| SqlError::Content("score_runs"))?;
        Ok(Answer::Json(self.shown_run(turn, &run).to_string()))
    }
}

//! Sending files: what leaves next, and what an answer means.
//!
//! | refusal of | what follows |
//! |---|---|
//! | a start that was not answered, or by a gateway | the import is looked for by its name, once no answer can be under way any more; it is sent again only where it is not there |
//! | a start for its size or the day's (429 without a policy) | it is sent again a quarter of an hour later, [`ATTEMPTS`] times |
//! | a start for what it asks, a right | the file goes by batch update where that is permitted, else it fails |
//! | a batch update for what it asks | it goes on in halves, until the row stands alone that it is refused for |
//! | anything for a limit, an overload, a lock | it is asked again after a pause |

use super::{
    Call, KIND, pause_ms,
    run::{FileState, Way, Why, import_calls},
};
use crate::{
    engine::portal::{
        Effect, InFlight, Job, Portal, Turn, answers::parsed, beside::NO_STREAM, plan::Urgency,
    },
    hubspot::{
        Malformed, imports,
        rejection::{self, Class, Policy, Rejection},
        writes::{self, BATCH_LIMIT, Edit, Values},
    },
    store::{
        portal::{
            echoes,
            scores::{self as store, FrozenRow, RowState},
        },
        sql::SqlError,
    },
    values::{
        http::{Outcome, Request, Response},
        ids::RecordId,
        time::MINUTE_MS,
    },
};

/// How often something is tried before a file fails: with pauses that double to a quarter of an hour, some four hours.
const ATTEMPTS: u32 = 20;
/// Rows that come out of the database at a time: 400 of at most 4 KB fit the two megabytes of one value.
const ROWS_AT_ONCE: u32 = 400;
/// How long until a start is repeated that HubSpot refused for its size.
const TOO_MUCH_MS: i64 = 15 * MINUTE_MS;

impl Portal {
    /// What to do next for scores, and how urgent it is: what is written goes by itself, what is read again is part of a full read.
    #[inline(never)]
    pub(in crate::engine::portal) fn next_of_scores(
        &mut self,
        turn: &mut Turn<'_>,
    ) -> Result<Option<(Urgency, usize, Job)>, SqlError> {
        let flies = self.flies(|job| matches!(job, Job::Score(_)));
        if !flies && let Some(call) = self.next_to_make(turn) {
            return Ok(Some((Urgency::Person, NO_STREAM, Job::Score(call))));
        }
        // A file that is over leads to the next, which may have nothing to be read.
        for _ in 0..3 {
            let Some((run, file)) = self.scores.run.as_ref().and_then(|run| Some((run, run.at_work()?)))
            else {
                return Ok(None);
            };
            let own = &run.files[file];
            if own.waits_for(turn.now) || (flies && own.state != FileState::Reading) {
                return Ok(None);
            }
            let number = run.number;
            let call = match (&own.state, own.import) {
                (FileState::Reading, _) => match self.next_read_of_echo(turn, file)? {
                    Ok(next) => return Ok(next),
                    Err(Over) => {
                        self.end_echo(turn)?;
                        continue;
                    }
                },
                (FileState::Waiting { .. }, _) => match own.way {
                    Some((Way::Import, _)) => Call::Start { file },
                    Some((Way::BatchUpdate, _)) | None => {
                        self.change_file(turn, |own, now| {
                            own.started_at = Some(now);
                            own.state = FileState::Updating { at: now, rows: BATCH_LIMIT };
                        })?;
                        continue;
                    }
                },
                (FileState::Doubt { after, pages, .. }, _) => {
                    Call::Find { file, after: after.clone(), pages: *pages }
                }
                (FileState::Running { .. }, Some(import)) => Call::Poll { file, import },
                (FileState::Errors { after, .. }, Some(import)) => {
                    Call::Errors { file, import, after: after.clone() }
                }
                (FileState::Updating { rows, .. }, _) => {
                    let from = self.scores.echo.waits_from;
                    let rows = store::waiting(turn.sql, number, file as u32, from, *rows)?;
                    let Some(first) = rows.first() else {
                        self.change_file(turn, |own, _| own.state = FileState::Reading)?;
                        continue;
                    };
                    self.scores.echo.waits_from = first.place;
                    Call::Update { file, rows }
                }
                (FileState::Running { .. } | FileState::Errors { .. }, None)
                | (FileState::Filling | FileState::Full | FileState::Starting | FileState::Done, _) => {
                    return Ok(None);
                }
            };
            return Ok(Some((Urgency::Automation, NO_STREAM, Job::Score(call))));
        }
        Ok(None)
    }

    /// The next read of what was written; `Err`: all is read.
    fn next_read_of_echo(&mut self, turn: &Turn<'_>, file: usize) -> Result<Result<Next, Over>, SqlError> {
        let Some(index) = self.streams.iter().position(|running| running.saved.object_type == KIND) else {
            return Ok(Ok(None));
        };
        if self.stands_still(index) || self.streams[index].saved.retry_at > turn.now {
            return Ok(Ok(None));
        }
        // The second time from the beginning, for what could not be read.
        for _ in 0..2 {
            if let Some(ids) = self.next_echo(turn)? {
                return Ok(Ok(Some((Urgency::FullRead, index, Job::Echo { ids }))));
            }
        }
        let run = self.scores.run.as_ref().ok_or(SqlError::Content("score_runs"))?;
        Ok(if self.echo_over(turn, run, file)? { Err(Over) } else { Ok(None) })
    }

    /// Changes the file at work, and saves the run.
    pub(super) fn change_file(
        &mut self,
        turn: &Turn<'_>,
        change: impl FnOnce(&mut super::run::File, crate::values::time::Timestamp),
    ) -> Result<(), SqlError> {
        if let Some(run) = &mut self.scores.run
            && let Some(file) = run.at_work()
        {
            change(&mut run.files[file], turn.now);
        }
        self.save_run(turn)
    }

    /// The name of a file's import: of no other of any connection, and the same whenever it is sent.
    pub(super) fn import_name(&self, file: usize) -> Option<String> {
        let (connection, run) = (self.connection.as_ref()?, self.scores.run.as_ref()?);
        let settings = run.began_with.as_ref().map_or(&self.scores.kept.settings, |own| &own.settings);
        let label = settings.names.label.trim();
        Some(format!("{label} scores {}, run {}, file {}", connection.id, run.number, file + 1))
    }

    /// What a call asks of HubSpot.
    pub(in crate::engine::portal) fn score_request(
        &self,
        turn: &Turn<'_>,
        call: &Call,
    ) -> Result<Option<Request>, SqlError> {
        let (Some(tokens), Some(run)) = (&self.tokens, &self.scores.run) else {
            let Call::Make(what) = call else { return Ok(None) };
            let bearer = self.tokens.as_ref().map(|tokens| tokens.access.clone());
            return Ok(bearer.map(|bearer| Request { bearer: Some(bearer), ..self.make_request(*what) }));
        };
        let request = match call {
            Call::Start { file } => {
                let columns = &run.files[*file].columns;
                let mut csv = imports::File::new(columns);
                each_page(turn, run.number, *file, |rows| {
                    for row in rows {
                        csv.push(row.company, &row.cells);
                    }
                    Ok(())
                })?;
                let Some(name) = self.import_name(*file) else { return Ok(None) };
                imports::start(KIND, &name, columns, &csv.finish())
            }
            Call::Find { after, .. } => imports::list(after.as_deref()),
            Call::Poll { import, .. } => imports::one(*import),
            Call::Errors { import, after, .. } => imports::errors(*import, after.as_deref()),
            Call::Update { file, rows } => {
                let columns = &run.files[*file].columns;
                let values: Vec<Values> = rows.iter().map(|row| values_of(columns, row)).collect();
                let edits: Vec<Edit<'_>> = rows
                    .iter()
                    .zip(&values)
                    .map(|(row, values)| Edit {
                        trace: trace(run.number, *file, row),
                        id: row.company,
                        values,
                    })
                    .collect();
                writes::update(KIND, &edits)
            }
            Call::Make(what) => self.make_request(*what),
        };
        Ok(Some(Request { bearer: Some(tokens.access.clone()), ..request }))
    }

    /// A call leaves: what it writes is on its way.
    pub(in crate::engine::portal) fn score_leaves(
        &mut self,
        turn: &Turn<'_>,
        call: &Call,
        request: &Request,
    ) -> Result<(), SqlError> {
        let Some(run) = &mut self.scores.run else { return Ok(()) };
        let echo = |columns: &[String], rows: &[FrozenRow]| {
            let written: Vec<(RecordId, Values)> =
                rows.iter().map(|row| (row.company, values_of(columns, row))).collect();
            echoes::put_all(turn.sql, KIND, &written, turn.now)
        };
        match call {
            Call::Start { file } => {
                let columns = run.files[*file].columns.clone();
                each_page(turn, run.number, *file, |rows| echo(&columns, rows))?;
                let own = &mut run.files[*file];
                own.state = FileState::Starting;
                own.started_at = own.started_at.or(Some(turn.now));
                own.bytes = request.body.text().len() as u64;
                run.calls.starts += 1;
            }
            Call::Update { file, rows } => {
                echo(&run.files[*file].columns, rows)?;
                run.files[*file].bytes += request.body.text().len() as u64;
                run.calls.updates += 1;
            }
            Call::Find { .. } | Call::Poll { .. } => run.calls.polls += 1,
            Call::Errors { .. } => run.calls.errors += 1,
            Call::Make(_) => return Ok(()),
        }
        self.save_run(turn)
    }

    /// A call for scores came to its end.
    #[inline(never)]
    pub(in crate::engine::portal) fn scored(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        call: &Call,
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let rejection = match rejection::classify(outcome, turn.now) {
            Ok(response) => match self.score_taken(turn, call, response, effects)? {
                Ok(()) => return self.connection_well(turn),
                Err(Malformed(what)) => {
                    effects.push(Effect::Log(format!("HubSpot's answer is not {what}")));
                    Rejection::malformed(response)
                }
            },
            Err(rejection) => rejection,
        };
        effects.push(Effect::Log(format!("{rejection}")));
        self.score_refused(turn, in_flight, call, &rejection, effects)
    }

    /// A success; `Err`: its body is not what it should be.
    fn score_taken(
        &mut self,
        turn: &mut Turn<'_>,
        call: &Call,
        response: &Response,
        effects: &mut Vec<Effect>,
    ) -> Result<Result<(), Malformed>, SqlError> {
        let body = &response.body;
        match call {
            Call::Make(what) => self.made_score_field(turn, *what, effects)?,
            Call::Start { .. } | Call::Poll { .. } => {
                let import = parsed!(imports::parse_one(body));
                self.import_is(turn, &import)?;
            }
            Call::Find { file, pages, .. } => {
                let (page, after) = parsed!(imports::parse_page(body));
                self.looked_for(turn, *file, *pages, &page, after)?;
            }
            Call::Errors { file, .. } => {
                let (errors, after) = parsed!(imports::parse_errors(body));
                self.import_refused(turn, *file, &errors)?;
                self.change_file(turn, |own, now| {
                    own.failures = 0;
                    own.state = match after {
                        Some(after) => FileState::Errors { after: Some(after), at: now },
                        None => FileState::Reading,
                    };
                })?;
                self.rest_is_sent(turn, *file)?;
            }
            Call::Update { file, rows } => {
                let batch = parsed!(writes::parse_batch(body, turn.now));
                self.updated(turn, *file, rows, &batch)?;
            }
        }
        Ok(Ok(()))
    }

    /// A batch update was taken: its rows one by one.
    fn updated(
        &mut self,
        turn: &mut Turn<'_>,
        file: usize,
        rows: &[FrozenRow],
        batch: &writes::BatchWritten,
    ) -> Result<(), SqlError> {
        let Some(run) = &self.scores.run else { return Ok(()) };
        let number = run.number;
        let (mut sent, mut gone, mut again) = (Vec::new(), Vec::new(), 0_u32);
        for row in rows {
            let own = trace(number, file, row);
            let done = batch.done.iter().any(|written| match &written.trace {
                Some(trace) => *trace == own,
                None => written.id == row.company,
            });
            let refused = batch
                .refused
                .iter()
                .find(|entry| entry.traces.contains(&own) || entry.ids.contains(&row.company));
            match (done, refused.map(|entry| &entry.rejection)) {
                (true, _) => sent.push(row.place),
                (false, Some(rejection)) if rejection.is_about_the_request() => {
                    if rejection.class == Class::Gone {
                        gone.push(row.place);
                    } else {
                        let why = why(rejection);
                        store::settle(
                            turn.sql,
                            number,
                            file as u32,
                            &[row.place],
                            RowState::Refused,
                            Some(&why),
                        )?;
                    }
                }
                (false, Some(_)) => again += 1,
                // An id that was merged away may be missing altogether.
                (false, None) => gone.push(row.place),
            }
        }
        store::settle(turn.sql, number, file as u32, &sent, RowState::Sent, None)?;
        store::settle(turn.sql, number, file as u32, &gone, RowState::Gone, Some("OBJECT_NOT_FOUND"))?;
        let stuck = again > 0 && sent.is_empty() && gone.is_empty();
        self.change_file(turn, |own, now| {
            own.failures = if stuck { own.failures + 1 } else { 0 };
            let at = if again > 0 { now.plus_ms(pause_ms(own.failures.max(1))) } else { now };
            own.state = FileState::Updating { at, rows: BATCH_LIMIT };
        })?;
        self.give_up_late(turn, file, "HubSpot did not take the rows in many attempts.")
    }

    /// A refusal, by its class.
    fn score_refused(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        call: &Call,
        rejection: &Rejection,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let oversize = matches!(rejection.class, Class::Throttled { policy: Policy::Other(_), .. })
            && matches!(call, Call::Start { .. });
        if !oversize && self.hindered(turn, in_flight, rejection, effects)? {
            // It did not arrive.
            if let Call::Start { .. } = call {
                self.change_file(turn, |own, now| own.state = FileState::Waiting { at: now })?;
            }
            return Ok(());
        }
        match call {
            Call::Make(what) => return self.not_made(turn, *what, rejection, effects),
            Call::Start { file } if rejection.may_have_happened() => {
                self.doubt_start(turn, *file);
                self.change_file(turn, |own, _| own.failures += 1)?;
            }
            Call::Start { .. } if rejection.is_about_the_request() && self.score_rights().update => {
                self.change_file(turn, |own, now| {
                    own.way = Some((Way::BatchUpdate, Why::OtherRefused));
                    own.state = FileState::Waiting { at: now };
                    own.failures = 0;
                })?;
            }
            Call::Start { file } if rejection.is_about_the_request() => {
                return self.never_started(turn, *file, rejection.words());
            }
            Call::Start { .. } => {
                self.change_file(turn, |own, now| {
                    own.failures += 1;
                    let wait = if oversize { TOO_MUCH_MS } else { pause_ms(own.failures) };
                    own.state = FileState::Waiting { at: now.plus_ms(wait) };
                })?;
            }
            Call::Update { file, rows } if rejection.is_about_the_request() => {
                if let [row] = &rows[..] {
                    let number = self.scores.run.as_ref().map_or(0, |run| run.number);
                    let gone = rejection.class == Class::Gone;
                    let state = if gone { RowState::Gone } else { RowState::Refused };
                    let why = why(rejection);
                    store::settle(turn.sql, number, *file as u32, &[row.place], state, Some(&why))?;
                }
                let half = (rows.len() / 2).max(1);
                return self
                    .change_file(turn, |own, now| own.state = FileState::Updating { at: now, rows: half });
            }
            Call::Poll { file, .. } | Call::Errors { file, .. } if rejection.class == Class::Gone => {
                let words = "HubSpot does not know the import any more.".to_owned();
                self.change_file(turn, |own, _| {
                    own.trouble = Some(words);
                    own.state = FileState::Reading;
                })?;
                return self.rest_is_refused(turn, *file, "IMPORT_NOT_DONE");
            }
            Call::Find { .. } | Call::Poll { .. } | Call::Errors { .. } | Call::Update { .. } => {
                self.change_file(turn, |own, now| {
                    own.failures += 1;
                    let next = now.plus_ms(pause_ms(own.failures));
                    match &mut own.state {
                        FileState::Doubt { at, .. }
                        | FileState::Running { at, .. }
                        | FileState::Errors { at, .. }
                        | FileState::Updating { at, .. } => *at = next,
                        _ => {}
                    }
                })?;
            }
        }
        let file = match call {
            Call::Start { file } | Call::Find { file, .. } | Call::Poll { file, .. } => *file,
            Call::Errors { file, .. } | Call::Update { file, .. } => *file,
            Call::Make(_) => return Ok(()),
        };
        self.give_up_late(turn, file, &rejection.words())
    }

    /// A file that was tried so often, or so long, fails; what of it may have been taken is read.
    fn give_up_late(&mut self, turn: &mut Turn<'_>, file: usize, words: &str) -> Result<(), SqlError> {
        let Some(run) = &self.scores.run else { return Ok(()) };
        let own = &run.files[file];
        if own.failures < ATTEMPTS && !(own.failures > 0 && own.is_late(turn.now)) {
            return Ok(());
        }
        self.change_file(turn, |own, _| {
            own.trouble = Some(words.to_owned());
            own.state = FileState::Reading;
        })?;
        self.rest_is_refused(turn, file, "NOT_TAKEN")
    }

    /// A file that HubSpot never took: there is nothing to read.
    fn never_started(&mut self, turn: &mut Turn<'_>, file: usize, words: String) -> Result<(), SqlError> {
        self.change_file(turn, |own, _| own.trouble = Some(words))?;
        self.rest_is_refused(turn, file, "NOT_TAKEN")?;
        self.end_echo(turn)
    }
}

/// What to do next, if anything, with its urgency and stream.
type Next = Option<(Urgency, usize, Job)>;

/// A file's companies are all read.
struct Over;

/// Hands the rows of a file out, some at a time.
pub(super) fn each_page(
    turn: &Turn<'_>,
    run: i64,
    file: usize,
    mut take: impl FnMut(&[FrozenRow]) -> Result<(), SqlError>,
) -> Result<(), SqlError> {
    let mut from = 0;
    loop {
        let rows = store::rows(turn.sql, run, file as u32, from, ROWS_AT_ONCE)?;
        let Some(last) = rows.last() else { return Ok(()) };
        from = last.place + 1;
        take(&rows)?;
    }
}

/// What names a row towards HubSpot.
fn trace(run: i64, file: usize, row: &FrozenRow) -> String {
    format!("{run}.{file}.{}", row.place)
}

fn values_of(columns: &[String], row: &FrozenRow) -> Values {
    columns.iter().cloned().zip(row.cells.iter().cloned()).collect()
}

/// Why a row was refused, in HubSpot's words for programs.
fn why(rejection: &Rejection) -> String {
    match &rejection.class {
        Class::Rule { properties } => format!("INVALID_CUSTOM_PROPERTY_VALIDATION:{}", properties.join(",")),
        Class::Rejected { codes, category } => {
            codes.first().or(category.as_ref()).cloned().unwrap_or_else(|| "UNKNOWN_ERROR".to_owned())
        }
        _ => rejection.category.clone().unwrap_or_else(|| "UNKNOWN_ERROR".to_owned()),
    }
}

/// What a file's way costs, for people: calls by import, and by batch update.
pub(super) fn costs(rows: u32) -> (u64, u64) {
    (import_calls(rows), super::run::update_calls(rows))
}

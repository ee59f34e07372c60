//! What HubSpot says of a file that went as an import: how far it is, which of its rows were refused, and what became of the others.

use super::{
    run::{FileState, next_poll},
    send::each_page,
};
use crate::{
    engine::portal::{Portal, Turn},
    hubspot::imports::{self, Import, State},
    store::{
        portal::scores::{self as store, RowState},
        sql::SqlError,
    },
    values::time::MINUTE_MS,
};

/// Pages of imports that are looked through: 500 that the app has made since.
const PAGES: u32 = 5;

impl Portal {
    /// How an import stands.
    pub(super) fn import_is(&mut self, turn: &mut Turn<'_>, import: &Import) -> Result<(), SqlError> {
        let (id, state) = (import.id, import.state);
        let mut over = None;
        self.change_file(turn, |own, now| {
            own.failures = 0;
            own.import = Some(id);
            let (polls, since) = match own.state {
                FileState::Running { polls, processing_since, .. } => (polls + 1, processing_since),
                _ => (0, None),
            };
            own.state = match state {
                State::Deferred | State::Started | State::Processing | State::Other if own.is_late(now) => {
                    over = Some("HubSpot has not ended the import within a day.");
                    FileState::Reading
                }
                State::Deferred | State::Started | State::Other => FileState::Running {
                    at: next_poll(now, polls, state == State::Deferred),
                    polls,
                    processing_since: since,
                },
                State::Processing => FileState::Running {
                    at: next_poll(now, polls, false),
                    polls,
                    processing_since: since.or(Some(now)),
                },
                // A person may undo what it did: it is told all the same what it came to.
                State::Done | State::Reverted
                    if import.errors == 0 && import.written >= u64::from(own.rows) =>
                {
                    FileState::Reading
                }
                State::Done | State::Reverted => FileState::Errors { after: None, at: now },
                State::Failed => {
                    over = Some("HubSpot could not use the file.");
                    FileState::Errors { after: None, at: now }
                }
                State::Canceled => {
                    over = Some("Somebody stopped the import in HubSpot.");
                    FileState::Reading
                }
            };
            if let Some(words) = over {
                own.trouble = Some(words.to_owned());
            }
        })?;
        let file = self.scores.run.as_ref().and_then(|run| Some((run, run.at_work()?)));
        let Some((run, file)) = file else { return Ok(()) };
        if run.files[file].state != FileState::Reading {
            return Ok(());
        }
        match over {
            Some(_) => self.rest_is_refused(turn, file, "IMPORT_NOT_DONE"),
            None => self.rest_is_sent(turn, file),
        }
    }

    /// After a page of the app's imports: the file's is there, or further on, or nowhere.
    pub(super) fn looked_for(
        &mut self,
        turn: &mut Turn<'_>,
        file: usize,
        pages: u32,
        page: &[Import],
        after: Option<String>,
    ) -> Result<(), SqlError> {
        let name = self.import_name(file).unwrap_or_default();
        if let Some(import) = page.iter().find(|import| import.name == name) {
            return self.import_is(turn, &import.clone());
        }
        let started_at = self.scores.run.as_ref().and_then(|run| run.files[file].started_at);
        // The newest come first.
        let older = page.iter().any(|import| {
            import
                .created_at
                .zip(started_at)
                .is_some_and(|(made, started)| made < started.minus_ms(MINUTE_MS))
        });
        let further = after.filter(|_| !older && pages + 1 < PAGES);
        self.change_file(turn, |own, now| {
            own.failures = 0;
            own.state = match further {
                Some(after) => FileState::Doubt { at: now, after: Some(after), pages: pages + 1 },
                None => FileState::Waiting { at: now },
            };
        })
    }

    /// Rows that an import names are refused, or have no record.
    pub(super) fn import_refused(
        &mut self,
        turn: &Turn<'_>,
        file: usize,
        errors: &[imports::RowError],
    ) -> Result<(), SqlError> {
        let Some(run) = &self.scores.run else { return Ok(()) };
        let (number, columns) = (run.number, run.files[file].columns.clone());
        let mut unplaced = 0_u64;
        for error in errors {
            let column = error.column.and_then(|column| columns.get(column.checked_sub(1)? as usize));
            let why = column.map_or_else(|| error.kind.clone(), |column| format!("{}:{column}", error.kind));
            if error.is_of_file {
                // Of the whole file, as of a column that HubSpot does not know.
                self.change_file(turn, |own, _| {
                    own.trouble = Some(format!("HubSpot said of the whole file: {why}."));
                })?;
                continue;
            }
            let Some(place) = place_of(turn, number, file as u32, error)? else {
                unplaced += 1;
                continue;
            };
            let state = if error.is_gone() { RowState::Gone } else { RowState::Refused };
            store::settle(turn.sql, number, file as u32, &[place], state, Some(&why))?;
        }
        if unplaced > 0 {
            self.change_file(turn, |own, _| own.unplaced += unplaced)?;
        }
        Ok(())
    }

    /// What HubSpot said nothing of it has taken, unless the file came to nothing.
    pub(super) fn rest_is_sent(&mut self, turn: &Turn<'_>, file: usize) -> Result<(), SqlError> {
        let Some(run) = &self.scores.run else { return Ok(()) };
        match (&run.files[file].state, &run.files[file].trouble) {
            (FileState::Reading, None) => {
                store::settle_rest(turn.sql, run.number, file as u32, RowState::Sent)
            }
            (FileState::Reading, Some(_)) => self.rest_is_refused(turn, file, "IMPORT_NOT_DONE"),
            _ => Ok(()),
        }
    }

    pub(super) fn rest_is_refused(
        &mut self,
        turn: &Turn<'_>,
        file: usize,
        why: &str,
    ) -> Result<(), SqlError> {
        let Some(run) = &self.scores.run else { return Ok(()) };
        each_page(turn, run.number, file, |rows| {
            let places: Vec<u32> = rows.iter().map(|row| row.place).collect();
            store::refuse_waiting(turn.sql, run.number, file as u32, &places, why)
        })
    }
}

/// Which row of a file was refused: that of the record that is named, which is sure; else that of the line. Of a record that has no row in
/// the file the line says nothing.
fn place_of(
    turn: &Turn<'_>,
    run: i64,
    file: u32,
    error: &imports::RowError,
) -> Result<Option<u32>, SqlError> {
    let row = match (error.id, error.row) {
        (Some(company), _) => store::of_company(turn.sql, run, file, company)?,
        (None, Some(place)) => {
            let row = store::rows(turn.sql, run, file, place, 1)?.into_iter().next();
            row.filter(|row| row.place == place)
        }
        (None, None) => None,
    };
    Ok(row.map(|row| row.place))
}

//! A stream as a whole: how it begins, begins anew, stands still and is saved.
//!
//! A check that finds nothing is saved at the end of the alarm, for all streams in one row ([`Checked`]): an account of
//! three types costs no more rows than one of one. What is lost with the object before that is checked again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{
        Portal, Running, Turn,
        messages::{State, StreamState, StreamStatus},
        selection::Selection,
        state::{Backfill, Checked, Connection, Stream, TRAILING_EVERY_MS},
        unreadable,
        usage::SavedHour,
    },
    store::{
        portal::{dirty, records, streams, types},
        schema,
        sql::SqlError,
    },
    values::{
        ids::{ObjectType, RecordId},
        json,
        planted::{Bug, planted},
        scopes,
        time::Timestamp,
    },
};

/// Where the last checks of all streams lie in `meta`.
const CHECKED_KEY: &str = "checked";

/// What every check leaves behind, in one row.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    checks: Vec<Checked>,
    usage: Option<SavedHour>,
}

fn kept(turn: &Turn<'_>) -> Result<Kept, SqlError> {
    let Some(json) = schema::get(turn.sql, CHECKED_KEY)? else { return Ok(Kept::default()) };
    // Earlier releases kept the checks alone.
    let alone = |_| json::parse(&json).map(|checks| Kept { checks, usage: None });
    json::parse(&json).or_else(alone).map_err(|_| SqlError::Content("meta"))
}

/// Calls of the hour that ran when they were saved last.
pub(super) fn counted(turn: &Turn<'_>) -> Result<Option<SavedHour>, SqlError> {
    Ok(kept(turn)?.usage)
}

/// Where the names of a type's properties lie in `meta`.
pub(super) fn properties_key(kind: ObjectType) -> String {
    format!("properties/{kind}")
}

/// Where the selection of a type's fields lies in `meta`.
pub(super) fn selection_key(kind: ObjectType) -> String {
    format!("selection/{kind}")
}

/// Something of ours in `meta`, or what it is before it was ever saved.
pub(super) fn saved<T: serde::de::DeserializeOwned + Default>(
    turn: &Turn<'_>,
    key: &str,
) -> Result<T, SqlError> {
    schema::get(turn.sql, key)?
        .map_or(Ok(T::default()), |json| json::parse(&json).map_err(|_| SqlError::Content("meta")))
}

impl Running {
    pub(super) fn new(saved: Stream, properties: Vec<String>, selection: Selection) -> Self {
        Self {
            saved,
            properties,
            selection,
            fields_digest: None,
            field_at: 0,
            fields_asked_at: 0,
            fetching: BTreeMap::new(),
            reading: BTreeSet::new(),
            vanished: BTreeSet::new(),
            marked: true,
            waits_until: None,
            deletions_at: Timestamp::default(),
            unsaved: false,
        }
    }

    /// Reads everything once more. A mirror that is there stays; the full read over it finds what changed and what went.
    pub(super) fn begin_anew(&mut self, now: Timestamp) {
        self.fetching.clear();
        self.reading.clear();
        self.vanished.clear();
        let stream = &mut self.saved;
        stream.reconcile.checking = None;
        // Who asked for every value still lacks those that the read cut short did not come to.
        let thorough = stream.backfill.as_ref().is_some_and(|cut_short| cut_short.thorough);
        stream.backfill = Some(Backfill { thorough, ..Backfill::new(now) });
        stream.poll = None;
        stream.freshening = None;
        stream.failures = 0;
        stream.retry_at = Timestamp::default();
        stream.refused.clear();
        stream.trouble = None;
        // When they were read last is kept: what changed since then was read without a field that came meanwhile.
        stream.fields_due = true;
        stream.wide = false;
    }

    /// How it stands.
    pub(super) fn status(&self, turn: &Turn<'_>, connection: &Connection) -> Result<StreamStatus, SqlError> {
        let stream = &self.saved;
        let lacks = self.lacks(connection);
        let active = match connection.state {
            State::Active | State::Paused { .. } => lacks.is_empty(),
            State::PausedByPerson { .. }
            | State::NeedsReauthorisation
            | State::Disconnecting
            | State::Disconnected => false,
        };
        let next_check_at = (active && stream.backfill.is_none())
            .then(|| stream.polled_at.plus_ms(turn.config.work.check_every_ms).max(turn.now));
        Ok(StreamStatus {
            object_type: stream.object_type,
            label: None,
            state: if lacks.is_empty() {
                StreamState::Running
            } else {
                StreamState::NoScope { scopes: lacks }
            },
            phase: stream.phase(),
            records: stream.records,
            read: stream.backfill.as_ref().map_or(0, |backfill| backfill.read),
            expected: stream.backfill.as_ref().and_then(|backfill| backfill.expected),
            checked_at: stream.checked_at,
            next_check_at,
            trailing_at: Some(stream.trailing_at).filter(|at| *at != Timestamp::default()),
            next_trailing_at: next_check_at
                .map(|check| stream.trailing_at.plus_ms(TRAILING_EVERY_MS).max(check)),
            changed_at: stream.changed_at,
            event_at: stream.event_at,
            dirty: dirty::count(turn.sql, stream.object_type)?,
            unreadable: unreadable::told(turn, stream.object_type)?,
            reconcile: stream.reconcile.clone(),
            fields_read_at: stream.properties_at,
            kept_fresh: self.kept_fresh(),
            trouble: stream.trouble.clone(),
        })
    }

    /// What stops it: the scopes any of which it would need. Empty: nothing does.
    pub(super) fn lacks(&self, connection: &Connection) -> Vec<String> {
        match scopes::lacking(self.saved.object_type, &connection.scopes) {
            Some(scope) => vec![scope.to_owned()],
            None => self.saved.refused.clone(),
        }
    }
}

/// The streams as they were saved, one of each type that is mirrored, further ones last; a type that was never connected has a full read before it.
pub(super) fn load(turn: &Turn<'_>) -> Result<Vec<Running>, SqlError> {
    let checked = kept(turn)?.checks;
    let mut all = Vec::new();
    let further = types::all(turn.sql)?.into_iter().map(|(kind, _)| kind);
    for kind in ObjectType::ALWAYS.into_iter().chain(further) {
        let mut stream = match streams::load(turn.sql, kind)? {
            Some(json) => json::parse(&json).map_err(|_| SqlError::Content("streams"))?,
            None => Stream { backfill: Some(Backfill::new(turn.now)), ..Stream::new(kind) },
        };
        let later = checked.iter().find(|one| one.object_type == kind && one.clock > stream.clock);
        if let Some(later) = later {
            later.put_into(&mut stream);
        }
        if planted(Bug::CursorFirst) {
            stream.poll = None;
        }
        let (properties, selection) =
            (saved(turn, &properties_key(kind))?, saved(turn, &selection_key(kind))?);
        all.push(Running::new(stream, properties, selection));
    }
    Ok(all)
}

impl Portal {
    /// Begins a stream anew and saves it; answers to its calls under way have nowhere to go any more.
    pub(super) fn begin_anew(&mut self, turn: &Turn<'_>, index: usize) -> Result<(), SqlError> {
        self.in_flight.retain(|_, in_flight| in_flight.stream != index || !in_flight.job.is_of_stream());
        let running = &mut self.streams[index];
        running.begin_anew(turn.now);
        if running.saved.records == 0 {
            records::drop_indexes(turn.sql, running.saved.object_type)?;
        }
        let kind = running.saved.object_type;
        self.links.begin_anew(turn, kind)?;
        self.save_stream(turn, index)
    }

    /// As [`Self::begin_anew`], for every value of every record.
    pub(super) fn read_thoroughly(&mut self, turn: &Turn<'_>, index: usize) -> Result<(), SqlError> {
        self.begin_anew(turn, index)?;
        if let Some(backfill) = &mut self.streams[index].saved.backfill {
            backfill.thorough = true;
        }
        self.save_stream(turn, index)
    }

    /// Whether the connection is kept in step, now or after a pause that ends by itself.
    pub(super) fn goes_on(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| match connection.state {
            State::Active | State::Paused { .. } => true,
            State::PausedByPerson { .. }
            | State::NeedsReauthorisation
            | State::Disconnecting
            | State::Disconnected => false,
        })
    }

    /// Whether a stream may not send, for reasons of its own.
    pub(super) fn stands_still(&self, index: usize) -> bool {
        let lacks = |connection| !self.streams[index].lacks(connection).is_empty();
        self.connection.as_ref().is_none_or(lacks)
    }

    /// Takes in the scopes that a refresh told. A stream that may run again reads everything anew: nobody knows what it missed.
    pub(super) fn take_scopes(&mut self, turn: &Turn<'_>, granted: Vec<String>) -> Result<(), SqlError> {
        let stood: Vec<bool> = (0..self.streams.len()).map(|index| self.stands_still(index)).collect();
        for running in &mut self.streams {
            if running.saved.refused.iter().any(|scope| granted.contains(scope)) {
                running.saved.refused.clear();
            }
        }
        self.beside.take_scopes(&granted);
        if let Some(connection) = &mut self.connection {
            connection.scopes = granted;
        }
        for (index, stood) in stood.into_iter().enumerate() {
            if stood && !self.stands_still(index) {
                self.begin_anew(turn, index)?;
            }
        }
        Ok(())
    }

    pub(super) fn save_stream(&mut self, turn: &Turn<'_>, index: usize) -> Result<(), SqlError> {
        let clock = self.clock;
        let running = &mut self.streams[index];
        running.unsaved = false;
        let stream = &mut running.saved;
        stream.clock = clock;
        let json = serde_json::to_string(stream).map_err(|_| SqlError::Content("streams"))?;
        streams::save(turn.sql, stream.object_type, &json)
    }

    /// Saves what checks left behind that ended since the last time, if any did, and how far counts have come.
    pub(super) fn save_checks(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        for index in 0..self.streams.len() {
            if self.streams[index].saved.reconcile.checking.is_some() {
                self.save_stream(turn, index)?;
            }
        }
        let over = self.connection.as_ref().is_none_or(|connection| connection.state == State::Disconnected);
        let counted = self.counting.is_unsaved() && !over;
        if !self.streams.iter().any(|running| running.unsaved) && !counted {
            return Ok(());
        }
        let clock = self.tick(turn.now);
        let mut checked = Vec::new();
        for running in &mut self.streams {
            if running.saved.backfill.is_none() && running.saved.poll.is_none() {
                running.unsaved = false;
                checked.push(Checked::of(&running.saved, clock));
            }
        }
        let kept = Kept { checks: checked, usage: Some(self.counting.save()) };
        let json = serde_json::to_string(&kept).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, CHECKED_KEY, &json)
    }

    /// Forgets that a read of these ids is under way.
    pub(super) fn read_ended(&mut self, index: usize, ids: &[RecordId]) {
        if let Some(running) = self.streams.get_mut(index) {
            for id in ids {
                running.reading.remove(id);
            }
        }
    }
}

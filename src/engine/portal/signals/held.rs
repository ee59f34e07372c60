//! Lists that stand still, for a field that they name is gone or of another type, or for want of the scope that its records are read with: a
//! condition on it would be decided without its value, and one that asks whether there is a record at all without anybody looking.
//! The signals that come meanwhile are held against the others, and wait for these; once the field is back and what was read without it is
//! read again, or once the list is edited, they are decided about as if they came then.

use std::collections::BTreeSet;

use super::{Discovered, RunningList};
use crate::{
    engine::{
        portal::{
            Portal, Turn,
            channels::held::{Held, What},
        },
        signal::List,
    },
    store::{
        portal::{dirty, signals as store},
        sql::SqlError,
    },
    values::{
        ids::{ObjectType, QualifyingListId},
        time::Timestamp,
    },
};

/// Types whose records a list may read.
const KINDS: [ObjectType; 2] = [ObjectType::Companies, ObjectType::Contacts];

fn kinds(list: &List) -> Vec<ObjectType> {
    KINDS.into_iter().filter(|kind| list.asks_of(*kind)).collect()
}

impl RunningList {
    pub(super) fn save(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let state = serde_json::to_string(&self.saved).map_err(|_| SqlError::Content("qualifying_lists"))?;
        store::put_list(turn.sql, &self.saved.id, &state)
    }
}

impl super::Signals {
    /// Names of the fields of a type by which lists decide now.
    pub(in crate::engine::portal) fn decided_by(
        &self,
        kind: ObjectType,
    ) -> impl Iterator<Item = String> + '_ {
        let decide = self.lists.iter().filter(|running| running.saved.held.is_none());
        decide.flat_map(move |running| running.list.reads(kind)).map(str::to_owned)
    }

    /// Lists that stand still: id, name and why.
    pub(in crate::engine::portal) fn standing_still(
        &self,
    ) -> impl Iterator<Item = (&QualifyingListId, &str, &str)> {
        self.lists.iter().filter_map(|running| {
            let held = running.saved.held.as_ref()?;
            Some((&running.saved.id, running.list.name.as_str(), held.words.as_str()))
        })
    }

    /// Whether there is such a list.
    pub(in crate::engine::portal) fn has_list(&self, id: &QualifyingListId) -> bool {
        self.list(id).is_some()
    }
}

impl Portal {
    /// Why nobody knows what a list would see of a type, if the connection may not read its records: of a company that cannot be looked up
    /// a condition *is no customer* would hold, whoever it is.
    pub(super) fn barred(&self, list: &List) -> Option<String> {
        let connection = self.connection.as_ref()?;
        kinds(list).into_iter().find_map(|kind| {
            let stream = self.streams.iter().find(|running| running.saved.object_type == kind)?;
            let lacks = stream.lacks(connection);
            let by = if list.reads(kind).is_empty() { "whether there are records" } else { "fields" };
            (!lacks.is_empty()).then(|| {
                format!(
                    "It decides by {by} of {kind}, which the connection may not read without `{}`. Connect again and grant it.",
                    lacks.join("` or `")
                )
            })
        })
    }

    /// Whether records by whose fields a list decides are being read in full.
    pub(super) fn reads_anew(&self, list: &List) -> bool {
        let kinds = kinds(list);
        let mut of = self.streams.iter().filter(|one| kinds.contains(&one.saved.object_type));
        of.any(|one| one.saved.backfill.is_some())
    }

    /// Whether a list that is held need not be so any longer.
    fn may_go_on(&self, turn: &Turn<'_>, at: usize) -> Result<bool, SqlError> {
        let running = &self.signals.lists[at];
        let Some(held) = &running.saved.held else { return Ok(false) };
        let Some(until) = held.until else { return Ok(false) };
        if held.missed && self.reads_anew(&running.list) {
            return Ok(false);
        }
        for kind in kinds(&running.list) {
            if dirty::any_up_to(turn.sql, kind, until)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The fields of a type were read: holds the lists that they do not fit any more, and has those that they fit again go on.
    #[inline(never)]
    pub(in crate::engine::portal) fn fit_lists(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
    ) -> Result<(), SqlError> {
        let kind = self.streams[index].saved.object_type;
        for at in 0..self.signals.lists.len() {
            if kinds(&self.signals.lists[at].list).contains(&kind) {
                self.fit_list(turn, at, true)?;
            }
        }
        Ok(())
    }

    /// Holds lists that cannot be asked, whatever the reason, before one is; and lets those go on whose records are as they should be. Says
    /// whether one does.
    pub(super) fn follow_lists(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let mut goes_on = false;
        for at in 0..self.signals.lists.len() {
            self.fit_list(turn, at, false)?;
            if self.may_go_on(turn, at)? {
                let running = &mut self.signals.lists[at];
                running.saved.held = None;
                running.save(turn)?;
                goes_on = true;
            }
        }
        Ok(goes_on)
    }

    /// `read`: the fields were just read, so that what was in doubt is none any more.
    fn fit_list(&mut self, turn: &Turn<'_>, at: usize, read: bool) -> Result<(), SqlError> {
        let running = &self.signals.lists[at];
        let fields = Discovered::load(turn.sql, &running.list)?;
        let fault = self.faults_of(&running.list, &fields).into_iter().next().map(|fault| fault.detail);
        if fault.is_none() && !read {
            return Ok(());
        }
        let (kinds, before) = (kinds(&running.list), running.saved.held.clone());
        let of = self.streams.iter().filter(|one| kinds.contains(&one.saved.object_type));
        let since = of.filter_map(|one| one.saved.properties_at).min().unwrap_or(turn.now);
        let barred = self.barred(&running.list);
        // What could not be read may have changed unseen, whatever else was wrong meanwhile.
        let missed = barred.is_some() || before.as_ref().is_some_and(|held| held.missed);
        let mut held = self.fitted(turn, What::List, &kinds, (fault, before, since))?;
        if let Some(held) = &mut held {
            held.missed = missed;
            match barred {
                Some(detail) => held.barred(What::List, &detail),
                None if missed && held.until.is_some() => {
                    "This list goes on once the records by which it decides are read again."
                        .clone_into(&mut held.words);
                }
                None => {}
            }
        }
        let running = &mut self.signals.lists[at];
        if running.saved.held != held {
            running.saved.held = held;
            running.save(turn)?;
        }
        Ok(())
    }

    /// An answer about records of a type does not have these fields: lists that read them wait until it is known why. Says whether one does.
    pub(in crate::engine::portal) fn doubt_lists(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        missing: &BTreeSet<String>,
        since: Timestamp,
    ) -> Result<bool, SqlError> {
        let mut doubted = false;
        for running in self.signals.lists.iter_mut().filter(|running| running.saved.held.is_none()) {
            let own = running.list.reads(kind).into_iter().find(|name| missing.contains(*name));
            let again = Held::doubts_again(running.doubted_at, turn.now);
            let Some(name) = own.filter(|_| again) else { continue };
            running.saved.held = Some(Held::by_doubt(What::List, name, since));
            running.doubted_at = Some(turn.now);
            running.save(turn)?;
            doubted = true;
        }
        Ok(doubted)
    }

    /// Ids of the lists that can be asked: a JSON list.
    pub(super) fn lists_that_decide(&self) -> String {
        let decide = self.signals.lists.iter().filter(|running| running.saved.held.is_none());
        let ids: Vec<&str> = decide.map(|running| running.saved.id.as_str()).collect();
        serde_json::to_string(&ids).unwrap_or_else(|_| "[]".to_owned())
    }

    /// Whether a list goes on, or a signal that waited can be decided about.
    pub(super) fn lists_due(&self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        for at in 0..self.signals.lists.len() {
            if self.may_go_on(turn, at)? {
                return Ok(true);
            }
        }
        Ok(!store::waiting_for(turn.sql, &self.lists_that_decide(), 1)?.is_empty())
    }
}

//! Workflows that stand still, for a field that they name is gone or of another type, or for want of the scope that records are read with: a
//! condition on it would be decided without its value. Once the field is back and what was read without it is read again, or once the workflow
//! is edited, it goes on; the same as qualifying lists do ([`crate::engine::portal::signals`]).

use std::collections::BTreeSet;

use super::{Mode, fields::asked};
use crate::{
    engine::portal::{
        Portal, Turn,
        channels::held::{Held, What},
    },
    store::{portal::dirty, sql::SqlError},
    values::{
        ids::{ObjectType, WorkflowId},
        time::Timestamp,
    },
};

impl super::Workflows {
    /// Workflows that stand still: id, name and why.
    pub(in crate::engine::portal) fn standing_still(
        &self,
    ) -> impl Iterator<Item = (&WorkflowId, &str, &str)> {
        let there = self.all.iter().filter(|running| running.is_there());
        there.filter_map(|running| {
            let held = running.saved.held.as_ref()?;
            Some((&running.saved.id, running.definition.name.as_str(), held.words.as_str()))
        })
    }

    /// Whether there is such a workflow.
    pub(in crate::engine::portal) fn has(&self, id: &WorkflowId) -> bool {
        self.at(id).is_some()
    }
}

impl Portal {
    /// Whether a workflow that is held need not be so any longer.
    fn workflow_may_go_on(&self, turn: &Turn<'_>, at: usize) -> Result<bool, SqlError> {
        let running = &self.workflows.all[at];
        let Some(until) = running.saved.held.as_ref().and_then(|held| held.until) else { return Ok(false) };
        let kinds = asked(&running.definition);
        let missed = running.saved.held.as_ref().is_some_and(|held| held.missed);
        let mut of = self.streams.iter().filter(|one| kinds.contains(&one.saved.object_type));
        if missed && of.any(|one| one.saved.backfill.is_some()) {
            return Ok(false);
        }
        for kind in kinds {
            if dirty::any_up_to(turn.sql, kind, until)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether one goes on.
    pub(super) fn held_workflow_may_go_on(&self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        for at in 0..self.workflows.all.len() {
            if self.workflow_may_go_on(turn, at)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lets those go on whose records are as they should be, and holds those that may not read any more what they ask of. Says whether one
    /// goes on.
    pub(super) fn let_workflows_go(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let mut goes_on = false;
        for at in 0..self.workflows.all.len() {
            let running = &self.workflows.all[at];
            let is_barred = self.workflow_is_barred(&running.definition).is_some();
            if is_barred && running.saved.mode == Mode::Enabled {
                self.fit_workflow(turn, at)?;
            }
            if self.workflow_may_go_on(turn, at)? {
                let running = &mut self.workflows.all[at];
                running.saved.held = None;
                running.save(turn)?;
                goes_on = true;
            }
        }
        Ok(goes_on)
    }

    /// The fields of a type were read: holds the workflows that they do not fit any more, and has those that they fit again go on.
    #[inline(never)]
    pub(in crate::engine::portal) fn fit_workflows(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
    ) -> Result<(), SqlError> {
        let kind = self.streams[index].saved.object_type;
        for at in 0..self.workflows.all.len() {
            let running = &self.workflows.all[at];
            let is_used = matches!(running.saved.mode, Mode::Enabled | Mode::Paused);
            if is_used && running.definition.asks_of(kind) {
                self.fit_workflow(turn, at)?;
            }
        }
        Ok(())
    }

    fn fit_workflow(&mut self, turn: &Turn<'_>, at: usize) -> Result<(), SqlError> {
        let definition = self.workflows.all[at].definition.clone();
        let faults = self.faults_of_conditions(turn, &definition)?;
        let fault = faults.into_iter().next().map(|fault| fault.detail);
        let kinds = asked(&definition);
        let before = self.workflows.all[at].saved.held.clone();
        let of = self.streams.iter().filter(|one| kinds.contains(&one.saved.object_type));
        let since = of.filter_map(|one| one.saved.properties_at).min().unwrap_or(turn.now);
        let barred = self.workflow_is_barred(&definition);
        // What could not be read may have changed unseen, whatever else was wrong meanwhile.
        let missed = barred.is_some() || before.as_ref().is_some_and(|held| held.missed);
        let mut held = self.fitted(turn, What::Workflow, &kinds, (fault, before, since))?;
        if let Some(held) = &mut held {
            held.missed = missed;
            match barred {
                Some(detail) => held.barred(What::Workflow, &detail),
                None if missed && held.until.is_some() => {
                    "This workflow goes on once the records by which it decides are read again."
                        .clone_into(&mut held.words);
                }
                None => {}
            }
        }
        let running = &mut self.workflows.all[at];
        if running.saved.held != held {
            running.saved.held = held;
            running.save(turn)?;
            self.workflows.stir();
        }
        Ok(())
    }

    /// An answer about records of a type does not have these fields: workflows that name them wait until it is known why. Says whether one does.
    pub(in crate::engine::portal) fn doubt_workflows(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        missing: &BTreeSet<String>,
        since: Timestamp,
    ) -> Result<bool, SqlError> {
        let mut doubted = false;
        for running in self.workflows.all.iter_mut().filter(|running| running.works()) {
            let own = running.definition.reads(kind).into_iter().find(|name| missing.contains(*name));
            let again = Held::doubts_again(running.doubted_at, turn.now);
            let Some(name) = own.filter(|_| again) else { continue };
            running.saved.held = Some(Held::by_doubt(What::Workflow, name, since));
            running.doubted_at = Some(turn.now);
            running.save(turn)?;
            doubted = true;
        }
        Ok(doubted)
    }
}

//! What the mirror's changes begin, in the turn that makes them: what the feed tells since it was looked at last is held against the workflows
//! of changes, and runs that wait for something to hold are looked at again.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Running,
    enrol::{Candidate, is_new_to},
    facts::{Persons, values_of},
};
use crate::{
    engine::{
        portal::{Portal, Turn, query::FETCH},
        workflow::{Facts, Passage, Trigger},
    },
    store::{
        portal::{
            feed::{self, Change, NOBODY},
            records::{self, Live},
            workflows::runs,
        },
        sql::SqlError,
    },
    values::ids::{ObjectType, RecordId},
};

/// What happened to a record since the feed was looked at last.
#[derive(Debug, Default)]
struct Touched {
    passages: BTreeSet<Passage>,
    /// What changed, with what it was before.
    before: BTreeMap<String, Option<String>>,
    /// What changed was too large to be kept: it may be anything.
    anything: bool,
}

type OfType = BTreeMap<RecordId, Touched>;

impl Portal {
    /// Holds what the feed tells now against the workflows; says whether runs are to go on.
    #[inline(never)]
    pub(in crate::engine::portal) fn follow_workflows(
        &mut self,
        turn: &mut Turn<'_>,
    ) -> Result<bool, SqlError> {
        let of_changes =
            |one: &Running| matches!(one.definition.trigger, Trigger::Change { .. }) && one.works();
        let begins = self.workflows.all.iter().any(of_changes);
        if !begins && !self.workflows.watches {
            // What is told while nobody listens is none of what is made later.
            if !self.workflows.all.is_empty() {
                self.workflows.decided = feed::latest(turn.sql)?;
            }
            return Ok(false);
        }
        let latest = feed::latest(turn.sql)?;
        if latest == self.workflows.decided || self.channel_context(turn).is_none() {
            return Ok(false);
        }
        let mut touched: BTreeMap<ObjectType, OfType> = BTreeMap::new();
        let mut seq = self.workflows.decided + 1;
        while seq <= latest
            && let Some(chunk) = feed::chunk_at(turn.sql, seq)?
        {
            seq = chunk.first_seq + chunk.changes.iter().map(Change::count).sum::<u64>();
            let Some(kind) = chunk.object_type else { continue };
            for change in &chunk.changes {
                note(change, kind, &mut touched);
            }
        }
        self.workflows.decided = latest;
        let mut stirred = false;
        for (kind, touched) in touched {
            if self.workflows.watches {
                let ids: Vec<RecordId> = touched.keys().copied().collect();
                runs::touch(turn.sql, kind, &ids, turn.now)?;
                stirred = true;
            }
            if begins {
                stirred |= self.begin_by_changes(turn, kind, &touched)?;
            }
        }
        if stirred {
            self.workflows.stir();
        }
        Ok(stirred)
    }

    /// Asks the workflows of a type's changes about these; says whether one began something.
    fn begin_by_changes(
        &mut self,
        turn: &mut Turn<'_>,
        kind: ObjectType,
        touched: &OfType,
    ) -> Result<bool, SqlError> {
        let mut began = false;
        for at in 0..self.workflows.all.len() {
            let running = &self.workflows.all[at];
            if !running.works() {
                continue;
            }
            let Trigger::Change { record, kinds, properties } = &running.definition.trigger else { continue };
            if *record != kind {
                continue;
            }
            let wanted: Vec<RecordId> =
                touched.iter().filter(|(_, own)| begins(own, kinds, properties)).map(|(id, _)| *id).collect();
            for some in wanted.chunks(FETCH as usize) {
                for live in records::live_by_ids(turn.sql, kind, some)? {
                    began |= self.begin_by_change(turn, at, &live, &touched[&live.id])?;
                }
            }
        }
        Ok(began)
    }

    fn begin_by_change(
        &mut self,
        turn: &mut Turn<'_>,
        at: usize,
        live: &Live,
        touched: &Touched,
    ) -> Result<bool, SqlError> {
        let running = &self.workflows.all[at];
        let Trigger::Change { record: kind, kinds, .. } = &running.definition.trigger else {
            return Ok(false);
        };
        let (kind, is_created) = (*kind, touched.passages.contains(&Passage::Created));
        // What is new to the mirror alone is nothing that happened.
        if is_created && !is_new_to(running, live.created_at) {
            return Ok(false);
        }
        let words = match (is_created && kinds.contains(&Passage::Created), &touched.before) {
            (true, _) => "The record was made.".to_owned(),
            (false, before) if before.is_empty() => "The record changed, or is there again.".to_owned(),
            (false, before) => {
                let names: Vec<&str> = before.keys().take(10).map(String::as_str).collect();
                format!("The record changed: `{}`.", names.join("`, `"))
            }
        };
        let mut persons = Persons::of_record(kind, live.id, "The record itself.");
        let asks = running.asks.clone();
        let mut facts = Facts::new(kind, BTreeMap::new(), turn.now);
        if !asks.is_empty() {
            self.add_related(turn, &mut persons, kind, &|one| asks.contains(&one))?;
            facts = self.facts_of(turn, kind, &persons, None, &|one| asks.contains(&one))?;
        }
        let values = values_of(&live.properties);
        let mut old = values.clone();
        for (name, value) in &touched.before {
            match value {
                Some(value) => drop(old.insert(name.clone(), value.clone())),
                None => drop(old.remove(name)),
            }
        }
        facts.set(kind, live.id, values);
        let mut before = facts.clone();
        before.set(kind, live.id, old);
        // Of what is new nothing was before, and nothing has changed.
        let before = (!is_created).then_some(&before);
        let candidate = Candidate { persons, facts: &facts, before, event: None, began: words };
        self.enrol(turn, at, candidate)
    }
}

/// Whether what happened to a record is what a trigger names.
fn begins(touched: &Touched, kinds: &BTreeSet<Passage>, properties: &BTreeSet<String>) -> bool {
    touched.passages.iter().any(|passage| {
        let is_named = *passage != Passage::Updated
            || properties.is_empty()
            || touched.anything
            || touched.before.keys().any(|name| properties.contains(name));
        kinds.contains(passage) && is_named
    })
}

/// Notes the records that a change may matter for.
fn note(change: &Change, kind: ObjectType, all: &mut BTreeMap<ObjectType, OfType>) {
    let mut of = |kind: ObjectType, id: RecordId, passage: Option<Passage>| {
        if id != NOBODY {
            all.entry(kind).or_default().entry(id).or_default().passages.extend(passage);
        }
    };
    match change {
        Change::Created { ids, .. } => ids.iter().for_each(|id| of(kind, *id, Some(Passage::Created))),
        Change::Updated { id, set, .. } => {
            of(kind, *id, Some(Passage::Updated));
            let Some(touched) = all.get_mut(&kind).and_then(|own| own.get_mut(id)) else { return };
            touched.anything |= set.is_empty();
            for (name, (old, _)) in set {
                // Of several changes the first says what was before them all.
                touched.before.entry(name.clone()).or_insert_with(|| old.clone());
            }
        }
        Change::Restored { id } => of(kind, *id, Some(Passage::Restored)),
        Change::Deleted { id } | Change::Merged { id, .. } => of(kind, *id, None),
        Change::Linked(ends) | Change::Unlinked(ends) => {
            of(kind, ends.id, None);
            if let Some(to) = ends.to {
                of(ends.to_type, to, None);
            }
        }
        Change::Erased { .. }
        | Change::Scrubbed { .. }
        | Change::Channel { .. }
        | Change::Joined { .. }
        | Change::Left { .. }
        | Change::ListOff { .. }
        | Change::TypeOff { .. }
        | Change::Lifecycle { .. } => {}
    }
}

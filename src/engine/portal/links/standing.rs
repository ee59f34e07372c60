//! How each pair of types stands, for people: when its links were read, when next, and what goes wrong. Only tells; when a
//! pair is read is [`super`]'s business.

use serde::{Deserialize, Serialize};

use super::{Call, Paired};
use crate::{
    engine::portal::{Portal, messages::Trouble},
    hubspot::{associations::BATCH_LIMIT, rejection::Rejection},
    values::{ids::ObjectType, time::Timestamp},
};

/// Trouble of a pair: it stays until a call of the same kind succeeds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Troubles {
    reads: Option<Trouble>,
    labels: Option<Trouble>,
}

impl Troubles {
    fn of(&mut self, call: &Call) -> &mut Option<Trouble> {
        match call {
            Call::Read { .. } => &mut self.reads,
            Call::Labels { .. } => &mut self.labels,
        }
    }

    pub(super) fn note(&mut self, call: &Call, rejection: &Rejection, at: Timestamp) {
        *self.of(call) = Some(Trouble::of(rejection, at));
    }

    /// Says whether there was one.
    pub(super) fn end(&mut self, call: &Call) -> bool {
        self.of(call).take().is_some()
    }
}

/// How the links of two types stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairStatus {
    /// The types; one may be linked to itself.
    pub types: [ObjectType; 2],
    /// When all of them were last read to the end; `None`: not yet.
    pub read_at: Option<Timestamp>,
    /// When the next full read begins; `None` while one is under way.
    pub due_at: Option<Timestamp>,
    /// How far the full read under way is.
    pub percent: Option<u8>,
    /// Calls a full read takes at least.
    pub calls: u64,
    /// What goes wrong with them.
    pub trouble: Option<Trouble>,
}

impl Portal {
    /// Of the pairs of which both types are granted and have records.
    pub(in crate::engine::portal) fn links_status(&self) -> Vec<PairStatus> {
        self.links.saved.pairs.iter().filter_map(|paired| self.pair_status(paired)).collect()
    }

    fn pair_status(&self, paired: &Paired) -> Option<PairStatus> {
        let (holder, other) = paired.pair;
        let [held, _] = self.both_run(holder, other)?;
        let calls = held.records.div_ceil(BATCH_LIMIT as u64);
        let done = |rounds: u32| (u64::from(rounds) * 100 / calls.max(1)).min(99) as u8;
        let Troubles { reads, labels } = &paired.troubles;
        Some(PairStatus {
            types: [holder, other],
            read_at: paired.read_at,
            due_at: paired.pass.is_none().then_some(paired.due_at),
            percent: paired.pass.as_ref().map(|pass| done(pass.rounds)),
            calls,
            trouble: reads.clone().or_else(|| labels.clone()),
        })
    }
}

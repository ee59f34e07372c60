//! What a run does next, from where it stands and what is known, with why. Keeps nothing and asks nobody.

use serde::{Deserialize, Serialize};

use super::definition::{Definition, Place, Route, Step, StepId, What};
use crate::{
    engine::action_step::ActionStep,
    values::{
        filter::{Context, Filter, Finding, Values},
        time::Timestamp,
    },
};

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Before this step.
    pub place: Place,
    /// Since when it waits there; `None`: it has only come there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// What follows for a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<'a> {
    /// What is to be done.
    pub next: Next<'a>,
    /// What was asked on the way there, in order.
    pub because: Vec<Branch<'a>>,
}

/// What a run does next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next<'a> {
    /// This action; once it is over the run stands at [`Definition::after`] its place.
    Act {
        /// Of which step.
        place: Place,
        /// What it is.
        step: &'a ActionStep,
    },
    /// Nothing until then; the run stands at `standing` meanwhile.
    Wait {
        /// To be kept, and asked about again.
        standing: Standing,
        /// When.
        until: Timestamp,
    },
    /// Nothing until something holds: asked again when the record changes, at `again_at`, and at the latest `until`.
    WaitUntil {
        /// To be kept, and asked about again.
        standing: Standing,
        /// When time alone may make it hold; before `until`.
        again_at: Option<Timestamp>,
        /// When the run goes on without.
        until: Timestamp,
    },
    /// A routing answer. A run goes on at [`Definition::after`] its place.
    Decided {
        /// Of which step.
        place: Place,
        /// The answer.
        route: &'a Route,
    },
    /// A step says that the run is over.
    Stopped {
        /// Which.
        place: Place,
        /// Its words.
        words: &'a str,
    },
    /// Every step is done.
    Ended,
    /// The place is none of this definition.
    Lost,
}

/// What a step asked, and which way that was.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch<'a> {
    /// Which step.
    pub place: Place,
    /// Whether its filter holds.
    pub holds: bool,
    /// Which way is gone.
    pub way: Way,
    /// What each condition saw and said.
    pub findings: Vec<Finding<'a>>,
}

/// A way out of a step that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// `then`; of a `wait_until` what follows it.
    Then,
    /// `else`.
    Else,
    /// None yet: it is waited for.
    Waits,
}

/// Whether a record goes in, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// Whether the conditions hold.
    pub holds: bool,
    /// What each of them saw and said.
    pub findings: Vec<Finding<'a>>,
}

impl Definition {
    /// Where a run begins; `None` of no step.
    pub fn first(&self) -> Option<Place> {
        self.steps.first().map(|step| Place(vec![step.id.clone()]))
    }

    /// Where a run stands once the step at a place is done; `None`: it is at its end, or the place is none.
    pub fn after(&self, place: &Place) -> Option<Place> {
        let ids = &place.0;
        (1..=ids.len()).rev().find_map(|depth| {
            let (own, outer) = ids[..depth].split_last()?;
            let list = self.list(outer, own)?;
            let index = list.iter().position(|step| step.id == *own)?;
            let next = list.get(index + 1)?;
            Some(Place(outer.iter().chain([&next.id]).cloned().collect()))
        })
    }

    /// The step at a place.
    pub fn at(&self, place: &Place) -> Option<&Step> {
        let (own, outer) = place.0.split_last()?;
        self.list(outer, own)?.iter().find(|step| step.id == *own)
    }

    /// The list of steps in which one lies, by the ids of those around it.
    fn list(&self, outer: &[StepId], own: &StepId) -> Option<&[Step]> {
        let holds = |list: &&[Step], id: &StepId| list.iter().any(|step| step.id == *id);
        let mut list = &self.steps[..];
        for (index, id) in outer.iter().enumerate() {
            let step = list.iter().find(|step| step.id == *id)?;
            let next = outer.get(index + 1).unwrap_or(own);
            list = step.inner().into_iter().map(|(_, list)| list).find(|list| holds(list, next))?;
        }
        Some(list).filter(|list| holds(list, own))
    }

    /// Whether a record goes in: what its conditions say. `before` as [`Filter::evaluate`] takes it.
    pub fn enters<'a>(
        &'a self,
        values: &'a dyn Values,
        before: Option<&dyn Values>,
        context: Context,
    ) -> Entry<'a> {
        Entry {
            holds: self.conditions.evaluate(values, before, context),
            findings: self.conditions.explain(values, before, context),
        }
    }

    /// What a run does next.
    pub fn decide<'a>(
        &'a self,
        standing: &Standing,
        values: &'a dyn Values,
        context: Context,
    ) -> Decision<'a> {
        let mut because = Vec::new();
        let (mut place, mut since) = (Some(standing.place.clone()), standing.since);
        // Each turn goes to a step further down: as often as there are steps at most.
        while let Some(here) = place {
            let Some(step) = self.at(&here) else { return Decision { next: Next::Lost, because } };
            let mut ask = |filter: &'a Filter, way: &dyn Fn(bool) -> Way| {
                let holds = filter.evaluate(values, None, context);
                let findings = filter.explain(values, None, context);
                because.push(Branch { place: here.clone(), holds, way: way(holds), findings });
                holds
            };
            let went = match &step.what {
                What::Act(step) => {
                    return Decision { next: Next::Act { place: here, step }, because };
                }
                What::Decide(route) => {
                    return Decision { next: Next::Decided { place: here, route }, because };
                }
                What::Stop(words) => {
                    return Decision { next: Next::Stopped { place: here, words }, because };
                }
                What::If { filter, then, otherwise } => {
                    let holds = ask(filter, &|holds| if holds { Way::Then } else { Way::Else });
                    if holds { &then[..] } else { otherwise }
                }
                What::Wait(span) => {
                    let began = since.unwrap_or(context.now);
                    let until = span.after(began);
                    if context.now < until {
                        let standing = Standing { place: here, since: Some(began) };
                        return Decision { next: Next::Wait { standing, until }, because };
                    }
                    &[]
                }
                What::WaitUntil { filter, at_most, otherwise } => {
                    let began = since.unwrap_or(context.now);
                    let until = at_most.after(began);
                    let is_late = context.now >= until;
                    let holds = ask(filter, &|holds| match (holds, is_late) {
                        (true, _) => Way::Then,
                        (false, true) => Way::Else,
                        (false, false) => Way::Waits,
                    });
                    if !holds && !is_late {
                        let again_at = filter.next_change_at(values, context).filter(|at| *at < until);
                        let standing = Standing { place: here, since: Some(began) };
                        return Decision { next: Next::WaitUntil { standing, again_at, until }, because };
                    }
                    if holds { &[][..] } else { otherwise }
                }
            };
            since = None;
            place = match went.first() {
                Some(first) => Some(Place(here.0.iter().chain([&first.id]).cloned().collect())),
                None => self.after(&here),
            };
        }
        Decision { next: Next::Ended, because }
    }
}

//! Audiences that stand still, for a field that their filter names is gone or of another type: nobody enters or leaves them until it is back and
//! what was read without it is read again, or until the filter is edited. So it is with channels ([`crate::engine::portal::channels`]).

use std::collections::BTreeSet;

use super::super::{Activations, Attribute};
use crate::{
    engine::{
        audience,
        portal::{
            Portal, Turn,
            channels::held::{Held, What},
        },
    },
    store::{portal::dirty, sql::SqlError},
    values::{
        filter::Filter,
        ids::{AttributeId, ObjectType},
        time::Timestamp,
    },
};

/// The types that a filter asks of.
fn asked(filter: &Filter) -> Vec<ObjectType> {
    audience::asks(filter).into_iter().chain([super::FOUND]).collect()
}

impl Activations {
    /// Audiences that stand still: id, name and why.
    pub(in crate::engine::portal) fn standing_still(
        &self,
    ) -> impl Iterator<Item = (&AttributeId, &str, &str)> {
        self.found().filter_map(|(_, own)| {
            let held = own.saved.found.as_ref()?.held.as_ref().filter(|_| !own.saved.deleting)?;
            Some((&own.id, own.saved.name.as_str(), held.words.as_str()))
        })
    }

    /// Whether there is such an audience, whose members are found.
    pub(in crate::engine::portal) fn finds(&self, id: &AttributeId) -> bool {
        self.found().any(|(_, own)| own.id == *id && !own.saved.deleting)
    }
}

impl Portal {
    /// The fields of a type were read: holds the audiences that they do not fit any more, and lets go those that they fit again.
    #[inline(never)]
    pub(in crate::engine::portal) fn fit_audiences(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
    ) -> Result<(), SqlError> {
        let kind = self.streams[index].saved.object_type;
        let since = self.streams[index].saved.properties_at.unwrap_or(turn.now);
        let numbers: Vec<i64> = self.activations.found().map(|(number, _)| number).collect();
        for number in numbers {
            let Some(own) = self.activations.attributes.get(&number) else { continue };
            let (Some(filter), Some(found)) = (own.filter.clone(), &own.saved.found) else { continue };
            let kinds = asked(&filter);
            if !kinds.contains(&kind) || own.saved.deleting {
                continue;
            }
            let before = found.held.clone();
            let fault = self.faults_of_finding(turn, &filter)?.into_iter().next().map(|fault| fault.detail);
            let held = self.fitted(turn, What::Audience, &kinds, (fault, before.clone(), since))?;
            if held != before {
                self.hold_audience(turn, number, held)?;
            }
        }
        Ok(())
    }

    fn hold_audience(&mut self, turn: &Turn<'_>, number: i64, held: Option<Held>) -> Result<(), SqlError> {
        let Some(own) = self.activations.attributes.get_mut(&number) else { return Ok(()) };
        if let Some(found) = &mut own.saved.found {
            found.held = held;
        }
        own.save(turn, number)
    }

    /// An answer about records of a type does not have these fields: audiences whose filters name them wait until it is known why. Says
    /// whether one does.
    pub(in crate::engine::portal) fn doubt_audiences(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        missing: &BTreeSet<String>,
        since: Timestamp,
    ) -> Result<bool, SqlError> {
        let mut doubted = false;
        for (number, own) in &mut self.activations.attributes {
            let name = own.finding().and_then(|filter| {
                audience::reads(filter, kind)
                    .into_iter()
                    .find(|name| missing.contains(*name))
                    .map(str::to_owned)
            });
            let again = Held::doubts_again(own.doubted_at, turn.now);
            let (Some(name), Some(found)) = (name.filter(|_| again), &mut own.saved.found) else { continue };
            found.held = Some(Held::by_doubt(What::Audience, &name, since));
            own.doubted_at = Some(turn.now);
            own.save(turn, *number)?;
            doubted = true;
        }
        Ok(doubted)
    }

    /// Whether an audience that is held need not be so any longer.
    pub(super) fn finding_may_go_on(turn: &Turn<'_>, own: &Attribute) -> Result<bool, SqlError> {
        let held = own.saved.found.as_ref().and_then(|found| found.held.as_ref());
        let (Some(until), Some(filter)) = (held.and_then(|held| held.until), &own.filter) else {
            return Ok(false);
        };
        for kind in asked(filter) {
            if dirty::any_up_to(turn.sql, kind, until)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Lets an audience go on whose records are as they should be; says whether there was one.
    pub(super) fn let_audience_go(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let mut goes_on = None;
        for (number, own) in self.activations.found() {
            if Self::finding_may_go_on(turn, own)? {
                goes_on = Some(number);
                break;
            }
        }
        let Some(number) = goes_on else { return Ok(false) };
        if let Some(own) = self.activations.attributes.get_mut(&number) {
            own.find_anew();
        }
        self.hold_audience(turn, number, None)?;
        Ok(true)
    }
}

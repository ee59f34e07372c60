//! Audiences that are found: whoever a filter holds of is a member, as the mirror and what signals say have it at the moment.
//!
//! Members are remembered as those of channels are, with a moment to look again where time alone may change something
//! ([`crate::store::portal::channels`], under the negative of the attribute's number). What the feed tells of contacts, of the companies and
//! deals that a filter asks of, and what signals are of whom, is noted in the turn that it comes in ([`follow`]) and decided about a piece at a
//! time ([`decide`]); so are all contacts once a filter is new. Whoever becomes a member or ceases to be one is marked, as though a host had
//! said so. Decides while nothing can be written as well, but not before contacts were read.
//!
//! Owns what is saved of each beside the attribute ([`Found`]), and in memory whether something was noted.

mod decide;
mod follow;
mod held;

pub(super) use decide::looked_at;
pub(super) use follow::Touched;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Activations, Attribute, KIND};
use crate::{
    engine::{
        audience,
        portal::{
            Portal, Turn,
            channels::{Scan, held::Held},
            mappings::definitions,
        },
    },
    store::{
        portal::{channels as store, touched},
        sql::{Sql, SqlError},
    },
    values::{
        attribute::MEMBER,
        filter::{self, Code, Fault, Filter},
        ids::{ObjectType, RecordId},
        property_value,
        time::Timestamp,
    },
};

/// The types that a filter may ask of.
const KINDS: [ObjectType; 3] = [ObjectType::Contacts, ObjectType::Companies, ObjectType::Deals];

/// What is saved of an audience that is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Found {
    /// As the API has it.
    pub(super) filter: Value,
    /// The scan under way.
    pub(super) scan: Option<Scan>,
    /// Everybody was decided about once.
    pub(super) decided: bool,
    /// Why nobody enters or leaves it.
    pub(super) held: Option<Held>,
}

impl Found {
    pub(super) const fn new(filter: Value) -> Self {
        Self { filter, scan: Some(Scan::BEGIN), decided: false, held: None }
    }
}

/// Under what members are remembered.
pub(super) const fn place(number: i64) -> i64 {
    -number
}

/// The fields of HubSpot's that a filter names.
pub(super) struct Discovered(
    std::collections::BTreeMap<ObjectType, std::collections::BTreeMap<String, property_value::Definition>>,
);

impl Discovered {
    fn load(sql: &dyn Sql, filter: &Filter) -> Result<Self, SqlError> {
        let mut all = std::collections::BTreeMap::new();
        for kind in KINDS {
            let names: Vec<&str> = audience::reads(filter, kind).into_iter().collect();
            if !names.is_empty() {
                all.insert(kind, definitions(sql, kind, Some(&names))?);
            }
        }
        Ok(Self(all))
    }
}

impl filter::Fields for Discovered {
    fn field(&self, of: Option<&str>, name: &str) -> Option<filter::Field<'_>> {
        let found = self.0.get(&audience::of_subject(of)?)?.get(name)?;
        Some(filter::Field {
            label: &found.label,
            value_type: &found.value_type,
            field_type: &found.field_type,
            options: found.options.iter().map(|one| (one.value.as_str(), one.label.as_str())).collect(),
        })
    }
}

impl Attribute {
    /// Its filter, where its members are found by one and nobody holds it.
    fn finding(&self) -> Option<&Filter> {
        let found = self.saved.found.as_ref()?;
        self.filter.as_ref().filter(|_| found.held.is_none() && !self.saved.deleting)
    }

    /// Whether it is known who its members are.
    pub(super) fn knows_members(&self) -> bool {
        self.saved.found.as_ref().is_none_or(|found| found.decided)
    }

    /// Whether it is still being decided who its members are.
    pub(super) fn is_deciding(&self) -> bool {
        self.finding().is_some() && !self.knows_members()
    }

    fn find_anew(&mut self) {
        if let Some(found) = &mut self.saved.found {
            found.scan = Some(Scan::BEGIN);
        }
    }
}

impl Activations {
    /// Those that are found, by our numbers.
    pub(super) fn found(&self) -> impl Iterator<Item = (i64, &Attribute)> {
        self.attributes.iter().filter(|(_, own)| own.filter.is_some()).map(|(number, own)| (*number, own))
    }

    /// Names of the fields of a type by which audiences are found.
    pub(in crate::engine::portal) fn reads(&self, kind: ObjectType) -> BTreeSet<String> {
        let filters =
            self.found().filter(|(_, own)| !own.saved.deleting).filter_map(|(_, own)| own.filter.as_ref());
        filters.flat_map(|filter| audience::reads(filter, kind)).map(str::to_owned).collect()
    }

    /// The same of those that are found now.
    pub(in crate::engine::portal) fn decided_by(&self, kind: ObjectType) -> BTreeSet<String> {
        let filters = self.found().filter_map(|(_, own)| own.finding());
        filters.flat_map(|filter| audience::reads(filter, kind)).map(str::to_owned).collect()
    }

    /// Of these contacts who is in an audience that is found, whichever activation selects it.
    pub(super) fn found_among(
        &self,
        sql: &dyn Sql,
        ids: &[RecordId],
    ) -> Result<BTreeSet<RecordId>, SqlError> {
        let mut all = BTreeSet::new();
        for (number, _) in self.found() {
            all.extend(members_among(sql, number, ids)?);
        }
        Ok(all)
    }
}

/// Of these contacts the members of an audience that is found.
pub(super) fn members_among(
    sql: &dyn Sql,
    number: i64,
    ids: &[RecordId],
) -> Result<impl Iterator<Item = RecordId>, SqlError> {
    let known = store::known(sql, place(number), ids)?;
    Ok(known.into_iter().filter(|own| own.fingerprint.is_some()).map(|own| own.id))
}

/// What is said of the members among some contacts, as a host would have said it.
pub(super) fn said_of(
    sql: &dyn Sql,
    number: i64,
    ids: &[RecordId],
) -> Result<Vec<(RecordId, &'static str)>, SqlError> {
    Ok(members_among(sql, number, ids)?.map(|id| (id, MEMBER)).collect())
}

impl Portal {
    /// A filter as it was sent, or the first thing that is wrong with it and where.
    pub(super) fn checked_finding(
        &self,
        turn: &Turn<'_>,
        sent: &Value,
    ) -> Result<Result<Filter, (String, String)>, SqlError> {
        let place = |fault: &Fault| (format!("/computed{}", fault.path), fault.detail.clone());
        let filter = match Filter::from_value(sent) {
            Ok(filter) => filter,
            Err(faults) => {
                let whole = || ("/computed".to_owned(), "`computed` is a filter.".to_owned());
                return Ok(Err(faults.first().map_or_else(whole, place)));
            }
        };
        // Who is found by who is found: two could go on changing each other for ever.
        let asked = audience::reads(&filter, KIND);
        let own = self.activations.found().find(|(_, own)| asked.contains(own.saved.property.as_str()));
        if let Some((_, own)) = own {
            let words = format!(
                "`{}` is the property of an audience that is found itself. Ask for what that one asks.",
                own.saved.property
            );
            return Ok(Err(("/computed".to_owned(), words)));
        }
        let faults = self.faults_of_finding(turn, &filter)?;
        Ok(match faults.first() {
            Some(fault) => Err(place(fault)),
            None => Ok(filter),
        })
    }

    /// Everything that is wrong with a filter for the fields there are, and those of them that are mirrored.
    fn faults_of_finding(&self, turn: &Turn<'_>, filter: &Filter) -> Result<Vec<Fault>, SqlError> {
        let mut faults = audience::check(filter, &Discovered::load(turn.sql, filter)?);
        if faults.is_empty() {
            for kind in KINDS {
                let stream = self.streams.iter().find(|running| running.saved.object_type == kind);
                let mirrored = stream.map_or(&[][..], |running| &running.properties);
                for name in audience::reads(filter, kind) {
                    if mirrored.binary_search_by(|own| own.as_str().cmp(name)).is_err() {
                        let detail = format!(
                            "The field `{name}` of {kind} is not mirrored. Choose it among the fields of the type first."
                        );
                        faults.push(Fault { path: String::new(), code: Code::Unavailable, detail });
                    }
                }
            }
        }
        Ok(faults)
    }

    /// An audience's filter in words.
    pub(super) fn finding_in_words(turn: &Turn<'_>, filter: &Filter) -> Result<String, SqlError> {
        Ok(audience::describe(filter, &Discovered::load(turn.sql, filter)?))
    }

    /// When audiences have something to do of themselves; `None`: only once something else happens.
    pub(in crate::engine::portal) fn audiences_due_at(
        &self,
        turn: &Turn<'_>,
    ) -> Result<Option<Timestamp>, SqlError> {
        if self.finding_context(turn).is_none() {
            return Ok(None);
        }
        if self.activations.touched && touched::any(turn.sql)? {
            return Ok(Some(turn.now));
        }
        let mut due: Option<Timestamp> = None;
        for (number, own) in self.activations.found() {
            if Self::finding_may_go_on(turn, own)? {
                return Ok(Some(turn.now));
            }
            let Some(filter) = own.finding() else { continue };
            if own.saved.found.as_ref().is_some_and(|found| found.scan.is_some()) {
                return Ok(Some(turn.now));
            }
            // With a signal comes a moment of its own.
            if filter.depends_on_time() {
                due = due.into_iter().chain(store::next_at(turn.sql, place(number))?).min();
            }
        }
        Ok(due.map(|at| at.max(turn.now)))
    }

    /// What filters are asked by; `None`: nobody is found, or it is not known yet who is there.
    fn finding_context(&self, turn: &Turn<'_>) -> Option<filter::Context> {
        self.activations.found().next()?;
        let is_read = self.contacts().is_some_and(|running| running.saved.backfill.is_none());
        if is_read && !self.blocks.locked() { self.channel_context(turn) } else { None }
    }
}

/// The type of those who are found.
const FOUND: ObjectType = KIND;

//! The fields of HubSpot's that a workflow names: those that it asks for and writes must be there when it is enabled, and be mirrored; those
//! whose values its steps take are mirrored from then on.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    engine::{
        action_step::ActionStep,
        portal::{Effect, Portal, Turn, mappings::definitions},
        workflow::{Definition, describe_condition, of_subject, vocabulary},
    },
    store::{
        portal::workflows as store,
        sql::{Sql, SqlError},
    },
    values::{
        filter::{self, Code, Condition, Fault, Filter},
        ids::ObjectType,
        property_value,
    },
};

/// Types whose fields a workflow may name besides those of its record.
const KINDS: [ObjectType; 3] = [ObjectType::Contacts, ObjectType::Companies, ObjectType::Deals];

/// The types that a workflow may name fields of.
fn kinds(definition: &Definition) -> BTreeSet<ObjectType> {
    KINDS.into_iter().chain([definition.trigger.record()]).collect()
}

/// The types of which a workflow asks or takes anything.
pub(super) fn asked(definition: &Definition) -> Vec<ObjectType> {
    kinds(definition).into_iter().filter(|kind| definition.asks_of(*kind)).collect()
}

/// The fields of HubSpot's that a workflow names, as they were last discovered.
#[derive(Debug)]
pub(super) struct Discovered {
    record: ObjectType,
    all: BTreeMap<ObjectType, BTreeMap<String, property_value::Definition>>,
}

impl Discovered {
    pub(super) fn load(sql: &dyn Sql, definition: &Definition) -> Result<Self, SqlError> {
        let mut all = BTreeMap::new();
        for kind in kinds(definition) {
            let names: Vec<&str> = definition.reads(kind).into_iter().collect();
            let found =
                if names.is_empty() { BTreeMap::new() } else { definitions(sql, kind, Some(&names))? };
            all.insert(kind, found);
        }
        Ok(Self { record: definition.trigger.record(), all })
    }

    /// A condition of a filter in words.
    pub(super) fn describe(&self, filter: &Filter, condition: &Condition) -> String {
        describe_condition(filter, condition, self)
    }
}

impl filter::Fields for Discovered {
    fn field(&self, of: Option<&str>, name: &str) -> Option<filter::Field<'_>> {
        let found = self.all.get(&of_subject(of, self.record)?)?.get(name)?;
        Some(filter::Field {
            label: &found.label,
            value_type: &found.value_type,
            field_type: &found.field_type,
            options: found.options.iter().map(|one| (one.value.as_str(), one.label.as_str())).collect(),
        })
    }
}

fn fault(path: impl Into<String>, code: Code, detail: String) -> Fault {
    Fault { path: path.into(), code, detail }
}

impl Portal {
    /// Everything that is wrong with a workflow for what the connection may read, the fields there are, and those of them that are mirrored.
    pub(super) fn faults_of_workflow(
        &self,
        turn: &Turn<'_>,
        definition: &Definition,
    ) -> Result<Vec<Fault>, SqlError> {
        let mut faults = self.faults_of_conditions(turn, definition)?;
        let words = vocabulary(definition.trigger.record());
        faults.extend(self.faults_of_steps(turn, &definition.actions(), words)?);
        Ok(faults)
    }

    /// The same of what begins it and of what it decides by: without that nobody knows what it would do. What a step lacks its run tells.
    pub(super) fn faults_of_conditions(
        &self,
        turn: &Turn<'_>,
        definition: &Definition,
    ) -> Result<Vec<Fault>, SqlError> {
        let record = definition.trigger.record();
        if !self.mirrors(record) {
            let detail =
                format!("Records of {record} are not mirrored here. Turn the type on among the types first.");
            return Ok(vec![fault("/trigger/record", Code::Unavailable, detail)]);
        }
        if let Some(detail) = self.workflow_is_barred(definition) {
            return Ok(vec![fault("/conditions", Code::Unavailable, detail)]);
        }
        let mut faults = definition.check(&Discovered::load(turn.sql, definition)?);
        if faults.is_empty() {
            definition.visit_filters(&mut |path, filter, _| {
                for (of, name) in filter.properties() {
                    let Some(kind) = of_subject(of, record).filter(|_| name != "hs_object_id") else {
                        continue;
                    };
                    let stream = self.streams.iter().find(|running| running.saved.object_type == kind);
                    let mirrored = stream.map_or(&[][..], |running| &running.properties);
                    if mirrored.binary_search_by(|own| own.as_str().cmp(name)).is_err() {
                        let detail = format!(
                            "The field `{name}` of {kind} is not mirrored. Choose it among the fields of the type first."
                        );
                        faults.push(fault(path, Code::Unavailable, detail));
                    }
                }
            });
        }
        Ok(faults)
    }

    /// Why nobody knows what a workflow would see, if the connection may not read the records that it asks of.
    pub(super) fn workflow_is_barred(&self, definition: &Definition) -> Option<String> {
        let connection = self.connection.as_ref()?;
        let record = definition.trigger.record();
        let mut filtered = BTreeSet::from([record]);
        definition.visit_filters(&mut |_, filter, _| {
            filtered.extend(filter.properties().into_iter().filter_map(|(of, _)| of_subject(of, record)));
        });
        filtered.into_iter().find_map(|kind| {
            let stream = self.streams.iter().find(|running| running.saved.object_type == kind)?;
            let lacks = stream.lacks(connection);
            (!lacks.is_empty()).then(|| {
                format!(
                    "It decides by {kind}, which the connection may not read without `{}`. Connect again and grant it.",
                    lacks.join("` or `")
                )
            })
        })
    }

    /// Has the fields mirrored whose values a workflow's steps take; `Err`: there is no room for more.
    pub(super) fn mirror_workflow(
        &mut self,
        turn: &mut Turn<'_>,
        definition: &Definition,
        effects: &mut Vec<Effect>,
    ) -> Result<Result<(), Vec<Fault>>, SqlError> {
        let names = |kind| definition.reads(kind).into_iter().map(str::to_owned).collect();
        let named: Vec<(ObjectType, BTreeSet<String>)> =
            kinds(definition).into_iter().map(|kind| (kind, names(kind))).collect();
        self.mirror_named(turn, &named, effects)
    }

    /// Names of the fields of a type that workflows ask for, and whose values their steps take: of the newest version of each, and of those
    /// that runs under way go by.
    pub(in crate::engine::portal) fn read_by_workflows(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
    ) -> Result<BTreeSet<String>, SqlError> {
        let mut names: BTreeSet<String> = self.workflows.reads(kind).collect();
        if self.workflows.open > 0 {
            for (workflow, version, definition) in store::versions_under_way(turn.sql)? {
                let own = self.workflows.numbered(workflow);
                // The newest was asked already, and of one that is removed nothing goes on.
                if own.is_none_or(|own| own.saved.version == version || !own.is_there()) {
                    continue;
                }
                let definition = super::read(&definition);
                names.extend(definition.iter().flat_map(|own| own.reads(kind)).map(str::to_owned));
            }
        }
        Ok(names)
    }
}

impl super::Workflows {
    /// Names of the fields of a type that the newest versions ask for, and whose values their steps take.
    fn reads(&self, kind: ObjectType) -> impl Iterator<Item = String> + '_ {
        let there = self.all.iter().filter(|running| running.is_there());
        there.flat_map(move |running| running.definition.reads(kind)).map(str::to_owned)
    }

    /// Workflows that ask for a field of a type, or write it: id and name of each.
    pub(in crate::engine::portal) fn naming(&self, kind: ObjectType, field: &str) -> Vec<(String, String)> {
        let names = |running: &&super::Running| {
            let writes = |step: &ActionStep| {
                step.writes().is_some_and(|(of, values)| of == kind && values.contains_key(field))
            };
            running.definition.reads(kind).contains(field)
                || running.definition.actions().iter().any(|(_, step)| writes(step))
        };
        let all = self.all.iter().filter(|running| running.is_there()).filter(names);
        all.map(|running| (running.saved.id.to_string(), running.definition.name.clone())).collect()
    }

    /// Names of the fields of a type by which workflows decide now.
    pub(in crate::engine::portal) fn decided_by(
        &self,
        kind: ObjectType,
    ) -> impl Iterator<Item = String> + '_ {
        let work = self.all.iter().filter(|running| running.works());
        work.flat_map(move |running| running.definition.reads(kind)).map(str::to_owned)
    }

    /// Names of the workflows of records of a type.
    pub(in crate::engine::portal) fn of_type(&self, kind: ObjectType) -> Vec<String> {
        let own = self.all.iter().filter(|one| one.is_there() && one.definition.trigger.record() == kind);
        own.map(|running| running.definition.name.clone()).collect()
    }
}

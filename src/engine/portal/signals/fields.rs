//! The fields of HubSpot's that the steps of automations name. Both those that they write and those whose values they take must be there when
//! an automation is saved; the latter are mirrored from then on, and stay so as long as it names them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::{
    engine::{
        portal::{Effect, Portal, Turn, mappings::definitions},
        signal::{Automation, Facts, named, written},
    },
    store::{portal::fields, sql::SqlError},
    values::{
        filter::{Code, Fault},
        ids::ObjectType,
        property_value::{Definition, Refusal},
    },
};

fn fault(path: String, code: Code, detail: String) -> Fault {
    Fault { path, code, detail }
}

/// Whether a step takes values of a record that is not known yet.
pub(super) fn is_of_nobody(step: &Map<String, Value>, facts: &Facts) -> bool {
    let is_known = |kind: ObjectType| {
        facts.named(if kind == ObjectType::Companies { "company" } else { "contact" }, "id").is_some()
    };
    named(step).iter().any(|(kind, _)| !is_known(*kind))
}

impl Portal {
    /// Everything that is wrong with the fields that an automation's steps name, for what the connection may read and the fields there are.
    pub(super) fn faults_of_steps(
        &self,
        turn: &Turn<'_>,
        automation: &Automation,
    ) -> Result<Vec<Fault>, SqlError> {
        let mut names: BTreeMap<ObjectType, BTreeSet<&str>> = BTreeMap::new();
        for step in &automation.steps {
            for (kind, name) in named(step) {
                names.entry(kind).or_default().insert(name);
            }
            if let Some((kind, values)) = written(step) {
                names.entry(kind).or_default().extend(values.keys().map(String::as_str));
            }
        }
        let mut known: BTreeMap<ObjectType, BTreeMap<String, Definition>> = BTreeMap::new();
        for (kind, names) in names {
            let names: Vec<&str> = names.into_iter().collect();
            known.insert(kind, definitions(turn.sql, kind, Some(&names))?);
        }
        let mut faults = Vec::new();
        for (index, step) in automation.steps.iter().enumerate() {
            let path = format!("/steps/{index}");
            for (kind, name) in named(step) {
                if let Some((code, detail)) = self.lacks_field(turn, kind, known[&kind].get(name), name)? {
                    faults.push(fault(path.clone(), code, detail));
                }
            }
            let Some((kind, values)) = written(step) else { continue };
            // Custom objects that are not mirrored have fields that nobody here knows: HubSpot says what it thinks of them.
            if !self.mirrors(kind) && matches!(kind, ObjectType::Custom(_)) {
                continue;
            }
            let is_discovered = !self.mirrors(kind) || fields::any(turn.sql, kind)?;
            for name in values.keys() {
                let (code, detail) = match known[&kind].get(name).map(Definition::writable) {
                    Some(Ok(_)) => continue,
                    Some(Err(refused)) => (Code::ReadOnly, refused.detail),
                    None if is_discovered => (Code::UnknownField, Refusal::unknown_field(name).detail),
                    None => (
                        Code::Unavailable,
                        format!(
                            "The fields of {kind} are still to be read: nobody knows yet whether there is `{name}`."
                        ),
                    ),
                };
                let name = name.replace('~', "~0").replace('/', "~1");
                faults.push(fault(format!("{path}/properties/{name}"), code, detail));
            }
        }
        Ok(faults)
    }

    /// Why a step can take no value of a field.
    fn lacks_field(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        field: Option<&Definition>,
        name: &str,
    ) -> Result<Option<(Code, String)>, SqlError> {
        let of = if kind == ObjectType::Companies { "company" } else { "contact" };
        let stream = self.streams.iter().find(|running| running.saved.object_type == kind);
        let lacks = match (stream, &self.connection) {
            (Some(stream), Some(connection)) => stream.lacks(connection),
            _ => Vec::new(),
        };
        if !lacks.is_empty() {
            let detail = format!(
                "`{{{{{of}.{name}}}}}` is a field of {kind}, which the connection may not read without `{}`. Connect again and grant it.",
                lacks.join("` or `")
            );
            return Ok(Some((Code::Unavailable, detail)));
        }
        if field.is_some() {
            return Ok(None);
        }
        if fields::any(turn.sql, kind)? {
            let detail = format!(
                "`{{{{{of}.{name}}}}}` is no fact: HubSpot has no field `{name}` of {kind}. Refresh the fields or name another."
            );
            return Ok(Some((Code::UnknownField, detail)));
        }
        let detail =
            format!("The fields of {kind} are still to be read: nobody knows yet whether there is `{name}`.");
        Ok(Some((Code::Unavailable, detail)))
    }

    /// Has the fields mirrored from which an automation's steps take values; `Err`: there is no room for more.
    pub(super) fn mirror_named(
        &mut self,
        turn: &Turn<'_>,
        automation: &Automation,
        effects: &mut Vec<Effect>,
    ) -> Result<Result<(), Vec<Fault>>, SqlError> {
        for kind in [ObjectType::Companies, ObjectType::Contacts] {
            let names: BTreeSet<String> = automation.reads(kind).into_iter().map(str::to_owned).collect();
            if !self.mirror_too(turn, kind, &names, effects)? {
                let names: Vec<String> = names.into_iter().collect();
                let detail = format!(
                    "Storage is full, and not all of `{}` of {kind} are mirrored. Choose fewer fields first.",
                    names.join("`, `")
                );
                return Ok(Err(vec![fault("/steps".to_owned(), Code::Unavailable, detail)]));
            }
        }
        Ok(Ok(()))
    }
}

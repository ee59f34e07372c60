//! Field mappings of a connection: checked against the fields there are when they are saved, shown with what has become of these since.
//!
//! Owns the mappings (in the database; there are nine at most, and they are asked for as often as something is written). What a mapping
//! is and what follows from it is [`crate::values::mapping`]'s; whoever writes to HubSpot asks [`load`] and [`definitions`].
//!
//! What a mapping fills stays mirrored as long as it is there, as what channels read does: whether a field is empty, or holds already what
//! would be written, is asked of the mirror.

pub mod commands;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    engine::portal::{Portal, Turn},
    hubspot::engagements,
    store::{
        portal::{fields, mappings as store},
        sql::{Sql, SqlError},
    },
    values::{
        ids::ObjectType,
        json,
        mapping::{Action, Mapping},
        property_value::{Definition, Nature},
        time::Timestamp,
    },
};

/// A mapping, as saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Saved {
    /// As [`Mapping::to_json`] writes it.
    definition: Value,
    /// What its fields were when it was saved, entry by entry.
    natures: Vec<Option<Nature>>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Saved {
    fn read(state: &str) -> Result<Self, SqlError> {
        json::parse(state).map_err(|_| SqlError::Content("mappings"))
    }

    /// The mapping; `None`: in words of a newer release, which this one does not use.
    fn mapping(&self) -> Option<Mapping> {
        Mapping::parse(&self.definition).ok().map(|mapping| mapping.saved_with(&self.natures))
    }
}

/// The mapping of an action, if one was saved.
pub fn load(sql: &dyn Sql, action: Action) -> Result<Option<Mapping>, SqlError> {
    let saved = store::one(sql, action)?.map(|state| Saved::read(&state)).transpose()?;
    Ok(saved.and_then(|saved| saved.mapping()))
}

/// Of these fields of a type (`None`: of all) the ones that HubSpot lists, as they were last discovered. Of tasks, calls and notes that were
/// never mirrored what HubSpot defines in every account, so that they can be written all the same.
pub fn definitions(
    sql: &dyn Sql,
    kind: ObjectType,
    names: Option<&[&str]>,
) -> Result<BTreeMap<String, Definition>, SqlError> {
    if !fields::any(sql, kind)? {
        let wanted = |field: &Definition| names.is_none_or(|names| names.contains(&field.name.as_str()));
        let known = engagements::written(kind).into_iter().filter(wanted);
        return Ok(known.map(|field| (field.name.clone(), field)).collect());
    }
    let listed = match names {
        Some(names) => fields::present(sql, kind, names)?,
        None => {
            let all = fields::load(sql, kind)?.into_iter().filter(|field| field.vanished_at.is_none());
            all.map(|field| (field.name, field.definition)).collect()
        }
    };
    let read = |(name, definition): (String, String)| {
        json::parse(&definition).map(|definition| (name, definition)).map_err(|_| SqlError::Content("fields"))
    };
    listed.into_iter().map(read).collect()
}

/// The fields that a mapping names.
fn definitions_of(
    sql: &dyn Sql,
    action: Action,
    mapping: &Mapping,
) -> Result<BTreeMap<String, Definition>, SqlError> {
    let names: Vec<&str> = mapping.entries.iter().map(|entry| entry.field.as_str()).collect();
    definitions(sql, action.object_type(), Some(&names))
}

impl Portal {
    /// Names of the fields of a type that channels, lists, automations and workflows read, mappings fill, or scores and activations are
    /// written to: the mirror holds them as long as that is so.
    pub(super) fn needed(&self, turn: &Turn<'_>, kind: ObjectType) -> Result<BTreeSet<String>, SqlError> {
        let mut names: BTreeSet<String> = self.channels.reads(kind).into_iter().map(str::to_owned).collect();
        names.extend(self.signals.reads(kind));
        names.extend(self.read_by_workflows(turn, kind)?);
        for action in Action::ALL.into_iter().filter(|action| action.object_type() == kind) {
            if let Some(mapping) = load(turn.sql, action)? {
                names.extend(mapping.entries.into_iter().map(|entry| entry.field));
            }
        }
        if kind == Action::ScoreSnapshot.object_type() {
            names.extend(self.scores.managed());
        }
        if kind == ObjectType::Contacts {
            names.extend(self.activations.managed());
        }
        names.extend(self.activations.reads(kind));
        Ok(names)
    }

    /// A mapping in the API's shape, with what is wrong with it now.
    fn shown_mapping(&self, turn: &Turn<'_>, action: Action, saved: &Saved) -> Result<Value, SqlError> {
        let kind = action.object_type();
        let mut entries = Vec::new();
        let mut broken = false;
        let discovered = self.discovered(turn, kind)?;
        if let Some(mapping) = saved.mapping() {
            let fields = definitions_of(turn.sql, action, &mapping)?;
            for entry in &mapping.entries {
                let field = fields.get(&entry.field);
                let trouble = if discovered { entry.trouble_in(action, field) } else { None };
                broken |= trouble.is_some();
                let mut shown = entry.to_json();
                shown["label"] = json!(field.map(|field| &field.label));
                shown["property_type"] = json!(field.and_then(Definition::nature));
                shown["trouble"] = json!(trouble);
                entries.push(shown);
            }
        } else {
            broken = true;
        }
        let state = match (discovered, broken) {
            (_, true) => "broken",
            (true, false) => "ready",
            (false, false) => "unchecked",
        };
        Ok(json!({
            "action": action,
            "object_type": kind,
            "state": state,
            "entries": entries,
            "created_at": saved.created_at.to_rfc3339(),
            "updated_at": saved.updated_at.to_rfc3339(),
        }))
    }

    /// Whether it is known which fields a type has: of one that is not mirrored, what HubSpot defines is all there is.
    fn discovered(&self, turn: &Turn<'_>, kind: ObjectType) -> Result<bool, SqlError> {
        Ok(!self.mirrors(kind) || fields::any(turn.sql, kind)?)
    }
}

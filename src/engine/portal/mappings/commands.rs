//! What people and the host's servers ask of mappings: shown, saved, removed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Saved, definitions, definitions_of};
use crate::{
    engine::portal::{Portal, Turn},
    store::{portal::mappings as store, sql::SqlError},
    values::{
        filter::Fault,
        mapping::{Action, Mapping},
        property_value::Definition,
    },
};

/// What can be asked of a connection's mappings.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Answers [`Answer::Json`] `{results, next_cursor}`, in the order of [`Action::ALL`].
    List,
    /// Answers [`Answer::Json`].
    Get(Action),
    /// Saves a definition in the place of what was there. Answers [`Answer::Json`].
    Put(Action, Value),
    /// Answers [`Answer::Removed`].
    Remove(Action),
    /// The fields that an action can fill, for editors. Answers [`Answer::Json`] `{results}`: name, label, nature, whether values are
    /// unique, labels of the first options and how many there are.
    Fields(Action),
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// One or all of them, in the API's shape.
    Json(String),
    /// It is gone.
    Removed,
    /// It is not done.
    Refused(Refusal),
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The action has no mapping.
    NotFound,
    /// The fields of the type are not known yet, so nothing can be checked.
    NotDiscovered,
    /// The definition may not be saved: everything that is wrong with it, and where.
    Wrong(Vec<Fault>),
}

impl Portal {
    /// Answers a command about mappings.
    pub(in crate::engine::portal) fn mapping_command(
        &self,
        turn: &Turn<'_>,
        command: Command,
    ) -> Result<Answer, SqlError> {
        match command {
            Command::List => {
                let mut saved: BTreeMap<String, String> = store::all(turn.sql)?.into_iter().collect();
                let mut results = Vec::new();
                for action in Action::ALL {
                    if let Some(state) = saved.remove(action.as_str()) {
                        results.push(self.shown_mapping(turn, action, &Saved::read(&state)?)?);
                    }
                }
                Ok(Answer::Json(json!({ "results": results, "next_cursor": null }).to_string()))
            }
            Command::Get(action) => match store::one(turn.sql, action)? {
                Some(state) => {
                    let shown = self.shown_mapping(turn, action, &Saved::read(&state)?)?;
                    Ok(Answer::Json(shown.to_string()))
                }
                None => Ok(Answer::Refused(Refusal::NotFound)),
            },
            Command::Fields(action) => Ok(Answer::Json(fillable(turn, action)?)),
            Command::Put(action, definition) => self.save_mapping(turn, action, &definition),
            Command::Remove(action) => match store::one(turn.sql, action)? {
                Some(_) => {
                    store::remove(turn.sql, action)?;
                    Ok(Answer::Removed)
                }
                None => Ok(Answer::Refused(Refusal::NotFound)),
            },
        }
    }

    fn save_mapping(&self, turn: &Turn<'_>, action: Action, definition: &Value) -> Result<Answer, SqlError> {
        let mut mapping = match Mapping::parse(definition) {
            Ok(mapping) => mapping,
            Err(faults) => return Ok(Answer::Refused(Refusal::Wrong(faults))),
        };
        let kind = action.object_type();
        if !self.discovered(turn, kind)? {
            return Ok(Answer::Refused(Refusal::NotDiscovered));
        }
        let fields = definitions_of(turn.sql, action, &mapping)?;
        let of_kind = self.streams.iter().find(|running| running.saved.object_type == kind);
        let mirrored = of_kind.map_or(&[][..], |running| &running.properties);
        let is_mirrored = |name: &str| mirrored.binary_search_by(|own| own.as_str().cmp(name)).is_ok();
        let faults = mapping.check(action, |name| fields.get(name), is_mirrored);
        if !faults.is_empty() {
            return Ok(Answer::Refused(Refusal::Wrong(faults)));
        }
        mapping.settle(|name| fields.get(name));
        let before = store::one(turn.sql, action)?.map(|state| Saved::read(&state)).transpose()?;
        let saved = Saved {
            definition: mapping.to_json(),
            natures: mapping.natures(),
            created_at: before.map_or(turn.now, |before| before.created_at),
            updated_at: turn.now,
        };
        let state = serde_json::to_string(&saved).map_err(|_| SqlError::Content("mappings"))?;
        store::put(turn.sql, action, &state)?;
        Ok(Answer::Json(self.shown_mapping(turn, action, &saved)?.to_string()))
    }
}

/// Labels of options that editors are told of each field.
const OPTIONS_TOLD: usize = 10;

/// The fields that an action can fill.
fn fillable(turn: &Turn<'_>, action: Action) -> Result<String, SqlError> {
    let fields = definitions(turn.sql, action.object_type(), None)?;
    let told = |field: &Definition| {
        let nature = field.writable().ok()?;
        let options = field.options.iter().take(OPTIONS_TOLD).map(|choice| &choice.label);
        Some(json!({
            "name": field.name, "label": field.label, "nature": nature, "unique": field.unique,
            "options": options.collect::<Vec<_>>(), "options_count": field.options.len(),
        }))
    };
    let results: Vec<Value> = fields.values().filter_map(told).collect();
    Ok(json!({ "results": results }).to_string())
}

//! The fields there are, as a channel's definition is checked against them: those it names, as they were last discovered.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{
    engine::channel::Channel,
    store::{
        portal::fields,
        sql::{Sql, SqlError},
    },
    values::{filter, json},
};

/// The fields that a channel names.
pub struct Discovered(BTreeMap<String, Definition>);

#[derive(Deserialize)]
struct Definition {
    label: String,
    #[serde(rename = "type")]
    value_type: String,
    field_type: String,
    #[serde(default)]
    options: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    value: String,
    label: String,
}

impl Discovered {
    /// Of those that the channel names, the ones there are.
    pub fn load(sql: &dyn Sql, channel: &Channel) -> Result<Self, SqlError> {
        let names: BTreeSet<&str> =
            channel.properties().into_iter().filter(|(of, _)| of.is_none()).map(|(_, name)| name).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let found = fields::present(sql, channel.object_type, &names)?;
        let read = |(name, definition): (String, String)| {
            json::parse(&definition)
                .map(|definition| (name, definition))
                .map_err(|_| SqlError::Content("fields"))
        };
        found.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl filter::Fields for Discovered {
    fn field(&self, of: Option<&str>, name: &str) -> Option<filter::Field<'_>> {
        let found = self.0.get(name).filter(|_| of.is_none())?;
        Some(filter::Field {
            label: &found.label,
            value_type: &found.value_type,
            field_type: &found.field_type,
            options: found
                .options
                .iter()
                .map(|choice| (choice.value.as_str(), choice.label.as_str()))
                .collect(),
        })
    }
}

//! What a reader of the feed gets of a record that entered a channel, or changed in it: its fields as they are when they are read. The
//! feed itself holds no value of it, so nothing there outlives a record that is deleted for privacy.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Mode, Saved};
use crate::{
    engine::channel::{Channel, to_json},
    hubspot::objects::Properties,
    store::{
        portal::{channels as store, feed::Passage, records},
        sql::{Sql, SqlError},
    },
    values::{
        filter::Lookup,
        ids::{ChannelId, ObjectType, RecordId},
        json,
    },
};

/// The fields of those of the records that are the channel's now, as JSON objects. Of one that has left since there is a later change
/// that says so.
pub fn fields(
    sql: &dyn Sql,
    channel: &ChannelId,
    kind: ObjectType,
    ids: &[RecordId],
) -> Result<BTreeMap<RecordId, String>, SqlError> {
    let mut all = BTreeMap::new();
    let Some((number, state)) = store::one(sql, channel)? else { return Ok(all) };
    let saved: Saved = json::parse(&state).map_err(|_| SqlError::Content("channels"))?;
    let definition = match saved.mode {
        Mode::Active | Mode::Paused => Channel::parse(&saved.definition).ok(),
        Mode::Removed => None,
    };
    let Some(definition) = definition else { return Ok(all) };
    let known = store::known(sql, number, ids)?;
    let members: Vec<RecordId> =
        known.iter().filter(|known| known.fingerprint.is_some()).map(|known| known.id).collect();
    for live in records::live_by_ids(sql, kind, &members)? {
        all.insert(live.id, render(&definition, &live.properties));
    }
    Ok(all)
}

/// Adds to the line of a change what is particular to channels.
pub fn about(line: &mut String, channel: &ChannelId, passage: Passage, fields: Option<&String>) {
    write!(line, ",\"channel\":\"{channel}\"").expect("writing to a string does not fail");
    let reason = match passage {
        Passage::Entered | Passage::Updated => {
            if let Some(fields) = fields {
                line.push_str(",\"fields\":");
                line.push_str(fields);
            }
            return;
        }
        Passage::Unselected => "unselected",
        Passage::Deleted => "deleted",
        Passage::Erased => "erased",
        Passage::Merged(into) => {
            write!(line, ",\"into\":\"{into}\"").expect("writing to a string does not fail");
            "merged"
        }
    };
    write!(line, ",\"reason\":\"{reason}\"").expect("writing to a string does not fail");
}

/// What the host gets of a record of that text, selected or not.
pub(super) fn render(channel: &Channel, properties: &str) -> String {
    let properties = Properties::parse(properties).unwrap_or_default();
    let values =
        Lookup::new(|of: Option<&str>, name: &str| if of.is_none() { properties.get(name) } else { None });
    to_json(&channel.fields(&values)).to_string()
}

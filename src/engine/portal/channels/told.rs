//! What a reader of the feed gets of a record that entered a channel, or changed in it: its fields as they are when they are read. The
//! feed itself holds no value of it, so nothing there outlives a record that is deleted for privacy.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Mode, Saved};
use crate::{
    engine::{
        channel::{Channel, to_json},
        portal::{
            messages::{Answer, RECORDS_LIMIT},
            query::{ANSWER_BYTES, FETCH},
        },
    },
    hubspot::objects::Properties,
    store::{
        portal::{
            channels as store,
            feed::{self, Passage},
            records,
        },
        sql::{Sql, SqlError},
    },
    values::{
        filter::Lookup,
        ids::{ChannelId, ObjectType, RecordId},
        json,
        time::Timestamp,
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

/// Members of a channel, to be handed over.
pub struct Members {
    /// What they are.
    pub object_type: ObjectType,
    /// In the order of ids, each with its fields as a JSON object.
    pub fields: Vec<(RecordId, String)>,
    /// There are no more.
    pub last: bool,
}

/// The members above an id; `None`: there is no such channel. Bounded by their number, and by the bytes of their fields.
pub fn members(
    sql: &dyn Sql,
    channel: &ChannelId,
    above: RecordId,
    most: usize,
    bytes: usize,
) -> Result<Option<Members>, SqlError> {
    let Some((number, state)) = store::one(sql, channel)? else { return Ok(None) };
    let saved: Saved = json::parse(&state).map_err(|_| SqlError::Content("channels"))?;
    let Ok(definition) = Channel::parse(&saved.definition) else { return Ok(None) };
    if saved.mode == Mode::Removed {
        return Ok(None);
    }
    let object_type = definition.object_type;
    let ids = store::members_above(sql, number, above, most + 1)?;
    let (mut all, mut written) = (Vec::new(), 0);
    for some in ids.chunks(FETCH as usize) {
        for live in records::live_by_ids(sql, object_type, some)? {
            if all.len() == most || written > bytes {
                return Ok(Some(Members { object_type, fields: all, last: false }));
            }
            let fields = render(&definition, &live.properties);
            written += fields.len();
            all.push((live.id, fields));
        }
    }
    Ok(Some(Members { object_type, last: ids.len() <= most, fields: all }))
}

/// The lines that hand over these records, as of the change of that number. One that has left meanwhile comes without fields: a later change
/// says so.
pub fn handed_over(
    sql: &dyn Sql,
    channel: &ChannelId,
    ids: &[RecordId],
    seq: u64,
    now: Timestamp,
) -> Result<Vec<String>, SqlError> {
    let Some((_, state)) = store::one(sql, channel)? else { return Ok(Vec::new()) };
    let saved: Saved = json::parse(&state).map_err(|_| SqlError::Content("channels"))?;
    let Ok(Channel { object_type, .. }) = Channel::parse(&saved.definition) else { return Ok(Vec::new()) };
    let (at, mut lines) = (now.to_rfc3339(), Vec::new());
    for some in ids.chunks(FETCH as usize) {
        let fields = fields(sql, channel, object_type, some)?;
        for id in some {
            let mut line = format!(
                "{{\"seq\":\"{seq}\",\"at\":\"{at}\",\"object_type\":\"{object_type}\",\"kind\":\"channel_entered\",\"id\":\"{id}\",\"handed_over\":true"
            );
            about(&mut line, channel, Passage::Entered, fields.get(id));
            line.push('}');
            lines.push(line);
        }
    }
    Ok(lines)
}

/// A page of a channel's records for who reads them, `{results, after, next_cursor}`. `after`: the newest change that is in it.
pub fn page(
    sql: &dyn Sql,
    channel: &ChannelId,
    above: Option<RecordId>,
    limit: u32,
) -> Result<Answer, SqlError> {
    let limit = limit.clamp(1, RECORDS_LIMIT) as usize;
    let found = members(sql, channel, above.unwrap_or(RecordId(0)), limit, ANSWER_BYTES)?;
    let Some(Members { fields, last, .. }) = found else { return Ok(Answer::Missing) };
    let next =
        fields.last().filter(|_| !last).map_or_else(|| "null".to_owned(), |(id, _)| format!("\"{id}\""));
    let results: Vec<String> =
        fields.iter().map(|(id, fields)| format!("{{\"id\":\"{id}\",\"fields\":{fields}}}")).collect();
    let after = feed::latest(sql)?;
    Ok(Answer::Json(format!(
        "{{\"results\":[{}],\"after\":\"{after}\",\"next_cursor\":{next}}}",
        results.join(",")
    )))
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

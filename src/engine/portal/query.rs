//! What readers ask of a connection: records and changes in the API's shape. Reads only.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    engine::portal::{
        Turn,
        channels::told,
        keeping,
        links::show::Names,
        messages::{Answer, CHANGES_LIMIT, RECORDS_LIMIT},
    },
    store::{
        portal::{
            feed::{self, Change, Chunk, Passage},
            keys,
            records::{self, Live},
            types,
        },
        sql::{Sql, SqlError},
    },
    values::{
        ids::{ListId, ObjectType, RecordId},
        json,
    },
};

/// Bytes after which an answer ends early with a cursor: an isolate has 128 MB, and a caller a patience.
pub(super) const ANSWER_BYTES: usize = 4 << 20;
/// Bytes of the feed looked at for one answer, and one row more: what is not wanted is parsed as well.
pub(super) const LOOKED_BYTES: usize = 8 << 20;
/// Rows of the feed looked at for one answer, where they are small.
const CHUNKS: usize = 2_000;
/// Records fetched from storage at once while an answer is filled: a record can hold megabytes.
pub(super) const FETCH: u32 = 50;

#[derive(Serialize)]
struct RecordJson<'a> {
    id: String,
    object_type: ObjectType,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_from: Option<String>,
    properties: &'a RawValue,
}

/// A record in the API's shape.
pub(super) fn record_json(
    kind: ObjectType,
    live: &Live,
    merged_from: Option<RecordId>,
) -> Result<String, SqlError> {
    let json = RecordJson {
        id: live.id.to_string(),
        object_type: kind,
        created_at: live.created_at.to_rfc3339(),
        updated_at: live.updated_at.to_rfc3339(),
        merged_from: merged_from.map(|id| id.to_string()),
        properties: raw(&live.properties)?,
    };
    serde_json::to_string(&json).map_err(|_| SqlError::Content("records"))
}

fn raw(properties: &str) -> Result<&RawValue, SqlError> {
    json::parse(properties).map_err(|_| SqlError::Content("records"))
}

/// A page of live records, `{results, next_cursor}`.
pub fn records(
    sql: &dyn Sql,
    kind: ObjectType,
    after: Option<RecordId>,
    limit: u32,
    key: Option<&str>,
) -> Result<Answer, SqlError> {
    let limit = limit.clamp(1, RECORDS_LIMIT);
    let mut results: Vec<String> = Vec::new();
    let mut bytes = 0;
    let mut next = None;
    if let Some(key) = key {
        for live in keys::by_key(sql, kind, key, limit)? {
            results.push(record_json(kind, &live, None)?);
        }
    } else {
        let mut above = after.unwrap_or(RecordId(0));
        'fill: loop {
            let fetched = records::page(sql, kind, above, FETCH)?;
            let more = fetched.len() == FETCH as usize;
            for live in fetched {
                if results.len() == limit as usize || bytes > ANSWER_BYTES {
                    next = Some(above);
                    break 'fill;
                }
                above = live.id;
                let json = record_json(kind, &live, None)?;
                bytes += json.len();
                results.push(json);
            }
            if !more {
                break;
            }
        }
    }
    let next = next.map_or_else(|| "null".to_owned(), |id| format!("\"{id}\""));
    Ok(Answer::Json(format!("{{\"results\":[{}],\"next_cursor\":{next}}}", results.join(","))))
}

/// One record, found also by an id that was merged away.
pub fn record(sql: &dyn Sql, kind: ObjectType, id: RecordId) -> Result<Answer, SqlError> {
    let Some(target) = resolve(sql, kind, id)? else { return Ok(Answer::Missing) };
    match records::live_by_ids(sql, kind, &[target])?.first() {
        Some(live) => Ok(Answer::Json(record_json(kind, live, (target != id).then_some(id))?)),
        None => Ok(Answer::Missing),
    }
}

/// The live record that an id leads to.
pub fn resolve(sql: &dyn Sql, kind: ObjectType, id: RecordId) -> Result<Option<RecordId>, SqlError> {
    /// Merges can chain; HubSpot refuses past 250 combined ones (`hubspot-api.md` 4.5).
    const CHAIN: usize = 250;
    let mut target = id;
    for _ in 0..CHAIN {
        if records::known(sql, kind, &[target], None)?.iter().any(|row| row.live) {
            return Ok(Some(target));
        }
        match records::merged_into(sql, kind, target)? {
            Some(into) => target = into,
            None => break,
        }
    }
    Ok(None)
}

/// Changes after a sequence number, `{changes, next, latest}`: `next` is what to ask `after` with the next time. A page can be
/// empty before the end, where a long stretch of the feed holds nothing that is wanted; at the end `next` is `latest`.
pub fn changes(turn: &Turn<'_>, after: u64, limit: u32, types: &[ObjectType]) -> Result<Answer, SqlError> {
    let sql = turn.sql;
    let latest = feed::latest(sql)?;
    let oldest = feed::oldest(sql, keeping::horizon(turn))?;
    if after + 1 < oldest {
        return Ok(Answer::BeyondHorizon(oldest - 1));
    }
    // Who asks for records of a type asks for the records, not for what channels make of them.
    let wanted = |kind: Option<ObjectType>, change: &Change| {
        let is_record = !matches!(change, Change::Channel { .. });
        types.is_empty() || (is_record && kind.is_some_and(|kind| types.contains(&kind)))
    };
    let limit = limit.clamp(1, CHANGES_LIMIT) as usize;
    let stretch = Stretch {
        after,
        up_to: latest,
        limit,
        bytes: ANSWER_BYTES,
        chunks: CHUNKS,
        looked: LOOKED_BYTES,
        wanted: &wanted,
        members_up_to: None,
    };
    let Page { lines, next } = page(sql, &stretch)?;
    let lines = lines.join(",");
    Ok(Answer::Json(format!("{{\"changes\":[{lines}],\"next\":\"{next}\",\"latest\":\"{latest}\"}}")))
}

/// What of the feed a reader wants at once.
pub struct Stretch<'a> {
    /// The last change the reader has.
    pub after: u64,
    /// The last change to look at.
    pub up_to: u64,
    /// Most changes.
    pub limit: usize,
    /// Bytes after which no change is added; one always is.
    pub bytes: usize,
    /// Most rows of the feed to look at: what is not wanted costs as well.
    pub chunks: usize,
    /// Bytes of these rows after which no further one is looked at.
    pub looked: usize,
    /// Which changes; of the connection itself where there is no type.
    pub wanted: &'a dyn Fn(Option<ObjectType>, &Change) -> bool,
    /// Of what channels tell, only records up to this id; `None`: all.
    pub members_up_to: Option<RecordId>,
}

/// Changes as a reader gets them.
pub struct Page {
    /// One JSON object each.
    pub lines: Vec<String>,
    /// The last change looked at.
    pub next: u64,
}

/// Reads a stretch of the feed.
pub fn page(sql: &dyn Sql, stretch: &Stretch<'_>) -> Result<Page, SqlError> {
    let mut page = Page { lines: Vec::new(), next: stretch.after };
    let (mut written, mut looked) = (0, 0);
    for _ in 0..stretch.chunks {
        let full = page.lines.len() >= stretch.limit || written >= stretch.bytes || looked >= stretch.looked;
        if full || page.next >= stretch.up_to {
            break;
        }
        let Some(chunk) = feed::chunk_at(sql, page.next + 1)? else { break };
        looked += chunk.bytes;
        render(sql, &chunk, stretch, &mut page, &mut written)?;
    }
    Ok(page)
}

/// Adds what of a chunk is wanted, as far as there is room.
fn render(
    sql: &dyn Sql,
    chunk: &Chunk,
    stretch: &Stretch<'_>,
    page: &mut Page,
    written: &mut usize,
) -> Result<(), SqlError> {
    let own = chunk.object_type.map(ObjectType::name);
    let name = own.as_deref().unwrap_or(feed::CONNECTION);
    let at = chunk.at.to_rfc3339();
    let mut seq = chunk.first_seq;
    let mut names = Names::default();
    let there = chunk.object_type.map_or(Ok(true), |kind| types::there(sql, kind))?;
    for change in &chunk.changes {
        let count = change.count();
        let end = seq + count - 1;
        let skip = (page.next + 1).saturating_sub(seq).min(count);
        if skip == count || !(stretch.wanted)(chunk.object_type, change) {
            page.next = page.next.max(end.min(stretch.up_to));
            seq += count;
            continue;
        }
        let mut number = seq + skip;
        let kind = kind_of(change);
        let head = |seq: u64, id: &dyn std::fmt::Display| {
            format!(
                "{{\"seq\":\"{seq}\",\"at\":\"{at}\",\"object_type\":\"{name}\",\"kind\":\"{kind}\",\"id\":\"{id}\""
            )
        };
        let full = |page: &Page, written: usize, number: u64| {
            number > stretch.up_to
                || page.lines.len() == stretch.limit
                || (written > stretch.bytes && !page.lines.is_empty())
        };
        let ids: Vec<RecordId> = match change {
            Change::Created { ids, .. }
            | Change::Channel { ids, .. }
            | Change::Joined { ids, .. }
            | Change::Left { ids, .. } => {
                ids.iter().skip(skip as usize).take(stretch.limit - page.lines.len()).copied().collect()
            }
            Change::Updated { id, .. }
            | Change::Deleted { id }
            | Change::Restored { id }
            | Change::Merged { id, .. }
            | Change::Erased { id }
            | Change::Scrubbed { id } => vec![*id],
            Change::Linked(ends) | Change::Unlinked(ends) => vec![ends.id],
            Change::Lifecycle { id, .. } | Change::TypeOff { id } | Change::ListOff { id, .. } => {
                if full(page, *written, number) {
                    return Ok(());
                }
                let mut line = head(number, id);
                let (about, words) = match change {
                    Change::Lifecycle { about, words, .. } => (about.as_ref(), words.as_ref()),
                    _ => (None, None),
                };
                if let Some(about) = about {
                    write!(line, ",\"about\":\"{about}\"").expect("writing to a string does not fail");
                }
                if let Change::ListOff { list, name, .. } = change {
                    about_list(&mut line, *list, name);
                }
                if let Some(words) = words {
                    let words = serde_json::Value::from(words.as_str());
                    write!(line, ",\"message\":{words}").expect("writing to a string does not fail");
                }
                line.push('}');
                *written += line.len();
                page.lines.push(line);
                page.next = number;
                seq += count;
                continue;
            }
        };
        let with_record = match change {
            Change::Created { .. } | Change::Restored { .. } => chunk.object_type,
            Change::Updated { set, .. } if set.is_empty() => chunk.object_type,
            Change::Updated { .. }
            | Change::Deleted { .. }
            | Change::Merged { .. }
            | Change::Erased { .. }
            | Change::Scrubbed { .. }
            | Change::Channel { .. }
            | Change::Joined { .. }
            | Change::Left { .. }
            | Change::Linked(_)
            | Change::Unlinked(_)
            | Change::ListOff { .. }
            | Change::TypeOff { .. }
            | Change::Lifecycle { .. } => None,
        };
        // Records of a type that is not mirrored any more have no values to bring; that they are gone follows.
        let with_record = with_record.filter(|_| there);
        for some in ids.chunks(FETCH as usize) {
            let live = match with_record {
                Some(kind) => records::live_by_ids(sql, kind, some)?,
                None => Vec::new(),
            };
            let fields = match (change, chunk.object_type) {
                (
                    Change::Channel { channel, passage: Passage::Entered | Passage::Updated, .. },
                    Some(kind),
                ) if there => told::fields(sql, channel, kind, some)?,
                _ => BTreeMap::new(),
            };
            for id in some {
                if full(page, *written, number) {
                    return Ok(());
                }
                let is_member = matches!(change, Change::Channel { .. });
                if is_member && stretch.members_up_to.is_some_and(|up_to| *id > up_to) {
                    page.next = number;
                    number += 1;
                    continue;
                }
                let mut line = head(number, id);
                if *id == feed::NOBODY {
                    line.push_str(",\"erased\":true}");
                    *written += line.len();
                    page.lines.push(line);
                    page.next = number;
                    number += 1;
                    continue;
                }
                // A record that has gone since has a later change that says so.
                if let Some((kind, live)) = with_record.zip(live.iter().find(|live| live.id == *id)) {
                    line.push_str(",\"record\":");
                    line.push_str(&record_json(kind, live, None)?);
                }
                if is_ours(change) {
                    line.push_str(",\"origin\":\"spoke\"");
                }
                match change {
                    Change::Updated { set, .. } if !set.is_empty() => {
                        let changed: serde_json::Map<String, serde_json::Value> = set
                            .iter()
                            .map(|(name, (old, new))| {
                                (name.clone(), serde_json::json!({ "old": old, "new": new }))
                            })
                            .collect();
                        line.push_str(",\"changed\":");
                        line.push_str(&serde_json::Value::Object(changed).to_string());
                    }
                    Change::Merged { into, .. } => {
                        write!(line, ",\"into\":\"{into}\"").expect("writing to a string does not fail");
                    }
                    // Of a feed that an earlier version has scrubbed.
                    Change::Scrubbed { .. } => line.push_str(",\"erased\":true"),
                    Change::Channel { channel, passage, .. } => {
                        told::about(&mut line, channel, *passage, fields.get(id));
                    }
                    Change::Joined { list, name, .. } | Change::Left { list, name, .. } => {
                        about_list(&mut line, *list, name);
                    }
                    Change::Linked(ends) | Change::Unlinked(ends) => {
                        write!(line, ",\"to_type\":\"{}\"", ends.to_type)
                            .expect("writing to a string does not fail");
                        if let Some((from, to)) = chunk.object_type.zip(ends.to) {
                            let types = names.render(sql, from, ends.to_type, &ends.types)?;
                            write!(line, ",\"to_id\":\"{to}\",\"types\":{types}")
                                .expect("writing to a string does not fail");
                        } else {
                            line.push_str(",\"erased\":true");
                        }
                    }
                    Change::Updated { .. }
                    | Change::Created { .. }
                    | Change::Deleted { .. }
                    | Change::Restored { .. }
                    | Change::Erased { .. }
                    | Change::ListOff { .. }
                    | Change::TypeOff { .. }
                    | Change::Lifecycle { .. } => {}
                }
                line.push('}');
                *written += line.len();
                page.lines.push(line);
                page.next = number;
                number += 1;
            }
        }
        if number <= end {
            return Ok(());
        }
        seq += count;
    }
    Ok(())
}

/// Whether it is an echo of what Spoke itself wrote.
fn is_ours(change: &Change) -> bool {
    match change {
        Change::Created { ours, .. }
        | Change::Updated { ours, .. }
        | Change::Joined { ours, .. }
        | Change::Left { ours, .. } => *ours,
        Change::Linked(ends) | Change::Unlinked(ends) => ends.ours,
        Change::Deleted { .. }
        | Change::Restored { .. }
        | Change::Merged { .. }
        | Change::Erased { .. }
        | Change::Scrubbed { .. }
        | Change::Channel { .. }
        | Change::ListOff { .. }
        | Change::TypeOff { .. }
        | Change::Lifecycle { .. } => false,
    }
}

fn about_list(line: &mut String, list: ListId, name: &str) {
    let name = serde_json::Value::from(name);
    write!(line, ",\"list_id\":\"{list}\",\"list_name\":{name}").expect("writing to a string does not fail");
}

/// The kind of a change, as readers know it.
pub fn kind_of(change: &Change) -> &'static str {
    match change {
        Change::Created { .. } => "created",
        Change::Updated { .. } | Change::Scrubbed { .. } => "updated",
        Change::Deleted { .. } => "deleted",
        Change::Restored { .. } => "restored",
        Change::Merged { .. } => "merged",
        Change::Erased { .. } => "erased",
        Change::Channel { passage, .. } => match passage {
            Passage::Entered => "channel_entered",
            Passage::Updated => "channel_updated",
            Passage::Unselected | Passage::Deleted | Passage::Erased | Passage::Merged(_) => "channel_left",
        },
        Change::Joined { .. } => "membership_added",
        Change::Left { .. } => "membership_removed",
        Change::Linked(_) => "association_added",
        Change::Unlinked(_) => "association_removed",
        Change::ListOff { .. } => "list_off",
        Change::TypeOff { .. } => "type_off",
        Change::Lifecycle { event, .. } => event.as_str(),
    }
}

//! What readers ask of a connection: records and changes in the API's shape. Reads only.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    engine::portal::messages::{Answer, CHANGES_LIMIT, RECORDS_LIMIT},
    store::{
        portal::{
            feed::{self, Change, Chunk},
            records::{self, Live},
        },
        sql::{Sql, SqlError},
    },
    values::ids::{ObjectType, RecordId},
};

/// Bytes after which an answer ends early with a cursor: an isolate has 128 MB, and a caller a patience.
const ANSWER_BYTES: usize = 4 << 20;
/// Records fetched from storage at once while an answer is filled: a record can hold megabytes.
const FETCH: u32 = 50;

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

fn record_json(kind: ObjectType, live: &Live, merged_from: Option<RecordId>) -> Result<String, SqlError> {
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
    serde_json::from_str(properties).map_err(|_| SqlError::Content("records"))
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
        for live in records::by_key(sql, kind, &key.to_lowercase(), limit)? {
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
    /// Merges can chain; HubSpot refuses past 250 combined ones (`hubspot-api.md` 4.5).
    const CHAIN: usize = 250;
    let mut target = id;
    for _ in 0..CHAIN {
        if let Some(live) = records::live_by_ids(sql, kind, &[target])?.first() {
            return Ok(Answer::Json(record_json(kind, live, (target != id).then_some(id))?));
        }
        match records::merged_into(sql, kind, target)? {
            Some(into) => target = into,
            None => break,
        }
    }
    Ok(Answer::Missing)
}

/// Changes after a sequence number, `{changes, next, latest}`: `next` is what to ask `after` with the next time.
pub fn changes(sql: &dyn Sql, after: u64, limit: u32, types: &[ObjectType]) -> Result<Answer, SqlError> {
    let limit = limit.clamp(1, CHANGES_LIMIT) as usize;
    let latest = feed::latest(sql)?;
    let oldest = feed::oldest(sql)?;
    if after + 1 < oldest {
        return Ok(Answer::BeyondHorizon(oldest - 1));
    }
    let mut out: Vec<String> = Vec::new();
    let (mut next, mut bytes) = (after, 0);
    while next < latest && out.len() < limit && bytes < ANSWER_BYTES {
        let Some(chunk) = feed::chunk_at(sql, next + 1)? else { break };
        let wanted = types.is_empty() || types.contains(&chunk.object_type);
        let room = if wanted { limit - out.len() } else { usize::MAX };
        let rendered = render(sql, &chunk, next, room, wanted, ANSWER_BYTES.saturating_sub(bytes))?;
        next = rendered.next;
        bytes += rendered.lines.iter().map(String::len).sum::<usize>();
        out.extend(rendered.lines);
    }
    Ok(Answer::Json(format!(
        "{{\"changes\":[{}],\"next\":\"{next}\",\"latest\":\"{latest}\"}}",
        out.join(",")
    )))
}

struct Rendered {
    lines: Vec<String>,
    next: u64,
}

/// Renders what of a chunk comes after `after`, at most `room` changes and about `bytes` bytes, at least one.
fn render(
    sql: &dyn Sql,
    chunk: &Chunk,
    after: u64,
    room: usize,
    wanted: bool,
    bytes: usize,
) -> Result<Rendered, SqlError> {
    let mut rendered = Rendered { lines: Vec::new(), next: after };
    let mut seq = chunk.first_seq;
    let mut written = 0;
    for change in &chunk.changes {
        let count = change.count();
        let skip = (after + 1).saturating_sub(seq).min(count);
        if !wanted || skip == count {
            seq += count;
            rendered.next = rendered.next.max(seq - 1);
            continue;
        }
        let at = chunk.at.to_rfc3339();
        let head = |seq: u64, kind: &str, id: RecordId| {
            format!(
                "{{\"seq\":\"{seq}\",\"at\":\"{at}\",\"object_type\":\"{}\",\"kind\":\"{kind}\",\"id\":\"{id}\"",
                chunk.object_type
            )
        };
        let ids: Vec<RecordId> = match change {
            Change::Created { ids } => {
                ids.iter().skip(skip as usize).take(room - rendered.lines.len()).copied().collect()
            }
            Change::Updated { id, .. }
            | Change::Deleted { id }
            | Change::Restored { id }
            | Change::Merged { id, .. }
            | Change::Erased { id }
            | Change::Scrubbed { id } => vec![*id],
        };
        let with_record = match change {
            Change::Created { .. } | Change::Restored { .. } => true,
            Change::Updated { set, .. } => set.is_empty(),
            Change::Deleted { .. }
            | Change::Merged { .. }
            | Change::Erased { .. }
            | Change::Scrubbed { .. } => false,
        };
        let mut number = seq + skip;
        for some in ids.chunks(FETCH as usize) {
            let live =
                if with_record { records::live_by_ids(sql, chunk.object_type, some)? } else { Vec::new() };
            for id in some {
                if rendered.lines.len() == room || (written > bytes && !rendered.lines.is_empty()) {
                    return Ok(rendered);
                }
                let mut line = head(number, kind_of(change), *id);
                if with_record {
                    // A record that has gone since has a later change that says so.
                    if let Some(live) = live.iter().find(|live| live.id == *id) {
                        line.push_str(",\"record\":");
                        line.push_str(&record_json(chunk.object_type, live, None)?);
                    }
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
                    Change::Scrubbed { .. } => line.push_str(",\"erased\":true"),
                    Change::Updated { .. }
                    | Change::Created { .. }
                    | Change::Deleted { .. }
                    | Change::Restored { .. }
                    | Change::Erased { .. } => {}
                }
                line.push('}');
                written += line.len();
                rendered.lines.push(line);
                rendered.next = number;
                number += 1;
            }
        }
        if number < seq + count {
            return Ok(rendered);
        }
        seq += count;
    }
    Ok(rendered)
}

fn kind_of(change: &Change) -> &'static str {
    match change {
        Change::Created { .. } => "created",
        Change::Updated { .. } | Change::Scrubbed { .. } => "updated",
        Change::Deleted { .. } => "deleted",
        Change::Restored { .. } => "restored",
        Change::Merged { .. } => "merged",
        Change::Erased { .. } => "erased",
    }
}

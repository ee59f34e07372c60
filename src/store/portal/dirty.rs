//! Dirty marks: ids of which something may be out of date, until a read that left later has settled them.
//!
//! Every mark carries a generation (the object's counter when it was made). A read clears only marks that are not later than
//! its own departure, so that a second event during the first read is not lost.
//!
//! A mark has to wait where HubSpot still shows who was erased for privacy: it then says when it is read again, and holds up no
//! other.

use crate::{
    store::sql::{Param, Sql, SqlError, int, text},
    values::{
        ids::{ObjectType, RecordId},
        planted::{Bug, planted},
        time::{MINUTE_MS, Timestamp},
    },
};

/// First pause before HubSpot is asked again about a record it shows after it was erased; doubles each time.
const ERASED_FIRST_MS: i64 = 5 * MINUTE_MS;
/// How often HubSpot is asked again: 5, 10, … 640 minutes, a day in all. A privacy deletion cannot be undone (`hubspot-api.md`
/// 4.5), and no read is known to lag for hours: what is still shown then was not erased.
const ERASED_TRIES: i64 = 8;

/// One mark as it is picked for reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Which record.
    pub id: RecordId,
    /// When it was made, on the object's counter.
    pub generation: i64,
    /// A webhook made it; it is read without waiting for a batch to fill.
    pub urgent: bool,
}

/// Marks ids. `erased` and `urgent` stay once set; who is erased is read without waiting.
pub fn mark(
    sql: &dyn Sql,
    kind: ObjectType,
    ids: &[RecordId],
    generation: i64,
    urgent: bool,
    erased: bool,
) -> Result<(), SqlError> {
    if ids.is_empty() {
        return Ok(());
    }
    sql.exec(
        "INSERT INTO dirty (object_type, id, generation, urgent, erased)
         SELECT ?1, value, ?3, ?4, ?5 FROM json_each(?2) WHERE true
         ON CONFLICT (object_type, id) DO UPDATE SET
             generation = max(generation, excluded.generation),
             urgent = max(urgent, excluded.urgent),
             tries = CASE WHEN excluded.erased > erased THEN 0 ELSE tries END,
             again_at = CASE excluded.erased WHEN 1 THEN NULL ELSE again_at END,
             erased = max(erased, excluded.erased)",
        &[
            Param::Text(&kind.name()),
            Param::Text(&super::records::ids_json(ids)),
            Param::Int(generation),
            Param::Int(urgent.into()),
            Param::Int(erased.into()),
        ],
    )?;
    Ok(())
}

/// Marks every live record modified at `since` or later. Reads the whole table: properties appear rarely.
pub fn mark_updated_since(
    sql: &dyn Sql,
    kind: ObjectType,
    since: Timestamp,
    generation: i64,
) -> Result<(), SqlError> {
    mark_since(sql, kind, "updated_at", since, generation)
}

/// Marks every live record that was read at `since` or later. Reads the whole table, too.
pub fn mark_seen_since(
    sql: &dyn Sql,
    kind: ObjectType,
    since: Timestamp,
    generation: i64,
) -> Result<(), SqlError> {
    mark_since(sql, kind, "seen_at", since, generation)
}

fn mark_since(
    sql: &dyn Sql,
    kind: ObjectType,
    column: &str,
    since: Timestamp,
    generation: i64,
) -> Result<(), SqlError> {
    let statement = format!(
        "INSERT INTO dirty (object_type, id, generation, urgent, erased)
         SELECT ?1, id, ?3, 0, 0 FROM records_{} WHERE live = 1 AND {column} >= ?2
         ON CONFLICT (object_type, id) DO UPDATE SET generation = max(generation, excluded.generation)",
        kind.table()
    );
    sql.exec(&statement, &[Param::Text(&kind.name()), Param::Int(since.0), Param::Int(generation)])?;
    Ok(())
}

/// Whether a mark is there that is not later than `generation`.
pub fn any_up_to(sql: &dyn Sql, kind: ObjectType, generation: i64) -> Result<bool, SqlError> {
    let statement = "SELECT 1 FROM dirty WHERE object_type = ?1 AND generation <= ?2 LIMIT 1";
    Ok(int(sql, statement, &[Param::Text(&kind.name()), Param::Int(generation)])?.is_some())
}

/// The first marks in id order that need not wait, urgent ones before others. Reads no more rows than it answers, however many
/// are marked (where urgent ones come late in the order of ids, also those before them).
pub fn pick(sql: &dyn Sql, kind: ObjectType, now: Timestamp, limit: usize) -> Result<Vec<Mark>, SqlError> {
    let some = |urgent: u8, limit: usize| {
        let statement = format!(
            "SELECT CAST(id AS TEXT), generation, urgent FROM dirty
             WHERE object_type = ?1 AND urgent = {urgent} AND (again_at IS NULL OR again_at <= ?3)
             ORDER BY id LIMIT ?2"
        );
        let params = [Param::Text(&kind.name()), Param::Int(limit as i64), Param::Int(now.0)];
        sql.exec(&statement, &params)
    };
    let mut rows = some(1, limit)?;
    if rows.len() < limit {
        rows.extend(some(0, limit - rows.len())?);
    }
    rows.iter()
        .map(|row| match row.as_slice() {
            [id, generation, urgent] => Some(Mark {
                id: id.text()?.parse().ok()?,
                generation: generation.int()?,
                urgent: urgent.int()? == 1,
            }),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or(SqlError::Content("dirty"))
}

/// Clears the marks of `ids` that are not later than `asked_at`.
pub fn clear(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId], asked_at: i64) -> Result<(), SqlError> {
    let asked_at = if planted(Bug::MarksClearedAlways) { (1 << 53) - 1 } else { asked_at };
    sql.exec(
        "DELETE FROM dirty WHERE object_type = ?1 AND generation <= ?3 AND id IN (SELECT value FROM json_each(?2))",
        &[Param::Text(&kind.name()), Param::Text(&super::records::ids_json(ids)), Param::Int(asked_at)],
    )?;
    Ok(())
}

/// When the first mark that has to wait is read again.
pub fn next_at(sql: &dyn Sql, kind: ObjectType) -> Result<Option<Timestamp>, SqlError> {
    let statement = "SELECT min(again_at) FROM dirty WHERE object_type = ?1 AND again_at IS NOT NULL";
    Ok(int(sql, statement, &[Param::Text(&kind.name())])?.map(Timestamp))
}

/// Whether a mark need not wait.
pub fn due(sql: &dyn Sql, kind: ObjectType, now: Timestamp) -> Result<bool, SqlError> {
    let statement =
        "SELECT 1 FROM dirty WHERE object_type = ?1 AND (again_at IS NULL OR again_at <= ?2) LIMIT 1";
    Ok(int(sql, statement, &[Param::Text(&kind.name()), Param::Int(now.0)])?.is_some())
}

/// Of records that HubSpot shows although they were erased for privacy: those it is given more time for. Their marks stay, and wait
/// longer each time; a mark that has waited [`ERASED_TRIES`] times is an ordinary one. An event that is repeated has a mark read at
/// once, and takes none of its time.
pub fn withhold(
    sql: &dyn Sql,
    kind: ObjectType,
    ids: &[RecordId],
    now: Timestamp,
    generation: i64,
) -> Result<Vec<RecordId>, SqlError> {
    let rows = sql.exec(
        "UPDATE dirty SET
             generation = max(generation, ?3),
             tries = tries + (tries = 0 OR coalesce(again_at <= ?4, 0)),
             again_at = CASE WHEN again_at > ?4 THEN again_at ELSE ?4 + (?5 << tries) END
         WHERE object_type = ?1 AND erased = 1 AND (tries < ?6 OR again_at > ?4)
           AND id IN (SELECT value FROM json_each(?2))
         RETURNING CAST(id AS TEXT)",
        &[
            Param::Text(&kind.name()),
            Param::Text(&super::records::ids_json(ids)),
            Param::Int(generation),
            Param::Int(now.0),
            Param::Int(ERASED_FIRST_MS),
            Param::Int(ERASED_TRIES),
        ],
    )?;
    Ok(rows.iter().filter_map(|row| row.first()?.text()?.parse().ok()).collect())
}

/// Of `ids`, those erased for privacy of which that is not settled yet.
pub fn erased_of(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<Vec<RecordId>, SqlError> {
    let rows = sql.exec(
        "SELECT CAST(id AS TEXT) FROM dirty
         WHERE object_type = ?1 AND erased = 1 AND id IN (SELECT value FROM json_each(?2))",
        &[Param::Text(&kind.name()), Param::Text(&super::records::ids_json(ids))],
    )?;
    Ok(rows.iter().filter_map(|row| row.first()?.text()?.parse().ok()).collect())
}

/// How many marks wait.
pub fn count(sql: &dyn Sql, kind: ObjectType) -> Result<u64, SqlError> {
    Ok(int(sql, "SELECT count(*) FROM dirty WHERE object_type = ?1", &[Param::Text(&kind.name())])?
        .unwrap_or(0) as u64)
}

/// How many marks wait, counted no further than `limit`.
pub fn count_up_to(sql: &dyn Sql, kind: ObjectType, limit: usize) -> Result<u64, SqlError> {
    let statement = "SELECT count(*) FROM (SELECT 1 FROM dirty WHERE object_type = ?1 LIMIT ?2)";
    let params = [Param::Text(&kind.name()), Param::Int(limit as i64)];
    Ok(int(sql, statement, &params)?.unwrap_or(0) as u64)
}

/// The latest generation of all marks; 0 if there is none.
pub fn latest_generation(sql: &dyn Sql) -> Result<i64, SqlError> {
    let latest = text(sql, "SELECT CAST(max(generation) AS TEXT) FROM dirty", &[])?;
    Ok(latest.and_then(|number| number.parse().ok()).unwrap_or(0))
}

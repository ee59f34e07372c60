//! Dirty marks: ids of which something may be out of date, until a read that left later has settled them.
//!
//! Every mark carries a generation (the object's counter when it was made). A read clears only marks that are not later than
//! its own departure, so that a second event during the first read is not lost.

use crate::{
    store::sql::{Param, Sql, SqlError, int, text},
    values::{
        ids::{ObjectType, RecordId},
        planted::{Bug, planted},
        time::Timestamp,
    },
};

/// One mark as it is picked for reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Which record.
    pub id: RecordId,
    /// When it was made, on the object's counter.
    pub generation: i64,
    /// A webhook made it; it is read without waiting for a batch to fill.
    pub urgent: bool,
    /// The person behind it was erased for privacy.
    pub erased: bool,
}

/// Marks ids. `erased` and `urgent` stay once set.
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
    let statement = format!(
        "INSERT INTO dirty (object_type, id, generation, urgent, erased)
         SELECT ?1, id, ?3, 0, 0 FROM records_{} WHERE live = 1 AND updated_at >= ?2
         ON CONFLICT (object_type, id) DO UPDATE SET generation = max(generation, excluded.generation)",
        kind.table()
    );
    sql.exec(&statement, &[Param::Text(&kind.name()), Param::Int(since.0), Param::Int(generation)])?;
    Ok(())
}

/// Marks every live record that was read at `since` or later. Reads the whole table, too.
pub fn mark_seen_since(
    sql: &dyn Sql,
    kind: ObjectType,
    since: Timestamp,
    generation: i64,
) -> Result<(), SqlError> {
    let statement = format!(
        "INSERT INTO dirty (object_type, id, generation, urgent, erased)
         SELECT ?1, id, ?3, 0, 0 FROM records_{} WHERE live = 1 AND seen_at >= ?2
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

/// The first marks in id order, urgent ones before others. Reads no more rows than it answers, however many are marked
/// (where urgent ones come late in the order of ids, also those before them).
pub fn pick(sql: &dyn Sql, kind: ObjectType, limit: usize) -> Result<Vec<Mark>, SqlError> {
    let some = |urgent: u8, limit: usize| {
        let statement = format!(
            "SELECT CAST(id AS TEXT), generation, urgent, erased FROM dirty
             WHERE object_type = ?1 AND urgent = {urgent} ORDER BY id LIMIT ?2"
        );
        sql.exec(&statement, &[Param::Text(&kind.name()), Param::Int(limit as i64)])
    };
    let mut rows = some(1, limit)?;
    if rows.len() < limit {
        rows.extend(some(0, limit - rows.len())?);
    }
    rows.iter()
        .map(|row| match row.as_slice() {
            [id, generation, urgent, erased] => Some(Mark {
                id: id.text()?.parse().ok()?,
                generation: generation.int()?,
                urgent: urgent.int()? == 1,
                erased: erased.int()? == 1,
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

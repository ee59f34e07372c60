//! Taking values out of changes that stay: a stretch of the feed at a time.

use crate::{
    store::{
        portal::{
            erasures::{TURN_BYTES, TURN_ROWS},
            feed::{self, Chunk},
        },
        sql::{Param, Sql, SqlError, int},
    },
    values::ids::ObjectType,
};

/// The next changes of a type from a number on, as many as one turn goes over; and the number after them. `None`: there are no more.
pub fn stretch(sql: &dyn Sql, kind: ObjectType, from: u64) -> Result<Option<(Vec<Chunk>, u64)>, SqlError> {
    let (kind, from) = (kind.name(), from as i64);
    let last = int(
        sql,
        "SELECT max(last_seq) FROM (
             SELECT last_seq, sum(bytes) OVER (ORDER BY first_seq) - bytes AS earlier FROM (
                 SELECT first_seq, last_seq, bytes FROM feed
                 WHERE object_type = ?1 AND first_seq >= ?2 ORDER BY first_seq LIMIT ?3
             )
         ) WHERE earlier < ?4",
        &[Param::Text(&kind), Param::Int(from), Param::Int(TURN_ROWS), Param::Int(TURN_BYTES)],
    )?;
    let Some(last) = last else { return Ok(None) };
    let rows = sql.exec(
        &format!("{} WHERE object_type = ?1 AND first_seq >= ?2 AND first_seq <= ?3", feed::COLUMNS),
        &[Param::Text(&kind), Param::Int(from), Param::Int(last)],
    )?;
    let chunks = rows.iter().map(feed::chunk).collect::<Option<_>>().ok_or(SqlError::Content("feed"))?;
    Ok(Some((chunks, last as u64 + 1)))
}

/// Writes a chunk back whose changes say less than before.
pub fn replace(sql: &dyn Sql, chunk: &Chunk) -> Result<(), SqlError> {
    let json = serde_json::to_string(&chunk.changes).expect("changes are JSON");
    sql.exec(
        "UPDATE feed SET changes = ?2, bytes = ?3 WHERE first_seq = ?1",
        &[Param::Int(chunk.first_seq as i64), Param::Text(&json), Param::Int(json.len() as i64)],
    )?;
    Ok(())
}

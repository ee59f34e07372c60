//! Requests that came with an `Idempotency-Key`, for a day.

use super::Columns;
use crate::{
    store::sql::{Param, Sql, SqlError, int},
    values::time::{DAY_MS, Timestamp},
};

/// How long a key is remembered from its first request on.
pub const KEPT_MS: i64 = DAY_MS;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Of method, address and body.
    pub fingerprint: String,
    /// When it was begun.
    pub began_at: Timestamp,
    /// Its answer, sealed; empty: it was too large to keep; `None`: not known.
    pub answer: Option<String>,
}

/// The request of a caller and key.
pub fn get(sql: &dyn Sql, caller: &str, key: &str) -> Result<Option<Stored>, SqlError> {
    let rows = sql.exec(
        "SELECT fingerprint, began_at, answer FROM requests WHERE caller = ?1 AND key = ?2",
        &[Param::Text(caller), Param::Text(key)],
    )?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut columns = Columns::new(row, "requests");
    Ok(Some(Stored {
        fingerprint: columns.text()?,
        began_at: columns.time()?,
        answer: columns.text_or_null()?,
    }))
}

/// Notes that it begins, in the place of what there was.
pub fn begin(
    sql: &dyn Sql,
    caller: &str,
    key: &str,
    fingerprint: &str,
    now: Timestamp,
) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO requests (caller, key, fingerprint, began_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (caller, key) DO UPDATE SET
           fingerprint = excluded.fingerprint, began_at = excluded.began_at, answer = NULL",
        &[Param::Text(caller), Param::Text(key), Param::Text(fingerprint), Param::Int(now.0)],
    )?;
    Ok(())
}

/// Keeps its answer.
pub fn end(sql: &dyn Sql, caller: &str, key: &str, answer: &str) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE requests SET answer = ?3 WHERE caller = ?1 AND key = ?2 AND answer IS NULL",
        &[Param::Text(caller), Param::Text(key), Param::Text(answer)],
    )?;
    Ok(())
}

/// Forgets one that had no effect.
pub fn delete(sql: &dyn Sql, caller: &str, key: &str) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM requests WHERE caller = ?1 AND key = ?2 AND answer IS NULL",
        &[Param::Text(caller), Param::Text(key)],
    )?;
    Ok(())
}

/// How many of a caller's are kept, counted no further than `most`.
pub fn count(sql: &dyn Sql, caller: &str, most: u32) -> Result<u64, SqlError> {
    let count = int(
        sql,
        "SELECT count(*) FROM (SELECT 1 FROM requests WHERE caller = ?1 LIMIT ?2)",
        &[Param::Text(caller), Param::Int(i64::from(most))],
    )?;
    Ok(count.unwrap_or(0) as u64)
}

/// Forgets those whose day is over.
pub fn forget(sql: &dyn Sql, now: Timestamp) -> Result<(), SqlError> {
    sql.exec("DELETE FROM requests WHERE began_at <= ?1", &[Param::Int(now.minus_ms(KEPT_MS).0)])?;
    Ok(())
}

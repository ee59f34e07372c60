//! Calls to HubSpot, one row an hour.

use crate::store::sql::{Param, Row, Sql, SqlError, Value};

/// Hours (since 1970) from `from` on, oldest first, each with its counts as JSON.
pub fn since(sql: &dyn Sql, from: i64) -> Result<Vec<(i64, String)>, SqlError> {
    let read = |row: Row| {
        let mut columns = row.into_iter();
        let hour = columns.next().and_then(|value| value.int());
        hour.zip(columns.next().and_then(Value::into_text)).ok_or(SqlError::Content("usage"))
    };
    let rows =
        sql.exec("SELECT hour, counts FROM usage WHERE hour >= ?1 ORDER BY hour", &[Param::Int(from)])?;
    rows.into_iter().map(read).collect()
}

/// Saves an hour, and forgets those before `from`.
pub fn save(sql: &dyn Sql, hour: i64, counts: &str, from: i64) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO usage (hour, counts) VALUES (?1, ?2)
         ON CONFLICT (hour) DO UPDATE SET counts = excluded.counts",
        &[Param::Int(hour), Param::Text(counts)],
    )?;
    sql.exec("DELETE FROM usage WHERE hour < ?1", &[Param::Int(from)])?;
    Ok(())
}

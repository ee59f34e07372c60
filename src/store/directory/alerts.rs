//! What is wrong with the deployment, one row a kind.

use super::{Columns, optional};
use crate::{
    store::sql::{Param, Sql, SqlError},
    values::time::Timestamp,
};

/// One kind as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub kind: String,
    /// When it was noticed first, of this time.
    pub since: Timestamp,
    /// When it was noticed last.
    pub at: Timestamp,
    /// How often since.
    pub count: u64,
    /// Of which connection last.
    pub connection: Option<String>,
    /// When the operator was told, of this time.
    pub told_at: Option<Timestamp>,
}

/// Those noticed after `since`, by kind.
pub fn after(sql: &dyn Sql, since: Timestamp) -> Result<Vec<Stored>, SqlError> {
    let rows = sql.exec(
        "SELECT kind, since, at, count, connection, told_at FROM alerts WHERE at > ?1 ORDER BY kind",
        &[Param::Int(since.0)],
    )?;
    rows.into_iter()
        .map(|row| {
            let mut columns = Columns::new(row, "alerts");
            Ok(Stored {
                kind: columns.text()?,
                since: columns.time()?,
                at: columns.time()?,
                count: columns.time()?.0.max(0) as u64,
                connection: columns.text_or_null()?,
                told_at: columns.time_or_null()?,
            })
        })
        .collect()
}

/// Notices a kind at `now`. Where it was last noticed no later than `stale`, it begins anew.
pub fn notice(
    sql: &dyn Sql,
    kind: &str,
    connection: Option<&str>,
    now: Timestamp,
    stale: Timestamp,
) -> Result<(), SqlError> {
    sql.exec("DELETE FROM alerts WHERE kind = ?1 AND at <= ?2", &[Param::Text(kind), Param::Int(stale.0)])?;
    sql.exec(
        "INSERT INTO alerts (kind, since, at, count, connection) VALUES (?1, ?2, ?2, 1, ?3)
         ON CONFLICT (kind) DO UPDATE SET at = excluded.at, count = count + 1, connection = excluded.connection",
        &[Param::Text(kind), Param::Int(now.0), optional(connection)],
    )?;
    Ok(())
}

/// The operator was told.
pub fn told(sql: &dyn Sql, kind: &str, now: Timestamp) -> Result<(), SqlError> {
    sql.exec("UPDATE alerts SET told_at = ?2 WHERE kind = ?1", &[Param::Text(kind), Param::Int(now.0)])?;
    Ok(())
}

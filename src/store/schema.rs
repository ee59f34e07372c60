//! Schema versions: forward only, additive, one step a release that needs one.
//!
//! A database of any released version opens; a rolled-back Worker still runs on a schema one step newer.

use crate::store::sql::{Param, Sql, SqlError, int};

/// Brings the database to the newest version; costs one read where it is there already.
///
/// `steps[n]` leads from version n to n + 1 and is never edited once released.
pub fn open(sql: &dyn Sql, steps: &[&str]) -> Result<(), SqlError> {
    sql.exec(
        "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        &[],
    )?;
    let version = int(sql, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'schema'", &[])?.unwrap_or(0);
    let newest = steps.len() as i64;
    if version > newest + 1 {
        return Err(SqlError::Failed(format!(
            "schema {version} is newer than this build can read (at most {})",
            newest + 1
        )));
    }
    let mut at = version;
    for step in steps.iter().skip(version as usize) {
        sql.exec(step, &[])?;
        at += 1;
    }
    if at > version {
        set(sql, "schema", &at.to_string())?;
    }
    Ok(())
}

/// Reads one value of the `meta` table.
pub fn get(sql: &dyn Sql, key: &str) -> Result<Option<String>, SqlError> {
    crate::store::sql::text(sql, "SELECT value FROM meta WHERE key = ?1", &[Param::Text(key)])
}

/// Writes one value of the `meta` table; an equal one costs no row.
pub fn set(sql: &dyn Sql, key: &str, value: &str) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO meta (key, value) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value IS NOT excluded.value",
        &[Param::Text(key), Param::Text(value)],
    )?;
    Ok(())
}

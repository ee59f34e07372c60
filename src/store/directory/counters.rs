//! Counters of the deployment, shown by `/healthz` and the operator's console.

use super::Columns;
use crate::store::sql::{Param, Sql, SqlError};

/// Webhook events for portals that nobody follows.
pub const EVENTS_WITHOUT_ROUTE: &str = "events_without_route";
/// API keys that were refused: not of a key's form, unknown, revoked, expired, or of a network that has to wait.
pub const KEYS_REFUSED: &str = "api_keys_refused";
/// Keys, links and cookies that were refused unasked because too many of their network had been nothing.
pub const STRANGERS_PACED: &str = "strangers_paced";
/// Ticks of the cron.
pub const TICKS: &str = "ticks";

/// Adds to one.
pub fn add(sql: &dyn Sql, name: &str, by: u64) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO counters (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        &[Param::Text(name), Param::Int(by as i64)],
    )?;
    Ok(())
}

/// All of them, by name.
pub fn all(sql: &dyn Sql) -> Result<Vec<(String, u64)>, SqlError> {
    let rows = sql.exec("SELECT name, value FROM counters ORDER BY name", &[])?;
    rows.into_iter()
        .map(|row| {
            let mut columns = Columns::new(row, "counters");
            Ok((columns.text()?, columns.time()?.0.max(0) as u64))
        })
        .collect()
}

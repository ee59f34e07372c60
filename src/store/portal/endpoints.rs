//! Endpoints: the state of each as the engine's JSON, and its sealed signing secrets. Nothing here can open them.

use crate::{
    store::sql::{Param, Row, Sql, SqlError, Value},
    values::{ids::EndpointId, time::Timestamp},
};

/// Sealed secrets of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The present one.
    pub secret: String,
    /// Those before it, the newest first, and until when each signs.
    pub previous: Vec<(String, Timestamp)>,
}

/// The state of every endpoint, oldest first.
pub fn all(sql: &dyn Sql) -> Result<Vec<String>, SqlError> {
    let rows = sql.exec("SELECT state FROM endpoints ORDER BY number", &[])?;
    rows.into_iter()
        .map(|row| row.into_iter().next().and_then(Value::into_text).ok_or(SqlError::Content("endpoints")))
        .collect()
}

/// Adds an endpoint.
pub fn add(sql: &dyn Sql, id: &EndpointId, state: &str, secret: &str) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO endpoints (id, state, secret) VALUES (?1, ?2, ?3)",
        &[Param::Text(id.as_str()), Param::Text(state), Param::Text(secret)],
    )?;
    Ok(())
}

/// Replaces the state of an endpoint.
pub fn save(sql: &dyn Sql, id: &EndpointId, state: &str) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE endpoints SET state = ?2 WHERE id = ?1",
        &[Param::Text(id.as_str()), Param::Text(state)],
    )?;
    Ok(())
}

/// The sealed secrets of an endpoint.
pub fn secrets(sql: &dyn Sql, id: &EndpointId) -> Result<Option<Sealed>, SqlError> {
    let rows =
        sql.exec("SELECT secret, previous FROM endpoints WHERE id = ?1", &[Param::Text(id.as_str())])?;
    rows.into_iter().next().map(|row| sealed(row).ok_or(SqlError::Content("endpoints"))).transpose()
}

fn sealed(row: Row) -> Option<Sealed> {
    let mut columns = row.into_iter();
    let secret = columns.next()?.into_text()?;
    let previous = columns.next().and_then(Value::into_text).unwrap_or_default();
    // A seal holds no blank.
    let one = |line: &str| {
        let (until, sealed) = line.split_once(' ')?;
        Some((sealed.to_owned(), Timestamp(until.parse().ok()?)))
    };
    Some(Sealed { secret, previous: previous.lines().filter_map(one).collect() })
}

/// Replaces the sealed secrets of an endpoint.
pub fn put_secrets(sql: &dyn Sql, id: &EndpointId, sealed: &Sealed) -> Result<(), SqlError> {
    let previous: Vec<String> =
        sealed.previous.iter().map(|(secret, until)| format!("{} {secret}", until.0)).collect();
    sql.exec(
        "UPDATE endpoints SET secret = ?2, previous = ?3 WHERE id = ?1",
        &[Param::Text(id.as_str()), Param::Text(&sealed.secret), Param::Text(&previous.join("\n"))],
    )?;
    Ok(())
}

/// Removes an endpoint.
pub fn remove(sql: &dyn Sql, id: &EndpointId) -> Result<(), SqlError> {
    sql.exec("DELETE FROM endpoints WHERE id = ?1", &[Param::Text(id.as_str())])?;
    Ok(())
}

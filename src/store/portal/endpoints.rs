//! Endpoints: the state of each as the engine's JSON, and its sealed signing secrets. Nothing here can open them.

use crate::{
    store::sql::{Param, Row, Sql, SqlError, Value},
    values::ids::EndpointId,
};

/// Sealed secrets of an endpoint.
pub struct Sealed {
    /// The present one.
    pub secret: String,
    /// The one before it, until it is forgotten.
    pub previous: Option<String>,
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
    Some(Sealed { secret: columns.next()?.into_text()?, previous: columns.next().and_then(Value::into_text) })
}

/// Puts a new sealed secret in place of the present one, which becomes the previous.
pub fn rotate(sql: &dyn Sql, id: &EndpointId, secret: &str) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE endpoints SET previous = secret, secret = ?2 WHERE id = ?1",
        &[Param::Text(id.as_str()), Param::Text(secret)],
    )?;
    Ok(())
}

/// Forgets the secret before the present one.
pub fn forget_previous(sql: &dyn Sql, id: &EndpointId) -> Result<(), SqlError> {
    sql.exec("UPDATE endpoints SET previous = NULL WHERE id = ?1", &[Param::Text(id.as_str())])?;
    Ok(())
}

/// Removes an endpoint.
pub fn remove(sql: &dyn Sql, id: &EndpointId) -> Result<(), SqlError> {
    sql.exec("DELETE FROM endpoints WHERE id = ?1", &[Param::Text(id.as_str())])?;
    Ok(())
}

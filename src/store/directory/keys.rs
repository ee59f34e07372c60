//! API keys: hashes only.

use serde::{Deserialize, Serialize};

use super::{Columns, optional_time};
use crate::{
    store::sql::{Param, Row, Sql, SqlError, int},
    values::{
        ids::{ApiKeyId, WorkspaceId},
        time::Timestamp,
    },
};

/// An API key as listed: nothing of its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Public half.
    pub id: ApiKeyId,
    /// For people.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its end.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, five minutes late at most.
    pub used_at: Option<Timestamp>,
}

/// What verifying a key needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Whose.
    pub workspace: WorkspaceId,
    /// SHA-256 of the whole key, lower-case hexadecimal.
    pub hash: String,
    /// Its end.
    pub expires_at: Option<Timestamp>,
    /// Last use, as far as written.
    pub used_at: Option<Timestamp>,
}

fn read(row: Row) -> Result<ApiKey, SqlError> {
    let mut columns = Columns::new(row, "api_keys");
    Ok(ApiKey {
        id: columns.parse()?,
        name: columns.text()?,
        created_at: columns.time()?,
        expires_at: columns.time_or_null()?,
        used_at: columns.time_or_null()?,
    })
}

/// Adds one.
pub fn insert(sql: &dyn Sql, workspace: &WorkspaceId, key: &ApiKey, hash: &str) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO api_keys (id, workspace, name, hash, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            Param::Text(key.id.as_str()),
            Param::Text(workspace.as_str()),
            Param::Text(&key.name),
            Param::Text(hash),
            Param::Int(key.created_at.0),
            optional_time(key.expires_at),
        ],
    )?;
    Ok(())
}

/// All of a workspace that were not revoked, oldest first.
pub fn of_workspace(sql: &dyn Sql, workspace: &WorkspaceId) -> Result<Vec<ApiKey>, SqlError> {
    let rows = sql.exec(
        "SELECT id, name, created_at, expires_at, used_at FROM api_keys
         WHERE workspace = ?1 AND revoked_at IS NULL ORDER BY created_at, id",
        &[Param::Text(workspace.as_str())],
    )?;
    rows.into_iter().map(read).collect()
}

/// How many of a workspace were not revoked.
pub fn count(sql: &dyn Sql, workspace: &WorkspaceId) -> Result<u64, SqlError> {
    let count = int(
        sql,
        "SELECT count(*) FROM api_keys WHERE workspace = ?1 AND revoked_at IS NULL",
        &[Param::Text(workspace.as_str())],
    )?;
    Ok(count.unwrap_or(0) as u64)
}

/// One by id, if it was not revoked.
pub fn get(sql: &dyn Sql, id: &ApiKeyId) -> Result<Option<Stored>, SqlError> {
    let rows = sql.exec(
        "SELECT workspace, hash, expires_at, used_at FROM api_keys WHERE id = ?1 AND revoked_at IS NULL",
        &[Param::Text(id.as_str())],
    )?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut columns = Columns::new(row, "api_keys");
    Ok(Some(Stored {
        workspace: columns.parse()?,
        hash: columns.text()?,
        expires_at: columns.time_or_null()?,
        used_at: columns.time_or_null()?,
    }))
}

/// Notes a use.
pub fn touch(sql: &dyn Sql, id: &ApiKeyId, now: Timestamp) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE api_keys SET used_at = ?2 WHERE id = ?1",
        &[Param::Text(id.as_str()), Param::Int(now.0)],
    )?;
    Ok(())
}

/// Revokes one for ever; `false` if the workspace has no such key.
pub fn revoke(
    sql: &dyn Sql,
    workspace: &WorkspaceId,
    id: &ApiKeyId,
    now: Timestamp,
) -> Result<bool, SqlError> {
    let rows = sql.exec(
        "UPDATE api_keys SET revoked_at = ?3 WHERE id = ?1 AND workspace = ?2 AND revoked_at IS NULL RETURNING id",
        &[Param::Text(id.as_str()), Param::Text(workspace.as_str()), Param::Int(now.0)],
    )?;
    Ok(!rows.is_empty())
}

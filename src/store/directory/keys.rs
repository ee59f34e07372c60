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

/// What a key may do in its workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See everything but keys.
    Read,
    /// Change what is mirrored and handed over.
    Write,
    /// Make keys and links for people, and disconnect accounts.
    Admin,
}

impl Permission {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// As stored and as in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

/// What a key may do: any of [`Permission::ALL`], none of which holds another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(Vec<Permission>);

impl Permissions {
    /// Everything.
    pub fn all() -> Self {
        Self(Permission::ALL.to_vec())
    }

    /// Those of a list, in their order, each once.
    pub fn of(list: &[Permission]) -> Self {
        Self(Permission::ALL.into_iter().filter(|known| list.contains(known)).collect())
    }

    /// Whether it is among them.
    pub fn hold(&self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }

    /// The first of `others` that is not among them.
    pub fn lack(&self, others: &Self) -> Option<Permission> {
        others.0.iter().copied().find(|other| !self.hold(*other))
    }

    /// Their names.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|permission| permission.as_str()).collect()
    }

    /// As stored: names between spaces.
    fn to_text(&self) -> String {
        self.names().join(" ")
    }

    /// Reads what was stored. Keys made before there were permissions have all of them.
    fn read(text: Option<&str>) -> Self {
        let Some(text) = text else { return Self::all() };
        let named = |permission: &Permission| text.split(' ').any(|name| name == permission.as_str());
        Self(Permission::ALL.into_iter().filter(named).collect())
    }
}

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
    /// What it may do.
    pub permissions: Permissions,
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
    /// What it may do.
    pub permissions: Permissions,
}

fn read(row: Row) -> Result<ApiKey, SqlError> {
    let mut columns = Columns::new(row, "api_keys");
    Ok(ApiKey {
        id: columns.parse()?,
        name: columns.text()?,
        created_at: columns.time()?,
        expires_at: columns.time_or_null()?,
        used_at: columns.time_or_null()?,
        permissions: Permissions::read(columns.text_or_null()?.as_deref()),
    })
}

/// Adds one.
pub fn insert(sql: &dyn Sql, workspace: &WorkspaceId, key: &ApiKey, hash: &str) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO api_keys (id, workspace, name, hash, created_at, expires_at, permissions)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &[
            Param::Text(key.id.as_str()),
            Param::Text(workspace.as_str()),
            Param::Text(&key.name),
            Param::Text(hash),
            Param::Int(key.created_at.0),
            optional_time(key.expires_at),
            Param::Text(&key.permissions.to_text()),
        ],
    )?;
    Ok(())
}

/// All of a workspace that were not revoked, oldest first.
pub fn of_workspace(sql: &dyn Sql, workspace: &WorkspaceId) -> Result<Vec<ApiKey>, SqlError> {
    let rows = sql.exec(
        "SELECT id, name, created_at, expires_at, used_at, permissions FROM api_keys
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
        "SELECT workspace, hash, expires_at, used_at, permissions FROM api_keys WHERE id = ?1 AND revoked_at IS NULL",
        &[Param::Text(id.as_str())],
    )?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut columns = Columns::new(row, "api_keys");
    Ok(Some(Stored {
        workspace: columns.parse()?,
        hash: columns.text()?,
        expires_at: columns.time_or_null()?,
        used_at: columns.time_or_null()?,
        permissions: Permissions::read(columns.text_or_null()?.as_deref()),
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

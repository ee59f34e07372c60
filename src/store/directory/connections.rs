//! Connections: where their objects live, who holds which grant, who follows which portal.

use serde::{Deserialize, Serialize};

use super::{Columns, parse_json};
use crate::{
    store::sql::{Param, Row, Sql, SqlError, int},
    values::{
        ids::{AppKey, ConnectionId, HubSpotUserId, PortalId, WorkspaceId},
        time::Timestamp,
    },
};

/// A connection as the Directory knows it; how it fares is its Portal's to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Through which app.
    pub app: AppKey,
    /// Which account.
    pub portal: PortalId,
    /// The account's name; empty if unknown.
    pub portal_name: String,
    /// What people call it; empty: as the account is called.
    #[serde(default)]
    pub name: String,
    /// Who authorised, in HubSpot.
    pub user: Option<HubSpotUserId>,
    /// Who authorised, for the host.
    pub connected_by: String,
    /// Unique id of its Portal.
    pub object: String,
    /// Where it stands.
    pub state: ConnectionState,
    /// When it was first connected.
    pub created_at: Timestamp,
    /// When it was last authorised.
    pub connected_at: Timestamp,
}

/// Where a connection stands for the Directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// Named, but its Portal has not yet confirmed; not shown to anyone.
    Connecting,
    /// Routed and poked.
    Active,
    /// Not routed any more; its Portal still has to uninstall or revoke.
    Disconnecting,
    /// Over; its Portal keeps what was mirrored.
    Disconnected,
}

impl ConnectionState {
    /// As stored and as in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Active => "active",
            Self::Disconnecting => "disconnecting",
            Self::Disconnected => "disconnected",
        }
    }

    /// Reads the stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Connecting, Self::Active, Self::Disconnecting, Self::Disconnected]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// What an authorisation said; becomes the connection's own once its Portal confirms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// See [`Connection::portal_name`].
    pub portal_name: String,
    /// See [`Connection::user`].
    pub user: Option<HubSpotUserId>,
    /// See [`Connection::connected_by`].
    pub connected_by: String,
    /// When.
    pub at: Timestamp,
}

const COLUMNS: &str = "id, workspace, app, portal, portal_name, user, connected_by, object, state, created_at, connected_at, name";

fn read(row: Row) -> Result<Connection, SqlError> {
    let mut columns = Columns::new(row, "connections");
    Ok(Connection {
        id: columns.parse()?,
        workspace: columns.parse()?,
        app: columns.parse()?,
        portal: columns.parse()?,
        portal_name: columns.text()?,
        user: columns.parse_or_null()?,
        connected_by: columns.text()?,
        object: columns.text()?,
        state: ConnectionState::parse(&columns.text()?).ok_or(SqlError::Content("connections"))?,
        created_at: columns.time()?,
        connected_at: columns.time()?,
        name: columns.text()?,
    })
}

fn select(sql: &dyn Sql, rest: &str, params: &[Param<'_>]) -> Result<Vec<Connection>, SqlError> {
    let rows = sql.exec(&format!("SELECT {COLUMNS} FROM connections WHERE {rest}"), params)?;
    rows.into_iter().map(read).collect()
}

/// Adds one.
pub fn insert(sql: &dyn Sql, connection: &Connection) -> Result<(), SqlError> {
    let portal = connection.portal.to_string();
    let user = connection.user.map(|user| user.to_string());
    sql.exec(
        &format!(
            "INSERT INTO connections ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
        ),
        &[
            Param::Text(connection.id.as_str()),
            Param::Text(connection.workspace.as_str()),
            Param::Text(connection.app.as_str()),
            Param::Text(&portal),
            Param::Text(&connection.portal_name),
            super::optional(user.as_deref()),
            Param::Text(&connection.connected_by),
            Param::Text(&connection.object),
            Param::Text(connection.state.as_str()),
            Param::Int(connection.created_at.0),
            Param::Int(connection.connected_at.0),
            Param::Text(&connection.name),
        ],
    )?;
    Ok(())
}

/// Gives one another name; says whether the workspace has it.
pub fn rename(
    sql: &dyn Sql,
    workspace: &WorkspaceId,
    id: &ConnectionId,
    name: &str,
) -> Result<bool, SqlError> {
    let renamed = sql.exec(
        "UPDATE connections SET name = ?3 WHERE id = ?1 AND workspace = ?2 AND state <> 'connecting' RETURNING id",
        &[Param::Text(id.as_str()), Param::Text(workspace.as_str()), Param::Text(name)],
    )?;
    Ok(!renamed.is_empty())
}

/// Removes one.
pub fn delete(sql: &dyn Sql, id: &ConnectionId) -> Result<(), SqlError> {
    sql.exec("DELETE FROM connections WHERE id = ?1", &[Param::Text(id.as_str())])?;
    Ok(())
}

/// One by id.
pub fn get(sql: &dyn Sql, id: &ConnectionId) -> Result<Option<Connection>, SqlError> {
    Ok(select(sql, "id = ?1", &[Param::Text(id.as_str())])?.into_iter().next())
}

/// The one of a workspace to that account through that app.
pub fn find(
    sql: &dyn Sql,
    workspace: &WorkspaceId,
    app: &AppKey,
    portal: PortalId,
) -> Result<Option<Connection>, SqlError> {
    let portal = portal.to_string();
    let params = [Param::Text(workspace.as_str()), Param::Text(app.as_str()), Param::Text(&portal)];
    Ok(select(sql, "workspace = ?1 AND app = ?2 AND portal = ?3", &params)?.into_iter().next())
}

/// All of a workspace that anyone may see, oldest first.
pub fn of_workspace(sql: &dyn Sql, workspace: &WorkspaceId) -> Result<Vec<Connection>, SqlError> {
    select(
        sql,
        "workspace = ?1 AND state <> 'connecting' ORDER BY created_at, id",
        &[Param::Text(workspace.as_str())],
    )
}

/// All to one account through one app, in any workspace and state.
pub fn of_portal(sql: &dyn Sql, app: &AppKey, portal: PortalId) -> Result<Vec<Connection>, SqlError> {
    let portal = portal.to_string();
    let params = [Param::Text(&portal), Param::Text(app.as_str())];
    select(sql, "portal = ?1 AND app = ?2 ORDER BY id", &params)
}

/// Moves one to another state.
pub fn set_state(sql: &dyn Sql, id: &ConnectionId, state: ConnectionState) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE connections SET state = ?2 WHERE id = ?1",
        &[Param::Text(id.as_str()), Param::Text(state.as_str())],
    )?;
    Ok(())
}

/// Keeps what an authorisation said until its Portal confirms, or a tick asks the Portal at `settle_at`.
pub fn set_pending(
    sql: &dyn Sql,
    id: &ConnectionId,
    pending: &Pending,
    settle_at: Timestamp,
) -> Result<(), SqlError> {
    let pending = serde_json::to_string(pending).map_err(|_| SqlError::Content("connections"))?;
    sql.exec(
        "UPDATE connections SET pending = ?2, settle_at = ?3 WHERE id = ?1",
        &[Param::Text(id.as_str()), Param::Text(&pending), Param::Int(settle_at.0)],
    )?;
    Ok(())
}

/// What waits for the Portal's confirmation.
pub fn pending(sql: &dyn Sql, id: &ConnectionId) -> Result<Option<Pending>, SqlError> {
    let text = crate::store::sql::text(
        sql,
        "SELECT pending FROM connections WHERE id = ?1",
        &[Param::Text(id.as_str())],
    )?;
    text.map(|text| parse_json(&text, "connections")).transpose()
}

/// Nothing waits any more.
pub fn clear_pending(sql: &dyn Sql, id: &ConnectionId) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE connections SET pending = NULL, settle_at = NULL WHERE id = ?1 AND settle_at IS NOT NULL",
        &[Param::Text(id.as_str())],
    )?;
    Ok(())
}

/// The Portal has confirmed: what waited becomes the connection's own, and it is active.
pub fn confirm(sql: &dyn Sql, id: &ConnectionId, pending: &Pending) -> Result<(), SqlError> {
    let user = pending.user.map(|user| user.to_string());
    sql.exec(
        "UPDATE connections SET state = 'active', portal_name = ?2, user = ?3, connected_by = ?4, connected_at = ?5,
             pending = NULL, settle_at = NULL, uninstall = 0, revoke = 0 WHERE id = ?1",
        &[
            Param::Text(id.as_str()),
            Param::Text(&pending.portal_name),
            super::optional(user.as_deref()),
            Param::Text(&pending.connected_by),
            Param::Int(pending.at.0),
        ],
    )?;
    Ok(())
}

/// A disconnect begins; what it does is settled here and not again.
pub fn begin_disconnect(
    sql: &dyn Sql,
    id: &ConnectionId,
    connected_at: Timestamp,
    uninstall: bool,
    revoke: bool,
) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE connections SET state = 'disconnecting', connected_at = ?2, pending = NULL, settle_at = NULL,
             uninstall = ?3, revoke = ?4 WHERE id = ?1",
        &[
            Param::Text(id.as_str()),
            Param::Int(connected_at.0),
            Param::Int(uninstall.into()),
            Param::Int(revoke.into()),
        ],
    )?;
    Ok(())
}

/// What the disconnect under way does: (uninstall, revoke).
pub fn disconnect_of(sql: &dyn Sql, id: &ConnectionId) -> Result<(bool, bool), SqlError> {
    let rows =
        sql.exec("SELECT uninstall, revoke FROM connections WHERE id = ?1", &[Param::Text(id.as_str())])?;
    let Some(row) = rows.into_iter().next() else { return Ok((false, false)) };
    let mut columns = Columns::new(row, "connections");
    Ok((columns.flag()?, columns.flag()?))
}

/// A connection with something to do at a tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub id: ConnectionId,
    /// Unique id of its Portal.
    pub object: String,
    /// Where it stands.
    pub state: ConnectionState,
    /// See [`Connection::connected_at`].
    pub connected_at: Timestamp,
    /// Whether a connect was interrupted.
    pub settle: bool,
    /// The disconnect under way: uninstall, revoke.
    pub disconnect: (bool, bool),
}

/// Up to `limit` with greater ids than `after`, in order of id: active, disconnecting, or to be settled by now.
pub fn due(
    sql: &dyn Sql,
    after: Option<&ConnectionId>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Due>, SqlError> {
    let rows = sql.exec(
        "SELECT id, object, state, connected_at, settle_at IS NOT NULL AND settle_at <= ?3, uninstall, revoke FROM connections
         WHERE id > ?1 AND (state IN ('active', 'disconnecting') OR settle_at <= ?3) ORDER BY id LIMIT ?2",
        &[
            Param::Text(after.map_or("", ConnectionId::as_str)),
            Param::Int(i64::from(limit)),
            Param::Int(now.0),
        ],
    )?;
    rows.into_iter()
        .map(|row| {
            let mut columns = Columns::new(row, "connections");
            Ok(Due {
                id: columns.parse()?,
                object: columns.text()?,
                state: ConnectionState::parse(&columns.text()?).ok_or(SqlError::Content("connections"))?,
                connected_at: columns.time()?,
                settle: columns.flag()?,
                disconnect: (columns.flag()?, columns.flag()?),
            })
        })
        .collect()
}

/// How many there are: those that anyone may see, and the active of them.
pub fn count(sql: &dyn Sql) -> Result<(u64, u64), SqlError> {
    let all = int(sql, "SELECT count(*) FROM connections WHERE state <> 'connecting'", &[])?;
    let active = int(sql, "SELECT count(*) FROM connections WHERE state = 'active'", &[])?;
    Ok((all.unwrap_or(0) as u64, active.unwrap_or(0) as u64))
}

/// How many rows a workspace has, whatever their state.
pub fn count_of(sql: &dyn Sql, workspace: &WorkspaceId) -> Result<u64, SqlError> {
    let count = int(
        sql,
        "SELECT count(*) FROM connections WHERE workspace = ?1",
        &[Param::Text(workspace.as_str())],
    )?;
    Ok(count.unwrap_or(0) as u64)
}

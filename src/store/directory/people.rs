//! People at browsers: one-time links, sessions, OAuth states, sign-in attempts. Tokens are stored as hashes.

use serde::{Deserialize, Serialize};

use super::{Columns, optional, parse_json};
use crate::{
    store::sql::{Param, Sql, SqlError, int},
    values::{
        ids::{AppKey, ConnectionId, WorkspaceId},
        time::Timestamp,
    },
};

/// Who sits before a browser, as the host says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Name or e-mail address.
    pub user: String,
    /// What they may do.
    pub role: Role,
    /// Where to go back to.
    pub return_url: Option<String>,
}

/// What a person may do in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything; the only one that reaches the Integrations page.
    Administrator,
    /// Reads.
    Viewer,
}

impl Role {
    /// As in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Viewer => "viewer",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Administrator, Self::Viewer].into_iter().find(|role| role.as_str() == text)
    }
}

fn person_json(person: &Person) -> String {
    serde_json::to_string(person).expect("a person is strings only")
}

/// A stored link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// To whose pages.
    pub workspace: WorkspaceId,
    /// For whom.
    pub person: Person,
    /// Its end.
    pub expires_at: Timestamp,
    /// When it was opened.
    pub used_at: Option<Timestamp>,
}

/// Adds a link.
pub fn insert_link(sql: &dyn Sql, hash: &str, link: &Link) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO links (hash, workspace, person, expires_at) VALUES (?1, ?2, ?3, ?4)",
        &[
            Param::Text(hash),
            Param::Text(link.workspace.as_str()),
            Param::Text(&person_json(&link.person)),
            Param::Int(link.expires_at.0),
        ],
    )?;
    Ok(())
}

/// A link by its token's hash.
pub fn link(sql: &dyn Sql, hash: &str) -> Result<Option<Link>, SqlError> {
    let rows = sql.exec(
        "SELECT workspace, person, expires_at, used_at FROM links WHERE hash = ?1",
        &[Param::Text(hash)],
    )?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut columns = Columns::new(row, "links");
    Ok(Some(Link {
        workspace: columns.parse()?,
        person: parse_json(&columns.text()?, "links")?,
        expires_at: columns.time()?,
        used_at: columns.time_or_null()?,
    }))
}

/// Marks a link as opened.
pub fn spend_link(sql: &dyn Sql, hash: &str, now: Timestamp) -> Result<(), SqlError> {
    sql.exec("UPDATE links SET used_at = ?2 WHERE hash = ?1", &[Param::Text(hash), Param::Int(now.0)])?;
    Ok(())
}

/// A stored session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// Whose pages; `None`: the operator's console.
    pub workspace: Option<WorkspaceId>,
    /// Who.
    pub person: Person,
    /// Its end.
    pub expires_at: Timestamp,
}

/// Adds a session.
pub fn insert_session(sql: &dyn Sql, hash: &str, session: &StoredSession) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO sessions (hash, workspace, person, expires_at) VALUES (?1, ?2, ?3, ?4)",
        &[
            Param::Text(hash),
            optional(session.workspace.as_ref().map(WorkspaceId::as_str)),
            Param::Text(&person_json(&session.person)),
            Param::Int(session.expires_at.0),
        ],
    )?;
    Ok(())
}

/// A session by its token's hash, over or not.
pub fn session(sql: &dyn Sql, hash: &str) -> Result<Option<StoredSession>, SqlError> {
    let rows =
        sql.exec("SELECT workspace, person, expires_at FROM sessions WHERE hash = ?1", &[Param::Text(hash)])?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut columns = Columns::new(row, "sessions");
    Ok(Some(StoredSession {
        workspace: columns.parse_or_null()?,
        person: parse_json(&columns.text()?, "sessions")?,
        expires_at: columns.time()?,
    }))
}

/// Ends a session.
pub fn delete_session(sql: &dyn Sql, hash: &str) -> Result<(), SqlError> {
    sql.exec("DELETE FROM sessions WHERE hash = ?1", &[Param::Text(hash)])?;
    Ok(())
}

/// A stored OAuth state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Hash of the session that began.
    pub session: String,
    /// For which workspace.
    pub workspace: WorkspaceId,
    /// Through which app.
    pub app: AppKey,
    /// The connection to authorise anew.
    pub connection: Option<ConnectionId>,
    /// Its end.
    pub expires_at: Timestamp,
}

/// Adds a state.
pub fn insert_state(sql: &dyn Sql, hash: &str, state: &State) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO oauth_states (hash, session, workspace, app, connection, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            Param::Text(hash),
            Param::Text(&state.session),
            Param::Text(state.workspace.as_str()),
            Param::Text(state.app.as_str()),
            optional(state.connection.as_ref().map(ConnectionId::as_str)),
            Param::Int(state.expires_at.0),
        ],
    )?;
    Ok(())
}

/// Takes a state out: it is never found again.
pub fn take_state(sql: &dyn Sql, hash: &str) -> Result<Option<State>, SqlError> {
    let rows = sql.exec(
        "DELETE FROM oauth_states WHERE hash = ?1 RETURNING session, workspace, app, connection, expires_at",
        &[Param::Text(hash)],
    )?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut columns = Columns::new(row, "oauth_states");
    Ok(Some(State {
        session: columns.text()?,
        workspace: columns.parse()?,
        app: columns.parse()?,
        connection: columns.parse_or_null()?,
        expires_at: columns.time()?,
    }))
}

/// Notes a failed sign-in.
pub fn insert_attempt(sql: &dyn Sql, client: &str, now: Timestamp) -> Result<(), SqlError> {
    sql.exec("INSERT INTO attempts (client, at) VALUES (?1, ?2)", &[Param::Text(client), Param::Int(now.0)])?;
    Ok(())
}

/// The moment of the `nth` newest failed sign-in (from 1), of one client or of all, since `since`.
pub fn nth_attempt(
    sql: &dyn Sql,
    client: Option<&str>,
    nth: u32,
    since: Timestamp,
) -> Result<Option<Timestamp>, SqlError> {
    let at = int(
        sql,
        "SELECT at FROM attempts WHERE at > ?1 AND (?2 IS NULL OR client = ?2) ORDER BY at DESC LIMIT 1 OFFSET ?3",
        &[Param::Int(since.0), optional(client), Param::Int(i64::from(nth) - 1)],
    )?;
    Ok(at.map(Timestamp))
}

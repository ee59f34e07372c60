//! People at browsers: one-time links, sessions, OAuth states, sign-in attempts. Tokens are stored as hashes.

use serde::{Deserialize, Serialize};

use super::{Columns, optional, parse_json};
use crate::{
    store::sql::{Param, Row, Sql, SqlError, int},
    values::{
        ids::{ApiKeyId, AppKey, ConnectionId, WorkspaceId},
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
    /// The API key that made it; `None`: the root key or a service binding.
    pub made_by: Option<ApiKeyId>,
}

/// Adds a link.
pub fn insert_link(sql: &dyn Sql, hash: &str, link: &Link) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO links (hash, workspace, person, expires_at, made_by) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            Param::Text(hash),
            Param::Text(link.workspace.as_str()),
            Param::Text(&person_json(&link.person)),
            Param::Int(link.expires_at.0),
            optional(link.made_by.as_ref().map(ApiKeyId::as_str)),
        ],
    )?;
    Ok(())
}

/// A link by its token's hash.
pub fn link(sql: &dyn Sql, hash: &str) -> Result<Option<Link>, SqlError> {
    let rows = sql.exec(
        "SELECT workspace, person, expires_at, used_at, made_by FROM links WHERE hash = ?1",
        &[Param::Text(hash)],
    )?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut columns = Columns::new(row, "links");
    Ok(Some(Link {
        workspace: columns.parse()?,
        person: parse_json(&columns.text()?, "links")?,
        expires_at: columns.time()?,
        used_at: columns.time_or_null()?,
        made_by: columns.parse_or_null()?,
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
    /// The API key that made the link which opened it.
    pub made_by: Option<ApiKeyId>,
    /// Hash of the operator's session from which it was begun.
    pub within: Option<String>,
}

/// Adds a session.
pub fn insert_session(sql: &dyn Sql, hash: &str, session: &StoredSession) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO sessions (hash, workspace, person, expires_at, made_by, within) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            Param::Text(hash),
            optional(session.workspace.as_ref().map(WorkspaceId::as_str)),
            Param::Text(&person_json(&session.person)),
            Param::Int(session.expires_at.0),
            optional(session.made_by.as_ref().map(ApiKeyId::as_str)),
            optional(session.within.as_deref()),
        ],
    )?;
    Ok(())
}

/// A session by its token's hash, over or not.
pub fn session(sql: &dyn Sql, hash: &str) -> Result<Option<StoredSession>, SqlError> {
    let rows = sql.exec(
        "SELECT workspace, person, expires_at, made_by, within FROM sessions WHERE hash = ?1",
        &[Param::Text(hash)],
    )?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut columns = Columns::new(row, "sessions");
    Ok(Some(StoredSession {
        workspace: columns.parse_or_null()?,
        person: parse_json(&columns.text()?, "sessions")?,
        expires_at: columns.time()?,
        made_by: columns.parse_or_null()?,
        within: columns.text_or_null()?,
    }))
}

/// Ends a session, and those that the operator began from it.
pub fn delete_session(sql: &dyn Sql, hash: &str) -> Result<(), SqlError> {
    sql.exec("DELETE FROM sessions WHERE hash = ?1 OR within = ?1", &[Param::Text(hash)])?;
    Ok(())
}

/// Ends every session, and every link not yet opened, that an API key made.
pub fn delete_of_key(sql: &dyn Sql, key: &ApiKeyId) -> Result<(), SqlError> {
    let key = [Param::Text(key.as_str())];
    sql.exec("DELETE FROM sessions WHERE made_by = ?1", &key)?;
    sql.exec("DELETE FROM links WHERE made_by = ?1 AND used_at IS NULL", &key)?;
    Ok(())
}

/// Ends the sessions of a workspace's people and their links not yet opened: of `user`, or of everybody whom the host sent. The
/// operator's own stay. Says how many sessions and links were alive at `now`.
pub fn delete_of_people(
    sql: &dyn Sql,
    workspace: &WorkspaceId,
    user: Option<&str>,
    now: Timestamp,
) -> Result<(u64, u64), SqlError> {
    let whose = [Param::Text(workspace.as_str()), optional(user)];
    let alive = |rows: Vec<Row>| -> Result<u64, SqlError> {
        let mut alive = 0;
        for row in rows {
            alive += u64::from(Columns::new(row, "sessions").time()? > now);
        }
        Ok(alive)
    };
    let sessions = sql.exec(
        "DELETE FROM sessions WHERE workspace = ?1 AND within IS NULL
         AND (?2 IS NULL OR json_extract(person, '$.user') = ?2) RETURNING expires_at",
        &whose,
    )?;
    let links = sql.exec(
        "DELETE FROM links WHERE workspace = ?1 AND used_at IS NULL
         AND (?2 IS NULL OR json_extract(person, '$.user') = ?2) RETURNING expires_at",
        &whose,
    )?;
    Ok((alive(sessions)?, alive(links)?))
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

/// Forgets the oldest failed sign-ins but for `most`.
pub fn keep_attempts(sql: &dyn Sql, most: u32) -> Result<(), SqlError> {
    if let Some(oldest) = nth_attempt(sql, None, most, Timestamp(0))? {
        sql.exec("DELETE FROM attempts WHERE at < ?1", &[Param::Int(oldest.0)])?;
    }
    Ok(())
}

/// The moment of the `nth` newest failed sign-in (from 1), of one client or of all, since `since`.
pub fn nth_attempt(
    sql: &dyn Sql,
    client: Option<&str>,
    nth: u32,
    since: Timestamp,
) -> Result<Option<Timestamp>, SqlError> {
    let (since, skipped) = (Param::Int(since.0), Param::Int(i64::from(nth) - 1));
    // Each is answered by an index alone.
    let at = match client {
        Some(client) => int(
            sql,
            "SELECT at FROM attempts WHERE at > ?1 AND client = ?3 ORDER BY at DESC LIMIT 1 OFFSET ?2",
            &[since, skipped, Param::Text(client)],
        ),
        None => int(
            sql,
            "SELECT at FROM attempts WHERE at > ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2",
            &[since, skipped],
        ),
    }?;
    Ok(at.map(Timestamp))
}

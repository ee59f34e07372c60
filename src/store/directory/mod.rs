//! The Directory's tables: who may come in, which connections there are and where their objects live.
//!
//! Small and rarely written; everything a connection mirrors is in its own object. Portal and user ids are TEXT: the
//! platform binds numbers as doubles, exact to 2^53 only.

pub mod alerts;
pub mod connections;
pub mod counters;
pub mod keys;
pub mod people;
pub mod requests;
pub mod workspaces;

use crate::store::{
    schema,
    sql::{Param, Row, Sql, SqlError, Value},
};
use crate::values::{json, time::Timestamp};

/// Schema steps; never edited once released.
const STEPS: [&str; 5] = [
    "
CREATE TABLE workspaces (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, jurisdiction TEXT, created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE connections (
    id TEXT PRIMARY KEY, workspace TEXT NOT NULL, app TEXT NOT NULL, portal TEXT NOT NULL,
    portal_name TEXT NOT NULL, user TEXT, connected_by TEXT NOT NULL, object TEXT NOT NULL, state TEXT NOT NULL,
    created_at INTEGER NOT NULL, connected_at INTEGER NOT NULL,
    -- What the last authorisation said, until its Portal confirms, and when a tick asks the Portal itself.
    pending TEXT, settle_at INTEGER,
    -- What the disconnect under way does.
    uninstall INTEGER NOT NULL DEFAULT 0, revoke INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE UNIQUE INDEX connections_of_workspace ON connections (workspace, app, portal);
CREATE INDEX connections_of_portal ON connections (portal, app);
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, workspace TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER, used_at INTEGER, revoked_at INTEGER
) WITHOUT ROWID;
CREATE INDEX api_keys_of_workspace ON api_keys (workspace);
CREATE TABLE links (
    hash TEXT PRIMARY KEY, workspace TEXT NOT NULL, person TEXT NOT NULL, expires_at INTEGER NOT NULL,
    used_at INTEGER
) WITHOUT ROWID;
CREATE TABLE sessions (
    hash TEXT PRIMARY KEY, workspace TEXT, person TEXT NOT NULL, expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE oauth_states (
    hash TEXT PRIMARY KEY, session TEXT NOT NULL, workspace TEXT NOT NULL, app TEXT NOT NULL, connection TEXT,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE attempts (client TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX attempts_by_time ON attempts (at);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
",
    "
-- What a person calls the connection; empty: as the account is called.
ALTER TABLE connections ADD COLUMN name TEXT NOT NULL DEFAULT '';
-- What is wrong with the deployment, one row a kind: since when, when it was noticed last and how often, of which connection,
-- and when the operator was told.
CREATE TABLE alerts (
    kind TEXT PRIMARY KEY, since INTEGER NOT NULL, at INTEGER NOT NULL, count INTEGER NOT NULL, connection TEXT,
    told_at INTEGER
) WITHOUT ROWID;
",
    "
-- Names between spaces; NULL: a key made before there were permissions, which has all.
ALTER TABLE api_keys ADD COLUMN permissions TEXT;
CREATE TABLE requests (
    caller TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, began_at INTEGER NOT NULL,
    -- Sealed; NULL while it is not known, empty where it was too large to keep.
    answer TEXT,
    PRIMARY KEY (caller, key)
) WITHOUT ROWID;
CREATE INDEX requests_by_time ON requests (began_at);
",
    crate::store::audit::TABLE,
    "
-- The API key that made the link, and so the session that it opened; NULL: the root key or a service binding.
ALTER TABLE links ADD COLUMN made_by TEXT;
ALTER TABLE sessions ADD COLUMN made_by TEXT;
-- The operator's session from which a workspace was entered: it ends with it.
ALTER TABLE sessions ADD COLUMN within TEXT;
CREATE INDEX links_of_workspace ON links (workspace);
CREATE INDEX sessions_of_workspace ON sessions (workspace);
CREATE INDEX links_of_key ON links (made_by) WHERE made_by IS NOT NULL;
CREATE INDEX sessions_of_key ON sessions (made_by) WHERE made_by IS NOT NULL;
CREATE INDEX sessions_within ON sessions (within) WHERE within IS NOT NULL;
CREATE INDEX attempts_of_client ON attempts (client, at);
",
];

/// Opens the database; run once per object start.
pub fn open(sql: &dyn Sql) -> Result<(), SqlError> {
    schema::open(sql, &STEPS)
}

/// Forgets what has expired. Spent links stay a day, so that a second opening can be told from an invented link.
pub fn clear_expired(sql: &dyn Sql, now: Timestamp) -> Result<(), SqlError> {
    let at = Param::Int(now.0);
    let day_ago = Param::Int(now.minus_ms(crate::values::time::DAY_MS).0);
    sql.exec("DELETE FROM oauth_states WHERE expires_at <= ?1", &[at])?;
    sql.exec("DELETE FROM sessions WHERE expires_at <= ?1", &[at])?;
    sql.exec("DELETE FROM links WHERE expires_at <= ?1", &[day_ago])?;
    sql.exec("DELETE FROM attempts WHERE at <= ?1", &[day_ago])?;
    requests::forget(sql, now)?;
    Ok(())
}

/// One row, column by column in the order of the SELECT.
pub(super) struct Columns {
    row: std::vec::IntoIter<Value>,
    table: &'static str,
}

impl Columns {
    fn new(row: Row, table: &'static str) -> Self {
        Self { row: row.into_iter(), table }
    }

    fn next(&mut self) -> Result<Value, SqlError> {
        self.row.next().ok_or(SqlError::Content(self.table))
    }

    fn text(&mut self) -> Result<String, SqlError> {
        self.next()?.into_text().ok_or(SqlError::Content(self.table))
    }

    fn text_or_null(&mut self) -> Result<Option<String>, SqlError> {
        Ok(self.next()?.into_text())
    }

    fn parse<T: std::str::FromStr>(&mut self) -> Result<T, SqlError> {
        self.text()?.parse().map_err(|_| SqlError::Content(self.table))
    }

    fn parse_or_null<T: std::str::FromStr>(&mut self) -> Result<Option<T>, SqlError> {
        match self.text_or_null()? {
            Some(text) => text.parse().map(Some).map_err(|_| SqlError::Content(self.table)),
            None => Ok(None),
        }
    }

    fn time(&mut self) -> Result<Timestamp, SqlError> {
        self.next()?.int().map(Timestamp).ok_or(SqlError::Content(self.table))
    }

    fn time_or_null(&mut self) -> Result<Option<Timestamp>, SqlError> {
        Ok(self.next()?.int().map(Timestamp))
    }

    fn flag(&mut self) -> Result<bool, SqlError> {
        Ok(self.next()?.int().ok_or(SqlError::Content(self.table))? != 0)
    }
}

/// Reads JSON that this ring wrote.
pub(super) fn parse_json<T: serde::de::DeserializeOwned>(
    text: &str,
    table: &'static str,
) -> Result<T, SqlError> {
    json::parse(text).map_err(|_| SqlError::Content(table))
}

fn optional(text: Option<&str>) -> Param<'_> {
    text.map_or(Param::Null, Param::Text)
}

fn optional_time(time: Option<Timestamp>) -> Param<'static> {
    time.map_or(Param::Null, |time| Param::Int(time.0))
}

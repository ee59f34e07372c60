//! Workflows that people made, each version of them, the events that a host sent to them, a row for each run of a workflow, and who has been
//! through which.
//!
//! An event is known by the host's own name for it: sent again it changes nothing. A *run* is of one version of a workflow and one *subject*:
//! the record that goes through it, by type and id (`contacts/512`), or whom the host named while HubSpot has no record of them
//! (`email/…`, `phone/…`, `event/…`). Of one version and one subject one run is open at most. Runs and events may name a person, and go when
//! that person is erased or their time is over. Who has been through a workflow stays as long as it does ([`enrolled`]).

pub mod enrolled;
pub mod events;
pub mod runs;

use crate::{
    store::sql::{Param, Row, Sql, SqlError, Value, int},
    values::{
        ids::{RunId, WorkflowId},
        time::Timestamp,
    },
};

/// The tables. What is open is a small part of what is kept: it has indexes of its own.
pub const TABLES: &str =
    "CREATE TABLE workflows (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL);
     CREATE TABLE workflow_versions (
         workflow INTEGER NOT NULL,
         version INTEGER NOT NULL,
         at INTEGER NOT NULL,
         by TEXT NOT NULL,
         definition TEXT NOT NULL,
         PRIMARY KEY (workflow, version)
     );
     CREATE TABLE workflow_events (
         number INTEGER PRIMARY KEY,
         key TEXT NOT NULL UNIQUE,
         received_at INTEGER NOT NULL,
         email TEXT,
         phone INTEGER,
         contact INTEGER,
         content TEXT
     );
     CREATE INDEX workflow_events_pending ON workflow_events (number) WHERE content IS NOT NULL;
     CREATE TABLE workflow_runs (
         number INTEGER PRIMARY KEY,
         id TEXT NOT NULL UNIQUE,
         workflow INTEGER NOT NULL,
         version INTEGER NOT NULL,
         subject TEXT NOT NULL,
         at INTEGER NOT NULL,
         ended_at INTEGER,
         state TEXT NOT NULL,
         action TEXT,
         due_at INTEGER NOT NULL,
         watches INTEGER NOT NULL,
         contact INTEGER,
         company INTEGER,
         deal INTEGER,
         email TEXT,
         phone INTEGER,
         content TEXT NOT NULL
     );
     CREATE UNIQUE INDEX workflow_runs_active ON workflow_runs (workflow, version, subject) WHERE state = 'open';
     CREATE INDEX workflow_runs_due ON workflow_runs (due_at) WHERE state = 'open' AND action IS NULL;
     CREATE INDEX workflow_runs_asked ON workflow_runs (number) WHERE state = 'open' AND action IS NOT NULL;
     CREATE INDEX workflow_runs_of ON workflow_runs (workflow, number);
     CREATE INDEX workflow_runs_ended ON workflow_runs (ended_at) WHERE ended_at IS NOT NULL;
     CREATE INDEX workflow_runs_contact ON workflow_runs (contact) WHERE contact IS NOT NULL;
     CREATE INDEX workflow_runs_email ON workflow_runs (email) WHERE email IS NOT NULL;
     CREATE INDEX workflow_runs_phone ON workflow_runs (phone) WHERE phone IS NOT NULL;
     CREATE INDEX workflow_runs_watches ON workflow_runs (subject) WHERE watches = 1;
     CREATE INDEX workflow_runs_watches_contact ON workflow_runs (contact) WHERE watches = 1;
     CREATE INDEX workflow_runs_watches_company ON workflow_runs (company) WHERE watches = 1;
     CREATE INDEX workflow_runs_watches_deal ON workflow_runs (deal) WHERE watches = 1;
     CREATE TABLE workflow_enrolled (
         number INTEGER PRIMARY KEY,
         workflow INTEGER NOT NULL,
         subject TEXT NOT NULL,
         at INTEGER NOT NULL,
         since INTEGER NOT NULL,
         times INTEGER NOT NULL,
         UNIQUE (workflow, subject)
     );";

const WORKFLOWS: SqlError = SqlError::Content("workflows");
const VERSIONS: SqlError = SqlError::Content("workflow_versions");
const RUNS: SqlError = SqlError::Content("workflow_runs");
const EVENTS: SqlError = SqlError::Content("workflow_events");

fn or_null(text: Option<&str>) -> Param<'_> {
    text.map_or(Param::Null, Param::Text)
}

/// A JSON list of rows.
pub fn numbers_json(numbers: &[i64]) -> String {
    serde_json::to_string(numbers).unwrap_or_else(|_| "[]".to_owned())
}

/// A JSON list of texts.
pub fn texts_json(texts: &[String]) -> String {
    serde_json::to_string(texts).unwrap_or_else(|_| "[]".to_owned())
}

/// Every workflow's number and state, the oldest first.
pub fn all(sql: &dyn Sql) -> Result<Vec<(i64, String)>, SqlError> {
    let rows = sql.exec("SELECT number, state FROM workflows ORDER BY number", &[])?;
    let read = |row: Row| {
        let [number, state] = <[Value; 2]>::try_from(row).ok()?;
        Some((number.int()?, state.into_text()?))
    };
    rows.into_iter().map(read).collect::<Option<_>>().ok_or(WORKFLOWS)
}

/// Saves a workflow, new or not; its number.
pub fn put(sql: &dyn Sql, id: &WorkflowId, state: &str) -> Result<i64, SqlError> {
    sql.exec(
        "INSERT INTO workflows (id, state) VALUES (?1, ?2)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state",
        &[Param::Text(id.as_str()), Param::Text(state)],
    )?;
    int(sql, "SELECT number FROM workflows WHERE id = ?1", &[Param::Text(id.as_str())])?.ok_or(WORKFLOWS)
}

/// Forgets some of a workflow that is to be forgotten, `limit` rows of a kind at most; whether that was the last of it: a number is used again
/// once nothing of it is left.
pub fn forget_some(sql: &dyn Sql, workflow: i64, limit: u32) -> Result<bool, SqlError> {
    for table in ["workflow_runs", "workflow_enrolled"] {
        let statement = format!(
            "DELETE FROM {table} WHERE number IN (SELECT number FROM {table} WHERE workflow = ?1 LIMIT ?2)"
        );
        sql.exec(&statement, &[Param::Int(workflow), Param::Int(limit.into())])?;
        let left = format!("SELECT 1 FROM {table} WHERE workflow = ?1 LIMIT 1");
        if int(sql, &left, &[Param::Int(workflow)])?.is_some() {
            return Ok(false);
        }
    }
    for statement in
        ["DELETE FROM workflow_versions WHERE workflow = ?1", "DELETE FROM workflows WHERE number = ?1"]
    {
        sql.exec(statement, &[Param::Int(workflow)])?;
    }
    Ok(true)
}

/// A version of a workflow as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Counts from 1.
    pub version: u32,
    /// When it was made.
    pub at: Timestamp,
    /// By whom: the engine's JSON.
    pub by: String,
    /// The definition, as JSON.
    pub definition: String,
}

fn version(row: Row) -> Option<Version> {
    let [version, at, by, definition] = <[Value; 4]>::try_from(row).ok()?;
    Some(Version {
        version: u32::try_from(version.int()?).ok()?,
        at: Timestamp(at.int()?),
        by: by.into_text()?,
        definition: definition.into_text()?,
    })
}

/// Adds a version.
pub fn add_version(sql: &dyn Sql, workflow: i64, new: &Version) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO workflow_versions (workflow, version, at, by, definition) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            Param::Int(workflow),
            Param::Int(new.version.into()),
            Param::Int(new.at.0),
            Param::Text(&new.by),
            Param::Text(&new.definition),
        ],
    )?;
    Ok(())
}

/// One version.
pub fn version_of(sql: &dyn Sql, workflow: i64, number: u32) -> Result<Option<Version>, SqlError> {
    let rows = sql.exec(
        "SELECT version, at, by, definition FROM workflow_versions WHERE workflow = ?1 AND version = ?2",
        &[Param::Int(workflow), Param::Int(number.into())],
    )?;
    rows.into_iter().next().map(|row| version(row).ok_or(VERSIONS)).transpose()
}

/// Those that are kept, the newest first.
pub fn versions(sql: &dyn Sql, workflow: i64) -> Result<Vec<Version>, SqlError> {
    let rows = sql.exec(
        "SELECT version, at, by, definition FROM workflow_versions WHERE workflow = ?1 ORDER BY version DESC",
        &[Param::Int(workflow)],
    )?;
    rows.into_iter().map(|row| version(row).ok_or(VERSIONS)).collect()
}

/// The versions that runs go by, the newest of a workflow or not: workflow, version and definition.
pub fn versions_under_way(sql: &dyn Sql) -> Result<Vec<(i64, u32, String)>, SqlError> {
    let rows = sql.exec(
        "SELECT workflow, version, definition FROM workflow_versions
         WHERE EXISTS (SELECT 1 FROM workflow_runs WHERE workflow_runs.workflow = workflow_versions.workflow
                 AND workflow_runs.version = workflow_versions.version AND state = 'open')
         ORDER BY workflow, version",
        &[],
    )?;
    let read = |row: Row| {
        let [workflow, version, definition] = <[Value; 3]>::try_from(row).ok()?;
        Some((workflow.int()?, u32::try_from(version.int()?).ok()?, definition.into_text()?))
    };
    rows.into_iter().map(|row| read(row).ok_or(VERSIONS)).collect()
}

/// Of more than `most` versions the oldest go, but for those that a run still goes by.
pub fn thin_versions(sql: &dyn Sql, workflow: i64, most: u32) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM workflow_versions WHERE workflow = ?1
             AND version NOT IN (SELECT version FROM workflow_versions WHERE workflow = ?1 ORDER BY version DESC LIMIT ?2)
             AND NOT EXISTS (SELECT 1 FROM workflow_runs WHERE workflow_runs.workflow = workflow_versions.workflow
                 AND workflow_runs.version = workflow_versions.version AND state = 'open')",
        &[Param::Int(workflow), Param::Int(most.into())],
    )?;
    Ok(())
}

/// Whether anything is kept that tells of somebody.
pub fn any(sql: &dyn Sql) -> Result<bool, SqlError> {
    for table in ["workflow_events", "workflow_runs", "workflow_enrolled"] {
        if int(sql, &format!("SELECT 1 FROM {table} LIMIT 1"), &[])?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// By what a person is found: contacts, and addresses in lower case.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// Their records.
    pub contacts: Vec<crate::values::ids::RecordId>,
    /// Their addresses.
    pub emails: Vec<String>,
}

/// In which columns rows of a person are found, and the values as JSON lists.
fn of_person(person: &Person) -> [(&'static str, String); 2] {
    [("contact", super::records::ids_json(&person.contacts)), ("email", texts_json(&person.emails))]
}

/// Forgets runs by their rows, what they had done in HubSpot as far as that is remembered here, and that whom they are of has been through
/// workflows.
pub fn erase(sql: &dyn Sql, person: &Person, numbers: &[i64]) -> Result<(), SqlError> {
    let mut subjects = runs::subjects(sql, numbers)?;
    subjects.extend(person.contacts.iter().map(|id| format!("contacts/{id}")));
    subjects.extend(person.emails.iter().map(|email| format!("email/{email}")));
    runs::erase(sql, numbers)?;
    enrolled::erase(sql, &subjects)
}

/// An id from a column.
fn run_id(value: &Value) -> Option<RunId> {
    value.text()?.parse().ok()
}

#[cfg(test)]
mod tests;

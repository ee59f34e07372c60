//! Intent signals that a host sent, the lists and automations that people made, and a row for each run of an automation on a signal.
//!
//! A signal is known by the host's own name for it: sent again it changes nothing. A run is of one automation and one signal, of which there
//! is one at most. Both may name a person, and go when that person is erased or their time is over. What cool-downs are counted from stays
//! longer ([`acts`]).

pub mod acts;

use crate::{
    store::sql::{Param, Row, Sql, SqlError, Value, int, text},
    values::{
        ids::{ActionId, AutomationId, QualifyingListId, RecordId, RunId, SignalId},
        json,
        time::Timestamp,
    },
};

/// The tables. What is open is a small part of what is kept: it has indexes of its own.
pub const TABLES: &str = "CREATE TABLE signals (
         number INTEGER PRIMARY KEY,
         id TEXT NOT NULL UNIQUE,
         key TEXT NOT NULL UNIQUE,
         received_at INTEGER NOT NULL,
         email TEXT,
         visitor TEXT,
         contact INTEGER,
         state TEXT NOT NULL,
         content TEXT NOT NULL
     );
     CREATE INDEX signals_pending ON signals (number) WHERE state = 'pending';
     CREATE INDEX signals_received ON signals (received_at);
     CREATE INDEX signals_email ON signals (email) WHERE email IS NOT NULL;
     CREATE INDEX signals_visitor ON signals (visitor) WHERE visitor IS NOT NULL;
     CREATE INDEX signals_contact ON signals (contact) WHERE contact IS NOT NULL;
     CREATE TABLE qualifying_lists (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL);
     CREATE TABLE automations (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL);
     CREATE TABLE automation_runs (
         number INTEGER PRIMARY KEY,
         id TEXT NOT NULL UNIQUE,
         automation INTEGER NOT NULL,
         signal INTEGER NOT NULL,
         subject TEXT NOT NULL,
         record TEXT,
         at INTEGER NOT NULL,
         acted INTEGER NOT NULL,
         state TEXT NOT NULL,
         action TEXT,
         due_at INTEGER NOT NULL,
         content TEXT NOT NULL,
         UNIQUE (automation, signal)
     );
     CREATE INDEX automation_runs_open ON automation_runs (number) WHERE state = 'open';
     CREATE INDEX automation_runs_signal ON automation_runs (signal);
     CREATE INDEX automation_runs_subject ON automation_runs (automation, subject, at) WHERE acted = 1;
     CREATE INDEX automation_runs_record ON automation_runs (automation, record, at) WHERE acted = 1;
     CREATE INDEX automation_runs_of ON automation_runs (automation, number);";

/// What waits for a list that stands still. Lists are few: what is asked of a signal is asked of each of them.
pub const HELD: &str = "CREATE TABLE signals_held (list TEXT NOT NULL, signal INTEGER NOT NULL, PRIMARY KEY (list, signal)) WITHOUT ROWID;";

const SIGNALS: SqlError = SqlError::Content("signals");
const RUNS: SqlError = SqlError::Content("automation_runs");

/// A signal as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Its row.
    pub number: i64,
    /// Its id.
    pub id: SignalId,
    /// The host's own name for it.
    pub key: String,
    /// When it came.
    pub received_at: Timestamp,
    /// Nothing has been decided about it yet.
    pub pending: bool,
    /// The engine's JSON.
    pub content: String,
}

/// A signal to be added.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// Its id.
    pub id: &'a SignalId,
    /// The host's own name for it.
    pub key: &'a str,
    /// The visitor's address in lower case.
    pub email: Option<&'a str>,
    /// The host's own name for the visitor.
    pub visitor: Option<&'a str>,
    /// The engine's JSON.
    pub content: &'a str,
}

const SIGNAL: &str = "SELECT number, id, key, received_at, state, content FROM signals";

fn signal(row: Row) -> Option<Signal> {
    let [number, id, key, received_at, state, content] = <[Value; 6]>::try_from(row).ok()?;
    Some(Signal {
        number: number.int()?,
        id: id.text()?.parse().ok()?,
        key: key.into_text()?,
        received_at: Timestamp(received_at.int()?),
        pending: state.text()? == "pending",
        content: content.into_text()?,
    })
}

fn signals(rows: Vec<Row>) -> Result<Vec<Signal>, SqlError> {
    rows.into_iter().map(signal).collect::<Option<_>>().ok_or(SIGNALS)
}

fn or_null(text: Option<&str>) -> Param<'_> {
    text.map_or(Param::Null, Param::Text)
}

/// Adds a signal of which nothing is decided.
pub fn add(sql: &dyn Sql, new: &New<'_>, now: Timestamp) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO signals (id, key, received_at, email, visitor, state, content)
         VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6)",
        &[
            Param::Text(new.id.as_str()),
            Param::Text(new.key),
            Param::Int(now.0),
            or_null(new.email),
            or_null(new.visitor),
            Param::Text(new.content),
        ],
    )?;
    Ok(())
}

/// The signal that a host calls so.
pub fn by_key(sql: &dyn Sql, key: &str) -> Result<Option<Signal>, SqlError> {
    let rows = sql.exec(&format!("{SIGNAL} WHERE key = ?1"), &[Param::Text(key)])?;
    Ok(signals(rows)?.pop())
}

/// A signal by its id.
pub fn by_id(sql: &dyn Sql, id: &SignalId) -> Result<Option<Signal>, SqlError> {
    let rows = sql.exec(&format!("{SIGNAL} WHERE id = ?1"), &[Param::Text(id.as_str())])?;
    Ok(signals(rows)?.pop())
}

/// A signal by its row.
pub fn numbered(sql: &dyn Sql, number: i64) -> Result<Option<Signal>, SqlError> {
    let rows = sql.exec(&format!("{SIGNAL} WHERE number = ?1"), &[Param::Int(number)])?;
    Ok(signals(rows)?.pop())
}

/// The newest first, before that row.
pub fn page(sql: &dyn Sql, before: Option<i64>, limit: u32) -> Result<Vec<Signal>, SqlError> {
    let before = before.unwrap_or(1 << 53);
    signals(sql.exec(
        &format!("{SIGNAL} WHERE number < ?1 ORDER BY number DESC LIMIT ?2"),
        &[Param::Int(before), Param::Int(limit.into())],
    )?)
}

const PENDING: &str = " WHERE state = 'pending' ORDER BY number LIMIT ?1";

/// The oldest of which nothing is decided.
pub fn pending(sql: &dyn Sql, limit: u32) -> Result<Vec<Signal>, SqlError> {
    signals(sql.exec(&format!("{SIGNAL}{PENDING}"), &[Param::Int(limit.into())])?)
}

/// How many there are of which nothing is decided; `most` are counted at most.
pub fn pending_up_to(sql: &dyn Sql, most: u32) -> Result<u32, SqlError> {
    let statement = "SELECT count(*) FROM (SELECT 1 FROM signals WHERE state = 'pending' LIMIT ?1)";
    Ok(int(sql, statement, &[Param::Int(most.into())])?.unwrap_or(0) as u32)
}

/// A signal waits for a list.
pub fn hold(sql: &dyn Sql, list: &QualifyingListId, signal: i64) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO signals_held (list, signal) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        &[Param::Text(list.as_str()), Param::Int(signal)],
    )?;
    Ok(())
}

/// A signal waits for these lists (a JSON list of ids) no longer.
pub fn let_go(sql: &dyn Sql, lists: &str, signal: i64) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM signals_held WHERE signal = ?2 AND list IN (SELECT value FROM json_each(?1))",
        &[Param::Text(lists), Param::Int(signal)],
    )?;
    Ok(())
}

/// Signals that wait for one of these lists (a JSON list of ids), `limit` at most.
pub fn waiting_for(sql: &dyn Sql, lists: &str, limit: u32) -> Result<Vec<Signal>, SqlError> {
    signals(sql.exec(
        &format!(
            "{SIGNAL} WHERE number IN (SELECT signal FROM signals_held
                 WHERE list IN (SELECT value FROM json_each(?1)) LIMIT ?2) ORDER BY number"
        ),
        &[Param::Text(lists), Param::Int(limit.into())],
    )?)
}

/// The lists that a signal waits for.
pub fn waits_for(sql: &dyn Sql, signal: i64) -> Result<Vec<QualifyingListId>, SqlError> {
    let rows = sql.exec(
        "SELECT list FROM signals_held WHERE list IN (SELECT id FROM qualifying_lists) AND signal = ?1",
        &[Param::Int(signal)],
    )?;
    let read = |row: &Row| row.first()?.text()?.parse().ok();
    rows.iter().map(read).collect::<Option<_>>().ok_or(SIGNALS)
}

/// How many signals wait for a list. Counts them one by one.
pub fn held_by(sql: &dyn Sql, list: &QualifyingListId) -> Result<u64, SqlError> {
    let statement = "SELECT count(*) FROM signals_held WHERE list = ?1";
    Ok(int(sql, statement, &[Param::Text(list.as_str())])?.unwrap_or(0) as u64)
}

/// It is decided about a signal, which is of this contact.
pub fn decided(sql: &dyn Sql, number: i64, contact: Option<RecordId>, content: &str) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE signals SET state = 'decided', contact = ?2, content = ?3 WHERE number = ?1",
        &[
            Param::Int(number),
            contact.map_or(Param::Null, |id| Param::Int(id.0 as i64)),
            Param::Text(content),
        ],
    )?;
    Ok(())
}

/// The contact of a signal is known now.
pub fn is_of(sql: &dyn Sql, number: i64, contact: RecordId) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE signals SET contact = ?2 WHERE number = ?1",
        &[Param::Int(number), Param::Int(contact.0 as i64)],
    )?;
    Ok(())
}

/// When the oldest signal came.
pub fn oldest_at(sql: &dyn Sql) -> Result<Option<Timestamp>, SqlError> {
    Ok(int(sql, "SELECT min(received_at) FROM signals", &[])?.map(Timestamp))
}

/// Forgets signals that came before then, and of more than `most` the oldest; `limit` at once, with their runs. Answers the contacts that they
/// were of.
pub fn forget_before(sql: &dyn Sql, at: Timestamp, most: i64, limit: u32) -> Result<Vec<RecordId>, SqlError> {
    let newest = int(sql, "SELECT max(number) FROM signals", &[])?.unwrap_or(0);
    let rows = sql.exec(
        "SELECT json_group_array(number) FROM (
             SELECT number FROM signals WHERE received_at < ?1 OR number <= ?2 ORDER BY number LIMIT ?3)",
        &[Param::Int(at.0), Param::Int(newest - most), Param::Int(limit.into())],
    )?;
    let old = rows.into_iter().flatten().next().and_then(Value::into_text).unwrap_or_else(|| "[]".to_owned());
    if old == "[]" {
        return Ok(Vec::new());
    }
    let contacts = text(
        sql,
        "SELECT json_group_array(DISTINCT contact) FROM signals
         WHERE contact IS NOT NULL AND number IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&old)],
    )?;
    remove(sql, &old)?;
    json::parse(&contacts.unwrap_or_else(|| "[]".to_owned())).map_err(|_| SIGNALS)
}

/// What the engine keeps of the latest signals of a contact, the newest first.
pub fn latest_of(sql: &dyn Sql, contact: RecordId, limit: u32) -> Result<Vec<String>, SqlError> {
    let rows = sql.exec(
        "SELECT content FROM signals WHERE contact = CAST(?1 AS INTEGER) ORDER BY number DESC LIMIT ?2",
        &[Param::Text(&contact.to_string()), Param::Int(limit.into())],
    )?;
    let read = |row: Row| row.into_iter().next().and_then(Value::into_text).ok_or(SIGNALS);
    rows.into_iter().map(read).collect()
}

/// Forgets signals by their rows, a JSON list, with their runs.
fn remove(sql: &dyn Sql, numbers: &str) -> Result<(), SqlError> {
    if numbers != "[]" {
        for statement in [
            "DELETE FROM automation_runs WHERE signal IN (SELECT value FROM json_each(?1))",
            "DELETE FROM signals_held WHERE list IN (SELECT id FROM qualifying_lists) AND signal IN (SELECT value FROM json_each(?1))",
            "DELETE FROM signals WHERE number IN (SELECT value FROM json_each(?1))",
        ] {
            sql.exec(statement, &[Param::Text(numbers)])?;
        }
    }
    Ok(())
}

/// Rows of the signals of a person: of these addresses in lower case, of these contacts, and of whom the host calls alike.
pub fn of_person(sql: &dyn Sql, emails: &[String], contacts: &[RecordId]) -> Result<Vec<i64>, SqlError> {
    let emails = serde_json::to_string(emails).map_err(|_| SIGNALS)?;
    let contacts = super::records::ids_json(contacts);
    let rows = sql.exec(
        "WITH own AS (
             SELECT number, visitor FROM signals WHERE email IN (SELECT value FROM json_each(?1))
             UNION SELECT number, visitor FROM signals WHERE contact IN (SELECT value FROM json_each(?2)))
         SELECT number FROM own
         UNION SELECT number FROM signals WHERE visitor IN (SELECT visitor FROM own WHERE visitor IS NOT NULL)
         ORDER BY 1",
        &[Param::Text(&emails), Param::Text(&contacts)],
    )?;
    Ok(rows.iter().filter_map(|row| row.first()?.int()).collect())
}

/// By what the host has named somebody: an address, and its own name of a visitor.
pub type Named = (Option<String>, Option<String>);

/// By what the host has named whom these signals are of.
pub fn names_of(sql: &dyn Sql, numbers: &[i64]) -> Result<Vec<Named>, SqlError> {
    let rows = sql.exec(
        "SELECT DISTINCT email, visitor FROM signals WHERE number IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&numbers_json(numbers))],
    )?;
    let read = |row: Row| {
        let [email, visitor] = <[Value; 2]>::try_from(row).ok()?;
        Some((email.into_text(), visitor.into_text()))
    };
    rows.into_iter().map(read).collect::<Option<_>>().ok_or(SIGNALS)
}

/// Forgets these signals, their runs, and what the runs had done in HubSpot, as far as that is remembered here.
pub fn erase(sql: &dyn Sql, numbers: &[i64]) -> Result<(), SqlError> {
    if numbers.is_empty() {
        return Ok(());
    }
    let numbers = serde_json::to_string(numbers).map_err(|_| SIGNALS)?;
    // What runs asked for is called by the run and the step.
    let actions = "SELECT actions.number FROM automation_runs
             JOIN actions ON actions.key >= automation_runs.id || '/' AND actions.key < automation_runs.id || '0'
         WHERE automation_runs.signal IN (SELECT value FROM json_each(?1))";
    for statement in [
        format!("DELETE FROM outbox WHERE action IN ({actions})"),
        format!("DELETE FROM actions WHERE number IN ({actions})"),
    ] {
        sql.exec(&statement, &[Param::Text(&numbers)])?;
    }
    remove(sql, &numbers)
}

fn numbered_states(
    sql: &dyn Sql,
    statement: &str,
    table: &'static str,
) -> Result<Vec<(i64, String)>, SqlError> {
    let rows = sql.exec(statement, &[])?;
    let read = |row: Row| {
        let [number, state] = <[Value; 2]>::try_from(row).ok()?;
        Some((number.int()?, state.into_text()?))
    };
    rows.into_iter().map(read).collect::<Option<_>>().ok_or(SqlError::Content(table))
}

/// Every list's number and state, the oldest first.
pub fn lists(sql: &dyn Sql) -> Result<Vec<(i64, String)>, SqlError> {
    numbered_states(sql, "SELECT number, state FROM qualifying_lists ORDER BY number", "qualifying_lists")
}

/// Saves a list, new or not.
pub fn put_list(sql: &dyn Sql, id: &QualifyingListId, state: &str) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO qualifying_lists (id, state) VALUES (?1, ?2)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state",
        &[Param::Text(id.as_str()), Param::Text(state)],
    )?;
    Ok(())
}

/// Forgets a list.
pub fn remove_list(sql: &dyn Sql, id: &QualifyingListId) -> Result<(), SqlError> {
    for statement in
        ["DELETE FROM signals_held WHERE list = ?1", "DELETE FROM qualifying_lists WHERE id = ?1"]
    {
        sql.exec(statement, &[Param::Text(id.as_str())])?;
    }
    Ok(())
}

/// Every automation's number and state, the oldest first.
pub fn automations(sql: &dyn Sql) -> Result<Vec<(i64, String)>, SqlError> {
    numbered_states(sql, "SELECT number, state FROM automations ORDER BY number", "automations")
}

/// Saves an automation, new or not; its number.
pub fn put_automation(sql: &dyn Sql, id: &AutomationId, state: &str) -> Result<i64, SqlError> {
    sql.exec(
        "INSERT INTO automations (id, state) VALUES (?1, ?2)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state",
        &[Param::Text(id.as_str()), Param::Text(state)],
    )?;
    int(sql, "SELECT number FROM automations WHERE id = ?1", &[Param::Text(id.as_str())])?
        .ok_or(SqlError::Content("automations"))
}

/// Forgets an automation, its runs and when it acted: a number is used again once nothing of it is left.
pub fn remove_automation(sql: &dyn Sql, number: i64) -> Result<(), SqlError> {
    for statement in [
        "DELETE FROM automation_runs WHERE automation = ?1",
        "DELETE FROM acts WHERE automation = ?1",
        "DELETE FROM automations WHERE number = ?1",
    ] {
        sql.exec(statement, &[Param::Int(number)])?;
    }
    Ok(())
}

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its row; 0 of one that is to be added.
    pub number: i64,
    /// Its id.
    pub id: RunId,
    /// The row of its automation.
    pub automation: i64,
    /// The row of its signal.
    pub signal: i64,
    /// Whom it is about, by the host's names.
    pub subject: String,
    /// Whom it is about, where HubSpot has a record of them: `companies/512`.
    pub record: Option<String>,
    /// When it began.
    pub at: Timestamp,
    /// It asked for something, or may yet: it counts for the cool-down.
    pub acted: bool,
    /// `open`, or how it ended.
    pub state: String,
    /// The action of its current step.
    pub action: Option<ActionId>,
    /// It goes on then at the earliest.
    pub due_at: Timestamp,
    /// The engine's JSON.
    pub content: String,
}

const COLUMNS: &str =
    "number, id, automation, signal, subject, record, at, acted, state, action, due_at, content";

fn run(row: Row) -> Option<Run> {
    let [number, id, automation, signal, subject, record, at, acted, state, action, due_at, content] =
        <[Value; 12]>::try_from(row).ok()?;
    Some(Run {
        number: number.int()?,
        id: id.text()?.parse().ok()?,
        automation: automation.int()?,
        signal: signal.int()?,
        subject: subject.into_text()?,
        record: record.into_text(),
        at: Timestamp(at.int()?),
        acted: acted.int()? == 1,
        state: state.into_text()?,
        action: action.text().and_then(|id| id.parse().ok()),
        due_at: Timestamp(due_at.int()?),
        content: content.into_text()?,
    })
}

fn runs(rows: Vec<Row>) -> Result<Vec<Run>, SqlError> {
    rows.into_iter().map(run).collect::<Option<_>>().ok_or(RUNS)
}

/// Adds a run, or saves what became of it.
pub fn put_run(sql: &dyn Sql, run: &Run) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO automation_runs (id, automation, signal, subject, record, at, acted, state, action, due_at, content)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (id) DO UPDATE SET record = excluded.record, acted = excluded.acted, state = excluded.state,
             action = excluded.action, due_at = excluded.due_at, content = excluded.content",
        &[
            Param::Text(run.id.as_str()),
            Param::Int(run.automation),
            Param::Int(run.signal),
            Param::Text(&run.subject),
            or_null(run.record.as_deref()),
            Param::Int(run.at.0),
            Param::Int(run.acted.into()),
            Param::Text(&run.state),
            or_null(run.action.as_ref().map(ActionId::as_str)),
            Param::Int(run.due_at.0),
            Param::Text(&run.content),
        ],
    )?;
    Ok(())
}

/// A run by its id.
pub fn run_by_id(sql: &dyn Sql, id: &RunId) -> Result<Option<Run>, SqlError> {
    let rows = sql
        .exec(&format!("SELECT {COLUMNS} FROM automation_runs WHERE id = ?1"), &[Param::Text(id.as_str())])?;
    Ok(runs(rows)?.pop())
}

/// The run that asked for an action: what it asks for is called by its id and the step.
pub fn run_of_action(sql: &dyn Sql, action: &ActionId) -> Result<Option<Run>, SqlError> {
    let rows = sql.exec(
        &format!(
            "SELECT {COLUMNS} FROM automation_runs
             WHERE id = (SELECT substr(key, 1, instr(key, '/') - 1) FROM actions WHERE id = ?1)"
        ),
        &[Param::Text(action.as_str())],
    )?;
    Ok(runs(rows)?.pop())
}

/// The newest first, before that row; of one automation or one signal only, where these are given.
pub fn run_page(
    sql: &dyn Sql,
    before: Option<i64>,
    automation: Option<i64>,
    signal: Option<i64>,
    limit: u32,
) -> Result<Vec<Run>, SqlError> {
    let before = Param::Int(before.unwrap_or(1 << 53));
    let limit = Param::Int(limit.into());
    let (condition, value) = match (automation, signal) {
        (_, Some(signal)) => ("AND signal = ?3", signal),
        (Some(automation), None) => ("AND automation = ?3", automation),
        (None, None) => ("AND ?3 = 0", 0),
    };
    let found = runs(sql.exec(
        &format!("SELECT {COLUMNS} FROM automation_runs WHERE number < ?1 {condition} ORDER BY number DESC LIMIT ?2"),
        &[before, limit, Param::Int(value)],
    )?)?;
    // Of one signal there are as many as automations.
    Ok(found.into_iter().filter(|run| automation.is_none_or(|own| run.automation == own)).collect())
}

/// What keeps a run waiting: writes that are under way, and what a person is to decide.
const READY: &str = "state = 'open' AND due_at <= ?1 AND automation NOT IN (SELECT value FROM json_each(?2))
     AND (due_at < ?3 OR action IS NULL OR NOT EXISTS (
         SELECT 1 FROM actions JOIN outbox ON outbox.action = actions.number
         WHERE actions.id = automation_runs.action AND outbox.state IN ('waiting', 'sent', 'doubt', 'unknown')))";

/// Runs whose step has come to its end, or was asked for before `given_up`; not those of automations that are `paused` (a JSON list of rows).
pub fn ready(
    sql: &dyn Sql,
    now: Timestamp,
    paused: &str,
    given_up: Timestamp,
    limit: u32,
) -> Result<Vec<Run>, SqlError> {
    runs(sql.exec(
        &format!("SELECT {COLUMNS} FROM automation_runs WHERE {READY} ORDER BY number LIMIT ?4"),
        &[Param::Int(now.0), Param::Text(paused), Param::Int(given_up.0), Param::Int(limit.into())],
    )?)
}

/// When an open run that waits for no write goes on, of those that are not paused.
pub fn next_at(sql: &dyn Sql, paused: &str) -> Result<Option<Timestamp>, SqlError> {
    let statement = "SELECT min(due_at) FROM automation_runs
         WHERE state = 'open' AND action IS NULL AND automation NOT IN (SELECT value FROM json_each(?1))";
    Ok(int(sql, statement, &[Param::Text(paused)])?.map(Timestamp))
}

/// How many runs are open; `most` are counted at most.
pub fn open_up_to(sql: &dyn Sql, most: u32) -> Result<u32, SqlError> {
    let statement = "SELECT count(*) FROM (SELECT 1 FROM automation_runs WHERE state = 'open' LIMIT ?1)";
    Ok(int(sql, statement, &[Param::Int(most.into())])?.unwrap_or(0) as u32)
}

/// How many runs of each automation ended how: its row, the state, the number. Counts the runs that are kept one by one.
pub fn counts(sql: &dyn Sql, automation: i64) -> Result<Vec<(String, u64)>, SqlError> {
    let rows = sql.exec(
        "SELECT state, count(*) FROM automation_runs WHERE automation = ?1 GROUP BY state",
        &[Param::Int(automation)],
    )?;
    let read = |row: &Row| Some((row.first()?.text()?.to_owned(), row.get(1)?.int()? as u64));
    rows.iter().map(read).collect::<Option<_>>().ok_or(RUNS)
}

/// A JSON list of rows.
pub fn numbers_json(numbers: &[i64]) -> String {
    serde_json::to_string(numbers).unwrap_or_else(|_| "[]".to_owned())
}

/// The content of a signal or run, read.
pub fn read<T: serde::de::DeserializeOwned>(content: &str) -> Result<T, SqlError> {
    json::parse(content).map_err(|_| SIGNALS)
}

#[cfg(test)]
mod tests;

//! Events that a host sent: each once, with its content until it is decided what they begin. Then its name alone stays.

use super::{EVENTS, Param, Person, Row, Sql, SqlError, Timestamp, Value, int, of_person, or_null};
use crate::values::ids::RecordId;

/// An event of which nothing is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its row.
    pub number: i64,
    /// When it came.
    pub received_at: Timestamp,
    /// The engine's JSON.
    pub content: String,
}

/// An event to be added.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// The host's own name for it.
    pub key: &'a str,
    /// The address of whom it is of, in lower case.
    pub email: Option<&'a str>,
    /// By what their telephone number is found.
    pub phone: Option<i64>,
    /// The contact that it names.
    pub contact: Option<RecordId>,
    /// The engine's JSON.
    pub content: &'a str,
}

/// Adds an event; `false`: one of this name came before, and nothing is changed.
pub fn add(sql: &dyn Sql, new: &New<'_>, now: Timestamp) -> Result<bool, SqlError> {
    let rows = sql.exec(
        "INSERT INTO workflow_events (key, received_at, email, phone, contact, content)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (key) DO NOTHING RETURNING number",
        &[
            Param::Text(new.key),
            Param::Int(now.0),
            or_null(new.email),
            new.phone.map_or(Param::Null, Param::Int),
            new.contact.map_or(Param::Null, |id| Param::Int(id.0 as i64)),
            Param::Text(new.content),
        ],
    )?;
    Ok(!rows.is_empty())
}

/// The oldest of which nothing is decided.
pub fn pending(sql: &dyn Sql, limit: u32) -> Result<Vec<Pending>, SqlError> {
    let rows = sql.exec(
        "SELECT number, received_at, content FROM workflow_events WHERE content IS NOT NULL ORDER BY number LIMIT ?1",
        &[Param::Int(limit.into())],
    )?;
    all_pending(rows)
}

fn all_pending(rows: Vec<Row>) -> Result<Vec<Pending>, SqlError> {
    let read = |row: Row| {
        let [number, received_at, content] = <[Value; 3]>::try_from(row).ok()?;
        Some(Pending {
            number: number.int()?,
            received_at: Timestamp(received_at.int()?),
            content: content.into_text()?,
        })
    };
    rows.into_iter().map(read).collect::<Option<_>>().ok_or(EVENTS)
}

/// Those that may be of one of these telephone numbers. What waits is twenty thousand at most.
pub fn of_phones(sql: &dyn Sql, phones: &[i64]) -> Result<Vec<Pending>, SqlError> {
    if phones.is_empty() {
        return Ok(Vec::new());
    }
    all_pending(sql.exec(
        "SELECT number, received_at, content FROM workflow_events
         WHERE content IS NOT NULL AND phone IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&super::numbers_json(phones))],
    )?)
}

/// How many there are of which nothing is decided; `most` are counted at most.
pub fn pending_up_to(sql: &dyn Sql, most: u32) -> Result<u32, SqlError> {
    let statement = "SELECT count(*) FROM (SELECT 1 FROM workflow_events WHERE content IS NOT NULL LIMIT ?1)";
    Ok(int(sql, statement, &[Param::Int(most.into())])?.unwrap_or(0) as u32)
}

/// It is decided what these begin: nothing but their names stays.
pub fn decided(sql: &dyn Sql, numbers: &[i64]) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE workflow_events SET email = NULL, phone = NULL, contact = NULL, content = NULL
         WHERE number IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&super::numbers_json(numbers))],
    )?;
    Ok(())
}

/// When the oldest came.
pub fn oldest_at(sql: &dyn Sql) -> Result<Option<Timestamp>, SqlError> {
    let statement = "SELECT received_at FROM workflow_events ORDER BY number LIMIT 1";
    Ok(int(sql, statement, &[])?.map(Timestamp))
}

/// Forgets events that came before then, and of more than `most` the oldest; `limit` at once.
pub fn forget_before(sql: &dyn Sql, at: Timestamp, most: i64, limit: u32) -> Result<(), SqlError> {
    let newest = int(sql, "SELECT max(number) FROM workflow_events", &[])?.unwrap_or(0);
    // Rows are numbered in the order in which they came: what is old lies at the beginning.
    sql.exec(
        "DELETE FROM workflow_events WHERE number IN (
             SELECT number FROM (SELECT number, received_at FROM workflow_events ORDER BY number LIMIT ?3)
             WHERE received_at < ?1 OR number <= ?2)",
        &[Param::Int(at.0), Param::Int(newest - most), Param::Int(limit.into())],
    )?;
    Ok(())
}

/// Forgets those of a person of which nothing is decided, and those of these rows; of what is decided nothing but a name is kept.
pub fn erase(sql: &dyn Sql, person: &Person, numbers: &[i64]) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM workflow_events WHERE number IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&super::numbers_json(numbers))],
    )?;
    for (column, values) in of_person(person) {
        if values != "[]" {
            // What waits is twenty thousand at most.
            let statement = format!(
                "DELETE FROM workflow_events
                 WHERE content IS NOT NULL AND {column} IN (SELECT value FROM json_each(?1))"
            );
            sql.exec(&statement, &[Param::Text(&values)])?;
        }
    }
    Ok(())
}

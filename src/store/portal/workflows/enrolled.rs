//! Who has been through a workflow: a row for each workflow and subject, with when it was last and how often lately. It outlives the runs, as
//! a workflow that takes each record once must know for good. So it outlives what was read, too: a connection is of one account as long as
//! there is one, and whoever has everything deleted that was read, and connects it again, finds the same ids there. Records that were
//! through a workflow are not taken a second time then. Whom HubSpot had no record of is forgotten with the rest: such a row would name an
//! address or a number.

use super::{Param, Sql, SqlError, Timestamp, texts_json};
use crate::{
    store::sql::{Row, int},
    values::time::DAY_MS,
};

/// How subjects begin that are no records.
const NAMED: [&str; 3] = ["email/", "phone/", "event/"];

/// When somebody last went through a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enrolled {
    /// When it last began.
    pub at: Timestamp,
    /// When the day began in which `times` is counted.
    pub since: Timestamp,
    /// How often in that day.
    pub times: u32,
}

/// It begins for a subject.
pub fn put(sql: &dyn Sql, workflow: i64, subject: &str, at: Timestamp) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO workflow_enrolled (workflow, subject, at, since, times) VALUES (?1, ?2, ?3, ?3, 1)
         ON CONFLICT (workflow, subject) DO UPDATE SET at = excluded.at,
             times = CASE WHEN excluded.at - since < ?4 THEN times + 1 ELSE 1 END,
             since = CASE WHEN excluded.at - since < ?4 THEN since ELSE excluded.at END",
        &[Param::Int(workflow), Param::Text(subject), Param::Int(at.0), Param::Int(DAY_MS)],
    )?;
    Ok(())
}

const LAST: &str = "SELECT max(at), max(since), max(times) FROM workflow_enrolled
     WHERE workflow = ?1 AND subject IN (SELECT value FROM json_each(?2))";

/// When it last began for one of these subjects, who are all one.
pub fn last(sql: &dyn Sql, workflow: i64, subjects: &[String]) -> Result<Option<Enrolled>, SqlError> {
    let rows = sql.exec(LAST, &[Param::Int(workflow), Param::Text(&texts_json(subjects))])?;
    let read = |row: &Row| {
        let [at, since, times] = [0, 1, 2].map(|column| row.get(column)?.int());
        Some(Enrolled { at: Timestamp(at?), since: Timestamp(since?), times: u32::try_from(times?).ok()? })
    };
    Ok(rows.first().and_then(read))
}

/// Of more than `most` the oldest go.
pub fn thin(sql: &dyn Sql, most: i64, limit: u32) -> Result<(), SqlError> {
    let newest = int(sql, "SELECT max(number) FROM workflow_enrolled", &[])?.unwrap_or(0);
    sql.exec(
        "DELETE FROM workflow_enrolled WHERE number IN (
             SELECT number FROM workflow_enrolled WHERE number <= ?1 ORDER BY number LIMIT ?2)",
        &[Param::Int(newest - most), Param::Int(limit.into())],
    )?;
    Ok(())
}

/// Forgets whoever is known by another name than the id of a record: by address, number or event.
pub fn forget_named(sql: &dyn Sql) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM workflow_enrolled
         WHERE substr(subject, 1, instr(subject, '/')) IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&texts_json(&NAMED.map(str::to_owned)))],
    )?;
    Ok(())
}

/// Forgets these subjects.
pub fn erase(sql: &dyn Sql, subjects: &[String]) -> Result<(), SqlError> {
    if !subjects.is_empty() {
        sql.exec(
            "DELETE FROM workflow_enrolled WHERE workflow IN (SELECT number FROM workflows)
                 AND subject IN (SELECT value FROM json_each(?1))",
            &[Param::Text(&texts_json(subjects))],
        )?;
    }
    Ok(())
}

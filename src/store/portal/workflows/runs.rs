//! Runs: what a version of a workflow did for a subject, and why.

use super::{
    Param, Person, RUNS, Row, RunId, Sql, SqlError, Timestamp, Value, int, numbers_json, or_null, run_id,
    texts_json,
};
use crate::values::ids::{ActionId, ObjectType, RecordId};

/// Whom a run is of, besides its subject.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Whom {
    /// The contact.
    pub contact: Option<RecordId>,
    /// The company.
    pub company: Option<RecordId>,
    /// The deal.
    pub deal: Option<RecordId>,
    /// The address that the host named, in lower case.
    pub email: Option<String>,
    /// By what the telephone number is found that the host named.
    pub phone: Option<i64>,
}

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its row; 0 of one that is to be added.
    pub number: i64,
    /// Its id.
    pub id: RunId,
    /// The row of its workflow.
    pub workflow: i64,
    /// By which version it goes.
    pub version: u32,
    /// What goes through it.
    pub subject: String,
    /// When it began.
    pub at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// `open`, or how it ended.
    pub state: String,
    /// The action that it waits for.
    pub action: Option<ActionId>,
    /// It goes on then at the earliest.
    pub due_at: Timestamp,
    /// It is looked at when one of its records changes, too.
    pub watches: bool,
    /// Whom it is of.
    pub whom: Whom,
    /// The engine's JSON.
    pub content: String,
}

const COLUMNS: &str = "number, id, workflow, version, subject, at, ended_at, state, action, due_at, watches,
     CAST(contact AS TEXT), CAST(company AS TEXT), CAST(deal AS TEXT), email, phone, content";

fn run(row: Row) -> Option<Run> {
    let [
        number,
        id,
        workflow,
        version,
        subject,
        at,
        ended_at,
        state,
        action,
        due_at,
        watches,
        contact,
        company,
        deal,
        email,
        phone,
        content,
    ] = <[Value; 17]>::try_from(row).ok()?;
    let record = |value: &Value| value.text().and_then(|id| id.parse().ok());
    Some(Run {
        number: number.int()?,
        id: run_id(&id)?,
        workflow: workflow.int()?,
        version: u32::try_from(version.int()?).ok()?,
        subject: subject.into_text()?,
        at: Timestamp(at.int()?),
        ended_at: ended_at.int().map(Timestamp),
        state: state.into_text()?,
        action: action.text().and_then(|id| id.parse().ok()),
        due_at: Timestamp(due_at.int()?),
        watches: watches.int()? == 1,
        whom: Whom {
            contact: record(&contact),
            company: record(&company),
            deal: record(&deal),
            email: email.into_text(),
            phone: phone.int(),
        },
        content: content.into_text()?,
    })
}

fn runs(rows: Vec<Row>) -> Result<Vec<Run>, SqlError> {
    rows.into_iter().map(run).collect::<Option<_>>().ok_or(RUNS)
}

/// Adds a run, or saves what became of it.
pub fn put(sql: &dyn Sql, run: &Run) -> Result<(), SqlError> {
    let texts =
        [&run.whom.contact, &run.whom.company, &run.whom.deal].map(|id| id.as_ref().map(ToString::to_string));
    let [contact, company, deal] = &texts;
    sql.exec(
        "INSERT INTO workflow_runs (id, workflow, version, subject, at, ended_at, state, action, due_at, watches,
             contact, company, deal, email, phone, content)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, CAST(?11 AS INTEGER), CAST(?12 AS INTEGER),
             CAST(?13 AS INTEGER), ?14, ?15, ?16)
         ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, ended_at = excluded.ended_at, state = excluded.state,
             action = excluded.action, due_at = excluded.due_at, watches = excluded.watches,
             contact = excluded.contact, company = excluded.company, deal = excluded.deal,
             email = excluded.email, phone = excluded.phone, content = excluded.content",
        &[
            Param::Text(run.id.as_str()),
            Param::Int(run.workflow),
            Param::Int(run.version.into()),
            Param::Text(&run.subject),
            Param::Int(run.at.0),
            run.ended_at.map_or(Param::Null, |at| Param::Int(at.0)),
            Param::Text(&run.state),
            or_null(run.action.as_ref().map(ActionId::as_str)),
            Param::Int(run.due_at.0),
            Param::Int(run.watches.into()),
            or_null(contact.as_deref()),
            or_null(company.as_deref()),
            or_null(deal.as_deref()),
            or_null(run.whom.email.as_deref()),
            run.whom.phone.map_or(Param::Null, Param::Int),
            Param::Text(&run.content),
        ],
    )?;
    Ok(())
}

/// A run by its id.
pub fn by_id(sql: &dyn Sql, id: &RunId) -> Result<Option<Run>, SqlError> {
    let rows =
        sql.exec(&format!("SELECT {COLUMNS} FROM workflow_runs WHERE id = ?1"), &[Param::Text(id.as_str())])?;
    Ok(runs(rows)?.pop())
}

/// The run that asked for an action: what it asks for is called by its id and the step.
pub fn of_action(sql: &dyn Sql, action: &ActionId) -> Result<Option<Run>, SqlError> {
    let rows = sql.exec(
        &format!(
            "SELECT {COLUMNS} FROM workflow_runs
             WHERE id = (SELECT substr(key, 1, instr(key, '/') - 1) FROM actions WHERE id = ?1)"
        ),
        &[Param::Text(action.as_str())],
    )?;
    Ok(runs(rows)?.pop())
}

/// The newest first, before that row; of one workflow only, where it is given.
pub fn page(
    sql: &dyn Sql,
    before: Option<i64>,
    workflow: Option<i64>,
    limit: u32,
) -> Result<Vec<Run>, SqlError> {
    let (condition, value) = workflow.map_or(("AND ?3 = 0", 0), |number| ("AND workflow = ?3", number));
    runs(sql.exec(
        &format!(
            "SELECT {COLUMNS} FROM workflow_runs WHERE number < ?1 {condition} ORDER BY number DESC LIMIT ?2"
        ),
        &[Param::Int(before.unwrap_or(1 << 53)), Param::Int(limit.into()), Param::Int(value)],
    )?)
}

const ACTIVE: &str = "SELECT id FROM workflow_runs WHERE workflow = ?1 AND version = ?2 AND state = 'open'
     AND subject IN (SELECT value FROM json_each(?3)) LIMIT 1";

/// The open run of a version for one of these subjects, who are all one.
pub fn active(
    sql: &dyn Sql,
    workflow: i64,
    version: u32,
    subjects: &[String],
) -> Result<Option<RunId>, SqlError> {
    let subjects = texts_json(subjects);
    let rows =
        sql.exec(ACTIVE, &[Param::Int(workflow), Param::Int(version.into()), Param::Text(&subjects)])?;
    rows.first().map(|row| row.first().and_then(run_id).ok_or(RUNS)).transpose()
}

/// What keeps a run waiting for its action: writes that are under way, and what a person is to decide.
const UNDER_WAY: &str = "EXISTS (
         SELECT 1 FROM actions JOIN outbox ON outbox.action = actions.number
         WHERE actions.id = workflow_runs.action AND outbox.state IN ('waiting', 'sent', 'doubt', 'unknown'))";

/// Runs whose action has come to its end, or was asked for before `given_up`; not those of workflows that stand still (a JSON list of rows).
pub fn answered(sql: &dyn Sql, still: &str, given_up: Timestamp, limit: u32) -> Result<Vec<Run>, SqlError> {
    runs(sql.exec(
        &format!(
            "SELECT {COLUMNS} FROM workflow_runs WHERE state = 'open' AND action IS NOT NULL
                 AND workflow NOT IN (SELECT value FROM json_each(?1)) AND (due_at < ?2 OR NOT {UNDER_WAY})
             ORDER BY number LIMIT ?3"
        ),
        &[Param::Text(still), Param::Int(given_up.0), Param::Int(limit.into())],
    )?)
}

const DUE: &str = "WHERE state = 'open' AND action IS NULL AND due_at <= ?1
     AND workflow NOT IN (SELECT value FROM json_each(?2)) ORDER BY due_at LIMIT ?3";

/// Runs that wait for no action and whose moment has come, likewise.
pub fn due(sql: &dyn Sql, now: Timestamp, still: &str, limit: u32) -> Result<Vec<Run>, SqlError> {
    runs(sql.exec(
        &format!("SELECT {COLUMNS} FROM workflow_runs {DUE}"),
        &[Param::Int(now.0), Param::Text(still), Param::Int(limit.into())],
    )?)
}

/// When the moment of the next comes that waits for no action, likewise.
pub fn next_at(sql: &dyn Sql, still: &str) -> Result<Option<Timestamp>, SqlError> {
    let statement = "SELECT due_at FROM workflow_runs WHERE state = 'open' AND action IS NULL
         AND workflow NOT IN (SELECT value FROM json_each(?1)) ORDER BY due_at LIMIT 1";
    Ok(int(sql, statement, &[Param::Text(still)])?.map(Timestamp))
}

/// How many wait for an action; `most` are counted at most.
pub fn asked_up_to(sql: &dyn Sql, most: u32) -> Result<u32, SqlError> {
    let statement = "SELECT count(*) FROM (
         SELECT 1 FROM workflow_runs WHERE state = 'open' AND action IS NOT NULL LIMIT ?1)";
    Ok(int(sql, statement, &[Param::Int(most.into())])?.unwrap_or(0) as u32)
}

/// How many are open; `most` are counted at most.
pub fn open_up_to(sql: &dyn Sql, most: u32) -> Result<u32, SqlError> {
    let waiting = "SELECT count(*) FROM (
         SELECT 1 FROM workflow_runs WHERE state = 'open' AND action IS NULL LIMIT ?1)";
    let waiting = int(sql, waiting, &[Param::Int(most.into())])?.unwrap_or(0) as u32;
    Ok((waiting + asked_up_to(sql, most)?).min(most))
}

/// A mistake that tests plant: runs do not know any more what they asked for, or until when they wait.
pub fn forget_what_is_waited_for(sql: &dyn Sql, asked: bool) -> Result<(), SqlError> {
    let statement = if asked {
        "UPDATE workflow_runs SET action = NULL WHERE state = 'open' AND action IS NOT NULL"
    } else {
        "UPDATE workflow_runs SET due_at = 1 << 53 WHERE state = 'open' AND action IS NULL"
    };
    sql.exec(statement, &[])?;
    Ok(())
}

/// Whether any is looked at when a record changes.
pub fn any_watches(sql: &dyn Sql) -> Result<bool, SqlError> {
    Ok(int(sql, "SELECT 1 FROM workflow_runs WHERE watches = 1 LIMIT 1", &[])?.is_some())
}

/// The column that names records of a type.
const fn column(kind: ObjectType) -> Option<&'static str> {
    match kind {
        ObjectType::Contacts => Some("contact"),
        ObjectType::Companies => Some("company"),
        ObjectType::Deals => Some("deal"),
        ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes | ObjectType::Custom(_) => None,
    }
}

fn touching(kind: ObjectType) -> String {
    let column = column(kind).unwrap_or("subject");
    format!(
        "UPDATE workflow_runs SET due_at = ?2 WHERE watches = 1
             AND {column} IN (SELECT value FROM json_each(?1)) AND due_at > ?2"
    )
}

/// These records changed: whatever watches them is to be looked at now.
pub fn touch(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId], now: Timestamp) -> Result<(), SqlError> {
    let named = if column(kind).is_some() {
        crate::store::portal::records::ids_json(ids)
    } else {
        texts_json(&ids.iter().map(|id| format!("{}/{id}", kind.name())).collect::<Vec<_>>())
    };
    sql.exec(&touching(kind), &[Param::Text(&named), Param::Int(now.0)])?;
    Ok(())
}

/// How many of a workflow stand how. Counts those that are kept one by one.
pub fn counts(sql: &dyn Sql, workflow: i64) -> Result<Vec<(String, u64)>, SqlError> {
    let rows = sql.exec(
        "SELECT state, count(*) FROM workflow_runs WHERE workflow = ?1 GROUP BY state",
        &[Param::Int(workflow)],
    )?;
    let read = |row: &Row| Some((row.first()?.text()?.to_owned(), row.get(1)?.int()? as u64));
    rows.iter().map(read).collect::<Option<_>>().ok_or(RUNS)
}

/// When the first ended of those that are kept.
pub fn first_ended_at(sql: &dyn Sql) -> Result<Option<Timestamp>, SqlError> {
    let statement = "SELECT min(ended_at) FROM workflow_runs WHERE ended_at IS NOT NULL";
    Ok(int(sql, statement, &[])?.map(Timestamp))
}

/// Forgets runs that ended before then, and of more than `most` the oldest that are over; `limit` at once.
pub fn forget_before(sql: &dyn Sql, at: Timestamp, most: i64, limit: u32) -> Result<(), SqlError> {
    let newest = int(sql, "SELECT max(number) FROM workflow_runs", &[])?.unwrap_or(0);
    for (condition, bound) in [
        ("ended_at IS NOT NULL AND ended_at < ?1 ORDER BY ended_at", at.0),
        ("ended_at IS NOT NULL AND number <= ?1 ORDER BY number", newest - most),
    ] {
        sql.exec(
            &format!(
                "DELETE FROM workflow_runs WHERE number IN (
                     SELECT number FROM workflow_runs WHERE {condition} LIMIT ?2)"
            ),
            &[Param::Int(bound), Param::Int(limit.into())],
        )?;
    }
    Ok(())
}

/// Rows of the runs of a person, the oldest first.
pub fn of_person(sql: &dyn Sql, person: &Person) -> Result<Vec<i64>, SqlError> {
    let mut numbers = Vec::new();
    for (column, values) in super::of_person(person) {
        if values != "[]" {
            let statement = format!(
                "SELECT number FROM workflow_runs
                 WHERE {column} IS NOT NULL AND {column} IN (SELECT value FROM json_each(?1))"
            );
            let rows = sql.exec(&statement, &[Param::Text(&values)])?;
            numbers.extend(rows.iter().filter_map(|row| row.first()?.int()));
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Runs that may be of one of these telephone numbers, of whom HubSpot has no contact.
pub fn of_phones(sql: &dyn Sql, phones: &[i64]) -> Result<Vec<Run>, SqlError> {
    if phones.is_empty() {
        return Ok(Vec::new());
    }
    runs(sql.exec(
        &format!(
            "SELECT {COLUMNS} FROM workflow_runs
             WHERE phone IS NOT NULL AND phone IN (SELECT value FROM json_each(?1)) AND contact IS NULL"
        ),
        &[Param::Text(&numbers_json(phones))],
    )?)
}

/// Runs by their rows.
pub fn numbered(sql: &dyn Sql, numbers: &[i64]) -> Result<Vec<Run>, SqlError> {
    runs(sql.exec(
        &format!(
            "SELECT {COLUMNS} FROM workflow_runs WHERE number IN (SELECT value FROM json_each(?1)) ORDER BY number"
        ),
        &[Param::Text(&numbers_json(numbers))],
    )?)
}

/// What those are of that are of no record of HubSpot's: the names that the host gave.
pub(super) fn subjects(sql: &dyn Sql, numbers: &[i64]) -> Result<Vec<String>, SqlError> {
    let rows = sql.exec(
        "SELECT DISTINCT subject FROM workflow_runs WHERE number IN (SELECT value FROM json_each(?1))
             AND (subject LIKE 'email/%' OR subject LIKE 'phone/%' OR subject LIKE 'event/%')",
        &[Param::Text(&numbers_json(numbers))],
    )?;
    Ok(rows.into_iter().filter_map(|row| row.into_iter().next()?.into_text()).collect())
}

/// Forgets these runs, and what they had done in HubSpot, as far as that is remembered here.
pub(super) fn erase(sql: &dyn Sql, numbers: &[i64]) -> Result<(), SqlError> {
    if numbers.is_empty() {
        return Ok(());
    }
    let numbers = numbers_json(numbers);
    // What runs asked for is called by the run and the step.
    let actions = "SELECT actions.number FROM workflow_runs
             JOIN actions ON actions.key >= workflow_runs.id || '/' AND actions.key < workflow_runs.id || '0'
         WHERE workflow_runs.number IN (SELECT value FROM json_each(?1))";
    for statement in [
        format!("DELETE FROM outbox WHERE action IN ({actions})"),
        format!("DELETE FROM actions WHERE number IN ({actions})"),
        "DELETE FROM workflow_runs WHERE number IN (SELECT value FROM json_each(?1))".to_owned(),
    ] {
        sql.exec(&statement, &[Param::Text(&numbers)])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    #[test]
    fn neither_what_is_due_nor_who_watches_nor_whose_it_is_is_looked_for_among_all() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let plan = |statement: &str, params: &[Param<'_>]| {
            let rows = sql.exec(&format!("EXPLAIN QUERY PLAN {statement}"), params).unwrap();
            let steps: Vec<&str> = rows.iter().filter_map(|row| row.last()?.text()).collect();
            steps.join("\n")
        };
        let nobody = Param::Text("[]");
        let due =
            plan(&format!("SELECT number FROM workflow_runs {DUE}"), &[Param::Int(1), nobody, Param::Int(1)]);
        assert!(due.contains("USING INDEX workflow_runs_due") && !due.contains("B-TREE"), "{due}");
        let active = plan(ACTIVE, &[Param::Int(1), Param::Int(1), nobody]);
        assert!(active.contains("workflow_runs_active"), "{active}");
        for (kind, index) in [
            (ObjectType::Contacts, "workflow_runs_watches_contact"),
            (ObjectType::Companies, "workflow_runs_watches_company"),
            (ObjectType::Deals, "workflow_runs_watches_deal"),
            (ObjectType::Tasks, "workflow_runs_watches "),
        ] {
            let touched = plan(&touching(kind), &[nobody, Param::Int(1)]);
            assert!(touched.contains(index), "{touched}");
        }
        for column in ["contact", "email", "phone"] {
            let own = plan(
                &format!(
                    "SELECT number FROM workflow_runs WHERE {column} IS NOT NULL AND {column} IN (SELECT value FROM json_each(?1))"
                ),
                &[nobody],
            );
            assert!(!own.contains("SCAN workflow_runs"), "{own}");
        }
    }
}

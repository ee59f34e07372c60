//! When an automation last acted for somebody, which a cool-down is counted from: it outlives the run and the signal that it was for.
//!
//! A row is of one automation and one subject, the newest act of it. Rows are numbered in the order of the acts. They may name a person, and
//! go when that person is erased, with their automation, or once nothing is counted from them any more.

use super::{RUNS, or_null};
use crate::{
    store::sql::{Param, Row, Sql, SqlError, int},
    values::time::Timestamp,
};

/// The table, with what the runs tell so far. Their two indexes that were for this go first: with its own two it takes one page more than
/// they did. SQLite keeps the text of a table as it stands here, so it stands close.
pub const TABLE: &str = "DROP INDEX automation_runs_subject;
     DROP INDEX automation_runs_record;
     CREATE TABLE acts (number INTEGER PRIMARY KEY, automation INTEGER NOT NULL, subject TEXT NOT NULL, record TEXT,
 at INTEGER NOT NULL, before INTEGER, UNIQUE (automation, subject));
     CREATE INDEX acts_record ON acts (automation, record);
     INSERT OR REPLACE INTO acts (automation, subject, record, at)
         SELECT automation, subject, record, at FROM automation_runs WHERE acted = 1 ORDER BY number;";

/// An automation acts for a subject, and for the record that HubSpot has of it, if it has one.
pub fn put(
    sql: &dyn Sql,
    automation: i64,
    subject: &str,
    record: Option<&str>,
    at: Timestamp,
) -> Result<(), SqlError> {
    sql.exec(
        "INSERT OR REPLACE INTO acts (automation, subject, record, at, before)
         VALUES (?1, ?2, ?3, ?4, (SELECT at FROM acts WHERE automation = ?1 AND subject = ?2))",
        &[Param::Int(automation), Param::Text(subject), or_null(record), Param::Int(at.0)],
    )?;
    Ok(())
}

/// The record of a subject is known now.
pub fn is_of(sql: &dyn Sql, automation: i64, subject: &str, record: &str) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE acts SET record = ?3 WHERE automation = ?1 AND subject = ?2",
        &[Param::Int(automation), Param::Text(subject), Param::Text(record)],
    )?;
    Ok(())
}

/// What began then came to nothing: the act before it counts again.
pub fn take_back(sql: &dyn Sql, automation: i64, subject: &str, at: Timestamp) -> Result<(), SqlError> {
    let params = [Param::Int(automation), Param::Text(subject), Param::Int(at.0)];
    for statement in [
        "DELETE FROM acts WHERE automation = ?1 AND subject = ?2 AND at = ?3 AND before IS NULL",
        "UPDATE acts SET at = before, before = NULL
         WHERE automation = ?1 AND subject = ?2 AND at = ?3 AND before IS NOT NULL",
    ] {
        sql.exec(statement, &params)?;
    }
    Ok(())
}

const LAST: &str = "SELECT max(at) FROM (
     SELECT at FROM acts WHERE automation = ?1 AND subject = ?2
     UNION ALL SELECT at FROM acts WHERE automation = ?1 AND record = ?3)";

/// When an automation last acted for a subject or a record.
pub fn last_at(
    sql: &dyn Sql,
    automation: i64,
    subject: &str,
    record: Option<&str>,
) -> Result<Option<Timestamp>, SqlError> {
    let params = [Param::Int(automation), Param::Text(subject), or_null(record)];
    Ok(int(sql, LAST, &params)?.map(Timestamp))
}

/// Whether any is kept.
pub fn any(sql: &dyn Sql) -> Result<bool, SqlError> {
    Ok(int(sql, "SELECT 1 FROM acts LIMIT 1", &[])?.is_some())
}

/// The oldest act of each automation, by its row. Looks at all of them.
pub fn oldest(sql: &dyn Sql) -> Result<Vec<(i64, Timestamp)>, SqlError> {
    let rows = sql.exec("SELECT automation, min(at) FROM acts GROUP BY automation", &[])?;
    let read = |row: &Row| Some((row.first()?.int()?, Timestamp(row.get(1)?.int()?)));
    rows.iter().map(read).collect::<Option<_>>().ok_or(RUNS)
}

/// Forgets acts from which nothing is counted any more, `is_over` says of which automation's and when; of more than `most` the oldest go
/// whatever it says. Looks at `limit` rows above `place`, and answers the place to go on from: 0 once it has come to the end.
pub fn forget(
    sql: &dyn Sql,
    is_over: &dyn Fn(i64, Timestamp) -> bool,
    (most, limit): (i64, u32),
    place: i64,
) -> Result<i64, SqlError> {
    let newest = int(sql, "SELECT max(number) FROM acts", &[])?.unwrap_or(0);
    sql.exec(
        "DELETE FROM acts WHERE number IN (
             SELECT number FROM acts WHERE number <= ?1 ORDER BY number LIMIT ?2)",
        &[Param::Int(newest - most), Param::Int(limit.into())],
    )?;
    let rows = sql.exec(
        "SELECT number, automation, at FROM acts WHERE number > ?1 ORDER BY number LIMIT ?2",
        &[Param::Int(place), Param::Int(limit.into())],
    )?;
    let read = |row: &Row| Some((row.first()?.int()?, row.get(1)?.int()?, Timestamp(row.get(2)?.int()?)));
    let seen: Vec<(i64, i64, Timestamp)> = rows.iter().map(read).collect::<Option<_>>().ok_or(RUNS)?;
    let over = seen.iter().filter(|(_, automation, at)| is_over(*automation, *at));
    let over: Vec<i64> = over.map(|(number, ..)| *number).collect();
    if !over.is_empty() {
        sql.exec(
            "DELETE FROM acts WHERE number IN (SELECT value FROM json_each(?1))",
            &[Param::Text(&super::numbers_json(&over))],
        )?;
    }
    let full = seen.len() == limit as usize;
    Ok(seen.last().filter(|_| full).map_or(0, |(number, ..)| *number))
}

/// Forgets acts for these subjects and for these records.
pub fn erase(sql: &dyn Sql, subjects: &[String], records: &[String]) -> Result<(), SqlError> {
    for (column, names) in [("subject", subjects), ("record", records)] {
        if !names.is_empty() {
            let names = serde_json::to_string(names).map_err(|_| RUNS)?;
            sql.exec(
                &format!(
                    "DELETE FROM acts WHERE automation IN (SELECT number FROM automations)
                         AND {column} IN (SELECT value FROM json_each(?1))"
                ),
                &[Param::Text(&names)],
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{native::NativeSql, portal, schema},
        values::ids::AutomationId,
    };

    const YEAR: i64 = 365 * 24 * 3_600_000;

    fn open() -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        for seed in 1..=2 {
            super::super::put_automation(&sql, &AutomationId::from_random([seed; 12]), "{}").unwrap();
        }
        sql
    }

    fn last(sql: &NativeSql, automation: i64, subject: &str, record: Option<&str>) -> Option<i64> {
        last_at(sql, automation, subject, record).unwrap().map(|at| at.0)
    }

    #[test]
    fn the_newest_act_counts_for_the_subject_and_the_record_and_one_that_came_to_nothing_does_not() {
        let sql = open();
        put(&sql, 1, "account/a1", None, Timestamp(5)).unwrap();
        is_of(&sql, 1, "account/a1", "companies/7").unwrap();
        put(&sql, 1, "domain/acme.com", Some("companies/7"), Timestamp(9)).unwrap();
        assert_eq!(last(&sql, 1, "account/a1", None), Some(5));
        assert_eq!(last(&sql, 1, "account/a1", Some("companies/7")), Some(9));
        assert_eq!(last(&sql, 2, "account/a1", Some("companies/7")), None);
        put(&sql, 1, "account/a1", Some("companies/8"), Timestamp(20)).unwrap();
        assert_eq!(last(&sql, 1, "account/a1", None), Some(20));
        take_back(&sql, 1, "account/a1", Timestamp(19)).unwrap();
        assert_eq!(last(&sql, 1, "account/a1", None), Some(20), "of another run");
        take_back(&sql, 1, "account/a1", Timestamp(20)).unwrap();
        assert_eq!(last(&sql, 1, "account/a1", None), Some(5));
        take_back(&sql, 1, "domain/acme.com", Timestamp(9)).unwrap();
        assert_eq!(last(&sql, 1, "domain/acme.com", Some("companies/7")), None);
    }

    #[test]
    fn what_is_over_goes_a_portion_at_a_time_whatever_lasts_longer_before_it() {
        let sql = open();
        for number in 0..6 {
            let automation = 1 + number % 2;
            put(&sql, automation, &format!("account/{number}"), None, Timestamp(number)).unwrap();
        }
        // The first automation has cooled down, the second does not for a year.
        let now = Timestamp(100);
        let is_over =
            |automation: i64, at: Timestamp| now.since_ms(at) > if automation == 1 { 10 } else { YEAR };
        let mut place = 0;
        for _ in 0..3 {
            place = forget(&sql, &is_over, (1_000, 2), place).unwrap();
        }
        assert_eq!(oldest(&sql).unwrap(), [(2, Timestamp(1))]);
        assert_eq!(place, 6, "there may be more");
        assert_eq!(forget(&sql, &is_over, (1_000, 2), place).unwrap(), 0);
        // Of more than may be kept the oldest go.
        forget(&sql, &is_over, (2, 9), 0).unwrap();
        assert_eq!(oldest(&sql).unwrap(), [(2, Timestamp(5))]);
        assert!(any(&sql).unwrap());
        super::super::remove_automation(&sql, 2).unwrap();
        assert!(!any(&sql).unwrap(), "it goes with its automation");
    }

    #[test]
    fn a_person_is_forgotten_by_either_name_and_an_account_stays() {
        let sql = open();
        put(&sql, 1, "visitor/v1", Some("contacts/7"), Timestamp(1)).unwrap();
        put(&sql, 2, "email/ann@acme.com", None, Timestamp(1)).unwrap();
        put(&sql, 2, "account/a1", Some("companies/7"), Timestamp(1)).unwrap();
        erase(&sql, &["email/ann@acme.com".to_owned()], &["contacts/7".to_owned()]).unwrap();
        assert_eq!(last(&sql, 1, "visitor/v1", Some("contacts/7")), None);
        assert_eq!(last(&sql, 2, "email/ann@acme.com", None), None);
        assert_eq!(last(&sql, 2, "account/a1", None), Some(1));
    }

    #[test]
    fn neither_who_acted_nor_whom_to_forget_is_looked_for_among_all() {
        let sql = open();
        let erasing = "DELETE FROM acts WHERE automation IN (SELECT number FROM automations)
             AND record IN (SELECT value FROM json_each(?1))";
        let nobody = Param::Text("[]");
        for (statement, params) in [(LAST, vec![Param::Int(1), nobody, nobody]), (erasing, vec![nobody])] {
            let rows = sql.exec(&format!("EXPLAIN QUERY PLAN {statement}"), &params).unwrap();
            let steps: Vec<&str> = rows.iter().filter_map(|row| row.last()?.text()).collect();
            assert!(!steps.iter().any(|step| step.contains("SCAN acts")), "{steps:#?}");
        }
    }

    #[test]
    fn what_an_earlier_release_did_is_counted_from() {
        let sql = NativeSql::default();
        let steps = portal::STEPS;
        let until = steps.iter().position(|step| *step == TABLE).unwrap();
        schema::open(&sql, &steps[..until]).unwrap();
        for (number, subject, record, acted, at) in [
            (1, "account/a1", "NULL", 1, 10),
            (2, "account/a1", "'companies/7'", 1, 40),
            (3, "account/a2", "NULL", 0, 50),
        ] {
            let row = format!(
                "INSERT INTO automation_runs (id, automation, signal, subject, record, at, acted, state, due_at, content)
                 VALUES ('run_{number}', 1, {number}, '{subject}', {record}, {at}, {acted}, 'done', 0, '')"
            );
            sql.exec(&row, &[]).unwrap();
        }
        portal::open(&sql).unwrap();
        assert_eq!(last(&sql, 1, "else", Some("companies/7")), Some(40));
        assert_eq!(last(&sql, 1, "account/a1", None), Some(40));
        assert_eq!(last(&sql, 1, "account/a2", None), None);
    }
}

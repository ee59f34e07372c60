//! Writes of the outbox that leave with a seat's own token: `super::outbox`'s rows whose batch ends in `@` and the seat.

use crate::{
    store::sql::{Param, Sql, SqlError, Value},
    values::{
        ids::{ObjectType, RecordId, SeatId},
        time::Timestamp,
    },
};

const WRONG: SqlError = SqlError::Content("outbox");

/// What writes of seats are: their batches begin so. `A` follows `@`, so that each is a range of the index.
const RANGES: [(&str, &str); 2] = [("create/calls@", "create/callsA"), ("update/tasks@", "update/tasksA")];

/// The batch of a seat's writes.
pub fn batch(batch: &str, seat: &SeatId) -> String {
    format!("{batch}@{seat}")
}

/// Batches of seats in which something waits to leave.
pub fn batches(sql: &dyn Sql) -> Result<Vec<String>, SqlError> {
    let mut all = Vec::new();
    for (from, to) in RANGES {
        let statement =
            "SELECT DISTINCT batch FROM outbox WHERE state = 'waiting' AND batch > ?1 AND batch < ?2";
        for row in sql.exec(statement, &[Param::Text(from), Param::Text(to)])? {
            all.push(row.into_iter().next().and_then(Value::into_text).ok_or(WRONG)?);
        }
    }
    Ok(all)
}

const WAITING: &str = "SELECT number, action, due_at FROM outbox
     WHERE state = 'waiting' AND batch > ?1 AND batch < ?2 AND after IS NULL AND NOT EXISTS (
         SELECT 1 FROM outbox earlier WHERE earlier.target = outbox.target AND earlier.number < outbox.number
             AND earlier.state IN ('waiting', 'sent', 'doubt'))
     ORDER BY due_at, number LIMIT ?3";

/// Writes of seats that need no other before them, those due first at the head: their rows, those of their actions, and when they are
/// due; `limit` of each kind at most.
pub fn waiting(sql: &dyn Sql, limit: u32) -> Result<Vec<(i64, i64, Timestamp)>, SqlError> {
    let mut all = Vec::new();
    for (from, to) in RANGES {
        for row in sql.exec(WAITING, &[Param::Text(from), Param::Text(to), Param::Int(limit.into())])? {
            let [number, action, due_at] = <[Value; 3]>::try_from(row).map_err(|_| WRONG)?;
            let whole = |value: &Value| value.int().ok_or(WRONG);
            all.push((whole(&number)?, whole(&action)?, Timestamp(whole(&due_at)?)));
        }
    }
    all.sort_unstable_by_key(|(number, _, due_at)| (*due_at, *number));
    Ok(all)
}

/// A write that waits could not leave for now, for what is to be known before: that counts as an attempt.
pub fn held_up(sql: &dyn Sql, number: i64, due_at: Timestamp, note: &str) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE outbox SET due_at = ?2, note = ?3, attempts = attempts + 1 WHERE number = ?1 AND state = 'waiting'",
        &[Param::Int(number), Param::Int(due_at.0), Param::Text(note)],
    )?;
    Ok(())
}

/// Those of these records that a seat has a write for that is on its way, or was done since. One that waits for another is on its way as
/// long as that is: not once nobody can find out whether that arrived, nor while HubSpot is asked about it, if it left before
/// `doubted_since`. It may be long then until it leaves, if ever.
pub fn updating(
    sql: &dyn Sql,
    seat: &SeatId,
    kind: ObjectType,
    ids: &[RecordId],
    (since, doubted_since): (Timestamp, Timestamp),
) -> Result<Vec<RecordId>, SqlError> {
    let targets: Vec<String> = ids.iter().map(|id| format!("{kind}/{id}")).collect();
    let targets = serde_json::to_string(&targets).expect("texts are JSON");
    let batch = batch(&format!("update/{kind}"), seat);
    let rows = sql.exec(
        "SELECT DISTINCT target FROM outbox WHERE target IN (SELECT value FROM json_each(?1)) AND batch = ?2
             AND (state IN ('waiting', 'sent') OR (state = 'done' AND due_at >= ?3))
             AND NOT EXISTS (
                 SELECT 1 FROM outbox earlier WHERE earlier.number = outbox.after
                     AND earlier.state NOT IN ('waiting', 'sent')
                     AND (earlier.state <> 'doubt' OR earlier.left_at < ?4))",
        &[Param::Text(&targets), Param::Text(&batch), Param::Int(since.0), Param::Int(doubted_since.0)],
    )?;
    rows.iter()
        .map(|row| {
            let target = row.first().and_then(Value::text).ok_or(WRONG)?;
            target.rsplit('/').next().and_then(|id| id.parse().ok()).ok_or(WRONG)
        })
        .collect()
}

//! What of the outbox may leave, or be asked about, and when: looked at in every turn, so without what is done.

use super::{COLUMNS, Entry, FROM, entries};
use crate::{
    store::sql::{Param, Sql, SqlError, Value, int},
    values::time::Timestamp,
};

/// What may leave at `now`, with what may leave with it: of the batch of the most urgent the most urgent, the longest waiting first, and
/// others of it while there is room; `limit` at most. `not`: leaves these batches out, and all links unless `ties`. A write waits for the
/// earlier ones of its target.
pub fn due(
    sql: &dyn Sql,
    now: Timestamp,
    (not, ties): (&[String], bool),
    limit: usize,
) -> Result<Vec<Entry>, SqlError> {
    let not = serde_json::to_string(not).expect("texts are JSON");
    let rows = sql.exec(&first_due(), &[Param::Int(now.0), Param::Text(&not), Param::Int(ties.into())])?;
    let first = rows.into_iter().next().and_then(|row| <[Value; 2]>::try_from(row).ok());
    let Some((Some(batch), Some(urgency))) = first.map(|[batch, urgency]| (batch.into_text(), urgency.int()))
    else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for which in ["=", "<>"] {
        let room = limit.saturating_sub(all.len());
        if room > 0 {
            let params =
                [Param::Int(now.0), Param::Text(&batch), Param::Int(room as i64), Param::Int(urgency)];
            all.extend(entries(sql.exec(&all_due(which), &params)?)?);
        }
    }
    Ok(all)
}

/// That a write may leave: it is due, needs no earlier step, and its target has no earlier write that is open.
const FREE: &str = "due_at <= ?1 AND after IS NULL AND NOT EXISTS (
         SELECT 1 FROM outbox earlier WHERE earlier.target = outbox.target AND earlier.number < outbox.number
             AND earlier.state IN ('waiting', 'sent', 'doubt'))";

fn first_due() -> String {
    format!(
        "SELECT batch, urgency FROM outbox WHERE state = 'waiting' AND {FREE} AND batch NOT IN (SELECT value FROM json_each(?2)) AND (?3 OR substr(batch, 1, 4) <> 'tie/') ORDER BY urgency, number LIMIT 1"
    )
}

fn free_urgency() -> String {
    format!("SELECT urgency FROM outbox WHERE state = 'waiting' AND {FREE} ORDER BY urgency, number LIMIT 1")
}

/// Of a batch, what is as urgent as `?4`, or is not.
fn all_due(which: &str) -> String {
    format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE batch = ?2 AND state = 'waiting' AND urgency {which} ?4 AND {FREE} ORDER BY outbox.number LIMIT ?3"
    )
}

const FIRST_DOUBT: &str =
    "SELECT batch FROM outbox WHERE state = 'doubt' AND due_at <= ?1 ORDER BY number LIMIT 1";

/// Writes of which nobody knows whether they arrived and that may be asked about at `now`: of one batch, `limit` at most.
pub fn doubted(sql: &dyn Sql, now: Timestamp, limit: usize) -> Result<Vec<Entry>, SqlError> {
    let rows = sql.exec(FIRST_DOUBT, &[Param::Int(now.0)])?;
    let Some(batch) = rows.into_iter().flatten().next().and_then(Value::into_text) else {
        return Ok(Vec::new());
    };
    entries(sql.exec(
        &format!("SELECT {COLUMNS} FROM {FROM} WHERE batch = ?2 AND state = 'doubt' AND due_at <= ?1 ORDER BY outbox.number LIMIT ?3"),
        &[Param::Int(now.0), Param::Text(&batch), Param::Int(limit as i64)],
    )?)
}

const OPEN_UP_TO: &str = "SELECT count(*) FROM (
         SELECT 1 FROM outbox WHERE state = 'waiting' UNION ALL SELECT 1 FROM outbox WHERE state = 'sent'
         UNION ALL SELECT 1 FROM outbox WHERE state = 'doubt' LIMIT ?1)";

/// Only what waits to leave may have to wait for an earlier write: a doubt has left.
const NEXT_AT: &str = "SELECT min(due_at) FROM (
         SELECT due_at FROM outbox WHERE state = 'waiting' AND after IS NULL AND NOT EXISTS (
             SELECT 1 FROM outbox earlier WHERE earlier.target = outbox.target AND earlier.number < outbox.number
                 AND earlier.state IN ('waiting', 'sent', 'doubt'))
         UNION ALL SELECT due_at FROM outbox WHERE state = 'doubt')";

/// How many writes are open; at most `most` are counted.
pub fn open_up_to(sql: &dyn Sql, most: u32) -> Result<u32, SqlError> {
    Ok(int(sql, OPEN_UP_TO, &[Param::Int(most.into())])?.unwrap_or(0) as u32)
}

/// When the next of them may leave or be asked about; `None`: none waits.
pub fn next_at(sql: &dyn Sql) -> Result<Option<Timestamp>, SqlError> {
    Ok(int(sql, NEXT_AT, &[])?.map(Timestamp))
}

/// The least urgency of what may leave now: the smaller, the sooner.
pub fn most_urgent(sql: &dyn Sql, now: Timestamp) -> Result<Option<u8>, SqlError> {
    let urgency = int(sql, &free_urgency(), &[Param::Int(now.0)])?;
    Ok(urgency.and_then(|urgency| u8::try_from(urgency).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{
            native::NativeSql,
            portal::{
                self,
                outbox::{COME_BACK, COUNTS, New, State, UNDER_WAY, add, add_action, settle},
            },
        },
        values::ids::ActionId,
    };

    #[test]
    fn what_a_person_waits_for_leaves_first_and_others_with_it() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let id = ActionId::from_random([7; 12]);
        let action = add_action(&sql, &id, (None, None), Timestamp(1), "{}").unwrap();
        let write = |urgency: u8, record: u32| New {
            state: State::Waiting,
            urgency,
            batch: "update/contacts".to_owned(),
            target: format!("contacts/{record}"),
            coalesce: None,
            after: None,
            content: "{}".to_owned(),
        };
        let job: Vec<New> = (0..20).map(|record| write(1, record)).collect();
        let numbers = add(&sql, action, Timestamp(1), &job, 0).unwrap();
        // The second waits for the job's own write of the record.
        let persons = add(&sql, action, Timestamp(1), &[write(0, 30), write(0, 19)], 0).unwrap();
        let due: Vec<i64> =
            due(&sql, Timestamp(1), (&[], true), 10).unwrap().iter().map(|entry| entry.number).collect();
        assert_eq!(due, [&persons[..1], &numbers[..9]].concat());
        assert_eq!(most_urgent(&sql, Timestamp(1)).unwrap(), Some(0));
        settle(&sql, persons[0], State::Done, None, None, Timestamp(2)).unwrap();
        assert_eq!(most_urgent(&sql, Timestamp(2)).unwrap(), Some(1), "the other may not leave yet");
    }

    #[test]
    fn links_are_left_out_where_they_may_not_leave() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let id = ActionId::from_random([7; 12]);
        let action = add_action(&sql, &id, (None, None), Timestamp(1), "{}").unwrap();
        let write = |batch: &str| New {
            state: State::Waiting,
            urgency: 0,
            batch: batch.to_owned(),
            target: batch.to_owned(),
            coalesce: None,
            after: None,
            content: "{}".to_owned(),
        };
        let all =
            [write("tie/contacts/companies"), write("tie/contacts/companies#1"), write("update/contacts")];
        let numbers = add(&sql, action, Timestamp(1), &all, 0).unwrap();
        let due = |ties: bool| -> Vec<i64> {
            due(&sql, Timestamp(1), (&[], ties), 10).unwrap().iter().map(|entry| entry.number).collect()
        };
        assert_eq!((due(true), due(false)), (vec![numbers[0]], vec![numbers[2]]));
    }

    /// What was done lies here for months: whatever is asked at every turn looks at what is open alone.
    #[test]
    fn what_is_open_is_found_without_what_is_done() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let (now, text, limit) = (Param::Int(1), Param::Text("[]"), Param::Int(1));
        let statements: [(String, Vec<Param<'_>>); 10] = [
            (first_due(), vec![now, text, limit]),
            (all_due("="), vec![now, text, limit, now]),
            (all_due("<>"), vec![now, text, limit, now]),
            (free_urgency(), vec![now]),
            (FIRST_DOUBT.to_owned(), vec![now]),
            (COME_BACK.to_owned(), vec![now]),
            (UNDER_WAY.to_owned(), vec![now, text]),
            (OPEN_UP_TO.to_owned(), vec![limit]),
            (NEXT_AT.to_owned(), Vec::new()),
            (COUNTS.to_owned(), Vec::new()),
        ];
        for (statement, params) in statements {
            let rows = sql.exec(&format!("EXPLAIN QUERY PLAN {statement}"), &params).unwrap();
            let steps: Vec<String> =
                rows.iter().filter_map(|row| Some(row.last()?.text()?.to_owned())).collect();
            let whole = |step: &&String| {
                (step.starts_with("SCAN outbox") || step.starts_with("SCAN earlier"))
                    && !step.contains("INDEX")
            };
            assert_eq!(steps.iter().find(whole), None, "{statement}\n{steps:#?}");
        }
    }
}

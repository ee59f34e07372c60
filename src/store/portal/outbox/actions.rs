//! Actions that were asked for, each with its writes: found, listed, counted, forgotten.

use super::{State, WRONG, numbers_json};
use crate::{
    store::{
        portal::records::ids_json,
        sql::{Param, Row, Sql, SqlError, Value, int},
    },
    values::{
        ids::{ActionId, ObjectType, RecordId},
        time::Timestamp,
    },
};

/// No row's number is greater: numbers cross into JavaScript whole up to here.
const MOST: i64 = 1 << 53;

/// An action as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its row.
    pub number: i64,
    /// Its id.
    pub id: ActionId,
    /// When it was asked for.
    pub at: Timestamp,
    /// The engine's JSON.
    pub content: String,
}

fn action(row: Row) -> Result<Action, SqlError> {
    let [number, id, at, content] = <[Value; 4]>::try_from(row).map_err(|_| WRONG)?;
    Ok(Action {
        number: number.int().ok_or(WRONG)?,
        id: id.text().and_then(|id| id.parse().ok()).ok_or(WRONG)?,
        at: Timestamp(at.int().ok_or(WRONG)?),
        content: content.into_text().ok_or(WRONG)?,
    })
}

/// Which job an action is of, to whoever looks at all of it.
pub const JOBS: &str = "ALTER TABLE actions ADD COLUMN job TEXT;
     CREATE INDEX actions_job ON actions (job, number) WHERE job IS NOT NULL;";

/// Adds an action; `key`: what its asker calls it, unique; `job`: what it is counted with. Answers its row.
pub fn add_action(
    sql: &dyn Sql,
    id: &ActionId,
    (key, job): (Option<&str>, Option<&str>),
    at: Timestamp,
    content: &str,
) -> Result<i64, SqlError> {
    let rows = sql.exec(
        "INSERT INTO actions (id, key, at, content, job) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING number",
        &[
            Param::Text(id.as_str()),
            key.map_or(Param::Null, Param::Text),
            Param::Int(at.0),
            Param::Text(content),
            job.map_or(Param::Null, Param::Text),
        ],
    )?;
    rows.first().and_then(|row| row.first()).and_then(Value::int).ok_or(WRONG)
}

/// An action by its id.
pub fn action_by_id(sql: &dyn Sql, id: &ActionId) -> Result<Option<Action>, SqlError> {
    let rows =
        sql.exec("SELECT number, id, at, content FROM actions WHERE id = ?1", &[Param::Text(id.as_str())])?;
    rows.into_iter().next().map(action).transpose()
}

/// An action by what its asker calls it.
pub fn action_by_key(sql: &dyn Sql, key: &str) -> Result<Option<Action>, SqlError> {
    let rows = sql.exec("SELECT number, id, at, content FROM actions WHERE key = ?1", &[Param::Text(key)])?;
    rows.into_iter().next().map(action).transpose()
}

/// Forgets an action of which only was asked what it would come to.
pub fn forget_dry(sql: &dyn Sql, id: &ActionId) -> Result<(), SqlError> {
    for statement in [
        "DELETE FROM outbox WHERE state = 'dry' AND action = (SELECT number FROM actions WHERE id = ?1)",
        "DELETE FROM actions WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM outbox WHERE action = actions.number)",
    ] {
        sql.exec(statement, &[Param::Text(id.as_str())])?;
    }
    Ok(())
}

/// Which actions.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which<'a> {
    /// Of which a write stands so.
    pub state: Option<State>,
    /// Of this job.
    pub job: Option<&'a str>,
    /// Not those of which only was asked what they would come to.
    pub real: bool,
}

/// Actions, the newest first, before that row.
pub fn actions(
    sql: &dyn Sql,
    before: Option<i64>,
    which: Which<'_>,
    limit: u32,
) -> Result<Vec<Action>, SqlError> {
    // A doubt has been sent, as far as anybody is told.
    let of_state = match which.state {
        None if which.real => {
            "NOT EXISTS (SELECT 1 FROM outbox WHERE action = actions.number AND state = 'dry')".to_owned()
        }
        None => String::new(),
        Some(State::Sent) => format!("{} OR {}", has(State::Sent), has(State::Doubt)),
        Some(state) => has(state),
    };
    let of_state = if of_state.is_empty() { of_state } else { format!("AND ({of_state})") };
    let mut params = vec![Param::Int(before.unwrap_or(MOST)), Param::Int(limit.into())];
    params.extend(which.job.map(Param::Text));
    let of_job = if which.job.is_some() { "AND job = ?3" } else { "" };
    let rows = sql.exec(
        &format!(
            "SELECT number, id, at, content FROM actions WHERE number < ?1 {of_job} {of_state} ORDER BY number DESC LIMIT ?2"
        ),
        &params,
    )?;
    rows.into_iter().map(action).collect()
}

/// That an action has a write that stands so. Of what is done there is much, and the newest is near; the others have an index.
fn has(state: State) -> String {
    let state_is = format!("state = '{}'", state.as_str());
    if state == State::Done {
        format!("EXISTS (SELECT 1 FROM outbox WHERE action = actions.number AND {state_is})")
    } else {
        format!("number IN (SELECT action FROM outbox WHERE {state_is})")
    }
}

pub(super) const COUNTS: &str = "SELECT 'waiting', count(*) FROM outbox WHERE state = 'waiting'
         UNION ALL SELECT 'sent', count(*) FROM outbox WHERE state = 'sent'
         UNION ALL SELECT 'doubt', count(*) FROM outbox WHERE state = 'doubt'
         UNION ALL SELECT 'failed', count(*) FROM outbox WHERE state = 'failed'
         UNION ALL SELECT 'unknown', count(*) FROM outbox WHERE state = 'unknown'";

/// How many writes are open, failed or unknown; what is done is not counted.
pub fn counts(sql: &dyn Sql) -> Result<Vec<(State, u64)>, SqlError> {
    counted(sql.exec(COUNTS, &[])?)
}

fn counted(rows: Vec<Row>) -> Result<Vec<(State, u64)>, SqlError> {
    rows.iter()
        .map(|row| {
            let state = row.first().and_then(Value::text).and_then(State::parse).ok_or(WRONG)?;
            let count = row.get(1).and_then(Value::int).ok_or(WRONG)?;
            Ok((state, count as u64))
        })
        .collect()
}

/// How many writes of a job stand how, all of them: counts them one by one.
pub fn counts_of_job(sql: &dyn Sql, job: &str) -> Result<Vec<(State, u64)>, SqlError> {
    counted(sql.exec(
        "SELECT outbox.state, count(*) FROM actions JOIN outbox ON outbox.action = actions.number
         WHERE job = ?1 GROUP BY outbox.state",
        &[Param::Text(job)],
    )?)
}

/// Actions that were asked for before then and of which nothing is open go, with their writes; `limit` at once.
pub fn forget_before(sql: &dyn Sql, at: Timestamp, limit: u32) -> Result<(), SqlError> {
    let old = "SELECT number FROM actions WHERE at < ?1
         AND NOT EXISTS (SELECT 1 FROM outbox WHERE action = actions.number AND state IN ('waiting', 'sent', 'doubt', 'unknown'))
         ORDER BY at LIMIT ?2";
    let params = [Param::Int(at.0), Param::Int(limit.into())];
    sql.exec(&format!("DELETE FROM outbox WHERE action IN ({old})"), &params)?;
    sql.exec(
        "DELETE FROM actions WHERE number IN (SELECT number FROM actions WHERE at < ?1
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE action = actions.number) ORDER BY at LIMIT ?2)",
        &params,
    )?;
    Ok(())
}

/// When the oldest action was asked for.
pub fn oldest_at(sql: &dyn Sql) -> Result<Option<Timestamp>, SqlError> {
    Ok(int(sql, "SELECT min(at) FROM actions", &[])?.map(Timestamp))
}

/// What was written to these records, or linked to them, is forgotten: they were deleted for privacy. What of it has not left never does.
/// Places on a list known to be of another type are those of other records.
pub fn forget(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<(), SqlError> {
    for id in ids {
        crate::store::portal::echoes::forget(sql, kind, *id)?;
        sql.exec(
            "DELETE FROM outbox WHERE target = ?1 || '/' || ?2
                 OR (result = CAST(?2 AS INTEGER) AND substr(batch, 1, length(?1) + 7) = 'create/' || ?1)
                 OR instr(content, '[\"' || ?1 || '\",{\"id\":' || ?2 || '}]') > 0
                 OR (substr(target, 1, 4) = 'tie/' AND instr(target || '/', '/' || ?1 || '/' || ?2 || '/') > 0)
                 OR (substr(target, 1, 5) = 'list/' AND substr(target, -length(?2) - 1) = '/' || ?2 AND NOT EXISTS (
                     SELECT 1 FROM reference, json_each('[' || entries || ']') AS list
                     WHERE name = 'lists' AND list.value->>'object_type_id' <> ?3
                         AND list.value->>'id' = substr(target, 6, length(target) - length(?2) - 6)))",
            &[
                Param::Text(&kind.name()),
                Param::Text(&id.to_string()),
                Param::Text(&kind.hubspot_id()),
            ],
        )?;
    }
    sql.exec(
        "DELETE FROM actions WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE action = actions.number)",
        &[],
    )?;
    Ok(())
}

/// The addresses under which these contacts were made, as far as that is remembered.
pub fn made_as(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<Vec<String>, SqlError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let new = format!("new/{kind}/");
    let rows = sql.exec(
        "SELECT DISTINCT substr(target, length(?1) + 1) FROM outbox WHERE result IN (SELECT value FROM json_each(?2))
             AND substr(target, 1, length(?1)) = ?1 AND instr(target, '@') > 0",
        &[Param::Text(&new), Param::Text(&ids_json(ids))],
    )?;
    Ok(rows.into_iter().filter_map(|row| row.into_iter().next()?.into_text()).collect())
}

/// What was to become a record of one of these names, or became one, is forgotten: they are those of people who were erased. What else
/// such an action comes to never leaves; where it has left it stays, without anything that its asker said. Answers which records it came
/// to.
///
/// Of a create that has left and has no end its row stays, as one of nothing that was taken back: its answer goes by the row's number,
/// which no other write may get meanwhile.
pub fn forget_named(sql: &dyn Sql, kind: ObjectType, names: &[String]) -> Result<Vec<RecordId>, SqlError> {
    let targets: Vec<String> = names.iter().map(|name| format!("new/{kind}/{name}")).collect();
    let targets = serde_json::to_string(&targets).expect("texts are JSON");
    let rows = sql.exec(
        "SELECT action, result FROM outbox WHERE target IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&targets)],
    )?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let actions: Vec<i64> = rows.iter().filter_map(|row| row.first()?.int()).collect();
    let made = rows.iter().filter_map(|row| row.get(1)?.int()).map(|id| RecordId(id as u64)).collect();
    let actions = numbers_json(&actions);
    sql.exec(
        "DELETE FROM outbox WHERE action IN (SELECT value FROM json_each(?1)) AND state NOT IN ('sent', 'doubt')
             AND (state NOT IN ('done', 'unknown') OR target IN (SELECT value FROM json_each(?2)))",
        &[Param::Text(&actions), Param::Text(&targets)],
    )?;
    sql.exec(
        "UPDATE outbox SET state = 'cancelled', target = 'new/' || number, note = NULL,
             content = json_object('op', 'create', 'object_type', ?3, 'values', json('{}'))
         WHERE action IN (SELECT value FROM json_each(?1)) AND target IN (SELECT value FROM json_each(?2))",
        &[Param::Text(&actions), Param::Text(&targets), Param::Text(&kind.name())],
    )?;
    sql.exec(
        "UPDATE outbox SET coalesce = NULL WHERE action IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&actions)],
    )?;
    sql.exec(
        "DELETE FROM actions WHERE number IN (SELECT value FROM json_each(?1))
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE action = actions.number)",
        &[Param::Text(&actions)],
    )?;
    sql.exec(
        "UPDATE actions SET key = NULL, content = json_remove(content, '$.key', '$.why', '$.left')
         WHERE number IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&actions)],
    )?;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::super::{New, add, begin_anew, claimed, doubt, leave, of_action, settle, under_way};
    use super::*;
    use crate::store::{native::NativeSql, portal};

    #[test]
    fn an_erased_contact_takes_no_companys_place_on_a_list_with_it() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        sql.exec(
            r#"INSERT INTO reference (name, part, entries) VALUES
                ('lists', 0, '{"id":"5","object_type_id":"0-1"},{"id":"6","object_type_id":"0-2"}')"#,
            &[],
        )
        .unwrap();
        let action =
            add_action(&sql, &ActionId::from_random([7; 12]), (None, None), Timestamp(1), "{}").unwrap();
        let place = |list: u32, id: u32| New {
            state: State::Waiting,
            urgency: 0,
            batch: format!("join/{list}"),
            target: format!("list/{list}/{id}"),
            coalesce: None,
            after: None,
            content: "{}".to_owned(),
        };
        // Of list 7 nobody knows what is on it.
        let all = [place(5, 12), place(6, 12), place(7, 12), place(5, 112)];
        add(&sql, action, Timestamp(1), &all, 0).unwrap();
        forget(&sql, ObjectType::Contacts, &[RecordId(12)]).unwrap();
        let left = of_action(&sql, action).unwrap();
        let left: Vec<&str> = left.iter().map(|entry| entry.target.as_str()).collect();
        assert_eq!(left, ["list/6/12", "list/5/112"]);
    }

    #[test]
    fn a_record_is_claimed_by_another_create_of_its_type_alone() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let action =
            add_action(&sql, &ActionId::from_random([7; 12]), (None, None), Timestamp(1), "{}").unwrap();
        let write = |op: &str, kind: &str| New {
            state: State::Waiting,
            urgency: 0,
            batch: format!("{op}/{kind}"),
            target: format!("{op}/{kind}"),
            coalesce: None,
            after: None,
            content: format!(r#"{{"op":"{op}","object_type":"{kind}"}}"#),
        };
        let all = [
            write("create", "tasks"),
            write("create", "tasks"),
            write("create", "notes"),
            write("update", "tasks"),
        ];
        let numbers = add(&sql, action, Timestamp(1), &all, 0).unwrap();
        leave(&sql, &numbers, None, Timestamp(2)).unwrap();
        let kind = ObjectType::Tasks;
        assert_eq!(under_way(&sql, numbers[0], kind).unwrap(), [all[1].content.clone()]);
        for (number, id) in numbers[1..].iter().zip([8, 9, 10]) {
            settle(&sql, *number, State::Done, Some(RecordId(id)), None, Timestamp(3)).unwrap();
        }
        let ids = [8, 9, 10].map(RecordId);
        assert_eq!(claimed(&sql, numbers[0], kind, &ids).unwrap(), [RecordId(8)]);
        assert_eq!(claimed(&sql, numbers[1], kind, &ids).unwrap(), [], "its own");
        // It may leave again; what it made is not older than when it left first.
        doubt(&sql, &numbers[..1]).unwrap();
        leave(&sql, &numbers[..1], None, Timestamp(9)).unwrap();
        let first = of_action(&sql, action).unwrap().remove(0);
        assert_eq!(
            (first.first_left_at, first.left_at, first.doubted),
            (Some(Timestamp(2)), Some(Timestamp(9)), true)
        );
    }

    #[test]
    fn what_left_with_a_key_is_looked_for_however_often_it_leaves() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let action =
            add_action(&sql, &ActionId::from_random([7; 12]), (None, None), Timestamp(1), "{}").unwrap();
        let create = |kind: &str| New {
            state: State::Waiting,
            urgency: 0,
            batch: format!("create/{kind}"),
            target: format!("new/{kind}/1"),
            coalesce: None,
            after: None,
            content: "{}".to_owned(),
        };
        let numbers = add(&sql, action, Timestamp(1), &[create("tasks"), create("notes")], 0).unwrap();
        leave(&sql, &numbers[..1], Some("spoke_action_id"), Timestamp(2)).unwrap();
        leave(&sql, &numbers[1..], None, Timestamp(2)).unwrap();
        for number in numbers {
            settle(&sql, number, State::Failed, None, Some("{}"), Timestamp(3)).unwrap();
            begin_anew(&sql, number, Timestamp(4)).unwrap();
        }
        let again = of_action(&sql, action).unwrap();
        let again: Vec<_> =
            again.iter().map(|entry| (entry.state, entry.doubted, entry.keyed.as_deref())).collect();
        let waiting = State::Waiting;
        assert_eq!(again, [(waiting, true, Some("spoke_action_id")), (waiting, false, None)]);
    }
}

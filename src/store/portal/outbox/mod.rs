//! The outbox: actions that somebody asked for, and the writes each comes to, in the order in which they were asked for. A write is here
//! before it leaves, and what became of it is written here in the turn that learns of it.
//!
//! | state | the write | ends |
//! |---|---|---|
//! | `waiting` | has not left, or is to leave again | no |
//! | `sent` | has left; no answer has come | no |
//! | `doubt` | has left, and nobody knows whether it arrived: HubSpot is asked | no |
//! | `done` | is in HubSpot | yes |
//! | `failed` | is not, and why | yes |
//! | `unknown` | nobody can find out; a person decides | yes |
//! | `cancelled` | a person took it back before it left | yes |
//! | `replaced` | a later one of the same coalescing key took its place before it left | yes |
//! | `dry` | was only asked what it would be | yes |
//!
//! Writes of one target leave one after the other. What a write means, and which may leave together, is the engine's.

mod actions;
mod due;

use serde::{Deserialize, Serialize};

use crate::{
    store::sql::{Param, Row, Sql, SqlError, Value, int},
    values::{
        ids::{ActionId, ObjectType, RecordId},
        time::Timestamp,
    },
};

pub use actions::{
    Action, JOBS, Which, action_by_id, action_by_key, actions, add_action, counts, counts_of_job, forget,
    forget_before, forget_dry, forget_named, made_as, oldest_at,
};
pub use due::{doubted, due, most_urgent, next_at, open_up_to};

#[cfg(test)]
use actions::COUNTS;

/// The tables. What is open is a small part of what is kept for months: each open state has an index of its own, under the very
/// condition that statements name, without which SQLite does not use it.
pub const TABLES: &str = "CREATE TABLE actions (
         number INTEGER PRIMARY KEY,
         id TEXT NOT NULL UNIQUE,
         key TEXT UNIQUE,
         at INTEGER NOT NULL,
         content TEXT NOT NULL
     );
     CREATE INDEX actions_at ON actions (at);
     CREATE TABLE outbox (
         number INTEGER PRIMARY KEY,
         action INTEGER NOT NULL,
         step INTEGER NOT NULL,
         state TEXT NOT NULL,
         urgency INTEGER NOT NULL,
         batch TEXT NOT NULL,
         target TEXT NOT NULL,
         coalesce TEXT,
         after INTEGER,
         due_at INTEGER NOT NULL,
         left_at INTEGER,
         attempts INTEGER NOT NULL DEFAULT 0,
         doubted INTEGER NOT NULL DEFAULT 0,
         result INTEGER,
         note TEXT,
         content TEXT NOT NULL
     );
     CREATE INDEX outbox_action ON outbox (action);
     CREATE INDEX outbox_due ON outbox (urgency, number) WHERE state = 'waiting';
     CREATE INDEX outbox_batch ON outbox (batch, number) WHERE state IN ('waiting', 'doubt');
     CREATE INDEX outbox_result ON outbox (result) WHERE result IS NOT NULL;
     CREATE INDEX outbox_target ON outbox (target, number);
     CREATE INDEX outbox_after ON outbox (after) WHERE after IS NOT NULL;
     CREATE INDEX outbox_coalesce ON outbox (coalesce) WHERE coalesce IS NOT NULL AND state = 'waiting';";

/// By what property a create that may have arrived is looked for, and what is open by state.
pub const OPEN: &str = "ALTER TABLE outbox ADD COLUMN keyed TEXT;
     DROP INDEX outbox_batch;
     CREATE INDEX outbox_batch ON outbox (batch, number) WHERE state = 'waiting';
     CREATE INDEX outbox_sent ON outbox (number) WHERE state = 'sent';
     CREATE INDEX outbox_doubt ON outbox (number) WHERE state = 'doubt';
     CREATE INDEX outbox_failed ON outbox (action) WHERE state = 'failed';
     CREATE INDEX outbox_unknown ON outbox (action) WHERE state = 'unknown';";

/// When a write left for the first time: what it made is not older. Of what had left before this was kept, when it left last.
pub const FIRST: &str = "ALTER TABLE outbox ADD COLUMN first_left_at INTEGER;
     UPDATE outbox SET first_left_at = left_at WHERE left_at IS NOT NULL AND state IN ('waiting', 'sent', 'doubt', 'unknown');";

/// How a write stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Has not left, or is to leave again.
    Waiting,
    /// Has left.
    Sent,
    /// Has left, and HubSpot is asked whether it arrived.
    Doubt,
    /// Is in HubSpot.
    Done,
    /// Is not.
    Failed,
    /// Nobody can find out.
    Unknown,
    /// Was taken back.
    Cancelled,
    /// A later one took its place.
    Replaced,
    /// Was only asked what it would be.
    Dry,
}

impl State {
    /// All.
    pub const ALL: [Self; 9] = [
        Self::Waiting,
        Self::Sent,
        Self::Doubt,
        Self::Done,
        Self::Failed,
        Self::Unknown,
        Self::Cancelled,
        Self::Replaced,
        Self::Dry,
    ];

    /// As stored and in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Doubt => "doubt",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
            Self::Replaced => "replaced",
            Self::Dry => "dry",
        }
    }

    /// Something is still to become of it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Sent | Self::Doubt)
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A write to be added.
#[derive(Debug, Clone)]
pub struct New {
    /// How it stands: `waiting`, or `dry`.
    pub state: State,
    /// The smaller, the sooner.
    pub urgency: u8,
    /// Writes of the same may leave in one call.
    pub batch: String,
    /// Writes of the same leave one after the other.
    pub target: String,
    /// A later action of the same takes its action's place; all writes of an action have the same.
    pub coalesce: Option<String>,
    /// The step of the same action that comes before it.
    pub after: Option<u8>,
    /// The engine's JSON.
    pub content: String,
}

/// A write as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its row.
    pub number: i64,
    /// The row of its action.
    pub action: i64,
    /// Which of the action's writes.
    pub step: u8,
    /// How it stands.
    pub state: State,
    /// Writes of the same may leave in one call.
    pub batch: String,
    /// Writes of the same leave one after the other.
    pub target: String,
    /// When it may leave.
    pub due_at: Timestamp,
    /// When it left last.
    pub left_at: Option<Timestamp>,
    /// When it left first.
    pub first_left_at: Option<Timestamp>,
    /// How often it left, or was to leave and HubSpot refused for now.
    pub attempts: u32,
    /// Whether it was ever unclear whether it arrived.
    pub doubted: bool,
    /// The property that carried its key when it left last: by it the record it made is found.
    pub keyed: Option<String>,
    /// The record it made or changed.
    pub result: Option<RecordId>,
    /// The engine's JSON of why it failed, waits or is done otherwise than was asked.
    pub note: Option<String>,
    /// The engine's JSON.
    pub content: String,
    /// The id of its action.
    pub action_id: ActionId,
}

const WRONG: SqlError = SqlError::Content("outbox");

const COLUMNS: &str =
    "outbox.number, action, step, state, batch, target, due_at, left_at, first_left_at, attempts, doubted, keyed,
     result, note, outbox.content, actions.id";
const FROM: &str = "outbox JOIN actions ON actions.number = outbox.action";

fn entry(row: Row) -> Result<Entry, SqlError> {
    let [
        number,
        action,
        step,
        state,
        batch,
        target,
        due_at,
        left_at,
        first_left_at,
        attempts,
        doubted,
        keyed,
        result,
        note,
        content,
        id,
    ] = <[Value; 16]>::try_from(row).map_err(|_| WRONG)?;
    let whole = |value: &Value| value.int().ok_or(WRONG);
    Ok(Entry {
        number: whole(&number)?,
        action: whole(&action)?,
        step: u8::try_from(whole(&step)?).map_err(|_| WRONG)?,
        state: state.text().and_then(State::parse).ok_or(WRONG)?,
        batch: batch.into_text().ok_or(WRONG)?,
        target: target.into_text().ok_or(WRONG)?,
        due_at: Timestamp(whole(&due_at)?),
        left_at: left_at.int().map(Timestamp),
        first_left_at: first_left_at.int().map(Timestamp),
        attempts: u32::try_from(whole(&attempts)?).map_err(|_| WRONG)?,
        doubted: whole(&doubted)? != 0,
        keyed: keyed.into_text(),
        result: result.int().and_then(|id| u64::try_from(id).ok()).map(RecordId),
        note: note.into_text(),
        content: content.into_text().ok_or(WRONG)?,
        action_id: id.text().and_then(|id| id.parse().ok()).ok_or(WRONG)?,
    })
}

fn entries(rows: Vec<Row>) -> Result<Vec<Entry>, SqlError> {
    rows.into_iter().map(entry).collect()
}

/// The greatest number of a write that is kept; 0: none is.
pub fn greatest(sql: &dyn Sql) -> Result<i64, SqlError> {
    Ok(int(sql, "SELECT max(number) FROM outbox", &[])?.unwrap_or(0))
}

/// Adds the writes of an action, under numbers greater than `above` and than any that is kept: an answer under way goes by its write's
/// number, also where that is forgotten meanwhile. One that waits for an earlier step of it gets the row of that.
pub fn add(
    sql: &dyn Sql,
    action: i64,
    now: Timestamp,
    writes: &[New],
    above: i64,
) -> Result<Vec<i64>, SqlError> {
    let mut numbers: Vec<i64> = Vec::with_capacity(writes.len());
    for (step, write) in writes.iter().enumerate() {
        let after = write.after.and_then(|step| numbers.get(usize::from(step)).copied());
        let rows = sql.exec(
            "INSERT INTO outbox (number, action, step, state, urgency, batch, target, coalesce, after, due_at, content)
             VALUES (max(ifnull((SELECT max(number) FROM outbox), 0), ?11) + 1,
                 ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING number",
            &[
                Param::Int(action),
                Param::Int(step as i64),
                Param::Text(write.state.as_str()),
                Param::Int(write.urgency.into()),
                Param::Text(&write.batch),
                Param::Text(&write.target),
                write.coalesce.as_deref().map_or(Param::Null, Param::Text),
                after.map_or(Param::Null, Param::Int),
                Param::Int(now.0),
                Param::Text(&write.content),
                Param::Int(above),
            ],
        )?;
        numbers.push(rows.first().and_then(|row| row.first()).and_then(Value::int).ok_or(WRONG)?);
    }
    if let Some(write) = writes.first().filter(|write| write.state == State::Waiting)
        && let Some(key) = &write.coalesce
    {
        sql.exec(REPLACE, &[Param::Text(key), Param::Int(action)])?;
    }
    Ok(numbers)
}

/// What begins to leave comes to its end: an earlier action is replaced as a whole or not at all.
const REPLACE: &str = "UPDATE outbox SET state = 'replaced'
     WHERE coalesce = ?1 AND state = 'waiting' AND action <> ?2 AND action NOT IN (
         SELECT action FROM outbox WHERE state <> 'waiting' AND action IN (
             SELECT action FROM outbox WHERE coalesce = ?1 AND state = 'waiting'))";

/// These writes leave; `keyed`: see [`Entry::keyed`].
pub fn leave(sql: &dyn Sql, numbers: &[i64], keyed: Option<&str>, now: Timestamp) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE outbox SET state = 'sent', left_at = ?2, first_left_at = coalesce(first_left_at, ?2),
             attempts = attempts + 1, keyed = ?3
         WHERE number IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&numbers_json(numbers)), Param::Int(now.0), keyed.map_or(Param::Null, Param::Text)],
    )?;
    Ok(())
}

/// A property is not there any more: what carried a key in it is not found by that.
pub fn lose_key(sql: &dyn Sql, batch: &str, property: &str) -> Result<(), SqlError> {
    // Of a batch that goes on in parts, or leaves with a seat's token, each has a name that begins with its own.
    sql.exec(
        "UPDATE outbox SET keyed = NULL
         WHERE state = 'doubt' AND keyed = ?2 AND (batch = ?1 OR substr(batch, 1, length(?1) + 1) IN (?1 || '#', ?1 || '@'))",
        &[Param::Text(batch), Param::Text(property)],
    )?;
    Ok(())
}

/// These writes are to leave again, or to be asked about, not before `due_at`.
pub fn put_back(
    sql: &dyn Sql,
    numbers: &[i64],
    state: State,
    due_at: Timestamp,
    note: Option<&str>,
) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE outbox SET state = ?2, due_at = ?3, note = ?4, doubted = max(doubted, ?2 = 'doubt')
         WHERE number IN (SELECT value FROM json_each(?1)) AND state IN ('sent', 'waiting', 'doubt')",
        &[
            Param::Text(&numbers_json(numbers)),
            Param::Text(state.as_str()),
            Param::Int(due_at.0),
            note.map_or(Param::Null, Param::Text),
        ],
    )?;
    Ok(())
}

/// These writes have left and come back untouched: they wait as if they had not.
pub fn stay(sql: &dyn Sql, numbers: &[i64], now: Timestamp) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE outbox SET state = 'waiting', due_at = ?2, attempts = max(attempts - 1, 0)
         WHERE number IN (SELECT value FROM json_each(?1)) AND state = 'sent'",
        &[Param::Text(&numbers_json(numbers)), Param::Int(now.0)],
    )?;
    Ok(())
}

/// These writes have left, and no answer came: they may have arrived, whatever becomes of them later.
pub fn doubt(sql: &dyn Sql, numbers: &[i64]) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE outbox SET doubted = 1 WHERE number IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&numbers_json(numbers))],
    )?;
    Ok(())
}

/// These doubts are being asked about: nobody else asks before then.
pub fn hold(sql: &dyn Sql, numbers: &[i64], until: Timestamp) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE outbox SET due_at = ?2 WHERE number IN (SELECT value FROM json_each(?1)) AND state = 'doubt'",
        &[Param::Text(&numbers_json(numbers)), Param::Int(until.0)],
    )?;
    Ok(())
}

/// Those of these records that another create of the type came to.
pub fn claimed(
    sql: &dyn Sql,
    number: i64,
    kind: ObjectType,
    ids: &[RecordId],
) -> Result<Vec<RecordId>, SqlError> {
    let rows = sql.exec(
        "SELECT result FROM outbox WHERE result IN (SELECT value FROM json_each(?1)) AND state = 'done' AND number <> ?2
             AND json_extract(content, '$.op') = 'create' AND json_extract(content, '$.object_type') = ?3",
        &[
            Param::Text(&super::records::ids_json(ids)),
            Param::Int(number),
            Param::Text(&kind.name()),
        ],
    )?;
    Ok(rows.iter().filter_map(|row| row.first()?.int()).map(|id| RecordId(id as u64)).collect())
}

const UNDER_WAY: &str =
    "SELECT content FROM outbox WHERE number IN (SELECT number FROM outbox WHERE state = 'sent') AND number <> ?1
         AND json_extract(content, '$.op') = 'create' AND json_extract(content, '$.object_type') = ?2";

/// Creates of a type that are on their way, besides one: the engine's JSON of each.
pub fn under_way(sql: &dyn Sql, number: i64, kind: ObjectType) -> Result<Vec<String>, SqlError> {
    let rows = sql.exec(UNDER_WAY, &[Param::Int(number), Param::Text(&kind.name())])?;
    Ok(rows.into_iter().filter_map(|row| row.into_iter().next()?.into_text()).collect())
}

/// Whether a write waits for an earlier one of its target.
pub fn is_behind(sql: &dyn Sql, entry: &Entry) -> Result<bool, SqlError> {
    let earlier = int(
        sql,
        "SELECT 1 FROM outbox WHERE target = ?1 AND number < ?2 AND state IN ('waiting', 'sent', 'doubt') LIMIT 1",
        &[Param::Text(&entry.target), Param::Int(entry.number)],
    )?;
    Ok(earlier.is_some())
}

/// How urgent a write is.
pub fn urgency(sql: &dyn Sql, number: i64) -> Result<Option<u8>, SqlError> {
    let urgency = int(sql, "SELECT urgency FROM outbox WHERE number = ?1", &[Param::Int(number)])?;
    Ok(urgency.and_then(|urgency| u8::try_from(urgency).ok()))
}

/// A write is to leave once more. One that left with a key may be there: what HubSpot refuses then is looked for.
pub fn begin_anew(sql: &dyn Sql, number: i64, now: Timestamp) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE outbox SET state = 'waiting', due_at = ?2, attempts = 0, doubted = keyed IS NOT NULL, note = NULL
         WHERE number = ?1 AND state IN ('failed', 'unknown')",
        &[Param::Int(number), Param::Int(now.0)],
    )?;
    Ok(())
}

/// They go on in another batch.
pub fn rebatch(sql: &dyn Sql, numbers: &[i64], batch: &str) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE outbox SET batch = ?2 WHERE number IN (SELECT value FROM json_each(?1))",
        &[Param::Text(&numbers_json(numbers)), Param::Text(batch)],
    )?;
    Ok(())
}

/// What a write is, once more.
#[derive(Debug, Clone)]
pub struct Rewritten {
    /// See [`New::batch`].
    pub batch: String,
    /// See [`New::target`].
    pub target: String,
    /// The engine's JSON.
    pub content: String,
}

/// A record that a write waited for has an id, or a field is left out of it.
pub fn rewrite(sql: &dyn Sql, number: i64, write: &Rewritten, after: Option<i64>) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE outbox SET batch = ?2, target = ?3, after = ?4, content = ?5 WHERE number = ?1",
        &[
            Param::Int(number),
            Param::Text(&write.batch),
            Param::Text(&write.target),
            after.map_or(Param::Null, Param::Int),
            Param::Text(&write.content),
        ],
    )?;
    Ok(())
}

/// The end of a write that is still open.
pub fn settle(
    sql: &dyn Sql,
    number: i64,
    state: State,
    result: Option<RecordId>,
    note: Option<&str>,
    now: Timestamp,
) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE outbox SET state = ?2, result = coalesce(?3, result), note = ?4, due_at = ?5 WHERE number = ?1",
        &[
            Param::Int(number),
            Param::Text(state.as_str()),
            result.map_or(Param::Null, |id| Param::Int(id.0 as i64)),
            note.map_or(Param::Null, Param::Text),
            Param::Int(now.0),
        ],
    )?;
    Ok(())
}

/// Writes that wait for this one.
pub fn followers(sql: &dyn Sql, number: i64) -> Result<Vec<Entry>, SqlError> {
    entries(sql.exec(&format!("SELECT {COLUMNS} FROM {FROM} WHERE after = ?1"), &[Param::Int(number)])?)
}

const COME_BACK: &str =
    "UPDATE outbox SET state = CASE WHEN substr(batch, 1, 7) = 'create/' THEN 'doubt' ELSE 'waiting' END,
         doubted = max(doubted, substr(batch, 1, 6) <> 'event/'), due_at = ?1
     WHERE number IN (SELECT number FROM outbox WHERE state = 'sent')";

/// What had left when the object ended: what may be repeated waits again, of the rest HubSpot is asked.
pub fn come_back(sql: &dyn Sql, now: Timestamp) -> Result<(), SqlError> {
    sql.exec(COME_BACK, &[Param::Int(now.0)])?;
    Ok(())
}

/// The writes of an action.
pub fn of_action(sql: &dyn Sql, action: i64) -> Result<Vec<Entry>, SqlError> {
    entries(sql.exec(
        &format!("SELECT {COLUMNS} FROM {FROM} WHERE action = ?1 ORDER BY step"),
        &[Param::Int(action)],
    )?)
}

/// The record that an earlier write of this target came to, the newest first.
pub fn made(sql: &dyn Sql, target: &str) -> Result<Option<RecordId>, SqlError> {
    let id = int(
        sql,
        "SELECT result FROM outbox WHERE target = ?1 AND state = 'done' AND result IS NOT NULL ORDER BY number DESC LIMIT 1",
        &[Param::Text(target)],
    )?;
    Ok(id.and_then(|id| u64::try_from(id).ok()).map(RecordId))
}

/// When a write of this target left of which nobody knows whether it arrived, the latest.
pub fn unknown_left_at(sql: &dyn Sql, target: &str) -> Result<Option<Timestamp>, SqlError> {
    let at = int(
        sql,
        "SELECT max(left_at) FROM outbox WHERE target = ?1 AND state = 'unknown'",
        &[Param::Text(target)],
    )?;
    Ok(at.map(Timestamp))
}

/// Whether a new record is one that is being made: it has the address of a contact, or the key of an action.
pub fn making(sql: &dyn Sql, kind: ObjectType, properties: &str) -> Result<bool, SqlError> {
    let found = int(
        sql,
        "SELECT 1 FROM outbox WHERE outbox.state IN ('sent', 'doubt', 'done')
             AND json_extract(outbox.note, '$.kind') IS NULL AND json_extract(outbox.note, '$.found') IS NULL
             AND json_extract(outbox.note, '$.unsure') IS NULL
             AND outbox.target = 'new/' || ?1 || '/' || lower(json_extract(?2, '$.email'))
         UNION ALL
         SELECT 1 FROM actions, json_each(?2) AS own WHERE own.key IN ('spoke_action_id', 'hs_unique_creation_key')
             AND actions.id = substr(own.value, 1, instr(own.value, '.') - 1)
         LIMIT 1",
        &[Param::Text(&kind.name()), Param::Text(properties)],
    )?;
    Ok(found.is_some())
}

fn numbers_json(numbers: &[i64]) -> String {
    let list: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    format!("[{}]", list.join(","))
}

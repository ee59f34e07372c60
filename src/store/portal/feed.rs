//! The change feed: what happened to the mirror, numbered without gaps.
//!
//! One row holds the changes of one turn, so that a page of a hundred new records costs one row and three thousand
//! characters. Sequence numbers belong to single changes; a row covers the range from its first to its last. The newest row is never
//! pruned: the next number follows from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    store::sql::{Param, Row, Sql, SqlError, Value, int},
    values::{
        ids::{ChannelId, ConnectionId, ListId, ObjectType, RecordId},
        json,
        time::Timestamp,
    },
};

/// What rows that tell of the connection itself have in place of an object type.
pub const CONNECTION: &str = "connection";
/// Largest JSON text of one row: half of the platform's 2 MB.
pub const ROW_BYTES: usize = 1_000_000;

/// An old and a new value; `None`: unset.
pub type OldNew = (Option<String>, Option<String>);

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// Authorised, for the first time or again.
    Connected,
    /// The full read of an object type that a connect starts is over.
    BackfillDone,
    /// HubSpot refuses the tokens: a person must connect again.
    NeedsReauthorisation,
    /// HubSpot refuses one object type for want of a scope; the others go on.
    ScopeLost,
    /// Waits for a limit; resumes by itself.
    Paused,
    /// In step again after a pause, or after a scope came back.
    Resumed,
    /// Its storage is filling, or full.
    StorageLow,
    /// A channel stands still, for one of its fields is not there any more.
    ChannelHeld,
    /// It goes on.
    ChannelResumed,
    /// Stopped for good.
    Disconnected,
}

impl Lifecycle {
    /// As in answers and deliveries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::BackfillDone => "backfill_done",
            Self::NeedsReauthorisation => "needs_reauthorisation",
            Self::ScopeLost => "scope_lost",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::StorageLow => "storage_low",
            Self::ChannelHeld => "channel_held",
            Self::ChannelResumed => "channel_resumed",
            Self::Disconnected => "disconnected",
        }
    }
}

/// What happens to a record in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passage {
    /// It is the channel's.
    Entered,
    /// One of its mapped fields is another.
    Updated,
    /// It is no longer what the channel selects.
    Unselected,
    /// It was deleted.
    Deleted,
    /// It was deleted for privacy.
    Erased,
    /// It became part of that one.
    Merged(RecordId),
}

/// One stored entry. It stands for as many changes as it has ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k")]
pub enum Change {
    /// Records that were not in the mirror. Their values are not stored twice: a reader gets those the mirror holds.
    #[serde(rename = "c")]
    Created {
        /// Which.
        ids: Vec<RecordId>,
    },
    /// Properties of one record changed.
    #[serde(rename = "u")]
    Updated {
        /// Which.
        id: RecordId,
        /// Property → old and new value. Empty if they are too large to be kept: the reader gets the whole record.
        set: BTreeMap<String, OldNew>,
    },
    /// The record is gone.
    #[serde(rename = "d")]
    Deleted {
        /// Which.
        id: RecordId,
    },
    /// The record is back.
    #[serde(rename = "r")]
    Restored {
        /// Which.
        id: RecordId,
    },
    /// The record became part of another.
    #[serde(rename = "m")]
    Merged {
        /// The id that is gone.
        id: RecordId,
        /// The record to look at instead.
        into: RecordId,
    },
    /// The record was deleted for privacy: no value of it is kept anywhere.
    #[serde(rename = "e")]
    Erased {
        /// Which.
        id: RecordId,
    },
    /// What an update of a record that was deleted for privacy later leaves behind: its number.
    #[serde(rename = "x")]
    Scrubbed {
        /// Which.
        id: RecordId,
    },
    /// Something happened to records in a channel, to all of them the same. No value is stored: a reader gets what the mirror holds.
    #[serde(rename = "h")]
    Channel {
        /// The channel.
        channel: ChannelId,
        /// What.
        #[serde(rename = "p")]
        passage: Passage,
        /// Which records.
        ids: Vec<RecordId>,
    },
    /// Records joined a list that is followed.
    #[serde(rename = "j")]
    Joined {
        /// Which list.
        list: ListId,
        /// What it was called then.
        name: String,
        /// Who; they need not be in the mirror yet.
        ids: Vec<RecordId>,
    },
    /// Records left a list that is followed.
    #[serde(rename = "q")]
    Left {
        /// Which list.
        list: ListId,
        /// What it was called then.
        name: String,
        /// Who.
        ids: Vec<RecordId>,
    },
    /// A list is no longer followed: nobody is known to be on it any more, without a change for each. At HubSpot nobody has left.
    #[serde(rename = "n")]
    ListOff {
        /// The connection.
        id: ConnectionId,
        /// Which list.
        list: ListId,
        /// What it was called then.
        name: String,
    },
    /// A link of two records is there, or has more types than before.
    #[serde(rename = "a")]
    Linked(LinkEnds),
    /// A link of two records is gone, or has fewer types.
    #[serde(rename = "b")]
    Unlinked(LinkEnds),
    /// The type is no longer mirrored: all its records are gone from the mirror, without a change for each.
    #[serde(rename = "o")]
    TypeOff {
        /// The connection.
        id: ConnectionId,
    },
    /// Something happened to the connection itself: part of the feed, so that its place among the changes is known.
    #[serde(rename = "l")]
    Lifecycle {
        /// The connection.
        id: ConnectionId,
        /// What.
        event: Lifecycle,
        /// The object type it concerns, where it concerns one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<ObjectType>,
        /// Why and what to do, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    },
}

/// A link as its holder sees it; see [`crate::store::portal::links::Pair`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkEnds {
    /// The holder, of the type of the feed's row.
    pub id: RecordId,
    /// Type of the other.
    pub to_type: ObjectType,
    /// The other; `None` once one of both was deleted for privacy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<RecordId>,
    /// The types that came or went, as in [`crate::store::portal::links::Link`].
    pub types: String,
}

/// What the stored text of a link holds if its other end is this record.
pub fn as_other(kind: ObjectType, id: RecordId) -> String {
    format!("\"to_type\":\"{kind}\",\"to\":{id},")
}

impl Change {
    /// How many sequence numbers it takes.
    pub fn count(&self) -> u64 {
        match self {
            Self::Created { ids }
            | Self::Channel { ids, .. }
            | Self::Joined { ids, .. }
            | Self::Left { ids, .. } => ids.len() as u64,
            Self::Updated { .. }
            | Self::Deleted { .. }
            | Self::Restored { .. }
            | Self::Merged { .. }
            | Self::Erased { .. }
            | Self::Scrubbed { .. }
            | Self::Linked(_)
            | Self::Unlinked(_)
            | Self::ListOff { .. }
            | Self::TypeOff { .. }
            | Self::Lifecycle { .. } => 1,
        }
    }
}

/// The changes of one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Number of its first change.
    pub first_seq: u64,
    /// When.
    pub at: Timestamp,
    /// Which type; `None`: the connection itself.
    pub object_type: Option<ObjectType>,
    /// In order.
    pub changes: Vec<Change>,
}

/// Number of the newest change; 0 if nothing ever changed.
pub fn latest(sql: &dyn Sql) -> Result<u64, SqlError> {
    Ok(int(sql, "SELECT last_seq FROM feed ORDER BY first_seq DESC LIMIT 1", &[])?.unwrap_or(0) as u64)
}

/// Number of the oldest change kept; 1 if nothing was pruned.
pub fn oldest(sql: &dyn Sql) -> Result<u64, SqlError> {
    Ok(int(sql, "SELECT first_seq FROM feed ORDER BY first_seq LIMIT 1", &[])?.unwrap_or(1) as u64)
}

/// Appends changes, in rows under [`ROW_BYTES`].
pub fn append(sql: &dyn Sql, now: Timestamp, kind: ObjectType, changes: Vec<Change>) -> Result<(), SqlError> {
    append_as(sql, now, &kind.name(), changes)
}

/// Appends what happened to the connection itself.
pub fn append_lifecycle(sql: &dyn Sql, now: Timestamp, changes: Vec<Change>) -> Result<(), SqlError> {
    append_as(sql, now, CONNECTION, changes)
}

fn append_as(sql: &dyn Sql, now: Timestamp, kind: &str, changes: Vec<Change>) -> Result<(), SqlError> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut first = latest(sql)? + 1;
    let mut count = 0;
    let mut json = String::from("[");
    for change in changes {
        let mut text = serde_json::to_string(&change).expect("a change is JSON");
        if let (Change::Updated { id, .. }, true) = (&change, text.len() > ROW_BYTES) {
            text = serde_json::to_string(&Change::Updated { id: *id, set: BTreeMap::new() })
                .expect("a change is JSON");
        }
        if count > 0 && json.len() + text.len() > ROW_BYTES {
            first = flush(sql, now, kind, first, count, &mut json)?;
            count = 0;
        }
        if count > 0 {
            json.push(',');
        }
        json.push_str(&text);
        count += change.count();
    }
    flush(sql, now, kind, first, count, &mut json)?;
    Ok(())
}

fn flush(
    sql: &dyn Sql,
    now: Timestamp,
    kind: &str,
    first: u64,
    count: u64,
    json: &mut String,
) -> Result<u64, SqlError> {
    json.push(']');
    sql.exec(
        "INSERT INTO feed (first_seq, last_seq, at, object_type, bytes, changes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            Param::Int(first as i64),
            Param::Int((first + count - 1) as i64),
            Param::Int(now.0),
            Param::Text(kind),
            Param::Int(json.len() as i64),
            Param::Text(json),
        ],
    )?;
    json.truncate(1);
    Ok(first + count)
}

/// The chunk that holds change number `seq`, or the first one after it.
pub fn chunk_at(sql: &dyn Sql, seq: u64) -> Result<Option<Chunk>, SqlError> {
    const COLUMNS: &str = "SELECT first_seq, last_seq, at, object_type, changes FROM feed";
    let holding = sql.exec(
        &format!("{COLUMNS} WHERE first_seq <= ?1 ORDER BY first_seq DESC LIMIT 1"),
        &[Param::Int(seq as i64)],
    )?;
    let found = match holding.into_iter().next() {
        Some(row) if row.get(1).and_then(Value::int).is_some_and(|last| last as u64 >= seq) => Some(row),
        _ => sql
            .exec(
                &format!("{COLUMNS} WHERE first_seq > ?1 ORDER BY first_seq LIMIT 1"),
                &[Param::Int(seq as i64)],
            )?
            .into_iter()
            .next(),
    };
    found.map(|row| chunk(&row).ok_or(SqlError::Content("feed"))).transpose()
}

fn chunk(row: &Row) -> Option<Chunk> {
    let [first_seq, _, at, object_type, changes] = row.as_slice() else { return None };
    let object_type = match object_type.text()? {
        CONNECTION => None,
        name => Some(name.parse().ok()?),
    };
    Some(Chunk {
        first_seq: first_seq.int()? as u64,
        at: Timestamp(at.int()?),
        object_type,
        changes: json::parse(changes.text()?).ok()?,
    })
}

/// Drops what is older than `before`, and the oldest until at most `bytes` are left; never the newest row.
pub fn prune(sql: &dyn Sql, before: Timestamp, bytes: i64) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM feed WHERE first_seq < (SELECT max(first_seq) FROM feed) AND (at < ?1 OR first_seq <= (
             SELECT max(first_seq) FROM (
                 SELECT first_seq, sum(bytes) OVER (ORDER BY first_seq DESC) AS total FROM feed
             ) WHERE total > ?2
         ))",
        &[Param::Int(before.0), Param::Int(bytes)],
    )?;
    Ok(())
}

/// Takes every value of a record out of the feed; its changes stay as markers without content, so that no number is missing.
/// Reads the whole feed: privacy deletions are rare.
pub fn erase(sql: &dyn Sql, kind: ObjectType, id: RecordId) -> Result<(), SqlError> {
    let (needle, as_other) = (format!("\"id\":{id},"), as_other(kind, id));
    let rows = sql.exec(
        "SELECT first_seq, object_type = ?1, changes FROM feed
         WHERE (object_type = ?1 AND instr(changes, ?2) > 0) OR instr(changes, ?3) > 0",
        &[Param::Text(&kind.name()), Param::Text(&needle), Param::Text(&as_other)],
    )?;
    for row in rows {
        let [first_seq, own, changes] = row.as_slice() else { return Err(SqlError::Content("feed")) };
        let own = own.int() == Some(1);
        let first_seq = first_seq.int().ok_or(SqlError::Content("feed"))?;
        let mut changes: Vec<Change> =
            json::parse(changes.text().unwrap_or_default()).map_err(|_| SqlError::Content("feed"))?;
        for change in &mut changes {
            match change {
                Change::Updated { id: changed, .. } if own && *changed == id => {
                    *change = Change::Scrubbed { id };
                }
                Change::Linked(ends) | Change::Unlinked(ends)
                    if (own && ends.id == id) || (ends.to_type == kind && ends.to == Some(id)) =>
                {
                    ends.to = None;
                    ends.types.clear();
                }
                _ => {}
            }
        }
        let json = serde_json::to_string(&changes).expect("changes are JSON");
        sql.exec(
            "UPDATE feed SET changes = ?2, bytes = ?3 WHERE first_seq = ?1",
            &[Param::Int(first_seq), Param::Text(&json), Param::Int(json.len() as i64)],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    fn open() -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        portal::open(&sql).unwrap();
        sql
    }

    fn updated(id: u64, value: &str) -> Change {
        let set = BTreeMap::from([("phone".to_owned(), (None, Some(value.to_owned())))]);
        Change::Updated { id: RecordId(id), set }
    }

    #[test]
    fn numbers_have_no_gaps_across_rows_and_turns() {
        let sql = open();
        let kind = ObjectType::Contacts;
        append(&sql, Timestamp(1), kind, vec![Change::Created { ids: (1..=100).map(RecordId).collect() }])
            .unwrap();
        let large = "x".repeat(600_000);
        append(&sql, Timestamp(2), kind, vec![updated(1, &large), updated(2, &large), updated(3, "y")])
            .unwrap();
        assert_eq!(latest(&sql).unwrap(), 103);
        let mut seq = 1;
        let mut firsts = Vec::new();
        while let Some(chunk) = chunk_at(&sql, seq).unwrap() {
            firsts.push(chunk.first_seq);
            seq = chunk.first_seq + chunk.changes.iter().map(Change::count).sum::<u64>();
        }
        assert_eq!((firsts, seq), (vec![1, 101, 102], 104));
        assert_eq!(chunk_at(&sql, 57).unwrap().unwrap().first_seq, 1);
    }

    #[test]
    fn pruning_keeps_the_newest_row_and_the_numbering() {
        let sql = open();
        for at in 1..=5 {
            append(&sql, Timestamp(at), ObjectType::Contacts, vec![updated(at as u64, "v")]).unwrap();
        }
        prune(&sql, Timestamp(3), 1 << 50).unwrap();
        assert_eq!((oldest(&sql).unwrap(), latest(&sql).unwrap()), (3, 5));
        prune(&sql, Timestamp(9), 0).unwrap();
        assert_eq!((oldest(&sql).unwrap(), latest(&sql).unwrap()), (5, 5));
    }

    #[test]
    fn pruning_by_size_drops_the_oldest() {
        let sql = open();
        for at in 1..=5 {
            append(&sql, Timestamp(at), ObjectType::Contacts, vec![updated(at as u64, "v")]).unwrap();
        }
        let each = int(&sql, "SELECT bytes FROM feed LIMIT 1", &[]).unwrap().unwrap();
        prune(&sql, Timestamp(0), each * 2).unwrap();
        assert_eq!(oldest(&sql).unwrap(), 4);
    }

    #[test]
    fn erasing_leaves_markers_without_values() {
        let sql = open();
        append(&sql, Timestamp(1), ObjectType::Contacts, vec![updated(7, "+1 555"), updated(70, "+1 556")])
            .unwrap();
        erase(&sql, ObjectType::Contacts, RecordId(7)).unwrap();
        let chunk = chunk_at(&sql, 1).unwrap().unwrap();
        assert_eq!(chunk.changes, [Change::Scrubbed { id: RecordId(7) }, updated(70, "+1 556")]);
    }
}

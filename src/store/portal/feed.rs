//! The change feed: what happened to the mirror, numbered without gaps.
//!
//! One row holds the changes of one turn, so that a page of a hundred new records costs one row and three thousand
//! characters. Sequence numbers belong to single changes; a row covers the range from its first to its last. The newest row is never
//! dropped, only emptied: the next number follows from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    store::{
        portal::erasures,
        sql::{Param, Row, Sql, SqlError, Value, int},
    },
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

/// In place of whoever was erased, in what was told of them before: no record of HubSpot's has this id.
pub const NOBODY: RecordId = RecordId(0);

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
    /// A qualifying list stands still, for one of its fields is not there any more: signals wait.
    QualifyingListHeld,
    /// It goes on, with the signals that waited.
    QualifyingListResumed,
    /// A workflow stands still, for one of its fields is not there any more: events wait.
    WorkflowHeld,
    /// It goes on, with the events that waited.
    WorkflowResumed,
    /// An audience that is found stands still, for one of its filter's fields is not there any more: nobody enters or leaves it.
    AudienceHeld,
    /// It goes on, and everybody is asked anew.
    AudienceResumed,
    /// A run of score snapshots is over, however it ended.
    ScoreRunFinished,
    /// HubSpot accepts the authorisation of a seat no more; nobody else is concerned.
    SeatExpired,
    /// Stopped for good.
    Disconnected,
    /// Everything that was read is deleted.
    DataDeleted,
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
            Self::QualifyingListHeld => "qualifying_list_held",
            Self::QualifyingListResumed => "qualifying_list_resumed",
            Self::WorkflowHeld => "workflow_held",
            Self::WorkflowResumed => "workflow_resumed",
            Self::AudienceHeld => "audience_held",
            Self::AudienceResumed => "audience_resumed",
            Self::ScoreRunFinished => "score_run_finished",
            Self::SeatExpired => "seat_expired",
            Self::Disconnected => "disconnected",
            Self::DataDeleted => "data_deleted",
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
        /// Spoke made them.
        #[serde(default, rename = "o", skip_serializing_if = "std::ops::Not::not")]
        ours: bool,
    },
    /// Properties of one record changed.
    #[serde(rename = "u")]
    Updated {
        /// Which.
        id: RecordId,
        /// Property → old and new value. Empty if they are too large to be kept: the reader gets the whole record.
        set: BTreeMap<String, OldNew>,
        /// It is what Spoke wrote, with what HubSpot itself does then.
        #[serde(default, rename = "o", skip_serializing_if = "std::ops::Not::not")]
        ours: bool,
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
    /// The record was deleted for privacy: no value of it is kept anywhere, and of the feed this alone names it, besides what tells the
    /// same of channels.
    #[serde(rename = "e")]
    Erased {
        /// Which.
        id: RecordId,
    },
    /// What an update of a record that was deleted for privacy later leaves behind: its number, and [`NOBODY`].
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
        /// Spoke put them there.
        #[serde(default, rename = "o", skip_serializing_if = "std::ops::Not::not")]
        ours: bool,
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
        /// Spoke took them off it.
        #[serde(default, rename = "o", skip_serializing_if = "std::ops::Not::not")]
        ours: bool,
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
    /// The holder, of the type of the feed's row; [`NOBODY`] once it was deleted for privacy.
    pub id: RecordId,
    /// Type of the other.
    pub to_type: ObjectType,
    /// The other; `None` once one of both was deleted for privacy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<RecordId>,
    /// The types that came or went, as in [`crate::store::portal::links::Link`].
    pub types: String,
    /// Spoke made it.
    #[serde(default, rename = "o", skip_serializing_if = "std::ops::Not::not")]
    pub ours: bool,
}

/// What the stored text of a link holds if its other end is this record.
pub fn as_other(kind: ObjectType, id: RecordId) -> String {
    format!("\"to_type\":\"{kind}\",\"to\":{id},")
}

impl Change {
    /// How many sequence numbers it takes.
    pub fn count(&self) -> u64 {
        match self {
            Self::Created { ids, .. }
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
    /// Bytes of their text.
    pub bytes: usize,
}

/// Number of the newest change; 0 if nothing ever changed.
pub fn latest(sql: &dyn Sql) -> Result<u64, SqlError> {
    Ok(int(sql, "SELECT last_seq FROM feed ORDER BY first_seq DESC LIMIT 1", &[])?.unwrap_or(0) as u64)
}

/// Number of the oldest change that is not older than `before`; 1 if there never was a change, the next one's if all are older.
pub fn oldest(sql: &dyn Sql, before: Timestamp) -> Result<u64, SqlError> {
    // Older rows come first: those of the hour since the last pruning are passed over.
    let statement = "SELECT first_seq FROM feed WHERE at >= ?1 ORDER BY first_seq LIMIT 1";
    match int(sql, statement, &[Param::Int(before.0)])? {
        Some(first) => Ok(first as u64),
        None => Ok(latest(sql)? + 1),
    }
}

/// When the oldest change was made whose content is kept.
pub fn oldest_at(sql: &dyn Sql) -> Result<Option<Timestamp>, SqlError> {
    let statement = "SELECT at FROM feed WHERE bytes > 2 ORDER BY first_seq LIMIT 1";
    Ok(int(sql, statement, &[])?.map(Timestamp))
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
        if let (Change::Updated { id, ours, .. }, true) = (&change, text.len() > ROW_BYTES) {
            text = serde_json::to_string(&Change::Updated { id: *id, set: BTreeMap::new(), ours: *ours })
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

/// What [`chunk`] is read from.
pub(super) const COLUMNS: &str =
    "SELECT first_seq, last_seq, at, object_type, changes, EXISTS (SELECT 1 FROM erasures) FROM feed";
/// Where the changes are in it.
pub(super) const CHANGES_COLUMN: usize = 4;

/// The chunk that holds change number `seq`, or the first one after it. Nothing is in it of who was erased for privacy.
pub fn chunk_at(sql: &dyn Sql, seq: u64) -> Result<Option<Chunk>, SqlError> {
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
    let Some(row) = found else { return Ok(None) };
    let mut chunk = chunk(&row).ok_or(SqlError::Content("feed"))?;
    if row.last().and_then(Value::int) == Some(1) {
        erasures::withhold(sql, &mut chunk)?;
    }
    Ok(Some(chunk))
}

/// A row of [`COLUMNS`], as it is stored.
pub(super) fn chunk(row: &Row) -> Option<Chunk> {
    let [first_seq, _, at, object_type, changes, _] = row.as_slice() else { return None };
    let object_type = match object_type.text()? {
        CONNECTION => None,
        name => Some(name.parse().ok()?),
    };
    let text = changes.text()?;
    Some(Chunk {
        first_seq: first_seq.int()? as u64,
        at: Timestamp(at.int()?),
        object_type,
        changes: json::parse(text).ok()?,
        bytes: text.len(),
    })
}

/// Drops what is older than `before`, and the oldest until at most `bytes` are left. Of the newest row, which the numbering needs,
/// what it tells goes once it is older than `before`.
pub fn prune(sql: &dyn Sql, before: Timestamp, bytes: i64) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM feed WHERE first_seq < (SELECT max(first_seq) FROM feed) AND (at < ?1 OR first_seq <= (
             SELECT max(first_seq) FROM (
                 SELECT first_seq, sum(bytes) OVER (ORDER BY first_seq DESC) AS total FROM feed
             ) WHERE total > ?2
         ))",
        &[Param::Int(before.0), Param::Int(bytes)],
    )?;
    sql.exec(
        "UPDATE feed SET changes = '[]', bytes = 2
         WHERE first_seq = (SELECT max(first_seq) FROM feed) AND at < ?1 AND bytes > 2",
        &[Param::Int(before.0)],
    )?;
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
        Change::Updated { id: RecordId(id), set, ours: false }
    }

    #[test]
    fn numbers_have_no_gaps_across_rows_and_turns() {
        let sql = open();
        let kind = ObjectType::Contacts;
        append(
            &sql,
            Timestamp(1),
            kind,
            vec![Change::Created { ids: (1..=100).map(RecordId).collect(), ours: false }],
        )
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
        let oldest_of_all = || oldest(&sql, Timestamp(0)).unwrap();
        assert_eq!((oldest_of_all(), latest(&sql).unwrap()), (3, 5));
        prune(&sql, Timestamp(0), 0).unwrap();
        assert_eq!((oldest_of_all(), latest(&sql).unwrap()), (5, 5));
        assert_eq!(chunk_at(&sql, 5).unwrap().unwrap().changes, [updated(5, "v")]);
    }

    #[test]
    fn nothing_older_than_the_horizon_is_told_or_kept_the_newest_row_included() {
        let sql = open();
        assert_eq!(oldest(&sql, Timestamp(3)).unwrap(), 1);
        for at in 1..=5 {
            append(&sql, Timestamp(at), ObjectType::Contacts, vec![updated(at as u64, "v")]).unwrap();
        }
        assert_eq!(oldest(&sql, Timestamp(3)).unwrap(), 3, "whether it is pruned or not");
        assert_eq!(oldest(&sql, Timestamp(9)).unwrap(), 6);
        prune(&sql, Timestamp(9), 1 << 50).unwrap();
        assert_eq!((oldest(&sql, Timestamp(9)).unwrap(), latest(&sql).unwrap()), (6, 5));
        assert_eq!(chunk_at(&sql, 5).unwrap().unwrap().changes, []);
        assert_eq!(oldest_at(&sql).unwrap(), None);
    }

    #[test]
    fn pruning_by_size_drops_the_oldest() {
        let sql = open();
        for at in 1..=5 {
            append(&sql, Timestamp(at), ObjectType::Contacts, vec![updated(at as u64, "v")]).unwrap();
        }
        let each = int(&sql, "SELECT bytes FROM feed LIMIT 1", &[]).unwrap().unwrap();
        prune(&sql, Timestamp(0), each * 2).unwrap();
        assert_eq!(oldest(&sql, Timestamp(0)).unwrap(), 4);
    }
}

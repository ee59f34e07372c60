//! Erased records whose values are still to be taken out of the feed. The feed can be half a gigabyte, so that is done a stretch
//! at a time and for all that wait at once; until a stretch has been gone over, whoever reads it is not shown what is to go.
//!
//! Each row says from which number on the feed may still hold values of its record. Who comes while a pass is under way begins
//! at the beginning and joins the others where they are: no stretch is gone over twice for one record.
//!
//! Who was erased is remembered beyond that (`erased`, ids alone), for events that come late.

use std::collections::BTreeSet;

use crate::{
    store::{
        portal::feed::{self, Change, Chunk},
        sql::{Param, Sql, SqlError, Value, int, text},
    },
    values::{
        ids::{ObjectType, RecordId},
        json,
        time::Timestamp,
    },
};

/// Bytes of the feed that one turn goes over, and one row more: a feed of 512 MB takes 64 turns. All of them written back as they
/// were read are eight of the largest rows.
pub const TURN_BYTES: i64 = 8 << 20;
/// Rows that one turn goes over, where they are small.
pub const TURN_ROWS: i64 = 4_000;
/// Beyond every number of the feed.
const BEYOND: i64 = 1 << 53;

/// Erased records.
type Erased = BTreeSet<(ObjectType, RecordId)>;

/// Notes that the values of these records are to go, and when that became known.
pub fn add(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId], now: Timestamp) -> Result<(), SqlError> {
    let (kind, ids) = (kind.name(), super::records::ids_json(ids));
    let params = [Param::Text(&kind), Param::Text(&ids), Param::Int(now.0)];
    sql.exec(
        "INSERT INTO erasures (object_type, id, from_seq) SELECT ?1, value, 0 FROM json_each(?2) WHERE true
         ON CONFLICT (object_type, id) DO UPDATE SET from_seq = 0",
        &params[..2],
    )?;
    sql.exec(
        "INSERT INTO erased (object_type, id, at) SELECT ?1, value, ?3 FROM json_each(?2) WHERE true
         ON CONFLICT (object_type, id) DO UPDATE SET at = excluded.at",
        &params,
    )?;
    Ok(())
}

/// Of `ids`, those that were erased, as far as that is remembered.
pub fn remembered(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<Vec<RecordId>, SqlError> {
    let statement = "SELECT json_group_array(id) FROM erased
                     WHERE object_type = ?1 AND id IN (SELECT value FROM json_each(?2))";
    let found =
        text(sql, statement, &[Param::Text(&kind.name()), Param::Text(&super::records::ids_json(ids))])?;
    let ids: Vec<u64> =
        json::parse(found.as_deref().unwrap_or("[]")).map_err(|_| SqlError::Content("erased"))?;
    Ok(ids.into_iter().map(RecordId).collect())
}

/// When the first of those who are remembered was erased.
pub fn oldest_at(sql: &dyn Sql) -> Result<Option<Timestamp>, SqlError> {
    Ok(int(sql, "SELECT min(at) FROM erased", &[])?.map(Timestamp))
}

/// Remembers no longer who was erased before then.
pub fn forget_before(sql: &dyn Sql, at: Timestamp) -> Result<(), SqlError> {
    sql.exec("DELETE FROM erased WHERE at < ?1", &[Param::Int(at.0)])?;
    Ok(())
}

/// Whether anything is still to go.
pub fn wait(sql: &dyn Sql) -> Result<bool, SqlError> {
    Ok(int(sql, "SELECT 1 FROM erasures LIMIT 1", &[])?.is_some())
}

/// Goes over the next stretch; says whether there is more to do. Changes stay as markers without content, so that no number is
/// missing.
pub fn advance(sql: &dyn Sql) -> Result<bool, SqlError> {
    let Some(from) = int(sql, "SELECT min(from_seq) FROM erasures", &[])? else { return Ok(false) };
    let others = "SELECT min(from_seq) FROM erasures WHERE from_seq > ?1";
    let before = int(sql, others, &[Param::Int(from)])?.unwrap_or(BEYOND);
    let last = int(
        sql,
        "SELECT max(last_seq) FROM (
             SELECT last_seq, sum(bytes) OVER (ORDER BY first_seq) - bytes AS earlier FROM (
                 SELECT first_seq, last_seq, bytes FROM feed
                 WHERE first_seq >= ?1 AND first_seq < ?2 ORDER BY first_seq LIMIT ?3
             )
         ) WHERE earlier < ?4",
        &[Param::Int(from), Param::Int(before), Param::Int(TURN_ROWS), Param::Int(TURN_BYTES)],
    )?;
    if let Some(last) = last {
        scrub_stretch(sql, from, last)?;
    }
    let next = last.map_or(before, |last| last + 1);
    sql.exec("UPDATE erasures SET from_seq = ?2 WHERE from_seq = ?1", &[Param::Int(from), Param::Int(next)])?;
    sql.exec("DELETE FROM erasures WHERE from_seq > (SELECT coalesce(max(last_seq), 0) FROM feed)", &[])?;
    wait(sql)
}

fn scrub_stretch(sql: &dyn Sql, from: i64, last: i64) -> Result<(), SqlError> {
    let group = "SELECT json_group_array(json_array(object_type, id)) FROM erasures WHERE from_seq = ?1";
    let erased = set(text(sql, group, &[Param::Int(from)])?)?;
    let ids: BTreeSet<u64> = erased.iter().map(|(_, id)| id.0).collect();
    let rows = sql.exec(
        &format!("{} WHERE first_seq >= ?1 AND first_seq <= ?2", feed::COLUMNS),
        &[Param::Int(from), Param::Int(last)],
    )?;
    for row in rows {
        let changes = row.get(feed::CHANGES_COLUMN).and_then(Value::text);
        if !changes.is_some_and(|changes| names_any(changes, &ids)) {
            continue;
        }
        let mut chunk = feed::chunk(&row).ok_or(SqlError::Content("feed"))?;
        if scrub(&mut chunk, &erased) {
            let json = serde_json::to_string(&chunk.changes).expect("changes are JSON");
            sql.exec(
                "UPDATE feed SET changes = ?2, bytes = ?3 WHERE first_seq = ?1",
                &[Param::Int(chunk.first_seq as i64), Param::Text(&json), Param::Int(json.len() as i64)],
            )?;
        }
    }
    Ok(())
}

fn set(json: Option<String>) -> Result<Erased, SqlError> {
    let rows: Vec<(ObjectType, u64)> =
        json::parse(json.as_deref().unwrap_or("[]")).map_err(|_| SqlError::Content("erasures"))?;
    Ok(rows.into_iter().map(|(kind, id)| (kind, RecordId(id))).collect())
}

/// Whether a row's text has the id of one of them where the id of a record stands: most rows need not be parsed.
fn names_any(changes: &str, ids: &BTreeSet<u64>) -> bool {
    ["\"id\":", "\"to\":"].iter().any(|field| {
        changes.match_indices(field).any(|(at, field)| {
            let rest = &changes[at + field.len()..];
            let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
            digits.parse().is_ok_and(|id| ids.contains(&id))
        })
    })
}

/// Takes what is still to go out of a chunk that somebody is about to read.
pub(super) fn withhold(sql: &dyn Sql, chunk: &mut Chunk) -> Result<(), SqlError> {
    // As good as always: every reader of the feed comes by here with every row.
    if !wait(sql)? {
        return Ok(());
    }
    let mut named: Vec<(ObjectType, u64)> = Vec::new();
    for change in &chunk.changes {
        match change {
            Change::Updated { id, .. } => named.extend(chunk.object_type.map(|kind| (kind, id.0))),
            Change::Linked(ends) | Change::Unlinked(ends) => {
                named.extend(chunk.object_type.map(|kind| (kind, ends.id.0)));
                named.extend(ends.to.map(|to| (ends.to_type, to.0)));
            }
            Change::Created { .. }
            | Change::Deleted { .. }
            | Change::Restored { .. }
            | Change::Merged { .. }
            | Change::Erased { .. }
            | Change::Scrubbed { .. }
            | Change::Channel { .. }
            | Change::Joined { .. }
            | Change::Left { .. }
            | Change::ListOff { .. }
            | Change::TypeOff { .. }
            | Change::Lifecycle { .. } => {}
        }
    }
    let named = serde_json::to_string(&named).expect("ids are JSON");
    let of_chunk = "SELECT json_group_array(json_array(object_type, erasures.id)) FROM erasures
                    JOIN json_each(?1) AS named ON object_type = named.value->>0 AND erasures.id = named.value->>1";
    let erased = set(text(sql, of_chunk, &[Param::Text(&named)])?)?;
    scrub(chunk, &erased);
    Ok(())
}

/// Leaves of each change that tells of one of them no more than its number; says whether there was one.
fn scrub(chunk: &mut Chunk, erased: &Erased) -> bool {
    let own = chunk.object_type;
    let is_erased =
        |kind: Option<ObjectType>, id: RecordId| kind.is_some_and(|kind| erased.contains(&(kind, id)));
    let mut scrubbed = false;
    for change in &mut chunk.changes {
        match change {
            Change::Updated { id, .. } if is_erased(own, *id) => *change = Change::Scrubbed { id: *id },
            Change::Linked(ends) | Change::Unlinked(ends)
                if is_erased(own, ends.id) || ends.to.is_some_and(|to| is_erased(Some(ends.to_type), to)) =>
            {
                ends.to = None;
                ends.types.clear();
            }
            _ => continue,
        }
        scrubbed = true;
    }
    scrubbed
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, collections::BTreeMap};

    use super::*;
    use crate::store::{native::NativeSql, portal, sql::Row};

    const KIND: ObjectType = ObjectType::Contacts;

    fn updated(id: u64, value: &str) -> Change {
        let set = BTreeMap::from([("phone".to_owned(), (None, Some(value.to_owned())))]);
        Change::Updated { id: RecordId(id), set, ours: false }
    }

    fn open() -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        sql
    }

    fn text_of_feed(sql: &NativeSql) -> String {
        text(sql, "SELECT group_concat(changes) FROM feed", &[]).unwrap().unwrap()
    }

    fn all(sql: &dyn Sql) -> usize {
        let mut turns = 1;
        while advance(sql).unwrap() {
            turns += 1;
        }
        turns
    }

    #[test]
    fn erasing_leaves_markers_without_values() {
        let sql = open();
        feed::append(&sql, Timestamp(1), KIND, vec![updated(7, "+1 555"), updated(70, "+1 556")]).unwrap();
        feed::append(&sql, Timestamp(2), ObjectType::Companies, vec![updated(7, "+1 557")]).unwrap();
        add(&sql, KIND, &[RecordId(7)], Timestamp(0)).unwrap();
        let left = [Change::Scrubbed { id: RecordId(7) }, updated(70, "+1 556")];
        assert_eq!(
            feed::chunk_at(&sql, 1).unwrap().unwrap().changes,
            left,
            "readers are not shown it at once"
        );
        assert!(text_of_feed(&sql).contains("+1 555"));
        all(&sql);
        assert!(!text_of_feed(&sql).contains("+1 555"));
        assert_eq!(feed::chunk_at(&sql, 1).unwrap().unwrap().changes, left);
        assert_eq!(feed::chunk_at(&sql, 3).unwrap().unwrap().changes, [updated(7, "+1 557")]);
    }

    /// Counts the text that a statement answers.
    struct Counted<'a> {
        inner: &'a NativeSql,
        bytes: Cell<usize>,
        rows: Cell<usize>,
    }

    impl Sql for Counted<'_> {
        fn exec(&self, statement: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
            let rows = self.inner.exec(statement, params)?;
            let texts = rows.iter().flatten().filter_map(Value::text);
            self.bytes.set(self.bytes.get() + texts.map(str::len).sum::<usize>());
            self.rows.set(self.rows.get() + rows.len());
            Ok(rows)
        }

        fn database_bytes(&self) -> i64 {
            self.inner.database_bytes()
        }
    }

    #[test]
    fn a_hundred_erasures_on_a_full_feed_take_a_bounded_piece_of_each_turn() {
        let sql = open();
        let secret = "s".repeat(30_000);
        for at in 1..=1_000_u64 {
            let own = (at % 10 == 0).then(|| updated(at, &secret));
            let changes = own.into_iter().chain([updated(5_000, &"v".repeat(30_000))]).collect();
            feed::append(&sql, Timestamp(at as i64), KIND, changes).unwrap();
        }
        let ids: Vec<RecordId> = (1..=100).map(|id| RecordId(id * 10)).collect();
        add(&sql, KIND, &ids, Timestamp(0)).unwrap();
        let total = int(&sql, "SELECT sum(bytes) FROM feed", &[]).unwrap().unwrap();
        let counted = Counted { inner: &sql, bytes: Cell::new(0), rows: Cell::new(0) };
        let mut turns = 0;
        loop {
            counted.bytes.set(0);
            let more = advance(&counted).unwrap();
            turns += 1;
            assert!(counted.bytes.get() < TURN_BYTES as usize + feed::ROW_BYTES, "{}", counted.bytes.get());
            if !more {
                break;
            }
        }
        assert_eq!(
            turns,
            total.unsigned_abs().div_ceil(TURN_BYTES.unsigned_abs()),
            "one pass for all of them"
        );
        assert!(!text_of_feed(&sql).contains(&secret[..100]));
    }

    #[test]
    fn a_turn_goes_over_no_more_small_rows_than_its_share() {
        let sql = open();
        for at in 1..=TURN_ROWS + 10 {
            feed::append(&sql, Timestamp(at), KIND, vec![Change::Deleted { id: RecordId(1) }]).unwrap();
        }
        add(&sql, KIND, &[RecordId(7)], Timestamp(0)).unwrap();
        let counted = Counted { inner: &sql, bytes: Cell::new(0), rows: Cell::new(0) };
        assert!(advance(&counted).unwrap());
        assert!(counted.rows.get() <= TURN_ROWS as usize + 10, "{}", counted.rows.get());
        assert!(!advance(&sql).unwrap());
    }

    #[test]
    fn who_comes_during_a_pass_is_erased_as_well_and_nothing_is_gone_over_twice() {
        let sql = open();
        let piece = "p".repeat(900_000);
        for at in 1..=27 {
            feed::append(&sql, Timestamp(at), KIND, vec![updated(1, &piece)]).unwrap();
        }
        feed::append(&sql, Timestamp(28), KIND, vec![updated(2, "late")]).unwrap();
        add(&sql, KIND, &[RecordId(1)], Timestamp(0)).unwrap();
        assert!(advance(&sql).unwrap());
        add(&sql, KIND, &[RecordId(2)], Timestamp(0)).unwrap();
        // The first stretch for the second alone, then the other two for both.
        assert_eq!(all(&sql), 3);
        let text = text_of_feed(&sql);
        assert!(!text.contains(&piece[..100]) && !text.contains("late"));
    }
}

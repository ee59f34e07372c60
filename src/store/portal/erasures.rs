//! Erased records of which something is still to be taken out of the feed: values, and ids, but for the change that tells that they were
//! erased. The feed can be half a gigabyte, so that is done a stretch
//! at a time and for all that wait at once; until a stretch has been gone over, whoever reads it is not shown what is to go.
//!
//! Each row says from which number on the feed may still hold values of its record. Who comes while a pass is under way begins
//! at the beginning and joins the others where they are: no stretch is gone over twice for one record.
//!
//! Who was erased is remembered beyond that (`erased`, ids alone), for events that come late.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    store::{
        portal::feed::{self, Change, Chunk, NOBODY, Passage},
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

/// Erased records, and the last number that may still tell of what went.
type Erased = BTreeMap<(ObjectType, RecordId), u64>;

/// Notes that the values of these records are to go, and when that became known.
pub fn add(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId], now: Timestamp) -> Result<(), SqlError> {
    let (kind, ids) = (kind.name(), super::records::ids_json(ids));
    let params = [Param::Text(&kind), Param::Text(&ids), Param::Int(now.0)];
    sql.exec(
        "INSERT INTO erasures (object_type, id, from_seq) SELECT ?1, value, 0 FROM json_each(?2) WHERE true
         ON CONFLICT (object_type, id) DO UPDATE SET from_seq = 0, up_to = NULL",
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

/// Records that were erased and are remembered, or that the feed may still tell of.
pub fn all(sql: &dyn Sql) -> Result<Vec<(ObjectType, RecordId)>, SqlError> {
    let statement = "SELECT json_group_array(json_array(object_type, id, 0)) FROM (
                         SELECT object_type, id FROM erased UNION SELECT object_type, id FROM erasures)";
    Ok(set(text(sql, statement, &[])?)?.into_keys().collect())
}

/// These are let in again: what is told of them from now on stays, and nothing of theirs counts as erased any more. What was told
/// before goes on going.
pub fn lift(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<(), SqlError> {
    let (kind, ids, latest) = (kind.name(), super::records::ids_json(ids), feed::latest(sql)? as i64);
    let params = [Param::Text(&kind), Param::Text(&ids), Param::Int(latest)];
    sql.exec(
        "UPDATE erasures SET up_to = ?3 WHERE object_type = ?1 AND up_to IS NULL
         AND id IN (SELECT value FROM json_each(?2))",
        &params,
    )?;
    sql.exec(
        "DELETE FROM erased WHERE object_type = ?1 AND id IN (SELECT value FROM json_each(?2))",
        &params[..2],
    )?;
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
    sql.exec(
        "DELETE FROM erasures
         WHERE from_seq > min((SELECT coalesce(max(last_seq), 0) FROM feed), coalesce(up_to, 1 << 53))",
        &[],
    )?;
    wait(sql)
}

fn scrub_stretch(sql: &dyn Sql, from: i64, last: i64) -> Result<(), SqlError> {
    let group = "SELECT json_group_array(json_array(object_type, id, coalesce(up_to, 1 << 53))) FROM erasures WHERE from_seq = ?1";
    let erased = set(text(sql, group, &[Param::Int(from)])?)?;
    let ids: BTreeSet<u64> = erased.keys().map(|(_, id)| id.0).collect();
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
    let rows: Vec<(ObjectType, u64, u64)> =
        json::parse(json.as_deref().unwrap_or("[]")).map_err(|_| SqlError::Content("erasures"))?;
    Ok(rows.into_iter().map(|(kind, id, up_to)| ((kind, RecordId(id)), up_to)).collect())
}

/// Whether a row's text has the id of one of them where the ids of records stand: most rows need not be parsed.
fn names_any(changes: &str, ids: &BTreeSet<u64>) -> bool {
    let is_one = |digits: &str| digits.parse().is_ok_and(|id| ids.contains(&id));
    let single = ["\"id\":", "\"to\":", "\"into\":", "\"merged\":"].iter().any(|field| {
        changes.match_indices(field).any(|(at, field)| {
            let rest = &changes[at + field.len()..];
            is_one(rest.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default())
        })
    });
    single
        || changes.match_indices("\"ids\":[").any(|(at, field)| {
            let rest = &changes[at + field.len()..];
            rest.split(']').next().unwrap_or_default().split(',').any(is_one)
        })
}

/// Takes what is still to go out of a chunk that somebody is about to read.
pub(super) fn withhold(sql: &dyn Sql, chunk: &mut Chunk) -> Result<(), SqlError> {
    // As good as always: every reader of the feed comes by here with every row.
    if !wait(sql)? {
        return Ok(());
    }
    let mut named: Vec<(ObjectType, u64)> = Vec::new();
    let own = |ids: &[RecordId]| -> Vec<(ObjectType, u64)> {
        chunk.object_type.map_or_else(Vec::new, |kind| ids.iter().map(|id| (kind, id.0)).collect())
    };
    for change in &chunk.changes {
        match change {
            Change::Created { ids, .. } | Change::Joined { ids, .. } | Change::Left { ids, .. } => {
                named.extend(own(ids));
            }
            Change::Channel { passage, ids, .. } => {
                named.extend(own(ids));
                if let Passage::Merged(into) = passage {
                    named.extend(own(&[*into]));
                }
            }
            Change::Updated { id, .. }
            | Change::Deleted { id }
            | Change::Restored { id }
            | Change::Scrubbed { id } => named.extend(own(&[*id])),
            Change::Merged { id, into } => named.extend(own(&[*id, *into])),
            Change::Linked(ends) | Change::Unlinked(ends) => {
                named.extend(own(&[ends.id]));
                named.extend(ends.to.map(|to| (ends.to_type, to.0)));
            }
            Change::Erased { .. }
            | Change::ListOff { .. }
            | Change::TypeOff { .. }
            | Change::Lifecycle { .. } => {}
        }
    }
    let named = serde_json::to_string(&named).expect("ids are JSON");
    let of_chunk = "SELECT json_group_array(json_array(object_type, erasures.id, coalesce(up_to, 1 << 53))) FROM erasures
                    JOIN json_each(?1) AS named ON object_type = named.value->>0 AND erasures.id = named.value->>1";
    let erased = set(text(sql, of_chunk, &[Param::Text(&named)])?)?;
    scrub(chunk, &erased);
    Ok(())
}

/// Leaves of each change that tells of one of them no more than its number; says whether there was one. What tells that they were
/// erased stays: whoever holds something of them learns it from that.
fn scrub(chunk: &mut Chunk, erased: &Erased) -> bool {
    let (own, first_seq) = (chunk.object_type, chunk.first_seq);
    // A row is of one turn, and somebody is let in between two.
    let gone_of =
        |kind: ObjectType, id: RecordId| erased.get(&(kind, id)).is_some_and(|up_to| first_seq <= *up_to);
    let gone = |id: RecordId| own.is_some_and(|kind| gone_of(kind, id));
    let blank = |ids: &mut [RecordId]| {
        let mut any = false;
        for id in ids.iter_mut().filter(|id| gone(**id)) {
            *id = NOBODY;
            any = true;
        }
        any
    };
    let mut scrubbed = false;
    for change in &mut chunk.changes {
        scrubbed |= match change {
            Change::Created { ids, .. } | Change::Joined { ids, .. } | Change::Left { ids, .. } => blank(ids),
            Change::Channel { passage: Passage::Erased, .. } => false,
            Change::Channel { passage, ids, .. } => {
                let into = matches!(passage, Passage::Merged(into) if gone(*into));
                if into {
                    *passage = Passage::Deleted;
                }
                blank(ids) | into
            }
            Change::Updated { id, .. } if gone(*id) => {
                *change = Change::Scrubbed { id: NOBODY };
                true
            }
            Change::Deleted { id } | Change::Restored { id } | Change::Scrubbed { id } if gone(*id) => {
                *id = NOBODY;
                true
            }
            Change::Merged { id, into } if gone(*id) => {
                (*id, *into) = (NOBODY, NOBODY);
                true
            }
            Change::Merged { id, into } if gone(*into) => {
                *change = Change::Deleted { id: *id };
                true
            }
            Change::Linked(ends) | Change::Unlinked(ends) => {
                let (here, there) = (gone(ends.id), ends.to.is_some_and(|to| gone_of(ends.to_type, to)));
                if here {
                    ends.id = NOBODY;
                }
                if here || there {
                    ends.to = None;
                    ends.types.clear();
                }
                here || there
            }
            Change::Updated { .. }
            | Change::Deleted { .. }
            | Change::Restored { .. }
            | Change::Scrubbed { .. }
            | Change::Merged { .. }
            | Change::Erased { .. }
            | Change::ListOff { .. }
            | Change::TypeOff { .. }
            | Change::Lifecycle { .. } => false,
        };
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
        let left = [Change::Scrubbed { id: NOBODY }, updated(70, "+1 556")];
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

    #[test]
    fn no_row_names_the_erased_but_what_tells_that_they_were() {
        let sql = open();
        let (list, name) = ("5".parse().unwrap(), "Customers".to_owned());
        let channel: crate::values::ids::ChannelId = "ch_070707070707070707070707".parse().unwrap();
        let ids = || vec![RecordId(6), RecordId(7)];
        let ends = |id: u64, to: u64| feed::LinkEnds {
            id: RecordId(id),
            to_type: KIND,
            to: Some(RecordId(to)),
            types: "H1".to_owned(),
            ours: false,
        };
        let passage = |passage| Change::Channel { channel: channel.clone(), passage, ids: ids() };
        let told = [
            vec![Change::Created { ids: ids(), ours: false }],
            vec![Change::Joined { list, name: name.clone(), ids: ids(), ours: false }],
            vec![Change::Left { list, name, ids: ids(), ours: true }],
            vec![passage(Passage::Entered), passage(Passage::Updated)],
            vec![passage(Passage::Merged(RecordId(7)))],
            vec![
                updated(7, "+1 555"),
                Change::Deleted { id: RecordId(7) },
                Change::Restored { id: RecordId(7) },
            ],
            vec![Change::Merged { id: RecordId(7), into: RecordId(6) }],
            vec![Change::Merged { id: RecordId(5), into: RecordId(7) }],
            vec![Change::Linked(ends(7, 6)), Change::Unlinked(ends(6, 7))],
            vec![passage(Passage::Erased), Change::Erased { id: RecordId(7) }],
        ];
        for changes in told.clone() {
            feed::append(&sql, Timestamp(1), KIND, changes).unwrap();
        }
        // Another type's record of the same number is somebody else.
        feed::append(
            &sql,
            Timestamp(1),
            ObjectType::Companies,
            vec![Change::Created { ids: ids(), ours: false }],
        )
        .unwrap();
        let latest = feed::latest(&sql).unwrap();
        add(&sql, KIND, &[RecordId(7)], Timestamp(0)).unwrap();
        let read = || {
            let (mut seq, mut all) = (1, Vec::new());
            while let Some(chunk) = feed::chunk_at(&sql, seq).unwrap() {
                seq = chunk.first_seq + chunk.changes.iter().map(Change::count).sum::<u64>();
                all.extend(chunk.changes);
            }
            assert_eq!(seq, latest + 1, "no number is missing");
            all
        };
        let shown = read();
        all(&sql);
        assert_eq!(shown, read(), "readers are not shown it at once");
        let naming: Vec<&Change> =
            shown.iter().filter(|change| format!("{change:?}").contains("RecordId(7)")).collect();
        assert_eq!(
            naming,
            [
                &passage(Passage::Erased),
                &Change::Erased { id: RecordId(7) },
                &Change::Created { ids: ids(), ours: false }
            ]
        );
        assert!(shown.contains(&Change::Deleted { id: RecordId(5) }), "what it became is not said");
        assert!(
            shown.contains(&Change::Created { ids: vec![RecordId(6), NOBODY], ours: false }),
            "others stay"
        );
    }

    #[test]
    fn what_is_told_of_somebody_who_is_let_in_again_stays_though_the_pass_goes_on() {
        let sql = open();
        let piece = "p".repeat(900_000);
        for at in 1..=27 {
            feed::append(&sql, Timestamp(at), KIND, vec![updated(7, &piece)]).unwrap();
        }
        add(&sql, KIND, &[RecordId(7), RecordId(8)], Timestamp(0)).unwrap();
        assert!(advance(&sql).unwrap());
        assert_eq!(super::all(&sql).unwrap().len(), 2);
        lift(&sql, KIND, &[RecordId(7)]).unwrap();
        feed::append(&sql, Timestamp(28), KIND, vec![updated(7, "later"), updated(8, "still erased")])
            .unwrap();
        let last = || feed::chunk_at(&sql, 28).unwrap().unwrap().changes;
        let expected = [updated(7, "later"), Change::Scrubbed { id: NOBODY }];
        assert_eq!(last(), expected);
        all(&sql);
        assert_eq!(last(), expected);
        let text = text_of_feed(&sql);
        assert!(text.contains("later") && !text.contains("still erased") && !text.contains(&piece[..100]));
        assert_eq!(remembered(&sql, KIND, &[RecordId(7), RecordId(8)]).unwrap(), [RecordId(8)]);
        // Erased anew, everything goes.
        add(&sql, KIND, &[RecordId(7)], Timestamp(1)).unwrap();
        all(&sql);
        assert!(!text_of_feed(&sql).contains("later"));
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

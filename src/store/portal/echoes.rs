//! What Spoke has written and the mirror has not read yet, so that the change which brings it is known for its own echo.
//!
//! Written before a write leaves; a value is forgotten once a change has told of it: whoever sets the same value later is somebody else.
//! So are links and places on lists ([`Tied`]), where the mirror did not hold them already: what a write does not change tells nothing.

use std::collections::BTreeMap;

use crate::{
    store::{
        portal::records::ids_json,
        sql::{Param, Sql, SqlError, Value},
    },
    values::{
        ids::{ListId, ObjectType, RecordId},
        json,
        time::Timestamp,
    },
};

/// The table.
pub const TABLE: &str = "CREATE TABLE echoes (
         object_type TEXT NOT NULL,
         id INTEGER NOT NULL,
         at INTEGER NOT NULL,
         written TEXT NOT NULL,
         PRIMARY KEY (object_type, id)
     ) WITHOUT ROWID;
     CREATE INDEX echoes_at ON echoes (at);";

/// The table of links and places on lists.
pub const TIES: &str = "CREATE TABLE tie_echoes (
         a INTEGER NOT NULL,
         b INTEGER NOT NULL,
         what TEXT NOT NULL,
         at INTEGER NOT NULL,
         asked_at INTEGER NOT NULL,
         PRIMARY KEY (a, b, what)
     ) WITHOUT ROWID;
     CREATE INDEX tie_echoes_b ON tie_echoes (b) WHERE b > 0;
     CREATE INDEX tie_echoes_at ON tie_echoes (at);";

/// Records that are forgotten at once, some hundredths of a second's work: at each alarm, and of those there are 288 a day at least, which
/// is more than a night writes.
const FORGET_AT_ONCE: i64 = 5_000;

/// Values by property.
pub type Written = BTreeMap<String, String>;

/// These values are on their way to a record.
pub fn put(
    sql: &dyn Sql,
    kind: ObjectType,
    id: RecordId,
    written: &Written,
    now: Timestamp,
) -> Result<(), SqlError> {
    let text = serde_json::to_string(written).expect("texts are JSON");
    sql.exec(
        "INSERT INTO echoes (object_type, id, at, written) VALUES (?1, CAST(?2 AS INTEGER), ?3, ?4)
         ON CONFLICT (object_type, id) DO UPDATE SET at = excluded.at, written = json_patch(written, excluded.written)",
        &[Param::Text(&kind.name()), Param::Text(&id.to_string()), Param::Int(now.0), Param::Text(&text)],
    )?;
    Ok(())
}

/// The same of many records, each once.
pub fn put_all(
    sql: &dyn Sql,
    kind: ObjectType,
    written: &[(RecordId, Written)],
    now: Timestamp,
) -> Result<(), SqlError> {
    let text = serde_json::to_string(written).expect("texts are JSON");
    sql.exec(
        "INSERT INTO echoes (object_type, id, at, written)
         SELECT ?1, value->>0, ?3, value->1 FROM json_each(?2) WHERE true
         ON CONFLICT (object_type, id) DO UPDATE SET at = excluded.at, written = json_patch(written, excluded.written)",
        &[Param::Text(&kind.name()), Param::Text(&text), Param::Int(now.0)],
    )?;
    Ok(())
}

/// What is on its way to these records.
pub fn of(
    sql: &dyn Sql,
    kind: ObjectType,
    ids: &[RecordId],
) -> Result<BTreeMap<RecordId, Written>, SqlError> {
    const WRONG: SqlError = SqlError::Content("echoes");
    let rows = sql.exec(
        "SELECT CAST(id AS TEXT), written FROM echoes WHERE object_type = ?1 AND id IN (SELECT value FROM json_each(?2))",
        &[Param::Text(&kind.name()), Param::Text(&ids_json(ids))],
    )?;
    rows.into_iter()
        .map(|row| {
            let id = row.first().and_then(|id| id.text()?.parse().ok()).ok_or(WRONG)?;
            let written = row.get(1).and_then(|text| json::parse(text.text()?).ok()).ok_or(WRONG)?;
            Ok((id, written))
        })
        .collect()
}

/// Those of these records to which something left before a moment, and has not been read.
pub fn older(
    sql: &dyn Sql,
    kind: ObjectType,
    ids: &[RecordId],
    than: Timestamp,
) -> Result<Vec<RecordId>, SqlError> {
    let rows = sql.exec(
        "SELECT CAST(id AS TEXT) FROM echoes
         WHERE object_type = ?1 AND at < ?3 AND id IN (SELECT value FROM json_each(?2))",
        &[Param::Text(&kind.name()), Param::Text(&ids_json(ids)), Param::Int(than.0)],
    )?;
    Ok(rows.iter().filter_map(|row| row.first()?.text()?.parse().ok()).collect())
}

/// Records above an id to which something left before a moment, and has not been read; in order.
pub fn older_above(
    sql: &dyn Sql,
    kind: ObjectType,
    above: RecordId,
    than: Timestamp,
    limit: u32,
) -> Result<Vec<RecordId>, SqlError> {
    let rows = sql.exec(
        "SELECT CAST(id AS TEXT) FROM echoes
         WHERE object_type = ?1 AND id > CAST(?2 AS INTEGER) AND at < ?3 ORDER BY id LIMIT ?4",
        &[
            Param::Text(&kind.name()),
            Param::Text(&above.to_string()),
            Param::Int(than.0),
            Param::Int(limit.into()),
        ],
    )?;
    Ok(rows.iter().filter_map(|row| row.first()?.text()?.parse().ok()).collect())
}

/// What is left to come of a record; nothing: it is forgotten.
pub fn leave(sql: &dyn Sql, kind: ObjectType, id: RecordId, left: &Written) -> Result<(), SqlError> {
    let text = serde_json::to_string(left).expect("texts are JSON");
    let (kind, id) = (kind.name(), id.to_string());
    if left.is_empty() {
        sql.exec(
            "DELETE FROM echoes WHERE object_type = ?1 AND id = CAST(?2 AS INTEGER)",
            &[Param::Text(&kind), Param::Text(&id)],
        )?;
    } else {
        sql.exec(
            "UPDATE echoes SET written = ?3 WHERE object_type = ?1 AND id = CAST(?2 AS INTEGER)",
            &[Param::Text(&kind), Param::Text(&id), Param::Text(&text)],
        )?;
    }
    Ok(())
}

/// What was written before then is forgotten, of some records at once: it was read long ago, or is what was there already.
pub fn forget_before(sql: &dyn Sql, at: Timestamp) -> Result<(), SqlError> {
    let params = [Param::Int(at.0), Param::Int(FORGET_AT_ONCE)];
    sql.exec(
        "DELETE FROM echoes WHERE (object_type, id) IN (SELECT object_type, id FROM echoes WHERE at < ?1 LIMIT ?2)",
        &params,
    )?;
    sql.exec(
        "DELETE FROM tie_echoes WHERE (a, b, what) IN (SELECT a, b, what FROM tie_echoes WHERE at < ?1 LIMIT ?2)",
        &params,
    )?;
    Ok(())
}

/// Between what Spoke writes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tied {
    /// A link of records of these types, the holder's first: see [`crate::store::portal::links::Pair`].
    Link(ObjectType, ObjectType),
    /// A place on this list that is given.
    Join(ListId),
    /// One that is taken.
    Leave(ListId),
}

impl Tied {
    fn name(self) -> String {
        match self {
            Self::Link(holder, other) => format!("link/{holder}/{other}"),
            Self::Join(list) => format!("join/{list}"),
            Self::Leave(list) => format!("leave/{list}"),
        }
    }
}

/// The two ends of a link, the holder first; of a place on a list the record, and [`NO_END`].
pub type Ends = (RecordId, RecordId);

/// A list is no record.
pub const NO_END: RecordId = RecordId(0);

fn ends_json(ends: &[Ends]) -> String {
    serde_json::to_string(&ends.iter().map(|(a, b)| (a.0, b.0)).collect::<Vec<_>>()).expect("ids are JSON")
}

/// These are on their way, in a call that left at `asked_at` by the object's counter; of what is on its way already that of before counts.
pub fn put_ties(
    sql: &dyn Sql,
    what: Tied,
    ends: &[Ends],
    asked_at: i64,
    now: Timestamp,
) -> Result<(), SqlError> {
    if ends.is_empty() {
        return Ok(());
    }
    sql.exec(
        "INSERT INTO tie_echoes (a, b, what, at, asked_at)
         SELECT value->>0, value->>1, ?1, ?3, ?4 FROM json_each(?2) WHERE true
         ON CONFLICT (a, b, what) DO UPDATE SET at = excluded.at",
        &[Param::Text(&what.name()), Param::Text(&ends_json(ends)), Param::Int(now.0), Param::Int(asked_at)],
    )?;
    Ok(())
}

/// Those of these that are on their way, each with when it left by the object's counter.
pub fn ties(sql: &dyn Sql, what: Tied, ends: &[Ends]) -> Result<BTreeMap<Ends, i64>, SqlError> {
    const WRONG: SqlError = SqlError::Content("tie_echoes");
    if ends.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = sql.exec(
        "SELECT CAST(a AS TEXT), CAST(b AS TEXT), asked_at FROM tie_echoes
         WHERE (a, b, what) IN (SELECT value->>0, value->>1, ?1 FROM json_each(?2))",
        &[Param::Text(&what.name()), Param::Text(&ends_json(ends))],
    )?;
    rows.into_iter()
        .map(|row| {
            let id = |place: usize| row.get(place).and_then(|id| id.text()?.parse().ok()).ok_or(WRONG);
            Ok(((id(0)?, id(1)?), row.get(2).and_then(Value::int).ok_or(WRONG)?))
        })
        .collect()
}

/// These are not waited for any more: a change has told of them, or there will be none.
pub fn leave_ties(sql: &dyn Sql, what: Tied, ends: &[Ends]) -> Result<(), SqlError> {
    if ends.is_empty() {
        return Ok(());
    }
    sql.exec(
        "DELETE FROM tie_echoes WHERE (a, b, what) IN (SELECT value->>0, value->>1, ?1 FROM json_each(?2))",
        &[Param::Text(&what.name()), Param::Text(&ends_json(ends))],
    )?;
    Ok(())
}

/// Nothing of a record is kept: it was deleted for privacy. Of lists nobody here knows for sure of what type they are: a place that another
/// record of this number has is told without its origin then.
pub fn forget(sql: &dyn Sql, kind: ObjectType, id: RecordId) -> Result<(), SqlError> {
    leave(sql, kind, id, &Written::new())?;
    sql.exec(
        "DELETE FROM tie_echoes WHERE a = CAST(?2 AS INTEGER) AND (b = 0 OR substr(what, 1, length(?1) + 6) = 'link/' || ?1 || '/')",
        &[Param::Text(&kind.name()), Param::Text(&id.to_string())],
    )?;
    sql.exec(
        "DELETE FROM tie_echoes WHERE b = CAST(?2 AS INTEGER) AND b > 0 AND substr(what, -length(?1) - 1) = '/' || ?1",
        &[Param::Text(&kind.name()), Param::Text(&id.to_string())],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    #[test]
    fn later_values_join_earlier_ones_and_each_is_told_once() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let (kind, id) = (ObjectType::Contacts, RecordId(7));
        let one = |name: &str, value: &str| Written::from([(name.to_owned(), value.to_owned())]);
        put(&sql, kind, id, &one("city", "Ulm"), Timestamp(1)).unwrap();
        put(&sql, kind, id, &one("zip", ""), Timestamp(2)).unwrap();
        let all = of(&sql, kind, &[id, RecordId(8)]).unwrap();
        assert_eq!(all[&id].len(), 2);
        leave(&sql, kind, id, &one("zip", "")).unwrap();
        assert_eq!(of(&sql, kind, &[id]).unwrap()[&id], one("zip", ""));
        leave(&sql, kind, id, &Written::new()).unwrap();
        let large = RecordId((1 << 53) + 1);
        put_all(&sql, kind, &[(id, one("a", "1")), (large, one("b", "—"))], Timestamp(3)).unwrap();
        put_all(&sql, kind, &[(id, one("c", "2"))], Timestamp(4)).unwrap();
        let all = of(&sql, kind, &[id, large]).unwrap();
        assert_eq!((all[&id].len(), &all[&large]), (2, &one("b", "—")));
        leave(&sql, kind, id, &Written::new()).unwrap();
        assert_eq!(of(&sql, kind, &[id]).unwrap().len(), 0);
    }

    #[test]
    fn links_and_places_are_kept_apart_and_go_with_either_end() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let (link, join) = (Tied::Link(ObjectType::Contacts, ObjectType::Companies), Tied::Join(ListId(5)));
        let large = RecordId((1 << 53) + 1);
        let pairs = [(RecordId(7), RecordId(90)), (RecordId(8), large)];
        put_ties(&sql, link, &pairs, 11, Timestamp(1)).unwrap();
        put_ties(&sql, link, &pairs[..1], 12, Timestamp(2)).unwrap();
        put_ties(&sql, join, &[(RecordId(7), NO_END)], 13, Timestamp(3)).unwrap();
        let all = ties(&sql, link, &pairs).unwrap();
        assert_eq!((all[&pairs[0]], all[&pairs[1]]), (11, 11), "when it left first");
        assert_eq!(ties(&sql, Tied::Leave(ListId(5)), &[(RecordId(7), NO_END)]).unwrap().len(), 0);
        // A contact of the company's number is another.
        forget(&sql, ObjectType::Contacts, large).unwrap();
        assert_eq!(ties(&sql, link, &pairs).unwrap().len(), 2);
        forget(&sql, ObjectType::Companies, large).unwrap();
        forget(&sql, ObjectType::Companies, RecordId(90)).unwrap();
        assert_eq!(ties(&sql, link, &pairs).unwrap().len(), 0);
        assert_eq!(ties(&sql, join, &[(RecordId(7), NO_END)]).unwrap().len(), 1);
        forget_before(&sql, Timestamp(4)).unwrap();
        assert_eq!(ties(&sql, join, &[(RecordId(7), NO_END)]).unwrap().len(), 0);
    }
}

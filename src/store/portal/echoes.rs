//! What Spoke has written and the mirror has not read yet, so that the change which brings it is known for its own echo.
//!
//! Written before a write leaves; a value is forgotten once a change has told of it: whoever sets the same value later is somebody else.

use std::collections::BTreeMap;

use crate::{
    store::{
        portal::records::ids_json,
        sql::{Param, Sql, SqlError},
    },
    values::{
        ids::{ObjectType, RecordId},
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

/// Values of what was written before then are forgotten, of some records at once: they were read long ago, or are what was there already.
pub fn forget_before(sql: &dyn Sql, at: Timestamp) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM echoes WHERE (object_type, id) IN (SELECT object_type, id FROM echoes WHERE at < ?1 LIMIT ?2)",
        &[Param::Int(at.0), Param::Int(FORGET_AT_ONCE)],
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
}

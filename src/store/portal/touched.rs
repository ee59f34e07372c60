//! Records whose change may put contacts into audiences that are found, or take them out: contacts themselves, and companies and deals, whose
//! contacts are gone over in order, so that a company with a hundred thousand of them holds nothing up.

use crate::{
    store::{
        portal::records::ids_json,
        sql::{Param, Sql, SqlError, int, text},
    },
    values::{
        ids::{ObjectType, RecordId},
        json,
    },
};

/// The table.
pub const TABLES: &str = "CREATE TABLE audience_touched (
         object_type TEXT NOT NULL,
         record INTEGER NOT NULL,
         above INTEGER NOT NULL,
         PRIMARY KEY (object_type, record)
     ) WITHOUT ROWID;";

/// Notes records, of which all contacts are to be gone over, also of those that are being gone over.
pub fn touch(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<(), SqlError> {
    if ids.is_empty() {
        return Ok(());
    }
    sql.exec(
        "INSERT INTO audience_touched (object_type, record, above) SELECT ?1, value, 0 FROM json_each(?2) WHERE true
         ON CONFLICT (object_type, record) DO UPDATE SET above = 0 WHERE above != 0",
        &[Param::Text(&kind.name()), Param::Text(&ids_json(ids))],
    )?;
    Ok(())
}

/// Whether there are any.
pub fn any(sql: &dyn Sql) -> Result<bool, SqlError> {
    Ok(int(sql, "SELECT 1 FROM audience_touched LIMIT 1", &[])?.is_some())
}

/// Some of a type, each with the contact up to which it was gone over.
pub fn some(sql: &dyn Sql, kind: ObjectType, limit: u32) -> Result<Vec<(RecordId, RecordId)>, SqlError> {
    let statement = "SELECT json_group_array(json_array(record, above)) FROM (
         SELECT record, above FROM audience_touched WHERE object_type = ?1 ORDER BY record LIMIT ?2)";
    let found = text(sql, statement, &[Param::Text(&kind.name()), Param::Int(limit.into())])?;
    json::parse(&found.unwrap_or_else(|| "[]".to_owned())).map_err(|_| SqlError::Content("audience_touched"))
}

/// The contacts of one are gone over up to `above`.
pub fn go_on(sql: &dyn Sql, kind: ObjectType, id: RecordId, above: RecordId) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE audience_touched SET above = CAST(?3 AS INTEGER)
         WHERE object_type = ?1 AND record = CAST(?2 AS INTEGER)",
        &[Param::Text(&kind.name()), Param::Text(&id.to_string()), Param::Text(&above.to_string())],
    )?;
    Ok(())
}

/// Nothing is to be done about these any more.
pub fn settle(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM audience_touched WHERE object_type = ?1 AND record IN (SELECT value FROM json_each(?2))",
        &[Param::Text(&kind.name()), Param::Text(&ids_json(ids))],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    #[test]
    fn what_is_touched_again_is_gone_over_from_the_first_contact() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let (kind, great) = (ObjectType::Companies, RecordId((1 << 53) + 1));
        touch(&sql, kind, &[RecordId(7), great]).unwrap();
        touch(&sql, ObjectType::Contacts, &[RecordId(7)]).unwrap();
        go_on(&sql, kind, great, RecordId(500)).unwrap();
        assert_eq!(some(&sql, kind, 9).unwrap(), [(RecordId(7), RecordId(0)), (great, RecordId(500))]);
        touch(&sql, kind, &[great]).unwrap();
        settle(&sql, kind, &[RecordId(7)]).unwrap();
        assert_eq!(some(&sql, kind, 9).unwrap(), [(great, RecordId(0))]);
        assert!(any(&sql).unwrap());
        settle(&sql, kind, &[great]).unwrap();
        settle(&sql, ObjectType::Contacts, &[RecordId(7)]).unwrap();
        assert!(!any(&sql).unwrap());
    }
}

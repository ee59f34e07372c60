//! Deletions of which HubSpot is to be asked whether they were for privacy, each until HubSpot itself would have forgotten the record.
//!
//! What the looks are and what they say is the engine's, see `engine::portal::deletions`; here is who is looked for next, when, and how
//! many looks in a row have not found them.

use crate::{
    store::sql::{Param, Sql, SqlError, int, text},
    values::{
        ids::{ObjectType, RecordId},
        json,
        time::Timestamp,
    },
};

/// One row a deletion: 60 bytes with its place in the index, so that a million of them take 60 MB of an object's 10 GB.
pub const TABLE: &str = "CREATE TABLE deletions (
     object_type TEXT NOT NULL,
     id INTEGER NOT NULL,
     until INTEGER NOT NULL,
     due_at INTEGER NOT NULL,
     missed INTEGER NOT NULL,
     PRIMARY KEY (object_type, id)
 ) WITHOUT ROWID;
 CREATE INDEX deletions_due ON deletions (object_type, due_at);";

/// One that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Which record.
    pub id: RecordId,
    /// How many looks in a row have not found it.
    pub missed: u32,
}

/// Of a row: its record is not back and did not become part of another. Else it was not deleted for privacy.
fn stands(kind: ObjectType) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM records_{} AS records
                     WHERE records.id = deletions.id AND (live = 1 OR merged_into IS NOT NULL))",
        kind.table()
    )
}

/// Adds deletions, each with the moment from which on a look would say nothing; of those that are there it begins anew.
pub fn add(
    sql: &dyn Sql,
    kind: ObjectType,
    deletions: &[(RecordId, Timestamp)],
    due_at: Timestamp,
) -> Result<(), SqlError> {
    let json = serde_json::to_string(deletions).expect("ids are JSON");
    sql.exec(
        "INSERT INTO deletions (object_type, id, until, due_at, missed)
         SELECT ?1, value->>0, value->>1, ?3, 0 FROM json_each(?2) WHERE true
         ON CONFLICT (object_type, id) DO UPDATE SET until = excluded.until, due_at = excluded.due_at, missed = 0",
        &[Param::Text(&kind.name()), Param::Text(&json), Param::Int(due_at.0)],
    )?;
    Ok(())
}

/// Nobody looks for these any more.
pub fn remove(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM deletions WHERE object_type = ?1 AND id IN (SELECT value FROM json_each(?2))",
        &[Param::Text(&kind.name()), Param::Text(&super::records::ids_json(ids))],
    )?;
    Ok(())
}

/// The first that are due. Those whose time is over, who are back and who became part of others go.
pub fn due(sql: &dyn Sql, kind: ObjectType, now: Timestamp, limit: usize) -> Result<Vec<Due>, SqlError> {
    let statement = format!(
        "SELECT json_group_array(json_array(id, missed, until > ?2 AND {})) FROM (
             SELECT id, missed, until FROM deletions
             WHERE object_type = ?1 AND due_at <= ?2 ORDER BY due_at, id LIMIT ?3
         ) AS deletions",
        stands(kind)
    );
    loop {
        let params = [Param::Text(&kind.name()), Param::Int(now.0), Param::Int(limit as i64)];
        let found = text(sql, &statement, &params)?;
        let rows: Vec<(u64, u32, i64)> =
            json::parse(found.as_deref().unwrap_or("[]")).map_err(|_| SqlError::Content("deletions"))?;
        let over: Vec<RecordId> =
            rows.iter().filter(|(_, _, stands)| *stands == 0).map(|(id, ..)| RecordId(*id)).collect();
        if !over.is_empty() {
            remove(sql, kind, &over)?;
        }
        if rows.is_empty() || over.len() < rows.len() {
            let stand = rows.into_iter().filter(|(_, _, stands)| *stands != 0);
            return Ok(stand.map(|(id, missed, _)| Due { id: RecordId(id), missed }).collect());
        }
    }
}

/// When the next is due.
pub fn next_at(sql: &dyn Sql, kind: ObjectType) -> Result<Option<Timestamp>, SqlError> {
    let statement = "SELECT min(due_at) FROM deletions WHERE object_type = ?1";
    Ok(int(sql, statement, &[Param::Text(&kind.name())])?.map(Timestamp))
}

/// Whether a record was missed so often and nothing is known that speaks for it.
pub fn is_missed(sql: &dyn Sql, kind: ObjectType, id: RecordId, missed: u32) -> Result<bool, SqlError> {
    let statement = format!(
        "SELECT 1 FROM deletions WHERE object_type = ?1 AND id = CAST(?2 AS INTEGER) AND missed = ?3 AND {}",
        stands(kind)
    );
    let params = [Param::Text(&kind.name()), Param::Text(&id.to_string()), Param::Int(missed.into())];
    Ok(int(sql, &statement, &params)?.is_some())
}

/// These were found: the next look is the first of a new row.
pub fn found(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId], due_at: Timestamp) -> Result<(), SqlError> {
    put_off(sql, kind, ids, due_at, "missed = 0")
}

/// These were not found once more.
pub fn missed(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId], due_at: Timestamp) -> Result<(), SqlError> {
    put_off(sql, kind, ids, due_at, "missed = missed + 1")
}

/// Nothing was said of these.
pub fn wait(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId], due_at: Timestamp) -> Result<(), SqlError> {
    put_off(sql, kind, ids, due_at, "missed = missed")
}

fn put_off(
    sql: &dyn Sql,
    kind: ObjectType,
    ids: &[RecordId],
    due_at: Timestamp,
    missed: &str,
) -> Result<(), SqlError> {
    if ids.is_empty() {
        return Ok(());
    }
    let statement = format!(
        "UPDATE deletions SET due_at = ?3, {missed}
         WHERE object_type = ?1 AND id IN (SELECT value FROM json_each(?2))"
    );
    let ids = super::records::ids_json(ids);
    sql.exec(&statement, &[Param::Text(&kind.name()), Param::Text(&ids), Param::Int(due_at.0)])?;
    Ok(())
}

/// A record became part of another, which is gone as well: that one is looked for in its place, from the beginning.
pub fn pass_on(
    sql: &dyn Sql,
    kind: ObjectType,
    id: RecordId,
    into: RecordId,
    due_at: Timestamp,
) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE OR REPLACE deletions SET id = CAST(?3 AS INTEGER), due_at = ?4, missed = 0
         WHERE object_type = ?1 AND id = CAST(?2 AS INTEGER)",
        &[
            Param::Text(&kind.name()),
            Param::Text(&id.to_string()),
            Param::Text(&into.to_string()),
            Param::Int(due_at.0),
        ],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        native::NativeSql,
        portal::{
            self,
            records::{self, Grave},
        },
    };

    const KIND: ObjectType = ObjectType::Contacts;
    const NEVER: Timestamp = Timestamp(1_000_000);

    fn with(ids: &[u64], due_at: i64) -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let deletions: Vec<(RecordId, Timestamp)> = ids.iter().map(|id| (RecordId(*id), NEVER)).collect();
        add(&sql, KIND, &deletions, Timestamp(due_at)).unwrap();
        sql
    }

    fn due_ids(sql: &NativeSql, now: i64) -> Vec<(u64, u32)> {
        due(sql, KIND, Timestamp(now), 3).unwrap().iter().map(|one| (one.id.0, one.missed)).collect()
    }

    #[test]
    fn who_is_due_comes_in_order_with_how_often_he_was_missed() {
        let sql = with(&[7, 8, 9, 10], 5);
        assert_eq!(due_ids(&sql, 4), []);
        assert_eq!(next_at(&sql, KIND).unwrap(), Some(Timestamp(5)));
        assert_eq!(due_ids(&sql, 5), [(7, 0), (8, 0), (9, 0)]);
        missed(&sql, KIND, &[RecordId(7), RecordId(8)], Timestamp(20)).unwrap();
        wait(&sql, KIND, &[RecordId(9)], Timestamp(30)).unwrap();
        assert_eq!(due_ids(&sql, 30), [(10, 0), (7, 1), (8, 1)]);
        found(&sql, KIND, &[RecordId(7)], Timestamp(6)).unwrap();
        remove(&sql, KIND, &[RecordId(10)]).unwrap();
        assert_eq!(due_ids(&sql, 30), [(7, 0), (8, 1), (9, 0)]);
        assert!(is_missed(&sql, KIND, RecordId(8), 1).unwrap());
        assert!(!is_missed(&sql, KIND, RecordId(8), 2).unwrap());
        // Deleted once more: everything begins anew.
        add(&sql, KIND, &[(RecordId(8), NEVER)], Timestamp(40)).unwrap();
        assert_eq!(due_ids(&sql, 40), [(7, 0), (9, 0), (8, 0)]);
        pass_on(&sql, KIND, RecordId(9), RecordId(11), Timestamp(41)).unwrap();
        assert_eq!(due_ids(&sql, 41), [(7, 0), (8, 0), (11, 0)]);
    }

    #[test]
    fn who_is_back_became_part_of_another_or_is_beyond_finding_is_looked_for_no_more() {
        let sql = with(&[1, 2, 3, 4, 5, 6, 7], 5);
        let write = |id| records::Write {
            id: RecordId(id),
            created_at: Timestamp(1),
            updated_at: Timestamp(1),
            key: None,
            properties: "{}",
        };
        records::put(&sql, KIND, &[1, 2, 3].map(write), 1).unwrap();
        let grave = |id, into: Option<u64>| Grave { id: RecordId(id), merged_into: into.map(RecordId) };
        records::entomb(&sql, KIND, &[grave(4, Some(9)), grave(5, None), grave(6, None)], 2).unwrap();
        missed(&sql, KIND, &[RecordId(4), RecordId(5)], Timestamp(5)).unwrap();
        assert!(!is_missed(&sql, KIND, RecordId(4), 1).unwrap());
        assert!(is_missed(&sql, KIND, RecordId(5), 1).unwrap());
        // More than a page of them, and what nobody has seen at all stays.
        assert_eq!(due_ids(&sql, 6), [(5, 1), (6, 0)]);
        assert_eq!(due_ids(&sql, 6), [(5, 1), (6, 0), (7, 0)]);
        assert_eq!(due_ids(&sql, NEVER.0), []);
        assert_eq!(next_at(&sql, KIND).unwrap(), None);
    }
}

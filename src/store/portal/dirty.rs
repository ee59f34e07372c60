//! Dirty marks: ids of which something may be out of date, until a read that left later has settled them.
//!
//! Every mark carries a generation (the object's counter when it was made). A read clears only marks that are not later than
//! its own departure, so that a second event during the first read is not lost.
//!
//! A mark has to wait, and then says when it is read again and holds up no other, for either of two reasons that know nothing of
//! each other: HubSpot still shows who was erased for privacy (`tries`), or reads of it fail (`failed`; the rule is the engine's, see
//! `engine::portal::unreadable`).

use crate::{
    store::sql::{Param, Row, Sql, SqlError, int, text},
    values::{
        ids::{ObjectType, RecordId},
        planted::{Bug, planted},
        time::{MINUTE_MS, Timestamp},
    },
};

/// First pause before HubSpot is asked again about a record it shows after it was erased; doubles each time.
const ERASED_FIRST_MS: i64 = 5 * MINUTE_MS;
/// How often HubSpot is asked again: 5, 10, … 640 minutes, a day in all. A privacy deletion cannot be undone (`hubspot-api.md`
/// 4.5), and no read is known to lag for hours: what is still shown then was not erased.
const ERASED_TRIES: i64 = 8;
/// From so many failed reads on, a mark is of a record that cannot be read.
pub const PARKED: u32 = 10;

/// One mark as it is picked for reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Which record.
    pub id: RecordId,
    /// When it was made, on the object's counter.
    pub generation: i64,
    /// A webhook made it; it is read without waiting for a batch to fill.
    pub urgent: bool,
    /// How many reads of it failed; it is read only with others of which as many did.
    pub failed: u32,
}

/// A mark of a record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Which record.
    pub id: RecordId,
    /// When it is tried again; `None`: at once.
    pub again_at: Option<Timestamp>,
    /// What HubSpot said, as the engine's JSON.
    pub trouble: String,
}

/// Marks ids. `erased` and `urgent` stay once set. Who is erased is read without waiting, and so is what could not be read once
/// somebody asks for it or an event tells of it.
pub fn mark(
    sql: &dyn Sql,
    kind: ObjectType,
    ids: &[RecordId],
    generation: i64,
    urgent: bool,
    erased: bool,
) -> Result<(), SqlError> {
    if ids.is_empty() {
        return Ok(());
    }
    sql.exec(
        "INSERT INTO dirty (object_type, id, generation, urgent, erased)
         SELECT ?1, value, ?3, ?4, ?5 FROM json_each(?2) WHERE true
         ON CONFLICT (object_type, id) DO UPDATE SET
             generation = max(generation, excluded.generation),
             urgent = max(urgent, excluded.urgent),
             tries = CASE WHEN excluded.erased > erased THEN 0 ELSE tries END,
             again_at = CASE WHEN excluded.erased OR (excluded.urgent AND failed > 0) THEN NULL ELSE again_at END,
             erased = max(erased, excluded.erased)",
        &[
            Param::Text(&kind.name()),
            Param::Text(&super::records::ids_json(ids)),
            Param::Int(generation),
            Param::Int(urgent.into()),
            Param::Int(erased.into()),
        ],
    )?;
    Ok(())
}

/// Marks every live record modified at `since` or later. Reads the whole table: properties appear rarely.
pub fn mark_updated_since(
    sql: &dyn Sql,
    kind: ObjectType,
    since: Timestamp,
    generation: i64,
) -> Result<(), SqlError> {
    mark_since(sql, kind, "updated_at", since, generation)
}

/// Marks every live record that was read at `since` or later. Reads the whole table, too.
pub fn mark_seen_since(
    sql: &dyn Sql,
    kind: ObjectType,
    since: Timestamp,
    generation: i64,
) -> Result<(), SqlError> {
    mark_since(sql, kind, "seen_at", since, generation)
}

fn mark_since(
    sql: &dyn Sql,
    kind: ObjectType,
    column: &str,
    since: Timestamp,
    generation: i64,
) -> Result<(), SqlError> {
    let statement = format!(
        "INSERT INTO dirty (object_type, id, generation, urgent, erased)
         SELECT ?1, id, ?3, 0, 0 FROM records_{} WHERE live = 1 AND {column} >= ?2
         ON CONFLICT (object_type, id) DO UPDATE SET generation = max(generation, excluded.generation)",
        kind.table()
    );
    sql.exec(&statement, &[Param::Text(&kind.name()), Param::Int(since.0), Param::Int(generation)])?;
    Ok(())
}

/// Whether a mark is there that is not later than `generation`, but for those of records that cannot be read.
pub fn any_up_to(sql: &dyn Sql, kind: ObjectType, generation: i64) -> Result<bool, SqlError> {
    let statement = "SELECT 1 FROM dirty WHERE object_type = ?1 AND generation <= ?2 AND failed < ?3 LIMIT 1";
    let params = [Param::Text(&kind.name()), Param::Int(generation), Param::Int(PARKED.into())];
    Ok(int(sql, statement, &params)?.is_some())
}

/// The first marks in id order that need not wait, urgent ones before others, and last those that reads failed of, the fewest
/// first. Reads no more rows than it answers, however many are marked (where urgent ones come late in the order of ids, also those
/// before them, and those that wait).
pub fn pick(sql: &dyn Sql, kind: ObjectType, now: Timestamp, limit: usize) -> Result<Vec<Mark>, SqlError> {
    let some = |which: &str, limit: usize| {
        let statement = format!(
            "SELECT CAST(id AS TEXT), generation, urgent, failed FROM dirty
             WHERE object_type = ?1 AND {which} AND (again_at IS NULL OR again_at <= ?3)
             ORDER BY failed, id LIMIT ?2"
        );
        let params = [Param::Text(&kind.name()), Param::Int(limit as i64), Param::Int(now.0)];
        sql.exec(&statement, &params)
    };
    let mut rows = Vec::new();
    for which in ["urgent = 1 AND failed = 0", "urgent = 0 AND failed = 0", "failed > 0"] {
        if rows.len() < limit {
            rows.extend(some(which, limit - rows.len())?);
        }
    }
    rows.iter()
        .map(|row| match row.as_slice() {
            [id, generation, urgent, failed] => Some(Mark {
                id: id.text()?.parse().ok()?,
                generation: generation.int()?,
                urgent: urgent.int()? == 1,
                failed: failed.int()?.try_into().ok()?,
            }),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or(SqlError::Content("dirty"))
}

/// Clears the marks of `ids`, which were read, that are not later than `asked_at`; later ones wait no longer for reads that failed.
pub fn clear(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId], asked_at: i64) -> Result<(), SqlError> {
    let asked_at = if planted(Bug::MarksClearedAlways) { (1 << 53) - 1 } else { asked_at };
    let (kind, ids) = (kind.name(), super::records::ids_json(ids));
    let params = [Param::Text(&kind), Param::Text(&ids), Param::Int(asked_at)];
    sql.exec(
        "DELETE FROM dirty WHERE object_type = ?1 AND generation <= ?3 AND id IN (SELECT value FROM json_each(?2))",
        &params,
    )?;
    sql.exec(
        "UPDATE dirty SET failed = 0, trouble = NULL, again_at = CASE WHEN erased THEN again_at END
         WHERE object_type = ?1 AND failed > 0 AND id IN (SELECT value FROM json_each(?2))",
        &params[..2],
    )?;
    Ok(())
}

/// A read of marked ids failed: they wait until then, each with as many failures as are told or as it has. Marks of records that
/// cannot be read stay as they are.
pub fn fail(
    sql: &dyn Sql,
    kind: ObjectType,
    ids: &[RecordId],
    failed: u32,
    again_at: Timestamp,
) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE dirty SET failed = max(failed, ?3), again_at = max(coalesce(again_at, 0), ?4)
         WHERE object_type = ?1 AND failed < ?5 AND id IN (SELECT value FROM json_each(?2))",
        &[
            Param::Text(&kind.name()),
            Param::Text(&super::records::ids_json(ids)),
            Param::Int(failed.into()),
            Param::Int(again_at.0),
            Param::Int(PARKED.into()),
        ],
    )?;
    Ok(())
}

/// A read of one id that left at `asked_at` failed, as `failed` have: it cannot be read. One marked later is tried at once.
pub fn park(
    sql: &dyn Sql,
    kind: ObjectType,
    parked: &Parked,
    failed: u32,
    asked_at: i64,
) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE dirty SET failed = ?3, trouble = ?4, again_at = CASE WHEN generation <= ?6 THEN ?5 END
         WHERE object_type = ?1 AND id = CAST(?2 AS INTEGER)",
        &[
            Param::Text(&kind.name()),
            Param::Text(&parked.id.to_string()),
            Param::Int(failed.into()),
            Param::Text(&parked.trouble),
            parked.again_at.map_or(Param::Null, |at| Param::Int(at.0)),
            Param::Int(asked_at),
        ],
    )?;
    Ok(())
}

/// The marks of records that cannot be read.
pub fn parked(sql: &dyn Sql, kind: ObjectType) -> Result<Vec<Parked>, SqlError> {
    let statement = "SELECT CAST(id AS TEXT), again_at, trouble FROM dirty
         WHERE object_type = ?1 AND failed >= ?2 AND failed > 0 ORDER BY id";
    let rows = sql.exec(statement, &[Param::Text(&kind.name()), Param::Int(PARKED.into())])?;
    rows.iter()
        .map(|row| match row.as_slice() {
            [id, again_at, trouble] => Some(Parked {
                id: id.text()?.parse().ok()?,
                again_at: again_at.int().map(Timestamp),
                trouble: trouble.text()?.to_owned(),
            }),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or(SqlError::Content("dirty"))
}

/// Whether any of these is marked.
pub fn marked(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<bool, SqlError> {
    let statement =
        "SELECT 1 FROM dirty WHERE object_type = ?1 AND id IN (SELECT value FROM json_each(?2)) LIMIT 1";
    let ids = super::records::ids_json(ids);
    Ok(int(sql, statement, &[Param::Text(&kind.name()), Param::Text(&ids)])?.is_some())
}

/// Of `ids`, those that reads failed of, and how many.
pub fn failed_of(
    sql: &dyn Sql,
    kind: ObjectType,
    ids: &[RecordId],
) -> Result<Vec<(RecordId, u32)>, SqlError> {
    let rows = sql.exec(
        "SELECT CAST(id AS TEXT), failed FROM dirty
         WHERE object_type = ?1 AND failed > 0 AND id IN (SELECT value FROM json_each(?2))",
        &[Param::Text(&kind.name()), Param::Text(&super::records::ids_json(ids))],
    )?;
    let pair = |row: &Row| match row.as_slice() {
        [id, failed] => Some((id.text()?.parse().ok()?, failed.int()?.try_into().ok()?)),
        _ => None,
    };
    Ok(rows.iter().filter_map(pair).collect())
}

/// When the first mark that has to wait is read again.
pub fn next_at(sql: &dyn Sql, kind: ObjectType) -> Result<Option<Timestamp>, SqlError> {
    let statement = "SELECT min(again_at) FROM dirty WHERE object_type = ?1 AND again_at IS NOT NULL";
    Ok(int(sql, statement, &[Param::Text(&kind.name())])?.map(Timestamp))
}

/// Whether a mark need not wait.
pub fn due(sql: &dyn Sql, kind: ObjectType, now: Timestamp) -> Result<bool, SqlError> {
    let statement =
        "SELECT 1 FROM dirty WHERE object_type = ?1 AND (again_at IS NULL OR again_at <= ?2) LIMIT 1";
    Ok(int(sql, statement, &[Param::Text(&kind.name()), Param::Int(now.0)])?.is_some())
}

/// Of records that HubSpot shows although they were erased for privacy: those it is given more time for. Their marks stay, and wait
/// longer each time; a mark that has waited [`ERASED_TRIES`] times is an ordinary one. An event that is repeated has a mark read at
/// once, and takes none of its time.
pub fn withhold(
    sql: &dyn Sql,
    kind: ObjectType,
    ids: &[RecordId],
    now: Timestamp,
    generation: i64,
) -> Result<Vec<RecordId>, SqlError> {
    let rows = sql.exec(
        "UPDATE dirty SET
             generation = max(generation, ?3),
             tries = tries + (tries = 0 OR coalesce(again_at <= ?4, 0)),
             again_at = CASE WHEN again_at > ?4 THEN again_at ELSE ?4 + (?5 << tries) END
         WHERE object_type = ?1 AND erased = 1 AND (tries < ?6 OR again_at > ?4)
           AND id IN (SELECT value FROM json_each(?2))
         RETURNING CAST(id AS TEXT)",
        &[
            Param::Text(&kind.name()),
            Param::Text(&super::records::ids_json(ids)),
            Param::Int(generation),
            Param::Int(now.0),
            Param::Int(ERASED_FIRST_MS),
            Param::Int(ERASED_TRIES),
        ],
    )?;
    Ok(rows.iter().filter_map(|row| row.first()?.text()?.parse().ok()).collect())
}

/// How many marks wait to be read, those of records that cannot be read apart.
pub fn count(sql: &dyn Sql, kind: ObjectType) -> Result<u64, SqlError> {
    let statement = "SELECT count(*) FROM dirty WHERE object_type = ?1 AND failed < ?2";
    Ok(int(sql, statement, &[Param::Text(&kind.name()), Param::Int(PARKED.into())])?.unwrap_or(0) as u64)
}

/// How many marks wait, counted no further than `limit`.
pub fn count_up_to(sql: &dyn Sql, kind: ObjectType, limit: usize) -> Result<u64, SqlError> {
    let statement = "SELECT count(*) FROM (SELECT 1 FROM dirty WHERE object_type = ?1 LIMIT ?2)";
    let params = [Param::Text(&kind.name()), Param::Int(limit as i64)];
    Ok(int(sql, statement, &params)?.unwrap_or(0) as u64)
}

/// The latest generation of all marks; 0 if there is none.
pub fn latest_generation(sql: &dyn Sql) -> Result<i64, SqlError> {
    let latest = text(sql, "SELECT CAST(max(generation) AS TEXT) FROM dirty", &[])?;
    Ok(latest.and_then(|number| number.parse().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::native::NativeSql;

    const KIND: ObjectType = ObjectType::Contacts;
    const NOW: Timestamp = Timestamp(1_000_000);

    fn marked(ids: &[u64]) -> NativeSql {
        let sql = NativeSql::default();
        crate::store::portal::open(&sql).unwrap();
        mark(&sql, KIND, &records(ids), 5, false, false).unwrap();
        sql
    }

    fn records(ids: &[u64]) -> Vec<RecordId> {
        ids.iter().map(|id| RecordId(*id)).collect()
    }

    fn picked(sql: &NativeSql, now: Timestamp) -> Vec<(u64, u32)> {
        pick(sql, KIND, now, 10).unwrap().iter().map(|mark| (mark.id.0, mark.failed)).collect()
    }

    fn parks(sql: &NativeSql, id: u64, failed: u32, asked_at: i64) {
        let (id, again_at) = (RecordId(id), Some(NOW.plus_ms(900)));
        park(sql, KIND, &Parked { id, again_at, trouble: "{}".to_owned() }, failed, asked_at).unwrap();
    }

    #[test]
    fn what_failed_waits_and_is_then_read_after_what_did_not() {
        let sql = marked(&[1, 2, 3, 4]);
        fail(&sql, KIND, &records(&[1, 2]), 1, NOW.plus_ms(10)).unwrap();
        fail(&sql, KIND, &records(&[3]), 0, NOW.plus_ms(20)).unwrap();
        assert_eq!(picked(&sql, NOW), [(4, 0)]);
        assert_eq!(next_at(&sql, KIND).unwrap(), Some(NOW.plus_ms(10)));
        assert_eq!(picked(&sql, NOW.plus_ms(20)), [(3, 0), (4, 0), (1, 1), (2, 1)]);
        fail(&sql, KIND, &records(&[2]), 4, NOW).unwrap();
        mark(&sql, KIND, &records(&[2]), 6, true, false).unwrap();
        assert_eq!(picked(&sql, NOW), [(4, 0), (2, 4)], "an event has it read at once, and alone");
        mark(&sql, KIND, &records(&[1]), 6, false, false).unwrap();
        assert_eq!(picked(&sql, NOW), [(4, 0), (2, 4)], "a check does not");
        assert_eq!(
            failed_of(&sql, KIND, &records(&[1, 2, 3])).unwrap(),
            [(RecordId(1), 1), (RecordId(2), 4)]
        );
    }

    #[test]
    fn a_record_that_cannot_be_read_keeps_its_mark_and_nothing_waits_for_it() {
        let sql = marked(&[1, 2]);
        parks(&sql, 1, PARKED, 5);
        clear(&sql, KIND, &records(&[2]), 5).unwrap();
        assert_eq!((count(&sql, KIND).unwrap(), due(&sql, KIND, NOW).unwrap()), (0, false));
        assert!(!any_up_to(&sql, KIND, 9).unwrap());
        let told = parked(&sql, KIND).unwrap();
        assert_eq!((told.len(), told[0].id, told[0].again_at), (1, RecordId(1), Some(NOW.plus_ms(900))));
        // What fails around it leaves it alone.
        fail(&sql, KIND, &records(&[1]), 1, NOW).unwrap();
        assert_eq!(parked(&sql, KIND).unwrap(), told);
        assert!(due(&sql, KIND, NOW.plus_ms(900)).unwrap());
        // Marked while it was being read: that is not what failed.
        mark(&sql, KIND, &records(&[1]), 8, true, false).unwrap();
        parks(&sql, 1, PARKED + 1, 7);
        assert_eq!(picked(&sql, NOW), [(1, PARKED + 1)]);
        clear(&sql, KIND, &records(&[1]), 7).unwrap();
        assert_eq!(picked(&sql, NOW), [(1, 0)], "read well, and marked since");
        assert_eq!(parked(&sql, KIND).unwrap(), []);
    }

    #[test]
    fn failed_reads_take_nothing_of_the_time_hubspot_is_given_to_erase() {
        let sql = marked(&[1]);
        mark(&sql, KIND, &records(&[1]), 5, true, true).unwrap();
        withhold(&sql, KIND, &records(&[1]), NOW, 6).unwrap();
        let pause = NOW.plus_ms(ERASED_FIRST_MS);
        fail(&sql, KIND, &records(&[1]), 1, NOW).unwrap();
        assert_eq!(next_at(&sql, KIND).unwrap(), Some(pause), "neither earlier");
        let again = withhold(&sql, KIND, &records(&[1]), pause, 7).unwrap();
        clear(&sql, KIND, &records(&[1]), 6).unwrap();
        assert_eq!(again, records(&[1]));
        assert_eq!(next_at(&sql, KIND).unwrap(), Some(pause.plus_ms(2 * ERASED_FIRST_MS)), "nor forgotten");
    }
}

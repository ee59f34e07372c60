//! Channels: the state of each as the engine's JSON, and what is remembered of records: that they were handed over, with a fingerprint
//! of what, and when to look again. Audiences that are found remember their members here as well, as channels of negative numbers. Fingerprints use all 64 bits, so they travel as JSON or text, never as a parameter.

use crate::{
    store::portal::records::ids_json,
    store::sql::{Param, Sql, SqlError, Value, int, text},
    values::{
        ids::{ChannelId, RecordId},
        json,
        time::Timestamp,
    },
};

/// What a channel remembers of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub id: RecordId,
    /// Of what was handed over; `None`: it is no member, and there is only a moment to look again.
    pub fingerprint: Option<i64>,
    /// When to look again though nothing was edited.
    pub again_at: Option<Timestamp>,
    /// It was deleted for privacy while the channel told nothing.
    pub erased: bool,
}

/// Every channel's number and state, oldest first.
pub fn all(sql: &dyn Sql) -> Result<Vec<(i64, String)>, SqlError> {
    let rows = sql.exec("SELECT number, state FROM channels ORDER BY number", &[])?;
    rows.into_iter().map(numbered).collect::<Option<_>>().ok_or(SqlError::Content("channels"))
}

fn numbered(row: Vec<Value>) -> Option<(i64, String)> {
    let [number, state] = <[Value; 2]>::try_from(row).ok()?;
    Some((number.int()?, state.into_text()?))
}

/// One channel's number and state.
pub fn one(sql: &dyn Sql, id: &ChannelId) -> Result<Option<(i64, String)>, SqlError> {
    let rows = sql.exec("SELECT number, state FROM channels WHERE id = ?1", &[Param::Text(id.as_str())])?;
    rows.into_iter().next().map(|row| numbered(row).ok_or(SqlError::Content("channels"))).transpose()
}

/// Adds a channel; its number. A number is used again once everything of its channel is forgotten.
pub fn add(sql: &dyn Sql, id: &ChannelId, state: &str) -> Result<i64, SqlError> {
    sql.exec(
        "INSERT INTO channels (id, state) VALUES (?1, ?2)",
        &[Param::Text(id.as_str()), Param::Text(state)],
    )?;
    int(sql, "SELECT number FROM channels WHERE id = ?1", &[Param::Text(id.as_str())])?
        .ok_or(SqlError::Content("channels"))
}

/// Replaces the state of a channel.
pub fn save(sql: &dyn Sql, number: i64, state: &str) -> Result<(), SqlError> {
    sql.exec("UPDATE channels SET state = ?2 WHERE number = ?1", &[Param::Int(number), Param::Text(state)])?;
    Ok(())
}

/// Forgets up to `most` records of a channel; says whether any are left.
pub fn forget_some(sql: &dyn Sql, number: i64, most: u32) -> Result<bool, SqlError> {
    sql.exec(
        "DELETE FROM channel_members WHERE channel = ?1 AND id IN (
             SELECT id FROM channel_members WHERE channel = ?1 ORDER BY id LIMIT ?2
         )",
        &[Param::Int(number), Param::Int(most.into())],
    )?;
    let left = sql.exec("SELECT 1 FROM channel_members WHERE channel = ?1 LIMIT 1", &[Param::Int(number)])?;
    Ok(!left.is_empty())
}

/// Removes a channel of which nothing is remembered any more.
pub fn remove(sql: &dyn Sql, number: i64) -> Result<(), SqlError> {
    sql.exec("DELETE FROM channels WHERE number = ?1", &[Param::Int(number)])?;
    Ok(())
}

const KNOWN: &str = "SELECT json_group_array(json_array(id, fingerprint, again_at, erased)) FROM";

fn all_known(sql: &dyn Sql, statement: &str, params: &[Param<'_>]) -> Result<Vec<Known>, SqlError> {
    let json = text(sql, statement, params)?.unwrap_or_else(|| "[]".to_owned());
    let rows: Vec<(u64, Option<i64>, Option<i64>, i64)> =
        json::parse(&json).map_err(|_| SqlError::Content("channel_members"))?;
    let known = |(id, fingerprint, again_at, erased): (u64, Option<i64>, Option<i64>, i64)| Known {
        id: RecordId(id),
        fingerprint,
        again_at: again_at.map(Timestamp),
        erased: erased == 1,
    };
    Ok(rows.into_iter().map(known).collect())
}

/// What a channel remembers of these records; in no order.
pub fn known(sql: &dyn Sql, number: i64, ids: &[RecordId]) -> Result<Vec<Known>, SqlError> {
    let statement =
        format!("{KNOWN} channel_members WHERE channel = ?1 AND id IN (SELECT value FROM json_each(?2))");
    all_known(sql, &statement, &[Param::Int(number), Param::Text(&ids_json(ids))])
}

/// What a channel remembers of records with ids above one, in id order.
pub fn above(sql: &dyn Sql, number: i64, above: RecordId, most: u32) -> Result<Vec<Known>, SqlError> {
    let statement = format!(
        "{KNOWN} (SELECT * FROM channel_members WHERE channel = ?1 AND id > CAST(?2 AS INTEGER) ORDER BY id LIMIT ?3)"
    );
    let above = above.to_string();
    all_known(sql, &statement, &[Param::Int(number), Param::Text(&above), Param::Int(most.into())])
}

/// Members with ids above one, in id order.
pub fn members_above(
    sql: &dyn Sql,
    number: i64,
    above: RecordId,
    most: usize,
) -> Result<Vec<RecordId>, SqlError> {
    let statement = "SELECT json_group_array(id) FROM (
         SELECT id FROM channel_members WHERE channel = ?1 AND id > CAST(?2 AS INTEGER) AND fingerprint IS NOT NULL ORDER BY id LIMIT ?3
     )";
    let above = above.to_string();
    let json = text(sql, statement, &[Param::Int(number), Param::Text(&above), Param::Int(most as i64)])?;
    json::parse(&json.unwrap_or_else(|| "[]".to_owned())).map_err(|_| SqlError::Content("channel_members"))
}

/// The records at which a channel is to look again by now, the longest due first.
pub fn due(sql: &dyn Sql, number: i64, now: Timestamp, most: u32) -> Result<Vec<RecordId>, SqlError> {
    let statement = "SELECT json_group_array(id) FROM (
         SELECT id FROM channel_members WHERE channel = ?1 AND again_at IS NOT NULL AND again_at <= ?2
         ORDER BY again_at LIMIT ?3
     )";
    let json = text(sql, statement, &[Param::Int(number), Param::Int(now.0), Param::Int(most.into())])?;
    json::parse(&json.unwrap_or_else(|| "[]".to_owned())).map_err(|_| SqlError::Content("channel_members"))
}

/// When a channel is to look at a record again next.
pub fn next_at(sql: &dyn Sql, number: i64) -> Result<Option<Timestamp>, SqlError> {
    let statement = "SELECT min(again_at) FROM channel_members WHERE channel = ?1 AND again_at IS NOT NULL";
    Ok(int(sql, statement, &[Param::Int(number)])?.map(Timestamp))
}

/// Remembers records, known or not.
pub fn put(sql: &dyn Sql, number: i64, rows: &[Known]) -> Result<(), SqlError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<(RecordId, Option<i64>, Option<i64>)> =
        rows.iter().map(|row| (row.id, row.fingerprint, row.again_at.map(|at| at.0))).collect();
    let json = serde_json::to_string(&rows).expect("numbers are JSON");
    sql.exec(
        "INSERT INTO channel_members (channel, id, fingerprint, again_at)
         SELECT ?1, value->>0, value->>1, value->>2 FROM json_each(?2) WHERE true
         ON CONFLICT (channel, id) DO UPDATE SET
             fingerprint = excluded.fingerprint, again_at = excluded.again_at, erased = 0",
        &[Param::Int(number), Param::Text(&json)],
    )?;
    Ok(())
}

/// Forgets records.
pub fn forget(sql: &dyn Sql, number: i64, ids: &[RecordId]) -> Result<(), SqlError> {
    if ids.is_empty() {
        return Ok(());
    }
    sql.exec(
        "DELETE FROM channel_members WHERE channel = ?1 AND id IN (SELECT value FROM json_each(?2))",
        &[Param::Int(number), Param::Text(&ids_json(ids))],
    )?;
    Ok(())
}

/// Notes that members were deleted for privacy, for when the channel may tell.
pub fn note_erased(sql: &dyn Sql, number: i64, ids: &[RecordId]) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE channel_members SET erased = 1
         WHERE channel = ?1 AND id IN (SELECT value FROM json_each(?2))",
        &[Param::Int(number), Param::Text(&ids_json(ids))],
    )?;
    Ok(())
}

/// How many members a channel has. Counts them one by one: 100,000 take some milliseconds.
pub fn count(sql: &dyn Sql, number: i64) -> Result<u64, SqlError> {
    let statement = "SELECT count(fingerprint) FROM channel_members WHERE channel = ?1";
    Ok(int(sql, statement, &[Param::Int(number)])?.unwrap_or(0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    fn member(id: u64, fingerprint: i64, again_at: Option<i64>) -> Known {
        let again_at = again_at.map(Timestamp);
        Known { id: RecordId(id), fingerprint: Some(fingerprint), again_at, erased: false }
    }

    #[test]
    fn what_a_channel_remembers_is_exact_to_the_last_bit_and_its_own() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let one = add(&sql, &ChannelId::from_random([1; 12]), "{}").unwrap();
        let other = add(&sql, &ChannelId::from_random([2; 12]), "{}").unwrap();
        let rows = [member(7, i64::MIN + 1, None), member((1 << 53) + 1, i64::MAX, Some(9))];
        put(&sql, one, &rows).unwrap();
        put(&sql, other, &[member(7, 5, Some(3))]).unwrap();
        assert_eq!(above(&sql, one, RecordId(0), 9).unwrap(), rows);
        assert_eq!(above(&sql, one, RecordId(7), 9).unwrap(), rows[1..]);
        assert_eq!(known(&sql, other, &[RecordId(7), RecordId(8)]).unwrap(), [member(7, 5, Some(3))]);
        assert_eq!((count(&sql, one).unwrap(), next_at(&sql, one).unwrap()), (2, Some(Timestamp(9))));
        assert_eq!(due(&sql, one, Timestamp(8), 9).unwrap(), []);
        assert_eq!(due(&sql, other, Timestamp(8), 9).unwrap(), [RecordId(7)]);
        note_erased(&sql, other, &[RecordId(7)]).unwrap();
        assert!(known(&sql, other, &[RecordId(7)]).unwrap()[0].erased);
        assert!(!known(&sql, one, &[RecordId(7)]).unwrap()[0].erased);
        assert!(forget_some(&sql, one, 1).unwrap() && !forget_some(&sql, one, 1).unwrap());
        assert_eq!(count(&sql, other).unwrap(), 1);
    }
}

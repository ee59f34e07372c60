//! Who is kept out of the mirror: blocks, each with the keyed hashes of what names its person. No row holds a person's data, and
//! nothing here can tell whose a hash is.
//!
//! With the hash of a record's id lies the modified date HubSpot told of it last, so that a count can leave the record out.

use crate::{
    store::sql::{Param, Row, Sql, SqlError, Value, int, text},
    values::{
        ids::{BlockId, ObjectType, RecordId},
        json,
        time::Timestamp,
    },
};

/// Someone who is kept out, as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its number; the order in which they were made.
    pub number: i64,
    /// Its id.
    pub id: BlockId,
    /// Since when.
    pub at: Timestamp,
    /// Who asked for it, as the engine's JSON.
    pub by: String,
    /// What named the person: the engine's word.
    pub named_by: String,
}

/// A keyed hash, 32 hexadecimal digits.
pub type Hash = String;

/// What is known of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Number of the first block that has it.
    pub block: i64,
    /// Of which type the record is, where it is the hash of a record's id.
    pub of: Option<ObjectType>,
    /// The record's modified date at HubSpot, where HubSpot has shown it since.
    pub updated_at: Option<Timestamp>,
    /// When it was shown, to within a day.
    pub seen_at: Timestamp,
}

fn block(row: Row) -> Option<Block> {
    let [number, id, at, by, named_by] = <[Value; 5]>::try_from(row).ok()?;
    Some(Block {
        number: number.int()?,
        id: id.text()?.parse().ok()?,
        at: Timestamp(at.int()?),
        by: by.into_text()?,
        named_by: named_by.into_text()?,
    })
}

const COLUMNS: &str = "SELECT number, id, at, by, named_by FROM blocks";

/// Blocks before a number, the newest first.
pub fn page(sql: &dyn Sql, before: i64, limit: u32) -> Result<Vec<Block>, SqlError> {
    let statement = format!("{COLUMNS} WHERE number < ?1 ORDER BY number DESC LIMIT ?2");
    let rows = sql.exec(&statement, &[Param::Int(before.clamp(0, 1 << 53)), Param::Int(limit.into())])?;
    rows.into_iter().map(block).collect::<Option<_>>().ok_or(SqlError::Content("blocks"))
}

/// One block.
pub fn one(sql: &dyn Sql, id: &BlockId) -> Result<Option<Block>, SqlError> {
    let rows = sql.exec(&format!("{COLUMNS} WHERE id = ?1"), &[Param::Text(id.as_str())])?;
    rows.into_iter().next().map(|row| block(row).ok_or(SqlError::Content("blocks"))).transpose()
}

/// One block by its number.
pub fn numbered(sql: &dyn Sql, number: i64) -> Result<Option<Block>, SqlError> {
    let rows = sql.exec(&format!("{COLUMNS} WHERE number = ?1"), &[Param::Int(number)])?;
    rows.into_iter().next().map(|row| block(row).ok_or(SqlError::Content("blocks"))).transpose()
}

/// Adds a block; its number.
pub fn add(sql: &dyn Sql, id: &BlockId, at: Timestamp, by: &str, named_by: &str) -> Result<i64, SqlError> {
    sql.exec(
        "INSERT INTO blocks (id, at, by, named_by) VALUES (?1, ?2, ?3, ?4)",
        &[Param::Text(id.as_str()), Param::Int(at.0), Param::Text(by), Param::Text(named_by)],
    )?;
    int(sql, "SELECT number FROM blocks WHERE id = ?1", &[Param::Text(id.as_str())])?
        .ok_or(SqlError::Content("blocks"))
}

/// Removes a block; its hashes, of which other blocks may have some.
pub fn remove(sql: &dyn Sql, number: i64) -> Result<Vec<Hash>, SqlError> {
    let statement = "SELECT json_group_array(hash) FROM block_hashes WHERE block = ?1";
    let hashes = text(sql, statement, &[Param::Int(number)])?;
    sql.exec("DELETE FROM block_hashes WHERE block = ?1", &[Param::Int(number)])?;
    sql.exec("DELETE FROM blocks WHERE number = ?1", &[Param::Int(number)])?;
    json::parse(hashes.as_deref().unwrap_or("[]")).map_err(|_| SqlError::Content("block_hashes"))
}

/// Adds a hash to a block.
pub fn add_hash(
    sql: &dyn Sql,
    block: i64,
    hash: &str,
    of: Option<ObjectType>,
    updated_at: Option<Timestamp>,
    seen_at: Timestamp,
) -> Result<(), SqlError> {
    let of = of.map(ObjectType::name);
    sql.exec(
        "INSERT INTO block_hashes (hash, block, object_type, updated_at, seen_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (hash, block) DO NOTHING",
        &[
            Param::Text(hash),
            Param::Int(block),
            of.as_deref().map_or(Param::Null, Param::Text),
            updated_at.map_or(Param::Null, |at| Param::Int(at.0)),
            Param::Int(seen_at.0),
        ],
    )?;
    Ok(())
}

/// Notes the date that HubSpot shows of a record that is kept out; `None`: HubSpot shows it no longer.
pub fn note(
    sql: &dyn Sql,
    hash: &str,
    updated_at: Option<Timestamp>,
    seen_at: Timestamp,
) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE block_hashes SET updated_at = ?2, seen_at = ?3 WHERE hash = ?1",
        &[Param::Text(hash), updated_at.map_or(Param::Null, |at| Param::Int(at.0)), Param::Int(seen_at.0)],
    )?;
    Ok(())
}

/// Every hash there is.
pub fn hashes(sql: &dyn Sql) -> Result<Vec<(Hash, Entry)>, SqlError> {
    let rows = sql.exec(
        "SELECT hash, min(block), object_type, updated_at, seen_at FROM block_hashes GROUP BY hash",
        &[],
    )?;
    let read = |row: Row| {
        let [hash, block, of, updated_at, seen_at] = <[Value; 5]>::try_from(row).ok()?;
        let of = of.text().map(str::parse).transpose().ok()?;
        let (updated_at, seen_at) = (updated_at.int().map(Timestamp), Timestamp(seen_at.int()?));
        Some((hash.into_text()?, Entry { block: block.int()?, of, updated_at, seen_at }))
    };
    rows.into_iter().map(read).collect::<Option<_>>().ok_or(SqlError::Content("block_hashes"))
}

/// How many people are kept out.
pub fn count(sql: &dyn Sql) -> Result<u32, SqlError> {
    Ok(int(sql, "SELECT count(*) FROM blocks", &[])?.unwrap_or(0) as u32)
}

/// Ids of a type above one, in order, each with whether the record is there: what is gone is a tombstone.
pub fn ids_above(
    sql: &dyn Sql,
    kind: ObjectType,
    above: RecordId,
    limit: u32,
) -> Result<Vec<(RecordId, bool)>, SqlError> {
    let statement = format!(
        "SELECT json_group_array(json_array(id, live)) FROM (
             SELECT id, live FROM records_{} WHERE id > CAST(?1 AS INTEGER) ORDER BY id LIMIT ?2
         )",
        kind.table()
    );
    let json = text(sql, &statement, &[Param::Text(&above.to_string()), Param::Int(limit.into())])?;
    let rows: Vec<(u64, i64)> =
        json::parse(json.as_deref().unwrap_or("[]")).map_err(|_| SqlError::Content("records"))?;
    Ok(rows.into_iter().map(|(id, live)| (RecordId(id), live == 1)).collect())
}

/// Takes away what is to be done about records that are kept out: nothing is left to be found out about them.
pub fn unmark(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<(), SqlError> {
    let ids = super::records::ids_json(ids);
    for table in ["dirty", "link_marks"] {
        let statement =
            format!("DELETE FROM {table} WHERE object_type = ?1 AND id IN (SELECT value FROM json_each(?2))");
        sql.exec(&statement, &[Param::Text(&kind.name()), Param::Text(&ids)])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    #[test]
    fn a_hash_of_two_blocks_stays_until_the_last_of_them_goes() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let id = |byte| BlockId::from_random([byte; 12]);
        let numbers = [1, 2].map(|byte| add(&sql, &id(byte), Timestamp(5), "{}", "email").unwrap());
        let of = Some(ObjectType::Contacts);
        for number in numbers {
            add_hash(&sql, number, "aa", of, Some(Timestamp(3)), Timestamp(5)).unwrap();
        }
        add_hash(&sql, numbers[0], "bb", None, None, Timestamp(5)).unwrap();
        note(&sql, "aa", Some(Timestamp(9)), Timestamp(6)).unwrap();
        assert_eq!(count(&sql).unwrap(), 2);
        assert_eq!(remove(&sql, numbers[0]).unwrap(), ["aa", "bb"]);
        let left = Entry { block: numbers[1], of, updated_at: Some(Timestamp(9)), seen_at: Timestamp(6) };
        assert_eq!(hashes(&sql).unwrap(), [("aa".to_owned(), left)]);
        let third = add(&sql, &id(3), Timestamp(6), "{}", "record").unwrap();
        let ids = |before| page(&sql, before, 9).unwrap().into_iter().map(|block| block.number);
        assert!(ids(i64::MAX).eq([third, numbers[1]]), "the newest first");
        assert!(ids(third).eq([numbers[1]]) && ids(numbers[1]).len() + ids(i64::MIN).len() == 0);
        assert_eq!(one(&sql, &id(1)).unwrap(), None);
        assert_eq!(one(&sql, &id(2)).unwrap(), numbered(&sql, numbers[1]).unwrap());
    }
}

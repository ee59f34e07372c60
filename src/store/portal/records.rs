//! The mirror: one table per object type, one row per record or tombstone.
//!
//! Properties are one JSON object of the non-null values, names sorted, all values strings as HubSpot sent them: equal
//! content is equal text. A tombstone keeps its id and the moment it was seen gone, nothing of the record.
//!
//! A record can be larger than a row may be: its text is then cut, and what does not fit lies in `parts`. Whoever reads a row
//! as long as a cut one looks there.

use std::fmt::Write as _;

use crate::{
    store::{
        portal::keys::Key,
        sql::{MAX_PARAMS, Param, Row, Sql, SqlError, Value},
    },
    values::{
        ids::{ObjectType, RecordId},
        json,
        time::Timestamp,
    },
};

/// Most bytes of values in one statement: half of the platform's 2 MB, since a page is rarely over 200 KB.
pub const STATEMENT_BYTES: usize = 1_000_000;

/// Most bytes of a record's text in one row: half of the platform's 2 MB. A cut falls between two characters, so a cut row is
/// at most three bytes shorter.
const PART_BYTES: usize = 1_000_000;
/// Merges that one id may have gone through to lead anywhere: people merge by hand, two at a time.
const MERGES: u32 = 50;

/// What the mirror knows of a record when it compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: RecordId,
    /// HubSpot's modified date; 0 for a tombstone of a record never seen.
    pub updated_at: Timestamp,
    /// The object's counter when the read left that this row comes from.
    pub seen_at: i64,
    /// Whether it is a record or a tombstone.
    pub live: bool,
    /// The record it was merged into, or is said to have been while it still counts as live.
    pub merged_into: Option<RecordId>,
    /// JSON of the non-null values; `None` for a tombstone.
    pub properties: Option<String>,
}

/// What the mirror knows of a record's date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: RecordId,
    /// As in [`Stored`].
    pub updated_at: Timestamp,
    /// As in [`Stored`].
    pub seen_at: i64,
    /// As in [`Stored`].
    pub live: bool,
}

impl Known {
    /// It is the tombstone of a record that was asked for and not there, or is told of by another it became part of.
    pub fn never_held(&self) -> bool {
        !self.live && self.updated_at == Timestamp::default()
    }
}

/// A record as it is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Its id.
    pub id: RecordId,
    /// HubSpot's creation date.
    pub created_at: Timestamp,
    /// HubSpot's modified date.
    pub updated_at: Timestamp,
    /// JSON of the non-null values.
    pub properties: String,
}

/// One record to be written.
#[derive(Debug, Clone)]
pub struct Write<'a> {
    /// Its id.
    pub id: RecordId,
    /// HubSpot's creation date.
    pub created_at: Timestamp,
    /// HubSpot's modified date.
    pub updated_at: Timestamp,
    /// Of the key property, where the record has one.
    pub key: Option<Key>,
    /// JSON of the non-null values.
    pub properties: &'a str,
}

/// One record to be entombed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grave {
    /// The id that is gone.
    pub id: RecordId,
    /// The record it was merged into.
    pub merged_into: Option<RecordId>,
}

/// Ids as a JSON array of whole numbers: exact at any size.
pub fn ids_json(ids: &[RecordId]) -> String {
    let mut json = String::with_capacity(ids.len() * 13 + 2);
    json.push('[');
    for (index, id) in ids.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        write!(json, "{id}").expect("writing to a string does not fail");
    }
    json.push(']');
    json
}

fn stored(row: Row) -> Option<Stored> {
    let [id, updated_at, seen_at, live, merged_into, properties] = <[Value; 6]>::try_from(row).ok()?;
    Some(Stored {
        id: id.text()?.parse().ok()?,
        updated_at: Timestamp(updated_at.int()?),
        seen_at: seen_at.int()?,
        live: live.int()? == 1,
        merged_into: merged_into.text().and_then(|id| id.parse().ok()),
        properties: properties.into_text(),
    })
}

/// The columns of [`Stored`].
const STORED: &str = "CAST(id AS TEXT), updated_at, seen_at, live, CAST(merged_into AS TEXT), properties";

/// What the mirror holds with ids in `(above, up_to]`, and besides of `ids`; in no order, each once.
pub fn in_range_or(
    sql: &dyn Sql,
    kind: ObjectType,
    above: RecordId,
    up_to: Option<RecordId>,
    ids: &[RecordId],
) -> Result<Vec<Stored>, SqlError> {
    let statement = format!(
        "SELECT {STORED} FROM records_{}
         WHERE id > CAST(?1 AS INTEGER) AND id <= CAST(?2 AS INTEGER)",
        kind.table()
    );
    let last = up_to.map_or(i64::MAX as u64, |id| id.0).to_string();
    let rows = sql.exec(&statement, &[Param::Text(&above.to_string()), Param::Text(&last)])?;
    let mut all = all_stored(sql, kind, rows)?;
    // A page is of its range, unless HubSpot's order is not the one it promises.
    let outside: Vec<RecordId> =
        ids.iter().copied().filter(|id| *id <= above || up_to.is_some_and(|up_to| *id > up_to)).collect();
    if !outside.is_empty() {
        all.extend(by_ids(sql, kind, &outside)?);
    }
    Ok(all)
}

/// What the mirror holds of `ids`; in no order.
pub fn by_ids(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<Vec<Stored>, SqlError> {
    let statement = format!(
        "SELECT {STORED} FROM records_{} WHERE id IN (SELECT value FROM json_each(?1))",
        kind.table()
    );
    let rows = sql.exec(&statement, &[Param::Text(&ids_json(ids))])?;
    all_stored(sql, kind, rows)
}

fn all_stored(sql: &dyn Sql, kind: ObjectType, rows: Vec<Row>) -> Result<Vec<Stored>, SqlError> {
    let mut all: Vec<Stored> =
        rows.into_iter().map(stored).collect::<Option<_>>().ok_or(SqlError::Content("records"))?;
    for row in &mut all {
        if let Some(text) = &mut row.properties {
            add_parts(sql, kind, row.id, text)?;
        }
    }
    Ok(all)
}

/// Adds what of a record's text is not in its row.
pub(super) fn add_parts(
    sql: &dyn Sql,
    kind: ObjectType,
    id: RecordId,
    text: &mut String,
) -> Result<(), SqlError> {
    if text.len() + 3 < PART_BYTES {
        return Ok(());
    }
    let rows = sql.exec(
        "SELECT text FROM parts WHERE object_type = ?1 AND id = CAST(?2 AS INTEGER) ORDER BY number",
        &[Param::Text(&kind.name()), Param::Text(&id.to_string())],
    )?;
    for part in rows.into_iter().flatten() {
        text.push_str(part.text().ok_or(SqlError::Content("parts"))?);
    }
    Ok(())
}

/// Drops what earlier versions of these records had in `parts`.
fn drop_parts(sql: &dyn Sql, kind: ObjectType, ids: impl Iterator<Item = RecordId>) -> Result<(), SqlError> {
    // Hardly an account has such records.
    if sql.exec("SELECT 1 FROM parts LIMIT 1", &[])?.is_empty() {
        return Ok(());
    }
    let ids: Vec<RecordId> = ids.collect();
    sql.exec(
        "DELETE FROM parts WHERE object_type = ?1 AND id IN (SELECT value FROM json_each(?2))",
        &[Param::Text(&kind.name()), Param::Text(&ids_json(&ids))],
    )?;
    Ok(())
}

/// The part of a text that stays in the row, and the others.
fn cut(text: &str) -> (&str, Vec<&str>) {
    let (first, mut rest) = text.split_at(text.floor_char_boundary(PART_BYTES));
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (part, others) = rest.split_at(rest.floor_char_boundary(PART_BYTES));
        parts.push(part);
        rest = others;
    }
    (first, parts)
}

/// Dates and states of `ids`, and of everything live in `(above, up_to]` where a range is given.
pub fn known(
    sql: &dyn Sql,
    kind: ObjectType,
    ids: &[RecordId],
    range: Option<(RecordId, Option<RecordId>)>,
) -> Result<Vec<Known>, SqlError> {
    let (above, up_to) = match range {
        Some((above, up_to)) => (above.0, up_to.map_or(i64::MAX as u64, |id| id.0)),
        None => (1, 0),
    };
    let statement = format!(
        "SELECT json_group_array(json_array(id, updated_at, seen_at, live)) FROM records_{0}
         WHERE id IN (SELECT value FROM json_each(?1)
                      UNION SELECT id FROM records_{0}
                            WHERE id > CAST(?2 AS INTEGER) AND id <= CAST(?3 AS INTEGER) AND live = 1)",
        kind.table()
    );
    let params = [ids_json(ids), above.to_string(), up_to.to_string()];
    let json = crate::store::sql::text(
        sql,
        &statement,
        &[Param::Text(&params[0]), Param::Text(&params[1]), Param::Text(&params[2])],
    )?;
    let rows: Vec<(u64, i64, i64, i64)> =
        json::parse(&json.unwrap_or_else(|| "[]".to_owned())).map_err(|_| SqlError::Content("records"))?;
    Ok(rows
        .into_iter()
        .map(|(id, updated_at, seen_at, live)| Known {
            id: RecordId(id),
            updated_at: Timestamp(updated_at),
            seen_at,
            live: live == 1,
        })
        .collect())
}

/// Rows of one statement of [`put`]: five parameters each and one for all, of the platform's hundred.
const ROWS: usize = (MAX_PARAMS - 1) / 5;

/// Writes records, new or known, as seen by the read that left at `seen_at`.
///
/// Bound row by row and not as one JSON text: a record is over a kilobyte, and SQLite would parse and print it again
/// (measured: 2.4 µs a record of 30 values against 11).
pub fn put(sql: &dyn Sql, kind: ObjectType, writes: &[Write<'_>], seen_at: i64) -> Result<(), SqlError> {
    drop_parts(sql, kind, writes.iter().map(|write| write.id))?;
    let mut start = 0;
    while start < writes.len() {
        let mut bytes = 0;
        let rows = writes[start..]
            .iter()
            .take(ROWS)
            .take_while(|write| {
                bytes += write.properties.len();
                bytes <= STATEMENT_BYTES
            })
            .count()
            .max(1);
        put_rows(sql, kind, &writes[start..start + rows], seen_at)?;
        start += rows;
    }
    Ok(())
}

/// Takes the rows away that [`put`] is about to write smaller. SQLite gives no page back for a row that shrinks in its place, and
/// does for rows that go.
pub fn make_room(sql: &dyn Sql, kind: ObjectType, writes: &[Write<'_>]) -> Result<(), SqlError> {
    let ids: Vec<RecordId> = writes.iter().map(|write| write.id).collect();
    let statement =
        format!("DELETE FROM records_{} WHERE id IN (SELECT value FROM json_each(?1))", kind.table());
    sql.exec(&statement, &[Param::Text(&ids_json(&ids))])?;
    Ok(())
}

fn put_rows(sql: &dyn Sql, kind: ObjectType, writes: &[Write<'_>], seen_at: i64) -> Result<(), SqlError> {
    let mut statement = format!(
        "INSERT INTO records_{} (id, created_at, updated_at, key, properties, seen_at, live) VALUES ",
        kind.table()
    );
    let mut params = vec![Param::Int(seen_at)];
    let ids: Vec<String> = writes.iter().map(|write| write.id.to_string()).collect();
    let mut rest = Vec::new();
    for (index, (write, id)) in writes.iter().zip(&ids).enumerate() {
        let first = params.len() + 1;
        let comma = if index > 0 { "," } else { "" };
        write!(
            statement,
            "{comma}(?{first},?{},?{},?{},?{},?1,1)",
            first + 1,
            first + 2,
            first + 3,
            first + 4
        )
        .expect("writing to a string does not fail");
        let (properties, parts) = cut(write.properties);
        rest.extend(parts.into_iter().zip(1..).map(|(part, number)| (id, number, part)));
        // As text: exact beyond 2^53, and the column makes it a number.
        params.extend([
            Param::Text(id),
            Param::Int(write.created_at.0),
            Param::Int(write.updated_at.0),
            write.key.map_or(Param::Null, |key| Param::Int(key.0)),
            Param::Kept(properties),
        ]);
    }
    statement.push_str(
        " ON CONFLICT (id) DO UPDATE SET
             created_at = excluded.created_at, updated_at = excluded.updated_at, seen_at = excluded.seen_at,
             live = 1, merged_into = NULL, key = excluded.key, properties = excluded.properties",
    );
    sql.exec(&statement, &params)?;
    for (id, number, part) in rest {
        sql.exec(
            "INSERT INTO parts (object_type, id, number, text) VALUES (?1, ?2, ?3, ?4)",
            &[Param::Text(&kind.name()), Param::Text(id), Param::Int(number), Param::Text(part)],
        )?;
    }
    Ok(())
}

/// Turns records into tombstones, known or not: one that is not known yet guards against an older page still in flight.
pub fn entomb(sql: &dyn Sql, kind: ObjectType, graves: &[Grave], seen_at: i64) -> Result<(), SqlError> {
    drop_parts(sql, kind, graves.iter().map(|grave| grave.id))?;
    let rows: Vec<(RecordId, Option<RecordId>)> =
        graves.iter().map(|grave| (grave.id, grave.merged_into)).collect();
    let json = serde_json::to_string(&rows).expect("ids are JSON");
    let statement = format!(
        "INSERT INTO records_{} (id, created_at, updated_at, seen_at, live, merged_into, key, properties)
         SELECT value->>0, 0, 0, ?2, 0, value->>1, NULL, NULL FROM json_each(?1) WHERE true
         ON CONFLICT (id) DO UPDATE SET
             seen_at = excluded.seen_at, live = 0, merged_into = coalesce(excluded.merged_into, merged_into),
             key = NULL, properties = NULL",
        kind.table()
    );
    sql.exec(&statement, &[Param::Text(&json), Param::Int(seen_at)])?;
    Ok(())
}

fn live(row: Row) -> Option<Live> {
    let [id, created_at, updated_at, properties] = <[Value; 4]>::try_from(row).ok()?;
    Some(Live {
        id: id.text()?.parse().ok()?,
        created_at: Timestamp(created_at.int()?),
        updated_at: Timestamp(updated_at.int()?),
        properties: properties.into_text()?,
    })
}

pub(super) fn all_live(sql: &dyn Sql, kind: ObjectType, rows: Vec<Row>) -> Result<Vec<Live>, SqlError> {
    let mut all: Vec<Live> =
        rows.into_iter().map(live).collect::<Option<_>>().ok_or(SqlError::Content("records"))?;
    for row in &mut all {
        add_parts(sql, kind, row.id, &mut row.properties)?;
    }
    Ok(all)
}

/// Live records with ids above `after`, in id order.
pub fn page(sql: &dyn Sql, kind: ObjectType, after: RecordId, limit: u32) -> Result<Vec<Live>, SqlError> {
    let statement = format!(
        "SELECT CAST(id AS TEXT), created_at, updated_at, properties FROM records_{}
         WHERE id > CAST(?1 AS INTEGER) AND live = 1 ORDER BY id LIMIT ?2",
        kind.table()
    );
    let rows = sql.exec(&statement, &[Param::Text(&after.to_string()), Param::Int(limit.into())])?;
    all_live(sql, kind, rows)
}

/// Ids of live records above `after`, in order.
pub fn ids_after(
    sql: &dyn Sql,
    kind: ObjectType,
    after: RecordId,
    limit: usize,
) -> Result<Vec<RecordId>, SqlError> {
    let statement = format!(
        "SELECT json_group_array(id) FROM (
             SELECT id FROM records_{} WHERE id > CAST(?1 AS INTEGER) AND live = 1 ORDER BY id LIMIT ?2
         )",
        kind.table()
    );
    let json = crate::store::sql::text(
        sql,
        &statement,
        &[Param::Text(&after.to_string()), Param::Int(limit as i64)],
    )?;
    json.map_or(Ok(Vec::new()), |json| json::parse(&json)).map_err(|_| SqlError::Content("records"))
}

/// Live records of these ids; in id order.
pub fn live_by_ids(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<Vec<Live>, SqlError> {
    let statement = format!(
        "SELECT CAST(id AS TEXT), created_at, updated_at, properties FROM records_{}
         WHERE id IN (SELECT value FROM json_each(?1)) AND live = 1 ORDER BY id",
        kind.table()
    );
    let rows = sql.exec(&statement, &[Param::Text(&ids_json(ids))])?;
    all_live(sql, kind, rows)
}

/// Takes the indexes over keys and dates away while a mirror is filled: they come in no order, so keeping one would write one more page of
/// the database for every record (measured: half of the processor time of a first sync). Lookups by key read the table meanwhile.
pub fn drop_indexes(sql: &dyn Sql, kind: ObjectType) -> Result<(), SqlError> {
    for index in ["key", "dates"] {
        sql.exec(&format!("DROP INDEX IF EXISTS records_{}_{index}", kind.table()), &[])?;
    }
    Ok(())
}

/// Builds the index over modified dates that counting goes by, if it is not there. The first count or sample after a full read
/// asks for it, so that a record that is read costs no more than it must.
pub fn build_dates_index(sql: &dyn Sql, kind: ObjectType) -> Result<(), SqlError> {
    let statement = format!(
        "CREATE INDEX IF NOT EXISTS records_{0}_dates ON records_{0} (updated_at) WHERE live = 1",
        kind.table()
    );
    sql.exec(&statement, &[])?;
    Ok(())
}

/// Notes what records say of others: that these became part of them. Whether they are gone is still to be read; of one that the
/// mirror never held a tombstone remains, so that its id leads to the record. Answers those that were seen gone before anybody
/// said into what.
pub fn note_merged(
    sql: &dyn Sql,
    kind: ObjectType,
    merged: &[(RecordId, RecordId)],
) -> Result<Vec<(RecordId, RecordId)>, SqlError> {
    let json = serde_json::to_string(merged).expect("ids are JSON");
    let statement = format!(
        "INSERT INTO records_{} (id, created_at, updated_at, seen_at, live, merged_into)
         SELECT value->>0, 0, 0, 0, 0, value->>1 FROM json_each(?1) WHERE value->>1 <> value->>0
         ON CONFLICT (id) DO UPDATE SET merged_into = excluded.merged_into WHERE merged_into IS NULL
         RETURNING CAST(id AS TEXT), CAST(merged_into AS TEXT), live = 0 AND updated_at > 0",
        kind.table()
    );
    let rows = sql.exec(&statement, &[Param::Text(&json)])?;
    let late = |row: &Row| match row.as_slice() {
        [id, into, Value::Int(1)] => Some((id.text()?.parse().ok()?, into.text()?.parse().ok()?)),
        _ => None,
    };
    Ok(rows.iter().filter_map(late).collect())
}

/// Of these, records that something became part of.
pub fn grown(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId]) -> Result<Vec<RecordId>, SqlError> {
    let statement = format!(
        "SELECT json_group_array(DISTINCT merged_into) FROM records_{}
         WHERE merged_into IN (SELECT value FROM json_each(?1))",
        kind.table()
    );
    let json = crate::store::sql::text(sql, &statement, &[Param::Text(&ids_json(ids))])?;
    json.map_or(Ok(Vec::new()), |json| json::parse(&json)).map_err(|_| SqlError::Content("records"))
}

/// The ids that became part of a record, directly or by way of others.
pub fn merged_from(sql: &dyn Sql, kind: ObjectType, id: RecordId) -> Result<Vec<RecordId>, SqlError> {
    let statement = format!(
        "WITH RECURSIVE part (id) AS (
             SELECT CAST(?1 AS INTEGER)
             UNION SELECT records.id FROM part JOIN records_{} AS records ON records.merged_into = part.id
         ) SELECT json_group_array(id) FROM part",
        kind.table()
    );
    let json = crate::store::sql::text(sql, &statement, &[Param::Text(&id.to_string())])?;
    let ids: Vec<RecordId> =
        json.map_or(Ok(Vec::new()), |json| json::parse(&json)).map_err(|_| SqlError::Content("records"))?;
    Ok(ids.into_iter().filter(|part| *part != id).collect())
}

/// What a record became in the end, by way of all it was merged into: itself, where it was not.
pub fn lead(sql: &dyn Sql, kind: ObjectType, id: RecordId) -> Result<RecordId, SqlError> {
    let statement = format!(
        "WITH RECURSIVE part (id, depth) AS (
             SELECT CAST(?1 AS INTEGER), 0
             UNION ALL SELECT records.merged_into, depth + 1 FROM part JOIN records_{} AS records ON records.id = part.id
                 WHERE records.live = 0 AND records.merged_into IS NOT NULL AND depth < {MERGES}
         ) SELECT CAST(id AS TEXT) FROM part ORDER BY depth DESC LIMIT 1",
        kind.table()
    );
    let lead = crate::store::sql::text(sql, &statement, &[Param::Text(&id.to_string())])?;
    lead.map_or(Ok(id), |text| text.parse().map_err(|_| SqlError::Content("records")))
}

/// Where a merged-away id leads, if it was merged away.
pub fn merged_into(sql: &dyn Sql, kind: ObjectType, id: RecordId) -> Result<Option<RecordId>, SqlError> {
    let statement = format!(
        "SELECT CAST(merged_into AS TEXT) FROM records_{} WHERE id = CAST(?1 AS INTEGER) AND live = 0",
        kind.table()
    );
    let target = crate::store::sql::text(sql, &statement, &[Param::Text(&id.to_string())])?;
    target.map(|text| text.parse().map_err(|_| SqlError::Content("records"))).transpose()
}

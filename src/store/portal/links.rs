//! Which records are linked: one row a link, found from both ends; and marks of records whose links a later read must settle.
//!
//! | table | one row is | key |
//! |---|---|---|
//! | `links` | one link of two records, with its types as seen from each end | pair of types, holder, other |
//! | `link_marks` | a record whose links are to be read again | object type, id |
//! | `link_types` | what a type of association is called in one direction | from, to, type |
//!
//! A row a link and not a row a record: a row a record would save one row in two of a first read, but a company of 60,000
//! contacts would then be a megabyte that is written again for each of them, and more than a row may hold. So a change costs
//! two rows (the link, and the index from its other end) whatever it belongs to; a link takes about 60 bytes.
//!
//! Types are texts here (`H1 H279`); what they mean is the engine's.

use crate::{
    store::{
        portal::records::ids_json,
        sql::{Param, Sql, SqlError, Value, int, text},
    },
    values::{
        ids::{ObjectType, RecordId},
        json,
    },
};

/// Links of one statement: about 50 bytes each of the platform's 2 MB.
const ROWS: usize = 10_000;

/// Two object types between which records are linked. The holder is the one whose records have few links each: deals before
/// contacts before companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// Whose `a` a row names.
    pub holder: ObjectType,
    /// Whose `b`.
    pub other: ObjectType,
}

/// From which end a link is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The holder's.
    Holder,
    /// The other's.
    Other,
    /// Either: both ends are of one type.
    Either,
}

impl Pair {
    /// Every pair of types whose links are mirrored.
    pub const ALL: [Self; 6] = [
        Self { holder: ObjectType::Contacts, other: ObjectType::Companies },
        Self { holder: ObjectType::Deals, other: ObjectType::Contacts },
        Self { holder: ObjectType::Deals, other: ObjectType::Companies },
        Self { holder: ObjectType::Contacts, other: ObjectType::Contacts },
        Self { holder: ObjectType::Companies, other: ObjectType::Companies },
        Self { holder: ObjectType::Deals, other: ObjectType::Deals },
    ];

    /// The pair of two types, and from which side the first sees it. Of types whose links are not mirrored there are no rows.
    pub fn seen_from(from: ObjectType, to: ObjectType) -> (Self, Side) {
        let rank = |kind: ObjectType| match kind {
            ObjectType::Deals => 0,
            ObjectType::Contacts => 1,
            ObjectType::Companies => 2,
            ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes | ObjectType::Custom(_) => 3,
        };
        match rank(from).cmp(&rank(to)) {
            std::cmp::Ordering::Less => (Self { holder: from, other: to }, Side::Holder),
            std::cmp::Ordering::Equal => (Self { holder: from, other: to }, Side::Either),
            std::cmp::Ordering::Greater => (Self { holder: to, other: from }, Side::Other),
        }
    }

    /// The number in the table: HubSpot's numbers of both types (0-1 and 0-2: 12).
    const fn code(self) -> i64 {
        const fn number(kind: ObjectType) -> i64 {
            match kind {
                ObjectType::Contacts => 1,
                ObjectType::Companies => 2,
                ObjectType::Deals => 3,
                ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes | ObjectType::Custom(_) => 0,
            }
        }
        number(self.holder) * 10 + number(self.other)
    }
}

/// A link as a record sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The record.
    pub id: RecordId,
    /// What it is linked to.
    pub to: RecordId,
    /// Its types as the record sees them. Empty: not read from this end yet.
    pub types: String,
    /// Its types as the other end sees them, likewise.
    pub back: String,
}

/// A link as it is stored, from the holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The holder.
    pub a: RecordId,
    /// The other; of two records of one type the one with the greater id.
    pub b: RecordId,
    /// Types as the holder sees them; empty: not read yet.
    pub there: String,
    /// Types as the other sees them, likewise.
    pub back: String,
}

impl Row {
    /// The row of a link that is looked at from a side.
    pub fn of(link: Link, side: Side) -> Self {
        let Link { id, to, types, back } = link;
        let turned = match side {
            Side::Holder => false,
            Side::Other => true,
            Side::Either => id > to,
        };
        if turned {
            Self { a: to, b: id, there: back, back: types }
        } else {
            Self { a: id, b: to, there: types, back }
        }
    }
}

fn link(row: Vec<Value>) -> Option<Link> {
    let [id, to, types, back] = <[Value; 4]>::try_from(row).ok()?;
    Some(Link {
        id: id.text()?.parse().ok()?,
        to: to.text()?.parse().ok()?,
        types: types.into_text()?,
        back: back.into_text()?,
    })
}

/// The selections of a side: the columns as the record sees them, and the column its own id is in.
fn views(side: Side) -> &'static [(&'static str, &'static str, &'static str)] {
    const HOLDER: (&str, &str, &str) =
        ("CAST(a AS TEXT) AS id, CAST(b AS TEXT) AS other, there AS types, back", "a", "b");
    const OTHER: (&str, &str, &str) =
        ("CAST(b AS TEXT) AS id, CAST(a AS TEXT) AS other, back AS types, there AS back", "b", "a");
    match side {
        Side::Holder => &[HOLDER],
        Side::Other => &[OTHER],
        Side::Either => &[HOLDER, OTHER],
    }
}

/// The links of some records, in no order.
pub fn of(sql: &dyn Sql, pair: Pair, side: Side, ids: &[RecordId]) -> Result<Vec<Link>, SqlError> {
    let ids = ids_json(ids);
    let mut all = Vec::new();
    for (columns, own, _) in views(side) {
        let statement = format!(
            "SELECT {columns} FROM links WHERE pair = ?1 AND {own} IN (SELECT value FROM json_each(?2))"
        );
        let rows = sql.exec(&statement, &[Param::Int(pair.code()), Param::Text(&ids)])?;
        for row in rows {
            all.push(link(row).ok_or(SqlError::Content("links"))?);
        }
    }
    Ok(all)
}

/// The links of one record to ids above `after`, in order of those.
pub fn page(
    sql: &dyn Sql,
    pair: Pair,
    side: Side,
    id: RecordId,
    after: RecordId,
    limit: u32,
) -> Result<Vec<Link>, SqlError> {
    let (id, after) = (id.to_string(), after.to_string());
    let mut all = Vec::new();
    for (columns, own, far) in views(side) {
        let statement = format!(
            "SELECT {columns} FROM links WHERE pair = ?1 AND {own} = CAST(?2 AS INTEGER)
             AND {far} > CAST(?3 AS INTEGER) ORDER BY {far} LIMIT {limit}"
        );
        let rows = sql.exec(&statement, &[Param::Int(pair.code()), Param::Text(&id), Param::Text(&after)])?;
        for row in rows {
            all.push(link(row).ok_or(SqlError::Content("links"))?);
        }
    }
    all.sort_by_key(|link| link.to);
    all.truncate(limit as usize);
    Ok(all)
}

/// The links of one record to the youngest of those that it is linked to, in order of falling ids.
pub fn youngest(
    sql: &dyn Sql,
    pair: Pair,
    side: Side,
    id: RecordId,
    limit: u32,
) -> Result<Vec<Link>, SqlError> {
    let id = id.to_string();
    let mut all = Vec::new();
    for (columns, own, far) in views(side) {
        let statement = format!(
            "SELECT {columns} FROM links WHERE pair = ?1 AND {own} = CAST(?2 AS INTEGER) ORDER BY {far} DESC LIMIT {limit}"
        );
        for row in sql.exec(&statement, &[Param::Int(pair.code()), Param::Text(&id)])? {
            all.push(link(row).ok_or(SqlError::Content("links"))?);
        }
    }
    all.sort_by_key(|link| std::cmp::Reverse(link.to));
    all.truncate(limit as usize);
    Ok(all)
}

/// How many links each of some records has, and one that is of type `primary`; those without any are left out.
pub fn totals(
    sql: &dyn Sql,
    pair: Pair,
    side: Side,
    ids: &[RecordId],
    primary: &str,
) -> Result<Vec<(RecordId, u64, Option<RecordId>)>, SqlError> {
    let ids = ids_json(ids);
    let needle = format!(" {primary} ");
    let mut all: Vec<(RecordId, u64, Option<RecordId>)> = Vec::new();
    for (_, own, far) in views(side) {
        let types = if *own == "a" { "there" } else { "back" };
        let statement = format!(
            "SELECT json_group_array(json_array(id, total, main)) FROM (
                 SELECT {own} AS id, count(*) AS total,
                        max(CASE WHEN instr(' ' || {types} || ' ', ?3) > 0 THEN {far} END) AS main
                 FROM links WHERE pair = ?1 AND {own} IN (SELECT value FROM json_each(?2)) GROUP BY {own})"
        );
        let json =
            text(sql, &statement, &[Param::Int(pair.code()), Param::Text(&ids), Param::Text(&needle)])?;
        let rows: Vec<(u64, u64, Option<u64>)> =
            json::parse(json.as_deref().unwrap_or("[]")).map_err(|_| SqlError::Content("links"))?;
        for (id, total, main) in rows {
            match all.iter_mut().find(|row| side == Side::Either && row.0.0 == id) {
                Some(row) => row.1 += total,
                None => all.push((RecordId(id), total, main.map(RecordId))),
            }
        }
    }
    Ok(all)
}

/// Writes links, new or known.
pub fn put(sql: &dyn Sql, pair: Pair, rows: &[Row]) -> Result<(), SqlError> {
    for some in rows.chunks(ROWS) {
        let some: Vec<(RecordId, RecordId, &str, &str)> =
            some.iter().map(|row| (row.a, row.b, row.there.as_str(), row.back.as_str())).collect();
        sql.exec(
            "INSERT INTO links (pair, a, b, there, back)
             SELECT ?1, value->>0, value->>1, value->>2, value->>3 FROM json_each(?2) WHERE true
             ON CONFLICT (pair, a, b) DO UPDATE SET there = excluded.there, back = excluded.back",
            &[
                Param::Int(pair.code()),
                Param::Text(&serde_json::to_string(&some).expect("ids and texts are JSON")),
            ],
        )?;
    }
    Ok(())
}

/// Takes links away.
pub fn remove(sql: &dyn Sql, pair: Pair, rows: &[Row]) -> Result<(), SqlError> {
    for some in rows.chunks(ROWS) {
        let some: Vec<(RecordId, RecordId)> = some.iter().map(|row| (row.a, row.b)).collect();
        sql.exec(
            "DELETE FROM links WHERE pair = ?1
             AND (a, b) IN (SELECT value->>0, value->>1 FROM json_each(?2))",
            &[Param::Int(pair.code()), Param::Text(&serde_json::to_string(&some).expect("ids are JSON"))],
        )?;
    }
    Ok(())
}

/// Whether any two records of a pair are linked.
pub fn any(sql: &dyn Sql, pair: Pair) -> Result<bool, SqlError> {
    Ok(int(sql, "SELECT 1 FROM links WHERE pair = ?1 LIMIT 1", &[Param::Int(pair.code())])?.is_some())
}

/// How many links there are, of all pairs.
pub fn count(sql: &dyn Sql) -> Result<u64, SqlError> {
    Ok(int(sql, "SELECT count(*) FROM links", &[])?.unwrap_or(0) as u64)
}

/// Live records with ids above `above`, in id order.
pub fn live_above(
    sql: &dyn Sql,
    kind: ObjectType,
    above: RecordId,
    limit: usize,
) -> Result<Vec<RecordId>, SqlError> {
    let statement = format!(
        "SELECT json_group_array(id) FROM (SELECT id FROM records_{}
         WHERE id > CAST(?1 AS INTEGER) AND live = 1 ORDER BY id LIMIT {limit})",
        kind.table()
    );
    let json = text(sql, &statement, &[Param::Text(&above.to_string())])?;
    ids(json)
}

fn ids(json: Option<String>) -> Result<Vec<RecordId>, SqlError> {
    let ids: Vec<u64> =
        json::parse(json.as_deref().unwrap_or("[]")).map_err(|_| SqlError::Content("links"))?;
    Ok(ids.into_iter().map(RecordId).collect())
}

/// A record and two values of it.
pub type Values = (RecordId, [Option<String>; 2]);

/// Two values of live records each, `None` where unset. Records too large for their row are left out.
pub fn values(
    sql: &dyn Sql,
    kind: ObjectType,
    ids: &[RecordId],
    names: [&str; 2],
) -> Result<Vec<Values>, SqlError> {
    let statement = format!(
        "SELECT json_group_array(json_array(id, held->>?2, held->>?3)) FROM (
             SELECT id, CAST(properties AS TEXT) AS held FROM records_{}
             WHERE id IN (SELECT value FROM json_each(?1)) AND live = 1 AND length(properties) < 900000)",
        kind.table()
    );
    let json =
        text(sql, &statement, &[Param::Text(&ids_json(ids)), Param::Text(names[0]), Param::Text(names[1])])?;
    let rows: Vec<(u64, Option<String>, Option<String>)> =
        json::parse(json.as_deref().unwrap_or("[]")).map_err(|_| SqlError::Content("records"))?;
    Ok(rows.into_iter().map(|(id, one, other)| (RecordId(id), [one, other])).collect())
}

/// Marks records whose links are to be as new as `generation`.
pub fn mark(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId], generation: i64) -> Result<(), SqlError> {
    if ids.is_empty() {
        return Ok(());
    }
    sql.exec(
        "INSERT INTO link_marks (object_type, id, generation)
         SELECT ?1, value, ?3 FROM json_each(?2) WHERE true
         ON CONFLICT (object_type, id) DO UPDATE SET generation = max(generation, excluded.generation)",
        &[Param::Text(&kind.name()), Param::Text(&ids_json(ids)), Param::Int(generation)],
    )?;
    Ok(())
}

/// The first marked records in id order.
pub fn marked(sql: &dyn Sql, kind: ObjectType, limit: usize) -> Result<Vec<RecordId>, SqlError> {
    let statement = "SELECT json_group_array(id) FROM (
         SELECT id FROM link_marks WHERE object_type = ?1 ORDER BY id LIMIT ?2)";
    ids(text(sql, statement, &[Param::Text(&kind.name()), Param::Int(limit as i64)])?)
}

/// Clears the marks of `ids` that are not later than `asked_at`.
pub fn clear(sql: &dyn Sql, kind: ObjectType, ids: &[RecordId], asked_at: i64) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM link_marks WHERE object_type = ?1 AND generation <= ?3
         AND id IN (SELECT value FROM json_each(?2))",
        &[Param::Text(&kind.name()), Param::Text(&ids_json(ids)), Param::Int(asked_at)],
    )?;
    Ok(())
}

/// The latest generation of all marks; 0 if there is none.
pub fn latest_generation(sql: &dyn Sql) -> Result<i64, SqlError> {
    let latest = text(sql, "SELECT CAST(max(generation) AS TEXT) FROM link_marks", &[])?;
    Ok(latest.and_then(|number| number.parse().ok()).unwrap_or(0))
}

/// A type of association and what it is called; `None`: the unlabelled one.
pub type Named = (String, Option<String>);

/// The types of association from one object type to another, as the engine's texts, with their labels.
pub fn types(sql: &dyn Sql, from: ObjectType, to: ObjectType) -> Result<Vec<Named>, SqlError> {
    let rows = sql.exec(
        "SELECT type, label FROM link_types WHERE from_type = ?1 AND to_type = ?2",
        &[Param::Text(&from.name()), Param::Text(&to.name())],
    )?;
    let named = |row: Vec<Value>| {
        let [own, label] = <[Value; 2]>::try_from(row).ok()?;
        Some((own.into_text()?, label.into_text()))
    };
    rows.into_iter().map(named).collect::<Option<_>>().ok_or(SqlError::Content("link_types"))
}

/// Writes types with their labels, new or known.
pub fn put_types(sql: &dyn Sql, from: ObjectType, to: ObjectType, types: &[Named]) -> Result<(), SqlError> {
    for (own, label) in types {
        sql.exec(
            "INSERT INTO link_types (from_type, to_type, type, label) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (from_type, to_type, type) DO UPDATE SET label = excluded.label",
            &[
                Param::Text(&from.name()),
                Param::Text(&to.name()),
                Param::Text(own),
                label.as_deref().map_or(Param::Null, Param::Text),
            ],
        )?;
    }
    Ok(())
}

/// Takes types away.
pub fn drop_types(sql: &dyn Sql, from: ObjectType, to: ObjectType, types: &[&str]) -> Result<(), SqlError> {
    for own in types {
        sql.exec(
            "DELETE FROM link_types WHERE from_type = ?1 AND to_type = ?2 AND type = ?3",
            &[Param::Text(&from.name()), Param::Text(&to.name()), Param::Text(own)],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    const PAIR: Pair = Pair { holder: ObjectType::Contacts, other: ObjectType::Companies };

    fn row(a: u64, b: u64) -> Row {
        Row { a: RecordId(a), b: RecordId(b), there: "H1 H279".to_owned(), back: "H2 H280".to_owned() }
    }

    fn open() -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        sql
    }

    #[test]
    fn a_link_is_found_from_both_ends_and_goes_from_both() {
        let sql = open();
        put(&sql, PAIR, &[row(1, 9), row(2, 9), row(2, 8)]).unwrap();
        put(&sql, PAIR, &[row(2, 9)]).unwrap();
        let ids = |side, id| -> Vec<u64> {
            let links = page(&sql, PAIR, side, RecordId(id), RecordId(0), 10).unwrap();
            links.iter().map(|link| link.to.0).collect()
        };
        assert_eq!((ids(Side::Holder, 2), ids(Side::Other, 9)), (vec![8, 9], vec![1, 2]));
        let seen = &of(&sql, PAIR, Side::Other, &[RecordId(8)]).unwrap()[0];
        assert_eq!((seen.types.as_str(), seen.back.as_str()), ("H2 H280", "H1 H279"));
        let totals = totals(&sql, PAIR, Side::Other, &[RecordId(9), RecordId(7)], "H2").unwrap();
        assert_eq!(totals, [(RecordId(9), 2, Some(RecordId(2)))]);
        remove(&sql, PAIR, &[row(2, 9)]).unwrap();
        assert_eq!((ids(Side::Holder, 2), ids(Side::Other, 9)), (vec![8], vec![1]));
        assert_eq!(page(&sql, PAIR, Side::Holder, RecordId(2), RecordId(8), 10).unwrap(), []);
    }

    #[test]
    fn records_of_one_type_are_linked_once_whoever_is_asked() {
        let sql = open();
        let (pair, side) = Pair::seen_from(ObjectType::Companies, ObjectType::Companies);
        let (types, back) = ("H14".to_owned(), "H13".to_owned());
        let child = Link { id: RecordId(7), to: RecordId(3), types, back };
        put(&sql, pair, &[Row::of(child.clone(), side)]).unwrap();
        assert_eq!(of(&sql, pair, side, &[RecordId(7)]).unwrap(), [child]);
        let parent = &of(&sql, pair, side, &[RecordId(3)]).unwrap()[0];
        assert_eq!((parent.to, parent.types.as_str()), (RecordId(7), "H13"));
    }

    #[test]
    fn a_mark_outlives_reads_that_left_before_it() {
        let sql = open();
        let kind = ObjectType::Deals;
        let ids = [RecordId(1), RecordId(2)];
        mark(&sql, kind, &ids, 10).unwrap();
        mark(&sql, kind, &ids[1..], 20).unwrap();
        clear(&sql, kind, &ids, 15).unwrap();
        assert_eq!(marked(&sql, kind, 10).unwrap(), [RecordId(2)]);
        assert_eq!(latest_generation(&sql).unwrap(), 20);
    }
}

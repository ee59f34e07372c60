//! Many records looked up at once by what they are called, and the pass that makes the index of an older database.
//!
//! Every write keeps `key` and `further_keys` as [`super::keys::of`] has them; only what an earlier release stored has to be gone over.

use crate::{
    store::{
        portal::{
            keys::{Key, Keys},
            records::{Live, add_parts, all_live, ids_json},
        },
        sql::{Param, Row, Sql, SqlError, Value, int, text},
    },
    values::{
        ids::{ObjectType, RecordId},
        json,
        time::Timestamp,
    },
};

/// Keys of one statement: a thousand rows of a kilobyte come back for as many, and ten times that is where it stops.
pub const KEYS: usize = 1_000;
/// Most records of one statement, with some 1 KB each: what an isolate of 128 MB holds beside everything else.
const ROWS: usize = 5_000;

/// A live record that has a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub id: RecordId,
    /// What it is said to have become part of, while it still counts as live.
    pub merged_into: Option<RecordId>,
    /// HubSpot's modified date.
    pub updated_at: Timestamp,
    /// JSON of the non-null values.
    pub properties: String,
}

/// Records of a key, the best first where they are too many to be told one by one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holders {
    /// Each once; in no order but where `left_out` is not 0.
    pub held: Vec<Holder>,
    /// How many there are besides.
    pub left_out: u64,
}

/// Replaces what else records are called: of `dropped` everything that is known, then adds `rows`.
pub fn put_further(
    sql: &dyn Sql,
    kind: ObjectType,
    dropped: &[RecordId],
    rows: &[(RecordId, Vec<Key>)],
) -> Result<(), SqlError> {
    let has_some = |sql: &dyn Sql| -> Result<bool, SqlError> {
        Ok(int(sql, "SELECT 1 FROM further_keys LIMIT 1", &[])?.is_some())
    };
    if super::keys::further_property(kind).is_none() {
        return Ok(());
    }
    if !dropped.is_empty() && has_some(sql)? {
        sql.exec(
            "DELETE FROM further_keys WHERE object_type = ?1 AND id IN (SELECT value FROM json_each(?2))",
            &[Param::Text(&kind.name()), Param::Text(&ids_json(dropped))],
        )?;
    }
    if !rows.is_empty() {
        let pairs = rows.iter().flat_map(|(id, keys)| keys.iter().map(|key| (key.0, *id)));
        let pairs = serde_json::to_string(&pairs.collect::<Vec<_>>()).expect("numbers are JSON");
        sql.exec(
            "INSERT INTO further_keys (object_type, key, id)
             SELECT ?1, value->>0, value->>1 FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING",
            &[Param::Text(&kind.name()), Param::Text(&pairs)],
        )?;
    }
    Ok(())
}

/// Gives records the keys that belong to them, where they have others.
pub fn rekey(sql: &dyn Sql, kind: ObjectType, records: &[(RecordId, Keys)]) -> Result<(), SqlError> {
    let ids: Vec<RecordId> = records.iter().map(|(id, _)| *id).collect();
    let firsts: Vec<_> = records.iter().map(|(id, keys)| (*id, keys.first.map(|key| key.0))).collect();
    let firsts = serde_json::to_string(&firsts).expect("numbers are JSON");
    let statement = format!(
        "UPDATE records_{0} SET key = given.value->>1 FROM json_each(?1) AS given
         WHERE records_{0}.id = given.value->>0 AND records_{0}.key IS NOT given.value->>1",
        kind.table()
    );
    sql.exec(&statement, &[Param::Text(&firsts)])?;
    let further: Vec<(RecordId, Vec<Key>)> = records
        .iter()
        .filter(|(_, keys)| !keys.further.is_empty())
        .map(|(id, keys)| (*id, keys.further.clone()))
        .collect();
    put_further(sql, kind, &ids, &further)
}

/// Of live records above an id, at most `limit` of them, those that mention a property; and the last of them all, where there may be
/// more behind it.
pub fn mentioning(
    sql: &dyn Sql,
    kind: ObjectType,
    property: &str,
    above: RecordId,
    limit: u32,
) -> Result<(Vec<Live>, Option<RecordId>), SqlError> {
    let page = format!(
        "SELECT id, created_at, updated_at, properties FROM records_{}
         WHERE id > CAST(?1 AS INTEGER) AND live = 1 ORDER BY id LIMIT ?2",
        kind.table()
    );
    let (above, limit) = (above.to_string(), i64::from(limit));
    // Of one that is too large for its row the rest may mention it.
    let statement = format!(
        "SELECT CAST(id AS TEXT), created_at, updated_at, properties FROM ({page})
         WHERE instr(properties, ?3) > 0 OR length(properties) > 250000"
    );
    let rows = sql.exec(&statement, &[Param::Text(&above), Param::Int(limit), Param::Text(property)])?;
    let found = all_live(sql, kind, rows)?;
    let last = format!("SELECT json_array(max(id), count(*)) FROM ({page})");
    let last = text(sql, &last, &[Param::Text(&above), Param::Int(limit)])?.unwrap_or_default();
    let (last, count): (Option<u64>, i64) = json::parse(&last).map_err(|_| SqlError::Content("records"))?;
    Ok((found, last.filter(|_| count == limit).map(RecordId)))
}

/// Whether the index over keys of a type is there: while a mirror is filled for the first time it is not, and a lookup would read the
/// whole table.
pub fn is_indexed(sql: &dyn Sql, kind: ObjectType) -> Result<bool, SqlError> {
    let name = format!("records_{}_key", kind.table());
    let statement = "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?1";
    Ok(int(sql, statement, &[Param::Text(&name)])?.is_some())
}

const HOLDER: &str =
    "CAST(record.id AS TEXT), CAST(record.merged_into AS TEXT), record.updated_at, record.properties";

fn statement(kind: ObjectType) -> String {
    // `CROSS JOIN` keeps the keys outside: each is one step in an index.
    format!(
        "SELECT wanted.value, {HOLDER}
         FROM json_each(?1) AS wanted CROSS JOIN records_{0} AS record ON record.key = wanted.value
         WHERE record.live = 1
         UNION ALL
         SELECT wanted.value, {HOLDER}
         FROM json_each(?1) AS wanted
         CROSS JOIN further_keys AS further ON further.object_type = ?2 AND further.key = wanted.value
         CROSS JOIN records_{0} AS record ON record.id = further.id
         WHERE record.live = 1
         LIMIT ?3",
        kind.table()
    )
}

/// Live records of each of some keys, at most [`KEYS`], each key once; in the order of the keys. What several names share a key for is the
/// caller's to tell apart.
pub fn holders(sql: &dyn Sql, kind: ObjectType, keys: &[Key]) -> Result<Vec<Holders>, SqlError> {
    within(sql, kind, keys, ROWS)
}

fn within(sql: &dyn Sql, kind: ObjectType, keys: &[Key], most: usize) -> Result<Vec<Holders>, SqlError> {
    let numbers: Vec<i64> = keys.iter().map(|key| key.0).collect();
    let wanted = serde_json::to_string(&numbers).expect("numbers are JSON");
    let params = [Param::Text(&wanted), Param::Text(&kind.name()), Param::Int(most as i64 + 1)];
    let rows = sql.exec(&statement(kind), &params)?;
    if rows.len() > most {
        return match keys {
            [key] => Ok(vec![best(sql, kind, *key, most)?]),
            _ => {
                let (some, others) = keys.split_at(keys.len() / 2);
                let mut all = within(sql, kind, some, most)?;
                all.extend(within(sql, kind, others, most)?);
                Ok(all)
            }
        };
    }
    let mut all: Vec<Holders> = keys.iter().map(|_| Holders::default()).collect();
    let places: std::collections::HashMap<i64, usize> =
        numbers.into_iter().enumerate().map(|(place, key)| (key, place)).collect();
    for mut row in rows {
        let key = row.first().and_then(Value::int).ok_or(SqlError::Content("records"))?;
        row.remove(0);
        let place = places.get(&key).ok_or(SqlError::Content("records"))?;
        all[*place].held.push(holder(sql, kind, row)?);
    }
    Ok(all)
}

/// The best of a key that very many have, by the order that matching prefers.
fn best(sql: &dyn Sql, kind: ObjectType, key: Key, most: usize) -> Result<Holders, SqlError> {
    let those = format!(
        "FROM records_{0} AS record WHERE live = 1 AND id IN (
             SELECT id FROM records_{0} WHERE key = ?1
             UNION SELECT id FROM further_keys WHERE object_type = ?2 AND key = ?1
         )",
        kind.table()
    );
    let name = kind.name();
    let params = [Param::Int(key.0), Param::Text(&name), Param::Int(most as i64)];
    let number = |property: &str| {
        format!("CAST(CASE WHEN json_valid(properties) THEN properties->>'$.{property}' END AS INTEGER) DESC")
    };
    let statement = format!(
        "SELECT {HOLDER} {those} ORDER BY {}, {}, updated_at DESC, id LIMIT ?3",
        number("num_associated_deals"),
        number("num_associated_contacts")
    );
    let rows = sql.exec(&statement, &params)?;
    let held: Vec<Holder> = rows.into_iter().map(|row| holder(sql, kind, row)).collect::<Result<_, _>>()?;
    let all = int(sql, &format!("SELECT count(*) {those}"), &params[..2])?.unwrap_or_default();
    Ok(Holders { left_out: (all as u64).saturating_sub(held.len() as u64), held })
}

fn holder(sql: &dyn Sql, kind: ObjectType, row: Row) -> Result<Holder, SqlError> {
    let read = |row: Row| {
        let [id, merged_into, updated_at, properties] = <[Value; 4]>::try_from(row).ok()?;
        Some(Holder {
            id: id.text()?.parse().ok()?,
            merged_into: merged_into.text().and_then(|id| id.parse().ok()),
            updated_at: Timestamp(updated_at.int()?),
            properties: properties.into_text()?,
        })
    };
    let mut holder = read(row).ok_or(SqlError::Content("records"))?;
    add_parts(sql, kind, holder.id, &mut holder.properties)?;
    Ok(holder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        native::NativeSql,
        portal::{
            self, keys,
            records::{self, Grave, Write},
        },
    };

    const KIND: ObjectType = ObjectType::Companies;

    fn opened() -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        sql
    }

    fn put(sql: &NativeSql, id: u64, key: Key, deals: u32) {
        let properties = format!(r#"{{"num_associated_deals":"{deals}"}}"#);
        let write = Write {
            id: RecordId(id),
            created_at: Timestamp(0),
            updated_at: Timestamp(5),
            key: Some(key),
            properties: &properties,
        };
        records::put(sql, KIND, &[write], 1).unwrap();
    }

    fn ids(holders: &Holders) -> Vec<u64> {
        holders.held.iter().map(|holder| holder.id.0).collect()
    }

    #[test]
    fn records_of_many_keys_are_found_at_once_by_what_they_are_called_first_or_besides() {
        let sql = opened();
        let (acme, globex, nobody) = (Key::of("acme.com"), Key::of("globex.com"), Key::of("nobody.com"));
        put(&sql, 1, acme, 0);
        put(&sql, 2, globex, 0);
        put(&sql, 3, acme, 0);
        put_further(&sql, KIND, &[], &[(RecordId(2), vec![acme]), (RecordId(3), vec![globex])]).unwrap();
        let found = holders(&sql, KIND, &[nobody, acme, globex]).unwrap();
        assert_eq!(found.iter().map(ids).collect::<Vec<_>>(), [vec![], vec![1, 3, 2], vec![2, 3]]);
        put_further(&sql, KIND, &[RecordId(3)], &[(RecordId(3), vec![nobody])]).unwrap();
        records::entomb(&sql, KIND, &[Grave { id: RecordId(1), merged_into: None }], 2).unwrap();
        let found = holders(&sql, KIND, &[nobody, acme, globex]).unwrap();
        assert_eq!(found.iter().map(ids).collect::<Vec<_>>(), [vec![3], vec![3, 2], vec![2]]);
        // Contacts have keys of their own.
        assert_eq!(ids(&holders(&sql, ObjectType::Contacts, &[acme]).unwrap()[0]).len(), 0);
    }

    #[test]
    fn of_a_key_that_very_many_have_the_best_are_told_and_the_others_counted() {
        let sql = opened();
        let (acme, globex) = (Key::of("acme.com"), Key::of("globex.com"));
        for id in 1..=20 {
            put(&sql, id, acme, (id % 7) as u32);
        }
        put(&sql, 30, globex, 0);
        put_further(&sql, KIND, &[], &[(RecordId(5), vec![acme]), (RecordId(30), vec![acme])]).unwrap();
        let found = within(&sql, KIND, &[globex, acme], 4).unwrap();
        assert_eq!((ids(&found[0]), found[0].left_out), (vec![30], 0));
        assert_eq!((ids(&found[1]), found[1].left_out), (vec![6, 13, 20, 5], 17));
    }

    #[test]
    fn the_pass_gives_each_its_keys_and_sees_only_who_mentions_a_property() {
        let sql = opened();
        for id in 1..=5 {
            put(&sql, id, Key::of("old"), 0);
        }
        let text = r#"{"domain":"acme.com","hs_additional_domains":"acme.de"}"#;
        let write = Write {
            id: RecordId(3),
            created_at: Timestamp(0),
            updated_at: Timestamp(5),
            key: None,
            properties: text,
        };
        records::put(&sql, KIND, &[write], 1).unwrap();
        put_further(&sql, KIND, &[], &[(RecordId(3), vec![Key::of("old")])]).unwrap();
        let found = |above, limit| {
            let (live, last) =
                mentioning(&sql, KIND, "hs_additional_domains", RecordId(above), limit).unwrap();
            (live.iter().map(|live| live.id.0).collect::<Vec<_>>(), last.map(|id| id.0))
        };
        assert_eq!(found(0, 2), (vec![], Some(2)));
        assert_eq!(found(2, 2), (vec![3], Some(4)));
        assert_eq!(found(4, 2), (vec![], None));
        let of = |text: &str| {
            let values: std::collections::BTreeMap<String, String> = json::parse(text).unwrap();
            keys::of(KIND, |name| values.get(name).map(String::as_str))
        };
        rekey(&sql, KIND, &[(RecordId(3), of(text)), (RecordId(4), of("{}"))]).unwrap();
        let all = holders(&sql, KIND, &[Key::of("old"), Key::of("acme.com"), Key::of("acme.de")]).unwrap();
        assert_eq!(all.iter().map(ids).collect::<Vec<_>>(), [vec![1, 2, 5], vec![3], vec![3]]);
    }

    #[test]
    fn lookups_go_by_indexes() {
        let sql = opened();
        records::drop_indexes(&sql, KIND).unwrap();
        assert!(!is_indexed(&sql, KIND).unwrap());
        keys::build_key_index(&sql, KIND).unwrap();
        assert!(is_indexed(&sql, KIND).unwrap());
        let plan = format!("EXPLAIN QUERY PLAN {}", statement(KIND));
        let rows = sql.exec(&plan, &[Param::Text("[1]"), Param::Text("companies"), Param::Int(1)]).unwrap();
        let steps = format!("{rows:?}");
        assert!(steps.contains("USING INDEX records_companies_key (key=?)"), "{steps}");
        assert!(steps.contains("further USING PRIMARY KEY (object_type=? AND key=?)"), "{steps}");
        assert!(
            steps.contains("USING INTEGER PRIMARY KEY (rowid=?)") && !steps.contains("B-TREE"),
            "{steps}"
        );
    }
}

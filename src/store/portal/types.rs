//! Further types of record that a connection mirrors: one row each, and the tables that come and go with it.
//!
//! Contacts, companies and deals have tables of the schema and no row here.

use crate::{
    store::sql::{Param, Sql, SqlError, Value, int},
    values::ids::ObjectType,
};

/// The further types, in order, each with what the engine keeps of it.
pub fn all(sql: &dyn Sql) -> Result<Vec<(ObjectType, String)>, SqlError> {
    let read = |row: Vec<Value>| {
        let [name, state] = <[Value; 2]>::try_from(row).ok()?;
        Some((name.text()?.parse().ok()?, state.into_text()?))
    };
    let rows = sql.exec("SELECT object_type, state FROM types", &[])?;
    let mut all: Vec<(ObjectType, String)> =
        rows.into_iter().map(read).collect::<Option<_>>().ok_or(SqlError::Content("types"))?;
    all.sort_unstable_by_key(|(kind, _)| *kind);
    Ok(all)
}

/// Whether there is a table of the type's records.
pub fn there(sql: &dyn Sql, kind: ObjectType) -> Result<bool, SqlError> {
    let known = "SELECT 1 FROM types WHERE object_type = ?1";
    Ok(kind.is_always() || int(sql, known, &[Param::Text(&kind.name())])?.is_some())
}

/// Adds a type, with an empty table; of one that is there only what is kept of it.
pub fn put(sql: &dyn Sql, kind: ObjectType, state: &str) -> Result<(), SqlError> {
    let table = kind.table();
    sql.exec(
        &format!(
            "CREATE TABLE IF NOT EXISTS records_{table} (
                 id INTEGER PRIMARY KEY,
                 created_at INTEGER NOT NULL,
                 updated_at INTEGER NOT NULL,
                 seen_at INTEGER NOT NULL,
                 live INTEGER NOT NULL,
                 merged_into INTEGER,
                 key INTEGER,
                 properties TEXT
             );
             CREATE INDEX IF NOT EXISTS records_{table}_merged ON records_{table} (merged_into)
             WHERE merged_into IS NOT NULL;"
        ),
        &[],
    )?;
    sql.exec(
        "INSERT INTO types (object_type, state) VALUES (?1, ?2)
         ON CONFLICT (object_type) DO UPDATE SET state = excluded.state WHERE state IS NOT excluded.state",
        &[Param::Text(&kind.name()), Param::Text(state)],
    )?;
    Ok(())
}

/// Takes a type away with all that is kept of it, but for what the feed has told. `meta`: names of what lies there.
pub fn remove(sql: &dyn Sql, kind: ObjectType, meta: &[String]) -> Result<(), SqlError> {
    sql.exec(&format!("DROP TABLE IF EXISTS records_{}", kind.table()), &[])?;
    for table in ["types", "streams", "parts", "dirty", "fields", "field_history"] {
        let statement = format!("DELETE FROM {table} WHERE object_type = ?1");
        sql.exec(&statement, &[Param::Text(&kind.name())])?;
    }
    for key in meta {
        sql.exec("DELETE FROM meta WHERE key = ?1", &[Param::Text(key)])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{
            native::NativeSql,
            portal::{self, dirty, records, streams},
        },
        values::{ids::RecordId, time::Timestamp},
    };

    #[test]
    fn a_type_comes_with_an_empty_table_and_leaves_nothing_behind() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let cars = ObjectType::Custom(77);
        assert!(there(&sql, ObjectType::Deals).unwrap() && !there(&sql, cars).unwrap());
        for _ in 0..2 {
            put(&sql, cars, "{}").unwrap();
            put(&sql, ObjectType::Tasks, "{}").unwrap();
            assert_eq!(records::page(&sql, cars, RecordId(0), 9).unwrap(), []);
            let write = records::Write {
                id: RecordId(7),
                created_at: Timestamp(1),
                updated_at: Timestamp(1),
                key: None,
                properties: "{}",
            };
            records::put(&sql, cars, std::slice::from_ref(&write), 1).unwrap();
            records::make_room(&sql, cars, std::slice::from_ref(&write)).unwrap();
            assert_eq!(records::page(&sql, cars, RecordId(0), 9).unwrap(), []);
            records::put(&sql, cars, &[write], 1).unwrap();
            records::build_dates_index(&sql, cars).unwrap();
            dirty::mark(&sql, cars, &[RecordId(7)], 1, true, false).unwrap();
            streams::save(&sql, cars, "{}").unwrap();
            crate::store::schema::set(&sql, "properties/2-77", "[]").unwrap();
            let kinds: Vec<ObjectType> = all(&sql).unwrap().into_iter().map(|(kind, _)| kind).collect();
            assert_eq!(kinds, [ObjectType::Tasks, cars]);
            remove(&sql, cars, &["properties/2-77".to_owned()]).unwrap();
            assert!(!there(&sql, cars).unwrap() && there(&sql, ObjectType::Tasks).unwrap());
            assert_eq!(streams::load(&sql, cars).unwrap(), None);
            assert_eq!(dirty::count(&sql, cars).unwrap(), 0);
            assert_eq!(crate::store::schema::get(&sql, "properties/2-77").unwrap(), None);
        }
    }

    /// The steps of the schema are history and cannot share the table's text; so both are asked what they came to.
    #[test]
    fn a_further_type_has_the_columns_of_every_other() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        put(&sql, ObjectType::Tasks, "{}").unwrap();
        let columns = |table: &str| {
            let told =
                "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info(?1) ORDER BY cid";
            sql.exec(told, &[Param::Text(table)]).unwrap()
        };
        assert_eq!(columns("records_deals").len(), 8);
        assert_eq!(columns("records_deals"), columns("records_tasks"));
    }
}

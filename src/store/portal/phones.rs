//! Contacts by their telephone numbers, in `further_keys` beside what else records are called, under a name that no type has.
//!
//! Kept only where something asks by number: a number is two rows more for each contact that has one.

use crate::{
    store::sql::{Param, Sql, SqlError, Value, int},
    values::{
        ids::{ObjectType, RecordId},
        phone::Phone,
    },
};

/// In place of a type.
const NAME: &str = "phones";
/// The properties of a contact that hold a number.
pub const PROPERTIES: [&str; 2] = ["phone", "mobilephone"];
/// How a text of values begins to tell of one of them, and few others do: both names end so.
pub const MENTION: &str = "phone\":";
/// Most contacts of a number: a switchboard's, of whom nobody can tell who calls.
pub const MOST: u32 = 100;

/// What a contact is found by, of its values.
pub fn of<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Vec<i64> {
    let numbers = PROPERTIES.into_iter().filter_map(|name| Phone::parse(value(name)?));
    let mut keys: Vec<i64> = numbers.map(|number| number.key()).collect();
    keys.dedup();
    keys
}

/// Replaces the numbers of contacts: of `dropped` everything that is known, then adds `rows`.
pub fn put(sql: &dyn Sql, dropped: &[RecordId], rows: &[(RecordId, Vec<i64>)]) -> Result<(), SqlError> {
    if !dropped.is_empty() {
        sql.exec(
            "DELETE FROM further_keys WHERE object_type = ?1 AND id IN (SELECT value FROM json_each(?2))",
            &[Param::Text(NAME), Param::Text(&super::records::ids_json(dropped))],
        )?;
    }
    let pairs: Vec<(i64, RecordId)> =
        rows.iter().flat_map(|(id, keys)| keys.iter().map(|key| (*key, *id))).collect();
    if !pairs.is_empty() {
        let pairs = serde_json::to_string(&pairs).expect("numbers are JSON");
        sql.exec(
            "INSERT INTO further_keys (object_type, key, id)
             SELECT ?1, value->>0, value->>1 FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING",
            &[Param::Text(NAME), Param::Text(&pairs)],
        )?;
    }
    Ok(())
}

fn finding() -> String {
    format!(
        "SELECT CAST(record.id AS TEXT) FROM further_keys AS further
         CROSS JOIN records_{} AS record ON record.id = further.id
         WHERE further.object_type = ?1 AND further.key = ?2 AND record.live = 1 ORDER BY further.id LIMIT ?3",
        ObjectType::Contacts.table()
    )
}

/// Live contacts with a key, [`MOST`] at most, in the order of their ids. Two numbers can have one key, and a number may be gone that was read
/// while nothing asked: the caller compares.
pub fn holders(sql: &dyn Sql, key: i64) -> Result<Vec<RecordId>, SqlError> {
    let rows = sql.exec(&finding(), &[Param::Text(NAME), Param::Int(key), Param::Int(MOST.into())])?;
    let read = |row: &Vec<Value>| row.first()?.text()?.parse().ok();
    rows.iter().map(read).collect::<Option<_>>().ok_or(SqlError::Content("further_keys"))
}

/// Forgets numbers, `limit` at most; whether those were the last.
pub fn forget_some(sql: &dyn Sql, limit: u32) -> Result<bool, SqlError> {
    sql.exec(
        "DELETE FROM further_keys WHERE object_type = ?1 AND (key, id) IN (
             SELECT key, id FROM further_keys WHERE object_type = ?1 LIMIT ?2)",
        &[Param::Text(NAME), Param::Int(limit.into())],
    )?;
    let left = "SELECT 1 FROM further_keys WHERE object_type = ?1 LIMIT 1";
    Ok(int(sql, left, &[Param::Text(NAME)])?.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{
            native::NativeSql,
            portal::{
                self,
                records::{self, Grave, Write},
            },
        },
        values::time::Timestamp,
    };

    fn opened() -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        for id in 1..=3 {
            let write = Write {
                id: RecordId(id),
                created_at: Timestamp(0),
                updated_at: Timestamp(0),
                key: None,
                properties: "{}",
            };
            records::put(&sql, ObjectType::Contacts, &[write], 1).unwrap();
        }
        sql
    }

    fn key(number: &str) -> i64 {
        Phone::parse(number).unwrap().key()
    }

    #[test]
    fn a_contact_is_found_by_either_number_however_it_is_written_while_it_has_it() {
        let sql = opened();
        let values = [("phone", "+49 (30) 123456-78"), ("mobilephone", "0170 9876543")];
        let keys = of(|name| values.iter().find(|(own, _)| *own == name).map(|(_, value)| *value));
        put(&sql, &[], &[(RecordId(1), keys.clone()), (RecordId(2), keys[..1].to_vec())]).unwrap();
        let found = |number: &str| holders(&sql, key(number)).unwrap();
        assert_eq!(found("030/12345678"), [RecordId(1), RecordId(2)]);
        assert_eq!(found("+491709876543"), [RecordId(1)]);
        put(&sql, &[RecordId(1)], &[]).unwrap();
        assert_eq!(found("030/12345678"), [RecordId(2)]);
        records::entomb(&sql, ObjectType::Contacts, &[Grave { id: RecordId(2), merged_into: None }], 2)
            .unwrap();
        assert_eq!(found("030/12345678"), []);
        assert!(forget_some(&sql, 9).unwrap());
    }

    #[test]
    fn a_number_is_looked_up_by_the_index() {
        let sql = opened();
        let plan = format!("EXPLAIN QUERY PLAN {}", finding());
        let rows = sql.exec(&plan, &[Param::Text("phones"), Param::Int(1), Param::Int(1)]).unwrap();
        let steps = format!("{rows:?}");
        assert!(steps.contains("further USING PRIMARY KEY (object_type=? AND key=?)"), "{steps}");
        assert!(!steps.contains("B-TREE"), "{steps}");
    }
}

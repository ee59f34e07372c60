//! What a record is looked up by besides its id: a contact by its e-mail, a company by its domain, in any case.
//!
//! The `key` column holds a number that stands for the text: six bytes where the text would have thirty, once in the row and once
//! in the index, and SQLite sorts an index in memory when it is built. Two texts can have one number, so a lookup compares.

use std::collections::BTreeMap;

use siphasher::sip::SipHasher13;

use crate::{
    store::{
        portal::records::{Live, all_live},
        sql::{Param, Sql, SqlError, Value, text},
    },
    values::{
        ids::{ObjectType, RecordId},
        json,
    },
};

/// Stands for a text, whatever its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(pub(super) i64);

impl Key {
    /// The key of a text. Stored, so it may never come out differently: SipHash-1-3 of the text in lower case, of which 47 bits,
    /// which SQLite keeps in six bytes.
    pub fn of(text: &str) -> Self {
        let hash = SipHasher13::new().hash(text.to_lowercase().as_bytes());
        Self((hash >> 17) as i64)
    }
}

/// Live records whose key property (contacts: e-mail, companies: domain) is that text in any case; in id order. HubSpot keeps
/// e-mails unique, the index does not insist. None of a type without such a property.
pub fn by_key(sql: &dyn Sql, kind: ObjectType, text: &str, limit: u32) -> Result<Vec<Live>, SqlError> {
    let Some(property) = kind.key_property() else { return Ok(Vec::new()) };
    let statement = statement(kind);
    let (sought, key) = (text.to_lowercase(), Key::of(text));
    let (mut found, mut above) = (Vec::new(), RecordId(0));
    loop {
        let params = [Param::Int(key.0), Param::Text(&above.to_string()), Param::Int(limit.into())];
        let rows = all_live(sql, kind, sql.exec(&statement, &params)?)?;
        let full = rows.len() == limit as usize;
        let Some(last) = rows.last() else { return Ok(found) };
        above = last.id;
        for live in rows {
            let values: BTreeMap<String, String> =
                json::parse(&live.properties).map_err(|_| SqlError::Content("records"))?;
            if values.get(property).is_some_and(|text| text.to_lowercase() == sought) {
                found.push(live);
            }
        }
        if !full || found.len() >= limit as usize {
            found.truncate(limit as usize);
            return Ok(found);
        }
    }
}

/// Live contacts above an id that have `email` among their further addresses, in any case, out of the next `looked` contacts; and where
/// to go on. No index holds these: one contact in a hundred has any.
pub fn by_further_email(
    sql: &dyn Sql,
    email: &str,
    above: RecordId,
    looked: u32,
) -> Result<(Vec<RecordId>, Option<RecordId>), SqlError> {
    let above = above.to_string();
    let params = [Param::Text(&above), Param::Int(looked.into())];
    let last = "SELECT CAST(max(id) AS TEXT) FROM (
                    SELECT id FROM records_contacts WHERE live = 1 AND id > CAST(?1 AS INTEGER) ORDER BY id LIMIT ?2)
                HAVING count(*) = ?2";
    let next = text(sql, last, &params)?.and_then(|id| id.parse().ok());
    let sought = email.trim().to_lowercase();
    let params = [params[0], params[1], Param::Text(&sought)];
    let rows = sql.exec(
        "SELECT CAST(id AS TEXT), properties ->> '$.hs_additional_emails' FROM (
             SELECT id, properties FROM records_contacts
             WHERE live = 1 AND id > CAST(?1 AS INTEGER) ORDER BY id LIMIT ?2
         ) WHERE instr(properties, '\"hs_additional_emails\"') AND instr(lower(properties ->> '$.hs_additional_emails'), ?3)",
        &params,
    )?;
    let mut found = Vec::new();
    for row in rows {
        let [Some(id), Some(emails)] = [0, 1].map(|at| row.get(at).and_then(Value::text)) else {
            return Err(SqlError::Content("records"));
        };
        if emails.split(';').any(|one| one.trim().to_lowercase() == sought) {
            found.push(id.parse().map_err(|_| SqlError::Content("records"))?);
        }
    }
    Ok((found, next))
}

fn statement(kind: ObjectType) -> String {
    format!(
        "SELECT CAST(id AS TEXT), created_at, updated_at, properties FROM records_{}
         WHERE key = ?1 AND live = 1 AND id > CAST(?2 AS INTEGER) ORDER BY id LIMIT ?3",
        kind.table()
    )
}

/// Builds the index over keys, if it is not there, from what the mirror holds.
pub fn build_key_index(sql: &dyn Sql, kind: ObjectType) -> Result<(), SqlError> {
    if kind.key_property().is_none() {
        return Ok(());
    }
    let statement = format!(
        "CREATE INDEX IF NOT EXISTS records_{0}_key ON records_{0} (key) WHERE key IS NOT NULL",
        kind.table()
    );
    sql.exec(&statement, &[])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{
            native::NativeSql,
            portal::{
                self,
                records::{self, Write},
            },
        },
        values::time::Timestamp,
    };

    fn opened() -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        sql
    }

    fn write(sql: &NativeSql, records: &[(u64, &str, Key)]) {
        let texts: Vec<String> =
            records.iter().map(|(_, email, _)| serde_json::json!({ "email": email }).to_string()).collect();
        let writes: Vec<Write<'_>> = records
            .iter()
            .zip(&texts)
            .map(|((id, _, key), text)| Write {
                id: RecordId(*id),
                created_at: Timestamp(0),
                updated_at: Timestamp(0),
                key: Some(*key),
                properties: text,
            })
            .collect();
        records::put(sql, ObjectType::Contacts, &writes, 1).unwrap();
    }

    fn found(sql: &NativeSql, text: &str, limit: u32) -> Vec<u64> {
        let live = by_key(sql, ObjectType::Contacts, text, limit).unwrap();
        live.iter().map(|live| live.id.0).collect()
    }

    #[test]
    fn a_key_is_the_same_in_any_case_and_for_ever() {
        assert_eq!(Key::of("Ada@Example.org"), Key::of("ada@example.ORG"));
        assert_eq!(Key::of("STRASSE@ÄRZTE.example"), Key::of("strasse@ärzte.example"));
        assert_ne!(Key::of("a@b.example"), Key::of("b@a.example"));
        assert_eq!(Key::of("ada@example.org"), Key(13_734_817_497_054), "records are stored with it");
        assert!((0..1 << 47).contains(&Key::of("").0));
    }

    #[test]
    fn records_are_found_by_text_even_where_others_have_its_key() {
        let sql = opened();
        let key = Key::of("ada@example.org");
        let strangers: Vec<(u64, &str, Key)> = (1..=7).map(|id| (id, "stranger@example.org", key)).collect();
        write(&sql, &strangers);
        write(
            &sql,
            &[(8, "Ada@example.org", key), (9, "ada@example.org", key), (10, "ada@example.org", key)],
        );
        for _ in ["reading the table", "with the index"] {
            assert_eq!(found(&sql, "ADA@example.org", 2), [8, 9]);
            assert_eq!(found(&sql, "ada@example.org", 100), [8, 9, 10]);
            assert_eq!(found(&sql, "nobody@example.org", 100), [0_u64; 0]);
            build_key_index(&sql, ObjectType::Contacts).unwrap();
        }
        assert_eq!(by_key(&sql, ObjectType::Deals, "ada@example.org", 1).unwrap().len(), 0);
    }

    #[test]
    fn a_lookup_goes_by_the_index() {
        let sql = opened();
        build_key_index(&sql, ObjectType::Contacts).unwrap();
        let plan = format!("EXPLAIN QUERY PLAN {}", statement(ObjectType::Contacts));
        let rows = sql.exec(&plan, &[Param::Int(1), Param::Text("0"), Param::Int(1)]).unwrap();
        let steps = format!("{rows:?}");
        assert!(steps.contains("USING INDEX records_contacts_key (key=? AND rowid>?)"), "{steps}");
        assert!(!steps.contains("B-TREE"), "{steps}");
    }

    #[test]
    fn a_further_address_is_found_whole_in_any_case_and_piece_by_piece() {
        let sql = opened();
        for (id, emails) in [
            (1, Some("second@example.com;Third@Example.com")),
            (2, None),
            (3, Some("not.third@example.com")),
            (4, Some("third@example.com.eu;a@b.c")),
            (5, Some("third@example.com")),
        ] {
            let mut properties = serde_json::json!({ "email": format!("c{id}@example.com") });
            if let Some(emails) = emails {
                properties["hs_additional_emails"] = emails.into();
            }
            let (created_at, updated_at) = (Timestamp(0), Timestamp(0));
            let properties = &properties.to_string();
            let write = Write { id: RecordId(id), created_at, updated_at, key: None, properties };
            records::put(&sql, ObjectType::Contacts, &[write], 1).unwrap();
        }
        let find =
            |above, looked| by_further_email(&sql, " THIRD@example.com ", RecordId(above), looked).unwrap();
        assert_eq!(find(0, 9), (vec![RecordId(1), RecordId(5)], None));
        assert_eq!(find(0, 2), (vec![RecordId(1)], Some(RecordId(2))));
        assert_eq!(find(2, 2), (vec![], Some(RecordId(4))));
        assert_eq!(find(4, 2), (vec![RecordId(5)], None));
        assert_eq!(find(0, 5), (vec![RecordId(1), RecordId(5)], Some(RecordId(5))));
        assert_eq!(find(5, 5), (vec![], None));
    }
}

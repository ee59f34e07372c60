//! What a record is looked up by besides its id: a contact by its e-mail, a company by its domain, in any case.
//!
//! A company's key is that of the domain that somebody registered ([`Domain::registrable`]), of its website where it has no domain:
//! whoever looks for one finds those below it too, and compares. What else a record is called, its additional addresses or domains,
//! lies in `further_keys`: few have such, and each costs rows of its own.
//!
//! The `key` column holds a number that stands for the text: six bytes where the text would have thirty, once in the row and once
//! in the index, and SQLite sorts an index in memory when it is built. Two texts can have one number, so a lookup compares.

use std::collections::{BTreeMap, BTreeSet};

use siphasher::sip::SipHasher13;

use crate::{
    store::{
        portal::records::{Live, all_live},
        sql::{Param, Sql, SqlError, Value, text},
    },
    values::{
        domain::Domain,
        ids::{ObjectType, RecordId},
        json,
    },
};

/// Most further keys of a record: HubSpot combines no more than 250 records, each with an address or a domain.
const FURTHER: usize = 250;

/// Stands for a text, whatever its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub(super) i64);

impl Key {
    /// The key of a text. Stored, so it may never come out differently: SipHash-1-3 of the text in lower case, of which 47 bits,
    /// which SQLite keeps in six bytes.
    pub fn of(text: &str) -> Self {
        let hash = SipHasher13::new().hash(text.to_lowercase().as_bytes());
        Self((hash >> 17) as i64)
    }

    /// As it is stored.
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// What a record is found by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    /// What stands in its row.
    pub first: Option<Key>,
    /// What stands in `further_keys`; each once, and none that is the first.
    pub further: Vec<Key>,
}

/// The property that holds what else a record is called, `;` between each; `None`: its type has none.
pub const fn further_property(kind: ObjectType) -> Option<&'static str> {
    match kind {
        ObjectType::Contacts => Some("hs_additional_emails"),
        ObjectType::Companies => Some("hs_additional_domains"),
        ObjectType::Deals
        | ObjectType::Tasks
        | ObjectType::Calls
        | ObjectType::Notes
        | ObjectType::Custom(_) => None,
    }
}

/// The property by which a record of this type is called first, with its value, where it has one: a company's website counts while it
/// has no domain.
pub fn first_name<'a>(
    kind: ObjectType,
    value: impl Fn(&str) -> Option<&'a str>,
) -> Option<(&'static str, &'a str)> {
    let filled = |name: &'static str| Some((name, value(name).filter(|text| !text.trim().is_empty())?));
    match kind {
        ObjectType::Companies => filled("domain").or_else(|| filled("website")),
        ObjectType::Contacts => value("email").map(|text| ("email", text)),
        ObjectType::Deals
        | ObjectType::Tasks
        | ObjectType::Calls
        | ObjectType::Notes
        | ObjectType::Custom(_) => None,
    }
}

/// What else a record of this type is called, as it stands there.
pub fn further_names<'a>(
    kind: ObjectType,
    value: impl Fn(&str) -> Option<&'a str>,
) -> impl Iterator<Item = &'a str> {
    let text = further_property(kind).and_then(value).unwrap_or_default();
    text.split(';').map(str::trim).filter(|name| !name.is_empty()).take(FURTHER)
}

/// What a record is found by, of its values.
pub fn of<'a>(kind: ObjectType, value: impl Fn(&str) -> Option<&'a str>) -> Keys {
    let first = first_name(kind, &value).map(|(_, text)| named(kind, text));
    let mut further = Vec::new();
    for name in further_names(kind, &value) {
        let key = named(kind, name);
        if Some(key) != first && !further.contains(&key) {
            further.push(key);
        }
    }
    Keys { first, further }
}

/// The key of a name of such a record. What is not compared ([`crate::values::domain::Unusable`]) is looked up as it stands.
pub fn named(kind: ObjectType, name: &str) -> Key {
    // Of an address nothing is looked up in the list of public suffixes: a first sync would do so a million times.
    let domain = (kind == ObjectType::Companies).then(|| Domain::parse(name));
    match domain {
        Some(Ok(domain)) => Key::of(domain.registrable()),
        Some(Err(_)) | None => Key::of(name),
    }
}

/// Live records whose key property (contacts: e-mail, companies: domain) is that text in any case; in id order. HubSpot keeps
/// e-mails unique, the index does not insist. None of a type without such a property.
pub fn by_key(sql: &dyn Sql, kind: ObjectType, text: &str, limit: u32) -> Result<Vec<Live>, SqlError> {
    let Some(property) = kind.key_property() else { return Ok(Vec::new()) };
    let sought = text.to_lowercase();
    // A company that was stored by an earlier release lies under its domain as it stands, until the index is made anew.
    let (mut found, keys) = (Vec::new(), BTreeSet::from([named(kind, text), Key::of(text)]));
    for key in keys {
        with_key(sql, kind, key, limit, &mut found, |values| {
            values.get(property).is_some_and(|text| text.to_lowercase() == sought)
        })?;
    }
    found.sort_unstable_by_key(|live| live.id);
    found.truncate(limit as usize);
    Ok(found)
}

/// Adds live records with a key that also fit, in id order, `limit` at most.
fn with_key(
    sql: &dyn Sql,
    kind: ObjectType,
    key: Key,
    limit: u32,
    all: &mut Vec<Live>,
    fits: impl Fn(&BTreeMap<String, String>) -> bool,
) -> Result<(), SqlError> {
    let statement = statement(kind);
    let (mut found, mut above) = (0, RecordId(0));
    loop {
        let params = [Param::Int(key.0), Param::Text(&above.to_string()), Param::Int(limit.into())];
        let rows = all_live(sql, kind, sql.exec(&statement, &params)?)?;
        let full = rows.len() == limit as usize;
        let Some(last) = rows.last() else { return Ok(()) };
        above = last.id;
        for live in rows {
            let values = json::parse(&live.properties).map_err(|_| SqlError::Content("records"))?;
            if fits(&values) {
                found += 1;
                all.push(live);
            }
        }
        if !full || found >= limit {
            return Ok(());
        }
    }
}

/// Live contacts above an id that have `email` among their further addresses, in any case, out of the next `looked` contacts; and where
/// to go on. Looked for in the values themselves: `further_keys` holds only what was stored since there is such a table.
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
    fn a_company_is_found_by_what_was_registered_and_contacts_by_every_address() {
        let keys = |kind, values: &[(&str, &'static str)]| {
            of(kind, |name| values.iter().find(|(given, _)| *given == name).map(|(_, value)| *value))
        };
        let companies = |values: &[(&str, &'static str)]| keys(ObjectType::Companies, values);
        let acme = Some(Key::of("acme.com"));
        assert_eq!(companies(&[("domain", "www.Acme.com")]).first, acme);
        assert_eq!(companies(&[("domain", "eu.acme.com"), ("website", "other.com")]).first, acme);
        assert_eq!(companies(&[("website", "https://acme.com/en")]).first, acme);
        assert_eq!(companies(&[("domain", " "), ("website", "https://acme.com/en")]).first, acme);
        // Looked up as it stands, and matched by nothing.
        assert_eq!(companies(&[("domain", "Gmail.com")]).first, Some(Key::of("gmail.com")));
        assert_eq!(companies(&[]), Keys::default());
        let several =
            [("domain", "acme.com"), ("hs_additional_domains", "acme.de; www.acme.com;;shop.acme.de; x")];
        assert_eq!(companies(&several).further, [Key::of("acme.de"), Key::of("x")]);
        let contact = [("email", "Ada@x.org"), ("hs_additional_emails", "ADA@y.org;ada@x.ORG")];
        let found = keys(ObjectType::Contacts, &contact);
        assert_eq!(found, Keys { first: Some(Key::of("ada@x.org")), further: vec![Key::of("ada@y.org")] });
        assert_eq!(keys(ObjectType::Deals, &contact), Keys::default());
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

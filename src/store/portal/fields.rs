//! The fields of each type, one row each, and what happened to them.
//!
//! A field that HubSpot no longer lists keeps its row, with the moment it went. Definitions are the engine's JSON.

use crate::{
    store::sql::{Param, Sql, SqlError, Value},
    values::{ids::ObjectType, time::Timestamp},
};

/// Most bytes of definitions in one statement: a quarter of the platform's 2 MB, as each is quoted once more.
const STATEMENT_BYTES: usize = 500_000;
/// Changes kept per type; an account of 1,400 fields that are all retyped once fits.
const HISTORY_LIMIT: u32 = 2_000;

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// HubSpot's internal name.
    pub name: String,
    /// JSON of the definition.
    pub definition: String,
    /// When it was listed first.
    pub appeared_at: Timestamp,
    /// Since when HubSpot does not list it.
    pub vanished_at: Option<Timestamp>,
}

/// Something that happened to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it was noticed.
    pub at: Timestamp,
    /// HubSpot's internal name of the field.
    pub name: String,
    /// What, by the engine's name.
    pub what: String,
    /// What it was before, if that is the point.
    pub before: Option<String>,
    /// What it is now, likewise.
    pub after: Option<String>,
}

/// Every field of a type by name, those that vanished among them.
pub fn load(sql: &dyn Sql, kind: ObjectType) -> Result<Vec<Field>, SqlError> {
    let rows = sql.exec(
        "SELECT name, definition, appeared_at, vanished_at FROM fields WHERE object_type = ?1 ORDER BY name",
        &[Param::Text(&kind.name())],
    )?;
    let field = |row: Vec<Value>| {
        let [name, definition, appeared_at, vanished_at] = <[Value; 4]>::try_from(row).ok()?;
        Some(Field {
            name: name.into_text()?,
            definition: definition.into_text()?,
            appeared_at: Timestamp(appeared_at.int()?),
            vanished_at: vanished_at.int().map(Timestamp),
        })
    };
    rows.into_iter().map(field).collect::<Option<_>>().ok_or(SqlError::Content("fields"))
}

/// Names and definitions of those fields that HubSpot lists.
pub fn present(sql: &dyn Sql, kind: ObjectType, names: &[&str]) -> Result<Vec<(String, String)>, SqlError> {
    let rows = sql.exec(
        "SELECT name, definition FROM fields
         WHERE object_type = ?1 AND vanished_at IS NULL AND name IN (SELECT value FROM json_each(?2))",
        &[Param::Text(&kind.name()), Param::Text(&serde_json::to_string(names).expect("texts are JSON"))],
    )?;
    let field = |row: Vec<Value>| {
        let [name, definition] = <[Value; 2]>::try_from(row).ok()?;
        Some((name.into_text()?, definition.into_text()?))
    };
    rows.into_iter().map(field).collect::<Option<_>>().ok_or(SqlError::Content("fields"))
}

/// Whether HubSpot lists any field of a type, as far as is known.
pub fn any(sql: &dyn Sql, kind: ObjectType) -> Result<bool, SqlError> {
    let rows = sql.exec(
        "SELECT 1 FROM fields WHERE object_type = ?1 AND vanished_at IS NULL LIMIT 1",
        &[Param::Text(&kind.name())],
    )?;
    Ok(!rows.is_empty())
}

/// Writes definitions, of fields known or not, that HubSpot lists at `now`.
pub fn put(sql: &dyn Sql, kind: ObjectType, fields: &[(&str, &str)], now: Timestamp) -> Result<(), SqlError> {
    let mut rest = fields;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take_while(|(_, definition)| {
            bytes += definition.len();
            bytes <= STATEMENT_BYTES
        });
        let (some, left) = rest.split_at(fits.count().max(1));
        rest = left;
        sql.exec(
            "INSERT INTO fields (object_type, name, definition, appeared_at)
             SELECT ?1, value->>0, value->>1, ?3 FROM json_each(?2) WHERE true
             ON CONFLICT (object_type, name) DO UPDATE SET definition = excluded.definition, vanished_at = NULL",
            &[
                Param::Text(&kind.name()),
                Param::Text(&serde_json::to_string(some).expect("texts are JSON")),
                Param::Int(now.0),
            ],
        )?;
    }
    Ok(())
}

/// Notes that HubSpot no longer lists these.
pub fn vanish(sql: &dyn Sql, kind: ObjectType, names: &[&str], now: Timestamp) -> Result<(), SqlError> {
    if names.is_empty() {
        return Ok(());
    }
    sql.exec(
        "UPDATE fields SET vanished_at = ?3
         WHERE object_type = ?1 AND name IN (SELECT value FROM json_each(?2))",
        &[
            Param::Text(&kind.name()),
            Param::Text(&serde_json::to_string(names).expect("texts are JSON")),
            Param::Int(now.0),
        ],
    )?;
    Ok(())
}

/// Adds to the history of a type, of which the newest [`HISTORY_LIMIT`] are kept.
pub fn note(sql: &dyn Sql, kind: ObjectType, events: &[Event]) -> Result<(), SqlError> {
    for event in events {
        sql.exec(
            "INSERT INTO field_history (object_type, at, name, what, before, after)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            &[
                Param::Text(&kind.name()),
                Param::Int(event.at.0),
                Param::Text(&event.name),
                Param::Text(&event.what),
                event.before.as_deref().map_or(Param::Null, Param::Text),
                event.after.as_deref().map_or(Param::Null, Param::Text),
            ],
        )?;
    }
    if !events.is_empty() {
        sql.exec(
            "DELETE FROM field_history WHERE object_type = ?1 AND number <= (
                 SELECT number FROM field_history WHERE object_type = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2
             )",
            &[Param::Text(&kind.name()), Param::Int(HISTORY_LIMIT.into())],
        )?;
    }
    Ok(())
}

/// The newest changes of a type's fields, the newest first.
pub fn history(sql: &dyn Sql, kind: ObjectType, limit: u32) -> Result<Vec<Event>, SqlError> {
    let rows = sql.exec(
        "SELECT at, name, what, before, after FROM field_history
         WHERE object_type = ?1 ORDER BY number DESC LIMIT ?2",
        &[Param::Text(&kind.name()), Param::Int(limit.into())],
    )?;
    let event = |row: Vec<Value>| {
        let [at, name, what, before, after] = <[Value; 5]>::try_from(row).ok()?;
        Some(Event {
            at: Timestamp(at.int()?),
            name: name.into_text()?,
            what: what.into_text()?,
            before: before.into_text(),
            after: after.into_text(),
        })
    };
    rows.into_iter().map(event).collect::<Option<_>>().ok_or(SqlError::Content("field_history"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    const KIND: ObjectType = ObjectType::Deals;

    fn opened() -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        sql
    }

    #[test]
    fn fields_keep_the_day_they_appeared_and_come_back_when_listed_again() {
        let sql = opened();
        put(&sql, KIND, &[("amount", "{\"a\":1}"), ("stage", "{}")], Timestamp(1)).unwrap();
        vanish(&sql, KIND, &["amount"], Timestamp(2)).unwrap();
        let amount = |sql| load(sql, KIND).unwrap().remove(0);
        assert_eq!(amount(&sql).vanished_at, Some(Timestamp(2)));
        put(&sql, KIND, &[("amount", "{\"a\":2}")], Timestamp(3)).unwrap();
        let expected = Field {
            name: "amount".to_owned(),
            definition: "{\"a\":2}".to_owned(),
            appeared_at: Timestamp(1),
            vanished_at: None,
        };
        assert_eq!(amount(&sql), expected);
        assert_eq!(load(&sql, ObjectType::Contacts).unwrap(), []);
    }

    #[test]
    fn definitions_larger_than_a_statement_are_written_in_several() {
        let sql = opened();
        let long = "x".repeat(STATEMENT_BYTES / 2 + 1);
        let names: Vec<String> = (0..5).map(|number| format!("field_{number}")).collect();
        let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), long.as_str())).collect();
        put(&sql, KIND, &fields, Timestamp(1)).unwrap();
        assert_eq!(load(&sql, KIND).unwrap().len(), 5);
    }

    #[test]
    fn the_newest_changes_are_kept() {
        let sql = opened();
        let event = |number: u32| Event {
            at: Timestamp(number.into()),
            name: format!("field_{number}"),
            what: "retyped".to_owned(),
            before: Some("string".to_owned()),
            after: None,
        };
        let all: Vec<Event> = (0..HISTORY_LIMIT + 3).map(event).collect();
        note(&sql, KIND, &all).unwrap();
        let kept = history(&sql, KIND, u32::MAX).unwrap();
        assert_eq!((kept.len(), &kept[0]), (HISTORY_LIMIT as usize, &all[all.len() - 1]));
    }
}

//! The mirror and the feed as people look at them: the newest records first, and what happened to one of them.

use crate::{
    store::{
        portal::{feed, records::ids_json},
        sql::{Param, Sql, SqlError, Value, int, text},
    },
    values::{
        ids::{ObjectType, RecordId},
        json,
        time::Timestamp,
    },
};

/// Rows of the feed that one look at a record's history may pass; a row holds the changes of one turn.
const HISTORY_ROWS: u32 = 2_000;
/// Bytes of the feed that one look may read: 32 MB take a tenth of a second.
const HISTORY_BYTES: i64 = 32 << 20;

/// Beyond every sequence number: the greatest number that a parameter may be.
const BEYOND: i64 = (1 << 53) - 1;

/// One record in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: RecordId,
    /// HubSpot's modified date.
    pub updated_at: Timestamp,
    /// Values of the properties asked for, in that order; all `None` where the record is too large for its row.
    pub values: Vec<Option<String>>,
}

/// Which way a list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// With the newest record.
    Newest,
    /// With the first one older than this.
    OlderThan(RecordId),
    /// Up to the last one newer than this.
    NewerThan(RecordId),
}

/// At most `limit` live records with some of their values, the newest id first. `properties` are names of ours.
pub fn rows(
    sql: &dyn Sql,
    kind: ObjectType,
    from: From,
    properties: &[&str],
    limit: u32,
) -> Result<Vec<Row>, SqlError> {
    let (id, order) = match from {
        From::Newest => (i64::MAX as u64, "DESC"),
        From::OlderThan(id) => (id.0, "DESC"),
        From::NewerThan(id) => (id.0, "ASC"),
    };
    let side = if order == "DESC" { '<' } else { '>' };
    let statement = format!(
        "{} AND id {side} CAST(?1 AS INTEGER) ORDER BY id {order} LIMIT ?2",
        live_with(kind, properties)
    );
    let found = sql.exec(&statement, &[Param::Text(&id.to_string()), Param::Int(limit.into())])?;
    let mut rows = all_rows(found, properties.len())?;
    if matches!(from, From::NewerThan(_)) {
        rows.reverse();
    }
    Ok(rows)
}

/// Those of some records that are live, with some of their values, by id. `properties` are names of ours.
pub fn rows_of(
    sql: &dyn Sql,
    kind: ObjectType,
    ids: &[RecordId],
    properties: &[&str],
) -> Result<Vec<Row>, SqlError> {
    let statement =
        format!("{} AND id IN (SELECT value FROM json_each(?1)) ORDER BY id", live_with(kind, properties));
    all_rows(sql.exec(&statement, &[Param::Text(&ids_json(ids))])?, properties.len())
}

fn live_with(kind: ObjectType, properties: &[&str]) -> String {
    let values: Vec<String> = properties.iter().map(|name| format!("properties->>'$.{name}'")).collect();
    format!(
        "SELECT CAST(id AS TEXT), updated_at,
                CASE WHEN json_valid(properties) THEN json_array({}) ELSE '[]' END
         FROM records_{} WHERE live = 1",
        values.join(","),
        kind.table()
    )
}

fn all_rows(found: Vec<Vec<Value>>, properties: usize) -> Result<Vec<Row>, SqlError> {
    let row = |row: Vec<Value>| {
        let [id, updated_at, values] = <[Value; 3]>::try_from(row).ok()?;
        let mut values: Vec<Option<String>> = json::parse(values.text()?).ok()?;
        values.resize(properties, None);
        Some(Row { id: id.text()?.parse().ok()?, updated_at: Timestamp(updated_at.int()?), values })
    };
    found.into_iter().map(row).collect::<Option<_>>().ok_or(SqlError::Content("records"))
}

/// Whether the record waits to be read again.
pub fn waits(sql: &dyn Sql, kind: ObjectType, id: RecordId) -> Result<bool, SqlError> {
    let statement = "SELECT 1 FROM dirty WHERE object_type = ?1 AND id = CAST(?2 AS INTEGER)";
    Ok(int(sql, statement, &[Param::Text(&kind.name()), Param::Text(&id.to_string())])?.is_some())
}

/// A field as people know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// HubSpot's internal name.
    pub name: String,
    /// What people see.
    pub label: String,
    /// Internal name of its group.
    pub group: String,
    /// HubSpot's name of its type.
    pub value_type: String,
    /// HubSpot no longer lists it.
    pub gone: bool,
}

/// Every field of a type, by label.
pub fn labels(sql: &dyn Sql, kind: ObjectType) -> Result<Vec<Label>, SqlError> {
    let rows = sql.exec(
        "SELECT name, coalesce(definition->>'$.label', name), coalesce(definition->>'$.group', ''),
                coalesce(definition->>'$.type', ''), vanished_at IS NOT NULL
         FROM fields WHERE object_type = ?1 ORDER BY 2 COLLATE NOCASE, 1",
        &[Param::Text(&kind.name())],
    )?;
    let label = |row: Vec<Value>| {
        let [name, label, group, value_type, gone] = <[Value; 5]>::try_from(row).ok()?;
        Some(Label {
            name: name.into_text()?,
            label: label.into_text()?,
            group: group.into_text()?,
            value_type: value_type.into_text()?,
            gone: gone.int()? == 1,
        })
    };
    rows.into_iter().map(label).collect::<Option<_>>().ok_or(SqlError::Content("fields"))
}

/// What people see for values of enumerations: `(field, label)` of each pair of field and value that has one.
pub fn choices(
    sql: &dyn Sql,
    kind: ObjectType,
    values: &[(&str, &str)],
) -> Result<Vec<(String, String)>, SqlError> {
    let asked = serde_json::to_string(values).expect("texts are JSON");
    let found = text(
        sql,
        "SELECT json_group_array(json_array(field.name, choice.value->>'$.label'))
         FROM json_each(?2) AS asked
         JOIN fields AS field ON field.object_type = ?1 AND field.name = asked.value->>0
         JOIN json_each(field.definition, '$.options') AS choice ON choice.value->>'$.value' = asked.value->>1",
        &[Param::Text(&kind.name()), Param::Text(&asked)],
    )?;
    json::parse(&found.unwrap_or_else(|| "[]".to_owned())).map_err(|_| SqlError::Content("fields"))
}

/// A stretch of the feed, read backwards, that one look at a history covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// First sequence number of its oldest row.
    pub from: u64,
    /// There is more before it.
    pub more: bool,
}

/// How far back a look reaches that begins before the row of `before`; `None`: there is nothing.
pub fn reach(sql: &dyn Sql, before: Option<u64>) -> Result<Option<Reach>, SqlError> {
    let before = before.map_or(BEYOND, |seq| i64::try_from(seq).unwrap_or(BEYOND).min(BEYOND));
    let rows = sql.exec(
        "SELECT first_seq, bytes FROM feed WHERE first_seq < ?1 ORDER BY first_seq DESC LIMIT ?2",
        &[Param::Int(before), Param::Int(i64::from(HISTORY_ROWS) + 1)],
    )?;
    let (mut bytes, mut from) = (0, None);
    for (index, row) in rows.iter().enumerate() {
        let [first, size] = row.as_slice() else { return Err(SqlError::Content("feed")) };
        let (first, size) = (first.int().unwrap_or_default(), size.int().unwrap_or_default());
        bytes += size;
        if from.is_some() && (index == HISTORY_ROWS as usize || bytes > HISTORY_BYTES) {
            return Ok(from.map(|from| Reach { from, more: true }));
        }
        from = Some(first.unsigned_abs());
    }
    Ok(from.map(|from| Reach { from, more: false }))
}

/// First sequence numbers of the rows within a reach that may speak of a record, the newest first. A link stands in a row of its
/// holder's type.
pub fn mentions(
    sql: &dyn Sql,
    kind: ObjectType,
    id: RecordId,
    reach: Reach,
    before: Option<u64>,
) -> Result<Vec<u64>, SqlError> {
    let before = before.map_or(BEYOND, |seq| i64::try_from(seq).unwrap_or(BEYOND).min(BEYOND));
    let rows = sql.exec(
        "SELECT first_seq FROM feed
         WHERE first_seq >= ?1 AND first_seq < ?2
           AND instr(changes, CASE object_type WHEN ?3 THEN ?4 ELSE ?5 END) > 0
         ORDER BY first_seq DESC",
        &[
            Param::Int(reach.from.cast_signed()),
            Param::Int(before),
            Param::Text(&kind.name()),
            Param::Text(&id.to_string()),
            Param::Text(&feed::as_other(kind, id)),
        ],
    )?;
    Ok(rows.iter().filter_map(|row| row.first()?.int()).map(i64::unsigned_abs).collect())
}

/// Number of the last change at or before a moment; `None`: everything kept is younger.
pub fn last_at(sql: &dyn Sql, at: Timestamp) -> Result<Option<u64>, SqlError> {
    let seq = int(
        sql,
        "SELECT last_seq FROM feed WHERE at <= ?1 ORDER BY first_seq DESC LIMIT 1",
        &[Param::Int(at.0)],
    )?;
    Ok(seq.map(i64::unsigned_abs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        native::NativeSql,
        portal::{
            self, dirty,
            feed::{self, Change},
            fields, records,
        },
    };

    const KIND: ObjectType = ObjectType::Contacts;

    fn opened() -> NativeSql {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        sql
    }

    fn put(sql: &NativeSql, id: u64, properties: &str) {
        let write = records::Write {
            id: RecordId(id),
            created_at: Timestamp(1),
            updated_at: Timestamp(2),
            key: None,
            properties,
        };
        records::put(sql, KIND, &[write], 1).unwrap();
    }

    #[test]
    fn lists_go_from_the_newest_record_both_ways_and_leave_out_what_is_gone() {
        let sql = opened();
        for id in 1..=5 {
            put(&sql, id, &format!("{{\"email\":\"{id}@x\"}}"));
        }
        records::entomb(&sql, KIND, &[records::Grave { id: RecordId(4), merged_into: None }], 2).unwrap();
        let ids = |from| -> Vec<u64> {
            rows(&sql, KIND, from, &["email", "phone"], 2).unwrap().iter().map(|row| row.id.0).collect()
        };
        assert_eq!(ids(From::Newest), [5, 3]);
        assert_eq!(ids(From::OlderThan(RecordId(3))), [2, 1]);
        assert_eq!(ids(From::NewerThan(RecordId(1))), [3, 2]);
        let row = rows(&sql, KIND, From::Newest, &["email", "phone"], 1).unwrap().remove(0);
        assert_eq!(row.values, [Some("5@x".to_owned()), None]);
    }

    #[test]
    fn a_record_too_large_for_its_row_is_listed_without_values() {
        let sql = opened();
        put(&sql, 7, &format!("{{\"email\":\"a@x\",\"notes\":\"{}\"}}", "x".repeat(1_200_000)));
        assert_eq!(rows(&sql, KIND, From::Newest, &["email"], 1).unwrap()[0].values, [None]);
    }

    #[test]
    fn a_history_is_looked_for_within_a_reach_and_says_whether_there_is_more() {
        let sql = opened();
        assert_eq!(reach(&sql, None).unwrap(), None);
        for at in 0..i64::from(HISTORY_ROWS) + 10 {
            let id = if at % 1_000 == 3 { 77 } else { 5 };
            feed::append(&sql, Timestamp(at), KIND, vec![Change::Deleted { id: RecordId(id) }]).unwrap();
        }
        let newest = reach(&sql, None).unwrap().unwrap();
        assert_eq!(newest, Reach { from: 11, more: true });
        assert_eq!(mentions(&sql, KIND, RecordId(77), newest, None).unwrap(), [2_004, 1_004]);
        let rest = reach(&sql, Some(newest.from)).unwrap().unwrap();
        assert_eq!(rest, Reach { from: 1, more: false });
        assert_eq!(mentions(&sql, KIND, RecordId(77), rest, Some(newest.from)).unwrap(), [4]);
        assert_eq!(last_at(&sql, Timestamp(5)).unwrap(), Some(6));
        assert_eq!(last_at(&sql, Timestamp(-1)).unwrap(), None);
    }

    #[test]
    fn labels_and_choices_come_from_the_definitions() {
        let sql = opened();
        let stage =
            r#"{"label":"Stage","group":"g","type":"enumeration","options":[{"value":"a","label":"Alpha"}]}"#;
        fields::put(&sql, KIND, &[("stage", stage), ("bare", "{}")], Timestamp(1)).unwrap();
        fields::vanish(&sql, KIND, &["bare"], Timestamp(2)).unwrap();
        let labels = labels(&sql, KIND).unwrap();
        assert_eq!((labels[0].label.as_str(), labels[0].gone), ("bare", true));
        assert_eq!((labels[1].label.as_str(), labels[1].group.as_str()), ("Stage", "g"));
        let found = choices(&sql, KIND, &[("stage", "a"), ("stage", "b"), ("bare", "a")]).unwrap();
        assert_eq!(found, [("stage".to_owned(), "Alpha".to_owned())]);
    }

    #[test]
    fn whether_a_record_waits_is_known() {
        let sql = opened();
        dirty::mark(&sql, KIND, &[RecordId(7)], 1, true, false).unwrap();
        assert_eq!((waits(&sql, KIND, RecordId(7)), waits(&sql, KIND, RecordId(8))), (Ok(true), Ok(false)));
    }
}

//! What an account has besides records (owners, pipelines, the names of its lists), as the API's JSON: many entries a row, so that
//! a read that finds nothing new costs no row and one that does costs one.

use crate::store::sql::{Param, Sql, SqlError, Value, text};

/// Bytes of entries in one row; an entry is under a kilobyte, but for pipelines of many stages.
const PART_BYTES: usize = 200_000;

/// Replaces what is kept under a name. Only rows that differ are written.
pub fn put(sql: &dyn Sql, name: &str, entries: &[String]) -> Result<(), SqlError> {
    let mut parts: Vec<String> = vec![String::new()];
    for entry in entries {
        if parts.last().is_some_and(|part| !part.is_empty() && part.len() + entry.len() > PART_BYTES) {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut() {
            if !part.is_empty() {
                part.push(',');
            }
            part.push_str(entry);
        }
    }
    for (number, part) in parts.iter().enumerate() {
        sql.exec(
            "INSERT INTO reference (name, part, entries) VALUES (?1, ?2, ?3)
             ON CONFLICT (name, part) DO UPDATE SET entries = excluded.entries WHERE entries IS NOT excluded.entries",
            &[Param::Text(name), Param::Int(number as i64), Param::Text(part)],
        )?;
    }
    sql.exec(
        "DELETE FROM reference WHERE name = ?1 AND part >= ?2",
        &[Param::Text(name), Param::Int(parts.len() as i64)],
    )?;
    Ok(())
}

/// Every entry under a name, joined by commas.
pub fn joined(sql: &dyn Sql, name: &str) -> Result<String, SqlError> {
    let rows =
        sql.exec("SELECT entries FROM reference WHERE name = ?1 ORDER BY part", &[Param::Text(name)])?;
    let parts: Option<Vec<String>> =
        rows.into_iter().map(|row| row.into_iter().next().and_then(Value::into_text)).collect();
    let parts = parts.ok_or(SqlError::Content("reference"))?;
    Ok(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(","))
}

/// The entry under a name whose `id` this is.
pub fn entry(sql: &dyn Sql, name: &str, id: &str) -> Result<Option<String>, SqlError> {
    text(
        sql,
        "SELECT entry.value FROM reference, json_each('[' || entries || ']') AS entry
         WHERE name = ?1 AND entry.value->>'id' = ?2 LIMIT 1",
        &[Param::Text(name), Param::Text(id)],
    )
}

/// What a stage of a pipeline is called, in its pipeline.
pub fn stage(sql: &dyn Sql, name: &str, id: &str) -> Result<Option<String>, SqlError> {
    text(
        sql,
        "SELECT stage.value->>'label' FROM reference, json_each('[' || entries || ']') AS entry,
             json_each(entry.value, '$.stages') AS stage
         WHERE name = ?1 AND stage.value->>'id' = ?2 LIMIT 1",
        &[Param::Text(name), Param::Text(id)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    #[test]
    fn equal_entries_cost_no_row_and_fewer_leave_none_behind() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        let entry = |id: u32| format!("{{\"id\":\"{id}\",\"name\":\"{}\"}}", "x".repeat(1_000));
        let entries: Vec<String> = (0..500).map(entry).collect();
        put(&sql, "lists", &entries).unwrap();
        let before = sql.rows_written();
        put(&sql, "lists", &entries).unwrap();
        assert_eq!(sql.rows_written(), before);
        assert_eq!(joined(&sql, "lists").unwrap(), entries.join(","));
        let found = super::entry(&sql, "lists", "499").unwrap().unwrap();
        assert!(found.starts_with("{\"id\":\"499\""), "{found}");
        put(&sql, "lists", &entries[..1]).unwrap();
        assert_eq!(joined(&sql, "lists").unwrap(), entries[0]);
        assert_eq!(super::entry(&sql, "lists", "499").unwrap(), None);
        put(&sql, "lists", &[]).unwrap();
        assert_eq!(joined(&sql, "lists").unwrap(), "");
    }
}

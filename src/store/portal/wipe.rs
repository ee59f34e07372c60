//! Everything that was read from HubSpot goes at once; what people have set stays.

use crate::store::{
    portal::workflows::enrolled,
    sql::{Param, Sql, SqlError, Value},
};

/// Tables of what was read, and of what was made of it. Emptied whole, which SQLite does without looking at rows.
pub const READ: [&str; 30] = [
    "credentials",
    "streams",
    "parts",
    "further_keys",
    "dirty",
    "fields",
    "field_history",
    "channel_members",
    "reference",
    "followed",
    "members",
    "links",
    "link_marks",
    "link_types",
    "erasures",
    "deletions",
    "usage",
    "echoes",
    "tie_echoes",
    "score_rows",
    // What was matched with records, and tells of people.
    "signals",
    "automation_runs",
    "acts",
    "signals_held",
    // What the host says of people, who are to be sent anew.
    "attribute_values",
    "unwritten",
    "unwritten_refused",
    "audience_touched",
    "workflow_events",
    "workflow_runs",
];
/// Tables of records: one a type.
pub const RECORDS: &str = "records_";
/// Tables of what people have set, and of what must never come back.
pub const SET: [&str; 23] = [
    "meta",
    "endpoints",
    "channels",
    "types",
    "erased",
    "blocks",
    "block_hashes",
    "audit",
    "seats",
    "seat_secrets",
    "actions",
    "outbox",
    "feed",
    "mappings",
    "score_accounts",
    "score_runs",
    "qualifying_lists",
    "automations",
    "attributes",
    "activations",
    "workflows",
    "workflow_versions",
    // Of records, by their ids: the account is the same when it is connected again, and so are they.
    "workflow_enrolled",
];

/// What lies in `meta` of the state of reads; keys that begin so.
const STATE: [&str; 6] = ["checked", "beside", "links", "trial", "properties", "pruned_at"];

/// Names of all tables.
pub fn tables(sql: &dyn Sql) -> Result<Vec<String>, SqlError> {
    let rows = sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", &[])?;
    let name = |row: Vec<Value>| {
        row.into_iter().next().and_then(Value::into_text).ok_or(SqlError::Content("sqlite_master"))
    };
    // The platform's own are not to be touched.
    Ok(rows
        .into_iter()
        .map(name)
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .filter(|name| !name.starts_with('_') && !name.starts_with("sqlite_"))
        .collect())
}

/// Empties them. The change feed keeps its newest row, emptied: numbers never repeat. Of whoever has been through a workflow the ids of
/// records stay, which say nothing of anybody without HubSpot; addresses and numbers go.
pub fn wipe(sql: &dyn Sql) -> Result<(), SqlError> {
    for table in tables(sql)? {
        if READ.contains(&table.as_str()) || table.starts_with(RECORDS) {
            sql.exec(&format!("DELETE FROM {table}"), &[])?;
        }
    }
    sql.exec("DELETE FROM feed WHERE first_seq < (SELECT max(first_seq) FROM feed)", &[])?;
    sql.exec("UPDATE feed SET changes = '[]', bytes = 2", &[])?;
    enrolled::forget_named(sql)?;
    for key in STATE {
        sql.exec(
            "DELETE FROM meta WHERE substr(key, 1, ?2) = ?1",
            &[Param::Text(key), Param::Int(key.len() as i64)],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    #[test]
    fn every_table_is_either_what_was_read_or_what_was_set() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        for table in tables(&sql).unwrap() {
            let of_records = table.starts_with(RECORDS);
            let places = [READ.contains(&table.as_str()), of_records, SET.contains(&table.as_str())];
            assert_eq!(places.iter().filter(|place| **place).count(), 1, "{table}");
        }
    }
}

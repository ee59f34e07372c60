//! The state of each stream, as the engine's JSON.

use crate::{
    store::sql::{Param, Sql, SqlError, text},
    values::ids::ObjectType,
};

/// The saved state of a stream.
pub fn load(sql: &dyn Sql, kind: ObjectType) -> Result<Option<String>, SqlError> {
    text(sql, "SELECT state FROM streams WHERE object_type = ?1", &[Param::Text(&kind.name())])
}

/// Saves the state of a stream: one row.
pub fn save(sql: &dyn Sql, kind: ObjectType, state: &str) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO streams (object_type, state) VALUES (?1, ?2)
         ON CONFLICT (object_type) DO UPDATE SET state = excluded.state",
        &[Param::Text(&kind.name()), Param::Text(state)],
    )?;
    Ok(())
}

//! Field mappings: one row an action, its state as the engine's JSON.

use crate::{
    store::sql::{Param, Sql, SqlError, Value, text},
    values::mapping::Action,
};

/// Every mapping that was saved: the name of its action and its state.
pub fn all(sql: &dyn Sql) -> Result<Vec<(String, String)>, SqlError> {
    let rows = sql.exec("SELECT action, state FROM mappings ORDER BY action", &[])?;
    let one = |row: Vec<Value>| {
        let [action, state] = <[Value; 2]>::try_from(row).ok()?;
        Some((action.into_text()?, state.into_text()?))
    };
    rows.into_iter().map(one).collect::<Option<_>>().ok_or(SqlError::Content("mappings"))
}

/// The state of one.
pub fn one(sql: &dyn Sql, action: Action) -> Result<Option<String>, SqlError> {
    text(sql, "SELECT state FROM mappings WHERE action = ?1", &[Param::Text(action.as_str())])
}

/// Saves one in the place of what was there.
pub fn put(sql: &dyn Sql, action: Action, state: &str) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO mappings (action, state) VALUES (?1, ?2)
         ON CONFLICT (action) DO UPDATE SET state = excluded.state",
        &[Param::Text(action.as_str()), Param::Text(state)],
    )?;
    Ok(())
}

/// Forgets one.
pub fn remove(sql: &dyn Sql, action: Action) -> Result<(), SqlError> {
    sql.exec("DELETE FROM mappings WHERE action = ?1", &[Param::Text(action.as_str())])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{native::NativeSql, portal};

    #[test]
    fn an_action_has_one_mapping() {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        put(&sql, Action::LogCall, "1").unwrap();
        put(&sql, Action::AddNote, "2").unwrap();
        put(&sql, Action::LogCall, "3").unwrap();
        assert_eq!(one(&sql, Action::LogCall).unwrap().as_deref(), Some("3"));
        remove(&sql, Action::LogCall).unwrap();
        assert_eq!(all(&sql).unwrap(), [("add_note".to_owned(), "2".to_owned())]);
    }
}

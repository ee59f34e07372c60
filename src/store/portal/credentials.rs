//! Sealed tokens. Nothing here can open them.

use crate::{
    store::sql::{Param, Sql, SqlError},
    values::time::Timestamp,
};

/// One sealed token.
pub struct Sealed {
    /// As [`crate::values::crypto::Keyring::seal`] made it.
    pub sealed: String,
    /// When HubSpot stops taking it, where that is known.
    pub expires_at: Option<Timestamp>,
}

/// Reads the token of that name.
pub fn load(sql: &dyn Sql, name: &str) -> Result<Option<Sealed>, SqlError> {
    let rows =
        sql.exec("SELECT sealed, expires_at FROM credentials WHERE name = ?1", &[Param::Text(name)])?;
    rows.into_iter()
        .next()
        .map(|mut row| {
            let expires_at = row.pop().and_then(|value| value.int()).map(Timestamp);
            let sealed = row.pop().and_then(super::super::sql::Value::into_text);
            Ok(Sealed { sealed: sealed.ok_or(SqlError::Content("credentials"))?, expires_at })
        })
        .transpose()
}

/// Writes or replaces the token of that name.
pub fn save(sql: &dyn Sql, name: &str, sealed: &str, expires_at: Option<Timestamp>) -> Result<(), SqlError> {
    let expires_at = expires_at.map_or(Param::Null, |at| Param::Int(at.0));
    sql.exec(
        "INSERT INTO credentials (name, sealed, expires_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at",
        &[Param::Text(name), Param::Text(sealed), expires_at],
    )?;
    Ok(())
}

/// Notes that no access token is good any more.
pub fn expire_all(sql: &dyn Sql) -> Result<(), SqlError> {
    sql.exec("UPDATE credentials SET expires_at = 0 WHERE expires_at IS NOT NULL", &[])?;
    Ok(())
}

/// Forgets every token.
pub fn forget_all(sql: &dyn Sql) -> Result<(), SqlError> {
    sql.exec("DELETE FROM credentials", &[])?;
    Ok(())
}

//! What the limiter of an account keeps: its windows in one row of `meta`, and the sealed tokens of each grant. Nothing here
//! can open them.

use super::{
    schema,
    sql::{Param, Sql, SqlError, Value},
};

const STEPS: [&str; 2] = [
    "CREATE TABLE grants (app TEXT NOT NULL, user TEXT NOT NULL, tokens TEXT NOT NULL, PRIMARY KEY (app, user)) WITHOUT ROWID",
    "CREATE TABLE holders (app TEXT NOT NULL, user TEXT NOT NULL, holder TEXT NOT NULL, PRIMARY KEY (app, user, holder)) WITHOUT ROWID",
];

/// Where the windows lie in `meta`.
const WINDOWS: &str = "limiter";

/// Brings the database to the newest version.
pub fn open(sql: &dyn Sql) -> Result<(), SqlError> {
    schema::open(sql, &STEPS)
}

/// The windows as saved, JSON.
pub fn windows(sql: &dyn Sql) -> Result<Option<String>, SqlError> {
    schema::get(sql, WINDOWS)
}

/// Saves them.
pub fn save_windows(sql: &dyn Sql, json: &str) -> Result<(), SqlError> {
    schema::set(sql, WINDOWS, json)
}

/// Every grant: app, person, tokens.
pub fn grants(sql: &dyn Sql) -> Result<Vec<[String; 3]>, SqlError> {
    threes(sql, "SELECT app, user, tokens FROM grants")
}

/// Every seat that holds a grant: app, person, holder.
pub fn holders(sql: &dyn Sql) -> Result<Vec<[String; 3]>, SqlError> {
    threes(sql, "SELECT app, user, holder FROM holders")
}

fn threes(sql: &dyn Sql, statement: &str) -> Result<Vec<[String; 3]>, SqlError> {
    let rows = sql.exec(statement, &[])?;
    rows.into_iter()
        .map(|row| {
            let texts: Option<Vec<String>> = row.into_iter().map(Value::into_text).collect();
            texts.and_then(|texts| texts.try_into().ok()).ok_or(SqlError::Content("grants"))
        })
        .collect()
}

/// Saves the tokens of a grant; `None`: forgets them.
pub fn save_grant(sql: &dyn Sql, app: &str, user: &str, tokens: Option<&str>) -> Result<(), SqlError> {
    let key = [Param::Text(app), Param::Text(user)];
    match tokens {
        Some(tokens) => sql.exec(
            "INSERT INTO grants (app, user, tokens) VALUES (?1, ?2, ?3)
             ON CONFLICT (app, user) DO UPDATE SET tokens = excluded.tokens",
            &[key[0], key[1], Param::Text(tokens)],
        )?,
        None => sql.exec("DELETE FROM grants WHERE app = ?1 AND user = ?2", &key)?,
    };
    Ok(())
}

/// Notes that a seat holds a grant (`came`), or does not any more.
pub fn move_holder(sql: &dyn Sql, app: &str, user: &str, holder: &str, came: bool) -> Result<(), SqlError> {
    let statement = if came {
        "INSERT INTO holders (app, user, holder) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM holders WHERE app = ?1 AND user = ?2 AND holder = ?3"
    };
    sql.exec(statement, &[Param::Text(app), Param::Text(user), Param::Text(holder)])?;
    Ok(())
}

//! Seats: the state of each as the engine's JSON, with its tokens sealed; and the one-time secrets that lead to them, hashed.
//! Nothing here can open or guess any of them.

use crate::{
    store::sql::{Param, Row, Sql, SqlError, Value},
    values::{ids::SeatId, time::Timestamp},
};

/// One seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its row.
    pub number: i64,
    /// The engine's JSON.
    pub state: String,
}

/// What a one-time secret is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The link that the host gives to its user.
    Link,
    /// What HubSpot gives back with the user.
    State,
    /// What the host's server redeems.
    Code,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::State => "state",
            Self::Code => "code",
        }
    }
}

/// What was kept of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Whose seat.
    pub seat: i64,
    /// The engine's own.
    pub content: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

const WRONG: SqlError = SqlError::Content("seats");

fn stored(row: Row) -> Result<Stored, SqlError> {
    let mut columns = row.into_iter();
    let number = columns.next().and_then(|value| value.int()).ok_or(WRONG)?;
    let state = columns.next().and_then(Value::into_text).ok_or(WRONG)?;
    Ok(Stored { number, state })
}

fn one(rows: Vec<Row>) -> Result<Option<Stored>, SqlError> {
    rows.into_iter().next().map(stored).transpose()
}

/// How many there are.
pub fn count(sql: &dyn Sql) -> Result<u32, SqlError> {
    let rows = sql.exec("SELECT count(*) FROM seats", &[])?;
    let count = rows.into_iter().flatten().next().and_then(|value| value.int()).ok_or(WRONG)?;
    u32::try_from(count).map_err(|_| WRONG)
}

/// Seats in order of their making, after that row.
pub fn page(sql: &dyn Sql, after: i64, limit: u32) -> Result<Vec<Stored>, SqlError> {
    let rows = sql.exec(
        "SELECT number, state FROM seats WHERE number > ?1 ORDER BY number LIMIT ?2",
        &[Param::Int(after), Param::Int(limit.into())],
    )?;
    rows.into_iter().map(stored).collect()
}

/// The seat of that row.
pub fn by_number(sql: &dyn Sql, number: i64) -> Result<Option<Stored>, SqlError> {
    one(sql.exec("SELECT number, state FROM seats WHERE number = ?1", &[Param::Int(number)])?)
}

/// The seat of that id.
pub fn by_id(sql: &dyn Sql, id: &SeatId) -> Result<Option<Stored>, SqlError> {
    one(sql.exec("SELECT number, state FROM seats WHERE id = ?1", &[Param::Text(id.as_str())])?)
}

/// The seat of that user of the host's.
pub fn by_user(sql: &dyn Sql, user: &str) -> Result<Option<Stored>, SqlError> {
    one(sql.exec("SELECT number, state FROM seats WHERE user = ?1", &[Param::Text(user)])?)
}

/// Adds a seat.
pub fn add(sql: &dyn Sql, id: &SeatId, user: &str, state: &str) -> Result<(), SqlError> {
    sql.exec(
        "INSERT INTO seats (id, user, state) VALUES (?1, ?2, ?3)",
        &[Param::Text(id.as_str()), Param::Text(user), Param::Text(state)],
    )?;
    Ok(())
}

/// Replaces its state. `due_at`: when something is to be done about it that no request asks for.
pub fn save(sql: &dyn Sql, number: i64, state: &str, due_at: Option<Timestamp>) -> Result<(), SqlError> {
    let due_at = due_at.map_or(Param::Null, |at| Param::Int(at.0));
    sql.exec(
        "UPDATE seats SET state = ?2, due_at = ?3 WHERE number = ?1",
        &[Param::Int(number), Param::Text(state), due_at],
    )?;
    Ok(())
}

/// Removes a seat and its secrets.
pub fn remove(sql: &dyn Sql, number: i64) -> Result<(), SqlError> {
    sql.exec("DELETE FROM seat_secrets WHERE seat = ?1", &[Param::Int(number)])?;
    sql.exec("DELETE FROM seats WHERE number = ?1", &[Param::Int(number)])?;
    Ok(())
}

/// The seats that something is to be done about by then, the longest due first.
pub fn due(sql: &dyn Sql, now: Timestamp, limit: u32) -> Result<Vec<Stored>, SqlError> {
    let rows = sql.exec(
        "SELECT number, state FROM seats WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2",
        &[Param::Int(now.0), Param::Int(limit.into())],
    )?;
    rows.into_iter().map(stored).collect()
}

/// When something is due next.
pub fn due_at(sql: &dyn Sql) -> Result<Option<Timestamp>, SqlError> {
    let rows = sql.exec("SELECT min(due_at) FROM seats WHERE due_at IS NOT NULL", &[])?;
    Ok(rows.into_iter().flatten().next().and_then(|value| value.int()).map(Timestamp))
}

/// Keeps a secret, in place of every other of that kind of the seat; forgets those whose time is over.
pub fn put_secret(
    sql: &dyn Sql,
    kind: Kind,
    hash: &str,
    secret: &Secret,
    now: Timestamp,
) -> Result<(), SqlError> {
    forget_secrets(sql, kind, secret.seat)?;
    sql.exec("DELETE FROM seat_secrets WHERE expires_at <= ?1", &[Param::Int(now.0)])?;
    sql.exec(
        "INSERT INTO seat_secrets (hash, kind, seat, content, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            Param::Text(hash),
            Param::Text(kind.as_str()),
            Param::Int(secret.seat),
            Param::Text(&secret.content),
            Param::Int(secret.expires_at.0),
        ],
    )?;
    Ok(())
}

/// What was kept of a secret whose time is not over.
pub fn secret(sql: &dyn Sql, kind: Kind, hash: &str, now: Timestamp) -> Result<Option<Secret>, SqlError> {
    let rows = sql.exec(
        "SELECT seat, content, expires_at FROM seat_secrets WHERE hash = ?1 AND kind = ?2 AND expires_at > ?3",
        &[Param::Text(hash), Param::Text(kind.as_str()), Param::Int(now.0)],
    )?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut columns = row.into_iter();
    let seat = columns.next().and_then(|value| value.int()).ok_or(WRONG)?;
    let content = columns.next().and_then(Value::into_text).ok_or(WRONG)?;
    let expires_at = columns.next().and_then(|value| value.int()).map(Timestamp).ok_or(WRONG)?;
    Ok(Some(Secret { seat, content, expires_at }))
}

/// Forgets the secrets of one kind of a seat.
pub fn forget_secrets(sql: &dyn Sql, kind: Kind, seat: i64) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM seat_secrets WHERE seat = ?1 AND kind = ?2",
        &[Param::Int(seat), Param::Text(kind.as_str())],
    )?;
    Ok(())
}

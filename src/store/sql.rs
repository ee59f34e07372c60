//! The port to a Durable Object's SQLite, exactly as narrow as the platform (`cloudflare.md` 2.1, 2.2): 100 bound
//! parameters, 2 MB a parameter or row, statements under 100 KB, no transactions by statement.
//!
//! Rows travel as JSON where there are many (`json_each(?)` in, `json_group_array` out): four times faster than row by
//! row, and numbers keep their type. Whoever calls `step` wraps it in one transaction; this port does not.

/// A bound parameter. There is no boolean and no float on purpose: the platform turns them into something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Param<'a> {
    /// SQL NULL.
    Null,
    /// Bound as a double by the platform: exact to 2^53, refused beyond. Compare it with INTEGER columns only.
    Int(i64),
    /// UTF-8 text of at most [`MAX_PARAM_BYTES`]; also carries JSON.
    Text(&'a str),
    /// Text that SQLite only keeps and hands back, as bytes of at most [`MAX_PARAM_BYTES`]: on the platform it is copied, where
    /// [`Param::Text`] is turned into UTF-16 and back.
    Kept(&'a str),
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// INTEGER; the platform hands out doubles, so beyond 2^53 select `CAST(x AS TEXT)`.
    Int(i64),
    /// REAL with a fraction.
    Real(f64),
    /// TEXT, or what was written as [`Param::Kept`].
    Text(String),
}

impl Value {
    /// The whole number here, if it is one.
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Null | Self::Real(_) | Self::Text(_) => None,
        }
    }

    /// The text here, if it is text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Int(_) | Self::Real(_) => None,
        }
    }

    /// Takes the text out, if it is text.
    pub fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Int(_) | Self::Real(_) => None,
        }
    }
}

/// One row of an answer.
pub type Row = Vec<Value>;

/// Largest parameter, row or value: 2 MB (Durable Object limits).
pub const MAX_PARAM_BYTES: usize = 2_000_000;
/// Most bound parameters of one statement (Durable Object limits).
pub const MAX_PARAMS: usize = 100;

/// A statement failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// SQLite or the platform refused. The text is SQLite's and names tables and columns, never values.
    #[error("sql: {0}")]
    Failed(String),
    /// What a row holds is not what was written there: a bug, or a database of another program.
    #[error("sql: unexpected content in {0}")]
    Content(&'static str),
}

/// A database.
pub trait Sql {
    /// Runs one statement (or several with the parameters bound to the last) and reads all its rows.
    fn exec(&self, statement: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError>;

    /// Bytes the database takes on disk.
    fn database_bytes(&self) -> i64;
}

/// Runs a statement and reads the first column of its first row as text; `None` if there is no row or it is NULL.
pub fn text(sql: &dyn Sql, statement: &str, params: &[Param<'_>]) -> Result<Option<String>, SqlError> {
    let rows = sql.exec(statement, params)?;
    Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).and_then(Value::into_text))
}

/// Runs a statement and reads the first column of its first row as a whole number.
pub fn int(sql: &dyn Sql, statement: &str, params: &[Param<'_>]) -> Result<Option<i64>, SqlError> {
    let rows = sql.exec(statement, params)?;
    Ok(rows.first().and_then(|row| row.first()).and_then(Value::int))
}

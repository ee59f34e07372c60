//! [`Sql`] over bundled SQLite, for native tests: kept exactly as narrow as the platform, so that what passes here
//! runs there.

use rusqlite::{Connection, OpenFlags, config::DbConfig, limits::Limit, types::ValueRef};

use crate::store::sql::{MAX_PARAM_BYTES, MAX_PARAMS, Param, Row, Sql, SqlError, Value};

/// What workerd sets (`sqlite.c++`, `setupSecurity`), where it is less than SQLite's own; arguments of a function as Cloudflare documents them.
const LIMITS: [(Limit, i32); 7] = [
    (Limit::SQLITE_LIMIT_COLUMN, 100),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
    (Limit::SQLITE_LIMIT_VDBE_OP, 25_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
];

/// A database in memory.
pub struct NativeSql {
    connection: Connection,
    rows_written: std::cell::Cell<u64>,
}

impl Default for NativeSql {
    fn default() -> Self {
        // Used by one thread at a time: no lock per call.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_in_memory_with_flags(flags).expect("SQLite opens a database in memory");
        // Room for every statement there is, none of them prepared again for the values bound to it.
        connection.set_prepared_statement_cache_capacity(1_024);
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .expect("SQLite knows the plan stability guarantee");
        for (limit, most) in LIMITS {
            connection.set_limit(limit, most).expect("SQLite knows its limits");
        }
        Self { connection, rows_written: std::cell::Cell::new(0) }
    }
}

fn failed(error: rusqlite::Error) -> SqlError {
    SqlError::Failed(error.to_string())
}

impl NativeSql {
    /// Runs `body` as one transaction, as the platform does with one turn: all of its writes or none.
    pub fn transaction<T, E: From<SqlError>>(&self, body: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let run = |statement: &str| {
            self.connection.prepare_cached(statement).and_then(|mut own| own.raw_execute()).map_err(failed)
        };
        run("SAVEPOINT turn")?;
        let result = body();
        if result.is_err() {
            run("ROLLBACK TO turn")?;
        }
        run("RELEASE turn")?;
        result
    }

    /// Rows inserted, updated or deleted so far, index entries not counted.
    pub fn rows_written(&self) -> u64 {
        self.rows_written.get()
    }

    /// A copy of the database as it stands now: what a process finds that starts after this one was killed.
    #[must_use]
    pub fn copy(&self) -> Self {
        let mut copy = Self::default();
        let backup = rusqlite::backup::Backup::new(&self.connection, &mut copy.connection)
            .expect("a backup between two databases in memory starts");
        backup.step(-1).expect("a backup in memory does not fail");
        drop(backup);
        copy
    }
}

impl Sql for NativeSql {
    fn exec(&self, statement: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        let first =
            statement.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        if ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "ATTACH"]
            .iter()
            .any(|word| first.eq_ignore_ascii_case(word))
        {
            return Err(SqlError::Failed(format!("`{first}` is not authorized")));
        }
        if params.len() > MAX_PARAMS {
            return Err(SqlError::Failed("too many SQL variables".to_owned()));
        }
        if statement.len() > 100_000 {
            return Err(SqlError::Failed("statement too long".to_owned()));
        }
        if params.is_empty() && statement.trim_end().trim_end_matches(';').contains(';') {
            self.connection.execute_batch(statement).map_err(failed)?;
            return Ok(Vec::new());
        }
        let mut prepared = self.connection.prepare_cached(statement).map_err(failed)?;
        for (index, param) in params.iter().enumerate() {
            let position = index + 1;
            match param {
                Param::Null => prepared.raw_bind_parameter(position, rusqlite::types::Null),
                // As the platform binds numbers: a double.
                Param::Int(number) if number.unsigned_abs() <= 1 << 53 => {
                    prepared.raw_bind_parameter(position, *number as f64)
                }
                Param::Int(_) => return Err(SqlError::Failed("integer beyond 2^53".to_owned())),
                Param::Text(text) if text.len() <= MAX_PARAM_BYTES => {
                    prepared.raw_bind_parameter(position, *text)
                }
                Param::Kept(text) if text.len() <= MAX_PARAM_BYTES => {
                    prepared.raw_bind_parameter(position, text.as_bytes())
                }
                Param::Text(_) | Param::Kept(_) => {
                    return Err(SqlError::Failed("string or blob too big".to_owned()));
                }
            }
            .map_err(failed)?;
        }
        let columns = prepared.column_count();
        let mut answer = Vec::new();
        let before = self.connection.total_changes();
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(match row.get_ref(column).map_err(failed)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) if number.unsigned_abs() <= 1 << 53 => Value::Int(number),
                    // As the platform hands them out: rounded doubles.
                    ValueRef::Integer(number) => Value::Int(number as f64 as i64),
                    ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                        Value::Int(number as i64)
                    }
                    ValueRef::Real(number) => Value::Real(number),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Value::Text(
                        String::from_utf8(bytes.to_vec())
                            .map_err(|_| SqlError::Failed("text is not UTF-8".to_owned()))?,
                    ),
                });
            }
            answer.push(values);
        }
        drop(rows);
        self.rows_written.set(self.rows_written.get() + (self.connection.total_changes() - before));
        Ok(answer)
    }

    fn database_bytes(&self) -> i64 {
        let read = |pragma: &str| {
            let mut own = self.connection.prepare_cached(pragma)?;
            own.query_row([], |row| row.get::<_, i64>(0))
        };
        let read = |pragma: &str| read(pragma).unwrap_or(0);
        // As workerd counts: without the pages that are free for new rows.
        (read("PRAGMA page_count") - read("PRAGMA freelist_count")) * read("PRAGMA page_size")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_native_database_is_as_narrow_as_the_platform() {
        let sql = NativeSql::default();
        assert!(sql.exec("BEGIN", &[]).is_err());
        assert!(sql.exec("SELECT ?1", &[Param::Int(1 << 60)]).is_err());
        assert!(sql.exec("SELECT 1", &[Param::Null; 101]).is_err());
        let sum = |terms: usize| format!("SELECT {}", vec!["1"; terms].join("+"));
        assert!(sql.exec(&sum(100), &[]).is_ok() && sql.exec(&sum(101), &[]).is_err(), "depth");
        assert_eq!(sql.exec("SELECT ?1", &[Param::Int(5)]).unwrap(), [[Value::Int(5)]]);
    }

    #[test]
    fn a_failed_transaction_leaves_nothing() {
        let sql = NativeSql::default();
        sql.exec("CREATE TABLE t (x INTEGER)", &[]).unwrap();
        let result: Result<(), SqlError> = sql.transaction(|| {
            sql.exec("INSERT INTO t VALUES (1)", &[])?;
            Err(SqlError::Content("t"))
        });
        assert!(result.is_err());
        assert_eq!(int(&sql, "SELECT count(*) FROM t", &[]).unwrap(), Some(0));
    }

    use crate::store::sql::int;
}

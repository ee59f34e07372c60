//! A database whose statements fail on request.

use std::cell::Cell;

use spoke::store::{
    native::NativeSql,
    sql::{Param, Row, Sql, SqlError},
};

/// The connection's database, with a misfortune in store.
#[derive(Default)]
pub struct FlakySql {
    /// The database.
    pub inner: NativeSql,
    /// The statement that fails, counted from now on; 0: none.
    pub fails_in: Cell<u32>,
}

impl Sql for FlakySql {
    fn exec(&self, statement: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        match self.fails_in.get() {
            0 => {}
            1 => {
                self.fails_in.set(0);
                return Err(SqlError::Failed("disk I/O error (injected)".to_owned()));
            }
            left => self.fails_in.set(left - 1),
        }
        self.inner.exec(statement, params)
    }

    fn database_bytes(&self) -> i64 {
        self.inner.database_bytes()
    }
}

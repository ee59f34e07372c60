//! A database whose statements fail on request.

use std::cell::Cell;

use spoke::store::{
    limiter,
    native::NativeSql,
    portal,
    sql::{Param, Row, Sql, SqlError},
};

thread_local! {
    /// A connection's database as it is made: its tables are made once a thread, not once a life.
    static MADE: NativeSql = {
        let sql = NativeSql::default();
        portal::open(&sql).expect("the tables are made");
        sql
    };
    /// Likewise an account's limiter's.
    static LIMITER: NativeSql = {
        let sql = NativeSql::default();
        limiter::open(&sql).expect("the tables are made");
        sql
    };
}

/// An account's limiter's database.
pub fn limiter() -> NativeSql {
    LIMITER.with(NativeSql::copy)
}

/// The connection's database, with a misfortune in store.
pub struct FlakySql {
    /// The database.
    pub inner: NativeSql,
    /// The statement that fails, counted from now on; 0: none.
    pub fails_in: Cell<u32>,
}

impl Default for FlakySql {
    fn default() -> Self {
        Self { inner: MADE.with(NativeSql::copy), fails_in: Cell::new(0) }
    }
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

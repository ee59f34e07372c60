//! [`Sql`] over a Durable Object's SQLite, and one synchronous stretch of it as a transaction.
//!
//! Uses `exec()` and `raw()` only: every other way to rows has imports that cannot fail in JavaScript without hanging
//! the request (`cloudflare.md` 0.2). Each cursor is drained before the next statement.

use std::{cell::Cell, panic::AssertUnwindSafe};

use worker::{
    SqlStorage, SqlStorageValue, Storage,
    js_sys::{Object, Uint8Array},
    wasm_bindgen::{self, JsCast as _, JsValue, prelude::wasm_bindgen},
};

use crate::store::sql::{Param, Row, Sql, SqlError, Value};

#[wasm_bindgen]
extern "C" {
    /// `ctx.storage`, for the one method that `worker` does not bind.
    #[wasm_bindgen(extends = Object)]
    type SyncStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &SyncStorage,
        body: &mut dyn FnMut() -> Result<JsValue, JsValue>,
    ) -> Result<JsValue, JsValue>;
}

/// The database of the object this code runs in.
pub struct ObjectSql {
    storage: Storage,
    sql: SqlStorage,
    rows_written: Cell<u64>,
}

impl ObjectSql {
    /// Takes the object's storage.
    pub fn new(storage: Storage) -> Self {
        let sql = storage.sql();
        Self { storage, sql, rows_written: Cell::new(0) }
    }

    /// Rows written since this value was made, index entries counted: what Cloudflare bills.
    pub fn rows_written(&self) -> u64 {
        self.rows_written.get()
    }

    /// Runs `body` as one transaction: all of its writes or none. No `await` fits inside.
    pub fn transaction<T, E: From<SqlError>>(&self, body: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let storage: &SyncStorage = self.storage.as_raw().unchecked_ref();
        let mut body = Some(body);
        let mut result = None;
        let outcome = {
            let mut run = || {
                let ran = body.take().map(|body| body());
                let failed = !matches!(ran, Some(Ok(_)));
                result = ran;
                // A thrown value is what makes the runtime roll back.
                if failed { Err(JsValue::from_str("rolled back")) } else { Ok(JsValue::UNDEFINED) }
            };
            let mut run = AssertUnwindSafe(&mut run as &mut dyn FnMut() -> Result<JsValue, JsValue>);
            storage.transaction_sync(&mut move || {
                let run = &mut run;
                (run.0)()
            })
        };
        match (result, outcome) {
            // The body went well but the runtime could not commit.
            (Some(Ok(_)) | None, Err(error)) => Err(E::from(SqlError::Failed(text_of(&error)))),
            (Some(result), _) => result,
            (None, Ok(_)) => Err(E::from(SqlError::Failed("the transaction did not run".to_owned()))),
        }
    }
}

/// SQLite's words: they name tables and columns, never values.
fn text_of(error: &JsValue) -> String {
    error
        .dyn_ref::<worker::js_sys::Error>()
        .map_or_else(|| "no reason given".to_owned(), |error| String::from(error.message()))
}

fn failed(error: worker::Error) -> SqlError {
    SqlError::Failed(error.to_string())
}

impl Sql for ObjectSql {
    fn exec(&self, statement: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        let kept = kept(params);
        let (mut bindings, mut kept_to) = (Vec::with_capacity(params.len()), 0);
        for param in params {
            bindings.push(match param {
                Param::Null => JsValue::NULL,
                Param::Int(number) if number.unsigned_abs() <= 1 << 53 => JsValue::from_f64(*number as f64),
                Param::Int(_) => return Err(SqlError::Failed("integer beyond 2^53".to_owned())),
                Param::Text(text) => JsValue::from_str(text),
                Param::Kept(text) => {
                    let from = kept_to;
                    kept_to += text.len() as u32;
                    kept.subarray(from, kept_to).into()
                }
            });
        }
        let cursor = self.sql.exec_raw(statement, bindings).map_err(failed)?;
        let mut rows = Vec::new();
        for row in cursor.raw() {
            let row = row.map_err(failed)?;
            rows.push(row.into_iter().map(value).collect::<Result<Row, SqlError>>()?);
        }
        self.rows_written.set(self.rows_written.get() + cursor.rows_written() as u64);
        Ok(rows)
    }

    fn database_bytes(&self) -> i64 {
        self.sql.database_size() as i64
    }
}

/// All [`Param::Kept`] behind one another: handed over in one piece, as a buffer each would be a burden to the collector of
/// garbage.
fn kept(params: &[Param<'_>]) -> Uint8Array {
    let mut bytes = Vec::new();
    for param in params {
        if let Param::Kept(text) = param {
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    Uint8Array::from(bytes.as_slice())
}

fn value(value: SqlStorageValue) -> Result<Value, SqlError> {
    Ok(match value {
        SqlStorageValue::Null => Value::Null,
        SqlStorageValue::Integer(number) => Value::Int(number),
        // Whole numbers beyond 2^53 come rounded; the port's contract says to select them as text.
        SqlStorageValue::Float(number) if number.fract() == 0.0 && number.abs() < 9e18 => {
            Value::Int(number as i64)
        }
        SqlStorageValue::Float(number) => Value::Real(number),
        SqlStorageValue::String(text) => Value::Text(text),
        SqlStorageValue::Blob(bytes) => {
            Value::Text(String::from_utf8(bytes).map_err(|_| SqlError::Content("kept text"))?)
        }
        SqlStorageValue::Boolean(_) => {
            return Err(SqlError::Content("a column that is neither number nor text"));
        }
    })
}

//! What a connection, the directory and an account's limiter remember: synchronous SQL behind the small port [`sql::Sql`].
//!
//! Owns the tables. It decides nothing: which row to write is the engine's.

pub mod audit;
pub mod directory;
pub mod limiter;
#[cfg(feature = "native-sql")]
pub mod native;
pub mod portal;
pub mod schema;
pub mod sql;

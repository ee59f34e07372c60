//! What a connection and the directory remember: synchronous SQL behind the small port [`sql::Sql`].
//!
//! Owns the tables. It decides nothing: which row to write is the engine's.

pub mod directory;
#[cfg(feature = "native-sql")]
pub mod native;
pub mod portal;
pub mod schema;
pub mod sql;

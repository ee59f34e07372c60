//! CRM records and their endpoints, generic over the object type; contacts are registered. `store` owns the records,
//! the other modules turn requests into reads and changes of it.

pub mod batch;
pub mod kind;
pub mod list;
pub mod store;
pub mod write;

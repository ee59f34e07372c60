//! CRM records and their endpoints, generic over the object type; contacts are registered. `store` owns the records,
//! the other modules turn requests into reads and changes of it.

pub mod batch;
pub(crate) mod input;
pub mod kind;
pub mod list;
pub mod record;
pub(crate) mod render;
pub mod rule;
pub(crate) mod store;
pub(crate) mod validation;
pub mod write;

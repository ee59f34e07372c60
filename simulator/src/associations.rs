//! Associations between records of two types, with their labels (`hubspot-api.md` 4.8). Owns an account's links and label
//! definitions; `links` keeps them, the other modules turn requests into reads and changes of them.
//!
//! A link is kept from both sides, each with its own type ids. It is seen as long as both records are live: archiving one
//! hides it, restoring shows it again, merging moves it, erasing ends it. No change of a link modifies a record's date.

pub mod definitions;
pub(crate) mod links;
pub(crate) mod people;
pub(crate) mod read;
pub(crate) mod write;

pub(crate) use definitions::Definitions;
pub(crate) use links::Links;

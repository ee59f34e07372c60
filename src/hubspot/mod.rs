//! Ring 2: what HubSpot says. Requests are built here and answers read here; nothing is sent, stored or decided.
//!
//! Uses the values ring only. Every fact carries its source: a section of `hubspot-api.md`, or HubSpot's own page.

pub mod account;
pub mod asked;
pub mod associations;
pub mod endpoint;
pub mod engagements;
pub mod events;
pub mod imports;
mod json;
pub mod lists;
pub mod oauth;
pub mod objects;
pub mod owners;
pub mod pipelines;
pub mod probe;
pub mod properties;
pub mod record;
pub mod rejection;
pub mod schemas;
pub mod tasks;
pub mod usage;
pub mod webhooks;
pub mod writes;

use std::fmt;

use crate::values::ids::RecordId;

/// The dated API version every path of ours names (`hubspot-api.md` 1.2): current until March 2027, served until about
/// March 2028.
pub const VERSION: &str = "2026-09";

/// The headers of an answer that this ring reads, in lower case; the others need not be carried.
pub const HEADERS: [&str; 8] = [
    "content-type",
    "retry-after",
    "x-hubspot-correlation-id",
    "x-hubspot-ratelimit-max",
    "x-hubspot-ratelimit-remaining",
    "x-hubspot-ratelimit-interval-milliseconds",
    "x-hubspot-ratelimit-daily",
    "x-hubspot-ratelimit-daily-remaining",
];

/// A body that is not what its endpoint sends: HTML, truncated, another shape. Says what was expected and nothing of
/// the body, which may hold a person's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("HubSpot's answer is not {0}")]
pub struct Malformed(pub &'static str);

/// One bad item of an otherwise good answer: it is left out, told, and never stops the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Issue {
    /// Its place in the answer, from 0.
    pub position: usize,
    /// Its id, if that could be read.
    pub id: Option<RecordId>,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not a JSON object.
    #[error("it is not an object")]
    Shape,
    /// No id, or none that is a number.
    #[error("it has no numeric id")]
    Id,
    /// No created date, or an unreadable one.
    #[error("its created date is missing or unreadable")]
    CreatedAt,
    /// No updated date, or an unreadable one.
    #[error("its updated date is missing or unreadable")]
    UpdatedAt,
    /// No property values: taking it would empty the record.
    #[error("it has no property values")]
    Properties,
    /// A property definition without a name.
    #[error("it has no name")]
    Name,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            Some(id) => write!(f, "item {} (record `{id}`) is left out: {}", self.position, self.fault),
            None => write!(f, "item {} is left out: {}", self.position, self.fault),
        }
    }
}

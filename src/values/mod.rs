//! The innermost ring: values without state. Parse, format, classify.
//!
//! Nothing here knows HubSpot's API, storage or the platform; time and randomness come in as arguments.

pub mod attribute;
pub mod config;
pub mod crypto;
pub mod domain;
pub mod failure;
pub mod filter;
pub mod http;
pub mod ids;
pub mod json;
pub mod mapping;
pub mod network;
pub mod phone;
pub mod planted;
pub mod problem;
pub mod property_value;
pub mod receiver;
pub mod scopes;
pub mod score;
pub mod secret;
pub mod subscriptions;
pub mod tier;
pub mod time;

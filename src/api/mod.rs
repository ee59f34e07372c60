//! The host's API and the routing of every address: which request is for whom, what its parts must look like, and how an
//! answer looks. Pure; who may ask is settled in the platform ring, which carries the questions to the objects.

pub mod action;
pub mod activation;
pub mod channel;
pub mod connection;
pub mod connection_page;
pub mod cookie;
pub mod cursor;
pub mod device;
pub mod endpoint;
pub mod idempotency;
pub mod mapping;
pub mod matching;
#[cfg(not(target_arch = "wasm32"))]
pub mod openapi;
pub mod prospect;
pub mod question;
pub mod rate;
pub mod request;
pub mod response;
pub mod route;
pub mod score;
pub mod seat;
pub mod signal;
pub mod snapshot;
pub mod stranger;
pub mod types;
pub mod workflow;

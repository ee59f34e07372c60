//! A HubSpot simulator: a pure core `handle(now, request) -> response` with an HTTP binary around it.
//! It shares no code with Spoke's client and refuses what it does not model.
pub mod http;

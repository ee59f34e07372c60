//! Spoke: a complete HubSpot integration in one Cloudflare Worker.
pub mod console;
pub mod engine;
pub mod hubspot;
pub mod store;
pub mod values;

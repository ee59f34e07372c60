//! Spoke: a complete HubSpot integration in one Cloudflare Worker.
pub mod api;
pub mod console;
pub mod engine;
pub mod hubspot;
#[cfg(target_arch = "wasm32")]
pub mod platform;
pub mod store;
pub mod values;

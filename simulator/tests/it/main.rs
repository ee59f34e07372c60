//! The simulator as an app meets it, and its program: one binary, since linking costs more than running.
#![allow(clippy::unwrap_used, reason = "a test ends where its helper is surprised")]

mod control;
mod limits;
mod oauth;
mod private_apps;
mod seat_work;
mod server;
mod support;
mod user_level;
mod webhooks;

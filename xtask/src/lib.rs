//! Spoke's own commands: set-up, build, demo, test, bench. `cargo xtask help` lists them.
//!
//! A library as well, so that the tests that run the built Worker in workerd use the same [`world::World`] as the demo.

#![allow(clippy::disallowed_methods, reason = "these commands measure real time; the Worker's crate may not")]

#[cfg(feature = "app-project")]
pub mod app_project;
pub mod assets;
pub mod bench;
pub mod browser;
pub mod build;
pub mod checks;
pub mod chromium;
pub mod compare;
mod deep;
mod deep_tools;
pub mod demo;
pub mod heard;
#[cfg(feature = "live")]
pub mod live;
pub mod process;
pub mod progress;
pub mod project;
pub mod setup;
pub mod simulator;
pub mod soak;
pub mod spoke;
pub mod toolchain;
pub mod walk;
mod workerd;
pub mod world;

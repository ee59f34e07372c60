//! The built Worker in workerd. `cargo xtask test` builds it and runs these; alone:
//! `cargo test --package xtask --features workerd --test workerd`.

#![allow(clippy::disallowed_methods, reason = "real time passes here: the clock rule is the Worker's")]
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::sync::OnceLock;

use xtask::{project::Project, setup::Setup, world::Built};

mod people;

/// Built once, whoever asks first.
fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let project = Project::here();
        Built::ensure(&project, &Setup::ensure(&project).unwrap()).unwrap()
    })
}

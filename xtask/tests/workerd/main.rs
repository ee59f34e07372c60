//! The built Worker in workerd. `cargo xtask test` builds it and runs these; alone:
//! `cargo test --package xtask --features workerd --test workerd`.

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

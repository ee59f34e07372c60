//! Worlds that several trials share.

use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use anyhow::{Result, anyhow};
use libtest_mimic::{Failed, Trial};
use xtask::project::Project;
use xtask::setup::Setup;
use xtask::world::{Built, Plan, World};

use crate::secrecy;

/// A world that starts when the first trial needs it, and ends with the last.
pub struct Stage {
    plan: Plan,
    world: OnceLock<Result<RwLock<World>, String>>,
}

impl Stage {
    pub fn new(plan: Plan) -> Arc<Self> {
        Arc::new(Self { plan, world: OnceLock::new() })
    }

    fn world(&self) -> Result<&RwLock<World>> {
        let started = self
            .world
            .get_or_init(|| start(&self.plan).map(RwLock::new).map_err(|error| format!("{error:#}")));
        started.as_ref().map_err(|error| anyhow!("{error}"))
    }

    /// Runs something beside others.
    pub fn with(&self, run: impl FnOnce(&World) -> Result<()>) -> Result<(), Failed> {
        let world = self.together().map_err(failed)?;
        run(&world).map_err(|error| explained(&error, &world))
    }

    fn together(&self) -> Result<RwLockReadGuard<'_, World>> {
        // A trial that failed leaves the world as it was.
        Ok(self.world()?.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn alone(&self) -> Result<RwLockWriteGuard<'_, World>> {
        Ok(self.world()?.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(Ok(world)) = self.world.take() {
            secrecy::examine(&world.into_inner().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// A world that trials run in beside each other.
pub fn together(stage: &Arc<Stage>, name: &str, run: fn(&World) -> Result<()>) -> Trial {
    let stage = Arc::clone(stage);
    Trial::test(name, move || stage.with(run))
}

/// A trial that nothing else may happen beside.
pub fn alone(stage: &Arc<Stage>, name: &str, run: fn(&mut World) -> Result<()>) -> Trial {
    let stage = Arc::clone(stage);
    Trial::test(name, move || {
        let mut world = stage.alone().map_err(failed)?;
        run(&mut world).map_err(|error| explained(&error, &world))
    })
}

pub fn start(plan: &Plan) -> Result<World> {
    World::start(built()?, plan)
}

/// The project, built if it is not.
pub fn built() -> Result<&'static Built> {
    static BUILT: OnceLock<Result<Built, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let project = Project::here();
        let made = Setup::ensure(&project).and_then(|setup| Built::ensure(&project, &setup));
        made.map_err(|error| format!("{error:#}"))
    });
    built.as_ref().map_err(|error| anyhow!("{error}"))
}

fn failed(error: anyhow::Error) -> Failed {
    format!("{error:#}").into()
}

fn explained(error: &anyhow::Error, world: &World) -> Failed {
    let said: Vec<String> = world
        .worker_log_tail(400)
        .lines()
        .filter(|line| !line.contains("[wrangler:info] "))
        .map(|line| line.chars().take(300).collect())
        .collect();
    let said = said[said.len().saturating_sub(25)..].join("\n");
    format!("{error:#}\nThe Worker said:\n{said}").into()
}

//! `cargo xtask soak`: seeded lives with seeds that nobody has lived yet, for as long as one has time.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;

use crate::process::run;
use crate::progress::Step;
use crate::project::Project;
use crate::setup::Setup;

/// What to run.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// How long, in minutes
    #[arg(long, default_value_t = 10)]
    pub minutes: u64,
    /// The first seed; by default the time, so that each soak lives new lives
    #[arg(long)]
    pub first: Option<u64>,
}

/// Whether every life ended well. A seed that failed is printed and can be lived again alone.
pub fn run_lives(project: &Project, setup: &Setup, options: &Options) -> Result<bool> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |passed| passed.as_secs());
    let first = options.first.unwrap_or(now * 1_000);
    let step = Step::start("lives with new seeds", &format!("{} min", options.minutes));
    let mut cargo = setup.toolchain.cargo(project)?;
    cargo
        .args(["test", "--package", "spoke", "--test", "it", "soak", "--", "--ignored", "--nocapture"])
        .env("SPOKE_FIRST", first.to_string())
        .env("SPOKE_SECONDS", (options.minutes * 60).to_string());
    let ended = run(&step, &mut cargo, &project.log("soak"))?;
    let well = ended.status.success();
    let said = |line: &&str| line.starts_with("lived ") || line.contains("SPOKE_SEED=");
    let lines: Vec<&str> = ended.text.lines().filter(said).collect();
    match lines.iter().find(|line| line.starts_with("lived ")) {
        Some(line) if well => step.done(line),
        Some(line) => step.failed(line),
        None => step.failed(&ended.tail(30)),
    }
    for line in lines.iter().filter(|line| line.contains("SPOKE_SEED=")) {
        println!("{line}");
    }
    if !well {
        println!("live one again: SPOKE_SEED=… cargo test --package spoke --test it lives");
    }
    Ok(well)
}

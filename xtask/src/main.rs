//! `cargo xtask <command>`; `cargo xtask help` lists them.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::{build, project::Project, setup::Setup};

/// Spoke's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what a build needs and this machine lacks; ends at once if nothing is missing
    Setup,
    /// Build the Worker into pkg/
    Build,
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task) -> Result<ExitCode> {
    let project = Project::here();
    let setup = Setup::ensure(&project)?;
    match task {
        Task::Setup => println!("Set up: {}", setup.toolchain.version),
        Task::Build => println!("{}", build::build(&project, &setup)?),
    }
    Ok(ExitCode::SUCCESS)
}

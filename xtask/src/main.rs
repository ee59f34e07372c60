//! `cargo xtask <command>`; `cargo xtask help` lists them.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::{bench, build, checks, chromium, demo, project::Project, setup::Setup, soak, world::Built};

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
    /// Connect a simulated HubSpot account and watch its contacts arrive and stay in step
    Demo(demo::Options),
    /// Run every check: format, lints, native tests, the Worker in workerd, the browser
    Test {
        /// Only these: browser, browser:NAME, deep, deep:api
        #[arg(long)]
        only: Option<String>,
        /// Also what takes minutes more or needs a network: dependencies' advisories, fuzz targets, schemathesis over the whole API
        #[arg(long)]
        deep: bool,
    },
    /// Measure calls, rate, cost, webhooks and size
    Bench(bench::Options),
    /// Live connections' lives with new seeds: edits, faults, crashes, reordered answers
    Soak(soak::Options),
    /// Hold what Spoke believes of HubSpot against a real account (opt-in, never part of `test`)
    Live(Live),
    /// Write HubSpot's app projects of a deployment: `--url https://hubspot.example.com`
    #[cfg(feature = "app-project")]
    AppProject(xtask::app_project::Options),
    /// Write HubSpot's app projects of a deployment: `--url https://hubspot.example.com`
    #[cfg(not(feature = "app-project"))]
    #[command(disable_help_flag = true)]
    AppProject {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Take the README's pictures anew (needs Chromium)
    Picture,
}

#[derive(Debug, clap::Args)]
struct Live {
    /// A private app's token or a service key; better in the variable `HUBSPOT_TOKEN`, which no process list shows
    #[arg(long, default_value = "")]
    token: String,
    /// Also make some 530 records, a list, a field, imports and a custom event, ask what needs them, and remove them: test accounts only
    #[arg(long)]
    disposable: bool,
    /// Where the table goes; by default live-DATE.md
    #[arg(long, default_value = "")]
    out: String,
    /// HubSpot's API
    #[arg(long, default_value = "https://api.hubapi.com")]
    api: String,
}

#[cfg(feature = "live")]
fn live(options: &Live) -> Result<bool> {
    let token = match options.token.as_str() {
        "" => std::env::var("HUBSPOT_TOKEN").unwrap_or_default(),
        token => token.to_owned(),
    };
    xtask::live::run(&options.api, &token, options.disposable, &options.out)
}

/// Builds this program once more, with what speaks HTTPS, and hands over to that.
#[cfg(not(feature = "live"))]
fn live(options: &Live) -> Result<bool> {
    let Live { token, disposable, out, api } = options;
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--package", "xtask", "--features", "live", "--", "live"]);
    cargo.args(["--out", out, "--api", api]).args(disposable.then_some("--disposable"));
    if !token.is_empty() {
        cargo.env("HUBSPOT_TOKEN", token);
    }
    Ok(cargo.status()?.success())
}

/// Builds this program once more, with what reads Spoke's tables, and hands over to that.
#[cfg(not(feature = "app-project"))]
fn app_project(arguments: &[String]) -> Result<bool> {
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--package", "xtask", "--features", "app-project", "--", "app-project"]);
    Ok(cargo.args(arguments).status()?.success())
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            // What happened first, what to do last: that is the line a person still sees.
            for cause in error.chain().skip(1).collect::<Vec<_>>().iter().rev() {
                eprintln!("{cause}");
            }
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task) -> Result<ExitCode> {
    if let Task::Live(options) = task {
        // Needs nothing that is set up.
        return Ok(if live(options)? { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    #[cfg(feature = "app-project")]
    if let Task::AppProject(options) = task {
        println!("{}", xtask::app_project::write(options)?);
        return Ok(ExitCode::SUCCESS);
    }
    #[cfg(not(feature = "app-project"))]
    if let Task::AppProject { arguments } = task {
        return Ok(if app_project(arguments)? { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    if let Task::Bench(options) = task
        && let Some(held) = bench::run_alone(options)?
    {
        return Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let project = Project::here();
    let setup = Setup::ensure(&project)?;
    let mut held = true;
    match task {
        Task::Setup => println!("Set up: {}", setup.toolchain.version),
        Task::Build => println!("{}", build::build(&project, &setup)?),
        Task::Demo(options) => held &= demo::run(&Built::ensure(&project, &setup)?, options)?,
        Task::Bench(options) => held &= bench::run(&Built::ensure(&project, &setup)?, options)?,
        Task::Live(_) | Task::AppProject { .. } => {}
        Task::Picture => chromium::picture(&project, &Built::ensure(&project, &setup)?)?,
        Task::Soak(options) => held &= soak::run_lives(&project, &setup, options)?,
        Task::Test { only, deep } => {
            held &= checks::run_all(&project, &setup, only.as_deref(), *deep)?.failed == 0;
        }
    }
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

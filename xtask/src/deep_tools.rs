//! What `cargo xtask test --deep` asks of tools that take minutes or need a network: `cargo deny` of the dependencies, and seconds
//! of mutated inputs for every fuzz target.

use std::fs;

use anyhow::Result;

use crate::checks::{Checks, FAILED, PASSED};
use crate::process::{Ended, run};
use crate::progress::Step;
use crate::setup::cargo_install;

/// The release of cargo-deny; another may know other rules.
const CARGO_DENY: &str = "0.20.2";

/// How long each fuzz target runs, milliseconds. 17 of them on two cores take three minutes.
const FUZZ_MS: u32 = 20_000;

/// More rounds than fit that time, so that the time decides.
const FUZZ_ROUNDS: u32 = 1_000_000_000;

/// All of it, each as a check of its own.
pub(crate) fn run_all(checks: &mut Checks<'_>) -> Result<()> {
    deny(checks)?;
    let (time, rounds) = (FUZZ_MS.to_string(), FUZZ_ROUNDS.to_string());
    let environment = [("BOLERO_RANDOM_TEST_TIME_MS", time.as_str()), ("BOLERO_RANDOM_ITERATIONS", &rounds)];
    let name = format!("fuzz targets, {} s each", FUZZ_MS / 1_000);
    checks.tests_with(&name, &["test", "--package", "spoke-fuzz", "--test", "targets"], &environment)
}

/// Licences, duplicates and sources, which need no network; then advisories, which need `RustSec`'s database.
fn deny(checks: &mut Checks<'_>) -> Result<()> {
    let name = "dependencies: licences, duplicates, sources";
    let step = Step::start(name, "the first time 5 min, to compile cargo-deny");
    let (project, setup) = (checks.project, checks.setup);
    fs::create_dir_all(project.tools())?;
    let installed = cargo_install(project, &setup.toolchain, &step, "cargo-deny", "cargo-deny", CARGO_DENY);
    fs::remove_dir_all(project.tools().join("target")).ok();
    if let Err(error) = installed {
        eprintln!("{error:#}");
        checks.end(step, name, FAILED, "cargo-deny could not be installed");
        return Ok(());
    }
    let ended = ask(checks, &step, name, &["bans", "licenses", "sources"])?;
    let held = ended.status.success();
    if !held {
        eprintln!("{}", ended.tail(120));
    }
    checks.end(step, name, if held { PASSED } else { FAILED }, "");

    let name = "dependencies: advisories";
    let step = Step::start(name, "");
    let ended = ask(checks, &step, name, &["advisories"])?;
    if ended.status.success() {
        checks.end(step, name, PASSED, "");
        return Ok(());
    }
    eprintln!("{}", ended.tail(60));
    let words = if unreachable(&ended.text) {
        "nobody asked: RustSec's database (github.com/RustSec/advisory-db) cannot be reached from here"
    } else {
        ""
    };
    checks.end(step, name, FAILED, words);
    Ok(())
}

fn ask(checks: &Checks<'_>, step: &Step, name: &str, what: &[&str]) -> Result<Ended> {
    let mut command = checks.setup.toolchain.cargo(checks.project)?;
    command.args(["deny", "--color", "never", "--workspace", "check", "--show-stats"]).args(what);
    let path =
        checks.project.search_path(&[checks.project.tools().join("bin"), checks.setup.toolchain.bin()])?;
    command.env("PATH", path).env("CARGO_TERM_COLOR", "never");
    run(step, &mut command, &checks.project.log(&name.replace([' ', ',', ':'], "-")))
}

/// Whether the database was not there to be asked, which says nothing of the dependencies.
fn unreachable(text: &str) -> bool {
    text.contains("failed to fetch advisory database")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_out_of_reach_is_told_from_an_advisory() {
        assert!(unreachable(
            "2026-11-22 08:00:00 [ERROR] failed to fetch advisory database https://github.com/rustsec/advisory-db"
        ));
        assert!(!unreachable("error[vulnerability]: Something bad\nadvisories FAILED"));
    }
}

//! `cargo xtask test`: everything that must hold, in the order in which it fails fastest.

use std::path::Path;
use std::{env, fs};

use anyhow::{Context as _, Result};

use crate::process::{Ended, run};
use crate::progress::Step;
use crate::project::Project;
use crate::setup::Setup;
use crate::toolchain::WASM;
use crate::world::{Built, Plan, World};
use crate::{chromium, deep, deep_tools};

/// How many checks did what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

pub(crate) const PASSED: Tally = Tally { passed: 1, failed: 0, skipped: 0 };
pub(crate) const FAILED: Tally = Tally { passed: 0, failed: 1, skipped: 0 };
const SKIPPED: Tally = Tally { passed: 0, failed: 0, skipped: 1 };

/// Lines shown of a failed run: some ten failures.
const SHOWN: usize = 200;
/// Contacts of a world in the browser: 20 pages.
const BROWSER_CONTACTS: u32 = 2_000;

/// A run of all checks. Each counts as one, a run of tests as many as it has.
pub(crate) struct Checks<'a> {
    pub(crate) project: &'a Project,
    pub(crate) setup: &'a Setup,
    lines: Vec<(String, Tally)>,
}

/// Runs all, where it `is_deep` with what takes minutes more; what the last lines say.
pub fn run_all(project: &Project, setup: &Setup, only: Option<&str>, is_deep: bool) -> Result<Tally> {
    let mut checks = Checks { project, setup, lines: Vec::new() };
    if let Some(wanted) = only.and_then(|only| only.strip_prefix("browser")) {
        checks.browser(&Built::ensure(project, setup)?, wanted.trim_start_matches(':'))?;
        return Ok(checks.summary());
    }
    if only == Some("deep") {
        deep_tools::run_all(&mut checks)?;
        return Ok(checks.summary());
    }
    if only == Some("deep:api") {
        deep::api(&mut checks);
        return Ok(checks.summary());
    }
    checks.cargo("rustfmt", "rustfmt", &["fmt", "--all", "--check"])?;
    let lint = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "--deny", "warnings"];
    checks.cargo("clippy, native", "cargo-clippy", &lint)?;
    let lint = ["clippy", "--package", "spoke", "--lib", "--target", WASM, "--", "--deny", "warnings"];
    checks.cargo("clippy, wasm32", "cargo-clippy", &lint)?;
    checks.tests("native tests", &["test", "--workspace", "--no-fail-fast"])?;
    // Of the workspace, so that what the step before compiled is used again.
    let planted = ["test", "--workspace", "--test", "it", "planted", "--", "--ignored"];
    checks.tests("planted mistakes are found", &planted)?;
    let features = "xtask/live,xtask/app-project";
    let live = ["test", "--workspace", "--features", features, "--test", "live", "--test", "app_project"];
    checks.tests("live questions, asked of the simulator; app projects", &live)?;
    let step = "the Worker builds within its budget";
    match Built::ensure(project, setup) {
        Ok(built) => {
            checks.end(Step::start(step, ""), step, PASSED, &built.size.to_string());
            let workerd = ["test", "--package", "xtask", "--features", "workerd", "--test", "workerd"];
            checks.tests("tests in workerd", &workerd)?;
            checks.browser(&built, "")?;
        }
        Err(error) => {
            eprintln!("{error:#}");
            checks.end(Step::start(step, ""), step, FAILED, "");
        }
    }
    if is_deep {
        deep_tools::run_all(&mut checks)?;
        deep::api(&mut checks);
    }
    Ok(checks.summary())
}

impl Checks<'_> {
    /// One cargo command as one check; skipped where the toolchain lacks its program.
    fn cargo(&mut self, name: &str, program: &str, arguments: &[&str]) -> Result<()> {
        let step = Step::start(name, "");
        if self.setup.toolchain.program(program).is_none() {
            self.end(step, name, SKIPPED, &format!("{} has no {program}", self.setup.toolchain.version));
            return Ok(());
        }
        let ended = self.run_cargo(&step, name, arguments, &[])?;
        let tally = if ended.status.success() { PASSED } else { FAILED };
        if tally == FAILED {
            eprintln!("{}", ended.tail(60));
        }
        self.end(step, name, tally, "");
        Ok(())
    }

    /// A run of tests: as many checks as it has.
    fn tests(&mut self, name: &str, arguments: &[&str]) -> Result<()> {
        self.tests_with(name, arguments, &[])
    }

    /// The same with variables in its environment.
    pub(crate) fn tests_with(
        &mut self,
        name: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<()> {
        let step = Step::start(name, "");
        let ended = self.run_cargo(&step, name, arguments, environment)?;
        let mut tally = of_cargo_test(&ended.text);
        if !ended.status.success() {
            // It did not even compile, or ended before its last line.
            tally.failed = tally.failed.max(1);
            eprintln!("{}", failures(&ended.text));
        }
        self.end(step, name, tally, &tally.to_string());
        Ok(())
    }

    fn run_cargo(
        &self,
        step: &Step,
        name: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Ended> {
        let mut cargo = self.setup.toolchain.cargo(self.project)?;
        cargo.envs(environment.iter().copied());
        cargo.args(arguments).env("CARGO_TERM_COLOR", "never");
        run(step, &mut cargo, &self.project.log(&name.replace([' ', ','], "-")))
    }

    /// The scripts of `tests/browser/` with `wanted` in their names, each in a world of its own, in Chromium.
    fn browser(&mut self, built: &Built, wanted: &str) -> Result<()> {
        let scripts = scripts(&self.project.path("tests/browser"))?;
        for script in scripts.into_iter().filter(|script| script.contains(wanted)) {
            let name = format!("browser: {script}");
            let step = Step::start(&name, "");
            let Some(found) = chromium::find() else {
                let tally = if is_ci() { FAILED } else { SKIPPED };
                self.end(step, &name, tally, chromium::MISSING);
                continue;
            };
            // Deliveries go to a receiver on this machine.
            let plan = Plan::default().with("--contacts", BROWSER_CONTACTS).setting("DELIVER_TO", "anywhere");
            let world = World::start(built, &plan)?;
            let mut node = chromium::node(self.project, &world, &found)?;
            node.args(["--test", "--test-reporter", "tap"]).arg(format!("tests/browser/{script}"));
            let ended = run(&step, &mut node, &self.project.log(&name.replace([' ', ':'], "-")))?;
            let mut tally = of_tap(&ended.text);
            if !ended.status.success() {
                tally.failed = tally.failed.max(1);
                eprintln!(
                    "{}\nThe Worker said:\n{}",
                    from_first(&ended.text, "\nnot ok "),
                    world.worker_log_tail(30)
                );
            }
            self.end(step, &name, tally, &tally.to_string());
        }
        Ok(())
    }

    pub(crate) fn end(&mut self, step: Step, name: &str, tally: Tally, words: &str) {
        match tally {
            Tally { failed: 1.., .. } => step.failed(words),
            Tally { passed: 0, .. } => step.skipped(words),
            _ => step.done(words),
        }
        self.lines.push((name.to_owned(), tally));
    }

    /// Prints what came of each step, and at last the sum.
    fn summary(&self) -> Tally {
        let mut sum = Tally::default();
        println!();
        for (name, tally) in &self.lines {
            println!("  {name}: {tally}");
            sum += *tally;
        }
        println!("{sum}");
        sum
    }
}

/// Adds up cargo's `test result: ok. 3 passed; 0 failed; 1 ignored; …` lines.
fn of_cargo_test(text: &str) -> Tally {
    let mut tally = Tally::default();
    for line in text.lines().filter_map(|line| line.strip_prefix("test result: ")) {
        let count = |word: &str| -> u64 {
            let parts = line.split(['.', ';']).map(str::trim);
            parts.filter_map(|part| part.strip_suffix(word)?.trim().parse::<u64>().ok()).sum()
        };
        tally += Tally { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
    }
    tally
}

/// Reads the last counts of Node's TAP: `# pass 3`, `# fail 0`, `# skipped 0`.
fn of_tap(text: &str) -> Tally {
    let count = |word: &str| {
        let mut counts =
            text.lines().filter_map(|line| line.strip_prefix("# ")?.strip_prefix(word)?.trim().parse().ok());
        counts.next_back().unwrap_or_default()
    };
    Tally { passed: count("pass "), failed: count("fail "), skipped: count("skipped ") }
}

/// What to show of a failed run: compile errors, or the part from `failures:` on.
fn failures(text: &str) -> String {
    from_first(text, "\nfailures:\n")
}

/// A failed run from where it says what failed first: later failures may only follow from it. Where it does not say, its end.
fn from_first(text: &str, mark: &str) -> String {
    match text.find(mark) {
        Some(from) => text[from..].lines().take(SHOWN).collect::<Vec<_>>().join("\n"),
        None => crate::process::tail(text, 60),
    }
}

fn scripts(folder: &Path) -> Result<Vec<String>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.mjs") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Whether a continuous integration runs this: nothing may be skipped there for want of a program.
fn is_ci() -> bool {
    env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_results_add_up() {
        let text = "test a ... ok\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s\n\
                    test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s\n";
        assert_eq!(of_cargo_test(text), Tally { passed: 4, failed: 2, skipped: 1 });
    }

    #[test]
    fn nodes_results_are_the_last_ones() {
        let text = "ok 1 - a\n# tests 2\n# pass 1\n# fail 1\n# cancelled 0\n# skipped 0\n";
        assert_eq!(of_tap(text), Tally { passed: 1, failed: 1, skipped: 0 });
        assert_eq!(of_tap("Error"), Tally::default());
    }

    #[test]
    fn the_last_line_is_plain() {
        assert_eq!(Tally { passed: 2, failed: 0, skipped: 0 }.to_string(), "2 passed, 0 failed");
        assert_eq!(Tally { passed: 2, failed: 1, skipped: 3 }.to_string(), "2 passed, 1 failed, 3 skipped");
    }
}

//! The few lines of JavaScript around the objects.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use xtask::project::Project;

pub fn trials() -> Vec<Trial> {
    vec![Trial::test("a call to an object that hangs ends loudly after its time", || {
        hanging().map_err(|error| format!("{error:#}").into())
    })]
}

/// `pkg/entry.mjs` in Node, with objects that never answer and timers that a test moves.
fn hanging() -> Result<()> {
    let project = Project::here();
    let script = project.path("xtask/tests/workerd/watchdog.mjs");
    let mut node: Command = project.command("node")?;
    let ended = node.arg("--no-warnings").arg(script).output().context("Node does not run")?;
    ensure!(
        ended.status.success(),
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    Ok(())
}

//! Set-up: everything that a build needs and a fresh clone lacks. All of it lands in `.tools/` and `node_modules/`,
//! except a Rust toolchain. Nothing is fetched from GitHub: the sources are rustup, npm, crates.io and, where rustup
//! cannot download, Debian's archive.
//!
//! A stamp says what was set up; while it is true the set-up ends at once.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::process::{ask, run, run_well};
use crate::progress::Step;
use crate::project::Project;
use crate::toolchain::{RUST, Toolchain};

/// The release of worker-build; the `worker` crate's is kept equal.
const WORKER_BUILD: &str = "0.8.7";

/// The oldest Node whose npm reads our lock file. The Node that runs the tools comes from npm itself.
const OLDEST_NODE: u32 = 20;

/// The oldest Node that wrangler runs on.
const OLDEST_NODE_FOR_WRANGLER: u32 = 22;

/// A machine that is set up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Setup {
    /// What this set-up was made for: versions and the npm lock.
    made_for: u64,
    pub toolchain: Toolchain,
}

impl Setup {
    /// Sets up what is missing.
    pub fn ensure(project: &Project) -> Result<Self> {
        let wasm_bindgen = project.locked_version("wasm-bindgen")?;
        let made_for = fingerprint(project, &wasm_bindgen)?;
        if let Some(setup) = Self::stamped(project, made_for) {
            return Ok(setup);
        }
        eprintln!("Setting up, once: about 5 minutes on two cores, mostly compiling two build tools.");
        fs::create_dir_all(project.tools()).context("cannot create `.tools`")?;

        let step = Step::start("Rust for wasm32, with the standard library's source", "up to 2 min");
        let toolchain = ended(step, |step| Toolchain::ensure(project, step))?;

        let step = Step::start("npm packages: wrangler, wasm-opt, esbuild and others", "half a minute");
        ended(step, |step| npm_packages(project, step))?;

        for (program, package, version) in [
            ("worker-build", "worker-build", WORKER_BUILD),
            ("wasm-bindgen", "wasm-bindgen-cli", &wasm_bindgen),
        ] {
            let step = Step::start(&format!("{package} {version}"), "2 to 3 min");
            ended(step, |step| cargo_install(project, &toolchain, step, program, package, version))?;
        }
        // Only the two builds above used it.
        fs::remove_dir_all(project.tools().join("target")).ok();

        toolchain.write_wrappers(project)?;
        let setup = Self { made_for, toolchain };
        let text = serde_json::to_string(&setup).context("cannot write down the set-up")?;
        fs::write(stamp(project), text).context("cannot write `.tools/stamp.json`")?;
        Ok(setup)
    }

    /// The set-up of the stamp, if it is for this state of the project and still there.
    fn stamped(project: &Project, made_for: u64) -> Option<Self> {
        let setup: Self = serde_json::from_slice(&fs::read(stamp(project)).ok()?).ok()?;
        let files = [
            project.tools().join("bin/worker-build"),
            project.tools().join("bin/wasm-bindgen"),
            project.tools().join("unwind/cargo"),
            project.node_program("wrangler"),
            project.node_program("tailwindcss"),
        ];
        let is_whole = files.iter().all(|file| file.exists()) && setup.toolchain.is_there();
        (setup.made_for == made_for && is_whole).then_some(setup)
    }
}

/// Ends a step as its work ended.
fn ended<T>(step: Step, work: impl FnOnce(&Step) -> Result<T>) -> Result<T> {
    let result = work(&step);
    match &result {
        Ok(_) => step.done(""),
        Err(_) => step.failed("failed"),
    }
    result
}

fn stamp(project: &Project) -> PathBuf {
    project.tools().join("stamp.json")
}

fn fingerprint(project: &Project, wasm_bindgen: &str) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    (RUST, WORKER_BUILD, wasm_bindgen).hash(&mut hasher);
    fs::read(project.path("package-lock.json"))
        .context("package-lock.json cannot be read")?
        .hash(&mut hasher);
    Ok(hasher.finish())
}

fn npm_packages(project: &Project, step: &Step) -> Result<()> {
    const GET_NODE: &str = "install Node 20 or newer with npm (Debian: `apt-get install nodejs npm`; others: nodejs.org), \
                            then run this again";
    let Some(node) = ask(Command::new("node").arg("--version")) else {
        bail!("`node` is missing: {GET_NODE}")
    };
    if major(&node).is_none_or(|major| major < OLDEST_NODE) {
        bail!("Node is too old ({node}): {GET_NODE}");
    }
    if ask(Command::new("npm").arg("--version")).is_none() {
        bail!("`npm` is missing: {GET_NODE}");
    }
    // Not `npm ci`: it refuses the lock where a registry's mirror lacks some platform's optional package. This too
    // installs the locked versions, checked by their hashes, and leaves the lock as it is.
    let mut npm = Command::new("npm");
    npm.current_dir(project.root()).args([
        "install",
        "--no-save",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
    ]);
    npm.args(["--loglevel", "error"]);
    let advice = "npm could not install the packages of package-lock.json; if the registry cannot be reached \
                  (`npm ping`), mend the network or `npm config set registry`, then run this again";
    run_well(step, &mut npm, &project.log("npm")).context(advice)?;
    let node = ask(project.command(project_node(project))?.arg("--version")).unwrap_or_default();
    if major(&node).is_none_or(|major| major < OLDEST_NODE_FOR_WRANGLER) {
        bail!(
            "wrangler needs Node {OLDEST_NODE_FOR_WRANGLER} or newer; npm has none for this platform, so install it yourself"
        );
    }
    Ok(())
}

/// Node of npm's package, where there is one for this platform; else the machine's.
fn project_node(project: &Project) -> PathBuf {
    Some(project.node_program("node")).filter(|node| node.exists()).unwrap_or_else(|| "node".into())
}

/// `v22.23.3` → 22.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Installs a program from crates.io into `.tools/`, unless it is there in this version.
pub(crate) fn cargo_install(
    project: &Project,
    toolchain: &Toolchain,
    step: &Step,
    program: &str,
    package: &str,
    version: &str,
) -> Result<()> {
    let installed = ask(Command::new(project.tools().join("bin").join(program)).arg("--version"));
    if installed.is_some_and(|text| text.ends_with(version)) {
        return Ok(());
    }
    let install = |locked: bool| -> Result<Command> {
        let mut cargo = toolchain.cargo(project)?;
        cargo.args(["install", package, "--version", version, "--force", "--root"]).arg(project.tools());
        cargo.arg("--target-dir").arg(project.tools().join("target"));
        cargo.args(locked.then_some("--locked"));
        // They run for seconds: half the time to compile them is worth more than their last fifth of speed.
        cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("CARGO_PROFILE_RELEASE_LTO", "off");
        cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16").env("CARGO_PROFILE_RELEASE_DEBUG", "0");
        Ok(cargo)
    };
    // The author's lock may name a release that a mirror does not have (any more); then cargo chooses.
    if run(step, &mut install(true)?, &project.log(package))?.status.success() {
        return Ok(());
    }
    step.note("again, without the author's lock file");
    run_well(step, &mut install(false)?, &project.log(package)).with_context(|| {
        format!("{package} could not be installed; if crates.io cannot be reached, mend the network, then run this again")
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worker_build_is_of_the_worker_crates_release() {
        assert_eq!(Project::here().locked_version("worker").unwrap(), WORKER_BUILD);
    }

    #[test]
    fn nodes_version_is_read_as_node_writes_it() {
        assert_eq!(major("v22.23.3"), Some(22));
        assert_eq!(major(""), None);
    }
}

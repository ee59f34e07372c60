//! The deployable: `worker-build` makes `pkg/build/`, the pages' files land in `pkg/assets/`, and the wasm's size is held
//! to a budget.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};
use flate2::{Compression, write::GzEncoder};

use crate::assets;
use crate::process::run_well;
use crate::progress::Step;
use crate::project::Project;
use crate::setup::Setup;

/// What the gzipped wasm may weigh, bytes. Cloudflare would take 64 MiB; each 100 KB costs about 1.5 ms of cold start.
/// The same sources weigh 1,192 to 1,222 KB, as one stable compiler or the next one inlines.
pub const BUDGET: usize = 3_000_000;

/// What the Worker may use of WebAssembly: what `worker-build` allows.
const FEATURES: [&str; 7] = [
    "mutable-globals",
    "sign-ext",
    "nontrapping-float-to-int",
    "bulk-memory",
    "multivalue",
    "reference-types",
    "exception-handling",
];

/// Sizes of the built wasm, bytes.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub raw: usize,
    pub gzipped: usize,
}

impl Size {
    pub fn is_within_budget(self) -> bool {
        self.gzipped <= BUDGET
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { raw, gzipped } = *self;
        write!(f, "wasm {} KB, gzipped {} KB of {} KB allowed", raw / 1_000, gzipped / 1_000, BUDGET / 1_000)
    }
}

/// Builds the Worker unless it is newer than everything it is made of; fails if it outgrew its budget.
pub fn build(project: &Project, setup: &Setup) -> Result<Size> {
    let step = Step::start("Building the Worker", "first time about 2 min");
    assets::build(project.root()).map_err(anyhow::Error::msg)?;
    let wasm = project.path("pkg/build/index_bg.wasm");
    if !is_fresh(project, &wasm) {
        compile(project, setup, &step)?;
    }
    let size = measure(&wasm)?;
    if !size.is_within_budget() {
        step.failed(&size.to_string());
        bail!(
            "the Worker outgrew its budget ({size}): find what it grew by, or raise `BUDGET` and say in the README what that buys"
        );
    }
    step.done(&size.to_string());
    Ok(size)
}

fn compile(project: &Project, setup: &Setup, step: &Step) -> Result<()> {
    let wrappers = setup.toolchain.write_wrappers(project)?;
    let mut worker_build = project.command(project.tools().join("bin/worker-build"))?;
    worker_build
        .args(["--release", "--panic-unwind", "--out-dir", "pkg/build"])
        .env("PATH", project.search_path(&[wrappers])?)
        .env("WASM_BINDGEN_BIN", project.tools().join("bin/wasm-bindgen"))
        .env("WASM_OPT_BIN", project.node_program("wasm-opt"))
        .env("ESBUILD_BIN", project.node_program("esbuild"))
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("CARGO_MANIFEST_DIR");
    run_well(step, &mut worker_build, &project.log("worker-build")).context("the Worker does not build")?;
    leave_out_names(project, step)
}

/// `worker-build` keeps the names of all functions, a tenth of what is sent to each machine; a panic's message names file and line.
fn leave_out_names(project: &Project, step: &Step) -> Result<()> {
    let mut wasm_opt = project.command(project.node_program("wasm-opt"))?;
    wasm_opt
        .args(["pkg/build/index_bg.wasm", "-o", "pkg/build/index_bg.wasm", "--strip-debug"])
        .args(FEATURES.map(|feature| format!("--enable-{feature}")));
    run_well(step, &mut wasm_opt, &project.log("wasm-opt"))
        .context("the Worker's names cannot be left out")?;
    Ok(())
}

/// Whether `wasm` is younger than every file the Worker is made of.
fn is_fresh(project: &Project, wasm: &Path) -> bool {
    let Ok(built) = fs::metadata(wasm).and_then(|file| file.modified()) else { return false };
    let sources = ["src", "Cargo.toml", "Cargo.lock", ".tools/stamp.json"];
    project.path("pkg/build/index.js").exists()
        && sources.iter().all(|source| newest(&project.path(source)).is_some_and(|changed| changed <= built))
}

/// When something at or below `path` last changed.
fn newest(path: &Path) -> Option<SystemTime> {
    let own = fs::metadata(path).ok()?;
    let mut newest = own.modified().ok()?;
    if own.is_dir() {
        for entry in fs::read_dir(path).ok()?.filter_map(Result::ok) {
            newest = newest.max(self::newest(&entry.path())?);
        }
    }
    Some(newest)
}

fn measure(wasm: &Path) -> Result<Size> {
    let bytes = fs::read(wasm).with_context(|| format!("`{}` cannot be read", wasm.display()))?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    Ok(Size { raw: bytes.len(), gzipped: encoder.finish()?.len() })
}

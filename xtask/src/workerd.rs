//! workerd without wrangler: starts in a tenth of the time and has nothing before the Worker that would be measured with it.
//!
//! KV, queue and cron are imitated by three small scripts; everything else is the same program and the same files.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::project::Project;

/// Writes what `workerd serve` needs into `folder`; returns the configuration's path. `settings` become bindings, `bound` is
/// who the second Worker is to the first, as JSON.
pub(crate) fn write_config(
    project: &Project,
    folder: &Path,
    settings: &[(String, String)],
    bound: &str,
    port: u16,
    control_port: u16,
) -> Result<PathBuf> {
    fs::create_dir_all(folder.join("data")).context("cannot create the folder for objects")?;
    fs::create_dir_all(folder.join("build")).context("cannot create the folder for the module")?;
    // workerd embeds files below its configuration only.
    for (from, to) in [
        ("pkg/entry.mjs", "entry.mjs"),
        ("pkg/build/index.js", "build/index.js"),
        ("pkg/build/index_bg.wasm", "build/index_bg.wasm"),
        ("xtask/src/workerd/kv.mjs", "kv.mjs"),
        ("xtask/src/workerd/queue.mjs", "queue.mjs"),
        ("xtask/src/workerd/control.mjs", "control.mjs"),
    ] {
        fs::copy(project.path(from), folder.join(to)).with_context(|| format!("cannot copy `{from}`"))?;
    }
    let wrangler =
        fs::read_to_string(project.path("wrangler.toml")).context("wrangler.toml cannot be read")?;
    let date = wrangler.lines().find_map(|line| line.strip_prefix("compatibility_date = "));
    let date = date.context("wrangler.toml has no compatibility_date")?;
    let mut texts = String::new();
    for (name, value) in settings {
        writeln!(texts, "    (name = {name:?}, text = {value:?}),")?;
    }
    let config = format!(
        r#"using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "spoke", worker = .spoke),
    (name = "kv", worker = .kv),
    (name = "queue", worker = .queue),
    (name = "control", worker = .control),
    (name = "internet", network = (allow = ["private", "local"])),
    (name = "data", disk = (path = "{data}", writable = true)),
    (name = "assets", disk = (path = "{assets}")),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:{port}", http = (), service = "spoke"),
    (name = "control", address = "127.0.0.1:{control_port}", http = (), service = "control"),
  ],
);

const spoke :Workerd.Worker = (
  modules = [
    (name = "entry.mjs", esModule = embed "entry.mjs"),
    (name = "build/index.js", esModule = embed "build/index.js"),
    (name = "build/index_bg.wasm", wasm = embed "build/index_bg.wasm"),
  ],
  compatibilityDate = {date},
  bindings = [
    (name = "DIRECTORY", durableObjectNamespace = "Directory"),
    (name = "PORTAL", durableObjectNamespace = "Portal"),
    (name = "LIMITER", durableObjectNamespace = "Limiter"),
    (name = "ROUTES", kvNamespace = "kv"),
    (name = "POKES", queue = "queue"),
    (name = "ASSETS", service = "assets"),
{texts}  ],
  durableObjectNamespaces = [
    (className = "Directory", uniqueKey = "spoke-Directory", enableSql = true),
    (className = "Portal", uniqueKey = "spoke-Portal", enableSql = true),
    (className = "Limiter", uniqueKey = "spoke-Limiter", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "data"),
  globalOutbound = "internet",
);

const kv :Workerd.Worker = (
  modules = [(name = "kv.mjs", esModule = embed "kv.mjs")],
  compatibilityDate = {date},
);

const queue :Workerd.Worker = (
  modules = [(name = "queue.mjs", esModule = embed "queue.mjs")],
  compatibilityDate = {date},
  compatibilityFlags = ["service_binding_extra_handlers"],
  bindings = [(name = "CONSUMER", service = "spoke")],
);

const control :Workerd.Worker = (
  modules = [(name = "control.mjs", esModule = embed "control.mjs")],
  compatibilityDate = {date},
  compatibilityFlags = ["service_binding_extra_handlers"],
  bindings = [
    (name = "SPOKE", service = "spoke"),
    (name = "API", service = (name = "spoke", entrypoint = "Api", props = (json = {bound:?}))),
    (name = "ROUTES", kvNamespace = "kv"),
  ],
);
"#,
        data = folder.join("data").display(),
        assets = project.path("pkg/assets").display(),
    );
    let path = folder.join("workerd.capnp");
    // It holds secrets.
    fs::remove_file(&path).ok();
    let mut file = fs::File::options().create_new(true).write(true).mode(0o600).open(&path)?;
    file.write_all(config.as_bytes())?;
    Ok(path)
}

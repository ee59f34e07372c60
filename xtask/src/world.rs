//! A whole world on this machine: the simulator as HubSpot, and the built Worker in workerd under `wrangler dev`, with data,
//! logs, ports and secrets of its own. It ends, and its folder goes, when it is dropped.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use tempfile::TempDir;

use crate::build;
use crate::process::{Group, Usage, remove_when_interrupted, run_well, tail};
use crate::progress::Step;
use crate::project::Project;
use crate::setup::Setup;
use crate::simulator::{Simulator, Started};
use crate::spoke::Spoke;
use crate::workerd;

/// How long a program may take until it answers. A cold, busy machine with two cores needs 15 s.
const PATIENCE: Duration = Duration::from_mins(1);

/// Client id of the app through which single users authorise. Whoever wants one makes it at the simulator ([`World::put_seat_app`]).
pub const SEAT_CLIENT: &str = "77777777-2222-3333-4444-555555555555";

/// The app that every world has: its key in the Worker's configuration, and in the webhooks' address.
pub const APP: &str = "main";

/// A project that is set up and built: what a world starts from.
#[derive(Debug, Clone)]
pub struct Built {
    pub project: Project,
    pub size: build::Size,
    simulator: PathBuf,
}

impl Built {
    /// Builds what is not, the Worker and the simulator.
    pub fn ensure(project: &Project, setup: &Setup) -> Result<Self> {
        let size = build::build(project, setup)?;
        let step = Step::start("Building the simulator", "first time half a minute");
        let mut cargo = setup.toolchain.cargo(project)?;
        cargo.args([
            "build",
            "--package",
            "hubspot-simulator",
            "--profile",
            "tool",
            "--message-format",
            "json",
        ]);
        let ended = run_well(&step, &mut cargo, &project.log("simulator"))?;
        let built =
            ended.text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let built = built.filter_map(|line| line["executable"].as_str().map(PathBuf::from)).next_back();
        let built = built.context("cargo names no program of the package `hubspot-simulator`")?;
        // Copied, because a target folder may be shared by two clones.
        let simulator = project.tools().join("bin/hubspot-simulator");
        fs::remove_file(&simulator).ok();
        fs::copy(&built, &simulator).with_context(|| format!("cannot copy `{}`", built.display()))?;
        step.done("");
        Ok(Self { project: project.clone(), size, simulator })
    }
}

/// What runs the Worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Runtime {
    /// `wrangler dev`: KV, queue, assets and cron as Cloudflare's own tool imitates them.
    #[default]
    Wrangler,
    /// workerd alone: for figures, and for tests that start it often.
    Workerd,
}

/// What a world is made of.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Arguments of the simulator besides the app's; its `--help` lists them.
    pub simulator: Vec<String>,
    /// Settings of the Worker besides those that every world has.
    pub settings: Vec<(String, String)>,
    /// The Worker's port; a free one if absent.
    pub port: Option<u16>,
    /// The simulator's port; a free one if absent.
    pub simulator_port: Option<u16>,
    /// HubSpot's webhooks do not reach the Worker.
    pub without_webhooks: bool,
    pub runtime: Runtime,
    /// workerd alone listens for a debugger.
    pub inspected: bool,
}

impl Plan {
    /// Runs the Worker in workerd alone.
    #[must_use]
    pub fn in_workerd(mut self) -> Self {
        self.runtime = Runtime::Workerd;
        self
    }

    /// Lets a debugger in; see [`World::inspector_port`].
    #[must_use]
    pub fn inspected(mut self) -> Self {
        self.inspected = true;
        self
    }

    /// Adds an argument of the simulator.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.simulator.extend([name.to_owned(), value.to_string()]);
        self
    }

    /// Adds a flag of the simulator.
    #[must_use]
    pub fn flag(mut self, name: &str) -> Self {
        self.simulator.push(name.to_owned());
        self
    }

    /// Adds a setting of the Worker.
    #[must_use]
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.push((name.to_owned(), value.to_string()));
        self
    }
}

/// Secrets made for one world.
#[derive(Clone)]
pub struct Secrets {
    pub root_key: String,
    pub console_password: String,
    pub client_secret: String,
    keyring: String,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    fn generate() -> Result<Self> {
        Ok(Self {
            root_key: random_text()?,
            console_password: random_text()?,
            client_secret: random_text()?,
            keyring: BASE64.encode(&random::<32>()?),
        })
    }
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(bytes)
}

fn random_text() -> Result<String> {
    Ok(BASE64URL_NOPAD.encode(&random::<30>()?))
}

/// The running world.
#[derive(Debug)]
pub struct World {
    built: Built,
    worker: Option<Group>,
    _simulator_process: Group,
    pub simulator: Simulator,
    pub spoke: Spoke,
    pub secrets: Secrets,
    runtime: Runtime,
    settings: Vec<(String, String)>,
    /// Who a second Worker is to the API, as `props` of its service binding, from the next start on.
    pub bound: String,
    port: u16,
    control_port: u16,
    inspector_port: Option<u16>,
    // Last, so that it outlives the processes that write into it.
    folder: TempDir,
}

impl World {
    /// Starts everything and waits until it answers.
    pub fn start(built: &Built, plan: &Plan) -> Result<Self> {
        let folder = TempDir::with_prefix("spoke-world-").context("no temporary folder")?;
        remove_when_interrupted(folder.path());
        let secrets = Secrets::generate()?;
        let port = choose_port("--port", plan.port)?;
        let url = format!("http://127.0.0.1:{port}");
        let (simulator_process, started) = start_simulator(built, plan, folder.path(), &secrets, &url)?;
        let settings = settings(plan, &secrets, &started, &url);
        let mut world = Self {
            built: built.clone(),
            worker: None,
            _simulator_process: simulator_process,
            simulator: Simulator::new(started),
            spoke: Spoke::new(&url, &secrets.root_key),
            secrets,
            runtime: plan.runtime,
            settings,
            bound: "{}".to_owned(),
            port,
            control_port: choose_port("--control-port", None)?,
            inspector_port: plan.inspected.then(|| choose_port("--inspector-port", None)).transpose()?,
            folder,
        };
        world.start_worker()?;
        Ok(world)
    }

    /// Starts the Worker with the data that are there, and waits until it answers.
    pub fn start_worker(&mut self) -> Result<()> {
        let mut command = match self.runtime {
            Runtime::Wrangler => self.wrangler()?,
            Runtime::Workerd => self.workerd()?,
        };
        command.env_remove("LD_LIBRARY_PATH");
        let mut worker = Group::start("the Worker", &mut command, &self.worker_log())?;
        let spoke = self.spoke.clone();
        worker.wait_until(PATIENCE, || spoke.answers().then_some(()))?;
        self.worker = Some(worker);
        Ok(())
    }

    fn wrangler(&self) -> Result<Command> {
        let project = &self.built.project;
        let in_folder = |name: &str| self.folder.path().join(name);
        write_env_file(&in_folder("worker.env"), &self.settings)?;
        let mut wrangler = project.command(project.node_program("wrangler"))?;
        wrangler.args(["dev", "--ip", "127.0.0.1", "--inspector-port", "0", "--test-scheduled"]);
        wrangler.args(["--show-interactive-dev-session", "false", "--log-level", "info"]);
        wrangler.args(["--port", &self.port.to_string()]);
        wrangler.arg("--persist-to").arg(in_folder("data")).arg("--env-file").arg(in_folder("worker.env"));
        // Nothing of this machine's wrangler: no metrics, no login, no other Workers that run at the same time.
        wrangler.env("WRANGLER_SEND_METRICS", "false").env("CI", "true").env("NO_COLOR", "1");
        wrangler
            .env("XDG_CONFIG_HOME", in_folder("config"))
            .env("WRANGLER_REGISTRY_PATH", in_folder("registry"));
        wrangler.env("WRANGLER_LOG_PATH", in_folder("wrangler-logs"));
        Ok(wrangler)
    }

    fn workerd(&self) -> Result<Command> {
        let project = &self.built.project;
        let folder = self.folder.path();
        let config = workerd::write_config(
            project,
            folder,
            &self.settings,
            &self.bound,
            self.port,
            self.control_port,
        )?;
        let mut workerd = project.command(project.workerd()?)?;
        // Experimental: only that one Worker may hand another a cron's or a queue's event.
        workerd.args(["serve", "--experimental"]);
        workerd.args(self.inspector_port.map(|port| format!("--inspector-addr=127.0.0.1:{port}")));
        workerd.arg(config);
        Ok(workerd)
    }

    /// SIGKILL to workerd and wrangler; the data stay.
    pub fn kill_worker(&mut self) {
        self.worker = None;
    }

    /// Kills and starts.
    pub fn restart_worker(&mut self) -> Result<()> {
        self.kill_worker();
        self.start_worker()
    }

    /// Fires the cron trigger, as Cloudflare does every five minutes.
    pub fn fire_cron(&self) -> Result<()> {
        match self.runtime {
            Runtime::Wrangler => self.spoke.fire_cron(&self.spoke.url),
            Runtime::Workerd => self.spoke.fire_cron(&self.control_url()),
        }
    }

    /// Where a Worker in workerd alone is driven from outside: its cron, and its KV under `/kv/`.
    pub fn control_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.control_port)
    }

    /// Where workerd's inspector listens, if the plan lets a debugger in.
    pub fn inspector_port(&self) -> Option<u16> {
        self.inspector_port
    }

    /// What workerd used since it was last started: the Worker's process and the small one that wrangler puts before it.
    pub fn usage(&self) -> Usage {
        self.worker.as_ref().map(|worker| worker.usage("workerd")).unwrap_or_default()
    }

    /// Bytes of all objects' databases, write-ahead logs included.
    pub fn disk_bytes(&self) -> u64 {
        folder_bytes(&self.folder.path().join("data")).unwrap_or_default()
    }

    /// Makes the app through which single users authorise, at HubSpot, with the scopes of the other.
    pub fn put_seat_app(&self) -> Result<()> {
        let state = self.simulator.get("state")?;
        let apps = state["apps"].as_array().map(Vec::as_slice).unwrap_or_default();
        if apps.iter().any(|app| app["client_id"] == SEAT_CLIENT) {
            return Ok(());
        }
        let other = apps.first().context("HubSpot has no app")?;
        let app = serde_json::json!({
            "name": "HubSpot for people",
            "client_id": SEAT_CLIENT,
            "client_secret": self.secrets.client_secret,
            "redirect_uris": [format!("{}/oauth/callback", self.spoke.url)],
            "required_scopes": other["required_scopes"],
            "optional_scopes": other["optional_scopes"],
            "user_level": true,
        });
        self.simulator.post("apps", &app).map(drop)
    }

    /// Where the databases of a class of objects lie: one per object, and `metadata.sqlite` with all alarms. To be touched
    /// only while the Worker does not run.
    pub fn objects(&self, class: &str) -> PathBuf {
        let below = match self.runtime {
            Runtime::Wrangler => "data/v3/do",
            Runtime::Workerd => "data",
        };
        self.folder.path().join(below).join(format!("spoke-{class}"))
    }

    /// All that the Worker and wrangler said, over all starts.
    pub fn worker_log(&self) -> PathBuf {
        self.folder.path().join("worker.log")
    }

    /// The end of [`Self::worker_log`]. The Worker writes on while it is read, so that it may end within a character.
    pub fn worker_log_tail(&self, lines: usize) -> String {
        match fs::read(self.worker_log()) {
            Ok(read) => tail(&String::from_utf8_lossy(&read), lines),
            Err(error) => format!("(the Worker's log cannot be read: {error})"),
        }
    }

    /// The secrets found in the Worker's log, by name: this world's own and `others`. Must be empty.
    pub fn leaked(&self, others: &[String]) -> Result<Vec<String>> {
        let log = fs::read_to_string(self.worker_log()).context("the Worker's log cannot be read")?;
        let others = others.iter().map(|secret| ("token", secret.clone()));
        let all = self.own_secrets().into_iter().chain(others);
        Ok(all.filter(|(_, secret)| log.contains(secret.as_str())).map(|(name, _)| name.to_owned()).collect())
    }

    /// The secrets in the Worker's settings, by name.
    pub fn own_secrets(&self) -> Vec<(&'static str, String)> {
        vec![
            ("root key", self.secrets.root_key.clone()),
            ("console password", self.secrets.console_password.clone()),
            ("client secret", self.secrets.client_secret.clone()),
            ("keyring", self.secrets.keyring.clone()),
        ]
    }

    /// What wrangler wrote besides, one file a start; nothing where workerd runs alone.
    pub fn wrangler_logs(&self) -> Result<Vec<PathBuf>> {
        let Ok(folder) = fs::read_dir(self.folder.path().join("wrangler-logs")) else {
            return Ok(Vec::new());
        };
        folder.map(|entry| Ok(entry?.path())).collect()
    }

    pub fn project(&self) -> &Project {
        &self.built.project
    }
}

/// Free ports are chosen from here: below those that a system hands out to whoever asks for any, as calls that leave do. One of
/// those could be gone by the time the Worker listens.
const PORTS: Range<u16> = 10_240..32_768;

/// The asked port if it is free, else a free one that nobody was given before.
fn choose_port(option: &str, asked: Option<u16>) -> Result<u16> {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop);
    if let Some(port) = asked {
        return match is_free(port) {
            Ok(()) => Ok(port),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => bail!(
                "port {port} is in use: end what listens there, or choose another {option}, or none to get a free one"
            ),
            Err(error) => Err(error).with_context(|| format!("cannot listen on port {port}")),
        };
    }
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).context("no randomness")?;
    let first = u16::from_le_bytes(bytes) as usize % PORTS.len();
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let port = PORTS
        .cycle()
        .skip(first)
        .take(PORTS.len())
        .find(|port| !given.contains(port) && is_free(*port).is_ok());
    let port = port.with_context(|| format!("no port of {PORTS:?} is free"))?;
    given.insert(port);
    Ok(port)
}

fn start_simulator(
    built: &Built,
    plan: &Plan,
    folder: &Path,
    secrets: &Secrets,
    url: &str,
) -> Result<(Group, Started)> {
    let log = folder.join("simulator.log");
    let port = plan.simulator_port.map_or(Ok(0), |port| choose_port("--simulator-port", Some(port)))?;
    let mut command = Command::new(&built.simulator);
    // In one word: a random text may begin with a dash.
    command.args(["--port", &port.to_string(), &format!("--client-secret={}", secrets.client_secret)]);
    command.args(["--redirect-uri", &format!("{url}/oauth/callback")]);
    if !plan.without_webhooks {
        command.args(["--webhook-url", &format!("{url}/webhooks/hubspot/{APP}")]);
    }
    command.args(&plan.simulator);
    let mut process = Group::start("hubspot-simulator", &mut command, &log)?;
    let started = process.wait_until(PATIENCE, || {
        let text = fs::read_to_string(&log).ok()?;
        text.lines().find_map(|line| serde_json::from_str(line).ok())
    })?;
    Ok((process, started))
}

/// The Worker's settings in this world.
fn settings(plan: &Plan, secrets: &Secrets, hubspot: &Started, url: &str) -> Vec<(String, String)> {
    let apps = serde_json::json!([
        {
            "key": APP,
            "label": "HubSpot",
            "client_id": hubspot.client_id,
            "client_secret": secrets.client_secret,
            "kind": "account",
        },
        {
            "key": "people",
            "label": "HubSpot for people",
            "client_id": SEAT_CLIENT,
            "client_secret": secrets.client_secret,
            "kind": "user",
        },
    ]);
    let own = [
        ("PUBLIC_URL", url.to_owned()),
        ("HUBSPOT_API_URL", hubspot.url.clone()),
        ("HUBSPOT_APP_URL", hubspot.url.clone()),
        ("HUBSPOT_APPS", apps.to_string()),
        ("KEYRING", format!("k1:{}", secrets.keyring)),
        ("ROOT_KEY", secrets.root_key.clone()),
        ("CONSOLE_PASSWORD", secrets.console_password.clone()),
        ("TEST_FAULTS", "on".to_owned()),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    let is_planned = |name: &str| plan.settings.iter().any(|(planned, _)| planned == name);
    own.filter(|(name, _)| !is_planned(name)).chain(plan.settings.clone()).collect()
}

/// Settings as a file that only this person may read: arguments would show in the list of processes.
fn write_env_file(file: &Path, settings: &[(String, String)]) -> Result<()> {
    fs::remove_file(file).ok();
    let mut out = fs::File::options().create_new(true).write(true).mode(0o600).open(file)?;
    for (name, value) in settings {
        writeln!(out, "{name}='{value}'")?;
    }
    Ok(())
}

fn folder_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        bytes += if meta.is_dir() { folder_bytes(&entry.path())? } else { meta.len() };
    }
    Ok(bytes)
}

//! `cargo xtask test --deep`, the part about the API: schemathesis sends what the OpenAPI document allows, and what it does not, to the
//! Worker in workerd, with the simulator behind, and holds every answer against the document. All of its checks are on.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::checks::{Checks, FAILED, PASSED};
use crate::process::{ask, run, run_well};
use crate::progress::Step;
use crate::project::Project;
use crate::walk::{connect, first_sync};
use crate::world::{Built, Plan, World};

/// The release from Python's index of packages.
const SCHEMATHESIS: &str = "4.32.5";

/// Cases of each operation; with the coverage phase's own about 20,000 requests, ten minutes on two cores.
const EXAMPLES: u32 = 25;

/// Installs schemathesis if it is not there, and runs it over the whole document, as one check.
pub(crate) fn api(checks: &mut Checks<'_>) {
    let name = "schemathesis: the API against its document";
    let step = Step::start(name, "ten minutes");
    match tried(checks, &step) {
        Ok((held, words)) => checks.end(step, name, if held { PASSED } else { FAILED }, &words),
        Err(error) => {
            eprintln!("{error:#}");
            checks.end(step, name, FAILED, "it could not be run");
        }
    }
}

/// Whether all held, and its last line, which counts.
fn tried(checks: &Checks<'_>, step: &Step) -> Result<(bool, String)> {
    let project = checks.project;
    let program = installed(project, step)?;
    let built = &Built::ensure(project, checks.setup)?;
    let plan = Plan::default().in_workerd().with("--contacts", 40);
    // Whatever address is made up, nothing leaves this machine: workerd lets nobody reach the public internet.
    let plan = plan.setting("DELIVER_TO", "anywhere").setting("API_REQUESTS_PER_MINUTE", 1_000_000);
    let world = World::start(built, &plan)?;
    let things = things(&world)?;
    let mut document: Value = serde_json::from_slice(&fs::read(project.path("docs/openapi.json"))?)?;
    with_examples(&mut document, &things);
    let reports = project.tools().join("log/schemathesis");
    fs::create_dir_all(&reports).context("cannot make a folder for the reports")?;
    let location = reports.join("openapi.json");
    fs::write(&location, document.to_string()).context("cannot write the document for schemathesis")?;
    let mut command = Command::new(&program);
    // It keeps what it found where it runs.
    command.current_dir(project.tools());
    let config = project.path("xtask/src/deep/schemathesis.toml");
    command.arg("--config-file").arg(config).arg("run").arg(&location);
    command.args(["--url", &world.spoke.url, "--checks", "all", "--max-examples", &EXAMPLES.to_string()]);
    command.args(["--continue-on-failure", "--report", "junit", "--report-dir"]).arg(&reports);
    command.env("SPOKE_KEY", &world.secrets.root_key).env("SPOKE_THINGS", things.to_string());
    command.env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", project.path("xtask/src/deep"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("NO_COLOR", "1").env("COLUMNS", "140");
    let ended = run(step, &mut command, &project.log("schemathesis"))?;
    let words = ended.text.lines().rev().find(|line| line.contains(" in ") && line.starts_with('='));
    let words = words.unwrap_or("it ended without a count").trim_matches([' ', '=']).to_owned();
    let held = ended.status.success();
    if !held {
        eprintln!("{}\nThe Worker said:\n{}", ended.tail(400), world.worker_log_tail(30));
    }
    Ok((held, words))
}

/// schemathesis in an environment of its own below `.tools/`.
fn installed(project: &Project, step: &Step) -> Result<PathBuf> {
    let home = project.tools().join("schemathesis");
    let program = home.join("bin/schemathesis");
    let version = ask(Command::new(&program).arg("--version")).unwrap_or_default();
    if version.ends_with(SCHEMATHESIS) {
        return Ok(program);
    }
    let Some(python) = ask(Command::new("python3").arg("--version")) else {
        bail!(
            "`python3` is missing: install Python 3.10 or newer (Debian: `apt-get install python3 python3-venv`), then run this again"
        )
    };
    if ask(Command::new("python3").args(["-c", "import ensurepip, venv; print('there')"])).is_none() {
        bail!(
            "{python} cannot make environments: install its `venv` (Debian: `apt-get install python3-venv`), then run this again"
        );
    }
    step.note("installs it from PyPI, half a minute");
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&home);
    run_well(step, &mut venv, &project.log("venv"))
        .context("python3 could not make an environment in `.tools`")?;
    let mut pip = Command::new(home.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", &format!("schemathesis=={SCHEMATHESIS}")]);
    run_well(step, &mut pip, &project.log("pip")).context(
        "pip could not install schemathesis; if PyPI cannot be reached (`pip download schemathesis`), mend the network or set PIP_INDEX_URL, then run this again",
    )?;
    ensure!(program.exists(), "schemathesis was installed without its program");
    Ok(program)
}

/// A connected account with one of everything, and a second one that may be disconnected: what the paths are filled with.
fn things(world: &World) -> Result<Value> {
    let spoke = &world.spoke;
    let kept = connect(world, &mut Browser::default(), "Kept")?;
    let ended = connect(world, &mut Browser::default(), "Ended")?;
    for connected in [&kept, &ended] {
        first_sync(world, &connected.connection, |_| ())?;
    }
    let own = format!("/v1/connections/{}", kept.connection);
    let token = json!({"portal_id": world.simulator.started.portal_id});
    let token = world.simulator.post("private-tokens", &token)?["token"].clone();
    let keys = format!("/v1/workspaces/{}/keys", kept.workspace);
    let (key, key_to_revoke) =
        (spoke.post_json(&keys, &json!({"name": "ci"}))?, spoke.post_json(&keys, &json!({"name": "spare"}))?);
    let channel = json!({
        "name": "All", "object_type": "contacts", "filter": {"and": []}, "fields": [{"field": "email", "property": "email"}],
    });
    let channels = format!("{own}/channels");
    let (channel, other_channel) =
        (spoke.post_json(&channels, &channel)?, spoke.post_json(&channels, &channel)?);
    // Nobody listens there: port 9 is `discard`.
    let (endpoints, endpoint) = (format!("{own}/endpoints"), json!({"url": "http://127.0.0.1:9/hook"}));
    let (endpoint, other_endpoint) =
        (spoke.post_json(&endpoints, &endpoint)?, spoke.post_json(&endpoints, &endpoint)?);
    let erase = |email: &str| spoke.post_json(&format!("{own}/prospects/erase"), &json!({"email": email}));
    let (block, other_block) = (erase("nobody@example.com")?, erase("noone@example.com")?);
    let action = json!({"action": "add_note", "body": "Hello", "why": "it is looked at"});
    let action = spoke.post_json(&format!("{own}/actions"), &action)?;
    let qualifies =
        json!({"of": "account", "property": "score", "type": "number", "operator": "at_least", "value": 50});
    let (lists_at, qualifies) =
        (format!("{own}/qualifying-lists"), json!({"name": "Hot", "filter": qualifies}));
    let (hot, other_list) =
        (spoke.post_json(&lists_at, &qualifies)?, spoke.post_json(&lists_at, &qualifies)?);
    let steps = json!([{"action": "add_note", "body": "{{signal.name}}"}]);
    let (automations, automation) =
        (format!("{own}/automations"), json!({"name": "Note it", "list": hot["id"], "steps": steps}));
    let (automation, other_automation) =
        (spoke.post_json(&automations, &automation)?, spoke.post_json(&automations, &automation)?);
    spoke.post_json(&format!("{automations}/{}/enable", word(&automation["id"])), &json!({}))?;
    let account = json!({"id": "a1", "domain": "looked-at.example", "fields": {"score": 70}});
    let signal = json!({"id": "s1", "name": "Visit", "account": account, "visitor": {"email": "new@looked-at.example"}});
    let signal = spoke.post_json(&format!("{own}/signals"), &signal)?;
    let account = json!({"domain": "looked-at.example", "intent_score": 7.5});
    let put = spoke.put(&format!("{own}/scores/accounts/acct-17"), &account)?;
    ensure!(put.status < 300, "the account's scores: {} {}", put.status, put.text);
    for (path, body) in [
        ("audiences/basket", json!({"name": "Abandon Basket"})),
        ("audiences/spare", json!({"name": "Spare"})),
        ("audiences/basket/members/ada@example.com", json!({})),
        ("attributes/city", json!({"name": "City", "type": "string"})),
        ("attributes/spare", json!({"name": "Spare", "type": "string"})),
        ("attributes/city/values/ada@example.com", json!({"value": "Bonn"})),
    ] {
        let put = spoke.put(&format!("{own}/{path}"), &body)?;
        ensure!(put.status < 300, "{path}: {} {}", put.status, put.text);
    }
    let activation = json!({"name": "Baskets", "audiences": ["basket"], "attributes": ["city"]});
    let activations = format!("{own}/activations");
    let (activation, other_activation) =
        (spoke.post_json(&activations, &activation)?, spoke.post_json(&activations, &activation)?);
    let run = first_run(world, &format!("{own}/automation-runs"))?;
    let (contacts, _) = spoke.contacts(&kept.connection, None)?;
    let records: Vec<&Value> = contacts.iter().take(5).map(|contact| &contact["id"]).collect();
    let (workflow, other_workflow, workflow_runs) = workflows(world, &own, &records)?;
    let lists = spoke.get_json(&format!("{own}/lists"))?;
    let lists: Vec<Value> =
        lists["results"].as_array().into_iter().flatten().take(5).map(|list| list["id"].clone()).collect();
    Ok(json!({
        "workspace": [kept.workspace], "connection": [kept.connection],
        "key": [key["id"]], "channel": [channel["id"]], "endpoint": [endpoint["id"]],
        "block": [block["block"]["id"]], "action": [action["id"]], "signal": [signal["id"]], "run": [run],
        "qualifying-list": [hot["id"]], "automation": [automation["id"]],
        "activation": [activation["id"]], "audience": ["basket"], "attribute": ["city"],
        "workflow": [workflow], "workflow-run": workflow_runs,
        "record": records, "list": lists, "token": token, "own": spoke.url,
        "spare": {
            "connection": ended.connection, "key": key_to_revoke["id"], "channel": other_channel["id"],
            "endpoint": other_endpoint["id"], "block": other_block["block"]["id"],
            "qualifying-list": other_list["id"], "automation": other_automation["id"],
            "activation": other_activation["id"], "audience": "spare", "attribute": "spare",
            "workflow": other_workflow,
        },
    }))
}

/// A workflow that is enabled and has two versions, another one, and runs of the first, which wait.
fn workflows(world: &World, own: &str, records: &[&Value]) -> Result<(Value, Value, Vec<Value>)> {
    let (spoke, at) = (&world.spoke, format!("{own}/workflows"));
    let templates = spoke.get_json(&format!("{at}/templates"))?;
    let mut of_all = templates["results"].as_array().into_iter().flatten();
    // It takes no right but to read contacts.
    let routing = of_all.find(|template| template["key"] == "smart-routing");
    let routing = routing.context("there is no such template")?["definition"].clone();
    let other = spoke.post_json(&at, &routing)?["id"].clone();
    let made = spoke.post_json(&at, &routing)?["id"].clone();
    let mut waits = routing;
    let pause = json!({"id": "pause", "wait": {"count": 30, "unit": "days"}});
    waits["steps"].as_array_mut().context("the template has no steps")?.insert(0, pause);
    let (one, event) = (format!("{at}/{}", word(&made)), waits["trigger"]["event"].clone());
    let put = spoke.put(&one, &waits)?;
    ensure!(put.status < 300, "the workflow's second version: {} {}", put.status, put.text);
    spoke.post_json(&format!("{one}/enable"), &json!({}))?;
    for (place, record) in records.iter().enumerate().take(3) {
        let happened = json!({"id": format!("e{place}"), "event": event, "object_type": "contacts", "record_id": record});
        spoke.post_json(&format!("{at}/events"), &happened)?;
    }
    first_run(world, &format!("{one}/runs"))?;
    let runs = spoke.get_json(&format!("{one}/runs"))?;
    let runs = runs["results"].as_array().into_iter().flatten().map(|run| run["id"].clone()).collect();
    Ok((made, other, runs))
}

/// The id of the first run, as soon as there is one.
fn first_run(world: &World, runs: &str) -> Result<Value> {
    let began = Instant::now();
    loop {
        let told = world.spoke.get_json(runs)?;
        if told["results"][0]["id"].is_string() {
            return Ok(told["results"][0]["id"].clone());
        }
        ensure!(began.elapsed() < Duration::from_secs(60), "nothing ran at `{runs}`: {told}");
        sleep(Duration::from_millis(200));
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The document with examples that are there: the tool begins with these.
fn with_examples(document: &mut Value, things: &Value) {
    match document {
        Value::Object(entries) => {
            let format =
                entries.get("format").and_then(Value::as_str).and_then(|format| format.strip_suffix("-id"));
            if let Some(known) = format.map(|what| &things[what]).filter(|known| known[0].is_string()) {
                entries.insert("examples".to_owned(), json!([known[0]]));
            }
            entries.values_mut().for_each(|value| with_examples(value, things));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| with_examples(value, things)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

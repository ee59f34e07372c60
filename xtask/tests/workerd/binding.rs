//! The API by service binding, asked from a second Worker: the same answers, and who asks is the binding's alone to say.

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::world::{Plan, World};

use crate::person::connected;
use crate::request::{Ask, get, send};
use crate::stage::{Stage, alone};

pub fn trials() -> Vec<Trial> {
    let stage = Stage::new(Plan::default().in_workerd().with("--contacts", 20));
    vec![alone(&stage, "another Worker asks the API by a binding, as whom the binding says", asked)]
}

/// Asks from the second Worker.
fn ask(world: &World, call: &Value) -> Result<Value> {
    let url = format!("{}/api", world.control_url());
    let answer = send(&Ask { method: "POST", url: &url, headers: &[], body: Some(&call.to_string()) })?;
    ensure!(answer.status == 200, "{call}: {} {}", answer.status, answer.text);
    answer.json()
}

fn bound_as(world: &mut World, props: &Value) -> Result<()> {
    world.kill_worker();
    world.bound = props.to_string();
    world.start_worker()
}

fn asked(world: &mut World) -> Result<()> {
    let refused = ask(world, &json!({"path": "/v1/workspaces"}))?;
    ensure!(refused["status"] == 401 && refused["body"]["type"] == "/problems/unauthenticated", "{refused}");

    bound_as(world, &json!({"root": true}))?;
    let make =
        json!({"method": "POST", "path": "/v1/workspaces", "body": {"name": "Bound"}, "idempotencyKey": "b"});
    let made = ask(world, &make)?;
    ensure!(made["status"] == 201 && made["body"]["name"] == "Bound", "{made}");
    let again = ask(world, &make)?;
    ensure!(again["body"] == made["body"] && again["headers"]["idempotency-replayed"] == "true", "{again}");
    let own = connected(world, world.simulator.started.portal_id, "Own")?;
    let other = made["body"]["id"].as_str().context("an id")?.to_owned();
    xtask::walk::first_sync(world, &own.connection, |_| ())?;

    // The same answer as by HTTP, as values.
    let path = format!("/v1/connections/{}/records/contacts", own.connection);
    let bound = ask(world, &json!({"path": path, "query": {"limit": 5}}))?;
    let by_http = world.spoke.get_json(&format!("{path}?limit=5"))?;
    ensure!(
        bound["body"] == by_http && bound["body"]["results"].as_array().is_some_and(|all| all.len() == 5),
        "{bound}"
    );
    let wrong = ask(world, &json!({"path": path, "query": {"limit": 0}}))?;
    ensure!(
        wrong["status"] == 400 && wrong["headers"]["content-type"] == "application/problem+json",
        "{wrong}"
    );
    let lines = ask(world, &json!({"path": format!("/v1/connections/{}/snapshot", own.connection)}))?;
    let last = lines["body"].as_str().and_then(|text| text.lines().next_back()).unwrap_or_default();
    ensure!(last.contains("\"end\":true"), "a snapshot does not come whole: {last}");

    bound_as(world, &json!({"workspace": own.workspace, "permissions": ["read"]}))?;
    ensure!(ask(world, &json!({"path": path}))?["status"] == 200, "the workspace's own");
    let of = |id: &str| json!({"path": format!("/v1/workspaces/{id}")});
    ensure!(
        ask(world, &of(&own.workspace))?["status"] == 200 && ask(world, &of(&other))?["status"] == 404,
        "another's"
    );
    let write = json!({"method": "POST", "path": format!("/v1/connections/{}/pause", own.connection)});
    let refused = ask(world, &write)?;
    ensure!(
        refused["status"] == 403
            && refused["body"]["detail"].as_str().is_some_and(|words| words.contains("`write`")),
        "{refused}"
    );
    ensure!(ask(world, &make)?["status"] == 403, "a workspace's binding makes workspaces");

    for wrong in [
        json!({"workspace": "ws_1"}),
        json!({"root": true, "workspace": own.workspace}),
        json!({"rot": true}),
    ] {
        bound_as(world, &wrong)?;
        ensure!(ask(world, &of(&own.workspace))?["status"] == 401, "{wrong} is somebody");
    }
    // From outside nobody becomes a binding.
    let url = format!("{}/v1/workspaces", world.spoke.url);
    let headers = [("spoke.caller", "{\"root\":true}"), ("x-spoke-caller", "{\"root\":true}")];
    ensure!(
        send(&Ask { method: "GET", url: &url, headers: &headers, body: None })?.status == 401,
        "a header is believed"
    );
    ensure!(get(&url, "{\"root\":true}")?.status == 401, "a key is believed");
    Ok(())
}

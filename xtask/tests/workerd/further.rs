//! Types besides contacts, companies and deals over the API of the built Worker: turned on, read, followed and turned off.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::world::{Plan, World};

use crate::person::connected;
use crate::stage::{Stage, together};
use crate::yardstick::{checked_at_every_tick, in_step, until};

const PATIENCE: Duration = Duration::from_mins(2);

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().in_workerd().with("--contacts", 40);
    let stage = Stage::new(checked_at_every_tick(Plan { without_webhooks: true, ..plan }));
    vec![together(
        &stage,
        "tasks and a custom object are mirrored from when they are turned on until they are turned off",
        on_and_off,
    )]
}

fn on_and_off(world: &World) -> Result<()> {
    let hubspot = &world.simulator;
    let portal = hubspot.started.portal_id;
    let cars = json!({"portal_id": portal, "name": "cars", "singular": "Car", "plural": "Cars", "properties": ["name"]});
    let cars = hubspot.post("schemas/define", &cars)?;
    let cars = cars["id"].as_str().context("a custom object has a number")?;
    hubspot.post("tasks/seed", &json!({"portal_id": portal, "count": 130}))?;
    hubspot.post(&format!("{cars}/seed"), &json!({"portal_id": portal, "count": 30}))?;
    let connection = connected(world, portal, "Further")?.connection;
    in_step(world, &connection, PATIENCE)?;
    let base = format!("/v1/connections/{connection}");
    let off = world.spoke.get(&format!("{base}/records/tasks"))?;
    ensure!(off.status == 404 && off.text.contains("types"), "{}", off.text);
    let tasks = world.spoke.put(&format!("{base}/types/tasks"), &Value::Null)?;
    ensure!(tasks.status == 200 && tasks.json()?["mirrored"] == true, "{}", tasks.text);
    until(PATIENCE, "the custom object is found by its name", || {
        let answer = world.spoke.put(&format!("{base}/types/cars"), &Value::Null)?;
        ensure!([200, 409].contains(&answer.status), "{}", answer.text);
        Ok((answer.status == 200).then_some(()))
    })?;
    let all = world.spoke.get_json(&format!("{base}/types"))?;
    let own = all["results"].as_array().into_iter().flatten().find(|own| own["object_type"] == cars);
    ensure!(own.is_some_and(|own| own["label"] == "Cars" && own["mirrored"] == true), "{all}");
    for (kind, count) in [("tasks", 130), (cars, 30)] {
        until(PATIENCE, &format!("all {kind} are there"), || {
            let page = world.spoke.get_json(&format!("{base}/records/{kind}?limit=250"))?;
            Ok((page["results"].as_array().map(Vec::len) == Some(count)).then_some(()))
        })?;
    }
    let page = world.spoke.get_json(&format!("{base}/records/tasks?limit=1"))?;
    let id = page["results"][0]["id"].as_str().context("an id")?.to_owned();
    let edit = json!({"portal_id": portal, "id": id, "properties": {"hs_task_subject": "Edited"}});
    hubspot.post("tasks/edit", &edit)?;
    hubspot.catch_up_search()?;
    until(PATIENCE, "an edit of a task arrives", || {
        world.fire_cron()?;
        let record = world.spoke.get_json(&format!("{base}/records/tasks/{id}"))?;
        Ok((record["properties"]["hs_task_subject"] == "Edited").then_some(()))
    })?;
    let snapshot = world.spoke.get(&format!("{base}/snapshot"))?.text;
    let last: Value = serde_json::from_str(snapshot.lines().last().context("a last line")?)?;
    ensure!(last["records_by_type"]["tasks"] == 130 && last["records_by_type"][cars] == 30, "{last}");
    let gone = world.spoke.delete(&format!("{base}/types/tasks"))?;
    ensure!(gone.status == 204, "{}", gone.text);
    ensure!(world.spoke.get(&format!("{base}/records/tasks"))?.status == 404, "tasks are still there");
    let seq = last["seq"].as_str().context("a number")?;
    let changes = world.spoke.get_json(&format!("{base}/changes?types=tasks&after={seq}"))?;
    let kinds: Vec<_> =
        changes["changes"].as_array().into_iter().flatten().map(|change| &change["kind"]).collect();
    ensure!(kinds == [&json!("type_off")], "{changes}");
    let refused = world.spoke.delete(&format!("{base}/types/contacts"))?;
    ensure!(refused.status == 409, "{}", refused.text);
    Ok(())
}

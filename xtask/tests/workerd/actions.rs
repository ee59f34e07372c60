//! Writing to HubSpot over HTTP: what is asked for is there once, whatever becomes of answers and objects meanwhile.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::world::{Plan, World};

use crate::person::connected;
use crate::request::{Ask, send};
use crate::secrecy::told;
use crate::stage::{Stage, together};
use crate::yardstick::{checked_at_every_tick, some_contacts, strike, until};

const PATIENCE: Duration = Duration::from_mins(1);

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().in_workerd().with("--contacts", 120);
    let stage = Stage::new(checked_at_every_tick(plan));
    vec![
        together(&stage, "a task whose answer is lost is in HubSpot once", lost),
        together(&stage, "a thousand lines are done a hundred to a call", many),
    ]
}

fn settled(world: &World, base: &str, action: &Value) -> Result<Value> {
    let path = format!("{base}/actions/{}", action["id"].as_str().context("an action")?);
    until(PATIENCE, "the end of an action", || {
        let action = world.spoke.get_json(&path)?;
        let over = !matches!(action["state"].as_str(), Some("waiting" | "sent"));
        Ok(over.then_some(action))
    })
}

fn lost(world: &World) -> Result<()> {
    let portal = world.simulator.started.portal_id;
    let own = connected(world, portal, "Actions")?;
    let base = format!("/v1/connections/{}", own.connection);
    xtask::walk::first_sync(world, &own.connection, |_| ())?;
    let contact = some_contacts(&world.simulator, 1)?[0].to_string();
    for after_commit in [true, false] {
        let fault = json!({ "kind": "no_answer", "after_commit": after_commit });
        strike(&world.simulator, "batch_create", &fault, &json!({ "object_type": "tasks", "times": 1 }))?;
        let subject = format!("Call {after_commit}");
        let task = json!({
            "action": "create_task", "subject": subject, "due": "2026-12-01T09:00:00Z",
            "about": [{ "type": "contacts", "id": contact }], "id": subject,
        });
        let asked = world.spoke.post_json(&format!("{base}/actions"), &task)?;
        let done = settled(world, &base, &asked)?;
        ensure!(done["state"] == "done", "{done}");
        let (tasks, _) = world.simulator.dump("tasks", 0, 1_000)?;
        let made =
            tasks.iter().filter(|task| task["properties"]["hs_task_subject"] == subject.as_str()).count();
        ensure!(made == 1, "{made} tasks");
    }
    Ok(())
}

fn many(world: &World) -> Result<()> {
    let portal = world.simulator.started.portal_id;
    let own = connected(world, portal, "Many actions")?;
    let base = format!("/v1/connections/{}", own.connection);
    xtask::walk::first_sync(world, &own.connection, |_| ())?;
    let contacts = some_contacts(&world.simulator, 100)?;
    let line = |contact: &u64| {
        json!({
            "action": "update_record", "type": "contacts", "record": contact.to_string(), "properties": { "firstname": "Zoe" },
        })
        .to_string()
    };
    let mut lines: Vec<String> = contacts.iter().map(line).collect();
    lines.push("{\"action\":\"dance\"}".to_owned());
    let made = json!({ "name": "actions", "permissions": ["write"] });
    let made = world.spoke.post_json(&format!("/v1/workspaces/{}/keys", own.workspace), &made)?;
    let key = made["key"].as_str().context("a key")?;
    told(key);
    let (url, bearer) = (format!("{}{base}/actions/bulk", world.spoke.url), format!("Bearer {key}"));
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/x-ndjson")];
    let body = lines.join("\n");
    let answer = send(&Ask { method: "POST", url: &url, headers: &headers, body: Some(&body) })?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
    let answers: Vec<Value> = answer.text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    ensure!(answers.len() == contacts.len() + 1, "{} answers", answers.len());
    ensure!(answers[contacts.len()]["problem"]["status"] == 400, "{}", answers[contacts.len()]);
    for action in answers.iter().take(contacts.len()) {
        let done = settled(world, &base, action)?;
        ensure!(done["state"] == "done", "{done}");
    }
    let (all, _) = world.simulator.dump("contacts", 0, 1_000)?;
    let named = all.iter().filter(|contact| contact["properties"]["firstname"] == "Zoe").count();
    ensure!(named == contacts.len(), "{named} of {} are there", contacts.len());
    Ok(())
}

//! A channel over the API of the built Worker: previewed, made, followed by its host, edited and removed.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::world::{Plan, World};

use crate::person::connected;
use crate::receiver::Receiver;
use crate::secrecy::told;
use crate::stage::{Stage, together};
use crate::yardstick::{in_step, known_as, rename, some_contacts, until};

const PATIENCE: Duration = Duration::from_mins(2);

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().in_workerd().with("--contacts", 1_200).setting("DELIVER_TO", "anywhere");
    let stage = Stage::new(plan);
    vec![together(
        &stage,
        "a channel hands each matching record over once, then its changes, then that it left",
        hands,
    )]
}

fn hands(world: &World) -> Result<()> {
    let hubspot = &world.simulator;
    let connection = connected(world, hubspot.started.portal_id, "Channels")?.connection;
    in_step(world, &connection, PATIENCE)?;
    let contacts = some_contacts(hubspot, 4)?;
    for contact in &contacts[..2] {
        rename(hubspot, *contact, "Chosen one")?;
        known_as(world, &connection, *contact, "Chosen one", PATIENCE)?;
    }
    for language in ["filter", "workflow"] {
        let schema = world.spoke.get_json(&format!("/v1/{language}-schema.json"))?;
        ensure!(schema["$schema"].is_string(), "{schema}");
    }
    let list = format!("/v1/connections/{connection}/channels");
    let chosen =
        json!({"property": "firstname", "type": "string", "operator": "starts_with", "value": "chosen"});
    let mut definition = json!({
        "name": "Chosen", "object_type": "contacts", "filter": {"and": [chosen]},
        "fields": [{"field": "name", "property": "firstname"}, {"field": "mail", "property": "email", "default": "-"}],
    });
    let preview = world.spoke.post_json(&format!("{list}/preview"), &definition)?;
    ensure!(preview["matching"] == 2 && preview["of"] == 1_200, "{preview}");
    definition["filter"]["and"][0]["property"] = json!("fristname");
    let refused = world.spoke.post(&list, &definition)?;
    let problem = refused.json()?;
    ensure!(refused.status == 409 && problem["errors"][0]["path"] == "/filter/and/0/property", "{problem}");
    definition["filter"]["and"][0]["property"] = json!("firstname");
    let made = world.spoke.post(&list, &definition)?;
    ensure!(made.status == 201, "{}", made.text);
    let made = made.json()?;
    let address = format!("{list}/{}", made["id"].as_str().context("a channel has an id")?);
    let receiver = Receiver::start()?;
    let endpoint = json!({"url": receiver.url, "channel": made["id"], "after": made["begins_after"]});
    let endpoint = world.spoke.post_json(&format!("/v1/connections/{connection}/endpoints"), &endpoint)?;
    let secret = endpoint["secret"].as_str().context("a secret")?;
    told(secret);
    receiver.knows(secret);
    let came = || -> Result<Vec<Value>> {
        let came = receiver.came()?;
        let changes = came.iter().filter_map(|message| message.body["data"]["changes"].as_array()).flatten();
        Ok(changes.cloned().collect())
    };
    let comes =
        |number: usize| until(PATIENCE, "an event comes", || Ok((came()?.len() >= number).then_some(())));
    comes(2)?;
    until(PATIENCE, "the scan ends", || {
        let shown = world.spoke.get_json(&address)?;
        Ok((shown["state"] == "active" && shown["members"] == 2).then_some(()))
    })?;
    rename(hubspot, contacts[2], "Chosen later")?;
    comes(3)?;
    rename(hubspot, contacts[0], "Chosen two")?;
    comes(4)?;
    rename(hubspot, contacts[1], "Left out")?;
    comes(5)?;
    let patch = json!({"filter": {"property": "firstname", "type": "string", "operator": "is", "value": "chosen two"}});
    ensure!(world.spoke.patch(&address, &patch)?.status == 200, "it is not edited");
    comes(6)?;
    let events = came()?;
    let told: Vec<(&str, &str)> = events
        .iter()
        .map(|change| {
            (change["kind"].as_str().unwrap_or_default(), change["id"].as_str().unwrap_or_default())
        })
        .collect();
    let ids: Vec<String> = contacts.iter().map(u64::to_string).collect();
    let mut expected = vec![("channel_entered", ids[0].as_str()), ("channel_entered", &ids[1])];
    expected.extend([
        ("channel_entered", ids[2].as_str()),
        ("channel_updated", &ids[0]),
        ("channel_left", &ids[1]),
        ("channel_left", &ids[2]),
    ]);
    ensure!(told == expected, "{told:?} is not {expected:?}");
    ensure!(events[3]["fields"]["name"] == "Chosen two" && events[4]["reason"] == "unselected", "{events:?}");
    ensure!(events.iter().all(|change| change["channel"] == made["id"]), "{events:?}");
    let act = |action: &str| world.spoke.post(&format!("{address}/{action}"), &json!({}))?.json();
    ensure!(act("pause")?["state"] == "paused" && act("resume")?["state"] == "scanning", "pause and resume");
    ensure!(world.spoke.get_json(&list)?["results"].as_array().map(Vec::len) == Some(1), "one is listed");
    ensure!(world.spoke.delete(&address)?.status == 204, "it is not removed");
    ensure!(world.spoke.get(&address)?.status == 404, "it is still there");
    Ok(())
}

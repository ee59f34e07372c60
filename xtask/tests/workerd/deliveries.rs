//! Deliveries from the built Worker to a server: signed, in order, repeated until taken, and in nobody's way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::simulator::Simulator;
use xtask::world::{Plan, World};

use crate::person::connected;
use crate::receiver::Receiver;
use crate::secrecy::told;
use crate::stage::{Stage, alone, together};
use crate::yardstick::{checked_at_every_tick, in_step, known_as, mirrored, rename, some_contacts, until};

const PATIENCE: Duration = Duration::from_mins(1);

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().in_workerd().with("--contacts", 1_000).with("--portals", 4);
    let stage: Arc<Stage> = Stage::new(checked_at_every_tick(plan.setting("DELIVER_TO", "anywhere")));
    vec![
        together(&stage, "a receiver that fails, then recovers, gets the whole feed in order", recovers),
        together(&stage, "a receiver that hangs keeps no webhook waiting", hangs),
        together(&stage, "endpoints are made, changed, tested, moved and removed over the API", api),
        alone(&stage, "a delivery that a kill cuts off comes again under its id", killed),
    ]
}

/// A connection to the account with that number, in step.
fn account(world: &World, nth: usize, name: &str) -> Result<(Simulator, String)> {
    let hubspot = world.simulator.of(world.simulator.started.portals[nth]);
    let connected = connected(world, hubspot.started.portal_id, name)?;
    in_step(world, &connected.connection, PATIENCE)?;
    Ok((hubspot, connected.connection))
}

/// A new endpoint of the connection and its server; the endpoint's address in the API.
fn endpoint(world: &World, connection: &str, receiver: &Receiver, after: Option<&str>) -> Result<String> {
    let list = format!("/v1/connections/{connection}/endpoints");
    let made = world.spoke.post_json(&list, &json!({"url": receiver.url, "after": after}))?;
    let secret = made["secret"].as_str().context("a new endpoint shows its secret")?;
    told(secret);
    receiver.knows(secret);
    Ok(format!("{list}/{}", made["id"].as_str().context("it has an id")?))
}

fn latest(world: &World, connection: &str) -> Result<u64> {
    Ok(world.spoke.progress(connection)?.latest_change)
}

fn caught_up(world: &World, connection: &str, receiver: &Receiver) -> Result<u64> {
    until(PATIENCE, "the receiver has the whole feed", || {
        let latest = latest(world, connection)?;
        let numbers = receiver.numbers()?;
        Ok((numbers.last() == Some(&latest)).then_some(latest))
    })
}

fn recovers(world: &World) -> Result<()> {
    let (_, connection) = account(world, 0, "Recovers")?;
    let receiver = Receiver::start()?;
    receiver.replies("302 Found\r\nlocation: /elsewhere", Duration::ZERO);
    receiver.replies("503 Busy\r\nretry-after: 1", Duration::ZERO);
    let address = endpoint(world, &connection, &receiver, Some("0"))?;
    until(PATIENCE, "a failure is shown", || {
        Ok((world.spoke.get_json(&address)?["last_attempt"]["status"] == 302).then_some(()))
    })?;
    let latest = caught_up(world, &connection, &receiver)?;
    ensure!(receiver.numbers()?.into_iter().eq(1..=latest), "the feed is not whole");
    let came = receiver.came()?;
    ensure!(came.iter().all(|message| message.path == "/hook"), "a redirect was followed");
    ensure!(came[0].id == came[1].id && came[1].id == came[2].id, "a message changed its id");
    let pauses: Vec<_> = came.windows(2).map(|pair| pair[1].at - pair[0].at).take(2).collect();
    ensure!(pauses[0] >= Duration::from_secs(5) && pauses[1] >= Duration::from_secs(10), "{pauses:?}");
    let rest = came.last().context("messages came")?.at - came[2].at;
    eprintln!("{latest} changes in {} messages; after the failures in {rest:?}", came.len() - 2);
    // A page of the feed tells the same.
    let page =
        world.spoke.get_json(&format!("/v1/connections/{connection}/changes?after=500&limit=1"))?["changes"]
            [0]
        .clone();
    let delivered = came.iter().filter_map(|message| message.body["data"]["changes"].as_array()).flatten();
    let delivered: Vec<&Value> = delivered.filter(|change| change["seq"] == page["seq"]).collect();
    ensure!(delivered.first() == Some(&&page), "{delivered:?} is not {page}");
    let shown = world.spoke.get_json(&address)?;
    ensure!(shown["state"] == "active" && shown["failures"] == 0, "{shown}");
    Ok(())
}

fn hangs(world: &World) -> Result<()> {
    let (hubspot, connection) = account(world, 1, "Hangs")?;
    let receiver = Receiver::start()?;
    let address = endpoint(world, &connection, &receiver, None)?;
    receiver.replies("204 No Content", Duration::from_secs(12));
    let contacts = some_contacts(&hubspot, 2)?;
    rename(&hubspot, contacts[0], "Delivered slowly")?;
    until(PATIENCE, "a delivery is under way", || Ok((!receiver.came()?.is_empty()).then_some(())))?;
    let began = Instant::now();
    rename(&hubspot, contacts[1], "Read meanwhile")?;
    known_as(world, &connection, contacts[1], "Read meanwhile", Duration::from_secs(9))?;
    let took = began.elapsed();
    ensure!(
        world.spoke.get_json(&address)?["delivered_at"].is_null(),
        "the receiver did not hang ({took:?})"
    );
    eprintln!("beside a receiver that hangs, a webhook's change is in the mirror after {took:?}");
    caught_up(world, &connection, &receiver).map(drop)
}

fn api(world: &World) -> Result<()> {
    let (hubspot, connection) = account(world, 2, "Endpoints")?;
    let list = format!("/v1/connections/{connection}/endpoints");
    for url in ["ftp://127.0.0.1/", "http://user:word@127.0.0.1/", "http://127.1/"] {
        let refused = world.spoke.post(&list, &json!({"url": url}))?;
        ensure!(
            refused.status == 400 && refused.text.contains("/problems/invalid-request"),
            "{}",
            refused.text
        );
    }
    let receiver = Receiver::start()?;
    let address = endpoint(world, &connection, &receiver, None)?;
    let act = |action: &str, body: &Value| world.spoke.post(&format!("{address}/{action}"), body);
    ensure!(act("pause", &json!({}))?.json()?["state"] == "paused", "it is not paused");
    ensure!(act("skip", &json!({}))?.status == 409, "there was nothing to skip");
    let asked = act("test", &json!({}))?.json()?;
    until(PATIENCE, "the test arrives", || {
        let shown = world.spoke.get_json(&address)?;
        Ok((shown["test"]["attempt"]["status"] == 204).then_some(()))
    })?;
    let test = receiver.came()?.pop().context("the test came")?;
    ensure!(
        test.body["type"] == "endpoint.test" && asked["test"]["message_id"] == test.id.as_str(),
        "{test:?}"
    );
    rename(&hubspot, some_contacts(&hubspot, 1)?[0], "While it is paused")?;
    let rotated = act("rotate-secret", &json!({}))?.json()?;
    let secret = rotated["secret"].as_str().context("a new secret")?;
    told(secret);
    // The receiver goes on with the old one, which signs too.
    let contact = some_contacts(&hubspot, 1)?[0];
    until(PATIENCE, "the mirror knows", || {
        let record = mirrored(world, &connection, contact)?;
        Ok(record.filter(|record| record["properties"]["firstname"] == "While it is paused").map(drop))
    })?;
    ensure!(receiver.came()?.len() == 1, "a paused endpoint is delivered to");
    act("resume", &json!({}))?;
    let latest = caught_up(world, &connection, &receiver)?;
    receiver.knows(secret);
    ensure!(
        act("replay", &json!({"after": (latest + 9).to_string()}))?.status == 409,
        "a replay of the future"
    );
    let before = receiver.came()?.len();
    ensure!(act("replay", &json!({"after": (latest - 150).to_string()}))?.status == 200, "no replay");
    until(PATIENCE, "the replay arrives", || Ok((receiver.came()?.len() >= before + 2).then_some(())))?;
    ensure!(world.spoke.get_json(&list)?["results"].as_array().map(Vec::len) == Some(1), "one is listed");
    ensure!(world.spoke.delete(&address)?.status == 204, "it is not removed");
    ensure!(world.spoke.get(&address)?.status == 404, "it is still there");
    ensure!(!world.worker_log_tail(usize::MAX).contains(&receiver.url), "an address is in the log");
    Ok(())
}

fn killed(world: &mut World) -> Result<()> {
    let (hubspot, connection) = account(world, 3, "Killed")?;
    let receiver = Receiver::start()?;
    endpoint(world, &connection, &receiver, None)?;
    let contacts = some_contacts(&hubspot, 2)?;
    receiver.replies("204 No Content", Duration::from_secs(3));
    rename(&hubspot, contacts[0], "Before the kill")?;
    until(PATIENCE, "a delivery is under way", || Ok((!receiver.came()?.is_empty()).then_some(())))?;
    world.kill_worker();
    rename(&hubspot, contacts[1], "After the kill")?;
    world.start_worker()?;
    world.fire_cron()?;
    let latest = until(PATIENCE, "both changes are delivered", || {
        world.fire_cron()?;
        let came = receiver.came()?;
        let changes = came.iter().filter_map(|message| message.body["data"]["changes"].as_array()).flatten();
        let named =
            changes.filter(|change| change["changed"]["firstname"]["new"] == "After the kill").count();
        if named == 0 {
            hubspot.catch_up_search()?;
            std::thread::sleep(Duration::from_secs(1));
            return Ok(None);
        }
        Ok(Some(latest(world, &connection)?))
    })?;
    let came = receiver.came()?;
    ensure!(came[0].id == came[1].id, "the message that was cut off has another id");
    ensure!(came[0].body["data"]["next"] == came[1].body["data"]["next"], "and other changes");
    let numbers = receiver.numbers()?;
    ensure!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?} of {latest}");
    Ok(())
}

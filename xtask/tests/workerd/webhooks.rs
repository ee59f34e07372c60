//! `POST /webhooks/hubspot/{source}`: whose it is, that it is durable, and what comes of it.
//!
//! Search shows nothing here for an hour: what appears in the mirror came by a webhook.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::simulator::Simulator;
use xtask::walk::Connected;
use xtask::world::{APP, Plan, World};

use crate::delivery::{Delivery, changed, now_ms, signature};
use crate::disk;
use crate::person::connected;
use crate::request::{Ask, send};
use crate::stage::{Stage, alone, together};
use crate::yardstick::{
    calls, calls_at_rest, checked_at_every_tick, equal_by_itself, equal_in_the_end, in_step, mirrored,
    progress_when, some_contacts, strike, until,
};

/// A property that no webhook of the simulator reports: only deliveries made here do.
const QUIET: &str = "city";

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default()
        .in_workerd()
        .with("--contacts", 300)
        .with("--portals", 10)
        .with("--retry-scale", 0.0002);
    let plan =
        plan.with("--switch", "search_lag_min_ms=3600000").with("--switch", "search_lag_max_ms=3600000");
    let stage = Stage::new(checked_at_every_tick(plan));
    vec![
        together(&stage, "a delivery that is not HubSpot's is refused and changes nothing", refused),
        together(&stage, "a delivery of a wrong size or form is refused in words", misshapen),
        together(&stage, "events for an account that nobody follows are taken, dropped and counted", unknown),
        together(&stage, "a delivery is answered before HubSpot is asked for anything", answered_first),
        together(
            &stage,
            "a deletion that arrives while an older page is in flight stays deleted",
            not_resurrected,
        ),
        together(
            &stage,
            "an event that comes while the record is being read for another has it read again",
            second_meanwhile,
        ),
        together(&stage, "merges, restores and erasures arrive by webhook alone", merged_and_erased),
        together(
            &stage,
            "who is erased is so also where a connection has ended and its data is kept",
            erased_late,
        ),
        alone(&stage, "duplicate, reordered, late, forged and stale deliveries end equal", disorderly),
        alone(
            &stage,
            "a copy of the routes that still names an ended connection costs no event",
            stale_route,
        ),
        alone(&stage, "a delivery answered with 200 survives the process", durable),
        alone(&stage, "a day without calls left pauses the connection, says so, and ends by itself", paused),
    ]
}

fn account(world: &World, nth: usize) -> Simulator {
    world.simulator.of(world.simulator.started.portals[nth])
}

fn in_step_at(world: &World, nth: usize, name: &str) -> Result<(Simulator, Connected)> {
    let hubspot = account(world, nth);
    let connected = connected(world, hubspot.started.portal_id, name)?;
    in_step(world, &connected.connection, Duration::from_secs(30))?;
    calls_at_rest(&hubspot)?;
    Ok((hubspot, connected))
}

/// Changes a contact in HubSpot without a word to anyone.
fn change_quietly(hubspot: &Simulator, contact: u64, value: &str) -> Result<()> {
    let body = json!({"portal_id": hubspot.started.portal_id, "id": contact, "properties": {QUIET: value}});
    hubspot.post("contacts/edit", &body).map(drop)
}

fn quiet_value(world: &World, connection: &str, contact: u64) -> Result<Value> {
    let record = mirrored(world, connection, contact)?.context("the contact is not in the mirror")?;
    Ok(record["properties"][QUIET].clone())
}

fn appears(world: &World, connection: &str, contact: u64, value: &str) -> Result<()> {
    until(Duration::from_secs(15), &format!("{value} appears in the mirror"), || {
        Ok((quiet_value(world, connection, contact)? == value).then_some(()))
    })
}

fn refused(world: &World) -> Result<()> {
    let (hubspot, connected) = in_step_at(world, 0, "Refused")?;
    let portal = hubspot.started.portal_id;
    let contact = some_contacts(&hubspot, 1)?[0];
    change_quietly(&hubspot, contact, "Elsewhere")?;
    let good = Delivery::new(world, &changed(portal, contact))?;
    let minutes = |minutes: i64| -> Result<Delivery> {
        Delivery::at(world, good.body.clone(), now_ms()? + minutes * 60_000)
    };
    let other_url = format!("{}x", good.url);
    let signed = |secret: &str, url: &str, body: &str| signature(secret, url, body, good.timestamp);
    let secret = &world.secrets.client_secret;
    let wrong = [
        ("unsigned", Delivery { signature: None, ..good.clone() }),
        ("no signature at all", Delivery { signature: Some("nonsense".into()), ..good.clone() }),
        (
            "another secret",
            Delivery { signature: Some(signed("another", &good.url, &good.body)?), ..good.clone() },
        ),
        (
            "another address",
            Delivery { signature: Some(signed(secret, &other_url, &good.body)?), ..good.clone() },
        ),
        ("another body", Delivery { signature: Some(signed(secret, &good.url, "[]")?), ..good.clone() }),
        ("another moment", Delivery { timestamp: good.timestamp - 1, ..good.clone() }),
        ("six minutes old", minutes(-6)?),
        ("six minutes ahead", minutes(6)?),
    ];
    let before = calls(&hubspot, "")?;
    for (what, delivery) in wrong {
        let answer = delivery.send()?;
        ensure!(answer.status == 401, "{what}: {} {}", answer.status, answer.text);
        ensure!(answer.json()?["type"] == "/problems/unauthenticated", "{what}: {}", answer.text);
    }
    sleep(Duration::from_secs(2));
    ensure!(calls(&hubspot, "")? == before, "HubSpot was asked because of a refused delivery");
    ensure!(
        quiet_value(world, &connected.connection, contact)? != "Elsewhere",
        "a refused delivery was believed"
    );
    let answer = Delivery::new(world, &changed(portal, contact))?.send()?;
    ensure!(answer.status == 200, "a good delivery: {} {}", answer.status, answer.text);
    appears(world, &connected.connection, contact, "Elsewhere")
}

fn misshapen(world: &World) -> Result<()> {
    let of = |body: String| -> Result<u16> { Ok(Delivery::at(world, body, now_ms()?)?.send()?.status) };
    let events = |count: u64| -> Value { (0..count).map(|nth| changed(1, nth)[0].clone()).collect() };
    ensure!(of(events(1_001).to_string())? == 400, "more events than a delivery has");
    ensure!(of("{}".into())? == 400, "no list");
    ensure!(of("[".into())? == 400, "no JSON");
    ensure!(of("[7, null, {\"portalId\": \"x\"}]".into())? == 200, "events that say nothing");
    ensure!(announced(world, (1 << 20) + 1)?.starts_with("HTTP/1.1 413 "), "more than a megabyte");
    let delivery = Delivery::new(world, &json!([]))?;
    for (path, method, status) in
        [("/webhooks/hubspot/nobody", "POST", 404), ("/webhooks/hubspot/main", "GET", 405)]
    {
        let url = format!("{}{path}", world.spoke.url);
        let body = (method == "POST").then_some("[]");
        let answer = send(&Ask { method, url: &url, headers: &[], body })?;
        ensure!(answer.status == status, "{method} {path}: {}", answer.status);
    }
    ensure!(delivery.send()?.status == 200, "an empty delivery");
    Ok(())
}

/// The status line for a body that is announced and does not come: the Worker answers before it has read any. A client that does
/// send it may find the connection closed before it has read the answer.
fn announced(world: &World, bytes: u64) -> Result<String> {
    let host = world.spoke.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(
        stream,
        "POST /webhooks/hubspot/{APP} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {bytes}\r\n\r\n"
    )?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line)
}

fn dropped(world: &World) -> Result<u64> {
    let health = world.spoke.get_json("/healthz")?;
    Ok(health["counters"]["events_without_route"].as_u64().unwrap_or(0))
}

fn unknown(world: &World) -> Result<()> {
    const STRANGER: u64 = 99_000_001;
    let before = dropped(world)?;
    let total = world.simulator.counters()?.of("");
    let events: Value = (0..3).map(|nth| changed(STRANGER, nth)[0].clone()).collect();
    let answer = Delivery::new(world, &events)?.send()?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
    ensure!(dropped(world)? >= before + 3, "{} before, {} after", before, dropped(world)?);
    let of_stranger = calls(&world.simulator.of(STRANGER), "")?;
    ensure!(of_stranger == 0, "HubSpot was asked about a stranger ({total})");
    Ok(())
}

fn answered_first(world: &World) -> Result<()> {
    let (hubspot, connected) = in_step_at(world, 1, "Answered first")?;
    let contact = some_contacts(&hubspot, 1)?[0];
    change_quietly(&hubspot, contact, "Later")?;
    strike(&hubspot, "batch_read", &json!({"kind": "latency", "ms": 6_000}), &json!({"times": 1}))?;
    let started = Instant::now();
    let answer = Delivery::new(world, &changed(hubspot.started.portal_id, contact))?.send()?;
    let took = started.elapsed();
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
    ensure!(took < Duration::from_secs(3), "answered after {took:?}, with HubSpot's six seconds in it");
    ensure!(quiet_value(world, &connected.connection, contact)? != "Later", "nobody has read it yet");
    appears(world, &connected.connection, contact, "Later")
}

/// The first read's answer is of before the second change, and comes after the second event. Neither search, for an hour, nor an event of
/// this property tells of that change but the one that came meanwhile.
fn second_meanwhile(world: &World) -> Result<()> {
    const SLOW: Duration = Duration::from_secs(5);
    let (hubspot, connected) = in_step_at(world, 8, "Second meanwhile")?;
    let portal = hubspot.started.portal_id;
    let contact = some_contacts(&hubspot, 1)?[0];
    let before = calls(&hubspot, "batch_read")?;
    strike(
        &hubspot,
        "batch_read",
        &json!({"kind": "latency", "ms": SLOW.as_millis() as u64}),
        &json!({"times": 1}),
    )?;
    change_quietly(&hubspot, contact, "First")?;
    let asked = Instant::now();
    ensure!(Delivery::new(world, &changed(portal, contact))?.send()?.status == 200, "the first event");
    until(SLOW / 2, "the first read is under way", || {
        Ok((calls(&hubspot, "batch_read")? > before).then_some(()))
    })?;
    change_quietly(&hubspot, contact, "Second")?;
    ensure!(Delivery::new(world, &changed(portal, contact))?.send()?.status == 200, "the second event");
    ensure!(asked.elapsed() < SLOW, "the second event came after the first read's answer");
    ensure!(quiet_value(world, &connected.connection, contact)? != "First", "the first read is over already");
    appears(world, &connected.connection, contact, "Second")?;
    let reads = calls(&hubspot, "batch_read")? - before;
    ensure!(reads == 2, "{reads} reads");
    equal_by_itself(world, &connected.connection, &hubspot, Duration::from_secs(10))
}

fn not_resurrected(world: &World) -> Result<()> {
    let hubspot = account(world, 2);
    let portal = hubspot.started.portal_id;
    let contacts = some_contacts(&hubspot, 300)?;
    // In the middle of the second page: the first carries the cursor, the second is under way for four seconds.
    let doomed = contacts[150];
    let second = json!({"times": 1, "skip": 1, "object_type": "contacts"});
    strike(&hubspot, "list", &json!({"kind": "latency", "ms": 4_000}), &second)?;
    let connected = connected(world, portal, "Not resurrected")?;
    until(Duration::from_secs(20), "the second page is asked for", || {
        let rules = hubspot.get("faults")?;
        let waits = rules["rules"].as_array().into_iter().flatten().any(|rule| rule["portal_id"] == portal);
        Ok((!waits).then_some(()))
    })?;
    hubspot.post("contacts/archive", &json!({"portal_id": portal, "id": doomed}))?;
    // The webhook and the read it asks for are over before the page arrives.
    until(Duration::from_millis(3_500), "the deletion is read", || {
        Ok((calls(&hubspot, "batch_read")? > 0).then_some(()))
    })?;
    in_step(world, &connected.connection, Duration::from_secs(30))?;
    ensure!(mirrored(world, &connected.connection, doomed)?.is_none(), "the older page brought it back");
    equal_by_itself(world, &connected.connection, &hubspot, Duration::from_secs(10))
}

fn stale_route(world: &mut World) -> Result<()> {
    let (hubspot, first) = in_step_at(world, 7, "Ended")?;
    let portal = hubspot.started.portal_id;
    let second = connected(world, portal, "Following")?;
    in_step(world, &second.connection, Duration::from_secs(30))?;
    calls_at_rest(&hubspot)?;
    let contact = some_contacts(&hubspot, 1)?[0];
    let key = format!("{}/kv/route:{APP}:{portal}", world.control_url());
    let copy = || -> Result<Option<Value>> {
        let answer = send(&Ask { method: "GET", url: &key, ..Ask::default() })?;
        if answer.status == 404 { Ok(None) } else { answer.json().map(Some) }
    };
    let followed = |world: &World, value: &str| -> Result<()> {
        change_quietly(&hubspot, contact, value)?;
        let answer = Delivery::new(world, &changed(portal, contact))?.send()?;
        ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
        appears(world, &second.connection, contact, value)
    };
    followed(world, "Both follow")?;
    let both = until(Duration::from_secs(5), "a copy of the routes is kept", copy)?;
    let answer = world.spoke.delete(&format!("/v1/connections/{}", first.connection))?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
    ensure!(copy()?.is_none(), "the end of a connection leaves the copy");
    followed(world, "One follows")?;
    let one = until(Duration::from_secs(5), "a copy is kept again", copy)?;
    let objects = |of: &Value| of["objects"].as_array().cloned().context("no objects");
    let mut ended = objects(&both)?;
    ended.retain(|object| !objects(&one).is_ok_and(|following| following.contains(object)));
    ensure!(ended.len() == 1, "{both} {one}");
    // A process that remembers nothing, and a copy of the time when the first alone followed.
    world.restart_worker()?;
    let stale = json!({"at": now_ms()?, "objects": ended}).to_string();
    let put = send(&Ask { method: "PUT", url: &key, body: Some(&stale), ..Ask::default() })?;
    ensure!(put.status == 200, "{}", put.status);
    followed(world, "Found all the same")
}

fn merged_and_erased(world: &World) -> Result<()> {
    let (hubspot, connected) = in_step_at(world, 3, "Merged and erased")?;
    let portal = hubspot.started.portal_id;
    let contacts = some_contacts(&hubspot, 6)?;
    let change = |call: &str, id: u64| {
        hubspot.post(&format!("contacts/{call}"), &json!({"portal_id": portal, "id": id})).map(drop)
    };
    let pair = json!({"portal_id": portal, "primary": contacts[0], "other": contacts[1]});
    let merged = hubspot.post("contacts/merge", &pair)?["id"].clone();
    change("erase", contacts[2])?;
    change("archive", contacts[3])?;
    change("archive", contacts[4])?;
    until(Duration::from_secs(15), "the archived contacts go", || {
        let gone = mirrored(world, &connected.connection, contacts[3])?.is_none()
            && mirrored(world, &connected.connection, contacts[4])?.is_none();
        Ok(gone.then_some(()))
    })?;
    change("restore", contacts[4])?;
    let properties = json!({"email": "grace.hopper@navy.example", "firstname": "Grace"});
    hubspot.post("contacts/create", &json!({"portal_id": portal, "properties": properties}))?;
    equal_by_itself(world, &connected.connection, &hubspot, Duration::from_secs(30))?;
    // A merged-away id leads to the record it went into.
    let found =
        mirrored(world, &connected.connection, contacts[1])?.context("the merged-away id leads nowhere")?;
    ensure!(found["id"] == merged, "it leads to {}, not {merged}", found["id"]);
    let by_email = format!(
        "/v1/connections/{}/records/contacts?email=GRACE.Hopper%40navy.example",
        connected.connection
    );
    let page = world.spoke.get_json(&by_email)?;
    ensure!(page["results"].as_array().is_some_and(|all| all.len() == 1), "by e-mail: {page}");
    Ok(())
}

fn erased_late(world: &World) -> Result<()> {
    let (hubspot, ended) = in_step_at(world, 9, "Ended, and kept")?;
    let portal = hubspot.started.portal_id;
    let follows = connected(world, portal, "Follows on")?;
    in_step(world, &follows.connection, Duration::from_secs(30))?;
    let (erased, edited) = (some_contacts(&hubspot, 2)?[0], some_contacts(&hubspot, 2)?[1]);
    let at = format!("/v1/connections/{}", ended.connection);
    let answer = world.spoke.delete(&at)?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
    until(Duration::from_secs(20), "the disconnect ends", || {
        Ok((world.spoke.get_json(&at)?["state"] == "disconnected").then_some(()))
    })?;
    let kept = |contact| mirrored(world, &ended.connection, contact);
    let before = kept(edited)?.context("the mirror that is kept was emptied")?;
    ensure!(kept(erased)?.is_some(), "the mirror that is kept was emptied");
    change_quietly(&hubspot, edited, "Not theirs")?;
    let mut events = changed(portal, edited);
    let privacy = changed(portal, erased)[0].as_object().cloned().context("an event is an object")?;
    let mut privacy = Value::Object(privacy);
    privacy["subscriptionType"] = json!("contact.privacyDeletion");
    events.as_array_mut().context("a delivery is a list")?.push(privacy);
    let answer = Delivery::new(world, &events)?.send()?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
    // At once: the answer promises no less.
    ensure!(kept(erased)?.is_none(), "the ended connection still has who was erased");
    let feed = world.spoke.get_json(&format!("{at}/changes?after=0&limit=1000"))?;
    let id = erased.to_string();
    let of_erased = feed["changes"].as_array().into_iter().flatten().filter(|change| change["id"] == *id);
    let told: Vec<&Value> = of_erased.map(|change| &change["kind"]).collect();
    ensure!(told.last().is_some_and(|kind| **kind == "erased"), "the feed does not tell it: {told:?}");
    appears(world, &follows.connection, edited, "Not theirs")?;
    ensure!(kept(edited)?.context("it is gone")? == before, "another event reached the ended connection");
    Ok(())
}

fn disorderly(world: &mut World) -> Result<()> {
    let (hubspot, connected) = in_step_at(world, 4, "Disorderly")?;
    let faults = json!({
        "duplicate_one_in": 2,
        "delay_max_ms": 2_500,
        "reorder": true,
        "forged_one_in": 3,
        "stale_one_in": 3,
        "same_event_id_one_in": 3,
    });
    world.simulator.put("webhook-faults", &faults)?;
    for _ in 0..5 {
        hubspot.edit(40)?;
        sleep(Duration::from_millis(700));
    }
    equal_in_the_end(world, &connected.connection, &hubspot, Duration::from_mins(1))?;
    world.simulator.put("webhook-faults", &json!({}))?;
    let report = world.simulator.counters()?.raw["webhooks"].clone();
    ensure!(report["wrongly_accepted"] == 0, "forged or stale deliveries were taken: {report}");
    ensure!(report["accepted_events"].as_u64() > Some(100), "hardly anything was delivered: {report}");
    Ok(())
}

fn durable(world: &mut World) -> Result<()> {
    let (hubspot, connected) = in_step_at(world, 5, "Durable")?;
    let contact = some_contacts(&hubspot, 1)?[0];
    change_quietly(&hubspot, contact, "Durable")?;
    // No read after it may succeed before the process dies.
    strike(&hubspot, "batch_read", &json!({"kind": "latency", "ms": 20_000}), &json!({"times": 1}))?;
    let answer = Delivery::new(world, &changed(hubspot.started.portal_id, contact))?.send()?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
    world.kill_worker();
    world.simulator.delete("faults")?;
    world.start_worker()?;
    world.fire_cron()?;
    appears(world, &connected.connection, contact, "Durable")
}

fn paused(world: &mut World) -> Result<()> {
    let (hubspot, connected) = in_step_at(world, 6, "Paused")?;
    let fault = json!({"kind": "rate_limited", "policy": "DAILY"});
    strike(&hubspot, "search", &fault, &json!({"times": 1}))?;
    world.fire_cron()?;
    let progress =
        progress_when(world, &connected.connection, Duration::from_secs(10), "it pauses", |progress| {
            progress.state == "paused"
        })?;
    let words = progress.trouble.unwrap_or_default();
    ensure!(words.contains("API calls of today"), "it says: {words}");
    let contact = some_contacts(&hubspot, 1)?[0];
    crate::yardstick::rename(&hubspot, contact, "Patient")?;
    let before = calls(&hubspot, "")?;
    world.fire_cron()?;
    sleep(Duration::from_secs(3));
    ensure!(calls(&hubspot, "")? == before, "HubSpot was called on a day without calls left");
    // The hour passes.
    world.kill_worker();
    disk::change(
        world,
        "Portal",
        "UPDATE meta SET value = json_set(value, '$.state.paused.until', 0)
         WHERE key = 'connection' AND json_type(value, '$.state.paused') IS NOT NULL",
    )?;
    disk::change(
        world,
        "Limiter",
        "UPDATE meta SET value = json_set(value, '$.day.blocked_until', 0)
         WHERE key = 'limiter' AND value->>'$.day.blocked_until' > 0",
    )?;
    world.start_worker()?;
    equal_in_the_end(world, &connected.connection, &hubspot, Duration::from_secs(30))
}

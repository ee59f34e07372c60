//! Tokens: refreshed ahead of their end, once at a time, also where HubSpot rotates them and answers are lost; and the end
//! of a grant.

use std::thread::{scope, sleep};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::simulator::Simulator;
use xtask::world::{Plan, World};

use crate::person::{Person, connected};
use crate::stage::{Stage, alone};
use crate::yardstick::{
    calls_at_rest, checked_at_every_tick, equal_in_the_end, in_step, known_as, rename, some_contacts, until,
};

/// Life of an access token. A short one counts as stale for the second half of its life.
const LIFE_S: u64 = 14;
const FRESH: Duration = Duration::from_secs(LIFE_S / 2);

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().in_workerd().with("--contacts", 200).with("--portals", 5);
    let plan = plan.with("--switch", format!("access_token_life_s={LIFE_S}"));
    let plan = plan.with("--switch", "refresh_rotates=true");
    let stage = Stage::new(checked_at_every_tick(plan));
    vec![
        alone(&stage, "a token is refreshed ahead of its end, once, whoever asks", ahead),
        alone(&stage, "a refresh whose answer is lost is made again while HubSpot takes the old token", lost),
        alone(&stage, "a refresh under way when the process is killed loses no connection", killed),
        alone(&stage, "a token endpoint that fails keeps a connection waiting and ends none", failing),
        alone(&stage, "a revoked grant asks for a person, and connecting again goes on", revoked),
    ]
}

fn account(world: &World, nth: usize) -> Simulator {
    world.simulator.of(world.simulator.started.portals[nth])
}

fn refreshes(world: &World) -> Result<u64> {
    let counters = world.simulator.counters()?;
    let tokens = counters.calls.iter().filter(|((endpoint, _), _)| endpoint == "token");
    Ok(tokens.map(|(_, calls)| calls).sum())
}

/// What strikes the token endpoint, which knows no account.
fn strike_tokens(world: &World, fault: &Value, times: u32) -> Result<()> {
    world.simulator.post("faults", &json!({"fault": fault, "endpoint": "token", "times": times})).map(drop)
}

fn state(world: &World, connection: &str) -> Result<String> {
    let body = world.spoke.get_json(&format!("/v1/connections/{connection}"))?;
    Ok(body["state"].as_str().unwrap_or_default().to_owned())
}

/// Ticks until there is one refresh more than before.
fn made_again(world: &World, before: u64) -> Result<()> {
    until(Duration::from_secs(20), "the refresh is made again", || {
        world.fire_cron()?;
        sleep(Duration::from_millis(500));
        Ok((refreshes(world)? > before).then_some(()))
    })
}

/// Ends a trial's connection, so that the next trial sees its own refreshes only.
fn leave(world: &World, connection: &str) -> Result<()> {
    let answer = world.spoke.delete(&format!("/v1/connections/{connection}"))?;
    ensure!(answer.status == 200, "{}", answer.text);
    Ok(())
}

fn ahead(world: &mut World) -> Result<()> {
    let hubspot = account(world, 0);
    let connected = connected(world, hubspot.started.portal_id, "Ahead")?;
    in_step(world, &connected.connection, Duration::from_secs(30))?;
    calls_at_rest(&hubspot)?;
    sleep(FRESH);
    let before = refreshes(world)?;
    let counters = world.simulator.counters()?;
    let (expired, refused) = (counters.with_status(401), counters.with_status(400));
    strike_tokens(world, &json!({"kind": "latency", "ms": 1_500}), 1)?;
    let contacts = some_contacts(&hubspot, 4)?;
    let world = &*world;
    scope(|scope| {
        let ticks: Vec<_> = (0..4).map(|_| scope.spawn(|| world.fire_cron())).collect();
        for contact in &contacts {
            rename(&hubspot, *contact, "Meanwhile")?;
        }
        ticks.into_iter().try_for_each(|tick| tick.join().expect("the tick is sent"))
    })?;
    for contact in &contacts {
        known_as(world, &connected.connection, *contact, "Meanwhile", Duration::from_secs(10))?;
    }
    let made = refreshes(world)? - before;
    ensure!((1..=2).contains(&made), "{made} refreshes; one was due, and a second if that took half a life");
    let counters = world.simulator.counters()?;
    ensure!(counters.with_status(401) == expired, "a token was used past its end");
    ensure!(counters.with_status(400) == refused, "a refresh used a token that another had used up");
    leave(world, &connected.connection)
}

fn lost(world: &mut World) -> Result<()> {
    world.simulator.patch("switches", &json!({"refresh_grace_ms": 20_000}))?;
    let hubspot = account(world, 1);
    let connected = connected(world, hubspot.started.portal_id, "Lost")?;
    in_step(world, &connected.connection, Duration::from_secs(30))?;
    calls_at_rest(&hubspot)?;
    sleep(FRESH);
    strike_tokens(world, &json!({"kind": "no_answer", "after_commit": true}), 1)?;
    world.fire_cron()?;
    until(Duration::from_secs(10), "the answer is lost", || struck(world))?;
    let before = refreshes(world)?;
    made_again(world, before)?;
    let contact = some_contacts(&hubspot, 1)?[0];
    rename(&hubspot, contact, "After a lost answer")?;
    equal_in_the_end(world, &connected.connection, &hubspot, Duration::from_secs(30))?;
    world.simulator.patch("switches", &json!({"refresh_grace_ms": 0}))?;
    // The token that was kept is HubSpot's newest: the next refresh is granted too.
    sleep(FRESH);
    equal_in_the_end(world, &connected.connection, &hubspot, Duration::from_secs(20))?;
    leave(world, &connected.connection)
}

/// Whether no fault is left.
fn struck(world: &World) -> Result<Option<()>> {
    let rules = world.simulator.get("faults")?;
    Ok(rules["rules"].as_array().is_some_and(Vec::is_empty).then_some(()))
}

fn killed(world: &mut World) -> Result<()> {
    world.simulator.patch("switches", &json!({"refresh_grace_ms": 60_000}))?;
    let hubspot = account(world, 2);
    let connected = connected(world, hubspot.started.portal_id, "Killed")?;
    in_step(world, &connected.connection, Duration::from_secs(30))?;
    calls_at_rest(&hubspot)?;
    sleep(FRESH);
    let before = refreshes(world)?;
    strike_tokens(world, &json!({"kind": "latency", "ms": 10_000}), 9)?;
    world.fire_cron()?;
    until(Duration::from_secs(10), "a refresh is under way", || {
        Ok((refreshes(world)? > before).then_some(()))
    })?;
    world.kill_worker();
    world.simulator.delete("faults")?;
    let before = refreshes(world)?;
    world.start_worker()?;
    made_again(world, before)?;
    equal_in_the_end(world, &connected.connection, &hubspot, Duration::from_secs(30))?;
    world.simulator.patch("switches", &json!({"refresh_grace_ms": 0}))?;
    sleep(FRESH);
    equal_in_the_end(world, &connected.connection, &hubspot, Duration::from_secs(20))?;
    leave(world, &connected.connection)
}

fn failing(world: &mut World) -> Result<()> {
    let hubspot = account(world, 3);
    let connected = connected(world, hubspot.started.portal_id, "Failing")?;
    in_step(world, &connected.connection, Duration::from_secs(30))?;
    let faults = [
        json!({"kind": "status", "status": 503}),
        json!({"kind": "no_answer"}),
        json!({"kind": "html"}),
        json!({"kind": "truncated"}),
    ];
    // A truncated answer comes after the rotation.
    world.simulator.patch("switches", &json!({"refresh_rotates": false}))?;
    for fault in &faults {
        sleep(FRESH);
        strike_tokens(world, fault, 1)?;
        let contact = some_contacts(&hubspot, 1)?[0];
        let name = format!("During {}", fault["kind"]);
        rename(&hubspot, contact, &name)?;
        world.fire_cron()?;
        until(Duration::from_secs(20), &format!("{fault} strikes"), || {
            let done = struck(world)?;
            if done.is_none() {
                world.fire_cron()?;
                sleep(Duration::from_millis(500));
            }
            Ok(done)
        })?;
        ensure!(state(world, &connected.connection)? == "active", "{fault} ended the connection");
        // The token still lives for a while: nothing waits for its successor.
        known_as(world, &connected.connection, contact, &name, Duration::from_secs(5))?;
    }
    world.simulator.patch("switches", &json!({"refresh_rotates": true}))?;
    equal_in_the_end(world, &connected.connection, &hubspot, Duration::from_secs(30))?;
    leave(world, &connected.connection)
}

fn revoked(world: &mut World) -> Result<()> {
    let hubspot = account(world, 4);
    let portal = hubspot.started.portal_id;
    let connected = connected(world, portal, "Revoked")?;
    in_step(world, &connected.connection, Duration::from_secs(30))?;
    for call in ["grants/revoke", "uninstall"] {
        hubspot.post(call, &json!({"portal_id": portal}))?;
        // Asked once more before it is believed.
        until(Duration::from_secs(60), &format!("{call} is noticed"), || {
            world.fire_cron()?;
            sleep(Duration::from_secs(1));
            let noticed = state(world, &connected.connection)? == "needs_reauthorisation";
            Ok(noticed.then_some(()))
        })?;
        let before = world.simulator.counters()?.with_status(400);
        world.fire_cron()?;
        calls_at_rest(&hubspot)?;
        let after = world.simulator.counters()?.with_status(400);
        ensure!(after == before, "HubSpot is asked on with a grant that is over");
        rename(&hubspot, some_contacts(&hubspot, 1)?[0], &format!("Missed after {call}"))?;

        let mut person = Person::new(world);
        let page = person.enter(&connected.workspace)?;
        let again = page.link(&format!("a[href*='connection={}']", connected.connection));
        again.with_context(|| format!("the page offers no way to connect again: {}", page.words()))?;
        let page = person.connect(&connected.workspace, portal, Some(&connected.connection))?;
        ensure!(page.status == 200, "connecting again ends on {}: {}", page.status, page.words());
        let all = world.spoke.connections(&connected.workspace)?;
        ensure!(all == [connected.connection.clone()], "it is another connection: {all:?}");
        equal_in_the_end(world, &connected.connection, &hubspot, Duration::from_secs(30))?;
    }
    Ok(())
}

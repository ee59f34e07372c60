//! The cron: every connection is reached, none twice at once, none kept waiting by another.

use std::sync::OnceLock;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use libtest_mimic::Trial;
use serde_json::json;
use xtask::simulator::Simulator;
use xtask::walk::Connected;
use xtask::world::{Plan, World};

use crate::person::connected;
use crate::stage::{Stage, alone};
use crate::yardstick::{
    calls, calls_at_rest, equal_in_the_end, equals, in_step, rename, some_contacts, strike, until,
};

/// Between two checks; long enough that two ticks in flight lie within it.
const CHECK_EVERY: Duration = Duration::from_secs(6);

/// Contacts, companies and deals: each is checked with a call of its own.
const TYPES: u64 = 3;

pub fn trials() -> Vec<Trial> {
    // Without webhooks, so that ticks alone lead to calls.
    let plan = Plan { without_webhooks: true, ..Plan::default() };
    let plan = plan.with("--contacts", 300).with("--portals", 3);
    let stage = Stage::new(plan.setting("CHECK_EVERY_SECONDS", CHECK_EVERY.as_secs()));
    vec![
        alone(
            &stage,
            "a tick checks every connection, with a call a type and two rows where nothing changed",
            idle,
        ),
        alone(&stage, "two ticks at once call no more than one", two_ticks),
        alone(&stage, "a broken account keeps no other waiting", broken),
    ]
}

/// Three connections, each to an account of its own, in step.
fn three(world: &World) -> Result<&'static [(Simulator, Connected)]> {
    static THREE: OnceLock<Vec<(Simulator, Connected)>> = OnceLock::new();
    if THREE.get().is_none() {
        let mut all = Vec::new();
        for (nth, portal) in world.simulator.started.portals.iter().enumerate() {
            all.push((world.simulator.of(*portal), connected(world, *portal, &format!("Ticks {nth}"))?));
        }
        for (hubspot, connected) in &all {
            in_step(world, &connected.connection, Duration::from_mins(1))?;
            hubspot.catch_up_search()?;
            calls_at_rest(hubspot)?;
        }
        THREE.set(all).ok();
    }
    sleep(CHECK_EVERY);
    Ok(THREE.get().map(Vec::as_slice).unwrap_or_default())
}

fn rows_written(world: &World, connected: &Connected) -> Result<u64> {
    let body = world.spoke.get_json(&format!("/v1/connections/{}", connected.connection))?;
    Ok(body["sync"]["rows_written"].as_u64().unwrap_or(u64::MAX))
}

fn idle(world: &mut World) -> Result<()> {
    let three = three(world)?;
    let mut before = Vec::new();
    for (hubspot, connected) in three {
        before.push((calls(hubspot, "")?, rows_written(world, connected)?));
    }
    world.fire_cron()?;
    for ((hubspot, connected), (calls_before, rows_before)) in three.iter().zip(before) {
        // A limiter that was evicted waits out what it may have granted before.
        until(Duration::from_secs(15), "a call follows the tick", || {
            Ok((calls(hubspot, "")? > calls_before).then_some(()))
        })?;
        let made = calls_at_rest(hubspot)? - calls_before;
        ensure!(made == TYPES, "account {}: {made} calls", hubspot.started.portal_id);
        let rows = rows_written(world, connected)? - rows_before;
        ensure!(rows <= 2, "{rows} rows were written");
        eprintln!("an idle check: {made} calls, {rows} rows");
    }
    Ok(())
}

fn two_ticks(world: &mut World) -> Result<()> {
    let three = three(world)?;
    let (hubspot, _) = &three[0];
    let before = three.iter().map(|(hubspot, _)| calls(hubspot, "")).collect::<Result<Vec<_>>>()?;
    // The first one's check is still under way when the second arrives.
    strike(hubspot, "search", &json!({"kind": "latency", "ms": 2_500}), &json!({"times": 1}))?;
    scope(|scope| {
        let ticks: Vec<_> = (0..2).map(|_| scope.spawn(|| world.fire_cron())).collect();
        ticks.into_iter().try_for_each(|tick| tick.join().expect("the tick is sent"))
    })?;
    sleep(Duration::from_secs(1));
    world.fire_cron()?;
    sleep(Duration::from_secs(2));
    for ((hubspot, _), before) in three.iter().zip(before) {
        let made = calls_at_rest(hubspot)? - before;
        ensure!(made == TYPES, "account {}: {made} calls for ticks in flight", hubspot.started.portal_id);
    }
    Ok(())
}

fn broken(world: &mut World) -> Result<()> {
    let three = three(world)?;
    let (sick, sick_connected) = &three[0];
    strike(sick, "search", &json!({"kind": "latency", "ms": 12_000}), &json!({"times": 1}))?;
    strike(sick, "search", &json!({"kind": "status", "status": 500}), &json!({"times": 2}))?;
    for (hubspot, _) in three {
        rename(hubspot, some_contacts(hubspot, 1)?[0], "After the tick")?;
        hubspot.catch_up_search()?;
    }
    let started = Instant::now();
    world.fire_cron()?;
    for (hubspot, connected) in &three[1..] {
        until(Duration::from_secs(8), "a healthy account is in step", || {
            Ok(equals(world, &connected.connection, hubspot)?.then_some(()))
        })?;
    }
    let took = started.elapsed();
    ensure!(
        !equals(world, &sick_connected.connection, sick)?,
        "the broken account was not broken ({took:?})"
    );
    equal_in_the_end(world, &sick_connected.connection, sick, Duration::from_mins(1))
}

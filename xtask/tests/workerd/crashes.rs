//! The process killed, an object that panics, an alarm that is lost: work is repeated, none is lost.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use xtask::world::{Plan, World};

use crate::disk;
use crate::person::connected;
use crate::stage::{Stage, alone};
use crate::yardstick::{
    calls, checked_at_every_tick, equal_in_the_end, in_step, known_as, progress_when, refused_by_limits,
    rename, some_contacts, until,
};

const KILLS: u32 = 20;

/// Pages of a hundred.
const PAGES: u64 = 100;

/// Calls that a kill may cost: those in flight, whose pages are read again.
const LOST_BY_A_KILL: u64 = 6;

pub fn trials() -> Vec<Trial> {
    // Slow answers, so that the backfill outlives its kills.
    let slow = Plan::default().in_workerd().with("--contacts", PAGES * 100).with("--latency-ms", 1_000);
    let slow = Stage::new(checked_at_every_tick(slow));
    let pair = Plan::default().in_workerd().with("--contacts", 300).with("--portals", 3);
    let pair = Stage::new(checked_at_every_tick(pair));
    vec![
        alone(&slow, "a backfill killed at twenty random moments ends equal", killed),
        alone(&pair, "a panic in one object stays in it, and its alarm is tried again", panicking),
        alone(&pair, "a connection whose alarm was lost is revived by the next tick", alarm_lost),
    ]
}

fn killed(world: &mut World) -> Result<()> {
    let seed = match std::env::var("SPOKE_SEED") {
        Ok(given) => given.parse().context("SPOKE_SEED is no number")?,
        Err(_) => fastrand::u64(..),
    };
    eprintln!("twenty kills: SPOKE_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let hubspot = world.simulator.clone();
    let connected = connected(world, hubspot.started.portal_id, "Killed")?;
    let contacts = some_contacts(&hubspot, KILLS as usize)?;
    for (kill, contact) in (1..=KILLS).zip(&contacts) {
        sleep(Duration::from_millis(random.u64(..1_400)));
        world.kill_worker();
        // The webhook of this finds nobody; the check after the backfill has to find it.
        rename(&hubspot, *contact, &format!("Renamed {kill}"))?;
        world.start_worker()?;
        world.fire_cron()?;
        let progress = world.spoke.progress(&connected.connection)?;
        ensure!(progress.phase == "backfill", "SPOKE_SEED={seed}: over before kill {kill}: {progress:?}");
    }
    in_step(world, &connected.connection, Duration::from_mins(2))
        .and_then(|_| equal_in_the_end(world, &connected.connection, &hubspot, Duration::from_mins(1)))
        .with_context(|| format!("SPOKE_SEED={seed}"))?;
    let refused = refused_by_limits(&hubspot)?;
    ensure!(refused == 0, "SPOKE_SEED={seed}: {refused} calls met a limit");
    let lists = calls(&hubspot, "list")?;
    let most = PAGES + PAGES.div_ceil(50) + 10 + u64::from(KILLS) * LOST_BY_A_KILL;
    ensure!(lists <= most, "SPOKE_SEED={seed}: {lists} pages asked for, {most} expected at most");
    eprintln!("twenty kills: {lists} pages asked for, {PAGES} needed");
    Ok(())
}

fn panicking(world: &mut World) -> Result<()> {
    let hubspot = [0, 1].map(|nth| world.simulator.of(world.simulator.started.portals[nth]));
    let broken = connected(world, hubspot[0].started.portal_id, "Panics")?;
    let other = connected(world, hubspot[1].started.portal_id, "Beside it")?;
    for connection in [&broken.connection, &other.connection] {
        in_step(world, connection, Duration::from_secs(30))?;
    }
    let contacts = some_contacts(&hubspot[0], 2)?.into_iter().zip(some_contacts(&hubspot[1], 2)?);
    for (own, others) in contacts {
        let answer =
            world.spoke.post(&format!("/__test/panic/{}", broken.connection), &serde_json::json!({}))?;
        ensure!(answer.status == 202, "the switch answers {}", answer.status);
        rename(&hubspot[0], own, "After a panic")?;
        rename(&hubspot[1], others, "Beside a panic")?;
        known_as(world, &other.connection, others, "Beside a panic", Duration::from_secs(5))?;
        known_as(world, &broken.connection, own, "After a panic", Duration::from_secs(30))?;
    }
    let said = world.worker_log_tail(usize::MAX);
    let panics = said.matches("a panic was asked for by the test switch").count();
    ensure!(panics >= 2, "{panics} panics are in the log, two were asked for");
    for (connected, hubspot) in [(&broken, &hubspot[0]), (&other, &hubspot[1])] {
        equal_in_the_end(world, &connected.connection, hubspot, Duration::from_secs(30))?;
    }
    Ok(())
}

fn alarm_lost(world: &mut World) -> Result<()> {
    let hubspot = world.simulator.of(world.simulator.started.portals[2]);
    crate::yardstick::strike(
        &hubspot,
        "list",
        &serde_json::json!({"kind": "latency", "ms": 1_500}),
        &serde_json::json!({"times": 2}),
    )?;
    let connected = connected(world, hubspot.started.portal_id, "Alarm lost")?;
    until(Duration::from_secs(10), "a page is asked for", || {
        Ok((calls(&hubspot, "list")? > 0).then_some(()))
    })?;
    world.kill_worker();
    disk::forget_alarms(world, "Portal")?;
    world.start_worker()?;
    let before = calls(&hubspot, "")?;
    sleep(Duration::from_secs(2));
    ensure!(calls(&hubspot, "")? == before, "it went on without an alarm");
    world.fire_cron()?;
    progress_when(world, &connected.connection, Duration::from_secs(30), "it goes on", |progress| {
        progress.is_in_step()
    })?;
    equal_in_the_end(world, &connected.connection, &hubspot, Duration::from_secs(30))
}

//! What nobody tells of, found all the same: without webhooks, edits under a first sync by the cursor alone, what search shows an hour late by
//! the hourly check, links that change without their records by the weekly pass, and who is on a list (`design.md` 4).
//!
//! Time passes by dates and due times: HubSpot dates an edit back, and a due time is moved while the Worker stands still.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::simulator::Simulator;
use xtask::world::{Plan, World};

use crate::disk;
use crate::links::relink;
use crate::person::connected;
use crate::stage::{Stage, alone, together};
use crate::yardstick::{
    calls, calls_at_rest, checked_at_every_tick, equal_in_the_end, equals, in_step, some_records, strike,
    until,
};

const PATIENCE: Duration = Duration::from_secs(90);
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

pub fn trials() -> Vec<Trial> {
    let plan = Plan { without_webhooks: true, ..Plan::default() }.in_workerd().with("--portals", 4);
    let plan =
        plan.with("--contacts", 300).with("--companies", 40).with("--deals", 60).flag("--associations");
    let plan = plan.with("--switch", "search_lag_min_ms=0").with("--switch", "search_lag_max_ms=0");
    let stage = Stage::new(checked_at_every_tick(plan));
    vec![
        alone(
            &stage,
            "edits under a first sync that took a day are found by its cursor, without a word from anyone",
            under_the_first_sync,
        ),
        alone(
            &stage,
            "an edit that search shows an hour late is found by the hourly check and by none before",
            an_hour_late,
        ),
        alone(
            &stage,
            "links that change without their records are found by the weekly pass where nobody tells",
            links,
        ),
        together(&stage, "who joins a list, who leaves it, and one of each between two checks", members),
    ]
}

fn account(world: &World, nth: usize) -> Simulator {
    world.simulator.of(world.simulator.started.portals[nth])
}

/// Edits a contact without a word, so long ago.
fn edit(hubspot: &Simulator, contact: u64, value: &str, ago_ms: u64) -> Result<()> {
    let portal = hubspot.started.portal_id;
    let body = json!({"portal_id": portal, "id": contact, "properties": {"city": value}, "ago_ms": ago_ms});
    hubspot.post("contacts/edit", &body).map(drop)
}

/// Contacts, those first that were modified longest ago: years, as the simulator seeds them.
fn least_recent(hubspot: &Simulator) -> Result<Vec<u64>> {
    let (lines, _) = hubspot.dump("contacts", 0, 10_000)?;
    let live = lines.iter().filter(|line| line["state"] == "live");
    let mut all: Vec<(&str, u64)> = live
        .filter_map(|line| Some((line["updatedAt"].as_str()?, line["id"].as_str()?.parse().ok()?)))
        .collect();
    all.sort_unstable();
    Ok(all.into_iter().map(|(_, id)| id).collect())
}

fn under_the_first_sync(world: &mut World) -> Result<()> {
    let hubspot = account(world, 0);
    let portal = hubspot.started.portal_id;
    hubspot.post("contacts/seed", &json!({"portal_id": portal, "count": 1_500}))?;
    strike(&hubspot, "list", &json!({"kind": "latency", "ms": 1_500}), &json!({"object_type": "contacts"}))?;
    let connection = connected(world, portal, "Under the first sync")?.connection;
    let read = until(PATIENCE, "two hundred contacts are there", || {
        let (page, _) = world.spoke.contacts(&connection, None)?;
        Ok((page.len() >= 200).then_some(page))
    })?;
    world.kill_worker();
    // A day passes. The least that a check reaches back behind the end would be hours.
    disk::change(
        world,
        "Portal",
        &format!(
            "UPDATE streams SET state = json_set(state, '$.backfill.started_at', state->>'$.backfill.started_at' - {DAY_MS})
             WHERE object_type = 'contacts' AND json_type(state, '$.backfill') = 'object'"
        ),
    )?;
    let read: BTreeSet<u64> = read.iter().filter_map(|record| record["id"].as_str()?.parse().ok()).collect();
    let edited: Vec<u64> =
        least_recent(&hubspot)?.into_iter().filter(|id| read.contains(id)).take(40).collect();
    ensure!(edited.len() == 40, "only {} contacts were read", edited.len());
    for id in &edited {
        edit(&hubspot, *id, "Under it", DAY_MS / 2)?;
    }
    world.start_worker()?;
    world.fire_cron()?;
    in_step(world, &connection, PATIENCE)?;
    equal_in_the_end(world, &connection, &hubspot, PATIENCE)?;
    let batches = calls(&hubspot, "batch_read")?;
    ensure!(batches > 0, "the list brought the edits: no check was needed");
    Ok(())
}

/// Ticks, and waits until the check of every type that this sets going is over.
fn checked(world: &World, hubspot: &Simulator) -> Result<()> {
    const TYPES: u64 = 3;
    let before = calls(hubspot, "search")?;
    let mut ticked: Option<Instant> = None;
    until(PATIENCE, "every type is searched", || {
        if ticked.is_none_or(|at| at.elapsed() > Duration::from_secs(2)) {
            world.fire_cron()?;
            ticked = Some(Instant::now());
        }
        Ok((calls(hubspot, "search")? >= before + TYPES).then_some(()))
    })?;
    calls_at_rest(hubspot).map(drop)
}

fn an_hour_late(world: &mut World) -> Result<()> {
    /// The straggler shows so long after this trial makes it.
    const SOON_MS: u64 = 15_000;
    let hubspot = account(world, 1);
    let connection = connected(world, hubspot.started.portal_id, "An hour late")?.connection;
    in_step(world, &connection, PATIENCE)?;
    equal_in_the_end(world, &connection, &hubspot, PATIENCE)?;
    let late = json!({"search_straggler_one_in": 1, "search_straggler_ms": HOUR_MS});
    world.simulator.patch("switches", &late)?;
    let edited: Vec<u64> = least_recent(&hubspot)?.into_iter().take(20).collect();
    let made = Instant::now();
    for id in &edited {
        edit(&hubspot, *id, "Late", HOUR_MS - SOON_MS)?;
    }
    world.simulator.patch("switches", &json!({"search_straggler_one_in": 0}))?;
    checked(world, &hubspot)?;
    ensure!(!equals(world, &connection, &hubspot)?, "the mirror knew before search did");
    std::thread::sleep(Duration::from_millis(SOON_MS + 1_000).saturating_sub(made.elapsed()));
    for _ in 0..2 {
        checked(world, &hubspot)?;
    }
    ensure!(!equals(world, &connection, &hubspot)?, "a check of every five minutes reached back an hour");
    world.kill_worker();
    // An hour passes.
    disk::change(
        world,
        "Portal",
        "UPDATE streams SET state = json_set(state, '$.trailing_at', state->>'$.trailing_at' - 3600000)",
    )?;
    disk::change(
        world,
        "Portal",
        "UPDATE meta SET value = json_set(value, '$.checks', json((
             SELECT json_group_array(json_set(one.value, '$.trailing_at', one.value->>'$.trailing_at' - 3600000))
             FROM json_each(meta.value, '$.checks') AS one))) WHERE key = 'checked'",
    )?;
    world.start_worker()?;
    let began = calls(&hubspot, "batch_read")?;
    checked(world, &hubspot)?;
    ensure!(equals(world, &connection, &hubspot)?, "the hourly check missed it");
    let batches = calls(&hubspot, "batch_read")? - began;
    ensure!(batches == 1, "{batches} batches for {} contacts", edited.len());
    Ok(())
}

fn links(world: &mut World) -> Result<()> {
    let hubspot = account(world, 2);
    let portal = hubspot.started.portal_id;
    let connection = connected(world, portal, "Links")?.connection;
    equal_in_the_end(world, &connection, &hubspot, PATIENCE)?;
    relink(&hubspot)?;
    for _ in 0..2 {
        checked(world, &hubspot)?;
    }
    ensure!(!equals(world, &connection, &hubspot)?, "somebody told");
    world.kill_worker();
    // A week passes.
    disk::change(
        world,
        "Portal",
        "UPDATE meta SET value = json_set(value, '$.pairs[0].due_at', 1, '$.pairs[1].due_at', 1, '$.pairs[2].due_at', 1,
             '$.pairs[3].due_at', 1, '$.pairs[4].due_at', 1, '$.pairs[5].due_at', 1)
         WHERE key = 'links'",
    )?;
    world.start_worker()?;
    equal_in_the_end(world, &connection, &hubspot, PATIENCE)
}

fn members(world: &World) -> Result<()> {
    let hubspot = account(world, 3);
    let portal = hubspot.started.portal_id;
    let list =
        hubspot.post("lists/create", &json!({"portal_id": portal, "name": "Followed", "members": 120}))?;
    let list = list["id"].as_str().context("a list has an id")?.to_owned();
    let connection = connected(world, portal, "Members")?.connection;
    in_step(world, &connection, PATIENCE)?;
    let path = format!("/v1/connections/{connection}/lists/{list}");
    until(PATIENCE, "the list can be followed", || {
        let answer = world.spoke.post(&format!("{path}/follow"), &json!({}))?;
        Ok((answer.status < 300).then_some(()))
    })?;
    let ours = || -> Result<BTreeSet<u64>> {
        let (mut all, mut next) = (BTreeSet::new(), String::new());
        loop {
            let page = world.spoke.get_json(&format!("{path}/members?limit=50{next}"))?;
            let ids = page["results"].as_array().into_iter().flatten();
            all.extend(ids.filter_map(|row| row["id"].as_str()?.parse::<u64>().ok()));
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => return Ok(all),
            }
        }
    };
    let theirs = || -> Result<BTreeSet<u64>> { Ok(hubspot.members(&list)?.into_iter().collect()) };
    let change = |call: &str, ids: &[u64]| -> Result<()> {
        let done = hubspot.post(
            &format!("lists/{call}"),
            &json!({"portal_id": portal, "list": list.parse::<u64>()?, "ids": ids}),
        )?;
        ensure!(done["changed"] == ids.len(), "{call} changed {done}");
        Ok(())
    };
    let settles = |what: &str| {
        let mut ticked: Option<Instant> = None;
        until(PATIENCE, what, || {
            if ticked.is_none_or(|at| at.elapsed() > Duration::from_secs(2)) {
                world.fire_cron()?;
                ticked = Some(Instant::now());
            }
            Ok((ours()? == theirs()?).then_some(()))
        })
    };
    settles("all members are known")?;
    let there = theirs()?;
    ensure!(there.len() == 120, "{} members", there.len());
    let mut others = some_records(&hubspot, "contacts", 300)?;
    others.retain(|id| !there.contains(id));
    let there: Vec<u64> = there.into_iter().collect();
    for (what, joins, leaves) in [
        ("who joined is known", &others[..20], &there[..0]),
        ("who left is known", &others[..0], &there[..7]),
        ("one who joined and one who left between two checks are known", &others[20..21], &there[7..8]),
    ] {
        let before = world.spoke.progress(&connection)?.latest_change;
        if !joins.is_empty() {
            change("add", joins)?;
        }
        if !leaves.is_empty() {
            change("remove", leaves)?;
        }
        ensure!(ours()? != theirs()?, "{what} before anybody asked");
        settles(what)?;
        let told = told(world, &connection, before)?;
        let of = |kind: &str| -> BTreeSet<u64> {
            told.iter().filter(|(own, _)| own == kind).map(|(_, id)| *id).collect()
        };
        ensure!(of("membership_added") == joins.iter().copied().collect(), "{what}: {told:?}");
        ensure!(of("membership_removed") == leaves.iter().copied().collect(), "{what}: {told:?}");
    }
    Ok(())
}

/// The changes of the feed after a number: kind and id.
fn told(world: &World, connection: &str, after: u64) -> Result<Vec<(String, u64)>> {
    let page =
        world.spoke.get_json(&format!("/v1/connections/{connection}/changes?after={after}&limit=1000"))?;
    let Some(changes) = page["changes"].as_array() else { bail!("no changes: {page}") };
    let of =
        |change: &Value| Some((change["kind"].as_str()?.to_owned(), change["id"].as_str()?.parse().ok()?));
    Ok(changes.iter().filter_map(of).collect())
}

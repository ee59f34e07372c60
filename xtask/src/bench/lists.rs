//! A channel on a HubSpot list of 100,000: what following it costs.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use super::{Figure, connect, whole};
use crate::spoke::number;
use crate::walk;
use crate::world::{Built, Plan, World};

const MEMBERS: u32 = 100_000;
/// So many join.
const JOIN: u32 = 100;
/// Ticks of the cron in an hour.
const TICKS: u32 = 12;
/// Between two checks, instead of five minutes: longer than what one check sets going, or that would find the next one due.
const CHECK_EVERY: Duration = Duration::from_secs(5);

pub(super) fn measure(built: &Built) -> Result<Vec<Figure>> {
    let (world, connection) = synced(built)?;
    let portal = world.simulator.started.portal_id;
    let list = json!({"portal_id": portal, "name": "Everybody", "members": MEMBERS});
    let list = world.simulator.post("lists/create", &list)?["id"].clone();
    let definition = json!({
        "name": "Everybody", "object_type": "contacts", "list": list,
        "fields": [{"field": "first_name", "property": "firstname"}],
    });
    let of_list = || -> Result<u64> { Ok(world.simulator.counters()?.of("lists_search") + members(&world)?) };
    world.simulator.clear_counters()?;
    let (started, cpu) = (Instant::now(), whole::cpu_seconds(&world));
    let channels = format!("/v1/connections/{connection}/channels");
    let channel = world.spoke.post_json(&channels, &definition)?;
    let channel = format!("{channels}/{}", channel["id"].as_str().context("a channel has an id")?);
    has(&world, &channel, MEMBERS)?;
    let seconds = started.elapsed().as_secs_f64();
    let first = of_list()?;
    let cpu_first = whole::cpu_seconds(&world) - cpu;
    whole::rest(&world, &connection)?;

    world.simulator.clear_counters()?;
    for tick in 1..=u64::from(TICKS) {
        sleep(CHECK_EVERY + Duration::from_millis(200));
        world.fire_cron()?;
        let fired = Instant::now();
        while world.simulator.counters()?.of("lists_search") < tick {
            ensure!(fired.elapsed() < Duration::from_secs(30), "no check of the list in tick {tick}");
            sleep(Duration::from_millis(100));
        }
    }
    whole::rest(&world, &connection)?;
    let quiet = of_list()?;

    world.simulator.post("lists/join-random", &json!({"portal_id": portal, "list": list, "count": JOIN}))?;
    world.simulator.catch_up_search()?;
    world.simulator.clear_counters()?;
    world.fire_cron()?;
    has(&world, &channel, MEMBERS + JOIN)?;
    whole::rest(&world, &connection)?;
    let joined = of_list()?;
    let per_member = cpu_first * 1e6 / f64::from(MEMBERS);
    let figure = |name: String, value: f64, unit| Figure::plain("lists", name, value, unit);
    Ok(vec![
        figure(format!("calls until a channel has {MEMBERS} members of a list"), first as f64, ""),
        figure("seconds of that, without limits or latency".to_owned(), seconds, ""),
        figure("processor time a member".to_owned(), per_member, "µs"),
        figure(format!("calls to the list in {TICKS} checks, an hour, nobody joins"), quiet as f64, "")
            .at_most(f64::from(TICKS))
            .exactly_counted(),
        figure(format!("calls to the list in the check after {JOIN} joined"), joined as f64, "")
            .at_most(3.0)
            .exactly_counted(),
    ])
}

/// The account, its contacts mirrored.
fn synced(built: &Built) -> Result<(World, String)> {
    let plan = Plan { without_webhooks: true, ..Plan::default() }.in_workerd();
    let plan = plan.setting("CHECK_EVERY_SECONDS", CHECK_EVERY.as_secs()).flag("--no-limits");
    let plan = plan.with("--contacts", MEMBERS + 1_000).with("--properties", 8);
    let plan = plan.with("--custom-properties", 0).with("--hubspot-properties", 13);
    // No other type, so that the calls are those of contacts and the list.
    let plan = plan.with("--optional-scopes", "crm.schemas.contacts.read crm.lists.read");
    let world = World::start(built, &plan.with("--ten-secondly-limit", 1_000_000))?;
    let connection = connect(&world)?.connection;
    walk::first_sync(&world, &connection, |_| sleep(Duration::from_millis(300)))?;
    world.simulator.catch_up_search()?;
    whole::rest(&world, &connection)?;
    Ok((world, connection))
}

/// An hour in which some leave before each check. Five minutes pass by moving the moment of the last full read while the Worker stands
/// still, since what such a read costs keeps the next one away.
#[cfg(feature = "scale")]
pub(super) fn losing(built: &Built) -> Result<Vec<Figure>> {
    const LEAVE: u32 = 10;
    const MINUTES: u32 = 60 / TICKS;
    let (mut world, connection) = synced(built)?;
    let portal = world.simulator.started.portal_id;
    let list = json!({"portal_id": portal, "name": "Everybody", "members": MEMBERS});
    let list = world.simulator.post("lists/create", &list)?["id"].clone();
    let path = format!("/v1/connections/{connection}/lists/{}", list.as_str().context("a list has an id")?);
    let answer = world.spoke.post(&format!("{path}/follow"), &json!({}))?;
    ensure!(answer.status < 300, "the list is not followed: {} {}", answer.status, answer.text);
    let known = |world: &World| -> Result<u64> {
        let shown = world.spoke.get_json(&path)?;
        number(&shown["followed"]["members"]).with_context(|| format!("no number of members: {shown}"))
    };
    let started = Instant::now();
    while known(&world)? != u64::from(MEMBERS) {
        ensure!(started.elapsed() < Duration::from_mins(5), "the list is not read: {}", known(&world)?);
        world.fire_cron()?;
        sleep(Duration::from_secs(1));
    }
    whole::rest(&world, &connection)?;
    world.simulator.clear_counters()?;
    let (mut left, mut first_known) = (0, None);
    for tick in 1..=TICKS {
        let leave = json!({"portal_id": portal, "list": list, "count": LEAVE});
        world.simulator.post("lists/leave-random", &leave)?;
        left += LEAVE;
        super::counts::standing_still(&mut world, |database| {
            let moved =
                "UPDATE followed SET state = json_set(state, '$.walked_at', state->>'$.walked_at' - ?1)";
            let ms = i64::from(MINUTES) * 60_000;
            ensure!(database.execute(moved, [ms])? == 1, "the list has not been read");
            Ok(())
        })?;
        sleep(CHECK_EVERY);
        world.fire_cron()?;
        let fired = Instant::now();
        while world.simulator.counters()?.of("lists_search") < u64::from(tick) {
            ensure!(fired.elapsed() < Duration::from_secs(30), "no check of the list in tick {tick}");
            sleep(Duration::from_millis(100));
        }
        at_rest(&world)?;
        if first_known.is_none() && known(&world)? <= u64::from(MEMBERS - LEAVE) {
            first_known = Some(tick * MINUTES);
        }
    }
    let calls = world.simulator.counters()?.of("lists_search") + members(&world)?;
    let behind = known(&world)?.saturating_sub(u64::from(MEMBERS - left));
    let first = first_known.context("nobody who left was noticed within the hour")?;
    let figure = |name: String, value: f64, unit| Figure::plain("scale-lists", name, value, unit);
    Ok(vec![
        figure(
            format!("calls to a list of {MEMBERS} in {TICKS} checks, an hour, {LEAVE} leave before each"),
            calls as f64,
            "",
        ),
        figure("minutes until the first of them are known to have left".to_owned(), f64::from(first), ""),
        figure(format!("of {left} not known at the end of the hour"), behind as f64, ""),
    ])
}

/// Waits until no call has come for three seconds.
#[cfg(feature = "scale")]
fn at_rest(world: &World) -> Result<()> {
    let mut last = (u64::MAX, Instant::now());
    while last.1.elapsed() < Duration::from_secs(3) {
        let calls = world.simulator.counters()?.of("");
        if calls != last.0 {
            last = (calls, Instant::now());
        }
        sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Calls that read who is on a list.
fn members(world: &World) -> Result<u64> {
    let counters = world.simulator.counters()?;
    Ok(counters.of("member"))
}

/// Waits until the channel has so many members.
fn has(world: &World, channel: &str, members: u32) -> Result<()> {
    let started = Instant::now();
    loop {
        let shown = world.spoke.get_json(channel)?;
        if shown["state"] == "active" && number(&shown["members"]) == Some(members.into()) {
            return Ok(());
        }
        if started.elapsed() > Duration::from_mins(5) {
            bail!("the channel does not come to {members} members: {shown}");
        }
        sleep(Duration::from_millis(250));
    }
}

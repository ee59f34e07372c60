//! How many calls a first sync and a poll cost. Counts, the same on every machine.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use super::{Figure, connect};
use crate::walk;
use crate::world::{Built, Plan, World};

const CONTACTS: u32 = 5_000;

/// What an account that grants contacts alone is started with.
pub(super) const CONTACTS_ONLY: (&str, &str) =
    ("--optional-scopes", "crm.schemas.contacts.read crm.objects.contacts.write");

/// Calls of a first sync that an empty type adds: fields, count, one page, the first check. Owners, pipelines and lists are other
/// permissions'.
const EMPTY_TYPE: f64 = 4.0;

/// HubSpot's own properties whose names fit into an address, and more than do (how many times the calls).
const PROPERTIES: [(&str, &str, f64); 2] =
    [("list of 30 fits the URL", "30", 1.0), ("list of 400 does not", "", 2.0)];

/// Calls of a first sync.
pub(super) fn first_sync(built: &Built) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, properties, times) in PROPERTIES {
        let plan = Plan { without_webhooks: true, ..Plan::default() }.in_workerd();
        let plan = plan.with("--contacts", CONTACTS).with("--custom-properties", 0).flag("--no-limits");
        let plan = plan.with(CONTACTS_ONLY.0, CONTACTS_ONLY.1);
        let plan = if properties.is_empty() { plan } else { plan.with("--hubspot-properties", properties) };
        let world = World::start(built, &plan)?;
        let connected = connect(&world)?;
        walk::first_sync(&world, &connected.connection, |_| {})?;
        let calls = world.simulator.counters()?.of_quota() as f64;
        let target = (f64::from(CONTACTS.div_ceil(100)) * 1.02).mul_add(times, 10.0 * times);
        let name = format!("calls, first sync of {CONTACTS}, {name}");
        figures.push(Figure::plain("calls", name, calls, "").at_most(target.floor()).exactly_counted());
    }
    Ok(figures)
}

/// Calls of a poll: with nothing changed, with changes, with the same changes seen again.
pub(super) fn poll(built: &Built) -> Result<Vec<Figure>> {
    const MODIFIED: u64 = 250;
    let plan = Plan { without_webhooks: true, ..Plan::default() }.in_workerd();
    // So that every tick below finds the connection due.
    let plan = plan.setting("CHECK_EVERY_SECONDS", 1).with(CONTACTS_ONLY.0, CONTACTS_ONLY.1);
    let world = World::start(built, &plan.with("--contacts", CONTACTS).flag("--no-limits"))?;
    let connected = connect(&world)?;
    walk::first_sync(&world, &connected.connection, |_| {})?;
    world.simulator.catch_up_search()?;
    quiet(&world)?;

    let rows_before = world.spoke.rows_written(&connected.connection)?;
    let idle = polled(&world)?;
    let rows = world.spoke.rows_written(&connected.connection)? - rows_before;
    let (contacts, _) = world.simulator.dump("contacts", 0, 1_000)?;
    let live = contacts.iter().filter(|contact| contact["state"] == "live");
    for contact in live.take(MODIFIED as usize) {
        let body = json!({"id": contact["id"], "properties": {"firstname": "Modified"}});
        world.simulator.post("contacts/edit", &body)?;
    }
    world.simulator.catch_up_search()?;
    let changed = polled(&world)?;
    let again = polled(&world)?;
    let difference = walk::settle(&world, &connected.connection, Duration::from_mins(1))?;
    if !difference.is_none() {
        bail!("the mirror is not HubSpot: {difference}");
    }
    let target = |different: u64| (MODIFIED.div_ceil(200) + different.div_ceil(100) + 1) as f64;
    Ok(vec![
        Figure::plain("polls", "calls, nothing changed", idle as f64, "").at_most(1.0).exactly_counted(),
        Figure::plain("polls", "rows written, nothing changed", rows as f64, "")
            .at_most(2.0)
            .exactly_counted(),
        Figure::plain("polls", format!("calls, {MODIFIED} modified, all different"), changed as f64, "")
            .at_most(target(MODIFIED))
            .exactly_counted(),
        Figure::plain("polls", format!("calls, {MODIFIED} modified, none different"), again as f64, "")
            .at_most(target(0))
            .exactly_counted(),
    ])
}

/// What companies and deals add where there are none: calls of a first sync, calls and rows of a check.
pub(super) fn types(built: &Built) -> Result<Vec<Figure>> {
    const CHECK_EVERY: Duration = Duration::from_secs(3);
    let started = |plan: Plan| -> Result<(World, String, u64)> {
        // Longer than the first sync of so few takes, so that no second check falls into it.
        let plan = plan
            .setting("CHECK_EVERY_SECONDS", CHECK_EVERY.as_secs())
            .flag("--no-limits")
            .with("--contacts", 1_000);
        let world = World::start(built, &plan.with("--custom-properties", 0))?;
        let connection = connect(&world)?.connection;
        walk::first_sync(&world, &connection, |_| {})?;
        quiet(&world)?;
        let counters = world.simulator.counters()?;
        let of_records =
            |endpoint: &str| ["property_list", "search", "list", "batch_read"].contains(&endpoint);
        let calls = counters.calls.iter().filter(|((endpoint, _), _)| of_records(endpoint));
        let calls = calls.map(|(_, calls)| calls).sum();
        Ok((world, connection, calls))
    };
    let plan = || Plan { without_webhooks: true, ..Plan::default() }.in_workerd();
    let (_, _, alone) = started(plan().with(CONTACTS_ONLY.0, CONTACTS_ONLY.1))?;
    let (world, connection, all) = started(plan())?;
    let added = all.saturating_sub(alone) as f64 / 2.0;
    sleep(CHECK_EVERY);
    let rows_before = world.spoke.rows_written(&connection)?;
    let idle = polled(&world)?;
    let rows = world.spoke.rows_written(&connection)? - rows_before;
    Ok(vec![
        Figure::plain("types", "calls, first sync, added by an empty type", added, "")
            .at_most(EMPTY_TYPE)
            .exactly_counted(),
        Figure::plain("types", "calls, three types, nothing changed", idle as f64, "")
            .at_most(3.0)
            .exactly_counted(),
        Figure::plain("types", "rows written, three types, nothing changed", rows as f64, "")
            .at_most(2.0)
            .exactly_counted(),
    ])
}

/// Calls that one tick of the cron causes.
fn polled(world: &World) -> Result<u64> {
    world.simulator.clear_counters()?;
    world.fire_cron()?;
    quiet(world)
}

/// Waits until no call has come for two seconds, but at least three; how many came since the counters were cleared.
fn quiet(world: &World) -> Result<u64> {
    let started = Instant::now();
    let mut last = (u64::MAX, Instant::now());
    loop {
        let calls = world.simulator.counters()?.of_quota();
        if calls != last.0 {
            last = (calls, Instant::now());
        } else if last.1.elapsed() > Duration::from_secs(2) && started.elapsed() > Duration::from_secs(3) {
            return Ok(calls);
        }
        if started.elapsed() > Duration::from_mins(2) {
            bail!("the connection never rests: {calls} calls");
        }
        sleep(Duration::from_millis(100));
    }
}

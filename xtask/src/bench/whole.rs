//! A whole account: contacts, companies and deals with their associations, and one so large that its object's limits come into sight.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{Figure, connect};
use crate::spoke::number;
use crate::world::{Built, Plan, World};

/// Properties with a value per record.
const PROPERTIES: u32 = 30;

/// So long without a call ends a sync: the associations of a type are read after its records, seconds later at most.
const REST: Duration = Duration::from_secs(6);

/// How large an account is.
struct Account {
    contacts: u32,
    companies: u32,
    deals: u32,
    linked: bool,
}

impl Account {
    fn records(&self) -> u32 {
        self.contacts + self.companies + self.deals
    }

    fn plan(&self) -> Plan {
        let plan = Plan { without_webhooks: true, ..Plan::default() }
            .in_workerd()
            .setting("CHECK_EVERY_SECONDS", 1)
            .flag("--no-limits")
            .with("--contacts", self.contacts)
            .with("--companies", self.companies)
            .with("--deals", self.deals)
            .with("--properties", PROPERTIES)
            .with("--custom-properties", 0)
            .with("--hubspot-properties", PROPERTIES)
            .with("--ten-secondly-limit", 1_000_000);
        if self.linked { plan.flag("--associations") } else { plan }
    }
}

/// First sync of an account with associations, checks of it.
pub(super) fn linked(built: &Built) -> Result<Vec<Figure>> {
    let account = Account { contacts: 50_000, companies: 10_000, deals: 20_000, linked: true };
    let (world, connection, mut figures) = synced(built, &account, "whole")?;
    world.simulator.catch_up_search()?;
    for percent in [1, 60] {
        let changed = u64::from(account.contacts) * percent / 100;
        world.simulator.edit(changed)?;
        world.simulator.catch_up_search()?;
        world.simulator.clear_counters()?;
        let before = cpu_seconds(&world);
        world.fire_cron()?;
        let seconds = rest(&world, &connection)?;
        let calls = world.simulator.counters()?.of_quota() as f64;
        let cpu = cpu_seconds(&world) - before;
        let name =
            |what: &str| format!("{what}, a poll with {percent} % of {} contacts changed", account.contacts);
        figures.extend([
            Figure::plain("whole", name("calls"), calls, ""),
            Figure::plain("whole", name("seconds"), seconds, ""),
            Figure::plain("whole", name("processor time a change"), cpu * 1e6 / changed as f64, "µs"),
        ]);
    }
    Ok(figures)
}

/// First sync of a million contacts and 200,000 companies into one object, a check of it, one record of it.
pub(super) fn scale(built: &Built) -> Result<Vec<Figure>> {
    const LOOKUPS: u32 = 200;
    let account = Account { contacts: 1_000_000, companies: 200_000, deals: 0, linked: false };
    let (world, connection, mut figures) = synced(built, &account, "scale")?;
    world.simulator.catch_up_search()?;
    world.simulator.clear_counters()?;
    let before = cpu_seconds(&world);
    world.fire_cron()?;
    let seconds = rest(&world, &connection)?;
    let cpu = cpu_seconds(&world) - before;
    let calls = world.simulator.counters()?.of_quota() as f64;
    let (contacts, _) = world.spoke.contacts(&connection, None)?;
    let email =
        contacts.iter().find_map(|contact| contact["properties"]["email"].as_str()).context("an address")?;
    let path = format!("/v1/connections/{connection}/records/contacts?email={}", email.replace('+', "%2B"));
    let started = Instant::now();
    for _ in 0..LOOKUPS {
        let found = world.spoke.get_json(&path)?;
        if found["results"].as_array().is_none_or(Vec::is_empty) {
            bail!("a contact that is mirrored is not found by its address: {found}");
        }
    }
    let lookup = started.elapsed().as_secs_f64() * 1e3 / f64::from(LOOKUPS);
    figures.extend([
        Figure::plain("scale", "calls, a check that finds nothing", calls, ""),
        Figure::plain("scale", "seconds, a check that finds nothing", seconds, ""),
        Figure::plain("scale", "processor time, a check that finds nothing", cpu * 1e3, "ms"),
        Figure::plain("scale", "a contact by its address", lookup, "ms"),
    ]);
    Ok(figures)
}

/// The first sync of an account, to the end of all it asks for.
fn synced(built: &Built, account: &Account, part: &'static str) -> Result<(World, String, Vec<Figure>)> {
    let world = World::start(built, &account.plan())?;
    let (disk, cpu) = (world.disk_bytes(), cpu_seconds(&world));
    let connection = connect(&world)?.connection;
    let seconds = rest(&world, &connection)?;
    let records = account.records();
    let status = world.spoke.get_json(&format!("/v1/connections/{connection}"))?;
    let streams = status["sync"]["streams"].as_array().context("no streams")?;
    let mirrored: u64 = streams.iter().filter_map(|stream| number(&stream["records"])).sum();
    if mirrored != u64::from(records) {
        bail!("{mirrored} records of {records} are mirrored: {status}");
    }
    let records = f64::from(records);
    let counters = world.simulator.counters()?;
    let cpu = cpu_seconds(&world) - cpu;
    let rows = world.spoke.rows_written(&connection)? as f64;
    let bytes = (world.disk_bytes() - disk) as f64;
    let what = format!(
        "{} contacts, {} companies, {} deals{}",
        account.contacts,
        account.companies,
        account.deals,
        if account.linked { " and their associations" } else { "" }
    );
    let figures = vec![
        Figure::plain(part, format!("calls, first sync of {what}"), counters.of_quota() as f64, ""),
        Figure::plain(part, "of these to associations", counters.of("association") as f64, ""),
        Figure::plain(part, "seconds, without limits or latency", seconds, ""),
        Figure::plain(part, "processor time a record", cpu * 1e6 / records, "µs"),
        Figure::plain(part, "rows written a record", rows / records, ""),
        Figure::plain(part, "on disk a record", bytes / records, "bytes"),
        Figure::plain(part, "peak memory of workerd", world.usage().peak_memory as f64 / 1e6, "MB"),
        Figure::plain(part, "429s", counters.with_status(429) as f64, "").at_most(0.0).exactly_counted(),
    ];
    Ok((world, connection, figures))
}

/// Of workerd, so far.
fn cpu_seconds(world: &World) -> f64 {
    world.usage().cpu.as_secs_f64()
}

/// Waits until every stream is in step and no call has come for [`REST`]; the seconds until the last call.
fn rest(world: &World, connection: &str) -> Result<f64> {
    let started = Instant::now();
    let mut last = (u64::MAX, Instant::now());
    loop {
        let calls = world.simulator.counters()?.of("");
        if calls != last.0 {
            last = (calls, Instant::now());
        } else if last.1.elapsed() > REST && world.spoke.progress(connection)?.is_in_step() {
            return Ok((last.1 - started).as_secs_f64());
        }
        if started.elapsed() > Duration::from_mins(20) {
            bail!("the connection never rests: {calls} calls");
        }
        sleep(Duration::from_millis(250));
    }
}

//! A whole account: contacts, companies and deals with their associations, and one so large that its object's limits come into sight.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

#[cfg(feature = "scale")]
use super::memory::Collector;
use super::{Figure, connect};
use crate::spoke::number;
use crate::world::{Built, Plan, World};

/// Properties with a value per record.
const PROPERTIES: u32 = 30;

/// So long without a call ends a sync: longer than the association window of ten seconds keeps its next call waiting.
const REST: Duration = Duration::from_secs(12);

/// What takes longer has come to a stand.
const PATIENCE: Duration = Duration::from_mins(15);

/// How large an account is.
struct Account {
    contacts: u32,
    companies: u32,
    deals: u32,
    linked: bool,
    /// A debugger may come in, and see what is held.
    inspected: bool,
    /// Seconds between two checks. More than the longest of them takes: checks that follow each other without a pause never rest.
    check_every: u32,
}

impl Account {
    fn records(&self) -> u32 {
        self.contacts + self.companies + self.deals
    }

    fn plan(&self) -> Plan {
        let plan = Plan { without_webhooks: true, ..Plan::default() }
            .in_workerd()
            .setting("CHECK_EVERY_SECONDS", self.check_every)
            .flag("--no-limits")
            .with("--contacts", self.contacts)
            .with("--companies", self.companies)
            .with("--deals", self.deals)
            .with("--properties", PROPERTIES)
            .with("--custom-properties", 0)
            .with("--hubspot-properties", PROPERTIES)
            .with("--ten-secondly-limit", 1_000_000);
        let plan = if self.linked { plan.flag("--associations") } else { plan };
        if self.inspected { plan.inspected() } else { plan }
    }
}

/// First sync of an account with associations, checks of it.
pub(super) fn linked(built: &Built) -> Result<Vec<Figure>> {
    let account = Account {
        contacts: 50_000,
        companies: 10_000,
        deals: 20_000,
        linked: true,
        inspected: false,
        check_every: 90,
    };
    let (world, connection, mut figures) = synced(built, &account, "whole")?;
    world.simulator.catch_up_search()?;
    for percent in [1, 60] {
        let changed = u64::from(account.contacts) * percent / 100;
        world.simulator.edit(changed)?;
        world.simulator.catch_up_search()?;
        let Check { calls, seconds, cpu } = check(&world, &connection, &account)?;
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

/// First sync of contacts and a fifth as many companies into one object; a check, a count and one record of it.
#[cfg(feature = "scale")]
pub(super) fn scale(built: &Built, contacts: u32) -> Result<Vec<Figure>> {
    const LOOKUPS: u32 = 200;
    let account = Account {
        contacts,
        companies: contacts / 5,
        deals: 0,
        linked: false,
        inspected: true,
        check_every: 20,
    };
    let (mut world, connection, mut figures) = synced(built, &account, "scale")?;
    world.simulator.catch_up_search()?;
    let Check { calls, seconds, cpu } = check(&world, &connection, &account)?;
    let (some, _) = world.spoke.contacts(&connection, None)?;
    let email =
        some.iter().find_map(|contact| contact["properties"]["email"].as_str()).context("an address")?;
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
    figures.extend(super::counts::measure(&mut world, &connection)?);
    // What is held is asked for where no time is measured: collecting takes some itself.
    let collector = Collector::start(world.inspector_port().context("nobody listens")?)?;
    let edited = serde_json::json!({"portal_id": world.simulator.started.portal_id, "count": contacts / 100});
    world.simulator.post("contacts/edit-bulk", &edited)?;
    world.simulator.catch_up_search()?;
    check(&world, &connection, &account)?;
    for _ in 0..LOOKUPS {
        world.spoke.get_json(&path)?;
    }
    let held = collector.stop()?;
    let what = format!("{contacts} contacts and {} companies mirrored", account.companies);
    figures.extend(super::isolate(
        "scale",
        &format!("{what}, a check with 1 % of the contacts changed"),
        held,
    ));
    Ok(figures)
}

/// The first sync of an account, to the end of all it asks for.
fn synced(built: &Built, account: &Account, part: &'static str) -> Result<(World, String, Vec<Figure>)> {
    let world = World::start(built, &account.plan())?;
    let (disk, cpu) = (world.disk_bytes(), cpu_seconds(&world));
    let connection = connect(&world)?.connection;
    let seconds = all_read(&world, &connection)?;
    let cpu_of_records = cpu_seconds(&world) - cpu;
    // Counted since the object was loaded: at rest it is evicted.
    let rows = world.spoke.rows_written(&connection)? as f64;
    let seconds_after = rest(&world, &connection)?;
    let records = account.records();
    let mirrored: u64 =
        streams(&world, &connection)?.iter().filter_map(|stream| number(&stream["records"])).sum();
    if mirrored != u64::from(records) {
        bail!("{mirrored} records of {records} are mirrored");
    }
    let records = f64::from(records);
    let counters = world.simulator.counters()?;
    let cpu_after = cpu_seconds(&world) - cpu - cpu_of_records;
    let bytes = (world.disk_bytes() - disk) as f64;
    let what = format!(
        "{} contacts, {} companies{}",
        account.contacts,
        account.companies,
        if account.linked {
            format!(", {} deals and their associations", account.deals)
        } else {
            String::new()
        }
    );
    let figures = vec![
        Figure::plain(part, format!("calls, first sync of {what}"), counters.of_quota() as f64, ""),
        Figure::plain(part, "of these to associations", counters.of("association") as f64, ""),
        Figure::plain(part, "seconds until all records are there, without limits or latency", seconds, ""),
        Figure::plain(part, "seconds more for associations, at 95 calls in 10 s", seconds_after, ""),
        Figure::plain(part, "processor time a record", cpu_of_records * 1e6 / records, "µs"),
        Figure::plain(part, "the same of reading associations", cpu_after * 1e6 / records, "µs"),
        Figure::plain(part, "rows written a record, its associations aside", rows / records, ""),
        Figure::plain(part, "on disk a record", bytes / records, "bytes"),
        Figure::plain(part, "peak memory of workerd", world.usage().peak_memory as f64 / 1e6, "MB"),
        Figure::plain(part, "429s", counters.with_status(429) as f64, "").at_most(0.0).exactly_counted(),
    ];
    Ok((world, connection, figures))
}

/// Of workerd, so far.
pub(super) fn cpu_seconds(world: &World) -> f64 {
    world.usage().cpu.as_secs_f64()
}

/// What a check for changes took.
struct Check {
    calls: f64,
    seconds: f64,
    cpu: f64,
}

/// Lets a check of every type fall due, ticks, and waits for its end.
fn check(world: &World, connection: &str, account: &Account) -> Result<Check> {
    sleep(Duration::from_secs(u64::from(account.check_every) + 1));
    world.simulator.clear_counters()?;
    let cpu = cpu_seconds(world);
    world.fire_cron()?;
    let seconds = rest(world, connection)?;
    let calls = world.simulator.counters()?.of_quota() as f64;
    Ok(Check { calls, seconds, cpu: cpu_seconds(world) - cpu })
}

/// Waits until every stream is in step and no call has come for [`REST`]; the seconds until the last call.
pub(super) fn rest(world: &World, connection: &str) -> Result<f64> {
    let started = Instant::now();
    let mut last = (u64::MAX, Instant::now());
    loop {
        let counters = world.simulator.counters()?;
        let calls = counters.of("");
        if calls != last.0 {
            last = (calls, Instant::now());
        } else if last.1.elapsed() > REST && are_in_step(&streams(world, connection)?) {
            return Ok((last.1 - started).as_secs_f64());
        }
        if started.elapsed() > PATIENCE {
            bail!("the connection never rests: {:?}, {:?}", counters.calls, streams(world, connection)?);
        }
        sleep(Duration::from_millis(250));
    }
}

/// Waits until every record of every type is there; the seconds that took.
fn all_read(world: &World, connection: &str) -> Result<f64> {
    let started = Instant::now();
    while !are_in_step(&streams(world, connection)?) {
        if started.elapsed() > PATIENCE {
            bail!("the first sync does not end: {:?}", streams(world, connection)?);
        }
        sleep(Duration::from_millis(250));
    }
    Ok(started.elapsed().as_secs_f64())
}

pub(super) fn streams(world: &World, connection: &str) -> Result<Vec<Value>> {
    let status = world.spoke.get_json(&format!("/v1/connections/{connection}"))?;
    status["sync"]["streams"].as_array().cloned().context("a connection without streams")
}

fn are_in_step(streams: &[Value]) -> bool {
    let mut running = streams.iter().filter(|stream| stream["state"] == "running");
    running.all(|stream| stream["phase"] == "incremental" && number(&stream["waiting"]) == Some(0))
}

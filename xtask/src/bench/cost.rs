//! What a contact costs: processor time, bytes on disk, memory. Against a simulator without limits or latency.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{
    Figure, connect,
    memory::{Collector, Held},
};
use crate::compare::compare;
use crate::walk;
use crate::world::{Built, Plan, World};

/// Contacts of the smaller measurement; the larger is the command's option.
const SMALL: u32 = 20_000;

/// Properties with a value per contact.
const PROPERTIES: u32 = 30;

/// The best peer that stores nothing needs 45; parsing a page costs 1.5 and a bulk upsert 1.3.
const MICROSECONDS: f64 = 25.0;

/// How long first syncs are measured in a warm process, of which the least counts: what else the machine does only ever adds, and
/// the first ones are still being compiled. On a machine shared with others the same sync costs 23 or 37 µs a contact within a minute.
const WARM: Duration = Duration::from_secs(25);

/// So many at least.
const WARM_SYNCS: usize = 3;

/// First syncs whose memory is measured together: with the fourth, V8 has compiled what it will compile, and as many objects are
/// in memory at once as ever are, whatever the number of contacts (measured: 134 MB after four syncs of 20,000, 138 of 200,000,
/// 136 of 600,000; after the first 113, 118 and 130).
const HELD: usize = 4;

/// One first sync.
struct Sync {
    per_second: f64,
    microseconds: f64,
}

struct Cost {
    /// In a process that has just started: the engine's code is compiled meanwhile.
    cold: Sync,
    /// The same account connected by further workspaces, for as long as [`WARM`]; the least.
    warm: Sync,
    bytes: f64,
    rows: f64,
    /// After two syncs.
    peak_memory: f64,
    /// The same of another process, whose garbage is collected at once.
    held_memory: f64,
    /// Of that, the isolate's own.
    held: Held,
}

pub(super) fn measure(built: &Built, large: u32) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut costs = Vec::new();
    for contacts in [SMALL, large] {
        let cost = of(built, contacts)?;
        let name = |what: &str| format!("{what}, {contacts} contacts");
        figures.extend([
            Figure::plain("cost", name("contacts a second"), cost.warm.per_second, ""),
            Figure::plain("cost", name("processor time a contact"), cost.warm.microseconds, "µs")
                .at_most(MICROSECONDS),
            Figure::plain("cost", name("the same in a process just started"), cost.cold.microseconds, "µs"),
            Figure::plain("cost", name("rows written a contact"), cost.rows, ""),
            Figure::plain("cost", name("on disk a contact"), cost.bytes, "bytes"),
            Figure::plain("cost", name("peak memory of workerd"), cost.peak_memory / 1e6, "MB"),
            Figure::plain(
                "cost",
                name("the same with garbage collected at once"),
                cost.held_memory / 1e6,
                "MB",
            ),
            Figure::plain(
                "cost",
                name("of that, the isolate's heap and the wasm's memory"),
                cost.held.both as f64 / 1e6,
                "MB",
            )
            .at_most(super::ISOLATE_MB),
        ]);
        costs.push(cost);
    }
    if let [small, large] = costs.as_slice() {
        let grown = (large.warm.microseconds / small.warm.microseconds - 1.0) * 100.0;
        figures.push(
            Figure::plain("cost", "processor time a contact, larger against smaller", grown, "%")
                .at_most(10.0),
        );
        let grown = (large.held_memory / small.held_memory - 1.0) * 100.0;
        figures.push(
            Figure::plain("cost", "peak memory with garbage collected, larger against smaller", grown, "%")
                .at_most(10.0),
        );
    }
    Ok(figures)
}

fn plan(contacts: u32) -> Plan {
    Plan { without_webhooks: true, ..Plan::default() }
        .in_workerd()
        .with(super::polls::CONTACTS_ONLY.0, super::polls::CONTACTS_ONLY.1)
        .flag("--no-limits")
        .with("--contacts", contacts)
        .with("--properties", PROPERTIES)
        .with("--custom-properties", 0)
        .with("--hubspot-properties", PROPERTIES)
        .with("--ten-secondly-limit", 1_000_000)
}

/// Peak memory of [`HELD`] first syncs in one process that collects its garbage many times a second, and its isolate's own.
fn held_memory(built: &Built, contacts: u32) -> Result<(f64, Held)> {
    let world = World::start(built, &plan(contacts).inspected())?;
    let collector = Collector::start(world.inspector_port().context("nobody listens")?)?;
    for _ in 0..HELD {
        let connection = connect(&world)?.connection;
        walk::first_sync(&world, &connection, |_| std::thread::sleep(Duration::from_millis(300)))?;
    }
    let held = collector.stop()?;
    Ok((world.usage().peak_memory as f64, held))
}

fn of(built: &Built, contacts: u32) -> Result<Cost> {
    let world = World::start(built, &plan(contacts))?;
    let disk_before = world.disk_bytes();
    let sync = || -> Result<(Sync, String)> {
        let before = world.usage();
        let started = Instant::now();
        let connection = connect(&world)?.connection;
        walk::first_sync(&world, &connection, |_| std::thread::sleep(Duration::from_millis(300)))?;
        let (seconds, after) = (started.elapsed().as_secs_f64(), world.usage());
        let microseconds = (after.cpu.as_secs_f64() - before.cpu.as_secs_f64()) * 1e6 / f64::from(contacts);
        Ok((Sync { per_second: f64::from(contacts) / seconds, microseconds }, connection))
    };
    let (cold, connection) = sync()?;
    // While the object is in memory: it counts for itself.
    let rows = world.spoke.rows_written(&connection)? as f64 / f64::from(contacts);
    let bytes = (world.disk_bytes() - disk_before) as f64 / f64::from(contacts);
    let (begun, mut syncs, mut warm) = (Instant::now(), 1, sync()?.0);
    let peak_memory = world.usage().peak_memory as f64;
    while syncs < WARM_SYNCS || begun.elapsed() < WARM {
        let next = sync()?.0;
        syncs += 1;
        if next.microseconds < warm.microseconds {
            warm = next;
        }
    }
    let difference = compare(&world.spoke, &connection, &world.simulator, &["contacts"])?;
    if !difference.is_none() {
        bail!("the mirror is not HubSpot: {difference}");
    }
    drop(world);
    let (held_memory, held) = held_memory(built, contacts)?;
    Ok(Cost { cold, warm, bytes, rows, peak_memory, held_memory, held })
}

//! What a contact costs: processor time, bytes on disk, memory. Against a simulator without limits or latency.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::{Figure, connect};
use crate::compare::compare;
use crate::walk;
use crate::world::{Built, Plan, World};

/// Contacts of the smaller measurement; the larger is the command's option.
const SMALL: u32 = 20_000;

/// Properties with a value per contact.
const PROPERTIES: u32 = 30;

/// The best peer that stores nothing needs 45; parsing a page costs 1.5 and a bulk upsert 1.3.
const MICROSECONDS: f64 = 25.0;

struct Cost {
    per_second: f64,
    microseconds: f64,
    bytes: f64,
    peak_memory: f64,
}

pub(super) fn measure(built: &Built, large: u32) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut costs = Vec::new();
    for contacts in [SMALL, large] {
        let cost = of(built, contacts)?;
        let name = |what: &str| format!("{what}, {contacts} contacts");
        figures.extend([
            Figure::plain("cost", name("contacts a second"), cost.per_second, ""),
            Figure::plain("cost", name("processor time a contact"), cost.microseconds, "µs")
                .at_most(MICROSECONDS),
            Figure::plain("cost", name("on disk a contact"), cost.bytes, "bytes"),
            Figure::plain("cost", name("peak memory of workerd"), cost.peak_memory / 1e6, "MB"),
        ]);
        costs.push(cost);
    }
    if let [small, large] = costs.as_slice() {
        let grown = (large.microseconds / small.microseconds - 1.0) * 100.0;
        figures.push(
            Figure::plain("cost", "processor time a contact, larger against smaller", grown, "%")
                .at_most(10.0),
        );
    }
    Ok(figures)
}

fn of(built: &Built, contacts: u32) -> Result<Cost> {
    let plan = Plan { without_webhooks: true, ..Plan::default() }.flag("--no-limits");
    let plan =
        plan.with("--contacts", contacts).with("--properties", PROPERTIES).with("--custom-properties", 0);
    let world = World::start(built, &plan)?;
    let (before, disk_before) = (world.usage(), world.disk_bytes());
    let started = Instant::now();
    let connected = connect(&world)?;
    walk::first_sync(&world, &connected.connection, |_| std::thread::sleep(Duration::from_millis(300)))?;
    let (seconds, after) = (started.elapsed().as_secs_f64(), world.usage());
    let disk = world.disk_bytes() - disk_before;
    let difference = compare(&world.spoke, &connected.connection, &world.simulator)?;
    if !difference.is_none() {
        bail!("the mirror is not HubSpot: {difference}");
    }
    let contacts = f64::from(contacts);
    Ok(Cost {
        per_second: contacts / seconds,
        microseconds: (after.cpu.as_secs_f64() - before.cpu.as_secs_f64()) * 1e6 / contacts,
        bytes: disk as f64 / contacts,
        peak_memory: after.peak_memory as f64,
    })
}

//! A large type is turned off: its table goes in one turn, in which its object answers nobody else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{Figure, connect, whole};
use crate::spoke::number;
use crate::walk;
use crate::world::{Built, Plan, World};

/// Properties with a value per record.
const PROPERTIES: u32 = 30;
/// What a person waits for without asking whether something is broken.
const SECONDS: f64 = 2.0;

pub(super) fn measure(built: &Built, records: u32) -> Result<Vec<Figure>> {
    let plan = Plan { without_webhooks: true, ..Plan::default() }.in_workerd().flag("--no-limits");
    let plan = plan.with("--contacts", 10).with("--ten-secondly-limit", 1_000_000);
    let world = World::start(built, &plan)?;
    let portal = world.simulator.started.portal_id;
    let shape = json!({"properties_set": PROPERTIES, "custom_properties": 0});
    world.simulator.post("tasks/seed", &json!({"portal_id": portal, "count": records, "shape": shape}))?;
    let connection = connect(&world)?.connection;
    walk::first_sync(&world, &connection, |_| {})?;
    let disk = world.disk_bytes();
    let path = format!("/v1/connections/{connection}/types/tasks");
    let on = world.spoke.put(&path, &Value::Null)?;
    ensure!(on.status == 200, "{}", on.text);
    all_there(&world, &connection, records)?;
    whole::rest(&world, &connection)?;
    let bytes = (world.disk_bytes() - disk) as f64;
    let cpu = whole::cpu_seconds(&world);
    let (seconds, longest) = turn_off(&world, &connection, &path)?;
    let cpu = whole::cpu_seconds(&world) - cpu;
    let figure = |name: String, value: f64, unit| Figure::plain("scale-off", name, value, unit);
    Ok(vec![
        figure(format!("on disk a task, {records} tasks"), bytes / f64::from(records), "bytes"),
        figure(format!("turning off a type of {records} records"), seconds, "s").at_most(SECONDS),
        figure("longest answer to somebody else meanwhile".to_owned(), longest, "s").at_most(SECONDS),
        figure("processor time of workerd meanwhile".to_owned(), cpu, "s"),
    ])
}

fn all_there(world: &World, connection: &str, records: u32) -> Result<()> {
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let streams = whole::streams(world, connection)?;
        let tasks = streams.into_iter().find(|stream| stream["object_type"] == "tasks");
        let tasks = tasks.context("tasks are not mirrored")?;
        let there = number(&tasks["records"]).unwrap_or_default();
        if there == u64::from(records) && tasks["phase"] == "incremental" {
            return Ok(());
        }
        if there != last {
            (last, since) = (there, Instant::now());
        }
        ensure!(since.elapsed() < Duration::from_mins(2), "the tasks do not arrive: {tasks}");
        sleep(Duration::from_millis(500));
    }
}

/// Seconds until it is off, and of the longest answer that somebody else got meanwhile.
fn turn_off(world: &World, connection: &str, path: &str) -> Result<(f64, f64)> {
    let over = AtomicBool::new(false);
    scope(|scope| {
        let beside = scope.spawn(|| -> Result<f64> {
            let mut longest: f64 = 0.0;
            while !over.load(Ordering::Relaxed) {
                let asked = Instant::now();
                whole::streams(world, connection)?;
                longest = longest.max(asked.elapsed().as_secs_f64());
                sleep(Duration::from_millis(20));
            }
            Ok(longest)
        });
        sleep(Duration::from_millis(500));
        let started = Instant::now();
        let off = world.spoke.delete(path);
        let seconds = started.elapsed().as_secs_f64();
        over.store(true, Ordering::Relaxed);
        let longest = beside.join().map_err(|_| anyhow::anyhow!("the other reader panicked"))??;
        let off = off?;
        ensure!(off.status == 204, "{}", off.text);
        Ok((seconds, longest))
    })
}

//! The hourly count of a large account: what it costs where all is equal, and where ten records differ while others are edited.
//!
//! An hour passes by moving its due time in the object's database while the Worker stands still.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{Figure, whole};
use crate::spoke::number;
use crate::world::World;

/// Contacts that HubSpot deletes without telling. Nothing that is missing in the mirror besides: one too few hides one too many
/// from a count, and is the sweep's to find.
const DELETED: u32 = 10;
/// Between two edits meanwhile. Values alone: what is deleted or merged meanwhile is for the count to find as well.
const EDIT_EVERY: Duration = Duration::from_secs(5);
/// Contacts to be edited, each once: enough for the longest count.
const EDITED: u32 = 60;

pub(super) fn measure(world: &mut World, connection: &str) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    hour_passes(world, |_| Ok(()))?;
    let equal = counted(world, connection, &[])?;
    figures.extend([
        Figure::plain("scale", "calls, a count of contacts that finds all equal", equal.calls as f64, "")
            .at_most(40.0)
            .exactly_counted(),
        Figure::plain("scale", "differences it found", equal.found as f64, "").at_most(0.0).exactly_counted(),
        Figure::plain("scale", "seconds of it, contacts and companies", equal.seconds, ""),
        Figure::plain("scale", "processor time of it, index over dates included", equal.cpu, "s"),
    ]);

    let (mut deleted, mut edited) = (Vec::new(), Vec::new());
    hour_passes(world, |database| {
        let all: f64 = database.query_row("SELECT count(*) FROM records_contacts", [], |row| row.get(0))?;
        let at = |part: f64| -> Result<String> {
            let find =
                "SELECT CAST(id AS TEXT) FROM records_contacts WHERE live = 1 ORDER BY id LIMIT 1 OFFSET ?1";
            Ok(database.query_row(find, [(all * part) as i64], |row| row.get(0))?)
        };
        for nth in 0..DELETED {
            deleted.push(at((f64::from(nth) + 0.5) / f64::from(DELETED))?);
        }
        for nth in 0..EDITED {
            edited.push(at((f64::from(nth) + 0.2) / f64::from(EDITED))?);
        }
        Ok(())
    })?;
    let portal = world.simulator.started.portal_id;
    for id in deleted {
        world.simulator.post("contacts/archive", &json!({"portal_id": portal, "id": id}))?;
    }
    world.simulator.catch_up_search()?;
    let different = counted(world, connection, &edited)?;
    let expected = u64::from(DELETED);
    figures.extend([
        Figure::plain(
            "scale",
            "calls, a count after 10 deletions that nobody told of, 12 contacts a minute being edited",
            different.calls as f64,
            "",
        ),
        Figure::plain("scale", "of the 10 not found", expected.saturating_sub(different.found) as f64, "")
            .at_most(0.0)
            .exactly_counted(),
        Figure::plain("scale", "found besides", different.found.saturating_sub(expected) as f64, "")
            .at_most(0.0)
            .exactly_counted(),
        Figure::plain("scale", "seconds of it", different.seconds, ""),
        Figure::plain("scale", "processor time of it, and of the checks meanwhile", different.cpu, "s"),
    ]);
    Ok(figures)
}

/// What one count of contacts said.
struct Counted {
    calls: u64,
    found: u64,
    seconds: f64,
    cpu: f64,
}

/// Stops the Worker, makes the hourly counts due and does `besides` to the connection's database, and starts it again.
fn hour_passes(world: &mut World, besides: impl FnOnce(&Connection) -> Result<()>) -> Result<()> {
    world.kill_worker();
    let database = Connection::open(database(world)?)?;
    let due = "UPDATE streams SET state = json_set(state, '$.reconcile.counts.due_at', 1)";
    ensure!(database.execute(due, [])? > 0, "no stream is saved");
    besides(&database)?;
    drop(database);
    world.start_worker()
}

fn database(world: &World) -> Result<PathBuf> {
    for entry in std::fs::read_dir(world.objects("Portal"))? {
        let file = entry?.path();
        let is_object = file.file_stem().is_some_and(|stem| stem != "metadata");
        if is_object && file.extension().is_some_and(|extension| extension == "sqlite") {
            return Ok(file);
        }
    }
    bail!("the connection has no database")
}

/// Ticks until the counts that are due are over; edits these contacts meanwhile, one after the other.
fn counted(world: &World, connection: &str, edited: &[String]) -> Result<Counted> {
    let portal = world.simulator.started.portal_id;
    let mut edits = edited.iter();
    let reconcile = |kind: &str| -> Result<Value> {
        let streams = whole::streams(world, connection)?;
        let of = streams.into_iter().find(|stream| stream["object_type"] == kind);
        Ok(of.context("no such stream")?["reconcile"]["counts"].clone())
    };
    let kinds = ["contacts", "companies"];
    let before = kinds.map(reconcile).into_iter().collect::<Result<Vec<_>>>()?;
    let waited = Instant::now();
    world.simulator.clear_counters()?;
    // A count follows a check: until that is due, ticks lead to nothing.
    while world.simulator.counters()?.of("search") == 0 {
        if waited.elapsed() > Duration::from_mins(2) {
            bail!("no tick leads to a check");
        }
        sleep(Duration::from_millis(500));
        world.fire_cron()?;
    }
    let (started, cpu) = (Instant::now(), whole::cpu_seconds(world));
    let mut ticked = Some(started);
    let mut edited_at = started;
    loop {
        if edited_at.elapsed() > EDIT_EVERY {
            edited_at = Instant::now();
            if let Some(id) = edits.next() {
                let edit = json!({"portal_id": portal, "id": id, "properties": {"firstname": "Meanwhile"}});
                world.simulator.post("contacts/edit", &edit)?;
            }
        }
        if ticked.is_none_or(|at| at.elapsed() > Duration::from_secs(5)) {
            world.fire_cron()?;
            ticked = Some(Instant::now());
        }
        let now = kinds.map(reconcile).into_iter().collect::<Result<Vec<_>>>()?;
        if now.iter().zip(&before).all(|(now, before)| now["done_at"] != before["done_at"]) {
            ensure!(now[0]["cut_short"] == false, "the count was cut short: {}", now[0]);
            let cpu = whole::cpu_seconds(world) - cpu;
            let count = |name: &str| number(&now[0][name]).with_context(|| format!("a count without {name}"));
            return Ok(Counted {
                calls: count("calls")?,
                found: count("found")?,
                seconds: started.elapsed().as_secs_f64(),
                cpu,
            });
        }
        if started.elapsed() > Duration::from_mins(5) {
            bail!("the count does not end: {now:?}");
        }
        sleep(Duration::from_millis(250));
    }
}

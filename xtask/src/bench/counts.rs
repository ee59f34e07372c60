//! The hourly count of a large account: what it costs where all is equal, and where ten records differ while others are edited.
//!
//! An hour passes by moving its due time in the object's database while the Worker stands still.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{Figure, memory::Collector, whole};
use crate::spoke::number;
use crate::world::World;

/// Contacts that HubSpot deletes without telling, all of them last modified over a year ago.
const DELETED: u32 = 4;
/// Contacts, likewise, that HubSpot edited hours ago: out of reach of every check.
const EDITED_THEN: u32 = 3;
/// Contacts whose creation the mirror missed, last modified within the year: one too few beside one too many in one stretch of dates
/// would hide each other from a count, and be the sweep's to find.
const FORGOTTEN: u32 = 3;
const DIFFERENT: u32 = DELETED + EDITED_THEN + FORGOTTEN;
const DAY_MS: u64 = 86_400_000;
const EDITED_AGO_MS: u64 = DAY_MS / 4;
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

    let (mut deleted, mut missed, mut edited) = (Vec::new(), Vec::new(), Vec::new());
    hour_passes(world, |database| {
        let ids = |days: (u64, u64), count: u32| spread(database, days, count);
        let old = ids((370, 5_000), DELETED + EDITED_THEN)?;
        // Every other one, as far as there are two of each.
        missed = old.iter().skip(1).step_by(2).cloned().collect();
        deleted = old.into_iter().step_by(2).collect();
        ensure!(
            (deleted.len(), missed.len()) == (DELETED as usize, EDITED_THEN as usize),
            "they do not alternate"
        );
        for id in ids((40, 360), FORGOTTEN)? {
            let forget = "DELETE FROM records_contacts WHERE id = CAST(?1 AS INTEGER)";
            ensure!(database.execute(forget, [id])? == 1, "the mirror holds no such contact");
        }
        edited = ids((0, 5_000), EDITED)?;
        edited.retain(|id| !deleted.contains(id) && !missed.contains(id));
        Ok(())
    })?;
    let portal = world.simulator.started.portal_id;
    for id in deleted {
        world.simulator.post("contacts/archive", &json!({"portal_id": portal, "id": id}))?;
    }
    for id in missed {
        let edit = json!({
            "portal_id": portal, "id": id, "properties": {"firstname": "Missed"}, "ago_ms": EDITED_AGO_MS,
        });
        world.simulator.post("contacts/edit", &edit)?;
    }
    world.simulator.catch_up_search()?;
    let collector = Collector::start(world.inspector_port().context("nobody listens")?)?;
    let different = counted(world, connection, &edited)?;
    let held = collector.stop()?;
    let expected = u64::from(DIFFERENT);
    figures.extend([
        Figure::plain(
            "scale",
            format!(
                "calls, a count after {DELETED} deletions, {EDITED_THEN} edits and {FORGOTTEN} creations that were missed, 12 contacts a \
                 minute being edited"
            ),
            different.calls as f64,
            "",
        ),
        Figure::plain("scale", format!("of the {DIFFERENT} not found"), expected.saturating_sub(different.found) as f64, "")
            .at_most(0.0)
            .exactly_counted(),
        Figure::plain("scale", "found besides", different.found.saturating_sub(expected) as f64, "")
            .at_most(0.0)
            .exactly_counted(),
        Figure::plain("scale", "seconds of it", different.seconds, ""),
    ]);
    figures.extend(super::isolate("scale", "that count", held));
    Ok(figures)
}

/// Ids of so many contacts of the mirror last modified so many days ago, spread over all.
fn spread(database: &Connection, days: (u64, u64), count: u32) -> Result<Vec<String>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    let [before, since] = [days.0, days.1].map(|days| now.saturating_sub(days * DAY_MS) as i64);
    let statement = "SELECT CAST(id AS TEXT) FROM records_contacts
         WHERE live = 1 AND updated_at >= ?1 AND updated_at < ?2 ORDER BY id";
    let mut select = database.prepare(statement)?;
    let all: Vec<String> = select.query_map([since, before], |row| row.get(0))?.collect::<Result<_, _>>()?;
    ensure!(all.len() >= count as usize, "{} contacts are that old", all.len());
    Ok((0..count as usize).map(|nth| all[(2 * nth + 1) * all.len() / (2 * count as usize)].clone()).collect())
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
    standing_still(world, |database| {
        let due = "UPDATE streams SET state = json_set(state, '$.reconcile.counts.due_at', 1)";
        ensure!(database.execute(due, [])? > 0, "no stream is saved");
        besides(database)
    })
}

/// Does something to the connection's database while the Worker stands still.
pub(super) fn standing_still(world: &mut World, act: impl FnOnce(&Connection) -> Result<()>) -> Result<()> {
    world.kill_worker();
    let database = Connection::open(database(world)?)?;
    act(&database)?;
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

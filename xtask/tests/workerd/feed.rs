//! The change feed and what it goes on from, as a host's server reads them from the built Worker.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::Value;
use xtask::world::{Plan, World};

use crate::person::connected;
use crate::stage::{Stage, together};
use crate::yardstick::{in_step, known_as, rename, some_contacts};

const PATIENCE: Duration = Duration::from_mins(2);

pub fn trials() -> Vec<Trial> {
    // More than one page holds: four megabytes.
    let stage = Stage::new(Plan::default().in_workerd().with("--contacts", 9_000));
    vec![together(&stage, "a snapshot is streamed whole, and the feed goes on after it", snapshot)]
}

fn snapshot(world: &World) -> Result<()> {
    let hubspot = &world.simulator;
    let connected = connected(world, hubspot.started.portal_id, "Snapshot")?;
    let connection = connected.connection;
    in_step(world, &connection, PATIENCE)?;
    let path = format!("/v1/connections/{connection}/snapshot");
    let answer = world.spoke.get(&path)?;
    ensure!(answer.status == 200, "{}", answer.text);
    ensure!(answer.text.len() > 5 << 20, "{} bytes fit one page", answer.text.len());
    let lines: Vec<Value> = answer.text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let (first, rest) = lines.split_first().context("a first line")?;
    let (last, records) = rest.split_last().context("a last line")?;
    let latest = world.spoke.progress(&connection)?.latest_change;
    ensure!(first["seq"] == latest.to_string().as_str(), "{first} of {latest}");
    ensure!(last["end"] == true && last["seq"] == first["seq"], "{last}");
    ensure!(last["records_by_type"]["contacts"] == records.len(), "{last} after {} records", records.len());
    let mut copied: BTreeMap<String, Value> = BTreeMap::new();
    for record in records {
        copied.insert(record["id"].as_str().context("an id")?.to_owned(), record["properties"].clone());
    }
    // The same as page by page.
    let (mut cursor, mut listed) = (None, BTreeMap::new());
    loop {
        let (page, next) = world.spoke.contacts(&connection, cursor.as_deref())?;
        for record in page {
            listed.insert(record["id"].as_str().context("an id")?.to_owned(), record["properties"].clone());
        }
        match next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    ensure!(copied == listed, "{} records copied, {} listed", copied.len(), listed.len());
    let contact = some_contacts(hubspot, 1)?[0];
    rename(hubspot, contact, "After the snapshot")?;
    known_as(world, &connection, contact, "After the snapshot", PATIENCE)?;
    let seq = first["seq"].as_str().context("a number")?;
    let changes = world.spoke.get_json(&format!("/v1/connections/{connection}/changes?after={seq}"))?;
    let changes = changes["changes"].as_array().context("changes")?;
    ensure!(changes[0]["id"] == contact.to_string().as_str(), "{changes:?}");
    // One type only, and what it refuses.
    let none = world.spoke.get(&format!("{path}?types=deals"))?;
    ensure!(none.text.lines().count() == 2, "{}", none.text);
    ensure!(world.spoke.get(&format!("{path}?types=cats"))?.status == 400, "there are no cats");
    let nobody = "con_000000000000000000000000";
    ensure!(world.spoke.get(&format!("/v1/connections/{nobody}/snapshot"))?.status == 404, "no connection");
    Ok(())
}

//! What existing connectors lose data on (`design.md` 4), one run each of the built Worker over HTTP. Natively each is a case of
//! its own in `tests/it/hard_cases`; late search, an edit under a first sync, and events that overtake each other are in
//! [`crate::faults`] and [`crate::webhooks`].
//!
//! The account is as awkward as HubSpot may be: every third page is short, and search sorts ids as text.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::simulator::Simulator;
use xtask::world::{Plan, World};

use crate::person::connected;
use crate::stage::{Stage, together};
use crate::yardstick::{
    calls, checked_at_every_tick, equal_in_the_end, in_step, known_as, mirrored, refused_by_limits, rename,
    some_contacts, until,
};

const PATIENCE: Duration = Duration::from_secs(150);
/// More than search gives of one query.
const MANY: u32 = 10_500;

pub fn trials() -> Vec<Trial> {
    let prompt = Plan::default()
        .in_workerd()
        .with("--contacts", 300)
        .with("--switch", "search_lag_min_ms=0")
        .with("--switch", "search_lag_max_ms=0");
    let prompt = checked_at_every_tick(Plan { without_webhooks: true, ..prompt });
    let awkward = prompt.clone().with("--portals", 3).with("--switch", "short_page_one_in=3");
    let awkward = Stage::new(awkward.with("--switch", "search_sorts_ids_as_text=true"));
    // Where ids are sorted as text a check halves its ranges, five times the searches: more than these two minutes have.
    let many = Stage::new(prompt.with("--portals", 2));
    let wide = Plan::default().in_workerd().with("--contacts", 150).with("--custom-properties", 1_000);
    let wide = Stage::new(checked_at_every_tick(wide));
    vec![
        together(
            &many,
            "more than ten thousand records changed since the last check all arrive",
            since_the_last_check,
        ),
        together(&many, "more than ten thousand records changed in one millisecond all arrive", at_once),
        together(&awkward, "short pages end nothing, and ids sorted as text lose no change", awkwardly),
        together(&awkward, "odd and emptied values and pages of megabytes are mirrored as they are", odd),
        together(
            &wide,
            "four hundred properties of HubSpot's and a thousand own ones are mirrored, and an edit among them",
            wide_records,
        ),
    ]
}

fn account(world: &World, nth: usize) -> Simulator {
    world.simulator.of(world.simulator.started.portals[nth])
}

/// All of them, and some of them again and again, between two checks.
fn since_the_last_check(world: &World) -> Result<()> {
    many_changes(world, 0, "Since the last check", &[MANY, 900, 2_000, 500])
}

fn at_once(world: &World) -> Result<()> {
    many_changes(world, 1, "At once", &[MANY])
}

/// Each number is of records that change in a millisecond of their own.
fn many_changes(world: &World, nth: usize, name: &str, counts: &[u32]) -> Result<()> {
    let hubspot = account(world, nth);
    let portal = hubspot.started.portal_id;
    hubspot.post("contacts/seed", &json!({"portal_id": portal, "count": MANY}))?;
    let connection = connected(world, portal, name)?.connection;
    in_step(world, &connection, PATIENCE)?;
    for count in counts {
        let done = hubspot.post("contacts/edit-bulk", &json!({"portal_id": portal, "count": count}))?;
        ensure!(done["updated"] == *count, "{count} were to be edited: {done}");
    }
    equal_in_the_end(world, &connection, &hubspot, PATIENCE)?;
    ensure!(refused_by_limits(&hubspot)? == 0, "calls met a limit");
    Ok(())
}

fn awkwardly(world: &World) -> Result<()> {
    let hubspot = account(world, 1);
    let portal = hubspot.started.portal_id;
    // From three digits into four.
    hubspot.post("contacts/seed", &json!({"portal_id": portal, "count": 700}))?;
    let connection = connected(world, portal, "Awkward")?.connection;
    in_step(world, &connection, PATIENCE)?;
    let pages = calls(&hubspot, "list")?;
    ensure!(pages > 12, "{pages} pages of 1,000 contacts: none was short");
    let ids = some_contacts(&hubspot, 1_000)?;
    let digits = |id: &u64| id.to_string().len();
    let lengths = (ids.iter().map(digits).min(), ids.iter().map(digits).max());
    ensure!(lengths.0 < lengths.1, "ids of {lengths:?} digits sort alike");
    hubspot.post("contacts/edit-bulk", &json!({"portal_id": portal, "count": 900}))?;
    equal_in_the_end(world, &connection, &hubspot, PATIENCE)
}

fn odd(world: &World) -> Result<()> {
    let hubspot = account(world, 2);
    let portal = hubspot.started.portal_id;
    let ids = some_contacts(&hubspot, 60)?;
    let long = "ä".repeat(32_000);
    for id in &ids[5..] {
        set(&hubspot, *id, &json!({"message": long}))?;
    }
    let values = ["1;2", " ", "+1555 0100", "12e3", "\u{1F9EA}\u{0}<b>"];
    for (id, value) in ids.iter().zip(values) {
        set(&hubspot, *id, &json!({"numemployees": value, "city": value}))?;
    }
    let connection = connected(world, portal, "Odd")?.connection;
    in_step(world, &connection, PATIENCE)?;
    equal_in_the_end(world, &connection, &hubspot, PATIENCE)?;
    for (id, value) in ids.iter().zip(values) {
        let record = mirrored(world, &connection, *id)?.unwrap_or_default();
        ensure!(
            record["properties"]["numemployees"] == value,
            "{id}: {}",
            record["properties"]["numemployees"]
        );
    }
    let record = mirrored(world, &connection, ids[30])?.unwrap_or_default();
    ensure!(record["properties"]["message"] == long.as_str(), "the long value is not whole");
    // What HubSpot answers as an empty text is one, and what somebody empties is gone.
    let (empty, name) = empty_value(&hubspot)?;
    let record = mirrored(world, &connection, empty)?.unwrap_or_default();
    ensure!(record["properties"][&name] == "", "{name} of {empty}: {}", record["properties"][&name]);
    hubspot.post("contacts/edit", &json!({"portal_id": portal, "id": ids[2], "properties": {"city": ""}}))?;
    equal_in_the_end(world, &connection, &hubspot, PATIENCE)?;
    let record = mirrored(world, &connection, ids[2])?.unwrap_or_default();
    let (city, employees) = (&record["properties"]["city"], &record["properties"]["numemployees"]);
    ensure!(city.is_null() && *employees == values[2], "{city} {employees}");
    Ok(())
}

/// A contact, and a property of it of which HubSpot says that it is an empty text.
fn empty_value(hubspot: &Simulator) -> Result<(u64, String)> {
    let (lines, _) = hubspot.dump("contacts", 0, 1_000)?;
    let found = lines.iter().filter(|line| line["state"] == "live").find_map(|line| {
        let id = line["id"].as_str()?.parse().ok()?;
        let (name, _) = line["properties"].as_object()?.iter().find(|(_, value)| *value == "")?;
        Some((id, name.clone()))
    });
    found.context("no contact has an empty value")
}

/// Sets values unchecked, as HubSpot's own calculations and old imports do.
fn set(hubspot: &Simulator, id: u64, properties: &Value) -> Result<()> {
    let body = json!({"portal_id": hubspot.started.portal_id, "id": id, "properties": properties});
    hubspot.post("contacts/calculate", &body).map(drop)
}

fn wide_records(world: &World) -> Result<()> {
    let hubspot = &world.simulator;
    let connection = connected(world, hubspot.started.portal_id, "Wide")?.connection;
    in_step(world, &connection, PATIENCE)?;
    equal_in_the_end(world, &connection, hubspot, PATIENCE)?;
    // No URL carries the fields of it.
    let before = calls(hubspot, "batch_read")?;
    let contact = some_contacts(hubspot, 1)?[0];
    rename(hubspot, contact, "Edited among many")?;
    known_as(world, &connection, contact, "Edited among many", PATIENCE)?;
    ensure!(calls(hubspot, "batch_read")? > before, "the values came in no batch");
    equal_in_the_end(world, &connection, hubspot, PATIENCE)?;
    let fields = until(PATIENCE, "the fields are known", || {
        let fields = world.spoke.get_json(&format!("/v1/connections/{connection}/fields/contacts"))?;
        Ok(fields["results"].as_array().map(Vec::len).filter(|count| *count > 0))
    })?;
    ensure!(fields >= 1_390, "{fields} fields");
    Ok(())
}

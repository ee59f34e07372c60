//! What existing connectors lose data on, case by case: the real engine, store and limiter against the simulator.
//!
//! A case is short, deterministic and named after the rule that it holds; [`crate::simulation`] mixes them all.

mod actions;
mod activations;
mod as_asked;
mod audit;
mod automations;
mod by_token;
mod call_logs;
mod calls;
pub mod changes;
mod channel_fields;
mod channel_scans;
mod channels;
mod cool_downs;
pub mod deletions;
mod dialer;
mod ended;
mod facts;
mod faults;
mod feed;
mod forgetting;
mod further;
mod grants;
mod hand_over;
mod imports;
mod kept_out;
mod leaving;
mod limits;
mod links;
pub mod lists;
mod mappings;
mod matching;
mod meanings;
mod origins;
mod outbox;
mod pages;
mod previews;
mod privacy;
mod reconcile;
mod requests;
mod retention;
mod scores;
mod seats;
mod selection;
mod settling;
mod signals;
mod storage;
mod timeline;
mod tokens;
mod types;
mod unreadable;
mod untold;
mod waiting;
mod workflow_answers;
mod workflows;

use hubspot_simulator::{Shape, portal::PortalSettings};
use serde_json::json;

use crate::life::{Plan, World};

/// An account whose contacts have next to nothing, so that thousands of them cost little.
fn tiny(contacts: u32) -> Plan {
    Plan {
        contacts,
        settings: PortalSettings { hubspot_properties: Some(13), ..PortalSettings::default() },
        shape: Shape { properties_set: 5, custom_properties: 0, oddities: false, ..Shape::default() },
        ..Plan::default()
    }
}

/// After the first full read, with search up to date.
fn synced(plan: Plan) -> World {
    let mut world = World::new(plan);
    assert!(world.backfill(), "the first full read does not end: {:?}", world.status());
    world.verdict().unwrap();
    world
}

/// In the middle of a first read, with one answer to a call whose name ends so under way; and a contact it tells of.
fn under_way(plan: Plan, end_of_name: &'static str) -> (World, String) {
    // Slow enough that other calls are under way when the webhook of a change comes.
    let plan = Plan { webhooks: true, contacts: 2_300, latency_ms: (300, 500), ..plan };
    let mut world = World::new(plan);
    assert!(world.until(2, |world| world.status().streams[0].read >= 400));
    world.hold(end_of_name, 1);
    assert!(world.until(1, |world| world.held() == 1));
    let id = world.held_body(0)["results"][7]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.record(&id), None, "nothing else has told of it");
    (world, id)
}

/// Ids of the contacts there are, in order.
fn ids(world: &World) -> Vec<String> {
    let mut ids: Vec<u64> = world.truth().keys().map(|id| id.parse().unwrap()).collect();
    ids.sort_unstable();
    ids.iter().map(u64::to_string).collect()
}

/// Gives a contact a first name.
fn rename(world: &mut World, id: &str, name: &str) {
    world.contact("edit", json!({ "id": id, "properties": { "firstname": name } }));
}

/// The first name the mirror has for a contact.
fn name_of(world: &mut World, id: &str) -> String {
    let record = world.record(id).expect("the contact is in the mirror");
    record["properties"]["firstname"].as_str().unwrap_or_default().to_owned()
}

/// Until the next check for changes has ended, and everything it asked for is read.
fn checked(world: &mut World) {
    let before = world.status().streams[0].checked_at;
    let done = world.until(15, |world| {
        let stream = &world.status().streams[0];
        stream.checked_at != before && stream.dirty == 0
    });
    assert!(done, "no check for changes within a quarter of an hour: {:?}", world.status());
}

/// A person makes a field of contacts, with values to choose from, each with its label and whether it is hidden.
fn make_field<const N: usize>(
    world: &mut World,
    name: &str,
    types: (&str, &str),
    values: [(&str, &str, bool); N],
) {
    let option = |(value, label, hidden): (&str, &str, bool)| json!({ "label": label, "value": value, "displayOrder": 0, "hidden": hidden });
    let property = json!({
        "name": name, "label": name, "type": types.0, "fieldType": types.1,
        "groupName": "contactinformation", "options": values.map(option).to_vec(),
    });
    world.by_tool("POST", "/crm/properties/2026-09/contacts", &property);
}

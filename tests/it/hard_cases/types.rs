//! Contacts, companies and deals side by side: what one type costs the others, and what each is granted.

use hubspot_simulator::Switches;
use serde_json::json;
use spoke::{
    engine::portal::messages::{Answer, Command, StreamState, StreamStatus},
    values::ids::ObjectType,
};

use super::{checked, ids, rename, synced, tiny};
use crate::life::{APP, PORTAL, Plan, World};

const DEALS_SCOPE: &str = "crm.objects.deals.read";

/// Three types, and no refresh within an hour.
fn three(contacts: u32, companies: u32, deals: u32) -> Plan {
    let switches = Switches { access_token_life_s: 7_200, ..Switches::default() };
    Plan { companies: Some(companies), deals: Some(deals), switches, ..tiny(contacts) }
}

fn stream(world: &mut World, kind: ObjectType) -> StreamStatus {
    let streams = world.status().streams;
    streams.into_iter().find(|stream| stream.object_type == kind).expect("every type has its stream")
}

fn no_scope(scope: &str) -> StreamState {
    StreamState::NoScope { scopes: vec![scope.to_owned()] }
}

/// A record of any type as the API answers.
fn record(world: &mut World, object_type: ObjectType, id: &str) -> serde_json::Value {
    let Some(Answer::Json(text)) = world.command(Command::Record { object_type, id: id.parse().unwrap() })
    else {
        panic!("no {object_type} {id}")
    };
    serde_json::from_str(&text).unwrap()
}

fn some_id(world: &World, kind: ObjectType) -> String {
    world.truth_of(kind).keys().next().expect("there are some").clone()
}

#[test]
fn a_type_without_its_scope_is_not_asked_for_and_says_which_scope_it_lacks() {
    let mut world = synced(tiny(30));
    world.pass(60);
    assert_eq!(stream(&mut world, ObjectType::Contacts).state, StreamState::Running);
    assert_eq!(stream(&mut world, ObjectType::Companies).state, no_scope("crm.objects.companies.read"));
    let deals = stream(&mut world, ObjectType::Deals);
    assert_eq!((deals.state, deals.next_check_at, deals.trouble), (no_scope(DEALS_SCOPE), None, None));
    assert_eq!(world.status().trouble, None, "what was never granted is no trouble");
    assert!(world.calls.iter().all(|call| !call.name.contains("companies") && !call.name.contains("deals")));
}

#[test]
fn every_type_is_mirrored_and_found_by_its_key() {
    let mut world = synced(three(150, 120, 110));
    for (kind, count) in [(ObjectType::Companies, 120), (ObjectType::Deals, 110)] {
        assert_eq!(stream(&mut world, kind).records, count);
    }
    let body = json!({ "properties": { "name": "Acme", "domain": "ACME.example" } });
    let id = world.change(ObjectType::Companies, "create", body);
    world.pass(6);
    let by_domain = Command::Records {
        object_type: ObjectType::Companies,
        after: None,
        limit: 10,
        key: Some("acme.EXAMPLE".to_owned()),
    };
    let Some(Answer::Json(page)) = world.command(by_domain) else { panic!("no page") };
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    assert_eq!(page["results"][0]["id"], id.as_str());
    world.verdict().unwrap();
}

#[test]
fn a_check_of_three_types_that_finds_nothing_is_three_calls_and_two_rows() {
    let mut world = synced(three(300, 200, 100));
    checked(&mut world);
    // What is rare is read by then.
    world.pass(14);
    let (calls, rows) = (world.calls.len(), world.objects[0].sql.inner.rows_written());
    for _ in 0..8 {
        checked(&mut world);
        world.pass(1);
    }
    assert_eq!(world.calls.len() - calls, 3 * 8);
    let rows = world.objects[0].sql.inner.rows_written() - rows;
    // The alarm is the second row, which the platform writes.
    assert!(rows <= 8, "{rows} rows for 8 checks of three types");
}

/// Fields, count, one page, and the first check; of deals their pipelines too.
#[test]
fn an_empty_type_costs_four_calls_in_a_first_sync() {
    let calls = |plan: Plan| {
        let mut world = synced(plan);
        checked(&mut world);
        world.pass(1);
        world.calls.len()
    };
    assert_eq!(calls(three(300, 0, 0)), calls(tiny(300)) + 2 * 4 + 1);
}

#[test]
fn a_webhook_of_any_type_is_read_at_once_while_another_type_is_read_in_full() {
    let plan = Plan { webhooks: true, latency_ms: (150, 200), ..three(9_000, 40, 40) };
    let mut world = World::new(plan);
    let reading = |world: &mut World| stream(world, ObjectType::Contacts).read;
    assert!(world.until(2, |world| reading(world) >= 2_000));
    for (kind, name) in [(ObjectType::Companies, "name"), (ObjectType::Deals, "dealname")] {
        let id = some_id(&world, kind);
        world.change(kind, "edit", json!({ "id": id, "properties": { name: "Edited" } }));
        let edited = |world: &mut World| record(world, kind, &id)["properties"][name] == "Edited";
        let (before, now) = (reading(&mut world), world.now);
        assert!(world.until(1, edited), "{kind}");
        assert!(world.now - now < 15_000, "{kind}: after {} ms", world.now - now);
        assert!(before < 9_000, "contacts are still being read");
    }
    assert!(world.backfill());
    world.verdict().unwrap();
}

#[test]
fn companies_and_deals_are_archived_restored_and_merged_as_contacts_are() {
    for kind in [ObjectType::Companies, ObjectType::Deals] {
        let mut world = synced(Plan { webhooks: true, ..three(10, 20, 20) });
        checked(&mut world);
        let all: Vec<String> = world.truth_of(kind).keys().cloned().collect();
        world.change(kind, "archive", json!({ "id": all[0] }));
        world.change(kind, "archive", json!({ "id": all[1] }));
        world.pass(1);
        world.verdict().unwrap();
        world.change(kind, "restore", json!({ "id": all[1] }));
        let merged = world.change(kind, "merge", json!({ "primary": all[2], "other": all[3] }));
        world.pass(1);
        world.verdict().unwrap();
        for old in [&all[2], &all[3]] {
            assert_eq!(record(&mut world, kind, old)["id"], merged.as_str());
        }
    }
}

#[test]
fn a_scope_lost_for_one_type_stops_that_type_alone_until_it_is_granted_again() {
    let mut world = synced(three(30, 30, 30));
    checked(&mut world);
    let removed = json!({ "app_id": APP, "portal_id": PORTAL, "removed": [DEALS_SCOPE] });
    world.control("POST", "grants/scopes", &removed);
    world.pass(6);
    let deals = stream(&mut world, ObjectType::Deals);
    assert_eq!(deals.state, no_scope(DEALS_SCOPE));
    let words = deals.trouble.expect("people are told").words;
    assert!(words.contains(DEALS_SCOPE) && words.contains("Connect again"), "{words}");
    assert_eq!(world.status().trouble.unwrap().words, words);

    let before = world.calls.len();
    let id = ids(&world)[0].clone();
    rename(&mut world, &id, "Goes on");
    let deal = some_id(&world, ObjectType::Deals);
    world.change(ObjectType::Deals, "archive", json!({ "id": deal }));
    world.pass(60);
    assert_eq!(super::name_of(&mut world, &id), "Goes on");
    let asked = world.calls[before..].iter().filter(|call| call.name.contains("deals")).count();
    assert_eq!(asked, 0, "nothing is asked for without a right to it");

    world.connect(0);
    assert!(world.backfill());
    world.pass(6);
    assert_eq!(stream(&mut world, ObjectType::Deals).state, StreamState::Running);
    assert_eq!(world.status().trouble, None);
    world.verdict().unwrap();
}

#[test]
fn changes_can_be_asked_for_by_type() {
    let mut world = synced(three(10, 7, 5));
    let types = vec![ObjectType::Deals];
    let Some(Answer::Json(page)) = world.command(Command::Changes { after: 0, limit: 100, types }) else {
        panic!("no changes")
    };
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    let changes = page["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 5);
    assert!(changes.iter().all(|change| change["object_type"] == "deals"));
    assert_eq!(page["next"], page["latest"]);
}

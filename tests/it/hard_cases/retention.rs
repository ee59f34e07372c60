//! What is kept and for how long: details of calls, the minimum of fields, audit entries.

use hubspot_simulator::portal::PortalSettings;
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        messages::{Answer, Command},
        retention::Wanted,
    },
    store::sql::{Param, Sql},
    values::{ids::ObjectType, time::Timestamp},
};

use super::{ids, synced, tiny};
use crate::life::{Plan, World};

const DAY: u64 = 86_400_000;

fn set(world: &mut World, wanted: Wanted) -> Value {
    match world.command(Command::SetRetention(wanted)) {
        Some(Answer::Json(text)) => serde_json::from_str(&text).unwrap(),
        other => panic!("not set but {other:?}"),
    }
}

/// Every row of every table, in lower case.
fn everything(world: &World) -> String {
    let sql = &world.objects[0].sql.inner;
    let tables = sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'", &[]).unwrap();
    let rows = |name: &str| sql.exec(&format!("SELECT * FROM {name}"), &[]).unwrap();
    tables.iter().map(|table| format!("{:?}", rows(table[0].text().unwrap())).to_lowercase()).collect()
}

fn value(world: &mut World, object_type: ObjectType, id: &str, name: &str) -> Value {
    match world.command(Command::Record { object_type, id: id.parse().unwrap() }) {
        Some(Answer::Json(text)) => serde_json::from_str::<Value>(&text).unwrap()["properties"][name].clone(),
        other => panic!("no {object_type} {id} but {other:?}"),
    }
}

fn call(world: &mut World, days_ago: u64, title: &str) -> String {
    let at = Timestamp((world.now - days_ago * DAY) as i64).to_rfc3339();
    let values = json!({ "hs_timestamp": at, "hs_call_title": title, "hs_call_body": "Canarybody" });
    world.change(ObjectType::Calls, "create", json!({ "properties": values }))
}

#[test]
fn details_of_old_calls_leave_mirror_and_feed_and_no_read_brings_them_back() {
    let mut world = World::new(Plan { further: vec!["calls"], ..tiny(10) });
    world.turn_on("calls");
    assert!(world.backfill());
    let kind = ObjectType::Calls;
    let (old, young) = (call(&mut world, 200, "Canaryold"), call(&mut world, 20, "Youngtitle"));
    world.pass(12);
    world.change(kind, "edit", json!({ "id": old, "properties": { "hs_call_title": "Canarytwo" } }));
    world.pass(12);
    assert_eq!(value(&mut world, kind, &old, "hs_call_title"), json!("Canarytwo"));
    assert!(everything(&world).contains("canaryold"), "the feed tells what it was");
    let told = set(&mut world, Wanted { call_details_days: Some(180), ..Wanted::default() });
    assert_eq!(told["call_details_days"], json!(180));
    world.pass(1);
    let gone = |world: &mut World, when: &str| {
        let held = everything(world);
        assert!(!held.contains("canaryold") && !held.contains("canarytwo"), "{when}");
        assert_eq!(value(world, kind, &old, "hs_call_title"), Value::Null, "{when}");
        assert!(value(world, kind, &old, "hs_timestamp").is_string(), "{when}: it is still a call");
        assert_eq!(value(world, kind, &young, "hs_call_title"), json!("Youngtitle"), "{when}");
    };
    gone(&mut world, "once set");
    world.change(kind, "edit", json!({ "id": old, "properties": { "hs_call_title": "Canarytwo" } }));
    world.pass(12);
    gone(&mut world, "after an edit");
    world.command(Command::Resync { object_type: kind });
    assert!(world.backfill());
    world.restart();
    world.pass(26 * 60);
    gone(&mut world, "after a full read, a sample and the next pass");
    let streams = world.status().streams;
    let stream = streams.iter().find(|stream| stream.object_type == kind).unwrap();
    assert_eq!(stream.reconcile.found, 0);
}

#[test]
fn the_minimum_drops_all_other_fields_from_mirror_and_feed_and_its_end_brings_them_back() {
    // With all of HubSpot's own fields.
    let mut world = synced(Plan { settings: PortalSettings::default(), ..tiny(60) });
    let id = ids(&world)[7].clone();
    let kind = ObjectType::Contacts;
    for city in ["Canaryville", "Canaryburg"] {
        let values = json!({ "city": city, "phone": "+1555 0100" });
        world.contact("edit", json!({ "id": id, "properties": values }));
        world.pass(6);
    }
    let held = everything(&world);
    assert!(held.contains("canaryville") && held.contains("canaryburg"));
    let told = set(&mut world, Wanted { minimum: Some(true), ..Wanted::default() });
    assert!(
        told["minimum"] == json!(true) && told["minimum_fields"]["contacts"].to_string().contains("phone")
    );
    assert!(world.backfill());
    world.pass(6);
    let held = everything(&world);
    assert!(!held.contains("canaryville") && !held.contains("canaryburg"));
    assert_eq!(value(&mut world, kind, &id, "phone"), json!("+1555 0100"));
    assert!(value(&mut world, kind, &id, "email").is_string(), "what Spoke itself needs stays");
    world.contact("edit", json!({ "id": id, "properties": { "city": "Canaryton" } }));
    world.pass(6);
    assert!(!everything(&world).contains("canaryton"), "it is not asked for");
    set(&mut world, Wanted { minimum: Some(false), ..Wanted::default() });
    assert!(world.backfill());
    world.pass(6);
    assert_eq!(value(&mut world, kind, &id, "city"), json!("Canaryton"));
    world.verdict().unwrap();
}

#[test]
fn a_minimum_that_is_taken_back_at_once_takes_nothing() {
    let mut world = synced(Plan { settings: PortalSettings::default(), ..tiny(60) });
    let (id, kind) = (ids(&world)[7].clone(), ObjectType::Contacts);
    world.contact("edit", json!({ "id": id, "properties": { "city": "Canaryville" } }));
    world.pass(6);
    for minimum in [true, false] {
        set(&mut world, Wanted { minimum: Some(minimum), ..Wanted::default() });
    }
    let after = world.status().latest_change;
    assert!(world.backfill());
    world.pass(6);
    assert_eq!(value(&mut world, kind, &id, "city"), json!("Canaryville"));
    let command = Command::Changes { after, limit: 1_000, types: Vec::new() };
    let Some(Answer::Json(page)) = world.command(command) else { panic!("no changes") };
    let page: Value = serde_json::from_str(&page).unwrap();
    let told = page["changes"].as_array().unwrap();
    let of_records: Vec<&Value> =
        told.iter().filter(|change| change["object_type"] != "connection").collect();
    assert!(of_records.is_empty(), "nothing went, nothing came back: {of_records:?}");
    world.verdict().unwrap();
}

#[test]
fn audit_entries_go_when_their_days_are_over() {
    let mut world = synced(tiny(10));
    world.command(Command::Pause);
    let count = |world: &World| world.dump_of("audit").lines().count();
    let before = count(&world);
    let aged = "UPDATE audit SET at = at - ?1 WHERE action = 'sync.paused'";
    world.objects[0].sql.inner.exec(aged, &[Param::Int(40 * DAY as i64)]).unwrap();
    world.command(Command::Resume);
    world.pass(70);
    assert_eq!(count(&world), before + 1, "a year is the rule");
    set(&mut world, Wanted { audit_days: Some(30), ..Wanted::default() });
    world.pass(70);
    assert!(!world.dump_of("audit").contains("sync.paused"));
    assert!(world.dump_of("audit").contains("retention.set"));
}

#[test]
fn the_minimum_is_kept_of_a_connection_that_has_ended_and_when_a_type_comes_back() {
    let mut world = World::new(Plan {
        further: vec!["calls"],
        settings: PortalSettings { hubspot_properties: None, ..PortalSettings::default() },
        ..tiny(20)
    });
    world.turn_on("calls");
    assert!(world.backfill());
    let (id, kind) = (ids(&world)[3].clone(), ObjectType::Calls);
    world.contact("edit", json!({ "id": id, "properties": { "city": "Canaryville" } }));
    let made = call(&mut world, 2, "Canarytitle");
    world.pass(12);
    let held = everything(&world);
    assert!(held.contains("canaryville") && held.contains("canarytitle"));
    set(&mut world, Wanted { minimum: Some(true), ..Wanted::default() });
    // The disconnect ends the full reads that would have dropped the rest.
    world.farewell(false, false);
    world.pass(10);
    let held = everything(&world);
    assert!(!held.contains("canaryville") && !held.contains("canarytitle"), "nobody reads any more");
    world.connect(0);
    assert!(world.backfill());
    world.pass(12);
    assert!(!everything(&world).contains("canaryville"), "what was chosen holds");
    world.turn_off("calls");
    world.turn_on("calls");
    assert!(world.backfill());
    world.pass(12);
    assert!(value(&mut world, kind, &made, "hs_timestamp").is_string());
    assert!(!everything(&world).contains("canarytitle"), "the type came back with all its fields");
}

#[test]
fn audit_entries_and_ids_of_the_erased_go_when_their_time_is_over_though_nothing_goes_on() {
    let mut world = synced(Plan { webhooks: true, ..tiny(10) });
    let id = ids(&world)[2].clone();
    world.contact("erase", json!({ "id": id }));
    assert!(world.until(30, |world| world.dump_of("erased").lines().count() > 0));
    world.pass(10);
    world.command(Command::Pause);
    let aged = "UPDATE audit SET at = at - ?1";
    world.objects[0].sql.inner.exec(aged, &[Param::Int(400 * DAY as i64)]).unwrap();
    assert!(world.dump_of("audit").contains("person.erased_at_hubspot"));
    world.pass(3 * 24 * 60);
    assert_eq!(world.dump_of("audit").lines().count(), 0);
    assert_eq!(world.dump_of("erased").lines().count(), 0);
}

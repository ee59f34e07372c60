//! What people ask for: fields again, a type again, a record again, a pause.

use hubspot_simulator::Shape;
use serde_json::{Value, json};
use spoke::{
    engine::portal::messages::{Answer, Command, Phase, State},
    store::sql::Sql as _,
    values::ids::ObjectType,
};

use super::{checked, ids, make_field, name_of, rename, synced, tiny};
use crate::life::{APP, PORTAL, Plan, World};

const KIND: ObjectType = ObjectType::Contacts;

fn ask(world: &mut World, command: Command) {
    assert!(matches!(world.command(command), Some(Answer::Done)));
}

fn is_stopped(world: &mut World, command: Command) -> bool {
    matches!(world.command(command), Some(Answer::Stopped))
}

/// The fields of contacts as the API answers.
fn fields(world: &mut World) -> Value {
    let Some(Answer::Json(text)) = world.command(Command::Fields { object_type: KIND }) else {
        panic!("no fields")
    };
    serde_json::from_str(&text).unwrap()
}

fn field(world: &mut World, name: &str) -> Value {
    let all = fields(world);
    all["results"].as_array().unwrap().iter().find(|field| field["name"] == name).cloned().unwrap_or_default()
}

/// What happened to a field, the newest first.
fn history(world: &mut World, name: &str) -> Vec<(String, Value)> {
    let all = fields(world);
    let events = all["history"].as_array().unwrap().iter().filter(|event| event["name"] == name);
    events.map(|event| (event["kind"].as_str().unwrap().to_owned(), event["after"].clone())).collect()
}

/// Takes every value of the mirror away, as a lost write would; the process starts anew.
fn blur(world: &mut World) {
    world.objects[0].sql.inner.exec("UPDATE records_contacts SET properties = '{}'", &[]).unwrap();
    world.restart();
    world.pass_ms(2_000);
}

fn make_membership(world: &mut World) {
    let types = ("enumeration", "select");
    make_field(world, "membership", types, [("gold", "Gold", false), ("tin", "Tin", true)]);
}

#[test]
fn fields_are_told_with_all_that_hubspot_says_of_them() {
    let mut world = synced(tiny(20));
    assert_eq!(fields(&mut world)["history"], json!([]), "the first look is no news");
    let email = field(&mut world, "email");
    assert_eq!(
        (&email["type"], &email["field_type"], &email["label"]),
        (&json!("string"), &json!("text"), &json!("Email"))
    );
    assert_eq!(
        (&email["read_only"], &email["hubspot_defined"], &email["vanished_at"]),
        (&json!(false), &json!(true), &Value::Null)
    );
    let id = field(&mut world, "hs_object_id");
    assert_eq!(id["read_only"], true);
    let stage = field(&mut world, "lifecyclestage");
    assert!(!stage["options"].as_array().unwrap().is_empty(), "{stage}");
}

#[test]
fn a_field_that_appears_is_mirrored_once_fields_are_refreshed() {
    let mut world = synced(tiny(20));
    checked(&mut world);
    make_membership(&mut world);
    let id = ids(&world)[3].clone();
    world.contact("edit", json!({ "id": id, "properties": { "membership": "gold" } }));
    world.pass(6);
    assert_eq!(field(&mut world, "membership"), Value::Null);
    ask(&mut world, Command::RefreshFields);
    world.pass_ms(5_000);
    let told = field(&mut world, "membership");
    assert_eq!(told["options"][1], json!({ "value": "tin", "label": "Tin", "hidden": true }));
    assert_eq!(history(&mut world, "membership"), [("appeared".to_owned(), json!("enumeration/select"))]);
    assert_eq!(world.record(&id).unwrap()["properties"]["membership"], "gold");
    world.verdict().unwrap();
}

#[test]
fn fields_that_vanish_come_back_or_change_their_type_are_told_and_break_nothing() {
    let mut world = synced(tiny(20));
    checked(&mut world);
    make_membership(&mut world);
    let path = "/crm/properties/2026-09/contacts/membership";
    let refresh = |world: &mut World| {
        ask(world, Command::RefreshFields);
        world.pass_ms(5_000);
    };
    refresh(&mut world);
    world.by_tool("DELETE", path, &Value::Null);
    refresh(&mut world);
    assert!(field(&mut world, "membership")["vanished_at"].is_string());
    make_membership(&mut world);
    refresh(&mut world);
    world.by_tool("PATCH", path, &json!({ "type": "string", "fieldType": "text", "options": [] }));
    refresh(&mut world);
    let kinds: Vec<(String, Value)> = history(&mut world, "membership");
    let kinds: Vec<&str> = kinds.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["retyped", "appeared", "vanished", "appeared"]);
    let id = ids(&world)[3].clone();
    rename(&mut world, &id, "Goes on");
    world.pass(6);
    assert_eq!(name_of(&mut world, &id), "Goes on");
    world.verdict().unwrap();
}

#[test]
fn a_field_that_comes_back_brings_values_of_records_whose_dates_never_moved() {
    let mut world = synced(tiny(20));
    make_membership(&mut world);
    let ids = ids(&world);
    for id in &ids[3..5] {
        world.contact("edit", json!({ "id": id, "properties": { "membership": "gold" } }));
    }
    ask(&mut world, Command::RefreshFields);
    world.pass_ms(5_000);
    let path = "/crm/properties/2026-09/contacts/membership";
    world.by_tool("DELETE", path, &Value::Null);
    ask(&mut world, Command::RefreshFields);
    world.pass_ms(5_000);
    rename(&mut world, &ids[3], "Read without it");
    checked(&mut world);
    assert_eq!(world.record(&ids[3]).unwrap()["properties"]["membership"], Value::Null);
    // Longer than a check looks back; and the hourly read of fields is under way that left before the field came back.
    world.hold("GET /crm/properties/2026-09/contacts", 1);
    assert!(world.until(66, |world| world.held() == 1));
    make_membership(&mut world);
    ask(&mut world, Command::RefreshFields);
    world.release();
    world.pass(1);
    assert_eq!(world.record(&ids[3]).unwrap()["properties"]["membership"], "gold");
    assert_eq!(world.status().streams[0].phase, Phase::Incremental);
    world.verdict().unwrap();
}

#[test]
fn a_field_that_came_while_nobody_was_connected_has_its_values_though_records_were_read_before_it_was_known()
{
    let mut world = synced(Plan { webhooks: true, ..tiny(20) });
    world.control("POST", "grants/revoke", &json!({ "app_id": APP, "portal_id": PORTAL }));
    assert!(world.until(40, |world| world.status().state == State::NeedsReauthorisation));
    make_membership(&mut world);
    let id = ids(&world)[3].clone();
    world.contact("edit", json!({ "id": id, "properties": { "membership": "gold" } }));
    world.connect(0);
    world.hold("GET /crm/properties/2026-09/contacts", 1);
    assert!(world.until(6, |world| world.held() == 1));
    world.pass(2);
    world.release();
    assert!(world.backfill());
    world.pass(1);
    assert_eq!(world.record(&id).unwrap()["properties"]["membership"], "gold");
    world.verdict().unwrap();
}

#[test]
fn a_field_of_an_accounts_own_making_has_no_record_read_again_that_did_not_change() {
    let mut world = synced(tiny(450));
    world.pass(60);
    make_membership(&mut world);
    let before = world.calls.len();
    ask(&mut world, Command::RefreshFields);
    world.pass(1);
    assert_eq!(world.counted(before, "GET /crm/objects/2026-09/contacts"), 0);
    assert_eq!(world.counted(before, "batch/read"), 0);
}

#[test]
fn a_field_that_appears_is_mirrored_within_the_hour_even_if_nobody_asks() {
    let mut world = synced(tiny(5));
    checked(&mut world);
    make_membership(&mut world);
    let id = ids(&world)[3].clone();
    world.contact("edit", json!({ "id": id, "properties": { "membership": "gold" } }));
    let before = world.calls.len();
    world.pass(66);
    assert_eq!(world.counted(before, "GET /crm/properties/2026-09/contacts"), 1);
    world.verdict().unwrap();
}

#[test]
fn a_resync_fetches_every_value_once_more() {
    let wide = Shape { custom_properties: 60, ..tiny(0).shape };
    let plans = [
        tiny(450),
        Plan { shape: wide, settings: hubspot_simulator::portal::PortalSettings::default(), ..tiny(450) },
    ];
    for plan in plans {
        let mut world = synced(plan);
        checked(&mut world);
        blur(&mut world);
        ask(&mut world, Command::Resync { object_type: KIND });
        world.pass_ms(60);
        assert_eq!(world.status().streams[0].phase, Phase::Backfill);
        // Asked for twice, it is done once.
        ask(&mut world, Command::Resync { object_type: KIND });
        assert!(world.backfill());
        crate::life::differences(&world.mirror(), &world.truth()).unwrap();
        assert_eq!(world.status().streams[0].records, 450);
    }
}

#[test]
fn a_resync_reads_every_value_though_a_full_read_runs_that_does_not() {
    // So many fields that a full read passes over what has the right date.
    let shape = Shape { custom_properties: 300, ..tiny(0).shape };
    let mut world = synced(Plan { shape, ..tiny(250) });
    checked(&mut world);
    blur(&mut world);
    world.connect(0);
    assert_eq!(world.status().streams[0].phase, Phase::Backfill);
    ask(&mut world, Command::Resync { object_type: KIND });
    assert!(world.backfill());
    crate::life::differences(&world.mirror(), &world.truth()).unwrap();
}

#[test]
fn a_record_is_read_again_at_once_where_a_person_asks() {
    let mut world = synced(tiny(30));
    checked(&mut world);
    let id = ids(&world)[7].clone();
    let whole = world.record(&id).unwrap();
    blur(&mut world);
    assert_ne!(world.record(&id).unwrap(), whole);
    let before = world.calls.len();
    ask(&mut world, Command::Reread { object_type: KIND, id: id.parse().unwrap() });
    world.pass_ms(3_000);
    assert_eq!(world.record(&id).unwrap(), whole);
    assert_eq!(world.calls.len() - before, 1);
}

#[test]
fn a_pause_by_a_person_sends_nothing_and_loses_nothing() {
    let mut world = synced(Plan { webhooks: true, ..tiny(30) });
    checked(&mut world);
    ask(&mut world, Command::Pause);
    ask(&mut world, Command::Pause);
    let before = world.calls.len();
    let all = ids(&world);
    rename(&mut world, &all[0], "While paused");
    world.contact("archive", json!({ "id": all[1] }));
    world.pass(30);
    world.restart();
    world.pass(150);
    assert!(matches!(world.status().state, State::PausedByPerson { .. }));
    assert_eq!(world.status().streams[0].next_check_at, None);
    let sent = world.calls.len() - before;
    assert_eq!(sent, world.counted(before, "/token"), "nothing but refreshes leaves");
    let id = all[2].parse().unwrap();
    assert!(is_stopped(&mut world, Command::Reread { object_type: KIND, id }));
    assert!(is_stopped(&mut world, Command::Resync { object_type: KIND }));
    assert!(is_stopped(&mut world, Command::RefreshFields));

    ask(&mut world, Command::Resume);
    world.pass_ms(10_000);
    assert_eq!(world.status().state, State::Active);
    assert_eq!((name_of(&mut world, &all[0]).as_str(), world.record(&all[1])), ("While paused", None));
    world.pass(6);
    world.verdict().unwrap();
}

#[test]
fn a_full_read_that_is_paused_goes_on_from_there() {
    let mut world = World::new(Plan { latency_ms: (150, 150), ..tiny(6_000) });
    assert!(world.until(2, |world| world.status().streams[0].read >= 2_000));
    ask(&mut world, Command::Pause);
    world.pass(20);
    let read = world.status().streams[0].read;
    assert!((2_000..6_000).contains(&read), "{read} read while paused");
    ask(&mut world, Command::Resume);
    assert!(world.backfill());
    let lists = world.counted(0, "GET /crm/objects/2026-09/contacts");
    assert!(lists <= 70, "{lists} pages of 60");
    world.verdict().unwrap();
}

#[test]
fn what_was_disconnected_cannot_be_paused_resumed_or_read_again() {
    let mut world = synced(tiny(5));
    world.farewell(false, false);
    assert_eq!(world.status().state, State::Disconnected);
    for command in
        [Command::Pause, Command::Resume, Command::RefreshFields, Command::Resync { object_type: KIND }]
    {
        assert!(is_stopped(&mut world, command));
    }
}

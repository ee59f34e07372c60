//! Fields that vanish, come back, or change their type under a channel: nobody is handed over, or told to have left, for want of a value
//! that nobody can read.

use serde_json::{Value, json};
use spoke::engine::portal::{
    channels::commands::Action,
    messages::{Answer, Command},
};

use super::{ids, make_field, synced, tiny};
use crate::life::{Plan, World};

const HOST: &str = "https://host.example.com/callees";
const FIELD: &str = "/crm/properties/2026-09/contacts/do_not_call";

fn make_do_not_call(world: &mut World) {
    let types = ("bool", "booleancheckbox");
    make_field(world, "do_not_call", types, [("true", "Yes", false), ("false", "No", false)]);
}

fn refuse(world: &mut World, ids: &[String]) {
    for id in ids {
        world.contact("edit", json!({ "id": id, "properties": { "do_not_call": "true" } }));
    }
}

fn refresh(world: &mut World) {
    world.command(Command::RefreshFields);
    world.pass(1);
}

/// Everybody but who said no, of whom there are three; and those three.
fn callees() -> (World, spoke::values::ids::ChannelId, Vec<String>) {
    let mut world = synced(Plan { webhooks: true, ..tiny(40) });
    make_do_not_call(&mut world);
    refresh(&mut world);
    let refusing = ids(&world)[..3].to_vec();
    refuse(&mut world, &refusing);
    world.pass(6);
    let definition = json!({
        "name": "To be called", "object_type": "contacts",
        "filter": {"property": "do_not_call", "type": "bool", "operator": "is_not", "value": true},
        "fields": [{"field": "first_name", "property": "firstname"}],
    });
    let channel = world.channel_at(HOST, &definition).unwrap();
    world.pass(1);
    assert_eq!(world.handed(HOST).unwrap().records.len(), 37);
    (world, channel, refusing)
}

fn shown(world: &mut World, channel: &spoke::values::ids::ChannelId) -> Value {
    world.act_on_channel(channel, Action::Get).unwrap()
}

fn lifecycle(world: &mut World, kind: &str) -> Vec<Value> {
    let told = world.command(Command::Changes { after: 0, limit: 1_000, types: vec![] });
    let Some(Answer::Json(told)) = told else { panic!("{told:?}") };
    let told: Value = serde_json::from_str(&told).unwrap();
    let changes = told["changes"].as_array().unwrap().iter();
    changes.filter(|change| change["kind"] == kind).cloned().collect()
}

#[test]
fn a_field_that_vanishes_hands_nobody_over_whom_its_value_kept_away() {
    let (mut world, channel, refusing) = callees();
    world.by_tool("DELETE", FIELD, &Value::Null);
    // Read again at once, long before the list of fields would be: their answers do not have the field.
    for id in &refusing {
        super::rename(&mut world, id, "Not to be called");
    }
    world.contact("archive", json!({ "id": ids(&world)[20] }));
    world.pass(6);
    let told = world.handed(HOST).unwrap();
    assert_eq!((told.records.len(), told.reasons.len()), (37, 0));
    let held = shown(&mut world, &channel);
    let trouble = held["trouble"].as_str().unwrap_or_default();
    assert!(held["state"] == "held" && trouble.contains("`do_not_call`"), "{held}");
    let events = lifecycle(&mut world, "channel_held");
    assert_eq!((events.len(), &events[0]["about"]), (1, &json!("contacts")));
    assert!(events[0]["message"].as_str().unwrap().contains("To be called"), "{}", events[0]);
    world.restart();
    world.pass(70);
    assert_eq!(world.handed(HOST).unwrap().records.len(), 37);
    // The field is back, and what was said is said again before the fields are read.
    make_do_not_call(&mut world);
    refuse(&mut world, &refusing);
    world.pass(70);
    assert_eq!(shown(&mut world, &channel)["state"], "active");
    let told = world.handed(HOST).unwrap();
    assert_eq!(told.reasons, ["deleted"], "what happened meanwhile is told");
    assert_eq!(told.records.len(), 36);
    assert!(refusing.iter().all(|id| !told.records.contains_key(id)));
    assert_eq!(lifecycle(&mut world, "channel_resumed").len(), 1);
}

#[test]
fn a_channel_whose_field_vanished_goes_on_once_it_is_edited() {
    let (mut world, channel, _) = callees();
    world.by_tool("DELETE", FIELD, &Value::Null);
    refresh(&mut world);
    assert_eq!(shown(&mut world, &channel)["state"], "held");
    let Value::Object(edit) = json!({ "filter": { "and": [] } }) else { unreachable!() };
    let after = world.act_on_channel(&channel, Action::Update(edit)).unwrap();
    assert_eq!((&after["state"], &after["trouble"]), (&json!("scanning"), &Value::Null));
    world.pass(1);
    assert_eq!(world.handed(HOST).unwrap().records.len(), 40);
}

#[test]
fn a_field_that_changes_its_type_or_is_only_handed_over_holds_its_channel_as_well() {
    let (mut world, channel, _) = callees();
    let Value::Object(edit) = json!({ "fields": [{"field": "no", "property": "do_not_call"}] }) else {
        unreachable!()
    };
    world.act_on_channel(&channel, Action::Update(edit.clone())).unwrap();
    let Value::Object(all) = json!({ "filter": { "and": [] } }) else { unreachable!() };
    let retyped = json!({ "type": "string", "fieldType": "text", "options": [] });
    world.by_tool("PATCH", FIELD, &retyped);
    refresh(&mut world);
    assert_eq!(shown(&mut world, &channel)["state"], "held", "the condition reads a bool");
    world.act_on_channel(&channel, Action::Update(all)).unwrap();
    refresh(&mut world);
    assert_eq!(shown(&mut world, &channel)["state"], "active", "a mapped field may be of any type");
    let before = world.handed(HOST).unwrap();
    world.by_tool("DELETE", FIELD, &Value::Null);
    let everybody = ids(&world);
    for id in &everybody[..5] {
        super::rename(&mut world, id, "Edited");
    }
    world.pass(70);
    assert_eq!(shown(&mut world, &channel)["state"], "held");
    assert_eq!(world.handed(HOST).unwrap().records, before.records);
}

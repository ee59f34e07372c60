//! Which fields are mirrored, and which of them are kept fresh.

use hubspot_simulator::{Endpoint, Fault, Rule, Shape, portal::PortalSettings};
use serde_json::{Value, json};
use spoke::{
    engine::portal::messages::{Answer, Command, Phase, State},
    values::{
        ids::ObjectType,
        planted::{Bug, plant},
    },
};

use super::{checked, ids, rename, synced, tiny};
use crate::life::{APP, PORTAL, Plan, World};

fn read_again(world: &mut World) {
    assert_eq!(world.status().streams[0].phase, Phase::Backfill);
    assert!(world.backfill());
    world.pass(1);
}

fn selection(world: &mut World) -> Value {
    let Some(Answer::Json(text)) = world.command(Command::Selection { object_type: ObjectType::Contacts })
    else {
        panic!("no selection")
    };
    serde_json::from_str(&text).unwrap()
}

/// Both ways of reading: with the fields in the URL, and by ids where they do not fit it.
fn plans() -> [Plan; 2] {
    let shape = Shape { properties_set: 60, custom_properties: 1_000, ..Shape::default() };
    [tiny(130), Plan { settings: PortalSettings::default(), shape, ..tiny(130) }]
}

#[test]
fn what_is_not_chosen_leaves_the_mirror_and_comes_back_when_it_is_chosen_again() {
    for plan in plans() {
        let mut world = synced(plan);
        let before = world.snapshot(0, 1_000, |_, _| {});
        let all = selection(&mut world);
        assert_eq!((&all["fields"], &all["mirrored"]), (&json!("all"), &all["of"]));
        world.choose(Some(&["firstname"]), &[]);
        let some = selection(&mut world);
        assert!(some["mirrored"].as_u64() < all["mirrored"].as_u64(), "{some}");
        read_again(&mut world);
        let mirror = world.mirror();
        let names: Vec<&String> =
            mirror.values().flat_map(|values| values.as_object().unwrap().keys()).collect();
        assert!(names.iter().any(|name| *name == "firstname"));
        assert!(!names.iter().any(|name| *name == "lastname"), "{names:?}");
        world.verdict().unwrap();
        world.follows_from(before).unwrap();
        let (wide, calls) = (world.plan.settings.hubspot_properties.is_none(), world.calls.len());
        world.choose(None, &[]);
        read_again(&mut world);
        assert_eq!(world.counted(calls, "batch/read") > 0, wide);
        world.verdict().unwrap();
    }
}

#[test]
fn a_choice_holds_for_every_record_though_the_grant_ended_before_all_were_read_again() {
    for plan in plans() {
        let mut world = synced(plan);
        let all = world.fields();
        let some: Vec<&str> = all.iter().map(String::as_str).filter(|name| *name != "lastname").collect();
        let refused = Fault::Status { status: 503, after_commit: false };
        world.simulator.faults.add(Rule { times: None, ..Rule::next(1, refused) }.at(Endpoint::List));
        world.choose(Some(&some), &[]);
        world.control("POST", "grants/revoke", &json!({ "app_id": APP, "portal_id": PORTAL }));
        assert!(world.until(40, |world| world.status().state == State::NeedsReauthorisation));
        world.simulator.faults.clear();
        world.connect(0);
        read_again(&mut world);
        world.verdict().unwrap();
    }
}

#[test]
fn a_record_that_changes_after_a_choice_brings_only_what_was_chosen() {
    let mut world = synced(Plan { webhooks: true, ..tiny(20) });
    world.choose(Some(&["firstname"]), &[]);
    read_again(&mut world);
    let id = ids(&world)[4].clone();
    rename(&mut world, &id, "Ada");
    checked(&mut world);
    assert_eq!(world.record(&id).unwrap()["properties"]["firstname"], "Ada");
    world.verdict().unwrap();
    world.restart();
    rename(&mut world, &id, "Grace");
    checked(&mut world);
    world.verdict().unwrap();
}

#[test]
fn names_that_hubspot_does_not_list_and_fresh_ones_that_are_not_mirrored_are_refused() {
    let mut world = synced(tiny(5));
    let unknown = world.choose(Some(&["firstname", "shoe_size"]), &[]);
    assert!(matches!(&unknown, Some(Answer::UnknownFields(names)) if names == &["shoe_size"]), "{unknown:?}");
    let unread = world.choose(Some(&["firstname"]), &["lastname"]);
    assert!(matches!(&unread, Some(Answer::NotMirrored(names)) if names == &["lastname"]), "{unread:?}");
    assert_eq!(selection(&mut world)["fields"], "all");
    assert_eq!(world.status().streams[0].phase, Phase::Incremental, "nothing is read again");
}

/// Changes a value as HubSpot's own calculations do: the record does not count as modified.
fn calculate(world: &mut World, id: &str, value: &str) {
    world.contact("calculate", json!({ "id": id, "properties": { "firstname": value } }));
}

#[test]
fn a_calculated_field_that_is_kept_fresh_is_right_within_a_day_at_a_call_per_hundred_records() {
    plant(Some(Bug::NoReconcile));
    let mut world = synced(tiny(250));
    let id = ids(&world)[120].clone();
    calculate(&mut world, &id, "Counted");
    world.pass(25 * 60);
    assert_ne!(world.record(&id).unwrap()["properties"]["firstname"], "Counted", "nobody tells of it");
    world.choose(None, &["firstname"]);
    let from = world.calls.len();
    world.pass(24 * 60);
    assert_eq!(world.record(&id).unwrap()["properties"]["firstname"], "Counted");
    assert_eq!(world.counted(from, "contacts/batch/read"), 3);
    assert_eq!(selection(&mut world)["calls_a_day"], 3);
    calculate(&mut world, &id, "Again");
    world.pass(24 * 60);
    assert_eq!(world.record(&id).unwrap()["properties"]["firstname"], "Again");
    plant(None);
    world.choose(None, &[]);
    let from = world.calls.len();
    plant(Some(Bug::NoReconcile));
    world.pass(25 * 60);
    assert_eq!(world.counted(from, "contacts/batch/read"), 0);
    plant(None);
    world.verdict().unwrap();
}

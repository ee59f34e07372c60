//! Actions that nothing gets in the way of: what was asked for is in HubSpot, and everything else is as it was.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spoke::values::ids::ObjectType;

use super::{
    ids,
    outbox::{act, settled, writing},
    synced,
};
use crate::life::{PORTAL, World};

/// The list of contacts of an account that has lists.
const LIST: u64 = 1;

/// What apps asked for of a list: record, times added, times removed.
fn asked_of_list(world: &World) -> Vec<(u64, u32, u32)> {
    let portal = world.simulator.portal(PORTAL).expect("the account exists");
    portal.list(LIST).expect("the list is there").writes().collect()
}

/// The mirror has the same people on the list before long, by its own reading.
fn is_mirrored(world: &mut World) {
    let read = |world: &mut World| world.list(LIST)["followed"]["state"] == "in_step";
    assert!(world.until(10, read), "{}", world.list(LIST));
    let same = |world: &mut World| world.members(0, LIST) == world.true_members(LIST);
    assert!(world.until(20, same), "{}", world.list(LIST));
    world.verdict().unwrap();
}

#[test]
fn a_contact_that_is_added_to_a_list_is_on_it_and_nobody_else_comes_or_goes() {
    let mut world = synced(writing(9));
    let id = ids(&world)[3].clone();
    world.control("POST", "lists/remove", &json!({ "list": LIST, "ids": [id] }));
    let number: u64 = id.parse().unwrap();
    let mut expected = world.true_members(LIST);
    assert!(expected.len() == 8 && !expected.contains(&number));
    let body = json!({ "action": "add_to_list", "list": LIST.to_string(), "record": id });
    let done = act(&mut world, body);
    let done = settled(&mut world, &done);
    assert_eq!((&done["state"], &done["writes"][0]["op"]), (&json!("done"), &json!("join")), "{done}");
    expected.insert(number);
    assert_eq!(world.true_members(LIST), expected);
    assert_eq!(asked_of_list(&world), [(number, 1, 0)]);
    is_mirrored(&mut world);
}

#[test]
fn a_contact_that_is_removed_from_a_list_is_off_it_and_nobody_else_comes_or_goes() {
    let mut world = synced(writing(9));
    let id = ids(&world)[5].clone();
    let number: u64 = id.parse().unwrap();
    let mut expected = world.true_members(LIST);
    assert!(expected.remove(&number));
    let body = json!({ "action": "remove_from_list", "list": LIST.to_string(), "record": id });
    let done = act(&mut world, body);
    let done = settled(&mut world, &done);
    assert_eq!((&done["state"], &done["writes"][0]["op"]), (&json!("done"), &json!("leave")), "{done}");
    assert_eq!(world.true_members(LIST), expected);
    assert_eq!(asked_of_list(&world), [(number, 0, 1)]);
    assert!(world.truth().contains_key(&id), "off the list, and still a contact");
    is_mirrored(&mut world);
}

/// Every company's values but those by which HubSpot counts time.
fn companies(world: &World) -> BTreeMap<String, Value> {
    let mut all = world.truth_of(ObjectType::Companies);
    for values in all.values_mut().filter_map(Value::as_object_mut) {
        values.remove("hs_lastmodifieddate");
    }
    all
}

#[test]
fn an_account_that_is_claimed_belongs_to_its_new_owner_and_nothing_else_of_it_changes() {
    let mut world = synced(writing(5));
    // Owners are read by then.
    world.pass(6);
    let before = companies(&world);
    let id = before.keys().next().expect("a company").clone();
    let portal = world.simulator.portal(PORTAL).expect("the account exists");
    let of_another =
        |id: &str| portal.owners().iter().find(|own| !own.archived && own.id.to_string() != id).cloned();
    let owner = of_another(before[&id]["hubspot_owner_id"].as_str().unwrap_or_default()).expect("an owner");
    // People write addresses as they like.
    let email = owner.email.to_uppercase();
    let body = json!({ "action": "claim_account", "company": id, "owner": { "email": email } });
    let done = act(&mut world, body);
    let done = settled(&mut world, &done);
    assert_eq!((&done["state"], &done["writes"][0]["op"]), (&json!("done"), &json!("update")), "{done}");
    let mut expected = before;
    expected.get_mut(&id).expect("it is there")["hubspot_owner_id"] = json!(owner.id.to_string());
    assert_eq!(companies(&world), expected);
    let number: u64 = id.parse().unwrap();
    let written = world.simulator.portal(PORTAL).expect("the account exists").written("companies", number);
    assert_eq!((written.creates, written.updates, written.changes), (0, 1, 1));
    world.pass(10);
    assert_eq!(world.mirror_of(0, ObjectType::Companies)[&id]["hubspot_owner_id"], owner.id.to_string());
    world.verdict().unwrap();
}

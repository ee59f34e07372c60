use serde_json::{Value, json};

use super::{World, ids, text};
use crate::Switches;

const PROPERTIES: &str = "/crm/properties/2026-09/contacts";

fn new_property(name: &str) -> Value {
    json!({"name": name, "label": "Score", "type": "number", "fieldType": "number", "groupName": "contactinformation"})
}

#[test]
fn the_list_has_hubspots_properties_and_ones_own_and_archived_ones_apart() {
    let mut world = World::new(Switches::default());
    let count = |world: &mut World, query: &str| {
        let (status, body) = world.get(&format!("{PROPERTIES}{query}"));
        assert_eq!(status, 200);
        body["results"].as_array().expect("results").len()
    };
    let own = count(&mut world, "");
    assert!(own > 390);
    assert_eq!(world.post(PROPERTIES, new_property("acme_score")).0, 201);
    assert_eq!(count(&mut world, ""), own + 1);
    assert_eq!(count(&mut world, "?archived=true"), 0);
    assert_eq!(world.call("DELETE", &format!("{PROPERTIES}/acme_score"), None).0, 204);
    assert_eq!((count(&mut world, ""), count(&mut world, "?archived=true")), (own, 1));
    assert_eq!(world.get(&format!("{PROPERTIES}/acme_score")).0, 404);
    assert_eq!(world.get(&format!("{PROPERTIES}/acme_score?archived=true")).0, 200);
    assert_eq!(world.post(PROPERTIES, new_property("acme_score")).0, 201, "creating it again brings it back");
}

#[test]
fn names_groups_types_and_repeats_are_checked() {
    let mut world = World::new(Switches::default());
    assert_eq!(world.post(PROPERTIES, new_property("Acme")).0, 400);
    assert_eq!(world.post(PROPERTIES, new_property("hs_acme")).0, 400);
    assert_eq!(world.post(PROPERTIES, new_property("email")).0, 409);
    let mut wrong = new_property("acme");
    wrong["groupName"] = json!("nowhere");
    assert_eq!(world.post(PROPERTIES, wrong).0, 400);
    let mut wrong = new_property("acme");
    wrong["fieldType"] = json!("select");
    assert_eq!(world.post(PROPERTIES, wrong).0, 400);
    assert_eq!(world.call("DELETE", &format!("{PROPERTIES}/email"), None).0, 400);
}

#[test]
fn options_are_replaced_as_a_whole() {
    let mut world = World::new(Switches::default());
    let option = |value: &str| json!({"label": value, "value": value, "displayOrder": 0, "hidden": false});
    let body = json!({
        "name": "plan", "label": "Plan", "type": "enumeration", "fieldType": "select",
        "groupName": "contactinformation", "options": [option("a"), option("b")],
    });
    assert_eq!(world.post(PROPERTIES, body).0, 201);
    let (status, body) =
        world.call("PATCH", &format!("{PROPERTIES}/plan"), Some(json!({"options": [option("c")]})));
    assert_eq!((status, body["options"].as_array().expect("options").len()), (200, 1));
    let (status, _) = world.call("PATCH", &format!("{PROPERTIES}/plan"), Some(json!({"fieldType": "radio"})));
    assert_eq!(status, 400, "fieldType needs type");
}

#[test]
fn a_unique_property_identifies_records_and_refuses_repeats() {
    let mut world = World::new(Switches::default());
    let mut body = new_property("crm_key");
    body["type"] = json!("string");
    body["fieldType"] = json!("text");
    body["hasUniqueValue"] = json!(true);
    assert_eq!(world.post(PROPERTIES, body).0, 201);
    let contacts = "/crm/objects/2026-09/contacts";
    let (_, body) = world.post(contacts, json!({"properties": {"firstname": "A", "crm_key": "k1"}}));
    let id = text(&body["id"]);
    assert_eq!(world.post(contacts, json!({"properties": {"firstname": "B", "crm_key": "k1"}})).0, 409);
    assert_eq!(world.get(&format!("{contacts}/k1?idProperty=crm_key")).1["id"], json!(id));
    let read =
        json!({"inputs": [{"id": "k1"}, {"id": "k2"}], "idProperty": "crm_key", "properties": ["crm_key"]});
    let (status, body) = world.post(&format!("{contacts}/batch/read"), read);
    assert_eq!((status, ids(&body)), (207, vec![id]));
}

#[test]
fn groups_are_listed_made_changed_and_archived_when_empty() {
    let mut world = World::new(Switches::default());
    let groups = format!("{PROPERTIES}/groups");
    assert_eq!(world.post(&groups, json!({"name": "acme", "label": "Acme"})).0, 201);
    assert_eq!(world.post(&groups, json!({"name": "acme", "label": "Acme"})).0, 409);
    let (_, body) = world.get(&groups);
    assert!(body["results"].as_array().expect("results").iter().any(|group| group["name"] == "acme"));
    assert_eq!(world.call("PATCH", &format!("{groups}/acme"), Some(json!({"label": "A"}))).1["label"], "A");
    assert_eq!(world.call("DELETE", &format!("{groups}/acme"), None).0, 204);
    assert_eq!(world.get(&format!("{groups}/acme")).0, 404);
    assert_eq!(world.call("DELETE", &format!("{groups}/contactinformation"), None).0, 400);
}

#[test]
fn a_property_that_is_used_stays() {
    let mut world = World::new(Switches::default());
    assert_eq!(world.post(PROPERTIES, new_property("one")).0, 201);
    world.sim.switches.properties_in_use = true;
    assert_eq!(world.call("DELETE", &format!("{PROPERTIES}/one"), None).0, 400);
    let gone = json!({"inputs": [{"name": "one"}]});
    assert_eq!(world.post(&format!("{PROPERTIES}/batch/archive"), gone).0, 400);
    assert_eq!(world.get(&format!("{PROPERTIES}/one")).0, 200);
    world.sim.switches.properties_in_use = false;
    assert_eq!(world.call("DELETE", &format!("{PROPERTIES}/one"), None).0, 204);
}

#[test]
fn batches_of_properties_are_read_made_and_archived() {
    let mut world = World::new(Switches::default());
    let made = json!({"inputs": [new_property("one"), new_property("two")]});
    assert_eq!(world.post(&format!("{PROPERTIES}/batch/create"), made).0, 200);
    let read = json!({"inputs": [{"name": "one"}, {"name": "three"}], "archived": false});
    let (status, body) = world.post(&format!("{PROPERTIES}/batch/read"), read);
    assert_eq!((status, body["results"].as_array().expect("results").len()), (207, 1));
    let gone = json!({"inputs": [{"name": "one"}, {"name": "two"}]});
    assert_eq!(world.post(&format!("{PROPERTIES}/batch/archive"), gone).0, 204);
    assert_eq!(world.get(&format!("{PROPERTIES}/one")).0, 404);
}

//! What an outbox meets: creates and updates of every type, alone and in batches, and how often they were made.

use serde_json::{Value, json};

use super::{PORTAL, World, ids, text};
use crate::switches::{CreationKey, MergedId, PropertyCreation};
use crate::{Endpoint, Fault, Rule, Switches, Written};

const OBJECTS: &str = "/crm/objects/2026-09";
const PROPERTIES: &str = "/crm/properties/2026-09";
const AT: &str = "2026-11-20T12:00:00Z";

/// A record that each type takes.
fn good(object_type: &str) -> Value {
    match object_type {
        "contacts" => json!({"firstname": "Ada"}),
        "companies" => json!({"domain": "acme.example"}),
        "deals" => json!({"dealname": "D", "dealstage": "closedwon"}),
        _ => json!({"hs_timestamp": AT}),
    }
}

const TYPES: [&str; 6] = ["contacts", "companies", "deals", "tasks", "calls", "notes"];

/// A property of unique texts.
fn add_key(world: &mut World, object_type: &str, name: &str) {
    let group = match object_type {
        "contacts" => "contactinformation",
        "companies" => "companyinformation",
        "deals" => "dealinformation",
        _ => "activity",
    };
    let body = json!({"name": name, "label": "Key", "type": "string", "fieldType": "text", "groupName": group,
        "hasUniqueValue": true});
    let (status, body) = world.post(&format!("{PROPERTIES}/{object_type}"), body);
    assert_eq!(status, 201, "{body}");
}

fn made(world: &mut World, object_type: &str, properties: Value) -> String {
    let (status, body) = world.post(&format!("{OBJECTS}/{object_type}"), json!({"properties": properties}));
    assert_eq!(status, 201, "{body}");
    text(&body["id"])
}

#[test]
fn every_type_asks_for_what_it_needs_alone_and_in_batches() {
    for object_type in TYPES {
        let mut world = World::new(Switches::default());
        let path = format!("{OBJECTS}/{object_type}");
        assert_eq!(world.post(&path, json!({"properties": {}})).0, 400, "{object_type}");
        assert_eq!(world.post(&path, json!({"properties": good(object_type)})).0, 201, "{object_type}");
        let input =
            |trace: &str, properties: Value| json!({"objectWriteTraceId": trace, "properties": properties});
        let inputs = json!({"inputs": [input("a", good(object_type)), input("b", json!({}))]});
        let (status, body) = world.post(&format!("{path}/batch/create"), inputs);
        assert_eq!((status, &body["numErrors"]), (207, &json!(1)), "{body}");
        assert_eq!(body["errors"][0]["context"]["objectWriteTraceId"], json!(["b"]));
        assert_eq!(body["results"][0]["objectWriteTraceId"], "a");
        let plain = |properties: Value| json!({ "properties": properties });
        let inputs = json!({"inputs": [plain(good(object_type)), plain(json!({}))]});
        assert_eq!(world.post(&format!("{path}/batch/create"), inputs).0, 400, "{object_type}");
        world.portal(|portal, _| assert_eq!(portal.live_count(object_type), 2, "{object_type}"));
    }
}

#[test]
fn trace_ids_that_repeat_or_lack_make_a_batch_all_or_nothing() {
    let mut world = World::new(Switches::default());
    let path = format!("{OBJECTS}/companies/batch/create");
    let input = |trace: Value, name: &str| {
        let mut input = json!({"properties": {"name": name}});
        if !trace.is_null() {
            input["objectWriteTraceId"] = trace;
        }
        input
    };
    for (a, b) in [(json!("t"), json!("t")), (json!("t"), Value::Null)] {
        let inputs = json!({"inputs": [input(a, "Acme"), input(b, "")]});
        assert_eq!(world.post(&path, inputs).0, 400);
    }
    world.portal(|portal, _| assert_eq!(portal.live_count("companies"), 0));
}

#[test]
fn the_second_of_two_inputs_with_one_email_is_a_conflict() {
    let mut world = World::new(Switches::default());
    let path = format!("{OBJECTS}/contacts/batch/create");
    let twice = |traces: [Option<&str>; 2]| {
        let input = |trace: Option<&str>| {
            let mut input = json!({"properties": {"email": "ada@example.com"}});
            if let Some(trace) = trace {
                input["objectWriteTraceId"] = trace.into();
            }
            input
        };
        json!({"inputs": traces.map(input)})
    };
    assert_eq!(world.post(&path, twice([None, None])).0, 409);
    assert_eq!(world.live_ids().len(), 0);
    let (status, body) = world.post(&path, twice([Some("a"), Some("b")]));
    assert_eq!((status, ids(&body).len()), (207, 1));
    assert_eq!(body["errors"][0]["context"]["objectWriteTraceId"], json!(["b"]));
}

#[test]
fn results_of_a_batch_come_in_any_order_and_carry_their_trace_ids() {
    let mut world = World::new(Switches::default());
    let inputs: Vec<Value> = (0..50)
        .map(|at| json!({"objectWriteTraceId": at.to_string(), "properties": {"name": format!("Co {at}")}}))
        .collect();
    let path = format!("{OBJECTS}/companies/batch/create");
    let (status, body) = world.post(&path, json!({ "inputs": inputs }));
    assert_eq!(status, 201);
    let results = body["results"].as_array().expect("results");
    let order: Vec<String> = results.iter().map(|own| text(&own["objectWriteTraceId"])).collect();
    let asked: Vec<String> = (0..50).map(|at| at.to_string()).collect();
    assert_ne!(order, asked);
    for own in results {
        assert_eq!(own["properties"]["name"], json!(format!("Co {}", text(&own["objectWriteTraceId"]))));
    }
}

#[test]
fn an_email_that_a_merged_contact_kept_is_taken() {
    let mut world = World::new(Switches::default());
    let (a, b) = (world.contact("a@example.com", "A"), world.contact("b@example.com", "B"));
    let merge = json!({"primaryObjectId": a, "objectIdToMerge": b});
    let id = text(&world.post(&format!("{OBJECTS}/contacts/merge"), merge).1["id"]);
    let new = json!({"properties": {"email": "B@Example.com"}});
    let (status, body) = world.post(&format!("{OBJECTS}/contacts"), new.clone());
    assert_eq!((status, &body["category"]), (409, &json!("CONFLICT")));
    assert_eq!(body["message"], json!(format!("Contact already exists. Existing ID: {id}")));
    let inputs = json!({ "inputs": [new] });
    assert_eq!(world.post(&format!("{OBJECTS}/contacts/batch/create"), inputs).0, 409);
    let read = json!({"inputs": [{"id": "b@example.com"}], "idProperty": "email", "properties": ["email"]});
    assert_eq!(ids(&world.post(&format!("{OBJECTS}/contacts/batch/read"), read).1), [id]);
}

#[test]
fn a_batch_update_passes_over_merged_ids_unless_the_switch_says_otherwise() {
    for (merged, status, changed) in
        [(MergedId::Omitted, 200, false), (MergedId::NotFound, 207, false), (MergedId::Resolved, 200, true)]
    {
        let mut world = World::new(Switches { batch_update_merged: merged, ..Switches::default() });
        let (a, b) = (world.contact("a@example.com", "A"), world.contact("b@example.com", "B"));
        let merge = json!({"primaryObjectId": a, "objectIdToMerge": b});
        let id = text(&world.post(&format!("{OBJECTS}/contacts/merge"), merge).1["id"]);
        let update = json!({"inputs": [{"id": b, "properties": {"firstname": "C"}}]});
        let (got, body) = world.post(&format!("{OBJECTS}/contacts/batch/update"), update);
        assert_eq!((got, ids(&body).len()), (status, usize::from(changed)), "{merged:?} {body}");
        let now = world.get(&format!("{OBJECTS}/contacts/{id}")).1;
        assert_eq!(now["properties"]["firstname"] == "C", changed);
    }
}

#[test]
fn every_type_has_unique_properties_by_which_records_are_found_and_refused() {
    for object_type in TYPES {
        let mut world = World::new(Switches::default());
        add_key(&mut world, object_type, "spoke_action_id");
        let mut record = good(object_type);
        record["spoke_action_id"] = "act-1".into();
        let id = made(&mut world, object_type, record.clone());
        let (status, body) = world.post(&format!("{OBJECTS}/{object_type}"), json!({ "properties": record }));
        assert_eq!((status, &body["category"]), (409, &json!("CONFLICT")), "{object_type}");
        assert!(text(&body["message"]).ends_with(&format!("Existing ID: {id}")), "{body}");
        let read = json!({"inputs": [{"id": "act-1"}, {"id": "act-2"}], "idProperty": "spoke_action_id",
            "properties": ["spoke_action_id"]});
        let (status, body) = world.post(&format!("{OBJECTS}/{object_type}/batch/read"), read);
        assert_eq!((status, ids(&body)), (207, vec![id]), "{object_type}");
        record["spoke_action_id"] = "act-2".into();
        let other = made(&mut world, object_type, record);
        let path = format!("{OBJECTS}/{object_type}");
        let taken = json!({"properties": {"spoke_action_id": "ACT-1"}});
        assert_eq!(
            world.call("PATCH", &format!("{path}/{other}"), Some(taken.clone())).0,
            409,
            "in any case"
        );
        let mut input = taken;
        input["id"] = other.into();
        assert_eq!(world.post(&format!("{path}/batch/update"), json!({"inputs": [input]})).0, 409);
        input["objectWriteTraceId"] = "t".into();
        let (status, body) = world.post(&format!("{path}/batch/update"), json!({ "inputs": [input] }));
        assert_eq!((status, &body["errors"][0]["category"]), (207, &json!("CONFLICT")));
        let upsert = |key: &str| {
            let mut properties = good(object_type);
            properties["spoke_action_id"] = key.into();
            json!({"inputs": [{"id": key, "idProperty": "spoke_action_id", "properties": properties}]})
        };
        for (key, new) in [("act-2", false), ("act-3", true)] {
            let (status, body) = world.post(&format!("{path}/batch/upsert"), upsert(key));
            assert_eq!((status, &body["results"][0]["new"]), (200, &json!(new)), "{body}");
        }
    }
}

#[test]
fn a_deal_names_its_pipeline_where_there_are_several_by_switch() {
    for needed in [false, true] {
        let switches = Switches { deal_needs_pipeline_of_several: needed, ..Switches::default() };
        let mut world = World::new(switches);
        let path = format!("{OBJECTS}/deals");
        assert_eq!(world.post(&path, json!({"properties": good("deals")})).0, 201, "there is one only");
        world.portal(|portal, turn| {
            let second = portal.pipelines().next().cloned().expect("one");
            portal.put_pipeline(
                turn,
                crate::pipelines::Pipeline { id: "second".into(), stages: Vec::new(), ..second },
            );
        });
        let status = world.post(&path, json!({"properties": good("deals")})).0;
        assert_eq!(status, if needed { 400 } else { 201 });
        let mut named = good("deals");
        named["pipeline"] = "default".into();
        assert_eq!(world.post(&path, json!({"properties": named})).0, 201);
    }
}

#[test]
fn an_object_has_ten_unique_properties_of_ones_own_at_most() {
    let mut world = World::new(Switches::default());
    for at in 0..10 {
        add_key(&mut world, "companies", &format!("key_{at}"));
    }
    let body = json!({"name": "key_10", "label": "Key", "type": "string", "fieldType": "text",
        "groupName": "companyinformation", "hasUniqueValue": true});
    assert_eq!(world.post(&format!("{PROPERTIES}/companies"), body).0, 400);
    add_key(&mut world, "tasks", "key_0");
}

#[test]
fn the_creation_key_is_read_only_or_a_key_as_the_switch_says() {
    for object_type in TYPES {
        let mut world = World::new(Switches::default());
        let path = format!("{OBJECTS}/{object_type}");
        let mut record = good(object_type);
        record["hs_unique_creation_key"] = "act-1".into();
        let (status, body) = world.post(&path, json!({ "properties": record }));
        assert_eq!((status, &body["errors"][0]["code"]), (400, &json!("READ_ONLY_VALUE")));
        world.sim.switches.creation_key = CreationKey::Writable;
        let id = made(&mut world, object_type, record.clone());
        assert_eq!(world.post(&path, json!({ "properties": record })).0, 409);
        let change = json!({"properties": {"hs_unique_creation_key": "act-2"}});
        assert_eq!(world.call("PATCH", &format!("{path}/{id}"), Some(change)).0, 400, "on create only");
        let read =
            json!({"inputs": [{"id": "act-1"}], "idProperty": "hs_unique_creation_key", "properties": []});
        assert_eq!(ids(&world.post(&format!("{path}/batch/read"), read).1), [id]);
    }
}

#[test]
fn an_account_may_refuse_new_properties() {
    let property = json!({"name": "acme", "label": "A", "type": "string", "fieldType": "text",
        "groupName": "companyinformation"});
    for (refusal, status) in [(PropertyCreation::Forbidden, 403), (PropertyCreation::Exhausted, 400)] {
        let mut world = World::new(Switches { property_creation: refusal, ..Switches::default() });
        let path = format!("{PROPERTIES}/companies");
        assert_eq!(world.post(&path, property.clone()).0, status);
        let batch = json!({"inputs": [property]});
        assert_eq!(world.post(&format!("{path}/batch/create"), batch).0, status);
        assert_eq!(world.post(&format!("{path}/groups"), json!({"name": "acme", "label": "A"})).0, status);
        assert_eq!(world.get(&format!("{path}/acme")).0, 404);
    }
}

#[test]
fn a_lifecycle_stage_moves_forward_only_unless_it_was_cleared() {
    let mut world = World::new(Switches::default());
    let id = made(&mut world, "contacts", json!({"firstname": "A", "lifecyclestage": "opportunity"}));
    let stage = |world: &mut World, to: &str| {
        let input = json!({"inputs": [{"id": id, "properties": {"lifecyclestage": to}}]});
        assert_eq!(world.post(&format!("{OBJECTS}/contacts/batch/update"), input).0, 200);
        world.get(&format!("{OBJECTS}/contacts/{id}?properties=lifecyclestage")).1["properties"]["lifecyclestage"]
            .clone()
    };
    assert_eq!(stage(&mut world, "lead"), "opportunity");
    assert_eq!(stage(&mut world, "customer"), "customer");
    assert_eq!(stage(&mut world, ""), Value::Null);
    assert_eq!(stage(&mut world, "lead"), "lead");
}

#[test]
fn activities_are_linked_when_made_and_afterwards() {
    let mut world = World::new(Switches::default());
    let contact = world.contact("ada@example.com", "Ada");
    let company = made(&mut world, "companies", good("companies"));
    let deal = made(&mut world, "deals", good("deals"));
    for (object_type, [contact_type, company_type, deal_type]) in
        [("tasks", [204, 192, 216]), ("calls", [194, 182, 206]), ("notes", [202, 190, 214])]
    {
        let to = |id: &str, own: u32| {
            json!({"to": {"id": id}, "types": [
                {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": own}]})
        };
        let links = json!([to(&contact, contact_type), to(&company, company_type)]);
        let body = json!({"properties": good(object_type), "associations": links});
        let (status, body) = world.post(&format!("{OBJECTS}/{object_type}"), body);
        assert_eq!(status, 201, "{body}");
        let id = text(&body["id"]);
        let default = format!("{OBJECTS}/{object_type}/{id}/associations/default/deals/{deal}");
        assert_eq!(world.call("PUT", &default, None).0, 200);
        for (other, from, own) in [
            ("contacts", &contact, contact_type),
            ("companies", &company, company_type),
            ("deals", &deal, deal_type),
        ] {
            let back = world.get(&format!("{OBJECTS}/{other}/{from}/associations/{object_type}")).1;
            assert_eq!(back["results"][0]["toObjectId"], json!(id), "{back}");
            let there = world.get(&format!("{OBJECTS}/{object_type}/{id}/associations/{other}")).1;
            assert_eq!(there["results"][0]["associationTypes"][0]["typeId"], json!(own));
        }
        let wrong = json!({"properties": good(object_type), "associations": [to(&contact, company_type)]});
        let (status, body) = world.post(&format!("{OBJECTS}/{object_type}"), wrong);
        assert_eq!(status, if contact == company { 201 } else { 400 }, "{body}");
        let nobody = json!({"properties": good(object_type), "associations": [to("999999", contact_type)]});
        let count = world.portal(|portal, _| portal.live_count(object_type));
        let (status, body) = world.post(&format!("{OBJECTS}/{object_type}"), nobody.clone());
        assert_eq!((status, &body["message"]), (400, &json!("One or more associations are invalid")));
        let batch = json!({"inputs": [{"properties": good(object_type)}, nobody]});
        assert_eq!(world.post(&format!("{OBJECTS}/{object_type}/batch/create"), batch).0, 400);
        assert_eq!(world.portal(|portal, _| portal.live_count(object_type)), count);
        let read = json!({"inputs": [{"id": contact}]});
        let (status, body) =
            world.post(&format!("/crm/associations/2026-09/contacts/{object_type}/batch/read"), read);
        assert_eq!((status, &body["results"][0]["to"][0]["toObjectId"]), (200, &json!(id)));
    }
    let (a, b) = (made(&mut world, "tasks", good("tasks")), made(&mut world, "calls", good("calls")));
    assert_eq!(
        world.call("PUT", &format!("{OBJECTS}/tasks/{a}/associations/default/calls/{b}"), None).0,
        400
    );
}

#[test]
fn links_to_activities_follow_a_merge_and_send_no_event() {
    let mut world = World::new(Switches::default());
    let (a, b) = (world.contact("a@example.com", "A"), world.contact("b@example.com", "B"));
    world.sim.changes.watch(PORTAL, true);
    let link = json!([{"to": {"id": b}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204}]}]);
    let body = json!({"properties": good("tasks"), "associations": link});
    let task = text(&world.post(&format!("{OBJECTS}/tasks"), body).1["id"]);
    while let Some(event) = world.sim.changes.take() {
        assert!(!matches!(event.change, crate::Change::Association { .. }));
    }
    let merge = json!({"primaryObjectId": a, "objectIdToMerge": b});
    let id = text(&world.post(&format!("{OBJECTS}/contacts/merge"), merge).1["id"]);
    let links = world.get(&format!("{OBJECTS}/tasks/{task}/associations/contacts")).1;
    assert_eq!(links["results"][0]["toObjectId"], json!(id));
}

#[test]
fn what_apps_wrote_is_counted_and_what_people_did_is_not() {
    let mut world = World::new(Switches::default());
    let id = world.contact("ada@example.com", "Ada");
    let number: u64 = id.parse().expect("a number");
    let path = format!("{OBJECTS}/contacts/{id}");
    for _ in 0..2 {
        world.call("PATCH", &path, Some(json!({"properties": {"firstname": "Augusta"}})));
    }
    world.call("PATCH", &path, Some(json!({"properties": {"email": "no address"}})));
    world.portal(|portal, turn| {
        portal.create_record(turn, "contacts", &[("firstname", "By hand")]).expect("created");
        portal.edit_record(turn, "contacts", number, &[("firstname", "A person")]).expect("edited");
    });
    let expected = Written { creates: 1, updates: 2, changes: 1, archives: 0 };
    assert_eq!(world.portal(|portal, _| portal.writes("contacts").collect::<Vec<_>>()), [(number, expected)]);
    let (status, line) = world.get(&format!("/__control/contacts/writes?portal_id={PORTAL}"));
    assert_eq!((status, &line["id"], &line["updates"]), (200, &json!(id), &json!(2)));
    world.sim.faults.add(Rule::next(1, Fault::NoAnswer { after_commit: true }).at(Endpoint::Update));
    assert!(world.send("PATCH", &path, Some(json!({"properties": {"firstname": "B"}}))).is_none());
    world.call("DELETE", &path, None);
    let expected = Written { creates: 1, updates: 3, changes: 2, archives: 1 };
    assert_eq!(world.portal(|portal, _| portal.written("contacts", number)), expected);
}

//! Tasks, calls, notes and custom objects: what they share with contacts, and what of them is not modelled.

use serde_json::{Value, json};

use super::{PORTAL, World, ids, text};
use crate::objects::kind::{CALLS, CUSTOM, NOTES, TASKS};
use crate::{Shape, Switches};

const SCHEMAS: &str = "/crm-object-schemas/2026-09/schemas";

fn with_cars() -> (World, &'static str) {
    let mut world = World::new(Switches::default());
    let id = world.portal(|portal, turn| {
        portal.define_object(turn.now_ms, "cars", ["Car", "Cars"], &["name", "colour"]).expect("a new name")
    });
    (world, id)
}

#[test]
fn further_types_are_listed_read_searched_and_archived_as_contacts_are() {
    let (mut world, cars) = with_cars();
    for kind in [&TASKS, &CALLS, &NOTES, &CUSTOM[0]] {
        world.portal(|portal, turn| portal.seed(turn, kind, 12, &Shape::default()));
        let base = format!("/crm/objects/2026-09/{}", kind.name);
        let (status, page) = world.get(&format!("{base}?limit=100"));
        assert_eq!((status, page["results"].as_array().map(Vec::len)), (200, Some(12)), "{}", kind.name);
        let id = ids(&page)[0].clone();
        assert_eq!(world.get(&format!("/crm/objects/2026-09/{}/{id}", kind.type_id)).0, 200);
        let search = json!({"filterGroups": [{"filters": [
            {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "0"}]}]});
        assert_eq!(world.post(&format!("{base}/search"), search).1["total"], 12);
        let (_, properties) = world.get(&format!("/crm/properties/2026-09/{}", kind.name));
        assert!(properties["results"].as_array().is_some_and(|all| all.len() > 15));
        assert_eq!(world.call("DELETE", &format!("{base}/{id}"), None).0, 204);
        assert_eq!(world.get(&format!("{base}/{id}")).0, 404);
    }
    assert_eq!(cars, CUSTOM[0].type_id);
}

#[test]
fn an_activity_needs_its_time_and_the_scope_of_contacts() {
    let mut world = World::new(Switches::default());
    let tasks = "/crm/objects/2026-09/tasks";
    assert_eq!(world.post(tasks, json!({"properties": {"hs_task_subject": "Call"}})).0, 400);
    let task = json!({"properties": {"hs_task_subject": "Call", "hs_timestamp": "2026-11-20T12:00:00Z"}});
    assert_eq!(world.post(tasks, task).0, 201);
    world.sim.add_private_token(PORTAL, "pat-na1-test", &["oauth"]);
    let (status, body) = world.get(tasks);
    assert_eq!(status, 403, "{body}");
    let wanted = &body["errors"][0]["context"]["requiredGranularScopes"];
    assert_eq!(wanted, &json!(["crm.objects.contacts.read"]));
}

/// The members that SPEC's `ObjectSchema` requires.
const REQUIRED: [&str; 12] = [
    "allowsSensitiveProperties",
    "archived",
    "associations",
    "fullyQualifiedName",
    "id",
    "labels",
    "name",
    "objectTypeId",
    "properties",
    "requiredProperties",
    "searchableProperties",
    "secondaryDisplayProperties",
];

#[test]
fn custom_objects_are_listed_with_their_labels_and_found_by_each_of_their_names() {
    let (mut world, cars) = with_cars();
    let (status, all) = world.get(&format!("{SCHEMAS}?includePropertyDefinitions=false"));
    let own = &all["results"][0];
    assert_eq!((status, &own["labels"]["plural"], &own["properties"]), (200, &json!("Cars"), &json!([])));
    assert!(REQUIRED.iter().all(|name| !own[*name].is_null()), "{own}");
    for name in ["cars".to_owned(), format!("p{PORTAL}_cars"), cars.to_owned()] {
        let (status, own) = world.get(&format!("{SCHEMAS}/{name}"));
        assert_eq!((status, text(&own["objectTypeId"])), (200, cars.to_owned()));
        assert!(
            own["properties"].as_array().is_some_and(|all| all.iter().any(|own| own["name"] == "colour"))
        );
    }
    assert_eq!(world.get(&format!("{SCHEMAS}?archived=true")).1["results"], json!([]));
    assert_eq!(world.get(&format!("{SCHEMAS}/boats")).0, 400);
    world.sim.add_private_token(PORTAL, "pat-na1-test", &["oauth", "crm.objects.contacts.read"]);
    assert_eq!(world.get(SCHEMAS).0, 403);
}

#[test]
fn a_custom_object_goes_when_it_is_empty_and_then_nobody_knows_it() {
    let (mut world, cars) = with_cars();
    let path = format!("/crm/objects/2026-09/{cars}");
    let (status, made) = world.post(&path, json!({"properties": {"name": "Beetle"}}));
    assert_eq!(status, 201, "{made}");
    assert!(!world.portal(|portal, _| portal.delete_object(cars)), "it has a record");
    assert_eq!(world.call("DELETE", &format!("{path}/{}", text(&made["id"])), None).0, 204);
    assert!(world.portal(|portal, _| portal.delete_object(cars)));
    assert_eq!(world.get(SCHEMAS).1["results"], json!([]));
    let (status, body) = world.get(&path);
    assert_eq!(status, 400);
    assert!(text(&body["message"]).contains("infer object type"), "{body}");
    assert_eq!(world.get(&format!("/crm/objects/2026-09/{}", CUSTOM[1].type_id)).0, 400, "never defined");
}

#[test]
fn what_of_further_types_is_not_modelled_is_refused() {
    let (mut world, cars) = with_cars();
    let refused = |(status, body): (u16, Value)| {
        assert_eq!(status, 400, "{body}");
        assert!(text(&body["message"]).contains("does not model"), "{body}");
    };
    let inputs = json!({"inputs": [{"id": "1"}]});
    refused(world.post("/crm/associations/2026-09/calls/tasks/batch/read", inputs.clone()));
    refused(world.post(&format!("/crm/associations/2026-09/{cars}/contacts/batch/read"), inputs));
    refused(world.get("/crm/pipelines/2026-09/tasks"));
    refused(world.post(SCHEMAS, json!({"name": "boats"})));
    refused(world.call("DELETE", &format!("{SCHEMAS}/{cars}"), None));
    let merge = json!({"primaryObjectId": "1", "objectIdToMerge": "2"});
    assert_eq!(world.post("/crm/objects/2026-09/tasks/merge", merge).0, 404);
}

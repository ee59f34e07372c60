//! Customers' own rules for values (`hubspot-api.md` 1.2, 3.6, 11), and properties that writes do not know yet.

use serde_json::{Value, json};

use super::{PORTAL, World, text};
use crate::Switches;

const COMPANIES: &str = "/crm/objects/2026-09/companies";

fn rule(world: &mut World, property: &str, rules: Value) -> u16 {
    let body = json!({"portal_id": PORTAL, "object_type": "companies", "property": property, "rules": rules});
    world.call("PUT", "/__control/validation-rules", Some(body)).0
}

fn codes(body: &Value) -> Vec<(String, String)> {
    let errors = body["errors"].as_array().expect("errors").iter();
    errors.map(|own| (text(&own["context"]["propertyName"][0]), text(&own["code"]))).collect()
}

#[test]
fn a_rule_refuses_values_that_do_not_fit_the_expression() {
    let mut world = World::new(Switches::default());
    assert_eq!(rule(&mut world, "city", json!([{"kind": "regex", "pattern": "[A-Z][a-z]+"}])), 200);
    let new = |city: &str| json!({"properties": {"name": "Acme", "city": city}});
    let (status, body) = world.post(COMPANIES, new("bonn"));
    assert_eq!((status, codes(&body)), (400, vec![("city".into(), "INVALID_REGEX".into())]));
    assert!(text(&body["message"]).starts_with("Property values were not valid: ["));
    assert_eq!(world.post(COMPANIES, new("Bonn")).0, 201);
    assert_eq!(rule(&mut world, "city", json!([{"kind": "regex", "pattern": "("}])), 400);
    assert_eq!(rule(&mut world, "city", json!([])), 200);
    assert_eq!(world.post(COMPANIES, new("bonn")).0, 201, "the rule is gone");
}

#[test]
fn a_property_may_be_required_while_another_has_a_value() {
    let mut world = World::new(Switches::default());
    let condition = json!([{"kind": "required_if", "property": "country", "value": "DE"}]);
    assert_eq!(rule(&mut world, "zip", condition), 200);
    let new = |properties: Value| json!({ "properties": properties });
    let (status, body) = world.post(COMPANIES, new(json!({"name": "A", "country": "DE"})));
    assert_eq!((status, codes(&body)), (400, vec![("zip".into(), "REQUIRED_PROPERTY".into())]));
    assert_eq!(world.post(COMPANIES, new(json!({"name": "A", "country": "DE", "zip": "53111"}))).0, 201);
    let (_, body) = world.post(COMPANIES, new(json!({"name": "B", "country": "FR"})));
    let path = format!("{COMPANIES}/{}", text(&body["id"]));
    let patch = |world: &mut World, properties: Value| world.call("PATCH", &path, Some(new(properties))).0;
    assert_eq!(patch(&mut world, json!({"country": "DE"})), 400);
    assert_eq!(patch(&mut world, json!({"country": "DE", "zip": "1"})), 200);
    assert_eq!(patch(&mut world, json!({"zip": ""})), 400);
    assert_eq!(patch(&mut world, json!({"name": "C"})), 200);
}

#[test]
fn a_value_that_was_missing_before_refuses_other_writes_only_with_the_switch() {
    for looks in [false, true] {
        let mut world = World::new(Switches { rules_look_at_old_values: looks, ..Switches::default() });
        let (_, body) = world.post(COMPANIES, json!({"properties": {"name": "A", "country": "DE"}}));
        let path = format!("{COMPANIES}/{}", text(&body["id"]));
        let condition = json!([{"kind": "required_if", "property": "country", "value": "DE"}]);
        rule(&mut world, "zip", condition);
        let (status, _) = world.call("PATCH", &path, Some(json!({"properties": {"name": "B"}})));
        assert_eq!(status, if looks { 400 } else { 200 });
    }
}

#[test]
fn in_a_batch_a_rule_refuses_its_input_alone_where_each_has_a_trace_id() {
    let mut world = World::new(Switches::default());
    rule(&mut world, "city", json!([{"kind": "alpha"}]));
    rule(&mut world, "phone", json!([{"kind": "required"}]));
    let input =
        |trace: &str, properties: Value| json!({"objectWriteTraceId": trace, "properties": properties});
    let inputs = json!({"inputs": [
        input("good", json!({"name": "A", "phone": "1"})),
        input("alpha", json!({"name": "B", "phone": "1", "city": "B0nn"})),
        input("required", json!({"name": "C"})),
    ]});
    let (status, body) = world.post(&format!("{COMPANIES}/batch/create"), inputs);
    assert_eq!((status, &body["numErrors"]), (207, &json!(2)));
    let named: Vec<(String, Value)> = body["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|own| (text(&own["context"]["objectWriteTraceId"][0]), own["errors"][0]["code"].clone()))
        .collect();
    let expected =
        [("alpha".to_owned(), json!("INVALID_ALPHA")), ("required".to_owned(), json!("REQUIRED_PROPERTY"))];
    assert_eq!(named, expected);
    let id = text(&body["results"][0]["id"]);
    let update = |city: &str, trace: Option<&str>| {
        let mut input = json!({"id": id, "properties": {"city": city}});
        if let Some(trace) = trace {
            input["objectWriteTraceId"] = trace.into();
        }
        json!({ "inputs": [input] })
    };
    assert_eq!(world.post(&format!("{COMPANIES}/batch/update"), update("B0nn", Some("u"))).0, 207);
    assert_eq!(world.post(&format!("{COMPANIES}/batch/update"), update("B0nn", None)).0, 400);
    assert_eq!(world.post(&format!("{COMPANIES}/batch/update"), update("Bonn", None)).0, 200);
}

#[test]
fn writes_learn_of_a_new_property_after_a_while() {
    let mut world = World::new(Switches { writes_know_property_after_ms: 5_000, ..Switches::default() });
    let property = json!({"name": "acme_key", "label": "Key", "type": "string", "fieldType": "text",
        "groupName": "companyinformation"});
    assert_eq!(world.post("/crm/properties/2026-09/companies", property).0, 201);
    let new = json!({"properties": {"name": "A", "acme_key": "1"}});
    let (status, body) = world.post(COMPANIES, new.clone());
    assert_eq!((status, codes(&body)), (400, vec![("acme_key".into(), "PROPERTY_DOESNT_EXIST".into())]));
    assert_eq!(world.get("/crm/properties/2026-09/companies/acme_key").0, 200, "reads know it");
    world.now_ms += 5_000;
    assert_eq!(world.post(COMPANIES, new).0, 201);
}

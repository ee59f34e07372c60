//! Custom events and app events.

use serde_json::{Value, json};

use super::{PORTAL, World};
use crate::events::EventKind;
use crate::grants::{App, Distribution};
use crate::portal::Tier;
use crate::{Endpoint, Fault, PortalSettings, Rule, Switches};

const DEFINITIONS: &str = "/events/custom/2026-09/event-definitions";
const SEND: &str = "/events/custom/2026-09/send";
const APP_EVENTS: &str = "/integrators/timeline/2026-03/events";
const NAME: &str = "pe4242_intent";

/// An account that pays for custom events, with one defined; the id of a company.
fn defined(switches: Switches) -> (World, String) {
    let mut world = World::new(switches);
    world.sim.add_portal(PORTAL, PortalSettings { tier: Tier::Enterprise, ..PortalSettings::default() });
    let definition = json!({"label": "Intent", "name": "intent", "primaryObject": "COMPANY",
        "includeDefaultProperties": true,
        "propertyDefinitions": [{"name": "page", "label": "Page", "type": "string"}]});
    let (status, body) = world.post(DEFINITIONS, definition.clone());
    assert_eq!((status, &body["fullyQualifiedName"]), (201, &json!(NAME)), "{body}");
    assert_eq!(world.post(DEFINITIONS, definition).0, 409);
    let id =
        world.portal(|portal, turn| portal.create_record(turn, "companies", &[("name", "A")]).expect("made"));
    (world, id.to_string())
}

fn event(company: &str, uuid: &str) -> Value {
    json!({"eventName": NAME, "objectId": company, "uuid": uuid, "properties": {"page": "/pricing", "other": "x"}})
}

#[test]
fn what_was_sent_is_taken_and_can_be_counted() {
    let (mut world, company) = defined(Switches::default());
    assert_eq!(world.post(SEND, event(&company, "u1")).0, 204);
    let inputs = json!({"inputs": [event(&company, "u2"), event("999999", "u3")]});
    assert_eq!(world.post(&format!("{SEND}/batch"), inputs).0, 204);
    let (_, all) = world.get(&format!("/__control/events?portal_id={PORTAL}"));
    let all = all["results"].as_array().expect("results").clone();
    assert_eq!(all.len(), 3);
    let (status, shown) = world.get(&format!("/events/event-occurrences/2026-09?eventType={NAME}"));
    let shown = shown["results"].as_array().expect("results");
    let ids: Vec<&Value> = shown.iter().map(|own| &own["id"]).collect();
    assert_eq!(
        (status, ids),
        (200, vec![&json!("u2"), &json!("u1")]),
        "those with a record, the newest first"
    );
    assert_eq!((&shown[1]["objectId"], &shown[1]["eventType"]), (&json!(company), &json!(NAME)));
    assert_eq!((&all[0]["id"], &all[0]["matched"]), (&json!("u1"), &json!(true)));
    assert_eq!(all[0]["properties"], json!({"page": "/pricing"}), "what is not defined is dropped");
    assert_eq!(all[2]["matched"], false, "204 says nothing of records");
}

#[test]
fn a_uuid_that_came_before_is_the_same_event_unless_the_switch_says_otherwise() {
    for unique in [true, false] {
        let (mut world, company) =
            defined(Switches { custom_event_uuid_is_unique: unique, ..Switches::default() });
        world.sim.faults.add(Rule::next(1, Fault::NoAnswer { after_commit: true }).at(Endpoint::EventSend));
        assert!(world.send("POST", SEND, Some(event(&company, "u1"))).is_none());
        assert_eq!(world.post(SEND, event(&company, "u1")).0, 204);
        let count = world.portal(|portal, _| portal.occurrences().len());
        assert_eq!(count, if unique { 1 } else { 2 });
    }
}

#[test]
fn a_wrong_event_refuses_the_whole_request() {
    let (mut world, company) = defined(Switches::default());
    let mut unknown = event(&company, "u1");
    unknown["eventName"] = json!("pe4242_nobody");
    assert_eq!(world.post(SEND, unknown.clone()).0, 400);
    assert_eq!(
        world.post(&format!("{SEND}/batch"), json!({"inputs": [event(&company, "u2"), unknown]})).0,
        400
    );
    let mut long = event(&company, "u1");
    long["properties"]["page"] = json!("x".repeat(257));
    assert_eq!(world.post(SEND, long).0, 400);
    let mut nobody = event(&company, "u1");
    nobody.as_object_mut().expect("an object").remove("objectId");
    assert_eq!(world.post(SEND, nobody).0, 400);
    let mut many = event(&company, "u1");
    many["properties"] =
        (0..51).map(|at| (format!("p{at}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    assert_eq!(world.post(SEND, many).0, 400);
    let inputs: Vec<Value> = (0..501).map(|at| event(&company, &at.to_string())).collect();
    assert_eq!(world.post(&format!("{SEND}/batch"), json!({ "inputs": inputs })).0, 400);
    assert_eq!(world.portal(|portal, _| portal.occurrences().len()), 0);
    let inputs: Vec<Value> = (0..500).map(|at| event(&company, &at.to_string())).collect();
    assert_eq!(world.post(&format!("{SEND}/batch"), json!({ "inputs": inputs })).0, 204);
}

#[test]
fn accounts_that_pay_too_little_and_tokens_without_the_scope_have_no_custom_events() {
    let (mut world, company) = defined(Switches::default());
    world.sim.switches.custom_events_tier = Tier::Enterprise;
    let settings = PortalSettings { tier: Tier::Professional, ..PortalSettings::default() };
    world.portal(|portal, _| portal.settings = settings);
    assert_eq!(world.post(SEND, event(&company, "u1")).0, 403);
    assert_eq!(world.get(DEFINITIONS).0, 403);
    world.sim.switches.custom_events_tier = Tier::Professional;
    assert_eq!(world.post(SEND, event(&company, "u1")).0, 204);
    assert_eq!(
        world.sim.access.remove_scopes(1, PORTAL, &["analytics.behavioral_events.send".to_owned()]),
        1
    );
    let (status, body) = world.post(SEND, event(&company, "u2"));
    assert_eq!((status, &body["category"]), (403, &json!("MISSING_SCOPES")));
}

#[test]
fn custom_events_count_against_no_other_quota() {
    let (mut world, company) = defined(Switches { ten_secondly_limit: Some(20), ..Switches::default() });
    world.now_ms += 10_000;
    for at in 0..30 {
        assert_eq!(world.post(SEND, event(&company, &at.to_string())).0, 204);
        world.now_ms -= 300;
    }
    assert_eq!(world.get("/crm/objects/2026-09/contacts").0, 200);
}

#[test]
fn definitions_are_listed_changed_and_removed() {
    let (mut world, company) = defined(Switches::default());
    let (_, all) = world.get(&format!("{DEFINITIONS}?includeProperties=true"));
    assert_eq!((&all["total"], &all["results"][0]["properties"][0]["name"]), (&json!(1), &json!("page")));
    let path = format!("{DEFINITIONS}/{NAME}");
    assert_eq!(
        world.call("PATCH", &path, Some(json!({"label": "Signal"}))).1["labels"]["singular"],
        "Signal"
    );
    assert_eq!(world.call("DELETE", &path, None).0, 204);
    assert_eq!(world.get(&path).0, 404);
    assert_eq!(world.post(SEND, event(&company, "u1")).0, 400);
    let upper =
        json!({"label": "X", "name": "Intent", "includeDefaultProperties": false, "propertyDefinitions": []});
    assert_eq!(world.post(DEFINITIONS, upper).0, 400);
}

/// An approved app's token.
fn with_app(switches: Switches) -> (World, String) {
    let mut world = World::new(switches);
    world.sim.put_app(App {
        app_id: 77,
        client_id: "app".into(),
        client_secret: "secret".into(),
        distribution: Distribution::Public,
        redirect_uris: vec!["http://localhost/cb".into()],
        ..App::default()
    });
    world.sim.put_user(crate::grants::User { user_id: 5, portals: [PORTAL].into(), ..Default::default() });
    let code = world.sim.approve(world.now_ms, 77, PORTAL, 5, &["timeline"], "http://localhost/cb");
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", "authorization_code"),
            ("client_id", "app"),
            ("client_secret", "secret"),
            ("redirect_uri", "http://localhost/cb"),
            ("code", &code),
        ])
        .finish();
    let request = crate::http::Request {
        method: "POST".into(),
        path: "/oauth/2026-09/token".into(),
        headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
        body: form.into_bytes(),
        ..Default::default()
    };
    let answer = world.sim.handle(world.now_ms, &request).expect("an answer");
    let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    (world, super::text(&body["access_token"]))
}

fn app_call(world: &mut World, token: &str, path: &str, body: &Value) -> (u16, Value) {
    world.now_ms += 300;
    let request = crate::http::Request {
        method: "POST".into(),
        path: path.into(),
        headers: vec![
            ("authorization".into(), format!("Bearer {token}")),
            ("content-type".into(), "application/json".into()),
        ],
        body: body.to_string().into_bytes(),
        ..Default::default()
    };
    let answer = world.sim.handle(world.now_ms, &request).expect("an answer");
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

fn app_event(id: &str) -> Value {
    json!({"eventTypeName": "visit", "id": id, "email": "ada@example.com", "properties": {"page": "/"}})
}

#[test]
fn an_app_event_is_taken_once_and_its_id_is_a_conflict_from_then_on() {
    let (mut world, token) = with_app(Switches { app_events_allowed: true, ..Switches::default() });
    let (status, body) = app_call(&mut world, &token, APP_EVENTS, &app_event("e1"));
    assert_eq!((status, &body["id"]), (201, &json!("e1")), "{body}");
    assert_eq!(app_call(&mut world, &token, APP_EVENTS, &app_event("e1")).0, 409);
    let batch = format!("{APP_EVENTS}/batch");
    let of = |ids: &[&str]| json!({"inputs": ids.iter().map(|id| app_event(id)).collect::<Vec<_>>()});
    assert_eq!(app_call(&mut world, &token, &batch, &of(&["e2", "e1"])).0, 409);
    assert_eq!(app_call(&mut world, &token, &batch, &of(&["e2", "e2"])).0, 409);
    let (status, body) = app_call(&mut world, &token, &batch, &of(&["e2", "e3"]));
    assert_eq!((status, body["results"].as_array().map(Vec::len)), (200, Some(2)));
    let newer = APP_EVENTS.replace("2026-03", "2026-09");
    assert_eq!(app_call(&mut world, &token, &newer, &app_event("e3")).0, 409, "one store for both versions");
    let mut nobody = app_event("e4");
    nobody.as_object_mut().expect("an object").remove("email");
    assert_eq!(app_call(&mut world, &token, APP_EVENTS, &nobody).0, 400);
    assert_eq!(app_call(&mut world, &token, APP_EVENTS, &app_event(&"x".repeat(501))).0, 400);
    world.portal(|portal, _| {
        let ids: Vec<_> = portal.occurrences().iter().filter_map(|own| own.id.as_deref()).collect();
        assert_eq!(ids, ["e1", "e2", "e3"]);
        assert!(portal.occurrences().iter().all(|own| own.kind == EventKind::App && own.app_id == 77));
    });
}

#[test]
fn an_app_that_is_not_approved_and_a_private_one_have_no_app_events() {
    let (mut world, token) = with_app(Switches::default());
    assert_eq!(app_call(&mut world, &token, APP_EVENTS, &app_event("e1")).0, 403);
    world.sim.switches.app_events_allowed = true;
    assert_eq!(world.post(APP_EVENTS, app_event("e1")).0, 403, "a private app's token");
    assert_eq!(app_call(&mut world, &token, APP_EVENTS, &app_event("e1")).0, 201);
}

//! The control API as a test or a demonstration uses it.

use hubspot_simulator::{Simulator, Switches};
use serde_json::{Value, json};

use crate::support::*;

const TOKEN: &str = "pat-na1-x";

fn furnished(contacts: u32) -> Simulator {
    let mut hubspot = hubspot(Switches::default(), contacts);
    hubspot.add_private_token(PORTAL, TOKEN, &hubspot_simulator::control::ALL_SCOPES);
    hubspot
}

fn told(hubspot: &mut Simulator, method: &str, call: &str, body: Value) -> Value {
    let answer = hubspot.handle(NOON, &json_request(method, &format!("/__control/{call}"), &body)).unwrap();
    assert_eq!(answer.status, 200, "{method} {call}: {}", text_of(&answer));
    json_of(&answer)
}

fn dump(hubspot: &mut Simulator) -> Vec<Value> {
    let answer = hubspot.handle(NOON, &get("/__control/contacts/dump?limit=10000")).unwrap();
    assert_eq!(answer.header("x-next-from"), None);
    text_of(&answer).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn found(hubspot: &mut Simulator, email: &str) -> u64 {
    let filter = json!({"propertyName": "email", "operator": "EQ", "value": email});
    let body = json!({"filterGroups": [{"filters": [filter]}], "properties": [], "limit": 1});
    let request = json_request("POST", "/crm/objects/2026-09/contacts/search", &body);
    let answer = json_of(&hubspot.handle(NOON, &with_token(request, TOKEN)).unwrap());
    answer["total"].as_u64().unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn one_contact_can_be_made_changed_merged_and_erased() {
    let mut hubspot = furnished(0);
    let make = |hubspot: &mut Simulator, email: &str| {
        told(hubspot, "POST", "contacts/create", json!({"properties": {"email": email}}))["id"].clone()
    };
    let (a, b, c) = (
        make(&mut hubspot, "a@example.com"),
        make(&mut hubspot, "b@example.com"),
        make(&mut hubspot, "c@example.com"),
    );
    let values = json!({"firstname": "Ada", "email": "ada@example.com"});
    told(&mut hubspot, "POST", "contacts/edit", json!({"id": a, "properties": values}));
    told(&mut hubspot, "POST", "contacts/archive", json!({"id": b}));
    let state = |hubspot: &mut Simulator, id: &Value| {
        let line = dump(hubspot).into_iter().find(|line| line["id"] == *id).unwrap();
        (line["state"].clone(), line["properties"]["firstname"].clone())
    };
    assert_eq!(state(&mut hubspot, &a), (json!("live"), json!("Ada")));
    assert_eq!(state(&mut hubspot, &b).0, "archived");
    told(&mut hubspot, "POST", "contacts/restore", json!({"id": b}));
    let merged = told(&mut hubspot, "POST", "contacts/merge", json!({"primary": a, "other": b}));
    assert_eq!(state(&mut hubspot, &a).0, "merged");
    assert_eq!(state(&mut hubspot, &merged["id"]), (json!("live"), json!("Ada")));
    told(&mut hubspot, "POST", "contacts/erase", json!({"id": c}));
    assert_eq!(state(&mut hubspot, &c).0, "erased");
    assert_eq!(told(&mut hubspot, "GET", "contacts/count", Value::Null)["live"], 1);
}

#[test]
fn many_contacts_can_be_seeded_and_edited() {
    let mut hubspot = furnished(10);
    let body = json!({"count": 90, "shape": {"properties_set": 20}});
    assert_eq!(told(&mut hubspot, "POST", "contacts/seed", body)["live"], 100);
    let edits = told(&mut hubspot, "POST", "contacts/edit-bulk", json!({"count": 40}));
    assert_eq!(edits["updated"], 40);
    told(&mut hubspot, "POST", "contacts/edit-random", json!({"count": 40}));
    told(&mut hubspot, "PUT", "edit-rate", json!({"per_second": 50}));
    let before = dump(&mut hubspot);
    hubspot.tick(NOON + 10_000);
    assert_ne!(before, dump(&mut hubspot), "edits go on as time passes");
    told(&mut hubspot, "PUT", "edit-rate", json!({"per_second": 0}));
    hubspot.tick(NOON + 11_000);
    let before = dump(&mut hubspot);
    hubspot.tick(NOON + 60_000);
    assert_eq!(before, dump(&mut hubspot));
}

#[test]
fn the_index_can_be_told_to_catch_up() {
    let mut hubspot = furnished(0);
    told(&mut hubspot, "POST", "contacts/create", json!({"properties": {"email": "a@example.com"}}));
    assert_eq!(found(&mut hubspot, "a@example.com"), 0);
    told(&mut hubspot, "POST", "index/catch-up", json!({}));
    assert_eq!(found(&mut hubspot, "a@example.com"), 1);
}

#[test]
fn faults_and_switches_are_set_read_and_cleared() {
    let mut hubspot = furnished(0);
    let rule = json!({"fault": {"kind": "locked"}, "endpoint": "account_details", "times": 2});
    assert_eq!(told(&mut hubspot, "POST", "faults", rule)["rules"].as_array().unwrap().len(), 1);
    let details = with_token(get("/account-info/2026-09/details"), TOKEN);
    assert_eq!(hubspot.handle(NOON, &details).unwrap().status, 423);
    told(&mut hubspot, "DELETE", "faults", Value::Null);
    assert_eq!(hubspot.handle(NOON, &details).unwrap().status, 200);
    let switches = told(&mut hubspot, "PATCH", "switches", json!({"search_lag_min_ms": 7}));
    assert_eq!((&switches["search_lag_min_ms"], hubspot.switches.search_lag_min_ms), (&json!(7), 7));
    let wrong = json_request("PATCH", "/__control/switches", &json!({"serch_lag": 7}));
    assert_eq!(hubspot.handle(NOON, &wrong).unwrap().status, 400);
    let faults = told(&mut hubspot, "PUT", "webhook-faults", json!({"reorder": true}));
    assert_eq!(faults["reorder"], true);
}

#[test]
fn grants_can_be_made_to_fail_in_each_way() {
    let mut hubspot = furnished(0);
    let (access, refresh) = install(&mut hubspot, NOON);
    let details = with_token(get("/account-info/2026-09/details"), &access);
    let refreshing = token_request(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    assert_eq!(told(&mut hubspot, "POST", "tokens/expire", json!({}))["expired"], 1);
    let answer = hubspot.handle(NOON, &details).unwrap();
    assert_eq!(json_of(&answer)["category"], "EXPIRED_AUTHENTICATION");
    assert_eq!(hubspot.handle(NOON, &refreshing).unwrap().status, 200);
    assert_eq!(told(&mut hubspot, "POST", "grants/revoke", json!({}))["revoked"], 1);
    assert_eq!(hubspot.handle(NOON, &refreshing).unwrap().status, 400);
    let body = json!({"app_id": 9, "portal_id": PORTAL});
    assert_eq!(told(&mut hubspot, "POST", "uninstall", body)["uninstalled"], true);
    assert_eq!(json_of(&hubspot.handle(NOON, &details).unwrap())["category"], "INVALID_AUTHENTICATION");
}

#[test]
fn accounts_people_and_tokens_can_be_added() {
    let mut hubspot = furnished(0);
    let body = json!({"contacts": 3, "settings": {"name": "Other", "hublet": "eu1", "tier": "enterprise"}});
    let portal = told(&mut hubspot, "POST", "portals", body);
    assert_eq!(portal["contacts"], 3);
    told(&mut hubspot, "POST", "users", json!({"email": "x@example.com", "portals": [portal["portal_id"]]}));
    let token = told(&mut hubspot, "POST", "private-tokens", json!({"portal_id": portal["portal_id"]}));
    let token = token["token"].as_str().unwrap();
    assert!(token.starts_with("pat-eu1-"), "{token}");
    let answer = hubspot.handle(NOON, &with_token(get("/account-info/2026-09/details"), token)).unwrap();
    assert_eq!(answer.header("x-hubspot-ratelimit-max"), Some("190"));
    assert_eq!(json_of(&answer)["dataHostingLocation"], "eu1");
    let state = told(&mut hubspot, "GET", "state", Value::Null);
    assert_eq!(state["portals"].as_array().unwrap().len(), 2);
    assert_eq!(told(&mut hubspot, "POST", "private-tokens/remove", json!({"token": token}))["removed"], true);
    let answer = hubspot.handle(NOON, &with_token(get("/account-info/2026-09/details"), token)).unwrap();
    assert_eq!(answer.status, 401);
}

#[test]
fn counters_start_anew_when_deleted() {
    let mut hubspot = furnished(0);
    hubspot.handle(NOON, &with_token(get("/account-info/2026-09/details"), TOKEN));
    let counters = told(&mut hubspot, "GET", "counters", Value::Null);
    assert_eq!(counters["calls"][0]["endpoint"], "account_details");
    told(&mut hubspot, "DELETE", "counters", Value::Null);
    let counters = told(&mut hubspot, "GET", "counters", Value::Null);
    assert_eq!(
        (&counters["total"], &counters["limits"]["most_in_ten_seconds"][0]["calls"]),
        (&json!(0), &json!(0))
    );
}

#[test]
fn companies_and_deals_are_seeded_edited_and_dumped_like_contacts() {
    let mut hubspot = furnished(5);
    for object_type in ["companies", "deals"] {
        let call = |name: &str| format!("{object_type}/{name}");
        assert_eq!(told(&mut hubspot, "POST", &call("seed"), json!({"count": 40}))["live"], 40);
        assert_eq!(told(&mut hubspot, "POST", &call("edit-bulk"), json!({"count": 7}))["updated"], 7);
        told(&mut hubspot, "POST", &call("edit-random"), json!({"count": 20}));
        let body = json!({"object_type": object_type, "per_second": 50});
        told(&mut hubspot, "PUT", "edit-rate", body);
        let lines = |hubspot: &mut Simulator| {
            let path = format!("/__control/{object_type}/dump?limit=1000");
            text_of(&hubspot.handle(NOON, &get(&path)).unwrap())
        };
        let before = lines(&mut hubspot);
        hubspot.tick(NOON + 10_000);
        assert_ne!(before, lines(&mut hubspot), "edits go on as time passes");
        told(&mut hubspot, "PUT", "edit-rate", json!({"object_type": object_type, "per_second": 0}));
    }
    let state = told(&mut hubspot, "GET", "state", Value::Null);
    assert_eq!(state["portals"][0]["contacts"], 5, "contacts are left alone");
    let body = json!({"contacts": 1, "companies": 2, "deals": 3});
    let portal = told(&mut hubspot, "POST", "portals", body);
    assert_eq!((&portal["companies"], &portal["deals"]), (&json!(2), &json!(3)));
    let gone = json!({"removed": ["crm.objects.deals.read"]});
    assert_eq!(told(&mut hubspot, "POST", "grants/scopes", gone)["changed"], 1);
    let deals = with_token(get("/crm/objects/2026-09/deals"), TOKEN);
    assert_eq!(hubspot.handle(NOON, &deals).unwrap().status, 403);
}

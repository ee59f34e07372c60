//! Private apps and service keys: static tokens, rotation, their own webhooks, the day they share (`hubspot-api.md` 2.7).

use crate::support::*;
use hubspot_simulator::signature;
use hubspot_simulator::{PortalSettings, Simulator, Switches};
use serde_json::{Value, json};

const CONTACTS: &str = "/crm/objects/2026-09/contacts";
const DAY_MS: u64 = 86_400_000;

fn told(sim: &mut Simulator, now_ms: u64, method: &str, path: &str, body: Value) -> Value {
    let answer = sim.handle(now_ms, &json_request(method, &format!("/__control/{path}"), &body)).unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", text_of(&answer));
    json_of(&answer)
}

fn made(sim: &mut Simulator, more: Value) -> Value {
    let mut asked = json!({"portal_id": PORTAL});
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    told(sim, NOON, "POST", "private-tokens", asked)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

fn list(sim: &mut Simulator, now_ms: u64, token: &str) -> hubspot_simulator::http::Response {
    sim.handle(now_ms, &with_token(get(CONTACTS), token)).unwrap()
}

#[test]
fn a_rotated_token_works_on_for_seven_days_or_ends_at_once() {
    let mut sim = hubspot(Switches::default(), 1);
    let first = text(&made(&mut sim, json!({}))["token"]);
    assert!(first.starts_with("pat-na1-"), "{first}");
    let rotate = json!({"token": first, "overlap": true});
    let second = text(&told(&mut sim, NOON, "POST", "private-tokens/rotate", rotate)["token"]);
    assert_eq!(list(&mut sim, NOON + 7 * DAY_MS - 1, &first).status, 200);
    let late = list(&mut sim, NOON + 7 * DAY_MS, &first);
    assert_eq!((late.status, text(&json_of(&late)["category"])), (401, "INVALID_AUTHENTICATION".into()));
    assert_eq!(list(&mut sim, NOON + 7 * DAY_MS, &second).status, 200);
    let rotate = json!({"token": second});
    let third = text(&told(&mut sim, NOON + 8 * DAY_MS, "POST", "private-tokens/rotate", rotate)["token"]);
    assert_eq!(list(&mut sim, NOON + 8 * DAY_MS, &second).status, 401);
    assert_eq!(list(&mut sim, NOON + 8 * DAY_MS, &third).status, 200);
    // A rotated token is the same app's, so it counts on the same window.
    let info =
        json_request("POST", "/oauth/v2/private-apps/get/access-token-info", &json!({"tokenKey": third}));
    let before = text(&made(&mut sim, json!({}))["token"]);
    let app = json_of(&sim.handle(NOON + 8 * DAY_MS, &info).unwrap())["appId"].clone();
    assert!(app.is_u64(), "{app}");
    assert_ne!(before, third);
}

#[test]
fn a_revoked_token_and_a_deleted_app_are_401() {
    let mut sim = hubspot(Switches::default(), 1);
    let app = made(&mut sim, json!({"name": "Sync"}));
    let token = text(&app["token"]);
    assert_eq!(
        told(&mut sim, NOON, "POST", "private-tokens/remove", json!({"token": token}))["removed"],
        true
    );
    let refused = list(&mut sim, NOON, &token);
    assert_eq!(
        (refused.status, text(&json_of(&refused)["category"])),
        (401, "INVALID_AUTHENTICATION".into())
    );
    let other = made(&mut sim, json!({}));
    let delete = json!({"app_id": other["app_id"]});
    assert_eq!(told(&mut sim, NOON, "POST", "private-tokens/delete", delete)["deleted"], true);
    assert_eq!(list(&mut sim, NOON, &text(&other["token"])).status, 401);
}

#[test]
fn scopes_may_be_edited_later() {
    let mut sim = hubspot(Switches::default(), 1);
    let token = text(&made(&mut sim, json!({"scopes": ["oauth"]}))["token"]);
    assert_eq!(json_of(&list(&mut sim, NOON, &token))["category"], "MISSING_SCOPES");
    let more = json!({"token": token, "scopes": ["oauth", "crm.objects.contacts.read"]});
    told(&mut sim, NOON, "POST", "private-tokens/scopes", more);
    assert_eq!(list(&mut sim, NOON, &token).status, 200);
}

#[test]
fn what_a_token_is_of_is_told_and_abroad_only_to_its_bearer() {
    let mut sim = hubspot(Switches::default(), 0);
    sim.add_portal(34, PortalSettings { hublet: "eu1".into(), ..PortalSettings::default() });
    let path = "/oauth/v2/private-apps/get/access-token-info";
    for (portal_id, kind) in [(PORTAL, "private_app"), (PORTAL, "service_key"), (34, "private_app")] {
        let asked = json!({"portal_id": portal_id, "kind": kind, "user_id": 5, "scopes": ["oauth"]});
        let app = told(&mut sim, NOON, "POST", "private-tokens", asked);
        let token = text(&app["token"]);
        let ask = json_request("POST", path, &json!({"tokenKey": token}));
        let plain = sim.handle(NOON, &ask).unwrap();
        assert_eq!(plain.status, if portal_id == 34 { 401 } else { 200 }, "{app}");
        let body = json_of(&sim.handle(NOON, &with_token(ask, &token)).unwrap());
        let expected = json!({"hubId": portal_id, "userId": 5, "appId": app["app_id"], "scopes": ["oauth"]});
        assert_eq!(body, expected);
    }
    sim.switches.token_info_knows_service_keys = false;
    let key = text(&made(&mut sim, json!({"kind": "service_key"}))["token"]);
    assert_eq!(sim.handle(NOON, &json_request("POST", path, &json!({"tokenKey": key}))).unwrap().status, 401);
}

#[test]
fn a_private_app_ends_with_its_maker_and_a_service_key_does_not() {
    let mut sim = hubspot(Switches::default(), 1);
    let app = text(&made(&mut sim, json!({"user_id": 5}))["token"]);
    let key = text(&made(&mut sim, json!({"user_id": 5, "kind": "service_key"}))["token"]);
    told(&mut sim, NOON, "POST", "users/remove", json!({"user_id": 5}));
    let refused = list(&mut sim, NOON, &app);
    let category = text(&json_of(&refused)["category"]);
    assert_eq!((refused.status, category.as_str()), (403, "USER_DOES_NOT_HAVE_PERMISSIONS"));
    assert_eq!(list(&mut sim, NOON, &key).status, 200);
    sim.switches.private_apps_outlive_creator = true;
    assert_eq!(list(&mut sim, NOON, &app).status, 200);
}

#[test]
fn the_day_is_one_for_all_private_apps_and_keys_of_an_account() {
    let mut sim = hubspot(Switches { daily_limit: Some(3), ..Switches::default() }, 1);
    let tokens: Vec<String> = ["private_app", "private_app", "service_key"]
        .map(|kind| text(&made(&mut sim, json!({"kind": kind}))["token"]))
        .to_vec();
    for (token, left) in tokens.iter().zip(["2", "1", "0"]) {
        let answer = list(&mut sim, NOON, token);
        let header = |name: &str| answer.header(name).map(str::to_owned);
        assert_eq!(header("x-hubspot-ratelimit-daily-remaining").as_deref(), Some(left));
        // The ten-second window is each app's own.
        assert_eq!(header("x-hubspot-ratelimit-remaining").as_deref(), Some("99"));
    }
    let refused = list(&mut sim, NOON, &tokens[0]);
    assert_eq!((refused.status, text(&json_of(&refused)["policyName"])), (429, "DAILY".into()));
    sim.switches.daily_limit = Some(10);
    let usage = with_token(get("/account-info/2026-09/api-usage/daily/private-apps"), &tokens[2]);
    let body = json_of(&sim.handle(NOON, &usage).unwrap());
    assert_eq!(
        (&body["results"][0]["usageLimit"], &body["results"][0]["currentUsage"]),
        (&json!(10), &json!(4))
    );
}

#[test]
fn a_private_apps_webhooks_are_its_accounts_alone_and_signed_with_its_own_secret() {
    let mut sim = hubspot(Switches { webhook_gather_ms: 0, ..Switches::default() }, 0);
    sim.add_portal(34, PortalSettings::default());
    let target = "https://spoke.example/webhooks/hubspot/c1";
    let app = made(
        &mut sim,
        json!({"target_url": target, "subscriptions": [{"subscription_type": "contact.creation"}]}),
    );
    for portal_id in [PORTAL, 34] {
        let (portal, mut turn) = sim.portal_turn(portal_id, NOON).unwrap();
        portal.create_record(&mut turn, "contacts", &[("email", "a@example.com")]).unwrap();
    }
    sim.tick(NOON + 1_000);
    let sent = sim.take_deliveries(NOON + 1_000);
    assert_eq!(sent.len(), 1);
    let events: Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(events.as_array().unwrap().len(), 1);
    assert_eq!((&events[0]["portalId"], &events[0]["appId"]), (&json!(PORTAL), &app["app_id"]));
    assert_eq!(sent[0].url, target);
    let header = |name: &str| sent[0].headers.iter().find(|(own, _)| own == name).unwrap().1.clone();
    let secret = text(&app["client_secret"]);
    let signed = signature::v3(&secret, "POST", target, &sent[0].body, NOON + 1_000);
    assert_eq!(header("x-hubspot-signature-v3"), signed);
    // A service key has neither.
    let key = json!({"portal_id": PORTAL, "kind": "service_key", "target_url": target});
    assert_eq!(
        sim.handle(NOON, &json_request("POST", "/__control/private-tokens", &key)).unwrap().status,
        400
    );
}

#[test]
fn a_customers_own_rule_refuses_values_and_says_which() {
    let mut sim = hubspot(Switches::default(), 0);
    let token = text(&made(&mut sim, json!({}))["token"]);
    for (property, rules) in [
        ("city", json!([{"kind": "alpha"}])),
        ("zip", json!([{"kind": "numeric"}, {"kind": "max_length", "characters": 5}])),
        ("phone", json!([{"kind": "required"}])),
    ] {
        let asked =
            json!({"portal_id": PORTAL, "object_type": "contacts", "property": property, "rules": rules});
        told(&mut sim, NOON, "PUT", "validation-rules", asked);
    }
    let create = |properties: Value| {
        with_token(json_request("POST", CONTACTS, &json!({"properties": properties})), &token)
    };
    for (values, code) in [
        (json!({"email": "a@example.com", "phone": "1", "city": "Rome 2"}), "INVALID_ALPHA"),
        (json!({"email": "a@example.com", "phone": "1", "zip": "12a"}), "INVALID_NUMERIC"),
        (json!({"email": "a@example.com", "phone": "1", "zip": "123456"}), "INVALID_MAX_LENGTH"),
        (json!({"email": "a@example.com"}), "REQUIRED_PROPERTY"),
    ] {
        let answer = sim.handle(NOON, &create(values)).unwrap();
        let body = json_of(&answer);
        assert_eq!((answer.status, text(&body["category"])), (400, "VALIDATION_ERROR".into()), "{body}");
        assert_eq!(body["errors"][0]["code"], code);
    }
    let good = create(json!({"email": "a@example.com", "phone": "1", "city": "Rome", "zip": "12345"}));
    assert_eq!(sim.handle(NOON, &good).unwrap().status, 201);
}

#[test]
fn every_status_that_hubspot_names_can_be_had_on_request() {
    let mut sim = hubspot(Switches::default(), 1);
    let token = text(&made(&mut sim, json!({}))["token"]);
    for (fault, status, retry_after) in [
        (json!({"kind": "moved", "retry_after_s": 3600}), 477, Some("3600")),
        (json!({"kind": "locked"}), 423, None),
        (json!({"kind": "status", "status": 522}), 522, None),
        (json!({"kind": "status", "status": 525}), 525, None),
        (json!({"kind": "status", "status": 526}), 526, None),
    ] {
        told(&mut sim, NOON, "POST", "faults", json!({"fault": fault, "times": 1}));
        let answer = list(&mut sim, NOON, &token);
        assert_eq!((answer.status, answer.header("retry-after")), (status, retry_after), "{fault}");
        assert_eq!(list(&mut sim, NOON, &token).status, 200);
    }
}

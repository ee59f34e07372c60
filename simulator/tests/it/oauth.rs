//! OAuth as an app meets it: pages, tokens, errors.

use crate::support::*;
use hubspot_simulator::Switches;
use hubspot_simulator::switches::Reauthorize;
use serde_json::{Value, json};

fn details(simulator: &mut hubspot_simulator::Simulator, now_ms: u64, token: &str) -> (u16, Value) {
    let answer = simulator.handle(now_ms, &with_token(get("/account-info/2026-09/details"), token)).unwrap();
    (answer.status, json_of(&answer))
}

fn refreshed(simulator: &mut hubspot_simulator::Simulator, now_ms: u64, refresh: &str) -> (u16, Value) {
    let request = token_request(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]);
    let answer = simulator.handle(now_ms, &request).unwrap();
    (answer.status, json_of(&answer))
}

#[test]
fn a_person_walks_the_pages_and_the_app_gets_a_grant() {
    let mut hubspot = hubspot(Switches::default(), 0);
    let url = walk(&mut hubspot, NOON, &authorize_url("a&b"), "approve");
    assert!(url.starts_with(&format!("{REDIRECT}?code=na1-")), "{url}");
    assert_eq!(parameter(&url, "state").as_deref(), Some("a&b"));
    let code = parameter(&url, "code").unwrap();
    let exchange =
        token_request(&[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT)]);
    let body = json_of(&hubspot.handle(NOON, &exchange).unwrap());
    assert_eq!(body["expires_in"], 1800);
    assert_eq!(body["hub_id"], PORTAL);
    assert_eq!(body["user_id"], 5);
    // `tickets` is not in the app's configuration, so it is dropped rather than granted.
    assert_eq!(body["scopes"], json!(["crm.objects.contacts.read", "crm.objects.contacts.write", "oauth"]));
    let (status, account) = details(&mut hubspot, NOON, body["access_token"].as_str().unwrap());
    assert_eq!((status, &account["portalId"]), (200, &json!(PORTAL)));
    assert_eq!(account["utcOffset"], "-05:00");
    // A code is spent by its first use.
    let replay = hubspot.handle(NOON, &exchange).unwrap();
    assert_eq!(replay.status, 400);
    assert_eq!(json_of(&replay)["status"], "BAD_AUTH_CODE");
    // Two exchanges and one call: pages are no API calls.
    assert_eq!(hubspot.counters.total(), 3);
}

#[test]
fn a_person_who_cancels_is_sent_back_with_access_denied() {
    let mut hubspot = hubspot(Switches::default(), 0);
    let url = walk(&mut hubspot, NOON, &authorize_url("s"), "deny");
    assert_eq!(parameter(&url, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&url, "state").as_deref(), Some("s"));
}

#[test]
fn a_wrong_address_is_explained_and_never_redirects() {
    let mut hubspot = hubspot(Switches::default(), 0);
    let good = authorize_url("s");
    for bad in [
        good.replace("client_id=client", "client_id=other"),
        good.replace("8787", "8788"),
        good.replace("scope=oauth+", "scope="),
        good.replace("scope=oauth+", "scope=oauth+tickets+"),
    ] {
        let page = hubspot.handle(NOON, &get(&bad)).unwrap();
        assert_eq!((page.status, page.header("location")), (400, None), "{bad}");
    }
}

#[test]
fn a_code_is_bound_to_its_redirect_address_and_short_lived() {
    let mut hubspot = hubspot(Switches::default(), 0);
    for (later, redirect, status) in
        [(0, "http://localhost/else", "BAD_REDIRECT_URI"), (60_000, REDIRECT, "BAD_AUTH_CODE")]
    {
        let url = walk(&mut hubspot, NOON, &authorize_url("s"), "approve");
        let code = parameter(&url, "code").unwrap();
        let pairs =
            [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", redirect)];
        let answer = hubspot.handle(NOON + later, &token_request(&pairs)).unwrap();
        assert_eq!((answer.status, json_of(&answer)["status"].as_str()), (400, Some(status)));
    }
}

#[test]
fn the_token_endpoint_reads_the_form_only() {
    let mut hubspot = hubspot(Switches::default(), 0);
    let (_, refresh) = install(&mut hubspot, NOON);
    let pairs = [
        ("client_id", "client"),
        ("client_secret", "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"),
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    let in_query = post_form(&format!("/oauth/2026-09/token?{}", encoded(&pairs)), &[]);
    let answer = hubspot.handle(NOON, &in_query).unwrap();
    assert_eq!((answer.status, json_of(&answer)["status"].as_str()), (400, Some("BAD_GRANT_TYPE")));
    let as_json = json_request("POST", "/oauth/2026-09/token", &json!({"grant_type": "refresh_token"}));
    assert_eq!(hubspot.handle(NOON, &as_json).unwrap().status, 415);
    assert_eq!(hubspot.handle(NOON, &post_form("/oauth/2026-09/token", &pairs)).unwrap().status, 200);
}

#[test]
fn the_token_endpoints_errors_are_hubspots() {
    let mut hubspot = hubspot(Switches::default(), 0);
    let (status, body) = refreshed(&mut hubspot, NOON, "na1-nobody");
    assert_eq!(status, 400);
    assert_eq!(
        body,
        json!({
            "error": "invalid_grant",
            "error_description": "refresh token is invalid, expired or revoked",
            "status": "BAD_REFRESH_TOKEN",
            "message": "refresh token is invalid, expired or revoked",
        })
    );
    for (id, secret, expected) in [("x", "y", "BAD_CLIENT_ID"), ("client", "y", "BAD_CLIENT_SECRET")] {
        let pairs = [("client_id", id), ("client_secret", secret), ("grant_type", "refresh_token")];
        let answer = hubspot.handle(NOON, &post_form("/oauth/2026-09/token", &pairs)).unwrap();
        assert_eq!(json_of(&answer)["status"], expected);
        assert_eq!(json_of(&answer)["error"], "invalid_client");
    }
    let credentials = token_request(&[("grant_type", "client_credentials")]);
    let answer = hubspot.handle(NOON, &credentials).unwrap();
    assert_eq!(json_of(&answer)["error"], "unsupported_grant_type");
}

#[test]
fn an_access_token_expires_and_says_since_when() {
    let mut hubspot = hubspot(Switches::default(), 0);
    let (access, refresh) = install(&mut hubspot, NOON);
    assert_eq!(details(&mut hubspot, NOON + 1_799_999, &access).0, 200);
    let (status, body) = details(&mut hubspot, NOON + 1_805_000, &access);
    assert_eq!((status, body["category"].as_str()), (401, Some("EXPIRED_AUTHENTICATION")));
    assert_eq!(body["message"], "The OAuth token used to make this call expired 5 second(s) ago.");
    let (status, fresh) = refreshed(&mut hubspot, NOON + 1_805_000, &refresh);
    assert_eq!((status, fresh["refresh_token"].as_str()), (200, Some(refresh.as_str())));
    assert_eq!(details(&mut hubspot, NOON + 1_805_000, fresh["access_token"].as_str().unwrap()).0, 200);
}

#[test]
fn revoking_ends_refreshes_but_not_the_access_token() {
    let mut hubspot = hubspot(Switches::default(), 0);
    let (access, refresh) = install(&mut hubspot, NOON);
    let mut request = token_request(&[("token", &refresh), ("token_type_hint", "refresh_token")]);
    request.path = "/oauth/2026-09/token/revoke".into();
    assert_eq!(hubspot.handle(NOON, &request).unwrap().status, 200);
    assert_eq!(refreshed(&mut hubspot, NOON, &refresh).1["status"], "BAD_REFRESH_TOKEN");
    assert_eq!(details(&mut hubspot, NOON, &access).0, 200);
    request.path = "/oauth/2026-09/token/introspect".into();
    assert_eq!(json_of(&hubspot.handle(NOON, &request).unwrap()), json!({"active": false}));
}

#[test]
fn introspection_describes_both_kinds_of_token() {
    let mut hubspot = hubspot(Switches::default(), 0);
    let (access, refresh) = install(&mut hubspot, NOON);
    for (field, token, kind) in [
        ("token", &access, "access_token"),
        ("access_token", &access, "access_token"),
        ("token", &refresh, "refresh_token"),
    ] {
        let mut request = token_request(&[(field, token)]);
        request.path = "/oauth/2026-09/token/introspect".into();
        let body = json_of(&hubspot.handle(NOON, &request).unwrap());
        assert_eq!(body["token_use"], kind);
        assert_eq!(body["user"], "ada@example.com");
        assert_eq!(body["hub_domain"], "example.com");
        assert_eq!(body.get("signed_access_token").is_some(), kind == "access_token");
    }
}

#[test]
fn uninstalling_removes_the_app_for_everybody() {
    let mut hubspot = hubspot(Switches::default(), 0);
    let (access, refresh) = install(&mut hubspot, NOON);
    let mut request = with_token(get("/appinstalls/2026-09/external-install"), &access);
    request.method = "DELETE".into();
    let answer = hubspot.handle(NOON, &request).unwrap();
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(refreshed(&mut hubspot, NOON, &refresh).0, 400);
    assert_eq!(details(&mut hubspot, NOON, &access).0, 401);
}

#[test]
fn a_second_authorisation_gives_what_the_switch_says() {
    for (reauthorize, same, old_alive) in [
        (Reauthorize::SameGrant, true, true),
        (Reauthorize::NewGrantOldAlive, false, true),
        (Reauthorize::NewGrantOldDead, false, false),
    ] {
        let mut hubspot = hubspot(Switches { reauthorize, ..Switches::default() }, 0);
        let (_, first) = install(&mut hubspot, NOON);
        let (_, second) = install(&mut hubspot, NOON + 5);
        assert_eq!(first == second, same, "{reauthorize:?}");
        assert_eq!(refreshed(&mut hubspot, NOON + 9, &first).0 == 200, old_alive, "{reauthorize:?}");
        assert_eq!(refreshed(&mut hubspot, NOON + 9, &second).0, 200, "{reauthorize:?}");
    }
}

#[test]
fn a_rotated_refresh_token_works_within_its_grace_only() {
    let switches = Switches { refresh_rotates: true, refresh_grace_ms: 1_000, ..Switches::default() };
    let mut hubspot = hubspot(switches, 0);
    let (_, first) = install(&mut hubspot, NOON);
    let second = refreshed(&mut hubspot, NOON, &first).1["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let (status, late) = refreshed(&mut hubspot, NOON + 900, &first);
    assert_eq!((status, late["refresh_token"].as_str()), (200, Some(second.as_str())));
    assert_eq!(refreshed(&mut hubspot, NOON + 1_001, &first).0, 400);
    assert_eq!(refreshed(&mut hubspot, NOON + 1_001, &second).0, 200);
}

#[test]
fn only_an_admin_of_the_account_may_connect_it() {
    let mut hubspot = hubspot(Switches::default(), 0);
    hubspot.put_user(hubspot_simulator::grants::User {
        user_id: 5,
        email: "ada@example.com".into(),
        portals: [PORTAL].into(),
        super_admin: false,
        ..Default::default()
    });
    let login = [("email", "ada@example.com"), ("password", "hubspot"), ("next", "/")];
    let signed_in = hubspot.handle(NOON, &post_form("/login", &login)).unwrap();
    let cookie = signed_in.header("set-cookie").unwrap().to_owned();
    for portal in [PORTAL, 34] {
        let url = authorize_url("s").replace("/oauth/", &format!("/oauth/{portal}/"));
        let page = hubspot.handle(NOON, &with_header(get(&url), "cookie", &cookie)).unwrap();
        assert_eq!(page.status, 403);
    }
}

#[test]
fn a_private_token_tells_whose_it_is() {
    let mut hubspot = hubspot(Switches::default(), 0);
    hubspot.add_private_token(PORTAL, "pat-na1-x", &["crm.objects.contacts.read"]);
    let path = "/oauth/v2/private-apps/get/access-token-info";
    let answer =
        hubspot.handle(NOON, &json_request("POST", path, &json!({"tokenKey": "pat-na1-x"}))).unwrap();
    assert_eq!(json_of(&answer)["hubId"], PORTAL);
    assert_eq!(details(&mut hubspot, NOON, "pat-na1-x").0, 200);
    let (status, body) = details(&mut hubspot, NOON, "pat-na1-y");
    assert_eq!((status, body["category"].as_str()), (401, Some("INVALID_AUTHENTICATION")));
}

#[test]
fn a_call_without_its_scope_is_told_which_would_do() {
    let mut hubspot = hubspot(Switches::default(), 0);
    hubspot.add_private_token(PORTAL, "pat-na1-x", &[]);
    let list = with_token(get("/crm/objects/2026-09/contacts"), "pat-na1-x");
    let answer = hubspot.handle(NOON, &list).unwrap();
    let body = json_of(&answer);
    assert_eq!((answer.status, body["category"].as_str()), (403, Some("MISSING_SCOPES")));
    assert_eq!(body["errors"][0]["context"]["requiredGranularScopes"], json!(["crm.objects.contacts.read"]));
}

//! Who may come in and what connecting can come to, against the built Worker in workerd and the simulator's HubSpot.

use std::time::{Duration, Instant};

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use xtask::{
    browser::{Browser, Page},
    spoke::{Answer, Spoke},
    walk,
    world::{APP, Plan, World},
};

fn world(contacts: u32) -> World {
    World::start(crate::built(), &Plan::default().with("--contacts", contacts)).unwrap()
}

/// A new workspace, and a browser with an administrator's session there.
fn workspace(world: &World, name: &str) -> (String, Browser) {
    let workspace = world.spoke.create_workspace(name).unwrap();
    let mut browser = Browser::default();
    let page = browser.open(&world.spoke.create_session(&workspace).unwrap()).unwrap();
    assert_eq!(page.status, 200, "{}", page.words());
    (workspace, browser)
}

/// Leaves for HubSpot: the page that HubSpot shows a person who is signed in there.
fn leave(world: &World, browser: &mut Browser, workspace: &str, reconnect: &str) -> Page {
    let before =
        browser.open(&format!("{}/w/{workspace}/connect?app={APP}{reconnect}", world.spoke.url)).unwrap();
    let page = browser.submit(&before.form("form[action$='/connect']").unwrap()).unwrap();
    let hubspot = &world.simulator.started;
    match page.form("form:has(input[type=password])") {
        Some(login) => {
            let login = login.with("email", &hubspot.email).with("password", &hubspot.password);
            browser.submit(&login).unwrap()
        }
        None => page,
    }
}

fn state_of(page: &Page) -> &str {
    let (_, state) = page.url.split_once("&state=").unwrap();
    state.split('&').next().unwrap()
}

/// Chooses the account and answers HubSpot's question.
fn decide(browser: &mut Browser, accounts: &Page, portal: u64, decision: &str) -> Page {
    let account = accounts.link(&format!("a[href*='/oauth/{portal}/authorize']")).unwrap();
    let approval = browser.open(&account).unwrap();
    browser
        .submit(&approval.form("form:has(button[value=approve])").unwrap().with("decision", decision))
        .unwrap()
}

fn connections(world: &World) -> u64 {
    world.spoke.get_json("/healthz").unwrap()["connections"].as_u64().unwrap()
}

fn is_page(page: &Page, status: u16, words: &str) {
    assert!(page.status == status && page.words().contains(words), "{} {}", page.status, page.words());
}

#[test]
fn every_way_back_from_hubspot_that_fails_says_why_and_stores_nothing() {
    let world = world(20);
    let (url, portal) = (world.spoke.url.clone(), world.simulator.started.portal_id);
    let (acme, mut browser) = workspace(&world, "Acme");
    let (_, mut stranger) = workspace(&world, "Other");
    let not_started_here = "This connection was not started here";

    let page = browser.open(&format!("{url}/oauth/callback?code=x")).unwrap();
    is_page(&page, 400, "Start from your Integrations page");
    let page = browser.open(&format!("{url}/oauth/callback?code=x&state=made-up")).unwrap();
    is_page(&page, 400, not_started_here);

    // A state in another browser, and then in its own: used up.
    let accounts = leave(&world, &mut browser, &acme, "");
    let stolen = format!("{url}/oauth/callback?code=x&state={}", state_of(&accounts));
    is_page(&stranger.open(&stolen).unwrap(), 400, not_started_here);
    is_page(&browser.open(&stolen).unwrap(), 400, not_started_here);

    let accounts = leave(&world, &mut browser, &acme, "");
    is_page(&decide(&mut browser, &accounts, portal, "deny"), 200, "You did not approve");

    let accounts = leave(&world, &mut browser, &acme, "");
    let bad_code = format!("{url}/oauth/callback?code=na1-made-up&state={}", state_of(&accounts));
    is_page(&browser.open(&bad_code).unwrap(), 400, "has been used or has expired");

    for fault in [
        json!({"kind": "status", "status": 503}),
        json!({"kind": "status", "status": 502, "after_commit": true}),
        json!({"kind": "no_answer"}),
        json!({"kind": "html"}),
        json!({"kind": "truncated"}),
    ] {
        for endpoint in ["token", "account_details"] {
            // More than once: a GET whose connection breaks is repeated by the runtime itself.
            let rule = json!({"fault": fault, "endpoint": endpoint, "times": 5});
            world.simulator.post("faults", &rule).unwrap();
            let accounts = leave(&world, &mut browser, &acme, "");
            let page = decide(&mut browser, &accounts, portal, "approve");
            is_page(&page, 502, "HubSpot does not answer");
            world.simulator.delete("faults").unwrap();
        }
    }

    let app = world.simulator.get("state").unwrap()["apps"][0].clone();
    let changed = |field: &str, value: Value| {
        let mut changed = app.clone();
        changed[field] = value;
        world.simulator.post("apps", &changed).unwrap();
    };
    changed("client_secret", json!("another-secret"));
    let accounts = leave(&world, &mut browser, &acme, "");
    is_page(&decide(&mut browser, &accounts, portal, "approve"), 500, "our mistake");

    // HubSpot grants less than was asked for: here because the person shortened the address.
    let mut offers_all = app.clone();
    let scopes = ["required_scopes", "optional_scopes"].map(|list| app[list].as_array().unwrap().clone());
    offers_all["optional_scopes"] = json!(scopes.concat());
    offers_all["required_scopes"] = json!(["oauth"]);
    world.simulator.post("apps", &offers_all).unwrap();
    let accounts = leave(&world, &mut browser, &acme, "");
    let shortened = accounts.url.replace("crm.objects.contacts.read", "oauth");
    assert_ne!(shortened, accounts.url);
    let accounts = browser.open(&shortened).unwrap();
    let page = decide(&mut browser, &accounts, portal, "approve");
    is_page(&page, 400, "Some permissions are missing");

    world.simulator.post("apps", &app).unwrap();
    assert_eq!(connections(&world), 0);
    let listed = world.spoke.connections(&acme).unwrap();
    assert!(listed.is_empty(), "{listed:?}");
    assert_eq!(world.leaked(&[]).unwrap(), Vec::<String>::new());

    // And after all that, it connects; another account then does not pass for this one.
    let accounts = leave(&world, &mut browser, &acme, "");
    is_page(&decide(&mut browser, &accounts, portal, "approve"), 200, "HubSpot is connected");
    let connection = world.spoke.connections(&acme).unwrap().pop().unwrap();
    let other = portal + 1;
    world.simulator.post("portals", &json!({"portal_id": other, "contacts": 1})).unwrap();
    let mut user = world.simulator.get("state").unwrap()["users"][0].clone();
    user["portals"] = json!([portal, other]);
    world.simulator.post("users", &user).unwrap();
    let accounts = leave(&world, &mut browser, &acme, &format!("&connection={connection}"));
    is_page(&decide(&mut browser, &accounts, other, "approve"), 400, "That was another HubSpot account");
    assert_eq!(world.spoke.connections(&acme).unwrap(), [connection]);
}

fn with_key(spoke: &Spoke, key: &str) -> Spoke {
    Spoke::new(&spoke.url, key)
}

fn is_problem(answer: &Answer, status: u16, kind: &str) {
    let body = answer.json().unwrap_or_default();
    let expected = format!("/problems/{kind}");
    assert!(answer.status == status && body["type"] == expected, "{} {}", answer.status, answer.text);
}

#[test]
fn a_key_and_a_session_reach_their_own_workspace_only() {
    let world = world(20);
    let mut browser = Browser::default();
    let connected = walk::connect(&world, &mut browser, "Acme").unwrap();
    walk::first_sync(&world, &connected.connection, |_| ()).unwrap();
    let root = &world.spoke;
    let (other, mut stranger) = workspace(&world, "Other");
    let keys = format!("/v1/workspaces/{other}/keys");
    let made = root.post_json(&keys, &json!({"name": "ci"})).unwrap();
    let foreign = with_key(root, made["key"].as_str().unwrap());

    assert_eq!(foreign.get(&format!("/v1/workspaces/{other}")).unwrap().status, 200);
    let (workspace, connection) = (&connected.workspace, &connected.connection);
    for path in [
        format!("/v1/workspaces/{workspace}"),
        format!("/v1/workspaces/{workspace}/keys"),
        format!("/v1/workspaces/{workspace}/connections"),
        format!("/v1/connections/{connection}"),
        format!("/v1/connections/{connection}/records/contacts"),
        format!("/v1/connections/{connection}/records/contacts/1"),
        format!("/v1/connections/{connection}/changes"),
    ] {
        is_problem(&foreign.get(&path).unwrap(), 404, "not-found");
        is_problem(&with_key(root, "key_1.2").get(&path).unwrap(), 401, "unauthenticated");
    }
    is_problem(&foreign.delete(&format!("/v1/connections/{connection}")).unwrap(), 404, "not-found");
    let person = json!({"user": "eve", "role": "administrator"});
    let session = foreign.post(&format!("/v1/workspaces/{workspace}/sessions"), &person).unwrap();
    is_problem(&session, 404, "not-found");
    is_problem(&foreign.get("/v1/workspaces").unwrap(), 403, "forbidden");
    is_problem(&foreign.post("/v1/workspaces", &json!({"name": "x"})).unwrap(), 403, "forbidden");

    // A session of one workspace, a viewer's, and a link's second opening.
    let page = |browser: &mut Browser, workspace: &str| {
        browser.open(&format!("{}/w/{workspace}/integrations", root.url)).unwrap()
    };
    is_page(&page(&mut stranger, workspace), 401, "You are signed out");
    is_page(&page(&mut stranger, &other), 200, "");
    let viewer = json!({"user": "vic", "role": "viewer"});
    let link = root.post_json(&format!("/v1/workspaces/{other}/sessions"), &viewer).unwrap();
    let link = link["url"].as_str().unwrap();
    is_page(&Browser::default().open(link).unwrap(), 403, "Only administrators");
    is_page(&Browser::default().open(link).unwrap(), 410, "has been used or has expired");

    // A form without the session's token, and one of another workspace's page.
    let form = page_form(&mut browser, &format!("{}/w/{workspace}/connect?app={APP}", root.url));
    is_page(&browser.submit(&form.with("csrf", "made-up")).unwrap(), 403, "out of date");
    let disconnect = format!("{}/w/{other}/connections/{connection}/disconnect", root.url);
    is_page(&stranger.open(&disconnect).unwrap(), 404, "There is no such page");

    // Revocation takes effect within five seconds.
    let id = made["id"].as_str().unwrap();
    assert_eq!(root.delete(&format!("{keys}/{id}")).unwrap().status, 204);
    let revoked_at = Instant::now();
    while foreign.get(&format!("/v1/workspaces/{other}")).unwrap().status != 401 {
        assert!(revoked_at.elapsed() < Duration::from_secs(7), "a revoked key is still accepted");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn page_form(browser: &mut Browser, url: &str) -> xtask::browser::Form {
    browser.open(url).unwrap().form("form[method=post][action$='/connect']").unwrap()
}

#[test]
fn the_console_opens_to_its_password_and_pauses_who_guesses() {
    let world = world(1);
    let console = format!("{}/console", world.spoke.url);
    let sign_in = |browser: &mut Browser, password: &str| {
        let form = browser.open(&console).unwrap().form("form[action$='/sign-in']").unwrap();
        browser.submit(&form.with("password", password)).unwrap()
    };
    let mut operator = Browser::default();
    is_page(&sign_in(&mut operator, "not the password"), 401, "Operator console");
    is_page(&sign_in(&mut operator, &world.secrets.console_password), 200, "Workspaces");

    let overview = operator.open(&console).unwrap();
    let create = overview.form("form[action$='/console/workspaces']").unwrap();
    let page = operator.submit(&create.clone().with("name", "Made here").with("jurisdiction", "eu")).unwrap();
    assert!(page.status == 200 && page.html.contains("Made here"), "{} {}", page.status, page.words());
    let page = operator.submit(&create.with("name", "  ").with("jurisdiction", "")).unwrap();
    assert_eq!(page.status, 400);
    let open = operator.open(&console).unwrap().form("form[action$='/open']").unwrap();
    let page = operator.submit(&open).unwrap();
    assert!(page.status == 200 && page.url.ends_with("/integrations"), "{} {}", page.status, page.url);

    let sign_out = operator.open(&console).unwrap().form("form[action$='/sign-out']").unwrap();
    operator.submit(&sign_out).unwrap();
    is_page(&operator.open(&console).unwrap(), 200, "Operator console");
    for _ in 0..4 {
        sign_in(&mut operator, "not the password");
    }
    is_page(&sign_in(&mut operator, &world.secrets.console_password), 429, "Too many attempts");
}

/// Sends a delivery as HubSpot signs it, `age_ms` old.
fn deliver(world: &World, secret: &str, body: &str, age_ms: i64) -> Answer {
    let url = format!("{}/webhooks/hubspot/{APP}", world.spoke.url);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let timestamp = (now.as_millis() as i64 - age_ms).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("POST{url}{body}{timestamp}").as_bytes());
    let signature = BASE64.encode(&mac.finalize().into_bytes());
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut response = agent
        .post(&url)
        .header("x-hubspot-signature-v3", signature)
        .header("x-hubspot-request-timestamp", timestamp)
        .content_type("application/json")
        .send(body)
        .unwrap();
    let status = response.status().as_u16();
    Answer { status, text: response.body_mut().read_to_string().unwrap() }
}

#[test]
fn only_signed_and_fresh_deliveries_are_taken_and_unknown_accounts_are_counted() {
    let world = world(20);
    let mut browser = Browser::default();
    let connected = walk::connect(&world, &mut browser, "Acme").unwrap();
    walk::first_sync(&world, &connected.connection, |_| ()).unwrap();
    let portal = world.simulator.started.portal_id;
    let event = |portal: u64| {
        json!([{"eventId": 1, "subscriptionId": 1, "portalId": portal, "appId": 1, "occurredAt": 1,
                "subscriptionType": "contact.propertyChange", "attemptNumber": 0, "objectId": 1}])
        .to_string()
    };
    let secret = world.secrets.client_secret.as_str();
    let (own, unknown) = (event(portal), event(portal + 1_000));
    world.simulator.clear_counters().unwrap();
    is_problem(&deliver(&world, "another secret", &own, 0), 401, "unauthenticated");
    is_problem(&deliver(&world, secret, &own, 301_000), 401, "unauthenticated");
    is_problem(&deliver(&world, secret, &own, -301_000), 401, "unauthenticated");
    is_problem(&deliver(&world, secret, "{}", 0), 400, "invalid-request");
    is_problem(&deliver(&world, secret, &" ".repeat((1 << 20) + 1), 0), 413, "too-large");
    assert_eq!(deliver(&world, secret, &unknown, 0).status, 200);
    assert_eq!(world.simulator.counters().unwrap().of(""), 0, "a refused delivery made calls");
    let health = world.spoke.get_json("/healthz").unwrap();
    assert_eq!(health["counters"]["events_without_route"], 1);
    assert_eq!(deliver(&world, secret, &own, 0).status, 200);
}

#[test]
fn disconnecting_follows_the_holders_of_the_grant_and_the_same_account_comes_back_as_it_was() {
    let world = world(20);
    let (mut first_browser, mut second_browser) = (Browser::default(), Browser::default());
    let first = walk::connect(&world, &mut first_browser, "Acme").unwrap();
    let second = walk::connect(&world, &mut second_browser, "Other").unwrap();
    walk::first_sync(&world, &second.connection, |_| ()).unwrap();
    let disconnect = |connection: &str| {
        let path = format!("/v1/connections/{connection}");
        let answer = world.spoke.delete(&path).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        let began_at = Instant::now();
        while world.spoke.get_json(&path).unwrap()["state"] != "disconnected" {
            assert!(began_at.elapsed() < Duration::from_secs(30), "the disconnect does not end");
            std::thread::sleep(Duration::from_millis(200));
        }
        answer.json().unwrap()["disconnect"].clone()
    };
    assert_eq!(disconnect(&first.connection), json!({"stops": true, "revokes": false, "uninstalls": false}));
    // The other holder's grant is alive.
    world.simulator.edit(5).unwrap();
    assert!(walk::settle(&world, &second.connection, Duration::from_mins(1)).unwrap().is_none());
    assert_eq!(disconnect(&second.connection), json!({"stops": true, "revokes": true, "uninstalls": true}));
    let grants = world.simulator.get("state").unwrap()["grants"].as_array().unwrap().clone();
    assert!(grants.iter().all(|grant| grant["alive"] == false && grant["installed"] == false), "{grants:?}");

    walk::authorise(&world, &mut second_browser, &second.workspace).unwrap();
    assert_eq!(world.spoke.connections(&second.workspace).unwrap(), [second.connection.as_str()]);
    assert!(walk::settle(&world, &second.connection, Duration::from_mins(1)).unwrap().is_none());
}

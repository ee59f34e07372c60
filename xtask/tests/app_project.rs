//! The app projects say what the code does: addresses, scopes, and webhooks that Spoke understands.
#![allow(clippy::unwrap_used, reason = "a test ends where its helper is surprised")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spoke::api::route::{self, Found, OAUTH_CALLBACK};
use spoke::hubspot::webhooks::{EVENTS_LIMIT, Event, parse_events};
use spoke::values::http::Method;
use spoke::values::scopes::SCOPES;
use xtask::app_project::{Distribution, Options, PLATFORM, files, write};

fn options(url: &str) -> Options {
    Options {
        url: url.into(),
        key: "main".into(),
        name: "Acme".into(),
        distribution: Distribution::Private,
        support_email: Some("help@acme.example".into()),
        out: String::new(),
        force: false,
    }
}

fn all() -> BTreeMap<String, Value> {
    files(&options("https://hubspot.acme.example/")).unwrap().into_iter().collect()
}

const APPS: [(&str, bool); 2] =
    [("account-level/src/app/app-hsmeta.json", false), ("user-level/src/app/app-hsmeta.json", true)];

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|own| own.as_str().unwrap()).collect()
}

#[test]
fn each_project_is_of_the_platform_and_has_one_app_of_its_kind() {
    let all = all();
    for folder in ["account-level", "user-level"] {
        let project = &all[&format!("{folder}/hsproject.json")];
        assert_eq!((&project["platformVersion"], &project["srcDir"]), (&json!(PLATFORM), &json!("src")));
    }
    for (path, user_level) in APPS {
        let app = &all[path];
        assert_eq!((&app["type"], &app["config"]["isUserLevel"]), (&json!("app"), &json!(user_level)));
        assert_eq!(app["config"]["auth"]["type"], "oauth");
    }
    assert_ne!(all[APPS[0].0]["uid"], all[APPS[1].0]["uid"]);
    assert_eq!(all.keys().filter(|path| path.contains("webhooks")).count(), 1);
}

#[test]
fn each_scope_of_the_table_stands_exactly_once_and_no_other() {
    let all = all();
    for (path, _) in APPS {
        let auth = &all[path]["config"]["auth"];
        let (required, optional) = (texts(&auth["requiredScopes"]), texts(&auth["optionalScopes"]));
        for scope in &SCOPES {
            let counts =
                [&required, &optional].map(|own| own.iter().filter(|name| **name == scope.name).count());
            assert_eq!(counts, [usize::from(scope.required), usize::from(!scope.required)], "{}", scope.name);
        }
        assert_eq!(required.len() + optional.len(), SCOPES.len());
        assert_eq!(texts(&auth["conditionallyRequiredScopes"]).len(), 0);
    }
}

#[test]
fn its_addresses_are_routes_of_the_worker() {
    let all = all();
    for (path, _) in APPS {
        let redirects = texts(&all[path]["config"]["auth"]["redirectUrls"]);
        assert_eq!(redirects, [format!("https://hubspot.acme.example{OAUTH_CALLBACK}")]);
    }
    let settings = &all["account-level/src/app/webhooks/webhooks-hsmeta.json"]["config"]["settings"];
    let target =
        settings["targetUrl"].as_str().unwrap().strip_prefix("https://hubspot.acme.example").unwrap();
    assert!(matches!(route::find(Some(Method::Post), target), Found::Route(_)), "{target}");
    // HubSpot wants more than five.
    assert!(settings["maxConcurrentRequests"].as_u64().unwrap() > 5);
}

#[test]
fn spoke_understands_every_event_that_is_subscribed_to() {
    let all = all();
    let subscriptions =
        &all["account-level/src/app/webhooks/webhooks-hsmeta.json"]["config"]["subscriptions"];
    let families = ["crmObjects", "legacyCrmObjects", "hubEvents"];
    let entries: Vec<&Value> =
        families.iter().flat_map(|name| subscriptions[name].as_array().unwrap()).collect();
    assert!(entries.len() > 60, "{}", entries.len());
    for entry in entries {
        assert_eq!(entry["active"], true, "{entry}");
        let kind = entry["subscriptionType"].as_str().unwrap();
        assert_eq!(entry.get("propertyName").is_some(), kind.ends_with(".propertyChange"), "{entry}");
        assert_eq!(entry.get("objectType").is_some(), kind.starts_with("object."), "{entry}");
        let type_id = entry.get("objectType").map(|name| match name.as_str().unwrap() {
            "task" => "0-27",
            "call" => "0-48",
            "note" => "0-46",
            other => panic!("{other} has no type id here"),
        });
        // What HubSpot then sends (`hubspot-api.md` 9.2).
        let event = json!([{
            "portalId": 33, "occurredAt": 7, "subscriptionType": kind, "objectId": 1, "objectTypeId": type_id,
            "propertyName": entry.get("propertyName"), "fromObjectId": 1, "toObjectId": 2,
            "primaryObjectId": 1, "mergedObjectIds": [2], "newObjectId": 3,
        }]);
        let read = parse_events(event.to_string().as_bytes(), EVENTS_LIMIT).unwrap();
        let fits = match (kind.split_once('.').unwrap().1, &read[0].1) {
            ("creation" | "propertyChange", event) => matches!(event, Event::Touched { .. }),
            ("deletion", event) => matches!(event, Event::Deleted { .. }),
            ("privacyDeletion", event) => matches!(event, Event::PrivacyDeleted { .. }),
            ("merge", event) => matches!(event, Event::Merged { .. }),
            ("restore", event) => matches!(event, Event::Restored { .. }),
            ("associationChange", event) => matches!(event, Event::Linked { .. }),
            _ => false,
        };
        assert!(fits, "{entry}: {read:?}");
    }
}

#[test]
fn the_files_are_written_once_and_over_others_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("hubspot-app").display().to_string();
    let mut options = Options { out: out.clone(), ..options("https://hubspot.acme.example") };
    write(&options).unwrap();
    let path = format!("{out}/account-level/src/app/app-hsmeta.json");
    let read: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(read["config"]["name"], "Acme");
    std::fs::write(&path, "{}").unwrap();
    let refused = write(&options).unwrap_err().to_string();
    assert!(refused.contains("--force"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), b"{}");
    options.force = true;
    write(&options).unwrap();
    assert_ne!(std::fs::read(&path).unwrap(), b"{}");
}

#[test]
fn only_addresses_that_hubspot_takes_are_taken() {
    for good in ["https://a.example", "http://localhost:8787"] {
        assert!(files(&options(good)).is_ok(), "{good}");
    }
    for bad in [
        "http://a.example",
        "https://",
        "https://a.example/path",
        "a.example",
        "https://me@a.example",
        "http://localhost.evil.example",
    ] {
        assert!(files(&options(bad)).is_err(), "{bad}");
    }
    for key in ["a/b", "", "token-1"] {
        let other = Options { key: key.into(), ..options("https://a.example") };
        assert!(files(&other).is_err(), "{key}");
    }
}

//! The README's tables are what the code says.

use std::{fs, path::Path};

use hubspot_simulator::{PortalSettings, Simulator, Switches, control::ALL_SCOPES, http::Request};
use serde_json::Value;
use spoke::{
    api::seat::{ROUTES, Whose},
    values::{config::SETTINGS, failure::Failure, http::Method, scopes::SCOPES, subscriptions::SUBSCRIBED},
};

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README is there")
}

/// The table between two markers, line by line.
fn table(name: &str) -> Vec<String> {
    let text = readme();
    let (_, rest) = text.split_once(&format!("<!-- {name} -->\n")).expect("the table has its marker");
    let (table, _) = rest.split_once("<!-- end -->").expect("the table ends");
    table.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect()
}

#[test]
fn the_deployment_reaches_its_own_zone_as_anybody_does() {
    let wrangler = include_str!("../../wrangler.toml");
    assert!(wrangler.contains("compatibility_flags = [\"global_fetch_strictly_public\"]"));
}

#[test]
fn the_configuration_table_is_the_one_in_the_code() {
    let rows: Vec<String> = SETTINGS
        .iter()
        .map(|setting| {
            let kind = if setting.secret { "secret" } else { "variable" };
            let default = setting.default.map_or_else(|| "required".to_owned(), |value| format!("`{value}`"));
            format!("| `{}` | {kind} | {default} | {} |", setting.name, setting.meaning)
        })
        .collect();
    assert_eq!(table("settings"), rows, "the rows should be:\n{}", rows.join("\n"));
}

#[test]
fn the_scope_table_is_the_one_in_the_code() {
    let rows: Vec<String> = SCOPES
        .iter()
        .map(|scope| {
            let need = if scope.required { "required" } else { "optional" };
            format!("| `{}` | {need} | {} |", scope.name, scope.purpose)
        })
        .collect();
    assert_eq!(table("scopes"), rows, "the rows should be:\n{}", rows.join("\n"));
}

#[test]
fn the_table_of_failures_is_the_one_in_the_code() {
    let row = |failure: Failure| {
        let (name, signs) = (failure.name(), failure.signs());
        format!("| `{name}` | {signs} | {} | {} |", failure.what(), failure.remedy())
    };
    let rows: Vec<String> = Failure::ALL.into_iter().map(row).collect();
    assert_eq!(table("failures"), rows, "the rows should be:\n{}", rows.join("\n"));
}

#[test]
fn the_table_of_seats_is_the_one_in_the_code() {
    let row = |(method, path, whose, words): &(Method, &str, Whose, &str)| {
        format!("| `{} {path}` | {} | {words} |", method.as_str(), whose.words())
    };
    let rows: Vec<String> = ROUTES.iter().map(row).collect();
    assert_eq!(table("seats"), rows, "the rows should be:\n{}", rows.join("\n"));
}

#[test]
fn the_table_of_subscriptions_is_the_one_in_the_code() {
    let rows: Vec<String> = SUBSCRIBED
        .iter()
        .map(|own| {
            let properties: Vec<String> = own.properties.iter().map(|name| format!("`{name}`")).collect();
            format!("| `{}` | {} | {} |", own.object, own.events.join(", "), properties.join(", "))
        })
        .collect();
    assert_eq!(table("subscriptions"), rows, "the rows should be:\n{}", rows.join("\n"));
}

#[test]
fn hubspot_has_every_property_that_is_subscribed_to() {
    let mut hubspot = Simulator::new(1, Switches::default());
    hubspot.add_portal(1, PortalSettings::default());
    hubspot.add_private_token(1, "pat-na1-x", &ALL_SCOPES);
    for own in &SUBSCRIBED {
        let plural = match own.object {
            "contact" => "contacts",
            "company" => "companies",
            "deal" => "deals",
            "task" => "tasks",
            "call" => "calls",
            "note" => "notes",
            other => panic!("{other} has no plural here"),
        };
        let request = Request {
            method: "GET".into(),
            path: format!("/crm/properties/2026-09/{plural}"),
            headers: vec![("authorization".into(), "Bearer pat-na1-x".into())],
            ..Request::default()
        };
        let answer = hubspot.handle(0, &request).expect("an answer");
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let known: Vec<&str> = body["results"]
            .as_array()
            .expect("results")
            .iter()
            .filter_map(|own| own["name"].as_str())
            .collect();
        for name in own.properties {
            assert!(known.contains(name), "{} {name}", own.object);
        }
    }
}

#[test]
fn every_file_the_readme_points_at_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = readme();
    let targets: Vec<&str> = text
        .split("](")
        .skip(1)
        .filter_map(|part| part.split(')').next())
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .collect();
    assert!(!targets.is_empty(), "the README points at files");
    for target in targets {
        assert!(root.join(target).exists(), "{target}");
    }
}

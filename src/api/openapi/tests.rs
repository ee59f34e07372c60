//! The document is the code's, whole, and the committed one.

use std::{collections::BTreeSet, fs, path::Path};

use super::*;
use crate::{
    api::{
        response::{self, tests as samples},
        route, seat,
    },
    engine::{
        directory::messages::{ApiKey, Permission, Permissions, Plan, Workspace},
        portal::{endpoints::endpoint::EVENTS, seats::commands::State},
    },
    store::portal::feed::Lifecycle,
    values::{
        failure::Failure,
        filter::{Code, Fault},
        ids::{ApiKeyId, WorkspaceId},
        problem::Problem,
        time::Timestamp,
    },
};

#[test]
fn every_address_of_the_table_is_described_and_no_other() {
    let served: BTreeSet<(&str, &str)> = route::table()
        .filter(|(_, pattern, _)| pattern.starts_with("/v1/"))
        .map(|(method, pattern, _)| (method.as_str(), *pattern))
        .collect();
    let operations = operations();
    let described: BTreeSet<(&str, &str)> =
        operations.iter().map(|operation| (operation.method.as_str(), operation.pattern)).collect();
    assert_eq!(operations.len(), described.len(), "an operation stands twice");
    let missing: Vec<_> = served.difference(&described).collect();
    let invented: Vec<_> = described.difference(&served).collect();
    assert_eq!((missing, invented), (Vec::new(), Vec::new()), "say in `operations.rs` what these do");
    let ids: BTreeSet<&str> = operations.iter().map(|operation| operation.id).collect();
    assert_eq!(ids.len(), operations.len(), "an id stands twice");
    for operation in &operations {
        assert!(TAGS.iter().any(|(tag, _)| *tag == operation.tag), "{}", operation.tag);
        let limited =
            taken(&super::route(operation.method, &paths_of(operation.pattern)[0])).contains(&"limit");
        assert_eq!(most(operation.id).is_some(), limited, "{}", operation.id);
    }
}

#[test]
fn whatever_is_referred_to_is_there_and_whatever_is_there_is_referred_to() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(entries) => {
                if let Some(Value::String(reference)) = entries.get("$ref") {
                    found.insert(reference.clone());
                }
                entries.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    for part in ["parameters", "responses", "schemas"] {
        for name in document["components"][part].as_object().expect("a part").keys() {
            assert!(
                found.contains(&format!("#/components/{part}/{name}")),
                "nothing refers to {part}/{name}"
            );
        }
    }
}

#[test]
fn the_committed_document_is_what_the_code_makes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let made = format!("{:#}\n", document());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&file, &made).expect("the file can be written");
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == made, "`UPDATE_OPENAPI=1 cargo test openapi` writes `{FILE}` anew");
}

/// Holds a value against a schema of the components, in which named members stand alone.
fn fits(name: &str, value: &Value) {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(entries) => {
                entries.values_mut().for_each(close);
                if entries.contains_key("type") && entries.contains_key("properties") {
                    entries.entry("additionalProperties").or_insert(json!(false));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut document = document();
    close(&mut document["components"]["schemas"]);
    let mut schema = document["components"]["schemas"][name].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert_eq!(wrong, [""; 0], "{name}: {value}");
}

#[test]
fn what_the_directory_tells_fits_the_document() {
    let workspace = Workspace {
        id: WorkspaceId::from_random([1; 12]),
        name: "Acme".to_owned(),
        jurisdiction: None,
        created_at: Timestamp(0),
    };
    fits("Workspace", &response::workspace(&workspace));
    fits("Workspaces", &response::workspaces(std::iter::once(&workspace), Some(&workspace.id)));
    let key = ApiKey {
        id: ApiKeyId::from_random([2; 12]),
        name: "ci".to_owned(),
        created_at: Timestamp(0),
        expires_at: Some(Timestamp(1)),
        used_at: None,
        permissions: Permissions::of(&[Permission::Read]),
    };
    fits("Keys", &response::list(vec![response::key(&key)]));
    fits("CreatedKey", &response::key_created(&key, "key_x.y"));
    fits("Session", &response::session("https://spoke.example", "x", Timestamp(0)));
    let (connection, status) = (samples::sample(), samples::status());
    fits("Connections", &response::list(vec![response::connection(&connection)]));
    fits("ConnectionWithSync", &response::connection_with_sync(&connection, Some(&status)));
    fits("ConnectionWithSync", &response::connection_with_sync(&connection, None));
    fits("Disconnect", &response::plan(&Plan { connection, uninstall: true, revoke: false }));
}

#[test]
fn whatever_may_be_answered_of_a_seat_is_among_its_refusals() {
    let document = document();
    let always = [seat::off(), seat::unknown(), seat::not_connected(), seat::not_active(State::Revoked)];
    for (at, (method, pattern, _)) in seat::TABLE.iter().enumerate() {
        let path = &paths_of(pattern)[0];
        let told = &document["paths"][path][method.as_str().to_lowercase()]["responses"];
        let asks = seat::ROUTES[at].2 == seat::Whose::Seat;
        let of_hubspot = Failure::ALL.into_iter().filter(|_| asks).map(Failure::status);
        for status in always.iter().map(Problem::status).chain(of_hubspot) {
            assert!(told[status.to_string()].is_object(), "{method:?} {path} may answer {status}");
        }
    }
}

#[test]
fn every_kind_of_refusal_fits_the_document() {
    for kind in Kind::ALL {
        let fault = Fault { path: "/name".to_owned(), code: Code::Shape, detail: "It is none.".to_owned() };
        let problem = Problem::new(kind, "This is how it is.").with_correlation("c").with_errors(vec![fault]);
        fits("Problem", &problem.to_json());
        fits("Problem", &Problem::new(kind, "This is how it is.").to_json());
    }
}

#[test]
fn what_the_document_calls_a_change_is_what_the_feed_tells() {
    let document = document();
    let kinds = document["components"]["schemas"]["Change"]["properties"]["kind"]["enum"].clone();
    let lifecycle = [
        Lifecycle::Connected,
        Lifecycle::BackfillDone,
        Lifecycle::NeedsReauthorisation,
        Lifecycle::ScopeLost,
        Lifecycle::Paused,
        Lifecycle::Resumed,
        Lifecycle::StorageLow,
        Lifecycle::ChannelHeld,
        Lifecycle::ChannelResumed,
        Lifecycle::QualifyingListHeld,
        Lifecycle::QualifyingListResumed,
        Lifecycle::WorkflowHeld,
        Lifecycle::WorkflowResumed,
        Lifecycle::AudienceHeld,
        Lifecycle::AudienceResumed,
        Lifecycle::ScoreRunFinished,
        Lifecycle::SeatExpired,
        Lifecycle::Disconnected,
        Lifecycle::DataDeleted,
    ]
    .map(Lifecycle::as_str);
    let own = EVENTS
        .into_iter()
        .filter(|kind| *kind != "lifecycle")
        .chain(["list_off", "type_off"])
        .chain(lifecycle);
    let expected: BTreeSet<&str> = own.collect();
    let said: BTreeSet<&str> = kinds.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(said, expected);
}

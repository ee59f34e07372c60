//! Our requests against HubSpot's own OpenAPI files, where these lie beside the project (they are not ours to copy).

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};
use spoke::{
    hubspot::{
        account, associations, events, imports, lists, oauth, objects, owners, pipelines, properties,
        schemas,
        tasks::{self, Place, Sought},
        webhooks::{self, Event},
        writes::{self, Edit, New, Upsert, Values},
    },
    values::{
        attribute::{self, AttributeKind, Choice, Names as Audiences},
        config::{App, AppKind},
        http::{Body, Request},
        ids::{ListId, ObjectType, RecordId},
        score::{Names, Score},
        secret::Secret,
        time::Timestamp,
    },
};

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/hubspot-openapi");
const KIND: ObjectType = ObjectType::Contacts;

/// HubSpot's file of that name; `None`, and a word about it, where the files are absent.
fn specification(name: &str) -> Option<Value> {
    let path = Path::new(FILES).join(name);
    if !path.exists() {
        eprintln!("skipped: no `{name}` in ../shared/hubspot-openapi");
        return None;
    }
    Some(serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
}

/// The operation a request is meant for: by method and path, `{…}` standing for any one segment.
fn operation<'a>(spec: &'a Value, request: &Request) -> &'a Value {
    let path = request.path.split('?').next().unwrap();
    let fits = |template: &str| {
        template.split('/').count() == path.split('/').count()
            && template
                .split('/')
                .zip(path.split('/'))
                .all(|(one, other)| one == other || one.starts_with('{'))
    };
    let (_, item) = spec["paths"]
        .as_object()
        .unwrap()
        .iter()
        // A literal segment goes before a placeholder.
        .filter(|(template, _)| fits(template))
        .min_by_key(|(template, _)| template.matches('{').count())
        .unwrap_or_else(|| panic!("no path fits `{path}`"));
    let operation = &item[request.method.as_str().to_lowercase()];
    assert!(operation.is_object(), "no `{}` at `{path}`", request.method.as_str());
    operation
}

fn query_names(request: &Request) -> BTreeSet<&str> {
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter_map(|pair| Some(pair.split_once('=')?.0)).collect()
}

/// Path, method, query names and body are what the specification describes.
fn check(spec: &Value, request: &Request) {
    let operation = operation(spec, request);
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    for name in query_names(request) {
        let known =
            parameters.iter().any(|parameter| parameter["name"] == name && parameter["in"] == "query");
        assert!(known, "`{name}` is no query parameter of `{}`", request.path);
    }
    let (media, body) = match &request.body {
        Body::Empty => return assert!(operation["requestBody"]["required"] != true, "{}", request.path),
        Body::Json(text) => ("application/json", serde_json::from_str(text).unwrap()),
        Body::Form(form) => {
            let pairs = form_urlencoded::parse(form.expose().as_bytes()).into_owned();
            let fields = pairs.map(|(name, value)| (name, Value::String(value))).collect();
            ("application/x-www-form-urlencoded", Value::Object(fields))
        }
        Body::Multipart { boundary, parts } => {
            let part = |part: &str| {
                let (head, content) = part.split_once("\r\n\r\n")?;
                let name = head.split_once("name=\"")?.1.split('"').next()?;
                Some((name.to_owned(), Value::String(content.strip_suffix("\r\n")?.to_owned())))
            };
            let fields = parts.split(&format!("--{boundary}")).filter_map(part).collect();
            ("multipart/form-data", Value::Object(fields))
        }
    };
    let mut schema = operation["requestBody"]["content"][media]["schema"].clone();
    assert!(schema.is_object(), "`{}` takes no `{media}`", request.path);
    schema["components"] = spec["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0], "{}: {body}", request.path);
    let described = match schema["$ref"].as_str() {
        Some(reference) => spec.pointer(reference.trim_start_matches('#')).unwrap(),
        None => &schema,
    };
    for name in body.as_object().into_iter().flat_map(|fields| fields.keys()) {
        assert!(described["properties"].get(name).is_some(), "`{name}` is no field of `{}`", request.path);
    }
}

/// The same of a write: also what lies deeper in its body has names that the specification describes.
fn check_write(spec: &Value, request: &Request) {
    check(spec, request);
    let Body::Json(text) = &request.body else { panic!("`{}` writes nothing", request.path) };
    let schema = &operation(spec, request)["requestBody"]["content"]["application/json"]["schema"];
    all_described(spec, schema, &serde_json::from_str(text).unwrap(), &request.path);
}

/// Each name that a body has anywhere is one that its schema describes there.
fn all_described(spec: &Value, schema: &Value, body: &Value, path: &str) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => spec.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    match body {
        Value::Array(all) => all.iter().for_each(|one| all_described(spec, &schema["items"], one, path)),
        Value::Object(fields) => {
            for (name, field) in fields {
                let own = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
                let own = own.unwrap_or_else(|| panic!("`{name}` is no field of what `{path}` takes"));
                all_described(spec, own, field, path);
            }
        }
        _ => {}
    }
}

/// The file types `sorts` as texts; HubSpot's guide and every client send objects, and so do we (`hubspot-api.md` 4.6).
fn with_sorts_as_objects(mut spec: Value) -> Value {
    let sorts = &mut spec["components"]["schemas"]["PublicObjectSearchRequest"]["properties"]["sorts"];
    assert_eq!(sorts["items"]["type"], "string", "the file was corrected: drop this exception");
    sorts["items"] = json!({
        "type": "object",
        "required": ["propertyName", "direction"],
        "properties": { "direction": { "enum": ["ASCENDING", "DESCENDING"] } },
    });
    spec
}

/// Every request for records of a type.
fn record_requests(kind: ObjectType, property: &str) -> Vec<Request> {
    let names = [property.to_owned(), "hs_object_id".to_owned()];
    let range = objects::IdRange { above: Some(RecordId(5)), up_to: Some(RecordId(9)) };
    vec![
        objects::list(kind, &names, Some("17")),
        objects::list_ids(kind, None),
        objects::batch_read(kind, &[RecordId(1), RecordId(2)], &names),
        objects::read(kind, RecordId(1), &names),
        objects::search_modified(kind, Timestamp(1_763_596_800_000), range),
        objects::search_modified(kind, Timestamp(0), objects::IdRange::default()),
        objects::search_area(kind, Timestamp(1), Timestamp(2), range, 200),
        objects::search_greatest_id(kind),
    ]
}

#[test]
fn record_requests_are_as_hubspot_describes_them() {
    for (file, kind, property) in [
        ("contacts.json", ObjectType::Contacts, "email"),
        ("companies.json", ObjectType::Companies, "domain"),
        ("deals.json", ObjectType::Deals, "dealname"),
    ] {
        let Some(spec) = specification(file).map(with_sorts_as_objects) else { continue };
        for request in record_requests(kind, property) {
            check(&spec, &request);
        }
    }
}

#[test]
fn requests_of_further_types_are_as_hubspot_describes_them() {
    let custom = ObjectType::Custom(77);
    for (file, kind, property) in [
        ("tasks.json", ObjectType::Tasks, "hs_task_subject"),
        ("calls.json", ObjectType::Calls, "hs_call_title"),
        ("notes.json", ObjectType::Notes, "hs_note_body"),
        ("objects.json", custom, "name"),
    ] {
        let Some(spec) = specification(file).map(with_sorts_as_objects) else { continue };
        for request in record_requests(kind, property) {
            let path = request.path.split('?').next().unwrap();
            let of_kind = format!("/crm/objects/2026-09/{}", kind.name());
            assert!(path == of_kind || path.starts_with(&format!("{of_kind}/")), "{path}");
            check(&spec, &request);
        }
    }
    let kinds = ObjectType::FURTHER.into_iter().chain([custom]);
    if let Some(spec) = specification("properties.json") {
        kinds.for_each(|kind| check(&spec, &properties::list(kind)));
    }
    if let Some(spec) = specification("schemas.json") {
        check(&spec, &schemas::list());
    }
}

/// Every request with which the outbox writes records of a type, or asks whether one arrived. `links`: what a new one is linked to.
fn record_writes(kind: ObjectType, property: &str, links: &[ObjectType]) -> Vec<Request> {
    // An empty value clears.
    let values =
        Values::from([(property.to_owned(), "Text".to_owned()), ("other".to_owned(), String::new())]);
    let new = |number: u64| New {
        trace: format!("act_1.{number}"),
        values: &values,
        ties: links.iter().map(|to| (*to, RecordId(number + 7))).collect(),
    };
    let edit =
        |number: u64| Edit { trace: format!("act_2.{number}"), id: RecordId(number + 1), values: &values };
    vec![
        writes::create(kind, &[new(0), new(1)]),
        writes::update(kind, &[edit(0), edit(1)]),
        writes::update_one(kind, RecordId(1), &values),
        writes::read_by(kind, property, &["act_1.0", "act_1.1"], &BTreeSet::from([property])),
    ]
}

#[test]
fn writes_of_records_are_as_hubspot_describes_them() {
    let (none, classical): (&[ObjectType], &[ObjectType]) = (&[], &ObjectType::ALWAYS);
    for (file, kind, property, links) in [
        ("contacts.json", ObjectType::Contacts, "email", none),
        ("companies.json", ObjectType::Companies, "spoke_action_id", none),
        ("deals.json", ObjectType::Deals, "dealstage", none),
        ("tasks.json", ObjectType::Tasks, "hs_task_subject", classical),
        ("calls.json", ObjectType::Calls, "hs_call_title", classical),
        ("notes.json", ObjectType::Notes, "hs_note_body", classical),
        ("objects.json", ObjectType::Custom(77), "name", none),
    ] {
        let Some(spec) = specification(file) else { continue };
        for request in record_writes(kind, property, links) {
            check_write(&spec, &request);
        }
        if kind == KIND {
            let values = Values::from([("spoke_aud_vip".to_owned(), "true".to_owned())]);
            let new = Upsert { trace: "0".to_owned(), email: "ada@example.org", values: &values };
            check_write(&spec, &writes::upsert(&[new]));
        }
    }
}

#[test]
fn the_outboxs_other_requests_are_as_hubspot_describes_them() {
    let pair = [(RecordId(1), RecordId(2)), (RecordId(3), RecordId(4))];
    if let Some(spec) = specification("associations.json") {
        check_write(&spec, &writes::associate(KIND, ObjectType::Companies, &pair));
        // Whether an activity arrived shows among those of the record that it is linked to.
        for activity in ObjectType::FURTHER {
            check(&spec, &associations::batch_read(KIND, activity, &[(RecordId(1), None)]));
        }
    }
    if let Some(spec) = specification("lists.json") {
        for add in [true, false] {
            check_write(&spec, &writes::members(ListId(7), add, &[RecordId(1), RecordId(2)]));
        }
    }
    let Some(spec) = specification("properties.json") else { return };
    for kind in ObjectType::ALWAYS.into_iter().chain(ObjectType::FURTHER) {
        check(&spec, &writes::property(kind, "spoke_action_id"));
        check_write(&spec, &writes::create_key(kind, "spoke_action_id", "a_group"));
    }
}

#[test]
fn a_wrong_body_would_be_noticed() {
    let Some(spec) = specification("contacts.json").map(with_sorts_as_objects) else { return };
    let values = Values::new();
    let mut request =
        writes::update(KIND, &[Edit { trace: "a".to_owned(), id: RecordId(1), values: &values }]);
    check_write(&spec, &request);
    let Body::Json(text) = &mut request.body else { panic!("no JSON") };
    *text = text.replace("objectWriteTraceId", "traceId");
    assert!(std::panic::catch_unwind(|| check_write(&spec, &request)).is_err(), "a name deep inside");
    let mut request = objects::search_greatest_id(KIND);
    request.body = Body::Json(json!({ "limit": "1" }).to_string());
    assert!(std::panic::catch_unwind(|| check(&spec, &request)).is_err());
}

#[test]
fn the_other_requests_are_as_hubspot_describes_them() {
    let app = App {
        key: "main".parse().unwrap(),
        label: "HubSpot".to_owned(),
        client_id: "id".to_owned(),
        client_secret: Secret::new("secret".to_owned()),
        kind: AppKind::Account,
    };
    let token = Secret::new("na1-token".to_owned());
    for (file, requests) in [
        ("properties.json", vec![properties::list(KIND)]),
        ("owners.json", vec![owners::list(false, None), owners::list(true, Some("41"))]),
        ("pipelines.json", vec![pipelines::list(ObjectType::Deals)]),
        (
            "lists.json",
            vec![
                lists::all(500),
                lists::some(&[ListId(7), ListId(8)]),
                lists::one(ListId(7)),
                lists::members(ListId(7), None),
                lists::some_members(ListId(7)),
                lists::joins(ListId(7), Some("MTox")),
            ],
        ),
        ("account-info.json", vec![account::details(), account::usage()]),
        ("app-uninstalls.json", vec![oauth::uninstall()]),
        (
            "oauth.json",
            vec![
                oauth::exchange(&app, "code", "https://example.com/callback"),
                oauth::refresh(&app, &token),
                oauth::revoke(&app, &token),
                oauth::introspect(&app, &token),
            ],
        ),
    ] {
        let Some(spec) = specification(file) else { return };
        for request in &requests {
            check(&spec, request);
        }
    }
}

/// The request of an import is a text to its endpoint; what it holds the same file describes apart.
#[test]
fn imports_and_what_makes_properties_are_as_hubspot_describes_them() {
    let names = Names::default();
    let properties = names.all().to_vec();
    let start = imports::start(ObjectType::Companies, "scores 7", &properties, "Record ID\n1\n");
    if let Some(spec) = specification("imports.json") {
        for request in [
            imports::list(None),
            imports::list(Some("MTA=")),
            imports::one(61_000_001),
            imports::errors(61_000_001, Some("MTA=")),
            start,
        ] {
            check(&spec, &request);
        }
    }
    let Some(spec) = specification("properties.json") else { return };
    let (audience, group) = ("spoke_aud_vip", Audiences::default().group);
    let choice = Choice { value: "gold".to_owned(), label: "Gold".to_owned() };
    for kind in AttributeKind::VALUES.into_iter().chain([AttributeKind::Audience]) {
        let options = std::slice::from_ref(&choice);
        let made = attribute::made((audience, &group), ("VIP", "Who is"), kind, options);
        check(&spec, &properties::create(KIND, &made));
        let changed = attribute::changed(("VIP", "Who is"), kind, options, &[]);
        check(&spec, &properties::update(KIND, audience, &changed));
    }
    check(&spec, &properties::rename_group(KIND, &group, "Audiences"));
    check(&spec, &properties::archive(KIND, audience));
    check(&spec, &properties::create_group(ObjectType::Companies, &names.group, &names.group_label()));
    for score in Score::ALL {
        check(&spec, &properties::create(ObjectType::Companies, &names.definition(score)));
    }
}

#[test]
fn association_requests_are_as_hubspot_describes_them() {
    let inputs = [(RecordId(1), None), (RecordId(2), Some("17".to_owned()))];
    for (file, request) in [
        ("associations.json", associations::batch_read(KIND, ObjectType::Companies, &inputs)),
        ("associations-schema.json", associations::labels(KIND, ObjectType::Companies)),
    ] {
        let Some(spec) = specification(file) else { return };
        check(&spec, &request);
    }
}

#[test]
fn every_event_type_of_the_types_that_are_always_mirrored_is_understood() {
    let Some(spec) = specification("webhooks-management.json") else { return };
    let kinds =
        &spec["components"]["schemas"]["SubscriptionCreateRequest"]["properties"]["eventType"]["enum"];
    let kinds: Vec<_> = kinds.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let of_types = [
        (ObjectType::Contacts, "contact.", "0-1", 7),
        (ObjectType::Companies, "company.", "0-2", 6),
        (ObjectType::Deals, "deal.", "0-3", 6),
    ];
    for (object_type, prefix, type_id, least) in of_types {
        let own = kinds.iter().filter(|kind| kind.starts_with(prefix) || kind.starts_with("object."));
        let (mut named, mut general) = (0, 0);
        for kind in own {
            let event = json!([{
                "portalId": 1, "occurredAt": 1, "subscriptionType": kind, "objectTypeId": type_id, "objectId": 2,
                "fromObjectId": 2, "fromObjectTypeId": type_id, "toObjectId": 3, "toObjectTypeId": "0-1",
                "primaryObjectId": 2, "mergedObjectIds": [3], "newObjectId": 4,
            }]);
            let read = webhooks::parse_events(event.to_string().as_bytes(), 1).unwrap();
            let object = match &read[0].1 {
                Event::Touched { object, .. }
                | Event::Linked { object, .. }
                | Event::Deleted { object, .. }
                | Event::PrivacyDeleted { object, .. }
                | Event::Merged { object, .. }
                | Event::Restored { object, .. } => *object,
                Event::Ignored => panic!("{kind} of {object_type} is ignored"),
            };
            assert_eq!(object, object_type, "{kind}");
            if kind.starts_with(prefix) { named += 1 } else { general += 1 }
        }
        assert!(named >= least && general >= 5, "{object_type}: {named} and {general} of {kinds:?}");
    }
}

#[test]
fn events_on_timelines_are_what_the_specification_takes() {
    let occurrence = |id: &str| events::Occurrence {
        id: id.to_owned(),
        record: RecordId(7),
        at: "2026-11-20T00:05:00.000Z",
        values: [Some("Asked"), Some("About"), None],
    };
    let two = [occurrence("a.0"), occurrence("b.0")];
    if let Some(spec) = specification("timeline-2026-03.json") {
        check(&spec, &events::send_app("spoke_contact_entry", &two));
        check(&spec, &events::send_app("spoke_contact_entry", &two[..1]));
    }
    if let Some(spec) = specification("event-send.json") {
        check_write(&spec, &events::send_custom("pe7_spoke_contact_entry", &two));
        for kind in ObjectType::ALWAYS {
            check(&spec, &events::define(kind).unwrap());
        }
    }
    assert_eq!(events::define(ObjectType::Notes), None);
}

#[test]
fn a_search_for_tasks_is_what_the_specification_takes() {
    if let Some(spec) = specification("tasks.json").map(with_sorts_as_objects) {
        let after = Place { due_at: Timestamp(1), id: RecordId(512) };
        let (from, before) = (Some(Timestamp(1)), Some(Timestamp(2)));
        let sought = Sought { owner: "7", from, before, queue: Some("1204"), after: None };
        check(&spec, &tasks::search(&sought));
        check(&spec, &tasks::search(&Sought { after: Some(after), ..sought }));
        check(&spec, &tasks::search_moment(&sought, after));
    }
}

//! Writing to HubSpot: nothing twice, nothing lost, and always a reason.

use hubspot_simulator::{
    faults::{Fault, Rule},
    portal::PortalSettings,
    route::Endpoint,
};
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        mappings::commands::{Answer as MappingAnswer, Command as MappingCommand},
        messages::{Answer, Command},
        outbox::{
            actions::Wanted,
            commands::{Answer as Told, Asked, Command as Outbox, Taken},
        },
    },
    store::portal::outbox::State,
    values::{
        ids::{ActionId, ObjectType, RecordId},
        mapping::Action,
    },
};

use super::{ids, synced, tiny};
use crate::life::{PORTAL, Plan, World};

/// What it takes to write records.
pub(super) const WRITES: [&str; 4] = [
    "crm.objects.contacts.write",
    "crm.objects.companies.write",
    "crm.objects.deals.write",
    "crm.lists.write",
];
/// And to make fields.
pub(super) const FIELDS: [&str; 3] =
    ["crm.schemas.contacts.write", "crm.schemas.companies.write", "crm.schemas.deals.write"];

pub(super) fn writing(contacts: u32) -> Plan {
    Plan { more_scopes: [&WRITES[..], &FIELDS[..]].concat(), ..keyless(contacts) }
}

/// An account that lets nobody make fields.
pub(super) fn keyless(contacts: u32) -> Plan {
    let more_scopes = WRITES.to_vec();
    let settings = PortalSettings { hubspot_properties: Some(40), ..PortalSettings::default() };
    Plan {
        more_scopes,
        settings,
        companies: Some(4),
        deals: Some(2),
        owners: true,
        lists: Some(2),
        ..tiny(contacts)
    }
}

pub(super) fn asked(body: Value) -> Asked {
    let wanted: Wanted = serde_json::from_value(body).unwrap();
    Asked {
        key: None,
        why: None,
        dry_run: false,
        background: false,
        coalesce: None,
        data: serde_json::Map::new(),
        wanted,
    }
}

pub(super) fn outbox(world: &mut World, command: Outbox) -> Told {
    match world.command(Command::Outbox(command)) {
        Some(Answer::Outbox(told)) => told,
        other => panic!("about no action but {other:?}"),
    }
}

/// Has something done; the action.
pub(super) fn act(world: &mut World, body: Value) -> ActionId {
    take(world, asked(body))
}

pub(super) fn take(world: &mut World, asked: Asked) -> ActionId {
    let Told::Taken(taken) = outbox(world, Outbox::Do(vec![asked])) else { panic!("not taken") };
    let [Taken::Action { action, .. }] = &taken[..] else { panic!("not taken: {taken:?}") };
    let action: Value = serde_json::from_str(action).unwrap();
    action["id"].as_str().unwrap().parse().unwrap()
}

pub(super) fn refusal(world: &mut World, body: Value) -> (String, String) {
    let Told::Taken(taken) = outbox(world, Outbox::Do(vec![asked(body)])) else { panic!("not taken") };
    let [Taken::Refused(refusal)] = &taken[..] else { panic!("not refused: {taken:?}") };
    (refusal.at.clone(), refusal.words.clone())
}

pub(super) fn action(world: &mut World, id: &ActionId) -> Value {
    let Told::Action(text) = outbox(world, Outbox::Get(id.clone())) else { panic!("no action {id}") };
    serde_json::from_str(&text).unwrap()
}

pub(super) fn state(world: &mut World, id: &ActionId) -> String {
    action(world, id)["state"].as_str().unwrap().to_owned()
}

pub(super) fn settled(world: &mut World, id: &ActionId) -> Value {
    let ends = ["done", "failed", "unknown", "cancelled", "replaced"];
    let over = world.until(60 * 5, |world| ends.contains(&state(world, id).as_str()));
    assert!(
        over,
        "{}\n{:?}\n{:#?}",
        action(world, id),
        world.calls.last(),
        &world.log[world.log.len().saturating_sub(9)..]
    );
    action(world, id)
}

/// Ids of the live records of HubSpot's that have a value.
pub(super) fn with(world: &World, kind: ObjectType, name: &str, value: &str) -> Vec<String> {
    world.truth_of(kind).into_iter().filter(|(_, values)| values[name] == value).map(|(id, _)| id).collect()
}

/// What a record is linked to at HubSpot.
pub(super) fn linked(world: &World, from_type: &str, to_type: &str, id: &str) -> Vec<String> {
    let portal = world.simulator.portal(PORTAL).expect("the account exists");
    let all = portal.associations(from_type, to_type);
    all.iter().filter(|link| link.from.to_string() == id).map(|link| link.to.to_string()).collect()
}

pub(super) fn fault(world: &mut World, rule: Rule) {
    world.simulator.faults.add(rule);
}

pub(super) fn task(subject: &str, about: &str) -> Value {
    json!({ "action": "create_task", "subject": subject, "due": "2026-11-30T09:00:00Z", "about": [{ "type": "contacts", "id": about }] })
}

#[test]
fn an_update_is_in_hubspot_and_in_the_mirror() {
    let mut world = synced(writing(20));
    let id = ids(&world)[3].clone();
    let done = act(
        &mut world,
        json!({ "action": "update_record", "type": "contacts", "record": id, "properties": { "firstname": "Ulm" } }),
    );
    let done = settled(&mut world, &done);
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(with(&world, ObjectType::Contacts, "firstname", "Ulm").len(), 1);
    world.pass(1);
    let record = Command::Record { object_type: ObjectType::Contacts, id: id.parse().unwrap() };
    let Some(Answer::Json(text)) = world.command(record) else { panic!("no record") };
    assert!(text.contains("Ulm"), "what a person waits for is read at once: {text}");
    world.verdict().unwrap();
}

#[test]
fn ten_thousand_updates_are_a_hundred_calls() {
    let mut world = synced(writing(10_000));
    let all: Vec<Asked> = ids(&world)
        .iter()
        .map(|id| {
            let body = json!({ "action": "update_record", "type": "contacts", "record": id, "properties": { "firstname": "Ulm" } });
            Asked { background: true, ..asked(body) }
        })
        .collect();
    let before = world.calls.len();
    for some in all.chunks(1_000) {
        let Told::Taken(taken) = outbox(&mut world, Outbox::Do(some.to_vec())) else { panic!("not taken") };
        assert!(taken.iter().all(|one| matches!(one, Taken::Action { .. })));
    }
    let is_over = |world: &mut World| counts(world, "waiting") + counts(world, "sent") == 0;
    assert!(world.until(10, is_over), "{}", page(&mut world));
    assert_eq!((counts(&mut world, "failed"), counts(&mut world, "unknown")), (0, 0));
    let calls = world.counted(before, "/contacts/batch/update");
    assert!(calls <= 102, "{calls} calls");
    assert_eq!(with(&world, ObjectType::Contacts, "firstname", "Ulm").len(), 10_000);
    world.pass(10);
    world.verdict().unwrap();
}

fn page(world: &mut World) -> Value {
    let Told::Page { results, .. } =
        outbox(world, Outbox::List { before: None, state: None, job: None, real: false, limit: 1 })
    else {
        panic!("no page")
    };
    serde_json::from_str(&results).unwrap()
}

fn counts(world: &mut World, state: &str) -> u64 {
    page(world)["counts"][state].as_u64().unwrap_or(0)
}

#[test]
fn a_task_whose_answer_is_lost_is_made_once() {
    for after_commit in [true, false] {
        let mut world = synced(writing(5));
        let about = ids(&world)[0].clone();
        fault(&mut world, Rule::next(1, Fault::NoAnswer { after_commit }).at(Endpoint::BatchCreate));
        let id = act(&mut world, task("Call them", &about));
        let done = settled(&mut world, &id);
        assert_eq!(done["state"], "done", "{done}");
        let made = with(&world, ObjectType::Tasks, "hs_task_subject", "Call them");
        assert_eq!(made.len(), 1, "after commit: {after_commit}");
        assert_eq!(done["writes"][0]["result"], json!(made[0]));
    }
}

#[test]
fn a_create_under_way_when_the_object_ends_is_made_once() {
    let mut world = synced(writing(5));
    let about = ids(&world)[0].clone();
    world.hold("/tasks/batch/create", 1);
    let id = act(&mut world, task("Call them", &about));
    assert!(world.until(5, |world| world.held() == 1));
    world.cut_off();
    world.restart();
    let done = settled(&mut world, &id);
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(with(&world, ObjectType::Tasks, "hs_task_subject", "Call them").len(), 1);
}

#[test]
fn a_contact_is_imported_once_and_one_that_is_there_is_found() {
    let mut world = synced(writing(5));
    fault(&mut world, Rule::next(1, Fault::NoAnswer { after_commit: true }).at(Endpoint::BatchCreate));
    let body = json!({ "action": "import_contact", "email": "New@Acme.example", "properties": { "firstname": "Ann" }, "company": { "domain": "acme.example" } });
    let id = act(&mut world, body.clone());
    let done = settled(&mut world, &id);
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(with(&world, ObjectType::Contacts, "email", "new@acme.example").len(), 1);
    assert_eq!(with(&world, ObjectType::Companies, "domain", "acme.example").len(), 1);
    let (contact, company) = (done["writes"][1]["result"].clone(), done["writes"][0]["result"].clone());
    assert_eq!(
        linked(&world, "contacts", "companies", contact.as_str().unwrap()),
        [company.as_str().unwrap()]
    );
    let again = act(&mut world, body);
    let again = settled(&mut world, &again);
    assert_eq!(again["state"], "done");
    assert!(again["writes"].as_array().unwrap().iter().any(|write| write["found"] == true), "{again}");
    assert_eq!(with(&world, ObjectType::Contacts, "email", "new@acme.example").len(), 1);
    assert_eq!(with(&world, ObjectType::Companies, "domain", "acme.example").len(), 1);
}

#[test]
fn one_that_hubspot_refuses_fails_no_other() {
    let mut world = synced(writing(30));
    let all = ids(&world);
    let bad = all[7].clone();
    let mut actions = Vec::new();
    for id in &all {
        let city = if *id == bad { "x".repeat(65_537) } else { "Ulm".to_owned() };
        let values = if *id == bad { json!({ "email": "no address" }) } else { json!({ "firstname": city }) };
        let body =
            json!({ "action": "update_record", "type": "contacts", "record": id, "properties": values });
        actions.push((id.clone(), act(&mut world, body)));
    }
    for (id, one) in &actions {
        let one = settled(&mut world, one);
        if *id == bad {
            assert_eq!(one["state"], "failed");
            assert!(one["writes"][0]["problem"]["detail"].as_str().unwrap().contains("HubSpot"), "{one}");
        } else {
            assert_eq!(one["state"], "done", "{one}");
        }
    }
}

#[test]
fn writes_of_one_record_arrive_in_their_order_and_the_last_of_a_key_alone() {
    let mut world = synced(writing(5));
    let id = ids(&world)[0].clone();
    world.command(Command::Pause);
    let update = |city: &str, key: Option<&str>| {
        let body = json!({ "action": "update_record", "type": "contacts", "record": id, "properties": { "firstname": city } });
        Asked { coalesce: key.map(str::to_owned), ..asked(body) }
    };
    let all: Vec<ActionId> =
        ["Ulm", "Bonn", "Kiel"].iter().map(|city| take(&mut world, update(city, None))).collect();
    let keyed: Vec<ActionId> =
        ["Jena", "Gera"].iter().map(|city| take(&mut world, update(city, Some("firstname")))).collect();
    assert_eq!(state(&mut world, &keyed[0]), "replaced");
    let before = world.calls.len();
    world.command(Command::Resume);
    for one in all.iter().chain(&keyed[1..]) {
        assert_eq!(settled(&mut world, one)["state"], "done");
    }
    assert_eq!(with(&world, ObjectType::Contacts, "firstname", "Gera").len(), 1);
    assert_eq!(world.counted(before, "/contacts/batch/update"), 4);
}

#[test]
fn a_merged_record_is_followed_and_one_that_is_gone_says_so() {
    let mut world = synced(writing(9));
    let all = ids(&world);
    world.hold("/contacts/batch/update", 1);
    let (merged, gone) = (all[0].clone(), all[4].clone());
    let update = |id: &str| json!({ "action": "update_record", "type": "contacts", "record": id, "properties": { "firstname": "Ulm" } });
    world.contact("merge", json!({ "primary": merged, "other": all[1] }));
    world.contact("archive", json!({ "id": gone }));
    let (one, other) = (act(&mut world, update(&merged)), act(&mut world, update(&gone)));
    world.release();
    assert_eq!(settled(&mut world, &one)["state"], "done");
    assert_eq!(with(&world, ObjectType::Contacts, "firstname", "Ulm").len(), 1);
    let other = settled(&mut world, &other);
    assert_eq!(other["state"], "failed");
    assert_eq!(other["writes"][0]["problem"]["type"], "/problems/record-gone");
    // Seen gone by the hourly count.
    world.pass(70);
    let (at, words) = refusal(&mut world, update(&gone));
    assert!(at == "/record" && words.contains("not in HubSpot any more"), "{at} {words}");
}

#[test]
fn what_is_asked_for_twice_under_one_key_is_done_once() {
    let mut world = synced(writing(5));
    let about = ids(&world)[0].clone();
    let keyed = || Asked { key: Some("signal-1".to_owned()), ..asked(task("Call them", &about)) };
    let (one, other) = (take(&mut world, keyed()), take(&mut world, keyed()));
    assert_eq!(one, other);
    settled(&mut world, &one);
    assert_eq!(take(&mut world, keyed()), one);
    world.pass(2);
    assert_eq!(with(&world, ObjectType::Tasks, "hs_task_subject", "Call them").len(), 1);
}

#[test]
fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let mut world = synced(writing(5));
    let id = ids(&world)[0].clone();
    world.contact("edit", json!({ "id": id, "properties": { "firstname": "Ulm" } }));
    world.pass(6);
    let before = world.calls.len();
    let body = json!({ "action": "update_record", "type": "contacts", "record": id, "properties": { "firstname": "Bonn" } });
    let one = take(&mut world, Asked { dry_run: true, ..asked(body) });
    let told = action(&mut world, &one);
    let change = json!({ "label": "Firstname", "from": "Ulm", "to": "Bonn" });
    assert_eq!(told["writes"][0]["fields"]["firstname"], change);
    assert_eq!((told["state"].as_str(), told["dry_run"].as_bool()), (Some("dry"), Some(true)));
    world.pass(10);
    assert_eq!(world.counted(before, "/batch/update"), 0);
}

#[test]
fn what_cannot_be_is_refused_before_hubspot_is_asked() {
    let mut world = synced(writing(5));
    let id = ids(&world)[0].clone();
    let update = |values: Value| json!({ "action": "update_record", "type": "contacts", "record": id, "properties": values });
    let cases = [
        (update(json!({ "no_such_field": "1" })), "/properties/no_such_field", "no field"),
        (update(json!({ "hs_object_id": "1" })), "/properties/hs_object_id", "cannot be written"),
        (update(json!({ "firstname": ["Ulm"] })), "/properties/firstname", "no list"),
        (
            json!({ "action": "claim_account", "company": "1", "owner": { "email": "nobody@example.com" } }),
            "/owner",
            "no such owner",
        ),
        (json!({ "action": "import_contact", "email": "nobody" }), "/email", "no e-mail"),
        (json!({ "action": "import_company", "domain": "localhost" }), "/domain", "not a domain"),
        (json!({ "action": "create_task", "subject": "a", "due": "tomorrow" }), "/due", "RFC 3339"),
        (
            json!({ "action": "create_task", "subject": "a", "due": "2026-11-30T09:00:00Z", "type": "DANCE" }),
            "/type",
            "CALL",
        ),
    ];
    let before = world.calls.len();
    for (body, at, words) in cases {
        let said = refusal(&mut world, body.clone());
        assert!(said.0 == at && said.1.contains(words), "{body}: {said:?}");
    }
    assert_eq!(world.calls.len(), before);
}

#[test]
fn an_account_that_takes_no_key_gets_nothing_twice() {
    for after_commit in [true, false] {
        let mut world = synced(keyless(5));
        let about = ids(&world)[0].clone();
        fault(&mut world, Rule::next(1, Fault::NoAnswer { after_commit }).at(Endpoint::BatchCreate));
        let id = act(&mut world, task("Call them", &about));
        let done = settled(&mut world, &id);
        let (told, there) = if after_commit { ("done", 1) } else { ("unknown", 0) };
        assert_eq!(done["state"], told, "{done}");
        assert_eq!(with(&world, ObjectType::Tasks, "hs_task_subject", "Call them").len(), there);
        let note = json!({ "action": "import_company", "domain": "acme.example" });
        fault(&mut world, Rule::next(1, Fault::NoAnswer { after_commit }).at(Endpoint::BatchCreate));
        let id = act(&mut world, note);
        let unknown = settled(&mut world, &id);
        assert_eq!(unknown["state"], "unknown", "{unknown}");
        let there = with(&world, ObjectType::Companies, "domain", "acme.example");
        assert_eq!(there.len(), usize::from(after_commit));
        let record: Option<RecordId> = there.first().map(|id| id.parse().unwrap());
        outbox(&mut world, Outbox::Resolve { action: id.clone(), happened: after_commit, record });
        assert_eq!(settled(&mut world, &id)["state"], "done");
        assert_eq!(with(&world, ObjectType::Companies, "domain", "acme.example").len(), 1);
    }
}

/// What the feed tells of a record: kind, and whether it is our own echo.
fn told(world: &mut World, after: u64, id: &str) -> Vec<(String, bool)> {
    let command = Command::Changes { after, limit: 1_000, types: vec![ObjectType::Contacts] };
    let Some(Answer::Json(page)) = world.command(command) else { panic!("no changes") };
    let page: Value = serde_json::from_str(&page).unwrap();
    let all = page["changes"].as_array().unwrap().iter().filter(|change| change["id"] == id);
    all.map(|change| (change["kind"].as_str().unwrap().to_owned(), change["origin"] == "spoke")).collect()
}

#[test]
fn the_feed_tells_our_own_echoes_from_what_people_do() {
    let mut world = synced(writing(9));
    let all = ids(&world);
    let after = world.status().latest_change;
    let update = |id: &str, name: &str| json!({ "action": "update_record", "type": "contacts", "record": id, "properties": { "firstname": name } });
    let echo = |ours| ("updated".to_owned(), ours);
    // Our own; a person's later word for it again; and both at once.
    let one = act(&mut world, update(&all[0], "Ulm"));
    settled(&mut world, &one);
    world.pass(6);
    assert_eq!(told(&mut world, after, &all[0]), [echo(true)]);
    for name in ["Bonn", "Ulm"] {
        world.contact("edit", json!({ "id": all[0], "properties": { "firstname": name } }));
        world.pass(6);
    }
    assert_eq!(told(&mut world, after, &all[0]), [echo(true), echo(false), echo(false)]);
    world.contact("edit", json!({ "id": all[1], "properties": { "lastname": "Person" } }));
    let both = act(&mut world, update(&all[1], "Ulm"));
    settled(&mut world, &both);
    world.pass(6);
    assert_eq!(told(&mut world, after, &all[1]), [echo(false)], "a person's change is in it");
    // What we make is ours, also where the mirror sees it before the answer does.
    let made = act(&mut world, json!({ "action": "import_contact", "email": "new@acme.example" }));
    let made = settled(&mut world, &made)["writes"][0]["result"].as_str().unwrap().to_owned();
    world.pass(6);
    assert_eq!(told(&mut world, after, &made), [("created".to_owned(), true)]);
    let theirs = world.contact("create", json!({ "properties": { "email": "other@acme.example" } }));
    world.pass(6);
    assert_eq!(told(&mut world, after, &theirs), [("created".to_owned(), false)]);
    world.verdict().unwrap();
}

#[test]
fn a_mapping_fills_fields_and_leaves_out_what_a_rule_of_the_account_refuses() {
    let mut world = synced(writing(9));
    let id = ids(&world)[3].clone();
    let entry = |field: &str, from: &str| json!({ "field": field, "from": from, "drop_if_refused": field == "lastname" });
    let mapping =
        json!({ "entries": [entry("firstname", "person.first"), entry("lastname", "person.title")] });
    let saved = world.command(Command::Mapping(MappingCommand::Put(Action::UpdateContact, mapping)));
    let Some(Answer::Mapping(MappingAnswer::Json(_))) = saved else { panic!("not saved: {saved:?}") };
    let rule = json!({
        "portal_id": PORTAL, "object_type": "contacts", "property": "lastname", "rules": [{ "kind": "alpha" }],
    });
    world.control("PUT", "validation-rules", &rule);
    let body = json!({ "action": "update_record", "type": "contacts", "record": id });
    let data = json!({ "person": { "first": "Ann", "title": "R2-D2" } });
    let data = data.as_object().unwrap().clone();
    let one = take(&mut world, Asked { data, ..asked(body) });
    let done = settled(&mut world, &one);
    assert_eq!(
        (done["state"].as_str(), &done["writes"][0]["left_out"]),
        (Some("done"), &json!(["lastname"])),
        "{done}"
    );
    assert_eq!(with(&world, ObjectType::Contacts, "firstname", "Ann"), [id]);
    assert_eq!(with(&world, ObjectType::Contacts, "lastname", "R2-D2").len(), 0);
}

#[test]
fn a_value_that_is_not_known_here_is_not_taken_for_none() {
    let mut world = synced(writing(9));
    let all = ids(&world);
    let (full, empty) = (all[3].clone(), all[4].clone());
    world.choose(Some(&["firstname", "lastname"]), &[]);
    assert!(world.backfill());
    world.contact("edit", json!({ "id": full, "properties": { "phone": "+15550001" } }));
    world.contact("edit", json!({ "id": empty, "properties": { "phone": "" } }));
    world.pass(6);
    // Chosen now, and read later.
    world.choose(None, &[]);
    let mapping = json!({ "entries": [{ "field": "phone", "from": "phone", "only_if_empty": true }] });
    let saved = world.command(Command::Mapping(MappingCommand::Put(Action::UpdateContact, mapping)));
    let Some(Answer::Mapping(MappingAnswer::Json(_))) = saved else { panic!("not saved: {saved:?}") };
    let ask = |world: &mut World, id: &str| {
        let values = json!({ "lastname": "Written" });
        let body =
            json!({ "action": "update_record", "type": "contacts", "record": id, "properties": values });
        let data = json!({ "phone": "+15559999" }).as_object().unwrap().clone();
        let one = take(world, Asked { data, ..asked(body) });
        settled(world, &one)
    };
    let unknown = json!([{ "field": "phone", "why": "unknown" }]);
    let one = ask(&mut world, &full);
    assert_eq!((&one["state"], &one["not_filled"]), (&json!("done"), &unknown), "{one}");
    assert!(world.backfill());
    world.pass(6);
    // Nor is one of a record that the mirror does not hold yet.
    let values = json!({ "email": "new@acme.example", "phone": "+15550002" });
    let new = world.contact("create", json!({ "properties": values }));
    let one = ask(&mut world, &new);
    assert_eq!((&one["state"], &one["not_filled"]), (&json!("done"), &unknown), "{one}");
    assert_eq!(with(&world, ObjectType::Contacts, "phone", "+15559999").len(), 0);
    let one = ask(&mut world, &full);
    assert_eq!(one["not_filled"], json!([{ "field": "phone", "why": "not_empty" }]), "{one}");
    let one = ask(&mut world, &empty);
    assert_eq!((&one["state"], &one["not_filled"]), (&json!("done"), &Value::Null), "{one}");
    assert_eq!(with(&world, ObjectType::Contacts, "phone", "+15559999"), [empty]);
}

#[test]
fn what_is_of_a_job_is_listed_and_counted_together() {
    let mut world = synced(writing(5));
    let all = ids(&world);
    let update = |id: &String, name: &str| {
        asked(
            json!({ "action": "update_record", "type": "contacts", "record": id, "properties": { "firstname": name } }),
        )
    };
    take(&mut world, update(&all[0], "Alone"));
    // A job comes in any number of requests; one of its records is not there.
    let of = |all: Vec<Asked>| Outbox::DoOfJob { job: "nightly".to_owned(), all };
    outbox(&mut world, of(all[1..4].iter().map(|id| update(id, "Night")).collect()));
    outbox(&mut world, of(vec![update(&"999999999".to_owned(), "Nobody")]));
    let mut page = |job: Option<&str>, state| {
        let job = job.map(str::to_owned);
        match outbox(&mut world, Outbox::List { before: None, state, job, real: true, limit: 100 }) {
            Told::Page { results, .. } => serde_json::from_str::<Value>(&results).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    let told = page(Some("nightly"), None);
    assert_eq!(
        (told["results"].as_array().unwrap().len(), &told["counts"]["waiting"]),
        (4, &json!(4)),
        "{told:#}"
    );
    assert_eq!(told["results"][0]["job"], "nightly");
    assert_eq!(page(Some("another"), None)["counts"], json!({}));
    assert_eq!(page(None, None)["results"].as_array().unwrap().len(), 5);
    world.pass(5);
    world.restart();
    let mut page = |job: Option<&str>, state, real| {
        let job = job.map(str::to_owned);
        match outbox(&mut world, Outbox::List { before: None, state, job, real, limit: 100 }) {
            Told::Page { results, .. } => serde_json::from_str::<Value>(&results).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(page(Some("nightly"), None, true)["counts"], json!({ "done": 3, "failed": 1 }));
    let failed = page(Some("nightly"), Some(State::Failed), true);
    assert_eq!(failed["results"].as_array().unwrap().len(), 1);
    take(&mut world, Asked { dry_run: true, ..update(&all[0], "Dry") });
    let mut many = |state, real| match outbox(
        &mut world,
        Outbox::List { before: None, state, job: None, real, limit: 100 },
    ) {
        Told::Page { results, .. } => {
            serde_json::from_str::<Value>(&results).unwrap()["results"].as_array().unwrap().len()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!((many(None, true), many(None, false), many(Some(State::Dry), true)), (5, 6, 1));
}

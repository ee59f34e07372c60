//! What became of a write whose answer was lost, by what HubSpot shows: told as ours only where it is.

use hubspot_simulator::{
    faults::{Fault, Rule},
    route::Endpoint,
};
use serde_json::{Value, json};
use spoke::{engine::portal::messages::Command, values::ids::ObjectType};

use super::{
    ids,
    outbox::{act, fault, keyless, linked, settled, with, writing},
    synced,
};
use crate::life::World;

fn import(email: &str) -> Value {
    json!({ "action": "import_contact", "email": email, "properties": { "firstname": "Ann" } })
}

fn task(about: &str) -> Value {
    json!({ "action": "create_task", "subject": "Call them", "due": "2026-11-30T09:00:00Z", "about": [{ "type": "contacts", "id": about }] })
}

/// The next create gets no answer.
fn lose(world: &mut World, after_commit: bool) {
    fault(world, Rule::next(1, Fault::NoAnswer { after_commit }).at(Endpoint::BatchCreate));
}

/// Whether the record was found, and whether nobody knows.
fn how(done: &Value) -> (&Value, &Value) {
    assert_eq!(done["state"], "done", "{done:#}");
    (&done["writes"][0]["found"], &done["writes"][0]["unsure"])
}

#[test]
fn a_contact_is_found_by_a_further_address_that_the_mirror_does_not_know() {
    let mut world = synced(writing(5));
    let one = world.contact("create", json!({ "properties": { "email": "ann@acme.example" } }));
    let other = world.contact("create", json!({ "properties": { "email": "ann@old.example" } }));
    let id = world.contact("merge", json!({ "primary": one, "other": other }));
    let action = act(&mut world, import("Ann@Old.example"));
    let done = settled(&mut world, &action);
    assert_eq!(how(&done).0, &json!(true), "{done:#}");
    assert_eq!(done["writes"][0]["result"], json!(id));
}

#[test]
fn a_contact_that_was_made_though_the_answer_was_lost_is_told_as_made() {
    let mut world = synced(writing(5));
    lose(&mut world, true);
    let action = act(&mut world, import("new@acme.example"));
    let done = settled(&mut world, &action);
    assert_eq!(how(&done), (&Value::Null, &Value::Null), "{done:#}");
    assert_eq!(with(&world, ObjectType::Contacts, "email", "new@acme.example").len(), 1);
}

#[test]
fn a_contact_that_was_there_before_the_write_left_is_told_as_found() {
    let mut world = synced(writing(5));
    let values = json!({ "email": "new@acme.example", "firstname": "Ann" });
    let id = world.contact("create", json!({ "properties": values }));
    world.pass_ms(1_000);
    lose(&mut world, false);
    let action = act(&mut world, import("new@acme.example"));
    let done = settled(&mut world, &action);
    assert_eq!(how(&done), (&json!(true), &Value::Null), "{done:#}");
    assert_eq!(done["writes"][0]["result"], json!(id));
}

#[test]
fn a_contact_that_came_since_with_other_values_is_told_as_what_nobody_knows() {
    let mut world = synced(writing(5));
    lose(&mut world, false);
    let before = world.calls.len();
    let action = act(&mut world, import("new@acme.example"));
    assert!(world.until(5, |world| world.counted(before, "/contacts/batch/create") > 0));
    let values = json!({ "email": "new@acme.example", "firstname": "Bea" });
    let id = world.contact("create", json!({ "properties": values }));
    let done = settled(&mut world, &action);
    assert_eq!(how(&done), (&Value::Null, &json!(true)), "{done:#}");
    assert_eq!(done["writes"][0]["result"], json!(id));
    assert_eq!(with(&world, ObjectType::Contacts, "email", "new@acme.example"), [id]);
}

#[test]
fn two_equal_activities_without_a_key_never_claim_one_record() {
    let mut world = synced(keyless(5));
    let about = ids(&world)[0].clone();
    world.command(Command::Pause);
    lose(&mut world, true);
    let both = [act(&mut world, task(&about)), act(&mut world, task(&about))];
    world.command(Command::Resume);
    let both = both.map(|one| settled(&mut world, &one));
    let made = with(&world, ObjectType::Tasks, "hs_task_subject", "Call them");
    assert_eq!(made.len(), 2);
    let mut told: Vec<&str> = both
        .iter()
        .map(|one| {
            assert_eq!(one["state"], "done", "{one:#}");
            one["writes"][0]["result"].as_str().unwrap()
        })
        .collect();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 2, "each has its own: {both:#?}");
}

#[test]
fn an_equal_activity_that_is_older_than_the_write_is_not_ours() {
    let mut world = synced(keyless(5));
    let about = ids(&world)[0].clone();
    let values = json!({ "hs_task_subject": "Call them", "hs_timestamp": "2026-11-30T09:00:00.000Z" });
    let theirs = world.change(ObjectType::Tasks, "create", json!({ "properties": values }));
    let link = json!({ "from_type": "tasks", "from": theirs, "to_type": "contacts", "to": about });
    world.control("POST", "associations/add", &link);
    assert_eq!(linked(&world, "contacts", "tasks", &about), [theirs]);
    world.pass_ms(1_000);
    lose(&mut world, false);
    let action = act(&mut world, task(&about));
    let told = settled(&mut world, &action);
    assert_eq!(told["state"], "unknown", "{told:#}");
    assert_eq!(told["writes"][0]["result"], Value::Null);
}

#[test]
fn a_change_that_may_have_been_made_before_its_record_went_says_so() {
    let mut world = synced(writing(9));
    let all = ids(&world);
    let update = |id: &str| json!({ "action": "update_record", "type": "contacts", "record": id, "properties": { "firstname": "Ulm" } });
    let words = |told: &Value| {
        let problem = &told["writes"][0]["problem"];
        assert_eq!((&told["state"], &problem["type"]), (&json!("failed"), &json!("/problems/record-gone")));
        problem["detail"].as_str().unwrap().to_owned()
    };
    fault(&mut world, Rule::next(1, Fault::NoAnswer { after_commit: true }).at(Endpoint::BatchUpdate));
    let before = world.calls.len();
    let one = act(&mut world, update(&all[3]));
    assert!(world.until(5, |world| world.counted(before, "/contacts/batch/update") > 0));
    world.contact("archive", json!({ "id": all[3] }));
    let one = settled(&mut world, &one);
    assert!(words(&one).contains("deleted since"), "{one:#}");
    // What was refused at once was never made.
    world.contact("archive", json!({ "id": all[5] }));
    let other = act(&mut world, update(&all[5]));
    let other = settled(&mut world, &other);
    assert!(!words(&other).contains("deleted since"), "{other:#}");
}

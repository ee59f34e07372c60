//! When a write leaves and with what, and that each step of an action has an end.

use hubspot_simulator::{
    faults::{Fault, Rule},
    route::Endpoint,
};
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        mappings::commands::{Answer as MappingAnswer, Command as MappingCommand},
        messages::{Answer, Command},
        outbox::commands::{Asked, Command as Outbox},
    },
    values::{ids::ObjectType, mapping::Action},
};

use super::{
    ids,
    outbox::{act, action, asked, fault, keyless, outbox, settled, state, take, with, writing},
    synced,
};
use crate::life::{PORTAL, World};

fn task(about: &str) -> Value {
    json!({ "action": "create_task", "subject": "Call them", "due": "2026-11-30T09:00:00Z", "about": [{ "type": "contacts", "id": about }] })
}

/// A call with a contact, and the task it completes if any.
fn call(about: &str, completes: Option<&str>) -> Value {
    let mut call = json!({ "action": "log_call", "title": "They called", "at": "2026-11-20T09:00:00Z", "about": [{ "type": "contacts", "id": about }] });
    if let Some(task) = completes {
        call["completes_task"] = task.into();
    }
    call
}

/// A task of HubSpot's.
fn made_task(world: &mut World, about: &str) -> String {
    let made = act(world, task(about));
    settled(world, &made)["writes"][0]["result"].as_str().unwrap().to_owned()
}

#[test]
fn a_step_that_follows_goes_on_without_the_record_and_one_that_needs_it_says_so() {
    let mut world = synced(keyless(5));
    let about = ids(&world)[0].clone();
    let open = made_task(&mut world, &about);
    fault(&mut world, Rule::next(1, Fault::NoAnswer { after_commit: false }).at(Endpoint::BatchCreate));
    let one = act(&mut world, call(&about, Some(&open)));
    assert_eq!(settled(&mut world, &one)["state"], "unknown");
    outbox(&mut world, Outbox::Resolve { action: one.clone(), happened: true, record: None });
    assert_eq!(settled(&mut world, &one)["state"], "done");
    assert_eq!(with(&world, ObjectType::Tasks, "hs_task_status", "COMPLETED"), [open]);
    // A contact is made with a link to the company that is made before it.
    fault(
        &mut world,
        Rule::next(1, Fault::NoAnswer { after_commit: false }).at(Endpoint::BatchCreate).of("companies"),
    );
    let both = json!({ "action": "import_contact", "email": "new@acme.example", "company": { "domain": "acme.example" } });
    let both = act(&mut world, both);
    let unknown = |world: &mut World| {
        action(world, &both)["writes"].as_array().unwrap().iter().any(|write| write["state"] == "unknown")
    };
    assert!(world.until(60, unknown), "{:#}", action(&mut world, &both));
    outbox(&mut world, Outbox::Resolve { action: both.clone(), happened: true, record: None });
    let failed = settled(&mut world, &both);
    let words = |write: &Value| write["problem"]["detail"].as_str().unwrap_or_default().to_owned();
    let told: Vec<String> = failed["writes"].as_array().unwrap().iter().map(words).collect();
    assert_eq!(failed["state"], "failed", "{failed:#}");
    assert!(told.iter().any(|words| words.contains("not which record it is")), "{told:?}");
}

#[test]
fn a_later_action_of_the_same_key_replaces_all_of_an_earlier_one() {
    let mut world = synced(writing(5));
    let about = ids(&world)[0].clone();
    let open = made_task(&mut world, &about);
    world.command(Command::Pause);
    let of_key = |body: Value| Asked { coalesce: Some("call".to_owned()), ..asked(body) };
    let first = take(&mut world, of_key(call(&about, Some(&open))));
    let second = take(&mut world, of_key(call(&about, None)));
    let states: Vec<Value> = action(&mut world, &first)["writes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|write| write["state"].clone())
        .collect();
    assert_eq!(states, ["replaced", "replaced"]);
    world.command(Command::Resume);
    assert_eq!(settled(&mut world, &second)["state"], "done");
    assert_eq!(with(&world, ObjectType::Tasks, "hs_task_status", "COMPLETED").len(), 0);
    assert_eq!(with(&world, ObjectType::Calls, "hs_call_title", "They called").len(), 1);
}

#[test]
fn after_days_of_a_pause_hubspot_is_asked_before_a_person_is() {
    let mut world = synced(writing(5));
    let about = ids(&world)[0].clone();
    // The key is known.
    made_task(&mut world, &about);
    fault(&mut world, Rule::next(1, Fault::NoAnswer { after_commit: true }).at(Endpoint::BatchCreate));
    let before = world.calls.len();
    let one = act(&mut world, call(&about, None));
    assert!(world.until(10, |world| world.counted(before, "/calls/batch/create") > 0));
    world.command(Command::Pause);
    world.pass(60 * 24 * 4);
    assert_eq!(state(&mut world, &one), "sent");
    world.command(Command::Resume);
    let done = settled(&mut world, &one);
    assert_eq!(done["state"], "done", "{done:#}");
    assert_eq!(with(&world, ObjectType::Calls, "hs_call_title", "They called").len(), 1);
}

#[test]
fn what_a_rule_had_left_out_is_told_whatever_comes_between() {
    let mut world = synced(writing(9));
    let id = ids(&world)[3].clone();
    let entry = |field: &str| json!({ "field": field, "from": field, "drop_if_refused": true });
    let mapping = json!({ "entries": [entry("firstname"), entry("lastname"), entry("phone")] });
    let saved = world.command(Command::Mapping(MappingCommand::Put(Action::UpdateContact, mapping)));
    let Some(Answer::Mapping(MappingAnswer::Json(_))) = saved else { panic!("not saved: {saved:?}") };
    let rule = |property: &str, kind: &str| {
        json!({
            "portal_id": PORTAL, "object_type": "contacts", "property": property, "rules": [{ "kind": kind }],
        })
    };
    world.control("PUT", "validation-rules", &rule("lastname", "alpha"));
    let data = json!({ "firstname": "Ann", "lastname": "R2-D2", "phone": "Ulm" });
    let data = data.as_object().unwrap().clone();
    let body = json!({ "action": "update_record", "type": "contacts", "record": id });
    let before = world.calls.len();
    let one = take(&mut world, Asked { data, ..asked(body) });
    assert!(world.until(10, |world| world.counted(before, "/batch/update") > 0));
    // Another rule is made meanwhile, and then HubSpot is out of order.
    world.control("PUT", "validation-rules", &rule("phone", "numeric"));
    assert!(world.until(10, |world| world.counted(before, "/batch/update") > 1));
    let status = Fault::Status { status: 503, after_commit: false };
    fault(&mut world, Rule::next(2, status).at(Endpoint::BatchUpdate));
    let done = settled(&mut world, &one);
    assert_eq!(
        (done["state"].as_str(), &done["writes"][0]["left_out"]),
        (Some("done"), &json!(["lastname", "phone"])),
        "{done:#}"
    );
    assert_eq!(with(&world, ObjectType::Contacts, "firstname", "Ann"), [id]);
    assert_eq!(world.counted(before, "/batch/update"), 5);
}

//! Calls that are logged: what HubSpot has of one afterwards, and whom it is linked to, in a seat's name and in the connection's.

use hubspot_simulator::{Fault, Rule, route::Endpoint};
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        blocks::{Command as Privacy, Whom},
        messages::Command,
        outbox::commands::Asked,
    },
    values::ids::ObjectType,
};

use super::{
    dialer::{NOTES, calls, desk, known, log, states, status_of},
    ids,
    outbox::{act, action, asked, linked, settled, writing},
    synced, tiny,
};
use crate::life::{PORTAL, Plan, World, seats::GRACE};

/// A call that completes a task and does not say whom it was with.
fn call(task: &str) -> Asked {
    asked(json!({
        "action": "log_call", "title": "Call", "notes": NOTES, "at": "2026-11-20T00:05:00Z", "completes_task": task,
    }))
}

/// The same with whom it was with.
fn call_about(task: Option<&str>, about: &[&str]) -> Asked {
    let about: Vec<Value> = about.iter().map(|id| json!({ "type": "contacts", "id": id })).collect();
    asked(json!({
        "action": "log_call", "notes": NOTES, "at": "2026-11-20T00:05:00Z", "completes_task": task, "about": about,
    }))
}

/// People link a task to another record.
fn link(world: &mut World, task: &str, to_type: &str, to: &str) {
    let path = format!("/crm/objects/2026-09/tasks/{task}/associations/default/{to_type}/{to}");
    world.by_tool("PUT", &path, &Value::Null);
}

fn first(world: &World, kind: ObjectType) -> String {
    world.truth_of(kind).into_keys().next().unwrap()
}

/// The contacts, companies and deals that a call is linked to.
fn links(world: &World, call: &str) -> [Vec<String>; 3] {
    ["contacts", "companies", "deals"].map(|kind| linked(world, "calls", kind, call))
}

/// What HubSpot was asked of the links of tasks since then.
fn asked_links(world: &World, since: usize) -> usize {
    ["contacts", "companies", "deals"]
        .map(|kind| world.counted(since, &format!("/tasks/{kind}/batch/read")))
        .iter()
        .sum()
}

#[test]
fn a_call_that_completes_a_task_is_linked_to_whom_the_task_is_about() {
    let (mut world, seat, own) = desk(Plan { companies: Some(2), deals: Some(1), ..tiny(20) });
    let task = known(&mut world, "first", Some(&own[0]));
    let (company, deal) = (first(&world, ObjectType::Companies), first(&world, ObjectType::Deals));
    link(&mut world, &task, "companies", &company);
    link(&mut world, &task, "deals", &deal);
    let before = world.calls.len();
    let dry = log(&mut world, &seat, Asked { dry_run: true, ..call(&task) });
    let told = action(&mut world, &dry);
    assert_eq!(told["writes"][0]["links_of"], json!({ "type": "tasks", "record": task }), "{told}");
    assert_eq!(asked_links(&world, before), 0);
    let id = log(&mut world, &seat, call(&task));
    let done = settled(&mut world, &id);
    assert_eq!(states(&done), ["done", "done"], "{done}");
    let [made] = &calls(&world)[..] else { panic!("one call") };
    assert_eq!(links(&world, made), [vec![own[0].clone()], vec![company], vec![deal]]);
    assert_eq!(done["writes"][0]["links"].as_array().map(Vec::len), Some(3), "{done}");
    assert!(done["writes"][0]["links_of"].is_null(), "{done}");
    assert_eq!((status_of(&world, &task).as_str(), asked_links(&world, before)), ("COMPLETED", 3));
}

#[test]
fn whoever_says_whom_a_call_was_with_is_taken_at_their_word() {
    let (mut world, seat, own) = desk(Plan { companies: Some(2), deals: Some(1), ..tiny(20) });
    let task = known(&mut world, "first", Some(&own[0]));
    let company = first(&world, ObjectType::Companies);
    link(&mut world, &task, "companies", &company);
    let before = world.calls.len();
    let contact: &[&str] = &[&own[0]];
    for (task, about) in [(Some(task.as_str()), &[][..]), (Some(task.as_str()), contact), (None, contact)] {
        let id = log(&mut world, &seat, call_about(task, about));
        let done = settled(&mut world, &id);
        assert_eq!(done["state"], "done", "{done}");
        let made = done["writes"][0]["result"].as_str().unwrap().to_owned();
        let about: Vec<String> = about.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(links(&world, &made), [about, Vec::new(), Vec::new()], "{done}");
    }
    assert_eq!(asked_links(&world, before), 0);
}

#[test]
fn what_the_user_may_not_see_of_a_task_is_not_linked_and_the_call_is_logged() {
    let (mut world, seat, own) = desk(tiny(20));
    let task = known(&mut world, "first", Some(&own[0]));
    link(&mut world, &task, "contacts", &own[1]);
    world.by_tool("POST", "/crm/objects/2026-09/companies", &json!({ "properties": { "name": "Acme" } }));
    let company = first(&world, ObjectType::Companies);
    link(&mut world, &task, "companies", &company);
    let owned = json!({ "view": "owned", "edit": "owned" });
    let rights = json!({ "objects": { "contacts": owned, "companies": { "view": "none" } } });
    let rights = json!({ "user_id": GRACE, "portal_id": PORTAL, "rights": rights });
    world.control("POST", "users/rights", &rights);
    let id = log(&mut world, &seat, call(&task));
    let done = settled(&mut world, &id);
    assert_eq!(states(&done), ["done", "done"], "{done}");
    let [made] = &calls(&world)[..] else { panic!("one call") };
    assert_eq!(links(&world, made), [vec![own[0].clone()], Vec::new(), Vec::new()]);
}

#[test]
fn a_call_waits_until_it_is_known_whom_its_task_is_about() {
    let (mut world, seat, own) = desk(tiny(20));
    let task = known(&mut world, "first", Some(&own[0]));
    let busy = Rule::next(3, Fault::Status { status: 503, after_commit: false });
    world.simulator.faults.add(busy.at(Endpoint::AssociationBatchRead).of("tasks"));
    let id = log(&mut world, &seat, call(&task));
    assert!(world.until(2, |world| action(world, &id)["writes"][0]["problem"].is_object()));
    let told = action(&mut world, &id);
    assert_eq!((states(&told), calls(&world).len()), (["waiting", "waiting"], 0), "{told}");
    assert!(told["writes"][0]["next_at"].is_string(), "{told}");
    world.restart();
    let done = settled(&mut world, &id);
    assert_eq!(states(&done), ["done", "done"], "{done}");
    let [made] = &calls(&world)[..] else { panic!("one call") };
    assert_eq!(links(&world, made)[0], [own[0].clone()]);
    assert_eq!(status_of(&world, &task), "COMPLETED");
}

#[test]
fn a_call_about_whoever_is_kept_out_is_not_logged() {
    let (mut world, seat, own) = desk(tiny(20));
    let task = known(&mut world, "first", Some(&own[0]));
    let whom = Whom::Record { object_type: ObjectType::Contacts, id: own[0].parse().unwrap() };
    assert!(world.command(Command::Privacy(Privacy::Erase { whom })).is_some());
    let id = log(&mut world, &seat, call(&task));
    let done = settled(&mut world, &id);
    assert_eq!((states(&done), calls(&world).len()), (["failed", "failed"], 0), "{done}");
    assert!(done["writes"][0]["problem"]["detail"].as_str().unwrap().contains("kept out"), "{done}");
    assert_eq!(status_of(&world, &task), "NOT_STARTED");
}

#[test]
fn a_call_that_the_connection_logs_is_in_hubspot_whole() {
    let mut world = synced(writing(5));
    let contact = ids(&world)[0].clone();
    let (company, deal) = (first(&world, ObjectType::Companies), first(&world, ObjectType::Deals));
    let task = json!({ "action": "create_task", "subject": "Call them", "type": "CALL", "due": "2026-11-30T09:00:00Z" });
    let task = act(&mut world, task);
    let task = settled(&mut world, &task)["writes"][0]["result"].as_str().unwrap().to_owned();
    let id = act(
        &mut world,
        json!({
            "action": "log_call", "title": "Call with Kim", "notes": NOTES, "at": "2026-11-20T09:00:00Z",
            "duration_s": 61.5, "outcome": "connected", "direction": "inbound", "from": "+1555", "to": "+1666",
            "recording_url": "https://calls.example/1", "completes_task": task,
            "about": [
                { "type": "contacts", "id": contact }, { "type": "companies", "id": company },
                { "type": "deals", "id": deal },
            ],
        }),
    );
    let done = settled(&mut world, &id);
    assert_eq!((states(&done), &done["seat"]), (["done", "done"], &Value::Null), "{done}");
    let [made] = &calls(&world)[..] else { panic!("one call") };
    assert_eq!(done["writes"][0]["result"], json!(made));
    let values = &world.truth_of(ObjectType::Calls)[made];
    for (name, value) in [
        ("hs_call_title", "Call with Kim"),
        ("hs_call_body", NOTES),
        ("hs_call_duration", "61500"),
        ("hs_call_disposition", "f240bbac-87c9-4f6e-bf70-924b57d47db7"),
        ("hs_call_status", "COMPLETED"),
        ("hs_call_direction", "INBOUND"),
        ("hs_call_from_number", "+1555"),
        ("hs_call_to_number", "+1666"),
        ("hs_call_recording_url", "https://calls.example/1"),
    ] {
        assert_eq!(values[name], value, "{name}");
    }
    assert!(values["hs_timestamp"].as_str().unwrap().starts_with("2026-11-20T09:00:00"), "{values}");
    assert_eq!(links(&world, made), [vec![contact], vec![company], vec![deal]]);
    assert_eq!(status_of(&world, &task), "COMPLETED");
}

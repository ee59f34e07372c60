//! When a write leaves and with what, and that each step of an action has an end.

use hubspot_simulator::{
    faults::{Fault, Rule},
    route::Endpoint,
};
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        blocks::{Command as Privacy, Whom},
        mappings::commands::{Answer as MappingAnswer, Command as MappingCommand},
        messages::{Answer, Command},
        outbox::commands::{Asked, Command as Outbox},
    },
    values::{ids::ObjectType, mapping::Action},
};

use super::{
    ids,
    outbox::{
        act, action, asked, fault, keyless, linked, outbox, refusal, settled, state, take, with, writing,
    },
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

const ACME: &str = "acme.example";

fn company() -> Value {
    json!({ "action": "import_company", "domain": ACME })
}

#[test]
fn no_company_is_made_while_nobody_knows_of_an_earlier_one_of_its_name() {
    for after_commit in [true, false] {
        let mut world = synced(keyless(5));
        // What was made shows late, and people have not said what they know.
        world.simulator.switches.search_lag_min_ms = 12 * 60_000;
        world.simulator.switches.search_lag_max_ms = 12 * 60_000;
        fault(&mut world, Rule::next(1, Fault::NoAnswer { after_commit }).at(Endpoint::BatchCreate));
        let first = act(&mut world, company());
        assert_eq!(settled(&mut world, &first)["state"], "unknown");
        let second = act(&mut world, company());
        world.pass(5);
        let told = action(&mut world, &second);
        assert_eq!(told["writes"][0]["waits_for"], "earlier_write", "{told}");
        let done = settled(&mut world, &second);
        let found = &done["writes"][0]["found"];
        assert_eq!((&done["state"], found.is_null()), (&json!("done"), !after_commit), "{done}");
        assert_eq!(with(&world, ObjectType::Companies, "domain", ACME).len(), 1);
    }
}

#[test]
fn a_company_that_was_made_is_known_by_what_people_made_of_it() {
    let mut world = synced(writing(5));
    let other = world.change(ObjectType::Companies, "create", json!({ "properties": { "name": "Umbra" } }));
    let first = act(&mut world, company());
    let made = settled(&mut world, &first)["writes"][0]["result"].as_str().unwrap().to_owned();
    let merge = json!({ "primary": other, "other": made });
    let merged = world.change(ObjectType::Companies, "merge", merge);
    world.pass(12);
    let edit = json!({ "id": merged, "properties": { "domain": "elsewhere.example" } });
    world.change(ObjectType::Companies, "edit", edit);
    world.pass(12);
    let second = act(&mut world, company());
    let done = settled(&mut world, &second);
    assert_eq!(done["writes"][0]["result"], merged.as_str(), "{done}");
    assert!(world.simulator.portal(PORTAL).unwrap().writes("companies").all(|(_, own)| own.creates <= 1));
}

#[test]
fn no_company_is_made_before_what_happened_lately_is_known() {
    let mut world = synced(writing(5));
    let limit = Fault::Status { status: 500, after_commit: false };
    world.simulator.faults.add(Rule::one_in(1, limit).at(Endpoint::Search).of("companies"));
    world.pass(30);
    let there = world.change(ObjectType::Companies, "create", json!({ "properties": { "domain": ACME } }));
    let id = act(&mut world, company());
    world.pass(30);
    let told = action(&mut world, &id);
    assert_eq!(told["writes"][0]["waits_for"], "companies", "{told}");
    world.simulator.faults.clear();
    let done = settled(&mut world, &id);
    assert_eq!(done["writes"][0]["result"], there.as_str(), "{done}");
    assert_eq!(with(&world, ObjectType::Companies, "domain", ACME), [there]);
}

#[test]
fn a_step_that_needs_one_which_failed_has_an_end_whichever_ended_first() {
    for later in ["/companies/batch/create", "/contacts/batch/create"] {
        let mut world = synced(writing(5));
        let rule = json!({
            "portal_id": PORTAL, "object_type": "companies", "property": "name", "rules": [{ "kind": "numeric" }],
        });
        world.control("PUT", "validation-rules", &rule);
        world.hold(later, 1);
        let both =
            json!({ "action": "import_contact", "email": "new@acme.example", "company": { "domain": ACME } });
        let both = act(&mut world, both);
        let states = |world: &mut World| -> Vec<String> {
            let told = action(world, &both);
            let all = told["writes"].as_array().unwrap().iter();
            all.map(|write| write["state"].as_str().unwrap().to_owned()).collect()
        };
        world.pass(2);
        assert_eq!(world.held(), 1, "{later}");
        world.release();
        let ended = |world: &mut World| states(world) == ["failed", "done", "failed"];
        assert!(world.until(30, ended), "{later}: {:?}", states(&mut world));
    }
}

#[test]
fn an_answer_that_says_nothing_of_a_link_or_a_place_on_a_list_is_no_end() {
    let mut world = synced(writing(5));
    let silent = |times| Rule::next(times, Fault::Hollow { after_commit: false });
    fault(&mut world, silent(2).at(Endpoint::AssociationBatchDefault));
    let company = world.truth_of(ObjectType::Companies).into_keys().next().unwrap();
    let link =
        json!({ "action": "import_contact", "email": "new@acme.example", "company": { "id": company } });
    let link = act(&mut world, link);
    let done = settled(&mut world, &link);
    assert_eq!(done["state"], "done", "{done}");
    let made = done["writes"][0]["result"].as_str().unwrap();
    assert_eq!(linked(&world, "contacts", "companies", made), [company]);

    let id = ids(&world)[3].clone();
    world.control("POST", "lists/remove", &json!({ "list": 1, "ids": [id] }));
    fault(&mut world, silent(1).at(Endpoint::ListMembersChange));
    let join = act(&mut world, json!({ "action": "add_to_list", "list": "1", "record": id }));
    assert_eq!(settled(&mut world, &join)["state"], "done");
    assert!(world.true_members(1).contains(&id.parse().unwrap()), "it is on the list");
}

#[test]
fn nobody_who_is_kept_out_comes_on_a_list() {
    let mut world = synced(writing(5));
    world.pass(6);
    let id = ids(&world)[3].clone();
    world.control("POST", "lists/remove", &json!({ "list": 1, "ids": [id] }));
    let whom = Whom::Record { object_type: ObjectType::Contacts, id: id.parse().unwrap() };
    world.command(Command::Privacy(Privacy::Erase { whom }));
    let refused = refusal(&mut world, json!({ "action": "add_to_list", "list": "1", "record": id }));
    assert!(refused.0 == "/record" && refused.1.contains("not in HubSpot any more"), "{refused:?}");
    world.pass(10);
    assert!(!world.true_members(1).contains(&id.parse().unwrap()));
}

//! What steps of automations name of HubSpot's records: fields that are there, mirrored, with the values that an earlier step left.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        messages::Command,
        signals::commands::{Answer as Told, Command as Signals, On, Refusal},
    },
    values::{filter::Fault, ids::ObjectType},
};

use super::{
    signals::{ask, automate, hot, json_of, make_list, over, plan, runs, send, states, visit, with},
    synced,
};
use crate::life::{Plan, World};

fn refused(told: Told) -> Vec<Fault> {
    match told {
        Told::Refused(Refusal::Wrong(faults)) => faults,
        other => panic!("not refused but {other:?}"),
    }
}

fn tasks_called(world: &World, subject: &str) -> usize {
    with(world, ObjectType::Tasks, "hs_task_subject", subject).len()
}

#[test]
fn a_step_that_names_a_field_which_is_not_there_or_cannot_be_written_is_refused_in_its_place() {
    let mut world = synced(plan());
    let list = make_list(&mut world, hot());
    let update =
        |values: Value| json!({ "action": "update_record", "type": "companies", "properties": values });
    let friend = json!([{ "type": "contacts", "id": "{{contact.friend}}" }]);
    for (step, path, words) in [
        (
            json!({ "action": "create_task", "subject": "Call {{company.nam}} ({{company.id}})" }),
            "/steps/1",
            "no field `nam` of companies",
        ),
        (
            json!({ "action": "add_note", "body": "x", "about": friend }),
            "/steps/1",
            "no field `friend` of contacts",
        ),
        (update(json!({ "a/b": "x" })), "/steps/1/properties/a~1b", "no field `a/b`"),
        (update(json!({ "createdate": "x" })), "/steps/1/properties/createdate", "cannot be written"),
    ] {
        let steps = json!([{ "action": "import_company" }, step]);
        let definition = json!({ "name": "Follow up", "list": list, "steps": steps });
        let on = On { signal: Some(visit("e1")), ..On::default() };
        let saved = ask(&mut world, Signals::PutAutomation(None, definition.clone()));
        let tried = ask(&mut world, Signals::TryAutomation { definition, on });
        for faults in [refused(saved), refused(tried)] {
            assert_eq!((faults.len(), faults[0].path.as_str()), (1, path), "{faults:?}");
            assert!(faults[0].detail.contains(words), "{}", faults[0].detail);
        }
    }
    assert_eq!(json_of(ask(&mut world, Signals::Automations))["results"], json!([]));
}

#[test]
fn a_field_of_records_that_may_not_be_read_is_no_fact() {
    let mut world = synced(Plan { companies: None, ..plan() });
    let list = make_list(&mut world, hot());
    let steps = json!([{ "action": "create_task", "subject": "Call {{company.name}}", "about": [] }]);
    let definition = json!({ "name": "Follow up", "list": list, "steps": steps });
    let faults = refused(ask(&mut world, Signals::PutAutomation(None, definition)));
    assert!(faults[0].detail.contains("`crm.objects.companies.read`"), "{}", faults[0].detail);
}

#[test]
fn a_field_that_a_step_takes_is_mirrored_from_then_on_under_any_choice() {
    let mut world = synced(plan());
    world.choose(Some(&["firstname"]), &[]);
    assert!(world.backfill());
    let ann = json!({ "email": "ann@acme.example", "firstname": "Ann", "lastname": "Lovelace" });
    let ann = world.contact("create", json!({ "properties": ann }));
    world.pass(7);
    let lastname = |world: &mut World| world.record(&ann).unwrap()["properties"]["lastname"].clone();
    assert_eq!(lastname(&mut world), Value::Null);
    let list = make_list(&mut world, hot());
    let steps = json!([{ "action": "create_task", "subject": "Call {{contact.lastname}}", "about": [] }]);
    assert_eq!(automate(&mut world, &list, steps)["trouble"], Value::Null);
    for chosen_anew in [false, true] {
        if chosen_anew {
            world.choose(Some(&["firstname"]), &[]);
        }
        assert!(world.backfill());
        world.pass(7);
        assert_eq!(lastname(&mut world), "Lovelace", "{chosen_anew}");
    }
    send(&mut world, visit("e1"));
    let run = over(&mut world, 1).remove(0);
    assert_eq!(tasks_called(&world, "Call Lovelace"), 1, "{run:#}");
}

#[test]
fn an_automation_says_that_a_field_which_it_names_is_gone() {
    let mut world = synced(plan());
    super::make_field(&mut world, "plan", ("string", "text"), []);
    world.command(Command::RefreshFields);
    world.pass(3);
    let list = make_list(&mut world, hot());
    let steps =
        json!([{ "action": "create_task", "subject": "Sell more than {{contact.plan}}", "about": [] }]);
    automate(&mut world, &list, steps);
    let trouble =
        |world: &mut World| json_of(ask(world, Signals::Automations))["results"][0]["trouble"].clone();
    assert_eq!(trouble(&mut world), Value::Null);
    world.by_tool("DELETE", "/crm/properties/2026-09/contacts/plan", &Value::Null);
    world.command(Command::RefreshFields);
    world.pass(3);
    let words = trouble(&mut world);
    assert!(words.as_str().is_some_and(|words| words.contains("no field `plan` of contacts")), "{words}");
}

#[test]
fn a_step_takes_the_values_that_earlier_steps_left_on_what_they_made() {
    const SUBJECT: &str = "Call Acme of Lovelace, ann@acme.example, acme.example";
    let steps = json!([
        { "action": "import_company" },
        { "action": "import_contact", "properties": { "lastname": "Lovelace" } },
        {
            "action": "update_record", "type": "companies",
            "properties": { "name": "{{company.name}} of {{contact.lastname}}" },
        },
        { "action": "create_task", "subject": "Call {{company.name}}, {{contact.email}}, {{company.domain}}" },
    ]);
    for evicted in [false, true] {
        let mut world = synced(plan());
        let list = make_list(&mut world, hot());
        let definition = json!({ "name": "Follow up", "list": list, "steps": steps });
        let on = On { signal: Some(visit("e1")), ..On::default() };
        let tried = json_of(ask(&mut world, Signals::TryAutomation { definition, on }));
        assert_eq!(states(&tried), ["would_be_asked", "would_be_asked", "later", "later"], "{tried:#}");
        automate(&mut world, &list, steps.clone());
        send(&mut world, visit("e1"));
        let mut seen = BTreeSet::new();
        let ended = world.until(90, |world| {
            let run = runs(world).pop().unwrap_or_default();
            let steps = run["steps"].as_array().map_or(0, Vec::len);
            // As each step begins, the object is evicted once.
            if evicted && seen.insert(steps) {
                world.restart();
            }
            run["state"] == "done"
        });
        let run = runs(&mut world).remove(0);
        assert!(ended && states(&run) == ["done"; 4], "{run:#}");
        assert_eq!(tasks_called(&world, SUBJECT), 1, "{:?}", world.truth_of(ObjectType::Tasks));
        assert_eq!(with(&world, ObjectType::Companies, "name", "Acme of Lovelace").len(), 1);
        world.pass(10);
        world.verdict().unwrap();
    }
}

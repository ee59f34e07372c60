//! What of a workflow lasts: the fields of versions that runs still go by, and who has been through it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        blocks::{Command as Privacy, Whom},
        messages::{Answer, Command, State},
        selection::Selection,
        workflows::commands::Command as Workflows,
    },
    values::ids::ObjectType,
};

use super::{DAY, ann, ask, enabled, json_of, of_ann, on_event, over, plan, runs, send, states, task, tasks};
use crate::{hard_cases::synced, life::World};

/// A person chooses next to nothing: the fields that are mirrored then.
fn chosen(world: &mut World) -> BTreeSet<String> {
    let selection = Selection { fields: Some(["firstname".to_owned()].into()), ..Selection::default() };
    let selected = world.command(Command::Select { object_type: ObjectType::Contacts, selection });
    assert!(matches!(selected, Some(Answer::Json(_))), "{selected:?}");
    let Some(Answer::Json(told)) = world.command(Command::Selection { object_type: ObjectType::Contacts })
    else {
        panic!("no selection")
    };
    let told: Value = serde_json::from_str(&told).unwrap();
    told["fields"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_version_asks_for_is_mirrored_until_the_last_run_that_goes_by_it_is_over() {
    let mut world = synced(plan());
    super::super::make_field(&mut world, "plan", ("string", "text"), []);
    world.command(Command::RefreshFields);
    world.pass(3);
    let contact = ann(&mut world);
    super::edit(&mut world, &contact, json!({ "plan": "free" }));
    let steps = json!([
        { "id": "pause", "wait": { "count": 2, "unit": "days" } },
        { "id": "which", "if": { "property": "plan", "type": "string", "operator": "is", "value": "free" },
          "then": [task("call", "Call Ann")], "else": [task("other", "Let be")] },
    ]);
    let id = enabled(&mut world, on_event("ping", steps));
    world.pass(10);
    send(&mut world, of_ann("e1", "ping"));
    assert!(world.until(30, |world| runs(world).first().is_some_and(|run| states(run) == ["waits"])));
    let newer = on_event("ping", json!([task("mail", "Write")]));
    let edited = json_of(ask(&mut world, Workflows::Edit(id, newer)));
    assert_eq!(edited["version"], 2, "{edited:#}");
    assert!(chosen(&mut world).contains("plan"), "a run under way asks for it");
    world.restart();
    world.pass(3 * DAY);
    assert_eq!((tasks(&world, "Call Ann"), tasks(&world, "Let be")), (1, 0), "{:#?}", runs(&mut world));
    assert!(!chosen(&mut world).contains("plan"), "nobody asks for it any more");
}

#[test]
fn who_goes_once_has_been_through_also_after_everything_that_was_read_is_deleted() {
    let mut world = synced(plan());
    let contact = ann(&mut world);
    let once = |event: &str, subject: &str| {
        let mut definition = on_event(event, json!([task("call", subject)]));
        definition["enrolment"] = json!({ "again": "once" });
        definition
    };
    enabled(&mut world, once("ping", "Call Ann"));
    let mut nightly = once("ping", "Welcome");
    nightly["trigger"] = json!({ "on": "schedule", "record": "contacts", "every": "day", "hour": 2 });
    nightly["conditions"] =
        json!({ "property": "email", "type": "string", "operator": "is", "value": "ann@acme.example" });
    enabled(&mut world, nightly);
    send(&mut world, of_ann("e1", "ping"));
    // Whom HubSpot has no record of is known by the address alone.
    send(&mut world, json!({ "id": "e2", "event": "ping", "email": "bob@acme.example" }));
    over(&mut world, 2);
    world.pass(DAY);
    assert_eq!((tasks(&world, "Call Ann"), tasks(&world, "Welcome")), (2, 1), "{:#?}", runs(&mut world));
    assert!(world.dump_of("workflow_enrolled").contains("bob@acme.example"));
    world.farewell(false, false);
    assert!(world.until(5, |world| world.status().state == State::Disconnected));
    assert!(matches!(world.command(Command::DeleteData), Some(Answer::Done)));
    let kept = world.dump_of("workflow_enrolled");
    assert!(kept.contains(&format!("contacts/{contact}")) && !kept.contains('@'), "{kept}");
    assert_eq!(runs(&mut world).len(), 0);
    world.connect(0);
    assert!(world.backfill());
    world.pass(2 * DAY);
    send(&mut world, of_ann("e3", "ping"));
    let run = over(&mut world, 1).remove(0);
    assert!(run["why"].as_str().is_some_and(|why| why.contains("goes once")), "{run:#}");
    assert_eq!((tasks(&world, "Call Ann"), tasks(&world, "Welcome")), (2, 1), "{:#?}", runs(&mut world));
}

#[test]
fn whoever_is_erased_while_nothing_is_held_of_them_has_been_through_nothing_once_they_are_recognised() {
    let mut world = synced(plan());
    let contact = ann(&mut world);
    enabled(&mut world, on_event("ping", json!([task("call", "Call Ann")])));
    send(&mut world, of_ann("e1", "ping"));
    over(&mut world, 1);
    world.farewell(false, false);
    assert!(world.until(5, |world| world.status().state == State::Disconnected));
    assert!(matches!(world.command(Command::DeleteData), Some(Answer::Done)));
    let whom = Whom::Email("ann@acme.example".to_owned());
    let erased = world.command(Command::Privacy(Privacy::Erase { whom }));
    assert!(matches!(erased, Some(Answer::Json(_))), "{erased:?}");
    world.connect(0);
    assert!(world.backfill());
    world.pass(10);
    assert!(world.record(&contact).is_none());
    let kept = world.dump_of("workflow_enrolled");
    assert!(!kept.contains(&format!("contacts/{contact}")), "{kept}");
}

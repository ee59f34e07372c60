//! What of a workflow lasts: the fields of versions that runs still go by.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        messages::{Answer, Command},
        selection::Selection,
        workflows::commands::Command as Workflows,
    },
    values::ids::ObjectType,
};

use super::{DAY, ann, ask, enabled, json_of, of_ann, on_event, plan, runs, send, states, task, tasks};
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

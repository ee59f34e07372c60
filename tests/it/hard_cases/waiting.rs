//! What holds a write up holds up no other, and is said.

use hubspot_simulator::{Endpoint, Fault, Policy, Rule};
use serde_json::{Value, json};
use spoke::{
    engine::portal::messages::Command,
    values::ids::{ActionId, ObjectType},
};

use super::{
    ids,
    outbox::{act, action, fault, settled, state, writing},
    synced,
};
use crate::life::World;

fn update(id: &str, name: &str) -> Value {
    json!({ "action": "update_record", "type": "contacts", "record": id, "properties": { "firstname": name } })
}

/// A contact that is made, and linked to a company that is there.
fn linking(world: &World) -> Value {
    let company = world.truth_of(ObjectType::Companies).into_keys().next().unwrap();
    json!({ "action": "import_contact", "email": "new@acme.example", "company": { "id": company } })
}

/// What each write of an action waits for; empty where for nothing.
fn waits(world: &mut World, id: &ActionId) -> Vec<String> {
    let told = action(world, id);
    let all = told["writes"].as_array().unwrap().iter();
    all.map(|write| write["waits_for"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_full_window_of_links_holds_up_links_alone() {
    let mut world = synced(writing(9));
    let id = ids(&world)[3].clone();
    let full = Fault::RateLimited { policy: Policy::TenSecondlyRolling };
    fault(&mut world, Rule::next(1, full).at(Endpoint::AssociationBatchDefault));
    let before = world.calls.len();
    let body = linking(&world);
    let link = act(&mut world, body);
    assert!(world.until(5, |world| world.counted(before, "/batch/associate/default") > 0));
    world.pass_ms(500);
    assert_eq!(waits(&mut world, &link), ["", "association_window"]);
    let other = act(&mut world, update(&id, "Ulm"));
    assert!(world.until(1, |world| state(world, &other) == "done"));
    assert_eq!(waits(&mut world, &link), ["", "association_window"], "it left before the link");
    assert_eq!(settled(&mut world, &link)["state"], "done");
    assert_eq!(waits(&mut world, &link), ["", ""]);
}

#[test]
fn what_a_write_waits_for_is_said() {
    let mut world = synced(writing(9));
    let id = ids(&world)[3].clone();
    world.command(Command::Pause);
    let paused = act(&mut world, update(&id, "Ulm"));
    assert_eq!(waits(&mut world, &paused), ["paused_by_person"]);
    world.command(Command::Resume);
    assert_eq!(settled(&mut world, &paused)["state"], "done");
    assert_eq!(waits(&mut world, &paused), [""]);
    world.hold("/contacts/batch/update", 1);
    let first = act(&mut world, update(&id, "Bonn"));
    assert!(world.until(5, |world| world.held() == 1));
    let second = act(&mut world, update(&id, "Kiel"));
    assert_eq!(
        (waits(&mut world, &first), waits(&mut world, &second)),
        (vec![String::new()], vec!["earlier_write".to_owned()])
    );
    world.release();
    assert_eq!(settled(&mut world, &second)["state"], "done");
    world.hold("/contacts/batch/create", 1);
    let body = linking(&world);
    let link = act(&mut world, body);
    assert!(world.until(5, |world| world.held() == 1));
    assert_eq!(waits(&mut world, &link), ["", "step_before"]);
    world.release();
    assert_eq!(settled(&mut world, &link)["state"], "done");
}

//! What is left of a connection that has ended: everything, or nothing that was read.

use serde_json::json;
use spoke::{
    engine::portal::messages::{Answer, Command, State},
    values::ids::ObjectType,
};

use super::{ids, rename, tiny};
use crate::life::{APP, PORTAL, Plan, World};

/// Texts that stand in the mirror, and nowhere in what people set.
const CANARY: &str = "Canary-of-the-mirror";

fn read() -> World {
    let plan = Plan { companies: Some(20), deals: Some(10), links: true, lists: Some(1), ..tiny(120) };
    let mut world = World::new(plan);
    assert!(world.backfill());
    world.pass(15);
    let id = ids(&world)[0].clone();
    for name in [CANARY, "Canary-renamed", CANARY] {
        rename(&mut world, &id, name);
        world.pass(6);
    }
    world.verdict().unwrap();
    assert!(world.dump().contains(CANARY));
    world
}

fn disconnect(world: &mut World) {
    world.farewell(true, true);
    world.pass(1);
    assert_eq!(world.status().state, State::Disconnected);
}

#[test]
fn a_disconnect_keeps_what_was_read_until_somebody_has_it_deleted_and_then_nothing_is_left_of_it() {
    let mut world = read();
    assert!(matches!(world.choose(Some(&["firstname"]), &[]), Some(Answer::Json(_))));
    world.pass(10);
    assert!(matches!(world.command(Command::DeleteData), Some(Answer::Stopped)), "not of one that goes on");
    disconnect(&mut world);
    assert!(world.dump().contains(CANARY));
    let told = world.status().latest_change;
    assert!(matches!(world.command(Command::DeleteData), Some(Answer::Done)));
    let left = world.dump();
    assert!(!left.contains("Canary"), "something of what was read is left");
    assert!(world.status().streams.iter().all(|stream| stream.records == 0));
    // Readers of the feed are told with a number of its own, and that is all there is.
    let changes = Command::Changes { after: told, limit: 10, types: Vec::new() };
    let Some(Answer::Json(page)) = world.command(changes) else { panic!("no changes") };
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    assert_eq!(page["changes"].as_array().unwrap().len(), 1, "{page}");
    assert_eq!(page["changes"][0]["kind"], json!("data_deleted"), "{page}");
    world.pass(120);
    world.restart();
    assert_eq!(world.status().state, State::Disconnected);

    // Connected again it finds what was set, and reads everything.
    world.connect(0);
    assert!(world.backfill());
    world.pass(15);
    let (mirror, truth) = (world.mirror(), world.truth());
    assert!(mirror.keys().eq(truth.keys()) && mirror.len() >= 100, "{} of {}", mirror.len(), truth.len());
    let Some(Answer::Json(chosen)) = world.command(Command::Selection { object_type: ObjectType::Contacts })
    else {
        panic!("no selection")
    };
    let chosen: serde_json::Value = serde_json::from_str(&chosen).unwrap();
    assert!(chosen["fields"].as_array().is_some_and(|names| names.contains(&json!("firstname"))), "{chosen}");
}

#[test]
fn data_that_are_to_go_with_a_disconnect_go_when_it_is_over_whatever_is_killed_meanwhile() {
    let mut world = read();
    world.hold("/external-install", 1);
    world.farewell(true, true);
    assert!(world.until(1, |world| world.held() == 1));
    assert!(matches!(world.command(Command::DeleteData), Some(Answer::Done)));
    assert!(world.dump().contains(CANARY), "not before HubSpot was told");
    world.restart();
    world.release();
    world.pass(10);
    assert_eq!(world.status().state, State::Disconnected);
    assert!(!world.dump().contains("Canary"));
}

#[test]
fn an_uninstall_made_in_hubspot_is_noticed() {
    let mut world = read();
    world.control("POST", "uninstall", &json!({ "app_id": APP, "portal_id": PORTAL }));
    assert!(world.until(40, |world| world.status().state == State::NeedsReauthorisation));
    let trouble = world.status().trouble.unwrap();
    assert_eq!(trouble.kind, "authorisation-ended");
    assert!(trouble.words.contains("uninstalled"), "{}", trouble.words);
}

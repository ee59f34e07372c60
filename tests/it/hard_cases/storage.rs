//! Storage that runs out: the warning at 80 %, the narrow mirror at 90 %, and the way back.

use std::collections::BTreeSet;

use hubspot_simulator::Shape;
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        messages::{Answer, Command},
        selection::always,
        storage::Level,
    },
    values::ids::ObjectType,
};

use super::{rename, synced};
use crate::life::{Plan, World};

/// Of a limit of four megabytes, one of which the feed may take.
fn small(contacts: u32) -> Plan {
    Plan {
        contacts,
        shape: Shape { properties_set: 60, custom_properties: 60, oddities: false, ..Shape::default() },
        variables: vec![("STORAGE_MEGABYTES", "4".to_owned()), ("FEED_MEGABYTES", "1".to_owned())],
        ..Plan::default()
    }
}

/// Names of the fields with a value in the mirror.
fn names(world: &mut World) -> BTreeSet<String> {
    let mirror = world.mirror();
    mirror.values().flat_map(|values| values.as_object().unwrap().keys().cloned()).collect()
}

/// What the feed tells of storage after `after`, or after the oldest it keeps.
fn told(world: &mut World, mut after: u64) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let page = match world.command(Command::Changes { after, limit: 1_000, types: Vec::new() }) {
            Some(Answer::Json(page)) => serde_json::from_str::<Value>(&page).unwrap(),
            Some(Answer::BeyondHorizon(oldest)) => {
                after = oldest;
                continue;
            }
            other => panic!("no changes but {other:?}"),
        };
        let changes = page["changes"].as_array().unwrap();
        let of_storage = changes.iter().filter(|one| one["kind"] == "storage_low");
        lines.extend(of_storage.map(|one| one["message"].as_str().unwrap().to_owned()));
        if changes.is_empty() {
            return lines;
        }
        after = page["next"].as_str().unwrap().parse().unwrap();
    }
}

/// People make `count` contacts more.
fn more(world: &mut World, count: u32) {
    let note = "Met at the fair. ".repeat(40);
    for nth in 0..count {
        world.contact(
            "create",
            json!({ "properties": { "firstname": format!("More {nth}"), "message": note } }),
        );
    }
    world.pass(10);
}

#[test]
fn a_mirror_that_fills_warns_and_then_keeps_only_what_is_needed_until_a_person_chooses() {
    let mut world = synced(small(1_350));
    world.pass(1);
    let roomy = world.status();
    assert_eq!((roomy.storage.level, &roomy.trouble), (Level::Roomy, &None), "{:?}", roomy.storage);

    more(&mut world, 330);
    world.pass(10);
    let filling = world.status();
    assert_eq!(filling.storage.level, Level::Filling, "{:?}", filling.storage);
    let words = filling.trouble.unwrap().words;
    assert!(words.contains("of the 4 MB it may. At 90 %"), "{words}");
    assert!(names(&mut world).contains("firstname"), "nothing is given up yet");
    let lines = told(&mut world, 0);
    assert!(lines.len() == 1 && lines[0] == words, "{lines:?}");
    let before = filling.latest_change;

    more(&mut world, 330);
    let full = |world: &mut World| world.status().trouble.is_some_and(|told| told.words.contains("ran out"));
    assert!(world.until(15, full), "{:?}", world.status());
    let lines = told(&mut world, before);
    assert!(lines.len() == 1 && lines[0].contains("storage ran out"), "{lines:?}");
    world.pass(20);
    let needed: BTreeSet<String> = always(ObjectType::Contacts).iter().map(ToString::to_string).collect();
    let kept = names(&mut world);
    assert!(kept.is_subset(&needed) && kept.contains("email"), "{kept:?}");
    assert_eq!(world.mirror().len(), world.truth().len(), "every record stays");
    let narrow = world.status();
    assert_eq!(narrow.storage.level, Level::Roomy, "room was made: {:?}", narrow.storage);
    assert!(narrow.trouble.unwrap().words.contains("of contacts only the fields are mirrored"));

    world.restart();
    let id = world.truth().keys().next().unwrap().clone();
    rename(&mut world, &id, "Ada");
    world.pass(20);
    assert!(!names(&mut world).contains("firstname"), "it stays narrow by itself");

    assert!(matches!(world.choose(Some(&["firstname"]), &[]), Some(Answer::Json(_))));
    assert!(world.backfill());
    world.pass(20);
    assert!(names(&mut world).contains("firstname"));
    let chosen = world.status();
    assert_eq!((chosen.storage.level, chosen.trouble), (Level::Roomy, None), "{:?}", chosen.storage);
    assert_eq!(world.mirror().len(), world.truth().len());
}

#[test]
fn no_field_is_added_where_there_is_no_room() {
    let variables = vec![("STORAGE_MEGABYTES", "1".to_owned())];
    let mut world = World::new(Plan { variables, ..small(1_425) });
    assert!(world.backfill());
    world.pass(20);
    assert_eq!(world.status().storage.level, Level::Full, "narrow, and still too much");
    assert!(!names(&mut world).contains("firstname"));
    assert_eq!(world.mirror().len(), world.truth().len(), "no record is left out");
    let refused = world.choose(None, &[]);
    assert!(matches!(refused, Some(Answer::StorageFull)), "{refused:?}");
}

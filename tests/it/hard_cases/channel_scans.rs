//! Scans of channels: who is selected at no moment is passed by in SQL, and nobody who was handed over is forgotten for it.

use serde_json::json;
use spoke::engine::portal::channels::commands::Action;

use super::{
    channels::{HOST, definition, edited, event, events, named, plan, set},
    ids, rename, synced,
};
use crate::life::{Plan, World};

#[test]
fn a_scan_passes_by_who_is_not_selected_and_lets_go_of_whoever_was() {
    let mut world = synced(Plan { contacts: 1_100, ..plan() });
    let ids = ids(&world);
    // One at the end of a page, as the scan reads them, one at the beginning of the next, and the last of all.
    let leads = [&ids[0], &ids[249], &ids[250], &ids[700], &ids[1_099]];
    for id in leads {
        rename(&mut world, id, "Lead");
    }
    rename(&mut world, &ids[800], "Customer");
    world.pass(6);
    let channel = world.channel_at(HOST, &definition(&named("Lead"))).unwrap();
    let read = |world: &mut World| {
        let shown = world.act_on_channel(&channel, Action::Get).unwrap();
        shown["scan"]["read"].as_u64()
    };
    // Those passed by count.
    assert!(world.until(1, |world| read(world).is_none_or(|read| read >= 500)));
    assert_eq!(read(&mut world), Some(500));
    world.restart();
    world.pass(2);
    let entered: Vec<_> = leads.iter().map(|id| event("entered", id)).collect();
    assert_eq!(events(&world), entered);
    let remembered = |world: &World| world.dump_of("channel_members").lines().count();
    assert_eq!(remembered(&world), 5);
    // None of them is selected any more: one is gone, one no lead, and three are leads of whom nobody asks.
    world.act_on_channel(&channel, Action::Pause).unwrap();
    world.contact("archive", json!({ "id": ids[249] }));
    set(&mut world, &ids[250], "firstname", "Nobody");
    world.act_on_channel(&channel, edited(json!({ "filter": named("Customer") }))).unwrap();
    world.act_on_channel(&channel, Action::Resume).unwrap();
    world.pass(2);
    let mut after = events(&world)[5..].to_vec();
    after.sort();
    let mut expected: Vec<_> = leads.iter().map(|id| event("left", id)).collect();
    expected.push(event("entered", &ids[800]));
    expected.sort();
    assert_eq!(after, expected);
    let mut reasons = world.handed(HOST).unwrap().reasons;
    reasons.sort();
    assert_eq!(reasons, ["deleted", "unselected", "unselected", "unselected", "unselected"]);
    assert_eq!(remembered(&world), 1);
    world.verdict().unwrap();
}

#[test]
fn a_scan_remembers_who_will_be_selected_by_and_by_and_nobody_else() {
    let mut world = synced(plan());
    world.pass(180);
    let ids = ids(&world);
    for id in &ids[..3] {
        rename(&mut world, id, "Lead");
    }
    rename(&mut world, &ids[3], "Nobody");
    world.pass(6);
    let quiet = json!({"property": "lastmodifieddate", "type": "datetime", "operator": "more_than_ago", "count": 1, "unit": "hours"});
    let filter = json!({ "and": [named("Lead"), quiet] });
    world.channel_at(HOST, &definition(&filter)).unwrap();
    world.pass(1);
    assert_eq!(events(&world), []);
    assert_eq!(world.dump_of("channel_members").lines().count(), 3);
    world.restart();
    world.pass(62);
    let entered: Vec<_> = ids[..3].iter().map(|id| event("entered", id)).collect();
    assert_eq!(events(&world), entered);
}

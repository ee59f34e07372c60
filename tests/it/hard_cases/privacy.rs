//! What may no longer be kept: people deleted for privacy, and changes beyond the horizon.

use serde_json::{Value, json};
use spoke::{
    engine::portal::messages::{Answer, Command, State, Touch},
    hubspot::webhooks::Event,
    store::portal::feed::{self, Change},
    values::{ids::ObjectType, time::Timestamp},
};

use super::{ids, rename, synced, tiny};
use crate::life::{APP, PORTAL, Plan, World};

fn with_webhooks() -> Plan {
    Plan { webhooks: true, ..tiny(30) }
}

/// A privacy event, as the front hands it on once its signature is checked.
fn erasure(world: &mut World, ids: &[&str]) -> Option<Answer> {
    let touch = |id: &&str| Touch {
        object_type: ObjectType::Contacts,
        id: id.parse().unwrap(),
        erased: true,
        merged_into: None,
    };
    world.command(Command::Webhook { touches: ids.iter().map(touch).collect() })
}

/// Kinds of the changes of a record, in order.
fn told(world: &mut World, id: &str) -> Vec<String> {
    let all = changes(world, 0).expect("nothing is pruned");
    let of_record = all.iter().filter(|change| change["id"] == id && change["object_type"] == "contacts");
    of_record.map(|change| change["kind"].as_str().unwrap().to_owned()).collect()
}

fn changes(world: &mut World, mut after: u64) -> Option<Vec<Value>> {
    let mut all = Vec::new();
    loop {
        match world.command(Command::Changes { after, limit: 1_000, types: Vec::new() }) {
            Some(Answer::Json(text)) => {
                let page: Value = serde_json::from_str(&text).unwrap();
                all.extend(page["changes"].as_array().unwrap().iter().cloned());
                if page["next"] == page["latest"] {
                    return Some(all);
                }
                after = page["next"].as_str().unwrap().parse().unwrap();
            }
            Some(Answer::BeyondHorizon(_)) => return None,
            other => panic!("neither changes nor beyond the horizon but {other:?}"),
        }
    }
}

#[test]
fn an_erased_contact_that_reads_still_show_stays_erased_until_it_is_gone() {
    let mut world = synced(with_webhooks());
    let id = ids(&world)[4].clone();
    world.contact("edit", json!({ "id": id, "properties": { "phone": "+15550001" } }));
    world.pass(6);
    // HubSpot's event is ahead of what its reads answer.
    erasure(&mut world, &[&id]);
    assert_eq!(world.record(&id), None, "at once");
    world.pass(1);
    rename(&mut world, &id, "Seen after all");
    world.pass(90);
    assert_eq!(world.record(&id), None);
    assert!(!world.dump().contains("+15550001"));
    world.contact("erase", json!({ "id": id }));
    world.pass(30);
    world.verdict().unwrap();
    assert_eq!(told(&mut world, &id), ["erased"], "told once, and nothing else names it");
    assert!(!world.dump().contains("Seen after all"));
}

#[test]
fn hubspot_is_asked_ever_less_about_who_it_shows_after_erasing_and_believed_after_a_day() {
    let mut world = synced(with_webhooks());
    let id = ids(&world)[4].clone();
    erasure(&mut world, &[&id]);
    world.pass(20 * 60);
    assert_eq!(world.record(&id), None);
    let before = world.calls.len();
    world.pass(60);
    assert!(world.counted(before, "contacts/batch/read") <= 3, "counts and the mark itself");
    world.pass(3 * 60);
    assert!(world.record(&id).is_some(), "it was not erased after all");
    world.pass(5);
    world.verdict().unwrap();
    assert_eq!(told(&mut world, &id), ["erased", "restored"]);
}

#[test]
fn who_was_merged_and_erased_before_anybody_read_it_is_erased_in_every_part() {
    for merger_first in [true, false] {
        // Events are handed on by hand, in both orders.
        let mut world = synced(tiny(30));
        let ids = ids(&world);
        rename(&mut world, &ids[0], "Oldname");
        world.pass(6);
        rename(&mut world, &ids[0], "Newname");
        world.pass(6);
        assert!(world.dump().contains("Oldname"), "the feed tells what it was");
        let merged = world.contact("merge", json!({ "primary": ids[0], "other": ids[1] }));
        world.contact("erase", json!({ "id": merged }));
        let merger = Event::Merged {
            object: ObjectType::Contacts,
            primary: ids[0].parse().unwrap(),
            merged: vec![ids[1].parse().unwrap()],
            new_id: Some(merged.parse().unwrap()),
            occurred_at: Timestamp(0),
        };
        let merger = Command::Webhook { touches: Touch::of(&merger) };
        if merger_first {
            world.command(merger);
            erasure(&mut world, &[&merged]);
        } else {
            erasure(&mut world, &[&merged]);
            world.command(merger);
        }
        world.pass(2);
        let held = world.dump();
        assert!(!held.contains("Oldname") && !held.contains("Newname"), "merger first: {merger_first}");
        assert_eq!(told(&mut world, &merged), ["erased"]);
        world.verdict().unwrap();
    }
}

#[test]
fn the_same_person_created_anew_is_mirrored() {
    let mut world = synced(with_webhooks());
    let id = ids(&world)[4].clone();
    world.contact("erase", json!({ "id": id }));
    world.pass(1);
    let again = world.contact("create", json!({ "properties": { "email": "again@example.com" } }));
    world.pass(6);
    assert_eq!((world.record(&id), world.record(&again).is_some()), (None, true));
    world.verdict().unwrap();
}

/// Ways in which a connection stands still.
const STILL: [fn(&mut World); 4] = [
    |world| drop(world.command(Command::Pause)),
    |world| {
        let lost = ["crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.deals.read"];
        world.control(
            "POST",
            "grants/scopes",
            &json!({ "app_id": APP, "portal_id": PORTAL, "removed": lost }),
        );
        world.pass(45);
    },
    |world| {
        world.control("POST", "uninstall", &json!({ "portal_id": PORTAL, "app_id": APP }));
        world.until(60, |world| world.status().state == State::NeedsReauthorisation);
    },
    |world| world.farewell(false, false),
];

#[test]
fn a_privacy_event_is_applied_at_once_in_every_state_in_which_something_is_kept() {
    for (number, stop) in STILL.into_iter().enumerate() {
        let mut world = synced(with_webhooks());
        let id = ids(&world)[4].clone();
        world.contact("edit", json!({ "id": id, "properties": { "phone": "+15550001" } }));
        world.pass(6);
        stop(&mut world);
        assert!(world.dump().contains("+15550001"));
        let calls = world.calls.len();
        let answer = erasure(&mut world, &[&id]);
        let ended = world.status().state == State::Disconnected;
        assert!(matches!(answer, Some(Answer::NotConnected)) == ended, "{answer:?}");
        assert_eq!(world.record(&id), None, "{number}");
        world.pass_ms(2_000);
        assert!(!world.dump().contains("+15550001"), "{number}: the feed still has it");
        assert_eq!(told(&mut world, &id).last().unwrap(), "erased");
        assert_eq!(world.counted(calls, "batch/read"), 0, "{number}: nothing is called for it");
    }
}

#[test]
fn what_is_older_than_the_horizon_goes_in_every_state_and_is_not_told_before() {
    for (number, stop) in STILL.into_iter().enumerate() {
        let mut world = synced(Plan { variables: vec![("FEED_DAYS", "1".to_owned())], ..with_webhooks() });
        let id = ids(&world)[4].clone();
        world.contact("edit", json!({ "id": id, "properties": { "phone": "+15550001" } }));
        world.pass(6);
        stop(&mut world);
        world.pass(22 * 60);
        assert!(world.dump_of("feed").contains("+15550001"), "{number}");
        world.pass(4 * 60);
        assert!(!world.dump_of("feed").contains("+15550001"), "{number}: the feed still has it");
        assert!(changes(&mut world, 0).is_none(), "{number}: what is gone is not told");
        let latest = world.status().latest_change;
        assert!(changes(&mut world, latest).is_some());
    }
}

#[test]
fn what_is_older_than_the_horizon_is_not_told_though_it_is_not_pruned_yet() {
    let mut world = synced(Plan { variables: vec![("FEED_DAYS", "1".to_owned())], ..with_webhooks() });
    world.pass(30);
    let (from, id) = (world.status().latest_change, ids(&world)[4].clone());
    rename(&mut world, &id, "Half past");
    world.pass(24 * 60 - 10);
    assert!(changes(&mut world, from).is_some());
    assert!(world.until(20, |world| changes(world, from).is_none()));
    assert!(world.dump_of("feed").contains("Half past"), "it is pruned at the hour");
}

#[test]
fn erasing_from_a_large_feed_goes_on_over_evictions_and_nobody_is_shown_what_is_still_there() {
    let mut world = synced(with_webhooks());
    let all = ids(&world);
    let secret = "s".repeat(900_000);
    for _ in 0..40 {
        let set = [("phone".to_owned(), (None, Some(secret.clone())))].into();
        let change = Change::Updated { id: all[4].parse().unwrap(), set, ours: false };
        let now = Timestamp(world.now as i64);
        feed::append(&world.objects[0].sql, now, ObjectType::Contacts, vec![change]).unwrap();
    }
    erasure(&mut world, &[&all[4], &all[5]]);
    let kept = |world: &World| world.dump_of("feed").matches(&secret).count();
    assert_eq!(kept(&world), 40, "not in the turn of the event");
    assert!(changes(&mut world, 0).unwrap().iter().all(|change| change["changed"].is_null()));
    assert!(world.until(1, |world| (1..40).contains(&kept(world))), "a piece a turn");
    world.restart();
    assert!(changes(&mut world, 0).unwrap().iter().all(|change| change["changed"].is_null()));
    world.pass(1);
    assert_eq!((kept(&world), world.dump_of("erasures")), (0, String::new()));
}

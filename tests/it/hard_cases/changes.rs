//! Changes that are many, late, or come twice.

use hubspot_simulator::{Fault, Rule, Switches, portal::PortalSettings};
use serde_json::json;
use spoke::{
    engine::portal::messages::State,
    values::time::{HOUR_MS, MINUTE_MS},
};

use super::{checked, ids, name_of, rename, synced, tiny, under_way};
use crate::life::{Plan, World};

const MANY: u32 = 10_300;

#[test]
fn more_than_ten_thousand_changes_since_the_last_check_all_arrive() {
    let mut world = World::new(tiny(MANY));
    assert!(world.backfill());
    for count in [MANY, 900, 2_000, 500] {
        world.control("POST", "contacts/edit-bulk", &json!({ "count": count }));
        world.pass_ms(7);
    }
    world.pass_ms(40_000);
    checked(&mut world);
    world.verdict().unwrap();
}

#[test]
fn more_than_ten_thousand_changes_in_one_millisecond_all_arrive() {
    let mut world = World::new(tiny(MANY));
    assert!(world.backfill());
    world.control("POST", "contacts/edit-bulk", &json!({ "count": MANY }));
    world.pass_ms(40_000);
    checked(&mut world);
    world.verdict().unwrap();
}

#[test]
fn the_hourly_look_for_late_changes_is_told_with_the_next_one() {
    let mut world = synced(tiny(20));
    checked(&mut world);
    let told = |world: &mut World| {
        let stream = &world.status().streams[0];
        (stream.trailing_at.unwrap(), stream.next_trailing_at.unwrap(), stream.next_check_at.unwrap())
    };
    let (began, next, check) = told(&mut world);
    assert_eq!(next, began.plus_ms(HOUR_MS).max(check));
    world.pass(30);
    assert_eq!(told(&mut world).0, began, "once an hour");
    world.pass(40);
    let (later, next, check) = told(&mut world);
    // An hour, and whatever is missing to the next tick.
    assert!((HOUR_MS..=HOUR_MS + 6 * MINUTE_MS).contains(&later.since_ms(began)), "{began:?} {later:?}");
    assert_eq!(next, later.plus_ms(HOUR_MS).max(check));
}

/// HubSpot moves the account for four hours in the middle of the read: longer than any lookback. An edit of that time to a
/// contact that was read before can only be found because checks begin where the read began.
#[test]
fn an_edit_while_the_first_sync_runs_is_seen() {
    let mut world = World::new(tiny(900));
    assert!(world.until(5, |world| world.status().streams[0].read >= 300));
    world.simulator.faults.add(Rule::next(100, Fault::Moved { retry_after_s: 4 * 3_600 }));
    assert!(world.until(5, |world| world.status().state != State::Active));
    world.simulator.faults.clear();
    let ids = ids(&world);
    rename(&mut world, &ids[0], "Edited");
    let created = world.contact("create", json!({ "properties": { "firstname": "Created" } }));
    world.pass(4 * 60 + 2);
    assert_eq!(name_of(&mut world, &ids[0]), "Edited");
    assert_eq!(name_of(&mut world, &created), "Created");
    world.verdict().unwrap();
}

#[test]
fn changes_that_reach_the_index_late_and_out_of_order_are_seen() {
    let switches = Switches { search_lag_min_ms: 0, search_lag_max_ms: 8 * 60_000, ..Switches::default() };
    let mut world = synced(Plan { switches, ..tiny(60) });
    for _ in 0..20 {
        world.control("POST", "contacts/edit-bulk", &json!({ "count": 3 }));
        world.pass(1);
    }
    world.pass(14);
    world.verdict().unwrap();
}

/// Just after such a check, so that the next comes an hour later still. Others go on editing meanwhile, and the cursor follows
/// them.
#[test]
fn a_change_that_reaches_the_index_an_hour_late_is_caught_by_the_trailing_check() {
    let mut world = synced(tiny(20));
    // The first trailing check was at the beginning, the second is at the first tick after an hour.
    world.pass(7);
    let ids = ids(&world);
    world.simulator.switches.search_straggler_one_in = 1;
    rename(&mut world, &ids[0], "Late");
    world.simulator.switches.search_straggler_one_in = 0;
    for minute in 0..125 {
        rename(&mut world, &ids[1], &format!("Busy {minute}"));
        world.pass(1);
        if minute == 55 {
            assert_ne!(name_of(&mut world, &ids[0]), "Late", "no search shows it before an hour has passed");
        }
    }
    assert_eq!(name_of(&mut world, &ids[0]), "Late");
}

/// Nobody edits anything else: the cursor stays where they are.
#[test]
fn many_changes_at_once_are_not_listed_for_ever() {
    let mut world = synced(tiny(900));
    world.control("POST", "contacts/edit-bulk", &json!({ "count": 900 }));
    world.pass(4 * 60);
    world.verdict().unwrap();
    let before = world.calls.len();
    world.pass(60);
    let searches = |world: &World, from: usize| {
        world.calls[from..].iter().filter(|call| call.name.ends_with("contacts/search")).count()
    };
    // A dozen checks of a call each, and what counts all of them hourly.
    let quiet = searches(&world, before);
    assert!((12..=24).contains(&quiet), "{quiet} searches in an hour in which nothing happens");
    let ids = ids(&world);
    world.simulator.switches.search_straggler_one_in = 1;
    rename(&mut world, &ids[0], "Late");
    world.simulator.switches.search_straggler_one_in = 0;
    rename(&mut world, &ids[1], "Soon");
    world.pass(8);
    assert_eq!(name_of(&mut world, &ids[1]), "Soon");
    world.pass(70);
    assert_eq!(name_of(&mut world, &ids[0]), "Late");
    world.verdict().unwrap();
}

#[test]
pub fn ids_sorted_as_text_lose_no_change() {
    let switches = Switches { search_sorts_ids_as_text: true, ..Switches::default() };
    // Ids from 801 on pass 1,000, which comes before 801 in a text.
    let mut world = synced(Plan { switches, ..tiny(600) });
    world.control("POST", "contacts/edit-bulk", &json!({ "count": 600 }));
    world.pass_ms(40_000);
    checked(&mut world);
    world.verdict().unwrap();
}

#[test]
fn a_second_event_while_the_first_is_being_read_is_not_lost() {
    let mut world = synced(Plan { webhooks: true, ..tiny(10) });
    checked(&mut world);
    let id = ids(&world)[4].clone();
    rename(&mut world, &id, "First");
    world.hold("batch/read", 1);
    assert!(world.until(1, |world| world.held() == 1));
    rename(&mut world, &id, "Second");
    world.pass_ms(2_000);
    assert_eq!(world.held(), 1, "one record is not read twice at once");
    world.release();
    world.pass_ms(2_000);
    assert_eq!(name_of(&mut world, &id), "Second");
    world.verdict().unwrap();
}

#[test]
pub fn an_older_answer_that_arrives_last_does_not_win() {
    let (mut world, id) = under_way(tiny(0), "objects/2026-09/contacts");
    rename(&mut world, &id, "Newer");
    assert!(world.until(1, |world| world.record(&id).is_some()));
    world.release();
    assert!(world.backfill());
    assert_eq!(name_of(&mut world, &id), "Newer");
    world.verdict().unwrap();
}

/// One account in which a check meets several pages, ids of more digits and contacts that are made meanwhile.
#[test]
fn contacts_made_between_two_pages_of_a_check_are_seen() {
    let settings = PortalSettings { first_id: 99_700, ..tiny(0).settings };
    let mut world = synced(Plan { settings, latency_ms: (800, 900), ..tiny(650) });
    world.control("POST", "contacts/edit-bulk", &json!({ "count": 650 }));
    world.pass_ms(40_000);
    let before = world.calls.len();
    assert!(world.until(6, |world| world.counted(before, "search") == 2));
    world.contact("create", json!({ "properties": { "firstname": "Meanwhile" } }));
    let ids = ids(&world);
    rename(&mut world, &ids[0], "Behind");
    world.pass(12);
    world.verdict().unwrap();
}

//! Differences that no event and no check for changes tells of: found by counting, by sweeping, by sampling.

use hubspot_simulator::portal::PortalSettings;
use serde_json::json;
use spoke::{
    engine::portal::reconcile::Reconcile,
    store::sql::{Param, Sql},
};

use super::{checked, ids, rename, synced, tiny};
use crate::life::{Plan, World, differences};

fn reconcile(world: &mut World) -> Reconcile {
    world.status().streams[0].reconcile.clone()
}

/// Whether the mirror is HubSpot again; of what was done to it behind its back the feed cannot know.
fn repaired(world: &mut World) -> Result<(), String> {
    differences(&world.mirror(), &world.truth())
}

/// Does to the mirror what a lost write would have done; the process starts anew.
fn spoil(world: &mut World, statement: &str, id: &str) {
    world.objects[0].sql.inner.exec(statement, &[Param::Text(id)]).unwrap();
    world.restart();
}

const FORGET: &str = "DELETE FROM records_contacts WHERE id = CAST(?1 AS INTEGER)";
const AGE: &str = "UPDATE records_contacts SET updated_at = updated_at - 5000000000, properties = '{}' WHERE id = CAST(?1 AS INTEGER)";
const BLUR: &str = "UPDATE records_contacts SET properties = '{}' WHERE id = CAST(?1 AS INTEGER)";

#[test]
fn a_deletion_that_nobody_told_of_is_found_within_the_hour() {
    let mut world = synced(tiny(300));
    checked(&mut world);
    let ids = ids(&world);
    world.contact("archive", json!({ "id": ids[17] }));
    world.pass(70);
    assert_eq!(world.record(&ids[17]), None);
    let reconcile = reconcile(&mut world);
    assert_eq!((reconcile.found, reconcile.counts.found), (1, 1));
    world.verdict().unwrap();
}

#[test]
fn an_equal_mirror_costs_a_handful_of_calls_an_hour() {
    let mut world = synced(tiny(3_000));
    world.pass(70);
    let reconcile = reconcile(&mut world);
    assert!(reconcile.counts.done_at.is_some());
    assert!((1..=10).contains(&reconcile.counts.calls), "{} calls", reconcile.counts.calls);
    assert_eq!(reconcile.found, 0);
    world.verdict().unwrap();
}

#[test]
fn ten_differences_are_found_while_the_account_is_being_edited_and_nothing_else_is() {
    let mut world = synced(tiny(4_000));
    checked(&mut world);
    let ids = ids(&world);
    // Five edits of hours ago that the mirror takes back, out of reach of the checks' lookback; five records of old.
    let edited: Vec<&String> = ids.iter().skip(300).step_by(700).take(5).collect();
    for id in &edited {
        rename(&mut world, id, "Edited");
    }
    world.pass(200);
    rename(&mut world, &ids[1], "Moves the cursor");
    world.pass(100);
    assert_eq!(reconcile(&mut world).found, 0);
    for (edited, forgotten) in edited.iter().zip(ids.iter().skip(3).step_by(700)) {
        spoil(&mut world, AGE, edited);
        spoil(&mut world, FORGET, forgotten);
    }
    let before = world.calls.len();
    for minute in 0..70 {
        rename(&mut world, &ids[minute * 50 + 10], &format!("Busy {minute}"));
        world.pass(1);
    }
    let reconcile = reconcile(&mut world);
    assert_eq!(reconcile.found, 10, "{reconcile:?}");
    assert!(!reconcile.counts.cut_short);
    let calls = world.counted(before, "/search");
    assert!(calls < 250, "{calls} searches, 14 of them checks");
    world.pass(15);
    repaired(&mut world).unwrap();
}

#[test]
fn a_wrong_value_under_a_right_date_is_found_by_the_days_sample() {
    let mut world = synced(tiny(40));
    checked(&mut world);
    let id = ids(&world)[7].clone();
    spoil(&mut world, BLUR, &id);
    world.pass(23 * 60);
    assert!(repaired(&mut world).is_err(), "nothing else looks at values");
    world.pass(3 * 60);
    let reconcile = reconcile(&mut world);
    assert_eq!((reconcile.sample.found, reconcile.found), (1, 1));
    repaired(&mut world).unwrap();
}

#[test]
fn values_that_hubspot_calculates_are_refreshed_by_the_sample_and_not_counted_as_found() {
    let settings = PortalSettings { hubspot_properties: None, ..PortalSettings::default() };
    let mut world = synced(Plan { settings, ..tiny(30) });
    checked(&mut world);
    let ids = ids(&world);
    for id in &ids[4..7] {
        let properties = json!({ "hs_calculated_mobile_number": "4915100000000" });
        world.contact("calculate", json!({ "id": id, "properties": properties }));
    }
    spoil(&mut world, BLUR, &ids[9]);
    world.pass(26 * 60);
    let reconcile = reconcile(&mut world);
    assert_eq!((reconcile.sample.calculated, reconcile.sample.found, reconcile.found), (3, 1, 1));
    repaired(&mut world).unwrap();
}

#[test]
fn more_differences_than_a_count_can_track_down_have_everything_read_again() {
    let mut world = synced(tiny(200));
    world.pass(24 * 60);
    let id = ids(&world)[0].clone();
    let ghosts = "WITH RECURSIVE ghosts (id) AS (
                    SELECT 900000000000 UNION ALL SELECT id + 1 FROM ghosts WHERE id < 900000024999)
                  INSERT INTO records_contacts (id, created_at, updated_at, seen_at, live, key, properties)
                  SELECT ghosts.id, created_at, updated_at, seen_at, 1, NULL, '{}' FROM records_contacts, ghosts
                  WHERE records_contacts.id = CAST(?1 AS INTEGER)";
    spoil(&mut world, ghosts, &id);
    let before = world.calls.len();
    assert!(world.until(75, |world| reconcile(world).counts.cut_short), "the count comes to its limit");
    // Before anybody looks for them in the archive.
    world.pass(8);
    repaired(&mut world).unwrap();
    let calls = world.calls.len() - before;
    assert!(calls < 1_000, "{calls} calls: a count cut short, then a read for each hundred that are gone");
}

/// A record that HubSpot does not have, with the dates of one that it has.
const GHOST: &str =
    "INSERT INTO records_contacts (id, created_at, updated_at, seen_at, live, key, properties)
     SELECT 999999999999, created_at, updated_at, seen_at, 1, NULL, '{}' FROM records_contacts
     WHERE id = CAST(?1 AS INTEGER)";

#[test]
fn what_equal_totals_hide_is_found_by_the_weeks_sweep() {
    let mut world = synced(tiny(900));
    checked(&mut world);
    let ids = ids(&world);
    // One too few and one too many, of the same dates: no total differs.
    spoil(&mut world, GHOST, &ids[400]);
    spoil(&mut world, FORGET, &ids[400]);
    world.pass(120);
    assert_eq!(reconcile(&mut world).found, 0);
    world.pass(8 * 24 * 60 + 60);
    let reconcile = reconcile(&mut world);
    assert!(reconcile.sweep.done_at.is_some());
    assert_eq!(reconcile.found, 2, "{reconcile:?}");
    repaired(&mut world).unwrap();
}

#[test]
fn of_many_records_what_equal_totals_hide_is_found_by_a_count_once_a_sample_was_drawn() {
    let mut world = synced(tiny(1_500));
    world.pass(25 * 60 + 30);
    assert!(reconcile(&mut world).sample.done_at.is_some());
    let ids = ids(&world);
    spoil(&mut world, GHOST, &ids[400]);
    spoil(&mut world, FORGET, &ids[400]);
    world.pass(90);
    let reconcile = reconcile(&mut world);
    assert_eq!((reconcile.found, reconcile.sweep.found, reconcile.sample.found), (2, 0, 0), "{reconcile:?}");
    assert!(reconcile.counts.calls <= 40, "{reconcile:?}");
    repaired(&mut world).unwrap();
}

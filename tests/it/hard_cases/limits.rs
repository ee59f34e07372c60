//! One limiter, several lives.

use super::{ids, rename, tiny};
use crate::life::{Plan, World};

#[test]
fn a_limiter_that_restarts_in_the_middle_of_a_full_read_causes_no_429() {
    let mut world = World::new(Plan { latency_ms: (5, 20), ..tiny(18_000) });
    // In the middle of a burst, when some of what was granted was not saved yet; and between two.
    for after_ms in [150, 150, 400, 10_000, 150, 150, 5_000, 6_000] {
        world.pass_ms(after_ms);
        world.limiter = None;
    }
    assert!(world.backfill());
    assert_eq!(world.own_429s(), 0);
}

#[test]
fn an_alarm_that_was_cut_off_is_revived_by_the_next_tick() {
    for webhooks in [false, true] {
        let mut world = World::new(Plan { webhooks, ..tiny(900) });
        assert!(world.until(1, |world| world.status().streams[0].read >= 300));
        world.cut_off();
        world.pass(6);
        assert!(world.backfill());
        let id = ids(&world)[0].clone();
        rename(&mut world, &id, "Seen");
        world.pass(6);
        world.verdict().unwrap();
    }
}

#[test]
fn two_connections_of_one_account_share_its_windows() {
    let mut world = World::new(Plan { latency_ms: (5, 20), ..tiny(10_000) });
    world.add_connection();
    assert!(world.backfill());
    assert_eq!(world.own_429s(), 0);
    let most =
        &world.control("GET", "counters", &serde_json::Value::Null)["limits"]["most_in_ten_seconds"][0];
    let most = most["calls"].as_u64().unwrap();
    assert!((90..=95).contains(&most), "{most} calls in ten seconds, of 100 less the reserve");
}

#[test]
fn a_killed_process_causes_no_429() {
    let mut world = World::new(Plan { latency_ms: (5, 20), ..tiny(10_000) });
    for _ in 0..12 {
        world.pass_ms(1_300);
        world.restart();
        world.limiter = None;
    }
    assert!(world.backfill());
    world.verdict().unwrap();
}

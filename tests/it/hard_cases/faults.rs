//! Misfortunes of HubSpot's: each passes, costs nothing but time, and is told to people where it lasts.

use hubspot_simulator::{Endpoint, Fault, Policy, Rule, Switches};
use serde_json::json;
use spoke::engine::portal::messages::State;

use super::{checked, ids, rename, synced, tiny};
use crate::life::{PORTAL, Plan, World};

/// Every misfortune, and a word of what people are told while it lasts.
const FAULTS: [(Fault, &str); 12] = [
    (Fault::RateLimited { policy: Policy::TenSecondlyRolling }, "go slower"),
    (Fault::RateLimited { policy: Policy::Secondly }, "go slower"),
    (Fault::RateLimited { policy: Policy::Daily }, "API calls of today"),
    (Fault::ExpiredToken, "access to HubSpot"),
    (Fault::Locked, "locked"),
    (Fault::Moved { retry_after_s: 90 }, "moving this account"),
    (Fault::Status { status: 503, after_commit: false }, "overloaded"),
    (Fault::Status { status: 502, after_commit: true }, "overloaded"),
    (Fault::NoAnswer { after_commit: false }, "did not answer"),
    (Fault::NoAnswer { after_commit: true }, "did not answer"),
    (Fault::Html, "cannot be read"),
    (Fault::Truncated, "cannot be read"),
];

/// A rule for every call to the API; token endpoints have their own in [`super::tokens`].
fn always(fault: Fault) -> Rule {
    Rule { times: None, portal_id: Some(PORTAL), ..Rule::next(1, fault) }
}

/// A connection that is well: in step, and nobody is told of a trouble.
fn well(world: &mut World, after: &str) {
    world.verdict().unwrap_or_else(|wrong| panic!("after {after}: {wrong}"));
    assert_eq!(world.status().trouble, None, "after {after}");
}

#[test]
fn a_misfortune_of_each_call_is_survived_by_itself() {
    // A day's limit takes hours each time; it has a test of its own.
    let daily = Fault::RateLimited { policy: Policy::Daily };
    for (fault, _) in FAULTS.into_iter().filter(|(fault, _)| *fault != daily) {
        let name = format!("{fault:?}");
        let mut world = World::new(Plan { webhooks: true, ..tiny(150) });
        for endpoint in [Endpoint::PropertyList, Endpoint::Search, Endpoint::List, Endpoint::BatchRead] {
            world.simulator.faults.add(Rule::next(2, fault).at(endpoint));
        }
        assert!(world.backfill(), "after {name}: the first full read does not end");
        world.pass(1);
        world.control("POST", "contacts/edit-bulk", &json!({ "count": 150 }));
        let ids = ids(&world);
        world.contact("archive", json!({ "id": ids[9] }));
        world.contact("merge", json!({ "primary": ids[3], "other": ids[5] }));
        world.pass(12);
        assert!(world.simulator.faults.rules().is_empty(), "{name} did not strike everywhere");
        well(&mut world, &name);
    }
}

#[test]
fn a_lasting_misfortune_is_told_in_words_asked_about_sparingly_and_forgotten_when_it_ends() {
    for (fault, words) in FAULTS {
        let name = format!("{fault:?}");
        let mut world = synced(tiny(30));
        checked(&mut world);
        world.pass(1);
        let before = world.calls.len();
        world.simulator.faults.add(always(fault));
        world.control("POST", "contacts/edit-bulk", &json!({ "count": 30 }));
        world.pass(20);
        let status = world.status();
        let told = status.trouble.unwrap_or_else(|| panic!("{name}: nobody is told"));
        assert!(told.words.contains(words), "{name}: {}", told.words);
        assert!(matches!(status.state, State::Active | State::Paused { .. }), "{name}: {:?}", status.state);
        let asked = world.calls.len() - before;
        // One question every 32 to 64 s; of a 401 also the refresh and the repetition.
        assert!((1..100).contains(&asked), "{name}: {asked} calls in twenty minutes");
        world.simulator.faults.clear();
        world.pass(65);
        well(&mut world, &name);
    }
}

#[test]
fn after_a_429_nothing_leaves_before_its_window_is_over() {
    let mut world = World::new(tiny(900));
    world.simulator.faults.add(Rule {
        skip: 4,
        ..Rule::next(1, Fault::RateLimited { policy: Policy::TenSecondlyRolling }).at(Endpoint::List)
    });
    assert!(world.backfill());
    let refused = world.calls.iter().position(|call| call.status == 429).unwrap();
    let waited = world.calls[refused + 1].at - world.calls[refused].at;
    assert!((10_000..12_000).contains(&waited), "the next call left after {waited} ms");
    world.verdict().unwrap();
}

#[test]
fn an_exhausted_day_pauses_the_connection_which_resumes_by_itself() {
    let mut world = World::new(tiny(900));
    world.simulator.faults.add(Rule { skip: 4, ..always(Fault::RateLimited { policy: Policy::Daily }) });
    world.pass(1);
    let State::Paused { until } = world.status().state else { panic!("{:?}", world.status()) };
    assert!(until.0 as u64 > world.now);
    assert!(world.status().trouble.unwrap().words.contains("midnight"));
    let before = world.calls.len();
    world.pass(5 * 60);
    let probes = world.calls.len() - before - world.counted(before, "/token");
    // Once an hour: the page that is next, and with it the list of properties and the account, which are an hour old by then.
    assert!((4..=15).contains(&probes), "{probes} questions in five hours");
    assert_eq!(world.simulator.counters.with_status(401), 0, "tokens are refreshed all the same");
    world.simulator.faults.clear();
    world.pass(62);
    assert_eq!(world.status().state, State::Active);
    well(&mut world, "a day's limit");
}

#[test]
fn many_calls_with_an_expired_token_cause_one_refresh() {
    let mut world = World::new(Plan { latency_ms: (400, 900), ..tiny(4_000) });
    assert!(world.until(5, |world| world.status().streams[0].read >= 900));
    world.control("POST", "tokens/expire", &json!({}));
    assert!(world.backfill());
    let refused = world.calls.iter().filter(|call| call.status == 401).count();
    assert!(refused > 1, "several calls were under way: {refused}");
    // The exchange of the code, and one refresh.
    assert_eq!(world.counted(0, "/token"), 2);
    world.verdict().unwrap();
}

#[test]
fn a_move_between_data_centres_parks_the_connection_for_as_long_as_hubspot_says() {
    let mut world = World::new(Plan { latency_ms: (400, 900), ..tiny(4_000) });
    assert!(world.until(5, |world| world.status().streams[0].read >= 900));
    // One of the calls under way hears of it first; the others are still answered.
    world.simulator.faults.add(Rule::next(1, Fault::Moved { retry_after_s: 1_200 }));
    assert!(world.until(1, |world| world.status().state != State::Active));
    let parked_at = world.now;
    assert!(world.status().trouble.unwrap().words.contains("moving this account"));
    world.pass_ms(2_000);
    let before = world.calls.len();
    world.pass(19);
    assert_eq!(world.calls.len(), before, "nothing is called meanwhile");
    assert!(
        matches!(world.status().state, State::Paused { until } if until.0 as u64 >= parked_at + 1_190_000)
    );
    assert!(world.backfill());
    well(&mut world, "a move");
}

#[test]
fn a_lock_is_waited_out() {
    let mut world = synced(tiny(10));
    checked(&mut world);
    let id = ids(&world)[0].clone();
    rename(&mut world, &id, "Locked");
    world.pass_ms(35_000);
    world.simulator.faults.add(Rule::next(2, Fault::Locked).at(Endpoint::BatchRead));
    let before = world.calls.len();
    checked(&mut world);
    let reads: Vec<u64> = world.calls[before..]
        .iter()
        .filter(|call| call.name.ends_with("batch/read"))
        .map(|call| call.at)
        .collect();
    assert_eq!(reads.len(), 3);
    // Twice the two seconds that a lock lasts: what else there is to read comes in between.
    assert!(reads.windows(2).all(|pair| (4_000..4_500).contains(&(pair[1] - pair[0]))), "{reads:?}");
    well(&mut world, "a lock");
}

#[test]
fn forged_stale_repeated_and_reordered_webhooks_change_nothing_but_the_time() {
    let switches = Switches { webhook_time_scale: 0.01, ..Switches::default() };
    let mut world = synced(Plan { webhooks: true, webhook_faults: true, switches, ..tiny(60) });
    for round in 0..20 {
        let ids = ids(&world);
        rename(&mut world, &ids[round], &format!("Round {round}"));
        match round % 4 {
            0 => drop(world.contact("archive", json!({ "id": ids[30] }))),
            1 => drop(world.contact("merge", json!({ "primary": ids[31], "other": ids[32] }))),
            2 => drop(world.contact("erase", json!({ "id": ids[33] }))),
            _ => drop(world.contact("create", json!({ "properties": { "firstname": "New" } }))),
        }
        world.pass_ms(3_000);
    }
    world.pass(30);
    well(&mut world, "webhooks gone astray");
}

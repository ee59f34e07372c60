//! One grant, several holders; and keys that a deployment lost.

use hubspot_simulator::{Endpoint, Fault, Rule, Switches, switches::Reauthorize};
use serde_json::json;
use spoke::engine::{alert::Alert, portal::messages::State};

use super::{ids, rename, tiny};
use crate::life::{APP, PORTAL, Plan, World};

/// Two workspaces connect one account, through one app, as one person.
fn two(switches: Switches) -> World {
    let mut world = World::new(Plan { switches, ..tiny(50) });
    assert!(world.backfill());
    world.pass(2);
    world.add_connection();
    assert!(world.backfill());
    world
}

fn states(world: &mut World) -> Vec<State> {
    (0..world.objects.len()).map(|object| world.status_of(object).state).collect()
}

#[test]
fn whoever_shares_a_grant_lives_with_it_however_hubspot_gives_it() {
    for reauthorize in [Reauthorize::SameGrant, Reauthorize::NewGrantOldAlive, Reauthorize::NewGrantOldDead] {
        for (refresh_rotates, refresh_grace_ms) in [(false, 0), (true, 0)] {
            let switches = Switches { reauthorize, refresh_rotates, refresh_grace_ms, ..Switches::default() };
            let mut world = two(switches);
            let before = world.counted(1, "/token");
            for _ in 0..8 {
                world.pass(30);
                world.restart();
            }
            let what = format!("{reauthorize:?}, rotates: {refresh_rotates}");
            assert_eq!(states(&mut world), [State::Active, State::Active], "{what}");
            // A token lives for half an hour, of which about 25 minutes are used: two holders cost what one does.
            let refreshes = world.counted(1, "/token") - before;
            assert!((8..=11).contains(&refreshes), "{refreshes} refreshes in four hours; {what}");
            let id = ids(&world)[0].clone();
            rename(&mut world, &id, "Seen by both");
            world.pass(10);
            world.verdict().unwrap();
        }
    }
}

#[test]
fn one_holder_asks_hubspot_and_the_other_reads_on_and_is_handed_what_came() {
    let mut world = two(Switches::default());
    let before = world.calls.len();
    world.hold("/token", 1);
    assert!(world.until(40, |world| world.held() == 1));
    // Both are due at the same tick.
    world.pass_ms(20_000);
    assert_eq!(world.counted(before, "/token"), 1);
    world.release();
    world.pass(10);
    assert_eq!(world.counted(before, "/token"), 1);
    assert_eq!(world.simulator.counters.with_status(401), 0);
    world.verdict().unwrap();
}

#[test]
fn an_answer_to_a_refresh_that_is_lost_disconnects_nobody_within_the_grace() {
    let rotates = Switches { refresh_rotates: true, refresh_grace_ms: 60_000, ..Switches::default() };
    let mut world = two(rotates);
    for _ in 0..3 {
        let lost = Rule::next(1, Fault::NoAnswer { after_commit: true }).at(Endpoint::Token);
        world.simulator.faults.add(lost);
        world.pass(30);
    }
    assert_eq!(states(&mut world), [State::Active, State::Active]);
    world.verdict().unwrap();
}

#[test]
fn a_refusal_that_a_new_authorisation_overtakes_is_not_believed() {
    let switches = Switches { reauthorize: Reauthorize::NewGrantOldDead, ..Switches::default() };
    let mut world = World::new(Plan { switches, ..tiny(50) });
    assert!(world.backfill());
    // The grant ends while nobody else holds it; within the seconds in which that is doubted the same person connects again.
    world.control("POST", "grants/revoke", &json!({ "app_id": APP, "portal_id": PORTAL }));
    assert!(world.until(40, |world| world.counted(0, "/token") >= 2));
    world.pass_ms(8_000);
    world.add_connection();
    world.pass(60);
    assert_eq!(states(&mut world), [State::Active, State::Active]);
    world.verdict().unwrap();
}

#[test]
fn whoever_disconnects_leaves_the_grant_to_the_others_and_the_last_takes_it_along() {
    let mut world = two(Switches { refresh_rotates: true, ..Switches::default() });
    world.farewell(false, false);
    world.pass(70);
    assert_eq!(states(&mut world), [State::Disconnected, State::Active]);
    assert_eq!(world.grants_kept(), 1);
    world.farewell_of(1, false, true);
    world.pass(1);
    assert_eq!(world.grants_kept(), 0);
}

#[test]
fn a_key_that_is_not_in_the_keyring_is_told_and_put_back_without_loss() {
    let mut world = World::new(tiny(50));
    assert!(world.backfill());
    let other = "k2:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
    world.set("KEYRING", other);
    world.restart();
    let before = world.calls.len();
    world.pass(90);
    let status = world.status();
    assert_eq!(status.state, State::Active, "nobody has to connect again");
    assert!(status.trouble.unwrap().words.contains("`KEYRING`"));
    assert!(world.alerts.contains(&Alert::KeyMissing));
    assert_eq!(world.calls.len(), before, "nothing can be called");
    let id = ids(&world)[0].clone();
    rename(&mut world, &id, "Meanwhile");
    world.set("KEYRING", &format!("{other},k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
    world.restart();
    world.pass(10);
    assert_eq!(world.status().trouble, None);
    world.verdict().unwrap();
    // The refresh has sealed the tokens with the newest key: the old one may go.
    world.set("KEYRING", other);
    world.restart();
    world.pass(60);
    assert_eq!(world.status().trouble, None);
    world.verdict().unwrap();
}

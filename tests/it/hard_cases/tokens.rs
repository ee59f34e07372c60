//! Tokens that end, and connections that end.

use hubspot_simulator::{Endpoint, Fault, Rule, Switches, switches::Reauthorize};
use serde_json::json;
use spoke::{
    engine::portal::messages::{Command, State},
    values::ids::ObjectType,
};

use super::{checked, ids, rename, synced, tiny};
use crate::life::{APP, CLIENT_SECRET, PORTAL, Plan, World};

/// A new authorisation is a new grant, as after an uninstall.
fn plan() -> Plan {
    let switches = Switches { reauthorize: Reauthorize::NewGrantOldAlive, ..Switches::default() };
    Plan { switches, ..tiny(50) }
}

fn disconnect(world: &mut World, uninstall: bool, revoke: bool) {
    world.farewell(uninstall, revoke);
    world.pass_ms(5_000);
    assert_eq!(world.status().state, State::Disconnected);
}

/// Names of the calls since number `from`.
fn since(world: &World, from: usize) -> Vec<&str> {
    world.calls[from..].iter().map(|call| call.name.as_str()).collect()
}

#[test]
fn a_token_is_refreshed_ahead_of_its_end() {
    for refresh_rotates in [false, true] {
        let switches = Switches { refresh_rotates, ..Switches::default() };
        let mut world = synced(Plan { switches, ..tiny(50) });
        world.pass(3 * 60);
        assert_eq!(world.simulator.counters.with_status(401), 0);
        // A token lives 30 minutes; its last eight begin between two ticks.
        let refreshes: Vec<u64> =
            world.calls.iter().filter(|call| call.name.ends_with("/token")).map(|call| call.at).collect();
        let lives: Vec<u64> = refreshes.windows(2).map(|pair| (pair[1] - pair[0]) / 1_000).collect();
        assert!(lives.len() >= 6, "{lives:?}");
        assert!(lives.iter().all(|seconds| (22 * 60..28 * 60).contains(seconds)), "{lives:?}");
        world.verdict().unwrap();
    }
}

#[test]
fn a_restart_opens_the_tokens_that_the_last_refresh_brought() {
    let switches = Switches { refresh_rotates: true, ..Switches::default() };
    let mut world = synced(Plan { switches, ..tiny(50) });
    for _ in 0..5 {
        world.pass(30);
        world.restart();
    }
    assert_eq!(world.simulator.counters.with_status(401), 0);
    world.verdict().unwrap();
}

#[test]
fn a_revoked_grant_asks_for_a_person_and_nothing_else_is_called() {
    let mut world = synced(plan());
    world.control("POST", "grants/revoke", &json!({ "app_id": APP, "portal_id": PORTAL }));
    assert!(world.until(40, |world| world.status().state == State::NeedsReauthorisation));
    assert!(world.status().trouble.unwrap().words.contains("Connect it again"));
    let before = world.calls.len();
    let id = ids(&world)[0].clone();
    rename(&mut world, &id, "Meanwhile");
    world.pass(180);
    assert_eq!(since(&world, before), Vec::<&str>::new());
    world.connect(0);
    assert!(world.backfill());
    world.verdict().unwrap();
    assert_eq!(world.status().trouble, None);
}

/// A platform puts an idle object away after ten seconds, half as long as a refused refresh is doubted.
#[test]
fn an_object_that_goes_away_while_it_doubts_a_refusal_still_believes_the_second() {
    let mut world = synced(plan());
    world.control("POST", "grants/revoke", &json!({ "app_id": APP, "portal_id": PORTAL }));
    world.control("POST", "tokens/expire", &json!({}));
    let id = ids(&world)[0].clone();
    let before = world.calls.len();
    world.command(Command::Reread { object_type: ObjectType::Contacts, id: id.parse().unwrap() });
    for _ in 0..5 {
        world.pass_ms(10_000);
        world.restart();
    }
    assert_eq!(world.status().state, State::NeedsReauthorisation);
    let refused = since(&world, before).into_iter().filter(|name| name.ends_with("/token")).count();
    assert_eq!(refused, 2);
}

#[test]
fn a_secret_of_ours_that_hubspot_refuses_disconnects_nobody() {
    let mut world = synced(plan());
    world.put_app("another secret, set at HubSpot and not here");
    world.pass(90);
    let status = world.status();
    assert_eq!(status.state, State::Active);
    let words = status.trouble.expect("people are told").words;
    assert!(words.contains("operator"), "{words}");
    let refused = world.counted(1, "/token");
    assert!((10..=15).contains(&refused), "{refused} attempts in 68 minutes");
    let id = ids(&world)[0].clone();
    rename(&mut world, &id, "Meanwhile");
    world.put_app(CLIENT_SECRET);
    world.pass(25);
    world.verdict().unwrap();
    assert_eq!(world.status().trouble, None);
}

#[test]
fn that_the_app_is_refused_is_told_although_calls_succeed_that_left_before() {
    let switches = Switches { access_token_life_s: 400, ..Switches::default() };
    let mut world = World::new(Plan { switches, latency_ms: (500, 9_000), ..tiny(9_000) });
    world.put_app("another secret, set at HubSpot and not here");
    let told =
        |world: &mut World| world.status().trouble.is_some_and(|trouble| trouble.kind == "app-refused");
    assert!(world.until(10, told));
    let left = world.calls.len();
    for _ in 0..30 {
        world.pass_ms(1_000);
        assert!(told(&mut world), "nobody is told any more");
    }
    assert_eq!(world.calls.len(), left, "nothing leaves meanwhile");
}

#[test]
fn a_token_endpoint_that_fails_for_long_is_told_and_survived() {
    let mut world = synced(plan());
    for fault in [
        Fault::Status { status: 503, after_commit: false },
        Fault::NoAnswer { after_commit: false },
        Fault::Html,
    ] {
        let rule = Rule { times: None, ..Rule::next(1, fault) };
        world.simulator.faults.add(rule.at(Endpoint::Token));
        world.pass(50);
        let status = world.status();
        assert_eq!(status.state, State::Active);
        assert!(status.trouble.is_some(), "{fault:?}: nobody is told");
        world.simulator.faults.clear();
        world.pass(10);
        world.verdict().unwrap();
        assert_eq!(world.status().trouble, None);
    }
}

#[test]
fn a_disconnect_stops_or_revokes_or_uninstalls_and_then_revokes() {
    let cases: [(bool, bool, &[&str]); 4] = [
        (false, false, &[]),
        (false, true, &["POST /oauth/2026-09/token/revoke"]),
        (true, false, &["DELETE /appinstalls/2026-09/external-install"]),
        (true, true, &["DELETE /appinstalls/2026-09/external-install", "POST /oauth/2026-09/token/revoke"]),
    ];
    for (uninstall, revoke, expected) in cases {
        let mut world = synced(plan());
        let before = world.calls.len();
        disconnect(&mut world, uninstall, revoke);
        assert_eq!(since(&world, before), expected);
        world.pass(120);
        assert_eq!(world.calls.len() - before, expected.len(), "nothing is called afterwards");
        let state = world.control("GET", "state", &json!(null));
        let grant = &state["grants"][0];
        assert_eq!(
            (&grant["alive"], &grant["installed"]),
            (&json!(!uninstall && !revoke), &json!(!uninstall))
        );
        let credentials = world.dump_of("credentials");
        assert!(credentials.is_empty(), "tokens are forgotten");
    }
}

#[test]
fn a_disconnect_that_comes_after_the_account_was_connected_anew_is_of_no_effect() {
    let mut world = synced(plan());
    let of = world.status().connected_at;
    disconnect(&mut world, false, false);
    world.connect(0);
    assert!(world.backfill());
    world.command(Command::Disconnect { of, uninstall: true, revoke: true });
    world.pass(30);
    assert_eq!(world.status().state, State::Active);
    world.verdict().unwrap();
}

#[test]
fn a_disconnect_that_hubspot_does_not_hear_ends_all_the_same() {
    for fault in [Fault::NoAnswer { after_commit: true }, Fault::Status { status: 500, after_commit: false }]
    {
        let mut world = synced(plan());
        world.simulator.faults.add(Rule { times: None, ..Rule::next(1, fault) });
        let before = world.calls.len();
        world.farewell(true, true);
        world.pass(12);
        assert_eq!(world.status().state, State::Disconnected);
        let attempts = world.calls.len() - before;
        assert!((2..=10).contains(&attempts), "{attempts} attempts");
    }
}

#[test]
fn answers_that_arrive_after_a_disconnect_write_nothing() {
    let mut world = World::new(plan());
    world.hold("objects/2026-09/contacts", 1);
    assert!(world.until(1, |world| world.held() == 1));
    disconnect(&mut world, false, false);
    let rows = world.objects[0].sql.inner.rows_written();
    world.release();
    world.pass(30);
    assert_eq!(world.objects[0].sql.inner.rows_written(), rows);
    assert!(world.mirror().is_empty());
    assert_eq!(world.status().state, State::Disconnected);
}

#[test]
fn a_refresh_that_is_answered_after_a_disconnect_brings_nothing_back() {
    for revoked in [false, true] {
        let mut world = synced(plan());
        world.hold("/token", 1);
        assert!(world.until(40, |world| world.held() == 1));
        if revoked {
            // The answer on its way says no.
            world.release();
            world.control("POST", "grants/revoke", &json!({ "app_id": APP, "portal_id": PORTAL }));
            world.hold("/token", 1);
            assert!(world.until(40, |world| world.held() == 1));
        }
        disconnect(&mut world, false, false);
        let rows = world.objects[0].sql.inner.rows_written();
        world.release();
        world.pass(30);
        assert_eq!(world.status().state, State::Disconnected);
        assert_eq!(world.objects[0].sql.inner.rows_written(), rows);
        assert_eq!(world.dump_of("credentials"), "");
    }
}

#[test]
fn a_reconnect_keeps_the_mirror_and_finds_what_happened_meanwhile() {
    let mut world = synced(plan());
    disconnect(&mut world, true, true);
    let ids = ids(&world);
    let (before, latest) = (world.mirror(), world.status().latest_change);
    assert_eq!(before.len(), ids.len());
    world.contact("archive", json!({ "id": ids[0] }));
    rename(&mut world, &ids[1], "Meanwhile");
    let created = world.contact("create", json!({ "properties": { "firstname": "New" } }));
    world.pass(24 * 60);
    assert_eq!(world.mirror(), before, "nobody listens");
    world.connect(0);
    assert!(world.backfill());
    checked(&mut world);
    world.verdict().unwrap();
    // Besides that it is connected, and that the full read is over.
    assert_eq!(world.status().latest_change, latest + 2 + 3, "one change each, and none for what stayed");
    assert!(world.mirror().contains_key(&created));
}

#[test]
fn answers_to_calls_from_before_a_reconnect_do_not_end_the_new_connection() {
    // A farewell, and a refresh that is refused because the old grant is gone.
    for call in ["/revoke", "/token"] {
        let mut world = synced(plan());
        let state = world.control("GET", "state", &json!(null));
        assert_eq!(state["grants"].as_array().unwrap().len(), 1);
        if call == "/token" {
            world.control("POST", "grants/revoke", &json!({ "app_id": APP, "portal_id": PORTAL }));
        } else {
            world.farewell(false, true);
        }
        world.hold(call, 1);
        assert!(world.until(40, |world| world.held() == 1));
        world.connect(0);
        world.release();
        assert!(world.backfill(), "{call}: {:?}", world.status());
        world.verdict().unwrap();
    }
}

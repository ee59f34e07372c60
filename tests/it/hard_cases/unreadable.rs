//! Records whose reads always fail: all others arrive, and they do when they can be read again. An outage is not theirs.

use hubspot_simulator::{Endpoint, Fault, Policy, Rule, switches::MergedId};
use serde_json::json;
use spoke::{
    engine::portal::{
        messages::{Answer, Command, StreamStatus},
        unreadable::MOST,
    },
    values::ids::ObjectType,
};

use super::{ids, name_of, rename, synced, tiny};
use crate::life::{Plan, World};

const REFUSED: Fault = Fault::Status { status: 500, after_commit: false };

fn poison(world: &mut World, id: &str, fault: Fault) {
    world.simulator.faults.add(Rule::of_record(id.parse().unwrap(), fault));
}

fn stream(world: &mut World) -> StreamStatus {
    world.status().streams.remove(0)
}

/// Which contacts cannot be read.
fn unreadable(world: &mut World) -> Vec<String> {
    stream(world).unreadable.iter().map(|one| one.id.to_string()).collect()
}

/// Contacts whose mirror is not what HubSpot holds.
fn differing(world: &mut World) -> Vec<String> {
    let (mirror, truth) = (world.mirror(), world.truth());
    let differ = truth.into_iter().filter(|(id, values)| mirror.get(id) != Some(values));
    let mut ids: Vec<String> = differ.map(|(id, _)| id).collect();
    ids.sort_by_key(|id| id.parse::<u64>().unwrap());
    ids
}

/// Reads by id from call number `from` on.
fn reads(world: &World, from: usize) -> usize {
    world.counted(from, "contacts/batch/read")
}

/// Everybody but those is in step, and those are told.
fn all_but(world: &mut World, poisoned: &[&str]) -> bool {
    let StreamStatus { dirty, unreadable, .. } = stream(world);
    let told = unreadable.iter().map(|one| one.id.to_string());
    dirty == 0 && told.eq(poisoned.iter().copied()) && differing(world) == poisoned
}

#[test]
fn one_record_that_cannot_be_read_keeps_none_of_249_others_waiting_and_comes_when_it_can() {
    let faults = [
        (REFUSED, "status 500"),
        (Fault::Status { status: 400, after_commit: false }, "status 400"),
        (Fault::Truncated, "cannot be understood"),
        (Fault::NoAnswer { after_commit: false }, "does not answer"),
        (Fault::Locked, "status 423"),
    ];
    for (fault, said) in faults {
        let mut world = synced(tiny(260));
        world.pass(6);
        let id = ids(&world)[120].clone();
        poison(&mut world, &id, fault);
        let before = world.calls.len();
        world.control("POST", "contacts/edit-bulk", &json!({ "count": 250 }));
        rename(&mut world, &id, "Poisoned");
        let apart = world.until(120, |world| all_but(world, &[&id]));
        assert!(apart, "{fault:?}: {:?}", stream(&mut world));
        // Three batches, of which one is read three times whole and then in halves: at most twice each.
        let calls = reads(&world, before);
        assert!(calls <= 3 + 2 + 7 * 4, "{fault:?}: {calls} reads");
        let told = stream(&mut world).unreadable.remove(0);
        assert!(told.trouble.words.contains(said), "{fault:?}: {}", told.trouble.words);
        assert!(told.again_at.is_some_and(|at| at.0 as u64 > world.now));
        world.pass(6);
        assert_eq!(world.status().trouble, None, "{fault:?}: the type is well");
        if fault != REFUSED {
            world.simulator.faults.clear();
            world.pass(60);
            assert_eq!(name_of(&mut world, &id), "Poisoned", "{fault:?}");
            continue;
        }
        // Eight tries reach over a day; nothing else is read but a sample of it, and no mark makes the alarm spin.
        let before = world.calls.len();
        world.pass(23 * 60);
        assert!(reads(&world, before) <= 8 + 3, "{fault:?}: {} reads in a day", reads(&world, before));
        assert_eq!(unreadable(&mut world), [id.as_str()]);
        assert!(
            stream(&mut world)
                .reconcile
                .counts
                .done_at
                .is_some_and(|at| at.0 as u64 + 70 * 60_000 > world.now)
        );
        world.simulator.faults.clear();
        world.pass(24 * 60);
        assert_eq!(name_of(&mut world, &id), "Poisoned", "{fault:?}");
        assert_eq!(unreadable(&mut world), [""; 0]);
        world.verdict().unwrap();
    }
}

#[test]
fn a_restart_every_few_seconds_forgets_no_failure() {
    let mut world = synced(Plan { minutes: 60, ..tiny(260) });
    world.pass(6);
    let id = ids(&world)[7].clone();
    poison(&mut world, &id, REFUSED);
    world.control("POST", "contacts/edit-bulk", &json!({ "count": 260 }));
    world.plan.torn_one_in = 15;
    for _ in 0..40 {
        world.pass_ms(47_000);
        world.restart();
    }
    world.plan.torn_one_in = 0;
    assert!(world.until(10, |world| all_but(world, &[&id])), "{:?}", stream(&mut world));
    world.simulator.faults.clear();
    world.restart();
    world.pass(90);
    world.verdict().unwrap();
}

#[test]
fn an_outage_halves_nothing_and_parks_nobody() {
    let outages = [
        Fault::Status { status: 503, after_commit: false },
        REFUSED,
        Fault::NoAnswer { after_commit: false },
        Fault::Html,
        Fault::Status { status: 400, after_commit: false },
        Fault::Locked,
        Fault::RateLimited { policy: Policy::TenSecondlyRolling },
        Fault::ExpiredToken,
    ];
    for fault in outages {
        let mut world = synced(tiny(250));
        world.pass(6);
        world.control("POST", "contacts/edit-bulk", &json!({ "count": 250 }));
        assert!(world.until(6, |world| stream(world).dirty >= 200));
        world.simulator.faults.add(Rule { times: None, ..Rule::next(1, fault) });
        world.pass(60);
        assert_eq!(unreadable(&mut world), [""; 0], "{fault:?}");
        let before = world.calls.len();
        world.simulator.faults.clear();
        world.pass(66);
        world.verdict().unwrap_or_else(|wrong| panic!("after {fault:?}: {wrong}"));
        // Three batches, an hourly count that finds nothing.
        assert!(reads(&world, before) <= 4, "{fault:?}: {} reads afterwards", reads(&world, before));
    }
}

#[test]
fn where_reads_by_id_fail_and_searches_do_not_no_more_than_ten_are_parked() {
    let mut world = synced(tiny(120));
    world.pass(6);
    world.simulator.faults.add(Rule { times: None, ..Rule::next(1, REFUSED) }.at(Endpoint::BatchRead));
    world.control("POST", "contacts/edit-bulk", &json!({ "count": 120 }));
    let before = world.calls.len();
    world.pass(6 * 60);
    assert!(unreadable(&mut world).len() <= MOST);
    // As often as ever while HubSpot fails: pauses double to a minute, and begin anew with each check that succeeds.
    assert!(reads(&world, before) < 6 * 60 * 3, "{} reads in six hours", reads(&world, before));
    world.simulator.faults.clear();
    world.pass(24 * 60);
    world.verdict().unwrap();
}

#[test]
fn more_records_than_are_parked_keep_no_other_waiting_either() {
    let mut world = synced(tiny(100));
    world.pass(6);
    let poisoned: Vec<String> = ids(&world).into_iter().step_by(8).collect();
    assert!(poisoned.len() > MOST);
    for id in &poisoned {
        poison(&mut world, id, REFUSED);
    }
    world.control("POST", "contacts/edit-bulk", &json!({ "count": 100 }));
    let mut minutes = 0..180;
    while differing(&mut world) != poisoned {
        assert!(minutes.next().is_some(), "{:?}", differing(&mut world));
        world.pass(1);
    }
    world.pass(60);
    assert_eq!(unreadable(&mut world).len(), MOST);
    let before = world.calls.len();
    world.pass(60);
    let calls = reads(&world, before);
    // Three every two minutes, ten after pauses of 5, 10, 20 and 40.
    assert!(calls <= 3 * 60 * 60 / 128 + 10 * 4, "{calls} reads in an hour");
    world.simulator.faults.clear();
    world.pass(24 * 60);
    world.verdict().unwrap();
}

#[test]
fn two_records_in_one_batch_and_one_in_another_are_told_apart() {
    let mut world = synced(tiny(250));
    world.pass(6);
    let all = ids(&world);
    let poisoned = [all[3].as_str(), all[4].as_str(), all[180].as_str()];
    for id in poisoned {
        poison(&mut world, id, REFUSED);
    }
    let before = world.calls.len();
    world.control("POST", "contacts/edit-bulk", &json!({ "count": 250 }));
    assert!(world.until(60, |world| all_but(world, &poisoned)), "{:?}", stream(&mut world));
    assert!(reads(&world, before) <= 100, "{} reads", reads(&world, before));
}

#[test]
fn one_alone_in_a_quiet_account_is_parked_and_an_event_or_a_person_has_it_tried_at_once() {
    let mut world = synced(Plan { webhooks: true, ..tiny(30) });
    world.pass(6);
    let id = ids(&world)[5].clone();
    poison(&mut world, &id, REFUSED);
    rename(&mut world, &id, "First");
    // Three failures, each after a check that succeeds.
    assert!(world.until(21, |world| unreadable(world) == [id.as_str()]), "{:?}", stream(&mut world));
    world.pass(60);
    let tried = |world: &mut World, before: usize| reads(world, before);
    let before = world.calls.len();
    rename(&mut world, &id, "Second");
    world.pass(2);
    assert_eq!(tried(&mut world, before), 1, "the event");
    assert_eq!(unreadable(&mut world), [id.as_str()]);
    let before = world.calls.len();
    let reread = Command::Reread { object_type: ObjectType::Contacts, id: id.parse().unwrap() };
    assert!(matches!(world.command(reread), Some(Answer::Done)));
    world.pass(2);
    assert_eq!(tried(&mut world, before), 1, "the person");
    world.simulator.faults.clear();
    rename(&mut world, &id, "Third");
    world.pass(2);
    assert_eq!(name_of(&mut world, &id), "Third");
    assert_eq!(unreadable(&mut world), [""; 0]);
    world.verdict().unwrap();
}

#[test]
fn a_sample_that_meets_one_ends_and_repairs_the_others() {
    let mut world = synced(tiny(60));
    let id = ids(&world)[20].clone();
    poison(&mut world, &id, REFUSED);
    world.pass(25 * 60);
    assert_eq!(unreadable(&mut world), [id.as_str()]);
    let reconcile = stream(&mut world).reconcile;
    assert!(reconcile.sample.done_at.is_some() && reconcile.counts.done_at.is_some());
    // What it suspects from now on is read without it.
    let before = world.calls.len();
    world.pass(24 * 60);
    let failed = world.calls[before..].iter().filter(|call| call.status == 500).count();
    assert!(failed <= 9, "{failed} reads fail in a day");
    let day = world.now - 24 * 60 * 60_000;
    assert!(stream(&mut world).reconcile.sample.done_at.is_some_and(|at| at.0 as u64 > day));
}

#[test]
fn a_full_read_that_reads_by_id_ends_without_it() {
    let mut world = World::new(Plan {
        settings: hubspot_simulator::portal::PortalSettings::default(),
        shape: hubspot_simulator::Shape { properties_set: 30, custom_properties: 60, ..Default::default() },
        ..tiny(230)
    });
    let id = ids(&world)[150].clone();
    poison(&mut world, &id, REFUSED);
    assert!(world.backfill(), "{:?}", stream(&mut world));
    assert!(world.until(30, |world| all_but(world, &[&id])), "{:?}", stream(&mut world));
    world.simulator.faults.clear();
    world.pass(120);
    world.verdict().unwrap();
}

#[test]
fn one_that_is_read_singly_and_fails_is_parked_too() {
    let switches = hubspot_simulator::Switches { batch_read_merged: MergedId::Omitted, ..Default::default() };
    let mut world = synced(Plan { webhooks: true, switches, ..tiny(30) });
    world.pass(6);
    let all = ids(&world);
    world.simulator.faults.add(Rule { times: None, ..Rule::next(1, REFUSED) }.at(Endpoint::Read));
    world.contact("merge", json!({ "primary": all[3], "other": all[5] }));
    assert!(world.until(40, |world| !unreadable(world).is_empty()), "{:?}", stream(&mut world));
    let before = world.calls.len();
    rename(&mut world, &all[9], "Goes on");
    world.pass(6);
    assert_eq!(name_of(&mut world, &all[9]), "Goes on");
    let singly = world.calls[before..].iter().filter(|call| call.status == 500).count();
    // Both records of the merge, each when it is parked and five minutes later; the second once more before it is.
    assert!(singly <= 5, "{singly} reads in six minutes");
    world.simulator.faults.clear();
    world.pass(60);
    world.verdict().unwrap();
}

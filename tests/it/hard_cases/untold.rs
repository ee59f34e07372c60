//! Deletions for privacy of which no event tells: HubSpot's archive tells them from plain ones, and nothing is concluded in doubt.

use hubspot_simulator::{Fault, Rule, Switches, switches::MergedId};
use serde_json::{Value, json};
use spoke::{
    engine::portal::messages::{Answer, Command, Touch},
    store::sql::{Param, Sql},
    values::ids::ObjectType,
};

use super::{ids, synced, tiny};
use crate::life::{APP, PORTAL, Plan, World};

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;
/// Minutes within which a deletion for privacy is known: the count of the hour, the first look and the second, each with a tick of five
/// minutes.
const KNOWN: u64 = 3 * HOUR;
/// A value that only the feed still holds of somebody who is gone.
const PHONE: &str = "+15550001";

/// An account that nobody tells anything of, and a contact of whom the feed tells a telephone number.
fn untold(switches: Switches) -> (World, String) {
    let mut world = synced(Plan { switches, ..tiny(30) });
    let id = ids(&world)[4].clone();
    world.contact("edit", json!({ "id": id, "properties": { "phone": PHONE } }));
    world.pass(12);
    assert!(remembers(&world));
    (world, id)
}

fn remembers(world: &World) -> bool {
    world.dump().contains(PHONE)
}

/// Kinds of the changes of a contact, in order.
fn told(world: &mut World, id: &str) -> Vec<String> {
    let command = Command::Changes { after: 0, limit: 1_000, types: vec![ObjectType::Contacts] };
    let Some(Answer::Json(page)) = world.command(command) else { panic!("no changes") };
    let page: Value = serde_json::from_str(&page).unwrap();
    let of_record = page["changes"].as_array().unwrap().iter().filter(|change| change["id"] == id);
    of_record.map(|change| change["kind"].as_str().unwrap().to_owned()).collect()
}

/// Of each deletion that is still looked for, how many looks in a row have found nobody.
fn missed(world: &World) -> Vec<i64> {
    let rows = world.objects[0].sql.inner.exec("SELECT missed FROM deletions ORDER BY id", &[]).unwrap();
    rows.iter().filter_map(|row| row[0].int()).collect()
}

/// The event of a deletion, which says nothing of its kind.
fn deletion_is_told(world: &mut World, ids: &[String]) {
    let touch = |id: &String| Touch {
        object_type: ObjectType::Contacts,
        id: id.parse().unwrap(),
        erased: false,
        merged_into: None,
    };
    world.command(Command::Webhook { touches: ids.iter().map(touch).collect() });
}

#[test]
fn a_deletion_for_privacy_that_nobody_tells_of_is_erased_everywhere_within_hours() {
    let (mut world, id) = untold(Switches::default());
    let before = world.calls.len();
    world.contact("erase", json!({ "id": id }));
    world.pass(KNOWN);
    let dump = world.dump();
    assert_eq!(dump.lines().find(|line| line.contains(PHONE)), None);
    assert_eq!(told(&mut world, &id), ["erased"], "nothing else names it");
    assert_eq!(missed(&world), [0; 0]);
    assert_eq!(world.counted(before, &format!("contacts/{id}")), 2, "it was asked for by itself");
    assert!(world.dump_of("audit").contains("found_by"));
    assert!(world.log.iter().any(|line| line.contains("found by reconcile") && line.contains("privacy")));
    world.pass(8 * DAY);
    assert_eq!(told(&mut world, &id), ["erased"], "once");
    world.verdict().unwrap();
}

#[test]
fn where_only_the_plain_event_of_the_two_comes_the_other_is_not_waited_for() {
    let (mut world, id) = untold(Switches::default());
    world.contact("erase", json!({ "id": id }));
    deletion_is_told(&mut world, std::slice::from_ref(&id));
    world.pass(2);
    assert_eq!(told(&mut world, &id), ["created", "updated", "deleted"]);
    world.pass(95);
    assert!(!remembers(&world), "{:?}", missed(&world));
    assert_eq!(told(&mut world, &id), ["erased"]);
    world.verdict().unwrap();
}

#[test]
fn a_plain_deletion_is_none_for_privacy_until_somebody_makes_it_one() {
    let (mut world, id) = untold(Switches::default());
    world.contact("archive", json!({ "id": id }));
    world.pass(9 * DAY);
    assert!(remembers(&world), "looked for twice, and found");
    assert_eq!(told(&mut world, &id), ["created", "updated", "deleted"]);
    assert!(!world.dump_of("audit").contains("erased"));
    world.contact("erase", json!({ "id": id }));
    world.pass(7 * DAY + KNOWN);
    assert!(!remembers(&world), "the next week's look");
    assert_eq!(told(&mut world, &id), ["erased"]);
    world.verdict().unwrap();
}

#[test]
fn an_archive_that_is_late_makes_no_plain_deletion_one_for_privacy() {
    let (mut world, id) = untold(Switches { archive_shows_after_ms: 40 * 60_000, ..Switches::default() });
    world.contact("archive", json!({ "id": id }));
    deletion_is_told(&mut world, std::slice::from_ref(&id));
    world.pass(30);
    assert_eq!(missed(&world), [1], "not there yet");
    world.pass(KNOWN);
    assert_eq!(missed(&world), [0]);
    assert!(remembers(&world));
    assert_eq!(told(&mut world, &id), ["created", "updated", "deleted"]);
}

#[test]
fn who_became_part_of_a_record_that_was_deleted_unread_was_merged_and_goes_with_it() {
    for batch_read_merged in [MergedId::Omitted, MergedId::NotFound, MergedId::Resolved] {
        let (mut world, id) = untold(Switches { batch_read_merged, ..Switches::default() });
        let other = ids(&world)[9].clone();
        let merged = world.contact("merge", json!({ "primary": id, "other": other }));
        world.contact("archive", json!({ "id": merged }));
        world.pass(KNOWN);
        assert!(remembers(&world), "{batch_read_merged:?}");
        assert_eq!(
            told(&mut world, &id),
            ["created", "updated", "deleted", "merged"],
            "{batch_read_merged:?}"
        );
        assert_eq!(told(&mut world, &other), ["created", "deleted", "merged"], "{batch_read_merged:?}");
        if batch_read_merged == MergedId::Omitted {
            world.contact("erase", json!({ "id": merged }));
            world.pass(7 * DAY + KNOWN);
            assert!(!remembers(&world));
            for part in [&id, &other, &merged] {
                assert_eq!(told(&mut world, part), ["erased"]);
            }
        }
        world.verdict().unwrap();
    }
}

#[test]
fn who_is_merged_and_erased_before_anybody_reads_of_it_is_erased_in_every_part() {
    for batch_read_merged in [MergedId::Omitted, MergedId::NotFound, MergedId::Resolved] {
        let (mut world, id) = untold(Switches { batch_read_merged, ..Switches::default() });
        let other = ids(&world)[9].clone();
        let merged = world.contact("merge", json!({ "primary": id, "other": other }));
        world.contact("erase", json!({ "id": merged }));
        world.pass(KNOWN);
        assert!(!remembers(&world), "{batch_read_merged:?}");
        for part in [&id, &other] {
            assert_eq!(told(&mut world, part), ["erased"], "{batch_read_merged:?}");
        }
        world.verdict().unwrap();
    }
}

#[test]
fn who_is_back_before_the_second_look_is_not_erased() {
    let (mut world, id) = untold(Switches { archive_shows_after_ms: DAY * 60_000, ..Switches::default() });
    world.contact("archive", json!({ "id": id }));
    deletion_is_told(&mut world, std::slice::from_ref(&id));
    world.pass(30);
    assert_eq!(missed(&world), [1]);
    world.contact("restore", json!({ "id": id }));
    world.pass(KNOWN);
    assert_eq!(told(&mut world, &id), ["created", "updated", "deleted", "restored"]);
    assert_eq!(missed(&world), [0; 0]);
    world.verdict().unwrap();
}

#[test]
fn nothing_is_concluded_while_contacts_may_not_be_read() {
    let (mut world, id) = untold(Switches::default());
    world.contact("erase", json!({ "id": id }));
    deletion_is_told(&mut world, std::slice::from_ref(&id));
    world.pass(30);
    assert_eq!(missed(&world), [1]);
    let lost = ["crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.deals.read"];
    world.control("POST", "grants/scopes", &json!({ "app_id": APP, "portal_id": PORTAL, "removed": lost }));
    world.pass(6 * HOUR);
    assert_eq!(missed(&world), [1]);
    assert!(remembers(&world));
    world.connect(0);
    assert!(world.backfill());
    world.pass(KNOWN);
    assert!(!remembers(&world));
    assert_eq!(told(&mut world, &id), ["erased"]);
}

#[test]
fn a_record_for_which_looks_are_refused_holds_up_no_other_and_is_not_erased() {
    let (mut world, id) = untold(Switches::default());
    let all = ids(&world);
    world.contact("erase", json!({ "id": id }));
    for plain in &all[5..9] {
        world.contact("archive", json!({ "id": plain }));
    }
    deletion_is_told(&mut world, &all[4..9]);
    world.pass(2);
    let refused = Fault::Status { status: 500, after_commit: false };
    world.simulator.faults.add(Rule::of_record(all[6].parse().unwrap(), refused));
    world.pass(6 * HOUR);
    assert!(!remembers(&world), "{:?}", missed(&world));
    assert_eq!(missed(&world), [0; 4]);
    for plain in &all[5..9] {
        assert_eq!(told(&mut world, plain), ["created", "deleted"]);
    }
    let status = world.status();
    assert_eq!((&status.trouble, &status.streams[0].trouble), (&None, &None));
}

#[test]
fn what_hubspot_itself_would_have_forgotten_by_now_says_nothing() {
    let (mut world, _) = untold(Switches::default());
    let all = ids(&world);
    // As after a pause of months: who lives was last read too long ago to say when a deletion was.
    let aged = |world: &mut World, id: &str| {
        let statement =
            "UPDATE records_contacts SET seen_at = seen_at - 81 * 86400000 WHERE id = CAST(?1 AS INTEGER)";
        world.objects[0].sql.inner.exec(statement, &[Param::Text(id)]).unwrap();
        world.restart();
    };
    aged(&mut world, &all[5]);
    world.contact("erase", json!({ "id": all[5] }));
    deletion_is_told(&mut world, &all[5..6]);
    world.pass(2);
    assert_eq!(world.record(&all[5]), None);
    assert_eq!(missed(&world), [0; 0], "nobody looks");
    // After a sweep it is known when they all were there.
    world.pass(3 * DAY);
    assert!(world.status().streams[0].reconcile.proved_at.is_some());
    aged(&mut world, &all[7]);
    world.contact("erase", json!({ "id": all[7] }));
    world.pass(KNOWN);
    assert_eq!(told(&mut world, &all[7]), ["erased"]);
    assert_eq!(told(&mut world, &all[5]), ["created", "deleted"]);
}

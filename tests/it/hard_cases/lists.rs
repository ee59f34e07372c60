//! Owners, pipelines, lists and who is on them: what no event tells of.

use std::collections::BTreeSet;

use hubspot_simulator::{
    Endpoint, Switches,
    faults::{Fault, Rule},
    lists::Processing,
};
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        beside::{Source, SourceStatus, commands::Command as Beside},
        messages::{Answer, Command, StreamState},
    },
    values::ids::{ListId, ObjectType},
};

use super::{checked, ids, synced, tiny};
use crate::life::{APP, PORTAL, Plan, World};

const HOUR: u64 = 60;

/// An account with one list of 30, no refresh within two hours.
fn listed(contacts: u32, switches: Switches) -> Plan {
    let switches = Switches { access_token_life_s: 7_200, ..switches };
    Plan { lists: Some(1), switches, ..tiny(contacts) }
}

/// After the first read of the list.
fn followed(plan: Plan) -> World {
    let lists = u64::from(plan.lists.unwrap_or(0));
    let mut world = synced(plan);
    for list in 1..=lists {
        let in_step = |world: &mut World| world.list(list)["followed"]["state"] == "in_step";
        assert!(world.until(10, in_step), "{}", world.list(list));
    }
    world.verdict_beside().unwrap();
    world
}

fn join(world: &mut World, count: usize) {
    let now = world.now;
    let (portal, turn) = world.simulator.portal_turn(PORTAL, now).unwrap();
    assert_eq!(portal.join_random(&turn, 1, count), count);
}

fn leave(world: &mut World, count: usize) {
    let now = world.now;
    let (portal, turn) = world.simulator.portal_turn(PORTAL, now).unwrap();
    assert_eq!(portal.leave_random(&turn, 1, count), count);
}

/// What the feed tells after a number.
fn changes(world: &mut World, after: u64) -> Vec<Value> {
    let command = Command::Changes { after, limit: 1_000, types: Vec::new() };
    let Some(Answer::Json(page)) = world.command(command) else { panic!("no changes") };
    let page: Value = serde_json::from_str(&page).unwrap();
    page["changes"].as_array().unwrap().clone()
}

/// Calls to HubSpot's lists API from number `from` on.
fn calls(world: &World, from: usize) -> usize {
    world.calls[from..].iter().filter(|call| call.name.contains("/crm/lists/")).count()
}

fn source(world: &mut World, wanted: Source) -> SourceStatus {
    world.status().beside.into_iter().find(|one| one.source == wanted).unwrap()
}

/// How long the mirror takes to know who is on the list, in minutes of whole checks.
fn settles(world: &mut World, minutes: u64) {
    let settled = world.until(minutes, |world| world.members(0, 1) == world.true_members(1));
    assert!(settled, "{}", world.list(1));
}

#[test]
fn a_list_that_does_not_change_costs_one_call_a_check_however_many_are_on_it() {
    let mut world = followed(Plan { lists: Some(2), ..listed(1_200, Switches::default()) });
    join(&mut world, 1_100);
    settles(&mut world, 10);
    checked(&mut world);
    world.pass(1);
    let (from, rows) = (world.calls.len(), world.objects[0].sql.inner.rows_written());
    world.pass(30);
    assert_eq!(calls(&world, from), 6, "six checks of two lists");
    // Each check of the records, and each of the lists.
    assert!(world.objects[0].sql.inner.rows_written() - rows <= 12);
    world.verdict().unwrap();
}

#[test]
fn how_lists_that_are_followed_are_checked_is_told_and_what_that_costs() {
    assert_eq!(synced(tiny(20)).status().followed, None, "nothing is followed");
    let mut world = followed(Plan { lists: Some(2), ..listed(600, Switches::default()) });
    let told = world.status().followed.unwrap();
    assert_eq!((told.lists, told.walk_calls), (2, 2));
    join(&mut world, 300);
    settles(&mut world, 10);
    world.pass(6);
    let told = world.status().followed.unwrap();
    assert_eq!((told.lists, told.walk_calls), (2, 3), "330 are two pages");
    let (last, next) = (told.checked_at.unwrap(), told.next_check_at.unwrap());
    // Four minutes, and whatever is missing to the next tick.
    assert!((240_000..=330_000).contains(&next.since_ms(last)), "{told:?}");
    world.command(Command::Pause);
    let paused = world.status().followed.unwrap();
    assert_eq!((paused.checked_at, paused.next_check_at), (Some(last), None));
}

#[test]
fn a_hundred_who_join_cost_the_check_and_their_page_and_nobody_else_is_read() {
    let mut world = followed(listed(1_500, Switches::default()));
    join(&mut world, 1_000);
    settles(&mut world, 10);
    checked(&mut world);
    world.pass(1);
    let from = world.calls.len();
    join(&mut world, 100);
    settles(&mut world, 5);
    // The list, and from the page on that was the last one: a page more where it was full.
    let all = calls(&world, from);
    assert!(all <= 1 + 100_usize.div_ceil(250) + 1, "{all} calls");
    assert_eq!(world.counted(from, "/memberships"), 0, "no walk");
    world.verdict().unwrap();
}

#[test]
fn pages_of_members_say_where_the_feed_goes_on() {
    let mut world = followed(listed(60, Switches::default()));
    let page = |world: &mut World, after| {
        let members = Beside::Members { list: ListId(1), after, limit: 20 };
        let Answer::Json(page) = world.beside(members) else { panic!("no page") };
        serde_json::from_str::<Value>(&page).unwrap()
    };
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
    let first = page(&mut world, None);
    let mut held: BTreeSet<String> = first["results"].as_array().unwrap().iter().map(id).collect();
    // Some leave, and others join, before the second page is read.
    leave(&mut world, 8);
    join(&mut world, 12);
    settles(&mut world, 60);
    let mut next = first["next_cursor"].as_str().map(|next| next.parse().unwrap());
    while let Some(after) = next {
        let more = page(&mut world, Some(after));
        held.extend(more["results"].as_array().unwrap().iter().map(id));
        next = more["next_cursor"].as_str().map(|next| next.parse().unwrap());
    }
    for change in changes(&mut world, first["after"].as_str().unwrap().parse().unwrap()) {
        let _ = match change["kind"].as_str().unwrap() {
            "membership_added" => held.insert(id(&change)),
            "membership_removed" => held.remove(&id(&change)),
            _ => continue,
        };
    }
    let true_members = world.true_members(1).iter().map(ToString::to_string).collect();
    assert_eq!(held, true_members);
}

#[test]
fn those_who_leave_are_found_by_reading_everybody() {
    let mut world = followed(listed(600, Switches::default()));
    join(&mut world, 400);
    settles(&mut world, 10);
    checked(&mut world);
    let from = world.calls.len();
    leave(&mut world, 7);
    settles(&mut world, 6);
    assert_eq!(world.counted(from, "/memberships"), 2, "two pages of everybody");
    world.verdict().unwrap();
}

#[test]
fn one_who_joins_and_one_who_leaves_between_two_checks_are_found_by_the_times() {
    let mut world = followed(listed(60, Switches::default()));
    checked(&mut world);
    join(&mut world, 1);
    leave(&mut world, 1);
    settles(&mut world, 11);
    world.verdict().unwrap();
}

#[test]
fn one_who_joins_and_one_who_leaves_between_two_checks_are_found_by_the_days_walk_where_no_times_are_told() {
    let mut world = followed(listed(60, Switches { list_search_tells_times: false, ..Switches::default() }));
    checked(&mut world);
    while world.members(0, 1) == world.true_members(1) {
        leave(&mut world, 1);
        join(&mut world, 1);
    }
    world.pass(20 * HOUR);
    assert_ne!(world.members(0, 1), world.true_members(1), "equal sizes hide it");
    settles(&mut world, 5 * HOUR);
    world.verdict().unwrap();
}

#[test]
fn a_record_that_is_deleted_or_merged_leaves_its_lists_without_a_walk() {
    let plan = Plan { webhooks: true, ..listed(40, Switches::default()) };
    let mut world = followed(plan);
    join(&mut world, 10);
    settles(&mut world, 10);
    checked(&mut world);
    // Not while the lists are being checked.
    world.pass(1);
    let ids = ids(&world);
    let from = world.calls.len();
    world.contact("archive", json!({ "id": ids[0] }));
    let merged = world.contact("merge", json!({ "primary": ids[1], "other": ids[2] }));
    world.pass(1);
    let gone: Vec<u64> = ids[..3].iter().map(|id| id.parse().unwrap()).collect();
    assert!(gone.iter().all(|id| !world.members(0, 1).contains(id)), "before the next check");
    settles(&mut world, 6);
    assert!(world.members(0, 1).contains(&merged.parse().unwrap()));
    assert_eq!(world.counted(from, "/memberships"), 0, "no walk");
    world.contact("restore", json!({ "id": ids[0] }));
    world.pass(6);
    world.verdict().unwrap();
    world.verdict_beside().unwrap();
}

#[test]
pub fn a_page_of_members_asked_for_before_a_deletion_does_not_bring_the_record_back() {
    // The first full read is under way, so that webhooks are read while the page of members is held back.
    let plan = Plan { webhooks: true, latency_ms: (300, 500), ..listed(4_000, Switches::default()) };
    let mut world = World::new(plan);
    world.hold("/join-order", 1);
    assert!(world.until(2, |world| world.held() == 1));
    let id = world.held_body(0)["results"][7]["recordId"].as_str().unwrap().to_owned();
    world.contact("archive", json!({ "id": id }));
    world.pass_ms(4_000);
    assert_eq!(world.record(&id), None);
    world.release();
    world.pass_ms(1_000);
    assert!(world.status().streams[0].read < 4_000, "the full read was to be under way");
    assert!(world.members(0, 1).len() >= 20);
    assert!(!world.members(0, 1).contains(&id.parse().unwrap()), "an older answer does not win");
    assert!(world.backfill());
    world.pass(11);
    world.verdict().unwrap();
    world.verdict_beside().unwrap();
}

#[test]
fn a_list_that_is_deleted_has_nobody_and_is_mirrored_again_when_it_is_restored() {
    let mut world = followed(Plan { lists: Some(2), ..listed(60, Switches::default()) });
    world.control("POST", "lists/delete", &json!({ "list": 1 }));
    settles(&mut world, 6);
    let list = world.list(1);
    assert_eq!(list["followed"]["state"], "gone", "{list}");
    assert!(list["followed"]["trouble"]["message"].as_str().unwrap().contains("restored"));
    let from = world.calls.len();
    world.pass(20);
    assert_eq!(calls(&world, from), 4, "a check asks for all lists, and nothing else");
    world.control("POST", "lists/restore", &json!({ "list": 1 }));
    settles(&mut world, 6);
    assert_eq!(world.list(1)["followed"]["state"], "in_step");
    world.verdict().unwrap();
}

#[test]
fn a_list_that_is_followed_again_adds_only_whom_its_end_took_away() {
    let mut world = followed(Plan { lists: Some(2), ..listed(60, Switches::default()) });
    let snapshot = world.snapshot(0, 20, |_, _| {});
    let on = world.members(0, 1);
    let before = world.status().latest_change;
    assert!(matches!(world.beside(Beside::Unfollow { list: ListId(1) }), Answer::Done));
    let told = changes(&mut world, before);
    assert_eq!(told.len(), 1, "one change for all of them: {told:?}");
    assert_eq!((&told[0]["kind"], &told[0]["object_type"]), (&json!("list_off"), &json!("contacts")));
    assert_eq!((&told[0]["list_id"], &told[0]["list_name"]), (&json!("1"), &json!("List 0")));
    leave(&mut world, 3);
    assert!(matches!(world.beside(Beside::Follow { list: ListId(1) }), Answer::Done));
    settles(&mut world, 6);
    let told = changes(&mut world, before);
    assert_eq!(told.iter().filter(|change| change["kind"] == "membership_added").count(), on.len() - 3);
    assert!(told.iter().all(|change| change["kind"] != "membership_removed"), "nobody is said to have left");
    // From the beginning, and from a copy of before.
    world.verdict().unwrap();
    world.follows_from(snapshot).unwrap();
}

#[test]
fn a_list_that_one_of_two_still_follows_goes_on_untold() {
    let mut world = followed(listed(60, Switches::default()));
    let channel = json!({
        "name": "Listed", "object_type": "contacts", "list": "1",
        "fields": [{ "field": "first_name", "property": "firstname" }],
    });
    world.make_channel(&channel).unwrap();
    world.pass(1);
    let before = world.status().latest_change;
    assert!(matches!(world.beside(Beside::Unfollow { list: ListId(1) }), Answer::Done));
    assert_eq!(changes(&mut world, before).len(), 0);
    join(&mut world, 5);
    settles(&mut world, 6);
    world.verdict().unwrap();
}

#[test]
fn an_unknown_list_is_said_to_be_gone() {
    let mut world = followed(listed(20, Switches::default()));
    assert!(matches!(world.beside(Beside::Follow { list: ListId(99) }), Answer::Done));
    world.pass(1);
    assert_eq!(world.list(99)["followed"]["state"], "gone");
    assert!(matches!(world.beside(Beside::List { list: ListId(98) }), Answer::Missing));
    assert!(matches!(world.beside(Beside::Unfollow { list: ListId(98) }), Answer::Missing));
    assert!(matches!(world.beside(Beside::Unfollow { list: ListId(99) }), Answer::Done));
    assert!(matches!(world.beside(Beside::List { list: ListId(99) }), Answer::Missing));
    world.verdict().unwrap();
}

#[test]
fn a_list_that_is_refused_is_told_of_and_tried_again_while_the_others_go_on() {
    let mut world = followed(Plan { lists: Some(2), ..listed(60, Switches::default()) });
    checked(&mut world);
    let refused = Fault::Status { status: 400, after_commit: false };
    let rule = Rule { times: Some(1), ..Rule::next(1, refused) }.at(hubspot_simulator::Endpoint::ListMembers);
    world.simulator.faults.add(rule);
    join(&mut world, 5);
    assert!(world.until(6, |world| world.list(1)["followed"]["state"] == "refused"), "{}", world.list(1));
    assert!(world.list(1)["followed"]["trouble"]["message"].is_string());
    let now = world.now;
    let (portal, turn) = world.simulator.portal_turn(PORTAL, now).unwrap();
    portal.join_random(&turn, 2, 5);
    let goes_on = |world: &mut World| world.members(0, 2) == world.true_members(2);
    assert!(world.until(6, goes_on), "the other list goes on");
    settles(&mut world, 70);
    assert_eq!(world.list(1)["followed"]["trouble"], Value::Null);
    world.verdict().unwrap();
}

#[test]
fn members_in_an_order_that_is_not_that_of_their_ids_lose_nobody() {
    let switches = Switches { list_members_sort_as_text: true, list_member_page: 20, ..Switches::default() };
    // Ids of two lengths.
    let mut world = followed(listed(200, switches));
    join(&mut world, 60);
    settles(&mut world, 6);
    let on: Vec<String> = world.members(0, 1).iter().map(u64::to_string).collect();
    assert!(!on.is_sorted(), "{on:?}");
    let (from, latest) = (world.calls.len(), world.status().latest_change);
    leave(&mut world, 9);
    settles(&mut world, 11);
    assert_eq!(world.counted(from, "/memberships"), 5);
    assert_eq!(world.status().latest_change - latest, 9, "nobody is said to have left who has not");
    world.verdict().unwrap();
}

#[test]
fn without_their_scopes_nothing_is_asked_for_and_each_says_which_it_lacks() {
    let mut world = synced(tiny(20));
    world.pass(HOUR);
    for (of, scope) in [
        (Source::Owners, "crm.objects.owners.read"),
        (Source::Pipelines, "crm.objects.deals.read"),
        (Source::Lists, "crm.lists.read"),
    ] {
        let lacks = StreamState::NoScope { scopes: vec![scope.to_owned()] };
        assert_eq!(source(&mut world, of).state, lacks);
    }
    assert!(matches!(world.beside(Beside::Follow { list: ListId(1) }), Answer::Stopped));
    let asked = |call: &&crate::life::Call| {
        ["owners", "pipelines", "lists"].iter().any(|name| call.name.contains(name))
    };
    assert_eq!(world.calls.iter().filter(asked).count(), 0);
}

#[test]
fn a_scope_that_is_lost_stops_the_lists_alone_until_it_is_granted_again() {
    let mut world = followed(listed(60, Switches::default()));
    checked(&mut world);
    let removed = json!({ "app_id": APP, "portal_id": PORTAL, "removed": ["crm.lists.read"] });
    world.control("POST", "grants/scopes", &removed);
    world.pass(6);
    let lists = source(&mut world, Source::Lists);
    assert_eq!(lists.state, StreamState::NoScope { scopes: vec!["crm.lists.read".to_owned()] });
    assert!(lists.trouble.unwrap().words.contains("crm.lists.read"));
    join(&mut world, 5);
    let from = world.calls.len();
    world.pass(30);
    assert_eq!(calls(&world, from), 0);
    world.connect(0);
    assert!(world.backfill());
    settles(&mut world, 6);
    assert_eq!(source(&mut world, Source::Lists).trouble, None);
    world.pass(6);
    world.verdict().unwrap();
}

#[test]
fn owners_and_pipelines_are_read_when_connected_hourly_and_on_refresh() {
    let plan = Plan { owners: true, deals: Some(3), ..tiny(20) };
    let mut world = synced(plan);
    world.pass(1);
    world.verdict_beside().unwrap();
    assert_eq!(world.counted(0, "crm/owners/2026-09"), 2, "those there are, and those archived");
    assert_eq!(world.counted(0, "crm/pipelines/2026-09/deals"), 1);
    let now = world.now;
    let (portal, _) = world.simulator.portal_turn(PORTAL, now).unwrap();
    let id = portal.owners()[0].id;
    portal.set_owner_archived(now, id, true);
    world.control("POST", "pipelines/remove", &json!({ "id": "default" }));
    world.pass(30);
    assert!(world.verdict_beside().is_err(), "nothing is asked for within the hour");
    assert!(matches!(world.command(Command::RefreshFields), Some(Answer::Done)));
    world.pass(1);
    world.verdict_beside().unwrap();
    let rows = world.objects[0].sql.inner.rows_written();
    portal_owner_back(&mut world, id);
    world.pass(70);
    world.verdict_beside().unwrap();
    assert!(world.objects[0].sql.inner.rows_written() > rows);
    let of_contacts = Beside::Pipelines { object_type: ObjectType::Contacts };
    assert!(matches!(world.beside(of_contacts), Answer::Missing), "they have none");
}

#[test]
fn a_read_of_owners_that_fails_half_way_for_long_begins_anew() {
    let mut world = synced(Plan { owners: true, ..tiny(5) });
    world.pass(1);
    let now = world.now;
    let (portal, _) = world.simulator.portal_turn(PORTAL, now).unwrap();
    let id = portal.owners()[0].id;
    portal.set_owner_archived(now, id, true);
    let refused = Fault::Status { status: 503, after_commit: false };
    let archived_ones = Rule { times: None, skip: 1, ..Rule::next(1, refused) }.at(Endpoint::OwnerList);
    world.simulator.faults.add(archived_ones);
    assert!(matches!(world.command(Command::RefreshFields), Some(Answer::Done)));
    world.pass(30);
    portal_owner_back(&mut world, id);
    world.simulator.faults.clear();
    world.pass(6);
    // Neither of the halves, read half an hour apart, would have had it.
    world.verdict_beside().unwrap();
}

fn portal_owner_back(world: &mut World, id: u64) {
    let now = world.now;
    let (portal, _) = world.simulator.portal_turn(PORTAL, now).unwrap();
    portal.set_owner_archived(now, id, false);
}

#[test]
fn many_owners_and_lists_are_read_page_by_page() {
    let mut world = World::new(Plan { owners: true, lists: Some(0), ..tiny(5) });
    let now = world.now;
    let (portal, _) = world.simulator.portal_turn(PORTAL, now).unwrap();
    for number in 0..230 {
        let name = format!("List {number}");
        portal.create_list(now, &name, "contacts", Processing::Dynamic).unwrap();
        let owner = hubspot_simulator::owners::Owner {
            email: format!("{number}@example.com"),
            archived: number % 2 == 0,
            ..Default::default()
        };
        portal.put_owner(now, owner);
    }
    for number in 230..530 {
        portal.create_list(now, &format!("List {number}"), "companies", Processing::Manual).unwrap();
    }
    assert!(world.backfill());
    world.pass(1);
    world.verdict_beside().unwrap();
    let (lists, owners) = (source(&mut world, Source::Lists), source(&mut world, Source::Owners));
    assert_eq!((lists.count, owners.count), (530, 239));
    assert_eq!(world.counted(0, "crm/lists/2026-09/search"), 2);
    let list = world.list(301);
    assert_eq!((&list["name"], &list["object_type"]), (&json!("List 300"), &json!("companies")));
    assert_eq!((&list["followed"], &list["size"]), (&Value::Null, &json!(0)));
}

#[test]
fn a_refresh_between_two_pages_of_a_read_leaves_nobody_out_and_is_not_taken_for_answered() {
    let mut world = synced(Plan { owners: true, ..tiny(20) });
    world.pass(2);
    let before = source(&mut world, Source::Owners).count;
    assert!(before > 1, "{before}: active ones and an archived one");
    // The page of active owners has come, that of archived ones has not.
    world.hold("/crm/owners/2026-09", 1);
    world.command(Command::RefreshFields);
    assert!(world.until(2, |world| world.held() == 1));
    world.release();
    world.hold("/crm/owners/2026-09", 1);
    assert!(world.until(2, |world| world.held() == 1));
    let from = world.calls.len();
    world.command(Command::RefreshFields);
    world.release();
    world.pass(2);
    assert_eq!(source(&mut world, Source::Owners).count, before);
    assert_eq!(world.counted(from, "/crm/owners/2026-09"), 2, "both pages are asked for again");
    world.verdict_beside().unwrap();
}

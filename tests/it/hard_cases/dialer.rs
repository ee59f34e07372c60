//! The dialer: a seat's tasks as HubSpot has them at the moment of asking, and calls that are logged once, with the seat's own token.

use hubspot_simulator::{
    Fault, Policy, Rule, Switches,
    portal::PortalSettings,
    rights::{FieldRight, ObjectRights, Reach, Rights},
    route::Endpoint,
};
use serde_json::{Value, json};
use spoke::{
    api::seat::no_owner,
    engine::portal::{
        messages::{Answer, Command},
        outbox::commands::{Answer as Told, Asked, Command as Outbox, Taken},
        seats::{
            commands::{self as seats, Answer as SeatAnswer, NoOwner, State},
            desk::{Desk, Wanted, Which},
            pass::Stop,
        },
    },
    hubspot::tasks::Place,
    values::{
        failure::Failure,
        ids::{ActionId, ObjectType, SeatId},
    },
};

use super::{
    outbox::{action, asked, outbox, settled, with},
    seats::{failure, office},
    tiny,
};
use crate::life::{
    PORTAL, Plan, World,
    seats::{ALAN, GRACE, OWNER_ALAN, OWNER_GRACE, with_seats},
};

pub(super) const NOTES: &str = "Wants a quote";
/// What it takes to log calls and to keep them apart.
const WRITES: [&str; 2] = ["crm.objects.contacts.write", "crm.schemas.contacts.write"];

/// An account with Grace's seat; her own contact, and Alan's.
pub(super) fn desk(plan: Plan) -> (World, SeatId, [String; 3]) {
    desk_with(plan, WRITES.to_vec())
}

fn desk_with(plan: Plan, more_scopes: Vec<&'static str>) -> (World, SeatId, [String; 3]) {
    let (mut world, own) = office(Plan { more_scopes, owners: true, ..plan });
    let seat = world.seated(0, "grace", GRACE);
    (world, seat, own)
}

/// Makes a task in HubSpot, as its people do; its id.
fn task(world: &mut World, subject: &str, values: Value, about: Option<&str>) -> String {
    let mut properties = json!({
        "hs_task_subject": subject, "hs_task_type": "CALL", "hs_task_status": "NOT_STARTED",
        "hs_timestamp": "2026-11-19T15:00:00Z", "hubspot_owner_id": OWNER_GRACE,
    });
    properties.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
    let ties: Vec<Value> = about
        .map(|id| {
            json!({ "to": { "id": id }, "types": [
                { "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204 }] })
        })
        .into_iter()
        .collect();
    world.by_tool(
        "POST",
        "/crm/objects/2026-09/tasks",
        &json!({ "properties": properties, "associations": ties }),
    );
    with(world, ObjectType::Tasks, "hs_task_subject", subject).remove(0)
}

/// A task that HubSpot's search has found by now.
pub(super) fn known(world: &mut World, subject: &str, about: Option<&str>) -> String {
    let id = task(world, subject, json!({}), about);
    world.pass(3);
    id
}

fn subjects(told: &Value) -> Vec<&str> {
    let results = told["results"].as_array().unwrap();
    results.iter().map(|task| task["subject"].as_str().unwrap()).collect()
}

fn open(world: &mut World, seat: &SeatId) -> Vec<String> {
    let told = world.tasks_of(seat, Which::Queue).unwrap();
    subjects(&told).into_iter().map(str::to_owned).collect()
}

/// Why nobody can say which tasks are a seat's.
fn without_owner(world: &mut World, seat: &SeatId) -> NoOwner {
    let wanted = Wanted::of(Which::Queue);
    match world.seat(0, seats::Command::Desk { seat: seat.clone(), wanted, ticket: None }) {
        SeatAnswer::NoOwner(why) => why,
        other => panic!("tasks of nobody: {other:?}"),
    }
}

/// Grace has left HubSpot or is there, and a person has the owners read.
fn grace_is(world: &mut World, archived: bool) {
    let now = world.now;
    let (portal, _) = world.simulator.portal_turn(PORTAL, now).unwrap();
    assert!(portal.set_owner_archived(now, OWNER_GRACE.parse().unwrap(), archived));
    assert!(matches!(world.command(Command::RefreshFields), Some(Answer::Done)));
    world.pass(1);
}

fn call(task: &str, about: &str) -> Asked {
    asked(json!({
        "action": "log_call", "title": "Call", "notes": NOTES, "at": "2026-11-20T00:05:00Z", "duration_s": 61,
        "outcome": "connected", "recording_url": "https://calls.example/1", "completes_task": task,
        "about": [{ "type": "contacts", "id": about }],
    }))
}

pub(super) fn log(world: &mut World, seat: &SeatId, asked: Asked) -> ActionId {
    match world.seat(0, seats::Command::Log { seat: seat.clone(), asked: Box::new(asked) }) {
        SeatAnswer::Logged(Taken::Action { action, .. }) => {
            let action: Value = serde_json::from_str(&action).unwrap();
            action["id"].as_str().unwrap().parse().unwrap()
        }
        other => panic!("not logged but {other:?}"),
    }
}

pub(super) fn states(action: &Value) -> [&str; 2] {
    [0, 1].map(|step| action["writes"][step]["state"].as_str().unwrap())
}

pub(super) fn calls(world: &World) -> Vec<String> {
    with(world, ObjectType::Calls, "hs_call_body", NOTES)
}

pub(super) fn status_of(world: &World, task: &str) -> String {
    let all = world.truth_of(ObjectType::Tasks);
    all[task]["hs_task_status"].as_str().unwrap_or_default().to_owned()
}

fn may(world: &mut World, rights: &Rights) {
    let rights = json!({ "user_id": GRACE, "portal_id": PORTAL, "rights": rights });
    world.control("POST", "users/rights", &rights);
}

#[test]
fn a_seats_open_call_tasks_are_told_by_the_accounts_clock_with_whom_to_call() {
    let (mut world, seat, own) = desk(tiny(20));
    // The account's clock is read once a day: in New York it is the evening of the 20th.
    world.pass(24 * 60 + 10);
    world.contact("edit", json!({ "id": own[0], "properties": { "firstname": "Kim", "lastname": "Lee", "phone": "+1555", "jobtitle": "CTO", "company": "Acme" } }));
    for (subject, due) in
        [("late", "2026-11-20T04:59:59Z"), ("now", "2026-11-21T04:59:59Z"), ("later", "2026-11-21T05:00:00Z")]
    {
        task(&mut world, subject, json!({ "hs_timestamp": due }), Some(&own[0]));
    }
    task(&mut world, "alans", json!({ "hubspot_owner_id": OWNER_ALAN }), None);
    task(&mut world, "mail", json!({ "hs_task_type": "EMAIL" }), None);
    task(&mut world, "done", json!({ "hs_task_status": "COMPLETED" }), None);
    world.pass(3);
    let before = world.calls.len();
    let told = world.tasks_of(&seat, Which::Queue).unwrap();
    assert_eq!(subjects(&told), ["late", "now", "later"], "{told}");
    assert_eq!(world.counted(before, "/tasks/search"), 1);
    let dues: Vec<&Value> = told["results"].as_array().unwrap().iter().map(|task| &task["due"]).collect();
    assert_eq!(dues, ["overdue", "today", "later"]);
    let card = &told["results"][0]["contact"];
    assert_eq!(
        (&card["name"], &card["title"], &card["phone"], &card["account"]),
        (&json!("Kim Lee"), &json!("CTO"), &json!("+1555"), &json!("Acme"))
    );
    assert!(told["next_cursor"].is_null(), "{told}");
    assert_eq!(subjects(&world.tasks_of(&seat, Which::Overdue).unwrap()), ["late"]);
    assert_eq!(subjects(&world.tasks_of(&seat, Which::Today).unwrap()), ["now"]);
}

#[test]
fn a_task_whose_contact_the_user_may_not_see_is_told_without_the_card() {
    let (mut world, seat, own) = desk(tiny(20));
    task(&mut world, "hidden", json!({}), Some(&own[1]));
    task(&mut world, "seen", json!({}), Some(&own[0]));
    world.pass(3);
    let told = world.tasks_of(&seat, Which::Queue).unwrap();
    let card = |subject: &str| {
        let all = told["results"].as_array().unwrap();
        all.iter().find(|task| task["subject"] == subject).unwrap()["contact"].clone()
    };
    assert_eq!((&card("hidden"), &card("seen")["id"]), (&Value::Null, &json!(own[0])));
    assert!(world.record(&own[1]).is_some(), "the mirror has the contact, and the seat is not told of it");
    let none = ObjectRights { view: Reach::None, ..ObjectRights::default() };
    may(&mut world, &Rights { objects: [("contacts".to_owned(), none)].into(), ..Rights::default() });
    let told = world.tasks_of(&seat, Which::Queue).unwrap();
    assert_eq!(told["results"].as_array().unwrap().len(), 2);
    assert!(told["results"].as_array().unwrap().iter().all(|task| task["contact"].is_null()));
}

#[test]
fn a_task_that_search_has_as_open_and_a_read_as_done_is_not_told() {
    let switches = Switches { search_lag_min_ms: 60_000, search_lag_max_ms: 60_000, ..Switches::default() };
    let (mut world, seat, own) = desk(Plan { switches, ..tiny(20) });
    let (first, _) = (known(&mut world, "first", Some(&own[0])), known(&mut world, "second", None));
    assert_eq!(open(&mut world, &seat), ["first", "second"]);
    let done = json!({ "properties": { "hs_task_status": "COMPLETED" } });
    world.by_tool("PATCH", &format!("/crm/objects/2026-09/tasks/{first}"), &done);
    let before = world.calls.len();
    assert_eq!(open(&mut world, &seat), ["second"]);
    assert_eq!(world.counted(before, "/tasks/batch/read"), 1);
}

#[test]
fn whose_tasks_they_are_is_not_known_without_the_scope_and_nobody_is_told_that_there_are_none() {
    let (mut world, own) = office(Plan { more_scopes: WRITES.to_vec(), ..tiny(20) });
    let seat = world.seated(0, "grace", GRACE);
    let task = known(&mut world, "first", Some(&own[0]));
    let before = world.calls.len();
    let why = without_owner(&mut world, &seat);
    assert_eq!(why, NoOwner::Unreadable { scopes: vec!["crm.objects.owners.read".to_owned()] });
    assert_eq!(without_owner(&mut world, &seat), why, "nobody waits for a reading that is not made");
    assert_eq!(world.counted(before, "/tasks/search"), 0);
    let problem = no_owner(&why);
    assert_eq!(
        (problem.status(), &problem.to_json()["type"]),
        (404, &json!("/problems/not-found")),
        "as of the owner itself"
    );
    assert!(problem.detail.contains("`crm.objects.owners.read`"), "{problem}");
    let owner = world.seat(0, seats::Command::Owner(seat.clone()));
    assert!(matches!(&owner, SeatAnswer::NoOwner(same) if *same == why), "{owner:?}");
    // A call is logged all the same, and says that it is nobody's.
    let id = log(&mut world, &seat, call(&task, &own[0]));
    let done = settled(&mut world, &id);
    assert_eq!((states(&done), calls(&world).len()), (["done", "done"], 1), "{done}");
    assert!(done["writes"][0]["fields"]["hubspot_owner_id"].is_null(), "{done}");
    let left = &done["not_filled"][0];
    assert_eq!(
        (&left["field"], &left["why"]),
        (&json!("hubspot_owner_id"), &json!("not_an_owner")),
        "{done}"
    );
}

#[test]
fn whoever_is_not_among_the_owners_that_were_read_is_told_so_until_they_are() {
    let settings = PortalSettings { hubspot_properties: None, ..PortalSettings::default() };
    let more_scopes = WRITES.to_vec();
    let mut world = World::new(with_seats(Plan { settings, owners: true, more_scopes, ..tiny(20) }));
    world.furnish_seats();
    let refused = Fault::Status { status: 503, after_commit: false };
    world.simulator.faults.add(Rule { times: None, ..Rule::next(1, refused) }.at(Endpoint::OwnerList));
    assert!(world.backfill());
    let seat = world.seated(0, "grace", GRACE);
    known(&mut world, "first", None);
    let why = without_owner(&mut world, &seat);
    assert!(matches!(why, NoOwner::Unread { .. }), "{why:?}");
    assert!(no_owner(&why).detail.contains("ask again in a minute"), "{}", no_owner(&why));
    world.simulator.faults.clear();
    grace_is(&mut world, false);
    assert_eq!(open(&mut world, &seat), ["first"]);
    grace_is(&mut world, true);
    let why = without_owner(&mut world, &seat);
    let NoOwner::Absent { read_at, next_at: Some(next_at), trouble: None } = &why else { panic!("{why:?}") };
    assert_eq!(next_at.since_ms(*read_at), 3_600_000, "{why:?}");
    let words = no_owner(&why).detail;
    assert!(words.contains(&next_at.to_rfc3339()) && words.contains("Refresh fields"), "{words}");
    grace_is(&mut world, false);
    assert_eq!(open(&mut world, &seat), ["first"]);
    // Whoever is known as an owner has what is theirs, and says no more of it.
    let id = log(&mut world, &seat, Asked { dry_run: true, ..call("512", "512") });
    let told = action(&mut world, &id);
    assert_eq!(told["writes"][0]["fields"]["hubspot_owner_id"]["to"], OWNER_GRACE, "{told}");
    assert!(told["not_filled"].is_null(), "{told}");
}

/// Makes open call tasks of Grace's, due so many minutes after ten; their ids in the order in which they are due.
fn due_at(world: &mut World, minutes: &[u64]) -> Vec<String> {
    let task = |minute: &u64| {
        let due = format!("2026-11-19T{}:{:02}:00Z", 10 + minute / 60, minute % 60);
        json!({ "properties": {
            "hs_task_subject": minute.to_string(), "hs_task_type": "CALL", "hs_task_status": "NOT_STARTED",
            "hs_timestamp": due, "hubspot_owner_id": OWNER_GRACE,
        } })
    };
    for some in minutes.chunks(100) {
        let inputs: Vec<Value> = some.iter().map(task).collect();
        world.by_tool("POST", "/crm/objects/2026-09/tasks/batch/create", &json!({ "inputs": inputs }));
    }
    world.pass(3);
    let mut all: Vec<(u64, u64)> = world
        .truth_of(ObjectType::Tasks)
        .into_iter()
        .map(|(id, values)| {
            (values["hs_task_subject"].as_str().unwrap().parse().unwrap(), id.parse().unwrap())
        })
        .collect();
    all.sort_unstable();
    all.into_iter().map(|(_, id)| id.to_string()).collect()
}

fn told_ids(told: &Value) -> Vec<String> {
    told["results"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect()
}

/// Where the next page begins.
fn next_of(told: &Value) -> Option<Place> {
    told["next_cursor"].as_str().map(|place| place.parse().unwrap())
}

/// Every page of a seat's tasks from there on.
fn pages(world: &mut World, seat: &SeatId, wanted: Wanted) -> Vec<Vec<String>> {
    let (mut wanted, mut pages) = (wanted, Vec::new());
    loop {
        let told = world.tasks_wanted(seat, wanted.clone()).unwrap();
        pages.push(told_ids(&told));
        match next_of(&told) {
            Some(place) => wanted.after = Some(place),
            None => return pages,
        }
    }
}

#[test]
fn three_hundred_tasks_are_told_in_their_order_whatever_is_done_between_two_pages() {
    let (mut world, seat, _) = desk(tiny(20));
    let all = due_at(&mut world, &(0..300).collect::<Vec<_>>());
    let before = world.calls.len();
    let told = world.tasks_of(&seat, Which::Queue).unwrap();
    assert_eq!(told_ids(&told), all[..100]);
    assert_eq!(world.counted(before, "/tasks/search"), 1);
    let done = |id: &String| json!({ "id": id, "properties": { "hs_task_status": "COMPLETED" } });
    let inputs: Vec<Value> = all[..100].iter().map(done).collect();
    world.by_tool("POST", "/crm/objects/2026-09/tasks/batch/update", &json!({ "inputs": inputs }));
    world.pass(3);
    let rest = pages(&mut world, &seat, Wanted { after: next_of(&told), ..Wanted::of(Which::Queue) });
    assert_eq!(rest, [all[100..200].to_vec(), all[200..].to_vec()]);
}

#[test]
fn tasks_due_at_one_moment_are_told_each_once_however_many_they_are() {
    let (mut world, seat, _) = desk(tiny(20));
    let minutes: Vec<u64> = (0..50).map(|place| place / 10).chain(std::iter::repeat_n(30, 250)).collect();
    let all = due_at(&mut world, &minutes);
    let before = world.calls.len();
    let told = pages(&mut world, &seat, Wanted::of(Which::Queue));
    assert_eq!(told.concat(), all);
    assert_eq!(told.iter().map(Vec::len).collect::<Vec<_>>(), [50, 100, 100, 50]);
    // One of each page, and one by id where nothing but that moment was found.
    assert_eq!(world.counted(before, "/tasks/search"), 5);
}

#[test]
fn a_task_queue_is_searched_for_and_not_only_among_those_due_first() {
    let (mut world, seat, _) = desk(tiny(20));
    due_at(&mut world, &(0..250).collect::<Vec<_>>());
    for (subject, queues, due) in [
        ("one", "34", "2026-11-19T20:00:00Z"),
        ("both", "12;34", "2026-11-19T21:00:00Z"),
        ("another", "341", "2026-11-19T22:00:00Z"),
        ("later", "34", "2026-12-01T09:00:00Z"),
    ] {
        task(&mut world, subject, json!({ "hs_queue_membership_ids": queues, "hs_timestamp": due }), None);
    }
    world.pass(3);
    let told = |world: &mut World, which| {
        let wanted = Wanted { queue: Some("34".to_owned()), ..Wanted::of(which) };
        let told = world.tasks_wanted(&seat, wanted).unwrap();
        assert_eq!(next_of(&told), None, "{told}");
        subjects(&told).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let before = world.calls.len();
    assert_eq!(told(&mut world, Which::Queue), ["one", "both", "later"]);
    assert_eq!(world.counted(before, "/tasks/search"), 1);
    // Two days on none but the last is still to come.
    world.pass(48 * 60);
    assert_eq!(told(&mut world, Which::Overdue), ["one", "both"]);
    assert_eq!(told(&mut world, Which::Today), [""; 0]);
    // Search may have it in the queue still.
    let both = with(&world, ObjectType::Tasks, "hs_task_subject", "both").remove(0);
    let out = json!({ "properties": { "hs_queue_membership_ids": "12" } });
    world.by_tool("PATCH", &format!("/crm/objects/2026-09/tasks/{both}"), &out);
    assert_eq!(told(&mut world, Which::Overdue), ["one"]);
}

#[test]
fn a_dialer_that_hangs_up_keeps_the_next_who_asks_for_three_seconds_at_most() {
    let (mut world, seat, own) = desk(tiny(20));
    known(&mut world, "first", Some(&own[0]));
    let asks = |world: &mut World| world.at_desk(&seat, Which::Queue, None);
    let Desk::Read(_) = asks(&mut world) else { panic!("nobody reads") };
    world.pass_ms(2_900);
    assert!(matches!(asks(&mut world), Desk::Wait { .. }));
    world.pass_ms(100);
    let Desk::Read(begin) = asks(&mut world) else { panic!("nobody reads in place of who has gone") };
    // One that takes its time says so, and is waited for.
    let ticket = begin.ticket;
    for _ in 0..8 {
        world.pass_ms(1_000);
        world.seat(0, seats::Command::DeskGoesOn { seat: seat.clone(), ticket });
        assert!(matches!(asks(&mut world), Desk::Wait { .. }));
    }
    let told = world.read_tasks(&seat, Which::Queue, begin).unwrap();
    assert_eq!(subjects(&told), ["first"]);
    assert!(matches!(world.at_desk(&seat, Which::Queue, Some(ticket)), Desk::Ready(_)));
}

#[test]
fn requests_of_one_seat_at_the_same_time_are_one_reading() {
    let (mut world, seat, own) = desk(tiny(20));
    known(&mut world, "first", Some(&own[0]));
    let alan = world.seated(0, "alan", ALAN);
    let before = world.calls.len();
    let Desk::Read(begin) = world.at_desk(&seat, Which::Queue, None) else { panic!("nobody reads") };
    let Desk::Wait { ticket, .. } = world.at_desk(&seat, Which::Queue, None) else { panic!("read twice") };
    let told = world.read_tasks(&seat, Which::Queue, begin).unwrap();
    let Desk::Ready(text) = world.at_desk(&seat, Which::Queue, Some(ticket)) else { panic!("not shared") };
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), told);
    assert_eq!(world.counted(before, "/tasks/search"), 1);
    assert!(
        matches!(world.at_desk(&alan, Which::Queue, Some(ticket)), Desk::Read(_)),
        "nobody sees another's"
    );
    assert!(matches!(world.at_desk(&seat, Which::Queue, None), Desk::Read(_)), "who asks later reads anew");
}

#[test]
fn a_call_is_logged_and_its_task_completed_once_in_the_users_own_name() {
    let (mut world, seat, own) = desk(tiny(20));
    let task = known(&mut world, "first", Some(&own[0]));
    let asked = Asked { key: Some("c1".to_owned()), ..call(&task, &own[0]) };
    let before = world.now;
    let id = log(&mut world, &seat, asked.clone());
    let done = settled(&mut world, &id);
    assert_eq!((states(&done), &done["seat"]), (["done", "done"], &json!(seat.as_str())), "{done}");
    assert!(world.now - before < 10_000, "{} ms", world.now - before);
    let [made] = &calls(&world)[..] else { panic!("one call") };
    let values = &world.truth_of(ObjectType::Calls)[made];
    assert_eq!(
        (&values["hubspot_owner_id"], &values["hs_call_duration"], &values["hs_call_recording_url"]),
        (&json!(OWNER_GRACE), &json!("61000"), &json!("https://calls.example/1"))
    );
    assert_eq!(status_of(&world, &task), "COMPLETED");
    assert_eq!(open(&mut world, &seat).len(), 0, "also while search has it as open");
    assert_eq!(log(&mut world, &seat, asked), id, "asked for twice");
    world.pass(2);
    assert_eq!(calls(&world).len(), 1);
    world.verdict().unwrap();
}

#[test]
fn what_completes_later_is_not_told_meanwhile_and_is_finished_by_the_seats_token() {
    let (mut world, seat, own) = desk(tiny(20));
    let task = known(&mut world, "first", Some(&own[0]));
    let rule = Rule::next(3, Fault::Status { status: 503, after_commit: false }).at(Endpoint::BatchUpdate);
    world.simulator.faults.add(rule);
    let id = log(&mut world, &seat, call(&task, &own[0]));
    let hung = world.until(2, |world| action(world, &id)["writes"][1]["problem"].is_object());
    let told = action(&mut world, &id);
    assert!(hung && states(&told) == ["done", "waiting"], "{told}");
    assert!(told["writes"][1]["next_at"].is_string(), "{told}");
    assert_eq!(status_of(&world, &task), "NOT_STARTED");
    assert_eq!(open(&mut world, &seat).len(), 0, "the seat has just done it");
    let done = settled(&mut world, &id);
    assert_eq!((states(&done), calls(&world).len()), (["done", "done"], 1));
    assert_eq!(status_of(&world, &task), "COMPLETED");
}

#[test]
fn a_call_whose_answer_is_lost_is_made_once() {
    for after_commit in [true, false] {
        let (mut world, seat, own) = desk(tiny(20));
        let task = known(&mut world, "first", Some(&own[0]));
        world.simulator.faults.add(Rule::next(1, Fault::NoAnswer { after_commit }).at(Endpoint::BatchCreate));
        let id = log(&mut world, &seat, call(&task, &own[0]));
        let done = settled(&mut world, &id);
        assert_eq!((states(&done), calls(&world).len()), (["done", "done"], 1), "{after_commit}: {done}");
        assert_eq!(status_of(&world, &task), "COMPLETED");
    }
}

#[test]
fn a_task_whose_call_is_in_doubt_is_left_out_for_minutes_and_not_for_days() {
    let (mut world, seat, own) = desk_with(tiny(20), vec!["crm.objects.contacts.write"]);
    let task = known(&mut world, "first", Some(&own[0]));
    let unheard = Rule::next(1, Fault::NoAnswer { after_commit: false }).at(Endpoint::BatchCreate);
    world.simulator.faults.add(unheard);
    // What tells whether the call arrived is out of reach.
    let refused = Fault::Status { status: 503, after_commit: false };
    let links = Rule { times: None, ..Rule::next(1, refused) }.of("contacts");
    world.simulator.faults.add(links.at(Endpoint::AssociationBatchRead));
    let id = log(&mut world, &seat, call(&task, &own[0]));
    world.pass(2);
    assert_eq!(states(&action(&mut world, &id)), ["sent", "waiting"], "a doubt is told as sent");
    assert_eq!(open(&mut world, &seat).len(), 0, "the seat has just done it");
    world.pass(10);
    assert_eq!(states(&action(&mut world, &id)), ["sent", "waiting"]);
    assert_eq!(open(&mut world, &seat), ["first"]);
}

#[test]
fn a_call_under_way_when_the_object_ends_is_made_once() {
    let (mut world, seat, own) = desk(tiny(20));
    let task = known(&mut world, "first", Some(&own[0]));
    world.hold("/calls/batch/create", 1);
    let id = log(&mut world, &seat, call(&task, &own[0]));
    assert!(world.until(2, |world| world.held() == 1));
    world.cut_off();
    world.restart();
    let done = settled(&mut world, &id);
    assert_eq!((states(&done), calls(&world).len()), (["done", "done"], 1), "{done}");
}

#[test]
fn a_seat_that_is_revoked_in_between_finishes_nothing_and_nobody_does_for_it() {
    let (mut world, seat, own) = desk(tiny(20));
    let task = known(&mut world, "first", Some(&own[0]));
    let rule = Rule::next(1, Fault::Status { status: 503, after_commit: false }).at(Endpoint::BatchUpdate);
    world.simulator.faults.add(rule);
    let id = log(&mut world, &seat, call(&task, &own[0]));
    assert!(world.until(2, |world| action(world, &id)["writes"][1]["problem"].is_object()));
    world.seat(0, seats::Command::Revoke(seat.clone()));
    let done = settled(&mut world, &id);
    assert_eq!(states(&done), ["done", "failed"], "{done}");
    assert!(done["writes"][1]["problem"]["detail"].as_str().unwrap().contains("revoked"), "{done}");
    world.pass(20);
    assert_eq!((status_of(&world, &task).as_str(), calls(&world).len()), ("NOT_STARTED", 1));
    let log = seats::Command::Log { seat: seat.clone(), asked: Box::new(call(&task, &own[0])) };
    assert!(matches!(world.seat(0, log), SeatAnswer::NotActive(State::Revoked)));
    // Authorised anew it may be tried again, and the seat's own token does it.
    assert_eq!(world.seated(0, "grace", GRACE), seat);
    assert!(matches!(outbox(&mut world, Outbox::Retry(id.clone())), Told::Action(_)));
    assert_eq!(states(&settled(&mut world, &id)), ["done", "done"]);
    assert_eq!((status_of(&world, &task).as_str(), calls(&world).len()), ("COMPLETED", 1));
}

#[test]
fn what_the_user_may_not_do_is_not_done_with_the_connections_token() {
    let (mut world, seat, own) = desk(tiny(20));
    let task = known(&mut world, "first", Some(&own[0]));
    let none = ObjectRights { create: false, ..ObjectRights::default() };
    may(&mut world, &Rights { objects: [("calls".to_owned(), none)].into(), ..Rights::default() });
    let id = log(&mut world, &seat, call(&task, &own[0]));
    let done = settled(&mut world, &id);
    assert_eq!((states(&done), calls(&world).len()), (["failed", "failed"], 0), "{done}");
    assert_eq!(done["writes"][0]["problem"]["type"], "/problems/permission-denied");
    assert_eq!(status_of(&world, &task), "NOT_STARTED");
    assert_eq!(open(&mut world, &seat), ["first"], "it is still to be done");
    let fields = [("hs_task_status".to_owned(), FieldRight::View)].into();
    may(&mut world, &Rights { fields: [("tasks".to_owned(), fields)].into(), ..Rights::default() });
    let id = log(&mut world, &seat, call(&task, &own[0]));
    let done = settled(&mut world, &id);
    assert_eq!((states(&done), calls(&world).len()), (["done", "failed"], 1), "{done}");
    // A contact that only another may see.
    let owned = ObjectRights { view: Reach::Owned, edit: Reach::Owned, ..ObjectRights::default() };
    may(&mut world, &Rights { objects: [("contacts".to_owned(), owned)].into(), ..Rights::default() });
    let id = log(&mut world, &seat, call(&task, &own[1]));
    assert_eq!(states(&settled(&mut world, &id)), ["failed", "failed"]);
    assert_eq!(calls(&world).len(), 1);
}

#[test]
fn limits_have_a_seat_wait_or_say_so_and_lose_nothing() {
    let (mut world, seat, own) = desk(tiny(20));
    let task = known(&mut world, "first", Some(&own[0]));
    let limited = |policy| Rule::next(1, Fault::RateLimited { policy });
    world.simulator.faults.add(limited(Policy::Secondly).at(Endpoint::Search));
    assert_eq!(failure(world.tasks_of(&seat, Which::Queue)), Failure::Throttled);
    world.pass(1);
    assert_eq!(open(&mut world, &seat), ["first"], "a reading that failed keeps nobody out");
    world.simulator.faults.add(limited(Policy::Secondly).at(Endpoint::BatchCreate));
    world.simulator.faults.add(Rule::next(1, Fault::ExpiredToken).at(Endpoint::BatchUpdate));
    let id = log(&mut world, &seat, call(&task, &own[0]));
    assert_eq!(states(&settled(&mut world, &id)), ["done", "done"]);
    assert_eq!(calls(&world).len(), 1);
    world.command(Command::Pause);
    let id = log(&mut world, &seat, call(&task, &own[0]));
    world.pass(1);
    assert_eq!(states(&action(&mut world, &id)), ["waiting", "waiting"]);
    let Some(Answer::Done) = world.command(Command::Resume) else { panic!("not resumed") };
    assert_eq!(states(&settled(&mut world, &id)), ["done", "done"]);
    world.simulator.faults.add(limited(Policy::Daily).at(Endpoint::Search));
    assert_eq!(failure(world.tasks_of(&seat, Which::Queue)), Failure::DailyLimit);
}

#[test]
fn where_no_field_may_be_made_a_lost_call_is_found_by_whom_it_is_linked_to() {
    for after_commit in [true, false] {
        let (mut world, seat, own) = desk_with(tiny(20), vec!["crm.objects.contacts.write"]);
        let task = known(&mut world, "first", Some(&own[0]));
        world.simulator.faults.add(Rule::next(1, Fault::NoAnswer { after_commit }).at(Endpoint::BatchCreate));
        let id = log(&mut world, &seat, call(&task, &own[0]));
        let done = settled(&mut world, &id);
        // What is nowhere to be found is for a person to decide.
        let (state, made) = if after_commit { ("done", 1) } else { ("unknown", 0) };
        assert_eq!((states(&done)[0], calls(&world).len()), (state, made), "{done}");
        let status = if after_commit { "COMPLETED" } else { "NOT_STARTED" };
        assert_eq!(status_of(&world, &task), status, "nothing is done that was not logged");
        if !after_commit {
            assert_eq!(states(&done)[1], "waiting", "{done}");
            assert_eq!(open(&mut world, &seat), ["first"], "until a person decides it is to be done");
            let decided = Outbox::Resolve { action: id.clone(), happened: false, record: None };
            assert!(matches!(outbox(&mut world, decided), Told::Action(_)));
            assert_eq!(open(&mut world, &seat).len(), 0, "it leaves again");
            assert_eq!(states(&settled(&mut world, &id)), ["done", "done"]);
            assert_eq!((status_of(&world, &task).as_str(), calls(&world).len()), ("COMPLETED", 1));
        }
        assert_eq!(open(&mut world, &seat).len(), 0);
    }
}

#[test]
fn a_dry_run_writes_nothing_and_a_seat_that_is_not_active_reads_nothing() {
    let (mut world, seat, own) = desk(tiny(20));
    let task = known(&mut world, "first", Some(&own[0]));
    let id = log(&mut world, &seat, Asked { dry_run: true, ..call(&task, &own[0]) });
    world.pass(2);
    assert_eq!((states(&action(&mut world, &id)), calls(&world).len()), (["dry", "dry"], 0));
    assert_eq!(open(&mut world, &seat), ["first"]);
    let Desk::Read(begin) = world.at_desk(&seat, Which::Queue, None) else { panic!("nobody reads") };
    world.seat(0, seats::Command::Revoke(seat.clone()));
    let end = world.read_tasks(&seat, Which::Queue, begin);
    assert!(matches!(end, Err(Stop::NotActive(_) | Stop::Failed { .. })), "{end:?}");
}

//! Tasks, calls, notes and custom objects: off until somebody turns them on, then a stream like any other.

use hubspot_simulator::lists::Processing;
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        beside::commands::Command as Beside,
        channels::commands::{Answer as ChannelAnswer, Command as Channels, Refusal as ChannelRefusal},
        messages::{Answer, Command, Phase, StreamState, StreamStatus},
        types::{Answer as Told, Command as Types, Refusal},
    },
    values::ids::{ListId, ObjectType},
};

use super::{checked, tiny};
use crate::life::{APP, CARS, PORTAL, Plan, World};

const CUSTOM_SCOPE: &str = "crm.objects.custom.read";
const KINDS: [(&str, &str); 4] =
    [("tasks", "hs_task_subject"), ("calls", "hs_call_title"), ("notes", "hs_note_body"), (CARS, "name")];

fn plan(further: &[&'static str]) -> Plan {
    Plan { further: further.to_vec(), ..tiny(10) }
}

/// After the first full reads, these types turned on.
fn with(plan: Plan) -> World {
    let mut world = World::new(plan);
    for name in world.plan.further.clone() {
        world.turn_on(name);
    }
    assert!(world.backfill(), "{:?}", world.status());
    checked(&mut world);
    world.verdict().unwrap();
    world
}

fn listed(world: &mut World) -> Value {
    let Some(Told::Json(text)) = world.types(Types::List) else { panic!("no types") };
    serde_json::from_str(&text).unwrap()
}

/// How a type is listed.
fn entry(world: &mut World, name: &str) -> Value {
    let all = listed(world);
    let named = |entry: &&Value| entry["object_type"] == name || entry["name"] == name;
    all["results"].as_array().unwrap().iter().find(named).cloned().unwrap_or_default()
}

fn kind_of(world: &mut World, name: &str) -> ObjectType {
    entry(world, name)["object_type"].as_str().expect("it is listed").parse().unwrap()
}

fn stream(world: &mut World, kind: ObjectType) -> StreamStatus {
    let streams = world.status().streams;
    streams.into_iter().find(|stream| stream.object_type == kind).expect("it is mirrored")
}

fn some_id(world: &World, kind: ObjectType) -> String {
    world.truth_of(kind).keys().next().expect("there are some").clone()
}

fn value(world: &mut World, object_type: ObjectType, id: &str, name: &str) -> Value {
    match world.command(Command::Record { object_type, id: id.parse().unwrap() }) {
        Some(Answer::Json(text)) => serde_json::from_str::<Value>(&text).unwrap()["properties"][name].clone(),
        other => panic!("no {object_type} {id} but {other:?}"),
    }
}

fn changes(world: &mut World, types: &[ObjectType]) -> Vec<Value> {
    let command = Command::Changes { after: 0, limit: 1_000, types: types.to_vec() };
    let Some(Answer::Json(page)) = world.command(command) else { panic!("no changes") };
    let page: Value = serde_json::from_str(&page).unwrap();
    page["changes"].as_array().unwrap().clone()
}

#[test]
fn what_nobody_turned_on_costs_no_call_and_is_nowhere() {
    let mut world = World::new(plan(&["tasks", "calls", "notes", CARS]));
    assert!(world.backfill());
    world.pass(90);
    let asked =
        |call: &str| ["tasks", "calls", "notes", "schemas", "/2-"].iter().any(|part| call.contains(part));
    assert!(world.calls.iter().all(|call| !asked(&call.name)));
    assert_eq!(world.status().streams.len(), 3);
    let command = Command::Records { object_type: ObjectType::Tasks, after: None, limit: 10, key: None };
    assert!(matches!(world.command(command), Some(Answer::TypeOff)));
    let tasks = entry(&mut world, "tasks");
    assert_eq!(
        (&tasks["mirrored"], &tasks["always"], &tasks["label"]),
        (&json!(false), &json!(false), &json!("Tasks"))
    );
    assert_eq!(entry(&mut world, "contacts")["always"], true);
    assert_eq!(listed(&mut world)["custom_objects"]["read_at"], Value::Null);
    world.verdict().unwrap();
}

#[test]
fn each_further_type_is_read_in_full_and_followed_without_webhooks() {
    for (name, property) in KINDS {
        let mut world = with(plan(&[name]));
        let kind = kind_of(&mut world, name);
        assert_eq!(stream(&mut world, kind).records, 12);
        let ids: Vec<String> = world.truth_of(kind).keys().cloned().collect();
        world.change(kind, "edit", json!({ "id": ids[0], "properties": { property: "Edited" } }));
        world.pass(6);
        assert_eq!(value(&mut world, kind, &ids[0], property), "Edited");
        // Nobody tells of the end of a record but the hourly count.
        world.change(kind, "archive", json!({ "id": ids[1] }));
        world.pass(75);
        world.verdict().unwrap();
        world.change(kind, "restore", json!({ "id": ids[1] }));
        world.pass(75);
        world.verdict().unwrap();
        let fields = world.command(Command::Fields { object_type: kind });
        assert!(matches!(fields, Some(Answer::Json(text)) if text.contains(property)));
    }
}

/// Six types whose checks are due every second fill search's window, four calls a second, for good.
#[test]
fn full_reads_go_on_beside_checks_that_fill_searchs_window() {
    let variables = vec![("CHECK_EVERY_SECONDS", "1".to_owned())];
    let kinds = vec!["tasks", "calls", "notes", CARS];
    let sizes = Plan { contacts: 5_000, companies: Some(3), deals: Some(3), ..plan(&kinds) };
    let mut world = World::new(Plan { variables, ..sizes });
    let reads =
        |world: &mut World| world.status().streams.iter().all(|stream| stream.phase == Phase::Incremental);
    for name in kinds {
        world.turn_on(name);
        assert!(world.until(2, reads), "{name}: {:?}", world.status());
    }
    let (from, asked) = (world.now, world.calls.len());
    world.command(Command::Resync { object_type: ObjectType::Contacts });
    assert!(world.until(2, reads));
    let seconds = (world.now - from) as f64 / 1_000.0;
    let pages = world.counted(asked, "/contacts") as f64;
    assert!(pages / seconds > 4.0, "{pages} pages in {seconds} s");
    world.verdict().unwrap();
}

#[test]
fn each_further_type_is_followed_at_once_by_the_generic_webhooks() {
    for (name, property) in KINDS {
        let mut world = with(Plan { webhooks: true, ..plan(&[name]) });
        let kind = kind_of(&mut world, name);
        let ids: Vec<String> = world.truth_of(kind).keys().cloned().collect();
        world.change(kind, "edit", json!({ "id": ids[0], "properties": { property: "At once" } }));
        world.change(kind, "archive", json!({ "id": ids[1] }));
        world.pass(1);
        assert_eq!(value(&mut world, kind, &ids[0], property), "At once");
        world.verdict().unwrap();
        assert!(stream(&mut world, kind).event_at.is_some());
        world.change(kind, "restore", json!({ "id": ids[1] }));
        world.pass(1);
        world.verdict().unwrap();
    }
}

#[test]
fn a_type_that_is_turned_off_leaves_and_is_told_once_and_comes_back_whole() {
    let mut world = with(Plan { webhooks: true, ..plan(&["tasks", CARS]) });
    let (tasks, cars) = (ObjectType::Tasks, kind_of(&mut world, CARS));
    let snapshot = world.snapshot(0, 4, |_, _| {});
    let id = some_id(&world, tasks);
    // An answer about it is under way when it goes.
    world.hold("tasks/batch/read", 1);
    world.change(tasks, "edit", json!({ "id": id, "properties": { "hs_task_subject": "Late" } }));
    assert!(world.until(1, |world| world.held() == 1));
    world.turn_off("tasks");
    world.release();
    world.pass(2);
    assert_eq!(world.status().streams.len(), 4);
    for command in [
        Command::Record { object_type: tasks, id: id.parse().unwrap() },
        Command::Resync { object_type: tasks },
        Command::Fields { object_type: tasks },
    ] {
        assert!(matches!(world.command(command), Some(Answer::TypeOff)));
    }
    let told = changes(&mut world, &[tasks]);
    assert_eq!(told.iter().filter(|change| change["kind"] == "created").count(), 12);
    assert!(told.iter().all(|change| change["record"].is_null()), "no value is kept of it");
    assert_eq!(told.last().unwrap()["kind"], "type_off");
    let asked = world.calls.len();
    world.change(tasks, "edit", json!({ "id": id, "properties": { "hs_task_subject": "Unseen" } }));
    world.pass(70);
    assert!(world.calls[asked..].iter().all(|call| !call.name.contains("tasks")));
    let text = world.dump();
    assert!(!text.contains("tasks") || !text.contains("\"tasks\",\"clock\""), "no stream is left");
    world.verdict().unwrap();
    assert_eq!(world.types(Types::Off("tasks".into())), Some(Told::Off), "once more is no change");

    world.restart();
    world.turn_on("tasks");
    assert!(world.backfill());
    world.pass(6);
    assert_eq!(value(&mut world, tasks, &id, "hs_task_subject"), "Unseen");
    assert_eq!(stream(&mut world, cars).records, 12);
    world.verdict().unwrap();
    world.follows_from(snapshot).unwrap();
}

#[test]
fn a_snapshot_during_which_a_type_is_turned_off_still_leads_to_the_mirror() {
    let mut world = with(Plan { webhooks: true, ..plan(&["notes", CARS]) });
    let mut off = false;
    let snapshot = world.snapshot(0, 4, |world, page| {
        if !off && page.counts.iter().any(|(kind, count)| *kind == ObjectType::Notes && *count > 0) {
            world.turn_off("notes");
            off = true;
        }
    });
    assert!(off);
    world.pass(6);
    world.verdict().unwrap();
    world.follows_from(snapshot).unwrap();
}

#[test]
fn a_custom_object_is_turned_on_by_any_of_its_names_and_shown_by_its_label() {
    let mut world = World::new(plan(&[CARS]));
    assert!(world.backfill());
    assert_eq!(world.types(Types::On("boats".into())), Some(Told::Refused(Refusal::Looking)));
    world.pass_ms(5_000);
    assert_eq!(world.types(Types::On("boats".into())), Some(Told::Refused(Refusal::Unknown)));
    let number = entry(&mut world, CARS)["object_type"].as_str().unwrap().to_owned();
    let full = format!("p{PORTAL}_{CARS}");
    for name in [CARS, &full, &number] {
        let Some(Told::Json(text)) = world.types(Types::On(name.to_owned())) else { panic!("{name}") };
        let shown: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&shown["object_type"], &shown["mirrored"]), (&json!(number), &json!(true)));
        assert_eq!(world.status().streams.len(), 4, "the same one");
    }
    assert!(world.backfill());
    world.restart();
    let cars = stream(&mut world, number.parse().unwrap());
    assert_eq!(cars.label.as_deref(), Some("Cars & <Vans>"));
    let asked = world.calls.iter().filter(|call| call.name.ends_with("schemas")).count();
    assert_eq!(asked, 1, "they are read when somebody asks");
    world.pass(6);
    world.verdict().unwrap();
    world.turn_off(&full);
    assert_eq!(world.status().streams.len(), 3);
}

#[test]
fn without_its_scope_a_custom_object_cannot_be_turned_on_and_the_scope_is_named() {
    let mut world = World::new(plan(&[]));
    world.define_cars();
    assert!(world.backfill());
    let refused = Some(Told::Refused(Refusal::NoScope(vec![CUSTOM_SCOPE.to_owned()])));
    assert_eq!(world.types(Types::On(CARS.into())), refused);
    assert_eq!(world.types(Types::On("2-46100031".into())), refused);
    assert_eq!(world.types(Types::Refresh), refused);
    assert_eq!(listed(&mut world)["custom_objects"]["missing_scopes"], json!([CUSTOM_SCOPE]));
    world.turn_on("notes");
    assert!(world.backfill());
    checked(&mut world);
    world.verdict().unwrap();
    assert!(world.calls.iter().all(|call| !call.name.contains("schemas")));
}

#[test]
fn a_scope_lost_for_a_custom_object_stops_that_type_alone() {
    let mut world = with(plan(&["tasks", CARS]));
    let cars = kind_of(&mut world, CARS);
    let removed = json!({ "app_id": APP, "portal_id": PORTAL, "removed": [CUSTOM_SCOPE] });
    world.control("POST", "grants/scopes", &removed);
    world.pass(6);
    let lost = StreamState::NoScope { scopes: vec![CUSTOM_SCOPE.to_owned()] };
    assert_eq!(stream(&mut world, cars).state, lost);
    assert_eq!(entry(&mut world, CARS)["missing_scopes"], json!([CUSTOM_SCOPE]));
    let id = some_id(&world, ObjectType::Tasks);
    world.change(
        ObjectType::Tasks,
        "edit",
        json!({ "id": id, "properties": { "hs_task_subject": "Goes on" } }),
    );
    world.pass(6);
    assert_eq!(value(&mut world, ObjectType::Tasks, &id, "hs_task_subject"), "Goes on");
    world.connect(0);
    assert!(world.backfill());
    world.pass(6);
    assert_eq!(stream(&mut world, cars).state, StreamState::Running);
    world.verdict().unwrap();
}

#[test]
fn a_custom_object_that_is_deleted_in_hubspot_says_so_and_holds_nothing_else_up() {
    let mut world = with(Plan { webhooks: true, ..plan(&["notes", CARS]) });
    let cars = kind_of(&mut world, CARS);
    for id in world.truth_of(cars).keys().cloned().collect::<Vec<_>>() {
        world.change(cars, "archive", json!({ "id": id }));
    }
    world.pass(2);
    assert_eq!(stream(&mut world, cars).records, 0);
    world.control("POST", "schemas/delete", &json!({ "id": cars }));
    world.pass(10);
    let words = stream(&mut world, cars).trouble.expect("people are told").words;
    assert!(words.contains("deleted") && words.contains(&*cars.name()), "{words}");
    let note = some_id(&world, ObjectType::Notes);
    world.change(
        ObjectType::Notes,
        "edit",
        json!({ "id": note, "properties": { "hs_note_body": "Goes on" } }),
    );
    let asked = world.calls.len();
    world.pass(60);
    assert_eq!(value(&mut world, ObjectType::Notes, &note, "hs_note_body"), "Goes on");
    let tries = world.calls[asked..].iter().filter(|call| call.name.contains(&*cars.name())).count();
    assert!(tries <= 4, "{tries} calls in an hour");
    assert_eq!(world.types(Types::Refresh), Some(Told::Ordered));
    world.pass(1);
    assert_eq!(kind_of(&mut world, CARS), cars, "listed as long as it is mirrored");
    world.turn_off(CARS);
    assert_eq!(entry(&mut world, CARS), Value::Null);
    world.verdict().unwrap();
}

#[test]
fn ten_further_types_are_mirrored_and_no_more() {
    let mut world = World::new(plan(&[CARS]));
    for number in 1..=7 {
        let name = format!("thing{number}");
        let made = json!({ "portal_id": PORTAL, "name": name, "singular": name, "plural": name, "properties": ["name"] });
        world.control("POST", "schemas/define", &made);
    }
    assert!(world.backfill());
    let things = (1..=7).map(|number| format!("thing{number}"));
    for name in ["tasks", "calls", "notes"].map(str::to_owned).into_iter().chain(things) {
        world.turn_on(&name);
    }
    assert_eq!(world.types(Types::On(CARS.into())), Some(Told::Refused(Refusal::Full)));
    assert!(matches!(world.types(Types::On("thing7".into())), Some(Told::Json(_))), "it is on");
    assert_eq!(world.status().streams.len(), 13);
    world.turn_off("thing7");
    world.turn_on(CARS);
    assert!(world.backfill(), "{:?}", world.status());
    checked(&mut world);
    world.verdict().unwrap();
}

#[test]
fn what_every_connection_mirrors_is_not_turned_off() {
    let mut world = World::new(plan(&[]));
    assert!(world.backfill());
    for name in ["contacts", "companies", "deals"] {
        assert_eq!(world.types(Types::Off(name.into())), Some(Told::Refused(Refusal::Always)));
        assert!(matches!(world.types(Types::On(name.into())), Some(Told::Json(_))));
    }
    assert_eq!(world.types(Types::Off("tickets".into())), Some(Told::Refused(Refusal::Unknown)));
    assert_eq!(world.status().streams.len(), 3);
}

#[test]
fn a_channel_selects_records_of_a_further_type_and_keeps_it_on() {
    let mut world = World::new(Plan { webhooks: true, ..plan(&["tasks"]) });
    assert!(world.backfill());
    let definition = json!({
        "name": "Urgent", "object_type": "tasks",
        "filter": { "property": "hs_task_subject", "type": "string", "operator": "known" },
        "fields": [{ "field": "subject", "property": "hs_task_subject" }],
    });
    let made = |world: &mut World| match world.command(Command::Channel(Channels::Create(definition.clone())))
    {
        Some(Answer::Channel(answer)) => answer,
        other => panic!("no channel but {other:?}"),
    };
    let ChannelAnswer::Refused(ChannelRefusal::Wrong(faults)) = made(&mut world) else {
        panic!("not on yet")
    };
    assert_eq!(faults[0].path, "/object_type");
    world.turn_on("tasks");
    assert!(world.backfill());
    let answer = made(&mut world);
    assert!(matches!(answer, ChannelAnswer::Json(_)), "{answer:?}");
    world.pass(2);
    let entered = |world: &mut World| {
        changes(world, &[]).iter().filter(|change| change["kind"] == "channel_entered").count()
    };
    assert!(entered(&mut world) > 0);
    let refused = world.types(Types::Off("tasks".into()));
    assert_eq!(refused, Some(Told::Refused(Refusal::InUse(vec!["Urgent".to_owned()]))));
}

#[test]
fn lists_of_further_types_are_followed_with_their_members_and_leave_with_the_type() {
    for name in ["tasks", CARS] {
        let mut world = with(Plan { webhooks: true, lists: Some(0), ..plan(&[name]) });
        let kind = kind_of(&mut world, name);
        let now = world.now;
        let (portal, turn) = world.simulator.portal_turn(PORTAL, now).unwrap();
        let list = portal.create_list(now, "Open", &kind.name(), Processing::Manual).unwrap();
        assert_eq!(portal.join_random(&turn, list, 8), 8);
        let follow = Beside::Follow { list: ListId(list) };
        assert!(matches!(world.beside(follow.clone()), Answer::Done));
        let settled = |world: &mut World| world.members(0, list) == world.true_members(list);
        assert!(world.until(6, settled), "{}", world.list(list));
        let snapshot = world.snapshot(0, 5, |_, _| {});
        let gone = world.true_members(list).pop_first().unwrap();
        world.change(kind, "archive", json!({ "id": gone.to_string() }));
        world.pass(1);
        assert!(!world.members(0, list).contains(&gone), "{name}: a record that goes leaves its lists");
        let now = world.now;
        let (portal, turn) = world.simulator.portal_turn(PORTAL, now).unwrap();
        assert_eq!((portal.leave_random(&turn, list, 2), portal.join_random(&turn, list, 3)), (2, 3));
        assert!(world.until(11, settled), "{}", world.list(list));
        world.verdict().unwrap();
        world.turn_off(name);
        let told = changes(&mut world, &[kind]);
        let [.., list_off, type_off] = &told[..] else { panic!("{told:?}") };
        assert_eq!((&list_off["kind"], &type_off["kind"]), (&json!("list_off"), &json!("type_off")));
        // The hourly read has not told of the list yet.
        world.command(Command::RefreshFields);
        world.pass(1);
        let refused = world.beside(follow.clone());
        assert!(matches!(refused, Answer::ListNotMirrored(Some(of)) if of == kind), "{refused:?}");
        assert_eq!(world.list(list)["followed"], Value::Null);
        world.pass(6);
        world.verdict().unwrap();
        world.turn_on(name);
        assert!(world.backfill());
        assert!(matches!(world.beside(follow), Answer::Done));
        assert!(world.until(6, settled), "{}", world.list(list));
        world.pass(6);
        world.verdict().unwrap();
        world.verdict_beside().unwrap();
        world.follows_from(snapshot).unwrap();
    }
}

#[test]
fn a_list_of_a_type_that_is_not_mirrored_is_named_and_not_followed_until_the_type_is_on() {
    let mut world = World::new(Plan { lists: Some(0), ..plan(&["notes"]) });
    assert!(world.backfill());
    checked(&mut world);
    let now = world.now;
    let (portal, turn) = world.simulator.portal_turn(PORTAL, now).unwrap();
    let [early, late] = ["Early", "Late"].map(|name| {
        let list = portal.create_list(now, name, "notes", Processing::Manual).unwrap();
        assert_eq!(portal.join_random(&turn, list, 5), 5);
        list
    });
    // The mirror has not heard of it yet.
    assert!(matches!(world.beside(Beside::Follow { list: ListId(early) }), Answer::Done));
    world.pass(6);
    let told = world.list(early)["followed"]["trouble"]["message"].to_string();
    assert!(told.contains("`notes`"), "{told}");
    world.command(Command::RefreshFields);
    world.pass(1);
    let shown = world.list(late);
    assert_eq!(
        (&shown["name"], &shown["object_type"], &shown["followed"]),
        (&json!("Late"), &json!("notes"), &Value::Null)
    );
    let follow = Beside::Follow { list: ListId(late) };
    assert!(matches!(world.beside(follow.clone()), Answer::ListNotMirrored(Some(ObjectType::Notes))));
    assert!(matches!(
        world.beside(Beside::Members { list: ListId(late), after: None, limit: 10 }),
        Answer::Missing
    ));
    assert_eq!(changes(&mut world, &[ObjectType::Notes]).len(), 0);
    world.turn_on("notes");
    assert!(matches!(world.beside(follow), Answer::Done));
    let settled = |world: &mut World| {
        [early, late].iter().all(|list| world.members(0, *list) == world.true_members(*list))
    };
    assert!(world.until(7, settled), "{} {}", world.list(early), world.list(late));
    assert_eq!(world.list(early)["followed"]["trouble"], Value::Null);
    assert!(world.backfill());
    world.pass(6);
    world.verdict().unwrap();
    world.verdict_beside().unwrap();
}

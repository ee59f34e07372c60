//! Channels: each matching record once, each change of a mapped field once, and that it left, through everything that happens.

use std::collections::BTreeSet;

use hubspot_simulator::portal::ClocksChange;
use serde_json::{Map, Value, json};
use spoke::{
    engine::portal::{
        beside::commands::Command as Beside,
        channels::commands::{Action, Answer as Channels, Command as Ask, Refusal},
        messages::{Answer, Command},
    },
    values::{filter::Code, time::Timestamp},
};

use super::{ids, rename, synced, tiny};
use crate::life::{PORTAL, Plan, World, world::START_MS};

pub(super) const HOST: &str = "https://host.example.com/leads";

pub(super) fn plan() -> Plan {
    Plan { webhooks: true, ..tiny(40) }
}

/// Contacts whose first name begins so.
pub(super) fn named(start: &str) -> Value {
    json!({"property": "firstname", "type": "string", "operator": "starts_with", "value": start})
}

pub(super) fn definition(filter: &Value) -> Value {
    json!({
        "name": "Leads", "object_type": "contacts", "filter": filter,
        "fields": [
            {"field": "first_name", "property": "firstname"},
            {"field": "phone", "property": "phone", "default": "none"},
        ],
    })
}

pub(super) fn events(world: &World) -> Vec<(String, String)> {
    world.handed(HOST).unwrap();
    let changes = world.receivers[HOST].changes();
    let text = |change: &Value, field: &str| change[field].as_str().unwrap().to_owned();
    // What happens to the connection comes to every endpoint.
    let own =
        changes.iter().filter(|change| change["object_type"] != "connection" && change["kind"] != "erased");
    own.map(|change| (text(change, "kind"), text(change, "id"))).collect()
}

pub(super) fn event(kind: &str, id: &str) -> (String, String) {
    (format!("channel_{kind}"), id.to_owned())
}

pub(super) fn set(world: &mut World, id: &str, name: &str, value: &str) {
    world.contact("edit", json!({ "id": id, "properties": { name: value } }));
    world.pass(6);
}

pub(super) fn edited(entries: Value) -> Action {
    let Value::Object(entries) = entries else { panic!("an edit is an object") };
    Action::Update(entries)
}

#[test]
fn each_matching_record_is_handed_over_once_then_each_change_of_a_mapped_field_once() {
    let mut world = synced(plan());
    let ids = ids(&world);
    for id in &ids[..3] {
        rename(&mut world, id, "Lead");
    }
    world.pass(6);
    let channel = world.channel_at(HOST, &definition(&named("lead"))).unwrap();
    world.pass(1);
    let mut expected: Vec<_> = ids[..3].iter().map(|id| event("entered", id)).collect();
    assert_eq!(events(&world), expected);
    // Another record enters; a mapped field changes, one that is not mapped, and one back and forth.
    set(&mut world, &ids[7], "firstname", "Leader");
    set(&mut world, &ids[0], "phone", "+1 555 0100");
    set(&mut world, &ids[0], "lastname", "Unmapped");
    set(&mut world, &ids[9], "lastname", "Not a lead");
    expected.extend([event("entered", &ids[7]), event("updated", &ids[0])]);
    assert_eq!(events(&world), expected);
    let handed = world.handed(HOST).unwrap().records;
    assert_eq!(handed[&ids[0]], json!({ "first_name": "Lead", "phone": "+1 555 0100" }));
    let shown = world.act_on_channel(&channel, Action::Get).unwrap();
    assert_eq!((&shown["members"], &shown["state"]), (&json!(4), &json!("active")));
    // Reading it all once more changes nothing; neither does a new process.
    world.command(Command::Resync { object_type: spoke::values::ids::ObjectType::Contacts });
    world.restart();
    world.pass(12);
    assert_eq!(events(&world), expected);
    world.verdict().unwrap();
}

#[test]
fn a_record_leaves_when_it_no_longer_matches_is_deleted_merged_or_erased() {
    let mut world = synced(plan());
    let ids = ids(&world);
    for id in &ids[..5] {
        rename(&mut world, id, "Lead");
    }
    world.pass(6);
    world.channel_at(HOST, &definition(&named("Lead"))).unwrap();
    world.pass(1);
    set(&mut world, &ids[0], "firstname", "Customer");
    world.contact("archive", json!({ "id": ids[1] }));
    world.pass(6);
    let merged = world.contact("merge", json!({ "primary": ids[2], "other": ids[3] }));
    world.pass(6);
    world.contact("erase", json!({ "id": ids[4] }));
    world.pass(6);
    let handed = world.handed(HOST).unwrap();
    assert_eq!(handed.records.keys().collect::<Vec<_>>(), [&merged], "{:?}", events(&world));
    let mut reasons = handed.reasons.clone();
    reasons.sort();
    let merges = reasons.iter().filter(|reason| *reason == "merged").count();
    assert!(merges >= 1, "{reasons:?}");
    reasons.retain(|reason| reason != "merged");
    assert_eq!(reasons, ["deleted", "erased", "unselected"]);
    let into = world.receivers[HOST].changes().into_iter().find(|change| change["reason"] == "merged");
    assert_eq!(into.unwrap()["into"], merged.as_str());
    // What is back is handed over again.
    world.contact("restore", json!({ "id": ids[1] }));
    world.pass(6);
    assert_eq!(events(&world).last(), Some(&event("entered", &ids[1])));
}

#[test]
fn a_paused_channel_tells_nothing_and_is_exact_when_it_is_resumed() {
    let mut world = synced(plan());
    let ids = ids(&world);
    for id in &ids[..6] {
        rename(&mut world, id, "Lead");
    }
    world.pass(6);
    let channel = world.channel_at(HOST, &definition(&named("Lead"))).unwrap();
    world.pass(1);
    let before = events(&world);
    world.act_on_channel(&channel, Action::Pause).unwrap();
    set(&mut world, &ids[0], "firstname", "Customer");
    set(&mut world, &ids[1], "phone", "+1 555 0101");
    set(&mut world, &ids[2], "phone", "+1 555 0102");
    set(&mut world, &ids[2], "phone", "");
    set(&mut world, &ids[8], "firstname", "Leader");
    world.contact("archive", json!({ "id": ids[3] }));
    world.contact("erase", json!({ "id": ids[4] }));
    world.pass(60);
    assert_eq!(events(&world), before);
    assert_eq!(world.act_on_channel(&channel, Action::Get).unwrap()["state"], "paused");
    world.restart();
    world.act_on_channel(&channel, Action::Resume).unwrap();
    world.pass(1);
    let handed = world.handed(HOST).unwrap();
    assert_eq!(handed.records.keys().collect::<Vec<_>>(), [&ids[1], &ids[2], &ids[5], &ids[8]]);
    assert_eq!(handed.records[&ids[1]]["phone"], "+1 555 0101");
    let mut reasons = handed.reasons.clone();
    reasons.sort();
    assert_eq!(reasons, ["deleted", "erased", "unselected"]);
    let after = events(&world);
    let again = after[before.len()..].iter().filter(|(_, id)| *id == ids[5]).count();
    assert_eq!(again, 0, "what did not change is not told again: {after:?}");
    // Resuming what is not paused does nothing.
    world.act_on_channel(&channel, Action::Resume).unwrap();
    world.pass(1);
    assert_eq!(events(&world), after);
}

#[test]
fn an_edited_channel_tells_what_the_edit_comes_to() {
    let mut world = synced(plan());
    let ids = ids(&world);
    rename(&mut world, &ids[0], "Lead one");
    rename(&mut world, &ids[1], "Lead two");
    rename(&mut world, &ids[2], "Customer");
    world.pass(6);
    let channel = world.channel_at(HOST, &definition(&named("Lead"))).unwrap();
    world.pass(1);
    let told = |world: &mut World, entries: Value| {
        let before = events(world).len();
        let shown = world.act_on_channel(&channel, edited(entries)).unwrap();
        world.pass(1);
        (shown, events(world)[before..].to_vec())
    };
    assert_eq!(told(&mut world, json!({ "name": "Another name" })).1, []);
    let (_, narrowed) = told(&mut world, json!({ "filter": named("Lead two") }));
    assert_eq!(narrowed, [event("left", &ids[0])]);
    let (_, widened) =
        told(&mut world, json!({ "filter": { "or": [named("Lead two"), named("Customer")] } }));
    assert_eq!(widened, [event("entered", &ids[2])]);
    let fields = json!([{"field": "name", "property": "firstname"}]);
    let (shown, mapped) = told(&mut world, json!({ "fields": fields, "object_type": "contacts" }));
    assert_eq!(mapped, [event("updated", &ids[1]), event("updated", &ids[2])]);
    assert_eq!((&shown["name"], &shown["fields"]), (&json!("Another name"), &fields));
    assert_eq!(world.handed(HOST).unwrap().records[&ids[2]], json!({ "name": "Customer" }));
    let refused = world.act_on_channel(&channel, edited(json!({ "object_type": "deals" }))).unwrap_err();
    assert!(matches!(refused, Refusal::Wrong(faults) if faults[0].path == "/object_type"));
}

#[test]
fn a_record_enters_and_leaves_when_its_moment_comes() {
    let mut world = synced(plan());
    world.pass(180);
    let filter = json!({"property": "lastmodifieddate", "type": "datetime", "operator": "within_last", "count": 1, "unit": "hours"});
    world.channel_at(HOST, &definition(&filter)).unwrap();
    world.pass(1);
    assert_eq!(events(&world), []);
    let id = ids(&world)[0].clone();
    rename(&mut world, &id, "Just edited");
    let edited_at = world.now as i64;
    world.pass(6);
    assert_eq!(events(&world), [event("entered", &id)]);
    world.restart();
    world.pass(56);
    assert_eq!(events(&world), [event("entered", &id), event("left", &id)]);
    let left = world.receivers[HOST].changes().pop().unwrap();
    let at = Timestamp::parse_rfc3339(left["at"].as_str().unwrap()).unwrap();
    let late = at.0 - edited_at - 3_600_000;
    assert!((0..2_000).contains(&late), "it leaves {late} ms after its moment");
}

#[test]
fn an_accounts_days_begin_where_its_clocks_say_also_once_they_were_changed() {
    // Connected in summer; at 23:00 UTC of the first day the clocks go back an hour.
    let mut plan = plan();
    plan.settings.utc_offset_minutes = 120;
    let change = ClocksChange { at_ms: START_MS + 23 * 3_600_000, utc_offset_minutes: 60 };
    plan.settings.clocks_change = Some(change);
    let mut world = synced(plan);
    let on = |day: &str| {
        definition(
            &json!({"property": "lastmodifieddate", "type": "datetime", "operator": "on", "value": day}),
        )
    };
    world.channel_at(HOST, &on("2026-11-20")).unwrap();
    world.channel_at("https://host.example.com/next-day", &on("2026-11-21")).unwrap();
    world.pass(22 * 60 + 30);
    let id = ids(&world)[0].clone();
    rename(&mut world, &id, "At half past ten");
    world.pass(6);
    let holds = |world: &World, url: &str| world.handed(url).unwrap().records.contains_key(&id);
    assert!(!holds(&world, HOST) && holds(&world, "https://host.example.com/next-day"));
    // Nothing was edited, and no moment was foretold: the same moment is of another day.
    world.pass(30 + 60 + 10);
    assert!(holds(&world, HOST) && !holds(&world, "https://host.example.com/next-day"));
    world.restart();
    world.pass(60);
    assert!(holds(&world, HOST));
}

#[test]
fn a_new_channel_scans_in_bounded_steps_beside_everything_else() {
    let mut world = synced(Plan { contacts: 1_700, ..plan() });
    let everybody = definition(&json!({ "and": [] }));
    let (channel, begins) = world.make_channel(&everybody).unwrap();
    let shown = world.act_on_channel(&channel, Action::Get).unwrap();
    assert_eq!((&shown["state"], &shown["scan"]), (&json!("scanning"), &json!({ "read": 0, "of": 1_700 })));
    // Until it is half done; then the process is killed.
    let read = |world: &mut World| {
        let shown = world.act_on_channel(&channel, Action::Get).unwrap();
        shown["scan"]["read"].as_u64()
    };
    assert!(world.until(1, |world| read(world).is_none_or(|read| read >= 500)));
    assert_eq!(read(&mut world), Some(500), "500 a turn");
    world.restart();
    let id = ids(&world)[1_699].clone();
    rename(&mut world, &id, "Meanwhile");
    world.pass(6);
    let shown = world.act_on_channel(&channel, Action::Get).unwrap();
    assert_eq!((&shown["state"], &shown["scan"]), (&json!("active"), &Value::Null));
    assert_eq!(shown["members"], 1_700);
    // An endpoint that is made later misses nothing.
    let wanted = spoke::engine::portal::endpoints::endpoint::Wanted {
        channel: Some(channel.clone()),
        ..Default::default()
    };
    world.endpoint(HOST, wanted, Some(begins));
    world.pass(2);
    let handed = world.handed(HOST).unwrap();
    assert_eq!((handed.records.len(), handed.events["channel_entered"]), (1_700, 1_700));
    assert_eq!(handed.records[&id]["first_name"], "Meanwhile");
    // Removed, it is forgotten, in steps too, and its host hears nothing more.
    assert_eq!(world.act_on_channel(&channel, Action::Remove), Ok(Value::Null));
    assert_eq!(world.act_on_channel(&channel, Action::Get), Err(Refusal::NotFound));
    let told = events(&world).len();
    rename(&mut world, &id, "Afterwards");
    world.pass(6);
    assert_eq!(events(&world).len(), told);
    assert!(world.dump_of("channels").is_empty() && world.dump_of("channel_members").is_empty());
    world.verdict().unwrap();
}

#[test]
fn a_definition_is_checked_against_the_fields_there_are_and_can_be_previewed() {
    let mut world = synced(plan());
    let faults = |world: &mut World, definition: &Value| match world.make_channel(definition) {
        Err(Refusal::Wrong(faults)) => {
            faults.into_iter().map(|fault| (fault.path, fault.code)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let both =
        json!({ "and": [named("Lead"), {"property": "nosuch", "type": "string", "operator": "known"}] });
    assert_eq!(
        faults(&mut world, &definition(&both)),
        [("/filter/and/1/property".to_owned(), Code::UnknownField)]
    );
    let wrong = json!({"property": "firstname", "type": "number", "operator": "known"});
    assert_eq!(faults(&mut world, &definition(&wrong)), [("/filter/type".to_owned(), Code::WrongType)]);
    let mut unmapped = definition(&named("Lead"));
    unmapped["fields"][1]["property"] = json!("nosuch");
    assert_eq!(faults(&mut world, &unmapped), [("/fields/1/property".to_owned(), Code::UnknownField)]);
    let mut listed = definition(&named("Lead"));
    listed["list"] = json!("12");
    assert_eq!(faults(&mut world, &listed)[0].1, Code::Shape);
    // What is not mirrored cannot be told; what a channel reads stays mirrored.
    world.choose(Some(&["firstname"]), &[]);
    assert_eq!(faults(&mut world, &definition(&named("Lead"))), [(String::new(), Code::Unavailable)]);
    world.choose(None, &[]);
    world.pass(6);
    let ids = ids(&world);
    for id in &ids[..12] {
        rename(&mut world, id, "Lead");
    }
    world.pass(6);
    let calls = world.calls.len();
    let mut nameless = definition(&named("Lead"));
    nameless.as_object_mut().map(|entries: &mut Map<String, Value>| entries.remove("name"));
    let previewed = world.command(Command::Channel(Ask::Preview(nameless)));
    let Some(Answer::Channel(Channels::Json(text))) = previewed else { panic!("{previewed:?}") };
    let preview: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&preview["matching"], &preview["complete"]), (&json!(12), &json!(true)));
    assert_eq!(preview["examples"].as_array().unwrap().len(), 10);
    assert_eq!(preview["examples"][0]["fields"]["first_name"], "Lead");
    assert_eq!(preview["hubspot_calls"], json!({ "once": 0, "per_hour": 0, "per_hour_most": 0 }));
    assert_eq!(world.calls.len(), calls);
    world.make_channel(&definition(&named("Lead"))).unwrap();
    world.choose(Some(&["lastname"]), &[]);
    world.pass(6);
    let record = world.record(&ids[0]).unwrap();
    assert_eq!(record["properties"]["firstname"], "Lead");
    assert_eq!(record["properties"].get("city"), None);
}

#[test]
fn a_channel_by_list_hands_over_who_is_on_the_list_and_follows_it() {
    let mut world = synced(Plan { lists: Some(1), ..plan() });
    world.pass(61);
    let of_list = json!({
        "name": "Listed", "object_type": "contacts", "list": "1",
        "fields": [{"field": "first_name", "property": "firstname"}],
    });
    let mut wrong = of_list.clone();
    wrong["object_type"] = json!("deals");
    wrong["fields"][0]["property"] = json!("dealname");
    assert!(matches!(world.make_channel(&wrong), Err(Refusal::Wrong(_))));
    let channel = world.channel_at(HOST, &of_list).unwrap();
    let handed = |world: &World| world.handed(HOST).unwrap().records.into_keys().collect::<BTreeSet<_>>();
    let listed = |world: &World| {
        let members = world.true_members(1).into_iter().map(|id| id.to_string());
        members.collect::<BTreeSet<_>>()
    };
    assert!(world.until(15, |world| handed(world) == listed(world)), "{:?}", handed(&world));
    assert!(handed(&world).len() >= 20, "{}", handed(&world).len());
    let now = world.now;
    let (portal, turn) = world.simulator.portal_turn(PORTAL, now).unwrap();
    assert_eq!(portal.join_random(&turn, 1, 5), 5);
    assert_eq!(portal.leave_random(&turn, 1, 3), 3);
    assert!(world.until(15, |world| handed(world) == listed(world)));
    let gone = listed(&world).first().unwrap().clone();
    world.contact("archive", json!({ "id": gone }));
    assert!(world.until(15, |world| handed(world) == listed(world) && !handed(world).contains(&gone)));
    let reasons = world.handed(HOST).unwrap().reasons;
    assert_eq!(reasons.iter().filter(|reason| *reason == "deleted").count(), 1, "{reasons:?}");
    // By a filter from now on, the list is mirrored for it no longer.
    let shown = world.act_on_channel(&channel, edited(json!({ "filter": { "and": [] } }))).unwrap();
    assert_eq!(shown.get("list"), None);
    world.pass(2);
    assert_eq!(handed(&world).len(), world.truth().len());
    assert!(!world.dump_of("followed").contains(channel.as_str()));
    world.verdict().unwrap();
}

#[test]
fn a_preview_of_a_list_says_what_is_known_of_it_and_no_more() {
    let mut world = World::new(Plan { lists: Some(1), ..plan() });
    let preview = |world: &mut World, list: u64| {
        let mut draft = of_list(list);
        draft.as_object_mut().map(|entries: &mut Map<String, Value>| entries.remove("name"));
        let Some(Answer::Channel(Channels::Json(text))) =
            world.command(Command::Channel(Ask::Preview(draft)))
        else {
            panic!("no preview")
        };
        serde_json::from_str::<Value>(&text).unwrap()
    };
    world.hold("/join-order", 1);
    assert!(world.until(60, |world| world.held() == 1));
    assert!(world.backfill());
    let read = preview(&mut world, 1);
    assert_eq!((&read["complete"], &read["matching"]), (&json!(false), &Value::Null), "it is being read");
    world.release();
    world.pass(61);
    let read = preview(&mut world, 1);
    let members = on_list(&world, 1).len();
    assert_eq!((&read["complete"], &read["matching"]), (&json!(true), &json!(members)));
    assert_eq!(read["examples"].as_array().unwrap().len(), members.min(10));
    // A check each 4 minutes, a page a day; at most a page with each check.
    assert_eq!(read["hubspot_calls"], json!({ "once": 0, "per_hour": 16, "per_hour_most": 30 }));
    let unknown = preview(&mut world, 4_711);
    assert_eq!((&unknown["estimate"], &unknown["hubspot_calls"]["per_hour"]), (&Value::Null, &Value::Null));
}

fn of_list(list: u64) -> Value {
    json!({
        "name": "Listed", "object_type": "contacts", "list": list.to_string(),
        "fields": [{"field": "first_name", "property": "firstname"}],
    })
}

fn handed(world: &World) -> BTreeSet<String> {
    world.handed(HOST).unwrap().records.into_keys().collect()
}

fn on_list(world: &World, list: u64) -> BTreeSet<String> {
    world.true_members(list).into_iter().map(|id| id.to_string()).collect()
}

/// A channel on list 1 of two lists, everybody handed over.
fn listed() -> (World, spoke::values::ids::ChannelId) {
    let mut world = synced(Plan { lists: Some(2), ..plan() });
    let channel = world.channel_at(HOST, &of_list(1)).unwrap();
    assert!(world.until(15, |world| handed(world) == on_list(world, 1)));
    (world, channel)
}

fn change_list(world: &mut World, change: &str, list: u64, ids: &[&String]) {
    world.control("POST", &format!("lists/{change}"), &json!({ "list": list, "ids": ids }));
}

#[test]
fn a_channel_whose_list_is_deleted_tells_each_once_to_have_left_and_hands_over_again_when_it_is_restored() {
    let (mut world, channel) = listed();
    let members = on_list(&world, 1);
    world.control("POST", "lists/delete", &json!({ "list": 1 }));
    assert!(world.until(15, |world| handed(world).is_empty()));
    let reasons = world.handed(HOST).unwrap().reasons;
    assert_eq!(reasons, vec!["unselected"; members.len()]);
    let shown = world.act_on_channel(&channel, Action::Get).unwrap();
    assert!(shown["trouble"].as_str().unwrap().contains("no such list"), "{shown}");
    world.control("POST", "lists/restore", &json!({ "list": 1 }));
    assert!(world.until(15, |world| handed(world) == on_list(world, 1)));
    let shown = world.act_on_channel(&channel, Action::Get).unwrap();
    assert_eq!((&shown["trouble"], &shown["members"]), (&Value::Null, &json!(members.len())));
    let counted = world.handed(HOST).unwrap().events;
    assert_eq!(counted["channel_entered"] as usize, 2 * members.len());
}

#[test]
fn a_channel_that_changes_to_another_list_tells_only_those_to_have_left_who_are_not_on_it() {
    let (mut world, channel) = listed();
    let (one, other) = (on_list(&world, 1), on_list(&world, 2));
    let both = one.intersection(&other).count();
    assert!(both > 5 && both < one.len(), "{both} on both");
    // Nobody has the other list mirrored so far, and it is long in coming: until it is read, nobody is told to have left.
    let unfollow = Beside::Unfollow { list: spoke::values::ids::ListId(2) };
    assert!(matches!(world.beside(unfollow), Answer::Done));
    world.hold("/join-order", 1);
    let shown = world.act_on_channel(&channel, edited(json!({ "list": "2" }))).unwrap();
    assert_eq!(shown["state"], "reading_list");
    assert!(world.until(6, |world| world.held() == 1));
    let before = events(&world).len();
    let stays = one.intersection(&other).next().unwrap().clone();
    set(&mut world, &stays, "firstname", "While it is read");
    assert_eq!(events(&world).len(), before);
    world.release();
    assert!(world.until(15, |world| handed(world) == on_list(world, 2)), "{:?}", handed(&world));
    world.pass(6);
    let told = events(&world)[before..].to_vec();
    let of = |kind: &str| told.iter().filter(|(told, _)| told == &format!("channel_{kind}")).count();
    assert_eq!((of("left"), of("entered")), (one.len() - both, other.len() - both));
    assert_eq!(told.iter().filter(|(_, id)| *id == stays).collect::<Vec<_>>(), [&event("updated", &stays)]);
    assert!(world.dump_of("followed").contains(channel.as_str()));
    let shown = world.act_on_channel(&channel, Action::Get).unwrap();
    assert_eq!(shown["selects"], "Everybody on the list \"List 1\"");
    assert!(shown["told_at"].is_string());
}

#[test]
fn whoever_comes_and_goes_while_a_channel_by_list_is_paused_is_told_once_when_it_is_resumed() {
    let (mut world, channel) = listed();
    world.act_on_channel(&channel, Action::Pause).unwrap();
    let before = events(&world);
    let (one, all) = (on_list(&world, 1), ids(&world));
    let outside: Vec<&String> = all.iter().filter(|id| !one.contains(*id)).collect();
    let inside: Vec<&String> = one.iter().collect();
    change_list(&mut world, "add", 1, &outside[..3]);
    change_list(&mut world, "remove", 1, &inside[..2]);
    world.pass(20);
    // One comes and goes again, one goes and comes back: nothing that the host would have to know.
    change_list(&mut world, "remove", 1, &outside[..1]);
    change_list(&mut world, "add", 1, &inside[..1]);
    world.pass(20);
    assert_eq!(events(&world), before);
    world.restart();
    world.act_on_channel(&channel, Action::Resume).unwrap();
    assert!(world.until(15, |world| handed(world) == on_list(world, 1)));
    let mut expected =
        vec![event("entered", outside[1]), event("entered", outside[2]), event("left", inside[1])];
    let mut told = events(&world)[before.len()..].to_vec();
    expected.sort();
    told.sort();
    assert_eq!(told, expected);
}

#[test]
fn whoever_is_on_the_list_before_the_mirror_has_the_record_is_handed_over_with_it() {
    let mut world = synced(Plan { webhooks: false, lists: Some(1), ..plan() });
    world.channel_at(HOST, &of_list(1)).unwrap();
    assert!(world.until(15, |world| handed(world) == on_list(world, 1)));
    // The next check of contacts is lost on its way; that of lists goes through.
    world.hold("contacts/search", 1);
    let new = world.contact("create", json!({ "properties": { "firstname": "New" } }));
    change_list(&mut world, "add", 1, &[&new]);
    let known = |world: &mut World| world.members(0, 1).contains(&new.parse().unwrap());
    assert!(world.until(10, known), "the list shows it");
    assert_eq!(world.record(&new), None, "the mirror does not have it yet");
    assert!(!handed(&world).contains(&new));
    world.release();
    assert!(world.until(15, |world| handed(world) == on_list(world, 1)));
    assert_eq!(world.handed(HOST).unwrap().records[&new], json!({ "first_name": "New" }));
    assert_eq!(events(&world).iter().filter(|(_, id)| *id == new).count(), 1);
}

#[test]
fn a_list_that_turns_out_to_hold_records_of_another_type_selects_nobody() {
    let mut world = synced(Plan { companies: Some(30), ..plan() });
    let now = world.now;
    // Made since lists were last read, so that nothing is known of it when the channel is made.
    let processing = hubspot_simulator::lists::Processing::Manual;
    let (portal, turn) = world.simulator.portal_turn(PORTAL, now).unwrap();
    let list = portal.create_list(now, "Companies", "companies", processing).unwrap();
    portal.join_random(&turn, list, 30);
    let refused = world.channel_at(HOST, &of_list(list)).unwrap_err();
    assert!(matches!(refused, Refusal::Wrong(faults) if faults[0].path == "/list"), "no scope for lists");
    let mut world = synced(Plan { companies: Some(30), lists: Some(1), ..plan() });
    let now = world.now;
    let (portal, turn) = world.simulator.portal_turn(PORTAL, now).unwrap();
    let list = portal.create_list(now, "Companies", "companies", processing).unwrap();
    portal.join_random(&turn, list, 30);
    let channel = world.channel_at(HOST, &of_list(list)).unwrap();
    world.pass(15);
    assert!(!world.members(0, list).is_empty());
    let id = ids(&world)[0].clone();
    rename(&mut world, &id, "Edited");
    world.pass(15);
    assert_eq!(events(&world), []);
    assert_eq!(world.act_on_channel(&channel, Action::Get).unwrap()["state"], "active");
}

#[test]
fn a_connection_has_twenty_channels_at_most() {
    let mut world = synced(tiny(1));
    for _ in 0..20 {
        world.make_channel(&definition(&named("Lead"))).unwrap();
    }
    assert_eq!(world.make_channel(&definition(&named("Lead"))), Err(Refusal::Full));
}

//! Previews of channels by list: what is read of a list that nobody follows, and what is said where nothing can be.

use hubspot_simulator::{
    Endpoint,
    faults::{Fault, Rule},
};
use serde_json::{Value, json};
use spoke::engine::portal::{
    channels::commands::{Answer as Channels, Command as Ask},
    messages::{Answer, Command},
};

use super::{checked, synced, tiny};
use crate::life::{Plan, World};

const MEMBERS: &str = "/memberships";

/// An account with a list that nobody follows; the mirror has read its name.
fn with_list(plan: Plan, members: usize) -> World {
    let mut world = synced(Plan { lists: Some(0), ..plan });
    add_list(&mut world, members);
    // Read each hour, at the tick after it is due.
    world.pass(66);
    checked(&mut world);
    world
}

fn add_list(world: &mut World, members: usize) {
    let name = format!("Fair {}", world.now);
    world.control(
        "POST",
        "lists/create",
        &json!({ "name": name, "processing": "MANUAL", "members": members }),
    );
}

fn preview(world: &mut World, list: u64) -> Value {
    let draft = json!({
        "object_type": "contacts", "list": list.to_string(),
        "fields": [{"field": "first_name", "property": "firstname"}],
    });
    let answer = world.command(Command::Channel(Ask::Preview(draft)));
    let Some(Answer::Channel(Channels::Json(text))) = answer else { panic!("{answer:?}") };
    serde_json::from_str(&text).unwrap()
}

/// Asks every two seconds, as the page does, until examples are there or there can be none.
fn answered(world: &mut World, list: u64) -> Value {
    for _ in 0..60 {
        let preview = preview(world, list);
        if preview["examples_state"] != "reading" {
            return preview;
        }
        world.pass_ms(2_000);
    }
    panic!("no answer within two minutes: {:?}", preview(world, list));
}

fn trouble(preview: &Value) -> &str {
    assert_eq!(
        (&preview["examples_state"], &preview["examples"]),
        (&json!("refused"), &Value::Null),
        "{preview}"
    );
    preview["trouble"].as_str().unwrap()
}

fn ids(preview: &Value) -> Vec<u64> {
    let id = |example: &Value| example["id"].as_str().unwrap().parse().unwrap();
    preview["examples"].as_array().unwrap().iter().map(id).collect()
}

#[test]
fn a_list_that_nobody_follows_is_shown_by_one_page_which_is_read_again_after_an_hour() {
    let mut world = with_list(tiny(40), 25);
    let from = world.calls.len();
    let first = preview(&mut world, 1);
    assert_eq!((&first["examples"], &first["examples_state"]), (&Value::Null, &json!("reading")), "{first}");
    assert_eq!((&first["estimate"], &first["hubspot_calls"]["once"]), (&json!(25), &json!(2)), "{first}");
    let read = answered(&mut world, 1);
    let (members, shown) = (world.true_members(1), ids(&read));
    assert!(shown.len() == 10 && shown.iter().all(|id| members.contains(id)), "{read}");
    let of_one = read["examples"][0]["id"].as_str().unwrap().to_owned();
    let name = world.record(&of_one).unwrap()["properties"]["firstname"].clone();
    assert!(name.is_string() && read["examples"][0]["fields"]["first_name"] == name, "{read}");
    assert!(read["examples_read_at"].is_string() && read["trouble"].is_null(), "{read}");
    // An object that nobody uses goes away, and its page with it.
    for _ in 0..50 * 10 {
        world.pass_ms(6_000);
        assert_eq!(ids(&answered(&mut world, 1)), shown);
    }
    assert_eq!(world.counted(from, MEMBERS), 1, "asked for once");
    world.pass(11);
    assert_eq!(preview(&mut world, 1)["examples_state"], "reading");
    answered(&mut world, 1);
    assert_eq!(world.counted(from, MEMBERS), 2);
    // Whoever looks is told of the list; nobody else is.
    assert_eq!(world.list(1)["followed"], Value::Null);
    world.verdict().unwrap();
}

#[test]
fn who_is_not_mirrored_yet_is_shown_by_id_alone_and_who_is_gone_not_at_all() {
    let mut world = with_list(tiny(40), 3);
    let gone = world.true_members(1).first().unwrap().to_string();
    world.contact("archive", json!({ "id": gone }));
    checked(&mut world);
    let fresh = world.contact("create", json!({ "properties": { "email": "new@example.com" } }));
    let ids_on: Vec<String> =
        world.true_members(1).iter().map(u64::to_string).chain([fresh.clone()]).collect();
    world.control("POST", "lists/add", &json!({ "list": 1, "ids": ids_on }));
    let read = answered(&mut world, 1);
    assert_eq!(world.record(&fresh), None, "was to be too new for the mirror");
    let examples = read["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 3, "{read}");
    assert_eq!(examples[2], json!({ "id": fresh, "fields": null }), "last, after those that say something");
    world.contact("archive", json!({ "id": examples[0]["id"] }));
    let counted = world.until(70, |world| world.record(examples[0]["id"].as_str().unwrap()).is_none());
    assert!(counted, "the deletion is found");
    assert!(!ids(&answered(&mut world, 1)).contains(&ids(&read)[0]));
}

#[test]
fn what_stands_in_the_way_of_examples_is_said_and_a_refusal_stands_for_a_minute() {
    let mut world = synced(tiny(20));
    assert!(trouble(&preview(&mut world, 1)).contains("`crm.lists.read`"));
    let mut world = with_list(tiny(40), 25);
    assert!(trouble(&preview(&mut world, 4_711)).contains("no such list so far"));
    let refused = Fault::Status { status: 400, after_commit: false };
    world.simulator.faults.add(Rule::next(1, refused).at(Endpoint::ListMembers));
    assert_ne!(trouble(&answered(&mut world, 1)), "");
    let from = world.calls.len();
    assert_ne!(trouble(&preview(&mut world, 1)), "");
    assert_eq!(world.counted(from, MEMBERS), 0);
    world.pass(1);
    assert_eq!(ids(&answered(&mut world, 1)).len(), 10);
    add_list(&mut world, 5);
    // Read each hour, at the tick after it is due.
    world.pass(66);
    world.control("POST", "lists/delete", &json!({ "list": 2 }));
    assert_eq!(trouble(&answered(&mut world, 2)), "HubSpot has no such list any more.");
    world.verdict().unwrap();
    world.command(Command::Pause);
    assert!(trouble(&preview(&mut world, 1)).contains("paused"));
}

#[test]
fn a_page_that_fails_is_asked_for_again_while_somebody_waits_and_no_longer() {
    let mut world = with_list(tiny(40), 25);
    let broken = Fault::Status { status: 500, after_commit: false };
    world.simulator.faults.add(Rule { times: None, ..Rule::next(1, broken) }.at(Endpoint::ListMembers));
    let from = world.calls.len();
    assert_eq!(preview(&mut world, 1)["examples_state"], "reading");
    world.pass(2);
    let calls = world.counted(from, MEMBERS);
    assert!(calls > 1, "tried again while somebody waits");
    world.pass(30);
    assert_eq!(world.counted(from, MEMBERS), calls, "nobody waits any more");
    world.simulator.faults.clear();
    assert_eq!(ids(&answered(&mut world, 1)).len(), 10);
}

#[test]
fn a_restart_forgets_what_was_asked_and_whoever_still_waits_gets_it() {
    let mut world = with_list(tiny(40), 25);
    world.hold(MEMBERS, 1);
    preview(&mut world, 1);
    assert!(world.until(1, |world| world.held() == 1));
    world.restart();
    world.release();
    assert_eq!(ids(&answered(&mut world, 1)).len(), 10);
}

#[test]
fn pages_of_eight_lists_are_kept_and_the_oldest_makes_room() {
    let mut world = with_list(tiny(40), 12);
    for _ in 0..8 {
        world.pass_ms(1);
        add_list(&mut world, 12);
    }
    // Read each hour, at the tick after it is due.
    world.pass(66);
    let from = world.calls.len();
    // All nine at once: the ninth comes in when it is asked for again.
    for list in 1..=9 {
        assert_eq!(preview(&mut world, list)["examples_state"], "reading");
    }
    for list in 1..=9 {
        assert_eq!(ids(&answered(&mut world, list)).len(), 10);
    }
    assert_eq!(world.counted(from, MEMBERS), 9);
    assert_eq!(preview(&mut world, 9)["examples_state"], "known");
    assert_eq!(preview(&mut world, 1)["examples_state"], "reading", "the oldest made room");
}

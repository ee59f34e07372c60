//! Answers that are lost, turns that are torn, rights that are missing, contacts that HubSpot refuses, and people who are erased.

use hubspot_simulator::{
    faults::{Fault, Rule},
    route::Endpoint,
};
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        activations::commands::{Answer as Told, Command as Activate, NewAttribute},
        blocks::{Command as Privacy, Whom},
        messages::{Answer, Command},
    },
    values::{
        attribute::{AttributeKind, Choice, Unknown},
        ids::ObjectType,
    },
};

use super::{
    PROPERTIES, SCHEMAS, VIP, WRITE, activate, ask, audience, begun, described, email, held, id, join, leave,
    over, people, plan, put, rights, selection, shown, synced, told,
};
use crate::life::{Plan, World};

/// Everybody of these numbers holds what is said of them.
fn equal(world: &mut World, numbers: std::ops::Range<usize>) {
    for number in numbers.clone() {
        let email = email(number);
        let member = ask(world, || Activate::Value { audiences: true, id: id("vip"), email: email.clone() });
        let own = held(world, VIP, number..number + 1).remove(0);
        let is_member = matches!(member, Told::Json(_));
        assert_eq!(own == "true", is_member, "{number} of {numbers:?} holds `{own}`, {member:?}");
    }
}

#[test]
fn an_answer_that_is_lost_is_made_good() {
    for fault in [
        Fault::NoAnswer { after_commit: true },
        Fault::NoAnswer { after_commit: false },
        Fault::Status { status: 502, after_commit: true },
        Fault::Status { status: 500, after_commit: false },
        Fault::HalfDone { status: 504 },
        Fault::Hollow { after_commit: true },
        Fault::Truncated,
    ] {
        let (mut world, _) = begun(plan(), 6, 3);
        world.pass(10);
        world.simulator.faults.add(Rule::next(1, fault).at(Endpoint::BatchUpdate));
        leave(&mut world, "vip", 0);
        join(&mut world, "vip", 3..6);
        world.pass_ms(2_000);
        leave(&mut world, "vip", 4);
        world.pass(10);
        equal(&mut world, 0..6);
        world.verdict().unwrap_or_else(|why| panic!("{fault:?}: {why}"));
    }
}

#[test]
fn a_create_whose_answer_is_lost_makes_nobody_twice() {
    for fault in [Fault::NoAnswer { after_commit: true }, Fault::Status { status: 503, after_commit: true }] {
        let mut world = synced(plan());
        audience(&mut world, "vip");
        let own = activate(&mut world, &selection(&["vip"], &[], Unknown::Create));
        over(&mut world, &own);
        let before = world.truth().len();
        world.simulator.faults.add(Rule::next(1, fault).at(Endpoint::BatchUpsert));
        join(&mut world, "vip", 0..2);
        world.pass(10);
        assert_eq!((world.truth().len(), held(&world, VIP, 0..2)), (before + 2, vec!["true".to_owned(); 2]));
        leave(&mut world, "vip", 0);
        world.pass(2);
        equal(&mut world, 0..2);
    }
}

#[test]
fn a_restart_loses_nothing() {
    for every_ms in [700, 1_700, 5_300] {
        let mut world = synced(Plan { latency_ms: (300, 900), ..plan() });
        people(&mut world, 0..20);
        audience(&mut world, "vip");
        join(&mut world, "vip", 0..15);
        let own = activate(&mut world, &selection(&["vip"], &[], Unknown::Create));
        for round in 0..120 {
            world.pass_ms(every_ms);
            match round % 7 {
                0 => drop(join(&mut world, "vip", round % 20..round % 20 + 3)),
                3 => drop(ask(&mut world, || Activate::RemoveValue {
                    audiences: true,
                    id: id("vip"),
                    email: email(round % 20),
                })),
                _ => {}
            }
            world.restart();
        }
        over(&mut world, &own);
        world.pass(10);
        equal(&mut world, 0..22);
        world.verdict().unwrap_or_else(|why| panic!("{every_ms}: {why}"));
    }
}

#[test]
fn torn_turns_end_equal() {
    for seed in 1..=4 {
        let mut world = synced(Plan { seed, ..plan() });
        people(&mut world, 0..12);
        audience(&mut world, "vip");
        world.tear(6, 30);
        join(&mut world, "vip", 0..8);
        let own = activate(&mut world, &selection(&["vip"], &[], Unknown::Create));
        for number in 0..12 {
            world.pass_ms(4_000);
            if number % 3 == 0 {
                let email = email(number);
                ask(&mut world, || Activate::RemoveValue {
                    audiences: true,
                    id: id("vip"),
                    email: email.clone(),
                });
            } else {
                join(&mut world, "vip", number..number + 2);
            }
        }
        world.pass(30);
        world.tear(0, 0);
        over(&mut world, &own);
        world.pass(10);
        equal(&mut world, 0..13);
        world.verdict().unwrap_or_else(|why| panic!("{seed}: {why}"));
    }
}

#[test]
fn a_limit_or_an_overload_is_waited_for() {
    let (mut world, _) = begun(plan(), 4, 1);
    world.pass(10);
    world.simulator.faults.add(Rule::next(3, Fault::Locked).at(Endpoint::BatchUpdate));
    join(&mut world, "vip", 1..2);
    world.pass(3);
    assert_eq!(held(&world, VIP, 1..2), ["true"]);
    world.simulator.faults.add(Rule::next(1, Fault::ExpiredToken).at(Endpoint::BatchUpdate));
    join(&mut world, "vip", 2..3);
    world.pass(3);
    assert_eq!(held(&world, VIP, 2..3), ["true"]);
    world
        .simulator
        .faults
        .add(Rule::next(4, Fault::Status { status: 503, after_commit: false }).at(Endpoint::BatchUpdate));
    join(&mut world, "vip", 3..4);
    world.pass(10);
    assert_eq!(held(&world, VIP, 3..4), ["true"]);
}

fn tier(values: &[&str]) -> Vec<Choice> {
    values.iter().map(|value| Choice { value: (*value).to_owned(), label: (*value).to_owned() }).collect()
}

fn set_options(world: &mut World, values: &[&str]) {
    let options: Vec<Value> = values
        .iter()
        .map(|value| json!({ "label": value, "value": value, "displayOrder": 0, "hidden": false }))
        .collect();
    world.by_tool("PATCH", &format!("{PROPERTIES}/spoke_att_tier"), &json!({ "options": options }));
}

#[test]
fn a_contact_that_is_refused_is_told_with_the_others_done_and_tried_again() {
    let mut world = synced(plan());
    people(&mut world, 0..5);
    let new =
        NewAttribute { options: tier(&["gold", "tin"]), ..described("Tier", AttributeKind::Enumeration) };
    told(&mut world, || Activate::PutAttribute { audiences: false, id: id("tier"), new: new.clone() });
    let own = activate(&mut world, &selection(&[], &["tier"], Unknown::Skip));
    over(&mut world, &own);
    // The account's people take an option away.
    set_options(&mut world, &["gold"]);
    let values: Vec<(String, String)> =
        (0..5).map(|number| (email(number), if number == 2 { "tin" } else { "gold" }.to_owned())).collect();
    put(&mut world, false, "tier", &values);
    world.pass(3);
    assert_eq!(held(&world, "spoke_att_tier", 0..5), ["gold", "gold", "", "gold", "gold"]);
    let Told::Page { results, .. } = ask(&mut world, || Activate::Refused { after: None, limit: 10 }) else {
        panic!("no page")
    };
    let results: Value = serde_json::from_str(&results).unwrap();
    assert_eq!((results.as_array().unwrap().len(), &results[0]["email"]), (1, &json!(email(2))));
    assert!(results[0]["why"].as_str().unwrap().contains("refused"), "{results}");
    let one = told(&mut world, || Activate::Value { audiences: false, id: id("tier"), email: email(2) });
    assert_eq!(one["in_step"], false);
    assert_eq!(told(&mut world, || Activate::Settings)["refused"], 1);
    world.pass(30);
    set_options(&mut world, &["gold", "tin"]);
    assert!(matches!(ask(&mut world, || Activate::RetryRefused), Told::Done));
    world.pass(3);
    assert_eq!(held(&world, "spoke_att_tier", 2..3), ["tin"]);
    assert_eq!(told(&mut world, || Activate::Settings)["refused"], 0);
    // A call that is refused whole goes in halves.
    world
        .simulator
        .faults
        .add(Rule::next(1, Fault::Status { status: 400, after_commit: false }).at(Endpoint::BatchUpdate));
    let values: Vec<(String, String)> = (0..5).map(|number| (email(number), "tin".to_owned())).collect();
    put(&mut world, false, "tier", &values);
    world.pass(3);
    assert_eq!(held(&world, "spoke_att_tier", 0..5), ["tin"; 5]);
    world.pass(10);
    world.verdict().unwrap();
}

#[test]
fn a_contact_that_is_gone_is_read_and_made_where_that_is_wanted() {
    let (mut world, own) = begun(plan(), 3, 1);
    world.pass(10);
    let ids = super::people_ids(&world);
    let creating = selection(&["vip"], &[], Unknown::Create);
    told(&mut world, || Activate::EditActivation(own.clone(), creating.clone()));
    over(&mut world, &own);
    world.control("PUT", "webhook-faults", &json!({ "lost_one_in": 1 }));
    world.contact("archive", json!({ "id": ids[1] }));
    join(&mut world, "vip", 1..3);
    world.pass(15);
    assert_eq!(held(&world, VIP, 1..3), ["true"; 2]);
    world.verdict().unwrap();
}

#[test]
fn what_the_connection_may_not_do_it_waits_for_and_says() {
    for (granted, lacks) in [(&[SCHEMAS][..], WRITE), (&[WRITE][..], SCHEMAS)] {
        let mut world = synced(rights(granted));
        people(&mut world, 0..1);
        audience(&mut world, "vip");
        join(&mut world, "vip", 0..1);
        let own = activate(&mut world, &selection(&["vip"], &[], Unknown::Create));
        world.pass(20);
        let shown = shown(&mut world, &own);
        assert!(shown["waits"].as_str().is_some_and(|words| words.contains(lacks)), "{shown}");
        assert_eq!(
            (&shown["sync"]["state"], held(&world, VIP, 0..1)),
            (&json!("waiting"), vec![String::new()])
        );
    }
}

#[test]
fn a_person_who_is_erased_is_nowhere_and_is_not_made_anew() {
    let (mut world, own) = begun(plan(), 2, 2);
    let creating = selection(&["vip"], &[], Unknown::Create);
    told(&mut world, || Activate::EditActivation(own.clone(), creating.clone()));
    over(&mut world, &own);
    // One who is a contact, and one who is none and waits to be made.
    world.command(Command::Pause);
    join(&mut world, "vip", 5..6);
    let whom = Whom::Email(email(1));
    let Some(Answer::Json(export)) = world.command(Command::Privacy(Privacy::Export { whom })) else {
        panic!("no export")
    };
    let export: Value = serde_json::from_str(&export).unwrap();
    let said = json!([{ "email": email(1), "kind": "audience", "id": "vip", "value": "true" }]);
    assert_eq!(export["said"], said);
    for number in [1, 5] {
        let whom = Whom::Email(email(number));
        let erased = world.command(Command::Privacy(Privacy::Erase { whom }));
        assert!(matches!(erased, Some(Answer::Json(_))), "{erased:?}");
    }
    for table in ["attribute_values", "unwritten", "unwritten_refused"] {
        let dump = world.dump_of(table);
        assert!(!dump.contains("person-1@") && !dump.contains("person-5@"), "{dump}");
    }
    world.command(Command::Resume);
    let kept = join(&mut world, "vip", 5..6);
    assert_eq!((&kept["kept"], kept["refused"].as_array().unwrap().len()), (&json!(0), 1), "{kept}");
    assert!(kept["refused"][0]["why"].as_str().unwrap().contains("kept out"), "{kept}");
    let gone = ask(&mut world, || Activate::Value { audiences: true, id: id("vip"), email: email(1) });
    assert!(matches!(gone, Told::Missing), "{gone:?}");
    told(&mut world, || Activate::SyncActivation(own.clone()));
    over(&mut world, &own);
    assert_eq!(held(&world, VIP, 5..6), ["nobody"]);
    let shown = told(&mut world, || Activate::Attribute { audiences: true, id: id("vip") });
    assert_eq!(shown["members"], 1);
}

#[test]
fn what_is_said_of_an_address_goes_once_it_is_known_to_be_of_somebody_kept_out() {
    let (mut world, _) = begun(plan(), 2, 2);
    world.pass(10);
    let whom = super::people_ids(&world)[0].clone();
    world.hold("/contacts/batch/read", 1);
    world.contact("edit", json!({ "id": whom, "properties": { "email": email(7) } }));
    assert!(world.until(2, |world| world.held() == 1));
    join(&mut world, "vip", 7..8);
    let whom = Whom::Record { object_type: ObjectType::Contacts, id: whom.parse().unwrap() };
    let erased = world.command(Command::Privacy(Privacy::Erase { whom }));
    assert!(matches!(erased, Some(Answer::Json(_))), "{erased:?}");
    world.release();
    world.pass(10);
    for table in ["attribute_values", "unwritten", "unwritten_refused"] {
        let dump = world.dump_of(table);
        assert!(!dump.contains("person-0@") && !dump.contains("person-7@"), "{dump}");
    }
}

#[test]
fn a_contact_that_hubspot_erases_takes_what_was_said_along() {
    let (mut world, _) = begun(plan(), 2, 2);
    world.pass(10);
    let ids = super::people_ids(&world);
    world.contact("erase", json!({ "id": ids[0] }));
    world.pass(15);
    let dump = world.dump_of("attribute_values");
    assert!(!dump.contains("person-0@") && dump.contains("person-1@"), "{dump}");
    let shown = told(&mut world, || Activate::Attribute { audiences: true, id: id("vip") });
    assert_eq!(shown["members"], 1);
}

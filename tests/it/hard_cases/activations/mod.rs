//! Activations: what the host says of people is on their contacts in the end, written once, whatever happens between.

mod documented;
mod found;
mod properties;
mod troubles;

use hubspot_simulator::{
    faults::{Fault, Rule},
    portal::PortalSettings,
    route::Endpoint,
};
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        activations::commands::{Answer as Told, Command as Activate, NewActivation, NewAttribute},
        messages::{Answer, Command},
    },
    values::{
        attribute::{AttributeKind, Unknown},
        ids::{ActivationId, AttributeId},
    },
};

use super::{checked, synced, tiny};
use crate::life::{PORTAL, Plan, World};

const WRITE: &str = "crm.objects.contacts.write";
const SCHEMAS: &str = "crm.schemas.contacts.write";
const VIP: &str = "spoke_aud_vip";
const POINTS: &str = "spoke_att_points";
const PROPERTIES: &str = "/crm/properties/2026-09/contacts";

fn plan() -> Plan {
    rights(&[WRITE, SCHEMAS])
}

fn rights(more_scopes: &[&'static str]) -> Plan {
    let settings = PortalSettings { hubspot_properties: Some(40), ..PortalSettings::default() };
    Plan { settings, more_scopes: more_scopes.to_vec(), webhooks: true, ..tiny(3) }
}

fn id(text: &str) -> AttributeId {
    text.parse().unwrap()
}

fn email(number: usize) -> String {
    format!("person-{number}@example.org")
}

/// Asked again where the turn was torn.
fn ask(world: &mut World, command: impl Fn() -> Activate) -> Told {
    match world.insist(|| Command::Activation(Box::new(command()))) {
        Answer::Activation(told) => told,
        other => panic!("about no activation but {other:?}"),
    }
}

fn told(world: &mut World, command: impl Fn() -> Activate) -> Value {
    match ask(world, command) {
        Told::Json(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn refused(world: &mut World, command: impl Fn() -> Activate) -> String {
    match ask(world, command) {
        Told::Refused { words, .. } => words,
        other => panic!("{other:?}"),
    }
}

fn described(name: &str, kind: AttributeKind) -> NewAttribute {
    NewAttribute { name: name.to_owned(), description: String::new(), kind, options: vec![], computed: None }
}

fn audience(world: &mut World, of: &str) -> Value {
    let new = described(of, AttributeKind::Audience);
    told(world, || Activate::PutAttribute { audiences: true, id: id(of), new: new.clone() })
}

fn points(world: &mut World) -> Value {
    let new = described("Points", AttributeKind::Number);
    told(world, || Activate::PutAttribute { audiences: false, id: id("points"), new: new.clone() })
}

fn selection(audiences: &[&str], attributes: &[&str], unknown: Unknown) -> NewActivation {
    let ids = |texts: &[&str]| texts.iter().map(|text| id(text)).collect();
    NewActivation {
        name: "Mine".to_owned(),
        description: String::new(),
        audiences: ids(audiences),
        attributes: ids(attributes),
        unknown,
    }
}

fn activate(world: &mut World, new: &NewActivation) -> ActivationId {
    let shown = told(world, || Activate::AddActivation(new.clone()));
    shown["id"].as_str().unwrap().parse().unwrap()
}

fn shown(world: &mut World, own: &ActivationId) -> Value {
    told(world, || Activate::Activation(own.clone()))
}

/// Until the sync of an activation is over.
fn over(world: &mut World, own: &ActivationId) -> Value {
    let ended = world.until(60 * 3, |world| shown(world, own)["sync"]["state"] == "done");
    assert!(
        ended,
        "{:#}\n{:#}\n{:#?}",
        shown(world, own),
        told(world, || Activate::Attributes { audiences: true }),
        &world.log[world.log.len().saturating_sub(9)..]
    );
    shown(world, own)["sync"].clone()
}

/// Contacts of these numbers, which the mirror holds.
fn people(world: &mut World, numbers: std::ops::Range<usize>) -> Vec<String> {
    let ids = numbers.map(|number| person(world, &email(number))).collect();
    world.pass(6);
    ids
}

fn person(world: &mut World, email: &str) -> String {
    world.contact("create", json!({ "properties": { "email": email, "firstname": "P" } }))
}

fn put(world: &mut World, audiences: bool, of: &str, values: &[(String, String)]) -> Value {
    let values: Vec<_> = values.iter().map(|(email, value)| (email.clone(), Some(value.clone()))).collect();
    said(world, audiences, of, &values)
}

/// Values, and with none who has none any more.
fn said(world: &mut World, audiences: bool, of: &str, values: &[(String, Option<String>)]) -> Value {
    told(world, || Activate::PutValues { audiences, id: id(of), values: values.to_vec(), round: None })
}

fn join(world: &mut World, of: &str, numbers: std::ops::Range<usize>) -> Value {
    let values: Vec<(String, String)> = numbers.map(|number| (email(number), "true".to_owned())).collect();
    put(world, true, of, &values)
}

fn leave(world: &mut World, of: &str, number: usize) {
    let email = email(number);
    let gone = ask(world, || Activate::RemoveValue { audiences: true, id: id(of), email: email.clone() });
    assert!(matches!(gone, Told::Done), "{gone:?}");
}

/// What HubSpot holds of a property, by the numbers of people.
fn held(world: &World, property: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    let truth = world.truth();
    numbers
        .map(|number| {
            let email = email(number);
            let own = truth.values().find(|values| values["email"] == email.as_str());
            own.map_or("nobody".to_owned(), |values| values[property].as_str().unwrap_or_default().to_owned())
        })
        .collect()
}

fn updates(world: &World, from: usize) -> usize {
    world.counted(from, "/contacts/batch/update")
}

/// Two people, one of whom is in an audience that is on contacts.
fn begun(plan: Plan, people_there: usize, members: usize) -> (World, ActivationId) {
    let mut world = synced(plan);
    people(&mut world, 0..people_there);
    audience(&mut world, "vip");
    join(&mut world, "vip", 0..members);
    let own = activate(&mut world, &selection(&["vip"], &[], Unknown::Skip));
    over(&mut world, &own);
    (world, own)
}

#[test]
fn a_first_sync_writes_everybody_and_tells_how_far_it_is() {
    let mut world = synced(plan());
    people(&mut world, 0..130);
    let made = audience(&mut world, "vip");
    assert_eq!((&made["property"], &made["made"], &made["members"]), (&json!(VIP), &json!(false), &json!(0)));
    let kept = join(&mut world, "vip", 0..125);
    assert_eq!(kept, json!({ "kept": 125, "changed": 125, "refused": [] }));
    join(&mut world, "vip", 200..205);
    points(&mut world);
    put(&mut world, false, "points", &[(email(0), "7".to_owned()), (email(129), "8.50".to_owned())]);
    assert_eq!(world.counted(0, "/groups"), 0, "nothing is made before it is selected");
    let from = world.calls.len();
    let own = activate(&mut world, &selection(&["vip"], &["points"], Unknown::Skip));
    let first = shown(&mut world, &own);
    assert_eq!((&first["sync"]["state"], &first["identifier"]), (&json!("waiting"), &json!("email")));
    let sync = over(&mut world, &own);
    assert_eq!((&sync["total"], &sync["looked"]), (&json!(132), &json!(132)));
    assert_eq!(
        (&sync["written"], &sync["skipped"], &sync["created"], &sync["refused"]),
        (&json!(126), &json!(5), &json!(0), &json!(0)),
        "{sync}"
    );
    assert_eq!((updates(&world, from), &sync["calls"]), (2, &json!(2)), "a hundred a call");
    assert!(sync["ended_at"].is_string(), "{sync}");
    let all = held(&world, VIP, 0..130);
    assert!(all[..125].iter().all(|value| value == "true"), "{all:?}");
    assert!(all[125..].iter().all(String::is_empty), "{all:?}");
    assert_eq!(
        (&held(&world, POINTS, 0..1)[0], &held(&world, POINTS, 129..130)[0]),
        (&"7".to_owned(), &"8.5".to_owned())
    );
    let shown = told(&mut world, || Activate::Attribute { audiences: true, id: id("vip") });
    assert_eq!(
        (&shown["members"], &shown["made"], &shown["trouble"]),
        (&json!(130), &json!(true), &Value::Null)
    );
    world.pass(10);
    assert_eq!(updates(&world, from), 2, "what was written is read, and is as it should be");
    let told = told(&mut world, || Activate::Value { audiences: true, id: id("vip"), email: email(3) });
    assert_eq!((&told["value"], &told["in_step"]), (&json!("true"), &json!(true)), "{told}");
    world.verdict().unwrap();
}

#[test]
fn a_contact_of_two_addresses_is_once_in_a_call() {
    let mut world = synced(plan());
    let mut ids = people(&mut world, 0..10);
    ids.extend(people(&mut world, 40..150));
    // The first and the last of all addresses, with some between them that nobody has.
    let other = &ids[ids.len() - 51];
    world.contact("merge", json!({ "primary": ids[0], "other": other }));
    world.pass(6);
    audience(&mut world, "vip");
    join(&mut world, "vip", 0..150);
    let from = world.calls.len();
    let own = activate(&mut world, &selection(&["vip"], &[], Unknown::Skip));
    let sync = over(&mut world, &own);
    assert_eq!((&sync["written"], &sync["skipped"]), (&json!(119), &json!(30)), "{sync}");
    assert_eq!(updates(&world, from), 2);
    let portal = world.simulator.portal(PORTAL).unwrap();
    assert_eq!(portal.writes("contacts").map(|(_, own)| own.updates).collect::<Vec<_>>(), [1; 119]);
    world.verdict().unwrap();
}

#[test]
fn a_change_is_in_hubspot_within_seconds() {
    let (mut world, _) = begun(plan(), 2, 1);
    world.pass(10);
    join(&mut world, "vip", 1..2);
    leave(&mut world, "vip", 0);
    world.pass_ms(5_000);
    assert_eq!(held(&world, VIP, 0..2), ["false", "true"]);
}

#[test]
fn what_changes_back_is_written_once_or_not_at_all() {
    let (mut world, _) = begun(plan(), 2, 1);
    world.pass(10);
    let from = world.calls.len();
    leave(&mut world, "vip", 0);
    join(&mut world, "vip", 0..1);
    for _ in 0..3 {
        join(&mut world, "vip", 1..2);
        leave(&mut world, "vip", 1);
    }
    world.pass(1);
    assert_eq!(updates(&world, from), 0);
    join(&mut world, "vip", 1..2);
    leave(&mut world, "vip", 1);
    join(&mut world, "vip", 1..2);
    world.pass(1);
    assert_eq!((updates(&world, from), held(&world, VIP, 0..2)), (1, vec!["true".to_owned(); 2]));
    assert_eq!(join(&mut world, "vip", 0..2)["changed"], 0);
    world.pass(10);
    assert_eq!(updates(&world, from), 1);
}

#[test]
fn what_changes_while_a_call_is_under_way_is_written_after_it() {
    let (mut world, _) = begun(plan(), 2, 1);
    world.pass(10);
    world.hold("/contacts/batch/update", 1);
    join(&mut world, "vip", 1..2);
    assert!(world.until(1, |world| world.held() == 1));
    leave(&mut world, "vip", 1);
    world.pass_ms(3_000);
    assert_eq!(held(&world, VIP, 1..2), ["true"], "no contact is in two calls at once");
    world.release();
    world.pass_ms(5_000);
    assert_eq!(held(&world, VIP, 0..2), ["true", "false"]);
    world.pass(20);
    assert_eq!(held(&world, VIP, 0..2), ["true", "false"]);
    world.verdict().unwrap();
}

#[test]
fn two_activations_on_one_contact_share_the_write() {
    let (mut world, _) = begun(plan(), 2, 0);
    audience(&mut world, "new");
    points(&mut world);
    let other = activate(&mut world, &selection(&["new"], &["points"], Unknown::Skip));
    over(&mut world, &other);
    let from = world.calls.len();
    join(&mut world, "vip", 0..1);
    join(&mut world, "new", 0..1);
    put(&mut world, false, "points", &[(email(0), "7".to_owned())]);
    world.pass(1);
    assert_eq!(updates(&world, from), 1);
    assert_eq!(
        [VIP, "spoke_aud_new", POINTS].map(|name| held(&world, name, 0..1).remove(0)),
        ["true", "true", "7"]
    );
}

#[test]
fn unknown_contacts_are_left_alone_until_they_appear() {
    let (mut world, own) = begun(plan(), 1, 3);
    assert_eq!(over(&mut world, &own)["skipped"], 2);
    assert_eq!(held(&world, VIP, 0..3), ["true", "nobody", "nobody"]);
    person(&mut world, &email(1).to_uppercase());
    world.pass(7);
    let truth = world.truth();
    let came = truth
        .values()
        .find(|values| values["email"].as_str().is_some_and(|own| own.to_lowercase() == email(1)));
    assert_eq!(came.unwrap()[VIP], "true");
}

#[test]
fn unknown_contacts_are_made_once_where_the_activation_says_so() {
    let (mut world, own) = begun(plan(), 1, 3);
    let creating = selection(&["vip"], &[], Unknown::Create);
    told(&mut world, || Activate::EditActivation(own.clone(), creating.clone()));
    let sync = over(&mut world, &own);
    assert_eq!((&sync["created"], &sync["in_step"]), (&json!(2), &json!(1)), "{sync}");
    assert_eq!(held(&world, VIP, 0..3), ["true"; 3]);
    let before = world.truth().len();
    join(&mut world, "vip", 3..4);
    leave(&mut world, "vip", 2);
    world.pass(1);
    join(&mut world, "vip", 2..3);
    world.pass(1);
    leave(&mut world, "vip", 3);
    world.pass(20);
    assert_eq!(world.truth().len(), before + 1, "each is made once");
    assert_eq!(held(&world, VIP, 0..4), ["true", "true", "true", "false"]);
    world.verdict().unwrap();
}

#[test]
fn one_body_puts_some_and_takes_others_away_and_the_last_of_an_address_counts() {
    let (mut world, _) = begun(plan(), 4, 2);
    points(&mut world);
    let other = activate(&mut world, &selection(&[], &["points"], Unknown::Skip));
    put(&mut world, false, "points", &[(email(0), "7".to_owned()), (email(1), "8".to_owned())]);
    over(&mut world, &other);
    world.pass(10);
    let from = world.calls.len();
    let member = |is: bool| is.then(|| "true".to_owned());
    let whom = |number: usize| email(number).to_uppercase();
    // 0 leaves; 1 leaves, comes back and stays; 2 comes, leaves and comes; 3, who never was one, comes and leaves.
    let lines = [
        (whom(0), member(false)),
        (email(1), member(false)),
        (email(2), member(true)),
        (email(3), member(true)),
        (whom(1), member(true)),
        (email(2), member(false)),
        (email(3), member(false)),
        (whom(2), member(true)),
        ("nobody".to_owned(), member(false)),
    ];
    let kept = said(&mut world, true, "vip", &lines);
    let refused = json!([{ "email": "nobody", "why": "This is no e-mail address.", "place": 8 }]);
    assert_eq!(kept, json!({ "kept": 2, "changed": 2, "refused": refused }));
    let lines = [(email(0), None), (email(1), None), (email(1), Some("8.0".to_owned())), (email(2), None)];
    let kept = said(&mut world, false, "points", &lines);
    assert_eq!(kept, json!({ "kept": 1, "changed": 1, "refused": [] }));
    world.pass_ms(5_000);
    assert_eq!(held(&world, VIP, 0..4), ["false", "true", "true", ""]);
    assert_eq!(held(&world, POINTS, 0..2), ["", "8"]);
    assert!(updates(&world, from) <= 2, "{}", updates(&world, from));
    let counts = [(true, "vip"), (false, "points")].map(|(audiences, of)| {
        let shown = told(&mut world, || Activate::Attribute { audiences, id: id(of) });
        shown["members"].clone()
    });
    assert_eq!(counts, [json!(2), json!(1)]);
    let again = said(&mut world, true, "vip", &[(email(0), None), (email(3), None)]);
    assert_eq!(again, json!({ "kept": 0, "changed": 0, "refused": [] }));
    // In a replacement nobody is taken away by name, and whoever is named so is as before.
    let begun = told(&mut world, || Activate::BeginReplace { audiences: true, id: id("vip") });
    let round = begun["round"].as_i64();
    let lines = vec![(email(1), member(true)), (email(2), member(false))];
    let part = || Activate::PutValues { audiences: true, id: id("vip"), values: lines.clone(), round };
    let part = told(&mut world, part);
    assert_eq!((&part["kept"], &part["refused"][0]["place"]), (&json!(1), &json!(1)));
    assert!(part["refused"][0]["why"].as_str().is_some_and(|why| why.contains("replacement")), "{part}");
    world.pass(10);
    assert_eq!(held(&world, VIP, 0..4), ["false", "true", "true", ""]);
    world.verdict().unwrap();
}

#[test]
fn a_full_replacement_writes_the_difference_only() {
    let (mut world, _) = begun(plan(), 6, 4);
    world.pass(10);
    let from = world.calls.len();
    let begun = told(&mut world, || Activate::BeginReplace { audiences: true, id: id("vip") });
    let round = begun["round"].as_i64().unwrap();
    let some = |numbers: &[usize]| -> Vec<(String, Option<String>)> {
        numbers.iter().map(|number| (email(*number), Some("true".to_owned()))).collect()
    };
    for numbers in [[2, 3], [4, 2]] {
        let values = some(&numbers);
        told(&mut world, || Activate::PutValues {
            audiences: true,
            id: id("vip"),
            values: values.clone(),
            round: Some(round),
        });
    }
    // Whoever comes meanwhile is no part of it, and stays.
    join(&mut world, "vip", 5..6);
    world.pass(1);
    assert_eq!(held(&world, VIP, 0..2), ["true"; 2], "nobody goes before the end");
    let wrong = || Activate::EndReplace { audiences: true, id: id("vip"), round: round + 1 };
    assert!(refused(&mut world, wrong).contains("no such replacement"));
    let ended = told(&mut world, || Activate::EndReplace { audiences: true, id: id("vip"), round });
    assert_eq!(ended, json!({ "round": round, "removing": 2 }));
    world.pass(1);
    assert_eq!(held(&world, VIP, 0..6), ["false", "false", "true", "true", "true", "true"]);
    assert!(updates(&world, from) <= 3, "{}", updates(&world, from));
    let page = ask(&mut world, || Activate::Values { audiences: true, id: id("vip"), after: None, limit: 3 });
    let Told::Page { results, next } = page else { panic!("{page:?}") };
    assert_eq!((results.matches("email").count(), next), (3, Some(email(4))));
    // One that nobody ends is dropped, and removes nobody.
    told(&mut world, || Activate::BeginReplace { audiences: true, id: id("vip") });
    world.pass(60 * 25);
    let late = || Activate::EndReplace { audiences: true, id: id("vip"), round: round + 1 };
    assert!(refused(&mut world, late).contains("no such replacement"));
    assert_eq!(held(&world, VIP, 2..6), ["true"; 4]);
}

#[test]
fn a_paused_activation_writes_nothing_and_catches_up() {
    let (mut world, own) = begun(plan(), 3, 1);
    let paused = told(&mut world, || Activate::PauseActivation(own.clone()));
    assert_eq!(paused["state"], "paused");
    let from = world.calls.len();
    leave(&mut world, "vip", 0);
    join(&mut world, "vip", 1..2);
    world.pass(20);
    assert_eq!((updates(&world, from), held(&world, VIP, 0..2)), (0, vec!["true".to_owned(), String::new()]));
    told(&mut world, || Activate::ResumeActivation(own.clone()));
    over(&mut world, &own);
    assert_eq!(held(&world, VIP, 0..2), ["false", "true"]);
    world.command(Command::Pause);
    join(&mut world, "vip", 2..3);
    world.pass(5);
    assert_eq!(held(&world, VIP, 2..3), [""]);
    assert!(shown(&mut world, &own)["waits"].as_str().unwrap().contains("paused"));
    world.command(Command::Resume);
    world.pass(1);
    assert_eq!(held(&world, VIP, 2..3), ["true"]);
}

#[test]
fn what_is_on_its_way_as_an_activation_is_paused_is_taken_back_when_it_goes_on() {
    // Nothing tells of what is written: it is read minutes later.
    let (mut world, own) = begun(Plan { webhooks: false, ..plan() }, 2, 0);
    world.pass(10);
    join(&mut world, "vip", 0..1);
    world.pass_ms(2_000);
    assert_eq!(held(&world, VIP, 0..1), ["true"]);
    told(&mut world, || Activate::PauseActivation(own.clone()));
    leave(&mut world, "vip", 0);
    world.pass_ms(2_000);
    told(&mut world, || Activate::ResumeActivation(own.clone()));
    over(&mut world, &own);
    world.pass(30);
    assert_eq!(held(&world, VIP, 0..1), ["false"]);
    world.verdict().unwrap();
}

#[test]
fn what_somebody_else_sets_is_set_back() {
    let (mut world, _) = begun(plan(), 2, 1);
    world.pass(10);
    let ids = people_ids(&world);
    world.contact("edit", json!({ "id": ids[0], "properties": { VIP: "false" } }));
    world.contact("edit", json!({ "id": ids[1], "properties": { VIP: "true" } }));
    world.pass(8);
    assert_eq!(held(&world, VIP, 0..2), ["true", "false"]);
    // Also where it is changed before what was written is read.
    join(&mut world, "vip", 1..2);
    world.pass_ms(3_000);
    assert_eq!(held(&world, VIP, 1..2), ["true"]);
    world.contact("edit", json!({ "id": ids[1], "properties": { VIP: "false" } }));
    world.pass(60 * 3);
    assert_eq!(held(&world, VIP, 0..2), ["true"; 2]);
}

/// HubSpot's ids of the people, in order of their numbers.
fn people_ids(world: &World) -> Vec<String> {
    let truth = world.truth();
    let number = |values: &Value| -> Option<usize> {
        values["email"].as_str()?.strip_prefix("person-")?.split('@').next()?.parse().ok()
    };
    let mut all: Vec<(usize, String)> =
        truth.iter().filter_map(|(id, values)| Some((number(values)?, id.clone()))).collect();
    all.sort();
    all.into_iter().map(|(_, id)| id).collect()
}

#[test]
fn a_contact_that_gets_another_address_or_becomes_part_of_another_holds_what_is_said_of_it_then() {
    let (mut world, _) = begun(plan(), 4, 1);
    world.pass(10);
    let ids = people_ids(&world);
    world.contact("edit", json!({ "id": ids[0], "properties": { "email": "other@example.org" } }));
    world.pass(8);
    let now = world.truth()[&ids[0]].clone();
    assert_eq!((&now["email"], &now[VIP]), (&json!("other@example.org"), &json!("false")));
    world.contact("edit", json!({ "id": ids[1], "properties": { "email": email(0) } }));
    world.pass(8);
    assert_eq!(world.truth()[&ids[1]][VIP], "true", "it is who is said to be a member now");
    // A member by the address that is its second one.
    join(&mut world, "vip", 3..4);
    world.pass(8);
    let merged = world.contact("merge", json!({ "primary": ids[2], "other": ids[3] }));
    world.pass(12);
    assert_eq!(world.truth()[&merged][VIP], "true");
    leave(&mut world, "vip", 3);
    world.pass(10);
    assert_eq!(world.truth()[&merged][VIP], "false");
    world.verdict().unwrap();
}

#[test]
fn an_address_that_changes_while_a_write_is_on_its_way_is_heeded_once_both_are_known() {
    let (mut world, _) = begun(plan(), 2, 0);
    world.pass(10);
    let ids = people_ids(&world);
    let late = Fault::Late { status: 0, after_ms: 90_000 };
    world.simulator.faults.add(Rule::next(1, late).at(Endpoint::BatchUpdate));
    let from = world.calls.len();
    join(&mut world, "vip", 0..1);
    assert!(world.until(1, |world| updates(world, from) == 1));
    world.contact("edit", json!({ "id": ids[0], "properties": { "email": "other@example.org" } }));
    world.pass(30);
    let now = world.truth()[&ids[0]].clone();
    assert_eq!(now["email"], "other@example.org");
    assert_ne!(now[VIP], "true", "nobody says so of the address that it has");
    world.verdict().unwrap();
}

#[test]
fn only_what_is_selected_is_written_and_an_activation_that_goes_leaves_what_there_is() {
    let (mut world, own) = begun(plan(), 2, 1);
    audience(&mut world, "new");
    join(&mut world, "new", 0..2);
    world.pass(2);
    assert_eq!(world.counted(0, PROPERTIES), world.counted(0, "GET /crm/properties/2026-09/contacts") + 1);
    let more = selection(&["vip", "new"], &[], Unknown::Skip);
    told(&mut world, || Activate::EditActivation(own.clone(), more.clone()));
    over(&mut world, &own);
    assert_eq!(held(&world, "spoke_aud_new", 0..2), ["true"; 2]);
    assert!(matches!(ask(&mut world, || Activate::RemoveActivation(own.clone())), Told::Done));
    assert!(matches!(ask(&mut world, || Activate::RemoveActivation(own.clone())), Told::Missing));
    leave(&mut world, "new", 0);
    world.pass(5);
    assert_eq!(held(&world, "spoke_aud_new", 0..2), ["true"; 2]);
}

#[test]
fn what_is_wrong_with_a_description_or_a_value_is_said() {
    let mut world = synced(plan());
    let wrong = |new: NewAttribute| Activate::PutAttribute { audiences: true, id: id("vip"), new };
    let no_name = described(" ", AttributeKind::Audience);
    assert!(refused(&mut world, || wrong(no_name.clone())).contains("`name`"));
    let of_type = described("VIP", AttributeKind::Number);
    assert!(refused(&mut world, || wrong(of_type.clone())).contains("members"));
    audience(&mut world, "vip");
    points(&mut world);
    let retyped = described("Points", AttributeKind::Date);
    let retype = || Activate::PutAttribute { audiences: false, id: id("points"), new: retyped.clone() };
    assert!(refused(&mut world, retype).contains("a number"));
    let kept = put(
        &mut world,
        true,
        "vip",
        &[
            ("nobody".to_owned(), "true".to_owned()),
            (email(1), "yes".to_owned()),
            (email(2), "true".to_owned()),
        ],
    );
    assert_eq!((&kept["kept"], kept["refused"].as_array().unwrap().len()), (&json!(1), 2), "{kept}");
    let kept = put(&mut world, false, "points", &[(email(1), "many".to_owned())]);
    assert!(kept["refused"][0]["why"].as_str().unwrap().contains("number"), "{kept}");
    let none = selection(&["nobody"], &[], Unknown::Skip);
    assert!(refused(&mut world, || Activate::AddActivation(none.clone())).contains("`nobody`"));
    let nothing = selection(&[], &[], Unknown::Skip);
    assert!(refused(&mut world, || Activate::AddActivation(nothing.clone())).contains("Select"));
}

#[test]
fn what_contacts_are_written_is_told_as_spokes_own() {
    let (mut world, _) = begun(plan(), 2, 1);
    world.pass(10);
    let Some(Answer::Json(text)) = world.command(Command::Changes { after: 0, limit: 1_000, types: vec![] })
    else {
        panic!("no changes")
    };
    let changes: Value = serde_json::from_str(&text).unwrap();
    let changes = changes["changes"].as_array().unwrap();
    let written: Vec<&Value> = changes.iter().filter(|change| !change["changed"][VIP].is_null()).collect();
    assert_eq!(written.len(), 1, "{written:?}");
    assert_eq!(written[0]["origin"], "spoke", "{}", written[0]);
}

#[test]
fn a_sync_that_somebody_asks_for_finds_what_nobody_told_of() {
    let (mut world, own) = begun(plan(), 3, 1);
    world.pass(10);
    let sync = told(&mut world, || Activate::SyncActivation(own.clone()));
    assert_eq!(sync["sync"]["state"], "waiting");
    let sync = over(&mut world, &own);
    assert_eq!((&sync["written"], &sync["in_step"]), (&json!(0), &json!(1)), "{sync}");
    checked(&mut world);
    world.verdict().unwrap();
}

//! Audiences that are found: their members are whoever the filter holds of, whatever changes, and HubSpot ends so.

use hubspot_simulator::portal::PortalSettings;
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        activations::commands::{Answer as Told, Command as Activate, NewAttribute},
        messages::Command,
    },
    values::{attribute::AttributeKind, attribute::Unknown, ids::ObjectType},
};

use super::{
    SCHEMAS, VIP, WRITE, activate, ask, described, email, held, id, over, people, plan, refused, selection,
    told, updates,
};
use crate::{
    hard_cases::{automations::told_in_feed, checked, make_field, signals::send, synced, tiny},
    life::{Plan, World},
};

fn lead() -> Value {
    json!({ "property": "firstname", "type": "string", "operator": "is", "value": "Lead" })
}

fn found_by(filter: &Value) -> NewAttribute {
    NewAttribute { computed: Some(filter.clone()), ..described("vip", AttributeKind::Audience) }
}

fn find(world: &mut World, filter: &Value) -> Value {
    told(world, || Activate::PutAttribute { audiences: true, id: id("vip"), new: found_by(filter) })
}

fn shown(world: &mut World) -> Value {
    told(world, || Activate::Attribute { audiences: true, id: id("vip") })
}

fn members(world: &mut World) -> Vec<String> {
    let page = ask(world, || Activate::Values { audiences: true, id: id("vip"), after: None, limit: 1_000 });
    let Told::Page { results, .. } = page else { panic!("{page:?}") };
    let all: Vec<Value> = serde_json::from_str(&results).unwrap();
    let mut all: Vec<String> = all.iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect();
    all.sort();
    all
}

fn name(world: &mut World, contact: &str, name: &str) {
    world.contact("edit", json!({ "id": contact, "properties": { "firstname": name } }));
}

/// So many people, an audience of leads that is on contacts.
fn begun(plan: Plan, filter: &Value, count: usize) -> (World, Vec<String>) {
    let mut world = World::new(plan);
    assert!(world.backfill());
    checked(&mut world);
    world.pass(1);
    world.verdict().unwrap();
    let ids = people(&mut world, 0..count);
    find(&mut world, filter);
    let own = activate(&mut world, &selection(&["vip"], &[], Unknown::Skip));
    over(&mut world, &own);
    (world, ids)
}

/// With companies and deals, and links.
fn wide() -> Plan {
    let settings = PortalSettings { hubspot_properties: Some(40), ..PortalSettings::default() };
    Plan {
        settings,
        more_scopes: vec![WRITE, SCHEMAS],
        webhooks: true,
        companies: Some(3),
        deals: Some(2),
        links: true,
        ..tiny(3)
    }
}

#[test]
fn whoever_the_filter_holds_of_is_a_member_and_hubspot_follows_every_change() {
    let mut world = synced(plan());
    let ids = people(&mut world, 0..4);
    name(&mut world, &ids[0], "Lead");
    name(&mut world, &ids[1], "Lead");
    world.pass(6);
    let made = find(&mut world, &lead());
    assert_eq!((&made["computed"], &made["members"]), (&lead(), &json!(0)));
    assert_eq!(made["computed_words"], "Firstname is \"Lead\"", "{made}");
    assert!(world.until(2, |world| shown(world)["looked_at"].is_null()), "{}", shown(&mut world));
    assert_eq!(
        (members(&mut world), shown(&mut world)["members"].clone()),
        (vec![email(0), email(1)], json!(2))
    );
    let own = activate(&mut world, &selection(&["vip"], &[], Unknown::Skip));
    let sync = over(&mut world, &own);
    assert_eq!(
        (&sync["total"], &sync["looked"], &sync["written"]),
        (&json!(2), &json!(2), &json!(2)),
        "{sync}"
    );
    assert_eq!(held(&world, VIP, 0..4), ["true", "true", "", ""]);
    // One leaves, one comes, one is new, one goes.
    name(&mut world, &ids[0], "Customer");
    name(&mut world, &ids[2], "Lead");
    world.contact("create", json!({ "properties": { "email": email(9), "firstname": "Lead" } }));
    world.contact("archive", json!({ "id": ids[1] }));
    world.pass(6);
    assert_eq!(members(&mut world), [email(2), email(9)]);
    assert_eq!(held(&world, VIP, 0..4), ["false", "nobody", "true", ""]);
    assert_eq!(held(&world, VIP, 9..10), ["true"]);
    assert_eq!(shown(&mut world)["members"], 2);
    let of = |number| Activate::Value { audiences: true, id: id("vip"), email: email(number) };
    assert_eq!(told(&mut world, || of(2))["value"], "true");
    assert!(matches!(ask(&mut world, || of(0)), Told::Missing));
    // What somebody sets by hand is as the filter says again, and nothing is written twice.
    world.contact("edit", json!({ "id": ids[2], "properties": { VIP: "" } }));
    world.contact("edit", json!({ "id": ids[3], "properties": { VIP: "true" } }));
    world.pass(6);
    assert_eq!(held(&world, VIP, 2..4), ["true", "false"]);
    let from = world.calls.len();
    world.pass(60);
    assert_eq!(updates(&world, from), 0);
    world.verdict().unwrap();
}

#[test]
fn another_filter_finds_others_and_whoever_stays_is_not_written() {
    let (mut world, ids) = begun(plan(), &lead(), 5);
    for id in &ids[..3] {
        name(&mut world, id, "Lead");
    }
    world.pass(6);
    assert_eq!(held(&world, VIP, 0..5), ["true", "true", "true", "", ""]);
    let itself = json!({ "not": { "property": VIP, "type": "bool", "operator": "is", "value": true } });
    let words = refused(&mut world, || Activate::PutAttribute {
        audiences: true,
        id: id("vip"),
        new: found_by(&itself),
    });
    assert!(words.contains("found itself"), "{words}");
    let from = world.calls.len();
    let of = |number: usize| json!({ "property": "email", "type": "string", "operator": "is", "value": email(number) });
    find(&mut world, &json!({ "or": [of(2), of(3)] }));
    world.restart();
    world.pass(2);
    assert_eq!(held(&world, VIP, 0..5), ["false", "false", "true", "true", ""]);
    assert_eq!((updates(&world, from), members(&mut world)), (1, vec![email(2), email(3)]));
    // It is deleted with its property, and nobody is remembered.
    assert!(matches!(
        ask(&mut world, || Activate::RemoveAttribute { audiences: true, id: id("vip") }),
        Told::Done
    ));
    let gone = |world: &mut World| {
        matches!(ask(world, || Activate::Attribute { audiences: true, id: id("vip") }), Told::Missing)
    };
    assert!(world.until(10, gone));
    assert_eq!(world.dump_of("channel_members").lines().count(), 0);
}

#[test]
fn a_long_scan_goes_on_after_a_restart_and_writes_nobody_before_it_is_over() {
    let mut world = synced(plan());
    let ids = people(&mut world, 0..1_200);
    for id in ids.iter().step_by(100) {
        name(&mut world, id, "Lead");
    }
    world.pass(6);
    let activated = |world: &mut World| activate(world, &selection(&["vip"], &[], Unknown::Skip));
    find(&mut world, &lead());
    let own = activated(&mut world);
    let looked = |world: &mut World| shown(world)["looked_at"].as_u64();
    assert!(world.until(1, |world| looked(world).is_none_or(|read| read >= 500)));
    assert!(looked(&mut world).is_some_and(|read| read < 1_200));
    world.restart();
    let sync = over(&mut world, &own);
    assert_eq!((&sync["written"], &shown(&mut world)["members"]), (&json!(12), &json!(12)), "{sync}");
}

#[test]
fn time_alone_puts_people_in_and_takes_them_out() {
    let lately = json!({ "property": "createdate", "type": "datetime", "operator": "within_last", "count": 2, "unit": "hours" });
    let (mut world, _) = begun(plan(), &lately, 2);
    assert_eq!(held(&world, VIP, 0..2), ["true", "true"]);
    world.restart();
    world.pass(130);
    assert_eq!((held(&world, VIP, 0..2), members(&mut world)), (vec!["false".to_owned(); 2], Vec::new()));
}

#[test]
fn what_belongs_to_a_contact_puts_it_in_and_takes_it_out() {
    let filter = json!({ "and": [
        { "of": "company", "property": "name", "type": "string", "operator": "is", "value": "Acme" },
        { "of": "deal", "property": "dealname", "type": "string", "operator": "known" },
    ] });
    let (mut world, ids) = begun(wide(), &filter, 3);
    let company = world.change(ObjectType::Companies, "create", json!({ "properties": { "name": "Other" } }));
    let stage = json!({ "dealname": "One", "dealstage": "appointmentscheduled", "pipeline": "default" });
    let deal = world.change(ObjectType::Deals, "create", json!({ "properties": stage }));
    let link = |world: &mut World, change: &str, from: (&str, &str), to: (&str, &str)| {
        let body = json!({ "from_type": from.0, "from": from.1, "to_type": to.0, "to": to.1 });
        world.control("POST", &format!("associations/{change}"), &body);
    };
    for id in &ids[..2] {
        link(&mut world, "add", ("contacts", id), ("companies", &company));
    }
    link(&mut world, "add", ("contacts", &ids[0]), ("deals", &deal));
    world.pass(10);
    assert_eq!(members(&mut world), [""; 0], "the company is called otherwise");
    world.change(ObjectType::Companies, "edit", json!({ "id": company, "properties": { "name": "Acme" } }));
    world.pass(10);
    assert_eq!((members(&mut world), held(&world, VIP, 0..3)[0].as_str()), (vec![email(0)], "true"));
    // The deal is the company's: it is of all its contacts.
    link(&mut world, "add", ("deals", &deal), ("companies", &company));
    world.pass(10);
    assert_eq!(members(&mut world), [email(0), email(1)]);
    link(&mut world, "remove", ("contacts", &ids[0]), ("companies", &company));
    world.pass(10);
    assert_eq!(
        (members(&mut world), held(&world, VIP, 0..2)),
        (vec![email(1)], vec!["false".into(), "true".into()])
    );
    world.change(ObjectType::Deals, "archive", json!({ "id": deal }));
    world.pass(30);
    assert_eq!((members(&mut world), held(&world, VIP, 0..2)), (vec![], vec!["false".to_owned(); 2]));
    world.verdict().unwrap();
}

#[test]
fn what_somebody_did_puts_them_in_until_it_is_long_ago() {
    let filter = json!({ "and": [
        { "of": "signal", "property": "name", "type": "string", "operator": "is", "value": "Pricing viewed" },
        { "of": "signal", "property": "at", "type": "datetime", "operator": "within_last", "count": 7, "unit": "days" },
    ] });
    let (mut world, _) = begun(wide(), &filter, 3);
    for (key, name, number) in
        [("s1", "Pricing viewed", 0), ("s2", "Blog viewed", 1), ("s3", "Blog viewed", 0)]
    {
        send(&mut world, json!({ "id": key, "name": name, "visitor": { "email": email(number) } }));
    }
    world.pass(3);
    assert_eq!(
        (members(&mut world), held(&world, VIP, 0..3)),
        (vec![email(0)], vec!["true".into(), String::new(), String::new()])
    );
    world.pass(8 * 24 * 60);
    assert_eq!((members(&mut world), held(&world, VIP, 0..1)), (vec![], vec!["false".to_owned()]));
}

#[test]
fn nobody_leaves_for_want_of_a_field_that_vanished() {
    let mut world = synced(plan());
    make_field(&mut world, "plan", ("string", "text"), []);
    let ids = people(&mut world, 0..2);
    world.command(Command::RefreshFields);
    world.pass(10);
    world.contact("edit", json!({ "id": ids[0], "properties": { "plan": "gold" } }));
    world.pass(6);
    let free = json!({ "not": { "property": "plan", "type": "string", "operator": "is", "value": "gold" } });
    find(&mut world, &free);
    let own = activate(&mut world, &selection(&["vip"], &[], Unknown::Skip));
    over(&mut world, &own);
    assert_eq!(held(&world, VIP, 0..2), ["", "true"]);
    world.by_tool("DELETE", "/crm/properties/2026-09/contacts/plan", &Value::Null);
    world.command(Command::RefreshFields);
    world.pass(3);
    name(&mut world, &ids[0], "Read again");
    world.pass(10);
    assert_eq!(held(&world, VIP, 0..2), ["", "true"]);
    let trouble = shown(&mut world)["trouble"].as_str().unwrap_or_default().to_owned();
    assert!(trouble.contains("This audience stands still") && trouble.contains("`plan`"), "{trouble}");
    assert_eq!(told_in_feed(&mut world, "audience_held"), 1);
    make_field(&mut world, "plan", ("string", "text"), []);
    world.contact("edit", json!({ "id": ids[1], "properties": { "plan": "gold" } }));
    world.command(Command::RefreshFields);
    world.pass(60);
    assert_eq!(shown(&mut world)["trouble"], Value::Null);
    assert_eq!(told_in_feed(&mut world, "audience_resumed"), 1);
    let has = |number: usize| {
        let truth = world.truth();
        let own = truth.values().find(|values| values["email"] == email(number).as_str()).unwrap();
        own["plan"] == "gold"
    };
    assert_eq!((has(0), has(1)), (true, true), "the field came back with what it held");
    assert_eq!(held(&world, VIP, 0..2), ["", "false"]);
}

#[test]
fn members_are_sent_or_found_for_good_and_what_a_filter_cannot_ask_is_said() {
    let mut world = synced(plan());
    find(&mut world, &lead());
    let by_hand = [
        Activate::PutValues { audiences: true, id: id("vip"), values: Vec::new(), round: None },
        Activate::RemoveValue { audiences: true, id: id("vip"), email: email(0) },
        Activate::BeginReplace { audiences: true, id: id("vip") },
    ];
    for command in by_hand {
        let told = match world.insist(|| {
            let text = serde_json::to_string(&command).unwrap();
            Command::Activation(Box::new(serde_json::from_str(&text).unwrap()))
        }) {
            spoke::engine::portal::messages::Answer::Activation(Told::Refused { words, .. }) => words,
            other => panic!("{other:?}"),
        };
        assert!(told.contains("found by its filter"), "{told}");
    }
    let sent = || described("vip", AttributeKind::Audience);
    let change = |new: NewAttribute| Activate::PutAttribute { audiences: true, id: id("vip"), new };
    assert!(refused(&mut world, || change(sent())).contains("does not change"));
    let wrong = |world: &mut World, filter: Value| match ask(world, || change(found_by(&filter))) {
        Told::Refused { at, words, .. } => (at, words),
        other => panic!("{other:?}"),
    };
    let unknown = json!({ "and": [{ "property": "nothing", "type": "string", "operator": "known" }] });
    let (at, words) = wrong(&mut world, unknown);
    assert!(at.starts_with("/computed/and/0") && words.contains("`nothing`"), "{at}: {words}");
    let (at, _) = wrong(&mut world, json!({ "property": "firstname" }));
    assert!(at.starts_with("/computed"), "{at}");
    let (_, words) = wrong(
        &mut world,
        json!({ "of": "event", "property": "name", "type": "string", "operator": "known" }),
    );
    assert!(words.contains("`event` is none of them"), "{words}");
    let of_attribute = NewAttribute { computed: Some(lead()), ..described("points", AttributeKind::Number) };
    let attribute =
        || Activate::PutAttribute { audiences: false, id: id("points"), new: of_attribute.clone() };
    assert!(refused(&mut world, attribute).contains("Only members of audiences"));
}

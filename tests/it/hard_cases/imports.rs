//! What an import finds instead of making it anew: the same record that matching would choose.

use hubspot_simulator::portal::PortalSettings;
use serde_json::{Value, json};
use spoke::{
    engine::portal::outbox::commands::{Answer as Told, Asked, Command as Outbox},
    values::ids::ObjectType,
};

use super::{
    outbox::{act, asked, outbox, refusal, settled, take, with, writing},
    synced,
};
use crate::life::{Plan, World};

fn company(world: &mut World, values: &Value) -> String {
    world.change(ObjectType::Companies, "create", json!({ "properties": values }))
}

fn import(domain: &str) -> Value {
    json!({ "action": "import_company", "domain": domain })
}

#[test]
fn a_company_is_found_by_each_of_its_names_and_by_its_website_while_it_has_no_domain() {
    let mut world = synced(writing(5));
    let first = company(&mut world, &json!({ "name": "A", "domain": "acme.example" }));
    let second = company(&mut world, &json!({ "name": "A2", "domain": "acme.test" }));
    let first = world.change(ObjectType::Companies, "merge", json!({ "primary": first, "other": second }));
    let other = company(&mut world, &json!({ "name": "B", "website": "https://www.bolt.example/en" }));
    world.pass(12);
    let count = world.truth_of(ObjectType::Companies).len();
    for (domain, id) in [
        ("https://WWW.acme.example/about?x=1", &first),
        ("jane@acme.test", &first),
        ("shop.acme.example", &first),
        ("bolt.example", &other),
    ] {
        let action = act(&mut world, import(domain));
        let done = settled(&mut world, &action);
        assert_eq!(done["writes"][0]["found"], true, "{domain}: {done}");
        assert_eq!(done["writes"][0]["result"], id.as_str(), "{domain}");
    }
    assert_eq!(world.truth_of(ObjectType::Companies).len(), count, "nothing was made");
}

#[test]
fn of_several_companies_an_import_finds_the_one_that_matching_chooses() {
    let mut world = synced(writing(5));
    let sub = company(&mut world, &json!({ "name": "Sub", "domain": "eu.acme.example" }));
    let whole = company(&mut world, &json!({ "name": "Whole", "domain": "acme.example" }));
    world.pass(12);
    for (domain, id) in [("acme.example", &whole), ("eu.acme.example", &sub)] {
        let action = act(&mut world, import(domain));
        assert_eq!(settled(&mut world, &action)["writes"][0]["result"], id.as_str(), "{domain}");
        let contact = act(
            &mut world,
            json!({ "action": "import_contact", "email": format!("jo@{domain}"), "company": { "domain": domain } }),
        );
        let done = settled(&mut world, &contact);
        assert_eq!(done["writes"].as_array().map(Vec::len), Some(2), "no company is made: {done}");
        assert_eq!(done["writes"][1]["links"][0]["record"], id.as_str());
    }
}

#[test]
fn two_names_of_one_company_are_made_once() {
    let mut world = synced(writing(5));
    let (one, other) =
        (act(&mut world, import("new.example")), act(&mut world, import("www.eu.new.example")));
    let (one, other) = (settled(&mut world, &one), settled(&mut world, &other));
    assert_eq!(one["writes"][0]["result"], other["writes"][0]["result"]);
    assert_eq!(other["writes"][0]["found"], true);
    assert_eq!(with(&world, ObjectType::Companies, "domain", "new.example").len(), 1);
    assert_eq!(with(&world, ObjectType::Companies, "domain", "eu.new.example").len(), 0);
}

#[test]
fn a_contact_is_found_by_a_further_address_and_hubspot_is_not_asked() {
    let mut world = synced(writing(5));
    let one = world.contact("create", json!({ "properties": { "email": "ann@acme.example" } }));
    let other = world.contact("create", json!({ "properties": { "email": "ann@old.example" } }));
    let id = world.contact("merge", json!({ "primary": one, "other": other }));
    world.pass(12);
    let before = world.calls.len();
    let action = act(&mut world, json!({ "action": "import_contact", "email": "Ann@Old.example" }));
    let done = settled(&mut world, &action);
    assert_eq!(
        (&done["writes"][0]["found"], &done["writes"][0]["result"]),
        (&true.into(), &id.as_str().into())
    );
    assert_eq!(world.counted(before, "/contacts/batch/create"), 0);
}

#[test]
fn what_tells_no_company_is_refused_and_says_why() {
    let mut world = synced(writing(5));
    for (domain, words) in [("gmail.com", "mail provider"), ("co.uk", "suffix"), ("nowhere", "not a domain")]
    {
        let (at, said) = refusal(&mut world, import(domain));
        assert!(at == "/domain" && said.contains(words), "{domain}: {at} {said}");
    }
    let body =
        json!({ "action": "import_contact", "email": "a@b.example", "company": { "domain": "gmail.com" } });
    assert_eq!(refusal(&mut world, body).0, "/company/domain");
}

#[test]
fn a_dry_run_says_that_the_company_is_there() {
    let mut world = synced(writing(5));
    let id = company(&mut world, &json!({ "name": "A", "domain": "acme.example" }));
    world.pass(12);
    let dry = take(&mut world, Asked { dry_run: true, ..asked(import("www.acme.example")) });
    let Told::Action(text) = outbox(&mut world, Outbox::Get(dry)) else { panic!("no action") };
    let dry: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&dry["state"], &dry["writes"][0]["found"], &dry["writes"][0]["result"]),
        (&"dry".into(), &true.into(), &id.as_str().into())
    );
}

#[test]
fn no_company_is_made_before_those_there_are_have_been_read() {
    let settings = PortalSettings { hubspot_properties: Some(40), ..PortalSettings::default() };
    let mut world = World::new(Plan { settings, companies: Some(400), contacts: 3_000, ..writing(5) });
    let id = company(&mut world, &json!({ "name": "A", "domain": "acme.example" }));
    assert!(world.until(5, |world| !world.calls.is_empty()));
    let action = act(&mut world, import("acme.example"));
    assert!(world.backfill());
    let done = settled(&mut world, &action);
    assert_eq!(
        (&done["state"], &done["writes"][0]["result"]),
        (&"done".into(), &id.as_str().into()),
        "{done}"
    );
    assert_eq!(with(&world, ObjectType::Companies, "domain", "acme.example").len(), 1);
}

#[test]
fn no_company_is_made_by_whoever_may_read_none() {
    let mut world = synced(Plan { companies: None, ..writing(5) });
    let (at, said) = refusal(&mut world, import("acme.example"));
    assert!(at == "/domain" && said.contains("may not read companies"), "{at} {said}");
    let contact = json!({ "action": "import_contact", "email": "a@acme.example", "company": { "domain": "acme.example" } });
    assert_eq!(refusal(&mut world, contact).0, "/company/domain");
    let alone = act(&mut world, json!({ "action": "import_contact", "email": "a@acme.example" }));
    assert_eq!(settled(&mut world, &alone)["state"], "done");
    assert_eq!(world.truth_of(ObjectType::Companies).len(), 0);
}

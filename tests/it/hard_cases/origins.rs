//! Of links and places on lists, too, the feed tells what Spoke did from what others did.

use serde_json::{Value, json};
use spoke::{
    engine::portal::messages::{Answer, Command},
    values::ids::ObjectType,
};

use super::{
    outbox::{act, settled, writing},
    synced,
};
use crate::life::World;

/// What the feed tells of that kind after a number: of whom, and whether it is our own echo.
fn told(world: &mut World, after: u64, kind: &str) -> Vec<(String, bool)> {
    let command = Command::Changes { after, limit: 1_000, types: vec![ObjectType::Contacts] };
    let Some(Answer::Json(page)) = world.command(command) else { panic!("no changes") };
    let page: Value = serde_json::from_str(&page).unwrap();
    let all = page["changes"].as_array().unwrap().iter().filter(|change| change["kind"] == kind);
    all.map(|change| (change["id"].as_str().unwrap().to_owned(), change["origin"] == "spoke")).collect()
}

fn contact(world: &mut World, email: &str) -> String {
    world.contact("create", json!({ "properties": { "email": email } }))
}

/// A person changes a link, and then the contact: with that its links are read again.
fn by_person(world: &mut World, change: &str, (contact, company): (&str, &str), name: &str) {
    let body = json!({ "from_type": "contacts", "from": contact, "to_type": "companies", "to": company });
    world.control("POST", &format!("associations/{change}"), &body);
    world.contact("edit", json!({ "id": contact, "properties": { "firstname": name } }));
    world.pass(12);
}

#[test]
fn the_feed_tells_our_own_links_from_those_that_people_make() {
    let mut world = synced(writing(5));
    let values = json!({ "name": "Acme", "domain": "acme.example" });
    let company = world.change(ObjectType::Companies, "create", json!({ "properties": values }));
    let (ours, theirs) = (contact(&mut world, "ann@acme.example"), contact(&mut world, "bea@acme.example"));
    world.pass(12);
    let after = world.status().latest_change;
    let link =
        json!({ "action": "import_contact", "email": "ann@acme.example", "company": { "id": company } });
    let one = act(&mut world, link.clone());
    assert_eq!(settled(&mut world, &one)["state"], "done");
    world.pass(12);
    let own = (ours.clone(), true);
    assert_eq!(told(&mut world, after, "association_added"), std::slice::from_ref(&own));
    let other = (theirs.clone(), false);
    by_person(&mut world, "add", (&theirs, &company), "Bea");
    assert_eq!(told(&mut world, after, "association_added"), [own.clone(), other.clone()]);
    // What is there already is no change; and what a person makes anew is theirs.
    let again = act(&mut world, link);
    assert_eq!(settled(&mut world, &again)["state"], "done");
    world.pass(12);
    assert_eq!(told(&mut world, after, "association_added"), [own.clone(), other.clone()]);
    by_person(&mut world, "remove", (&ours, &company), "Ann");
    assert_eq!(told(&mut world, after, "association_removed"), [(ours.clone(), false)]);
    by_person(&mut world, "add", (&ours, &company), "Anna");
    assert_eq!(told(&mut world, after, "association_added"), [own, other, (ours, false)]);
    assert!(!world.dump_of("tie_echoes").contains(&company), "{}", world.dump_of("tie_echoes"));
    world.verdict().unwrap();
}

#[test]
fn the_feed_tells_whom_we_put_on_a_list_and_take_off_it_from_whom_others_do() {
    let mut world = synced(writing(5));
    assert!(world.until(10, |world| world.list(1)["followed"]["state"] == "in_step"));
    let (ours, both) = (contact(&mut world, "ann@acme.example"), contact(&mut world, "bea@acme.example"));
    world.pass(12);
    let after = world.status().latest_change;
    let change = |world: &mut World, action: &str, record: &str| {
        let one = act(world, json!({ "action": action, "list": "1", "record": record }));
        assert_eq!(settled(world, &one)["state"], "done");
    };
    change(&mut world, "add_to_list", &ours);
    // Somebody else was first.
    world.by_tool("PUT", "/crm/lists/2026-09/1/memberships/add", &json!([both]));
    change(&mut world, "add_to_list", &both);
    let settles = |world: &mut World| {
        let settled = world.until(90, |world| world.members(0, 1) == world.true_members(1));
        assert!(settled, "{}", world.list(1));
    };
    settles(&mut world);
    let mut came = told(&mut world, after, "membership_added");
    came.sort();
    let mut expected = [(ours.clone(), true), (both.clone(), false)];
    expected.sort();
    assert_eq!(came, expected);
    change(&mut world, "remove_from_list", &ours);
    settles(&mut world);
    world.by_tool("PUT", "/crm/lists/2026-09/1/memberships/remove", &json!([both]));
    settles(&mut world);
    assert_eq!(told(&mut world, after, "membership_removed"), [(ours, true), (both, false)]);
    world.verdict().unwrap();
}

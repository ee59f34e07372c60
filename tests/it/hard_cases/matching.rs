//! Which company an account is, and which contact somebody is: by the names that records have now, whatever happened to them.

use hubspot_simulator::Switches;
use serde_json::{Value, json};
use spoke::{
    engine::{
        actor::Actor,
        portal::{
            blocks::{Command as Privacy, Whom},
            matching::{Account, Command as Matching, Person},
            messages::{Answer, Command},
        },
    },
    store::sql::Sql,
    values::ids::ObjectType,
};

use super::{ids, synced, tiny};
use crate::life::{Plan, World};

const COMPANIES: ObjectType = ObjectType::Companies;

fn plan(companies: u32) -> Plan {
    let switches = Switches { access_token_life_s: 7_200, ..Switches::default() };
    Plan { webhooks: true, switches, companies: Some(companies), deals: Some(4), ..tiny(6) }
}

/// What the connection answers, one result an account.
fn ask(world: &mut World, command: Matching) -> Vec<Value> {
    let Some(Answer::Json(text)) = world.command(Command::Match(command)) else { panic!("no answer") };
    let answer: Value = serde_json::from_str(&text).unwrap();
    answer["results"].as_array().unwrap().clone()
}

fn company(world: &mut World, domain: &str, aliases: &[&str]) -> Value {
    let account = Account {
        id: Some("acct-1".to_owned()),
        domain: Some(domain.to_owned()),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
    };
    let found = ask(world, Matching::Companies { accounts: vec![account] }).remove(0);
    assert_eq!(found["id"], "acct-1");
    found
}

fn contact(world: &mut World, email: &str) -> Value {
    let person = Person { id: None, email: email.to_owned() };
    ask(world, Matching::Contacts { people: vec![person] }).remove(0)
}

fn make(world: &mut World, properties: Value) -> String {
    let id = world.change(COMPANIES, "create", json!({ "properties": properties }));
    world.pass(7);
    id
}

fn edit(world: &mut World, id: &str, properties: Value) {
    world.change(COMPANIES, "edit", json!({ "id": id, "properties": properties }));
    world.pass(7);
}

/// Rows of what records are called besides.
fn further(world: &World) -> usize {
    world.objects[0].sql.inner.exec("SELECT * FROM further_keys", &[]).unwrap().len()
}

fn chosen(found: &Value) -> &str {
    found["record_id"].as_str().unwrap_or_else(|| panic!("no match: {found}"))
}

#[test]
fn a_company_is_found_by_the_domain_it_has_now() {
    let mut world = synced(plan(3));
    let calls = world.calls.len();
    assert_eq!(company(&mut world, "northwind.com", &[])["why_not"], "not_found");
    assert_eq!(world.calls.len(), calls, "HubSpot is asked nothing");
    let id = make(&mut world, json!({ "name": "Northwind", "domain": "northwind.com" }));
    for name in
        ["northwind.com", "https://www.NORTHWIND.com:443/en?x=1", "jane@mail.northwind.com", "northwind.com."]
    {
        let found = company(&mut world, name, &[]);
        assert_eq!(chosen(&found), id, "{name}");
        assert_eq!(found["candidates"][0]["name"], "Northwind");
        assert_eq!(found["candidates"][0]["matched"][0]["field"], "domain");
    }
    assert_eq!(chosen(&company(&mut world, "other.com", &["gmail.com", "northwind.com"])), id);
    edit(&mut world, &id, json!({ "domain": "eu.southwind.com" }));
    assert_eq!(company(&mut world, "northwind.com", &[])["why_not"], "not_found");
    let found = company(&mut world, "southwind.com", &[]);
    assert_eq!(chosen(&found), id);
    let matched = &found["candidates"][0]["matched"][0];
    assert_eq!((&matched["value"], &matched["closely"]), (&json!("eu.southwind.com"), &json!(false)));
    // The mirror's own lookup goes by the same key, and by the whole domain.
    let by_domain = |world: &mut World, domain: &str| {
        let key = Some(domain.to_owned());
        let command = Command::Records { object_type: COMPANIES, after: None, limit: 10, key };
        let Some(Answer::Json(text)) = world.command(command) else { panic!("no records") };
        serde_json::from_str::<Value>(&text).unwrap()["results"].as_array().unwrap().len()
    };
    assert_eq!((by_domain(&mut world, "EU.southwind.com"), by_domain(&mut world, "southwind.com")), (1, 0));
    world.verdict().unwrap();
}

#[test]
fn a_website_counts_only_while_there_is_no_domain() {
    let mut world = synced(plan(3));
    let id = make(&mut world, json!({ "name": "Northwind", "website": "https://www.northwind.com/en" }));
    let found = company(&mut world, "northwind.com", &[]);
    assert_eq!(
        (chosen(&found), &found["candidates"][0]["matched"][0]["field"]),
        (id.as_str(), &json!("website"))
    );
    edit(&mut world, &id, json!({ "domain": "southwind.com" }));
    assert_eq!(company(&mut world, "northwind.com", &[])["why_not"], "not_found");
    assert_eq!(chosen(&company(&mut world, "southwind.com", &[])), id);
    edit(&mut world, &id, json!({ "domain": "" }));
    assert_eq!(company(&mut world, "southwind.com", &[])["why_not"], "not_found");
    assert_eq!(chosen(&company(&mut world, "northwind.com", &[])), id);
    let page =
        make(&mut world, json!({ "name": "Page", "website": "https://linkedin.com/company/northwind" }));
    assert_ne!(page, id);
    let found = company(&mut world, "linkedin.com", &["gmail.com"]);
    assert_eq!((&found["record_id"], &found["why_not"]), (&Value::Null, &json!("shared_host")));
    world.verdict().unwrap();
}

#[test]
fn of_several_the_most_deals_then_contacts_then_the_latest_change_decide() {
    let mut world = synced(plan(3));
    let (contacts, deals) = (ids(&world), world.truth_of(ObjectType::Deals));
    let first = make(&mut world, json!({ "name": "A", "domain": "northwind.com" }));
    let found = company(&mut world, "northwind.com", &[]);
    assert_eq!((chosen(&found), &found["decided_by"]), (first.as_str(), &json!("only")));
    let second = make(&mut world, json!({ "name": "B", "domain": "www.northwind.com" }));
    let third = make(&mut world, json!({ "name": "C", "domain": "shop.northwind.com" }));
    let found = company(&mut world, "northwind.com", &[]);
    assert_eq!((chosen(&found), &found["decided_by"]), (second.as_str(), &json!("modified")), "{found}");
    assert_eq!(found["candidates"].as_array().unwrap().len(), 3);
    let link = |world: &mut World, company: &str, to_type: &str, to: &str| {
        let ends = json!({ "from_type": "companies", "from": company, "to_type": to_type, "to": to });
        world.control("POST", "associations/add", &ends);
        world.pass(12);
    };
    link(&mut world, &first, "contacts", &contacts[0]);
    let found = company(&mut world, "northwind.com", &[]);
    assert_eq!((chosen(&found), &found["decided_by"]), (first.as_str(), &json!("contacts")), "{found}");
    link(&mut world, &second, "deals", deals.keys().next().unwrap());
    let found = company(&mut world, "northwind.com", &[]);
    assert_eq!((chosen(&found), &found["decided_by"]), (second.as_str(), &json!("deals")), "{found}");
    // What is the same host goes before what only has the same owner.
    let found = company(&mut world, "shop.northwind.com", &[]);
    assert_eq!((chosen(&found), &found["decided_by"]), (third.as_str(), &json!("closeness")), "{found}");
    assert_eq!(found["reasons"].as_array().unwrap().len(), 2, "{found}");
    world.verdict().unwrap();
}

#[test]
fn what_is_archived_leaves_what_is_restored_comes_back_and_what_is_merged_is_the_other() {
    let mut world = synced(plan(3));
    let first = make(&mut world, json!({ "name": "A", "domain": "northwind.com" }));
    let second = make(&mut world, json!({ "name": "B", "domain": "southwind.com" }));
    world.change(COMPANIES, "archive", json!({ "id": first }));
    world.pass(7);
    assert_eq!(company(&mut world, "northwind.com", &[])["why_not"], "not_found");
    world.change(COMPANIES, "restore", json!({ "id": first }));
    world.pass(7);
    assert_eq!(chosen(&company(&mut world, "northwind.com", &[])), first);
    let merged = world.change(COMPANIES, "merge", json!({ "primary": first, "other": second }));
    world.pass(12);
    for name in ["northwind.com", "southwind.com"] {
        assert_eq!(chosen(&company(&mut world, name, &[])), merged, "{name}");
    }
    let found = company(&mut world, "southwind.com", &[]);
    assert_eq!(found["candidates"][0]["matched"][0]["field"], "hs_additional_domains", "{found}");
    assert!(further(&world) > 0);
    world.change(COMPANIES, "archive", json!({ "id": merged }));
    world.pass(7);
    assert_eq!(company(&mut world, "southwind.com", &["northwind.com"])["why_not"], "not_found");
    assert_eq!(further(&world), 0);
    world.verdict().unwrap();
}

#[test]
fn a_record_that_is_said_to_be_part_of_another_is_that_one() {
    let mut world = synced(plan(3));
    let first = make(&mut world, json!({ "name": "A", "domain": "northwind.com" }));
    let second = make(&mut world, json!({ "name": "B", "domain": "southwind.com" }));
    let statement = format!("UPDATE records_companies SET merged_into = {first} WHERE id = {second}");
    world.objects[0].sql.inner.exec(&statement, &[]).unwrap();
    let found = company(&mut world, "southwind.com", &[]);
    assert_eq!(chosen(&found), first);
    assert_eq!(found["candidates"][0]["merged_from"], json!([second]));
    assert_eq!(found["candidates"].as_array().unwrap().len(), 1);
}

#[test]
fn a_contact_is_found_by_each_of_its_addresses_until_it_is_erased() {
    let mut world = synced(plan(3));
    let all = ids(&world);
    let address = |world: &mut World, id: &str, email: &str| {
        world.contact("edit", json!({ "id": id, "properties": { "email": email } }));
        world.pass(7);
    };
    address(&mut world, &all[0], "ada@northwind.com");
    address(&mut world, &all[1], "ada.l@southwind.com");
    assert_eq!(chosen(&contact(&mut world, " Ada@Northwind.COM ")), all[0]);
    let merged = world.contact("merge", json!({ "primary": all[0], "other": all[1] }));
    world.pass(12);
    for email in ["ada@northwind.com", "ADA.L@southwind.com"] {
        assert_eq!(chosen(&contact(&mut world, email)), merged, "{email}");
    }
    assert_eq!(contact(&mut world, "ada.l@southwind.com")["decided_by"], "only");
    assert_eq!(contact(&mut world, "ada")["why_not"], "not_an_address");
    assert_eq!(contact(&mut world, "nobody@northwind.com")["why_not"], "not_found");
    assert!(further(&world) > 0);
    let whom = Whom::Email("ada.l@southwind.com".to_owned());
    let erased = world.command_by(&Actor::Root, Command::Privacy(Privacy::Erase { whom }));
    assert!(matches!(erased, Some(Answer::Json(_))));
    // Before anybody has gone over the mirror for whom else that address is.
    let found = contact(&mut world, "ada.l@southwind.com");
    assert_eq!(found["candidates"], json!([]), "{found}");
    world.pass(5);
    for email in ["ada@northwind.com", "ada.l@southwind.com"] {
        assert_eq!(contact(&mut world, email)["candidates"], json!([]), "{email}");
    }
    let of_contacts = "SELECT * FROM further_keys WHERE object_type = 'contacts'";
    let left = world.objects[0].sql.inner.exec(of_contacts, &[]).unwrap();
    assert_eq!(left.len(), 0);
}

#[test]
fn an_older_database_gets_its_index_over_evictions_and_says_so_until_then() {
    let mut world = synced(plan(1_400));
    let site = make(&mut world, json!({ "name": "C", "website": "https://eastwind.com" }));
    let id = make(&mut world, json!({ "name": "A", "domain": "eu.northwind.com" }));
    let other = make(&mut world, json!({ "name": "B", "domain": "southwind.com" }));
    let merged = world.change(COMPANIES, "merge", json!({ "primary": id, "other": other }));
    world.pass(12);
    let sql = &world.objects[0].sql.inner;
    for statement in [
        "DELETE FROM further_keys",
        "UPDATE records_companies SET key = 1 WHERE live = 1",
        "DELETE FROM meta WHERE key = 'matching'",
    ] {
        sql.exec(statement, &[]).unwrap();
    }
    world.restart();
    let found = company(&mut world, "northwind.com", &["southwind.com"]);
    assert_eq!((&found["why_not"], &found["candidates"]), (&json!("index_building"), &json!([])));
    let place = |world: &World| {
        let statement = "SELECT value FROM meta WHERE key = 'matching'";
        let rows = world.objects[0].sql.inner.exec(statement, &[]).unwrap();
        rows.first().map(|row| row[0].text().unwrap().to_owned()).unwrap_or_default()
    };
    let mut places = vec![place(&world)];
    let done = world.until(30, |world| {
        let now = place(world);
        if places.last() != Some(&now) {
            places.push(now);
            world.restart();
        }
        company(world, "northwind.com", &[])["why_not"] != "index_building"
    });
    assert!(done, "{places:?}");
    assert!(places.len() > 3, "it goes on where it was: {places:?}");
    for (name, found) in [("northwind.com", &merged), ("southwind.com", &merged), ("eastwind.com", &site)] {
        assert_eq!(chosen(&company(&mut world, name, &[])), found, "{name}");
    }
    world.verdict().unwrap();
}

#[test]
fn while_records_are_read_for_the_first_time_matching_says_so() {
    let mut world = World::new(plan(3));
    let mut seen = false;
    let over = world.until(10, |world| {
        let account = Account { domain: Some("northwind.com".to_owned()), ..Account::default() };
        let command = Command::Match(Matching::Companies { accounts: vec![account] });
        match world.command(command) {
            Some(Answer::Json(text)) if text.contains("index_building") => seen = true,
            Some(Answer::Json(text)) => return text.contains("not_found"),
            _ => {}
        }
        false
    });
    assert!(over && seen);
    let mut without = synced(Plan { companies: None, deals: None, ..plan(3) });
    let found = company(&mut without, "northwind.com", &[]);
    assert_eq!(found["why_not"], "not_mirrored", "{found}");
}

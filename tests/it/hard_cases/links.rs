//! Associations: a change of links moves no modified date, comes in pages, and follows what becomes of its records.

use hubspot_simulator::{
    Switches,
    faults::{Fault, Rule},
    route::Endpoint,
};
use serde_json::{Value, json};
use spoke::{
    engine::portal::messages::{Answer, Command},
    values::ids::ObjectType,
};

use super::{checked, tiny};
use crate::life::{
    Plan, World,
    links::{differing, from_holders},
};

use ObjectType::{Companies, Contacts, Deals};

/// Ends of names of calls.
const TO_COMPANIES: &str = "associations/2026-09/contacts/companies/batch/read";
const TO_CONTACTS: &str = "associations/2026-09/companies/contacts/batch/read";

fn plan(contacts: u32, companies: u32, deals: u32) -> Plan {
    let switches = Switches { access_token_life_s: 7_200, ..Switches::default() };
    Plan { companies: Some(companies), deals: Some(deals), webhooks: true, switches, ..tiny(contacts) }
}

/// Whether every link is as in HubSpot.
fn equal(world: &World) -> bool {
    differing(&world.links_of(0, &ObjectType::ALWAYS), &world.true_links(&ObjectType::ALWAYS)).is_ok()
}

/// After the first full read of records and links.
fn linked(plan: Plan) -> World {
    let mut world = World::new(plan);
    assert!(world.backfill());
    checked(&mut world);
    world.pass(1);
    world.verdict().unwrap();
    world
}

fn some(world: &World, kind: ObjectType, count: usize) -> Vec<String> {
    world.truth_of(kind).keys().take(count).cloned().collect()
}

fn link(world: &mut World, change: &str, from: (ObjectType, &str), to: (ObjectType, &str), types: Value) {
    let mut body = json!({ "from_type": from.0, "from": from.1, "to_type": to.0, "to": to.1 });
    if !types.is_null() {
        body["types"] = types;
    }
    world.control("POST", &format!("associations/{change}"), &body);
}

/// What a record is linked to, as the API answers.
fn associations(
    world: &mut World,
    object_type: ObjectType,
    id: &str,
    to_type: ObjectType,
) -> Vec<(String, Value)> {
    let (mut after, mut all) = (None, Vec::new());
    loop {
        let id = id.parse().unwrap();
        let command = Command::Associations { object_type, id, to_type, after, limit: 50 };
        let Some(Answer::Json(page)) = world.command(command) else { panic!("no associations") };
        let page: Value = serde_json::from_str(&page).unwrap();
        for one in page["results"].as_array().unwrap() {
            all.push((one["id"].as_str().unwrap().to_owned(), one["types"].clone()));
        }
        match page["next_cursor"].as_str() {
            Some(next) => after = Some(next.parse().unwrap()),
            None => return all,
        }
    }
}

#[test]
fn a_change_of_links_alone_is_seen_by_webhook_within_seconds() {
    let mut world = linked(Plan { links: true, ..plan(40, 10, 10) });
    assert!(!from_holders(&world.links_of(0, &ObjectType::ALWAYS)).is_empty());
    let (contact, company) = (some(&world, Contacts, 1).remove(0), some(&world, Companies, 1).remove(0));
    for change in ["add", "remove"] {
        link(&mut world, change, (Contacts, &contact), (Companies, &company), Value::Null);
        world.pass_ms(6_000);
        world.verdict().unwrap();
        let there = associations(&mut world, Contacts, &contact, Companies);
        assert_eq!(there.iter().any(|(id, _)| *id == company), change == "add");
    }
}

#[test]
fn without_webhooks_a_change_of_links_is_seen_with_its_record_or_by_the_weekly_pass() {
    let variables = vec![("CHECK_EVERY_SECONDS", "840".to_owned())];
    let mut world = linked(Plan { links: true, webhooks: false, variables, ..plan(40, 10, 10) });
    let contacts = some(&world, Contacts, 2);
    let company = world.change(Companies, "create", json!({ "properties": { "name": "New" } }));
    world.pass(30);
    link(&mut world, "add", (Contacts, &contacts[0]), (Companies, &company), Value::Null);
    world.contact("edit", json!({ "id": contacts[0], "properties": { "firstname": "Linked" } }));
    world.pass(30);
    assert!(equal(&world), "with its record");
    link(&mut world, "add", (Contacts, &contacts[1]), (Companies, &company), Value::Null);
    world.pass(30);
    assert!(!equal(&world), "nobody told");
    world.pass(8 * 24 * 60 + 60);
    assert!(equal(&world), "within eight days: a pass begins a day after the first read and takes a week");
    world.verdict().unwrap();
}

#[test]
fn links_that_change_while_the_first_reads_run_are_not_lost() {
    let plan = Plan { links: true, latency_ms: (150, 250), ..plan(2_300, 60, 60) };
    let mut world = World::new(plan);
    assert!(world.until(2, |world| world.status().streams[0].read >= 400));
    world.control("POST", "associations/edit-random", &json!({ "count": 25 }));
    world.hold(TO_COMPANIES, 1);
    assert!(world.until(3, |world| world.held() == 1), "the first page of links");
    let contacts = some(&world, Contacts, 5);
    let company = some(&world, Companies, 1).remove(0);
    for contact in &contacts {
        link(&mut world, "add", (Contacts, contact), (Companies, &company), Value::Null);
    }
    world.pass_ms(3_000);
    world.release();
    world.pass(3);
    world.verdict().unwrap();
}

#[test]
fn what_a_record_counts_is_right_though_the_last_it_was_linked_to_went_before_links_were_read() {
    let mut world = World::new(Plan { webhooks: false, ..plan(3, 3, 1) });
    let (company, deal) = (some(&world, Companies, 1).remove(0), some(&world, Deals, 1).remove(0));
    link(&mut world, "add", (Deals, &deal), (Companies, &company), Value::Null);
    let refused = Fault::Status { status: 503, after_commit: false };
    let reads = Rule { times: None, ..Rule::next(1, refused) }.at(Endpoint::AssociationBatchRead);
    world.simulator.faults.add(reads);
    assert!(world.backfill());
    assert_eq!(world.mirror_of(0, Companies)[&company]["num_associated_deals"], "1");
    world.change(Deals, "archive", json!({ "id": deal }));
    // The count of the hour finds it.
    world.pass(80);
    assert!(world.mirror_of(0, Deals).is_empty());
    world.simulator.faults.clear();
    world.pass(20);
    world.verdict().unwrap();
}

#[test]
fn more_links_than_a_page_holds_are_all_read() {
    for page in [40, 500] {
        let mut plan = plan(700, 3, 0);
        plan.switches.association_batch_page = page;
        let mut world = World::new(plan);
        let (contacts, company) = (some(&world, Contacts, 700), some(&world, Companies, 1).remove(0));
        for contact in &contacts[..620] {
            link(&mut world, "add", (Contacts, contact), (Companies, &company), Value::Null);
        }
        assert!(world.backfill());
        world.pass(2);
        world.verdict().unwrap();
        assert_eq!(associations(&mut world, Companies, &company, Contacts).len(), 620);
        // What the mirror holds is forgotten, so that only the company's own read can bring it back.
        let sql = &world.objects[0].sql.inner;
        spoke::store::sql::Sql::exec(sql, "DELETE FROM links", &[]).unwrap();
        let before = world.calls.len();
        world.change(Companies, "edit", json!({ "id": company, "properties": { "name": "Hub" } }));
        world.pass(1);
        assert!(equal(&world), "pages of {page}");
        assert!(world.counted(before, TO_CONTACTS) >= 620_usize.div_ceil(page));
        // Now that both say the same of it, the hub's date may move as it likes.
        let before = world.calls.len();
        world.change(Companies, "edit", json!({ "id": company, "properties": { "name": "Hub again" } }));
        world.pass(1);
        assert_eq!(world.counted(before, TO_CONTACTS), 0);
    }
}

#[test]
fn links_go_with_an_archived_record_and_come_back_with_it() {
    for kind in ObjectType::ALWAYS {
        let mut world = linked(Plan { links: true, ..plan(30, 6, 12) });
        let links = from_holders(&world.links_of(0, &ObjectType::ALWAYS));
        let (from, id, ..) = *links
            .keys()
            .flat_map(|(from, id, to, other)| [(*from, *id, 0, 0), (*to, *other, 0, 0)])
            .collect::<Vec<_>>()
            .iter()
            .find(|(of, ..)| *of == kind)
            .expect("one of each type is linked");
        world.change(from, "archive", json!({ "id": id.to_string() }));
        world.pass_ms(20_000);
        let left = world.links_of(0, &ObjectType::ALWAYS);
        assert!(left.keys().all(|(from, own, ..)| (*from, *own) != (kind, id)), "{kind}");
        world.verdict().unwrap();
        world.change(from, "restore", json!({ "id": id.to_string() }));
        world.pass_ms(20_000);
        world.verdict().unwrap();
        assert!(world.links_of(0, &ObjectType::ALWAYS).len() > left.len(), "{kind}");
    }
}

#[test]
fn a_merge_moves_links_to_the_record_that_results() {
    for webhooks in [true, false] {
        let mut world = linked(Plan { links: true, webhooks, ..plan(30, 6, 12) });
        for kind in ObjectType::ALWAYS {
            let all = some(&world, kind, 2);
            let of_both: usize =
                ObjectType::ALWAYS.iter().map(|to| associations(&mut world, kind, &all[0], *to).len()).sum();
            let merged = world.change(kind, "merge", json!({ "primary": all[0], "other": all[1] }));
            if webhooks {
                world.pass_ms(30_000);
            } else {
                // Counting finds what is gone; what it was linked to is read again.
                world.pass(130);
            }
            let now: usize =
                ObjectType::ALWAYS.iter().map(|to| associations(&mut world, kind, &merged, *to).len()).sum();
            assert!(now >= of_both, "{kind}");
            assert!(equal(&world), "{kind}, webhooks: {webhooks}");
        }
        world.verdict().unwrap();
    }
}

#[test]
fn the_primary_company_is_a_type_of_its_own_and_moves() {
    let mut world = linked(plan(5, 3, 0));
    let contact = some(&world, Contacts, 1).remove(0);
    let companies = some(&world, Companies, 2);
    let primary = |world: &mut World, id: &str| {
        let all = associations(world, Contacts, &contact, Companies);
        let types = &all.iter().find(|(to, _)| to == id).expect("it is linked").1;
        let labels: Vec<&Value> = types.as_array().unwrap().iter().map(|own| &own["label"]).collect();
        labels.contains(&&json!("Primary"))
    };
    for company in &companies {
        link(&mut world, "add", (Contacts, &contact), (Companies, company), json!([1]));
        world.pass_ms(6_000);
        world.verdict().unwrap();
        assert!(primary(&mut world, company));
    }
    assert!(!primary(&mut world, &companies[0]));
    let of_company = associations(&mut world, Companies, &companies[1], Contacts);
    assert_eq!(
        of_company,
        [(
            contact.clone(),
            json!([
                { "category": "HUBSPOT_DEFINED", "type_id": 2, "label": "Primary" },
                { "category": "HUBSPOT_DEFINED", "type_id": 280, "label": null },
            ])
        )]
    );
}

#[test]
fn own_labels_are_told_from_both_ends_and_go_when_the_account_drops_them() {
    let mut world = linked(plan(5, 3, 0));
    let (contact, company) = (some(&world, Contacts, 1).remove(0), some(&world, Companies, 1).remove(0));
    let body = json!({ "from_type": "contacts", "to_type": "companies", "label": "Adviser", "inverse_label": "Advised" });
    let own = world.control("POST", "associations/label", &body)["results"][0]["typeId"].clone();
    link(&mut world, "add", (Contacts, &contact), (Companies, &company), json!([own]));
    world.pass_ms(10_000);
    world.verdict().unwrap();
    let labels = |world: &mut World, from, id: &str, to| -> Vec<String> {
        let all = associations(world, from, id, to);
        let types = all.iter().flat_map(|(_, types)| types.as_array().unwrap().clone());
        types.filter_map(|own| own["label"].as_str().map(str::to_owned)).collect()
    };
    assert!(labels(&mut world, Contacts, &contact, Companies).contains(&"Adviser".to_owned()));
    assert!(labels(&mut world, Companies, &company, Contacts).contains(&"Advised".to_owned()));
    let path = format!("/crm/associations/2026-09/contacts/companies/labels/{own}");
    world.by_tool("DELETE", &path, &Value::Null);
    world.pass(130);
    assert!(!labels(&mut world, Contacts, &contact, Companies).contains(&"Adviser".to_owned()));
    assert!(equal(&world));
}

#[test]
fn an_older_answer_that_arrives_last_brings_no_link_back() {
    let mut world = linked(plan(5, 3, 0));
    let (contact, company) = (some(&world, Contacts, 1).remove(0), some(&world, Companies, 1).remove(0));
    world.hold(TO_COMPANIES, 1);
    link(&mut world, "add", (Contacts, &contact), (Companies, &company), Value::Null);
    assert!(world.until(1, |world| world.held() == 1));
    world.change(Companies, "archive", json!({ "id": company }));
    world.pass_ms(8_000);
    world.release();
    world.pass_ms(200);
    assert_eq!(associations(&mut world, Contacts, &contact, Companies), []);
    world.pass(1);
    world.verdict().unwrap();

    world.hold(TO_COMPANIES, 1);
    let company = some(&world, Companies, 1).remove(0);
    link(&mut world, "add", (Contacts, &contact), (Companies, &company), Value::Null);
    assert!(world.until(1, |world| world.held() == 1));
    link(&mut world, "remove", (Contacts, &contact), (Companies, &company), Value::Null);
    world.pass_ms(8_000);
    world.release();
    world.pass(1);
    assert_eq!(associations(&mut world, Contacts, &contact, Companies), []);
    world.verdict().unwrap();
}

#[test]
fn an_erased_person_leaves_no_link_anywhere() {
    let mut world = linked(plan(5, 3, 2));
    let contact = some(&world, Contacts, 1).remove(0);
    let (company, deal) = (some(&world, Companies, 1).remove(0), some(&world, Deals, 1).remove(0));
    link(&mut world, "add", (Contacts, &contact), (Companies, &company), Value::Null);
    link(&mut world, "add", (Deals, &deal), (Contacts, &contact), Value::Null);
    world.pass_ms(8_000);
    assert!(
        world.dump_of("feed").contains(&format!("\"to\\\":{contact},"))
            || world.dump_of("feed").contains(&contact)
    );
    world.contact("erase", json!({ "id": contact }));
    world.pass_ms(20_000);
    world.verdict().unwrap();
    assert!(!world.dump_of("links").contains(&contact));
    let feed = world.dump_of("feed");
    assert!(!feed.contains(&format!("\"to\\\":{contact},")), "{feed}");
}

#[test]
fn a_first_read_of_links_costs_a_call_per_thousand_holders_and_two_rows_a_link() {
    let mut world = World::new(Plan { links: true, webhooks: false, ..plan(2_300, 40, 1_200) });
    assert!(world.backfill());
    let rows = world.objects[0].sql.inner.rows_written();
    world.pass(12);
    world.verdict().unwrap();
    for (pair, calls) in [
        ("contacts/companies", 3),
        ("deals/contacts", 2),
        ("deals/companies", 2),
        ("contacts/contacts", 3),
        ("companies/companies", 1),
        ("deals/deals", 2),
        ("companies/contacts", 0),
    ] {
        assert_eq!(world.counted(0, &format!("associations/2026-09/{pair}/batch/read")), calls, "{pair}");
    }
    assert_eq!(world.counted(0, "labels"), 9);
    let links = from_holders(&world.links_of(0, &ObjectType::ALWAYS)).len() as u64;
    let rows = world.objects[0].sql.inner.rows_written() - rows;
    assert!(rows <= 2 * links + 60, "{rows} rows for {links} links");
    assert_eq!(world.own_429s(), 0);
}

#[test]
fn a_changed_record_has_its_links_read_once_a_thousand_a_call() {
    let mut world = linked(Plan { webhooks: false, ..plan(1_500, 3, 0) });
    let before = world.calls.len();
    world.control("POST", "contacts/edit-bulk", &json!({ "count": 1_500 }));
    world.pass(12);
    world.verdict().unwrap();
    let calls = world.counted(before, TO_COMPANIES);
    assert!((2..=4).contains(&calls), "{calls} calls");
    assert_eq!(world.counted(before, TO_CONTACTS), 0);
}

#[test]
fn what_is_wrong_with_a_pair_is_told_with_it_until_it_is_over() {
    let mut world = linked(Plan { links: true, ..plan(30, 3, 0) });
    let all_read = |world: &mut World| {
        let links = world.status().links;
        let well = links.iter().all(|pair| pair.trouble.is_none() && pair.read_at.is_some());
        well && links.len() == 3
    };
    assert!(world.until(15, all_read), "{:?}", world.status().links);
    let refusal = Fault::Status { status: 403, after_commit: false };
    world.simulator.faults.add(Rule::next(100, refusal).at(Endpoint::AssociationBatchRead));
    let contact = some(&world, Contacts, 1).remove(0);
    world.contact("edit", json!({ "id": contact, "properties": { "firstname": "Goes on" } }));
    world.pass(1);
    assert_eq!(super::name_of(&mut world, &contact), "Goes on");
    let status = world.status();
    assert!(status.streams.iter().all(|stream| stream.trouble.is_none()));
    let troubled = status.links.iter().find(|pair| pair.types == [Contacts, Companies]).unwrap();
    assert!(troubled.trouble.as_ref().is_some_and(|trouble| !trouble.words.is_empty()), "{troubled:?}");
    assert!(troubled.due_at.is_some());
    world.simulator.faults.clear();
    assert!(world.until(70, all_read), "{:?}", world.status().links);
    world.verdict().unwrap();
}

#[test]
fn a_pair_that_hubspot_refuses_stops_no_stream_and_a_smaller_batch_is_tried() {
    let mut world = World::new(Plan { links: true, ..plan(150, 3, 0) });
    let refusal = Fault::Status { status: 400, after_commit: false };
    world.simulator.faults.add(Rule::next(1, refusal).at(Endpoint::AssociationBatchRead));
    assert!(world.backfill());
    world.pass(2);
    world.verdict().unwrap();
    assert_eq!(world.counted(0, TO_COMPANIES), 1 + 2, "150 at once, then a hundred and fifty");
    world.simulator.faults.add(
        Rule::next(1, Fault::Status { status: 400, after_commit: false }).at(Endpoint::AssociationBatchRead),
    );
    let (contact, company) = (some(&world, Contacts, 1).remove(0), some(&world, Companies, 1).remove(0));
    link(&mut world, "remove", (Contacts, &contact), (Companies, &company), Value::Null);
    link(&mut world, "add", (Contacts, &contact), (Companies, &company), json!([1]));
    world.contact("edit", json!({ "id": contact, "properties": { "firstname": "Goes on" } }));
    world.pass(10);
    assert_eq!(super::name_of(&mut world, &contact), "Goes on");
    assert!(world.status().streams.iter().all(|stream| stream.trouble.is_none()));
    world.pass(70);
    world.verdict().unwrap();
}

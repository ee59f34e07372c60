//! Links between records.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{PORTAL, World, text};
use crate::change::Change;
use crate::objects::kind::{COMPANIES, CONTACTS, DEALS};
use crate::{Shape, Switches};

const BASE: &str = "/crm/associations/2026-09";

/// A contact, two companies and a deal.
fn small(switches: Switches) -> (World, [u64; 4]) {
    let mut world = World::new(switches);
    let ids = world.portal(|portal, turn| {
        let mut make =
            |kind: &str, values: &[(&str, &str)]| portal.create_record(turn, kind, values).expect("made");
        [
            make("contacts", &[("email", "ada@example.com")]),
            make("companies", &[("name", "Acme")]),
            make("companies", &[("name", "Globex")]),
            make("deals", &[("dealname", "D"), ("dealstage", "closedwon")]),
        ]
    });
    (world, ids)
}

fn link(world: &mut World, from: (&str, u64), to: (&str, u64), types: &[u32]) {
    world.portal(|portal, turn| portal.associate(turn, from, to, types).expect("both live"));
}

/// Linked ids and type ids, as a batch read answers them.
fn read(world: &mut World, from: (&str, u64), to: &str) -> Vec<(u64, Vec<u64>)> {
    let target = format!("{BASE}/{}/{to}/batch/read", from.0);
    let (status, body) = world.post(&target, json!({"inputs": [{"id": from.1.to_string()}]}));
    let Some(result) = body["results"].as_array().expect("results").first() else {
        assert_eq!(status, 207);
        assert_eq!(body["errors"][0]["subCategory"], "crm.associations.NO_ASSOCIATIONS_FOUND");
        return Vec::new();
    };
    assert_eq!(status, 200);
    let types = |link: &Value| {
        let all = link["associationTypes"].as_array().expect("types").iter();
        all.map(|own| own["typeId"].as_u64().expect("a number")).collect()
    };
    let all = result["to"].as_array().expect("links").iter();
    all.map(|link| (text(&link["toObjectId"]).parse().expect("an id"), types(link))).collect()
}

fn value(world: &mut World, kind: &str, id: u64, name: &str) -> Value {
    world.get(&format!("/crm/objects/2026-09/{kind}/{id}?properties={name}")).1["properties"][name].clone()
}

#[test]
fn a_link_is_seen_from_both_sides_with_the_inverse_types() {
    let (mut world, [contact, company, _, deal]) = small(Switches::default());
    link(&mut world, ("contacts", contact), ("companies", company), &[]);
    link(&mut world, ("deals", deal), ("contacts", contact), &[]);
    assert_eq!(read(&mut world, ("contacts", contact), "companies"), [(company, vec![1, 279])]);
    assert_eq!(read(&mut world, ("companies", company), "contacts"), [(contact, vec![2, 280])]);
    assert_eq!(read(&mut world, ("contacts", contact), "deals"), [(deal, vec![4])]);
    assert_eq!(read(&mut world, ("deals", deal), "contacts"), [(contact, vec![3])]);
    assert_eq!(read(&mut world, ("deals", deal), "companies"), []);
}

#[test]
fn only_the_first_company_becomes_primary_by_itself_and_only_by_the_switch() {
    let (mut world, [contact, company, other, _]) = small(Switches::default());
    link(&mut world, ("contacts", contact), ("companies", company), &[]);
    link(&mut world, ("companies", other), ("contacts", contact), &[]);
    let links = read(&mut world, ("contacts", contact), "companies");
    assert_eq!(links, [(company, vec![1, 279]), (other, vec![279])]);
    let (mut world, [contact, company, ..]) =
        small(Switches { first_company_becomes_primary: false, ..Switches::default() });
    link(&mut world, ("contacts", contact), ("companies", company), &[]);
    assert_eq!(read(&mut world, ("contacts", contact), "companies"), [(company, vec![279])]);
}

#[test]
fn a_record_has_one_primary_company_at_most_even_when_an_archived_one_comes_back() {
    let (mut world, [contact, company, other, _]) = small(Switches::default());
    link(&mut world, ("contacts", contact), ("companies", company), &[]);
    world.portal(|portal, turn| portal.archive_record(turn, "companies", company).expect("live"));
    assert_eq!(value(&mut world, "contacts", contact, "associatedcompanyid"), Value::Null);
    link(&mut world, ("contacts", contact), ("companies", other), &[1]);
    world.portal(|portal, turn| portal.restore_record(turn, "companies", company).expect("archived"));
    let links = read(&mut world, ("contacts", contact), "companies");
    assert_eq!(links, [(company, vec![279]), (other, vec![1, 279])]);
    assert_eq!(value(&mut world, "contacts", contact, "associatedcompanyid"), json!(other.to_string()));
}

#[test]
fn counts_follow_links_and_records_without_modifying_them() {
    let (mut world, [contact, company, _, deal]) = small(Switches::default());
    let modified = |world: &mut World| {
        world.get(&format!("/crm/objects/2026-09/companies/{company}")).1["updatedAt"].clone()
    };
    let before = modified(&mut world);
    assert_eq!(value(&mut world, "companies", company, "num_associated_contacts"), Value::Null);
    link(&mut world, ("contacts", contact), ("companies", company), &[]);
    link(&mut world, ("deals", deal), ("companies", company), &[]);
    assert_eq!(value(&mut world, "companies", company, "num_associated_contacts"), "1");
    assert_eq!(value(&mut world, "companies", company, "num_associated_deals"), "1");
    let call = |world: &mut World, method: &str| {
        world.call(method, &format!("/crm/objects/2026-09/contacts/{contact}"), None).0
    };
    assert_eq!(call(&mut world, "DELETE"), 204);
    assert_eq!(value(&mut world, "companies", company, "num_associated_contacts"), "0");
    assert_eq!(read(&mut world, ("companies", company), "contacts"), []);
    world.portal(|portal, turn| portal.restore_record(turn, "contacts", contact).expect("archived"));
    assert_eq!(value(&mut world, "companies", company, "num_associated_contacts"), "1");
    world.portal(|portal, turn| portal.erase_record(turn, "contacts", contact).expect("live"));
    assert_eq!(value(&mut world, "companies", company, "num_associated_contacts"), "0");
    assert_eq!(modified(&mut world), before);
    world.settle();
    let filter = json!({"propertyName": "num_associated_contacts", "operator": "EQ", "value": "0"});
    let search = json!({"filterGroups": [{"filters": [filter]}]});
    let (_, found) = world.post("/crm/objects/2026-09/companies/search", search);
    assert_eq!(found["total"], 1, "search knows the counts");
}

#[test]
fn merging_moves_links_and_drops_a_surplus_primary() {
    let (mut world, [contact, company, other, deal]) = small(Switches::default());
    let second = world.portal(|portal, turn| {
        portal.create_record(turn, "contacts", &[("email", "bob@example.com")]).expect("made")
    });
    link(&mut world, ("contacts", contact), ("companies", company), &[]);
    link(&mut world, ("contacts", second), ("companies", other), &[]);
    link(&mut world, ("contacts", second), ("deals", deal), &[]);
    let merged =
        world.portal(|portal, turn| portal.merge_records(turn, "contacts", contact, second).expect("live"));
    let links = read(&mut world, ("contacts", merged), "companies");
    assert_eq!(links, [(company, vec![1, 279]), (other, vec![279])]);
    assert_eq!(read(&mut world, ("companies", other), "contacts"), [(merged, vec![280])]);
    assert_eq!(read(&mut world, ("deals", deal), "contacts"), [(merged, vec![3])]);
    assert_eq!(read(&mut world, ("contacts", contact), "companies"), []);
    assert_eq!(value(&mut world, "deals", deal, "num_associated_contacts"), "1");
    let one =
        world.portal(|portal, turn| portal.merge_records(turn, "companies", company, other).expect("live"));
    assert_eq!(read(&mut world, ("contacts", merged), "companies"), [(one, vec![1, 279])]);
}

#[test]
fn own_labels_come_with_their_inverse_and_go_from_every_link() {
    let (mut world, [contact, company, ..]) = small(Switches::default());
    let labels = format!("{BASE}/contacts/companies/labels");
    let new = json!({"label": "Billing", "name": "billing", "inverseLabel": "Billed by"});
    let (_, made) = world.post(&labels, new);
    let id = made["results"][0]["typeId"].as_u64().expect("an id") as u32;
    let inverse = made["results"][1]["typeId"].as_u64().expect("an id");
    link(&mut world, ("contacts", contact), ("companies", company), &[id]);
    let from_there = read(&mut world, ("companies", company), "contacts");
    assert_eq!(from_there, [(contact, vec![2, inverse, 280])]);
    assert_eq!(world.call("DELETE", &format!("{labels}/{id}"), None).0, 204);
    assert_eq!(read(&mut world, ("companies", company), "contacts"), [(contact, vec![2, 280])]);
    assert_eq!(world.call("DELETE", &format!("{labels}/1"), None).0, 400, "HubSpot's own stay");
    let refused = world
        .portal(|portal, turn| portal.associate(turn, ("contacts", contact), ("companies", company), &[id]));
    assert!(refused.is_err());
}

#[test]
fn taking_the_unlabelled_type_takes_all() {
    let (mut world, [contact, company, ..]) = small(Switches::default());
    link(&mut world, ("contacts", contact), ("companies", company), &[]);
    let input = json!({"from": {"id": contact.to_string()}, "to": {"id": company.to_string()},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]});
    let target = format!("{BASE}/contacts/companies/batch/labels/archive");
    assert_eq!(world.post(&target, json!({"inputs": [input]})).0, 200);
    assert_eq!(read(&mut world, ("contacts", contact), "companies"), [(company, vec![279])]);
    let mut input = input;
    input["types"][0]["associationTypeId"] = json!(279);
    assert_eq!(world.post(&target, json!({"inputs": [input]})).0, 200);
    assert_eq!(read(&mut world, ("contacts", contact), "companies"), []);
}

#[test]
fn a_batch_read_pages_through_the_many_links_of_one_record() {
    let mut world = World::new(Switches { association_batch_page: 40, ..Switches::default() });
    let company = world.portal(|portal, turn| {
        portal.seed_contacts(turn, 100, &Shape::default());
        let company = portal.create_record(turn, "companies", &[("name", "Acme")]).expect("made");
        let ids: Vec<u64> = portal.records("contacts", 0).map(|view| view.record.id).collect();
        for id in ids {
            portal.associate(turn, ("contacts", id), ("companies", company), &[]).expect("both live");
        }
        company
    });
    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut input = json!({"id": company.to_string()});
        if let Some(after) = &after {
            input["after"] = json!(after);
        }
        let (_, body) =
            world.post(&format!("{BASE}/companies/contacts/batch/read"), json!({"inputs": [input]}));
        let result = &body["results"][0];
        seen.extend(result["to"].as_array().expect("links").iter().map(|link| text(&link["toObjectId"])));
        match result["paging"]["next"]["after"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 100);
    let target = format!("/crm/objects/2026-09/companies/{company}/associations/contacts?limit=60");
    let (_, page) = world.get(&target);
    assert_eq!(page["results"].as_array().expect("results").len(), 60);
    assert!(page["paging"]["next"]["after"].is_string());
    let inputs: Vec<Value> = (0..1001).map(|id| json!({"id": id.to_string()})).collect();
    assert_eq!(
        world.post(&format!("{BASE}/companies/contacts/batch/read"), json!({"inputs": inputs})).0,
        400
    );
}

#[test]
fn each_side_is_told_and_a_primary_link_twice() {
    let (mut world, [contact, company, ..]) = small(Switches::default());
    world.sim.changes.watch(PORTAL, true);
    link(&mut world, ("contacts", contact), ("companies", company), &[]);
    world.portal(|portal, turn| {
        portal.dissociate(turn, ("companies", company), ("contacts", contact), None).expect("both live");
    });
    let mut told = BTreeMap::new();
    while let Some(event) = world.sim.changes.take() {
        if let Change::Association { removed, primary, .. } = event.change {
            *told.entry((event.object_type_id, removed, primary)).or_insert(0) += 1;
        }
    }
    let every = ["0-1", "0-2"].into_iter().flat_map(|kind| {
        [false, true].into_iter().flat_map(move |removed| {
            [false, true].into_iter().map(move |primary| ((kind, removed, primary), 1))
        })
    });
    assert_eq!(told, every.collect());
}

#[test]
fn a_new_record_can_bring_its_links() {
    let (mut world, [contact, company, ..]) = small(Switches::default());
    let link = |id: u64, type_id: u32| {
        json!({"to": {"id": id.to_string()},
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]})
    };
    let new = |links: Value| json!({"properties": {"dealname": "D", "dealstage": "closedwon"}, "associations": links});
    let path = "/crm/objects/2026-09/deals";
    let (status, made) = world.post(path, new(json!([link(contact, 3), link(company, 5)])));
    assert_eq!(status, 201, "{made}");
    let id = text(&made["id"]).parse().expect("an id");
    assert_eq!(read(&mut world, ("deals", id), "companies"), [(company, vec![5, 341])]);
    let (status, refused) = world.post(path, new(json!([link(999_999, 3)])));
    assert_eq!((status, &refused["message"]), (400, &json!("One or more associations are invalid")));
    assert_eq!(world.post(path, new(json!([link(contact, 279)]))).0, 400, "a type of another pair");
    world.portal(|portal, _| assert_eq!(portal.live_count("deals"), 2, "a refused one is not made"));
    let batch = json!({"inputs": [new(json!([link(contact, 3)]))]});
    let (status, made) = world.post(&format!("{path}/batch/create"), batch);
    let id = text(&made["results"][0]["id"]).parse().expect("an id");
    assert_eq!((status, read(&mut world, ("deals", id), "contacts")), (201, vec![(contact, vec![3])]));
}

#[test]
fn records_without_links_stay_as_they_are_whatever_becomes_of_them() {
    let mut world = World::seeded(200, Switches::default());
    let dump = |world: &mut World, id: u64| {
        world.portal(|portal, _| {
            let mut out = Vec::new();
            portal.dump("contacts", id, 1, &mut out);
            out
        })
    };
    for id in world.live_ids() {
        let id: u64 = id.parse().expect("a number");
        let before = dump(&mut world, id);
        world.portal(|portal, turn| {
            portal.archive_record(turn, "contacts", id).expect("live");
            portal.restore_record(turn, "contacts", id).expect("archived");
        });
        assert_eq!(dump(&mut world, id), before);
    }
}

#[test]
fn counts_stay_true_through_random_lives() {
    for seed in 0..8 {
        let mut world = World::new(Switches::default());
        world.portal(|portal, turn| {
            portal.rng = fastrand::Rng::with_seed(seed);
            for kind in [&CONTACTS, &COMPANIES, &DEALS] {
                portal.seed(turn, kind, 40, &Shape::default());
            }
            assert!(portal.seed_associations(turn.now_ms) > 60);
        });
        for _ in 0..30 {
            world.now_ms += 500;
            world.portal(|portal, turn| {
                portal.edit_associations(turn, 5);
                for kind in [&CONTACTS, &COMPANIES, &DEALS] {
                    portal.edit_random_of(turn, kind, 3);
                }
            });
        }
        world.portal(|portal, _| {
            let counted = [
                ("companies", "contacts", "num_associated_contacts"),
                ("companies", "deals", "num_associated_deals"),
                ("contacts", "deals", "num_associated_deals"),
                ("deals", "contacts", "num_associated_contacts"),
            ];
            for (from, to, name) in counted {
                let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
                for link in portal.associations(from, to) {
                    *counts.entry(link.from).or_default() += 1;
                }
                let back = portal.associations(to, from);
                assert_eq!(counts.values().sum::<usize>(), back.len(), "{from} {to} from both sides");
                for view in portal.records(from, 0) {
                    if view.record.state != crate::State::Live {
                        continue;
                    }
                    let found =
                        view.values().find(|(own, _)| *own == name).map(|(_, value)| value.into_owned());
                    let expected = counts.get(&view.record.id).copied().unwrap_or(0);
                    assert_eq!(
                        found.map_or(0, |text| text.parse().expect("a number")),
                        expected,
                        "{from} {name}"
                    );
                }
            }
            for (holder, primary) in [("contacts", 1), ("deals", 5)] {
                let mut primaries = BTreeMap::new();
                for link in portal.associations(holder, "companies") {
                    *primaries.entry(link.from).or_insert(0) += i32::from(link.types.contains(&primary));
                }
                assert!(primaries.values().all(|count| *count <= 1), "{holder}");
            }
        });
    }
}

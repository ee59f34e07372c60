//! What companies and deals have in common with contacts, and what not.

use serde_json::{Value, json};

use super::{PORTAL, World, ids, text};
use crate::objects::kind::{COMPANIES, DEALS, ObjectKind};
use crate::objects::record::State;
use crate::{Shape, Switches};

const COMPANIES_PATH: &str = "/crm/objects/2026-09/companies";
const DEALS_PATH: &str = "/crm/objects/2026-09/deals";

fn seeded(kind: &'static ObjectKind, count: u32, switches: Switches) -> World {
    let mut world = World::new(switches);
    world.portal(|portal, turn| portal.seed(turn, kind, count, &Shape::default()));
    world
}

fn made(world: &mut World, path: &str, properties: Value) -> String {
    let (status, body) = world.post(path, json!({"properties": properties}));
    assert_eq!(status, 201, "{body}");
    text(&body["id"])
}

#[test]
fn each_type_answers_its_own_default_properties() {
    let mut world = World::new(Switches::default());
    let company = made(&mut world, COMPANIES_PATH, json!({"name": "Acme"}));
    let deal = made(&mut world, DEALS_PATH, json!({"dealname": "D", "dealstage": "closedwon"}));
    for (path, id, kind) in [(COMPANIES_PATH, company, &COMPANIES), (DEALS_PATH, deal, &DEALS)] {
        let (status, body) = world.get(&format!("{path}/{id}"));
        assert_eq!(status, 200);
        let mut shown: Vec<&str> =
            body["properties"].as_object().expect("properties").keys().map(String::as_str).collect();
        shown.sort_unstable();
        assert_eq!(shown, kind.default_properties);
    }
}

#[test]
fn types_share_ids_but_not_records() {
    let mut world = World::new(Switches::default());
    let contact = world.contact("ada@example.com", "Ada");
    let company = made(&mut world, COMPANIES_PATH, json!({"name": "Acme"}));
    assert_eq!(contact, company, "the first ids of two types are the same");
    assert_eq!(world.call("DELETE", &format!("{COMPANIES_PATH}/{company}"), None).0, 204);
    assert_eq!(world.get(&format!("/crm/objects/2026-09/contacts/{contact}")).0, 200);
    assert_eq!(world.get(&format!("/crm/objects/2026-09/0-2/{company}")).0, 404);
}

#[test]
fn a_company_needs_a_name_or_domain_and_a_deal_a_name_and_stage() {
    let mut world = World::new(Switches::default());
    assert_eq!(world.post(COMPANIES_PATH, json!({"properties": {"city": "Bonn"}})).0, 400);
    assert_eq!(world.post(DEALS_PATH, json!({"properties": {"dealname": "D"}})).0, 400);
    assert_eq!(world.post(DEALS_PATH, json!({"properties": {"dealstage": "closedwon"}})).0, 400);
    let wrong = json!({"properties": {"dealname": "D", "dealstage": "nowhere"}});
    assert_eq!(world.post(DEALS_PATH, wrong).0, 400);
}

#[test]
fn two_companies_may_have_one_domain() {
    let mut world = World::new(Switches::default());
    let one = made(&mut world, COMPANIES_PATH, json!({"domain": "acme.example"}));
    let two = made(&mut world, COMPANIES_PATH, json!({"domain": "acme.example"}));
    assert_ne!(one, two);
}

#[test]
fn a_merged_company_keeps_the_other_domains_and_a_new_id() {
    let mut world = World::new(Switches::default());
    let one = made(&mut world, COMPANIES_PATH, json!({"domain": "acme.example", "name": "Acme"}));
    let two = made(&mut world, COMPANIES_PATH, json!({"domain": "acme.test", "phone": "1"}));
    let merge = json!({"primaryObjectId": one, "objectIdToMerge": two});
    let (status, merged) = world.post(&format!("{COMPANIES_PATH}/merge"), merge);
    assert_eq!(status, 200, "{merged}");
    let id = text(&merged["id"]);
    assert!(id != one && id != two);
    let target =
        format!("{COMPANIES_PATH}/{one}?properties=domain,hs_additional_domains,phone,hs_merged_object_ids");
    let (_, body) = world.get(&target);
    assert_eq!(body["id"], json!(id), "an old id leads to the new record");
    let values = &body["properties"];
    assert_eq!((&values["domain"], &values["phone"]), (&json!("acme.example"), &json!("1")));
    assert_eq!(values["hs_additional_domains"], "acme.test");
    assert_eq!(values["hs_merged_object_ids"], json!(format!("{one};{two}")));
}

#[test]
fn a_merged_deal_gets_a_new_id_unless_the_switch_keeps_the_primarys() {
    for keeps in [false, true] {
        let mut world = World::new(Switches { deal_merge_keeps_primary_id: keeps, ..Switches::default() });
        let deal = json!({"dealname": "D", "dealstage": "closedwon"});
        let (one, two) = (made(&mut world, DEALS_PATH, deal.clone()), made(&mut world, DEALS_PATH, deal));
        let merge = json!({"primaryObjectId": one, "objectIdToMerge": two});
        let (status, merged) = world.post(&format!("{DEALS_PATH}/merge"), merge);
        assert_eq!((status, merged["id"] == json!(one)), (200, keeps));
        world.portal(|portal, _| {
            assert_eq!(portal.live_count("deals"), 1);
            let live = portal.records("deals", 0).filter(|view| view.record.state == State::Live).count();
            assert_eq!(live, 1);
        });
    }
}

#[test]
fn a_deals_stage_decides_whether_it_is_closed() {
    let mut world = World::new(Switches::default());
    let id = made(&mut world, DEALS_PATH, json!({"dealname": "D", "dealstage": "qualifiedtobuy"}));
    let target = format!("{DEALS_PATH}/{id}?properties=hs_is_closed,hs_is_closed_won,pipeline");
    let values = world.get(&target).1["properties"].clone();
    assert_eq!((&values["hs_is_closed"], &values["pipeline"]), (&json!("false"), &json!("default")));
    world.call(
        "PATCH",
        &format!("{DEALS_PATH}/{id}"),
        Some(json!({"properties": {"dealstage": "closedlost"}})),
    );
    let values = world.get(&target).1["properties"].clone();
    assert_eq!((&values["hs_is_closed"], &values["hs_is_closed_won"]), (&json!("true"), &json!("false")));
}

#[test]
fn only_contacts_can_be_erased_by_api() {
    let mut world = World::new(Switches::default());
    let id = made(&mut world, COMPANIES_PATH, json!({"name": "Acme"}));
    assert_eq!(world.post(&format!("{COMPANIES_PATH}/gdpr-delete"), json!({"objectId": id})).0, 404);
}

#[test]
fn a_type_without_its_scope_is_refused_and_the_others_go_on() {
    let mut world = World::new(Switches::default());
    let removed = ["crm.objects.companies.read".to_owned(), "crm.schemas.companies.read".to_owned()];
    assert_eq!(world.sim.access.remove_scopes(1, PORTAL, &removed), 1);
    let (status, body) = world.get(COMPANIES_PATH);
    assert_eq!((status, &body["category"]), (403, &json!("MISSING_SCOPES")));
    let named = &body["errors"][0]["context"]["requiredGranularScopes"];
    assert_eq!(named, &json!(["crm.objects.companies.read"]));
    assert_eq!(world.get("/crm/properties/2026-09/companies").0, 403);
    for path in [DEALS_PATH, "/crm/objects/2026-09/contacts", "/crm/properties/2026-09/deals"] {
        assert_eq!(world.get(path).0, 200, "{path}");
    }
}

#[test]
fn search_lags_and_finds_by_the_types_own_modified_date() {
    for (kind, path) in [(&COMPANIES, COMPANIES_PATH), (&DEALS, DEALS_PATH)] {
        let mut world = seeded(kind, 30, Switches::default());
        let since = world.now_ms.to_string();
        let changed = |world: &mut World, property: &str| {
            let filter = json!({"propertyName": property, "operator": "GTE", "value": since});
            let body = json!({"filterGroups": [{"filters": [filter]}], "limit": 200});
            let (status, body) = world.post(&format!("{path}/search"), body);
            assert_eq!(status, 200, "{body}");
            ids(&body).len()
        };
        world.now_ms += 1_000;
        let edits = world.portal(|portal, turn| portal.bulk_edit_of(turn, kind, 12));
        assert_eq!(edits.updated, 12);
        assert_eq!(changed(&mut world, "hs_lastmodifieddate"), 0, "search lags");
        world.settle();
        assert_eq!(changed(&mut world, "hs_lastmodifieddate"), 12);
    }
}

#[test]
fn generated_records_are_believable_and_edits_of_every_kind_but_erasure() {
    for kind in [&COMPANIES, &DEALS] {
        let mut world = seeded(kind, 200, Switches::default());
        let average = world.portal(|portal, _| {
            portal.records(kind.name, 0).map(|view| view.values().count()).sum::<usize>() / 200
        });
        assert!((26..=34).contains(&average), "{average} of {}", kind.name);
        for set in kind.required {
            world.portal(|portal, _| {
                let has = portal.records(kind.name, 0).filter(|view| {
                    view.values().any(|(name, value)| set.contains(&name) && !value.is_empty())
                });
                assert!(has.count() >= 190, "{set:?}");
            });
        }
        let mut sum = crate::generator::Edits::default();
        for _ in 0..50 {
            world.now_ms += 500;
            let edits = world.portal(|portal, turn| portal.edit_random_of(turn, kind, 10));
            assert_eq!(edits.total(), 10, "{edits:?}");
            sum.created += edits.created;
            sum.archived += edits.archived;
            sum.restored += edits.restored;
            sum.merged += edits.merged;
            sum.erased += edits.erased;
        }
        assert!(sum.created > 0 && sum.archived > 0 && sum.restored > 0 && sum.merged > 0, "{sum:?}");
        assert_eq!(sum.erased, 0);
        world.portal(|portal, _| {
            let live = portal.records(kind.name, 0).filter(|view| view.record.state == State::Live).count();
            assert_eq!(live, portal.live_count(kind.name));
            assert_eq!(portal.live_count("contacts"), 0);
        });
    }
}

#[test]
fn properties_are_each_types_own() {
    let mut world = World::new(Switches::default());
    let body = json!({"name": "acme_score", "label": "Score", "type": "number", "fieldType": "number",
        "groupName": "companyinformation"});
    assert_eq!(world.post("/crm/properties/2026-09/companies", body).0, 201);
    assert_eq!(world.get("/crm/properties/2026-09/companies/acme_score").0, 200);
    assert_eq!(world.get("/crm/properties/2026-09/deals/acme_score").0, 404);
    assert_eq!(world.get("/crm/properties/2026-09/deals/dealstage").0, 200);
    assert_eq!(world.get("/crm/properties/2026-09/contacts/dealstage").0, 404);
}

//! Owners and pipelines.

use serde_json::{Value, json};

use super::{World, ids, text};
use crate::owners::{Owner, Team};
use crate::pipelines::{Pipeline, Stage};
use crate::{Shape, Switches};

const OWNERS: &str = "/crm/owners/2026-09";
const PIPELINES: &str = "/crm/pipelines/2026-09/deals";

#[test]
fn owners_come_in_pages_live_and_archived_apart() {
    let mut world = World::new(Switches::default());
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let (status, page) = world.get(&format!("{OWNERS}?limit=3&after={after}"));
        assert_eq!(status, 200);
        seen.extend(ids(&page));
        match page["paging"]["next"]["after"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    assert_eq!(seen.len(), 8);
    let (_, archived) = world.get(&format!("{OWNERS}?archived=true"));
    assert_eq!(archived["results"][0]["lastName"], "Sammet");
    assert_eq!(archived["results"][0]["userId"], Value::Null);
    let id = text(&archived["results"][0]["id"]);
    assert_eq!(world.get(&format!("{OWNERS}/{id}")).0, 404);
    assert_eq!(world.get(&format!("{OWNERS}/{id}?archived=true")).0, 200);
}

#[test]
fn an_owner_is_found_by_email_and_by_user() {
    let mut world = World::new(Switches::default());
    let (_, found) = world.get(&format!("{OWNERS}?email=ADA@example.com"));
    let ada = &found["results"][0];
    assert_eq!(ada["teams"][0]["primary"], true);
    assert_ne!(ada["id"].as_str().map(str::to_owned), ada["userId"].as_u64().map(|id| id.to_string()));
    let (_, by_user) = world.get(&format!("{OWNERS}/{}?idProperty=userId", ada["userId"]));
    assert_eq!(&by_user, ada);
}

#[test]
fn people_add_and_archive_owners() {
    let mut world = World::new(Switches::default());
    let team = Team { id: "7".into(), name: "New".into(), primary: true };
    let now_ms = world.now_ms;
    let id = world.portal(|portal, _| {
        let owner = Owner { email: "new@example.com".into(), teams: vec![team], ..Owner::default() };
        portal.put_owner(now_ms, owner)
    });
    assert_eq!(world.get(&format!("{OWNERS}/{id}")).1["teams"][0]["name"], "New");
    world.portal(|portal, _| assert!(portal.set_owner_archived(now_ms, id, true)));
    assert_eq!(world.get(&format!("{OWNERS}/{id}")).0, 404);
}

#[test]
fn generated_records_belong_to_owners_that_exist_one_of_them_archived() {
    let mut world = World::new(Switches::default());
    world.portal(|portal, turn| {
        portal.seed_contacts(turn, 300, &Shape::default());
        let owners: Vec<(String, bool)> =
            portal.owners().iter().map(|owner| (owner.id.to_string(), owner.archived)).collect();
        let mut archived = 0;
        for view in portal.records("contacts", 0) {
            let of = |(name, value): (&str, std::borrow::Cow<'_, str>)| {
                (name == "hubspot_owner_id").then(|| value.into_owned())
            };
            if let Some(id) = view.values().find_map(of) {
                let owner = owners.iter().find(|owner| owner.0 == id).expect("an owner");
                archived += u32::from(owner.1);
            }
        }
        assert!(archived > 0);
    });
}

fn second_pipeline() -> Pipeline {
    let stage = |id: &str, closed: bool| Stage {
        id: id.into(),
        label: id.into(),
        metadata: [("isClosed".into(), closed.to_string()), ("probability".into(), "1.0".into())].into(),
        created_at: 0,
        updated_at: 0,
    };
    Pipeline {
        id: "renewals".into(),
        label: "Renewals".into(),
        display_order: 1,
        stages: vec![stage("11", false), stage("12", true)],
        created_at: 0,
        updated_at: 0,
    }
}

#[test]
fn a_new_pipelines_stages_can_be_set_and_are_options() {
    let mut world = World::new(Switches::default());
    let deal = json!({"properties": {"dealname": "D", "dealstage": "12"}});
    assert_eq!(world.post("/crm/objects/2026-09/deals", deal.clone()).0, 400);
    world.portal(|portal, turn| portal.put_pipeline(turn, second_pipeline()));
    let (_, all) = world.get(PIPELINES);
    assert_eq!(all["results"].as_array().expect("results").len(), 2);
    let (status, made) = world.post("/crm/objects/2026-09/deals", deal);
    assert_eq!((status, &made["properties"]["pipeline"]), (201, &json!("renewals")));
    let (_, listed) = world.get("/crm/properties/2026-09/deals");
    let named = |property: &&Value| property["name"] == "dealstage";
    let stage = listed["results"].as_array().expect("results").iter().find(named).expect("dealstage");
    assert_eq!(stage["options"].as_array().expect("options").len(), 9);
    assert_eq!(world.get("/crm/properties/2026-09/deals/dealstage").1["options"], stage["options"]);
    let wrong = json!({"properties": {"dealname": "D", "dealstage": "12", "pipeline": "default"}});
    assert_eq!(world.post("/crm/objects/2026-09/deals", wrong).0, 400);
}

#[test]
fn which_deals_are_closed_follows_the_stages_without_modifying_them() {
    let mut world = World::new(Switches::default());
    world.portal(|portal, turn| portal.put_pipeline(turn, second_pipeline()));
    let deal = json!({"properties": {"dealname": "D", "dealstage": "11"}});
    let id = text(&world.post("/crm/objects/2026-09/deals", deal).1["id"]);
    let target = format!("/crm/objects/2026-09/deals/{id}?properties=hs_is_closed,dealstage");
    let before = world.get(&target).1;
    assert_eq!(before["properties"]["hs_is_closed"], "false");
    let mut changed = second_pipeline();
    changed.stages[0].metadata.insert("isClosed".into(), "true".into());
    world.portal(|portal, turn| portal.put_pipeline(turn, changed));
    let after = world.get(&target).1;
    assert_eq!(after["properties"]["hs_is_closed"], "true");
    assert_eq!(after["updatedAt"], before["updatedAt"]);
    world.portal(|portal, turn| assert!(portal.remove_pipeline(turn, "renewals")));
    let kept = world.get(&target).1;
    assert_eq!(
        (&kept["properties"]["dealstage"], &kept["properties"]["hs_is_closed"]),
        (&json!("11"), &json!("false"))
    );
}

#[test]
fn contacts_have_no_pipelines_here() {
    let mut world = World::new(Switches::default());
    assert_eq!(world.get("/crm/pipelines/2026-09/contacts").0, 400);
    assert_eq!(world.get("/crm/pipelines/2026-09/unicorns").0, 400);
}

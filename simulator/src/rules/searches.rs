use serde_json::{Value, json};

use super::{START, World, ids, sorted, text};
use crate::Switches;

const SEARCH: &str = "/crm/objects/2026-09/contacts/search";

fn filter(name: &str, operator: &str, value: &str) -> Value {
    json!({"propertyName": name, "operator": operator, "value": value})
}

fn search(filters: Vec<Value>) -> Value {
    json!({"filterGroups": [{"filters": filters}], "limit": 200})
}

/// Ids found by one filter, after the index caught up.
fn found(world: &mut World, condition: Value) -> Vec<String> {
    let (status, body) = world.post(SEARCH, search(vec![condition]));
    assert_eq!(status, 200, "{body}");
    ids(&body)
}

#[test]
fn a_new_contact_shows_in_search_only_after_the_lag() {
    let mut world =
        World::new(Switches { search_lag_min_ms: 5_000, search_lag_max_ms: 5_000, ..Switches::default() });
    let id = world.contact("ada@example.com", "Ada");
    assert_eq!(found(&mut world, filter("firstname", "EQ", "ada")).len(), 0);
    world.now_ms += 5_000;
    assert_eq!(found(&mut world, filter("firstname", "EQ", "ada")), [id.clone()]);
    world.call(
        "PATCH",
        &format!("/crm/objects/2026-09/contacts/{id}"),
        Some(json!({"properties": {"firstname": "Eve"}})),
    );
    assert_eq!(
        found(&mut world, filter("firstname", "EQ", "ada")),
        [id.clone()],
        "search still knows the old value"
    );
    world.call("DELETE", &format!("/crm/objects/2026-09/contacts/{id}"), None);
    world.settle();
    assert_eq!(found(&mut world, json!({"propertyName": "firstname", "operator": "HAS_PROPERTY"})).len(), 0);
}

#[test]
fn an_edit_of_an_hour_ago_has_the_date_of_then_and_shows_when_it_would_have() {
    let straggling =
        Switches { search_straggler_one_in: 1, search_straggler_ms: 3_600_000, ..Switches::default() };
    let mut world = World::new(Switches::default());
    let id = world.contact("ada@example.com", "Ada");
    world.settle();
    world.sim.switches = straggling;
    world.now_ms += 7_200_000;
    let edit = json!({"id": id, "properties": {"firstname": "Eve"}, "ago_ms": 3_590_000});
    let (status, _) = world.post("/__control/contacts/edit", edit);
    assert_eq!(status, 200);
    let (_, read) = world.get(&format!("/crm/objects/2026-09/contacts/{id}?properties=firstname"));
    assert_eq!(read["properties"]["firstname"], "Eve");
    assert_eq!(found(&mut world, filter("firstname", "EQ", "eve")).len(), 0);
    world.now_ms += 10_000;
    assert_eq!(found(&mut world, filter("firstname", "EQ", "eve")), [id]);
    let dated = crate::time::iso(world.now_ms - 3_600_000);
    assert_eq!(read["updatedAt"].as_str().unwrap()[..16], dated[..16], "within the minute");
}

#[test]
fn an_older_change_that_arrives_late_does_not_undo_a_newer_one() {
    for seed in 0..50 {
        let switches = Switches { search_lag_min_ms: 0, search_lag_max_ms: 30_000, ..Switches::default() };
        let mut world = World::new(switches);
        world.portal(|portal, _| portal.rng = fastrand::Rng::with_seed(seed));
        let id = world.contact("ada@example.com", "v0");
        for version in 1..8 {
            let body = json!({"properties": {"firstname": format!("v{version}")}});
            world.call("PATCH", &format!("/crm/objects/2026-09/contacts/{id}"), Some(body));
        }
        world.settle();
        assert_eq!(found(&mut world, filter("firstname", "EQ", "v7")), [id]);
    }
}

#[test]
fn a_task_is_found_by_each_of_the_queues_that_it_stands_in() {
    let mut world = World::new(Switches::default());
    let tasks = "/crm/objects/2026-09/tasks";
    for (subject, queues) in [("both", "12;34"), ("other", "120"), ("none", "")] {
        let task = json!({"properties": {
            "hs_task_subject": subject, "hs_timestamp": "2026-11-20T12:00:00Z", "hs_queue_membership_ids": queues,
        }});
        assert_eq!(world.post(tasks, task).0, 201);
    }
    world.settle();
    for (queue, count) in [("12", 1), ("34", 1), ("120", 1), ("2", 0)] {
        let wanted = filter("hs_queue_membership_ids", "CONTAINS_TOKEN", queue);
        let (status, body) = world.post(&format!("{tasks}/search"), search(vec![wanted]));
        assert_eq!((status, &body["total"]), (200, &json!(count)), "{queue}: {body}");
    }
}

#[test]
fn a_straggler_shows_an_hour_late() {
    let switches = Switches { search_straggler_one_in: 1, ..Switches::default() };
    let mut world = World::new(switches);
    world.contact("ada@example.com", "Ada");
    world.settle();
    assert_eq!(found(&mut world, filter("firstname", "EQ", "ada")).len(), 0);
    world.now_ms += 3_600_000;
    assert_eq!(found(&mut world, filter("firstname", "EQ", "ada")).len(), 1);
}

#[test]
fn keyset_by_id_reads_everything_and_the_id_compares_as_a_number() {
    let mut world = World::seeded(450, Switches::default());
    let all = world.live_ids();
    let (mut read, mut last) = (Vec::new(), "0".to_owned());
    loop {
        let body = json!({
            "filterGroups": [{"filters": [
                filter("lastmodifieddate", "GTE", "0"), filter("hs_object_id", "GT", &last),
            ]}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": ["hs_object_id", "lastmodifieddate"], "limit": 200,
        });
        let (status, body) = world.post(SEARCH, body);
        assert_eq!(status, 200, "{body}");
        let page = ids(&body);
        assert_eq!(body["total"], json!(all.len() - read.len()));
        let Some(newest) = page.last() else { break };
        last.clone_from(newest);
        read.extend(page);
    }
    assert_eq!(read, all);
}

#[test]
fn with_the_switch_ids_sort_as_text() {
    let mut world = World::seeded(200, Switches { search_sorts_ids_as_text: true, ..Switches::default() });
    let body = json!({"sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}], "limit": 200});
    let page = ids(&world.post(SEARCH, body).1);
    let mut as_text = page.clone();
    as_text.sort();
    assert_eq!(page, as_text);
    assert_ne!(page, sorted(page.clone()), "ids of three and four digits mix");
}

#[test]
fn the_limits_of_a_search_are_refused_with_400() {
    let mut world = World::seeded(2, Switches::default());
    let many = |groups: usize, filters: usize| {
        let group = json!({"filters": vec![filter("firstname", "EQ", "a"); filters]});
        json!({"filterGroups": vec![group; groups]})
    };
    for (body, status) in [
        (many(5, 3), 200),
        (many(6, 1), 400),
        (many(1, 6), 200),
        (many(1, 7), 400),
        (many(4, 5), 400),
        (json!({"limit": 200}), 200),
        (json!({"limit": 201}), 400),
        (json!({"limit": 200, "after": "9800"}), 200),
        (json!({"limit": 200, "after": "9801"}), 400),
        (json!({"limit": 1, "after": "10000"}), 400),
        (json!({"query": "x".repeat(2900)}), 200),
        (json!({"query": "x".repeat(3000)}), 400),
        (json!({"sorts": [{"propertyName": "email"}, {"propertyName": "firstname"}]}), 400),
        (json!({"filterGroups": [{"filters": [filter("no_such_thing", "EQ", "1")]}]}), 400),
        (json!({"filterGroups": [{"filters": [filter("firstname", "LIKE", "1")]}]}), 400),
        (json!({"filterGroups": [{"filters": [filter("num_notes", "GT", "many")]}]}), 400),
        (json!({"filterGroups": [{"filters": [{"propertyName": "firstname", "operator": "EQ"}]}]}), 400),
        (json!({"wat": 1}), 400),
    ] {
        let (got, answer) = world.post(SEARCH, body.clone());
        assert_eq!(got, status, "{body} {answer}");
    }
}

#[test]
fn contacts_filtered_on_hs_lastmodifieddate_are_silently_none() {
    let mut world = World::seeded(20, Switches::default());
    assert_eq!(found(&mut world, filter("hs_lastmodifieddate", "GTE", "0")).len(), 0);
    assert_eq!(found(&mut world, filter("lastmodifieddate", "GTE", "0")).len(), 20);
    let now = START.to_string();
    assert_eq!(found(&mut world, filter("lastmodifieddate", "GTE", &now)).len(), 0);
    assert_eq!(found(&mut world, filter("lastmodifieddate", "LT", "2026-11-20T00:00:00Z")).len(), 20);
}

#[test]
fn exclusion_also_matches_contacts_without_a_value() {
    let mut world = World::new(Switches::default());
    let a = world.contact("a@example.com", "Ada");
    let b = world.contact("b@example.com", "Bob");
    let (_, body) =
        world.post("/crm/objects/2026-09/contacts", json!({"properties": {"email": "c@example.com"}}));
    let c = text(&body["id"]);
    world.settle();
    assert_eq!(found(&mut world, filter("firstname", "NEQ", "ADA")), [b.clone(), c.clone()]);
    let not_in = json!({"propertyName": "firstname", "operator": "NOT_IN", "values": ["ada"]});
    assert_eq!(found(&mut world, not_in), [b.clone(), c.clone()]);
    let has = json!({"propertyName": "firstname", "operator": "HAS_PROPERTY"});
    assert_eq!(found(&mut world, has), [a.clone(), b]);
    let has_not = json!({"propertyName": "firstname", "operator": "NOT_HAS_PROPERTY"});
    assert_eq!(found(&mut world, has_not), [c]);
    let upper = json!({"propertyName": "firstname", "operator": "IN", "values": ["ADA"]});
    assert!(found(&mut world, upper).is_empty(), "values of IN on text must be in lower case");
    let lower = json!({"propertyName": "firstname", "operator": "IN", "values": ["ada", "eve"]});
    assert_eq!(found(&mut world, lower), [a]);
}

#[test]
fn operators_compare_numbers_options_and_tokens() {
    let mut world = World::new(Switches::default());
    let body = json!({"properties": {
        "email": "ada@example.com", "hs_lead_status": "NEW", "company": "Analytical Engines Ltd", "hs_preferred_channels": "email;sms",
        "closedate": "2026-01-02T00:00:00Z",
    }});
    let (status, body) = world.post("/crm/objects/2026-09/contacts", body);
    assert_eq!(status, 201, "{body}");
    world.settle();
    for (condition, hit) in [
        (filter("hs_lead_status", "EQ", "NEW"), true),
        (filter("hs_lead_status", "EQ", "new"), false),
        (filter("company", "CONTAINS_TOKEN", "engines"), true),
        (filter("company", "CONTAINS_TOKEN", "engi*"), true),
        (filter("company", "CONTAINS_TOKEN", "engi"), false),
        (filter("email", "CONTAINS_TOKEN", "*@example.com"), true),
        (filter("company", "NOT_CONTAINS_TOKEN", "engines"), false),
        (filter("hs_preferred_channels", "EQ", "sms"), true),
        (filter("closedate", "GT", "1767225600000"), true),
        (filter("closedate", "LTE", "1767225600000"), false),
        (
            json!({"propertyName": "closedate", "operator": "BETWEEN", "value": "1767225600000", "highValue": "1767400000000"}),
            true,
        ),
        (filter("company", "GT", "analytic"), true),
    ] {
        assert_eq!(!found(&mut world, condition.clone()).is_empty(), hit, "{condition}");
    }
    let (_, body) = world.post(SEARCH, json!({"query": "analyt"}));
    assert_eq!(body["total"], 1);
}

#[test]
fn pages_follow_an_offset_and_groups_are_alternatives() {
    let mut world = World::seeded(25, Switches::default());
    let all = world.live_ids();
    let (_, body) = world.post(SEARCH, json!({"limit": 10}));
    assert_eq!((&body["total"], &body["paging"]["next"]["after"]), (&json!(25), &json!("10")));
    let (_, body) = world.post(SEARCH, json!({"limit": 10, "after": "20"}));
    assert_eq!(ids(&body), all[20..]);
    assert!(body.get("paging").is_none());
    let either = json!({"filterGroups": [
        {"filters": [filter("hs_object_id", "EQ", &all[3])]},
        {"filters": [filter("hs_object_id", "LTE", &all[1])]},
    ]});
    assert_eq!(ids(&world.post(SEARCH, either).1), [all[0].clone(), all[1].clone(), all[3].clone()]);
}

#[test]
fn more_than_10_000_changed_in_one_millisecond_can_only_be_read_by_id() {
    let mut world =
        World::seeded(10_050, Switches { search_lag_min_ms: 0, search_lag_max_ms: 0, ..Switches::default() });
    let edits = world.portal(|portal, turn| portal.bulk_edit(turn, 10_050));
    assert_eq!(edits.updated, 10_050);
    let changed = filter("lastmodifieddate", "EQ", &world.now_ms.to_string());
    let (_, body) = world.post(SEARCH, search(vec![changed]));
    assert_eq!(body["total"], 10_050);
}

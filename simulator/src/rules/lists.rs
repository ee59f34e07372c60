use serde_json::{Value, json};

use super::{World, ids, text};
use crate::Switches;
use crate::switches::{ListAfter, OverLimit};

const LIST: &str = "/crm/objects/2026-09/contacts";

/// Follows cursors to the end; every page's ids.
fn pages(world: &mut World, query: &str, mut between: impl FnMut(&mut World)) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut after = String::new();
    loop {
        let (status, body) = world.get(&format!("{LIST}?{query}{after}"));
        assert_eq!(status, 200, "{body}");
        pages.push(ids(&body));
        match body["paging"]["next"]["after"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return pages,
        }
        between(world);
        assert!(pages.len() < 1000, "the cursor does not advance");
    }
}

#[test]
fn a_list_has_10_records_unless_asked_and_the_default_properties() {
    let mut world = World::seeded(30, Switches::default());
    let (_, body) = world.get(LIST);
    assert_eq!(ids(&body).len(), 10);
    let mut names: Vec<&String> =
        body["results"][0]["properties"].as_object().expect("an object").keys().collect();
    names.sort();
    assert_eq!(names, ["createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"]);
}

#[test]
fn cursors_lead_through_every_record_once_whatever_they_mean() {
    for meaning in [ListAfter::InclusiveId, ListAfter::ExclusiveId, ListAfter::Opaque] {
        let mut world = World::seeded(257, Switches { list_after: meaning, ..Switches::default() });
        let all = world.live_ids();
        assert_eq!(pages(&mut world, "limit=100", |_| ()).concat(), all, "{meaning:?}");
    }
}

#[test]
fn the_cursor_is_the_id_of_the_next_record_by_default() {
    let mut world = World::seeded(5, Switches::default());
    let all = world.live_ids();
    let (_, body) = world.get(&format!("{LIST}?limit=2"));
    assert_eq!(body["paging"]["next"]["after"], json!(all[2]));
}

#[test]
fn an_opaque_cursor_cannot_be_guessed_from_an_id() {
    let mut world = World::seeded(5, Switches { list_after: ListAfter::Opaque, ..Switches::default() });
    let all = world.live_ids();
    assert_eq!(world.get(&format!("{LIST}?after={}", all[2])).0, 400);
}

#[test]
fn short_pages_even_empty_ones_still_have_a_cursor_until_the_end() {
    for meaning in [ListAfter::InclusiveId, ListAfter::ExclusiveId, ListAfter::Opaque] {
        let switches = Switches { short_page_one_in: 2, list_after: meaning, ..Switches::default() };
        let mut world = World::seeded(60, switches);
        let all = world.live_ids();
        let pages = pages(&mut world, "limit=7", |_| ());
        assert_eq!(pages.concat(), all);
        assert!(pages.iter().rev().skip(1).any(|page| page.len() < 7));
    }
}

#[test]
fn a_list_read_under_constant_edits_neither_repeats_nor_skips_a_record_that_stays() {
    let mut world = World::seeded(150, Switches::default());
    let before = world.live_ids();
    let read = pages(&mut world, "limit=10", |world| {
        world.portal(|portal, turn| portal.edit_random(turn, 5));
    })
    .concat();
    let after = world.live_ids();
    let mut unique = read.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), read.len(), "an id came twice");
    for id in before.iter().filter(|id| after.contains(id)) {
        assert!(read.contains(id), "{id} was skipped");
    }
}

#[test]
fn a_limit_above_100_is_refused_or_clamped() {
    let mut world = World::seeded(120, Switches::default());
    let (status, body) = world.get(&format!("{LIST}?limit=101"));
    assert_eq!((status, &body["category"]), (400, &json!("VALIDATION_ERROR")));
    world.sim.switches.over_limit = OverLimit::Clamped;
    assert_eq!(ids(&world.get(&format!("{LIST}?limit=101")).1).len(), 100);
    assert_eq!(world.get(&format!("{LIST}?limit=0")).0, 400);
}

#[test]
fn requested_but_unset_is_null_and_requested_but_unknown_is_left_out() {
    let mut world = World::new(Switches::default());
    world.contact("ada@example.com", "Ada");
    let (_, body) = world.get(&format!("{LIST}?properties=phone,no_such_thing&properties=firstname"));
    let properties = &body["results"][0]["properties"];
    assert_eq!(properties["phone"], Value::Null);
    assert!(properties.get("phone").is_some());
    assert!(properties.get("no_such_thing").is_none());
    assert!(properties.get("email").is_none(), "asked for, not the default set");
    assert_eq!(properties["firstname"], "Ada");
    assert!(properties["hs_object_id"].is_string());
}

#[test]
fn a_property_list_of_5_kb_fits_the_url_and_one_of_10_kb_gets_414() {
    let mut world = World::seeded(3, Switches::default());
    let names = |bytes: usize| vec!["firstname"; bytes / 10].join(",");
    assert_eq!(world.get(&format!("{LIST}?properties={}", names(5_120))).0, 200);
    assert_eq!(world.get(&format!("{LIST}?properties={}", names(10_240))).0, 414);
}

#[test]
fn archived_records_show_only_when_asked_for_and_for_90_days() {
    let mut world = World::new(Switches::default());
    let id = world.contact("gone@example.com", "Gone");
    let modified = text(&world.get(&format!("{LIST}/{id}")).1["updatedAt"]);
    assert_eq!(world.call("DELETE", &format!("{LIST}/{id}"), None).0, 204);
    assert_eq!(world.get(&format!("{LIST}/{id}")).0, 404);
    assert_eq!(ids(&world.get(LIST).1).len(), 0);
    let (_, body) = world.get(&format!("{LIST}?archived=true"));
    assert_eq!(ids(&body), [id.clone()]);
    assert_eq!(body["results"][0]["archived"], true);
    assert!(body["results"][0]["archivedAt"].is_string());
    assert_eq!(body["results"][0]["updatedAt"], json!(modified), "archiving is no modification");
    assert_eq!(world.get(&format!("{LIST}/{id}?archived=true")).0, 200);
    world.now_ms += 90 * crate::time::DAY_MS;
    assert_eq!(world.get(&format!("{LIST}/{id}?archived=true")).0, 404);
    assert_eq!(ids(&world.get(&format!("{LIST}?archived=true")).1).len(), 0);
}

#[test]
fn one_contact_is_found_by_email_in_any_case() {
    let mut world = World::new(Switches::default());
    let id = world.contact("ada@example.com", "Ada");
    let (status, body) = world.get(&format!("{LIST}/ADA%40example.com?idProperty=email"));
    assert_eq!((status, &body["id"]), (200, &json!(id)));
    assert_eq!(world.get(&format!("{LIST}/bob%40example.com?idProperty=email")).0, 404);
    assert_eq!(world.get(&format!("{LIST}/Ada?idProperty=firstname")).0, 400);
}

#[test]
fn unknown_ids_types_routes_and_parameters_are_refused_as_hubspot_does() {
    let mut world = World::new(Switches::default());
    let (status, body) = world.get(&format!("{LIST}/999999"));
    assert_eq!((status, &body["message"]), (404, &json!("resource not found")));
    let (status, body) = world.get(&format!("{LIST}/ada"));
    assert_eq!((status, &body["category"]), (404, &json!("OBJECT_NOT_FOUND")));
    assert_eq!(world.get("/crm/objects/2026-09/unicorns").0, 400);
    assert_eq!(world.get("/crm/objects/v3/contacts").0, 404);
    assert_eq!(world.call("PUT", LIST, None).0, 405);
    assert_eq!(world.get(&format!("{LIST}?colour=red")).0, 400);
    assert_eq!(world.get(&format!("{LIST}?associations=companies")).0, 400);
    assert_eq!(world.get(&format!("{LIST}?propertiesWithHistory=email")).0, 400);
}

#[test]
fn errors_and_answers_carry_the_correlation_id_of_their_header() {
    let mut world = World::new(Switches::default());
    let response = world.send("GET", &format!("{LIST}/1"), None).expect("an answer");
    let body: Value = serde_json::from_slice(&response.body).expect("json");
    let header =
        response.headers.iter().find(|(name, _)| name == "x-hubspot-correlation-id").expect("the header");
    assert_eq!(body["correlationId"], json!(header.1));
}

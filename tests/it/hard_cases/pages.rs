//! Pages that are short, wide, long or odd.

use hubspot_simulator::{Shape, Switches, portal::PortalSettings, switches::ListAfter};
use serde_json::{Value, json};

use super::{ids, synced, tiny};
use crate::life::{Plan, World};

#[test]
fn a_short_or_empty_page_with_a_cursor_ends_nothing() {
    for list_after in [ListAfter::InclusiveId, ListAfter::ExclusiveId, ListAfter::Opaque] {
        let switches = Switches { short_page_one_in: 1, list_after, ..Switches::default() };
        synced(Plan { switches, ..tiny(700) });
    }
}

#[test]
fn lanes_lose_nothing_whatever_a_cursor_means() {
    for list_after in [ListAfter::InclusiveId, ListAfter::ExclusiveId, ListAfter::Opaque] {
        for short_page_one_in in [0, 3] {
            let switches = Switches { short_page_one_in, list_after, ..Switches::default() };
            synced(Plan { switches, ..tiny(2_300) });
        }
    }
}

#[test]
fn four_hundred_and_a_thousand_properties_fit_no_url_and_are_all_mirrored() {
    let shape = Shape { properties_set: 60, custom_properties: 1_000, ..Shape::default() };
    let plan =
        Plan { settings: PortalSettings::default(), shape, webhooks: true, contacts: 250, ..Plan::default() };
    let mut world = synced(plan);
    let ids = ids(&world);
    world.contact("merge", json!({ "primary": ids[0], "other": ids[1] }));
    world.contact("edit", json!({ "id": ids[2], "properties": { "plan_name_82": "Own" } }));
    world.pass(6);
    world.verdict().unwrap();
    assert_eq!(world.simulator.counters.with_status(414), 0);
}

/// Where an edge takes shorter URLs than any that is known, one refusal is enough to learn it.
#[test]
fn a_refused_url_is_not_sent_again() {
    let switches = Switches { url_limit_bytes: 150, ..Switches::default() };
    let mut world = synced(Plan { switches, webhooks: true, ..tiny(250) });
    assert_eq!(world.simulator.counters.with_status(414), 1);
    let ids = ids(&world);
    world.contact("merge", json!({ "primary": ids[0], "other": ids[1] }));
    world.pass(70);
    world.verdict().unwrap();
    assert_eq!(world.simulator.counters.with_status(414), 1);
}

/// Every value of every contact, as text.
fn values(world: &World) -> Vec<String> {
    let truth = world.truth();
    let of = |record: &Value| -> Vec<String> {
        record.as_object().unwrap().values().map(|value| value.as_str().unwrap().to_owned()).collect()
    };
    truth.values().flat_map(of).collect()
}

#[test]
fn odd_values_stay_as_hubspot_sent_them() {
    let shape = Shape { properties_set: 40, custom_properties: 24, ..Shape::default() };
    let settings = PortalSettings { hubspot_properties: Some(150), ..PortalSettings::default() };
    let mut world = synced(Plan { shape, settings, contacts: 300, ..Plan::default() });
    let id = ids(&world)[0].clone();
    let odd = "line\nbreak \u{0}\u{7f}\u{2028} \u{1f469}\u{200d}\u{1f4bb} \"quotes\" \\ back";
    let long = "ü".repeat(65_536);
    world.contact("edit", json!({ "id": id, "properties": { "firstname": odd, "message": long } }));
    world.pass(6);
    world.verdict().unwrap();
    let values = values(&world);
    for wanted in ["1;2", "", "+15551234567", odd, &long] {
        assert!(values.iter().any(|value| value == wanted), "no contact has the value {wanted:.20}");
    }
}

#[test]
fn a_page_of_megabytes_is_mirrored() {
    for settings in [tiny(0).settings, PortalSettings::default()] {
        let mut world = World::new(Plan { settings, ..tiny(100) });
        for id in ids(&world) {
            world.contact("edit", json!({ "id": id, "properties": { "message": "ä".repeat(20_000) } }));
        }
        assert!(world.backfill());
        world.verdict().unwrap();
    }
}

/// Twelve long texts of the largest characters are three megabytes; a row and a parameter may have two.
#[test]
fn a_record_larger_than_a_row_is_mirrored() {
    let shape = Shape { custom_properties: 60, ..tiny(0).shape };
    let mut world = synced(Plan { shape, webhooks: true, ..tiny(20) });
    let id = ids(&world)[0].clone();
    let long = "\u{1f600}".repeat(65_536);
    let own = ["plan_name", "internal_notes", "external_id"]
        .iter()
        .flat_map(|stem| (1..5).map(move |round| format!("{stem}_{round}")));
    let values: serde_json::Map<String, Value> = own.map(|name| (name, json!(long))).collect();
    world.contact("edit", json!({ "id": id, "properties": values }));
    world.pass(6);
    world.verdict().unwrap();
    // Smaller, and large enough still; then small; then gone.
    let shorter = "ß".repeat(60_000);
    for value in [shorter.as_str(), "short"] {
        let values: serde_json::Map<String, Value> =
            values.keys().map(|name| (name.clone(), json!(value))).collect();
        world.contact("edit", json!({ "id": id, "properties": values }));
        world.pass(6);
        world.verdict().unwrap();
        assert_eq!(world.dump_of("parts").is_empty(), value == "short");
    }
    world.contact("edit", json!({ "id": id, "properties": values }));
    world.pass(6);
    assert!(world.dump().contains(&long));
    world.contact("erase", json!({ "id": id }));
    world.pass(6);
    world.verdict().unwrap();
    assert!(!world.dump().contains(&long[..400]));
}

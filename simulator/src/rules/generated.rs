use std::collections::BTreeSet;

use serde_json::Value;

use super::World;
use crate::generator::EditStream;
use crate::objects::kind::CONTACTS;
use crate::objects::record::State;
use crate::{Portal, Shape, Switches};

fn dump(portal: &Portal) -> Vec<u8> {
    let (mut out, mut from) = (Vec::new(), Some(0));
    while let Some(start) = from {
        from = portal.dump("contacts", start, 50, &mut out);
    }
    out
}

#[test]
fn the_same_seed_makes_the_same_portal_and_the_same_edits() {
    let run = || {
        let mut world = World::seeded(200, Switches::default());
        for _ in 0..20 {
            world.now_ms += 1000;
            world.portal(|portal, turn| portal.edit_random(turn, 10));
        }
        world.portal(|portal, _| dump(portal))
    };
    assert_eq!(run(), run());
}

#[test]
fn contacts_have_about_as_many_properties_as_asked_for() {
    for wanted in [10_u32, 30, 60, 150] {
        let mut world = World::new(Switches::default());
        let shape = Shape { properties_set: wanted, ..Shape::default() };
        let average = world.portal(|portal, turn| {
            portal.seed_contacts(turn, 400, &shape);
            portal.records("contacts", 0).map(|view| view.values().count()).sum::<usize>() / 400
        });
        let spread = (f64::from(wanted) * 0.15).ceil() as usize + 1;
        assert!(average.abs_diff(wanted as usize) <= spread, "{average} of {wanted}");
    }
}

#[test]
fn a_big_portal_shows_the_oddities_of_real_ones() {
    let mut world = World::new(Switches::default());
    let shape = Shape { long_value_one_in: 100, properties_set: 60, ..Shape::default() };
    let (mut upper, mut plus, mut no_email, mut odd_number, mut empty, mut long, mut unicode, mut more) =
        (0, 0, 0, 0, 0, 0, 0, 0);
    world.portal(|portal, turn| {
        portal.seed_contacts(turn, 3000, &shape);
        for view in portal.records("contacts", 0) {
            let mut has_email = false;
            for (name, value) in view.values() {
                has_email |= name == "email";
                upper += u32::from(name == "email" && value.contains(|c: char| c.is_ascii_uppercase()));
                plus += u32::from(name == "email" && value.contains('+'));
                more += u32::from(name == "hs_additional_emails");
                odd_number += u32::from(value == "1;2");
                empty += u32::from(value.is_empty());
                long += u32::from(value.len() > 60_000);
                unicode += u32::from(!value.is_ascii());
            }
            no_email += u32::from(!has_email);
        }
    });
    for (what, count) in [
        ("upper", upper),
        ("plus", plus),
        ("no e-mail", no_email),
        ("1;2", odd_number),
        ("empty", empty),
        ("long", long),
        ("unicode", unicode),
        ("additional", more),
    ] {
        assert!(count > 0, "no {what}");
    }
    assert!(long < 60, "{long} long values are not rare");
}

#[test]
fn history_lies_within_three_years_and_before_the_seeding() {
    let mut world = World::seeded(300, Switches::default());
    let now_ms = world.now_ms;
    world.portal(|portal, _| {
        let mut last = 0;
        for view in portal.records("contacts", 0) {
            let record = view.record;
            assert!(
                record.created_at >= last
                    && record.created_at <= record.updated_at
                    && record.updated_at < now_ms
            );
            assert!(record.created_at >= now_ms - 1095 * crate::time::DAY_MS);
            last = record.created_at;
        }
    });
}

#[test]
fn edits_are_of_every_kind_and_the_count_of_live_contacts_stays_true() {
    let mut world = World::seeded(300, Switches { new_ids_out_of_order: true, ..Switches::default() });
    let mut sum = crate::generator::Edits::default();
    for _ in 0..100 {
        world.now_ms += 500;
        let edits = world.portal(|portal, turn| portal.edit_random(turn, 10));
        sum.created += edits.created;
        sum.updated += edits.updated;
        sum.archived += edits.archived;
        sum.restored += edits.restored;
        sum.merged += edits.merged;
        sum.erased += edits.erased;
    }
    for count in [sum.created, sum.updated, sum.archived, sum.restored, sum.merged, sum.erased] {
        assert!(count > 0, "{sum:?}");
    }
    world.portal(|portal, _| {
        let ids: Vec<u64> = portal.records("contacts", 0).map(|view| view.record.id).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        let live = portal.records("contacts", 0).filter(|view| view.record.state == State::Live).count();
        assert_eq!(live, portal.live_count("contacts"));
    });
}

#[test]
fn after_the_lag_search_knows_exactly_the_live_contacts() {
    for seed in 0..10 {
        let mut world = World::seeded(100, Switches { new_ids_out_of_order: true, ..Switches::default() });
        world.portal(|portal, _| portal.rng = fastrand::Rng::with_seed(seed));
        for _ in 0..30 {
            world.now_ms += 3_000;
            world.portal(|portal, turn| portal.edit_random(turn, 10));
            world.sim.tick(world.now_ms);
        }
        world.settle();
        let live: BTreeSet<String> = world.live_ids().into_iter().collect();
        world.portal(|portal, _| {
            let known: BTreeSet<String> =
                portal.store(&CONTACTS).index.rows_from(0).map(|row| row.id.to_string()).collect();
            assert_eq!(known, live);
        });
    }
}

#[test]
fn the_stream_edits_at_its_rate_as_time_passes() {
    let mut world = World::seeded(50, Switches::default());
    world.sim.changes.watch(super::PORTAL, true);
    world.portal(|portal, _| portal.set_stream(Some(EditStream { every_ms: 1000, edits: 2, next_at: 0 })));
    let before = world.portal(|portal, _| dump(portal));
    world.now_ms += 10_000;
    world.sim.tick(world.now_ms);
    assert_ne!(world.portal(|portal, _| dump(portal)), before);
    world.portal(|portal, _| portal.set_stream(None));
    let stopped = world.portal(|portal, _| dump(portal));
    world.settle();
    assert_eq!(world.portal(|portal, _| dump(portal)), stopped);
}

#[test]
fn the_dump_has_every_record_in_whatever_state_with_every_value() {
    let mut world = World::seeded(120, Switches::default());
    world.now_ms += 1000;
    world.portal(|portal, turn| portal.edit_random(turn, 200));
    let lines: Vec<Value> = world.portal(|portal, _| {
        let text = String::from_utf8(dump(portal)).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("json")).collect()
    });
    let states: BTreeSet<&str> = lines.iter().filter_map(|line| line["state"].as_str()).collect();
    assert_eq!(states, ["archived", "erased", "live", "merged"].into());
    let live: Vec<&Value> = lines.iter().filter(|line| line["state"] == "live").collect();
    assert_eq!(live.len(), world.live_ids().len());
    for line in live.iter().take(20) {
        let id = line["id"].as_str().expect("an id");
        let names: Vec<&str> =
            line["properties"].as_object().expect("properties").keys().map(String::as_str).collect();
        let target = format!("/crm/objects/2026-09/contacts/{id}?properties={}", names.join(","));
        let (_, body) = world.get(&target);
        assert_eq!(body["properties"], line["properties"]);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
#[ignore = "a measurement, not a test: run in release with --nocapture"]
fn measure() {
    let mut world = World::new(Switches::default());
    let clock = std::time::Instant::now();
    world.portal(|portal, turn| portal.seed_contacts(turn, 200_000, &Shape::default()));
    println!("seed 200,000 x 30: {:?}", clock.elapsed());
    let names: Vec<String> = world.portal(|portal, _| {
        let mut names = BTreeSet::new();
        portal
            .records("contacts", 0)
            .take(50)
            .for_each(|v| names.extend(v.values().map(|(name, _)| name.to_owned())));
        names.into_iter().collect()
    });
    for count in [30, names.len(), 390] {
        let list = match count {
            390 => world.portal(|portal, _| {
                let live = portal.store(&CONTACTS).schema.iter().map(|(_, property)| property.name.clone());
                live.collect::<Vec<_>>().join(",")
            }),
            _ => names[..count].join(","),
        };
        world.sim.switches.url_limit_bytes = 100_000;
        let clock = std::time::Instant::now();
        let mut bytes = 0;
        for page in 0..1000_u64 {
            let target = format!(
                "/crm/objects/2026-09/contacts?limit=100&after={}&properties={list}",
                1000 + page * 250
            );
            bytes += world.send("GET", &target, None).expect("an answer").body.len();
        }
        println!("list page, {count} properties: {:?}, {} bytes", clock.elapsed() / 1000, bytes / 1000);
    }
    let clock = std::time::Instant::now();
    for _ in 0..100 {
        let body = serde_json::json!({
            "filterGroups": [{"filters": [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": world.now_ms.to_string()}]}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}], "limit": 200,
        });
        world.post("/crm/objects/2026-09/contacts/search", body);
    }
    println!("search with nothing changed of 200,000: {:?}", clock.elapsed() / 100);
    let clock = std::time::Instant::now();
    let mut worlds: Vec<World> = (0..1000).map(|_| World::seeded(150, Switches::default())).collect();
    println!("a new account with 150 contacts: {:?}", clock.elapsed() / 1000);
    let clock = std::time::Instant::now();
    for world in &mut worlds {
        for _ in 0..300 {
            world.send(
                "GET",
                "/crm/objects/2026-09/contacts?limit=10&properties=email,firstname,phone",
                None,
            );
        }
    }
    println!("a small list: {:?}", clock.elapsed() / 300_000);
    let all: Vec<Value> =
        worlds[0].live_ids().iter().take(100).map(|id| serde_json::json!({"id": id})).collect();
    let body = serde_json::json!({"inputs": all, "properties": names});
    let clock = std::time::Instant::now();
    for _ in 0..1000 {
        worlds[0].send("POST", "/crm/objects/2026-09/contacts/batch/read", Some(body.clone()));
    }
    println!("a batch read of 100, {} properties: {:?}", names.len(), clock.elapsed() / 1000);
    let clock = std::time::Instant::now();
    for world in &mut worlds {
        world.now_ms += 1000;
        world.portal(|portal, turn| portal.edit_random(turn, 100));
    }
    println!("an edit: {:?}", clock.elapsed() / 100_000);
}

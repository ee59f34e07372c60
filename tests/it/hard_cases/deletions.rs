//! Records that go, come back, or become others.

use hubspot_simulator::{Switches, portal::PortalSettings, switches::MergedId};
use serde_json::{Value, json};
use spoke::{
    engine::portal::messages::{Answer, Command, Touch},
    values::ids::ObjectType,
};

use super::{checked, ids, synced, tiny, under_way};
use crate::life::{Plan, World};

fn with_webhooks() -> Plan {
    Plan { webhooks: true, ..tiny(30) }
}

#[test]
pub fn a_deletion_that_overtakes_an_older_page_stays_deleted() {
    // Pages of a list, and batches of the values of what a list named.
    for (settings, call) in
        [(tiny(0).settings, "objects/2026-09/contacts"), (PortalSettings::default(), "batch/read")]
    {
        let (mut world, id) = under_way(Plan { settings, ..tiny(0) }, call);
        let before = world.calls.len();
        world.contact("archive", json!({ "id": id }));
        let told = |world: &mut World| world.status().streams[0].event_at.is_some();
        assert!(world.until(1, told), "the webhook comes");
        assert!(world.until(1, |world| world.counted(before, "batch/read") > 0
            && world.status().streams[0].dirty == 0));
        world.release();
        assert!(world.backfill());
        assert_eq!(world.record(&id), None);
        world.pass(15);
        world.verdict().unwrap();
    }
}

#[test]
fn a_deletion_that_arrives_after_the_older_page_is_not_lost() {
    let (mut world, id) = under_way(tiny(0), "objects/2026-09/contacts");
    world.hold("batch/read", 1);
    world.contact("archive", json!({ "id": id }));
    assert!(world.until(1, |world| world.held() == 2));
    // In the order of departure: first the page, then the read that says it is gone.
    world.release();
    assert!(world.backfill());
    assert_eq!(world.record(&id), None);
    world.verdict().unwrap();
}

#[test]
fn a_merged_away_id_leads_to_the_record_it_became_whatever_a_batch_says_of_it() {
    for batch_read_merged in [MergedId::Omitted, MergedId::NotFound, MergedId::Resolved] {
        for settings in [tiny(0).settings, PortalSettings::default()] {
            let wide = settings.hubspot_properties.is_none();
            let switches = Switches { batch_read_merged, ..Switches::default() };
            let mut world = synced(Plan { settings, switches, ..with_webhooks() });
            checked(&mut world);
            let ids = ids(&world);
            let merged = world.contact("merge", json!({ "primary": ids[3], "other": ids[5] }));
            world.pass_ms(5_000);
            let from = format!("{batch_read_merged:?}, wide: {wide}");
            for old in [&ids[3], &ids[5]] {
                let record = world.record(old).unwrap_or_else(|| panic!("{from}: {old} leads nowhere"));
                assert_eq!((&record["id"], &record["merged_from"]), (&json!(merged), &json!(old)), "{from}");
            }
            world.verdict().unwrap();
            assert_eq!(told(&mut world, &ids[3]), ["created", "merged"], "{from}");
            assert_eq!(told(&mut world, &ids[5]), ["created", "merged"], "{from}");
            let again = world.contact("merge", json!({ "primary": ids[6], "other": merged }));
            world.pass_ms(5_000);
            let record = world.record(&ids[3]).unwrap_or_else(|| panic!("{from}: a chain leads nowhere"));
            assert_eq!(record["id"], json!(again), "{from}");
            world.verdict().unwrap();
            assert_eq!(told(&mut world, &merged), ["created", "merged"], "{from}");
        }
    }
}

/// Kinds of the changes of a contact, in order.
fn told(world: &mut World, id: &str) -> Vec<String> {
    let command = Command::Changes { after: 0, limit: 1_000, types: vec![ObjectType::Contacts] };
    let Some(Answer::Json(page)) = world.command(command) else { panic!("no changes") };
    let page: Value = serde_json::from_str(&page).unwrap();
    let of_record = page["changes"].as_array().unwrap().iter().filter(|change| change["id"] == id);
    of_record.map(|change| change["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_merge_that_shows_after_the_deletions_it_caused_is_told_as_one() {
    let mut world = synced(with_webhooks());
    let ids = ids(&world);
    // The event of a deletion comes first, the record that results is not read yet.
    world.simulator.switches.batch_read_merged = MergedId::NotFound;
    world.plan.webhooks = false;
    world.put_app(crate::life::CLIENT_SECRET);
    let merged = world.contact("merge", json!({ "primary": ids[3], "other": ids[5] }));
    let touch = |id: &String| Touch {
        object_type: ObjectType::Contacts,
        id: id.parse().unwrap(),
        erased: false,
        merged_into: None,
    };
    world.command(Command::Webhook { touches: [&ids[3], &ids[5]].map(touch).into() });
    world.pass_ms(2_000);
    assert_eq!(told(&mut world, &ids[3]), ["created", "deleted"]);
    world.pass(6);
    for old in [&ids[3], &ids[5]] {
        assert_eq!(told(&mut world, old), ["created", "deleted", "merged"]);
        assert_eq!(world.record(old).unwrap()["id"], json!(merged));
    }
    world.verdict().unwrap();
}

#[test]
fn an_id_merged_away_before_the_first_read_leads_to_the_record_it_became() {
    for settings in [tiny(0).settings, PortalSettings::default()] {
        let mut world = World::new(Plan { settings, ..tiny(30) });
        let ids = ids(&world);
        let first = world.contact("merge", json!({ "primary": ids[3], "other": ids[5] }));
        let last = world.contact("merge", json!({ "primary": first, "other": ids[7] }));
        assert!(world.backfill());
        for old in [&ids[3], &ids[5], &first, &ids[7]] {
            let record = world.record(old).unwrap_or_else(|| panic!("{old} leads nowhere"));
            assert_eq!((&record["id"], &record["merged_from"]), (&json!(last), &json!(old)));
            assert_eq!(told(&mut world, old), [""; 0], "nobody was told that it was there");
        }
        world.pass(15);
        world.verdict().unwrap();
    }
}

#[test]
fn a_new_record_that_reads_do_not_know_yet_is_found_by_the_next_check_and_told_as_created() {
    let switches = Switches { reads_know_new_after_ms: 20_000, ..Switches::default() };
    let mut world = synced(Plan { switches, ..with_webhooks() });
    let id = world.contact("create", json!({ "properties": { "email": "new@example.com" } }));
    world.pass_ms(5_000);
    assert_eq!(world.record(&id), None, "its event was for nothing");
    assert_eq!(world.status().streams[0].dirty, 0);
    world.pass(6);
    assert!(world.record(&id).is_some());
    assert_eq!(told(&mut world, &id), ["created"]);
    world.verdict().unwrap();
}

#[test]
fn an_id_that_a_batch_passes_over_is_read_singly() {
    let mut world = synced(with_webhooks());
    let (ids, before) = (ids(&world), world.calls.len());
    world.contact("merge", json!({ "primary": ids[3], "other": ids[5] }));
    world.pass_ms(5_000);
    for old in [&ids[3], &ids[5]] {
        assert_eq!(world.counted(before, &format!("contacts/{old}")), 1);
    }
}

#[test]
fn archive_and_restore_are_seen_by_webhook_though_the_modified_date_stays() {
    let mut world = synced(with_webhooks());
    checked(&mut world);
    let id = ids(&world)[2].clone();
    let before = world.record(&id);
    world.contact("archive", json!({ "id": id }));
    world.pass_ms(3_000);
    assert_eq!(world.record(&id), None);
    world.verdict().unwrap();
    world.contact("restore", json!({ "id": id }));
    world.pass_ms(3_000);
    assert_eq!(world.record(&id), before);
    world.verdict().unwrap();
}

#[test]
fn a_full_read_over_a_mirror_finds_what_went_and_what_came_back() {
    for settings in [tiny(0).settings, PortalSettings::default()] {
        let mut world = synced(Plan { settings, ..tiny(250) });
        let ids = ids(&world);
        for id in [&ids[0], &ids[120], &ids[249]] {
            world.contact("archive", json!({ "id": id }));
        }
        world.connect(0);
        assert!(world.backfill());
        world.pass(1);
        world.verdict().unwrap();
        world.contact("restore", json!({ "id": ids[120] }));
        world.connect(0);
        assert!(world.backfill());
        world.pass(1);
        world.verdict().unwrap();
    }
}

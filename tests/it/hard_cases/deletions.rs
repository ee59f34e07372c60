//! Records that go, come back, or become others.

use hubspot_simulator::{Switches, portal::PortalSettings, switches::MergedId};
use serde_json::json;

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
            let again = world.contact("merge", json!({ "primary": ids[6], "other": merged }));
            world.pass_ms(5_000);
            let record = world.record(&ids[3]).unwrap_or_else(|| panic!("{from}: a chain leads nowhere"));
            assert_eq!(record["id"], json!(again), "{from}");
            world.verdict().unwrap();
        }
    }
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

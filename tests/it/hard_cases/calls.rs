//! What the work costs: calls to HubSpot and rows written.

use hubspot_simulator::{Shape, Switches, portal::PortalSettings};
use serde_json::json;

use super::{checked, ids, rename, synced, tiny};
use crate::life::{Plan, World};

const CONTACTS: u32 = 3_000;
/// ⌈N/100⌉ × 1.02 + 10.
const FEWEST: usize = (CONTACTS as usize).div_ceil(100) * 102 / 100 + 10;

/// Calls of a first sync, the exchange of the code not counted.
fn first_sync(plan: Plan) -> usize {
    let world = synced(plan);
    world.calls.len() - 1
}

#[test]
fn a_first_sync_reads_a_hundred_contacts_a_call_where_the_property_list_fits_a_url() {
    let settings = PortalSettings { hubspot_properties: Some(30), ..PortalSettings::default() };
    let calls = first_sync(Plan { settings, ..tiny(CONTACTS) });
    assert!(calls <= FEWEST, "{calls} calls, {FEWEST} at most");
}

#[test]
fn a_first_sync_costs_twice_the_calls_where_it_does_not_fit() {
    let shape = Shape { custom_properties: 60, ..tiny(0).shape };
    let calls = first_sync(Plan { settings: PortalSettings::default(), shape, ..tiny(CONTACTS) });
    assert!(calls <= 2 * FEWEST, "{calls} calls, {} at most", 2 * FEWEST);
    assert!(calls > FEWEST, "{calls} calls: the list of properties was to be too long");
}

/// Where cursors are not ids, guessed lanes are given up at little cost.
#[test]
fn opaque_cursors_cost_no_more_than_the_lanes_that_were_guessed() {
    let switches =
        Switches { list_after: hubspot_simulator::switches::ListAfter::Opaque, ..Switches::default() };
    let calls = first_sync(Plan { switches, ..tiny(CONTACTS) });
    assert!(calls <= FEWEST, "{calls} calls, {FEWEST} at most");
}

#[test]
fn a_check_that_finds_nothing_is_one_call_and_two_rows() {
    // No refresh comes between.
    let switches = Switches { access_token_life_s: 7_200, ..Switches::default() };
    let mut world = synced(Plan { switches, ..tiny(300) });
    checked(&mut world);
    // What is rare is read by then.
    world.pass(14);
    let (calls, rows) = (world.calls.len(), world.objects[0].sql.inner.rows_written());
    for _ in 0..8 {
        checked(&mut world);
    }
    assert_eq!(world.calls.len() - calls, 8);
    let rows = world.objects[0].sql.inner.rows_written() - rows;
    // The alarm is the second row, which the platform writes.
    assert!(rows <= 8, "{rows} rows for 8 checks");
}

#[test]
fn a_check_costs_a_search_per_two_hundred_modified_and_a_read_per_hundred_different() {
    let mut world = synced(tiny(700));
    checked(&mut world);
    world.pass(14);
    // What was modified for one check is still inside the lookback of the next.
    for (modified, different) in [(450, 450), (450, 30), (450, 0)] {
        for id in ids(&world).iter().take(different) {
            let name = format!("Modified {}", world.now);
            rename(&mut world, id, &name);
        }
        world.pass_ms(35_000);
        let before = world.calls.len();
        checked(&mut world);
        let calls = world.calls.len() - before;
        let most = usize::div_ceil(modified, 200) + usize::div_ceil(different, 100) + 1;
        assert!(calls <= most, "{modified} modified, {different} different: {calls} calls, {most} at most");
        assert_eq!(world.counted(before, "search"), modified.div_ceil(200));
        assert_eq!(world.counted(before, "batch/read"), different.div_ceil(100));
        world.verdict().unwrap();
    }
}

#[test]
fn webhooks_of_many_changes_share_their_reads() {
    let mut world = synced(Plan { webhooks: true, ..tiny(500) });
    checked(&mut world);
    let before = world.calls.len();
    world.control("POST", "contacts/edit-bulk", &json!({ "count": 500 }));
    for id in ids(&world) {
        rename(&mut world, &id, "All");
    }
    world.pass_ms(20_000);
    let reads = world.counted(before, "batch/read");
    assert!((5..=12).contains(&reads), "{reads} reads for 500 contacts");
    world.verdict().unwrap();
}

/// 100 calls in ten seconds, of which a twentieth is for people, each answered after 150 ms.
#[test]
fn a_full_read_uses_the_quota_and_causes_no_429() {
    let mut world = World::new(Plan { latency_ms: (150, 150), ..tiny(20_000) });
    assert!(world.backfill());
    let list = |call: &&crate::life::Call| call.name == "GET /crm/objects/2026-09/contacts";
    let times: Vec<u64> = world.calls.iter().filter(list).map(|call| call.at).collect();
    let seconds = (times[times.len() - 1] - times[0]) as f64 / 1_000.0;
    let rate = times.len() as f64 / seconds;
    assert!(rate >= 9.5 * 0.95, "{rate} calls a second, {} calls in {seconds} s", times.len());
    assert_eq!((world.own_429s(), world.status().streams[0].records), (0, 20_000));
}

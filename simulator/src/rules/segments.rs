//! HubSpot's lists ("segments") and their members.

use serde_json::{Value, json};

use super::{World, ids, text};
use crate::lists::Processing;
use crate::objects::kind::{CUSTOM, TASKS};
use crate::{Shape, Switches};

const LISTS: &str = "/crm/lists/2026-09";

fn furnished(count: u32, members: usize, switches: Switches) -> (World, u64) {
    let mut world = World::seeded(count, switches);
    let now_ms = world.now_ms;
    let list = world.portal(|portal, turn| {
        let list = portal.create_list(now_ms, "Customers", "contacts", Processing::Manual).expect("made");
        assert_eq!(portal.join_random(turn, list, members), members);
        list
    });
    (world, list)
}

/// All pages of one order, by cursor.
fn walk(world: &mut World, list: u64, order: &str, limit: usize) -> Vec<(String, String)> {
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let (status, page) = world.get(&format!("{LISTS}/{list}/memberships{order}?limit={limit}{after}"));
        assert_eq!(status, 200, "{page}");
        let rows = page["results"].as_array().expect("results");
        assert!(rows.len() <= limit);
        seen.extend(rows.iter().map(|row| (text(&row["recordId"]), text(&row["membershipTimestamp"]))));
        match page["paging"]["next"]["after"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return seen,
        }
    }
}

fn found(world: &mut World, list: u64) -> Value {
    let body = json!({"listIds": [list.to_string()], "offset": 0, "processingTypes": [], "additionalProperties": []});
    world.post(&format!("{LISTS}/search"), body).1["lists"][0].clone()
}

#[test]
fn members_come_in_order_of_id_or_of_joining() {
    let (mut world, list) = furnished(60, 40, Switches::default());
    world.now_ms += 1_000;
    world.portal(|portal, turn| assert_eq!(portal.join_random(turn, list, 7), 7));
    let by_id: Vec<u64> =
        walk(&mut world, list, "", 10).into_iter().map(|(id, _)| id.parse().expect("an id")).collect();
    assert!(by_id.len() == 47 && by_id.is_sorted());
    let by_join: Vec<String> =
        walk(&mut world, list, "/join-order", 10).into_iter().map(|(_, at)| at).collect();
    assert!(by_join.len() == 47 && by_join.is_sorted());
    assert_ne!(by_join[39], by_join[40], "the last seven joined later");
}

#[test]
fn a_reader_in_join_order_goes_on_where_it_stopped_while_members_come_and_go() {
    let (mut world, list) = furnished(60, 20, Switches::default());
    let path = format!("{LISTS}/{list}/memberships/join-order?limit=10");
    let first = world.get(&path).1;
    let after = text(&first["paging"]["next"]["after"]);
    let gone: u64 = text(&first["results"][9]["recordId"]).parse().expect("an id");
    world.portal(|portal, turn| assert_eq!(portal.leave_list(turn, list, &[gone]), 1));
    world.now_ms += 1_000;
    world.portal(|portal, turn| assert_eq!(portal.join_random(turn, list, 5), 5));
    let second = world.get(&format!("{path}&after={after}")).1;
    let third = world.get(&format!("{path}&after={}", text(&second["paging"]["next"]["after"]))).1;
    let count = |page: &Value| page["results"].as_array().expect("results").len();
    assert_eq!((count(&second), count(&third)), (10, 5), "nobody is repeated or skipped");
    let back = world.get(&format!("{path}&before={}", text(&third["paging"]["prev"]["before"]))).1;
    assert_eq!(back["results"][0], second["results"][9], "before goes down");
}

#[test]
fn search_tells_size_and_last_changes_of_lists() {
    let (mut world, list) = furnished(30, 12, Switches::default());
    let before = found(&mut world, list);
    assert_eq!(before["additionalProperties"]["hs_list_size"], "12");
    world.portal(|portal, turn| {
        portal.join_random(turn, list, 3);
        portal.leave_random(turn, list, 3);
    });
    let after = found(&mut world, list);
    assert_eq!(after["additionalProperties"]["hs_list_size"], "12", "equal sizes hide changes");
    assert_ne!(
        after["additionalProperties"]["hs_last_record_added_at"],
        before["additionalProperties"]["hs_last_record_added_at"]
    );
    assert_eq!(after["listVersion"], before["listVersion"]);
    world.sim.switches.list_version_counts_members = true;
    world.portal(|portal, turn| portal.join_random(turn, list, 1));
    assert_ne!(found(&mut world, list)["listVersion"], before["listVersion"]);
    let all =
        json!({"offset": 0, "count": 501, "listIds": [], "processingTypes": [], "additionalProperties": []});
    assert_eq!(world.post(&format!("{LISTS}/search"), all).0, 400);
}

#[test]
fn a_record_that_goes_leaves_its_lists_and_one_that_merged_joins_them() {
    for rejoins in [false, true] {
        let (mut world, list) =
            furnished(10, 10, Switches { restore_rejoins_lists: rejoins, ..Switches::default() });
        let ids = world.live_ids();
        let id = |at: usize| ids[at].parse::<u64>().expect("an id");
        let merged = world.portal(|portal, turn| {
            portal.archive_record(turn, "contacts", id(0)).expect("live");
            assert_eq!(portal.list(list).map(crate::lists::List::size), Some(9));
            portal.restore_record(turn, "contacts", id(0)).expect("archived");
            portal.erase_record(turn, "contacts", id(1)).expect("live");
            portal.leave_list(turn, list, &[id(2)]);
            portal.merge_records(turn, "contacts", id(2), id(3)).expect("live")
        });
        let members: Vec<String> = walk(&mut world, list, "", 100).into_iter().map(|own| own.0).collect();
        assert_eq!(members.contains(&ids[0]), rejoins);
        assert!(!members.contains(&ids[1]) && !members.contains(&ids[3]));
        assert!(members.contains(&merged.to_string()));
    }
}

#[test]
fn lists_hold_records_of_any_type_that_the_account_has() {
    let mut world = World::new(Switches::default());
    let cars = world.portal(|portal, turn| {
        let cars = portal.define_object(turn.now_ms, "cars", ["Car", "Cars"], &["name"]).expect("a new name");
        for kind in [&TASKS, &CUSTOM[0]] {
            portal.seed(turn, kind, 6, &Shape::default());
        }
        cars
    });
    let new =
        |name: &str, kind: &str| json!({"name": name, "objectTypeId": kind, "processingType": "MANUAL"});
    for kind in [TASKS.type_id, cars] {
        let (status, body) = world.post(LISTS, new(kind, kind));
        assert_eq!((status, &body["list"]["objectTypeId"]), (200, &json!(kind)));
        let list = text(&body["list"]["listId"]);
        let (_, page) = world.get(&format!("/crm/objects/2026-09/{kind}?limit=100"));
        let ids = ids(&page);
        let add = format!("{LISTS}/{list}/memberships/add");
        assert_eq!(world.call("PUT", &add, Some(json!(ids[..4]))).0, 200);
        assert_eq!(world.call("DELETE", &format!("/crm/objects/2026-09/{kind}/{}", ids[0]), None).0, 204);
        let on: Vec<String> =
            walk(&mut world, list.parse().expect("a number"), "", 10).into_iter().map(|own| own.0).collect();
        assert_eq!(on, ids[1..4]);
        let (_, own) = world.get(&format!("{LISTS}/records/{kind}/{}/memberships", ids[1]));
        assert_eq!(own["total"], 1, "{own}");
    }
    for unknown in ["2-99", "tasks", "0-999"] {
        assert_eq!(world.post(LISTS, new("Another", unknown)).0, 400, "{unknown}");
    }
}

#[test]
fn members_of_a_dynamic_list_cannot_be_changed_by_api() {
    let (mut world, _) = furnished(5, 0, Switches::default());
    let (now_ms, id) = (world.now_ms, world.live_ids()[0].clone());
    let list = world.portal(|portal, turn| {
        let list = portal.create_list(now_ms, "Active", "contacts", Processing::Dynamic).expect("made");
        portal.join_random(turn, list, 2);
        list
    });
    let refused = world.call("PUT", &format!("{LISTS}/{list}/memberships/add"), Some(json!([id])));
    assert_eq!(refused.0, 400);
    assert_eq!(walk(&mut world, list, "", 10).len(), 2);
}

#[test]
fn too_many_members_at_once_are_refused() {
    let (mut world, list) = furnished(5, 0, Switches { list_members_per_call: 2, ..Switches::default() });
    let ids = world.live_ids();
    let target = format!("{LISTS}/{list}/memberships/add");
    assert_eq!(world.call("PUT", &target, Some(json!(ids[..3]))).0, 400);
    let (status, body) = world.call("PUT", &target, Some(json!(ids[..2])));
    assert_eq!((status, body["recordsIdsAdded"].as_array().map(Vec::len)), (200, Some(2)));
    let (_, again) = world.call("PUT", &target, Some(json!(ids[..2])));
    assert_eq!(again["recordsIdsAdded"], json!([]), "who is there already is no error");
}

#[test]
fn lists_need_their_scopes_and_are_not_for_one_users_token() {
    let (mut world, list) = furnished(5, 3, Switches::default());
    let removed = ["crm.lists.write".to_owned()];
    world.sim.access.remove_scopes(1, super::PORTAL, &removed);
    assert_eq!(world.get(&format!("{LISTS}/{list}")).0, 200);
    let (status, body) = world.call("DELETE", &format!("{LISTS}/{list}"), None);
    assert_eq!((status, &body["category"]), (403, &json!("MISSING_SCOPES")));
    assert_eq!(body["errors"][0]["context"]["requiredGranularScopes"], json!(["crm.lists.write"]));
}

#[test]
fn members_are_added_and_removed_by_hand_where_the_kind_of_list_allows_it() {
    for (processing, status) in [("MANUAL", 200), ("SNAPSHOT", 200), ("DYNAMIC", 400)] {
        let mut world = World::seeded(3, Switches::default());
        let ids = world.live_ids();
        let made = json!({"portal_id": super::PORTAL, "name": "L", "processing": processing});
        let list = text(&world.post("/__control/lists/create", made).1["id"]);
        let path = format!("/crm/lists/2026-09/{list}/memberships");
        let body = Some(json!([ids[0], ids[1]]));
        assert_eq!(world.call("PUT", &format!("{path}/add"), body.clone()).0, status, "{processing}");
        assert_eq!(world.call("PUT", &format!("{path}/remove"), body).0, status, "{processing}");
        let both = json!({"recordIdsToAdd": [ids[2]], "recordIdsToRemove": [ids[0]]});
        assert_eq!(
            world.call("PUT", &format!("{path}/add-and-remove"), Some(both)).0,
            status,
            "{processing}"
        );
        world.portal(|portal, _| {
            let own = portal.list(list.parse().expect("a number")).expect("a list");
            assert_eq!(own.size(), usize::from(status == 200));
            assert_eq!(own.writes().count(), if status == 200 { 3 } else { 0 });
        });
    }
}

#[test]
fn ids_that_are_nobodys_any_more_are_named_as_missing() {
    let mut world = World::seeded(4, Switches::default());
    let ids = world.live_ids();
    let numbers: Vec<u64> = ids.iter().map(|id| id.parse().expect("a number")).collect();
    let made = json!({"portal_id": super::PORTAL, "name": "L"});
    let list = text(&world.post("/__control/lists/create", made).1["id"]);
    let path = format!("/crm/lists/2026-09/{list}/memberships/add");
    assert_eq!(world.call("PUT", &path, Some(json!([ids[1]]))).0, 200);
    world.portal(|portal, turn| {
        portal.archive_record(turn, "contacts", numbers[1]).expect("archived");
        portal.erase_record(turn, "contacts", numbers[2]).expect("erased");
    });
    let (status, body) = world.call("PUT", &path, Some(json!([ids[0], ids[1], ids[2], "999999", ids[0]])));
    assert_eq!((status, &body["recordsIdsAdded"]), (200, &json!([ids[0]])));
    assert_eq!(body["recordIdsMissing"], json!([ids[1], ids[2], "999999"]));
    let (_, counted) = world.get(&format!("/__control/lists/writes?portal_id={}&list={list}", super::PORTAL));
    let of = |id: &str| {
        counted["results"].as_array().expect("results").iter().find(|own| own["id"] == id).cloned()
    };
    assert_eq!(of(&ids[0]).expect("written")["added"], 2);
    assert_eq!(of(&ids[2]), None);
}

#[test]
fn one_request_changes_so_many_members_at_most() {
    let mut world = World::seeded(5, Switches { list_members_per_call: 4, ..Switches::default() });
    let ids = world.live_ids();
    let made = json!({"portal_id": super::PORTAL, "name": "L"});
    let list = text(&world.post("/__control/lists/create", made).1["id"]);
    let path = format!("/crm/lists/2026-09/{list}/memberships");
    assert_eq!(world.call("PUT", &format!("{path}/add"), Some(json!(ids))).0, 400);
    let both = json!({"recordIdsToAdd": ids[..3], "recordIdsToRemove": ids[3..]});
    assert_eq!(world.call("PUT", &format!("{path}/add-and-remove"), Some(both)).0, 400);
    assert_eq!(world.call("PUT", &format!("{path}/add"), Some(json!(ids[..4]))).0, 200);
}

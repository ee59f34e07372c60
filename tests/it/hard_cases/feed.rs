//! The change feed: complete, in order, without what must not be kept.

use serde_json::{Value, json};
use spoke::{
    engine::portal::messages::{Answer, Command},
    store::portal::feed::{self as store, Change},
    values::{
        ids::{ObjectType, RecordId},
        time::Timestamp,
    },
};

use super::{ids, rename, synced, tiny, under_way};
use crate::life::{Plan, World};

fn changes(world: &mut World, after: u64, limit: u32) -> Option<Value> {
    match world.command(Command::Changes { after, limit, types: Vec::new() }) {
        Some(Answer::Json(text)) => Some(serde_json::from_str(&text).unwrap()),
        Some(Answer::BeyondHorizon(_)) => None,
        other => panic!("neither changes nor beyond the horizon but {other:?}"),
    }
}

/// The whole feed, read in pages of `limit`.
fn feed(world: &mut World, limit: u32) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = changes(world, after, limit).expect("nothing is pruned");
        let changes = page["changes"].as_array().unwrap();
        assert!(changes.len() <= limit as usize);
        all.extend(changes.iter().cloned());
        after = page["next"].as_str().unwrap().parse().unwrap();
        if page["next"] == page["latest"] {
            return all;
        }
        assert!(!changes.is_empty(), "a page before the end is not empty");
    }
}

fn with_webhooks() -> Plan {
    Plan { webhooks: true, ..tiny(240) }
}

#[test]
fn pages_of_any_size_join_to_the_same_feed() {
    let mut world = synced(with_webhooks());
    let ids = ids(&world);
    world.control("POST", "contacts/edit-bulk", &json!({ "count": 40 }));
    world.contact("archive", json!({ "id": ids[0] }));
    world.contact("merge", json!({ "primary": ids[1], "other": ids[2] }));
    world.contact("erase", json!({ "id": ids[3] }));
    world.pass(6);
    world.contact("restore", json!({ "id": ids[0] }));
    world.pass(6);
    world.verdict().unwrap();
    let whole = feed(&mut world, 1_000);
    assert!(whole.len() > 280);
    for limit in [1, 2, 7, 99, 100, 101] {
        assert_eq!(feed(&mut world, limit), whole, "in pages of {limit}");
    }
    let seqs: Vec<u64> =
        whole.iter().map(|change| change["seq"].as_str().unwrap().parse().unwrap()).collect();
    assert!(seqs.iter().copied().eq(1..=whole.len() as u64));
}

/// An account that is edited between any two pages of a snapshot: records that were copied already, and such that are not yet.
fn copied_while_edited() -> (World, crate::life::Snapshot) {
    let mut world = synced(Plan { companies: Some(30), ..with_webhooks() });
    let ids = ids(&world);
    let (mut round, mut created) = (0, Vec::new());
    let snapshot = world.snapshot(0, 9, |world, page| {
        let (early, late) = (&ids[round], &ids[ids.len() - 1 - round]);
        match round % 6 {
            0 => {
                rename(world, early, &format!("Early {round}"));
                rename(world, late, &format!("Late {round}"));
            }
            1 => {
                world.contact("archive", json!({ "id": early }));
                world.contact("archive", json!({ "id": late }));
            }
            2 => {
                world.contact("restore", json!({ "id": ids[round - 1] }));
                world.contact("restore", json!({ "id": ids[ids.len() - round] }));
            }
            3 => drop(world.contact("merge", json!({ "primary": early, "other": late }))),
            4 => {
                world.contact("erase", json!({ "id": early }));
                world.contact("erase", json!({ "id": late }));
            }
            _ => {
                let properties = json!({ "email": format!("new-{round}@example.com") });
                created.push(world.contact("create", json!({ "properties": properties })));
            }
        }
        round += 1;
        world.pass_ms(20_000);
        assert!(page.next.is_some());
    });
    assert!(round > 20, "{round} pages");
    assert!(snapshot.settled_at > snapshot.seq + 20, "the mirror went on meanwhile");
    world.pass(6);
    world.verdict().unwrap();
    (world, snapshot)
}

#[test]
fn a_snapshot_read_while_everything_changes_and_the_feed_after_it_make_the_mirror() {
    let (mut world, snapshot) = copied_while_edited();
    world.follows_from(snapshot).unwrap();
    // With the number of its last page it would not be one.
    let (mut world, mut snapshot) = copied_while_edited();
    snapshot.seq = snapshot.settled_at;
    world.follows_from(snapshot).unwrap_err();
}

#[test]
fn a_snapshot_holds_the_types_asked_for_and_ends_with_the_last_of_them() {
    let mut world = synced(Plan { companies: Some(12), deals: Some(0), ..tiny(25) });
    let mut read = |types: &[ObjectType], limit: u32| {
        let (mut from, mut lines, mut pages) = (None, Vec::new(), 0);
        loop {
            let types = types.to_vec();
            let Some(Answer::Snapshot(page)) = world.command(Command::Snapshot { types, from, limit }) else {
                panic!("no page")
            };
            pages += 1;
            lines.extend(page.lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
            match page.next {
                Some(next) => from = Some(next),
                None => return (lines, pages),
            }
        }
    };
    let (all, pages) = read(&[], 1_000);
    assert_eq!((all.len(), pages), (37, 1));
    for limit in [1, 12, 25, 37] {
        assert_eq!(read(&[], limit).0, all, "{limit} a page");
    }
    let (companies, _) = read(&[ObjectType::Companies], 5);
    assert_eq!(companies, all[25..]);
    assert_eq!(read(&[ObjectType::Deals], 5).0.len(), 0);
}

#[test]
fn a_reader_beyond_the_horizon_is_told() {
    let mut world = synced(Plan { variables: vec![("FEED_DAYS", "1".to_owned())], ..tiny(20) });
    let first = world.status().latest_change;
    for hour in 0..27 {
        let id = ids(&world)[0].clone();
        rename(&mut world, &id, &format!("Hour {hour}"));
        world.pass(60);
    }
    let Some(Answer::BeyondHorizon(oldest)) =
        world.command(Command::Changes { after: first - 1, limit: 10, types: Vec::new() })
    else {
        panic!("the first changes are over a day old")
    };
    let latest = world.status().latest_change;
    assert!((first..latest).contains(&oldest), "{oldest}");
    // From where the refusal says, everything that is left can be read.
    let page = changes(&mut world, oldest, 1_000).expect("that is the horizon");
    assert_eq!(page["changes"].as_array().unwrap().len() as u64, latest - oldest);
    assert!(changes(&mut world, oldest - 1, 10).is_none());
    // What is older than a day is gone, what is younger is there.
    let young = page["changes"].as_array().unwrap().len();
    assert!((23..=26).contains(&young), "{young} changes of a day, one an hour");
}

#[test]
fn a_privacy_deletion_leaves_no_value_anywhere() {
    let mut world = synced(with_webhooks());
    let ids = ids(&world);
    let secret =
        ["once@example.com", "+15550001", "twice@example.com", "+15550002", "third@example.com", "+15550003"];
    let edit = |world: &mut World, id: &str, name: &str, value: &str| {
        world.contact("edit", json!({ "id": id, "properties": { name: value } }));
        rename(world, id, &format!("Seen {value}"));
        world.pass(6);
    };
    edit(&mut world, &ids[4], "email", secret[0]);
    edit(&mut world, &ids[4], "phone", secret[1]);
    edit(&mut world, &ids[4], "email", secret[2]);
    // Part of the same person by now: what the feed says of the other must go as well.
    edit(&mut world, &ids[5], "phone", secret[3]);
    edit(&mut world, &ids[5], "email", secret[4]);
    let merged = world.contact("merge", json!({ "primary": ids[4], "other": ids[5] }));
    world.pass(6);
    edit(&mut world, &merged, "phone", secret[5]);
    let kept: Vec<&str> = secret.into_iter().filter(|value| world.dump().contains(value)).collect();
    assert_eq!(kept, secret, "the feed remembers old values");
    let length = feed(&mut world, 1_000).len();
    world.contact("erase", json!({ "id": merged }));
    world.pass(1);
    assert_eq!(world.record(&merged), None);
    for value in secret {
        let dump = world.dump();
        let line = dump.lines().find(|line| line.contains(value));
        assert_eq!(line, None, "{value} is still kept");
    }
    let feed = feed(&mut world, 1_000);
    // Told of each id that the person had: a host may keep something under any of them.
    let told: Vec<&str> = feed[length..]
        .iter()
        .filter(|one| one["kind"] == "erased")
        .filter_map(|one| one["id"].as_str())
        .collect();
    assert_eq!(
        (told, feed.len()),
        (vec![ids[4].as_str(), &ids[5], &merged], length + 3),
        "no number is missing"
    );
    world.verdict().unwrap();
}

#[test]
fn a_page_of_an_older_read_brings_nothing_of_an_erased_person_back() {
    let (mut world, id) = under_way(tiny(0), "objects/2026-09/contacts");
    let before = world.calls.len();
    let email = world.truth()[&id]["email"].as_str().unwrap().to_owned();
    world.contact("erase", json!({ "id": id }));
    assert!(
        world.until(1, |world| world.counted(before, "batch/read") > 0
            && world.status().streams[0].dirty == 0)
    );
    world.release();
    assert!(world.backfill());
    world.pass(6);
    assert!(!world.dump().contains(&email));
    world.verdict().unwrap();
}

#[test]
fn a_reader_of_a_rare_type_gets_empty_pages_instead_of_one_turn_over_the_whole_feed() {
    let mut world = synced(with_webhooks());
    let sql = &world.objects[0].sql;
    let first = store::latest(sql).unwrap();
    let now = Timestamp(world.now as i64);
    for _ in 0..30 {
        let set = [("phone".to_owned(), (None, Some("v".repeat(900_000))))].into();
        store::append(
            sql,
            now,
            ObjectType::Contacts,
            vec![Change::Updated { id: RecordId(1), set, ours: false }],
        )
        .unwrap();
    }
    for id in 1..=5_000 {
        store::append(sql, now, ObjectType::Contacts, vec![Change::Deleted { id: RecordId(id) }]).unwrap();
    }
    store::append(sql, now, ObjectType::Deals, vec![Change::Deleted { id: RecordId(1) }]).unwrap();
    let (mut after, mut pages, mut told) = (first, 0, Vec::new());
    loop {
        let command = Command::Changes { after, limit: 1_000, types: vec![ObjectType::Deals] };
        let Some(Answer::Json(page)) = world.command(command) else { panic!("no page") };
        let page: Value = serde_json::from_str(&page).unwrap();
        pages += 1;
        told.extend(page["changes"].as_array().unwrap().iter().cloned());
        let next: u64 = page["next"].as_str().unwrap().parse().unwrap();
        if page["next"] == page["latest"] {
            break;
        }
        assert!(next > after, "every page leads on");
        // Eight megabytes and a row, or two thousand rows.
        assert!(next - after <= 2_000 && (next > first + 30 || next - after <= 10), "{after} to {next}");
        after = next;
    }
    assert_eq!((told.len(), told[0]["object_type"].as_str()), (1, Some("deals")));
    assert!(pages >= 5, "{pages} pages");
}

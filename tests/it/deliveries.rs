//! Deliveries: every change once and in order to every receiver that lives, whatever others do, and an honest word to one that
//! was away for too long.

use base64ct::{Base64, Encoding as _};
use hubspot_simulator::Switches;
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        endpoints::{
            commands::{Action, Refusal},
            endpoint::{FAILING_AFTER, Standing, Wanted},
        },
        messages::{Answer, Command},
    },
    values::ids::ObjectType,
};

use crate::life::{Plan, World};

const OURS: &str = "https://ours.example.com/hook?token=hidden";
const OTHER: &str = "https://other.example.com/hook";

fn plan(contacts: u32) -> Plan {
    Plan { contacts, webhooks: true, ..Plan::default() }
}

fn synced(plan: Plan) -> World {
    let mut world = World::new(plan);
    assert!(world.backfill(), "the first full read does not end: {:?}", world.status());
    world
}

fn all() -> Wanted {
    Wanted::default()
}

fn events(events: &[&str]) -> Wanted {
    let events = events.iter().map(|&event| event.to_owned()).collect();
    Wanted { events, ..Wanted::default() }
}

fn rename(world: &mut World, name: &str) {
    let id = world.truth().keys().next().expect("there is a contact").clone();
    world.contact("edit", json!({ "id": id, "properties": { "firstname": name } }));
}

/// The change feed as `GET …/changes` tells it.
fn feed(world: &mut World) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let Some(Answer::Json(page)) = world.command(Command::Changes { after, limit: 1_000, types: vec![] })
        else {
            panic!("the feed is not told from its beginning")
        };
        let page: Value = serde_json::from_str(&page).unwrap();
        all.extend(page["changes"].as_array().unwrap().iter().cloned());
        after = page["next"].as_str().unwrap().parse().unwrap();
        if page["next"] == page["latest"] {
            return all;
        }
    }
}

fn last_name(world: &World, url: &str) -> String {
    let changes = world.receivers[url].changes();
    let name = changes.iter().rev().find_map(|change| change["changed"]["firstname"]["new"].as_str());
    name.unwrap_or_default().to_owned()
}

fn arrives(world: &mut World, url: &str, name: &str) {
    let arrived = world.until(70, |world| last_name(world, url) == name);
    assert!(arrived, "`{name}` does not arrive");
}

/// Until the cursor is at the feed's end.
fn caught_up(world: &mut World, id: &spoke::values::ids::EndpointId) {
    let done = world.until(120, |world| {
        let latest = world.status().latest_change;
        world.endpoint_of(id).cursor == latest
    });
    assert!(done, "it stays behind: {:?}", world.endpoint_of(id));
}

#[test]
fn a_receiver_gets_what_the_feed_tells_in_order_and_in_messages_of_a_hundred() {
    let mut world = synced(plan(750));
    let id = world.endpoint(OURS, all(), Some(0));
    caught_up(&mut world, &id);
    let told = feed(&mut world);
    let receiver = &world.receivers[OURS];
    assert!(receiver.changes() == told, "deliveries have the feed's shape and order");
    let body = &receiver.taken[0].1;
    assert_eq!((&body["type"], &body["data"]["after"]), (&json!("changes"), &json!("0")));
    assert!(body["data"]["connection_id"].as_str().unwrap().starts_with("con_"));
    assert!(body["data"]["workspace_id"].as_str().unwrap().starts_with("ws_"));
    assert!(receiver.came.len() >= 8 && receiver.came.len() <= 12, "{} messages", receiver.came.len());
    for (_, body) in &receiver.taken {
        assert!(body["data"]["changes"].as_array().unwrap().len() <= 100);
    }
    world.receivers.get_mut(OURS).unwrap().status = 500;
    rename(&mut world, "Ada");
    world.pass(5);
    assert!(world.log.iter().any(|line| line.contains("a delivery failed")));
    assert!(!world.log.iter().any(|line| line.contains("hidden") || line.contains("whsec_")));
}

#[test]
fn a_change_arrives_within_a_second_of_the_mirror_knowing_it() {
    let mut world = synced(plan(20));
    world.endpoint(OURS, all(), None);
    world.pass(10);
    assert_eq!(world.receivers[OURS].came.len(), 0, "an endpoint begins at the feed's end");
    rename(&mut world, "Ada");
    arrives(&mut world, OURS, "Ada");
    let receiver = &world.receivers[OURS];
    let change = receiver.changes().pop().unwrap();
    let known =
        spoke::values::time::Timestamp::parse_rfc3339(change["at"].as_str().unwrap()).unwrap().0 as u64;
    let waited = receiver.came.last().unwrap().0 - known;
    assert!(waited < 1_000, "it waits {waited} ms");
}

#[test]
fn nothing_is_lost_skipped_or_out_of_order_through_crashes_torn_turns_and_lost_answers() {
    for seed in 0..6 {
        let plan = Plan {
            seed,
            contacts: 150,
            minutes: 12,
            edits_per_minute: 20,
            crashes_per_minute: 1.5,
            torn_one_in: 9,
            webhooks: true,
            deletions: true,
            // A delivery that meets a torn turn comes again within the life.
            switches: Switches { webhook_time_scale: 0.05, ..Switches::default() },
            ..Plan::default()
        };
        let mut world = World::new(plan);
        let id = world.endpoint(OURS, all(), Some(0));
        world.receivers.get_mut(OURS).unwrap().loses_one_in = 4;
        world.live().unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
        world.receivers.get_mut(OURS).unwrap().loses_one_in = 0;
        caught_up(&mut world, &id);
        let told: Vec<u64> = (1..=world.status().latest_change).collect();
        let receiver = &world.receivers[OURS];
        assert_eq!(receiver.numbers(), told, "seed {seed}");
        // What comes twice comes under the same id.
        let mut numbers = std::collections::BTreeMap::new();
        for (message, body) in &receiver.taken {
            for change in body["data"]["changes"].as_array().unwrap() {
                let first =
                    numbers.entry(change["seq"].clone().to_string()).or_insert_with(|| message.clone());
                assert_eq!(first, message, "seed {seed}: {} comes under two ids", change["seq"]);
            }
        }
        assert!(receiver.taken.len() > 20, "seed {seed}: {} messages", receiver.taken.len());
    }
}

#[test]
fn a_message_whose_answer_is_lost_with_the_process_comes_again_under_its_id() {
    let mut world = synced(plan(20));
    world.endpoint(OURS, all(), None);
    world.receivers.get_mut(OURS).unwrap().takes_ms = (5_000, 5_000);
    rename(&mut world, "Ada");
    assert!(world.until(10, |world| world.receivers[OURS].came.len() == 1));
    world.restart();
    world.receivers.get_mut(OURS).unwrap().takes_ms = (5, 40);
    rename(&mut world, "Grace");
    arrives(&mut world, OURS, "Grace");
    let came = &world.receivers[OURS].came;
    assert_eq!(came[0].1, came[1].1, "the same id");
    assert_eq!(came[0].2["data"]["next"], came[1].2["data"]["next"], "the same changes");
    assert_ne!(came[1].1, came.last().unwrap().1, "what is new is another message");
}

#[test]
pub fn a_receiver_that_fails_stops_its_own_cursor_and_no_other() {
    let mut world = synced(plan(20));
    let failing = world.endpoint(OURS, all(), None);
    let well = world.endpoint(OTHER, all(), None);
    world.receivers.get_mut(OURS).unwrap().status = 0;
    let before = world.endpoint_of(&failing).cursor;
    for number in 0..12 {
        rename(&mut world, &format!("Name {number}"));
        world.pass(2);
        arrives(&mut world, OTHER, &format!("Name {number}"));
    }
    let behind = world.endpoint_of(&failing);
    assert_eq!((behind.cursor, behind.standing()), (before, Standing::Failing));
    assert!(behind.failures >= FAILING_AFTER && behind.failures < 12, "{}", behind.failures);
    let ids: std::collections::BTreeSet<&String> =
        world.receivers[OURS].came.iter().map(|(_, id, _)| id).collect();
    assert_eq!(ids.len(), 1, "one message is tried again and again");
    let pauses: Vec<u64> = world.receivers[OURS].came.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert!(pauses[0] >= 20_000 && pauses.last().unwrap() > &pauses[0], "{pauses:?}");
    assert_eq!(world.endpoint_of(&well).failures, 0);
    // It recovers by itself, in order, and is back where everyone is.
    world.receivers.get_mut(OURS).unwrap().status = 200;
    caught_up(&mut world, &failing);
    assert_eq!(world.receivers[OURS].numbers(), world.receivers[OTHER].numbers());
    assert_eq!(world.endpoint_of(&failing).standing(), Standing::Active);
}

#[test]
fn receivers_that_hang_keep_neither_the_sync_nor_webhooks_waiting() {
    let mut world = World::new(Plan { contacts: 3_000, latency_ms: (100, 200), ..plan(3_000) });
    for number in 0..4 {
        let url = format!("https://hangs-{number}.example.com/");
        world.endpoint(&url, all(), None);
        world.receivers.get_mut(&url).unwrap().status = 0;
    }
    let start = world.now;
    assert!(world.backfill());
    let took = world.now - start;
    assert!(took < 60_000, "3,000 contacts take {took} ms");
    // While a receiver keeps an alarm waiting, the change of a webhook is read at once.
    let id = world.truth().keys().next().unwrap().clone();
    for number in 0..6 {
        rename(&mut world, &format!("Name {number}"));
        let asked = world.now;
        let seen = world.until(5, |world| {
            world.record(&id).unwrap()["properties"]["firstname"] == format!("Name {number}")
        });
        assert!(seen);
        // The simulator gathers webhooks for some seconds.
        let waited = world.now - asked;
        assert!(
            waited < world.plan.switches.webhook_gather_ms + 3_000,
            "a webhook's change waits {waited} ms"
        );
        world.pass_ms(700);
    }
    world.pass(6);
    world.verdict().unwrap();
}

#[test]
fn a_new_secret_signs_beside_the_old_one_for_a_day() {
    let mut world = synced(plan(20));
    let id = world.endpoint(OURS, all(), None);
    let old = world.receivers[OURS].secrets[0].clone();
    let (endpoint, new) = world.act(&id, Action::Rotate).unwrap();
    let new = new.expect("a new secret is shown");
    assert!(new.starts_with("whsec_") && new != old && endpoint.previous_secret_until.is_some());
    assert!(!world.dump().contains(&new["whsec_".len()..]), "secrets are sealed");
    assert!(!world.dump().contains(&old["whsec_".len()..]), "secrets are sealed");
    // The receiver knows only the old one, and every signature is checked.
    rename(&mut world, "Old");
    arrives(&mut world, OURS, "Old");
    assert_eq!(world.receivers[OURS].signatures.last(), Some(&2));
    world.receivers.get_mut(OURS).unwrap().secrets = vec![new];
    rename(&mut world, "Both");
    arrives(&mut world, OURS, "Both");
    world.pass(24 * 60);
    rename(&mut world, "New");
    arrives(&mut world, OURS, "New");
    assert_eq!(world.receivers[OURS].signatures.last(), Some(&1));
}

#[test]
fn secrets_replaced_twice_within_a_day_all_sign_until_there_are_too_many() {
    let mut world = synced(plan(20));
    let id = world.endpoint(OURS, all(), None);
    let rotate = |world: &mut World| world.act(&id, Action::Rotate).map(|(_, secret)| secret.unwrap());
    rotate(&mut world).unwrap();
    world.pass(60);
    rotate(&mut world).unwrap();
    // The receiver knows only the first of all.
    rename(&mut world, "First");
    arrives(&mut world, OURS, "First");
    assert_eq!(world.receivers[OURS].signatures.last(), Some(&3));
    let third = rotate(&mut world).unwrap();
    assert_eq!(rotate(&mut world).unwrap_err(), Refusal::RotatedTooOften);
    world.receivers.get_mut(OURS).unwrap().secrets = vec![third];
    // A day after it was replaced, the first signs no more, and another may be made.
    world.pass(23 * 60 + 30);
    rename(&mut world, "Later");
    arrives(&mut world, OURS, "Later");
    assert_eq!(world.receivers[OURS].signatures.last(), Some(&3));
    rotate(&mut world).unwrap();
}

#[test]
fn secrets_outlive_a_change_of_keys_and_a_lost_key_is_mended_by_a_rotation() {
    let key = |byte: u8| {
        format!("k{byte}:{}", Base64::encode_string(&std::array::from_fn::<u8, 32, _>(|at| byte ^ at as u8)))
    };
    let mut world = synced(plan(20));
    let id = world.endpoint(OURS, all(), None);
    world.deploy("KEYRING", format!("{},k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", key(2)));
    rename(&mut world, "Both keys");
    arrives(&mut world, OURS, "Both keys");
    world.pass(60);
    world.deploy("KEYRING", key(2));
    rename(&mut world, "New key");
    arrives(&mut world, OURS, "New key");
    // Now the key is lost, as the endpoint says, and what it advises helps at once.
    world.deploy("KEYRING", key(3));
    let again = Action::Replay { after: world.status().latest_change - 1 };
    world.act(&id, again.clone()).unwrap();
    world.pass(1);
    let reason = world.endpoint_of(&id).reason.expect("it is paused");
    assert!(reason.contains("Rotate it"), "{reason}");
    let (_, new) = world.act(&id, Action::Rotate).unwrap();
    world.receivers.get_mut(OURS).unwrap().secrets = vec![new.unwrap()];
    world.act(&id, Action::Resume).unwrap();
    let taken = world.receivers[OURS].taken.len();
    world.pass(1);
    assert_eq!(world.endpoint_of(&id).standing(), Standing::Active);
    assert_eq!(world.receivers[OURS].taken.len(), taken + 1);
    assert_eq!(world.receivers[OURS].signatures.last(), Some(&1));
}

#[test]
fn a_repeated_message_holds_what_it_held_though_its_records_have_grown() {
    let mut world = synced(plan(60));
    let id = world.endpoint(OURS, all(), Some(0));
    world.receivers.get_mut(OURS).unwrap().loses_one_in = 1;
    world.pass_ms(500);
    assert!(!world.receivers[OURS].taken.is_empty(), "it took the message, and the answer is lost");
    let contacts: Vec<String> = world.truth().into_keys().collect();
    let long = "x".repeat(8_000);
    for contact in &contacts {
        world.contact("edit", json!({ "id": contact, "properties": { "lastname": long } }));
    }
    world.pass(6);
    world.receivers.get_mut(OURS).unwrap().loses_one_in = 0;
    caught_up(&mut world, &id);
    let told: Vec<u64> = (1..=world.status().latest_change).collect();
    let receiver = &world.receivers[OURS];
    assert_eq!(receiver.numbers(), told);
    let size = |at: usize| receiver.came[at].2.to_string().len();
    let retry = receiver.came.iter().rposition(|(_, id, _)| *id == receiver.came[0].1).unwrap();
    assert!(size(0) < 200_000 && size(retry) > 400_000, "{} and {}", size(0), size(retry));
}

#[test]
fn a_message_can_be_skipped_by_name_and_only_while_it_waits() {
    let mut world = synced(plan(20));
    let id = world.endpoint(OURS, all(), None);
    assert_eq!(world.act(&id, Action::Skip { message: None }).unwrap_err(), Refusal::NothingToSkip);
    world.receivers.get_mut(OURS).unwrap().status = 422;
    rename(&mut world, "Poison");
    assert!(world.until(10, |world| world.receivers[OURS].came.len() >= 2));
    let held = world.endpoint_of(&id).message.unwrap();
    let other = "msg_000000000000000000000000".parse().unwrap();
    assert_eq!(world.act(&id, Action::Skip { message: Some(other) }).unwrap_err(), Refusal::NothingToSkip);
    let (endpoint, _) = world.act(&id, Action::Skip { message: Some(held.id) }).unwrap();
    assert_eq!((endpoint.cursor, endpoint.failures), (held.up_to, 0));
    world.receivers.get_mut(OURS).unwrap().status = 200;
    rename(&mut world, "Fine");
    arrives(&mut world, OURS, "Fine");
    assert!(world.receivers[OURS].numbers().iter().all(|number| *number > held.up_to));
}

#[test]
fn a_replay_delivers_again_under_new_ids_and_not_from_nowhere() {
    let mut world = synced(plan(120));
    let id = world.endpoint(OURS, all(), Some(0));
    caught_up(&mut world, &id);
    let latest = world.status().latest_change;
    let first: Vec<String> = world.receivers[OURS].taken.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(world.act(&id, Action::Replay { after: latest + 1 }).unwrap_err(), Refusal::Ahead(latest));
    world.act(&id, Action::Replay { after: latest - 5 }).unwrap();
    caught_up(&mut world, &id);
    let receiver = &world.receivers[OURS];
    assert_eq!(receiver.numbers()[latest as usize..], (latest - 4..=latest).collect::<Vec<_>>());
    assert!(!first.contains(&receiver.taken.last().unwrap().0));
}

#[test]
fn a_pause_holds_everything_back_and_a_resume_goes_on_where_it_stopped() {
    let mut world = synced(plan(20));
    let id = world.endpoint(OURS, all(), None);
    world.act(&id, Action::Pause).unwrap();
    rename(&mut world, "Ada");
    world.pass(30);
    assert_eq!(world.receivers[OURS].came.len(), 0);
    // A test goes through all the same.
    let (endpoint, _) = world.act(&id, Action::Test).unwrap();
    assert_eq!(endpoint.standing(), Standing::Paused);
    world.pass(1);
    let test = world.endpoint_of(&id).test.unwrap();
    assert_eq!(test.attempt.unwrap().status, Some(200));
    assert_eq!(world.receivers[OURS].came.len(), 1);
    assert_eq!(world.receivers[OURS].taken[0].1["type"], "endpoint.test");
    world.act(&id, Action::Resume).unwrap();
    arrives(&mut world, OURS, "Ada");
}

#[test]
fn a_receiver_that_was_away_for_too_long_is_told_to_read_everything_anew() {
    let plan = Plan { variables: vec![("FEED_DAYS", "1".to_owned())], ..plan(20) };
    let mut world = synced(plan);
    let id = world.endpoint(OURS, all(), None);
    world.receivers.get_mut(OURS).unwrap().status = 500;
    rename(&mut world, "Lost");
    world.pass(5);
    let held = world.endpoint_of(&id).message.expect("a message waits");
    for hour in 0..50 {
        rename(&mut world, &format!("Hour {hour}"));
        world.pass(60);
    }
    // Meanwhile nobody may go back there.
    assert!(matches!(
        world.act(&id, Action::Replay { after: held.after }).unwrap_err(),
        Refusal::BeyondHorizon(_)
    ));
    world.receivers.get_mut(OURS).unwrap().status = 200;
    caught_up(&mut world, &id);
    let receiver = &world.receivers[OURS];
    let (_, marker) = &receiver.taken[0];
    assert_eq!(
        (&marker["type"], &marker["data"]["after"]),
        (&json!("feed.truncated"), &json!(held.after.to_string()))
    );
    let numbers = receiver.numbers();
    let resumes: u64 = receiver
        .taken
        .iter()
        .rfind(|(_, body)| body["type"] == "feed.truncated")
        .map(|(_, body)| body["data"]["next"].as_str().unwrap().parse().unwrap())
        .unwrap();
    assert_eq!(numbers, (resumes + 1..=world.status().latest_change).collect::<Vec<_>>());
}

#[test]
fn a_receiver_that_fails_for_five_days_is_paused_with_words() {
    let mut world = synced(plan(20));
    let id = world.endpoint(OURS, all(), None);
    world.receivers.get_mut(OURS).unwrap().status = 500;
    rename(&mut world, "Ada");
    world.pass(5 * 24 * 60 + 120);
    let endpoint = world.endpoint_of(&id);
    assert_eq!(endpoint.standing(), Standing::Paused);
    assert!(endpoint.reason.unwrap().contains("five days"));
    let tries = world.receivers[OURS].came.len();
    assert!((120..=160).contains(&tries), "{tries} attempts in five days");
    world.pass(24 * 60);
    assert_eq!(world.receivers[OURS].came.len(), tries);
    world.receivers.get_mut(OURS).unwrap().status = 200;
    world.act(&id, Action::Resume).unwrap();
    arrives(&mut world, OURS, "Ada");
}

#[test]
fn only_what_is_wanted_is_delivered_and_the_cursor_passes_the_rest() {
    let mut world = World::new(plan(500));
    let lifecycle = world.endpoint(OURS, events(&["lifecycle"]), Some(0));
    let deletions = world.endpoint(OTHER, events(&["deleted"]), Some(0));
    assert!(world.backfill());
    let victim = world.truth().keys().next().unwrap().clone();
    world.contact("archive", json!({ "id": victim }));
    world.pass(5);
    world.farewell(false, false);
    caught_up(&mut world, &lifecycle);
    caught_up(&mut world, &deletions);
    let kinds = |url: &str| -> Vec<String> {
        let changes = world.receivers[url].changes();
        changes.iter().map(|change| change["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(OURS), ["connected", "backfill_done", "disconnected"]);
    assert_eq!(kinds(OTHER), ["deleted"]);
    let done = &world.receivers[OURS].changes()[1];
    assert_eq!((&done["object_type"], &done["about"]), (&json!("connection"), &json!("contacts")));
    assert_eq!(world.receivers[OTHER].came.len(), 1, "what is not wanted costs no message");
}

#[test]
fn everything_that_happens_to_a_connection_comes_through_the_same_pipe() {
    let mut world = World::new(Plan { deals: Some(5), ..plan(20) });
    let id = world.endpoint(OURS, events(&["lifecycle"]), Some(0));
    assert!(world.backfill());
    let account = (crate::life::PORTAL, crate::life::APP);
    let removed =
        json!({ "app_id": account.1, "portal_id": account.0, "removed": ["crm.objects.deals.read"] });
    world.control("POST", "grants/scopes", &removed);
    world.pass(15);
    world.command(Command::Pause);
    world.pass(1);
    world.command(Command::Resume);
    world.pass(1);
    world.control("POST", "uninstall", &json!({ "portal_id": account.0, "app_id": account.1 }));
    world.pass(60);
    world.connect(0);
    world.pass(2);
    world.farewell(false, false);
    caught_up(&mut world, &id);
    let told: Vec<(String, String)> = world.receivers[OURS]
        .changes()
        .iter()
        .map(|change| {
            assert_eq!(change["object_type"], "connection");
            let text = |field: &str| change[field].as_str().unwrap_or_default().to_owned();
            (text("kind"), text("about"))
        })
        .collect();
    let told: Vec<(&str, &str)> = told.iter().map(|(kind, about)| (kind.as_str(), about.as_str())).collect();
    let read = |told: &[(&str, &str)]| {
        let mut kinds: Vec<String> = told.iter().map(|(_, about)| (*about).to_owned()).collect();
        kinds.sort();
        assert!(told.iter().all(|(kind, _)| *kind == "backfill_done"), "{told:?}");
        kinds
    };
    assert_eq!(told[0], ("connected", ""), "{told:?}");
    assert_eq!(read(&told[1..3]), ["contacts", "deals"]);
    assert_eq!(
        told[3..8],
        [
            ("scope_lost", "deals"),
            ("paused", ""),
            ("resumed", ""),
            ("needs_reauthorisation", ""),
            ("connected", "")
        ]
    );
    assert_eq!(read(&told[8..10]), ["contacts", "deals"]);
    assert_eq!(told[10..], [("disconnected", "")]);
    let changes = world.receivers[OURS].changes();
    assert!(changes[3]["message"].as_str().unwrap().contains("crm.objects.deals.read"));
    assert!(changes[4]["message"].as_str().unwrap().contains("A person paused it"));
}

#[test]
fn a_connection_that_ends_tells_its_receivers_why() {
    let mut world = synced(plan(20));
    world.endpoint(OURS, all(), None);
    world.control(
        "POST",
        "uninstall",
        &json!({ "portal_id": crate::life::PORTAL, "app_id": crate::life::APP }),
    );
    let told = world.until(60, |world| !world.receivers[OURS].taken.is_empty());
    assert!(told, "nothing is told: {:?}", world.status());
    let change = world.receivers[OURS].changes().remove(0);
    assert_eq!(change["kind"], "needs_reauthorisation");
    assert!(change["message"].as_str().unwrap().contains("Connect it again"));
    world.connect(0);
    let again = world.until(60, |world| {
        let changes = world.receivers[OURS].changes();
        changes.iter().any(|change| change["kind"] == "backfill_done")
    });
    assert!(again);
    assert_eq!(world.receivers[OURS].changes()[1]["kind"], "connected");
}

#[test]
fn a_connection_has_ten_endpoints_at_most_and_forgets_one_that_is_removed() {
    let mut world = synced(plan(5));
    let ids: Vec<_> =
        (0..10).map(|number| world.endpoint(&format!("{OTHER}/{number}"), all(), None)).collect();
    let create = spoke::engine::portal::endpoints::commands::Command::Create {
        url: OURS.to_owned(),
        description: String::new(),
        wanted: Wanted { types: vec![ObjectType::Contacts], ..Wanted::default() },
        after: None,
    };
    let full = world.command(Command::Endpoint(create));
    assert!(format!("{full:?}").contains("Full"), "{full:?}");
    let removed = world.command(Command::Endpoint(spoke::engine::portal::endpoints::commands::Command::On(
        ids[3].clone(),
        Action::Remove,
    )));
    assert!(format!("{removed:?}").contains("Removed"));
    assert_eq!(world.act(&ids[3], Action::Get).unwrap_err(), Refusal::NotFound);
    world.restart();
    assert_eq!(world.act(&ids[3], Action::Get).unwrap_err(), Refusal::NotFound);
    rename(&mut world, "Ada");
    arrives(&mut world, &format!("{OTHER}/9"), "Ada");
    assert_eq!(world.receivers[&format!("{OTHER}/3")].came.len(), 0);
}

//! Hand-overs: whoever is in a channel comes to its host once, whenever the host comes, however far the feed reaches back.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        channels::commands::Action as OnChannel,
        endpoints::{commands::Action, endpoint::Wanted},
        messages::{Answer, Command},
    },
    values::ids::{ChannelId, EndpointId},
};

use super::{ids, rename, synced, tiny};
use crate::life::{Plan, World};

const HOST: &str = "https://host.example.com/late";

/// An account of so many contacts whose channel of all was made two days ago, of which the feed keeps one; the channel, and where its
/// first change was.
fn long_ago(contacts: u32) -> (World, ChannelId, u64) {
    let variables = vec![("FEED_DAYS", "1".to_owned())];
    let mut world = synced(Plan { variables, webhooks: true, ..tiny(contacts) });
    let everybody = json!({
        "name": "All", "object_type": "contacts", "filter": { "and": [] },
        "fields": [{"field": "first_name", "property": "firstname"}],
    });
    let (channel, begins) = world.make_channel(&everybody).unwrap();
    world.pass(1);
    let id = ids(&world)[0].clone();
    for hour in 0..50 {
        rename(&mut world, &id, &format!("Hour {hour}"));
        world.pass(60);
    }
    let gone = world.command(Command::Changes { after: begins, limit: 1, types: vec![] });
    assert!(matches!(gone, Some(Answer::BeyondHorizon(_))), "{gone:?}");
    (world, channel, begins)
}

fn join(world: &mut World, channel: &ChannelId, after: Option<u64>) -> EndpointId {
    let wanted = Wanted { channel: Some(channel.clone()), ..Wanted::default() };
    world.endpoint(HOST, wanted, after)
}

/// First names by id, as HubSpot has them and as the host was told.
fn truth(world: &World) -> BTreeMap<String, Value> {
    let own = |(id, values): (String, Value)| (id, json!({ "first_name": values["firstname"] }));
    world.truth().into_iter().map(own).collect()
}

#[test]
fn an_endpoint_that_is_made_late_gets_each_record_once_through_edits_and_a_crash() {
    for after in [None, Some(0)] {
        let (mut world, channel, begins) = long_ago(450);
        let endpoint = join(&mut world, &channel, after.map(|_| begins));
        world.receivers.get_mut(HOST).unwrap().loses_one_in = 3;
        let all = ids(&world);
        assert!(world.until(2, |world| world.receivers[HOST].taken.len() >= 2));
        // One who was handed over and one who was not: changed, gone, and new; then the process is killed.
        for id in [&all[3], &all[440]] {
            rename(&mut world, id, "Meanwhile");
        }
        for id in [&all[5], &all[445]] {
            world.contact("archive", json!({ "id": id }));
        }
        world.contact("create", json!({ "properties": { "firstname": "New" } }));
        world.restart();
        world.pass(2);
        world.receivers.get_mut(HOST).unwrap().loses_one_in = 0;
        world.pass(15);
        assert_eq!(world.endpoint_of(&endpoint).hand_over, None);
        let handed = world.handed(HOST).unwrap();
        assert_eq!(handed.records, truth(&world));
        assert!(handed.events["channel_entered"] <= 451, "{:?}", handed.events);
        rename(&mut world, &all[9], "Afterwards");
        world.pass(6);
        assert_eq!(world.handed(HOST).unwrap().records[&all[9]], json!({ "first_name": "Afterwards" }));
    }
}

#[test]
fn a_channels_host_that_was_away_for_too_long_is_handed_everybody_anew() {
    let (mut world, channel, _) = long_ago(30);
    join(&mut world, &channel, None);
    world.pass(2);
    assert_eq!(world.handed(HOST).unwrap().records, truth(&world));
    let before = world.receivers[HOST].taken.len();
    world.receivers.get_mut(HOST).unwrap().status = 500;
    let all = ids(&world);
    world.contact("archive", json!({ "id": all[7] }));
    for hour in 0..60 {
        rename(&mut world, &all[1], &format!("Away {hour}"));
        world.pass(60);
    }
    world.receivers.get_mut(HOST).unwrap().status = 200;
    world.pass(120);
    let taken = world.receivers[HOST].taken[before..].to_vec();
    let at = taken.iter().rposition(|(_, body)| body["type"] == "feed.truncated").expect("it is told");
    assert_eq!(taken[at].1["data"]["channel"], channel.as_str());
    assert!(taken[at].1["data"].get("snapshot").is_none(), "a snapshot has nothing of the channel");
    // What it holds besides has left, as it was told.
    let mut records = BTreeMap::new();
    let mut over = false;
    for (_, body) in &taken[at + 1..] {
        for change in
            body["data"]["changes"].as_array().unwrap().iter().filter(|one| one["fields"].is_object())
        {
            records.insert(change["id"].as_str().unwrap().to_owned(), change["fields"].clone());
        }
        over |= body["data"]["hand_over"] == "complete";
    }
    assert!(over);
    assert_eq!(records, truth(&world));
}

#[test]
fn a_hand_over_waits_for_its_channel_and_can_be_asked_for() {
    let (mut world, channel, _) = long_ago(20);
    world.act_on_channel(&channel, OnChannel::Pause).unwrap();
    let endpoint = join(&mut world, &channel, None);
    world.pass(10);
    assert!(world.receivers[HOST].taken.is_empty(), "a paused channel tells nothing");
    world.act_on_channel(&channel, OnChannel::Resume).unwrap();
    world.pass(2);
    assert_eq!(world.handed(HOST).unwrap().records, truth(&world));
    let taken = world.receivers[HOST].taken.len();
    world.act(&endpoint, Action::HandOver).unwrap();
    world.pass(2);
    let again = &world.receivers[HOST].taken[taken..];
    assert_eq!((again.len(), again[0].1["data"]["changes"].as_array().unwrap().len()), (1, 20));
    assert_eq!(again[0].1["data"]["hand_over"], "complete");
}

#[test]
fn who_reads_by_itself_gets_a_channels_records_by_pages() {
    let (mut world, channel, _) = long_ago(30);
    let (mut records, mut above, mut first) = (BTreeMap::new(), None, None);
    loop {
        let ask = Command::ChannelRecords { channel: channel.clone(), after: above, limit: 12 };
        let Some(Answer::Json(text)) = world.command(ask) else { panic!("no page") };
        let page: Value = serde_json::from_str(&text).unwrap();
        first.get_or_insert_with(|| page["after"].clone());
        for one in page["results"].as_array().unwrap() {
            records.insert(one["id"].as_str().unwrap().to_owned(), one["fields"].clone());
        }
        match page["next_cursor"].as_str() {
            Some(next) => above = Some(next.parse().unwrap()),
            None => break,
        }
    }
    assert_eq!(records, truth(&world));
    assert_eq!(first, Some(json!(world.status().latest_change.to_string())));
    let other = ChannelId::from_random([9; 12]);
    let missing = world.command(Command::ChannelRecords { channel: other, after: None, limit: 5 });
    assert!(matches!(missing, Some(Answer::Missing)));
}

#[test]
fn whoever_was_handed_over_and_left_is_to_be_forgotten_once_erased() {
    let mut world = synced(Plan { webhooks: true, ..tiny(20) });
    let id = ids(&world)[4].clone();
    rename(&mut world, &id, "Lead");
    world.pass(6);
    let leads = json!({
        "name": "Leads", "object_type": "contacts",
        "filter": {"property": "firstname", "type": "string", "operator": "is", "value": "Lead"},
        "fields": [{"field": "first_name", "property": "firstname"}],
    });
    world.channel_at(HOST, &leads).unwrap();
    world.pass(1);
    rename(&mut world, &id, "Customer");
    world.pass(6);
    assert!(world.handed(HOST).unwrap().records.is_empty());
    world.contact("erase", json!({ "id": id }));
    world.pass(6);
    let last = world.receivers[HOST].changes().pop().unwrap();
    assert_eq!((&last["kind"], &last["id"]), (&json!("erased"), &json!(id)));
    assert!(last.get("fields").is_none() && last.get("record").is_none());
}

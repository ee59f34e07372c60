//! Entries on timelines: the best way that is open, each entry once, and always said which way it went.

use hubspot_simulator::{
    Fault, Rule, Switches,
    portal::{PortalSettings, Tier},
    route::Endpoint,
};
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        messages::{Answer, Command},
        outbox::{
            Settings,
            commands::{Answer as Told, Asked, Command as Outbox, Taken},
            timeline::Choice,
        },
    },
    values::ids::ObjectType,
};

use super::{
    ids,
    outbox::{FIELDS, WRITES, act, action, asked, outbox, refusal, settled, take, with, writing},
    synced,
};
use crate::life::{PORTAL, Plan, World};

const APP: &str = "timeline";
const CUSTOM: [&str; 2] =
    ["analytics.behavioral_events.send", "behavioral_events.event_definitions.read_write"];
const NOTE: &str = concat!(
    "<p><strong>Asked &lt;us&gt;</strong></p><p>About &amp; all</p>",
    "<p><a href=\"https://acme.example/1\">https://acme.example/1</a></p>",
);

/// An account of a tier, and an app with these scopes besides those that write records, approved for events or not.
fn account(scopes: &[&'static str], tier: Tier, approved: bool) -> World {
    let settings = PortalSettings { tier, hubspot_properties: Some(40), ..PortalSettings::default() };
    let switches = Switches { app_events_allowed: approved, ..Switches::default() };
    let more_scopes = [&WRITES[..], &FIELDS[..], scopes].concat();
    synced(Plan { settings, switches, more_scopes, ..writing(5) })
}

fn whole() -> World {
    account(&[APP, CUSTOM[0], CUSTOM[1]], Tier::Professional, true)
}

fn entry(kind: &str, id: &str) -> Value {
    json!({
        "action": "timeline_entry", "about": { "type": kind, "id": id }, "title": "Asked <us>", "body": "About & all",
        "url": "https://acme.example/1", "at": "2026-11-20T00:05:00Z",
    })
}

fn set(world: &mut World, timeline: Choice) {
    let settings = Settings { timeline, ..Settings::default() };
    assert_eq!(outbox(world, Outbox::Set(settings.clone())), Told::Settings(settings));
}

/// The events that HubSpot has: name, record, title.
fn events(world: &World) -> Vec<(String, String, String)> {
    let portal = world.simulator.portal(PORTAL).expect("the account exists");
    let all = portal.occurrences().iter();
    all.map(|own| {
        (own.name.clone(), own.object_id.clone().unwrap_or_default(), own.properties["title"].clone())
    })
    .collect()
}

fn notes(world: &World) -> usize {
    with(world, ObjectType::Notes, "hs_note_body", NOTE).len()
}

fn way(action: &Value) -> &str {
    action["writes"][0]["way"].as_str().unwrap_or_default()
}

#[test]
fn an_entry_goes_the_best_way_that_is_open_and_the_answer_says_which() {
    for (scopes, tier, approved, expected) in [
        (&[APP, CUSTOM[0], CUSTOM[1]][..], Tier::Professional, true, "app_event"),
        (&CUSTOM[..], Tier::Professional, true, "custom_event"),
        (&[][..], Tier::Professional, true, "note"),
        // Half of what custom events take.
        (&CUSTOM[..1], Tier::Professional, true, "note"),
    ] {
        let mut world = account(scopes, tier, approved);
        for (kind, object) in [
            ("contacts", ObjectType::Contacts),
            ("companies", ObjectType::Companies),
            ("deals", ObjectType::Deals),
        ] {
            let id = world.truth_of(object).keys().next().expect("a record").clone();
            let name = kind.trim_end_matches('s').replace("companie", "company");
            let done = act(&mut world, entry(kind, &id));
            let done = settled(&mut world, &done);
            assert_eq!((&done["state"], way(&done)), (&"done".into(), expected), "{kind}: {done}");
            let expected = match expected {
                "app_event" => Some((format!("spoke_{name}_entry"), id, "Asked <us>".to_owned())),
                "custom_event" => {
                    Some((format!("pe{PORTAL}_spoke_{name}_entry"), id, "Asked <us>".to_owned()))
                }
                _ => None,
            };
            assert_eq!(events(&world).last().cloned(), expected);
        }
        assert_eq!(notes(&world), if expected == "note" { 3 } else { 0 }, "{expected}");
        assert!(world.simulator.portal(PORTAL).unwrap().occurrences().iter().all(|own| own.matched));
    }
}

#[test]
fn a_way_that_hubspot_refuses_is_left_for_the_next_and_for_a_day() {
    // The scope was granted, and HubSpot has not approved the app; nor has the account's tier custom events.
    let mut world = account(&[APP, CUSTOM[0], CUSTOM[1]], Tier::FreeOrStarter, false);
    let id = ids(&world)[0].clone();
    let before = world.calls.len();
    for _ in 0..3 {
        let done = act(&mut world, entry("contacts", &id));
        let done = settled(&mut world, &done);
        assert_eq!((&done["state"], way(&done)), (&"done".into(), "note"), "{done}");
    }
    assert_eq!((notes(&world), events(&world).len()), (3, 0));
    assert_eq!(world.counted(before, "/timeline/2026-03/events"), 1, "asked once");
    assert_eq!(world.counted(before, "/event-definitions"), 1);
    // Where the settings want nothing else the refusal is told, at once while it is fresh.
    set(&mut world, Choice::CustomEvent);
    let (at, words) = refusal(&mut world, entry("contacts", &id));
    assert!(at == "/action" && words.contains("within the day"), "{at} {words}");
    world.restart();
    assert_eq!(refusal(&mut world, entry("contacts", &id)).0, "/action");
    world.pass(24 * 60 + 5);
    let failed = act(&mut world, entry("contacts", &id));
    let failed = settled(&mut world, &failed);
    assert_eq!((&failed["state"], way(&failed)), (&"failed".into(), "custom_event"), "{failed}");
    assert_eq!(notes(&world), 3);
}

#[test]
fn an_event_whose_answer_is_lost_is_there_once() {
    for (scopes, endpoint, expected) in [
        (&[APP][..], Endpoint::AppEventSend, "app_event"),
        (&CUSTOM[..], Endpoint::EventSendBatch, "custom_event"),
    ] {
        for after_commit in [true, false] {
            let mut world = account(scopes, Tier::Professional, true);
            let id = ids(&world)[0].clone();
            world.simulator.faults.add(Rule::next(1, Fault::NoAnswer { after_commit }).at(endpoint));
            let done = act(&mut world, entry("contacts", &id));
            let done = settled(&mut world, &done);
            assert_eq!((&done["state"], way(&done)), (&"done".into(), expected), "{done}");
            assert_eq!((events(&world).len(), notes(&world)), (1, 0), "{expected}, {after_commit}");
        }
    }
}

#[test]
fn a_page_in_place_of_an_answer_is_no_word_that_an_event_is_there() {
    for (scopes, endpoint, expected) in [
        (&[APP][..], Endpoint::AppEventSend, "app_event"),
        (&CUSTOM[..], Endpoint::EventDefinitionCreate, "custom_event"),
        (&CUSTOM[..], Endpoint::EventSendBatch, "custom_event"),
    ] {
        for fault in [Fault::Html, Fault::Truncated] {
            let mut world = account(scopes, Tier::Professional, true);
            let id = ids(&world)[0].clone();
            world.simulator.faults.add(Rule::next(1, fault).at(endpoint));
            let done = act(&mut world, entry("contacts", &id));
            let done = settled(&mut world, &done);
            assert_eq!((&done["state"], way(&done)), (&"done".into(), expected), "{done}");
            assert_eq!((events(&world).len(), notes(&world)), (1, 0), "{expected}, {fault:?}");
        }
    }
}

#[test]
fn an_event_under_way_when_the_object_ends_is_there_once() {
    let mut world = whole();
    let id = ids(&world)[0].clone();
    world.hold("/timeline/2026-03/events", 1);
    let done = act(&mut world, entry("contacts", &id));
    assert!(world.until(5, |world| world.held() == 1));
    world.cut_off();
    world.restart();
    assert_eq!(settled(&mut world, &done)["state"], "done");
    assert_eq!(events(&world).len(), 1);
}

#[test]
fn of_many_at_once_each_is_there_once_also_where_half_of_them_arrived() {
    for (scopes, endpoint, most) in
        [(&[APP][..], Endpoint::AppEventSendBatch, 40), (&CUSTOM[..], Endpoint::EventSendBatch, 8)]
    {
        let mut world = account(scopes, Tier::Professional, true);
        let id = ids(&world)[0].clone();
        let after_commit = true;
        world.simulator.faults.add(Rule::next(1, Fault::NoAnswer { after_commit }).at(endpoint));
        let before = world.calls.len();
        let all = (0..20).map(|_| Asked { background: true, ..asked(entry("contacts", &id)) }).collect();
        let Told::Taken(taken) = outbox(&mut world, Outbox::Do(all)) else { panic!("not taken") };
        for one in taken {
            let Taken::Action { action: text, .. } = one else { panic!("not taken: {one:?}") };
            let told: Value = serde_json::from_str(&text).unwrap();
            let done = settled(&mut world, &told["id"].as_str().unwrap().parse().unwrap());
            assert_eq!(done["state"], "done", "{done}");
        }
        assert_eq!(events(&world).len(), 20, "{endpoint:?}");
        let calls = world.calls[before..].iter().filter(|call| call.name.contains("/events")).count();
        assert!(calls <= most, "{calls} calls");
    }
}

#[test]
fn a_dry_run_says_which_way_and_sends_nothing() {
    for (scopes, expected) in [(&[APP][..], "app_event"), (&CUSTOM[..], "custom_event"), (&[][..], "note")] {
        let mut world = account(scopes, Tier::Professional, true);
        let id = ids(&world)[0].clone();
        let before = world.calls.len();
        let dry = take(&mut world, Asked { dry_run: true, ..asked(entry("contacts", &id)) });
        let dry = action(&mut world, &dry);
        assert_eq!((&dry["state"], way(&dry)), (&"dry".into(), expected), "{dry}");
        assert_eq!(dry["writes"][0]["fields"]["hs_note_body"]["to"], NOTE);
        assert_eq!(world.calls.len(), before);
    }
}

#[test]
fn settings_name_the_way_and_what_cannot_go_it_is_refused_before_hubspot_is_asked() {
    let mut world = whole();
    let id = ids(&world)[0].clone();
    for (choice, expected) in
        [(Choice::Note, "note"), (Choice::CustomEvent, "custom_event"), (Choice::AppEvent, "app_event")]
    {
        set(&mut world, choice);
        let done = act(&mut world, entry("contacts", &id));
        assert_eq!(way(&settled(&mut world, &done)), expected);
    }
    let with = |name: &str, value: Value| {
        let mut body = entry("contacts", &id);
        body[name] = value;
        body
    };
    set(&mut world, Choice::CustomEvent);
    let long = with("body", "x".repeat(257).into());
    assert_eq!(refusal(&mut world, long.clone()).0, "/body");
    for (name, value, at) in [
        ("title", json!(" "), "/title"),
        ("url", json!("http://acme.example"), "/url"),
        ("at", json!("today"), "/at"),
        ("about", json!({ "type": "tasks", "id": "7" }), "/about/type"),
    ] {
        assert_eq!(refusal(&mut world, with(name, value)).0, at);
    }
    let mut world = account(&CUSTOM, Tier::Professional, true);
    let id = ids(&world)[0].clone();
    set(&mut world, Choice::AppEvent);
    let (at, words) = refusal(&mut world, entry("contacts", &id));
    assert!(at == "/action" && words.contains("`timeline`"), "{at} {words}");
    // The best way that holds all of it.
    set(&mut world, Choice::Best);
    let mut long = long;
    long["about"]["id"] = id.into();
    let done = act(&mut world, long);
    assert_eq!(way(&settled(&mut world, &done)), "note");
}

#[test]
fn a_definition_that_somebody_deleted_is_made_anew() {
    let mut world = account(&CUSTOM, Tier::Professional, true);
    let id = ids(&world)[0].clone();
    let first = act(&mut world, entry("contacts", &id));
    assert_eq!(settled(&mut world, &first)["state"], "done");
    let definition = "/events/custom/2026-09/event-definitions/spoke_contact_entry";
    world.by_tool("DELETE", definition, &Value::Null);
    let before = world.calls.len();
    let second = act(&mut world, entry("contacts", &id));
    let second = settled(&mut world, &second);
    assert_eq!((&second["state"], way(&second)), (&"done".into(), "custom_event"), "{second}");
    assert_eq!((events(&world).len(), world.counted(before, "/event-definitions")), (2, 1));
}

#[test]
fn a_record_that_is_gone_has_no_timeline() {
    let mut world = whole();
    let id = ids(&world)[0].clone();
    world.contact("archive", json!({ "id": id }));
    world.pass(70);
    assert_eq!(refusal(&mut world, entry("contacts", &id)).0, "/about/0");
    let Some(Answer::Status(status)) = world.command(Command::Status) else { panic!("no status") };
    assert!(status.trouble.is_none());
}

//! Connections by a private app's token or a service key, and the limits of a day.

use hubspot_simulator::{Endpoint, Fault, Policy, Rule, Switches};
use serde_json::json;
use spoke::{
    engine::portal::messages::{Answer, Command, OwnWebhook, State},
    values::tier::Tier,
};

use super::{ids, name_of, rename, tiny};
use crate::life::{PORTAL, Plan, World};

const TOKEN: &str = "pat-na1-00000000-0000-4000-8000-000000000001";

fn by_token(plan: Plan) -> World {
    let mut world = World::new(Plan { token: Some(TOKEN), ..plan });
    assert!(world.backfill(), "{:?}", world.status());
    world.verdict().unwrap();
    world
}

#[test]
fn a_token_mirrors_as_an_app_does_and_is_never_refreshed() {
    let mut world = by_token(tiny(50));
    world.pass(6 * 60);
    let id = ids(&world)[0].clone();
    rename(&mut world, &id, "Seen by token");
    world.pass(10);
    world.verdict().unwrap();
    assert_eq!(world.counted(0, "/token"), 0);
    assert!(!world.status().webhooks);
    // Its scopes are read each hour, since nobody tells when they are edited.
    assert!(world.counted(0, "/access-token-info") >= 5);
}

#[test]
fn a_token_that_is_revoked_is_told_after_three_refusals_and_another_goes_on_where_it_was() {
    let mut world = by_token(tiny(50));
    let before = world.calls.len();
    world.control("POST", "private-tokens/remove", &json!({ "token": TOKEN }));
    assert!(world.until(30, |world| world.status().state == State::NeedsReauthorisation));
    let words = world.status().trouble.unwrap().words;
    assert!(words.contains("Update credentials"), "{words}");
    let refused = world.calls[before..].iter().filter(|call| call.status == 401).count();
    assert!((3..=20).contains(&refused), "{refused} calls that could only be refused");
    let from = world.calls.len();
    world.pass(60);
    assert_eq!(world.calls.len(), from);
    let id = ids(&world)[0].clone();
    rename(&mut world, &id, "Meanwhile");
    world.put_token("pat-na1-other");
    world.connect(0);
    assert!(world.backfill());
    world.verdict().unwrap();
    assert_eq!(world.status().trouble, None);
}

#[test]
fn one_refusal_of_a_token_that_works_disconnects_nobody() {
    let mut world = by_token(tiny(50));
    for _ in 0..4 {
        world.simulator.faults.add(Rule::next(1, Fault::Status { status: 401, after_commit: false }));
        world.pass(20);
    }
    assert_eq!(world.status().state, State::Active);
    world.verdict().unwrap();
}

#[test]
fn another_token_takes_the_place_of_one_that_works_and_nothing_is_read_anew() {
    let mut world = by_token(tiny(2_500));
    let (records, told) = (world.status().streams[0].records, world.status().latest_change);
    let from = world.calls.len();
    world.put_token("pat-na1-other");
    world.connect(0);
    world.control("POST", "private-tokens/remove", &json!({ "token": TOKEN }));
    world.pass(10);
    assert_eq!(world.status().streams[0].records, records);
    assert_eq!(world.status().latest_change, told, "nothing is told of it");
    let lists = world.calls[from..].iter().filter(|call| call.name == "GET /crm/objects/2026-09/contacts");
    assert_eq!(lists.count(), 0, "no page of a full read");
    assert!(world.counted(from, "/properties/2026-09/contacts") >= 1, "the fields are read anew");
    let id = ids(&world)[0].clone();
    rename(&mut world, &id, "By the other token");
    world.pass(10);
    world.verdict().unwrap();
}

#[test]
fn a_test_says_in_words_what_works_and_what_does_not() {
    let mut world = by_token(tiny(50));
    assert_eq!(world.trial(), None);
    world.scopes_of_token(&["oauth", "crm.objects.contacts.read", "crm.schemas.contacts.read"]);
    world.command(Command::Pause);
    assert!(matches!(world.command(Command::Test), Some(Answer::Done)));
    world.pass(1);
    let trial = world.trial().unwrap();
    assert!(trial.ended_at.is_some());
    let works: Vec<bool> = trial.results.iter().map(|finding| finding.works).collect();
    assert_eq!(works, [true, true, false, false, false, false, false]);
    let companies = &trial.results[2];
    assert_eq!(companies.scopes, ["crm.objects.companies.read"]);
    assert!(companies.words.contains("crm.objects.companies.read"), "{}", companies.words);
    // A dead token ends the test with its first answer.
    world.control("POST", "private-tokens/remove", &json!({ "token": TOKEN }));
    world.command(Command::Test);
    world.pass(1);
    let trial = world.trial().unwrap();
    assert_eq!((trial.results.len(), trial.results[0].class.as_deref()), (1, Some("unauthorized")));
}

#[test]
fn scopes_that_are_edited_are_noticed_within_the_hour() {
    let mut world = by_token(Plan { companies: Some(0), ..tiny(50) });
    let has = |world: &mut World, scope: &str| world.status().scopes.iter().any(|granted| granted == scope);
    assert!(has(&mut world, "crm.objects.companies.read"));
    world.scopes_of_token(&["oauth", "crm.objects.contacts.read", "crm.schemas.contacts.read"]);
    world.pass(70);
    assert!(!has(&mut world, "crm.objects.companies.read"));
    assert_eq!(world.status().state, State::Active);
    world.verdict().unwrap();
}

#[test]
fn an_app_of_the_customers_own_sends_webhooks_signed_with_its_own_secret() {
    let mut world = World::new(Plan { token: Some(TOKEN), own_webhooks: true, ..tiny(50) });
    assert!(world.backfill());
    assert!(world.status().webhooks);
    let id = ids(&world)[0].clone();
    rename(&mut world, &id, "At once");
    let delivery = |world: &World, body: String, secret: &str, uri: &str| OwnWebhook {
        uri: uri.to_owned(),
        timestamp: Some(world.now.to_string()),
        signature: Some(hubspot_simulator::signature::v3(secret, "POST", uri, body.as_bytes(), world.now)),
        body,
    };
    let uri = "https://spoke.example/webhooks/hubspot/con_1";
    let event = |portal: u64| {
        json!([{
            "eventId": 1, "subscriptionId": 1, "portalId": portal, "appId": 1, "occurredAt": 1,
            "subscriptionType": "contact.propertyChange", "attemptNumber": 0,
            "objectId": id.parse::<u64>().unwrap(), "propertyName": "firstname", "propertyValue": "x",
        }])
        .to_string()
    };
    let send = |world: &mut World, delivery| world.command(Command::OwnWebhook(Box::new(delivery)));
    let forged = delivery(&world, event(PORTAL), "somebody else's", uri);
    assert!(matches!(send(&mut world, forged), Some(Answer::NotSigned)));
    let elsewhere = delivery(&world, event(PORTAL), crate::life::OWN_SECRET, "https://spoke.example/other");
    let elsewhere = OwnWebhook { uri: uri.to_owned(), ..elsewhere };
    assert!(matches!(send(&mut world, elsewhere), Some(Answer::NotSigned)));
    let stale = OwnWebhook {
        timestamp: Some((world.now - 400_000).to_string()),
        ..delivery(&world, event(PORTAL), crate::life::OWN_SECRET, uri)
    };
    assert!(matches!(send(&mut world, stale), Some(Answer::NotSigned)));
    // Signed, and of another account: taken, and of no effect.
    let other = delivery(&world, event(PORTAL + 1), crate::life::OWN_SECRET, uri);
    assert!(matches!(send(&mut world, other), Some(Answer::Done)));
    world.pass_ms(3_000);
    assert_ne!(name_of(&mut world, &id), "At once");
    let good = delivery(&world, event(PORTAL), crate::life::OWN_SECRET, uri);
    assert!(matches!(send(&mut world, good), Some(Answer::Done)));
    world.pass_ms(3_000);
    assert_eq!(name_of(&mut world, &id), "At once");
}

/// The day of private apps ends at the account's midnight: here at UTC's.
fn until_midnight(world: &World) -> u64 {
    let day = 24 * 60 * 60_000;
    (day - world.now % day).div_ceil(60_000)
}

#[test]
fn a_day_that_is_used_up_pauses_visibly_keeps_the_reserve_and_goes_on_by_itself() {
    let switches = Switches { daily_limit: Some(400), ..Switches::default() };
    let mut world = World::new(Plan { token: Some(TOKEN), switches, ..tiny(36_000) });
    assert!(world.until(20, |world| matches!(world.status().state, State::Paused { .. })));
    let status = world.status();
    let words = status.trouble.unwrap().words;
    assert!(words.contains("of its 400 API calls of today"), "{words}");
    let refused = world.calls.iter().filter(|call| call.status == 429).count();
    assert_eq!(refused, 0, "nothing is sent that HubSpot would refuse");
    let made = world.calls.len();
    assert!((370..=400).contains(&made), "{made} calls of 400, less a twentieth for people");
    // What a person asks for may use the reserve.
    world.command(Command::Test);
    world.pass(2);
    let works: Vec<bool> = world.trial().unwrap().results.iter().map(|finding| finding.works).collect();
    assert_eq!(works[..2], [true, true]);
    let from = world.calls.len();
    world.pass(until_midnight(&world) - 5);
    assert_eq!(world.calls.len(), from, "nothing leaves until midnight");
    world.pass(70);
    assert!(world.calls.len() > from, "it goes on by itself");
    assert_eq!(world.calls.iter().filter(|call| call.status == 429).count(), 0);
}

#[test]
fn hubspots_own_word_that_the_day_is_over_stops_every_connection_of_the_account_with_one_refusal() {
    let mut world = World::new(tiny(50));
    assert!(world.backfill());
    world.add_connection();
    assert!(world.backfill());
    let from = world.calls.len();
    let over = Rule { times: None, ..Rule::next(1, Fault::RateLimited { policy: Policy::Daily }) };
    world.simulator.faults.add(over.at(Endpoint::Search));
    world.pass(50);
    let refused = world.calls[from..].iter().filter(|call| call.status == 429).count();
    assert!((1..=6).contains(&refused), "{refused} refusals; what left together is refused together");
    for object in 0..2 {
        assert!(matches!(world.status_of(object).state, State::Paused { .. }), "{object}");
    }
    world.simulator.faults.clear();
    world.pass(90);
    for object in 0..2 {
        assert_eq!(world.status_of(object).state, State::Active, "{object}");
    }
    world.verdict().unwrap();
}

#[test]
fn a_tier_that_a_person_knows_counts_until_hubspot_tells() {
    let mut world = by_token(tiny(50));
    world.command(Command::SetTier(Some("enterprise".parse().unwrap())));
    world.pass(10);
    assert_eq!(world.status().tier.map(Tier::words).as_deref(), Some("Enterprise"));
    let gauges = world.gauges();
    // The headers say 100, whatever anybody says; the day is told, too.
    assert_eq!((gauges.window_limit, gauges.day_limit), (100, Some(250_000)));
    assert_eq!(gauges.tier.map(Tier::words).as_deref(), Some("Enterprise"));
}

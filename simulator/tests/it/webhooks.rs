//! Webhooks as an app receives them.

use hubspot_simulator::change::{Change, ChangeEvent};
use hubspot_simulator::grants::App;
use hubspot_simulator::webhooks::{Delivery, Subscription, WebhookFaults};
use hubspot_simulator::{Simulator, Switches, signature};
use serde_json::{Value, json};

use crate::support::*;

const TARGET: &str = "http://localhost:8787/webhooks/hubspot/app?a=1%2C2";

fn listening(switches: Switches) -> Simulator {
    let mut hubspot = hubspot(switches, 0);
    hubspot.put_app(App {
        target_url: Some(TARGET.into()),
        subscriptions: Subscription::contacts(&["email"]),
        ..app()
    });
    install(&mut hubspot, NOON);
    hubspot
}

fn change(object_id: u64, change: Change) -> ChangeEvent {
    ChangeEvent {
        portal_id: PORTAL,
        object_type_id: "0-1",
        object_id,
        occurred_at: NOON,
        change_source: "CRM_UI",
        change,
    }
}

fn renamed(object_id: u64, property: &str) -> ChangeEvent {
    change(object_id, Change::PropertyChange { name: property.into(), value: "ada@example.com".into() })
}

fn happen(hubspot: &mut Simulator, events: impl IntoIterator<Item = ChangeEvent>) {
    let (_, turn) = hubspot.portal_turn(PORTAL, NOON).unwrap();
    for event in events {
        turn.changes.emit(event);
    }
    hubspot.tick(NOON);
}

fn events(delivery: &Delivery) -> Vec<Value> {
    serde_json::from_slice(&delivery.body).unwrap()
}

fn header<'a>(delivery: &'a Delivery, name: &str) -> &'a str {
    &delivery.headers.iter().find(|(own, _)| own == name).unwrap().1
}

fn signed(delivery: &Delivery) -> bool {
    let timestamp = header(delivery, "x-hubspot-request-timestamp").parse().unwrap();
    let secret = app().client_secret;
    header(delivery, "x-hubspot-signature") == signature::v1(&secret, &delivery.body)
        && header(delivery, "x-hubspot-signature-v3")
            == signature::v3(&secret, "POST", TARGET, &delivery.body, timestamp)
}

#[test]
fn an_app_is_told_what_it_subscribed_to_and_nothing_else() {
    let mut hubspot = listening(Switches::default());
    let merge = Change::Merge { primary: 1, merged: vec![1, 2], properties_moved: 3 };
    happen(
        &mut hubspot,
        [
            change(1, Change::Creation),
            renamed(1, "email"),
            renamed(1, "phone"),
            change(2, Change::Deletion),
            change(2, Change::PrivacyDeletion),
            change(4, Change::Restore),
            change(3, merge),
        ],
    );
    assert_eq!(hubspot.take_deliveries(NOON), [], "events wait for company");
    let sent = hubspot.take_deliveries(NOON + 250);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].url, TARGET);
    assert!(signed(&sent[0]));
    let events = events(&sent[0]);
    let kinds: Vec<&str> = events.iter().map(|event| event["subscriptionType"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "contact.creation",
            "contact.propertyChange",
            "contact.deletion",
            "contact.privacyDeletion",
            "contact.restore",
            "contact.merge"
        ]
    );
    assert_eq!(events[1]["propertyValue"], "ada@example.com");
    assert_eq!(events[1]["attemptNumber"], 0);
    assert_eq!((&events[5]["newObjectId"], &events[5]["mergedObjectIds"]), (&json!(3), &json!([1, 2])));
}

#[test]
fn a_request_carries_a_hundred_events_and_ten_are_in_flight() {
    let mut hubspot = listening(Switches::default());
    happen(&mut hubspot, (0..1_500).map(|id| change(id, Change::Creation)));
    let sent = hubspot.take_deliveries(NOON);
    assert_eq!(sent.len(), 10);
    assert!(sent.iter().all(|delivery| events(delivery).len() == 100));
    assert_eq!(hubspot.take_deliveries(NOON + 60_000), []);
    hubspot.delivery_answered(sent[0].id, NOON, Some(200));
    hubspot.delivery_answered(sent[1].id, NOON, Some(204));
    assert_eq!(hubspot.take_deliveries(NOON + 60_000).len(), 2);
}

#[test]
fn a_request_that_fails_is_repeated_whole_ten_times() {
    let mut hubspot = listening(Switches { webhook_time_scale: 0.001, ..Switches::default() });
    happen(&mut hubspot, [change(1, Change::Creation)]);
    let (mut now, mut attempts) = (NOON + 250, Vec::new());
    while now < NOON + 24 * 3_600 * 1_000 / 900 {
        for delivery in hubspot.take_deliveries(now) {
            assert!(signed(&delivery), "each attempt is signed anew");
            attempts.push(events(&delivery)[0]["attemptNumber"].as_u64().unwrap());
            let status = [None, Some(500), Some(404)][attempts.len() % 3];
            hubspot.delivery_answered(delivery.id, now, status);
        }
        now += 100;
    }
    assert_eq!(attempts, (0..=10).collect::<Vec<_>>());
    assert_eq!(hubspot.webhook_report().given_up_events, 1);
}

#[test]
fn misfortunes_come_as_copies_that_are_never_repeated() {
    let mut hubspot = listening(Switches::default());
    hubspot.set_webhook_faults(WebhookFaults {
        duplicate_one_in: 1,
        forged_one_in: 1,
        stale_one_in: 1,
        ..WebhookFaults::default()
    });
    happen(&mut hubspot, [change(1, Change::Creation)]);
    let sent = hubspot.take_deliveries(NOON + 250);
    let now = (NOON + 250).to_string();
    let fresh: Vec<bool> = sent.iter().map(|one| header(one, "x-hubspot-request-timestamp") == now).collect();
    assert_eq!(fresh, [false, true, true, true], "stale, forged, duplicate, true");
    assert_eq!(sent.iter().map(signed).collect::<Vec<_>>(), [true, false, true, true]);
    assert_eq!(sent[2].body, sent[3].body);
    for delivery in &sent[..3] {
        hubspot.delivery_answered(delivery.id, NOON + 300, Some(401));
    }
    hubspot.delivery_answered(sent[3].id, NOON + 300, Some(200));
    assert_eq!(hubspot.take_deliveries(NOON + 90_000_000), []);
    assert_eq!(hubspot.webhook_report().accepted_events, 1);
}

#[test]
fn lost_events_are_never_sent_and_late_ones_come_in_another_order() {
    let mut hubspot = listening(Switches { webhook_gather_ms: 0, ..Switches::default() });
    hubspot.set_webhook_faults(WebhookFaults {
        lost_one_in: 4,
        delay_max_ms: 60_000,
        ..WebhookFaults::default()
    });
    happen(&mut hubspot, (0..400).map(|id| change(id, Change::Creation)));
    let mut seen = Vec::new();
    for second in 0..=61 {
        for delivery in hubspot.take_deliveries(NOON + second * 1_000) {
            seen.extend(events(&delivery).iter().map(|event| event["objectId"].as_u64().unwrap()));
            hubspot.delivery_answered(delivery.id, NOON, Some(200));
        }
    }
    let lost = hubspot.webhook_report().lost_events;
    assert!((50..150).contains(&lost), "{lost}");
    assert_eq!(seen.len() as u64, 400 - lost);
    assert!(!seen.is_sorted());
}

#[test]
fn an_app_that_was_uninstalled_hears_nothing_more() {
    let mut hubspot = listening(Switches::default());
    happen(&mut hubspot, [change(1, Change::Creation)]);
    assert!(hubspot.uninstall(9, PORTAL));
    happen(&mut hubspot, [change(2, Change::Creation)]);
    assert_eq!(hubspot.take_deliveries(NOON + 250), []);
}

#[test]
fn the_generic_family_names_the_type_of_the_record() {
    let mut hubspot = listening(Switches::default());
    let subscription = Subscription {
        subscription_type: "object.propertyChange".into(),
        object_type: Some("contact".into()),
        property_name: Some("email".into()),
        ..Subscription::default()
    };
    hubspot.put_app(App { target_url: Some(TARGET.into()), subscriptions: vec![subscription], ..app() });
    happen(&mut hubspot, [renamed(1, "email"), change(1, Change::Creation)]);
    let sent = hubspot.take_deliveries(NOON + 250);
    let events = events(&sent[0]);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["objectTypeId"], "0-1");
}

/// Walks through HubSpot's pages with an app that requires the scopes of companies and deals too.
fn listening_to_all_types(subscriptions: Vec<Subscription>) -> Simulator {
    let mut hubspot = hubspot(Switches::default(), 0);
    let scopes =
        ["oauth", "crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.deals.read"];
    hubspot.put_app(App { target_url: Some(TARGET.into()), subscriptions, ..app() });
    let code = hubspot.approve(NOON, 9, PORTAL, 5, &scopes, REDIRECT);
    let exchange =
        token_request(&[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT)]);
    assert_eq!(hubspot.handle(NOON, &exchange).unwrap().status, 200);
    hubspot
}

#[test]
fn companies_and_deals_have_their_own_events_and_the_generic_ones() {
    let generic = |kind: &str| Subscription {
        subscription_type: "object.creation".into(),
        object_type: Some(kind.into()),
        ..Subscription::default()
    };
    let own = [Subscription::companies(&["name"]), Subscription::deals(&["dealstage"])].concat();
    let mut hubspot = listening_to_all_types([own, vec![generic("company"), generic("0-3")]].concat());
    let (portal, mut turn) = hubspot.portal_turn(PORTAL, NOON).unwrap();
    let company =
        portal.create_record(&mut turn, "companies", &[("name", "Acme"), ("city", "Bonn")]).unwrap();
    let deal = [("dealname", "D"), ("dealstage", "closedwon")];
    portal.create_record(&mut turn, "deals", &deal).unwrap();
    portal.create_record(&mut turn, "contacts", &[("email", "ada@example.com")]).unwrap();
    portal.archive_record(&mut turn, "companies", company).unwrap();
    hubspot.tick(NOON);
    let sent = hubspot.take_deliveries(NOON + 250);
    let mut seen: Vec<String> = events(&sent[0])
        .iter()
        .map(|event| {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            format!("{} {}{}", text("subscriptionType"), text("propertyName"), text("objectTypeId"))
        })
        .collect();
    seen.sort_unstable();
    let expected = [
        "company.creation ",
        "company.deletion ",
        "company.propertyChange name",
        "deal.creation ",
        "deal.propertyChange dealstage",
        "object.creation 0-2",
        "object.creation 0-3",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn an_app_hears_nothing_of_a_type_whose_scope_it_lacks() {
    let mut hubspot = listening_to_all_types(Subscription::companies(&[]));
    let removed = json!({"removed": ["crm.objects.companies.read"], "app_id": 9, "portal_id": PORTAL});
    let answer = hubspot.handle(NOON, &json_request("POST", "/__control/grants/scopes", &removed)).unwrap();
    assert_eq!(json_of(&answer)["changed"], 1);
    let (portal, mut turn) = hubspot.portal_turn(PORTAL, NOON).unwrap();
    portal.create_record(&mut turn, "companies", &[("name", "Acme")]).unwrap();
    hubspot.tick(NOON);
    assert_eq!(hubspot.take_deliveries(NOON + 250), []);
}

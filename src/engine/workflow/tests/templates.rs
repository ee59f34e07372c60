//! The templates in an account with no fields but HubSpot's own.

use std::collections::BTreeMap;

use super::*;
use crate::{
    engine::{action_step::Planned, portal::outbox::actions::Wanted},
    values::{
        filter::{Field, Fields},
        ids::{ObjectType, RecordId},
    },
};

/// Fields that every account has (`hubspot-api.md` 5).
struct Standard;

impl Fields for Standard {
    fn field(&self, of: Option<&str>, name: &str) -> Option<Field<'_>> {
        let text =
            |label| Some(Field { label, value_type: "string", field_type: "text", options: Vec::new() });
        match (of, name) {
            (None | Some("contact"), "firstname") => text("First name"),
            (None | Some("contact"), "lastname") => text("Last name"),
            (None | Some("contact"), "phone") => {
                Some(Field { field_type: "phonenumber", ..text("Phone number")? })
            }
            (None | Some("contact"), "lifecyclestage") => Some(Field {
                label: "Lifecycle stage",
                value_type: "enumeration",
                field_type: "radio",
                options: vec![("lead", "Lead"), ("customer", "Customer")],
            }),
            _ => None,
        }
    }
}

fn template(key: &str) -> Definition {
    read(&templates().into_iter().find(|one| one.key == key).unwrap().definition)
}

fn event(value: Value) -> Event {
    Event::parse(&value, NOW).unwrap()
}

fn texts(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The action that a template comes to; `None`: nobody goes in.
fn asked(key: &str, facts: &Facts) -> Option<Wanted> {
    let definition = template(key);
    if !definition.enters(facts, None, context(NOW)).holds {
        return None;
    }
    let standing = Standing { place: definition.first().unwrap(), since: None };
    let Next::Act { step, .. } = definition.decide(&standing, facts, context(NOW)).next else {
        panic!("{key} acts")
    };
    match step.plan(vocabulary(definition.trigger.record()), facts, NOW) {
        Planned::Do(wanted) => Some(*wanted),
        Planned::Skip(why) => panic!("{why}"),
    }
}

#[test]
fn every_template_is_right_in_every_account() {
    let all = templates();
    for template in &all {
        let definition = read(&template.definition);
        assert_eq!(definition.check(&Standard), [], "{}", template.key);
        let record = definition.trigger.record();
        for (_, step) in definition.actions() {
            for (kind, name) in step.reads(vocabulary(record)) {
                assert!(kind == record && Standard.field(None, name).is_some(), "{}: {name}", template.key);
            }
            if let Some((kind, values)) = step.writes() {
                let known = |name: &String| Standard.field(None, name).is_some();
                assert!(kind == record && values.keys().all(known), "{}", template.key);
            }
        }
        assert_eq!(all.iter().filter(|one| one.key == template.key).count(), 1);
        assert!(!template.sends.is_empty() && definition.description.is_some());
    }
}

#[test]
fn a_conversation_and_a_form_make_the_contact_that_is_missing() {
    for (key, event_name) in
        [("contact-from-conversation", "conversation_started"), ("contact-from-form", "form_submitted")]
    {
        assert_eq!(
            template(key).trigger,
            Trigger::Event { event: event_name.to_owned(), record: ObjectType::Contacts }
        );
        let came = event(json!({
            "id": "1", "event": event_name, "email": "Ann@Acme.com", "phone": "+1 415 555 2671",
            "facts": { "firstname": "Ann" },
        }));
        let mut facts = Facts::new(ObjectType::Contacts, came.named(), came.at);
        let Some(Wanted::ImportContact { email, properties, company, .. }) = asked(key, &facts) else {
            panic!("{key}")
        };
        assert_eq!((email.as_str(), company), ("ann@acme.com", None));
        assert_eq!(json!(properties), json!({ "firstname": "Ann", "phone": "+1 415 555 2671" }));
        facts.set(ObjectType::Contacts, RecordId(7), BTreeMap::new());
        assert_eq!(asked(key, &facts), None, "who is there is not made");
        let nobody = event(json!({ "id": "1", "event": event_name, "phone": "+1 415 555 2671" }));
        assert_eq!(asked(key, &Facts::new(ObjectType::Contacts, nobody.named(), NOW)), None);
    }
}

#[test]
fn a_resolved_conversation_moves_the_deal_that_there_is() {
    let mut facts = Facts::new(ObjectType::Contacts, BTreeMap::new(), NOW);
    facts.set(ObjectType::Contacts, RecordId(7), BTreeMap::new());
    assert_eq!(asked("deal-stage", &facts), None);
    facts.set(ObjectType::Deals, RecordId(9), BTreeMap::new());
    let Some(Wanted::UpdateDeal { deal, stage, .. }) = asked("deal-stage", &facts) else { panic!() };
    assert_eq!((deal, stage.as_deref()), (RecordId(9), Some("Closed Won")));
}

#[test]
fn a_customers_call_goes_to_senior_support_and_nobody_elses() {
    let definition = template("smart-routing");
    let standing = Standing { place: definition.first().unwrap(), since: None };
    for (stage, routed) in [(Some("customer"), true), (Some("lead"), false), (None, false)] {
        let mut facts = Facts::new(ObjectType::Contacts, BTreeMap::new(), NOW);
        let stage: Vec<(&str, &str)> = stage.map(|stage| ("lifecyclestage", stage)).into_iter().collect();
        facts.set(ObjectType::Contacts, RecordId(7), texts(&stage));
        let decision = definition.decide(&standing, &facts, context(NOW));
        let route = match decision.next {
            Next::Decided { route, .. } => Some(route.route.as_str()),
            Next::Ended => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(route, routed.then_some("senior_support"));
        let [because] = &decision.because[..] else { panic!() };
        assert_eq!(because.findings[0].value, stage.first().map(|(_, stage)| *stage));
        assert_eq!((because.holds, because.place.to_string()), (routed, "vip".to_owned()));
    }
}

#[test]
fn a_conversation_that_ended_stands_on_the_contacts_timeline() {
    let ended = event(json!({
        "id": "1", "event": "conversation_ended", "at": "2026-11-19T10:00:00Z", "email": "ann@acme.com",
        "facts": { "summary": "Asked for a quote" },
    }));
    let mut facts = Facts::new(ObjectType::Contacts, ended.named(), ended.at);
    assert_eq!(asked("activity-log", &facts), None, "nobody has a timeline");
    facts.set(ObjectType::Contacts, RecordId(7), BTreeMap::new());
    let Some(Wanted::TimelineEntry { about, body, url, at, .. }) = asked("activity-log", &facts) else {
        panic!()
    };
    assert_eq!((about.object_type, about.id), (ObjectType::Contacts, RecordId(7)));
    assert_eq!((body.as_deref(), url), (Some("Asked for a quote"), None));
    assert_eq!(at.as_deref(), Some("2026-11-19T10:00:00.000Z"));
    // Without a summary the entry is there all the same.
    let mut facts = Facts::new(ObjectType::Contacts, BTreeMap::new(), NOW);
    facts.set(ObjectType::Contacts, RecordId(7), BTreeMap::new());
    assert!(matches!(asked("activity-log", &facts), Some(Wanted::TimelineEntry { body: None, .. })));
}

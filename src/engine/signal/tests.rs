use serde_json::{Value, json};

use super::*;
use crate::{
    engine::{
        action_step::{ActionStep, Planned},
        portal::outbox::actions::Wanted,
    },
    values::{filter::NoFields, ids::RecordId},
};

const NOW: Timestamp = Timestamp(1_795_132_800_000);

fn signal() -> Signal {
    Signal::parse(
        &json!({
            "id": "e1", "name": "Pricing viewed", "at": "2026-11-19T10:00:00Z",
            "account": { "id": "a1", "domain": "www.Acme.com", "name": "Acme", "fields": { "score": 80 } },
            "visitor": { "email": " Ann@Acme.com" },
            "fields": { "url": "/pricing", "name": "not this" },
        }),
        NOW,
    )
    .unwrap()
}

fn paths(value: Value) -> Vec<String> {
    let faults = Signal::parse(&value, NOW).unwrap_err();
    faults.into_iter().map(|fault| fault.path).collect()
}

#[test]
fn a_signal_is_about_somebody_and_every_fault_has_its_place() {
    let signal = signal();
    assert_eq!(signal.email(), Some("ann@acme.com"));
    assert_eq!(signal.account_subject().as_deref(), Some("account/a1"));
    assert_eq!(signal.data()["signal"]["name"], "Pricing viewed", "a field takes no name's place");
    assert_eq!(paths(json!({ "id": "1", "name": "x" })), [""]);
    assert_eq!(
        paths(json!({ "id": "1", "name": "x", "visitor": { "email": "nobody" } })),
        ["/visitor/email"]
    );
    assert_eq!(paths(json!({ "id": "1", "name": "x", "account": { "name": "A" } })), ["/account"]);
    assert_eq!(paths(json!({ "id": "1", "nam": "x", "visitor": { "id": "v" } })), ["", "/name"]);
    let ahead = json!({ "id": "1", "name": "x", "at": "2027-01-01T00:00:00Z", "visitor": { "id": "v" } });
    assert_eq!(paths(ahead), ["/at"]);
    let fields = json!({ "id": "1", "name": "x", "visitor": { "id": "v", "fields": { "a": [1], "b/c": "x".repeat(2_001) } } });
    assert_eq!(paths(fields), ["/visitor/fields/a", "/visitor/fields/b~1c"]);
    let large: Map<String, Value> = (0..20).map(|n| (format!("f{n}"), "x".repeat(1_000).into())).collect();
    assert_eq!(paths(json!({ "id": "1", "name": "x", "visitor": { "id": "v" }, "fields": large })), [""]);
}

#[test]
fn an_account_without_an_id_is_known_by_what_was_registered() {
    let of = |domain: &str| {
        let value = json!({ "id": "1", "name": "x", "account": { "domain": domain } });
        Signal::parse(&value, NOW).unwrap().account_subject().unwrap()
    };
    assert_eq!(of("www.acme.co.uk"), of("https://shop.ACME.co.uk/x"));
    assert_ne!(of("acme.com"), of("acme.io"));
}

fn list(filter: Value) -> Result<List, Vec<crate::values::filter::Fault>> {
    List::parse(&json!({ "name": "Hot", "filter": filter }))
}

#[test]
fn a_list_asks_of_the_signal_the_account_and_hubspot() {
    let asks = |filter: Value| {
        let list = list(filter).unwrap();
        let context = crate::values::filter::Context { now: NOW, utc_offset_ms: 0 };
        list.filter.evaluate(&Facts::of(&signal()), None, context)
    };
    assert!(asks(
        json!({ "property": "name", "type": "string", "operator": "is", "value": "pricing viewed" })
    ));
    assert!(asks(
        json!({ "of": "account", "property": "score", "type": "number", "operator": "at_least", "value": 80 })
    ));
    assert!(asks(
        json!({ "of": "company", "property": "hs_object_id", "type": "number", "operator": "unknown" })
    ));
    let wrong = json!({ "of": "deal", "property": "x", "type": "string", "operator": "known" });
    assert!(list(wrong).unwrap_err()[0].detail.contains("account, visitor, company, contact"));
    // The host's own fields are what a condition says; HubSpot's must be there.
    let own = json!({ "of": "account", "property": "score", "type": "number", "operator": "known" });
    assert_eq!(list(own).unwrap().check(&NoFields).len(), 0);
    let theirs =
        list(json!({ "of": "company", "property": "industry", "type": "string", "operator": "known" }))
            .unwrap();
    assert_eq!(theirs.check(&NoFields)[0].path, "/filter/property");
    assert_eq!(theirs.reads(ObjectType::Companies).into_iter().collect::<Vec<_>>(), ["industry"]);
    let nobody =
        list(json!({ "of": "company", "property": "hs_object_id", "type": "number", "operator": "unknown" }))
            .unwrap();
    assert_eq!(nobody.reads(ObjectType::Companies).len(), 0);
    assert_eq!([ObjectType::Companies, ObjectType::Contacts].map(|kind| nobody.asks_of(kind)), [true, false]);
}

use crate::values::ids::ObjectType;

fn step(step: Value) -> ActionStep {
    serde_json::from_value(step).unwrap()
}

fn automation(steps: Value) -> Result<Automation, Vec<crate::values::filter::Fault>> {
    let list = "ql_070707070707070707070707";
    Automation::parse(&json!({ "name": "A", "list": list, "steps": steps }))
}

fn wanted(body: Value, facts: &Facts) -> Wanted {
    match step(body).plan(VOCABULARY, facts, NOW) {
        Planned::Do(wanted) => *wanted,
        Planned::Skip(why) => panic!("{why}"),
    }
}

fn skipped(body: Value, facts: &Facts) -> String {
    match step(body).plan(VOCABULARY, facts, NOW) {
        Planned::Do(wanted) => panic!("{wanted:?}"),
        Planned::Skip(why) => why,
    }
}

#[test]
fn every_action_there_is_can_be_a_step() {
    let steps = json!([
        { "action": "import_company" },
        { "action": "import_contact" },
        { "action": "add_to_list", "list": "5" },
        { "action": "create_task", "subject": "Call {{account.name}}", "owner": { "id": "{{company.hubspot_owner_id}}" } },
        { "action": "add_note", "body": "{{signal.name}}" },
        { "action": "claim_account", "owner": { "email": "rep@example.com" } },
        { "action": "remove_from_list", "list": "5" },
        { "action": "log_call" },
        { "action": "update_deal", "deal": "{{company.hs_primary_deal}}", "stage": "Won" },
        { "action": "update_record", "type": "companies", "properties": { "industry": "{{account.industry}}" } },
    ]);
    let read = automation(steps).unwrap();
    assert_eq!((read.steps.len(), read.cool_down_hours, read.per), (10, 24, Per::Account));
    assert_eq!(Automation::parse(&read.to_json()), Ok(read));
}

#[test]
fn the_fields_of_hubspots_that_steps_name_are_known() {
    let read = automation(json!([
        { "action": "create_task", "subject": "{{ company.name }}: {{contact.email}} {{account.plan}}", "due": "{{now + 2 days}}" },
        { "action": "add_note", "body": "{{company.id}}{{company.hs_object_id}}", "owner": { "id": "{{company.owner}}" } },
        { "action": "update_record", "type": "deals", "record": "{{contact.deal}}", "properties": { "amount": "1" } },
    ]))
    .unwrap();
    let of = |kind| read.reads(kind).into_iter().collect::<Vec<_>>();
    assert_eq!(of(ObjectType::Companies), ["name", "owner"]);
    assert_eq!(of(ObjectType::Contacts), ["deal", "email"]);
    assert_eq!(read.steps.iter().filter(|step| step.writes().is_some()).count(), 1);
    let (kind, values) = read.steps[2].writes().unwrap();
    assert_eq!(
        (kind, values.keys().map(String::as_str).collect::<Vec<_>>()),
        (ObjectType::Deals, vec!["amount"])
    );
}

#[test]
fn a_cool_down_is_whole_hours_and_none_before_now() {
    let of = |hours: Value| {
        let steps = json!([{ "action": "import_company" }]);
        let list = "ql_5f0c2ab9e1d34c67a8b90f12";
        Automation::parse(&json!({ "name": "A", "list": list, "steps": steps, "cool_down_hours": hours }))
    };
    for (hours, known) in [(json!(0), 0), (json!(12.0), 12)] {
        assert_eq!(of(hours).unwrap().cool_down_hours, known);
    }
    for wrong in [json!(-1), json!(1.5), json!(1e9), json!(null)] {
        assert_eq!(of(wrong).unwrap_err()[0].path, "/cool_down_hours");
    }
}

#[test]
fn a_step_that_is_no_action_is_refused_with_its_place() {
    for (wrong, words) in [
        (json!({ "action": "dance" }), "unknown variant"),
        (json!({ "action": "create_task" }), "subject"),
        (json!({ "action": "add_note", "body": "x", "colour": "red" }), "colour"),
        (json!({ "action": "add_note", "body": "{{someone.name}}" }), "someone.name"),
        (json!({ "action": "add_note", "body": "{{now + 2 moons}}" }), "now + 2 moons"),
        (json!({ "subject": "x" }), "one of"),
    ] {
        let faults = automation(json!([{ "action": "import_company" }, wrong])).unwrap_err();
        assert_eq!(faults[0].path, "/steps/1");
        assert!(faults[0].detail.contains(words), "{}", faults[0].detail);
    }
    let values = json!([{ "action": "update_record", "type": "contacts", "properties": { "jobtitle": {} } }]);
    assert_eq!(automation(values).unwrap_err()[0].path, "/steps/0/properties");
    assert_eq!(automation(json!([])).unwrap_err()[0].path, "/steps");
}

#[test]
fn facts_stand_where_their_names_stood() {
    let mut facts = Facts::of(&signal());
    let task = json!({
        "action": "create_task", "subject": "{{ account.name }}: {{signal.name}}{{signal.kind}}",
        "due": "{{signal.at + 1 week}}", "owner": { "id": "{{company.hubspot_owner_id}}" },
    });
    let Wanted::CreateTask { subject, due, owner, about, .. } = wanted(task.clone(), &facts) else {
        panic!()
    };
    assert_eq!((subject.as_str(), owner, about.len()), ("Acme: Pricing viewed", None, 0));
    assert_eq!(due, "2026-11-26T10:00:00.000Z");
    facts.set_company(RecordId(512), [("hubspot_owner_id".to_owned(), "9".to_owned())].into());
    let Wanted::CreateTask { owner, about, .. } = wanted(task, &facts) else { panic!() };
    assert_eq!((owner.is_some(), about.len(), about[0].id), (true, 1, RecordId(512)));
}

#[test]
fn an_entry_stands_on_the_timeline_of_whoever_it_was_or_of_their_company() {
    let mut facts = Facts::of(&signal());
    let entry = json!({ "action": "timeline_entry", "title": "{{signal.name}}" });
    assert!(automation(json!([entry.clone()])).is_ok());
    skipped(entry.clone(), &facts);
    facts.set_company(RecordId(512), BTreeMap::new());
    let Wanted::TimelineEntry { about, at, .. } = wanted(entry.clone(), &facts) else { panic!() };
    assert_eq!((about.object_type, about.id), (ObjectType::Companies, RecordId(512)));
    assert_eq!(at.as_deref(), Some("2026-11-19T10:00:00.000Z"));
    facts.set_contact(RecordId(7), BTreeMap::new());
    let Wanted::TimelineEntry { about, .. } = wanted(entry, &facts) else { panic!() };
    assert_eq!((about.object_type, about.id), (ObjectType::Contacts, RecordId(7)));
}

#[test]
fn what_is_there_is_not_imported_and_what_is_missing_is_named() {
    let mut facts = Facts::of(&signal());
    let import = json!({ "action": "import_contact" });
    let Wanted::ImportContact { email, company, .. } = wanted(import.clone(), &facts) else { panic!() };
    assert_eq!(email, "ann@acme.com");
    assert!(format!("{company:?}").contains("www.Acme.com"), "{company:?}");
    assert!(skipped(json!({ "action": "add_to_list", "list": "5" }), &facts).contains("contact.id"));
    assert!(
        skipped(json!({ "action": "claim_account", "owner": { "id": "7" } }), &facts).contains("company.id")
    );
    facts.set_company(RecordId(512), BTreeMap::new());
    let Wanted::ImportContact { company, .. } = wanted(import.clone(), &facts) else { panic!() };
    assert!(format!("{company:?}").contains("512"), "{company:?}");
    assert!(skipped(json!({ "action": "import_company" }), &facts).contains("512"));
    facts.set_contact(RecordId(7), BTreeMap::new());
    assert!(skipped(import, &facts).contains('7'));
}

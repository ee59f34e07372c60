//! Workflows one by one.

use std::collections::BTreeMap;

use super::*;
use crate::{
    engine::{action_step::Planned, portal::outbox::actions::Wanted},
    values::{
        filter::{Code, Field, Fields, Filter, Use},
        ids::{ObjectType, RecordId},
        time::{DAY_MS, HOUR_MS},
    },
};

fn is(property: &str, value: &str) -> Value {
    json!({ "property": property, "type": "string", "operator": "is", "value": value })
}

fn wrong(value: &Value) -> Vec<(String, Code)> {
    let faults = Definition::from_value(value).unwrap_err();
    faults.into_iter().map(|fault| (fault.path, fault.code)).collect()
}

fn one(path: &str, code: Code) -> Vec<(String, Code)> {
    vec![(path.to_owned(), code)]
}

/// The workflow that the tests below go through.
fn long() -> Definition {
    read(&with_steps(json!([
        { "id": "vip", "if": is("tier", "gold"),
          "then": [
            { "id": "call", "do": "create_task", "subject": "Call {{record.firstname}}" },
            { "id": "deep", "if": is("city", "Bonn"), "then": [{ "id": "near", "do": "add_note", "body": "Near" }] },
          ],
          "else": [{ "id": "pause", "wait": { "count": 2, "unit": "hours" } }] },
        { "id": "closed", "wait_until": is("state", "closed"), "at_most": { "count": 7, "unit": "days" },
          "else": [{ "id": "late", "stop": "Nobody closed it." }] },
        { "id": "route", "decide": { "route": "done", "label": "Done" } },
    ])))
}

fn facts(values: &[(&str, &str)]) -> Facts {
    let mut facts = Facts::new(ObjectType::Contacts, BTreeMap::new(), NOW);
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    facts.set(ObjectType::Contacts, RecordId(7), values.collect());
    facts
}

fn at(text: &str) -> Standing {
    Standing { place: place(text), since: None }
}

#[test]
fn a_run_goes_down_its_steps_and_says_which_way_it_went() {
    let definition = long();
    let (gold, other) = (facts(&[("tier", "gold"), ("city", "Köln")]), facts(&[("tier", "tin")]));
    let decision = definition.decide(&at("vip"), &gold, context(NOW));
    let Next::Act { place: here, step } = decision.next else { panic!("{decision:?}") };
    assert_eq!((here.to_string().as_str(), step.action()), ("vip/call", "create_task"));
    let [because] = &decision.because[..] else { panic!() };
    assert_eq!((because.holds, because.way, because.findings[0].value), (true, Way::Then, Some("gold")));
    // After the task the inner `if` does not hold, has no other way, and the run goes on outside.
    assert_eq!(definition.after(&here), Some(place("vip/deep")));
    let decision = definition.decide(&at("vip/deep"), &gold, context(NOW));
    let ways: Vec<(String, Way)> =
        decision.because.iter().map(|branch| (branch.place.to_string(), branch.way)).collect();
    assert_eq!(ways, [("vip/deep".to_owned(), Way::Else), ("closed".to_owned(), Way::Waits)]);
    let decision = definition.decide(&at("vip"), &other, context(NOW));
    let Next::Wait { standing, until } = decision.next else { panic!("{decision:?}") };
    assert_eq!((standing.place.to_string().as_str(), until), ("vip/pause", NOW.plus_ms(2 * HOUR_MS)));
    assert_eq!(standing.since, Some(NOW));
}

#[test]
fn a_wait_is_over_when_its_time_is_and_not_a_moment_before() {
    let definition = long();
    let other = facts(&[]);
    let waits = Standing { since: Some(NOW), ..at("vip/pause") };
    let early = NOW.plus_ms(2 * HOUR_MS - 1);
    let decision = definition.decide(&waits, &other, context(early));
    assert_eq!(decision.next, Next::Wait { standing: waits.clone(), until: NOW.plus_ms(2 * HOUR_MS) });
    let late = NOW.plus_ms(2 * HOUR_MS);
    let Next::WaitUntil { standing, until, .. } = definition.decide(&waits, &other, context(late)).next
    else {
        panic!()
    };
    assert_eq!((standing.place.to_string().as_str(), standing.since), ("closed", Some(late)));
    assert_eq!(until, late.plus_ms(7 * DAY_MS), "the next wait begins when this one is over");
}

#[test]
fn what_is_waited_for_comes_or_the_limit_does() {
    let definition = long();
    let waits = Standing { since: Some(NOW), ..at("closed") };
    let (open, closed) = (facts(&[("state", "open")]), facts(&[("state", "closed")]));
    let next = |facts: &Facts, now| match definition.decide(&waits, facts, context(now)).next {
        Next::WaitUntil { .. } => "waits".to_owned(),
        Next::Decided { place, route } => format!("{place}: {}", route.route),
        Next::Stopped { place, words } => format!("{place}: {words}"),
        other => panic!("{other:?}"),
    };
    let limit = NOW.plus_ms(7 * DAY_MS);
    assert_eq!(next(&open, limit.minus_ms(1)), "waits");
    assert_eq!(next(&closed, limit.minus_ms(1)), "route: done");
    assert_eq!(next(&closed, limit), "route: done", "what holds at the last moment holds");
    assert_eq!(next(&open, limit), "closed/late: Nobody closed it.");
    assert_eq!(definition.after(&place("route")), None);
    assert_eq!(
        definition.after(&place("closed/late")),
        Some(place("route")),
        "what stops has no after; others do"
    );
}

#[test]
fn what_time_alone_changes_is_looked_at_when_it_may() {
    let filter = json!({
        "property": "closedate", "type": "datetime", "operator": "within_next", "count": 2, "unit": "days",
    });
    let steps = |days: u32| json!([{ "id": "near", "wait_until": filter, "at_most": { "count": days, "unit": "days" } }]);
    let record = facts(&[("closedate", "2026-11-27T10:00:00Z")]);
    let again =
        |days: u32| match read(&with_steps(steps(days))).decide(&at("near"), &record, context(NOW)).next {
            Next::WaitUntil { again_at, .. } => again_at,
            other => panic!("{other:?}"),
        };
    assert_eq!(again(30), Some(NOW.plus_ms(5 * DAY_MS)));
    assert_eq!(again(3), None, "the limit comes first");
}

#[test]
fn a_place_of_another_version_is_lost() {
    let definition = long();
    let nobody = facts(&[]);
    for text in ["gone", "vip/gone", "vip", "closed/route", "call", "vip/call/near"] {
        let lost = definition.decide(&at(text), &nobody, context(NOW)).next == Next::Lost;
        assert_eq!(lost, text != "vip", "{text}");
    }
    assert!("".parse::<Place>().is_err() && "a//b".parse::<Place>().is_err());
    let standing = Standing { since: Some(NOW), ..at("vip/pause") };
    let text = serde_json::to_string(&standing).unwrap();
    assert_eq!(text, r#"{"place":"vip/pause","since":1795132800000}"#);
    assert_eq!(serde_json::from_str::<Standing>(&text).unwrap(), standing);
}

#[test]
fn every_fault_has_its_place() {
    let steps = |steps: Value| wrong(&with_steps(steps));
    let stop = json!({ "id": "a", "stop": "x" });
    assert_eq!(steps(json!([])), one("/steps", Code::Shape));
    assert_eq!(steps(json!([{ "stop": "x" }])), one("/steps/0", Code::Shape));
    assert_eq!(steps(json!([{ "id": "A b", "stop": "x" }])), one("/steps/0", Code::Shape));
    assert_eq!(steps(json!([stop, stop])), one("/steps/1/id", Code::Impossible));
    assert_eq!(steps(json!([{ "id": "a", "dance": 1 }])), one("/steps/0", Code::Shape));
    assert_eq!(
        steps(json!([{ "id": "a", "wait": { "count": 0, "unit": "days" } }])),
        one("/steps/0/wait", Code::Shape)
    );
    assert_eq!(
        steps(json!([{ "id": "a", "wait": { "count": 366, "unit": "days" } }])),
        one("/steps/0/wait", Code::Limit)
    );
    assert_eq!(steps(json!([{ "id": "a", "wait_until": { "and": [] } }])), one("/steps/0", Code::Shape));
    assert_eq!(
        steps(json!([{ "id": "a", "if": { "or": [] }, "then": [] }])),
        one("/steps/0/if/or", Code::Shape)
    );
    assert_eq!(steps(json!([{ "id": "a", "if": { "and": [] } }])), one("/steps/0", Code::Shape));
    assert_eq!(
        steps(json!([{ "id": "a", "decide": { "route": "" } }])),
        one("/steps/0/decide/route", Code::Shape)
    );
    assert_eq!(steps(json!([{ "id": "a", "do": "dance" }])), one("/steps/0", Code::Shape));
    assert_eq!(
        steps(json!([{ "id": "a", "do": "add_note", "body": "{{signal.name}}" }])),
        one("/steps/0", Code::Shape)
    );
    assert_eq!(
        steps(json!([{ "id": "a", "do": "add_note", "action": "add_note", "body": "x" }])),
        one("/steps/0", Code::Shape)
    );
    let values = json!([{ "id": "a", "do": "update_deal", "properties": { "amount": [] } }]);
    assert_eq!(steps(values), one("/steps/0/properties", Code::Shape));
    let of = json!({ "of": "account", "property": "x", "type": "string", "operator": "known" });
    assert_eq!(steps(json!([{ "id": "a", "if": of, "then": [stop] }])), {
        let mut both = one("/steps/0/if", Code::Shape);
        both.push(("/steps/0/then/0/id".to_owned(), Code::Impossible));
        both
    });
    let mut nested = json!([{ "id": "s", "stop": "x" }]);
    for depth in 1..limits::DEPTH {
        nested = json!([{ "id": format!("d{depth}"), "if": { "and": [] }, "then": nested }]);
    }
    assert_eq!(Definition::from_value(&with_steps(nested.clone())).unwrap().all_steps().len(), limits::DEPTH);
    nested = json!([{ "id": "top", "if": { "and": [] }, "then": nested }]);
    assert_eq!(steps(nested), one("/steps/0/then/0/then/0/then/0/then/0/then", Code::Limit));
    let many = |count: usize| {
        let all = (0..count).map(|number| json!({ "id": format!("s{number}"), "stop": "x" }));
        with_steps(all.collect())
    };
    assert_eq!(read(&many(limits::STEPS)).steps.len(), limits::STEPS);
    assert_eq!(wrong(&many(limits::STEPS + 1)), one("/steps", Code::Limit));
    let long = json!([{ "id": "a", "do": "add_note", "body": "x".repeat(limits::BYTES) }]);
    assert_eq!(steps(long), one("", Code::Limit));
    assert_eq!(Definition::parse("{").unwrap_err()[0].code, Code::NotJson);
}

#[test]
fn a_trigger_is_of_records_and_says_when() {
    let with = |key: &str, value: Value| {
        let mut all = with_steps(json!([{ "id": "a", "stop": "x" }]));
        all[key] = value;
        all
    };
    let trigger = |value: Value| with("trigger", value);
    let event = json!({ "on": "event", "event": "any word", "record": "2-7" });
    assert_eq!(read(&trigger(event)).trigger.record(), ObjectType::Custom(7));
    let change = json!({ "on": "change", "record": "deals" });
    let Trigger::Change { kinds, properties, .. } = read(&trigger(change)).trigger else { panic!() };
    assert_eq!((kinds.len(), properties.len()), (3, 0));
    let week =
        json!({ "on": "schedule", "record": "deals", "every": "week", "hour": 9, "weekday": "monday" });
    let every = Every::Week { weekday: Weekday::Monday, hour: 9 };
    assert_eq!(read(&trigger(week)).trigger, Trigger::Schedule { record: ObjectType::Deals, every });
    for (value, path) in [
        (json!({ "on": "moon", "record": "deals" }), "/trigger"),
        (json!({ "on": "event", "record": "deals" }), "/trigger/event"),
        (json!({ "on": "event", "event": "x", "record": "tickets" }), "/trigger"),
        (json!({ "on": "change", "record": "deals", "kinds": [] }), "/trigger/kinds"),
        (json!({ "on": "change", "record": "deals", "kinds": ["deleted"] }), "/trigger/kinds"),
        (json!({ "on": "change", "record": "deals", "properties": [""] }), "/trigger/properties"),
        (json!({ "on": "schedule", "record": "deals", "every": "day" }), "/trigger"),
        (json!({ "on": "schedule", "record": "deals", "every": "day", "hour": 24 }), "/trigger"),
        (json!({ "on": "schedule", "record": "deals", "every": "hour", "hour": 1 }), "/trigger"),
        (
            json!({ "on": "schedule", "record": "deals", "every": "week", "hour": 1, "weekday": "mon" }),
            "/trigger",
        ),
    ] {
        assert_eq!(wrong(&trigger(value.clone())), one(path, Code::Shape), "{value}");
    }
    assert_eq!(wrong(&with("enrolment", json!({ "again": "when" }))), one("/enrolment", Code::Shape));
    assert_eq!(wrong(&with("enrolment", json!({ "again": "never" }))), one("/enrolment", Code::Shape));
    let when = read(&with("enrolment", json!({ "again": "when", "when": is("x", "y") })));
    assert!(matches!(when.again, Again::When(Filter::Condition(_))));
}

#[test]
fn only_an_events_workflow_knows_an_event() {
    let of_event = json!({ "of": "event", "property": "outcome", "type": "string", "operator": "known" });
    let steps = json!([
        { "id": "a", "if": of_event, "then": [] },
        { "id": "b", "do": "add_note", "body": "{{event.outcome}}" },
        { "id": "c", "do": "create_task", "subject": "x", "due": "{{event.at + 1 day}}" },
    ]);
    let mut definition = with_steps(steps);
    assert_eq!(read(&definition).all_steps().len(), 3);
    definition["trigger"] = json!({ "on": "change", "record": "contacts" });
    let faults = wrong(&definition);
    let paths: Vec<&str> = faults.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/steps/0/if", "/steps/1"], "every run has a moment at which it began");
}

/// Contacts have a first name, deals a stage.
struct Few;

impl Fields for Few {
    fn field(&self, of: Option<&str>, name: &str) -> Option<Field<'_>> {
        let text = Field { label: "Text", value_type: "string", field_type: "text", options: Vec::new() };
        matches!((of, name), (None | Some("contact"), "firstname") | (Some("deal"), "dealstage"))
            .then_some(text)
    }
}

#[test]
fn what_is_not_in_the_account_is_named_with_its_place() {
    let stage =
        json!({ "of": "deal", "property": "dealstage", "type": "string", "operator": "is", "value": "won" });
    let there = json!({ "of": "deal", "property": "hs_object_id", "type": "number", "operator": "known" });
    let own =
        json!({ "of": "event", "property": "any", "type": "number", "operator": "at_least", "value": 3 });
    let steps = json!([
        { "id": "a", "if": { "and": [stage, there, own] }, "then": [] },
        { "id": "b", "if": { "and": [] }, "then": [
            { "id": "c", "wait_until": is("fristname", "x"), "at_most": { "count": 1, "unit": "hours" } },
            { "id": "d", "do": "add_note", "body": "{{company.industry}} {{record.lastname}} {{deal.id}}" },
        ] },
    ]);
    let mut definition = with_steps(steps);
    let faults = read(&definition).check(&Few);
    assert_eq!(places(&faults), ["/steps/1/then/0/wait_until/property"]);
    assert_eq!(faults[0].code, Code::UnknownField);
    definition["conditions"] = json!({ "property": "firstname", "type": "string", "operator": "changed" });
    let faults = read(&definition).check(&Few);
    assert_eq!((faults[0].path.as_str(), faults[0].code), ("/conditions/operator", Code::ChangeNotAllowed));
    definition["trigger"] = json!({ "on": "change", "record": "contacts", "properties": ["firstname", "x"] });
    definition["steps"][0] = json!({ "id": "a", "stop": "x" });
    let read = read(&definition);
    assert_eq!(places(&read.check(&Few)), ["/trigger/properties/1", "/steps/1/then/0/wait_until/property"]);
    let reads = |kind| read.reads(kind).into_iter().collect::<Vec<_>>();
    assert_eq!(reads(ObjectType::Contacts), ["firstname", "fristname", "lastname", "x"]);
    assert_eq!((reads(ObjectType::Companies), reads(ObjectType::Deals)), (vec!["industry"], vec![]));
    let asks = [ObjectType::Deals, ObjectType::Companies, ObjectType::Tasks].map(|kind| read.asks_of(kind));
    assert_eq!(asks, [true, true, false]);
    let mut uses = Vec::new();
    read.visit_filters(&mut |path, _, purpose| uses.push((path.to_owned(), purpose)));
    assert_eq!(uses.len(), 3);
    assert_eq!(uses[0], ("/conditions".to_owned(), Use::Trigger));
    assert_eq!(read.actions()[0].0, "/steps/1/then/1");
    let Filter::Condition(condition) = &read.conditions else { panic!() };
    assert_eq!(describe(&read.conditions, &Few), "Text changed");
    assert_eq!(describe_condition(&read.conditions, condition, &Few), "Text changed");
}

#[test]
fn a_step_that_does_not_say_means_the_record() {
    let record = |kind: &str| -> ObjectType { kind.parse().unwrap() };
    let plan = |kind: ObjectType, step: Value, facts: &Facts| {
        let mut definition = with_steps(json!([step]));
        definition["trigger"]["record"] = json!(kind);
        let definition = read(&definition);
        match definition.actions()[0].1.plan(vocabulary(kind), facts, NOW) {
            Planned::Do(wanted) => *wanted,
            Planned::Skip(why) => panic!("{why}"),
        }
    };
    let of = |kind: ObjectType, all: &[(ObjectType, u64)]| {
        let mut facts = Facts::new(kind, BTreeMap::new(), NOW);
        for (kind, id) in all {
            facts.set(*kind, RecordId(*id), BTreeMap::new());
        }
        facts
    };
    let (contacts, companies, deals) = (ObjectType::Contacts, ObjectType::Companies, ObjectType::Deals);
    let note = json!({ "id": "a", "do": "add_note", "body": "x" });
    let about = |kind, facts: &Facts| match plan(kind, note.clone(), facts) {
        Wanted::AddNote { about, .. } => {
            about.iter().map(|tie| (tie.object_type, tie.id.0)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let all = [(contacts, 1), (companies, 2), (deals, 3)];
    assert_eq!(about(contacts, &of(contacts, &all)), [(contacts, 1), (companies, 2)]);
    assert_eq!(about(deals, &of(deals, &all)), [(deals, 3), (contacts, 1), (companies, 2)]);
    assert_eq!(about(companies, &of(companies, &[(companies, 2)])), [(companies, 2)]);
    let custom = record("2-7");
    assert_eq!(about(custom, &of(custom, &[(custom, 9), (contacts, 1)])), [(custom, 9), (contacts, 1)]);
    assert_eq!(
        about(ObjectType::Tasks, &of(ObjectType::Tasks, &[(ObjectType::Tasks, 9), (contacts, 1)])),
        [(contacts, 1)]
    );
    let update = |kind: &str| json!({ "id": "a", "do": "update_record", "type": kind, "properties": { "x": "{{record.id}}" } });
    for (kind, id) in [("contacts", 1), ("companies", 2), ("deals", 3), ("2-7", 9)] {
        let facts = of(custom, &[(contacts, 1), (companies, 2), (deals, 3), (custom, 9)]);
        let Wanted::UpdateRecord { record, properties, .. } = plan(custom, update(kind), &facts) else {
            panic!()
        };
        assert_eq!((record.0, &properties["x"]), (id, &json!("9")), "{kind}");
    }
    let list = json!({ "id": "a", "do": "add_to_list", "list": "5" });
    let Wanted::AddToList { record, .. } = plan(deals, list, &of(deals, &all)) else { panic!() };
    assert_eq!(record, RecordId(3));
    let Wanted::UpdateDeal { deal, .. } =
        plan(contacts, json!({ "id": "a", "do": "update_deal", "stage": "Won" }), &of(contacts, &all))
    else {
        panic!()
    };
    assert_eq!(deal, RecordId(3));
    let entry = json!({ "id": "a", "do": "timeline_entry", "title": "x" });
    let Wanted::TimelineEntry { about, .. } = plan(contacts, entry, &of(contacts, &all[1..])) else {
        panic!()
    };
    assert_eq!(about.object_type, companies, "on the company's where there is no contact");
}

#[test]
fn whoever_a_step_names_itself_may_be_somebody_else() {
    let step = json!({ "id": "a", "do": "import_contact", "email": "{{deal.buyer_email}}" });
    let mut definition = with_steps(json!([step]));
    definition["trigger"]["record"] = json!("deals");
    let definition = read(&definition);
    let mut facts = Facts::new(ObjectType::Deals, BTreeMap::new(), NOW);
    facts.set(ObjectType::Contacts, RecordId(1), BTreeMap::new());
    let buyer = [("buyer_email".to_owned(), "bo@acme.com".to_owned())];
    facts.set(ObjectType::Deals, RecordId(3), buyer.into());
    let planned = definition.actions()[0].1.plan(vocabulary(ObjectType::Deals), &facts, NOW);
    assert!(matches!(planned, Planned::Do(_)), "{planned:?}");
    assert!(facts.has(ObjectType::Deals) && !facts.has(ObjectType::Companies));
}

#[test]
fn an_event_is_of_somebody_and_says_what_happened() {
    let parse = |value: Value| Event::parse(&value, NOW);
    let whole = json!({
        "id": "e1", "event": "incoming_call", "at": "2026-11-19T10:00:00Z", "email": " Ann@Acme.com", "phone": "anonymous",
        "domain": "acme.com", "object_type": "contacts", "record_id": "7",
        "facts": { "outcome": "won", "count": 3, "email": "not this", "none": null },
    });
    let event = parse(whole).unwrap();
    assert_eq!(event.record, Some(EventRecord { object_type: ObjectType::Contacts, id: RecordId(7) }));
    let named = event.named();
    let value = |name: &str| named.get(name).map(String::as_str);
    assert_eq!(
        [value("email"), value("count"), value("record_id")],
        [Some("ann@acme.com"), Some("3"), Some("7")]
    );
    assert_eq!([value("none"), value("event")], [None, Some("incoming_call")]);
    assert_eq!(event.data()["event"]["outcome"], "won");
    assert_eq!(serde_json::from_value::<Event>(json!(event)).unwrap(), event);
    for (value, path) in [
        (json!({ "id": "1", "event": "x" }), ""),
        (json!({ "event": "x", "email": "a@b.c" }), "/id"),
        (json!({ "id": "1", "email": "a@b.c" }), "/event"),
        (json!({ "id": "1", "event": "x", "email": "nobody" }), "/email"),
        (json!({ "id": "1", "event": "x", "record_id": 7 }), "/record_id"),
        (json!({ "id": "1", "event": "x", "object_type": "contacts" }), "/object_type"),
        (json!({ "id": "1", "event": "x", "object_type": "tickets", "record_id": 7 }), "/object_type"),
        (json!({ "id": "1", "event": "x", "object_type": "deals", "record_id": "x" }), "/record_id"),
        (json!({ "id": "1", "event": "x", "phone": "1", "at": "2027-01-01T00:00:00Z" }), "/at"),
        (json!({ "id": "1", "event": "x", "phone": "1", "facts": { "a": [] } }), "/facts/a"),
        (json!({ "id": "1", "event": "x", "phone": "1", "extra": 1 }), ""),
    ] {
        let faults = parse(value.clone()).unwrap_err();
        assert_eq!(places(&faults), [path], "{value}");
    }
    let facts: BTreeMap<String, String> = (0..9).map(|n| (format!("f{n}"), "x".repeat(1_000))).collect();
    let large = parse(json!({ "id": "1", "event": "x", "phone": "1", "facts": facts })).unwrap_err();
    assert_eq!((large[0].path.as_str(), large[0].code), ("", Code::Limit));
    assert!(Event::parse_some(&json!({ "event": "x", "phone": "1" }), NOW).is_ok());
}

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::values::{
    filter::{Code, Field, Fields},
    time::{DAY_MS, HOUR_MS},
};

type Record = BTreeMap<String, String>;

impl Values for Record {
    fn value(&self, of: Option<&str>, property: &str) -> Option<&str> {
        self.get(&of.map_or_else(|| property.to_owned(), |of| format!("{of}.{property}"))).map(String::as_str)
    }
}

fn record(pairs: &[(&str, &str)]) -> Record {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn channel(selection: serde_json::Value) -> Channel {
    let mut definition = json!({
        "name": "Warm leads", "object_type": "contacts",
        "fields": [
            {"field": "first_name", "property": "firstname", "default": "there"},
            {"field": "email", "property": "email"},
            {"field": "company", "of": "company", "property": "name"},
        ],
    });
    for (key, value) in selection.as_object().unwrap() {
        definition[key] = value.clone();
    }
    Channel::parse(&definition).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn leads() -> Channel {
    channel(
        json!({"filter": {"property": "stage", "type": "enumeration", "operator": "is", "value": "lead"}}),
    )
}

/// 2026-03-10T12:00:00Z.
const NOON: Context = Context { now: Timestamp(1_773_144_000_000), utc_offset_ms: 0 };

fn here(record: &Record) -> Presence<'_> {
    Presence::Here { values: record, listed: false }
}

#[test]
fn a_record_is_handed_over_once_then_its_mapped_changes_then_that_it_left() {
    let channel = leads();
    let decide = |member, record: &Record| {
        let decision = channel.decide(member, here(record), NOON);
        let told = decision.event.map(|event| match event {
            Event::Entered(fields) => ("entered", to_json(&fields)),
            Event::Updated(fields) => ("updated", to_json(&fields)),
            Event::Left(departure) => ("left", json!(format!("{departure:?}"))),
        });
        (told, decision.member)
    };
    let mut ann = record(&[("stage", "other"), ("email", "a@example.com")]);
    let (told, member) = decide(None, &ann);
    assert_eq!((told, member), (None, None), "not selected yet");

    ann.insert("stage".to_owned(), "lead".to_owned());
    let (told, member) = decide(member, &ann);
    let fields = json!({"first_name": "there", "email": "a@example.com", "company": null});
    assert_eq!(told, Some(("entered", fields)));

    assert_eq!(decide(member, &ann), (None, member), "once");
    ann.insert("city".to_owned(), "Bonn".to_owned());
    assert_eq!(decide(member, &ann), (None, member), "of no interest to the host");
    ann.insert("firstname".to_owned(), "there".to_owned());
    assert_eq!(decide(member, &ann), (None, member), "what the host has already, by default");

    ann.insert("company.name".to_owned(), "Acme".to_owned());
    let (told, member) = decide(member, &ann);
    let fields = json!({"first_name": "there", "email": "a@example.com", "company": "Acme"});
    assert_eq!(told, Some(("updated", fields.clone())));

    ann.remove("stage");
    let (told, member) = decide(member, &ann);
    assert_eq!((told, member), (Some(("left", json!("Unselected"))), None));
    assert_eq!(decide(member, &ann), (None, None), "once");

    ann.insert("stage".to_owned(), "lead".to_owned());
    assert_eq!(decide(member, &ann).0, Some(("entered", fields)), "who comes back enters anew");
}

#[test]
fn a_list_selects_its_members_whatever_their_values() {
    let channel = channel(json!({"list": "42"}));
    assert_eq!(channel.selection, Selection::List(ListId(42)));
    let ann = record(&[]);
    let decide = |member, listed| channel.decide(member, Presence::Here { values: &ann, listed }, NOON);
    let entered = decide(None, true);
    assert!(matches!(entered.event, Some(Event::Entered(_))));
    assert_eq!(decide(entered.member, true).event, None);
    assert_eq!(decide(entered.member, false).event, Some(Event::Left(Departure::Unselected)));
    assert_eq!(decide(None, false).event, None);
}

#[test]
fn a_record_that_is_gone_leaves_for_its_own_reason_if_it_was_there() {
    let channel = leads();
    let member = Some(Member { fingerprint: 5 });
    for departure in [Departure::Deleted, Departure::Erased, Departure::Merged { into: RecordId(9) }] {
        let gone = |member| channel.decide(member, Presence::Gone(departure), NOON);
        assert_eq!(
            gone(member),
            Decision { event: Some(Event::Left(departure)), member: None, again_at: None }
        );
        assert_eq!(gone(None).event, None, "the host never heard of it");
    }
}

#[test]
fn a_date_that_comes_near_is_decided_in_time_for_members_and_others() {
    let channel = channel(json!({"filter": {
        "property": "closedate", "type": "date", "operator": "within_next", "count": 7, "unit": "days",
    }}));
    let deal = record(&[("closedate", "2026-03-20")]);
    let decide = |member, now| channel.decide(member, here(&deal), Context { now, ..NOON });
    let early = decide(None, NOON.now);
    assert_eq!((early.event, early.member), (None, None));
    let begins = early.again_at.unwrap();
    assert_eq!(begins.to_rfc3339(), "2026-03-13T00:00:00.000Z");
    let entered = decide(None, begins);
    assert!(matches!(entered.event, Some(Event::Entered(_))));
    let ends = entered.again_at.unwrap();
    assert_eq!(ends.to_rfc3339(), "2026-03-21T00:00:00.000Z");
    let left = decide(entered.member, ends);
    assert_eq!((left.event, left.again_at), (Some(Event::Left(Departure::Unselected)), None));
}

#[test]
fn a_changed_mapping_updates_who_differs_by_it() {
    let (old, mut new) = (leads(), leads());
    new.mappings[0].default = Some("friend".to_owned());
    let (ann, unnamed) = (record(&[("stage", "lead"), ("firstname", "Ann")]), record(&[("stage", "lead")]));
    let event = |record| new.decide(old.decide(None, here(record), NOON).member, here(record), NOON).event;
    assert_eq!(event(&ann), None);
    assert!(matches!(event(&unnamed), Some(Event::Updated(_))));
}

#[test]
fn a_fingerprint_keeps_its_form_and_tells_absent_from_empty_and_neighbours_apart() {
    let fields = [("a", Some("x")), ("b", None)];
    assert_eq!(fingerprint(&fields), 8_640_076_236_271_167_994, "members are stored with it");
    for other in [
        [("a", Some("x")), ("b", Some(""))],
        [("a", None), ("b", Some("x"))],
        [("a", Some("xb")), ("", None)],
        [("ax", Some("")), ("b", None)],
    ] {
        assert_ne!(fingerprint(&fields), fingerprint(&other), "{other:?}");
    }
}

#[test]
fn it_reads_what_it_maps_and_what_it_filters_by() {
    let expected = [(None, "email"), (None, "firstname"), (None, "stage"), (Some("company"), "name")];
    assert_eq!(leads().properties().into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(channel(json!({"list": "42"})).properties().len(), 3);
}

#[test]
fn a_definition_is_read_back_as_it_was_written() {
    for channel in [leads(), channel(json!({"list": "42"}))] {
        assert_eq!(Channel::parse(&channel.to_json()), Ok(channel));
    }
}

#[test]
fn what_is_wrong_with_a_definition_is_told_with_its_place() {
    let right = leads().to_json();
    let wrong = |key: &str, value: serde_json::Value| {
        let mut definition = right.clone();
        definition[key] = value;
        let faults = Channel::parse(&definition).unwrap_err();
        faults.into_iter().map(|fault| (fault.path, fault.code)).collect::<Vec<_>>()
    };
    let at = |path: &str, code| vec![(path.to_owned(), code)];
    let field = json!({"field": "a", "property": "b"});
    assert_eq!(wrong("name", json!("")), at("/name", Code::Shape));
    assert_eq!(wrong("object_type", json!("tickets")), at("/object_type", Code::Shape));
    assert_eq!(wrong("list", json!("42")), at("", Code::Shape));
    assert_eq!(wrong("colour", json!("red")), at("", Code::Shape));
    assert_eq!(wrong("filter", json!({"and": [5]})), at("/filter/and/0", Code::Shape));
    assert_eq!(wrong("fields", json!([])), at("/fields", Code::Shape));
    assert_eq!(wrong("fields", json!(vec![&field; MAX_FIELDS + 1])), at("/fields", Code::Limit));
    assert_eq!(wrong("fields", json!([field, field])), at("/fields/1/field", Code::Impossible));
    assert_eq!(
        wrong("fields", json!([{"field": "a\n", "property": "b"}])),
        at("/fields/0/field", Code::Shape)
    );
    assert_eq!(
        wrong("fields", json!([{"field": "a", "property": "b", "default": 5}])),
        at("/fields/0/default", Code::Shape)
    );
    assert_eq!(Channel::parse(&json!([])).unwrap_err()[0].path, "");
    let mut list = right.clone();
    list.as_object_mut().unwrap().remove("filter");
    list["list"] = json!(42);
    assert_eq!(Channel::parse(&list).unwrap_err()[0].path, "/list");
}

#[test]
fn a_definition_is_checked_against_the_fields_there_are() {
    struct Portal;
    impl Fields for Portal {
        fn field(&self, of: Option<&str>, name: &str) -> Option<Field<'_>> {
            let (value_type, field_type) = ("enumeration", "select");
            (of.is_none() && matches!(name, "stage" | "email")).then(|| Field {
                label: "Stage",
                value_type,
                field_type,
                options: vec![("new", "New")],
            })
        }
    }
    let faults = leads().check(&Portal);
    let places: Vec<_> = faults.iter().map(|fault| (fault.path.as_str(), fault.code)).collect();
    assert_eq!(
        places,
        [
            ("/filter/value", Code::UnknownOption),
            ("/fields/0/property", Code::UnknownField),
            ("/fields/2/property", Code::UnknownField),
        ]
    );
}

/// What a host does with what it is told.
fn follow(
    host: &mut BTreeMap<u64, serde_json::Value>,
    id: u64,
    event: Option<Event<'_>>,
) -> Result<(), TestCaseError> {
    match event {
        None => {}
        Some(Event::Entered(fields)) => prop_assert!(host.insert(id, to_json(&fields)).is_none()),
        Some(Event::Updated(fields)) => {
            let before = host.insert(id, to_json(&fields));
            prop_assert!(before.is_some_and(|before| before != to_json(&fields)));
        }
        Some(Event::Left(_)) => prop_assert!(host.remove(&id).is_some()),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Edits, deletions and days in any order; decisions late, repeated, or at the moments foretold.
    #[test]
    fn a_host_that_follows_holds_what_the_channel_selects(
        steps in prop::collection::vec((0_u64..4, 0_usize..6, 0_usize..4, 0_i64..3, any::<bool>()), 1..60),
    ) {
        const EDITS: [(&str, [&str; 4]); 5] = [
            ("stage", ["lead", "lead", "other", ""]),
            ("firstname", ["Ann", "there", "", "Bo"]),
            ("company.name", ["Acme", "", "Bolt", "Acme"]),
            ("city", ["Bonn", "Ulm", "", "x"]),
            ("closedate", ["2026-03-12", "2026-03-16", "soon", "2026-03-01"]),
        ];
        let channel = channel(json!({"filter": {"and": [
            {"property": "stage", "type": "enumeration", "operator": "is", "value": "lead"},
            {"not": {"property": "closedate", "type": "date", "operator": "within_next", "count": 2, "unit": "days"}},
        ]}}));
        let mut records: BTreeMap<u64, Record> = BTreeMap::new();
        let mut members: BTreeMap<u64, Member> = BTreeMap::new();
        let mut again: BTreeMap<u64, Timestamp> = BTreeMap::new();
        let mut host = BTreeMap::new();
        let mut context = NOON;
        for (id, edit, value, days, at_once) in steps {
            context.now = context.now.plus_ms(days * DAY_MS + HOUR_MS);
            if let Some((property, values)) = EDITS.get(edit) {
                records.entry(id).or_default().insert((*property).to_owned(), values[value].to_owned());
            } else {
                records.remove(&id);
            }
            let due: Vec<u64> = again.iter().filter(|(_, at)| **at <= context.now).map(|(id, _)| *id).collect();
            // A late decision is made at the next edit of that record, or at the end.
            for id in due.into_iter().chain(at_once.then_some(id)) {
                for _ in 0..2 {
                    let presence = records.get(&id).map_or(Presence::Gone(Departure::Deleted), here);
                    let decision = channel.decide(members.remove(&id), presence, context);
                    follow(&mut host, id, decision.event)?;
                    members.extend(decision.member.map(|member| (id, member)));
                    again.remove(&id);
                    again.extend(decision.again_at.map(|at| (id, at)));
                }
            }
        }
        for id in 0..4 {
            let presence = records.get(&id).map_or(Presence::Gone(Departure::Deleted), here);
            let decision = channel.decide(members.get(&id).copied(), presence, context);
            follow(&mut host, id, decision.event)?;
        }
        let Selection::Filter(filter) = &channel.selection else { unreachable!("it has a filter") };
        let expected: BTreeMap<u64, serde_json::Value> = records
            .iter()
            .filter(|(_, record)| filter.evaluate(*record, None, context))
            .map(|(id, record)| (*id, to_json(&channel.fields(record))))
            .collect();
        prop_assert_eq!(host, expected);
    }
}

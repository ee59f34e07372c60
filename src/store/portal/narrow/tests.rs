use std::collections::BTreeMap;

use proptest::{prelude::*, sample::select, strategy::Union};
use serde_json::{Value, json};

use super::{condition::LATE_ASCII, *};
use crate::{
    store::{
        native::NativeSql,
        portal::{
            self,
            records::{self, Grave, Write},
        },
    },
    values::{
        filter::{
            Definition, Kind, Lookup, OPERATORS, Operator, Shape, Values,
            tests::{
                any::{self, Record},
                naive,
            },
        },
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
};

const KIND: ObjectType = ObjectType::Contacts;

/// Values at which a comparison of SQLite's may differ from one of ours.
const HOSTILE: &[&str] = &[
    "\u{212a}",
    "Ann\u{212a}",
    "in\u{130}",
    "i\u{307}",
    "\u{c9}COLE",
    "x\u{307}",
    "fal\u{17f}e",
    "tRuE",
    "true\0",
    "\0",
    "a\0b",
    "Ann\0",
    "a\0Ann",
    "a;b\0",
    "a\0;b",
    "\u{a0}a\u{a0};b",
    " a ",
    "a ; b",
    "a\u{2003};b",
    "\ta",
    "b;a;;",
    ";a",
    "a;;b",
    "\u{85}b",
    "a;a",
    "\"",
    "\\",
    "a\"b",
    "','",
    "a\",\"b",
    "[\"a\"]",
    "{\"a\":1}",
    "null",
    "1\u{a0}555 010",
    "+1\u{a0}555\u{a0}010",
    "(555)\t",
    "\u{ff15}55",
    "5.0",
    "5.50",
    "4.9999999999999999999",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "9007199254740992",
    "9007199254740993.0",
    "1e-400",
    "-0.0",
    "0x5",
    "+5",
    " 5",
    "5 ",
    "5\0",
    "1E5",
    "1e+3",
    "99999.9999999999",
    "2026-01-31T23:30:00.000Z",
    "2026-01-31T23:29:59.999Z",
    "2026-02-01T00:00:00Z",
    "2026-01-31T24:00:00Z",
    "2026-01-31t23:30:00z",
    "2026-01-31 23:30:00",
    "2026-01-31T23:59:60Z",
    "2016-12-31T23:59:60Z",
    "2026-01-31T23:30:00.9996Z",
    "2026-01-31T23:30:00+00:00",
    "2026-01-31\0",
    "2023-02-29",
    "now",
    "2460000.5",
    "1769902200000",
    "0001-01-01",
    "9999-12-31",
    "0000-12-31",
    "9999-12-31T23:59:59.999Z",
    "2026-01-31T23:30Z",
];

fn hostile_operand(kind: Kind) -> BoxedStrategy<Value> {
    const TEXTS: &[&str] = &[
        "k",
        "K",
        "i",
        "I",
        "\u{307}",
        "a\0",
        "\0",
        "\u{e9}",
        "\u{c9}cole",
        "ik",
        " ",
        "nn",
        "a b",
        "5",
        "ann\u{e9}k",
    ];
    const PHONES: &[&str] = &["k", "5 5", "+1", "010", "\u{e9}1", "55", "0\0"];
    const OPTIONS: &[&str] = &["a", "b", " a", "a ", ";", "a;b", "\u{a0}", "a\0b", "\"", "a\"", "true"];
    const NUMBERS: &[&str] = &[
        "5",
        "0",
        "1000",
        "9007199254740993",
        "9007199254740992",
        "9007199254740993e3",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "1e300",
        "-1e300",
        "5.5",
        "0.1",
        "5e-324",
        "-0.0",
        "99999.9999999999",
    ];
    const DAYS: &[&str] = &["0001-01-01", "9999-12-31", "2026-01-31", "2026-02-01"];
    const MOMENTS: &[&str] = &[
        "2026-01-31T23:30:00Z",
        "2026-01-31T23:29:59.999Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999Z",
    ];
    let texts = |pool: &'static [&'static str]| select(pool).prop_map(Value::from).boxed();
    match kind {
        Kind::String => texts(TEXTS),
        Kind::PhoneNumber => texts(PHONES),
        Kind::Enumeration => texts(OPTIONS),
        Kind::Date => texts(DAYS),
        Kind::Datetime => prop_oneof![texts(DAYS), texts(MOMENTS)].boxed(),
        Kind::Number => select(NUMBERS).prop_map(|text| crate::values::json::parse(text).unwrap()).boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::from).boxed(),
    }
}

/// A condition at the edges, of the same properties as [`any::condition`]'s.
fn hostile_condition() -> BoxedStrategy<Value> {
    let of = |row: &'static Definition, kind: Kind| {
        let operand = match row.shape {
            Shape::Value => hostile_operand(kind).prop_map(|value| json!({ "value": value })).boxed(),
            Shape::Values => prop::collection::vec(hostile_operand(kind), 1..4)
                .prop_map(|values| json!({ "values": values }))
                .boxed(),
            Shape::Range => (hostile_operand(kind), hostile_operand(kind))
                .prop_map(|(from, to)| json!({ "from": from, "to": to }))
                .boxed(),
            Shape::Nothing | Shape::Span | Shape::Period => return any::condition_of(row, kind),
        };
        (operand, 0_u8..2)
            .prop_map(move |(mut condition, number)| {
                condition["property"] = json!(format!("{}_{number}", kind.as_str()));
                condition["type"] = json!(kind.as_str());
                condition["operator"] = json!(row.name);
                condition
            })
            .boxed()
    };
    Union::new(OPERATORS.iter().flat_map(|row| row.kinds.iter().map(move |kind| of(row, *kind)))).boxed()
}

/// A record with some values of [`HOSTILE`].
fn hostile_record() -> BoxedStrategy<Record> {
    let place = (select(Kind::ALL.to_vec()), 0_u8..2);
    let odd = prop::collection::vec((place, select(HOSTILE)), 0..10);
    (any::record(), odd)
        .prop_map(|(mut record, odd)| {
            for ((kind, number), value) in odd {
                record.insert(format!("{}_{number}", kind.as_str()), value.to_owned());
            }
            record
        })
        .boxed()
}

fn hostile_filter() -> BoxedStrategy<Value> {
    prop_oneof![hostile_condition(), any::condition()]
        .prop_recursive(5, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|parts| json!({ "and": parts })),
                prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| json!({ "or": parts })),
                inner.prop_map(|part| json!({ "not": part })),
            ]
        })
        .boxed()
}

fn values(record: &Record) -> impl Values {
    Lookup::new(move |of: Option<&str>, property: &str| {
        let key = of.map_or_else(|| property.to_owned(), |of| format!("{of}.{property}"));
        record.get(&key).map(String::as_str)
    })
}

fn write(sql: &NativeSql, id: u64, properties: &str) {
    let write = Write {
        id: RecordId(id),
        created_at: Timestamp(0),
        updated_at: Timestamp(id as i64),
        key: None,
        properties,
    };
    records::put(sql, KIND, &[write], 1).unwrap();
}

/// Records as the mirror stores them, with ids from 1 on.
fn stored(records: &[Record]) -> NativeSql {
    let sql = NativeSql::default();
    portal::open(&sql).unwrap();
    for (id, record) in (1..).zip(records) {
        let own: BTreeMap<&String, &String> = record.iter().filter(|(name, _)| !name.contains('.')).collect();
        write(&sql, id, &serde_json::to_string(&own).unwrap());
    }
    sql
}

fn ids(numbers: impl IntoIterator<Item = u64>) -> Vec<RecordId> {
    numbers.into_iter().map(RecordId).collect()
}

/// What memory selects.
fn selected(filter: &Filter, records: &[Record], context: Context) -> Vec<RecordId> {
    let holds = |record: &Record| filter.evaluate(&values(record), None, context);
    ids((1..).zip(records).filter(|(_, record)| holds(record)).map(|(id, _)| id))
}

/// What is selected where memory is asked about what SQL leaves open only; and what SQL is sure of.
fn narrowed(
    sql: &NativeSql,
    filter: &Filter,
    records: &[Record],
    context: Context,
) -> Result<(Vec<RecordId>, Vec<RecordId>), TestCaseError> {
    let narrowing = Narrowing::now(filter, context);
    let found = narrowing.page(sql, KIND, RecordId(0), None, 1_000).unwrap();
    prop_assert_eq!(found.looked_at, records.len() as u64);
    prop_assert_eq!(found.last, Some(RecordId(records.len() as u64)));
    let all = ids(1..=records.len() as u64);
    prop_assert_eq!(&narrowing.among(sql, KIND, &all).unwrap(), &found);
    if narrowing.is_exact() {
        prop_assert!(
            found.ids.iter().all(|(_, sure)| *sure),
            "{:?} of {:?} by {:?}",
            found,
            records.len(),
            narrowing
        );
    }
    let record = |id: RecordId| &records[id.0 as usize - 1];
    let holds = |id: RecordId| filter.evaluate(&values(record(id)), None, context);
    let chosen = found.ids.iter().filter(|(id, sure)| *sure || holds(*id)).map(|(id, _)| *id).collect();
    Ok((chosen, found.ids.iter().filter(|(_, sure)| *sure).map(|(id, _)| *id).collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn sql_then_memory_selects_what_memory_alone_and_the_naive_evaluator_select(
        filters in prop::collection::vec(any::filter(), 4), records in prop::collection::vec(any::record(), 6),
        context in any::context(),
    ) {
        let sql = stored(&records);
        for filter in filters {
            let Ok(parsed) = Filter::from_value(&filter) else { continue };
            let memory = selected(&parsed, &records, context);
            let naive = (1..).zip(&records).filter(|(_, record)| naive::evaluate(&filter, record, None, context));
            prop_assert_eq!(&memory, &ids(naive.map(|(id, _)| id)));
            prop_assert_eq!(&narrowed(&sql, &parsed, &records, context)?.0, &memory, "{}", filter);
        }
    }

    #[test]
    fn what_sql_says_of_each_condition_memory_says_too_at_every_edge(
        conditions in prop::collection::vec(hostile_condition(), 24), records in prop::collection::vec(hostile_record(), 6),
        context in any::context(),
    ) {
        let sql = stored(&records);
        for condition in conditions.into_iter().flat_map(|one| [json!({ "not": one }), one]) {
            let Ok(parsed) = Filter::from_value(&condition) else { continue };
            let memory = selected(&parsed, &records, context);
            let (chosen, sure) = narrowed(&sql, &parsed, &records, context)?;
            prop_assert_eq!(&chosen, &memory, "{} of {:?}", condition, records);
            prop_assert!(sure.iter().all(|id| memory.contains(id)), "{} of {:?}", condition, records);
        }
    }

    #[test]
    fn what_sql_says_of_groups_memory_says_too(
        filters in prop::collection::vec(hostile_filter(), 8), records in prop::collection::vec(hostile_record(), 6),
        context in any::context(),
    ) {
        let sql = stored(&records);
        for filter in filters {
            let Ok(parsed) = Filter::from_value(&filter) else { continue };
            let memory = selected(&parsed, &records, context);
            let (chosen, sure) = narrowed(&sql, &parsed, &records, context)?;
            prop_assert_eq!(&chosen, &memory, "{} of {:?}", filter, records);
            prop_assert!(sure.iter().all(|id| memory.contains(id)), "{} of {:?}", filter, records);
        }
    }

    #[test]
    fn who_is_left_out_from_now_on_is_never_selected_as_time_goes_by_and_no_moment_is_lost(
        filters in prop::collection::vec(any::filter(), 6), records in prop::collection::vec(hostile_record(), 6),
        context in any::context(), days in prop::collection::vec(0_i64..900, 8), hours in prop::collection::vec(0_i64..100, 4),
    ) {
        let sql = stored(&records);
        for filter in filters {
            let Ok(parsed) = Filter::from_value(&filter) else { continue };
            let narrowing = Narrowing::from_now_on(&parsed, context);
            let found = narrowing.page(&sql, KIND, RecordId(0), None, 1_000).unwrap();
            let later = days.iter().map(|day| day * DAY_MS).chain(hours.iter().map(|hour| hour * HOUR_MS));
            for later in later.map(|span| Context { now: context.now.plus_ms(span), ..context }) {
                let selected = selected(&parsed, &records, later);
                prop_assert!(selected.iter().all(|id| found.ids.iter().any(|(other, _)| other == id)), "{}", filter);
                prop_assert!(found.ids.iter().all(|(id, sure)| !*sure || selected.contains(id)), "{}", filter);
            }
        }
    }
}

/// What a condition of one operator and kind says of a record with this value, as SQL says it.
fn says(condition: &Value, value: Option<&str>) -> Option<bool> {
    let context = Context { now: Timestamp(1_773_144_000_000), utc_offset_ms: HOUR_MS };
    let filter = Filter::from_value(condition).unwrap();
    let name = condition["property"].as_str().unwrap().to_owned();
    let record: Record = value.map(|value| (name, value.to_owned())).into_iter().collect();
    let sql = stored(std::slice::from_ref(&record));
    let found = Narrowing::now(&filter, context).among(&sql, KIND, &[RecordId(1)]).unwrap();
    match found.ids[..] {
        [] => Some(false),
        [(_, true)] => Some(true),
        _ => None,
    }
}

fn asks(kind: &str, operator: &str, value: &Value) -> Value {
    json!({ "property": "a", "type": kind, "operator": operator, "value": value })
}

#[test]
fn it_is_exact_of_known_unknown_options_yes_or_no_and_texts_of_ascii() {
    let context = Context { now: Timestamp(1_773_144_000_000), utc_offset_ms: 0 };
    let operand = |row: &Definition, kind: Kind| {
        let value = match kind {
            Kind::String | Kind::PhoneNumber | Kind::Enumeration => json!("ki"),
            Kind::Number => json!(5),
            Kind::Bool => json!(true),
            Kind::Date | Kind::Datetime => json!("2026-01-31"),
        };
        match row.shape {
            Shape::Nothing => json!({}),
            Shape::Value => json!({ "value": value }),
            Shape::Values => json!({ "values": [value] }),
            Shape::Range => json!({ "from": value, "to": value }),
            Shape::Span => json!({ "count": 1, "unit": "days" }),
            Shape::Period => json!({ "period": "today" }),
        }
    };
    for row in &OPERATORS {
        for kind in row.kinds {
            let mut condition = operand(row, *kind);
            condition["property"] = json!("a");
            condition["type"] = json!(kind.as_str());
            condition["operator"] = json!(row.name);
            let exact = match row.operator {
                Operator::Known | Operator::Unknown => true,
                Operator::Changed | Operator::ChangedTo | Operator::ChangedFrom => false,
                _ => matches!(kind, Kind::String | Kind::Enumeration | Kind::Bool),
            };
            let is_exact =
                |filter: Value| Narrowing::now(&Filter::from_value(&filter).unwrap(), context).is_exact();
            assert_eq!(is_exact(condition.clone()), exact, "{condition}");
            assert_eq!(is_exact(json!({ "not": condition })), exact, "{condition}");
        }
    }
}

#[test]
fn numbers_days_moments_and_texts_as_hubspot_writes_them_are_decided_in_sql() {
    for (value, at_least) in
        [("5", true), ("1000000", true), ("4", false), ("-7", false), ("", false), ("4.5", false)]
    {
        assert_eq!(says(&asks("number", "at_least", &json!(5)), Some(value)), Some(at_least), "{value}");
    }
    // A fraction within the bounds is memory's.
    assert_eq!(says(&asks("number", "at_least", &json!(5)), Some("5.5")), None);
    for (value, before) in
        [("2026-01-30", true), ("2026-01-31", false), ("2026-01-30T22:59:59Z", true), ("", false)]
    {
        let kind = if value.contains('T') { "datetime" } else { "date" };
        assert_eq!(says(&asks(kind, "before", &json!("2026-01-31")), Some(value)), Some(before), "{value}");
    }
    // The day begins an hour before UTC's.
    let on = asks("datetime", "on", &json!("2026-01-31"));
    assert_eq!(says(&on, Some("2026-01-30T23:00:00.000Z")), Some(true));
    assert_eq!(says(&on, Some("2026-01-30T22:59:59.999Z")), Some(false));
    assert_eq!(says(&on, Some("2026-01-31T00:00:00+01:00")), None);
    let cafe = asks("string", "is", &json!("Caf\u{e9} Noir"));
    for (value, is) in [("Cafe Noir", Some(false)), ("Caf\u{e9}", Some(false)), ("CAF\u{c9} NOIR", None)] {
        assert_eq!(says(&cafe, Some(value)), is, "{value}");
    }
    assert_eq!(says(&asks("string", "contains", &json!("kin")), Some("\u{212a}IN")), Some(true));
    assert_eq!(says(&asks("phone_number", "is", &json!("+1 555 010")), Some("+1 (555) 0-10")), Some(true));
    assert_eq!(says(&asks("number", "at_least", &json!(5)), None), Some(false));
}

#[test]
fn what_it_cannot_decide_stays_open_below_a_negation() {
    let open = json!({ "property": "a", "of": "company", "type": "string", "operator": "known" });
    let known = json!({ "property": "a", "type": "string", "operator": "known" });
    let context = Context { now: Timestamp(0), utc_offset_ms: 0 };
    let record: Record = [("a".to_owned(), "x".to_owned())].into_iter().collect();
    let sql = stored(&[record, Record::new()]);
    let found = |filter: Value| {
        let narrowing = Narrowing::now(&Filter::from_value(&filter).unwrap(), context);
        let found = narrowing.page(&sql, KIND, RecordId(0), None, 9).unwrap();
        found.ids.into_iter().map(|(id, sure)| (id.0, sure)).collect::<Vec<_>>()
    };
    assert_eq!(found(json!({ "not": open })), [(1, false), (2, false)]);
    assert_eq!(found(json!({ "and": [open, known] })), [(1, false)]);
    assert_eq!(found(json!({ "not": { "and": [open, known] } })), [(1, false), (2, false)]);
    assert_eq!(found(json!({ "not": { "or": [open, known] } })), [(2, false)]);
    // One that leaves nobody out reads nothing.
    let useless = Filter::from_value(&json!({ "or": [open, known] })).unwrap();
    assert_eq!(Narrowing::now(&useless, context), Narrowing::nothing());
    assert_eq!(found(json!({ "and": [] })), [(1, true), (2, true)]);
    assert_eq!(found(json!({ "not": { "and": [] } })), []);
}

#[test]
fn what_is_too_large_for_its_row_or_no_json_is_left_to_memory_and_what_is_gone_to_nobody() {
    let sql = stored(&[]);
    write(&sql, 1, &json!({ "a": "yes", "notes": "x".repeat(1_200_000) }).to_string());
    write(&sql, 2, &json!({ "a": "no" }).to_string());
    write(&sql, 3, "{\"a\":");
    // Eight bytes, which as they are stored could be SQLite's own form of JSON.
    write(&sql, 4, "{\"a\":\"\"}");
    write(&sql, 5, &json!({ "a": "yes" }).to_string());
    write(&sql, 6, &json!({ "a": "yes" }).to_string());
    records::entomb(&sql, KIND, &[Grave { id: RecordId(5), merged_into: None }], 2).unwrap();
    let context = Context { now: Timestamp(0), utc_offset_ms: 0 };
    let narrowing =
        Narrowing::now(&Filter::from_value(&asks("enumeration", "is", &json!("yes"))).unwrap(), context);
    assert!(narrowing.is_exact());
    let all = Candidates {
        ids: vec![(RecordId(1), false), (RecordId(3), false), (RecordId(6), true)],
        looked_at: 5,
        last: Some(RecordId(6)),
    };
    assert_eq!(narrowing.page(&sql, KIND, RecordId(0), None, 9).unwrap(), all);
    assert_eq!(narrowing.among(&sql, KIND, &ids([6, 5, 3, 1, 2, 4, 99])).unwrap(), all);
}

#[test]
fn pages_go_on_past_records_that_are_left_out() {
    let sql = stored(&[]);
    for id in 1..=10 {
        write(&sql, id * 10, &json!({ "a": if id == 4 { "yes" } else { "no" } }).to_string());
    }
    let filter = Filter::from_value(&asks("enumeration", "is", &json!("yes"))).unwrap();
    for narrowing in
        [Narrowing::now(&filter, Context { now: Timestamp(0), utc_offset_ms: 0 }), Narrowing::nothing()]
    {
        let page = |above, up_to: Option<u64>, limit| {
            let found = narrowing.page(&sql, KIND, RecordId(above), up_to.map(RecordId), limit).unwrap();
            (found.ids.len(), found.looked_at, found.last.map(|id| id.0))
        };
        let of = |found, all| if narrowing.is_exact() { found } else { all };
        assert_eq!(page(0, None, 3), (of(0, 3), 3, Some(30)));
        assert_eq!(page(30, None, 3), (of(1, 3), 3, Some(60)));
        assert_eq!(page(30, Some(39), 3), (0, 0, None));
        assert_eq!(page(30, Some(40), 3), (1, 1, Some(40)));
        assert_eq!(page(90, None, 3), (of(0, 1), 1, Some(100)));
        assert_eq!(page(100, None, 3), (0, 0, None));
    }
}

/// Whatever the parser takes, the platform takes: what is beyond the limits is left to memory.
#[test]
fn the_largest_filters_are_narrowed_within_the_platforms_limits() {
    let name = |number: usize| format!("{number:0>40}'");
    let conditions: [fn(&str) -> Value; 5] = [
        |name| json!({"property": name, "type": "phone_number", "operator": "any_of", "values": ["+1 555 010", "x"]}),
        |name| json!({"property": name, "type": "enumeration", "operator": "exactly", "values": ["a", "b"]}),
        |name| json!({"property": name, "type": "enumeration", "operator": "none_of", "values": ["a", "b"]}),
        |name| json!({"property": name, "type": "number", "operator": "any_of", "values": [1, 2.5, -3]}),
        |name| json!({"property": name, "type": "datetime", "operator": "within_next", "count": 3, "unit": "hours"}),
    ];
    let sql = stored(&[Record::new()]);
    let context = Context { now: Timestamp(1_773_144_000_000), utc_offset_ms: 0 };
    for (condition, properties) in conditions.iter().flat_map(|one| [(one, 1_000), (one, 7)]) {
        let condition = |number: usize| condition(&name(number % properties));
        // A hundred beside each other, and twelve on each of eight levels.
        let flat = json!({ "and": (0..100).map(condition).collect::<Vec<_>>() });
        let mut nested = condition(0);
        for level in 0..7 {
            let mut parts: Vec<Value> = (1..14).map(|place| condition(level * 14 + place)).collect();
            parts.push(nested);
            nested = json!({ if level % 2 == 0 { "and" } else { "or" }: parts });
        }
        for filter in [flat, nested] {
            let parsed = Filter::from_value(&filter).unwrap();
            for narrowing in [Narrowing::now(&parsed, context), Narrowing::from_now_on(&parsed, context)] {
                assert!(narrowing.params.len() + OWN_PARAMS <= MAX_PARAMS);
                assert!(narrowing.statement(KIND, "true LIMIT -1").len() < 95_000);
                let found = narrowing.page(&sql, KIND, RecordId(0), None, 9).unwrap();
                let memory = parsed.evaluate(&values(&Record::new()), None, context);
                assert!(found.looked_at == 1 && (memory || !found.ids.contains(&(RecordId(1), true))));
                assert!(!memory || found.ids.len() == 1);
            }
        }
    }
}

/// What a comparison in SQL takes for granted of Unicode.
#[test]
fn only_two_letters_beyond_ascii_have_ascii_in_their_lower_case_and_spaces_are_known() {
    let mut late = Vec::new();
    let mut spaces = String::new();
    for letter in '\0'..=char::MAX {
        let lower: String = letter.to_lowercase().collect();
        if letter.is_ascii() {
            assert_eq!(lower, letter.to_ascii_lowercase().to_string());
        } else if lower.chars().any(|letter| letter.is_ascii()) {
            late.push((letter, lower));
        }
        spaces.extend(letter.is_whitespace().then_some(letter));
    }
    let known: Vec<(char, String)> =
        LATE_ASCII.iter().rev().map(|(one, lower)| (*one, (*lower).to_owned())).collect();
    assert_eq!((late, spaces.as_str()), (known, condition::WHITESPACE));
}

//! What holds of every filter and every record.

use std::{collections::BTreeMap, sync::LazyLock};

use jsonschema::Validator;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};

use super::{
    super::*,
    any::{self, Record},
    naive,
};
use crate::values::time::{DAY_MS, HOUR_MS, Timestamp};

fn values(record: &Record) -> impl Values {
    Lookup::new(move |of: Option<&str>, property: &str| {
        let key = of.map_or_else(|| property.to_owned(), |of| format!("{of}.{property}"));
        record.get(&key).map(String::as_str)
    })
}

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| jsonschema::validator_for(&schema()).unwrap());

/// All places of a value, as JSON Pointers.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| places(item, &format!("{path}/{index}"), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(key, item)| places(item, &format!("{path}/{key}"), found));
        }
        _ => {}
    }
}

/// What a mistake may put in a value's place.
fn mistake() -> BoxedStrategy<Value> {
    let names = OPERATORS.iter().map(|row| row.name).chain(Kind::ALL.map(Kind::as_str));
    prop_oneof![
        proptest::sample::select(vec![
            Value::Null,
            json!(true),
            json!(0),
            json!(-1),
            json!(1.5),
            json!(7.0),
            json!(10_001),
            json!(""),
            json!("x"),
            json!("hours"),
            json!("today"),
            json!("2026-01-31"),
            json!("2026-01-31T10:00:00Z"),
            json!("2026-01-31T10:00"),
            json!("31.01.2026"),
            json!("a\"b"),
            json!("( )"),
            json!("Company"),
            json!([]),
            json!([1]),
            json!(["a"]),
            json!({}),
            json!({"and": []}),
            json!({"or": []}),
            json!("x".repeat(101)),
            json!("é".repeat(501)),
            json!(vec!["x"; 501]),
        ]),
        proptest::sample::select(names.map(Value::from).collect::<Vec<_>>()),
    ]
    .boxed()
}

/// A filter with one mistake somewhere: a value replaced, removed, or one too many.
fn mutated() -> BoxedStrategy<Value> {
    let keys = ["and", "not", "of", "value", "values", "from", "count", "unit", "period", "extra"];
    (any::filter(), any::<prop::sample::Index>(), 0..3, mistake(), proptest::sample::select(keys.to_vec()))
        .prop_map(|(mut filter, place, way, mistake, key)| {
            let mut found = Vec::new();
            places(&filter, "", &mut found);
            let path = place.get(&found).clone();
            match (way, path.rsplit_once('/')) {
                (0, Some((parent, last))) => match filter.pointer_mut(parent).unwrap() {
                    Value::Object(fields) => drop(fields.remove(last)),
                    Value::Array(items) => drop(items.remove(last.parse().unwrap())),
                    _ => unreachable!("a parent holds what is in it"),
                },
                (1, _) if filter.pointer(&path).unwrap().is_object() => {
                    filter.pointer_mut(&path).unwrap()[key] = mistake;
                }
                _ => *filter.pointer_mut(&path).unwrap() = mistake,
            }
            filter
        })
        .boxed()
}

/// Faults that a schema cannot tell: over the whole filter, or of the calendar and of sizes.
fn beyond_schema(fault: &Fault, filter: &Value) -> bool {
    fault.code == Code::Impossible
        || (fault.code == Code::Limit && filter.pointer(&fault.path).is_some_and(Value::is_object))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_naive_evaluator_agrees(
        filter in any::filter(), record in any::record(), before in prop::option::of(any::record()), context in any::context(),
    ) {
        let Ok(parsed) = Filter::from_value(&filter) else { return Ok(()) };
        let old = before.as_ref().map(values);
        let old = old.as_ref().map(|old| old as &dyn Values);
        prop_assert_eq!(
            parsed.evaluate(&values(&record), old, context),
            naive::evaluate(&filter, &record, before.as_ref(), context)
        );
    }

    #[test]
    fn a_naive_evaluator_agrees_on_each_condition(
        conditions in prop::collection::vec(any::condition(), 24), record in any::record(), before in any::record(),
        context in any::context(),
    ) {
        for condition in conditions {
            let Ok(parsed) = Filter::from_value(&condition) else { continue };
            prop_assert_eq!(
                parsed.evaluate(&values(&record), Some(&values(&before)), context),
                naive::evaluate(&condition, &record, Some(&before), context),
                "{}", condition
            );
        }
    }

    #[test]
    fn what_is_written_is_read_back(filter in any::filter()) {
        let Ok(parsed) = Filter::from_value(&filter) else { return Ok(()) };
        let text = parsed.to_json();
        let again = Filter::parse(&text).unwrap();
        prop_assert_eq!(&again, &parsed);
        prop_assert_eq!(again.to_json(), text);
        prop_assert!(!parsed.describe(&NoFields).is_empty());
    }

    #[test]
    fn parser_and_schema_agree_on_the_shape(filters in prop::collection::vec(mutated(), 8), right in any::filter()) {
        for filter in filters.iter().chain([&right]) {
            let valid = SCHEMA.is_valid(filter);
            match Filter::from_value(filter) {
                Ok(_) => prop_assert!(valid, "the schema refuses {}", filter),
                Err(faults) if faults.iter().all(|fault| beyond_schema(fault, filter)) => {
                    prop_assert!(valid, "the schema refuses {}: {:?}", filter, faults);
                }
                Err(faults) => prop_assert!(!valid, "the schema takes {}: {:?}", filter, faults),
            }
        }
    }

    #[test]
    fn every_fault_names_a_place_in_the_filter_or_beside_it(filter in mutated()) {
        for fault in Filter::from_value(&filter).err().unwrap_or_default() {
            prop_assert!(filter.pointer(&fault.path).is_some(), "{:?} in {}", fault, filter);
        }
    }

    #[test]
    fn time_changes_a_condition_exactly_when_foretold(
        conditions in prop::collection::vec(any::condition(), 24), record in any::record(), context in any::context(),
        days in prop::collection::vec(1_i64..900, 12), hours in prop::collection::vec(1_i64..100, 4),
    ) {
        for condition in conditions {
            let Ok(filter) = Filter::from_value(&condition) else { continue };
            let at = |now: i64| {
                filter.evaluate(&values(&record), None, Context { now: Timestamp(now), ..context })
            };
            let (now, change) = (context.now.0, filter.next_change_at(&values(&record), context));
            if let Some(Timestamp(change)) = change {
                prop_assert!(change > now && filter.depends_on_time());
                prop_assert_eq!(at(change - 1), at(now), "before, {}", condition);
                prop_assert_ne!(at(change), at(now), "then, {}", condition);
            }
            let later = days.iter().map(|day| now + day * DAY_MS).chain(hours.iter().map(|hour| now + hour * HOUR_MS));
            for later in later.filter(|later| change.is_none_or(|Timestamp(change)| *later < change)) {
                prop_assert_eq!(at(later), at(now), "{} at {}", condition, later);
            }
        }
    }

    #[test]
    fn time_changes_no_filter_before_it_is_foretold(
        filter in any::filter(), record in any::record(), context in any::context(),
        days in prop::collection::vec(1_i64..900, 12),
    ) {
        let Ok(filter) = Filter::from_value(&filter) else { return Ok(()) };
        let at = |now: i64| filter.evaluate(&values(&record), None, Context { now: Timestamp(now), ..context });
        let (now, change) = (context.now.0, filter.next_change_at(&values(&record), context));
        for later in days.iter().map(|day| now + day * DAY_MS).chain(change.map(|change| change.0 - 1)) {
            if change.is_none_or(|Timestamp(change)| later < change) {
                prop_assert_eq!(at(later), at(now));
            }
        }
    }

    #[test]
    fn a_day_is_ago_within_or_ahead_and_never_two_of_these(
        count in 0_i64..50, unit in 1_usize..4, day in "2026-0[1-9]-[0-2][1-8]", context in any::context(),
    ) {
        let held = |operator: &str| {
            let filter = json!({
                "property": "x", "type": "date", "operator": operator, "count": count, "unit": Unit::ALL[unit].as_str(),
            });
            let record = Lookup::new(|_: Option<&str>, _: &str| Some(day.as_str()));
            Filter::from_value(&filter).unwrap().evaluate(&record, None, context)
        };
        let within = held("within_last") || held("within_next");
        let count = [held("more_than_ago"), within, held("more_than_from_now")].iter().filter(|held| **held).count();
        prop_assert_eq!(count, 1);
    }
}

/// The properties above say something only if conditions hold and fail, and times come.
#[test]
fn every_operator_meets_values_it_holds_of_and_others() {
    let mut runner = TestRunner::deterministic();
    let world = (any::record(), any::record(), any::context());
    let worlds: Vec<_> = (0..60).map(|_| world.new_tree(&mut runner).unwrap().current()).collect();
    let mut seen: BTreeMap<(&str, &str), [usize; 3]> = BTreeMap::new();
    for row in &OPERATORS {
        for kind in row.kinds {
            let conditions = any::condition_of(row, *kind);
            let tally = seen.entry((row.name, kind.as_str())).or_default();
            for _ in 0..20 {
                let condition = conditions.new_tree(&mut runner).unwrap().current();
                let Ok(filter) = Filter::from_value(&condition) else { continue };
                for (record, before, context) in &worlds {
                    let held = filter.evaluate(&values(record), Some(&values(before)), *context);
                    tally[usize::from(held)] += 1;
                    tally[2] += usize::from(filter.next_change_at(&values(record), *context).is_some());
                }
            }
        }
    }
    for ((operator, kind), [failed, held, changes]) in &seen {
        let timed = matches!(
            *operator,
            "within_next" | "within_last" | "more_than_ago" | "more_than_from_now" | "in_period"
        );
        assert!(*failed > 0 && *held > 0, "{operator} of {kind}: {failed} and {held}");
        assert_eq!(*changes > 0, timed, "{operator} of {kind}");
    }
}

#[test]
fn the_schema_is_a_schema_and_small() {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap();
    let bytes = schema.to_string().len();
    assert!(bytes < 12_000, "{bytes}");
}

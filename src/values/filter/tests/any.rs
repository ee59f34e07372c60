//! Filters, records and moments, at random from small pools, so that conditions meet values they hold of.

use std::collections::BTreeMap;

use proptest::{prelude::*, sample::select, strategy::Union};
use serde_json::{Value, json};

use super::super::{Context, Definition, Kind, MAX_DEPTH, OPERATORS, Period, Shape, Unit};
use crate::values::time::{HOUR_MS, Timestamp};

/// Values by `property` or `of.property`.
pub type Record = BTreeMap<String, String>;

const TEXTS: &[&str] = &["Ann", "ann", "a", "NN", "ß", "É", "é1", " ", "a;b", "İ", "x\"y"];
const PHONES: &[&str] = &["+1 555 010", "+1555010", "(555)", "555.010", "x1", "0"];
const OPTIONS: &[&str] = &["a", "b", "c", "a;b", "A", "true"];
const NUMBERS: &[&str] = &["0", "-1", "5", "5.5", "100000", "1e3", "9007199254740993", "-0.25"];
const DATES: &[&str] = &["2024-02-29", "2026-01-01", "2026-01-31", "2026-02-28", "2026-03-01", "2025-12-31"];
const MOMENTS: &[&str] =
    &["2026-01-31T23:30:00Z", "2026-02-01T00:00:00.500+02:00", "2026-02-28T12:00:00-05:00"];
/// What a property of any type may hold.
const ODD: &[&str] = &[
    "",
    " ",
    ";",
    "1;2",
    "+15551234567",
    "1e999",
    "inf",
    "NaN",
    "5.",
    ".5",
    "1e",
    "005",
    "-0",
    "TRUE",
    "False",
    "2026-02-30",
    "2026-1-1",
    "20260101",
    "1769902200000",
    "-1",
    "99999999999999999999",
    "b;a;",
    "0000-01-01",
    "2026-01-31T25:00:00Z",
    "10000-01-01",
];

fn pool(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::String => TEXTS,
        Kind::PhoneNumber => PHONES,
        Kind::Number => NUMBERS,
        Kind::Bool => &["true", "false"],
        Kind::Enumeration => OPTIONS,
        Kind::Date => DATES,
        Kind::Datetime => MOMENTS,
    }
}

fn name(kind: Kind, number: u8) -> String {
    format!("{}_{number}", kind.as_str())
}

/// One value of a condition.
fn scalar(kind: Kind, days: bool) -> BoxedStrategy<Value> {
    match kind {
        Kind::Number => select(NUMBERS).prop_map(|text| serde_json::from_str(text).unwrap()).boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Datetime if days => select(DATES).prop_map(Value::from).boxed(),
        Kind::Datetime => select([DATES, MOMENTS].concat()).prop_map(Value::from).boxed(),
        _ => select(pool(kind)).prop_map(Value::from).boxed(),
    }
}

fn operand(kind: Kind, shape: Shape, days: bool) -> BoxedStrategy<Value> {
    match shape {
        Shape::Nothing => Just(json!({})).boxed(),
        Shape::Value => scalar(kind, days).prop_map(|value| json!({"value": value})).boxed(),
        Shape::Values => prop::collection::vec(scalar(kind, days), 1..4)
            .prop_map(|values| json!({"values": values}))
            .boxed(),
        Shape::Range => (scalar(kind, days), scalar(kind, days))
            .prop_map(|(from, to)| json!({"from": from, "to": to}))
            .boxed(),
        Shape::Span => {
            let units: Vec<&str> =
                Unit::ALL.into_iter().filter(|unit| unit.suits(kind)).map(Unit::as_str).collect();
            let counts = prop_oneof![0_i64..4, 0_i64..40];
            (counts, select(units)).prop_map(|(count, unit)| json!({"count": count, "unit": unit})).boxed()
        }
        Shape::Period => select(Period::ALL.map(|period| period.name).to_vec())
            .prop_map(|name| json!({"period": name}))
            .boxed(),
    }
}

/// One condition; not always one the parser takes, as a range may end before it begins.
pub fn condition() -> BoxedStrategy<Value> {
    let rows = OPERATORS.iter().flat_map(|row| row.kinds.iter().map(move |kind| condition_of(row, *kind)));
    Union::new(rows).boxed()
}

/// [`condition`] of one operator and type.
pub fn condition_of(row: &'static Definition, kind: Kind) -> BoxedStrategy<Value> {
    (operand(kind, row.shape, row.name == "on"), 0_u8..2, prop::option::of(Just("company")))
        .prop_map(move |(mut condition, number, of)| {
            condition["property"] = json!(name(kind, number));
            condition["type"] = json!(kind.as_str());
            condition["operator"] = json!(row.name);
            if let Some(of) = of {
                condition["of"] = json!(of);
            }
            condition
        })
        .boxed()
}

/// A filter of several levels.
pub fn filter() -> BoxedStrategy<Value> {
    condition()
        .prop_recursive(MAX_DEPTH as u32, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|parts| json!({"and": parts})),
                prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| json!({"or": parts})),
                inner.prop_map(|part| json!({"not": part})),
            ]
        })
        .boxed()
}

/// Values for the properties that filters ask about, readable or not.
pub fn record() -> BoxedStrategy<Record> {
    let mut fields = Vec::new();
    for kind in Kind::ALL {
        for number in 0..2 {
            for of in ["", "company."] {
                let own = match kind {
                    Kind::Date | Kind::Datetime => [DATES, MOMENTS].concat(),
                    Kind::Enumeration => vec!["a", "b", "a;b", "c; a", "A"],
                    _ => pool(kind).to_vec(),
                };
                let value = prop_oneof![4 => select(own), 1 => select(ODD)].prop_map(str::to_owned);
                let key = format!("{of}{}", name(kind, number));
                fields.push(prop::option::weighted(0.8, value).prop_map(move |value| (key.clone(), value)));
            }
        }
    }
    fields
        .prop_map(|pairs| pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
        .boxed()
}

/// A moment around the dates of the pools, and an offset from UTC.
pub fn context() -> BoxedStrategy<Context> {
    // 2025-11-01 to 2026-05-01, often at an hour's edge.
    let now = prop_oneof![
        (1_761_955_200_000_i64..1_777_593_600_000).boxed(),
        (489_432_i64..493_776).prop_map(|hour| hour * HOUR_MS).boxed(),
    ];
    let offset = prop_oneof![Just(0), (-12_i64..=14).prop_map(|hours| hours * HOUR_MS), Just(20_700_000)];
    (now, offset).prop_map(|(now, utc_offset_ms)| Context { now: Timestamp(now), utc_offset_ms }).boxed()
}

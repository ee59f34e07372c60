//! Definitions at random.

use proptest::{collection::vec, prelude::*, sample::select, strategy::Union};
use serde_json::{Value, json};

use crate::values::filter::{Kind, OPERATORS, Shape, tests::any};

fn span() -> BoxedStrategy<Value> {
    (1_u32..10, select(vec!["minutes", "hours", "days", "weeks"]))
        .prop_map(|(count, unit)| json!({ "count": count, "unit": unit }))
        .boxed()
}

/// A condition that time alone may change.
fn timed() -> BoxedStrategy<Value> {
    let rows = OPERATORS.iter().filter(|row| matches!(row.shape, Shape::Span | Shape::Period));
    Union::new(rows.map(|row| any::condition_of(row, Kind::Datetime))).boxed()
}

/// A step without an id.
fn leaf() -> BoxedStrategy<Value> {
    prop_oneof![
        4 => select(vec![
            json!({ "do": "import_contact" }),
            json!({ "do": "update_deal", "stage": "Won" }),
            json!({ "do": "add_note", "body": "{{contact.firstname}} {{event.x}}" }),
            json!({ "do": "create_task", "subject": "Call", "due": "{{event.at + 2 days}}" }),
            json!({ "do": "update_record", "type": "companies", "properties": { "industry": "{{record.industry}}" } }),
        ]),
        3 => span().prop_map(|span| json!({ "wait": span })),
        1 => "[a-z]{1,8}".prop_map(|words| json!({ "stop": words })),
        2 => "[a-z]{1,8}".prop_map(|route| json!({ "decide": { "route": route } })),
        1 => timed().prop_map(|filter| {
            json!({ "wait_until": filter, "at_most": { "count": 50, "unit": "weeks" } })
        }),
    ]
    .boxed()
}

fn steps() -> BoxedStrategy<Vec<Value>> {
    let step = leaf().prop_recursive(3, 24, 4, |inner| {
        let some = vec(inner, 0..4);
        prop_oneof![
            (any::filter(), some.clone(), prop::option::of(some.clone())).prop_map(
                |(filter, then, otherwise)| {
                    let mut step = json!({ "if": filter, "then": then });
                    if let Some(otherwise) = otherwise {
                        step["else"] = json!(otherwise);
                    }
                    step
                }
            ),
            (any::filter(), span(), some).prop_map(|(filter, span, otherwise)| {
                json!({ "wait_until": filter, "at_most": span, "else": otherwise })
            }),
        ]
    });
    vec(step, 1..6).boxed()
}

/// Gives each step an id.
fn called(steps: &mut [Value], count: &mut usize) {
    for step in steps {
        *count += 1;
        step["id"] = json!(format!("s{count}"));
        for key in ["then", "else"] {
            if let Some(Value::Array(inner)) = step.get_mut(key) {
                called(inner, count);
            }
        }
    }
}

fn trigger() -> BoxedStrategy<Value> {
    let kinds = vec(select(vec!["created", "updated", "restored"]), 1..4);
    let record = select(vec!["contacts", "companies", "deals", "tasks", "2-7"]);
    // All of an event: anything may ask of it then.
    prop_oneof![
        4 => record.clone().prop_map(|record| json!({ "on": "event", "event": "x", "record": record })),
        1 => (record.clone(), kinds, vec("[a-z]{1,9}", 1..3)).prop_map(|(record, kinds, properties)| {
            json!({ "on": "change", "record": record, "kinds": kinds, "properties": properties })
        }),
        1 => (record.clone(), 0..24).prop_map(|(record, hour)| {
            json!({ "on": "schedule", "record": record, "every": "day", "hour": hour })
        }),
        1 => (record.clone(), 0..24).prop_map(|(record, hour)| {
            json!({ "on": "schedule", "record": record, "every": "week", "weekday": "sunday", "hour": hour })
        }),
        1 => record.prop_map(|record| json!({ "on": "schedule", "record": record, "every": "hour" })),
    ]
    .boxed()
}

fn enrolment() -> BoxedStrategy<Value> {
    prop_oneof![
        Just(json!({ "again": "once" })),
        Just(json!({ "again": "every_time" })),
        any::filter().prop_map(|filter| json!({ "again": "when", "when": filter })),
    ]
    .boxed()
}

/// A definition; not always one the parser takes: a range of a filter may end before it begins, and only an event has an event's facts.
pub fn definition() -> BoxedStrategy<Value> {
    let description = prop::option::of("[a-z]{1,9}( [a-z]{1,9})?");
    ("[A-Z][a-z ]{0,8}[a-z]", description, trigger(), prop::option::of(any::filter()), enrolment(), steps())
        .prop_map(|(name, description, trigger, conditions, enrolment, mut steps)| {
            called(&mut steps, &mut 0);
            let mut all = json!({ "name": name, "trigger": trigger, "enrolment": enrolment, "steps": steps });
            if let Some(description) = description {
                all["description"] = json!(description);
            }
            if let Some(conditions) = conditions {
                all["conditions"] = conditions;
            }
            all
        })
        .boxed()
}

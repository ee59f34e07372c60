//! What holds of every workflow and every record.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use jsonschema::Validator;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::{super::*, any, *};
use crate::values::{
    filter::{
        Code, Filter, Finding, Lookup, Values,
        tests::any::{Record, context as any_context, record as any_record},
    },
    time::Timestamp,
};

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| jsonschema::validator_for(&schema()).unwrap());

fn values(record: &Record) -> impl Values {
    Lookup::new(move |of: Option<&str>, property: &str| {
        let key = of.map_or_else(|| property.to_owned(), |of| format!("{of}.{property}"));
        record.get(&key).map(String::as_str)
    })
}

/// What a filter comes to by what its conditions say, put together again from its JSON.
fn folded(filter: &Value, path: &str, findings: &BTreeMap<&str, bool>) -> bool {
    let part =
        |index: usize, key: &str, part: &Value| folded(part, &format!("{path}/{key}/{index}"), findings);
    match filter.as_object().and_then(|fields| fields.iter().next()) {
        Some((key, Value::Array(parts))) if key == "and" => {
            parts.iter().enumerate().all(|(index, one)| part(index, key, one))
        }
        Some((key, Value::Array(parts))) if key == "or" => {
            parts.iter().enumerate().any(|(index, one)| part(index, key, one))
        }
        Some((key, inner)) if key == "not" => !folded(inner, &format!("{path}/not"), findings),
        _ => findings[path],
    }
}

fn told(filter: &Filter, findings: &[Finding<'_>]) -> bool {
    let by_path: BTreeMap<&str, bool> = findings.iter().map(|one| (one.path.as_str(), one.holds)).collect();
    folded(&serde_json::to_value(filter).unwrap(), "", &by_path)
}

/// Every place of a definition: a path of ids for each step.
fn all_places(steps: &[Step], outer: &str, found: &mut Vec<String>) {
    for step in steps {
        let own = if outer.is_empty() { step.id.to_string() } else { format!("{outer}/{}", step.id) };
        found.push(own.clone());
        for (_, inner) in step.inner() {
            all_places(inner, &own, found);
        }
    }
}

/// What a mistake may put in a value's place.
fn mistake() -> BoxedStrategy<Value> {
    proptest::sample::select(vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(7.0),
        json!(24),
        json!(1e12),
        json!(""),
        json!(" "),
        json!("x"),
        json!("X y"),
        json!("a\nb"),
        json!("event"),
        json!("hour"),
        json!("once"),
        json!("when"),
        json!("days"),
        json!("contacts"),
        json!("2-0"),
        json!("2-01"),
        json!("x".repeat(41)),
        json!("é".repeat(101)),
        json!([]),
        json!([1]),
        json!(["updated"]),
        json!({}),
        json!({ "and": [] }),
        json!({ "count": 1, "unit": "days" }),
        json!({ "id": "new", "stop": "x" }),
        json!([{ "id": "new", "stop": "x" }]),
    ])
    .boxed()
}

/// Whether a pointer lies in what only the parser knows: a filter, of which other tests tell, or an action.
fn is_beyond(definition: &Value, path: &str) -> bool {
    let mut at = String::new();
    path.split('/').skip(1).any(|part| {
        at = format!("{at}/{part}");
        let is_action = definition.pointer(&at).is_some_and(|step| step.get("do").is_some());
        is_action || matches!(part, "if" | "wait_until" | "conditions" | "when")
    })
}

fn pointers(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| pointers(item, &format!("{path}/{index}"), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(key, item)| pointers(item, &format!("{path}/{key}"), found));
        }
        _ => {}
    }
}

/// A definition with one mistake somewhere: a value replaced, removed, or one too many.
fn mutated() -> BoxedStrategy<Value> {
    let keys =
        ["and", "when", "hour", "weekday", "kinds", "then", "else", "at_most", "do", "stop", "extra", "id"];
    (
        any::definition(),
        any::<prop::sample::Index>(),
        0..3,
        mistake(),
        proptest::sample::select(keys.to_vec()),
    )
        .prop_map(|(mut definition, place, way, mistake, key)| {
            let mut found = Vec::new();
            pointers(&definition, "", &mut found);
            found.retain(|path| !is_beyond(&definition, path));
            let path = place.get(&found).clone();
            match (way, path.rsplit_once('/')) {
                (0, Some((parent, last))) => match definition.pointer_mut(parent).unwrap() {
                    Value::Object(fields) => drop(fields.remove(last)),
                    Value::Array(items) => drop(items.remove(last.parse().unwrap())),
                    _ => unreachable!("a parent holds what is in it"),
                },
                (1, _) if definition.pointer(&path).unwrap().is_object() => {
                    definition.pointer_mut(&path).unwrap()[key] = mistake;
                }
                _ => *definition.pointer_mut(&path).unwrap() = mistake,
            }
            definition
        })
        .boxed()
}

/// Faults that a schema cannot tell.
fn beyond_schema(fault: &Fault, definition: &Value) -> bool {
    matches!(fault.code, Code::Impossible | Code::Limit) || is_beyond(definition, &fault.path)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_is_read_back(definition in any::definition()) {
        let Ok(read) = Definition::from_value(&definition) else { return Ok(()) };
        let written = read.to_json();
        let again = Definition::parse(&written.to_string());
        prop_assert_eq!(again.as_ref(), Ok(&read));
        prop_assert_eq!(again.unwrap().to_json(), written);
    }

    #[test]
    fn parser_and_schema_agree_on_the_shape(wrong in prop::collection::vec(mutated(), 4), right in any::definition()) {
        for definition in wrong.iter().chain([&right]) {
            let valid = SCHEMA.is_valid(definition);
            match Definition::from_value(definition) {
                Ok(_) => prop_assert!(valid, "the schema refuses {}", definition),
                Err(faults) if faults.iter().all(|fault| beyond_schema(fault, definition)) => {}
                Err(faults) => prop_assert!(!valid, "the schema takes {}: {:?}", definition, faults),
            }
        }
    }

    #[test]
    fn every_fault_names_a_place_in_the_definition_or_what_is_missing_there(definition in mutated()) {
        for fault in Definition::from_value(&definition).err().unwrap_or_default() {
            let parent = fault.path.rsplit_once('/').map_or("", |(parent, _)| parent);
            let is_there = |path: &str| definition.pointer(path).is_some();
            prop_assert!(is_there(&fault.path) || is_there(parent), "{:?} in {}", fault, definition);
        }
    }

    #[test]
    fn every_run_ends_and_takes_no_step_twice(
        definition in any::definition(), record in any_record(), later in any_record(), context in any_context(),
    ) {
        let Ok(definition) = Definition::from_value(&definition) else { return Ok(()) };
        let (mut context, mut taken) = (context, BTreeSet::new());
        let begun = context.now;
        let mut standing = Standing { place: definition.first().unwrap(), since: None };
        for turn in 0_usize.. {
            prop_assert!(turn <= 2 * limits::STEPS, "{:?}", definition);
            // The record changes meanwhile, as it likes.
            let record = if turn.is_multiple_of(2) { &record } else { &later };
            let values = values(record);
            let decision = definition.decide(&standing, &values, context);
            for branch in &decision.because {
                let waits = branch.way == Way::Waits;
                prop_assert!(waits || taken.insert(branch.place.clone()), "{} twice", branch.place);
                prop_assert!(definition.at(&branch.place).is_some());
            }
            let place = match decision.next {
                Next::Act { place, .. } | Next::Decided { place, .. } => place,
                Next::Wait { standing: own, until } | Next::WaitUntil { standing: own, until, .. } => {
                    prop_assert!(until > context.now && own.since.is_some());
                    // Asked too early it stays as it is, however often.
                    let again = Standing { since: own.since, place: own.place.clone() };
                    prop_assert_eq!(&own, &again);
                    (standing, context.now) = (own, until);
                    continue;
                }
                Next::Stopped { place, .. } => {
                    prop_assert!(taken.insert(place));
                    break;
                }
                Next::Ended => break,
                Next::Lost => return Err(TestCaseError::fail("a place of its own is lost")),
            };
            prop_assert!(taken.insert(place.clone()), "{} twice", place);
            match definition.after(&place) {
                Some(place) => standing = Standing { place, since: None },
                None => break,
            }
        }
        prop_assert!(context.now.since_ms(begun) >= 0);
    }

    #[test]
    fn an_explanation_says_what_the_filter_says(
        definition in any::definition(), record in any_record(), before in prop::option::of(any_record()), context in any_context(),
    ) {
        let Ok(definition) = Definition::from_value(&definition) else { return Ok(()) };
        let (values, before) = (values(&record), before.as_ref().map(values));
        let before = before.as_ref().map(|before| before as &dyn Values);
        let entry = definition.enters(&values, before, context);
        prop_assert_eq!(entry.holds, definition.conditions.evaluate(&values, before, context));
        prop_assert_eq!(entry.holds, told(&definition.conditions, &entry.findings));
        let mut places = Vec::new();
        all_places(&definition.steps, "", &mut places);
        for text in places {
            let standing = Standing { place: text.parse().unwrap(), since: None };
            for branch in definition.decide(&standing, &values, context).because {
                let filter = definition.at(&branch.place).and_then(Step::filter).unwrap();
                prop_assert_eq!(branch.holds, filter.evaluate(&values, None, context));
                prop_assert_eq!(branch.holds, told(filter, &branch.findings));
                prop_assert_eq!(branch.holds, branch.way == Way::Then);
                for finding in &branch.findings {
                    let condition = filter.conditions().contains(&finding.condition);
                    prop_assert!(condition && finding.value != Some(""));
                }
            }
        }
    }

    #[test]
    fn every_step_is_found_by_its_place_and_nothing_by_another(definition in any::definition(), other in "[a-z0-9]{1,3}(/[a-z0-9]{1,3})?") {
        let Ok(definition) = Definition::from_value(&definition) else { return Ok(()) };
        let mut places = Vec::new();
        all_places(&definition.steps, "", &mut places);
        prop_assert_eq!(places.len(), definition.all_steps().len());
        for text in &places {
            let place: Place = text.parse().unwrap();
            prop_assert_eq!(&place.to_string(), text);
            let step = definition.at(&place).unwrap();
            prop_assert_eq!(Some(&step.id), place.step());
            prop_assert_eq!(definition.step(&step.id), Some(step));
            let after = definition.after(&place).map(|next| next.to_string());
            prop_assert!(after.is_none_or(|next| places.contains(&next)));
        }
        let place: Place = other.parse().unwrap();
        prop_assert_eq!(definition.at(&place).is_some(), places.contains(&other));
        let (nobody, standing) = (Record::new(), Standing { place, since: None });
        let nobody = values(&nobody);
        let lost = definition.decide(&standing, &nobody, context(NOW));
        prop_assert_eq!(lost.next == Next::Lost, !places.contains(&other));
    }

    #[test]
    fn any_json_is_read_without_a_panic(text in "[\\[\\]{}\",:a-z0-9]{0,60}", name in any::<String>()) {
        prop_assert!(Definition::parse(&text).is_err());
        let Ok(read) = Definition::from_value(&with_steps(json!([{ "id": "a", "stop": name }]))) else { return Ok(()) };
        prop_assert_eq!(read.all_steps().len(), 1);
        let _ = Event::parse(&json!({ "id": name, "event": name, "phone": name }), Timestamp(0));
    }
}

#[test]
fn the_schema_is_a_schema_and_small() {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap();
    let bytes = schema.to_string().len();
    assert!(bytes < 18_000, "{bytes}");
}

/// The properties above say something only if definitions are read, and runs come to everything there is.
#[test]
fn runs_come_to_everything_there_is() {
    let mut runner = TestRunner::deterministic();
    let world = (any::definition(), any_record(), any_context());
    let (mut parsed, mut seen) = (0, BTreeMap::<&str, usize>::new());
    for _ in 0..300 {
        let (definition, record, context) = world.new_tree(&mut runner).unwrap().current();
        let Ok(definition) = Definition::from_value(&definition) else { continue };
        parsed += 1;
        let values = values(&record);
        let mut places = Vec::new();
        all_places(&definition.steps, "", &mut places);
        for text in places {
            let standing = Standing { place: text.parse().unwrap(), since: None };
            let decision = definition.decide(&standing, &values, context);
            let next = match decision.next {
                Next::Act { .. } => "act",
                Next::Wait { .. } => "wait",
                Next::WaitUntil { again_at: None, .. } => "wait until",
                Next::WaitUntil { again_at: Some(_), .. } => "wait until a moment",
                Next::Decided { .. } => "decided",
                Next::Stopped { .. } => "stopped",
                Next::Ended => "ended",
                Next::Lost => "lost",
            };
            *seen.entry(next).or_default() += 1;
            for branch in decision.because {
                *seen.entry(if branch.holds { "holds" } else { "fails" }).or_default() += 1;
            }
        }
    }
    let expected =
        ["act", "decided", "ended", "fails", "holds", "stopped", "wait", "wait until", "wait until a moment"];
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), expected);
    assert!(parsed > 150 && seen.values().all(|count| *count > 5), "{parsed} read: {seen:?}");
}

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use super::*;

const SHAPES: [&str; 16] = [
    "string/text",
    "string/textarea",
    "string/phonenumber",
    "phone_number/phonenumber",
    "number/number",
    "bool/booleancheckbox",
    "enumeration/select",
    "enumeration/radio",
    "enumeration/checkbox",
    "enumeration/booleancheckbox",
    "enumeration/owner",
    "enumeration/open",
    "date/date",
    "datetime/date",
    "json/text",
    "/",
];

fn definition(shape: &str) -> Definition {
    let (value_type, field_type) = shape.split_once('/').unwrap();
    let choice = |(value, label): (&str, &str)| Choice { value: value.to_owned(), label: label.to_owned() };
    let options = match field_type {
        "booleancheckbox" => vec![("true", "Yes"), ("false", "No")],
        "owner" | "open" => vec![],
        _ if value_type != "enumeration" => vec![],
        _ => vec![
            ("ent_1", "Enterprise"),
            ("mid", "Mid-market"),
            ("a", "Twin"),
            ("b", "twin"),
            ("Twin2", "ent_1"),
            ("5", "Five"),
        ],
    };
    Definition {
        name: if field_type == "owner" { "hubspot_owner_id" } else { "plan" }.to_owned(),
        label: "Plan".to_owned(),
        value_type: value_type.to_owned(),
        field_type: if matches!(field_type, "owner" | "open") { "select" } else { field_type }.to_owned(),
        options: options.into_iter().map(choice).collect(),
        ..Definition::default()
    }
}

fn written(shape: &str, value: Value) -> Result<String, Code> {
    write(&definition(shape), &value, Manner::Replace).map_err(|refusal| refusal.code)
}

#[test]
fn values_are_written_as_hubspot_takes_them() {
    let at_midnight = 1_769_817_600_000_i64;
    for (shape, value, expected) in [
        ("string/text", json!("Acme  "), Ok("Acme  ")),
        ("string/text", json!(1200), Ok("1200")),
        ("string/text", json!(18_446_744_073_709_551_615_u64), Ok("18446744073709551615")),
        ("string/text", json!(true), Ok("true")),
        ("string/text", json!(["a"]), Err(Code::NotAText)),
        ("string/text", json!({}), Err(Code::NotAText)),
        ("string/text", Value::Null, Ok("")),
        ("string/phonenumber", json!("+1 (555) 010-99"), Ok("+1 (555) 010-99")),
        ("phone_number/phonenumber", json!(15_550_100), Ok("15550100")),
        ("phone_number/phonenumber", json!(1.5), Err(Code::NotAText)),
        ("number/number", json!(12), Ok("12")),
        ("number/number", json!(-0.25), Ok("-0.25")),
        ("number/number", json!(-0.0), Ok("0")),
        ("number/number", json!(1e7), Ok("10000000")),
        ("number/number", json!(1e-7), Ok("0.0000001")),
        ("number/number", json!(" 1.50 "), Ok("1.5")),
        ("number/number", json!("1,200"), Err(Code::NotANumber)),
        ("number/number", json!("+15551234567"), Err(Code::NotANumber)),
        ("number/number", json!("12 %"), Err(Code::NotANumber)),
        ("number/number", json!("  "), Err(Code::NotANumber)),
        ("number/number", json!(true), Err(Code::NotANumber)),
        ("number/number", json!(9_007_199_254_740_992_i64), Ok("9007199254740992")),
        ("number/number", json!(9_007_199_254_740_993_i64), Err(Code::OutOfRange)),
        ("number/number", json!(u64::MAX), Err(Code::OutOfRange)),
        ("number/number", json!(1e300), Err(Code::OutOfRange)),
        ("number/number", json!(1e-300), Err(Code::OutOfRange)),
        ("number/number", json!(i64::MIN), Err(Code::OutOfRange)),
        ("bool/booleancheckbox", json!(true), Ok("true")),
        ("bool/booleancheckbox", json!("FALSE"), Ok("false")),
        ("bool/booleancheckbox", json!("yes"), Ok("true")),
        ("bool/booleancheckbox", json!(1), Err(Code::NotABoolean)),
        ("enumeration/booleancheckbox", json!(false), Ok("false")),
        ("enumeration/booleancheckbox", json!("No"), Ok("false")),
        ("enumeration/select", json!("mid"), Ok("mid")),
        ("enumeration/select", json!("MID-market"), Ok("mid")),
        ("enumeration/select", json!("MID"), Err(Code::NotAnOption)),
        ("enumeration/select", json!(5), Ok("5")),
        // A value goes before a label.
        ("enumeration/select", json!("ent_1"), Ok("ent_1")),
        ("enumeration/select", json!("twin"), Err(Code::NotAnOption)),
        ("enumeration/radio", json!(["mid"]), Ok("mid")),
        ("enumeration/radio", json!(["mid", "a"]), Err(Code::OneOptionOnly)),
        ("enumeration/radio", json!([]), Err(Code::OneOptionOnly)),
        ("enumeration/open", json!("whatever"), Ok("whatever")),
        ("enumeration/checkbox", json!(["b", "mid", "b"]), Ok("mid;b")),
        ("enumeration/checkbox", json!("b; enterprise"), Ok("ent_1;b")),
        ("enumeration/checkbox", json!(";mid"), Ok("mid")),
        ("enumeration/checkbox", json!([]), Ok("")),
        ("enumeration/checkbox", json!(["mid", ""]), Err(Code::NotAnOption)),
        ("enumeration/checkbox", json!(";;"), Err(Code::NotAnOption)),
        ("enumeration/owner", json!("81234"), Ok("81234")),
        ("enumeration/owner", json!(81_234), Ok("81234")),
        ("enumeration/owner", json!("ann@acme.test"), Err(Code::NotAnOwner)),
        ("enumeration/owner", json!("007"), Err(Code::NotAnOwner)),
        ("date/date", json!("2026-01-31"), Ok("2026-01-31")),
        ("date/date", json!("2026-01-31T00:00:00Z"), Ok("2026-01-31")),
        ("date/date", json!(at_midnight), Ok("2026-01-31")),
        ("date/date", json!(at_midnight + 1), Err(Code::NotADate)),
        ("date/date", json!("2026-01-31T10:00:00Z"), Err(Code::NotADate)),
        ("date/date", json!("2026-02-30"), Err(Code::NotADate)),
        ("date/date", json!("31.01.2026"), Err(Code::NotADate)),
        ("datetime/date", json!("2026-01-31T01:00:00+02:00"), Ok("2026-01-30T23:00:00.000Z")),
        ("datetime/date", json!(at_midnight + 1), Ok("2026-01-31T00:00:00.001Z")),
        ("datetime/date", json!("2026-01-31"), Ok("2026-01-31T00:00:00.000Z")),
        ("datetime/date", json!("tomorrow"), Err(Code::NotADatetime)),
        ("datetime/date", json!(i64::MAX), Err(Code::NotADatetime)),
        ("json/text", json!("{}"), Err(Code::UnsupportedType)),
    ] {
        let words = format!("{shape} {value}");
        assert_eq!(written(shape, value).as_deref(), expected.as_ref().map(|text| *text), "{words}");
    }
}

#[test]
fn a_text_may_be_as_long_as_hubspot_takes() {
    assert!(written("string/text", json!("x".repeat(MAX_UNITS))).is_ok());
    assert_eq!(written("string/text", json!("x".repeat(MAX_UNITS + 1))), Err(Code::TooLong));
    assert_eq!(written("string/text", json!("😀".repeat(MAX_UNITS / 2 + 1))), Err(Code::TooLong));
}

#[test]
fn options_are_added_only_where_that_is_asked_for() {
    let append = |shape, value: Value| {
        write(&definition(shape), &value, Manner::Append).map_err(|refusal| refusal.code)
    };
    assert_eq!(append("enumeration/checkbox", json!(["b", "mid"])).as_deref(), Ok(";mid;b"));
    assert_eq!(append("enumeration/checkbox", json!([])), Err(Code::CannotAppend), "that would clear it");
    assert_eq!(append("enumeration/select", json!("mid")), Err(Code::CannotAppend));
}

#[test]
fn nobody_writes_what_is_hubspots_own() {
    let own = Definition { read_only: true, ..definition("string/text") };
    let computed = Definition { calculated: true, ..own.clone() };
    for (definition, code) in [(own, Code::ReadOnly), (computed, Code::Calculated)] {
        let refusal = write(&definition, &Value::Null, Manner::Replace).unwrap_err();
        assert_eq!(refusal.code, code);
        assert!(refusal.detail.starts_with("The field \"Plan\" (plan) is"), "{}", refusal.detail);
    }
}

#[test]
fn an_option_that_is_none_is_answered_with_the_nearest() {
    let refusal =
        write(&definition("enumeration/select"), &json!("Enterprize"), Manner::Replace).unwrap_err();
    assert!(refusal.detail.contains("The nearest: \"Enterprise\" (`ent_1`)"), "{}", refusal.detail);
    assert!(!refusal.detail.contains("Enterprize"), "a value may be a person's");
    let refusal = write(&definition("enumeration/select"), &json!("TWIN"), Manner::Replace).unwrap_err();
    assert!(refusal.detail.contains("several options with this label"), "{}", refusal.detail);
    let refusal = write(&definition("enumeration/select"), &json!("€€€"), Manner::Replace).unwrap_err();
    assert!(refusal.detail.contains("no such option"), "{}", refusal.detail);
}

#[test]
fn what_differs_in_form_alone_is_the_same() {
    for (shape, held, new, expected) in [
        ("number/number", "1.0", "1", true),
        ("number/number", "1.5E3", "1500", true),
        ("number/number", "1;2", "1", false),
        ("date/date", "1769817600000", "2026-01-31", true),
        ("date/date", "2026-02-01", "2026-01-31", false),
        ("datetime/date", "2026-01-31T00:00:00Z", "2026-01-31T00:00:00.000Z", true),
        ("datetime/date", "1769817600000", "2026-01-31T00:00:00.000Z", true),
        ("enumeration/checkbox", "b;mid", "mid;b", true),
        ("enumeration/checkbox", "b;mid", ";b", true),
        ("enumeration/checkbox", "b;mid", "b", false),
        ("enumeration/select", "mid", "Mid", false),
        ("enumeration/booleancheckbox", "TRUE", "true", true),
        ("bool/booleancheckbox", "", "false", false),
        ("bool/booleancheckbox", "true", "", false),
        ("string/text", "Acme", "ACME", false),
        ("string/text", "", "", true),
        ("json/text", "a", "b", false),
    ] {
        assert_eq!(same(&definition(shape), held, new), expected, "{shape} {held} {new}");
    }
    let email = Definition { name: "email".to_owned(), ..definition("string/text") };
    assert!(same(&email, "ann@acme.test", "Ann@Acme.TEST"));
    assert!(!same(&email, "ann@acme.test", "bob@acme.test"));
}

#[test]
fn words_on_the_wire_are_told_apart() {
    let codes: BTreeSet<_> = Code::ALL.iter().map(|code| json!(code).as_str().unwrap().to_owned()).collect();
    assert_eq!(codes, Code::ALL.iter().map(|code| code.as_str().to_owned()).collect());
    assert_eq!(codes.len(), Code::ALL.len());
    let natures: BTreeSet<_> =
        Nature::ALL.iter().map(|nature| json!(nature).as_str().unwrap().to_owned()).collect();
    assert_eq!(natures, Nature::ALL.iter().map(|nature| nature.as_str().to_owned()).collect());
    assert_eq!(natures.len(), Nature::ALL.len());
}

#[test]
fn a_definition_is_read_as_the_store_keeps_it() {
    let stored = r#"{"name":"hs_owner_two","label":"Second owner","type":"enumeration","field_type":"select",
        "group":"x","description":"","calculated":false,"hubspot_defined":false,"read_only":false,"unique":false,"hidden":false,
        "options":[],"referenced_object_type":"OWNER"}"#;
    let definition: Definition = crate::values::json::parse(stored).unwrap();
    assert_eq!(definition.nature(), Some(Nature::Owner));
}

/// JSON of any kind, with what fields take more often than chance would.
fn any_value() -> impl Strategy<Value = Value> {
    let likely = select(vec![
        "mid",
        "Mid-market",
        "a;b",
        ";b",
        "true",
        "Yes",
        "2026-01-31",
        "2026-01-31T10:00:00.123+02:00",
        "1769817600000",
        "12.50",
        "1e5",
        "81234",
        "",
        " ",
        ";",
        "ent_1",
        "Twin",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-100_000_i64..100_000).prop_map(Value::from),
        (-3_000_i64..3_000_000).prop_map(|day| json!(day * DAY_MS)),
        any::<f64>().prop_map(Value::from),
        (-1e6..1e6_f64).prop_map(Value::from),
        likely.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]", inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

fn any_shape() -> impl Strategy<Value = &'static str> {
    select(SHAPES.to_vec())
}

/// Whether a text is of the form that `hubspot-api.md` 4.4 asks for, read without the code that wrote it.
fn is_well_formed(nature: Nature, definition: &Definition, text: &str) -> bool {
    let option = |text: &str| {
        definition.options.is_empty() || definition.options.iter().any(|choice| choice.value == text)
    };
    match nature {
        Nature::Text | Nature::Phone => text.encode_utf16().count() <= MAX_UNITS,
        Nature::Number => {
            text.parse::<f64>().is_ok_and(f64::is_finite)
                && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
        }
        Nature::Boolean => matches!(text, "true" | "false"),
        Nature::Option => option(text),
        Nature::Options => text.split(';').all(|part| !part.is_empty() && option(part)),
        Nature::Owner => text.parse::<u64>().is_ok_and(|id| id.to_string() == text),
        Nature::Date => text.len() == 10 && Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")).is_some(),
        Nature::Datetime => Timestamp::parse_rfc3339(text).is_some_and(|moment| moment.to_rfc3339() == text),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn whatever_is_accepted_is_well_formed_and_reads_back_as_the_same(shape in any_shape(), value in any_value()) {
        let definition = definition(shape);
        match write(&definition, &value, Manner::Replace) {
            Err(refusal) => prop_assert!(refusal.detail.ends_with('.') && refusal.detail.len() < 1_000),
            Ok(text) if text.is_empty() => prop_assert!(
                value == json!(null) || value == json!("") || value == json!([])
            ),
            Ok(text) => {
                let nature = definition.nature().unwrap();
                prop_assert!(is_well_formed(nature, &definition, &text), "{shape} {value} {text}");
                // What was written is taken as it is, and is no change.
                prop_assert_eq!(write(&definition, &json!(text), Manner::Replace), Ok(text.clone()));
                prop_assert!(same(&definition, &text, &text));
                if let Value::Number(number) = &value && nature == Nature::Number {
                    prop_assert_eq!(text.parse::<f64>().ok(), number.as_f64());
                }
            }
        }
    }

    #[test]
    fn sameness_never_fails_and_has_no_direction(shape in any_shape(), held in any_value(), new in any_value()) {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (held, new) = (text(&held), text(&new));
        let definition = definition(shape);
        prop_assert!(same(&definition, &held, &held));
        let appends = held.starts_with(';') || new.starts_with(';');
        prop_assert!(appends || same(&definition, &held, &new) == same(&definition, &new, &held));
    }

    #[test]
    fn the_order_in_which_options_are_given_is_no_difference(picked in prop::sample::subsequence(vec!["ent_1", "mid", "a", "b", "5"], 1..5).prop_shuffle()) {
        let definition = definition("enumeration/checkbox");
        let one = write(&definition, &json!(picked), Manner::Replace).unwrap();
        let mut sorted = picked.clone();
        sorted.sort_unstable();
        prop_assert_eq!(write(&definition, &json!(sorted), Manner::Replace), Ok(one.clone()));
        prop_assert!(same(&definition, &picked.join(";"), &one));
    }
}

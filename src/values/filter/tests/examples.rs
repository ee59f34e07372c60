//! What people ask for, by name.

use serde_json::json;

use super::super::*;
use crate::values::time::Timestamp;

/// 2026-03-10T12:00:00Z, a Tuesday.
const NOON: Timestamp = Timestamp(1_773_144_000_000);
const UTC: Context = Context { now: NOON, utc_offset_ms: 0 };

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn values(pairs: Pairs<'_>) -> impl Values {
    Lookup::new(move |of: Option<&str>, property: &str| {
        let wanted = of.map_or_else(|| property.to_owned(), |of| format!("{of}.{property}"));
        pairs.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value)
    })
}

fn filter(value: &serde_json::Value) -> Filter {
    Filter::parse(&value.to_string()).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn holds(value: &serde_json::Value, pairs: Pairs<'_>) -> bool {
    filter(value).evaluate(&values(pairs), None, UTC)
}

fn faults(value: &serde_json::Value) -> Vec<(String, Code)> {
    let faults = Filter::from_value(value).expect_err("the filter is wrong");
    assert!(faults.iter().all(|fault| fault.detail.ends_with('.')), "{faults:?}");
    faults.into_iter().map(|fault| (fault.path, fault.code)).collect()
}

struct Portal;

impl Fields for Portal {
    fn field(&self, of: Option<&str>, name: &str) -> Option<Field<'_>> {
        let field =
            |label, value_type, field_type| Field { label, value_type, field_type, options: Vec::new() };
        Some(match (of, name) {
            (None, "lifecyclestage") => Field {
                options: vec![("lead", "Lead"), ("customer", "Customer")],
                ..field("Lifecycle stage", "enumeration", "radio")
            },
            (None, "interests") => Field {
                options: vec![("a", "Art"), ("b", "Books"), ("c", "Cars")],
                ..field("Interests", "enumeration", "checkbox")
            },
            (None, "hubspot_owner_id") => field("Contact owner", "enumeration", "select"),
            (None, "firstname") => field("First name", "string", "text"),
            (None, "phone") => field("Phone number", "string", "phonenumber"),
            (None, "opted_out") => field("Opted out", "enumeration", "booleancheckbox"),
            (None, "place") => field("Place", "object_coordinates", "text"),
            (None | Some("company"), "annualrevenue") => field("Annual revenue", "number", "number"),
            (None | Some("deal"), "closedate") => field("Close date", "datetime", "date"),
            _ => return None,
        })
    }
}

fn stage_is_customer() -> serde_json::Value {
    json!({"property": "lifecyclestage", "type": "enumeration", "operator": "is", "value": "customer"})
}

fn revenue_above_100_000() -> serde_json::Value {
    json!({"of": "company", "property": "annualrevenue", "type": "number", "operator": "greater_than", "value": 100_000})
}

fn closes_within_7_days() -> serde_json::Value {
    json!({"of": "deal", "property": "closedate", "type": "datetime", "operator": "within_next", "count": 7, "unit": "days"})
}

#[test]
fn the_contacts_lifecycle_stage_is_customer() {
    let wanted = stage_is_customer();
    assert!(holds(&wanted, &[("lifecyclestage", "customer")]));
    for other in [&[("lifecyclestage", "lead")], &[("lifecyclestage", "Customer")], &[("lifecyclestage", "")]]
    {
        assert!(!holds(&wanted, other), "{other:?}");
    }
    assert!(!holds(&wanted, &[]));
}

#[test]
fn the_companys_annual_revenue_is_greater_than_100_000() {
    let wanted = revenue_above_100_000();
    for above in ["100001", "100000.01", "1.5E7", "9007199254740993"] {
        assert!(holds(&wanted, &[("company.annualrevenue", above)]), "{above}");
    }
    for not in ["100000", "99999", "", "1;2", "+15551234567", "1e999", "nan", "inf", "lots", "-200000"] {
        assert!(!holds(&wanted, &[("company.annualrevenue", not)]), "{not}");
    }
    assert!(!holds(&wanted, &[("annualrevenue", "200000")]), "the contact's own is another property");
}

#[test]
fn the_deals_close_date_is_within_the_next_7_days() {
    let wanted = closes_within_7_days();
    for within in
        ["2026-03-10T00:00:00Z", "2026-03-10T23:59:59.999Z", "2026-03-17T23:59:59.999Z", "1773144000000"]
    {
        assert!(holds(&wanted, &[("deal.closedate", within)]), "{within}");
    }
    for beyond in ["2026-03-09T23:59:59.999Z", "2026-03-18T00:00:00Z", "soon", ""] {
        assert!(!holds(&wanted, &[("deal.closedate", beyond)]), "{beyond}");
    }
}

#[test]
fn the_three_conditions_read_as_people_say_them() {
    let all = json!({"and": [stage_is_customer(), revenue_above_100_000(), closes_within_7_days()]});
    assert_eq!(
        filter(&all).describe(&Portal),
        "Lifecycle stage is Customer and company's Annual revenue is greater than 100,000 and \
         deal's Close date is within the next 7 days"
    );
    assert_eq!(
        filter(&all).describe(&NoFields),
        "Lifecyclestage is customer and company's annualrevenue is greater than 100,000 and \
         deal's closedate is within the next 7 days"
    );
    assert_eq!(filter(&all).check(&Portal, Use::Selection), []);
    let pairs: Vec<_> = filter(&all)
        .properties()
        .into_iter()
        .map(|(of, name)| (of.map(str::to_owned), name.to_owned()))
        .collect();
    let of = |of: &str| Some(of.to_owned());
    assert_eq!(
        pairs,
        [
            (None, "lifecyclestage".to_owned()),
            (of("company"), "annualrevenue".to_owned()),
            (of("deal"), "closedate".to_owned())
        ]
    );
}

#[test]
fn each_condition_tells_what_it_saw() {
    let wanted = filter(&json!({"and": [stage_is_customer(), {"not": {"or": [revenue_above_100_000()]}}]}));
    let record = values(&[("lifecyclestage", "lead"), ("company.annualrevenue", "1;2")]);
    let findings = wanted.explain(&record, None, UTC);
    let told: Vec<_> = findings
        .iter()
        .map(|found| (found.path.as_str(), found.condition.describe(&Portal), found.value, found.holds))
        .collect();
    assert_eq!(
        told,
        [
            ("/and/0", "Lifecycle stage is Customer".to_owned(), Some("lead"), false),
            (
                "/and/1/not/or/0",
                "company's Annual revenue is greater than 100,000".to_owned(),
                Some("1;2"),
                false
            ),
        ]
    );
}

#[test]
fn groups_are_described_with_brackets_only_where_they_are_needed() {
    let known = json!({"property": "firstname", "type": "string", "operator": "known"});
    let contains = json!({"property": "firstname", "type": "string", "operator": "contains", "value": "ann"});
    let interests = json!({"property": "interests", "type": "enumeration", "operator": "any_of", "values": ["a", "b", "c"]});
    let late = json!({"property": "closedate", "type": "datetime", "operator": "more_than_ago", "count": 1, "unit": "months"});
    for (value, words) in [
        (json!({"and": []}), "Every record"),
        (
            json!({"or": [known, {"and": [contains, interests]}]}),
            "First name is known or (First name contains \"ann\" and Interests is any of Art, Books or Cars)",
        ),
        (
            json!({"not": {"or": [known, late]}}),
            "Not (First name is known or Close date is more than 1 month ago)",
        ),
        (json!({"and": [{"or": [late]}]}), "Close date is more than 1 month ago"),
    ] {
        assert_eq!(filter(&value).describe(&Portal), words);
    }
}

#[test]
fn texts_ignore_case_and_a_negative_operator_is_true_of_no_value() {
    let ask = |operator: &str, value: &str| json!({"property": "x", "type": "string", "operator": operator, "value": value});
    for (operator, value, held, expected) in [
        ("is", "Ann@Example.com", "ANN@example.COM", true),
        ("is", "MÜLLER", "müller", true),
        ("is", "ann", "ann ", false),
        ("contains", "NN", "Ann", true),
        ("starts_with", "aN", "Ann", true),
        ("starts_with", "Anna", "Ann", false),
        ("ends_with", "NN", "Ann", true),
        ("ends_with", "ÉE", "Renée", true),
        ("not_contains", "nn", "Ann", false),
        ("not_contains", "nn", "", true),
        ("is_not", "ann", "", true),
        ("is_not", "ann", "Ann", false),
    ] {
        assert_eq!(holds(&ask(operator, value), &[("x", held)]), expected, "{held} {operator} {value}");
    }
    let none = json!({"property": "x", "type": "string", "operator": "none_of", "values": ["a", "b"]});
    assert!(holds(&none, &[]) && holds(&none, &[("x", "c")]) && !holds(&none, &[("x", "B")]));
}

#[test]
fn telephone_numbers_ignore_how_they_are_grouped() {
    let ask = |operator: &str, value: &str| json!({"property": "phone", "type": "phone_number", "operator": operator, "value": value});
    assert!(holds(&ask("is", "+1 (555) 010-0199"), &[("phone", "+1 555.010.0199")]));
    assert!(holds(&ask("starts_with", "+1555"), &[("phone", "+1 (555) 010-0199")]));
    assert!(!holds(&ask("is", "5550100199"), &[("phone", "+1 555 010 0199")]));
    assert_eq!(faults(&ask("contains", "(-)")), [("/value".to_owned(), Code::Shape)]);
}

#[test]
fn a_value_with_semicolons_is_several_options() {
    let ask = |operator: &str, values: &[&str]| json!({"property": "x", "type": "enumeration", "operator": operator, "values": values});
    for (operator, values, held, expected) in [
        ("any_of", &["b", "z"][..], "a;b", true),
        ("any_of", &["B"], "a;b", false),
        ("none_of", &["c"], "a;b", true),
        ("none_of", &["c"], "", true),
        ("all_of", &["a", "b"], "b; a ;c", true),
        ("all_of", &["a", "b"], "a", false),
        ("exactly", &["b", "a"], ";a;b", true),
        ("exactly", &["a", "b"], "a;b;c", false),
        ("exactly", &["a"], "a;b", false),
        ("any_of", &["a;b"], "a;b", true),
        ("exactly", &["a;b"], "a;b", true),
    ] {
        assert_eq!(holds(&ask(operator, values), &[("x", held)]), expected, "{held} {operator} {values:?}");
    }
}

#[test]
fn large_identifiers_are_told_apart() {
    let ask = json!({"property": "hs_object_id", "type": "number", "operator": "is", "value": 9_007_199_254_740_993_i64});
    assert!(holds(&ask, &[("hs_object_id", "9007199254740993")]));
    assert!(!holds(&ask, &[("hs_object_id", "9007199254740992")]));
}

#[test]
fn a_filter_and_its_negation_part_all_records_between_them() {
    for operator in ["less_than", "at_least"] {
        let plain = json!({"property": "x", "type": "number", "operator": operator, "value": 5});
        let negated = json!({"not": plain});
        for held in [&[][..], &[("x", "1;2")], &[("x", "7")], &[("x", "")]] {
            assert_ne!(holds(&plain, held), holds(&negated, held), "{held:?}");
        }
        assert!(!holds(&plain, &[("x", "1;2")]), "what cannot be read is neither less nor more");
    }
}

#[test]
fn a_change_is_asked_about_with_the_values_before_it() {
    let ask = |operator: &str| {
        let mut ask = json!({"property": "lifecyclestage", "type": "enumeration", "operator": operator});
        if operator != "changed" {
            ask["value"] = json!("customer");
        }
        filter(&ask)
    };
    let lead: Pairs<'_> = &[("lifecyclestage", "lead")];
    let customer: Pairs<'_> = &[("lifecyclestage", "customer")];
    let judge = |operator, before: Pairs<'_>, now: Pairs<'_>| {
        ask(operator).evaluate(&values(now), Some(&values(before)), UTC)
    };
    assert!(judge("changed", lead, customer) && judge("changed", &[], lead) && judge("changed", lead, &[]));
    assert!(!judge("changed", lead, lead) && !judge("changed", &[("lifecyclestage", "")], &[]));
    assert!(judge("changed_to", lead, customer) && judge("changed_to", &[], customer));
    assert!(!judge("changed_to", customer, customer) && !judge("changed_to", customer, lead));
    assert!(judge("changed_from", customer, lead) && !judge("changed_from", lead, customer));
    for operator in ["changed", "changed_to", "changed_from"] {
        assert!(!ask(operator).evaluate(&values(customer), None, UTC), "without a change nothing changed");
        assert!(ask(operator).depends_on_change());
        let [fault] = &ask(operator).check(&Portal, Use::Selection)[..] else { panic!("one fault") };
        assert_eq!((fault.path.as_str(), fault.code), ("/operator", Code::ChangeNotAllowed));
        assert_eq!(ask(operator).check(&Portal, Use::Trigger), []);
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let known = json!({"property": "x", "type": "string", "operator": "known"});
    let shape = |path: &str| (path.to_owned(), Code::Shape);
    for (wrong, expected) in [
        (json!(7), shape("")),
        (json!({}), shape("")),
        (json!({"and": {}}), shape("/and")),
        (json!({"or": []}), shape("/or")),
        (json!({"xor": []}), shape("")),
        (json!({"and": [known], "or": [known]}), shape("")),
        (
            json!({"and": [known, {"property": "x", "type": "number", "operator": "is", "value": "5"}]}),
            shape("/and/1/value"),
        ),
        (
            json!({"not": {"or": [{"property": "", "type": "string", "operator": "known"}]}}),
            shape("/not/or/0/property"),
        ),
        (json!({"property": "x", "type": "text", "operator": "known"}), shape("/type")),
        (json!({"property": "x", "operator": "known"}), shape("")),
        (json!({"property": "x", "type": "string"}), shape("")),
        (
            json!({"property": "x", "type": "string", "operator": "less_than", "value": "a"}),
            shape("/operator"),
        ),
        (json!({"property": "x", "type": "string", "operator": "is"}), shape("")),
        (json!({"property": "x", "type": "string", "operator": "known", "value": "a"}), shape("")),
        (
            json!({"property": "x", "type": "string", "operator": "any_of", "values": ["a", ""]}),
            shape("/values/1"),
        ),
        (
            json!({"property": "x", "type": "date", "operator": "within_next", "count": 2, "unit": "hours"}),
            shape("/unit"),
        ),
        (
            json!({"property": "x", "type": "date", "operator": "within_next", "count": 1.5, "unit": "days"}),
            shape("/count"),
        ),
        (
            json!({"property": "x", "type": "datetime", "operator": "on", "value": "2026-01-31T09:00:00Z"}),
            shape("/value"),
        ),
        (
            json!({"property": "x", "type": "date", "operator": "on", "value": "2026-02-30"}),
            ("/value".to_owned(), Code::Impossible),
        ),
        (
            json!({"property": "x", "type": "number", "operator": "between", "from": 2, "to": 1}),
            ("/from".to_owned(), Code::Impossible),
        ),
        (
            json!({"property": "x", "type": "date", "operator": "in_period", "period": "this_decade"}),
            shape("/period"),
        ),
        (json!({"of": "Company", "property": "x", "type": "date", "operator": "known"}), shape("/of")),
    ] {
        assert_eq!(faults(&wrong), [expected], "{wrong}");
    }
    assert_eq!(Filter::parse("{").unwrap_err()[0].code, Code::NotJson);
    let several = json!({"and": [{"property": "x", "type": "number", "operator": "between", "from": "a", "to": "b"}, 5]});
    assert_eq!(faults(&several), [shape("/and/0/from"), shape("/and/0/to"), shape("/and/1")]);
}

#[test]
fn every_limit_holds_to_its_last_unit() {
    let known = json!({"property": "x", "type": "string", "operator": "known"});
    let nested = |depth| (0..depth).fold(known.clone(), |inner, _| json!({"not": inner}));
    assert!(Filter::from_value(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(faults(&nested(MAX_DEPTH + 1)), [("/not".repeat(MAX_DEPTH), Code::Limit)]);

    let many = |count| json!({"and": vec![known.clone(); count]});
    assert!(Filter::from_value(&many(MAX_CONDITIONS)).is_ok());
    assert_eq!(faults(&many(MAX_CONDITIONS + 1)), [(format!("/and/{MAX_CONDITIONS}"), Code::Limit)]);
    assert_eq!(faults(&many(MAX_CONDITIONS * 9)).len(), 1, "the rest is not told one by one");

    let values =
        |count| json!({"property": "x", "type": "string", "operator": "any_of", "values": vec!["a"; count]});
    assert!(Filter::from_value(&values(MAX_VALUES)).is_ok());
    assert_eq!(faults(&values(MAX_VALUES + 1)), [("/values".to_owned(), Code::Limit)]);

    let text =
        |count| json!({"property": "x", "type": "string", "operator": "is", "value": "é".repeat(count)});
    assert!(Filter::from_value(&text(MAX_TEXT)).is_ok());
    assert_eq!(faults(&text(MAX_TEXT + 1)), [("/value".to_owned(), Code::Limit)]);

    let long = json!({"and": vec![text(MAX_TEXT); 65]});
    assert!(long.to_string().len() > MAX_BYTES);
    assert_eq!(faults(&long), [(String::new(), Code::Limit)]);
    assert_eq!(Filter::parse(&long.to_string()).unwrap_err()[0].code, Code::Limit);
    assert_eq!(faults(&json!({"and": vec![json!(0); 1_000]})).len(), 20);
}

#[test]
fn a_filter_is_checked_against_the_fields_there_are() {
    let condition = |property: &str, kind: &str, operator: &str| json!({"property": property, "type": kind, "operator": operator});
    let options = |property: &str, operator: &str, values: &[&str]| json!({"property": property, "type": "enumeration", "operator": operator, "values": values});
    let wrong = json!({"and": [
        condition("gone", "string", "known"),
        {"not": condition("closedate", "date", "known")},
        {"or": [options("lifecyclestage", "any_of", &["lead", "Customer", "gone"])]},
        options("lifecyclestage", "all_of", &["lead", "customer"]),
        {"of": "company", "property": "closedate", "type": "datetime", "operator": "known"},
        condition("place", "number", "known"),
    ]});
    let found = filter(&wrong).check(&Portal, Use::Selection);
    let places: Vec<_> = found.iter().map(|fault| (fault.path.as_str(), fault.code.as_str())).collect();
    assert_eq!(
        places,
        [
            ("/and/0/property", "unknown_field"),
            ("/and/1/not/type", "wrong_type"),
            ("/and/2/or/0/values/1", "unknown_option"),
            ("/and/2/or/0/values/2", "unknown_option"),
            ("/and/3/values", "never"),
            ("/and/4/property", "unknown_field"),
            ("/and/5/type", "wrong_type"),
        ]
    );
    assert_eq!(found[1].detail, "`closedate` is a date and time field: \"type\" is \"datetime\".");
    assert_eq!(found[2].detail, "`Customer` is an option's label; its value is `customer`.");
    for right in [
        condition("phone", "phone_number", "known"),
        condition("phone", "string", "known"),
        condition("place", "string", "known"),
        json!({"property": "opted_out", "type": "bool", "operator": "is", "value": true}),
        options("opted_out", "any_of", &["true"]),
        options("hubspot_owner_id", "any_of", &["12345"]),
        options("interests", "all_of", &["a", "b"]),
    ] {
        assert_eq!(filter(&right).check(&Portal, Use::Selection), [], "{right}");
    }
}

#[test]
fn every_operator_stands_at_its_place_in_the_table() {
    for (index, row) in OPERATORS.iter().enumerate() {
        assert_eq!(row.operator as usize, index, "{}", row.name);
        assert_eq!(row.operator.definition().name, row.name);
    }
    let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes.len(), Code::ALL.len());
}

#[test]
fn a_filter_within_other_json_is_read_and_written() {
    let text = r#"{"not":{"operator":"is","property":"x","type":"number","value":5.0}}"#;
    let filter: Filter = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&filter).unwrap(), filter.to_json());
    assert_eq!(
        serde_json::to_value(&filter).unwrap(),
        json!({"not": {"property": "x", "type": "number", "operator": "is", "value": 5}})
    );
    let error = serde_json::from_str::<Filter>(r#"{"not":{"or":[]}}"#).unwrap_err();
    assert!(error.to_string().starts_with("/not/or: "), "{error}");
}

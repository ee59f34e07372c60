use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::values::property_value::Choice;

fn field(name: &str, shape: &str) -> Definition {
    let (value_type, field_type) = shape.split_once('/').unwrap();
    let choice = |value: &str| Choice { value: value.to_owned(), label: value.to_uppercase() };
    Definition {
        name: name.to_owned(),
        label: name.to_owned(),
        value_type: value_type.to_owned(),
        field_type: field_type.to_owned(),
        options: if value_type == "enumeration" { vec![choice("red"), choice("blue")] } else { vec![] },
        ..Definition::default()
    }
}

fn fields() -> BTreeMap<String, Definition> {
    let mut all = vec![
        field("name", "string/text"),
        field("employees", "number/number"),
        field("colour", "enumeration/select"),
        field("colours", "enumeration/checkbox"),
        field("customer", "bool/booleancheckbox"),
        field("since", "date/date"),
        field("seen_at", "datetime/date"),
        field("phone", "string/phonenumber"),
    ];
    all.push(Definition { unique: true, ..field("host_id", "string/text") });
    all.push(Definition { calculated: true, ..field("sum", "number/calculation_equation") });
    all.push(Definition { read_only: true, ..field("hs_object_id", "number/number") });
    all.into_iter().map(|field| (field.name.clone(), field)).collect()
}

fn parsed(entries: Value) -> Mapping {
    Mapping::parse(&json!({ "entries": entries })).unwrap()
}

fn saved(entries: Value) -> Mapping {
    let (mut mapping, fields) = (parsed(entries), fields());
    mapping.settle(|name| fields.get(name));
    mapping
}

fn filled(mapping: &Mapping, host: Value, held: &[(&str, &str)]) -> Filled {
    let (fields, held): (_, BTreeMap<&str, &str>) = (fields(), held.iter().copied().collect());
    mapping.fill(host.as_object().unwrap(), |name| held.get(name).copied(), |name| fields.get(name))
}

fn written(filled: &Filled) -> Vec<(&str, &str)> {
    filled.properties.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

fn reasons(filled: &Filled) -> Vec<(&str, &str)> {
    let why = |why: &Why| match why {
        Why::Absent => "absent",
        Why::NotEmpty => "not_empty",
        Why::Unknown => "unknown",
        Why::Refused(refusal) => refusal.code.as_str(),
    };
    filled.left.iter().map(|(name, reason)| (name.as_str(), why(reason))).collect()
}

#[test]
fn what_the_host_sends_is_written_under_hubspots_names() {
    let mapping = saved(json!([
        { "field": "name", "from": "account.name" },
        { "field": "employees", "from": "account.size", "type": "number", "drop_if_refused": true },
        { "field": "colours", "from": "tags" },
        { "field": "customer", "constant": true },
    ]));
    let host = json!({ "account": { "name": "Acme", "size": 1200 }, "tags": ["blue", "RED"] });
    let filled = filled(&mapping, host, &[]);
    assert_eq!(
        written(&filled),
        [("name", "Acme"), ("employees", "1200"), ("colours", "red;blue"), ("customer", "true")]
    );
    assert_eq!(filled.left, []);
    assert_eq!(filled.droppable, BTreeSet::from(["employees".to_owned()]));
}

#[test]
fn a_default_stands_in_for_nothing_and_not_for_something_wrong() {
    let mapping = saved(json!([
        { "field": "employees", "from": "size", "default": 1 },
        { "field": "name", "from": "name" },
    ]));
    let of = |host| {
        let filled = filled(&mapping, host, &[]);
        (filled.properties.first().map(|(_, text)| text.clone()), filled.left.len())
    };
    assert_eq!(of(json!({ "name": "Acme" })), (Some("1".to_owned()), 0));
    assert_eq!(of(json!({ "name": "Acme", "size": null })), (Some("1".to_owned()), 0));
    assert_eq!(of(json!({ "name": "Acme", "size": 0 })), (Some("0".to_owned()), 0));
    let wrong = filled(&mapping, json!({ "size": "many" }), &[]);
    assert_eq!(
        (written(&wrong).len(), reasons(&wrong)),
        (0, vec![("employees", "not_a_number"), ("name", "absent")])
    );
}

#[test]
fn nothing_takes_nothing_away_and_an_empty_text_clears() {
    let mapping = saved(
        json!([{ "field": "name", "from": "name" }, { "field": "phone", "from": "phone", "only_if_empty": true }]),
    );
    assert_eq!(
        reasons(&filled(&mapping, json!({ "name": null }), &[("name", "Acme")])),
        [("name", "absent"), ("phone", "absent")]
    );
    let cleared = filled(&mapping, json!({ "name": "", "phone": "" }), &[("name", "Acme")]);
    assert_eq!((written(&cleared), reasons(&cleared)), (vec![("name", "")], vec![("phone", "absent")]));
}

#[test]
fn a_field_that_has_a_value_keeps_it_where_only_empty_ones_are_filled() {
    let mapping = saved(json!([
        { "field": "name", "from": "name", "only_if_empty": true, "drop_if_refused": true },
        { "field": "phone", "constant": "+1 555", "only_if_empty": true },
        { "field": "colour", "from": "colour" },
    ]));
    let host = json!({ "name": "Acme Inc", "colour": "red" });
    let filled = filled(&mapping, host, &[("name", "Acme"), ("phone", ""), ("colour", "blue")]);
    assert_eq!(written(&filled), [("phone", "+1 555"), ("colour", "red")]);
    assert_eq!((reasons(&filled), filled.droppable.len()), (vec![("name", "not_empty")], 0));
}

#[test]
fn a_field_of_which_nobody_knows_whether_it_is_empty_is_not_filled_where_only_empty_ones_are() {
    let mapping = saved(json!([
        { "field": "name", "from": "name", "only_if_empty": true },
        { "field": "phone", "from": "phone", "only_if_empty": true, "drop_if_refused": true },
        { "field": "employees", "from": "size", "only_if_empty": true },
        { "field": "colour", "from": "colour" },
    ]));
    let (fields, host) = (fields(), json!({ "name": "Acme Inc", "phone": "+1 555", "colour": "red" }));
    let current = |name: &str| (name == "name").then_some("Acme");
    let filled = mapping.fill_known(host.as_object().unwrap(), current, |_| false, |name| fields.get(name));
    assert_eq!(written(&filled), [("colour", "red")]);
    let why = [("name", "not_empty"), ("phone", "unknown"), ("employees", "absent")];
    assert_eq!((reasons(&filled), filled.droppable.len()), (why.to_vec(), 0));
}

#[test]
fn a_field_that_is_gone_or_another_is_left_out_and_said_to_be() {
    let mapping = saved(json!([
        { "field": "employees", "from": "size" },
        { "field": "name", "from": "name" },
        { "field": "colour", "from": "colour" },
    ]));
    let mut fields = fields();
    fields.remove("name");
    // A text takes any number, yet it is not what was mapped; another way to show a choice is.
    fields.insert("employees".to_owned(), field("employees", "string/text"));
    fields.insert("colour".to_owned(), field("colour", "enumeration/radio"));
    let host = json!({ "size": 5, "name": "Acme", "colour": "red" });
    let filled = mapping.fill(host.as_object().unwrap(), |_| None, |name| fields.get(name));
    assert_eq!(written(&filled), [("colour", "red")]);
    assert_eq!(reasons(&filled), [("employees", "retyped"), ("name", "unknown_field")]);
    let trouble = mapping.entries[0].trouble(fields.get("employees")).unwrap();
    assert!(
        trouble.detail.contains("was a number when the mapping was saved, and is a text"),
        "{}",
        trouble.detail
    );
}

#[test]
fn a_mapping_is_checked_when_it_is_saved_and_every_fault_names_its_place() {
    let mapping = parsed(json!([
        { "field": "nme", "from": "name" },
        { "field": "employees", "constant": "many" },
        { "field": "colour", "from": "colour", "default": "green" },
        { "field": "host_id", "constant": "1" },
        { "field": "sum", "from": "sum" },
        { "field": "hs_object_id", "constant": 1 },
        { "field": "customer", "from": "customer", "type": "text" },
        { "field": "phone", "from": "phone", "only_if_empty": true },
        { "field": "name", "from": "name", "type": "number", "only_if_empty": true },
    ]));
    let fields = fields();
    let of = |action| {
        let faults = mapping.check(action, |name| fields.get(name), |name| name != "phone");
        faults.into_iter().map(|fault| (fault.path, fault.code.as_str())).collect::<Vec<_>>()
    };
    let mut expected: Vec<(String, &str)> = [
        ("0/field", "unknown_field"),
        ("1/constant", "wrong_type"),
        ("2/default", "unknown_option"),
        ("3/constant", "never"),
        ("4/field", "read_only"),
        ("5/field", "read_only"),
        ("6/type", "wrong_type"),
        ("7/only_if_empty", "unavailable"),
    ]
    .map(|(path, code)| (format!("/entries/{path}"), code))
    .into();
    assert_eq!(of(Action::UpdateCompany), expected);
    expected.pop();
    expected.extend([7, 8].map(|place| (format!("/entries/{place}/only_if_empty"), "never")));
    assert_eq!(of(Action::CreateTask), expected, "what is made new has no values");
}

#[test]
fn constants_of_every_nature_are_checked_in_full() {
    let fields = fields();
    for (name, good, bad) in [
        ("name", json!("Acme"), json!(["Acme"])),
        ("employees", json!(5), json!("five")),
        ("colour", json!("BLUE"), json!("green")),
        ("colours", json!(["red", "blue"]), json!(["red", "green"])),
        ("customer", json!("true"), json!("maybe")),
        ("since", json!("2026-01-31"), json!("31/01/2026")),
        ("seen_at", json!("2026-01-31T10:00:00Z"), json!("noon")),
        ("phone", json!("+1 555"), json!(true)),
    ] {
        for key in ["constant", "default"] {
            let of = |value: &Value| {
                let mut entry = json!({ "field": name, key: value });
                if key == "default" {
                    entry["from"] = json!("x");
                }
                parsed(json!([entry])).check(Action::UpdateCompany, |name| fields.get(name), |_| true)
            };
            assert_eq!(of(&good), [], "{name} {good}");
            assert_eq!(of(&bad)[0].path, format!("/entries/0/{key}"), "{name} {bad}");
        }
    }
}

#[test]
fn every_declared_type_suits_some_nature_and_every_nature_some_type() {
    let suits = |kind: HostType| Nature::ALL.into_iter().filter(|nature| kind.suits(*nature)).count();
    assert!(HostType::ALL.into_iter().all(|kind| suits(kind) > 0));
    assert!(Nature::ALL.into_iter().all(|nature| HostType::ALL.into_iter().any(|kind| kind.suits(nature))));
    assert!(!HostType::Datetime.suits(Nature::Date), "whose day it is would be a guess");
}

#[test]
fn a_definition_is_read_as_it_is_written() {
    let definition = json!({ "entries": [
        { "field": "name", "from": "account.name", "type": "text", "default": "?", "only_if_empty": true },
        { "field": "colours", "constant": ["red"], "drop_if_refused": true },
    ] });
    let mapping = Mapping::parse(&definition).unwrap();
    assert_eq!(mapping.to_json(), definition);
    let natures = saved(definition["entries"].clone()).natures();
    assert_eq!(natures, [Some(Nature::Text), Some(Nature::Options)]);
    assert_eq!(mapping.saved_with(&natures).natures(), natures);
}

#[test]
fn what_is_no_definition_is_refused_at_its_place() {
    let long = "x".repeat(MAX_TEXT + 1);
    let deep = ["a"; MAX_DEPTH + 1].join(".");
    for (definition, expected) in [
        (json!([]), ""),
        (json!({}), "/entries"),
        (json!({ "entries": [] }), "/entries"),
        (json!({ "entries": [{ "field": "name", "from": "a" }], "name": "x" }), ""),
        (json!({ "entries": vec![json!({ "field": "a", "from": "a" }); MAX_ENTRIES + 1] }), "/entries"),
        (json!({ "entries": [7] }), "/entries/0"),
        (json!({ "entries": [{ "from": "a" }] }), "/entries/0/field"),
        (json!({ "entries": [{ "field": "", "from": "a" }] }), "/entries/0/field"),
        (json!({ "entries": [{ "field": "a" }] }), "/entries/0"),
        (json!({ "entries": [{ "field": "a", "from": "a", "constant": 1 }] }), "/entries/0"),
        (json!({ "entries": [{ "field": "a", "from": "a..b" }] }), "/entries/0/from"),
        (json!({ "entries": [{ "field": "a", "from": deep }] }), "/entries/0/from"),
        (json!({ "entries": [{ "field": "a", "from": "a", "type": "float" }] }), "/entries/0/type"),
        (json!({ "entries": [{ "field": "a", "from": "a", "default": null }] }), "/entries/0/default"),
        (json!({ "entries": [{ "field": "a", "constant": "" }] }), "/entries/0/constant"),
        (json!({ "entries": [{ "field": "a", "constant": long }] }), "/entries/0/constant"),
        (json!({ "entries": [{ "field": "a", "constant": {} }] }), "/entries/0/constant"),
        (
            json!({ "entries": [{ "field": "a", "constant": vec![1; MAX_VALUES + 1] }] }),
            "/entries/0/constant",
        ),
        (json!({ "entries": [{ "field": "a", "constant": 1, "default": 2 }] }), "/entries/0/default"),
        (
            json!({ "entries": [{ "field": "a", "from": "a", "only_if_empty": "yes" }] }),
            "/entries/0/only_if_empty",
        ),
        (json!({ "entries": [{ "field": "a", "from": "a", "only_if_emtpy": true }] }), "/entries/0"),
        (
            json!({ "entries": [{ "field": "a", "from": "a" }, { "field": "a", "from": "b" }] }),
            "/entries/1/field",
        ),
    ] {
        let faults = Mapping::parse(&definition).unwrap_err();
        assert_eq!(
            faults.iter().map(|fault| fault.path.as_str()).collect::<Vec<_>>(),
            [expected],
            "{definition}"
        );
    }
}

#[test]
fn actions_are_told_apart_by_their_words() {
    for action in Action::ALL {
        assert_eq!(action.as_str().parse(), Ok(action));
        assert_eq!(json!(action), action.as_str());
    }
    assert!("import_deal".parse::<Action>().is_err());
}

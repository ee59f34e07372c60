use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;

const MADE: &str = "2026-01-02T03:04:05.678Z";

fn record(id: &str, properties: &str) -> String {
    format!(
        r#"{{"id":"{id}","properties":{properties},"createdAt":"{MADE}","updatedAt":"{MADE}","archived":false,
        "url":"https://app.hubspot.com/x","associations":{{"companies":{{"results":[{{"id":"1","type":"x"}}]}}}}}}"#
    )
}

fn page(records: &[String], rest: &str) -> String {
    format!(r#"{{"results":[{}]{rest}}}"#, records.join(","))
}

fn pairs<'a>(properties: &'a Properties<'_>) -> Vec<(&'a str, &'a str)> {
    properties.iter().collect()
}

#[test]
fn a_page_gives_its_records_cursor_and_total() {
    let body = page(
        &[record("512", r#"{"email":"a@b.c","amount":null,"city":""}"#), record("9007199254740993", "{}")],
        r#","total":12345,"paging":{"next":{"after":"513","link":"https://api.hubspot.com/crm/v3/x"}}"#,
    );
    let page = parse_page(body.as_bytes()).unwrap();
    assert_eq!(page.issues, []);
    assert_eq!((page.after.as_deref(), page.total), (Some("513"), Some(12_345)));
    assert_eq!(page.records[0].id, RecordId(512));
    assert_eq!(Some(page.records[0].updated_at), Timestamp::parse_rfc3339(MADE));
    assert_eq!(pairs(&page.records[0].properties), [("city", ""), ("email", "a@b.c")]);
    assert_eq!(page.records[1].id, RecordId(9_007_199_254_740_993));
    assert!(page.records[1].properties.is_empty());
}

#[test]
fn plain_values_are_borrowed_from_the_body() {
    let body = page(&[record("1", r#"{"a":"plain","b":"with\nescape"}"#)], "");
    let page = parse_page(body.as_bytes()).unwrap();
    let within = body.as_bytes().as_ptr_range();
    let properties = &page.records[0].properties;
    assert!(within.contains(&properties.get("a").unwrap().as_ptr()));
    assert_eq!(properties.get("b"), Some("with\nescape"));
}

#[test]
fn a_bad_record_is_told_and_the_rest_is_read() {
    let dateless = r#"{"id":"3","properties":{},"createdAt":"yesterday","updatedAt":"2026-01-02T03:04:05Z"}"#;
    let cases = [
        (record("12x", "{}"), None, Fault::Id),
        (r#"{"properties":{}}"#.to_owned(), None, Fault::Id),
        (dateless.to_owned(), Some(RecordId(3)), Fault::CreatedAt),
        (
            dateless.replace("createdAt", "x").replace("updatedAt", "createdAt"),
            Some(RecordId(3)),
            Fault::UpdatedAt,
        ),
        (record("4", "null"), Some(RecordId(4)), Fault::Properties),
        (record("4", "[]"), Some(RecordId(4)), Fault::Properties),
        ("null".to_owned(), None, Fault::Shape),
        ("[1]".to_owned(), None, Fault::Shape),
    ];
    for (bad, id, fault) in cases {
        let body = page(&[record("1", "{}"), bad.clone(), record("2", r#"{"a":"b"}"#)], "");
        let page = parse_page(body.as_bytes()).unwrap();
        assert_eq!(page.issues, [Issue { position: 1, id, fault }], "{bad}");
        assert_eq!(page.records.iter().map(|record| record.id.0).collect::<Vec<_>>(), [1, 2], "{bad}");
        assert!(parse_record(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn values_that_are_no_strings_keep_their_text_and_broken_ones_stop_nothing() {
    let body = page(
        &[record(
            "1",
            r#"{"a":true,"b":-12,"c":1.10,"d":1e400,"e":"cut \ud83d","f":{"x" : [1]},"g":null,"h":"1;2","i":"\u0000"}"#,
        )],
        "",
    );
    let page = parse_page(body.as_bytes()).unwrap();
    let properties = &page.records[0].properties;
    let text = |name| properties.get(name).unwrap();
    assert_eq!([text("a"), text("b"), text("c"), text("d")], ["true", "-12", "1.10", "1e400"]);
    assert!(text("e").starts_with("cut \u{fffd}"));
    assert_eq!([text("f"), text("h"), text("i")], [r#"{"x" : [1]}"#, "1;2", "\0"]);
    assert_eq!(properties.get("g"), None);
}

#[test]
fn of_a_name_told_twice_the_last_value_stays_even_if_null() {
    for (told, kept) in [
        (r#"{"a":"1","a":"2"}"#, vec![("a", "2")]),
        (r#"{"a":"1","b":"2","a":null}"#, vec![("b", "2")]),
        (r#"{"a":null,"b":"2","a":"1"}"#, vec![("a", "1"), ("b", "2")]),
        (r#"{"c":"3","a":null,"b":"2","a":"1","c":null,"c":"4"}"#, vec![("a", "1"), ("b", "2"), ("c", "4")]),
    ] {
        assert_eq!(pairs(&Properties::parse(told).unwrap()), kept, "{told}");
    }
}

#[test]
fn only_a_missing_cursor_ends_a_read() {
    let after = |paging: &str| {
        let body = page(&[], paging);
        parse_page(body.as_bytes()).map(|page| page.after.map(Cow::into_owned))
    };
    assert_eq!(after(""), Ok(None));
    assert_eq!(after(r#","paging":null"#), Ok(None));
    assert_eq!(after(r#","paging":{}"#), Ok(None));
    assert_eq!(after(r#","paging":{"next":null}"#), Ok(None));
    assert_eq!(after(r#","paging":{"next":{"after":200}}"#), Ok(Some("200".to_owned())));
    for odd in
        [r#"{"next":{}}"#, r#"{"next":{"after":""}}"#, r#"{"next":{"after":null}}"#, "[]", r#"{"next":"x"}"#]
    {
        assert!(after(&format!(r#","paging":{odd}"#)).is_err(), "{odd}");
    }
}

#[test]
fn what_is_not_a_page_is_malformed() {
    let whole = page(&[record("1", r#"{"a":"b"}"#)], "");
    for cut in 0..whole.len() {
        assert!(parse_page(&whole.as_bytes()[..cut]).is_err(), "cut at {cut}");
    }
    for body in
        [&b"<html>oops</html>"[..], b"{}", b"[]", br#"{"results":null}"#, br#"{"results":{}}"#, b"\xff"]
    {
        assert!(parse_page(body).is_err());
        assert!(parse_batch(body).is_err());
        assert!(parse_record(body).is_err());
    }
}

#[test]
fn a_batch_answer_separates_the_found_from_the_missing() {
    let body = page(
        &[record("7", "{}")],
        r#","status":"COMPLETE","numErrors":2,"errors":[
            {"status":"error","category":"OBJECT_NOT_FOUND","message":"Could not get some","context":{"ids":["5","6","x"]}},
            {"status":"error","category":"VALIDATION_ERROR","context":{"ids":["8"]}}, 3]"#,
    );
    let answer = parse_batch(body.as_bytes()).unwrap();
    assert_eq!(answer.records.len(), 1);
    assert_eq!(answer.missing, [RecordId(5), RecordId(6)]);
}

#[test]
fn a_large_page_of_mostly_nulls_is_read_whole() {
    let nulls = (0..600).map(|index| format!(r#""p{index:04}":null,"#)).collect::<Vec<_>>().concat();
    let large = "x".repeat(65_536);
    let records: Vec<_> =
        (1..=100).map(|id| record(&id.to_string(), &format!(r#"{{{nulls}"z":"{large}"}}"#))).collect();
    let body = page(&records, "");
    assert!(body.len() > 7_000_000);
    let page = parse_page(body.as_bytes()).unwrap();
    assert_eq!(page.records.len(), 100);
    assert!(page.records.iter().all(|record| record.properties.len() == 1));
}

#[test]
fn canonical_json_does_not_depend_on_the_order_of_arrival() {
    let sorted = Properties::parse(r#"{"a":"1","b":"\"2\"\u0007\t"}"#).unwrap();
    let shuffled = Properties::parse(r#"{"b":"\u00222\"\u0007\u0009","c":null,"a":"1"}"#).unwrap();
    assert_eq!(sorted, shuffled);
    assert_eq!(sorted.to_json(), r#"{"a":"1","b":"\"2\"\u0007\t"}"#);
}

fn any_value() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        8 => any::<String>().prop_map(serde_json::Value::from),
        4 => Just(serde_json::Value::Null),
        1 => any::<bool>().prop_map(serde_json::Value::from),
        1 => any::<i64>().prop_map(serde_json::Value::from),
        1 => any::<f64>().prop_map(serde_json::Value::from),
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = (parse_page(&bytes), parse_batch(&bytes), parse_record(&bytes));
    }

    #[test]
    fn no_damage_to_a_page_makes_a_parser_panic(at in 0_usize..600, byte in any::<u8>()) {
        let mut body = page(&[record("1", r#"{"a":"b\n","c":null}"#), record("2", "{}")], "").into_bytes();
        let at = at % body.len();
        body[at] = byte;
        let _ = (parse_page(&body), parse_batch(&body));
    }

    #[test]
    fn canonical_json_reads_back_as_what_it_was(
        values in proptest::collection::vec((any::<String>(), any::<String>()), 0..20)
    ) {
        let expected: BTreeMap<String, String> = values.iter().cloned().collect();
        let properties = Properties::from_pairs(values);
        let text = properties.to_json();
        prop_assert_eq!(&serde_json::to_string(&expected).unwrap(), &text);
        let read = Properties::parse(&text).unwrap();
        prop_assert_eq!(&read, &properties);
        prop_assert_eq!(read.to_json(), text);
    }

    #[test]
    fn the_strict_and_the_tolerant_reading_agree(
        fields in proptest::collection::vec(("[a-e]{1,2}", any_value()), 0..12)
    ) {
        let members: Vec<_> = fields.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        let text = format!("{{{}}}", members.join(","));
        let tolerant = tolerant_properties(serde_json::from_str(&text).unwrap());
        let expected: BTreeMap<&str, &serde_json::Value> =
            fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let expected: Vec<_> = expected
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect();
        let told: Vec<_> = tolerant.iter().map(|(name, value)| (name, value.to_owned())).collect();
        prop_assert_eq!(told, expected);
        let strict = Properties::parse(&text).unwrap();
        prop_assert_eq!(strict.to_json(), tolerant.to_json());
        prop_assert_eq!(strict, tolerant);
    }
}

//! Requests about activations become the commands that they stand for, or are refused with words.

use super::*;
use crate::api::route::{Found, find};

const CONNECTION: &str = "con_070707070707070707070707";

fn vip() -> AttributeId {
    "vip".parse().expect("an id")
}

fn asked(call: &Call, query: &str, body: &str) -> Result<Command, Problem> {
    let query = Query::parse(query, call.taken())?;
    command(call, &query, body.as_bytes())
}

fn found(method: Method, rest: &str) -> Option<Call> {
    match find(Some(method), &format!("/v1/connections/{CONNECTION}/{rest}")) {
        Found::Route(Route::Api(Api::Activations(_, call))) => Some(call),
        _ => None,
    }
}

#[test]
fn an_address_in_a_path_is_read_as_it_is_meant() {
    let of = |text: &str| found(Method::Get, &format!("audiences/vip/members/{text}"));
    let person = |email: &str| Some(Call::Value(Which::Audiences, vip(), email.to_owned()));
    assert_eq!(of("ada+news@example.com"), person("ada+news@example.com"));
    assert_eq!(of("ada%2Bnews%40example.com"), person("ada+news@example.com"));
    assert_eq!(of("%C3%BC%2Fx@example.com"), person("ü/x@example.com"));
    for wrong in ["%FF@example.com", "a%00b@example.com", &"x".repeat(LOOKUP_CHARS + 1), "a/b@example.com"] {
        assert_eq!(of(wrong), None, "{wrong}");
    }
    let colon = Some(Call::Attribute(Which::Audiences, "a:1".parse().expect("an id")));
    assert_eq!(
        (found(Method::Get, "audiences/a:1"), found(Method::Get, "audiences/a%3A1")),
        (colon.clone(), colon)
    );
    let value = found(Method::Put, "attributes/vip/values/ada@example.com");
    assert_eq!(value, Some(Call::PutValue(Which::Attributes, vip(), "ada@example.com".to_owned())));
}

#[test]
fn names_below_activations_are_no_ids_and_both_lists_are_asked_alike() {
    assert_eq!(found(Method::Get, "activations/settings"), Some(Call::Settings));
    assert_eq!(found(Method::Get, "activations/refused"), Some(Call::Refused));
    assert_eq!(found(Method::Get, "activations/other"), None);
    for (which, name, values) in
        [(Which::Audiences, "audiences", "members"), (Which::Attributes, "attributes", "values")]
    {
        assert_eq!(found(Method::Get, name), Some(Call::Attributes(which)));
        let rows = [
            (Method::Get, format!("{name}/vip"), Call::Attribute(which, vip())),
            (Method::Put, format!("{name}/vip"), Call::PutAttribute(which, vip())),
            (Method::Delete, format!("{name}/vip"), Call::RemoveAttribute(which, vip())),
            (Method::Get, format!("{name}/vip/used-by"), Call::UsedBy(which, vip())),
            (Method::Post, format!("{name}/vip/retry"), Call::RetryProperty(which, vip())),
            (Method::Get, format!("{name}/vip/{values}"), Call::Values(which, vip())),
            (Method::Post, format!("{name}/vip/{values}"), Call::PutMany(which, vip())),
            (Method::Patch, format!("{name}/vip/{values}"), Call::ChangeMany(which, vip())),
            (Method::Put, format!("{name}/vip/{values}"), Call::ReplaceAll(which, vip())),
            (Method::Post, format!("{name}/vip/replacement"), Call::BeginReplace(which, vip())),
            (Method::Post, format!("{name}/vip/replacement/3/end"), Call::EndReplace(which, vip(), 3)),
        ];
        for (method, path, call) in rows {
            assert_eq!(found(method, &path), Some(call), "{path}");
        }
    }
    assert_eq!(found(Method::Get, "audiences/vip/values"), None);
}

#[test]
fn an_activation_is_its_name_and_what_it_keeps() {
    let of = |body: &str| asked(&Call::Make, "", body);
    let Ok(Command::AddActivation(new)) = of(
        r#"{"name":"Baskets","identifier":"email","audiences":["vip"],"attributes":["a:1"],"unknown":"create"}"#,
    ) else {
        panic!("no activation")
    };
    assert_eq!((new.audiences, new.unknown), (vec![vip()], Unknown::Create));
    let Ok(Command::AddActivation(new)) = of(r#"{"name":"Baskets"}"#) else { panic!("no activation") };
    assert_eq!((new.description.as_str(), new.unknown), ("", Unknown::Skip));
    for wrong in [
        r#"{"audiences":["vip"]}"#,
        r#"{"name":"x","identifier":"phone"}"#,
        r#"{"name":"x","audiences":["a b"]}"#,
        r#"{"name":"x","unknown":"ignore"}"#,
        r#"{"name":"x","state":"paused"}"#,
    ] {
        assert_eq!(of(wrong).unwrap_err().status(), 400, "{wrong}");
    }
}

#[test]
fn an_audience_has_no_type_and_an_attribute_must_have_one() {
    let of = |which, body: &str| match asked(&Call::PutAttribute(which, vip()), "", body) {
        Ok(Command::PutAttribute { audiences, new, .. }) => Ok((audiences, new.kind, new.options.len())),
        Ok(_) => panic!("another command"),
        Err(problem) => Err(problem.status()),
    };
    let audience = Ok((true, AttributeKind::Audience, 0));
    assert_eq!(of(Which::Audiences, r#"{"name":"VIP"}"#), audience);
    assert_eq!(of(Which::Audiences, r#"{"name":"VIP","type":"audience"}"#), audience);
    assert_eq!(of(Which::Audiences, r#"{"name":"VIP","type":"number"}"#), Err(400));
    assert_eq!(
        of(
            Which::Attributes,
            r#"{"name":"Tier","type":"enumeration","options":[{"value":"g","label":"Gold"}]}"#
        ),
        Ok((false, AttributeKind::Enumeration, 1))
    );
    for wrong in [
        r#"{"name":"Tier"}"#,
        r#"{"name":"Tier","type":"audience"}"#,
        r#"{"name":"Tier","type":"text"}"#,
        r#"{"name":"Tier","type":"enumeration","options":[["g","Gold"]]}"#,
        r#"{"name":"Tier","type":"enumeration","options":[{"value":"g","label":"Gold","hidden":true}]}"#,
        r#"{"name":"Tier","type":"string","members":[]}"#,
    ] {
        assert_eq!(of(Which::Attributes, wrong), Err(400), "{wrong}");
    }
}

#[test]
fn a_value_is_a_text_a_number_or_a_flag() {
    let call = Call::PutValue(Which::Attributes, vip(), "ada@example.com".to_owned());
    let of = |body: &str| match asked(&call, "", body) {
        Ok(Command::PutValues { values, round, audiences, .. }) => {
            assert_eq!((values.len(), round, audiences), (1, None, false));
            Ok(values[0].1.clone().expect("a value"))
        }
        Ok(_) => panic!("another command"),
        Err(problem) => Err(problem.status()),
    };
    for (body, text) in
        [(r#"{"value":"gold"}"#, "gold"), (r#"{"value":12.5}"#, "12.5"), (r#"{"value":true}"#, "true")]
    {
        assert_eq!(of(body).as_deref(), Ok(text));
    }
    for wrong in ["", "{}", r#"{"value":null}"#, r#"{"value":[1]}"#, r#"{"value":1,"email":"x"}"#] {
        assert_eq!(of(wrong), Err(400), "{wrong}");
    }
    let member = Call::PutValue(Which::Audiences, vip(), "ada@example.com".to_owned());
    let Ok(Command::PutValues { values, .. }) = asked(&member, "", "") else { panic!("no member") };
    assert_eq!(values, [("ada@example.com".to_owned(), Some("true".to_owned()))]);
    assert!(asked(&member, "", r#"{"value":true}"#).is_err());
}

#[test]
fn a_line_that_cannot_be_read_spoils_no_other_and_a_refused_address_says_why() {
    let body = b"{\"email\":\"ADA@example.com\"}\n\nnothing\n{\"email\":\"kept.out@example.com\"}\n{\"mail\":\"x\"}\n";
    let read = lines(Which::Audiences, body, None).expect("lines");
    assert_eq!(read.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, false]);
    let told = r#"{"kept":1,"changed":1,"refused":[{"email":"kept.out@example.com","why":"They were erased.","place":1}]}"#;
    let kept = Kept::read(Answer::Json(told.to_owned()));
    let text = render_lines(read, &kept);
    let answers: Vec<Value> = text.lines().map(|line| json::parse(line).expect("JSON")).collect();
    assert_eq!(answers[0], json!({ "email": "ADA@example.com" }));
    assert_eq!(answers[1]["problem"]["status"], 400);
    assert_eq!(answers[2]["problem"]["detail"], "They were erased.");
    assert_eq!(answers[3]["problem"]["status"], 400);
    let none = lines(Which::Audiences, b"{\"email\":\"ada@example.com\"}", None).expect("lines");
    let text = render_lines(none, &Kept::read(Answer::Missing));
    assert!(text.contains("\"status\":404"), "{text}");
    assert!(lines(Which::Audiences, b"\n", None).is_err());
    let many = "{\"email\":\"a@b.de\"}\n".repeat(AT_ONCE + 1);
    assert!(lines(Which::Audiences, many.as_bytes(), None).is_err());
    assert!(lines(Which::Attributes, b"{\"email\":\"ada@example.com\"}", None).expect("lines")[0].is_err());
}

#[test]
fn a_line_takes_somebody_away_where_it_says_so_and_in_no_replacement() {
    let of = |which, text: &str, round| {
        let mut read = lines(which, text.as_bytes(), round).expect("lines");
        read.remove(0).map(|(_, value)| value).map_err(|problem| problem.detail)
    };
    let audience = |text: &str| of(Which::Audiences, text, None);
    let member = Ok(Some("true".to_owned()));
    assert_eq!(audience(r#"{"email":"a@b.de"}"#), member);
    assert_eq!(audience(r#"{"email":"a@b.de","member":true}"#), member);
    assert_eq!(audience(r#"{"email":"a@b.de","member":false}"#), Ok(None));
    for wrong in ["null", "\"false\"", "0"] {
        let told = audience(&format!(r#"{{"email":"a@b.de","member":{wrong}}}"#)).unwrap_err();
        assert!(told.contains("`member` is `true`"), "{told}");
    }
    let attribute = |text: &str| of(Which::Attributes, text, None);
    assert_eq!(attribute(r#"{"email":"a@b.de","value":7}"#), Ok(Some("7".to_owned())));
    assert_eq!(attribute(r#"{"email":"a@b.de","value":null}"#), Ok(None));
    assert!(attribute(r#"{"email":"a@b.de"}"#).is_err() && attribute(r#"{"value":null}"#).is_err());
    assert!(attribute(r#"{"email":"a@b.de","value":7,"member":false}"#).is_err());
    for (which, line) in [
        (Which::Audiences, r#"{"email":"a@b.de","member":false}"#),
        (Which::Attributes, r#"{"email":"a@b.de","value":null}"#),
    ] {
        assert_eq!(of(which, line, Some(3)), Err(TAKES_NONE_AWAY.to_owned()));
        let mut everybody = bulk::Lines::new(which, true);
        let problem = everybody.push(format!("{line}\n").as_bytes()).unwrap_err();
        assert!(problem.detail.contains(TAKES_NONE_AWAY), "{}", problem.detail);
        assert!(problem.detail.contains("Nothing is replaced"), "{}", problem.detail);
    }
}

#[test]
fn an_address_that_is_there_twice_is_refused_only_where_it_was() {
    let body = b"{\"email\":\"a@b.de\",\"value\":\"x\"}\nnothing\n{\"email\":\"a@b.de\",\"value\":null}\n";
    let read = lines(Which::Attributes, body, None).expect("lines");
    let told =
        r#"{"kept":0,"changed":1,"refused":[{"email":"a@b.de","why":"That is no number.","place":0}]}"#;
    let text = render_lines(read, &Kept::read(Answer::Json(told.to_owned())));
    let answers: Vec<Value> = text.lines().map(|line| json::parse(line).expect("JSON")).collect();
    assert_eq!(answers[0]["problem"]["detail"], "That is no number.");
    assert_eq!(
        (answers[1]["problem"]["status"].clone(), &answers[2]),
        (json!(400), &json!({ "email": "a@b.de" }))
    );
}

#[test]
fn the_answer_to_a_replacement_says_who_goes_and_what_came_of_the_lines() {
    let mut outcome = bulk::Outcome::default();
    let further = r#"{"kept":3,"changed":1,"refused":[{"email":"x","why":"It is none.","place":1}]}"#;
    outcome.add(&[1, 3, 4, 5], &Kept::read(Answer::Json(further.to_owned())).expect("kept"));
    let ended = Answer::Json(r#"{"round":3,"removing":5}"#.to_owned());
    let (status, body) = outcome.render(Some(ended)).expect("an answer");
    let told: Value = json::parse(&body.expect("a body")).expect("JSON");
    let refused = [json!({ "line": 3, "email": "x", "why": "It is none." })];
    let expected =
        json!({ "round": 3, "removing": 5, "kept": 3, "changed": 1, "refused_count": 1, "refused": refused });
    assert_eq!((status, told), (200, expected));
}

#[test]
fn one_address_that_is_not_taken_is_refused_and_one_that_is_says_whether_it_changed() {
    let of = |told: &str| {
        render_one(" Ada@Example.com", &Kept::read(Answer::Json(told.to_owned())).expect("kept"))
    };
    let body = of(r#"{"kept":1,"changed":0,"refused":[]}"#).expect("kept").1.expect("a body");
    assert_eq!(
        json::parse::<Value>(&body).expect("JSON"),
        json!({ "email": "ada@example.com", "changed": false })
    );
    let refused =
        of(r#"{"kept":0,"changed":0,"refused":[{"email":"ada","why":"That is no address.","place":0}]}"#)
            .unwrap_err();
    assert_eq!((refused.status(), refused.detail.as_str()), (400, "That is no address."));
}

#[test]
fn a_round_is_a_number_and_a_cursor_leads_behind_an_address() {
    let many = Call::PutMany(Which::Audiences, vip());
    let line = r#"{"email":"ada@example.com"}"#;
    let Ok(Command::PutValues { round, .. }) = asked(&many, "round=7", line) else { panic!("no values") };
    assert_eq!(round, Some(7));
    assert!(asked(&many, "round=x", line).is_err() && asked(&many, "limit=1", line).is_err());
    let page = Answer::Page { results: "[]".to_owned(), next: Some("ada@example.com".to_owned()) };
    let body = render(page, false).expect("a page").1.expect("a body");
    let body: Value = json::parse(&body).expect("JSON");
    let query = format!("cursor={}&limit=5", body["next_cursor"].as_str().expect("a cursor"));
    let Ok(Command::Values { after, limit, .. }) = asked(&Call::Values(Which::Audiences, vip()), &query, "")
    else {
        panic!("no page")
    };
    assert_eq!((after.as_deref(), limit), (Some("ada@example.com"), 5));
    assert!(asked(&Call::Refused, &query, "").is_ok());
    assert!(asked(&Call::Refused, "cursor=x", "").is_err());
}

#[test]
fn settings_that_are_not_said_are_the_usual_ones() {
    let Ok(Command::Set(names)) = asked(&Call::Set, "", r#"{"prefix":"raptor","label":null}"#) else {
        panic!("no settings")
    };
    assert_eq!((names.prefix.as_str(), names.label), ("raptor", Names::default().label));
    assert!(asked(&Call::Set, "", r#"{"group_label":"x"}"#).is_err());
}

#[test]
fn what_is_refused_says_whose_fault_it_is() {
    let refused =
        |of_account| Answer::Refused { at: "/name".to_owned(), words: "No.".to_owned(), of_account };
    assert_eq!(render(refused(true), false).unwrap_err().status(), 409);
    let problem = render(refused(false), false).unwrap_err();
    assert_eq!((problem.status(), problem.to_json()["errors"][0]["path"].clone()), (400, json!("/name")));
    assert_eq!(render(Answer::Missing, false).unwrap_err().status(), 404);
    assert_eq!(render(Answer::Done, false), Ok((204, None)));
    assert_eq!(begun(Answer::Json(r#"{"round":4}"#.to_owned())), Ok(4));
}

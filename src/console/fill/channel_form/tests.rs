use super::*;
use crate::{
    console::{
        channel_form,
        fill::fields::Mirrored,
        filter_form::{Entry, Input},
        sample,
    },
    values::filter::{Code, Filter},
};

const TOLD: &str = r#"{"results":[
    {"name":"firstname","label":"First name","type":"string","field_type":"text"},
    {"name":"lifecyclestage","label":"Stage","type":"enumeration","field_type":"radio",
     "options":[{"value":"lead","label":"Lead"},{"value":"customer","label":"Customer"}]},
    {"name":"hs_stage","label":"Stage","type":"string","field_type":"text"},
    {"name":"amount","label":"Amount","type":"number","field_type":"number"},
    {"name":"closed","label":"Closed","type":"datetime","field_type":"date"},
    {"name":"secret","label":"Secret","type":"string","field_type":"text"},
    {"name":"old","label":"Old","type":"string","field_type":"text","vanished_at":"1970-01-01T00:00:30.000Z"}]}"#;

fn catalog() -> Catalog {
    let mirrored = Mirrored::read(
        r#"{"fields":["firstname","lifecyclestage","hs_stage","amount","closed"],"always":[]}"#,
    );
    Catalog::read(TOLD, &mirrored).unwrap()
}

fn sent(pairs: &[(&str, &str)]) -> Draft {
    let fields: Vec<_> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Draft::sent(&fields, &catalog())
}

fn built(draft: &Draft) -> Value {
    draft.build("contacts", &catalog()).map_err(|wrong| wrong.0).unwrap().definition
}

const ROWS: [(&str, &str); 22] = [
    ("name", "Leads"),
    ("by", "filter"),
    ("join", "any"),
    ("group", "all"),
    ("property", "stage (lifecyclestage)"),
    ("was", "Stage (lifecyclestage)"),
    ("operator", "any_of"),
    ("value", "lead"),
    ("value", "customer"),
    ("property", "Amount"),
    ("was", "Amount"),
    ("operator", "between"),
    ("value", "1.5"),
    ("value", "20"),
    ("group", "all"),
    ("property", "Closed"),
    ("was", "Closed"),
    ("operator", "within_last"),
    ("value", "7"),
    ("unit", "days"),
    ("from-property", "First name"),
    ("default", "there"),
];

#[test]
fn fields_are_called_by_their_labels_and_by_their_names_where_these_are_not_enough() {
    let catalog = catalog();
    let words: Vec<&str> = catalog.known.iter().map(|field| field.words.as_str()).collect();
    assert_eq!(words, ["Amount", "Closed", "First name", "Stage (hs_stage)", "Stage (lifecyclestage)"]);
    assert_eq!(catalog.left_out, 1);
    assert!(catalog.find(" first NAME ").is_some() && catalog.find("amount").is_some());
    assert!(catalog.find("Stage").is_none() && catalog.find("secret").is_none());
}

#[test]
fn a_form_becomes_a_definition_and_the_definition_the_same_form() {
    let draft = sent(&ROWS);
    let definition = built(&draft);
    assert_eq!(
        definition,
        json!({
            "object_type": "contacts", "name": "Leads",
            "filter": {"or": [
                {"and": [
                    {"property": "lifecyclestage", "type": "enumeration", "operator": "any_of", "values": ["lead", "customer"]},
                    {"property": "amount", "type": "number", "operator": "between", "from": 1.5, "to": 20},
                ]},
                {"and": [{"property": "closed", "type": "datetime", "operator": "within_last", "count": 7, "unit": "days"}]},
            ]},
            "fields": [{"field": "firstname", "property": "firstname", "default": "there"}],
        })
    );
    assert!(Filter::from_value(&definition["filter"]).is_ok());
    assert_eq!(Draft::of(&definition, &catalog()), draft);
    let list = json!({ "name": "Leads", "list": "7", "fields": definition["fields"] });
    let draft = Draft::of(&list, &catalog());
    assert_eq!((draft.by_list, draft.list()), (true, "7"));
}

#[test]
fn what_was_said_of_another_field_is_not_said_of_this_one() {
    let draft = sent(&[
        ("group", "all"),
        ("property", "First name"),
        ("was", "Amount"),
        ("operator", "between"),
        ("value", "1"),
    ]);
    let condition = &draft.filter.groups[0].conditions[0];
    assert_eq!((condition.operator.as_str(), condition.values.len()), ("", 0));
    let view = condition.view(&catalog(), None);
    assert_eq!((view.operator.as_str(), view.input), ("is", Input::One(Entry::Text, String::new())));
}

#[test]
fn what_is_missing_is_said_in_its_row_and_what_the_engine_finds_too() {
    let wrong = |rows: &[(&str, &str)]| sent(rows).build("contacts", &catalog()).err().unwrap().0;
    let row = |property, operator, value| {
        vec![
            ("group", "all"),
            ("property", property),
            ("was", property),
            ("operator", operator),
            ("value", value),
            ("from-property", "Amount"),
        ]
    };
    for (property, operator, value, words) in [
        ("Amount", "is", "1,5", "not a number"),
        ("First name", "is", "", "Write the value"),
        ("Nothing", "is", "x", "no mirrored field"),
        ("Closed", "within_next", "soon", "whole number"),
        ("Stage (lifecyclestage)", "any_of", "", "at least one"),
    ] {
        let wrong = wrong(&row(property, operator, value));
        assert!(wrong[0].0 == Place::Condition(0, 0) && wrong[0].1.contains(words), "{wrong:?}");
    }
    assert_eq!(
        wrong(&[("by", "list"), ("from-property", "Amount")])[0],
        (Place::Form, "Choose the list.".into())
    );
    let draft = sent(&ROWS);
    let built = draft.build("contacts", &catalog()).ok().unwrap();
    let fault = |path: &str| Fault { path: path.to_owned(), code: Code::Never, detail: "No.".to_owned() };
    let places = built.wrong(&[
        fault("/filter/or/0/and/1/from"),
        fault("/filter/or/1/and/0"),
        fault("/fields/0"),
        fault("/x"),
    ]);
    let places: Vec<Place> = places.0.iter().map(|own| own.0).collect();
    assert_eq!(places, [Place::Condition(0, 1), Place::Condition(1, 0), Place::Field(0), Place::Form]);
}

#[test]
fn buttons_add_and_remove_rows_and_none_of_them_breaks_a_form_or_loses_the_place_in_it() {
    let mut draft = sent(&ROWS);
    for button in
        ["add-group", "add-condition 2", "drop-condition 2 0", "drop-group 2", "add-field", "drop-field 1"]
    {
        let focus = draft.act(button);
        let at = sample::connection_frame(&sample::plain);
        let view = draft.view(at, (None, "contacts"), &catalog(), Vec::new(), &Wrong::default());
        let page = channel_form::page(&ChannelFormView { focus, ..view });
        assert_eq!(page.html.matches(" autofocus").count(), 1, "{button}");
    }
    assert_eq!(draft, sent(&ROWS));
    for button in ["drop-group 9", "drop-condition 0 9", "drop-field", "add-condition x", "", "drop-field -1"]
    {
        draft.act(button);
    }
    assert_eq!(draft, sent(&ROWS));
    let mut single = sent(&[("group", "all")]);
    single.act("drop-group 0");
    assert_eq!(single.filter.groups.len(), 1);
    single.act("add-group");
    assert!(single.filter.any, "a second group is another way in");
}

#[test]
fn json_that_was_edited_replaces_the_conditions_and_what_they_cannot_say_stays_json() {
    let json = |text: &'static str| {
        let mut rows = ROWS.to_vec();
        rows.extend([("json", text), ("json-was", "before")]);
        sent(&rows)
    };
    let same = json("before");
    assert_eq!(same.filter.groups.len(), 2);
    let simple = json("{\"and\":[{\"property\":\"amount\",\"type\":\"number\",\r\n\"operator\":\"known\"}]}");
    assert_eq!((simple.filter.groups.len(), &simple.filter.beyond), (1, &None));
    let deep = json(r#"{"not":{"property":"amount","type":"number","operator":"known"}}"#);
    assert_eq!(built(&deep)["filter"]["not"]["property"], "amount");
    let at = sample::connection_frame(&sample::plain);
    let view = deep.view(at.clone(), (None, "contacts"), &catalog(), Vec::new(), &Wrong::default());
    assert_eq!(
        (view.filter.beyond.as_deref(), view.filter.json_open),
        (Some("Not (Amount is known)."), true)
    );
    let broken = json("{");
    assert!(broken.build("contacts", &catalog()).is_err());
    assert_eq!(
        broken.view(at, (None, "contacts"), &catalog(), Vec::new(), &Wrong::default()).filter.json,
        "{"
    );
}

#[test]
fn a_preview_is_told_in_words() {
    let told =
        |matching: &str, rest: &str| format!(r#"{{"matching":{matching},"of":1000,"estimate":40,{rest}}}"#);
    let examples = r#""examples":[{"id":"7","fields":{"a":"x","b":null}},{"id":"8","fields":null}],"examples_state":"known""#;
    let filter = told(
        "40",
        &format!(r#""looked_at":900,"complete":false,{examples},"hubspot_calls":{{"once":0,"per_hour":0}}"#),
    );
    let view = preview(&filter, "contacts").unwrap();
    assert_eq!(view.matching, "About 40 contacts of 1,000 now, estimated from 900 of them.");
    let seven = Some(vec![Some("x".to_owned()), None]);
    assert_eq!(view.examples, [("7".to_owned(), seven), ("8".to_owned(), None)]);
    let calls = r#""hubspot_calls":{"once":3,"per_hour":13,"per_hour_most":612}"#;
    let of_list = |looked_at: &str| {
        let examples = r#""examples":null,"examples_state":"reading""#;
        let list = told("null", &format!(r#""looked_at":{looked_at},"complete":false,{examples},{calls}"#));
        preview(&list, "companies").unwrap()
    };
    assert!(of_list("null").reading && !view.reading);
    assert_eq!(of_list("null").matching, "HubSpot counts 40 companies on the list.");
    assert_eq!(of_list("7").matching, "HubSpot counts 40 companies on the list; 7 are read so far.");
    let calls = of_list("null").calls;
    assert!(calls.starts_with("Reading the list takes 3 calls to HubSpot once; "), "{calls}");
    assert!(calls.ends_with("it takes up to 612 an hour."), "{calls}");
    let unknown = r#"{"matching":null,"looked_at":null,"of":null,"estimate":null,"complete":false,"examples":null,
        "examples_state":"refused","trouble":"HubSpot is closed.",
        "hubspot_calls":{"once":null,"per_hour":null,"per_hour_most":null}}"#;
    let view = preview(unknown, "companies").unwrap();
    assert!(view.matching.starts_with("It is not known") && !view.reading);
    assert_eq!(view.no_examples, "There are no examples. HubSpot is closed.");
}

#[test]
fn lists_of_other_types_are_not_offered_and_the_chosen_one_comes_first() {
    let told = r#"{"results":[{"id":"1","name":"B","object_type":"contacts","processing_type":"dynamic","size":1},
        {"id":"2","name":"A","object_type":"contacts","processing_type":"manual","size":null},
        {"id":"3","name":"C","object_type":null,"processing_type":"manual","size":2}]}"#;
    let names =
        |chosen| lists(told, "contacts", chosen).into_iter().map(|list| list.name).collect::<Vec<_>>();
    assert_eq!(
        (names(""), names("1")),
        (vec!["A".to_owned(), "B".to_owned()], vec!["B".to_owned(), "A".to_owned()])
    );
    assert_eq!(lists(told, "contacts", "1")[0].words, "1 contact · changes by itself");
}

//! The properties that hold scores: made, found, mapped, and refused where they cannot.

use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        mappings::commands::{Answer as MappingAnswer, Command as Mapping, Refusal},
        messages::{Answer, Command},
        scores::{
            Fields, Settings,
            commands::{Answer as Told, Command as Scores},
        },
        selection::Selection,
    },
    values::{mapping::Action, score::Score},
};

use super::{
    COMPANIES, IMPORT, UPDATE, account, ask, company, ended, failures, held, importing, last, occupy, put,
    put_all, ready, rights, set, settings, starts, synced, told, with_score,
};
use crate::life::World;

const PROPERTIES: &str = "/crm/properties/2026-09/companies";

#[test]
fn properties_that_do_not_fit_end_a_run_before_anything_is_asked() {
    let mut world = synced(importing());
    company(&mut world, 1);
    put_all(&mut world, 1..2, 7);
    let wrong = json!({
        "name": "koala_intent_score", "label": "Mine", "type": "string", "fieldType": "text",
        "groupName": "companyinformation",
    });
    world.by_tool("POST", PROPERTIES, &wrong);
    let by_hand = Settings { fields: Fields::ByHand, ..settings(true) };
    set(&mut world, &by_hand);
    told(&mut world, || Scores::Check);
    world.pass(3);
    let shown = told(&mut world, || Scores::Settings);
    assert_eq!((&shown["ready"], &shown["properties"][0]["state"]), (&json!(false), &json!("wrong")));
    assert_eq!(
        (&shown["properties"][1]["state"], &shown["properties"][1]["options"][0]),
        (&json!("missing"), &json!("Very High"))
    );
    assert!(matches!(ask(&mut world, || Scores::Create), Told::Refused { .. }), "they are made by hand");
    let run = ended(&mut world, 1);
    assert_eq!((&run["state"], &run["counts"]["accounts"]), (&json!("failed"), &json!(0)));
    assert!(run["trouble"].as_str().unwrap().contains("`koala_intent_score` has the type `string`"));
    assert_eq!(starts(&world), 0);
}

#[test]
fn making_the_managed_set_again_changes_nothing_and_a_refusal_is_told() {
    let mut world = ready(importing(), 0..1);
    told(&mut world, || Scores::Create);
    world.until(10, |world| told(world, || Scores::Settings)["creating"] == false);
    let shown = told(&mut world, || Scores::Settings);
    assert_eq!((&shown["ready"], &shown["creating_trouble"]), (&json!(true), &Value::Null));
    let mut world = synced(rights(&[IMPORT]));
    set(&mut world, &settings(true));
    told(&mut world, || Scores::Create);
    world.until(10, |world| told(world, || Scores::Settings)["creating"] == false);
    let shown = told(&mut world, || Scores::Settings);
    assert!(shown["creating_trouble"].as_str().unwrap().starts_with("`koala_managed_scores`"), "{shown}");
    assert_eq!(shown["missing_scopes"], json!([UPDATE]));
}

#[test]
fn what_holds_scores_is_mirrored_whatever_fields_are_chosen() {
    let narrow = |world: &mut World| {
        let selection = Selection { fields: Some(["name".to_owned()].into()), ..Selection::default() };
        let told = world.command(Command::Select { object_type: COMPANIES, selection });
        assert!(matches!(told, Some(Answer::Json(_))), "{told:?}");
    };
    for before in [true, false] {
        let mut world = synced(importing());
        company(&mut world, 1);
        if before {
            narrow(&mut world);
        }
        set(&mut world, &settings(true));
        told(&mut world, || Scores::Create);
        if !before {
            narrow(&mut world);
        }
        let made = world.until(10, |world| told(world, || Scores::Settings)["ready"] == true);
        assert!(made, "{before}: {}", told(&mut world, || Scores::Settings));
        put_all(&mut world, 1..2, 7);
        assert_eq!(ended(&mut world, 1)["counts"]["sent"], 1);
        // The mirror knows what was sent: nothing differs.
        assert_eq!(ended(&mut world, 2)["counts"]["unchanged"], 1);
    }
}

#[test]
fn scores_that_were_there_before_the_settings_are_chosen_with_them() {
    let mut world = ready(importing(), 0..2);
    set(&mut world, &settings(false));
    let selection = Selection { fields: Some(["name".to_owned()].into()), ..Selection::default() };
    world.command(Command::Select { object_type: COMPANIES, selection }).unwrap();
    world.pass(30);
    set(&mut world, &settings(true));
    assert_eq!(told(&mut world, || Scores::Settings)["ready"], true);
}

fn options(names: &[&str]) -> Value {
    let option = |name: &&str| json!({ "label": name, "value": name, "displayOrder": 0, "hidden": false });
    names.iter().map(option).collect()
}

/// The account's people make a field of companies.
fn make(world: &mut World, name: &str, (value_type, field_type): (&str, &str), choices: &[&str]) {
    let mut own = json!({
        "name": name, "label": name, "type": value_type, "fieldType": field_type, "groupName": "companyinformation",
    });
    if !choices.is_empty() {
        own["options"] = options(choices);
    }
    world.by_tool("POST", PROPERTIES, &own);
}

fn save(world: &mut World, entries: Value) -> MappingAnswer {
    let command = Mapping::Put(Action::ScoreSnapshot, json!({ "entries": entries }));
    match world.command(Command::Mapping(command)) {
        Some(Answer::Mapping(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

fn map(world: &mut World, entries: Value) {
    let saved = save(world, entries);
    assert!(matches!(saved, MappingAnswer::Json(_)), "{saved:?}");
}

/// The fields are read anew.
fn refresh(world: &mut World) {
    world.command(Command::RefreshFields);
    world.pass(3);
}

/// An account with companies of these numbers, and a mapping of two scores to fields of its own.
fn mapped(companies: std::ops::Range<u32>) -> World {
    let mut world = synced(importing());
    for number in companies {
        company(&mut world, number);
    }
    make(&mut world, "fit", ("number", "number"), &[]);
    make(&mut world, "heat", ("string", "text"), &[]);
    let settings = Settings { fields: Fields::Mapped, ..settings(true) };
    assert_eq!(set(&mut world, &settings)["ready"], false, "no mapping is saved");
    refresh(&mut world);
    map(
        &mut world,
        json!([{ "field": "fit", "from": "icp_fit_score", "type": "number" }, { "field": "heat", "from": "intent_trend" }]),
    );
    world.pass(3);
    assert_eq!(told(&mut world, || Scores::Settings)["ready"], true);
    world
}

#[test]
fn a_run_goes_on_with_the_mapping_it_began_with() {
    for removed in [false, true] {
        let mut world = mapped(0..4);
        put_all(&mut world, 0..3, 7);
        occupy(&mut world, 3);
        let waits = world.until(60 * 4, |world| last(world)["files"][0]["state"] == "running");
        assert!(waits, "{:#}", last(&mut world));
        let id_of = |number: u32| {
            let domain = format!("company-{number}.com");
            let all = world.truth_of(COMPANIES);
            all.into_iter().find(|(_, values)| values["domain"] == *domain).expect("the company is there").0
        };
        let (other, gone, primary) = (id_of(0), id_of(1), id_of(3));
        let became = world.change(COMPANIES, "merge", json!({ "primary": primary, "other": other }));
        world.change(COMPANIES, "archive", json!({ "id": gone }));
        if removed {
            let told = world.command(Command::Mapping(Mapping::Remove(Action::ScoreSnapshot)));
            assert!(matches!(told, Some(Answer::Mapping(MappingAnswer::Removed))), "{told:?}");
        } else {
            map(&mut world, json!([{ "field": "fit", "from": "intent_score", "type": "number" }]));
        }
        let run = ended(&mut world, 1);
        assert_eq!((&run["state"], &run["trouble"]), (&json!("done"), &Value::Null), "{run:#}");
        let counts = &run["counts"];
        assert_eq!(
            (&counts["sent"], &counts["failed"], &counts["rematched"]),
            (&json!(2), &json!(1), &json!(1)),
            "{run:#}"
        );
        assert_eq!(failures(&mut world, &run)[0]["company_id"], json!(gone));
        let values = &world.truth_of(COMPANIES)[&became];
        assert_eq!((&values["fit"], &values["heat"]), (&json!("1.5"), &json!("New")), "{removed}");
    }
}

#[test]
fn scores_go_to_mapped_fields() {
    let mut world = mapped(1..2);
    put_all(&mut world, 1..2, 7);
    let run = ended(&mut world, 1);
    assert_eq!(
        (&run["counts"]["sent"], &run["files"][0]["columns"]),
        (&json!(1), &json!(["fit", "heat"])),
        "{run:#}"
    );
    let truth = world.truth_of(COMPANIES);
    let values = truth.values().next().unwrap();
    assert_eq!((&values["fit"], &values["heat"]), (&json!("1.5"), &json!("New")));
}

#[test]
fn a_mapping_to_fields_that_cannot_hold_the_scores_is_not_saved_and_says_why() {
    let mut world = mapped(1..2);
    make(&mut world, "grade", ("enumeration", "select"), &["A", "B", "C"]);
    make(&mut world, "met", ("date", "date"), &[]);
    refresh(&mut world);
    let entries = json!([
        { "field": "grade", "from": "icp_fit_grade" },
        { "field": "met", "from": "intent_score" },
        { "field": "heat", "from": "account.heat" },
        { "field": "fit", "from": "icp_fit_score" },
    ]);
    let MappingAnswer::Refused(Refusal::Wrong(faults)) = save(&mut world, entries) else {
        panic!("it is saved")
    };
    let said: Vec<(&str, &str)> =
        faults.iter().map(|fault| (fault.path.as_str(), fault.detail.as_str())).collect();
    let [(grade, options), (met, date), (heat, from)] = said[..] else { panic!("{said:?}") };
    assert_eq!([grade, met, heat], ["/entries/0/field", "/entries/1/field", "/entries/2/from"]);
    assert!(options.contains("`grade` lacks the options `D`, `—`"), "{options}");
    assert!(date.contains("`met` has the type `date` and the field type `date`"), "{date}");
    assert!(
        from.contains("`heat`") && from.contains("no score") && from.contains("`intent_trend`"),
        "{from}"
    );
    assert_eq!(told(&mut world, || Scores::Settings)["ready"], true, "what was saved before stays");
}

#[test]
fn a_run_begins_with_no_mapped_field_that_cannot_hold_its_scores_any_more() {
    let mut world = mapped(1..2);
    make(&mut world, "grade", ("enumeration", "select"), Score::IcpFitGrade.options());
    refresh(&mut world);
    map(&mut world, json!([{ "field": "grade", "from": "icp_fit_grade" }]));
    world.pass(3);
    assert_eq!(told(&mut world, || Scores::Settings)["ready"], true);
    let path = format!("{PROPERTIES}/grade");
    world.by_tool("PATCH", &path, &json!({ "options": options(&["A", "B"]) }));
    refresh(&mut world);
    let shown = told(&mut world, || Scores::Settings);
    assert_eq!((&shown["ready"], &shown["properties"][0]["state"]), (&json!(false), &json!("wrong")));
    put_all(&mut world, 1..2, 7);
    let run = ended(&mut world, 1);
    assert_eq!((&run["state"], &run["counts"]["accounts"]), (&json!("failed"), &json!(0)));
    let words = run["trouble"].as_str().unwrap();
    assert!(words.contains("`grade` lacks the options `C`, `D`, `—`"), "{words}");
    assert_eq!(starts(&world), 0);
}

#[test]
fn a_value_that_its_property_cannot_have_is_left_out_and_told() {
    let mut world = ready(importing(), 0..3);
    // More than any program tells from its neighbours.
    let mut huge = account(1, 7);
    huge.scores.insert("intent_score".to_owned(), json!(1e300));
    let mut alone = account(2, 7);
    alone.scores = huge.scores.clone();
    alone.scores.retain(|name, _| name == "intent_score");
    put(&mut world, &[account(0, 7), huge, alone]);
    let run = ended(&mut world, 1);
    let counts = &run["counts"];
    assert_eq!(
        (&run["state"], &counts["sent"], &counts["unfit"], &counts["failed"]),
        (&json!("done"), &json!(2), &json!(1), &json!(0)),
        "{run:#}"
    );
    let told = run["left_out"].as_array().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["property"], &told[0]["values"]), (&json!("koala_intent_score"), &json!(2)));
    let why = told[0]["why"].as_str().unwrap();
    assert!(why.contains("9,007,199,254,740,992") && !why.contains("300"), "{why}");
    assert_eq!(with_score(&world, "7"), 1);
    let grades: Vec<String> = held(&world, Score::IcpFitGrade).into_iter().map(|(_, grade)| grade).collect();
    assert_eq!(grades, ["—", "—", ""], "what else the row has is sent");
}

//! Scores of accounts, once a night: every row as it was frozen, once, whatever happens between, and what is read again read once.

use std::collections::BTreeSet;

use hubspot_simulator::{
    Switches,
    faults::{Fault, Rule},
    portal::PortalSettings,
    route::Endpoint,
    switches::ErrorLine,
};
use serde_json::{Map, Value, json};
use spoke::{
    engine::portal::{
        mappings::commands::{Answer as MappingAnswer, Command as Mapping},
        messages::{Answer, Command},
        scores::{
            Fields, Settings,
            commands::{Answer as Told, Command as Scores, NewAccount},
        },
        selection::Selection,
    },
    values::{
        ids::{AccountId, ObjectType},
        mapping::Action,
        score::{Names, Score},
    },
};

use super::{synced, tiny};
use crate::life::{PORTAL, Plan, World};

const COMPANIES: ObjectType = ObjectType::Companies;
/// What it takes to import, to make fields, and to update.
const IMPORT: &str = "crm.import";
const FIELDS: &str = "crm.schemas.companies.write";
const UPDATE: &str = "crm.objects.companies.write";

/// An account whose connection may import, and do nothing else to companies: so that small files are imports too.
fn importing() -> Plan {
    rights(&[IMPORT, FIELDS])
}

fn rights(more_scopes: &[&'static str]) -> Plan {
    let settings = PortalSettings {
        hubspot_properties: Some(40),
        time_zone: "UTC".to_owned(),
        utc_offset_minutes: 0,
        ..PortalSettings::default()
    };
    Plan { settings, companies: Some(0), more_scopes: more_scopes.to_vec(), ..tiny(1) }
}

fn names() -> Names {
    Names { prefix: "koala".to_owned(), label: "Koala".to_owned(), group: "koala_managed_scores".to_owned() }
}

fn property(score: Score) -> String {
    names().of(score)
}

/// Asked again where the turn was torn.
fn ask(world: &mut World, command: impl Fn() -> Scores) -> Told {
    match world.insist(|| Command::Score(command())) {
        Answer::Score(told) => told,
        other => panic!("about no score but {other:?}"),
    }
}

fn told(world: &mut World, command: impl Fn() -> Scores) -> Value {
    match ask(world, command) {
        Told::Json(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn settings(on: bool) -> Settings {
    Settings { on, hour: 2, fields: Fields::Managed, names: names() }
}

fn set(world: &mut World, settings: &Settings) -> Value {
    told(world, || Scores::Set(settings.clone()))
}

/// An account with companies of these numbers, and the managed properties; runs begin at two in the night.
fn ready(plan: Plan, companies: std::ops::Range<u32>) -> World {
    let mut world = synced(plan);
    for number in companies {
        company(&mut world, number);
    }
    set(&mut world, &settings(true));
    told(&mut world, || Scores::Create);
    let made = world.until(10, |world| told(world, || Scores::Settings)["ready"] == true);
    assert!(made, "{}", told(&mut world, || Scores::Settings));
    world.pass(10);
    world
}

fn company(world: &mut World, number: u32) -> String {
    let domain = format!("company-{number}.com");
    world.change(COMPANIES, "create", json!({ "properties": { "name": domain, "domain": domain } }))
}

fn id(number: u32) -> AccountId {
    format!("a{number}").parse().unwrap()
}

fn account(number: u32, score: u32) -> NewAccount {
    let scores = json!({
        "intent_score": score, "intent_strength": "Very High", "intent_trend": "New", "icp_fit_score": 1.5,
        "icp_fit_grade": "—",
    });
    let Value::Object(scores) = scores else { unreachable!() };
    let domains = vec![format!("https://www.company-{number}.com"), "gmail.com".to_owned()];
    NewAccount { id: id(number), domains, scores }
}

fn put(world: &mut World, accounts: &[NewAccount]) {
    for some in accounts.chunks(500) {
        told(world, || Scores::Put(some.to_vec()));
    }
}

fn put_all(world: &mut World, numbers: std::ops::Range<u32>, score: u32) {
    let accounts: Vec<NewAccount> = numbers.map(|number| account(number, score)).collect();
    put(world, &accounts);
}

fn runs(world: &mut World) -> Vec<Value> {
    let Told::Page { results, .. } = ask(world, || Scores::Runs { before: None, limit: 50 }) else {
        panic!("no page")
    };
    serde_json::from_str(&results).unwrap()
}

fn last(world: &mut World) -> Value {
    runs(world).into_iter().next().unwrap_or_default()
}

/// Until so many runs have ended; the last.
fn ended(world: &mut World, count: usize) -> Value {
    let is_over = |run: &Value| !run["ended_at"].is_null();
    let over = world.until(60 * 30, |world| {
        let all = runs(world);
        all.len() >= count && all.iter().all(is_over)
    });
    assert!(over, "{:#}\n{:#?}", last(world), &world.log[world.log.len().saturating_sub(9)..]);
    last(world)
}

fn imports(world: &mut World) -> Vec<Value> {
    let told = world.control("GET", "imports", &Value::Null);
    told["results"].as_array().unwrap().iter().filter(|own| own["app_id"] != 0).cloned().collect()
}

fn starts(world: &World) -> usize {
    world.calls.iter().filter(|call| call.name == "POST /crm/imports/2026-09").count()
}

/// Values of HubSpot's of a property, by domain.
fn held(world: &World, score: Score) -> Vec<(String, String)> {
    let name = property(score);
    let value = |values: &Value, name: &str| values[name].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<(String, String)> = world
        .truth_of(COMPANIES)
        .values()
        .map(|values| (value(values, "domain"), value(values, &name)))
        .collect();
    all.sort();
    all
}

fn with_score(world: &World, value: &str) -> usize {
    held(world, Score::IntentScore).iter().filter(|(_, own)| own == value).count()
}

fn failures(world: &mut World, run: &Value) -> Vec<Value> {
    let run: i64 = run["id"].as_str().unwrap().parse().unwrap();
    let Told::Errors { results, .. } = ask(world, || Scores::Errors { run, after: None, limit: 10_000 })
    else {
        panic!("no errors")
    };
    serde_json::from_str(&results).unwrap()
}

fn fault(world: &mut World, fault: Fault) {
    world.simulator.faults.add(Rule::next(1, fault).at(Endpoint::ImportCreate));
}

#[test]
fn the_first_run_sends_everything_and_the_next_what_differs() {
    let mut world = ready(importing(), 0..30);
    put_all(&mut world, 0..30, 7);
    let first = ended(&mut world, 1);
    assert_eq!(
        (&first["state"], &first["mode"], &first["asked_by"]),
        (&json!("done"), &json!("full"), &json!("night"))
    );
    assert_eq!((&first["counts"]["sent"], &first["date"]), (&json!(30), &json!("2026-11-20")));
    assert_eq!(first["started_at"].as_str().unwrap()[..13], *"2026-11-20T02");
    assert_eq!(with_score(&world, "7"), 30);
    assert!(held(&world, Score::IcpFitGrade).iter().all(|(_, grade)| grade == "—"));
    put_all(&mut world, 0..3, 8);
    let second = ended(&mut world, 2);
    assert_eq!((&second["mode"], &second["date"]), (&json!("delta"), &json!("2026-11-21")));
    assert_eq!((&second["counts"]["sent"], &second["counts"]["unchanged"]), (&json!(3), &json!(27)));
    assert_eq!((with_score(&world, "8"), with_score(&world, "7"), starts(&world)), (3, 27, 2));
    let third = ended(&mut world, 3);
    assert_eq!((&third["counts"]["unchanged"], third["files"].as_array().unwrap().len()), (&json!(30), 0));
    assert_eq!(starts(&world), 2, "nothing differs: no import");
    // Whoever follows the feed hears of the end of each.
    let Some(Answer::Json(text)) = world.command(Command::Changes { after: 0, limit: 1_000, types: vec![] })
    else {
        panic!("no changes")
    };
    let changes: Value = serde_json::from_str(&text).unwrap();
    let told = changes["changes"].as_array().unwrap().iter();
    let told: Vec<&str> = told
        .filter(|change| change["kind"] == "score_run_finished")
        .map(|change| change["message"].as_str().unwrap())
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[1].contains("of 30 accounts 3 were sent, 27 were as they should be"), "{}", told[1]);
    world.pass(10);
    world.verdict().unwrap();
}

#[test]
fn a_local_date_has_one_run() {
    let mut world = ready(importing(), 0..3);
    put_all(&mut world, 0..3, 7);
    ended(&mut world, 1);
    put_all(&mut world, 0..3, 9);
    for _ in 0..20 {
        world.pass(60);
        world.restart();
    }
    assert_eq!(runs(&mut world).len(), 1, "it is still the same date");
    set(&mut world, &Settings { hour: 23, ..settings(true) });
    world.pass(60);
    assert_eq!(runs(&mut world).len(), 1, "another hour of the same date is no other night");
    assert_eq!(with_score(&world, "9"), 0);
    ended(&mut world, 2);
    assert_eq!(with_score(&world, "9"), 3);
}

#[test]
fn the_hour_is_that_of_the_accounts_clock_and_one_that_is_over_is_tomorrows() {
    let mut plan = importing();
    // Five hours behind, which the account says once it is asked.
    plan.settings.utc_offset_minutes = -300;
    let mut world = ready(plan, 0..2);
    put_all(&mut world, 0..2, 7);
    set(&mut world, &Settings { hour: 0, ..settings(true) });
    world.pass(60 * 20);
    assert_eq!(runs(&mut world).len(), 0, "midnight was over when it was set");
    let run = ended(&mut world, 1);
    let started = &run["started_at"].as_str().unwrap()[..13];
    assert_eq!((started, &run["date"]), ("2026-11-21T05", &json!("2026-11-21")));
    let next = told(&mut world, || Scores::Settings)["next_run_at"].clone();
    assert_eq!(next, "2026-11-22T05:00:00.000Z");
}

#[test]
fn a_start_whose_answer_is_lost_is_looked_for_and_sent_once() {
    for lost in [
        Fault::NoAnswer { after_commit: true },
        Fault::NoAnswer { after_commit: false },
        Fault::Status { status: 502, after_commit: true },
        Fault::Late { status: 0, after_ms: 60_000 },
        Fault::Late { status: 504, after_ms: 95_000 },
        Fault::Html,
    ] {
        let mut world = ready(importing(), 0..5);
        put_all(&mut world, 0..5, 7);
        fault(&mut world, lost);
        let run = ended(&mut world, 1);
        assert_eq!((&run["state"], &run["counts"]["sent"]), (&json!("done"), &json!(5)), "{lost:?}: {run}");
        assert_eq!(imports(&mut world).len(), 1, "{lost:?}");
        assert_eq!(with_score(&world, "7"), 5);
    }
}

#[test]
fn a_run_goes_on_where_its_object_was_when_it_ended() {
    // Every few seconds, at other moments each time.
    for every_ms in [1_700, 5_300, 17_900] {
        let mut world = ready(Plan { ..importing() }, 0..40);
        world.deploy("SCORE_FILE_ROWS", "15".to_owned());
        put_all(&mut world, 0..40, 7);
        world.until(60 * 3, |world| !runs(world).is_empty());
        for _ in 0..400 {
            world.pass_ms(every_ms);
            world.restart();
        }
        let run = ended(&mut world, 1);
        assert_eq!(
            (&run["state"], &run["counts"]["sent"]),
            (&json!("done"), &json!(40)),
            "{every_ms}: {run:#}"
        );
        let names: BTreeSet<String> =
            imports(&mut world).iter().map(|own| own["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!((names.len(), imports(&mut world).len()), (3, 3), "{every_ms}");
        assert_eq!(with_score(&world, "7"), 40);
        world.pass(10);
        world.verdict().unwrap();
    }
}

#[test]
fn a_torn_turn_repeats_work_and_sends_nothing_twice() {
    for seed in 1..=4 {
        let mut world = ready(Plan { seed, ..importing() }, 0..40);
        world.deploy("SCORE_FILE_ROWS", "15".to_owned());
        put_all(&mut world, 0..40, 7);
        world.until(60 * 3, |world| !runs(world).is_empty());
        world.tear(6, 60 * 3);
        let run = ended(&mut world, 1);
        world.tear(0, 0);
        assert_eq!((&run["state"], &run["counts"]["sent"]), (&json!("done"), &json!(40)), "{run:#}");
        assert_eq!((with_score(&world, "7"), imports(&mut world).len()), (40, 3));
        world.pass(10);
        world.verdict().unwrap();
    }
}

#[test]
fn a_file_that_is_sent_again_has_the_same_bytes() {
    let mut world = ready(importing(), 0..5);
    put_all(&mut world, 0..5, 7);
    fault(&mut world, Fault::NoAnswer { after_commit: false });
    world.until(60 * 3, |_| false);
    let sent = |world: &mut World| last(world)["files"][0]["bytes"].clone();
    let before = sent(&mut world);
    // What the host says meanwhile is the next run's.
    put_all(&mut world, 0..5, 99);
    let run = ended(&mut world, 1);
    assert_eq!(run["files"][0]["bytes"], before);
    assert_eq!((with_score(&world, "7"), with_score(&world, "99")), (5, 0));
}

#[test]
fn a_company_that_became_part_of_another_meanwhile_is_matched_once_more() {
    let mut world = ready(importing(), 0..6);
    put_all(&mut world, 0..5, 7);
    // The run waits behind the account's own imports, and people merge.
    for _ in 0..3 {
        world.control("POST", "imports/occupy", &json!({ "lasts_ms": 3 * 3_600_000 }));
    }
    let waits = world.until(60 * 4, |world| last(world)["files"][0]["state"] == "running");
    assert!(waits, "{:#}", last(&mut world));
    let id_of = |world: &World, number: u32| {
        let domain = format!("company-{number}.com");
        let found = world.truth_of(COMPANIES).into_iter().find(|(_, values)| values["domain"] == *domain);
        found.expect("the company is there").0
    };
    let (other, primary) = (id_of(&world, 0), id_of(&world, 5));
    let became = world.change(COMPANIES, "merge", json!({ "primary": primary, "other": other }));
    let run = ended(&mut world, 1);
    assert_eq!(run["counts"]["rematched"], 1, "{run:#}");
    assert_eq!((&run["counts"]["sent"], &run["counts"]["failed"]), (&json!(5), &json!(0)), "{run:#}");
    let truth = world.truth_of(COMPANIES);
    assert_eq!(truth[&became][&property(Score::IntentScore)], "7", "what it became has the score");
    world.pass(10);
    world.verdict().unwrap();
}

#[test]
fn a_company_that_is_gone_for_good_is_told_and_stops_no_other() {
    let mut world = ready(importing(), 0..4);
    put_all(&mut world, 0..4, 7);
    for _ in 0..3 {
        world.control("POST", "imports/occupy", &json!({ "lasts_ms": 3 * 3_600_000 }));
    }
    world.until(60 * 4, |world| last(world)["files"][0]["state"] == "running");
    let id = world.truth_of(COMPANIES).into_keys().next().unwrap();
    world.change(COMPANIES, "archive", json!({ "id": id }));
    let run = ended(&mut world, 1);
    assert_eq!((&run["counts"]["sent"], &run["counts"]["failed"]), (&json!(3), &json!(1)), "{run:#}");
    let told = failures(&mut world, &run);
    assert_eq!((&told[0]["company_id"], &told[0]["account_id"]), (&json!(id), &json!("a0")));
    assert!(told[0]["message"].as_str().unwrap().contains("no such company"));
}

#[test]
fn three_of_the_accounts_own_imports_are_waited_for() {
    let mut world = ready(importing(), 0..4);
    put_all(&mut world, 0..4, 7);
    for _ in 0..3 {
        world.control("POST", "imports/occupy", &json!({ "lasts_ms": 4 * 3_600_000 }));
    }
    let run = ended(&mut world, 1);
    assert_eq!((&run["state"], &run["counts"]["sent"]), (&json!("done"), &json!(4)));
    assert!(run["duration_ms"].as_u64().unwrap() > 3_600_000, "it waited: {run}");
    assert!(run["calls"]["polls"].as_u64().unwrap() < 130, "not by asking all the time: {run}");
    assert_eq!(starts(&world), 1);
}

#[test]
fn files_go_one_after_the_other() {
    let mut world = ready(importing(), 0..45);
    world.deploy("SCORE_FILE_ROWS", "10".to_owned());
    put_all(&mut world, 0..45, 7);
    let mut most = 0;
    world.until(60 * 3, |world| {
        let open = imports(world).iter().filter(|own| own["state"] != "DONE").count();
        most = most.max(open);
        last(world)["state"] == "done"
    });
    let run = ended(&mut world, 1);
    let rows: Vec<u64> =
        run["files"].as_array().unwrap().iter().map(|file| file["rows"].as_u64().unwrap()).collect();
    assert_eq!(rows, [10, 10, 10, 10, 5]);
    assert_eq!((most, starts(&world), with_score(&world, "7")), (1, 5, 45));
}

#[test]
fn refused_rows_are_read_page_by_page_and_sent_again_the_next_night() {
    let switches = Switches { import_unknown_error_one_in: 2, ..Switches::default() };
    let mut world = ready(Plan { switches, ..importing() }, 0..260);
    put_all(&mut world, 0..260, 7);
    let run = ended(&mut world, 1);
    let failed = run["counts"]["failed"].as_u64().unwrap();
    assert!((101..200).contains(&failed), "two pages: {failed}");
    assert_eq!(run["counts"]["sent"], 260 - failed);
    assert_eq!(with_score(&world, "7") as u64, 260 - failed, "what is called sent is there");
    assert_eq!(run["calls"]["errors"], 2);
    let told = failures(&mut world, &run);
    assert_eq!((told.len() as u64, &told[0]["code"]), (failed, &json!("UNKNOWN_ERROR")));
    world.simulator.switches.import_unknown_error_one_in = 0;
    let second = ended(&mut world, 2);
    assert_eq!((&second["counts"]["sent"], with_score(&world, "7")), (&json!(failed), 260));
}

#[test]
fn a_refused_row_is_known_by_its_record_however_lines_are_counted() {
    for import_error_line in [ErrorLine::OfFile, ErrorLine::OfRows] {
        let switches = Switches { import_unknown_error_one_in: 3, import_error_line, ..Switches::default() };
        let mut world = ready(Plan { switches, ..importing() }, 0..60);
        put_all(&mut world, 0..60, 7);
        let run = ended(&mut world, 1);
        let told = failures(&mut world, &run);
        let failed = told.len() as u64;
        assert!((5..50).contains(&failed), "{import_error_line:?}: {failed}");
        assert_eq!(
            (&run["counts"]["failed"], &run["counts"]["sent"], &run["state"]),
            (&json!(failed), &json!(60 - failed), &json!("done")),
            "{import_error_line:?}: {run:#}"
        );
        assert_eq!(with_score(&world, "7") as u64, 60 - failed, "what is called sent is there");
        let truth = world.truth_of(COMPANIES);
        for one in told {
            let company = one["company_id"].as_str().unwrap();
            assert_ne!(truth[company][&property(Score::IntentScore)], "7", "{import_error_line:?}: {one}");
        }
    }
}

#[test]
fn rows_that_are_refused_and_not_named_are_counted_and_said_and_sent_again() {
    let import_error_line = ErrorLine::Nowhere;
    let switches = Switches { import_unknown_error_one_in: 3, import_error_line, ..Switches::default() };
    let mut world = ready(Plan { switches, ..importing() }, 0..60);
    put_all(&mut world, 0..60, 7);
    let run = ended(&mut world, 1);
    let there = with_score(&world, "7");
    assert!((10..55).contains(&there), "{there}");
    assert_eq!(
        (&run["counts"]["sent"], &run["counts"]["failed"], &run["state"]),
        (&json!(there), &json!(60 - there), &json!("failed")),
        "{run:#}"
    );
    let file = &run["files"][0];
    assert_eq!((&file["sent"], &file["failed"]), (&json!(there), &json!(60 - there)), "{file:#}");
    let words = format!("HubSpot refused rows and did not say which: it told of it {} times.", 60 - there);
    assert_eq!(file["trouble"], words);
    assert_eq!(failures(&mut world, &run).len(), 0, "nobody is named who may have been taken");
    world.simulator.switches.import_unknown_error_one_in = 0;
    let second = ended(&mut world, 2);
    assert_eq!((&second["mode"], &second["state"]), (&json!("full"), &json!("done")), "{second:#}");
    assert_eq!(with_score(&world, "7"), 60);
}

#[test]
fn a_small_delta_goes_by_batch_update_where_that_takes_fewer_calls_and_the_run_says_so() {
    let mut world = ready(rights(&[IMPORT, FIELDS, UPDATE]), 0..120);
    put_all(&mut world, 0..120, 7);
    let run = ended(&mut world, 1);
    assert_eq!((&run["state"], &run["counts"]["sent"]), (&json!("done"), &json!(120)), "{run:#}");
    assert_eq!((starts(&world), &run["calls"]["updates"], &run["calls"]["echo"]), (0, &json!(2), &json!(2)));
    let file = &run["files"][0];
    assert_eq!(file["way"], "batch_update");
    assert_eq!(file["why"], "By batch update: 2 calls, where an import would take some 13.");
    assert_eq!(with_score(&world, "7"), 120);
    world.pass(10);
    world.verdict().unwrap();
}

#[test]
fn a_large_delta_is_one_import_where_both_are_permitted() {
    let mut world = ready(rights(&[IMPORT, FIELDS, UPDATE]), 0..1_350);
    put_all(&mut world, 0..1_350, 7);
    let run = ended(&mut world, 1);
    assert_eq!((&run["counts"]["sent"], starts(&world)), (&json!(1_350), 1), "{run:#}");
    assert_eq!((&run["files"][0]["way"], &run["calls"]["updates"]), (&json!("import"), &json!(0)));
}

#[test]
fn one_wrong_row_of_a_batch_update_stops_no_other() {
    let mut world = ready(rights(&[FIELDS, UPDATE]), 0..30);
    let rule = json!([{ "kind": "max_length", "characters": 1 }]);
    let body = json!({ "object_type": "companies", "property": property(Score::IntentScore), "rules": rule });
    world.control("PUT", "validation-rules", &body);
    put_all(&mut world, 0..30, 7);
    put(&mut world, &[account(4, 51)]);
    let run = ended(&mut world, 1);
    assert_eq!((&run["counts"]["sent"], &run["counts"]["failed"]), (&json!(29), &json!(1)), "{run:#}");
    assert_eq!(with_score(&world, "7"), 29);
    let told = failures(&mut world, &run);
    assert_eq!((&told[0]["account_id"], &told[0]["property"]), (&json!("a4"), &json!("koala_intent_score")));
    assert!(run["files"][0]["why"].as_str().unwrap().contains("crm.import"), "{run:#}");
}

#[test]
fn accounts_that_are_no_company_or_one_that_another_is_are_counted() {
    let mut world = ready(importing(), 0..4);
    put_all(&mut world, 0..6, 7);
    let free = NewAccount { domains: vec!["gmail.com".to_owned()], ..account(90, 7) };
    let none = NewAccount { domains: Vec::new(), ..account(91, 7) };
    let double = NewAccount { id: "double".parse().unwrap(), ..account(1, 9) };
    let empty = NewAccount { scores: Map::new(), ..account(3, 7) };
    put(&mut world, &[free, none, double, empty]);
    let run = ended(&mut world, 1);
    let expected = json!({
        "accounts": 9, "sent": 3, "unchanged": 0, "unmatched": 4, "doubles": 1, "unfit": 1, "failed": 0, "rematched": 0,
    });
    assert_eq!(run["counts"], expected);
    assert_eq!(with_score(&world, "9"), 0, "the account that came first counts");
}

#[test]
fn what_was_sent_is_read_once_and_told_as_spokes_own() {
    // Slow enough that checks for changes fall into it.
    let switches = Switches { import_rows_per_second: 1, ..Switches::default() };
    let mut world = ready(Plan { switches, ..importing() }, 0..950);
    put_all(&mut world, 0..950, 7);
    world.until(60 * 3, |world| !runs(world).is_empty());
    let Some(Answer::Status(status)) = world.command(Command::Status) else { panic!("no status") };
    let before = world.calls.len();
    let run = ended(&mut world, 1);
    assert!(run["duration_ms"].as_u64().unwrap() > 900_000, "three checks: {run}");
    assert_eq!((&run["counts"]["sent"], &run["calls"]["echo"]), (&json!(950), &json!(10)));
    assert_eq!(world.counted(before, "objects/2026-09/companies/batch/read"), 10, "by nobody else");
    world.pass(90);
    assert_eq!(world.counted(before, "objects/2026-09/companies/batch/read"), 10, "and not by a later check");
    assert_eq!(world.counted(before, "companies/contacts/batch/read"), 0, "nothing was linked");
    let changes = Command::Changes { after: status.latest_change, limit: 1_000, types: vec![COMPANIES] };
    let Some(Answer::Json(text)) = world.command(changes) else { panic!("no changes") };
    let changes: Value = serde_json::from_str(&text).unwrap();
    let changes = changes["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 950);
    assert!(changes.iter().all(|change| change["origin"] == "spoke"), "{}", changes[0]);
    world.verdict().unwrap();
}

#[test]
fn what_people_change_meanwhile_is_seen() {
    let switches = Switches { import_rows_per_second: 1, ..Switches::default() };
    let mut world = ready(Plan { switches, ..importing() }, 0..700);
    put_all(&mut world, 0..700, 7);
    world.until(60 * 4, |world| last(world)["files"][0]["state"] == "running");
    world.pass(3);
    let id = world.truth_of(COMPANIES).into_keys().next().unwrap();
    world.change(COMPANIES, "edit", json!({ "id": id, "properties": { "name": "Ulm" } }));
    ended(&mut world, 1);
    world.pass(10);
    world.verdict().unwrap();
    assert_eq!(world.truth_of(COMPANIES)[&id]["name"], "Ulm");
}

#[test]
fn a_row_without_a_value_leaves_the_property_as_it_is() {
    let mut world = ready(importing(), 0..3);
    put_all(&mut world, 0..3, 7);
    ended(&mut world, 1);
    let mut some = account(1, 9);
    some.scores.remove("intent_trend");
    put(&mut world, &[some, account(2, 9)]);
    let run = ended(&mut world, 2);
    assert_eq!(
        (run["files"].as_array().unwrap().len(), &run["counts"]["sent"]),
        (2, &json!(2)),
        "by columns"
    );
    assert!(held(&world, Score::IntentTrend).iter().all(|(_, trend)| trend == "New"));
    assert_eq!(with_score(&world, "9"), 2);
}

#[test]
fn properties_that_do_not_fit_end_a_run_before_anything_is_asked() {
    let mut world = synced(importing());
    company(&mut world, 1);
    put_all(&mut world, 1..2, 7);
    let wrong = json!({
        "name": "koala_intent_score", "label": "Mine", "type": "string", "fieldType": "text",
        "groupName": "companyinformation",
    });
    world.by_tool("POST", "/crm/properties/2026-09/companies", &wrong);
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

/// An account with companies of these numbers, and a mapping of two scores to fields of its own.
fn mapped(companies: std::ops::Range<u32>) -> World {
    let mut world = synced(importing());
    for number in companies {
        company(&mut world, number);
    }
    for (name, value_type, field_type) in [("fit", "number", "number"), ("heat", "string", "text")] {
        let own = json!({
            "name": name, "label": name, "type": value_type, "fieldType": field_type, "groupName": "companyinformation",
        });
        world.by_tool("POST", "/crm/properties/2026-09/companies", &own);
    }
    let settings = Settings { fields: Fields::Mapped, ..settings(true) };
    assert_eq!(set(&mut world, &settings)["ready"], false, "no mapping is saved");
    world.command(Command::RefreshFields);
    world.pass(3);
    let definition = json!({ "entries": [
        { "field": "fit", "from": "icp_fit_score", "type": "number" }, { "field": "heat", "from": "intent_trend" },
    ] });
    let saved = world.command(Command::Mapping(Mapping::Put(Action::ScoreSnapshot, definition)));
    assert!(matches!(saved, Some(Answer::Mapping(MappingAnswer::Json(_)))), "{saved:?}");
    world.pass(3);
    assert_eq!(told(&mut world, || Scores::Settings)["ready"], true);
    world
}

#[test]
fn a_run_whose_mapping_is_removed_before_rows_are_matched_once_more_ends_and_says_so() {
    let mut world = mapped(0..3);
    put_all(&mut world, 0..3, 7);
    for _ in 0..3 {
        world.control("POST", "imports/occupy", &json!({ "lasts_ms": 3 * 3_600_000 }));
    }
    let waits = world.until(60 * 4, |world| last(world)["files"][0]["state"] == "running");
    assert!(waits, "{:#}", last(&mut world));
    let id = world.truth_of(COMPANIES).into_keys().next().unwrap();
    world.change(COMPANIES, "archive", json!({ "id": id }));
    let removed = world.command(Command::Mapping(Mapping::Remove(Action::ScoreSnapshot)));
    assert!(matches!(removed, Some(Answer::Mapping(MappingAnswer::Removed))), "{removed:?}");
    let run = ended(&mut world, 1);
    assert_eq!(
        (&run["state"], &run["trouble"]),
        (&json!("failed"), &json!("The field mapping of scores is gone.")),
        "{run:#}"
    );
    assert_eq!((&run["counts"]["sent"], &run["counts"]["failed"]), (&json!(2), &json!(1)), "{run:#}");
    assert_eq!(failures(&mut world, &run)[0]["company_id"], json!(id));
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
fn a_person_begins_a_run_and_takes_accounts_away() {
    let mut world = ready(importing(), 0..3);
    set(&mut world, &settings(false));
    put_all(&mut world, 0..3, 7);
    assert!(matches!(ask(&mut world, || Scores::Remove(id(1))), Told::Done));
    assert!(matches!(ask(&mut world, || Scores::Remove(id(1))), Told::Missing));
    assert_eq!(told(&mut world, || Scores::Get(id(2)))["domain"], "https://www.company-2.com");
    let begun = told(&mut world, || Scores::RunNow { full: false });
    assert_eq!((&begun["asked_by"], &begun["mode"]), (&json!("person"), &json!("full")));
    assert!(matches!(ask(&mut world, || Scores::RunNow { full: false }), Told::Refused { .. }));
    let run = ended(&mut world, 1);
    assert_eq!((&run["counts"]["sent"], with_score(&world, "7")), (&json!(2), 2));
    world.pass(60 * 30);
    assert_eq!(runs(&mut world).len(), 1, "nothing is on");
}

#[test]
fn an_import_that_fails_or_is_more_than_the_account_may_have_is_told() {
    let mut world = ready(importing(), 0..3);
    put_all(&mut world, 0..3, 7);
    for _ in 0..3 {
        world.control("POST", "imports/occupy", &json!({ "lasts_ms": 3 * 3_600_000 }));
    }
    world.until(60 * 4, |world| last(world)["files"][0]["state"] == "running");
    let id = last(&mut world)["files"][0]["import_id"].clone();
    world.control("POST", "imports/fail", &json!({ "id": id }));
    let run = ended(&mut world, 1);
    assert_eq!((&run["state"], &run["counts"]["failed"]), (&json!("failed"), &json!(3)), "{run:#}");
    assert_eq!(run["files"][0]["trouble"], "HubSpot could not use the file.");
    let again = ended(&mut world, 2);
    assert_eq!(
        (&again["mode"], &again["counts"]["sent"]),
        (&json!("full"), &json!(3)),
        "the first is still to be whole"
    );
    let switches = Switches { import_rows_per_day: 2, ..Switches::default() };
    let mut world = ready(Plan { switches, ..importing() }, 0..3);
    put_all(&mut world, 0..3, 7);
    let run = ended(&mut world, 1);
    assert_eq!(run["state"], "failed");
    assert!(starts(&world) < 30, "a quarter of an hour between: {}", starts(&world));
    world.simulator.portal(PORTAL).expect("the account is there");
}

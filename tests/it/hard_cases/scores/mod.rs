//! Scores of accounts, once a night: every row as it was frozen, once, whatever happens between, and what is read again read once.

mod companies;
mod fields;
mod files;
mod refused;

use std::collections::BTreeSet;

use hubspot_simulator::{
    faults::{Fault, Rule},
    portal::PortalSettings,
    route::Endpoint,
};
use serde_json::{Map, Value, json};
use spoke::{
    engine::portal::{
        messages::{Answer, Command},
        scores::{
            Fields, Settings,
            commands::{Answer as Told, Command as Scores, NewAccount},
        },
    },
    values::{
        ids::{AccountId, ObjectType},
        score::{Names, Score},
    },
};

use super::{synced, tiny};
use crate::life::{Plan, World};

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

/// The account's people import three files of their own: ours waits.
fn occupy(world: &mut World, hours: u64) {
    for _ in 0..3 {
        world.control("POST", "imports/occupy", &json!({ "lasts_ms": hours * 3_600_000 }));
    }
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

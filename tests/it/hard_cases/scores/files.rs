//! The files of a run: how each goes, one after the other, once, under the name and with the bytes that it began with.

use hubspot_simulator::{Switches, faults::Fault};
use serde_json::json;
use spoke::{
    engine::portal::scores::{Settings, commands::Command as Scores},
    values::score::{Names, Score},
};

use super::{
    COMPANIES, FIELDS, IMPORT, UPDATE, account, ended, fault, held, importing, imports, last, names, occupy,
    put, put_all, ready, rights, set, settings, starts, told, with_score,
};
use crate::life::{PORTAL, Plan, World};

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

/// Settings that name the same properties, under another label.
fn renamed() -> Settings {
    Settings { names: Names { label: "Panda".to_owned(), ..names() }, ..settings(true) }
}

/// Until a start has left.
fn started(world: &mut World) {
    assert!(world.until(60 * 3, |world| starts(world) == 1), "no import begins: {:#}", last(world));
}

#[test]
fn a_file_that_is_sent_again_has_the_same_bytes() {
    let mut world = ready(importing(), 0..5);
    put_all(&mut world, 0..5, 7);
    fault(&mut world, Fault::NoAnswer { after_commit: false });
    started(&mut world);
    // What the host says and people set meanwhile is the next run's.
    put_all(&mut world, 0..5, 99);
    set(&mut world, &renamed());
    world.restart();
    let run = ended(&mut world, 1);
    assert_eq!((world.uploads.len(), starts(&world)), (2, 2));
    let (media, body) = &world.uploads[0];
    assert_eq!(world.uploads[1], (media.clone(), body.clone()));
    assert_eq!(body.matches(",7,Very High,New,1.5,—\n").count(), 5, "{body}");
    assert_eq!(run["files"][0]["bytes"], body.len());
    assert_eq!((with_score(&world, "7"), with_score(&world, "99")), (5, 0));
}

#[test]
fn a_label_that_is_changed_while_a_start_is_in_doubt_imports_nothing_twice() {
    for lost in [Fault::NoAnswer { after_commit: true }, Fault::Status { status: 502, after_commit: true }] {
        for restarts in [false, true] {
            let mut world = ready(importing(), 0..5);
            put_all(&mut world, 0..5, 7);
            fault(&mut world, lost);
            started(&mut world);
            set(&mut world, &renamed());
            if restarts {
                world.restart();
            }
            let run = ended(&mut world, 1);
            assert_eq!((&run["state"], &run["counts"]["sent"]), (&json!("done"), &json!(5)), "{run:#}");
            assert_eq!((starts(&world), imports(&mut world).len()), (1, 1), "{lost:?} {restarts}: {run:#}");
            put_all(&mut world, 0..5, 8);
            let second = ended(&mut world, 2);
            assert_eq!((&second["mode"], &second["counts"]["sent"]), (&json!("delta"), &json!(5)));
            let all = imports(&mut world);
            let named = |at: usize, label: &str| all[at]["name"].as_str().unwrap().starts_with(label);
            assert!(all.len() == 2 && named(0, "Koala scores ") && named(1, "Panda scores "), "{all:#?}");
        }
    }
}

#[test]
fn a_run_ends_where_it_began_and_properties_that_were_chosen_meanwhile_get_everything() {
    let mut world = ready(importing(), 0..5);
    put_all(&mut world, 0..5, 7);
    fault(&mut world, Fault::NoAnswer { after_commit: false });
    started(&mut world);
    let group = "panda_managed_scores".to_owned();
    let panda = Names { prefix: "panda".to_owned(), group, ..names() };
    set(&mut world, &Settings { names: panda.clone(), ..settings(true) });
    let run = ended(&mut world, 1);
    assert_eq!((&run["state"], &run["counts"]["sent"]), (&json!("done"), &json!(5)), "{run:#}");
    assert_eq!(with_score(&world, "7"), 5);
    told(&mut world, || Scores::Create);
    let made = world.until(10, |world| told(world, || Scores::Settings)["ready"] == true);
    assert!(made, "{}", told(&mut world, || Scores::Settings));
    let second = ended(&mut world, 2);
    assert_eq!((&second["mode"], &second["counts"]["sent"]), (&json!("full"), &json!(5)), "{second:#}");
    let name = panda.of(Score::IntentScore);
    assert!(world.truth_of(COMPANIES).values().all(|values| values[&name] == "7"));
    assert_eq!(ended(&mut world, 3)["mode"], "delta");
}

#[test]
fn three_of_the_accounts_own_imports_are_waited_for() {
    let mut world = ready(importing(), 0..4);
    put_all(&mut world, 0..4, 7);
    occupy(&mut world, 4);
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
fn an_import_that_fails_or_is_more_than_the_account_may_have_is_told() {
    let mut world = ready(importing(), 0..3);
    put_all(&mut world, 0..3, 7);
    occupy(&mut world, 3);
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

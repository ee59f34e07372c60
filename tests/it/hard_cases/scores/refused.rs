//! Rows that HubSpot refuses: each is told with its account, stops no other, and is sent again the next night.

use hubspot_simulator::{Switches, switches::ErrorLine};
use serde_json::{Value, json};
use spoke::{
    console::fill::scores::csv,
    engine::portal::scores::commands::{Answer as Told, Command as Scores},
    values::score::Score,
};

use super::{
    COMPANIES, FIELDS, UPDATE, account, ask, ended, failures, importing, property, put, put_all, ready,
    rights, with_score,
};
use crate::life::Plan;

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
fn refused_rows_are_handed_out_page_by_page_to_the_last() {
    let switches = Switches { import_unknown_error_one_in: 1, ..Switches::default() };
    let mut world = ready(Plan { switches, ..importing() }, 0..25);
    world.deploy("SCORE_FILE_ROWS", "7".to_owned());
    put_all(&mut world, 0..25, 7);
    let run = ended(&mut world, 1);
    assert_eq!((&run["counts"]["failed"], run["files"].as_array().unwrap().len()), (&json!(25), 4));
    let number: i64 = run["id"].as_str().unwrap().parse().unwrap();
    let (mut file, mut rows, mut pages, mut after) = (String::new(), Vec::<Value>::new(), 0, None);
    loop {
        let Told::Errors { results, next } =
            ask(&mut world, || Scores::Errors { run: number, after, limit: 10 })
        else {
            panic!("no errors")
        };
        file.push_str(&csv(&results, pages == 0).expect("refused rows"));
        rows.extend(serde_json::from_str::<Vec<Value>>(&results).unwrap());
        (pages, after) = (pages + 1, next);
        if after.is_none() {
            break;
        }
    }
    let all = failures(&mut world, &run);
    assert_eq!((pages, rows.len()), (3, 25));
    assert_eq!(rows, all);
    let whole = csv(&serde_json::to_string(&all).unwrap(), true).expect("refused rows");
    assert_eq!((file.lines().count(), &file), (26, &whole), "one header, and each row once");
}

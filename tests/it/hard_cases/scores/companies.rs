//! Companies while their scores are on the way: merged, archived, edited, and read once more.

use hubspot_simulator::Switches;
use serde_json::{Value, json};
use spoke::{
    engine::portal::messages::{Answer, Command},
    values::score::Score,
};

use super::{COMPANIES, ended, failures, importing, last, occupy, property, put_all, ready, runs};
use crate::life::{Plan, World};

#[test]
fn a_company_that_became_part_of_another_meanwhile_is_matched_once_more() {
    let mut world = ready(importing(), 0..6);
    put_all(&mut world, 0..5, 7);
    // The run waits behind the account's own imports, and people merge.
    occupy(&mut world, 3);
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
    occupy(&mut world, 3);
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

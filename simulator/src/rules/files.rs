//! Imports: files of rows that change records while time passes.

use serde_json::{Value, json};

use super::{PORTAL, World, ids, text};
use crate::http::Request;
use crate::imports::ImportState;
use crate::objects::rule::ValueRule;
use crate::switches::BlankCell;
use crate::{Change, Endpoint, Fault, PortalSettings, Rule, Switches};

const IMPORTS: &str = "/crm/imports/2026-09";
const COMPANIES: &str = "/crm/objects/2026-09/companies";

/// Mappings of a file whose header is these names: `Record ID` identifies, the others are properties of the same name.
fn mappings(header: &[&str]) -> Value {
    header
        .iter()
        .map(|name| {
            let is_id = *name == "Record ID";
            json!({
                "columnObjectTypeId": "0-2",
                "columnName": name,
                "propertyName": if is_id { "hs_object_id" } else { name },
                "columnType": if is_id { "HUBSPOT_OBJECT_ID" } else { "STANDARD" },
            })
        })
        .collect()
}

fn asked(operation: &str, mappings: &Value) -> Value {
    json!({
        "name": "scores",
        "importOperations": {"0-2": operation},
        "dateFormat": "YEAR_MONTH_DAY",
        "timeZone": "UTC",
        "files": [{"fileName": "scores.csv", "fileFormat": "CSV",
            "fileImportPage": {"hasHeader": true, "columnMappings": mappings}}],
    })
}

fn form(asked: &Value, file_name: &str, file: &[u8]) -> Request {
    let mut body = format!(
        "--frontier\r\nContent-Disposition: form-data; name=\"importRequest\"\r\nContent-Type: application/json\r\n\r\n\
         {asked}\r\n--frontier\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{file_name}\"\r\n\
         Content-Type: text/csv\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--frontier--\r\n");
    Request {
        method: "POST".into(),
        path: IMPORTS.into(),
        headers: vec![
            ("authorization".into(), "Bearer pat-na1-test".into()),
            ("content-type".into(), "multipart/form-data; boundary=frontier".into()),
        ],
        body,
        ..Request::default()
    }
}

fn post(world: &mut World, request: &Request) -> (u16, Value) {
    world.now_ms += 300;
    let answer = world.sim.handle(world.now_ms, request).expect("an answer");
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

/// Sends lines as an update of companies; the import's id.
fn started(world: &mut World, lines: &[String]) -> String {
    let header: Vec<&str> = lines[0].split(',').collect();
    let request = form(&asked("UPDATE", &mappings(&header)), "scores.csv", lines.join("\n").as_bytes());
    let (status, body) = post(world, &request);
    assert_eq!(status, 200, "{body}");
    text(&body["id"])
}

fn state(world: &mut World, id: &str) -> String {
    text(&world.get(&format!("{IMPORTS}/{id}")).1["state"])
}

/// Past its end; its final answer.
fn finished(world: &mut World, id: &str) -> Value {
    world.now_ms += 600_000;
    world.get(&format!("{IMPORTS}/{id}")).1
}

fn errors(world: &mut World, id: &str) -> Vec<(u64, String, Value)> {
    let (status, body) =
        world.get(&format!("{IMPORTS}/{id}/errors?limit=100&includeErrorMessage=true&includeRowData=true"));
    assert_eq!(status, 200, "{body}");
    let own = |own: &Value| {
        (
            own["sourceData"]["lineNumber"].as_u64().expect("a line"),
            text(&own["errorType"]),
            own["knownColumnNumber"].clone(),
        )
    };
    body["results"].as_array().expect("results").iter().map(own).collect()
}

/// An account with so many companies and properties of the kinds that scores have; the ids.
fn scored(count: usize, switches: Switches) -> (World, Vec<u64>) {
    let mut world = World::new(switches);
    let own = |name: &str, own_type: &str, field: &str| json!({"name": name, "label": name, "type": own_type, "fieldType": field, "groupName": "companyinformation"});
    let mut grade = own("grade", "enumeration", "select");
    grade["options"] = json!([{"label": "Grade A", "value": "a", "displayOrder": 0, "hidden": false}]);
    let mut key = own("key", "string", "text");
    key["hasUniqueValue"] = json!(true);
    for body in [own("score", "number", "number"), own("scored_at", "date", "date"), grade, key] {
        assert_eq!(world.post("/crm/properties/2026-09/companies", body).0, 201);
    }
    let ids = world.portal(|portal, turn| {
        let new = |at| portal.create_record(turn, "companies", &[("name", &format!("C{at}"))]).expect("made");
        (0..count).map(new).collect()
    });
    (world, ids)
}

fn values(world: &mut World, id: u64, name: &str) -> Value {
    world.get(&format!("{COMPANIES}/{id}?properties={name}")).1["properties"][name].clone()
}

fn lines(header: &str, rows: &[String]) -> Vec<String> {
    std::iter::once(header.to_owned()).chain(rows.iter().cloned()).collect()
}

#[test]
fn an_import_starts_works_rows_off_and_is_done() {
    let switches = Switches { import_start_ms: 1_000, import_rows_per_second: 10, ..Switches::default() };
    let (mut world, own) = scored(20, switches);
    let rows: Vec<String> = own.iter().map(|id| format!("{id},{},2026-11-20,Grade A", id % 7)).collect();
    let id = started(&mut world, &lines("Record ID,score,scored_at,grade", &rows));
    let before = world.now_ms;
    assert_eq!(state(&mut world, &id), "STARTED");
    world.now_ms = before + 2_000 - 300;
    assert_eq!(state(&mut world, &id), "PROCESSING");
    assert_eq!((values(&mut world, own[0], "score"), values(&mut world, own[19], "score")), {
        (json!((own[0] % 7).to_string()), Value::Null)
    });
    let body = finished(&mut world, &id);
    assert_eq!(body["state"], "DONE");
    let counters = &body["metadata"]["counters"];
    assert_eq!(
        counters,
        &json!({"TOTAL_ROWS": 20, "UPDATED_OBJECTS": 20, "UNIQUE_OBJECTS_WRITTEN": 20, "PROPERTY_VALUES_EMITTED": 60,
            "MAPPED_COLUMNS": 4})
    );
    assert_eq!(values(&mut world, own[19], "scored_at"), "2026-11-20");
    assert_eq!(values(&mut world, own[19], "grade"), "a", "a label stands for its value");
    let read = world.get(&format!("{COMPANIES}/{}", own[19])).1;
    assert!(text(&read["updatedAt"]) > crate::time::iso(before));
    assert_eq!(body["importRequestJson"]["name"], "scores");
    let written = world.portal(|portal, _| portal.writes("companies").count());
    assert_eq!(written, 20, "an import is an app's write");
}

#[test]
fn what_an_import_changes_is_told_with_its_source() {
    let (mut world, own) = scored(2, Switches::default());
    world.sim.changes.watch(PORTAL, true);
    let rows: Vec<String> = own.iter().map(|id| format!("{id},5,2026-11-20")).collect();
    started(&mut world, &lines("Record ID,score,scored_at", &rows));
    world.now_ms += 60_000;
    world.portal(crate::Portal::tick);
    let mut told = 0;
    while let Some(event) = world.sim.changes.take() {
        assert_eq!((event.change_source, event.object_type_id), ("IMPORT", "0-2"));
        told += u32::from(matches!(event.change, Change::PropertyChange { .. }));
    }
    assert_eq!(told, 4);
}

#[test]
fn three_run_and_the_others_wait_behind_them_and_the_customers_own() {
    let (mut world, own) = scored(1, Switches { import_start_ms: 10_000, ..Switches::default() });
    let body = json!({"portal_id": PORTAL, "lasts_ms": 50_000});
    assert_eq!(world.post("/__control/imports/occupy", body).0, 200);
    let file = lines("Record ID,score", &[format!("{},1", own[0])]);
    let all: Vec<String> = (0..4).map(|_| started(&mut world, &file)).collect();
    let states: Vec<String> = all.iter().map(|id| state(&mut world, id)).collect();
    assert_eq!(states, ["STARTED", "STARTED", "DEFERRED", "DEFERRED"]);
    world.now_ms += 12_000;
    let states: Vec<String> = all.iter().map(|id| state(&mut world, id)).collect();
    assert_eq!(states, ["DONE", "DONE", "STARTED", "STARTED"]);
    world.now_ms += 60_000;
    assert_eq!(state(&mut world, &all[3]), "DONE");
    world.portal(|portal, _| assert!(portal.imports().all(|own| own.state == ImportState::Done)));
}

#[test]
fn each_row_that_is_wrong_is_named_and_the_others_are_done() {
    let (mut world, own) = scored(12, Switches::default());
    world.portal(|portal, turn| {
        portal.archive_record(turn, "companies", own[1]).expect("archived");
        portal.edit_record(turn, "companies", own[11], &[("key", "taken")]).expect("edited");
        let rule = vec![ValueRule::Alpha];
        assert!(portal.set_value_rules("companies", "city", rule).expect("a type"));
        portal.merge_records(turn, "companies", own[9], own[10]).expect("merged");
    });
    let id = |at: usize| own[at].to_string();
    let rows = [
        format!("{},5,2026-11-20,a,,k0", id(0)),
        format!("{},5,2026-11-20,a,,", id(1)),
        "999999,5,2026-11-20,a,,".to_owned(),
        "nobody,5,2026-11-20,a,,".to_owned(),
        format!("{},five,2026-11-20,a,,", id(2)),
        format!("{},1e30,2026-11-20,a,,", id(3)),
        format!("{},5,20.11.2026,a,,", id(4)),
        format!("{},5,2026-11-20,z,,", id(5)),
        format!("{},5,2026-11-20,a,B0nn,", id(6)),
        format!("{},5,2026-11-20,a", id(7)),
        format!("{},6,2026-11-20,a,,", id(0)),
        format!("{},5,2026-11-20,a,,k0", id(0)),
        format!("{},5,2026-11-20,a,,taken", id(8)),
        format!("{},5,2026-11-20,a,,", id(9)),
    ];
    let import = started(&mut world, &lines("Record ID,score,scored_at,grade,city,key", &rows));
    let body = finished(&mut world, &import);
    assert_eq!(body["state"], "DONE", "errors of rows do not fail an import");
    let found = errors(&mut world, &import);
    let word = |line: u64, word: &str, column: Value| (line, word.to_owned(), column);
    assert_eq!(
        found,
        [
            word(3, "UPDATE_ONLY_IMPORT", json!(0)),
            word(4, "UPDATE_ONLY_IMPORT", json!(0)),
            word(5, "INVALID_RECORD_ID", json!(0)),
            word(6, "COULD_NOT_PARSE_NUMBER", json!(1)),
            word(7, "INVALID_NUMBER_SIZE", json!(1)),
            word(8, "COULD_NOT_PARSE_DATE", json!(2)),
            word(9, "INVALID_ENUMERATION_OPTION", json!(3)),
            word(10, "INVALID_CUSTOM_PROPERTY_VALIDATION", json!(4)),
            word(11, "INCORRECT_NUMBER_OF_COLUMNS", Value::Null),
            word(12, "DUPLICATE_RECORD_ID", Value::Null),
            word(13, "DUPLICATE_ROW_CONTENT", Value::Null),
            word(14, "DUPLICATE_UNIQUE_PROPERTY_VALUE", Value::Null),
            word(15, "UPDATE_ONLY_IMPORT", json!(0)),
        ]
    );
    assert_eq!(body["metadata"]["counters"]["ERRORS"], 13);
    assert_eq!(body["metadata"]["counters"]["UPDATED_OBJECTS"], 6);
    assert_eq!(values(&mut world, own[2], "scored_at"), "2026-11-20", "the good values of a row are set");
    assert_eq!(values(&mut world, own[8], "score"), Value::Null);
}

#[test]
fn a_row_that_breaks_a_customers_condition_sets_nothing() {
    let (mut world, own) = scored(2, Switches::default());
    let condition = ValueRule::RequiredIf { property: "country".into(), value: "DE".into() };
    world.portal(|portal, _| {
        assert!(portal.set_value_rules("companies", "zip", vec![condition]).expect("a type"));
    });
    let rows = [format!("{},5,DE", own[0]), format!("{},5,FR", own[1])];
    let import = started(&mut world, &lines("Record ID,score,country", &rows));
    finished(&mut world, &import);
    assert_eq!(errors(&mut world, &import), [(2, "MISSING_REQUIRED_PROPERTY".to_owned(), Value::Null)]);
    let both = [values(&mut world, own[0], "score"), values(&mut world, own[1], "score")];
    assert_eq!(both, [Value::Null, json!("5")]);
}

#[test]
fn a_bad_value_drops_its_row_and_a_merged_id_is_followed_by_switch() {
    let switches =
        Switches { import_bad_value_drops_row: true, import_follows_merged: true, ..Switches::default() };
    let (mut world, own) = scored(3, switches);
    let merged =
        world.portal(|portal, turn| portal.merge_records(turn, "companies", own[1], own[2]).expect("merged"));
    let rows = [format!("{},five,2026-11-20", own[0]), format!("{},5,2026-11-20", own[2])];
    let import = started(&mut world, &lines("Record ID,score,scored_at", &rows));
    finished(&mut world, &import);
    assert_eq!(errors(&mut world, &import).len(), 1);
    assert_eq!(values(&mut world, own[0], "scored_at"), Value::Null);
    assert_eq!(values(&mut world, merged, "score"), "5");
}

#[test]
fn an_empty_cell_leaves_the_value_or_clears_it_by_switch() {
    for (blank, left) in [(BlankCell::Ignored, json!("3")), (BlankCell::Clears, Value::Null)] {
        let (mut world, own) = scored(1, Switches { import_blank_cell: blank, ..Switches::default() });
        world.portal(|portal, turn| {
            portal.edit_record(turn, "companies", own[0], &[("score", "3")]).expect("edited");
        });
        let file = lines("Record ID,score,scored_at", &[format!("{},,2026-11-20", own[0])]);
        let import = started(&mut world, &file);
        finished(&mut world, &import);
        assert_eq!(values(&mut world, own[0], "score"), left);
        assert_eq!(values(&mut world, own[0], "scored_at"), "2026-11-20");
    }
}

#[test]
fn a_row_that_changes_nothing_counts_as_modified_by_switch_only() {
    for touches in [false, true] {
        let (mut world, own) =
            scored(1, Switches { import_touches_unchanged: touches, ..Switches::default() });
        let read = |world: &mut World| world.get(&format!("{COMPANIES}/{}", own[0])).1["updatedAt"].clone();
        let file = lines("Record ID,name", &[format!("{},C0", own[0])]);
        let before = read(&mut world);
        let import = started(&mut world, &file);
        assert_eq!(finished(&mut world, &import)["metadata"]["counters"]["UPDATED_OBJECTS"], 1);
        assert_eq!(read(&mut world) != before, touches);
    }
}

#[test]
fn every_column_must_be_mapped_in_the_order_of_the_file_and_known() {
    let (mut world, own) = scored(1, Switches::default());
    let row = format!("{},5,2026-11-20", own[0]);
    let file = format!("Record ID,score,scored_at\n{row}\n");
    for (header, word) in [
        (["Record ID", "score"].as_slice(), "INCORRECT_NUMBER_OF_COLUMNS"),
        (["Record ID", "scored_at", "score"].as_slice(), "INVALID_COLUMN_CONFIGURATION"),
    ] {
        let request = form(&asked("UPDATE", &mappings(header)), "scores.csv", file.as_bytes());
        let id = text(&post(&mut world, &request).1["id"]);
        assert_eq!(finished(&mut world, &id)["state"], "FAILED");
        let found = errors(&mut world, &id);
        assert_eq!((found.len(), found[0].0, found[0].1.as_str()), (1, 0, word));
    }
    assert_eq!(values(&mut world, own[0], "score"), Value::Null);
    let mut other = mappings(&["Record ID", "score", "scored_at"]);
    other[1]["propertyName"] = json!("nobody");
    other[2]["propertyName"] = Value::Null;
    let request = form(&asked("UPDATE", &other), "scores.csv", file.as_bytes());
    let id = text(&post(&mut world, &request).1["id"]);
    let counters = finished(&mut world, &id)["metadata"]["counters"].clone();
    assert_eq!((&counters["MAPPED_COLUMNS"], &counters["UNMAPPED_COLUMNS"]), (&json!(1), &json!(2)));
    assert_eq!(errors(&mut world, &id)[0].1, "PROPERTY_DEFINITION_NOT_FOUND");
}

#[test]
fn what_cannot_be_an_import_is_refused_at_once() {
    let (mut world, own) = scored(1, Switches::default());
    let good = asked("UPDATE", &mappings(&["Record ID", "score"]));
    let file = format!("Record ID,score\n{},5\n", own[0]);
    let refused = |world: &mut World, change: &dyn Fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        post(world, &form(&body, "scores.csv", file.as_bytes())).0
    };
    assert_eq!(refused(&mut world, &|body| body["idColumnType"] = json!("x")), 400);
    assert_eq!(refused(&mut world, &|body| body["name"] = json!("")), 400);
    assert_eq!(refused(&mut world, &|body| body["files"] = json!([])), 400);
    assert_eq!(refused(&mut world, &|body| body["files"][0]["fileName"] = json!("other.csv")), 400);
    assert_eq!(refused(&mut world, &|body| body["files"][0]["fileFormat"] = json!("SPREADSHEET")), 400);
    assert_eq!(refused(&mut world, &|body| body["importOperations"] = json!({"0-1": "UPDATE"})), 400);
    let page = |body: &mut Value| body["files"][0]["fileImportPage"]["columnMappings"] = mappings(&["score"]);
    assert_eq!(refused(&mut world, &page), 400, "nothing identifies the records");
    let none = |body: &mut Value| body["files"][0]["fileImportPage"]["columnMappings"] = json!([]);
    assert_eq!(refused(&mut world, &none), 400);
    assert_eq!(world.post(IMPORTS, good.clone()).0, 415);
    let mut cut = form(&good, "scores.csv", file.as_bytes());
    cut.body.truncate(cut.body.len() - 20);
    assert_eq!(post(&mut world, &cut).0, 400);
    assert_eq!(world.get(IMPORTS).1["results"], json!([]));
}

#[test]
fn too_many_rows_bytes_or_rows_a_day_get_429() {
    let (mut world, own) = scored(1, Switches { import_rows: 3, ..Switches::default() });
    let file = |rows: usize| {
        let rows: Vec<String> = (0..rows).map(|at| format!("{},{at}", own[0])).collect();
        let header = mappings(&["Record ID", "score"]);
        form(&asked("UPDATE", &header), "scores.csv", lines("Record ID,score", &rows).join("\n").as_bytes())
    };
    assert_eq!(post(&mut world, &file(3)).0, 200);
    let (status, body) = post(&mut world, &file(4));
    assert_eq!((status, &body["policyName"]), (429, &Value::Null));
    world.sim.switches.import_rows_per_day = 5;
    assert_eq!(post(&mut world, &file(3)).0, 429);
    world.now_ms += crate::time::DAY_MS;
    assert_eq!(post(&mut world, &file(3)).0, 200);
    world.sim.switches.import_bytes = 100;
    assert_eq!(post(&mut world, &file(1)).0, 429);
}

#[test]
fn errors_and_imports_come_in_pages_and_to_their_own_app_only() {
    let (mut world, own) = scored(1, Switches::default());
    let rows: Vec<String> = (0..25).map(|at| format!("{},1", 900_000 + at)).collect();
    let import = started(&mut world, &lines("Record ID,score", &rows));
    finished(&mut world, &import);
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let (_, page) = world.get(&format!("{IMPORTS}/{import}/errors?limit=10{after}"));
        seen.extend(ids(&page));
        assert_eq!(page["results"][0]["sourceData"]["rowData"], json!([]), "only when asked for");
        assert_eq!(page["results"][0]["errorMessage"], Value::Null, "only when asked for");
        match page["paging"]["next"]["after"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 25);
    let (_, page) = world.get(&format!("{IMPORTS}/{import}/errors?includeRowData=true"));
    assert_eq!(page["results"][0]["sourceData"]["rowData"], json!(["900000", "1"]));
    let file = lines("Record ID,score", &[format!("{},1", own[0])]);
    let newest = started(&mut world, &file);
    let (_, page) = world.get(&format!("{IMPORTS}?limit=1"));
    assert_eq!(ids(&page), [newest.clone()]);
    let after = text(&page["paging"]["next"]["after"]);
    assert_eq!(ids(&world.get(&format!("{IMPORTS}?limit=1&after={after}")).1), [import.clone()]);
    world.sim.add_private_token(PORTAL, "pat-na1-other", &crate::control::ALL_SCOPES);
    let mut other = Request { method: "GET".into(), path: IMPORTS.into(), ..Request::default() };
    other.headers.push(("authorization".into(), "Bearer pat-na1-other".into()));
    assert_eq!(post(&mut world, &other).1["results"], json!([]));
    other.path = format!("{IMPORTS}/{import}");
    assert_eq!(post(&mut world, &other).0, 404);
}

#[test]
fn an_import_can_be_canceled_until_it_ended_and_fail_and_be_undone() {
    let switches = Switches { import_rows_per_second: 1, ..Switches::default() };
    let (mut world, own) = scored(8, switches);
    let rows: Vec<String> = own.iter().map(|id| format!("{id},1")).collect();
    let file = lines("Record ID,score", &rows);
    let import = started(&mut world, &file);
    world.now_ms += 5_000;
    let cancel = format!("{IMPORTS}/{import}/cancel");
    assert_eq!(world.post(&cancel, json!({})).1["status"], "COMPLETE");
    assert_eq!(finished(&mut world, &import)["state"], "CANCELED");
    let done = world.portal(|portal, _| portal.writes("companies").count());
    assert!((1..8).contains(&done), "what was done stays done: {done}");
    assert_eq!(world.post(&cancel, json!({})).0, 400);
    for (call, expected) in [("fail", "FAILED"), ("revert", "REVERTED")] {
        let import = started(&mut world, &file);
        if call == "revert" {
            finished(&mut world, &import);
        }
        let body = json!({"portal_id": PORTAL, "id": import});
        assert_eq!(world.post(&format!("/__control/imports/{call}"), body).1["changed"], true);
        assert_eq!(finished(&mut world, &import)["state"], expected);
    }
}

#[test]
fn a_lost_answer_leaves_an_import_that_is_found_by_its_name() {
    let (mut world, own) = scored(1, Switches::default());
    let file = format!("Record ID,score\n{},5\n", own[0]);
    let request = form(&asked("UPDATE", &mappings(&["Record ID", "score"])), "scores.csv", file.as_bytes());
    for after_commit in [false, true] {
        world.sim.faults.add(Rule::next(1, Fault::NoAnswer { after_commit }).at(Endpoint::ImportCreate));
        assert!(world.sim.handle(world.now_ms, &request).is_none());
        let (_, page) = world.get(IMPORTS);
        assert_eq!(page["results"].as_array().expect("results").len(), usize::from(after_commit));
    }
    assert_eq!(world.get(IMPORTS).1["results"][0]["importName"], "scores");
}

#[test]
fn records_are_found_by_a_unique_value_or_a_domain_and_made_where_the_operation_says_so() {
    let (mut world, own) = scored(3, Switches::default());
    world.portal(|portal, turn| {
        for (id, domain) in own.iter().zip(["one.example", "two.example", "two.example"]) {
            let key = format!("k{id}");
            portal.edit_record(turn, "companies", *id, &[("domain", domain), ("key", &key)]).expect("edited");
        }
    });
    let by = |name: &str| {
        let mut all = mappings(&["id", "score"]);
        all[0]["propertyName"] = json!(name);
        all[0]["columnType"] = json!("HUBSPOT_ALTERNATE_ID");
        all
    };
    let run = |world: &mut World, operation: &str, name: &str, values: &[&str]| {
        let file = values.iter().map(|own| format!("{own},7")).collect::<Vec<_>>().join("\n");
        let request =
            form(&asked(operation, &by(name)), "scores.csv", format!("id,score\n{file}").as_bytes());
        let id = text(&post(world, &request).1["id"]);
        let counters = finished(world, &id)["metadata"]["counters"].clone();
        let words: Vec<String> = errors(world, &id).into_iter().map(|own| own.1).collect();
        (counters, words)
    };
    let (counters, words) =
        run(&mut world, "UPDATE", "domain", &["one.example", "two.example", "three.example"]);
    assert_eq!(words, ["MULTIPLE_COMPANIES_WITH_THIS_DOMAIN", "UPDATE_ONLY_IMPORT"]);
    assert_eq!(counters["UPDATED_OBJECTS"], 1);
    let (counters, words) = run(&mut world, "UPSERT", "domain", &["one.example", "three.example"]);
    assert_eq!(
        (words.len(), &counters["CREATED_OBJECTS"], &counters["UPDATED_OBJECTS"]),
        (0, &json!(1), &json!(1))
    );
    let key = format!("k{}", own[0]);
    assert_eq!(run(&mut world, "CREATE", "key", &[&key]).1, ["CREATE_ONLY_IMPORT"]);
    assert_eq!(run(&mut world, "UPDATE", "key", &[&key]).0["UPDATED_OBJECTS"], 1);
}

#[test]
fn rows_fail_for_no_reason_by_chance() {
    let (mut world, own) = scored(40, Switches { import_unknown_error_one_in: 4, ..Switches::default() });
    let rows: Vec<String> = own.iter().map(|id| format!("{id},1")).collect();
    let import = started(&mut world, &lines("Record ID,score", &rows));
    let counters = finished(&mut world, &import)["metadata"]["counters"].clone();
    let failed = errors(&mut world, &import);
    assert!((1..40).contains(&failed.len()), "{failed:?}");
    assert!(failed.iter().all(|own| own.1 == "UNKNOWN_ERROR"));
    assert_eq!(counters["UPDATED_OBJECTS"], json!(40 - failed.len()));
}

#[test]
fn a_hundred_thousand_rows_are_borne() {
    let settings = PortalSettings { hubspot_properties: Some(30), ..PortalSettings::default() };
    let mut world = World::new(Switches { import_rows_per_second: 50_000, ..Switches::default() });
    world.sim.add_portal(PORTAL, settings);
    let own: Vec<u64> = world.portal(|portal, turn| {
        let new = |_| portal.create_record(turn, "companies", &[("name", "C")]).expect("made");
        (0..2_000).map(new).collect()
    });
    // Each company once, the other rows of nobody: what is tried is the size.
    let rows: Vec<String> = (0..100_000u64)
        .map(|at| format!("{},{at}", own.get(at as usize).copied().unwrap_or(10_000_000 + at)))
        .collect();
    let import = started(&mut world, &lines("Record ID,phone", &rows));
    let body = finished(&mut world, &import);
    let counters = &body["metadata"]["counters"];
    assert_eq!((&body["state"], &counters["TOTAL_ROWS"]), (&json!("DONE"), &json!(100_000)));
    assert_eq!((&counters["UPDATED_OBJECTS"], &counters["ERRORS"]), (&json!(2_000), &json!(98_000)));
}

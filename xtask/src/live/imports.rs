//! Questions about imports: three files that change contacts made for the questions, or nobody.

use hubspot_simulator::{
    Switches,
    switches::{BlankCell, ErrorLine},
};
use serde_json::{Value, json};
use spoke::values::http::{Body, Method, Outcome, Request};

use super::{
    Finding,
    hubspot::HubSpot,
    properties,
    records::Made,
    wire::{NOBODY, VERSION, call, get, json_of, listed, number, read, status, success},
};

/// The switches asked about here.
pub(super) const NAMES: [&str; 9] = [
    "import_start_ms",
    "import_rows_per_second",
    "import_unknown_error_one_in",
    "import_rows",
    "import_blank_cell",
    "import_bad_value_drops_row",
    "import_error_line",
    "import_touches_unchanged",
    "import_follows_merged",
];
/// Longest wait for an import's end.
const PATIENCE_MS: u64 = 180_000;
/// Looks at an import that should not have been taken, a second apart.
const LOOKS: usize = 3;
const ID_COLUMN: &str = "Record ID";
const FILE: &str = "spoke-live.csv";
/// Occurs in no file of these.
const BOUNDARY: &str = "----spoke-live-boundary";
/// States of an import that has not ended.
const OPEN: [&str; 3] = ["STARTED", "DEFERRED", "PROCESSING"];

/// An import of a file of contacts by id, with columns of these properties under their own names. It makes none.
fn import(name: &str, properties: &[&str], rows: &str) -> Request {
    let column = |header: &str, property: &str, kind: &str| json!({ "columnObjectTypeId": "0-1", "columnName": header, "propertyName": property, "columnType": kind });
    let id = column(ID_COLUMN, "hs_object_id", "HUBSPOT_OBJECT_ID");
    let others = properties.iter().map(|own| column(own, own, "STANDARD"));
    let columns: Vec<Value> = std::iter::once(id).chain(others).collect();
    let asked = json!({
        "name": name, "importOperations": { "0-1": "UPDATE" },
        "files": [{
            "fileName": FILE, "fileFormat": "CSV",
            "fileImportPage": { "hasHeader": true, "columnMappings": columns },
        }],
    });
    let header: Vec<&str> = std::iter::once(ID_COLUMN).chain(properties.iter().copied()).collect();
    let parts = [
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"importRequest\"\r\n"),
        format!("Content-Type: application/json\r\n\r\n{asked}\r\n"),
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{FILE}\"\r\n"),
        format!("Content-Type: text/csv\r\n\r\n{}\n", header.join(",")),
        rows.to_owned(),
        format!("\r\n--{BOUNDARY}--\r\n"),
    ];
    Request {
        method: Method::Post,
        path: format!("/crm/imports/{VERSION}"),
        bearer: None,
        body: Body::Multipart { boundary: BOUNDARY.to_owned(), parts: parts.concat() },
    }
}

/// How an import went: no less than, no more than so many milliseconds.
struct Course {
    id: u64,
    /// Until its rows began to be worked off.
    start: (u64, u64),
    /// While they were.
    rows: (u64, u64),
}

fn state(hubspot: &mut dyn HubSpot, id: u64) -> Result<String, String> {
    let import = get(hubspot, format!("/crm/imports/{VERSION}/{id}"))?;
    Ok(import["state"].as_str().unwrap_or("no state").to_owned())
}

/// Carries one to its end.
fn run(hubspot: &mut dyn HubSpot, made: &mut Made, request: Request) -> Result<Course, String> {
    let before = hubspot.now_ms();
    let taken = success(hubspot, request)?;
    let after = hubspot.now_ms();
    let id = number(&json_of(&taken)["id"]).ok_or("an import has no id")?;
    made.imports.push(id);
    // The last moment it surely waited, the first it surely did not, the last it surely was at its rows.
    let (mut waited, mut begun, mut worked) = (None, None, None);
    loop {
        let asked = hubspot.now_ms();
        let state = state(hubspot, id)?;
        let now = hubspot.now_ms();
        match state.as_str() {
            "STARTED" | "DEFERRED" => waited = Some(asked),
            "PROCESSING" => {
                begun.get_or_insert(now);
                worked = Some(asked);
            }
            "DONE" => {
                let begun = begun.unwrap_or(now);
                let least = worked.map_or(0, |at| at.saturating_sub(begun));
                return Ok(Course {
                    id,
                    start: (waited.map_or(0, |at| at.saturating_sub(after)), begun - before),
                    rows: (least, now - waited.unwrap_or(before)),
                });
            }
            other => return Err(format!("the import ended as {other}")),
        }
        if now - before > PATIENCE_MS {
            return Err(format!("the import is {state} after {PATIENCE_MS} ms"));
        }
    }
}

/// What it says of rows it refused: a hundred at most.
fn errors(hubspot: &mut dyn HubSpot, id: u64) -> Result<Vec<Value>, String> {
    let path = format!("/crm/imports/{VERSION}/{id}/errors?limit=100&includeRowData=true");
    Ok(listed(&get(hubspot, path)?, "results").to_vec())
}

/// Asks them: with a contact that has a value of the property made before, and a contact that was merged away and what it became.
pub(super) fn ask(
    hubspot: &mut dyn HubSpot,
    valued: u64,
    merged: Option<(u64, u64)>,
    made: &mut Made,
    found: &mut Vec<Finding>,
) -> Result<(), String> {
    let name = format!("spoke-live-{}", hubspot.now_ms());
    whole_crowd(hubspot, &name, made, found)?;
    found.push(oversize(hubspot, &name, made));
    values(hubspot, &name, valued, merged, made, found)
}

/// A name for each of the crowd.
fn whole_crowd(
    hubspot: &mut dyn HubSpot,
    name: &str,
    made: &mut Made,
    found: &mut Vec<Finding>,
) -> Result<(), String> {
    let assumed = Switches::default();
    let count = made.crowd.len() as u64;
    if count == 0 {
        return Err("there is no crowd".to_owned());
    }
    let rows: Vec<String> = made.crowd.iter().map(|id| format!("{id},Crowd {id}\n")).collect();
    let course = run(hubspot, made, import(&format!("{name} crowd"), &["firstname"], &rows.concat()))?;
    let seen = format!("{count} rows");
    found.push(Finding::span("import_start_ms", course.start, assumed.import_start_ms, &seen));
    let expected = count * 1_000 / assumed.import_rows_per_second;
    found.push(Finding::span("import_rows_per_second", course.rows, expected, &seen));
    let all = errors(hubspot, course.id)?;
    let unknown = all.iter().filter(|error| error["errorType"] == "UNKNOWN_ERROR").count() as u64;
    let one_in = count.checked_div(unknown).unwrap_or_default() as u32;
    let seen = format!("{unknown} of {count} rows");
    let assumed = assumed.import_unknown_error_one_in;
    found.push(Finding::switch("import_unknown_error_one_in", &one_in, &assumed, &seen));
    Ok(())
}

/// One row more than a file may have, all of nobody.
fn oversize(hubspot: &mut dyn HubSpot, name: &str, made: &mut Made) -> Finding {
    const ASKED: &str = "import_rows";
    let most = Switches::default().import_rows;
    let rows = format!("{NOBODY}\n").repeat(most as usize + 1);
    let Outcome::Answered(answer) = hubspot.send(import(&format!("{name} oversize"), &[], &rows)) else {
        return Finding::open_switch(ASKED, "no answer to a file of 18 MB");
    };
    let Some(id) = number(&json_of(&answer)["id"]).filter(|_| answer.status == 200) else {
        let seen = format!("{} rows get status {} (assumed 429)", most + 1, answer.status);
        return Finding::new("switch `import_rows`", answer.status == 429, seen);
    };
    made.imports.push(id);
    let mut last = Ok("nothing".to_owned());
    for _ in 0..LOOKS {
        hubspot.wait_ms(1_000);
        last = state(hubspot, id);
    }
    stop(hubspot, &[id], &mut Vec::new());
    let seen = format!("{} rows are taken (assumed 429), then {last:?}", most + 1);
    Finding::new("switch `import_rows`", false, seen)
}

/// A file with a row for each question. Its header is line 1.
fn values(
    hubspot: &mut dyn HubSpot,
    name: &str,
    valued: u64,
    merged: Option<(u64, u64)>,
    made: &mut Made,
    found: &mut Vec<Finding>,
) -> Result<(), String> {
    const BAD_LINE: u64 = 3;
    let assumed = Switches::default();
    let property = made.property.clone().ok_or("there is no property to import values of")?;
    let [bad, same, ..] = *made.crowd.as_slice() else { return Err("there is no crowd".to_owned()) };
    let of = format!(",firstname,{property}");
    let before = read(hubspot, same, false, &of)?;
    let first_name = before["properties"]["firstname"].as_str().unwrap_or_default().to_owned();
    let mut rows = format!("{valued},Blank,\n{bad},Bad,abc\n{same},{first_name},\n{NOBODY},Nobody,1\n");
    rows.extend(merged.map(|(away, _)| format!("{away},Followed,2\n")));
    let request = import(&format!("{name} values"), &["firstname", &property], &rows);
    let course = run(hubspot, made, request)?;
    let value = |record: &Value| record["properties"][&property].as_str().map(str::to_owned);
    let kept = value(&read(hubspot, valued, false, &of)?);
    let blank =
        if kept.as_deref() == Some(properties::VALUE) { BlankCell::Ignored } else { BlankCell::Clears };
    found.push(Finding::switch("import_blank_cell", &blank, &assumed.import_blank_cell, ""));
    let others = read(hubspot, bad, false, &of)?;
    let drops = others["properties"]["firstname"] != "Bad";
    let seen = "a text for a number";
    found.push(Finding::switch(
        "import_bad_value_drops_row",
        &drops,
        &assumed.import_bad_value_drops_row,
        seen,
    ));
    let after = read(hubspot, same, false, &of)?;
    let touched = before["updatedAt"] != after["updatedAt"];
    found.push(Finding::switch("import_touches_unchanged", &touched, &assumed.import_touches_unchanged, ""));
    let all = errors(hubspot, course.id)?;
    let is_bad =
        |error: &&Value| error["invalidValue"] == "abc" || error["errorType"] == "COULD_NOT_PARSE_NUMBER";
    found.push(match all.iter().find(is_bad) {
        None => Finding::open_switch("import_error_line", "no error names the bad value"),
        Some(error) => {
            let line = number(&error["sourceData"]["lineNumber"]);
            let named = match line {
                Some(BAD_LINE) => ErrorLine::OfFile,
                Some(line) if line + 1 == BAD_LINE => ErrorLine::OfRows,
                _ => ErrorLine::Nowhere,
            };
            let seen = format!("line {line:?} for what stands in line {BAD_LINE}");
            Finding::switch("import_error_line", &named, &assumed.import_error_line, &seen)
        }
    });
    found.push(match merged {
        None => Finding::open_switch("import_follows_merged", "nothing was merged"),
        Some((_, merged)) => {
            let follows = value(&read(hubspot, merged, false, &of)?).as_deref() == Some("2");
            Finding::switch("import_follows_merged", &follows, &assumed.import_follows_merged, "")
        }
    });
    Ok(())
}

/// Cancels what has not ended; notes what goes on all the same.
pub(super) fn stop(hubspot: &mut dyn HubSpot, imports: &[u64], left: &mut Vec<String>) {
    for id in imports {
        let open =
            |state: &Result<String, String>| state.as_ref().is_ok_and(|own| OPEN.contains(&own.as_str()));
        if !open(&state(hubspot, *id)) {
            continue;
        }
        let cancel = call(Method::Post, format!("/crm/imports/{VERSION}/{id}/cancel"), None);
        let status = status(hubspot, cancel);
        if !(200..300).contains(&status) {
            left.push(format!("import {id} (status {status})"));
        }
    }
}

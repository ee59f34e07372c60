//! From what a Portal answers about scores to what the pages show, and to the file of refused rows.

use serde::Deserialize;

use crate::{
    console::{
        connection::ConnectionFrame,
        scores::{
            ErrorLine, FileLine, LeftOutLine, PropertyLine, RunCounts, RunLine, RunView, ScoresForm,
            ScoresView,
        },
    },
    values::{json, time::Timestamp},
};

#[derive(Deserialize)]
struct Settings {
    on: bool,
    hour: u8,
    fields: String,
    prefix: String,
    label: String,
    group: String,
    group_label: String,
    accounts: u64,
    properties: Vec<Property>,
    properties_read_at: Option<String>,
    creating: bool,
    creating_trouble: Option<String>,
    missing_scopes: Vec<String>,
    running: bool,
    next_run_at: Option<String>,
}

#[derive(Deserialize)]
struct Property {
    name: Option<String>,
    state: String,
    detail: Option<String>,
    #[serde(default)]
    label: String,
    #[serde(default, rename = "type")]
    value_type: String,
    #[serde(default)]
    field_type: String,
    #[serde(default)]
    options: Vec<String>,
}

#[derive(Deserialize)]
struct Run {
    id: String,
    mode: String,
    asked_by: String,
    date: String,
    state: String,
    started_at: String,
    duration_ms: i64,
    counts: Counts,
    files: Vec<File>,
    bytes: u64,
    calls: Calls,
    left_out: Vec<LeftOut>,
    trouble: Option<String>,
}

#[derive(Deserialize)]
struct LeftOut {
    property: String,
    why: String,
    values: u64,
}

#[derive(Deserialize)]
struct Counts {
    sent: u64,
    unchanged: u64,
    unmatched: u64,
    doubles: u64,
    unfit: u64,
    failed: u64,
    rematched: u64,
}

#[derive(Deserialize)]
struct Calls {
    imports: u64,
    polls: u64,
    errors: u64,
    updates: u64,
    echo: u64,
}

#[derive(Deserialize)]
struct File {
    number: u64,
    rows: u64,
    why: Option<String>,
    state: String,
    import_id: Option<String>,
    sent: u64,
    failed: u64,
    trouble: Option<String>,
}

#[derive(Deserialize)]
struct Failed {
    file: u64,
    row: u64,
    company_id: String,
    account_id: Option<String>,
    code: String,
    property: Option<String>,
    message: String,
}

fn moment(text: Option<&String>) -> Option<i64> {
    Timestamp::parse_rfc3339(text?).map(|at| at.0)
}

/// The page of settings and runs; `None`: it is not what a Portal answers.
pub fn page(at: ConnectionFrame, settings: &str, runs: &str) -> Option<ScoresView> {
    let told: Settings = json::parse(settings).ok()?;
    let runs: Vec<Run> = json::parse(runs).ok()?;
    let mut troubles: Vec<String> = told.creating_trouble.into_iter().collect();
    if told.on && !told.missing_scopes.is_empty() {
        troubles.push(format!(
            "The connection lacks `{}`: connect the account again and grant it, so that large nights go in files and small ones in few calls.",
            told.missing_scopes.join("` and `")
        ));
    }
    let property = |property: Property| PropertyLine {
        name: property.name.unwrap_or_default(),
        types: if property.value_type.is_empty() {
            String::new()
        } else {
            format!("{} ({})", property.value_type, property.field_type)
        },
        label: property.label,
        options: property.options,
        state: property.state,
        detail: property.detail,
    };
    Some(ScoresView {
        at,
        form: ScoresForm {
            on: told.on,
            hour: told.hour,
            fields: told.fields,
            prefix: told.prefix,
            label: told.label,
            group: told.group,
        },
        accounts: told.accounts,
        properties: told.properties.into_iter().map(property).collect(),
        group_label: told.group_label,
        read_at: moment(told.properties_read_at.as_ref()),
        creating: told.creating,
        troubles,
        next_run_at: moment(told.next_run_at.as_ref()),
        running: told.running,
        runs: runs.iter().map(line).collect(),
        error: None,
    })
}

fn line(run: &Run) -> RunLine {
    let counts = &run.counts;
    RunLine {
        id: run.id.clone(),
        date: run.date.clone(),
        full: run.mode == "full",
        by_person: run.asked_by == "person",
        state: run.state.clone(),
        started_at: moment(Some(&run.started_at)).unwrap_or_default(),
        duration_ms: run.duration_ms,
        counts: RunCounts {
            sent: counts.sent,
            unchanged: counts.unchanged,
            unmatched: counts.unmatched,
            left_out: counts.doubles + counts.unfit,
            failed: counts.failed,
            rematched: counts.rematched,
        },
        trouble: run.trouble.clone(),
    }
}

/// The page of a run, likewise.
pub fn run(at: ConnectionFrame, told: &str, errors: &str) -> Option<RunView> {
    let told: Run = json::parse(told).ok()?;
    let errors: Vec<Failed> = json::parse(errors).ok()?;
    let calls = &told.calls;
    let file = |file: &File| FileLine {
        number: file.number,
        rows: file.rows,
        import_id: file.import_id.clone(),
        why: file.why.clone().unwrap_or_default(),
        state: file.state.clone(),
        sent: file.sent,
        failed: file.failed,
        trouble: file.trouble.clone(),
    };
    let error = |failed: Failed| ErrorLine {
        company_id: failed.company_id,
        account_id: failed.account_id.unwrap_or_default(),
        message: failed.message,
        code: failed.code,
    };
    let left_out = told.left_out.iter().map(|own| LeftOutLine {
        property: own.property.clone(),
        why: own.why.clone(),
        values: own.values,
    });
    Some(RunView {
        at,
        run: line(&told),
        left_out: left_out.collect(),
        files: told.files.iter().map(file).collect(),
        calls: (calls.imports + calls.polls + calls.errors + calls.updates, calls.echo),
        kilobytes: told.bytes.div_ceil(1_000),
        errors: errors.into_iter().map(error).collect(),
    })
}

/// A page of refused rows as a part of a file for spreadsheets, the first with the header; a cell that one would take for a formula is a
/// text.
pub fn csv(errors: &str, is_first: bool) -> Option<String> {
    let errors: Vec<Failed> = json::parse(errors).ok()?;
    let mut file = csv::Writer::from_writer(Vec::new());
    if is_first {
        file.write_record(["account", "company", "file", "row", "code", "property", "message"]).ok()?;
    }
    let plain = |text: String| {
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
    };
    for failed in errors {
        let cells = [
            plain(failed.account_id.unwrap_or_default()),
            failed.company_id,
            failed.file.to_string(),
            failed.row.to_string(),
            plain(failed.code),
            plain(failed.property.unwrap_or_default()),
            failed.message,
        ];
        file.write_record(&cells).ok()?;
    }
    String::from_utf8(file.into_inner().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_of_the_file_is_a_formula() {
        let errors = r#"[{"file":1,"row":2,"company_id":"7","account_id":"-1+1","code":"UNKNOWN_ERROR","property":null,"message":"a \"b\", c"}]"#;
        let expected =
            "account,company,file,row,code,property,message\n'-1+1,7,1,2,UNKNOWN_ERROR,,\"a \"\"b\"\", c\"\n";
        assert_eq!(csv(errors, true).unwrap(), expected);
        assert_eq!(csv(errors, false).as_deref(), expected.split_once('\n').map(|(_, rows)| rows));
        assert_eq!((csv("{}", true), csv("[]", false).as_deref()), (None, Some("")));
    }
}

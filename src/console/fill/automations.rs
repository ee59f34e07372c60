//! From what a Portal answers about automations, lists and runs to what the pages show.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    console::{
        automations::{
            AutomationForm, AutomationLine, AutomationsView, ChosenView, ListForm, ListLine, RunCounts,
            RunLine, RunView, StepLine, Tried,
        },
        connection::ConnectionFrame,
    },
    engine::portal::outbox::actions::Name,
    values::{filter::Fault, json, time::Timestamp},
};

#[derive(Deserialize)]
struct All<T> {
    results: Vec<T>,
}

#[derive(Deserialize)]
struct Automation {
    id: String,
    name: String,
    list: String,
    #[serde(default)]
    list_name: Option<String>,
    #[serde(default = "usual_hours")]
    cool_down_hours: u64,
    #[serde(default)]
    per: String,
    steps: Vec<Value>,
    state: String,
    runs: Counts,
}

const fn usual_hours() -> u64 {
    24
}

#[derive(Deserialize)]
struct Counts {
    open: u64,
    done: u64,
    failed: u64,
    skipped: u64,
}

#[derive(Deserialize)]
struct List {
    id: String,
    name: String,
    filter: Value,
    selects: String,
    trouble: Option<String>,
    automations: Vec<String>,
}

#[derive(Deserialize)]
struct Run {
    id: String,
    automation_name: String,
    list_name: String,
    #[serde(default)]
    signal_name: Option<String>,
    state: String,
    why: Option<String>,
    began_at: String,
    conditions: Vec<Held>,
    company: Chosen,
    contact: Chosen,
    steps: Vec<Step>,
    steps_total: u64,
}

#[derive(Deserialize)]
struct Held {
    condition: String,
    value: Option<String>,
    holds: bool,
}

#[derive(Deserialize)]
struct Chosen {
    record_id: Option<String>,
    reasons: Vec<String>,
}

#[derive(Deserialize)]
struct Step {
    action: String,
    state: String,
    words: Option<String>,
    action_id: Option<String>,
    at: String,
}

fn moment(text: &str) -> i64 {
    Timestamp::parse_rfc3339(text).map_or(0, |at| at.0)
}

/// What an action is called.
fn title(action: &str) -> String {
    let known = Name::ALL.into_iter().find(|name| name.as_str() == action);
    known.map_or_else(|| action.to_owned(), |name| name.words().to_owned())
}

/// A step in words: its action, and what a person would know it by.
fn step_words(step: &Value) -> String {
    let title = title(step["action"].as_str().unwrap_or_default());
    let what = ["subject", "title", "body", "stage", "list"].iter().find_map(|name| step[*name].as_str());
    match what {
        Some(what) => {
            let short: String = what.chars().take(120).collect();
            format!("{title}: {short}")
        }
        None => title,
    }
}

fn line(run: &Run) -> RunLine {
    RunLine {
        id: run.id.clone(),
        automation: run.automation_name.clone(),
        signal: run.signal_name.clone(),
        state: run.state.clone(),
        why: run.why.clone(),
        began_at: moment(&run.began_at),
    }
}

/// The page of all; `None`: it is not what a Portal answers.
pub fn page(at: ConnectionFrame, automations: &str, lists: &str, runs: &str) -> Option<AutomationsView> {
    let automations: All<Automation> = json::parse(automations).ok()?;
    let lists: All<List> = json::parse(lists).ok()?;
    let runs: Vec<Run> = json::parse(runs).ok()?;
    let automation = |one: Automation| AutomationLine {
        id: one.id,
        name: one.name,
        enabled: one.state == "enabled",
        list: one.list_name,
        hours: one.cool_down_hours,
        per_visitor: one.per == "visitor",
        steps: one.steps.iter().map(step_words).collect(),
        counts: RunCounts {
            open: one.runs.open,
            done: one.runs.done,
            failed: one.runs.failed,
            skipped: one.runs.skipped,
        },
    };
    let list = |one: List| ListLine {
        automations: one.automations.len() as u64,
        id: one.id,
        name: one.name,
        selects: one.selects,
        trouble: one.trouble,
    };
    Some(AutomationsView {
        at,
        automations: automations.results.into_iter().map(automation).collect(),
        lists: lists.results.into_iter().map(list).collect(),
        runs: runs.iter().map(line).collect(),
        error: None,
    })
}

/// The page of a run.
pub fn run(at: ConnectionFrame, told: &str) -> Option<RunView> {
    let run: Run = json::parse(told).ok()?;
    let chosen =
        |chosen: &Chosen| ChosenView { record: chosen.record_id.clone(), reasons: chosen.reasons.clone() };
    let step = |step: &Step| StepLine {
        action: title(&step.action),
        state: step.state.clone(),
        words: step.words.clone(),
        action_id: step.action_id.clone(),
        at: moment(&step.at),
    };
    Some(RunView {
        at,
        run: line(&run),
        list: run.list_name.clone(),
        conditions: run
            .conditions
            .iter()
            .map(|one| (one.condition.clone(), one.value.clone(), one.holds))
            .collect(),
        company: chosen(&run.company),
        contact: chosen(&run.contact),
        steps: run.steps.iter().map(step).collect(),
        total: run.steps_total,
    })
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// The form of a list: of one that is there, or with an example of a new one.
pub fn list_form(at: ConnectionFrame, told: Option<&str>) -> Option<ListForm> {
    let list: Option<List> = told.map(json::parse).transpose().ok()?;
    let example = || {
        serde_json::json!({ "and": [
            { "of": "account", "property": "score", "type": "number", "operator": "at_least", "value": 50 },
        ] })
    };
    let (id, name, filter) = match list {
        Some(list) => (Some(list.id), list.name, list.filter),
        None => (None, String::new(), example()),
    };
    Some(ListForm { at, id, name, filter: pretty(&filter), errors: Vec::new(), tried: None })
}

/// The form of an automation, likewise.
pub fn form(at: ConnectionFrame, told: Option<&str>, lists: &str) -> Option<AutomationForm> {
    let lists: All<List> = json::parse(lists).ok()?;
    let one: Option<Automation> = told.map(json::parse).transpose().ok()?;
    let lists: Vec<(String, String)> = lists.results.into_iter().map(|list| (list.id, list.name)).collect();
    let example = || serde_json::json!([{ "action": "create_task", "subject": "Call {{account.name}}" }]);
    let (id, name, list, per_visitor, hours, steps) = match one {
        Some(one) => {
            let per_visitor = one.per == "visitor";
            (Some(one.id), one.name, one.list, per_visitor, one.cool_down_hours, Value::Array(one.steps))
        }
        None => (None, String::new(), String::new(), false, usual_hours(), example()),
    };
    Some(AutomationForm {
        at,
        id,
        name,
        list,
        lists,
        per_visitor,
        hours: hours.to_string(),
        steps: pretty(&steps),
        errors: Vec::new(),
        tried: None,
    })
}

/// What is wrong with a definition, each with its place.
pub fn faults(faults: &[Fault]) -> Vec<String> {
    let one = |fault: &Fault| match fault.path.as_str() {
        "" => fault.detail.clone(),
        path => format!("{} (at {path})", fault.detail),
    };
    faults.iter().map(one).collect()
}

/// What a try of a list came to.
pub fn tried_list(told: &str) -> Option<Tried> {
    #[derive(Deserialize)]
    struct Told {
        selects: String,
        #[serde(default)]
        signals: u64,
        #[serde(default)]
        qualifying: u64,
        #[serde(default)]
        examples: Vec<Example>,
    }
    #[derive(Deserialize)]
    struct Example {
        name: String,
        key: String,
    }
    let told: Told = json::parse(told).ok()?;
    let mut lines = vec![told.selects];
    lines.extend(told.examples.into_iter().map(|one| format!("{} ({})", one.name, one.key)));
    let words = match told.signals {
        0 => "No signal has come yet to try it on.".to_owned(),
        signals => format!("Of the newest {signals} signals {} would qualify.", told.qualifying),
    };
    Some(Tried { words, lines })
}

/// What a try of an automation came to.
pub fn tried(told: &str) -> Option<Tried> {
    #[derive(Deserialize)]
    struct Told {
        qualifies: bool,
        trouble: Option<String>,
        why_not: Option<String>,
        steps: Vec<Step>,
    }
    #[derive(Deserialize)]
    struct Step {
        action: String,
        state: String,
        #[serde(default)]
        words: Option<String>,
    }
    let told: Told = json::parse(told).ok()?;
    let words = match (told.trouble.or(told.why_not), told.qualifies) {
        (Some(why), _) => why,
        (None, true) => "The newest signal qualifies. Nothing was done; this would be:".to_owned(),
        (None, false) => "The newest signal does not qualify. If it did, this would be done:".to_owned(),
    };
    let line = |step: Step| {
        let state = match step.state.as_str() {
            "would_be_asked" => "would be done",
            "skipped" => "would be left out",
            "later" => "decided when the steps before it are done",
            "off" => "switched off for this account",
            "refused" => "would be refused",
            _ => "waits",
        };
        let words = step.words.map(|words| format!(" {words}")).unwrap_or_default();
        format!("{}: {state}.{words}", title(&step.action))
    };
    Some(Tried { words, lines: told.steps.into_iter().map(line).collect() })
}

//! From what a Portal answers about automations, lists and runs to what the pages show.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    console::{
        automations::{
            AutomationLine, AutomationsView, ChosenView, ListLine, RunCounts, RunLine, RunView, StepLine,
        },
        connection::ConnectionFrame,
    },
    engine::portal::outbox::actions::Name,
    values::{json, time::Timestamp},
};

#[derive(Deserialize)]
struct All<T> {
    results: Vec<T>,
}

#[derive(Deserialize)]
struct Automation {
    id: String,
    name: String,
    #[serde(default)]
    list_name: Option<String>,
    #[serde(default = "usual_hours")]
    cool_down_hours: u64,
    #[serde(default)]
    per: String,
    #[serde(default)]
    trouble: Option<String>,
    steps: Vec<Value>,
    state: String,
    runs: Counts,
}

pub(super) const fn usual_hours() -> u64 {
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
    selects: String,
    trouble: Option<String>,
    #[serde(default)]
    waiting: u64,
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
    #[serde(default)]
    before: Vec<Before>,
}

#[derive(Deserialize)]
struct Before {
    at: String,
    state: String,
    words: Option<String>,
}

fn moment(text: &str) -> i64 {
    Timestamp::parse_rfc3339(text).map_or(0, |at| at.0)
}

/// What an action is called.
pub(super) fn title(action: &str) -> String {
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

/// The page of all; `None`: it is not what a Portal answers. `next`: where older runs begin, if there are any; `continued`: the runs are not
/// the newest.
pub fn page(
    at: ConnectionFrame,
    automations: &str,
    lists: &str,
    (runs, next): (&str, Option<i64>),
    continued: bool,
) -> Option<AutomationsView> {
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
        trouble: one.trouble,
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
        waiting: one.waiting,
    };
    Some(AutomationsView {
        at,
        automations: automations.results.into_iter().map(automation).collect(),
        lists: lists.results.into_iter().map(list).collect(),
        runs: runs.iter().map(line).collect(),
        continued,
        before: next,
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
        before: step
            .before
            .iter()
            .map(|was| (moment(&was.at), was.state.clone(), was.words.clone()))
            .collect(),
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

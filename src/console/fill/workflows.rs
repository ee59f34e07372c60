//! From what a Portal answers about workflows and runs to what the pages show.

use serde::Deserialize;
use serde_json::Value;

use super::automations::title;
use crate::{
    console::{
        automations::ChosenView,
        connection::ConnectionFrame,
        workflow_form::FLOW,
        workflow_run::{Explained, Seen, StepSeen, WorkflowRunView},
        workflows::{
            RunCounts, TemplateLine, VersionLine, WorkflowLine, WorkflowRunLine, WorkflowView, WorkflowsView,
        },
    },
    engine::workflow::{Definition, Every, Passage, Span, Step as DefinitionStep, Trigger, Weekday, What},
    values::{filter::Fault, json, time::Timestamp},
};

#[derive(Deserialize)]
struct All<T> {
    results: Vec<T>,
}

#[derive(Deserialize)]
struct Workflow {
    id: String,
    name: String,
    #[serde(default)]
    description: Option<String>,
    definition: Value,
    state: String,
    version: u64,
    #[serde(default)]
    selects: String,
    #[serde(default)]
    selects_again: Option<String>,
    #[serde(default)]
    trouble: Option<String>,
    #[serde(default)]
    runs: Counts,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Counts {
    open: u64,
    done: u64,
    failed: u64,
    stopped: u64,
    skipped: u64,
    cancelled: u64,
    routed: u64,
    not_routed: u64,
}

#[derive(Deserialize)]
struct Template {
    key: String,
    definition: Value,
}

#[derive(Deserialize)]
struct Version {
    #[serde(rename = "version")]
    number: u64,
    current: bool,
    at: String,
    by: String,
    definition: Value,
}

#[derive(Deserialize)]
struct Run {
    id: String,
    #[serde(default)]
    workflow: Option<String>,
    workflow_name: String,
    version: u64,
    state: String,
    began: String,
    began_at: String,
    #[serde(default)]
    ended_at: Option<String>,
    #[serde(default)]
    goes_on_at: Option<String>,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    event: Option<String>,
    #[serde(default)]
    conditions: Vec<Held>,
    #[serde(default)]
    contact: Chosen,
    #[serde(default)]
    company: Chosen,
    #[serde(default)]
    deal: Chosen,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    route: Option<Route>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Tried {
    enters: bool,
    #[serde(default)]
    conditions: Vec<Held>,
    #[serde(default)]
    why_not: Option<String>,
    #[serde(default)]
    contact: Chosen,
    #[serde(default)]
    company: Chosen,
    #[serde(default)]
    deal: Chosen,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    route: Option<Route>,
    #[serde(default)]
    faults: Vec<Fault>,
}

#[derive(Deserialize)]
struct Route {
    route: String,
    #[serde(default)]
    label: Option<String>,
}

#[derive(Deserialize)]
struct Held {
    condition: String,
    value: Option<String>,
    holds: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Chosen {
    record_id: Option<String>,
    reasons: Vec<String>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(rename = "step")]
    id: String,
    #[serde(default)]
    place: Option<String>,
    does: String,
    state: String,
    #[serde(default)]
    words: Option<String>,
    #[serde(default)]
    conditions: Vec<Held>,
    #[serde(default)]
    action_id: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    at: Option<String>,
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

fn seen(held: Vec<Held>) -> Vec<Seen> {
    let one = |held: Held| Seen { words: held.condition, value: held.value, holds: held.holds };
    held.into_iter().map(one).collect()
}

/// What a step does, in words.
fn does(name: &str) -> String {
    let flow = FLOW.into_iter().find(|(own, _)| *own == name);
    flow.map_or_else(|| title(name), |(_, words)| words.to_owned())
}

fn step(step: Step) -> StepSeen {
    StepSeen {
        place: step.place.unwrap_or(step.id),
        title: does(&step.does),
        state: step.state,
        words: step.words,
        conditions: seen(step.conditions),
        action_id: step.action_id,
        until: step.until.as_deref().map(moment),
        at: step.at.as_deref().map(moment),
        before: step.before.into_iter().map(|was| (moment(&was.at), was.state, was.words)).collect(),
    }
}

fn persons(contact: Chosen, company: Chosen, deal: Chosen) -> Vec<(&'static str, String, ChosenView)> {
    let view = |chosen: Chosen| ChosenView { record: chosen.record_id, reasons: chosen.reasons };
    [("Contact", "contacts", contact), ("Company", "companies", company), ("Deal", "deals", deal)]
        .into_iter()
        // Of what nobody asked for there is nothing to say.
        .filter(|(.., chosen)| chosen.record_id.is_some() || !chosen.reasons.is_empty())
        .map(|(title, kind, chosen)| (title, kind.to_owned(), view(chosen)))
        .collect()
}

fn routed(route: &Route) -> String {
    let label = route.label.as_deref().unwrap_or(&route.route);
    format!("It goes to {label} ({}).", route.route)
}

fn plural(count: u32, unit: &str) -> String {
    if count == 1 { format!("1 {}", unit.trim_end_matches('s')) } else { format!("{count} {unit}") }
}

fn span(span: Span) -> String {
    let told = span.to_json();
    plural(span.count, told["unit"].as_str().unwrap_or_default())
}

/// When a workflow begins, in words.
fn begins(trigger: &Trigger, at: &ConnectionFrame) -> String {
    let of = trigger.record().to_string();
    let words = at.words(&of).to_owned();
    match trigger {
        Trigger::Event { event, .. } => format!("Begins with the event {event}, for {words}."),
        Trigger::Change { kinds, properties, .. } => {
            let names = Passage::ALL.into_iter().filter(|(_, kind)| kinds.contains(kind));
            let kinds: Vec<&str> = names.map(|(name, _)| name).collect();
            let of = if properties.is_empty() {
                String::new()
            } else {
                let names: Vec<&str> = properties.iter().map(String::as_str).collect();
                format!(" ({})", names.join(", "))
            };
            format!("Begins when one of the {words} is {}{of}.", kinds.join(" or "))
        }
        Trigger::Schedule { every, .. } => {
            let when = match every {
                Every::Hour => "every hour".to_owned(),
                Every::Day { hour } => format!("every day at {hour:02}:00"),
                Every::Week { weekday, hour } => {
                    let day =
                        Weekday::ALL.into_iter().find(|(_, own)| own == weekday).map_or("", |(name, _)| name);
                    format!("every {day} at {hour:02}:00")
                }
            };
            format!("Begins {when}, for {words}.")
        }
    }
}

/// What a step does, in words, with what a person would know it by.
fn in_words(step: &DefinitionStep) -> String {
    const KNOWN_BY: [&str; 5] = ["subject", "title", "body", "stage", "list"];
    match &step.what {
        What::Act(action) => {
            let title = title(action.action());
            let what = KNOWN_BY.iter().find_map(|name| action.members().get(*name)?.as_str());
            match what {
                Some(what) => format!("{title}: {}", what.chars().take(120).collect::<String>()),
                None => title,
            }
        }
        What::If { .. } => "If it holds".to_owned(),
        What::Wait(own) => format!("Wait {}", span(*own)),
        What::WaitUntil { at_most, .. } => format!("Wait until it holds, {} at most", span(*at_most)),
        What::Stop(words) => format!("Stop: {words}"),
        What::Decide(route) => format!("Decide: {}", route.label.as_deref().unwrap_or(&route.route)),
    }
}

fn steps(all: &[DefinitionStep], depth: usize, told: &mut Vec<(usize, String)>) {
    for step in all {
        told.push((depth, in_words(step)));
        for (branch, inner) in step.inner() {
            if !inner.is_empty() {
                if branch == "else" {
                    told.push((depth, "Otherwise".to_owned()));
                }
                steps(inner, depth + 1, told);
            }
        }
    }
}

fn line(at: &ConnectionFrame, one: Workflow) -> WorkflowLine {
    let definition = Definition::from_value(&one.definition).ok();
    let mut told = Vec::new();
    if let Some(definition) = &definition {
        steps(&definition.steps, 0, &mut told);
    }
    // Of no condition there is nothing to say.
    let asks = definition.as_ref().is_some_and(|own| !own.conditions.conditions().is_empty());
    let again = match (one.definition["enrolment"]["again"].as_str(), one.selects_again) {
        (Some("once"), _) => "Each record goes through it once.".to_owned(),
        (_, Some(words)) => format!("One that has been through it goes again only where {words}."),
        _ => "A record goes through it every time, one at a time.".to_owned(),
    };
    let Counts { open, done, failed, stopped, skipped, cancelled, routed, not_routed } = one.runs;
    WorkflowLine {
        id: one.id,
        name: one.name,
        description: one.description.unwrap_or_default(),
        state: one.state,
        version: one.version,
        begins: definition.map(|own| begins(&own.trigger, at)).unwrap_or_default(),
        selects: if asks { one.selects } else { String::new() },
        again,
        steps: told,
        trouble: one.trouble,
        counts: RunCounts { open, done, failed, routed, nothing: stopped + skipped + cancelled + not_routed },
    }
}

/// The page of all; `None`: it is not what a Portal answers.
pub fn page(at: ConnectionFrame, workflows: &str, templates: &str) -> Option<WorkflowsView> {
    let workflows: All<Workflow> = json::parse(workflows).ok()?;
    let templates: All<Template> = json::parse(templates).ok()?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let template = |one: Template| TemplateLine {
        key: one.key,
        name: text(&one.definition["name"]),
        description: text(&one.definition["description"]),
    };
    Some(WorkflowsView {
        workflows: workflows.results.into_iter().map(|one| line(&at, one)).collect(),
        templates: templates.results.into_iter().map(template).collect(),
        error: None,
        at,
    })
}

/// The definition of a template, by its key.
pub fn template(told: &str, key: &str) -> Option<Value> {
    let all: All<Template> = json::parse(told).ok()?;
    all.results.into_iter().find(|one| one.key == key).map(|one| one.definition)
}

/// The definition of a workflow, and its name.
pub fn definition(told: &str) -> Option<(Value, String)> {
    let one: Workflow = json::parse(told).ok()?;
    Some((one.definition, one.name))
}

fn run_line(run: &Run) -> WorkflowRunLine {
    WorkflowRunLine {
        id: run.id.clone(),
        began: run.began.clone(),
        version: run.version,
        state: run.state.clone(),
        why: run.why.clone(),
        began_at: moment(&run.began_at),
    }
}

/// The page of one. `next`: where older runs begin, if there are any; `continued`: the runs are not the newest.
pub fn one(
    at: ConnectionFrame,
    told: &str,
    versions: &str,
    (runs, next): (&str, Option<i64>),
    continued: bool,
) -> Option<WorkflowView> {
    let workflow: Workflow = json::parse(told).ok()?;
    let versions: All<Version> = json::parse(versions).ok()?;
    let runs: Vec<Run> = json::parse(runs).ok()?;
    let version = |one: Version| VersionLine {
        version: one.number,
        current: one.current,
        at: moment(&one.at),
        by: one.by,
        json: format!("{:#}", one.definition),
    };
    Some(WorkflowView {
        workflow: line(&at, workflow),
        versions: versions.results.into_iter().map(version).collect(),
        runs: runs.iter().map(run_line).collect(),
        continued,
        before: next,
        errors: Vec::new(),
        at,
    })
}

/// The page of a run. `still`: its workflow does nothing at the moment.
pub fn run(at: ConnectionFrame, told: &str, still: bool) -> Option<WorkflowRunView> {
    let run: Run = json::parse(told).ok()?;
    let words = match (run.state.as_str(), &run.route) {
        ("routed", Some(route)) => routed(route),
        _ => "What was done".to_owned(),
    };
    let event = [("Of", Some(run.subject)), ("Event", run.event)];
    let event = event.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Some(WorkflowRunView {
        at,
        event: event.filter(|(_, value)| !value.is_empty()).collect(),
        id: run.id,
        workflow: run.workflow.unwrap_or_default(),
        name: run.workflow_name,
        version: run.version,
        state: run.state,
        began: run.began,
        began_at: moment(&run.began_at),
        ended_at: run.ended_at.as_deref().map(moment),
        due_at: run.goes_on_at.as_deref().map(moment),
        still,
        explained: Explained {
            words,
            why: run.why,
            conditions: seen(run.conditions),
            persons: persons(run.contact, run.company, run.deal),
            steps: run.steps.into_iter().map(step).collect(),
        },
    })
}

/// The workflow that a run is of.
pub fn workflow_of(told: &str) -> Option<String> {
    json::parse::<Run>(told).ok()?.workflow
}

/// Whether a workflow does anything.
pub fn works(told: &str) -> bool {
    json::parse::<Workflow>(told).is_ok_and(|one| one.state == "enabled")
}

/// What trying it came to, and what of it does not fit the account.
pub fn tried(told: &str) -> Option<(Explained, Vec<Fault>)> {
    let tried: Tried = json::parse(told).ok()?;
    let words = match (tried.enters, &tried.why_not, &tried.route) {
        (true, None, Some(route)) => {
            format!("It would go in. {} Nothing was done; this would be:", routed(route))
        }
        (true, None, None) => "It would go in. Nothing was done; this would be:".to_owned(),
        (true, Some(_), _) => {
            "The conditions hold, and it would not go in. If it did, this would be done:".to_owned()
        }
        (false, ..) => "The conditions do not hold. If they did, this would be done:".to_owned(),
    };
    let explained = Explained {
        words,
        why: tried.why_not,
        conditions: seen(tried.conditions),
        persons: persons(tried.contact, tried.company, tried.deal),
        steps: tried.steps.into_iter().map(step).collect(),
    };
    Some((explained, tried.faults))
}

/// What a check found.
pub fn faults(told: &str) -> Option<Vec<Fault>> {
    #[derive(Deserialize)]
    struct Told {
        faults: Vec<Fault>,
    }
    Some(json::parse::<Told>(told).ok()?.faults)
}

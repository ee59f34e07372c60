//! Automations: what is done for signals that qualify, which signals do, and what became of each. Their forms are
//! [`super::automation_form`]'s.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::words::{count, when};

/// Runs on a page: two screens.
pub const RUNS_SHOWN: usize = 25;

/// The automations of a connection, their lists and a page of their runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AutomationsView {
    pub at: ConnectionFrame,
    pub automations: Vec<AutomationLine>,
    pub lists: Vec<ListLine>,
    /// [`RUNS_SHOWN`] at most, the newest first.
    pub runs: Vec<RunLine>,
    /// The runs shown are not the newest.
    pub continued: bool,
    /// The row before which older ones go on, if there are any.
    pub before: Option<i64>,
    /// Why what was asked for was not done.
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AutomationLine {
    pub id: String,
    pub name: String,
    pub enabled: bool,
    /// The name of its list; `None`: the list is gone.
    pub list: Option<String>,
    pub hours: u64,
    /// The cool-down is of a visitor, not of an account.
    pub per_visitor: bool,
    /// Why its list stands still.
    pub trouble: Option<String>,
    /// What it does, in words.
    pub steps: Vec<String>,
    pub counts: RunCounts,
}

/// Runs that are kept, by how they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RunCounts {
    pub open: u64,
    pub done: u64,
    pub failed: u64,
    pub skipped: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListLine {
    pub id: String,
    pub name: String,
    /// The filter in words.
    pub selects: String,
    /// Why it stands still.
    pub trouble: Option<String>,
    /// Signals that wait for it.
    pub waiting: u64,
    /// How many automations are of it.
    pub automations: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunLine {
    pub id: String,
    pub automation: String,
    /// What happened; `None`: the signal is no longer kept.
    pub signal: Option<String>,
    pub state: String,
    pub why: Option<String>,
    pub began_at: i64,
}

/// One run, with everything that explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunView {
    pub at: ConnectionFrame,
    pub run: RunLine,
    pub list: String,
    /// The condition in words, the value that was seen, whether it held.
    pub conditions: Vec<(String, Option<String>, bool)>,
    pub company: ChosenView,
    pub contact: ChosenView,
    pub steps: Vec<StepLine>,
    /// Steps of its definition.
    pub total: u64,
}

/// Which record it was, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ChosenView {
    pub record: Option<String>,
    pub reasons: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepLine {
    /// What it is: `Create task`.
    pub action: String,
    pub state: String,
    pub words: Option<String>,
    /// The action in the outbox.
    pub action_id: Option<String>,
    pub at: i64,
    /// What it had come to before it was tried again: when, how it stood, why.
    pub before: Vec<(i64, String, Option<String>)>,
}

fn badge(class: &str, words: &str) -> Markup {
    html! {
        span class={ "badge badge-soft font-medium whitespace-nowrap " (class) } { span class="size-1.5 rounded-full bg-current" aria-hidden="true" {} (words) }
    }
}

fn run_badge(state: &str) -> Markup {
    match state {
        "done" => badge("badge-success", "Done"),
        "failed" => badge("badge-error", "Failed"),
        "skipped" => badge("badge-neutral", "Nothing done"),
        _ => badge("badge-info", "Under way"),
    }
}

fn step_words(state: &str) -> &'static str {
    match state {
        "done" => "Done",
        "failed" | "refused" => "Failed",
        "unknown" => "Unknown",
        "off" => "Switched off",
        "skipped" => "Left out",
        "cancelled" => "Cancelled",
        "waits" => "Waits",
        _ => "Under way",
    }
}

fn step_badge(state: &str) -> Markup {
    let class = match state {
        "done" => "badge-success",
        "failed" | "refused" => "badge-error",
        "unknown" => "badge-warning",
        "off" | "skipped" | "cancelled" => "badge-neutral",
        _ => "badge-info",
    };
    badge(class, step_words(state))
}

fn alert(class: &str, words: &str) -> Markup {
    html! { div class={ "alert alert-soft mb-6 items-start " (class) } role="alert" { (icon(Icon::Alert)) p { (words) } } }
}

pub fn page(view: &AutomationsView) -> Page {
    let at = &view.at;
    let main = html! {
        (connection::heading(at, Tab::Automations, html! {}))
        @if let Some(error) = &view.error { (alert("alert-error", error)) }
        div class="grid gap-10" { (automations(view)) (lists(view)) (runs(view)) }
    };
    let status = if view.error.is_some() { 409 } else { 200 };
    Page { status, html: connection::document(at, "Automations", false, main) }
}

fn section(id: &str, title: &str, words: &str, end: &Markup, body: &Markup) -> Markup {
    html! {
        section class="min-w-0" aria-labelledby=(id) {
            div class="mb-4 flex flex-wrap items-start justify-between gap-x-6 gap-y-3" {
                div class="min-w-0" {
                    h2 id=(id) class="text-lg font-semibold" { (title) }
                    p class="mt-1 max-w-prose text-sm text-muted" { (words) }
                }
                (end)
            }
            (body)
        }
    }
}

fn nothing(words: &str) -> Markup {
    html! { p class="card border border-base-300 bg-base-100 p-8 text-center text-muted shadow-sm" { (words) } }
}

fn automations(view: &AutomationsView) -> Markup {
    let at = &view.at;
    let words = format!(
        "What {} does in this account by itself for signals that qualify, once for each.",
        at.frame.product
    );
    let new = html! {
        @if at.may_act() && !view.lists.is_empty() { a class="btn btn-sm btn-primary" href=(at.paths().automation(None, "")) { (icon(Icon::Plus)) "New automation" } }
    };
    let body = html! {
        @if view.automations.is_empty() {
            (nothing(if view.lists.is_empty() { "There are none yet. First say below which signals qualify." } else { "There are none yet." }))
        } @else {
            ul class="grid gap-4" { @for line in &view.automations { (automation(at, line)) } }
        }
    };
    section("automations", "Automations", &words, &new, &body)
}

fn standing_still(why: &str) -> Markup {
    html! { p class="mt-2 flex items-start gap-2 text-sm" { span class="text-warning" { (icon(Icon::Alert)) } span class="min-w-0 wrap-anywhere" { (why) } } }
}

fn automation(at: &ConnectionFrame, line: &AutomationLine) -> Markup {
    let paths = at.paths();
    let whom = if line.per_visitor { "visitor" } else { "account" };
    html! {
        li class="card border border-base-300 bg-base-100 p-5 shadow-sm" {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                p class="min-w-0 font-medium wrap-anywhere" {
                    @if at.may_act() { a class="link" href=(paths.automation(Some(&line.id), "edit")) { (line.name) } } @else { (line.name) }
                }
                @if line.enabled { (badge("badge-success", "Enabled")) } @else { (badge("badge-neutral", "Paused")) }
            }
            p class="mt-1 text-sm text-muted" {
                @match &line.list { Some(list) => { "For " (list) } None => { "Its list is gone" } }
                @if line.hours > 0 { ", at most once in " (count(line.hours, "hour", "hours")) " for each " (whom) }
            }
            @if let Some(trouble) = &line.trouble { (standing_still(trouble)) }
            ol class="mt-3 list-inside list-decimal text-sm" { @for step in &line.steps { li class="wrap-anywhere" { (step) } } }
            p class="mt-3 text-sm text-muted" { (counts(line.counts)) }
            @if at.may_act() {
                div class="mt-4 flex flex-wrap gap-2" {
                    form method="post" action=(paths.automation(Some(&line.id), if line.enabled { "pause" } else { "enable" })) {
                        (csrf_field(&at.frame.csrf))
                        button class="btn btn-sm" { @if line.enabled { "Pause" } @else { "Enable" } span class="sr-only" { " " (line.name) } }
                    }
                    a class="btn btn-sm btn-ghost" href=(paths.automation(Some(&line.id), "delete")) { "Delete" span class="sr-only" { " " (line.name) } }
                }
            }
        }
    }
}

fn counts(counts: RunCounts) -> String {
    let RunCounts { open, done, failed, skipped } = counts;
    if open + done + failed + skipped == 0 {
        return "It has not run yet.".to_owned();
    }
    let mut words = vec![count(done, "run is done", "runs are done")];
    for (n, what) in [(open, "under way"), (failed, "failed"), (skipped, "with nothing to do")] {
        if n > 0 {
            words.push(format!("{n} {what}"));
        }
    }
    format!("{}.", words.join(", "))
}

fn lists(view: &AutomationsView) -> Markup {
    let at = &view.at;
    let new = html! {
        @if at.may_act() { a class="btn btn-sm" href=(at.paths().qualifying_list(None, "")) { (icon(Icon::Plus)) "New list" } }
    };
    let body = html! {
        @if view.lists.is_empty() {
            (nothing("There are none yet: no signal qualifies for anything."))
        } @else {
            ul class="grid gap-4" { @for line in &view.lists { (list(at, line)) } }
        }
    };
    let words =
        "Which signals qualify, by what they, the account, the visitor and their records in HubSpot say.";
    section("lists", "Qualifying lists", words, &new, &body)
}

fn list(at: &ConnectionFrame, line: &ListLine) -> Markup {
    let paths = at.paths();
    html! {
        li class="card border border-base-300 bg-base-100 p-5 shadow-sm" {
            p class="font-medium wrap-anywhere" {
                @if at.may_act() { a class="link" href=(paths.qualifying_list(Some(&line.id), "edit")) { (line.name) } } @else { (line.name) }
            }
            p class="mt-1 text-sm text-muted wrap-anywhere" { (line.selects) }
            @if let Some(trouble) = &line.trouble { (standing_still(trouble)) }
            @if line.waiting > 0 { p class="mt-1 text-sm" { (count(line.waiting, "signal waits", "signals wait")) " for it. Nothing is lost." } }
            @if at.may_act() && line.automations == 0 {
                div class="mt-3" { a class="btn btn-sm btn-ghost" href=(paths.qualifying_list(Some(&line.id), "delete")) { "Delete" span class="sr-only" { " " (line.name) } } }
            }
        }
    }
}

fn runs(view: &AutomationsView) -> Markup {
    let at = &view.at;
    let body = html! {
        @if view.runs.is_empty() {
            (nothing(if view.continued { "There are no older runs." } else { "No signal has qualified for an automation yet." }))
        } @else {
            div class="card border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
                table class="rows" role="table" aria-labelledby="runs" {
                    thead role="rowgroup" { tr role="row" { @for words in ["Signal", "Automation", "State", "Began"] { th role="columnheader" scope="col" { (words) } } } }
                    tbody role="rowgroup" {
                        @for run in &view.runs {
                            tr role="row" {
                                th role="rowheader" scope="row" { a class="link wrap-anywhere" href=(at.paths().automation_run(&run.id)) { (run.signal.as_deref().unwrap_or("No longer kept")) } }
                                td role="cell" data-label="Automation" { span class="wrap-anywhere" { (run.automation) } }
                                td role="cell" data-label="State" { (run_badge(&run.state)) }
                                td role="cell" data-label="Began" { (when(at.frame.now_at, run.began_at)) }
                            }
                        }
                    }
                }
            }
        }
        @if view.continued || view.before.is_some() {
            nav class="mt-4 flex flex-wrap items-center gap-3" aria-label="Pages of runs" {
                @if view.continued { a class="btn btn-sm btn-ghost" href=(at.paths().automation_runs(None)) { "Newest" } }
                @if let Some(before) = view.before { a class="btn btn-sm btn-quiet" rel="next" href=(at.paths().automation_runs(Some(before))) { "Older" (icon(Icon::Arrow)) } }
            }
        }
    };
    let title = if view.continued { "Older runs" } else { "Newest runs" };
    section("runs", title, "What became of each signal, and why.", &html! {}, &body)
}

pub fn run(view: &RunView) -> Page {
    let (at, run) = (&view.at, &view.run);
    let paths = at.paths();
    let open = run.state == "open";
    let left = view.total.saturating_sub(view.steps.len() as u64);
    let main = html! {
        (connection::heading(at, Tab::Automations, html! {}))
        p class="mb-3 text-sm" { a class="link" href=(paths.automations()) { "All automations" } }
        div id="live" hx-get=[open.then(|| paths.automation_run(&run.id))] hx-trigger=[open.then_some("every 2s")] hx-select="#live" hx-swap="morph:outerHTML" {
        div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
            div class="min-w-0" {
                h2 class="text-lg font-semibold wrap-anywhere" { (run.signal.as_deref().unwrap_or("A signal that is no longer kept")) }
                p class="mt-1 text-sm text-muted" { (run.automation) " for " (view.list) ", begun " (when(at.frame.now_at, run.began_at)) "." }
            }
            (run_badge(&run.state))
        }
        @if let Some(why) = &run.why { p class="mt-3 max-w-prose" { (why) } }
        div class="mt-8 grid gap-8" {
            section aria-labelledby="steps" {
                h3 id="steps" class="mb-3 font-semibold" { "What was done" }
                @if view.steps.is_empty() { (nothing("Nothing.")) } @else {
                    ol class="grid gap-3" { @for step in &view.steps { (self::step(at, &run.id, step)) } }
                }
                @if left > 0 && open { p class="mt-2 text-sm text-muted" { (count(left, "step follows", "steps follow")) "." } }
            }
            section aria-labelledby="conditions" {
                h3 id="conditions" class="mb-3 font-semibold" { "Why it qualified" }
                @if view.conditions.is_empty() { (nothing("Every signal qualifies.")) } @else {
                    ul class="card grid gap-3 border border-base-300 bg-base-100 p-5 text-sm shadow-sm" {
                        @for (words, value, holds) in &view.conditions {
                            li class="flex items-start gap-2" {
                                span class=(if *holds { "text-success" } else { "text-muted" }) { (icon(if *holds { Icon::Check } else { Icon::Cross })) span class="sr-only" { (if *holds { "holds: " } else { "does not hold: " }) } }
                                span class="min-w-0 wrap-anywhere" { (words) span class="block text-xs text-muted" { @match value { Some(value) => { "It was " (value) } None => { "Nothing was known" } } } }
                            }
                        }
                    }
                }
            }
            section aria-labelledby="records" {
                h3 id="records" class="mb-3 font-semibold" { "Whose it was" }
                div class="grid gap-4 sm:grid-cols-2" {
                    (chosen(at, "Company", "companies", &view.company))
                    (chosen(at, "Contact", "contacts", &view.contact))
                }
            }
        }
        }
    };
    Page { status: 200, html: connection::document(at, "Run", true, main) }
}

fn step(at: &ConnectionFrame, run: &str, step: &StepLine) -> Markup {
    html! {
        li class="card border border-base-300 bg-base-100 p-5 shadow-sm" {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                p class="min-w-0 font-medium" {
                    @match &step.action_id { Some(id) => { a class="link" href=(at.paths().outbox_action(id)) { (step.action) } } None => { (step.action) } }
                }
                (step_badge(&step.state))
            }
            p class="mt-1 text-sm text-muted" { (when(at.frame.now_at, step.at)) }
            @if let Some(words) = &step.words { p class="mt-2 text-sm wrap-anywhere" { (words) } }
            @if !step.before.is_empty() {
                ul class="mt-2 grid gap-1 border-l-2 border-base-300 pl-3 text-sm text-muted" aria-label="Before it was tried again" {
                    @for (when_at, state, words) in step.before.iter().rev() {
                        li class="wrap-anywhere" { (step_words(state)) " before, " (when(at.frame.now_at, *when_at)) @if let Some(words) = words { ": " (words) } }
                    }
                }
            }
            @if at.may_act() && step.state == "failed" && let Some(id) = &step.action_id {
                form class="mt-3" method="post" action=(at.paths().outbox_do(id, "retry")) {
                    (csrf_field(&at.frame.csrf))
                    input type="hidden" name="run" value=(run);
                    button class="btn btn-sm" { "Try again" span class="sr-only" { " " (step.action) } }
                }
            }
        }
    }
}

fn chosen(at: &ConnectionFrame, title: &str, object_type: &str, chosen: &ChosenView) -> Markup {
    html! {
        div class="card border border-base-300 bg-base-100 p-5 text-sm shadow-sm" {
            p class="font-medium" {
                (title) ": "
                @match &chosen.record { Some(id) => { a class="link" href=(at.paths().record(object_type, id)) { (id) } } None => { "none" } }
            }
            @if !chosen.reasons.is_empty() { ul class="mt-2 grid gap-1 text-muted" { @for reason in &chosen.reasons { li class="wrap-anywhere" { (reason) } } } }
        }
    }
}

/// Asks before an automation or a list is deleted. `action`: where to; `words`: what goes with it.
pub fn delete(at: &ConnectionFrame, what: &str, name: &str, words: &str, action: &str) -> Page {
    let main = html! {
        div class="card mx-auto max-w-xl border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" {
            h1 class="text-xl font-semibold tracking-tight" { "Delete this " (what) "?" }
            p class="mt-2 font-medium wrap-anywhere" { (name) }
            p class="mt-4" { (words) }
            form class="mt-7 flex flex-wrap gap-3" method="post" action=(action) {
                (csrf_field(&at.frame.csrf))
                button class="btn btn-error" { "Delete" }
                a class="btn btn-ghost" href=(at.paths().automations()) { "Keep it" }
            }
        }
    };
    Page { status: 200, html: connection::document(at, "Delete", false, main) }
}

//! What a run of a workflow did, and what one would do: why it began, whom it is of, and each step with what it saw.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::automations::ChosenView;
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::words::{planned, when};

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkflowRunView {
    pub at: ConnectionFrame,
    pub id: String,
    /// The workflow's id; empty: it is gone.
    pub workflow: String,
    pub name: String,
    pub version: u64,
    pub state: String,
    /// What began it, in words.
    pub began: String,
    pub began_at: i64,
    pub ended_at: Option<i64>,
    /// When it goes on, if it waits for a moment.
    pub due_at: Option<i64>,
    /// The workflow does nothing meanwhile.
    pub still: bool,
    /// What the event told: names and values.
    pub event: Vec<(String, String)>,
    pub explained: Explained,
}

/// What explains a run, or what one would be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Explained {
    /// What it comes to.
    pub words: String,
    /// Why nothing is done, or why it is over before its end.
    pub why: Option<String>,
    /// What its conditions saw.
    pub conditions: Vec<Seen>,
    /// What it is, its type, and which record was chosen.
    pub persons: Vec<(&'static str, String, ChosenView)>,
    pub steps: Vec<StepSeen>,
}

/// One condition: in words, what it saw, whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    pub words: String,
    pub value: Option<String>,
    pub holds: bool,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct StepSeen {
    /// Ids of the steps that it lies in and its own: `vip/call`.
    pub place: String,
    /// What it does, in words.
    pub title: String,
    pub state: String,
    pub words: Option<String>,
    pub conditions: Vec<Seen>,
    /// The action in the outbox.
    pub action_id: Option<String>,
    pub until: Option<i64>,
    pub at: Option<i64>,
    /// What it had come to before it was tried again: when, how it stood, why.
    pub before: Vec<(i64, String, Option<String>)>,
}

fn badge(class: &str, words: &str) -> Markup {
    html! {
        span class={ "badge badge-soft font-medium whitespace-nowrap " (class) } { span class="size-1.5 rounded-full bg-current" aria-hidden="true" {} (words) }
    }
}

/// How a run stands.
pub fn run_badge(state: &str) -> Markup {
    match state {
        "done" => badge("badge-success", "Done"),
        "failed" => badge("badge-error", "Failed"),
        "skipped" => badge("badge-neutral", "Nothing done"),
        "stopped" => badge("badge-neutral", "Stopped"),
        "cancelled" => badge("badge-neutral", "Cancelled"),
        "routed" => badge("badge-success", "Routed"),
        "not_routed" => badge("badge-neutral", "Not routed"),
        _ => badge("badge-info", "Under way"),
    }
}

/// Whether a run may still do something.
pub fn is_open(state: &str) -> bool {
    matches!(state, "open" | "entering")
}

fn step_words(state: &str) -> &'static str {
    match state {
        "done" => "Done",
        "failed" | "refused" => "Failed",
        "unknown" => "Unknown",
        "off" => "Switched off",
        "skipped" => "Left out",
        "cancelled" => "Cancelled",
        "waits" | "waiting" => "Waits",
        "waited" => "Waited",
        "came_about" => "It came about",
        "too_late" => "Not in time",
        "then" => "It holds",
        "else" => "It does not hold",
        "decided" => "Decided",
        "stopped" => "Stopped",
        "would_be_asked" => "Would be done",
        "later" => "Not known yet",
        _ => "Under way",
    }
}

fn step_badge(state: &str) -> Markup {
    let class = match state {
        "done" | "then" | "came_about" | "decided" | "would_be_asked" => "badge-success",
        "failed" | "refused" => "badge-error",
        "unknown" | "too_late" => "badge-warning",
        "off" | "skipped" | "cancelled" | "else" | "stopped" | "waited" | "later" => "badge-neutral",
        _ => "badge-info",
    };
    badge(class, step_words(state))
}

pub fn page(view: &WorkflowRunView) -> Page {
    let at = &view.at;
    let (paths, now) = (at.paths(), at.frame.now_at);
    let address = paths.workflow_run(&view.id);
    // What waits for days is asked about less often than what is under way.
    let every = match view.due_at {
        _ if !is_open(&view.state) => None,
        Some(due) if due > now + 60_000 => Some("every 30s"),
        _ => Some("every 2s"),
    };
    let main = html! {
        (connection::heading(at, Tab::Workflows, html! {}))
        p class="mb-3 text-sm" {
            @if view.workflow.is_empty() { a class="link" href=(paths.workflows()) { "All workflows" } }
            @else { a class="link wrap-anywhere" href=(paths.workflow(&view.workflow)) { (view.name) } }
        }
        div id="live" hx-get=[every.map(|_| address.as_str())] hx-trigger=[every] hx-select="#live" hx-swap="morph:outerHTML" {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                div class="min-w-0" {
                    h2 class="text-lg font-semibold wrap-anywhere" { (view.began) }
                    p class="mt-1 text-sm text-muted" {
                        (view.name) ", version " (view.version) ", begun " (when(now, view.began_at))
                        @if let Some(ended) = view.ended_at { ", over " (when(now, ended)) } "."
                    }
                }
                (run_badge(&view.state))
            }
            @if is_open(&view.state) && view.still { p class="mt-3 max-w-prose" { "The workflow does nothing at the moment: what is due goes on once it is enabled." } }
            @else if let Some(due) = view.due_at && is_open(&view.state) && due > now { p class="mt-3" { "It goes on " (planned(now, due)) ", or sooner where what it waits for comes about." } }
            (what_may_be_done(view))
            @if !view.event.is_empty() {
                details class="mt-4 text-sm" {
                    summary class="link w-fit" { "What the event told" }
                    dl class="facts mt-2" { @for (name, value) in &view.event { div class="min-w-0" { dt { (name) } dd class="wrap-anywhere" { (value) } } } }
                }
            }
            div class="mt-8" { (explained(at, &view.explained)) }
        }
    };
    Page { status: 200, html: connection::document(at, "Run", true, main) }
}

fn what_may_be_done(view: &WorkflowRunView) -> Markup {
    let (at, paths) = (&view.at, view.at.paths());
    html! {
        @if at.may_act() && (view.state == "failed" || is_open(&view.state)) {
            div class="mt-4 flex flex-wrap gap-2" {
                @if view.state == "failed" {
                    form method="post" action=(paths.workflow_run_action(&view.id, "retry")) { (csrf_field(&at.frame.csrf)) button class="btn btn-sm btn-primary" { "Try again from the step that failed" } }
                } @else {
                    form method="post" action=(paths.workflow_run_action(&view.id, "cancel")) { (csrf_field(&at.frame.csrf)) button class="btn btn-sm" { "Cancel the run" } }
                }
            }
        }
    }
}

/// What explains a run: of one that would be, in the words of what would be.
pub fn explained(at: &ConnectionFrame, view: &Explained) -> Markup {
    let nothing = |words: &str| html! { p class="card border border-base-300 bg-base-100 p-6 text-center text-sm text-muted shadow-sm" { (words) } };
    html! {
        section class="grid min-w-0 gap-6" aria-labelledby="explained" {
            div role="status" {
                h3 id="explained" class="font-semibold" { (view.words) }
                @if let Some(why) = &view.why { p class="mt-1 max-w-prose wrap-anywhere" { (why) } }
            }
            div class="grid min-w-0 gap-3" {
                h4 class="text-sm font-semibold" { "Steps" }
                @if view.steps.is_empty() { (nothing("None.")) } @else { ol class="grid min-w-0 gap-3" { @for step in &view.steps { (self::step(at, step)) } } }
            }
            div class="grid min-w-0 gap-3" {
                h4 class="text-sm font-semibold" { "What its conditions saw" }
                @if view.conditions.is_empty() { (nothing("Nothing is asked of a record.")) }
                @else { div class="card border border-base-300 bg-base-100 p-5 shadow-sm" { (conditions(&view.conditions)) } }
            }
            @if !view.persons.is_empty() {
                div class="grid min-w-0 gap-3" {
                    h4 class="text-sm font-semibold" { "Whom it is of" }
                    div class="grid min-w-0 gap-4 sm:grid-cols-2" { @for (title, kind, chosen) in &view.persons { (self::chosen(at, title, kind, chosen)) } }
                }
            }
        }
    }
}

fn conditions(all: &[Seen]) -> Markup {
    html! {
        ul class="grid gap-2 text-sm" {
            @for seen in all {
                li class="flex items-start gap-2" {
                    span class=(if seen.holds { "text-success" } else { "text-muted" }) { (icon(if seen.holds { Icon::Check } else { Icon::Cross })) span class="sr-only" { (if seen.holds { "holds: " } else { "does not hold: " }) } }
                    span class="min-w-0 wrap-anywhere" {
                        (seen.words) " "
                        span class="text-muted" { @match &seen.value { Some(value) => { "It was " (value) "." } None => "There was no value." } }
                    }
                }
            }
        }
    }
}

fn step(at: &ConnectionFrame, view: &StepSeen) -> Markup {
    let now = at.frame.now_at;
    // A step within others stands further in.
    let depth = match view.place.matches('/').count() {
        0 => "",
        1 => "ml-3 sm:ml-6",
        2 => "ml-6 sm:ml-12",
        3 => "ml-8 sm:ml-16",
        _ => "ml-10 sm:ml-20",
    };
    let failed = matches!(view.state.as_str(), "failed" | "refused");
    html! {
        li class={ "card min-w-0 border bg-base-100 p-4 text-sm shadow-sm " (if failed { "border-error" } else { "border-base-300" }) " " (depth) } {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                p class="min-w-0 wrap-anywhere" {
                    span class="font-medium" {
                        @match &view.action_id { Some(id) => a class="link" href=(at.paths().outbox_action(id)) { (view.title) }, None => (view.title) }
                    }
                    " " code class="text-xs text-muted" { (view.place) }
                }
                (step_badge(&view.state))
            }
            @if let Some(words) = &view.words { p class={ "mt-1 wrap-anywhere" @if failed { " text-error" } } { (words) } }
            @if let Some(until) = view.until {
                @if view.state == "waits" { p class="mt-1 text-muted" { "Goes on " (planned(now, until)) } }
            }
            @if let Some(at) = view.at && view.until.is_none() { p class="mt-1 text-muted" { (when(now, at)) } }
            @if !view.conditions.is_empty() { div class="mt-2" { (conditions(&view.conditions)) } }
            @if !view.before.is_empty() {
                ul class="mt-2 grid gap-1 border-l-2 border-base-300 pl-3 text-muted" aria-label="Before it was tried again" {
                    @for (when_at, state, words) in view.before.iter().rev() {
                        li class="wrap-anywhere" { (step_words(state)) " before, " (when(now, *when_at)) @if let Some(words) = words { ": " (words) } }
                    }
                }
            }
        }
    }
}

fn chosen(at: &ConnectionFrame, title: &str, object_type: &str, chosen: &ChosenView) -> Markup {
    html! {
        div class="card min-w-0 border border-base-300 bg-base-100 p-5 text-sm shadow-sm" {
            p class="font-medium" {
                (title) ": "
                @match &chosen.record { Some(id) => { a class="link" href=(at.paths().record(object_type, id)) { (id) } } None => { "none" } }
            }
            @if !chosen.reasons.is_empty() { ul class="mt-2 grid gap-1 text-muted" { @for reason in &chosen.reasons { li class="wrap-anywhere" { (reason) } } } }
        }
    }
}

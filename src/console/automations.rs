//! Automations: what is done for signals that qualify, which signals do, and what became of each. Definitions are edited as the API takes
//! them: a condition and a step can hold more than a form could show. What is wrong is said with its place, and nothing typed is lost.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::words::{count, when};
use crate::engine::signal::{MAX_COOL_DOWN_HOURS, MAX_STEPS, NAME_CHARS};

/// Runs that the page lists.
pub const RUNS_SHOWN: usize = 25;

/// The automations of a connection, their lists and their newest runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AutomationsView {
    pub at: ConnectionFrame,
    pub automations: Vec<AutomationLine>,
    pub lists: Vec<ListLine>,
    /// The newest [`RUNS_SHOWN`].
    pub runs: Vec<RunLine>,
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
    pub trouble: Option<String>,
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
}

/// The form of a list, as it was last sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListForm {
    pub at: ConnectionFrame,
    /// `None`: a new one.
    pub id: Option<String>,
    pub name: String,
    /// JSON.
    pub filter: String,
    pub errors: Vec<String>,
    pub tried: Option<Tried>,
}

/// The form of an automation, as it was last sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AutomationForm {
    pub at: ConnectionFrame,
    /// `None`: a new one.
    pub id: Option<String>,
    pub name: String,
    pub list: String,
    /// Id and name of each list.
    pub lists: Vec<(String, String)>,
    pub per_visitor: bool,
    pub hours: String,
    /// JSON.
    pub steps: String,
    pub errors: Vec<String>,
    pub tried: Option<Tried>,
}

/// What trying it came to: a sentence, and what explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    pub words: String,
    pub lines: Vec<String>,
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

fn step_badge(state: &str) -> Markup {
    match state {
        "done" => badge("badge-success", "Done"),
        "failed" | "refused" => badge("badge-error", "Failed"),
        "unknown" => badge("badge-warning", "Unknown"),
        "off" => badge("badge-neutral", "Switched off"),
        "skipped" => badge("badge-neutral", "Left out"),
        "cancelled" => badge("badge-neutral", "Cancelled"),
        _ => badge("badge-info", "Under way"),
    }
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
            @if let Some(trouble) = &line.trouble {
                p class="mt-2 flex items-start gap-2 text-sm" { span class="text-warning" { (icon(Icon::Alert)) } span class="min-w-0" { (trouble) } }
            }
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
            (nothing("No signal has qualified for an automation yet."))
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
    };
    section("runs", "Newest runs", "What became of each signal, and why.", &html! {}, &body)
}

pub fn run(view: &RunView) -> Page {
    let (at, run) = (&view.at, &view.run);
    let paths = at.paths();
    let left = view.total.saturating_sub(view.steps.len() as u64);
    let main = html! {
        (connection::heading(at, Tab::Automations, html! {}))
        p class="mb-3 text-sm" { a class="link" href=(paths.automations()) { "All automations" } }
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
                    ol class="grid gap-3" { @for step in &view.steps { (self::step(at, step)) } }
                }
                @if left > 0 && run.state == "open" { p class="mt-2 text-sm text-muted" { (count(left, "step follows", "steps follow")) "." } }
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
    };
    Page { status: 200, html: connection::document(at, "Run", false, main) }
}

fn step(at: &ConnectionFrame, step: &StepLine) -> Markup {
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

fn errors(errors: &[String]) -> Markup {
    html! {
        @if !errors.is_empty() {
            div id="refused" class="alert alert-soft alert-error mb-6 items-start" role="alert" {
                (icon(Icon::Alert))
                ul class="grid gap-1" { @for error in errors { li { (error) } } }
            }
        }
    }
}

fn tried(tried: Option<&Tried>) -> Markup {
    html! {
        @if let Some(tried) = tried {
            div class="alert alert-soft alert-info mt-6 items-start" role="status" {
                (icon(Icon::Info))
                div class="min-w-0" {
                    p { (tried.words) }
                    @if !tried.lines.is_empty() { ul class="mt-2 grid gap-1 text-sm" { @for line in &tried.lines { li class="wrap-anywhere" { (line) } } } }
                }
            }
        }
    }
}

fn name_input(name: &str) -> Markup {
    html! {
        div class="grid gap-1.5" {
            label class="text-sm font-medium" for="name" { "Name" }
            input id="name" class="input w-full" name="name" value=(name) maxlength=(NAME_CHARS) required autocomplete="off";
        }
    }
}

fn json_input(id: &str, label: &str, text: &str, help: &Markup) -> Markup {
    html! {
        div class="grid gap-1.5" {
            label class="text-sm font-medium" for=(id) { (label) }
            textarea id=(id) class="textarea w-full font-mono text-xs" name=(id) rows="14" spellcheck="false" autocomplete="off" required aria-describedby={ (id) "-help" } { "\n" (text) }
            p id={ (id) "-help" } class="text-xs text-muted" { (help) }
        }
    }
}

fn buttons(at: &ConnectionFrame, try_words: &str) -> Markup {
    html! {
        div class="flex flex-wrap gap-3" {
            button class="btn btn-primary" name="do" value="save" { "Save" }
            button class="btn" name="do" value="try" { (try_words) }
            a class="btn btn-ghost" href=(at.paths().automations()) { "Cancel" }
        }
    }
}

pub fn list_form(view: &ListForm) -> Page {
    let at = &view.at;
    let title = if view.id.is_some() { "Qualifying list" } else { "New qualifying list" };
    let help = html! {
        "A condition, or " code { "and" } ", " code { "or" } ", " code { "not" } " of some, as the API takes it. " code { "of" } " says whose field it is: "
        code { "account" } ", " code { "visitor" } ", " code { "company" } " or " code { "contact" } "; without it the signal's own."
    };
    let main = html! {
        (connection::heading(at, Tab::Automations, html! {}))
        h2 class="mb-5 text-lg font-semibold" { (title) }
        (errors(&view.errors))
        form class="card grid max-w-3xl gap-5 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" method="post" action=(at.paths().qualifying_list(view.id.as_deref(), "edit")) {
            (csrf_field(&at.frame.csrf))
            (name_input(&view.name))
            (json_input("filter", "Filter", &view.filter, &help))
            (buttons(at, "Try on the newest signals"))
        }
        (tried(view.tried.as_ref()))
    };
    let status = if view.errors.is_empty() { 200 } else { 400 };
    Page { status, html: connection::document(at, title, false, main) }
}

pub fn form(view: &AutomationForm) -> Page {
    let at = &view.at;
    let title = if view.id.is_some() { "Automation" } else { "New automation" };
    let help = html! {
        "Up to " (MAX_STEPS) " actions in their order, as the API takes them. Texts may name facts: " code { "{{account.name}}" } ", " code { "{{visitor.email}}" } ", " code { "{{now + 2 days}}" } "."
    };
    let main = html! {
        (connection::heading(at, Tab::Automations, html! {}))
        h2 class="mb-5 text-lg font-semibold" { (title) }
        (errors(&view.errors))
        form class="card grid max-w-3xl gap-5 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" method="post" action=(at.paths().automation(view.id.as_deref(), "edit")) {
            (csrf_field(&at.frame.csrf))
            (name_input(&view.name))
            div class="grid gap-1.5" {
                label class="text-sm font-medium" for="list" { "For signals of" }
                select id="list" class="select w-full" name="list" required {
                    @for (id, name) in &view.lists { option value=(id) selected[*id == view.list] { (name) } }
                }
            }
            div class="grid gap-5 sm:grid-cols-2" {
                div class="grid gap-1.5" {
                    label class="text-sm font-medium" for="hours" { "At most once in so many hours" }
                    input id="hours" class="input w-full" type="number" name="hours" min="0" max=(MAX_COOL_DOWN_HOURS) value=(view.hours) required;
                }
                div class="grid gap-1.5" {
                    label class="text-sm font-medium" for="per" { "For each" }
                    select id="per" class="select w-full" name="per" {
                        option value="account" selected[!view.per_visitor] { "account" }
                        option value="visitor" selected[view.per_visitor] { "visitor" }
                    }
                }
            }
            (json_input("steps", "Steps", &view.steps, &help))
            (buttons(at, "Try on the newest signal"))
        }
        (tried(view.tried.as_ref()))
    };
    let status = if view.errors.is_empty() { 200 } else { 400 };
    Page { status, html: connection::document(at, title, false, main) }
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

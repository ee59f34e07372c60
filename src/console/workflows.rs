//! Workflows: what each does when something happens, how it stands, its versions, and what became of each of its runs. The form of one is
//! [`super::workflow_form`]'s, a run [`super::workflow_run`]'s.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::words::{count, when};
use super::workflow_run::run_badge;

/// Runs on a page: two screens.
pub const RUNS_SHOWN: usize = 25;

/// The workflows of a connection, and what one may begin with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkflowsView {
    pub at: ConnectionFrame,
    pub workflows: Vec<WorkflowLine>,
    pub templates: Vec<TemplateLine>,
    /// Why what was asked for was not done.
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct WorkflowLine {
    pub id: String,
    pub name: String,
    pub description: String,
    /// `draft`, `enabled`, `paused` or `held`.
    pub state: String,
    pub version: u64,
    /// When it begins, in words.
    pub begins: String,
    /// What its conditions ask, in words; empty: nothing.
    pub selects: String,
    /// How often one record goes through it, in words.
    pub again: String,
    /// Its steps in words, each with how deep it lies in others.
    pub steps: Vec<(usize, String)>,
    /// What is wrong with it.
    pub trouble: Option<String>,
    pub counts: RunCounts,
}

/// Runs that are kept, by how they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RunCounts {
    pub open: u64,
    pub done: u64,
    pub failed: u64,
    /// Not gone in, stopped or cancelled.
    pub nothing: u64,
    pub routed: u64,
}

/// Something to begin with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateLine {
    pub key: String,
    pub name: String,
    pub description: String,
}

/// One workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkflowView {
    pub at: ConnectionFrame,
    pub workflow: WorkflowLine,
    /// The newest first.
    pub versions: Vec<VersionLine>,
    /// [`RUNS_SHOWN`] at most, the newest first.
    pub runs: Vec<WorkflowRunLine>,
    /// The runs shown are not the newest.
    pub continued: bool,
    /// The row before which older ones go on, if there are any.
    pub before: Option<i64>,
    /// Why what was asked for was not done.
    pub errors: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionLine {
    pub version: u64,
    pub current: bool,
    pub at: i64,
    /// Whoever made it.
    pub by: String,
    pub json: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkflowRunLine {
    pub id: String,
    pub began: String,
    pub version: u64,
    pub state: String,
    pub why: Option<String>,
    pub began_at: i64,
}

fn badge(class: &str, words: &str) -> Markup {
    html! {
        span class={ "badge badge-soft font-medium whitespace-nowrap " (class) } { span class="size-1.5 rounded-full bg-current" aria-hidden="true" {} (words) }
    }
}

fn state_badge(state: &str) -> Markup {
    match state {
        "enabled" => badge("badge-success", "Enabled"),
        "held" => badge("badge-warning", "Stands still"),
        "paused" => badge("badge-neutral", "Paused"),
        _ => badge("badge-neutral", "Draft"),
    }
}

/// Whether it does something, or would.
fn is_on(state: &str) -> bool {
    matches!(state, "enabled" | "held")
}

fn errors<T: AsRef<str>>(errors: &[T]) -> Markup {
    html! {
        @if !errors.is_empty() {
            div class="alert alert-soft alert-error mb-6 items-start" role="alert" {
                (icon(Icon::Alert))
                ul class="grid min-w-0 gap-1" { @for error in errors { li class="wrap-anywhere" { (error.as_ref()) } } }
            }
        }
    }
}

pub fn page(view: &WorkflowsView) -> Page {
    let at = &view.at;
    let main = html! {
        (connection::heading(at, Tab::Workflows, html! {}))
        (errors(view.error.as_slice()))
        div class="grid min-w-0 gap-10" { (workflows(view)) @if at.may_act() { (templates(view)) } }
    };
    let status = if view.error.is_some() { 409 } else { 200 };
    Page { status, html: connection::document(at, "Workflows", false, main) }
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

fn workflows(view: &WorkflowsView) -> Markup {
    let at = &view.at;
    let words = format!(
        "What {} does in this account by itself when something happens, step by step, and where it sends calls and conversations.",
        at.frame.product
    );
    let new = html! {
        @if at.may_act() { a class="btn btn-sm btn-primary" href=(at.paths().new_workflow("")) { (icon(Icon::Plus)) "New workflow" } }
    };
    let body = html! {
        @if view.workflows.is_empty() { (nothing(if at.may_act() { "There are none yet. Begin with one of the templates below." } else { "There are none yet." })) }
        @else { ul class="grid min-w-0 gap-4" { @for line in &view.workflows { (workflow(at, line)) } } }
    };
    section("workflows", "Workflows", &words, &new, &body)
}

fn standing_still(why: &str) -> Markup {
    html! { p class="mt-2 flex items-start gap-2 text-sm" { span class="text-warning" { (icon(Icon::Alert)) } span class="min-w-0 wrap-anywhere" { (why) } } }
}

fn workflow(at: &ConnectionFrame, line: &WorkflowLine) -> Markup {
    let paths = at.paths();
    html! {
        li class="card min-w-0 border border-base-300 bg-base-100 p-5 shadow-sm" {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                p class="min-w-0 font-medium wrap-anywhere" {
                    a class="link" href=(paths.workflow(&line.id)) { (line.name) }
                    span class="ml-2 text-sm font-normal text-muted" { "version " (line.version) }
                }
                (state_badge(&line.state))
            }
            @if !line.description.is_empty() { p class="mt-1 max-w-prose text-sm wrap-anywhere" { (line.description) } }
            p class="mt-1 text-sm text-muted wrap-anywhere" { (line.begins) }
            @if let Some(trouble) = &line.trouble { (standing_still(trouble)) }
            p class="mt-3 text-sm text-muted" { (counts(line.counts)) }
            @if at.may_act() { div class="mt-4 flex flex-wrap gap-2" { (deeds(at, line)) } }
        }
    }
}

/// What can be done with a workflow.
fn deeds(at: &ConnectionFrame, line: &WorkflowLine) -> Markup {
    let paths = at.paths();
    let to = |action: &str| paths.workflow_action(&line.id, action);
    html! {
        form method="post" action=(to(if is_on(&line.state) { "pause" } else { "enable" })) {
            (csrf_field(&at.frame.csrf))
            button class="btn btn-sm" { @if is_on(&line.state) { "Pause" } @else { "Enable" } span class="sr-only" { " " (line.name) } }
        }
        a class="btn btn-sm btn-quiet" href=(to("edit")) { "Edit" span class="sr-only" { " " (line.name) } }
        a class="btn btn-sm btn-ghost" href=(to("delete")) { "Delete" span class="sr-only" { " " (line.name) } }
    }
}

fn counts(counts: RunCounts) -> String {
    let RunCounts { open, done, failed, nothing, routed } = counts;
    if open + done + failed + nothing + routed == 0 {
        return "It has not run yet.".to_owned();
    }
    let mut words = vec![count(done, "run is done", "runs are done")];
    for (n, what) in
        [(routed, "routed"), (open, "under way"), (failed, "failed"), (nothing, "with nothing to do")]
    {
        if n > 0 {
            words.push(format!("{n} {what}"));
        }
    }
    format!("{}.", words.join(", "))
}

fn templates(view: &WorkflowsView) -> Markup {
    let body = html! {
        ul class="grid min-w-0 gap-4 sm:grid-cols-2" {
            @for line in &view.templates {
                li class="card min-w-0 gap-2 border border-base-300 bg-base-100 p-5 text-sm shadow-sm" {
                    p class="font-medium" { (line.name) }
                    p class="text-muted wrap-anywhere" { (line.description) }
                    a class="btn btn-sm btn-quiet mt-auto w-fit" href=(view.at.paths().new_workflow(&line.key)) { "Begin with it" span class="sr-only" { " " (line.name) } }
                }
            }
        }
    };
    section(
        "templates",
        "New from a template",
        "Each works as it is. It is shown first, tried if you like, and does nothing until it is saved and enabled.",
        &html! {},
        &body,
    )
}

/// One workflow, with its versions and runs.
pub fn one(view: &WorkflowView) -> Page {
    let (at, line) = (&view.at, &view.workflow);
    let paths = at.paths();
    let main = html! {
        (connection::heading(at, Tab::Workflows, html! {}))
        (errors(&view.errors))
        p class="mb-3 text-sm" { a class="link" href=(paths.workflows()) { "All workflows" } }
        div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
            div class="min-w-0" {
                h2 class="text-lg font-semibold wrap-anywhere" { (line.name) }
                p class="mt-1 text-sm text-muted" { "Version " (line.version) }
            }
            (state_badge(&line.state))
        }
        @if !line.description.is_empty() { p class="mt-3 max-w-prose wrap-anywhere" { (line.description) } }
        @if let Some(trouble) = &line.trouble { (standing_still(trouble)) }
        @if at.may_act() { div class="mt-4 flex flex-wrap gap-2" { (deeds(at, line)) } }
        div class="mt-8 grid min-w-0 gap-10" { (what_it_does(line)) (runs(view)) (versions(view)) }
    };
    let status = if view.errors.is_empty() { 200 } else { 409 };
    Page { status, html: connection::document(at, &line.name, false, main) }
}

/// How far a line stands in, by how deep its step lies.
const fn indent(depth: usize) -> &'static str {
    match depth {
        0 => "",
        1 => "ml-4",
        2 => "ml-8",
        3 => "ml-12",
        _ => "ml-16",
    }
}

fn what_it_does(line: &WorkflowLine) -> Markup {
    html! {
        section class="min-w-0" aria-labelledby="does" {
            h2 id="does" class="mb-3 text-lg font-semibold" { "What it does" }
            div class="card min-w-0 gap-3 border border-base-300 bg-base-100 p-5 text-sm shadow-sm" {
                p class="wrap-anywhere" { (line.begins) }
                @if !line.selects.is_empty() { p class="wrap-anywhere" { "Only where " (line.selects) "." } }
                p class="wrap-anywhere" { (line.again) }
                ul class="grid gap-1" { @for (depth, words) in &line.steps { li class={ "wrap-anywhere " (indent(*depth)) } { (words) } } }
                p class="text-muted" { (counts(line.counts)) }
            }
        }
    }
}

fn runs(view: &WorkflowView) -> Markup {
    let at = &view.at;
    let id = &view.workflow.id;
    let body = html! {
        @if view.runs.is_empty() {
            (nothing(if view.continued { "There are no older runs." } else { "Nothing has come that begins it." }))
        } @else {
            div class="card border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
                table class="rows" role="table" aria-labelledby="runs" {
                    thead role="rowgroup" { tr role="row" { @for words in ["What began it", "Version", "State", "Began"] { th role="columnheader" scope="col" { (words) } } } }
                    tbody role="rowgroup" {
                        @for run in &view.runs {
                            tr role="row" {
                                th role="rowheader" scope="row" {
                                    a class="link wrap-anywhere" href=(at.paths().workflow_run(&run.id)) { (run.began) }
                                    @if let Some(why) = &run.why { span class="block text-xs font-normal text-muted wrap-anywhere" { (why) } }
                                }
                                td role="cell" data-label="Version" { span { (run.version) } }
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
                @if view.continued { a class="btn btn-sm btn-ghost" href=(at.paths().workflow_runs(id, None)) { "Newest" } }
                @if let Some(before) = view.before { a class="btn btn-sm btn-quiet" rel="next" href=(at.paths().workflow_runs(id, Some(before))) { "Older" (icon(Icon::Arrow)) } }
            }
        }
    };
    let title = if view.continued { "Older runs" } else { "Newest runs" };
    section("runs", title, "What became of each, and why.", &html! {}, &body)
}

fn versions(view: &WorkflowView) -> Markup {
    let (at, id) = (&view.at, &view.workflow.id);
    let body = html! {
        ol class="grid min-w-0 gap-3" {
            @for version in &view.versions {
                li class="card min-w-0 border border-base-300 bg-base-100 p-5 text-sm shadow-sm" {
                    div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                        div class="min-w-0" {
                            p class="font-medium" { "Version " (version.version) @if version.current { " (in use)" } }
                            p class="mt-1 text-muted wrap-anywhere" { "By " (version.by) ", " (when(at.frame.now_at, version.at)) }
                        }
                        @if at.may_act() && !version.current {
                            form method="post" action=(at.paths().restore_workflow(id, version.version)) {
                                (csrf_field(&at.frame.csrf))
                                button class="btn btn-sm" { "Restore" span class="sr-only" { " version " (version.version) } }
                            }
                        }
                    }
                    details class="mt-2" {
                        summary class="link w-fit" { "As JSON" span class="sr-only" { " version " (version.version) } }
                        pre class="mt-2 max-h-96 overflow-auto rounded-field bg-base-200 p-3 text-xs" tabindex="0" role="region" aria-label={ "Version " (version.version) " as JSON" } { (version.json) }
                    }
                }
            }
        }
    };
    let words = "Runs that have begun go on with the version that they began with. What is restored becomes the newest version.";
    section("versions", "Versions", words, &html! {}, &body)
}

/// Asks before a workflow is deleted.
pub fn delete(at: &ConnectionFrame, id: &str, name: &str) -> Page {
    let paths = at.paths();
    let main = html! {
        div class="card mx-auto max-w-xl border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" {
            h1 class="text-xl font-semibold tracking-tight" { "Delete this workflow?" }
            p class="mt-2 font-medium wrap-anywhere" { (name) }
            p class="mt-4" { "Nothing is done by it any more, what is under way ends, and its versions and what is known of its runs go. What it has asked for stays asked for." }
            form class="mt-7 flex flex-wrap gap-3" method="post" action=(paths.workflow_action(id, "delete")) {
                (csrf_field(&at.frame.csrf))
                button class="btn btn-error" { "Delete" }
                a class="btn btn-ghost" href=(paths.workflow(id)) { "Keep it" }
            }
        }
    };
    Page { status: 200, html: connection::document(at, "Delete", false, main) }
}

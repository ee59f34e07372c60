//! The pages of scores: what is written each night and which properties hold it, and what came of each run.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::paths;
use super::words::{capitalised, count, duration, number, planned, when};
use crate::values::score::{GROUP_CHARS, LABEL_CHARS, PREFIX_CHARS};

/// Rows that HubSpot refused which the page of a run shows; the file has all.
pub const ERRORS_SHOWN: usize = 50;

/// Settings, properties and runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScoresView {
    pub at: ConnectionFrame,
    pub form: ScoresForm,
    /// Accounts whose scores the host has sent.
    pub accounts: u64,
    pub properties: Vec<PropertyLine>,
    pub group_label: String,
    /// When HubSpot's fields were read last.
    pub read_at: Option<i64>,
    pub creating: bool,
    /// What went wrong with the properties, or what the connection lacks.
    pub troubles: Vec<String>,
    pub next_run_at: Option<i64>,
    pub running: bool,
    /// The newest first.
    pub runs: Vec<RunLine>,
    /// Why the form was not saved, or what was asked for was not done.
    pub error: Option<String>,
}

/// What the form holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ScoresForm {
    pub on: bool,
    pub hour: u8,
    /// `managed`, `by_hand` or `mapped`.
    pub fields: String,
    pub prefix: String,
    pub label: String,
    pub group: String,
}

/// A property that holds a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PropertyLine {
    pub name: String,
    pub label: String,
    /// `number (number)`.
    pub types: String,
    pub options: Vec<String>,
    /// `ready`, `missing`, `wrong` or `unchecked`.
    pub state: String,
    pub detail: Option<String>,
}

/// What a run came to, in accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RunCounts {
    pub sent: u64,
    pub unchanged: u64,
    pub unmatched: u64,
    /// Accounts that are a company which another is as well, or without a value that a property takes.
    pub left_out: u64,
    pub failed: u64,
    pub rematched: u64,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunLine {
    pub id: String,
    pub date: String,
    pub full: bool,
    pub by_person: bool,
    /// `matching`, `sending`, `rematching`, `done` or `failed`.
    pub state: String,
    pub started_at: i64,
    pub duration_ms: i64,
    pub counts: RunCounts,
    pub trouble: Option<String>,
}

/// One run with its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunView {
    pub at: ConnectionFrame,
    pub run: RunLine,
    pub files: Vec<FileLine>,
    /// Calls to HubSpot: for what was written, and for reading it again.
    pub calls: (u64, u64),
    pub kilobytes: u64,
    pub left_out: Vec<LeftOutLine>,
    /// The first [`ERRORS_SHOWN`].
    pub errors: Vec<ErrorLine>,
}

/// A file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileLine {
    pub number: u64,
    pub rows: u64,
    /// HubSpot's number of the import.
    pub import_id: Option<String>,
    pub why: String,
    pub state: String,
    pub sent: u64,
    pub failed: u64,
    pub trouble: Option<String>,
}

/// Values that a property could not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOutLine {
    pub property: String,
    /// Of the first of them.
    pub why: String,
    pub values: u64,
}

/// A row that HubSpot refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorLine {
    pub company_id: String,
    /// Empty: the account has been removed.
    pub account_id: String,
    pub message: String,
    /// HubSpot's word.
    pub code: String,
}

/// What the chart is drawn from.
#[derive(Serialize)]
struct Chart<'a> {
    labels: Vec<&'a str>,
    series: Vec<Series>,
}

#[derive(Serialize)]
struct Series {
    label: &'static str,
    data: Vec<u64>,
}

fn badge(state: &str) -> Markup {
    let (class, words) = match state {
        "done" => ("badge-success", "Done"),
        "failed" => ("badge-warning", "Needs attention"),
        "matching" => ("badge-info", "Matching accounts"),
        "rematching" => ("badge-info", "Matching once more"),
        "ready" => ("badge-success", "Ready"),
        "missing" => ("badge-warning", "Missing"),
        "wrong" => ("badge-warning", "Does not fit"),
        "unchecked" => ("badge-neutral", "Not checked"),
        "waiting" => ("badge-neutral", "Waiting"),
        "reading" => ("badge-info", "Reading again"),
        _ => ("badge-info", "Sending"),
    };
    html! {
        span class={ "badge badge-soft font-medium whitespace-nowrap " (class) } { span class="size-1.5 rounded-full bg-current" aria-hidden="true" {} (words) }
    }
}

pub fn page(view: &ScoresView) -> Page {
    let at = &view.at;
    let main = html! {
        (connection::heading(at, Tab::Scores, html! {}))
        @if let Some(error) = &view.error {
            div id="refused" class="alert alert-soft alert-error mb-6 items-start" role="alert" { (icon(Icon::Alert)) p { (error) } }
        }
        div class="grid gap-8" {
            (runs(view))
            div class="grid items-start gap-6 lg:grid-cols-[2fr_3fr]" { (settings(view)) (properties(view)) }
        }
        script src="/assets/chart.umd.js" defer {}
        script src="/assets/charts.js" defer {}
    };
    let status = if view.error.is_some() { 400 } else { 200 };
    Page { status, html: connection::document(at, "Scores", false, main) }
}

fn runs(view: &ScoresView) -> Markup {
    let (at, now_at) = (&view.at, view.at.frame.now_at);
    let product = &at.frame.product;
    html! {
        section class="min-w-0" aria-labelledby="runs" {
            div class="mb-3 flex flex-wrap items-start justify-between gap-x-6 gap-y-3" {
                div class="min-w-0" {
                    h2 id="runs" class="text-lg font-semibold" { "Nightly scores" }
                    p class="mt-1 max-w-prose text-sm text-muted" {
                        (product) " knows the scores of " (count(view.accounts, "account", "accounts")) ". "
                        @if view.running { "A run is under way." }
                        @else if let Some(at) = view.next_run_at { "The next run begins " (planned(now_at, at)) "." }
                        @else { "There is no run until they are switched on." }
                    }
                }
                @if at.may_act() && !view.running {
                    form class="flex flex-wrap gap-2" method="post" action=(at.paths().scores()) {
                        (csrf_field(&at.frame.csrf))
                        button class="btn btn-sm" name="do" value="run" { "Run now" }
                        button class="btn btn-sm btn-ghost" name="do" value="run-full" { "Send everything again" }
                    }
                }
            }
            @if view.runs.is_empty() {
                p class="card border border-base-300 bg-base-100 p-8 text-center text-muted shadow-sm" { "There has been no run yet." }
            } @else {
                div class="card min-w-0 border border-base-300 bg-base-100 p-5 shadow-sm" {
                    div class="relative h-56 overflow-hidden" { canvas id="chart" role="img" aria-label="Accounts of each run by what became of them; the table below has the figures" {} }
                    div id="chart-data" hidden data-chart=(chart(view)) {}
                }
                div class="card mt-4 border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
                    table class="rows" role="table" aria-label="Runs" {
                        thead role="rowgroup" { tr role="row" {
                            @for words in ["Run", "State", "Sent", "Unchanged", "No company", "Refused", "Took"] { th role="columnheader" scope="col" { (words) } }
                        } }
                        tbody role="rowgroup" { @for run in &view.runs { (line(at, run)) } }
                    }
                }
            }
        }
    }
}

fn line(at: &ConnectionFrame, run: &RunLine) -> Markup {
    let figure = |label: &str, value: u64| {
        html! { td role="cell" data-label=(label) { span class={ "tabular-nums " (if value > 0 { "" } else { "text-muted" }) } { (number(value)) } } }
    };
    html! {
        tr role="row" {
            th role="rowheader" scope="row" {
                a class="link" href=(at.paths().score_run(&run.id)) { (run.date) span class="sr-only" { ", run " (run.id) } }
                span class="block text-xs font-normal text-muted" { (kind(run)) }
            }
            td role="cell" data-label="State" { (badge(&run.state)) }
            (figure("Sent", run.counts.sent))
            (figure("Unchanged", run.counts.unchanged))
            (figure("No company", run.counts.unmatched))
            (figure("Refused", run.counts.failed))
            td role="cell" data-label="Took" { span class="whitespace-nowrap" { (duration(run.duration_ms)) } }
        }
    }
}

fn kind(run: &RunLine) -> &'static str {
    match (run.full, run.by_person) {
        (true, true) => "everything, asked for",
        (true, false) => "everything",
        (false, true) => "what differs, asked for",
        (false, false) => "what differs",
    }
}

fn chart(view: &ScoresView) -> String {
    let runs = || view.runs.iter().rev();
    let series = |label, of: fn(&RunCounts) -> u64| Series {
        label,
        data: runs().map(|run| of(&run.counts)).collect(),
    };
    let chart = Chart {
        labels: runs().map(|run| run.date.as_str()).collect(),
        series: vec![
            series("Sent", |counts| counts.sent),
            series("No company", |counts| counts.unmatched + counts.left_out),
            series("Unchanged", |counts| counts.unchanged),
            series("Refused", |counts| counts.failed),
        ],
    };
    serde_json::to_string(&chart).expect("texts and numbers are JSON")
}

fn settings(view: &ScoresView) -> Markup {
    let (at, form) = (&view.at, &view.form);
    let acts = at.may_act();
    let text = |name: &str, words: &str, value: &str, most: usize, help: &str| {
        html! {
            div class="grid gap-1.5" {
                label class="text-sm font-medium" for=(name) { (words) }
                input id=(name) class="input w-full" name=(name) value=(value) maxlength=(most) required disabled[!acts] autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby={ (name) "-help" };
                p id={ (name) "-help" } class="text-xs text-muted" { (help) }
            }
        }
    };
    html! {
        section class="card border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="settings" {
            h2 id="settings" class="font-semibold" { "Settings" }
            form class="mt-4 grid gap-4" method="post" action=(at.paths().scores()) {
                (csrf_field(&at.frame.csrf))
                label class="flex items-center gap-3 text-sm" {
                    input type="checkbox" class="toggle toggle-primary" name="on" value="yes" checked[form.on] disabled[!acts];
                    "Write scores to companies each night"
                }
                div class="grid gap-1.5" {
                    label class="text-sm font-medium" for="hour" { "Hour" }
                    select id="hour" class="select w-full" name="hour" disabled[!acts] aria-describedby="hour-help" {
                        @for hour in 0..24_u8 { option value=(hour) selected[hour == form.hour] { (format!("{hour:02}:00")) } }
                    }
                    p id="hour-help" class="text-xs text-muted" { "By the clock of the HubSpot account." }
                }
                fieldset class="grid gap-2" {
                    legend class="mb-1 text-sm font-medium" { "Where they are written" }
                    @for (value, words, help) in [
                        ("managed", "Properties that are created here", "A group of five, made in HubSpot when you press the button."),
                        ("by_hand", "The same properties, made by you", "The definitions are shown here; press the button to have them checked."),
                        ("mapped", "Properties of your own", "Chosen on the page of mappings, under Write scores to a company."),
                    ] {
                        label class="flex items-start gap-3 text-sm" {
                            input type="radio" class="radio radio-sm mt-0.5" name="fields" value=(value) checked[form.fields == value] disabled[!acts];
                            span { span class="block" { (words) } span class="block text-xs text-muted" { (help) } }
                        }
                    }
                }
                @if form.fields == "mapped" {
                    input type="hidden" name="prefix" value=(form.prefix);
                    input type="hidden" name="label" value=(form.label);
                    input type="hidden" name="group" value=(form.group);
                } @else {
                    (text("label", "Word before each label", &form.label, LABEL_CHARS, "As people in HubSpot read it."))
                    (text("prefix", "Prefix of each name", &form.prefix, PREFIX_CHARS, "Lower-case letters, digits and underscores. HubSpot's names cannot be changed later."))
                    (text("group", "Name of the group", &form.group, GROUP_CHARS, "Likewise."))
                }
                @if acts { div { button class="btn btn-primary" name="do" value="save" { "Save" } } }
            }
        }
    }
}

fn properties(view: &ScoresView) -> Markup {
    let at = &view.at;
    html! {
        section class="card min-w-0 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="properties" {
            h2 id="properties" class="font-semibold" { "Properties of companies" }
            p class="mt-1 text-sm text-muted" {
                @if view.form.fields == "mapped" { a class="link" href=(at.paths().mapping("score_snapshot")) { "Which field takes which score" } ". " }
                @else { "In the group " (view.group_label) " (" code { (view.form.group) } "). " }
                @if let Some(read_at) = view.read_at { "HubSpot's fields were read " (when(at.frame.now_at, read_at)) "." }
            }
            @for trouble in &view.troubles {
                p class="alert alert-soft alert-warning mt-4 items-start" { (icon(Icon::Alert)) span class="min-w-0 wrap-anywhere" { (trouble) } }
            }
            ul class="mt-4 grid gap-3" {
                @for property in &view.properties {
                    li class="border-t border-base-300 pt-3" {
                        div class="flex flex-wrap items-start justify-between gap-x-4 gap-y-1" {
                            p class="min-w-0 font-medium wrap-anywhere" { (if property.label.is_empty() { &property.name } else { &property.label }) }
                            (badge(&property.state))
                        }
                        @if !property.label.is_empty() { p class="text-sm text-muted wrap-anywhere" { code { (property.name) } " · " (property.types) } }
                        @if !property.options.is_empty() { p class="text-sm text-muted" { (property.options.join(", ")) } }
                        @if let Some(detail) = &property.detail { p class="mt-1 text-sm wrap-anywhere" { (detail) } }
                    }
                }
            }
            @if at.may_act() {
                form class="mt-4 flex flex-wrap gap-2" method="post" action=(at.paths().scores()) {
                    (csrf_field(&at.frame.csrf))
                    @if view.form.fields == "managed" && view.properties.iter().any(|property| property.state == "missing") {
                        button class="btn btn-sm btn-primary" name="do" value="create" disabled[view.creating] { @if view.creating { "Being created" } @else { "Create the properties" } }
                    }
                    button class="btn btn-sm" name="do" value="check" { "Check my fields" }
                }
            }
        }
    }
}

/// One run.
pub fn run(view: &RunView) -> Page {
    let (at, run, now_at) = (&view.at, &view.run, view.at.frame.now_at);
    let counts = run.counts;
    let main = html! {
        (connection::heading(at, Tab::Scores, html! {}))
        p class="mb-3 text-sm" { a class="link" href=(at.paths().scores()) { "All runs" } }
        div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
            div {
                h2 class="text-lg font-semibold" { "Run of " (run.date) }
                p class="mt-1 text-sm text-muted" { (capitalised(kind(run))) ". Begun " (when(now_at, run.started_at)) ", took " (duration(run.duration_ms)) "." }
            }
            (badge(&run.state))
        }
        @if let Some(trouble) = &run.trouble {
            p class="alert alert-soft alert-warning mt-4 items-start" { (icon(Icon::Alert)) span class="min-w-0 wrap-anywhere" { (trouble) } }
        }
        dl class="mt-5 grid grid-cols-2 gap-4 sm:grid-cols-3 lg:grid-cols-6" {
            @for (words, value) in [
                ("Sent", counts.sent), ("Unchanged", counts.unchanged), ("No company", counts.unmatched), ("Left out", counts.left_out),
                ("Refused", counts.failed), ("Matched once more", counts.rematched),
            ] {
                div class="card border border-base-300 bg-base-100 p-4 shadow-sm" {
                    dt class="text-sm text-muted" { (words) }
                    dd class="mt-1 text-xl font-semibold tabular-nums" { (number(value)) }
                }
            }
        }
        p class="mt-4 text-sm text-muted" {
            (count(view.calls.0, "call", "calls")) " to HubSpot and " (number(view.kilobytes)) " KB to write, "
            (count(view.calls.1, "call", "calls")) " to read what had been written."
            @if let Some(link) = paths::hubspot_imports(&at.ui_domain, at.portal_id) {
                " " a class="link inline-flex items-center gap-1" href=(link) rel="noreferrer" target="_blank" { "HubSpot's imports" span class="sr-only" { " (new tab)" } (icon(Icon::Out)) }
            }
        }
        @if !view.left_out.is_empty() { (left_out(view)) }
        @if !view.files.is_empty() { (files(view)) }
        @if !view.errors.is_empty() { (errors(view)) }
    };
    Page { status: 200, html: connection::document(at, &format!("Run of {}", run.date), false, main) }
}

fn left_out(view: &RunView) -> Markup {
    html! {
        section class="mt-8" aria-labelledby="left-out" {
            h2 id="left-out" class="mb-3 font-semibold" { "Values left out" }
            ul class="card grid gap-3 border border-base-300 bg-base-100 p-5 text-sm shadow-sm" {
                @for line in &view.left_out {
                    li class="min-w-0 wrap-anywhere" { code { (line.property) } ", " (count(line.values, "value", "values")) ": " (line.why) }
                }
            }
            p class="mt-2 text-sm text-muted" { "Their companies keep what they held there; the other scores were sent." }
        }
    }
}

fn files(view: &RunView) -> Markup {
    let imports = paths::hubspot_imports(&view.at.ui_domain, view.at.portal_id);
    html! {
        section class="mt-8" aria-labelledby="files" {
            h2 id="files" class="mb-3 font-semibold" { "Files" }
            ul class="grid gap-3" {
                @for file in &view.files {
                    li class="card border border-base-300 bg-base-100 p-5 shadow-sm" {
                        div class="flex flex-wrap items-start justify-between gap-x-4 gap-y-1" {
                            p class="min-w-0 font-medium" { "File " (file.number) ", " (count(file.rows, "row", "rows")) }
                            (badge(&file.state))
                        }
                        p class="mt-1 text-sm text-muted" {
                            (file.why)
                            @if let Some(id) = &file.import_id {
                                " "
                                @if let Some(link) = &imports { a class="link" href=(link) rel="noreferrer" target="_blank" { "Import " (id) span class="sr-only" { " (new tab)" } } }
                                @else { "Import " (id) }
                                "."
                            }
                            @if file.state == "done" { " Taken: " (number(file.sent)) ", refused: " (number(file.failed)) "." }
                        }
                        @if let Some(trouble) = &file.trouble { p class="mt-2 text-sm wrap-anywhere" { (trouble) } }
                    }
                }
            }
        }
    }
}

fn errors(view: &RunView) -> Markup {
    let at = &view.at;
    html! {
        section class="mt-8" aria-labelledby="errors" {
            div class="mb-3 flex flex-wrap items-baseline justify-between gap-x-4" {
                h2 id="errors" class="font-semibold" { "What HubSpot refused" }
                a class="link text-sm" href=(at.paths().score_errors(&view.run.id)) download { "Download all as CSV" }
            }
            div class="card border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
                table class="rows" role="table" aria-label="Rows that HubSpot refused" {
                    thead role="rowgroup" { tr role="row" { @for words in ["Account", "Company", "Why"] { th role="columnheader" scope="col" { (words) } } } }
                    tbody role="rowgroup" {
                        @for error in &view.errors {
                            tr role="row" {
                                th role="rowheader" scope="row" { @if error.account_id.is_empty() { "removed" } @else { span class="wrap-anywhere" { (error.account_id) } } }
                                td role="cell" data-label="Company" { a class="link" href=(at.paths().record("companies", &error.company_id)) { (error.company_id) } }
                                td role="cell" data-label="Why" { div { (error.message) span class="block text-xs text-muted wrap-anywhere" { (error.code) } } }
                            }
                        }
                    }
                }
            }
            @if view.errors.len() == ERRORS_SHOWN { p class="mt-2 text-sm text-muted" { "The first " (ERRORS_SHOWN) "; the file has all." } }
        }
    }
}

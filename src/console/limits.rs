//! How much HubSpot lets be called, how much of it is used, and by what.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::integrations::gauges;
use super::view::LimitsView;
use super::words::{capitalised, count, number, planned};

/// The page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LimitsPageView {
    pub at: ConnectionFrame,
    pub limits: Option<LimitsView>,
    /// When the day's count begins anew, and when calls go on where they stand still.
    pub day_ends_at: Option<i64>,
    pub paused_until: Option<i64>,
    /// The app is publicly distributed: no tier decides.
    pub public: bool,
    /// The tier that a person said, and those to choose from, with their words.
    pub tier: String,
    pub tiers: Vec<(String, String)>,
    /// Hours of the last day, oldest first, all of them.
    pub hours: Vec<HourView>,
    /// Who calls, in the order of every hour's counts.
    pub callers: Vec<String>,
    /// Calls of the day by caller and endpoint, most first.
    pub lines: Vec<UsageLine>,
}

/// One hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HourView {
    pub from_at: i64,
    /// `14:00`, UTC.
    pub label: String,
    /// By caller.
    pub counts: Vec<u64>,
}

/// Calls of one caller to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsageLine {
    pub caller: String,
    pub endpoint: String,
    pub calls: u64,
    pub refused: u64,
}

/// What the chart is drawn from.
#[derive(Serialize)]
struct Chart<'a> {
    labels: Vec<&'a str>,
    series: Vec<Series<'a>>,
}

#[derive(Serialize)]
struct Series<'a> {
    label: &'a str,
    data: Vec<u64>,
}

pub fn page(view: &LimitsPageView) -> Page {
    let main = html! {
        (live_part(view))
        (tier(view))
        script src="/assets/chart.umd.js" defer {}
        script src="/assets/charts.js" defer {}
    };
    Page { status: 200, html: connection::document(&view.at, "Limits", true, main) }
}

/// The part of the page that changes by itself, as the fragment that replaces it.
pub fn live(view: &LimitsPageView) -> Page {
    Page { status: 200, html: live_part(view).into_string() }
}

fn live_part(view: &LimitsPageView) -> Markup {
    let at = &view.at;
    let total: u64 = view.lines.iter().map(|line| line.calls).sum();
    html! {
        div id="live" hx-get=(at.paths().limits_action("live")) hx-trigger="every 2s" hx-swap="morph:outerHTML" {
            (connection::heading(at, Tab::Limits, html! {}))
            div class="grid gap-6 lg:grid-cols-[2fr_3fr]" {
                section class="card border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="now" {
                    div class="flex flex-wrap items-baseline justify-between gap-x-4" {
                        h2 id="now" class="font-semibold" { "Now" }
                        @if let Some(limits) = &view.limits { span class="text-sm text-muted" { (limits.policy_label) } }
                    }
                    @match &view.limits {
                        None => p class="mt-1 text-sm text-muted" { "No call has been made yet." },
                        Some(limits) => (gauges(&at.id, limits, at.state)),
                    }
                    (words(view))
                }
                section class="card min-w-0 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="day" {
                    h2 id="day" class="font-semibold" { "Last 24 hours" }
                    @if total == 0 {
                        p class="mt-1 text-sm text-muted" { "No call has been made yet." }
                    } @else {
                        p class="mt-1 text-sm text-muted" { (count(total, "call", "calls")) " of this connection, by the hour (UTC)." }
                        div class="relative mt-3 h-56 overflow-hidden" hx-preserve="true" id="chart-box" { canvas id="chart" role="img" aria-label="Calls by the hour and by what made them; the table below has the figures" {} }
                        div id="chart-data" hidden data-chart=(chart(view)) {}
                    }
                }
            }
            @if total > 0 { (table(view)) }
        }
    }
}

fn words(view: &LimitsPageView) -> Markup {
    let now_at = view.at.frame.now_at;
    html! {
        @if let Some(at) = view.paused_until {
            p class="alert alert-soft alert-warning mt-4 items-start" { (icon(Icon::Alert)) span { "Nothing is called at the moment. It goes on by itself " (planned(now_at, at)) "." } }
        } @else if let Some(at) = view.limits.as_ref().and_then(|limits| limits.throttled_until_at) {
            p class="mt-4 text-sm" { "HubSpot asked for a pause. Calls go on " (planned(now_at, at)) "." }
        }
        p class="mt-4 text-sm text-muted" {
            "One twentieth of each window and of the day is kept for what people wait for. "
            @if view.public { "The app is publicly distributed: it has no daily limit." }
            @else if let Some(at) = view.day_ends_at { "The day is that of all private apps of the account together; it begins anew " (planned(now_at, at)) "." }
        }
    }
}

fn chart(view: &LimitsPageView) -> String {
    let labels = view.hours.iter().map(|hour| hour.label.as_str()).collect();
    let used =
        |index: &usize| view.hours.iter().any(|hour| hour.counts.get(*index).is_some_and(|calls| *calls > 0));
    let series = (0..view.callers.len()).filter(used).map(|index| Series {
        label: &view.callers[index],
        data: view.hours.iter().map(|hour| hour.counts.get(index).copied().unwrap_or(0)).collect(),
    });
    serde_json::to_string(&Chart { labels, series: series.collect() }).expect("texts and numbers are JSON")
}

fn table(view: &LimitsPageView) -> Markup {
    html! {
        section class="mt-8" aria-labelledby="by" {
            h2 id="by" class="mb-3 font-semibold" { "By what, and where to" }
            div class="card border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
                table class="rows" role="table" aria-label="Calls of the last 24 hours" {
                    thead role="rowgroup" { tr role="row" {
                        @for words in ["Made by", "Endpoint", "Calls", "Refused"] { th role="columnheader" scope="col" { (words) } }
                    } }
                    tbody role="rowgroup" {
                        @for line in &view.lines {
                            tr role="row" {
                                th role="rowheader" scope="row" { (line.caller) }
                                td role="cell" data-label="Endpoint" { (line.endpoint) }
                                td role="cell" data-label="Calls" { span class="tabular-nums" { (number(line.calls)) } }
                                td role="cell" data-label="Refused" { span class={ "tabular-nums " (if line.refused > 0 { "" } else { "text-muted" }) } { (number(line.refused)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn tier(view: &LimitsPageView) -> Markup {
    let at = &view.at;
    html! {
        section class="mt-8" aria-labelledby="tier" {
            h2 id="tier" class="font-semibold" { "The account's tier" }
            p class="mt-1 max-w-prose text-sm text-muted" {
                "HubSpot's answers tell the size of the window, and of private apps the day. They cannot tell Professional from Enterprise: say it here if you know. What HubSpot itself tells counts first."
            }
            @if at.frame.administers {
                form class="mt-3 flex flex-wrap items-end gap-3" method="post" action=(at.paths().limits_action("tier")) {
                    (csrf_field(&at.frame.csrf))
                    div class="grid gap-1.5" {
                        label class="text-sm font-medium" for="tier-choice" { "Tier" }
                        select id="tier-choice" class="select" name="tier" {
                            option value="auto" selected[view.tier == "auto"] { "As HubSpot tells" }
                            @for (value, words) in &view.tiers { option value=(value) selected[*value == view.tier] { (words) } }
                        }
                    }
                    button class="btn btn-quiet" { "Save" }
                }
            } @else {
                p class="mt-2 text-sm" { (view.tiers.iter().find(|(value, _)| *value == view.tier).map_or_else(|| "As HubSpot tells".to_owned(), |(_, words)| capitalised(words))) }
            }
        }
    }
}

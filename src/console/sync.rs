//! How a connection is kept in step: each type's freshness, what has been checked and what came of it; and the page before
//! a full read is asked for.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{alert_class, csrf_field, error_message, icon, tone_icon};
use super::connection::{self, ConnectionFrame, Tab, action};
use super::connection_paths::FieldsQuery;
use super::integrations::{backfill, freshness, trouble, unread_words};
use super::view::{ConnectionState, ConnectionView, ErrorView, Phase, StreamView, Tone};
use super::words::{capitalised, count, duration, number, planned, when};

/// The Sync page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SyncView {
    pub at: ConnectionFrame,
    pub connection: ConnectionView,
    /// As many as the connection has streams, in their order.
    pub checks: Vec<ChecksView>,
    /// Associations, owners, pipelines, lists.
    pub beside: Vec<BesideView>,
}

/// What is kept in step beside records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BesideView {
    pub name: String,
    /// What comes with it, and how else it stays true.
    pub words: String,
    /// `hourly`
    pub often: String,
    pub done_at: Option<i64>,
    pub next_at: Option<i64>,
    /// Percent, while it is being read.
    pub percent: Option<u8>,
    /// Calls of one read, in words.
    pub cost: String,
    /// Scopes any of which it would need; empty: it may be read.
    pub missing_scopes: Vec<String>,
    pub error: Option<ErrorView>,
}

/// How one type is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChecksView {
    /// By what means changes come, in a sentence.
    pub means: String,
    /// Records that wait to be read again.
    pub waiting: u64,
    pub fields_read_at: Option<i64>,
    /// Differences that checks have found and repaired since the connection was made.
    pub found: u64,
    pub checks: Vec<CheckView>,
    /// Records that cannot be read, a few.
    pub unreadable: Vec<UnreadableView>,
    pub error: Option<ErrorView>,
}

/// A record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadableView {
    pub id: String,
    /// What HubSpot said when it was last tried.
    pub error: ErrorView,
    /// None: at once.
    pub next_at: Option<i64>,
}

/// One way of checking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckView {
    pub name: String,
    /// What it compares.
    pub words: String,
    /// `hourly`
    pub often: String,
    pub done_at: Option<i64>,
    /// None where it is not known: the first sync runs, or everything stands still.
    pub next_at: Option<i64>,
    /// Percent, while it is under way.
    pub percent: Option<u8>,
    /// Differences the last one found; None: it looks for none, or was never done.
    pub found: Option<u64>,
    /// Records besides of which only calculated values had moved.
    pub calculated: u64,
    /// The last one looked at a part only.
    pub cut_short: bool,
    /// Calls of the last one.
    pub calls: Option<u64>,
    /// Calls that the next one is expected to take, in words: `about 7`.
    pub cost: String,
}

/// The page before a full read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResyncView {
    pub at: ConnectionFrame,
    pub object_type: String,
    pub records: u64,
    /// Calls it takes at least.
    pub calls: u64,
    /// How long these take at the account's limits, if nothing else asks.
    pub lasts_ms: i64,
    /// Calls of today and the most there may be, where HubSpot has a daily limit.
    pub day: Option<(u64, u64)>,
    /// Why it would have no effect now.
    pub stopped: Option<String>,
}

pub fn page(view: &SyncView) -> Page {
    Page { status: 200, html: connection::document(&view.at, "Sync", true, live_part(view)) }
}

/// The part of the page that changes by itself, as the fragment that replaces it.
pub fn live(view: &SyncView) -> Page {
    Page { status: 200, html: live_part(view).into_string() }
}

fn live_part(view: &SyncView) -> Markup {
    let SyncView { at, connection, checks, beside } = view;
    let moves = at.backfilling || at.state == ConnectionState::Disconnecting;
    let every = if moves { "every 2s" } else { "every 10s" };
    html! {
        div id="live" hx-get=(at.paths().sync_live()) hx-trigger=(every) hx-swap="morph:outerHTML" {
            (connection::heading(at, Tab::Sync, pause_or_resume(at)))
            div class="mb-6 empty:hidden" { (trouble(&at.frame, connection)) }
            @if !connection.reachable {
                p class="text-muted" { "Its figures could not be read just now. The sync is not affected by that; this page keeps trying." }
            } @else if connection.streams.is_empty() {
                p class="text-muted" { "Nothing is known yet: HubSpot is being asked which records there are." }
            }
            div class="grid gap-6" {
                @for (stream, checks) in connection.streams.iter().zip(checks) { (stream_card(view, stream, checks)) }
            }
            @if !beside.is_empty() { (beside_card(at.frame.now_at, beside)) }
            @if !connection.streams.is_empty() {
                p class="mt-6 text-sm" { a class="link" href=(at.paths().types()) { "Types of records" } span class="text-muted" { ": tasks, calls, notes and custom objects can be kept in step too." } }
            }
        }
    }
}

fn beside_card(now_at: i64, beside: &[BesideView]) -> Markup {
    html! {
        section class="card mt-6 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="beside" {
            h2 id="beside" class="text-lg font-semibold" { "Associations, owners, pipelines and lists" }
            table class="rows mt-2" role="table" aria-labelledby="beside" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for words in ["What", "Last read", "Next", "Calls to HubSpot"] { th role="columnheader" scope="col" { (words) } }
                    }
                }
                tbody role="rowgroup" { @for row in beside { (beside_row(now_at, row)) } }
            }
        }
    }
}

fn beside_row(now_at: i64, row: &BesideView) -> Markup {
    html! {
        tr role="row" {
            th role="rowheader" scope="row" {
                (row.name) span class="font-normal text-muted" { ", " (row.often) }
                span class="mt-0.5 block font-normal text-muted" { (row.words) }
                @if !row.missing_scopes.is_empty() {
                    span class="mt-0.5 block font-normal" { "Not read: HubSpot has not granted " code class="wrap-anywhere" { (row.missing_scopes.join(" or ")) } "." }
                }
                @if let Some(error) = &row.error { div class="mt-2 font-normal" { (error_message(now_at, error, Tone::Warning, html! {})) } }
            }
            td role="cell" data-label="Last read" { (last(now_at, row.percent, row.done_at)) }
            td role="cell" data-label="Next" { span { @match row.next_at { Some(at) => (planned(now_at, at)), None => "–" } } }
            td role="cell" data-label="Calls to HubSpot" { span { (row.cost) } }
        }
    }
}

/// When something was done last, or how far it is.
fn last(now_at: i64, percent: Option<u8>, done_at: Option<i64>) -> Markup {
    html! {
        span {
            @if let Some(percent) = percent {
                span class="block" { "under way, " span class="whitespace-nowrap" { (percent) " %" } }
            }
            @if let Some(at) = done_at { (when(now_at, at)) } @else if percent.is_none() { "not yet" }
        }
    }
}

fn pause_or_resume(at: &ConnectionFrame) -> Markup {
    let paths = at.paths();
    html! {
        @if at.may_act() && at.held {
            (action(at, &paths.resume(), "btn-primary", "Resume", ""))
        } @else if at.may_act() && matches!(at.state, ConnectionState::Active | ConnectionState::Paused) {
            (action(at, &paths.pause(), "btn-quiet", "Pause", ""))
        }
    }
}

fn stream_card(view: &SyncView, stream: &StreamView, checks: &ChecksView) -> Markup {
    let at = &view.at;
    let (now_at, active) = (at.frame.now_at, at.state == ConnectionState::Active);
    let id = format!("stream-{}", stream.object_type);
    let readable = stream.missing_scopes.is_empty();
    html! {
        section class="card border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby={ (id) "-name" } {
            @if readable {
                div class="flex flex-wrap items-baseline justify-between gap-x-4" {
                    h2 id={ (id) "-name" } class="text-lg font-semibold" { (capitalised(stream.words())) }
                    @if stream.phase == Phase::Incremental { (freshness(stream, active)) }
                }
                @match stream.phase {
                    Phase::Backfill => (backfill(active, stream, &id)),
                    Phase::Incremental => {
                        p class="figure mt-1" { (number(stream.records)) span class="unit" { " in step with HubSpot" } }
                        @if active { p class="mt-1 text-sm text-muted" { (checks.means) } }
                    },
                }
                @if let Some(error) = &checks.error { div class="mt-4" { (error_message(now_at, error, Tone::Warning, html! {})) } }
                @if !checks.unreadable.is_empty() { div class="mt-4" { (unreadable(at, stream, &checks.unreadable)) } }
                (facts(now_at, stream, checks))
                @match stream.phase {
                    Phase::Backfill => p class="mt-4 text-sm text-muted" { "Checks begin when everything has been read." },
                    Phase::Incremental => (checks_table(now_at, &id, checks)),
                }
                (ways_on(at, stream))
            } @else {
                h2 id={ (id) "-name" } class="text-lg font-semibold" { (capitalised(stream.words())) }
                (unread_words(stream))
            }
        }
    }
}

fn unreadable(at: &ConnectionFrame, stream: &StreamView, records: &[UnreadableView]) -> Markup {
    let now_at = at.frame.now_at;
    let words = html! {
        p class="font-medium" { (count(records.len() as u64, "record cannot be read", "records cannot be read")) }
        @for UnreadableView { id, error, next_at } in records {
            p class="mt-1 text-sm wrap-anywhere" {
                a class="link" href=(at.paths().record(&stream.object_type, id)) { (id) } ": " (error.words)
                " Tried " (when(now_at, error.at)) ", again "
                @match next_at { Some(next) => (planned(now_at, *next)), None => "at once" } "."
                @if let Some(id) = &error.correlation_id { " Reference " code { (id) } "." }
            }
        }
        @if let Some(first) = records.first() { p class="mt-1 text-sm" { (first.error.remedy) } }
    };
    let tone = Tone::Warning;
    html! { div class={ "alert alert-soft items-start " (alert_class(tone)) } { (icon(tone_icon(tone))) div class="min-w-0" { (words) } } }
}

fn facts(now_at: i64, stream: &StreamView, checks: &ChecksView) -> Markup {
    html! {
        dl class="facts mt-4" {
            @if let Some(at) = stream.last_change_at { div { dt { "Last change" } dd { (when(now_at, at)) } } }
            div { dt { "Waiting to be read" } dd { @if checks.waiting == 0 { "none" } @else { (number(checks.waiting)) } } }
            div {
                dt { "Found by checks and repaired" }
                dd { @if checks.found == 0 { "none so far" } @else { (number(checks.found)) } }
            }
            @if let Some(at) = checks.fields_read_at { div { dt { "Fields read" } dd { (when(now_at, at)) } } }
        }
    }
}

fn checks_table(now_at: i64, id: &str, checks: &ChecksView) -> Markup {
    html! {
        h3 id={ (id) "-checks" } class="mt-6 font-medium" { "Checks" }
        table class="rows mt-2" role="table" aria-labelledby={ (id) "-checks" } {
            thead role="rowgroup" {
                tr role="row" {
                    @for words in ["Check", "Last", "Found", "Next", "Calls to HubSpot"] { th role="columnheader" scope="col" { (words) } }
                }
            }
            tbody role="rowgroup" {
                @for check in &checks.checks { (check_row(now_at, check)) }
            }
        }
    }
}

fn check_row(now_at: i64, check: &CheckView) -> Markup {
    html! {
        tr role="row" {
            th role="rowheader" scope="row" {
                (check.name) span class="font-normal text-muted" { ", " (check.often) }
                span class="mt-0.5 block font-normal text-muted" { (check.words) }
            }
            td role="cell" data-label="Last" { (last(now_at, check.percent, check.done_at)) }
            td role="cell" data-label="Found" {
                span {
                    @match check.found {
                        None => "–",
                        Some(0) => "no difference",
                        Some(found) => { (count(found, "difference", "differences")) ", repaired" },
                    }
                    @if check.calculated > 0 {
                        span class="block text-muted" { "calculated values refreshed in " (count(check.calculated, "record", "records")) }
                    }
                    @if check.cut_short { span class="block text-muted" { "looked at a part only" } }
                }
            }
            td role="cell" data-label="Next" { span { @match check.next_at { Some(at) => (planned(now_at, at)), None => "–" } } }
            td role="cell" data-label="Calls to HubSpot" {
                span {
                    @if let Some(calls) = check.calls { (number(calls)) " last time, " }
                    (check.cost) @if check.calls.is_some() { " next" }
                }
            }
        }
    }
}

fn ways_on(at: &ConnectionFrame, stream: &StreamView) -> Markup {
    let (paths, kind) = (at.paths(), stream.object_type.as_str());
    html! {
        div class="mt-6 flex flex-wrap items-center gap-x-5 gap-y-3" {
            @if at.may_act() && stream.phase == Phase::Incremental {
                a class="btn btn-sm btn-quiet" href=(paths.resync(kind)) { "Resync " (stream.words()) }
            }
            a class="link text-sm" href=(paths.records(kind)) { (capitalised(stream.words())) }
            a class="link text-sm" href=(paths.fields(kind, &FieldsQuery::default())) { "Fields of " (stream.words()) }
        }
    }
}

/// Before a full read: what it costs, and that nothing is lost by it.
pub fn resync(view: &ResyncView) -> Page {
    let ResyncView { at, object_type, .. } = view;
    let (paths, words) = (at.paths(), at.words(object_type));
    let main = html! {
        div class="card mx-auto max-w-xl border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" {
            h1 class="text-xl font-semibold tracking-tight wrap-anywhere" { "Read all " (words) " of " (at.title) " again?" }
            p class="mt-3" {
                "Every value of every record is read from HubSpot once more. What differs is corrected and told in the change feed; what is the same is not told again. Nothing is deleted first, and changes go on arriving meanwhile."
            }
            p class="mt-3 text-muted" { "There is seldom a need: checks find and repair differences by themselves, and a field that comes back or that HubSpot adds has every record read again anyway." }
            h2 class="mt-6 text-sm font-semibold" { "What it costs" }
            dl class="facts mt-2" {
                div { dt { "Records" } dd { (number(view.records)) } }
                div { dt { "Calls to HubSpot" } dd { "about " (number(view.calls)) } }
                div { dt { "At least" } dd { (duration(view.lasts_ms)) } }
                @if let Some((used, most)) = view.day { div { dt { "Used of today's calls" } dd { (number(used)) " of " (number(most)) } } }
            }
            p class="mt-2 text-sm text-muted" { "Twice as many calls if the account has so many fields that they do not fit one request. A reserve of calls stays free." }
            @if let Some(words) = &view.stopped {
                p class="alert alert-soft alert-warning mt-6" { (words) }
                p class="mt-4" { a class="btn btn-quiet" href=(paths.sync()) { "Back" } }
            } @else {
                form class="mt-7 flex flex-wrap gap-3" method="post" action=(paths.resync(object_type)) {
                    (csrf_field(&at.frame.csrf))
                    button class="btn btn-primary" { "Read all " (words) " again" }
                    a class="btn btn-ghost" href=(paths.sync()) { "Cancel" }
                }
            }
        }
    };
    Page { status: 200, html: connection::document(at, &format!("Resync {words}"), false, main) }
}

//! The fields of a type, searched and paged, and what has happened to them.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, icon};
use super::connection::{self, ConnectionFrame, Tab, action};
use super::connection_paths::FieldsQuery;
use super::words::{count, number, when};

/// Fields on one page: a hundred rows are what a person scrolls through, and some 100 KB.
pub const PAGE: usize = 100;
/// Options that are shown of one field; the API tells all.
pub const OPTIONS: usize = 200;
/// What the list can be narrowed to: name in the address, words.
pub const SHOW: [(&str, &str); 6] = [
    ("", "All fields"),
    ("own", "The account's own"),
    ("calculated", "Calculated by HubSpot"),
    ("unique", "Unique values"),
    ("left-out", "Not mirrored"),
    ("gone", "No longer in HubSpot"),
];

/// The Fields page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldsView {
    pub at: ConnectionFrame,
    pub object_type: String,
    #[serde(skip)]
    pub search: FieldsQuery,
    pub read_at: Option<i64>,
    /// HubSpot is being asked for the fields.
    pub refreshing: bool,
    /// Fields that HubSpot lists.
    pub total: usize,
    /// Fields that match the search, on all pages.
    pub matching: usize,
    pub fields: Vec<FieldLine>,
    pub events: Vec<FieldEvent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldLine {
    pub name: String,
    pub label: String,
    /// For people: `Number`.
    pub type_words: String,
    /// HubSpot's: `number/text`.
    pub shape: String,
    pub group: String,
    pub description: String,
    /// `Calculated`, `Read-only`, `Unique`, `Own`, `Hidden`, `Not mirrored`.
    pub marks: Vec<&'static str>,
    /// Value and label.
    pub options: Vec<(String, String)>,
    /// How many there are; more than `options` where the list is cut.
    pub options_count: usize,
    /// There are options, too many to be kept.
    pub options_left_out: bool,
    pub vanished_at: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldEvent {
    pub at: i64,
    pub name: String,
    /// What happened, in words: `appeared as a number`.
    pub words: String,
}

pub fn page(view: &FieldsView) -> Page {
    let FieldsView { at, object_type, search, .. } = view;
    let main = html! {
        (connection::heading(at, Tab::Fields, refresh(view)))
        h2 class="sr-only" { "Fields of " (object_type) }
        div class="mb-5 flex flex-wrap items-end justify-between gap-4" {
            (connection::types(at, object_type, |kind| at.paths().fields(kind, &FieldsQuery { show: search.show.clone(), ..FieldsQuery::default() })))
            (search_form(view))
        }
        (live_part(view))
    };
    Page { status: 200, html: connection::document(at, &format!("Fields of {object_type}"), true, main) }
}

/// The list, as the fragment that replaces it: while it is searched, and while HubSpot is asked.
pub fn live(view: &FieldsView) -> Page {
    Page { status: 200, html: live_part(view).into_string() }
}

fn refresh(view: &FieldsView) -> Markup {
    let at = &view.at;
    html! { @if at.may_act() {
        div class="flex flex-wrap gap-2" {
            a class="btn btn-sm btn-quiet" href=(at.paths().choose_fields(&view.object_type)) { "Choose fields" }
            (action(at, &at.paths().refresh_fields(&view.object_type), "btn-quiet", "Refresh fields", ""))
        }
    } }
}

fn search_form(view: &FieldsView) -> Markup {
    let paths = view.at.paths();
    let none = FieldsQuery::default();
    html! {
        form class="flex w-full flex-wrap gap-2 sm:w-auto" role="search" method="get" action=(paths.fields(&view.object_type, &none))
            hx-get=(paths.fields_live(&view.object_type, &none)) hx-trigger="input changed delay:250ms from:#q, change from:#show" hx-target="#live" hx-swap="morph:outerHTML" {
            label class="sr-only" for="q" { "Find a field" }
            input id="q" class="input min-w-40 flex-1 sm:w-60" type="search" name="q" value=(view.search.query) placeholder="Name, label or group" autocomplete="off";
            label class="sr-only" for="show" { "Which fields" }
            select id="show" class="select w-full sm:w-48" name="show" {
                @for (name, words) in SHOW { option value=(name) selected[name == view.search.show] { (words) } }
            }
            button class="btn btn-quiet" { "Find" }
        }
    }
}

fn live_part(view: &FieldsView) -> Markup {
    let paths = view.at.paths();
    let asks = view.refreshing.then(|| paths.fields_live(&view.object_type, &view.search));
    html! {
        div id="live" hx-get=[asks] hx-trigger=[view.refreshing.then_some("every 1s")] hx-swap="morph:outerHTML" {
            (state_line(view))
            @if view.fields.is_empty() { (nothing(view)) } @else { (fields_table(view)) (pages(view)) }
            (history(view))
        }
    }
}

fn state_line(view: &FieldsView) -> Markup {
    let now_at = view.at.frame.now_at;
    html! {
        div class="mb-3 text-sm text-muted" role="status" {
            @if view.refreshing {
                p id="refreshing" { "Asking HubSpot for the fields of every type…" }
                progress class="progress progress-primary mt-2" aria-labelledby="refreshing" {}
            } @else {
                p {
                    (count(view.matching as u64, "field", "fields"))
                    @if view.matching != view.total { " shown of " (number(view.total as u64)) " in HubSpot" }
                    @if let Some(at) = view.read_at { " · read " (when(now_at, at)) }
                    @if !view.events.is_empty() { " · " a class="link" href="#history" { "what has changed" } }
                }
            }
        }
    }
}

fn nothing(view: &FieldsView) -> Markup {
    let searched = !view.search.query.is_empty() || !view.search.show.is_empty();
    html! {
        div class="card border border-base-300 bg-base-100 p-10 text-center shadow-sm" {
            @if searched && view.read_at.is_some() {
                p class="text-lg font-semibold" { "No field matches" }
                p class="mt-1" { a class="link" href=(view.at.paths().fields(&view.object_type, &FieldsQuery::default())) { "Show all fields of " (view.object_type) } }
            } @else if view.read_at.is_some() {
                p class="text-lg font-semibold" { "HubSpot lists no field for " (view.object_type) }
            } @else {
                p class="text-lg font-semibold" { "The fields have not been read yet" }
                p class="mt-1 text-muted" { "They come with the first sync of " (view.object_type) "." }
            }
        }
    }
}

fn fields_table(view: &FieldsView) -> Markup {
    let caption = format!("Fields of {}", view.object_type);
    html! {
        div class="card border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
            table class="rows rows-tight" role="table" aria-label=(caption) {
                thead role="rowgroup" {
                    tr role="row" {
                        @for words in ["Field", "Type", "Group", "Properties", "Options"] { th role="columnheader" scope="col" { (words) } }
                    }
                }
                tbody role="rowgroup" {
                    @for field in &view.fields { (field_row(view.at.frame.now_at, field)) }
                }
            }
        }
    }
}

fn field_row(now_at: i64, field: &FieldLine) -> Markup {
    html! {
        tr role="row" {
            th role="rowheader" scope="row" {
                span class="wrap-anywhere" { (field.label) }
                code class="block text-xs font-normal wrap-anywhere text-muted" { (field.name) }
                @if !field.description.is_empty() {
                    details class="text-xs font-normal text-muted" {
                        summary class="link w-fit" { "Description" span class="sr-only" { " of " (field.label) } }
                        p class="mt-1 max-w-prose wrap-anywhere" { (field.description) }
                    }
                }
            }
            td role="cell" data-label="Type" { span { (field.type_words) code class="block text-xs wrap-anywhere text-muted sm:min-w-32" { (field.shape) } } }
            td role="cell" data-label="Group" { code class="block text-xs wrap-anywhere sm:min-w-36" { (field.group) } }
            td role="cell" data-label="Properties" {
                span class="flex flex-wrap gap-1" {
                    @if let Some(at) = field.vanished_at { span class="badge badge-soft badge-warning badge-sm" { span { "Gone " (when(now_at, at)) } } }
                    @for mark in &field.marks { span class="badge badge-soft badge-sm" { (mark) } }
                    @if field.marks.is_empty() && field.vanished_at.is_none() { span class="text-muted" { "–" } }
                }
            }
            td role="cell" data-label="Options" { (options(field)) }
        }
    }
}

fn options(field: &FieldLine) -> Markup {
    html! {
        @if field.options_left_out {
            "too many to be kept"
        } @else if field.options_count == 0 {
            span class="text-muted" { "–" }
        } @else {
            details {
                summary class="link w-fit" { (number(field.options_count as u64)) span class="sr-only" { " options of " (field.label) } }
                ul class="mt-1 grid max-h-72 gap-1 overflow-y-auto text-xs" tabindex="0" aria-label={ "Options of " (field.label) } {
                    @for (value, label) in &field.options {
                        li class="wrap-anywhere" { (label) @if value != label { " " code class="text-muted" { (value) } } }
                    }
                    @if field.options.len() < field.options_count {
                        li class="text-muted" { "and " (number((field.options_count - field.options.len()) as u64)) " more" }
                    }
                }
            }
        }
    }
}

fn pages(view: &FieldsView) -> Markup {
    let (paths, last) = (view.at.paths(), view.matching.div_ceil(PAGE));
    let current = view.search.page.clamp(1, last.max(1));
    let to =
        |page| paths.fields(&view.object_type, &FieldsQuery { page, asked_at: None, ..view.search.clone() });
    html! {
        @if last > 1 {
            nav class="mt-4 flex flex-wrap items-center gap-3 text-sm" aria-label="Pages" {
                @if current > 1 { a class="btn btn-sm btn-quiet" rel="prev" href=(to(current - 1)) { (icon(Icon::Back)) "Previous" } }
                span class="tabular-nums" { "Page " (current) " of " (last) }
                @if current < last { a class="btn btn-sm btn-quiet" rel="next" href=(to(current + 1)) { "Next" (icon(Icon::Arrow)) } }
            }
        }
    }
}

fn history(view: &FieldsView) -> Markup {
    let now_at = view.at.frame.now_at;
    html! {
        section class="mt-10" aria-labelledby="history" {
            h2 id="history" class="mb-2 font-semibold" { "What has changed" }
            @if view.events.is_empty() {
                p class="text-sm text-muted" { "No field of " (view.object_type) " has appeared, vanished or changed its type since the account was connected." }
            } @else {
                ul class="card divide-y divide-base-300 border border-base-300 bg-base-100 text-sm shadow-sm" {
                    @for event in &view.events {
                        li class="flex flex-wrap justify-between gap-x-6 px-5 py-2.5" {
                            span class="min-w-0 wrap-anywhere" { code { (event.name) } " " (event.words) }
                            span class="text-muted" { (when(now_at, event.at)) }
                        }
                    }
                }
            }
        }
    }
}

//! The records of a type, the newest first, and the way to one of them.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, alert_class, csrf_field, icon, tone_icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::view::Tone;
use super::words::{capitalised, number, when};

/// The Records page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordsView {
    pub at: ConnectionFrame,
    pub object_type: String,
    /// Records of this type in the mirror.
    pub total: u64,
    /// What a record is looked up by besides its id, in words: `e-mail address`; empty: by its id only.
    pub key_words: String,
    /// Headings of what the lines show.
    pub columns: Vec<String>,
    pub records: Vec<RecordLine>,
    /// Id to go on from towards newer records, and towards older ones.
    pub newer: Option<String>,
    pub older: Option<String>,
    /// What was looked for, where this is what was found.
    pub found: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordLine {
    pub id: String,
    /// What people call it; empty if it has no name.
    pub name: String,
    /// As many as there are columns.
    pub values: Vec<String>,
    pub updated_at: i64,
}

pub fn page(view: &RecordsView) -> Page {
    let RecordsView { at, object_type, .. } = view;
    let paths = at.paths();
    let main = html! {
        (connection::heading(at, Tab::Records, html! {}))
        h2 class="sr-only" { (capitalised(at.words(object_type))) }
        div class="mb-5 flex flex-wrap items-end justify-between gap-4" {
            (connection::types(at, object_type, |kind| paths.records(kind)))
            (find_form(view))
        }
        @if let Some(looked_for) = &view.found {
            (found(view, looked_for))
        } @else {
            p class="mb-3 text-sm text-muted" { (number(view.total)) " in step with HubSpot · the newest first" }
        }
        @if !view.records.is_empty() { (table(view)) (pages(view)) }
        @else if view.found.is_none() { (nothing(view)) }
    };
    let status = if view.found.is_some() && view.records.is_empty() { 404 } else { 200 };
    Page { status, html: connection::document(at, &capitalised(at.words(object_type)), false, main) }
}

/// A form and no address: what is looked for is a person's.
fn find_form(view: &RecordsView) -> Markup {
    let what = if view.key_words.is_empty() {
        "Record id".to_owned()
    } else {
        format!("{} or record id", capitalised(&view.key_words))
    };
    html! {
        form class="flex w-full flex-wrap gap-2 sm:w-auto" role="search" method="post" action=(view.at.paths().find_record(&view.object_type)) {
            (csrf_field(&view.at.frame.csrf))
            label class="sr-only" for="q" { (what) }
            input id="q" class="input min-w-40 flex-1 sm:w-72" type="search" name="q" value=[view.found.as_ref()] placeholder=(what) required autocomplete="off" maxlength="320";
            button class="btn btn-quiet" { "Find" }
        }
    }
}

fn found(view: &RecordsView, looked_for: &str) -> Markup {
    let all = html! { a class="link" href=(view.at.paths().records(&view.object_type)) { "Show all " (view.at.words(&view.object_type)) } };
    html! {
        @if view.records.is_empty() {
            div class={ "alert alert-soft items-start " (alert_class(Tone::Note)) } role="status" {
                (icon(tone_icon(Tone::Note)))
                div class="min-w-0" {
                    p class="font-medium wrap-anywhere" { "Nothing found for “" (looked_for) "”" }
                    p class="mt-0.5" {
                        @if view.key_words.is_empty() { "Look for the whole record id." }
                        @else { "Look for the whole " (view.key_words) ", or for the record id." }
                        " What was created a moment ago may not have been read yet. " (all)
                    }
                }
            }
        } @else {
            p class="mb-3 text-sm text-muted wrap-anywhere" role="status" { "Found for “" (looked_for) "” · " (all) }
        }
    }
}

fn table(view: &RecordsView) -> Markup {
    let paths = view.at.paths();
    html! {
        div class="card border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
            table class="rows" role="table" aria-label=(capitalised(view.at.words(&view.object_type))) {
                thead role="rowgroup" {
                    tr role="row" {
                        th role="columnheader" scope="col" { "Name" }
                        @for words in &view.columns { th role="columnheader" scope="col" { (words) } }
                        th role="columnheader" scope="col" { "Record id" }
                        th role="columnheader" scope="col" { "Modified" }
                    }
                }
                tbody role="rowgroup" {
                    @for record in &view.records {
                        tr role="row" {
                            th role="rowheader" scope="row" {
                                a class="link wrap-anywhere" href=(paths.record(&view.object_type, &record.id)) {
                                    @if record.name.is_empty() { "No name" } @else { (record.name) }
                                }
                            }
                            @for (words, value) in view.columns.iter().zip(&record.values) {
                                td role="cell" data-label=(words) { span class="wrap-anywhere" { @if value.is_empty() { "–" } @else { (value) } } }
                            }
                            td role="cell" data-label="Record id" { code class="text-xs" { (record.id) } }
                            td role="cell" data-label="Modified" { (when(view.at.frame.now_at, record.updated_at)) }
                        }
                    }
                }
            }
        }
    }
}

fn pages(view: &RecordsView) -> Markup {
    let (paths, kind) = (view.at.paths(), &view.object_type);
    html! {
        @if view.newer.is_some() || view.older.is_some() {
            nav class="mt-4 flex flex-wrap items-center gap-3" aria-label="Pages" {
                @if let Some(id) = &view.newer {
                    a class="btn btn-sm btn-ghost" href=(paths.records(kind)) { "Newest" }
                    a class="btn btn-sm btn-quiet" rel="prev" href=(paths.records_newer(kind, id)) { (icon(Icon::Back)) "Newer" }
                }
                @if let Some(id) = &view.older { a class="btn btn-sm btn-quiet" rel="next" href=(paths.records_older(kind, id)) { "Older" (icon(Icon::Arrow)) } }
            }
        }
    }
}

fn nothing(view: &RecordsView) -> Markup {
    html! {
        div class="card border border-base-300 bg-base-100 p-10 text-center shadow-sm" {
            p class="text-lg font-semibold" { "No " (view.at.words(&view.object_type)) " yet" }
            p class="mt-1 text-muted" {
                @if view.at.backfilling { "The first sync brings them." } @else { "There are none in HubSpot, or they may not be read: " }
                @if !view.at.backfilling { a class="link" href=(view.at.paths().sync()) { "how they are kept in step" } }
            }
        }
    }
}

//! One record: its properties, and what happened to it.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, alert_class, icon, tone_icon};
use super::connection::{self, ConnectionFrame, Tab, action};
use super::privacy::of_record;
use super::view::Tone;
use super::words::{capitalised, count, number, when};

/// One record's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordView {
    pub at: ConnectionFrame,
    pub object_type: String,
    /// The id that was asked for.
    pub id: String,
    /// None: the mirror holds no such record.
    pub record: Option<RecordCard>,
    /// It waits to be read again.
    pub waits: bool,
    /// When a person asked for that.
    pub asked_at: Option<i64>,
    /// A person has just asked for that, and it has been done.
    pub reread: bool,
    pub history: Vec<HistoryEntry>,
    /// The place from which the history goes on, where it does.
    pub before: Option<u64>,
    /// The history shown is not its newest part.
    pub continued: bool,
    /// What it is linked to, by type.
    pub links: Vec<LinkGroup>,
    /// Names of the lists that have it, of those that are followed.
    pub lists: Vec<String>,
    /// Ids of records that became part of it.
    pub merged: Vec<String>,
    /// The last that is known of it is that it was erased for privacy.
    pub erased: bool,
    /// What can be done with it in HubSpot: name and words.
    pub acts: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkGroup {
    pub object_type: String,
    pub records: Vec<LinkLine>,
    /// There are more than are shown.
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkLine {
    pub id: String,
    /// What people call it; empty if it has no name, or is not mirrored.
    pub name: String,
    /// What the link is called.
    pub labels: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordCard {
    pub id: String,
    /// What people call it; empty if it has no name.
    pub name: String,
    /// The id asked for, where it was merged into this record.
    pub merged_from: Option<String>,
    /// The record in HubSpot's own pages.
    pub hubspot_url: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
    /// When the values that stand here were read from HubSpot; a read that finds the same changes nothing.
    pub read_at: i64,
    /// Those with a value, by label.
    pub set: Vec<PropertyLine>,
    /// Label and name of those without.
    pub unset: Vec<(String, String)>,
    /// Fields that are not mirrored.
    pub left_out: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PropertyLine {
    pub label: String,
    pub name: String,
    pub value: String,
    /// What people see for the value, where that is something else.
    pub shown: Option<String>,
    /// Characters left out.
    pub cut: usize,
    /// HubSpot no longer lists the field.
    pub gone: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    pub at: i64,
    /// What happened, in a few words: `Updated`.
    pub words: String,
    /// Label, name, old and new value.
    pub changed: Vec<(String, String, Option<String>, Option<String>)>,
    /// The record it became part of.
    pub into: Option<String>,
    /// The links that came or went.
    pub links: Option<HistoryLinks>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryLinks {
    pub object_type: String,
    /// Some of the records, with whether the mirror holds them.
    pub records: Vec<(LinkLine, bool)>,
    /// How many more there are.
    pub more: usize,
    /// What the links are called.
    pub labels: Vec<String>,
    /// What they are called as seen from those records.
    pub labels_there: Vec<String>,
}

pub fn page(view: &RecordView) -> Page {
    let main = html! {
        (connection::heading(&view.at, Tab::Records, html! {}))
        (live_part(view))
    };
    let status = if view.record.is_none() && view.history.is_empty() { 404 } else { 200 };
    let title = format!("{} {}", ConnectionFrame::one(&view.object_type), view.id);
    Page { status, html: connection::document(&view.at, &title, true, main) }
}

/// The part that changes while the record is read again, as the fragment that replaces it.
pub fn live(view: &RecordView) -> Page {
    Page { status: 200, html: live_part(view).into_string() }
}

fn live_part(view: &RecordView) -> Markup {
    let (at, paths) = (&view.at, view.at.paths());
    let asks = view.waits.then(|| paths.record_live(&view.object_type, &view.id, view.asked_at));
    let name = view.record.as_ref().map_or("", |record| record.name.as_str());
    html! {
        div id="live" hx-get=[asks] hx-trigger=[view.waits.then_some("every 1s")] hx-swap="morph:outerHTML" {
            p class="mb-3 text-sm" { a class="link" href=(paths.records(&view.object_type)) { "All " (view.at.words(&view.object_type)) } }
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-3" {
                h2 class="min-w-0 text-xl font-semibold wrap-anywhere" {
                    @if view.record.is_none() { "Record " (view.id) } @else if name.is_empty() { "No name" } @else { (name) }
                }
                div class="flex flex-wrap gap-2 empty:hidden" {
                    @if at.may_act() && !view.waits && !(view.erased && view.record.is_none()) { (action(at, &paths.reread(&view.object_type, &view.id), "btn-quiet", "Reread this record", "")) }
                    @if view.record.is_some() || !(view.erased || view.history.is_empty()) { (of_record(at, &view.object_type, &view.id)) }
                }
            }
            (state(view))
            @match &view.record {
                Some(record) => {
                    (facts(at.frame.now_at, view, record))
                    (acts(view, record))
                    (ties(view))
                    (properties(record))
                },
                None => (missing(view)),
            }
            (history(view))
        }
    }
}

fn state(view: &RecordView) -> Markup {
    html! {
        div role="status" {
            @if view.waits {
                div class="mt-4" {
                    p id="rereading" class="text-sm" {
                        @if view.at.held { "It is read again as soon as the sync is resumed." } @else { "Being read from HubSpot again…" }
                    }
                    @if !view.at.held { progress class="progress progress-primary mt-2" aria-labelledby="rereading" {} }
                }
            } @else if view.reread {
                p class={ "alert alert-soft mt-4 " (alert_class(Tone::Good)) } { (icon(tone_icon(Tone::Good))) span { "Read from HubSpot again: what stands here is what HubSpot holds." } }
            }
        }
    }
}

fn missing(view: &RecordView) -> Markup {
    html! {
        div class={ "alert alert-soft mt-4 items-start " (alert_class(Tone::Note)) } {
            (icon(tone_icon(Tone::Note)))
            div {
                p class="font-medium" { "The mirror holds no record with this id" }
                p class="mt-0.5" {
                    @if view.erased { "It was erased for privacy, here or in HubSpot, and is left out from then on. Whoever was deleted here is let in again under " a class="link" href=(view.at.paths().privacy()) { "Privacy" } ", by the block's id." }
                    @else if view.history.is_empty() { "It was never read, or it went so long ago that nothing is known of it any more." }
                    @else { "It is gone from HubSpot; what is known of it stands below." }
                    @if view.at.may_act() && !view.erased { " If it exists in HubSpot, reread it." }
                }
            }
        }
    }
}

fn facts(now_at: i64, view: &RecordView, record: &RecordCard) -> Markup {
    html! {
        @if let Some(old) = &record.merged_from {
            p class="mt-2 text-sm" { "Record " code { (old) } " was merged into this one." }
        }
        dl class="facts mt-4" {
            div { dt { "Record id" } dd { code class="select-all" { (record.id) } } }
            div { dt { "Created" } dd { (when(now_at, record.created_at)) } }
            div { dt { "Modified" } dd { (when(now_at, record.updated_at)) } }
            div { dt { "Values mirrored" } dd { (when(now_at, record.read_at)) } }
            @if let Some(url) = &record.hubspot_url {
                div { dt { "In HubSpot" } dd { a class="link inline-flex items-center gap-1" href=(url) rel="noreferrer" target="_blank" { "Open " (ConnectionFrame::one(&view.object_type)) span class="sr-only" { " (new tab)" } (icon(Icon::Out)) } } }
            }
        }
    }
}

/// What can be done with it in HubSpot from here.
fn acts(view: &RecordView, record: &RecordCard) -> Markup {
    let (at, kind) = (&view.at, view.object_type.as_str());
    html! {
        @if at.may_act() && !view.acts.is_empty() {
            section class="mt-6" aria-labelledby="acts" {
                h3 id="acts" class="mb-2 font-semibold" { "In HubSpot" }
                div class="flex flex-wrap gap-2" {
                    @for (name, words) in &view.acts { a class="btn btn-sm btn-quiet" href=(at.paths().act(name, Some((kind, &record.id)))) { (words) } }
                }
            }
        }
    }
}

fn ties(view: &RecordView) -> Markup {
    let paths = view.at.paths();
    let RecordView { links, lists, merged, .. } = view;
    html! {
        @if !links.is_empty() {
            section class="mt-8" aria-labelledby="linked" {
                h3 id="linked" class="mb-2 font-semibold" { "Linked records" }
                div class="grid items-start gap-4 md:grid-cols-2" {
                    @for group in links {
                        div class="card border border-base-300 bg-base-100 p-5 text-sm shadow-sm" {
                            h4 class="mb-2 font-medium" { (capitalised(view.at.words(&group.object_type))) }
                            ul class="grid gap-1.5" {
                                @for line in &group.records {
                                    li class="flex flex-wrap items-center gap-x-2 gap-y-1" {
                                        a class="link min-w-0 wrap-anywhere" href=(paths.record(&group.object_type, &line.id)) { @if line.name.is_empty() { "Record " (line.id) } @else { (line.name) } }
                                        @for label in &line.labels { span class="badge badge-soft badge-sm" { (label) } }
                                    }
                                }
                            }
                            @if group.more { p class="mt-2 text-muted" { "and more, which the API tells" } }
                        }
                    }
                }
            }
        }
        @if !lists.is_empty() || !merged.is_empty() {
            dl class="facts mt-6" {
                @if !lists.is_empty() {
                    div { dt { "On the lists, of those that are followed" } dd class="mt-1 flex flex-wrap gap-1" { @for name in lists { span class="badge badge-soft" { (name) } } } }
                }
                @if !merged.is_empty() {
                    div { dt { "Records merged into it" } dd class="flex flex-wrap gap-x-3" { @for id in merged { code class="select-all" { (id) } } } }
                }
            }
        }
    }
}

fn properties(record: &RecordCard) -> Markup {
    html! {
        section class="mt-8" aria-labelledby="properties" {
            div class="mb-2 flex flex-wrap items-end justify-between gap-3" {
                h3 id="properties" class="font-semibold" { "Properties " span class="font-normal text-muted" { "· " (count(record.set.len() as u64, "value", "values")) } }
                div data-filter="property" hidden {
                    label class="sr-only" for="filter" { "Show only properties that contain" }
                    input id="filter" class="input input-sm w-full sm:w-64" type="search" placeholder="Label, name or value" autocomplete="off";
                }
            }
            @if record.set.is_empty() { p class="text-sm text-muted" { "No property has a value." } }
            @else {
                dl class="card divide-y divide-base-300 border border-base-300 bg-base-100 text-sm shadow-sm" {
                    @for line in &record.set { (property(line)) }
                }
            }
            p class="mt-3 text-sm text-muted" data-filter-nothing hidden { "No property contains that." }
            @if record.left_out > 0 {
                p class="mt-3 text-sm text-muted" { (count(record.left_out as u64, "field", "fields")) " more in HubSpot " @if record.left_out == 1 { "is" } @else { "are" } " not mirrored." }
            }
            @if !record.unset.is_empty() {
                details class="mt-3 text-sm" {
                    summary class="link w-fit" { (count(record.unset.len() as u64, "property", "properties")) " without a value" }
                    ul class="mt-2 gap-x-6 sm:columns-2 lg:columns-3" {
                        @for (label, name) in &record.unset {
                            li class="break-inside-avoid py-0.5 wrap-anywhere" data-filtered="property" { (label) " " code class="text-xs text-muted" { (name) } }
                        }
                    }
                }
            }
        }
    }
}

fn property(line: &PropertyLine) -> Markup {
    html! {
        div class="grid gap-x-6 gap-y-0.5 px-5 py-2.5 sm:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]" data-filtered="property" {
            dt class="wrap-anywhere" {
                (line.label) code class="block text-xs text-muted" { (line.name) }
                @if line.gone { span class="text-xs text-muted" { "no longer in HubSpot" } }
            }
            dd class="whitespace-pre-line wrap-anywhere" {
                @if let Some(shown) = &line.shown { (shown) " " code class="text-xs text-muted" { (line.value) } }
                @else { (line.value) }
                @if line.cut > 0 { span class="text-muted" { "… and " (number(line.cut as u64)) " more characters" } }
            }
        }
    }
}

fn history(view: &RecordView) -> Markup {
    let (now_at, paths) = (view.at.frame.now_at, view.at.paths());
    let kind = &view.object_type;
    html! {
        section class="mt-10" aria-labelledby="history" {
            h3 id="history" class="mb-2 font-semibold" { @if view.continued { "What happened earlier" } @else { "What happened" } }
            @if view.history.is_empty() {
                p class="text-sm text-muted" { @if view.before.is_some() { "Nothing in this part of the change feed." } @else { "The change feed holds nothing about this record." } }
            } @else {
                ol class="card divide-y divide-base-300 border border-base-300 bg-base-100 text-sm shadow-sm" {
                    @for entry in &view.history {
                        li class="px-5 py-3" {
                            p class="flex flex-wrap justify-between gap-x-6" {
                                span class="font-medium" {
                                    (entry.words)
                                    @if let Some(into) = &entry.into { " into " a class="link" href=(paths.record(kind, into)) { "record " (into) } }
                                    @if let Some(links) = &entry.links { (linked(view, links)) }
                                }
                                span class="text-muted" { (when(now_at, entry.at)) }
                            }
                            @if !entry.changed.is_empty() {
                                ul class="mt-1 grid gap-1" {
                                    @for (label, name, old, new) in &entry.changed { (changed(label, name, old.as_deref(), new.as_deref())) }
                                }
                            }
                        }
                    }
                }
            }
            p class="mt-4 flex flex-wrap gap-3 empty:hidden" {
                @if view.continued { a class="btn btn-sm btn-ghost" href=(paths.record(kind, &view.id)) { "Newest" } }
                @if let Some(before) = view.before { a class="btn btn-sm btn-quiet" href=(paths.record_before(kind, &view.id, before)) { "Look further back" } }
            }
        }
    }
}

/// Which records links came or went to, after the words of what happened.
fn linked(view: &RecordView, links: &HistoryLinks) -> Markup {
    let (paths, kind) = (view.at.paths(), links.object_type.as_str());
    let (total, one) = (links.records.len() + links.more, ConnectionFrame::one(kind));
    html! {
        @if total == 1 { " " (one) } @else { " " (number(total as u64)) " " (view.at.words(kind)) @if !links.records.is_empty() { ":" } }
        @for (place, (line, mirrored)) in links.records.iter().enumerate() {
            @if place > 0 { "," } " "
            @let name = html! { @if !line.name.is_empty() { (line.name) } @else if total == 1 { (line.id) } @else { "record " (line.id) } };
            @if *mirrored { a class="link wrap-anywhere" href=(paths.record(kind, &line.id)) { (name) } } @else { (name) }
        }
        @if !links.records.is_empty() && links.more > 0 { " and " (number(links.more as u64)) " more" }
        @if links.records.is_empty() { span class="font-normal text-muted" { @if total == 1 { " that is" } @else { " that are" } " no longer known, for privacy" } }
        @for label in &links.labels { " " span class="badge badge-soft badge-sm" { (label) } }
        @for label in &links.labels_there { " " span class="badge badge-soft badge-sm" { (label) ", seen from there" } }
    }
}

fn changed(label: &str, name: &str, old: Option<&str>, new: Option<&str>) -> Markup {
    let value = |value: Option<&str>| {
        html! {
            @match value { Some(value) => span class="wrap-anywhere" { (value) }, None => span class="text-muted" { "no value" } }
        }
    };
    html! {
        li class="wrap-anywhere" title=(name) {
            span class="text-muted" { (label) ": " }
            (value(old)) span class="text-muted" aria-hidden="true" { " → " } span class="sr-only" { " became " } (value(new))
        }
    }
}

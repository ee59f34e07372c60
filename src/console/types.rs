//! Which types of records a connection mirrors, each of the further ones with its switch; and the page before one is turned off.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::csrf_field;
use super::connection::{self, ConnectionFrame, Tab, action};
use super::words::{capitalised, count, number, when};

/// The page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypesView {
    pub at: ConnectionFrame,
    /// Those every connection mirrors first, then HubSpot's own, then custom objects.
    pub types: Vec<TypeLine>,
    /// Further types that are mirrored, and how many may be.
    pub further: (usize, usize),
    pub custom_objects: CustomObjects,
    /// How often a connection is checked for changes: `every five minutes`.
    pub every: String,
}

/// One type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeLine {
    /// As addresses name it.
    pub object_type: String,
    pub label: String,
    /// What a custom object is called in HubSpot's APIs.
    pub name: Option<String>,
    /// Every connection mirrors it.
    pub always: bool,
    pub mirrored: bool,
    /// Live records, where it is mirrored.
    pub records: u64,
    /// The first read of it is not over.
    pub reading: bool,
    /// Any of these scopes would do, and none is granted.
    pub missing_scopes: Vec<String>,
}

/// What is known of the account's custom objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomObjects {
    /// When HubSpot last listed them.
    pub read_at: Option<i64>,
    pub missing_scopes: Vec<String>,
    /// HubSpot is being asked now, since then; milliseconds since 1970.
    pub looking_since: Option<i64>,
    /// Why they could not be read, in words.
    pub trouble: Option<String>,
}

/// The page before a type is turned off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TurnOffView {
    pub at: ConnectionFrame,
    pub object_type: String,
    pub label: String,
    pub records: u64,
}

pub fn page(view: &TypesView) -> Page {
    Page { status: 200, html: connection::document(&view.at, "Types of records", true, live_part(view)) }
}

/// The part of the page that changes by itself, as the fragment that replaces it.
pub fn live(view: &TypesView) -> Page {
    Page { status: 200, html: live_part(view).into_string() }
}

fn live_part(view: &TypesView) -> Markup {
    let at = &view.at;
    let looking = view.custom_objects.looking_since;
    let moves = looking.is_some() || view.types.iter().any(|line| line.reading);
    let every = if moves { "every 2s" } else { "every 10s" };
    html! {
        div id="live" hx-get=(at.paths().types_live(looking)) hx-trigger=(every) hx-swap="morph:outerHTML" {
            (connection::heading(at, Tab::Sync, html! {}))
            h2 class="text-lg font-semibold" { "Types of records" }
            p class="mt-1 mb-4 max-w-prose text-sm text-muted" {
                "Contacts, companies and deals are always kept in step. Others are read from HubSpot only where somebody turns them on; each then costs a call " (view.every) ". "
                (number(view.further.0 as u64)) " of at most " (number(view.further.1 as u64)) " are on."
            }
            (table(view))
            (custom_objects(view))
        }
    }
}

fn table(view: &TypesView) -> Markup {
    html! {
        div class="card border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
            table class="rows" role="table" aria-label="Types of records" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for words in ["Type", "State", "Records"] { th role="columnheader" scope="col" { (words) } }
                        @if view.at.may_act() { th role="columnheader" scope="col" { span class="sr-only" { "Switch" } } }
                    }
                }
                tbody role="rowgroup" { @for line in &view.types { (row(view, line)) } }
            }
        }
    }
}

fn row(view: &TypesView, line: &TypeLine) -> Markup {
    let (at, paths) = (&view.at, view.at.paths());
    let full = view.further.0 >= view.further.1;
    html! {
        tr role="row" {
            th role="rowheader" scope="row" {
                span class="wrap-anywhere" { (capitalised(&line.label)) }
                @if let Some(name) = &line.name { code class="block text-xs font-normal wrap-anywhere text-muted" { (name) } }
            }
            td role="cell" data-label="State" { span { (state(line)) } }
            td role="cell" data-label="Records" {
                @if line.mirrored { a class="link tabular-nums" href=(paths.records(&line.object_type)) { (number(line.records)) span class="sr-only" { " " (line.label) } } }
                @else { span class="text-muted" { "–" } }
            }
            @if at.may_act() {
                td role="cell" data-label="Switch" {
                    @if line.always {
                        span class="text-sm text-muted" { "Always on" }
                    } @else if line.mirrored {
                        a class="btn btn-sm btn-quiet" href=(paths.turn_off(&line.object_type)) { "Turn off" span class="sr-only" { " " (line.label) } }
                    } @else if !line.missing_scopes.is_empty() {
                        span class="text-sm text-muted" { "Not granted" }
                    } @else if full {
                        span class="text-sm text-muted" { "Turn another off first" }
                    } @else {
                        (action(at, &paths.turn_on(&line.object_type), "btn-primary", "Turn on", &line.label))
                    }
                }
            }
        }
    }
}

fn state(line: &TypeLine) -> Markup {
    html! {
        @if !line.missing_scopes.is_empty() {
            span class="text-muted" {
                "HubSpot has not granted "
                @for (i, scope) in line.missing_scopes.iter().enumerate() {
                    @if i > 0 { " or " }
                    code class="wrap-anywhere" { (scope) }
                }
                ". Reconnect and approve it."
            }
        } @else if line.reading {
            span class="badge badge-soft badge-info badge-sm" { "First read" }
        } @else if line.mirrored {
            span class="badge badge-soft badge-success badge-sm" { "In step" }
        } @else {
            span class="text-muted" { "Off" }
        }
    }
}

fn custom_objects(view: &TypesView) -> Markup {
    let (at, custom) = (&view.at, &view.custom_objects);
    html! {
        section class="mt-8" aria-labelledby="custom-objects" {
            h2 id="custom-objects" class="font-semibold" { "Custom objects" }
            @if !custom.missing_scopes.is_empty() {
                p class="mt-1 max-w-prose text-sm text-muted" {
                    "Which custom objects the account has is not known: HubSpot has not granted "
                    @for (i, scope) in custom.missing_scopes.iter().enumerate() {
                        @if i > 0 { " or " }
                        code class="wrap-anywhere" { (scope) }
                    }
                    ". Reconnect and approve it to include them."
                }
            } @else {
                @if let Some(words) = &custom.trouble { p class="alert alert-soft alert-warning mt-2" { (words) } }
                p class="mt-1 max-w-prose text-sm text-muted" role="status" {
                    @if custom.looking_since.is_some() { "HubSpot is being asked which custom objects there are…" }
                    @else {
                        @match (custom.read_at, view.types.iter().filter(|line| line.name.is_some()).count()) {
                            (None, _) => "HubSpot has not been asked yet which custom objects the account has.",
                            (Some(read_at), 0) => { "The account had none " (when(at.frame.now_at, read_at)) "." },
                            (Some(read_at), there) => { (count(there as u64, "custom object", "custom objects")) " found " (when(at.frame.now_at, read_at)) "." },
                        }
                    }
                }
                @if at.may_act() && custom.looking_since.is_none() {
                    div class="mt-3" { (action(at, &at.paths().refresh_types(), "btn-quiet", "Look for custom objects", "")) }
                }
            }
        }
    }
}

/// Before a type is turned off: what is deleted here, and that HubSpot keeps all of it.
pub fn turn_off(view: &TurnOffView) -> Page {
    let TurnOffView { at, object_type, label, records } = view;
    let paths = at.paths();
    let words = label.to_lowercase();
    let main = html! {
        div class="card mx-auto max-w-xl border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" {
            h1 class="text-xl font-semibold tracking-tight wrap-anywhere" { "Stop mirroring " (words) " of " (at.title) "?" }
            p class="mt-3" {
                "What is kept of " (words) " here is deleted at once: " (count(*records, "record", "records"))
                ", with values, fields and the choice of fields. HubSpot keeps everything; nothing is changed there."
            }
            p class="mt-3 text-muted" {
                "Whoever follows the change feed is told once, and then holds none of these records. Turned on again, all of them are read from HubSpot anew."
            }
            form class="mt-7 flex flex-wrap gap-3" method="post" action=(paths.turn_off(object_type)) {
                (csrf_field(&at.frame.csrf))
                button class="btn btn-error" { "Stop mirroring " (words) }
                a class="btn btn-ghost" href=(paths.types()) { "Cancel" }
            }
        }
    };
    Page { status: 200, html: connection::document(at, &format!("Turn off {words}"), false, main) }
}

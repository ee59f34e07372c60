//! The form of a channel: what it selects by list or by an editor of conditions, what the host gets, and what that would come to now.
//!
//! Every button of it sends the whole form; what it holds comes back as it was sent, with a row more or less. With scripts only the form is
//! exchanged, so that nobody loses their place.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::channels::one_or_more;
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::filter_form::{self, FilterForm};
use super::words::{capitalised, count, number};

/// The form, as it was last sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelFormView {
    pub at: ConnectionFrame,
    /// None: a new channel.
    pub id: Option<String>,
    pub object_type: String,
    pub name: String,
    pub by_list: bool,
    pub lists: Vec<ListLine>,
    /// The one that is chosen.
    pub list: String,
    pub filter: FilterForm,
    pub fields: Vec<MappingView>,
    /// Fields that can be chosen: words, and what tells them apart.
    pub known: Vec<(String, String)>,
    /// Fields that cannot, because they are not mirrored.
    pub left_out: usize,
    /// What is wrong and belongs to no row.
    pub errors: Vec<String>,
    /// Rows in which something is wrong.
    pub wrong_rows: usize,
    /// It was to be saved, and was not.
    pub refused: bool,
    pub preview: Option<PreviewView>,
    /// The id of what a person goes on with after a row came or went.
    pub focus: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListLine {
    pub id: String,
    pub name: String,
    /// How many are on it, and what kind of list it is.
    pub words: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MappingView {
    pub field: String,
    pub property: String,
    pub default: String,
    pub wrong: Option<String>,
}

/// What the channel would come to now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewView {
    pub matching: String,
    pub calls: String,
    /// The host's names of the fields.
    pub columns: Vec<String>,
    /// Ids and values of some that match; no values: not mirrored yet.
    pub examples: Vec<(String, Option<Vec<Option<String>>>)>,
    /// They are being read from HubSpot.
    pub reading: bool,
    /// Why there are none.
    pub no_examples: String,
}

impl ChannelFormView {
    fn goes_on_at(&self, id: &str) -> bool {
        self.focus.as_deref() == Some(id)
    }
}

pub fn page(view: &ChannelFormView) -> Page {
    let ChannelFormView { at, id, .. } = view;
    let title = if id.is_some() { "Edit channel" } else { "New channel" };
    let main = html! {
        (connection::heading(at, Tab::Channels, html! {}))
        (form(view, title))
    };
    let status = if view.refused { 400 } else { 200 };
    Page { status, html: connection::document(at, title, true, main) }
}

fn form(view: &ChannelFormView, title: &str) -> Markup {
    let (at, paths) = (&view.at, view.at.paths());
    let to = match &view.id {
        Some(id) => paths.channel_action(id, "edit"),
        None => paths.new_channel(&view.object_type),
    };
    let back = view.id.as_ref().map_or_else(|| paths.channels(), |id| paths.channel(id));
    html! {
        form id="form" class="group grid gap-6" method="post" action=(to) hx-target="#form" hx-select="#form" hx-swap="morph:outerHTML" hx-sync="#form:queue all" {
            (csrf_field(&at.frame.csrf))
            // What Enter does in a field: the first button of a form.
            button hidden name="do" value="preview" formnovalidate hx-post=(to) { "Preview" }
            div class="flex flex-wrap items-center justify-between gap-4" {
                h2 class="text-lg font-semibold" { (title) }
                @if view.id.is_none() && at.types.len() > 1 { (connection::types(at, &view.object_type, |kind| paths.new_channel(kind))) }
                @else { span class="text-muted" { (capitalised(at.words(&view.object_type))) } }
            }
            @if !view.errors.is_empty() || view.wrong_rows > 0 {
                div id="refused" class="alert alert-soft alert-error items-start" role="alert" {
                    (icon(Icon::Alert))
                    ul class="grid gap-1" {
                        @for error in &view.errors { li { (error) } }
                        @if view.wrong_rows > 0 { li { (count(view.wrong_rows as u64, "row", "rows")) " below " @if view.wrong_rows == 1 { "says" } @else { "say" } " what is missing." } }
                    }
                }
            }
            section class="card gap-4 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" {
                div class="grid gap-1.5" {
                    label class="text-sm font-medium" for="channel-name" { "Name" }
                    input id="channel-name" class="input w-full max-w-lg" name="name" value=(view.name) required maxlength="100" placeholder="Warm leads" autocomplete="off";
                }
                (selection(view, &to))
            }
            (mappings(view, &to))
            (preview(view, &to))
            div class="flex flex-wrap gap-3" {
                button class="btn btn-quiet" name="do" value="preview" formnovalidate hx-post=(to) { "Preview" }
                button class="btn btn-primary" name="do" value="save" { @if view.id.is_some() { "Save" } @else { "Make the channel" } }
                a class="btn btn-ghost" href=(back) { "Cancel" }
            }
            @if view.id.is_some() {
                p class="text-sm text-muted" { "After saving, whoever no longer matches is told to have left, whoever matches newly is handed over, and whoever stays is told again only where a handed field differs." }
            }
            (filter_form::known(&view.known))
        }
    }
}

fn selection(view: &ChannelFormView, to: &str) -> Markup {
    let kind = view.at.words(&view.object_type);
    html! {
        fieldset class="grid gap-2" {
            legend class="mb-1 text-sm font-medium" { "Which " (kind) }
            @for (value, words) in [("list", "Everybody on a HubSpot list"), ("filter", "Those that a filter selects")] {
                label class="flex items-center gap-2.5 text-sm" {
                    input id={ "by-" (value) } class="radio radio-sm" type="radio" name="by" value=(value) checked[(value == "list") == view.by_list];
                    @if value == "list" && kind != "contacts" { "The records on a HubSpot list" } @else { (words) }
                }
            }
        }
        div class="hidden gap-3 group-has-[#by-list:checked]:grid" { (lists(view)) }
        div class="hidden gap-3 group-has-[#by-filter:checked]:grid" { (filter_form::editor(&view.filter, to, view.focus.as_deref())) }
    }
}

fn lists(view: &ChannelFormView) -> Markup {
    html! {
        @if view.lists.is_empty() {
            p class="text-sm text-muted" { "No list of " (view.at.words(&view.object_type)) " is known. HubSpot's lists are read every hour, and at once by “Refresh fields” on the Fields page; without the permission to read lists there are none." }
        } @else {
            div data-filter="list" hidden {
                label class="sr-only" for="find-list" { "Find a list" }
                input id="find-list" form="none" class="input w-full max-w-lg" type="search" placeholder="Find a list by its name" autocomplete="off";
            }
            fieldset {
                legend class="sr-only" { "List" }
                div class="grid max-h-80 gap-0.5 overflow-y-auto rounded-field border border-base-300 p-2" {
                    @for list in &view.lists {
                        label class="flex items-start gap-2.5 rounded-field p-2 text-sm hover:bg-base-200" data-filtered="list" {
                            input class="radio radio-sm mt-0.5" type="radio" name="list" value=(list.id) checked[list.id == view.list];
                            span class="min-w-0" { span class="wrap-anywhere" { (list.name) } " " span class="block text-xs text-muted" { (list.words) } }
                        }
                    }
                }
            }
            p class="text-sm text-muted" data-filter-nothing hidden { "No list is called that." }
        }
    }
}

fn mappings(view: &ChannelFormView, to: &str) -> Markup {
    html! {
        section class="card gap-3 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="handed" {
            h3 id="handed" class="font-semibold" { "What is handed over of each" }
            p class="text-sm text-muted" {
                "A change of one of these fields is told; other changes are not. "
                @if view.left_out > 0 { (count(view.left_out as u64, "field", "fields")) " of HubSpot cannot be chosen, because the mirror leaves them out: " a class="link" href=(view.at.paths().choose_fields(&view.object_type)) { "choose them first" } "." }
            }
            @for (number, row) in view.fields.iter().enumerate() { (mapping(view, to, number, row)) }
            button id="add-field" class="btn btn-sm btn-ghost w-fit" name="do" value="add-field" autofocus[view.goes_on_at("add-field")] formnovalidate hx-post=(to) { (icon(Icon::Plus)) "Add a field" }
        }
    }
}

fn mapping(view: &ChannelFormView, to: &str, place: usize, row: &MappingView) -> Markup {
    let (number, id) = (place + 1, format!("m{place}"));
    let wrong = row.wrong.as_ref().map(|_| format!("{id}-wrong"));
    let input = |end: &str,
                 name: &str,
                 words: &str,
                 value: &str,
                 hint: &str,
                 list: Option<&str>,
                 most: u16| {
        html! {
            label class="grid gap-1 text-xs text-muted" {
                span { (words) span class="sr-only" { " of field " (number) } }
                input id={ (id) (end) } class="input input-sm w-full text-base-content" name=(name) value=(value) placeholder=(hint) list=[list] maxlength=(most) autocomplete="off" autofocus[view.goes_on_at(&format!("{id}{end}"))] aria-describedby=[wrong.as_ref()];
            }
        }
    };
    html! {
        div class="grid gap-2 border-t border-base-300 pt-3 sm:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_minmax(0,1fr)_auto] sm:items-end" {
            (input("-from", "from-property", "HubSpot's field", &row.property, "Field", Some("known"), 300))
            (input("-name", "host-field", "Your name for it", &row.field, "as in HubSpot", None, 100))
            (input("-default", "default", "If it is empty", &row.default, "no value", None, 500))
            button class="btn btn-sm btn-ghost justify-self-start" name="do" value={ "drop-field " (place) } formnovalidate hx-post=(to) { "Remove" span class="sr-only" { " field " (number) } }
            @if let (Some(words), Some(id)) = (&row.wrong, &wrong) { p id=(id) class="text-sm text-error sm:col-span-4" { (words) } }
        }
    }
}

/// While examples are being read it asks again with the form as it then is, and takes nothing but its own place.
fn preview(view: &ChannelFormView, to: &str) -> Markup {
    let Some(preview) = &view.preview else { return html! {} };
    let again = preview.reading.then_some(to);
    html! {
        section id="previewed" class="card gap-2 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="preview"
            hx-post=[again] hx-trigger=[again.map(|_| "every 2s")] hx-vals=[again.map(|_| "{\"do\":\"preview\"}")] hx-target="this" hx-select="#previewed" {
            h3 id="preview" class="font-semibold" { "Preview" }
            p role="status" { strong class="font-semibold" { (preview.matching) } }
            p class="text-sm text-muted" { (preview.calls) }
            @if preview.examples.is_empty() {
                p class="text-sm text-muted" role="status" {
                    (preview.no_examples)
                    @if preview.reading { noscript { " Press Preview again in a few seconds." } }
                }
            } @else { (examples(view, preview)) }
        }
    }
}

fn examples(view: &ChannelFormView, preview: &PreviewView) -> Markup {
    let columns = &preview.columns;
    html! {
        p class="mt-2 text-sm" { (number(preview.examples.len() as u64)) " of the " (one_or_more(&view.object_type, 2)) " that match, as they would be handed over:" }
        div class="overflow-x-auto" tabindex="0" role="group" aria-label="Examples" {
            table class="rows rows-tight" role="table" aria-labelledby="preview" {
                thead role="rowgroup" {
                    tr role="row" {
                        th role="columnheader" scope="col" { "Id" }
                        @for column in columns { th role="columnheader" scope="col" { (column) } }
                        @if columns.is_empty() { th role="columnheader" scope="col" { "Fields" } }
                    }
                }
                tbody role="rowgroup" {
                    @for (id, values) in &preview.examples {
                        tr role="row" {
                            @if let Some(values) = values {
                                th role="rowheader" scope="row" { a class="link" href=(view.at.paths().record(&view.object_type, id)) { (id) } }
                                @for (column, value) in columns.iter().zip(values) {
                                    td role="cell" data-label=(column) { @match value { Some(text) => span class="wrap-anywhere" { (text) }, None => span class="text-muted" { "no value" } } }
                                }
                            } @else {
                                th role="rowheader" scope="row" { (id) }
                                td role="cell" colspan=(columns.len().max(1)) { span class="text-muted" { "not mirrored yet" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

//! The choice of a type's fields that are mirrored: all or a named set, and which calculated ones are kept fresh. What a choice would
//! cost, and what would disappear, is shown before it is saved.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::connection_paths::FieldsQuery;

/// The form, as it was last sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChooseFieldsView {
    pub at: ConnectionFrame,
    pub object_type: String,
    /// Every field there is and will be.
    pub all: bool,
    pub groups: Vec<FieldGroup>,
    /// What saving would come to, a sentence each; empty: not asked for.
    pub review: Vec<String>,
    /// Names what was reviewed.
    pub reviewed: String,
    /// What stands in the way.
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldGroup {
    /// HubSpot's name of the group.
    pub name: String,
    pub fields: Vec<FieldChoice>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChoice {
    pub name: String,
    pub label: String,
    pub type_words: String,
    pub chosen: bool,
    /// Spoke itself needs it.
    pub always: bool,
    /// Whether it is kept fresh; None: it need not be.
    pub fresh: Option<bool>,
}

pub fn page(view: &ChooseFieldsView) -> Page {
    let at = &view.at;
    let main = html! {
        (connection::heading(at, Tab::Fields, html! {}))
        (form(view))
    };
    let title = format!("Choose fields of {}", at.words(&view.object_type));
    let status = if view.error.is_some() { 400 } else { 200 };
    Page { status, html: connection::document(at, &title, true, main) }
}

fn form(view: &ChooseFieldsView) -> Markup {
    let (at, kind) = (&view.at, &view.object_type);
    let paths = at.paths();
    let to = paths.choose_fields(kind);
    let back = paths.fields(kind, &FieldsQuery::default());
    html! {
        form id="form" class="grid gap-6" method="post" action=(to) hx-target="#form" hx-select="#form" hx-swap="morph:outerHTML" hx-sync="#form:queue all" {
            (csrf_field(&at.frame.csrf))
            // What Enter does in a field: the first button of a form.
            button hidden name="do" value="review" { "Review" }
            h2 class="text-lg font-semibold" { "Which fields of " (at.words(kind)) " are mirrored" }
            @if let Some(error) = &view.error { p class="alert alert-soft alert-error" role="alert" { (icon(Icon::Alert)) span { (error) } } }
            @if !view.review.is_empty() { (review(view)) }
            section class="card gap-4 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" {
                fieldset class="grid gap-2" {
                    legend class="sr-only" { "Which fields" }
                    @for (value, words) in [("all", "All fields, also those that appear in HubSpot later"), ("named", "Only the fields that are ticked below")] {
                        label class="flex items-center gap-2.5 text-sm" {
                            input id={ "which-" (value) } class="radio radio-sm" type="radio" name="which" value=(value) checked[(value == "all") == view.all];
                            (words)
                        }
                    }
                }
                p class="text-sm text-muted" {
                    "A field that is not mirrored is not read from HubSpot, not kept here and not told of. Fewer fields make records smaller; the number of calls stays the same. "
                    "Fields marked “always” are what Spoke itself needs; fields that a channel reads stay as long as it does."
                }
                p class="text-sm text-muted" {
                    "HubSpot does not say when it calculates a field anew, so a calculated field is as old as the record's last change. One that is kept fresh is read again once a day, for every record."
                }
                div class="flex flex-wrap gap-2" {
                    div class="w-full sm:w-80" data-filter="field" hidden {
                        label class="sr-only" for="find-field" { "Find a field" }
                        input id="find-field" form="none" class="input w-full" type="search" placeholder="Find by name, label or group" autocomplete="off";
                    }
                    div class="flex flex-wrap gap-2" data-mirror {
                        button class="btn btn-quiet" name="do" value="tick" hx-post=(to) { "Tick all" }
                        button class="btn btn-quiet" name="do" value="untick" hx-post=(to) { "Untick all" }
                    }
                }
            }
            p class="text-sm text-muted" data-filter-nothing hidden { "No field is called that." }
            @for (place, group) in view.groups.iter().enumerate() { (self::group(&to, place, group)) }
            div class="bottom-bar" {
                button class="btn btn-primary" name="do" value="review" { "See what this comes to" }
                a class="btn btn-ghost" href=(back) { "Cancel" }
            }
        }
    }
}

fn review(view: &ChooseFieldsView) -> Markup {
    html! {
        section class="card gap-3 border border-primary bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="review" {
            h3 id="review" class="font-semibold" { "What saving this comes to" }
            div role="status" { ul class="grid list-disc gap-1.5 pl-5 text-sm" { @for sentence in &view.review { li class="wrap-anywhere" { (sentence) } } } }
            input type="hidden" name="reviewed" value=(view.reviewed);
            div class="mt-2 flex flex-wrap gap-3" { button class="btn btn-primary" name="do" value="save" { "Save this choice" } }
        }
    }
}

fn group(to: &str, place: usize, group: &FieldGroup) -> Markup {
    html! {
        fieldset class="choice-group card border border-base-300 bg-base-100 p-5 shadow-sm" aria-labelledby={ "group-" (place) } {
            div class="mb-2 flex flex-wrap items-center justify-between gap-2" {
                h3 id={ "group-" (place) } class="text-sm font-semibold wrap-anywhere" { (group.name) }
                span class="flex gap-1" data-mirror {
                    button class="btn btn-sm btn-ghost" name="do" value={ "tick " (place) } hx-post=(to) { "Tick all" span class="sr-only" { " of " (group.name) } }
                    button class="btn btn-sm btn-ghost" name="do" value={ "untick " (place) } hx-post=(to) { "Untick all" span class="sr-only" { " of " (group.name) } }
                }
            }
            div class="grid gap-x-6 gap-y-0.5 sm:grid-cols-2" { @for field in &group.fields { (self::field(&group.name, field)) } }
        }
    }
}

/// The words of the group are there to be found by.
fn field(group: &str, field: &FieldChoice) -> Markup {
    html! {
        div class="flex items-start justify-between gap-3 rounded-field p-1.5 text-sm hover:bg-base-200" data-filtered="field" data-fresh[field.fresh.is_some()] {
            label class="flex min-w-0 items-start gap-2.5" {
                input class="checkbox checkbox-sm mt-0.5" type="checkbox" name="mirror" value=(field.name) checked[field.chosen || field.always] disabled[field.always] data-mirror;
                span class="min-w-0" {
                    span class="wrap-anywhere" { (field.label) }
                    @if field.always { " " span class="badge badge-soft badge-sm" { "always" } }
                    span class="block text-xs wrap-anywhere text-muted" { code { (field.name) } " · " (field.type_words) span hidden { " " (group) } }
                }
            }
            @if let Some(fresh) = field.fresh {
                label class="flex shrink-0 items-center gap-1.5 text-xs" {
                    input class="checkbox checkbox-xs" type="checkbox" name="fresh" value=(field.name) checked[fresh];
                    "keep fresh" span class="sr-only" { ": " (field.label) }
                }
            }
        }
    }
}

//! The forms of an activation and of how properties are called. What is refused is said at the head, and nothing typed is lost.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab};
use crate::values::attribute::{DESCRIPTION_CHARS, GROUP_CHARS, GROUP_LABEL_CHARS, NAME_CHARS, PREFIX_CHARS};

/// From how many on a list can be narrowed.
const MANY: usize = 10;

/// The form of an activation, as it was last sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActivationForm {
    pub at: ConnectionFrame,
    /// `None`: a new one.
    pub id: Option<String>,
    pub name: String,
    pub description: String,
    pub audiences: Vec<ChoiceLine>,
    pub attributes: Vec<ChoiceLine>,
    /// People who are no contact become one.
    pub creates: bool,
    /// Why it was not saved.
    pub error: Option<String>,
}

/// An audience or attribute that can be selected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChoiceLine {
    pub id: String,
    pub name: String,
    /// How many people it is of, and what it holds.
    pub words: String,
    pub chosen: bool,
}

/// How properties and their group are called, as it was last sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamesForm {
    pub at: ConnectionFrame,
    pub label: String,
    pub group: String,
    pub prefix: String,
    /// Why it was not saved.
    pub error: Option<String>,
}

pub(super) fn refused(error: Option<&String>) -> Markup {
    html! {
        @if let Some(error) = error {
            div id="refused" class="alert alert-soft alert-error mb-6 items-start" role="alert" { (icon(Icon::Alert)) p class="min-w-0 wrap-anywhere" { (error) } }
        }
    }
}

pub(super) fn line(name: &str, words: &str, value: &str, most: usize, required: bool) -> Markup {
    html! {
        div class="grid gap-1.5" {
            label class="text-sm font-medium" for=(name) { (words) }
            input id=(name) class="input w-full max-w-lg" name=(name) value=(value) maxlength=(most) required[required] autocomplete="off";
        }
    }
}

pub(super) fn description(value: &str) -> Markup {
    html! {
        div class="grid gap-1.5" {
            label class="text-sm font-medium" for="description" { "Description" }
            textarea id="description" class="textarea w-full max-w-lg" name="description" rows="2" maxlength=(DESCRIPTION_CHARS) { "\n" (value) }
        }
    }
}

/// A name that a program reads, with what it may be.
pub(super) fn technical(name: &str, words: &str, value: &str, most: usize, help: &str) -> Markup {
    html! {
        div class="grid gap-1.5" {
            label class="text-sm font-medium" for=(name) { (words) }
            input id=(name) class="input w-full max-w-lg" name=(name) value=(value) maxlength=(most) autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby={ (name) "-help" };
            p id={ (name) "-help" } class="max-w-prose text-xs text-muted" { (help) }
        }
    }
}

pub(super) const fn status(refused: bool) -> u16 {
    if refused { 400 } else { 200 }
}

pub fn form(view: &ActivationForm) -> Page {
    let (at, paths) = (&view.at, view.at.paths());
    let title = if view.id.is_some() { "Edit activation" } else { "New activation" };
    let back = view.id.as_ref().map_or_else(|| paths.activations(), |id| paths.activation(id));
    let main = html! {
        (connection::heading(at, Tab::Activations, html! {}))
        (refused(view.error.as_ref()))
        form class="grid gap-6" method="post" action=(paths.activation_form(view.id.as_deref())) {
            (csrf_field(&at.frame.csrf))
            h2 class="text-lg font-semibold" { (title) }
            section class="card gap-4 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="general" {
                h3 id="general" class="font-semibold" { "General information" }
                (line("name", "Name", &view.name, NAME_CHARS, true))
                (description(&view.description))
                p class="text-sm" { span class="font-medium" { "Identifier: " } "e-mail. People are told apart by their address." }
            }
            (choices("audience", "Audiences", "Each becomes a property that is true for whoever is in it and false for everybody else.", &view.audiences))
            (choices("attribute", "Calculated attributes", "Each becomes a property of its own type.", &view.attributes))
            p class="text-sm text-muted" { "Consider starting with just one: you can always add more later." }
            section class="card gap-4 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="unknown" {
                h3 id="unknown" class="font-semibold" { "People who are no contact in HubSpot" }
                fieldset class="grid gap-2" {
                    legend class="sr-only" { "People who are no contact in HubSpot" }
                    @for (value, words, help) in [
                        ("skip", "Leave them out", "Whoever becomes a contact later is written then."),
                        ("create", "Make them contacts", "With their address and what is known of them here. HubSpot may count them as marketing contacts."),
                    ] {
                        label class="flex items-start gap-3 text-sm" {
                            input type="radio" class="radio radio-sm mt-0.5" name="unknown" value=(value) checked[(value == "create") == view.creates];
                            span { span class="block" { (words) } span class="block text-xs text-muted" { (help) } }
                        }
                    }
                }
            }
            div class="flex flex-wrap gap-3" {
                button class="btn btn-primary" { @if view.id.is_some() { "Save" } @else { "Save and sync" } }
                a class="btn btn-ghost" href=(back) { "Cancel" }
            }
        }
    };
    // Scripts narrow the lists.
    Page { status: status(view.error.is_some()), html: connection::document(at, title, true, main) }
}

fn choices(name: &str, title: &str, words: &str, lines: &[ChoiceLine]) -> Markup {
    let id = format!("{name}s");
    html! {
        section class="card gap-3 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby=(id) {
            h3 id=(id) class="font-semibold" { (title) }
            p class="text-sm text-muted" { (words) }
            @if lines.is_empty() {
                p class="text-sm text-muted" { "There are none yet." }
            } @else {
                @if lines.len() > MANY {
                    div data-filter=(name) hidden {
                        label class="sr-only" for={ "find-" (name) } { "Find one of the " (title.to_lowercase()) }
                        input id={ "find-" (name) } form="none" class="input w-full max-w-lg" type="search" placeholder="Find one by its name" autocomplete="off";
                    }
                }
                fieldset {
                    legend class="sr-only" { (title) }
                    div class="grid max-h-80 gap-0.5 overflow-y-auto rounded-field border border-base-300 p-2" {
                        @for line in lines {
                            label class="flex items-start gap-2.5 rounded-field p-2 text-sm hover:bg-base-200" data-filtered=(name) {
                                input class="checkbox checkbox-sm mt-0.5" type="checkbox" name=(name) value=(line.id) checked[line.chosen];
                                span class="min-w-0" { span class="wrap-anywhere" { (line.name) } " " span class="block text-xs text-muted" { (line.words) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub fn names(view: &NamesForm) -> Page {
    let (at, paths) = (&view.at, view.at.paths());
    let main = html! {
        (connection::heading(at, Tab::Activations, html! {}))
        (refused(view.error.as_ref()))
        form class="grid gap-6" method="post" action=(paths.activation_names()) {
            (csrf_field(&at.frame.csrf))
            h2 class="text-lg font-semibold" { "Settings of activations" }
            section class="card gap-4 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" {
                p class="max-w-prose text-sm text-muted" { "How the properties are called that are made from now on. Those that are there keep their names." }
                (line("label", "Label of the property group", &view.label, GROUP_LABEL_CHARS, true))
                (technical("group", "Name of the property group", &view.group, GROUP_CHARS, "Lower-case letters, digits and underscores. HubSpot's names cannot be changed later."))
                (technical("prefix", "Prefix of each property's name", &view.prefix, PREFIX_CHARS, "Likewise: with the prefix raptor an audience's property is called raptor_aud_abandon_basket."))
            }
            div class="flex flex-wrap gap-3" {
                button class="btn btn-primary" { "Save" }
                a class="btn btn-ghost" href=(paths.activations()) { "Cancel" }
            }
        }
    };
    Page {
        status: status(view.error.is_some()),
        html: connection::document(at, "Settings of activations", false, main),
    }
}

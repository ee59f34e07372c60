//! The form of an audience or attribute. Of an audience whose members are found every button of the filter's editor sends the whole form, which
//! comes back as it was sent, with a row more or less.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::activation_form::{description, line, refused, status, technical};
use super::chrome::csrf_field;
use super::connection::{self, ConnectionFrame, Tab};
use super::filter_form::{self, FilterForm};
use super::words::count;
use crate::values::attribute::{AttributeKind, NAME_CHARS};

/// Characters of the options of an attribute, as they are typed: 200 of a hundred each for value and label, and what is between.
const OPTIONS_CHARS: usize = 45_000;

/// The form of an audience or attribute, as it was last sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeForm {
    pub at: ConnectionFrame,
    pub audience: bool,
    /// It is there: its id and its type do not change.
    pub exists: bool,
    /// As the host names it.
    pub id: String,
    pub name: String,
    pub description: String,
    /// By its name on the wire.
    pub kind: String,
    /// One a line.
    pub options: String,
    /// Of an audience whether its members are found.
    pub finds: bool,
    /// By which they are.
    pub filter: FilterForm,
    /// Fields that can be chosen: words, and what tells them apart.
    pub known: Vec<(String, String)>,
    /// Rows of the filter in which something is wrong.
    pub wrong_rows: usize,
    /// The id of what a person goes on with after a row came or went.
    pub focus: Option<String>,
    /// Nothing was saved.
    pub refused: bool,
    /// Why it was not saved.
    pub error: Option<String>,
}

pub fn page(view: &AttributeForm) -> Page {
    let (at, paths) = (&view.at, view.at.paths());
    let title = match (view.exists, view.audience) {
        (false, true) => "New audience",
        (false, false) => "New attribute",
        (true, true) => "Edit audience",
        (true, false) => "Edit attribute",
    };
    let to = paths.attribute_form(view.audience, view.exists.then_some(view.id.as_str()));
    let main = html! {
        (connection::heading(at, Tab::Activations, html! {}))
        form id="form" class="group grid gap-6" method="post" action=(to) hx-target="#form" hx-select="#form" hx-swap="morph:outerHTML" hx-sync="#form:queue all" {
            (csrf_field(&at.frame.csrf))
            // What Enter does in a line.
            button hidden name="do" value="save" { "Save" }
            @if view.error.is_some() {
                (refused(view.error.as_ref()))
            } @else if view.wrong_rows > 0 {
                (refused(Some(&format!("{} of the filter below {} what is wrong.", count(view.wrong_rows as u64, "row", "rows"), if view.wrong_rows == 1 { "says" } else { "say" }))))
            }
            h2 class="text-lg font-semibold" { (title) }
            section class="card gap-4 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" {
                (line("name", "Name", &view.name, NAME_CHARS, true))
                (description(&view.description))
                @if view.exists {
                    p class="text-sm" { span class="font-medium" { "Id: " } code class="wrap-anywhere" { (view.id) } }
                    p class="text-sm text-muted" { "Another name is another label in HubSpot; the property stays the same." }
                } @else {
                    (technical("id", "Id", &view.id, 100, "What your product calls it in the API: letters, digits and ._~:-. Left empty it is made of the name. It cannot be changed later."))
                }
                @if !view.audience { (kind(view)) }
            }
            @if view.audience { (members(view, &to)) }
            div class="flex flex-wrap gap-3" {
                button class="btn btn-primary" name="do" value="save" { "Save" }
                a class="btn btn-ghost" href=(paths.activations()) { "Cancel" }
            }
        }
    };
    Page {
        status: status(view.refused && (view.error.is_some() || view.wrong_rows > 0)),
        html: connection::document(at, title, true, main),
    }
}

fn kind(view: &AttributeForm) -> Markup {
    html! {
        @if view.exists {
            p class="text-sm" { span class="font-medium" { "Type: " } (AttributeKind::parse(&view.kind).map_or("", AttributeKind::words)) }
            input type="hidden" name="type" value=(view.kind);
        } @else {
            div class="grid gap-1.5" {
                label class="text-sm font-medium" for="type" { "Type" }
                select id="type" class="select w-full max-w-lg" name="type" {
                    @for kind in AttributeKind::VALUES { option value=(kind.as_str()) selected[kind.as_str() == view.kind] { (super::words::capitalised(kind.words())) } }
                }
            }
        }
        @if !view.exists || view.kind == AttributeKind::Enumeration.as_str() {
            div class="grid gap-1.5" {
                label class="text-sm font-medium" for="options" { "Options" }
                textarea id="options" class="textarea w-full max-w-lg" name="options" rows="4" maxlength=(OPTIONS_CHARS) spellcheck="false" aria-describedby="options-help" { "\n" (view.options) }
                p id="options-help" class="max-w-prose text-xs text-muted" { "Only of one of several options: one a line. Where your product's value is not what people should read, both with a bar between: gold | Gold customers. Options can be added later, and none can go." }
            }
        }
    }
}

/// Whether a host says who is in an audience, or a filter finds them.
fn members(view: &AttributeForm, to: &str) -> Markup {
    let words = |finds: bool| {
        if finds {
            "A filter finds them among your contacts, and follows every change."
        } else {
            "Your product says who is in it, by the API."
        }
    };
    html! {
        section class="card gap-4 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="members" {
            h3 id="members" class="font-semibold" { "Members" }
            @if view.exists {
                p class="text-sm" { (words(view.finds)) }
                input type="hidden" name="by" value=(by(view.finds));
                @if view.finds { (finding(view, to)) }
            } @else {
                fieldset class="grid gap-2" {
                    legend class="sr-only" { "Members" }
                    @for finds in [false, true] {
                        label class="flex items-center gap-2.5 text-sm" {
                            input id={ "by-" (by(finds)) } class="radio radio-sm" type="radio" name="by" value=(by(finds)) checked[finds == view.finds];
                            (words(finds))
                        }
                    }
                }
                p class="max-w-prose text-xs text-muted" { "This cannot be changed later." }
                div class="hidden gap-3 group-has-[#by-found:checked]:grid" { (finding(view, to)) }
            }
            p class="max-w-prose text-sm text-muted" { "In HubSpot the property is true for members, and false for whoever was one." }
        }
        (filter_form::known(&view.known))
    }
}

const fn by(finds: bool) -> &'static str {
    if finds { "found" } else { "sent" }
}

fn finding(view: &AttributeForm, to: &str) -> Markup {
    html! {
        (filter_form::editor(&view.filter, to, view.focus.as_deref()))
        p class="max-w-prose text-xs text-muted" { "A contact’s company is its primary one, its deal the open one that was modified last. Of what somebody did one of the latest signals has to fit." }
    }
}

//! The forms of a qualifying list and of an automation: conditions by the same editor as those of channels, steps one after the other, and JSON
//! for what neither can show. What is wrong is said where it is, and nothing typed is lost.
//!
//! Every button sends the whole form, which comes back as it was sent, with a row or step more or less, or elsewhere.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::act::{self, Input};
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::filter_form::{self, FilterForm};
use super::words::count;
use crate::engine::{
    portal::outbox::actions::Name,
    signal::{MAX_COOL_DOWN_HOURS, MAX_STEPS, NAME_CHARS},
};

/// The form of a list, as it was last sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListForm {
    pub at: ConnectionFrame,
    /// `None`: a new one.
    pub id: Option<String>,
    pub name: String,
    pub filter: FilterForm,
    /// Fields that can be chosen: words, and what tells them apart.
    pub known: Vec<(String, String)>,
    pub errors: Vec<String>,
    /// Rows in which something is wrong.
    pub wrong_rows: usize,
    /// Nothing was saved.
    pub refused: bool,
    pub tried: Option<Tried>,
    /// The id of what a person goes on with after a row came or went.
    pub focus: Option<String>,
}

/// The form of an automation, as it was last sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AutomationForm {
    pub at: ConnectionFrame,
    /// `None`: a new one.
    pub id: Option<String>,
    pub name: String,
    pub list: String,
    /// Id and name of each list.
    pub lists: Vec<(String, String)>,
    pub per_visitor: bool,
    pub hours: String,
    pub steps: Vec<StepForm>,
    /// The steps as JSON; where it cannot be read, there are no others.
    pub json: String,
    /// The JSON is looked at.
    pub json_open: bool,
    /// Owners that are proposed: address or id, and name.
    pub owners: Vec<(String, String)>,
    pub errors: Vec<String>,
    /// Steps in which something is wrong.
    pub wrong_steps: usize,
    /// Nothing was saved.
    pub refused: bool,
    pub tried: Option<Tried>,
    pub focus: Option<String>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepForm {
    /// The action's name.
    pub action: String,
    pub inputs: Vec<Input>,
    /// Whatever else it says: a JSON object, or nothing.
    pub more: String,
    pub wrong: Option<String>,
}

/// What trying it came to: a sentence, and what explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    pub words: String,
    pub lines: Vec<String>,
}

fn errors(errors: &[String], wrong: usize, what: (&str, &str)) -> Markup {
    html! {
        @if !errors.is_empty() || wrong > 0 {
            div id="refused" class="alert alert-soft alert-error items-start" role="alert" {
                (icon(Icon::Alert))
                ul class="grid min-w-0 gap-1" {
                    @for error in errors { li class="wrap-anywhere" { (error) } }
                    @if wrong > 0 { li { (count(wrong as u64, what.0, what.1)) " below " @if wrong == 1 { "says" } @else { "say" } " what is wrong." } }
                }
            }
        }
    }
}

fn tried(tried: Option<&Tried>) -> Markup {
    html! {
        @if let Some(tried) = tried {
            div class="alert alert-soft alert-info items-start" role="status" {
                (icon(Icon::Info))
                div class="min-w-0" {
                    p { (tried.words) }
                    @if !tried.lines.is_empty() { ul class="mt-2 grid gap-1 text-sm" { @for line in &tried.lines { li class="wrap-anywhere" { (line) } } } }
                }
            }
        }
    }
}

fn name_input(name: &str) -> Markup {
    html! {
        div class="grid gap-1.5" {
            label class="text-sm font-medium" for="name" { "Name" }
            input id="name" class="input w-full max-w-lg" name="name" value=(name) maxlength=(NAME_CHARS) required autocomplete="off";
        }
    }
}

fn buttons(at: &ConnectionFrame, to: &str, try_words: &str) -> Markup {
    html! {
        div class="flex flex-wrap gap-3" {
            button class="btn btn-primary" name="do" value="save" { "Save" }
            button class="btn btn-quiet" name="do" value="try" formnovalidate hx-post=(to) { (try_words) }
            a class="btn btn-ghost" href=(at.paths().automations()) { "Cancel" }
        }
    }
}

/// A form of which every button may send all of it. What Enter does in a line is the first button's: to try it, which changes nothing.
fn whole(at: &ConnectionFrame, title: &str, to: &str, parts: &Markup) -> Markup {
    html! {
        (connection::heading(at, Tab::Automations, html! {}))
        form id="form" class="grid gap-6" method="post" action=(to) hx-target="#form" hx-select="#form" hx-swap="morph:outerHTML" hx-sync="#form:queue all" {
            (csrf_field(&at.frame.csrf))
            button hidden name="do" value="try" formnovalidate hx-post=(to) { "Try" }
            h2 class="text-lg font-semibold" { (title) }
            (parts)
        }
    }
}

const fn status(refused: bool) -> u16 {
    if refused { 400 } else { 200 }
}

pub fn list_form(view: &ListForm) -> Page {
    let at = &view.at;
    let title = if view.id.is_some() { "Qualifying list" } else { "New qualifying list" };
    let to = at.paths().qualifying_list(view.id.as_deref(), "edit");
    let parts = html! {
        (errors(&view.errors, view.wrong_rows, ("row", "rows")))
        section class="card gap-4 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" {
            (name_input(&view.name))
            p class="text-sm text-muted" {
                "Fields of a signal, its account and its visitor are called as they are sent: " code { "Account: score" } ". Fields of the company and the contact are HubSpot's."
            }
            (filter_form::editor(&view.filter, &to, view.focus.as_deref()))
        }
        (tried(view.tried.as_ref()))
        (buttons(at, &to, "Try on the newest signals"))
        (filter_form::known(&view.known))
    };
    let main = whole(at, title, &to, &parts);
    Page { status: status(view.refused), html: connection::document(at, title, true, main) }
}

pub fn form(view: &AutomationForm) -> Page {
    let at = &view.at;
    let title = if view.id.is_some() { "Automation" } else { "New automation" };
    let to = at.paths().automation(view.id.as_deref(), "edit");
    let parts = html! {
        (errors(&view.errors, view.wrong_steps, ("step", "steps")))
        section class="card gap-5 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" {
            (name_input(&view.name))
            div class="grid max-w-3xl gap-5 sm:grid-cols-3" {
                div class="grid content-start gap-1.5" {
                    label class="text-sm font-medium" for="list" { "For signals of" }
                    select id="list" class="select w-full" name="list" required {
                        @for (id, name) in &view.lists { option value=(id) selected[*id == view.list] { (name) } }
                    }
                }
                div class="grid content-start gap-1.5" {
                    label class="text-sm font-medium" for="hours" { "At most once in so many hours" }
                    input id="hours" class="input w-full" type="number" name="hours" min="0" max=(MAX_COOL_DOWN_HOURS) value=(view.hours) required;
                }
                div class="grid content-start gap-1.5" {
                    label class="text-sm font-medium" for="per" { "For each" }
                    select id="per" class="select w-full" name="per" {
                        option value="account" selected[!view.per_visitor] { "account" }
                        option value="visitor" selected[view.per_visitor] { "visitor" }
                    }
                }
            }
        }
        (steps(view, &to))
        (tried(view.tried.as_ref()))
        (buttons(at, &to, "Try on the newest signal"))
        datalist id="owners" { @for (value, words) in &view.owners { option value=(value) { (words) } } }
    };
    let main = whole(at, title, &to, &parts);
    Page { status: status(view.refused), html: connection::document(at, title, true, main) }
}

fn steps(view: &AutomationForm, to: &str) -> Markup {
    let last = view.steps.len().saturating_sub(1);
    html! {
        section class="grid gap-4" aria-labelledby="steps" {
            div {
                h3 id="steps" class="font-semibold" { "Steps, in this order" }
                p class="mt-1 max-w-prose text-sm text-muted" {
                    "Every line may name what is known: " code { "{{account.name}}" } ", " code { "{{visitor.email}}" } ", " code { "{{company.id}}" } ", " code { "{{signal.name}}" } ", " code { "{{now + 2 days}}" } ". A step that lacks what it needs is left out, and the run says so."
                }
            }
            @for (place, step) in view.steps.iter().enumerate() { (self::step(view, to, (place, last), step)) }
            @if view.steps.len() < MAX_STEPS {
                button id="add-step" class="btn btn-sm btn-ghost w-fit" name="do" value="add-step" autofocus[view.focus.as_deref() == Some("add-step")] formnovalidate hx-post=(to) { (icon(Icon::Plus)) "Add a step" }
            }
            (filter_form::as_json((&view.json, view.json_open), to, ("All steps as JSON, for experts", "The steps as JSON", 12), &html! {
                "What you change here replaces the steps above: a list of up to " (MAX_STEPS) " actions, as the API takes them."
            }))
        }
    }
}

fn step(view: &AutomationForm, to: &str, (place, last): (usize, usize), step: &StepForm) -> Markup {
    let (number, before) = (place + 1, format!("s{place}-"));
    let wrong = step.wrong.as_ref().map(|_| format!("{before}wrong"));
    let move_to = |what: &str, words: &str, possible: bool| {
        let id = format!("{before}{what}");
        html! {
            button id=(id) class="btn btn-sm btn-ghost" name="do" value={ (what) " " (place) } disabled[!possible] autofocus[view.focus.as_ref() == Some(&id)] formnovalidate hx-post=(to) { (words) span class="sr-only" { " step " (number) } }
        }
    };
    html! {
        fieldset class="card min-w-0 gap-4 border border-base-300 bg-base-100 p-5 shadow-sm" aria-describedby=[wrong.as_ref()] {
            legend class="sr-only" { "Step " (number) }
            div class="flex flex-wrap items-end justify-between gap-3" {
                div class="grid grow gap-1.5 sm:max-w-xs" {
                    label class="text-sm font-medium" for={ (before) "action" } { "Step " (number) }
                    select id={ (before) "action" } class="select w-full" name="step" autofocus[view.focus == Some(format!("{before}action"))] hx-post=(to) hx-trigger="change" hx-vals="{\"do\":\"again\"}" {
                        @for name in Name::ALL { option value=(name.as_str()) selected[step.action == name.as_str()] { (name.words()) } }
                    }
                    input type="hidden" name="step-was" value=(step.action);
                }
                div class="flex flex-wrap gap-1" {
                    noscript { button class="btn btn-sm btn-quiet" name="do" value="again" formnovalidate { "Show its fields" } }
                    (move_to("up", "Up", place > 0))
                    (move_to("down", "Down", place < last))
                    (move_to("drop-step", "Remove", true))
                }
            }
            @if let (Some(words), Some(id)) = (&step.wrong, &wrong) { p id=(id) class="text-sm text-error wrap-anywhere" { (words) } }
            div class="grid gap-4 sm:grid-cols-2" { @for input in &step.inputs { (act::input(input, &before, None)) } }
            details class="text-sm" open[!step.more.is_empty()] {
                summary class="link w-fit" { "More of it, as JSON" span class="sr-only" { ", of step " (number) } }
                label class="sr-only" for={ (before) "more" } { "More of step " (number) ", as JSON" }
                textarea id={ (before) "more" } class="textarea mt-2 w-full font-mono text-xs" name="more" rows="4" spellcheck="false" autocomplete="off" { "\n" (step.more) }
            }
        }
    }
}

//! The form of an action: what somebody has done in HubSpot from here. It is shown what would be written first, or done at once; either
//! way everything is checked before HubSpot is asked.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::outbox::{ActionView, writes};
use super::words::count;

/// Most fields of one form: what a person types at once.
pub const MAX_ROWS: usize = 20;

/// The form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActView {
    pub at: ConnectionFrame,
    /// The action's name, and what it is called.
    pub name: String,
    pub title: String,
    /// What it is about: type, id, and what people call it.
    pub about: Option<(String, String, String)>,
    pub inputs: Vec<Input>,
    /// Fields of the record and their values, where the action takes such.
    pub rows: Option<Vec<Row>>,
    /// Fields that can be chosen: words, and what each takes.
    pub known: Vec<(String, String)>,
    /// It was to be done, and was not.
    pub refused: bool,
    /// What is wrong and belongs to no input.
    pub errors: Vec<String>,
    /// What would be written.
    pub preview: Option<ActionView>,
    /// Sent twice with the same, it is done once.
    pub key: String,
    /// The id of what a person goes on with after a row came or went.
    pub focus: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Input {
    pub name: &'static str,
    pub label: &'static str,
    pub help: String,
    pub value: String,
    pub takes: Takes,
    pub required: bool,
    pub wrong: Option<String>,
}

/// What an input takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Takes {
    /// A line of so many characters at most.
    Line(usize),
    /// Several lines.
    Text,
    Email,
    Url,
    /// A number.
    Number,
    /// A day and a time.
    Moment,
    /// One of these: value and words.
    OneOf(Vec<(String, String)>),
    /// A line for which these are proposed, by the id of their list.
    Proposed(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Row {
    pub field: String,
    pub value: String,
    pub wrong: Option<String>,
}

pub fn page(view: &ActView) -> Page {
    let (at, paths) = (&view.at, view.at.paths());
    let about = view.about.as_ref().map(|(kind, id, _)| (kind.as_str(), id.as_str()));
    let back = about.map_or_else(|| paths.outbox("", None), |(kind, id)| paths.record(kind, id));
    let wrong = count_wrong(view);
    let focus = focus(view);
    let focus = focus.as_deref();
    let main = html! {
        (connection::heading(at, if about.is_some() { Tab::Records } else { Tab::Outbox }, html! {}))
        p class="mb-3 text-sm" {
            a class="link wrap-anywhere" href=(back) {
                @match &view.about { Some((kind, id, name)) if name.is_empty() => { (ConnectionFrame::one(kind)) " " (id) }, Some((_, _, name)) => (name), None => "The outbox" }
            }
        }
        form id="form" class="grid max-w-3xl gap-6" method="post" action=(paths.act(&view.name, None)) hx-target="#form" hx-select="#form" hx-swap="morph:outerHTML" hx-sync="#form:queue all" {
            (csrf_field(&at.frame.csrf))
            input type="hidden" name="key" value=(view.key);
            @if let Some((kind, id)) = about { input type="hidden" name="about-type" value=(kind); input type="hidden" name="about-id" value=(id); }
            // What Enter does in a line: the first button of a form.
            button hidden name="do" value="try" hx-post=(paths.act(&view.name, None)) { "Show what would be written" }
            h2 class="text-lg font-semibold" { (view.title) }
            @if !view.errors.is_empty() || wrong > 0 {
                div id="wrong" class="alert alert-soft alert-error items-start" role="alert" tabindex="-1" autofocus[focus == Some("wrong")] {
                    (icon(Icon::Alert))
                    ul class="grid gap-1" {
                        @for error in &view.errors { li class="wrap-anywhere" { (error) } }
                        @if wrong > 0 { li { (count(wrong as u64, "field", "fields")) " below " @if wrong == 1 { "says" } @else { "say" } " what is wrong. Nothing was written." } }
                    }
                }
            }
            div class="card gap-4 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" {
                @for input in &view.inputs { (self::input(input, "", focus)) }
                @if let Some(rows) = &view.rows { (rows_part(view, rows, focus)) }
            }
            @if let Some(preview) = &view.preview { (writes(at, preview)) }
            div class="flex flex-wrap gap-3" {
                button class="btn btn-primary" name="do" value="do" { (view.title) }
                button class="btn btn-quiet" name="do" value="try" hx-post=(paths.act(&view.name, None)) { "Show what would be written" }
                a class="btn btn-ghost" href=(back) { "Cancel" }
            }
            datalist id="known" { @for (words, takes) in &view.known { option value=(words) { (takes) } } }
        }
    };
    let status = if view.refused { 400 } else { 200 };
    Page { status, html: connection::document(at, &view.title, true, main) }
}

fn count_wrong(view: &ActView) -> usize {
    let rows = view.rows.iter().flatten().filter(|row| row.wrong.is_some()).count();
    rows + view.inputs.iter().filter(|input| input.wrong.is_some()).count()
}

/// The id of what a person goes on with: where a row came or went, or of a form that was refused the first thing that is wrong.
fn focus(view: &ActView) -> Option<String> {
    if view.focus.is_some() || !view.refused {
        return view.focus.clone();
    }
    let input = view.inputs.iter().find(|input| input.wrong.is_some()).map(|input| input.name.to_owned());
    let row = view.rows.iter().flatten().position(|row| row.wrong.is_some());
    input.or(row.map(|place| format!("r{place}-field"))).or_else(|| Some("wrong".to_owned()))
}

/// A labelled input. `before`: what its id begins with, where a form has several of the name; `focus`: the id of what a person goes on with.
pub fn input(own: &Input, before: &str, focus: Option<&str>) -> Markup {
    let (name, id) = (own.name, format!("{before}{}", own.name));
    let wrong = own.wrong.as_ref().map(|_| format!("{id}-wrong"));
    let help = (!own.help.is_empty()).then(|| format!("{id}-help"));
    let described = wrong.clone().or_else(|| help.clone());
    let invalid = wrong.as_ref().map(|_| "true");
    let focused = focus == Some(id.as_str());
    let line = |kind: &str, most: usize| {
        html! { input id=(id) class="input w-full" type=(kind) name=(name) value=(own.value) maxlength=(most) required[own.required] autocomplete="off" aria-describedby=[described.as_deref()] aria-invalid=[invalid] autofocus[focused]; }
    };
    html! {
        div class={ "grid content-start gap-1.5" @if own.takes == Takes::Text { " sm:col-span-2" } } {
            label class="text-sm font-medium" for=(id) { (own.label) @if !own.required { span class="font-normal text-muted" { " (optional)" } } }
            @match &own.takes {
                Takes::Line(most) => (line("text", *most)),
                Takes::Proposed(list) => input id=(id) class="input w-full" name=(name) value=(own.value) maxlength="300" list=(list) autocomplete="off" aria-describedby=[described.as_deref()] aria-invalid=[invalid] autofocus[focused];,
                Takes::Email => (line("email", 254)),
                Takes::Url => (line("url", 2_000)),
                Takes::Number => input id=(id) class="input w-40" type="number" min="0" step="any" name=(name) value=(own.value) required[own.required] aria-describedby=[described.as_deref()] aria-invalid=[invalid] autofocus[focused];,
                Takes::Moment => input id=(id) class="input w-64" type="datetime-local" name=(name) value=(own.value) required[own.required] aria-describedby=[described.as_deref()] aria-invalid=[invalid] autofocus[focused];,
                Takes::Text => textarea id=(id) class="textarea min-h-28 w-full" name=(name) maxlength="65536" required[own.required] aria-describedby=[described.as_deref()] aria-invalid=[invalid] autofocus[focused] { (own.value) },
                Takes::OneOf(options) => select id=(id) class="select w-full" name=(name) required[own.required] aria-describedby=[described.as_deref()] aria-invalid=[invalid] autofocus[focused] {
                    @if !own.required || !options.iter().any(|(value, _)| *value == own.value) { option value="" { @if own.required { "Choose" } @else { "–" } } }
                    @for (value, words) in options { option value=(value) selected[*value == own.value] { (words) } }
                },
            }
            @if let (Some(words), Some(id)) = (&own.wrong, &wrong) { p id=(id) class="text-sm text-error wrap-anywhere" { (words) } }
            @else if let Some(id) = &help { p id=(id) class="text-sm text-muted" { (own.help) } }
        }
    }
}

fn rows_part(view: &ActView, rows: &[Row], focus: Option<&str>) -> Markup {
    let to = view.at.paths().act(&view.name, None);
    html! {
        fieldset class="grid gap-3" {
            legend class="mb-1 text-sm font-medium" { "Fields that are written" }
            @for (place, row) in rows.iter().enumerate() {
                @let (number, id) = (place + 1, format!("r{place}"));
                @let wrong = row.wrong.as_ref().map(|_| format!("{id}-wrong"));
                div class="grid gap-2 sm:grid-cols-[minmax(0,5fr)_minmax(0,6fr)_auto] sm:items-end" {
                    label class="grid gap-1 text-xs text-muted" {
                        span { "HubSpot's field" span class="sr-only" { " " (number) } }
                        input id={ (id) "-field" } class="input input-sm w-full text-base-content" name="field" value=(row.field) placeholder="Field" list="known" maxlength="300" autocomplete="off" autofocus[focus == Some(format!("{id}-field").as_str())] aria-describedby=[wrong.as_deref()] aria-invalid=[wrong.as_ref().map(|_| "true")];
                    }
                    label class="grid gap-1 text-xs text-muted" {
                        span { "Its new value" span class="sr-only" { " of field " (number) } }
                        input id={ (id) "-value" } class="input input-sm w-full text-base-content" name="value" value=(row.value) placeholder="empty: no value" maxlength="65536" autocomplete="off" aria-describedby=[wrong.as_deref()];
                    }
                    button class="btn btn-sm btn-ghost w-fit" name="do" value={ "drop " (place) } formnovalidate hx-post=(to) { "Remove" span class="sr-only" { " field " (number) } }
                    @if let (Some(words), Some(id)) = (&row.wrong, &wrong) { p id=(id) class="text-sm text-error wrap-anywhere sm:col-span-3" { (words) } }
                }
            }
            @if rows.len() < MAX_ROWS {
                button id="add-row" class="btn btn-sm btn-ghost w-fit" name="do" value="add" autofocus[focus == Some("add-row")] formnovalidate hx-post=(to) { (icon(Icon::Plus)) "Add a field" }
            }
        }
    }
}

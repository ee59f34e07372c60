//! The form of a workflow: its trigger, conditions and steps, and beside them the same as JSON, of which either may be changed. What is wrong
//! is said where it is, in both, and nothing typed is lost.
//!
//! Every button sends the whole form, which comes back as it was sent, with a row or step more or less, or elsewhere. Steps lie in steps: what
//! is sent between `branch` and `end` lies in the step before.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::act::{self, Input};
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::filter_form::{self, FilterForm};
use super::words::count;
use super::workflow_run::{self, Explained};
use crate::engine::{
    portal::outbox::actions::Name,
    workflow::{EVENTS, Passage, StepId, Unit, Weekday, limits},
};

/// The form of a workflow, as it was last sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkflowForm {
    pub at: ConnectionFrame,
    /// `None`: a new one.
    pub id: Option<String>,
    /// `None`: the JSON is none that the form can show.
    pub parts: Option<Parts>,
    /// The definition as JSON; empty while it is not complete.
    pub json: String,
    /// What tells whether the JSON has been changed since.
    pub json_mark: String,
    /// What is wrong, where in the JSON: line, JSON pointer, words.
    pub faults: Vec<(usize, String, String)>,
    /// Fields that can be chosen in conditions: words, and what tells them apart.
    pub known: Vec<(String, String)>,
    /// Owners that are proposed: address or id, and name.
    pub owners: Vec<(String, String)>,
    /// Types of the account's records: name and words.
    pub types: Vec<(String, String)>,
    /// What is wrong and belongs to no part.
    pub errors: Vec<String>,
    /// Parts in which something is wrong.
    pub wrong: usize,
    /// It was to be saved, and was not.
    pub refused: bool,
    pub on: On,
    /// What trying it came to.
    pub tried: Option<Explained>,
    /// The id of what a person goes on with after something came, went or moved.
    pub focus: Option<String>,
}

/// What the form holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parts {
    pub name: String,
    pub description: String,
    pub trigger: TriggerForm,
    pub conditions: FilterForm,
    /// `once`, `every_time` or `when`.
    pub again: String,
    /// What must hold for one that has been through it.
    pub when: Option<FilterForm>,
    pub steps: Vec<StepForm>,
    /// No step more: there are as many as there may be.
    pub full: bool,
}

/// When it begins.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TriggerForm {
    /// `event`, `change` or `schedule`.
    pub on: String,
    pub record: String,
    pub event: String,
    /// Of a change: `created`, `updated`, `restored`.
    pub kinds: Vec<String>,
    /// Names of properties, one a line.
    pub properties: String,
    /// Of a schedule: `hour`, `day` or `week`.
    pub every: String,
    pub hour: String,
    pub weekday: String,
    pub wrong: Option<String>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepForm {
    /// `1/then/0`: its place among its siblings, after those of the steps that it lies in.
    pub path: String,
    /// By which the workflow knows it.
    pub id: String,
    /// An action's name, `if`, `wait`, `wait_until`, `stop` or `decide`.
    pub kind: String,
    /// What it takes besides its filter.
    pub inputs: Vec<Input>,
    /// How long, as it is written, and the unit.
    pub span: Option<(String, String)>,
    /// Whatever else an action says: a JSON object, or nothing.
    pub more: Option<String>,
    pub filter: Option<FilterForm>,
    /// Steps that lie in it: `then` or `else`, and these.
    pub branches: Vec<(&'static str, Vec<StepForm>)>,
    /// Another may lie in it.
    pub may_nest: bool,
    /// None of its siblings follows.
    pub last: bool,
    pub wrong: Option<String>,
}

/// What it is tried on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct On {
    pub record: String,
    pub email: String,
    pub phone: String,
    /// One a line: `name = value`.
    pub facts: String,
}

/// Steps that are none of HubSpot's: what they are called in JSON, and by people.
pub const FLOW: [(&str, &str); 5] = [
    ("if", "If … else"),
    ("wait", "Wait"),
    ("wait_until", "Wait until"),
    ("decide", "Decide a route"),
    ("stop", "Stop"),
];

/// What a way out of a step is called.
fn way(kind: &str, branch: &str) -> &'static str {
    match (kind, branch) {
        ("wait_until", _) => "If it does not come about in time",
        (_, "then") => "If so",
        _ => "Otherwise",
    }
}

/// `1/then/0` as people count: `2 then 1`.
pub fn numbered(path: &str) -> String {
    let part = |part: &str| part.parse::<usize>().map_or_else(|_| part.to_owned(), |n| (n + 1).to_string());
    path.split('/').map(part).collect::<Vec<_>>().join(" ")
}

/// What ids of a step's controls begin with.
pub fn scope(path: &str) -> String {
    format!("s{}", path.replace('/', "-"))
}

/// Where the form is sent, and the id of what a person goes on with.
#[derive(Clone, Copy)]
struct Sent<'a> {
    to: &'a str,
    focus: Option<&'a str>,
}

impl Sent<'_> {
    fn goes_on_at(self, id: &str) -> bool {
        self.focus == Some(id)
    }
}

pub fn page(view: &WorkflowForm) -> Page {
    let (at, paths) = (&view.at, view.at.paths());
    let title = if view.id.is_some() { "Edit workflow" } else { "New workflow" };
    let to = match &view.id {
        Some(id) => paths.workflow_action(id, "edit"),
        None => paths.new_workflow(""),
    };
    let back = view.id.as_ref().map_or_else(|| paths.workflows(), |id| paths.workflow(id));
    let sent = Sent { to: &to, focus: view.focus.as_deref() };
    let main = html! {
        (connection::heading(at, Tab::Workflows, html! {}))
        form id="form" class="grid min-w-0 gap-6" method="post" action=(to) hx-target="#form" hx-select="#form" hx-swap="morph:outerHTML" hx-sync="#form:queue all" {
            (csrf_field(&at.frame.csrf))
            // What Enter does in a line: the first button of a form.
            button hidden name="do" value="check" formnovalidate hx-post=(to) { "Check" }
            h2 class="text-lg font-semibold" { (title) }
            (errors(view))
            @if let Some(parts) = &view.parts { (self::parts(view, parts, sent)) }
            @else { p class="max-w-prose text-sm text-muted" { "The form comes back once the JSON below is a workflow." } }
            (as_json(view, sent))
            (try_part(view))
            @if let Some(tried) = &view.tried { (workflow_run::explained(at, tried)) }
            div class="flex flex-wrap gap-3" {
                button class="btn btn-primary" name="do" value="save" formnovalidate { "Save" }
                button class="btn btn-quiet" name="do" value="check" formnovalidate hx-post=(to) { "Check" }
                button class="btn btn-quiet" name="do" value="try" formnovalidate hx-post=(to) { "Try it" }
                a class="btn btn-ghost" href=(back) { "Cancel" }
            }
            (filter_form::known(&view.known))
            datalist id="owners" { @for (value, words) in &view.owners { option value=(value) { (words) } } }
            datalist id="events" { @for event in EVENTS { option value=(event) {} } }
        }
    };
    let status = if view.refused { 400 } else { 200 };
    Page { status, html: connection::document(at, title, true, main) }
}

fn errors(view: &WorkflowForm) -> Markup {
    html! {
        @if !view.errors.is_empty() || view.wrong > 0 {
            div id="refused" class="alert alert-soft alert-error items-start" role="alert" {
                (icon(Icon::Alert))
                ul class="grid min-w-0 gap-1" {
                    @for error in &view.errors { li class="wrap-anywhere" { (error) } }
                    @if view.wrong > 0 { li { (count(view.wrong as u64, "part", "parts")) " below " @if view.wrong == 1 { "says" } @else { "say" } " what is wrong." } }
                }
            }
        }
    }
}

fn parts(view: &WorkflowForm, parts: &Parts, sent: Sent<'_>) -> Markup {
    html! {
        input type="hidden" name="part" value="head";
        section class="card gap-5 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" {
            div class="grid gap-1.5" {
                label class="text-sm font-medium" for="name" { "Name" }
                input id="name" class="input w-full max-w-lg" name="name" value=(parts.name) maxlength=(limits::NAME_CHARS) required autocomplete="off";
            }
            div class="grid gap-1.5" {
                label class="text-sm font-medium" for="description" { "What it is for" span class="font-normal text-muted" { " (optional)" } }
                input id="description" class="input w-full max-w-3xl" name="description" value=(parts.description) maxlength=(limits::DESCRIPTION_CHARS) autocomplete="off";
            }
            (trigger(view, &parts.trigger, sent))
        }
        section class="card gap-4 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="whom" {
            h3 id="whom" class="font-semibold" { "For which records" }
            p class="max-w-prose text-sm text-muted" {
                "Fields are called with whose they are: " code { "Record: Lifecycle stage" } ", " code { "Company: Industry" } ", " code { "Deal: Amount" } "; what an event tells as it is sent: " code { "Event: outcome" } "."
            }
            input type="hidden" name="part" value="conditions";
            (filter_form::one_of(&parts.conditions, sent.to, sent.focus, ("conditions", "")))
            input type="hidden" name="part" value="enrolment";
            div class="grid max-w-lg gap-1.5" {
                label class="text-sm font-medium" for="again" { "How often one record goes through it" }
                select id="again" class="select w-full" name="again" hx-post=(sent.to) hx-trigger="change" hx-vals="{\"do\":\"again\"}" {
                    @for (value, words) in [("once", "Once"), ("every_time", "Every time, one at a time"), ("when", "Again only where this holds too")] {
                        option value=(value) selected[value == parts.again] { (words) }
                    }
                }
                noscript { button class="btn btn-sm btn-quiet w-fit" name="do" value="again" formnovalidate { "Show its conditions" } }
            }
            @if let Some(when) = &parts.when {
                input type="hidden" name="part" value="when";
                (filter_form::one_of(when, sent.to, sent.focus, ("when", " of going through it again")))
            }
        }
        input type="hidden" name="part" value="steps";
        section class="grid min-w-0 gap-4" aria-labelledby="steps" {
            div {
                h3 id="steps" class="font-semibold" { "Steps, in this order" }
                p class="mt-1 max-w-prose text-sm text-muted" {
                    "Every line may name what is known: " code { "{{record.id}}" } ", " code { "{{contact.firstname}}" } ", " code { "{{deal.id}}" } ", " code { "{{event.summary}}" } ", " code { "{{now + 2 days}}" } ". A step that lacks what it needs is left out, and the run says so."
                }
            }
            @for step in &parts.steps { (self::step(step, sent, 1)) }
            @if !parts.full { (add_step("", "", sent)) }
        }
    }
}

fn add_step(list: &str, whose: &str, sent: Sent<'_>) -> Markup {
    let id = if list.is_empty() { "add-step".to_owned() } else { format!("{}-add-step", scope(list)) };
    html! {
        button id=(id) class="btn btn-sm btn-ghost w-fit" name="do" value={ "add-step " (list) } autofocus[sent.goes_on_at(&id)] formnovalidate hx-post=(sent.to) { (icon(Icon::Plus)) "Add a step" span class="sr-only" { (whose) } }
    }
}

fn trigger(view: &WorkflowForm, own: &TriggerForm, sent: Sent<'_>) -> Markup {
    let wrong = own.wrong.as_ref().map(|_| "trigger-wrong");
    let again = "{\"do\":\"again\"}";
    let choose = |id: &str, label: &str, value: &str, options: &[(&str, &str)], anew: bool| {
        html! {
            div class="grid content-start gap-1.5" {
                label class="text-sm font-medium" for=(id) { (label) }
                select id=(id) class="select w-full" name=(id) aria-describedby=[wrong] hx-post=[anew.then_some(sent.to)] hx-trigger=[anew.then_some("change")] hx-vals=[anew.then_some(again)] {
                    @for (own, words) in options { option value=(own) selected[*own == value] { (words) } }
                }
            }
        }
    };
    let types: Vec<(&str, &str)> =
        view.types.iter().map(|(name, words)| (name.as_str(), words.as_str())).collect();
    let named = |(name, _): (&'static str, _)| (name, name);
    html! {
        fieldset class="grid min-w-0 gap-4" aria-describedby=[wrong] {
            legend class="mb-2 text-sm font-semibold" { "When it begins" }
            @if let Some(words) = &own.wrong { p id="trigger-wrong" class="text-sm text-error wrap-anywhere" { (words) } }
            div class="grid max-w-3xl gap-4 sm:grid-cols-2" {
                (choose("on", "It begins when", &own.on, &[("event", "something happens that we are told of"), ("change", "a record changes in HubSpot"), ("schedule", "it is time")], true))
                (choose("record", "For", &own.record, &types, true))
                @match own.on.as_str() {
                    "change" => {
                        fieldset class="grid content-start gap-1" {
                            legend class="mb-1 text-sm font-medium" { "A record was" }
                            @for (kind, _) in Passage::ALL {
                                label class="flex items-center gap-2 text-sm" { input class="checkbox checkbox-sm" type="checkbox" name="kind" value=(kind) checked[own.kinds.iter().any(|own| own == kind)]; (kind) }
                            }
                        }
                        div class="grid content-start gap-1.5" {
                            label class="text-sm font-medium" for="of-properties" { "One of these fields has another value" span class="font-normal text-muted" { " (optional)" } }
                            textarea id="of-properties" class="textarea w-full font-mono text-xs" name="of-properties" rows="3" spellcheck="false" aria-describedby="of-properties-help" { "\n" (own.properties) }
                            p id="of-properties-help" class="text-sm text-muted" { "HubSpot's internal names, one a line. Left empty: any field." }
                        }
                    }
                    "schedule" => {
                        (choose("every", "Every", &own.every, &[("hour", "hour"), ("day", "day"), ("week", "week")], true))
                        @if own.every != "hour" {
                            div class="grid content-start gap-1.5" {
                                label class="text-sm font-medium" for="hour" { "At the hour, by the account's clock" }
                                input id="hour" class="input w-full" type="number" name="hour" min="0" max="23" value=(own.hour);
                            }
                        }
                        @if own.every == "week" { (choose("weekday", "On", &own.weekday, &Weekday::ALL.map(named), false)) }
                    }
                    _ => {
                        div class="grid content-start gap-1.5" {
                            label class="text-sm font-medium" for="event" { "What happens" }
                            input id="event" class="input w-full" name="event" value=(own.event) list="events" maxlength=(limits::NAME_CHARS) autocomplete="off" spellcheck="false" aria-describedby="event-help";
                            p id="event-help" class="text-sm text-muted" { "As " (view.at.frame.product) " sends it: " code { "conversation_started" } ", or any other name." }
                        }
                    }
                }
            }
            noscript { button class="btn btn-sm btn-quiet w-fit" name="do" value="again" formnovalidate { "Show what belongs to it" } }
        }
    }
}

fn step(view: &StepForm, sent: Sent<'_>, depth: usize) -> Markup {
    let (number, scope) = (numbered(&view.path), scope(&view.path));
    let before = format!("{scope}-");
    let wrong = view.wrong.as_ref().map(|_| format!("{before}wrong"));
    let is_first = view.path.ends_with("/0") || view.path == "0";
    let whose = format!(" of step {number}");
    let move_to = |what: &str, words: &str, possible: bool| {
        let id = format!("{before}{what}");
        html! {
            button id=(id) class="btn btn-sm btn-ghost" name="do" value={ (what) " " (view.path) } disabled[!possible] autofocus[sent.goes_on_at(&id)] formnovalidate hx-post=(sent.to) { (words) span class="sr-only" { " step " (number) } }
        }
    };
    // On a phone steps within steps keep their width.
    let look = if depth == 1 {
        "card border border-base-300 bg-base-100 p-4 shadow-sm sm:p-5"
    } else {
        "border-t border-base-300 pt-3 first:border-0 first:pt-0"
    };
    let kind = format!("{before}kind");
    html! {
        fieldset class={ "grid min-w-0 gap-4 " (look) } aria-describedby=[wrong.as_ref()] {
            legend class="sr-only" { "Step " (number) }
            div class="flex flex-wrap items-end justify-between gap-3" {
                div class="grid grow gap-1.5 sm:max-w-xs" {
                    label class="text-sm font-medium" for=(kind) { "Step " (number) }
                    select id=(kind) class="select w-full" name="step" autofocus[sent.goes_on_at(&kind)] hx-post=(sent.to) hx-trigger="change" hx-vals="{\"do\":\"again\"}" {
                        optgroup label="In HubSpot" { @for name in Name::ALL { option value=(name.as_str()) selected[view.kind == name.as_str()] { (name.words()) } } }
                        optgroup label="What happens when" { @for (own, words) in FLOW { option value=(own) selected[view.kind == own] { (words) } } }
                    }
                    input type="hidden" name="step-was" value=(view.kind);
                }
                div class="flex flex-wrap gap-1" {
                    noscript { button class="btn btn-sm btn-quiet" name="do" value="again" formnovalidate { "Show its fields" } }
                    (move_to("up", "Up", !is_first))
                    (move_to("down", "Down", !view.last))
                    (move_to("drop-step", "Remove", true))
                }
            }
            @if let (Some(words), Some(id)) = (&view.wrong, &wrong) { p id=(id) class="text-sm text-error wrap-anywhere" { (words) } }
            div class="grid min-w-0 gap-4 sm:grid-cols-2" {
                div class="grid content-start gap-1.5" {
                    label class="text-sm font-medium" for={ (before) "id" } { "Called" span class="sr-only" { " step " (number) } }
                    input id={ (before) "id" } class="input w-full font-mono text-sm" name="step-id" value=(view.id) maxlength=(StepId::CHARS) autocomplete="off" spellcheck="false";
                }
                @if let Some((length, unit)) = &view.span { (span(view, &before, (length, unit))) }
                @for input in &view.inputs { (act::input(input, &before, None)) }
            }
            @if let Some(more) = &view.more { (more_of(more, &before, &number)) }
            @if let Some(filter) = &view.filter {
                div class="grid min-w-0 gap-3" {
                    input type="hidden" name="filter" value="";
                    (filter_form::one_of(filter, sent.to, sent.focus, (&scope, &whose)))
                }
            }
            @for (branch, steps) in &view.branches {
                div class="grid min-w-0 gap-3 border-l-2 border-base-300 pl-2 sm:pl-5" role="group" aria-label={ (way(&view.kind, branch)) ", step " (number) } {
                    p class="text-sm font-semibold" { (way(&view.kind, branch)) }
                    input type="hidden" name="branch" value=(branch);
                    @if steps.is_empty() { p class="text-sm text-muted" { "Nothing: it goes on below." } }
                    @for step in steps { (self::step(step, sent, depth + 1)) }
                    @if view.may_nest { (add_step(&format!("{}/{branch}", view.path), &format!(" {}, step {number}", way(&view.kind, branch).to_lowercase()), sent)) }
                    input type="hidden" name="end" value="";
                }
            }
        }
    }
}

fn span(view: &StepForm, before: &str, (length, unit): (&str, &str)) -> Markup {
    let words = if view.kind == "wait" { "How long" } else { "At most" };
    html! {
        fieldset class="grid content-start gap-1.5" {
            legend class="mb-1.5 text-sm font-medium" { (words) }
            div class="grid grid-cols-2 gap-2" {
                input id={ (before) "count" } class="input w-full" inputmode="numeric" name="span-count" value=(length) maxlength="6" autocomplete="off" aria-label={ (words) ", how many" };
                select id={ (before) "unit" } class="select w-full" name="span-unit" aria-label={ (words) ", of what" } { @for (own, _) in Unit::ALL { option value=(own) selected[own == unit] { (own) } } }
            }
        }
    }
}

fn more_of(more: &str, before: &str, number: &str) -> Markup {
    html! {
        details class="text-sm" open[!more.is_empty()] {
            summary class="link w-fit" { "More of it, as JSON" span class="sr-only" { " of step " (number) } }
            label class="sr-only" for={ (before) "more" } { "More of step " (number) ", as JSON" }
            textarea id={ (before) "more" } class="textarea mt-2 w-full font-mono text-xs" name="more" rows="4" spellcheck="false" autocomplete="off" { "\n" (more) }
        }
    }
}

fn as_json(view: &WorkflowForm, sent: Sent<'_>) -> Markup {
    let open = view.parts.is_none() || !view.faults.is_empty();
    let wrong = (!view.faults.is_empty()).then_some("definition-wrong");
    html! {
        input type="hidden" name="part" value="json";
        section class="card border border-base-300 bg-base-100 p-5 text-sm shadow-sm sm:p-6" aria-label="As JSON" {
            details open[open] {
                summary class="link w-fit" { "The whole workflow as JSON" }
                div class="mt-3 grid min-w-0 gap-3" {
                    @if !view.faults.is_empty() {
                        ul id="definition-wrong" class="grid gap-1 text-error" {
                            @for (line, path, words) in &view.faults {
                                li class="wrap-anywhere" { strong class="font-medium tabular-nums" { "Line " (line) } " " @if !path.is_empty() { code { (path) } ": " } (words) }
                            }
                        }
                    }
                    label class="sr-only" for="definition" { "The workflow as JSON" }
                    textarea id="definition" class="textarea w-full font-mono text-xs" name="definition" rows="18" spellcheck="false" autocomplete="off" wrap="off" autofocus[sent.goes_on_at("definition")] aria-describedby=[wrong] aria-invalid=[wrong.map(|_| "true")] { "\n" (view.json) }
                    input type="hidden" name="definition-mark" value=(view.json_mark);
                    p class="text-muted" { "What you change here replaces what stands above. Its schema is at " code { "/v1/workflow-schema.json" } "." }
                    button class="btn btn-sm btn-quiet w-fit" name="do" value="json" formnovalidate hx-post=(sent.to) { "Take this JSON" }
                }
            }
        }
    }
}

fn try_part(view: &WorkflowForm) -> Markup {
    let of_event = view.parts.as_ref().is_none_or(|parts| parts.trigger.on == "event");
    let line = |id: &str, label: &str, value: &str| {
        html! {
            div class="grid content-start gap-1.5" {
                label class="text-sm font-medium" for=(id) { (label) }
                input id=(id) class="input w-full" name=(id) value=(value) maxlength="200" autocomplete="off";
            }
        }
    };
    html! {
        input type="hidden" name="part" value="try";
        section class="card gap-4 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="try" {
            div {
                h3 id="try" class="font-semibold" { "Try it" }
                p class="mt-1 max-w-prose text-sm text-muted" { "Says step by step what it would do now, with the values that it sees. Nothing is written." }
            }
            div class="grid max-w-3xl gap-4 sm:grid-cols-2" {
                (line("try-record", "On the record with this id", &view.on.record))
                @if of_event {
                    (line("try-email", "Or on whoever has this e-mail address", &view.on.email))
                    (line("try-phone", "Or this telephone number", &view.on.phone))
                    div class="grid content-start gap-1.5" {
                        label class="text-sm font-medium" for="try-facts" { "What the event tells besides" span class="font-normal text-muted" { " (optional)" } }
                        textarea id="try-facts" class="textarea w-full font-mono text-xs" name="try-facts" rows="2" placeholder="name = value, one a line" spellcheck="false" { "\n" (view.on.facts) }
                    }
                }
            }
        }
    }
}

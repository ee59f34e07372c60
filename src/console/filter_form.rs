//! The editor of a filter: rows of conditions in groups, and JSON for what these cannot say. Part of the form of whatever has a filter: its
//! buttons send that whole form, and what it holds comes back as it was sent, with a row more or less.

use maud::{Markup, html};
use serde::Serialize;

use super::chrome::{Icon, icon};

/// A filter, as it was last sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterForm {
    /// What is selected and how that is said: `A record is selected`.
    pub subject: &'static str,
    /// What it comes to without a condition: `every signal qualifies`.
    pub every: String,
    /// Groups are joined by "or".
    pub any: bool,
    pub groups: Vec<GroupView>,
    /// The filter in words, where only JSON can say it.
    pub beyond: Option<String>,
    /// The filter as JSON; empty while it is not complete.
    pub json: String,
    /// The JSON is looked at.
    pub json_open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupView {
    pub any: bool,
    pub conditions: Vec<ConditionView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConditionView {
    /// The field's words, or what was typed for them.
    pub property: String,
    /// Name and words; empty until the field is known.
    pub operators: Vec<(String, String)>,
    pub operator: String,
    pub input: Input,
    pub wrong: Option<String>,
}

/// What stands after an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    Nothing,
    One(Entry, String),
    /// From and to.
    Two(Entry, String, String),
    /// One of these: values and words.
    Choice(String, Vec<(String, String)>),
    /// Any of these: value, words, chosen.
    Choices(Vec<(String, String, bool)>),
    /// One a line.
    Lines(String),
    /// A number of units, the unit, the units there are.
    Span(String, String, Vec<&'static str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    Text,
    Number,
    Date,
}

/// Fields that can be named in rows: words, and what tells them apart.
pub fn known(known: &[(String, String)]) -> Markup {
    html! { datalist id="known" { @for (words, hint) in known { option value=(words) { (hint) } } } }
}

/// The rows of conditions, and the same as JSON. `to`: where its form is sent; `focus`: the id of what a person goes on with.
pub fn editor(view: &FilterForm, to: &str, focus: Option<&str>) -> Markup {
    let several = view.groups.len() > 1;
    html! {
        @if let Some(words) = &view.beyond {
            input type="hidden" name="beyond" value="yes";
            div class="rounded-field border border-base-300 p-4 text-sm" {
                p class="font-medium wrap-anywhere" { (words) }
                p class="mt-1 text-muted" { "This filter says more than the editor can show. Change it as JSON below, or begin anew." }
                button class="btn btn-sm btn-quiet mt-3" name="do" value="anew" formnovalidate hx-post=(to) { "Begin anew with the editor" }
            }
        } @else {
            @if several {
                div class="flex flex-wrap items-center gap-2 text-sm" {
                    label for="join" { (view.subject) " if" }
                    select id="join" class="select select-sm w-auto" name="join" { (any_or_all(view.any, "all groups hold", "any of the groups holds")) }
                }
            } @else { input type="hidden" name="join" value=(if view.any { "any" } else { "all" }); }
            @for (place, group) in view.groups.iter().enumerate() { (self::group(view, (to, focus), place, group)) }
            button id="add-group" class="btn btn-sm btn-ghost w-fit" name="do" value="add-group" autofocus[focus == Some("add-group")] formnovalidate hx-post=(to) { (icon(Icon::Plus)) "Add a group" }
        }
        (as_json((&view.json, view.json_open), to, ("As JSON, for experts", "The filter as JSON", 10), &html! {
            "What you change here replaces the conditions above. Its schema is at " code { "/v1/filter-schema.json" } "."
        }))
    }
}

/// What a form shows, as JSON, which may be changed in its stead: with the words that open it, those that tell it apart, and its lines.
pub(super) fn as_json(
    (json, open): (&str, bool),
    to: &str,
    (summary, label, rows): (&str, &str, u8),
    hint: &Markup,
) -> Markup {
    html! {
        details class="text-sm" open[open] {
            summary class="link w-fit" { (summary) }
            div class="mt-2 grid gap-2" {
                label class="sr-only" for="json" { (label) }
                textarea id="json" class="textarea w-full font-mono text-xs" name="json" rows=(rows) spellcheck="false" autocomplete="off" { "\n" (json) }
                input type="hidden" name="json-was" value=(json);
                p class="text-muted" { (hint) }
                button class="btn btn-sm btn-quiet w-fit" name="do" value="json" formnovalidate hx-post=(to) { "Take this JSON" }
            }
        }
    }
}

fn any_or_all(any: bool, all_words: &str, any_words: &str) -> Markup {
    html! {
        option value="all" selected[!any] { (all_words) }
        option value="any" selected[any] { (any_words) }
    }
}

fn group(view: &FilterForm, (to, focus): (&str, Option<&str>), place: usize, group: &GroupView) -> Markup {
    let several = view.groups.len() > 1;
    let name = if several { format!(" in group {}", place + 1) } else { String::new() };
    let add = format!("add-condition-{place}");
    html! {
        fieldset class="grid gap-3 rounded-field border border-base-300 p-4" {
            legend class="px-1 text-sm font-medium" { @if several { "Group " (place + 1) } @else { "Conditions" } }
            div class="flex flex-wrap items-center gap-2 text-sm" {
                label for={ "group-" (place) } { "Select if" }
                select id={ "group-" (place) } class="select select-sm w-auto" name="group" { (any_or_all(group.any, "all of these hold", "any of these holds")) }
                @if several { button class="btn btn-sm btn-ghost ml-auto" name="do" value={ "drop-group " (place) } formnovalidate hx-post=(to) { "Remove the group" } }
            }
            @if group.conditions.is_empty() { p class="text-sm text-muted" { "No condition: " (view.every) "." } }
            @for (number, condition) in group.conditions.iter().enumerate() {
                (self::condition((to, focus), (place, number), &format!("{}{name}", number + 1), condition))
            }
            button id=(add) class="btn btn-sm btn-ghost w-fit" name="do" value={ "add-condition " (place) } autofocus[focus == Some(&add)] formnovalidate hx-post=(to) { (icon(Icon::Plus)) "Add a condition" span class="sr-only" { (name) } }
        }
    }
}

fn condition(
    (to, focus): (&str, Option<&str>),
    (group, number): (usize, usize),
    name: &str,
    condition: &ConditionView,
) -> Markup {
    let id = format!("c{group}-{number}");
    let focus = focus == Some(&format!("{id}-field"));
    let wrong = condition.wrong.as_ref().map(|_| format!("{id}-wrong"));
    html! {
        div class="grid gap-2 border-t border-base-300 pt-3 first-of-type:border-0 first-of-type:pt-0 sm:grid-cols-[minmax(0,5fr)_minmax(0,4fr)_minmax(0,5fr)_auto] sm:items-start" {
            input id={ (id) "-field" } class="input input-sm w-full" name="property" list="known" value=(condition.property) placeholder="Field" autocomplete="off" autofocus[focus]
                aria-label={ "Field of condition " (name) } aria-describedby=[wrong.as_ref()] hx-post=(to) hx-trigger="change" hx-vals="{\"do\":\"again\"}";
            input type="hidden" name="was" value=(condition.property);
            @if condition.operators.is_empty() {
                span class="text-sm text-muted sm:col-span-2" { "Choose a field, then " button id={ (id) "-operator" } class="link" name="do" value="again" formnovalidate hx-post=(to) { "say what it has to be" } "." }
                input type="hidden" name="operator" value="";
            } @else {
                select id={ (id) "-operator" } class="select select-sm w-full" name="operator" aria-label={ "Comparison of condition " (name) } hx-post=(to) hx-trigger="change" hx-vals="{\"do\":\"again\"}" {
                    @for (value, words) in &condition.operators { option value=(value) selected[*value == condition.operator] { (words) } }
                }
                div class="min-w-0" { (input(&id, name, &condition.input)) }
            }
            button class="btn btn-sm btn-ghost justify-self-start" name="do" value={ "drop-condition " (group) " " (number) } formnovalidate hx-post=(to) { "Remove" span class="sr-only" { " condition " (name) } }
            @if let (Some(wrong), Some(id)) = (&condition.wrong, &wrong) { p id=(id) class="text-sm text-error sm:col-span-4" { (wrong) } }
        }
    }
}

fn input(id: &str, name: &str, input: &Input) -> Markup {
    let label = format!("Value of condition {name}");
    let one = |entry: Entry, id: String, label: String, value: &str| {
        // A moment of the day, which only JSON can write, stays as it is.
        let is_date = entry == Entry::Date && value.len() <= 10;
        html! {
            input id=(id) class="input input-sm w-full" type=(if is_date { "date" } else { "text" }) inputmode=[(entry == Entry::Number).then_some("decimal")]
                name="value" value=(value) maxlength="500" autocomplete="off" aria-label=(label);
        }
    };
    html! {
        @match input {
            Input::Nothing => {},
            Input::One(entry, value) => (one(*entry, format!("{id}-value"), label, value)),
            Input::Two(entry, from, to) => div class="grid grid-cols-[minmax(0,1fr)_auto_minmax(0,1fr)] items-center gap-2 text-sm" {
                (one(*entry, format!("{id}-from"), format!("From, of condition {name}"), from)) "and" (one(*entry, format!("{id}-to"), format!("To, of condition {name}"), to))
            },
            Input::Choice(value, options) => select id={ (id) "-value" } class="select select-sm w-full" name="value" aria-label=(label) {
                option value="" selected[value.is_empty()] { "Choose…" }
                @for (option, words) in options { option value=(option) selected[option == value] { (words) } }
            },
            Input::Choices(options) => fieldset {
                legend class="sr-only" { (label) }
                div class="grid max-h-48 gap-0.5 overflow-y-auto rounded-field border border-base-300 p-2" {
                    @for (value, words, chosen) in options {
                        label class="flex items-center gap-2 text-sm" { input class="checkbox checkbox-sm" type="checkbox" name="value" value=(value) checked[*chosen]; span class="min-w-0 wrap-anywhere" { (words) } }
                    }
                }
            },
            Input::Lines(text) => textarea id={ (id) "-value" } class="textarea textarea-sm w-full" name="value" rows="3" aria-label={ (label) ", one a line" } placeholder="One a line" { "\n" (text) },
            Input::Span(count, unit, units) => div class="grid grid-cols-2 gap-2" {
                input id={ (id) "-value" } class="input input-sm w-full" inputmode="numeric" name="value" value=(count) maxlength="5" autocomplete="off" aria-label={ "How many, of condition " (name) };
                select id={ (id) "-unit" } class="select select-sm w-full" name="unit" aria-label={ "Unit of condition " (name) } { @for own in units { option value=(own) selected[own == unit] { (own) } } }
            },
        }
    }
}

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

/// Where an editor stands in its form.
#[derive(Clone, Copy)]
struct Stands<'a> {
    /// Where the form is sent.
    to: &'a str,
    /// The id of what a person goes on with.
    focus: Option<&'a str>,
    /// What tells it apart from others of the form; empty: it is alone.
    scope: &'a str,
    /// The same for whoever cannot see where it stands: ` of step 2`.
    whose: &'a str,
}

impl Stands<'_> {
    /// An id of the form.
    fn id(self, own: &str) -> String {
        if self.scope.is_empty() { own.to_owned() } else { format!("{}-{own}", self.scope) }
    }

    /// What a button sends.
    fn says(self, own: &str) -> String {
        if self.scope.is_empty() { own.to_owned() } else { format!("{}:{own}", self.scope) }
    }

    fn goes_on_at(self, id: &str) -> bool {
        self.focus == Some(id)
    }
}

/// The rows of conditions, and the same as JSON. `to`: where its form is sent; `focus`: the id of what a person goes on with.
pub fn editor(view: &FilterForm, to: &str, focus: Option<&str>) -> Markup {
    let stands = Stands { to, focus, scope: "", whose: "" };
    html! { (rows(view, stands)) (filter_as_json(view, stands)) }
}

/// One of several editors of a form: ids begin with `scope` and `-`, what its buttons send with `scope` and `:`. As JSON only where its rows
/// cannot say it: the form is JSON besides. `whose` is said to whoever cannot see where it stands.
pub fn one_of(view: &FilterForm, to: &str, focus: Option<&str>, (scope, whose): (&str, &str)) -> Markup {
    let stands = Stands { to, focus, scope, whose };
    html! { (rows(view, stands)) @if view.beyond.is_some() { (filter_as_json(view, stands)) } }
}

fn filter_as_json(view: &FilterForm, stands: Stands<'_>) -> Markup {
    let label = format!("The filter as JSON{}", stands.whose);
    json_part(
        (&view.json, view.json_open),
        stands,
        ("As JSON, for experts", &label, 10),
        &html! {
            "What you change here replaces the conditions above. Its schema is at " code { "/v1/filter-schema.json" } "."
        },
    )
}

fn rows(view: &FilterForm, stands: Stands<'_>) -> Markup {
    let (several, to, join, add) =
        (view.groups.len() > 1, stands.to, stands.id("join"), stands.id("add-group"));
    html! {
        @if let Some(words) = &view.beyond {
            input type="hidden" name="beyond" value="yes";
            div class="rounded-field border border-base-300 p-4 text-sm" {
                p class="font-medium wrap-anywhere" { (words) }
                p class="mt-1 text-muted" { "This filter says more than the editor can show. Change it as JSON below, or begin anew." }
                button class="btn btn-sm btn-quiet mt-3" name="do" value=(stands.says("anew")) formnovalidate hx-post=(to) { "Begin anew with the editor" span class="sr-only" { (stands.whose) } }
            }
        } @else {
            @if several {
                div class="flex flex-wrap items-center gap-2 text-sm" {
                    label for=(join) { (view.subject) " if" }
                    select id=(join) class="select select-sm w-auto" name="join" { (any_or_all(view.any, "all groups hold", "any of the groups holds")) }
                }
            } @else { input type="hidden" name="join" value=(if view.any { "any" } else { "all" }); }
            @for (place, group) in view.groups.iter().enumerate() { (self::group(view, stands, place, group)) }
            button id=(add) class="btn btn-sm btn-ghost w-fit" name="do" value=(stands.says("add-group")) autofocus[stands.goes_on_at(&add)] formnovalidate hx-post=(to) { (icon(Icon::Plus)) "Add a group" span class="sr-only" { (stands.whose) } }
        }
    }
}

/// What a form shows, as JSON, which may be changed in its stead: with the words that open it, those that tell it apart, and its lines.
pub(super) fn as_json(shown: (&str, bool), to: &str, words: (&str, &str, u8), hint: &Markup) -> Markup {
    json_part(shown, Stands { to, focus: None, scope: "", whose: "" }, words, hint)
}

fn json_part(
    (json, open): (&str, bool),
    stands: Stands<'_>,
    (summary, label, rows): (&str, &str, u8),
    hint: &Markup,
) -> Markup {
    let id = stands.id("json");
    html! {
        details class="text-sm" open[open] {
            summary class="link w-fit" { (summary) span class="sr-only" { (stands.whose) } }
            div class="mt-2 grid gap-2" {
                label class="sr-only" for=(id) { (label) }
                textarea id=(id) class="textarea w-full font-mono text-xs" name="json" rows=(rows) spellcheck="false" autocomplete="off" { "\n" (json) }
                input type="hidden" name="json-was" value=(json);
                p class="text-muted" { (hint) }
                button class="btn btn-sm btn-quiet w-fit" name="do" value=(stands.says("json")) formnovalidate hx-post=(stands.to) { "Take this JSON" span class="sr-only" { (stands.whose) } }
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

fn group(view: &FilterForm, stands: Stands<'_>, place: usize, group: &GroupView) -> Markup {
    let (several, to) = (view.groups.len() > 1, stands.to);
    let own = if several { format!(" in group {}", place + 1) } else { String::new() };
    let name = format!("{own}{}", stands.whose);
    let (add, id) = (stands.id(&format!("add-condition-{place}")), stands.id(&format!("group-{place}")));
    html! {
        fieldset class="grid min-w-0 gap-3 rounded-field border border-base-300 p-4" {
            legend class="px-1 text-sm font-medium" { @if several { "Group " (place + 1) } @else { "Conditions" } span class="sr-only" { (stands.whose) } }
            div class="flex flex-wrap items-center gap-2 text-sm" {
                label for=(id) { "Select if" }
                select id=(id) class="select select-sm w-auto" name="group" { (any_or_all(group.any, "all of these hold", "any of these holds")) }
                @if several { button class="btn btn-sm btn-ghost ml-auto" name="do" value=(stands.says(&format!("drop-group {place}"))) formnovalidate hx-post=(to) { "Remove the group" span class="sr-only" { (stands.whose) } } }
            }
            @if group.conditions.is_empty() { p class="text-sm text-muted" { "No condition: " (view.every) "." } }
            @for (number, condition) in group.conditions.iter().enumerate() {
                (self::condition(stands, (place, number), &format!("{}{name}", number + 1), condition))
            }
            button id=(add) class="btn btn-sm btn-ghost w-fit" name="do" value=(stands.says(&format!("add-condition {place}"))) autofocus[stands.goes_on_at(&add)] formnovalidate hx-post=(to) { (icon(Icon::Plus)) "Add a condition" span class="sr-only" { (name) } }
        }
    }
}

fn condition(
    stands: Stands<'_>,
    (group, number): (usize, usize),
    name: &str,
    condition: &ConditionView,
) -> Markup {
    let (to, id) = (stands.to, stands.id(&format!("c{group}-{number}")));
    let focus = stands.goes_on_at(&format!("{id}-field"));
    let drop = stands.says(&format!("drop-condition {group} {number}"));
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
            button class="btn btn-sm btn-ghost justify-self-start" name="do" value=(drop) formnovalidate hx-post=(to) { "Remove" span class="sr-only" { " condition " (name) } }
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

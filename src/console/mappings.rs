//! The pages of field mappings: the actions, and the form of one. Every button of the form sends the whole form; what it holds comes back
//! as it was sent, with a row more or less. With scripts only the form is exchanged, so that nobody loses their place.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::connection_paths::FieldsQuery;
use super::words::{capitalised, count, when};
use crate::values::mapping::{Action, HostType, MAX_ENTRIES, MAX_PATH, MAX_TEXT};

/// Every action with its mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MappingsView {
    pub at: ConnectionFrame,
    pub actions: Vec<ActionLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionLine {
    pub action: Action,
    pub standing: Standing,
    /// Fields it fills.
    pub entries: u64,
    pub updated_at: Option<i64>,
}

/// How a mapping stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// There is none.
    None,
    Ready,
    /// So many entries cannot be used.
    Broken(u64),
    /// HubSpot's fields are not known.
    Unchecked,
}

/// The mapping of one action, as it was last sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MappingFormView {
    pub at: ConnectionFrame,
    pub action: Action,
    pub standing: Standing,
    pub rows: Vec<RowView>,
    /// Fields that can be chosen: words, and what each takes.
    pub known: Vec<(String, String)>,
    /// What is wrong and belongs to no row.
    pub errors: Vec<String>,
    /// Rows in which something is wrong.
    pub wrong_rows: usize,
    /// It was to be saved, and was not.
    pub refused: bool,
    /// The id of what a person goes on with after a row came or went.
    pub focus: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RowView {
    /// The field's words, or what was typed for them.
    pub field: String,
    /// What the field takes; empty until it is known.
    pub takes: String,
    pub is_constant: bool,
    /// The host's name, or the constant.
    pub value: String,
    pub default: String,
    /// What the host declares; empty: nothing.
    pub declared: String,
    pub only_if_empty: bool,
    pub drop_if_refused: bool,
    pub wrong: Option<String>,
}

/// What an action is called.
pub const fn title(action: Action) -> &'static str {
    match action {
        Action::ImportCompany => "Import a company",
        Action::ImportContact => "Import a contact",
        Action::UpdateCompany => "Update a company",
        Action::UpdateContact => "Update a contact",
        Action::UpdateDeal => "Update a deal",
        Action::CreateTask => "Create a task",
        Action::LogCall => "Log a call",
        Action::AddNote => "Add a note",
        Action::ScoreSnapshot => "Write scores to a company",
    }
}

fn badge(standing: Standing) -> Markup {
    let (class, words) = match standing {
        Standing::None => ("badge-neutral", "Nothing mapped"),
        Standing::Ready => ("badge-success", "Ready"),
        Standing::Broken(_) => ("badge-warning", "Needs attention"),
        Standing::Unchecked => ("badge-neutral", "Not checked"),
    };
    html! {
        span class={ "badge badge-soft font-medium whitespace-nowrap " (class) } { span class="size-1.5 rounded-full bg-current" aria-hidden="true" {} (words) }
    }
}

pub fn page(view: &MappingsView) -> Page {
    let at = &view.at;
    let main = html! {
        (connection::heading(at, Tab::Mappings, html! {}))
        h2 class="text-lg font-semibold" { "Field mappings" }
        p class="mt-1 mb-5 max-w-prose text-sm text-muted" {
            "Which HubSpot fields are filled when " (at.frame.product) " does something in this account, and with what. Everything is checked against the account's fields when it is saved."
        }
        ul class="grid gap-4" { @for line in &view.actions { (self::line(at, line)) } }
    };
    Page { status: 200, html: connection::document(at, "Mappings", false, main) }
}

fn line(at: &ConnectionFrame, line: &ActionLine) -> Markup {
    let object_type = line.action.object_type().to_string();
    html! {
        li class="card border border-base-300 bg-base-100 p-5 shadow-sm" {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                p class="min-w-0 font-medium" {
                    @if line.standing == Standing::None && !at.may_act() { (title(line.action)) }
                    @else { a class="link" href=(at.paths().mapping(line.action.as_str())) { (title(line.action)) } }
                }
                (badge(line.standing))
            }
            p class="mt-1 text-sm text-muted" {
                (capitalised(&object_type))
                @if line.standing != Standing::None { " · " (count(line.entries, "field", "fields")) }
                @if let Some(moment) = line.updated_at { " · saved " (when(at.frame.now_at, moment)) }
            }
            @if let Standing::Broken(entries) = line.standing {
                p class="mt-2 flex items-start gap-2 text-sm" {
                    span class="text-warning" { (icon(Icon::Alert)) }
                    span class="min-w-0" { (broken(entries)) }
                }
            }
        }
    }
}

fn broken(entries: u64) -> String {
    let (has, it) = if entries == 1 { ("has", "it is") } else { ("have", "they are") };
    let fields = count(entries, "field", "fields");
    format!("{fields} {has} changed or vanished in HubSpot: until that is mended, {it} not written.")
}

/// The mapping of one action: a form for administrators, a table for others.
pub fn form(view: &MappingFormView) -> Page {
    let at = &view.at;
    let main = html! {
        (connection::heading(at, Tab::Mappings, html! {}))
        p class="mb-3 text-sm" { a class="link" href=(at.paths().mappings()) { "All mappings" } }
        @if at.may_act() { (form_part(view)) } @else { (table_part(view)) }
    };
    let status = if view.refused { 400 } else { 200 };
    Page { status, html: connection::document(at, title(view.action), true, main) }
}

fn head(view: &MappingFormView) -> Markup {
    html! {
        div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
            h2 id="name" class="text-lg font-semibold" { (title(view.action)) }
            (badge(view.standing))
        }
    }
}

fn form_part(view: &MappingFormView) -> Markup {
    let (at, paths, action) = (&view.at, view.at.paths(), view.action.as_str());
    let to = paths.mapping(action);
    let kind = view.action.object_type().to_string();
    html! {
        form id="form" class="grid gap-6" method="post" action=(to) hx-target="#form" hx-select="#form" hx-swap="morph:outerHTML" hx-sync="#form:queue all" {
            (csrf_field(&at.frame.csrf))
            // What Enter does in a field: the first button of a form.
            button hidden name="do" value="again" formnovalidate hx-post=(to) { "Show again" }
            (head(view))
            (troubles(view))
            section class="card gap-3 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="filled" {
                h3 id="filled" class="font-semibold" { "Fields of " (at.words(&kind)) " that are filled" }
                @if view.known.is_empty() {
                    p class="text-sm text-muted" { "Which fields HubSpot has is not known yet. They are read once the account is connected; look again in a minute." }
                } @else {
                    p class="text-sm text-muted" {
                        "Your value is a name of what " (at.frame.product) " sends, or a path into it, as " code { "account.plan" } ". What is absent writes nothing. Fields that HubSpot calculates cannot be chosen. "
                        @if at.types.contains(&kind) { a class="link" href=(paths.fields(&kind, &FieldsQuery::default())) { "All fields of " (at.words(&kind)) } "." }
                    }
                }
                @for (number, row) in view.rows.iter().enumerate() { (self::row(view, &to, number, row)) }
                @if view.rows.is_empty() { p class="py-4 text-center text-muted" { "Nothing is mapped yet." } }
                @if view.rows.len() < MAX_ENTRIES {
                    button id="add-row" class="btn btn-sm btn-ghost w-fit" name="do" value="add" autofocus[view.focus.as_deref() == Some("add-row")] formnovalidate hx-post=(to) { (icon(Icon::Plus)) "Add a field" }
                }
            }
            div class="flex flex-wrap gap-3" {
                button class="btn btn-primary" name="do" value="save" { "Save" }
                a class="btn btn-ghost" href=(paths.mappings()) { "Cancel" }
                @if view.standing != Standing::None { a class="btn btn-ghost sm:ml-auto" href=(paths.delete_mapping(action)) { "Delete this mapping" } }
            }
            datalist id="known" { @for (words, takes) in &view.known { option value=(words) { (takes) } } }
        }
    }
}

fn troubles(view: &MappingFormView) -> Markup {
    html! {
        @if !view.errors.is_empty() || view.wrong_rows > 0 {
            div id="refused" class={ "alert alert-soft items-start " (if view.refused { "alert-error" } else { "alert-warning" }) } role="alert" {
                (icon(Icon::Alert))
                ul class="grid gap-1" {
                    @for error in &view.errors { li { (error) } }
                    @if view.wrong_rows > 0 && view.refused { li { (count(view.wrong_rows as u64, "field", "fields")) " below " @if view.wrong_rows == 1 { "says" } @else { "say" } " what is wrong. Nothing was saved." } }
                    @else if let Standing::Broken(entries) = view.standing { li { (broken(entries)) } }
                }
            }
        }
    }
}

fn row(view: &MappingFormView, to: &str, place: usize, row: &RowView) -> Markup {
    let (number, id) = (place + 1, format!("r{place}"));
    let wrong = row.wrong.as_ref().map(|_| format!("{id}-wrong"));
    let takes = (!row.takes.is_empty()).then(|| format!("{id}-takes"));
    let described: Vec<&str> = wrong.iter().chain(&takes).map(String::as_str).take(1).collect();
    let described = described.first().copied();
    let most = if row.is_constant { MAX_TEXT } else { MAX_PATH };
    let again = "{\"do\":\"again\"}";
    let of = html! { span class="sr-only" { " of field " (number) } };
    html! {
        fieldset id=(id) class="grid gap-3 border-t border-base-300 pt-4" {
            legend class="sr-only" { "Field " (number) }
            div class="grid gap-2 sm:grid-cols-[minmax(0,5fr)_minmax(0,3fr)_minmax(0,5fr)] sm:items-end" {
                label class="grid gap-1 text-xs text-muted" {
                    span { "HubSpot's field" (of) }
                    input id={ (id) "-field" } class="input input-sm w-full text-base-content" name="field" value=(row.field) placeholder="Field" list="known" maxlength="300" autocomplete="off"
                        autofocus[view.focus == Some(format!("{id}-field"))] aria-describedby=[described] aria-invalid=[wrong.as_ref().map(|_| "true")] hx-post=(to) hx-trigger="change" hx-vals=(again);
                }
                label class="grid gap-1 text-xs text-muted" {
                    span { "Is filled with" (of) }
                    select id={ (id) "-source" } class="select select-sm w-full text-base-content" name="source" hx-post=(to) hx-trigger="change" hx-vals=(again) {
                        option value="from" selected[!row.is_constant] { "your value" }
                        option value="constant" selected[row.is_constant] { "always this" }
                    }
                }
                label class="grid gap-1 text-xs text-muted" {
                    span { @if row.is_constant { "What is always written" } @else { "Your name of the value" } (of) }
                    input id={ (id) "-value" } class="input input-sm w-full text-base-content" name="value" value=(row.value) placeholder=(if row.is_constant { "Value" } else { "account.plan" }) maxlength=(most) autocomplete="off";
                }
            }
            @if let Some(id) = &takes { p id=(id) class="text-xs text-muted wrap-anywhere" { (row.takes) } }
            div class="flex flex-wrap items-end gap-x-6 gap-y-2" {
                @if !row.is_constant {
                    label class="grid gap-1 text-xs text-muted" {
                        span { "If it is absent" (of) }
                        input id={ (id) "-default" } class="input input-sm w-full text-base-content" name="default" value=(row.default) placeholder="write nothing" maxlength=(MAX_TEXT) autocomplete="off";
                    }
                    label class="grid gap-1 text-xs text-muted" {
                        span { "Your value is" (of) }
                        select id={ (id) "-type" } class="select select-sm w-full text-base-content" name="type" {
                            option value="" selected[row.declared.is_empty()] { "not declared" }
                            @for kind in HostType::ALL { option value=(kind.as_str()) selected[row.declared == kind.as_str()] { (declared(kind)) } }
                        }
                    }
                }
                div class="grid gap-1.5 py-1" {
                    @if view.action.finds_records() {
                        label class="flex items-center gap-2 text-sm" {
                            input id={ (id) "-empty" } class="checkbox checkbox-sm" type="checkbox" name="only-if-empty" value="yes" checked[row.only_if_empty];
                            span { "Only if it is empty" (of) }
                        }
                    }
                    label class="flex items-center gap-2 text-sm" {
                        input id={ (id) "-drop" } class="checkbox checkbox-sm" type="checkbox" name="drop-if-refused" value="yes" checked[row.drop_if_refused];
                        span { "Write without it if HubSpot or a rule of yours refuses it" (of) }
                    }
                }
                button class="btn btn-sm btn-ghost sm:ml-auto" name="do" value={ "drop " (place) } formnovalidate hx-post=(to) { "Remove" span class="sr-only" { " field " (number) } }
            }
            @if let (Some(words), Some(id)) = (&row.wrong, &wrong) { p id=(id) class="text-sm text-error wrap-anywhere" { (words) } }
        }
    }
}

const fn declared(kind: HostType) -> &'static str {
    match kind {
        HostType::Text => "a text",
        HostType::Number => "a number",
        HostType::Boolean => "true or false",
        HostType::Date => "a date",
        HostType::Datetime => "a date and time",
        HostType::List => "a list",
    }
}

/// What it is, for those who may not change it.
fn table_part(view: &MappingFormView) -> Markup {
    html! {
        (head(view))
        div class="mt-4" { (troubles(view)) }
        section class="card mt-4 border border-base-300 bg-base-100 p-5 shadow-sm" {
            @if view.rows.is_empty() { p class="text-muted" { "Nothing is mapped." } }
            @else {
                table class="rows rows-tight" role="table" aria-labelledby="name" {
                    thead role="rowgroup" {
                        tr role="row" { @for words in ["HubSpot's field", "Is filled with", "If it is absent", "Conditions"] { th role="columnheader" scope="col" { (words) } } }
                    }
                    tbody role="rowgroup" { @for row in &view.rows { (table_row(row)) } }
                }
            }
        }
    }
}

fn table_row(row: &RowView) -> Markup {
    let conditions: Vec<&str> =
        [(row.only_if_empty, "only if it is empty"), (row.drop_if_refused, "left out if it is refused")]
            .into_iter()
            .filter_map(|(holds, words)| holds.then_some(words))
            .collect();
    html! {
        tr role="row" {
            th role="rowheader" scope="row" {
                span class="wrap-anywhere" { (row.field) }
                @if let Some(words) = &row.wrong { span class="block text-sm font-normal text-error wrap-anywhere" { (words) } }
            }
            td role="cell" data-label="Is filled with" { @if row.is_constant { "always " } code class="wrap-anywhere" { (row.value) } }
            td role="cell" data-label="If it is absent" {
                @if row.default.is_empty() { span class="text-muted" { @if row.is_constant { "–" } @else { "nothing is written" } } }
                @else { span class="wrap-anywhere" { (row.default) } }
            }
            td role="cell" data-label="Conditions" { @if conditions.is_empty() { span class="text-muted" { "–" } } @else { (conditions.join("; ")) } }
        }
    }
}

/// Before a mapping is deleted.
pub fn delete(at: &ConnectionFrame, action: Action) -> Page {
    let paths = at.paths();
    let main = html! {
        div class="card mx-auto max-w-xl border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" {
            h1 class="text-xl font-semibold tracking-tight" { "Delete this mapping?" }
            p class="mt-2 font-medium" { (title(action)) }
            p class="mt-4" { "What " (at.frame.product) " sends with this action fills no further fields then. Nothing in HubSpot is changed." }
            form class="mt-7 flex flex-wrap gap-3" method="post" action=(paths.delete_mapping(action.as_str())) {
                (csrf_field(&at.frame.csrf))
                button class="btn btn-error" { "Delete" }
                a class="btn btn-ghost" href=(paths.mapping(action.as_str())) { "Keep it" }
            }
        }
    };
    Page { status: 200, html: connection::document(at, "Delete mapping", false, main) }
}

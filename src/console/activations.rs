//! Activations: which audiences and calculated attributes are kept on contacts, how far each sync is, what waits and what HubSpot refused.
//! Their forms are [`super::activation_form`]'s.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, csrf_field, icon};
use super::connection::{self, ConnectionFrame, Tab, action};
use super::words::{count, duration, number, when};
use crate::values::time::SECOND_MS;

/// Refused contacts that a page shows: two screens.
pub const REFUSED_SHOWN: u32 = 50;

/// The activations of a connection, with all of its audiences and attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActivationsView {
    pub at: ConnectionFrame,
    pub activations: Vec<ActivationLine>,
    pub audiences: Vec<AttributeLine>,
    pub attributes: Vec<AttributeLine>,
    /// The label of the properties' group, and HubSpot's name of it.
    pub group: (String, String),
    /// Why nothing is written at the moment.
    pub waits: Option<String>,
    /// People whose contact may differ.
    pub marks: u64,
    /// Contacts that HubSpot refused.
    pub refused: u64,
    /// Why what was asked for was not done.
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActivationLine {
    pub id: String,
    pub name: String,
    pub description: String,
    /// Id and name of each audience, and of each attribute.
    pub audiences: Vec<(String, String)>,
    pub attributes: Vec<(String, String)>,
    /// People who are no contact become one.
    pub creates: bool,
    pub paused: bool,
    /// Why nothing is written for it.
    pub waits: Option<String>,
    pub sync: SyncLine,
    pub created_at: i64,
    pub updated_at: i64,
}

/// How far a sync is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SyncLine {
    /// `waiting`, `running` or `done`.
    pub state: String,
    /// Rows: memberships and values.
    pub total: u64,
    /// Rows gone through.
    pub looked: u64,
    pub written: u64,
    pub created: u64,
    pub skipped: u64,
    pub refused: u64,
    /// Contacts that hold already what they are to hold.
    pub in_step: u64,
    pub calls: u64,
    /// Rows to be gone through and people to be written, as far as they are known.
    pub left: u64,
    pub began_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub seconds_left: Option<i64>,
}

/// An audience, or an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeLine {
    pub id: String,
    pub name: String,
    pub description: String,
    /// What its values are, in words.
    pub kind: String,
    pub audience: bool,
    pub options: Vec<String>,
    /// HubSpot's name of its property, once there is one.
    pub property: Option<String>,
    /// The property is there.
    pub made: bool,
    /// An activation keeps it.
    pub selected: bool,
    pub deleting: bool,
    pub members: u64,
    pub trouble: Option<String>,
    /// The filter in words that finds its members.
    pub found_by: Option<String>,
    /// Contacts gone through so far, while everybody is asked anew.
    pub looked_at: Option<u64>,
}

/// One activation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActivationView {
    pub at: ConnectionFrame,
    pub activation: ActivationLine,
    /// What it keeps, in full.
    pub kept: Vec<AttributeLine>,
    /// Contacts that HubSpot refused, of any activation.
    pub refused: u64,
}

/// Contacts that HubSpot refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedView {
    pub at: ConnectionFrame,
    /// [`REFUSED_SHOWN`] at most.
    pub contacts: Vec<RefusedLine>,
    /// All of them.
    pub total: u64,
    /// Which page it is, from 1.
    pub page: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedLine {
    /// An address, or a contact's id.
    pub whom: Result<String, String>,
    pub why: String,
    pub refused_at: Option<i64>,
}

/// An audience or attribute that is to be deleted, with what depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeleteAttributeView {
    pub at: ConnectionFrame,
    pub attribute: AttributeLine,
    pub activations: Vec<String>,
    /// What it is, and its name: `channel`, `Warm leads`.
    pub others: Vec<(String, String)>,
}

fn badge(class: &str, words: &str) -> Markup {
    html! {
        span class={ "badge badge-soft font-medium whitespace-nowrap " (class) } { span class="size-1.5 rounded-full bg-current" aria-hidden="true" {} (words) }
    }
}

fn state_badge(activation: &ActivationLine) -> Markup {
    match activation.sync.state.as_str() {
        _ if activation.paused => badge("badge-neutral", "Paused"),
        _ if activation.waits.is_some() => badge("badge-warning", "Waits"),
        "running" => badge("badge-info", "Syncing"),
        "done" => badge("badge-success", "In step"),
        _ => badge("badge-info", "About to begin"),
    }
}

fn attribute_badge(attribute: &AttributeLine) -> Markup {
    if attribute.trouble.is_some() {
        return badge("badge-warning", "Needs attention");
    }
    match (attribute.deleting, attribute.selected, attribute.made) {
        (true, ..) => badge("badge-neutral", "Being deleted"),
        (false, true, true) => badge("badge-success", "In HubSpot"),
        (false, true, false) => badge("badge-info", "Being made"),
        (false, false, _) => badge("badge-neutral", "Not activated"),
    }
}

fn trouble(words: &str) -> Markup {
    html! { p class="mt-2 flex items-start gap-2 text-sm" { span class="text-warning" { (icon(Icon::Alert)) } span class="min-w-0 wrap-anywhere" { (words) } } }
}

fn warning(words: &str, end: &Markup) -> Markup {
    html! { div class="alert alert-soft alert-warning mt-4 items-start text-sm" { (icon(Icon::Alert)) div class="min-w-0 wrap-anywhere" { p { (words) } (end) } } }
}

fn nothing(words: &str, end: &Markup) -> Markup {
    html! { div class="card border border-base-300 bg-base-100 p-8 text-center text-muted shadow-sm" { p { (words) } (end) } }
}

const fn names(audience: bool) -> (&'static str, &'static str) {
    if audience { ("audience", "audiences") } else { ("attribute", "attributes") }
}

/// How many people an audience or attribute is of.
fn people(attribute: &AttributeLine) -> String {
    if attribute.audience {
        count(attribute.members, "member", "members")
    } else {
        count(attribute.members, "person has a value", "people have a value")
    }
}

/// The page of all. What of it changes is asked for again.
pub fn page(view: &ActivationsView) -> Page {
    let at = &view.at;
    let moves =
        view.activations.iter().any(is_moving) || view.audiences.iter().chain(&view.attributes).any(is_made);
    let main = html! {
        (connection::heading(at, Tab::Activations, html! {}))
        @if let Some(error) = &view.error {
            div id="refused" class="alert alert-soft alert-error mb-6 items-start" role="alert" { (icon(Icon::Alert)) p class="min-w-0 wrap-anywhere" { (error) } }
        }
        div id="live" class="grid gap-10" hx-get=(at.paths().activations()) hx-trigger=(every(moves)) hx-select="#live" hx-swap="morph:outerHTML" {
            (activations(view))
            (attributes(view, true))
            (attributes(view, false))
        }
    };
    let status = if view.error.is_some() { 409 } else { 200 };
    Page { status, html: connection::document(at, "Activations", true, main) }
}

const fn every(moves: bool) -> &'static str {
    if moves { "every 2s" } else { "every 10s" }
}

fn is_moving(activation: &ActivationLine) -> bool {
    !activation.paused && activation.sync.state != "done"
}

/// Whether its property is on its way, to HubSpot or out of it.
const fn is_made(attribute: &AttributeLine) -> bool {
    attribute.looked_at.is_some()
        || (attribute.trouble.is_none() && (attribute.deleting || (attribute.selected && !attribute.made)))
}

fn section(id: &str, title: &str, words: &Markup, end: &Markup, body: &Markup) -> Markup {
    html! {
        section class="min-w-0" aria-labelledby=(id) {
            div class="mb-4 flex flex-wrap items-start justify-between gap-x-6 gap-y-3" {
                div class="min-w-0" {
                    h2 id=(id) class="text-lg font-semibold" { (title) }
                    p class="mt-1 max-w-prose text-sm text-muted" { (words) }
                }
                (end)
            }
            (body)
        }
    }
}

fn activations(view: &ActivationsView) -> Markup {
    let (at, paths) = (&view.at, view.at.paths());
    let has_some = !(view.audiences.is_empty() && view.attributes.is_empty());
    let words = html! {
        "Which audiences and calculated attributes are kept on this account's contacts. In HubSpot they stand in the group " (view.group.0) " (" code { (view.group.1) } ")."
    };
    let end = html! {
        div class="flex flex-wrap gap-2" {
            @if at.may_act() {
                a class="btn btn-sm btn-quiet" href=(paths.activation_names()) { "Settings" }
                @if has_some { a class="btn btn-sm btn-primary" href=(paths.activation_form(None)) { (icon(Icon::Plus)) "New activation" } }
            }
        }
    };
    let body = html! {
        @if view.activations.is_empty() {
            (nothing(if has_some { "There is none yet." } else { "There is none yet. First add an audience or an attribute below, or have your product send them." }, &html! {}))
        } @else {
            ul class="grid gap-4" { @for line in &view.activations { (activation(at, line)) } }
        }
        @if let Some(waits) = &view.waits && !view.activations.is_empty() { (warning(waits, &html! {})) }
        @if view.marks > 0 && view.waits.is_none() { p class="mt-3 text-sm text-muted" { (count(view.marks, "person waits", "people wait")) " to be looked at." } }
        (refused_note(at, view.refused))
    };
    section("activations", "Activations", &words, &end, &body)
}

fn refused_note(at: &ConnectionFrame, refused: u64) -> Markup {
    html! {
        @if refused > 0 {
            (warning(&format!("HubSpot refused {}.", count(refused, "contact", "contacts")), &html! { a class="link" href=(at.paths().refused_contacts()) { "Why, and try again" } }))
        }
    }
}

fn activation(at: &ConnectionFrame, line: &ActivationLine) -> Markup {
    html! {
        li class="card border border-base-300 bg-base-100 p-5 shadow-sm" {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                p class="min-w-0 font-medium wrap-anywhere" { a class="link" href=(at.paths().activation(&line.id)) { (line.name) } }
                (state_badge(line))
            }
            @if !line.description.is_empty() { p class="mt-1 text-sm text-muted wrap-anywhere" { (line.description) } }
            p class="mt-1 text-sm text-muted" { (selected(line)) }
            (progress(line))
            @if let Some(waits) = line.waits.as_ref().filter(|_| !line.paused) { (trouble(waits)) }
        }
    }
}

fn selected(line: &ActivationLine) -> String {
    let parts = [(line.audiences.len() as u64, names(true)), (line.attributes.len() as u64, names(false))];
    let words: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, (one, many))| count(*n, one, many)).collect();
    if words.is_empty() { "Nothing is selected.".to_owned() } else { words.join(", ") }
}

impl SyncLine {
    /// People of whom it is known what they hold now.
    const fn settled(&self) -> u64 {
        self.written + self.created + self.skipped + self.refused + self.in_step
    }
}

/// How far its sync is: a bar while it goes on, and what it came to.
fn progress(line: &ActivationLine) -> Markup {
    let sync = &line.sync;
    let rows = count(sync.total, "row", "rows");
    let written = format!(
        "{} written with {}",
        count(sync.written + sync.created, "contact", "contacts"),
        count(sync.calls, "call", "calls")
    );
    html! {
        @match sync.state.as_str() {
            "running" => {
                progress class="progress progress-primary mt-3" aria-label={ "Sync of " (line.name) } value=(sync.settled()) max=((sync.settled() + sync.left).max(1)) {}
                p class="mt-2 text-sm" role="status" {
                    (number(sync.looked)) " of " (rows) " gone through, " (written)
                    @if let Some(seconds) = sync.seconds_left.filter(|_| !line.paused) { ", about " (duration(seconds * SECOND_MS)) " left" }
                    "."
                }
            }
            "done" => { p class="mt-2 text-sm text-muted" { (rows) " gone through, " (written) ". Changes follow within seconds." } }
            _ => { p class="mt-2 text-sm" role="status" { "The sync has not begun yet." } }
        }
    }
}

fn attributes(view: &ActivationsView, audience: bool) -> Markup {
    let (at, paths) = (&view.at, view.at.paths());
    let (lines, id, title, words, new) = if audience {
        let words = "Who belongs to what. On a contact each is a property that is true or false.";
        (&view.audiences, "audiences", "Audiences", words, "New audience")
    } else {
        let words = "What is known of people. On a contact each is a property of its own type.";
        (&view.attributes, "attributes", "Calculated attributes", words, "New attribute")
    };
    let end = html! {
        @if at.may_act() { a class="btn btn-sm" href=(paths.attribute_form(audience, None)) { (icon(Icon::Plus)) (new) } }
    };
    let body = html! {
        @if lines.is_empty() {
            (nothing("There are none yet.", &html! {}))
        } @else {
            ul class="grid gap-4" { @for line in lines { (attribute(at, line)) } }
        }
    };
    section(id, title, &html! { (words) }, &end, &body)
}

fn attribute(at: &ConnectionFrame, line: &AttributeLine) -> Markup {
    let paths = at.paths();
    html! {
        li class="card border border-base-300 bg-base-100 p-5 shadow-sm" {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                p class="min-w-0 font-medium wrap-anywhere" {
                    @if at.may_act() && !line.deleting { a class="link" href=(paths.attribute_form(line.audience, Some(&line.id))) { (line.name) } } @else { (line.name) }
                }
                (attribute_badge(line))
            }
            (facts(line))
            @if let Some(words) = &line.trouble { (trouble(words)) }
            @if at.may_act() {
                div class="mt-3 flex flex-wrap gap-2" {
                    @if line.trouble.is_some() { (action(at, &paths.attribute_action(line.audience, &line.id, "retry"), "", "Try again", &line.name)) }
                    @if !line.deleting { a class="btn btn-sm btn-ghost" href=(paths.attribute_action(line.audience, &line.id, "delete")) { "Delete" span class="sr-only" { " " (line.name) } } }
                }
            }
        }
    }
}

fn facts(line: &AttributeLine) -> Markup {
    html! {
        @if !line.description.is_empty() { p class="mt-1 text-sm text-muted wrap-anywhere" { (line.description) } }
        p class="mt-1 text-sm text-muted wrap-anywhere" {
            (people(line)) " · "
            @if !line.audience { (line.kind) @if !line.options.is_empty() { ": " (line.options.join(", ")) } " · " }
            code { (line.id) }
            @if let Some(property) = &line.property { " · property " code { (property) } }
        }
        @if let Some(words) = &line.found_by { p class="mt-1 text-sm wrap-anywhere" { span class="text-muted" { "Members are found: " } (words) "." } }
        @if let Some(read) = line.looked_at { p class="mt-1 text-sm" role="status" { "Being found: " (count(read, "contact", "contacts")) " gone through so far." } }
    }
}

/// One activation. What of it changes is asked for again.
pub fn one(view: &ActivationView) -> Page {
    let (at, own) = (&view.at, &view.activation);
    let (paths, now_at) = (at.paths(), at.frame.now_at);
    let main = html! {
        (connection::heading(at, Tab::Activations, html! {}))
        p class="mb-3 text-sm" { a class="link" href=(paths.activations()) { "All activations" } }
        div id="live" hx-get=(paths.activation(&own.id)) hx-trigger=(every(is_moving(own) || view.kept.iter().any(is_made))) hx-select="#live" hx-swap="morph:outerHTML" {
            section class="card border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="name" {
                div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                    h2 id="name" class="min-w-0 text-lg font-semibold wrap-anywhere" { (own.name) }
                    (state_badge(own))
                }
                @if !own.description.is_empty() { p class="mt-1 wrap-anywhere" { (own.description) } }
                (progress(own))
                @if own.paused { p class="mt-3 text-sm" { "Paused: nothing is written for it until somebody resumes it. Then it is what all that happened meanwhile comes to." } }
                @else if let Some(waits) = &own.waits { (warning(waits, &html! {})) }
                (figures(&own.sync))
                dl class="facts mt-4" {
                    div { dt { "People are told apart by" } dd { "e-mail address" } }
                    div { dt { "Who is no contact yet" } dd { @if own.creates { "becomes one" } @else { "is left out until they are" } } }
                    @if let Some(began_at) = own.sync.began_at { div { dt { "Sync began" } dd { (when(now_at, began_at)) } } }
                    @if let Some(ended_at) = own.sync.ended_at { div { dt { "Sync ended" } dd { (when(now_at, ended_at)) } } }
                    div { dt { "Made" } dd { (when(now_at, own.created_at)) } }
                    @if own.updated_at != own.created_at { div { dt { "Edited" } dd { (when(now_at, own.updated_at)) } } }
                }
                (refused_note(at, view.refused))
                @if at.may_act() { (buttons(at, own)) }
            }
            section class="mt-8" aria-labelledby="kept" {
                h3 id="kept" class="mb-3 font-semibold" { "What it keeps on contacts" }
                @if view.kept.is_empty() { (nothing("Nothing is selected.", &html! {})) } @else {
                    ul class="grid gap-4" {
                        @for line in &view.kept {
                            li class="card border border-base-300 bg-base-100 p-5 shadow-sm" {
                                div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                                    p class="min-w-0 font-medium wrap-anywhere" { (line.name) }
                                    (attribute_badge(line))
                                }
                                (facts(line))
                                @if let Some(words) = &line.trouble { (trouble(words)) }
                            }
                        }
                    }
                }
            }
        }
    };
    Page { status: 200, html: connection::document(at, "Activation", true, main) }
}

fn figures(sync: &SyncLine) -> Markup {
    html! {
        dl class="mt-5 grid grid-cols-2 gap-4 sm:grid-cols-3 lg:grid-cols-6" {
            @for (words, value) in [
                ("Contacts changed", sync.written), ("Contacts made", sync.created), ("In step before", sync.in_step), ("No contact", sync.skipped),
                ("Refused", sync.refused), ("Calls", sync.calls),
            ] {
                div class="rounded-field border border-base-300 p-3" {
                    dt class="text-sm text-muted" { (words) }
                    dd class="mt-1 text-xl font-semibold tabular-nums" { (number(value)) }
                }
            }
        }
    }
}

fn buttons(at: &ConnectionFrame, own: &ActivationLine) -> Markup {
    let paths = at.paths();
    let to = |what: &str| paths.activation_action(&own.id, what);
    html! {
        div class="mt-6 flex flex-wrap gap-2" {
            @if own.paused { (action(at, &to("resume"), "btn-primary", "Resume", "")) }
            @else { (action(at, &to("pause"), "btn-quiet", "Pause", "")) }
            @if !own.paused && own.sync.state == "done" { (action(at, &to("sync"), "btn-quiet", "Sync again", "")) }
            a class="btn btn-sm btn-quiet" href=(paths.activation_form(Some(&own.id))) { "Edit" }
            a class="btn btn-sm btn-quiet" href=(to("delete")) { "Delete" }
        }
    }
}

/// Contacts that HubSpot refused, and why.
pub fn refused(view: &RefusedView) -> Page {
    let (at, now_at) = (&view.at, view.at.frame.now_at);
    let main = html! {
        (connection::heading(at, Tab::Activations, html! {}))
        p class="mb-3 text-sm" { a class="link" href=(at.paths().activations()) { "All activations" } }
        div class="mb-4 flex flex-wrap items-start justify-between gap-x-6 gap-y-3" {
            div class="min-w-0" {
                h2 id="refused" class="text-lg font-semibold" { "What HubSpot refused" }
                p class="mt-1 max-w-prose text-sm text-muted" { "They are not written by themselves again until something about them changes." }
            }
            @if at.may_act() && view.total > 0 { (action(at, &at.paths().refused_contacts(), "btn-primary", "Try again", "")) }
        }
        @if view.contacts.is_empty() { (nothing(if view.total > 0 { "There are none on this page." } else { "HubSpot has refused nobody." }, &html! {})) } @else {
            div class="card border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
                table class="rows" role="table" aria-labelledby="refused" {
                    thead role="rowgroup" { tr role="row" { @for words in ["Who", "Why", "When"] { th role="columnheader" scope="col" { (words) } } } }
                    tbody role="rowgroup" {
                        @for line in &view.contacts {
                            tr role="row" {
                                th role="rowheader" scope="row" {
                                    @match &line.whom {
                                        Ok(email) => span class="wrap-anywhere" { (email) },
                                        Err(id) => a class="link" href=(at.paths().record("contacts", id)) { "Contact " (id) },
                                    }
                                }
                                td role="cell" data-label="Why" { span class="wrap-anywhere" { (line.why) } }
                                td role="cell" data-label="When" { @match line.refused_at { Some(at) => (when(now_at, at)), None => "–" } }
                            }
                        }
                    }
                }
            }
        }
        (refused_pages(view))
    };
    Page { status: 200, html: connection::document(at, "Refused contacts", false, main) }
}

fn refused_pages(view: &RefusedView) -> Markup {
    let to = |page| view.at.paths().refused_contacts_on(page);
    let (page, last) = (view.page, view.total.div_ceil(REFUSED_SHOWN.into()).max(1));
    html! {
        @if page > 1 || last > 1 {
            nav class="mt-4 flex flex-wrap items-center gap-3 text-sm" aria-label="Pages" {
                @if page > 1 { a class="btn btn-sm btn-quiet" rel="prev" href=(to((page - 1).min(last))) { (icon(Icon::Back)) "Previous" } }
                span class="tabular-nums" { "Page " (number(page)) " of " (number(last)) }
                @if page < last { a class="btn btn-sm btn-quiet" rel="next" href=(to(page + 1)) { "Next" (icon(Icon::Arrow)) } }
            }
        }
    }
}

fn card(title: &str, name: &str, words: &Markup, (csrf, to, back): (&str, &str, &str)) -> Markup {
    html! {
        div class="card mx-auto max-w-xl border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" {
            h1 class="text-xl font-semibold tracking-tight" { (title) }
            p class="mt-2 font-medium wrap-anywhere" { (name) }
            (words)
            form class="mt-7 flex flex-wrap gap-3" method="post" action=(to) {
                (csrf_field(csrf))
                button class="btn btn-error" { "Delete" }
                a class="btn btn-ghost" href=(back) { "Keep it" }
            }
        }
    }
}

/// Before an activation is deleted.
pub fn delete(at: &ConnectionFrame, id: &str, name: &str) -> Page {
    let paths = at.paths();
    let words = html! {
        p class="mt-4" { "Its audiences and attributes are kept on contacts no longer, unless another activation has them. What contacts hold stays in HubSpot, and so do the properties." }
    };
    let (to, back) = (paths.activation_action(id, "delete"), paths.activation(id));
    let main = card("Delete this activation?", name, &words, (&at.frame.csrf, &to, &back));
    Page { status: 200, html: connection::document(at, "Delete activation", false, main) }
}

/// Before an audience or attribute is deleted: what goes with it, and what depends on it.
pub fn delete_attribute(view: &DeleteAttributeView) -> Page {
    let (at, own) = (&view.at, &view.attribute);
    let what = names(own.audience).0;
    let words = html! {
        p class="mt-4" {
            @if let Some(property) = &own.property { "The property " code class="wrap-anywhere" { (property) } " is deleted in HubSpot, with what every contact holds in it. " }
            (people(own)) ": this is forgotten here."
        }
        @if view.activations.is_empty() && view.others.is_empty() {
            p class="mt-2" { "Nothing depends on it here. What uses the property in HubSpot, HubSpot itself knows: it refuses to delete one that is in use, and says so." }
        } @else {
            p class="mt-4 font-medium" { "This depends on it:" }
            ul class="mt-2 grid list-inside list-disc gap-1" {
                @for name in &view.activations { li class="wrap-anywhere" { "Activation " (name) } }
                @for (what, name) in &view.others { li class="wrap-anywhere" { (super::words::capitalised(what)) " " (name) } }
            }
            p class="mt-2 text-sm text-muted" { "Activations go on without it. HubSpot refuses to delete a property that a list, workflow or form of its own uses, and says so." }
        }
    };
    let paths = at.paths();
    let (to, back) = (paths.attribute_action(own.audience, &own.id, "delete"), paths.activations());
    let title = format!("Delete this {what}?");
    let main = card(&title, &own.name, &words, (&at.frame.csrf, &to, &back));
    Page { status: 200, html: connection::document(at, &format!("Delete {what}"), false, main) }
}

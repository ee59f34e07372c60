//! Channels: which of a connection's records go to the host, how each channel stands, and what can be done about it.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, alert_class, csrf_field, icon, tone_icon};
use super::connection::{self, ConnectionFrame, Tab, action};
use super::connection_paths::FieldsQuery;
use super::view::Tone;
use super::words::{capitalised, count, number, when};

/// The Channels page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelsView {
    pub at: ConnectionFrame,
    pub channels: Vec<ChannelView>,
}

/// One channel's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelPageView {
    pub at: ConnectionFrame,
    pub channel: ChannelView,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelView {
    pub id: String,
    pub name: String,
    /// HubSpot's name of the type.
    pub object_type: String,
    /// Which records, in words.
    pub selects: String,
    pub standing: Standing,
    /// What goes wrong with what it selects by.
    pub trouble: Option<String>,
    /// Records that are in it.
    pub members: u64,
    pub told_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
    /// The host's name, HubSpot's property, what stands for a missing value.
    pub fields: Vec<(String, String, Option<String>)>,
    /// What it delivers to: id, address, whether that one works.
    pub endpoints: Vec<(String, String, bool)>,
    /// Its definition, for experts.
    pub definition: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Active,
    /// Records looked at, of how many.
    Scanning(u64, u64),
    ReadingList,
    /// A field it needs is not what it was.
    Held,
    Paused,
}

pub fn page(view: &ChannelsView) -> Page {
    Page { status: 200, html: connection::document(&view.at, "Channels", true, live_part(view)) }
}

/// The list, as the fragment that replaces it.
pub fn live(view: &ChannelsView) -> Page {
    Page { status: 200, html: live_part(view).into_string() }
}

fn live_part(view: &ChannelsView) -> Markup {
    let (at, paths) = (&view.at, view.at.paths());
    let new = html! {
        @if at.may_act() && let Some(first) = at.types.first() {
            a class="btn btn-sm btn-primary" href=(paths.new_channel(first)) { (icon(Icon::Plus)) "New channel" }
        }
    };
    html! {
        div id="live" hx-get=(paths.channels_live()) hx-trigger="every 5s" hx-swap="morph:outerHTML" {
            (connection::heading(at, Tab::Channels, if view.channels.is_empty() { html! {} } else { new.clone() }))
            h2 class="sr-only" { "Channels" }
            @if view.channels.is_empty() {
                div class="card border border-base-300 bg-base-100 px-6 py-10 text-center shadow-sm" {
                    p class="text-lg font-semibold" { "No channel yet" }
                    p class="mx-auto mt-1 max-w-prose text-muted" {
                        "A channel brings records from HubSpot without a file: those on a list, or those a filter selects. Each is handed over once, then every change of the fields you choose, then that it left."
                    }
                    div class="mt-5" { (new) }
                }
            }
            ul class="grid gap-4" { @for channel in &view.channels { (line(at, channel)) } }
        }
    }
}

fn line(at: &ConnectionFrame, channel: &ChannelView) -> Markup {
    let now_at = at.frame.now_at;
    html! {
        li id=(channel.id) class="card border border-base-300 bg-base-100 p-5 shadow-sm" {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                p class="min-w-0 font-medium wrap-anywhere" { a class="link" href=(at.paths().channel(&channel.id)) { (channel.name) } }
                (badge(channel))
            }
            p class="mt-1 text-sm wrap-anywhere" { (capitalised(at.words(&channel.object_type))) ": " (channel.selects) "." }
            p class="mt-2 text-sm text-muted" {
                (members(channel)) " · "
                @match channel.told_at { Some(at) => { "last told something " (when(now_at, at)) }, None => "has told nothing yet" }
                @if channel.endpoints.is_empty() { " · delivered nowhere" }
            }
            @if let Some(trouble) = &channel.trouble { p class="mt-2 flex items-start gap-2 text-sm" { span class="text-warning" { (icon(Icon::Alert)) } span class="min-w-0 wrap-anywhere" { (trouble) } } }
        }
    }
}

fn members(channel: &ChannelView) -> String {
    format!("{} {} in it", number(channel.members), one_or_more(&channel.object_type, channel.members))
}

/// HubSpot's name of a type, of one record or of several.
pub fn one_or_more(object_type: &str, n: u64) -> &str {
    match object_type {
        "companies" if n == 1 => "company",
        // A custom object is named by its number.
        custom if custom.starts_with("2-") => one_or_more("records", n),
        name if n == 1 => name.strip_suffix('s').unwrap_or(name),
        name => name,
    }
}

fn badge(channel: &ChannelView) -> Markup {
    let (class, words) = match channel.standing {
        Standing::Paused => ("badge-neutral", "Paused"),
        Standing::Held => ("badge-warning", "Stands still"),
        _ if channel.trouble.is_some() => ("badge-warning", "Needs attention"),
        Standing::Scanning(..) => ("badge-info", "Looking through"),
        Standing::ReadingList => ("badge-info", "Reading the list"),
        Standing::Active => ("badge-success", "Active"),
    };
    html! {
        span class={ "badge badge-soft font-medium whitespace-nowrap " (class) } { span class="size-1.5 rounded-full bg-current" aria-hidden="true" {} (words) }
    }
}

/// One channel.
pub fn channel(view: &ChannelPageView) -> Page {
    let at = &view.at;
    let main = html! {
        (connection::heading(at, Tab::Channels, html! {}))
        p class="mb-3 text-sm" { a class="link" href=(at.paths().channels()) { "All channels" } }
        (channel_part(view))
    };
    Page { status: 200, html: connection::document(at, "Channel", true, main) }
}

/// What of it changes by itself, as the fragment that replaces it.
pub fn channel_live(view: &ChannelPageView) -> Page {
    Page { status: 200, html: channel_part(view).into_string() }
}

fn channel_part(view: &ChannelPageView) -> Markup {
    let ChannelPageView { at, channel } = view;
    let (now_at, paths) = (at.frame.now_at, at.paths());
    let busy = matches!(channel.standing, Standing::Scanning(..) | Standing::ReadingList);
    html! {
        div id="live" hx-get=(paths.channel_live(&channel.id)) hx-trigger=(if busy { "every 1s" } else { "every 5s" }) hx-swap="morph:outerHTML" {
            section class="card border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="name" {
                div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                    h2 id="name" class="min-w-0 text-lg font-semibold wrap-anywhere" { (channel.name) }
                    (badge(channel))
                }
                p class="mt-1 wrap-anywhere" { (capitalised(at.words(&channel.object_type))) ": " (channel.selects) "." }
                p class="mt-3 text-sm" role="status" { (state_words(channel)) }
                @if let Standing::Scanning(read, of) = channel.standing {
                    progress class="progress progress-primary mt-2" value=(read) max=(of.max(1)) aria-label="Records looked through" {}
                }
                @if let Some(trouble) = &channel.trouble {
                    (alert(Tone::Warning, html! {
                        (trouble)
                        @if channel.standing == Standing::Held {
                            " " a class="link" href=(paths.fields(&channel.object_type, &FieldsQuery::default())) { "Fields of " (at.words(&channel.object_type)) }
                        }
                    }))
                }
                dl class="facts mt-4" {
                    div { dt { "In it now" } dd { (number(channel.members)) " " (one_or_more(&channel.object_type, channel.members)) } }
                    div { dt { "Last told something" } dd { @match channel.told_at { Some(at) => (when(now_at, at)), None => "never" } } }
                    div { dt { "Made" } dd { (when(now_at, channel.created_at)) } }
                    @if channel.updated_at != channel.created_at { div { dt { "Edited" } dd { (when(now_at, channel.updated_at)) } } }
                }
                @if at.may_act() { (buttons(at, channel)) }
            }
            div class="mt-6 grid items-start gap-6 md:grid-cols-2" {
                (fields_part(channel))
                (endpoints_part(at, channel))
            }
            details class="mt-6 text-sm" {
                summary class="link w-fit" { "Definition as JSON" }
                pre class="mt-2 overflow-x-auto rounded-field bg-base-100 p-4 text-xs" tabindex="0" aria-label="Definition" { (channel.definition) }
            }
        }
    }
}

fn state_words(channel: &ChannelView) -> Markup {
    html! {
        @match channel.standing {
            Standing::Active => "Every record that begins to match is handed over once, then each change of its fields below, then that it left.",
            Standing::Scanning(read, of) => { "All records are being looked through: " (number(read)) " of " (number(of)) ". What matches is handed over meanwhile." },
            Standing::ReadingList => "HubSpot is being asked who is on the list. Whoever is on it is handed over page by page; nobody is told to have left before the last page.",
            Standing::Held => "Nothing is told at the moment. Whoever is in it stays in it.",
            Standing::Paused => "Paused: nothing is told until somebody resumes it. Then it tells what all that happened meanwhile comes to.",
        }
    }
}

fn alert(tone: Tone, words: Markup) -> Markup {
    html! { div class={ "alert alert-soft mt-4 items-start text-sm " (alert_class(tone)) } { (icon(tone_icon(tone))) div class="min-w-0 wrap-anywhere" { (words) } } }
}

fn buttons(at: &ConnectionFrame, channel: &ChannelView) -> Markup {
    let (paths, id) = (at.paths(), channel.id.as_str());
    html! {
        div class="mt-6 flex flex-wrap gap-2" {
            @if channel.standing == Standing::Paused { (action(at, &paths.channel_action(id, "resume"), "btn-primary", "Resume", "")) }
            @else { (action(at, &paths.channel_action(id, "pause"), "btn-quiet", "Pause", "")) }
            a class="btn btn-sm btn-quiet" href=(paths.channel_action(id, "edit")) { "Edit" }
            a class="btn btn-sm btn-quiet" href=(paths.channel_action(id, "delete")) { "Delete" }
        }
    }
}

fn fields_part(channel: &ChannelView) -> Markup {
    html! {
        section class="card border border-base-300 bg-base-100 p-5 shadow-sm" aria-labelledby="fields" {
            h3 id="fields" class="font-semibold" { "What is handed over of each" }
            table class="rows rows-tight mt-3" role="table" aria-labelledby="fields" {
                thead role="rowgroup" {
                    tr role="row" { @for words in ["Field", "From HubSpot's", "If empty"] { th role="columnheader" scope="col" { (words) } } }
                }
                tbody role="rowgroup" {
                    @for (field, property, default) in &channel.fields {
                        tr role="row" {
                            th role="rowheader" scope="row" { span class="wrap-anywhere" { (field) } }
                            td role="cell" data-label="From HubSpot's" { code class="wrap-anywhere" { (property) } }
                            td role="cell" data-label="If empty" { @match default { Some(text) => span class="wrap-anywhere" { (text) }, None => span class="text-muted" { "–" } } }
                        }
                    }
                }
            }
        }
    }
}

fn endpoints_part(at: &ConnectionFrame, channel: &ChannelView) -> Markup {
    let paths = at.paths();
    html! {
        section class="card border border-base-300 bg-base-100 p-5 shadow-sm" aria-labelledby="endpoints" {
            h3 id="endpoints" class="font-semibold" { "Where it is delivered" }
            @if channel.endpoints.is_empty() {
                (alert(Tone::Warning, html! { "Nothing is delivered: the channel has no endpoint. What it tells stands in the change feed and waits there to be read." }))
            } @else {
                ul class="mt-3 grid gap-2 text-sm" {
                    @for (id, url, works) in &channel.endpoints {
                        li class="flex flex-wrap items-center justify-between gap-2" {
                            a class="link min-w-0 wrap-anywhere" href=(paths.endpoint(id)) { (url) }
                            @if !works { span class="badge badge-soft badge-warning badge-sm" { "Delivers nothing at the moment" } }
                        }
                    }
                }
            }
            @if at.may_act() { a class="btn btn-sm btn-quiet mt-4 w-fit" href=(paths.new_endpoint_of(&channel.id)) { (icon(Icon::Plus)) "New endpoint for it" } }
        }
    }
}

/// Before a channel is deleted.
pub fn delete(view: &ChannelPageView) -> Page {
    let ChannelPageView { at, channel } = view;
    let paths = at.paths();
    let main = html! {
        div class="card mx-auto max-w-xl border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" {
            h1 class="text-xl font-semibold tracking-tight" { "Delete this channel?" }
            p class="mt-2 font-medium wrap-anywhere" { (channel.name) }
            p class="mt-4" {
                "It tells nothing more, and what it handed over is forgotten here. "
                @if channel.members > 0 { "Nobody is told to have left: " (count(channel.members, "record stays", "records stay")) " with whoever received " @if channel.members == 1 { "it" } @else { "them" } ". " }
                "HubSpot is not changed. A new channel hands over everybody again."
            }
            @if !channel.endpoints.is_empty() {
                p class="mt-2" { (count(channel.endpoints.len() as u64, "endpoint", "endpoints")) " of it " @if channel.endpoints.len() == 1 { "has" } @else { "have" } " nothing to deliver then; delete what you no longer need under Deliveries." }
            }
            form class="mt-7 flex flex-wrap gap-3" method="post" action=(paths.channel_action(&channel.id, "delete")) {
                (csrf_field(&at.frame.csrf))
                button class="btn btn-error" { "Delete" }
                a class="btn btn-ghost" href=(paths.channel(&channel.id)) { "Keep it" }
            }
        }
    };
    Page { status: 200, html: connection::document(at, "Delete channel", false, main) }
}

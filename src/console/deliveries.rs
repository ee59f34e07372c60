//! Deliveries: where a connection's changes are sent, how each receiver takes them, and what can be done about it.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, alert_class, csrf_field, icon, tone_icon};
use super::connection::{self, ConnectionFrame, Tab, action};
use super::view::Tone;
use super::words::{count, duration, number, planned, when};

/// The Deliveries page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveriesView {
    pub at: ConnectionFrame,
    pub endpoints: Vec<EndpointView>,
}

/// One endpoint's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndpointPageView {
    pub at: ConnectionFrame,
    pub endpoint: EndpointView,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndpointView {
    pub id: String,
    /// As far as the person may see it: a path or query may be a secret of the receiver's.
    pub url: String,
    pub description: String,
    /// What is delivered, in words.
    pub wanted: String,
    pub standing: Standing,
    /// Why Spoke stopped it.
    pub reason: Option<String>,
    /// Changes that wait to be delivered.
    pub behind: u64,
    /// Whoever is in its channel is being handed over.
    pub handing_over: bool,
    /// Number of the last change that is delivered.
    pub cursor: String,
    /// The channel that it delivers, in the place of records.
    pub channel: Option<String>,
    pub delivered_at: Option<i64>,
    pub failing_since: Option<i64>,
    pub failures: u32,
    pub next_attempt_at: Option<i64>,
    pub last_attempt: Option<AttemptView>,
    /// The message that waits to be taken.
    pub message: Option<String>,
    /// The last test: when it was asked for, and how it ended.
    pub test: Option<(i64, Option<AttemptView>)>,
    /// Until when the secret before the present one signs too.
    pub previous_secret_until: Option<i64>,
    pub created_at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Active,
    Failing,
    Paused,
    Disabled,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptView {
    pub at: i64,
    pub status: Option<u16>,
    pub took_ms: i64,
    /// What was wrong; None: it was taken.
    pub words: Option<String>,
}

/// The form for a new endpoint, or for one that is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndpointFormView {
    pub at: ConnectionFrame,
    /// None: a new one.
    pub id: Option<String>,
    /// It tells of one channel, in the place of records.
    pub channel: Option<String>,
    pub url: String,
    pub description: String,
    pub types: Vec<Choice>,
    pub events: Vec<Choice>,
    /// A new one begins with the oldest change that is kept.
    pub from_start: bool,
    /// Why it was refused.
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    pub name: String,
    pub words: String,
    pub chosen: bool,
}

/// A secret that was just made, shown this once.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretView {
    pub at: ConnectionFrame,
    pub endpoint: EndpointView,
    pub secret: String,
    /// The endpoint is new; otherwise it had another secret before.
    pub created: bool,
}

/// How far back a replay can begin: name in the form, words.
pub const SINCE: [(&str, &str); 6] = [
    ("members", "Every record of the channel"),
    ("hour", "The last hour"),
    ("day", "The last 24 hours"),
    ("week", "The last 7 days"),
    ("all", "Everything that is kept"),
    ("number", "After a change by its number"),
];

pub fn page(view: &DeliveriesView) -> Page {
    Page { status: 200, html: connection::document(&view.at, "Deliveries", true, live_part(view)) }
}

/// The list, as the fragment that replaces it.
pub fn live(view: &DeliveriesView) -> Page {
    Page { status: 200, html: live_part(view).into_string() }
}

fn live_part(view: &DeliveriesView) -> Markup {
    let (at, paths) = (&view.at, view.at.paths());
    let new = html! { @if at.may_act() { a class="btn btn-sm btn-primary" href=(paths.new_endpoint()) { (icon(Icon::Plus)) "New endpoint" } } };
    html! {
        div id="live" hx-get=(paths.deliveries_live()) hx-trigger="every 5s" hx-swap="morph:outerHTML" {
            (connection::heading(at, Tab::Deliveries, if view.endpoints.is_empty() { html! {} } else { new.clone() }))
            h2 class="sr-only" { "Deliveries" }
            @if view.endpoints.is_empty() {
                div class="card border border-base-300 bg-base-100 px-6 py-10 text-center shadow-sm" {
                    p class="text-lg font-semibold" { "No endpoint yet" }
                    p class="mx-auto mt-1 max-w-prose text-muted" { "An endpoint is an address of yours to which every change is sent: signed, in order, repeated until it is taken." }
                    div class="mt-5" { (new) }
                }
            }
            ul class="grid gap-4" { @for endpoint in &view.endpoints { (line(at, endpoint)) } }
        }
    }
}

fn line(at: &ConnectionFrame, endpoint: &EndpointView) -> Markup {
    let now_at = at.frame.now_at;
    html! {
        li id=(endpoint.id) class="card border border-base-300 bg-base-100 p-5 shadow-sm" {
            div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                div class="min-w-0" {
                    p class="font-medium wrap-anywhere" { a class="link" href=(at.paths().endpoint(&endpoint.id)) { (endpoint.url) } }
                    @if !endpoint.description.is_empty() { p class="text-sm text-muted wrap-anywhere" { (endpoint.description) } }
                }
                (badge(endpoint))
            }
            p class="mt-2 text-sm" { (state_words(now_at, endpoint)) }
            p class="mt-1 text-sm text-muted" { (endpoint.wanted) }
        }
    }
}

fn badge(endpoint: &EndpointView) -> Markup {
    let (class, words) = match endpoint.standing {
        Standing::Active if endpoint.failures > 0 => ("badge-warning", "Retrying"),
        Standing::Active => ("badge-success", "Active"),
        Standing::Failing => ("badge-error", "Failing"),
        Standing::Paused => ("badge-neutral", "Paused"),
        Standing::Disabled => ("badge-error", "Stopped"),
    };
    html! {
        span class={ "badge badge-soft font-medium whitespace-nowrap " (class) } { span class="size-1.5 rounded-full bg-current" aria-hidden="true" {} (words) }
    }
}

/// How it stands, in a sentence or two.
fn state_words(now_at: i64, endpoint: &EndpointView) -> Markup {
    let waiting = count(endpoint.behind, "change waits", "changes wait");
    html! {
        @match endpoint.standing {
            Standing::Active if endpoint.failures > 0 => {
                "The receiver has not taken the last message; it is tried again "
                @match endpoint.next_attempt_at { Some(at) => (planned(now_at, at)), None => "soon" }
                ". " (waiting) "."
            },
            Standing::Active if endpoint.handing_over => "Every record of the channel is being handed over; what changes meanwhile follows.",
            Standing::Active if endpoint.behind == 0 => "Everything is delivered.",
            Standing::Active => { (waiting) " to be delivered." },
            Standing::Failing => {
                "The receiver has taken nothing "
                @if let Some(at) = endpoint.failing_since { "for " (duration(now_at.saturating_sub(at))) " " }
                "(" (count(endpoint.failures.into(), "attempt", "attempts")) "). The next one is "
                @match endpoint.next_attempt_at { Some(at) => (planned(now_at, at)), None => "due" }
                "; " (waiting) ", none is lost."
            },
            Standing::Paused | Standing::Disabled => {
                @match &endpoint.reason { Some(reason) => (reason), None => "Paused by a person: nothing is delivered until somebody resumes it." }
                " " (waiting) "."
            },
        }
    }
}

/// One endpoint.
pub fn endpoint(view: &EndpointPageView) -> Page {
    let EndpointPageView { at, endpoint } = view;
    let main = html! {
        (connection::heading(at, Tab::Deliveries, html! {}))
        p class="mb-3 text-sm" { a class="link" href=(at.paths().deliveries()) { "All endpoints" } }
        (endpoint_part(view))
        @if at.may_act() { (further(at, endpoint)) }
    };
    Page { status: 200, html: connection::document(at, "Endpoint", true, main) }
}

/// What of it changes by itself, as the fragment that replaces it.
pub fn endpoint_live(view: &EndpointPageView) -> Page {
    Page { status: 200, html: endpoint_part(view).into_string() }
}

fn endpoint_part(view: &EndpointPageView) -> Markup {
    let EndpointPageView { at, endpoint } = view;
    let (now_at, paths) = (at.frame.now_at, at.paths());
    let testing = matches!(endpoint.test, Some((_, None)));
    html! {
        div id="live" hx-get=(paths.endpoint_live(&endpoint.id)) hx-trigger=(if testing { "every 1s" } else { "every 5s" }) hx-swap="morph:outerHTML" {
            section class="card border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="url" {
                div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-2" {
                    h2 id="url" class="min-w-0 text-lg font-semibold wrap-anywhere" { (endpoint.url) }
                    (badge(endpoint))
                }
                @if !endpoint.description.is_empty() { p class="mt-0.5 text-muted wrap-anywhere" { (endpoint.description) } }
                p class="mt-3" role="status" { (state_words(now_at, endpoint)) }
                dl class="facts mt-4" {
                    div { dt { "Last taken" } dd { @match endpoint.delivered_at { Some(at) => (when(now_at, at)), None => "never" } } }
                    div { dt { "Waiting" } dd { (number(endpoint.behind)) } }
                    div { dt { "Delivered up to change" } dd { code { (endpoint.cursor) } } }
                    div { dt { "What is delivered" } dd { (endpoint.wanted) @if let Some(channel) = &endpoint.channel { " (" a class="link" href=(paths.channel(channel)) { "the channel" } ")" } } }
                    div { dt { "Made" } dd { (when(now_at, endpoint.created_at)) } }
                    @if let Some(until) = endpoint.previous_secret_until.filter(|until| *until > now_at) {
                        div { dt { "The secret before signs too" } dd { "another " (duration(until - now_at)) } }
                    }
                }
                @if let Some(attempt) = &endpoint.last_attempt { (attempt_part(now_at, "Last attempt", attempt)) }
                @if let Some((asked_at, attempt)) = &endpoint.test {
                    @match attempt {
                        Some(attempt) => (attempt_part(now_at, "Test", attempt)),
                        None => div class="mt-4 text-sm" {
                            p id="testing" { "A test is on its way, asked for " (when(now_at, *asked_at)) "…" }
                            progress class="progress progress-primary mt-2" aria-labelledby="testing" {}
                        },
                    }
                }
                @if at.may_act() { (buttons(at, endpoint)) }
            }
        }
    }
}

fn attempt_part(now_at: i64, name: &str, attempt: &AttemptView) -> Markup {
    let tone = if attempt.words.is_none() { Tone::Good } else { Tone::Warning };
    html! {
        div class={ "alert alert-soft mt-4 items-start text-sm " (alert_class(tone)) } {
            (icon(tone_icon(tone)))
            div class="min-w-0" {
                p class="font-medium wrap-anywhere" {
                    (name) ": "
                    @match &attempt.words { None => "taken", Some(words) => (words) }
                }
                p class="text-xs text-muted" {
                    (when(now_at, attempt.at))
                    @if let Some(status) = attempt.status { " · HTTP " (status) }
                    " · " @if attempt.took_ms < 2_000 { (attempt.took_ms) " ms" } @else { (duration(attempt.took_ms)) }
                }
            }
        }
    }
}

fn buttons(at: &ConnectionFrame, endpoint: &EndpointView) -> Markup {
    let (paths, id) = (at.paths(), endpoint.id.as_str());
    let stopped = matches!(endpoint.standing, Standing::Paused | Standing::Disabled);
    html! {
        div class="mt-6 flex flex-wrap gap-2" {
            @if stopped { (action(at, &paths.endpoint_action(id, "resume"), "btn-primary", "Resume", "")) }
            @else if endpoint.failures > 0 { (action(at, &paths.endpoint_action(id, "resume"), "btn-primary", "Try now", "")) }
            @if !stopped { (action(at, &paths.endpoint_action(id, "pause"), "btn-quiet", "Pause", "")) }
            (action(at, &paths.endpoint_action(id, "test"), "btn-quiet", "Send a test", ""))
            a class="btn btn-sm btn-quiet" href=(paths.edit_endpoint(id)) { "Edit" }
            a class="btn btn-sm btn-quiet" href=(paths.delete_endpoint(id)) { "Delete" }
        }
        @if let Some(message) = endpoint.message.as_ref().filter(|_| endpoint.failures > 0) {
            details class="mt-4 text-sm" {
                summary class="link w-fit" { "Skip the message that is not taken" }
                form class="mt-2 grid max-w-prose gap-2" method="post" action=(paths.endpoint_action(id, "skip")) {
                    (csrf_field(&at.frame.csrf))
                    input type="hidden" name="message" value=(message);
                    p { "Its changes will not be delivered; what follows them will. The receiver then lacks them, unless it reads them by the API." }
                    button class="btn btn-sm btn-error w-fit" { "Skip this message" }
                }
            }
        }
    }
}

/// What is done seldom.
fn further(at: &ConnectionFrame, endpoint: &EndpointView) -> Markup {
    let (paths, id) = (at.paths(), endpoint.id.as_str());
    html! {
        div class="mt-6 grid items-start gap-6 md:grid-cols-2" {
            section class="card border border-base-300 bg-base-100 p-5 shadow-sm" aria-labelledby="replay" {
                h3 id="replay" class="font-semibold" { "Deliver again" }
                p class="mt-1 text-sm text-muted" {
                    @if endpoint.channel.is_some() { "Hands over every record that is in the channel, or sends what it told once more, in order; then goes on as before." }
                    @else { "Sends changes once more, in order, then goes on as before." }
                }
                form class="mt-3 grid gap-3" method="post" action=(paths.endpoint_action(id, "replay")) {
                    (csrf_field(&at.frame.csrf))
                    div class="grid gap-1.5" {
                        label class="text-sm font-medium" for="since" { "From where" }
                        select id="since" class="select w-full" name="since" { @for (name, words) in SINCE.into_iter().skip(usize::from(endpoint.channel.is_none())) { option value=(name) { (words) } } }
                    }
                    div class="grid gap-1.5" {
                        label class="text-sm font-medium" for="after" { "Number of the change, if you chose that" }
                        input id="after" class="input w-full" name="after" inputmode="numeric" pattern="[0-9]*" placeholder=(endpoint.cursor) autocomplete="off";
                    }
                    button class="btn btn-sm btn-quiet w-fit" { "Deliver again" }
                }
            }
            section class="card border border-base-300 bg-base-100 p-5 shadow-sm" aria-labelledby="rotate" {
                h3 id="rotate" class="font-semibold" { "Signing secret" }
                p class="mt-1 text-sm text-muted" { "Every message is signed after Standard Webhooks. The secret cannot be shown again; make a new one if it is lost or known to others. The present one goes on signing beside it for 24 hours." }
                div class="mt-3" { (action(at, &paths.endpoint_action(id, "rotate-secret"), "btn-quiet", "Make a new secret", "")) }
            }
        }
    }
}

/// A new secret, shown this once. `data-address`: where a reload leads, so that it makes no second one.
pub fn secret(view: &SecretView) -> Page {
    let SecretView { at, endpoint, secret, created } = view;
    let path = at.paths().endpoint(&endpoint.id);
    let main = html! {
        (connection::heading(at, Tab::Deliveries, html! {}))
        section class="card border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" aria-labelledby="new-secret" data-address=(path) {
            h2 id="new-secret" class="text-lg font-semibold" { @if *created { "The endpoint is made" } @else { "The new signing secret" } }
            p class="mt-2" { "Give this secret to the receiver, which checks with it that messages come from here. " strong class="font-semibold" { "It is shown this once." } }
            p class="mt-4 flex flex-wrap items-center gap-3" {
                code id="secret" class="rounded-field bg-base-200 px-3 py-2 text-sm wrap-anywhere select-all" { (secret) }
                button type="button" class="btn btn-sm btn-quiet" data-copy="secret" hidden { "Copy" }
                span class="text-sm text-muted" role="status" data-copied {}
            }
            p class="mt-4 text-sm text-muted wrap-anywhere" { "Messages go to " (endpoint.url) ". Any library of Standard Webhooks can check them." }
            @if !created { p class="mt-1 text-sm text-muted" { "The secret before it goes on signing for 24 hours: no message is refused meanwhile." } }
            p class="mt-6" { a class="btn btn-primary" href=(path) { "I have kept it" } }
        }
    };
    Page { status: 200, html: connection::document(at, "Signing secret", true, main) }
}

/// The form.
pub fn form(view: &EndpointFormView) -> Page {
    let EndpointFormView { at, id, error, .. } = view;
    let paths = at.paths();
    let title = if id.is_some() { "Edit endpoint" } else { "New endpoint" };
    let (to, back) = match id {
        Some(id) => (paths.edit_endpoint(id), paths.endpoint(id)),
        None => (paths.new_endpoint(), paths.deliveries()),
    };
    let refused = error.as_ref().map(|_| "refused");
    let main = html! {
        (connection::heading(at, Tab::Deliveries, html! {}))
        form class="card max-w-2xl gap-5 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" method="post" action=(to) {
            (csrf_field(&at.frame.csrf))
            @if let Some(channel) = &view.channel { input type="hidden" name="channel" value=(channel); }
            h2 class="text-lg font-semibold" { (title) }
            @if let Some(error) = error { p id="refused" class="alert alert-soft alert-error" role="alert" { (icon(Icon::Alert)) span { (error) } } }
            div class="grid gap-1.5" {
                label class="text-sm font-medium" for="address" { "Address" }
                input id="address" class="input w-full" type="url" name="url" value=(view.url) required maxlength="2000" placeholder="https://" autocomplete="off" aria-describedby=[refused];
            }
            div class="grid gap-1.5" {
                label class="text-sm font-medium" for="description" { "Description " span class="font-normal text-muted" { "(optional)" } }
                input id="description" class="input w-full" name="description" value=(view.description) maxlength="500" autocomplete="off";
            }
            @if view.channel.is_none() {
                input type="hidden" name="offered" value=(view.types.len());
                (choices("Changes of", "types", &view.types))
            }
            (choices("Which changes", "events", &view.events))
            @if id.is_none() {
                fieldset class="grid gap-2" {
                    legend class="mb-1 text-sm font-medium" { "Beginning" }
                    @for (value, words) in beginnings(view.channel.is_some()) {
                        label class="flex items-center gap-2.5 text-sm" {
                            input class="radio radio-sm" type="radio" name="from" value=(value) checked[(value == "start") == view.from_start];
                            (words)
                        }
                    }
                }
            }
            div class="flex flex-wrap gap-3" {
                button class="btn btn-primary" { @if id.is_some() { "Save" } @else { "Make the endpoint" } }
                a class="btn btn-ghost" href=(back) { "Cancel" }
            }
        }
    };
    let status = if error.is_some() { 400 } else { 200 };
    Page { status, html: connection::document(at, title, false, main) }
}

/// Where a new endpoint may begin: value and words.
const fn beginnings(of_channel: bool) -> [(&'static str, &'static str); 2] {
    if of_channel {
        [
            ("start", "With every record that is in the channel, then what changes"),
            ("now", "With what it tells next"),
        ]
    } else {
        [("now", "With the next change"), ("start", "With the oldest change that is kept")]
    }
}

fn choices(legend: &str, name: &str, choices: &[Choice]) -> Markup {
    html! {
        fieldset {
            legend class="mb-2 text-sm font-medium" { (legend) }
            div class="grid gap-2 sm:grid-cols-2" {
                @for choice in choices {
                    label class="flex items-center gap-2.5 text-sm" {
                        input class="checkbox checkbox-sm" type="checkbox" name=(name) value=(choice.name) checked[choice.chosen];
                        (choice.words)
                    }
                }
            }
        }
    }
}

/// Before an endpoint is deleted.
pub fn delete(view: &EndpointPageView) -> Page {
    let EndpointPageView { at, endpoint } = view;
    let paths = at.paths();
    let main = html! {
        div class="card mx-auto max-w-xl border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" {
            h1 class="text-xl font-semibold tracking-tight" { "Delete this endpoint?" }
            p class="mt-2 wrap-anywhere" { (endpoint.url) }
            p class="mt-4" {
                "Nothing more is delivered there, and its secret is forgotten. "
                @if endpoint.behind > 0 { (count(endpoint.behind, "change is", "changes are")) " not delivered yet. " }
                "A new endpoint for the same address gets a new secret."
            }
            form class="mt-7 flex flex-wrap gap-3" method="post" action=(paths.delete_endpoint(&endpoint.id)) {
                (csrf_field(&at.frame.csrf))
                button class="btn btn-error" { "Delete" }
                a class="btn btn-ghost" href=(paths.endpoint(&endpoint.id)) { "Keep it" }
            }
        }
    };
    Page { status: 200, html: connection::document(at, "Delete endpoint", false, main) }
}

//! How a connection reaches HubSpot: whose access it is, which scopes are granted and what each is for, a test of what works;
//! and the form for a token.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, csrf_field, error_message, flash, icon, workspace_document};
use super::connection::{self, ConnectionFrame, Tab, action};
use super::paths;
use super::seats::SeatsView;
use super::view::{ErrorView, Frame, Tone};
use super::words::{capitalised, when};

/// The page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessView {
    pub at: ConnectionFrame,
    pub means: Means,
    pub connected_by: String,
    pub connected_at: i64,
    /// What people call the connection; empty: as the account is called.
    pub name: String,
    pub scopes: Vec<ScopeLine>,
    pub trial: Option<TrialView>,
    pub seats: SeatsView,
}

/// By what it reaches HubSpot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Means {
    /// Through an app of this deployment: its label, and the address at which a person authorises it anew.
    App { label: String, again: String },
    /// By a private app's token or a service key.
    Token {
        /// Webhooks of the customer's own app are taken.
        webhooks: bool,
        /// Where such an app sends them.
        address: String,
        /// How often the account is checked for changes: `every five minutes`.
        every: String,
    },
}

/// One scope of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeLine {
    pub scope: String,
    /// What it is for.
    pub words: String,
    pub required: bool,
    pub granted: bool,
    /// The address at which a person asks HubSpot for what is granted and this.
    pub ask: Option<String>,
}

/// A test of the connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrialView {
    pub asked_at: i64,
    pub running: bool,
    pub lines: Vec<TrialLine>,
}

/// One thing that is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrialLine {
    pub words: String,
    /// `None`: not tried yet, or not worth trying.
    pub works: Option<bool>,
    /// What is wrong and what to do.
    pub error: Option<ErrorView>,
}

/// The form for a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenFormView {
    pub frame: Frame,
    /// The connection whose token is replaced.
    pub existing: Option<ExistingView>,
    pub name: String,
    /// Why what was sent is refused.
    pub error: Option<String>,
    /// How often an account is checked for changes: `every five minutes`.
    pub every: String,
    /// What the token needs, and what it may have.
    pub scopes: Vec<super::view::ScopeView>,
}

/// A connection by token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExistingView {
    pub id: String,
    pub title: String,
    pub portal_id: i64,
    /// Where a private app of the customer's own sends its webhooks.
    pub address: String,
    pub webhooks: bool,
}

pub fn page(view: &AccessView) -> Page {
    Page { status: 200, html: connection::document(&view.at, "Access", true, live_part(view)) }
}

/// The part of the page that changes by itself, as the fragment that replaces it.
pub fn live(view: &AccessView) -> Page {
    Page { status: 200, html: live_part(view).into_string() }
}

fn live_part(view: &AccessView) -> Markup {
    let running = view.trial.as_ref().is_some_and(|trial| trial.running);
    let every = if running { "every 1s" } else { "every 15s" };
    html! {
        div id="live" hx-get=(view.at.paths().access_action("live")) hx-trigger=(every) hx-swap="morph:outerHTML" {
            (connection::heading(&view.at, Tab::Access, html! {}))
            div class="grid gap-6 lg:grid-cols-2" {
                (means(view))
                (trial(view))
            }
            (scopes(view))
            (super::seats::part(view))
            (rename(view))
        }
    }
}

fn means(view: &AccessView) -> Markup {
    let (at, paths) = (&view.at, view.at.paths());
    html! {
        section class="card border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="means" {
            h2 id="means" class="font-semibold" { "How it reaches HubSpot" }
            p class="mt-2 text-sm" {
                @match &view.means {
                    Means::App { label, .. } => { "Through the app " strong class="font-semibold" { (label) } ", authorised" },
                    Means::Token { .. } => { "By a token: a service key, or a private app's own. Put in" },
                }
                @if !view.connected_by.is_empty() { " by " span class="wrap-anywhere" { (view.connected_by) } }
                " " (when(at.frame.now_at, view.connected_at)) "."
            }
            @if let Means::Token { webhooks, address, every } = &view.means {
                p class="mt-2 text-sm text-muted" {
                    @if *webhooks {
                        "Changes come in seconds: a private app sends webhooks to this address."
                    } @else {
                        "Changes come " (every) ": a service key has no webhooks. A private app of your own can send them to this address; put its client secret in under Update credentials."
                    }
                }
                p class="mt-2" { code class="rounded-field bg-base-200 px-2 py-1 text-xs wrap-anywhere select-all" { (address) } }
            }
            @if at.frame.administers {
                div class="mt-4 flex flex-wrap gap-2" {
                    @match &view.means {
                        Means::App { again, .. } => a class="btn btn-sm btn-quiet" href=(again) { "Authorise again" },
                        Means::Token { .. } => a class="btn btn-sm btn-quiet" href=(paths.access_action("credentials")) { "Update credentials" },
                    }
                    @if !at.state.is_ended() {
                        a class="btn btn-sm btn-ghost" href=(paths::disconnect(&at.frame.workspace_id, &at.id)) { "Disconnect" }
                    }
                }
            }
        }
    }
}

fn trial(view: &AccessView) -> Markup {
    let at = &view.at;
    html! {
        section class="card border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="trial" {
            div class="flex flex-wrap items-start justify-between gap-3" {
                div {
                    h2 id="trial" class="font-semibold" { "Does it work?" }
                    p class="mt-1 text-sm text-muted" role="status" {
                        @match &view.trial {
                            None => "Not tested yet. A test makes seven small calls and changes nothing.",
                            Some(trial) if trial.running => "HubSpot is being asked…",
                            Some(trial) => {
                                @if trial.lines.iter().all(|line| line.works == Some(true)) { "Everything works. " } @else { "Not everything works. " }
                                "Tested " (when(at.frame.now_at, trial.asked_at)) "."
                            },
                        }
                    }
                }
                @if at.may_act() && !view.trial.as_ref().is_some_and(|trial| trial.running) {
                    (action(at, &at.paths().access_action("test"), "btn-primary", "Test connection", ""))
                }
            }
            @if let Some(trial) = &view.trial {
                ul class="mt-4 grid gap-3 text-sm" {
                    @for line in &trial.lines { (trial_line(at, trial, line)) }
                }
            }
        }
    }
}

fn trial_line(at: &ConnectionFrame, trial: &TrialView, line: &TrialLine) -> Markup {
    html! {
        li {
            div class="flex items-center gap-2.5" {
                @match line.works {
                    Some(true) => { span class="text-success" { (icon(Icon::Check)) } (line.words) span class="sr-only" { ": works" } },
                    Some(false) => { span class="text-error" { (icon(Icon::Cross)) } (line.words) span class="sr-only" { ": does not work" } },
                    None if trial.running => { span class="loading loading-spinner loading-xs" aria-hidden="true" {} span class="text-muted" { (line.words) } },
                    None => { span class="w-5 text-center text-muted" aria-hidden="true" { "–" } span class="text-muted" { (line.words) ": not tried" } },
                }
            }
            @if let Some(error) = &line.error { div class="mt-1.5" { (error_message(at.frame.now_at, error, Tone::Warning, html! {})) } }
        }
    }
}

fn scopes(view: &AccessView) -> Markup {
    let by_token = matches!(view.means, Means::Token { .. });
    html! {
        section class="mt-8" aria-labelledby="scopes" {
            h2 id="scopes" class="font-semibold" { "What HubSpot has granted" }
            p class="mt-1 mb-3 max-w-prose text-sm text-muted" {
                "Without a required scope nothing can be connected. Without an optional one only what it is for is off"
                @if by_token { "; add it to the key or app in HubSpot, which is noticed within the hour." } @else { "; ask HubSpot for it here." }
            }
            div class="card border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
                table class="rows" role="table" aria-label="Scopes" {
                    thead role="rowgroup" { tr role="row" {
                        @for words in ["Scope", "For", "State"] { th role="columnheader" scope="col" { (words) } }
                    } }
                    tbody role="rowgroup" {
                        @for line in &view.scopes {
                            tr role="row" {
                                th role="rowheader" scope="row" { code class="text-xs wrap-anywhere" { (line.scope) } }
                                td role="cell" data-label="For" { span { (capitalised(&line.words)) @if !line.required { span class="text-muted" { " (optional)" } } } }
                                td role="cell" data-label="State" {
                                    span class="flex flex-wrap items-center gap-2" {
                                        @if line.granted { span class="badge badge-soft badge-success badge-sm" { "Granted" } }
                                        @else { span class={ "badge badge-soft badge-sm " (if line.required { "badge-error" } else { "badge-warning" }) } { @if line.required { "Missing" } @else { "Off" } } }
                                        @if let Some(ask) = line.ask.as_ref().filter(|_| view.at.frame.administers) {
                                            a class="link text-sm" href=(ask) { "Ask for it" span class="sr-only" { ": " (line.scope) } }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn rename(view: &AccessView) -> Markup {
    let at = &view.at;
    html! {
        @if at.frame.administers {
            section class="mt-8" aria-labelledby="name" {
                h2 id="name" class="font-semibold" { "Name" }
                form class="mt-3 flex flex-wrap items-end gap-3" method="post" action=(at.paths().access_action("name")) {
                    (csrf_field(&at.frame.csrf))
                    div class="grid gap-1.5" {
                        label class="text-sm text-muted" for="connection-name" { "What people here call this connection, for example Production or Sandbox" }
                        input id="connection-name" class="input w-full max-w-sm" name="name" value=(view.name) maxlength="200" placeholder=(at.title) autocomplete="off";
                    }
                    button class="btn btn-quiet" { "Save" }
                }
            }
        }
    }
}

/// The form for a token, new or in the place of another.
pub fn token_form(view: &TokenFormView) -> Page {
    let TokenFormView { frame, existing, error, .. } = view;
    let title = if existing.is_some() { "Update credentials" } else { "Connect with a token" };
    let (to, back) = match existing {
        Some(existing) => {
            let paths = super::connection_paths::ConnectionPaths::new(&frame.workspace_id, &existing.id);
            (paths.access_action("credentials"), paths.access())
        }
        None => (paths::token(&frame.workspace_id), paths::integrations(&frame.workspace_id)),
    };
    let refused = error.as_ref().map(|_| "refused");
    let main = html! {
        (flash(None))
        h1 class="text-2xl font-semibold tracking-tight" { (title) }
        @match existing {
            Some(existing) => p class="mt-1 mb-6 max-w-prose text-muted" {
                "A new token for " strong class="font-semibold wrap-anywhere" { (existing.title) } " (HubSpot account " (existing.portal_id) "). It takes the place of the old one once HubSpot has accepted it; nothing that was read is lost."
            },
            None => p class="mt-1 mb-6 max-w-prose text-muted" {
                "For accounts whose administrators would rather make a token than authorise an app. The records of the account will be sent to the workspace " strong class="font-semibold wrap-anywhere" { (frame.workspace_name) } "."
            },
        }
        div class="grid items-start gap-6 lg:grid-cols-[3fr_2fr]" {
            form class="card gap-5 border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" method="post" action=(to) {
                (csrf_field(&frame.csrf))
                @if let Some(error) = error { p id="refused" class="alert alert-soft alert-error items-start" role="alert" { (icon(Icon::Alert)) span { (error) } } }
                @if existing.is_none() {
                    div class="grid gap-1.5" {
                        label class="text-sm font-medium" for="name" { "Connection name" }
                        input id="name" class="input w-full" name="name" value=(view.name) required maxlength="200" placeholder="Production" autocomplete="off" aria-describedby=[refused];
                    }
                }
                div class="grid gap-1.5" {
                    label class="text-sm font-medium" for="token" { "Token" }
                    input id="token" class="input w-full" type="password" name="token" required maxlength="1000" placeholder="pat-…" autocomplete="off" spellcheck="false" aria-describedby="token-help";
                    p id="token-help" class="text-sm text-muted" { "Checked with HubSpot at once, kept sealed, and never shown again." }
                }
                details class="text-sm" {
                    summary class="list-item cursor-pointer font-medium" { "Webhooks of a private app " span class="font-normal text-muted" { "(optional)" } }
                    div class="mt-3 grid gap-1.5" {
                        label class="font-medium" for="webhook-secret" { "The app's client secret" }
                        input id="webhook-secret" class="input w-full" type="password" name="webhook_secret" maxlength="1000" autocomplete="off" spellcheck="false";
                        p class="text-muted" {
                            "A service key has none: changes then come " (view.every) ". A private app with webhooks brings them in seconds. Its target URL is "
                            @match existing {
                                Some(existing) => { code class="wrap-anywhere select-all" { (existing.address) } "." @if existing.webhooks { " A secret is kept already; leave this empty to keep it." } },
                                None => "on the connection's Access page once it is made; the secret can be put in there later.",
                            }
                        }
                    }
                }
                div class="flex flex-wrap gap-3" {
                    button class="btn btn-primary" { @if existing.is_some() { "Check and save" } @else { "Check and connect" } }
                    a class="btn btn-ghost" href=(back) { "Cancel" }
                }
            }
            (help(view))
        }
    };
    let status = if error.is_some() { 400 } else { 200 };
    Page { status, html: workspace_document(title, frame, false, main) }
}

/// Where a token comes from: the service key first, since nothing else needs HubSpot's command line.
fn help(view: &TokenFormView) -> Markup {
    html! {
        aside class="text-sm" aria-labelledby="whence" {
            h2 id="whence" class="font-semibold" { "Where the token comes from" }
            h3 class="mt-3 font-medium" { "A service key (simplest)" }
            ol class="mt-1 grid list-decimal gap-1 pl-5" {
                li { "In HubSpot open " strong class="font-medium" { "Development → Keys → Service keys" } "; you must be a super admin." }
                li { "Create a key and give it the scopes below." }
                li { "Copy the key, which begins with " code { "pat-" } ", and put it in here." }
            }
            h3 class="mt-4 font-medium" { "A private app's token" }
            p class="mt-1" {
                "An app made with HubSpot's command line whose " code { "auth.type" } " is " code { "static" }
                " has such a token under its Auth tab, and can send webhooks. Tokens made before in HubSpot under Private Apps work the same."
            }
            h3 class="mt-4 font-medium" { "Scopes" }
            ul class="mt-1 grid gap-1.5" {
                @for scope in &view.scopes {
                    li { code class="text-xs wrap-anywhere select-all" { (scope.scope) } span class="block text-muted" { (capitalised(&scope.words)) @if !scope.required { " (optional)" } } }
                }
            }
        }
    }
}

//! The Integrations page of a workspace, the page before leaving for HubSpot, and the one before disconnecting.

use maud::{Markup, html};

use super::Page;
use super::chrome::{
    Icon, alert_class, card_document, csrf_field, error_message, flash, icon, live_notes, state_badge,
    tone_icon, workspace_document,
};
use super::connection::ways;
use super::connection_paths::ConnectionPaths;
use super::paths;
use super::view::{
    AppView, ConnectView, ConnectionState, ConnectionView, DisconnectView, Frame, IntegrationsView,
    LimitsView, Phase, StreamView, Tone,
};
use super::words::{capitalised, duration, number, planned, when};

/// The page: **+ Connect**, and one card for each connection.
pub fn page(view: &IntegrationsView) -> Page {
    let main = html! {
        (flash(view.flash.as_ref()))
        (live_notes())
        (live_part(view))
    };
    Page { status: 200, html: workspace_document("Integrations", &view.frame, true, main) }
}

/// The part of the page that changes by itself, as the fragment that replaces it.
pub fn live(view: &IntegrationsView) -> Page {
    Page { status: 200, html: live_part(view).into_string() }
}

fn live_part(view: &IntegrationsView) -> Markup {
    let moves = |connection| is_backfilling(connection) || connection.state == ConnectionState::Disconnecting;
    let every = if view.connections.iter().any(moves) { "every 2s" } else { "every 10s" };
    html! {
        div id="live" hx-get=(paths::integrations_live(&view.frame.workspace_id)) hx-trigger=(every) hx-swap="morph:outerHTML" {
            p class="sr-only" role="status" { (spoken(view)) }
            div class="mb-6 flex flex-wrap items-end justify-between gap-4" {
                div class="min-w-0 flex-1 basis-72" {
                    h1 class="text-2xl font-semibold tracking-tight" { "Integrations" }
                    p class="mt-1 text-muted wrap-anywhere" { "Keep the contacts, companies and deals of " (view.frame.workspace_name) " in step with HubSpot." }
                }
                @if !view.connections.is_empty() && view.frame.administers {
                    (connect_button(view, if is_connected(view) { "btn-quiet" } else { "btn-primary" }))
                }
            }
            @if view.connections.is_empty() { (empty(view)) }
            div class="grid gap-6" {
                @for connection in &view.connections { (connection_card(view, connection)) }
            }
        }
    }
}

/// What a screen reader says when it changes: tenths of the way, not every figure.
fn spoken(view: &IntegrationsView) -> String {
    let streams = view.connections.iter().flat_map(|c| c.streams.iter().map(move |stream| (c.state, stream)));
    let sentences: Vec<_> = streams
        .filter(|(_, stream)| stream.missing_scopes.is_empty())
        .map(|(state, stream)| {
            let name = capitalised(stream.words());
            match (state, stream.phase, stream.percent) {
                (ConnectionState::Active, Phase::Backfill, Some(percent)) => {
                    format!("{name}: first sync, {} percent done.", percent / 10 * 10)
                }
                (ConnectionState::Active, Phase::Backfill, None) => format!("{name}: first sync."),
                (ConnectionState::Active, Phase::Incremental, _) => format!("{name}: up to date."),
                (state, ..) => usual_words(state).into(),
            }
        })
        .collect();
    sentences.join(" ")
}

/// **+ Connect**, and beside it the way for who has a token.
fn connect_button(view: &IntegrationsView, look: &str) -> Markup {
    html! {
        div class="flex flex-wrap items-center gap-x-4 gap-y-2" {
            (by_app(view, look))
            a class="link text-sm" href=(paths::token(&view.frame.workspace_id)) { "Connect with a token" }
        }
    }
}

fn by_app(view: &IntegrationsView, look: &str) -> Markup {
    let workspace = &view.frame.workspace_id;
    let another = if is_connected(view) { "Connect another account" } else { "Connect" };
    match view.apps.as_slice() {
        [] => html! {},
        [app] => html! {
            a class={ "btn " (look) } href=(paths::connect(workspace, &app.key)) { (icon(Icon::Plus)) (another) }
        },
        apps => html! {
            details class="dropdown sm:dropdown-end" {
                summary class={ "btn " (look) } { (icon(Icon::Plus)) (another) }
                ul class="menu dropdown-content z-10 mt-1 w-64 rounded-box border border-base-300 bg-base-100 p-1.5 shadow-lg" {
                    @for app in apps { li { a href=(paths::connect(workspace, &app.key)) { (app.label) } } }
                }
            }
        },
    }
}

fn empty(view: &IntegrationsView) -> Markup {
    html! {
        section class="card border border-base-300 bg-base-100 px-6 py-10 shadow-sm sm:px-10 sm:py-14" aria-labelledby="empty" {
            div class="mx-auto max-w-md text-center" {
                span class="tile mx-auto" { (icon(Icon::Spokes)) }
                h2 id="empty" class="mt-5 text-xl font-semibold" { "Connect HubSpot" }
                @if view.apps.is_empty() {
                    p class="mt-2 text-muted" {
                        "No HubSpot app is set up on this deployment yet, so there is nothing to connect through. Please tell whoever runs "
                        (view.frame.product) "."
                    }
                } @else {
                    p class="mt-2 text-muted" {
                        "Your contacts, companies and deals come over once, and every later change follows within minutes. You can disconnect at any time."
                    }
                    @if view.frame.administers {
                        div class="mt-6 flex justify-center" { (connect_button(view, "btn-primary")) }
                    } @else {
                        p class="mt-4" { "An administrator of your workspace can connect an account here." }
                    }
                    ol class="mx-auto mt-8 grid w-fit gap-3 text-left text-sm" {
                        @for (i, step) in ["Sign in to HubSpot and choose an account.", "Approve what may be read.", "Come back here and watch the first sync."].iter().enumerate() {
                            li class="flex items-center gap-3" {
                                span class="grid size-6 shrink-0 place-items-center rounded-full bg-base-200 text-xs font-semibold" aria-hidden="true" { (i + 1) }
                                (step)
                            }
                        }
                    }
                }
            }
        }
    }
}

fn connection_card(view: &IntegrationsView, connection: &ConnectionView) -> Markup {
    let frame = &view.frame;
    let heading = format!("connection-{}", connection.id);
    let ended = connection.state.is_ended();
    html! {
        section id={ "card-" (connection.id) } class="card border border-base-300 bg-base-100 shadow-sm" aria-labelledby=(heading) {
            div class="flex flex-wrap items-start gap-4 p-5 sm:p-6" {
                span class="tile max-sm:hidden" { (icon(Icon::Spokes)) }
                div class="min-w-0 flex-1 basis-52" {
                    div class="flex flex-wrap items-center gap-x-3 gap-y-1.5" {
                        h2 id=(heading) class="text-lg font-semibold wrap-anywhere" { (title(connection)) }
                        (state_badge(connection.state, is_backfilling(connection)))
                    }
                    (identity(frame, connection, view.apps.len() > 1))
                }
                @if frame.administers { div class="flex w-full gap-2 sm:w-auto" {
                    @if let Some(look) = reconnect_look(connection.state) {
                        @if connection.by_token {
                            a class={ "btn btn-sm flex-1 sm:flex-none " (look) } href=(ConnectionPaths::new(&frame.workspace_id, &connection.id).access_action("credentials")) { "Update credentials" }
                        } @else {
                            a class={ "btn btn-sm flex-1 sm:flex-none " (look) } href=(paths::reconnect(&frame.workspace_id, &connection.app_key, &connection.id)) { "Reconnect" }
                        }
                    }
                    @if !ended {
                        a class="btn btn-sm btn-quiet flex-1 sm:flex-none" href=(paths::disconnect(&frame.workspace_id, &connection.id)) { "Disconnect" }
                    } @else if connection.state == ConnectionState::Disconnected {
                        a class="btn btn-sm btn-ghost flex-1 sm:flex-none" href=(paths::disconnect(&frame.workspace_id, &connection.id)) { "Delete its data" }
                    }
                } }
            }
            div class="px-5 pb-5 empty:hidden sm:px-6 sm:pb-6" { (trouble(frame, connection)) }
            @if !connection.reachable && !ended {
                p class="border-t border-base-300 p-5 text-sm text-muted sm:p-6" {
                    "Its figures could not be read just now. The sync is not affected by that; this page keeps trying."
                }
            } @else if !ended {
                div class="grid border-t border-base-300 md:grid-cols-[3fr_2fr]" {
                    div class="p-5 sm:p-6" {
                        @if connection.streams.is_empty() { (waiting()) }
                        div class="grid gap-6" {
                            @for stream in &connection.streams { (stream_part(frame.now_at, connection, stream)) }
                        }
                    }
                    div class="border-t border-base-300 p-5 sm:p-6 md:border-t-0 md:border-l" {
                        (limits_part(frame.now_at, connection))
                    }
                }
                (ways_in(frame, connection))
            }
        }
    }
}

/// The pages of the connection.
fn ways_in(frame: &Frame, connection: &ConnectionView) -> Markup {
    let paths = ConnectionPaths::new(&frame.workspace_id, &connection.id);
    let ways = ways(&paths, connection.streams.first().map(|stream| stream.object_type.as_str()));
    html! {
        nav class="border-t border-base-300 px-5 py-3 sm:px-6" aria-label={ "Pages of " (title(connection)) } {
            ul class="flex flex-wrap gap-x-5 gap-y-1 text-sm" {
                @for (_, words, path) in ways { li { a class="link" href=(path) { (words) span class="sr-only" { " of " (title(connection)) } } } }
            }
        }
    }
}

/// The one way on where HubSpot refuses us; no more than an offer where a person has disconnected.
fn reconnect_look(state: ConnectionState) -> Option<&'static str> {
    match state {
        ConnectionState::NeedsReauthorisation => Some("btn-primary"),
        ConnectionState::Disconnected => Some("btn-quiet"),
        ConnectionState::Active | ConnectionState::Paused | ConnectionState::Disconnecting => None,
    }
}

/// Which HubSpot account, who connected it when, and, where there is a choice, through which app.
fn identity(frame: &Frame, connection: &ConnectionView, several_apps: bool) -> Markup {
    html! {
        p class="mt-1 flex flex-wrap gap-x-4 text-sm text-muted" {
            @if let Some(account) = account(connection) { span { (account) } }
            @if let Some(url) = paths::hubspot_portal(&connection.ui_domain, connection.portal_id) {
                a class="link inline-flex items-center gap-1" href=(url) rel="noreferrer" target="_blank" {
                    "Open in HubSpot" span class="sr-only" { " (new tab)" } (icon(Icon::Out))
                }
            }
        }
        p class="text-sm text-muted" {
            "Connected"
            @if !connection.connected_by.is_empty() { " by " span class="wrap-anywhere" { (connection.connected_by) } }
            " " (when(frame.now_at, connection.connected_at))
            @if connection.by_token { " by a token" }
            @else if several_apps && !connection.app_label.is_empty() { " through " (connection.app_label) }
        }
    }
}

/// What is wrong and what to do, or why nothing happens.
pub fn trouble(frame: &Frame, connection: &ConnectionView) -> Markup {
    let words = if connection.state_words.is_empty() {
        usual_words(connection.state)
    } else {
        connection.state_words.as_str()
    };
    let tone = match connection.state {
        ConnectionState::NeedsReauthorisation => Tone::Bad,
        ConnectionState::Active | ConnectionState::Paused => Tone::Warning,
        ConnectionState::Disconnecting | ConnectionState::Disconnected => Tone::Note,
    };
    html! {
        @if let Some(error) = &connection.last_error {
            (error_message(frame.now_at, error, tone, html! {}))
        } @else if connection.state != ConnectionState::Active {
            p class={ "alert alert-soft " (alert_class(tone)) } { (icon(tone_icon(tone))) (words) }
        }
    }
}

fn usual_words(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Active => "Up to date with HubSpot.",
        ConnectionState::NeedsReauthorisation => {
            "HubSpot no longer accepts this authorisation. Reconnect to go on; nothing that was read is lost."
        }
        ConnectionState::Paused => "Paused. It goes on by itself.",
        ConnectionState::Disconnecting => {
            "The sync has stopped. HubSpot is being told, which takes a few seconds."
        }
        ConnectionState::Disconnected => "Disconnected. Nothing is read from HubSpot any more.",
    }
}

/// Connected a moment ago: nothing is known yet.
fn waiting() -> Markup {
    html! {
        h3 class="font-medium" { "Getting ready" }
        p class="mt-1 text-sm text-muted" { "Asking HubSpot which records there are." }
        progress class="progress progress-primary mt-3" aria-label="Getting ready" {}
    }
}

/// A type that may not be read: which scope is missing, and how it comes.
fn unread(stream: &StreamView) -> Markup {
    html! {
        div {
            h3 class="font-medium" { (capitalised(stream.words())) }
            (unread_words(stream))
        }
    }
}

pub fn unread_words(stream: &StreamView) -> Markup {
    html! {
        p class="mt-1 text-sm text-muted" {
            "Not read: HubSpot has not granted "
            @for (i, scope) in stream.missing_scopes.iter().enumerate() {
                @if i > 0 { " or " }
                code class="wrap-anywhere" { (scope) }
            }
            ". Reconnect and approve it to include them."
        }
    }
}

fn stream_part(now_at: i64, connection: &ConnectionView, stream: &StreamView) -> Markup {
    if !stream.missing_scopes.is_empty() {
        return unread(stream);
    }
    let id = format!("{}-{}", connection.id, stream.object_type);
    let active = connection.state == ConnectionState::Active;
    let next_check_at = if active { stream.next_check_at } else { connection.retry_at };
    html! {
        div id=(id) {
            div class="flex flex-wrap items-baseline justify-between gap-x-4" {
                h3 id={ (id) "-name" } class="font-medium" { (capitalised(stream.words())) }
                @if stream.phase == Phase::Incremental { (freshness(stream, active)) }
            }
            @match stream.phase {
                Phase::Backfill => (backfill(active, stream, &id)),
                Phase::Incremental => p class="figure mt-1" {
                    (number(stream.records)) span class="unit" { " synced from HubSpot" }
                },
            }
            (checks(now_at, stream, next_check_at))
        }
    }
}

pub fn freshness(stream: &StreamView, active: bool) -> Markup {
    html! {
        span class="inline-flex items-center gap-2 text-sm" {
            @if active && stream.live {
                span class="live-dot" aria-hidden="true" {}
            } @else {
                span class="size-2 rounded-full bg-base-content/40" aria-hidden="true" {}
            }
            @if active { (stream.freshness_words) } @else { "Not updating" }
        }
    }
}

pub fn backfill(active: bool, stream: &StreamView, id: &str) -> Markup {
    html! {
        div class="mt-1 flex items-baseline justify-between gap-4" {
            p class="figure" {
                (number(stream.read))
                span class="unit" {
                    @match stream.expected {
                        Some(expected) => { " of about " (number(expected.max(stream.read))) },
                        None => " so far",
                    }
                }
            }
            @if let Some(percent) = stream.percent { p class="text-lg font-semibold tabular-nums" { (percent.min(100)) " %" } }
        }
        @match stream.percent {
            Some(percent) => progress class="progress progress-primary mt-2" aria-labelledby={ (id) "-name" } value=(percent.min(100)) max="100" {},
            None => progress class="progress progress-primary mt-2" aria-labelledby={ (id) "-name" } {},
        }
        @if active {
            @if let Some(left_ms) = stream.remaining_ms {
                p class="mt-1.5 text-sm text-muted" { "About " (duration(left_ms.max(1_000))) " left. You can leave this page; the sync goes on." }
            }
        } @else {
            p class="mt-1.5 text-sm text-muted" { "It will continue from here, not from the start." }
        }
    }
}

/// When changes last came, when HubSpot was last asked, and when it will be next.
/// During a first sync only the last means anything, and only while it is paused.
fn checks(now_at: i64, stream: &StreamView, next_at: Option<i64>) -> Markup {
    let incremental = stream.phase == Phase::Incremental;
    let (changed_at, checked_at) =
        if incremental { (stream.last_change_at, stream.last_checked_at) } else { (None, None) };
    html! {
        dl class="facts mt-3" {
            @if let Some(at) = changed_at { div { dt { "Last change" } dd { (when(now_at, at)) } } }
            @if let Some(at) = checked_at { div { dt { "Last checked" } dd { (when(now_at, at)) } } }
            @if let Some(at) = next_at { div { dt { "Next check" } dd { (planned(now_at, at)) } } }
        }
    }
}

fn limits_part(now_at: i64, connection: &ConnectionView) -> Markup {
    html! {
        div class="flex flex-wrap items-baseline justify-between gap-x-4" {
            h3 class="font-medium" { "HubSpot calls" }
            @if let Some(limits) = &connection.limits { span class="text-sm text-muted" { (limits.policy_label) } }
        }
        @match &connection.limits {
            None => p class="mt-1 text-sm text-muted" { "No call has been made yet." },
            Some(limits) => {
                (gauges(&connection.id, limits, connection.state))
                @if let Some(at) = limits.throttled_until_at {
                    p class="mt-4 text-sm" { "HubSpot asked for a pause. Calls go on " (planned(now_at, at)) "." }
                } @else if is_backfilling(connection) {
                    p class="mt-4 text-sm text-muted" { "A first sync uses nearly all that HubSpot allows; a reserve stays free." }
                }
            },
        }
    }
}

pub fn gauges(id: &str, limits: &LimitsView, state: ConnectionState) -> Markup {
    html! {
        (gauge(&format!("{id}-window"), &format!("Last {}", duration(limits.window_ms)), limits.window_used, limits.window_limit, false))
        @match limits.day_limit {
            Some(limit) => (gauge(&format!("{id}-day"), "Today", limits.day_used, limit, true)),
            None => div class="mt-4 flex items-baseline justify-between gap-4 text-sm" {
                span { "Today" }
                span class="tabular-nums" { (number(limits.day_used)) @if state != ConnectionState::Paused { span class="text-muted" { " · no limit reported" } } }
            },
        }
    }
}

/// How much of a limit is used. `scarce`: being near the limit is worth a colour. The ten-second window is
/// meant to be full during a first sync; a full day stops the sync.
fn gauge(id: &str, label: &str, used: u64, limit: u64, scarce: bool) -> Markup {
    let limit = limit.max(1);
    let (low, high) = if scarce { (limit / 10 * 8, limit / 20 * 19) } else { (limit, limit) };
    html! {
        div class="mt-4" {
            div class="flex items-baseline justify-between gap-4 text-sm" {
                label for=(id) { (label) }
                span class="tabular-nums" { strong class="font-semibold" { (number(used)) } span class="text-muted" { " of " (number(limit)) } }
            }
            meter id=(id) class="mt-1.5" min="0" max=(limit) low=(low) high=(high) optimum="0" value=(used.min(limit)) {
                (number(used)) " of " (number(limit))
            }
        }
    }
}

pub fn is_backfilling(connection: &ConnectionView) -> bool {
    connection.state == ConnectionState::Active
        && connection.reachable
        && (connection.streams.is_empty()
            || connection.streams.iter().any(|s| s.missing_scopes.is_empty() && s.phase == Phase::Backfill))
}

/// Whether an account is connected, in whatever state.
fn is_connected(view: &IntegrationsView) -> bool {
    view.connections.iter().any(|connection| !connection.state.is_ended())
}

/// What tells accounts of one name apart; nothing where the title says it already.
fn account(connection: &ConnectionView) -> Option<String> {
    let words = format!("HubSpot account {}", connection.portal_id);
    (connection.portal_id > 0 && title(connection) != words).then_some(words)
}

fn title(connection: &ConnectionView) -> &str {
    [&connection.name, &connection.portal_name]
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or("HubSpot", |t| t)
}

/// Before leaving for HubSpot: names the workspace that will receive the data, because a link can be sent to a
/// stranger. Send it with HubSpot's origin as a form target ([`super::security_headers`]).
pub fn connect(view: &ConnectView) -> Page {
    let frame = &view.frame;
    let AppView { key, label } = &view.app;
    let title = if view.reconnect.is_some() { "Reconnect HubSpot" } else { "Connect HubSpot" };
    let card = html! {
        div class="flex items-center gap-3" aria-hidden="true" {
            span class="tile" { (icon(Icon::Spokes)) }
            span class="text-muted" { (icon(Icon::Arrow)) }
            span class="tile tile-plain" { (frame.workspace_name.chars().next().unwrap_or('·')) }
        }
        h1 class="mt-5 text-xl font-semibold tracking-tight wrap-anywhere" { (title) " to " (frame.workspace_name) }
        p class="mt-2" {
            "The contacts, companies and deals of the HubSpot account that you choose next will be sent to the workspace "
            strong class="font-semibold wrap-anywhere" { (frame.workspace_name) } " in " (frame.product)
            ", where its people can see them."
        }
        @if let Some(existing) = &view.reconnect {
            p class="mt-3" {
                "Choose the account you connected before: "
                strong class="font-semibold wrap-anywhere" { (existing.portal_name) } " (" (existing.portal_id) ")."
            }
        }
        @if let Some(wanted) = &view.wanted {
            p class="mt-3" {
                "HubSpot will be asked for what is granted now, and besides for " code class="text-sm wrap-anywhere" { (wanted.scope) }
                ": " (wanted.words) ". If the account's subscription does not include it, HubSpot says so and nothing changes."
            }
        }
        div class="alert alert-soft alert-warning mt-4 items-start" {
            (icon(Icon::Alert))
            span { "Go on only if you know this workspace and meant to connect it. You are signed in as " span class="wrap-anywhere" { (frame.user) } "." }
        }
        @if !view.scopes.is_empty() {
            h2 class="mt-6 text-sm font-semibold" { "HubSpot will ask you to approve" }
            ul class="mt-2 grid gap-2 text-sm" {
                @for scope in &view.scopes {
                    li class="flex items-start gap-2" {
                        span class="mt-0.5 text-success" { (icon(Icon::Check)) }
                        span {
                            (capitalised(&scope.words))
                            @if !scope.required { span class="text-muted" { " (optional)" } }
                        }
                    }
                }
            }
        }
        form class="mt-7 flex flex-wrap gap-3" method="post" action=(paths::connect_form(&frame.workspace_id)) {
            (csrf_field(&frame.csrf))
            input type="hidden" name="app" value=(key);
            @if let Some(wanted) = &view.wanted { input type="hidden" name="scope" value=(wanted.scope); }
            @if let Some(existing) = &view.reconnect { input type="hidden" name="connection" value=(existing.connection_id); }
            button class="btn btn-primary" { "Continue to HubSpot" }
            a class="btn btn-ghost" href=(paths::integrations(&frame.workspace_id)) { "Cancel" }
        }
        @if !label.is_empty() && label != "HubSpot" { p class="mt-4 text-xs text-muted" { "HubSpot app: " (label) } }
    };
    Page { status: 200, html: card_document(title, &frame.product, card) }
}

/// Before disconnecting: says which of stop, revoke and uninstall will happen.
pub fn disconnect(view: &DisconnectView) -> Page {
    let frame = &view.frame;
    let name = if view.name.is_empty() { &view.portal_name } else { &view.name };
    let account = format!("HubSpot account {}", view.portal_id);
    let plan = &view.plan;
    let mut steps = vec![(true, "The sync stops, and the credentials kept here are deleted.")];
    if plan.ours {
        steps.push(if plan.uninstalls {
            (true, "The app is uninstalled from this HubSpot account.")
        } else {
            (false, "The app stays installed in HubSpot: another connection uses it.")
        });
        steps.push(if plan.revokes {
            (true, "The authorisation is revoked at HubSpot.")
        } else {
            (false, "The authorisation is not revoked at HubSpot: another connection uses it.")
        });
    } else {
        steps.push((false, "The token stays valid in HubSpot: delete the service key or private app there if nothing else uses it."));
    }
    let question = if plan.over { "Delete what is kept of " } else { "Disconnect " };
    let main = html! {
        div class="card mx-auto max-w-xl border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" {
            h1 class="text-xl font-semibold tracking-tight wrap-anywhere" { (question) (name) "?" }
            @if *name != account {
                p class="mt-1 text-muted wrap-anywhere" {
                    @if !view.name.is_empty() { (view.portal_name) " · " } (account)
                }
            }
            @if !plan.over {
                h2 class="mt-6 text-sm font-semibold" { "What will happen" }
                ul class="mt-2 grid gap-2.5" {
                    @for (happens, words) in steps {
                        li class="flex items-start gap-2.5" {
                            span class={ "mt-0.5 " (if happens { "text-base-content" } else { "text-muted" }) } { (icon(if happens { Icon::Check } else { Icon::Cross })) }
                            span class=(if happens { "" } else { "text-muted" }) { (words) }
                        }
                    }
                }
            }
            form class="mt-6" method="post" action=(paths::disconnect(&frame.workspace_id, &view.connection_id)) {
                (csrf_field(&frame.csrf))
                @if plan.over {
                    input type="hidden" name="data" value="delete";
                    p { "Every record, link, list and change that was read from this account is deleted here, and cannot be brought back but from HubSpot. Channels, endpoints and the choice of fields stay for when it is connected again, and so do the ids of records that have been through workflows." }
                } @else {
                    fieldset class="grid gap-2.5" {
                        legend class="mb-2 text-sm font-semibold" { "What was read from the account" }
                        label class="flex items-start gap-2.5" {
                            input class="radio radio-sm mt-0.5" type="radio" name="data" value="keep" checked;
                            span { "Keep it. Connecting the same account again goes on with it." }
                        }
                        label class="flex items-start gap-2.5" {
                            input class="radio radio-sm mt-0.5" type="radio" name="data" value="delete";
                            span { "Delete it here: records, links, lists and changes. What was set up stays, and HubSpot keeps everything." }
                        }
                    }
                }
                div class="mt-7 flex flex-wrap gap-3" {
                    button class="btn btn-error" { @if plan.over { "Delete it" } @else { "Disconnect" } }
                    a class="btn btn-ghost" href=(paths::integrations(&frame.workspace_id)) { @if plan.over { "Keep it" } @else { "Keep it connected" } }
                }
            }
        }
    };
    Page { status: 200, html: workspace_document("Disconnect", frame, false, main) }
}

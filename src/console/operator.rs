//! The operator's console: sign-in, and every workspace with its connections.

use maud::{Markup, html};

use super::Page;
use super::chrome::{
    Icon, bar, card_document, csrf_field, document, error_message, flash, icon, live_notes, sign_out,
    state_badge,
};
use super::paths;
use super::view::{
    ConnectionLine, ConnectionState, CreateWorkspaceForm, HealthValue, HealthView, OperatorView, SignInView,
    Tone, TotalsView, WorkspaceView,
};
use super::words::{count, number, when};

pub fn sign_in(view: &SignInView) -> Page {
    let card = html! {
        h1 class="text-xl font-semibold tracking-tight" { "Operator console" }
        p class="mt-1 text-muted" { "For whoever runs this deployment. Customers come in through their own product." }
        form class="mt-6 grid gap-4" method="post" action=(paths::CONSOLE_SIGN_IN) {
            (csrf_field(&view.csrf))
            // Password managers want a name to file the password under.
            input type="hidden" name="username" value="operator" autocomplete="username";
            @if let Some(error) = &view.error {
                p id="refused" class="alert alert-soft alert-error" role="alert" { (icon(Icon::Alert)) (error) }
            }
            div class="grid gap-1.5" {
                label class="text-sm font-medium" for="password" { "Console password" }
                input id="password" class="input w-full" type="password" name="password" autocomplete="current-password" required autofocus aria-invalid=[view.error.as_ref().map(|_| "true")] aria-describedby=[view.error.as_ref().map(|_| "refused")];
            }
            button class="btn btn-primary" { "Sign in" }
        }
    };
    let status = if view.error.is_some() { 401 } else { 200 };
    Page { status, html: card_document("Sign in", &view.product, card) }
}

/// The overview. What changes by itself is in [`live`].
pub fn overview(view: &OperatorView) -> Page {
    let top =
        bar(paths::CONSOLE, &view.product, "Operator console", sign_out(paths::CONSOLE_SIGN_OUT, &view.csrf));
    let body = html! {
        (top)
        main id="main" tabindex="-1" class="mx-auto w-full max-w-5xl flex-1 px-4 py-6 outline-none sm:px-6 sm:py-10" {
            div class="mb-6 flex flex-wrap items-baseline justify-between gap-x-6 gap-y-2" {
                h1 class="text-2xl font-semibold tracking-tight" { "Workspaces" }
                a class="link text-sm" href=(paths::CONSOLE_AUDIT) { "Audit log" }
            }
            (flash(view.flash.as_ref()))
            (live_notes())
            div class="mb-6 flex flex-wrap items-start justify-between gap-3" {
                (search(&view.query))
                (create(&view.create, &view.csrf))
            }
            (live_part(view))
        }
    };
    Page { status: 200, html: document("Workspaces", &view.product, true, body) }
}

/// The part of the overview that changes by itself, as the fragment that replaces it.
pub fn live(view: &OperatorView) -> Page {
    Page { status: 200, html: live_part(view).into_string() }
}

fn live_part(view: &OperatorView) -> Markup {
    html! {
        div id="live" hx-get=(paths::console_live(&view.query, &view.cursor)) hx-trigger="every 10s" hx-swap="morph:outerHTML" {
            (totals(&view.totals, is_whole(view)))
            @if view.workspaces.is_empty() { (empty(view)) }
            div class="grid gap-4" {
                @for workspace in &view.workspaces { (workspace_card(view, workspace)) }
            }
            @if let Some(cursor) = &view.next_cursor {
                p class="mt-6" { a class="btn btn-quiet" href=(paths::console(&view.query, cursor)) { "Next page" (icon(Icon::Arrow)) } }
            }
            (health(view.now_at, &view.health))
        }
    }
}

fn search(query: &str) -> Markup {
    html! {
        form class="flex w-full flex-wrap gap-2 sm:w-auto" role="search" method="get" action=(paths::CONSOLE) {
            label class="sr-only" for="q" { "Find a workspace or HubSpot account" }
            input id="q" class="input min-w-48 flex-1 sm:w-72" type="search" name="q" value=(query) placeholder="Name, id or HubSpot account";
            button class="btn btn-quiet" { "Find" }
            @if !query.is_empty() { a class="btn btn-ghost" href=(paths::CONSOLE) { "Show all" } }
        }
    }
}

/// Opens without JavaScript; stays open after a refusal, with what was typed.
fn create(form: &CreateWorkspaceForm, csrf: &str) -> Markup {
    html! {
        details class="w-full sm:w-auto" open[form.error.is_some()] {
            summary class="btn btn-primary ml-auto flex w-full sm:w-fit" { (icon(Icon::Plus)) "New workspace" }
            form class="card mt-3 grid gap-4 border border-base-300 bg-base-100 p-5 shadow-sm sm:w-96" method="post" action=(paths::CONSOLE_WORKSPACES) {
                (csrf_field(csrf))
                @if let Some(error) = &form.error {
                    p id="create-refused" class="alert alert-soft alert-error" role="alert" { (icon(Icon::Alert)) (error) }
                }
                div class="grid gap-1.5" {
                    label class="text-sm font-medium" for="name" { "Name" }
                    input id="name" class="input w-full" name="name" value=(form.name) maxlength="200" required autocomplete="off" aria-describedby=[form.error.as_ref().map(|_| "create-refused")];
                }
                div class="grid gap-1.5" {
                    label class="text-sm font-medium" for="jurisdiction" { "Where its data is kept" }
                    select id="jurisdiction" class="select w-full" name="jurisdiction" aria-describedby="jurisdiction-help" {
                        option value="" selected[form.jurisdiction != "eu"] { "Anywhere" }
                        option value="eu" selected[form.jurisdiction == "eu"] { "European Union only" }
                    }
                    p id="jurisdiction-help" class="text-sm text-muted" { "This cannot be changed later." }
                }
                button class="btn btn-primary" { "Create workspace" }
            }
        }
    }
}

/// Whether the list shows every workspace there is.
const fn is_whole(view: &OperatorView) -> bool {
    view.query.is_empty() && view.cursor.is_empty() && view.next_cursor.is_none()
}

/// The last two are of the list below, which may be a part: each costs a request to the connection's object.
fn totals(totals: &TotalsView, whole: bool) -> Markup {
    let shown = if whole { "" } else { " below" };
    let attention = if totals.attention > 0 { "text-error" } else { "" };
    html! {
        dl class="totals mb-6" aria-label="All workspaces" {
            div { dt { "Workspaces" } dd { (number(totals.workspaces)) } }
            div { dt { "Connections" } dd { (number(totals.connections)) } }
            div { dt { "Working" } dd { (number(totals.active)) } }
            div { dt { "Need attention" (shown) } dd class=(attention) { (number(totals.attention)) } }
            div { dt { "Records" (shown) } dd { (number(totals.records)) } }
        }
    }
}

fn empty(view: &OperatorView) -> Markup {
    html! {
        div class="card border border-base-300 bg-base-100 p-10 text-center shadow-sm" {
            @if view.query.is_empty() {
                h2 class="text-lg font-semibold" { "No workspace yet" }
                p class="mt-1 text-muted" { "A workspace is one customer. Create it here, or let your product do it: POST /v1/workspaces with the root key." }
            } @else {
                h2 class="text-lg font-semibold wrap-anywhere" { "Nothing found for “" (view.query) "”" }
                p class="mt-1" { a class="link" href=(paths::CONSOLE) { "Show all workspaces" } }
            }
        }
    }
}

fn workspace_card(view: &OperatorView, workspace: &WorkspaceView) -> Markup {
    html! {
        section id={ "workspace-" (workspace.id) } class="card border border-base-300 bg-base-100 shadow-sm" aria-labelledby={ "name-" (workspace.id) } {
            div class="flex flex-wrap items-center gap-x-4 gap-y-2 p-5" {
                div class="min-w-0 flex-1" {
                    div class="flex flex-wrap items-center gap-x-3 gap-y-1" {
                        h2 id={ "name-" (workspace.id) } class="font-semibold wrap-anywhere" { (workspace.name) }
                        @if !workspace.jurisdiction.is_empty() { span class="badge badge-outline badge-sm uppercase" { (workspace.jurisdiction) } }
                    }
                    p class="text-sm text-muted" { code class="wrap-anywhere" { (workspace.id) } " · created " (when(view.now_at, workspace.created_at)) }
                }
                a class="link text-sm" href=(paths::console_audit(&workspace.id, "", None)) { "Audit log" span class="sr-only" { " of " (workspace.name) } }
                form method="post" action=(paths::console_open(&workspace.id)) {
                    (csrf_field(&view.csrf))
                    button class="btn btn-sm btn-quiet" { "Open" span class="sr-only" { " the Integrations page of " (workspace.name) } }
                }
            }
            @if workspace.connections.is_empty() {
                p class="border-t border-base-300 px-5 py-4 text-sm text-muted" { "No HubSpot account is connected." }
            } @else {
                ul class="divide-y divide-base-300 border-t border-base-300" {
                    @for line in &workspace.connections { (connection_line(view.now_at, line)) }
                }
            }
        }
    }
}

fn connection_line(now_at: i64, line: &ConnectionLine) -> Markup {
    let tone = if line.state == ConnectionState::NeedsReauthorisation { Tone::Bad } else { Tone::Warning };
    html! {
        li id={ "line-" (line.id) } class="px-5 py-4" {
            div class="grid items-center gap-x-6 gap-y-1.5 sm:grid-cols-[minmax(0,3fr)_10.5rem_minmax(0,2fr)]" {
                div class="min-w-0" {
                    p class="font-medium wrap-anywhere" { (if line.portal_name.is_empty() { "HubSpot" } else { &line.portal_name }) }
                    p class="text-sm text-muted" { "HubSpot account " (line.portal_id) @if !line.app_label.is_empty() { " · " (line.app_label) } }
                }
                div { (state_badge(line.state, line.percent.is_some())) }
                div class="text-sm" {
                    p class="tabular-nums" { (count(line.records, "record", "records")) @if let Some(percent) = line.percent { " · " (percent.min(100)) " %" } }
                    @if let Some(percent) = line.percent {
                        progress class="progress progress-primary" aria-label="First sync" value=(percent.min(100)) max="100" {}
                    } @else {
                        p class="text-muted" {
                            (line.freshness_words)
                            @if let Some(at) = line.last_checked_at { " · checked " (when(now_at, at)) }
                        }
                    }
                }
            }
            @if let Some(error) = &line.last_error { div class="mt-3" { (error_message(now_at, error, tone, html! {})) } }
        }
    }
}

fn health(now_at: i64, lines: &[HealthView]) -> Markup {
    html! {
        @if !lines.is_empty() {
            section class="mt-10" aria-labelledby="health" {
                h2 id="health" class="mb-3 font-semibold" { "Health of this deployment" }
                dl class="card divide-y divide-base-300 border border-base-300 bg-base-100 text-sm shadow-sm" {
                    @for line in lines {
                        div class="flex flex-wrap items-center justify-between gap-x-6 gap-y-1 px-5 py-3" {
                            dt { (line.label) }
                            dd class={ "inline-flex items-center gap-2 font-medium tabular-nums " (health_class(line.tone)) } {
                                @match line.value {
                                    HealthValue::Words(words) => (words),
                                    HealthValue::Count(count) => (number(count)),
                                    HealthValue::At(Some(at)) => (when(now_at, at)),
                                    HealthValue::At(None) => "never",
                                }
                                @if matches!(line.tone, Tone::Warning | Tone::Bad) { (icon(Icon::Alert)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

const fn health_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good | Tone::Note => "",
        Tone::Warning => "text-warning",
        Tone::Bad => "text-error",
    }
}

//! Who did what: the audit log of a connection, and the operator's of the whole deployment.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, bar, document, icon, sign_out};
use super::connection::{self, ConnectionFrame, Tab};
use super::paths;
use super::words::moment;

/// Beginnings of actions by which a connection's log is narrowed, with their words.
pub const OF_CONNECTION: [(&str, &str); 13] = [
    ("", "Everything"),
    ("person.", "People deleted, exported, let in"),
    ("retention.", "Retention"),
    ("connection.", "Connecting and disconnecting"),
    ("sync.", "Pauses and full reads"),
    ("fields.", "Choice of fields"),
    ("type.", "Types of records"),
    ("list.", "Lists"),
    ("channel.", "Channels"),
    ("endpoint.", "Endpoints"),
    ("seat.", "Seats"),
    ("tier.", "Tier"),
    ("data.", "Deletion of what was read"),
];

/// The same of the operator's.
pub const OF_DEPLOYMENT: [(&str, &str); 6] = [
    ("", "Everything"),
    ("operator.", "Sign-ins to this console"),
    ("session.", "Sign-ins of people"),
    ("key.", "API keys"),
    ("workspace.", "Workspaces"),
    ("connection.", "Connecting and disconnecting"),
];

/// The log of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditView {
    pub at: ConnectionFrame,
    pub log: LogView,
}

/// The operator's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OperatorAuditView {
    pub product: String,
    #[serde(skip)]
    pub csrf: String,
    /// Only of this workspace, by id and name; None: of all, with the sign-ins to the console.
    pub workspace: Option<(String, String)>,
    pub log: LogView,
}

/// A page of entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogView {
    /// The beginning of the actions shown; empty: all.
    pub action: String,
    pub entries: Vec<EntryLine>,
    /// The entries shown are not the newest.
    pub continued: bool,
    /// Where older ones begin, if there are any.
    pub before: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryLine {
    pub at: i64,
    /// What was done, in words.
    pub words: String,
    /// By whom.
    pub by: String,
    /// On what: an id, a type; may be empty.
    pub subject: String,
    /// More of it, in words; may be empty.
    pub details: String,
    /// Of which workspace, where that is not said above.
    pub workspace: Option<String>,
}

pub fn page(view: &AuditView) -> Page {
    let (at, paths) = (&view.at, view.at.paths());
    let main = html! {
        (connection::heading(at, Tab::Audit, html! {}))
        h2 class="font-semibold" { "Audit log" }
        p class="mt-1 mb-4 max-w-prose text-sm text-muted" {
            "Who did what with this account. It holds no contact's data and nothing edits it; how long it is kept is set under "
            a class="link" href=(paths.privacy()) { "Privacy" } "."
        }
        (filter(&paths.audit("", None), &OF_CONNECTION, &view.log, None))
        (log(&view.log, false, |before| paths.audit(&view.log.action, before)))
    };
    Page { status: 200, html: connection::document(at, "Audit log", false, main) }
}

/// The operator's page.
pub fn operator(view: &OperatorAuditView) -> Page {
    let workspace = view.workspace.as_ref().map_or("", |(id, _)| id.as_str());
    let top =
        bar(paths::CONSOLE, &view.product, "Operator console", sign_out(paths::CONSOLE_SIGN_OUT, &view.csrf));
    let body = html! {
        (top)
        main id="main" tabindex="-1" class="mx-auto w-full max-w-5xl flex-1 px-4 py-6 outline-none sm:px-6 sm:py-10" {
            div class="mb-5 flex flex-wrap gap-x-6 gap-y-2 text-sm text-muted" {
                a class="inline-flex items-center gap-1.5 hover:text-base-content" href=(paths::CONSOLE) { (icon(Icon::Back)) "Workspaces" }
            }
            h1 class="text-2xl font-semibold tracking-tight wrap-anywhere" { "Audit log" @if let Some((_, name)) = &view.workspace { " of " (name) } }
            p class="mt-1 mb-4 max-w-prose text-sm text-muted" {
                @if view.workspace.is_some() { "Keys, sessions and connections of this workspace. What was done with a connection stands in its own log. " a class="link" href=(paths::console_audit("", "", None)) { "All workspaces" } }
                @else { "Workspaces, keys, sessions, and sign-ins to this console, those refused too. What was done with a connection stands in its own log." }
            }
            (filter(paths::CONSOLE_AUDIT, &OF_DEPLOYMENT, &view.log, view.workspace.as_ref().map(|(id, _)| id.as_str())))
            (log(&view.log, workspace.is_empty(), |before| paths::console_audit(workspace, &view.log.action, before)))
        }
    };
    Page { status: 200, html: document("Audit log", &view.product, false, body) }
}

fn filter(to: &str, groups: &[(&str, &str)], log: &LogView, workspace: Option<&str>) -> Markup {
    html! {
        form class="mb-4 flex flex-wrap items-end gap-3" method="get" action=(to) {
            @if let Some(workspace) = workspace { input type="hidden" name="workspace" value=(workspace); }
            div class="grid w-full gap-1.5 sm:w-auto" {
                label class="text-sm font-medium" for="action" { "Kind of entry" }
                select id="action" class="select w-full sm:w-72" name="action" {
                    @for (value, words) in groups { option value=(value) selected[*value == log.action] { (words) } }
                }
            }
            button class="btn btn-quiet" { "Show" }
        }
    }
}

/// `of_all`: each entry says of which workspace it is.
fn log(log: &LogView, of_all: bool, link: impl Fn(Option<&str>) -> String) -> Markup {
    html! {
        @if log.entries.is_empty() {
            p class="card border border-base-300 bg-base-100 p-6 text-center text-sm text-muted shadow-sm" { @if log.continued || !log.action.is_empty() { "No such entry." } @else { "Nothing has been done yet." } }
        } @else {
            div class="card border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
                table class="rows" role="table" aria-label="Audit log" {
                    thead role="rowgroup" { tr role="row" {
                        @for words in ["What", "When", "Who", "On what"] { th role="columnheader" scope="col" { (words) } }
                    } }
                    tbody role="rowgroup" { @for entry in &log.entries { (line(entry, of_all)) } }
                }
            }
        }
        @if log.continued || log.before.is_some() {
            p class="mt-4 flex flex-wrap gap-3" {
                @if log.continued { a class="btn btn-sm btn-ghost" href=(link(None)) { "Newest" } }
                @if let Some(before) = &log.before { a class="btn btn-sm btn-quiet" href=(link(Some(before))) { "Older" (icon(Icon::Arrow)) } }
            }
        }
    }
}

fn line(entry: &EntryLine, of_all: bool) -> Markup {
    html! {
        tr role="row" {
            th role="rowheader" scope="row" class="wrap-anywhere" {
                (entry.words)
                @if !entry.details.is_empty() { span class="block text-xs font-normal text-muted" { (entry.details) } }
            }
            td role="cell" data-label="When" { (moment(entry.at)) }
            td role="cell" data-label="Who" { span class="wrap-anywhere" { (entry.by) } }
            td role="cell" data-label="On what" {
                span class="wrap-anywhere" {
                    @if entry.subject.is_empty() { span class="text-muted" { "–" } } @else { code class="text-xs select-all" { (entry.subject) } }
                    @if let Some(workspace) = entry.workspace.as_ref().filter(|own| of_all && **own != entry.subject) {
                        span class="block text-xs text-muted" { "in " a class="link" href=(paths::console_audit(workspace, "", None)) { (workspace) } }
                    }
                }
            }
        }
    }
}

//! What the pages of one connection have in common: whose account it is, how it stands, and the way from page to page.

use maud::{Markup, html};

use super::chrome::{Icon, csrf_field, document_below, flash, icon, live_notes, state_badge};
use super::connection_paths::{ConnectionPaths, FieldsQuery};
use super::paths;
use super::view::{ConnectionState, Flash, Frame};
use super::words::capitalised;
use serde::Serialize;

/// Around every page of one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionFrame {
    pub frame: Frame,
    pub flash: Option<Flash>,
    pub id: String,
    /// The account's name, or words with its id.
    pub title: String,
    pub portal_id: i64,
    /// HubSpot's host name for this portal's pages; empty while unknown.
    pub ui_domain: String,
    pub state: ConnectionState,
    /// A first sync is under way.
    pub backfilling: bool,
    /// Paused by a person, not by a limit.
    pub held: bool,
    /// The types it follows, by HubSpot's names.
    pub types: Vec<String>,
    /// What people call records of custom objects among them.
    pub labels: Vec<(String, String)>,
}

impl ConnectionFrame {
    pub fn paths(&self) -> ConnectionPaths {
        ConnectionPaths::new(&self.frame.workspace_id, &self.id)
    }

    /// What records of a type are called, in words.
    pub fn words<'a>(&'a self, object_type: &'a str) -> &'a str {
        let own = self.labels.iter().find(|(kind, _)| kind == object_type);
        own.map_or(object_type, |(_, label)| label)
    }

    /// What one record of a type is called, in words. HubSpot's plural of a custom object's records says nothing of one.
    pub fn one(object_type: &str) -> &str {
        match object_type {
            "companies" => "company",
            "contacts" | "deals" | "tasks" | "calls" | "notes" => &object_type[..object_type.len() - 1],
            _ => "record",
        }
    }

    /// Whether the person may change something here.
    pub const fn may_act(&self) -> bool {
        self.frame.administers && !self.state.is_ended()
    }
}

/// The pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    Sync,
    Records,
    Fields,
    Channels,
    Matching,
    Deliveries,
    Outbox,
    Access,
    Limits,
    Privacy,
    Audit,
    Mappings,
    Activations,
    Scores,
    Automations,
    Workflows,
}

/// A whole page below the heading. `live`: whether it has a part that changes by itself.
pub fn document(at: &ConnectionFrame, title: &str, live: bool, main: Markup) -> String {
    let main = html! {
        (flash(at.flash.as_ref()))
        @if live { (live_notes()) }
        (main)
    };
    let up = Some(("Integrations", paths::integrations(&at.frame.workspace_id)));
    document_below(&format!("{title} · {}", at.title), &at.frame, live, up, main)
}

/// The account, its state, and the other pages. `end`: what can be done with it.
pub fn heading(at: &ConnectionFrame, tab: Tab, end: Markup) -> Markup {
    let account = format!("HubSpot account {}", at.portal_id);
    html! {
        div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-3" {
            div class="min-w-0" {
                div class="flex flex-wrap items-center gap-x-3 gap-y-1.5" {
                    h1 class="text-2xl font-semibold tracking-tight wrap-anywhere" { (at.title) }
                    (state_badge(at.state, at.backfilling))
                }
                p class="mt-1 flex flex-wrap gap-x-4 text-sm text-muted" {
                    @if at.title != account { span { (account) } }
                    @if let Some(url) = paths::hubspot_portal(&at.ui_domain, at.portal_id) {
                        a class="link inline-flex items-center gap-1" href=(url) rel="noreferrer" target="_blank" {
                            "Open in HubSpot" span class="sr-only" { " (new tab)" } (icon(Icon::Out))
                        }
                    }
                }
            }
            (end)
        }
        (tabs(at, tab))
    }
}

/// Every page with its words and address; those of records where there is a type.
pub fn ways(paths: &ConnectionPaths, first_type: Option<&str>) -> Vec<(Tab, &'static str, String)> {
    let mut ways = vec![(Tab::Sync, "Sync", paths.sync())];
    if let Some(first) = first_type {
        ways.push((Tab::Records, "Records", paths.records(first)));
        ways.push((Tab::Fields, "Fields", paths.fields(first, &FieldsQuery::default())));
    }
    ways.push((Tab::Channels, "Channels", paths.channels()));
    ways.push((Tab::Matching, "Matching", paths.matching()));
    ways.push((Tab::Deliveries, "Deliveries", paths.deliveries()));
    ways.push((Tab::Outbox, "Outbox", paths.outbox("", None)));
    ways.push((Tab::Mappings, "Mappings", paths.mappings()));
    ways.push((Tab::Automations, "Automations", paths.automations()));
    ways.push((Tab::Activations, "Activations", paths.activations()));
    ways.push((Tab::Workflows, "Workflows", paths.workflows()));
    ways.push((Tab::Scores, "Scores", paths.scores()));
    ways.push((Tab::Access, "Access", paths.access()));
    ways.push((Tab::Limits, "Limits", paths.limits()));
    ways.push((Tab::Privacy, "Privacy", paths.privacy()));
    ways.push((Tab::Audit, "Audit log", paths.audit("", None)));
    ways
}

fn tabs(at: &ConnectionFrame, current: Tab) -> Markup {
    let tabs = ways(&at.paths(), at.types.first().map(String::as_str));
    html! {
        nav class="mt-5 mb-6 border-b border-base-300" aria-label="Pages of this account" {
            ul class="flex flex-wrap sm:gap-x-1" {
                @for (tab, words, path) in tabs {
                    li { a class="page-tab" href=(path) aria-current=[(tab == current).then_some("page")] { (words) } }
                }
            }
        }
    }
}

/// The way from type to type. `link` makes the address of one.
pub fn types(at: &ConnectionFrame, current: &str, link: impl Fn(&str) -> String) -> Markup {
    html! {
        nav aria-label="Types of records" {
            ul class="choices" {
                @for name in &at.types {
                    li { a href=(link(name)) aria-current=[(name == current).then_some("page")] { (capitalised(at.words(name))) } }
                }
            }
        }
    }
}

/// A button that sends nothing but itself. `hidden`: what tells buttons of one name apart, for who cannot see where they are.
pub fn action(at: &ConnectionFrame, path: &str, look: &str, words: &str, hidden: &str) -> Markup {
    html! {
        form method="post" action=(path) {
            (csrf_field(&at.frame.csrf))
            button class={ "btn btn-sm " (look) } { (words) @if !hidden.is_empty() { span class="sr-only" { " " (hidden) } } }
        }
    }
}

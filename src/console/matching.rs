//! Matching tried out: one domain or address, which record it leads to, and why.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::chrome::{Icon, alert_class, csrf_field, icon, tone_icon};
use super::connection::{self, ConnectionFrame, Tab};
use super::view::Tone;
use super::words::{number, when};

/// The page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatchingView {
    pub at: ConnectionFrame,
    /// What was tried; empty at first.
    pub asked: String,
    /// What came of it, by type of record.
    pub results: Vec<ResultView>,
}

/// What came of it for one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResultView {
    /// `companies` or `contacts`.
    pub object_type: String,
    /// Why it is the first of the candidates, or why there is none.
    pub reasons: Vec<String>,
    /// What was not looked for, in sentences.
    pub ignored: Vec<String>,
    /// The best first: that is the choice.
    pub candidates: Vec<CandidateLine>,
    /// How many there are besides.
    pub more: u64,
}

/// A record that may be meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CandidateLine {
    pub id: String,
    /// Empty if it has no name.
    pub name: String,
    pub deals: u64,
    pub contacts: u64,
    pub updated_at: i64,
    /// By what it was found: `Domain: acme.com`.
    pub found_by: Vec<String>,
}

pub fn page(view: &MatchingView) -> Page {
    let MatchingView { at, asked, results } = view;
    let main = html! {
        (connection::heading(at, Tab::Matching, html! {}))
        div class="grid gap-8" {
            section class="card border border-base-300 bg-base-100 p-5 shadow-sm sm:p-6" aria-labelledby="try" {
                h2 id="try" class="font-semibold" { "Try a name" }
                p class="mt-1 max-w-prose text-sm text-muted" {
                    "Which company has a domain, and which contact an address. It is looked for among the records as they are kept here; HubSpot is not asked, and nothing is changed."
                }
                form class="mt-4 flex max-w-2xl flex-wrap items-end gap-3" role="search" method="post" action=(at.paths().matching()) {
                    (csrf_field(&at.frame.csrf))
                    div class="grid min-w-40 flex-1 gap-1.5" {
                        label class="text-sm font-medium" for="name" { "Domain, website or e-mail address" }
                        input id="name" class="input w-full" name="name" value=(asked) required maxlength="320" autocomplete="off" autocapitalize="none" spellcheck="false" inputmode="url" aria-describedby="name-help";
                    }
                    button class="btn btn-primary" { "Find the match" }
                    p id="name-help" class="w-full text-sm text-muted" { "As your product has it: acme.com, https://www.acme.com/en, jane@acme.com." }
                }
            }
            @for result in results { (section(at, result)) }
            (rules())
        }
    };
    Page { status: 200, html: connection::document(at, "Matching", false, main) }
}

fn section(at: &ConnectionFrame, result: &ResultView) -> Markup {
    let one = ConnectionFrame::one(&result.object_type);
    let (id, company) = (format!("match-{one}"), result.object_type == "companies");
    let tone = if result.candidates.is_empty() { Tone::Note } else { Tone::Good };
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) class="mb-3 font-semibold" { @if company { "Company" } @else { "Contact" } }
            div class={ "alert alert-soft items-start " (alert_class(tone)) } role="status" {
                (icon(tone_icon(tone)))
                div class="min-w-0" {
                    p class="font-medium wrap-anywhere" {
                        @match result.candidates.first() {
                            Some(best) => { (name(best)) },
                            None => { "No " (one) },
                        }
                    }
                    @for reason in &result.reasons { p class="mt-0.5 wrap-anywhere" { (reason) } }
                    @for words in &result.ignored { p class="mt-0.5 text-sm wrap-anywhere" { (words) } }
                }
            }
            @if !result.candidates.is_empty() { (table(at, result, &id, company)) }
        }
    }
}

fn name(line: &CandidateLine) -> &str {
    if line.name.is_empty() { "No name" } else { &line.name }
}

fn table(at: &ConnectionFrame, result: &ResultView, id: &str, company: bool) -> Markup {
    let headings: &[&str] = if company {
        &["Deals", "Contacts", "Modified", "Found by"]
    } else {
        &["Deals", "Modified", "Found by"]
    };
    html! {
        div class="card mt-4 border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
            table class="rows" role="table" aria-labelledby=(id) {
                thead role="rowgroup" { tr role="row" {
                    th role="columnheader" scope="col" { "Name" }
                    @for words in headings { th role="columnheader" scope="col" { (words) } }
                } }
                tbody role="rowgroup" {
                    @for (place, line) in result.candidates.iter().enumerate() {
                        tr role="row" {
                            th role="rowheader" scope="row" {
                                a class="link wrap-anywhere" href=(at.paths().record(&result.object_type, &line.id)) { (name(line)) }
                                @if place == 0 { span class="ml-2 inline-flex items-center gap-1 text-xs text-muted" { (icon(Icon::Arrow)) "chosen" } }
                            }
                            td role="cell" data-label="Deals" { (number(line.deals)) }
                            @if company { td role="cell" data-label="Contacts" { (number(line.contacts)) } }
                            td role="cell" data-label="Modified" { (when(at.frame.now_at, line.updated_at)) }
                            td role="cell" data-label="Found by" {
                                div { @for words in &line.found_by { span class="block wrap-anywhere" { (words) } } }
                            }
                        }
                    }
                }
            }
        }
        @if result.more > 0 { p class="mt-2 text-sm text-muted" { "And " (number(result.more)) " more." } }
    }
}

fn rules() -> Markup {
    html! {
        section aria-labelledby="rules" {
            h2 id="rules" class="font-semibold" { "How it is decided" }
            ul class="mt-2 grid max-w-prose list-disc gap-1.5 pl-5 text-sm text-muted" {
                li { "A company counts by its company domain name, by its website while it has none, and by its additional domains." }
                li { "What is compared is the domain that was registered: www, ports, paths and subdomains make no difference, and neither do upper case or other spellings of one name." }
                li { "A company with the very same host goes before those of which only the registered domain is the same." }
                li { "Of several companies it is the one with the most deals, then the most contacts, then the one modified most recently." }
                li { "Domains of mail providers and hosts on which anybody has a page, such as gmail.com and linkedin.com, match nobody." }
                li { "A contact counts by each of its e-mail addresses." }
            }
        }
    }
}

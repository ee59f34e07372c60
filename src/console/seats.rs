//! Seats: the page between a host's link and HubSpot, what went wrong on the way, and the list on a connection's Access page.

use maud::{Markup, html};
use serde::Serialize;

use super::Page;
use super::access::AccessView;
use super::chrome::{Icon, card_document, csrf_field, icon};
use super::connection::action;
use super::words::{planned, when};

/// The page of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeatCardView {
    pub product: String,
    pub workspace_name: String,
    /// The HubSpot account.
    pub account: String,
    /// The host's own name for its user.
    pub user: String,
    /// Where the form is sent: the link itself.
    pub to: String,
    #[serde(skip)]
    pub csrf: String,
}

/// Why a user has no seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum SeatOutcome {
    /// The link, or the way back from HubSpot, is used up, too old, another browser's or nobody's.
    Spent,
    /// The user did not approve.
    Denied,
    /// The user chose another account than this.
    OtherAccount(String),
    /// HubSpot gave the rights of the whole app.
    NotUserLevel,
    /// HubSpot refused.
    Refused,
    /// HubSpot did not answer.
    Silent,
    /// No app for seats is configured.
    Off,
    /// Ours.
    Fault { correlation_id: String },
}

/// The list on the Access page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeatsView {
    /// No app for seats is configured.
    pub off: bool,
    pub seats: Vec<SeatLine>,
    /// There are more than are shown.
    pub more: bool,
}

/// One seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeatLine {
    pub id: String,
    pub user: String,
    pub state: SeatState,
    pub since_at: i64,
    pub used_at: Option<i64>,
    /// When a link that nobody has used ends.
    pub link_until_at: Option<i64>,
}

/// How a seat stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SeatState {
    Invited,
    Pending,
    Active,
    Expired,
    Revoked,
}

impl SeatState {
    const fn badge(self) -> (&'static str, &'static str) {
        match self {
            Self::Invited => ("badge-info", "Invited"),
            Self::Pending => ("badge-info", "Authorised, not taken on yet"),
            Self::Active => ("badge-success", "Active"),
            Self::Expired => ("badge-warning", "Expired"),
            Self::Revoked => ("badge-neutral", "Revoked"),
        }
    }

    /// Whether there is something to end.
    const fn may_end(self) -> bool {
        match self {
            Self::Invited | Self::Pending | Self::Active => true,
            Self::Expired | Self::Revoked => false,
        }
    }
}

/// Before a user leaves for HubSpot: who asks for what, in whose name, because a link can be sent to a stranger. Send it with
/// HubSpot's origin as a form target ([`super::security_headers`]).
pub fn card(view: &SeatCardView) -> Page {
    const TITLE: &str = "Use HubSpot as yourself";
    let card = html! {
        div class="flex items-center gap-3" aria-hidden="true" {
            span class="tile tile-plain" { (view.user.chars().next().unwrap_or('·')) }
            span class="text-muted" { (icon(Icon::Arrow)) }
            span class="tile" { (icon(Icon::Spokes)) }
        }
        h1 class="mt-5 text-xl font-semibold tracking-tight wrap-anywhere" { (TITLE) }
        p class="mt-2" {
            (view.product) " asks to act in the HubSpot account " strong class="font-semibold wrap-anywhere" { (view.account) }
            " as you: it will see what you may see there, and nothing else."
        }
        dl class="facts mt-4" {
            div { dt { "You" } dd class="wrap-anywhere" { (view.user) } }
            div { dt { "Workspace" } dd class="wrap-anywhere" { (view.workspace_name) } }
            div { dt { "HubSpot account" } dd class="wrap-anywhere" { (view.account) } }
        }
        div class="alert alert-soft alert-warning mt-4 items-start" {
            (icon(Icon::Alert))
            span {
                "Go on only if you are " strong class="font-semibold wrap-anywhere" { (view.user) } " and have just asked for this in " (view.product)
                ". If somebody sent you this link, close the page: whoever made it would see HubSpot with your eyes."
            }
        }
        form class="mt-7 flex flex-wrap gap-3" method="post" action=(view.to) {
            (csrf_field(&view.csrf))
            button class="btn btn-primary" { "Continue to HubSpot" }
        }
        p class="mt-4 text-sm text-muted" { "HubSpot will ask you to choose that account and to approve. You can end it at any time in HubSpot, or in " (view.product) "." }
    };
    Page { status: 200, html: card_document(TITLE, &view.product, card) }
}

/// The way ended without a seat.
pub fn outcome(product: &str, outcome: &SeatOutcome) -> Page {
    let again = format!("Go back to {product} and start from there: that makes a new link.");
    let (status, title, what, advice, reference) = match outcome {
        SeatOutcome::Spent => (
            410,
            "This link has been used or has expired",
            "A link works once, for an hour, and has to be started and finished in one browser within ten minutes. Nothing has been stored.".to_owned(),
            again,
            None,
        ),
        SeatOutcome::Denied => (
            200,
            "You did not approve",
            "HubSpot says that the request was cancelled. Nothing has been stored.".to_owned(),
            again,
            None,
        ),
        SeatOutcome::OtherAccount(expected) => (
            400,
            "That was another HubSpot account",
            format!("This is for {expected}, and you chose another account. Nothing has been stored."),
            format!("Start again from {product} and choose that account in HubSpot."),
            None,
        ),
        SeatOutcome::NotUserLevel => (
            400,
            "HubSpot gave more than your own rights",
            "The access that came back is not yours alone but the whole app's, so it was not kept.".to_owned(),
            "Tell whoever runs this deployment: the app that is configured for users is not user-level in HubSpot.".to_owned(),
            None,
        ),
        SeatOutcome::Refused => (
            400,
            "HubSpot refused",
            "HubSpot did not accept this approval: it was used already, came too late, or you may not use the app in this account. Nothing has been stored.".to_owned(),
            again,
            None,
        ),
        SeatOutcome::Silent => (
            502,
            "HubSpot does not answer",
            "You approved, but HubSpot could not be reached to finish. Nothing has been stored.".to_owned(),
            format!("Wait a few minutes and start again from {product}."),
            None,
        ),
        SeatOutcome::Off => (
            404,
            "This is not available here",
            "This deployment has no HubSpot app through which single users can authorise.".to_owned(),
            "Tell whoever runs it: an app of kind user is missing in its configuration.".to_owned(),
            None,
        ),
        SeatOutcome::Fault { correlation_id } => (
            500,
            "That did not work, and it is our mistake",
            "It could not be finished on our side.".to_owned(),
            "Try again later, or send the reference below to support.".to_owned(),
            Some(correlation_id),
        ),
    };
    let card = html! {
        span class="tile tile-plain text-warning" { (icon(Icon::Alert)) }
        h1 class="mt-5 text-xl font-semibold tracking-tight" { (title) }
        p class="mt-2 wrap-anywhere" { (what) }
        h2 class="mt-5 text-sm font-semibold" { "What you can do" }
        p class="mt-1" { (advice) }
        @if let Some(reference) = reference {
            p class="mt-5 text-sm text-muted" { "Reference " code class="wrap-anywhere select-all text-base-content" { (reference) } }
        }
    };
    Page { status, html: card_document(title, product, card) }
}

/// The part of the Access page.
pub(super) fn part(view: &AccessView) -> Markup {
    let (at, seats) = (&view.at, &view.seats);
    html! {
        section class="mt-8" aria-labelledby="seats" {
            h2 id="seats" class="font-semibold" { "Seats" }
            p class="mt-1 mb-3 max-w-prose text-sm text-muted" {
                @if seats.off {
                    "Off: this deployment has no HubSpot app of kind " code { "user" } ", and the tokens of other apps do not carry one person's own rights. Whoever runs the deployment can add one."
                } @else {
                    "People who have authorised individually. What is asked in their name shows what HubSpot lets each of them see. "
                    (at.frame.product) " makes their links."
                }
            }
            @if !seats.off {
                @if seats.seats.is_empty() {
                    p class="text-sm text-muted" { "Nobody has a seat yet." }
                } @else {
                    div class="card border border-base-300 bg-base-100 px-5 py-2 shadow-sm" {
                        table class="rows" role="table" aria-label="Seats" {
                            thead role="rowgroup" { tr role="row" {
                                @for words in ["User", "State", "Since", "Last used"] { th role="columnheader" scope="col" { (words) } }
                                @if view.at.frame.administers { th role="columnheader" scope="col" { span class="sr-only" { "Revoke" } } }
                            } }
                            tbody role="rowgroup" { @for seat in &seats.seats { (line(view, seat)) } }
                        }
                    }
                    @if seats.more { p class="mt-3 text-sm text-muted" { "The API lists them all." } }
                }
            }
        }
    }
}

fn line(view: &AccessView, seat: &SeatLine) -> Markup {
    let at = &view.at;
    let (colour, words) = seat.state.badge();
    html! {
        tr role="row" {
            th role="rowheader" scope="row" { span class="wrap-anywhere" { (seat.user) } }
            td role="cell" data-label="State" {
                span class="flex flex-wrap items-center gap-2" {
                    span class={ "badge badge-soft badge-sm " (colour) } { (words) }
                    @if let Some(until) = seat.link_until_at { span class="text-sm text-muted" { "link ends " (planned(at.frame.now_at, until)) } }
                }
            }
            td role="cell" data-label="Since" { (when(at.frame.now_at, seat.since_at)) }
            td role="cell" data-label="Last used" {
                @match seat.used_at { Some(used) => (when(at.frame.now_at, used)), None => span class="text-muted" { "Never" } }
            }
            @if at.frame.administers {
                td role="cell" {
                    @if seat.state.may_end() {
                        (action(at, &at.paths().access_action(&format!("seats/{}/revoke", seat.id)), "btn-ghost", "Revoke", &seat.user))
                    }
                }
            }
        }
    }
}

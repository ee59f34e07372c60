//! Pages that say why something did not happen and what to do: a connection that did not come about, a link that
//! is spent, a page that one may not see, a fault of ours.

use maud::{Markup, html};

use super::Page;
use super::chrome::{Icon, card_document, icon};
use super::paths;
use super::view::{Notice, NoticeView, Outcome, OutcomeView, Place, ScopeView, Tone};
use super::words::{capitalised, duration};

/// How a return from HubSpot ended without a connection. (One that ended in a connection is a redirect to the
/// Integrations page with a flash.)
pub fn outcome(view: &OutcomeView) -> Page {
    let nothing = "Nothing has been stored.";
    let again = view
        .workspace_id
        .as_deref()
        .map(|workspace| Way { href: paths::integrations(workspace), words: "Back to Integrations".into() });
    let text = match &view.outcome {
        Outcome::Denied => Text {
            status: 200,
            tone: Tone::Note,
            title: "You did not approve the connection",
            what: html! { "HubSpot says that the request was cancelled. " (nothing) },
            advice: html! { "If that was not meant, go back to Integrations and connect again. If you may not install apps in this HubSpot account, ask someone who may: HubSpot calls that right " em { "App Marketplace access" } "." },
            reference: None,
        },
        Outcome::CodeRefused => Text {
            status: 400,
            tone: Tone::Warning,
            title: "This approval has been used or has expired",
            what: html! { "HubSpot's approval works once and only for a short time. This one was opened again, or too late. " (nothing) },
            advice: html! { "Look at Integrations first: if the page was only reloaded, the account is connected already. If it is not, connect again." },
            reference: None,
        },
        Outcome::StateMissing => Text {
            status: 400,
            tone: Tone::Note,
            title: "Start from your Integrations page",
            what: html! { "This installation began in HubSpot, so it is not known which workspace the data is for. " (nothing) },
            advice: html! { "Sign in to " (view.product) ", open Integrations and choose + Connect. HubSpot will remember that you have approved." },
            reference: None,
        },
        Outcome::StateForeign => Text {
            status: 400,
            tone: Tone::Warning,
            title: "This connection was not started here",
            what: html! { "To connect an account, one person has to start, approve and finish in the same browser within ten minutes. This return from HubSpot does not belong to such a start. " (nothing) },
            advice: html! { "Open Integrations in this browser; if the account is not connected there, connect it again. If somebody sent you the link, do not use it: it could connect your HubSpot account to their workspace." },
            reference: None,
        },
        Outcome::ScopesMissing(scopes) => Text {
            status: 400,
            tone: Tone::Warning,
            title: "Some permissions are missing",
            what: html! { "HubSpot approved the connection, but without what it cannot work without:" (scope_list(scopes)) p class="mt-3" { (nothing) } },
            advice: html! { "Connect again and approve everything that is asked for. If HubSpot does not offer it, your own HubSpot user lacks these rights, or the account's plan does: ask a super admin of the account." },
            reference: None,
        },
        Outcome::OtherPortal { expected, chosen } => Text {
            status: 400,
            tone: Tone::Warning,
            title: "That was another HubSpot account",
            what: html! { "You chose " strong class="wrap-anywhere" { (chosen) } ", but this connection belongs to " strong class="wrap-anywhere" { (expected) } ". The connection is as it was." },
            advice: html! { "Reconnect and choose " (expected) ". To have both, go back and connect the other account as a new connection." },
            reference: None,
        },
        Outcome::HubSpotError { words, correlation_id } => Text {
            status: 502,
            tone: Tone::Bad,
            title: "HubSpot refused the connection",
            what: html! {
                @if let Some(words) = words { "HubSpot's answer: “" span class="wrap-anywhere" { (words) } "” " } @else { "HubSpot gave no reason that could be shown here. " }
                (nothing)
            },
            advice: html! {
                "Try once more. If it comes again, "
                @if correlation_id.is_some() { "send the reference below to" } @else { "tell" }
                " whoever supports you in " (view.product) "."
            },
            reference: correlation_id.as_deref(),
        },
        Outcome::HubSpotSilent { correlation_id } => Text {
            status: 502,
            tone: Tone::Warning,
            title: "HubSpot does not answer",
            what: html! { "You approved, but HubSpot could not be reached to finish. " (nothing) },
            advice: html! { "Wait a few minutes and connect again. " a class="link" href="https://status.hubspot.com" rel="noreferrer" { "status.hubspot.com" } " tells whether HubSpot has a problem." },
            reference: correlation_id.as_deref(),
        },
        Outcome::OurFault { correlation_id } => Text {
            status: 500,
            tone: Tone::Bad,
            title: "That did not work, and it is our mistake",
            what: html! { "You approved and HubSpot agreed, but the connection could not be finished on our side. " (nothing) },
            advice: html! { "There is nothing you need to change. Try again later, or send the reference below to support." },
            reference: Some(correlation_id),
        },
    };
    show(&view.product, text, again, view.return_url.as_deref())
}

/// Every other dead end.
pub fn notice(view: &NoticeView) -> Page {
    let product = &view.product;
    let way = match &view.place {
        Place::Nowhere => None,
        Place::Workspace(id) => {
            Some(Way { href: paths::integrations(id), words: "Back to Integrations".into() })
        }
        Place::Console => Some(Way { href: paths::CONSOLE.into(), words: "Back to the console".into() }),
    };
    let open_again =
        html! { "Go back to " (product) " and open Integrations from there: that makes a new link." };
    let text = match &view.notice {
        Notice::LinkSpent => Text {
            status: 410,
            tone: Tone::Note,
            title: "This link has been used or has expired",
            what: html! { "The link to Integrations works once, for a few minutes, so that nobody can come in with it after you." },
            advice: open_again,
            reference: None,
        },
        Notice::LinkUnknown => Text {
            status: 404,
            tone: Tone::Note,
            title: "This link is not valid",
            what: html! { "It may have been cut off when it was copied." },
            advice: open_again,
            reference: None,
        },
        Notice::NotAdministrator => Text {
            status: 403,
            tone: Tone::Note,
            title: "Only administrators can do this",
            what: html! { "Connecting, disconnecting and changing how accounts are kept in step is for the administrators of your workspace. You are signed in, but not as one." },
            advice: html! { "Ask an administrator of your workspace to do it, or to make you one in " (product) "." },
            reference: None,
        },
        Notice::SignedOut => Text {
            status: 401,
            tone: Tone::Note,
            title: "You are signed out",
            what: html! { "Your session has ended. Whatever is connected stays connected and up to date." },
            advice: open_again,
            reference: None,
        },
        Notice::GoodBye => Text {
            status: 200,
            tone: Tone::Good,
            title: "You have signed out",
            what: html! { "Whatever is connected stays connected and up to date." },
            advice: html! { "You can close this page. " (open_again) },
            reference: None,
        },
        Notice::StaleForm => Text {
            status: 403,
            tone: Tone::Warning,
            title: "That page was out of date",
            what: html! { "The form belonged to an earlier session, so nothing has been done." },
            advice: html! { "Go back, reload the page and try again." },
            reference: None,
        },
        Notice::NotFound => Text {
            status: 404,
            tone: Tone::Note,
            title: "There is no such page",
            what: html! { "The address is mistyped, or what was here is gone." },
            advice: if way.is_some() {
                html! { "Go back and start from there." }
            } else {
                open_again
            },
            reference: None,
        },
        Notice::TooMany { retry_after_s } => Text {
            status: 429,
            tone: Tone::Warning,
            title: "Too many attempts",
            what: html! { "To keep guessers out, there is a pause after several attempts." },
            advice: html! { "Try again in " (at_least(*retry_after_s)) "." },
            reference: None,
        },
        Notice::Fault { correlation_id } => Text {
            status: 500,
            tone: Tone::Bad,
            title: "Something went wrong on our side",
            what: html! { "The page could not be made. Your connections are not affected by it." },
            advice: html! { "Reload it in a moment. If it stays, send the reference below to support." },
            reference: Some(correlation_id),
        },
    };
    show(product, text, way, view.return_url.as_deref())
}

/// Seconds in words that promise nothing too early: from a minute on, whole minutes upwards.
fn at_least(seconds: u32) -> String {
    let seconds = i64::from(seconds).max(1);
    let whole = if seconds < 60 { seconds } else { (seconds + 59) / 60 * 60 };
    duration(whole * 1_000)
}

struct Way {
    href: String,
    words: String,
}

struct Text<'a> {
    status: u16,
    tone: Tone,
    title: &'static str,
    what: Markup,
    advice: Markup,
    reference: Option<&'a str>,
}

fn show(product: &str, text: Text<'_>, way: Option<Way>, return_url: Option<&str>) -> Page {
    let (colour, sign) = match text.tone {
        Tone::Good => ("text-success", Icon::Check),
        Tone::Note => ("text-info", Icon::Info),
        Tone::Warning => ("text-warning", Icon::Alert),
        Tone::Bad => ("text-error", Icon::Alert),
    };
    let back = return_url.and_then(paths::outside);
    let card = html! {
        span class={ "tile tile-plain " (colour) } { (icon(sign)) }
        h1 class="mt-5 text-xl font-semibold tracking-tight" { (text.title) }
        div class="mt-2" { (text.what) }
        h2 class="mt-5 text-sm font-semibold" { "What you can do" }
        p class="mt-1" { (text.advice) }
        @if let Some(reference) = text.reference {
            p class="mt-5 text-sm text-muted" { "Reference " code class="wrap-anywhere select-all text-base-content" { (reference) } }
        }
        @if way.is_some() || back.is_some() {
            div class="mt-7 flex flex-wrap gap-3" {
                @if let Some(way) = &way { a class="btn btn-primary" href=(way.href) { (way.words) } }
                @if let Some(url) = back {
                    a class={ "btn " (if way.is_some() { "btn-ghost" } else { "btn-primary" }) } href=(url) rel="noreferrer" { "Back to " (product) }
                }
            }
        }
    };
    Page { status: text.status, html: card_document(text.title, product, card) }
}

fn scope_list(scopes: &[ScopeView]) -> Markup {
    html! {
        ul class="mt-3 grid gap-2" {
            @for scope in scopes {
                li class="flex items-start gap-2.5" {
                    span class="mt-0.5 text-error" { (icon(Icon::Cross)) }
                    span { (capitalised(&scope.words)) br; code class="text-sm text-muted wrap-anywhere" { (scope.scope) } }
                }
            }
        }
    }
}

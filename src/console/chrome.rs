//! What pages have in common: the document, the bar on top, messages, icons, forms.

use maud::{DOCTYPE, Markup, html};

use super::paths;
use super::view::{ConnectionState, ErrorView, Flash, Frame, Tone};
use super::words::when;

/// htmx adds a style element of its own, and evaluates code in attributes, unless told not to; the policy of
/// [`super::security_headers`] would block both.
const HTMX_CONFIG: &str = r#"{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"selfRequestsOnly":true,"historyEnabled":false,"defaultSettleDelay":0}"#;

/// A whole document. `live` loads the scripts that ask for parts again; pages without such parts carry none.
pub fn document(title: &str, product: &str, live: bool, body: Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · " (product) }
                link rel="icon" type="image/svg+xml" href="/assets/icon.svg";
                link rel="stylesheet" href="/assets/spoke.css";
                @if live {
                    meta name="htmx-config" content=(HTMX_CONFIG);
                    script src="/assets/htmx.min.js" defer {}
                    script src="/assets/idiomorph-ext.min.js" defer {}
                    script src="/assets/spoke.js" defer {}
                }
            }
            body class="flex min-h-dvh flex-col bg-base-200 text-base-content" hx-ext="morph" {
                a class="btn btn-primary sr-only focus:not-sr-only focus:absolute focus:z-10 focus:m-2 focus:h-10 focus:px-4" href="#main" { "Skip to content" }
                (body)
            }
        }
    }
    .into_string()
}

/// A page of a workspace: the bar with product, workspace and person, and the way back.
pub fn workspace_document(title: &str, frame: &Frame, live: bool, main: Markup) -> String {
    document_below(title, frame, live, None, main)
}

/// The same, with the way up to the page that this one belongs to: words and address.
pub fn document_below(
    title: &str,
    frame: &Frame,
    live: bool,
    up: Option<(&str, String)>,
    main: Markup,
) -> String {
    let bar = bar(
        &paths::integrations(&frame.workspace_id),
        &frame.product,
        &frame.workspace_name,
        html! {
            span class="hidden max-w-60 truncate text-sm text-muted sm:block" title="Signed in as" { (frame.user) }
            (sign_out(&paths::sign_out(&frame.workspace_id), &frame.csrf))
        },
    );
    let back = match frame.return_url.as_deref() {
        Some(paths::CONSOLE) => Some((paths::CONSOLE, "the operator console")),
        url => url.and_then(paths::outside).map(|url| (url, frame.product.as_str())),
    };
    document(
        title,
        &frame.product,
        live,
        html! {
            (bar)
            main id="main" tabindex="-1" class="mx-auto w-full max-w-5xl flex-1 px-4 py-6 outline-none sm:px-6 sm:py-10" {
                div class="mb-5 flex flex-wrap gap-x-6 gap-y-2 text-sm text-muted empty:hidden" {
                    @if let Some((url, place)) = back {
                        a class="inline-flex items-center gap-1.5 hover:text-base-content" href=(url) rel="noreferrer" {
                            (icon(Icon::Back)) "Back to " (place)
                        }
                    }
                    @if let Some((words, path)) = &up {
                        a class="inline-flex items-center gap-1.5 hover:text-base-content" href=(path) { (icon(Icon::Back)) (words) }
                    }
                }
                (main)
            }
        },
    )
}

/// The bar on top: `place` is the workspace or the console.
pub fn bar(home: &str, product: &str, place: &str, end: Markup) -> Markup {
    html! {
        header class="border-b border-base-300 bg-base-100" {
            div class="mx-auto flex h-16 w-full max-w-5xl items-center gap-3 px-4 sm:px-6" {
                a class="flex min-w-0 items-center gap-2.5 font-semibold" href=(home) {
                    span class="text-primary" { (icon(Icon::Spokes)) }
                    span class="truncate" { (product) }
                }
                @if !place.is_empty() {
                    span class="text-base-content/40 max-sm:hidden" aria-hidden="true" { "/" }
                    span class="min-w-0 truncate text-muted max-sm:hidden" { (place) }
                }
                div class="ml-auto flex shrink-0 items-center gap-3" { (end) }
            }
        }
    }
}

pub fn sign_out(path: &str, csrf: &str) -> Markup {
    html! {
        form method="post" action=(path) {
            (csrf_field(csrf))
            button class="btn btn-ghost btn-sm" { "Sign out" }
        }
    }
}

/// A page that is one card in the middle: before leaving, after failing, signing in.
pub fn card_document(title: &str, product: &str, card: Markup) -> String {
    document(
        title,
        product,
        false,
        html! {
            main id="main" tabindex="-1" class="flex flex-1 flex-col items-center justify-center px-4 py-10 outline-none" {
                p class="mb-6 flex items-center gap-2.5 font-semibold" {
                    span class="text-primary" { (icon(Icon::Spokes)) }
                    (product)
                }
                div class="card w-full max-w-lg border border-base-300 bg-base-100 p-6 shadow-sm sm:p-8" { (card) }
            }
        },
    )
}

pub fn csrf_field(csrf: &str) -> Markup {
    html! { input type="hidden" name="csrf" value=(csrf); }
}

/// Good news goes by itself where scripts run: soon the page below says it better.
pub fn flash(flash: Option<&Flash>) -> Markup {
    html! {
        @if let Some(flash) = flash {
            div class={ "alert alert-soft mb-6 " (alert_class(flash.tone)) } role="status" data-passing[flash.tone == Tone::Good] {
                (icon(tone_icon(flash.tone)))
                span { (flash.words) }
            }
        }
    }
}

/// Beside a live part: what to know when it cannot be live.
pub fn live_notes() -> Markup {
    html! {
        noscript { p class="mb-6 text-sm text-muted" { "Reload this page to see newer figures." } }
        p id="unreachable" class="alert alert-warning alert-soft mb-6" role="status" hidden {
            (icon(Icon::Alert)) "The figures below have stopped updating: no answer from the server. Still trying."
        }
    }
}

/// An error in words, with what to do about it and what to tell support. `action`: a link or button.
pub fn error_message(now_at: i64, error: &ErrorView, tone: Tone, action: Markup) -> Markup {
    html! {
        div class={ "alert alert-soft items-start " (alert_class(tone)) } {
            (icon(tone_icon(tone)))
            div class="min-w-0" {
                p class="font-medium wrap-anywhere" { (error.words) }
                @if !error.remedy.is_empty() { p class="mt-0.5 wrap-anywhere" { (error.remedy) } }
                p class="mt-1 text-xs text-muted" {
                    (when(now_at, error.at))
                    @if let Some(id) = &error.correlation_id { " · Reference " code class="wrap-anywhere" { (id) } }
                }
            }
            (action)
        }
    }
}

/// The state of a connection as a badge; a first sync under way has a word of its own.
pub fn state_badge(state: ConnectionState, backfilling: bool) -> Markup {
    let (class, words) = match state {
        ConnectionState::Active if backfilling => ("badge-info", "First sync"),
        ConnectionState::Active => ("badge-success", "Connected"),
        ConnectionState::NeedsReauthorisation => ("badge-error", "Reconnect needed"),
        ConnectionState::Paused => ("badge-warning", "Paused"),
        ConnectionState::Disconnecting => ("badge-neutral", "Disconnecting"),
        ConnectionState::Disconnected => ("badge-neutral", "Disconnected"),
    };
    html! {
        span class={ "badge badge-soft font-medium whitespace-nowrap " (class) } {
            span class="size-1.5 rounded-full bg-current" aria-hidden="true" {}
            (words)
        }
    }
}

pub const fn alert_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "alert-success",
        Tone::Note => "alert-info",
        Tone::Warning => "alert-warning",
        Tone::Bad => "alert-error",
    }
}

pub const fn tone_icon(tone: Tone) -> Icon {
    match tone {
        Tone::Good => Icon::Check,
        Tone::Note => Icon::Info,
        Tone::Warning | Tone::Bad => Icon::Alert,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    Spokes,
    Back,
    Out,
    Plus,
    Check,
    Cross,
    Info,
    Alert,
    Arrow,
}

/// A small drawing in the text's colour. It never stands alone: words beside it say the same.
pub fn icon(icon: Icon) -> Markup {
    let path = match icon {
        Icon::Spokes => {
            "M12 9.5V5M12 19v-4.5M9.8 10.8 6 8.5M18 15.5l-3.8-2.3M9.8 13.2 6 15.5M18 8.5l-3.8 2.3M12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM12 5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM12 22a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM4.7 9.2a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM19.3 17.8a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM4.7 17.8a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM19.3 9.2a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z"
        }
        Icon::Back => "M19 12H5M11 6l-6 6 6 6",
        Icon::Out => "M14 5h5v5M19 5l-8 8M17 14v4a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1h4",
        Icon::Plus => "M12 5v14M5 12h14",
        Icon::Check => "M5 12.5l4.5 4.5L19 7.5",
        Icon::Cross => "M7 7l10 10M17 7L7 17",
        Icon::Info => "M12 11v5M12 8v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z",
        Icon::Alert => {
            "M12 9v4M12 16.5v.01M10.3 4.3 2.9 17a2 2 0 0 0 1.7 3h14.8a2 2 0 0 0 1.7-3L13.7 4.3a2 2 0 0 0-3.4 0Z"
        }
        Icon::Arrow => "M5 12h14M13 6l6 6-6 6",
    };
    let size = if icon == Icon::Spokes { "size-6 shrink-0" } else { "size-4.5 shrink-0" };
    html! {
        svg class=(size) viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false" {
            path d=(path) {}
        }
    }
}

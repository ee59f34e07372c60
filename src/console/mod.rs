//! Pages for people: a workspace's Integrations page and the steps around it, and the operator's console.
//!
//! Data in, HTML out. The platform fills a struct of [`view`], calls one function here and sends the [`Page`]
//! it gets. This module owns no state, reads no clock (every view carries `now_at`) and decides nothing about
//! who may see what: who reaches a page is settled before it is made.
//!
//! Every form and link works without JavaScript. With it, the parts marked `live` are asked for again while
//! they are in sight: every two seconds during a first sync, every ten otherwise. Nothing is styled or scripted
//! inline, so [`security_headers`] can forbid both. Templates escape every value; an address that comes from outside
//! becomes a link only through [`paths::outside`].
//!
//! Where links lead is in [`paths`] and [`connection_paths`]; those are the routes that the platform answers.

pub mod access;
pub mod act;
pub mod activation_form;
pub mod activations;
pub mod attribute_form;
pub mod audit;
pub mod automation_form;
pub mod automations;
pub mod channel_form;
pub mod channels;
pub mod choose_fields;
mod chrome;
pub mod connection;
pub mod connection_paths;
pub mod deliveries;
pub mod docs;
pub mod fields;
pub mod fill;
pub mod filter_form;
pub mod integrations;
pub mod limits;
pub mod mappings;
pub mod matching;
pub mod notice;
pub mod operator;
pub mod outbox;
pub mod paths;
pub mod privacy;
pub mod record;
pub mod records;
pub mod scores;
pub mod seats;
pub mod sync;
pub mod types;
pub mod view;
mod words;
pub mod workflow_form;
pub mod workflow_run;
pub mod workflows;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

/// A finished page, to be sent as `text/html; charset=utf-8` with [`security_headers`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub status: u16,
    pub html: String,
}

/// Headers of every page and fragment. `form_targets` are the origins that a form may end at after redirects:
/// the origin of HubSpot's authorize page (`https://app.hubspot.com`, or the simulator's) on the page before
/// leaving for HubSpot, none elsewhere. Browsers check a form's whole chain of redirects against `form-action`
/// (CSP Level 3, 6.4.2), so without it **Continue to HubSpot** would be blocked.
///
/// `data:` images are the shapes inside the style sheet. `no-store`: pages carry personal data. The referrer stays
/// with us; `no-referrer` would also make forms send `Origin: null` (Fetch Standard, "append a request `Origin`
/// header"), which a check of the origin could not tell from a stranger's.
pub fn security_headers(form_targets: &[&str]) -> [(&'static str, String); 7] {
    let mut policy = String::from(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    );
    for target in form_targets {
        policy.push(' ');
        policy.push_str(target);
    }
    [
        ("content-type", "text/html; charset=utf-8".into()),
        ("content-security-policy", policy),
        ("cache-control", "no-store".into()),
        ("referrer-policy", "same-origin".into()),
        ("strict-transport-security", "max-age=31536000".into()),
        ("x-content-type-options", "nosniff".into()),
        ("x-frame-options", "DENY".into()),
    ]
}

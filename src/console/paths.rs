//! Addresses of the pages and of what they send to, in one place: the platform's router answers exactly these.
//!
//! | method | path | what |
//! |---|---|---|
//! | GET | `/w/{workspace}/integrations` | [`super::integrations::page`] |
//! | GET | `/w/{workspace}/integrations/live` | [`super::integrations::live`], a fragment |
//! | GET | `/w/{workspace}/connect?app=` (`&connection=` to authorise again) | [`super::integrations::connect`] |
//! | POST | `/w/{workspace}/connect`: `csrf`, `app`, `connection`? | makes the state, 303 to HubSpot |
//! | GET, POST | `/w/{workspace}/token` | [`super::access::token_form`]: `csrf`, `name`, `token`, `webhook_secret`? |
//! | GET | `/w/{workspace}/connections/{connection}/disconnect` | [`super::integrations::disconnect`] |
//! | POST | the same: `csrf` | disconnects, 303 to the Integrations page |
//! | GET | `/w/{workspace}/connections/{connection}` | see [`super::connection_paths`] |
//! | POST | `/w/{workspace}/sign-out`: `csrf` | ends the session |
//! | GET | `/seat/{connection}/{secret}` | [`super::seats::card`]: the host's link for one of its users |
//! | POST | the same: `csrf` | uses the link up, 303 to HubSpot |
//! | GET | `/console?q=&after=` | [`super::operator::overview`], or the sign-in page |
//! | GET | `/console/live?q=&after=` | [`super::operator::live`], a fragment |
//! | POST | `/console/sign-in`: `csrf`, `password` | |
//! | POST | `/console/sign-out`: `csrf` | |
//! | POST | `/console/workspaces`: `csrf`, `name`, `jurisdiction` (`eu` or empty) | |
//! | GET | `/console/audit?workspace=&action=&before=` | [`super::audit::operator`] |
//! | POST | `/console/workspaces/{workspace}/open`: `csrf` | a session of that workspace, 303 to its page |

use crate::values::ids::{ObjectType, RecordId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use std::fmt::Write as _;

pub use crate::engine::directory::messages::CONSOLE;
/// What HubSpot's webhooks are sent below, with an app's key or the id of a connection by token.
pub const WEBHOOKS: &str = "/webhooks/hubspot/";
/// The API's document, drawn.
pub const DOCS: &str = "/docs";
/// The API's document (OpenAPI 3.1).
pub const OPENAPI: &str = "/v1/openapi.json";
pub const CONSOLE_SIGN_IN: &str = "/console/sign-in";
pub const CONSOLE_SIGN_OUT: &str = "/console/sign-out";
pub const CONSOLE_WORKSPACES: &str = "/console/workspaces";
pub const CONSOLE_AUDIT: &str = "/console/audit";

pub fn integrations(workspace_id: &str) -> String {
    format!("/w/{}/integrations", escape(workspace_id))
}

pub fn integrations_live(workspace_id: &str) -> String {
    format!("/w/{}/integrations/live", escape(workspace_id))
}

/// Where the form before leaving for HubSpot is sent.
pub fn connect_form(workspace_id: &str) -> String {
    format!("/w/{}/connect", escape(workspace_id))
}

/// The page before leaving for HubSpot.
pub fn connect(workspace_id: &str, app_key: &str) -> String {
    format!("/w/{}/connect?app={}", escape(workspace_id), escape(app_key))
}

/// The same page for a connection that exists.
pub fn reconnect(workspace_id: &str, app_key: &str, connection_id: &str) -> String {
    format!("{}&connection={}", connect(workspace_id, app_key), escape(connection_id))
}

/// The form for a private app's token or a service key.
pub fn token(workspace_id: &str) -> String {
    format!("/w/{}/token", escape(workspace_id))
}

pub fn disconnect(workspace_id: &str, connection_id: &str) -> String {
    format!("/w/{}/connections/{}/disconnect", escape(workspace_id), escape(connection_id))
}

pub fn sign_out(workspace_id: &str) -> String {
    format!("/w/{}/sign-out", escape(workspace_id))
}

/// The operator's list, narrowed and paged; both parts may be empty.
pub fn console(query: &str, after: &str) -> String {
    console_list(CONSOLE, query, after)
}

pub fn console_live(query: &str, after: &str) -> String {
    console_list("/console/live", query, after)
}

pub fn console_open(workspace_id: &str) -> String {
    format!("{CONSOLE_WORKSPACES}/{}/open", escape(workspace_id))
}

/// An address from outside, if a page may link to it: `https:` or `http:`, no other scheme (a `javascript:`
/// address would run as ours).
pub fn outside(url: &str) -> Option<&str> {
    let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    (lower.starts_with("https://") || lower.starts_with("http://")).then_some(url)
}

/// A portal's contacts in HubSpot's own pages, if the host name is one.
pub fn hubspot_portal(ui_domain: &str, portal_id: i64) -> Option<String> {
    let is_host = ui_domain.contains('.')
        && ui_domain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    (is_host && portal_id > 0).then(|| format!("https://{ui_domain}/contacts/{portal_id}"))
}

/// A portal's imports in HubSpot's own pages, likewise.
pub fn hubspot_imports(ui_domain: &str, portal_id: i64) -> Option<String> {
    hubspot_portal(ui_domain, portal_id).map(|_| format!("https://{ui_domain}/import/{portal_id}"))
}

/// A record in HubSpot's own pages, by the number of its type there (`hubspot-api.md` 4.1).
pub fn hubspot_record(ui_domain: &str, portal_id: i64, kind: ObjectType, id: RecordId) -> Option<String> {
    let number = kind.hubspot_id();
    Some(format!("{}/record/{number}/{id}", hubspot_portal(ui_domain, portal_id)?))
}

/// The operator's audit log, of one workspace and of actions that begin so, before a place; all may be empty.
pub fn console_audit(workspace: &str, action: &str, before: Option<&str>) -> String {
    let parts = [("workspace", workspace), ("action", action), ("before", before.unwrap_or(""))];
    query(CONSOLE_AUDIT.to_owned(), &parts)
}

fn console_list(path: &str, q: &str, after: &str) -> String {
    query(path.to_owned(), &[("q", q), ("after", after)])
}

/// An address with those of the parameters that say something.
pub(super) fn query(mut address: String, parts: &[(&str, &str)]) -> String {
    let mut mark = '?';
    for (name, value) in parts {
        if !value.is_empty() {
            write!(address, "{mark}{name}={}", escape(value)).expect("writing to a string does not fail");
            mark = '&';
        }
    }
    address
}

/// Everything but the unreserved characters of RFC 3986, 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn escape(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

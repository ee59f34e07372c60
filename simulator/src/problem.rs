//! HubSpot's error envelopes (`hubspot-api.md` 3.3, 3.5, 3.6). Owns the texts, no state.

use serde_json::{Map, Value, json};

use crate::http::Response;
use crate::objects::kind::ObjectKind;

/// A refusal, before it has a correlation id. [`crate::route`] turns it into the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    pub status: u16,
    /// Members of the body except `correlationId`; [`Value::Null`] with `html` set for an HTML page.
    pub body: Map<String, Value>,
    /// Instead of JSON: an HTML page, as HubSpot's edge answers.
    pub html: Option<String>,
    /// Extra headers, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Problem {
    /// `{"status":"error","message"}` and nothing else.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        let mut body = Map::new();
        body.insert("status".into(), "error".into());
        body.insert("message".into(), message.into().into());
        Self { status, body, html: None, headers: Vec::new() }
    }

    /// With `category`.
    pub fn category(status: u16, category: &str, message: impl Into<String>) -> Self {
        Self::new(status, message).with("category", category.into())
    }

    /// 400 `VALIDATION_ERROR`.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::category(400, "VALIDATION_ERROR", message)
    }

    /// An HTML page of HubSpot's edge.
    pub fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{status} {title}</h1></body></html>\n"
        );
        Self { html: Some(page), ..Self::new(status, title) }
    }

    /// Adds or replaces a member of the body.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.body.insert(name.into(), value);
        self
    }

    /// Adds a header; `name` in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// 404 for a path HubSpot does not have: an HTML page.
    pub fn unknown_route() -> Self {
        Self::html(404, "Not Found")
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        Self::html(405, "Method Not Allowed")
    }

    /// 404 for a numeric id that is nobody's.
    pub fn resource_not_found() -> Self {
        Self::new(404, "resource not found")
    }

    /// 404 for an id that is not a number.
    pub fn not_numeric(id: &str) -> Self {
        Self::category(404, "OBJECT_NOT_FOUND", "Object not found.  objectId are usually numeric.")
            .with("context", json!({"id": [id]}))
    }

    /// 401 without a usable token.
    pub fn no_credentials() -> Self {
        Self::category(
            401,
            "INVALID_AUTHENTICATION",
            "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more \
             details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        )
        .header("x-hubspot-auth-failure", "401 Unauthorized")
    }

    /// 401 for an OAuth access token past its expiry (epoch milliseconds).
    pub fn expired_token(expired_at_ms: u64, now_ms: u64) -> Self {
        let seconds = now_ms.saturating_sub(expired_at_ms) / 1000;
        Self::category(
            401,
            "EXPIRED_AUTHENTICATION",
            format!("The OAuth token used to make this call expired {seconds} second(s) ago."),
        )
        .with("context", json!({"expire time": [crate::time::iso(expired_at_ms)]}))
        .header("x-hubspot-auth-failure", "401 Unauthorized")
    }

    /// 403: one of these scopes would have done.
    pub fn missing_scopes(any_of: &[&str]) -> Self {
        let message = "One or more of the following scopes are required.";
        Self::category(
            403,
            "MISSING_SCOPES",
            "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: \
             https://developers.hubspot.com/scopes.",
        )
        .with("errors", json!([{"message": message, "context": {"requiredGranularScopes": any_of}}]))
        .with("links", json!({"scopes": "https://developers.hubspot.com/scopes"}))
    }

    /// 403: the scopes would do, the person behind the token may not. HubSpot documents no body; the category is the one
    /// that private apps of removed users are told (`hubspot-api.md` 2.7).
    pub fn no_permission(to: &str) -> Self {
        Self::category(
            403,
            "USER_DOES_NOT_HAVE_PERMISSIONS",
            format!("The user does not have permission to {to}."),
        )
    }

    /// 429 of a policy (`hubspot-api.md` 3.3). `group_name` is optional in the wild.
    pub fn rate_limited(policy: Policy, group_name: Option<String>) -> Self {
        let (name, word) = match policy {
            Policy::TenSecondlyRolling => ("TEN_SECONDLY_ROLLING", "ten_secondly_rolling"),
            Policy::Daily => ("DAILY", "daily"),
            Policy::Secondly => ("SECONDLY", "secondly"),
        };
        let problem = Self::new(429, format!("You have reached your {word} limit."))
            .with("errorType", "RATE_LIMIT".into())
            .with("policyName", name.into());
        match group_name {
            Some(group) => problem.with("groupName", group.into()),
            None => problem,
        }
    }

    /// 409 with the existing record's id in the text only.
    pub fn already_exists(kind: &ObjectKind, id: u64) -> Self {
        Self::category(409, "CONFLICT", format!("{} already exists. Existing ID: {id}", kind.title))
    }

    /// The answer, with its correlation id in the body and the header.
    pub fn into_response(self, correlation_id: &str) -> Response {
        let Self { status, mut body, html, mut headers } = self;
        headers.push(("x-hubspot-correlation-id".into(), correlation_id.into()));
        let (content_type, body) = if let Some(page) = html {
            ("text/html;charset=utf-8", page.into_bytes())
        } else {
            body.insert("correlationId".into(), correlation_id.into());
            ("application/json;charset=utf-8", Value::Object(body).to_string().into_bytes())
        };
        headers.push(("content-type".into(), content_type.into()));
        Response { status, headers, body }
    }
}

/// HubSpot's `policyName` of a 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Policy {
    TenSecondlyRolling,
    Daily,
    /// Search's.
    Secondly,
}

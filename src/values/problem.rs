//! What goes wrong, as the outside sees it: RFC 9457 problem details with a stable `type`.
//!
//! `detail` is for a person and never holds a secret or a person's data; the log gets the correlation id.

use serde_json::{Value, json};

use crate::values::{failure::Failure, filter::Fault};

/// Every kind of refusal the API and the pages know. The kind decides `type`, status and title; the detail is the
/// sentence that says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is not what the route takes.
    InvalidRequest,
    /// No key, an unknown key, or no session.
    Unauthenticated,
    /// Known, but not allowed.
    Forbidden,
    /// No such thing, or none that the caller may see.
    NotFound,
    /// The method is not served at this path.
    MethodNotAllowed,
    /// It is there already, or in a state that does not allow this.
    Conflict,
    /// The reader's place in the change feed is older than what is kept.
    BeyondHorizon,
    /// The body is larger than the route takes.
    TooLarge,
    /// The body did not come in time.
    TooSlow,
    /// More requests than the caller may make.
    RateLimited,
    /// The same `Idempotency-Key` came with another request before.
    KeyReused,
    /// The request with this `Idempotency-Key` is being answered.
    KeyInUse,
    /// How the request with this `Idempotency-Key` ended is not known, or its answer was not kept.
    OutcomeUnknown,
    /// No app for seats is configured.
    SeatsOff,
    /// The seat waits for somebody, or is over.
    SeatNotActive,
    /// Something between Spoke and HubSpot.
    Failed(Failure),
    /// Overload: try again.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Kind {
    /// Every kind but those of [`Failure`], for tables and tests.
    pub const ALL: [Self; 17] = [
        Self::InvalidRequest,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::BeyondHorizon,
        Self::TooLarge,
        Self::TooSlow,
        Self::RateLimited,
        Self::KeyReused,
        Self::KeyInUse,
        Self::OutcomeUnknown,
        Self::SeatsOff,
        Self::SeatNotActive,
        Self::Unavailable,
        Self::Internal,
    ];

    /// HTTP status, stable name (the last part of `type`) and title.
    pub const fn describe(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::InvalidRequest => (400, "invalid-request", "The request is not valid"),
            Self::Unauthenticated => (401, "unauthenticated", "Who you are could not be established"),
            Self::Forbidden => (403, "forbidden", "You may not do this"),
            Self::NotFound => (404, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (405, "method-not-allowed", "This method is not served here"),
            Self::Conflict => (409, "conflict", "It conflicts with what is there"),
            Self::BeyondHorizon => (410, "beyond-horizon", "These changes are no longer kept"),
            Self::TooLarge => (413, "too-large", "The request is too large"),
            Self::TooSlow => (408, "too-slow", "The request did not come in time"),
            Self::RateLimited => (429, "rate-limited", "Too many requests"),
            Self::KeyReused => {
                (422, "idempotency-key-reused", "This Idempotency-Key belongs to another request")
            }
            Self::KeyInUse => (409, "idempotency-key-in-use", "A request with this key is being answered"),
            Self::OutcomeUnknown => {
                (409, "idempotency-outcome-unknown", "The answer of the request with this key is not known")
            }
            Self::SeatsOff => (409, "seats-off", "Seats are off in this deployment"),
            Self::SeatNotActive => (409, "seat-not-active", "The seat is not active"),
            Self::Failed(failure) => (failure.status(), failure.name(), failure.what()),
            Self::Unavailable => (503, "unavailable", "Spoke is busy"),
            Self::Internal => (500, "internal", "Something went wrong in Spoke"),
        }
    }
}

/// One refusal, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", kind.describe().1)]
pub struct Problem {
    /// What kind.
    pub kind: Kind,
    /// One or two sentences for a person: what happened and what to do.
    pub detail: String,
    /// For the log and for support; ours or HubSpot's.
    pub correlation_id: Option<String>,
    /// What is wrong with the body, each with its place (an extension member, RFC 9457 section 3.2); empty: the detail says it.
    pub errors: Vec<Fault>,
    /// When trying again makes sense, in seconds: `Retry-After` (RFC 9110 section 10.2.3).
    pub retry_after_s: Option<u32>,
}

impl Problem {
    /// A problem with its sentence.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), correlation_id: None, errors: Vec::new(), retry_after_s: None }
    }

    /// What is wrong with a definition, place by place. `what`: as people call it, such as `channel`. What another account would take is
    /// well made: it is this one that lacks the field, or has it otherwise.
    pub fn of_faults(what: &str, faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [fault] => format!("The {what} is not as it should be. {}", fault.detail),
            faults => format!(
                "{} things about the {what} are not as they should be; `errors` names each.",
                faults.len()
            ),
        };
        let of_account = faults.iter().all(|fault| fault.code.is_of_account());
        let kind = if of_account { Kind::Conflict } else { Kind::InvalidRequest };
        Self::new(kind, detail).with_errors(faults)
    }

    /// The same with a correlation id.
    #[must_use]
    pub fn with_correlation(mut self, id: impl Into<String>) -> Self {
        self.correlation_id = Some(id.into());
        self
    }

    /// The same with when to try again.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The same with what is wrong with the body, place by place.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<Fault>) -> Self {
        self.errors = errors;
        self
    }

    /// HTTP status.
    pub const fn status(&self) -> u16 {
        self.kind.describe().0
    }

    /// The body, `application/problem+json` (RFC 9457 section 3).
    pub fn to_json(&self) -> Value {
        let (status, name, title) = self.kind.describe();
        let mut body = json!({
            "type": format!("/problems/{name}"), "title": title, "status": status, "detail": self.detail,
        });
        if let Some(id) = &self.correlation_id {
            body["correlation_id"] = json!(id);
        }
        if !self.errors.is_empty() {
            body["errors"] = json!(self.errors);
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_has_a_type_of_its_own() {
        let names: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.describe().1).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        assert!(Failure::ALL.iter().all(|failure| !names.contains(failure.name())));
        let body =
            Problem::new(Kind::NotFound, "No workspace has this id.").with_correlation("abc").to_json();
        assert_eq!(body["type"], "/problems/not-found");
        assert_eq!(body["correlation_id"], "abc");
    }
}

//! The one place where an answer of HubSpot that is not a success gets a class (`style.md` B.1); everything else
//! matches on the class, never on a status.
//!
//! Never reads `message`, which HubSpot may reword at any time, with one guarded exception: the existing id of a 409.

use std::fmt;

use serde_json::Value;

use crate::{
    hubspot::{json, usage::RateHeaders},
    values::{
        config::AppKind,
        failure::Failure,
        http::{Outcome, Response},
        ids::RecordId,
        time::{DAY_MS, HOUR_MS, SECOND_MS, Timestamp},
    },
};

/// Which of HubSpot's limits a 429 names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {
    /// `TEN_SECONDLY_ROLLING`: the app's window in the account.
    TenSecondly,
    /// `DAILY`: until midnight in the account's time zone.
    Daily,
    /// `SECONDLY`: search.
    Secondly,
    /// Another one; empty if the answer names none.
    Other(String),
}

impl Policy {
    fn parse(name: &str) -> Self {
        match name {
            "TEN_SECONDLY_ROLLING" | "TEN_SECONDLY" => Self::TenSecondly,
            "DAILY" => Self::Daily,
            "SECONDLY" => Self::Secondly,
            other => Self::Other(json::code(other).unwrap_or_default()),
        }
    }
}

/// What a refusal means for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// Overload or a broken answer: try again, not before the moment if there is one.
    Transient {
        /// HubSpot's wish.
        retry_at: Option<Timestamp>,
    },
    /// 522, 525, 526: no connection to HubSpot, or not one that can be trusted. Tried again like an overload, and the operator is
    /// told.
    Unreachable,
    /// 429: over a limit.
    Throttled {
        /// Which one.
        policy: Policy,
        /// When to try again. For [`Policy::Daily`] an hour from now: the account's midnight is not known here.
        retry_at: Timestamp,
    },
    /// 477: the account is being moved between data centres; nothing works until then.
    Parked {
        /// Until when.
        until: Timestamp,
    },
    /// 423: the record is locked, for about two seconds.
    Locked,
    /// 401: the access token's time is over; refresh once.
    Expired,
    /// 401: the token is not accepted.
    Unauthorized,
    /// 403: scopes or permissions are missing.
    Forbidden {
        /// HubSpot's names, any of which would do; empty if it names none.
        scopes: Vec<String>,
    },
    /// 403: the endpoint does not take tokens of one person; see [`Rejection::of_token`].
    WrongTokenKind,
    /// 404 of a record.
    Gone,
    /// 409: it is there already.
    Conflict {
        /// Its id, if told; read it back before use.
        existing: Option<RecordId>,
    },
    /// 400: a rule that the customer made for a property refuses its value. Never tried again by itself.
    Rule {
        /// HubSpot's names of the properties, each once, [`CODES`] at most.
        properties: Vec<String>,
    },
    /// It will never work as it is.
    Rejected {
        /// HubSpot's category.
        category: Option<String>,
        /// HubSpot's codes, each once, [`CODES`] at most.
        codes: Vec<String>,
    },
    /// 414: the URL is too long, or a record was merged more than 250 times.
    TooLong,
    /// No answer: it may have happened.
    Unknown,
}

/// Category of a 403 to somebody whose rights in HubSpot do not reach so far (`hubspot-api.md` 2.7).
const NOT_PERMITTED: &str = "USER_DOES_NOT_HAVE_PERMISSIONS";

/// Codes kept of one refusal: a batch of 100 may name each field of each record.
pub const CODES: usize = 20;

/// A refusal. Holds no text of HubSpot's but codes, so it may be logged and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// What it means.
    pub class: Class,
    /// HTTP status; `None`: no answer.
    pub status: Option<u16>,
    /// HubSpot's category.
    pub category: Option<String>,
    /// For the log and for HubSpot's support.
    pub correlation_id: Option<String>,
}

/// The answer if it is a success, else what it means. A success with an unreadable body is [`Rejection::malformed`].
pub fn classify(outcome: &Outcome, now: Timestamp) -> Result<&Response, Rejection> {
    let Outcome::Answered(response) = outcome else {
        return Err(Rejection { class: Class::Unknown, status: None, category: None, correlation_id: None });
    };
    if (200..300).contains(&response.status) {
        return Ok(response);
    }
    let body = serde_json::from_slice::<Value>(&response.body).ok().filter(Value::is_object);
    let category = body.as_ref().and_then(|body| json::text(body, "category")).and_then(json::code);
    Err(Rejection {
        class: class_of(response, body.as_ref(), category.as_deref(), now),
        status: Some(response.status),
        category,
        correlation_id: correlation_id(response, body.as_ref()),
    })
}

/// `body` is `None` unless it is a JSON object: an HTML page comes from something in front of HubSpot's API, and says
/// nothing about a record or a right.
fn class_of(response: &Response, body: Option<&Value>, category: Option<&str>, now: Timestamp) -> Class {
    let wish = retry_after(response, now);
    let transient = Class::Transient { retry_at: wish };
    let rejected = |body| Class::Rejected { category: category.map(str::to_owned), codes: codes(body) };
    match response.status {
        401 if category == Some("EXPIRED_AUTHENTICATION") => Class::Expired,
        401 => Class::Unauthorized,
        403 => body.map_or(transient, |body| Class::Forbidden { scopes: scopes(body) }),
        404 => match body {
            Some(_) => Class::Gone,
            None => rejected(None),
        },
        409 => Class::Conflict { existing: body.and_then(existing) },
        414 => Class::TooLong,
        423 => Class::Locked,
        429 => throttled(response, body, wish, now),
        // Up to about a day; without a word, an hour is one question in 24.
        477 => Class::Parked { until: wish.unwrap_or(now.plus_ms(HOUR_MS)) },
        522 | 525 | 526 => Class::Unreachable,
        408 | 500.. => transient,
        400 if is_rule(body) => Class::Rule { properties: properties(body) },
        _ => rejected(body),
    }
}

/// Codes that HubSpot gives where a property's own validation rule refuses a value: `INVALID_` and the kind of rule. One of them is seen
/// documented (`INVALID_ALPHA`, `hubspot-api.md` 3.6); the others follow the kinds of rules of its property validations.
const RULES: [&str; 14] = [
    "INVALID_ALPHA",
    "INVALID_ALPHANUMERIC",
    "INVALID_DECIMAL",
    "INVALID_DOMAIN",
    "INVALID_FORMAT",
    "INVALID_MAX_LENGTH",
    "INVALID_MAX_NUMBER",
    "INVALID_MIN_LENGTH",
    "INVALID_MIN_NUMBER",
    "INVALID_NUMERIC",
    "INVALID_REGEX",
    "INVALID_SPECIAL_CHARACTERS",
    "INVALID_WHITESPACE",
    "REQUIRED_PROPERTY",
];

fn is_rule(body: Option<&Value>) -> bool {
    let mut codes = errors(body).map(|error| json::text(error, "code")).peekable();
    codes.peek().is_some() && codes.all(|code| code.is_some_and(|code| RULES.contains(&code)))
}

fn properties(body: Option<&Value>) -> Vec<String> {
    collect_codes(
        errors(body).flat_map(|error| {
            json::texts(error.get("context").and_then(|context| context.get("propertyName")))
        }),
    )
}

fn throttled(response: &Response, body: Option<&Value>, wish: Option<Timestamp>, now: Timestamp) -> Class {
    let policy = Policy::parse(body.and_then(|body| json::text(body, "policyName")).unwrap_or_default());
    let wait_ms = match policy {
        Policy::TenSecondly | Policy::Other(_) => RateHeaders::parse(response)
            .interval_ms
            .filter(|interval| (1..=DAY_MS).contains(interval))
            .unwrap_or(10 * SECOND_MS),
        Policy::Secondly => SECOND_MS,
        Policy::Daily => HOUR_MS,
    };
    Class::Throttled { policy, retry_at: wish.unwrap_or(now.plus_ms(wait_ms)) }
}

/// `Retry-After` in seconds, a day at most. Its other form, a date, HubSpot does not send.
pub(super) fn retry_after(response: &Response, now: Timestamp) -> Option<Timestamp> {
    let seconds: i64 = response.header("retry-after")?.trim().parse().ok().filter(|seconds| *seconds >= 0)?;
    Some(now.plus_ms(seconds.saturating_mul(SECOND_MS).min(DAY_MS)))
}

fn correlation_id(response: &Response, body: Option<&Value>) -> Option<String> {
    response
        .header("x-hubspot-correlation-id")
        .or_else(|| body.and_then(|body| json::text(body, "correlationId")))
        .and_then(json::code)
}

fn errors(body: Option<&Value>) -> impl Iterator<Item = &Value> {
    body.and_then(|body| body.get("errors")).and_then(Value::as_array).into_iter().flatten()
}

fn collect_codes<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    for code in texts.filter_map(json::code) {
        if codes.len() == CODES {
            break;
        }
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

fn codes(body: Option<&Value>) -> Vec<String> {
    collect_codes(errors(body).filter_map(|error| json::text(error, "code")))
}

fn scopes(body: &Value) -> Vec<String> {
    collect_codes(errors(Some(body)).flat_map(|error| {
        json::texts(error.get("context").and_then(|context| context.get("requiredGranularScopes")))
    }))
}

/// The id at the end of "… Existing ID: 6001", which HubSpot tells nowhere else (`hubspot-api.md` 12.1). Anything that
/// is not exactly that is no id.
fn existing(body: &Value) -> Option<RecordId> {
    let (_, rest) = json::text(body, "message")?.rsplit_once("Existing ID: ")?;
    rest.trim_end_matches('.').parse().ok()
}

impl Rejection {
    /// What an entry of a 207's `errors` means: it has HubSpot's category in place of a status of its own (`hubspot-api.md` 3.5).
    pub fn of_entry(entry: &Value, now: Timestamp) -> Self {
        let category = json::text(entry, "category").and_then(json::code);
        let status = match category.as_deref() {
            Some("CONFLICT") => 409,
            Some("OBJECT_NOT_FOUND") => 404,
            Some("MISSING_SCOPES" | NOT_PERMITTED) => 403,
            Some("RATE_LIMITS") => 429,
            Some("INTERNAL_ERROR") => 500,
            _ => 400,
        };
        let response = Response { status, ..Response::default() };
        Self {
            class: class_of(&response, Some(entry), category.as_deref(), now),
            status: Some(status),
            category,
            correlation_id: correlation_id(&response, Some(entry)),
        }
    }

    /// A success whose body could not be read: like an overload, worth another try.
    pub fn malformed(response: &Response) -> Self {
        Self {
            class: Class::Transient { retry_at: None },
            status: Some(response.status),
            category: None,
            correlation_id: correlation_id(response, None),
        }
    }

    /// The same, told whose rights the token carried: a 403 that names no scope, said to a token of one person, means
    /// the endpoint does not take such tokens (`hubspot-api.md` 2.8; only HubSpot's message tells, which is not read); unless its category
    /// says that the person may not do this.
    #[must_use]
    pub fn of_token(mut self, kind: AppKind) -> Self {
        let of_person = self.category.as_deref() == Some(NOT_PERMITTED);
        if kind == AppKind::User && !of_person && self.class == (Class::Forbidden { scopes: Vec::new() }) {
            self.class = Class::WrongTokenKind;
        }
        self
    }

    /// Whether HubSpot has understood who asks and does not do it: another try would end as this one.
    pub fn is_about_the_request(&self) -> bool {
        match self.class {
            Class::Forbidden { .. }
            | Class::WrongTokenKind
            | Class::Gone
            | Class::Conflict { .. }
            | Class::Rule { .. }
            | Class::Rejected { .. }
            | Class::TooLong => true,
            Class::Transient { .. } | Class::Unreachable | Class::Throttled { .. } | Class::Parked { .. } => {
                false
            }
            Class::Locked | Class::Expired | Class::Unauthorized | Class::Unknown => false,
        }
    }

    /// Whether it is HubSpot's own word about the request: what stands between may refuse as well, with a page instead of a category.
    pub const fn is_hubspots_word(&self) -> bool {
        self.category.is_some()
    }

    /// Whether a write may have taken effect all the same, so that it is read back before it is sent again.
    pub fn may_have_happened(&self) -> bool {
        self.class == Class::Unknown || self.status.is_some_and(|status| !(300..500).contains(&status))
    }

    /// Which way of failing it is.
    pub fn failure(&self) -> Failure {
        self.class.failure()
    }

    /// For an administrator: what happened and what to do.
    pub fn words(&self) -> String {
        let failure = self.failure();
        match &self.class {
            Class::Forbidden { scopes } if !scopes.is_empty() => format!(
                "HubSpot permits this only with one of the scopes {}. {}",
                scopes.join(", "),
                failure.remedy()
            ),
            Class::Rule { properties } if !properties.is_empty() => format!(
                "A rule that somebody made in HubSpot refuses the value of `{}`. {}",
                properties.join("`, `"),
                failure.remedy()
            ),
            Class::Rejected { codes, category } => {
                let reason = codes.first().or(category.as_ref());
                let reason = reason.map(|reason| format!(" (`{reason}`)")).unwrap_or_default();
                format!("HubSpot refused the values sent{reason}. {}", failure.remedy())
            }
            _ => failure.words(),
        }
    }
}

impl Class {
    /// Which way of failing it is.
    pub const fn failure(&self) -> Failure {
        match self {
            Self::Transient { .. } => Failure::Overloaded,
            Self::Unreachable => Failure::Unreachable,
            Self::Throttled { policy: Policy::Daily, .. } => Failure::DailyLimit,
            Self::Throttled { .. } => Failure::Throttled,
            Self::Parked { .. } => Failure::AccountMoving,
            Self::Locked => Failure::RecordLocked,
            Self::Expired => Failure::AccessExpired,
            Self::Unauthorized => Failure::BadToken,
            Self::Forbidden { scopes } if scopes.is_empty() => Failure::PermissionDenied,
            Self::Forbidden { .. } => Failure::MissingScope,
            Self::WrongTokenKind => Failure::WrongTokenKind,
            Self::Gone => Failure::RecordGone,
            Self::Conflict { .. } => Failure::Duplicate,
            Self::Rule { .. } => Failure::ValidationRule,
            Self::Rejected { .. } => Failure::Refused,
            Self::TooLong => Failure::TooLong,
            Self::Unknown => Failure::Silent,
        }
    }

    /// The name in logs and counters; stable.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Transient { .. } => "transient",
            Self::Unreachable => "unreachable",
            Self::Throttled { .. } => "throttled",
            Self::Parked { .. } => "parked",
            Self::Locked => "locked",
            Self::Expired => "expired",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::WrongTokenKind => "wrong_token_kind",
            Self::Gone => "gone",
            Self::Conflict { .. } => "conflict",
            Self::Rule { .. } => "rule",
            Self::Rejected { .. } => "rejected",
            Self::TooLong => "too_long",
            Self::Unknown => "unknown",
        }
    }
}

/// For the log: class, status, codes, correlation id; nothing a person wrote.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HubSpot refused: {}", self.class.name())?;
        if let Some(status) = self.status {
            write!(f, ", status `{status}`")?;
        }
        if let Some(category) = &self.category {
            write!(f, ", category `{category}`")?;
        }
        match &self.class {
            Class::Rejected { codes, .. } if !codes.is_empty() => write!(f, ", codes `{}`", codes.join(" "))?,
            Class::Forbidden { scopes } if !scopes.is_empty() => {
                write!(f, ", scopes `{}`", scopes.join(" "))?;
            }
            Class::Throttled { policy, .. } => write!(f, ", policy `{policy:?}`")?,
            _ => {}
        }
        if let Some(id) = &self.correlation_id {
            write!(f, ", correlation id `{id}`")?;
        }
        Ok(())
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn rejected(status: u16, headers: &[(&str, &str)], body: &str) -> Rejection {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let response = Response { status, headers, body: body.as_bytes().to_vec() };
        classify(&Outcome::Answered(response), NOW).unwrap_err()
    }

    fn class(status: u16, body: &str) -> Class {
        rejected(status, &[], body).class
    }

    #[test]
    fn every_success_is_a_success() {
        for status in [200, 201, 202, 204, 207] {
            let outcome = Outcome::Answered(Response { status, ..Response::default() });
            assert!(classify(&outcome, NOW).is_ok(), "{status}");
        }
    }

    #[test]
    fn a_token_is_expired_or_refused() {
        assert_eq!(class(401, r#"{"category":"EXPIRED_AUTHENTICATION"}"#), Class::Expired);
        assert_eq!(class(401, r#"{"category":"INVALID_AUTHENTICATION"}"#), Class::Unauthorized);
        assert_eq!(class(401, ""), Class::Unauthorized);
    }

    #[test]
    fn missing_scopes_are_named_once() {
        let body = r#"{"category":"MISSING_SCOPES","errors":[
            {"context":{"requiredGranularScopes":["crm.objects.contacts.read","crm.objects.contacts.write"]}},
            {"context":{"requiredGranularScopes":["crm.objects.contacts.read"]}}]}"#;
        let rejection = rejected(403, &[], body);
        let scopes = ["crm.objects.contacts.read", "crm.objects.contacts.write"].map(str::to_owned).to_vec();
        assert_eq!(rejection.class, Class::Forbidden { scopes });
        assert!(rejection.words().contains("crm.objects.contacts.read, crm.objects.contacts.write"));
        assert!(matches!(rejection.of_token(AppKind::User).class, Class::Forbidden { .. }));
    }

    #[test]
    fn a_403_without_scopes_means_the_wrong_kind_of_token_only_for_one_persons_token() {
        let body =
            r#"{"status":"error","message":"User level OAuth token is not allowed for this endpoint."}"#;
        let rejection = rejected(403, &[], body);
        assert_eq!(rejection.clone().of_token(AppKind::User).class, Class::WrongTokenKind);
        assert_eq!(rejection.of_token(AppKind::Account).class, Class::Forbidden { scopes: Vec::new() });
    }

    #[test]
    fn a_page_of_html_says_nothing_about_records_or_rights() {
        let html = "<html><h1>Not Found</h1></html>";
        assert_eq!(class(404, html), Class::Rejected { category: None, codes: Vec::new() });
        assert_eq!(class(404, r#"{"status":"error","message":"resource not found"}"#), Class::Gone);
        assert_eq!(class(403, html), Class::Transient { retry_at: None });
    }

    #[test]
    fn the_existing_id_is_taken_from_a_409_only_as_digits_at_the_end() {
        let existing = |message: &str| match class(
            409,
            &format!(r#"{{"category":"CONFLICT","message":"{message}"}}"#),
        ) {
            Class::Conflict { existing } => existing,
            other => panic!("{other:?}"),
        };
        assert_eq!(existing("Contact already exists. Existing ID: 6001"), Some(RecordId(6001)));
        assert_eq!(existing("Contact already exists. Existing ID: 6001."), Some(RecordId(6001)));
        assert_eq!(existing("Existing ID: 6001 or 7"), None);
        assert_eq!(existing("Existing ID: jane@example.com"), None);
        assert_eq!(existing("A property named x already exists"), None);
        assert_eq!(class(409, "<html>"), Class::Conflict { existing: None });
    }

    #[test]
    fn each_limit_has_its_own_wait() {
        let throttled = |policy: &str, headers: &[(&str, &str)]| {
            let body = format!(r#"{{"errorType":"RATE_LIMIT","policyName":"{policy}"}}"#);
            match rejected(429, headers, &body).class {
                Class::Throttled { policy, retry_at } => (policy, retry_at.since_ms(NOW)),
                other => panic!("{other:?}"),
            }
        };
        let interval = [("x-hubspot-ratelimit-interval-milliseconds", "5000")];
        assert_eq!(throttled("TEN_SECONDLY_ROLLING", &[]), (Policy::TenSecondly, 10_000));
        assert_eq!(throttled("TEN_SECONDLY_ROLLING", &interval), (Policy::TenSecondly, 5_000));
        assert_eq!(throttled("SECONDLY", &interval), (Policy::Secondly, 1_000));
        assert_eq!(throttled("DAILY", &[]), (Policy::Daily, HOUR_MS));
        assert_eq!(throttled("HOURLY", &[]), (Policy::Other("HOURLY".to_owned()), 10_000));
        assert_eq!(throttled("SECONDLY", &[("retry-after", "7")]), (Policy::Secondly, 7_000));
        assert_eq!(throttled("SECONDLY", &[("retry-after", "Fri, 31 Dec 1999")]), (Policy::Secondly, 1_000));
        assert_eq!(throttled("SECONDLY", &[("retry-after", "99999999999")]), (Policy::Secondly, DAY_MS));
        assert!(
            matches!(class(429, "<html>"), Class::Throttled { policy: Policy::Other(name), .. } if name.is_empty())
        );
    }

    #[test]
    fn a_moving_account_is_parked_as_long_as_it_says() {
        let until = |headers: &[_]| match rejected(477, headers, "").class {
            Class::Parked { until } => until.since_ms(NOW),
            other => panic!("{other:?}"),
        };
        assert_eq!(until(&[("retry-after", "7200")]), 2 * HOUR_MS);
        assert_eq!(until(&[]), HOUR_MS);
    }

    #[test]
    fn statuses_have_their_class() {
        for status in [408, 500, 502, 503, 504, 521, 524] {
            assert_eq!(class(status, "<html>"), Class::Transient { retry_at: None }, "{status}");
        }
        assert_eq!(class(414, ""), Class::TooLong);
        assert_eq!(class(423, "{}"), Class::Locked);
        assert!(matches!(class(302, ""), Class::Rejected { .. }));
    }

    #[test]
    fn a_validation_error_keeps_its_codes_and_none_of_its_text() {
        let body = r#"{"status":"error","category":"VALIDATION_ERROR","correlationId":"ab-1",
            "message":"Property values were not valid: jane@example.com","errors":[
            {"message":"jane@example.com","code":"INVALID_EMAIL","context":{"propertyName":["email"]}},
            {"code":"INVALID_EMAIL"},{"code":"jane@example.com"},{"code":"READ_ONLY_VALUE"}]}"#;
        let rejection = rejected(400, &[], body);
        let codes = ["INVALID_EMAIL", "READ_ONLY_VALUE"].map(str::to_owned).to_vec();
        assert_eq!(rejection.class, Class::Rejected { category: Some("VALIDATION_ERROR".to_owned()), codes });
        assert_eq!(
            rejection.to_string(),
            "HubSpot refused: rejected, status `400`, category `VALIDATION_ERROR`, \
             codes `INVALID_EMAIL READ_ONLY_VALUE`, correlation id `ab-1`"
        );
        for text in [format!("{rejection:?}"), rejection.to_string(), rejection.words()] {
            assert!(!text.contains("jane"), "{text}");
        }
    }

    #[test]
    fn the_correlation_id_of_the_header_is_kept_unless_it_is_none() {
        let header = [("x-hubspot-correlation-id", "0190-aa")];
        assert_eq!(rejected(500, &header, "<html>").correlation_id.as_deref(), Some("0190-aa"));
        assert_eq!(rejected(500, &[("x-hubspot-correlation-id", "a b")], "").correlation_id, None);
    }

    #[test]
    fn a_write_without_a_clear_answer_may_have_happened() {
        assert!(classify(&Outcome::Unanswered, NOW).unwrap_err().may_have_happened());
        assert!(rejected(504, &[], "").may_have_happened());
        assert!(Rejection::malformed(&Response { status: 200, ..Response::default() }).may_have_happened());
        assert!(!rejected(429, &[], "").may_have_happened());
        assert!(!rejected(400, &[], "").may_have_happened());
    }

    #[test]
    fn odd_bodies_never_change_the_class_a_status_gives() {
        for body in
            ["", "[]", "null", "{\"category\":7,\"errors\":{},\"policyName\":[]}", "{\"errors\":[7,null]}"]
        {
            assert!(matches!(class(400, body), Class::Rejected { category: None, .. }), "{body}");
            assert!(matches!(class(429, body), Class::Throttled { .. }), "{body}");
        }
    }
}

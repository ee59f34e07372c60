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
        408 | 500.. => transient,
        _ => rejected(body),
    }
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
    /// the endpoint does not take such tokens (`hubspot-api.md` 2.8; only HubSpot's message tells, which is not read).
    #[must_use]
    pub fn of_token(mut self, kind: AppKind) -> Self {
        if kind == AppKind::User && self.class == (Class::Forbidden { scopes: Vec::new() }) {
            self.class = Class::WrongTokenKind;
        }
        self
    }

    /// Whether a write may have taken effect all the same, so that it is read back before it is sent again.
    pub fn may_have_happened(&self) -> bool {
        self.class == Class::Unknown || self.status.is_some_and(|status| !(300..500).contains(&status))
    }

    /// For an administrator: what happened and what to do.
    pub fn words(&self) -> String {
        match &self.class {
            Class::Transient { .. } => {
                "HubSpot is overloaded or answered unreadably. It is asked again by itself; nothing to do.".to_owned()
            }
            Class::Throttled { policy: Policy::Daily, .. } => {
                "The HubSpot account has used up its API calls of today. Reading goes on after midnight in the account's time zone; fewer calls by other integrations, or HubSpot's API limit increase, would help.".to_owned()
            }
            Class::Throttled { .. } => {
                "HubSpot asks to go slower. It is asked again by itself; nothing to do.".to_owned()
            }
            Class::Parked { .. } => {
                "HubSpot is moving this account between data centres, which can take a day. It goes on by itself afterwards; nothing to do.".to_owned()
            }
            Class::Locked => {
                "HubSpot has locked the record for a moment. It is tried again by itself; nothing to do.".to_owned()
            }
            Class::Expired => "The access to HubSpot ran out. It is renewed by itself; nothing to do.".to_owned(),
            Class::Unauthorized => {
                "HubSpot no longer accepts this connection's token. Connect the HubSpot account again.".to_owned()
            }
            Class::Forbidden { scopes } if scopes.is_empty() => {
                "HubSpot does not permit this to the connection. Check the app's and the user's permissions in HubSpot, then connect again.".to_owned()
            }
            Class::Forbidden { scopes } => {
                format!("HubSpot permits this only with one of the scopes {}. Connect again and grant it.", scopes.join(", "))
            }
            Class::WrongTokenKind => {
                "HubSpot does not serve this to the token of a single user. Connect the account with the app for whole accounts.".to_owned()
            }
            Class::Gone => "HubSpot has no such record (any more). Nothing to do.".to_owned(),
            Class::Conflict { .. } => {
                "HubSpot has a record with this unique value already. Change the value, or update that record.".to_owned()
            }
            Class::Rejected { codes, category } => {
                let reason = codes.first().or(category.as_ref());
                let reason = reason.map(|reason| format!(" (`{reason}`)")).unwrap_or_default();
                format!("HubSpot refused the values sent{reason}. Correct them, or the rule in HubSpot that refuses them.")
            }
            Class::TooLong => {
                "HubSpot refused the request as too long, or the record was merged too often. Choose fewer properties; if it stays, report it.".to_owned()
            }
            Class::Unknown => {
                "HubSpot did not answer. It is asked again by itself; nothing to do unless it stays so.".to_owned()
            }
        }
    }
}

impl Class {
    /// The name in logs and counters; stable.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Transient { .. } => "transient",
            Self::Throttled { .. } => "throttled",
            Self::Parked { .. } => "parked",
            Self::Locked => "locked",
            Self::Expired => "expired",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::WrongTokenKind => "wrong_token_kind",
            Self::Gone => "gone",
            Self::Conflict { .. } => "conflict",
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

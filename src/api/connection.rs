//! Connections by token, names, tiers, tests and limits, as the API takes and tells them.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    api::request::name,
    engine::{
        limiter::messages::Gauges,
        portal::{trial::Trial, usage::Usage},
    },
    values::{
        problem::{Kind, Problem},
        secret::Secret,
        tier::Tier,
        time::Timestamp,
    },
};

/// Longest token or secret taken: HubSpot's are under 100 characters.
pub const SECRET_BYTES: usize = 1_000;

/// A private app's token or a service key, as a person or the host gives it.
pub struct Given {
    /// `pat-…`
    pub token: Secret<String>,
    /// What people call the connection; empty to leave it.
    pub name: String,
    /// The client secret of a private app that sends webhooks.
    pub webhook_secret: Option<Secret<String>>,
}

/// `POST /v1/workspaces/{w}/connections`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectByToken {
    name: String,
    token: String,
    webhook_secret: Option<String>,
}

/// `PUT /v1/connections/{c}/credentials`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutCredentials {
    token: String,
    webhook_secret: Option<String>,
}

/// `PATCH /v1/connections/{c}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Update {
    name: Option<String>,
    tier: Option<String>,
}

/// What is to be changed.
pub struct Changes {
    /// The new name.
    pub name: Option<String>,
    /// The tier a person knows; `Some(None)`: as HubSpot tells.
    pub tier: Option<Option<Tier>>,
}

fn invalid(detail: &str) -> Problem {
    Problem::new(Kind::InvalidRequest, detail)
}

/// A token or secret: one word of printable ASCII. What it is, HubSpot says.
pub fn secret(field: &str, text: &str) -> Result<Secret<String>, Problem> {
    let text = text.trim();
    let plain =
        !text.is_empty() && text.len() <= SECRET_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
    if plain {
        Ok(Secret::new(text.to_owned()))
    } else {
        Err(invalid(&format!("`{field}` must be one word, as HubSpot shows it.")))
    }
}

impl ConnectByToken {
    /// Checked as far as it can be without HubSpot.
    pub fn given(self) -> Result<Given, Problem> {
        let name = name("name", &self.name)?;
        Ok(Given {
            name,
            ..PutCredentials { token: self.token, webhook_secret: self.webhook_secret }.given()?
        })
    }
}

impl PutCredentials {
    /// Checked as far as it can be without HubSpot.
    pub fn given(self) -> Result<Given, Problem> {
        let webhook_secret = self.webhook_secret.as_deref();
        Ok(Given {
            token: secret("token", &self.token)?,
            name: String::new(),
            webhook_secret: webhook_secret.map(|text| secret("webhook_secret", text)).transpose()?,
        })
    }
}

impl Update {
    /// Checked; a body that changes nothing is refused.
    pub fn checked(self) -> Result<Changes, Problem> {
        if self.name.is_none() && self.tier.is_none() {
            return Err(invalid("Give `name`, `tier` or both."));
        }
        let tier = self.tier.map(|text| tier(&text)).transpose()?;
        Ok(Changes { name: self.name.map(|text| name("name", &text)).transpose()?, tier })
    }
}

/// A tier; `auto`: as HubSpot tells.
pub fn tier(text: &str) -> Result<Option<Tier>, Problem> {
    if text == "auto" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|unknown| invalid(&format!("`tier` is {unknown}, nor `auto`.")))
}

/// A test: what works, and what does not and why.
pub fn trial(trial: &Trial) -> Value {
    let results = trial.results.iter().map(|finding| {
        json!({
            "check": finding.probe,
            "works": finding.works,
            "type": finding.class,
            "scopes": finding.scopes,
            "detail": finding.words,
            "correlation_id": finding.correlation_id,
        })
    });
    json!({
        "state": if trial.ended_at.is_some() { "done" } else { "running" },
        "asked_at": trial.asked_at.to_rfc3339(),
        "ended_at": trial.ended_at.map(Timestamp::to_rfc3339),
        "works": trial.ended_at.map(|_| trial.results.iter().all(|finding| finding.works)),
        "results": results.collect::<Vec<_>>(),
    })
}

/// How much of HubSpot's limits is used, and by what.
pub fn limits(gauges: Option<&Gauges>, tier: Option<Tier>, usage: &Usage) -> Value {
    let windows = gauges.map(|gauges| {
        json!({
            "window": { "used": gauges.window_used, "limit": gauges.window_limit, "seconds": gauges.window_ms / 1_000 },
            "day": { "used": gauges.day_used, "limit": gauges.day_limit, "resets_at": gauges.day_ends_at.to_rfc3339() },
            "throttled_until": gauges.throttled_until.map(Timestamp::to_rfc3339),
            "public_app": gauges.public,
        })
    });
    let hours = usage.hours.iter().map(|hour| {
        let counts = hour.counts.iter().map(|count| {
            json!({ "caller": count.caller, "endpoint": count.endpoint, "calls": count.calls, "refused": count.refused })
        });
        json!({ "from": hour.from.to_rfc3339(), "calls": counts.collect::<Vec<_>>() })
    });
    json!({ "tier": tier, "now": windows, "last_24_hours": hours.collect::<Vec<_>>() })
}

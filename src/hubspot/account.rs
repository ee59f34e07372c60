//! The account behind a token: its id, name, time zone, and its daily use (`hubspot-api.md` 10.1).

use serde_json::Value;

use crate::{
    hubspot::{Malformed, VERSION, json},
    values::{
        http::{Body, Method, Request},
        ids::{HubSpotUserId, PortalId},
        secret::Secret,
        time::Timestamp,
    },
};

/// What an account is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// Its id.
    pub portal_id: PortalId,
    /// `STANDARD`, `DEVELOPER_TEST`, `SANDBOX`, `APP_DEVELOPER`, or a newer one; empty if not told.
    pub account_type: String,
    /// IANA name; the daily limit starts anew at its midnight.
    pub time_zone: Option<String>,
    /// Offset from UTC when asked, in milliseconds; `None` if not told.
    pub utc_offset_ms: Option<i64>,
    /// Host of its pages, e.g. `app-eu1.hubspot.com`.
    pub ui_domain: Option<String>,
    /// Region of its data, e.g. `eu1`; free text.
    pub hosting: Option<String>,
    /// Its name; only some builds of HubSpot tell.
    pub portal_name: Option<String>,
}

/// Asks what account the token is for.
pub fn details() -> Request {
    get(format!("/account-info/{VERSION}/details"))
}

/// Reads the answer to [`details`].
pub fn parse_details(body: &[u8]) -> Result<Details, Malformed> {
    const EXPECTED: Malformed = Malformed("an account's details");
    let value: Value = serde_json::from_slice(body).map_err(|_| EXPECTED)?;
    let text = |field| json::text(&value, field).filter(|text: &&str| !text.is_empty()).map(str::to_owned);
    Ok(Details {
        portal_id: value.get("portalId").and_then(json::id).ok_or(EXPECTED)?,
        account_type: text("accountType").unwrap_or_default(),
        time_zone: text("timeZone"),
        utc_offset_ms: value.get("utcOffsetMilliseconds").and_then(json::whole),
        ui_domain: text("uiDomain"),
        hosting: text("dataHostingLocation"),
        portal_name: text("portalName"),
    })
}

/// Calls of all private apps of an account today; lags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Calls a day allows.
    pub limit: u64,
    /// Calls made today.
    pub current: u64,
    /// When the count starts anew.
    pub resets_at: Option<Timestamp>,
}

/// Asks for the daily use; private apps only.
pub fn usage() -> Request {
    get(format!("/account-info/{VERSION}/api-usage/daily/private-apps"))
}

/// Reads the answer to [`usage`]; `None`: HubSpot could not tell.
pub fn parse_usage(body: &[u8]) -> Result<Option<Usage>, Malformed> {
    const EXPECTED: Malformed = Malformed("an account's daily use");
    let value: Value = serde_json::from_slice(body).map_err(|_| EXPECTED)?;
    let results = value.get("results").and_then(Value::as_array).ok_or(EXPECTED)?;
    Ok(results.iter().find_map(|entry| {
        let number = |field| entry.get(field).and_then(Value::as_u64);
        Some(Usage {
            limit: number("usageLimit")?,
            current: number("currentUsage")?,
            resets_at: json::text(entry, "resetsAt").and_then(Timestamp::parse_rfc3339),
        })
    }))
}

/// What a private app's token or a service key says of itself. Undocumented and widely used (`hubspot-api.md` 2.7): whoever asks
/// goes on without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// The account.
    pub portal_id: PortalId,
    /// HubSpot's number of the app.
    pub app_id: Option<u64>,
    /// Who made it.
    pub user_id: Option<HubSpotUserId>,
    /// What it may do; empty if not told.
    pub scopes: Vec<String>,
}

/// Asks for it. The token goes in the body, and as the bearer, by which HubSpot's edge finds the region.
pub fn token_info(token: &Secret<String>) -> Request {
    let body = serde_json::json!({ "tokenKey": token.expose() }).to_string();
    Request {
        method: Method::Post,
        path: "/oauth/v2/private-apps/get/access-token-info".to_owned(),
        bearer: Some(token.clone()),
        body: Body::Json(body),
    }
}

/// Reads the answer to [`token_info`].
pub fn parse_token_info(body: &[u8]) -> Result<TokenInfo, Malformed> {
    const EXPECTED: Malformed = Malformed("what a token says of itself");
    let value: Value = serde_json::from_slice(body).map_err(|_| EXPECTED)?;
    Ok(TokenInfo {
        portal_id: value.get("hubId").and_then(json::id).ok_or(EXPECTED)?,
        app_id: value.get("appId").and_then(Value::as_u64),
        user_id: value.get("userId").and_then(json::id),
        scopes: json::texts(value.get("scopes")).map(str::to_owned).collect(),
    })
}

fn get(path: String) -> Request {
    Request { method: Method::Get, path, bearer: None, body: Body::Empty }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_need_only_the_portals_id() {
        let body =
            br#"{"portalId":123,"accountType":"STANDARD","timeZone":"US/Eastern","companyCurrency":"USD",
            "additionalCurrencies":[],"utcOffset":"-05:00","utcOffsetMilliseconds":-18000000,
            "uiDomain":"app.hubspot.com","dataHostingLocation":"na1"}"#;
        let details = parse_details(body).unwrap();
        assert_eq!((details.portal_id, details.utc_offset_ms), (PortalId(123), Some(-18_000_000)));
        assert_eq!(details.time_zone.as_deref(), Some("US/Eastern"));
        assert_eq!(details.portal_name, None);
        assert_eq!(parse_details(br#"{"portalId":"5","timeZone":7}"#).unwrap().portal_id, PortalId(5));
        assert!(parse_details(br#"{"timeZone":"UTC"}"#).is_err());
        assert!(parse_details(b"").is_err());
    }

    #[test]
    fn a_token_says_whose_it_is_and_travels_unprinted() {
        let body = br#"{"userId":9,"hubId":123,"appId":77,"scopes":["oauth","crm.lists.read"]}"#;
        let info = parse_token_info(body).unwrap();
        assert_eq!(
            (info.portal_id, info.app_id, info.user_id),
            (PortalId(123), Some(77), Some(HubSpotUserId(9)))
        );
        assert_eq!(info.scopes, ["oauth", "crm.lists.read"]);
        assert!(parse_token_info(br#"{"scopes":[]}"#).is_err());
        let request = token_info(&Secret::new("pat-na1-hidden".to_owned()));
        assert!(!format!("{request:?}").contains("hidden"));
    }

    #[test]
    fn a_failed_usage_fetch_is_not_an_error() {
        let body = br#"{"results":[{"name":"private-apps-api-calls-daily","fetchStatus":"TIMEOUT"}]}"#;
        assert_eq!(parse_usage(body), Ok(None));
        let body =
            br#"{"results":[{"usageLimit":625000,"currentUsage":1234,"resetsAt":"2026-01-02T05:00:00Z"}]}"#;
        let usage = parse_usage(body).unwrap().unwrap();
        assert_eq!((usage.limit, usage.current), (625_000, 1_234));
        assert_eq!(usage.resets_at, Timestamp::parse_rfc3339("2026-01-02T05:00:00Z"));
    }
}

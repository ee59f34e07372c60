//! OAuth: the authorize URL, the token endpoint, and what its refusals mean (`hubspot-api.md` 2).
//!
//! Parameters travel in the body only, and HubSpot's answer is believed over ours: lifetime, scopes, a new refresh token.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::{
    hubspot::{Malformed, VERSION, json, rejection},
    values::{
        config::App,
        http::{Body, Method, Outcome, Request, Response},
        ids::{HubSpotUserId, PortalId},
        secret::Secret,
        time::{SECOND_MS, Timestamp},
    },
};

/// Everything but what RFC 3986 calls unreserved; a space becomes `%20`, as HubSpot asks.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where a person is sent to give us the right to their account. `app_url` without a trailing slash.
pub fn authorize_url(
    app_url: &str,
    client_id: &str,
    redirect_uri: &str,
    required: &[&str],
    optional: &[&str],
    state: &str,
) -> String {
    let mut url = format!("{app_url}/oauth/authorize");
    let (required, optional) = (required.join(" "), optional.join(" "));
    let parameters = [
        ("?client_id=", client_id),
        ("&redirect_uri=", redirect_uri),
        ("&scope=", &required),
        ("&optional_scope=", &optional),
        ("&state=", state),
    ];
    for (name, value) in parameters {
        if !value.is_empty() {
            url.push_str(name);
            url.extend(utf8_percent_encode(value, RESERVED));
        }
    }
    url
}

/// Exchanges the code of a callback. `redirect_uri` must be the one of the authorize URL.
pub fn exchange(app: &App, code: &str, redirect_uri: &str) -> Request {
    token_request(
        app,
        "",
        &[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)],
    )
}

/// Gets a new access token.
pub fn refresh(app: &App, refresh_token: &Secret<String>) -> Request {
    token_request(app, "", &[("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())])
}

/// Ends a refresh token. Access tokens live on until they expire, and the app stays installed.
pub fn revoke(app: &App, refresh_token: &Secret<String>) -> Request {
    let form = [("token", refresh_token.expose().as_str()), ("token_type_hint", "refresh_token")];
    token_request(app, "/revoke", &form)
}

/// Asks what an access token is.
pub fn introspect(app: &App, access_token: &Secret<String>) -> Request {
    let form = [("token", access_token.expose().as_str()), ("token_type_hint", "access_token")];
    token_request(app, "/introspect", &form)
}

/// Removes the app from the account of the bearer, for everyone there; HubSpot e-mails the account's admins.
pub fn uninstall() -> Request {
    let path = format!("/appinstalls/{VERSION}/external-install");
    Request { method: Method::Delete, path, bearer: None, body: Body::Empty }
}

fn token_request(app: &App, below: &str, form: &[(&str, &str)]) -> Request {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    body.append_pair("client_id", &app.client_id).append_pair("client_secret", app.client_secret.expose());
    Request {
        method: Method::Post,
        path: format!("/oauth/{VERSION}/token{below}"),
        bearer: None,
        body: Body::Form(Secret::new(body.finish())),
    }
}

/// What the token endpoint granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Sent as bearer.
    pub access: Secret<String>,
    /// Gets the next access token; store what comes. `None`: keep the one there is.
    pub refresh: Option<Secret<String>>,
    /// Life of the access token in milliseconds from now (1,800,000 today).
    pub expires_in_ms: i64,
    /// The account.
    pub hub_id: Option<PortalId>,
    /// Who authorised.
    pub user_id: Option<HubSpotUserId>,
    /// What was granted; empty if not told.
    pub scopes: Vec<String>,
}

/// Reads the answer to [`exchange`] or [`refresh`].
pub fn parse_tokens(body: &[u8]) -> Result<Tokens, Malformed> {
    const EXPECTED: Malformed = Malformed("a token");
    let value: Value = serde_json::from_slice(body).map_err(|_| EXPECTED)?;
    let secret = |field| {
        json::text(&value, field)
            .filter(|text: &&str| !text.is_empty())
            .map(|text| Secret::new(text.to_owned()))
    };
    let seconds =
        value.get("expires_in").and_then(json::whole).filter(|seconds| *seconds > 0).ok_or(EXPECTED)?;
    Ok(Tokens {
        access: secret("access_token").ok_or(EXPECTED)?,
        refresh: secret("refresh_token"),
        expires_in_ms: seconds.saturating_mul(SECOND_MS),
        hub_id: value.get("hub_id").and_then(json::id),
        user_id: value.get("user_id").and_then(json::id),
        scopes: json::texts(value.get("scopes")).map(str::to_owned).collect(),
    })
}

/// What an access token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspection {
    /// Whether it works; everything else is absent if not.
    pub active: bool,
    /// The account.
    pub hub_id: Option<PortalId>,
    /// Who authorised.
    pub user_id: Option<HubSpotUserId>,
    /// Region, e.g. `eu1`.
    pub hublet: Option<String>,
    /// Whether it carries the rights of one person instead of the app's (`hubspot-api.md` 2.8).
    pub user_level: bool,
    /// What was granted.
    pub scopes: Vec<String>,
}

/// Reads the answer to [`introspect`].
pub fn parse_introspection(body: &[u8]) -> Result<Introspection, Malformed> {
    const EXPECTED: Malformed = Malformed("what a token is");
    let value: Value = serde_json::from_slice(body).map_err(|_| EXPECTED)?;
    let active = value.get("active").and_then(Value::as_bool).ok_or(EXPECTED)?;
    let signed = value.get("signed_access_token").unwrap_or(&Value::Null);
    Ok(Introspection {
        active,
        hub_id: value.get("hub_id").and_then(json::id),
        user_id: value.get("user_id").and_then(json::id),
        hublet: json::text(signed, "hublet").map(str::to_owned),
        user_level: json::flag(signed, "isUserLevel"),
        scopes: json::texts(value.get("scopes")).map(str::to_owned).collect(),
    })
}

/// What a refusal of the token endpoints means (`hubspot-api.md` 2.5).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// The right is gone, or the code is used up: only a person can authorise anew.
    #[error("HubSpot no longer accepts this authorisation; connect again")]
    Revoked,
    /// The app is configured wrongly: the operator must act, and no connection is given up for it.
    #[error(
        "HubSpot refuses the app's own credentials or redirect URL ({}); check `HUBSPOT_APPS` and the app's settings",
        .0.as_deref().unwrap_or("no code given")
    )]
    OurFault(Option<String>),
    /// Try again, not before the moment if there is one; the old token stays.
    #[error("HubSpot's token service did not answer as it should; it will be asked again")]
    Transient {
        /// HubSpot's wish.
        retry_at: Option<Timestamp>,
    },
}

/// The answer, or what its refusal means. A refusal that names no known code is never taken for a revocation.
pub fn classify(outcome: &Outcome, now: Timestamp) -> Result<&Response, TokenRefusal> {
    let Outcome::Answered(response) = outcome else {
        return Err(TokenRefusal::Transient { retry_at: None });
    };
    let transient = TokenRefusal::Transient { retry_at: rejection::retry_after(response, now) };
    match response.status {
        200..=299 => return Ok(response),
        408 | 423 | 429 | 477 | 500.. => return Err(transient),
        _ => {}
    }
    let Some(body) = serde_json::from_slice::<Value>(&response.body).ok().filter(Value::is_object) else {
        return Err(transient);
    };
    let (error, status) = (json::text(&body, "error"), json::text(&body, "status"));
    let ours = matches!(error, Some("invalid_client" | "unauthorized_client" | "unsupported_grant_type"))
        || status.is_some_and(|status| status.starts_with("BAD_CLIENT_") || status == "BAD_REDIRECT_URI");
    let revoked = matches!(error, Some("invalid_grant" | "access_denied"))
        || matches!(status, Some("BAD_REFRESH_TOKEN" | "BAD_AUTH_CODE" | "BAD_HUB"));
    Err(if revoked && !ours {
        TokenRefusal::Revoked
    } else {
        TokenRefusal::OurFault(status.or(error).and_then(json::code))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::config::AppKind;

    fn app() -> App {
        App {
            key: "main".parse().unwrap(),
            label: "HubSpot".to_owned(),
            client_id: "client".to_owned(),
            client_secret: Secret::new("hush&hush".to_owned()),
            kind: AppKind::Account,
        }
    }

    fn form(request: &Request) -> Vec<(String, String)> {
        let Body::Form(form) = &request.body else { panic!("not a form: {request:?}") };
        form_urlencoded::parse(form.expose().as_bytes()).into_owned().collect()
    }

    #[test]
    fn the_authorize_url_encodes_everything_and_spaces_as_percent_20() {
        let url = authorize_url(
            "https://app.hubspot.com",
            "c-1",
            "https://x.y/oauth/callback?a=b",
            &["oauth", "crm.objects.contacts.read"],
            &["crm.lists.read"],
            "s&t",
        );
        assert_eq!(
            url,
            "https://app.hubspot.com/oauth/authorize?client_id=c-1\
             &redirect_uri=https%3A%2F%2Fx.y%2Foauth%2Fcallback%3Fa%3Db\
             &scope=oauth%20crm.objects.contacts.read&optional_scope=crm.lists.read&state=s%26t"
        );
        let without = authorize_url("https://app.hubspot.com", "c", "https://x", &["oauth"], &[], "s");
        assert!(!without.contains("optional_scope"));
    }

    #[test]
    fn credentials_travel_in_the_body_and_do_not_print() {
        let request = exchange(&app(), "na1-code", "https://x.y/cb");
        assert_eq!(request.path, "/oauth/2026-09/token");
        let pairs = form(&request);
        let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(get("grant_type"), Some("authorization_code"));
        assert_eq!((get("code"), get("redirect_uri")), (Some("na1-code"), Some("https://x.y/cb")));
        assert_eq!((get("client_id"), get("client_secret")), (Some("client"), Some("hush&hush")));
        assert!(!format!("{request:?}").contains("na1-code"));

        let token = Secret::new("na1-refresh".to_owned());
        let requests = [refresh(&app(), &token), revoke(&app(), &token), introspect(&app(), &token)];
        let paths = requests.each_ref().map(|request| request.path.trim_start_matches("/oauth/2026-09/"));
        assert_eq!(paths, ["token", "token/revoke", "token/introspect"]);
        for request in &requests {
            assert!(form(request).iter().any(|(_, value)| value == "na1-refresh"));
            assert!(!format!("{request:?}").contains("na1-refresh"));
        }
    }

    #[test]
    fn tokens_need_only_the_access_token_and_its_life() {
        let body = br#"{"token_type":"bearer","access_token":"a","refresh_token":"na1-r","expires_in":1800,
            "hub_id":1234567,"scopes":["oauth","crm.lists.read"],"token_use":"access_token","user_id":222222}"#;
        let tokens = parse_tokens(body).unwrap();
        assert_eq!(tokens.access.expose(), "a");
        assert_eq!(tokens.refresh.unwrap().expose(), "na1-r");
        assert_eq!(tokens.expires_in_ms, 1_800_000);
        assert_eq!(
            (tokens.hub_id, tokens.user_id),
            (Some(PortalId(1_234_567)), Some(HubSpotUserId(222_222)))
        );
        assert_eq!(tokens.scopes, ["oauth", "crm.lists.read"]);
        let tokens = parse_tokens(br#"{"access_token":"a","expires_in":"60"}"#).unwrap();
        assert_eq!((tokens.refresh, tokens.hub_id, tokens.expires_in_ms), (None, None, 60_000));
        for wrong in
            ["", "{}", r#"{"access_token":"","expires_in":1}"#, r#"{"access_token":"a","expires_in":0}"#]
        {
            assert!(parse_tokens(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_introspection_tells_whose_rights_a_token_carries() {
        let body = br#"{"active":true,"hub_id":1,"user_id":2,"scopes":["oauth"],
            "signed_access_token":{"hublet":"eu1","isUserLevel":true}}"#;
        let told = parse_introspection(body).unwrap();
        assert!(told.active && told.user_level);
        assert_eq!(told.hublet.as_deref(), Some("eu1"));
        assert!(!parse_introspection(br#"{"active":false}"#).unwrap().active);
        assert!(parse_introspection(b"{}").is_err());
    }

    fn refusal(status: u16, body: &str) -> TokenRefusal {
        let headers = vec![("retry-after".to_owned(), "2".to_owned())];
        let response = Response { status, headers, body: body.as_bytes().to_vec() };
        classify(&Outcome::Answered(response), Timestamp(1_000)).unwrap_err()
    }

    #[test]
    fn only_a_named_revocation_gives_up_a_connection() {
        for body in [
            r#"{"error":"invalid_grant","status":"BAD_REFRESH_TOKEN","message":"refresh token is invalid"}"#,
            r#"{"status":"BAD_HUB","message":"missing or unknown hub id","error":"access_denied"}"#,
            r#"{"status":"BAD_AUTH_CODE"}"#,
        ] {
            assert_eq!(refusal(400, body), TokenRefusal::Revoked, "{body}");
        }
    }

    #[test]
    fn a_fault_of_the_app_never_looks_like_a_revocation() {
        for (body, code) in [
            (r#"{"error":"invalid_client","status":"BAD_CLIENT_SECRET"}"#, Some("BAD_CLIENT_SECRET")),
            (r#"{"error":"invalid_grant","status":"BAD_CLIENT_ID"}"#, Some("BAD_CLIENT_ID")),
            (r#"{"error":"invalid_grant","status":"BAD_REDIRECT_URI"}"#, Some("BAD_REDIRECT_URI")),
            (r#"{"error":"unsupported_grant_type"}"#, Some("unsupported_grant_type")),
            (r#"{"status":"BAD something new for jane@example.com"}"#, None),
            ("{}", None),
        ] {
            assert_eq!(refusal(401, body), TokenRefusal::OurFault(code.map(str::to_owned)), "{body}");
        }
    }

    #[test]
    fn overload_and_silence_keep_the_old_token() {
        let later = TokenRefusal::Transient { retry_at: Some(Timestamp(3_000)) };
        for status in [408, 423, 429, 477, 500, 503, 599] {
            assert_eq!(refusal(status, r#"{"error":"invalid_grant"}"#), later, "{status}");
        }
        assert_eq!(refusal(403, "<html>blocked</html>"), later);
        let silence = classify(&Outcome::Unanswered, Timestamp(0)).unwrap_err();
        assert_eq!(silence, TokenRefusal::Transient { retry_at: None });
        let good = Outcome::Answered(Response { status: 201, ..Response::default() });
        assert!(classify(&good, Timestamp(0)).is_ok());
    }
}

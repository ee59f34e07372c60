//! Token, introspect, revoke, account info, uninstall: what is answered. Owns nothing; tokens are [`crate::grants`]'.
//!
//! Facts: `hubspot-api.md` §2.2 to §2.7 and §10.1. `client_credentials` is refused: the journal it is for is not
//! modelled, and the specification's 2026-09 enumeration does not list it.

use serde_json::{Value, json};

use crate::auth::{Caller, CallerKind, bearer};
use crate::form::Form;
use crate::grants::{Denied, Issued, Presented, PrivateApp, StaticKind};
use crate::http::{Request, Response};
use crate::portal::PortalSettings;
use crate::rights::wrong_kind;
use crate::route::Endpoint;
use crate::time::iso;
use crate::{Problem, Simulator};

impl Simulator {
    /// Answers the endpoints that [`Endpoint::is_oauth`] names. `caller` is `None` exactly where
    /// [`Endpoint::has_own_credentials`]; otherwise token and limits are already checked, scopes are not. Correlation
    /// id and JSON content type are added by the caller.
    pub(crate) fn oauth(
        &mut self,
        now_ms: u64,
        endpoint: Endpoint,
        caller: Option<&Caller>,
        request: &Request,
    ) -> Result<Response, Problem> {
        match (endpoint, caller) {
            (Endpoint::Token, None) => Ok(self.token(now_ms, &form(request)?)),
            (Endpoint::Introspect, None) => Ok(self.introspect(now_ms, &form(request)?)),
            (Endpoint::Revoke, None) => Ok(self.revoke(&form(request)?)),
            (Endpoint::PrivateAppInfo, None) => self.private_app_info(now_ms, request),
            (Endpoint::AccountDetails, Some(caller)) => self.account_details(now_ms, caller),
            (Endpoint::ApiUsage, Some(caller)) => self.api_usage(now_ms, caller),
            (Endpoint::Uninstall, Some(caller)) => self.uninstall_by(caller),
            _ => Err(Problem::unknown_route()),
        }
    }

    fn token(&mut self, now_ms: u64, form: &Form) -> Response {
        let grant_type = form.text("grant_type");
        if !matches!(grant_type, "authorization_code" | "refresh_token") {
            return token_error(
                400,
                "unsupported_grant_type",
                "BAD_GRANT_TYPE",
                "unknown or unsupported grant_type",
            );
        }
        let app_id = match self.client(form) {
            Ok(app_id) => app_id,
            Err(refusal) => return refusal,
        };
        let Self { access, switches, .. } = self;
        let issued = if grant_type == "authorization_code" {
            access.exchange_code(now_ms, switches, app_id, form.text("code"), form.text("redirect_uri"))
        } else {
            let scope = form.get("scope").map(|_| form.words("scope"));
            access.refresh(now_ms, switches, app_id, form.text("refresh_token"), scope)
        };
        match issued {
            Ok(issued) => {
                self.watch_installed();
                issued_response(&issued)
            }
            Err(denied) => denial(denied),
        }
    }

    /// The app of `client_id` and `client_secret`.
    fn client(&self, form: &Form) -> Result<u64, Response> {
        let status = self.switches.invalid_client_status;
        let bad_id =
            || token_error(status, "invalid_client", "BAD_CLIENT_ID", "missing or unknown client id");
        let app = self.access.app_by_client(form.text("client_id")).ok_or_else(bad_id)?;
        if app.client_secret != form.text("client_secret") {
            let message = "missing or invalid client secret";
            return Err(token_error(status, "invalid_client", "BAD_CLIENT_SECRET", message));
        }
        Ok(app.app_id)
    }

    fn introspect(&mut self, now_ms: u64, form: &Form) -> Response {
        let app_id = match self.client(form) {
            Ok(app_id) => app_id,
            Err(refusal) => return refusal,
        };
        // Specification and SDKs say `token`, HubSpot's prose the other two.
        let named = ["token", "access_token", "refresh_token"].into_iter().find_map(|name| form.get(name));
        let token = named.unwrap_or_default();
        let signature = self.access.random.opaque(86);
        let described = match self.access.present(now_ms, token) {
            Presented::Oauth { grant, scopes, expires_at }
                if grant.app_id == app_id && !self.access.ended_with_user(&self.switches, grant) =>
            {
                Some((grant, scopes, Some(expires_at)))
            }
            _ => self
                .access
                .grant_by_refresh_token(token)
                .filter(|grant| grant.app_id == app_id && !self.access.ended_with_user(&self.switches, grant))
                .map(|grant| (grant, grant.scopes.as_slice(), None)),
        };
        let Some((grant, scopes, expires_at)) = described else {
            return Response::json(200, &json!({"active": false}));
        };
        let settings = self.portals.get(&grant.portal_id).map(|portal| &portal.settings);
        let app = self.access.app(app_id);
        let private = app.is_some_and(|app| app.distribution == crate::grants::Distribution::Private);
        let mut body = json!({
            "active": true,
            "token": token,
            "hub_id": grant.portal_id,
            "user_id": grant.user_id,
            "client_id": app.map(|app| app.client_id.as_str()),
            "app_id": app_id,
            "user": self.access.user(grant.user_id).map(|user| user.email.as_str()),
            "hub_domain": settings.map(|settings| settings.hub_domain.as_str()),
            "scopes": scopes,
            "is_private_distribution": private,
            "token_use": if expires_at.is_some() { "access_token" } else { "refresh_token" },
            "token_type": "Bearer",
        });
        if let Some(expires_at) = expires_at {
            body["expires_in"] = ((expires_at - now_ms) / 1_000).into();
            body["signed_access_token"] = json!({
                "expiresAt": expires_at,
                "scopes": scopes.join(" "),
                "hubId": grant.portal_id,
                "userId": grant.user_id,
                "appId": app_id,
                "signature": signature,
                "hublet": settings.map(|settings| settings.hublet.as_str()),
                "isUserLevel": app.is_some_and(|app| app.user_level),
                "isPrivateDistribution": private,
            });
        }
        Response::json(200, &body)
    }

    fn revoke(&mut self, form: &Form) -> Response {
        match self.client(form) {
            Ok(app_id) => {
                let named = ["token", "refresh_token"].into_iter().find_map(|name| form.get(name));
                self.access.revoke(app_id, named.unwrap_or_default());
                Response { status: 200, ..Response::default() }
            }
            Err(refusal) => refusal,
        }
    }

    fn private_app_info(&mut self, now_ms: u64, request: &Request) -> Result<Response, Problem> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Asked {
            token_key: String,
        }
        let asked: Asked = serde_json::from_slice(&request.body)
            .map_err(|_| Problem::validation("Invalid input JSON: tokenKey is required"))?;
        let found = self.access.private_app_of(now_ms, &asked.token_key);
        let known = |own: &&PrivateApp| {
            own.kind == StaticKind::PrivateApp || self.switches.token_info_knows_service_keys
        };
        let private = found.filter(known).ok_or_else(Problem::no_credentials)?;
        let abroad = self.portals.get(&private.portal_id).is_some_and(|own| own.settings.hublet != "na1");
        let wants_bearer = abroad && self.switches.token_info_abroad_needs_bearer;
        if wants_bearer && bearer(request) != Some(asked.token_key.as_str()) {
            return Err(Problem::no_credentials());
        }
        if self.access.without_creator(&self.switches, private) {
            return Err(Problem::no_permission(
                "make this call: the user who made the private app was removed",
            ));
        }
        Ok(Response::json(
            200,
            &json!({
                "userId": private.user_id,
                "hubId": private.portal_id,
                "appId": private.app.app_id,
                "scopes": private.scopes,
            }),
        ))
    }

    fn account_details(&self, now_ms: u64, caller: &Caller) -> Result<Response, Problem> {
        let settings = self.base_scope(caller)?;
        let offset_ms = settings.utc_offset_ms(now_ms);
        let minutes = offset_ms / 60_000;
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        Ok(Response::json(
            200,
            &json!({
                "portalId": caller.portal_id,
                "accountType": settings.account_type,
                "timeZone": settings.time_zone,
                "companyCurrency": settings.currency,
                "additionalCurrencies": [],
                "utcOffset": format!("{sign}{hours:02}:{rest:02}"),
                "utcOffsetMilliseconds": offset_ms,
                "uiDomain": settings.ui_domain,
                "dataHostingLocation": settings.hublet,
                "portalName": settings.name,
            }),
        ))
    }

    fn api_usage(&self, now_ms: u64, caller: &Caller) -> Result<Response, Problem> {
        let settings = self.base_scope(caller)?;
        let day = self.limits.day(now_ms, caller.portal_id, settings, &self.switches);
        Ok(Response::json(
            200,
            &json!({"results": [{
                "name": "private-apps-api-calls-daily",
                "usageLimit": day.limit,
                "currentUsage": day.used,
                "collectedAt": iso(now_ms),
                "resetsAt": iso(day.resets_at),
                "fetchStatus": "SUCCESS",
            }]}),
        ))
    }

    /// `DELETE external-install` removes the app for everybody in the account. With a static token there is nothing
    /// to uninstall: refused, since nobody has said what HubSpot does.
    fn uninstall_by(&mut self, caller: &Caller) -> Result<Response, Problem> {
        self.base_scope(caller)?;
        if caller.viewer.is_some() {
            return Err(wrong_kind());
        }
        if caller.kind == CallerKind::Private {
            return Err(Problem::validation("A private app can not be uninstalled with its own token"));
        }
        self.uninstall(caller.app_id, caller.portal_id);
        Ok(Response { status: 204, ..Response::default() })
    }

    /// The account's settings, if the caller has the scope `oauth` (every static token has it).
    fn base_scope(&self, caller: &Caller) -> Result<&PortalSettings, Problem> {
        if caller.kind != CallerKind::Private && !caller.has_any(&["oauth"]) {
            return Err(Problem::missing_scopes(&["oauth"]));
        }
        let portal = self.portals.get(&caller.portal_id).ok_or_else(Problem::no_credentials)?;
        Ok(&portal.settings)
    }

    /// What the approval page does when a person agrees: a code to be exchanged. For tests that walk no pages.
    pub fn approve(
        &mut self,
        now_ms: u64,
        app_id: u64,
        portal_id: u64,
        user_id: u64,
        scopes: &[&str],
        redirect_uri: &str,
    ) -> String {
        let region =
            self.portals.get(&portal_id).map_or_else(String::new, |portal| portal.settings.hublet.clone());
        let approval = crate::grants::Approval {
            app_id,
            portal_id,
            user_id,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            redirect_uri: redirect_uri.to_owned(),
            region,
        };
        self.access.issue_code(now_ms, &self.switches, approval)
    }

    /// Removes an app from an account. Says whether it was installed.
    pub fn uninstall(&mut self, app_id: u64, portal_id: u64) -> bool {
        let was = self.access.uninstall(&self.switches, app_id, portal_id);
        self.watch_installed();
        was
    }
}

fn form(request: &Request) -> Result<Form, Problem> {
    Form::body(request).ok_or_else(|| Problem::new(415, "HTTP 415 Unsupported Media Type"))
}

fn issued_response(issued: &Issued) -> Response {
    let grant = &issued.grant;
    Response::json(
        200,
        &json!({
            "token_type": "bearer",
            "access_token": issued.access_token,
            "refresh_token": grant.refresh_token,
            "expires_in": issued.expires_in,
            "hub_id": grant.portal_id,
            "scopes": issued.scopes,
            "token_use": "access_token",
            "user_id": grant.user_id,
        }),
    )
}

fn denial(denied: Denied) -> Response {
    match denied {
        Denied::BadCode => token_error(400, "invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code"),
        Denied::BadRedirectUri => token_error(
            400,
            "invalid_grant",
            "BAD_REDIRECT_URI",
            "missing or mismatched redirect uri, it must be the one the code was issued for",
        ),
        Denied::BadRefreshToken => token_error(
            400,
            "invalid_grant",
            "BAD_REFRESH_TOKEN",
            "refresh token is invalid, expired or revoked",
        ),
        Denied::BadScopes => {
            token_error(400, "invalid_scope", "BAD_SCOPES", "requested scopes exceed the granted ones")
        }
    }
}

/// RFC 6749's two members and HubSpot's two, and nothing else (`hubspot-api.md` §2.5).
fn token_error(http: u16, error: &str, status: &str, message: &str) -> Response {
    let body: Value =
        json!({"error": error, "error_description": message, "status": status, "message": message});
    Response::json(http, &body)
}

//! HubSpot's own web pages: log in, choose account, approve. Owns nothing; sessions and codes are [`crate::grants`]'.
//!
//! | path | what |
//! |---|---|
//! | `GET /oauth/authorize`, `GET /oauth/{portalId}/authorize` | log in (redirect), choose account, approve, or an error page |
//! | `POST /oauth/{portalId}/authorize` | `decision=approve` or `deny`, `csrf`: back to the app |
//! | `GET`, `POST /login` | `email`, `password`, `next` |
//! | `GET /logout` | ends the session |
//!
//! A script walks them as a browser does: follow redirects, keep the cookie, post the forms with their hidden fields.
//! A wrong client, redirect address or scope never redirects: HubSpot shows the mistake to the person instead
//! (`hubspot-api.md` §2.1).

use data_encoding::HEXLOWER;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::Simulator;
use crate::form::Form;
use crate::grants::{App, Approval, MayNot, User};
use crate::http::{Request, Response};

/// The cookie that keeps a person signed in.
const COOKIE: &str = "hubspot_simulator_session";

/// The look all pages share.
const STYLE: &str = include_str!("pages.css");

impl Simulator {
    /// The page at this path, or `None` if HubSpot has no such page. Asked only for paths no API route takes.
    pub(crate) fn page(&mut self, now_ms: u64, request: &Request) -> Option<Response> {
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        Some(match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["oauth", "authorize"]) => self.authorize(request, None),
            ("GET", ["oauth", portal, "authorize"]) => self.authorize(request, Some(portal.parse().ok()?)),
            ("POST", ["oauth", portal, "authorize"]) => self.decide(now_ms, request, portal.parse().ok()?),
            ("GET", ["login"]) => self.login_page(Form::query(request).text("next"), "", None),
            ("POST", ["login"]) => self.login(request),
            ("GET", ["logout"]) => self.logout(request),
            _ => return None,
        })
    }

    fn authorize(&mut self, request: &Request, portal_id: Option<u64>) -> Response {
        let asked = match self.asked(request) {
            Ok(asked) => asked,
            Err(page) => return page,
        };
        let Some((user, session)) = self.signed_in(request) else {
            let next = format!("{}?{}", request.path, request.query);
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
            return Response::see_other(format!("/login?{query}"));
        };
        let Some(portal_id) = portal_id else { return self.accounts_page(&asked, user, &request.query) };
        if let Some(refusal) = self.may_install(user, &asked.app, portal_id) {
            return refusal;
        }
        let portal_name = self.portals.get(&portal_id).map_or("", |portal| portal.settings.name.as_str());
        approval_page(&asked, user, portal_id, portal_name, session)
    }

    fn decide(&mut self, now_ms: u64, request: &Request, portal_id: u64) -> Response {
        let asked = match self.asked(request) {
            Ok(asked) => asked,
            Err(page) => return page,
        };
        let Some((user, session)) = self.signed_in(request) else {
            return error_page(403, "You are signed out", "Sign in to HubSpot and start again from the app.");
        };
        if let Some(refusal) = self.may_install(user, &asked.app, portal_id) {
            return refusal;
        }
        let form = Form::body(request).unwrap_or_default();
        if form.text("csrf") != csrf(session) {
            return error_page(403, "This form is out of date", "Go back to the app and start again.");
        }
        let state = asked.state.as_deref();
        if form.text("decision") != "approve" {
            let denied = [
                ("error", "access_denied"),
                ("error_description", "The user denied the authorization request"),
            ];
            return back(&asked.redirect_uri, &denied, state);
        }
        let region = self.portals.get(&portal_id).map_or("na1", |portal| portal.settings.hublet.as_str());
        let approval = Approval {
            app_id: asked.app.app_id,
            portal_id,
            user_id: user.user_id,
            scopes: self.granted_scopes(user, portal_id, &asked),
            redirect_uri: asked.redirect_uri.clone(),
            region: region.to_owned(),
        };
        let code = self.access.issue_code(now_ms, &self.switches, approval);
        back(&asked.redirect_uri, &[("code", &code)], state)
    }

    /// The person and the session of the cookie.
    fn signed_in<'a>(&self, request: &'a Request) -> Option<(&User, &'a str)> {
        let session = request.cookie(COOKIE)?;
        Some((self.access.session_user(session)?, session))
    }

    /// The page that refuses, if the person may not authorise this app for this account.
    fn may_install(&self, user: &User, app: &App, portal_id: u64) -> Option<Response> {
        let known = self.portals.contains_key(&portal_id);
        let refused = if known {
            user.may_authorize(&self.switches, app, portal_id).err()?
        } else {
            MayNot::OtherAccount
        };
        Some(match refused {
            MayNot::OtherAccount => {
                let text = format!("You do not have access to the account {portal_id}.");
                error_page(403, "You can't connect this account", &text)
            }
            MayNot::NotAnAdmin => error_page(
                403,
                "You don't have permission to connect this app",
                "Only a super admin, or a user with HubSpot Marketplace access, can connect apps. Ask an admin of this \
                 account.",
            ),
            MayNot::BeyondRights { scope } => error_page(
                403,
                "You don't have permission to connect this app",
                &format!(
                    "The app needs “{scope}”, which your own permissions don't cover. Ask an admin of this account."
                ),
            ),
            MayNot::NoSuchKind => error_page(
                400,
                "This app couldn't be connected",
                "Apps with user-level access are not available.",
            ),
        })
    }

    /// What is granted: of a user-level app only what the person's own rights cover.
    fn granted_scopes(&self, user: &User, portal_id: u64, asked: &Asked) -> Vec<String> {
        let limited = asked.app.user_level && self.switches.user_level_scopes_need_rights;
        let covered = |scope: &&String| !limited || user.covers(portal_id, scope);
        asked.scopes.iter().filter(covered).cloned().collect()
    }

    /// What the app asks for in the query, or the page that says what is wrong with it.
    fn asked(&self, request: &Request) -> Result<Asked, Response> {
        let query = Form::query(request);
        let title = "This app couldn't be connected";
        let Some(app) = self.access.app_by_client(query.text("client_id")) else {
            let text =
                "The client ID in this address belongs to no app. Ask the app's developer to check it.";
            return Err(error_page(400, title, text));
        };
        let redirect_uri = query.text("redirect_uri");
        if !app.redirect_uris.iter().any(|registered| registered == redirect_uri) {
            let text = format!(
                "The redirect URL in this address, “{redirect_uri}”, is not among the redirect URLs that are registered \
                 for the app “{}”.",
                app.name
            );
            return Err(error_page(400, title, &text));
        }
        let mut scopes = query.words("scope");
        let missing: Vec<&String> = app.required_scopes.iter().filter(|own| !scopes.contains(own)).collect();
        let unknown: Vec<&String> = scopes.iter().filter(|scope| !app.offers(scope)).collect();
        if let Some(scope) = missing.first().or(unknown.first()) {
            let text = format!(
                "The scopes in this address don't match the ones the app “{}” requires (“{scope}”). Ask the app's \
                 developer to check its installation address.",
                app.name
            );
            return Err(error_page(400, "Authorization failed because of a scope mismatch", &text));
        }
        let optional = query.words("optional_scope");
        scopes.extend(optional.into_iter().filter(|scope| app.offers(scope)));
        scopes.sort();
        scopes.dedup();
        let state = query.get("state").map(str::to_owned);
        Ok(Asked { app: app.clone(), redirect_uri: redirect_uri.to_owned(), scopes, state })
    }

    fn accounts_page(&self, asked: &Asked, user: &User, query: &str) -> Response {
        let accounts = self.portals.values().filter(|portal| user.portals.contains(&portal.portal_id));
        let body = html! {
            h1 { "Choose an account" }
            p { "Which account do you want to connect to " strong { (asked.app.name) } "?" }
            ul.accounts {
                @for portal in accounts {
                    li {
                        a href=(format!("/oauth/{}/authorize?{query}", portal.portal_id)) {
                            strong { (portal.settings.name) }
                            span { (portal.settings.hub_domain) " · " (portal.portal_id) }
                        }
                    }
                }
            }
        };
        Response::html(200, shell("Choose an account", Some(user), &body))
    }

    /// The form, and where there are several people a button for each: this is a simulator.
    fn login_page(&self, next: &str, email: &str, wrong: Option<&str>) -> Response {
        let people: Vec<&User> = self.access.users().filter(|user| !user.portals.is_empty()).collect();
        let body = html! {
            h1 { "Log in to HubSpot" }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            form method="post" action="/login" {
                input type="hidden" name="next" value=(next);
                label { "Email address" input type="email" name="email" value=(email) required autofocus; }
                label { "Password" input type="password" name="password" required; }
                button.primary type="submit" { "Log in" }
            }
            @if people.len() > 1 {
                h2 { "Choose a user" }
                ul.accounts {
                    @for user in people {
                        li {
                            form method="post" action="/login" {
                                input type="hidden" name="next" value=(next);
                                input type="hidden" name="email" value=(user.email);
                                input type="hidden" name="password" value=(user.password);
                                button type="submit" { (user.email) " (" (role(user)) ")" }
                            }
                        }
                    }
                }
            }
            p.note { "This is a simulator: the person is admin@example.com, the password hubspot, unless you made others." }
        };
        Response::html(if wrong.is_some() { 401 } else { 200 }, shell("Log in", None, &body))
    }

    fn login(&mut self, request: &Request) -> Response {
        let form = Form::body(request).unwrap_or_default();
        let next = form.text("next");
        let Some(session) = self.access.sign_in(form.text("email"), form.text("password")) else {
            return self.login_page(
                next,
                form.text("email"),
                Some("That email and password don't belong together."),
            );
        };
        // Only HubSpot's own pages: a `next` elsewhere would make this an open redirect.
        let own = next.starts_with('/') && !next.starts_with("//");
        let mut response = Response::see_other(if own { next } else { "/__control/" });
        let cookie = format!("{COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax");
        response.headers.push(("set-cookie".into(), cookie));
        response
    }

    fn logout(&mut self, request: &Request) -> Response {
        self.access.sign_out(request.cookie(COOKIE).unwrap_or_default());
        let mut response = Response::see_other("/login");
        response.headers.push(("set-cookie".into(), format!("{COOKIE}=; Path=/; Max-Age=0")));
        response
    }
}

/// A valid request for authorisation.
struct Asked {
    app: App,
    redirect_uri: String,
    /// Required and optional ones together: what the grant will carry.
    scopes: Vec<String>,
    state: Option<String>,
}

impl App {
    /// Whether the app's configuration names this scope at all.
    fn offers(&self, scope: &str) -> bool {
        self.required_scopes.iter().chain(&self.optional_scopes).any(|own| own == scope)
    }
}

/// What a person is, in a word.
pub(crate) fn role(user: &User) -> &'static str {
    match (user.super_admin, user.marketplace_access) {
        (true, _) => "super admin",
        (false, true) => "user with Marketplace access",
        (false, false) => "user",
    }
}

/// Ties a form to the session it was made for.
fn csrf(session: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(format!("csrf {session}")))
}

fn back(redirect_uri: &str, pairs: &[(&str, &str)], state: Option<&str>) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    let join = if redirect_uri.contains('?') { '&' } else { '?' };
    let location = format!("{redirect_uri}{join}{}", query.finish());
    Response { status: 302, headers: vec![("location".into(), location)], body: Vec::new() }
}

fn approval_page(asked: &Asked, user: &User, portal_id: u64, portal_name: &str, session: &str) -> Response {
    let body = html! {
        h1 { "Connect " (asked.app.name) " to HubSpot" }
        p { "Account " strong { (portal_name) } " (" (portal_id) ")" }
        @if asked.app.user_level {
            p { "This app will act as you, " strong { (user.email) } ", with your own permissions in this account." }
        }
        p { (asked.app.name) " will be able to:" }
        ul.scopes {
            @for scope in &asked.scopes { li { (meaning(scope)) " " code { (scope) } } }
        }
        form method="post" {
            input type="hidden" name="csrf" value=(csrf(session));
            div.buttons {
                button.primary type="submit" name="decision" value="approve" { "Connect app" }
                button type="submit" name="decision" value="deny" { "Cancel" }
            }
        }
        p.note { "You will be sent back to " (asked.redirect_uri) "." }
    };
    let title = format!("Connect {}", asked.app.name);
    Response::html(200, shell(&title, Some(user), &body))
}

/// HubSpot's page for a mistake it can not report to the app.
fn error_page(status: u16, title: &str, text: &str) -> Response {
    let body = html! { h1 { (title) } p.wrong role="alert" { (text) } };
    Response::html(status, shell(title, None, &body))
}

fn meaning(scope: &str) -> &'static str {
    match scope {
        "oauth" => "See basic information about the account",
        "crm.objects.contacts.read" => "View contacts",
        "crm.objects.contacts.write" => "Create, change and delete contacts",
        "crm.schemas.contacts.read" => "View contact properties",
        "crm.schemas.contacts.write" => "Create, change and delete contact properties",
        _ => "Use",
    }
}

/// The frame around a page's body.
pub(crate) fn shell(title: &str, user: Option<&User>, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " | HubSpot simulator" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    a.brand href="/__control/" { "HubSpot" span { "simulator" } }
                    @if let Some(user) = user {
                        div { (user.email) " · " a href="/logout" { "Log out" } }
                    }
                }
                main { (body) }
            }
        }
    }
    .into_string()
}

//! What the simulator's tests share: a small HubSpot with one app, and a walk through its pages.

use hubspot_simulator::grants::{App, User};
use hubspot_simulator::http::{Request, Response};
use hubspot_simulator::{PortalSettings, Shape, Simulator, Switches};
use serde_json::Value;

pub const PORTAL: u64 = 33;
pub const REDIRECT: &str = "http://localhost:8787/oauth/callback";
/// 2026-11-20 12:00 UTC.
pub const NOON: u64 = 1_795_176_000_000;

/// One account, one super admin, one app; `contacts` contacts.
pub fn hubspot(switches: Switches, contacts: u32) -> Simulator {
    let mut simulator = Simulator::new(7, switches);
    simulator.add_portal(PORTAL, PortalSettings::default());
    let (portal, mut turn) = simulator.portal_turn(PORTAL, NOON).unwrap();
    portal.seed_contacts(&mut turn, contacts, &Shape::default());
    simulator.put_app(app());
    simulator.put_user(User {
        user_id: 5,
        email: "ada@example.com".into(),
        portals: [PORTAL].into(),
        ..User::default()
    });
    simulator
}

pub fn app() -> App {
    App {
        app_id: 9,
        client_id: "client".into(),
        client_secret: "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy".into(),
        redirect_uris: vec![REDIRECT.into()],
        required_scopes: vec!["oauth".into(), "crm.objects.contacts.read".into()],
        optional_scopes: vec!["crm.objects.contacts.write".into()],
        ..App::default()
    }
}

/// Encoded pairs.
pub fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub fn get(path_and_query: &str) -> Request {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    Request { method: "GET".into(), path: path.into(), query: query.into(), ..Request::default() }
}

pub fn post_form(path_and_query: &str, pairs: &[(&str, &str)]) -> Request {
    let mut request = get(path_and_query);
    request.method = "POST".into();
    request.headers.push(("content-type".into(), "application/x-www-form-urlencoded".into()));
    request.body = encoded(pairs).into_bytes();
    request
}

pub fn json_request(method: &str, path_and_query: &str, body: &Value) -> Request {
    let mut request = get(path_and_query);
    request.method = method.into();
    if !body.is_null() {
        request.headers.push(("content-type".into(), "application/json".into()));
        request.body = body.to_string().into_bytes();
    }
    request
}

pub fn with_header(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.push((name.into(), value.into()));
    request
}

pub fn with_token(request: Request, token: &str) -> Request {
    with_header(request, "authorization", &format!("Bearer {token}"))
}

pub fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or(Value::Null)
}

pub fn text_of(response: &Response) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

/// The address of the first page, as the app sends people to it.
pub fn authorize_url(state: &str) -> String {
    let query = encoded(&[
        ("client_id", "client"),
        ("redirect_uri", REDIRECT),
        ("scope", "oauth crm.objects.contacts.read"),
        ("optional_scope", "crm.objects.contacts.write tickets"),
        ("state", state),
    ]);
    format!("/oauth/authorize?{query}")
}

/// Walks log in → choose account → decide, as a browser would; where it is sent at the end.
pub fn walk(simulator: &mut Simulator, now_ms: u64, first: &str, decision: &str) -> String {
    let to_login = simulator.handle(now_ms, &get(first)).unwrap();
    let login = to_login.header("location").unwrap().to_owned();
    let page = text_of(&simulator.handle(now_ms, &get(&login)).unwrap());
    let next = unescaped(between(&page, "name=\"next\" value=\"", "\""));
    let credentials = [("email", "ada@example.com"), ("password", "hubspot"), ("next", next.as_str())];
    let signed_in = simulator.handle(now_ms, &post_form("/login", &credentials)).unwrap();
    let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let next = signed_in.header("location").unwrap().to_owned();
    let accounts = simulator.handle(now_ms, &with_header(get(&next), "cookie", &cookie)).unwrap();
    let account = unescaped(between(&text_of(&accounts), "<li><a href=\"", "\""));
    let approval = simulator.handle(now_ms, &with_header(get(&account), "cookie", &cookie)).unwrap();
    let csrf = between(&text_of(&approval), "name=\"csrf\" value=\"", "\"").to_owned();
    let decided = post_form(&account, &[("csrf", &csrf), ("decision", decision)]);
    let back = simulator.handle(now_ms, &with_header(decided, "cookie", &cookie)).unwrap();
    assert_eq!(back.status, 302, "{}", text_of(&back));
    back.header("location").unwrap().to_owned()
}

/// A decoded query parameter of an address.
pub fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
}

pub fn token_request(pairs: &[(&str, &str)]) -> Request {
    let mut all = vec![("client_id", "client"), ("client_secret", "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy")];
    all.extend(pairs);
    post_form("/oauth/2026-09/token", &all)
}

/// Installs the app; access and refresh token.
pub fn install(simulator: &mut Simulator, now_ms: u64) -> (String, String) {
    let url = walk(simulator, now_ms, &authorize_url("s"), "approve");
    let code = parameter(&url, "code").unwrap();
    let exchange =
        token_request(&[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT)]);
    let body = json_of(&simulator.handle(now_ms, &exchange).unwrap());
    let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
    (text("access_token"), text("refresh_token"))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let start = text.find(before).unwrap_or_else(|| panic!("no {before} in {text}")) + before.len();
    text[start..].split(after).next().unwrap()
}

fn unescaped(text: &str) -> String {
    text.replace("&amp;", "&").replace("&quot;", "\"")
}

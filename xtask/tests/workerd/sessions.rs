//! Who may do what: links, sessions, roles, the operator, keys; and what every page carries.

use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::browser::{Browser, Page};
use xtask::world::{Plan, World};

use crate::disk;
use crate::person::{Person, connected};
use crate::request::{Answer, Ask, get, open, parameter, post, post_form, send};
use crate::secrecy::told;
use crate::stage::{Stage, alone, together};

/// What the Worker of the second world believes to be reached by.
const PUBLIC: &str = "https://spoke.example";

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().with("--contacts", 50).setting("TEST_FAULTS", "off");
    let stage = Stage::new(plan);
    let public = Plan::default()
        .in_workerd()
        .with("--contacts", 0)
        .setting("PUBLIC_URL", PUBLIC)
        .setting("TEST_FAULTS", "off");
    let public = Stage::new(public);
    vec![
        together(&stage, "a link opens once", link_once),
        together(&stage, "a viewer sees the connections and changes none of them", viewer),
        together(&stage, "a form without its token does nothing", forged_forms),
        together(&stage, "signing out ends the session", signed_out),
        together(&stage, "a revoked key and the host's word end sessions and links", ended),
        together(&stage, "the operator signs in, makes a workspace and opens it", operator),
        together(&stage, "a key sees its own workspace and no other", keys),
        together(&stage, "what is not served, or not in this form, is a problem in words", problems),
        together(&stage, "every page forbids frames, scripts and caches", headers),
        alone(
            &public,
            "over https cookies are pinned to the host, and guesses at the console wait",
            public_cookies,
        ),
        alone(&public, "links, sessions and authorisations end by their time", expired),
        alone(&public, "invented cookies are paced, and whoever holds something comes through", paced),
    ]
}

fn link(world: &World, workspace: &str, role: &str) -> Result<String> {
    let body =
        json!({"user": "ada@example.com", "role": role, "return_url": "https://host.example.com/settings"});
    let session = world.spoke.post_json(&format!("/v1/workspaces/{workspace}/sessions"), &body)?;
    session["url"].as_str().map(str::to_owned).context("no link")
}

/// The `name=value` of a `Set-Cookie`.
fn pair(set_cookie: &str) -> String {
    let pair = set_cookie.split(';').next().unwrap_or_default().to_owned();
    if let Some((_, value)) = pair.split_once('=') {
        told(value);
    }
    pair
}

fn link_once(world: &World) -> Result<()> {
    let workspace = world.spoke.create_workspace("Link once")?;
    let link = link(world, &workspace, "administrator")?;
    let first = open(&link, "")?;
    ensure!(first.status == 303, "the first time: {}", first.status);
    ensure!(
        first.header("location") == format!("/w/{workspace}/integrations"),
        "{}",
        first.header("location")
    );
    let set = first.all("set-cookie");
    ensure!(set.len() == 1, "{set:?}");
    for flag in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Max-Age=28"] {
        ensure!(set[0].contains(flag), "the cookie lacks {flag}: {}", set[0].replace(&pair(set[0]), "…"));
    }
    let second = open(&link, "")?;
    ensure!(
        second.status == 410 && second.all("set-cookie").is_empty(),
        "the second time: {}",
        second.status
    );
    ensure!(second.text.contains("has been used or has expired"), "it does not say why");
    let invented = open(&format!("{}/s/{}", world.spoke.url, "A".repeat(43)), "")?;
    ensure!(invented.status == 404 && invented.all("set-cookie").is_empty(), "invented: {}", invented.status);
    Ok(())
}

fn viewer(world: &World) -> Result<()> {
    let connected = connected(world, world.simulator.started.portal_id, "Viewers")?;
    let mut browser = Browser::default();
    let page = browser.open(&link(world, &connected.workspace, "viewer")?)?;
    ensure!(page.status == 200, "{} {}", page.status, page.words());
    for change in ["a[href*='/connect?']", "a[href$='/disconnect']", "form[action$='/connect']"] {
        ensure!(page.link(change).is_none(), "a viewer is shown {change}: {}", page.words());
    }
    ensure!(page.link("a[href^='https://host.example.com/']").is_some(), "no way back to the product");
    let cookies = browser.cookies_for(&world.spoke.url);
    let own = format!("{}/w/{}", world.spoke.url, connected.workspace);
    let block = "privacy/blocks/blk_000000000000000000000000/lift";
    let of = |page: &str| format!("connections/{}/{page}", connected.connection);
    for path in ["connect?app=main".to_owned(), of("disconnect"), of(block)] {
        let answer = open(&format!("{own}/{path}"), &cookies)?;
        ensure!(answer.status == 403, "{path}: {}", answer.status);
    }
    let privacy = ["privacy/erase", "privacy/export", "privacy/retention", block];
    for path in ["connect".to_owned(), of("disconnect")].into_iter().chain(privacy.map(of)) {
        let answer = post_form(&format!("{own}/{path}"), &cookies, "app=main&csrf=x")?;
        ensure!(answer.status == 403, "{path}: {}", answer.status);
    }
    let state = world.spoke.get_json(&format!("/v1/connections/{}", connected.connection))?["state"].clone();
    ensure!(state == "active", "the connection is {state}");
    let refused = world.spoke.post(
        &format!("/v1/workspaces/{}/sessions", connected.workspace),
        &json!({"user": "ada", "role": "owner"}),
    )?;
    ensure!(refused.status == 400, "an invented role: {}", refused.status);
    Ok(())
}

fn forged_forms(world: &World) -> Result<()> {
    let connected = connected(world, world.simulator.started.portal_id, "Forged forms")?;
    let mut person = Person::new(world);
    let page = person.enter(&connected.workspace)?;
    let cookies = person.browser.cookies_for(&world.spoke.url);
    let own = format!("{}/w/{}", world.spoke.url, connected.workspace);
    // The token of somebody else's session is no better than none.
    let mut other = Person::new(world);
    let others_page = other.enter(&connected.workspace)?;
    let foreign = csrf_of(&others_page).context("no form on the page")?;
    ensure!(csrf_of(&page) != Some(foreign.clone()), "two sessions share a token");
    for csrf in ["", "csrf=", "csrf=x", &format!("csrf={foreign}")] {
        for path in [
            "connect".to_owned(),
            format!("connections/{}/disconnect", connected.connection),
            format!("connections/{}/privacy/erase", connected.connection),
            format!("connections/{}/privacy/export", connected.connection),
            format!("connections/{}/privacy/retention", connected.connection),
            "sign-out".into(),
        ] {
            let answer = post_form(&format!("{own}/{path}"), &cookies, &format!("app=main&{csrf}"))?;
            ensure!(answer.status == 403, "{path} with `{csrf}`: {}", answer.status);
            ensure!(answer.text.contains("That page was out of date"), "{path} does not say why");
        }
    }
    ensure!(open(&format!("{own}/integrations"), &cookies)?.status == 200, "the session was ended");
    let state = world.spoke.get_json(&format!("/v1/connections/{}", connected.connection))?["state"].clone();
    ensure!(state == "active", "the connection is {state}");
    Ok(())
}

fn csrf_of(page: &Page) -> Option<String> {
    let (_, rest) = page.html.split_once("name=\"csrf\" value=\"")?;
    rest.split('"').next().map(str::to_owned)
}

fn signed_out(world: &World) -> Result<()> {
    let workspace = world.spoke.create_workspace("Signed out")?;
    let mut person = Person::new(world);
    let page = person.enter(&workspace)?;
    let cookies = person.browser.cookies_for(&world.spoke.url);
    let form = page.form("form[action$='/sign-out']").context("no way to sign out")?;
    let bye = person.browser.submit(&form)?;
    ensure!(bye.status == 200 && bye.words().contains("signed out"), "{} {}", bye.status, bye.words());
    ensure!(person.browser.cookies_for(&world.spoke.url).is_empty(), "the cookie stays");
    // Not only the cookie: the session itself.
    let answer = open(&format!("{}/w/{workspace}/integrations", world.spoke.url), &cookies)?;
    ensure!(answer.status == 401, "the session lives on: {}", answer.status);
    Ok(())
}

fn operator(world: &World) -> Result<()> {
    let mut browser = Browser::default();
    let console = format!("{}/console", world.spoke.url);
    let page = browser.open(&console)?;
    let form = page.form("form[action='/console/sign-in']").context("no way to sign in")?;
    let wrong = browser.submit(&form.with("password", "not the password"))?;
    ensure!(
        wrong.status == 401 && wrong.words().contains("not the password"),
        "{} {}",
        wrong.status,
        wrong.words()
    );
    let live = browser.open(&format!("{console}/live"))?;
    ensure!(live.status == 401, "the live part shows itself to anyone: {}", live.status);
    let form =
        browser.open(&console)?.form("form[action='/console/sign-in']").context("no way to sign in")?;
    let inside = browser.submit(&form.with("password", &world.secrets.console_password))?;
    ensure!(inside.status == 200, "{} {}", inside.status, inside.words());
    let form = inside.form("form[action='/console/workspaces']").context("no way to make a workspace")?;
    let nameless = browser.submit(&form.clone().with("name", "  ").with("jurisdiction", ""))?;
    ensure!(nameless.status == 400, "a workspace without a name: {}", nameless.status);
    let made = browser.submit(&form.with("name", "By the operator").with("jurisdiction", "eu"))?;
    ensure!(made.status == 200 && made.html.contains("By the operator"), "{} {}", made.status, made.words());
    let form = made.form("form[action$='/open']").context("no way into the workspace")?;
    let entered = browser.submit(&form)?;
    ensure!(
        entered.status == 200 && entered.url.ends_with("/integrations"),
        "{} {}",
        entered.status,
        entered.url
    );
    // A workspace's session is none of the console, and the other way round.
    let workspace = world.spoke.create_workspace("Not the console")?;
    let mut person = Person::new(world);
    person.enter(&workspace)?;
    let tried = person.browser.open(&format!("{console}/live"))?;
    ensure!(tried.status == 401, "a workspace's session opens the console: {}", tried.status);
    let out = browser.open(&console)?.form("form[action='/console/sign-out']").context("no way out")?;
    browser.submit(&out)?;
    ensure!(browser.open(&format!("{console}/live"))?.status == 401, "the operator is still inside");
    Ok(())
}

fn new_key(world: &World, workspace: &str, body: &Value) -> Result<(String, String)> {
    let made = world.spoke.post_json(&format!("/v1/workspaces/{workspace}/keys"), body)?;
    let text = |name: &str| made[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
    told(&text("key")?);
    Ok((text("id")?, text("key")?))
}

fn keys(world: &World) -> Result<()> {
    let own = connected(world, world.simulator.started.portal_id, "Key's own")?;
    let other = connected(world, world.simulator.started.portal_id, "Key's other")?;
    let (id, key) = new_key(world, &own.workspace, &json!({"name": "Server"}))?;
    let url = |path: &str| format!("{}/v1{path}", world.spoke.url);
    let of = |connection: &str, more: &str| url(&format!("/connections/{connection}{more}"));
    for path in [
        url(&format!("/workspaces/{}", own.workspace)),
        url(&format!("/workspaces/{}/connections", own.workspace)),
        url(&format!("/workspaces/{}/keys", own.workspace)),
        of(&own.connection, ""),
        of(&own.connection, "/records/contacts?limit=1"),
        of(&own.connection, "/changes?after=0&limit=1"),
    ] {
        let answer = get(&path, &key)?;
        ensure!(answer.status == 200, "its own {path}: {} {}", answer.status, answer.text);
        ensure!(!answer.text.contains(&key), "{path} shows the key");
    }
    for path in [
        url(&format!("/workspaces/{}", other.workspace)),
        url(&format!("/workspaces/{}/connections", other.workspace)),
        url(&format!("/workspaces/{}/keys", other.workspace)),
        of(&other.connection, ""),
        of(&other.connection, "/records/contacts"),
        of(&other.connection, "/records/contacts/1"),
        of(&other.connection, "/changes"),
    ] {
        let answer = get(&path, &key)?;
        ensure!(answer.status == 404, "another's {path}: {}", answer.status);
        // Not a word that tells it from what does not exist.
        let nowhere = get(&of("con_0123456789abcdef01234567", ""), &key)?;
        ensure!(answer.text == nowhere.text, "{path} tells that it exists: {}", answer.text);
    }
    let no_more = json!({"name": "x"});
    let session = json!({"user": "eve", "role": "administrator"});
    ensure!(post(&url("/workspaces"), &key, &no_more)?.status == 403, "a key makes workspaces");
    ensure!(get(&url("/workspaces"), &key)?.status == 403, "a key lists workspaces");
    let others = url(&format!("/workspaces/{}", other.workspace));
    ensure!(
        post(&format!("{others}/sessions"), &key, &session)?.status == 404,
        "a key opens another's pages"
    );
    ensure!(post(&format!("{others}/keys"), &key, &no_more)?.status == 404, "a key makes another's keys");
    let bearer = format!("Bearer {key}");
    let delete = |path: &str, authorization: &str| -> Result<Answer> {
        send(&Ask { method: "DELETE", url: path, headers: &[("authorization", authorization)], body: None })
    };
    ensure!(delete(&of(&other.connection, ""), &bearer)?.status == 404, "a key disconnects another");
    let state = world.spoke.get_json(&format!("/v1/connections/{}", other.connection))?["state"].clone();
    ensure!(state == "active", "the other connection is {state}");

    for (what, wrong) in [
        ("none", String::new()),
        ("cut off", key[..key.len() - 1].to_owned()),
        ("a changed letter", key.replacen('.', ".x", 1)),
        ("the console's password", world.secrets.console_password.clone()),
    ] {
        let answer = get(&of(&own.connection, ""), &wrong)?;
        ensure!(answer.status == 401, "{what}: {}", answer.status);
        ensure!(
            answer.header("content-type") == "application/problem+json",
            "{what}: {}",
            answer.header("content-type")
        );
    }
    let soon = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64 + 2;
    let expires_at = rfc3339(soon);
    let (_, brief) = new_key(world, &own.workspace, &json!({"name": "Brief", "expires_at": expires_at}))?;
    ensure!(get(&of(&own.connection, ""), &brief)?.status == 200, "a key that has not ended");
    let revoke = url(&format!("/workspaces/{}/keys/{id}", own.workspace));
    ensure!(delete(&revoke, &bearer)?.status == 204, "the key is not revoked");
    // Believed for five seconds without asking.
    sleep(Duration::from_millis(7_500));
    for (what, key) in [("revoked", &key), ("expired", &brief)] {
        let answer = get(&of(&own.connection, ""), key)?;
        ensure!(answer.status == 401, "{what}: {}", answer.status);
    }
    Ok(())
}

/// Seconds since 1970 as RFC 3339, by SQLite.
fn rfc3339(seconds: i64) -> String {
    let database = rusqlite::Connection::open_in_memory().expect("SQLite opens in memory");
    let sql = "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', ?1, 'unixepoch')";
    database.query_row(sql, [seconds], |row| row.get(0)).expect("a moment can be written")
}

fn problems(world: &World) -> Result<()> {
    let url = |path: &str| format!("{}{path}", world.spoke.url);
    let root = &world.secrets.root_key;
    let is_problem = |answer: &Answer, status: u16| -> Result<()> {
        ensure!(answer.status == status, "{} instead of {status}: {}", answer.status, answer.text);
        ensure!(
            answer.header("content-type") == "application/problem+json",
            "{}",
            answer.header("content-type")
        );
        let body = answer.json()?;
        ensure!(body["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "no sentence: {body}");
        ensure!(body["type"].as_str().is_some_and(|kind| kind.starts_with("/problems/")), "no type: {body}");
        Ok(())
    };
    is_problem(&get(&url("/v1/nothing"), root)?, 404)?;
    is_problem(&get(&url("/v1/workspaces?lmit=1"), root)?, 400)?;
    is_problem(&get(&url("/v1/workspaces?limit=0"), root)?, 400)?;
    is_problem(&get(&url("/v1/workspaces?cursor=nonsense"), root)?, 400)?;
    is_problem(&post(&url("/v1/workspaces"), root, &json!({"name": "x", "nmae": "y"}))?, 400)?;
    is_problem(&post(&url("/v1/workspaces"), root, &json!({"name": ""}))?, 400)?;
    is_problem(&post(&url("/v1/workspaces"), root, &json!({"name": "x".repeat(70_000)}))?, 413)?;
    let authorization = format!("Bearer {root}");
    let headers = [("authorization", authorization.as_str())];
    let url_of = url("/v1/workspaces");
    let answer = send(&Ask { method: "DELETE", url: &url_of, headers: &headers, body: None })?;
    is_problem(&answer, 405)?;
    ensure!(answer.header("allow") == "POST, GET", "allow: {}", answer.header("allow"));
    let lost = open(&url("/nowhere"), "")?;
    ensure!(lost.status == 404 && lost.header("content-type").starts_with("text/html"), "a page for people");
    Ok(())
}

fn headers(world: &World) -> Result<()> {
    let connected = connected(world, world.simulator.started.portal_id, "Headers")?;
    let mut person = Person::new(world);
    person.enter(&connected.workspace)?;
    let cookies = person.browser.cookies_for(&world.spoke.url);
    let own = format!("/w/{}", connected.workspace);
    let pages = [
        format!("{own}/integrations"),
        format!("{own}/integrations/live"),
        format!("{own}/connect?app=main"),
        format!("{own}/connections/{}/disconnect", connected.connection),
        "/console".to_owned(),
        "/oauth/callback".to_owned(),
        "/s/unknown".to_owned(),
        "/nowhere".to_owned(),
    ];
    for path in pages {
        let page = open(&format!("{}{path}", world.spoke.url), &cookies)?;
        let policy = page.header("content-security-policy");
        for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            ensure!(policy.contains(rule), "{path}: the policy lacks {rule}: {policy}");
        }
        ensure!(!policy.contains("unsafe"), "{path}: {policy}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("strict-transport-security", "max-age=31536000"),
            ("referrer-policy", "same-origin"),
            ("content-type", "text/html; charset=utf-8"),
        ] {
            ensure!(page.header(name) == value, "{path}: {name}: {}", page.header(name));
        }
        // What the policy forbids would not work.
        for inline in ["<script>", " style=\"", "onclick=", "javascript:"] {
            ensure!(!page.text.contains(inline), "{path} holds `{inline}`");
        }
    }
    let leaving = open(&format!("{}{own}/connect?app=main", world.spoke.url), &cookies)?;
    let policy = leaving.header("content-security-policy");
    let hubspot = &world.simulator.started.url;
    ensure!(
        policy.contains(&format!("form-action 'self' {hubspot}")),
        "the form cannot leave for HubSpot: {policy}"
    );
    Ok(())
}

fn public_cookies(world: &mut World) -> Result<()> {
    let workspace = world.spoke.create_workspace("Public")?;
    let link = link(world, &workspace, "administrator")?;
    let path = link.strip_prefix(PUBLIC).with_context(|| format!("the link is not public: {link}"))?;
    let entered = open(&format!("{}{path}", world.spoke.url), "")?;
    let cookie = entered.header("set-cookie").to_owned();
    ensure!(cookie.starts_with(&format!("__Host-spoke-{workspace}=")), "the cookie is not pinned");
    for flag in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        ensure!(cookie.contains(flag), "the cookie lacks {flag}");
    }
    let integrations = format!("{}/w/{workspace}/integrations", world.spoke.url);
    ensure!(open(&integrations, &pair(&cookie))?.status == 200, "the cookie is not taken");
    let bare = pair(&cookie).replace("__Host-", "");
    ensure!(open(&integrations, &bare)?.status == 401, "a cookie that is not pinned is taken");

    let console = format!("{}/console", world.spoke.url);
    let attempt = |password: &str| -> Result<Answer> {
        let page = open(&console, "")?;
        let before = pair(page.header("set-cookie"));
        let csrf =
            page.text.split_once("name=\"csrf\" value=\"").and_then(|(_, rest)| rest.split('"').next());
        let csrf = csrf.context("no form to sign in with")?;
        post_form(&format!("{console}/sign-in"), &before, &format!("csrf={csrf}&password={password}"))
    };
    let inside = attempt(&world.secrets.console_password)?;
    ensure!(inside.status == 303, "the right password: {}", inside.status);
    let set = inside.all("set-cookie");
    ensure!(
        set.iter().any(|cookie| cookie.starts_with("__Host-spoke-console=") && cookie.contains("; Secure")),
        "the operator's cookie is not pinned"
    );
    for nth in 1..=5 {
        let answer = attempt("a-guess")?;
        ensure!(
            answer.status == 401
                && answer.all("set-cookie").iter().all(|cookie| !cookie.contains("console=")),
            "guess {nth}: {}",
            answer.status
        );
    }
    for password in ["a-guess", &world.secrets.console_password] {
        let answer = attempt(password)?;
        ensure!(answer.status == 429, "after five guesses: {}", answer.status);
        ensure!(answer.text.contains("Too many attempts"), "it does not say why");
    }
    // Whoever has signed in from this browser before does not wait for what its network tries.
    let device = set.iter().find(|cookie| cookie.starts_with("__Host-spoke-device=")).context("no device")?;
    ensure!(
        device.contains("; HttpOnly") && device.contains("; Secure"),
        "the device's cookie is not pinned"
    );
    let page = open(&console, "")?;
    let csrf = page.text.split_once("name=\"csrf\" value=\"").and_then(|(_, rest)| rest.split('"').next());
    let form = format!("csrf={}&password={}", csrf.context("no form")?, world.secrets.console_password);
    let cookies = format!("{}; {}", pair(page.header("set-cookie")), pair(device));
    let known = post_form(&format!("{console}/sign-in"), &cookies, &form)?;
    ensure!(known.status == 303, "a known browser: {}", known.status);
    Ok(())
}

fn ended(world: &World) -> Result<()> {
    let workspace = world.spoke.create_workspace("Ended")?;
    let keys = format!("/v1/workspaces/{workspace}/keys");
    let sessions = format!("/v1/workspaces/{workspace}/sessions");
    let made = world.spoke.post_json(&keys, &json!({"name": "leaks"}))?;
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a text");
    let (id, key) = (text(&made["id"])?, text(&made["key"])?);
    told(&key);
    let integrations = format!("{}/w/{workspace}/integrations", world.spoke.url);
    let link_by = |key: &str, user: &str| -> Result<Answer> {
        let body = json!({"user": user, "role": "administrator"});
        post(&format!("{}{sessions}", world.spoke.url), key, &body)
    };
    let enter = |key: &str, user: &str| -> Result<String> {
        let link = text(&link_by(key, user)?.json()?["url"])?;
        Ok(pair(open(&link, "")?.header("set-cookie")))
    };
    let status = |cookie: &str| -> Result<u16> { Ok(open(&integrations, cookie)?.status) };
    let root = world.secrets.root_key.clone();
    let (by_key, by_root) = (enter(&key, "mallory")?, enter(&root, "ada")?);
    let unopened = text(&link_by(&key, "mallory")?.json()?["url"])?;
    ensure!((status(&by_key)?, status(&by_root)?) == (200, 200), "they are not in");
    let revoked = world.spoke.delete(&format!("{keys}/{id}"))?;
    ensure!(revoked.status == 204, "revoking: {}", revoked.status);
    ensure!((status(&by_key)?, status(&by_root)?) == (401, 200), "the key's session, and the root key's");
    ensure!([404, 410].contains(&open(&unopened, "")?.status), "the key's link opens");
    // Also in the seconds in which the key itself is believed still.
    ensure!(link_by(&key, "mallory")?.status == 401, "a revoked key makes links");

    let again = enter(&root, "ada")?;
    let other = enter(&root, "grace")?;
    let answer = world.spoke.delete(&format!("{sessions}?user=ada"))?;
    let expected = json!({"sessions": 2, "links": 0});
    ensure!(answer.status == 200 && answer.json()? == expected, "{} {}", answer.status, answer.text);
    ensure!((status(&by_root)?, status(&again)?, status(&other)?) == (401, 401, 200), "who is in");
    let answer = world.spoke.delete(&sessions)?;
    ensure!(answer.json()? == json!({"sessions": 1, "links": 0}), "{}", answer.text);
    let answer = world.spoke.delete(&sessions)?;
    ensure!(answer.status == 200 && answer.json()? == json!({"sessions": 0, "links": 0}), "{}", answer.text);
    ensure!(status(&other)? == 401, "everybody");
    let nowhere = world.spoke.delete("/v1/workspaces/ws_000000000000000000000000/sessions")?;
    ensure!(nowhere.status == 404, "a workspace that is not there: {}", nowhere.status);

    // Refused keys are counted, for the root key's eyes.
    let url = format!("{}/v1/workspaces", world.spoke.url);
    for _ in 0..3 {
        ensure!(get(&url, "key_nobodys")?.status == 401, "an invented key is taken");
    }
    let health = world.spoke.get_json("/healthz")?;
    let refused = health["counters"]["api_keys_refused"].as_u64().unwrap_or_default();
    ensure!(refused >= 3, "{health}");
    ensure!(
        !get(&format!("{}/healthz", world.spoke.url), "")?.text.contains("refused"),
        "strangers are told"
    );
    Ok(())
}

/// One isolate and one address for everybody: what thousands behind one address are to each other.
fn paced(world: &mut World) -> Result<()> {
    let workspace = world.spoke.create_workspace("Paced")?;
    let link = link(world, &workspace, "administrator")?.replace(PUBLIC, &world.spoke.url);
    let late = self::link(world, &workspace, "viewer")?.replace(PUBLIC, &world.spoke.url);
    let cookie = pair(open(&link, "")?.header("set-cookie"));
    let made = world.spoke.post_json(&format!("/v1/workspaces/{workspace}/keys"), &json!({"name": "ci"}))?;
    let key = made["key"].as_str().context("no key")?.to_owned();
    told(&key);
    let integrations = format!("{}/w/{workspace}/integrations", world.spoke.url);
    let mut statuses = Vec::new();
    for nth in 0..80 {
        let invented = format!("__Host-spoke-{workspace}={nth:04}{}", "A".repeat(39));
        let answer = open(&integrations, &invented)?;
        statuses.push(answer.status);
        if answer.status == 429 {
            ensure!(answer.text.contains("Try again in"), "it does not say when");
        }
    }
    ensure!(statuses.contains(&401) && statuses.contains(&429), "{statuses:?}");
    ensure!(statuses.iter().all(|status| [401, 429].contains(status)), "{statuses:?}");
    // Seen before or not: a session, a link that nobody opened yet, a key.
    ensure!(open(&integrations, &cookie)?.status == 200, "a session is kept out");
    ensure!(open(&late, "")?.status == 303, "a link is kept out");
    let url = format!("{}/v1/workspaces/{workspace}", world.spoke.url);
    ensure!(get(&url, &key)?.status == 200, "a key is kept out");
    let health = world.spoke.get_json("/healthz")?;
    ensure!(health["counters"]["strangers_paced"].as_u64().unwrap_or_default() > 0, "{health}");
    Ok(())
}

fn expired(world: &mut World) -> Result<()> {
    let workspace = world.spoke.create_workspace("Expired")?;
    let local = |url: &str| url.replace(PUBLIC, &world.spoke.url);
    let unopened = local(&link(world, &workspace, "administrator")?);
    let opened = open(&local(&link(world, &workspace, "administrator")?), "")?;
    let cookie = pair(opened.header("set-cookie"));
    let connect = format!("{}/w/{workspace}/connect", world.spoke.url);
    let page = open(&format!("{connect}?app=main"), &cookie)?;
    let csrf = page.text.split_once("name=\"csrf\" value=\"").and_then(|(_, rest)| rest.split('"').next());
    let leaving = post_form(&connect, &cookie, &format!("app=main&csrf={}", csrf.context("no form")?))?;
    ensure!(leaving.status == 303, "{} {}", leaving.status, leaving.text);
    let state = parameter(leaving.header("location"), "state").context("no state")?.to_owned();
    told(&state);
    let integrations = format!("{}/w/{workspace}/integrations", world.spoke.url);
    ensure!(open(&integrations, &cookie)?.status == 200, "the session does not work");

    world.kill_worker();
    disk::change(world, "Directory", "UPDATE links SET expires_at = 1 WHERE used_at IS NULL")?;
    disk::change(world, "Directory", "UPDATE oauth_states SET expires_at = 1")?;
    world.start_worker()?;
    let late = open(&format!("{}/oauth/callback?code=na1-x&state={state}", world.spoke.url), &cookie)?;
    ensure!(late.status == 400 && late.text.contains("within ten minutes"), "the state: {}", late.status);
    let answer = open(&unopened, "")?;
    ensure!(
        [404, 410].contains(&answer.status) && answer.all("set-cookie").is_empty(),
        "the link: {}",
        answer.status
    );
    ensure!(open(&integrations, &cookie)?.status == 200, "the session ended with the others");

    world.kill_worker();
    disk::change(world, "Directory", "UPDATE sessions SET expires_at = 1")?;
    world.start_worker()?;
    let answer = open(&integrations, &cookie)?;
    ensure!(answer.status == 401 && answer.text.contains("signed out"), "the session: {}", answer.status);
    Ok(())
}

//! Every address of the routes tables, tried by whoever has no business there: another workspace's key and session, a key that may too
//! little, nobody. The list of addresses is read from the tables' source, so that a new one is tried without a word here.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::browser::Browser;
use xtask::project::Project;
use xtask::walk::Connected;
use xtask::world::{Plan, World};

use crate::person::{Person, connected};
use crate::request::{Answer, Ask, get, post, send};
use crate::secrecy::told;
use crate::stage::{Stage, together};

/// Addresses that nobody has to prove anything at: they tell nothing of anybody's data.
const FOR_EVERYBODY: [&str; 10] = [
    "/hello",
    "/healthz",
    "/docs",
    "/v1/filter-schema.json",
    "/v1/workflow-schema.json",
    "/v1/openapi.json",
    // Signatures, one-time tokens, states and the password decide here; tests of their own try these.
    "/webhooks/hubspot/*",
    "/s/*",
    "/seat/*/*",
    "/oauth/callback",
];

/// Somebody in the victim's audience.
const PERSON: &str = "somebody@canary.example";
/// What the victim's things are called: nowhere else, so that an answer that holds it has leaked.
const CANARY: &str = "Canary of the other";

pub fn trials() -> Vec<Trial> {
    let stage = Stage::new(
        Plan::default()
            .in_workerd()
            .with("--contacts", 30)
            .setting("DELIVER_TO", "anywhere")
            .setting("TEST_FAULTS", "off"),
    );
    vec![
        together(&stage, "no address answers another workspace's key or session, nor nobody", nobody_gets_in),
        together(&stage, "a key does what its permissions say and no more", permissions),
    ]
}

/// A row of a table: method and pattern.
#[derive(Debug, Clone)]
struct Row {
    method: String,
    pattern: String,
}

/// The rows of a table in a source file, of which it says how many there are.
fn rows(file: &str) -> Result<Vec<Row>> {
    let text = fs::read_to_string(Project::here().path(file))?;
    let (head, body) = text
        .split_once("TABLE: [(Method, &str, Make); ")
        .with_context(|| format!("`{file}` has no table"))?;
    let constant = |name: &str| -> Option<String> {
        let (_, rest) = head.split_once(&format!("pub const {name}: &str = \""))?;
        Some(rest.split('"').next()?.to_owned())
    };
    let (count, body) = body.split_once(']').context("a table has a length")?;
    let body = body.split_once("\n];").context("a table ends")?.0;
    let mut rows = Vec::new();
    for part in body.split("(Method::").skip(1) {
        let mut parts = part.splitn(3, ',').map(str::trim);
        let method = parts.next().unwrap_or_default().to_uppercase();
        let pattern = parts.next().unwrap_or_default();
        let pattern = match pattern.strip_prefix('"') {
            Some(pattern) => pattern.trim_end_matches('"').to_owned(),
            None => constant(pattern).with_context(|| format!("`{file}` has no constant `{pattern}`"))?,
        };
        rows.push(Row { method, pattern });
    }
    ensure!(rows.len() == count.parse::<usize>()?, "{} of {count} rows of `{file}` were read", rows.len());
    Ok(rows)
}

fn all_rows() -> Result<Vec<Row>> {
    let mut all = rows("src/api/route.rs")?;
    all.extend(rows("src/api/connection_page.rs")?);
    for file in ["seat", "action", "signal", "score", "activation", "workflow"] {
        all.extend(rows(&format!("src/api/{file}.rs"))?);
    }
    ensure!(all.len() > 300, "only {} rows", all.len());
    Ok(all)
}

/// A workspace with something of everything.
struct Victim {
    connected: Connected,
    key: String,
    key_id: String,
    channel: String,
    endpoint: String,
    seat: String,
    block: String,
    action: String,
    list: String,
    automation: String,
    workflow: String,
    signal: String,
    activation: String,
    record: String,
    session: String,
}

/// A workspace's key with these permissions; its id and the key.
fn new_key(world: &World, workspace: &str, body: &Value) -> Result<(String, String)> {
    let made = world.spoke.post_json(&format!("/v1/workspaces/{workspace}/keys"), body)?;
    let text =
        |name: &str| made[name].as_str().map(str::to_owned).with_context(|| format!("no {name}: {made}"));
    let (id, key) = (text("id")?, text("key")?);
    told(&key);
    Ok((id, key))
}

fn cookies(world: &World, workspace: &str) -> Result<(String, Browser)> {
    let mut person = Person::new(world);
    person.enter(workspace)?;
    Ok((person.browser.cookies_for(&world.spoke.url), person.browser))
}

fn victim(world: &World) -> Result<Victim> {
    let connected = connected(world, world.simulator.started.portal_id, CANARY)?;
    let own = format!("/v1/connections/{}", connected.connection);
    xtask::walk::first_sync(world, &connected.connection, |_| ())?;
    let (key_id, key) = new_key(world, &connected.workspace, &json!({"name": CANARY}))?;
    let channel = json!({
        "name": CANARY, "object_type": "contacts", "filter": {"and": []}, "fields": [{"field": "mail", "property": "email"}],
    });
    let channel = world.spoke.post_json(&format!("{own}/channels"), &channel)?;
    let endpoint = json!({"url": "http://127.0.0.1:9/hook", "description": CANARY});
    let endpoint = world.spoke.post_json(&format!("{own}/endpoints"), &endpoint)?;
    let seat = json!({"user": CANARY, "return_url": "https://host.example.com/"});
    let seat = world.spoke.post_json(&format!("{own}/seats"), &seat)?;
    let nobody = json!({"email": "nobody@canary.example"});
    let erased = world.spoke.post_json(&format!("{own}/prospects/erase"), &nobody)?;
    let mapping = json!({"entries": [{"field": "hs_call_title", "constant": CANARY}]});
    let mapping = world.spoke.put(&format!("{own}/mappings/log_call"), &mapping)?;
    ensure!(mapping.status == 200, "{}", mapping.text);
    let scores = json!({"domain": "canary.example", "aliases": [CANARY], "intent_score": 7});
    let scores = world.spoke.put(&format!("{own}/scores/accounts/acct-17"), &scores)?;
    ensure!(scores.status == 200, "{}", scores.text);
    let (contacts, _) = world.spoke.contacts(&connected.connection, None)?;
    let note = json!({"action": "add_note", "body": CANARY, "dry_run": true});
    let action = world.spoke.post_json(&format!("{own}/actions"), &note)?;
    let never = json!({"name": CANARY, "filter": {"property": "name", "type": "string", "operator": "is", "value": "never"}});
    let list = world.spoke.post_json(&format!("{own}/qualifying-lists"), &never)?;
    let automation =
        json!({"name": CANARY, "list": list["id"], "steps": [{"action": "add_note", "body": CANARY}]});
    let automation = world.spoke.post_json(&format!("{own}/automations"), &automation)?;
    let workflow = json!({
        "name": CANARY, "trigger": {"on": "event", "event": "canary", "record": "contacts"},
        "enrolment": {"again": "once"}, "steps": [{"id": "note", "do": "add_note", "body": CANARY}],
    });
    let workflow = world.spoke.post_json(&format!("{own}/workflows"), &workflow)?;
    let signal = json!({"id": "canary", "name": CANARY, "visitor": {"id": "canary"}});
    let signal = world.spoke.post_json(&format!("{own}/signals"), &signal)?;
    let activation = activation(world, &own)?;
    let text = |value: &Value| value.as_str().map(str::to_owned).context("an id is a text");
    let (session, _) = cookies(world, &connected.workspace)?;
    Ok(Victim {
        key,
        key_id,
        channel: text(&channel["id"])?,
        endpoint: text(&endpoint["id"])?,
        seat: text(&seat["seat"]["id"])?,
        block: text(&erased["block"]["id"])?,
        action: text(&action["id"])?,
        list: text(&list["id"])?,
        automation: text(&automation["id"])?,
        workflow: text(&workflow["id"])?,
        signal: text(&signal["id"])?,
        activation: text(&activation["id"])?,
        record: text(&contacts[0]["id"])?,
        session,
        connected,
    })
}

/// An audience and an attribute with somebody in them, and what would keep the audience on contacts, but that it is paused.
fn activation(world: &World, own: &str) -> Result<Value> {
    for (list, body, values) in [
        ("audiences", json!({"name": CANARY}), json!({})),
        ("attributes", json!({"name": CANARY, "type": "string"}), json!({"value": CANARY})),
    ] {
        let at = format!("{own}/{list}/canary");
        let people = if list == "audiences" { "members" } else { "values" };
        for (path, body) in [(at.clone(), body), (format!("{at}/{people}/{PERSON}"), values)] {
            let put = world.spoke.put(&path, &body)?;
            ensure!(put.status == 200, "{path}: {} {}", put.status, put.text);
        }
    }
    let new = json!({"name": CANARY, "audiences": ["canary"]});
    let made = world.spoke.post_json(&format!("{own}/activations"), &new)?;
    let id = made["id"].as_str().context("an activation's id")?;
    world.spoke.post_json(&format!("{own}/activations/{id}/pause"), &json!({}))
}

/// The address of a row, filled with the victim's things.
fn address(row: &Row, of: &Victim) -> String {
    let mut path = Vec::new();
    for segment in row.pattern.split('/') {
        let before: &str = path.last().map_or("", |last: &String| last.as_str());
        let filled = match (segment, before) {
            ("*", "workspaces" | "w") => &of.connected.workspace,
            ("*", "connections" | "panic") => &of.connected.connection,
            ("*", "keys") => &of.key_id,
            ("*", "channels") => &of.channel,
            ("*", "endpoints") => &of.endpoint,
            ("*", "seats") => &of.seat,
            ("*", "seat") => &of.connected.connection,
            ("*", before) if before == of.connected.connection => "AAAA",
            ("*", "blocks") => &of.block,
            ("*", "actions" | "outbox") => &of.action,
            ("*", "act") => "import_company",
            ("*", "mappings") => "log_call",
            ("*", "accounts") => "acct-17",
            // It is a draft: a run would be made by itself.
            ("*", "workflow-runs") => "run_070707070707070707070707",
            ("*", "runs") if row.pattern.contains("/workflows/") => "run_070707070707070707070707",
            ("*", "workflows") => &of.workflow,
            ("*", "versions") => "1",
            ("*", "runs") => "1",
            ("*", "signals") => &of.signal,
            ("*", "activations") => &of.activation,
            ("*", "audiences" | "attributes") => "canary",
            ("*", "members" | "values") => PERSON,
            ("*", "replacement") => "1",
            ("*", "qualifying-lists") => &of.list,
            ("*", "automations") => &of.automation,
            // Nothing qualifies: a run would be made by itself.
            ("*", "automation-runs") => "run_070707070707070707070707",
            ("*", "records" | "fields" | "streams" | "types" | "associations" | "new") => "contacts",
            ("*", "pipelines") => "deals",
            ("*", "hubspot") => "main",
            ("*", "s") => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            ("*", "lists") => "7",
            ("*", "contacts") => &of.record,
            ("*", _) => panic!("nobody knows what stands behind `{before}` in `{}`", row.pattern),
            (segment, _) => segment,
        };
        path.push(filled.to_owned());
    }
    path.join("/")
}

/// A body that each address would take if it took the caller.
fn body(row: &Row) -> Option<String> {
    if row.method == "GET" || row.method == "DELETE" {
        return None;
    }
    let last = row.pattern.rsplit('/').next().unwrap_or_default();
    let body = match last {
        "workspaces" | "keys" => json!({"name": "Mallory"}),
        "sessions" => json!({"user": "mallory", "role": "administrator"}),
        "selection" => json!({"fields": "all"}),
        "channels" | "preview" => json!({
            "name": "Mallory", "object_type": "contacts", "filter": {"and": []}, "fields": [{"field": "mail", "property": "email"}],
        }),
        "endpoints" => json!({"url": "https://example.com/"}),
        "seats" => json!({"user": "mallory", "return_url": "https://example.com/"}),
        "redeem" => json!({"code": "AAAA", "user": CANARY}),
        "search" => json!({}),
        "replay" => json!({"after": "0"}),
        "erase" | "export" => json!({"object_type": "contacts", "id": "1"}),
        "companies" if row.method == "POST" => json!({"accounts": [{"domain": "canary.example"}]}),
        "contacts" if row.method == "POST" => json!({"people": [{"email": "canary@canary.example"}]}),
        "retention" => json!({"audit_days": 30}),
        "calls" => json!({"title": "Mallory"}),
        "actions" | "bulk" if !row.pattern.contains("/scores/") => {
            json!({"action": "add_note", "body": "Mallory"})
        }
        "resolve" => json!({"happened": true}),
        "signals" => json!({"id": "m", "name": "Mallory", "visitor": {"id": "m"}}),
        "qualifying-lists" => json!({"name": "Mallory", "filter": {"and": []}}),
        "automations" => {
            json!({"name": "Mallory", "list": "ql_070707070707070707070707", "steps": [{"action": "import_company"}]})
        }
        "settings" if row.pattern.ends_with("/activations/settings") => json!({"prefix": "mallory"}),
        "activations" => json!({"name": "Mallory", "audiences": ["canary"]}),
        "members" => json!({"email": PERSON}),
        "values" => json!({"email": PERSON, "value": "mallory"}),
        "*" if row.pattern.ends_with("/values/*") => json!({"value": "mallory"}),
        "*" if row.pattern.ends_with("/audiences/*") => json!({"name": "Mallory"}),
        "*" if row.pattern.ends_with("/attributes/*") => json!({"name": "Mallory", "type": "string"}),
        "*" if row.method == "PUT" && row.pattern.ends_with("/activations/*") => {
            json!({"name": "Mallory", "audiences": ["canary"]})
        }
        "workflows" | "check" if row.pattern.contains("/workflows") => json!({
            "name": "Mallory", "trigger": {"on": "event", "event": "mallory", "record": "contacts"},
            "enrolment": {"again": "once"}, "steps": [{"id": "note", "do": "add_note", "body": "Mallory"}],
        }),
        "events" | "route" => json!({"id": "m", "event": "mallory", "email": "canary@canary.example"}),
        "dry-run" => json!({"workflow": "wf_070707070707070707070707", "on": {"record_id": "1"}}),
        "settings" => json!({"off": ["add_note"]}),
        "scores" => json!({"on": true, "hour": 3, "fields": "managed", "prefix": "mallory"}),
        "bulk" if row.pattern.ends_with("/scores/bulk") => json!({"id": "acct-17", "intent_score": 1}),
        "*" if row.pattern.ends_with("/accounts/*") => json!({"intent_score": 1}),
        "*" if row.pattern.ends_with("/mappings/*") => {
            json!({"entries": [{"field": "hs_call_title", "from": "mallory"}]})
        }
        "*" if row.method == "PATCH" => json!({}),
        _ => return Some(String::new()),
    };
    Some(body.to_string())
}

/// Everything that could have changed.
fn state(world: &World, victim: &Victim) -> Result<Vec<Value>> {
    let (workspace, connection) = (&victim.connected.workspace, &victim.connected.connection);
    let mut all = Vec::new();
    // What people decide, and not what goes on by itself.
    for (path, members) in [
        (format!("/v1/workspaces/{workspace}/connections"), &["id", "state", "connected_at"][..]),
        (format!("/v1/workspaces/{workspace}/keys"), &["id"]),
        (format!("/v1/connections/{connection}/channels"), &["id", "name", "fields", "updated_at"]),
        (
            format!("/v1/connections/{connection}/endpoints"),
            &["id", "url", "description", "types", "events", "channel", "test", "previous_secret_until"],
        ),
        (format!("/v1/connections/{connection}/types"), &["object_type", "mirrored"]),
        (format!("/v1/connections/{connection}/actions"), &["id", "state"]),
        (format!("/v1/connections/{connection}/mappings"), &["action", "entries", "updated_at"]),
        (format!("/v1/connections/{connection}/automations"), &["id", "name", "state", "updated_at"]),
        (
            format!("/v1/connections/{connection}/workflows"),
            &["id", "name", "state", "version", "updated_at"],
        ),
        (format!("/v1/connections/{connection}/qualifying-lists"), &["id", "name", "updated_at"]),
        (format!("/v1/connections/{connection}/activations"), &["id", "name", "audiences", "state"]),
        (format!("/v1/connections/{connection}/audiences"), &["id", "name", "members", "state"]),
        (format!("/v1/connections/{connection}/attributes"), &["id", "name", "members", "state"]),
        (format!("/v1/connections/{connection}/audiences/canary/members"), &["email"]),
        (format!("/v1/connections/{connection}/attributes/canary/values"), &["email", "value"]),
        (format!("/v1/connections/{connection}/seats"), &["id", "user", "state", "invited_at"]),
    ] {
        let list = world.spoke.get_json(&path)?;
        for thing in list["results"].as_array().context("a list")? {
            all.extend(members.iter().map(|member| thing[*member].clone()));
        }
    }
    all.push(
        world.spoke.get_json(&format!("/v1/connections/{connection}/fields/contacts/selection"))?["fields"]
            .clone(),
    );
    all.push(world.spoke.get_json(&format!("/v1/connections/{connection}"))?["state"].clone());
    let settings = world.spoke.get_json(&format!("/v1/connections/{connection}/scores"))?;
    all.extend(["on", "prefix", "accounts", "creating", "running"].map(|member| settings[member].clone()));
    let settings = world.spoke.get_json(&format!("/v1/connections/{connection}/activations/settings"))?;
    all.extend(["prefix", "group", "group_label"].map(|member| settings[member].clone()));
    for path in
        ["prospects/blocks", "retention", "actions/settings", "scores/accounts/acct-17", "scores/runs"]
    {
        all.push(world.spoke.get_json(&format!("/v1/connections/{connection}/{path}"))?);
    }
    Ok(all)
}

fn nobody_gets_in(world: &World) -> Result<()> {
    let victim = victim(world)?;
    let other = connected(world, world.simulator.started.portal_id, "Mallory & Co")?;
    let (_, other_key) = new_key(world, &other.workspace, &json!({"name": "Mallory"}))?;
    let (other_session, mut browser) = cookies(world, &other.workspace)?;
    let page = browser.open(&format!("{}/w/{}/integrations", world.spoke.url, other.workspace))?;
    let csrf = page.html.split_once("name=\"csrf\" value=\"").and_then(|(_, rest)| rest.split('"').next());
    let form = format!("csrf={}&app=main&name=x", csrf.context("no form on the page")?);
    let junk = format!("key_0123456789abcdef01234567.{}", "A".repeat(51));
    let before = state(world, &victim)?;
    let canaries = [CANARY.to_owned(), victim.key.clone(), victim.session.clone()];
    let attackers: [(&str, Option<&str>, Option<&str>); 6] = [
        ("another workspace's key", Some(&other_key), None),
        ("another workspace's session", None, Some(&other_session)),
        ("both of another workspace", Some(&other_key), Some(&other_session)),
        ("an invented key", Some(&junk), None),
        ("an invented session", None, Some("spoke-console=AAAA; spoke-x=BBBB")),
        ("nobody", None, None),
    ];
    let mut tried = 0;
    for row in all_rows()? {
        let (url, is_page) =
            (format!("{}{}", world.spoke.url, address(&row, &victim)), !row.pattern.starts_with("/v1/"));
        for (who, key, cookie) in attackers {
            let bearer = key.map(|key| format!("Bearer {key}"));
            let mut headers = vec![(
                "content-type",
                if is_page { "application/x-www-form-urlencoded" } else { "application/json" },
            )];
            headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
            headers.extend(cookie.map(|cookie| ("cookie", cookie)));
            let body = if is_page && row.method == "POST" { Some(form.clone()) } else { body(&row) };
            let answer =
                send(&Ask { method: &row.method, url: &url, headers: &headers, body: body.as_deref() })?;
            let at = format!("{} {} by {who}: {}", row.method, row.pattern, answer.status);
            for canary in &canaries {
                ensure!(!answer.text.contains(canary.as_str()), "{at} tells of the other workspace");
            }
            tried += 1;
            let mine =
                ["/", "/console"].contains(&row.pattern.as_str()) || row.pattern == "/console/workspaces";
            if FOR_EVERYBODY.contains(&row.pattern.as_str()) || (mine && row.method == "GET") {
                // The sign-in, which everybody may see.
                continue;
            }
            ensure!([401, 403, 404].contains(&answer.status), "{at} {}", answer.text);
            if key.is_none() || who == "an invented key" {
                ensure!(
                    is_page || answer.status == 401,
                    "{at}: without a key it is not even said whether it exists"
                );
            }
        }
    }
    ensure!(tried > 700, "only {tried} tries");
    let after = state(world, &victim)?;
    let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    ensure!(
        changed.is_empty() && before.len() == after.len(),
        "something of the victim has changed: {changed:?}"
    );
    // Whoever may, may: otherwise all this would say nothing.
    let (mut read, mut shown) = (0, 0);
    for row in all_rows()?.iter().filter(|row| row.method == "GET") {
        let url = format!("{}{}", world.spoke.url, address(row, &victim));
        if row.pattern.starts_with("/v1/connections/") || row.pattern.starts_with("/v1/workspaces/*") {
            read += u32::from(get(&url, &victim.key)?.status == 200);
        } else if row.pattern.starts_with("/w/") {
            let headers = [("cookie", victim.session.as_str())];
            shown += u32::from(
                send(&Ask { method: "GET", url: &url, headers: &headers, body: None })?.status == 200,
            );
        }
    }
    ensure!(read >= 18 && shown >= 15, "who may is shown {read} answers and {shown} pages only");
    Ok(())
}

fn permissions(world: &World) -> Result<()> {
    let own = connected(world, world.simulator.started.portal_id, "Permissions")?;
    let key = |permissions: &[&str]| -> Result<String> {
        Ok(new_key(
            world,
            &own.workspace,
            &json!({"name": permissions.join(" "), "permissions": permissions}),
        )?
        .1)
    };
    let url = |path: &str| format!("{}/v1{path}", world.spoke.url);
    let connection = format!("/connections/{}", own.connection);
    let needs = [
        ("GET", connection.clone(), "read"),
        ("GET", format!("{connection}/changes"), "read"),
        ("POST", format!("{connection}/pause"), "write"),
        ("POST", format!("{connection}/resume"), "write"),
        ("GET", format!("/workspaces/{}/keys", own.workspace), "admin"),
        ("GET", format!("{connection}/prospects/blocks"), "read"),
        ("GET", format!("{connection}/retention"), "read"),
        ("GET", format!("{connection}/actions"), "read"),
        ("GET", format!("{connection}/audiences"), "read"),
        ("POST", format!("{connection}/activations/refused/retry"), "write"),
        ("GET", format!("{connection}/workflows"), "read"),
        ("GET", format!("{connection}/workflows/templates"), "read"),
        ("GET", format!("{connection}/audit"), "read"),
        ("GET", format!("/workspaces/{}/audit", own.workspace), "admin"),
        ("DELETE", format!("/workspaces/{}/sessions?user=nobody", own.workspace), "admin"),
    ];
    for permission in ["read", "write", "admin"] {
        let key = key(&[permission])?;
        let bearer = format!("Bearer {key}");
        for (method, path, needed) in &needs {
            let headers = [("authorization", bearer.as_str())];
            let body = (*method == "POST").then_some("");
            let answer = send(&Ask { method, url: &url(path), headers: &headers, body })?;
            if *needed == permission {
                ensure!(
                    answer.status < 300,
                    "{permission}: {method} {path}: {} {}",
                    answer.status,
                    answer.text
                );
            } else {
                let named = answer.text.contains(&format!("`{needed}`"));
                ensure!(
                    answer.status == 403 && named,
                    "{permission}: {method} {path}: {} {}",
                    answer.status,
                    answer.text
                );
            }
        }
    }
    // Nobody hands on what they may not do themselves.
    let receiver = json!({"url": "http://127.0.0.1:9/hook"});
    let person =
        json!({"user": "mallory", "role": "administrator", "return_url": "https://host.example.com/"});
    let sessions = format!("/workspaces/{}/sessions", own.workspace);
    for (alone, path, body) in
        [("write", format!("{connection}/endpoints"), &receiver), ("admin", sessions, &person)]
    {
        let answer = post(&url(&path), &key(&[alone])?, body)?;
        ensure!(
            answer.status == 403 && answer.text.contains("`read`"),
            "{path}: {} {}",
            answer.status,
            answer.text
        );
        let all = post(&url(&path), &key(&["read", "write", "admin"])?, body)?;
        ensure!(all.status == 201, "{path}: {} {}", all.status, all.text);
        if let Some(secret) = all.json()?["secret"].as_str() {
            told(secret);
        }
    }
    let keys = url(&format!("/workspaces/{}/keys", own.workspace));
    let admin = key(&["admin"])?;
    let refused: Answer = post(&keys, &admin, &json!({"name": "more", "permissions": ["read"]}))?;
    ensure!(
        refused.status == 403 && refused.text.contains("`read`"),
        "a key gives what it lacks: {}",
        refused.text
    );
    let same = post(&keys, &admin, &json!({"name": "same"}))?.json()?;
    told(same["key"].as_str().unwrap_or_default());
    ensure!(same["permissions"] == json!(["admin"]), "{same}");
    let listed = get(&keys, &admin)?.json()?;
    let all = listed["results"].as_array().context("no list")?;
    ensure!(all.iter().any(|key| key["permissions"] == json!(["write"])), "{listed}");
    Ok(())
}

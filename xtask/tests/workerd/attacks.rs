//! What the API must withstand: the same request twice and at once, too many requests, bodies that are too large, too deep or too slow, and
//! texts that would become headers.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::world::{Plan, World};

use crate::disk;
use crate::request::{Answer, Ask, get, open, post, send};
use crate::secrecy::told;
use crate::stage::{Stage, alone, together};

pub fn trials() -> Vec<Trial> {
    let stage = Stage::new(Plan::default().in_workerd().with("--contacts", 0));
    let slow = Plan::default().in_workerd().with("--contacts", 0).setting("API_REQUESTS_PER_MINUTE", 30);
    let slow = Stage::new(slow);
    vec![
        together(&stage, "a request with an Idempotency-Key has one effect and one answer", one_effect),
        together(&stage, "of twenty at once with one key one makes something", at_once),
        together(&stage, "bodies that are too large, too deep or too slow are refused", bodies),
        together(&stage, "no text becomes a header, and no link leads to where a browser runs it", injected),
        together(&slow, "a key that asks too often waits, and no other key for it", too_often),
        alone(&stage, "kept answers lie sealed, and a key whose answer was lost is refused", sealed),
    ]
}

fn keyed(world: &World, method: &str, path: &str, key: &str, body: &str) -> Result<Answer> {
    let bearer = format!("Bearer {}", world.secrets.root_key);
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "application/json"), ("idempotency-key", key)];
    let url = format!("{}{path}", world.spoke.url);
    let body = (method != "GET" && method != "DELETE").then_some(body);
    send(&Ask { method, url: &url, headers: &headers, body })
}

fn named(world: &World, name: &str) -> Result<usize> {
    let mut found = 0;
    let mut cursor = String::new();
    loop {
        let page = world.spoke.get_json(&format!("/v1/workspaces?limit=100{cursor}"))?;
        let results = page["results"].as_array().context("no list")?;
        found += results.iter().filter(|workspace| workspace["name"] == name).count();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(found),
        }
    }
}

fn one_effect(world: &World) -> Result<()> {
    let body = json!({"name": "Once"}).to_string();
    let make = |key: &str, body: &str| keyed(world, "POST", "/v1/workspaces", key, body);
    let (first, second) = (make("order 7", &body)?, make("\"order 7\"", &body)?);
    ensure!(
        first.status == 201 && first.header("idempotency-replayed").is_empty(),
        "{} {}",
        first.status,
        first.text
    );
    ensure!(
        second.status == 201
            && second.text == first.text
            && second.header("content-type") == "application/json",
        "{} {}",
        second.status,
        second.text
    );
    ensure!(second.header("idempotency-replayed") == "true", "the answer is not marked");
    ensure!(named(world, "Once")? == 1, "it was made twice");
    let other = make("order 7", &json!({"name": "Twice"}).to_string())?;
    ensure!(
        other.status == 422 && other.text.contains("idempotency-key-reused"),
        "{} {}",
        other.status,
        other.text
    );
    let workspace = first.json()?["id"].as_str().context("an id")?.to_owned();
    let elsewhere = keyed(world, "POST", &format!("/v1/workspaces/{workspace}/keys"), "order 7", &body)?;
    ensure!(elsewhere.status == 422, "another address with the key: {}", elsewhere.status);
    let read = keyed(world, "GET", &format!("/v1/workspaces/{workspace}"), "order 7", "")?;
    ensure!(read.status == 200, "reading ignores the key: {}", read.status);
    for wrong in ["\"\"", &"x".repeat(256)] {
        ensure!(make(wrong, &body)?.status == 400, "a key of {} characters", wrong.len());
    }
    // A refusal had no effect: the key is free for the request as it should have been.
    ensure!(make("order 8", "{}")?.status == 400 && make("order 8", &body)?.status == 201, "a refused key");
    // What is shown once is given again to the same caller, and to no other.
    let keys = format!("/v1/workspaces/{workspace}/keys");
    let made = keyed(world, "POST", &keys, "key 1", &body)?.json()?;
    let again = keyed(world, "POST", &keys, "key 1", &body)?.json()?;
    let own = made["key"].as_str().context("a key")?;
    told(own);
    ensure!(
        made == again && get(&format!("{}{keys}", world.spoke.url), own)?.status == 200,
        "not the same key"
    );
    let headers = [("authorization", &*format!("Bearer {own}")), ("idempotency-key", "key 1")];
    let url = format!("{}{keys}", world.spoke.url);
    let others = send(&Ask { method: "POST", url: &url, headers: &headers, body: Some(&body) })?;
    ensure!(
        others.status == 201 && others.header("idempotency-replayed").is_empty(),
        "a key of another caller counts"
    );
    told(others.json()?["key"].as_str().unwrap_or_default());
    let revoke = format!("{keys}/{}", made["id"].as_str().context("an id")?);
    let (first, second) =
        (keyed(world, "DELETE", &revoke, "r", "")?, keyed(world, "DELETE", &revoke, "r", "")?);
    ensure!(
        first.status == 204 && second.status == 204 && second.text.is_empty(),
        "{} {}",
        first.status,
        second.status
    );
    ensure!(second.header("idempotency-replayed") == "true", "without a body it is not marked");
    Ok(())
}

fn at_once(world: &World) -> Result<()> {
    let body = json!({"name": "At once"}).to_string();
    let answers: Vec<Result<Answer>> = thread::scope(|scope| {
        let ask = || keyed(world, "POST", "/v1/workspaces", "race", &body);
        let asked: Vec<_> = (0..20).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|asked| asked.join().expect("asking does not panic")).collect()
    });
    let mut ids = Vec::new();
    for answer in answers {
        let answer = answer?;
        match answer.status {
            201 => ids.push(answer.json()?["id"].clone()),
            409 => {
                ensure!(answer.text.contains("idempotency-key-in-use"), "{}", answer.text);
                ensure!(answer.header("retry-after") == "1", "it does not say when");
            }
            status => anyhow::bail!("{status} {}", answer.text),
        }
    }
    ids.dedup();
    ensure!(
        ids.len() == 1 && named(world, "At once")? == 1,
        "{} answers, {} workspaces",
        ids.len(),
        named(world, "At once")?
    );
    Ok(())
}

fn bodies(world: &World) -> Result<()> {
    let url = format!("{}/v1/workspaces", world.spoke.url);
    let root = &world.secrets.root_key;
    let raw = |body: String| -> Result<Answer> {
        let bearer = format!("Bearer {root}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        send(&Ask { method: "POST", url: &url, headers: &headers, body: Some(&body) })
    };
    let large = raw(format!("{{\"name\":\"{}\"}}", "x".repeat(70_000)))?;
    ensure!(large.status == 413, "too large: {}", large.status);
    for deep in
        ["[".repeat(60_000), "{\"name\":".repeat(5_000), format!("{}1{}", "[".repeat(65), "]".repeat(65))]
    {
        let answer = raw(deep)?;
        ensure!(
            answer.status == 400 && answer.text.contains("64 deep"),
            "too deep: {} {}",
            answer.status,
            answer.text
        );
    }
    for odd in [
        "",
        "null",
        "\"\\u0000\"",
        "{\"name\":\"a\\u0000b\"}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":\"a\\nb\"}",
    ] {
        ensure!(raw(odd.to_owned())?.status == 400, "{odd} is taken");
    }
    // Half of a body, and then nothing.
    let host = world.spoke.url.trim_start_matches("http://").to_owned();
    for head in ["content-length: 40", "transfer-encoding: chunked"] {
        let mut stream = TcpStream::connect(&host)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(
            stream,
            "POST /v1/workspaces HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {root}\r\ncontent-type: application/json\r\n{head}\r\n\r\n"
        )?;
        let part = if head.contains("chunked") { "8\r\n{\"name\":\r\n" } else { "{\"name\":" };
        stream.write_all(part.as_bytes())?;
        let started = Instant::now();
        let mut first = [0; 12];
        stream.read_exact(&mut first).with_context(|| format!("{head}: no answer"))?;
        let took = started.elapsed().as_secs();
        ensure!(
            &first == b"HTTP/1.1 408" && (9..20).contains(&took),
            "{head}: {} after {took} s",
            String::from_utf8_lossy(&first)
        );
    }
    Ok(())
}

fn injected(world: &World) -> Result<()> {
    let workspace = world.spoke.create_workspace("Headers")?;
    let sessions = format!("/v1/workspaces/{workspace}/sessions");
    let with = |user: &str, url: Value| {
        world.spoke.post(&sessions, &json!({"user": user, "role": "administrator", "return_url": url}))
    };
    for url in [
        "https://example.com/\r\nset-cookie: a=b",
        "https://example.com/\nx",
        "https://example.com/\u{0}",
        "https://example.com/ x",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/\\evil.example",
        "\thttps://evil.example",
        "https:evil.example",
    ] {
        ensure!(with("ada", json!(url))?.status == 400, "{url:?} is taken to go back to");
    }
    for user in ["ada\r\nset-cookie: a=b", "ada\u{0}", "\u{1b}[31mada"] {
        ensure!(with(user, Value::Null)?.status == 400, "{user:?} is taken as a name");
        ensure!(
            world.spoke.post("/v1/workspaces", &json!({"name": user}))?.status == 400,
            "{user:?} is a workspace"
        );
    }
    // Nothing of an address's query decides where a browser is sent, on any way.
    let link = with("ada", json!("https://host.example.com/"))?.json()?["url"]
        .as_str()
        .context("a link")?
        .to_owned();
    let evil = "return_url=https://evil.example&next=//evil.example&%0d%0aset-cookie:%20a=b";
    let entered = open(&format!("{link}?{evil}"), "")?;
    ensure!(
        entered.header("location") == format!("/w/{workspace}/integrations"),
        "{}",
        entered.header("location")
    );
    for set in entered.all("set-cookie") {
        set.split_once('=')
            .into_iter()
            .for_each(|(_, rest)| told(rest.split(';').next().unwrap_or_default()));
    }
    let again = open(&link, "")?;
    ensure!([404, 410].contains(&again.status) && again.all("set-cookie").is_empty(), "a link opens twice");
    let address = format!("{}/v1/workspaces/%0d%0aset-cookie:%20a=b", world.spoke.url);
    let answer = get(&address, &world.secrets.root_key)?;
    ensure!(answer.status == 404 && answer.all("set-cookie").is_empty(), "{}", answer.status);
    for odd in ["%00", "%ff", "%zz", "..%2f..", "%2e%2e/%2e%2e"] {
        for place in ["/v1/workspaces/", "/v1/connections/", "/s/", "/w/"] {
            let answer = get(&format!("{}{place}{odd}", world.spoke.url), &world.secrets.root_key)?;
            ensure!((400..500).contains(&answer.status), "{place}{odd}: {}", answer.status);
        }
        let query = format!("{}/v1/workspaces?cursor={odd}", world.spoke.url);
        ensure!(get(&query, &world.secrets.root_key)?.status == 400, "a cursor {odd}");
    }
    Ok(())
}

fn too_often(world: &World) -> Result<()> {
    let url = |path: &str| format!("{}/v1/workspaces{path}", world.spoke.url);
    let root = &world.secrets.root_key;
    let workspace =
        post(&url(""), root, &json!({"name": "Often"}))?.json()?["id"].as_str().context("an id")?.to_owned();
    let own = url(&format!("/{workspace}"));
    let made = post(&format!("{own}/keys"), root, &json!({"name": "other"}))?.json()?;
    let key = made["key"].as_str().context("a key")?;
    told(key);
    let mut left = u32::MAX;
    let refused = loop {
        let answer = get(&own, key)?;
        if answer.status == 429 {
            break answer;
        }
        ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
        ensure!(
            answer.header("ratelimit-policy") == "\"key\";q=30;w=60",
            "{}",
            answer.header("ratelimit-policy")
        );
        let now = answer
            .header("ratelimit")
            .split("r=")
            .nth(1)
            .and_then(|rest| rest.split(';').next()?.parse().ok());
        let now: u32 =
            now.with_context(|| format!("nothing is said of what is left: {:?}", answer.headers))?;
        ensure!(now < 30 && (now <= left || left == u32::MAX), "{now} after {left}");
        left = now;
    };
    let problem = refused.json()?;
    ensure!(problem["type"] == "/problems/rate-limited", "{problem}");
    let wait: u64 = refused.header("retry-after").parse().context("it does not say when")?;
    ensure!((1..=2).contains(&wait), "two seconds bring one of thirty a minute: {wait}");
    ensure!(get(&own, root)?.status == 200, "the root key waits for another");
    thread::sleep(Duration::from_secs(wait) + Duration::from_millis(300));
    ensure!(get(&own, key)?.status == 200, "it waits for longer than it was told");
    Ok(())
}

fn sealed(world: &mut World) -> Result<()> {
    let made = keyed(world, "POST", "/v1/workspaces", "w", &json!({"name": "Sealed"}).to_string())?.json()?;
    let workspace = made["id"].as_str().context("an id")?.to_owned();
    let (keys, body) = (format!("/v1/workspaces/{workspace}/keys"), json!({"name": "sealed"}).to_string());
    let key = keyed(world, "POST", &keys, "s", &body)?.json()?;
    let key = key["key"].as_str().context("a key")?.to_owned();
    told(&key);
    world.kill_worker();
    let stored = disk::bytes(world, "Directory")?;
    let holds = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    let secret = key.split_once('.').map_or("", |(_, secret)| secret);
    ensure!(secret.len() > 40 && !holds(secret), "the key lies open");
    ensure!(holds(&workspace) && !holds("\"created_at\":"), "answers lie open");
    // Died between doing and remembering, two minutes ago.
    disk::change(world, "Directory", "UPDATE requests SET answer = NULL, began_at = began_at - 120000")?;
    world.start_worker()?;
    let again = keyed(world, "POST", &keys, "s", &body)?;
    ensure!(
        again.status == 409 && again.text.contains("idempotency-outcome-unknown"),
        "{} {}",
        again.status,
        again.text
    );
    let listed = world.spoke.get_json(&keys)?;
    ensure!(
        listed["results"].as_array().is_some_and(|all| all.len() == 1),
        "a second key was made: {listed}"
    );
    Ok(())
}

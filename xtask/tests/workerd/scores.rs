//! Scores over HTTP: files of rows leave the built Worker as imports and arrive whole, and what HubSpot refuses of them is told.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::world::{Plan, World};

use crate::person::Person;
use crate::request::{Ask, send};
use crate::stage::{Stage, together};
use crate::yardstick::{checked_at_every_tick, in_step, until};

const PATIENCE: Duration = Duration::from_mins(2);
/// Companies, each of an account: more than fit one file, or one request of the host's.
const ROWS: usize = 1_200;
const FILE_ROWS: usize = 1_000;
/// The last of them have a score that a rule of the account's people refuses.
const REFUSED: usize = 3;
/// A connection that may import and make properties, and change companies in no other way.
const SCOPES: [&str; 7] = [
    "oauth",
    "crm.objects.contacts.read",
    "crm.schemas.contacts.read",
    "crm.objects.companies.read",
    "crm.schemas.companies.read",
    "crm.schemas.companies.write",
    "crm.import",
];

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().in_workerd().with("--contacts", 5).with("--hubspot-properties", 40);
    let plan = Plan { without_webhooks: true, ..plan }.setting("SCORE_FILE_ROWS", FILE_ROWS);
    let stage = Stage::new(checked_at_every_tick(plan));
    vec![together(&stage, "files of scores arrive whole, and what is refused of them is told", imported)]
}

fn domain(number: usize) -> String {
    format!("company-{number}.example")
}

fn score(number: usize) -> usize {
    if is_refused(number) { 10_000 + number } else { number }
}

const fn is_refused(number: usize) -> bool {
    number >= ROWS - REFUSED
}

/// A connection by a token, once its first sync is over; with its workspace.
fn connected(world: &World, portal: u64) -> Result<(String, String)> {
    let token = json!({"portal_id": portal, "scopes": SCOPES});
    let token = world.simulator.post("private-tokens", &token)?["token"].clone();
    let workspace = world.spoke.create_workspace("Scores")?;
    let body = json!({"name": "Scores", "token": token});
    let made = world.spoke.post_json(&format!("/v1/workspaces/{workspace}/connections"), &body)?;
    let connection = made["id"].as_str().context("a connection's id")?.to_owned();
    in_step(world, &connection, PATIENCE)?;
    Ok((workspace, connection))
}

/// The host sends all of its accounts.
fn put_all(world: &World, scores: &str) -> Result<()> {
    let (url, bearer) =
        (format!("{}{scores}/bulk", world.spoke.url), format!("Bearer {}", world.secrets.root_key));
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/x-ndjson")];
    let line = |number: &usize| {
        json!({
            "id": format!("acct-{number}"), "domain": domain(*number), "intent_score": score(*number), "icp_fit_grade": "—",
        })
        .to_string()
    };
    for numbers in (0..ROWS).collect::<Vec<_>>().chunks(1_000) {
        let body = numbers.iter().map(line).collect::<Vec<_>>().join("\n");
        let answer = send(&Ask { method: "POST", url: &url, headers: &headers, body: Some(&body) })?;
        ensure!(
            answer.status == 200 && !answer.text.contains("problem"),
            "{} {}",
            answer.status,
            answer.text
        );
    }
    Ok(())
}

/// What the account's companies hold, by domain.
fn companies(world: &World) -> Result<BTreeMap<String, Value>> {
    let (mut all, mut from) = (BTreeMap::new(), Some(0));
    while let Some(place) = from {
        let (lines, next) = world.simulator.dump("companies", place, 1_000)?;
        for line in lines {
            let domain = line["properties"]["domain"].as_str().unwrap_or_default().to_owned();
            all.insert(domain, line["properties"].clone());
        }
        from = next;
    }
    Ok(all)
}

fn imported(world: &World) -> Result<()> {
    let portal = world.simulator.started.portal_id;
    for number in 0..ROWS {
        let company = json!({"name": format!("Company {number}"), "domain": domain(number)});
        world.simulator.post("companies/create", &json!({"portal_id": portal, "properties": company}))?;
    }
    let (workspace, connection) = connected(world, portal)?;
    let scores = format!("/v1/connections/{connection}/scores");
    let settings = json!({"on": false, "hour": 2, "fields": "managed", "prefix": "koala", "label": "Koala"});
    let set = world.spoke.put(&scores, &settings)?;
    ensure!(set.status == 200, "{} {}", set.status, set.text);
    world.spoke.post_json(&format!("{scores}/create"), &json!({}))?;
    until(PATIENCE, "the properties are there", || {
        Ok((world.spoke.get_json(&scores)?["ready"] == true).then_some(()))
    })?;
    let rule = json!({
        "portal_id": portal, "object_type": "companies", "property": "koala_intent_score",
        "rules": [{"kind": "max_length", "characters": 4}],
    });
    world.simulator.put("validation-rules", &rule)?;
    put_all(world, &scores)?;
    // Companies may still be on their way for the first time.
    let begun = until(PATIENCE, "a run begins", || {
        let answer = world.spoke.post(&format!("{scores}/runs"), &json!({}))?;
        ensure!([201, 409].contains(&answer.status), "{} {}", answer.status, answer.text);
        Ok((answer.status == 201).then_some(answer))
    })?;
    let number = begun.json()?["id"].as_str().context("a run's id")?.to_owned();
    let run = until(PATIENCE, "the run ends", || {
        let run = world.spoke.get_json(&format!("{scores}/runs/{number}"))?;
        Ok((!run["ended_at"].is_null()).then_some(run))
    })?;
    ensure!(run["state"] == "done", "{run:#}");
    ensure!(run["counts"]["sent"] == ROWS - REFUSED && run["counts"]["failed"] == REFUSED, "{run:#}");
    let told = world.simulator.get(&format!("imports?portal_id={portal}"))?;
    let rows: Vec<&Value> =
        told["results"].as_array().into_iter().flatten().map(|own| &own["counters"]["TOTAL_ROWS"]).collect();
    ensure!(rows == [&json!(FILE_ROWS), &json!(ROWS - FILE_ROWS)], "{told:#}");
    let held = companies(world)?;
    for number in 0..ROWS {
        let own = &held[&domain(number)];
        let wanted = if is_refused(number) { None } else { Some(score(number).to_string()) };
        let is_right = own["koala_intent_score"].as_str() == wanted.as_deref();
        ensure!(is_right && own["koala_icp_fit_grade"] == "—", "{number}: {own}");
    }
    is_shown(
        world,
        &workspace,
        &format!("/w/{workspace}/connections/{connection}/scores/runs/{number}"),
        &run,
    )
}

/// The page of the run names the imports and the rows that were refused, and hands these out as a file.
fn is_shown(world: &World, workspace: &str, path: &str, run: &Value) -> Result<()> {
    let mut person = Person::new(world);
    person.enter(workspace)?;
    let page = person.browser.open(&format!("{}{path}", world.spoke.url))?;
    ensure!(page.status == 200, "{} {}", page.status, page.words());
    let first = run["files"][0]["import_id"].as_str().context("an import's number")?;
    for words in ["What HubSpot refused", "acct-1199", "koala_intent_score", &format!("Import {first}")] {
        ensure!(page.html.contains(words), "`{words}` is not on the page: {}", page.words());
    }
    let file = page.link("a[download]").context("a link to the file of refused rows")?;
    let file = person.browser.open(&file)?;
    let lines: Vec<&str> = file.html.lines().collect();
    ensure!(file.status == 200 && lines.len() == 1 + REFUSED, "{} {}", file.status, file.html);
    ensure!(lines[0] == "account,company,file,row,code,property,message", "{}", lines[0]);
    for (line, number) in lines[1..].iter().zip(ROWS - REFUSED..) {
        let is_told = line.starts_with(&format!("acct-{number},")) && line.contains("koala_intent_score");
        ensure!(is_told, "{line}");
    }
    Ok(())
}

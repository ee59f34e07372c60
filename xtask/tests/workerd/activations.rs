//! Activations over HTTP: audiences come as lines, are written a hundred contacts to a call, and a full replacement writes only who differs.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::world::{Plan, World};

use crate::person::Person;
use crate::request::{Answer, Ask, send};
use crate::secrecy::told;
use crate::stage::{Stage, together};
use crate::yardstick::{calls, checked_at_every_tick, in_step, refused_by_limits, until};

const PATIENCE: Duration = Duration::from_mins(2);
/// Contacts of the account: more than fit one request of the host's.
const CONTACTS: usize = 1_200;
/// Lines of one request.
const LINES: usize = 1_000;
/// Contacts of one call.
const CALL: usize = 100;
/// Calls more than the least: what is marked while another batch leaves fills the next one in part.
const SPARE: u64 = 8;
/// People whom the account does not know at first.
const STRANGERS: usize = 30;
/// Members who are no longer among those of the replacement.
const LEAVING: usize = 150;
/// Lines of one request that has many: several parts, and more bytes than the pieces in which it comes.
const MANY: usize = 12_000;
/// What a connection needs that keeps audiences on contacts, and no more.
const SCOPES: [&str; 5] = [
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
];
const PROPERTY: &str = "spoke_aud_abandon_basket";

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().in_workerd().with("--contacts", 5);
    let stage = Stage::new(checked_at_every_tick(Plan { without_webhooks: true, ..plan }));
    vec![together(
        &stage,
        "an audience is on all contacts, and a replacement writes only who differs",
        activated,
    )]
}

fn email(number: usize) -> String {
    format!("person-{number}@activations.example")
}

/// A connection by a token, once its first sync is over; with its workspace.
fn connected(world: &World, portal: u64) -> Result<(String, String)> {
    let token = json!({"portal_id": portal, "scopes": SCOPES});
    let token = world.simulator.post("private-tokens", &token)?["token"].clone();
    told(token.as_str().context("a token")?);
    let workspace = world.spoke.create_workspace("Activations")?;
    let body = json!({"name": "Activations", "token": token});
    let made = world.spoke.post_json(&format!("/v1/workspaces/{workspace}/connections"), &body)?;
    let connection = made["id"].as_str().context("a connection's id")?.to_owned();
    in_step(world, &connection, PATIENCE)?;
    Ok((workspace, connection))
}

fn lines(numbers: &[usize]) -> String {
    numbers.iter().map(|number| json!({"email": email(*number)}).to_string()).collect::<Vec<_>>().join("\n")
}

/// Sends lines to an address below `/v1`.
fn sent(world: &World, method: &str, path: &str, body: &str) -> Result<Answer> {
    let (url, bearer) = (format!("{}{path}", world.spoke.url), format!("Bearer {}", world.secrets.root_key));
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/x-ndjson")];
    let answer = send(&Ask { method, url: &url, headers: &headers, body: Some(body) })?;
    ensure!(answer.status == 200, "{method} {path}: {} {}", answer.status, answer.text);
    Ok(answer)
}

/// What the account's contacts hold in the audience's property, by address.
fn held(world: &World) -> Result<BTreeMap<String, String>> {
    let (mut all, mut from) = (BTreeMap::new(), Some(0));
    while let Some(place) = from {
        let (lines, next) = world.simulator.dump("contacts", place, 1_000)?;
        for line in lines.iter().filter(|line| line["state"] == "live") {
            let text = |name: &str| line["properties"][name].as_str().unwrap_or_default().to_owned();
            all.insert(text("email"), text(PROPERTY));
        }
        from = next;
    }
    Ok(all)
}

/// An activation once its sync is over and nobody waits.
fn synced(world: &World, activations: &str, id: &str) -> Result<Value> {
    until(PATIENCE, "the sync ends", || {
        let own = world.spoke.get_json(&format!("{activations}/{id}"))?;
        let settings = world.spoke.get_json(&format!("{activations}/settings"))?;
        Ok((own["sync"]["state"] == "done" && settings["marks"] == 0).then_some(own))
    })
}

fn activated(world: &World) -> Result<()> {
    let portal = world.simulator.started.portal_id;
    for number in 0..CONTACTS {
        let contact = json!({"email": email(number), "firstname": "Person"});
        world.simulator.post("contacts/create", &json!({"portal_id": portal, "properties": contact}))?;
    }
    let (workspace, connection) = connected(world, portal)?;
    let base = format!("/v1/connections/{connection}");
    let (activations, audience) = (format!("{base}/activations"), format!("{base}/audiences/abandon-basket"));
    let members = format!("{audience}/members");
    let made = world.spoke.put(&audience, &json!({"name": "Abandon Basket"}))?;
    ensure!(made.status == 200, "{} {}", made.status, made.text);
    let everybody: Vec<usize> = (0..CONTACTS + STRANGERS).collect();
    for part in everybody.chunks(LINES) {
        let answer = sent(world, "POST", &members, &lines(part))?;
        ensure!(
            answer.text.lines().count() == part.len() && !answer.text.contains("problem"),
            "{}",
            answer.text
        );
    }
    let written_before = calls(&world.simulator, "batch_update")?;
    let new = json!({"name": "Baskets", "audiences": ["abandon-basket"], "unknown": "create"});
    let activation = world.spoke.post_json(&activations, &new)?;
    let id = activation["id"].as_str().context("an activation's id")?.to_owned();
    let activation = synced(world, &activations, &id)?;
    let sync = &activation["sync"];
    ensure!(
        sync["total"] == everybody.len() && sync["written"] == CONTACTS && sync["created"] == STRANGERS,
        "{activation:#}"
    );
    let on_contacts = held(world)?;
    for number in &everybody {
        let own = on_contacts.get(&email(*number)).map(String::as_str);
        ensure!(own == Some("true"), "{number}: {own:?}");
    }
    let written = calls(&world.simulator, "batch_update")? - written_before;
    let least = CONTACTS.div_ceil(CALL) as u64;
    ensure!((least..=least + SPARE).contains(&written), "{written} calls for {CONTACTS} contacts");

    // The same again, but for those who left, and with one who is new: nobody else is written.
    let staying: Vec<usize> = (LEAVING..=CONTACTS + STRANGERS).collect();
    let before = calls(&world.simulator, "batch_update")?;
    let replaced: Value = serde_json::from_str(&sent(world, "PUT", &members, &lines(&staying))?.text)?;
    ensure!(
        replaced["kept"] == staying.len() && replaced["changed"] == 1 && replaced["removing"] == LEAVING,
        "{replaced}"
    );
    until(PATIENCE, "the difference is in HubSpot", || {
        let own = held(world)?;
        let left = (0..LEAVING).all(|number| own.get(&email(number)).is_some_and(|value| value == "false"));
        let joined = own.get(&email(CONTACTS + STRANGERS)).is_some_and(|value| value == "true");
        Ok((left && joined).then_some(()))
    })?;
    let own = held(world)?;
    let others = (LEAVING..CONTACTS).all(|number| own[&email(number)] == "true");
    ensure!(others, "somebody who stayed has changed");
    let written = calls(&world.simulator, "batch_update")? - before;
    let least = LEAVING.div_ceil(CALL) as u64;
    ensure!((least..=least + SPARE).contains(&written), "{written} calls for {LEAVING} contacts");
    let one = world.spoke.get_json(&format!("{members}/{}", email(LEAVING).replace('@', "%40")))?;
    ensure!(one["value"] == "true" && one["in_step"] == true, "{one}");
    let gone = world.spoke.get(&format!("{members}/{}", email(0)))?;
    ensure!(gone.status == 404, "{} {}", gone.status, gone.text);
    ensure!(refused_by_limits(&world.simulator)? == 0, "limits were met");
    in_parts(world, &members, &audience)?;
    in_one_request(world, &base)?;
    is_shown(world, &workspace, &connection, &id)
}

/// A replacement that comes in parts takes away those who are in none of them, once it is ended and not before.
fn in_parts(world: &World, members: &str, audience: &str) -> Result<()> {
    // The one before may still be taking the last away.
    let begun = until(PATIENCE, "a replacement begins", || {
        let answer = world.spoke.post(&format!("{audience}/replacement"), &json!({}))?;
        ensure!([201, 409].contains(&answer.status), "{} {}", answer.status, answer.text);
        Ok((answer.status == 201).then_some(answer))
    })?;
    let begun = begun.json()?;
    let round = begun["round"].as_u64().context("a round")?;
    sent(world, "POST", &format!("{members}?round={round}"), &lines(&[CONTACTS - 2, CONTACTS - 1]))?;
    let meanwhile = world.spoke.get_json(audience)?;
    ensure!(meanwhile["members"] == CONTACTS + STRANGERS + 1 - LEAVING, "{meanwhile}");
    let ended = world.spoke.post_json(&format!("{audience}/replacement/{round}/end"), &json!({}))?;
    ensure!(ended["removing"] == CONTACTS + STRANGERS - 1 - LEAVING, "{ended}");
    until(PATIENCE, "two are left", || {
        let own = held(world)?;
        Ok((own.values().filter(|value| *value == "true").count() == 2).then_some(()))
    })
}

/// Many lines of one request, in chunks: what changes, and everybody; what cannot be read spoils no change, and ends a replacement.
fn in_one_request(world: &World, base: &str) -> Result<()> {
    let audience = format!("{base}/audiences/newsletter");
    let members = format!("{audience}/members");
    let count = || Ok::<_, anyhow::Error>(world.spoke.get_json(&audience)?["members"].clone());
    let sent = |method: &str, body: String| {
        let answer = world.spoke.stream_lines(method, &members, std::io::Cursor::new(body))?;
        anyhow::Ok((answer.status, answer.json()?))
    };
    let made = world.spoke.put(&audience, &json!({"name": "Newsletter"}))?;
    ensure!(made.status == 200, "{} {}", made.status, made.text);

    let everybody: Vec<usize> = (0..MANY).collect();
    let out = json!({"email": email(0), "member": false});
    let body = format!("{}\n\nnobody\n{out}\n{}", lines(&everybody), json!({"email": "no address"}));
    let (status, told) = sent("PATCH", body)?;
    ensure!(status == 200 && told["kept"] == MANY && told["changed"] == MANY + 1, "{status} {told:#}");
    let refused = told["refused"].as_array().context("who was refused")?;
    let at: Vec<&Value> = refused.iter().map(|one| &one["line"]).collect();
    ensure!(at == [MANY + 2, MANY + 4] && told["refused_count"] == 2, "{told:#}");
    ensure!(refused[1]["email"] == "no address", "{told:#}");
    ensure!(count()? == MANY - 1, "{}", count()?);

    let wrong = format!("{}\nnobody", lines(&everybody[..MANY / 2]));
    let (status, told) = sent("PUT", wrong)?;
    let words = told["detail"].as_str().unwrap_or_default();
    ensure!(status == 400 && words.contains("Nothing is replaced"), "{status} {told:#}");
    ensure!(count()? == MANY - 1, "{}", count()?);

    let (status, told) = sent("PUT", lines(&everybody[MANY / 2..]))?;
    ensure!(status == 200 && told["kept"] == MANY - MANY / 2 && told["changed"] == 0, "{status} {told:#}");
    ensure!(told["removing"] == MANY / 2 - 1, "{told:#}");
    until(PATIENCE, "who was not among them goes", || Ok((count()? == MANY - MANY / 2).then_some(())))?;
    let (status, told) = sent("PATCH", String::new())?;
    ensure!(status == 400, "{status} {told:#}");
    let absent = format!("{base}/audiences/nothing/members");
    let answer = world.spoke.stream_lines("PATCH", &absent, std::io::Cursor::new(lines(&[1])))?;
    ensure!(answer.status == 404, "{} {}", answer.status, answer.text);
    Ok(())
}

/// The page of the activation says how far it is, and that of all which property holds the audience.
fn is_shown(world: &World, workspace: &str, connection: &str, id: &str) -> Result<()> {
    let mut person = Person::new(world);
    person.enter(workspace)?;
    let at = format!("{}/w/{workspace}/connections/{connection}/activations", world.spoke.url);
    for (address, words) in [(format!("{at}/{id}"), "Changes follow within seconds."), (at, PROPERTY)] {
        let page = person.browser.open(&address)?;
        ensure!(
            page.status == 200 && page.html.contains(words),
            "{address}: {} {}",
            page.status,
            page.words()
        );
    }
    Ok(())
}

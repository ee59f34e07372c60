//! Connections by a private app's token or a service key, over HTTP: checked at once, tested, exchanged, told by the customer's own
//! webhooks; and what the operator is told when something only the operator can mend is wrong.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::spawn;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::spoke::Answer;
use xtask::world::{Plan, World};

use crate::delivery::{Delivery, now_ms, signature};
use crate::person::connected;
use crate::request::get;
use crate::stage::{Stage, alone, together};
use crate::yardstick::{in_step, until};

pub const SECRET: &str = "canary-webhook-secret-0123456789";

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().in_workerd().with("--contacts", 200).with("--portals", 4);
    let stage = Stage::new(plan);
    let alerted = alerted();
    vec![
        together(&stage, "a token is checked at once, connects, is tested and exchanged", connects),
        together(
            &stage,
            "a token of another account, a dead one and one without a scope are refused by type",
            refused,
        ),
        together(
            &stage,
            "webhooks of a customer's own app are taken with its own signature alone",
            own_webhooks,
        ),
        alone(
            &alerted,
            "an app that HubSpot refuses is told to the operator once, and disconnects nobody",
            app_refused,
        ),
    ]
}

fn portal(world: &World, nth: usize) -> u64 {
    world.simulator.started.portals[nth]
}

/// A token of an account with these scopes, or all.
fn token(world: &World, portal: u64, scopes: Option<&[&str]>) -> Result<String> {
    let mut asked = json!({ "portal_id": portal });
    if let Some(scopes) = scopes {
        asked["scopes"] = json!(scopes);
    }
    let made = world.simulator.post("private-tokens", &asked)?;
    Ok(made["token"].as_str().context("a token was made")?.to_owned())
}

fn connect(world: &World, workspace: &str, body: &Value) -> Result<Answer> {
    world.spoke.post(&format!("/v1/workspaces/{workspace}/connections"), body)
}

fn tested(world: &World, connection: &str) -> Result<Value> {
    let path = format!("/v1/connections/{connection}/test");
    let begun = world.spoke.post(&path, &json!({}))?;
    ensure!(begun.status == 202, "{} {}", begun.status, begun.text);
    until(Duration::from_secs(20), "the test ends", || {
        let trial = world.spoke.get_json(&path)?;
        Ok((trial["state"] == "done").then_some(trial))
    })
}

fn connects(world: &World) -> Result<()> {
    let workspace = world.spoke.create_workspace("By token")?;
    let (account, first) = (portal(world, 0), token(world, portal(world, 0), None)?);
    let made = connect(world, &workspace, &json!({ "name": "Production", "token": first }))?;
    ensure!(made.status == 201, "{} {}", made.status, made.text);
    let made = made.json()?;
    ensure!(made["kind"] == "token" && made["name"] == "Production", "{made}");
    ensure!(
        made["portal_id"].as_str() == Some(account.to_string().as_str()) && made["sync"]["webhooks"] == false,
        "{made}"
    );
    let id = made["id"].as_str().context("an id")?.to_owned();
    in_step(world, &id, Duration::from_secs(30))?;
    let trial = tested(world, &id)?;
    ensure!(
        trial["works"] == true && trial["results"].as_array().is_some_and(|all| all.len() == 7),
        "{trial}"
    );

    // Another token takes its place; the old one may die.
    let second = token(world, account, None)?;
    let put = world.spoke.put(&format!("/v1/connections/{id}/credentials"), &json!({ "token": second }))?;
    ensure!(put.status == 200 && put.json()?["state"] == "active", "{} {}", put.status, put.text);
    world.simulator.post("private-tokens/remove", &json!({ "token": first }))?;
    ensure!(tested(world, &id)?["works"] == true);

    // Given again in the same workspace it is the same connection.
    let again = connect(world, &workspace, &json!({ "name": "Live", "token": second }))?;
    ensure!(again.status == 200 && again.json()?["id"] == id.as_str(), "{} {}", again.status, again.text);

    let limits = world.spoke.get_json(&format!("/v1/connections/{id}/limits"))?;
    ensure!(limits["now"]["day"]["limit"] == 250_000 && limits["now"]["window"]["limit"] == 100, "{limits}");
    let path = format!("/v1/connections/{id}");
    let named = world.spoke.patch(&path, &json!({ "name": "Sandbox", "tier": "professional+1" }))?;
    ensure!(named.status == 200 && named.json()?["name"] == "Sandbox", "{} {}", named.status, named.text);
    let body = world.spoke.get_json(&path)?;
    ensure!(body["sync"]["tier"] == "professional+1", "{body}");
    let ended = world.spoke.delete(&path)?;
    ensure!(ended.json()?["disconnect"] == json!({ "stops": true, "revokes": false, "uninstalls": false }));
    Ok(())
}

fn refused(world: &World) -> Result<()> {
    let workspace = world.spoke.create_workspace("Refused")?;
    let kind = |answer: &Answer| -> Result<(u16, String)> {
        Ok((answer.status, answer.json()?["type"].as_str().unwrap_or_default().to_owned()))
    };
    let bad = connect(world, &workspace, &json!({ "name": "X", "token": "pat-na1-never-made" }))?;
    ensure!(kind(&bad)? == (422, "/problems/bad-token".into()), "{}", bad.text);
    let narrow = token(world, portal(world, 1), Some(&["oauth", "crm.objects.contacts.read"]))?;
    let narrow = connect(world, &workspace, &json!({ "name": "X", "token": narrow }))?;
    ensure!(kind(&narrow)? == (422, "/problems/missing-scope".into()), "{}", narrow.text);
    ensure!(narrow.text.contains("crm.schemas.contacts.read"), "{}", narrow.text);
    ensure!(world.spoke.connections(&workspace)?.is_empty(), "nothing is kept of a token that is refused");

    let good = token(world, portal(world, 1), None)?;
    let made = connect(world, &workspace, &json!({ "name": "X", "token": good }))?.json()?;
    let id = made["id"].as_str().context("an id")?;
    let foreign = token(world, portal(world, 2), None)?;
    let put = world.spoke.put(&format!("/v1/connections/{id}/credentials"), &json!({ "token": foreign }))?;
    ensure!(kind(&put)? == (409, "/problems/other-portal".into()), "{}", put.text);
    ensure!(put.text.contains(&portal(world, 2).to_string()), "{}", put.text);
    ensure!(tested(world, id)?["works"] == true, "the old token goes on");
    Ok(())
}

/// Sends a delivery as HubSpot does, signed with a secret.
fn deliver(world: &World, connection: &str, body: &str, secret: &str) -> Result<u16> {
    let url = format!("{}/webhooks/hubspot/{connection}", world.spoke.url);
    let timestamp = now_ms()?;
    let signature = Some(signature(secret, &url, body, timestamp)?);
    Ok(Delivery { url, body: body.to_owned(), timestamp, signature }.send()?.status)
}

fn own_webhooks(world: &World) -> Result<()> {
    let workspace = world.spoke.create_workspace("Own webhooks")?;
    let account = portal(world, 3);
    let given = json!({ "name": "Own", "token": token(world, account, None)?, "webhook_secret": SECRET });
    let made = connect(world, &workspace, &given)?.json()?;
    ensure!(made["sync"]["webhooks"] == true, "{made}");
    let id = made["id"].as_str().context("an id")?.to_owned();
    in_step(world, &id, Duration::from_secs(30))?;
    let hubspot = world.simulator.of(account);
    let (contacts, _) = hubspot.dump("contacts", 0, 1)?;
    let contact = contacts[0]["id"].as_str().context("an id")?.to_owned();
    let changed = json!({ "portal_id": account, "id": contact, "properties": { "firstname": "By webhook" } });
    world.simulator.post("contacts/edit", &changed)?;
    let event = json!([{
        "eventId": 1, "subscriptionId": 1, "portalId": account, "appId": 1, "occurredAt": 1, "attemptNumber": 0,
        "subscriptionType": "contact.propertyChange", "objectId": contact.parse::<u64>()?,
        "propertyName": "firstname", "propertyValue": "By webhook",
    }])
    .to_string();
    let unknown = "con_000000000000000000000000";
    ensure!(deliver(world, &id, &event, "somebody else's secret")? == 401);
    ensure!(deliver(world, unknown, &event, SECRET)? == 401, "nobody learns which connections there are");
    let seen = |world: &World| -> Result<bool> {
        let record = world.spoke.get_json(&format!("/v1/connections/{id}/records/contacts/{contact}"))?;
        Ok(record["properties"]["firstname"] == "By webhook")
    };
    ensure!(!seen(world)?);
    ensure!(deliver(world, &id, &event, SECRET)? == 200);
    until(Duration::from_secs(10), "the change is read", || Ok(seen(world)?.then_some(())))
}

/// What came to the operator's address: whether it was signed, and its body.
static TOLD: Mutex<Vec<(bool, Value)>> = Mutex::new(Vec::new());

fn told() -> MutexGuard<'static, Vec<(bool, Value)>> {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads one message and answers it.
fn take(mut stream: TcpStream) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length, mut signed) = (String::new(), 0, false);
    while reader.read_line(&mut line)? > 2 {
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        signed |= lower.starts_with("webhook-signature: v1,");
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    told().push((signed, serde_json::from_slice(&body)?));
    stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")?;
    Ok(())
}

/// A world whose operator has an address.
fn alerted() -> Arc<Stage> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}/alerts", listener.local_addr().expect("it listens"));
    spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Err(error) = take(stream) {
                told().push((false, json!({ "wrong": error.to_string() })));
            }
        }
    });
    let plan = Plan::default().in_workerd().with("--contacts", 50);
    let plan = plan.with("--switch", "access_token_life_s=10").setting("ALERT_URL", url);
    let plan = plan.setting("ALERT_SECRET", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    Stage::new(plan.setting("CHECK_EVERY_SECONDS", 1))
}

fn app_refused(world: &mut World) -> Result<()> {
    let connected = connected(world, portal(world, 0), "Alerted")?;
    in_step(world, &connected.connection, Duration::from_secs(30))?;
    ensure!(world.spoke.get_json("/healthz")?["status"] == "ok");
    let mut app = world.simulator.get("state")?["apps"][0].clone();
    app["client_secret"] = json!("changed at HubSpot, and not here");
    world.simulator.post("apps", &app)?;
    until(Duration::from_secs(60), "the operator is told", || {
        world.fire_cron()?;
        std::thread::sleep(Duration::from_millis(500));
        Ok((!told().is_empty()).then_some(()))
    })?;
    let strangers = get(&format!("{}/healthz", world.spoke.url), "")?.json()?;
    ensure!(strangers.as_object().is_some_and(|told| told.len() == 1), "strangers are told {strangers}");
    let health = world.spoke.get_json("/healthz")?;
    ensure!(health["status"] == "degraded" && health["alerts"][0]["alert"] == "app_refused", "{health}");
    let state = world.spoke.get_json(&format!("/v1/connections/{}", connected.connection))?;
    ensure!(state["state"] == "active", "nobody is disconnected: {state}");
    // As long as the old access token lives, calls go on between the refused refreshes.
    until(Duration::from_secs(60), "the connection says so", || {
        world.fire_cron()?;
        std::thread::sleep(Duration::from_millis(500));
        let state = world.spoke.get_json(&format!("/v1/connections/{}", connected.connection))?;
        ensure!(state["state"] == "active", "nobody is disconnected: {state}");
        Ok((state["sync"]["trouble"]["type"] == "/problems/app-refused").then_some(()))
    })?;
    let came = told().clone();
    ensure!(came.len() == 1, "once an hour, not {} times", came.len());
    let (signed, body) = &came[0];
    ensure!(*signed && body["type"] == "alert.app_refused", "{body}");
    ensure!(body["text"].as_str().is_some_and(|text| text.contains("HUBSPOT_APPS")), "{body}");
    ensure!(body["data"]["connection_id"] == connected.connection.as_str(), "{body}");
    Ok(())
}

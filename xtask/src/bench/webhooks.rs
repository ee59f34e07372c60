//! Webhooks accepted per second, and how long one takes, against a bare route of the same Worker in the same run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Figure, connect};
use crate::walk;
use crate::world::{APP, Built, Plan, World};

/// Requests under way at once.
const CLIENTS: usize = 8;

/// How long each measurement runs.
const RUN: Duration = Duration::from_secs(8);

/// Contacts that the events name.
const CONTACTS: u64 = 2_000;

/// Events of one delivery: HubSpot sends up to 100.
const BATCH: u64 = 100;

struct Load {
    per_second: f64,
    p50: f64,
    p99: f64,
}

pub(super) fn measure(built: &Built) -> Result<Vec<Figure>> {
    let plan = Plan { without_webhooks: true, ..Plan::default() }.in_workerd();
    let world = World::start(built, &plan.with("--contacts", CONTACTS).flag("--no-limits"))?;
    let connected = connect(&world)?;
    walk::first_sync(&world, &connected.connection, |_| {})?;
    let hello = format!("{}/hello", world.spoke.url);
    let bare = load(|agent, _| finish(agent.get(&hello).call()?))?;
    let single = load(|agent, nth| deliver(&world, agent, nth, 1))?;
    let batch = load(|agent, nth| deliver(&world, agent, nth, BATCH))?;
    let figures = |name: &str, load: &Load| {
        [
            Figure::plain("webhooks", format!("{name}, requests a second"), load.per_second, ""),
            Figure::plain("webhooks", format!("{name}, half within"), load.p50, "ms"),
            Figure::plain("webhooks", format!("{name}, 99 of 100 within"), load.p99, "ms"),
        ]
    };
    let mut all = Vec::new();
    all.extend(figures("bare route", &bare));
    all.extend(figures("delivery of 1 event", &single));
    all.extend(figures(&format!("delivery of {BATCH} events"), &batch));
    all.push(Figure::plain("webhooks", "events accepted a second", batch.per_second * BATCH as f64, ""));
    Ok(all)
}

/// Calls `send` from all clients for [`RUN`]; every answer must be 200.
fn load(send: impl Fn(&ureq::Agent, u64) -> Result<u16> + Sync) -> Result<Load> {
    let nth = AtomicU64::new(0);
    let started = Instant::now();
    let client = || -> Result<Vec<Duration>> {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let mut took = Vec::new();
        while started.elapsed() < RUN {
            let at = Instant::now();
            let status = send(&agent, nth.fetch_add(1, Ordering::Relaxed))?;
            if status != 200 {
                bail!("answered {status}");
            }
            took.push(at.elapsed());
        }
        Ok(took)
    };
    let mut took = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        let mut all = Vec::new();
        for client in clients {
            all.extend(client.join().map_err(|_| anyhow::anyhow!("a client panicked"))??);
        }
        Ok::<_, anyhow::Error>(all)
    })?;
    took.sort_unstable();
    let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    Ok(Load { per_second: took.len() as f64 / started.elapsed().as_secs_f64(), p50: at(0.5), p99: at(0.99) })
}

/// One delivery as HubSpot signs it.
fn deliver(world: &World, agent: &ureq::Agent, nth: u64, events: u64) -> Result<u16> {
    let url = format!("{}/webhooks/hubspot/{APP}", world.spoke.url);
    let now_ms =
        SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_millis();
    let event = |n: u64| {
        json!({
            "eventId": nth * events + n,
            "subscriptionId": 1,
            "portalId": world.simulator.started.portal_id,
            "appId": 1,
            "occurredAt": now_ms as u64,
            "subscriptionType": "object.propertyChange",
            "objectTypeId": "0-1",
            "attemptNumber": 0,
            "objectId": 1 + (nth * events + n) % CONTACTS,
            "propertyName": "firstname",
            "propertyValue": "Ada",
            "changeSource": "CRM_UI",
        })
    };
    let body = (0..events).map(event).collect::<Value>().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(world.secrets.client_secret.as_bytes())?;
    mac.update(format!("POST{url}{body}{now_ms}").as_bytes());
    let signature = BASE64.encode(&mac.finalize().into_bytes());
    let request =
        agent.post(&url).content_type("application/json").header("x-hubspot-signature-v3", signature);
    finish(request.header("x-hubspot-request-timestamp", now_ms.to_string()).send(body)?)
}

/// Reads the answer to its end, so that the next request takes the same connection, as HubSpot's do.
fn finish(mut response: ureq::http::Response<ureq::Body>) -> Result<u16> {
    response.body_mut().read_to_vec()?;
    Ok(response.status().as_u16())
}

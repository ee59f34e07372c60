//! Members of an audience through the built Worker: how soon HubSpot holds what one call of the host's said of one person, what it takes where
//! a hundred thousand come at once, and a request of a million.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::Figure;
#[cfg(feature = "scale")]
use super::{memory::Collector, whole};
use crate::walk;
use crate::world::{Built, Plan, World};

/// Contacts whose membership changes, one after the other.
const CHANGED: u32 = 50;
/// Between a change's arrival and the next change.
const PAUSE: Duration = Duration::from_millis(300);
/// Between two looks at what HubSpot holds.
const LOOK: Duration = Duration::from_millis(2);
/// How late an answer of HubSpot's is, milliseconds.
const LATENCY_MS: u32 = 60;
/// What a change may take.
const MILLISECONDS: f64 = 5_000.0;
/// What takes longer has come to a stand.
const PATIENCE: Duration = Duration::from_mins(10);
const SCOPES: [&str; 5] = [
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
];
const PROPERTY: &str = "spoke_aud_vip";

/// Within which time so much of all was done, milliseconds.
pub(super) fn part(took: &mut [Duration], part: f64) -> f64 {
    took.sort_unstable();
    let place = (took.len() as f64 * part).ceil() as usize;
    took.get(place.saturating_sub(1)).map_or(0.0, |took| took.as_secs_f64() * 1e3)
}

/// A connection with an audience, its first sync over.
struct Audience<'a> {
    world: &'a World,
    connection: String,
    /// Of the account's contacts their ids and addresses.
    contacts: Vec<(u64, String)>,
}

impl<'a> Audience<'a> {
    fn new(world: &'a World) -> Result<Self> {
        let token = json!({ "portal_id": world.simulator.started.portal_id, "scopes": SCOPES });
        let token = world.simulator.post("private-tokens", &token)?["token"].clone();
        let workspace = world.spoke.create_workspace("Bench")?;
        let body = json!({ "name": "Bench", "token": token });
        let made = world.spoke.post_json(&format!("/v1/workspaces/{workspace}/connections"), &body)?;
        let connection = made["id"].as_str().context("a connection's id")?.to_owned();
        walk::first_sync(world, &connection, |_| sleep(Duration::from_millis(300)))?;
        let (mut contacts, mut from) = (Vec::new(), Some(0));
        while let Some(place) = from {
            let (lines, next) = world.simulator.dump("contacts", place, 10_000)?;
            let told = |line: &Value| {
                let email = line["properties"]["email"].as_str()?.to_lowercase();
                let is_plain = email.chars().all(|c| c.is_ascii_alphanumeric() || ".@-".contains(c));
                let id = crate::spoke::number(&line["id"])?;
                (is_plain && line["state"] == "live").then_some((id, email))
            };
            contacts.extend(lines.iter().filter_map(told));
            from = next;
        }
        let own = Self { world, connection, contacts };
        let made = world.spoke.put(&own.at("audiences/vip"), &json!({ "name": "VIP" }))?;
        ensure!(made.status == 200, "{} {}", made.status, made.text);
        Ok(own)
    }

    fn at(&self, path: &str) -> String {
        format!("/v1/connections/{}/{path}", self.connection)
    }

    /// Keeps the audience on contacts from now on; the activation's address.
    fn activate(&self) -> Result<String> {
        let new = json!({ "name": "Bench", "audiences": ["vip"], "unknown": "skip" });
        let made = self.world.spoke.post_json(&self.at("activations"), &new)?;
        Ok(self.at(&format!("activations/{}", made["id"].as_str().context("an activation's id")?)))
    }

    /// Waits until the activation's sync is over and nobody is to be written; the activation.
    fn synced(&self, activation: &str) -> Result<Value> {
        let started = Instant::now();
        loop {
            let own = self.world.spoke.get_json(activation)?;
            let audience = self.world.spoke.get_json(&self.at("audiences/vip"))?;
            let settings = self.world.spoke.get_json(&self.at("activations/settings"))?;
            let nobody_goes = audience["replacing"].is_null();
            if own["sync"]["state"] == "done" && settings["marks"] == 0 && nobody_goes {
                return Ok(own);
            }
            if started.elapsed() > PATIENCE {
                bail!("the sync does not end: {own:#} {settings:#}");
            }
            sleep(Duration::from_millis(500));
        }
    }

    /// What a contact holds in the audience's property.
    fn held(&self, id: u64) -> Result<Value> {
        let (lines, _) = self.world.simulator.dump("contacts", id, 1)?;
        let line = lines.first().context("the contact is in HubSpot")?;
        Ok(line["properties"][PROPERTY].clone())
    }
}

/// From the answer to a change of one membership until HubSpot holds it, in an account that does nothing else.
pub(super) fn measure(built: &Built) -> Result<Vec<Figure>> {
    let plan = Plan { without_webhooks: true, ..Plan::default() }.in_workerd();
    let plan = plan.with("--contacts", 1_000).with("--tier", "free").with("--latency-ms", LATENCY_MS);
    let world = World::start(built, &plan)?;
    let audience = Audience::new(&world)?;
    audience.synced(&audience.activate()?)?;
    let mut took = Vec::new();
    for (id, email) in audience.contacts.iter().take(CHANGED as usize) {
        let path = audience.at(&format!("audiences/vip/members/{}", email.replace('@', "%40")));
        let put = world.spoke.put(&path, &json!({}))?;
        let started = Instant::now();
        ensure!([200, 201].contains(&put.status), "{} {}", put.status, put.text);
        while audience.held(*id)? != "true" {
            ensure!(started.elapsed() < PATIENCE, "{email} is no member in HubSpot");
            sleep(LOOK);
        }
        took.push(started.elapsed());
        sleep(PAUSE);
    }
    ensure!(took.len() == CHANGED as usize, "{} contacts have an address", took.len());
    let limited = world.simulator.counters()?.with_status(429) as f64;
    let figure = |name: &str, value: f64, unit| {
        let name = format!(
            "{CHANGED} memberships changed one by one, HubSpot answers after {LATENCY_MS} ms: {name}"
        );
        Figure::plain("members", name, value, unit)
    };
    Ok(vec![
        figure("half in HubSpot within", part(&mut took, 0.5), "ms"),
        figure("all in HubSpot within", part(&mut took, 1.0), "ms").at_most(MILLISECONDS),
        figure("429s", limited, "").at_most(0.0).exactly_counted(),
    ])
}

/// Members of an audience that no activation has, in one request: the most lines that it takes.
#[cfg(feature = "scale")]
const MOST_LINES: usize = 1_000_000;
/// One of so many members leaves, and as many others join.
#[cfg(feature = "scale")]
const ONE_IN: usize = 100;
/// Seconds between two checks: none falls into what is measured.
#[cfg(feature = "scale")]
const CHECKED_AFTER: u32 = 3_600;
/// Processor time of a member in workerd.
#[cfg(feature = "scale")]
const MICROSECONDS: f64 = 90.0;

#[cfg(feature = "scale")]
impl Audience<'_> {
    /// Says who is a member of an audience, all of them in one request; how many go.
    fn replace(&self, audience: &str, members: impl Iterator<Item = impl AsRef<str>>) -> Result<u64> {
        let lines: Vec<String> =
            members.map(|email| json!({ "email": email.as_ref() }).to_string()).collect();
        let body = std::io::Cursor::new(lines.join("\n"));
        let path = self.at(&format!("audiences/{audience}/members"));
        let answer = self.world.spoke.stream_lines("PUT", &path, body)?;
        let told = answer.json()?;
        ensure!(answer.status == 200 && told["kept"] == lines.len(), "{} {told:#}", answer.status);
        told["removing"].as_u64().context("how many go")
    }
}

/// What a stretch took: seconds, processor time of workerd in microseconds, rows as Cloudflare counts them, calls.
#[cfg(feature = "scale")]
struct Took {
    seconds: f64,
    cpu: f64,
    rows: f64,
    updates: f64,
    limited: f64,
}

#[cfg(feature = "scale")]
fn timed(audience: &Audience<'_>, work: impl FnOnce() -> Result<()>) -> Result<Took> {
    let Audience { world, connection, .. } = audience;
    let rows = world.spoke.rows_written(connection)?;
    let before = world.simulator.counters()?;
    let (started, cpu) = (Instant::now(), whole::cpu_seconds(world));
    work()?;
    let counters = world.simulator.counters()?;
    let rows_after = world.spoke.rows_written(connection)?;
    ensure!(rows_after >= rows, "the object was put away meanwhile, and counts anew");
    Ok(Took {
        seconds: started.elapsed().as_secs_f64(),
        cpu: (whole::cpu_seconds(world) - cpu) * 1e6,
        rows: (rows_after - rows) as f64,
        updates: (counters.of("batch_update") - before.of("batch_update")) as f64,
        limited: (counters.with_status(429) - before.with_status(429)) as f64,
    })
}

/// A hundred thousand members and more: their coming, their first sync, a replacement in which 1 % differ.
#[cfg(feature = "scale")]
pub(super) fn scale(built: &Built, contacts: u32) -> Result<Vec<Figure>> {
    const PART: &str = "scale-members";
    let plan = |inspected: bool| {
        let plan = Plan { without_webhooks: true, ..Plan::default() }.in_workerd();
        let plan =
            plan.setting("CHECK_EVERY_SECONDS", CHECKED_AFTER).setting("API_REQUESTS_PER_MINUTE", 1_000_000);
        let plan = plan.with("--contacts", contacts).flag("--no-limits").with("--properties", 30);
        let plan = plan.with("--custom-properties", 0).with("--hubspot-properties", 30);
        let plan = plan.with("--ten-secondly-limit", 1_000_000);
        if inspected { plan.inspected() } else { plan }
    };
    let mut figures = Vec::new();
    // What is held is asked for where no time is measured: collecting takes some itself.
    for inspected in [false, true] {
        let world = World::start(built, &plan(inspected))?;
        let audience = Audience::new(&world)?;
        let emails: Vec<&str> = audience.contacts.iter().map(|(_, email)| email.as_str()).collect();
        let (joining, first) = emails.split_at(emails.len() / ONE_IN);
        let leaving = first.iter().step_by(ONE_IN).count();
        let staying: Vec<&str> = first
            .iter()
            .enumerate()
            .filter(|(place, _)| place % ONE_IN != 0)
            .map(|(_, email)| *email)
            .collect();
        let staying = [staying.as_slice(), joining].concat();
        let collector = world.inspector_port().map(Collector::start).transpose()?;
        let came = timed(&audience, || audience.replace("vip", first.iter()).map(drop))?;
        let activation = std::cell::OnceCell::new();
        let synced = timed(&audience, || {
            let at = audience.activate()?;
            let sync = audience.synced(&at)?["sync"].clone();
            ensure!(sync["written"] == first.len(), "{sync:#}");
            activation.set(at).map_err(|_| anyhow::anyhow!("two activations"))
        })?;
        let at = activation.get().context("an activation")?;
        let before = world.simulator.counters()?.of("batch_update");
        let replaced = timed(&audience, || audience.replace("vip", staying.iter()).map(drop))?;
        let churned = timed(&audience, || audience.synced(at).map(drop))?;
        let updates = (world.simulator.counters()?.of("batch_update") - before) as f64;
        let made = world.spoke.put(&audience.at("audiences/all"), &json!({ "name": "All" }))?;
        ensure!(made.status == 200, "{} {}", made.status, made.text);
        let all = (0..MOST_LINES).map(|number| format!("person-{number}@members.example"));
        let many = timed(&audience, || audience.replace("all", all).map(drop))?;
        if let Some(collector) = collector {
            let what = format!(
                "{} members, their first sync and 1 % churn, and a request of {MOST_LINES} lines",
                first.len()
            );
            figures.extend(super::isolate(PART, &what, collector.stop()?));
            continue;
        }
        let each = first.len() as f64;
        let changes = (leaving + joining.len()) as f64;
        let figure = |name: &str, value: f64, unit| Figure::plain(PART, name, value, unit);
        figures.extend([
            figure("members who come in one request", each, ""),
            figure("their coming: seconds", came.seconds, ""),
            figure("their coming: processor time of workerd a member", came.cpu / each, "µs"),
            figure("their coming: rows as Cloudflare counts them, a member", came.rows / each, ""),
            figure("first sync: seconds, without limits or latency", synced.seconds, ""),
            figure("first sync: batch updates", synced.updates, "calls")
                .at_most(each / 100.0 * 1.02)
                .exactly_counted(),
            figure("first sync: 429s", synced.limited, "").at_most(0.0).exactly_counted(),
            figure("first sync: processor time of workerd a member", synced.cpu / each, "µs")
                .at_most(MICROSECONDS),
            figure("first sync: rows as Cloudflare counts them, a member", synced.rows / each, ""),
            figure("lines of a request for an audience that nothing keeps", MOST_LINES as f64, ""),
            figure("that request: seconds", many.seconds, ""),
            figure("that request: processor time of workerd a line", many.cpu / MOST_LINES as f64, "µs"),
            figure("that request: rows as Cloudflare counts them, a line", many.rows / MOST_LINES as f64, ""),
            figure("1 % churn: contacts that differ", changes, ""),
            figure("1 % churn: batch updates", updates, "calls")
                .at_most((changes / 100.0 * 1.1).ceil())
                .exactly_counted(),
            figure("1 % churn: seconds", replaced.seconds + churned.seconds, ""),
            figure("1 % churn: processor time of workerd a member that is sent", replaced.cpu / each, "µs"),
            figure("1 % churn: the rest, a contact that differs", churned.cpu / changes, "µs"),
            figure(
                "1 % churn: rows as Cloudflare counts them, a member",
                (replaced.rows + churned.rows) / each,
                "",
            ),
        ]);
    }
    Ok(figures)
}

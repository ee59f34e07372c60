//! The change feed as a host takes it: read page by page, and delivered to its server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::{Figure, connect, whole};
use crate::spoke::number;
use crate::walk;
use crate::world::{Built, Plan, World};

/// Contacts of the account: so many changes stand in the feed after the first sync.
const CONTACTS: u32 = 50_000;

/// Properties with a value per contact.
const PROPERTIES: u32 = 30;

/// Changes of one page, the most there are.
const PAGE: usize = 1_000;

pub(super) fn measure(built: &Built) -> Result<Vec<Figure>> {
    let plan = Plan { without_webhooks: true, ..Plan::default() }.in_workerd();
    let plan = plan.setting("DELIVER_TO", "anywhere").flag("--no-limits");
    let plan = plan.with(super::polls::CONTACTS_ONLY.0, super::polls::CONTACTS_ONLY.1);
    let plan = plan.with("--contacts", CONTACTS).with("--properties", PROPERTIES);
    let plan = plan.with("--custom-properties", 0).with("--hubspot-properties", PROPERTIES);
    let world = World::start(built, &plan.with("--ten-secondly-limit", 1_000_000))?;
    let connection = connect(&world)?.connection;
    let synced = walk::first_sync(&world, &connection, |_| sleep(Duration::from_millis(300)))?;
    whole::rest(&world, &connection)?;
    let changes = f64::from(CONTACTS);

    let (started, cpu) = (Instant::now(), whole::cpu_seconds(&world));
    let read = read_all(&world, &connection)?;
    let read_seconds = started.elapsed().as_secs_f64();
    let read_cpu = whole::cpu_seconds(&world) - cpu;
    ensure!(read >= u64::from(CONTACTS), "{read} changes were read of {CONTACTS}");

    let receiver = Receiver::start()?;
    let (started, cpu) = (Instant::now(), whole::cpu_seconds(&world));
    let endpoint = json!({"url": receiver.url, "after": "0"});
    let endpoints = format!("/v1/connections/{connection}/endpoints");
    let endpoint = world.spoke.post_json(&endpoints, &endpoint)?;
    let endpoint = format!("{endpoints}/{}", endpoint["id"].as_str().context("an endpoint has an id")?);
    while receiver.changes.load(Ordering::Relaxed) < u64::from(CONTACTS) {
        if started.elapsed() > Duration::from_mins(10) {
            bail!(
                "{} changes of {CONTACTS} came: {}",
                receiver.changes.load(Ordering::Relaxed),
                world.spoke.get_json(&endpoint)?
            );
        }
        sleep(Duration::from_millis(50));
    }
    let delivered_seconds = started.elapsed().as_secs_f64();
    let delivered_cpu = whole::cpu_seconds(&world) - cpu;
    let messages = receiver.messages.load(Ordering::Relaxed) as f64;
    ensure!(synced.latest_change >= u64::from(CONTACTS), "the feed is short");
    let figure = |name: &str, value: f64, unit| Figure::plain("feed", name, value, unit);
    Ok(vec![
        figure("changes read a second, 1,000 a page, one reader", read as f64 / read_seconds, ""),
        figure("processor time a change read", read_cpu * 1e6 / read as f64, "µs"),
        figure("changes delivered a second, one endpoint", changes / delivered_seconds, ""),
        figure("deliveries a second, of up to 100 changes", messages / delivered_seconds, ""),
        figure("processor time a change delivered", delivered_cpu * 1e6 / changes, "µs"),
    ])
}

/// Reads the feed to its end; how many changes there were.
fn read_all(world: &World, connection: &str) -> Result<u64> {
    let (mut after, mut changes) = (0, 0);
    loop {
        let path = format!("/v1/connections/{connection}/changes?after={after}&limit={PAGE}");
        let page = world.spoke.get_json(&path)?;
        changes += page["changes"].as_array().map_or(0, Vec::len) as u64;
        let next = number(&page["next"]).context("a page says where it ends")?;
        if next == after || Some(next) >= number(&page["latest"]) {
            return Ok(changes);
        }
        after = next;
    }
}

/// A host's server that counts what comes and takes all of it. It lives as long as the program.
struct Receiver {
    url: String,
    messages: Arc<AtomicU64>,
    changes: Arc<AtomicU64>,
}

impl Receiver {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port for a receiver")?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let (messages, changes) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let counts = (Arc::clone(&messages), Arc::clone(&changes));
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let (messages, changes) = counts.clone();
                // An error is a connection that ended.
                spawn(move || take(&stream, &messages, &changes));
            }
        });
        Ok(Self { url, messages, changes })
    }
}

/// Answers each request of a connection.
fn take(stream: &TcpStream, messages: &AtomicU64, changes: &AtomicU64) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut line) = (0, String::new());
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        while !line.trim_end().is_empty() {
            line.clear();
            reader.read_line(&mut line)?;
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body: Value = serde_json::from_slice(&body)?;
        let came = body["data"]["changes"].as_array().map_or(0, Vec::len) as u64;
        messages.fetch_add(1, Ordering::Relaxed);
        changes.fetch_add(came, Ordering::Relaxed);
        (&*stream).write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
    }
}

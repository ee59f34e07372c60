//! `cargo xtask demo`: connect a simulated HubSpot account and watch its records arrive and stay in step.

use std::fmt::Write as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use indicatif::{ProgressBar, ProgressStyle};

use crate::browser::Browser;
use crate::compare::explain;
use crate::progress::Step;
use crate::simulator::Counters;
use crate::spoke::Progress;
use crate::walk;
use crate::world::{Built, Plan, World};

/// Longest wait for the companies, deals and links that come after the last contact.
const PATIENCE: Duration = Duration::from_mins(2);

/// Options of the demo.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Contacts in the simulated HubSpot account; a tenth as many companies and a fifth as many deals, linked with each other
    #[arg(long, default_value_t = 20_000)]
    contacts: u32,
    /// End after the summary; the exit status is 0 only if everything held
    #[arg(long)]
    exit: bool,
    /// Edits per second in HubSpot while it stays up
    #[arg(long, default_value_t = 2.0)]
    edits: f64,
    /// Port of the Worker; a free one if absent
    #[arg(long)]
    port: Option<u16>,
    /// Port of the simulated HubSpot; a free one if absent
    #[arg(long)]
    simulator_port: Option<u16>,
}

/// Runs it; whether everything held.
pub fn run(built: &Built, options: &Options) -> Result<bool> {
    let plan = Plan { port: options.port, simulator_port: options.simulator_port, ..Plan::default() };
    let step = Step::start("Starting HubSpot's simulator and workerd", "");
    let plan = plan.with("--contacts", options.contacts).flag("--associations");
    let plan = plan.with("--companies", options.contacts / 10).with("--deals", options.contacts / 5);
    let world = World::start(built, &plan)?;
    step.done(&format!("{} and {}", world.simulator.started.url, world.spoke.url));

    let started = Instant::now();
    let mut browser = Browser::default();
    let connected = walk::connect(&world, &mut browser, "Example Inc")?;
    eprintln!("✓ Connected by OAuth, as a browser does it:");
    for (method, address, status) in &browser.history {
        eprintln!("    {status} {method} {address}");
    }
    let synced = follow(&world, &connected.connection, options.contacts)?;
    let seconds = started.elapsed().as_secs_f64();

    let step = Step::start("Comparing every record and link with HubSpot's, once the last are read", "");
    let difference = walk::settle(&world, &connected.connection, PATIENCE)?;
    step.done("");
    for key in difference.unequal.iter().take(3) {
        for line in explain(&world.spoke, &connected.connection, &world.simulator, key)? {
            eprintln!("  {key}, {line}");
        }
    }
    let counters = world.simulator.counters()?;
    let leaked = world.leaked(&[])?;
    println!("{}", summary(&synced, &counters, seconds, &difference.to_string(), &leaked));
    let held = difference.is_none() && counters.with_status(429) == 0 && leaked.is_empty();
    if options.exit {
        return Ok(held);
    }
    stay(&world, &connected, options.edits)?;
    Ok(held)
}

/// Shows a bar until the first sync is over.
fn follow(world: &World, connection: &str, contacts: u32) -> Result<Progress> {
    let bar = ProgressBar::new(u64::from(contacts));
    let style = "{prefix} {bar:40.cyan/dim} {human_pos} of {human_len} contacts, {per_sec}, {msg}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix("First sync");
    let synced = walk::first_sync(world, connection, |now| {
        bar.set_position(now.records);
        if let Some(expected) = now.expected {
            bar.set_length(expected.max(now.records));
        }
        bar.set_message(now.trouble.clone().unwrap_or_default());
    })?;
    bar.finish();
    Ok(synced)
}

fn summary(synced: &Progress, counters: &Counters, seconds: f64, equal: &str, leaked: &[String]) -> String {
    let mut calls = String::new();
    for ((endpoint, status), count) in &counters.calls {
        writeln!(calls, "{count:>6}  {endpoint} ({status})").ok();
    }
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.add_row(["Contacts in the mirror", &synced.records.to_string()]);
    table.add_row(["Seconds from the link to the last contact", &format!("{seconds:.1}")]);
    table.add_row(["Calls to HubSpot", calls.trim_end()]);
    table.add_row(["Calls in all", &counters.of("").to_string()]);
    table.add_row(["429s", &counters.with_status(429).to_string()]);
    table.add_row(["Mirror == HubSpot", equal]);
    table.add_row(["Secrets in the log", &if leaked.is_empty() { "none".into() } else { leaked.join(", ") }]);
    table.to_string()
}

/// Stays up until Ctrl-C, with edits in HubSpot and the cron as Cloudflare would fire it.
fn stay(world: &World, connected: &walk::Connected, edits_per_second: f64) -> Result<()> {
    let hubspot = &world.simulator.started;
    println!("Open in a browser:");
    println!("  Integrations page   {}  (works once)", world.spoke.create_session(&connected.workspace)?);
    println!(
        "  Operator's console  {}/console  password {}",
        world.spoke.url, world.secrets.console_password
    );
    println!("  Simulated HubSpot   {}/__control/  {} / {}", hubspot.url, hubspot.email, hubspot.password);
    println!(
        "  API                 curl -H 'Authorization: Bearer {}' {}/v1/connections/{}",
        world.secrets.root_key, world.spoke.url, connected.connection
    );
    println!("HubSpot's contacts are edited {edits_per_second} times a second. Ctrl-C ends everything.");
    world.simulator.set_edit_rate(edits_per_second)?;
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(200));
    let (started, mut ticks) = (Instant::now(), 0);
    loop {
        let due = started.elapsed().as_secs() / CRON_SECONDS;
        if due > ticks {
            ticks = due;
            world.fire_cron()?;
        }
        let (live, now) = (world.simulator.live_contacts()?, world.spoke.progress(&connected.connection)?);
        let trouble = now.trouble.map(|trouble| format!(" · {trouble}")).unwrap_or_default();
        bar.set_message(format!(
            "HubSpot {live} contacts · mirror {} · {} waiting to be read · {} changes in the feed{trouble}",
            now.records, now.waiting, now.latest_change
        ));
        sleep(Duration::from_secs(1));
    }
}

/// Cloudflare fires the Worker's cron every five minutes.
const CRON_SECONDS: u64 = 300;

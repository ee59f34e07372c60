//! HubSpot at its worst, over HTTP: after each misfortune the mirror is HubSpot and nothing is stuck.
//!
//! All in one world, each in an account of its own, because a fault strikes one account.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::simulator::Simulator;
use xtask::world::{Plan, World};

use crate::person::connected;
use crate::stage::{Stage, together};
use crate::yardstick::{
    calls, checked_at_every_tick, equal_in_the_end, equals, in_step, refused_by_limits, rename,
    some_contacts, strike, until,
};

/// Contacts of each account.
const CONTACTS: u32 = 300;

/// Longest way out of a misfortune: four endpoints, each with its pauses.
const PATIENCE: Duration = Duration::from_secs(100);

/// What strikes: endpoint, fault, how often in a row.
type Strikes = fn() -> Vec<(&'static str, Value, u32)>;

fn everywhere(fault: &Value, times: u32) -> Vec<(&'static str, Value, u32)> {
    ["property_list", "search", "list", "batch_read"].map(|endpoint| (endpoint, fault.clone(), times)).into()
}

const MISFORTUNES: [(&str, Strikes); 11] = [
    ("429 of the ten-second window", || {
        let fault = json!({"kind": "rate_limited", "policy": "TEN_SECONDLY_ROLLING"});
        everywhere(&fault, 1)
    }),
    ("429 of search's second", || vec![("search", json!({"kind": "rate_limited", "policy": "SECONDLY"}), 3)]),
    ("401 with an expired token", || everywhere(&json!({"kind": "expired_token"}), 1)),
    ("423", || everywhere(&json!({"kind": "locked"}), 2)),
    ("477 with a short wait", || everywhere(&json!({"kind": "moved", "retry_after_s": 2}), 2)),
    ("500 to 504", || {
        let status = |endpoint, status| (endpoint, json!({"kind": "status", "status": status}), 2);
        vec![
            status("property_list", 500),
            status("search", 502),
            status("list", 503),
            status("batch_read", 504),
        ]
    }),
    ("no answer", || everywhere(&json!({"kind": "no_answer"}), 2)),
    ("truncated JSON", || everywhere(&json!({"kind": "truncated"}), 2)),
    ("HTML instead of JSON", || everywhere(&json!({"kind": "html"}), 2)),
    ("answers after four seconds", || everywhere(&json!({"kind": "latency", "ms": 4_000}), 1)),
    ("an answer after ten minutes", || vec![("list", json!({"kind": "latency", "ms": 600_000}), 1)]),
];

/// Accounts after those of the misfortunes.
const RESTLESS: usize = MISFORTUNES.len();
const LAGGING: usize = RESTLESS + 1;

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().with("--contacts", CONTACTS).with("--portals", LAGGING + 1);
    let stage = Stage::new(checked_at_every_tick(plan));
    let mut all = vec![
        together(&stage, "an account that changes under every page ends equal", restless),
        together(&stage, "what search shows late or out of order is found all the same", lagging),
    ];
    for (nth, (name, strikes)) in MISFORTUNES.iter().enumerate() {
        all.push(stage_trial(&stage, &format!("{name}: the mirror ends equal"), nth, *strikes));
    }
    all
}

fn stage_trial(stage: &std::sync::Arc<Stage>, name: &str, nth: usize, strikes: Strikes) -> Trial {
    let stage = std::sync::Arc::clone(stage);
    Trial::test(name, move || stage.with(|world| survives(world, nth, strikes)))
}

fn account(world: &World, nth: usize) -> Simulator {
    world.simulator.of(world.simulator.started.portals[nth])
}

fn survives(world: &World, nth: usize, strikes: Strikes) -> Result<()> {
    let hubspot = account(world, nth);
    for (endpoint, fault, times) in strikes() {
        strike(&hubspot, endpoint, &fault, &json!({"times": times}))?;
    }
    let connected = connected(world, hubspot.started.portal_id, "Struck")?;
    in_step(world, &connected.connection, PATIENCE)?;
    for (nth, contact) in some_contacts(&hubspot, 20)?.into_iter().enumerate() {
        rename(&hubspot, contact, &format!("Struck {nth}"))?;
    }
    equal_in_the_end(world, &connected.connection, &hubspot, PATIENCE)?;
    let rules = hubspot.get("faults")?;
    let left = rules["rules"].as_array().into_iter().flatten();
    let left = left.filter(|rule| rule["portal_id"] == hubspot.started.portal_id).count();
    ensure!(left == 0, "{left} of the faults never struck");
    ensure!(refused_by_limits(&hubspot)? == 0, "calls met a true limit as well");
    Ok(())
}

fn restless(world: &World) -> Result<()> {
    let hubspot = account(world, RESTLESS);
    let portal = hubspot.started.portal_id;
    hubspot.post("contacts/seed", &json!({"portal_id": portal, "count": 2_500}))?;
    strike(&hubspot, "list", &json!({"kind": "latency", "ms": 300}), &json!({}))?;
    hubspot.set_edit_rate(40.0)?;
    let connected = connected(world, portal, "Restless")?;
    in_step(world, &connected.connection, PATIENCE)?;
    hubspot.set_edit_rate(0.0)?;
    ensure!(calls(&hubspot, "list")? >= 25, "the backfill was not long enough to be changed under");
    equal_in_the_end(world, &connected.connection, &hubspot, PATIENCE)
}

/// The simulator shows each change in search after five to thirty seconds, each with a wait of its own.
fn lagging(world: &World) -> Result<()> {
    let hubspot = account(world, LAGGING);
    let portal = hubspot.started.portal_id;
    let connected = connected(world, portal, "Lagging")?;
    in_step(world, &connected.connection, PATIENCE)?;
    for (nth, contact) in some_contacts(&hubspot, 40)?.into_iter().enumerate() {
        // No webhook reports this property.
        let body = json!({"portal_id": portal, "id": contact, "properties": {"city": format!("City {nth}")}});
        hubspot.post("contacts/edit", &body)?;
    }
    ensure!(!equals(world, &connected.connection, &hubspot)?, "the mirror knew before search did");
    let mut ticked: Option<Instant> = None;
    until(PATIENCE, "equal without a word from anyone but search", || {
        if ticked.is_none_or(|at| at.elapsed() > Duration::from_secs(2)) {
            world.fire_cron()?;
            ticked = Some(Instant::now());
        }
        Ok(equals(world, &connected.connection, &hubspot)?.then_some(()))
    })
}

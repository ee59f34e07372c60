//! A call comes in: how long the host waits until it is told which way it goes, by number and by address, asked of the built Worker.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::{Figure, connect, members};
use crate::spoke::number;
use crate::walk;
use crate::world::{Built, Plan, World};

/// Contacts of the account.
const CONTACTS: u32 = 20_000;
/// Questions by number, and as many by address.
const ASKED: usize = 1_000;
/// Of them so many at least are to be routed, and so many are not.
const OF_EACH: usize = 50;
/// What the template routes, and which way.
const STAGE: &str = "customer";
const ROUTE: &str = "senior_support";
/// What 99 of 100 questions may take.
const MILLISECONDS: f64 = 50.0;
/// How long contacts' numbers may take to be indexed.
const PATIENCE: Duration = Duration::from_mins(2);
/// Digits by which numbers are told apart here: what countries and trunks are is the Worker's.
const DIGITS: usize = 7;
const NUMBERS: [&str; 2] = ["phone", "mobilephone"];

/// A contact that a question is of, and whether its call is to be routed.
struct Caller {
    id: u64,
    called: String,
    routed: bool,
}

pub(super) fn measure(built: &Built) -> Result<Vec<Figure>> {
    let plan = Plan { without_webhooks: true, ..Plan::default() }.in_workerd().flag("--no-limits");
    let plan = plan.with("--contacts", CONTACTS).with("--ten-secondly-limit", 1_000_000);
    let world = World::start(built, &plan)?;
    let connection = connect(&world)?.connection;
    walk::first_sync(&world, &connection, |_| sleep(Duration::from_millis(300)))?;
    let workflows = format!("/v1/connections/{connection}/workflows");
    enable(&world, &workflows)?;
    let contacts = contacts(&world)?;
    let mut figures = Vec::new();
    for (by, callers) in [("phone", by_phone(&contacts)), ("email", by_email(&contacts))] {
        let callers: Vec<Caller> = callers.into_iter().take(ASKED).collect();
        let routed = callers.iter().filter(|caller| caller.routed).count();
        ensure!(
            callers.len() == ASKED && (OF_EACH..=ASKED - OF_EACH).contains(&routed),
            "{routed} of {} callers are customers",
            callers.len()
        );
        until_found(&world, &workflows, by, &callers[0])?;
        let mut took = Vec::new();
        for caller in &callers {
            let started = Instant::now();
            let told = ask(&world, &workflows, by, caller)?;
            took.push(started.elapsed());
            let route = if caller.routed { json!(ROUTE) } else { Value::Null };
            ensure!(
                told["route"] == route && number(&told["contact"]) == Some(caller.id),
                "contact {} was to be routed to {route}: {told:#}",
                caller.id
            );
        }
        let figure = |part: &str, value: f64| {
            let name = format!("a routing answer by {by}, {CONTACTS} contacts, over HTTP, {part}");
            Figure::plain("routes", name, value, "ms")
        };
        figures.extend([
            figure("half within", members::part(&mut took, 0.5)),
            figure("99 of 100 within", members::part(&mut took, 0.99)).at_most(MILLISECONDS),
        ]);
    }
    Ok(figures)
}

/// The template, as it is.
fn enable(world: &World, workflows: &str) -> Result<()> {
    let all = world.spoke.get_json(&format!("{workflows}/templates"))?;
    let mut all = all["results"].as_array().into_iter().flatten();
    let template = all.find(|one| one["key"] == "smart-routing").context("the template")?;
    let made = world.spoke.post_json(workflows, &template["definition"])?;
    let id = made["id"].as_str().context("a workflow's id")?;
    let enabled = world.spoke.post_json(&format!("{workflows}/{id}/enable"), &json!({}))?;
    ensure!(enabled["state"] == "enabled", "{enabled:#}");
    Ok(())
}

fn ask(world: &World, workflows: &str, by: &str, caller: &Caller) -> Result<Value> {
    let event = json!({ "event": "incoming_call", by: caller.called });
    world.spoke.post_json(&format!("{workflows}/route"), &event)
}

/// Numbers are indexed from the first question on that goes by one.
fn until_found(world: &World, workflows: &str, by: &str, caller: &Caller) -> Result<()> {
    let started = Instant::now();
    loop {
        let told = ask(world, workflows, by, caller)?;
        if number(&told["contact"]) == Some(caller.id) {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            bail!("the contact is not found by its {by}: {told:#}");
        }
        sleep(Duration::from_millis(200));
    }
}

/// All contacts of the account, as HubSpot has them.
fn contacts(world: &World) -> Result<Vec<Value>> {
    let (mut all, mut from) = (Vec::new(), Some(0));
    while let Some(place) = from {
        let (lines, next) = world.simulator.dump("contacts", place, 10_000)?;
        all.extend(lines.into_iter().filter(|line| line["state"] == "live"));
        from = next;
    }
    Ok(all)
}

fn caller(contact: &Value, called: &str) -> Option<Caller> {
    let routed = contact["properties"]["lifecyclestage"] == STAGE;
    Some(Caller { id: number(&contact["id"])?, called: called.to_owned(), routed })
}

/// Whoever has a number that nobody else has.
fn by_phone(contacts: &[Value]) -> Vec<Caller> {
    let mut held: BTreeMap<String, Vec<(&Value, &str)>> = BTreeMap::new();
    for contact in contacts {
        for number in NUMBERS.iter().filter_map(|name| contact["properties"][*name].as_str()) {
            let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
            if digits.len() >= DIGITS {
                let end = digits[digits.len() - DIGITS..].iter().collect();
                held.entry(end).or_default().push((contact, number));
            }
        }
    }
    let alone = held.into_values().filter(|all| all.len() == 1);
    alone.filter_map(|all| caller(all[0].0, all[0].1)).collect()
}

/// Whoever has a plain address that nobody else has.
fn by_email(contacts: &[Value]) -> Vec<Caller> {
    let mut held: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    let is_plain = |email: &&str| {
        email.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".@-".contains(c))
    };
    for contact in contacts {
        if let Some(email) = contact["properties"]["email"].as_str().filter(is_plain) {
            held.entry(email).or_default().push(contact);
        }
    }
    let alone = held.into_iter().filter(|(_, all)| all.len() == 1);
    alone.filter_map(|(email, all)| caller(all[0], email)).collect()
}

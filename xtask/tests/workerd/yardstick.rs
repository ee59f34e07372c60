//! What trials measure by: waiting for something, whether the mirror is HubSpot, calls of one account.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use xtask::compare::{TYPES, compare, explain};
use xtask::simulator::Simulator;
use xtask::spoke::Progress;
use xtask::world::{Plan, World};

/// The Worker's setting of trials that cannot wait four minutes for a check: each tick is one.
pub fn checked_at_every_tick(plan: Plan) -> Plan {
    plan.setting("CHECK_EVERY_SECONDS", 1)
}

/// Asks until there is an answer; `what` says what did not come.
pub fn until<T>(patience: Duration, what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if started.elapsed() > patience {
            bail!("not within {} s: {what}", patience.as_secs());
        }
        sleep(Duration::from_millis(100));
    }
}

/// A connection's progress once it is as wanted.
pub fn progress_when(
    world: &World,
    connection: &str,
    patience: Duration,
    what: &str,
    wanted: impl Fn(&Progress) -> bool,
) -> Result<Progress> {
    let mut last = Progress::default();
    until(patience, what, || {
        last = world.spoke.progress(connection)?;
        Ok(wanted(&last).then(|| last.clone()))
    })
    .map_err(|error| error.context(format!("{last:?}")))
}

/// Waits until the first sync is over.
pub fn in_step(world: &World, connection: &str, patience: Duration) -> Result<Progress> {
    progress_when(world, connection, patience, "the first sync ends", Progress::is_in_step)
}

/// Whether the mirror is HubSpot's account now: every property of every contact, company and deal, and every link.
pub fn equals(world: &World, connection: &str, hubspot: &Simulator) -> Result<bool> {
    Ok(compare(&world.spoke, connection, hubspot, &TYPES)?.is_none())
}

/// Waits, without a tick, until the mirror is HubSpot.
pub fn equal_by_itself(
    world: &World,
    connection: &str,
    hubspot: &Simulator,
    patience: Duration,
) -> Result<()> {
    becomes_equal(world, connection, hubspot, patience, || Ok(()))
}

/// Lets search know everything, and ticks until the mirror is HubSpot and nothing waits.
pub fn equal_in_the_end(
    world: &World,
    connection: &str,
    hubspot: &Simulator,
    patience: Duration,
) -> Result<()> {
    hubspot.catch_up_search()?;
    let mut ticked: Option<Instant> = None;
    becomes_equal(world, connection, hubspot, patience, || {
        if ticked.is_none_or(|at| at.elapsed() > Duration::from_secs(4)) {
            world.fire_cron()?;
            ticked = Some(Instant::now());
        }
        Ok(())
    })?;
    let end = world.spoke.get_json(&format!("/v1/connections/{connection}"))?;
    ensure!(end["state"] == "active", "it ends as {}", end["state"]);
    ensure!(end["sync"]["trouble"].is_null(), "it ends in trouble: {}", end["sync"]["trouble"]);
    Ok(())
}

fn becomes_equal(
    world: &World,
    connection: &str,
    hubspot: &Simulator,
    patience: Duration,
    mut meanwhile: impl FnMut() -> Result<()>,
) -> Result<()> {
    let started = Instant::now();
    loop {
        meanwhile()?;
        let progress = world.spoke.progress(connection)?;
        let late = started.elapsed() > patience;
        if progress.is_in_step() || late {
            let difference = compare(&world.spoke, connection, hubspot, &TYPES)?;
            if difference.is_none() && progress.is_in_step() {
                return Ok(());
            }
            if late {
                let first = difference.unequal.first().or(difference.missing.first());
                let why = first.map(|key| explain(&world.spoke, connection, hubspot, key)).transpose()?;
                bail!("not equal within {} s: {difference} {why:?} {progress:?}", patience.as_secs());
            }
        }
        sleep(Duration::from_millis(250));
    }
}

/// Ids of some contacts that live in the account.
pub fn some_contacts(hubspot: &Simulator, count: usize) -> Result<Vec<u64>> {
    some_records(hubspot, "contacts", count)
}

/// Ids of some records of a type that live in the account.
pub fn some_records(hubspot: &Simulator, object_type: &str, count: usize) -> Result<Vec<u64>> {
    let (lines, _) = hubspot.dump(object_type, 0, 1_000)?;
    let live = lines.iter().filter(|line| line["state"] == "live");
    let ids: Vec<u64> =
        live.filter_map(|line| line["id"].as_u64().or_else(|| line["id"].as_str()?.parse().ok())).collect();
    ensure!(ids.len() >= count, "the account has only {} {object_type}", ids.len());
    // Spread over the whole.
    Ok(ids.iter().step_by((ids.len() / count).max(1)).take(count).copied().collect())
}

/// Sets a property that webhooks report.
pub fn rename(hubspot: &Simulator, contact: u64, name: &str) -> Result<()> {
    let portal = hubspot.started.portal_id;
    let body = json!({"portal_id": portal, "id": contact, "properties": {"firstname": name}});
    hubspot.post("contacts/edit", &body).map(drop)
}

/// What the mirror holds of a contact; `None` if it holds none.
pub fn mirrored(world: &World, connection: &str, contact: u64) -> Result<Option<Value>> {
    let answer = world.spoke.get(&format!("/v1/connections/{connection}/records/contacts/{contact}"))?;
    match answer.status {
        200 => answer.json().map(Some),
        404 => Ok(None),
        status => bail!("the record answers {status}: {}", answer.text),
    }
}

/// Waits until the mirror knows the contact by that name.
pub fn known_as(world: &World, connection: &str, contact: u64, name: &str, patience: Duration) -> Result<()> {
    until(patience, &format!("contact {contact} is called {name} in the mirror"), || {
        let record = mirrored(world, connection, contact)?;
        Ok(record.filter(|record| record["properties"]["firstname"] == name).map(drop))
    })
}

/// Calls of one account so far, by endpoint; those about tokens belong to none.
pub fn calls(hubspot: &Simulator, endpoint: &str) -> Result<u64> {
    let raw = hubspot.counters()?.raw;
    let calls = raw["calls"].as_array().into_iter().flatten();
    let own = calls.filter(|call| call["portal_id"] == hubspot.started.portal_id);
    let own = own.filter(|call| endpoint.is_empty() || call["endpoint"] == endpoint);
    Ok(own.filter_map(|call| call["calls"].as_u64()).sum())
}

/// Calls of one account once none has come for a while.
pub fn calls_at_rest(hubspot: &Simulator) -> Result<u64> {
    let mut last = (calls(hubspot, "")?, Instant::now());
    until(Duration::from_mins(1), "the account is left alone", || {
        let now = calls(hubspot, "")?;
        if now != last.0 {
            last = (now, Instant::now());
        }
        Ok((last.1.elapsed() > Duration::from_millis(2_500)).then_some(now))
    })
}

/// 429s that the account's limits gave.
pub fn refused_by_limits(hubspot: &Simulator) -> Result<u64> {
    let raw = hubspot.counters()?.raw;
    let refused = raw["limits"]["refused"].as_array().into_iter().flatten();
    let own = refused.filter(|refused| refused["portal_id"] == hubspot.started.portal_id);
    Ok(own.filter_map(|refused| refused["calls"].as_u64()).sum())
}

/// From now on this misfortune strikes calls of that endpoint in that account.
pub fn strike(hubspot: &Simulator, endpoint: &str, fault: &Value, more: &Value) -> Result<()> {
    let mut rule = json!({"fault": fault, "endpoint": endpoint, "portal_id": hubspot.started.portal_id});
    for (name, value) in more.as_object().into_iter().flatten() {
        rule[name] = value.clone();
    }
    hubspot.post("faults", &rule).map(drop)
}

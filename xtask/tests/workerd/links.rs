//! Links that change without their records, told of by webhook: no record's date moves, and search shows nothing for an hour.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::simulator::Simulator;
use xtask::world::{Plan, World};

use crate::person::connected;
use crate::stage::{Stage, together};
use crate::yardstick::{calls, calls_at_rest, equal_by_itself, some_records};

/// Types that are linked, from the holder's end.
pub const PAIRS: [(&str, &str); 3] =
    [("contacts", "companies"), ("deals", "contacts"), ("deals", "companies")];

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().in_workerd().flag("--associations");
    let plan = plan.with("--contacts", 300).with("--companies", 40).with("--deals", 60);
    let plan =
        plan.with("--switch", "search_lag_min_ms=3600000").with("--switch", "search_lag_max_ms=3600000");
    let stage = Stage::new(plan);
    vec![together(&stage, "a change of links alone arrives by webhook, without a check", by_webhook)]
}

fn by_webhook(world: &World) -> Result<()> {
    let hubspot = &world.simulator;
    let connection = connected(world, hubspot.started.portal_id, "Links")?.connection;
    equal_by_itself(world, &connection, hubspot, Duration::from_mins(1))?;
    calls_at_rest(hubspot)?;
    let searches = calls(hubspot, "search")?;
    relink(hubspot)?;
    equal_by_itself(world, &connection, hubspot, Duration::from_secs(30))?;
    ensure!(calls(hubspot, "search")? == searches, "a check was made");
    Ok(())
}

/// Takes a link of each pair of types away and makes another, and nothing else.
pub fn relink(hubspot: &Simulator) -> Result<()> {
    let portal = hubspot.started.portal_id;
    for (from, to) in PAIRS {
        let before = hubspot.links(from, to)?;
        let gone = before.first().with_context(|| format!("no {from} are linked to {to}"))?;
        let (ones, others) = (some_records(hubspot, from, 3)?, some_records(hubspot, to, 3)?);
        let is_new = |one: u64, other: u64| {
            let same = |end: &Value, id: u64| *end == id.to_string().as_str();
            !before.iter().any(|link| same(&link["from"], one) && same(&link["to"], other))
        };
        let mut pairs = ones.iter().flat_map(|one| others.iter().map(move |other| (*one, *other)));
        let (one, other) = pairs.find(|(one, other)| is_new(*one, *other)).context("all are linked")?;
        for (change, one, other) in
            [("remove", gone["from"].clone(), gone["to"].clone()), ("add", one.into(), other.into())]
        {
            let ends =
                json!({"portal_id": portal, "from_type": from, "from": one, "to_type": to, "to": other});
            hubspot.post(&format!("associations/{change}"), &ends)?;
        }
        ensure!(hubspot.links(from, to)? != before, "no link of {from} and {to} changed");
    }
    Ok(())
}

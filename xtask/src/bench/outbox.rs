//! Ten thousand updates of one property each, through the outbox: none lost, none twice.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use hubspot_simulator::Switches;
use serde_json::json;
use spoke::engine::portal::{
    messages::{Answer, Command},
    outbox::{
        actions::Wanted,
        commands::{AT_ONCE, Answer as Told, Asked, Command as Outbox, Taken},
    },
};

use super::{
    Figure,
    connection::{Connection, ECHO, PORTAL, UPDATES},
};

const UPDATED: u32 = 10_000;
/// A hundred a call, and two to spare.
const CALLS: f64 = 102.0;
/// Processor time of an update, natively: planned, written down, sent, settled.
const MICROSECONDS: f64 = 500.0;
/// How long is looked on afterwards: four checks.
const AFTERWARDS_MS: u64 = 20 * 60_000;
const SCOPES: [&str; 4] =
    ["oauth", "crm.objects.contacts.read", "crm.schemas.contacts.read", "crm.objects.contacts.write"];
const PROPERTY: &str = "firstname";

fn asked(id: u64) -> Result<Asked> {
    let wanted: Wanted = serde_json::from_value(json!({
        "action": "update_record", "type": "contacts", "record": id.to_string(),
        "properties": { PROPERTY: value(id) },
    }))?;
    Ok(Asked {
        key: Some(format!("update-{id}")),
        why: None,
        dry_run: false,
        background: true,
        coalesce: None,
        data: serde_json::Map::new(),
        wanted,
    })
}

fn value(id: u64) -> String {
    format!("Bench {id}")
}

pub(super) fn measure() -> Result<Vec<Figure>> {
    let mut connection = Connection::synced(Switches::default(), UPDATED, 0, &SCOPES)?;
    let ids: Vec<u64> = connection.values("contacts", PROPERTY)?.into_iter().map(|(id, _)| id).collect();
    ensure!(ids.len() == UPDATED as usize, "{} contacts", ids.len());
    connection.take_spent();
    let mut actions = BTreeSet::new();
    for some in ids.chunks(AT_ONCE) {
        let some = some.iter().map(|id| asked(*id)).collect::<Result<_>>()?;
        let Answer::Outbox(Told::Taken(taken)) = connection.command(Command::Outbox(Outbox::Do(some)))?
        else {
            bail!("not taken");
        };
        for one in taken {
            let Taken::Action { action, new: true } = one else { bail!("not taken: {one:?}") };
            let action: serde_json::Value = serde_json::from_str(&action)?;
            actions.insert(action["id"].to_string());
        }
    }
    let asking = connection.spent.cpu;
    ensure!(actions.len() == ids.len(), "{} actions", actions.len());
    connection.until(2, |own| {
        let Answer::Outbox(Told::Page { results, .. }) = own.command(Command::Outbox(Outbox::List {
            before: None,
            state: None,
            job: None,
            real: false,
            limit: 1,
        }))?
        else {
            bail!("no page");
        };
        let page: serde_json::Value = serde_json::from_str(&results)?;
        Ok(["waiting", "sent", "doubt"].iter().all(|state| page["counts"][*state].as_u64().unwrap_or(0) == 0))
    })?;
    // Some checks more: what was written is read once.
    let ends = connection.now + AFTERWARDS_MS;
    connection.until(1, |own| Ok(own.now >= ends))?;
    let spent = connection.take_spent();
    let wrong = connection
        .values("contacts", PROPERTY)?
        .into_iter()
        .filter(|(id, held)| held.as_deref() != Some(value(*id).as_str()))
        .count();
    let portal = connection.simulator.portal(PORTAL).map(|own| own.writes("contacts").collect::<Vec<_>>());
    let written = portal.unwrap_or_default();
    let twice = written.iter().filter(|(_, own)| own.updates != 1).count();
    let figure = |what: &str, value: f64, unit| Figure::plain("outbox", what, value, unit);
    let each = |cpu: std::time::Duration| cpu.as_secs_f64() * 1e6 / f64::from(UPDATED);
    Ok(vec![
        figure("updates of one property each", f64::from(UPDATED), ""),
        figure("calls that write them", spent.calls_for(&[UPDATES]) as f64, "calls")
            .at_most(CALLS)
            .exactly_counted(),
        figure("lost", wrong as f64, "").at_most(0.0).exactly_counted(),
        figure("written another time than once", (twice + ids.len() - written.len()) as f64, "")
            .at_most(0.0)
            .exactly_counted(),
        figure("calls that read them back", spent.calls_for(&[ECHO]) as f64, "calls"),
        figure(
            "other calls in the twenty minutes",
            (spent.calls.values().sum::<u64>() - spent.calls_for(&[ECHO, UPDATES])) as f64,
            "calls",
        ),
        figure("processor time of an update, until it is asked for", each(asking), "µs"),
        figure("processor time of an update, all in all", each(spent.cpu), "µs").at_most(MICROSECONDS),
        figure("processor time of the longest turn", spent.longest.as_secs_f64() * 1e3, "ms"),
        figure("rows written to the database an update", spent.rows as f64 / f64::from(UPDATED), ""),
        figure("memory that a turn took at most", spent.peak as f64 / 1e6, "MB"),
    ])
}

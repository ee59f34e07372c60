//! What a channel would select, before it is made: counted over the mirror, in bounded work and without a call to HubSpot.

use serde_json::{Value, json};

use super::told;
use crate::{
    engine::{
        channel::Channel,
        portal::{beside::PAGES_AN_HOUR, query::FETCH},
    },
    hubspot::{lists::MEMBERS, objects::Properties},
    store::{
        portal::{members, records},
        sql::{Sql, SqlError},
    },
    values::{
        filter::{Context, Filter, Lookup},
        ids::{ListId, RecordId},
    },
};

/// Most records looked at: at 10 to 20 µs each, the object does nothing else for a fifth of a second.
const LOOKED_AT: u64 = 10_000;
/// Stretches of ids looked at where there are more records, so that not only the oldest are.
const STRETCHES: u64 = 20;
/// Examples given.
const EXAMPLES: usize = 10;

/// How far a list's members are in the mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mirrored {
    /// Nobody follows it.
    No,
    /// It is being read.
    Partly,
    /// Everybody is known.
    Whole,
}

/// How many records the filter holds of now, and ten of them. `total`: live records of the channel's type.
pub(super) fn of_filter(
    sql: &dyn Sql,
    channel: &Channel,
    filter: &Filter,
    total: u64,
    context: Context,
) -> Result<Value, SqlError> {
    let kind = channel.object_type;
    let (mut looked_at, mut matching, mut examples) = (0, 0, Vec::new());
    let whole = total <= LOOKED_AT;
    let stretches = if whole { vec![RecordId(0)] } else { records::spread(sql, kind, STRETCHES)? };
    let each = if whole { u64::MAX } else { LOOKED_AT / STRETCHES };
    let mut above = RecordId(0);
    for start in stretches {
        above = above.max(start);
        let mut left = each;
        while left > 0 {
            let page = records::page(sql, kind, above, FETCH.min(left.min(u64::from(FETCH)) as u32))?;
            let Some(last) = page.last() else { break };
            above = last.id;
            left -= page.len() as u64;
            for live in &page {
                let properties = Properties::parse(&live.properties).unwrap_or_default();
                let values = Lookup::new(
                    |of: Option<&str>, name: &str| {
                        if of.is_none() { properties.get(name) } else { None }
                    },
                );
                looked_at += 1;
                if filter.evaluate(&values, None, context) {
                    matching += 1;
                    if examples.len() < EXAMPLES {
                        let fields: String = told::render(channel, &live.properties);
                        examples.push((live.id, fields));
                    }
                }
            }
        }
    }
    let examples = shown(examples);
    let estimate = if whole || looked_at == 0 { matching } else { matching * total / looked_at };
    Ok(json!({
        "matching": matching, "looked_at": looked_at, "of": total, "complete": whole, "estimate": estimate, "examples": examples,
        // A filter reads the mirror, which is kept whether there are channels or not.
        "hubspot_calls": { "once": 0, "per_hour": 0, "per_hour_most": 0 },
    }))
}

/// How many are on the list, and ten of them as far as it is mirrored. `size`: as HubSpot last told; with neither, nobody knows.
/// `checks`: looks at all lists together, an hour.
pub(super) fn of_list(
    sql: &dyn Sql,
    channel: &Channel,
    list: ListId,
    size: Option<u64>,
    mirrored: Mirrored,
    checks: u64,
) -> Result<Value, SqlError> {
    let read = if mirrored == Mirrored::No { None } else { Some(members::count(sql, list)?) };
    let known = read.filter(|_| mirrored == Mirrored::Whole);
    let some = members::page(sql, list, RecordId(0), EXAMPLES as u32)?;
    let live = records::live_by_ids(sql, channel.object_type, &some)?;
    let examples = live.iter().map(|live| (live.id, told::render(channel, &live.properties))).collect();
    let size = known.or(size);
    let pages = size.map(|size| size.div_ceil(MEMBERS as u64));
    // Everybody once, unless they are there; then a look with each check, and everybody once a day.
    let per_hour = pages.map(|pages| checks + pages.div_ceil(24));
    // While somebody leaves between any two checks everybody is read as often as may be.
    let per_hour_most = pages.map(|pages| checks + (pages * checks).min(PAGES_AN_HOUR));
    let once = if mirrored == Mirrored::No { pages.map(|pages| pages + 1) } else { Some(0) };
    Ok(json!({
        "matching": known, "looked_at": read, "of": size, "complete": known.is_some(), "estimate": size,
        "examples": shown(examples),
        "hubspot_calls": { "once": once, "per_hour": per_hour, "per_hour_most": per_hour_most },
    }))
}

fn shown(examples: Vec<(RecordId, String)>) -> Vec<Value> {
    let fields = |fields: &str| -> Value { crate::values::json::parse(fields).unwrap_or_default() };
    examples.iter().map(|(id, own)| json!({ "id": id.to_string(), "fields": fields(own) })).collect()
}

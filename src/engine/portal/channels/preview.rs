//! What a channel would select, before it is made: counted over the mirror, in bounded work and without a call to HubSpot.

use serde_json::{Value, json};

use super::told;
use crate::{
    engine::{channel::Channel, portal::query::FETCH},
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
        "hubspot_calls": { "once": 0, "per_hour": 0 },
    }))
}

/// How many are on the list, and ten of them where it is mirrored already. `size`: as HubSpot last told.
pub(super) fn of_list(
    sql: &dyn Sql,
    channel: &Channel,
    list: ListId,
    size: Option<u64>,
    is_mirrored: bool,
) -> Result<Value, SqlError> {
    let known = if is_mirrored { Some(members::count(sql, list)?) } else { None };
    let some = members::page(sql, list, RecordId(0), EXAMPLES as u32)?;
    let live = records::live_by_ids(sql, channel.object_type, &some)?;
    let examples = live.iter().map(|live| (live.id, told::render(channel, &live.properties))).collect();
    let size = size.or(known).unwrap_or(0);
    let pages = size.div_ceil(MEMBERS as u64);
    Ok(json!({
        "matching": known, "looked_at": known, "of": size, "complete": known.is_some(), "estimate": known.unwrap_or(size),
        "examples": shown(examples),
        // Everybody once, unless they are there; then a look with each check, for all lists together, and everybody once a day.
        "hubspot_calls": { "once": if is_mirrored { 0 } else { pages + 1 }, "per_hour": 12 + pages.div_ceil(24) },
    }))
}

fn shown(examples: Vec<(RecordId, String)>) -> Vec<Value> {
    let fields = |fields: &str| -> Value { crate::values::json::parse(fields).unwrap_or_default() };
    examples.iter().map(|(id, own)| json!({ "id": id.to_string(), "fields": fields(own) })).collect()
}

//! What a channel would select, before it is made: counted over the mirror, in bounded work and without a call to HubSpot.

use serde_json::{Value, json};

use super::told;
use crate::{
    engine::{
        channel::{Channel, Selection},
        portal::query::FETCH,
    },
    hubspot::objects::Properties,
    store::{
        portal::records,
        sql::{Sql, SqlError},
    },
    values::{
        filter::{Context, Lookup},
        ids::RecordId,
    },
};

/// Most records looked at: at 10 to 20 µs each, the object does nothing else for a fifth of a second.
const LOOKED_AT: u64 = 10_000;
/// Stretches of ids looked at where there are more records, so that not only the oldest are.
const STRETCHES: u64 = 20;
/// Examples given.
const EXAMPLES: usize = 10;

/// How many records the channel would have now, and ten of them. `total`: live records of its type.
pub(super) fn preview(
    sql: &dyn Sql,
    channel: &Channel,
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
                let selected = match &channel.selection {
                    Selection::List(_) => false,
                    Selection::Filter(filter) => filter.evaluate(&values, None, context),
                };
                if selected {
                    matching += 1;
                    if examples.len() < EXAMPLES {
                        let fields: String = told::render(channel, &live.properties);
                        examples.push((live.id, fields));
                    }
                }
            }
        }
    }
    let examples: Vec<Value> = examples
        .into_iter()
        .map(|(id, fields)| {
            let fields: Value = crate::values::json::parse(&fields).unwrap_or_default();
            json!({ "id": id.to_string(), "fields": fields })
        })
        .collect();
    let estimate = if whole || looked_at == 0 { matching } else { matching * total / looked_at };
    Ok(json!({
        "matching": matching, "looked_at": looked_at, "of": total, "complete": whole, "estimate": estimate, "examples": examples,
        // A filter reads the mirror, which is kept whether there are channels or not.
        "hubspot_calls": { "once": 0, "per_hour": 0 },
    }))
}

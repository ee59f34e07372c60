//! What a channel would select, before it is made: counted over the mirror, in bounded work. HubSpot is asked for nothing but a page of a list
//! that nobody follows, of which the mirror knows nobody.

use serde_json::{Value, json};

use super::told;
use crate::{
    engine::{
        channel::Channel,
        portal::{
            beside::{Glance, PAGES_AN_HOUR},
            query::FETCH,
        },
    },
    hubspot::{lists::MEMBERS, objects::Properties},
    store::{
        portal::{
            counts, members,
            narrow::{Candidates, Narrowing},
            records::{self, Live},
        },
        sql::{Sql, SqlError},
    },
    values::{
        filter::{Context, Filter},
        ids::{ListId, RecordId},
    },
};

/// Most records looked at: at 10 to 20 µs for each of which SQL cannot tell, the object does nothing else for a fifth of a second.
const LOOKED_AT: u64 = 10_000;
/// Which of more records are looked at ([`counts::drawn`]): always the same, so that two filters are tried on the same records. The
/// first number scatters ids that follow each other evenly: the prime it is taken by over the golden ratio.
const SEED: [u64; 2] = [1_327_217_884, 0];
/// Examples given.
const EXAMPLES: usize = 10;

/// How far a list's members are in the mirror.
#[derive(Debug)]
pub(super) enum Mirrored {
    /// Nobody follows it; what HubSpot says when it is asked for some.
    No(Glance),
    /// It is being read; what keeps it, if something does.
    Partly(Option<String>),
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
    let mut tally = Tally { channel, filter, context, looked_at: 0, matching: 0, examples: Vec::new() };
    let whole = total <= LOOKED_AT;
    let narrowing = Narrowing::now(filter, context);
    if whole {
        let mut above = RecordId(0);
        loop {
            let page = narrowing.page(sql, kind, above, None, FETCH)?;
            let Some(last) = page.last else { break };
            above = last;
            tally.add(sql, &page)?;
        }
    } else {
        records::build_dates_index(sql, kind)?;
        for ids in counts::drawn(sql, kind, LOOKED_AT as u32, total, SEED)?.chunks(FETCH as usize) {
            tally.add(sql, &narrowing.among(sql, kind, ids)?)?;
        }
    }
    let Tally { looked_at, matching, examples, .. } = tally;
    let examples: Vec<Value> =
        examples.iter().map(|(id, fields)| example(*id, Some(fields.as_str()))).collect();
    let estimate = if whole || looked_at == 0 { matching } else { matching * total / looked_at };
    Ok(json!({
        "matching": matching, "looked_at": looked_at, "of": total, "complete": whole, "estimate": estimate,
        "examples": examples, "examples_state": "known", "examples_read_at": null, "trouble": null,
        // A filter reads the mirror, which is kept whether there are channels or not.
        "hubspot_calls": { "once": 0, "per_hour": 0, "per_hour_most": 0 },
    }))
}

/// What was found so far.
struct Tally<'a> {
    channel: &'a Channel,
    filter: &'a Filter,
    context: Context,
    looked_at: u64,
    matching: u64,
    /// With their fields.
    examples: Vec<(RecordId, String)>,
}

impl Tally<'_> {
    /// Adds records of which SQL has said what it can: whatever is not sure is read and asked about here.
    fn add(&mut self, sql: &dyn Sql, found: &Candidates) -> Result<(), SqlError> {
        self.looked_at += found.looked_at;
        let mut wanted = EXAMPLES - self.examples.len();
        let read = found.ids.iter().filter(|(_, sure)| {
            let shown = *sure && wanted > 0;
            wanted -= usize::from(shown);
            shown || !*sure
        });
        let read: Vec<RecordId> = read.map(|(id, _)| *id).collect();
        let read = records::live_by_ids(sql, self.channel.object_type, &read)?;
        for (id, sure) in &found.ids {
            let live = read.binary_search_by_key(id, |live| live.id).ok().map(|place| &read[place]);
            if !*sure && !live.is_some_and(|live| self.selects(live)) {
                continue;
            }
            self.matching += 1;
            if let Some(live) = live.filter(|_| self.examples.len() < EXAMPLES) {
                self.examples.push((live.id, told::render(self.channel, &live.properties)));
            }
        }
        Ok(())
    }

    fn selects(&self, live: &Live) -> bool {
        let properties = Properties::parse(&live.properties).unwrap_or_default();
        self.filter.evaluate(&properties, None, self.context)
    }
}

/// How many are on the list, and ten of them: of the mirror, or of the page that HubSpot was asked for. `size`: as HubSpot last told; with
/// neither, nobody knows. `checks`: looks at all lists together, an hour.
pub(super) fn of_list(
    sql: &dyn Sql,
    channel: &Channel,
    list: ListId,
    size: Option<u64>,
    mirrored: Mirrored,
    checks: u64,
) -> Result<Value, SqlError> {
    let followed = !matches!(mirrored, Mirrored::No(_));
    let read = if followed { Some(members::count(sql, list)?) } else { None };
    let known = read.filter(|_| matches!(mirrored, Mirrored::Whole));
    let some = members::page(sql, list, RecordId(0), EXAMPLES as u32)?;
    let (examples, state, read_at, trouble) = match mirrored {
        Mirrored::Whole => (Some(some), "known", None, None),
        Mirrored::Partly(trouble) if !some.is_empty() => (Some(some), "known", None, trouble),
        Mirrored::Partly(None) => (None, "reading", None, None),
        Mirrored::Partly(trouble) => (None, "refused", None, trouble),
        Mirrored::No(Glance::Read(ids, at)) => (Some(ids), "known", Some(at.to_rfc3339()), None),
        Mirrored::No(Glance::Reading(trouble)) => (None, "reading", None, trouble),
        Mirrored::No(Glance::Refused(words)) => (None, "refused", None, Some(words)),
    };
    let examples = examples.map(|ids| of_members(sql, channel, &ids)).transpose()?;
    let size = known.or(size);
    let pages = size.map(|size| size.div_ceil(MEMBERS as u64));
    // Everybody once, unless they are there; then a look with each check, and everybody once a day.
    let per_hour = pages.map(|pages| checks + pages.div_ceil(24));
    // While somebody leaves between any two checks everybody is read as often as may be.
    let per_hour_most = pages.map(|pages| checks + (pages * checks).min(PAGES_AN_HOUR));
    let once = if followed { Some(0) } else { pages.map(|pages| pages + 1) };
    Ok(json!({
        "matching": known, "looked_at": read, "of": size, "complete": known.is_some(), "estimate": size,
        "examples": examples, "examples_state": state, "examples_read_at": read_at, "trouble": trouble,
        "hubspot_calls": { "once": once, "per_hour": per_hour, "per_hour_most": per_hour_most },
    }))
}

/// Ten of them, whoever is mirrored first. One that is known to be gone is none, whenever the list was read.
fn of_members(sql: &dyn Sql, channel: &Channel, ids: &[RecordId]) -> Result<Vec<Value>, SqlError> {
    let kind = channel.object_type;
    let known = records::known(sql, kind, ids, None)?;
    let live: Vec<RecordId> = known.iter().filter(|row| row.live).map(|row| row.id).take(EXAMPLES).collect();
    let live = records::live_by_ids(sql, kind, &live)?;
    let shown = live.iter().map(|live| example(live.id, Some(&told::render(channel, &live.properties))));
    let others = ids.iter().filter(|id| !known.iter().any(|row| row.id == **id));
    Ok(shown.chain(others.map(|id| example(*id, None))).take(EXAMPLES).collect())
}

/// Without fields: not mirrored yet.
fn example(id: RecordId, fields: Option<&str>) -> Value {
    let fields: Option<Value> = fields.map(|fields| crate::values::json::parse(fields).unwrap_or_default());
    json!({ "id": id.to_string(), "fields": fields })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::channel::Selection,
        store::{
            native::NativeSql,
            portal::{self, records::Write},
        },
        values::{ids::ObjectType, time::Timestamp},
    };

    const NOW: Context = Context { now: Timestamp(1_773_144_000_000), utc_offset_ms: 0 };

    fn estimated(old: u64, new: u64) -> (Value, u64) {
        let sql = NativeSql::default();
        portal::open(&sql).unwrap();
        // The old have small ids close together, the new ones long ids far apart; only the old are customers.
        let ids: Vec<u64> =
            (1..=old).chain((0..new).map(|number| 200_000_000_000 + number * 1_009)).collect();
        for some in ids.chunks(500) {
            let stage = |id: u64| if id <= old { r#"{"stage":"customer"}"# } else { r#"{"stage":"lead"}"# };
            let write = |&id: &u64| Write {
                id: RecordId(id),
                created_at: Timestamp(0),
                updated_at: Timestamp(id as i64 % 5_000),
                key: None,
                properties: stage(id),
            };
            records::put(&sql, ObjectType::Contacts, &some.iter().map(write).collect::<Vec<_>>(), 1).unwrap();
        }
        let definition = json!({
            "name": "Customers", "object_type": "contacts",
            "filter": {"property": "stage", "type": "enumeration", "operator": "is", "value": "customer"},
            "fields": [{"field": "stage", "property": "stage"}],
        });
        let channel = Channel::parse(&definition).unwrap();
        let Selection::Filter(filter) = &channel.selection else { panic!("a filter was given") };
        let told = of_filter(&sql, &channel, filter, old + new, NOW).unwrap();
        let estimate = told["estimate"].as_u64().unwrap();
        (told, estimate)
    }

    #[test]
    fn an_estimate_goes_by_records_not_by_the_span_of_their_ids() {
        let (told, estimate) = estimated(9_000, 3_000);
        assert_eq!((&told["looked_at"], &told["complete"]), (&json!(10_000), &json!(false)));
        // 10,000 of 12,000 are looked at: the standard deviation of the estimate is 21.
        assert!(estimate.abs_diff(9_000) < 64, "{estimate}");
        assert_eq!(told["examples"].as_array().unwrap().len(), EXAMPLES);
        assert_eq!(estimated(9_000, 3_000).1, estimate, "the same records are looked at");
    }

    #[test]
    fn up_to_ten_thousand_are_counted() {
        let (told, estimate) = estimated(120, 9_880);
        assert_eq!((&told["looked_at"], &told["complete"]), (&json!(10_000), &json!(true)));
        assert_eq!((estimate, &told["matching"]), (120, &json!(120)));
    }
}

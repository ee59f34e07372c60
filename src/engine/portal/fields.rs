//! The fields of each type: read, compared with what is known, and told.
//!
//! A field that appears, vanishes or changes its type is noted and breaks nothing: records keep HubSpot's strings, whatever
//! type they are called. A field that an account's people have just made has values in records changed since the last look, and
//! those are read again. One that comes back, is calculated or comes from HubSpot has values in records whose dates never
//! moved: every record is read once more.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{Hash as _, Hasher as _},
};

use crate::{
    engine::portal::{
        Effect, InFlight, Portal, Turn, messages::Answer, state::LOOKBACK_MS, streams::properties_key,
    },
    hubspot::{objects, properties::Property},
    store::{
        portal::{
            dirty,
            fields::{self, Event, Field},
        },
        schema,
        sql::{Sql, SqlError},
    },
    values::{
        ids::ObjectType,
        json,
        time::{HOUR_MS, Timestamp},
    },
};

/// How often the fields of a type are read without being asked to: until then the values of a new field are missed. 24 calls
/// a day and type, of at least 100,000.
pub const EVERY_MS: i64 = HOUR_MS;
/// Changes of fields told with the fields.
const HISTORY_TOLD: u32 = 200;

impl Portal {
    /// Reads the fields of every stream that runs, soon, and what there is beside records.
    #[inline(never)]
    pub(super) fn refresh_fields(
        &mut self,
        turn: &Turn<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        if !self.goes_on() {
            return Ok(Answer::Stopped);
        }
        let tick = self.tick(turn.now);
        for index in 0..self.streams.len() {
            if !self.stands_still(index) {
                self.streams[index].fields_asked_at = tick;
                self.streams[index].saved.fields_due = true;
                self.save_stream(turn, index)?;
            }
        }
        self.beside.begin_anew(turn, tick)?;
        effects.push(self.rouse(turn.now));
        Ok(Answer::Done)
    }

    /// What HubSpot lists now.
    #[inline(never)]
    pub(super) fn took_properties(
        &mut self,
        turn: &Turn<'_>,
        in_flight: &InFlight,
        found: Vec<Property>,
    ) -> Result<(), SqlError> {
        let index = in_flight.stream;
        let tick = self.tick(turn.now);
        let found: BTreeMap<String, Property> =
            found.into_iter().map(|property| (property.name.clone(), property)).collect();
        self.choose_scored(turn, index, |name| found.contains_key(name))?;
        self.choose_activated(turn, index, |name| found.contains_key(name))?;
        let running = &mut self.streams[index];
        let kind = running.saved.object_type;
        let filled = compare(turn, kind, &found)?;
        let names = running.mirrored_of(found.into_keys().collect());
        let appeared = names.iter().any(|name| running.properties.binary_search(name).is_err());
        if appeared {
            running.field_at = tick;
        }
        let filled = filled.iter().any(|name| names.binary_search(name).is_ok());
        if let (true, false, Some(since)) = (appeared, filled, running.saved.properties_at) {
            // Records changed since the last look were read without it.
            dirty::mark_updated_since(turn.sql, kind, since.minus_ms(LOOKBACK_MS), tick)?;
            running.marked = true;
        }
        if running.properties != names {
            let json = serde_json::to_string(&names).map_err(|_| SqlError::Content("meta"))?;
            schema::set(turn.sql, &properties_key(kind), &json)?;
            running.properties = names;
        }
        if filled {
            self.read_thoroughly(turn, index)?;
        }
        self.fields_stand(turn, index, in_flight.asked_at)
    }

    /// HubSpot lists what it listed before.
    #[inline(never)]
    pub(super) fn fields_stand(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        asked_at: i64,
    ) -> Result<(), SqlError> {
        self.fit_channels(turn, index)?;
        self.fit_lists(turn, index)?;
        if self.streams[index].saved.object_type == ObjectType::Contacts {
            self.fit_attributes(turn)?;
        }
        self.fit_workflows(turn, index)?;
        let running = &mut self.streams[index];
        // What a refused URL taught stays.
        running.saved.wide |= !objects::fits_url(&running.properties);
        running.saved.properties_at = Some(turn.now);
        running.saved.fields_due &= asked_at < running.fields_asked_at;
        self.save_stream(turn, index)
    }
}

/// Tells two answers about fields apart, within one process.
pub(super) fn digest(body: &[u8]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

/// Writes what differs from the fields known, and notes what happened to them. The first look notes nothing. Returned are fields
/// that appeared of which records may have had values before.
fn compare(
    turn: &Turn<'_>,
    kind: ObjectType,
    found: &BTreeMap<String, Property>,
) -> Result<Vec<String>, SqlError> {
    let known = fields::load(turn.sql, kind)?;
    let first = known.is_empty();
    let known: BTreeMap<&str, &Field> = known.iter().map(|field| (field.name.as_str(), field)).collect();
    let mut events = Vec::new();
    let mut happened = |name: &str, what: &str, before: Option<String>, after: Option<String>| {
        events.push(Event { at: turn.now, name: name.to_owned(), what: what.to_owned(), before, after });
    };
    let (mut written, mut filled) = (Vec::new(), Vec::new());
    for (name, property) in found {
        let definition = serde_json::to_string(property).map_err(|_| SqlError::Content("fields"))?;
        match known.get(name.as_str()) {
            Some(field) if field.vanished_at.is_none() && field.definition == definition => continue,
            Some(field) => {
                if field.vanished_at.is_some() {
                    filled.push(name.clone());
                    happened(name, "appeared", None, Some(property.shape()));
                }
                let before = shape(&field.definition);
                if before != property.shape() {
                    happened(name, "retyped", Some(before), Some(property.shape()));
                }
            }
            None => {
                if !first && (property.calculated || property.hubspot_defined) {
                    filled.push(name.clone());
                }
                happened(name, "appeared", None, Some(property.shape()));
            }
        }
        written.push((name.as_str(), definition));
    }
    let gone = known.values().filter(|field| field.vanished_at.is_none() && !found.contains_key(&field.name));
    let gone: Vec<&str> = gone.map(|field| field.name.as_str()).collect();
    for name in &gone {
        happened(name, "vanished", None, None);
    }
    let rows: Vec<(&str, &str)> =
        written.iter().map(|(name, definition)| (*name, definition.as_str())).collect();
    fields::put(turn.sql, kind, &rows, turn.now)?;
    fields::vanish(turn.sql, kind, &gone, turn.now)?;
    fields::note(turn.sql, kind, if first { &[] } else { &events })?;
    Ok(filled)
}

/// Names of the fields that HubSpot calculates: of a change of theirs no date and no webhook tells.
pub(super) fn calculated(sql: &dyn Sql, kind: ObjectType) -> Result<BTreeSet<String>, SqlError> {
    #[derive(serde::Deserialize)]
    struct Origin {
        calculated: bool,
    }
    let is = |field: &Field| json::parse::<Origin>(&field.definition).is_ok_and(|origin| origin.calculated);
    Ok(fields::load(sql, kind)?.into_iter().filter(is).map(|field| field.name).collect())
}

/// Whether nobody but HubSpot sets any of these fields.
pub(super) fn all_hubspots(sql: &dyn Sql, kind: ObjectType, names: &[&String]) -> Result<bool, SqlError> {
    #[derive(serde::Deserialize)]
    struct Origin {
        calculated: bool,
        read_only: bool,
    }
    if names.is_empty() {
        return Ok(true);
    }
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    let hubspots = |(_, definition): &(String, String)| {
        json::parse::<Origin>(definition).is_ok_and(|origin| origin.calculated || origin.read_only)
    };
    Ok(fields::present(sql, kind, &names)?.iter().filter(|field| hubspots(field)).count() == names.len())
}

/// Names of the fields HubSpot lists, in order; empty: they were never read.
pub(super) fn present(sql: &dyn Sql, kind: ObjectType) -> Result<Vec<String>, SqlError> {
    let all = fields::load(sql, kind)?.into_iter();
    Ok(all.filter(|field| field.vanished_at.is_none()).map(|field| field.name).collect())
}

/// As [`Property::shape`], of a stored definition.
fn shape(definition: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Shape<'a> {
        #[serde(rename = "type", borrow)]
        value_type: std::borrow::Cow<'a, str>,
        #[serde(borrow)]
        field_type: std::borrow::Cow<'a, str>,
    }
    json::parse::<Shape<'_>>(definition)
        .map(|shape| format!("{}/{}", shape.value_type, shape.field_type))
        .unwrap_or_default()
}

/// The fields of a type in the API's shape, `{results, read_at, history}`.
pub fn told(sql: &dyn Sql, kind: ObjectType, read_at: Option<Timestamp>) -> Result<Answer, SqlError> {
    let moment =
        |at: Option<Timestamp>| at.map_or("null".to_owned(), |at| format!("\"{}\"", at.to_rfc3339()));
    let results: Vec<String> = fields::load(sql, kind)?
        .into_iter()
        .map(|field| {
            // A definition is an object of ours, never empty.
            let open = field.definition.strip_suffix('}').unwrap_or_default();
            let (appeared, vanished) = (moment(Some(field.appeared_at)), moment(field.vanished_at));
            format!("{open},\"appeared_at\":{appeared},\"vanished_at\":{vanished}}}")
        })
        .collect();
    let history: Vec<serde_json::Value> = fields::history(sql, kind, HISTORY_TOLD)?
        .into_iter()
        .map(|event| {
            serde_json::json!({
                "at": event.at.to_rfc3339(), "name": event.name, "kind": event.what,
                "before": event.before, "after": event.after,
            })
        })
        .collect();
    Ok(Answer::Json(format!(
        "{{\"object_type\":\"{kind}\",\"results\":[{}],\"read_at\":{},\"history\":{}}}",
        results.join(","),
        moment(read_at),
        serde_json::Value::Array(history)
    )))
}

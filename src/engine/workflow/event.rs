//! What a host says happened.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    engine::reader::{Reader, fault},
    values::{
        filter::{Code, Fault},
        ids::{ObjectType, RecordId},
        time::{DAY_MS, Timestamp},
    },
};

/// Bytes of an event as it is kept: a thousand runs under way hold eight megabytes; most have half a kilobyte.
pub const EVENT_BYTES: usize = 8_192;
/// Characters of the host's name for an event, of an address, a number and a domain.
pub const ID_CHARS: usize = 200;
/// Characters of what happened, in the host's word.
pub const EVENT_CHARS: usize = 100;
/// How far ahead of now an event may be: clocks differ.
const AHEAD_MS: i64 = DAY_MS;

/// What happened, and whom it is of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Event {
    /// The host's name for it: sent again, it changes nothing.
    pub id: String,
    /// What happened, in the host's word: that of a trigger.
    pub event: String,
    /// When.
    pub at: Timestamp,
    /// The address of whom it is of, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Their telephone number, as the host writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Their company's domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The record in HubSpot that it is of, where the host knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<EventRecord>,
    /// More of it, by the host's own names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

/// The record that an event is of: `object_type` and `record_id` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Its type.
    pub object_type: ObjectType,
    /// Which.
    pub id: RecordId,
}

impl Event {
    /// Reads an event as a host sends it. Paths of the faults are relative to it.
    pub fn parse(value: &Value, now: Timestamp) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::default();
        let event = read(&mut reader, value, now);
        let bytes = serde_json::to_string(&event).map_or(usize::MAX, |text| text.len());
        if bytes > EVENT_BYTES && reader.faults.is_empty() {
            let words = format!("An event has {EVENT_BYTES} bytes at most; this one has {bytes}.");
            reader.faults.push(fault("", Code::Limit, words));
        }
        if reader.faults.is_empty() { Ok(event) } else { Err(reader.faults) }
    }

    /// The same where the id may be missing: to ask for a route, or to try something.
    pub fn parse_some(value: &Value, now: Timestamp) -> Result<Self, Vec<Fault>> {
        let mut value = value.clone();
        if let Some(entries) = value.as_object_mut() {
            entries.entry("id").or_insert_with(|| "example".into());
        }
        Self::parse(&value, now)
    }

    /// What mappings fill fields from: `event`, with all of it by name.
    pub fn data(&self) -> Map<String, Value> {
        Map::from_iter([("event".to_owned(), json!(self.named()))])
    }

    /// All of it by the names that filters and templates use; a fact takes no member's name.
    pub fn named(&self) -> BTreeMap<String, String> {
        let mut all = self.facts.clone();
        let own = [
            ("id", Some(self.id.clone())),
            ("event", Some(self.event.clone())),
            ("at", Some(self.at.to_rfc3339())),
            ("email", self.email.clone()),
            ("phone", self.phone.clone()),
            ("domain", self.domain.clone()),
            ("object_type", self.record.map(|record| record.object_type.to_string())),
            ("record_id", self.record.map(|record| record.id.to_string())),
        ];
        for (name, value) in own {
            match value {
                Some(value) => drop(all.insert(name.to_owned(), value)),
                None => drop(all.remove(name)),
            }
        }
        all
    }
}

fn read(reader: &mut Reader, value: &Value, now: Timestamp) -> Event {
    let known = ["id", "event", "at", "email", "phone", "domain", "object_type", "record_id", "facts"];
    let Some(entries) = reader.object(value, "", &known) else { return Event::default() };
    let email = reader.email(entries, "", "email");
    let phone = reader.text(entries, "", "phone", ID_CHARS, false);
    let domain = reader.text(entries, "", "domain", ID_CHARS, false);
    let given = |key: &str| entries.get(key).filter(|value| !value.is_null());
    let record = match (given("object_type"), given("record_id")) {
        (None, None) => None,
        (Some(kind), Some(id)) => {
            let kind = kind.as_str().and_then(|text| text.parse().ok());
            if kind.is_none() {
                reader.note("/object_type", Code::Shape, "\"object_type\" is a type as `contacts`.");
            }
            let id = serde_json::from_value(id.clone()).ok();
            if id.is_none() {
                reader.note("/record_id", Code::Shape, "\"record_id\" is the number of a record.");
            }
            kind.zip(id).map(|(object_type, id)| EventRecord { object_type, id })
        }
        (kind, _) => {
            let path = if kind.is_some() { "/object_type" } else { "/record_id" };
            reader.note(path, Code::Shape, "\"object_type\" and \"record_id\" stand together.");
            None
        }
    };
    if email.is_none() && phone.is_none() && domain.is_none() && record.is_none() && reader.faults.is_empty()
    {
        let words = "An event is of somebody: a \"record_id\" with its \"object_type\", an \"email\", a \"phone\" or a \"domain\".";
        reader.note("", Code::Shape, words);
    }
    let at = match given("at").map(|at| at.as_str().and_then(Timestamp::parse_rfc3339)) {
        None => now,
        Some(Some(at)) if at.since_ms(now) <= AHEAD_MS => at,
        Some(_) => {
            let words = "\"at\" is a moment as 2026-11-20T09:30:00Z (RFC 3339), not more than a day ahead.";
            reader.note("/at", Code::Shape, words);
            now
        }
    };
    Event {
        id: reader.text(entries, "", "id", ID_CHARS, true).unwrap_or_default(),
        event: reader.text(entries, "", "event", EVENT_CHARS, true).unwrap_or_default(),
        at,
        email,
        phone,
        domain,
        record,
        facts: reader.fields(entries, "", "facts"),
    }
}

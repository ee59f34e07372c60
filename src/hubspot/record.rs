//! Records as HubSpot sends them. On the path of every record: values are borrowed from the body, nulls cost nothing,
//! no tree is built.
//!
//! A body is read strictly first. What real pages never hold (numbers as values, broken surrogates, a record that is not
//! an object) fails that, and the body is read again tolerantly: slower, record by record, each fault an [`Issue`].

mod properties;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use crate::{
    hubspot::{Fault, Issue, Malformed, json},
    values::{ids::RecordId, time::Timestamp},
};

pub use properties::Properties;
use properties::{Name, PropertiesSeed, Raw, Scalar, read, tolerant_properties, tolerant_text};

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// `hs_object_id`.
    pub id: RecordId,
    /// When HubSpot made it.
    pub created_at: Timestamp,
    /// When HubSpot last changed it; not moved by archiving or by associations.
    pub updated_at: Timestamp,
    /// Whether it is in the recycling bin.
    pub archived: bool,
    /// Its values.
    pub properties: Properties<'a>,
}

/// A page of a list or of a search.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page<'a> {
    /// Records in HubSpot's order.
    pub records: Vec<Record<'a>>,
    /// Records that could not be read.
    pub issues: Vec<Issue>,
    /// Cursor of the next page; only its absence ends a read, not a short page.
    pub after: Option<Cow<'a, str>>,
    /// How many match; searches only.
    pub total: Option<u64>,
}

/// The answer to a batch read, in no order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchAnswer<'a> {
    /// Records found.
    pub records: Vec<Record<'a>>,
    /// Records that could not be read.
    pub issues: Vec<Issue>,
    /// Ids HubSpot says it does not have. An id may be in neither list (merged away).
    pub missing: Vec<RecordId>,
}

/// Reads a page of a list or a search.
pub fn parse_page(body: &[u8]) -> Result<Page<'_>, Malformed> {
    const EXPECTED: Malformed = Malformed("a page of records");
    let envelope = parse_envelope(body, EXPECTED)?;
    Ok(Page {
        after: cursor(envelope.paging).map_err(|Uncertain| EXPECTED)?.map(Cow::Owned),
        total: envelope.total.and_then(|raw| serde_json::from_str(raw.get()).ok()),
        records: envelope.results.records,
        issues: envelope.results.issues,
    })
}

/// Reads the answer to a batch read.
pub fn parse_batch(body: &[u8]) -> Result<BatchAnswer<'_>, Malformed> {
    let envelope = parse_envelope(body, Malformed("a batch of records"))?;
    let errors = envelope.errors.and_then(|raw| serde_json::from_str::<Vec<Value>>(raw.get()).ok());
    let absent =
        errors.iter().flatten().filter(|error| json::text(error, "category") == Some("OBJECT_NOT_FOUND"));
    let missing = absent
        .flat_map(|error| json::texts(error.get("context").and_then(|context| context.get("ids"))))
        .filter_map(|id| id.parse().ok())
        .collect();
    Ok(BatchAnswer { records: envelope.results.records, issues: envelope.results.issues, missing })
}

/// Reads one record.
pub fn parse_record(body: &[u8]) -> Result<Record<'_>, Malformed> {
    const EXPECTED: Malformed = Malformed("a record");
    let body = str::from_utf8(body).map_err(|_| EXPECTED)?;
    read(body, DraftSeed { capacity: 0 })
        .or_else(|_| serde_json::from_str(body).map(tolerant_draft))
        .ok()
        .and_then(|draft| draft.finish().ok())
        .ok_or(EXPECTED)
}

/// What the answers of list, search and batch read have in common.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Envelope<'a, T> {
    results: T,
    #[serde(borrow)]
    paging: Option<&'a RawValue>,
    #[serde(borrow)]
    total: Option<&'a RawValue>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

fn parse_envelope(body: &[u8], expected: Malformed) -> Result<Envelope<'_, Results<'_>>, Malformed> {
    // One check of the whole is much cheaper than one of each text.
    let body = str::from_utf8(body).map_err(|_| expected)?;
    if let Ok(envelope) = serde_json::from_str(body) {
        return Ok(envelope);
    }
    let raw: Envelope<'_, Vec<&RawValue>> = serde_json::from_str(body).map_err(|_| expected)?;
    let mut results = Results::default();
    for record in raw.results {
        results.push(serde_json::from_str(record.get()).map(tolerant_draft).map_err(|_| Fault::Shape));
    }
    Ok(Envelope { results, paging: raw.paging, total: raw.total, errors: raw.errors })
}

/// There is a next page, but not where.
struct Uncertain;

/// `paging.next.after`; a string, a number tolerated. Anything odd is refused: taken for the end it would lose records,
/// taken for the beginning it would loop.
fn cursor(paging: Option<&RawValue>) -> Result<Option<String>, Uncertain> {
    let Some(raw) = paging else { return Ok(None) };
    let paging: Value = serde_json::from_str(raw.get()).map_err(|_| Uncertain)?;
    let next = match &paging {
        Value::Object(fields) => fields.get("next").unwrap_or(&Value::Null),
        _ => return Err(Uncertain),
    };
    if next.is_null() {
        return Ok(None);
    }
    match next.get("after") {
        Some(Value::String(after)) if !after.is_empty() => Ok(Some(after.clone())),
        Some(Value::Number(after)) => Ok(Some(after.to_string())),
        _ => Err(Uncertain),
    }
}

#[derive(Default)]
struct Results<'a> {
    records: Vec<Record<'a>>,
    issues: Vec<Issue>,
}

impl<'a> Results<'a> {
    fn push(&mut self, draft: Result<Draft<'a>, Fault>) {
        let position = self.records.len() + self.issues.len();
        let id = draft.as_ref().ok().and_then(|draft| draft.id);
        match draft.and_then(Draft::finish) {
            Ok(record) => self.records.push(record),
            Err(fault) => self.issues.push(Issue { position, id, fault }),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Results<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Results<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of records")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Results<'de>, A::Error> {
                let mut results = Results::default();
                let mut capacity = 0;
                while let Some(draft) = list.next_element_seed(DraftSeed { capacity })? {
                    capacity = draft.properties.as_ref().map_or(0, Properties::len);
                    results.push(Ok(draft));
                }
                Ok(results)
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// A record before it is known to be whole.
#[derive(Default)]
struct Draft<'a> {
    id: Option<RecordId>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    archived: bool,
    properties: Option<Properties<'a>>,
}

impl<'a> Draft<'a> {
    fn finish(self) -> Result<Record<'a>, Fault> {
        Ok(Record {
            id: self.id.ok_or(Fault::Id)?,
            created_at: self.created_at.ok_or(Fault::CreatedAt)?,
            updated_at: self.updated_at.ok_or(Fault::UpdatedAt)?,
            archived: self.archived,
            properties: self.properties.ok_or(Fault::Properties)?,
        })
    }
}

/// Reads a draft; allots its properties the room the record before needed, as neighbours resemble each other.
struct DraftSeed {
    capacity: usize,
}

impl<'de> DeserializeSeed<'de> for DraftSeed {
    type Value = Draft<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Draft<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for DraftSeed {
    type Value = Draft<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Draft<'de>, A::Error> {
        let mut draft = Draft::default();
        while let Some(name) = map.next_key_seed(Name)? {
            match name.as_ref() {
                "id" => draft.id = map.next_value_seed(Scalar)?.and_then(|text| text.parse().ok()),
                "createdAt" => draft.created_at = moment(map.next_value_seed(Scalar)?),
                "updatedAt" => draft.updated_at = moment(map.next_value_seed(Scalar)?),
                "archived" => draft.archived = map.next_value()?,
                "properties" => {
                    draft.properties = map.next_value_seed(PropertiesSeed { capacity: self.capacity })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(draft)
    }
}

fn moment(text: Option<Cow<'_, str>>) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(&text?)
}

fn tolerant_draft(raw: Raw<'_>) -> Draft<'_> {
    let mut draft = Draft::default();
    for (name, value) in raw.0 {
        match name.as_ref() {
            "id" => draft.id = tolerant_text(value).and_then(|text| text.parse().ok()),
            "createdAt" => draft.created_at = moment(tolerant_text(value)),
            "updatedAt" => draft.updated_at = moment(tolerant_text(value)),
            "archived" => draft.archived = value.get() == "true",
            "properties" => {
                draft.properties = serde_json::from_str(value.get()).map(tolerant_properties).ok();
            }
            _ => {}
        }
    }
    draft
}

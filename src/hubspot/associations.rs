//! Associations: which records are linked, by which types, and what the types are called (`hubspot-api.md` 4.8).
//!
//! A link is seen from both of its ends, from each by types of its own: 279 from a contact to its company, 280 back.

use std::{fmt, str::FromStr};

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    hubspot::{Malformed, VERSION, json},
    values::{
        http::{Body, Method, Request},
        ids::{InvalidId, ObjectType, RecordId},
    },
};

/// Records of a batch read: HubSpot's maximum since 2025-02 (`hubspot-api.md` 12.3).
pub const BATCH_LIMIT: usize = 1_000;
/// The maximum of earlier notices, in case an account is still held to it.
pub const SMALL_BATCH: usize = 100;
/// Links of one record that one answer holds: HubSpot's page.
pub const PAGE_LIMIT: usize = 500;

/// Who defined a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// HubSpot.
    HubSpotDefined,
    /// The account: a label of its own.
    UserDefined,
    /// An app.
    IntegratorDefined,
    /// HubSpot's `WORK`.
    Work,
    /// One this build does not know.
    Other,
}

impl Category {
    const ALL: [(Self, char, &str); 5] = [
        (Self::HubSpotDefined, 'H', "HUBSPOT_DEFINED"),
        (Self::UserDefined, 'U', "USER_DEFINED"),
        (Self::IntegratorDefined, 'I', "INTEGRATOR_DEFINED"),
        (Self::Work, 'W', "WORK"),
        (Self::Other, 'X', "UNKNOWN"),
    ];

    /// HubSpot's name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|row| row.0 == self).map_or("UNKNOWN", |row| row.2)
    }

    fn parse(name: &str) -> Self {
        Self::ALL.iter().find(|row| row.2 == name).map_or(Self::Other, |row| row.0)
    }
}

/// A type of association in one direction: its number is unique in its category. As text `H279`: how it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkType {
    /// Who defined it.
    pub category: Category,
    /// HubSpot's `associationTypeId`.
    pub id: u64,
}

/// HubSpot's own types whose other direction is documented: id, and id seen from the other end (`hubspot-api.md` 4.8).
const INVERSES: [(u64, u64); 9] =
    [(1, 2), (4, 3), (5, 6), (13, 14), (279, 280), (341, 342), (449, 449), (450, 450), (451, 451)];

impl LinkType {
    /// The same type seen from the other end, where that is known.
    pub fn inverse(self) -> Option<Self> {
        let known = |(one, other): &(u64, u64)| match self.id {
            id if id == *one => Some(*other),
            id if id == *other => Some(*one),
            _ => None,
        };
        let id = INVERSES.iter().find_map(known).filter(|_| self.category == Category::HubSpotDefined)?;
        Some(Self { id, ..self })
    }

    /// As a batch read and a list of labels tell it, with its label.
    fn parse(value: &Value, id_field: &str) -> Option<(Self, Option<String>)> {
        let category = Category::parse(json::text(value, "category").unwrap_or_default());
        let id = u64::try_from(json::whole(value.get(id_field)?)?).ok()?;
        let label = json::text(value, "label").filter(|label| !label.is_empty());
        Some((Self { category, id }, label.map(str::to_owned)))
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = Category::ALL.iter().find(|row| row.0 == self.category).map_or('X', |row| row.1);
        write!(f, "{letter}{}", self.id)
    }
}

impl FromStr for LinkType {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let wrong = InvalidId("type of association");
        let letter = text.chars().next().ok_or(wrong)?;
        let category = Category::ALL.iter().find(|row| row.1 == letter).ok_or(wrong)?.0;
        Ok(Self { category, id: text[letter.len_utf8()..].parse().map_err(|_| wrong)? })
    }
}

/// A type and what people call it; `None`: the unlabelled one.
pub type Label = (LinkType, Option<String>);

/// A record that another is linked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Which.
    pub to: RecordId,
    /// By which types, ascending, each once; never empty.
    pub types: Vec<LinkType>,
}

/// What one record is linked to, of one type, or a page of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Of whom.
    pub from: RecordId,
    /// In HubSpot's order.
    pub to: Vec<Linked>,
    /// Cursor of this record's next page.
    pub after: Option<String>,
}

/// The answer to a batch read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchLinks {
    /// Records with links, in no order.
    pub found: Vec<Found>,
    /// Records whose links could not be read: nothing is known of them.
    pub unread: Vec<RecordId>,
    /// Every record asked for that is in neither list has no links. Not so where an error names nobody.
    pub complete: bool,
    /// Every type that occurs.
    pub labels: Vec<Label>,
}

/// Reads the links of up to [`BATCH_LIMIT`] records to records of a type, each from a cursor on.
pub fn batch_read(from: ObjectType, to: ObjectType, inputs: &[(RecordId, Option<String>)]) -> Request {
    let inputs: Vec<Value> = inputs
        .iter()
        .map(|(id, after)| match after {
            Some(after) => serde_json::json!({ "id": id.to_string(), "after": after }),
            None => serde_json::json!({ "id": id.to_string() }),
        })
        .collect();
    let body = serde_json::json!({ "inputs": inputs }).to_string();
    let path = format!("/crm/associations/{VERSION}/{from}/{to}/batch/read");
    Request { method: Method::Post, path, bearer: None, body: Body::Json(body) }
}

/// Lists the types of association from one object type to another.
pub fn labels(from: ObjectType, to: ObjectType) -> Request {
    let path = format!("/crm/associations/{VERSION}/{from}/{to}/labels");
    Request { method: Method::Get, path, bearer: None, body: Body::Empty }
}

/// Answers of both endpoints; elements are read one by one, so that a bad one spoils no other.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    results: Vec<&'a RawValue>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

fn envelope(body: &[u8], expected: Malformed) -> Result<Envelope<'_>, Malformed> {
    serde_json::from_slice(body).map_err(|_| expected)
}

fn tree(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// Reads the answer to [`batch_read`].
pub fn parse_batch(body: &[u8]) -> Result<BatchLinks, Malformed> {
    let envelope = envelope(body, Malformed("a batch of associations"))?;
    let mut batch = BatchLinks { complete: true, ..BatchLinks::default() };
    for raw in envelope.results {
        let value = tree(raw);
        let from: Option<RecordId> = value.get("from").and_then(|from| from.get("id")).and_then(json::id);
        match (from, found(&value, &mut batch.labels)) {
            (Some(from), Some((to, after))) => batch.found.push(Found { from, to, after }),
            (Some(from), None) => batch.unread.push(from),
            (None, _) => batch.complete = false,
        }
    }
    let errors = envelope.errors.map(tree);
    for error in errors.iter().filter_map(Value::as_array).flatten() {
        // Whoever has no links is told of as an error, a harmless one (`hubspot-api.md` 3.6).
        if json::text(error, "subCategory") == Some("crm.associations.NO_ASSOCIATIONS_FOUND") {
            continue;
        }
        let context = error.get("context");
        let named = |field| json::texts(context.and_then(|context| context.get(field)));
        let ids: Vec<&str> = named("fromObjectId").chain(named("ids")).chain(named("id")).collect();
        batch.complete &= !ids.is_empty();
        batch.unread.extend(ids.iter().filter_map(|id| id.parse::<RecordId>().ok()));
    }
    Ok(batch)
}

/// The links of one result and the cursor of its next page; `None` if any of it cannot be read.
fn found(value: &Value, labels: &mut Vec<Label>) -> Option<(Vec<Linked>, Option<String>)> {
    let mut all = Vec::new();
    for link in value.get("to")?.as_array()? {
        let to = json::id(link.get("toObjectId")?)?;
        let mut types = Vec::new();
        for own in link.get("associationTypes").and_then(Value::as_array).into_iter().flatten() {
            let label = LinkType::parse(own, "typeId")?;
            types.push(label.0);
            if !labels.iter().any(|(known, _)| *known == label.0) {
                labels.push(label);
            }
        }
        if types.is_empty() {
            types.push(LinkType { category: Category::Other, id: 0 });
        }
        types.sort_unstable();
        types.dedup();
        all.push(Linked { to, types });
    }
    let after = match value.get("paging").and_then(|paging| paging.get("next")) {
        None | Some(Value::Null) => None,
        // There is more, but where is not told: taken for the end it would lose links.
        Some(next) => Some(match next.get("after")? {
            Value::String(after) if !after.is_empty() => after.clone(),
            Value::Number(after) => after.to_string(),
            _ => return None,
        }),
    };
    Some((all, after))
}

/// Reads the answer to [`labels`].
pub fn parse_labels(body: &[u8]) -> Result<Vec<Label>, Malformed> {
    let envelope = envelope(body, Malformed("a list of association labels"))?;
    Ok(envelope.results.iter().filter_map(|raw| LinkType::parse(&tree(raw), "typeId")).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn own(text: &str) -> LinkType {
        text.parse().unwrap()
    }

    #[test]
    fn links_are_read_with_ids_as_numbers_or_texts_and_a_cursor_of_each_record() {
        let body = br#"{"status":"COMPLETE","results":[
            {"from":{"id":"5"},"to":[
                {"toObjectId":"7","associationTypes":[
                    {"category":"USER_DEFINED","typeId":101,"label":"Adviser"},
                    {"category":"HUBSPOT_DEFINED","typeId":"279","label":null}]},
                {"toObjectId":8,"associationTypes":[]}],
             "paging":{"next":{"after":"8","link":"https://api.hubapi.com/crm/v4/x"}}},
            {"from":{"id":6},"to":[]}]}"#;
        let batch = parse_batch(body).unwrap();
        let types = vec![own("H279"), own("U101")];
        let links =
            vec![Linked { to: RecordId(7), types }, Linked { to: RecordId(8), types: vec![own("X0")] }];
        assert_eq!(
            batch.found,
            [
                Found { from: RecordId(5), to: links, after: Some("8".to_owned()) },
                Found { from: RecordId(6), to: vec![], after: None },
            ]
        );
        assert_eq!(batch.labels, [(own("U101"), Some("Adviser".to_owned())), (own("H279"), None)]);
        assert!(batch.complete && batch.unread.is_empty());
    }

    #[test]
    fn records_without_links_are_no_error_and_what_cannot_be_read_is_not_taken_for_none() {
        let body = br#"{"results":[
            {"from":{"id":"1"},"to":[{"toObjectId":"x"}]},
            {"from":{"id":"2"},"to":[],"paging":{"next":{}}}],
            "errors":[
            {"category":"OBJECT_NOT_FOUND","subCategory":"crm.associations.NO_ASSOCIATIONS_FOUND","message":"No deal"},
            {"category":"VALIDATION_ERROR","subCategory":"crm.associations.INVALID_IDENTIFIER","context":{"fromObjectId":["3"]}}]}"#;
        let batch = parse_batch(body).unwrap();
        assert_eq!(batch.unread, [RecordId(1), RecordId(2), RecordId(3)]);
        assert!(batch.complete && batch.found.is_empty());
        let nameless = br#"{"results":[],"errors":[{"category":"INTERNAL_ERROR","message":"?"}]}"#;
        assert!(!parse_batch(nameless).unwrap().complete);
        assert!(parse_batch(b"{}").is_err());
    }

    #[test]
    fn a_type_is_known_from_both_ends_where_hubspot_documents_it() {
        for (one, other) in [("H279", "H280"), ("H1", "H2"), ("H3", "H4"), ("H14", "H13"), ("H450", "H450")] {
            assert_eq!(own(one).inverse(), Some(own(other)));
            assert_eq!(own(other).inverse(), Some(own(one)));
        }
        assert_eq!(own("U279").inverse(), None, "an account's own labels have their own inverse");
        assert_eq!(own("H9999").inverse(), None);
        assert_eq!(
            (own("I77").to_string(), own("I77").category.as_str()),
            ("I77".to_owned(), "INTEGRATOR_DEFINED")
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_an_answer_panic(text in any::<String>()) {
            let _ = parse_batch(text.as_bytes());
            let _ = parse_labels(text.as_bytes());
            let _ = text.parse::<LinkType>();
        }
    }
}

//! Records as HubSpot sends them. On the path of every record: values are borrowed from the body, nulls cost nothing,
//! no tree is built.

use std::borrow::Cow;

use crate::{
    hubspot::{Issue, Malformed},
    values::{ids::RecordId, time::Timestamp},
};

/// Property values that are not null, sorted by name, each name once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Properties<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Properties<'a> {
    /// The value of a property that is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        let index = self.0.binary_search_by(|(key, _)| key.as_ref().cmp(name)).ok()?;
        Some(&self.0[index].1)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// Canonical JSON: sorted names, string values, no spaces.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    /// Appends [`Properties::to_json`].
    pub fn write_json(&self, out: &mut String) {
        out.push_str("{}");
    }

    /// Reads an object of properties, as stored or as sent.
    pub fn parse(_json: &'a str) -> Result<Self, Malformed> {
        Err(Malformed("an object of property values"))
    }
}

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
pub fn parse_page(_body: &[u8]) -> Result<Page<'_>, Malformed> {
    Err(Malformed("a page of records"))
}

/// Reads the answer to a batch read.
pub fn parse_batch(_body: &[u8]) -> Result<BatchAnswer<'_>, Malformed> {
    Err(Malformed("a batch of records"))
}

/// Reads one record.
pub fn parse_record(_body: &[u8]) -> Result<Record<'_>, Malformed> {
    Err(Malformed("a record"))
}

//! Records as JSON, written straight into a buffer. Owns nothing.

use crate::objects::kind::ObjectKind;
use crate::objects::record::{State, Values};
use crate::portal::Turn;
use crate::schema::{Key, Schema, Source};
use crate::switches::HiddenValue;
use crate::time;

/// Which properties an answer shows, in order of key.
pub(crate) struct Projection<'a> {
    columns: Vec<Column<'a>>,
    url: String,
}

struct Column<'a> {
    key: Key,
    source: Source,
    head: &'a [u8],
    /// Shown as `null`, whatever the value.
    withheld: bool,
}

/// What is shown of one record.
pub(crate) struct Shown<'a> {
    pub id: u64,
    pub created_at: u64,
    pub updated_at: u64,
    pub state: State,
    pub values: &'a Values,
}

/// Members only some answers have.
#[derive(Default)]
pub(crate) struct Extra<'a> {
    pub new: Option<bool>,
    pub trace_id: Option<&'a str>,
}

impl<'a> Projection<'a> {
    /// The properties of these names; unknown and archived ones are left out, as HubSpot does, and what the caller may not
    /// see.
    pub fn new<'n>(
        turn: &Turn<'_>,
        schema: &'a Schema,
        portal_id: u64,
        ui_domain: &str,
        kind: &ObjectKind,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Self {
        let as_null = turn.switches.user_level_hidden_value == HiddenValue::Null;
        let column = |name: &'n str| {
            let (key, property) = schema.live(name)?;
            let withheld = !turn.shows(kind, name);
            let column = Column { key, source: property.source, head: &property.head, withheld };
            (as_null || !withheld).then_some(column)
        };
        let mut columns: Vec<_> = names.into_iter().filter_map(column).collect();
        columns.sort_unstable_by_key(|column| column.key);
        columns.dedup_by_key(|column| column.key);
        let type_id = kind.type_id;
        Self { columns, url: format!("\"url\":\"https://{ui_domain}/contacts/{portal_id}/record/{type_id}/") }
    }

    /// Appends one record.
    pub fn write(&self, out: &mut Vec<u8>, record: &Shown<'_>, extra: &Extra<'_>) {
        let mut digits = itoa::Buffer::new();
        let id = digits.format(record.id).as_bytes();
        let mut dates = [0; 48];
        let (created, updated) = dates.split_at_mut(24);
        time::format_into(created, record.created_at);
        time::format_into(updated, record.updated_at);
        out.extend_from_slice(b"{\"id\":\"");
        out.extend_from_slice(id);
        out.extend_from_slice(b"\",\"properties\":{");
        let mut values = record.values.iter();
        let mut next = values.next();
        let mut first = true;
        for &Column { key, source, head, withheld } in &self.columns {
            if !first {
                out.push(b',');
            }
            first = false;
            out.extend_from_slice(head);
            match source {
                _ if withheld => out.extend_from_slice(b"null"),
                Source::Stored => {
                    while next.is_some_and(|packed| packed.key < key) {
                        next = values.next();
                    }
                    match next {
                        Some(packed) if packed.key == key && packed.escape => {
                            serde_json::to_writer(&mut *out, packed.str()).expect("a Vec takes everything");
                        }
                        Some(packed) if packed.key == key => quote(out, packed.text),
                        _ => out.extend_from_slice(b"null"),
                    }
                }
                Source::Id => quote(out, id),
                Source::CreatedAt => quote(out, created),
                Source::ModifiedAt => quote(out, updated),
            }
        }
        out.extend_from_slice(b"},\"createdAt\":");
        quote(out, created);
        out.extend_from_slice(b",\"updatedAt\":");
        quote(out, updated);
        if let State::Archived { at } = record.state {
            out.extend_from_slice(b",\"archived\":true,\"archivedAt\":");
            quote(out, time::iso(at).as_bytes());
        } else {
            out.extend_from_slice(b",\"archived\":false");
        }
        if let Some(new) = extra.new {
            out.extend_from_slice(if new { b",\"new\":true" } else { b",\"new\":false" });
        }
        if let Some(trace_id) = extra.trace_id {
            out.extend_from_slice(b",\"objectWriteTraceId\":");
            serde_json::to_writer(&mut *out, trace_id).expect("a Vec takes everything");
        }
        out.push(b',');
        out.extend_from_slice(self.url.as_bytes());
        out.extend_from_slice(id);
        out.extend_from_slice(b"\"}");
    }
}

fn quote(out: &mut Vec<u8>, plain: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(plain);
    out.push(b'"');
}

/// Appends `[a,b,…]` of records.
pub(crate) fn write_results<'r>(
    out: &mut Vec<u8>,
    projection: &Projection<'_>,
    records: impl IntoIterator<Item = (Shown<'r>, Extra<'r>)>,
) {
    out.push(b'[');
    let start = out.len();
    for (record, extra) in records {
        if out.len() > start {
            out.push(b',');
        }
        projection.write(out, &record, &extra);
    }
    out.push(b']');
}

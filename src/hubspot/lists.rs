//! Lists, which HubSpot's newer words call segments, and who is on them (`hubspot-api.md` 6; SPEC `lists.json`). Only read
//! here.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    hubspot::{Malformed, VERSION, json, objects},
    values::{
        http::Request,
        ids::{ListId, RecordId},
    },
};

/// Lists of one page of a search: HubSpot's maximum (SPEC `ListSearchRequest.count`).
pub const PAGE: usize = 500;
/// Members of a page: the maximum of the older API (v3 reference, *Fetch List Memberships*); 2026-09's is not documented.
pub const MEMBERS: usize = 250;
/// Members of [`some_members`]: of a hundred, ten are mirrored even while most are not.
const SOME: usize = 100;

/// What tells whether somebody came or went. Equal facts do not prove that nobody did: one may have come and another gone, where
/// HubSpot tells no times.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// How many are on it.
    pub size: Option<u64>,
    /// Grows with each change of the list itself; whether with each of its members is unconfirmed.
    pub version: Option<i64>,
    /// `hs_last_record_added_at`, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_at: Option<String>,
    /// `hs_last_record_removed_at`, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<String>,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// HubSpot's id.
    pub id: ListId,
    /// What people call it.
    pub name: String,
    /// `0-1`: contacts.
    pub object_type_id: String,
    /// `MANUAL`, `DYNAMIC`, `SNAPSHOT`.
    pub processing_type: String,
    /// When the list itself was changed last; RFC 3339, as HubSpot writes it.
    pub updated_at: Option<String>,
    /// See there.
    pub facts: Facts,
}

/// A page of lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// In HubSpot's order; what has no id is left out.
    pub lists: Vec<List>,
    /// The offset of the next page; `None`: there are no more.
    pub next: Option<u64>,
}

/// A page of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    /// In the order asked for.
    pub ids: Vec<RecordId>,
    /// HubSpot's cursor; `None`: there are no more.
    pub after: Option<String>,
    /// How many there are in all.
    pub total: Option<u64>,
}

/// A page of all lists.
pub fn all(offset: u64) -> Request {
    search(&[], offset)
}

/// Up to [`PAGE`] lists by id. Lists that do not exist are missing from the answer.
pub fn some(ids: &[ListId]) -> Request {
    debug_assert!(ids.len() <= PAGE, "a search answers up to {PAGE} lists");
    search(ids, 0)
}

fn search(ids: &[ListId], offset: u64) -> Request {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let body = json!({
        "listIds": ids, "count": PAGE, "offset": offset, "processingTypes": [],
        "additionalProperties": ["hs_list_size", "hs_last_record_added_at", "hs_last_record_removed_at"],
    });
    objects::post(format!("/crm/lists/{VERSION}/search"), &body)
}

/// One list.
pub fn one(id: ListId) -> Request {
    objects::get(format!("/crm/lists/{VERSION}/{id}"))
}

/// Some who are on it: one page.
pub fn some_members(id: ListId) -> Request {
    page(id, "memberships", SOME, None)
}

/// A page of members, the lowest id first.
pub fn members(id: ListId, after: Option<&str>) -> Request {
    page(id, "memberships", MEMBERS, after)
}

/// A page of members, whoever joined first first.
pub fn joins(id: ListId, after: Option<&str>) -> Request {
    page(id, "memberships/join-order", MEMBERS, after)
}

fn page(id: ListId, order: &str, limit: usize, after: Option<&str>) -> Request {
    let mut path = format!("/crm/lists/{VERSION}/{id}/{order}?limit={limit}");
    objects::push_after(&mut path, after);
    objects::get(path)
}

/// Reads a page of lists.
pub fn parse(body: &[u8]) -> Result<Page, Malformed> {
    const EXPECTED: Malformed = Malformed("a page of lists");
    let value: Value = serde_json::from_slice(body).map_err(|_| EXPECTED)?;
    let entries = value.get("lists").and_then(Value::as_array).ok_or(EXPECTED)?;
    let offset = value.get("offset").and_then(Value::as_u64);
    // An offset that does not move would never end.
    let next = offset.filter(|offset| json::flag(&value, "hasMore") && *offset > 0 && !entries.is_empty());
    Ok(Page { lists: entries.iter().filter_map(list).collect(), next })
}

/// Reads one list.
pub fn parse_one(body: &[u8]) -> Result<List, Malformed> {
    const EXPECTED: Malformed = Malformed("a list");
    let value: Value = serde_json::from_slice(body).map_err(|_| EXPECTED)?;
    value.get("list").and_then(list).ok_or(EXPECTED)
}

/// Reads a page of members: the first one, or one that a cursor led to, behind which everybody may have left.
pub fn parse_members(body: &[u8], first: bool) -> Result<Members, Malformed> {
    const EXPECTED: Malformed = Malformed("a page of members");
    let value: Value = serde_json::from_slice(body).map_err(|_| EXPECTED)?;
    let results = value.get("results").and_then(Value::as_array).ok_or(EXPECTED)?;
    let after = json::after(&value);
    let total = value.get("total").and_then(Value::as_u64);
    if first && results.is_empty() && after.is_none() && total.is_some_and(|total| total > 0) {
        // Nobody, of so many: believing it would empty the list.
        return Err(EXPECTED);
    }
    let ids: Vec<RecordId> = results.iter().filter_map(|row| json::id(row.get("recordId")?)).collect();
    Ok(Members { ids, after, total })
}

fn list(entry: &Value) -> Option<List> {
    let more = entry.get("additionalProperties");
    let property = |name| more.and_then(|more| more.get(name));
    let size = entry.get("size").or_else(|| property("hs_list_size")).and_then(json::whole);
    let text = |field| json::text(entry, field).unwrap_or_default().to_owned();
    Some(List {
        id: json::id(entry.get("listId")?)?,
        name: text("name"),
        object_type_id: text("objectTypeId"),
        processing_type: text("processingType"),
        updated_at: json::text(entry, "updatedAt").map(str::to_owned),
        facts: Facts {
            size: size.and_then(|size| u64::try_from(size).ok()),
            version: entry.get("listVersion").and_then(json::whole),
            added_at: property("hs_last_record_added_at").and_then(json::plain),
            removed_at: property("hs_last_record_removed_at").and_then(json::plain),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_and_times_are_read_from_either_model() {
        let page = br#"{"lists":[
            {"listId":"7","name":"A","objectTypeId":"0-1","processingType":"MANUAL","listVersion":3,
             "additionalProperties":{"hs_list_size":"12","hs_last_record_added_at":"1795132800000"}},
            {"name":"no id"}
        ],"hasMore":true,"offset":2,"total":9}"#;
        let page = parse(page).unwrap();
        assert_eq!((page.lists.len(), page.next), (1, Some(2)));
        let facts = &page.lists[0].facts;
        assert_eq!((facts.size, facts.version, facts.removed_at.as_deref()), (Some(12), Some(3), None));
        assert_eq!(facts.added_at.as_deref(), Some("1795132800000"));
        let one = parse_one(br#"{"list":{"listId":8,"size":4}}"#).unwrap();
        assert_eq!((one.id, one.facts.size), (ListId(8), Some(4)));
    }

    #[test]
    fn an_empty_page_of_a_list_that_has_members_is_not_believed() {
        assert!(parse_members(br#"{"results":[],"total":3}"#, true).is_err());
        assert_eq!(parse_members(br#"{"results":[],"total":3}"#, false).unwrap().ids.len(), 0);
        assert_eq!(parse_members(br#"{"results":[],"total":0}"#, true).unwrap().ids.len(), 0);
        let page = parse_members(br#"{"results":[{"recordId":"9"},{"recordId":"x"}]}"#, true).unwrap();
        assert_eq!(page.ids, [RecordId(9)]);
    }

    #[test]
    fn the_last_page_of_lists_has_no_next() {
        assert_eq!(parse(br#"{"lists":[],"hasMore":true,"offset":0}"#).unwrap().next, None);
        assert_eq!(parse(br#"{"lists":[{"listId":"1"}],"hasMore":false,"offset":1}"#).unwrap().next, None);
    }
}

//! The record endpoints: list, batch read, read, search. Generic over [`ObjectType`] (`hubspot-api.md` 4).
//!
//! Requests only; [`crate::hubspot::record`] reads the answers. The bearer is set where the request is sent.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::{
    hubspot::VERSION,
    values::{
        http::{Body, Method, Request},
        ids::{ObjectType, RecordId},
        planted::{Bug, planted},
        time::Timestamp,
    },
};

pub use crate::hubspot::record::{
    BatchAnswer, Page, Properties, Record, parse_batch, parse_page, parse_record,
};

/// Records of a list page: HubSpot's maximum.
pub const LIST_LIMIT: usize = 100;
/// Ids of a batch read: HubSpot's maximum (without histories).
pub const BATCH_LIMIT: usize = 100;
/// Records of a search page: HubSpot's maximum.
pub const SEARCH_LIMIT: usize = 200;
/// Bytes of property names that may travel in a URL. HubSpot answers 414 somewhere past 8 KB of request line; 5 KB leave
/// room for the rest and are about 250 properties.
pub const PROPERTIES_IN_URL_BYTES: usize = 5 * 1024;

/// Everything but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Whether a property list is short enough for a URL; otherwise batch read carries it in its body.
pub fn fits_url(properties: &[String]) -> bool {
    let bytes =
        properties.iter().map(|name| 1 + utf8_percent_encode(name, RESERVED).map(str::len).sum::<usize>());
    bytes.sum::<usize>() <= PROPERTIES_IN_URL_BYTES
}

/// One page of all records with values. Has no 10,000 cap.
pub fn list(kind: ObjectType, properties: &[String], after: Option<&str>) -> Request {
    let mut path = format!("{}?limit={LIST_LIMIT}", base(kind));
    push_properties(&mut path, '&', properties);
    push_after(&mut path, after);
    get(path)
}

/// One page of all records with HubSpot's default properties only: for ids and dates.
pub fn list_ids(kind: ObjectType, after: Option<&str>) -> Request {
    list(kind, &[], after)
}

/// Up to [`BATCH_LIMIT`] records by id. The answer is unordered, and a merged-away id may be missing from it
/// altogether. Two equal ids are an error at HubSpot: they go once.
pub fn batch_read(kind: ObjectType, ids: &[RecordId], properties: &[String]) -> Request {
    let mut unique = ids.to_vec();
    unique.sort_unstable();
    unique.dedup();
    debug_assert!(unique.len() <= BATCH_LIMIT, "a batch read takes up to {BATCH_LIMIT} ids");
    let inputs: Vec<_> = unique.iter().map(|id| json!({ "id": id.to_string() })).collect();
    let body = json!({ "inputs": inputs, "properties": properties, "propertiesWithHistory": [] });
    post(format!("{}/batch/read", base(kind)), &body)
}

/// Up to [`BATCH_LIMIT`] records by id of which only those are answered that are archived ("whether to return only results that have been
/// archived", HubSpot's specification of this call), which HubSpot shows for 90 days (`hubspot-api.md` 4.5): of a record that lives,
/// was merged away or was deleted for privacy the answer says what it says of ids that are nobody's. Default properties only.
pub fn batch_read_archived(kind: ObjectType, ids: &[RecordId]) -> Request {
    let mut request = batch_read(kind, ids, &[]);
    request.path.push_str(ARCHIVED);
    request
}

/// One record by id, if it is archived; see [`batch_read_archived`]. An id that was merged away is taken to lead on here too.
pub fn read_archived(kind: ObjectType, id: RecordId) -> Request {
    get(format!("{}/{id}{ARCHIVED}", base(kind)))
}

const ARCHIVED: &str = "?archived=true";

/// One record by id; an id that was merged away answers with the record it became. The property list goes with it only
/// if it [`fits_url`]; otherwise the default properties come, and a batch read of the answered id gets the rest.
pub fn read(kind: ObjectType, id: RecordId, properties: &[String]) -> Request {
    let mut path = format!("{}/{id}", base(kind));
    if fits_url(properties) {
        push_properties(&mut path, '?', properties);
    }
    get(path)
}

/// Ids greater than `above` and at most `up_to`; an absent bound does not bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IdRange {
    /// Excluded lower bound.
    pub above: Option<RecordId>,
    /// Included upper bound.
    pub up_to: Option<RecordId>,
}

/// Records of the range modified at or after `since`, the lowest id first: id and modified date only. Paging is by
/// `range.above`, never by offset, so neither the 10,000 cap nor shifting pages apply (`hubspot-api.md` 4.6).
pub fn search_modified(kind: ObjectType, since: Timestamp, range: IdRange) -> Request {
    let mut filters = vec![filter(kind.modified_property(), "GTE", since.0.to_string())];
    if planted(Bug::PagedByOffset) {
        let offset = range.above.map_or(0, |offset| offset.0);
        return search_from(kind, filters, (kind.modified_property(), "ASCENDING"), SEARCH_LIMIT, offset);
    }
    filters.extend(range.above.map(|id| filter(ID_PROPERTY, "GT", id.to_string())));
    filters.extend(range.up_to.map(|id| filter(ID_PROPERTY, "LTE", id.to_string())));
    search(kind, filters, "ASCENDING", SEARCH_LIMIT)
}

/// Records of the range modified in `[since, before)`, the lowest id first: id and modified date only; with `total`, the
/// number of all.
pub fn search_area(
    kind: ObjectType,
    since: Timestamp,
    before: Timestamp,
    range: IdRange,
    limit: usize,
) -> Request {
    let mut filters = vec![
        filter(kind.modified_property(), "GTE", since.0.to_string()),
        filter(kind.modified_property(), "LT", before.0.to_string()),
    ];
    filters.extend(range.above.map(|id| filter(ID_PROPERTY, "GT", id.to_string())));
    filters.extend(range.up_to.map(|id| filter(ID_PROPERTY, "LTE", id.to_string())));
    search(kind, filters, "ASCENDING", limit)
}

/// The record with the greatest id; with `total`, the number of all.
pub fn search_greatest_id(kind: ObjectType) -> Request {
    search(kind, Vec::new(), "DESCENDING", 1)
}

const ID_PROPERTY: &str = "hs_object_id";

fn filter(property: &str, operator: &str, value: String) -> serde_json::Value {
    json!({ "propertyName": property, "operator": operator, "value": value })
}

fn search(kind: ObjectType, filters: Vec<serde_json::Value>, direction: &str, limit: usize) -> Request {
    search_from(kind, filters, (ID_PROPERTY, direction), limit, 0)
}

fn search_from(
    kind: ObjectType,
    filters: Vec<serde_json::Value>,
    (sorted_by, direction): (&str, &str),
    limit: usize,
    offset: u64,
) -> Request {
    let groups = if filters.is_empty() { json!([]) } else { json!([{ "filters": filters }]) };
    let body = json!({
        "filterGroups": groups,
        "sorts": [{ "propertyName": sorted_by, "direction": direction }],
        "properties": [kind.modified_property()],
        "limit": limit,
        "after": offset.to_string(),
    });
    post(format!("{}/search", base(kind)), &body)
}

fn base(kind: ObjectType) -> String {
    format!("/crm/objects/{VERSION}/{kind}")
}

pub(super) fn push_properties(path: &mut String, before: char, properties: &[String]) {
    for (index, name) in properties.iter().enumerate() {
        if index == 0 {
            path.push(before);
            path.push_str("properties=");
        } else {
            path.push(',');
        }
        path.extend(utf8_percent_encode(name, RESERVED));
    }
}

pub(super) fn push_after(path: &mut String, after: Option<&str>) {
    if let Some(after) = after {
        path.push_str("&after=");
        path.extend(utf8_percent_encode(after, RESERVED));
    }
}

pub(super) fn get(path: String) -> Request {
    Request { method: Method::Get, path, bearer: None, body: Body::Empty }
}

pub(super) fn post(path: String, body: &serde_json::Value) -> Request {
    post_text(path, body.to_string())
}

pub(super) fn post_text(path: String, body: String) -> Request {
    Request { method: Method::Post, path, bearer: None, body: Body::Json(body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: ObjectType = ObjectType::Contacts;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn json_of(request: &Request) -> serde_json::Value {
        let Body::Json(text) = &request.body else { panic!("not JSON: {request:?}") };
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_list_page_names_its_properties_and_cursor() {
        let request = list(KIND, &names(&["email", "a b&c"]), Some("x=1"));
        assert_eq!(
            request.path,
            "/crm/objects/2026-09/contacts?limit=100&properties=email,a%20b%26c&after=x%3D1"
        );
        assert_eq!(list_ids(KIND, None).path, "/crm/objects/2026-09/contacts?limit=100");
    }

    #[test]
    fn a_wide_property_list_leaves_the_url_of_a_single_read() {
        let few = names(&["email"]);
        let path = "/crm/objects/2026-09/contacts/7";
        assert_eq!(read(KIND, RecordId(7), &few).path, format!("{path}?properties=email"));
        let many: Vec<String> = (0..600).map(|index| format!("a_property_name_{index}")).collect();
        assert!(!fits_url(&many));
        assert_eq!(read(KIND, RecordId(7), &many).path, path);
    }

    #[test]
    fn the_limit_of_properties_in_a_url_counts_encoded_bytes() {
        let plain = vec!["a".repeat(511); 10];
        assert!(fits_url(&plain));
        let encoded = vec!["ä".repeat(86); 10];
        assert!(!fits_url(&encoded));
        let path = list(KIND, &plain, None).path;
        assert!(path.len() < PROPERTIES_IN_URL_BYTES + 100);
    }

    #[test]
    fn a_batch_read_asks_for_each_id_once() {
        let request = batch_read(KIND, &[RecordId(9), RecordId(2), RecordId(9)], &names(&["email"]));
        assert_eq!(request.path, "/crm/objects/2026-09/contacts/batch/read");
        let body = json_of(&request);
        assert_eq!(body["inputs"], json!([{ "id": "2" }, { "id": "9" }]));
        assert_eq!(body["properties"], json!(["email"]));
    }

    #[test]
    fn archived_records_are_asked_for_by_the_query_and_without_values() {
        let request = batch_read_archived(KIND, &[RecordId(9), RecordId(2)]);
        assert_eq!(request.path, "/crm/objects/2026-09/contacts/batch/read?archived=true");
        let body = json_of(&request);
        assert_eq!(
            (&body["inputs"], &body["properties"]),
            (&json!([{ "id": "2" }, { "id": "9" }]), &json!([]))
        );
        assert_eq!(read_archived(KIND, RecordId(9)).path, "/crm/objects/2026-09/contacts/9?archived=true");
    }

    #[test]
    fn a_search_walks_by_id_and_stays_small() {
        let range = IdRange { above: Some(RecordId(u64::MAX >> 1)), up_to: Some(RecordId(u64::MAX >> 1)) };
        let request = search_modified(KIND, Timestamp(1_763_596_800_000), range);
        let body = json_of(&request);
        assert_eq!(
            body["filterGroups"][0]["filters"],
            json!([
                { "propertyName": "lastmodifieddate", "operator": "GTE", "value": "1763596800000" },
                { "propertyName": "hs_object_id", "operator": "GT", "value": "9223372036854775807" },
                { "propertyName": "hs_object_id", "operator": "LTE", "value": "9223372036854775807" },
            ])
        );
        assert_eq!(body["sorts"], json!([{ "propertyName": "hs_object_id", "direction": "ASCENDING" }]));
        assert_eq!(body["limit"], 200);
        assert!(body.to_string().len() < 3_000, "HubSpot refuses longer search bodies");
        assert_eq!(json_of(&search_greatest_id(KIND))["filterGroups"], json!([]));
    }
}

//! What somebody asks for there and then, a page at a time: records of a type, a search, links of a record. Reads for the mirror are
//! [`super::objects`]'.

use serde_json::{Value, json};

use crate::{
    hubspot::{
        VERSION,
        objects::{get, post, push_after, push_properties},
    },
    values::{
        http::Request,
        ids::{ObjectType, RecordId},
    },
};

/// Most records of one page of a list (`hubspot-api.md` 4.2).
pub const LIST_LIMIT: u32 = 100;
/// Most records of one page of a search (`hubspot-api.md` 4.6).
pub const SEARCH_LIMIT: u32 = 200;
/// Most conditions of one group (`hubspot-api.md` 4.6).
pub const FILTERS_LIMIT: usize = 6;
/// Longest text that a search looks for (`hubspot-api.md` 4.6: the whole body has 3,000 characters).
pub const QUERY_CHARS: usize = 1_000;
/// Longest body of a search.
pub const BODY_CHARS: usize = 3_000;

/// How a condition compares.
pub const OPERATORS: [&str; 13] = [
    "EQ",
    "NEQ",
    "LT",
    "LTE",
    "GT",
    "GTE",
    "BETWEEN",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
];

/// One condition of a search. What does not fit together HubSpot refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Of which property.
    pub property: String,
    /// One of [`OPERATORS`].
    pub operator: String,
    /// For operators that compare with one value; the lower bound of `BETWEEN`.
    pub value: Option<String>,
    /// The upper bound of `BETWEEN`.
    pub high_value: Option<String>,
    /// For `IN` and `NOT_IN`.
    pub values: Vec<String>,
}

/// A search: all conditions hold, and the text occurs in one of HubSpot's default searchable properties.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// The text.
    pub query: Option<String>,
    /// The conditions.
    pub filters: Vec<Condition>,
    /// The values wanted; empty: HubSpot's choice.
    pub properties: Vec<String>,
    /// At most [`SEARCH_LIMIT`].
    pub limit: u32,
    /// HubSpot's cursor.
    pub after: Option<String>,
}

/// A page of records of a type.
pub fn list(kind: ObjectType, properties: &[String], limit: u32, after: Option<&str>) -> Request {
    let mut path = format!("/crm/objects/{VERSION}/{kind}?limit={limit}");
    push_properties(&mut path, '&', properties);
    push_after(&mut path, after);
    get(path)
}

/// A page of a search, the newest records first.
pub fn search(kind: ObjectType, search: &Search) -> Request {
    let mut body = json!({
        "sorts": [{ "propertyName": "hs_object_id", "direction": "DESCENDING" }],
        "properties": search.properties,
        "limit": search.limit,
    });
    if !search.filters.is_empty() {
        let filters: Vec<Value> = search.filters.iter().map(condition).collect();
        body["filterGroups"] = json!([{ "filters": filters }]);
    }
    if let Some(query) = &search.query {
        body["query"] = json!(query);
    }
    if let Some(after) = &search.after {
        body["after"] = json!(after);
    }
    post(format!("/crm/objects/{VERSION}/{kind}/search"), &body)
}

fn condition(of: &Condition) -> Value {
    let mut filter = json!({ "propertyName": of.property, "operator": of.operator });
    if let Some(value) = &of.value {
        filter["value"] = json!(value);
    }
    if let Some(high) = &of.high_value {
        filter["highValue"] = json!(high);
    }
    if !of.values.is_empty() {
        filter["values"] = json!(of.values);
    }
    filter
}

/// A page of what one record is linked to.
pub fn links(kind: ObjectType, id: RecordId, to: ObjectType, after: Option<String>) -> Request {
    super::associations::batch_read(kind, to, &[(id, after)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::http::Body;

    #[test]
    fn a_list_page_has_its_limit_properties_and_cursor() {
        let request = list(ObjectType::Deals, &["amount".to_owned()], 7, Some("a b"));
        assert_eq!(request.path, "/crm/objects/2026-09/deals?limit=7&properties=amount&after=a%20b");
        assert_eq!(request.bearer, None);
    }

    #[test]
    fn a_search_says_only_what_was_asked() {
        let bare = search(ObjectType::Contacts, &Search { limit: 10, ..Search::default() });
        let Body::Json(text) = &bare.body else { panic!("no body") };
        let body: Value = serde_json::from_str(text).unwrap();
        assert_eq!((body.get("query"), body.get("filterGroups"), body.get("after")), (None, None, None));
        let condition = Condition {
            property: "amount".to_owned(),
            operator: "BETWEEN".to_owned(),
            value: Some("1".to_owned()),
            high_value: Some("2".to_owned()),
            values: Vec::new(),
        };
        let full = Search {
            query: Some("kim".to_owned()),
            filters: vec![condition],
            after: Some("20".to_owned()),
            ..Search::default()
        };
        let Body::Json(text) = search(ObjectType::Contacts, &full).body else { panic!("no body") };
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            body["filterGroups"][0]["filters"][0],
            json!({ "propertyName": "amount", "operator": "BETWEEN", "value": "1", "highValue": "2" })
        );
        assert_eq!((&body["query"], &body["after"]), (&json!("kim"), &json!("20")));
    }
}

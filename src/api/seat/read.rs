//! Records that HubSpot is asked for with a seat's own token: requests, and answers in the API's shape.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    api::{
        cursor,
        request::{self, Query},
    },
    engine::limiter::messages::Window,
    hubspot::{
        Malformed, asked,
        asked::{Condition, FILTERS_LIMIT, LIST_LIMIT, OPERATORS, QUERY_CHARS, SEARCH_LIMIT, Search},
        associations,
        endpoint::Endpoint,
        objects,
        record::{self, Record},
    },
    values::{
        http::{Body, Request},
        ids::{ObjectType, RecordId},
        problem::{Kind, Problem},
    },
};

/// Most properties that may be named: what fits a URL of HubSpot's ([`objects::PROPERTIES_IN_URL_BYTES`]) at 25 bytes each.
const PROPERTIES_LIMIT: usize = 200;
/// Longest value of a condition.
pub const VALUE_CHARS: usize = 500;
/// Most values of one condition; the whole search has [`asked::BODY_CHARS`] characters at most.
pub const VALUES_LIMIT: usize = 100;

/// What HubSpot is asked with the seat's own token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// `GET …/records/{type}`
    List(ObjectType),
    /// `GET …/records/{type}/{id}`
    Record(ObjectType, RecordId),
    /// `POST …/records/{type}/search`
    Search(ObjectType),
    /// `GET …/records/{type}/{id}/associations/{to_type}`
    Links(ObjectType, RecordId, ObjectType),
}

impl Read {
    /// Which of HubSpot's endpoints it asks.
    pub const fn endpoint(self) -> Endpoint {
        match self {
            Self::List(_) => Endpoint::List,
            Self::Record(..) => Endpoint::Read,
            Self::Search(_) => Endpoint::Search,
            Self::Links(..) => Endpoint::Associations,
        }
    }
}

/// `POST …/records/{type}/search`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchBody {
    query: Option<String>,
    filters: Vec<Filter>,
    properties: Vec<String>,
    limit: Option<request::Whole>,
    cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    property: String,
    operator: String,
    value: Option<String>,
    high_value: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::InvalidRequest, detail)
}

/// Names of properties, checked.
fn properties(names: &[&str]) -> Result<Vec<String>, Problem> {
    let good = |name: &&str| {
        (1..=100).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    };
    let names: Vec<&str> = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    if names.len() > PROPERTIES_LIMIT || !names.iter().all(good) {
        return Err(invalid(format!(
            "`properties` names up to {PROPERTIES_LIMIT} properties by HubSpot's internal names."
        )));
    }
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    if objects::fits_url(&names) {
        Ok(names)
    } else {
        Err(invalid("The names of `properties` are too long together: ask for fewer."))
    }
}

/// Names of the query's `properties`, checked.
pub(super) fn named(query: &Query<'_>) -> Result<Vec<String>, Problem> {
    properties(&query.get("properties").unwrap_or_default().split(',').collect::<Vec<_>>())
}

impl Read {
    /// The request to HubSpot, without a token, and the window it falls into.
    pub fn request(&self, query: &Query<'_>, body: &[u8]) -> Result<(Request, Window), Problem> {
        let hubspots = |cursor: Option<&str>| -> Result<Option<String>, Problem> {
            cursor.map(|text| cursor::decode(cursor::Of::HubSpot, text)).transpose()
        };
        Ok(match *self {
            Self::List(kind) => {
                let (limit, after) = (query.limit(LIST_LIMIT)?, hubspots(query.get("cursor"))?);
                (asked::list(kind, &named(query)?, limit, after.as_deref()), Window::Core)
            }
            Self::Record(kind, id) => (objects::read(kind, id, &named(query)?), Window::Core),
            Self::Search(kind) => {
                let search = search(request::body(body)?)?;
                let request = asked::search(kind, &search);
                match &request.body {
                    Body::Json(text) if text.chars().count() <= asked::BODY_CHARS => {
                        (request, Window::Search)
                    }
                    _ => {
                        return Err(invalid(format!(
                            "HubSpot takes searches of up to {} characters: name fewer properties or values.",
                            asked::BODY_CHARS
                        )));
                    }
                }
            }
            Self::Links(kind, id, to) => {
                (asked::links(kind, id, to, hubspots(query.get("cursor"))?), Window::Associations)
            }
        })
    }

    /// What HubSpot answered, in the API's shape.
    pub fn render(&self, body: &[u8]) -> Result<Value, Malformed> {
        let cursor = |after: Option<&str>| after.map(|after| cursor::encode(cursor::Of::HubSpot, after));
        Ok(match *self {
            Self::List(kind) | Self::Search(kind) => {
                let page = record::parse_page(body)?;
                let results: Vec<Value> = page.records.iter().map(|record| shown(kind, record)).collect();
                let mut body = json!({ "results": results, "next_cursor": cursor(page.after.as_deref()) });
                if let (Self::Search(_), Some(total)) = (self, page.total) {
                    body["total"] = json!(total);
                }
                body
            }
            Self::Record(kind, id) => {
                let record = record::parse_record(body)?;
                let mut body = shown(kind, &record);
                if record.id != id {
                    body["merged_from"] = json!(id.to_string());
                }
                body
            }
            Self::Links(..) => {
                let batch = associations::parse_batch(body)?;
                let found = batch.found.first();
                let label = |of: &associations::LinkType| {
                    batch.labels.iter().find(|(own, _)| own == of).and_then(|(_, label)| label.as_deref())
                };
                let link = |link: &associations::Linked| {
                    let types: Vec<Value> = link
                        .types
                        .iter()
                        .map(|of| json!({ "category": of.category.as_str(), "type_id": of.id, "label": label(of) }))
                        .collect();
                    json!({ "id": link.to.to_string(), "types": types })
                };
                let results: Vec<Value> = found.iter().flat_map(|found| &found.to).map(link).collect();
                json!({
                    "results": results,
                    "next_cursor": cursor(found.and_then(|found| found.after.as_deref())),
                })
            }
        })
    }
}

fn shown(kind: ObjectType, of: &Record<'_>) -> Value {
    let properties: serde_json::Map<String, Value> =
        of.properties.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    json!({
        "id": of.id.to_string(),
        "object_type": kind.to_string(),
        "created_at": of.created_at.to_rfc3339(),
        "updated_at": of.updated_at.to_rfc3339(),
        "properties": properties,
    })
}

fn search(body: SearchBody) -> Result<Search, Problem> {
    let SearchBody { query, filters, properties: names, limit, cursor } = body;
    let short = |text: &String, most: usize| text.chars().count() <= most;
    let query = query.filter(|query| !query.trim().is_empty());
    if query.as_ref().is_some_and(|query| !short(query, QUERY_CHARS)) {
        return Err(invalid(format!("`query` may have {QUERY_CHARS} characters at most.")));
    }
    if filters.len() > FILTERS_LIMIT {
        return Err(invalid(format!("There may be {FILTERS_LIMIT} `filters` at most; all of them hold.")));
    }
    let mut conditions = Vec::new();
    for filter in filters {
        let operator = filter.operator.to_ascii_uppercase();
        if !OPERATORS.contains(&operator.as_str()) {
            return Err(invalid(format!("`operator` is one of {}.", OPERATORS.join(", "))));
        }
        let mut values = filter.value.iter().chain(&filter.high_value).chain(&filter.values);
        if filter.values.len() > VALUES_LIMIT || !values.all(|value| short(value, VALUE_CHARS)) {
            return Err(invalid(format!(
                "A condition may have {VALUES_LIMIT} values of {VALUE_CHARS} characters at most."
            )));
        }
        let [property] = <[String; 1]>::try_from(properties(&[&filter.property])?)
            .map_err(|_| invalid("Each of `filters` names its `property`."))?;
        conditions.push(Condition {
            property,
            operator,
            value: filter.value,
            high_value: filter.high_value,
            values: filter.values,
        });
    }
    let limit = limit.map_or(LIST_LIMIT, |limit| limit.0);
    if !(1..=SEARCH_LIMIT).contains(&limit) {
        return Err(invalid(format!("`limit` must be 1 to {SEARCH_LIMIT}.")));
    }
    Ok(Search {
        query,
        filters: conditions,
        properties: properties(&names.iter().map(String::as_str).collect::<Vec<_>>())?,
        limit,
        after: cursor.map(|text| cursor::decode(cursor::Of::HubSpot, &text)).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> bool {
        request::body(body.as_bytes()).and_then(search).is_err()
    }

    #[test]
    fn a_search_has_limits_of_its_own() {
        assert!(!refused(r#"{"query":"kim","filters":[{"property":"amount","operator":"gt","value":"1"}]}"#));
        assert!(!refused("{}"));
        for wrong in [
            r#"{"limit":0}"#,
            r#"{"limit":201}"#,
            r#"{"filters":[{"property":"a","operator":"LIKE","value":"1"}]}"#,
            r#"{"filters":[{"property":"a b","operator":"EQ","value":"1"}]}"#,
            r#"{"filters":[{"property":"","operator":"EQ","value":"1"}]}"#,
            r#"{"filterGroups":[]}"#,
            r#"{"properties":["a\"b"]}"#,
            r#"{"cursor":"not one"}"#,
        ] {
            assert!(refused(wrong), "{wrong}");
        }
        let seven = [r#"{"property":"a","operator":"EQ","value":"1"}"#; 7].join(",");
        assert!(refused(&format!(r#"{{"filters":[{seven}]}}"#)));
        assert!(refused(&format!(r#"{{"query":"{}"}}"#, "x".repeat(1_001))));
    }

    #[test]
    fn a_cursor_of_hubspots_travels_wrapped() {
        let page = br#"{"results":[{"id":"7","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","properties":{"email":"a@b.c","phone":null}}],"paging":{"next":{"after":"a/b=1"}}}"#;
        let read = Read::List(ObjectType::Contacts);
        let body = read.render(page).unwrap();
        assert_eq!(body["results"][0]["properties"], json!({ "email": "a@b.c" }));
        let text = format!("cursor={}&limit=3", body["next_cursor"].as_str().unwrap());
        let query = Query::parse(&text, &["cursor", "limit"]).unwrap();
        let (request, _) = read.request(&query, b"").unwrap();
        assert_eq!(request.path, "/crm/objects/2026-09/contacts?limit=3&after=a%2Fb%3D1");
    }
}

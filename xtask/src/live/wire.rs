//! What the questions send, written out by hand: Spoke's client is what the answers are held against, so it does not ask.

use serde_json::{Value, json};
use spoke::values::{
    http::{Body, Method, Outcome, Request, Response},
    secret::Secret,
};

use super::hubspot::HubSpot;

/// As in the paths of HubSpot's API.
pub(super) const VERSION: &str = "2026-09";
/// The greatest id a JSON number holds exactly; nobody's record.
pub(super) const NOBODY: u64 = (1 << 53) - 1;
/// Records one call makes, reads or archives (`hubspot-api.md` 4.2).
pub(super) const BATCH: usize = 100;

/// A call with the token of the run.
pub(super) fn call(method: Method, path: String, body: Option<&Value>) -> Request {
    let body = body.map_or(Body::Empty, |body| Body::Json(body.to_string()));
    Request { method, path, bearer: None, body }
}

/// The same without any token.
pub(super) fn bare(request: Request) -> Request {
    Request { bearer: Some(Secret::new(String::new())), ..request }
}

/// The status of an answer; 0: there is none.
pub(super) fn status(hubspot: &mut dyn HubSpot, request: Request) -> u16 {
    if let Outcome::Answered(answer) = hubspot.send(request) { answer.status } else { 0 }
}

/// Status and body, whatever came of it.
pub(super) fn answer(hubspot: &mut dyn HubSpot, request: Request) -> (u16, Value) {
    match hubspot.send(request) {
        Outcome::Answered(answer) => (answer.status, json_of(&answer)),
        Outcome::Unanswered => (0, Value::Null),
    }
}

/// The answer, if it is a success; else how it came out.
pub(super) fn success(hubspot: &mut dyn HubSpot, request: Request) -> Result<Response, String> {
    match hubspot.send(request) {
        Outcome::Answered(response) if (200..300).contains(&response.status) => Ok(response),
        Outcome::Answered(response) => Err(format!("status {}", response.status)),
        Outcome::Unanswered => Err("no answer".to_owned()),
    }
}

pub(super) fn json_of(answer: &Response) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

pub(super) fn get(hubspot: &mut dyn HubSpot, path: String) -> Result<Value, String> {
    success(hubspot, call(Method::Get, path, None)).map(|answer| json_of(&answer))
}

pub(super) fn post(hubspot: &mut dyn HubSpot, path: String, body: &Value) -> Result<Value, String> {
    success(hubspot, call(Method::Post, path, Some(body))).map(|answer| json_of(&answer))
}

/// An id or a count, which HubSpot writes as a number or as a text.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// What an answer lists under a name.
pub(super) fn listed<'v>(page: &'v Value, name: &str) -> &'v [Value] {
    page[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The ids on a page of records.
pub(super) fn ids(page: &Value) -> Vec<u64> {
    listed(page, "results").iter().filter_map(|record| number(&record["id"])).collect()
}

/// Makes a record; its id.
pub(super) fn create(hubspot: &mut dyn HubSpot, kind: &str, properties: &Value) -> Result<u64, String> {
    let path = format!("/crm/objects/{VERSION}/{kind}");
    let made = post(hubspot, path, &json!({ "properties": properties }))?;
    number(&made["id"]).ok_or_else(|| "no id".to_owned())
}

/// A contact, with these properties besides HubSpot's choice.
pub(super) fn read(
    hubspot: &mut dyn HubSpot,
    id: u64,
    archived: bool,
    properties: &str,
) -> Result<Value, String> {
    get(
        hubspot,
        format!("/crm/objects/{VERSION}/contacts/{id}?archived={archived}&properties=email{properties}"),
    )
}

/// A search for contacts by these filters, the lowest id first.
pub(super) fn search(filters: &Value, limit: usize) -> Request {
    let body = json!({
        "filterGroups": [{ "filters": filters }],
        "sorts": [{ "propertyName": "hs_object_id", "direction": "ASCENDING" }],
        "properties": ["hs_object_id"],
        "limit": limit,
    });
    call(Method::Post, format!("/crm/objects/{VERSION}/contacts/search"), Some(&body))
}

/// One condition of a search.
pub(super) fn filter(property: &str, operator: &str, value: impl ToString) -> Value {
    json!({ "propertyName": property, "operator": operator, "value": value.to_string() })
}

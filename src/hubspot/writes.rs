//! Writing records: batches of creates and updates, links, members of lists, and how a create is found again (`hubspot-api.md` 4.2, 4.3, 4.8, 6).
//!
//! Every input of a batch carries an `objectWriteTraceId` of its own: then a bad one is named in a 207 and the others are done. Results come in
//! any order.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    hubspot::{
        Malformed, VERSION, json,
        objects::{get, post, post_text},
        rejection::Rejection,
    },
    values::{
        http::{Body, Method, Request},
        ids::{ListId, ObjectType, RecordId},
        time::Timestamp,
    },
};

/// Inputs of a batch: HubSpot's maximum.
pub const BATCH_LIMIT: usize = 100;

/// Values by property, as HubSpot takes them: texts; an empty one clears.
pub type Values = BTreeMap<String, String>;

/// A record to be made.
#[derive(Debug)]
pub struct New<'a> {
    /// Comes back with its result.
    pub trace: String,
    /// Its values.
    pub values: &'a Values,
    /// What it is linked to from the beginning.
    pub ties: Vec<(ObjectType, RecordId)>,
}

/// A record to be changed.
#[derive(Debug)]
pub struct Edit<'a> {
    /// Comes back with its result.
    pub trace: String,
    /// Which.
    pub id: RecordId,
    /// Its new values.
    pub values: &'a Values,
}

/// HubSpot's unlabelled type of association from one of its own types to another (`hubspot-api.md` 4.8); `None`: none is documented.
pub const fn unlabelled(from: ObjectType, to: ObjectType) -> Option<u64> {
    use ObjectType::{Calls, Companies, Contacts, Deals, Notes, Tasks};
    Some(match (from, to) {
        (Contacts, Contacts) => 449,
        (Contacts, Companies) => 279,
        (Contacts, Deals) => 4,
        (Contacts, Tasks) => 203,
        (Contacts, Calls) => 193,
        (Contacts, Notes) => 201,
        (Companies, Contacts) => 280,
        (Companies, Companies) => 450,
        (Companies, Deals) => 342,
        (Companies, Tasks) => 191,
        (Companies, Calls) => 181,
        (Companies, Notes) => 189,
        (Deals, Contacts) => 3,
        (Deals, Companies) => 341,
        (Deals, Deals) => 451,
        (Deals, Tasks) => 215,
        (Deals, Calls) => 205,
        (Deals, Notes) => 213,
        (Tasks, Contacts) => 204,
        (Tasks, Companies) => 192,
        (Tasks, Deals) => 216,
        (Calls, Contacts) => 194,
        (Calls, Companies) => 182,
        (Calls, Deals) => 206,
        (Notes, Contacts) => 202,
        (Notes, Companies) => 190,
        (Notes, Deals) => 214,
        _ => return None,
    })
}

/// `POST …/batch/create`
pub fn create(kind: ObjectType, inputs: &[New<'_>]) -> Request {
    let tie = |(to, id): &(ObjectType, RecordId)| {
        let types: Vec<Value> = unlabelled(kind, *to)
            .map(|id| json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": id }))
            .into_iter()
            .collect();
        json!({ "to": { "id": id.to_string() }, "types": types })
    };
    let input = |new: &New<'_>| {
        let ties: Vec<Value> = new.ties.iter().map(tie).collect();
        json!({ "properties": new.values, "associations": ties, "objectWriteTraceId": new.trace })
    };
    let inputs: Vec<Value> = inputs.iter().map(input).collect();
    post(format!("{}/batch/create", records(kind)), &json!({ "inputs": inputs }))
}

/// `POST …/batch/update`. An id that was merged away is not followed, and may be missing from the answer.
pub fn update(kind: ObjectType, inputs: &[Edit<'_>]) -> Request {
    let input = |edit| {
        let Edit { trace, id, values }: &Edit<'_> = edit;
        Input { id: id.to_string().into(), id_property: None, properties: values, trace }
    };
    let inputs = inputs.iter().map(input).collect();
    post_text(format!("{}/batch/update", records(kind)), Inputs { inputs }.text())
}

/// The body of a batch. It is written without a tree between: a million members are ten thousand of these.
#[derive(Serialize)]
struct Inputs<'a> {
    inputs: Vec<Input<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    id: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_property: Option<&'static str>,
    properties: &'a Values,
    #[serde(rename = "objectWriteTraceId")]
    trace: &'a str,
}

impl Inputs<'_> {
    fn text(&self) -> String {
        serde_json::to_string(self).expect("texts are JSON")
    }
}

/// A contact to be changed, or made where there is none of the address.
#[derive(Debug)]
pub struct Upsert<'a> {
    /// Comes back with its result.
    pub trace: String,
    /// Whose.
    pub email: &'a str,
    /// Its new values. The address is not among them: where it is the second of a contact, it would become the first.
    pub values: &'a Values,
}

/// `POST …/contacts/batch/upsert` by address: doing it twice is as good as once.
pub fn upsert(inputs: &[Upsert<'_>]) -> Request {
    let input = |upsert| {
        let Upsert { trace, email, values }: &Upsert<'_> = upsert;
        Input { id: (*email).into(), id_property: Some("email"), properties: values, trace }
    };
    let inputs = inputs.iter().map(input).collect();
    post_text(format!("{}/batch/upsert", records(ObjectType::Contacts)), Inputs { inputs }.text())
}

/// `PATCH …/{id}`: an id that was merged away is followed.
pub fn update_one(kind: ObjectType, id: RecordId, values: &Values) -> Request {
    let body = json!({ "properties": values });
    Request {
        method: Method::Patch,
        path: format!("{}/{id}", records(kind)),
        bearer: None,
        body: Body::Json(body.to_string()),
    }
}

/// `POST …/batch/associate/default`: unlabelled links, which are there afterwards whether they were before or not.
pub fn associate(from: ObjectType, to: ObjectType, pairs: &[(RecordId, RecordId)]) -> Request {
    let input = |(from, to): &(RecordId, RecordId)| json!({ "from": { "id": from.to_string() }, "to": { "id": to.to_string() } });
    let inputs: Vec<Value> = pairs.iter().map(input).collect();
    post(
        format!("/crm/associations/{VERSION}/{from}/{to}/batch/associate/default"),
        &json!({ "inputs": inputs }),
    )
}

/// `PUT …/memberships/add` or `…/remove`: the body is a bare list of ids.
pub fn members(list: ListId, add: bool, ids: &[RecordId]) -> Request {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Request {
        method: Method::Put,
        path: format!("/crm/lists/{VERSION}/{list}/memberships/{}", if add { "add" } else { "remove" }),
        bearer: None,
        body: Body::Json(json!(ids).to_string()),
    }
}

/// `POST …/batch/read?idProperty=`: records by a unique value, with these properties. A contact is found by each of its addresses, also by
/// those that only `hs_additional_emails` holds.
pub fn read_by(kind: ObjectType, property: &str, values: &[&str], properties: &BTreeSet<&str>) -> Request {
    let inputs: Vec<Value> = values.iter().map(|value| json!({ "id": value })).collect();
    let body = json!({
        "inputs": inputs, "idProperty": property, "properties": properties, "propertiesWithHistory": [],
    });
    post(format!("{}/batch/read", records(kind)), &body)
}

/// `GET /crm/properties/…/{type}/{name}`
pub fn property(kind: ObjectType, name: &str) -> Request {
    get(format!("/crm/properties/{VERSION}/{kind}/{name}"))
}

/// `POST /crm/properties/…/{type}`: a text of which no two records may have the same.
pub fn create_key(kind: ObjectType, name: &str, group: &str) -> Request {
    let body = json!({
        "name": name,
        "label": "Spoke action id",
        "description": "The action of Spoke that made this record. It keeps a record from being made twice.",
        "groupName": group,
        "type": "string",
        "fieldType": "text",
        "hasUniqueValue": true,
        "hidden": true,
        "formField": false,
    });
    post(format!("/crm/properties/{VERSION}/{kind}"), &body)
}

/// What is known of one property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyProperty {
    /// No two records may have the same value.
    pub unique: bool,
    /// An app may write it.
    pub writable: bool,
    /// Its group.
    pub group: String,
}

/// Reads an answer about one property.
pub fn parse_property(body: &[u8]) -> Result<KeyProperty, Malformed> {
    let value: Value = serde_json::from_slice(body).map_err(|_| Malformed("a property"))?;
    let group = json::text(&value, "groupName").ok_or(Malformed("a property"))?.to_owned();
    let read_only = value.get("modificationMetadata").is_some_and(|data| json::flag(data, "readOnlyValue"));
    Ok(KeyProperty {
        unique: json::flag(&value, "hasUniqueValue"),
        writable: !read_only && !json::flag(&value, "calculated"),
        group,
    })
}

/// What came of one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its trace id, if told.
    pub trace: Option<String>,
    /// The record.
    pub id: RecordId,
    /// An upsert made it.
    pub made: bool,
}

/// What of a batch was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedInputs {
    /// Of whom, by trace id.
    pub traces: Vec<String>,
    /// Of whom, by record id.
    pub ids: Vec<RecordId>,
    /// Why.
    pub rejection: Rejection,
}

/// The answer to a batch of creates or updates, or to one update.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchWritten {
    /// Of which inputs it is done.
    pub done: Vec<Written>,
    /// Of which it is not.
    pub refused: Vec<RefusedInputs>,
}

/// An answer to a batch as HubSpot sends it. Of a result its properties are left out unread: they are what was sent.
#[derive(Deserialize)]
struct Answer {
    results: Vec<Done>,
    #[serde(default)]
    errors: Value,
}

/// A result: fields of another type than is documented are as good as absent.
#[derive(Deserialize)]
struct Done {
    id: Value,
    #[serde(rename = "objectWriteTraceId", default)]
    trace: Value,
    #[serde(default)]
    new: Value,
}

impl Done {
    fn written(self) -> Option<Written> {
        let trace = if let Value::String(trace) = self.trace { Some(trace) } else { None };
        Some(Written { trace, id: json::id(&self.id)?, made: self.new == Value::Bool(true) })
    }
}

/// Reads the answer to a batch.
pub fn parse_batch(body: &[u8], now: Timestamp) -> Result<BatchWritten, Malformed> {
    const WHAT: Malformed = Malformed("the answer to a batch");
    let Answer { results, errors } = serde_json::from_slice(body).map_err(|_| WHAT)?;
    let done = results.into_iter().map(Done::written).collect::<Option<Vec<_>>>().ok_or(WHAT)?;
    Ok(BatchWritten { done, refused: refused(Some(&errors), now) })
}

/// Reads the answer to one update.
pub fn parse_one(body: &[u8]) -> Result<Written, Malformed> {
    const WHAT: Malformed = Malformed("the answer to an update");
    let done: Done = serde_json::from_slice(body).map_err(|_| WHAT)?;
    done.written().ok_or(WHAT)
}

/// What an answer's `errors` say.
fn refused(errors: Option<&Value>, now: Timestamp) -> Vec<RefusedInputs> {
    let entries = errors.and_then(Value::as_array).into_iter().flatten();
    let texts = |entry: &Value, name: &str| -> Vec<String> {
        let context = entry.get("context").and_then(|context| context.get(name));
        json::texts(context).map(str::to_owned).collect()
    };
    entries
        .map(|entry| RefusedInputs {
            traces: texts(entry, "objectWriteTraceId"),
            ids: texts(entry, "ids").iter().filter_map(|id| id.parse().ok()).collect(),
            rejection: Rejection::of_entry(entry, now),
        })
        .collect()
}

/// The answer to a batch of links.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchLinked {
    /// Which pairs are linked.
    pub done: Vec<(RecordId, RecordId)>,
    /// What went wrong with others; of which is told in no form that is documented.
    pub refused: Vec<Rejection>,
}

/// Reads the answer to a batch of links.
pub fn parse_linked(body: &[u8], now: Timestamp) -> Result<BatchLinked, Malformed> {
    const WHAT: Malformed = Malformed("the answer to a batch of links");
    let value: Value = serde_json::from_slice(body).map_err(|_| WHAT)?;
    let results = value.get("results").and_then(Value::as_array).ok_or(WHAT)?;
    let end = |value: &Value, name: &str| json::id(value.get(name)?.get("id")?);
    let done = results.iter().filter_map(|pair| Some((end(pair, "from")?, end(pair, "to")?))).collect();
    Ok(BatchLinked {
        done,
        refused: refused(value.get("errors"), now).into_iter().map(|entry| entry.rejection).collect(),
    })
}

/// The answer to a change of members.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MembersChanged {
    /// Ids that HubSpot does not know.
    pub missing: Vec<RecordId>,
    /// Who came on the list; whoever was on it before is not among them. `None`: it does not say.
    pub added: Option<Vec<RecordId>>,
    /// Who left it, likewise.
    pub removed: Option<Vec<RecordId>>,
}

/// Reads the answer to a change of members.
pub fn parse_members(body: &[u8]) -> Result<MembersChanged, Malformed> {
    const WHAT: Malformed = Malformed("the answer to a change of members");
    let value: Value = serde_json::from_slice(body).map_err(|_| WHAT)?;
    let ids = |name: &str| {
        let all = value.get(name).and_then(Value::as_array)?;
        Some(all.iter().filter_map(json::id).collect())
    };
    // The second key is spelled like this.
    let (missing, added, removed) =
        (ids("recordIdsMissing"), ids("recordsIdsAdded"), ids("recordIdsRemoved"));
    if missing.is_none() && added.is_none() && removed.is_none() {
        return Err(WHAT);
    }
    Ok(MembersChanged { missing: missing.unwrap_or_default(), added, removed })
}

fn records(kind: ObjectType) -> String {
    format!("/crm/objects/{VERSION}/{kind}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hubspot::rejection::Class;

    fn body(request: &Request) -> Value {
        let Body::Json(text) = &request.body else { panic!("not JSON: {request:?}") };
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_create_carries_its_trace_and_its_links() {
        let values = Values::from([("hs_task_subject".to_owned(), "Call".to_owned())]);
        let new = New {
            trace: "act_1".to_owned(),
            values: &values,
            ties: vec![(ObjectType::Contacts, RecordId(7))],
        };
        let request = create(ObjectType::Tasks, &[new]);
        assert_eq!(request.path, "/crm/objects/2026-09/tasks/batch/create");
        assert_eq!(
            body(&request)["inputs"][0],
            json!({
                "properties": { "hs_task_subject": "Call" },
                "associations": [{ "to": { "id": "7" }, "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204 }] }],
                "objectWriteTraceId": "act_1",
            })
        );
    }

    #[test]
    fn a_partial_answer_names_who_is_done_and_who_is_not() {
        let answer = json!({
            "status": "COMPLETE",
            "results": [{ "id": "9", "properties": { "name": "A" }, "updatedAt": "2026-11-20T00:00:00.000Z", "objectWriteTraceId": "b" }],
            "errors": [{ "status": "error", "category": "CONFLICT", "message": "Contact already exists. Existing ID: 6001",
                "context": { "objectWriteTraceId": ["a"] } }],
        });
        let read = parse_batch(answer.to_string().as_bytes(), Timestamp(0)).unwrap();
        assert_eq!(read.done[0].id, RecordId(9));
        assert_eq!(read.done[0].trace.as_deref(), Some("b"));
        assert_eq!(read.refused[0].traces, ["a"]);
        assert_eq!(read.refused[0].rejection.class, Class::Conflict { existing: Some(RecordId(6001)) });
        assert!(parse_batch(b"{}", Timestamp(0)).is_err(), "a success that tells of nobody is none");
    }

    #[test]
    fn an_upsert_is_by_address_and_its_answer_says_who_is_new() {
        let values = Values::from([("spoke_aud_vip".to_owned(), "true".to_owned())]);
        let request =
            upsert(&[Upsert { trace: "ada@x.org".to_owned(), email: "ada@x.org", values: &values }]);
        assert_eq!(request.path, "/crm/objects/2026-09/contacts/batch/upsert");
        assert_eq!(
            body(&request)["inputs"][0],
            json!({
                "id": "ada@x.org", "idProperty": "email", "properties": { "spoke_aud_vip": "true" },
                "objectWriteTraceId": "ada@x.org",
            })
        );
        let answer = br#"{"results":[{"id":"7","new":true},{"id":8,"new":false},{"id":"9","new":"yes","objectWriteTraceId":4}]}"#;
        let read = parse_batch(answer, Timestamp(0)).unwrap();
        let made: Vec<(RecordId, bool)> = read.done.iter().map(|own| (own.id, own.made)).collect();
        assert_eq!(made, [(RecordId(7), true), (RecordId(8), false), (RecordId(9), false)]);
        assert_eq!(read.done[2].trace, None, "no text is no trace");
        let nameless = br#"{"results":[{"id":"7"},{"new":true}]}"#;
        assert!(parse_batch(nameless, Timestamp(0)).is_err(), "of whom a result is, is unknown");
        assert!(parse_batch(b"<html>", Timestamp(0)).is_err());
    }

    #[test]
    fn members_that_hubspot_does_not_know_are_told() {
        let answer = br#"{"recordIdsMissing":["3",4],"recordIdsRemoved":[],"recordsIdsAdded":["1"]}"#;
        let read = parse_members(answer).unwrap();
        assert_eq!(read.missing, [RecordId(3), RecordId(4)]);
        assert_eq!((read.added, read.removed), (Some(vec![RecordId(1)]), Some(Vec::new())));
        assert_eq!(parse_members(br#"{"recordIdsMissing":[]}"#).unwrap().added, None, "it does not say");
        assert!(parse_members(b"{}").is_err(), "it says nothing of anybody");
        let request = members(ListId(12), true, &[RecordId(1)]);
        assert_eq!(
            (request.path.as_str(), body(&request)),
            ("/crm/lists/2026-09/12/memberships/add", json!(["1"]))
        );
    }
}

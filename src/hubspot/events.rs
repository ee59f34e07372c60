//! Events on records' timelines: those of an app, whose types are files of its project, and custom ones of the account (`hubspot-api.md` 8).
//!
//! Every occurrence carries an id of its own: HubSpot answers 409 to the second one of an app's events (they do not change), and takes a custom
//! event of one `uuid` once.

use serde_json::{Map, Value, json};

use crate::{
    hubspot::{VERSION, objects::post},
    values::{
        crypto::sha256_hex,
        http::Request,
        ids::{ObjectType, PortalId, RecordId},
    },
};

/// The version of the API of app events that is specified (SPEC `timeline-2026-03`).
const APP_VERSION: &str = "2026-03";
/// Characters of a value of a custom event (`hubspot-api.md` 8.3).
pub const VALUE_CHARS: usize = 256;
/// The properties of an occurrence: what an app's types of events and an account's definitions have to have.
pub const PROPERTIES: [(&str, &str); 3] = [("title", "Title"), ("body", "Text"), ("url", "Link")];

/// What occurred.
#[derive(Debug)]
pub struct Occurrence<'a> {
    /// The same whenever it is sent, and of no other.
    pub id: String,
    /// On whose timeline.
    pub record: RecordId,
    /// When: RFC 3339.
    pub at: &'a str,
    /// Values of [`PROPERTIES`], those there are.
    pub values: [Option<&'a str>; 3],
}

/// The name of our events of a type, in an app's project and among an account's definitions; `None`: its records have no timeline here.
pub const fn name_of(kind: ObjectType) -> Option<&'static str> {
    match kind {
        ObjectType::Contacts => Some("spoke_contact_entry"),
        ObjectType::Companies => Some("spoke_company_entry"),
        ObjectType::Deals => Some("spoke_deal_entry"),
        ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes | ObjectType::Custom(_) => None,
    }
}

/// The same as the account calls a custom event.
pub fn custom_name(portal: PortalId, kind: ObjectType) -> Option<String> {
    Some(format!("pe{portal}_{}", name_of(kind)?))
}

fn values(of: &Occurrence<'_>) -> Map<String, Value> {
    let named = PROPERTIES.iter().zip(of.values);
    named.filter_map(|((name, _), value)| Some(((*name).to_owned(), value?.into()))).collect()
}

/// `POST /integrators/timeline/…/events`, or `…/events/batch`, which takes all or none.
pub fn send_app(name: &str, all: &[Occurrence<'_>]) -> Request {
    let event = |of: &Occurrence<'_>| {
        json!({
            "eventTypeName": name, "id": of.id, "objectId": of.record.to_string(), "timestamp": of.at, "properties": values(of),
        })
    };
    let path = format!("/integrators/timeline/{APP_VERSION}/events");
    match all {
        [one] => post(path, &event(one)),
        all => post(format!("{path}/batch"), &json!({ "inputs": all.iter().map(event).collect::<Vec<_>>() })),
    }
}

/// `POST /events/custom/…/send/batch`: a success says that they are taken, nothing more.
pub fn send_custom(name: &str, all: &[Occurrence<'_>]) -> Request {
    let event = |of: &Occurrence<'_>| {
        json!({
            "eventName": name, "uuid": uuid(&of.id), "objectId": of.record.to_string(), "occurredAt": of.at, "properties": values(of),
        })
    };
    let inputs: Vec<Value> = all.iter().map(event).collect();
    post(format!("/events/custom/{VERSION}/send/batch"), &json!({ "inputs": inputs }))
}

/// `POST /events/custom/…/event-definitions`: our event of a type; a conflict says that it is there.
pub fn define(kind: ObjectType) -> Option<Request> {
    let object = match kind {
        ObjectType::Contacts => "CONTACT",
        ObjectType::Companies => "COMPANY",
        ObjectType::Deals => "DEAL",
        ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes | ObjectType::Custom(_) => return None,
    };
    let properties: Vec<Value> = PROPERTIES
        .iter()
        .map(|(name, label)| json!({ "name": name, "label": label, "type": "string", "options": [] }))
        .collect();
    let body = json!({
        "label": "Timeline entry",
        "name": name_of(kind)?,
        "description": "What another product tells of this record. Kept by Spoke.",
        "primaryObject": object,
        "propertyDefinitions": properties,
        "includeDefaultProperties": false,
    });
    Some(post(format!("/events/custom/{VERSION}/event-definitions"), &body))
}

/// An id in the form of a UUID (RFC 9562, version 8): the same of the same text.
fn uuid(text: &str) -> String {
    let hash = sha256_hex(text.as_bytes());
    format!("{}-{}-8{}-8{}-{}", &hash[..8], &hash[8..12], &hash[13..16], &hash[17..20], &hash[20..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_one_and_the_same_of_the_same_text() {
        let one = uuid("act_1.0");
        assert_eq!(one, uuid("act_1.0"));
        assert_ne!(one, uuid("act_1.1"));
        let parts: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!((parts, one.as_bytes()[14], one.as_bytes()[19]), (vec![8, 4, 4, 4, 12], b'8', b'8'));
    }
}

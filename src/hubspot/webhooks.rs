//! Webhooks: is a delivery HubSpot's, and what do its events say (`hubspot-api.md` 9).
//!
//! An event is a hint that a record changed; its values are never taken. Duplicates and order are the reader's.
//!
//! Privacy deletion exists for contacts alone among the types that are mirrored: `gdpr-delete` stands in no other type's specification,
//! and `privacyDeletion` comes of contacts and conversations (SPEC `contacts.json`, `webhooks-management.json`). A task, note or custom
//! object ends by deletion. Should an event of the generic family ever say otherwise, it is read and obeyed like a contact's.

use std::borrow::Cow;

use base64ct::{Base64, Encoding as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    hubspot::{Malformed, json},
    values::{
        crypto,
        http::Method,
        ids::{ObjectType, PortalId, RecordId},
        secret::Secret,
        time::{MINUTE_MS, Timestamp},
    },
};

/// Bytes of a delivery: 100 events of about 400 bytes come; a value of 64 KB may ride on one.
pub const BODY_LIMIT: usize = 1 << 20;
/// Events of a delivery: HubSpot says up to 100; ten times that is not HubSpot's.
pub const EVENTS_LIMIT: usize = 1_000;
/// How far a delivery's moment may be from ours, either way: HubSpot's rule.
pub const WINDOW_MS: i64 = 5 * MINUTE_MS;

/// Why a delivery is not taken for HubSpot's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefusal {
    /// A signature header is absent or unreadable.
    #[error("the delivery is not signed")]
    Unsigned,
    /// Made more than [`WINDOW_MS`] ago, or from now.
    #[error("the delivery's signature is too old; check the clock if this stays")]
    Stale,
    /// The signature is another's.
    #[error("the delivery's signature does not fit; check `PUBLIC_URL` and the app's client secret")]
    Forged,
}

/// Whether a delivery carries a signature at all, made within [`WINDOW_MS`]: what can be refused without knowing the secret.
pub fn is_young(
    timestamp: Option<&str>,
    signature: Option<&str>,
    now: Timestamp,
) -> Result<(), WebhookRefusal> {
    let (Some(timestamp), Some(_)) = (timestamp, signature) else { return Err(WebhookRefusal::Unsigned) };
    let sent_at: i64 = timestamp.parse().map_err(|_| WebhookRefusal::Unsigned)?;
    if now.0.abs_diff(sent_at) > WINDOW_MS.unsigned_abs() { Err(WebhookRefusal::Stale) } else { Ok(()) }
}

/// Verifies `X-HubSpot-Signature-v3` (`signature`) with `X-HubSpot-Request-Timestamp` (`timestamp`). `uri` is the URL as
/// HubSpot called it, public host and query included; `body` the raw bytes.
pub fn verify_v3(
    secret: &Secret<String>,
    method: Method,
    uri: &str,
    body: &[u8],
    timestamp: Option<&str>,
    signature: Option<&str>,
    now: Timestamp,
) -> Result<(), WebhookRefusal> {
    is_young(timestamp, signature, now)?;
    let (Some(timestamp), Some(signature)) = (timestamp, signature) else {
        return Err(WebhookRefusal::Unsigned);
    };
    let code = Base64::decode_vec(signature).map_err(|_| WebhookRefusal::Unsigned)?;
    let uri = decode_uri(uri);
    let parts = [method.as_str().as_bytes(), uri.as_bytes(), body, timestamp.as_bytes()];
    if crypto::verify_hmac_sha256(secret.expose().as_bytes(), &parts, &code) {
        Ok(())
    } else {
        Err(WebhookRefusal::Forged)
    }
}

/// Verifies `X-HubSpot-Signature` of version `v1`. It covers neither the URL nor a moment, so a copy stays valid for
/// ever: only for apps whose deliveries carry no v3, behind a switch.
pub fn verify_v1(
    secret: &Secret<String>,
    body: &[u8],
    signature: Option<&str>,
) -> Result<(), WebhookRefusal> {
    let signature = signature.ok_or(WebhookRefusal::Unsigned)?;
    let hash = Sha256::new().chain_update(secret.expose()).chain_update(body).finalize();
    if crypto::constant_time_eq(base16ct::lower::encode_string(&hash).as_bytes(), signature.as_bytes()) {
        Ok(())
    } else {
        Err(WebhookRefusal::Forged)
    }
}

/// Decodes the sequences that HubSpot decodes before it signs, and no others (`hubspot-api.md` 9.4).
fn decode_uri(uri: &str) -> Cow<'_, str> {
    let mut rest = uri;
    let mut out = String::new();
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let decoded = from.get(..3).and_then(|sequence| {
            let plain = match sequence.to_ascii_uppercase().as_str() {
                "%3A" => ':',
                "%2F" => '/',
                "%3F" => '?',
                "%40" => '@',
                "%21" => '!',
                "%24" => '$',
                "%27" => '\'',
                "%28" => '(',
                "%29" => ')',
                "%2A" => '*',
                "%2C" => ',',
                "%3B" => ';',
                _ => return None,
            };
            Some(plain)
        });
        out.push(decoded.unwrap_or('%'));
        rest = &from[if decoded.is_some() { 3 } else { 1 }..];
    }
    if out.is_empty() {
        return Cow::Borrowed(uri);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What an event says. `occurred_at` is the epoch if HubSpot does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Created or changed: read it.
    Touched {
        /// Type.
        object: ObjectType,
        /// Record.
        id: RecordId,
        /// When.
        occurred_at: Timestamp,
    },
    /// A link of it came, went or changed. The other end gets an event of its own, or is to be read without one.
    Linked {
        /// Type.
        object: ObjectType,
        /// Record.
        id: RecordId,
        /// The other end, if it is of a type this build mirrors.
        other: Option<(ObjectType, RecordId)>,
        /// When.
        occurred_at: Timestamp,
    },
    /// Archived, in HubSpot or by API.
    Deleted {
        /// Type.
        object: ObjectType,
        /// Record.
        id: RecordId,
        /// When.
        occurred_at: Timestamp,
    },
    /// Deleted for good at a person's request: nothing of it may be kept. A plain deletion comes as well, in any order.
    PrivacyDeleted {
        /// Type.
        object: ObjectType,
        /// Record.
        id: RecordId,
        /// When.
        occurred_at: Timestamp,
    },
    /// Several records became one.
    Merged {
        /// Type.
        object: ObjectType,
        /// The one whose values won.
        primary: RecordId,
        /// Those that went.
        merged: Vec<RecordId>,
        /// The record that is there now; may be the primary.
        new_id: Option<RecordId>,
        /// When.
        occurred_at: Timestamp,
    },
    /// Back from the archive.
    Restored {
        /// Type.
        object: ObjectType,
        /// Record.
        id: RecordId,
        /// When.
        occurred_at: Timestamp,
    },
    /// Of no interest, of a type this build does not mirror, or unreadable.
    Ignored,
}

/// Reads a delivery: each event with its account. A bad event is [`Event::Ignored`], or left out if it names no
/// account; only a body that is not a list, or over `max` events or [`BODY_LIMIT`] bytes, is refused whole.
pub fn parse_events(body: &[u8], max: usize) -> Result<Vec<(PortalId, Event)>, Malformed> {
    if body.len() > BODY_LIMIT {
        return Err(Malformed("a delivery of at most a megabyte"));
    }
    let events: Vec<Value> = serde_json::from_slice(body).map_err(|_| Malformed("a list of events"))?;
    if events.len() > max {
        return Err(Malformed("a delivery of at most the permitted number of events"));
    }
    let read = events.iter().filter_map(|event| {
        let portal = event.get("portalId").and_then(json::id)?;
        Some((portal, parse_event(event).unwrap_or(Event::Ignored)))
    });
    Ok(read.collect())
}

fn parse_event(event: &Value) -> Option<Event> {
    let kind = json::text(event, "subscriptionType").or_else(|| json::text(event, "eventType"))?;
    let (family, what) = kind.split_once('.')?;
    let object = object_of(family, json::text(event, "objectTypeId"))?;
    let occurred_at = Timestamp(event.get("occurredAt").and_then(json::whole).unwrap_or(0));
    let record = |field| event.get(field).and_then(json::id::<RecordId>);
    Some(match what {
        "creation" | "propertyChange" => Event::Touched { object, id: record("objectId")?, occurred_at },
        "associationChange" => {
            let other = other_end(event).zip(record("toObjectId"));
            Event::Linked { object, id: record("fromObjectId")?, other, occurred_at }
        }
        "deletion" => Event::Deleted { object, id: record("objectId")?, occurred_at },
        "privacyDeletion" => Event::PrivacyDeleted { object, id: record("objectId")?, occurred_at },
        "restore" => Event::Restored { object, id: record("objectId")?, occurred_at },
        "merge" => Event::Merged {
            object,
            primary: record("primaryObjectId")?,
            merged: event.get("mergedObjectIds")?.as_array()?.iter().filter_map(json::id).collect(),
            new_id: record("newObjectId"),
            occurred_at,
        },
        _ => return None,
    })
}

/// The type of a link's other end: `CONTACT_TO_COMPANY`, or a type id in the generic family.
fn other_end(event: &Value) -> Option<ObjectType> {
    match json::text(event, "associationType").and_then(|name| name.split_once("_TO_")) {
        Some((_, to)) => object_of(&to.to_ascii_lowercase(), None),
        None => object_of("object", json::text(event, "toObjectTypeId")),
    }
}

/// The type of an event: its own family, or the type id of the generic one.
fn object_of(family: &str, type_id: Option<&str>) -> Option<ObjectType> {
    match family {
        "contact" => Some(ObjectType::Contacts),
        "company" => Some(ObjectType::Companies),
        "deal" => Some(ObjectType::Deals),
        "object" => ObjectType::of_hubspot_id(type_id?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const URI: &str = "https://www.example.com/webhook_uri";
    const BODY: &[u8] = b"{'example_field':'example_value'}";
    const SENT_AT: &str = "1693657560000";
    const SIGNATURE: &str = "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=";

    fn secret() -> Secret<String> {
        Secret::new("yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy".to_owned())
    }

    fn verify(
        uri: &str,
        body: &[u8],
        sent_at: &str,
        signature: &str,
        now: i64,
    ) -> Result<(), WebhookRefusal> {
        verify_v3(&secret(), Method::Post, uri, body, Some(sent_at), Some(signature), Timestamp(now))
    }

    #[test]
    fn hubspots_own_vectors_of_v3_verify() {
        assert_eq!(verify(URI, BODY, SENT_AT, SIGNATURE, 1_693_657_560_000), Ok(()));
        let later = "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw=";
        assert_eq!(verify(URI, BODY, "1700000300000", later, 1_700_000_300_000), Ok(()));
    }

    #[test]
    fn hubspots_own_vector_of_v1_verifies() {
        let body = br#"[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]"#;
        let signature = "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de";
        assert_eq!(verify_v1(&secret(), body, Some(signature)), Ok(()));
        assert_eq!(verify_v1(&secret(), b"[]", Some(signature)), Err(WebhookRefusal::Forged));
        assert_eq!(verify_v1(&secret(), body, None), Err(WebhookRefusal::Unsigned));
    }

    #[test]
    fn a_signature_is_good_for_five_minutes_either_way() {
        let now = 1_693_657_560_000;
        for (offset_ms, expected) in [
            (WINDOW_MS, Ok(())),
            (-WINDOW_MS, Ok(())),
            (WINDOW_MS + 1, Err(WebhookRefusal::Stale)),
            (-WINDOW_MS - 1, Err(WebhookRefusal::Stale)),
        ] {
            assert_eq!(verify(URI, BODY, SENT_AT, SIGNATURE, now + offset_ms), expected, "{offset_ms}");
        }
        assert_eq!(verify(URI, BODY, &i64::MIN.to_string(), SIGNATURE, now), Err(WebhookRefusal::Stale));
    }

    #[test]
    fn anything_changed_or_missing_is_refused() {
        let now = 1_693_657_560_000;
        assert_eq!(verify(URI, b"{}", SENT_AT, SIGNATURE, now), Err(WebhookRefusal::Forged));
        assert_eq!(
            verify("https://evil.example.com/", BODY, SENT_AT, SIGNATURE, now),
            Err(WebhookRefusal::Forged)
        );
        assert_eq!(verify(URI, BODY, "1693657560001", SIGNATURE, now), Err(WebhookRefusal::Forged));
        assert_eq!(verify(URI, BODY, SENT_AT, "", now), Err(WebhookRefusal::Forged));
        assert_eq!(verify(URI, BODY, SENT_AT, "not base64!", now), Err(WebhookRefusal::Unsigned));
        assert_eq!(verify(URI, BODY, "soon", SIGNATURE, now), Err(WebhookRefusal::Unsigned));
        let without = verify_v3(&secret(), Method::Post, URI, BODY, None, None, Timestamp(now));
        assert_eq!(without, Err(WebhookRefusal::Unsigned));
    }

    #[test]
    fn only_the_listed_sequences_of_a_url_are_decoded() {
        assert_eq!(decode_uri("https://a.b/c?d=e"), "https://a.b/c?d=e");
        assert_eq!(decode_uri("%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B"), ":/?@!$'()*,;");
        assert_eq!(decode_uri("/a%2fb%20%26%25%3D%"), "/a/b%20%26%25%3D%");
        assert_eq!(decode_uri("%ä%2"), "%ä%2");
    }

    #[test]
    fn a_url_is_signed_as_it_reads_decoded() {
        let plain = "https://www.example.com/hooks?to=a:b";
        let parts: [&[u8]; 4] = [b"POST", plain.as_bytes(), BODY, SENT_AT.as_bytes()];
        let code = crypto::hmac_sha256(secret().expose().as_bytes(), &parts);
        let called = "https://www.example.com/hooks?to=a%3Ab";
        assert_eq!(verify(called, BODY, SENT_AT, &Base64::encode_string(&code), 1_693_657_560_000), Ok(()));
    }

    fn events(body: &str) -> Vec<(PortalId, Event)> {
        parse_events(body.as_bytes(), EVENTS_LIMIT).unwrap()
    }

    #[test]
    fn each_kind_of_event_is_told() {
        let body = r#"[
            {"portalId":33,"occurredAt":7,"subscriptionType":"contact.creation","objectId":1,"changeFlag":"NEW"},
            {"portalId":"33","occurredAt":"7","eventType":"contact.propertyChange","objectId":"2","propertyName":"email","propertyValue":"x"},
            {"portalId":33,"occurredAt":7,"subscriptionType":"object.deletion","objectTypeId":"0-1","objectId":3},
            {"portalId":33,"occurredAt":7,"subscriptionType":"contact.privacyDeletion","objectId":4},
            {"portalId":33,"occurredAt":7,"subscriptionType":"contact.restore","objectId":5},
            {"portalId":33,"occurredAt":7,"subscriptionType":"contact.merge","objectId":6,"primaryObjectId":6,"mergedObjectIds":[8,"9"],"newObjectId":10},
            {"portalId":33,"subscriptionType":"contact.associationChange","fromObjectId":11,"toObjectId":12},
            {"portalId":33,"subscriptionType":"contact.associationChange","fromObjectId":11,"toObjectId":12,"associationType":"CONTACT_TO_COMPANY"}]"#;
        let (object, occurred_at) = (ObjectType::Contacts, Timestamp(7));
        let expected = [
            Event::Touched { object, id: RecordId(1), occurred_at },
            Event::Touched { object, id: RecordId(2), occurred_at },
            Event::Deleted { object, id: RecordId(3), occurred_at },
            Event::PrivacyDeleted { object, id: RecordId(4), occurred_at },
            Event::Restored { object, id: RecordId(5), occurred_at },
            Event::Merged {
                object,
                primary: RecordId(6),
                merged: vec![RecordId(8), RecordId(9)],
                new_id: Some(RecordId(10)),
                occurred_at,
            },
            Event::Linked { object, id: RecordId(11), other: None, occurred_at: Timestamp(0) },
            Event::Linked {
                object,
                id: RecordId(11),
                other: Some((ObjectType::Companies, RecordId(12))),
                occurred_at: Timestamp(0),
            },
        ];
        assert_eq!(events(body), expected.map(|event| (PortalId(33), event)));
    }

    #[test]
    fn events_of_other_types_are_told_by_family_or_type_id() {
        let body = r#"[
            {"portalId":33,"occurredAt":7,"subscriptionType":"company.propertyChange","objectId":1},
            {"portalId":33,"occurredAt":7,"subscriptionType":"object.creation","objectTypeId":"0-2","objectId":2},
            {"portalId":33,"occurredAt":7,"subscriptionType":"deal.restore","objectId":3},
            {"portalId":33,"occurredAt":7,"subscriptionType":"object.deletion","objectTypeId":"0-3","objectId":4},
            {"portalId":33,"occurredAt":7,"subscriptionType":"object.deletion","objectTypeId":"0-27","objectId":5},
            {"portalId":33,"occurredAt":7,"subscriptionType":"object.creation","objectTypeId":"2-99","objectId":6}]"#;
        let (companies, deals, occurred_at) = (ObjectType::Companies, ObjectType::Deals, Timestamp(7));
        let expected = [
            Event::Touched { object: companies, id: RecordId(1), occurred_at },
            Event::Touched { object: companies, id: RecordId(2), occurred_at },
            Event::Restored { object: deals, id: RecordId(3), occurred_at },
            Event::Deleted { object: deals, id: RecordId(4), occurred_at },
            Event::Deleted { object: ObjectType::Tasks, id: RecordId(5), occurred_at },
            Event::Touched { object: ObjectType::Custom(99), id: RecordId(6), occurred_at },
        ];
        assert_eq!(events(body), expected.map(|event| (PortalId(33), event)));
    }

    #[test]
    fn what_is_not_understood_is_ignored_and_stops_nothing() {
        let body = r#"[7, {"subscriptionType":"contact.creation","objectId":1},
            {"portalId":1,"subscriptionType":"contact.creation","objectId":"x"},
            {"portalId":1,"subscriptionType":"ticket.creation","objectId":1},
            {"portalId":1,"subscriptionType":"object.creation","objectTypeId":"0-5","objectId":1},
            {"portalId":1,"subscriptionType":"contact.teleport","objectId":1},
            {"portalId":1}]"#;
        assert_eq!(events(body), vec![(PortalId(1), Event::Ignored); 5]);
        assert_eq!(events("[]"), []);
    }

    #[test]
    fn oversized_and_shapeless_deliveries_are_refused_whole() {
        let many = format!("[{}1]", "1,".repeat(EVENTS_LIMIT));
        assert!(parse_events(many.as_bytes(), EVENTS_LIMIT).is_err());
        assert!(parse_events(&vec![b' '; BODY_LIMIT + 1], EVENTS_LIMIT).is_err());
        assert!(parse_events(b"{}", EVENTS_LIMIT).is_err());
        assert!(parse_events("[".repeat(100_000).as_bytes(), EVENTS_LIMIT).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_a_delivery_panic(text in any::<String>(), uri in any::<String>()) {
            let _ = parse_events(text.as_bytes(), EVENTS_LIMIT);
            let _ = verify(&uri, text.as_bytes(), &text, &text, 0);
        }
    }
}

//! Webhooks: is a delivery HubSpot's, and what do its events say (`hubspot-api.md` 9).
//!
//! An event is a hint that a record changed; its values are never taken. Duplicates and order are the reader's.

use std::borrow::Cow;

use data_encoding::{BASE64, HEXLOWER};
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
    let (Some(timestamp), Some(signature)) = (timestamp, signature) else {
        return Err(WebhookRefusal::Unsigned);
    };
    let sent_at: i64 = timestamp.parse().map_err(|_| WebhookRefusal::Unsigned)?;
    if now.0.abs_diff(sent_at) > WINDOW_MS.unsigned_abs() {
        return Err(WebhookRefusal::Stale);
    }
    let code = BASE64.decode(signature.as_bytes()).map_err(|_| WebhookRefusal::Unsigned)?;
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
    if crypto::constant_time_eq(HEXLOWER.encode(&hash).as_bytes(), signature.as_bytes()) {
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
    /// Created, changed, or its associations changed: read it.
    Touched {
        /// Type.
        object: ObjectType,
        /// Record.
        id: RecordId,
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
        "associationChange" => Event::Touched { object, id: record("fromObjectId")?, occurred_at },
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

/// The type of an event: its own family, or the type id of the generic one.
fn object_of(family: &str, type_id: Option<&str>) -> Option<ObjectType> {
    match (family, type_id) {
        ("contact", _) | ("object", Some("0-1")) => Some(ObjectType::Contacts),
        _ => None,
    }
}

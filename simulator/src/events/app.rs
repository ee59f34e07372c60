//! App events, once the timeline API. Types of events are files of an app's project and not modelled: any name will do. Owns
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{EventKind, Occurrence};
use crate::auth::{Caller, CallerKind};
use crate::http::{Request, Response};
use crate::objects::input::{self, Inputs, Selectors, check_batch_size, not_modelled};
use crate::objects::kind::{COMPANIES, CONTACTS, DEALS};
use crate::objects::list::batch_answer;
use crate::portal::{Portal, Turn};
use crate::{Endpoint, Problem, time};

/// Bytes of an id, of one value, of a whole event. Source: `hubspot-api.md` 8.2.
const ID_LIMIT: usize = 500;
const VALUE_LIMIT: usize = 510 * 1024;
const EVENT_LIMIT: usize = 1024 * 1024;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Sent {
    event_type_name: String,
    id: String,
    properties: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    utk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extra_data: Option<Value>,
    #[serde(default, rename = "timelineIFrame", skip_serializing_if = "Option::is_none")]
    timeline_iframe: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object_type_fully_qualified_name: Option<String>,
}

/// Answers every call about app events.
pub(crate) fn handle(
    portal: &mut Portal,
    turn: &Turn<'_>,
    caller: &Caller,
    endpoint: Endpoint,
    request: &Request,
) -> Result<Response, Problem> {
    // HubSpot approves apps for it, of its marketplace only. The body of the refusal is unconfirmed.
    if !turn.switches.app_events_allowed || caller.kind == CallerKind::Private {
        return Err(Problem::category(403, "FORBIDDEN", "This app is not approved for app events."));
    }
    Selectors::parse(request, &[])?;
    match endpoint {
        Endpoint::AppEventSend => {
            let sent: Sent = input::json(request)?;
            let body = serde_json::to_value(&sent).unwrap_or_default();
            take(portal, turn, caller.app_id, vec![sent])?;
            Ok(Response::json(201, &body))
        }
        Endpoint::AppEventSendBatch => {
            let batch: Inputs<Sent> = input::json(request)?;
            check_batch_size(batch.inputs.len())?;
            let body = serde_json::to_vec(&batch.inputs).unwrap_or_default();
            take(portal, turn, caller.app_id, batch.inputs)?;
            Ok(batch_answer(200, turn.now_ms, &body, Vec::new()))
        }
        _ => Err(not_modelled("names of app events")),
    }
}

/// Takes events, all or none. An id that was used is a conflict: events do not change.
fn take(portal: &mut Portal, turn: &Turn<'_>, app_id: u64, sent: Vec<Sent>) -> Result<(), Problem> {
    let (mut taken, mut new) = (Vec::with_capacity(sent.len()), BTreeSet::new());
    for own in sent {
        let key = (app_id, own.id.clone());
        if portal.events.ids.contains(&key) || !new.insert(key) {
            let message = format!("An event with the id {} already exists.", own.id);
            return Err(Problem::category(409, "CONFLICT", message));
        }
        taken.push(occurrence(portal, turn, app_id, own)?);
    }
    portal.events.ids.extend(new);
    portal.events.taken.extend(taken);
    Ok(())
}

fn occurrence(portal: &Portal, turn: &Turn<'_>, app_id: u64, sent: Sent) -> Result<Occurrence, Problem> {
    let size: usize = sent.properties.iter().map(|(name, value)| name.len() + value.len()).sum();
    if sent.id.is_empty()
        || sent.id.len() > ID_LIMIT
        || size + sent.extra_data.as_ref().map_or(0, |own| own.to_string().len()) > EVENT_LIMIT
        || sent.properties.values().any(|value| value.len() > VALUE_LIMIT)
    {
        return Err(Problem::validation("The event, its id or one of its values is too large."));
    }
    let about = [&sent.object_id, &sent.email, &sent.domain, &sent.utk];
    if about.iter().all(|own| own.is_none()) {
        return Err(Problem::validation("One of objectId, email, domain and utk is required."));
    }
    let occurred_at = match &sent.timestamp {
        Some(text) => time::parse(text)
            .and_then(|ms| u64::try_from(ms).ok())
            .ok_or_else(|| Problem::validation(format!("timestamp is no time: {text}")))?,
        None => turn.now_ms,
    };
    // The type of the record is that of the event's type, which is not modelled.
    let by_id = sent.object_id.as_deref().map(|id| {
        id.parse()
            .is_ok_and(|id| [&CONTACTS, &COMPANIES, &DEALS].into_iter().any(|kind| portal.is_live(kind, id)))
    });
    let matched = by_id.unwrap_or_else(|| {
        let store = portal.store(&CONTACTS);
        let found = store.email_key().zip(sent.email.as_deref());
        found.is_some_and(|(key, email)| store.find_unique(key, email).is_some())
    });
    Ok(Occurrence {
        kind: EventKind::App,
        app_id,
        name: sent.event_type_name,
        id: Some(sent.id),
        object_id: sent.object_id,
        email: sent.email,
        domain: sent.domain,
        utk: sent.utk,
        properties: sent.properties,
        occurred_at,
        received_at: turn.now_ms,
        matched,
    })
}

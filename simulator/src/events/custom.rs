//! Custom events: their definitions and sending them. Owns nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{EventKind, Occurrence};
use crate::auth::Caller;
use crate::form::Form;
use crate::http::{Request, Response};
use crate::objects::input::{self, Inputs, Selectors, not_modelled, page_size, parse_bool};
use crate::objects::kind::{CONTACTS, KINDS, ObjectKind};
use crate::portal::{Portal, Tier, Turn};
use crate::schema::Choice;
use crate::{Endpoint, Problem, time};

/// Definitions of an account, occurrences of a batch, properties of an occurrence, characters of a name, of a value, and of
/// an address. Source: `hubspot-api.md` 8.3.
const DEFINITION_LIMIT: usize = 500;
const BATCH_LIMIT: usize = 500;
const PROPERTY_LIMIT: usize = 50;
const NAME_LIMIT: usize = 50;
const VALUE_LIMIT: usize = 256;
const URL_LIMIT: usize = 1_024;
/// Values that may be addresses.
const URLS: [&str; 2] = ["hs_url", "hs_referrer"];
/// Most definitions of a page: not documented, as elsewhere.
const PAGE_LIMIT: usize = 100;

/// One kind of custom event.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    id: u64,
    label: String,
    description: Option<String>,
    primary: &'static ObjectKind,
    properties: Vec<NewProperty>,
    /// Whether HubSpot's own, as `hs_url`, belong to it.
    defaults: bool,
    created_at: u64,
    updated_at: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct New {
    label: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    primary_object: Option<String>,
    property_definitions: Vec<NewProperty>,
    include_default_properties: bool,
    #[serde(default)]
    custom_matching_id: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewProperty {
    #[serde(default)]
    name: Option<String>,
    label: String,
    r#type: String,
    #[serde(default)]
    options: Vec<Choice>,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    label: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Sent {
    event_name: String,
    #[serde(default)]
    object_id: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    utk: Option<String>,
    #[serde(default)]
    occurred_at: Option<String>,
    #[serde(default)]
    uuid: Option<String>,
    properties: BTreeMap<String, String>,
}

/// `A label` → `a_label`.
fn name_of(label: &str) -> String {
    label.to_lowercase().chars().map(|own| if own.is_ascii_alphanumeric() { own } else { '_' }).collect()
}

/// Answers every call about definitions and sending.
pub(crate) fn handle(
    portal: &mut Portal,
    turn: &Turn<'_>,
    caller: &Caller,
    endpoint: Endpoint,
    name: &str,
    request: &Request,
) -> Result<Response, Problem> {
    use Endpoint as E;
    if portal.settings.tier < turn.switches.custom_events_tier {
        // The body of this refusal is unconfirmed.
        return Err(Problem::category(
            403,
            "FORBIDDEN",
            "This account does not have access to custom events.",
        ));
    }
    match endpoint {
        E::EventDefinitionList => list(portal, turn, request),
        E::EventDefinitionCreate => create(portal, turn, request),
        E::EventDefinitionRead => {
            Selectors::parse(request, &[])?;
            let own = own_name(portal, name)?;
            Ok(Response::json(200, &json_of(portal, &own, true)))
        }
        E::EventDefinitionUpdate => {
            Selectors::parse(request, &[])?;
            let update: Update = input::json(request)?;
            let own = own_name(portal, name)?;
            if let Some(definition) = portal.events.definitions.get_mut(&own) {
                definition.label = update.label.unwrap_or_else(|| definition.label.clone());
                definition.description = update.description.or_else(|| definition.description.clone());
                definition.updated_at = turn.now_ms;
            }
            Ok(Response::json(201, &json_of(portal, &own, true)))
        }
        E::EventDefinitionDelete => {
            Selectors::parse(request, &[])?;
            let own = own_name(portal, name)?;
            portal.events.definitions.remove(&own);
            Ok(Response { status: 204, ..Response::default() })
        }
        E::EventSend => {
            Selectors::parse(request, &[])?;
            take(portal, turn, caller.app_id, vec![input::json(request)?])
        }
        E::EventSendBatch => {
            Selectors::parse(request, &[])?;
            let batch: Inputs<Sent> = input::json(request)?;
            if batch.inputs.len() > BATCH_LIMIT {
                return Err(Problem::validation(format!("A batch has at most {BATCH_LIMIT} events.")));
            }
            take(portal, turn, caller.app_id, batch.inputs)
        }
        E::EventOccurrences => occurrences(portal, turn, request),
        _ => Err(not_modelled("changes of the properties of custom events")),
    }
}

/// The short name behind `pe{portalId}_{name}`.
fn short<'n>(portal: &Portal, full: &'n str) -> Option<&'n str> {
    full.strip_prefix(&format!("pe{}_", portal.portal_id))
}

fn own_name(portal: &Portal, name: &str) -> Result<String, Problem> {
    let own = short(portal, name).unwrap_or(name);
    if portal.events.definitions.contains_key(own) {
        return Ok(own.to_owned());
    }
    Err(Problem::category(404, "OBJECT_NOT_FOUND", format!("There is no event {name}.")))
}

fn create(portal: &mut Portal, turn: &Turn<'_>, request: &Request) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let new: New = input::json(request)?;
    if new.custom_matching_id.is_some() {
        return Err(not_modelled("customMatchingId"));
    }
    let name = new.name.unwrap_or_else(|| name_of(&new.label));
    let good = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|own| own.is_ascii_lowercase() || own.is_ascii_digit() || "_-".contains(own))
        && name.len() <= NAME_LIMIT;
    if !good || new.label.is_empty() {
        return Err(Problem::validation(format!("Event name {name} is not valid")));
    }
    let kinds = ["string", "number", "enumeration", "datetime"];
    let flawed = |own: &&NewProperty| {
        !kinds.contains(&own.r#type.as_str()) || (own.r#type == "enumeration" && own.options.is_empty())
    };
    if let Some(own) = new.property_definitions.iter().find(flawed) {
        return Err(Problem::validation(format!("Property {} is not valid", own.label)));
    }
    let primary = match new.primary_object.as_deref() {
        None => &CONTACTS,
        Some(text) => KINDS
            .into_iter()
            .find(|kind| kind.singular == text || kind.type_id == text)
            .ok_or_else(|| Problem::validation(format!("{text} is no object type")))?,
    };
    if portal.events.definitions.contains_key(&name) {
        return Err(Problem::category(409, "CONFLICT", format!("An event named {name} already exists.")));
    }
    if portal.events.definitions.len() >= DEFINITION_LIMIT {
        return Err(Problem::validation(format!("The limit of {DEFINITION_LIMIT} events is reached.")));
    }
    portal.events.made += 1;
    let definition = Definition {
        id: portal.events.made,
        label: new.label,
        description: new.description,
        primary,
        properties: new.property_definitions,
        defaults: new.include_default_properties,
        created_at: turn.now_ms,
        updated_at: turn.now_ms,
    };
    portal.events.definitions.insert(name.clone(), definition);
    Ok(Response::json(201, &json_of(portal, &name, true)))
}

fn list(portal: &Portal, turn: &Turn<'_>, request: &Request) -> Result<Response, Problem> {
    let query = Form::query(request);
    let known = ["limit", "after", "searchString", "includeProperties"];
    if let Some((name, _)) = query.iter().find(|(name, _)| !known.contains(name)) {
        return Err(Problem::validation(format!("Unknown query parameter: {name}")));
    }
    let limit = match query.get("limit") {
        Some(text) => page_size(
            text.parse().map_err(|_| Problem::validation(format!("Invalid integer for limit: {text}")))?,
            turn.switches,
            PAGE_LIMIT,
        )?,
        None => 10,
    };
    let with =
        query.get("includeProperties").map_or(Ok(false), |text| parse_bool("includeProperties", text))?;
    let words = query.text("searchString").to_lowercase();
    let found: Vec<&String> = portal.events.definitions.keys().filter(|name| name.contains(&words)).collect();
    let after = query.text("after");
    let mut page: Vec<&String> =
        found.iter().copied().filter(|name| name.as_str() > after).take(limit + 1).collect();
    let more = page.len() > limit;
    page.truncate(limit);
    let results: Vec<Value> = page.iter().map(|name| json_of(portal, name, with)).collect();
    let mut body = json!({"total": found.len(), "results": results});
    if let Some(last) = page.last().filter(|_| more) {
        body["paging"] = json!({"next": {"after": last}});
    }
    Ok(Response::json(200, &body))
}

fn json_of(portal: &Portal, name: &str, with_properties: bool) -> Value {
    let Some(own) = portal.events.definitions.get(name) else { return Value::Null };
    let property = |own: &NewProperty| {
        let name = own.name.clone().unwrap_or_else(|| name_of(&own.label));
        let field = match own.r#type.as_str() {
            "number" => "number",
            "enumeration" => "select",
            "datetime" => "date",
            _ => "text",
        };
        json!({
            "name": name, "label": own.label, "type": own.r#type, "fieldType": field, "groupName": "event",
            "description": own.description, "options": own.options,
        })
    };
    let properties: Vec<Value> = own.properties.iter().filter(|_| with_properties).map(property).collect();
    let mut body = json!({
        "id": own.id.to_string(),
        "name": name,
        "fullyQualifiedName": format!("pe{}_{name}", portal.portal_id),
        "objectTypeId": format!("6-{}", own.id),
        "labels": {"singular": own.label, "plural": own.label},
        "primaryObject": own.primary.singular,
        "archived": false,
        "associations": [],
        "properties": properties,
        "trackingType": "MANUAL",
        "createdAt": time::iso(own.created_at),
        "updatedAt": time::iso(own.updated_at),
    });
    if let Some(description) = &own.description {
        body["description"] = json!(description);
    }
    body
}

/// What occurred of one event, of those for which a record was found, the newest first. HubSpot's reference of 2026-09 asks for
/// Enterprise; which scope it takes and when occurrences are shown is unconfirmed: the one of definitions here, and at once.
fn occurrences(portal: &Portal, turn: &Turn<'_>, request: &Request) -> Result<Response, Problem> {
    if portal.settings.tier < Tier::Enterprise {
        return Err(Problem::category(403, "FORBIDDEN", "This account does not have access to occurrences."));
    }
    let query = Form::query(request);
    if let Some((name, _)) = query.iter().find(|(name, _)| !["eventType", "limit"].contains(name)) {
        return Err(not_modelled(&format!("{name} of occurrences")));
    }
    let name = query.text("eventType");
    let definition = short(portal, name).and_then(|own| portal.events.definitions.get(own));
    let Some(definition) = definition else { return Err(not_modelled("occurrences of other events")) };
    let limit = query.number("limit").unwrap_or(PAGE_LIMIT);
    let limit = page_size(limit, turn.switches, PAGE_LIMIT)?;
    let own = portal.events.taken.iter().rev().filter(|own| own.matched && own.name == name).take(limit);
    let json = |own: &Occurrence| {
        json!({
            "id": own.id,
            "eventType": own.name,
            "objectType": definition.primary.singular,
            "objectId": own.object_id,
            "occurredAt": time::iso(own.occurred_at),
            "properties": own.properties,
        })
    };
    Ok(Response::json(200, &json!({"results": own.map(json).collect::<Vec<_>>()})))
}

/// Takes occurrences, all or none.
fn take(portal: &mut Portal, turn: &Turn<'_>, app_id: u64, sent: Vec<Sent>) -> Result<Response, Problem> {
    let mut taken = Vec::with_capacity(sent.len());
    for own in sent {
        taken.push(occurrence(portal, turn, app_id, own)?);
    }
    for own in taken {
        let uuid = own.id.clone().filter(|_| turn.switches.custom_event_uuid_is_unique);
        if uuid.is_none_or(|uuid| portal.events.ids.insert((0, uuid))) {
            portal.events.taken.push(own);
        }
    }
    Ok(Response { status: 204, ..Response::default() })
}

fn occurrence(portal: &Portal, turn: &Turn<'_>, app_id: u64, sent: Sent) -> Result<Occurrence, Problem> {
    let name = &sent.event_name;
    let definition = short(portal, name).and_then(|own| portal.events.definitions.get(own));
    let definition = definition.ok_or_else(|| Problem::validation(format!("There is no event {name}.")))?;
    if sent.object_id.is_none() && sent.email.is_none() && sent.utk.is_none() {
        return Err(Problem::validation("One of objectId, email and utk is required."));
    }
    if sent.properties.len() > PROPERTY_LIMIT {
        return Err(Problem::validation(format!("An event has at most {PROPERTY_LIMIT} properties.")));
    }
    for (name, value) in &sent.properties {
        let limit = if URLS.contains(&name.as_str()) { URL_LIMIT } else { VALUE_LIMIT };
        if name.chars().count() > NAME_LIMIT || value.chars().count() > limit {
            return Err(Problem::validation(format!("The property {name} or its value is too long.")));
        }
    }
    let occurred_at = match &sent.occurred_at {
        Some(text) => time::parse(text)
            .and_then(|ms| u64::try_from(ms).ok())
            .ok_or_else(|| Problem::validation(format!("occurredAt is no time: {text}")))?,
        None => turn.now_ms,
    };
    let kind = definition.primary;
    let by_id = sent.object_id.as_deref().map(|id| id.parse().is_ok_and(|id| portal.is_live(kind, id)));
    let matched = by_id.unwrap_or_else(|| {
        let store = portal.store(&CONTACTS);
        let found = store.email_key().zip(sent.email.as_deref());
        found.is_some_and(|(key, email)| store.find_unique(key, email).is_some())
    });
    // What is not defined is dropped: 204 says no more than that the request was taken.
    let known = |name: &str| {
        let own = |property: &NewProperty| match &property.name {
            Some(own) => own == name,
            None => name_of(&property.label) == name,
        };
        definition.properties.iter().any(own) || (definition.defaults && name.starts_with("hs_"))
    };
    Ok(Occurrence {
        kind: EventKind::Custom,
        app_id,
        name: sent.event_name.clone(),
        id: sent.uuid,
        object_id: sent.object_id,
        email: sent.email,
        domain: None,
        utk: sent.utk,
        properties: sent.properties.into_iter().filter(|(name, _)| known(name)).collect(),
        occurred_at,
        received_at: turn.now_ms,
        matched,
    })
}

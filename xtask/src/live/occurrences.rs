//! Questions about custom events: one is defined for them, occurs to a contact that goes with it, and is deleted.

use hubspot_simulator::{Switches, Tier};
use serde_json::{Value, json};
use spoke::values::http::Method;

use super::{
    Finding,
    hubspot::HubSpot,
    questions,
    records::Made,
    wire::{VERSION, answer, call, get, listed, post},
};

/// The switches asked about here.
pub(super) const NAMES: [&str; 2] = [TIER, UNIQUE];
const TIER: &str = "custom_events_tier";
const UNIQUE: &str = "custom_event_uuid_is_unique";
/// Longest wait for occurrences to be shown.
const PATIENCE_MS: u64 = 180_000;
/// How long one more may come after those that must.
const REST_MS: u64 = 10_000;

/// What an account with so many calls a day pays for; increases are whole millions (`hubspot-api.md` 3.1).
fn tier(daily: u64) -> Option<Tier> {
    match daily % 1_000_000 {
        250_000 => Some(Tier::FreeOrStarter),
        625_000 => Some(Tier::Professional),
        0 => Some(Tier::Enterprise),
        _ => None,
    }
}

pub(super) fn ask(
    hubspot: &mut dyn HubSpot,
    contact: u64,
    made: &mut Made,
    found: &mut Vec<Finding>,
) -> Result<(), String> {
    let tier = questions::daily(hubspot).and_then(tier);
    let name = format!("spoke_live_{}", hubspot.now_ms());
    let definition = json!({
        "label": "Spoke live", "name": name, "primaryObject": "CONTACT", "propertyDefinitions": [],
        "includeDefaultProperties": false,
    });
    let path = format!("/events/custom/{VERSION}/event-definitions");
    let (status, body) = answer(hubspot, call(Method::Post, path, Some(&definition)));
    let name = body["fullyQualifiedName"].as_str().filter(|_| status == 201).map(str::to_owned);
    made.event.clone_from(&name);
    if name.is_none() && (status != 403 || body["category"] == "MISSING_SCOPES") {
        return Err(format!("status {status}, {}", body["category"]));
    }
    let seen = format!("status {status} of an account of {tier:?}");
    let least = match (tier, &name) {
        (Some(tier @ (Tier::FreeOrStarter | Tier::Professional)), Some(_)) => Some(tier),
        (Some(Tier::Professional), None) => Some(Tier::Enterprise),
        (_, _) => None,
    };
    found.push(match least {
        Some(least) => Finding::switch(TIER, &least, &Switches::default().custom_events_tier, &seen),
        None => Finding::open_switch(TIER, format!("{seen} does not tell: ask one of Professional")),
    });
    let name = name.ok_or("the account has no custom events")?;
    found.push(unique(hubspot, &name, contact)?);
    Ok(())
}

/// Sends one twice and another once, and counts.
fn unique(hubspot: &mut dyn HubSpot, name: &str, contact: u64) -> Result<Finding, String> {
    let begun = hubspot.now_ms();
    let event = |nth: u8| -> Value {
        let uuid = format!("spoke-live-{begun}-{nth}");
        json!({ "eventName": name, "objectId": contact.to_string(), "uuid": uuid, "properties": {} })
    };
    for nth in [1, 1, 2] {
        post(hubspot, format!("/events/custom/{VERSION}/send"), &event(nth))?;
    }
    let count = |hubspot: &mut dyn HubSpot| {
        let path = format!("/events/event-occurrences/{VERSION}?eventType={name}&limit=10");
        get(hubspot, path).map(|page| listed(&page, "results").len())
    };
    while count(hubspot)? < 2 {
        if hubspot.now_ms() - begun > PATIENCE_MS {
            return Ok(Finding::open_switch(UNIQUE, format!("not shown within {PATIENCE_MS} ms")));
        }
        hubspot.wait_ms(5_000);
    }
    hubspot.wait_ms(REST_MS);
    let shown = count(hubspot)?;
    let seen = format!("{shown} shown of three, two of which have the same");
    Ok(Finding::switch(UNIQUE, &(shown == 2), &Switches::default().custom_event_uuid_is_unique, &seen))
}

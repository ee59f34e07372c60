//! Questions about properties: a group and a property of contacts are made for them, and go with them.

use hubspot_simulator::{Switches, switches::PropertyCreation};
use serde_json::{Value, json};
use spoke::values::http::Method;

use super::{
    Finding,
    hubspot::HubSpot,
    records::{Made, known_after},
    wire::{VERSION, answer, call},
};

/// The switches asked about here.
pub(super) const NAMES: [&str; 2] = ["property_creation", "writes_know_property_after_ms"];
/// What the contact has of the property afterwards.
pub(super) const VALUE: &str = "5";

/// What the account answers to something new; `None`: it has it.
fn refusal((status, body): (u16, Value)) -> Result<Option<PropertyCreation>, String> {
    let category = body["category"].as_str().unwrap_or("no category");
    match status {
        201 => Ok(None),
        403 if category != "MISSING_SCOPES" => Ok(Some(PropertyCreation::Forbidden)),
        400 => Ok(Some(PropertyCreation::Exhausted)),
        _ => Err(format!("status {status}, {category}")),
    }
}

/// Asks them, with a contact that gets a value.
pub(super) fn ask(
    hubspot: &mut dyn HubSpot,
    contact: u64,
    made: &mut Made,
    found: &mut Vec<Finding>,
) -> Result<(), String> {
    let assumed = Switches::default();
    let name = format!("spoke_live_{}", hubspot.now_ms());
    let path = format!("/crm/properties/{VERSION}/contacts");
    let group = json!({ "name": name, "label": "Spoke live" });
    let group = call(Method::Post, format!("{path}/groups"), Some(&group));
    let mut refused = refusal(answer(hubspot, group))?;
    if refused.is_none() {
        made.group = Some(name.clone());
        let property = json!({
            "name": name, "label": "Spoke live", "type": "number", "fieldType": "number", "groupName": name,
        });
        refused = refusal(answer(hubspot, call(Method::Post, path, Some(&property))))?;
    }
    let came = refused.unwrap_or(PropertyCreation::Allowed);
    found.push(Finding::switch("property_creation", &came, &assumed.property_creation, ""));
    if refused.is_some() {
        return Err("no property could be made".to_owned());
    }
    made.property = Some(name.clone());
    let known = known_after(hubspot, |hubspot| {
        let path = format!("/crm/objects/{VERSION}/contacts/{contact}");
        let write = json!({ "properties": { (name.as_str()): VALUE } });
        let (status, body) = answer(hubspot, call(Method::Patch, path, Some(&write)));
        match status {
            200 => Ok(true),
            400 if body.to_string().contains("PROPERTY_DOESNT_EXIST") => Ok(false),
            _ => Err(format!("status {status}")),
        }
    })?;
    let assumed = assumed.writes_know_property_after_ms;
    found.push(Finding::span("writes_know_property_after_ms", known, assumed, "one contact"));
    Ok(())
}

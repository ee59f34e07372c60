//! Questions about associations, of a contact and of a crowd of them to a company that is made for it.

use hubspot_simulator::Switches;
use serde_json::{Value, json};
use spoke::values::http::Method;

use super::{
    Finding,
    hubspot::HubSpot,
    records::Made,
    wire::{BATCH, VERSION, call, create, listed, post, read, status, success},
};

/// The switches asked about here.
pub(super) const NAMES: [&str; 5] = [
    "first_company_becomes_primary",
    "association_ids_are_numbers",
    REPLACES,
    "association_archive_is_204",
    PAGE,
];
/// Types of a link of a contact to a company (`hubspot-api.md` 4.8).
const PRIMARY: u64 = 1;
const UNLABELLED: u64 = 279;
const REPLACES: &str = "association_batch_create_replaces";
const PAGE: &str = "association_batch_page";

/// What a contact is linked to: the first of it, and by which types.
fn links(hubspot: &mut dyn HubSpot, contact: u64) -> Result<(Value, Vec<u64>), String> {
    let path = format!("/crm/associations/{VERSION}/contacts/companies/batch/read");
    let links = post(hubspot, path, &json!({ "inputs": [{ "id": contact.to_string() }] }))?;
    let to = links["results"][0]["to"][0].clone();
    let types = listed(&to, "associationTypes").iter().filter_map(|kind| kind["typeId"].as_u64()).collect();
    Ok((to, types))
}

pub(super) fn ask(
    hubspot: &mut dyn HubSpot,
    contact: u64,
    made: &mut Made,
    found: &mut Vec<Finding>,
) -> Result<(), String> {
    let assumed = Switches::default();
    let company = create(hubspot, "companies", &json!({ "name": "Spoke Live" }))?;
    made.records.push(("companies", company));
    let before = read(hubspot, contact, false, "")?["updatedAt"].clone();
    let path = format!("/crm/objects/{VERSION}/contacts/{contact}/associations/default/companies/{company}");
    success(hubspot, call(Method::Put, path, None))?;
    let (to, types) = links(hubspot, contact)?;
    let primary = types.contains(&PRIMARY);
    found.push(Finding::switch(
        "first_company_becomes_primary",
        &primary,
        &assumed.first_company_becomes_primary,
        &format!("{} types of association", types.len()),
    ));
    found.push(Finding::switch(
        "association_ids_are_numbers",
        &to["toObjectId"].is_number(),
        &assumed.association_ids_are_numbers,
        "",
    ));
    let after = read(hubspot, contact, false, "")?["updatedAt"].clone();
    found.push(Finding::new("an association does not count as a modification", before == after, ""));
    let mut seen = Vec::new();
    for kind in [PRIMARY, UNLABELLED] {
        let path = format!("/crm/associations/{VERSION}/contacts/companies/batch/create");
        let inputs = json!({ "inputs": [{
            "from": { "id": contact.to_string() }, "to": { "id": company.to_string() },
            "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind }],
        }] });
        post(hubspot, path, &inputs)?;
        seen.push(links(hubspot, contact)?.1);
    }
    let told = format!("made primary: types {:?}; made unlabelled: {:?}", seen[0], seen[1]);
    found.push(if seen[0].contains(&PRIMARY) {
        let replaces = !seen[1].contains(&PRIMARY);
        Finding::switch(REPLACES, &replaces, &assumed.association_batch_create_replaces, &told)
    } else {
        Finding::open_switch(REPLACES, told)
    });
    let path = format!("/crm/associations/{VERSION}/contacts/companies/batch/archive");
    let inputs = json!({
        "inputs": [{ "from": { "id": contact.to_string() }, "to": [{ "id": company.to_string() }] }]
    });
    let status = status(hubspot, call(Method::Post, path, Some(&inputs)));
    found.push(Finding::switch(
        "association_archive_is_204",
        &(status == 204),
        &assumed.association_archive_is_204,
        &format!("status {status}"),
    ));
    found.push(page(hubspot, company, &made.crowd)?);
    Ok(())
}

/// Links the crowd to the company, and reads these links in one call.
fn page(hubspot: &mut dyn HubSpot, company: u64, crowd: &[u64]) -> Result<Finding, String> {
    for some in crowd.chunks(BATCH) {
        let link = |contact: &u64| json!({ "from": { "id": contact.to_string() }, "to": { "id": company.to_string() } });
        let inputs: Vec<Value> = some.iter().map(link).collect();
        let path = format!("/crm/associations/{VERSION}/contacts/companies/batch/associate/default");
        post(hubspot, path, &json!({ "inputs": inputs }))?;
    }
    let path = format!("/crm/associations/{VERSION}/companies/contacts/batch/read");
    let links = post(hubspot, path, &json!({ "inputs": [{ "id": company.to_string() }] }))?;
    let shown = listed(&links["results"][0], "to").len();
    let seen = format!("of {} links", crowd.len());
    Ok(Finding::switch(PAGE, &shown, &Switches::default().association_batch_page, &seen))
}

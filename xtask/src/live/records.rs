//! Questions that HubSpot's documentation leaves open, each a switch of the simulator, asked of an account.

use hubspot_simulator::{
    Switches,
    switches::{ListAfter, MergedId, OverLimit},
};
use serde_json::{Value, json};
use spoke::{
    hubspot::{VERSION, objects, pipelines},
    values::{
        http::{Body, Method, Outcome, Request, Response},
        ids::{ObjectType, RecordId},
        time::Timestamp,
    },
};

use super::{Finding, contract::success, hubspot::HubSpot, lists};

const KIND: ObjectType = ObjectType::Contacts;
/// The greatest id a JSON number holds exactly; nobody's record.
pub(super) const NOBODY: RecordId = RecordId((1 << 53) - 1);
/// Lengths of path and query tried, bytes. Spoke sends up to 6,000.
const LENGTHS: [usize; 4] = [6_000, 8_000, 16_000, 32_000];
/// Longest wait for search to show what was made.
const PATIENCE_MS: u64 = 180_000;
/// Records made.
const MADE: usize = 4;
/// Types of a link of a contact to a company (`hubspot-api.md` 4.8).
const PRIMARY: u64 = 1;
const UNLABELLED: u64 = 279;
const REPLACES: &str = "association_batch_create_replaces";

pub(super) fn call(method: Method, path: String, body: Option<&Value>) -> Request {
    let body = body.map_or(Body::Empty, |body| Body::Json(body.to_string()));
    Request { method, path, bearer: None, body }
}

pub(super) fn status(hubspot: &mut dyn HubSpot, request: Request) -> u16 {
    if let Outcome::Answered(answer) = hubspot.send(request) { answer.status } else { 0 }
}

pub(super) fn json_of(answer: &Response) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn ids(page: &Value) -> Vec<u64> {
    let results = page["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    results.iter().filter_map(|record| record["id"].as_str()?.parse().ok()).collect()
}

/// What can be asked without making anything.
pub fn ask_reading(hubspot: &mut dyn HubSpot) -> Vec<Finding> {
    vec![list_after(hubspot), over_limit(hubspot), url_limit(hubspot), sorting(hubspot)]
}

fn list_after(hubspot: &mut dyn HubSpot) -> Finding {
    const NAME: &str = "list_after";
    let open = |why: String| Finding::open(&format!("switch `{NAME}`"), why);
    let page = |hubspot: &mut dyn HubSpot, after: &str| {
        let path = format!("/crm/objects/{VERSION}/contacts?limit=2{after}");
        success(hubspot, call(Method::Get, path, None)).map(|answer| json_of(&answer))
    };
    let first = match page(hubspot, "") {
        Ok(first) => first,
        Err(why) => return open(why),
    };
    let Some(after) = first["paging"]["next"]["after"].as_str().map(str::to_owned) else {
        return open("the account has too few contacts for a second page".to_owned());
    };
    let Ok(second) = page(hubspot, &format!("&after={after}")) else {
        return open("no second page".to_owned());
    };
    let (first, second) = (ids(&first), ids(&second));
    let (Some(last), Some(next)) = (first.last().copied(), second.first().copied()) else {
        return open("an empty page".to_owned());
    };
    // A cursor of one's own: honoured only if it is an id.
    let own = page(hubspot, &format!("&after={}", next + 1)).map(|page| ids(&page));
    let honoured = own.as_ref().is_ok_and(|ids| ids.first().is_none_or(|id| *id > next));
    let found = match after.parse::<u64>() {
        Ok(id) if id == last && honoured => ListAfter::ExclusiveId,
        Ok(id) if id > last && id <= next && honoured => ListAfter::InclusiveId,
        _ => ListAfter::Opaque,
    };
    let seen = format!("a cursor of one's own is honoured: {honoured}");
    Finding::switch(NAME, &found, &Switches::default().list_after, &seen)
}

fn over_limit(hubspot: &mut dyn HubSpot) -> Finding {
    let path = format!("/crm/objects/{VERSION}/contacts?limit=101");
    let status = status(hubspot, call(Method::Get, path, None));
    let found = if status == 200 { OverLimit::Clamped } else { OverLimit::Refused };
    Finding::switch("over_limit", &found, &Switches::default().over_limit, &format!("status {status}"))
}

fn url_limit(hubspot: &mut dyn HubSpot) -> Finding {
    let mut passed = 0;
    let mut refused = None;
    for length in LENGTHS {
        let mut path = format!("/crm/objects/{VERSION}/contacts?limit=1&properties=email");
        while path.len() + ",email".len() <= length {
            path.push_str(",email");
        }
        match status(hubspot, call(Method::Get, path, None)) {
            200 => passed = length,
            status => {
                refused = Some((length, status));
                break;
            }
        }
    }
    let seen = format!("{passed} bytes pass, first refused: {refused:?}; Spoke sends up to {}", LENGTHS[0]);
    Finding::new("switch `url_limit_bytes`", passed >= LENGTHS[0], seen)
}

/// Whether ids are sorted as text shows where the account's have different lengths.
fn sorting(hubspot: &mut dyn HubSpot) -> Finding {
    const NAME: &str = "search_sorts_ids_as_text";
    let request = objects::search_modified(KIND, Timestamp(0), objects::IdRange::default());
    let answer = match success(hubspot, request) {
        Ok(answer) => ids(&json_of(&answer)),
        Err(why) => return Finding::open(&format!("switch `{NAME}`"), why),
    };
    let lengths =
        |ids: &[u64]| ids.iter().map(|id| id.to_string().len()).collect::<std::collections::BTreeSet<_>>();
    if lengths(&answer).len() < 2 {
        let why = "the ids on a page of search have the same number of digits";
        return Finding::open(&format!("switch `{NAME}`"), why);
    }
    let as_text = answer.windows(2).any(|pair| pair[0] > pair[1]);
    Finding::switch(NAME, &as_text, &Switches::default().search_sorts_ids_as_text, "")
}

/// Records made for the questions, to be archived at the end.
#[derive(Default)]
pub(super) struct Made {
    contacts: Vec<u64>,
    companies: Vec<u64>,
    deals: Vec<u64>,
    /// Contacts of the list.
    pub(super) crowd: Vec<u64>,
    pub(super) list: Option<u64>,
}

/// What needs records: makes a few, asks, archives them whatever came out.
pub fn ask_with_records(hubspot: &mut dyn HubSpot) -> Vec<Finding> {
    let mut made = Made::default();
    let mut found = Vec::new();
    if let Err(why) = with_records(hubspot, &mut made, &mut found) {
        found.push(Finding::open("the rest of the questions with records", why));
    }
    found.push(clean(hubspot, &made));
    found
}

fn create(hubspot: &mut dyn HubSpot, kind: ObjectType, properties: &Value) -> Result<u64, String> {
    let path = format!("/crm/objects/{VERSION}/{kind}");
    let answer = success(hubspot, call(Method::Post, path, Some(&json!({ "properties": properties }))))?;
    json_of(&answer)["id"].as_str().and_then(|id| id.parse().ok()).ok_or_else(|| "no id".to_owned())
}

fn with_records(hubspot: &mut dyn HubSpot, made: &mut Made, found: &mut Vec<Finding>) -> Result<(), String> {
    let assumed = Switches::default();
    let nameless = create(hubspot, KIND, &json!({}));
    made.contacts.extend(nameless.as_ref().ok());
    let seen = nameless.as_ref().err().cloned().unwrap_or_default();
    found.push(Finding::switch(
        "contact_needs_a_name_or_email",
        &nameless.is_err(),
        &assumed.contact_needs_a_name_or_email,
        &seen,
    ));
    let begun = hubspot.now_ms();
    for number in 0..MADE {
        let email = format!("spoke-live-{begun}-{number}@example.com");
        made.contacts.push(create(
            hubspot,
            KIND,
            &json!({ "email": email, "firstname": "Spoke", "lastname": "Live" }),
        )?);
    }
    let contacts = made.contacts[made.contacts.len() - MADE..].to_vec();
    let lower = contacts.windows(2).any(|pair| pair[0] > pair[1]);
    found.push(Finding::switch("new_ids_out_of_order", &lower, &assumed.new_ids_out_of_order, "of four"));
    found.push(lag(hubspot, &contacts, begun));
    let path = format!("/crm/objects/{VERSION}/contacts/{NOBODY}");
    let unknown = status(hubspot, call(Method::Delete, path, None));
    let seen = format!("status {unknown}");
    found.push(Finding::switch(
        "archive_unknown_is_404",
        &(unknown == 404),
        &assumed.archive_unknown_is_404,
        &seen,
    ));
    archiving(hubspot, contacts[2], found)?;
    associations(hubspot, contacts[3], made, found)?;
    merging(hubspot, contacts[0], contacts[1], made, found)?;
    // Each of these may lack a scope of its own.
    if let Err(why) = lists::ask(hubspot, contacts[3], made, found) {
        found.push(Finding::open("the rest of the questions about lists", why));
    }
    if let Err(why) = merging_deals(hubspot, made, found) {
        found.push(Finding::open("switch `deal_merge_keeps_primary_id`", why));
    }
    Ok(())
}

/// How late search is.
fn lag(hubspot: &mut dyn HubSpot, contacts: &[u64], begun: u64) -> Finding {
    const ASKED: &str = "search shows new records within the time assumed";
    let most = Switches::default().search_lag_max_ms;
    let range = objects::IdRange {
        above: contacts.iter().min().map(|id| RecordId(id - 1)),
        up_to: contacts.iter().max().map(|id| RecordId(*id)),
    };
    while hubspot.now_ms() - begun < PATIENCE_MS {
        let shown = success(hubspot, objects::search_modified(KIND, Timestamp(0), range))
            .map(|answer| ids(&json_of(&answer)));
        if shown.is_ok_and(|shown| contacts.iter().all(|id| shown.contains(id))) {
            let took = hubspot.now_ms() - begun;
            return Finding::new(ASKED, took <= most, format!("after {took} ms (assumed: up to {most})"));
        }
        hubspot.wait_ms(1_000);
    }
    Finding::new(ASKED, false, format!("not all within {PATIENCE_MS} ms"))
}

fn read(hubspot: &mut dyn HubSpot, id: u64, archived: bool) -> Result<Value, String> {
    let path = format!("/crm/objects/{VERSION}/contacts/{id}?archived={archived}");
    success(hubspot, call(Method::Get, path, None)).map(|answer| json_of(&answer))
}

fn archiving(hubspot: &mut dyn HubSpot, id: u64, found: &mut Vec<Finding>) -> Result<(), String> {
    let before = read(hubspot, id, false)?["updatedAt"].clone();
    success(hubspot, call(Method::Delete, format!("/crm/objects/{VERSION}/contacts/{id}"), None))?;
    let gone = read(hubspot, id, false);
    let asked = "an archived record is not found where archived ones are not asked for";
    found.push(Finding::new(asked, gone == Err("status 404".to_owned()), format!("{:?}", gone.err())));
    let after = read(hubspot, id, true).map(|record| record["updatedAt"].clone());
    let same = after.as_ref().is_ok_and(|after| *after == before);
    found.push(Finding::new("archiving does not count as a modification", same, ""));
    let why = "records are restored in HubSpot's pages only: restore one of them there and see whether its date moves";
    found.push(Finding::open("switch `restore_bumps_modified`", why));
    Ok(())
}

fn associations(
    hubspot: &mut dyn HubSpot,
    contact: u64,
    made: &mut Made,
    found: &mut Vec<Finding>,
) -> Result<(), String> {
    let assumed = Switches::default();
    let company = create(hubspot, ObjectType::Companies, &json!({ "name": "Spoke Live" }))?;
    made.companies.push(company);
    let before = read(hubspot, contact, false)?["updatedAt"].clone();
    let path = format!("/crm/objects/{VERSION}/contacts/{contact}/associations/default/companies/{company}");
    success(hubspot, call(Method::Put, path, None))?;
    let links = |hubspot: &mut dyn HubSpot| -> Result<(Value, Vec<u64>), String> {
        let path = format!("/crm/associations/{VERSION}/contacts/companies/batch/read");
        let inputs = json!({ "inputs": [{ "id": contact.to_string() }] });
        let links = json_of(&success(hubspot, call(Method::Post, path, Some(&inputs)))?);
        let to = links["results"][0]["to"][0].clone();
        let types = to["associationTypes"].as_array().into_iter().flatten();
        let types = types.filter_map(|kind| kind["typeId"].as_u64()).collect();
        Ok((to, types))
    };
    let (to, types) = links(hubspot)?;
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
    let after = read(hubspot, contact, false)?["updatedAt"].clone();
    found.push(Finding::new("an association does not count as a modification", before == after, ""));
    let mut seen = Vec::new();
    for kind in [PRIMARY, UNLABELLED] {
        let path = format!("/crm/associations/{VERSION}/contacts/companies/batch/create");
        let inputs = json!({ "inputs": [{
            "from": { "id": contact.to_string() }, "to": { "id": company.to_string() },
            "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind }],
        }] });
        success(hubspot, call(Method::Post, path, Some(&inputs)))?;
        seen.push(links(hubspot)?.1);
    }
    let told = format!("made primary: types {:?}; made unlabelled: {:?}", seen[0], seen[1]);
    found.push(if seen[0].contains(&PRIMARY) {
        let replaces = !seen[1].contains(&PRIMARY);
        Finding::switch(REPLACES, &replaces, &assumed.association_batch_create_replaces, &told)
    } else {
        Finding::open(&format!("switch `{REPLACES}`"), told)
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
    Ok(())
}

fn merging(
    hubspot: &mut dyn HubSpot,
    primary: u64,
    other: u64,
    made: &mut Made,
    found: &mut Vec<Finding>,
) -> Result<(), String> {
    let path = format!("/crm/objects/{VERSION}/contacts/merge");
    let pair = json!({ "primaryObjectId": primary.to_string(), "objectIdToMerge": other.to_string() });
    let merged = json_of(&success(hubspot, call(Method::Post, path, Some(&pair)))?);
    let merged: u64 = merged["id"].as_str().and_then(|id| id.parse().ok()).ok_or("a merge names no id")?;
    made.contacts.push(merged);
    let new = merged != primary && merged != other;
    found.push(Finding::new("merged contacts get a new id", new, ""));
    let alone =
        read(hubspot, other, false).map(|record| record["id"].as_str().map(str::parse) == Some(Ok(merged)));
    let asked = "an id that was merged away leads to the record it became, read alone";
    found.push(Finding::new(asked, alone == Ok(true), format!("{alone:?}")));
    let request = objects::batch_read(KIND, &[RecordId(other)], &["email".to_owned()]);
    let answer = success(hubspot, request)?;
    let batch = objects::parse_batch(&answer.body).map_err(|malformed| malformed.to_string())?;
    let how = if batch.missing.contains(&RecordId(other)) {
        MergedId::NotFound
    } else if batch.records.is_empty() {
        MergedId::Omitted
    } else {
        MergedId::Resolved
    };
    let assumed = Switches::default().batch_read_merged;
    found.push(Finding::switch("batch_read_merged", &how, &assumed, &format!("status {}", answer.status)));
    Ok(())
}

fn merging_deals(hubspot: &mut dyn HubSpot, made: &mut Made, found: &mut Vec<Finding>) -> Result<(), String> {
    const DEALS: ObjectType = ObjectType::Deals;
    let answer = success(hubspot, pipelines::list(DEALS))?;
    let all = pipelines::parse(&answer.body).map_err(|malformed| malformed.to_string())?;
    let pipeline = all.first().ok_or("there is no pipeline")?;
    let stage = pipeline.stages.first().ok_or("the pipeline has no stage")?;
    let deal = json!({ "dealname": "Spoke Live", "pipeline": pipeline.id, "dealstage": stage.id });
    for _ in 0..2 {
        made.deals.push(create(hubspot, DEALS, &deal)?);
    }
    let (primary, other) = (made.deals[0], made.deals[1]);
    let path = format!("/crm/objects/{VERSION}/deals/merge");
    let pair = json!({ "primaryObjectId": primary.to_string(), "objectIdToMerge": other.to_string() });
    let merged = json_of(&success(hubspot, call(Method::Post, path, Some(&pair)))?);
    let merged: u64 = merged["id"].as_str().and_then(|id| id.parse().ok()).ok_or("a merge names no id")?;
    made.deals.push(merged);
    found.push(Finding::switch(
        "deal_merge_keeps_primary_id",
        &(merged == primary),
        &Switches::default().deal_merge_keeps_primary_id,
        "",
    ));
    Ok(())
}

/// Archives what was made. What was merged away or archived already is not there any more.
fn clean(hubspot: &mut dyn HubSpot, made: &Made) -> Finding {
    let all =
        [(KIND, &made.contacts), (ObjectType::Companies, &made.companies), (ObjectType::Deals, &made.deals)];
    let gone = lists::clean(hubspot, made);
    let mut left = Vec::new();
    for (kind, ids) in all {
        for id in ids {
            let path = || format!("/crm/objects/{VERSION}/{kind}/{id}");
            if status(hubspot, call(Method::Get, path(), None)) != 404 {
                let archived = status(hubspot, call(Method::Delete, path(), None));
                if archived != 204 {
                    left.push(*id);
                }
            }
        }
    }
    let count = made.contacts.len() + made.companies.len() + made.deals.len() + made.crowd.len();
    Finding::new(
        "every record made here is archived again, and the list deleted",
        left.is_empty() && gone,
        format!("{count} made, left: {left:?}; list and its contacts gone: {gone}"),
    )
}

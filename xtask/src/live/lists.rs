//! Questions about lists that HubSpot's documentation leaves open: a list and a crowd of contacts are made for them, and go with them.

use std::collections::BTreeSet;

use hubspot_simulator::Switches;
use serde_json::{Value, json};
use spoke::{
    hubspot::{VERSION, lists, objects},
    values::{
        http::Method,
        ids::{ListId, ObjectType, RecordId},
    },
};

use super::{
    Finding,
    contract::success,
    hubspot::HubSpot,
    questions::{Made, NOBODY, call, json_of, status},
};

const KIND: ObjectType = ObjectType::Contacts;
/// Contacts made: more than a page of members is known to have.
const CROWD: usize = lists::MEMBERS + 10;
/// Records one call makes or archives.
const BATCH: usize = objects::BATCH_LIMIT;
/// Numbers of members tried in one call. Nobody has these ids, so nothing changes.
const AT_ONCE: [usize; 6] = [100, 250, 500, 1_000, 2_000, 10_000];
/// Longest wait for a search of lists to show who was added.
const PATIENCE_MS: u64 = 60_000;

/// Asks them; `contact` was made for questions.
pub(super) fn ask(
    hubspot: &mut dyn HubSpot,
    contact: u64,
    made: &mut Made,
    found: &mut Vec<Finding>,
) -> Result<(), String> {
    let assumed = Switches::default();
    let name = format!("Spoke Live {}", hubspot.now_ms());
    let new = json!({ "name": name, "objectTypeId": "0-1", "processingType": "MANUAL" });
    let path = format!("/crm/lists/{VERSION}");
    let list = json_of(&success(hubspot, call(Method::Post, path, Some(&new)))?)["list"]["listId"].clone();
    let list = list.as_u64().or_else(|| list.as_str()?.parse().ok()).ok_or("a new list has no id")?;
    made.list = Some(list);
    let version = |hubspot: &mut dyn HubSpot| -> Result<Option<i64>, String> {
        let answer = success(hubspot, lists::one(ListId(list)))?;
        Ok(lists::parse_one(&answer.body).map_err(|malformed| malformed.to_string())?.facts.version)
    };
    let before = version(hubspot)?;
    add(hubspot, list, &[contact])?;
    let after = version(hubspot)?;
    found.push(Finding::switch(
        "list_version_counts_members",
        &(before != after),
        &assumed.list_version_counts_members,
        "one joined",
    ));
    found.push(times(hubspot, list));
    let at_once = at_once(hubspot, list, found);
    crowd(hubspot, made)?;
    for some in made.crowd.chunks(at_once.clamp(1, BATCH)) {
        add(hubspot, list, some)?;
    }
    found.push(page(hubspot, list)?);
    found.push(order(hubspot, list, contact)?);
    let why = "records are restored in HubSpot's pages only: restore one of a list there and see whether it is back on it";
    found.push(Finding::open("switch `restore_rejoins_lists`", why));
    Ok(())
}

/// Puts records on the list.
fn add(hubspot: &mut dyn HubSpot, list: u64, ids: &[u64]) -> Result<(), String> {
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    let path = format!("/crm/lists/{VERSION}/{list}/memberships/add");
    success(hubspot, call(Method::Put, path, Some(&json!(ids)))).map(drop)
}

fn times(hubspot: &mut dyn HubSpot, list: u64) -> Finding {
    const NAME: &str = "list_search_tells_times";
    let begun = hubspot.now_ms();
    loop {
        let page = success(hubspot, lists::some(&[ListId(list)])).ok();
        let page = page.and_then(|answer| lists::parse(&answer.body).ok());
        let facts = page.and_then(|page| page.lists.into_iter().next()).map(|list| list.facts);
        if let Some(facts) = facts.filter(|facts| facts.size == Some(1)) {
            let told = facts.added_at.is_some();
            return Finding::switch(NAME, &told, &Switches::default().list_search_tells_times, "one joined");
        }
        if hubspot.now_ms() - begun > PATIENCE_MS {
            let why = format!("the search does not show who joined within {PATIENCE_MS} ms");
            return Finding::open(&format!("switch `{NAME}`"), why);
        }
        hubspot.wait_ms(2_000);
    }
}

/// The most of [`AT_ONCE`] that one call takes.
fn at_once(hubspot: &mut dyn HubSpot, list: u64, found: &mut Vec<Finding>) -> usize {
    let (mut passed, mut refused) = (0, None);
    for count in AT_ONCE {
        let ids: Vec<String> = (0..count as u64).map(|nth| (NOBODY.0 - nth).to_string()).collect();
        let path = format!("/crm/lists/{VERSION}/{list}/memberships/add");
        match status(hubspot, call(Method::Put, path, Some(&json!(ids)))) {
            200 => passed = count,
            status => {
                refused = Some((count, status));
                break;
            }
        }
    }
    let seen = format!("of {AT_ONCE:?}; first refused: {refused:?}");
    found.push(Finding::switch(
        "list_members_per_call",
        &passed,
        &Switches::default().list_members_per_call,
        &seen,
    ));
    passed
}

/// Makes contacts, a hundred a call.
fn crowd(hubspot: &mut dyn HubSpot, made: &mut Made) -> Result<(), String> {
    let begun = hubspot.now_ms();
    while made.crowd.len() < CROWD {
        let left = (CROWD - made.crowd.len()).min(BATCH);
        let one = |nth: usize| json!({ "properties": { "email": format!("spoke-live-{begun}-crowd-{nth}@example.com") } });
        let inputs: Vec<Value> = (0..left).map(|nth| one(made.crowd.len() + nth)).collect();
        let path = format!("/crm/objects/{VERSION}/{KIND}/batch/create");
        let answer =
            json_of(&success(hubspot, call(Method::Post, path, Some(&json!({ "inputs": inputs }))))?);
        let ids = answer["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        let before = made.crowd.len();
        made.crowd.extend(ids.iter().filter_map(|record| record["id"].as_str()?.parse::<u64>().ok()));
        if made.crowd.len() == before {
            return Err("a batch made no contacts".to_owned());
        }
    }
    Ok(())
}

/// Ids on a page of so many.
fn some(hubspot: &mut dyn HubSpot, list: u64, limit: usize) -> Result<usize, String> {
    let path = format!("/crm/lists/{VERSION}/{list}/memberships?limit={limit}");
    let page = json_of(&success(hubspot, call(Method::Get, path, None))?);
    Ok(page["results"].as_array().map_or(0, Vec::len))
}

fn page(hubspot: &mut dyn HubSpot, list: u64) -> Result<Finding, String> {
    let asked = some(hubspot, list, lists::MEMBERS)?;
    let more = some(hubspot, list, CROWD);
    let most = more.as_ref().map_or(asked, |more| asked.max(*more));
    let seen = format!("{asked} of {} asked for; of {CROWD}: {more:?}", lists::MEMBERS);
    Ok(Finding::switch("list_member_page", &most, &Switches::default().list_member_page, &seen))
}

/// The account's oldest contact joins for this question, where its id is of another length.
fn order(hubspot: &mut dyn HubSpot, list: u64, contact: u64) -> Result<Finding, String> {
    const NAME: &str = "list_members_sort_as_text";
    let digits = |id: u64| id.to_string().len();
    let answer = success(hubspot, objects::list_ids(KIND, None))?;
    let page = objects::parse_page(&answer.body).map_err(|malformed| malformed.to_string())?;
    let other = page.records.iter().map(|record| record.id.0).find(|id| digits(*id) != digits(contact));
    let Some(other) = other else {
        let why = "the account's first contacts have ids of as many digits as new ones";
        return Ok(Finding::open(&format!("switch `{NAME}`"), why));
    };
    add(hubspot, list, &[other])?;
    let (mut all, mut after): (Vec<RecordId>, _) = (Vec::new(), None::<String>);
    loop {
        let answer = success(hubspot, lists::members(ListId(list), after.as_deref()))?;
        let page = lists::parse_members(&answer.body, after.is_none());
        let page = page.map_err(|malformed| malformed.to_string())?;
        all.extend(page.ids);
        if page.after.is_none() || all.len() > 2 * CROWD {
            break;
        }
        after = page.after;
    }
    let lengths: BTreeSet<usize> = all.iter().map(|id| digits(id.0)).collect();
    let as_text = all.windows(2).any(|pair| pair[0] > pair[1]);
    let seen = format!("{} members with ids of {lengths:?} digits", all.len());
    Ok(Finding::switch(NAME, &as_text, &Switches::default().list_members_sort_as_text, &seen))
}

/// Removes the list and archives the crowd; whether both are gone.
pub(super) fn clean(hubspot: &mut dyn HubSpot, made: &Made) -> bool {
    let mut gone = true;
    if let Some(list) = made.list {
        gone &= status(hubspot, call(Method::Delete, format!("/crm/lists/{VERSION}/{list}"), None)) == 204;
    }
    for some in made.crowd.chunks(BATCH) {
        let inputs: Vec<Value> = some.iter().map(|id| json!({ "id": id.to_string() })).collect();
        let path = format!("/crm/objects/{VERSION}/{KIND}/batch/archive");
        gone &= status(hubspot, call(Method::Post, path, Some(&json!({ "inputs": inputs })))) == 204;
    }
    gone
}

//! Questions about lists that HubSpot's documentation leaves open: a list is made for them, and goes with them; a crowd of contacts
//! that were made joins it.

use std::collections::BTreeSet;

use hubspot_simulator::Switches;
use serde_json::{Value, json};
use spoke::values::http::Method;

use super::{
    Finding,
    hubspot::HubSpot,
    records::{CROWD, Made},
    wire::{BATCH, NOBODY, VERSION, call, get, ids, listed, number, post, status, success},
};

/// The switches asked about here.
pub(super) const NAMES: [&str; 5] = [
    "list_version_counts_members",
    "list_search_tells_times",
    "list_members_per_call",
    "list_member_page",
    "list_members_sort_as_text",
];
/// Members asked for on a page: the most that the older API gives.
const PAGE: usize = 250;
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
    let list = post(hubspot, format!("/crm/lists/{VERSION}"), &new)?;
    let list = number(&list["list"]["listId"]).ok_or("a new list has no id")?;
    made.list = Some(list);
    let version = |hubspot: &mut dyn HubSpot| {
        get(hubspot, format!("/crm/lists/{VERSION}/{list}"))
            .map(|answer| answer["list"]["listVersion"].clone())
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
    if made.crowd.len() < CROWD {
        return Err("there is no crowd".to_owned());
    }
    for some in made.crowd.chunks(at_once.clamp(1, BATCH)) {
        add(hubspot, list, some)?;
    }
    found.push(page(hubspot, list)?);
    found.push(order(hubspot, list, contact)?);
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
    let asked = json!({
        "listIds": [list.to_string()], "count": 1, "offset": 0,
        "additionalProperties": ["hs_list_size", "hs_last_record_added_at"],
    });
    loop {
        let page = post(hubspot, format!("/crm/lists/{VERSION}/search"), &asked).unwrap_or_default();
        let own = &page["lists"][0];
        let more = &own["additionalProperties"];
        if number(&own["size"]).or_else(|| number(&more["hs_list_size"])) == Some(1) {
            let told = !more["hs_last_record_added_at"].is_null();
            return Finding::switch(NAME, &told, &Switches::default().list_search_tells_times, "one joined");
        }
        if hubspot.now_ms() - begun > PATIENCE_MS {
            let why = format!("the search does not show who joined within {PATIENCE_MS} ms");
            return Finding::open_switch(NAME, why);
        }
        hubspot.wait_ms(2_000);
    }
}

/// The most of [`AT_ONCE`] that one call takes.
fn at_once(hubspot: &mut dyn HubSpot, list: u64, found: &mut Vec<Finding>) -> usize {
    let (mut passed, mut refused) = (0, None);
    for count in AT_ONCE {
        let ids: Vec<String> = (0..count as u64).map(|nth| (NOBODY - nth).to_string()).collect();
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
    let assumed = Switches::default().list_members_per_call;
    found.push(Finding::switch("list_members_per_call", &passed, &assumed, &seen));
    passed
}

/// A page of members of so many.
fn members(hubspot: &mut dyn HubSpot, list: u64, limit: usize, after: &str) -> Result<Value, String> {
    get(hubspot, format!("/crm/lists/{VERSION}/{list}/memberships?limit={limit}{after}"))
}

fn page(hubspot: &mut dyn HubSpot, list: u64) -> Result<Finding, String> {
    let count = |page: Value| listed(&page, "results").len();
    let asked = members(hubspot, list, PAGE, "").map(count)?;
    let more = members(hubspot, list, CROWD, "").map(count);
    let most = more.as_ref().map_or(asked, |more| asked.max(*more));
    let seen = format!("{asked} of {PAGE} asked for; of {CROWD}: {more:?}");
    Ok(Finding::switch("list_member_page", &most, &Switches::default().list_member_page, &seen))
}

/// The account's oldest contact joins for this question, where its id is of another length.
fn order(hubspot: &mut dyn HubSpot, list: u64, contact: u64) -> Result<Finding, String> {
    const NAME: &str = "list_members_sort_as_text";
    let digits = |id: u64| id.to_string().len();
    let first = ids(&get(hubspot, format!("/crm/objects/{VERSION}/contacts?limit={BATCH}"))?);
    let Some(other) = first.into_iter().find(|id| digits(*id) != digits(contact)) else {
        let why = "the account's first contacts have ids of as many digits as new ones";
        return Ok(Finding::open_switch(NAME, why));
    };
    add(hubspot, list, &[other])?;
    let (mut all, mut after): (Vec<u64>, String) = (Vec::new(), String::new());
    while all.len() <= 2 * CROWD {
        let page = members(hubspot, list, PAGE, &after)?;
        all.extend(listed(&page, "results").iter().filter_map(|own| number(&own["recordId"])));
        let Some(next) = page["paging"]["next"]["after"].as_str() else { break };
        after = format!("&after={next}");
    }
    let lengths: BTreeSet<usize> = all.iter().map(|id| digits(*id)).collect();
    let as_text = all.windows(2).any(|pair| pair[0] > pair[1]);
    let seen = format!("{} members with ids of {lengths:?} digits", all.len());
    Ok(Finding::switch(NAME, &as_text, &Switches::default().list_members_sort_as_text, &seen))
}

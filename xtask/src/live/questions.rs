//! Questions that HubSpot's documentation leaves open, each a switch of the simulator, asked of an account without making anything.

use hubspot_simulator::{
    Switches,
    switches::{ListAfter, OverLimit},
};
use serde_json::{Value, json};
use spoke::values::{
    http::{Body, Method, Outcome, Request},
    secret::Secret,
};

use super::{
    Finding,
    hubspot::HubSpot,
    wire::{VERSION, answer, bare, call, filter, get, ids, json_of, listed, search, status, success},
};

/// Lengths of path and query tried, bytes. Spoke sends up to 6,000.
const LENGTHS: [usize; 4] = [6_000, 8_000, 16_000, 32_000];
/// Pages walked to meet one that is short: eight seconds.
const PAGES: usize = 30;
/// Records asked for on each of them.
const ON_A_PAGE: usize = 10;
/// Calls in ten seconds that HubSpot documents (`hubspot-api.md` 3.1).
const TEN_SECONDLY: [u32; 4] = [100, 110, 190, 250];
/// Calls a day by tier, and what each of two increases adds (the same).
const DAILY: [u64; 3] = [250_000, 625_000, 1_000_000];
const INCREASE: u64 = 1_000_000;
/// Nobody's app.
const NO_APP: &str = "00000000-0000-0000-0000-000000000000";

/// All of them.
pub fn ask(hubspot: &mut dyn HubSpot) -> Vec<Finding> {
    let mut found = vec![
        list_after(hubspot),
        short_pages(hubspot),
        over_limit(hubspot),
        url_limit(hubspot),
        sorting(hubspot),
        no_such_app(hubspot),
    ];
    limits(hubspot, &mut found);
    found
}

fn list_after(hubspot: &mut dyn HubSpot) -> Finding {
    const NAME: &str = "list_after";
    let page = |hubspot: &mut dyn HubSpot, after: &str| {
        get(hubspot, format!("/crm/objects/{VERSION}/contacts?limit=2{after}"))
    };
    let first = match page(hubspot, "") {
        Ok(first) => first,
        Err(why) => return Finding::open_switch(NAME, why),
    };
    let Some(after) = first["paging"]["next"]["after"].as_str().map(str::to_owned) else {
        return Finding::open_switch(NAME, "the account has too few contacts for a second page");
    };
    let Ok(second) = page(hubspot, &format!("&after={after}")) else {
        return Finding::open_switch(NAME, "no second page");
    };
    let (first, second) = (ids(&first), ids(&second));
    let (Some(last), Some(next)) = (first.last().copied(), second.first().copied()) else {
        return Finding::open_switch(NAME, "an empty page");
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

/// That there are none can only become likely.
fn short_pages(hubspot: &mut dyn HubSpot) -> Finding {
    const NAME: &str = "short_page_one_in";
    let (mut pages, mut short, mut after) = (0, 0, String::new());
    while pages < PAGES {
        let path = format!("/crm/objects/{VERSION}/contacts?limit={ON_A_PAGE}{after}");
        let page = match get(hubspot, path) {
            Ok(page) => page,
            Err(why) => return Finding::open_switch(NAME, why),
        };
        pages += 1;
        let Some(next) = page["paging"]["next"]["after"].as_str() else { break };
        short += usize::from(listed(&page, "results").len() < ON_A_PAGE);
        after = format!("&after={next}");
    }
    let one_in = pages.checked_div(short).unwrap_or_default() as u32;
    let seen = format!("{short} of {pages} pages were short, though more came");
    Finding::switch(NAME, &one_in, &Switches::default().short_page_one_in, &seen)
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
    let all = json!([filter("lastmodifieddate", "GTE", 0)]);
    let answer = match success(hubspot, search(&all, 200)) {
        Ok(answer) => ids(&json_of(&answer)),
        Err(why) => return Finding::open_switch(NAME, why),
    };
    let lengths =
        |ids: &[u64]| ids.iter().map(|id| id.to_string().len()).collect::<std::collections::BTreeSet<_>>();
    if lengths(&answer).len() < 2 {
        return Finding::open_switch(NAME, "the ids on a page of search have the same number of digits");
    }
    let as_text = answer.windows(2).any(|pair| pair[0] > pair[1]);
    Finding::switch(NAME, &as_text, &Switches::default().search_sorts_ids_as_text, "")
}

fn no_such_app(hubspot: &mut dyn HubSpot) -> Finding {
    const NAME: &str = "invalid_client_status";
    let form = format!(
        "grant_type=refresh_token&client_id={NO_APP}&client_secret={NO_APP}&refresh_token=na1-{NO_APP}"
    );
    let request = Request {
        method: Method::Post,
        path: format!("/oauth/{VERSION}/token"),
        bearer: None,
        body: Body::Form(Secret::new(form)),
    };
    let (status, body) = answer(hubspot, bare(request));
    let error = body["error"].as_str().unwrap_or("no error named");
    if !(400..500).contains(&status) {
        return Finding::open_switch(NAME, format!("status {status}"));
    }
    let seen = format!("an unknown app is told `{error}`");
    Finding::switch(NAME, &status, &Switches::default().invalid_client_status, &seen)
}

/// What the account's own details tell of its limits and of where it lives.
fn limits(hubspot: &mut dyn HubSpot, found: &mut Vec<Finding>) {
    let assumed = Switches::default();
    let details = call(Method::Get, format!("/account-info/{VERSION}/details"), None);
    let details = match success(hubspot, details) {
        Ok(details) => details,
        Err(why) => {
            for name in ["ten_secondly_limit", "daily_limit", "token_info_abroad_needs_bearer"] {
                found.push(Finding::open_switch(name, why.clone()));
            }
            return;
        }
    };
    let header =
        |name: &str| -> Option<u64> { details.headers.iter().find(|(own, _)| own == name)?.1.parse().ok() };
    found.push(match header("x-hubspot-ratelimit-max") {
        None => Finding::open_switch("ten_secondly_limit", "the answer carries no such header"),
        Some(max) => {
            let max = max as u32;
            let other = Some(max).filter(|max| !TEN_SECONDLY.contains(max));
            let seen = format!("{max} calls in ten seconds; documented are {TEN_SECONDLY:?}");
            Finding::switch("ten_secondly_limit", &other, &assumed.ten_secondly_limit, &seen)
        }
    });
    found.push(match header("x-hubspot-ratelimit-daily") {
        None => Finding::open_switch("daily_limit", "the answer carries no such header"),
        Some(daily) => {
            let documented = (0..=2).any(|bought| DAILY.iter().any(|own| own + bought * INCREASE == daily));
            let other = (!documented).then_some(daily);
            let seen =
                format!("{daily} calls a day; documented are {DAILY:?}, and a million for an increase");
            Finding::switch("daily_limit", &other, &assumed.daily_limit, &seen)
        }
    });
    found.push(token_info(hubspot, &json_of(&details)));
}

fn token_info(hubspot: &mut dyn HubSpot, details: &Value) -> Finding {
    const NAME: &str = "token_info_abroad_needs_bearer";
    let region = details["dataHostingLocation"].as_str().unwrap_or("na1");
    if region == "na1" {
        return Finding::open_switch(NAME, "the account is hosted in na1: ask one of another region");
    }
    let key = json!({ "tokenKey": hubspot.token().expose() });
    let path = "/oauth/v2/private-apps/get/access-token-info".to_owned();
    let status = status(hubspot, bare(call(Method::Post, path, Some(&key))));
    let seen = format!("without it status {status}, of an account in {region}");
    let assumed = Switches::default().token_info_abroad_needs_bearer;
    Finding::switch(NAME, &(status != 200), &assumed, &seen)
}

/// The calls a day that the account's own details tell of, if they do: they tell its tier.
pub(super) fn daily(hubspot: &mut dyn HubSpot) -> Option<u64> {
    let details = call(Method::Get, format!("/account-info/{VERSION}/details"), None);
    let Outcome::Answered(details) = hubspot.send(details) else { return None };
    details.headers.iter().find(|(own, _)| own == "x-hubspot-ratelimit-daily")?.1.parse().ok()
}

//! Questions that need records: some are made under names nobody uses, and whatever is made goes at the end, however they came out.

use std::collections::BTreeMap;

use hubspot_simulator::{
    Switches,
    switches::{CreationKey, MergedId},
};
use serde_json::{Value, json};
use spoke::values::http::Method;

use super::{
    Finding, bursts,
    hubspot::HubSpot,
    imports, links, lists, occurrences, properties,
    wire::{
        BATCH, NOBODY, VERSION, answer, call, create, filter, get, ids, json_of, listed, number, post, read,
        search, status, success,
    },
};

/// Longest wait for search to show what was made.
const PATIENCE_MS: u64 = 180_000;
/// Longest wait for something made to be known where it was made.
const KNOWN_MS: u64 = 60_000;
/// Contacts made one by one.
const MADE: usize = 12;
/// Contacts made for lists, links and imports: more than the 500 links that a page is known to have.
pub(super) const CROWD: usize = 510;

/// What was made, to be removed at the end.
#[derive(Default)]
pub(super) struct Made {
    /// Records by the name of their type.
    pub(super) records: Vec<(&'static str, u64)>,
    /// Contacts, a hundred a call.
    pub(super) crowd: Vec<u64>,
    pub(super) list: Option<u64>,
    /// A group of contacts' properties, and the property in it.
    pub(super) group: Option<String>,
    pub(super) property: Option<String>,
    pub(super) imports: Vec<u64>,
    /// The full name of a custom event.
    pub(super) event: Option<String>,
}

/// All of them, and whether what they made is gone.
pub fn ask(hubspot: &mut dyn HubSpot) -> Vec<Finding> {
    let mut made = Made::default();
    let mut found = Vec::new();
    if let Err(why) = with_records(hubspot, &mut made, &mut found) {
        found.push(Finding::open("the rest of the questions with records", why));
    }
    found.push(clean(hubspot, &made));
    found
}

/// Leaves open what a question that failed has not come to.
fn leave_open(found: &mut Vec<Finding>, names: &[&str], outcome: Result<(), String>) {
    let Err(why) = outcome else { return };
    for name in names {
        if !found.iter().any(|finding| finding.is_of(name)) {
            found.push(Finding::open_switch(name, why.clone()));
        }
    }
}

fn with_records(hubspot: &mut dyn HubSpot, made: &mut Made, found: &mut Vec<Finding>) -> Result<(), String> {
    let assumed = Switches::default();
    let nameless = create(hubspot, "contacts", &json!({}));
    made.records.extend(nameless.as_ref().ok().map(|id| ("contacts", *id)));
    let seen = nameless.as_ref().err().cloned().unwrap_or_default();
    found.push(Finding::switch(
        "contact_needs_a_name_or_email",
        &nameless.is_err(),
        &assumed.contact_needs_a_name_or_email,
        &seen,
    ));
    let begun = hubspot.now_ms();
    let mut moments = Vec::new();
    for nth in 0..MADE {
        let email = format!("spoke-live-{begun}-{nth}@example.com");
        let before = hubspot.now_ms();
        let id = create(
            hubspot,
            "contacts",
            &json!({ "email": email, "firstname": "Spoke", "lastname": "Live" }),
        )?;
        made.records.push(("contacts", id));
        moments.push((id, before, hubspot.now_ms()));
    }
    let last = moments.last().map_or(0, |(id, ..)| *id);
    let known = known_after(hubspot, |hubspot| Ok(read(hubspot, last, false, "").is_ok()));
    found.push(known.map_or_else(
        |why| Finding::open_switch("reads_know_new_after_ms", why),
        |span| Finding::span("reads_know_new_after_ms", span, assumed.reads_know_new_after_ms, "one contact"),
    ));
    let contacts: Vec<u64> = moments.iter().map(|(id, ..)| *id).collect();
    let lower = contacts.windows(2).any(|pair| pair[0] > pair[1]);
    let seen = format!("of {MADE}");
    found.push(Finding::switch("new_ids_out_of_order", &lower, &assumed.new_ids_out_of_order, &seen));
    lag(hubspot, &moments, found);
    let path = format!("/crm/objects/{VERSION}/contacts/{NOBODY}");
    let unknown = status(hubspot, call(Method::Delete, path, None));
    let seen = format!("status {unknown}");
    found.push(Finding::switch(
        "archive_unknown_is_404",
        &(unknown == 404),
        &assumed.archive_unknown_is_404,
        &seen,
    ));
    let outcome = creation_key(hubspot, begun, made, found);
    leave_open(found, &["creation_key"], outcome);
    archiving(hubspot, contacts[2], found)?;
    let crowded = crowd(hubspot, made);
    let outcome = crowded.and_then(|()| links::ask(hubspot, contacts[3], made, found));
    leave_open(found, &links::NAMES, outcome);
    let merged = merging(hubspot, contacts[0], contacts[1], made, found);
    let pair = merged.as_ref().ok().map(|merged| (contacts[1], *merged));
    leave_open(found, &["batch_read_merged", "batch_update_merged"], merged.map(drop));
    // Each of these may lack a scope of its own.
    let outcome = lists::ask(hubspot, contacts[3], made, found);
    leave_open(found, &lists::NAMES, outcome);
    let outcome = properties::ask(hubspot, contacts[4], made, found);
    leave_open(found, &properties::NAMES, outcome);
    let outcome = imports::ask(hubspot, contacts[4], pair, made, found);
    leave_open(found, &imports::NAMES, outcome);
    let outcome = deals(hubspot, made, found);
    leave_open(found, &["deal_needs_pipeline_of_several", "deal_merge_keeps_primary_id"], outcome);
    let outcome = occurrences::ask(hubspot, contacts[3], made, found);
    leave_open(found, &occurrences::NAMES, outcome);
    bursts::ask(hubspot, found);
    Ok(())
}

/// How long something that was just made is not known: no less than, no more than so many milliseconds.
pub(super) fn known_after(
    hubspot: &mut dyn HubSpot,
    mut known: impl FnMut(&mut dyn HubSpot) -> Result<bool, String>,
) -> Result<(u64, u64), String> {
    let begun = hubspot.now_ms();
    let mut unknown_at = None;
    loop {
        let asked = hubspot.now_ms();
        if known(hubspot)? {
            // At the first look: as soon as anybody can ask.
            return Ok(unknown_at.map_or((0, 0), |at| (at - begun, hubspot.now_ms() - begun)));
        }
        unknown_at = Some(asked);
        if asked - begun > KNOWN_MS {
            return Err(format!("not known within {KNOWN_MS} ms"));
        }
        hubspot.wait_ms(500);
    }
}

/// How late search is: of each record the moments before and after it was made.
fn lag(hubspot: &mut dyn HubSpot, made: &[(u64, u64, u64)], found: &mut Vec<Finding>) {
    let (least, most) = (Switches::default().search_lag_min_ms, Switches::default().search_lag_max_ms);
    let all = made.iter().map(|(id, ..)| *id);
    let range = json!([
        filter("hs_object_id", "GTE", all.clone().min().unwrap_or_default()),
        filter("hs_object_id", "LTE", all.max().unwrap_or_default()),
    ]);
    let begun = hubspot.now_ms();
    let mut missed: BTreeMap<u64, u64> = BTreeMap::new();
    // Of each record when it was not shown yet, and when it was.
    let mut shown: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    while shown.len() < made.len() && hubspot.now_ms() - begun < PATIENCE_MS {
        let asked = hubspot.now_ms();
        let page = success(hubspot, search(&range, 200)).map(|answer| ids(&json_of(&answer)));
        let now = hubspot.now_ms();
        for (id, before, after) in made {
            if page.as_ref().is_ok_and(|page| page.contains(id)) {
                let not_before = missed.get(id).map_or(0, |at| at.saturating_sub(*after));
                shown.entry(*id).or_insert((not_before, now - before));
            } else if !shown.contains_key(id) {
                missed.insert(*id, asked);
            }
        }
        hubspot.wait_ms(1_000);
    }
    let seen = format!("{} of {} shown", shown.len(), made.len());
    let soonest = shown.values().map(|(_, by)| *by).min();
    found.push(match soonest {
        Some(soonest) => Finding::new(
            "switch `search_lag_min_ms`",
            soonest >= least,
            format!("the first within {soonest} ms (assumed: not before {least}); {seen}"),
        ),
        None => Finding::open_switch("search_lag_min_ms", format!("none within {PATIENCE_MS} ms")),
    });
    let all = shown.len() == made.len();
    let latest = shown.values().map(|(not_before, _)| *not_before).max().unwrap_or_default();
    let holds = all && latest <= most;
    let seen = format!("the last not before {latest} ms (assumed: by {most}); {seen}");
    found.push(Finding::new("switch `search_lag_max_ms`", holds, seen));
}

fn creation_key(
    hubspot: &mut dyn HubSpot,
    begun: u64,
    made: &mut Made,
    found: &mut Vec<Finding>,
) -> Result<(), String> {
    let contact = |nth: u8| {
        let email = format!("spoke-live-{begun}-key-{nth}@example.com");
        let key = format!("spoke-live-{begun}");
        let properties = json!({ "email": email, "hs_unique_creation_key": key });
        let path = format!("/crm/objects/{VERSION}/contacts");
        call(Method::Post, path, Some(&json!({ "properties": properties })))
    };
    let (first, body) = answer(hubspot, contact(1));
    made.records.extend(number(&body["id"]).map(|id| ("contacts", id)));
    let code = body["errors"][0]["code"].as_str().unwrap_or("no code").to_owned();
    let is_own = |code: &str| code != "PROPERTY_DOESNT_EXIST";
    let (key, seen) = match first {
        400 if is_own(&code) => (CreationKey::Refused, format!("status 400, `{code}`")),
        201 => {
            let (second, body) = answer(hubspot, contact(2));
            made.records.extend(number(&body["id"]).map(|id| ("contacts", id)));
            if second != 409 {
                return Err(format!("it is taken, and a second record with it gets status {second}"));
            }
            (CreationKey::Writable, "a second record with it gets status 409".to_owned())
        }
        status => return Err(format!("status {status}, `{code}`")),
    };
    found.push(Finding::switch("creation_key", &key, &Switches::default().creation_key, &seen));
    Ok(())
}

fn archiving(hubspot: &mut dyn HubSpot, id: u64, found: &mut Vec<Finding>) -> Result<(), String> {
    let before = read(hubspot, id, false, "")?["updatedAt"].clone();
    success(hubspot, call(Method::Delete, format!("/crm/objects/{VERSION}/contacts/{id}"), None))?;
    let gone = read(hubspot, id, false, "");
    let asked = "an archived record is not found where archived ones are not asked for";
    found.push(Finding::new(asked, gone == Err("status 404".to_owned()), format!("{:?}", gone.err())));
    let shown = known_after(hubspot, |hubspot| Ok(read(hubspot, id, true, "").is_ok()));
    let assumed = Switches::default().archive_shows_after_ms;
    found.push(shown.map_or_else(
        |why| Finding::open_switch("archive_shows_after_ms", why),
        |span| Finding::span("archive_shows_after_ms", span, assumed, "one contact"),
    ));
    let after = read(hubspot, id, true, "").map(|record| record["updatedAt"].clone());
    let same = after.as_ref().is_ok_and(|after| *after == before);
    found.push(Finding::new("archiving does not count as a modification", same, ""));
    Ok(())
}

/// Makes contacts, a hundred a call.
fn crowd(hubspot: &mut dyn HubSpot, made: &mut Made) -> Result<(), String> {
    let begun = hubspot.now_ms();
    while made.crowd.len() < CROWD {
        let left = (CROWD - made.crowd.len()).min(BATCH);
        let one = |nth: usize| json!({ "properties": { "email": format!("spoke-live-{begun}-crowd-{nth}@example.com") } });
        let inputs: Vec<Value> = (0..left).map(|nth| one(made.crowd.len() + nth)).collect();
        let path = format!("/crm/objects/{VERSION}/contacts/batch/create");
        let answer = post(hubspot, path, &json!({ "inputs": inputs }))?;
        let before = made.crowd.len();
        made.crowd.extend(ids(&answer));
        if made.crowd.len() == before {
            return Err("a batch made no contacts".to_owned());
        }
    }
    Ok(())
}

/// Merges two contacts; the id of the one that results.
fn merging(
    hubspot: &mut dyn HubSpot,
    primary: u64,
    other: u64,
    made: &mut Made,
    found: &mut Vec<Finding>,
) -> Result<u64, String> {
    let assumed = Switches::default();
    let pair = json!({ "primaryObjectId": primary.to_string(), "objectIdToMerge": other.to_string() });
    let merged = post(hubspot, format!("/crm/objects/{VERSION}/contacts/merge"), &pair)?;
    let merged = number(&merged["id"]).ok_or("a merge names no id")?;
    made.records.push(("contacts", merged));
    let new = merged != primary && merged != other;
    found.push(Finding::new("merged contacts get a new id", new, ""));
    let alone = read(hubspot, other, false, "").map(|record| number(&record["id"]) == Some(merged));
    let asked = "an id that was merged away leads to the record it became, read alone";
    found.push(Finding::new(asked, alone == Ok(true), format!("{alone:?}")));
    let old = other.to_string();
    let inputs = json!({ "inputs": [{ "id": old }], "properties": ["email"] });
    let path = format!("/crm/objects/{VERSION}/contacts/batch/read");
    let (how, seen) = of_merged(answer(hubspot, call(Method::Post, path, Some(&inputs))), &old)?;
    found.push(Finding::switch("batch_read_merged", &how, &assumed.batch_read_merged, &seen));
    let inputs = json!({ "inputs": [{ "id": old, "properties": { "lastname": "Merged" } }] });
    let path = format!("/crm/objects/{VERSION}/contacts/batch/update");
    let (how, seen) = of_merged(answer(hubspot, call(Method::Post, path, Some(&inputs))), &old)?;
    found.push(Finding::switch("batch_update_merged", &how, &assumed.batch_update_merged, &seen));
    Ok(merged)
}

/// What a batch made of an id that was merged away.
fn of_merged((status, body): (u16, Value), old: &str) -> Result<(MergedId, String), String> {
    if !(200..300).contains(&status) {
        return Err(format!("status {status}"));
    }
    let named = listed(&body, "errors")
        .iter()
        .any(|error| listed(&error["context"], "ids").iter().any(|id| id.as_str() == Some(old)));
    let how = match listed(&body, "results").len() {
        _ if named => MergedId::NotFound,
        0 => MergedId::Omitted,
        _ => MergedId::Resolved,
    };
    Ok((how, format!("status {status}")))
}

fn deals(hubspot: &mut dyn HubSpot, made: &mut Made, found: &mut Vec<Finding>) -> Result<(), String> {
    let assumed = Switches::default();
    let all = get(hubspot, format!("/crm/pipelines/{VERSION}/deals"))?;
    let all = listed(&all, "results");
    let pipeline = all.first().ok_or("there is no pipeline")?;
    let stage = listed(pipeline, "stages").first().ok_or("the pipeline has no stage")?;
    let other = all.get(1).and_then(|other| listed(other, "stages").first());
    found.push(match other {
        None => Finding::open_switch(
            "deal_needs_pipeline_of_several",
            "the account has one pipeline of deals: add a second one in HubSpot's pages",
        ),
        Some(stage) => {
            let alone = json!({ "dealname": "Spoke Live", "dealstage": stage["id"] });
            let alone = create(hubspot, "deals", &alone);
            made.records.extend(alone.as_ref().ok().map(|id| ("deals", *id)));
            let seen = alone.as_ref().err().cloned().unwrap_or_default();
            let assumed = assumed.deal_needs_pipeline_of_several;
            Finding::switch("deal_needs_pipeline_of_several", &alone.is_err(), &assumed, &seen)
        }
    });
    let deal = json!({ "dealname": "Spoke Live", "pipeline": pipeline["id"], "dealstage": stage["id"] });
    let primary = create(hubspot, "deals", &deal)?;
    made.records.push(("deals", primary));
    let other = create(hubspot, "deals", &deal)?;
    made.records.push(("deals", other));
    let pair = json!({ "primaryObjectId": primary.to_string(), "objectIdToMerge": other.to_string() });
    let merged = post(hubspot, format!("/crm/objects/{VERSION}/deals/merge"), &pair)?;
    let merged = number(&merged["id"]).ok_or("a merge names no id")?;
    made.records.push(("deals", merged));
    let keeps = merged == primary;
    let assumed = assumed.deal_merge_keeps_primary_id;
    found.push(Finding::switch("deal_merge_keeps_primary_id", &keeps, &assumed, ""));
    Ok(())
}

/// Removes what was made, and looks whether it is gone. What was merged away or archived already is not there any more.
fn clean(hubspot: &mut dyn HubSpot, made: &Made) -> Finding {
    let mut left = Vec::new();
    imports::stop(hubspot, &made.imports, &mut left);
    let delete = |hubspot: &mut dyn HubSpot, path: String| status(hubspot, call(Method::Delete, path, None));
    let mut remove = |hubspot: &mut dyn HubSpot, what: &str, path: String| {
        let status = delete(hubspot, path);
        if !matches!(status, 200..=299 | 404) {
            left.push(format!("{what} (status {status})"));
        }
    };
    if let Some(event) = &made.event {
        remove(hubspot, "the custom event", format!("/events/custom/{VERSION}/event-definitions/{event}"));
    }
    if let Some(list) = made.list {
        remove(hubspot, "the list", format!("/crm/lists/{VERSION}/{list}"));
    }
    for (kind, id) in &made.records {
        remove(hubspot, "a record", format!("/crm/objects/{VERSION}/{kind}/{id}"));
    }
    if let Some(property) = &made.property {
        remove(hubspot, "the property", format!("/crm/properties/{VERSION}/contacts/{property}"));
    }
    if let Some(group) = &made.group {
        remove(hubspot, "its group", format!("/crm/properties/{VERSION}/contacts/groups/{group}"));
    }
    for some in made.crowd.chunks(BATCH) {
        let inputs: Vec<Value> = some.iter().map(|id| json!({ "id": id.to_string() })).collect();
        let path = format!("/crm/objects/{VERSION}/contacts/batch/archive");
        let status = status(hubspot, call(Method::Post, path, Some(&json!({ "inputs": inputs }))));
        if status != 204 {
            left.push(format!("{} contacts (status {status})", some.len()));
        }
    }
    for (kind, id) in &made.records {
        let path = format!("/crm/objects/{VERSION}/{kind}/{id}");
        if status(hubspot, call(Method::Get, path, None)) == 200 {
            left.push(format!("{kind} {id}"));
        }
    }
    let count = made.records.len() + made.crowd.len();
    Finding::new(
        "everything made here is gone again",
        left.is_empty(),
        format!(
            "{count} records, {} imports, list, property, custom event; left: {left:?}",
            made.imports.len()
        ),
    )
}

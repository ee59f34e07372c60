//! What Spoke relies on of what an account has besides records: what its token may do, what it has used, which objects people defined,
//! owners, pipelines, lists and who is on them, links. Reads only.

use serde_json::Value;
use spoke::{
    hubspot::{account, associations, lists, objects, owners, pipelines, schemas},
    values::{
        http::Request,
        ids::{ListId, ObjectType, RecordId},
    },
};

use super::{Finding, hubspot::HubSpot, wire::success};

/// Everything.
pub fn ask(hubspot: &mut dyn HubSpot) -> Vec<Finding> {
    let mut found = vec![
        token(hubspot),
        used(hubspot),
        objects_of_people(hubspot),
        people(hubspot, false),
        people(hubspot, true),
        stages(hubspot),
    ];
    all_lists(hubspot, &mut found);
    for (from, to) in LINKED {
        links(hubspot, from, to, &mut found);
    }
    found
}

/// Types between which links are mirrored, each pair read from its first.
const LINKED: [(ObjectType, ObjectType); 3] = [
    (ObjectType::Contacts, ObjectType::Companies),
    (ObjectType::Contacts, ObjectType::Deals),
    (ObjectType::Companies, ObjectType::Deals),
];

/// Reads an answer: `None`, and the finding, where there is none or it cannot be read.
fn read<T, E: std::fmt::Display>(
    hubspot: &mut dyn HubSpot,
    asked: &str,
    request: Request,
    parse: impl Fn(&[u8]) -> Result<T, E>,
) -> Result<(T, Value), Finding> {
    let answer = success(hubspot, request).map_err(|why| {
        Finding::open(asked, format!("{why}; the token may lack the scope, or the account has none"))
    })?;
    let raw = serde_json::from_slice(&answer.body).unwrap_or_default();
    let read = parse(&answer.body).map_err(|malformed| Finding::new(asked, false, malformed.to_string()))?;
    Ok((read, raw))
}

fn entries(raw: &Value, name: &str) -> usize {
    raw[name].as_array().map_or(0, Vec::len)
}

fn token(hubspot: &mut dyn HubSpot) -> Finding {
    const ASKED: &str = "the token tells whose it is and what it may do";
    let request = account::token_info(&hubspot.token());
    match read(hubspot, ASKED, request, account::parse_token_info) {
        Ok((told, _)) => {
            let seen = format!("{} scopes, an app's id: {}", told.scopes.len(), told.app_id.is_some());
            Finding::new(ASKED, !told.scopes.is_empty(), seen)
        }
        Err(finding) => finding,
    }
}

fn used(hubspot: &mut dyn HubSpot) -> Finding {
    const ASKED: &str = "the day's calls of private apps are told";
    match read(hubspot, ASKED, account::usage(), account::parse_usage) {
        Ok((used, _)) => Finding::new(ASKED, used.is_some(), ""),
        Err(finding) => finding,
    }
}

fn objects_of_people(hubspot: &mut dyn HubSpot) -> Finding {
    const ASKED: &str = "custom objects: every one has its number and its names";
    match read(hubspot, ASKED, schemas::list(), schemas::parse) {
        Ok((all, raw)) => {
            let told = entries(&raw, "results");
            Finding::new(ASKED, all.len() == told, format!("{} of {told} read", all.len()))
        }
        Err(finding) => finding,
    }
}

fn people(hubspot: &mut dyn HubSpot, archived: bool) -> Finding {
    let which = if archived { "archived owners" } else { "owners" };
    let asked = format!("{which}: every one on a page is readable");
    match read(hubspot, &asked, owners::list(archived, None), owners::parse) {
        Ok((page, raw)) => {
            let (all, more) = (entries(&raw, "results"), page.after.is_some());
            let holds = page.owners.len() == all && (archived || all > 0);
            Finding::new(&asked, holds, format!("{} of {all} read, more pages: {more}", page.owners.len()))
        }
        Err(finding) => finding,
    }
}

fn stages(hubspot: &mut dyn HubSpot) -> Finding {
    const ASKED: &str = "pipelines of deals: each has stages, and each stage tells whether it is closed";
    match read(hubspot, ASKED, pipelines::list(ObjectType::Deals), pipelines::parse) {
        Ok((all, _)) => {
            let stages: Vec<_> = all.iter().flat_map(|pipeline| &pipeline.stages).collect();
            let told = stages.iter().filter(|stage| stage.metadata.contains_key("isClosed")).count();
            let filled = !all.is_empty() && all.iter().all(|pipeline| !pipeline.stages.is_empty());
            let seen = format!("{} pipelines, {} stages, {told} tell", all.len(), stages.len());
            Finding::new(ASKED, filled && told == stages.len(), seen)
        }
        Err(finding) => finding,
    }
}

fn all_lists(hubspot: &mut dyn HubSpot, found: &mut Vec<Finding>) {
    const ASKED: &str = "lists: a search of all tells of each its type, its version and how many are on it";
    const MEMBERS: &str = "lists: members come in order of id, and as many in order of joining";
    let page = match read(hubspot, ASKED, lists::all(0), lists::parse) {
        Ok((page, raw)) => {
            let told = |list: &&lists::List| {
                !list.object_type_id.is_empty() && list.facts.size.is_some() && list.facts.version.is_some()
            };
            let (told, all) = (page.lists.iter().filter(told).count(), entries(&raw, "lists"));
            let seen = format!("{told} of {all} tell, more pages: {}", page.next.is_some());
            found.push(match all {
                0 => Finding::open(ASKED, "the account has no lists"),
                _ => Finding::new(ASKED, told == all, seen),
            });
            page
        }
        Err(finding) => return found.push(finding),
    };
    // The smallest that has an order: one page tells.
    let list = page.lists.iter().filter(|list| list.facts.size.is_some_and(|size| size > 1));
    let Some(list) = list.min_by_key(|list| list.facts.size) else {
        return found.push(Finding::open(MEMBERS, "no list has two members"));
    };
    found.push(members(hubspot, MEMBERS, list.id).unwrap_or_else(|finding| finding));
}

fn members(hubspot: &mut dyn HubSpot, asked: &str, list: ListId) -> Result<Finding, Finding> {
    let parse = |body: &[u8]| lists::parse_members(body, true);
    let (by_id, _) = read(hubspot, asked, lists::members(list, None), parse)?;
    let (by_join, _) = read(hubspot, asked, lists::joins(list, None), parse)?;
    let ascends = by_id.ids.windows(2).all(|pair| pair[0] < pair[1]);
    let seen = format!(
        "{} and {} of {:?}, ascending: {ascends}",
        by_id.ids.len(),
        by_join.ids.len(),
        by_id.total.or(by_join.total)
    );
    let same = by_id.ids.len() == by_join.ids.len();
    Ok(Finding::new(asked, ascends && same && !by_id.ids.is_empty(), seen))
}

fn links(hubspot: &mut dyn HubSpot, from: ObjectType, to: ObjectType, found: &mut Vec<Finding>) {
    let asked = format!(
        "associations of {from} and {to}: a batch read tells of every record what it is linked to, or that it is not"
    );
    let labelled = format!(
        "associations of {from} and {to}: every type of a link is among the labels, the unlabelled one too"
    );
    let page = success(hubspot, objects::list_ids(from, None));
    let ids: Vec<(RecordId, Option<String>)> = page
        .ok()
        .and_then(|page| {
            Some(objects::parse_page(&page.body).ok()?.records.iter().map(|one| (one.id, None)).collect())
        })
        .unwrap_or_default();
    if ids.is_empty() {
        return found.push(Finding::open(&asked, format!("the account has no {from}")));
    }
    let request = associations::batch_read(from, to, &ids);
    let batch = match read(hubspot, &asked, request, associations::parse_batch) {
        Ok((batch, _)) => batch,
        Err(finding) => return found.push(finding),
    };
    let linked = batch.found.iter().filter(|of| !of.to.is_empty()).count();
    let own = batch.found.iter().all(|of| ids.iter().any(|(id, _)| *id == of.from));
    let seen = format!("{linked} of {} are linked, {} unread", ids.len(), batch.unread.len());
    found.push(Finding::new(&asked, batch.complete && batch.unread.is_empty() && own, seen));
    found.push(match read(hubspot, &labelled, associations::labels(from, to), associations::parse_labels) {
        Ok((labels, _)) => {
            let known = |own: &associations::Label| labels.iter().any(|(known, _)| *known == own.0);
            let plain = labels.iter().any(|(_, label)| label.is_none());
            let missing = batch.labels.iter().filter(|own| !known(own)).count();
            let seen =
                format!("{} labels, {missing} of {} types not among them", labels.len(), batch.labels.len());
            Finding::new(&labelled, plain && missing == 0, seen)
        }
        Err(finding) => finding,
    });
}

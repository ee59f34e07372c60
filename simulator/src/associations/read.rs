//! Reading links and labels by API. Owns nothing.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::definitions::TypeId;
use crate::Problem;
use crate::http::{Request, Response};
use crate::objects::input::{self, Inputs, Selectors, page_size};
use crate::objects::kind::ObjectKind;
use crate::objects::list::batch_answer;
use crate::portal::{Portal, Turn};

/// Most inputs of a batch read, and most links of one page of one record. Source: `hubspot-api.md` 4.8.
const BATCH_LIMIT: usize = 1_000;
const PAGE_LIMIT: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    id: String,
    #[serde(default)]
    after: Option<String>,
}

/// A page of what one record is linked to.
struct Page {
    to: Vec<Value>,
    next: Option<u64>,
}

impl Page {
    fn paging(&self) -> Option<Value> {
        // HubSpot's link still shows the old path: nobody should follow it.
        let link = |after| format!("https://api.hubapi.com/crm/v4/associations?after={after}");
        self.next.map(|next| json!({"next": {"after": next.to_string(), "link": link(next)}}))
    }
}

fn page(
    portal: &Portal,
    turn: &Turn<'_>,
    [from, to]: [&'static ObjectKind; 2],
    id: u64,
    start: u64,
    limit: usize,
) -> Page {
    let seen = portal.is_seen(turn, from, id);
    let linked = portal.linked(from, id, to, start);
    let mut all = linked.filter(|(other, _)| seen && portal.is_seen(turn, to, *other));
    let shown = |(other, types): (u64, &[TypeId])| {
        let types: Vec<Value> = types
            .iter()
            .filter_map(|id| portal.definitions.get(from, to, *id))
            .map(|own| json!(own))
            .collect();
        let other: Value =
            if turn.switches.association_ids_are_numbers { other.into() } else { other.to_string().into() };
        json!({"toObjectId": other, "associationTypes": types})
    };
    let to = all.by_ref().take(limit).map(shown).collect();
    Page { to, next: all.next().map(|(other, _)| other) }
}

/// `POST /crm/associations/2026-09/{from}/{to}/batch/read`. Records without links are errors of a 207, benign ones.
pub(crate) fn batch(
    portal: &mut Portal,
    turn: &Turn<'_>,
    kinds: [&'static ObjectKind; 2],
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let batch: Inputs<Asked> = input::json(request)?;
    if batch.inputs.len() > BATCH_LIMIT {
        return Err(Problem::validation(format!(
            "The maximum number of inputs supported in a batch is {BATCH_LIMIT}. There were {} inputs in the request.",
            batch.inputs.len()
        )));
    }
    let [from, to] = kinds;
    let (mut results, mut errors, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for asked in &batch.inputs {
        let Ok(id) = asked.id.parse::<u64>() else {
            errors.push(json!({
                "status": "error",
                "category": "VALIDATION_ERROR",
                "subCategory": "crm.associations.INVALID_IDENTIFIER",
                "message": format!("{} is not a valid id of a {}.", asked.id, from.classic),
                "context": {"fromObjectId": [asked.id]},
            }));
            continue;
        };
        let start = cursor(asked.after.as_deref())?;
        if !seen.insert((id, start)) {
            continue;
        }
        let page = page(portal, turn, kinds, id, start, turn.switches.association_batch_page.max(1));
        if page.to.is_empty() {
            errors.push(json!({
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                "message": format!("No {} is associated with {} {id}.", to.classic, from.classic),
                "context": {
                    "fromObjectId": [id.to_string()],
                    "fromObjectType": [from.classic],
                    "toObjectType": [to.classic],
                },
            }));
            continue;
        }
        let paging = page.paging();
        let mut result = json!({"from": {"id": id.to_string()}, "to": page.to});
        if let Some(paging) = paging {
            result["paging"] = paging;
        }
        results.push(result);
    }
    portal.rng.shuffle(&mut results);
    Ok(batch_answer(200, turn.now_ms, Value::from(results).to_string().as_bytes(), errors))
}

/// The cursor is the id of the next linked record.
fn cursor(after: Option<&str>) -> Result<u64, Problem> {
    let Some(after) = after.filter(|after| !after.is_empty()) else { return Ok(0) };
    after.parse().map_err(|_| Problem::validation(format!("Invalid paging cursor: {after}")))
}

/// `GET /crm/objects/2026-09/{from}/{id}/associations/{to}`.
pub(crate) fn one(
    portal: &Portal,
    turn: &Turn<'_>,
    kinds: [&'static ObjectKind; 2],
    name: &str,
    request: &Request,
) -> Result<Response, Problem> {
    let selectors = Selectors::parse(request, &["limit", "after"])?;
    let id: u64 = name.parse().map_err(|_| Problem::not_numeric(name))?;
    // An id that was merged away leads to the record that resulted, as in every single read.
    let id =
        portal.store(kinds[0]).resolve(id).map(|record| record.id).ok_or_else(Problem::resource_not_found)?;
    if !portal.is_seen(turn, kinds[0], id) {
        return Err(Problem::resource_not_found());
    }
    let limit = match &selectors.limit {
        Some(text) => {
            let limit = text
                .parse()
                .map_err(|_| Problem::validation(format!("Invalid integer for limit: {text}")))?;
            page_size(limit, turn.switches, PAGE_LIMIT)?
        }
        None => PAGE_LIMIT,
    };
    let page = page(portal, turn, kinds, id, cursor(selectors.after.as_deref())?, limit);
    let paging = page.paging();
    let mut body = json!({"results": page.to});
    if let Some(paging) = paging {
        body["paging"] = paging;
    }
    Ok(Response::json(200, &body))
}

/// `GET /crm/associations/2026-09/{from}/{to}/labels`.
pub(crate) fn labels(
    portal: &Portal,
    [from, to]: [&'static ObjectKind; 2],
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let all: Vec<Value> = portal.definitions.between(from, to).map(|own| json!(own)).collect();
    Ok(Response::json(200, &json!({"results": all})))
}

//! The lists API. Owns nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Joined, List, Processing};
use crate::form::Form;
use crate::http::{Request, Response};
use crate::objects::input::{self, Inputs, Selectors, check_batch_size, not_modelled, page_size, parse_bool};
use crate::objects::kind::ObjectKind;
use crate::objects::list::batch_answer;
use crate::portal::{Portal, Turn};
use crate::{Endpoint, Problem, Switches, schemas, time};

/// Most members of a page: the older API's; 2026-09's is not documented (`hubspot-api.md` 6).
const MEMBER_PAGE_LIMIT: usize = 250;
const MEMBER_PAGE: usize = 100;
/// Most lists of a page of a search, and how many unless asked (SPEC `ListSearchRequest`).
const SEARCH_LIMIT: usize = 500;
const SEARCH_PAGE: usize = 20;
/// Most records of the list that `add-from` reads. Source: `hubspot-api.md` 6.
const SOURCE_LIMIT: usize = 100_000;

/// Answers every call of the lists API; `rest` is the path behind the version.
pub(crate) fn handle(
    portal: &mut Portal,
    turn: &Turn<'_>,
    endpoint: Endpoint,
    rest: &[&str],
    request: &Request,
) -> Result<Response, Problem> {
    use Endpoint as E;
    let done = || Ok(Response { status: 204, ..Response::default() });
    match (endpoint, rest) {
        (E::ListsRead, []) => several(portal, request),
        (E::ListsCreate, _) => create(portal, turn, request),
        (E::ListsSearch, _) => search(portal, turn, request),
        (E::ListRead, ["object-type-id", kind, "name", name]) => by_name(portal, kind, name, request),
        (E::ListRead, [id]) => {
            no_filters(request)?;
            Ok(Response::json(200, &json!({"list": json_of(named(portal, id)?)})))
        }
        (E::ListRename, [id, ..]) => {
            let id = named(portal, id)?.id;
            let name = parameters(request, &["listName", "includeFilters"])?.text("listName").to_owned();
            check_name(portal, Some(id), &name)?;
            portal.lists.rename(turn.now_ms, id, &name);
            Ok(Response::json(200, &json!({"updatedList": portal.lists.get(id).map(json_of)})))
        }
        (E::ListDelete, [id]) => {
            let id = named(portal, id)?.id;
            portal.lists.delete(turn.now_ms, id);
            done()
        }
        (E::ListRestore, [id, ..]) => {
            let restored = id.parse().is_ok_and(|id| portal.lists.restore(turn.now_ms, id));
            if restored { done() } else { Err(unknown(id)) }
        }
        (E::ListMembers, [id, .., order]) => {
            members(named(portal, id)?, *order == "join-order", turn, request)
        }
        (E::ListMembersChange, [id, "memberships", rest @ ..]) => change(portal, turn, id, rest, request),
        (E::RecordLists, ["records", kind, id, "memberships"]) => {
            Selectors::parse(request, &[])?;
            let kind = crate::portal::kind_named(kind)?;
            let id: u64 = id.parse().map_err(|_| Problem::not_numeric(id))?;
            let results = lists_of(portal, kind, id);
            Ok(Response::json(200, &json!({"total": results.len(), "results": results})))
        }
        (E::RecordLists, _) => lists_of_records(portal, turn, request),
        _ => Err(not_modelled("folders, filters, conversions and old ids of lists")),
    }
}

fn unknown(id: &str) -> Problem {
    Problem::category(404, "OBJECT_NOT_FOUND", format!("List does not exist with ID {id}."))
        .with("subCategory", "ILS.LIST_NOT_FOUND".into())
}

fn named<'p>(portal: &'p Portal, id: &str) -> Result<&'p List, Problem> {
    id.parse().ok().and_then(|id| portal.lists.get(id)).ok_or_else(|| unknown(id))
}

/// The query, if it has no other parameters than these.
fn parameters(request: &Request, allowed: &[&str]) -> Result<Form, Problem> {
    let query = Form::query(request);
    if let Some((name, _)) = query.iter().find(|(name, _)| !allowed.contains(name)) {
        return Err(Problem::validation(format!("Unknown query parameter: {name}")));
    }
    match query.get("includeFilters").map(|value| parse_bool("includeFilters", value)).transpose()? {
        Some(true) => Err(not_modelled("filters of lists")),
        _ => Ok(query),
    }
}

fn no_filters(request: &Request) -> Result<(), Problem> {
    parameters(request, &["includeFilters"]).map(drop)
}

/// What lists have in common in both models.
fn common(list: &List) -> Value {
    json!({
        "listId": list.id.to_string(),
        "listVersion": list.version,
        "name": list.name,
        "objectTypeId": list.object_type_id,
        "processingType": list.processing,
        "processingStatus": "COMPLETE",
        "createdAt": time::iso(list.created_at),
        "updatedAt": time::iso(list.updated_at),
        "filtersUpdatedAt": time::iso(list.created_at),
        "createdById": "5",
        "updatedById": "5",
    })
}

fn json_of(list: &List) -> Value {
    let mut body = common(list);
    body["size"] = list.size().into();
    body
}

/// Counts and times stand in `additionalProperties`, as texts.
fn found_json(list: &List, switches: &Switches) -> Value {
    let mut more: BTreeMap<&str, String> = BTreeMap::new();
    more.insert("hs_list_size", list.size().to_string());
    more.insert("hs_list_reference_count", "0".into());
    // Properties that are empty are not included.
    for (name, at) in
        [("hs_last_record_added_at", list.last_added_at), ("hs_last_record_removed_at", list.last_removed_at)]
    {
        let told = at.filter(|_| switches.list_search_tells_times);
        more.extend(told.map(|at| (name, at.to_string())));
    }
    let mut body = common(list);
    body["additionalProperties"] = json!(more);
    body
}

/// `GET /crm/lists/2026-09?listIds=…`: those that exist.
fn several(portal: &Portal, request: &Request) -> Result<Response, Problem> {
    let query = parameters(request, &["listIds", "includeFilters"])?;
    let ids = query.iter().filter(|(name, _)| *name == "listIds").flat_map(|(_, value)| value.split(','));
    let lists: Vec<Value> =
        ids.filter_map(|id| id.parse().ok()).filter_map(|id| portal.lists.get(id)).map(json_of).collect();
    Ok(Response::json(200, &json!({"lists": lists})))
}

fn by_name(portal: &Portal, kind: &str, name: &str, request: &Request) -> Result<Response, Problem> {
    no_filters(request)?;
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    let mut lists = portal.lists.live();
    let found = lists.find(|list| list.object_type_id == kind && list.name.eq_ignore_ascii_case(&name));
    let list = found.ok_or_else(|| unknown(&name))?;
    Ok(Response::json(200, &json!({"list": json_of(list)})))
}

fn check_name(portal: &Portal, own: Option<u64>, name: &str) -> Result<(), Problem> {
    if name.trim().is_empty() {
        return Err(Problem::validation("A list needs a name."));
    }
    if portal.lists.live().any(|list| Some(list.id) != own && list.name.eq_ignore_ascii_case(name)) {
        return Err(Problem::validation(format!("A list named {name} already exists."))
            .with("subCategory", "ILS.DUPLICATE_LIST_NAMES".into()));
    }
    Ok(())
}

fn create(portal: &mut Portal, turn: &Turn<'_>, request: &Request) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct New {
        name: String,
        object_type_id: String,
        processing_type: Processing,
    }
    Selectors::parse(request, &[])?;
    let new: New = input::json(request)?;
    if new.processing_type != Processing::Manual {
        return Err(not_modelled("filters of lists"));
    }
    let kind = portal.kind_of(&new.object_type_id)?;
    if kind.type_id != new.object_type_id {
        return Err(schemas::unknown(&new.object_type_id));
    }
    check_name(portal, None, &new.name)?;
    let id = portal.lists.create(turn.now_ms, &new.name, kind, new.processing_type);
    Ok(Response::json(200, &json!({"list": portal.lists.get(id).map(json_of)})))
}

fn search(portal: &Portal, turn: &Turn<'_>, request: &Request) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Search {
        #[serde(default)]
        query: Option<String>,
        #[serde(default)]
        count: Option<usize>,
        #[serde(default)]
        offset: usize,
        #[serde(default)]
        list_ids: Vec<String>,
        #[serde(default)]
        processing_types: Vec<Processing>,
        #[serde(default)]
        additional_properties: Vec<String>,
        #[serde(default)]
        object_type_id: Option<String>,
        #[serde(default)]
        sort: Option<String>,
    }
    Selectors::parse(request, &[])?;
    let asked: Search = input::json(request)?;
    if asked.sort.is_some() {
        return Err(not_modelled("orders of lists"));
    }
    // Those that do not exist are not included: every one that is modelled comes unasked.
    let _ = asked.additional_properties;
    let count = page_size(asked.count.unwrap_or(SEARCH_PAGE), turn.switches, SEARCH_LIMIT)?;
    let words = asked.query.unwrap_or_default().to_lowercase();
    let fits = |list: &&List| {
        (words.is_empty() || list.name.to_lowercase().contains(&words))
            && (asked.list_ids.is_empty() || asked.list_ids.contains(&list.id.to_string()))
            && (asked.processing_types.is_empty() || asked.processing_types.contains(&list.processing))
            && asked.object_type_id.as_ref().is_none_or(|kind| kind == list.object_type_id)
    };
    let found: Vec<&List> = portal.lists.live().filter(fits).collect();
    let page: Vec<Value> =
        found.iter().skip(asked.offset).take(count).map(|list| found_json(list, turn.switches)).collect();
    let offset = asked.offset.saturating_add(page.len());
    Ok(Response::json(
        200,
        &json!({"lists": page, "hasMore": offset < found.len(), "offset": offset, "total": found.len()}),
    ))
}

/// A cursor nobody should read.
fn cursor(joined: Joined) -> String {
    data_encoding::BASE64URL_NOPAD.encode(format!("{}:{}", joined.0, joined.1).as_bytes())
}

fn read_cursor(text: &str) -> Result<Joined, Problem> {
    let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    let plain = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = plain.as_deref().and_then(|plain| {
        let (a, b) = plain.split_once(':')?;
        Some((a.parse().ok()?, b.parse().ok()?))
    });
    pair.ok_or_else(|| Problem::validation(format!("Invalid paging cursor: {text}")))
}

/// `…/memberships` in order of id, `…/join-order` in order of joining. `after` goes up from a cursor, `before` down.
fn members(list: &List, by_join: bool, turn: &Turn<'_>, request: &Request) -> Result<Response, Problem> {
    let query = parameters(request, &["limit", "after", "before"])?;
    let limit = match query.get("limit") {
        Some(text) => {
            let limit = text
                .parse()
                .map_err(|_| Problem::validation(format!("Invalid integer for limit: {text}")))?;
            page_size(limit, turn.switches, MEMBER_PAGE_LIMIT)?
        }
        None => MEMBER_PAGE,
    };
    let limit = limit.min(turn.switches.list_member_page);
    // The key of the order: by id the id alone counts.
    let key = |id: u64, joined: Joined| if by_join { joined } else { (id, 0) };
    let given = |name: &str| query.get(name).filter(|text| !text.is_empty()).map(read_cursor).transpose();
    let (after, before) = (given("after")?, given("before")?);
    let as_text = turn.switches.list_members_sort_as_text && !by_join;
    let beyond = |own: Joined, cursor: Joined| {
        if as_text { own.0.to_string() > cursor.0.to_string() } else { own > cursor }
    };
    let ids: Box<dyn DoubleEndedIterator<Item = (u64, Joined)>> = if as_text {
        let mut all: Vec<(u64, Joined)> = list.members.iter().map(|(id, joined)| (*id, *joined)).collect();
        all.sort_by_key(|(id, _)| id.to_string());
        Box::new(all.into_iter())
    } else if by_join {
        Box::new(list.order.iter().map(|(joined, id)| (*id, *joined)))
    } else {
        Box::new(list.members.iter().map(|(id, joined)| (*id, *joined)))
    };
    let mut rows: Vec<(u64, Joined)> = match (after, before) {
        (Some(after), _) => ids.filter(|(id, own)| beyond(key(*id, *own), after)).take(limit + 1).collect(),
        (None, Some(before)) => {
            ids.rev().filter(|(id, own)| beyond(before, key(*id, *own))).take(limit + 1).collect()
        }
        (None, None) => ids.take(limit + 1).collect(),
    };
    let more = rows.len() > limit;
    rows.truncate(limit);
    let results: Vec<Value> = rows
        .iter()
        .map(|(id, (at, _))| json!({"recordId": id.to_string(), "membershipTimestamp": time::iso(*at)}))
        .collect();
    let mut body = json!({"results": results, "total": list.size()});
    let link = |name: &str, cursor: &str| {
        format!("https://api.hubapi.com/crm/v3/lists/{}/memberships?{name}={cursor}", list.id)
    };
    let edge = |row: Option<&(u64, Joined)>| row.map(|(id, own)| cursor(key(*id, *own)));
    if let (true, Some(next)) = (more, edge(rows.last())) {
        let down = after.is_none() && before.is_some();
        let (way, name) = if down { ("prev", "before") } else { ("next", "after") };
        body["paging"][way] = json!({name: next, "link": link(name, &next)});
    }
    if let (Some(_), Some(first)) = (after, edge(rows.first())) {
        body["paging"]["prev"] = json!({"before": first, "link": link("before", &first)});
    }
    Ok(Response::json(200, &body))
}

/// Everything that changes members.
fn change(
    portal: &mut Portal,
    turn: &Turn<'_>,
    id: &str,
    rest: &[&str],
    request: &Request,
) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Both {
        record_ids_to_add: Vec<String>,
        record_ids_to_remove: Vec<String>,
    }
    Selectors::parse(request, &[])?;
    let list = named(portal, id)?;
    let id = list.id;
    if list.processing == Processing::Dynamic {
        return Err(Problem::validation("Members of a DYNAMIC list cannot be changed.")
            .with("subCategory", "ILS.INVALID_LIST_PROCESSING_TYPE".into()));
    }
    let (added, removed) = match rest {
        ["add"] => (input::json::<Vec<String>>(request)?, Vec::new()),
        ["remove"] => (Vec::new(), input::json(request)?),
        ["add-and-remove"] => {
            let both: Both = input::json(request)?;
            (both.record_ids_to_add, both.record_ids_to_remove)
        }
        ["add-from", source] => {
            let source = named(portal, source)?;
            if source.size() > SOURCE_LIMIT {
                return Err(Problem::validation(format!("The source has more than {SOURCE_LIMIT} records.")));
            }
            let ids: Vec<u64> = source.members().map(|(id, _)| id).collect();
            portal.join_list(turn, id, &ids);
            return Ok(Response { status: 204, ..Response::default() });
        }
        _ => {
            let ids: Vec<u64> = list.members().map(|(id, _)| id).collect();
            portal.leave_list(turn, id, &ids);
            return Ok(Response { status: 204, ..Response::default() });
        }
    };
    let most = turn.switches.list_members_per_call;
    if added.len() + removed.len() > most {
        return Err(Problem::validation(format!("A request may change at most {most} members.")));
    }
    let (mut missing, mut joined, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for text in &added {
        let kind = portal.kind_of_list(id);
        let live = text.parse().ok().filter(|own| kind.is_some_and(|kind| portal.is_live(kind, *own)));
        if let Some(own) = live {
            portal.lists.note(id, own, true);
        }
        match live {
            Some(own) if portal.lists.join(turn, id, own) => joined.push(text),
            Some(_) => {}
            None => missing.push(text),
        }
    }
    for text in &removed {
        let Ok(own) = text.parse() else { continue };
        portal.lists.note(id, own, false);
        if portal.lists.leave(turn, id, own) {
            left.push(text);
        }
    }
    // The last key is spelled like this.
    let body = json!({"recordIdsMissing": missing, "recordIdsRemoved": left, "recordsIdsAdded": joined});
    Ok(Response::json(200, &body))
}

fn lists_of(portal: &Portal, kind: &ObjectKind, id: u64) -> Vec<Value> {
    let own = portal.lists.live().filter(|list| list.object_type_id == kind.type_id);
    own.filter_map(|list| {
        let at = time::iso(list.members.get(&id)?.0);
        Some(json!({
            "listId": list.id.to_string(),
            "listVersion": list.version,
            "firstAddedTimestamp": at,
            "lastAddedTimestamp": at,
            "isPublicList": true,
        }))
    })
    .collect()
}

/// `POST /crm/lists/2026-09/records/memberships/batch/read`.
fn lists_of_records(portal: &Portal, turn: &Turn<'_>, request: &Request) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Record {
        object_type_id: String,
        record_id: String,
    }
    Selectors::parse(request, &[])?;
    let batch: Inputs<Record> = input::json(request)?;
    check_batch_size(batch.inputs.len())?;
    let mut results = Vec::new();
    for asked in &batch.inputs {
        let kind = crate::portal::kind_named(&asked.object_type_id)?;
        let id: u64 = asked.record_id.parse().map_err(|_| Problem::not_numeric(&asked.record_id))?;
        results.push(json!({
            "objectTypeId": kind.type_id,
            "recordId": asked.record_id,
            "recordListMemberships": lists_of(portal, kind, id),
        }));
    }
    Ok(batch_answer(200, turn.now_ms, Value::from(results).to_string().as_bytes(), Vec::new()))
}

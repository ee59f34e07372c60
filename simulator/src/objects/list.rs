//! Reading records: list, one, batch. Owns no state; draws the order of batch results from the account's chance.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::objects::input::{self, BatchRead, Selectors};
use crate::objects::kind::ObjectKind;
use crate::objects::record::{Record, State};
use crate::objects::render::{Extra, Projection, Shown, write_results};
use crate::objects::store::Store;
use crate::portal::{Portal, Turn};
use crate::switches::{ListAfter, MergedId};
use crate::{Problem, time};

/// Most records of one list page. Source: `hubspot-api.md` 4.2.
const PAGE_LIMIT: usize = 100;

/// Hides ids in an opaque cursor. Any number does.
const CURSOR_MASK: u64 = 0x5eed_cafe_f00d;

impl Record {
    pub(crate) fn shown(&self) -> Shown<'_> {
        let &Self { id, created_at, updated_at, state, ref values } = self;
        Shown { id, created_at, updated_at, state, values }
    }
}

/// `GET /crm/objects/2026-09/{type}`: every record in order of id, found again by id, so changes between two pages
/// neither repeat nor skip a record that stays.
pub(crate) fn list(
    portal: &mut Portal,
    turn: &Turn<'_>,
    kind: &ObjectKind,
    request: &Request,
) -> Result<Response, Problem> {
    const ALLOWED: &[&str] =
        &["limit", "after", "properties", "propertiesWithHistory", "associations", "archived"];
    let selectors = Selectors::parse(request, ALLOWED)?;
    let mut limit = selectors.page_size(turn.switches, PAGE_LIMIT)?;
    let start =
        selectors.after.as_deref().map_or(Ok(0), |after| start_of(turn.switches.list_after, after))?;
    let short_one_in = turn.switches.short_page_one_in;
    if short_one_in > 0 && portal.rng.u32(..short_one_in) == 0 {
        limit = portal.rng.usize(..limit);
    }
    let ui_domain = &portal.settings.ui_domain;
    let store = portal.store(kind);
    let projection = projection(turn, store, portal.portal_id, ui_domain, kind, &selectors.properties);
    let visible = |record: &&Record| {
        let there = if selectors.archived { in_archive(record, turn) } else { record.state == State::Live };
        there && turn.sees(store, &record.values)
    };
    let mut records = store.records_from(start).filter(visible);
    // A contact with 30 properties takes about 1.4 KB.
    let mut out = Vec::with_capacity(512 + limit * 1536);
    out.extend_from_slice(b"{\"results\":");
    let mut last = None;
    let page = records.by_ref().take(limit).inspect(|record| last = Some(record.id));
    write_results(&mut out, &projection, page.map(|record| (record.shown(), Extra::default())));
    if let Some(next) = records.next() {
        let after = match turn.switches.list_after {
            ListAfter::InclusiveId => next.id.to_string(),
            ListAfter::ExclusiveId => last.unwrap_or(next.id - 1).to_string(),
            ListAfter::Opaque => format!("{:016x}", next.id ^ CURSOR_MASK),
        };
        // HubSpot's link still shows the old path: nobody should follow it.
        let link = format!("https://api.hubapi.com/crm/v3/objects/{}?after={after}&limit={limit}", kind.name);
        out.extend_from_slice(
            format!(",\"paging\":{{\"next\":{{\"after\":\"{after}\",\"link\":\"{link}\"}}}}").as_bytes(),
        );
    }
    out.push(b'}');
    Ok(Response { status: 200, body: out, ..Response::default() })
}

/// The lowest id of the page that a cursor asks for.
fn start_of(meaning: ListAfter, after: &str) -> Result<u64, Problem> {
    let invalid = || Problem::validation(format!("Invalid paging cursor: {after}"));
    match meaning {
        ListAfter::InclusiveId => after.parse().map_err(|_| invalid()),
        ListAfter::ExclusiveId => after.parse::<u64>().map(|id| id.saturating_add(1)).map_err(|_| invalid()),
        ListAfter::Opaque if after.len() == 16 => {
            u64::from_str_radix(after, 16).map(|masked| masked ^ CURSOR_MASK).map_err(|_| invalid())
        }
        ListAfter::Opaque => Err(invalid()),
    }
}

/// What an answer shows: the default set, or what was asked for besides id and dates.
pub(crate) fn projection<'s>(
    turn: &Turn<'_>,
    store: &'s Store,
    portal_id: u64,
    ui_domain: &str,
    kind: &ObjectKind,
    asked: &[impl AsRef<str>],
) -> Projection<'s> {
    let standing = if asked.is_empty() { kind.default_properties } else { kind.always_properties };
    let names = standing.iter().copied().chain(asked.iter().map(AsRef::as_ref));
    Projection::new(turn, &store.schema, portal_id, ui_domain, kind, names)
}

/// The record a single read, change or deletion names. An id that was merged away leads to the record that resulted.
pub(crate) fn find<'s>(
    store: &'s Store,
    name: &str,
    id_property: Option<&str>,
) -> Result<&'s Record, Problem> {
    let Some(property) = id_property else {
        let id: u64 = name.parse().map_err(|_| Problem::not_numeric(name))?;
        return store.resolve(id).ok_or_else(Problem::resource_not_found);
    };
    let key = unique_key(store, property)?;
    store.find_unique(key, name).ok_or_else(Problem::resource_not_found)
}

/// The key of an `idProperty`.
pub(crate) fn unique_key(store: &Store, property: &str) -> Result<crate::schema::Key, Problem> {
    let key = store.schema.live(property).map(|(key, _)| key).filter(|&key| store.is_unique(key));
    key.ok_or_else(|| {
        Problem::validation(format!(
            "Property {property} is not a unique property and cannot be an idProperty"
        ))
    })
}

/// `GET /crm/objects/2026-09/{type}/{id}`.
pub(crate) fn read(
    portal: &mut Portal,
    turn: &Turn<'_>,
    kind: &ObjectKind,
    name: &str,
    request: &Request,
) -> Result<Response, Problem> {
    const ALLOWED: &[&str] =
        &["properties", "propertiesWithHistory", "associations", "archived", "idProperty"];
    let selectors = Selectors::parse(request, ALLOWED)?;
    let store = portal.store(kind);
    let found = match &selectors.id_property {
        // An archived record is not found by a unique value: the value may be somebody else's by now.
        Some(property) => find(store, name, Some(property))?,
        None => find(store, name, None)?,
    };
    let visible = match found.state {
        State::Live => !selectors.archived && is_known(found, turn),
        State::Archived { .. } => selectors.archived && in_archive(found, turn),
        State::Merged { .. } | State::Erased => false,
    };
    if !visible {
        return Err(Problem::resource_not_found());
    }
    turn.seen(store, found)?;
    let projection =
        projection(turn, store, portal.portal_id, &portal.settings.ui_domain, kind, &selectors.properties);
    let mut body = Vec::with_capacity(2048);
    projection.write(&mut body, &found.shown(), &Extra::default());
    Ok(Response { status: 200, body, ..Response::default() })
}

/// Whether lists and reads of archived records show a record.
fn in_archive(record: &Record, turn: &Turn<'_>) -> bool {
    let known = |at: u64| turn.now_ms >= at + turn.switches.archive_shows_after_ms;
    Store::shows_archived(record, turn.now_ms) && matches!(record.state, State::Archived { at } if known(at))
}

/// Whether reads by id know of a record already.
fn is_known(record: &Record, turn: &Turn<'_>) -> bool {
    turn.now_ms >= record.created_at + turn.switches.reads_know_new_after_ms
}

/// `POST /crm/objects/2026-09/{type}/batch/read`.
pub(crate) fn batch_read(
    portal: &mut Portal,
    turn: &Turn<'_>,
    kind: &ObjectKind,
    request: &Request,
) -> Result<Response, Problem> {
    let selectors = Selectors::parse(request, &["archived"])?;
    let batch: BatchRead<'_> = input::json(request)?;
    batch.check_size()?;
    let (portal_id, ui_domain) = (portal.portal_id, portal.settings.ui_domain.clone());
    let (store, rng) = portal.store_mut(kind);
    let store = &*store;
    let id_key = batch.id_property.as_deref().map(|property| unique_key(store, property)).transpose()?;
    let mut seen = BTreeSet::new();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for asked in batch.inputs.iter().map(|input| input.id.as_ref()) {
        let record = match id_key {
            Some(key) => store.find_unique(key, asked),
            None => asked.parse().ok().and_then(|id| store.get(id)),
        };
        let visible = record.and_then(|record| match record.state {
            State::Live => (!selectors.archived && is_known(record, turn)).then_some(record),
            State::Archived { .. } => (selectors.archived && in_archive(record, turn)).then_some(record),
            State::Merged { .. } if turn.switches.batch_read_merged == MergedId::Resolved => {
                let shown = |resolved: &&Record| match resolved.state {
                    State::Live => !selectors.archived,
                    State::Archived { .. } => selectors.archived && in_archive(resolved, turn),
                    State::Merged { .. } | State::Erased => false,
                };
                store.resolve(record.id).filter(shown)
            }
            State::Merged { .. } | State::Erased => None,
        });
        let visible = visible.filter(|record| turn.sees(store, &record.values));
        let merged = record.is_some_and(|record| matches!(record.state, State::Merged { .. }));
        match visible {
            Some(record) if seen.insert(record.id) => found.push(record),
            Some(_) => {}
            None if merged && turn.switches.batch_read_merged != MergedId::NotFound => {}
            None if missing.contains(&asked) => {}
            None => missing.push(asked),
        }
    }
    rng.shuffle(&mut found);
    let projection = projection(turn, store, portal_id, &ui_domain, kind, &batch.properties);
    let mut results = Vec::with_capacity(64 + found.len() * 1536);
    write_results(&mut results, &projection, found.iter().map(|record| (record.shown(), Extra::default())));
    let errors = if missing.is_empty() { Vec::new() } else { vec![not_found(kind, &missing)] };
    Ok(batch_answer(200, turn.now_ms, &results, errors))
}

/// The error entry for ids that are nobody's.
pub(crate) fn not_found(kind: &ObjectKind, ids: &[&str]) -> Value {
    json!({
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": format!(
            "Could not get some {} objects, they may be deleted or not exist. Check that ids are valid.",
            kind.singular
        ),
        "context": {"ids": ids},
    })
}

/// A batch's answer: `status`, or 207 with errors. `results` is a JSON array.
pub(crate) fn batch_answer(status: u16, now_ms: u64, results: &[u8], errors: Vec<Value>) -> Response {
    let mut body = Vec::with_capacity(results.len() + 256);
    body.extend_from_slice(b"{\"status\":\"COMPLETE\",\"results\":");
    body.extend_from_slice(results);
    let status = if errors.is_empty() {
        status
    } else {
        let (count, errors) = (errors.len(), Value::from(errors));
        body.extend_from_slice(format!(",\"numErrors\":{count},\"errors\":{errors}").as_bytes());
        207
    };
    let at = time::iso(now_ms);
    body.extend_from_slice(format!(",\"startedAt\":\"{at}\",\"completedAt\":\"{at}\"}}").as_bytes());
    Response { status, body, ..Response::default() }
}

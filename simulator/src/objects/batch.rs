//! Changing up to 100 records in one call (`hubspot-api.md` 4.3). Owns no state.
//!
//! Without an `objectWriteTraceId` of its own on every input a batch is all or nothing; with them, bad inputs are named
//! in a 207 and the others are done. Results come in any order.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::Problem;
use crate::associations::write::{check_inline, link_new};
use crate::http::{Request, Response};
use crate::objects::input::{self, CreateInput, IdInput, Inputs, Selectors, UpdateInput};
use crate::objects::kind::ObjectKind;
use crate::objects::list::{batch_answer, not_found, projection, unique_key};
use crate::objects::record::{Record, State};
use crate::objects::render::{Extra, write_results};
use crate::objects::store::{BY_API, Store};
use crate::objects::validation::{self, Checked};
use crate::objects::write::check_new;
use crate::portal::{Portal, Turn};
use crate::rights::Act;
use crate::schema::Key;
use crate::switches::MergedId;

/// What a batch has done so far.
struct Outcome<'a> {
    /// Every input has a trace id of its own.
    partial: bool,
    done: Vec<(u64, Extra<'a>)>,
    errors: Vec<Value>,
}

impl<'a> Outcome<'a> {
    fn new(mut trace_ids: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut seen = BTreeSet::new();
        let partial = trace_ids.all(|id| id.is_some_and(|id| seen.insert(id)));
        Self { partial, done: Vec::new(), errors: Vec::new() }
    }

    /// Names a bad input, or fails the whole batch.
    fn fail(&mut self, problem: Problem, trace_id: Option<&str>) -> Result<(), Problem> {
        let (true, Some(trace_id)) = (self.partial, trace_id) else { return Err(problem) };
        let mut entry = Value::Object(problem.body);
        entry["context"] = json!({"objectWriteTraceId": [trace_id]});
        self.errors.push(entry);
        Ok(())
    }

    fn answer(
        mut self,
        portal: &mut Portal,
        turn: &Turn<'_>,
        kind: &ObjectKind,
        status: u16,
        asked: &BTreeSet<&str>,
    ) -> Response {
        let (portal_id, ui_domain) = (portal.portal_id, portal.settings.ui_domain.clone());
        let (store, rng) = portal.store_mut(kind);
        rng.shuffle(&mut self.done);
        let shown: Vec<&str> = kind.default_properties.iter().chain(asked).copied().collect();
        let projection = projection(turn, store, portal_id, &ui_domain, kind, &shown);
        let mut results = Vec::new();
        let done = self.done.into_iter().filter_map(|(id, extra)| Some((store.get(id)?.shown(), extra)));
        write_results(&mut results, &projection, done);
        batch_answer(status, turn.now_ms, &results, self.errors)
    }
}

/// `POST …/batch/create`.
pub(crate) fn create(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kind: &'static ObjectKind,
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let batch: Inputs<CreateInput> = input::json(request)?;
    input::check_batch_size(batch.inputs.len())?;
    let links: Vec<_> =
        batch.inputs.iter().map(|input| check_inline(portal, turn, kind, &input.associations)).collect();
    let portal_id = portal.portal_id;
    let (store, rng) = portal.store_mut(kind);
    let mut outcome = Outcome::new(batch.inputs.iter().map(|input| input.object_write_trace_id.as_deref()));
    let mut unique = BTreeSet::new();
    let mut good = Vec::new();
    for (input, links) in batch.inputs.iter().zip(links) {
        let trace_id = input.object_write_trace_id.as_deref();
        let checked = check_new(store, portal_id, turn, &input.properties)
            .and_then(|checked| free(store, None, &mut unique, &checked).map(|()| checked))
            .and_then(|checked| Ok((checked, links?)));
        match checked {
            Ok((checked, links)) => good.push((checked, links, trace_id)),
            Err(problem) => outcome.fail(problem, trace_id)?,
        }
    }
    let mut made = Vec::new();
    for (checked, links, trace_id) in &good {
        let id = store.create(turn, rng, BY_API, &checked.values())?;
        outcome.done.push((id, Extra { trace_id: *trace_id, new: None }));
        made.push((id, links));
    }
    for (id, links) in made {
        link_new(portal, turn, kind, id, links);
    }
    let asked = batch.inputs.iter().flat_map(|input| input.properties.keys().map(String::as_str)).collect();
    Ok(outcome.answer(portal, turn, kind, 201, &asked))
}

/// Whether unique values are free: neither another record's nor another input's.
fn free(
    store: &Store,
    own_id: Option<u64>,
    claimed: &mut BTreeSet<(Key, String)>,
    checked: &Checked,
) -> Result<(), Problem> {
    for (key, value) in checked.values() {
        if !store.is_unique(key) {
            continue;
        }
        if let Some(other) = store.find_unique(key, value).filter(|other| Some(other.id) != own_id) {
            return Err(Problem::already_exists(store.kind(), other.id));
        }
        if !claimed.insert((key, value.to_lowercase())) {
            return Err(Problem::category(
                409,
                "CONFLICT",
                "Two inputs of this batch have the same unique value.",
            ));
        }
    }
    Ok(())
}

/// `POST …/batch/update`. What becomes of ids that were merged away is a switch ([`Switches::batch_update_merged`]).
///
/// [`Switches::batch_update_merged`]: crate::Switches::batch_update_merged
pub(crate) fn update(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kind: &ObjectKind,
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let batch: Inputs<UpdateInput> = input::json(request)?;
    input::check_batch_size(batch.inputs.len())?;
    let portal_id = portal.portal_id;
    let (store, rng) = portal.store_mut(kind);
    let mut outcome = Outcome::new(batch.inputs.iter().map(|input| input.object_write_trace_id.as_deref()));
    let (mut claimed, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let (mut missing, mut missing_traces, mut good) = (Vec::new(), Vec::new(), Vec::new());
    for input in &batch.inputs {
        let trace_id = input.object_write_trace_id.as_deref();
        let record = match &input.id_property {
            Some(property) => store.find_unique(unique_key(store, property)?, &input.id),
            None => input.id.parse().ok().and_then(|id| store.get(id)),
        };
        let record = match record {
            Some(old) if matches!(old.state, State::Merged { .. }) => match turn.switches.batch_update_merged
            {
                MergedId::Omitted => continue,
                MergedId::Resolved => store.resolve(old.id),
                MergedId::NotFound => None,
            },
            record => record,
        };
        let there = |record: &&Record| record.state == State::Live && turn.sees(store, &record.values);
        let Some(record) = record.filter(there) else {
            missing.push(input.id.as_str());
            missing_traces.extend(trace_id);
            continue;
        };
        if !seen.insert(record.id) {
            return Err(Problem::validation(format!("Duplicate IDs found in batch input: [{}]", record.id)));
        }
        let checked = turn
            .allow(Act::Edit, store, &record.values)
            .and_then(|()| turn.allow_values(store, portal_id, &input.properties))
            .and_then(|()| validation::check(store, portal_id, turn, Some(&record.values), &input.properties))
            .and_then(|checked| free(store, Some(record.id), &mut claimed, &checked).map(|()| checked));
        match checked {
            Ok(checked) => good.push((record.id, checked, trace_id)),
            Err(problem) => outcome.fail(problem, trace_id)?,
        }
    }
    for (id, checked, trace_id) in &good {
        store.edit(turn, rng, BY_API, *id, &checked.edits())?;
        outcome.done.push((*id, Extra { trace_id: *trace_id, new: None }));
    }
    if !missing.is_empty() {
        let mut entry = not_found(kind, &missing);
        if !missing_traces.is_empty() {
            entry["context"]["objectWriteTraceId"] = json!(missing_traces);
        }
        outcome.errors.push(entry);
    }
    let asked = batch.inputs.iter().flat_map(|input| input.properties.keys().map(String::as_str)).collect();
    Ok(outcome.answer(portal, turn, kind, 200, &asked))
}

/// `POST …/batch/upsert`: found by a unique value, or created with it.
pub(crate) fn upsert(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kind: &ObjectKind,
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let batch: Inputs<UpdateInput> = input::json(request)?;
    input::check_batch_size(batch.inputs.len())?;
    let portal_id = portal.portal_id;
    let (store, rng) = portal.store_mut(kind);
    let mut outcome = Outcome::new(batch.inputs.iter().map(|input| input.object_write_trace_id.as_deref()));
    let (mut claimed, mut seen, mut good) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for input in &batch.inputs {
        let trace_id = input.object_write_trace_id.as_deref();
        let property = input.id_property.as_deref();
        let key = unique_key(
            store,
            property.ok_or_else(|| Problem::validation("idProperty is required to upsert."))?,
        )?;
        if !seen.insert((key, input.id.to_lowercase())) {
            return Err(Problem::validation(format!("Duplicate IDs found in batch input: [{}]", input.id)));
        }
        let found = store.find_unique(key, &input.id);
        let mut sent = input.properties.clone();
        sent.entry(store.schema.property(key).name.clone()).or_insert_with(|| input.id.clone());
        let checked = match found {
            // Unique values are the account's: that one is taken shows even to those who may not see by whom.
            Some(record) => turn
                .allow(Act::Edit, store, &record.values)
                .and_then(|()| turn.allow_values(store, portal_id, &input.properties))
                .and_then(|()| {
                    validation::check(store, portal_id, turn, Some(&record.values), &input.properties)
                }),
            None => check_new(store, portal_id, turn, &sent),
        };
        let own_id = found.map(|record| record.id);
        match checked.and_then(|checked| free(store, own_id, &mut claimed, &checked).map(|()| checked)) {
            Ok(checked) => good.push((own_id, checked, trace_id)),
            Err(problem) => outcome.fail(problem, trace_id)?,
        }
    }
    for (own_id, checked, trace_id) in &good {
        let id = match own_id {
            Some(id) => store.edit(turn, rng, BY_API, *id, &checked.edits()).map(|()| *id)?,
            None => store.create(turn, rng, BY_API, &checked.values())?,
        };
        outcome.done.push((id, Extra { trace_id: *trace_id, new: Some(own_id.is_none()) }));
    }
    let asked = batch.inputs.iter().flat_map(|input| input.properties.keys().map(String::as_str)).collect();
    Ok(outcome.answer(portal, turn, kind, 200, &asked))
}

/// `POST …/batch/archive`: unknown ids are passed over (unconfirmed).
pub(crate) fn archive(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kind: &ObjectKind,
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let batch: Inputs<IdInput<'_>> = input::json(request)?;
    input::check_batch_size(batch.inputs.len())?;
    let (store, rng) = portal.store_mut(kind);
    let ids: Vec<u64> = batch.inputs.iter().filter_map(|input| input.id.parse().ok()).collect();
    for record in ids.iter().filter_map(|id| store.get(*id)).filter(|own| turn.sees(store, &own.values)) {
        turn.allow(Act::Delete, store, &record.values)?;
    }
    let seen = |id: &u64| store.get(*id).is_some_and(|record| turn.sees(store, &record.values));
    let ids: Vec<u64> = ids.into_iter().filter(seen).collect();
    for id in ids {
        // Not found is the only refusal, and it is passed over.
        let _ = store.archive(turn, rng, BY_API, id);
    }
    Ok(Response { status: 204, ..Response::default() })
}

//! Changing one record: create, update, archive, merge, privacy delete. Owns no state.

use serde::Deserialize;

use crate::Problem;
use crate::associations::write::{check_inline, link_new};
use crate::http::{Request, Response};
use crate::objects::input::{self, CreateInput, Selectors, Sent};
use crate::objects::kind::{CONTACTS, DEALS, ObjectKind};
use crate::objects::list::{find, projection};
use crate::objects::record::State;
use crate::objects::render::Extra;
use crate::objects::store::{BY_API, Refused, Store};
use crate::objects::validation::{self, Checked};
use crate::portal::{Portal, Turn};
use crate::rights::Act;

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Taken { kind, by } => Self::already_exists(kind, by),
            Refused::NotFound => Self::resource_not_found(),
            Refused::TooManyMerges => {
                Self::new(414, "The combined number of merges exceeds the limit of 250.")
            }
        }
    }
}

/// Values fit for a new record.
pub(crate) fn check_new(
    store: &Store,
    portal_id: u64,
    turn: &Turn<'_>,
    sent: &Sent,
) -> Result<Checked, Problem> {
    let kind = store.kind();
    turn.allow_new(kind)?;
    turn.allow_values(store, portal_id, sent)?;
    let mut checked = validation::check(store, portal_id, turn, None, sent)?;
    let has = |name: &&str| sent.get(*name).is_some_and(|value| !value.is_empty());
    let lacking = kind.required.iter().find(|any_of| !any_of.iter().any(has));
    let asked_for = kind.type_id != CONTACTS.type_id || turn.switches.contact_needs_a_name_or_email;
    if let Some(any_of) = lacking.filter(|_| asked_for) {
        let message = format!("{} needs at least one of: {}.", kind.title, any_of.join(", "));
        return Err(Problem::validation(message));
    }
    if let Some(stage) = sent.get("dealstage").filter(|_| kind.type_id == DEALS.type_id) {
        // The stage was checked: it belongs to a pipeline.
        let own = store.pipelines.of_stage(stage).map_or("", |pipeline| pipeline.id.as_str());
        match sent.get("pipeline").filter(|pipeline| !pipeline.is_empty()) {
            Some(pipeline) if pipeline != own => {
                let message = format!("{stage} is not a valid stage of the pipeline {pipeline}.");
                return Err(Problem::validation(message));
            }
            Some(_) => {}
            None if turn.switches.deal_needs_pipeline_of_several
                && store.pipelines.iter().nth(1).is_some() =>
            {
                return Err(Problem::validation("Deal needs at least one of: pipeline."));
            }
            None => checked.add(store, "pipeline", own),
        }
    }
    Ok(checked)
}

/// `POST /crm/objects/2026-09/{type}`.
pub(crate) fn create(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kind: &'static ObjectKind,
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let input: CreateInput = input::json(request)?;
    let links = check_inline(portal, turn, kind, &input.associations)?;
    let portal_id = portal.portal_id;
    let (store, rng) = portal.store_mut(kind);
    let checked = check_new(store, portal_id, turn, &input.properties)?;
    let id = store.create(turn, rng, BY_API, &checked.values())?;
    link_new(portal, turn, kind, id, &links);
    let trace_id = input.object_write_trace_id.as_deref();
    let mut response = answer(portal, turn, kind, 201, id, &input.properties, trace_id)?;
    let location = format!("https://api.hubapi.com/crm/objects/2026-09/{}/{id}", kind.name);
    response.headers.push(("location".into(), location));
    Ok(response)
}

/// One record as a change leaves it: the default properties and those that were sent.
fn answer(
    portal: &Portal,
    turn: &Turn<'_>,
    kind: &ObjectKind,
    status: u16,
    id: u64,
    sent: &Sent,
    trace_id: Option<&str>,
) -> Result<Response, Problem> {
    let store = portal.store(kind);
    let record = store.get(id).ok_or_else(Problem::resource_not_found)?;
    let shown: Vec<&str> =
        kind.default_properties.iter().copied().chain(sent.keys().map(String::as_str)).collect();
    let projection = projection(turn, store, portal.portal_id, &portal.settings.ui_domain, kind, &shown);
    let mut body = Vec::new();
    projection.write(&mut body, &record.shown(), &Extra { trace_id, new: None });
    Ok(Response { status, body, ..Response::default() })
}

/// `PATCH /crm/objects/2026-09/{type}/{id}`.
pub(crate) fn update(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kind: &ObjectKind,
    name: &str,
    request: &Request,
) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        properties: Sent,
    }
    let selectors = Selectors::parse(request, &["idProperty"])?;
    let body: Body = input::json(request)?;
    let portal_id = portal.portal_id;
    let (store, rng) = portal.store_mut(kind);
    let record = turn.seen(store, find(store, name, selectors.id_property.as_deref())?)?;
    turn.allow(Act::Edit, store, &record.values)?;
    turn.allow_values(store, portal_id, &body.properties)?;
    let id = record.id;
    let checked = validation::check(store, portal_id, turn, Some(&record.values), &body.properties)?;
    store.edit(turn, rng, BY_API, id, &checked.edits())?;
    answer(portal, turn, kind, 200, id, &body.properties, None)
}

/// `DELETE /crm/objects/2026-09/{type}/{id}`.
pub(crate) fn archive(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kind: &ObjectKind,
    name: &str,
    request: &Request,
) -> Result<Response, Problem> {
    Selectors::parse(request, &[])?;
    let (store, rng) = portal.store_mut(kind);
    let found = find(store, name, None).map(|record| record.id);
    let archived = found.and_then(|id| Ok(store.archive(turn, rng, BY_API, id)?));
    match archived {
        Err(problem) if turn.switches.archive_unknown_is_404 => Err(problem),
        _ => Ok(Response { status: 204, ..Response::default() }),
    }
}

/// `POST /crm/objects/2026-09/{type}/merge`.
pub(crate) fn merge(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kind: &ObjectKind,
    request: &Request,
) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Body {
        primary_object_id: String,
        object_id_to_merge: String,
    }
    Selectors::parse(request, &[])?;
    let body: Body = input::json(request)?;
    let (store, rng) = portal.store_mut(kind);
    let mergeable = |id: &str| {
        let record = turn.seen(store, find(store, id, None)?)?;
        turn.allow(Act::Edit, store, &record.values)?;
        Ok::<u64, Problem>(record.id)
    };
    let (primary, other) = (mergeable(&body.primary_object_id)?, mergeable(&body.object_id_to_merge)?);
    if primary == other {
        return Err(Problem::validation("A record cannot be merged with itself."));
    }
    let id = store.merge(turn, rng, BY_API, primary, other)?;
    answer(portal, turn, kind, 200, id, &Sent::new(), None)
}

/// `POST /crm/objects/2026-09/contacts/gdpr-delete`. With `idProperty=email` an unknown address is barred from coming.
pub(crate) fn gdpr_delete(
    portal: &mut Portal,
    turn: &mut Turn<'_>,
    kind: &ObjectKind,
    request: &Request,
) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Body {
        object_id: String,
        #[serde(default)]
        id_property: Option<String>,
    }
    if !kind.erasable {
        return Err(Problem::unknown_route());
    }
    Selectors::parse(request, &[])?;
    let body: Body = input::json(request)?;
    let (store, rng) = portal.store_mut(kind);
    turn.allow_erasure()?;
    let by_email = body.id_property.as_deref() == Some("email");
    match find(store, &body.object_id, body.id_property.as_deref()) {
        Ok(record) if !matches!(record.state, State::Erased) => {
            let id = record.id;
            store.erase(turn, rng, BY_API, id)?;
        }
        Err(_) if by_email => store.block(&body.object_id),
        Ok(_) => return Err(Problem::resource_not_found()),
        Err(problem) => return Err(problem),
    }
    Ok(Response { status: 204, ..Response::default() })
}

//! The order of checks before a request is answered: URL length, route, token, faults, limits, scopes, the endpoint
//! itself. Owns no state.

mod endpoint;
mod paths;

pub use endpoint::Endpoint;

use paths::{Route, parse};

use crate::auth::Caller;
use crate::faults::Fault;
use crate::http::{Request, Response};
use crate::objects::input::not_modelled;
use crate::objects::kind::{COMPANIES, CONTACTS, DEALS};
use crate::portal::kind_named;
use crate::{
    Problem, Simulator, associations, events, imports, lists, objects, owners, pipelines, properties, rights,
    schemas, search,
};

/// Answers a request that HubSpot (or the control API) would receive.
pub(crate) fn handle(sim: &mut Simulator, now_ms: u64, request: &Request) -> Option<Response> {
    sim.delay_ms = 0;
    if request.path.starts_with("/__control/") {
        return Some(sim.control(now_ms, request));
    }
    let correlation_id = sim.next_correlation_id();
    let mut call =
        Call { endpoint: Endpoint::Unknown, portal_id: 0, is_page: false, no_answer: false, cut: false };
    let mut response = match answer(sim, now_ms, request, &mut call) {
        Ok(mut response) => {
            let has = |name: &str| response.headers.iter().any(|(own, _)| own == name);
            let (typed, correlated) =
                (has("content-type") || response.body.is_empty(), has("x-hubspot-correlation-id"));
            if !typed {
                response.headers.push(("content-type".into(), "application/json;charset=utf-8".into()));
            }
            if !correlated {
                response.headers.push(("x-hubspot-correlation-id".into(), correlation_id));
            }
            response
        }
        Err(problem) => problem.into_response(&correlation_id),
    };
    if call.cut {
        response.body.truncate(response.body.len() / 2);
    }
    let status = if call.no_answer { 0 } else { response.status };
    if !call.is_page {
        sim.counters.count(call.portal_id, call.endpoint, status);
    }
    (!call.no_answer).then_some(response)
}

/// What is known of a call so far, and what a fault does to its answer.
struct Call {
    endpoint: Endpoint,
    portal_id: u64,
    /// One of HubSpot's own web pages: no API call, so not counted.
    is_page: bool,
    no_answer: bool,
    cut: bool,
}

fn answer(sim: &mut Simulator, now_ms: u64, request: &Request, call: &mut Call) -> Result<Response, Problem> {
    if request.path.len() + 1 + request.query.len() > sim.switches.url_limit_bytes {
        return Err(Problem::html(414, "Request-URI Too Large"));
    }
    let route = match parse(&request.method, &request.path) {
        Ok(route) => route,
        Err(problem) => {
            let page = sim.page(now_ms, request).ok_or(problem)?;
            call.is_page = true;
            return Ok(page);
        }
    };
    call.endpoint = route.endpoint;
    let caller = if route.endpoint.has_own_credentials() {
        None
    } else {
        let caller = sim.authenticate(now_ms, request)?;
        call.portal_id = caller.portal_id;
        Some(caller)
    };
    let names = |id| names(&route, request, id);
    let (fault, latency_ms) =
        sim.faults.strike(call.endpoint, route.object_type, call.portal_id, names, &mut sim.rng);
    sim.delay_ms += latency_ms;
    match fault {
        Some(fault) => misfortune(sim, now_ms, request, &route, caller.as_ref(), fault, call),
        None => permitted(sim, now_ms, request, &route, caller.as_ref()),
    }
}

/// Whether a call reads or writes a record by its id.
fn names(route: &Route<'_>, request: &Request, id: u64) -> bool {
    let id = id.to_string();
    match route.endpoint {
        Endpoint::Read | Endpoint::Update | Endpoint::Archive => route.name == id,
        Endpoint::BatchRead | Endpoint::BatchUpdate | Endpoint::BatchArchive => {
            let body = serde_json::from_slice::<serde_json::Value>(&request.body).unwrap_or_default();
            body["inputs"].as_array().into_iter().flatten().any(|input| input["id"] == id.as_str())
        }
        _ => false,
    }
}

/// Applies a fault around the real answer.
fn misfortune(
    sim: &mut Simulator,
    now_ms: u64,
    request: &Request,
    route: &Route<'_>,
    caller: Option<&Caller>,
    fault: Fault,
    call: &mut Call,
) -> Result<Response, Problem> {
    let commit = match fault {
        Fault::Status { after_commit, .. }
        | Fault::NoAnswer { after_commit }
        | Fault::Hollow { after_commit } => after_commit,
        Fault::Truncated | Fault::Latency { .. } => true,
        Fault::RateLimited { .. }
        | Fault::ExpiredToken
        | Fault::Locked
        | Fault::Moved { .. }
        | Fault::HalfDone { .. }
        | Fault::Late { .. }
        | Fault::Html => false,
    };
    let real = commit.then(|| permitted(sim, now_ms, request, route, caller));
    match fault {
        Fault::RateLimited { policy } => Err(Problem::rate_limited(policy, None)),
        Fault::ExpiredToken => Err(Problem::expired_token(now_ms.saturating_sub(1000), now_ms)),
        Fault::Locked => Err(Problem::new(423, "The resource is locked by other writes. Try again later.")),
        Fault::Moved { retry_after_s } => {
            Err(Problem::new(477, "This account is being moved to another data center. Try again later.")
                .header("retry-after", retry_after_s.to_string()))
        }
        Fault::HalfDone { status } => {
            if let Some(half) = halved(route.endpoint, request) {
                // Whatever is said of the half is lost as well.
                let _ = permitted(sim, now_ms, &half, route, caller);
            }
            Err(Problem::html(status, "Server Error"))
        }
        Fault::Late { status, after_ms } => {
            sim.late.push((now_ms + after_ms, request.clone()));
            call.no_answer = status == 0;
            Err(Problem::html(status, "Server Error"))
        }
        Fault::Status { status, .. } => Err(Problem::html(status, "Server Error")),
        Fault::Html => Err(Problem::html(200, "Please wait")),
        Fault::Hollow { .. } => Ok(objects::list::batch_answer(200, now_ms, b"[]", Vec::new())),
        Fault::NoAnswer { .. } => {
            call.no_answer = true;
            real.unwrap_or_else(|| Err(Problem::new(500, "no answer")))
        }
        Fault::Truncated | Fault::Latency { .. } => {
            call.cut = fault == Fault::Truncated;
            real.unwrap_or_else(|| Err(Problem::new(500, "unreachable: truncated answers are committed")))
        }
    }
}

/// Does what was put off by [`Fault::Late`] and is due, in the order in which it is. Nobody hears the answers.
pub(crate) fn do_late(sim: &mut Simulator, now_ms: u64) {
    let (mut due, later): (Vec<_>, Vec<_>) =
        std::mem::take(&mut sim.late).into_iter().partition(|(due_ms, _)| *due_ms <= now_ms);
    sim.late = later;
    due.sort_by_key(|(due_ms, _)| *due_ms);
    for (_, request) in due {
        let Ok(route) = parse(&request.method, &request.path) else { continue };
        // Calls with credentials of their own are not writes.
        let Ok(caller) = sim.authenticate(now_ms, &request) else { continue };
        let _ = permitted(sim, now_ms, &request, &route, Some(&caller));
    }
}

/// The same call with the first half of its inputs; `None` of what has none.
fn halved(endpoint: Endpoint, request: &Request) -> Option<Request> {
    let mut body: serde_json::Value = serde_json::from_slice(&request.body).ok()?;
    let inputs = match &mut body {
        serde_json::Value::Array(ids) if endpoint == Endpoint::ListMembersChange => ids,
        serde_json::Value::Object(own) => own.get_mut("inputs")?.as_array_mut()?,
        _ => return None,
    };
    inputs.truncate(inputs.len() / 2);
    Some(Request { body: body.to_string().into_bytes(), ..request.clone() })
}

/// Limits and scopes, then the endpoint.
fn permitted(
    sim: &mut Simulator,
    now_ms: u64,
    request: &Request,
    route: &Route<'_>,
    caller: Option<&Caller>,
) -> Result<Response, Problem> {
    let Some(caller) = caller else {
        return sim.oauth(now_ms, route.endpoint, None, request);
    };
    let headers = sim.check_limits(now_ms, caller, route.endpoint.quota())?;
    let with_headers = |mut problem: Problem| {
        problem.headers.extend(headers.iter().cloned());
        problem
    };
    let first = sim.switches.user_level_refused_before_scopes;
    if first && caller.viewer.is_some() && route.endpoint.refuses_user_level(&request.method) {
        return Err(with_headers(rights::wrong_kind()));
    }
    let mut response = if route.endpoint.is_oauth() {
        sim.oauth(now_ms, route.endpoint, Some(caller), request).map_err(with_headers)?
    } else if route.endpoint.is_about_associations() {
        between(sim, now_ms, request, route, caller).map_err(with_headers)?
    } else if route.endpoint.is_beside_records() {
        beside(sim, now_ms, request, route, caller).map_err(with_headers)?
    } else {
        crm(sim, now_ms, request, route, caller).map_err(with_headers)?
    };
    response.headers.extend(headers);
    Ok(response)
}

/// What is about links between records, or their labels.
fn between(
    sim: &mut Simulator,
    now_ms: u64,
    request: &Request,
    route: &Route<'_>,
    caller: &Caller,
) -> Result<Response, Problem> {
    use Endpoint as E;
    use associations::{read, write};
    if route.endpoint == E::AssociationOther {
        return Err(not_modelled("limits of labels and reports on associations"));
    }
    let kinds = [kind_named(route.object_type)?, kind_named(route.rest.first().unwrap_or(&""))?];
    let [from, to] = kinds;
    if !from.links_to(to) {
        return Err(not_modelled("associations of these types"));
    }
    let any_of = match route.endpoint {
        E::AssociationBatchRead | E::AssociationList => [from.read_scope, to.read_scope].to_vec(),
        E::LabelList => {
            [from.schema_read_scope, to.schema_read_scope, from.read_scope, to.read_scope].to_vec()
        }
        E::LabelCreate | E::LabelUpdate | E::LabelArchive => {
            [from.schema_write_scope, to.schema_write_scope].to_vec()
        }
        _ => [from.write_scope, to.write_scope].to_vec(),
    };
    admit(caller, route.endpoint, &any_of, request)?;
    let (portal, mut turn) = sim.portal_turn(caller.portal_id, now_ms).ok_or_else(Problem::no_credentials)?;
    turn.viewer = caller.viewer.as_ref();
    let turn = &mut turn;
    if request.method != "GET" && route.endpoint != E::AssociationBatchRead {
        turn.allow_links()?;
    }
    let name = route.name.as_ref();
    let pair = (name, *route.rest.get(1).unwrap_or(&""));
    match route.endpoint {
        E::AssociationBatchRead => read::batch(portal, turn, kinds, request),
        E::AssociationList => read::one(portal, turn, kinds, name, request),
        E::LabelList => read::labels(portal, kinds, request),
        E::LabelCreate => write::create_label(portal, kinds, request),
        E::LabelUpdate => write::update_label(portal, kinds, request),
        E::LabelArchive => write::delete_label(portal, kinds, name, request),
        E::AssociationPut => write::put(portal, turn, kinds, pair, request),
        E::AssociationDefault => write::put_default(portal, turn, kinds, pair, request),
        E::AssociationDelete => write::delete(portal, turn, kinds, pair, request),
        E::AssociationBatchArchive => write::batch_archive(portal, turn, kinds, request),
        E::AssociationBatchArchiveLabels => write::batch_archive_labels(portal, turn, kinds, request),
        other => write::batch_create(portal, turn, kinds, other == E::AssociationBatchCreate, request),
    }
}

/// What is not about the records of one type.
fn beside(
    sim: &mut Simulator,
    now_ms: u64,
    request: &Request,
    route: &Route<'_>,
    caller: &Caller,
) -> Result<Response, Problem> {
    use Endpoint as E;
    let kind = match route.endpoint {
        E::PipelineRead | E::PipelineWrite => Some(kind_named(route.object_type)?),
        _ => None,
    };
    if kind.is_some_and(|kind| !kind.classical) {
        return Err(not_modelled("pipelines of this type"));
    }
    let scopes = route.endpoint.list_scopes();
    if let Some(lacking) = scopes.iter().find(|scope| !caller.has_any(&[scope])) {
        return Err(Problem::missing_scopes(&[lacking]));
    }
    let any_of = match kind {
        Some(kind) => [kind.read_scope, kind.schema_read_scope].to_vec(),
        None if !scopes.is_empty() => scopes.to_vec(),
        None => match route.endpoint {
            E::SchemaList => vec!["crm.schemas.custom.read", "crm.objects.custom.read"],
            E::SchemaRead => vec!["crm.schemas.custom.read", "crm.objects.custom.read", "oauth"],
            E::SchemaOther => vec!["crm.schemas.custom.write"],
            E::EventSend | E::EventSendBatch => vec!["analytics.behavioral_events.send"],
            own if own.is_import() => vec!["crm.import"],
            own if own.is_custom_event() => vec!["behavioral_events.event_definitions.read_write"],
            own if own.is_app_event() => app_event_scopes(sim),
            _ => vec!["crm.objects.owners.read"],
        },
    };
    admit(caller, route.endpoint, &any_of, request)?;
    let (portal, mut turn) = sim.portal_turn(caller.portal_id, now_ms).ok_or_else(Problem::no_credentials)?;
    turn.viewer = caller.viewer.as_ref();
    match (route.endpoint, kind) {
        (E::SchemaList, _) => schemas::list(portal, &turn, request),
        (E::SchemaRead, _) => schemas::read(portal, &route.name, request),
        (E::SchemaOther, _) => Err(not_modelled("changes of custom objects by API")),
        (E::OwnerList, _) => owners::list(portal, &turn, request),
        (E::OwnerRead, _) => owners::read(portal, &route.name, request),
        (E::PipelineRead, Some(kind)) => pipelines::read(portal, kind, &route.rest, request),
        (E::PipelineWrite, _) => Err(not_modelled("changes of pipelines by API")),
        (own, _) if own.is_import() => {
            imports::api::handle(portal, &turn, caller.app_id, own, &route.rest, request)
        }
        (own, _) if own.is_custom_event() => {
            events::custom::handle(portal, &turn, caller, own, &route.name, request)
        }
        (own, _) if own.is_app_event() => events::app::handle(portal, &turn, caller, own, request),
        _ => lists::api::handle(portal, &turn, route.endpoint, &route.rest, request),
    }
}

/// What app events need: one scope, or any that writes records.
fn app_event_scopes(sim: &Simulator) -> Vec<&'static str> {
    if sim.switches.app_events_need_timeline {
        return vec!["timeline"];
    }
    let writes = [&CONTACTS, &COMPANIES, &DEALS].map(|kind| kind.write_scope);
    [["timeline"].as_slice(), &writes].concat()
}

/// Whether the caller may, and sent JSON if anything.
fn admit(caller: &Caller, endpoint: Endpoint, any_of: &[&str], request: &Request) -> Result<(), Problem> {
    if !caller.has_any(any_of) {
        return Err(Problem::missing_scopes(any_of));
    }
    if caller.viewer.is_some() && endpoint.refuses_user_level(&request.method) {
        return Err(rights::wrong_kind());
    }
    // A form of several parts is what an import is.
    if !request.body.is_empty() && endpoint != Endpoint::ImportCreate && !is_json(request) {
        return Err(Problem::new(415, "HTTP 415 Unsupported Media Type"));
    }
    Ok(())
}

fn crm(
    sim: &mut Simulator,
    now_ms: u64,
    request: &Request,
    route: &Route<'_>,
    caller: &Caller,
) -> Result<Response, Problem> {
    use Endpoint as E;
    let kind = kind_named(route.object_type)?;
    let any_of: &[&str] = match route.endpoint {
        E::List | E::Read | E::BatchRead | E::Search => &[kind.read_scope],
        E::Create
        | E::Update
        | E::Archive
        | E::BatchCreate
        | E::BatchUpdate
        | E::BatchUpsert
        | E::BatchArchive
        | E::Merge
        | E::GdprDelete => &[kind.write_scope],
        E::PropertyList | E::PropertyRead | E::PropertyBatchRead | E::GroupList | E::GroupRead => {
            &[kind.schema_read_scope, kind.read_scope]
        }
        _ => &[kind.schema_write_scope],
    };
    admit(caller, route.endpoint, any_of, request)?;
    let (portal, mut turn) = sim.portal_turn(caller.portal_id, now_ms).ok_or_else(Problem::no_credentials)?;
    turn.viewer = caller.viewer.as_ref();
    turn.allow_type(kind)?;
    if !portal.defines(kind) {
        return Err(schemas::unknown(route.object_type));
    }
    // HubSpot has these calls of other types only (SPEC `tasks.json`, `objects.json`).
    if !kind.classical && matches!(route.endpoint, E::Merge | E::GdprDelete) {
        return Err(Problem::unknown_route());
    }
    let name = route.name.as_ref();
    let answered = match route.endpoint {
        E::List => objects::list::list(portal, &turn, kind, request),
        E::Read => objects::list::read(portal, &turn, kind, name, request),
        E::BatchRead => objects::list::batch_read(portal, &turn, kind, request),
        E::Search => search::search(portal, &turn, kind, request),
        E::Create => objects::write::create(portal, &mut turn, kind, request),
        E::Update => objects::write::update(portal, &mut turn, kind, name, request),
        E::Archive => objects::write::archive(portal, &mut turn, kind, name, request),
        E::Merge => objects::write::merge(portal, &mut turn, kind, request),
        E::GdprDelete => objects::write::gdpr_delete(portal, &mut turn, kind, request),
        E::BatchCreate => objects::batch::create(portal, &mut turn, kind, request),
        E::BatchUpdate => objects::batch::update(portal, &mut turn, kind, request),
        E::BatchUpsert => objects::batch::upsert(portal, &mut turn, kind, request),
        E::BatchArchive => objects::batch::archive(portal, &mut turn, kind, request),
        other => properties::handle(portal, &turn, kind, other, name, request),
    };
    // Also after a refusal: a batch may have changed something before it met one.
    portal.follow(&mut turn);
    answered
}

fn is_json(request: &Request) -> bool {
    request.headers.iter().any(|(name, value)| {
        name == "content-type" && value.to_ascii_lowercase().starts_with("application/json")
    })
}

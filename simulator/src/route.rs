//! Which endpoint a request is for, and the order of checks before it is answered: URL length, route, token, faults,
//! limits, scopes, the endpoint itself. Owns no state.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::faults::Fault;
use crate::http::{Request, Response};
use crate::limits::Quota;
use crate::objects::input::not_modelled;
use crate::portal::kind_named;
use crate::{
    Problem, Simulator, associations, lists, objects, owners, pipelines, properties, rights, schemas, search,
};

/// Everything of HubSpot's API that is modelled, version 2026-09.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `POST /oauth/2026-09/token`
    Token,
    /// `POST /oauth/2026-09/token/introspect`
    Introspect,
    /// `POST /oauth/2026-09/token/revoke`
    Revoke,
    /// `POST /oauth/v2/private-apps/get/access-token-info`
    PrivateAppInfo,
    /// `GET /account-info/2026-09/details`
    AccountDetails,
    /// `GET /account-info/2026-09/api-usage/daily/private-apps`
    ApiUsage,
    /// `DELETE /appinstalls/2026-09/external-install`
    Uninstall,
    /// `GET /crm/objects/2026-09/{type}`
    List,
    Create,
    Read,
    Update,
    Archive,
    BatchRead,
    BatchCreate,
    BatchUpdate,
    BatchUpsert,
    BatchArchive,
    Search,
    Merge,
    GdprDelete,
    /// `GET /crm/properties/2026-09/{type}`
    PropertyList,
    PropertyCreate,
    PropertyRead,
    PropertyUpdate,
    PropertyArchive,
    PropertyBatchRead,
    PropertyBatchCreate,
    PropertyBatchArchive,
    GroupList,
    GroupCreate,
    GroupRead,
    GroupUpdate,
    GroupArchive,
    /// `GET /crm-object-schemas/2026-09/schemas`
    SchemaList,
    SchemaRead,
    /// Every change of custom objects; not modelled.
    SchemaOther,
    /// `GET /crm/owners/2026-09`
    OwnerList,
    OwnerRead,
    /// `GET` of `/crm/pipelines/2026-09/{type}` and all below
    PipelineRead,
    /// Every change there; not modelled.
    PipelineWrite,
    /// `GET /crm/lists/2026-09`
    ListsRead,
    ListsCreate,
    ListsSearch,
    /// `GET /crm/lists/2026-09/{listId}`, or by name
    ListRead,
    ListDelete,
    ListRestore,
    ListRename,
    /// `GET …/memberships`, `…/memberships/join-order`
    ListMembers,
    /// Every change of members
    ListMembersChange,
    /// The lists of a record
    RecordLists,
    /// Folders, filters, conversions; not modelled.
    ListOther,
    /// `POST /crm/associations/2026-09/{from}/{to}/batch/read`
    AssociationBatchRead,
    AssociationBatchCreate,
    AssociationBatchDefault,
    AssociationBatchArchive,
    AssociationBatchArchiveLabels,
    /// `GET /crm/associations/2026-09/{from}/{to}/labels`
    LabelList,
    LabelCreate,
    LabelUpdate,
    LabelArchive,
    /// Limits of labels and usage reports; not modelled.
    AssociationOther,
    /// `GET /crm/objects/2026-09/{from}/{id}/associations/{to}`
    AssociationList,
    /// `PUT …/{to}/{toId}`
    AssociationPut,
    /// `PUT …/default/{to}/{toId}`
    AssociationDefault,
    /// `DELETE …/{to}/{toId}`
    AssociationDelete,
    /// Nothing HubSpot has, or nothing modelled.
    Unknown,
}

impl Endpoint {
    /// Answered by `Simulator::oauth`.
    pub fn is_oauth(self) -> bool {
        self.has_own_credentials() || matches!(self, Self::AccountDetails | Self::ApiUsage | Self::Uninstall)
    }

    /// Not about the records or properties of one type.
    fn is_beside_records(self) -> bool {
        matches!(self, Self::OwnerList | Self::OwnerRead | Self::PipelineRead | Self::PipelineWrite)
            || matches!(self, Self::SchemaList | Self::SchemaRead | Self::SchemaOther)
            || !self.list_scopes().is_empty()
    }

    /// The scopes that a call about lists needs, all of them; none of other calls.
    fn list_scopes(self) -> &'static [&'static str] {
        match self {
            Self::ListsRead | Self::ListsSearch | Self::ListRead | Self::ListMembers | Self::RecordLists => {
                &["crm.lists.read"]
            }
            Self::ListsCreate | Self::ListRename | Self::ListRestore => &["crm.lists.write"],
            Self::ListDelete | Self::ListMembersChange | Self::ListOther => {
                &["crm.lists.read", "crm.lists.write"]
            }
            _ => &[],
        }
    }

    /// Whether tokens of user-level apps are refused here whatever they may (`hubspot-api.md` 2.8): lists, owners, pipelines and
    /// every `DELETE`.
    fn refuses_user_level(self, method: &str) -> bool {
        method == "DELETE"
            || matches!(self, Self::OwnerList | Self::OwnerRead | Self::PipelineRead | Self::PipelineWrite)
            || !self.list_scopes().is_empty()
    }

    /// About links or labels.
    fn is_about_associations(self) -> bool {
        matches!(
            self,
            Self::AssociationList | Self::AssociationPut | Self::AssociationDefault | Self::AssociationDelete
        ) || self.quota() == Quota::Associations
    }

    /// What a call counts against.
    fn quota(self) -> Quota {
        match self {
            Self::Search => Quota::Search,
            Self::AssociationBatchRead
            | Self::AssociationBatchCreate
            | Self::AssociationBatchDefault
            | Self::AssociationBatchArchive
            | Self::AssociationBatchArchiveLabels
            | Self::LabelList
            | Self::LabelCreate
            | Self::LabelUpdate
            | Self::LabelArchive
            | Self::AssociationOther => Quota::Associations,
            _ => Quota::Core,
        }
    }

    /// Takes no Bearer token: credentials are in the body, no quota is counted.
    pub fn has_own_credentials(self) -> bool {
        matches!(self, Self::Token | Self::Introspect | Self::Revoke | Self::PrivateAppInfo)
    }
}

/// A request's endpoint and the variable parts of its path.
struct Route<'a> {
    endpoint: Endpoint,
    object_type: &'a str,
    /// Record id, property name or group name, percent-decoded.
    name: Cow<'a, str>,
    /// What else stands in the path, where an endpoint looks at it itself.
    rest: Vec<&'a str>,
}

/// Finds the endpoint of a method and path.
fn parse<'a>(method: &str, path: &'a str) -> Result<Route<'a>, Problem> {
    use Endpoint as E;
    let mut parts = [""; 9];
    let mut count = 0;
    let trimmed = path.strip_prefix('/').ok_or_else(Problem::unknown_route)?;
    for part in trimmed.strip_suffix('/').unwrap_or(trimmed).split('/') {
        *parts.get_mut(count).ok_or_else(Problem::unknown_route)? = part;
        count += 1;
    }
    let method = match method {
        "GET" => 'G',
        "POST" => 'P',
        "PATCH" => 'U',
        "DELETE" => 'D',
        "PUT" => 'T',
        _ => 'X',
    };
    let mut object_type = "";
    let mut name = "";
    let mut behind: &[&str] = &[];
    let endpoint = match parts.get(..count).unwrap_or_default() {
        ["oauth", "2026-09", "token"] => one(method, 'P', E::Token),
        ["oauth", "2026-09", "token", "introspect"] => one(method, 'P', E::Introspect),
        ["oauth", "2026-09", "token", "revoke"] => one(method, 'P', E::Revoke),
        ["oauth", "v2", "private-apps", "get", "access-token-info"] => one(method, 'P', E::PrivateAppInfo),
        ["account-info", "2026-09", "details"] => one(method, 'G', E::AccountDetails),
        ["account-info", "2026-09", "api-usage", "daily", "private-apps"] => one(method, 'G', E::ApiUsage),
        ["appinstalls", "2026-09", "external-install"] => one(method, 'D', E::Uninstall),
        ["crm-object-schemas", "2026-09", "schemas", rest @ ..] => match (method, rest) {
            ('G', []) => Some(E::SchemaList),
            ('G', [id]) => {
                name = id;
                Some(E::SchemaRead)
            }
            _ => (method != 'X').then_some(E::SchemaOther),
        },
        ["crm", "owners", "2026-09"] => one(method, 'G', E::OwnerList),
        ["crm", "owners", "2026-09", id] => {
            name = id;
            one(method, 'G', E::OwnerRead)
        }
        ["crm", "pipelines", "2026-09", kind, rest @ ..] => {
            (object_type, behind) = (kind, rest);
            one(method, 'G', E::PipelineRead).or((method != 'X').then_some(E::PipelineWrite))
        }
        ["crm", "lists", "2026-09", rest @ ..] => {
            behind = rest;
            match rest {
                [] => two(method, ('G', E::ListsRead), ('P', E::ListsCreate)),
                ["folders" | "idmapping" | "all", ..]
                | [_, "schedule-conversion" | "update-list-filters"] => Some(E::ListOther),
                ["search"] => one(method, 'P', E::ListsSearch),
                ["object-type-id", _, "name", _] => one(method, 'G', E::ListRead),
                ["records", "memberships", "batch", "read"] => one(method, 'P', E::RecordLists),
                ["records", _, _, "memberships"] => one(method, 'G', E::RecordLists),
                [_] => two(method, ('G', E::ListRead), ('D', E::ListDelete)),
                [_, "restore"] => one(method, 'T', E::ListRestore),
                [_, "update-list-name"] => one(method, 'T', E::ListRename),
                [_, "memberships"] => two(method, ('G', E::ListMembers), ('D', E::ListMembersChange)),
                [_, "memberships", "join-order"] => one(method, 'G', E::ListMembers),
                [_, "memberships", "add" | "remove" | "add-and-remove"]
                | [_, "memberships", "add-from", _] => one(method, 'T', E::ListMembersChange),
                _ => return Err(Problem::unknown_route()),
            }
        }
        ["crm", "associations", "2026-09", "definitions" | "usage", ..] => Some(E::AssociationOther),
        ["crm", "associations", "2026-09", from, rest @ ..] => {
            (object_type, behind) = (from, rest);
            match rest {
                [_, "labels"] => two(method, ('G', E::LabelList), ('P', E::LabelCreate)).or(one(
                    method,
                    'T',
                    E::LabelUpdate,
                )),
                [_, "labels", id] => {
                    name = id;
                    one(method, 'D', E::LabelArchive)
                }
                [_, "batch", "read"] => one(method, 'P', E::AssociationBatchRead),
                [_, "batch", "create"] => one(method, 'P', E::AssociationBatchCreate),
                [_, "batch", "associate", "default"] => one(method, 'P', E::AssociationBatchDefault),
                [_, "batch", "archive"] => one(method, 'P', E::AssociationBatchArchive),
                [_, "batch", "labels", "archive"] => one(method, 'P', E::AssociationBatchArchiveLabels),
                _ => return Err(Problem::unknown_route()),
            }
        }
        ["crm", "objects", "2026-09", from, id, "associations", rest @ ..] => {
            (object_type, name) = (from, id);
            match rest {
                [_] => {
                    behind = rest;
                    one(method, 'G', E::AssociationList)
                }
                ["default", pair @ ..] if pair.len() == 2 => {
                    behind = pair;
                    one(method, 'T', E::AssociationDefault)
                }
                [_, _] => {
                    behind = rest;
                    two(method, ('T', E::AssociationPut), ('D', E::AssociationDelete))
                }
                _ => return Err(Problem::unknown_route()),
            }
        }
        ["crm", area @ ("objects" | "properties"), "2026-09", kind, rest @ ..] => {
            object_type = kind;
            match (*area, rest) {
                ("objects", []) => two(method, ('G', E::List), ('P', E::Create)),
                ("objects", ["search"]) => one(method, 'P', E::Search),
                ("objects", ["merge"]) => one(method, 'P', E::Merge),
                ("objects", ["gdpr-delete"]) => one(method, 'P', E::GdprDelete),
                ("objects", ["batch", "read"]) => one(method, 'P', E::BatchRead),
                ("objects", ["batch", "create"]) => one(method, 'P', E::BatchCreate),
                ("objects", ["batch", "update"]) => one(method, 'P', E::BatchUpdate),
                ("objects", ["batch", "upsert"]) => one(method, 'P', E::BatchUpsert),
                ("objects", ["batch", "archive"]) => one(method, 'P', E::BatchArchive),
                ("objects", [id]) => {
                    name = id;
                    three(method, E::Read, E::Update, E::Archive)
                }
                ("properties", []) => two(method, ('G', E::PropertyList), ('P', E::PropertyCreate)),
                ("properties", ["batch", "read"]) => one(method, 'P', E::PropertyBatchRead),
                ("properties", ["batch", "create"]) => one(method, 'P', E::PropertyBatchCreate),
                ("properties", ["batch", "archive"]) => one(method, 'P', E::PropertyBatchArchive),
                ("properties", ["groups"]) => two(method, ('G', E::GroupList), ('P', E::GroupCreate)),
                ("properties", ["groups", group]) => {
                    name = group;
                    three(method, E::GroupRead, E::GroupUpdate, E::GroupArchive)
                }
                ("properties", [property]) => {
                    name = property;
                    three(method, E::PropertyRead, E::PropertyUpdate, E::PropertyArchive)
                }
                _ => return Err(Problem::unknown_route()),
            }
        }
        _ => return Err(Problem::unknown_route()),
    };
    let endpoint = endpoint.ok_or_else(Problem::method_not_allowed)?;
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    Ok(Route { endpoint, object_type, name, rest: behind.to_vec() })
}

fn one(method: char, only: char, endpoint: Endpoint) -> Option<Endpoint> {
    (method == only).then_some(endpoint)
}

fn two(method: char, a: (char, Endpoint), b: (char, Endpoint)) -> Option<Endpoint> {
    one(method, a.0, a.1).or(one(method, b.0, b.1))
}

fn three(method: char, read: Endpoint, update: Endpoint, delete: Endpoint) -> Option<Endpoint> {
    two(method, ('G', read), ('U', update)).or(one(method, 'D', delete))
}

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
    let reads = |id| reads(&route, request, id);
    let (fault, latency_ms) =
        sim.faults.strike(call.endpoint, route.object_type, call.portal_id, reads, &mut sim.rng);
    sim.delay_ms += latency_ms;
    match fault {
        Some(fault) => misfortune(sim, now_ms, request, &route, caller.as_ref(), fault, call),
        None => permitted(sim, now_ms, request, &route, caller.as_ref()),
    }
}

/// Whether a call reads a record by its id.
fn reads(route: &Route<'_>, request: &Request, id: u64) -> bool {
    let id = id.to_string();
    match route.endpoint {
        Endpoint::Read => route.name == id,
        Endpoint::BatchRead => {
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
        Fault::Status { after_commit, .. } | Fault::NoAnswer { after_commit } => after_commit,
        Fault::Truncated | Fault::Latency { .. } => true,
        Fault::RateLimited { .. }
        | Fault::ExpiredToken
        | Fault::Locked
        | Fault::Moved { .. }
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
        Fault::Status { status, .. } => Err(Problem::html(status, "Server Error")),
        Fault::Html => Err(Problem::html(200, "Please wait")),
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
    if !(from.classical && to.classical) {
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
        _ => lists::api::handle(portal, &turn, route.endpoint, &route.rest, request),
    }
}

/// Whether the caller may, and sent JSON if anything.
fn admit(caller: &Caller, endpoint: Endpoint, any_of: &[&str], request: &Request) -> Result<(), Problem> {
    if !caller.has_any(any_of) {
        return Err(Problem::missing_scopes(any_of));
    }
    if caller.viewer.is_some() && endpoint.refuses_user_level(&request.method) {
        return Err(rights::wrong_kind());
    }
    if !request.body.is_empty() && !is_json(request) {
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

//! The OpenAPI 3.1 document of `/v1`, made of the routes table, of the limits that requests are refused by, and of what
//! [`operations`] says about each address. Natively only: the committed `docs/openapi.json` is what it makes (a test holds the two
//! together, and writes the file where `UPDATE_OPENAPI` is set), and is served as a static asset.

mod operations;
mod schemas;

use serde_json::{Map, Value, json};

use self::operations::{Answer, Body, Operation, TAGS, operations};
use crate::{
    api::{
        action,
        idempotency::KEY_CHARS,
        prospect::ACTION_CHARS,
        request::{self, BODY_LIMIT, DEFAULT_LIMIT, LOOKUP_CHARS},
        route::{Access, Api, Found, Route, find},
        score::ROWS_LIMIT,
        types,
    },
    engine::{
        audit::ENTRIES_LIMIT,
        directory::messages::{Permission, WORKSPACES_LIMIT},
        portal::{
            beside::commands::MEMBERS_LIMIT,
            blocks::BLOCKS_LIMIT,
            messages::{CHANGES_LIMIT, LINKS_LIMIT, RECORDS_LIMIT},
            outbox::commands::ACTIONS_LIMIT,
            scores::commands::RUNS_LIMIT,
            seats::{commands::SEATS_LIMIT, desk::Which},
            signals::commands::PAGE_LIMIT,
        },
    },
    hubspot::asked,
    values::{http::Method, problem::Kind},
};

/// Where it lies, below the project's root.
pub const FILE: &str = "docs/openapi.json";

const DESCRIPTION: &str = "\
JSON over HTTPS. Every request carries `Authorization: Bearer …` with the root key or an API key of a workspace; what a key may not see \
does not exist for it. Refusals are problems (RFC 9457) with a stable `type`. Lists page by opaque cursors: pass on `next_cursor` as it \
came. Every answer says in `RateLimit` how many requests the key may still make (RateLimit header fields for HTTP). Ids are texts, moments RFC 3339. Bodies hold no other members than those named here.";

/// The document.
pub fn document() -> Value {
    let mut paths = Map::new();
    for operation in operations() {
        for path in paths_of(operation.pattern) {
            let item = paths.entry(path.clone()).or_insert_with(|| json!({}));
            item[operation.method.as_str().to_lowercase()] = described(&operation, &path);
        }
    }
    let refusals: Map<String, Value> = refusals();
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Spoke",
            "version": "1",
            "summary": "A complete HubSpot integration for your product",
            "description": DESCRIPTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "key": [] }],
        "tags": TAGS.map(|(name, description)| json!({ "name": name, "description": description })),
        "paths": paths,
        "components": {
            "securitySchemes": { "key": {
                "type": "http", "scheme": "bearer",
                "description": "The root key, or an API key: `key_….…`.",
            } },
            "parameters": parameters(),
            "responses": refusals,
            "schemas": schemas::all(),
        },
    })
}

/// The paths of a pattern, with names in the places. Where the parameters depend on the type of record, the types stand apart.
fn paths_of(pattern: &str) -> Vec<String> {
    let mut path = String::new();
    let mut before = "";
    for segment in pattern.split('/').skip(1) {
        path.push('/');
        if segment == "*" {
            let name = place(before, &path);
            path.extend(["{", name, "}"]);
        } else {
            path.push_str(segment);
        }
        before = segment;
    }
    if pattern == RECORDS {
        let of = |kind| path.replace("{type}", kind);
        return vec![of("contacts"), of("companies"), path.clone()];
    }
    vec![path]
}

const RECORDS: &str = "/v1/connections/*/records/*";

/// What stands in a place, by the segment before it.
fn place(before: &str, path: &str) -> &'static str {
    match before {
        "workspaces" => "workspace",
        "connections" => "connection",
        "keys" => "key",
        "types" => "name",
        "records" | "fields" | "streams" | "pipelines" => "type",
        "associations" => "to_type",
        "lists" => "list",
        "channels" => "channel",
        "seats" => "seat",
        "endpoints" => "endpoint",
        "blocks" => "block",
        "actions" => "act",
        "mappings" => "mapping",
        "accounts" => "account",
        "runs" => "run",
        "signals" => "sig",
        "qualifying-lists" => "ql",
        "automations" => "aut",
        "automation-runs" => "aut_run",
        "*" if path.ends_with("/{type}/") => "record",
        _ => unreachable!("`{path}` has a place without a name"),
    }
}

fn parameter(name: &str, place: &str, schema: Value, description: &str) -> Value {
    let mut parameter = json!({ "name": name, "in": place, "schema": schema });
    if place == "path" {
        parameter["required"] = json!(true);
    }
    if !description.is_empty() {
        parameter["description"] = description.into();
    }
    parameter
}

fn parameters() -> Map<String, Value> {
    let path = |name: &str, schema| (name.to_owned(), parameter(name, "path", schema, ""));
    let named = json!({
        "type": "string", "minLength": 1, "maxLength": types::NAME_CHARS, "pattern": "^[a-z0-9_-]+$", "examples": ["tasks"],
    });
    [
        path("workspace", schemas::id("ws", "workspace")),
        path("connection", schemas::id("con", "connection")),
        path("key", schemas::id("key", "key")),
        path("seat", schemas::id("seat", "seat")),
        path("channel", schemas::id("ch", "channel")),
        path("endpoint", schemas::id("ep", "endpoint")),
        path("block", schemas::id("blk", "block")),
        path("act", schemas::id("act", "action")),
        path("mapping", schemas::action()),
        path("account", schemas::scores::account_id()),
        path("run", schemas::scores::run_id()),
        path("sig", schemas::id("sig", "signal")),
        path("ql", schemas::id("ql", "qualifying-list")),
        path("aut", schemas::id("aut", "automation")),
        path("aut_run", schemas::id("run", "run")),
        (
            "automation".to_owned(),
            parameter("automation", "query", schemas::id("aut", "automation"), "Only runs of this one."),
        ),
        (
            "signal".to_owned(),
            parameter("signal", "query", schemas::id("sig", "signal"), "Only runs for this one."),
        ),
        path("type", schemas::object_type()),
        path("to_type", schemas::object_type()),
        path("name", named),
        path("record", schemas::number_id("record")),
        path("list", schemas::number_id("list")),
        (
            "cursor".to_owned(),
            cursor("cursor"),
        ),
        (
            "after".to_owned(),
            parameter(
                "after",
                "query",
                schemas::sequence(),
                "Changes after this one; absent: from the beginning.",
            ),
        ),
        (
            "types".to_owned(),
            parameter(
                "types",
                "query",
                json!({
                    "type": "string", "minLength": 1, "examples": ["contacts,deals"],
                    "pattern": "^(contacts|companies|deals|tasks|calls|notes|2-[1-9][0-9]{0,8})(,(contacts|companies|deals|tasks|calls|notes|2-[1-9][0-9]{0,8}))*$",
                }),
                "Only of these types, comma separated; absent: of all.",
            ),
        ),
        (
            "Idempotency-Key".to_owned(),
            parameter(
                "Idempotency-Key",
                "header",
                json!({
                    "type": "string", "minLength": 1, "maxLength": KEY_CHARS, "pattern": "^[!-~]([ -~]*[!-~])?$",
                }),
                "Of requests with one key only one has its effect; the others get its answer, marked with `Idempotency-Replayed: true`, for a day. A refusal frees the key.",
            ),
        ),
        (
            "data".to_owned(),
            parameter(
                "data",
                "query",
                json!({ "type": "string", "enum": ["keep", "delete"], "default": "keep" }),
                "What becomes of what was read from the account: `delete` empties records, links, lists and the change feed once the disconnect is over; what was set up stays.",
            ),
        ),
        (
            "properties".to_owned(),
            parameter(
                "properties",
                "query",
                json!({
                    "type": "string", "minLength": 1, "maxLength": 2_000, "pattern": "^[A-Za-z0-9_.-]{1,60}(,[A-Za-z0-9_.-]{1,60}){0,30}$",
                    "examples": ["email,phone"],
                }),
                "Only these properties, comma separated, by HubSpot's names; absent: HubSpot's choice.",
            ),
        ),
        (
            "which".to_owned(),
            parameter(
                "which",
                "query",
                json!({ "type": "string", "enum": Which::ALL.map(Which::as_str), "default": "queue" }),
                "Which of the open tasks, by the account's own clock: due before today, today, or all in the order in which they are due.",
            ),
        ),
        (
            "queue".to_owned(),
            parameter(
                "queue",
                "query",
                json!({ "type": "string", "pattern": "^[0-9]{1,20}$", "examples": ["1204"] }),
                "Only tasks that stand in this task queue of HubSpot's, by its id.",
            ),
        ),
        (
            "job".to_owned(),
            parameter(
                "job",
                "query",
                json!({ "type": "string", "minLength": 1, "maxLength": action::KEY_CHARS, "pattern": "^[A-Za-z0-9_.-]+$", "examples": ["nightly-2026-11-20"] }),
                "Your own name for what several requests of actions belong to: they are looked at and counted together.",
            ),
        ),
        (
            "state".to_owned(),
            parameter(
                "state",
                "query",
                json!({ "type": "string", "enum": crate::api::action::states() }),
                "Only actions of which a write stands so.",
            ),
        ),
        (
            "user".to_owned(),
            parameter(
                "user",
                "query",
                schemas::name(request::NAME_CHARS),
                "Only this person's, as you named them in their links.",
            ),
        ),
        ("email".to_owned(), lookup("email")),
        ("domain".to_owned(), lookup("domain")),
        (
            "action".to_owned(),
            parameter(
                "action",
                "query",
                json!({ "type": "string", "minLength": 1, "maxLength": ACTION_CHARS, "pattern": "^[a-z_.]+$", "examples": ["endpoint."] }),
                "Of actions that begin so only.",
            ),
        ),
    ]
    .into_iter()
    .collect()
}

fn cursor(format: &str) -> Value {
    let schema = json!({ "type": "string", "minLength": 1, "format": format });
    parameter("cursor", "query", schema, "`next_cursor` of the page before, as it came.")
}

fn lookup(name: &str) -> Value {
    let schema = json!({ "type": "string", "minLength": 1, "maxLength": LOOKUP_CHARS });
    parameter(name, "query", schema, "Only records with this one, in any case.")
}

fn limit(most: u32) -> Value {
    let schema =
        json!({ "type": "integer", "minimum": 1, "maximum": most, "default": DEFAULT_LIMIT.min(most) });
    parameter("limit", "query", schema, "Most entries of the answer.")
}

/// The most that an address answers at once; those that take `limit`.
fn most(id: &str) -> Option<u32> {
    Some(match id {
        "listWorkspaces" => WORKSPACES_LIMIT,
        "listRecords" | "listChannelRecords" => RECORDS_LIMIT,
        "listAssociations" => LINKS_LIMIT,
        "listMembers" => MEMBERS_LIMIT,
        "listChanges" => CHANGES_LIMIT,
        "listSeats" => SEATS_LIMIT,
        "listSeatRecords" => asked::LIST_LIMIT,
        "listBlocks" => BLOCKS_LIMIT,
        "listActions" => ACTIONS_LIMIT,
        "listScoreRuns" => RUNS_LIMIT,
        "listScoreErrors" => ROWS_LIMIT,
        "listSignals" | "listAutomationRuns" => PAGE_LIMIT,
        "listAudit" | "listWorkspaceAudit" => ENTRIES_LIMIT,
        _ => return None,
    })
}

/// A path with something that can be in each place.
fn example(path: &str) -> String {
    let mut example = path.to_owned();
    for (place, text) in [
        ("{workspace}", "ws_070707070707070707070707"),
        ("{connection}", "con_070707070707070707070707"),
        ("{key}", "key_070707070707070707070707"),
        ("{seat}", "seat_070707070707070707070707"),
        ("{channel}", "ch_070707070707070707070707"),
        ("{endpoint}", "ep_070707070707070707070707"),
        ("{block}", "blk_070707070707070707070707"),
        ("{act}", "act_070707070707070707070707"),
        ("{mapping}", "log_call"),
        ("{account}", "acct-17"),
        ("{run}", "12"),
        ("{sig}", "sig_070707070707070707070707"),
        ("{ql}", "ql_070707070707070707070707"),
        ("{aut}", "aut_070707070707070707070707"),
        ("{aut_run}", "run_070707070707070707070707"),
        ("{type}", "deals"),
        ("{to_type}", "deals"),
        ("{name}", "tasks"),
        ("{record}", "512"),
        ("{list}", "512"),
    ] {
        example = example.replace(place, text);
    }
    example
}

/// The route of a path.
fn route(method: Method, path: &str) -> Route {
    match find(Some(method), &example(path)) {
        Found::Route(route) => route,
        Found::OtherMethods(_) | Found::Nothing => panic!("no route answers {method:?} {path}"),
    }
}

/// Names of the query parameters that a route takes.
fn taken(route: &Route) -> &'static [&'static str] {
    match route {
        Route::Api(api) => api.taken(),
        Route::Ask(_, ask) => ask.taken(),
        Route::Page(_)
        | Route::Webhook(_)
        | Route::OwnWebhook(_)
        | Route::FilterSchema
        | Route::WorkflowSchema
        | Route::OpenApi
        | Route::Health
        | Route::Hello
        | Route::TestPanic(_) => &[],
    }
}

fn described(operation: &Operation, path: &str) -> Value {
    let route = route(operation.method, path);
    let mut parameters: Vec<Value> = path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }))
        .collect();
    if changes(&route) {
        parameters.push(json!({ "$ref": "#/components/parameters/Idempotency-Key" }));
    }
    for name in taken(&route) {
        parameters.push(match (*name, most(operation.id)) {
            ("limit", Some(most)) => limit(most),
            ("cursor", _) if operation.id == "listWorkspaces" => cursor("workspace-cursor"),
            ("cursor", _) if operation.id == "listActions" => cursor("action-cursor"),
            ("cursor", _) if operation.id == "listScoreErrors" => cursor("row-cursor"),
            ("cursor", _) if operation.tag == "Scores" => cursor("score-cursor"),
            ("cursor", _) if matches!(operation.id, "listSignals" | "listAutomationRuns") => {
                cursor("signal-cursor")
            }
            ("cursor", _) if operation.id == "listSeats" => cursor("seat-cursor"),
            ("cursor", _) if operation.id == "listSeatTasks" => cursor("task-cursor"),
            ("cursor", _) if operation.tag == "Seats" => cursor("hubspot-cursor"),
            _ => json!({ "$ref": format!("#/components/parameters/{name}") }),
        });
    }
    let id = match path.rsplit('/').next() {
        Some("contacts") if operation.pattern == RECORDS => format!("{}OfContacts", operation.id),
        Some("companies") if operation.pattern == RECORDS => format!("{}OfCompanies", operation.id),
        _ => operation.id.to_owned(),
    };
    let mut described = json!({
        "operationId": id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": responses(operation, &route),
    });
    let needs = match access(&route) {
        None => "For everybody: takes no key.".to_owned(),
        Some(Access::Root) => "Takes the root key.".to_owned(),
        Some(Access::Key(permission)) => {
            let also = if let Route::Api(api) = &route { api.also() } else { &[] };
            let names: Vec<&str> = std::iter::once(&permission).chain(also).map(|one| one.as_str()).collect();
            let all = names.join("` and `");
            format!("Takes the permission{} `{all}`.", if also.is_empty() { "" } else { "s" })
        }
    };
    let words = if operation.more.is_empty() { needs } else { format!("{} {needs}", operation.more) };
    described["description"] = words.into();
    if !parameters.is_empty() {
        described["parameters"] = json!(parameters);
    }
    let body = match operation.body {
        Body::None => None,
        Body::Needed(name) => Some((name, true, "application/json")),
        Body::Allowed(name) => Some((name, false, "application/json")),
        Body::Lines(name) => Some((name, true, crate::api::action::CONTENT_TYPE)),
    };
    if let Some((name, required, content)) = body {
        described["requestBody"] = json!({
            "required": required, "content": { content: { "schema": schemas::of(name) } },
        });
    }
    if is_public(&route) {
        described["security"] = json!([]);
    }
    described
}

fn responses(operation: &Operation, route: &Route) -> Map<String, Value> {
    let json_of = |name: &str, words: &str| json!({ "description": words, "content": { "application/json": { "schema": schemas::of(name) } } });
    let mut responses = Map::new();
    let mut add = |status: u16, response: Value| {
        responses.insert(status.to_string(), response);
    };
    let ordered = || json!({ "description": "It will be done." });
    match operation.answer {
        Answer::Ok(name) => add(200, json_of(name, "As asked.")),
        Answer::Created(name) => add(201, json_of(name, "Made.")),
        Answer::CreatedOrOk(name) => {
            add(201, json_of(name, "Made."));
            add(200, json_of(name, "It was there."));
        }
        Answer::Ordered => add(202, ordered()),
        Answer::OkOrOrdered(name) => {
            add(200, json_of(name, "As asked."));
            add(202, ordered());
        }
        Answer::Gone => add(204, json!({ "description": "Gone." })),
        Answer::Lines(name) => {
            let content = json!({ crate::api::snapshot::CONTENT_TYPE: { "schema": schemas::of(name) } });
            add(200, json!({ "description": "As asked.", "content": content }));
        }
        Answer::Schema => {
            let content = json!({ "application/json": { "schema": { "type": "object" } } });
            add(200, json!({ "description": "As asked.", "content": content }));
        }
    }
    for kind in kinds(operation, route) {
        let (status, name, _) = kind.describe();
        add(status, json!({ "$ref": format!("#/components/responses/{name}") }));
    }
    responses
}

/// Whom a route answers; `None`: everybody.
const fn access(route: &Route) -> Option<Access> {
    match route {
        Route::Api(api) => Some(api.access()),
        Route::Ask(_, ask) => Some(Access::Key(ask.permission())),
        Route::Page(_)
        | Route::Webhook(_)
        | Route::OwnWebhook(_)
        | Route::FilterSchema
        | Route::WorkflowSchema
        | Route::OpenApi
        | Route::Health
        | Route::Hello
        | Route::TestPanic(_) => None,
    }
}

/// Whether an `Idempotency-Key` has a meaning.
fn changes(route: &Route) -> bool {
    match route {
        Route::Api(api) => api.changes(),
        Route::Ask(_, ask) => ask.permission() != Permission::Read,
        Route::Page(_)
        | Route::Webhook(_)
        | Route::OwnWebhook(_)
        | Route::FilterSchema
        | Route::WorkflowSchema
        | Route::OpenApi
        | Route::Health
        | Route::Hello
        | Route::TestPanic(_) => false,
    }
}

/// Whether an address is for everybody.
const fn is_public(route: &Route) -> bool {
    matches!(route, Route::FilterSchema | Route::WorkflowSchema | Route::OpenApi)
}

/// The refusals that an address may answer with.
fn kinds(operation: &Operation, route: &Route) -> Vec<Kind> {
    if is_public(route) {
        return vec![Kind::Unavailable];
    }
    let mut kinds =
        vec![Kind::InvalidRequest, Kind::Unauthenticated, Kind::Forbidden, Kind::Internal, Kind::Unavailable];
    if operation.pattern.contains('*') {
        kinds.extend([Kind::NotFound, Kind::Conflict]);
    }
    if matches!(operation.id, "listChanges" | "createEndpoint" | "replay") {
        kinds.push(Kind::BeyondHorizon);
    }
    kinds.push(Kind::RateLimited);
    if operation.method != Method::Get {
        kinds.extend([Kind::TooLarge, Kind::TooSlow]);
    }
    if changes(route) {
        kinds.extend([Kind::KeyReused, Kind::Conflict]);
    }
    if matches!(operation.id, "connectByToken" | "putCredentials") {
        // What HubSpot says: 422 stands for whatever is wrong with the token, 503 and 429 for what passes.
        kinds.push(Kind::NotFound);
    }
    if matches!(route, Route::Api(Api::Seats(_, call)) if call.asks_hubspot()) {
        // What HubSpot says: 422 stands for whatever it does not permit.
        kinds.push(Kind::KeyReused);
    }
    kinds
}

/// The problems, one response for each kind.
fn refusals() -> Map<String, Value> {
    let refusal = |kind: &Kind| {
        let (status, name, title) = kind.describe();
        let words = match kind {
            Kind::TooLarge => format!("{title}: a body may have {} KB.", BODY_LIMIT >> 10),
            _ => format!("{title}."),
        };
        let example = json!({
            "type": format!("/problems/{name}"), "title": title, "status": status, "detail": "What happened, and what to do.",
        });
        let content =
            json!({ "application/problem+json": { "schema": schemas::of("Problem"), "example": example } });
        let mut refusal = json!({ "description": words, "content": content });
        if *kind == Kind::RateLimited {
            refusal["headers"] = json!({ "Retry-After": {
                "description": "Seconds.", "schema": { "type": "integer", "minimum": 1 },
            } });
        }
        (name.to_owned(), refusal)
    };
    // Of kinds with the same status the more general stands for all, and the type tells; no operation has another method than its own,
    // and nothing of `/v1` asks HubSpot while it is asked.
    let own = |kind: &&Kind| {
        !matches!(
            kind,
            Kind::KeyInUse
                | Kind::OutcomeUnknown
                | Kind::MethodNotAllowed
                | Kind::SeatsOff
                | Kind::SeatNotActive
        )
    };
    Kind::ALL.iter().filter(own).map(refusal).collect()
}

#[cfg(test)]
mod tests;

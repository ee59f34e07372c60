//! One table of every address that the Worker answers, for `/v1` and for pages alike.

mod v1;

use crate::{
    api::{
        action, activation, channel,
        connection_page::{self, ConnectionPage},
        endpoint::Call,
        mapping,
        question::Ask,
        score, seat, signal, types, workflow,
    },
    values::{
        http::Method,
        ids::{AppKey, ChannelId, ConnectionId, EndpointId, ListId, WorkspaceId},
        mapping::Action,
    },
};

pub use v1::{Access, Api};

/// Who is asked for at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `/v1`: answers JSON, takes a key. What an object answers by itself is [`Self::Ask`].
    Api(Api),
    /// `/v1/connections/{c}…`: what the connection's object answers by itself; takes a key.
    Ask(ConnectionId, Ask),
    /// Pages: answer HTML, take a cookie.
    Page(Page),
    /// HubSpot's webhooks for one app.
    Webhook(AppKey),
    /// HubSpot's webhooks from a private app of a customer's own.
    OwnWebhook(ConnectionId),
    /// `GET /v1/filter-schema.json`: the JSON Schema of filters, for everybody.
    FilterSchema,
    /// `GET /v1/workflow-schema.json`: the JSON Schema of workflows, for everybody.
    WorkflowSchema,
    /// `GET /v1/openapi.json`: the document of `/v1`, for everybody.
    OpenApi,
    /// Whether the deployment works.
    Health,
    /// A bare answer, for measuring what everything else costs.
    Hello,
    /// Makes a Portal panic once; only where `TEST_FAULTS` is `on`.
    TestPanic(ConnectionId),
}

/// Pages for people; see `console::paths`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// `GET /`
    Home,
    /// `GET /docs`: the API's document, drawn; for everybody.
    Docs,
    /// `GET /s/{token}`: a one-time link.
    OpenLink(String),
    /// `GET /w/{w}/integrations`
    Integrations(WorkspaceId),
    /// `GET /w/{w}/integrations/live`
    IntegrationsLive(WorkspaceId),
    /// `GET /w/{w}/connect`
    Connect(WorkspaceId),
    /// `POST /w/{w}/connect`
    StartOAuth(WorkspaceId),
    /// `GET /w/{w}/token`
    AskToken(WorkspaceId),
    /// `POST /w/{w}/token`
    SendToken(WorkspaceId),
    /// `GET /w/{w}/connections/{c}/disconnect`
    AskDisconnect(WorkspaceId, ConnectionId),
    /// `POST /w/{w}/connections/{c}/disconnect`
    Disconnect(WorkspaceId, ConnectionId),
    /// `/w/{w}/connections/{c}…`
    Connection(WorkspaceId, ConnectionId, ConnectionPage),
    /// `POST /w/{w}/sign-out`
    SignOut(WorkspaceId),
    /// `GET /oauth/callback`
    OAuthCallback,
    /// `GET /seat/{c}/{secret}`: a one-time link for one of the host's users.
    Seat(ConnectionId, String),
    /// `POST /seat/{c}/{secret}`
    StartSeat(ConnectionId, String),
    /// `GET /console`
    Console,
    /// `GET /console/live`
    ConsoleLive,
    /// `POST /console/sign-in`
    ConsoleSignIn,
    /// `POST /console/sign-out`
    ConsoleSignOut,
    /// `POST /console/workspaces`
    ConsoleCreateWorkspace,
    /// `POST /console/workspaces/{w}/open`
    ConsoleOpenWorkspace(WorkspaceId),
    /// `GET /console/audit`
    ConsoleAudit,
}

/// The outcome of a search in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This one.
    Route(Route),
    /// The path is known with these methods only.
    OtherMethods(Vec<Method>),
    /// The path is not known, or an id in it cannot be one.
    Nothing,
}

/// Makes a route of the texts in a pattern's places; `None` if one of them cannot be an id.
pub type Make = fn(&[&str]) -> Option<Route>;

/// Where HubSpot sends people back to, below the public URL; registered with the HubSpot app.
pub const OAUTH_CALLBACK: &str = "/oauth/callback";

/// Every address: method, pattern, and what it means. `*` stands for one segment.
const TABLE: [(Method, &str, Make); 106] = [
    (Method::Get, "/hello", |_| Some(Route::Hello)),
    (Method::Get, "/healthz", |_| Some(Route::Health)),
    // An app's key holds no underscore, a connection's id does.
    (Method::Post, "/webhooks/hubspot/*", |at| match at[0].parse() {
        Ok(app) => Some(Route::Webhook(app)),
        Err(_) => Some(Route::OwnWebhook(at[0].parse().ok()?)),
    }),
    (Method::Post, "/v1/workspaces", |_| api(Api::CreateWorkspace)),
    (Method::Get, "/v1/workspaces", |_| api(Api::ListWorkspaces)),
    (Method::Get, "/v1/workspaces/*", |at| api(Api::GetWorkspace(at[0].parse().ok()?))),
    (Method::Post, "/v1/workspaces/*/keys", |at| api(Api::CreateKey(at[0].parse().ok()?))),
    (Method::Get, "/v1/workspaces/*/keys", |at| api(Api::ListKeys(at[0].parse().ok()?))),
    (Method::Delete, "/v1/workspaces/*/keys/*", |at| {
        api(Api::RevokeKey(at[0].parse().ok()?, at[1].parse().ok()?))
    }),
    (Method::Post, "/v1/workspaces/*/sessions", |at| api(Api::CreateSession(at[0].parse().ok()?))),
    (Method::Delete, "/v1/workspaces/*/sessions", |at| api(Api::EndSessions(at[0].parse().ok()?))),
    (Method::Get, "/v1/workspaces/*/connections", |at| api(Api::ListConnections(at[0].parse().ok()?))),
    (Method::Post, "/v1/workspaces/*/connections", |at| api(Api::ConnectByToken(at[0].parse().ok()?))),
    (Method::Put, "/v1/connections/*/credentials", |at| api(Api::PutCredentials(at[0].parse().ok()?))),
    (Method::Patch, "/v1/connections/*", |at| api(Api::UpdateConnection(at[0].parse().ok()?))),
    (Method::Post, "/v1/connections/*/test", |at| Some(Route::Ask(at[0].parse().ok()?, Ask::Test))),
    (Method::Get, "/v1/connections/*/test", |at| api(Api::GetTest(at[0].parse().ok()?))),
    (Method::Get, "/v1/connections/*/limits", |at| api(Api::GetLimits(at[0].parse().ok()?))),
    (Method::Get, "/v1/connections/*", |at| api(Api::GetConnection(at[0].parse().ok()?))),
    (Method::Delete, "/v1/connections/*", |at| api(Api::Disconnect(at[0].parse().ok()?))),
    (Method::Get, "/v1/connections/*/records/*", |at| {
        Some(Route::Ask(at[0].parse().ok()?, Ask::ListRecords(at[1].parse().ok()?)))
    }),
    (Method::Get, "/v1/connections/*/records/*/*", |at| {
        Some(Route::Ask(at[0].parse().ok()?, Ask::GetRecord(at[1].parse().ok()?, at[2].parse().ok()?)))
    }),
    (Method::Get, "/v1/connections/*/records/*/*/associations/*", |at| {
        let (kind, id, to) = (at[1].parse().ok()?, at[2].parse().ok()?, at[3].parse().ok()?);
        Some(Route::Ask(at[0].parse().ok()?, Ask::ListAssociations(kind, id, to)))
    }),
    (Method::Get, "/v1/connections/*/fields/*", |at| {
        Some(Route::Ask(at[0].parse().ok()?, Ask::ListFields(at[1].parse().ok()?)))
    }),
    (Method::Get, "/v1/connections/*/fields/*/selection", |at| {
        Some(Route::Ask(at[0].parse().ok()?, Ask::GetSelection(at[1].parse().ok()?)))
    }),
    (Method::Put, "/v1/connections/*/fields/*/selection", |at| {
        api(Api::PutSelection(at[0].parse().ok()?, at[1].parse().ok()?))
    }),
    (Method::Post, "/v1/connections/*/streams/*/resync", |at| {
        Some(Route::Ask(at[0].parse().ok()?, Ask::Resync(at[1].parse().ok()?)))
    }),
    (Method::Post, "/v1/connections/*/records/*/*/reread", |at| {
        Some(Route::Ask(at[0].parse().ok()?, Ask::Reread(at[1].parse().ok()?, at[2].parse().ok()?)))
    }),
    (Method::Get, "/v1/connections/*/owners", |at| Some(Route::Ask(at[0].parse().ok()?, Ask::ListOwners))),
    (Method::Get, "/v1/connections/*/pipelines/*", |at| {
        Some(Route::Ask(at[0].parse().ok()?, Ask::ListPipelines(at[1].parse().ok()?)))
    }),
    (Method::Get, "/v1/connections/*/lists", |at| Some(Route::Ask(at[0].parse().ok()?, Ask::ListLists))),
    (Method::Get, "/v1/connections/*/lists/*", |at| list(at, Ask::GetList)),
    (Method::Get, "/v1/connections/*/lists/*/members", |at| list(at, Ask::ListMembers)),
    (Method::Post, "/v1/connections/*/lists/*/follow", |at| list(at, Ask::Follow)),
    (Method::Post, "/v1/connections/*/lists/*/unfollow", |at| list(at, Ask::Unfollow)),
    (Method::Post, "/v1/connections/*/prospects/erase", |at| api(Api::ErasePerson(at[0].parse().ok()?))),
    (Method::Post, "/v1/connections/*/prospects/export", |at| api(Api::ExportPerson(at[0].parse().ok()?))),
    (Method::Get, "/v1/connections/*/prospects/blocks", |at| {
        Some(Route::Ask(at[0].parse().ok()?, Ask::ListBlocks))
    }),
    (Method::Delete, "/v1/connections/*/prospects/blocks/*", |at| {
        Some(Route::Ask(at[0].parse().ok()?, Ask::LiftBlock(at[1].parse().ok()?)))
    }),
    (Method::Get, "/v1/connections/*/retention", |at| {
        Some(Route::Ask(at[0].parse().ok()?, Ask::GetRetention))
    }),
    (Method::Patch, "/v1/connections/*/retention", |at| api(Api::SetRetention(at[0].parse().ok()?))),
    (Method::Get, "/v1/connections/*/audit", |at| Some(Route::Ask(at[0].parse().ok()?, Ask::ListAudit))),
    (Method::Get, "/v1/workspaces/*/audit", |at| api(Api::ListAudit(at[0].parse().ok()?))),
    (Method::Get, "/v1/connections/*/types", |at| api(Api::Types(at[0].parse().ok()?, types::Call::List))),
    (Method::Post, "/v1/connections/*/types/refresh", |at| {
        api(Api::Types(at[0].parse().ok()?, types::Call::Refresh))
    }),
    (Method::Put, "/v1/connections/*/types/*", |at| {
        api(Api::Types(at[0].parse().ok()?, types::Call::On(at[1].to_owned())))
    }),
    (Method::Delete, "/v1/connections/*/types/*", |at| {
        api(Api::Types(at[0].parse().ok()?, types::Call::Off(at[1].to_owned())))
    }),
    (Method::Post, "/v1/connections/*/pause", |at| Some(Route::Ask(at[0].parse().ok()?, Ask::Pause))),
    (Method::Post, "/v1/connections/*/resume", |at| Some(Route::Ask(at[0].parse().ok()?, Ask::Resume))),
    (Method::Post, "/v1/connections/*/fields/refresh", |at| {
        Some(Route::Ask(at[0].parse().ok()?, Ask::RefreshFields))
    }),
    (Method::Get, "/v1/connections/*/changes", |at| Some(Route::Ask(at[0].parse().ok()?, Ask::ListChanges))),
    (Method::Get, "/v1/connections/*/snapshot", |at| api(Api::Snapshot(at[0].parse().ok()?))),
    (Method::Get, "/v1/filter-schema.json", |_| Some(Route::FilterSchema)),
    (Method::Get, "/v1/workflow-schema.json", |_| Some(Route::WorkflowSchema)),
    (Method::Get, "/v1/openapi.json", |_| Some(Route::OpenApi)),
    (Method::Get, "/v1/connections/*/channels", |at| channels(at, channel::Call::List)),
    (Method::Post, "/v1/connections/*/channels", |at| channels(at, channel::Call::Create)),
    (Method::Post, "/v1/connections/*/channels/preview", |at| channels(at, channel::Call::Preview)),
    (Method::Get, "/v1/connections/*/channels/*", |at| channel(at, channel::Call::Get)),
    (Method::Patch, "/v1/connections/*/channels/*", |at| channel(at, channel::Call::Update)),
    (Method::Delete, "/v1/connections/*/channels/*", |at| channel(at, channel::Call::Remove)),
    (Method::Get, "/v1/connections/*/channels/*/records", |at| {
        Some(Route::Ask(at[0].parse().ok()?, Ask::ListChannelRecords(at[1].parse().ok()?)))
    }),
    (Method::Post, "/v1/connections/*/channels/*/pause", |at| channel(at, channel::Call::Pause)),
    (Method::Post, "/v1/connections/*/channels/*/resume", |at| channel(at, channel::Call::Resume)),
    (Method::Get, "/v1/connections/*/endpoints", |at| api(Api::Endpoints(at[0].parse().ok()?, Call::List))),
    (Method::Post, "/v1/connections/*/endpoints", |at| {
        api(Api::Endpoints(at[0].parse().ok()?, Call::Create))
    }),
    (Method::Get, "/v1/connections/*/endpoints/*", |at| endpoint(at, Call::Get)),
    (Method::Patch, "/v1/connections/*/endpoints/*", |at| endpoint(at, Call::Update)),
    (Method::Delete, "/v1/connections/*/endpoints/*", |at| endpoint(at, Call::Remove)),
    (Method::Post, "/v1/connections/*/endpoints/*/rotate-secret", |at| endpoint(at, Call::Rotate)),
    (Method::Post, "/v1/connections/*/endpoints/*/pause", |at| endpoint(at, Call::Pause)),
    (Method::Post, "/v1/connections/*/endpoints/*/resume", |at| endpoint(at, Call::Resume)),
    (Method::Post, "/v1/connections/*/endpoints/*/skip", |at| endpoint(at, Call::Skip)),
    (Method::Post, "/v1/connections/*/endpoints/*/replay", |at| endpoint(at, Call::Replay)),
    (Method::Post, "/v1/connections/*/endpoints/*/hand-over", |at| endpoint(at, Call::HandOver)),
    (Method::Post, "/v1/connections/*/endpoints/*/test", |at| endpoint(at, Call::Test)),
    (Method::Get, "/", |_| page(Page::Home)),
    (Method::Get, "/docs", |_| page(Page::Docs)),
    (Method::Get, "/s/*", |at| page(Page::OpenLink(at[0].to_owned()))),
    (Method::Get, "/w/*/integrations", |at| page(Page::Integrations(at[0].parse().ok()?))),
    (Method::Get, "/w/*/integrations/live", |at| page(Page::IntegrationsLive(at[0].parse().ok()?))),
    (Method::Get, "/w/*/connect", |at| page(Page::Connect(at[0].parse().ok()?))),
    (Method::Post, "/w/*/connect", |at| page(Page::StartOAuth(at[0].parse().ok()?))),
    (Method::Get, "/w/*/token", |at| page(Page::AskToken(at[0].parse().ok()?))),
    (Method::Post, "/w/*/token", |at| page(Page::SendToken(at[0].parse().ok()?))),
    (Method::Get, "/w/*/connections/*/disconnect", |at| {
        page(Page::AskDisconnect(at[0].parse().ok()?, at[1].parse().ok()?))
    }),
    (Method::Post, "/w/*/connections/*/disconnect", |at| {
        page(Page::Disconnect(at[0].parse().ok()?, at[1].parse().ok()?))
    }),
    (Method::Post, "/w/*/sign-out", |at| page(Page::SignOut(at[0].parse().ok()?))),
    (Method::Get, "/seat/*/*", |at| page(Page::Seat(at[0].parse().ok()?, at[1].to_owned()))),
    (Method::Post, "/seat/*/*", |at| page(Page::StartSeat(at[0].parse().ok()?, at[1].to_owned()))),
    (Method::Get, OAUTH_CALLBACK, |_| page(Page::OAuthCallback)),
    (Method::Get, "/console", |_| page(Page::Console)),
    (Method::Get, "/console/live", |_| page(Page::ConsoleLive)),
    (Method::Post, "/console/sign-in", |_| page(Page::ConsoleSignIn)),
    (Method::Post, "/console/sign-out", |_| page(Page::ConsoleSignOut)),
    (Method::Post, "/console/workspaces", |_| page(Page::ConsoleCreateWorkspace)),
    (Method::Post, "/console/workspaces/*/open", |at| page(Page::ConsoleOpenWorkspace(at[0].parse().ok()?))),
    (Method::Get, "/console/workspaces", |_| page(Page::Console)),
    (Method::Get, "/console/audit", |_| page(Page::ConsoleAudit)),
    (Method::Post, "/__test/panic/*", |at| Some(Route::TestPanic(at[0].parse().ok()?))),
    (Method::Get, "/v1/connections/*/mappings", |at| {
        api(Api::Mappings(at[0].parse().ok()?, mapping::Call::List))
    }),
    (Method::Get, "/v1/connections/*/mappings/*", |at| mapping(at, mapping::Call::Get)),
    (Method::Put, "/v1/connections/*/mappings/*", |at| mapping(at, mapping::Call::Put)),
    (Method::Delete, "/v1/connections/*/mappings/*", |at| mapping(at, mapping::Call::Remove)),
    (Method::Post, "/v1/connections/*/match/companies", |at| api(Api::MatchCompanies(at[0].parse().ok()?))),
    (Method::Post, "/v1/connections/*/match/contacts", |at| api(Api::MatchContacts(at[0].parse().ok()?))),
];

fn mapping(at: &[&str], call: fn(Action) -> mapping::Call) -> Option<Route> {
    api(Api::Mappings(at[0].parse().ok()?, call(at[1].parse().ok()?)))
}

fn channels(at: &[&str], call: channel::Call) -> Option<Route> {
    api(Api::Channels(at[0].parse().ok()?, call))
}

fn channel(at: &[&str], call: fn(ChannelId) -> channel::Call) -> Option<Route> {
    channels(at, call(at[1].parse().ok()?))
}

/// All rows: the pages of one connection have a table of their own.
pub fn table() -> impl Iterator<Item = &'static (Method, &'static str, Make)> {
    TABLE
        .iter()
        .chain(&connection_page::TABLE)
        .chain(&seat::TABLE)
        .chain(&action::TABLE)
        .chain(&signal::TABLE)
        .chain(&score::TABLE)
        .chain(&activation::TABLE)
        .chain(&workflow::TABLE)
}

fn endpoint(at: &[&str], call: fn(EndpointId) -> Call) -> Option<Route> {
    api(Api::Endpoints(at[0].parse().ok()?, call(at[1].parse().ok()?)))
}

fn list(at: &[&str], ask: fn(ListId) -> Ask) -> Option<Route> {
    Some(Route::Ask(at[0].parse().ok()?, ask(at[1].parse().ok()?)))
}

#[expect(clippy::unnecessary_wraps, reason = "every row of the table gives an Option")]
const fn api(api: Api) -> Option<Route> {
    Some(Route::Api(api))
}

#[expect(clippy::unnecessary_wraps, reason = "every row of the table gives an Option")]
const fn page(page: Page) -> Option<Route> {
    Some(Route::Page(page))
}

/// Finds the route of a request. `method` is `None` for one that no address takes. `path` as on the wire, without query;
/// nothing in a path of ours needs percent-encoding, so nothing is decoded.
pub fn find(method: Option<Method>, path: &str) -> Found {
    let mut fitting: Vec<_> = table()
        .filter_map(|(method, pattern, make)| Some((*method, *make, places(pattern, path)?)))
        .collect();
    // A name goes before a place for any: `…/types/refresh` is no type.
    let least = fitting.iter().map(|(_, _, places)| places.len()).min().unwrap_or_default();
    fitting.retain(|(_, _, places)| places.len() == least);
    if let Some((_, make, places)) = fitting.iter().find(|(own, ..)| Some(*own) == method) {
        return make(places).map_or(Found::Nothing, Found::Route);
    }
    let others: Vec<Method> = fitting.into_iter().map(|(method, ..)| method).collect();
    if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others) }
}

/// The texts in the places of the pattern, if the path is of its form; an empty text fills no place.
fn places<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut segments = path.split('/');
    let mut places = Vec::new();
    for expected in pattern.split('/') {
        let segment = segments.next()?;
        if expected == "*" && !segment.is_empty() {
            places.push(segment);
        } else if expected != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{
        connection_paths::{ConnectionPaths, FieldsQuery},
        paths,
    };

    const WORKSPACE: &str = "ws_070707070707070707070707";
    const CONNECTION: &str = "con_070707070707070707070707";
    const ACTION: &str = "act_070707070707070707070707";
    const ACTIVATION: &str = "atv_070707070707070707070707";
    const WORKFLOW: &str = "wf_070707070707070707070707";
    const RUN: &str = "run_070707070707070707070707";

    fn found(method: Method, path: &str) -> Found {
        find(Some(method), path)
    }

    #[test]
    fn every_pattern_of_the_table_is_found_by_its_own_method_only() {
        for (method, pattern, _) in table() {
            let keyed = pattern.contains("/keys/*");
            let mut path = String::new();
            for (index, part) in pattern.split('*').enumerate() {
                let filler = match (index, path.as_str()) {
                    (0, _) => "",
                    (_, "/webhooks/hubspot/") => "main",
                    (_, "/s/") => "token",
                    (_, "/v1/connections/" | "/__test/panic/") => CONNECTION,
                    (_, before) if before.ends_with("/connections/") => CONNECTION,
                    (_, before)
                        if [
                            "/records/",
                            "/fields/",
                            "/streams/",
                            "/pipelines/",
                            "/associations/",
                            "/new/",
                            "/types/",
                        ]
                        .iter()
                        .any(|end| before.ends_with(end)) =>
                    {
                        "companies"
                    }
                    (_, before) if before.ends_with("/seats/") => "seat_070707070707070707070707",
                    (_, "/seat/") => CONNECTION,
                    (_, before) if before.ends_with("/channels/") => "ch_070707070707070707070707",
                    (_, before) if ["/companies/", "/lists/"].iter().any(|end| before.ends_with(end)) => {
                        "512"
                    }
                    (_, before) if before.ends_with("/endpoints/") => "ep_070707070707070707070707",
                    (_, before) if before.ends_with("/blocks/") => "blk_070707070707070707070707",
                    (_, before) if ["/actions/", "/outbox/"].iter().any(|end| before.ends_with(end)) => {
                        ACTION
                    }
                    (_, before) if before.ends_with("/act/") => "import_company",
                    (_, before) if before.ends_with("/mappings/") => "log_call",
                    (_, before) if before.ends_with("/workflows/runs/") => RUN,
                    (_, before) if before.ends_with("/workflow-runs/") => RUN,
                    (_, before) if before.ends_with("/workflows/") => WORKFLOW,
                    (_, before) if before.ends_with("/versions/") => "2",
                    (_, before) if ["/accounts/", "/runs/"].iter().any(|end| before.ends_with(end)) => "17",
                    (_, before) if before.ends_with("/replacement/") => "17",
                    (_, before) if before.ends_with("/activations/") => ACTIVATION,
                    (_, before)
                        if ["/audiences/", "/attributes/"].iter().any(|end| before.ends_with(end)) =>
                    {
                        "abandon-basket"
                    }
                    (_, before) if ["/members/", "/values/"].iter().any(|end| before.ends_with(end)) => {
                        "ada%40example.com"
                    }
                    (_, before) if before.ends_with("/signals/") => "sig_070707070707070707070707",
                    (_, before) if before.ends_with("/qualifying-lists/") => "ql_070707070707070707070707",
                    (_, before) if before.ends_with("/automations/") => "aut_070707070707070707070707",
                    (_, before) if before.ends_with("/automation-runs/") => RUN,
                    (_, _) if keyed && index == 2 => "key_070707070707070707070707",
                    (_, _) => WORKSPACE,
                };
                path.push_str(filler);
                path.push_str(part);
            }
            assert!(matches!(found(*method, &path), Found::Route(_)), "{method:?} {path}");
            let other = find(None, &path);
            assert!(matches!(other, Found::OtherMethods(methods) if methods.contains(method)), "{path}");
        }
    }

    #[test]
    fn the_addresses_that_pages_link_to_are_answered() {
        let is_page = |method, path: &str| {
            let path = path.split('?').next().unwrap_or_default();
            assert!(matches!(found(method, path), Found::Route(Route::Page(_))), "{path}");
        };
        is_page(Method::Get, &paths::integrations(WORKSPACE));
        is_page(Method::Get, &paths::integrations_live(WORKSPACE));
        is_page(Method::Get, &paths::connect(WORKSPACE, "main"));
        is_page(Method::Get, &paths::reconnect(WORKSPACE, "main", CONNECTION));
        is_page(Method::Post, &paths::connect_form(WORKSPACE));
        is_page(Method::Get, &paths::disconnect(WORKSPACE, CONNECTION));
        is_page(Method::Post, &paths::disconnect(WORKSPACE, CONNECTION));
        is_page(Method::Post, &paths::sign_out(WORKSPACE));
        let connection = ConnectionPaths::new(WORKSPACE, CONNECTION);
        is_page(Method::Get, &connection.types());
        is_page(Method::Get, &connection.types_live(Some(7)));
        is_page(Method::Get, &connection.types_asked(7));
        is_page(Method::Post, &connection.refresh_types());
        is_page(Method::Post, &connection.turn_on("2-46100031"));
        is_page(Method::Get, &connection.turn_off("tasks"));
        is_page(Method::Post, &connection.turn_off("tasks"));
        is_page(Method::Get, &connection.sync());
        is_page(Method::Get, &connection.sync_live());
        is_page(Method::Post, &connection.pause());
        is_page(Method::Post, &connection.resume());
        is_page(Method::Get, &connection.resync("deals"));
        is_page(Method::Post, &connection.resync("deals"));
        let search = FieldsQuery { query: "e".into(), page: 2, ..FieldsQuery::default() };
        is_page(Method::Get, &connection.fields("deals", &search));
        is_page(Method::Get, &connection.fields_live("deals", &search));
        is_page(Method::Post, &connection.refresh_fields("deals"));
        is_page(Method::Get, &connection.choose_fields("deals"));
        is_page(Method::Post, &connection.choose_fields("deals"));
        is_page(Method::Get, &connection.records_older("deals", "7"));
        is_page(Method::Get, &connection.records_newer("deals", "7"));
        is_page(Method::Post, &connection.find_record("deals"));
        is_page(Method::Get, &connection.record_before("deals", "7", 3));
        is_page(Method::Get, &connection.record_asked("deals", "7", 3));
        is_page(Method::Get, &connection.record_live("deals", "7", None));
        is_page(Method::Post, &connection.reread("deals", "7"));
        is_page(Method::Get, &connection.deliveries());
        is_page(Method::Get, &connection.deliveries_live());
        is_page(Method::Get, &connection.new_endpoint());
        is_page(Method::Post, &connection.new_endpoint());
        is_page(Method::Get, &connection.channels());
        is_page(Method::Get, &connection.channels_live());
        is_page(Method::Get, &connection.new_channel("deals"));
        is_page(Method::Post, &connection.new_channel("deals"));
        let channel = "ch_070707070707070707070707";
        is_page(Method::Get, &connection.channel(channel));
        is_page(Method::Get, &connection.channel_live(channel));
        for action in ["edit", "delete"] {
            is_page(Method::Get, &connection.channel_action(channel, action));
        }
        for action in ["edit", "delete", "pause", "resume"] {
            is_page(Method::Post, &connection.channel_action(channel, action));
        }
        is_page(Method::Get, &connection.new_endpoint_of(channel));
        let endpoint = "ep_070707070707070707070707";
        is_page(Method::Get, &connection.endpoint(endpoint));
        is_page(Method::Get, &connection.endpoint_live(endpoint));
        for action in ["edit", "delete"] {
            is_page(Method::Get, &connection.endpoint_action(endpoint, action));
        }
        for action in ["edit", "delete", "pause", "resume", "test", "skip", "replay", "rotate-secret"] {
            is_page(Method::Post, &connection.endpoint_action(endpoint, action));
        }
        is_page(Method::Get, &paths::console("q", "a"));
        is_page(Method::Get, &paths::console_live("q", "a"));
        is_page(Method::Post, paths::CONSOLE_SIGN_IN);
        is_page(Method::Post, paths::CONSOLE_SIGN_OUT);
        is_page(Method::Post, paths::CONSOLE_WORKSPACES);
        is_page(Method::Post, &paths::console_open(WORKSPACE));
        is_page(Method::Get, &paths::console_audit(WORKSPACE, "key.", Some("7")));
        is_page(Method::Get, &connection.privacy_after("7"));
        for action in ["erase", "export", "retention"] {
            is_page(Method::Post, &connection.privacy_action(action));
        }
        let block = "blk_070707070707070707070707";
        is_page(Method::Get, &connection.lift(block));
        is_page(Method::Post, &connection.lift(block));
        is_page(Method::Get, &connection.audit("person.", Some("7")));
        for method in [Method::Get, Method::Post] {
            is_page(method, &connection.scores());
        }
        is_page(Method::Get, &connection.score_run("17"));
        is_page(Method::Get, &connection.score_errors("17"));
        for method in [Method::Get, Method::Post] {
            for id in [None, Some(ACTIVATION)] {
                is_page(method, &connection.activation_form(id));
            }
            is_page(method, &connection.activation_action(ACTIVATION, "delete"));
            is_page(method, &connection.activation_names());
            is_page(method, &connection.refused_contacts());
            is_page(method, &connection.refused_contacts_on(2));
            for audiences in [true, false] {
                for id in [None, Some("abandon-basket")] {
                    is_page(method, &connection.attribute_form(audiences, id));
                }
                is_page(method, &connection.attribute_action(audiences, "abandon-basket", "delete"));
            }
        }
        is_page(Method::Get, &connection.activations());
        is_page(Method::Get, &connection.activation(ACTIVATION));
        for action in ["pause", "resume", "sync"] {
            is_page(Method::Post, &connection.activation_action(ACTIVATION, action));
        }
        for audiences in [true, false] {
            is_page(Method::Post, &connection.attribute_action(audiences, "abandon-basket", "retry"));
        }
        for method in [Method::Get, Method::Post] {
            is_page(method, &connection.new_workflow("smart-routing"));
            is_page(method, &connection.workflow_action(WORKFLOW, "edit"));
            is_page(method, &connection.workflow_action(WORKFLOW, "delete"));
        }
        is_page(Method::Get, &connection.workflows());
        is_page(Method::Get, &connection.workflow_runs(WORKFLOW, Some(7)).replace("#runs", ""));
        for action in ["enable", "pause"] {
            is_page(Method::Post, &connection.workflow_action(WORKFLOW, action));
        }
        is_page(Method::Post, &connection.restore_workflow(WORKFLOW, 2));
        is_page(Method::Get, &connection.workflow_run(RUN));
        for action in ["retry", "cancel"] {
            is_page(Method::Post, &connection.workflow_run_action(RUN, action));
        }
        is_page(Method::Get, &connection.mappings());
        is_page(Method::Get, &connection.outbox("failed", Some(7)));
        is_page(Method::Get, &connection.outbox_live("nightly", "failed"));
        is_page(Method::Post, &connection.outbox_settings());
        is_page(Method::Get, &connection.outbox_action(ACTION));
        is_page(Method::Get, &connection.outbox_action_live(ACTION));
        for what in ["cancel", "retry", "resolve"] {
            is_page(Method::Post, &connection.outbox_do(ACTION, what));
        }
        is_page(Method::Post, &connection.act("create_task", Some(("contacts", "7"))));
        for method in [Method::Get, Method::Post] {
            is_page(method, &connection.mapping("log_call"));
            is_page(method, &connection.delete_mapping("log_call"));
        }
    }

    #[test]
    fn a_name_goes_before_a_place_for_any() {
        let others = |path: &str, method| found(method, &format!("/v1/connections/{CONNECTION}/{path}"));
        assert_eq!(others("types/refresh", Method::Put), Found::OtherMethods(vec![Method::Post]));
        assert_eq!(others("fields/refresh", Method::Get), Found::OtherMethods(vec![Method::Post]));
        assert!(matches!(others("types/refresher", Method::Put), Found::Route(_)));
    }

    #[test]
    fn what_is_not_quite_an_address_is_nothing() {
        for path in [
            "",
            "/v1",
            "/v1/",
            "/v1/workspaces/",
            "/v1/workspaces/ws_1",
            "//v1/workspaces",
            "/s/",
            "/w/x/integrations",
            "/v1/connections/con_070707070707070707070707/records/tickets",
            "/webhooks/hubspot/NOT-A-KEY",
            "/v1/connections/con_070707070707070707070707/records/contacts/-1",
        ] {
            let method = if path.starts_with("/webhooks") { Method::Post } else { Method::Get };
            assert_eq!(found(method, path), Found::Nothing, "{path}");
        }
    }
}

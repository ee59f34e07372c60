//! `/v1`: settles who asks and carries the question to the objects. What requests and answers look like is the api
//! ring's.

use std::{cell::RefCell, collections::HashMap};

use worker::{Env, Response};

use crate::{
    api::{
        channel, cursor, endpoint,
        question::{self, Ask, Expected},
        request::{self, BODY_LIMIT, Query},
        response,
        route::Api,
        types,
    },
    engine::{
        directory::{
            api_key,
            messages::{Answer, Command, Connection, Refusal, WORKSPACES_LIMIT},
        },
        portal::messages::{Answer as PortalAnswer, Command as PortalCommand},
    },
    platform::{
        clock, connection_api, directory_object as directory, disconnect, incoming::Incoming, portals, reply,
        snapshot,
    },
    values::{
        config::Config,
        crypto::constant_time_eq,
        ids::{ConnectionId, WorkspaceId},
        problem::{Kind, Problem},
        time::{SECOND_MS, Timestamp},
    },
};

/// How long a verified key and a connection's address are believed without asking: a revocation takes effect within it.
const BELIEVED_MS: i64 = 5 * SECOND_MS;
/// Entries of each memory: an isolate has 128 MB, and one entry under a kilobyte.
const REMEMBERED: usize = 1_000;

thread_local! {
    static KEYS: RefCell<HashMap<String, (Timestamp, WorkspaceId)>> = RefCell::default();
    static CONNECTIONS: RefCell<HashMap<ConnectionId, (Timestamp, Connection)>> = RefCell::default();
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Caller {
    /// The host's root key: everything.
    Root,
    /// An API key: one workspace.
    Workspace(WorkspaceId),
}

impl Caller {
    /// A workspace that the caller may not see does not exist for them.
    fn may_see(&self, workspace: &WorkspaceId) -> Result<(), Problem> {
        match self {
            Self::Root => Ok(()),
            Self::Workspace(own) if own == workspace => Ok(()),
            Self::Workspace(_) => Err(response::problem(&Refusal::NotFound)),
        }
    }

    fn must_be_root(&self) -> Result<(), Problem> {
        match self {
            Self::Root => Ok(()),
            Self::Workspace(_) => Err(Problem::new(Kind::Forbidden, "This takes the root key.")),
        }
    }
}

/// Answers one request.
pub async fn handle(
    env: &Env,
    config: &Config,
    api: Api,
    incoming: &mut Incoming,
) -> worker::Result<Response> {
    match answer(env, config, api, incoming).await {
        Ok(response) => Ok(response),
        Err(problem) => reply::problem(&problem),
    }
}

/// Carries a question to the object of one connection.
pub async fn ask_portal(
    env: &Env,
    config: &Config,
    id: &ConnectionId,
    ask: Ask,
    incoming: &Incoming,
) -> worker::Result<Response> {
    let answering = async {
        let caller = caller(env, config, incoming).await?;
        let query = Query::parse(&incoming.query, ask.taken())?;
        let (command, expected) = ask.command(&query)?;
        asked(env, &caller, id, &command, expected).await
    };
    match answering.await {
        Ok(response) => Ok(response),
        Err(problem) => reply::problem(&problem),
    }
}

async fn answer(env: &Env, config: &Config, api: Api, incoming: &mut Incoming) -> Result<Response, Problem> {
    let caller = caller(env, config, incoming).await?;
    let now = clock::now();
    let query = incoming.query.clone();
    let taken: &[&str] = match &api {
        Api::ListWorkspaces => &["limit", "cursor"],
        Api::Snapshot(_) => &["types"],
        _ => &[],
    };
    let query = Query::parse(&query, taken)?;
    match api {
        Api::CreateWorkspace => {
            caller.must_be_root()?;
            let body: request::CreateWorkspace = read(incoming).await?;
            let name = request::name("name", &body.name)?;
            let jurisdiction = request::jurisdiction(body.jurisdiction.as_deref())?;
            match ask(env, &Command::CreateWorkspace { name, jurisdiction }).await? {
                Answer::Workspace(workspace) => {
                    Ok(reply::json(201, &response::workspace(&workspace)).map_err(fault)?)
                }
                other => Err(refused(other)),
            }
        }
        Api::ListWorkspaces => {
            caller.must_be_root()?;
            let after =
                query.get("cursor").map(|text| cursor::decode(cursor::Of::Workspaces, text)).transpose()?;
            let limit = query.limit(WORKSPACES_LIMIT)?;
            match ask(env, &Command::Workspaces { after, limit, query: String::new() }).await? {
                Answer::Workspaces { page, next } => {
                    let page = page.iter().map(|(workspace, _)| workspace);
                    ok(&response::workspaces(page, next.as_ref()))
                }
                other => Err(refused(other)),
            }
        }
        Api::GetWorkspace(workspace) => {
            caller.may_see(&workspace)?;
            match ask(env, &Command::Workspace { workspace }).await? {
                Answer::Workspace(workspace) => ok(&response::workspace(&workspace)),
                other => Err(refused(other)),
            }
        }
        Api::CreateKey(workspace) => {
            caller.may_see(&workspace)?;
            let body: request::CreateKey = read(incoming).await?;
            let name = request::name("name", &body.name)?;
            let expires_at = body.end(now)?;
            match ask(env, &Command::CreateKey { workspace, name, expires_at }).await? {
                Answer::KeyCreated { key, secret } => {
                    Ok(reply::json(201, &response::key_created(&key, &secret)).map_err(fault)?)
                }
                other => Err(refused(other)),
            }
        }
        Api::ListKeys(workspace) => {
            caller.may_see(&workspace)?;
            match ask(env, &Command::Keys { workspace }).await? {
                Answer::Keys(keys) => ok(&response::list(keys.iter().map(response::key).collect())),
                other => Err(refused(other)),
            }
        }
        Api::RevokeKey(workspace, key) => {
            caller.may_see(&workspace)?;
            match ask(env, &Command::RevokeKey { workspace, key }).await? {
                Answer::Done => Ok(reply::empty(204).map_err(fault)?),
                other => Err(refused(other)),
            }
        }
        Api::CreateSession(workspace) => {
            caller.may_see(&workspace)?;
            let person = read::<request::CreateSession>(incoming).await?.person()?;
            match ask(env, &Command::CreateLink { workspace, person }).await? {
                Answer::Secret { secret, expires_at } => {
                    let body = response::session(&config.public_url, &secret, expires_at);
                    Ok(reply::json(201, &body).map_err(fault)?)
                }
                other => Err(refused(other)),
            }
        }
        Api::ListConnections(workspace) => {
            caller.may_see(&workspace)?;
            match ask(env, &Command::Connections { workspace }).await? {
                Answer::Connections(all) => {
                    ok(&response::list(all.iter().map(response::connection).collect()))
                }
                other => Err(refused(other)),
            }
        }
        Api::ConnectByToken(workspace) => {
            caller.may_see(&workspace)?;
            connection_api::connect(env, config, workspace, &bytes(incoming).await?).await
        }
        Api::PutCredentials(id) => {
            let connection = fresh(env, &caller, id).await?;
            connection_api::put_credentials(env, config, &connection, &bytes(incoming).await?).await
        }
        Api::UpdateConnection(id) => {
            let connection = fresh(env, &caller, id).await?;
            connection_api::update(env, connection, &bytes(incoming).await?).await
        }
        Api::GetTest(id) => {
            let connection = believed(env, &caller, id).await?;
            connection_api::test(env, &connection).await
        }
        Api::GetLimits(id) => {
            let connection = fresh(env, &caller, id).await?;
            connection_api::limits(env, &connection).await
        }
        Api::GetConnection(id) => {
            let mut connection = fresh(env, &caller, id).await?;
            let status = portals::status(env, &connection.object).await?;
            disconnect::end_if_over(env, &mut connection, status.as_ref()).await?;
            ok(&response::connection_with_sync(&connection, status.as_ref()))
        }
        Api::Disconnect(id) => {
            let connection = fresh(env, &caller, id).await?;
            match disconnect::begin(env, connection.workspace, connection.id).await? {
                Ok(plan) => ok(&response::plan(&plan)),
                Err(refusal) => Err(response::problem(&refusal)),
            }
        }
        Api::PutSelection(id, object_type) => {
            let selection = read::<request::PutSelection>(incoming).await?.selection()?;
            let command = PortalCommand::Select { object_type, selection };
            asked(env, &caller, &id, &command, Expected::Json).await
        }
        Api::Snapshot(id) => {
            let types = query.types()?;
            let connection = believed(env, &caller, id).await?;
            snapshot::answer(env, connection.object, types).await
        }
        Api::Endpoints(id, call) => endpoints(env, config, &caller, id, call, incoming).await,
        Api::Types(id, call) => types(env, &caller, id, call).await,
        Api::Channels(id, call) => channels(env, &caller, id, call, incoming).await,
    }
}

async fn channels(
    env: &Env,
    caller: &Caller,
    id: ConnectionId,
    call: channel::Call,
    incoming: &mut Incoming,
) -> Result<Response, Problem> {
    let connection = believed(env, caller, id).await?;
    let created = call == channel::Call::Create;
    let command = channel::command(call, &bytes(incoming).await?)?;
    match portals::ask(env, &connection.object, &PortalCommand::Channel(command)).await? {
        PortalAnswer::Channel(answer) => said(channel::render(answer, created)?),
        PortalAnswer::NotConnected => Err(not_there_yet()),
        _ => Err(directory::unexpected().into()),
    }
}

async fn types(env: &Env, caller: &Caller, id: ConnectionId, call: types::Call) -> Result<Response, Problem> {
    let connection = believed(env, caller, id).await?;
    let command = PortalCommand::Types(types::command(call)?);
    match portals::ask(env, &connection.object, &command).await? {
        PortalAnswer::Types(answer) => said(types::render(answer)?),
        PortalAnswer::NotConnected => Err(not_there_yet()),
        _ => Err(directory::unexpected().into()),
    }
}

/// An answer that a Portal made in the API's shape.
fn said((status, body): (u16, Option<String>)) -> Result<Response, Problem> {
    match body {
        Some(body) => reply::json_text(status, body).map_err(fault),
        None => reply::empty(status).map_err(fault),
    }
}

fn not_there_yet() -> Problem {
    Problem::new(Kind::NotFound, "The connection is not there yet: nobody has authorised it.")
}

async fn endpoints(
    env: &Env,
    config: &Config,
    caller: &Caller,
    id: ConnectionId,
    call: endpoint::Call,
    incoming: &mut Incoming,
) -> Result<Response, Problem> {
    let connection = believed(env, caller, id).await?;
    let created = call == endpoint::Call::Create;
    let command = endpoint::command(call, &bytes(incoming).await?, config.deliver_to)?;
    match portals::ask(env, &connection.object, &PortalCommand::Endpoint(command)).await? {
        PortalAnswer::Endpoint(answer) => said(endpoint::render(&connection.id, answer, created)?),
        PortalAnswer::NotConnected => Err(not_there_yet()),
        _ => Err(directory::unexpected().into()),
    }
}

/// What a Portal answers by itself, in the API's shape.
async fn asked(
    env: &Env,
    caller: &Caller,
    id: &ConnectionId,
    command: &PortalCommand,
    expected: Expected,
) -> Result<Response, Problem> {
    let connection = believed(env, caller, id.clone()).await?;
    match (portals::ask(env, &connection.object, command).await?, expected) {
        (PortalAnswer::Json(body), Expected::Json) => reply::raw_json(body).map_err(fault),
        (PortalAnswer::Json(mut body), Expected::Page) => {
            cursor::wrap_last(&mut body);
            reply::raw_json(body).map_err(fault)
        }
        (PortalAnswer::Done, Expected::Order) => reply::empty(202).map_err(fault),
        (answer, _) => Err(question::problem(&connection.id, answer, expected)
            .unwrap_or_else(|| directory::unexpected().into())),
    }
}

async fn caller(env: &Env, config: &Config, incoming: &Incoming) -> Result<Caller, Problem> {
    let header = incoming.header("authorization");
    let Some(presented) = request::bearer(header.as_deref()) else {
        return Err(Problem::new(
            Kind::Unauthenticated,
            "Send the root key or an API key as `Authorization: Bearer …`.",
        ));
    };
    if constant_time_eq(presented.as_bytes(), config.root_key.expose().as_bytes()) {
        return Ok(Caller::Root);
    }
    let Some((key, hash)) = api_key::parse(presented) else {
        return Err(response::problem(&Refusal::BadKey));
    };
    let now = clock::now();
    let known = KEYS.with_borrow(|keys| keys.get(&hash).cloned());
    if let Some((_, workspace)) = known.filter(|(at, _)| now.since_ms(*at) < BELIEVED_MS) {
        return Ok(Caller::Workspace(workspace));
    }
    match ask(env, &Command::VerifyKey { key, hash: hash.clone() }).await? {
        Answer::KeyHolder(workspace) => {
            KEYS.with_borrow_mut(|keys| remember(keys, hash, (now, workspace.clone())));
            Ok(Caller::Workspace(workspace))
        }
        other => Err(refused(other)),
    }
}

fn remember<K: std::hash::Hash + Eq, V>(memory: &mut HashMap<K, V>, key: K, value: V) {
    if memory.len() >= REMEMBERED {
        memory.clear();
    }
    memory.insert(key, value);
}

/// A connection as the Directory knows it now.
async fn fresh(env: &Env, caller: &Caller, id: ConnectionId) -> Result<Connection, Problem> {
    match ask(env, &Command::Connection { connection: id }).await? {
        Answer::Connection(connection) => {
            caller.may_see(&connection.workspace)?;
            Ok(connection)
        }
        other => Err(refused(other)),
    }
}

/// A connection as the Directory knew it a few seconds ago: its workspace and object never change.
async fn believed(env: &Env, caller: &Caller, id: ConnectionId) -> Result<Connection, Problem> {
    let now = clock::now();
    let known = CONNECTIONS.with_borrow(|connections| connections.get(&id).cloned());
    if let Some((_, connection)) = known.filter(|(at, _)| now.since_ms(*at) < BELIEVED_MS) {
        caller.may_see(&connection.workspace)?;
        return Ok(connection);
    }
    let connection = fresh(env, caller, id.clone()).await?;
    CONNECTIONS.with_borrow_mut(|connections| remember(connections, id, (now, connection.clone())));
    Ok(connection)
}

async fn ask(env: &Env, command: &Command) -> Result<Answer, Problem> {
    Ok(directory::ask(env, command).await?)
}

/// The problem of an answer that is not the one hoped for.
fn refused(answer: Answer) -> Problem {
    match answer {
        Answer::Refused(refusal) => response::problem(&refusal),
        _ => directory::unexpected().into(),
    }
}

async fn read<T: serde::de::DeserializeOwned>(incoming: &mut Incoming) -> Result<T, Problem> {
    request::body(&bytes(incoming).await?)
}

async fn bytes(incoming: &mut Incoming) -> Result<Vec<u8>, Problem> {
    match incoming.body(BODY_LIMIT).await.map_err(fault)? {
        Ok(bytes) => Ok(bytes),
        Err(_) => Err(Problem::new(Kind::TooLarge, format!("The body may have {BODY_LIMIT} bytes at most."))),
    }
}

fn ok(body: &serde_json::Value) -> Result<Response, Problem> {
    reply::json(200, body).map_err(fault)
}

fn fault(error: worker::Error) -> Problem {
    crate::platform::fault::Fault::from(error).into()
}

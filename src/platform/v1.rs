//! `/v1`: settles who asks, whether they may and how often, gives a request with an `Idempotency-Key` its one effect, and carries the
//! question to the objects. What requests and answers look like is the api ring's.

use std::{cell::RefCell, collections::HashMap};

use futures_util::future::LocalBoxFuture;
use worker::{Env, Response};

use crate::{
    api::{
        channel, cursor, endpoint,
        idempotency::{self, Kept},
        mapping, matching, prospect,
        question::{self, Ask, Expected},
        rate::{Bucket, Left},
        request::{self, BODY_LIMIT, Query},
        response,
        route::{Access, Api},
        types,
    },
    engine::{
        audit::ENTRIES_LIMIT,
        directory::messages::{Answer, Claim, Command, Connection, Permission, WORKSPACES_LIMIT},
        portal::{
            blocks::Command as Privacy,
            messages::{Answer as PortalAnswer, Command as PortalCommand},
        },
    },
    platform::{
        action_api, activation_api,
        caller::{BELIEVED_MS, Caller, caller, remember},
        clock, connection_api,
        directory_object::{self as directory, refused},
        disconnect,
        incoming::Incoming,
        portals, random, reply, score_api, seat_api, signal_api, snapshot, workflow_api,
    },
    values::{
        config::Config, http::Method, ids::ConnectionId, json, problem::Problem, secret::Secret,
        time::Timestamp,
    },
};

thread_local! {
    static CONNECTIONS: RefCell<HashMap<ConnectionId, (Timestamp, Connection)>> = RefCell::default();
    static BUCKETS: RefCell<HashMap<String, Bucket>> = RefCell::default();
}

/// What is asked for.
#[derive(Debug, Clone)]
pub enum Question {
    /// Of the Directory, or with a body.
    Api(Api),
    /// Of the object of one connection, which answers by itself.
    Ask(ConnectionId, Ask),
}

impl Question {
    const fn access(&self) -> Access {
        match self {
            Self::Api(api) => api.access(),
            Self::Ask(_, ask) => Access::Key(ask.permission()),
        }
    }

    const fn also(&self) -> &'static [Permission] {
        match self {
            Self::Api(api) => api.also(),
            Self::Ask(..) => &[],
        }
    }

    fn changes(&self) -> bool {
        match self {
            Self::Api(api) => api.changes(),
            Self::Ask(_, ask) => ask.permission() != Permission::Read,
        }
    }

    const fn repeats(&self) -> bool {
        match self {
            Self::Api(api) => api.repeats(),
            Self::Ask(..) => true,
        }
    }
}

/// Answers one request.
pub async fn handle(
    env: &Env,
    config: &Config,
    question: Question,
    incoming: &mut Incoming,
) -> worker::Result<Response> {
    let caller = match caller(env, config, incoming).await {
        Ok(caller) => caller,
        Err(problem) => return reply::problem(&problem),
    };
    let (granted, left) = take(&caller, config.api_requests_per_minute);
    let answered = if granted {
        let besides = question.also().iter().map(|permission| Access::Key(*permission));
        let may = |access| caller.may(access);
        match std::iter::once(question.access()).chain(besides).try_for_each(may) {
            Ok(()) => once(env, config, &caller, question, incoming).await,
            Err(problem) => Err(problem),
        }
    } else {
        Err(left.problem())
    };
    let response = match answered {
        Ok(response) => response,
        Err(problem) => reply::problem(&problem)?,
    };
    for (name, value) in left.headers() {
        response.headers().set(name, &value)?;
    }
    Ok(response)
}

/// Takes a request out of the caller's bucket.
fn take(caller: &Caller, quota: u32) -> (bool, Left) {
    let now = clock::now();
    BUCKETS.with_borrow_mut(|buckets| {
        let bucket = buckets.get(caller.name()).copied();
        let mut bucket = bucket.unwrap_or_else(|| Bucket::full(quota, now));
        let found = bucket.take(quota, now);
        remember(buckets, caller.name().to_owned(), bucket);
        found
    })
}

/// Answers, of requests with one `Idempotency-Key` only one.
async fn once(
    env: &Env,
    config: &Config,
    caller: &Caller,
    question: Question,
    incoming: &mut Incoming,
) -> Result<Response, Problem> {
    let header = if question.changes() { incoming.header(idempotency::HEADER) } else { None };
    let Some(header) = header else { return dispatch(env, config, caller, question, incoming).await };
    let key = idempotency::key(&header)?;
    let body = bytes(incoming).await?;
    let method = incoming.method.unwrap_or(Method::Post);
    let place = idempotency::place(caller.name(), &key);
    let name = caller.name().to_owned();
    let repeats = question.repeats();
    let claim = Command::ClaimRequest {
        caller: name.clone(),
        key: key.clone(),
        fingerprint: idempotency::fingerprint(&config.root_key, method, &incoming.target(), &body),
        repeats,
    };
    match ask(env, &claim).await? {
        Answer::Claim(Claim::Granted) => {}
        Answer::Claim(claim) => {
            let sealed = idempotency::refused(claim)?;
            let opened = config.keyring.open(&place, &sealed).ok();
            return match opened.and_then(|text| json::parse::<Kept>(text.expose()).ok()) {
                Some(kept) => reply::replayed(&kept).map_err(Problem::from),
                // Sealed with a key that the ring does not hold any more.
                None => Err(idempotency::lost()),
            };
        }
        other => return Err(refused(other)),
    }
    let answered = dispatch(env, config, caller, question, incoming).await;
    let settle = |answer| Command::SettleRequest { caller: name, key, answer };
    match answered {
        Ok(mut response) => {
            let kept = Kept {
                status: response.status_code(),
                content_type: response.headers().get("content-type").ok().flatten(),
                body: response.text().await.map_err(Problem::from)?,
            };
            let sealed =
                kept.text().map(|text| config.keyring.seal(&place, &Secret::new(text), random::bytes()));
            // An answer that could not be handed in is not known to the next request, which is told so.
            ask(env, &settle(Some(sealed.unwrap_or_default()))).await.ok();
            reply::again(&kept).map_err(Problem::from)
        }
        Err(problem) => {
            if problem.status() < 500 || repeats {
                ask(env, &settle(None)).await.ok();
            }
            Err(problem)
        }
    }
}

async fn dispatch(
    env: &Env,
    config: &Config,
    caller: &Caller,
    question: Question,
    incoming: &mut Incoming,
) -> Result<Response, Problem> {
    match question {
        Question::Ask(id, ask) => {
            let query = Query::parse(&incoming.query, ask.taken())?;
            let (command, expected) = ask.command(&query)?;
            asked(env, caller, &id, &command, expected).await
        }
        // Boxed: what reads and changes is code of its own, which V8 compiles when the first such request comes.
        Question::Api(api) => {
            let answering: LocalBoxFuture<'_, _> = Box::pin(answer(env, config, caller, api, incoming));
            answering.await
        }
    }
}

async fn answer(
    env: &Env,
    config: &Config,
    caller: &Caller,
    api: Api,
    incoming: &mut Incoming,
) -> Result<Response, Problem> {
    let now = clock::now();
    let query = incoming.query.clone();
    let query = Query::parse(&query, api.taken())?;
    match api {
        Api::CreateWorkspace => {
            let body: request::CreateWorkspace = read(incoming).await?;
            let name = request::name("name", &body.name)?;
            let jurisdiction = request::jurisdiction(body.jurisdiction.as_deref())?;
            match ask_by(env, caller, &Command::CreateWorkspace { name, jurisdiction }).await? {
                Answer::Workspace(workspace) => {
                    Ok(reply::json(201, &response::workspace(&workspace)).map_err(Problem::from)?)
                }
                other => Err(refused(other)),
            }
        }
        Api::ListWorkspaces => {
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
            let permissions = body.permissions(&caller.permissions())?;
            match ask_by(env, caller, &Command::CreateKey { workspace, name, expires_at, permissions })
                .await?
            {
                Answer::KeyCreated { key, secret } => {
                    Ok(reply::json(201, &response::key_created(&key, &secret)).map_err(Problem::from)?)
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
            match ask_by(env, caller, &Command::RevokeKey { workspace, key }).await? {
                Answer::Done => Ok(reply::empty(204).map_err(Problem::from)?),
                other => Err(refused(other)),
            }
        }
        Api::CreateSession(workspace) => {
            caller.may_see(&workspace)?;
            let person = read::<request::CreateSession>(incoming).await?.person(&config.public_url)?;
            match ask_by(env, caller, &Command::CreateLink { workspace, person, by: caller.key() }).await? {
                Answer::Secret { secret, expires_at } => {
                    let body = response::session(&config.public_url, &secret, expires_at);
                    Ok(reply::json(201, &body).map_err(Problem::from)?)
                }
                other => Err(refused(other)),
            }
        }
        Api::EndSessions(workspace) => {
            caller.may_see(&workspace)?;
            let user = query.get("user").map(|user| request::name("user", user)).transpose()?;
            match ask_by(env, caller, &Command::EndSessions { workspace, user }).await? {
                Answer::Ended { sessions, links } => ok(&response::ended_sessions(sessions, links)),
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
            connection_api::connect(env, config, caller.actor(), workspace, &bytes(incoming).await?).await
        }
        Api::PutCredentials(id) => {
            let connection = fresh(env, caller, id).await?;
            connection_api::put_credentials(env, config, caller.actor(), &connection, &bytes(incoming).await?)
                .await
        }
        Api::UpdateConnection(id) => {
            let connection = fresh(env, caller, id).await?;
            connection_api::update(env, &caller.actor(), connection, &bytes(incoming).await?).await
        }
        Api::GetTest(id) => {
            let connection = believed(env, caller, id).await?;
            connection_api::test(env, &connection).await
        }
        Api::GetLimits(id) => {
            let connection = fresh(env, caller, id).await?;
            connection_api::limits(env, &connection).await
        }
        Api::GetConnection(id) => {
            let mut connection = fresh(env, caller, id).await?;
            let status = portals::status(env, &connection.object).await?;
            disconnect::end_if_over(env, &mut connection, status.as_ref()).await?;
            ok(&response::connection_with_sync(&connection, status.as_ref()))
        }
        Api::Disconnect(id) => {
            let deletes = query.deletes_data()?;
            let connection = fresh(env, caller, id).await?;
            match disconnect::begin(env, &caller.actor(), connection.workspace, connection.id).await? {
                Ok(plan) => {
                    if deletes {
                        disconnect::delete_data(env, &caller.actor(), &plan.connection.object).await?;
                    }
                    ok(&response::plan(&plan))
                }
                Err(refusal) => Err(response::problem(&refusal)),
            }
        }
        Api::PutSelection(id, object_type) => {
            let selection = read::<request::PutSelection>(incoming).await?.selection()?;
            let command = PortalCommand::Select { object_type, selection };
            asked(env, caller, &id, &command, Expected::Json).await
        }
        Api::ErasePerson(id) => {
            let whom = read::<prospect::Person>(incoming).await?.whom()?;
            let command = PortalCommand::Privacy(Privacy::Erase { whom });
            asked(env, caller, &id, &command, Expected::Json).await
        }
        Api::ExportPerson(id) => {
            let whom = read::<prospect::Person>(incoming).await?.whom()?;
            let command = PortalCommand::Privacy(Privacy::Export { whom });
            asked(env, caller, &id, &command, Expected::Json).await
        }
        Api::SetRetention(id) => {
            let wanted = read::<prospect::SetRetention>(incoming).await?.wanted()?;
            asked(env, caller, &id, &PortalCommand::SetRetention(wanted), Expected::Json).await
        }
        Api::MatchCompanies(id) => {
            let command = read::<matching::MatchCompanies>(incoming).await?.command()?;
            asked(env, caller, &id, &PortalCommand::Match(command), Expected::Json).await
        }
        Api::MatchContacts(id) => {
            let command = read::<matching::MatchContacts>(incoming).await?.command()?;
            asked(env, caller, &id, &PortalCommand::Match(command), Expected::Json).await
        }
        Api::ListAudit(workspace) => {
            caller.may_see(&workspace)?;
            let (before, limit) = (question::number(&query)?, query.limit(ENTRIES_LIMIT)?);
            let action = prospect::action(&query)?;
            let workspace = Some(workspace);
            match ask(env, &Command::Audit { workspace, before, action, limit }).await? {
                Answer::Audit(mut body) => {
                    cursor::wrap_last(&mut body);
                    reply::raw_json(body).map_err(Problem::from)
                }
                other => Err(refused(other)),
            }
        }
        Api::Snapshot(id) => {
            let types = query.types()?;
            let connection = believed(env, caller, id).await?;
            snapshot::answer(env, connection.object, types).await
        }
        Api::Endpoints(id, call) => endpoints(env, config, caller, id, call, incoming).await,
        Api::Seats(id, call) => {
            let connection = believed(env, caller, id).await?;
            let body = bytes(incoming).await?;
            seat_api::answer(env, config, (&caller.actor(), &connection), call, &query, &body).await
        }
        Api::Types(id, call) => types(env, caller, id, call).await,
        Api::Actions(id, call) => {
            let connection = believed(env, caller, id).await?;
            let body = most(incoming, action_api::most(&call)).await?;
            action_api::answer(env, (&caller.actor(), &connection), &call, &query, &body).await
        }
        Api::Scores(id, call) => {
            let connection = believed(env, caller, id).await?;
            let body = most(incoming, score_api::most(&call)).await?;
            score_api::answer(env, (&caller.actor(), &connection), &call, &query, &body).await
        }
        Api::Activations(id, call) => {
            let connection = believed(env, caller, id).await?;
            if let Some(many) = call.many() {
                return activation_api::put_many(env, (&caller.actor(), &connection), many, incoming).await;
            }
            let body = most(incoming, activation_api::most(&call)).await?;
            activation_api::answer(env, (&caller.actor(), &connection), &call, &query, &body).await
        }
        Api::Signals(id, call) => {
            let connection = believed(env, caller, id).await?;
            let body = most(incoming, signal_api::most(&call)).await?;
            signal_api::answer(env, (&caller.actor(), &connection), &call, &query, &body).await
        }
        Api::Workflows(id, call) => {
            let connection = believed(env, caller, id).await?;
            let body = most(incoming, workflow_api::most(&call)).await?;
            workflow_api::answer(env, (&caller.actor(), &connection), &call, &query, &body).await
        }
        Api::Channels(id, call) => channels(env, caller, id, call, incoming).await,
        Api::Mappings(id, call) => mappings(env, caller, id, call, incoming).await,
    }
}

async fn mappings(
    env: &Env,
    caller: &Caller,
    id: ConnectionId,
    call: mapping::Call,
    incoming: &mut Incoming,
) -> Result<Response, Problem> {
    let connection = believed(env, caller, id).await?;
    let command = mapping::command(call, &bytes(incoming).await?)?;
    match portals::ask_by(env, &connection.object, &caller.actor(), &PortalCommand::Mapping(command)).await? {
        PortalAnswer::Mapping(answer) => said(mapping::render(answer)?),
        PortalAnswer::NotConnected => Err(portals::not_there_yet()),
        _ => Err(directory::unexpected().into()),
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
    match portals::ask_by(env, &connection.object, &caller.actor(), &PortalCommand::Channel(command)).await? {
        PortalAnswer::Channel(answer) => said(channel::render(answer, created)?),
        PortalAnswer::NotConnected => Err(portals::not_there_yet()),
        _ => Err(directory::unexpected().into()),
    }
}

async fn types(env: &Env, caller: &Caller, id: ConnectionId, call: types::Call) -> Result<Response, Problem> {
    let connection = believed(env, caller, id).await?;
    let command = PortalCommand::Types(types::command(call)?);
    match portals::ask_by(env, &connection.object, &caller.actor(), &command).await? {
        PortalAnswer::Types(answer) => said(types::render(answer)?),
        PortalAnswer::NotConnected => Err(portals::not_there_yet()),
        _ => Err(directory::unexpected().into()),
    }
}

/// An answer that a Portal made in the API's shape.
fn said((status, body): (u16, Option<String>)) -> Result<Response, Problem> {
    match body {
        Some(body) => reply::json_text(status, body).map_err(Problem::from),
        None => reply::empty(status).map_err(Problem::from),
    }
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
    let command = endpoint::command(call, &bytes(incoming).await?, config.reach())?;
    match portals::ask_by(env, &connection.object, &caller.actor(), &PortalCommand::Endpoint(command)).await?
    {
        PortalAnswer::Endpoint(answer) => said(endpoint::render(&connection.id, answer, created)?),
        PortalAnswer::NotConnected => Err(portals::not_there_yet()),
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
    match (portals::ask_by(env, &connection.object, &caller.actor(), command).await?, expected) {
        (PortalAnswer::Json(body), Expected::Json) => reply::raw_json(body).map_err(Problem::from),
        (PortalAnswer::Json(mut body), Expected::Page) => {
            cursor::wrap_last(&mut body);
            reply::raw_json(body).map_err(Problem::from)
        }
        (PortalAnswer::Done, Expected::Order) => reply::empty(202).map_err(Problem::from),
        (answer, _) => Err(question::problem(&connection.id, answer, expected)
            .unwrap_or_else(|| directory::unexpected().into())),
    }
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

async fn ask_by(env: &Env, caller: &Caller, command: &Command) -> Result<Answer, Problem> {
    Ok(directory::ask_by(env, &caller.actor(), command).await?)
}

async fn read<T: serde::de::DeserializeOwned>(incoming: &mut Incoming) -> Result<T, Problem> {
    request::body(&bytes(incoming).await?)
}

async fn bytes(incoming: &mut Incoming) -> Result<Vec<u8>, Problem> {
    most(incoming, BODY_LIMIT).await
}

async fn most(incoming: &mut Incoming, limit: usize) -> Result<Vec<u8>, Problem> {
    incoming.body(limit).await.map_err(Problem::from)?.map_err(|why| why.problem(limit))
}

fn ok(body: &serde_json::Value) -> Result<Response, Problem> {
    reply::json(200, body).map_err(Problem::from)
}

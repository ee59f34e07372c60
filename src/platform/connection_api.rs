//! `/v1`: connections by token, their credentials and names, tests of what they may do, and their limits.

use worker::{Env, Response};

use crate::{
    api::{connection, request, response},
    engine::{
        actor::Actor,
        directory::messages::{Answer, Command, Connection},
        portal::messages::{Answer as PortalAnswer, Command as PortalCommand},
    },
    platform::{
        directory_object as directory,
        fault::Fault,
        portals, reply,
        token_flow::{self, Stop, Target},
    },
    values::{
        config::Config,
        failure::Failure,
        ids::WorkspaceId,
        problem::{Kind, Problem},
    },
};

/// Who gave a token, where the host's servers did.
const BY_API: &str = "the API";

/// `POST /v1/workspaces/{w}/connections`
pub async fn connect(
    env: &Env,
    config: &Config,
    actor: Actor,
    workspace: WorkspaceId,
    body: &[u8],
) -> Result<Response, Problem> {
    let body: connection::ConnectByToken = request::body(body)?;
    let given = body.given()?;
    let target = Target { workspace, by: BY_API.to_owned(), actor, connection: None };
    let (made, known) = token_flow::connect(env, config, target, given).await.map_err(problem)?;
    answer(env, made, if known { 200 } else { 201 }).await
}

/// `PUT /v1/connections/{c}/credentials`
pub async fn put_credentials(
    env: &Env,
    config: &Config,
    actor: Actor,
    of: &Connection,
    body: &[u8],
) -> Result<Response, Problem> {
    if !of.app.is_token() {
        return Err(Problem::new(
            Kind::Conflict,
            "This connection was made by OAuth: a person authorises it anew on the Integrations page.",
        ));
    }
    let given = request::body::<connection::PutCredentials>(body)?.given()?;
    let target = Target {
        workspace: of.workspace.clone(),
        by: BY_API.to_owned(),
        actor,
        connection: Some(of.id.clone()),
    };
    let (made, _) = token_flow::connect(env, config, target, given).await.map_err(problem)?;
    answer(env, made, 200).await
}

/// `PATCH /v1/connections/{c}`
pub async fn update(env: &Env, actor: &Actor, mut of: Connection, body: &[u8]) -> Result<Response, Problem> {
    let update = request::body::<connection::Update>(body)?.checked()?;
    if let Some(name) = update.name {
        let command = Command::Rename {
            workspace: of.workspace.clone(),
            connection: of.id.clone(),
            name: name.clone(),
        };
        match directory::ask_by(env, actor, &command).await? {
            Answer::Done => of.name = name,
            Answer::Refused(refusal) => return Err(response::problem(&refusal)),
            _ => return Err(directory::unexpected().into()),
        }
    }
    if let Some(tier) = update.tier {
        match portals::ask_by(env, &of.object, actor, &PortalCommand::SetTier(tier)).await? {
            PortalAnswer::Done => {}
            PortalAnswer::NotConnected => return Err(portals::not_there_yet()),
            _ => return Err(directory::unexpected().into()),
        }
    }
    answer(env, of, 200).await
}

/// `GET /v1/connections/{c}/test`
pub async fn test(env: &Env, of: &Connection) -> Result<Response, Problem> {
    match portals::ask(env, &of.object, &PortalCommand::Trial).await? {
        PortalAnswer::Trial(Some(trial)) => {
            Ok(reply::json(200, &connection::trial(&trial)).map_err(Fault::from)?)
        }
        PortalAnswer::Trial(None) | PortalAnswer::NotConnected => Err(Problem::new(
            Kind::NotFound,
            "The connection was not tested yet. `POST` to this address tests it.",
        )),
        _ => Err(directory::unexpected().into()),
    }
}

/// `GET /v1/connections/{c}/limits`
pub async fn limits(env: &Env, of: &Connection) -> Result<Response, Problem> {
    let status = portals::status(env, &of.object).await?.ok_or_else(portals::not_there_yet)?;
    let statuses = [Some(status)];
    let gauges = portals::gauges(env, std::slice::from_ref(of), &statuses).await.into_iter().next().flatten();
    let [status] = statuses;
    let PortalAnswer::Usage(usage) = portals::ask(env, &of.object, &PortalCommand::Usage).await? else {
        return Err(directory::unexpected().into());
    };
    let body = connection::limits(gauges.as_ref(), status.and_then(|status| status.tier), &usage);
    Ok(reply::json(200, &body).map_err(Fault::from)?)
}

async fn answer(env: &Env, of: Connection, status: u16) -> Result<Response, Problem> {
    // As it is now, with the state that the connect has just given it.
    let shown = match directory::ask(env, &Command::Connection { connection: of.id.clone() }).await? {
        Answer::Connection(connection) => connection,
        _ => of,
    };
    let sync = portals::status(env, &shown.object).await?;
    let body = response::connection_with_sync(&shown, sync.as_ref());
    Ok(reply::json(status, &body).map_err(Fault::from)?)
}

fn problem(stop: Stop) -> Problem {
    let words = stop.words();
    let kind = match &stop {
        Stop::BadToken => Kind::Failed(Failure::BadToken),
        Stop::ScopesMissing(_) => Kind::Failed(Failure::MissingScope),
        Stop::OtherPortal { .. } => Kind::Failed(Failure::OtherPortal),
        Stop::Refused(failure, _) => Kind::Failed(*failure),
        Stop::Silent => Kind::Failed(Failure::Silent),
        Stop::Disconnecting | Stop::Full(_) => Kind::Conflict,
        Stop::NotFound => Kind::NotFound,
        Stop::Fault(_) => Kind::Internal,
    };
    match stop {
        Stop::Fault(fault) => fault.into(),
        _ => Problem::new(kind, words),
    }
}

//! How Portals and their Limiters are made and asked.

use futures_util::{StreamExt as _, stream};
use worker::Env;

use crate::{
    engine::{
        actor::Actor,
        directory::messages::{Connection, ConnectionState, Jurisdiction},
        limiter::messages::{Answer as LimiterAnswer, Ask, Command as LimiterCommand, Gauges, Grant},
        portal::messages::{Answer, Command, Status},
    },
    platform::{fault::Fault, limiter_object, object},
    values::{
        config::Config,
        ids::PortalId,
        problem::{Kind, Problem},
    },
};

/// Objects asked at once by one request. Cloudflare queues the seventh connection that waits for headers.
pub const AT_ONCE: usize = 6;

/// A unique id for a new Portal, which can never be moved: data of the European Union stays there.
///
/// workerd on a developer's machine knows no jurisdictions, and says so by throwing.
pub fn new_id(env: &Env, config: &Config, jurisdiction: Option<Jurisdiction>) -> Result<String, Fault> {
    let namespace = env.durable_object("PORTAL")?;
    let id = match jurisdiction {
        Some(jurisdiction) if config.public_url.starts_with("https://") => {
            namespace.unique_id_with_jurisdiction(jurisdiction.as_str())?
        }
        _ => namespace.unique_id()?,
    };
    Ok(id.to_string())
}

/// Asks one Portal, for Spoke itself.
pub async fn ask(env: &Env, object_id: &str, command: &Command) -> Result<Answer, Fault> {
    ask_by(env, object_id, &Actor::Spoke, command).await
}

/// Asks one Portal for somebody, of whom its audit log tells.
pub async fn ask_by(env: &Env, object_id: &str, actor: &Actor, command: &Command) -> Result<Answer, Fault> {
    let stub = object::by_id(&env.durable_object("PORTAL")?, object_id)?;
    Ok(object::ask_by(&stub, actor, command).await?)
}

/// A connection that nobody has authorised yet.
pub fn not_there_yet() -> Problem {
    Problem::new(Kind::NotFound, "The connection is not there yet: nobody has authorised it.")
}

/// How a connection stands; `None`: its Portal holds nothing.
pub async fn status(env: &Env, object_id: &str) -> Result<Option<Status>, Fault> {
    match ask(env, object_id, &Command::Status).await? {
        Answer::Status(status) => Ok(Some(*status)),
        _ => Ok(None),
    }
}

/// How several stand, in their order; `None` also where one did not answer: one broken Portal breaks no page.
pub async fn statuses(env: &Env, connections: &[Connection]) -> Vec<Option<Status>> {
    stream::iter(connections)
        .map(|connection| async move { status(env, &connection.object).await.ok().flatten() })
        .buffered(AT_ONCE)
        .collect()
        .await
}

/// The gauges of several with their statuses, in their order; none of those that are disconnected.
pub async fn gauges(
    env: &Env,
    connections: &[Connection],
    statuses: &[Option<Status>],
) -> Vec<Option<Gauges>> {
    stream::iter(connections.iter().zip(statuses))
        .map(|(connection, status)| async move {
            if connection.state != ConnectionState::Active {
                return None;
            }
            let app = status.as_ref().map_or(&connection.app, |status| &status.windows).clone();
            let command = LimiterCommand::Gauges { app };
            match ask_limiter(env, connection.portal, &command).await {
                Ok(LimiterAnswer::Gauges(gauges)) => Some(gauges),
                Ok(LimiterAnswer::Granted(_)) | Err(_) => None,
            }
        })
        .buffered(AT_ONCE)
        .collect()
        .await
}

/// Asks a portal's Limiter for permits; `None`: it did not answer as it should.
pub async fn acquire(env: &Env, portal: PortalId, ask: Ask) -> Option<Grant> {
    match ask_limiter(env, portal, &LimiterCommand::Acquire(ask)).await {
        Ok(LimiterAnswer::Granted(grant)) => Some(grant),
        Ok(LimiterAnswer::Gauges(_)) | Err(_) => None,
    }
}

async fn ask_limiter(env: &Env, portal: PortalId, command: &LimiterCommand) -> Result<LimiterAnswer, Fault> {
    let stub = limiter_object::stub(&env.durable_object("LIMITER")?, portal)?;
    Ok(object::ask(&stub, command).await?)
}

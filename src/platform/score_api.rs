//! `/v1/connections/{c}/scores…`: carries what is asked for to the Portal.

use worker::{Env, Response};

use crate::{
    api::{
        action::{BULK_LIMIT, CONTENT_TYPE},
        request::{BODY_LIMIT, Query},
        score::{self, Call},
    },
    engine::{
        actor::Actor,
        directory::messages::Connection,
        portal::{
            messages::{Answer as PortalAnswer, Command as PortalCommand},
            scores::commands::{Answer, Command},
        },
    },
    platform::{directory_object as directory, portals, reply},
    values::problem::Problem,
};

/// Largest body that a call takes.
pub const fn most(call: &Call) -> usize {
    match call {
        Call::PutMany => BULK_LIMIT,
        _ => BODY_LIMIT,
    }
}

/// Answers one request.
pub async fn answer(
    env: &Env,
    (actor, of): (&Actor, &Connection),
    call: &Call,
    query: &Query<'_>,
    body: &[u8],
) -> Result<Response, Problem> {
    if *call == Call::PutMany {
        let lines = score::lines(body)?;
        let all: Vec<_> = lines.iter().filter_map(|line| line.as_ref().ok().cloned()).collect();
        let refused = if all.is_empty() {
            None
        } else {
            score::render(ask(env, &of.object, actor, Command::Put(all)).await?, false).err()
        };
        let text = score::render_lines(lines, refused.as_ref());
        return reply::text(200, CONTENT_TYPE, text).map_err(Problem::from);
    }
    let command = score::command(call, query, body)?;
    let answer = ask(env, &of.object, actor, command).await?;
    match score::render(answer, *call == Call::RunNow)? {
        (status, Some(body)) => reply::json_text(status, body).map_err(Problem::from),
        (status, None) => reply::empty(status).map_err(Problem::from),
    }
}

/// Asks a Portal about scores.
pub async fn ask(env: &Env, object: &str, actor: &Actor, command: Command) -> Result<Answer, Problem> {
    match portals::ask_by(env, object, actor, &PortalCommand::Score(command)).await? {
        PortalAnswer::Score(answer) => Ok(answer),
        PortalAnswer::NotConnected => Err(portals::not_there_yet()),
        _ => Err(directory::unexpected().into()),
    }
}

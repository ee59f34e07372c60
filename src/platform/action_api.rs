//! `/v1/connections/{c}/actions…`: carries what is asked for to the Portal's outbox.

use worker::{Env, Response};

use crate::{
    api::{
        action::{self, BULK_LIMIT, CONTENT_TYPE, Call},
        request::{BODY_LIMIT, Query},
    },
    engine::{
        actor::Actor,
        directory::messages::Connection,
        portal::{
            messages::{Answer as PortalAnswer, Command as PortalCommand},
            outbox::commands::{Answer, Command},
        },
    },
    platform::{directory_object as directory, portals, reply},
    values::problem::Problem,
};

/// Largest body that a call takes.
pub const fn most(call: &Call) -> usize {
    match call {
        Call::DoMany => BULK_LIMIT,
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
    if *call == Call::DoMany {
        let lines = action::lines(body)?;
        let all = lines.iter().filter_map(|line| line.as_ref().ok().cloned()).collect();
        let Answer::Taken(taken) = ask(env, &of.object, actor, action::many(query, all)?).await? else {
            return Err(directory::unexpected().into());
        };
        return reply::text(200, CONTENT_TYPE, action::render_lines(lines, taken)).map_err(Problem::from);
    }
    let command = action::command(call, query, body)?;
    let (status, body) = action::render(ask(env, &of.object, actor, command).await?)?;
    reply::json_text(status, body).map_err(Problem::from)
}

/// Asks a Portal about actions.
pub async fn ask(env: &Env, object: &str, actor: &Actor, command: Command) -> Result<Answer, Problem> {
    match portals::ask_by(env, object, actor, &PortalCommand::Outbox(command)).await? {
        PortalAnswer::Outbox(answer) => Ok(answer),
        PortalAnswer::NotConnected => Err(portals::not_there_yet()),
        _ => Err(directory::unexpected().into()),
    }
}

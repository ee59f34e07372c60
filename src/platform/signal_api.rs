//! `/v1/connections/{c}/signals…`, lists, automations and runs: carries what is asked for to the Portal.

use worker::{Env, Response};

use crate::{
    api::{
        action::{BULK_LIMIT, CONTENT_TYPE},
        request::{BODY_LIMIT, Query},
        signal::{self, Call},
    },
    engine::{
        actor::Actor,
        directory::messages::Connection,
        portal::{
            messages::{Answer as PortalAnswer, Command as PortalCommand},
            signals::commands::{Answer, Command},
        },
    },
    platform::{clock, directory_object as directory, portals, reply},
    values::problem::Problem,
};

/// Largest body that a call takes.
pub const fn most(call: &Call) -> usize {
    match call {
        Call::ReceiveMany => BULK_LIMIT,
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
    let now = clock::now();
    if *call == Call::ReceiveMany {
        let lines = signal::lines(body, now)?;
        let all = lines.iter().filter_map(|line| line.as_ref().ok().cloned()).collect();
        return match ask(env, &of.object, actor, Command::Receive(all)).await? {
            Answer::Received(received) => {
                reply::text(200, CONTENT_TYPE, signal::render_lines(lines, received)).map_err(Problem::from)
            }
            Answer::Refused(refusal) => Err(signal::problem(refusal)),
            _ => Err(directory::unexpected().into()),
        };
    }
    let command = signal::command(call, query, body, now)?;
    let makes = matches!(call, Call::MakeList | Call::MakeAutomation);
    let (status, body) = signal::render(ask(env, &of.object, actor, command).await?, makes)?;
    match body {
        Some(body) => reply::json_text(status, body).map_err(Problem::from),
        None => reply::empty(status).map_err(Problem::from),
    }
}

/// Asks a Portal about signals.
pub async fn ask(env: &Env, object: &str, actor: &Actor, command: Command) -> Result<Answer, Problem> {
    match portals::ask_by(env, object, actor, &PortalCommand::Signal(Box::new(command))).await? {
        PortalAnswer::Signal(answer) => Ok(answer),
        PortalAnswer::NotConnected => Err(portals::not_there_yet()),
        _ => Err(directory::unexpected().into()),
    }
}

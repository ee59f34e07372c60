//! `/v1/connections/{c}/workflows…`: carries what is asked for to the Portal.

use worker::{Env, Response};

use crate::{
    api::{
        action::{BULK_LIMIT, CONTENT_TYPE},
        request::{BODY_LIMIT, Query},
        workflow::{self, Call, DEFINITION_LIMIT},
    },
    engine::{
        actor::Actor,
        directory::messages::Connection,
        portal::{
            messages::{Answer as PortalAnswer, Command as PortalCommand},
            workflows::commands::{Answer, Command, Received},
        },
    },
    platform::{clock, directory_object as directory, portals, reply},
    values::problem::Problem,
};

/// Largest body that a call takes.
pub const fn most(call: &Call) -> usize {
    match call {
        Call::ReceiveMany => BULK_LIMIT,
        Call::Make | Call::Put(_) | Call::Check | Call::DryRun => DEFINITION_LIMIT,
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
    match call {
        Call::Receive => {
            let event = workflow::event(body, now)?;
            let id = event.id.clone();
            let answer = ask(env, &of.object, actor, Command::Event(event)).await?;
            let one = received(answer)?.pop().unwrap_or(Received::Full);
            let (status, told) = workflow::received(&id, one)?;
            reply::json(status, &told).map_err(Problem::from)
        }
        Call::ReceiveMany => {
            let lines = workflow::lines(body, now)?;
            let all = lines.iter().filter_map(|line| line.as_ref().ok().cloned()).collect();
            let answer = ask(env, &of.object, actor, Command::Events(all)).await?;
            let told = workflow::render_lines(lines, received(answer)?);
            reply::text(200, CONTENT_TYPE, told).map_err(Problem::from)
        }
        call => {
            let command = workflow::command(call, query, body, now)?;
            let answer = ask(env, &of.object, actor, command).await?;
            match workflow::render(answer, *call == Call::Make)? {
                (status, Some(body)) => reply::json_text(status, body).map_err(Problem::from),
                (status, None) => reply::empty(status).map_err(Problem::from),
            }
        }
    }
}

fn received(answer: Answer) -> Result<Vec<Received>, Problem> {
    match answer {
        Answer::Received(received) => Ok(received),
        Answer::Refused(refusal) => Err(workflow::problem(refusal)),
        _ => Err(directory::unexpected().into()),
    }
}

/// Asks a Portal about workflows.
pub async fn ask(env: &Env, object: &str, actor: &Actor, command: Command) -> Result<Answer, Problem> {
    match portals::ask_by(env, object, actor, &PortalCommand::Workflow(Box::new(command))).await? {
        PortalAnswer::Workflow(answer) => Ok(answer),
        PortalAnswer::NotConnected => Err(portals::not_there_yet()),
        _ => Err(directory::unexpected().into()),
    }
}

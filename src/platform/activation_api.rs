//! `/v1/connections/{c}/activations…`, `…/audiences…` and `…/attributes…`: carries what is asked for to the Portal.

use worker::{Env, Response};

use crate::{
    api::{
        action::{BULK_LIMIT, CONTENT_TYPE},
        activation::{self, Call, Kept, REPLACE_BYTES, Which},
        request::{BODY_LIMIT, Query},
    },
    engine::{
        actor::Actor,
        directory::messages::Connection,
        portal::{
            activations::commands::{AT_ONCE, Answer, Command},
            messages::{Answer as PortalAnswer, Command as PortalCommand},
        },
    },
    platform::{directory_object as directory, portals, reply},
    values::{ids::AttributeId, problem::Problem},
};

/// Largest body that a call takes.
pub const fn most(call: &Call) -> usize {
    match call {
        Call::PutMany(..) => BULK_LIMIT,
        Call::ReplaceAll(..) => REPLACE_BYTES,
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
    let rendered = match call {
        Call::PutMany(which, id) => {
            let round = activation::round(query)?;
            let lines = activation::lines(*which, body, round)?;
            let values: Vec<_> = lines.iter().filter_map(|line| line.as_ref().ok().cloned()).collect();
            let outcome = if values.is_empty() {
                Ok(Kept::default())
            } else {
                Kept::read(ask(env, &of.object, actor, activation::put(*which, id, values, round)).await?)
            };
            let text = activation::render_lines(lines, &outcome);
            return reply::text(200, CONTENT_TYPE, text).map_err(Problem::from);
        }
        Call::ReplaceAll(which, id) => replace(env, (actor, of), (*which, id), body).await?,
        Call::PutValue(_, _, email) => {
            let command = activation::command(call, query, body)?;
            let kept = Kept::read(ask(env, &of.object, actor, command).await?)?;
            activation::render_one(email, &kept)?
        }
        _ => {
            let command = activation::command(call, query, body)?;
            activation::render(ask(env, &of.object, actor, command).await?, call.makes())?
        }
    };
    match rendered {
        (status, Some(body)) => reply::json_text(status, body).map_err(Problem::from),
        (status, None) => reply::empty(status).map_err(Problem::from),
    }
}

/// Puts everybody, then has the others go. Where it breaks off, nobody has gone, and it can be sent again.
async fn replace(
    env: &Env,
    (actor, of): (&Actor, &Connection),
    (which, id): (Which, &AttributeId),
    body: &[u8],
) -> Result<(u16, Option<String>), Problem> {
    let everybody = activation::everybody(which, body)?;
    let (audiences, id) = (which.is_audiences(), id.clone());
    let begin = Command::BeginReplace { audiences, id: id.clone() };
    let round = activation::begun(ask(env, &of.object, actor, begin).await?)?;
    let mut kept = Kept::default();
    for part in everybody.chunks(AT_ONCE) {
        let command = activation::put(which, &id, part.to_vec(), Some(round));
        kept.add(Kept::read(ask(env, &of.object, actor, command).await?)?);
    }
    let end = Command::EndReplace { audiences, id, round };
    activation::render_replaced(ask(env, &of.object, actor, end).await?, &kept)
}

/// Asks a Portal about activations.
async fn ask(env: &Env, object: &str, actor: &Actor, command: Command) -> Result<Answer, Problem> {
    match portals::ask_by(env, object, actor, &PortalCommand::Activation(Box::new(command))).await? {
        PortalAnswer::Activation(answer) => Ok(answer),
        PortalAnswer::NotConnected => Err(portals::not_there_yet()),
        _ => Err(directory::unexpected().into()),
    }
}

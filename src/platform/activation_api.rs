//! `/v1/connections/{c}/activations…`, `…/audiences…` and `…/attributes…`: carries what is asked for to the Portal.

use worker::{Env, Response};

use crate::{
    api::{
        action::{BULK_LIMIT, CONTENT_TYPE},
        activation::{
            self, Call, Kept, Which,
            bulk::{BODY_BYTES, Lines, Outcome},
        },
        request::{BODY_LIMIT, Query},
    },
    engine::{
        actor::Actor,
        directory::messages::Connection,
        portal::{
            activations::commands::{Answer, Command},
            messages::{Answer as PortalAnswer, Command as PortalCommand},
        },
    },
    platform::{
        directory_object as directory,
        incoming::{Incoming, Unread},
        portals, reply,
    },
    values::{ids::AttributeId, problem::Problem},
};

/// Largest body that a call takes.
pub const fn most(call: &Call) -> usize {
    match call {
        Call::PutMany(..) => BULK_LIMIT,
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
    replied(rendered)
}

fn replied((status, body): (u16, Option<String>)) -> Result<Response, Problem> {
    match body {
        Some(body) => reply::json_text(status, body).map_err(Problem::from),
        None => reply::empty(status).map_err(Problem::from),
    }
}

/// Puts lines as they come: what changes, or everybody, and then has the others go. Where it breaks off nobody has gone, and sent again it is
/// as good as once.
pub async fn put_many(
    env: &Env,
    (actor, of): (&Actor, &Connection),
    (which, id, everybody): (Which, &AttributeId, bool),
    incoming: &mut Incoming,
) -> Result<Response, Problem> {
    let asked = async |command: Command| ask(env, &of.object, actor, command).await;
    let begin = async || {
        let begin = Command::BeginReplace { audiences: which.is_audiences(), id: id.clone() };
        activation::begun(asked(begin).await?)
    };
    let (mut lines, mut outcome, mut round) = (Lines::new(which, everybody), Outcome::default(), None);
    let unread = |why: Unread| why.problem(BODY_BYTES);
    let mut body = incoming.pieces(BODY_BYTES).map_err(Problem::from)?.map_err(unread)?;
    loop {
        let piece = body.next().await.map_err(Problem::from)?.map_err(unread);
        let piece = piece.map_err(|problem| outcome.broke_off(problem))?;
        match &piece {
            Some(piece) => lines.push(piece)?,
            None => lines.end()?,
        }
        while let Some(part) = lines.part(piece.is_none()) {
            if everybody && round.is_none() {
                round = Some(begin().await?);
            }
            let (numbers, values) = outcome.sort(part);
            if !values.is_empty() {
                let kept = asked(activation::put(which, id, values, round)).await.and_then(Kept::read);
                let kept = kept.map_err(|problem| outcome.broke_off(problem))?;
                outcome.add(&numbers, &kept);
            }
        }
        if piece.is_none() {
            break;
        }
    }
    let ended = if everybody {
        let round = match round {
            Some(round) => round,
            None => begin().await?,
        };
        let end = Command::EndReplace { audiences: which.is_audiences(), id: id.clone(), round };
        Some(asked(end).await.map_err(|problem| outcome.broke_off(problem))?)
    } else {
        None
    };
    replied(outcome.render(ended)?)
}

/// Asks a Portal about activations.
async fn ask(env: &Env, object: &str, actor: &Actor, command: Command) -> Result<Answer, Problem> {
    match portals::ask_by(env, object, actor, &PortalCommand::Activation(Box::new(command))).await? {
        PortalAnswer::Activation(answer) => Ok(answer),
        PortalAnswer::NotConnected => Err(portals::not_there_yet()),
        _ => Err(directory::unexpected().into()),
    }
}

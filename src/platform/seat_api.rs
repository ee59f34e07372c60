//! `/v1/connections/{c}/seats…`: what the Portal knows of seats, and calls to HubSpot in the name of one.

use std::{convert::Infallible, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use serde_json::Value;
use worker::{Delay, Env, Response};

use crate::{
    api::{
        question,
        request::Query,
        seat::{
            self, Call, Read,
            dialer::{self, Told},
        },
    },
    engine::{
        actor::Actor,
        directory::messages::Connection,
        limiter::messages::Ask,
        portal::{
            beside::commands::Command as Beside,
            messages::{Answer as PortalAnswer, Command as PortalCommand},
            outbox::commands::{Answer as ActionsAnswer, Asked, Command as Actions},
            seats::{
                commands::{Answer, Command, State, Token},
                desk::{self, Begin, Desk, Wanted},
                pass::{Heard, Next, Pass, Stop},
                reading::{Reading, Step},
            },
        },
    },
    hubspot::rejection::Rejection,
    platform::{clock, directory_object as directory, fault::Fault, fetch, portals, reply},
    values::{
        config::Config,
        http,
        ids::{ActionId, SeatId},
        problem::{Kind, Problem},
    },
};

/// How long a request waits for a reading of tasks that another makes: longer than four calls that all come in time.
const TASKS_MS: i64 = 20_000;
/// How long a request waits for a call to be logged: two calls, five where the task says what it is linked to, and three more for the first
/// ever of a connection, with room for a pause.
const LOG_MS: i64 = 10_000;
/// How often it looks: HubSpot takes some 200 ms for a write.
const LOOK_AGAIN_MS: u64 = 150;

/// Asks a Portal about seats, for Spoke itself.
pub async fn ask(env: &Env, object: &str, command: Command) -> Result<Answer, Fault> {
    ask_by(env, object, &Actor::Spoke, command).await
}

/// Asks a Portal about seats, for somebody of whom its audit log tells.
pub async fn ask_by(env: &Env, object: &str, actor: &Actor, command: Command) -> Result<Answer, Fault> {
    match portals::ask_by(env, object, actor, &PortalCommand::Seat(Box::new(command))).await? {
        PortalAnswer::Seat(answer) => Ok(answer),
        _ => Err(directory::unexpected()),
    }
}

/// Answers one request.
pub async fn answer(
    env: &Env,
    config: &Config,
    (actor, of): (&Actor, &Connection),
    call: Call,
    query: &Query<'_>,
    body: &[u8],
) -> Result<Response, Problem> {
    if config.seat_app().is_none() {
        return Err(seat::off());
    }
    if let Some(command) = seat::command(&call, query, body, &config.public_url)? {
        return told(config, of, &call, ask_by(env, &of.object, actor, command).await?);
    }
    match call {
        Call::Read(id, read) => {
            let (request, window) = read.request(query, body)?;
            let pass = Pass::new(id, read.endpoint(), request, window, clock::now());
            passed(read, run(env, config, of, pass).await?)
        }
        Call::Tasks(id) => {
            let wanted = dialer::wanted(query)?;
            tasks(env, config, of, &id, wanted).await
        }
        Call::Log(id) => log(env, (actor, of), id, dialer::call(body, clock::now())?).await,
        Call::Lists(id) => {
            must_be_active(env, of, id).await?;
            let body = beside(env, of, Beside::Lists).await?;
            let names = seat::names_of_lists(&body).ok_or_else(directory::unexpected)?;
            Ok(reply::json(200, &names).map_err(Fault::from)?)
        }
        Call::Pipelines(id, object_type) => {
            must_be_active(env, of, id).await?;
            let body = beside(env, of, question::pipelines(object_type)?).await?;
            Ok(reply::raw_json(body).map_err(Fault::from)?)
        }
        _ => Err(directory::unexpected().into()),
    }
}

/// What a Portal answers, in the API's shape.
fn told(config: &Config, of: &Connection, call: &Call, answer: Answer) -> Result<Response, Problem> {
    let body = match answer {
        Answer::Seats { page, next } => seat::views(&page, next),
        Answer::Seat(view) => seat::view(&view),
        Answer::Invited { seat: view, secret, until } => {
            let body = serde_json::json!({
                "seat": seat::view(&view),
                "url": format!("{}/seat/{}/{}", config.public_url, of.id, secret.expose()),
                "expires_at": until.to_rfc3339(),
            });
            return Ok(reply::json(201, &body).map_err(Fault::from)?);
        }
        Answer::Owner(owner) => return Ok(reply::raw_json(owner).map_err(Fault::from)?),
        Answer::Full(most) => {
            return Err(Problem::new(
                Kind::Conflict,
                format!("A connection may have {most} seats. Revoke some that nobody uses."),
            ));
        }
        Answer::Unknown if *call == Call::Redeem => return Err(seat::bad_code()),
        other => return Err(not_told(&other)),
    };
    Ok(reply::json(200, &body).map_err(Fault::from)?)
}

/// Why there is nothing to tell of a seat.
fn not_told(answer: &Answer) -> Problem {
    match answer {
        Answer::Off => seat::off(),
        Answer::NotConnected => seat::not_connected(),
        Answer::NotActive(state) => seat::not_active(*state),
        Answer::NoOwner(why) => seat::no_owner(why),
        Answer::Unknown => seat::unknown(),
        _ => directory::unexpected().into(),
    }
}

/// A seat's open tasks: read here, or what another request of the same seat reads at this moment.
async fn tasks(
    env: &Env,
    config: &Config,
    of: &Connection,
    id: &SeatId,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let ready = |body: String| reply::raw_json(dialer::page(&body));
    let until = clock::now().plus_ms(TASKS_MS);
    let mut ticket = None;
    loop {
        let command = Command::Desk { seat: id.clone(), wanted: wanted.clone(), ticket };
        match ask(env, &of.object, command).await? {
            Answer::Desk(Desk::Ready(body)) => return Ok(ready(body).map_err(Fault::from)?),
            Answer::Desk(Desk::Wait { .. }) if clock::now() >= until => return Err(dialer::too_slow()),
            Answer::Desk(Desk::Wait { ticket: other, ms }) => {
                ticket = Some(other);
                Delay::from(Duration::from_millis(ms.into())).await;
            }
            Answer::Desk(Desk::Read(begin)) => {
                let ticket = begin.ticket;
                // A client that hangs up ends both, and after three silent seconds the next who asks reads.
                let reading = pin!(read_tasks(env, config, of, id, (wanted, begin)));
                let end = match select(reading, pin!(goes_on(env, of, id, ticket))).await {
                    Either::Left((end, _)) => end,
                    Either::Right((never, _)) => match never {},
                };
                let told = end.as_ref().ok().and_then(|end| end.as_ref().ok()).map(ToString::to_string);
                let read = Command::DeskRead { seat: id.clone(), ticket, told };
                let answer = ask(env, &of.object, read).await?;
                return match (end?, answer) {
                    (Err(stop), _) => stopped(&stop),
                    (Ok(_), Answer::Desk(Desk::Ready(body))) => Ok(ready(body).map_err(Fault::from)?),
                    (Ok(_), other) => Err(not_told(&other)),
                };
            }
            other => return Err(not_told(&other)),
        }
    }
}

/// Says again and again that the tasks are being read.
async fn goes_on(env: &Env, of: &Connection, seat: &SeatId, ticket: u64) -> Infallible {
    loop {
        Delay::from(Duration::from_millis(desk::GOES_ON_MS.into())).await;
        // What is not heard costs a second reading at worst.
        ask(env, &of.object, Command::DeskGoesOn { seat: seat.clone(), ticket }).await.ok();
    }
}

async fn read_tasks(
    env: &Env,
    config: &Config,
    of: &Connection,
    id: &SeatId,
    (wanted, begin): (Wanted, Begin),
) -> Result<Result<Value, Stop>, Fault> {
    let (mut reading, mut step) = Reading::begin(wanted, begin);
    loop {
        match step {
            Step::Done(told) => return Ok(Ok(told)),
            Step::Call(endpoint, request, window) => {
                let pass = Pass::new(id.clone(), endpoint, request, window, clock::now());
                match reading.heard(run(env, config, of, pass).await?) {
                    Ok(next) => step = next,
                    Err(stop) => return Ok(Err(stop)),
                }
            }
        }
    }
}

/// Logs a call, and answers once HubSpot has, or the outbox has to go on without anybody waiting.
async fn log(
    env: &Env,
    (actor, of): (&Actor, &Connection),
    id: SeatId,
    asked: Asked,
) -> Result<Response, Problem> {
    let command = Command::Log { seat: id, asked: Box::new(asked) };
    let (mut action, new) = match ask_by(env, &of.object, actor, command).await? {
        Answer::Logged(taken) => dialer::taken(taken)?,
        other => return Err(not_told(&other)),
    };
    let until = clock::now().plus_ms(LOG_MS);
    let number: ActionId =
        dialer::id_of(&action).and_then(|id| id.parse().ok()).ok_or_else(directory::unexpected)?;
    loop {
        if let Told::Now(status, body) = dialer::logged(&action, new, clock::now() >= until)? {
            return Ok(reply::json_text(status, body).map_err(Fault::from)?);
        }
        Delay::from(Duration::from_millis(LOOK_AGAIN_MS)).await;
        let get = PortalCommand::Outbox(Actions::Get(number.clone()));
        match portals::ask(env, &of.object, &get).await? {
            PortalAnswer::Outbox(ActionsAnswer::Action(now)) => action = now,
            _ => return Err(directory::unexpected().into()),
        }
    }
}

async fn must_be_active(env: &Env, of: &Connection, id: SeatId) -> Result<(), Problem> {
    match ask(env, &of.object, Command::Get(id)).await? {
        Answer::Seat(view) if view.state == State::Active => Ok(()),
        Answer::Seat(view) => Err(seat::not_active(view.state)),
        Answer::Off => Err(seat::off()),
        _ => Err(seat::unknown()),
    }
}

async fn beside(env: &Env, of: &Connection, command: Beside) -> Result<String, Problem> {
    match portals::ask(env, &of.object, &PortalCommand::Beside(command)).await? {
        PortalAnswer::Json(body) => Ok(body),
        PortalAnswer::Missing | PortalAnswer::NotConnected => Err(Problem::new(
            Kind::NotFound,
            "The mirror does not have this yet, or its scope is not granted.",
        )),
        _ => Err(directory::unexpected().into()),
    }
}

/// Carries a call in the name of a seat to its end.
async fn run(
    env: &Env,
    config: &Config,
    of: &Connection,
    mut pass: Pass,
) -> Result<Result<http::Response, Stop>, Fault> {
    let mut next = pass.begin();
    loop {
        let heard = match next {
            Next::Portal(command) => Heard::Portal(ask(env, &of.object, command).await?),
            Next::Limiter(token, asked) => Heard::Granted(portals::acquire(env, token.portal, asked).await),
            Next::Send(request) => Heard::Sent(fetch::send(&config.hubspot_api_url, &request).await),
            Next::Sleep(ms) => {
                Delay::from(Duration::from_millis(ms.into())).await;
                Heard::Woke
            }
            Next::Done(end) => return Ok(end),
        };
        let (then, tell): (Next, Option<(Token, Ask)>) = pass.step(clock::now(), heard);
        if let Some((token, told)) = tell {
            // What is not told counts as used until it runs out: nothing to repair.
            portals::acquire(env, token.portal, told).await;
        }
        next = then;
    }
}

fn passed(read: Read, end: Result<http::Response, Stop>) -> Result<Response, Problem> {
    match end {
        Ok(response) => match read.render(&response.body) {
            Ok(body) => Ok(reply::json(200, &body).map_err(Fault::from)?),
            Err(_) => {
                let refusal = Rejection::malformed(&response);
                Err(Problem::new(Kind::Failed(refusal.failure()), refusal.words()))
            }
        },
        Err(stop) => stopped(&stop),
    }
}

/// Says why there is no answer of HubSpot's, and when to ask again.
fn stopped(stop: &Stop) -> Result<Response, Problem> {
    let (problem, seconds) = seat::problem(stop, clock::now());
    let response = reply::problem(&problem).map_err(Fault::from)?;
    if let Some(seconds) = seconds {
        response.headers().set("retry-after", &seconds.to_string()).map_err(Fault::from)?;
    }
    Ok(response)
}

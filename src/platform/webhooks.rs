//! `POST /webhooks/hubspot/{source}`: is it HubSpot's, whose is it, and is it durable. No call to HubSpot happens here;
//! HubSpot waits five seconds, and repeats for a day what was not answered with success.

use futures_util::future::join_all;
use worker::{Context, Env, Response};

use crate::{
    api::response,
    engine::{
        delivery,
        directory::messages::{Answer as Told, Command as Question, Refusal},
        portal::messages::{Answer, Command, OwnWebhook, Touch},
    },
    hubspot::webhooks::{self, BODY_LIMIT, EVENTS_LIMIT, WebhookRefusal},
    platform::{clock, fault::Fault, incoming::Incoming, log, portals, reply, routes, strangers},
    values::{
        config::Config,
        http::Method,
        ids::{AppKey, ConnectionId, PortalId},
        problem::{Kind, Problem},
    },
};

/// Touches of one command to a Portal; a delivery holds about as many.
const TOUCHES: usize = 100;

/// Answers one delivery.
pub async fn handle(
    env: &Env,
    context: &Context,
    config: &Config,
    source: &AppKey,
    incoming: &mut Incoming,
) -> worker::Result<Response> {
    match take(env, context, config, source, incoming).await {
        Ok(()) => reply::empty(200),
        Err(problem) => reply::problem(&problem),
    }
}

/// Answers one delivery of a private app of a customer's own. Whoever cannot sign learns nothing, not even whether there is such a
/// connection.
pub async fn handle_own(
    env: &Env,
    config: &Config,
    id: ConnectionId,
    incoming: &mut Incoming,
) -> worker::Result<Response> {
    match take_own(env, config, id, incoming).await {
        Ok(()) => reply::empty(200),
        Err(problem) => reply::problem(&problem),
    }
}

async fn take_own(
    env: &Env,
    config: &Config,
    id: ConnectionId,
    incoming: &mut Incoming,
) -> Result<(), Problem> {
    let uri = format!("{}{}", config.public_url, incoming.target());
    let (timestamp, signature) =
        (incoming.header("x-hubspot-request-timestamp"), incoming.header("x-hubspot-signature-v3"));
    // Refused here where no object need be asked.
    webhooks::is_young(timestamp.as_deref(), signature.as_deref(), clock::now())
        .map_err(|why| not_signed(&id, &why.to_string()))?;
    let body = whole(incoming).await?;
    let body = String::from_utf8(body)
        .map_err(|_| Problem::new(Kind::InvalidRequest, "The body is not a delivery of events."))?;
    let question = Question::Connection { connection: id.clone() };
    let presented = format!("webhook {id}");
    let asked = strangers::ask_about(env, incoming, &presented, false, &question);
    let connection = match asked.await.map_err(overload)? {
        Told::Connection(connection) if connection.app.is_token() => connection,
        Told::Refused(refusal @ Refusal::TooMany { .. }) => return Err(response::problem(&refusal)),
        _ => return Err(not_signed(&id, "no connection by token has this id")),
    };
    let delivery = OwnWebhook { uri, timestamp, signature, body };
    match portals::ask(env, &connection.object, &Command::OwnWebhook(Box::new(delivery)))
        .await
        .map_err(overload)?
    {
        // Of a connection that has ended nothing is followed: repeating it would change nothing.
        Answer::Done | Answer::NotConnected => Ok(()),
        _ => Err(not_signed(&id, "the signature does not fit, or no client secret was given")),
    }
}

fn not_signed(id: &ConnectionId, reason: &str) -> Problem {
    log::line(
        "a webhook delivery is refused",
        &[("source", id.to_string().into()), ("reason", reason.into())],
    );
    Problem::new(Kind::Unauthenticated, "The delivery is not signed by HubSpot for this address and moment.")
}

async fn whole(incoming: &mut Incoming) -> Result<Vec<u8>, Problem> {
    match incoming.body(BODY_LIMIT).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => {
            Err(Problem::new(Kind::TooLarge, format!("A delivery may have {BODY_LIMIT} bytes at most.")))
        }
        Err(_) => Err(Problem::new(Kind::InvalidRequest, "The body did not come whole.")),
    }
}

async fn take(
    env: &Env,
    context: &Context,
    config: &Config,
    source: &AppKey,
    incoming: &mut Incoming,
) -> Result<(), Problem> {
    let Some(app) = config.app(source) else {
        return Err(Problem::new(Kind::NotFound, "No HubSpot app of this key is configured."));
    };
    let body = whole(incoming).await?;
    let uri = format!("{}{}", config.public_url, incoming.target());
    let (timestamp, signature) =
        (incoming.header("x-hubspot-request-timestamp"), incoming.header("x-hubspot-signature-v3"));
    webhooks::verify_v3(
        &app.client_secret,
        Method::Post,
        &uri,
        &body,
        timestamp.as_deref(),
        signature.as_deref(),
        clock::now(),
    )
    .map_err(|refusal| refused(source, refusal))?;
    let events = webhooks::parse_events(&body, EVENTS_LIMIT)
        .map_err(|_| Problem::new(Kind::InvalidRequest, "The body is not a delivery of events."))?;
    let by_portal = delivery::group(events);
    let asked: Vec<(PortalId, u32)> =
        by_portal.iter().map(|(portal, touches)| (*portal, touches.len() as u32)).collect();
    let followers = routes::find(env, context, source, &asked).await.map_err(overload)?;
    let deliveries = by_portal.iter().zip(followers).map(|((portal, touches), objects)| async move {
        let ended = deliver(env, &objects, touches).await?;
        if ended {
            // The copy of the routes is older than the end of a connection: whoever follows now must not miss it.
            let asked = (*portal, touches.len() as u32);
            let mut fresh = routes::find_afresh(env, context, source, asked).await?;
            fresh.retain(|object| !objects.contains(object));
            deliver(env, &fresh, touches).await?;
        }
        // What was deleted for privacy goes wherever it is kept, also where nothing is followed any more.
        let erased: Vec<Touch> = touches.iter().filter(|touch| touch.erased).copied().collect();
        if !erased.is_empty() {
            let mut keepers = routes::keepers(env, source, *portal).await?;
            keepers.retain(|object| ended || !objects.contains(object));
            for chunk in erased.chunks(TOUCHES) {
                deliver(env, &keepers, chunk).await?;
            }
        }
        Ok(())
    });
    // Every one is carried through, also where another failed: what was written is not repeated in vain.
    join_all(deliveries).await.into_iter().collect::<Result<Vec<()>, Fault>>().map_err(overload)?;
    Ok(())
}

/// Hands the touches to each; says whether one of them holds no connection any more.
async fn deliver(env: &Env, objects: &[String], touches: &[Touch]) -> Result<bool, Fault> {
    let deliveries = objects.iter().map(|object| async move {
        for chunk in touches.chunks(TOUCHES) {
            match portals::ask(env, object, &Command::Webhook { touches: chunk.to_vec() }).await? {
                Answer::Done => {}
                Answer::NotConnected => return Ok(true),
                _ => return Err(Fault::noticed("a portal answered something else", "unexpected answer")),
            }
        }
        Ok(false)
    });
    let ended: Vec<bool> = join_all(deliveries).await.into_iter().collect::<Result<_, Fault>>()?;
    Ok(ended.contains(&true))
}

fn refused(source: &AppKey, refusal: WebhookRefusal) -> Problem {
    log::line(
        "a webhook delivery is refused",
        &[("source", source.as_str().into()), ("reason", refusal.to_string().into())],
    );
    Problem::new(Kind::Unauthenticated, "The delivery is not signed by HubSpot for this address and moment.")
}

/// HubSpot repeats what is answered so.
fn overload(fault: Fault) -> Problem {
    Problem::new(Kind::Unavailable, "The events could not be stored. Send them again.")
        .with_correlation(fault.correlation_id)
}

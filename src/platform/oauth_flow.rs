//! From **Connect** to a connection: the state, the way to HubSpot, and the way back.
//!
//! Whatever goes wrong ends in a page that says what happened, and nothing is stored: the Directory's row is written only
//! after code, account and scopes are good, and goes again if the Portal does not take the credentials.

use std::time::Duration;

use worker::{Delay, Env, Response};

use crate::{
    api::{cookie::Jar, request::Query, route},
    console::{
        notice, paths,
        view::{Outcome, OutcomeView, ScopeView},
    },
    engine::{
        actor::Actor,
        directory::messages::{Answer, Command, Connection, OAuthStart, RecordConnection, Refusal},
        limiter::messages::{Ask, Priority, Return, Window},
        portal::{
            messages::{Account, Command as PortalCommand, Connect, Renewal},
            seats,
        },
    },
    hubspot::{
        account::{self, Details},
        oauth::{self, TokenRefusal, Tokens},
        rejection::{self, Class},
    },
    platform::{
        clock, directory_object as directory,
        fault::{Fault, correlation_id},
        fetch,
        incoming::Incoming,
        log, portals, queue, reply, routes, seat_flow, strangers,
    },
    values::{
        config::{App, Config},
        crypto::sha256_hex,
        http::{self, Outcome as Sent, Request},
        ids::{AppKey, PortalId},
        scopes,
        secret::Secret,
    },
};

/// Where HubSpot sends people back to.
pub fn redirect_uri(config: &Config) -> String {
    format!("{}{}", config.public_url, route::OAUTH_CALLBACK)
}

/// HubSpot's page for this state. `besides`: optional scopes that HubSpot is to grant, not only to offer.
pub fn authorize_url(config: &Config, app: &App, besides: &[&'static str], state: &str) -> String {
    let required: Vec<_> =
        scopes::names(true).chain(scopes::names(false).filter(|name| besides.contains(name))).collect();
    let optional: Vec<_> = scopes::names(false).filter(|name| !besides.contains(name)).collect();
    oauth::authorize_url(
        &config.hubspot_app_url,
        &app.client_id,
        &redirect_uri(config),
        &required,
        &optional,
        state,
    )
}

/// Origins that the form which leaves for HubSpot may end at. HubSpot sends people on to their region's host.
pub fn form_targets(config: &Config) -> Vec<&str> {
    let url = config.hubspot_app_url.as_str();
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url[after_scheme..].find('/').map_or(url.len(), |at| after_scheme + at);
    let origin = &url[..end];
    if origin.ends_with(".hubspot.com") { vec![origin, "https://*.hubspot.com"] } else { vec![origin] }
}

/// The way back did not end in a connection.
enum Stop {
    /// A page says why.
    Outcome(Outcome),
    /// Words on the Integrations page say why.
    Flash(&'static str),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Outcome(Outcome::OurFault { correlation_id: fault.correlation_id })
    }
}

impl From<Outcome> for Stop {
    fn from(outcome: Outcome) -> Self {
        Self::Outcome(outcome)
    }
}

/// `GET /oauth/callback`
pub async fn callback(env: &Env, config: &Config, incoming: &Incoming) -> worker::Result<Response> {
    // What HubSpot adds besides is not ours to refuse; one of these given twice is.
    let names = ["code", "state", "error"];
    let pairs: Vec<(String, String)> = form_urlencoded::parse(incoming.query.as_bytes())
        .filter(|(name, _)| names.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let states: Vec<&str> =
        pairs.iter().filter(|(name, _)| name == "state").map(|(_, value)| value.as_str()).collect();
    if let [state] = states[..]
        && let Some(Ok(connection)) = seats::connection_of_state(state).map(str::parse)
    {
        return Box::pin(seat_flow::callback(env, config, &connection, &pairs, incoming)).await;
    }
    let mut start = None;
    let stop = match finish(env, config, incoming, &pairs, &mut start).await {
        Ok(flash) | Err(Stop::Flash(flash)) => {
            let workspace = start.as_ref().map(|start: &OAuthStart| start.workspace.id.as_str());
            let page = paths::integrations(workspace.unwrap_or_default());
            return reply::see_other(&format!("{page}?done={flash}"), &[]);
        }
        Err(Stop::Outcome(outcome)) => outcome,
    };
    log::line("an authorisation ended without a connection", &[("outcome", name_of(&stop).into())]);
    let view = OutcomeView {
        product: config.product_name.clone(),
        outcome: stop,
        workspace_id: start.as_ref().map(|start| start.workspace.id.to_string()),
        return_url: start.and_then(|start| start.session.person.return_url),
    };
    reply::page(&notice::outcome(&view), &[], &[])
}

const fn name_of(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Denied => "denied",
        Outcome::CodeRefused => "code_refused",
        Outcome::StateMissing => "state_missing",
        Outcome::StateForeign => "state_foreign",
        Outcome::ScopesMissing(_) => "scopes_missing",
        Outcome::OtherPortal { .. } => "other_portal",
        Outcome::HubSpotError { .. } => "hubspot_error",
        Outcome::HubSpotSilent { .. } => "hubspot_silent",
        Outcome::OurFault { .. } => "our_fault",
    }
}

async fn finish(
    env: &Env,
    config: &Config,
    incoming: &Incoming,
    pairs: &[(String, String)],
    start: &mut Option<OAuthStart>,
) -> Result<&'static str, Stop> {
    let known = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let query = Query::parse(&known, &["code", "state", "error"]).map_err(|_| Outcome::StateForeign)?;
    let state = query.get("state").ok_or(Outcome::StateMissing)?;

    let cookies = incoming.header("cookie");
    let sessions = Jar::new(&config.public_url).tokens(cookies.as_deref());
    let begun = begun(env, config, incoming, state, &sessions).await?;
    let begun = start.insert(begun);
    match query.get("error") {
        Some("access_denied") => return Err(Outcome::Denied.into()),
        Some(_) => return Err(refused_by_hubspot(None).into()),
        None => {}
    }
    let code = query.get("code").ok_or_else(|| refused_by_hubspot(None))?;
    let app = config.app(&begun.app).ok_or_else(|| {
        Fault::noticed("an authorisation names an app that is not configured", begun.app.as_str())
    })?;

    let tokens = exchange(config, app, code).await?;
    let refresh = tokens.refresh.clone().ok_or_else(|| refused_by_hubspot(None))?;
    let details = details(env, config, app, &tokens).await?;
    if tokens.hub_id.is_some_and(|hub_id| hub_id != details.portal_id) {
        return Err(refused_by_hubspot(None).into());
    }
    let granted = granted(config, app, &tokens).await?;
    let missing = scopes::missing(&granted);
    if !missing.is_empty() {
        return Err(Outcome::ScopesMissing(missing.into_iter().map(ScopeView::named).collect()).into());
    }

    let account = Account {
        portal: details.portal_id,
        name: details.portal_name,
        ui_domain: details.ui_domain,
        utc_offset_ms: details.utc_offset_ms.unwrap_or(0),
    };
    store(env, config, begun, Authorised { account, scopes: granted, refresh, tokens }).await
}

/// What HubSpot granted, checked.
struct Authorised {
    account: Account,
    scopes: Vec<String>,
    refresh: Secret<String>,
    tokens: Tokens,
}

/// What the state was made for. It is used up by asking.
async fn begun(
    env: &Env,
    config: &Config,
    incoming: &Incoming,
    state: &str,
    sessions: &[String],
) -> Result<OAuthStart, Stop> {
    let command = Command::FinishOAuth {
        state: sha256_hex(state.as_bytes()),
        sessions: sessions.iter().map(|token| sha256_hex(token.as_bytes())).collect(),
    };
    match strangers::ask(env, config, incoming, state, Refusal::StateUnknown, &command).await? {
        Answer::OAuth(start) => Ok(*start),
        Answer::Refused(_) => Err(Outcome::StateForeign.into()),
        _ => Err(directory::unexpected().into()),
    }
}

async fn exchange(config: &Config, app: &App, code: &str) -> Result<Tokens, Stop> {
    let request = oauth::exchange(app, code, &redirect_uri(config));
    let sent = fetch::send(&config.hubspot_api_url, &request).await;
    match oauth::classify(&sent, clock::now()) {
        Ok(response) => oauth::parse_tokens(&response.body).map_err(|_| silent(&sent).into()),
        Err(TokenRefusal::Revoked) => Err(Outcome::CodeRefused.into()),
        Err(refusal @ TokenRefusal::OurFault(_)) => {
            Err(Fault::noticed("HubSpot refuses our app", &refusal.to_string()).into())
        }
        Err(TokenRefusal::Transient { .. }) => Err(silent(&sent).into()),
    }
}

async fn details(env: &Env, config: &Config, app: &App, tokens: &Tokens) -> Result<Details, Stop> {
    let request = Request { bearer: Some(tokens.access.clone()), ..account::details() };
    let sent = permitted(env, config, &app.key, tokens.hub_id, &request).await;
    match rejection::classify(&sent, clock::now()) {
        Ok(response) => account::parse_details(&response.body).map_err(|_| silent(&sent).into()),
        Err(refusal) => Err(match refusal.class {
            Class::Forbidden { .. } => Outcome::ScopesMissing(vec![ScopeView::named("oauth")]),
            Class::Transient { .. }
            | Class::Throttled { .. }
            | Class::Parked { .. }
            | Class::Unreachable
            | Class::Locked
            | Class::Unknown => silent(&sent),
            _ => refused_by_hubspot(refusal.correlation_id),
        }
        .into()),
    }
}

/// The scopes that were granted; asked for where the token's answer does not tell.
async fn granted(config: &Config, app: &App, tokens: &Tokens) -> Result<Vec<String>, Stop> {
    if !tokens.scopes.is_empty() {
        return Ok(tokens.scopes.clone());
    }
    let sent = fetch::send(&config.hubspot_api_url, &oauth::introspect(app, &tokens.access)).await;
    match oauth::classify(&sent, clock::now()).map(|response| oauth::parse_introspection(&response.body)) {
        Ok(Ok(introspection)) => Ok(introspection.scopes),
        Ok(Err(_)) | Err(_) => Err(silent(&sent).into()),
    }
}

/// Sends one request that a person waits for, with a permit of the portal's limiter. Where HubSpot did not name the portal
/// with the token there is no limiter to ask; that is one call per connect.
pub(super) async fn permitted(
    env: &Env,
    config: &Config,
    app: &AppKey,
    portal: Option<PortalId>,
    request: &Request,
) -> Sent {
    /// Times the limiter is asked before a person is told to come again: its longest wait is a window of ten seconds.
    const TRIES: u32 = 3;
    let Some(portal) = portal else { return fetch::send(&config.hubspot_api_url, request).await };
    let ask = |count, returns| Ask {
        app: app.clone(),
        user: None,
        window: (count > 0).then_some(Window::Core),
        count,
        priority: Priority::Person,
        returns,
        news: Vec::new(),
        utc_offset_ms: None,
        held: None,
        holder: None,
    };
    for _ in 0..TRIES {
        let Some(grant) = portals::acquire(env, portal, ask(1, Vec::new())).await else { break };
        if let Some(permit) = grant.permits.first() {
            let sent = fetch::send(&config.hubspot_api_url, request).await;
            let back = Return { permit: *permit, answered_ms_ago: Some(0) };
            portals::acquire(env, portal, ask(0, vec![back])).await;
            return sent;
        }
        Delay::from(Duration::from_millis(grant.wait_ms.unwrap_or(1_000).into())).await;
    }
    Sent::Unanswered
}

/// Names the connection, gives its Portal the credentials, and makes it known.
async fn store(
    env: &Env,
    config: &Config,
    begun: &OAuthStart,
    authorised: Authorised,
) -> Result<&'static str, Stop> {
    let Authorised { account, scopes, refresh, tokens } = authorised;
    let person = &begun.session.person;
    let actor = Actor::person(&person.user, person.role.as_str());
    let record = RecordConnection {
        workspace: begun.workspace.id.clone(),
        app: begun.app.clone(),
        portal: account.portal,
        portal_name: account.name.clone().unwrap_or_default(),
        name: None,
        user: tokens.user_id,
        connected_by: begun.session.person.user.clone(),
        object: portals::new_id(env, config, begun.workspace.jurisdiction)?,
        expected: begun.connection.as_ref().map(|connection| connection.id.clone()),
    };
    let (connection, known, at) =
        match directory::ask_by(env, &actor, &Command::RecordConnection(Box::new(record))).await? {
            Answer::Recorded { connection, known, at } => (connection, known, at),
            Answer::Refused(Refusal::OtherPortal { .. }) => return Err(other_portal(begun, &account).into()),
            Answer::Refused(Refusal::Disconnecting) => return Err(Stop::Flash("disconnecting")),
            Answer::Refused(Refusal::Full { .. }) => return Err(Stop::Flash("full")),
            Answer::Refused(_) => return Err(Outcome::StateForeign.into()),
            _ => return Err(directory::unexpected().into()),
        };
    let connect = Connect {
        connection: connection.id.clone(),
        workspace: begun.workspace.id.clone(),
        app: begun.app.clone(),
        at,
        user: tokens.user_id,
        account,
        scopes,
        access_token: tokens.access.expose().clone(),
        renewal: Some(Renewal {
            refresh_token: refresh.expose().clone(),
            expires_in_ms: tokens.expires_in_ms,
        }),
        private_app: None,
        webhook_secret: None,
    };
    if let Err(fault) =
        portals::ask_by(env, &connection.object, &actor, &PortalCommand::Connect(Box::new(connect))).await
    {
        // If this does not arrive either, a tick asks the Portal and settles it.
        let abandon = Command::AbandonConnection { connection: connection.id };
        let _ = directory::ask(env, &abandon).await;
        return Err(fault.into());
    }
    let confirm = Command::ConfirmConnection { connection: connection.id.clone() };
    match directory::ask(env, &confirm).await? {
        Answer::Done => {}
        Answer::Refused(_) => {
            queue::stop(env, &connection.object, at).await?;
            return Err(Stop::Flash("disconnecting"));
        }
        _ => return Err(directory::unexpected().into()),
    }
    routes::forget(env, &connection.app, connection.portal).await;
    Ok(if known { "reconnected" } else { "connected" })
}

fn other_portal(begun: &OAuthStart, chosen: &Account) -> Outcome {
    let expected = begun
        .connection
        .as_ref()
        .map_or_else(String::new, |connection: &Connection| crate::console::fill::portal_name(connection));
    let chosen = chosen.name.clone().unwrap_or_else(|| format!("HubSpot account {}", chosen.portal));
    Outcome::OtherPortal { expected, chosen }
}

fn refused_by_hubspot(correlation_id: Option<String>) -> Outcome {
    Outcome::HubSpotError { words: None, correlation_id }
}

/// HubSpot did not answer as it should; its correlation id if it gave one, else one of ours that stands in the log.
fn silent(sent: &Sent) -> Outcome {
    let given = match sent {
        Sent::Answered(http::Response { headers, .. }) => headers
            .iter()
            .find(|(name, _)| name == "x-hubspot-correlation-id")
            .map(|(_, value)| value.clone()),
        Sent::Unanswered => None,
    };
    let id = given.unwrap_or_else(correlation_id);
    let status = match sent {
        Sent::Answered(response) => Some(response.status),
        Sent::Unanswered => None,
    };
    log::line(
        "HubSpot did not answer a connect",
        &[("status", status.into()), ("correlation_id", id.clone().into())],
    );
    Outcome::HubSpotSilent { correlation_id: Some(id) }
}

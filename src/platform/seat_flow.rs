//! From the host's link to a seat that waits for the host's server: the page in between, the way to HubSpot, and the way back.
//!
//! Whatever goes wrong ends in a page that says what happened, and nothing is stored.

use worker::{Env, Response};

use crate::{
    api::{
        cookie::{self, Jar, Of},
        route::Page,
        seat as api,
    },
    console::seats::{self as page, SeatCardView, SeatOutcome},
    engine::{
        actor::Actor,
        directory::messages::{Answer as Told, Command as Question, Connection},
        portal::seats::commands::{Answer, Authorised, Command},
    },
    hubspot::{
        account,
        oauth::{self, TokenRefusal, Tokens},
        rejection,
    },
    platform::{
        clock, directory_object as directory,
        fault::Fault,
        fetch,
        incoming::Incoming,
        log, oauth_flow, pages, random, reply,
        seat_api::{ask, ask_by},
    },
    values::{
        config::{App, Config},
        crypto::{sha256_hex, token_from_random},
        http::Request,
        ids::{ConnectionId, SeatId},
        scopes,
        time::MINUTE_MS,
    },
};

/// Life of the cookie that binds a way to its browser: the link's page, and ten minutes at HubSpot.
const BROWSER_MS: i64 = 30 * MINUTE_MS;

/// The way ended without a seat.
struct Stop(SeatOutcome);

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self(SeatOutcome::Fault { correlation_id: fault.correlation_id })
    }
}

impl From<worker::Error> for Stop {
    fn from(error: worker::Error) -> Self {
        Fault::from(error).into()
    }
}

impl From<SeatOutcome> for Stop {
    fn from(outcome: SeatOutcome) -> Self {
        Self(outcome)
    }
}

fn reply_to(config: &Config, answered: Result<Response, Stop>) -> worker::Result<Response> {
    match answered {
        Ok(response) => Ok(response),
        Err(Stop(outcome)) => {
            log::line("a way to a seat ended without one", &[("outcome", name_of(&outcome).into())]);
            reply::page(&page::outcome(&config.product_name, &outcome), &[], &[])
        }
    }
}

const fn name_of(outcome: &SeatOutcome) -> &'static str {
    match outcome {
        SeatOutcome::Spent => "spent",
        SeatOutcome::Denied => "denied",
        SeatOutcome::OtherAccount(_) => "other_account",
        SeatOutcome::NotUserLevel => "not_user_level",
        SeatOutcome::Refused => "refused",
        SeatOutcome::Silent => "silent",
        SeatOutcome::Off => "off",
        SeatOutcome::Fault { .. } => "our_fault",
    }
}

/// `GET` and `POST /seat/{c}/{secret}`
pub async fn handle(
    env: &Env,
    config: &Config,
    page: Page,
    incoming: &mut Incoming,
) -> worker::Result<Response> {
    let answered = match page {
        Page::Seat(connection, secret) => card(env, config, &connection, &secret).await,
        Page::StartSeat(connection, secret) => start(env, config, &connection, &secret, incoming).await,
        _ => Err(SeatOutcome::Spent.into()),
    };
    reply_to(config, answered)
}

/// The connection of a link or a state, which is ours by its stamp: what strangers invent asks neither the Directory nor a Portal.
async fn connection(env: &Env, config: &Config, id: &ConnectionId, secret: &str) -> Result<Connection, Stop> {
    if !config.keyring.has_stamped(secret) {
        return Err(SeatOutcome::Spent.into());
    }
    match directory::ask(env, &Question::Connection { connection: id.clone() }).await? {
        Told::Connection(connection) => Ok(connection),
        Told::Refused(_) => Err(SeatOutcome::Spent.into()),
        _ => Err(directory::unexpected().into()),
    }
}

async fn card(env: &Env, config: &Config, id: &ConnectionId, secret: &str) -> Result<Response, Stop> {
    let of = connection(env, config, id, secret).await?;
    let link = sha256_hex(secret.as_bytes());
    let card = match ask(env, &of.object, Command::Look { link }).await? {
        Answer::Card(card) => card,
        Answer::Off => return Err(SeatOutcome::Off.into()),
        _ => return Err(SeatOutcome::Spent.into()),
    };
    let workspace_name = match directory::ask(env, &Question::Workspace { workspace: card.workspace }).await?
    {
        Told::Workspace(workspace) => workspace.name,
        _ => return Err(directory::unexpected().into()),
    };
    let (token, now) = (token_from_random(random::bytes()), clock::now());
    let view = SeatCardView {
        product: config.product_name.clone(),
        workspace_name,
        account: card.account,
        user: card.user,
        to: format!("/seat/{id}/{secret}"),
        csrf: cookie::csrf(token.expose()),
    };
    let keep = Jar::new(&config.public_url).keep(Of::Seat, token.expose(), now, now.plus_ms(BROWSER_MS));
    Ok(reply::page(&page::card(&view), &oauth_flow::form_targets(config), &[keep])?)
}

async fn start(
    env: &Env,
    config: &Config,
    id: &ConnectionId,
    secret: &str,
    incoming: &mut Incoming,
) -> Result<Response, Stop> {
    let cookies = incoming.header("cookie");
    let Some(token) = Jar::new(&config.public_url).token(cookies.as_deref(), Of::Seat) else {
        return Err(SeatOutcome::Spent.into());
    };
    if pages::form(&token, incoming).await.is_err() {
        return Err(SeatOutcome::Spent.into());
    }
    let of = connection(env, config, id, secret).await?;
    let command =
        Command::Start { link: sha256_hex(secret.as_bytes()), browser: sha256_hex(token.as_bytes()) };
    match ask(env, &of.object, command).await? {
        Answer::Started { state, app } => {
            let app = config.app(&app).ok_or(SeatOutcome::Off)?;
            let required: Vec<&str> = scopes::names(true).collect();
            let optional: Vec<&str> = scopes::names(false).collect();
            let url = oauth::authorize_url(
                &config.hubspot_app_url,
                &app.client_id,
                &oauth_flow::redirect_uri(config),
                &required,
                &optional,
                state.expose(),
            );
            Ok(reply::see_other(&url, &[])?)
        }
        Answer::Off => Err(SeatOutcome::Off.into()),
        _ => Err(SeatOutcome::Spent.into()),
    }
}

/// The way back of a seat: `GET /oauth/callback` with a state that names this connection.
pub async fn callback(
    env: &Env,
    config: &Config,
    id: &ConnectionId,
    query: &[(String, String)],
    incoming: &Incoming,
) -> worker::Result<Response> {
    reply_to(config, finish(env, config, id, query, incoming).await)
}

async fn finish(
    env: &Env,
    config: &Config,
    id: &ConnectionId,
    query: &[(String, String)],
    incoming: &Incoming,
) -> Result<Response, Stop> {
    let get = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let state = get("state").ok_or(SeatOutcome::Spent)?;
    let jar = Jar::new(&config.public_url);
    let cookies = incoming.header("cookie");
    let browser = jar.token(cookies.as_deref(), Of::Seat).unwrap_or_default();
    let secret = state.rsplit('.').next().unwrap_or_default();
    let of = connection(env, config, id, secret).await?;
    let command =
        Command::Finish { state: sha256_hex(state.as_bytes()), browser: sha256_hex(browser.as_bytes()) };
    let (seat, app, return_url) = match ask(env, &of.object, command).await? {
        Answer::Begun { seat, app, return_url } => (seat, app, return_url),
        Answer::Off => return Err(SeatOutcome::Off.into()),
        _ => return Err(SeatOutcome::Spent.into()),
    };
    match get("error") {
        Some("access_denied") => return Err(SeatOutcome::Denied.into()),
        Some(_) => return Err(SeatOutcome::Refused.into()),
        None => {}
    }
    let code = get("code").ok_or(SeatOutcome::Refused)?;
    let app = config.app(&app).ok_or(SeatOutcome::Off)?;
    let authorised = authorised(env, config, app, &seat, code).await?;
    let command = Command::Authorise(Box::new(authorised));
    let code = match ask_by(env, &of.object, &Actor::HubSpot, command).await? {
        Answer::Code { code } => code,
        Answer::OtherPortal(expected) => return Err(SeatOutcome::OtherAccount(expected).into()),
        Answer::NotUserLevel => return Err(SeatOutcome::NotUserLevel.into()),
        _ => return Err(SeatOutcome::Spent.into()),
    };
    let on = api::way_on(&return_url, &seat, code.expose());
    Ok(reply::see_other(&on, &[jar.forget(Of::Seat)])?)
}

/// Exchanges the code and asks HubSpot what came of it: the account by account info, whose rights by introspection.
async fn authorised(
    env: &Env,
    config: &Config,
    app: &App,
    seat: &SeatId,
    code: &str,
) -> Result<Authorised, Stop> {
    let request = oauth::exchange(app, code, &oauth_flow::redirect_uri(config));
    let sent = fetch::send(&config.hubspot_api_url, &request).await;
    let tokens: Tokens = match oauth::classify(&sent, clock::now()) {
        Ok(response) => oauth::parse_tokens(&response.body).map_err(|_| SeatOutcome::Silent)?,
        Err(TokenRefusal::Revoked) => return Err(SeatOutcome::Refused.into()),
        Err(refusal @ TokenRefusal::OurFault(_)) => {
            return Err(Fault::noticed("HubSpot refuses our app for seats", &refusal.to_string()).into());
        }
        Err(TokenRefusal::Transient { .. }) => return Err(SeatOutcome::Silent.into()),
    };
    let refresh = tokens.refresh.clone().ok_or(SeatOutcome::Refused)?;
    let sent = fetch::send(&config.hubspot_api_url, &oauth::introspect(app, &tokens.access)).await;
    let told = match oauth::classify(&sent, clock::now()) {
        Ok(response) => oauth::parse_introspection(&response.body).map_err(|_| SeatOutcome::Silent)?,
        Err(_) => return Err(SeatOutcome::Silent.into()),
    };
    let request = Request { bearer: Some(tokens.access.clone()), ..account::details() };
    let sent = oauth_flow::permitted(env, config, &app.key, tokens.hub_id, &request).await;
    let portal = match rejection::classify(&sent, clock::now()) {
        Ok(response) => account::parse_details(&response.body).map_err(|_| SeatOutcome::Silent)?.portal_id,
        Err(refusal) if refusal.is_about_the_request() => return Err(SeatOutcome::Refused.into()),
        Err(_) => return Err(SeatOutcome::Silent.into()),
    };
    let agree = |hub_id: Option<_>| hub_id.is_none_or(|hub_id| hub_id == portal);
    let user = tokens.user_id.or(told.user_id).ok_or(SeatOutcome::Refused)?;
    if !told.active || !agree(tokens.hub_id) || !agree(told.hub_id) {
        return Err(SeatOutcome::Refused.into());
    }
    Ok(Authorised {
        seat: seat.clone(),
        app: app.key.clone(),
        portal,
        user,
        user_level: told.user_level,
        access_token: tokens.access.expose().clone(),
        refresh_token: refresh.expose().clone(),
        expires_in_ms: tokens.expires_in_ms,
    })
}

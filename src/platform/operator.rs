//! The operator's console: its own sign-in, every workspace with its connections.

use worker::{Env, Response};

use crate::{
    api::{
        cookie::{self, Jar, Of},
        cursor,
        device::{self, DEVICE_MS},
        request,
        route::Page,
    },
    console::{
        audit::{self, OperatorAuditView},
        fill, operator, paths,
        view::{
            ConnectionState, CreateWorkspaceForm, Flash, HealthValue, HealthView, Notice, OperatorView,
            Place, SignInView, Tone, TotalsView, WorkspaceView,
        },
    },
    engine::{
        actor::Actor,
        directory::messages::{Answer, Command, Health, Jurisdiction, Refusal},
    },
    platform::{
        clock, directory_object as directory,
        front::TICK_LATE_MS,
        incoming::Incoming,
        pages::{self, Stop, field, form, parameter},
        portals, privacy_pages, random, reply, strangers,
    },
    values::{
        config::Config,
        crypto::{constant_time_eq, sha256_hex, token_from_random},
        ids::WorkspaceId,
        network,
        time::HOUR_MS,
    },
};

/// Workspaces of one page: each connection shown costs a request to its Portal.
const PAGE: u32 = 20;
/// Life of the cookie under the sign-in form.
const SIGN_IN_MS: i64 = HOUR_MS;

/// Answers one request for a page of the console.
pub async fn handle(
    env: &Env,
    config: &Config,
    page: Page,
    incoming: &mut Incoming,
) -> worker::Result<Response> {
    match answer(env, config, page, incoming).await {
        Ok(response) => Ok(response),
        Err(stop) => stop.at(Place::Console).reply(config),
    }
}

async fn answer(env: &Env, config: &Config, page: Page, incoming: &mut Incoming) -> Result<Response, Stop> {
    if page == Page::ConsoleSignIn {
        return sign_in(env, config, incoming).await;
    }
    let Some(token) = signed_in(env, config, incoming).await? else {
        return match page {
            Page::Console | Page::Home => sign_in_page(config, None),
            _ => Err(Notice::SignedOut.into()),
        };
    };
    match page {
        Page::Console | Page::Home => {
            let view = overview(env, config, &token, incoming, CreateWorkspaceForm::default()).await?;
            Ok(reply::page(&operator::overview(&view), &[], &[])?)
        }
        Page::ConsoleLive => {
            let view = overview(env, config, &token, incoming, CreateWorkspaceForm::default()).await?;
            Ok(reply::page(&operator::live(&view), &[], &[])?)
        }
        Page::ConsoleSignOut => {
            form(&token, incoming).await?;
            directory::ask(env, &Command::EndSession { hash: sha256_hex(token.as_bytes()) }).await?;
            let forget = Jar::new(&config.public_url).forget(Of::Console);
            Ok(reply::see_other(paths::CONSOLE, &[forget])?)
        }
        Page::ConsoleCreateWorkspace => create_workspace(env, config, &token, incoming).await,
        Page::ConsoleOpenWorkspace(workspace) => {
            form(&token, incoming).await?;
            let command = Command::EnterWorkspace { hash: sha256_hex(token.as_bytes()), workspace };
            match directory::ask(env, &command).await? {
                Answer::SessionMade { secret, session } => pages::enter(config, &secret, &session),
                Answer::Refused(_) => Err(Notice::NotFound.into()),
                _ => Err(directory::unexpected().into()),
            }
        }
        Page::ConsoleAudit => audit_log(env, config, &token, incoming).await,
        _ => Err(Notice::NotFound.into()),
    }
}

async fn audit_log(env: &Env, config: &Config, token: &str, incoming: &Incoming) -> Result<Response, Stop> {
    let asked = parameter(incoming, "workspace");
    let workspace: Option<WorkspaceId> = match asked.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| Notice::NotFound)?),
    };
    let named = match workspace.clone() {
        None => None,
        Some(workspace) => match directory::ask(env, &Command::Workspace { workspace }).await? {
            Answer::Workspace(workspace) => Some((workspace.id.to_string(), workspace.name)),
            Answer::Refused(_) => return Err(Notice::NotFound.into()),
            _ => return Err(directory::unexpected().into()),
        },
    };
    let (action, before) = privacy_pages::place(incoming, &audit::OF_DEPLOYMENT);
    let limit = fill::audit::ENTRIES;
    let command = Command::Audit { workspace, before, action: action.to_owned(), limit };
    let Answer::Audit(told) = directory::ask(env, &command).await? else {
        return Err(directory::unexpected().into());
    };
    let view = OperatorAuditView {
        product: config.product_name.clone(),
        csrf: cookie::csrf(token),
        workspace: named,
        log: fill::audit::log(&told, action, before.is_some()).ok_or_else(directory::unexpected)?,
    };
    Ok(reply::page(&audit::operator(&view), &[], &[])?)
}

/// The token of the operator's session, if the request carries one that is alive.
async fn signed_in(env: &Env, config: &Config, incoming: &Incoming) -> Result<Option<String>, Stop> {
    let cookies = incoming.header("cookie");
    let Some(token) = Jar::new(&config.public_url).token(cookies.as_deref(), Of::Console) else {
        return Ok(None);
    };
    let command = Command::Session { hash: sha256_hex(token.as_bytes()) };
    match strangers::ask(env, config, incoming, &token, Refusal::NoSession, &command).await? {
        Answer::Session(session) if session.workspace.is_none() => Ok(Some(token)),
        Answer::Refused(refusal @ Refusal::TooMany { .. }) => Err(pages::wait(&refusal).into()),
        Answer::Session(_) | Answer::Refused(_) => Ok(None),
        _ => Err(directory::unexpected().into()),
    }
}

fn sign_in_page(config: &Config, error: Option<String>) -> Result<Response, Stop> {
    let token = token_from_random(random::bytes());
    let now = clock::now();
    let cookie =
        Jar::new(&config.public_url).keep(Of::BeforeSignIn, token.expose(), now, now.plus_ms(SIGN_IN_MS));
    let view = SignInView { product: config.product_name.clone(), csrf: cookie::csrf(token.expose()), error };
    Ok(reply::page(&operator::sign_in(&view), &[], &[cookie])?)
}

async fn sign_in(env: &Env, config: &Config, incoming: &mut Incoming) -> Result<Response, Stop> {
    let jar = Jar::new(&config.public_url);
    let cookies = incoming.header("cookie");
    let Some(before) = jar.token(cookies.as_deref(), Of::BeforeSignIn) else {
        return sign_in_page(config, Some("That page was out of date. Try again.".to_owned()));
    };
    let password = &config.console_password;
    let device = jar.token(cookies.as_deref(), Of::Device);
    let device = device.filter(|cookie| device::read(&config.keyring, password, cookie).is_some());
    let client = match device.as_deref().and_then(|cookie| cookie.split('.').next()) {
        Some(id) => sha256_hex(format!("device {id}").as_bytes()),
        None => sha256_hex(network::site(&strangers::address(incoming)).as_bytes()),
    };
    let fields = form(&before, incoming).await?;
    let given = field(&fields, "password");
    let correct = constant_time_eq(given.as_bytes(), password.expose().as_bytes());
    let command = Command::SignIn { client: client.clone(), known: device.is_some(), correct };
    match strangers::sign_in(env, &client, &command).await? {
        Answer::SessionMade { secret, session } => {
            let now = clock::now();
            let keep = jar.keep(Of::Console, &secret, now, session.expires_at);
            let device = device.unwrap_or_else(|| device::make(&config.keyring, password, random::bytes()));
            let known = jar.keep(Of::Device, &device, now, now.plus_ms(DEVICE_MS));
            Ok(reply::see_other(paths::CONSOLE, &[keep, known, jar.forget(Of::BeforeSignIn)])?)
        }
        Answer::Refused(refusal @ Refusal::TooMany { .. }) => Err(pages::wait(&refusal).into()),
        Answer::Refused(_) => sign_in_page(config, Some("That is not the password.".to_owned())),
        _ => Err(directory::unexpected().into()),
    }
}

async fn create_workspace(
    env: &Env,
    config: &Config,
    token: &str,
    incoming: &mut Incoming,
) -> Result<Response, Stop> {
    let fields = form(token, incoming).await?;
    let (name, jurisdiction) = (field(&fields, "name"), field(&fields, "jurisdiction"));
    let checked = request::name("name", name).and_then(|name| {
        Ok((name, request::jurisdiction(Some(jurisdiction).filter(|text| !text.is_empty()))?))
    });
    let (name, jurisdiction) = match checked {
        Ok(checked) => checked,
        Err(problem) => {
            let again = CreateWorkspaceForm {
                name: name.to_owned(),
                jurisdiction: jurisdiction.to_owned(),
                error: Some(problem.detail),
            };
            let view = overview(env, config, token, incoming, again).await?;
            let page = crate::console::Page { status: 400, ..operator::overview(&view) };
            return Ok(reply::page(&page, &[], &[])?);
        }
    };
    match directory::ask_by(env, &Actor::Operator, &Command::CreateWorkspace { name, jurisdiction }).await? {
        Answer::Workspace(workspace) => {
            let page = paths::console(workspace.id.as_str(), "");
            Ok(reply::see_other(&format!("{page}&done=created"), &[])?)
        }
        _ => Err(directory::unexpected().into()),
    }
}

async fn overview(
    env: &Env,
    config: &Config,
    token: &str,
    incoming: &Incoming,
    create: CreateWorkspaceForm,
) -> Result<OperatorView, Stop> {
    let (query, after) = (parameter(incoming, "q"), parameter(incoming, "after"));
    let after_id: Option<WorkspaceId> = cursor::decode(cursor::Of::Workspaces, &after).ok();
    let command = Command::Workspaces { after: after_id, limit: PAGE, query: query.clone() };
    let Answer::Workspaces { page, next } = directory::ask(env, &command).await? else {
        return Err(directory::unexpected().into());
    };
    let Answer::Health(health) = directory::ask(env, &Command::Health).await? else {
        return Err(directory::unexpected().into());
    };
    let now = clock::now();
    let mut workspaces = Vec::with_capacity(page.len());
    for (workspace, connections) in page {
        let statuses = portals::statuses(env, &connections).await;
        workspaces.push(WorkspaceView {
            id: workspace.id.to_string(),
            name: workspace.name,
            jurisdiction: workspace.jurisdiction.map_or("", Jurisdiction::as_str).to_owned(),
            created_at: workspace.created_at.0,
            connections: connections
                .iter()
                .zip(&statuses)
                .map(|(connection, status)| fill::line(&config.apps, connection, status.as_ref(), now))
                .collect(),
        });
    }
    let lines = || workspaces.iter().flat_map(|workspace| &workspace.connections);
    let needs_a_person =
        |state| matches!(state, ConnectionState::NeedsReauthorisation | ConnectionState::Paused);
    let totals = TotalsView {
        workspaces: health.workspaces,
        connections: health.connections,
        active: health.active,
        attention: lines().filter(|line| needs_a_person(line.state)).count() as u64,
        records: lines().map(|line| line.records).sum(),
    };
    Ok(OperatorView {
        product: config.product_name.clone(),
        csrf: cookie::csrf(token),
        now_at: now.0,
        flash: (parameter(incoming, "done") == "created")
            .then(|| Flash { tone: Tone::Good, words: "The workspace is made.".to_owned() }),
        totals,
        health: health_view(&health, now.0),
        workspaces,
        query,
        cursor: after,
        next_cursor: next.map(|id| cursor::encode(cursor::Of::Workspaces, id.as_str())),
        create,
    })
}

fn health_view(health: &Health, now: i64) -> Vec<HealthView> {
    let late = health.ticked_at.is_none_or(|at| now - at.0 > TICK_LATE_MS);
    let cron = HealthView {
        label: "Cron last ran".to_owned(),
        value: HealthValue::At(health.ticked_at.map(|at| at.0)),
        tone: if late { Tone::Warning } else { Tone::Good },
    };
    let counters = health.counters.iter().map(|(name, value)| HealthView {
        label: counter_label(name).to_owned(),
        value: HealthValue::Count(*value),
        tone: Tone::Note,
    });
    let alerts = health.alerts.iter().map(|standing| HealthView {
        label: format!("Needs you, {} times", standing.count),
        value: HealthValue::Words(standing.alert.words()),
        tone: Tone::Bad,
    });
    std::iter::once(cron).chain(alerts).chain(counters).collect()
}

fn counter_label(name: &str) -> &str {
    match name {
        "events_without_route" => "Webhook events for accounts that nobody follows",
        "api_keys_refused" => "API keys that were refused",
        "strangers_paced" => "Keys, links and cookies of networks that try too many",
        "ticks" => "Cron runs",
        other => other,
    }
}

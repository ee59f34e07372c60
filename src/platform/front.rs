//! Every request from outside: finds its route and hands it on.

use std::cell::Cell;

use futures_util::future::LocalBoxFuture;
use serde_json::json;
use worker::{Context, Env, Request, Response, Result};

use crate::{
    api::{
        request,
        route::{self, Found, Page, Route},
    },
    console::{self, view::Notice},
    engine::{
        directory::messages::{Answer, Command, Standing},
        portal::messages::Command as PortalCommand,
        workflow,
    },
    platform::{
        clock, config, directory_object as directory,
        incoming::Incoming,
        oauth_flow, operator, pages, portals, reply, seat_flow, strangers,
        v1::{self, Question},
        webhooks,
    },
    values::{
        config::{Config, ConfigError},
        crypto::constant_time_eq,
        filter,
        http::Method,
        ids::ConnectionId,
        problem::{Kind, Problem},
        time::{MINUTE_MS, SECOND_MS, Timestamp},
    },
};

/// A cron that has not ticked for so long does not tick: three of its periods.
pub const TICK_LATE_MS: i64 = 15 * MINUTE_MS;

/// How long strangers are told how it stood: each look asks the Directory, which all others wait for.
const HEALTH_MS: i64 = 5 * SECOND_MS;

/// Answers one request.
pub async fn handle(request: Request, env: &Env, context: &Context) -> Result<Response> {
    let mut incoming = Incoming::new(request);
    let found = route::find(incoming.method, &incoming.path);
    if found == Found::Route(Route::Hello) {
        return Response::ok("hello");
    }
    let config = match config::load(env) {
        Ok(config) => config,
        Err(error) => return misconfigured(&error),
    };
    // Boxed: each kind of request is code of its own, which V8 compiles when the first of that kind comes.
    let answering: LocalBoxFuture<'_, Result<Response>> = match found {
        Found::Route(Route::Api(api)) => {
            return v1::handle(env, &config, Question::Api(api), &mut incoming).await;
        }
        Found::Route(Route::Ask(id, ask)) => {
            return v1::handle(env, &config, Question::Ask(id, ask), &mut incoming).await;
        }
        Found::Route(Route::Webhook(source)) => {
            return webhooks::handle(env, context, &config, &source, &mut incoming).await;
        }
        Found::Route(Route::OwnWebhook(id)) => {
            Box::pin(webhooks::handle_own(env, &config, id, &mut incoming))
        }
        Found::Route(Route::Page(page)) => match page {
            Page::Docs => return reply::page(&console::docs::docs(&config.product_name), &[], &[]),
            Page::OAuthCallback => Box::pin(oauth_flow::callback(env, &config, &incoming)),
            Page::Seat(..) | Page::StartSeat(..) => {
                Box::pin(seat_flow::handle(env, &config, page, &mut incoming))
            }
            Page::Home
            | Page::Console
            | Page::ConsoleLive
            | Page::ConsoleSignIn
            | Page::ConsoleSignOut
            | Page::ConsoleCreateWorkspace
            | Page::ConsoleOpenWorkspace(_)
            | Page::ConsoleAudit => Box::pin(operator::handle(env, &config, page, &mut incoming)),
            Page::OpenLink(_)
            | Page::Integrations(_)
            | Page::IntegrationsLive(_)
            | Page::Connect(_)
            | Page::StartOAuth(_)
            | Page::AskToken(_)
            | Page::SendToken(_)
            | Page::AskDisconnect(..)
            | Page::Connection(..)
            | Page::Disconnect(..)
            | Page::SignOut(_) => Box::pin(pages::handle(env, &config, page, &mut incoming)),
        },
        Found::Route(Route::FilterSchema) => return reply::json(200, &filter::schema()),
        Found::Route(Route::WorkflowSchema) => return reply::json(200, &workflow::schema()),
        Found::Route(Route::OpenApi) => Box::pin(document(env)),
        Found::Route(Route::Health) => Box::pin(health(env, &config, &incoming)),
        Found::Route(Route::Hello) => return Response::ok("hello"),
        Found::Route(Route::TestPanic(connection)) if config.test_faults => {
            Box::pin(panic_once(env, connection))
        }
        Found::Route(Route::TestPanic(_)) | Found::Nothing => return nothing(&config, &incoming),
        Found::OtherMethods(methods) => return other_methods(&config, &incoming, &methods),
    };
    answering.await
}

fn is_for_programs(incoming: &Incoming) -> bool {
    ["/v1/", "/webhooks/", "/healthz", "/hello", "/__test/"]
        .iter()
        .any(|start| incoming.path.starts_with(start))
        || incoming.path == "/v1"
}

fn nothing(config: &Config, incoming: &Incoming) -> Result<Response> {
    if is_for_programs(incoming) {
        reply::problem(&Problem::new(Kind::NotFound, "Nothing is served at this address."))
    } else {
        pages::Stop::from(Notice::NotFound).reply(config)
    }
}

fn other_methods(config: &Config, incoming: &Incoming, methods: &[Method]) -> Result<Response> {
    if !is_for_programs(incoming) {
        return pages::Stop::from(Notice::NotFound).reply(config);
    }
    let names: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
    let allow = names.join(", ");
    let problem = Problem::new(Kind::MethodNotAllowed, format!("This address takes {allow}."));
    let response = reply::problem(&problem)?;
    response.headers().set("allow", &allow)?;
    Ok(response)
}

/// Says which setting is wrong, never what it holds.
fn misconfigured(error: &ConfigError) -> Result<Response> {
    crate::platform::log::line("the configuration is refused", &[("error", error.to_string().into())]);
    reply::problem(&Problem::new(Kind::Unavailable, format!("The deployment is not configured: {error}.")))
}

/// The API's document lies among the static assets: in the wasm it would cost every start.
async fn document(env: &Env) -> Result<Response> {
    let read = async {
        let mut file = env.assets("ASSETS")?.fetch("https://assets/assets/openapi.json", None).await?;
        let found = file.status_code() == 200;
        Ok::<_, worker::Error>(if found { Some(file.text().await?) } else { None })
    };
    match read.await {
        Ok(Some(text)) => reply::raw_json(text),
        Ok(None) | Err(_) => reply::problem(&Problem::new(
            Kind::Unavailable,
            "This deployment was uploaded without its document.",
        )),
    }
}

thread_local! {
    /// How it stood when it was asked for last.
    static HEALTH: Cell<Option<(Timestamp, &'static str)>> = const { Cell::new(None) };
}

/// How it stands in a word, for everybody; what is wrong and how much there is, for the root key.
async fn health(env: &Env, config: &Config, incoming: &Incoming) -> Result<Response> {
    let header = incoming.header("authorization");
    let root = config.root_key.expose().as_bytes();
    let is_root =
        request::bearer(header.as_deref()).is_some_and(|key| constant_time_eq(key.as_bytes(), root));
    let now = clock::now();
    let known = HEALTH.get().filter(|(at, _)| !is_root && now.since_ms(*at) < HEALTH_MS);
    if let Some((_, status)) = known {
        return reply::json(200, &json!({ "status": status }));
    }
    if is_root {
        strangers::tell(env).await;
    }
    match directory::ask(env, &Command::Health).await {
        Ok(Answer::Health(health)) => {
            let counters: serde_json::Map<_, _> =
                health.counters.into_iter().map(|(name, value)| (name, value.into())).collect();
            let late = health.ticked_at.is_some_and(|at| now.since_ms(at) > TICK_LATE_MS);
            let alerts: Vec<_> = health.alerts.iter().map(alert).collect();
            let status = if late || !alerts.is_empty() { "degraded" } else { "ok" };
            HEALTH.set(Some((now, status)));
            if !is_root {
                return reply::json(200, &json!({ "status": status }));
            }
            let body = json!({
                "status": status,
                "cron_is_late": late,
                "alerts": alerts,
                "workspaces": health.workspaces,
                "connections": health.connections,
                "active": health.active,
                "last_tick_at": health.ticked_at.map(Timestamp::to_rfc3339),
                "counters": counters,
            });
            reply::json(200, &body)
        }
        Ok(_) => reply::problem(&directory::unexpected().into()),
        Err(fault) => reply::problem(
            &Problem::new(Kind::Unavailable, "The directory does not answer.")
                .with_correlation(fault.correlation_id),
        ),
    }
}

/// What is wrong, as `/healthz` shows it: nothing of whose connection it is.
fn alert(standing: &Standing) -> serde_json::Value {
    json!({
        "alert": standing.alert.as_str(),
        "detail": standing.alert.words(),
        "since": standing.since.to_rfc3339(),
        "last_at": standing.at.to_rfc3339(),
        "count": standing.count,
    })
}

async fn panic_once(env: &Env, connection: ConnectionId) -> Result<Response> {
    let asked = async {
        match directory::ask(env, &Command::Connection { connection }).await? {
            Answer::Connection(connection) => {
                portals::ask(env, &connection.object, &PortalCommand::PanicOnce).await?;
                Ok(202)
            }
            _ => Ok::<u16, crate::platform::fault::Fault>(404),
        }
    };
    match asked.await {
        Ok(status) => reply::empty(status),
        Err(fault) => reply::problem(&fault.into()),
    }
}

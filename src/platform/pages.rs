//! A workspace's pages: who is there, and what the objects tell for them. How they look is the console ring's.

use worker::{Env, Response};

use crate::{
    api::{
        cookie::{self, Jar, Of},
        route::Page,
    },
    console::{
        fill, integrations, notice, paths,
        view::{
            ConnectView, DisconnectPlan, DisconnectView, Flash, Frame, IntegrationsView, Notice, NoticeView,
            Place, ReconnectView, ScopeView, Tone,
        },
    },
    engine::{
        actor::Actor,
        directory::messages::{
            Answer, CONSOLE, Command, Connection, ConnectionState as Standing, Person, Refusal, Role,
            Session, Workspace,
        },
    },
    platform::{
        access_pages, clock, connection_pages, directory_object as directory, disconnect, fault::Fault,
        incoming::Incoming, oauth_flow, portals, reply, strangers,
    },
    values::{
        config::{App, AppKind, Config},
        crypto::sha256_hex,
        ids::{AppKey, ConnectionId, WorkspaceId},
        scopes,
    },
};

/// Bytes of a form. The largest is the choice among 2,000 fields at 100 bytes each.
const FORM_LIMIT: usize = 256 << 10;

/// Why a page is not shown: a notice in its place.
pub struct Stop {
    notice: Notice,
    place: Place,
    return_url: Option<String>,
}

impl From<Notice> for Stop {
    fn from(notice: Notice) -> Self {
        Self { notice, place: Place::Nowhere, return_url: None }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Notice::Fault { correlation_id: fault.correlation_id }.into()
    }
}

impl From<worker::Error> for Stop {
    fn from(error: worker::Error) -> Self {
        Fault::from(error).into()
    }
}

impl Stop {
    /// Whether what was asked for is not there.
    pub const fn is_not_found(&self) -> bool {
        matches!(self.notice, Notice::NotFound)
    }

    /// The same with a way back, unless it says that there is none.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        match self.notice {
            Notice::SignedOut | Notice::GoodBye => self,
            Notice::LinkSpent
            | Notice::LinkUnknown
            | Notice::NotAdministrator
            | Notice::StaleForm
            | Notice::NotFound
            | Notice::TooMany { .. }
            | Notice::Fault { .. } => Self { place, ..self },
        }
    }

    /// The page.
    pub fn reply(self, config: &Config) -> worker::Result<Response> {
        let view = NoticeView {
            product: config.product_name.clone(),
            notice: self.notice,
            place: self.place,
            return_url: self.return_url,
        };
        reply::page(&notice::notice(&view), &[], &[])
    }
}

/// A person of a workspace, by their cookie.
pub struct Visitor {
    token: String,
    session: Session,
    workspace: Workspace,
}

impl Visitor {
    /// The workspace they are in.
    pub const fn workspace(&self) -> &WorkspaceId {
        &self.workspace.id
    }

    /// Who they are, as the host told.
    pub fn user(&self) -> &str {
        &self.session.person.user
    }

    /// Who they are in audit logs. Into a workspace's pages the operator comes from the console.
    pub fn actor(&self) -> Actor {
        let Person { user, role, return_url } = &self.session.person;
        match return_url.as_deref() {
            Some(CONSOLE) => Actor::Operator,
            _ => Actor::person(user, role.as_str()),
        }
    }

    /// Whether they may change things.
    pub fn administers(&self) -> bool {
        self.session.person.role == Role::Administrator
    }

    /// Refuses who may not change things.
    pub fn must_administer(&self) -> Result<(), Stop> {
        if self.administers() {
            return Ok(());
        }
        let return_url = self.session.person.return_url.clone();
        Err(Stop { return_url, ..Notice::NotAdministrator.into() })
    }

    /// The fields of a form of theirs.
    pub async fn form(&self, incoming: &mut Incoming) -> Result<Vec<(String, String)>, Stop> {
        form(&self.token, incoming).await
    }

    /// What surrounds every page of theirs.
    pub fn frame(&self, config: &Config) -> Frame {
        Frame {
            product: config.product_name.clone(),
            return_url: self.session.person.return_url.clone(),
            workspace_id: self.workspace.id.to_string(),
            workspace_name: self.workspace.name.clone(),
            user: self.session.person.user.clone(),
            csrf: cookie::csrf(&self.token),
            now_at: clock::now().0,
            administers: self.administers(),
        }
    }
}

/// Answers one request for a page of a workspace.
pub async fn handle(
    env: &Env,
    config: &Config,
    page: Page,
    incoming: &mut Incoming,
) -> worker::Result<Response> {
    let way_back = way_back(config, &page, incoming);
    match answer(env, config, page, incoming).await {
        Ok(response) => Ok(response),
        Err(stop) => stop.at(way_back).reply(config),
    }
}

/// Where a notice leads back to: the workspace that the address names, if the browser carries a cookie of it.
fn way_back(config: &Config, page: &Page, incoming: &Incoming) -> Place {
    let (Page::Integrations(workspace)
    | Page::IntegrationsLive(workspace)
    | Page::Connect(workspace)
    | Page::StartOAuth(workspace)
    | Page::AskToken(workspace)
    | Page::SendToken(workspace)
    | Page::AskDisconnect(workspace, _)
    | Page::Disconnect(workspace, _)
    | Page::Connection(workspace, ..)
    | Page::SignOut(workspace)) = page
    else {
        return Place::Nowhere;
    };
    let cookies = incoming.header("cookie");
    match Jar::new(&config.public_url).token(cookies.as_deref(), Of::Workspace(workspace)) {
        Some(_) => Place::Workspace(workspace.to_string()),
        None => Place::Nowhere,
    }
}

async fn answer(env: &Env, config: &Config, page: Page, incoming: &mut Incoming) -> Result<Response, Stop> {
    match page {
        Page::OpenLink(token) => open_link(env, config, incoming, &token).await,
        Page::Integrations(workspace) => {
            let visitor = visitor(env, config, incoming, &workspace).await?;
            let flash = flash(&parameter(incoming, "done"));
            let view = integrations_view(env, config, &visitor, flash).await?;
            Ok(reply::page(&integrations::page(&view), &[], &[])?)
        }
        Page::IntegrationsLive(workspace) => {
            let visitor = visitor(env, config, incoming, &workspace).await?;
            let view = integrations_view(env, config, &visitor, None).await?;
            Ok(reply::page(&integrations::live(&view), &[], &[])?)
        }
        Page::Connection(workspace, connection, page) => {
            let visitor = visitor(env, config, incoming, &workspace).await?;
            connection_pages::answer(env, config, &visitor, &connection, page, incoming).await
        }
        Page::Connect(workspace) => {
            let visitor = administrator(env, config, incoming, &workspace).await?;
            interstitial(env, config, &visitor, incoming).await
        }
        Page::StartOAuth(workspace) => {
            let visitor = administrator(env, config, incoming, &workspace).await?;
            let form = form(&visitor.token, incoming).await?;
            start_oauth(env, config, visitor, &form).await
        }
        Page::AskToken(workspace) => {
            let visitor = administrator(env, config, incoming, &workspace).await?;
            access_pages::ask_token(config, &visitor)
        }
        Page::SendToken(workspace) => {
            let visitor = administrator(env, config, incoming, &workspace).await?;
            access_pages::send_token(env, config, &visitor, incoming).await
        }
        Page::AskDisconnect(workspace, connection) => {
            let visitor = administrator(env, config, incoming, &workspace).await?;
            ask_disconnect(env, config, &visitor, connection).await
        }
        Page::Disconnect(workspace, connection) => {
            let visitor = administrator(env, config, incoming, &workspace).await?;
            let fields = form(&visitor.token, incoming).await?;
            match disconnect::begin(env, &visitor.actor(), workspace, connection).await? {
                Ok(plan) => {
                    let delete = field(&fields, "data") == "delete";
                    if delete {
                        disconnect::delete_data(env, &visitor.actor(), &plan.connection.object).await?;
                    }
                    disconnect::see_off(env, &plan).await?;
                    let page = paths::integrations(visitor.workspace.id.as_str());
                    let done = if delete { "deleted" } else { "disconnected" };
                    Ok(reply::see_other(&format!("{page}?done={done}"), &[])?)
                }
                Err(_) => Err(Notice::NotFound.into()),
            }
        }
        Page::SignOut(workspace) => {
            let visitor = visitor(env, config, incoming, &workspace).await?;
            form(&visitor.token, incoming).await?;
            directory::ask(env, &Command::EndSession { hash: sha256_hex(visitor.token.as_bytes()) }).await?;
            let view = NoticeView {
                product: config.product_name.clone(),
                notice: Notice::GoodBye,
                place: Place::Nowhere,
                return_url: visitor.session.person.return_url,
            };
            let forget = Jar::new(&config.public_url).forget(Of::Workspace(&workspace));
            Ok(reply::page(&notice::notice(&view), &[], &[forget])?)
        }
        Page::Docs
        | Page::Home
        | Page::OAuthCallback
        | Page::Seat(..)
        | Page::StartSeat(..)
        | Page::Console
        | Page::ConsoleLive
        | Page::ConsoleSignIn
        | Page::ConsoleSignOut
        | Page::ConsoleCreateWorkspace
        | Page::ConsoleOpenWorkspace(_)
        | Page::ConsoleAudit => Err(Notice::NotFound.into()),
    }
}

async fn open_link(env: &Env, config: &Config, incoming: &Incoming, token: &str) -> Result<Response, Stop> {
    let command = Command::OpenLink { hash: sha256_hex(token.as_bytes()) };
    match strangers::ask(env, config, incoming, token, Refusal::LinkUnknown, &command).await? {
        Answer::SessionMade { secret, session } => enter(config, &secret, &session),
        Answer::Refused(Refusal::LinkSpent) => Err(Notice::LinkSpent.into()),
        Answer::Refused(refusal @ Refusal::TooMany { .. }) => Err(wait(&refusal).into()),
        Answer::Refused(_) => Err(Notice::LinkUnknown.into()),
        _ => Err(directory::unexpected().into()),
    }
}

/// The notice of a refusal that passes.
pub fn wait(refusal: &Refusal) -> Notice {
    Notice::TooMany { retry_after_s: refusal.wait_s() }
}

/// Gives the browser the session's cookie and sends it to the workspace's page.
pub fn enter(config: &Config, secret: &str, session: &Session) -> Result<Response, Stop> {
    let Some(workspace) = &session.workspace else { return Err(directory::unexpected().into()) };
    let of = Of::Workspace(&workspace.id);
    let cookie = Jar::new(&config.public_url).keep(of, secret, clock::now(), session.expires_at);
    Ok(reply::see_other(&paths::integrations(workspace.id.as_str()), &[cookie])?)
}

/// The person of that workspace whose cookie the request carries.
async fn visitor(
    env: &Env,
    config: &Config,
    incoming: &Incoming,
    workspace: &WorkspaceId,
) -> Result<Visitor, Stop> {
    let cookies = incoming.header("cookie");
    let Some(token) = Jar::new(&config.public_url).token(cookies.as_deref(), Of::Workspace(workspace)) else {
        return Err(Notice::SignedOut.into());
    };
    let command = Command::Session { hash: sha256_hex(token.as_bytes()) };
    let session = match strangers::ask(env, config, incoming, &token, Refusal::NoSession, &command).await? {
        Answer::Session(session) => session,
        Answer::Refused(refusal @ Refusal::TooMany { .. }) => return Err(wait(&refusal).into()),
        Answer::Refused(_) => return Err(Notice::SignedOut.into()),
        _ => return Err(directory::unexpected().into()),
    };
    let Some(own) = session.workspace.clone().filter(|own| own.id == *workspace) else {
        return Err(Notice::SignedOut.into());
    };
    Ok(Visitor { token, session, workspace: own })
}

/// The same, if they may change things.
async fn administrator(
    env: &Env,
    config: &Config,
    incoming: &Incoming,
    workspace: &WorkspaceId,
) -> Result<Visitor, Stop> {
    let visitor = visitor(env, config, incoming, workspace).await?;
    visitor.must_administer()?;
    Ok(visitor)
}

/// A form's fields, if it came from a page of the session whose cookie the browser sends.
pub async fn form(token: &str, incoming: &mut Incoming) -> Result<Vec<(String, String)>, Stop> {
    let Ok(body) = incoming.body(FORM_LIMIT).await? else { return Err(Notice::StaleForm.into()) };
    let fields: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    if cookie::csrf_fits(token, field(&fields, "csrf")) { Ok(fields) } else { Err(Notice::StaleForm.into()) }
}

/// One field of a form; empty if it is not there.
pub fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

/// One parameter of a page's query; empty if it is not there. Pages ignore what they do not know.
pub fn parameter(incoming: &Incoming, name: &str) -> String {
    form_urlencoded::parse(incoming.query.as_bytes())
        .find(|(key, _)| key == name)
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

/// What has just happened, by the word that a redirect carries. Words of ours only: nothing of the address is shown.
fn flash(done: &str) -> Option<Flash> {
    let (tone, words) = match done {
        "connected" => (Tone::Good, "HubSpot is connected."),
        "exchanged" => (
            Tone::Good,
            "The account was connected by token already: it goes on with the new one. Nothing that was read is lost.",
        ),
        "reconnected" => (Tone::Good, "HubSpot is connected again."),
        "disconnected" => (Tone::Good, "HubSpot is disconnected."),
        "deleted" => (
            Tone::Good,
            "HubSpot is disconnected, and everything that was read from the account is deleted here. What was set up is kept.",
        ),
        "disconnecting" => (
            Tone::Warning,
            "This HubSpot account is being disconnected at this moment, so it was not connected. Try again in a few minutes.",
        ),
        "full" => (
            Tone::Warning,
            "This workspace has as many connections as it may have, so the account was not connected.",
        ),
        _ => return None,
    };
    Some(Flash { tone, words: words.to_owned() })
}

async fn integrations_view(
    env: &Env,
    config: &Config,
    visitor: &Visitor,
    flash: Option<Flash>,
) -> Result<IntegrationsView, Stop> {
    let command = Command::Connections { workspace: visitor.workspace.id.clone() };
    let mut connections = match directory::ask(env, &command).await? {
        Answer::Connections(connections) => connections,
        Answer::Refused(_) => return Err(Notice::SignedOut.into()),
        _ => return Err(directory::unexpected().into()),
    };
    let statuses = portals::statuses(env, &connections).await;
    for (connection, status) in connections.iter_mut().zip(&statuses) {
        // One that did not answer is not one that holds nothing.
        if let Some(status) = status {
            disconnect::end_if_over(env, connection, Some(status)).await?;
        }
    }
    let gauges = portals::gauges(env, &connections, &statuses).await;
    let now = clock::now();
    let connections = connections
        .iter()
        .zip(&statuses)
        .zip(&gauges)
        .map(|((connection, status), gauges)| {
            fill::connection(&config.apps, connection, status.as_ref(), gauges.as_ref(), now)
        })
        .collect();
    Ok(IntegrationsView { frame: visitor.frame(config), flash, apps: fill::apps(&config.apps), connections })
}

fn app<'a>(config: &'a Config, key: &str) -> Result<&'a App, Stop> {
    let key: Result<AppKey, _> = key.parse();
    key.ok()
        .and_then(|key| config.app(&key))
        .filter(|app| app.kind == AppKind::Account)
        .ok_or_else(|| Notice::NotFound.into())
}

/// A connection of the visitor's workspace, as of a query or form; empty text: none.
async fn connection_of(env: &Env, visitor: &Visitor, text: &str) -> Result<Option<Connection>, Stop> {
    if text.is_empty() {
        return Ok(None);
    }
    let connection: ConnectionId = text.parse().map_err(|_| Notice::NotFound)?;
    match directory::ask(env, &Command::Connection { connection }).await? {
        Answer::Connection(connection) if connection.workspace == visitor.workspace.id => {
            Ok(Some(connection))
        }
        Answer::Connection(_) | Answer::Refused(_) => Err(Notice::NotFound.into()),
        _ => Err(directory::unexpected().into()),
    }
}

async fn interstitial(
    env: &Env,
    config: &Config,
    visitor: &Visitor,
    incoming: &Incoming,
) -> Result<Response, Stop> {
    let app = app(config, &parameter(incoming, "app"))?;
    let existing = connection_of(env, visitor, &parameter(incoming, "connection")).await?;
    let view = ConnectView {
        frame: visitor.frame(config),
        app: fill::app(app),
        reconnect: existing.map(|connection| ReconnectView {
            connection_id: connection.id.to_string(),
            portal_id: connection.portal.0.cast_signed(),
            portal_name: fill::portal_name(&connection),
        }),
        wanted: scopes::optional(&parameter(incoming, "scope")).map(ScopeView::named),
        scopes: ScopeView::all(),
    };
    Ok(reply::page(&integrations::connect(&view), &oauth_flow::form_targets(config), &[])?)
}

async fn start_oauth(
    env: &Env,
    config: &Config,
    visitor: Visitor,
    fields: &[(String, String)],
) -> Result<Response, Stop> {
    let app = app(config, field(fields, "app"))?;
    let existing = connection_of(env, &visitor, field(fields, "connection")).await?;
    // What is granted is asked for again, and the one scope that a person wants besides: HubSpot refuses the whole where it cannot
    // grant that one, and says so.
    let wanted = scopes::optional(field(fields, "scope"));
    let besides = match (&existing, wanted) {
        (Some(existing), Some(wanted)) => {
            let status = portals::status(env, &existing.object).await?;
            let granted = status.map(|status| status.scopes).unwrap_or_default();
            granted.iter().filter_map(|scope| scopes::optional(scope)).chain([wanted]).collect()
        }
        (None, _) | (_, None) => Vec::new(),
    };
    let command = Command::StartOAuth {
        session: sha256_hex(visitor.token.as_bytes()),
        workspace: visitor.workspace.id,
        app: app.key.clone(),
        connection: existing.map(|connection| connection.id),
    };
    match directory::ask(env, &command).await? {
        Answer::Secret { secret, .. } => {
            Ok(reply::see_other(&oauth_flow::authorize_url(config, app, &besides, &secret), &[])?)
        }
        Answer::Refused(Refusal::NoSession) => Err(Notice::SignedOut.into()),
        Answer::Refused(Refusal::NotAllowed) => Err(Notice::NotAdministrator.into()),
        Answer::Refused(_) => Err(Notice::NotFound.into()),
        _ => Err(directory::unexpected().into()),
    }
}

async fn ask_disconnect(
    env: &Env,
    config: &Config,
    visitor: &Visitor,
    connection: ConnectionId,
) -> Result<Response, Stop> {
    let command = Command::PlanDisconnect { workspace: visitor.workspace.id.clone(), connection };
    let plan = match directory::ask(env, &command).await? {
        Answer::Plan(plan) => plan,
        Answer::Refused(_) => return Err(Notice::NotFound.into()),
        _ => return Err(directory::unexpected().into()),
    };
    let view = DisconnectView {
        frame: visitor.frame(config),
        connection_id: plan.connection.id.to_string(),
        name: plan.connection.name.clone(),
        portal_id: plan.connection.portal.0.cast_signed(),
        portal_name: fill::portal_name(&plan.connection),
        plan: DisconnectPlan {
            uninstalls: plan.uninstall,
            revokes: plan.revoke,
            ours: !plan.connection.app.is_token(),
            over: plan.connection.state == Standing::Disconnected,
        },
    };
    Ok(reply::page(&integrations::disconnect(&view), &[], &[])?)
}

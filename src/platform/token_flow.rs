//! Connections by token: a private app's static token or a service key, checked at once, for pages and API alike.
//!
//! Nothing is stored before HubSpot has said which account the token is for and that contacts can be read with it.

use worker::Env;

use crate::{
    api::connection::Given,
    engine::{
        actor::Actor,
        directory::messages::{Answer, Command, Connection, RecordConnection, Refusal},
        portal::messages::{Account, Command as PortalCommand, Connect},
    },
    hubspot::{
        account::{self, Details, TokenInfo},
        probe::Probe,
        rejection::{self, Class},
    },
    platform::{clock, directory_object as directory, fault::Fault, fetch, oauth_flow, portals, queue},
    values::{
        config::Config,
        failure::Failure,
        http::{Outcome, Request},
        ids::{AppKey, ConnectionId, PortalId, WorkspaceId},
        scopes,
        secret::Secret,
    },
};

/// For whom.
pub struct Target {
    /// The workspace that will receive the data.
    pub workspace: WorkspaceId,
    /// The person, or the key, that gives the token.
    pub by: String,
    /// The same, for audit logs.
    pub actor: Actor,
    /// The connection whose credentials are replaced; `None`: one that is new, or the one there is of the account.
    pub connection: Option<ConnectionId>,
}

/// Why there is no connection.
pub enum Stop {
    /// HubSpot does not accept the token.
    BadToken,
    /// The token may not do what a connection needs.
    ScopesMissing(Vec<&'static str>),
    /// The token is for another account than the connection.
    OtherPortal {
        /// The connection's.
        expected: PortalId,
        /// The token's.
        given: PortalId,
    },
    /// HubSpot refuses it for another reason, in words.
    Refused(Failure, String),
    /// HubSpot does not answer.
    Silent,
    /// The account is being disconnected at this moment.
    Disconnecting,
    /// The workspace has as many connections as it may.
    Full(u32),
    /// There is no such workspace or connection.
    NotFound,
    /// A fault of ours.
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Stop {
    /// What happened and what to do.
    pub fn words(&self) -> String {
        match self {
            Self::BadToken => {
                "HubSpot does not accept this token. Copy it anew: it begins with `pat-`, and a revoked or rotated one is of no use."
                    .to_owned()
            }
            Self::ScopesMissing(scopes) => format!(
                "The token lacks {}. Add {} to the service key or the private app in HubSpot, then try again.",
                scopes.join(", "),
                if scopes.len() == 1 { "this scope" } else { "these scopes" }
            ),
            Self::OtherPortal { expected, given } => format!(
                "This token is for HubSpot account {given}, and the connection is for account {expected}. Use a token of account \
                 {expected}; for the other account make a connection of its own."
            ),
            Self::Refused(_, words) => words.clone(),
            Self::Silent => "HubSpot does not answer at the moment. Nothing was changed; try again in a minute.".to_owned(),
            Self::Disconnecting => {
                "This HubSpot account is being disconnected at this moment. Try again in a few minutes.".to_owned()
            }
            Self::Full(most) => format!("This workspace has {most} connections, as many as it may have."),
            Self::NotFound => "There is no such connection.".to_owned(),
            Self::Fault(_) => "This did not work, and it is our fault. Try again; support can find the cause.".to_owned(),
        }
    }
}

/// What HubSpot says of a token.
struct Checked {
    details: Details,
    scopes: Vec<String>,
    app_id: Option<u64>,
}

/// Checks the token and makes, or goes on with, the connection of its account. Says whether the connection was there before.
pub async fn connect(
    env: &Env,
    config: &Config,
    target: Target,
    given: Given,
) -> Result<(Connection, bool), Stop> {
    let actor = target.actor;
    let Answer::Workspace(workspace) =
        directory::ask(env, &Command::Workspace { workspace: target.workspace }).await?
    else {
        return Err(Stop::NotFound);
    };
    let checked = check(env, config, &given.token).await?;
    let missing = scopes::missing(&checked.scopes);
    if !missing.is_empty() {
        return Err(Stop::ScopesMissing(missing));
    }
    let record = RecordConnection {
        workspace: workspace.id.clone(),
        app: AppKey::token(),
        portal: checked.details.portal_id,
        portal_name: checked.details.portal_name.clone().unwrap_or_default(),
        name: Some(given.name),
        user: None,
        connected_by: target.by,
        object: portals::new_id(env, config, workspace.jurisdiction)?,
        expected: target.connection,
    };
    let (connection, known, at) =
        match directory::ask_by(env, &actor, &Command::RecordConnection(Box::new(record))).await? {
            Answer::Recorded { connection, known, at } => (connection, known, at),
            Answer::Refused(Refusal::OtherPortal { expected }) => {
                return Err(Stop::OtherPortal { expected, given: checked.details.portal_id });
            }
            Answer::Refused(Refusal::Disconnecting) => return Err(Stop::Disconnecting),
            Answer::Refused(Refusal::Full { most }) => return Err(Stop::Full(most)),
            Answer::Refused(_) => return Err(Stop::NotFound),
            _ => return Err(directory::unexpected().into()),
        };
    let Details { portal_id, portal_name, ui_domain, utc_offset_ms, .. } = checked.details;
    let connect = Connect {
        connection: connection.id.clone(),
        workspace: workspace.id,
        app: AppKey::token(),
        at,
        user: None,
        account: Account {
            portal: portal_id,
            name: portal_name,
            ui_domain,
            utc_offset_ms: utc_offset_ms.unwrap_or(0),
        },
        scopes: checked.scopes,
        access_token: given.token.expose().clone(),
        renewal: None,
        private_app: checked.app_id,
        webhook_secret: given.webhook_secret.map(|secret| secret.expose().clone()),
    };
    if let Err(fault) =
        portals::ask_by(env, &connection.object, &actor, &PortalCommand::Connect(Box::new(connect))).await
    {
        // If this does not arrive either, a tick asks the Portal and settles it.
        let _ = directory::ask(env, &Command::AbandonConnection { connection: connection.id }).await;
        return Err(fault.into());
    }
    match directory::ask(env, &Command::ConfirmConnection { connection: connection.id.clone() }).await? {
        Answer::Done => Ok((connection, known)),
        Answer::Refused(_) => {
            queue::stop(env, &connection.object, at).await?;
            Err(Stop::Disconnecting)
        }
        _ => Err(directory::unexpected().into()),
    }
}

/// Which account a token is for, and what it may do. A token that does not tell its scopes is tried out.
async fn check(env: &Env, config: &Config, token: &Secret<String>) -> Result<Checked, Stop> {
    let info = match fetch::send(&config.hubspot_api_url, &account::token_info(token)).await {
        Outcome::Answered(response) if response.status == 200 => {
            account::parse_token_info(&response.body).ok()
        }
        Outcome::Answered(_) | Outcome::Unanswered => None,
    };
    let permits = Permits {
        env,
        config,
        portal: info.as_ref().map(|info| info.portal_id),
        app: windows(info.as_ref()),
    };
    let sent = permits.send(token, account::details()).await;
    let details = match rejection::classify(&sent, clock::now()) {
        Ok(response) => account::parse_details(&response.body).map_err(|_| Stop::Silent)?,
        Err(refusal) => return Err(stop(&refusal)),
    };
    let permits = Permits { portal: Some(details.portal_id), ..permits };
    let app_id = info.as_ref().and_then(|info| info.app_id);
    let mut scopes = info.map(|info| info.scopes).unwrap_or_default();
    if scopes.is_empty() {
        scopes = tried(&permits, token).await?;
    }
    Ok(Checked { details, scopes, app_id })
}

fn windows(info: Option<&TokenInfo>) -> AppKey {
    info.and_then(|info| info.app_id).map_or_else(AppKey::token, AppKey::of_private_app)
}

/// The scopes of everything that works, and those that come with it: who may read records may read their fields.
async fn tried(permits: &Permits<'_>, token: &Secret<String>) -> Result<Vec<String>, Stop> {
    let mut granted = Vec::new();
    for probe in Probe::ALL {
        let sent = permits.send(token, probe.request()).await;
        match rejection::classify(&sent, clock::now()) {
            Ok(_) => granted.extend(scopes::told_by(probe.scope()).map(str::to_owned)),
            Err(refusal) if matches!(refusal.class, Class::Forbidden { .. }) => {}
            Err(refusal) => return Err(stop(&refusal)),
        }
    }
    Ok(granted)
}

fn stop(refusal: &rejection::Rejection) -> Stop {
    match &refusal.class {
        Class::Expired | Class::Unauthorized => Stop::BadToken,
        Class::Forbidden { .. } => Stop::ScopesMissing(vec![scopes::ACCOUNT]),
        Class::Transient { .. } | Class::Unreachable | Class::Locked | Class::Unknown => Stop::Silent,
        _ => Stop::Refused(refusal.failure(), refusal.words()),
    }
}

/// Permits of a portal that may not be known yet: the very first call has none.
struct Permits<'a> {
    env: &'a Env,
    config: &'a Config,
    portal: Option<PortalId>,
    app: AppKey,
}

impl Permits<'_> {
    async fn send(&self, token: &Secret<String>, request: Request) -> Outcome {
        let request = Request { bearer: Some(token.clone()), ..request };
        oauth_flow::permitted(self.env, self.config, &self.app, self.portal, &request).await
    }
}

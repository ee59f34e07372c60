//! What the `Directory` object is asked and what it answers; both sides import this file.
//!
//! Secrets (session tokens, links, states, API keys) are made here and leave once, in the answer that makes them.
//! Inwards only their SHA-256 travels, and only that is stored.

use serde::{Deserialize, Serialize};

use crate::engine::alert::Alert;
pub use crate::store::directory::{
    connections::{Connection, ConnectionState},
    keys::{ApiKey, Permission, Permissions},
    people::{Person, Role},
    workspaces::{Jurisdiction, Workspace},
};
use crate::values::{
    ids::{ApiKeyId, AppKey, ConnectionId, HubSpotUserId, PortalId, WorkspaceId},
    time::Timestamp,
};

/// The name by which the one Directory is found. A changed name orphans everything it holds.
pub const OBJECT_NAME: &str = "directory";

/// The operator's console; where the operator goes back to from a workspace.
pub const CONSOLE: &str = "/console";

/// Most workspaces of one page.
pub const WORKSPACES_LIMIT: u32 = 100;
/// Connections of one cron page: one queue batch of 100 messages of 100 names, 64 characters an object id.
pub const TICK_LIMIT: u32 = 1_000;

/// What the object can be asked. `hash` is always [`crate::values::crypto::sha256_hex`] of the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Answers [`Answer::Workspace`].
    CreateWorkspace {
        /// For people; any text that passed the border.
        name: String,
        /// Where its objects live, for ever.
        jurisdiction: Option<Jurisdiction>,
    },
    /// Answers [`Answer::Workspace`].
    Workspace {
        /// Which.
        workspace: WorkspaceId,
    },
    /// A page in order of id, with connections. Answers [`Answer::Workspaces`].
    Workspaces {
        /// Greater ids only.
        after: Option<WorkspaceId>,
        /// Capped at [`WORKSPACES_LIMIT`].
        limit: u32,
        /// Part of a name, an id or a portal id; empty: all.
        query: String,
    },

    /// Answers [`Answer::KeyCreated`].
    CreateKey {
        /// Whose.
        workspace: WorkspaceId,
        /// For people.
        name: String,
        /// Not accepted from then on; `None`: no end.
        expires_at: Option<Timestamp>,
        /// What it may do.
        permissions: Permissions,
    },
    /// Keys that were not revoked. Answers [`Answer::Keys`].
    Keys {
        /// Whose.
        workspace: WorkspaceId,
    },
    /// Answers [`Answer::Done`].
    RevokeKey {
        /// Whose.
        workspace: WorkspaceId,
        /// Which.
        key: ApiKeyId,
    },
    /// Credentials that were refused in front of the Directory. Answers [`Answer::Done`].
    CountRefused {
        /// API keys, for whatever reason.
        keys: u64,
        /// Strangers of a network with too many of them; keys among these are in `keys` as well.
        paced: u64,
    },
    /// Answers [`Answer::KeyHolder`].
    VerifyKey {
        /// Its public half.
        key: ApiKeyId,
        /// Of the whole key as presented.
        hash: String,
    },

    /// A request with an `Idempotency-Key` begins. Answers [`Answer::Claim`].
    ClaimRequest {
        /// Who asks.
        caller: String,
        /// Hash of the key.
        key: String,
        /// Hash of method, address and body.
        fingerprint: String,
        /// Whether doing it twice comes to the same as once.
        repeats: bool,
    },
    /// It has been answered. Answers [`Answer::Done`].
    SettleRequest {
        /// Who asked.
        caller: String,
        /// Hash of the key.
        key: String,
        /// The sealed answer; empty: it is too large to keep; `None`: it had no effect.
        answer: Option<String>,
    },

    /// A one-time link to a workspace's pages. Answers [`Answer::Secret`].
    CreateLink {
        /// Which.
        workspace: WorkspaceId,
        /// Who comes.
        person: Person,
        /// The API key that asks: the link, and the session that it opens, end with it. `None`: the root key or a service binding.
        #[serde(default)]
        by: Option<ApiKeyId>,
    },
    /// Ends sessions of a workspace's people, and links for them that nobody has opened. Answers [`Answer::Ended`], also where there
    /// were none.
    EndSessions {
        /// Whose people.
        workspace: WorkspaceId,
        /// One of them, as the host named them; `None`: everybody.
        user: Option<String>,
    },
    /// Opens a link, once. Answers [`Answer::SessionMade`].
    OpenLink {
        /// Of the link's token.
        hash: String,
    },
    /// Answers [`Answer::Session`].
    Session {
        /// Of the cookie's token.
        hash: String,
    },
    /// Ends it, and what the operator began from it. Answers [`Answer::Done`], also where there was none.
    EndSession {
        /// Of the cookie's token.
        hash: String,
    },
    /// An attempt to enter the operator's console. Answers [`Answer::SessionMade`].
    SignIn {
        /// Where it comes from, hashed: attempts are counted by it.
        client: String,
        /// Whether that is a browser from which the operator has signed in before, rather than a network.
        #[serde(default)]
        known: bool,
        /// Whether the password was right.
        correct: bool,
    },
    /// The operator enters a workspace's pages. Answers [`Answer::SessionMade`].
    EnterWorkspace {
        /// Of the operator's own session.
        hash: String,
        /// Which.
        workspace: WorkspaceId,
    },

    /// Begins an authorisation. Answers [`Answer::Secret`] with the `state`.
    StartOAuth {
        /// Of the session that asks.
        session: String,
        /// For which workspace.
        workspace: WorkspaceId,
        /// Through which app.
        app: AppKey,
        /// The connection to authorise anew; `None`: whichever the person chooses.
        connection: Option<ConnectionId>,
    },
    /// A `state` came back; it is used up whatever the answer. Answers [`Answer::OAuth`].
    FinishOAuth {
        /// Of the state.
        state: String,
        /// Of every session that the browser carries.
        sessions: Vec<String>,
    },
    /// An account was authorised: names its connection, new or known. Answers [`Answer::Recorded`].
    RecordConnection(Box<RecordConnection>),
    /// Its Portal holds the credentials. Answers [`Answer::Done`], or a refusal if it was ended meanwhile: then the Portal
    /// must be told.
    ConfirmConnection {
        /// Which.
        connection: ConnectionId,
    },
    /// Its Portal holds nothing: a new one is forgotten, a known one stays as it was. Answers [`Answer::Done`].
    AbandonConnection {
        /// Which.
        connection: ConnectionId,
    },
    /// Answers [`Answer::Connections`].
    Connections {
        /// Whose.
        workspace: WorkspaceId,
    },
    /// Answers [`Answer::Done`].
    Rename {
        /// Whose.
        workspace: WorkspaceId,
        /// Which.
        connection: ConnectionId,
        /// What people call it from now on; empty: as the account is called.
        name: String,
    },
    /// Answers [`Answer::Connection`].
    Connection {
        /// Which.
        connection: ConnectionId,
    },
    /// What a disconnect would do. Answers [`Answer::Plan`].
    PlanDisconnect {
        /// Whose.
        workspace: WorkspaceId,
        /// Which.
        connection: ConnectionId,
    },
    /// Settles what the disconnect does, and begins it. Answers [`Answer::Plan`].
    BeginDisconnect {
        /// Whose.
        workspace: WorkspaceId,
        /// Which.
        connection: ConnectionId,
    },
    /// Its Portal is done; nothing if it was connected anew meanwhile. Answers [`Answer::Done`].
    EndDisconnect {
        /// [`Connection::connected_at`] of the authorisation that is over.
        of: Timestamp,
        /// Which.
        connection: ConnectionId,
    },

    /// Who follows these portals. Those that nobody follows are counted as dropped. Answers [`Answer::Routes`].
    Routes {
        /// Whose webhooks.
        source: AppKey,
        /// Portals, each with its number of events.
        portals: Vec<(PortalId, u32)>,
    },
    /// Who may keep something of a portal, followers or not. Answers [`Answer::Routes`].
    Keepers {
        /// Whose webhooks.
        source: AppKey,
        /// Which portal.
        portal: PortalId,
    },
    /// Connections with something to do, a page in order of id. Answers [`Answer::Tick`].
    Tick {
        /// Greater ids only; `None` begins a tick, and clears what has expired.
        after: Option<ConnectionId>,
    },
    /// Answers [`Answer::Health`].
    Health,
    /// Who did what, the newest first. Answers [`Answer::Audit`].
    Audit {
        /// Of which workspace; `None`: everything, for the operator.
        workspace: Option<WorkspaceId>,
        /// Older than this entry only.
        before: Option<i64>,
        /// Of actions that begin so only; empty: all.
        action: String,
        /// Capped at [`ENTRIES_LIMIT`](crate::engine::audit::ENTRIES_LIMIT).
        limit: u32,
    },
    /// Something only the operator can mend was noticed. Answers [`Answer::Alerted`].
    Alert {
        /// What.
        alert: Alert,
        /// Of which connection, if of one.
        connection: Option<ConnectionId>,
    },
    /// The operator was told. Answers [`Answer::Done`].
    AlertTold {
        /// Of what.
        alert: Alert,
    },
}

/// What the object answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is done.
    Done,
    /// Entries of the audit log in the API's shape, `{results, next_cursor}`.
    Audit(String),
    /// One workspace.
    Workspace(Workspace),
    /// Some.
    Workspaces {
        /// With all connections each.
        page: Vec<(Workspace, Vec<Connection>)>,
        /// What to ask `after` with, if there are more.
        next: Option<WorkspaceId>,
    },
    /// The key, this once.
    KeyCreated {
        /// How it is listed.
        key: ApiKey,
        /// `id.secret`, for the caller only.
        secret: String,
    },
    /// All of a workspace.
    Keys(Vec<ApiKey>),
    /// Whose key it is.
    KeyHolder {
        /// The workspace's.
        workspace: WorkspaceId,
        /// What it may do there.
        permissions: Permissions,
    },
    /// What a request with an `Idempotency-Key` is to do.
    Claim(Claim),
    /// A token that a browser will bring back, this once.
    Secret {
        /// 43 characters.
        secret: String,
        /// Its end.
        expires_at: Timestamp,
    },
    /// A session began.
    SessionMade {
        /// For the cookie.
        secret: String,
        /// What it allows.
        session: Session,
    },
    /// What a session allows.
    Session(Session),
    /// As many were alive, and are over.
    Ended {
        /// Sessions.
        sessions: u64,
        /// Links that nobody had opened.
        links: u64,
    },
    /// What the authorisation was begun for.
    OAuth(Box<OAuthStart>),
    /// The connection of the account.
    Recorded {
        /// With the object to address.
        connection: Connection,
        /// Whether it was there before.
        known: bool,
        /// When this authorisation was recorded: its [`Connection::connected_at`], later for each.
        at: Timestamp,
    },
    /// All of a workspace, oldest first.
    Connections(Vec<Connection>),
    /// One.
    Connection(Connection),
    /// What a disconnect does.
    Plan(Plan),
    /// In the order asked.
    Routes(Vec<(PortalId, Vec<Route>)>),
    /// One page of a tick.
    Tick {
        /// At most [`TICK_LIMIT`].
        page: Vec<Poke>,
        /// What to ask `after` with, if there are more.
        next: Option<ConnectionId>,
    },
    /// How the deployment is.
    Health(Health),
    /// What to tell the operator now, if anything.
    Alerted(Option<Standing>),
    /// The caller's fault.
    Refused(Refusal),
}

/// What a request with an `Idempotency-Key` is to do; see [`super::requests`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// Its work. It must be settled afterwards.
    Granted,
    /// Give this answer again.
    Answered(String),
    /// Be refused: the same request is being answered.
    Answering,
    /// Be refused: the key came with another request.
    Another,
    /// Be refused: how it ended is not known, or its answer was not kept.
    Lost,
    /// Be refused: the caller has used as many keys as are remembered.
    Full,
}

/// Why the Directory does not do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No such thing, or of another workspace.
    NotFound,
    /// The key is unknown, revoked, expired, or not this one.
    BadKey,
    /// The session is unknown or over.
    NoSession,
    /// The session does not allow it.
    NotAllowed,
    /// The link was opened before, or its time is over.
    LinkSpent,
    /// There is no such link.
    LinkUnknown,
    /// The password is wrong.
    WrongPassword,
    /// Too many attempts.
    TooMany {
        /// Milliseconds until the next may succeed.
        wait_ms: i64,
    },
    /// The state is unknown: never made, or used.
    StateUnknown,
    /// The state's ten minutes are over.
    StateExpired,
    /// The state is of another browser, workspace or person.
    StateForeign,
    /// The account is another than the connection's.
    OtherPortal {
        /// The connection's.
        expected: PortalId,
    },
    /// The same account is being disconnected at this moment.
    Disconnecting,
    /// The workspace has as many of these as it may.
    Full {
        /// As many as this.
        most: u32,
    },
}

impl Refusal {
    /// Seconds to wait, if that is what is asked for; otherwise 0.
    pub fn wait_s(&self) -> u32 {
        match self {
            Self::TooMany { wait_ms } => u32::try_from(wait_ms.div_euclid(1_000) + 1).unwrap_or(u32::MAX),
            _ => 0,
        }
    }
}

/// What a session cookie allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The workspace whose pages it opens; `None`: the operator's console.
    pub workspace: Option<Workspace>,
    /// Who.
    pub person: Person,
    /// Its end.
    pub expires_at: Timestamp,
}

/// What an authorisation was begun for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuthStart {
    /// The session that began it.
    pub session: Session,
    /// The workspace that will receive the data.
    pub workspace: Workspace,
    /// Through which app.
    pub app: AppKey,
    /// The connection that is authorised anew.
    pub connection: Option<Connection>,
}

/// An account that was authorised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordConnection {
    /// For which workspace.
    pub workspace: WorkspaceId,
    /// Through which app.
    pub app: AppKey,
    /// Which account.
    pub portal: PortalId,
    /// Its name, as HubSpot tells; empty if it does not.
    pub portal_name: String,
    /// What people call a connection that is new.
    #[serde(default)]
    pub name: Option<String>,
    /// Who authorised, in HubSpot.
    pub user: Option<HubSpotUserId>,
    /// Who authorised, for the host.
    pub connected_by: String,
    /// A Portal's unused unique id, for a connection that is new.
    pub object: String,
    /// The connection that was to be authorised anew.
    pub expected: Option<ConnectionId>,
}

/// What a disconnect does besides stopping the sync and forgetting the credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Of which connection; its state tells whether it has begun.
    pub connection: Connection,
    /// The app is removed from the account: no other connection uses it there.
    pub uninstall: bool,
    /// The grant is revoked: no other connection has it.
    pub revoke: bool,
}

/// One follower of a portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Unique id of its Portal.
    pub object: String,
}

/// One connection of a tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poke {
    /// Which.
    pub connection: ConnectionId,
    /// Unique id of its Portal.
    pub object: String,
    /// What for.
    pub task: Task,
}

/// What a tick asks of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Look whether something is due.
    Poll,
    /// A connect was interrupted: does its Portal hold credentials?
    Settle,
    /// A disconnect goes on.
    Disconnect {
        /// [`Connection::connected_at`] of the authorisation that ends.
        of: Timestamp,
        /// See [`Plan::uninstall`].
        uninstall: bool,
        /// See [`Plan::revoke`].
        revoke: bool,
    },
}

/// How the deployment is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// All of them.
    pub workspaces: u64,
    /// All of them, disconnected ones included.
    pub connections: u64,
    /// Those that are kept in step.
    pub active: u64,
    /// When the newest tick began.
    pub ticked_at: Option<Timestamp>,
    /// Names and values; see [`crate::store::directory::counters`].
    pub counters: Vec<(String, u64)>,
    /// What is wrong, by kind.
    #[serde(default)]
    pub alerts: Vec<Standing>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What.
    pub alert: Alert,
    /// When it was noticed first.
    pub since: Timestamp,
    /// When it was noticed last.
    pub at: Timestamp,
    /// How often.
    pub count: u64,
    /// Of which connection last.
    pub connection: Option<ConnectionId>,
    /// When the operator was told.
    pub told_at: Option<Timestamp>,
}

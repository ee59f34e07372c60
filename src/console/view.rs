//! What the pages show, as plain data: strings, numbers, times in milliseconds since 1970 (`…_at`).
//!
//! The platform fills these from the Directory, the Portal and the Limiter. Strings are shown as they are,
//! escaped; sentences meant for people start with a capital and end with a full stop.

use crate::values::scopes::SCOPES;
use serde::Serialize;

/// Around every page of a workspace: whose product this is, who is looking, at what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Name of the host's product, as its customers know it. From configuration.
    pub product: String,
    /// Where the person came from, if the host said so. Linked only if it is `https:` or `http:`.
    pub return_url: Option<String>,
    pub workspace_id: String,
    pub workspace_name: String,
    /// Name or e-mail address of the person, as the host gave it.
    pub user: String,
    /// Token that every form of this session repeats in its field `csrf`. Not part of serialized data.
    #[serde(skip)]
    pub csrf: String,
    pub now_at: i64,
    /// An administrator, who may change things; a viewer only sees.
    pub administers: bool,
}

/// One sentence about what has just happened, shown once on top of the next page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flash {
    pub tone: Tone,
    pub words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Good,
    Note,
    Warning,
    Bad,
}

/// The Integrations page of one workspace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntegrationsView {
    pub frame: Frame,
    pub flash: Option<Flash>,
    /// HubSpot apps that a person may connect through, in the order of configuration.
    pub apps: Vec<AppView>,
    pub connections: Vec<ConnectionView>,
}

/// A HubSpot app of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppView {
    pub key: String,
    pub label: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConnectionView {
    pub id: String,
    /// Its given name; empty shows the portal's.
    pub name: String,
    pub app_key: String,
    pub app_label: String,
    /// By a private app's token or a service key.
    pub by_token: bool,
    /// 0 while HubSpot has not answered yet.
    pub portal_id: i64,
    pub portal_name: String,
    /// HubSpot's host name for this portal's pages (`uiDomain` of account info), e.g. `app-eu1.hubspot.com`.
    pub ui_domain: String,
    pub state: ConnectionState,
    /// A sentence on the state; empty shows the usual one.
    pub state_words: String,
    pub connected_at: i64,
    pub connected_by: String,
    pub streams: Vec<StreamView>,
    /// None until the portal's Limiter has answered.
    pub limits: Option<LimitsView>,
    /// False if the connection's Portal did not answer in time: `streams` and `limits` are then not shown.
    pub reachable: bool,
    pub last_error: Option<ErrorView>,
    /// When a paused connection tries again.
    pub retry_at: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    Active,
    NeedsReauthorisation,
    Paused,
    /// The sync has stopped; HubSpot does not know yet.
    Disconnecting,
    Disconnected,
}

impl ConnectionState {
    /// Over, or about to be.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Disconnecting | Self::Disconnected)
    }
}

/// One object type, as followed by sync.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StreamView {
    /// HubSpot's name, in the plural: `contacts`.
    pub object_type: String,
    /// What people call records of a custom object.
    pub label: Option<String>,
    /// Scopes without any of which it is not read; empty: it is.
    pub missing_scopes: Vec<String>,
    pub phase: Phase,
    /// Records in the mirror.
    pub records: u64,
    /// Records that the backfill under way has read; the mirror may hold more, from an earlier connection.
    pub read: u64,
    /// Records that HubSpot says there are; None while unknown.
    pub expected: Option<u64>,
    /// Part of the backfill that is done, 0 to 100; None while unknown.
    pub percent: Option<u8>,
    /// Estimate of what is left of the backfill.
    pub remaining_ms: Option<i64>,
    /// How fresh the data is, honestly: `Live`, `Every 5 minutes`, `Delayed`.
    pub freshness_words: String,
    /// True if events bring changes in at once.
    pub live: bool,
    /// When a change was last taken into the mirror.
    pub last_change_at: Option<i64>,
    /// When HubSpot was last asked for changes and answered.
    pub last_checked_at: Option<i64>,
    pub next_check_at: Option<i64>,
}

impl StreamView {
    /// What its records are called, in words.
    pub fn words(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.object_type)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Backfill,
    Incremental,
}

/// Use of the portal's HubSpot limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LimitsView {
    /// Whose limits these are, as HubSpot's price list calls it: `Free & Starter`; empty if the numbers are of none.
    pub policy_label: String,
    pub window_limit: u64,
    pub window_used: u64,
    pub window_ms: i64,
    /// None where HubSpot has no daily cap (public OAuth apps).
    pub day_limit: Option<u64>,
    pub day_used: u64,
    /// Set while HubSpot refuses calls (429): when calls go on.
    pub throttled_until_at: Option<i64>,
}

/// The last thing that went wrong and is not yet over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorView {
    /// What happened.
    pub words: String,
    /// What the person can do, or that nothing needs to be done.
    pub remedy: String,
    pub at: i64,
    /// HubSpot's, or our own: what support will ask for.
    pub correlation_id: Option<String>,
}

/// The page before leaving for HubSpot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectView {
    pub frame: Frame,
    pub app: AppView,
    /// Set if an existing connection is authorised again.
    pub reconnect: Option<ReconnectView>,
    /// A scope that is asked for besides what is granted.
    pub wanted: Option<ScopeView>,
    /// What HubSpot will ask the person to approve.
    pub scopes: Vec<ScopeView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReconnectView {
    pub connection_id: String,
    pub portal_id: i64,
    pub portal_name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeView {
    /// HubSpot's name: `crm.objects.contacts.read`.
    pub scope: String,
    /// What it is for: `Read contacts`.
    pub words: String,
    pub required: bool,
}

impl ScopeView {
    /// A scope by HubSpot's name, in the scope table's words if it is there.
    pub fn named(name: &str) -> Self {
        let known = SCOPES.iter().find(|scope| scope.name == name);
        Self {
            scope: name.into(),
            words: known.map_or(name, |scope| scope.purpose).into(),
            required: known.is_some_and(|scope| scope.required),
        }
    }

    /// Everything that HubSpot will ask for, in the scope table's order.
    pub fn all() -> Vec<Self> {
        SCOPES.iter().map(|scope| Self::named(scope.name)).collect()
    }
}

/// The page that asks before disconnecting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DisconnectView {
    pub frame: Frame,
    pub connection_id: String,
    pub name: String,
    pub portal_id: i64,
    pub portal_name: String,
    pub plan: DisconnectPlan,
}

/// What Disconnect will do, by the holders of the grant (`Directory`). The sync always stops and the
/// credentials are always forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DisconnectPlan {
    /// This is the last holder of (app, portal).
    pub uninstalls: bool,
    /// This is the last holder of (app, portal, HubSpot user).
    pub revokes: bool,
    /// The access is through an app of this deployment; else it is a token of the customer's own, which only they can end.
    pub ours: bool,
    /// It is disconnected already: all that is left to do is to delete what was read.
    pub over: bool,
}

/// How a return from HubSpot ended when it did not end in a connection. Nothing has been stored in any of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeView {
    pub product: String,
    pub outcome: Outcome,
    /// The workspace of this browser's session, if there is one: where **Try again** leads.
    pub workspace_id: Option<String>,
    pub return_url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The person chose **Cancel** at HubSpot (`error=access_denied`).
    Denied,
    /// HubSpot refused the code: used before, or older than it lives.
    CodeRefused,
    /// No `state`: an install that began at HubSpot, not with us.
    StateMissing,
    /// A `state` that is unknown, used, older than ten minutes, or of another browser, workspace or person.
    StateForeign,
    /// Approved, but without these scopes, which the app requires.
    ScopesMissing(Vec<ScopeView>),
    /// Authorised again, but for another portal than the connection's.
    OtherPortal { expected: String, chosen: String },
    /// HubSpot said no. `words`: its message, if it is fit to be shown.
    HubSpotError { words: Option<String>, correlation_id: Option<String> },
    /// HubSpot did not answer, or answered 5xx or 429.
    HubSpotSilent { correlation_id: Option<String> },
    /// Our mistake, or our configuration's: a wrong client secret, for instance.
    OurFault { correlation_id: String },
}

/// A dead end that is no outcome of connecting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticeView {
    pub product: String,
    pub notice: Notice,
    pub place: Place,
    pub return_url: Option<String>,
}

/// Where the person is signed in, and so where the way back leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Nowhere,
    /// A workspace, by id.
    Workspace(String),
    Console,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A session link opened a second time, or after its few minutes.
    LinkSpent,
    /// A session link that was never made, or not by us.
    LinkUnknown,
    /// Signed in, but not as an administrator of the workspace.
    NotAdministrator,
    /// The session has ended or there never was one.
    SignedOut,
    /// The person chose **Sign out**.
    GoodBye,
    /// A form of another session or of an old page: its `csrf` does not match.
    StaleForm,
    NotFound,
    /// Too many requests or attempts; seconds until the next may succeed.
    TooMany {
        retry_after_s: u32,
    },
    Fault {
        correlation_id: String,
    },
}

/// The operator's sign-in page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignInView {
    pub product: String,
    /// Token of the pre-session cookie, against sign-in forgery.
    #[serde(skip)]
    pub csrf: String,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// The operator's console: every workspace of the deployment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperatorView {
    pub product: String,
    #[serde(skip)]
    pub csrf: String,
    pub now_at: i64,
    pub flash: Option<Flash>,
    pub totals: TotalsView,
    /// The numbers of `/healthz`, in words.
    pub health: Vec<HealthView>,
    pub workspaces: Vec<WorkspaceView>,
    /// What the list is narrowed to; empty shows all.
    pub query: String,
    /// Opaque cursor of the page shown, as asked for; empty on the first.
    pub cursor: String,
    /// That of the next page, if there is one.
    pub next_cursor: Option<String>,
    /// The form's content after a refusal, so that nothing is typed twice.
    pub create: CreateWorkspaceForm,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TotalsView {
    pub workspaces: u64,
    pub connections: u64,
    pub active: u64,
    /// Of the workspaces shown: connections that need a person (reauthorisation, paused).
    pub attention: u64,
    /// Of the workspaces shown.
    pub records: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthView {
    pub label: String,
    pub value: HealthValue,
    pub tone: Tone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthValue {
    /// In words.
    Words(&'static str),
    Count(u64),
    /// A moment; `None`: it never came.
    At(Option<i64>),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkspaceView {
    pub id: String,
    pub name: String,
    /// `eu`, or empty.
    pub jurisdiction: String,
    pub created_at: i64,
    pub connections: Vec<ConnectionLine>,
}

/// One connection in the operator's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionLine {
    pub id: String,
    pub app_label: String,
    pub portal_id: i64,
    pub portal_name: String,
    pub state: ConnectionState,
    pub records: u64,
    /// Part of the backfill that is done, while it runs.
    pub percent: Option<u8>,
    pub freshness_words: String,
    pub last_checked_at: Option<i64>,
    pub last_error: Option<ErrorView>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CreateWorkspaceForm {
    pub name: String,
    pub jurisdiction: String,
    pub error: Option<String>,
}

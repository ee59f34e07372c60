//! What is asked for below `/v1` besides what a connection's object answers by itself: who may ask, and what it takes.

use crate::{
    api::{action, activation, channel, endpoint::Call, mapping, score, seat, signal, types, workflow},
    engine::directory::messages::Permission,
    values::ids::{ApiKeyId, ConnectionId, ObjectType, WorkspaceId},
};

/// The host's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Api {
    /// `POST /v1/workspaces`
    CreateWorkspace,
    /// `GET /v1/workspaces`
    ListWorkspaces,
    /// `GET /v1/workspaces/{w}`
    GetWorkspace(WorkspaceId),
    /// `POST /v1/workspaces/{w}/keys`
    CreateKey(WorkspaceId),
    /// `GET /v1/workspaces/{w}/keys`
    ListKeys(WorkspaceId),
    /// `DELETE /v1/workspaces/{w}/keys/{k}`
    RevokeKey(WorkspaceId, ApiKeyId),
    /// `POST /v1/workspaces/{w}/sessions`
    CreateSession(WorkspaceId),
    /// `DELETE /v1/workspaces/{w}/sessions`
    EndSessions(WorkspaceId),
    /// `GET /v1/workspaces/{w}/connections`
    ListConnections(WorkspaceId),
    /// `POST /v1/workspaces/{w}/connections`
    ConnectByToken(WorkspaceId),
    /// `PUT /v1/connections/{c}/credentials`
    PutCredentials(ConnectionId),
    /// `PATCH /v1/connections/{c}`
    UpdateConnection(ConnectionId),
    /// `GET /v1/connections/{c}/test`
    GetTest(ConnectionId),
    /// `GET /v1/connections/{c}/limits`
    GetLimits(ConnectionId),
    /// `GET /v1/connections/{c}`
    GetConnection(ConnectionId),
    /// `DELETE /v1/connections/{c}`
    Disconnect(ConnectionId),
    /// `GET /v1/connections/{c}/snapshot`
    Snapshot(ConnectionId),
    /// `/v1/connections/{c}/channels…`
    Channels(ConnectionId, channel::Call),
    /// `/v1/connections/{c}/endpoints…`
    Endpoints(ConnectionId, Call),
    /// `PUT /v1/connections/{c}/fields/{type}/selection`
    PutSelection(ConnectionId, ObjectType),
    /// `/v1/connections/{c}/types…`
    Types(ConnectionId, types::Call),
    /// `/v1/connections/{c}/seats…`
    Seats(ConnectionId, seat::Call),
    /// `/v1/connections/{c}/actions…`
    Actions(ConnectionId, action::Call),
    /// `/v1/connections/{c}/signals…`, `…/qualifying-lists…`, `…/automations…`, `…/automation-runs…`
    Signals(ConnectionId, signal::Call),
    /// `/v1/connections/{c}/workflows…`
    Workflows(ConnectionId, workflow::Call),
    /// `POST /v1/connections/{c}/prospects/erase`
    ErasePerson(ConnectionId),
    /// `POST /v1/connections/{c}/prospects/export`
    ExportPerson(ConnectionId),
    /// `PATCH /v1/connections/{c}/retention`
    SetRetention(ConnectionId),
    /// `GET /v1/workspaces/{w}/audit`
    ListAudit(WorkspaceId),
    /// `/v1/connections/{c}/mappings…`
    Mappings(ConnectionId, mapping::Call),
    /// `/v1/connections/{c}/scores…`
    Scores(ConnectionId, score::Call),
    /// `/v1/connections/{c}/activations…`, `…/audiences…`, `…/attributes…`
    Activations(ConnectionId, activation::Call),
    /// `POST /v1/connections/{c}/match/companies`
    MatchCompanies(ConnectionId),
    /// `POST /v1/connections/{c}/match/contacts`
    MatchContacts(ConnectionId),
}

/// Whom an address of `/v1` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The host's root key alone.
    Root,
    /// The root key, and keys of the workspace with this permission.
    Key(Permission),
}

impl Api {
    /// Whom it answers.
    pub const fn access(&self) -> Access {
        match self {
            Self::Signals(_, call) if call.reads() => Access::Key(Permission::Read),
            Self::Signals(..) => Access::Key(Permission::Write),
            Self::Activations(_, call) if call.reads() => Access::Key(Permission::Read),
            // What is made in the account, whose contacts are written, and what is deleted there is for administrators to say.
            Self::Activations(_, call) if call.decides() => Access::Key(Permission::Admin),
            Self::Activations(..) => Access::Key(Permission::Write),
            Self::Workflows(_, call) if call.reads() => Access::Key(Permission::Read),
            Self::Workflows(..) => Access::Key(Permission::Write),
            Self::CreateWorkspace | Self::ListWorkspaces => Access::Root,
            Self::GetWorkspace(_)
            | Self::ListConnections(_)
            | Self::GetConnection(_)
            | Self::GetTest(_)
            | Self::GetLimits(_)
            | Self::ExportPerson(_)
            | Self::MatchCompanies(_)
            | Self::MatchContacts(_)
            | Self::Snapshot(_)
            | Self::Types(_, types::Call::List)
            | Self::Mappings(_, mapping::Call::List | mapping::Call::Get(_))
            | Self::Scores(
                _,
                score::Call::Settings
                | score::Call::Get(_)
                | score::Call::Runs
                | score::Call::Run(_)
                | score::Call::Errors(_),
            )
            | Self::Endpoints(_, Call::List | Call::Get(_))
            | Self::Actions(_, action::Call::List | action::Call::Get(_) | action::Call::Settings)
            | Self::Seats(
                _,
                seat::Call::List
                | seat::Call::Get(_)
                | seat::Call::Read(..)
                | seat::Call::Tasks(_)
                | seat::Call::Owner(_)
                | seat::Call::Lists(_)
                | seat::Call::Pipelines(..),
            )
            | Self::Channels(_, channel::Call::List | channel::Call::Get(_) | channel::Call::Preview) => {
                Access::Key(Permission::Read)
            }
            Self::PutSelection(..)
            | Self::Actions(
                _,
                action::Call::Do
                | action::Call::DoMany
                | action::Call::Cancel(_)
                | action::Call::Retry(_)
                | action::Call::Resolve(_),
            )
            | Self::Seats(_, seat::Call::Log(_))
            | Self::UpdateConnection(_)
            | Self::Mappings(_, mapping::Call::Put(_) | mapping::Call::Remove(_))
            | Self::Scores(
                _,
                score::Call::Check
                | score::Call::Put(_)
                | score::Call::PutMany
                | score::Call::Remove(_)
                | score::Call::RunNow,
            )
            | Self::Types(_, types::Call::Refresh | types::Call::On(_) | types::Call::Off(_))
            | Self::Endpoints(
                _,
                Call::Create
                | Call::Update(_)
                | Call::Remove(_)
                | Call::Rotate(_)
                | Call::Pause(_)
                | Call::Resume(_)
                | Call::Skip(_)
                | Call::Replay(_)
                | Call::HandOver(_)
                | Call::Test(_),
            )
            | Self::Channels(
                _,
                channel::Call::Create
                | channel::Call::Update(_)
                | channel::Call::Remove(_)
                | channel::Call::Pause(_)
                | channel::Call::Resume(_),
            ) => Access::Key(Permission::Write),
            Self::CreateKey(_)
            | Self::ListKeys(_)
            | Self::RevokeKey(..)
            // It names people and keys.
            | Self::ListAudit(_)
            | Self::CreateSession(_)
            | Self::EndSessions(_)
            | Self::ConnectByToken(_)
            | Self::PutCredentials(_)
            // Whoever makes or ends a seat decides in whose name HubSpot is asked.
            | Self::Seats(_, seat::Call::Invite | seat::Call::Redeem | seat::Call::Revoke(_))
            | Self::ErasePerson(_)
            | Self::SetRetention(_)
            // What people and automations may do here is for administrators to say.
            | Self::Actions(_, action::Call::Set)
            // As is what is made in the account, and what is written there each night.
            | Self::Scores(_, score::Call::Set | score::Call::Create)
            | Self::Disconnect(_) => Access::Key(Permission::Admin),
        }
    }

    /// What a key needs besides: what it hands on it must be allowed itself.
    pub const fn also(&self) -> &'static [Permission] {
        match self {
            // An administrator's page reads and changes everything.
            Self::CreateSession(_) => &[Permission::Read, Permission::Write],
            // A receiver gets what there is to read.
            Self::Endpoints(
                _,
                Call::Create | Call::Update(_) | Call::Rotate(_) | Call::Replay(_) | Call::HandOver(_),
            ) => &[Permission::Read],
            _ => &[],
        }
    }

    /// Whether it changes something, so that an `Idempotency-Key` has a meaning: what takes no more than reading does not, nor a list.
    pub const fn changes(&self) -> bool {
        let reads = matches!(self.access(), Access::Key(Permission::Read));
        !(reads || matches!(self, Self::ListWorkspaces | Self::ListKeys(_) | Self::ListAudit(_)))
    }

    /// Whether doing it twice comes to the same as doing it once.
    pub const fn repeats(&self) -> bool {
        match self {
            Self::Workflows(_, call) => call.repeats(),
            Self::CreateWorkspace
            | Self::CreateKey(_)
            | Self::CreateSession(_)
            | Self::Seats(_, seat::Call::Invite | seat::Call::Redeem | seat::Call::Log(_))
            | Self::Channels(_, channel::Call::Create)
            | Self::Signals(_, signal::Call::MakeList | signal::Call::MakeAutomation)
            // Named by the host they are done once anyway; this one is not.
            | Self::Actions(_, action::Call::Do | action::Call::DoMany | action::Call::Retry(_))
            | Self::Scores(_, score::Call::RunNow)
            | Self::Activations(_, activation::Call::Make)
            | Self::Endpoints(
                _,
                Call::Create
                | Call::Rotate(_)
                | Call::Skip(_)
                | Call::Replay(_)
                | Call::HandOver(_)
                | Call::Test(_),
            ) => false,
            Self::ListWorkspaces
            | Self::GetWorkspace(_)
            | Self::ListKeys(_)
            | Self::RevokeKey(..)
            | Self::EndSessions(_)
            | Self::ListConnections(_)
            | Self::GetConnection(_)
            | Self::Disconnect(_)
            // The account is known by its number: a second time is the same connection.
            | Self::ConnectByToken(_)
            | Self::PutCredentials(_)
            | Self::UpdateConnection(_)
            | Self::GetTest(_)
            | Self::GetLimits(_)
            | Self::ListAudit(_)
            | Self::ErasePerson(_)
            | Self::ExportPerson(_)
            | Self::SetRetention(_)
            | Self::MatchCompanies(_)
            | Self::MatchContacts(_)
            | Self::Snapshot(_)
            | Self::PutSelection(..)
            | Self::Types(..)
            | Self::Seats(..)
            | Self::Actions(..)
            // The host's own name for a signal sees to it.
            | Self::Signals(..)
            | Self::Endpoints(..)
            | Self::Mappings(..)
            | Self::Scores(..)
            // One that nobody ends is dropped.
            | Self::Activations(..)
            | Self::Channels(..) => true,
        }
    }

    /// Names of the query parameters it takes.
    pub const fn taken(&self) -> &'static [&'static str] {
        match self {
            Self::ListWorkspaces => &["limit", "cursor"],
            Self::Snapshot(_) => &["types"],
            Self::Disconnect(_) => &["data"],
            Self::Seats(_, call) => call.taken(),
            Self::Actions(_, call) => call.taken(),
            Self::Scores(_, call) => call.taken(),
            Self::Activations(_, call) => call.taken(),
            Self::Signals(_, call) => call.taken(),
            Self::Workflows(_, call) => call.taken(),
            Self::ListAudit(_) => &["limit", "cursor", "action"],
            Self::EndSessions(_) => &["user"],
            Self::CreateWorkspace
            | Self::GetWorkspace(_)
            | Self::CreateKey(_)
            | Self::ListKeys(_)
            | Self::RevokeKey(..)
            | Self::CreateSession(_)
            | Self::ListConnections(_)
            | Self::GetConnection(_)
            | Self::ConnectByToken(_)
            | Self::PutCredentials(_)
            | Self::UpdateConnection(_)
            | Self::GetTest(_)
            | Self::GetLimits(_)
            | Self::ErasePerson(_)
            | Self::ExportPerson(_)
            | Self::SetRetention(_)
            | Self::MatchCompanies(_)
            | Self::MatchContacts(_)
            | Self::Channels(..)
            | Self::Endpoints(..)
            | Self::PutSelection(..)
            | Self::Mappings(..)
            | Self::Types(..) => &[],
        }
    }
}

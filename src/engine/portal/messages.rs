//! What the `Portal` object is asked and what it answers; both sides import this file.
//!
//! A command travels as the JSON body of a request to the object. Answers whose body is large (records, changes) are
//! made in the API's own shape, so that the front hands them on without reading them.

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{
        activations::commands as activations, beside::commands as beside, blocks, browse,
        channels::commands as channels, endpoints::commands as endpoints, mappings::commands as mappings,
        matching, outbox::commands as outbox, retention, scores::commands as scores,
        seats::commands as seats, selection::Selection, signals::commands as signals, snapshot, trial::Trial,
        types, usage::Usage, workflows::commands as workflows,
    },
    hubspot::webhooks::Event,
    values::{
        ids::{AppKey, ChannelId, ConnectionId, HubSpotUserId, ObjectType, PortalId, RecordId, WorkspaceId},
        tier::Tier,
        time::Timestamp,
    },
};

pub use super::standing::{KeptFresh, Phase, State, Status, StreamState, StreamStatus, Trouble};

/// Most records of one page, by the API's contract; 250 records of 4 KB make 1 MB.
pub const RECORDS_LIMIT: u32 = 250;
/// Most links of one page, by the API's contract; each about 150 bytes.
pub const LINKS_LIMIT: u32 = 500;
/// Most changes of one answer, by the API's contract.
pub const CHANGES_LIMIT: u32 = 1_000;

/// What the object can be asked.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Starts (or, for the same portal, restarts) mirroring. A token that takes the place of one that still works restarts
    /// nothing. Answers [`Answer::Done`].
    Connect(Box<Connect>),
    /// A delivery of webhooks by a private app of the customer's own. Answers [`Answer::Done`] where it is durable or holds
    /// nothing of this account, [`Answer::NotSigned`] or [`Answer::NotConnected`].
    OwnWebhook(Box<OwnWebhook>),
    /// Tries what the connection may do. Answers [`Answer::Done`] or [`Answer::Stopped`].
    Test,
    /// What came of it. Answers [`Answer::Trial`].
    Trial,
    /// Calls of the last day. Answers [`Answer::Usage`].
    Usage,
    /// What the account's tier is, as a person knows; `None`: as HubSpot's answers tell. Answers [`Answer::Done`].
    SetTier(Option<Tier>),
    /// The cron tick: arms the alarm if something is due. Answers [`Answer::Done`].
    Poke,
    /// Events of one delivery for this portal; durable when answered. Answers [`Answer::Done`].
    Webhook {
        /// At most as many as one delivery holds (100).
        touches: Vec<Touch>,
    },
    /// Answers [`Answer::Status`].
    Status,
    /// A page of live records in id order. Answers [`Answer::Json`] `{results, next_cursor}`.
    Records {
        /// Which type.
        object_type: ObjectType,
        /// Records with greater ids only.
        after: Option<RecordId>,
        /// Capped at [`RECORDS_LIMIT`].
        limit: u32,
        /// Only records with this key (contacts: e-mail, companies: domain; in any case).
        key: Option<String>,
    },
    /// What a record is linked to, of one type, in order of ids. Answers [`Answer::Json`] `{results, next_cursor}` or
    /// [`Answer::Missing`].
    Associations {
        /// Whose type.
        object_type: ObjectType,
        /// Whose; may have been merged away.
        id: RecordId,
        /// To which type.
        to_type: ObjectType,
        /// Links to greater ids only.
        after: Option<RecordId>,
        /// Capped at [`LINKS_LIMIT`].
        limit: u32,
    },
    /// One record, by an id that may have been merged away. Answers [`Answer::Json`] or [`Answer::Missing`].
    Record {
        /// Which type.
        object_type: ObjectType,
        /// Its id.
        id: RecordId,
    },
    /// What pages show. Answers [`Answer::Looked`].
    Look(browse::Look),
    /// Changes after a sequence number. Answers [`Answer::Json`] `{changes, next, latest}` or [`Answer::BeyondHorizon`].
    Changes {
        /// Last sequence number the reader has; 0 from the beginning.
        after: u64,
        /// Capped at [`CHANGES_LIMIT`].
        limit: u32,
        /// Only these types; empty: all.
        types: Vec<ObjectType>,
    },
    /// A page of a channel's records. Answers [`Answer::Json`] or [`Answer::Missing`].
    ChannelRecords {
        /// Which channel.
        channel: ChannelId,
        /// Greater ids only.
        after: Option<RecordId>,
        /// Capped at [`RECORDS_LIMIT`].
        limit: u32,
    },
    /// A page of everything. Answers [`Answer::Snapshot`].
    Snapshot {
        /// Only these types; empty: all.
        types: Vec<ObjectType>,
        /// Where the page before it ended; `None`: this is the first.
        from: Option<snapshot::Place>,
        /// Capped at [`snapshot::PAGE_RECORDS`].
        limit: u32,
    },
    /// The fields of a type. Answers [`Answer::Json`] `{object_type, results, read_at, history}`.
    Fields {
        /// Which type.
        object_type: ObjectType,
    },
    /// Which fields of a type are mirrored. Answers [`Answer::Json`].
    Selection {
        /// Which type.
        object_type: ObjectType,
    },
    /// Chooses which. Answers as [`Command::Selection`] does, or [`Answer::UnknownFields`], [`Answer::NotMirrored`],
    /// [`Answer::StorageFull`], or
    /// [`Answer::Stopped`] while the fields are not known yet.
    Select {
        /// Which type.
        object_type: ObjectType,
        /// Of at most [`NAMES_LIMIT`](crate::engine::portal::selection::NAMES_LIMIT) names each.
        selection: Selection,
    },
    /// Reads the fields of every type that runs. Answers [`Answer::Done`] or [`Answer::Stopped`].
    RefreshFields,
    /// Reads every record of a type once more, with all values. Answers [`Answer::Done`], also where a full read is under
    /// way, or [`Answer::Stopped`].
    Resync {
        /// Which type.
        object_type: ObjectType,
    },
    /// Reads one record once more, before anything else. Answers [`Answer::Done`] or [`Answer::Stopped`].
    Reread {
        /// Which type.
        object_type: ObjectType,
        /// Its id.
        id: RecordId,
    },
    /// Sends nothing more until [`Command::Resume`]. Answers [`Answer::Done`] or [`Answer::Stopped`].
    Pause,
    /// Ends a pause that a person began, and no other. Answers [`Answer::Done`] or [`Answer::Stopped`].
    Resume,
    /// Stops at once; then, as asked, uninstalls the app and revokes the grant, and forgets the tokens. Answers [`Answer::Done`].
    Disconnect {
        /// [`Connect::at`] of the authorisation it ends: what was asked of an older one leaves a newer one alone.
        of: Timestamp,
        /// Remove the app from the HubSpot account.
        uninstall: bool,
        /// Revoke the refresh token.
        revoke: bool,
    },
    /// Deletes everything that was read from HubSpot, now or when the disconnect under way is over; what people have set stays.
    /// Answers [`Answer::Done`], or [`Answer::Stopped`] of a connection that goes on.
    DeleteData,
    /// Something about channels. Answers [`Answer::Channel`] or [`Answer::NotConnected`].
    Channel(channels::Command),
    /// Something about endpoints. Answers [`Answer::Endpoint`].
    Endpoint(endpoints::Command),
    /// Something about people who are kept out. Answered as each says.
    Privacy(blocks::Command),
    /// What is kept and how long. Answers [`Answer::Json`] or [`Answer::NotConnected`].
    Retention,
    /// Sets it. Answers as [`Command::Retention`] does.
    SetRetention(retention::Wanted),
    /// Who did what here, the newest first. Answers [`Answer::Json`] `{results, next_cursor}`.
    Audit {
        /// Older than this entry only.
        before: Option<i64>,
        /// Of actions that begin so only; empty: all.
        action: String,
        /// Capped at [`ENTRIES_LIMIT`](crate::engine::audit::ENTRIES_LIMIT).
        limit: u32,
    },
    /// Something about owners, pipelines or lists.
    Beside(beside::Command),
    /// Which types are mirrored. Answers [`Answer::Types`] or [`Answer::NotConnected`].
    Types(types::Command),
    /// Something about actions and what they write. Answers [`Answer::Outbox`] or [`Answer::NotConnected`].
    Outbox(outbox::Command),
    /// Something about seats. Answers [`Answer::Seat`].
    Seat(Box<seats::Command>),
    /// Something about signals, qualifying lists and automations. Answers [`Answer::Signal`] or [`Answer::NotConnected`].
    Signal(Box<signals::Command>),
    /// Something about workflows. Answers [`Answer::Workflow`] or [`Answer::NotConnected`].
    Workflow(Box<workflows::Command>),
    /// Something about field mappings. Answers [`Answer::Mapping`] or [`Answer::NotConnected`].
    Mapping(mappings::Command),
    /// Something about scores of accounts. Answers [`Answer::Score`] or [`Answer::NotConnected`].
    Score(scores::Command),
    /// Something about activations, audiences and attributes. Answers [`Answer::Activation`] or [`Answer::NotConnected`].
    Activation(Box<activations::Command>),
    /// Which records accounts or people of the host's are. Answered as each says.
    Match(matching::Command),
    /// Panics at the next step of an alarm, of one that is under way too, once; only where the platform's test switch is on. Answers [`Answer::Done`].
    PanicOnce,
}

impl Command {
    /// The type whose records it is about, if about those of one: it is then answered [`Answer::TypeOff`] where the type is not
    /// mirrored.
    pub(super) fn about(&self) -> Option<ObjectType> {
        match self {
            Self::Records { object_type, .. }
            | Self::Associations { object_type, .. }
            | Self::Record { object_type, .. }
            | Self::Fields { object_type }
            | Self::Selection { object_type }
            | Self::Select { object_type, .. }
            | Self::Resync { object_type }
            | Self::Reread { object_type, .. } => Some(*object_type),
            Self::Look(look) => look.about(),
            Self::Privacy(command) => command.about(),
            Self::Connect(_)
            | Self::OwnWebhook(_)
            | Self::Test
            | Self::Trial
            | Self::Usage
            | Self::SetTier(_)
            | Self::Poke
            | Self::Webhook { .. }
            | Self::Status
            | Self::Changes { .. }
            | Self::ChannelRecords { .. }
            | Self::Snapshot { .. }
            | Self::RefreshFields
            | Self::Pause
            | Self::Resume
            | Self::Disconnect { .. }
            | Self::DeleteData
            | Self::Channel(_)
            | Self::Outbox(_)
            | Self::Endpoint(_)
            | Self::Beside(_)
            | Self::Audit { .. }
            | Self::Retention
            | Self::SetRetention(_)
            | Self::Types(_)
            | Self::Seat(_)
            | Self::Mapping(_)
            | Self::Score(_)
            | Self::Activation(_)
            | Self::Signal(_)
            | Self::Workflow(_)
            | Self::Match(_)
            | Self::PanicOnce => None,
        }
    }
}

/// Everything a connection needs to begin.
#[derive(Serialize, Deserialize)]
pub struct Connect {
    /// The connection's id; part of every seal.
    pub connection: ConnectionId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The app that was authorised.
    pub app: AppKey,
    /// When, as the Directory counts: later for each authorisation of the connection.
    pub at: Timestamp,
    /// Who authorised.
    pub user: Option<HubSpotUserId>,
    /// The account, as account info told it.
    pub account: Account,
    /// Granted scopes.
    pub scopes: Vec<String>,
    /// OAuth access token, or a private app's or service key's, plain: it travels inside the Worker only and is sealed before it
    /// is stored.
    pub access_token: String,
    /// What renews it, likewise; `None`: it is a private app's or a service key, which has no end.
    pub renewal: Option<Renewal>,
    /// HubSpot's number of a private app, where it was told: calls of all its tokens count together.
    #[serde(default)]
    pub private_app: Option<u64>,
    /// Of a private app that sends webhooks: its client secret, likewise plain. `None`: none, or the one there is stays.
    #[serde(default)]
    pub webhook_secret: Option<String>,
}

/// What renews an access token.
#[derive(Clone, Serialize, Deserialize)]
pub struct Renewal {
    /// OAuth refresh token.
    pub refresh_token: String,
    /// Life of the access token from now on, milliseconds.
    pub expires_in_ms: i64,
}

/// A delivery as it came (`hubspot-api.md` 9).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OwnWebhook {
    /// The address it was sent to, whole.
    pub uri: String,
    /// `X-HubSpot-Request-Timestamp`
    pub timestamp: Option<String>,
    /// `X-HubSpot-Signature-v3`
    pub signature: Option<String>,
    /// At most [`crate::hubspot::webhooks::BODY_LIMIT`] bytes.
    pub body: String,
}

/// The HubSpot account (`hubspot-api.md` 10.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub portal: PortalId,
    /// Name, where HubSpot tells one.
    pub name: Option<String>,
    /// Host of its pages, e.g. `app-eu1.hubspot.com`.
    pub ui_domain: Option<String>,
    /// Offset of its clock from UTC, for the daily limit.
    pub utc_offset_ms: i64,
}

/// One record that HubSpot says something happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// Which type.
    pub object_type: ObjectType,
    /// Which record.
    pub id: RecordId,
    /// The event says that the person was erased for privacy: nothing of the record may stay.
    #[serde(default)]
    pub erased: bool,
    /// The event says that it became part of this record.
    #[serde(default)]
    pub merged_into: Option<RecordId>,
}

impl Touch {
    /// The records an event of a webhook is about.
    pub fn of(event: &Event) -> Vec<Self> {
        let touch = |object_type: ObjectType, id: RecordId| Self {
            object_type,
            id,
            erased: false,
            merged_into: None,
        };
        match event {
            Event::Touched { object, id, .. }
            | Event::Deleted { object, id, .. }
            | Event::Restored { object, id, .. } => {
                vec![touch(*object, *id)]
            }
            Event::Linked { object, id, other, .. } => [Some((*object, *id)), *other]
                .into_iter()
                .flatten()
                .map(|(kind, id)| touch(kind, id))
                .collect(),
            Event::PrivacyDeleted { object, id, .. } => vec![Self { erased: true, ..touch(*object, *id) }],
            Event::Merged { object, primary, merged, new_id, .. } => {
                let into = new_id.unwrap_or(*primary);
                let parts = [*primary].into_iter().chain(merged.iter().copied()).filter(|id| *id != into);
                let parts = parts.map(|id| Self { merged_into: Some(into), ..touch(*object, id) });
                parts.chain([touch(*object, into)]).collect()
            }
            Event::Ignored => Vec::new(),
        }
    }
}

/// What the object answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is done, or durable.
    Done,
    /// How the connection stands.
    Status(Box<Status>),
    /// A body in the API's shape.
    Json(String),
    /// There is no such record.
    Missing,
    /// The reader is older than what the feed keeps; the oldest sequence number it may ask for.
    BeyondHorizon(u64),
    /// HubSpot lists no such fields; nothing was changed.
    UnknownFields(Vec<String>),
    /// Storage is so short that no field may be added; nothing was changed.
    StorageFull,
    /// These are to be kept fresh and are not among what is mirrored; nothing was changed.
    NotMirrored(Vec<String>),
    /// A page of a snapshot.
    Snapshot(Box<snapshot::Page>),
    /// What there is to say about channels.
    Channel(channels::Answer),
    /// About actions.
    Outbox(outbox::Answer),
    /// What pages show.
    Looked(browse::Seen),
    /// What there is to say about endpoints.
    Endpoint(endpoints::Answer),
    /// There may be no more than so many.
    TooMany(u32),
    /// What there is to say about types.
    Types(types::Answer),
    /// The type is not mirrored here.
    TypeOff,
    /// The list holds records of a type that is not mirrored here; `None`: of one that this build cannot mirror.
    ListNotMirrored(Option<ObjectType>),
    /// The connection or the stream stands still: what was asked for would not be done.
    Stopped,
    /// The object holds no connection.
    NotConnected,
    /// The delivery is not signed with the secret of this connection's own app, or it has none.
    NotSigned,
    /// What came of a test of the connection.
    Trial(Option<Trial>),
    /// Calls of the last day.
    Usage(Usage),
    /// What there is to say about seats.
    Seat(seats::Answer),
    /// What there is to say about signals, lists and automations.
    Signal(signals::Answer),
    /// What there is to say about workflows.
    Workflow(workflows::Answer),
    /// What there is to say about field mappings.
    Mapping(mappings::Answer),
    /// About scores.
    Score(scores::Answer),
    /// About activations, audiences and attributes.
    Activation(activations::Answer),
}

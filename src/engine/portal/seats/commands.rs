//! What a Portal is asked about seats and what it answers. Secrets come hashed and leave plain: they travel inside the Worker only,
//! to whoever they are made for.

use serde::{Deserialize, Serialize};

use super::desk::{Desk, Wanted};
use crate::engine::portal::outbox::commands::{Asked, Taken};
use crate::hubspot::endpoint::Endpoint;
use crate::values::{
    ids::{AppKey, HubSpotUserId, PortalId, SeatId, WorkspaceId},
    secret::Secret,
    time::Timestamp,
};

/// Most seats of one page, by the API's contract; each about 300 bytes.
pub const SEATS_LIMIT: u32 = 250;

/// Something about seats. Where no app of kind `user` is configured, [`Answer::Off`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Makes a link for one of the host's users. Answers [`Answer::Invited`], [`Answer::Full`] or [`Answer::NotConnected`].
    Invite {
        /// The host's own name for its user.
        user: String,
        /// Where the user goes on to, with the code.
        return_url: String,
    },
    /// What the page of a link shows. Answers [`Answer::Card`] or [`Answer::Unknown`].
    Look {
        /// SHA-256 of the link's secret.
        link: String,
    },
    /// Uses a link up. Answers [`Answer::Started`] or [`Answer::Unknown`].
    Start {
        /// SHA-256 of the link's secret.
        link: String,
        /// SHA-256 of the cookie of the browser that leaves for HubSpot.
        browser: String,
    },
    /// Uses a state up. Answers [`Answer::Begun`] or [`Answer::Unknown`], also where another browser brings it.
    Finish {
        /// SHA-256 of the state.
        state: String,
        /// SHA-256 of the cookie of the browser that brings it.
        browser: String,
    },
    /// HubSpot has given tokens. Answers [`Answer::Code`], [`Answer::OtherPortal`], [`Answer::NotUserLevel`] or [`Answer::Unknown`].
    Authorise(Box<Authorised>),
    /// Uses a code up. Answers [`Answer::Seat`], or [`Answer::Unknown`], also where somebody else brings it than the link was made
    /// for: one who passes a link on would see with the eyes of whoever followed it.
    Redeem {
        /// SHA-256 of the code.
        code: String,
        /// Who brings it, by the host's name.
        user: String,
    },
    /// Answers [`Answer::Seats`].
    List {
        /// The row that the page before ended with; 0: from the beginning.
        after: i64,
        /// Capped at [`SEATS_LIMIT`].
        limit: u32,
    },
    /// Answers [`Answer::Seat`] or [`Answer::Unknown`].
    Get(SeatId),
    /// The owner that the user of a seat is, as the mirror has it. Answers [`Answer::Owner`], [`Answer::NoOwner`],
    /// [`Answer::NotActive`], [`Answer::NotConnected`] or [`Answer::Unknown`].
    Owner(SeatId),
    /// Ends a seat. Answers [`Answer::Seat`] or [`Answer::Unknown`].
    Revoke(SeatId),
    /// A seat's open call tasks. Answers [`Answer::Desk`], [`Answer::NoOwner`], [`Answer::NotActive`], [`Answer::NotConnected`] or
    /// [`Answer::Unknown`].
    Desk {
        /// Whose.
        seat: SeatId,
        /// Which.
        wanted: Wanted,
        /// Of the reading that was waited for.
        ticket: Option<u64>,
    },
    /// Whoever reads them says every second that they still do: otherwise nobody waits for it any more. Answers [`Answer::Desk`] with
    /// [`Desk::Wait`].
    DeskGoesOn {
        /// Whose.
        seat: SeatId,
        /// Which reading.
        ticket: u64,
    },
    /// Such a reading came to its end. Answers [`Answer::Desk`] with [`Desk::Ready`], [`Answer::NotActive`] or [`Answer::Unknown`].
    DeskRead {
        /// Whose.
        seat: SeatId,
        /// Which reading.
        ticket: u64,
        /// The API's JSON; `None`: it failed.
        told: Option<String>,
    },
    /// A call that the seat's user made, to be logged in the user's own name. Answers [`Answer::Logged`], [`Answer::NotActive`],
    /// [`Answer::NotConnected`] or [`Answer::Unknown`].
    Log {
        /// Whose.
        seat: SeatId,
        /// Of the action that logs a call; others come to nothing.
        asked: Box<Asked>,
    },
    /// The token for a call in the name of a seat. Answers [`Answer::Token`], [`Answer::Wait`], [`Answer::Failing`],
    /// [`Answer::NotActive`], [`Answer::Paused`], [`Answer::NotConnected`] or [`Answer::Unknown`].
    Token {
        /// Whose.
        seat: SeatId,
        /// HubSpot has just refused the token of this mark.
        refused: Option<String>,
        /// Where the call goes that is made with it, to be counted; `None`: it was counted.
        #[serde(default)]
        calls: Option<Endpoint>,
    },
}

/// What HubSpot gave for a seat, as it said of it.
#[derive(Serialize, Deserialize)]
pub struct Authorised {
    /// Whose.
    pub seat: SeatId,
    /// The app that was authorised.
    pub app: AppKey,
    /// The account.
    pub portal: PortalId,
    /// Who authorised.
    pub user: HubSpotUserId,
    /// Whether the token carries the rights of that person, as introspection told.
    pub user_level: bool,
    /// Plain: sealed before it is stored.
    pub access_token: String,
    /// Likewise.
    pub refresh_token: String,
    /// Life of the access token from now on, milliseconds.
    pub expires_in_ms: i64,
}

/// How a seat stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There is a link, and nobody has authorised yet.
    Invited,
    /// Authorised; the host's server has not redeemed the code.
    Pending,
    /// Calls may be made in its name.
    Active,
    /// HubSpot accepts the authorisation no more.
    Expired,
    /// The host or an administrator ended it.
    Revoked,
}

impl State {
    /// As in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A seat, to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its place in the list.
    pub number: i64,
    /// Which.
    pub id: SeatId,
    /// The host's own name for its user.
    pub user: String,
    /// How it stands.
    pub state: State,
    /// Who the user is in HubSpot, once authorised.
    pub hubspot_user: Option<HubSpotUserId>,
    /// When the newest link was made.
    pub invited_at: Timestamp,
    /// When a link that nobody has used ends.
    pub link_until: Option<Timestamp>,
    /// When it became active.
    pub active_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When a call was made in its name, to five minutes.
    pub used_at: Option<Timestamp>,
}

/// What the page of a link shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The host's own name for its user.
    pub user: String,
    /// Whose data it is about.
    pub workspace: WorkspaceId,
    /// The account's name, or its number.
    pub account: String,
    /// When the link ends.
    pub until: Timestamp,
}

/// An access token with what a call with it needs to know. Plain: it travels inside the Worker only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The token.
    #[serde(with = "plain")]
    pub access: Secret<String>,
    /// Tells it from others.
    pub mark: String,
    /// Whose windows its calls count in.
    pub app: AppKey,
    /// The account, whose limiter is asked.
    pub portal: PortalId,
    /// Who authorised.
    pub user: HubSpotUserId,
}

mod plain {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::values::secret::Secret;

    pub(super) fn serialize<S: Serializer>(secret: &Secret<String>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret<String>, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}

/// Why the user of a seat is not known as an owner: they are told apart by the owners that the mirror has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoOwner {
    /// The connection may not read owners.
    Unreadable {
        /// The scopes any of which it takes.
        scopes: Vec<String>,
    },
    /// Owners have not been read yet.
    Unread {
        /// What goes wrong with that.
        trouble: Option<String>,
    },
    /// The user is none of the active ones.
    Absent {
        /// When HubSpot told of those.
        read_at: Timestamp,
        /// From when on it is asked again; `None`: not as the connection stands.
        next_at: Option<Timestamp>,
        /// What goes wrong with that.
        trouble: Option<String>,
    },
}

/// What there is to say about seats. No `Debug` of it holds a secret but those that it is made to hand over.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A link was made.
    Invited {
        /// Whose.
        seat: Box<View>,
        /// The secret of the link.
        #[serde(with = "plain")]
        secret: Secret<String>,
        /// When the link ends.
        until: Timestamp,
    },
    /// See [`Card`].
    Card(Box<Card>),
    /// The browser may leave.
    Started {
        /// For HubSpot to give back.
        #[serde(with = "plain")]
        state: Secret<String>,
        /// The app to authorise.
        app: AppKey,
    },
    /// The way back has begun.
    Begun {
        /// Whose.
        seat: SeatId,
        /// The app that is authorised.
        app: AppKey,
        /// Where the user goes on to.
        return_url: String,
    },
    /// The seat waits for the host's server.
    Code {
        /// What it is to redeem.
        #[serde(with = "plain")]
        code: Secret<String>,
    },
    /// It is of another account than the connection; the connection's, by name.
    OtherPortal(String),
    /// It does not carry one person's rights: nothing was stored.
    NotUserLevel,
    /// A page, and the row the next one begins after.
    Seats {
        /// In order of their making.
        page: Vec<View>,
        /// `None`: this is the last page.
        next: Option<i64>,
    },
    /// One seat.
    Seat(Box<View>),
    /// An owner in the API's shape.
    Owner(String),
    /// The user is not known as an owner, so that nobody can say what is the user's.
    NoOwner(NoOwner),
    /// See [`Token`].
    Token(Box<Token>),
    /// See there.
    Desk(Desk),
    /// What became of it, as of every action.
    Logged(Taken),
    /// A refresh is under way: ask again in so many milliseconds.
    Wait(u32),
    /// The token cannot be had now.
    Failing {
        /// [`Failure::name`](crate::values::failure::Failure::name)
        failure: String,
        /// When asking again makes sense.
        retry_at: Option<Timestamp>,
    },
    /// It is not active but this.
    NotActive(State),
    /// A person has paused the connection.
    Paused,
    /// The connection is over, or not there yet.
    NotConnected,
    /// No such seat, link, state or code, or its time is over.
    Unknown,
    /// There may be no more than so many.
    Full(u32),
    /// No app of kind `user` is configured.
    Off,
}

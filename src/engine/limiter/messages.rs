//! What the `Limiter` object is asked and what it answers; both sides import this file.

use serde::{Deserialize, Serialize};

pub use super::{
    day::DayOver,
    grants::{Held, Sealed},
};
use crate::values::{
    ids::{AppKey, HubSpotUserId},
    tier::Tier,
    time::Timestamp,
};

/// What the `Limiter` object is asked, as the JSON body of a request to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Permits for calls, with news of earlier ones. Answers [`Answer::Granted`].
    Acquire(Ask),
    /// For pages. Answers [`Answer::Gauges`].
    Gauges {
        /// Whose window.
        app: AppKey,
    },
}

/// What the `Limiter` object answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// See [`Grant`].
    Granted(Grant),
    /// See [`Gauges`].
    Gauges(Gauges),
}

/// The windows a call can fall into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// The ten-second window of one app, and for private apps the daily counter.
    Core,
    /// Search, shared by every app of the portal.
    Search,
    /// The associations API's ten-second window of one app; private apps' calls count for the day too.
    Associations,
    /// Token refreshes: one at a time of each app and person, whichever connections share the grant.
    Refresh,
}

impl Window {
    /// Whether HubSpot counts its calls.
    pub const fn counts(self) -> bool {
        match self {
            Self::Core | Self::Search | Self::Associations => true,
            Self::Refresh => false,
        }
    }
}

/// Who waits: decides whether the reserve may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Nobody: backfill, polling, reads after webhooks.
    Background,
    /// A person.
    Person,
}

/// Asks for permits and brings back what became of earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Whose window.
    pub app: AppKey,
    /// Who authorised; `None`: unknown, and counted as one person.
    pub user: Option<HubSpotUserId>,
    /// Which window; `None` to bring back only.
    pub window: Option<Window>,
    /// Permits wanted, at most.
    pub count: u32,
    /// Who waits.
    pub priority: Priority,
    /// Earlier permits: answered so long ago, or unused.
    pub returns: Vec<Return>,
    /// What HubSpot said meanwhile.
    pub news: Vec<News>,
    /// Offset of the account's clock from UTC, where the asker knows it: the day begins at the account's own midnight.
    pub utc_offset_ms: Option<i64>,
    /// With [`Window::Refresh`]: the tokens the asker has of the grant. Where another holder has newer ones, they come
    /// instead of a permit.
    #[serde(default)]
    pub held: Option<Held>,
    /// Of a seat: it holds the grant of this app and person, or leaves it. Connections are counted by the Directory.
    #[serde(default)]
    pub holder: Option<Holder>,
}

/// Who holds a grant besides others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Tells holders apart; says nothing about a person.
    pub id: String,
    /// It gives the grant up: [`Grant::last`] says whether nobody else holds it.
    pub leaves: bool,
}

/// What became of one permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// The permit.
    pub permit: u64,
    /// Milliseconds since its answer came; `None`: no request left with it.
    pub answered_ms_ago: Option<u32>,
}

/// What HubSpot said about its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// A header told the size of the ten-second window, and what is left of the day where it says so.
    Headers {
        /// `X-HubSpot-RateLimit-Max`.
        max: Option<u32>,
        /// `X-HubSpot-RateLimit-Daily`.
        daily: Option<u32>,
        /// `X-HubSpot-RateLimit-Daily-Remaining`.
        daily_remaining: Option<u32>,
    },
    /// A 429 of this window's policy.
    Throttled {
        /// Which window.
        window: Window,
        /// Nothing may leave before.
        until: Timestamp,
    },
    /// A 429 of the daily policy: no call that counts for the day may leave before.
    DayOver {
        /// As HubSpot told, or an hour on.
        until: Timestamp,
    },
    /// What HubSpot's own count of the day says.
    Usage {
        /// Calls the day allows.
        limit: u32,
        /// Calls made.
        used: u32,
    },
    /// A person has said what the account's tier is; `None`: that HubSpot's answers are to tell again.
    Tier(Option<Tier>),
    /// The asker's tokens: just come from HubSpot, or just loaded.
    Tokens(Sealed),
    /// The asker, the last who held the grant, has given it up.
    GrantEnded,
}

/// The answer to an [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Permits, each for one request that leaves before `lease_ms` have passed.
    pub permits: Vec<u64>,
    /// Life of the permits in milliseconds from now.
    pub lease_ms: u32,
    /// Where fewer were granted than wanted: milliseconds until asking again makes sense.
    pub wait_ms: Option<u32>,
    /// Nothing was granted because the day is over.
    #[serde(default)]
    pub day_over: Option<DayOver>,
    /// Nothing was granted because another holder of the grant has these.
    #[serde(default)]
    pub newer: Option<Sealed>,
    /// To a [`Holder`] that leaves: nobody else holds the grant, which was forgotten here.
    #[serde(default)]
    pub last: bool,
}

/// One gauge: used of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauges {
    /// Calls in the current ten-second window.
    pub window_used: u32,
    /// Its limit.
    pub window_limit: u32,
    /// Length of the window in milliseconds.
    pub window_ms: u32,
    /// Calls today, as far as Spoke made them or HubSpot told.
    pub day_used: u32,
    /// The daily limit, where there is one.
    pub day_limit: Option<u32>,
    /// When the next day begins.
    #[serde(default)]
    pub day_ends_at: Timestamp,
    /// What a person has said the tier is.
    #[serde(default)]
    pub tier: Option<Tier>,
    /// The window is that of a publicly distributed app, whatever the tier.
    #[serde(default)]
    pub public: bool,
    /// A 429 keeps calls waiting until then.
    pub throttled_until: Option<Timestamp>,
}

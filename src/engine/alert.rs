//! What only the operator of the deployment can mend. Raised where it is noticed, counted and passed on by the Directory.

use serde::{Deserialize, Serialize};

/// One thing that is wrong with the deployment, or between it and HubSpot; nobody's connection is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    /// HubSpot refuses an app's client id, client secret or redirect URL.
    AppRefused,
    /// A connection's app is not configured any more.
    AppMissing,
    /// The key that sealed a connection's tokens is not in the keyring.
    KeyMissing,
    /// HubSpot's network refuses connections, or its certificate is not accepted (522, 525, 526).
    HubSpotUnreachable,
    /// A turn of a connection's object failed.
    TurnFailed,
}

impl Alert {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::AppRefused, Self::AppMissing, Self::KeyMissing, Self::HubSpotUnreachable, Self::TurnFailed];

    /// As in `/healthz`, in the webhook and in what is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AppRefused => "app_refused",
            Self::AppMissing => "app_missing",
            Self::KeyMissing => "key_missing",
            Self::HubSpotUnreachable => "hubspot_unreachable",
            Self::TurnFailed => "turn_failed",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alert| alert.as_str() == text)
    }

    /// What happened and what to do, for the operator.
    pub const fn words(self) -> &'static str {
        match self {
            Self::AppRefused => {
                "HubSpot refuses an app's client id, client secret or redirect URL. Compare `HUBSPOT_APPS` with the app's Auth \
                 page in HubSpot. Nobody is disconnected; connections go on once it is right."
            }
            Self::AppMissing => {
                "A connection was made through an app that `HUBSPOT_APPS` no longer names. Put the app back, or have the \
                 account connected through another."
            }
            Self::KeyMissing => {
                "Tokens were sealed with a key that `KEYRING` no longer holds. Put the key back, behind the newest one."
            }
            Self::HubSpotUnreachable => {
                "HubSpot's network refuses connections or presents a certificate that is not accepted (522, 525, 526). Calls are \
                 tried again; look at HubSpot's status page if it stays."
            }
            Self::TurnFailed => {
                "A connection's object could not finish a step and repeats it. The log line `a turn failed and is repeated` has \
                 the cause."
            }
        }
    }
}

//! Everything that can go wrong between Spoke and HubSpot, told apart: a stable name, what happened and what to do.
//!
//! The name is the last part of a problem's `type` (`/problems/…`) and stands beside every trouble that pages and the API show.
//! The README's table is made of this list (`tests/it/readme.rs`).

/// One way of failing (`hubspot-api.md` 2.5, 3.3, 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// The token that was given is not accepted, now or any more.
    BadToken,
    /// The authorisation is over.
    AuthorisationEnded,
    /// An access token's time is over.
    AccessExpired,
    /// HubSpot refuses this deployment's own app.
    AppRefused,
    /// The token service fails.
    TokenService,
    /// The key that sealed the tokens is gone.
    KeyMissing,
    /// A scope is not granted.
    MissingScope,
    /// Allowed by scope, and not permitted all the same.
    PermissionDenied,
    /// The endpoint does not take tokens of one person.
    WrongTokenKind,
    /// The fields of a type cannot be read.
    DiscoveryFailed,
    /// The token or authorisation is of another account.
    OtherPortal,
    /// Too many calls in a moment.
    Throttled,
    /// Too many calls in a day.
    DailyLimit,
    /// The account is being moved.
    AccountMoving,
    /// A record is locked.
    RecordLocked,
    /// HubSpot is overloaded, or its answer cannot be read.
    Overloaded,
    /// No connection to HubSpot, or none that can be trusted.
    Unreachable,
    /// No answer.
    Silent,
    /// There is no such record.
    RecordGone,
    /// A record with this unique value is there.
    Duplicate,
    /// The customer's own rule in HubSpot refuses a value.
    ValidationRule,
    /// HubSpot refuses values or the request.
    Refused,
    /// The request is too long, or a record was merged too often.
    TooLong,
}

impl Failure {
    /// All of them, in the README's order: access, rights, limits, the wire, records.
    pub const ALL: [Self; 23] = [
        Self::BadToken,
        Self::AuthorisationEnded,
        Self::AccessExpired,
        Self::AppRefused,
        Self::TokenService,
        Self::KeyMissing,
        Self::MissingScope,
        Self::PermissionDenied,
        Self::WrongTokenKind,
        Self::DiscoveryFailed,
        Self::OtherPortal,
        Self::Throttled,
        Self::DailyLimit,
        Self::AccountMoving,
        Self::RecordLocked,
        Self::Overloaded,
        Self::Unreachable,
        Self::Silent,
        Self::RecordGone,
        Self::Duplicate,
        Self::ValidationRule,
        Self::Refused,
        Self::TooLong,
    ];

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.name() == name)
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        self.told().0
    }

    /// How it shows: statuses, codes, or what Spoke notices.
    pub const fn signs(self) -> &'static str {
        self.told().1
    }

    /// What happened, for an administrator: one sentence.
    pub const fn what(self) -> &'static str {
        self.told().2
    }

    /// What to do.
    pub const fn remedy(self) -> &'static str {
        self.told().3
    }

    /// The status of a problem of this type.
    pub const fn status(self) -> u16 {
        match self {
            Self::Throttled | Self::DailyLimit => 429,
            Self::AccountMoving
            | Self::RecordLocked
            | Self::Overloaded
            | Self::Unreachable
            | Self::Silent => 503,
            Self::TokenService => 503,
            Self::AppRefused | Self::KeyMissing => 500,
            Self::RecordGone => 404,
            Self::OtherPortal | Self::Duplicate => 409,
            Self::BadToken | Self::AuthorisationEnded | Self::AccessExpired | Self::MissingScope => 422,
            Self::PermissionDenied | Self::WrongTokenKind | Self::DiscoveryFailed => 422,
            Self::ValidationRule | Self::Refused | Self::TooLong => 422,
        }
    }

    /// Both sentences.
    pub fn words(self) -> String {
        format!("{} {}", self.what(), self.remedy())
    }

    const fn told(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::BadToken => (
                "bad-token",
                "401 to a private app's token or a service key, three times a minute apart; at once where it is new",
                "HubSpot no longer accepts this connection's token: it was revoked or rotated in HubSpot, or the person who made it left.",
                "Make a new one and put it in under Update credentials; nothing that was read is lost.",
            ),
            Self::AuthorisationEnded => (
                "authorisation-ended",
                "`invalid_grant`, `BAD_REFRESH_TOKEN`, `BAD_HUB`, `access_denied` at a refresh, twice 20 seconds apart",
                "HubSpot no longer accepts this connection: the app was uninstalled, access was revoked, the account is closed, or the person who connected it left.",
                "Connect it again; nothing that was read is lost.",
            ),
            Self::AccessExpired => (
                "access-expired",
                "401 `EXPIRED_AUTHENTICATION`",
                "The access to HubSpot ran out.",
                "It is renewed by itself; you need not do anything.",
            ),
            Self::AppRefused => (
                "app-refused",
                "`invalid_client`, `BAD_CLIENT_…`, `BAD_REDIRECT_URI`, `unsupported_grant_type`",
                "HubSpot refuses this deployment's own client id or secret.",
                "The operator has to correct the configuration and was told; connections stay as they are.",
            ),
            Self::TokenService => (
                "token-service",
                "408, 423, 429, 477, 5xx, HTML or no answer at a refresh, three times",
                "HubSpot does not renew this connection's access at the moment.",
                "It is asked again by itself; tell whoever supports you if it stays so.",
            ),
            Self::KeyMissing => (
                "key-missing",
                "no key of `KEYRING` opens the stored tokens",
                "This deployment does not hold the key that sealed the connection's access to HubSpot.",
                "The operator has to put the key back into `KEYRING` and was told; nothing that was read is lost, and it goes on by itself.",
            ),
            Self::MissingScope => (
                "missing-scope",
                "403 `MISSING_SCOPES`, or the scope is not among those granted",
                "HubSpot permits this only with a scope that is not granted.",
                "Connect again and grant it, or ask for it alone on the Access page; with a token, add it to the key or app in HubSpot. The rest goes on.",
            ),
            Self::PermissionDenied => (
                "permission-denied",
                "403 that names no scope",
                "HubSpot does not permit this to the connection.",
                "Check that the person who connected it or made the token is active in HubSpot and may see this; then connect again.",
            ),
            Self::WrongTokenKind => (
                "wrong-token-kind",
                "403 to a token of one person",
                "HubSpot does not serve this to the token of a single user.",
                "Connect the account with the app for whole accounts.",
            ),
            Self::DiscoveryFailed => (
                "discovery-failed",
                "a refusal of the field definitions of a type",
                "HubSpot does not tell which fields this type has.",
                "Grant its `crm.schemas.….read` scope and check that the account has such records, then press Refresh fields.",
            ),
            Self::OtherPortal => (
                "other-portal",
                "the token's or authorisation's account is not the connection's",
                "This is for another HubSpot account than the connection.",
                "Use the account that was connected; make a connection of its own for the other.",
            ),
            Self::Throttled => (
                "throttled",
                "429 `TEN_SECONDLY_ROLLING`, `SECONDLY`, or of an unknown policy",
                "HubSpot asks to go slower.",
                "It is asked again by itself; you need not do anything.",
            ),
            Self::DailyLimit => (
                "daily-limit",
                "429 `DAILY`, or Spoke's own count of the day but for the reserve",
                "The HubSpot account has used up its API calls of today.",
                "Reading goes on by itself after midnight in the account's time zone. Fewer calls by other integrations, or HubSpot's API limit increase, would help.",
            ),
            Self::AccountMoving => (
                "account-moving",
                "477, with `Retry-After`",
                "HubSpot is moving this account between data centres, which can take a day.",
                "It goes on by itself afterwards; you need not do anything.",
            ),
            Self::RecordLocked => (
                "record-locked",
                "423",
                "HubSpot has locked the record for a moment.",
                "It is tried again by itself; you need not do anything.",
            ),
            Self::Overloaded => (
                "hubspot-overloaded",
                "408, 500, 502, 503, 504, 521, 523, 524, or a body that is not what it should be",
                "HubSpot is overloaded, or its answer cannot be read.",
                "It is asked again by itself; you need not do anything.",
            ),
            Self::Unreachable => (
                "hubspot-unreachable",
                "522, 525, 526",
                "HubSpot's network cannot be reached.",
                "It is tried again by itself and the operator was told; you need not do anything.",
            ),
            Self::Silent => (
                "hubspot-silent",
                "no answer within 30 seconds",
                "HubSpot did not answer.",
                "It is asked again by itself; tell whoever supports you if it stays so.",
            ),
            Self::RecordGone => {
                ("record-gone", "404 of a record", "HubSpot has no such record (any more).", "Nothing to do.")
            }
            Self::Duplicate => (
                "duplicate",
                "409",
                "HubSpot has a record with this unique value already.",
                "Change the value, or update that record.",
            ),
            Self::ValidationRule => (
                "validation-rule",
                "400 with the code of a rule (`INVALID_ALPHA` and others) for a property",
                "A rule that somebody made in HubSpot for a property refuses the value.",
                "Change the value, or the property's validation rule in HubSpot. It is not tried again by itself.",
            ),
            Self::Refused => (
                "hubspot-refused",
                "any other 4xx, with HubSpot's codes",
                "HubSpot refused the values sent.",
                "Correct them, or the rule in HubSpot that refuses them.",
            ),
            Self::TooLong => (
                "too-long",
                "414",
                "HubSpot refused the request as too long, or the record was merged too often.",
                "Choose fewer properties; if it stays, report it.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_has_a_name_signs_and_sentences_of_its_own() {
        let distinct =
            |of: fn(Failure) -> &'static str| Failure::ALL.into_iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(Failure::name), Failure::ALL.len());
        assert_eq!(distinct(Failure::signs), Failure::ALL.len());
        assert_eq!(distinct(Failure::what), Failure::ALL.len());
        for failure in Failure::ALL {
            assert!(failure.what().ends_with('.') && failure.remedy().ends_with('.'), "{failure:?}");
            assert!((400..600).contains(&failure.status()), "{failure:?}");
        }
    }
}

//! Which of HubSpot's endpoints a request goes to, for the counters, and which of HubSpot's limits it counts against.

/// A limit of its own at HubSpot (`hubspot-api.md` 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// Per app and account, ten seconds; also the daily one.
    Core,
    /// Per account, one second, shared by every app; its answers carry no rate headers.
    Search,
    /// The associations API's own.
    Association,
    /// None that is known: calls without a portal's token.
    None,
}

/// An endpoint, as counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// A page of all records of a type.
    List,
    /// Up to 100 records by id.
    BatchRead,
    /// One record by id.
    Read,
    /// A page of a search.
    Search,
    /// The property definitions of a type.
    Properties,
    /// The account's details.
    Account,
    /// The account's daily use.
    Usage,
    /// Code exchange and refresh.
    Token,
    /// What a token is.
    Introspect,
    /// The end of a refresh token.
    Revoke,
    /// The end of an installation.
    Uninstall,
}

impl Endpoint {
    /// Every endpoint, for tables and tests.
    pub const ALL: [Self; 11] = [
        Self::List,
        Self::BatchRead,
        Self::Read,
        Self::Search,
        Self::Properties,
        Self::Account,
        Self::Usage,
        Self::Token,
        Self::Introspect,
        Self::Revoke,
        Self::Uninstall,
    ];

    /// The name in counters and logs; stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::BatchRead => "batch_read",
            Self::Read => "read",
            Self::Search => "search",
            Self::Properties => "properties",
            Self::Account => "account",
            Self::Usage => "usage",
            Self::Token => "token",
            Self::Introspect => "introspect",
            Self::Revoke => "revoke",
            Self::Uninstall => "uninstall",
        }
    }

    /// The limit it counts against. Whether token calls count is unconfirmed; they carry no portal's token, so they
    /// cannot be told to a portal's window.
    pub const fn window(self) -> Window {
        match self {
            Self::Search => Window::Search,
            Self::Token | Self::Introspect | Self::Revoke => Window::None,
            Self::List
            | Self::BatchRead
            | Self::Read
            | Self::Properties
            | Self::Account
            | Self::Usage
            | Self::Uninstall => Window::Core,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_endpoint_is_counted_under_a_name_of_its_own() {
        let names: BTreeSet<_> = Endpoint::ALL.iter().map(|endpoint| endpoint.name()).collect();
        assert_eq!(names.len(), Endpoint::ALL.len());
    }
}

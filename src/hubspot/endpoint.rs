//! Which of HubSpot's endpoints a call goes to, as it is counted and shown.

use serde::{Deserialize, Serialize};

/// An endpoint, as counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// What records are linked to.
    Associations,
    /// Owners, pipelines, lists and their members, custom objects.
    Reference,
    /// The account's details and daily use, and what a token may do.
    Account,
    /// Code exchange, refresh, revoke.
    Token,
    /// Up to 100 new or changed records.
    BatchWrite,
    /// Members of a list.
    Members,
    /// Files of rows.
    Imports,
    /// The end of an installation.
    Uninstall,
}

impl Endpoint {
    /// In words, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::List => "List records",
            Self::BatchRead => "Batch read",
            Self::Read => "Read one record",
            Self::Search => "Search",
            Self::Properties => "Properties",
            Self::Associations => "Associations",
            Self::Reference => "Owners, pipelines, lists",
            Self::Account => "Account",
            Self::Token => "Tokens",
            Self::BatchWrite => "Batch write",
            Self::Members => "List members",
            Self::Imports => "Imports",
            Self::Uninstall => "Uninstall",
        }
    }
}

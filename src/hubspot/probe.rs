//! One small read for each thing a connection may be allowed: what **Test connection** asks, and what is asked of a token
//! that does not tell its scopes (`hubspot-api.md` 2.7).

use serde::{Deserialize, Serialize};

use crate::{
    hubspot::{VERSION, account, lists, objects, schemas},
    values::{
        http::Request,
        ids::{ListId, ObjectType},
        scopes,
    },
};

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// The token itself, and which account it is for.
    Account,
    /// One contact.
    Contacts,
    /// One company.
    Companies,
    /// One deal.
    Deals,
    /// One owner.
    Owners,
    /// One list.
    Lists,
    /// Which custom objects there are.
    CustomObjects,
}

impl Probe {
    /// All, in the order in which they are tried: without the first no other can work.
    pub const ALL: [Self; 7] = [
        Self::Account,
        Self::Contacts,
        Self::Companies,
        Self::Deals,
        Self::Owners,
        Self::Lists,
        Self::CustomObjects,
    ];

    /// The scope it needs.
    pub const fn scope(self) -> &'static str {
        match self {
            Self::Account => scopes::ACCOUNT,
            Self::Contacts => scopes::of_records(ObjectType::Contacts),
            Self::Companies => scopes::of_records(ObjectType::Companies),
            Self::Deals => scopes::of_records(ObjectType::Deals),
            Self::Owners => scopes::OWNERS,
            Self::Lists => scopes::LISTS,
            Self::CustomObjects => scopes::CUSTOM,
        }
    }

    /// What works if it does, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Account => "Reach the HubSpot account",
            Self::Contacts => "Read contacts",
            Self::Companies => "Read companies",
            Self::Deals => "Read deals",
            Self::Owners => "Read owners",
            Self::Lists => "Read lists",
            Self::CustomObjects => "Read which custom objects there are",
        }
    }

    /// The call.
    pub fn request(self) -> Request {
        let one = |kind| objects::get(format!("/crm/objects/{VERSION}/{kind}?limit=1"));
        match self {
            Self::Account => account::details(),
            Self::Contacts => one(ObjectType::Contacts),
            Self::Companies => one(ObjectType::Companies),
            Self::Deals => one(ObjectType::Deals),
            Self::Owners => objects::get(format!("/crm/owners/{VERSION}?limit=1")),
            // A search for a list that no account has answers as quickly as any, and with nothing.
            Self::Lists => lists::some(&[ListId(1)]),
            Self::CustomObjects => schemas::list(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::scopes::SCOPES;

    #[test]
    fn every_scope_that_reads_records_or_what_is_beside_them_is_tried() {
        for scope in SCOPES.iter().filter(|scope| scope.name.rsplit('.').next() == Some("read")) {
            let tried = Probe::ALL.iter().any(|probe| probe.scope() == scope.name);
            // Field definitions come with records, too.
            assert!(tried || scope.name.starts_with("crm.schemas."), "{}", scope.name);
        }
    }
}

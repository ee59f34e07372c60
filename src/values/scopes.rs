//! The scope table: which HubSpot scopes a feature needs. It makes the authorize URL, the check at the callback, and
//! the lists that people see, and says which object types may be read.

use crate::values::ids::ObjectType;

/// The scope that every app has.
pub const ACCOUNT: &str = "oauth";
/// The scope without which owners cannot be read.
pub const OWNERS: &str = "crm.objects.owners.read";
/// The scope without which lists and their members cannot be read.
pub const LISTS: &str = "crm.lists.read";

/// The scope without which custom objects, what they are and their records, cannot be read. Accounts have it on HubSpot's
/// Enterprise tier (SPEC of the schemas API, `x-hubspot-product-tier-requirements`).
pub const CUSTOM: &str = "crm.objects.custom.read";

/// What a scope is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// HubSpot's name.
    pub name: &'static str,
    /// Whether connecting without it is refused; otherwise only its feature is off.
    pub required: bool,
    /// What it is for, in words for an administrator.
    pub purpose: &'static str,
}

/// Every scope Spoke asks for (`hubspot-api.md` 10.2; row N1 of the features). Optional ones go into
/// `optional_scope`, so that an account whose tier lacks one can still connect.
pub const SCOPES: [Scope; 23] = [
    Scope { name: ACCOUNT, required: true, purpose: "sign in and read the account's name and limits" },
    Scope { name: "crm.objects.contacts.read", required: true, purpose: "read contacts" },
    Scope { name: "crm.schemas.contacts.read", required: true, purpose: "read which fields contacts have" },
    Scope { name: "crm.objects.companies.read", required: false, purpose: "read companies" },
    Scope {
        name: "crm.schemas.companies.read",
        required: false,
        purpose: "read which fields companies have",
    },
    Scope { name: "crm.objects.deals.read", required: false, purpose: "read deals and their pipelines" },
    Scope { name: "crm.schemas.deals.read", required: false, purpose: "read which fields deals have" },
    Scope {
        name: "crm.objects.contacts.write",
        required: false,
        purpose: "create and update contacts, tasks, calls and notes",
    },
    Scope { name: "crm.objects.companies.write", required: false, purpose: "create and update companies" },
    Scope { name: "crm.objects.deals.write", required: false, purpose: "create and update deals" },
    Scope {
        name: "crm.objects.custom.write",
        required: false,
        purpose: "update custom objects, those of them that are turned on",
    },
    Scope {
        name: "crm.schemas.contacts.write",
        required: false,
        purpose: "keep fields of contacts for audiences and attributes, and one by which nothing is written twice",
    },
    Scope { name: "crm.schemas.companies.write", required: false, purpose: "the same field of companies" },
    Scope { name: "crm.schemas.deals.write", required: false, purpose: "the same field of deals" },
    Scope {
        name: IMPORT,
        required: false,
        purpose: "send scores of accounts to companies in files, a hundred thousand at a time",
    },
    Scope { name: OWNERS, required: false, purpose: "read who records belong to, with their teams" },
    Scope { name: LISTS, required: false, purpose: "read lists and their members" },
    Scope { name: LIST_MEMBERS, required: false, purpose: "put records on lists and take them off" },
    Scope { name: CUSTOM, required: false, purpose: "read custom objects, those of them that are turned on" },
    Scope {
        name: "crm.schemas.custom.read",
        required: false,
        purpose: "read which custom objects there are and which fields they have",
    },
    Scope {
        name: APP_EVENTS,
        required: false,
        purpose: "put entries on timelines as events of the app, which HubSpot has to approve for that",
    },
    Scope {
        name: CUSTOM_EVENTS,
        required: false,
        purpose: "put entries on timelines as custom events, on tiers that have these",
    },
    Scope { name: CUSTOM_EVENT_DEFINITIONS, required: false, purpose: "define those custom events" },
];

/// Without it nothing can be sent in files (`hubspot-api.md` 7.1).
pub const IMPORT: &str = "crm.import";
/// Without it the app puts no events on timelines (`hubspot-api.md` 8.2; 12.3: sources differ, an app's settings say).
pub const APP_EVENTS: &str = "timeline";
/// Without it no custom events are sent (`hubspot-api.md` 8.3).
pub const CUSTOM_EVENTS: &str = "analytics.behavioral_events.send";
/// Without it they cannot be defined.
pub const CUSTOM_EVENT_DEFINITIONS: &str = "behavioral_events.event_definitions.read_write";

/// Without it nobody can be put on a list.
pub const LIST_MEMBERS: &str = "crm.lists.write";

/// The scope without which records of a type cannot be written (`hubspot-api.md` 4.7: what people did belongs to contacts).
pub const fn of_writes(kind: ObjectType) -> &'static str {
    match kind {
        ObjectType::Contacts | ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes => {
            "crm.objects.contacts.write"
        }
        ObjectType::Companies => "crm.objects.companies.write",
        ObjectType::Deals => "crm.objects.deals.write",
        ObjectType::Custom(_) => "crm.objects.custom.write",
    }
}

/// Names of the required (`true`) or optional (`false`) scopes, in the table's order.
pub fn names(required: bool) -> impl Iterator<Item = &'static str> {
    SCOPES.iter().filter(move |scope| scope.required == required).map(|scope| scope.name)
}

/// The optional scope of that name.
pub fn optional(name: &str) -> Option<&'static str> {
    names(false).find(|known| *known == name)
}

/// The required scopes that `granted` lacks.
pub fn missing(granted: &[String]) -> Vec<&'static str> {
    names(true).filter(|name| !granted.iter().any(|scope| scope == name)).collect()
}

/// The scope without which records of a type cannot be read. Their field definitions come with it or with
/// `crm.schemas.….read` (`hubspot-api.md` 5).
pub const fn of_records(kind: ObjectType) -> &'static str {
    match kind {
        ObjectType::Contacts => "crm.objects.contacts.read",
        ObjectType::Companies => "crm.objects.companies.read",
        ObjectType::Deals => "crm.objects.deals.read",
        // What people did belongs to the contacts they did it with (SPEC `tasks.json`, `calls.json`, `notes.json`).
        ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes => of_records(ObjectType::Contacts),
        ObjectType::Custom(_) => CUSTOM,
    }
}

/// What a call tells that works: its scope, and where it reads records that of their field definitions, which come with them
/// (`hubspot-api.md` 5).
pub fn told_by(scope: &'static str) -> impl Iterator<Item = &'static str> {
    let fields = scope.strip_prefix("crm.objects.").map(|rest| format!("crm.schemas.{rest}"));
    let is_told = move |name: &&str| *name == scope || fields.as_deref() == Some(*name);
    SCOPES.iter().map(|scope| scope.name).filter(is_told)
}

/// What `granted` lacks for reading records of a type.
pub fn lacking(kind: ObjectType, granted: &[String]) -> Option<&'static str> {
    Some(of_records(kind)).filter(|name| !granted.iter().any(|scope| scope == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_names_required_scopes_only() {
        let granted = ["oauth".to_owned(), "crm.objects.contacts.read".to_owned()];
        assert_eq!(missing(&granted), ["crm.schemas.contacts.read"]);
    }

    #[test]
    fn records_that_can_be_read_tell_of_their_fields_and_of_nothing_else() {
        let told = |scope| told_by(scope).collect::<Vec<_>>();
        assert_eq!(told("crm.objects.deals.read"), ["crm.objects.deals.read", "crm.schemas.deals.read"]);
        assert_eq!(told(OWNERS), [OWNERS]);
        assert_eq!(told(ACCOUNT), [ACCOUNT]);
    }

    #[test]
    fn every_type_is_written_with_a_scope_of_the_table() {
        let further = ObjectType::FURTHER.into_iter().chain([ObjectType::Custom(7)]);
        let kinds = ObjectType::ALWAYS.into_iter().chain(further);
        for name in kinds.map(of_writes).chain([LIST_MEMBERS, IMPORT, APP_EVENTS, CUSTOM_EVENTS]) {
            assert_eq!(optional(name), Some(name), "nobody is asked to grant it");
        }
    }

    #[test]
    fn every_type_is_read_with_a_scope_of_the_table() {
        let further = ObjectType::FURTHER.into_iter().chain([ObjectType::Custom(7)]);
        for kind in ObjectType::ALWAYS.into_iter().chain(further) {
            assert!(SCOPES.iter().any(|scope| scope.name == of_records(kind)), "{kind}");
            assert_eq!(lacking(kind, &[of_records(kind).to_owned()]), None);
            assert_eq!(lacking(kind, &["oauth".to_owned()]), Some(of_records(kind)));
        }
    }
}

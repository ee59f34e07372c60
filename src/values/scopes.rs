//! The scope table: which HubSpot scopes a feature needs. It makes the authorize URL, the check at the callback, and
//! the lists that people see.

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
pub const SCOPES: [Scope; 6] = [
    Scope { name: "oauth", required: true, purpose: "sign in and read the account's name and limits" },
    Scope { name: "crm.objects.contacts.read", required: true, purpose: "read contacts" },
    Scope { name: "crm.schemas.contacts.read", required: true, purpose: "read which fields contacts have" },
    Scope { name: "crm.objects.contacts.write", required: false, purpose: "create and update contacts" },
    Scope { name: "crm.objects.owners.read", required: false, purpose: "show who owns a contact" },
    Scope { name: "crm.lists.read", required: false, purpose: "read lists and their members" },
];

/// Names of the required (`true`) or optional (`false`) scopes, in the table's order.
pub fn names(required: bool) -> impl Iterator<Item = &'static str> {
    SCOPES.iter().filter(move |scope| scope.required == required).map(|scope| scope.name)
}

/// The required scopes that `granted` lacks.
pub fn missing(granted: &[String]) -> Vec<&'static str> {
    names(true).filter(|name| !granted.iter().any(|scope| scope == name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_names_required_scopes_only() {
        let granted = ["oauth".to_owned(), "crm.objects.contacts.read".to_owned()];
        assert_eq!(missing(&granted), ["crm.schemas.contacts.read"]);
    }
}

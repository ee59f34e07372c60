//! What sets one object type apart from another. Owns nothing.

use crate::schema::{Table, company_properties, deal_properties, further_properties, hubspot_defined};

/// One object type of the CRM (`hubspot-api.md` 4.1, 4.2).
#[derive(Debug)]
pub struct ObjectKind {
    /// Its place in [`KINDS`] and among an account's stores.
    pub(crate) place: usize,
    /// `0-1`
    pub type_id: &'static str,
    /// `contacts`, as in paths.
    pub name: &'static str,
    /// `contact`, as in classic webhook subscriptions.
    pub classic: &'static str,
    /// `CONTACT`, as in messages.
    pub singular: &'static str,
    /// `Contact`, as in other messages.
    pub title: &'static str,
    pub read_scope: &'static str,
    pub write_scope: &'static str,
    pub schema_read_scope: &'static str,
    pub schema_write_scope: &'static str,
    /// Answered when no properties are asked for.
    pub default_properties: &'static [&'static str],
    /// Answered whatever is asked for.
    pub always_properties: &'static [&'static str],
    pub created_property: &'static str,
    /// `lastmodifieddate` on contacts, `hs_lastmodifieddate` elsewhere.
    pub modified_property: &'static str,
    /// Of each set a new record needs one (`hubspot-api.md` 4.4).
    pub required: &'static [&'static [&'static str]],
    /// What search's `query` looks at (`hubspot-api.md` 4.6).
    pub searched: &'static [&'static str],
    /// Properties that count live links to records of a type.
    pub counted: &'static [(&'static str, &'static str)],
    /// The property that holds the primary company's id.
    pub primary_company: Option<&'static str>,
    /// Whether privacy deletion exists by API, and its webhook.
    pub erasable: bool,
    /// Whether it has classic webhooks, merges and, as far as modelled, pipelines.
    pub classical: bool,
    /// HubSpot's own properties.
    pub(crate) table: &'static Table,
}

/// Contacts.
pub static CONTACTS: ObjectKind = ObjectKind {
    place: 0,
    type_id: "0-1",
    name: "contacts",
    classic: "contact",
    singular: "CONTACT",
    title: "Contact",
    read_scope: "crm.objects.contacts.read",
    write_scope: "crm.objects.contacts.write",
    schema_read_scope: "crm.schemas.contacts.read",
    schema_write_scope: "crm.schemas.contacts.write",
    default_properties: &["createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"],
    always_properties: &["createdate", "hs_object_id", "lastmodifieddate"],
    created_property: "createdate",
    modified_property: "lastmodifieddate",
    required: &[&["email", "firstname", "lastname"]],
    searched: &[
        "firstname",
        "lastname",
        "email",
        "phone",
        "hs_additional_emails",
        "fax",
        "mobilephone",
        "company",
    ],
    counted: &[("num_associated_deals", "0-3")],
    primary_company: Some("associatedcompanyid"),
    erasable: true,
    classical: true,
    table: &hubspot_defined::CONTACTS,
};

/// Companies. Nothing keeps two from having the same domain (`hubspot-api.md` 4.4).
pub static COMPANIES: ObjectKind = ObjectKind {
    place: 1,
    type_id: "0-2",
    name: "companies",
    classic: "company",
    singular: "COMPANY",
    title: "Company",
    read_scope: "crm.objects.companies.read",
    write_scope: "crm.objects.companies.write",
    schema_read_scope: "crm.schemas.companies.read",
    schema_write_scope: "crm.schemas.companies.write",
    default_properties: &["createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"],
    always_properties: &["createdate", "hs_lastmodifieddate", "hs_object_id"],
    created_property: "createdate",
    modified_property: "hs_lastmodifieddate",
    required: &[&["name", "domain"]],
    searched: &["website", "phone", "name", "domain"],
    counted: &[("num_associated_contacts", "0-1"), ("num_associated_deals", "0-3")],
    primary_company: None,
    erasable: false,
    classical: true,
    table: &company_properties::COMPANIES,
};

/// Deals.
pub static DEALS: ObjectKind = ObjectKind {
    place: 2,
    type_id: "0-3",
    name: "deals",
    classic: "deal",
    singular: "DEAL",
    title: "Deal",
    read_scope: "crm.objects.deals.read",
    write_scope: "crm.objects.deals.write",
    schema_read_scope: "crm.schemas.deals.read",
    schema_write_scope: "crm.schemas.deals.write",
    default_properties: &[
        "amount",
        "closedate",
        "createdate",
        "dealname",
        "dealstage",
        "hs_lastmodifieddate",
        "hs_object_id",
        "pipeline",
    ],
    always_properties: &["createdate", "hs_lastmodifieddate", "hs_object_id"],
    created_property: "createdate",
    modified_property: "hs_lastmodifieddate",
    required: &[&["dealname"], &["dealstage"]],
    searched: &["dealname", "pipeline", "dealstage", "description", "dealtype"],
    counted: &[("num_associated_contacts", "0-1")],
    primary_company: Some("hs_primary_associated_company"),
    erasable: false,
    classical: true,
    table: &deal_properties::DEALS,
};

/// What activities have in common. They belong to the contacts they are about, and so do their scopes (SPEC `tasks.json`).
const ACTIVITY: ObjectKind = ObjectKind {
    place: 0,
    type_id: "",
    name: "",
    classic: "",
    singular: "",
    title: "",
    read_scope: "crm.objects.contacts.read",
    write_scope: "crm.objects.contacts.write",
    schema_read_scope: "crm.schemas.contacts.read",
    schema_write_scope: "crm.schemas.contacts.write",
    default_properties: &["hs_createdate", "hs_lastmodifieddate", "hs_object_id"],
    always_properties: &["hs_createdate", "hs_lastmodifieddate", "hs_object_id"],
    created_property: "hs_createdate",
    modified_property: "hs_lastmodifieddate",
    required: &[&["hs_timestamp"]],
    searched: &[],
    counted: &[],
    primary_company: None,
    erasable: false,
    classical: false,
    table: &further_properties::NOTES,
};

/// Tasks.
pub static TASKS: ObjectKind = ObjectKind {
    place: 3,
    type_id: "0-27",
    name: "tasks",
    classic: "task",
    singular: "TASK",
    title: "Task",
    searched: &["hs_task_subject", "hs_task_body"],
    table: &further_properties::TASKS,
    ..ACTIVITY
};

/// Calls.
pub static CALLS: ObjectKind = ObjectKind {
    place: 4,
    type_id: "0-48",
    name: "calls",
    classic: "call",
    singular: "CALL",
    title: "Call",
    searched: &["hs_call_title", "hs_call_body"],
    table: &further_properties::CALLS,
    ..ACTIVITY
};

/// Notes.
pub static NOTES: ObjectKind = ObjectKind {
    place: 5,
    type_id: "0-46",
    name: "notes",
    classic: "note",
    singular: "NOTE",
    title: "Note",
    searched: &["hs_note_body"],
    table: &further_properties::NOTES,
    ..ACTIVITY
};

/// A custom object of whatever name; see [`crate::schemas`].
const fn custom(place: usize, type_id: &'static str) -> ObjectKind {
    ObjectKind {
        place,
        type_id,
        name: type_id,
        classic: "",
        singular: type_id,
        title: "Custom object",
        read_scope: "crm.objects.custom.read",
        write_scope: "crm.objects.custom.write",
        schema_read_scope: "crm.schemas.custom.read",
        schema_write_scope: "crm.schemas.custom.write",
        required: &[],
        table: &further_properties::CUSTOM,
        ..ACTIVITY
    }
}

/// As many custom objects as an account here can have.
pub static CUSTOM: [ObjectKind; 8] = [
    custom(6, "2-46100031"),
    custom(7, "2-46100032"),
    custom(8, "2-46200007"),
    custom(9, "2-46200011"),
    custom(10, "2-46200012"),
    custom(11, "2-46200013"),
    custom(12, "2-46300001"),
    custom(13, "2-46300002"),
];

/// Every type that is modelled, in order of place.
pub static KINDS: [&ObjectKind; 14] = [
    &CONTACTS, &COMPANIES, &DEALS, &TASKS, &CALLS, &NOTES, &CUSTOM[0], &CUSTOM[1], &CUSTOM[2], &CUSTOM[3],
    &CUSTOM[4], &CUSTOM[5], &CUSTOM[6], &CUSTOM[7],
];

impl ObjectKind {
    /// By the name or id used in a path.
    pub fn named(text: &str) -> Option<&'static Self> {
        KINDS.into_iter().find(|kind| text == kind.name || text == kind.type_id)
    }

    /// A task, call or note.
    pub fn is_activity(&self) -> bool {
        ["0-27", "0-48", "0-46"].contains(&self.type_id)
    }

    /// Whether links between records of these types are modelled.
    pub(crate) fn links_to(&self, other: &Self) -> bool {
        let fit = |kind: &Self| kind.classical || kind.is_activity();
        fit(self) && fit(other) && (self.classical || other.classical)
    }

    /// Whether it is one that accounts define themselves.
    pub(crate) fn is_custom(&self) -> bool {
        self.type_id.starts_with("2-")
    }

    /// By id.
    pub fn of_id(type_id: &str) -> Option<&'static Self> {
        KINDS.into_iter().find(|kind| type_id == kind.type_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_name_and_id_and_stands_at_its_place() {
        for (place, kind) in KINDS.into_iter().enumerate() {
            assert_eq!(kind.place, place);
            for text in [kind.name, kind.type_id] {
                assert_eq!(ObjectKind::named(text).map(|own| own.place), Some(place));
            }
        }
        assert!(ObjectKind::named("unicorns").is_none());
    }
}

//! What sets one object type apart from another. Owns nothing.

/// One object type of the CRM (`hubspot-api.md` 4.1, 4.2).
#[derive(Debug)]
pub struct ObjectKind {
    /// `0-1`
    pub type_id: &'static str,
    /// `contacts`, as in paths.
    pub name: &'static str,
    /// `CONTACT`, as in messages.
    pub singular: &'static str,
    pub read_scope: &'static str,
    pub write_scope: &'static str,
    pub schema_read_scope: &'static str,
    pub schema_write_scope: &'static str,
    /// Answered when no properties are asked for.
    pub default_properties: &'static [&'static str],
    /// Answered whatever is asked for.
    pub always_properties: &'static [&'static str],
    /// `lastmodifieddate` on contacts, `hs_lastmodifieddate` elsewhere.
    pub modified_property: &'static str,
}

/// Contacts.
pub static CONTACTS: ObjectKind = ObjectKind {
    type_id: "0-1",
    name: "contacts",
    singular: "CONTACT",
    read_scope: "crm.objects.contacts.read",
    write_scope: "crm.objects.contacts.write",
    schema_read_scope: "crm.schemas.contacts.read",
    schema_write_scope: "crm.schemas.contacts.write",
    default_properties: &["createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"],
    always_properties: &["createdate", "hs_object_id", "lastmodifieddate"],
    modified_property: "lastmodifieddate",
};

impl ObjectKind {
    /// By the name or id used in a path.
    pub fn named(text: &str) -> Option<&'static Self> {
        (text == CONTACTS.name || text == CONTACTS.type_id).then_some(&CONTACTS)
    }
}

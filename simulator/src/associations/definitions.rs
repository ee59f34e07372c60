//! Which types of association exist between two object types. Owns an account's own labels; HubSpot's are a table.

use serde::Serialize;

use crate::objects::kind::{CALLS, COMPANIES, CONTACTS, DEALS, NOTES, ObjectKind, TASKS};

/// A type's number: HubSpot's `associationTypeId`, unlike for each direction.
pub type TypeId = u32;

/// The lowest id of an account's own label.
const FIRST_OWN: TypeId = 101;

/// HubSpot's own: from, to, id, id of the other direction, label. The first of a pair of types is the unlabelled one.
/// Source: `hubspot-api.md` 4.8.
const HUBSPOT_DEFINED: [(&str, &str, TypeId, TypeId, Option<&str>); 31] = [
    (CONTACTS.type_id, CONTACTS.type_id, 449, 449, None),
    (CONTACTS.type_id, COMPANIES.type_id, 279, 280, None),
    (CONTACTS.type_id, COMPANIES.type_id, PRIMARY_OF_CONTACT, 2, Some("Primary")),
    (CONTACTS.type_id, DEALS.type_id, 4, 3, None),
    (COMPANIES.type_id, CONTACTS.type_id, 280, 279, None),
    (COMPANIES.type_id, CONTACTS.type_id, 2, PRIMARY_OF_CONTACT, Some("Primary")),
    (COMPANIES.type_id, COMPANIES.type_id, 450, 450, None),
    (COMPANIES.type_id, DEALS.type_id, 342, 341, None),
    (COMPANIES.type_id, DEALS.type_id, 6, PRIMARY_OF_DEAL, Some("Primary")),
    (DEALS.type_id, CONTACTS.type_id, 3, 4, None),
    (DEALS.type_id, COMPANIES.type_id, 341, 342, None),
    (DEALS.type_id, COMPANIES.type_id, PRIMARY_OF_DEAL, 6, Some("Primary")),
    (DEALS.type_id, DEALS.type_id, 451, 451, None),
    (CONTACTS.type_id, TASKS.type_id, 203, 204, None),
    (TASKS.type_id, CONTACTS.type_id, 204, 203, None),
    (COMPANIES.type_id, TASKS.type_id, 191, 192, None),
    (TASKS.type_id, COMPANIES.type_id, 192, 191, None),
    (DEALS.type_id, TASKS.type_id, 215, 216, None),
    (TASKS.type_id, DEALS.type_id, 216, 215, None),
    (CONTACTS.type_id, CALLS.type_id, 193, 194, None),
    (CALLS.type_id, CONTACTS.type_id, 194, 193, None),
    (COMPANIES.type_id, CALLS.type_id, 181, 182, None),
    (CALLS.type_id, COMPANIES.type_id, 182, 181, None),
    (DEALS.type_id, CALLS.type_id, 205, 206, None),
    (CALLS.type_id, DEALS.type_id, 206, 205, None),
    (CONTACTS.type_id, NOTES.type_id, 201, 202, None),
    (NOTES.type_id, CONTACTS.type_id, 202, 201, None),
    (COMPANIES.type_id, NOTES.type_id, 189, 190, None),
    (NOTES.type_id, COMPANIES.type_id, 190, 189, None),
    (DEALS.type_id, NOTES.type_id, 213, 214, None),
    (NOTES.type_id, DEALS.type_id, 214, 213, None),
];

/// Of which a record has one at most: contact to company, deal to company.
pub const PRIMARY_OF_CONTACT: TypeId = 1;
pub const PRIMARY_OF_DEAL: TypeId = 5;

/// One type of association in one direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Definition {
    #[serde(skip)]
    pub from: &'static str,
    #[serde(skip)]
    pub to: &'static str,
    /// `HUBSPOT_DEFINED` or `USER_DEFINED`.
    pub category: &'static str,
    #[serde(rename = "typeId")]
    pub id: TypeId,
    /// None of the unlabelled one.
    pub label: Option<String>,
    /// The type seen from the other side.
    #[serde(skip)]
    pub inverse: TypeId,
}

/// All types of association of an account.
#[derive(Debug)]
pub(crate) struct Definitions(Vec<Definition>);

impl Definitions {
    /// HubSpot's own.
    pub fn first() -> Self {
        let own = HUBSPOT_DEFINED.map(|(from, to, id, inverse, label)| Definition {
            from,
            to,
            category: "HUBSPOT_DEFINED",
            id,
            label: label.map(str::to_owned),
            inverse,
        });
        Self(own.into())
    }

    /// Those of one direction, the unlabelled one first.
    pub fn between(&self, from: &ObjectKind, to: &ObjectKind) -> impl Iterator<Item = &Definition> {
        let (from, to) = (from.type_id, to.type_id);
        self.0.iter().filter(move |own| own.from == from && own.to == to)
    }

    /// The unlabelled one.
    pub fn unlabelled(&self, from: &ObjectKind, to: &ObjectKind) -> Option<&Definition> {
        self.between(from, to).find(|own| own.label.is_none())
    }

    /// One of a direction.
    pub fn get(&self, from: &ObjectKind, to: &ObjectKind, id: TypeId) -> Option<&Definition> {
        self.between(from, to).find(|own| own.id == id)
    }

    /// One that starts at this type, wherever it leads.
    pub fn from(&self, from: &ObjectKind, id: TypeId) -> Option<&Definition> {
        self.0.iter().find(|own| own.from == from.type_id && own.id == id)
    }

    /// Adds an account's own label; its two directions. Where both sides have the same label between records of one type,
    /// both directions are one.
    pub fn add(
        &mut self,
        from: &ObjectKind,
        to: &ObjectKind,
        label: &str,
        inverse_label: Option<&str>,
    ) -> Vec<Definition> {
        let own = self.0.iter().filter(|own| own.category == "USER_DEFINED");
        let id = own.map(|own| own.id + 1).max().unwrap_or(FIRST_OWN);
        let symmetric = from.type_id == to.type_id && inverse_label.is_none_or(|inverse| inverse == label);
        let inverse = if symmetric { id } else { id + 1 };
        let make = |from: &ObjectKind, to: &ObjectKind, id, inverse, label: &str| Definition {
            from: from.type_id,
            to: to.type_id,
            category: "USER_DEFINED",
            id,
            label: Some(label.to_owned()),
            inverse,
        };
        let mut added = vec![make(from, to, id, inverse, label)];
        if !symmetric {
            added.push(make(to, from, inverse, id, inverse_label.unwrap_or(label)));
        }
        self.0.extend(added.iter().cloned());
        added
    }

    /// Gives an own label other words; whether there is one.
    pub fn rename(
        &mut self,
        from: &ObjectKind,
        to: &ObjectKind,
        id: TypeId,
        label: &str,
        inverse_label: Option<&str>,
    ) -> bool {
        let Some(inverse) = self.own(from, to, id).map(|own| own.inverse) else { return false };
        for own in &mut self.0 {
            if own.category == "USER_DEFINED" && own.id == id {
                own.label = Some(label.to_owned());
            } else if own.category == "USER_DEFINED" && own.id == inverse {
                own.label = Some(inverse_label.unwrap_or(label).to_owned());
            }
        }
        true
    }

    /// Takes an own label away in both directions; both ids, if there was one.
    pub fn remove(&mut self, from: &ObjectKind, to: &ObjectKind, id: TypeId) -> Option<[TypeId; 2]> {
        let inverse = self.own(from, to, id)?.inverse;
        self.0.retain(|own| own.category != "USER_DEFINED" || (own.id != id && own.id != inverse));
        Some([id, inverse])
    }

    fn own(&self, from: &ObjectKind, to: &ObjectKind, id: TypeId) -> Option<&Definition> {
        self.get(from, to, id).filter(|own| own.category == "USER_DEFINED")
    }
}

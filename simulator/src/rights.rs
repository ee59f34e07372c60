//! What one person may do in an account, which is all that the token of a user-level app may do (`hubspot-api.md` 2.8).
//! Owns nothing: rights are [`crate::grants`]', owners and teams the account's. They are read anew at every call, so a
//! change of them holds from the next call on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Problem;
use crate::grants::User;
use crate::objects::input::Sent;
use crate::objects::kind::{KINDS, ObjectKind};
use crate::objects::record::{Record, Values};
use crate::objects::store::Store;
use crate::portal::{Portal, Turn};
use crate::switches::{HiddenRecord, RefusedField};

/// HubSpot's words to a token with one user's rights (`hubspot-api.md` 2.8).
const USER_LEVEL: &str = "User level OAuth token is not allowed for this endpoint";

/// The property that says whose a record is.
const OWNER: &str = "hubspot_owner_id";

/// Whose records a right reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    #[default]
    All,
    /// Those of the person and of everybody who shares a team.
    Team,
    /// Those of the person.
    Owned,
    None,
}

/// What a person may do with records of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectRights {
    pub view: Reach,
    /// Never beyond [`Self::view`].
    pub edit: Reach,
    /// Never beyond [`Self::view`].
    pub delete: Reach,
    pub create: bool,
    /// Whether records without an owner are within `team` and `owned`.
    pub unassigned: bool,
}

impl Default for ObjectRights {
    fn default() -> Self {
        let all = Reach::All;
        Self { view: all, edit: all, delete: all, create: true, unassigned: false }
    }
}

/// What a person may do with one property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldRight {
    Edit,
    View,
    None,
}

/// What a person may do in one account. What is not named is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rights {
    /// By type, as in paths (`contacts`).
    pub objects: BTreeMap<String, ObjectRights>,
    /// By type and property.
    pub fields: BTreeMap<String, BTreeMap<String, FieldRight>>,
    /// Whether records may be linked and unlinked.
    pub edit_associations: bool,
    /// Whether properties may be defined, changed and archived.
    pub edit_property_settings: bool,
}

impl Default for Rights {
    fn default() -> Self {
        let (objects, fields) = (BTreeMap::new(), BTreeMap::new());
        Self { objects, fields, edit_associations: true, edit_property_settings: true }
    }
}

impl Rights {
    /// What may be done with records of a type.
    pub fn of(&self, object_type: &str) -> ObjectRights {
        self.objects.get(object_type).cloned().unwrap_or_default()
    }

    /// Whether these rights cover a scope: HubSpot lets a person authorise a user-level app only for what that person may
    /// do (its page on user-level apps). A scope is of the type it is named for, whatever else comes with it; scopes of
    /// none are covered.
    pub fn cover(&self, scope: &str) -> bool {
        let sees = |own: &ObjectRights| own.view != Reach::None;
        let writes = |own: &ObjectRights| sees(own) && (own.edit != Reach::None || own.create);
        KINDS.iter().filter(|kind| kind.classical).all(|kind| {
            let own = self.of(kind.name);
            (kind.read_scope != scope || sees(&own)) && (kind.write_scope != scope || writes(&own))
        })
    }
}

/// What somebody is about to do with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    View,
    Edit,
    Delete,
}

/// The person behind a user-level token, as an account knows them at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    rights: Rights,
    /// Super admins may do everything, whatever their rights say.
    super_admin: bool,
    /// Owner ids of the person.
    own: BTreeSet<String>,
    /// The same of everybody in one of the person's teams.
    team: BTreeSet<String>,
}

impl Viewer {
    pub(crate) fn new(user: &User, portal: &Portal) -> Self {
        let mine =
            || portal.owners().iter().filter(|owner| owner.user_id == Some(user.user_id) && !owner.archived);
        let teams: BTreeSet<&str> =
            mine().flat_map(|owner| &owner.teams).map(|team| team.id.as_str()).collect();
        let shares = |team: &crate::owners::Team| teams.contains(team.id.as_str());
        let mates = portal.owners().iter().filter(|owner| owner.teams.iter().any(shares));
        Self {
            rights: user.rights.get(&portal.portal_id).cloned().unwrap_or_default(),
            super_admin: user.super_admin,
            own: mine().map(|owner| owner.id.to_string()).collect(),
            team: mates.map(|owner| owner.id.to_string()).collect(),
        }
    }

    fn may(&self, act: Act, store: &Store, values: &Values) -> bool {
        if self.super_admin {
            return true;
        }
        let rights = self.rights.of(store.kind().name);
        let owner = store.schema.key(OWNER).and_then(|key| values.get(key)).filter(|id| !id.is_empty());
        let within = |reach: Reach| match (reach, owner) {
            (Reach::All, _) => true,
            (Reach::None, _) => false,
            (Reach::Team | Reach::Owned, None) => rights.unassigned,
            (Reach::Owned, Some(id)) => self.own.contains(id),
            (Reach::Team, Some(id)) => self.own.contains(id) || self.team.contains(id),
        };
        within(rights.view)
            && match act {
                Act::View => true,
                Act::Edit => within(rights.edit),
                Act::Delete => within(rights.delete),
            }
    }

    fn field(&self, kind: &ObjectKind, name: &str) -> FieldRight {
        // Nobody can be kept from a record's id and dates: HubSpot sets no rights on them.
        if self.super_admin || kind.always_properties.contains(&name) {
            return FieldRight::Edit;
        }
        let own = self.rights.fields.get(kind.name).and_then(|fields| fields.get(name));
        own.copied().unwrap_or(FieldRight::Edit)
    }
}

/// 403 as of a token that is refused whatever its scopes.
pub(crate) fn wrong_kind() -> Problem {
    Problem::new(403, USER_LEVEL)
}

/// What the caller may do; everything where the token is not one user's.
impl Turn<'_> {
    /// Whether the caller may see a record with these values.
    pub(crate) fn sees(&self, store: &Store, values: &Values) -> bool {
        self.viewer.is_none_or(|viewer| viewer.may(Act::View, store, values))
    }

    /// Whether the caller may know the values of a property.
    pub(crate) fn shows(&self, kind: &ObjectKind, name: &str) -> bool {
        self.viewer.is_none_or(|viewer| viewer.field(kind, name) != FieldRight::None)
    }

    /// A found record that the caller may see: 404 for others, as for ids that are nobody's.
    pub(crate) fn seen<'r>(&self, store: &Store, record: &'r Record) -> Result<&'r Record, Problem> {
        if self.sees(store, &record.values) {
            return Ok(record);
        }
        Err(match self.switches.user_level_hidden_record {
            HiddenRecord::NotFound => Problem::resource_not_found(),
            HiddenRecord::Forbidden => Problem::no_permission("view this record"),
        })
    }

    /// Refuses what the caller may not do with a record that the caller sees.
    pub(crate) fn allow(&self, act: Act, store: &Store, values: &Values) -> Result<(), Problem> {
        if self.viewer.is_none_or(|viewer| viewer.may(act, store, values)) {
            return Ok(());
        }
        Err(Problem::no_permission(match act {
            Act::View => "view this record",
            Act::Edit => "edit this record",
            Act::Delete => "delete this record",
        }))
    }

    /// Refuses a new record of a type the caller may not create.
    pub(crate) fn allow_new(&self, kind: &ObjectKind) -> Result<(), Problem> {
        let may = |viewer: &Viewer| viewer.super_admin || viewer.rights.of(kind.name).create;
        if self.viewer.is_none_or(may) {
            return Ok(());
        }
        Err(Problem::no_permission(&format!("create a {}", kind.classic)))
    }

    /// Refuses values of properties that the caller may not set. Those of an unknown name are left to validation.
    pub(crate) fn allow_values(&self, store: &Store, portal_id: u64, sent: &Sent) -> Result<(), Problem> {
        let kind = store.kind();
        let Some(viewer) = self.viewer else { return Ok(()) };
        let refused = sent
            .keys()
            .find(|name| store.schema.live(name).is_some() && viewer.field(kind, name) != FieldRight::Edit);
        let Some(name) = refused else { return Ok(()) };
        Err(match self.switches.user_level_refused_field {
            RefusedField::Forbidden => Problem::no_permission(&format!("edit the property {name}")),
            RefusedField::ReadOnly => {
                let message = format!("\"{name}\" is a read only property; its value cannot be set.");
                crate::objects::validation::refused_value(portal_id, name, "READ_ONLY_VALUE", message)
            }
        })
    }

    /// Refuses links by a caller who may not set any.
    pub(crate) fn allow_links(&self) -> Result<(), Problem> {
        if self.viewer.is_none_or(|viewer| viewer.super_admin || viewer.rights.edit_associations) {
            return Ok(());
        }
        Err(Problem::no_permission("edit associations"))
    }

    /// Refuses changes of properties themselves by a caller who may not make any.
    pub(crate) fn allow_property_settings(&self) -> Result<(), Problem> {
        if self.viewer.is_none_or(|viewer| viewer.super_admin || viewer.rights.edit_property_settings) {
            return Ok(());
        }
        Err(Problem::no_permission("edit property settings"))
    }

    /// Refuses privacy deletions to all but super admins, as HubSpot's own pages do.
    pub(crate) fn allow_erasure(&self) -> Result<(), Problem> {
        if self.viewer.is_none_or(|viewer| viewer.super_admin) {
            return Ok(());
        }
        Err(Problem::no_permission("permanently delete contacts"))
    }

    /// Refuses calls about a type of which the caller may see nothing, where the switch says so.
    pub(crate) fn allow_type(&self, kind: &ObjectKind) -> Result<(), Problem> {
        let none = |viewer: &Viewer| !viewer.super_admin && viewer.rights.of(kind.name).view == Reach::None;
        if self.switches.user_level_no_view_is_403 && self.viewer.is_some_and(none) {
            return Err(Problem::no_permission(&format!("view {}", kind.name)));
        }
        Ok(())
    }

    /// Whether the answer to the properties API leaves a property out.
    pub(crate) fn defines(&self, kind: &ObjectKind, name: &str) -> bool {
        !self.switches.user_level_hides_definitions || self.shows(kind, name)
    }
}

impl Portal {
    /// Whether a record is live and the caller may see it.
    pub(crate) fn is_seen(&self, turn: &Turn<'_>, kind: &ObjectKind, id: u64) -> bool {
        let store = self.store(kind);
        self.is_live(kind, id) && store.get(id).is_some_and(|record| turn.sees(store, &record.values))
    }
}

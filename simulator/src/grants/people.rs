//! Who belongs to an account, may authorise which kind of app there, and what ends with them.

use std::collections::BTreeSet;

use super::{App, Grant, Grants, PrivateApp, StaticKind, User};
use crate::Switches;
use crate::rights::Rights;

/// Why a person may not authorise an app for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MayNot {
    /// Not this person's account.
    OtherAccount,
    /// An account-level app, and neither a super admin nor somebody with Marketplace access.
    NotAnAdmin,
    /// A user-level app that requires a scope beyond the person's own rights.
    BeyondRights { scope: String },
    /// A user-level app while HubSpot has none.
    NoSuchKind,
}

impl User {
    /// What the person may do in an account; everything if nothing was set.
    pub fn rights_in(&self, portal_id: u64) -> Rights {
        self.rights.get(&portal_id).cloned().unwrap_or_default()
    }

    /// Whether the person may do in the account what a scope gives.
    pub(crate) fn covers(&self, portal_id: u64, scope: &str) -> bool {
        self.super_admin || self.rights_in(portal_id).cover(scope)
    }

    /// Whether the person may authorise an app for the account (`hubspot-api.md` 2.8).
    pub(crate) fn may_authorize(&self, switches: &Switches, app: &App, portal_id: u64) -> Result<(), MayNot> {
        if !self.portals.contains(&portal_id) {
            return Err(MayNot::OtherAccount);
        }
        if !app.user_level {
            let may = self.super_admin || self.marketplace_access;
            return if may { Ok(()) } else { Err(MayNot::NotAnAdmin) };
        }
        if !switches.user_level_apps {
            return Err(MayNot::NoSuchKind);
        }
        let beyond = app.required_scopes.iter().find(|scope| !self.covers(portal_id, scope));
        match beyond.filter(|_| switches.user_level_scopes_need_rights) {
            Some(scope) => Err(MayNot::BeyondRights { scope: scope.clone() }),
            None => Ok(()),
        }
    }
}

impl Grants {
    /// Takes a person out of one account, or of all. Says whether they were there.
    pub fn remove_user(&mut self, user_id: u64, portal_id: Option<u64>) -> bool {
        let Some(user) = self.users.get_mut(&user_id) else { return false };
        let left: BTreeSet<u64> = match portal_id {
            Some(id) => user.portals.remove(&id).then_some(id).into_iter().collect(),
            None => std::mem::take(&mut user.portals),
        };
        self.removed.extend(left.iter().map(|id| (user_id, *id)));
        !left.is_empty()
    }

    /// Sets what a person may do in an account, from the next call on. Says whether there is such a person.
    pub fn set_rights(&mut self, user_id: u64, portal_id: u64, rights: Rights) -> bool {
        let Some(user) = self.users.get_mut(&user_id) else { return false };
        user.rights.insert(portal_id, rights);
        true
    }

    /// Whether somebody was in the account and is there no more.
    pub(crate) fn was_removed(&self, user_id: u64, portal_id: u64) -> bool {
        self.removed.contains(&(user_id, portal_id))
    }

    /// Whether a private app may do nothing since the person is gone through whom it acts. A service key is the account's.
    pub(crate) fn without_creator(&self, switches: &Switches, own: &PrivateApp) -> bool {
        own.kind == StaticKind::PrivateApp
            && !switches.private_apps_outlive_creator
            && self.was_removed(own.user_id, own.portal_id)
    }

    /// Whether a grant ended with the removal of the user who gave it.
    pub(crate) fn ended_with_user(&self, switches: &Switches, grant: &Grant) -> bool {
        let user_level = self.apps.get(&grant.app_id).is_some_and(|app| app.user_level);
        let outlives = if user_level {
            switches.user_level_tokens_outlive_user
        } else {
            switches.account_grants_outlive_user
        };
        !outlives && self.was_removed(grant.user_id, grant.portal_id)
    }
}

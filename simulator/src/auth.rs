//! Who is calling: a bearer token turned into a [`Caller`], or HubSpot's 401. Tokens themselves are [`crate::grants`]'.

use crate::grants::{Distribution, NewPrivateApp, Presented};
use crate::http::Request;
use crate::rights::Viewer;
use crate::{Problem, Simulator};

/// Who is calling, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub portal_id: u64,
    /// The app, also of a private app's static token.
    pub app_id: u64,
    pub kind: CallerKind,
    pub scopes: Vec<String>,
    /// The HubSpot user who authorised.
    pub user_id: u64,
    /// Of a user-level app's token: the user, whose rights limit every call.
    pub viewer: Option<Viewer>,
}

/// The kind of token, which decides limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    /// `pat-…`.
    Private,
    /// OAuth of a publicly distributed app.
    Public,
    /// OAuth of a privately distributed app.
    PrivateOauth,
}

impl Caller {
    pub fn has_any(&self, scopes: &[&str]) -> bool {
        scopes.iter().any(|scope| self.scopes.iter().any(|own| own == scope))
    }
}

impl Simulator {
    /// Registers a static token (`pat-…`) of an account, with a text of the caller's choice.
    pub fn add_private_token(&mut self, portal_id: u64, token: &str, scopes: &[&str]) {
        self.access.add_private_app(NewPrivateApp {
            portal_id,
            user_id: 1,
            scopes: scopes.iter().map(ToString::to_string).collect(),
            token: Some(token.into()),
            ..NewPrivateApp::default()
        });
    }

    /// The caller named by `Authorization: Bearer …`, or HubSpot's 401.
    pub(crate) fn authenticate(&mut self, now_ms: u64, request: &Request) -> Result<Caller, Problem> {
        let token = bearer(request).ok_or_else(Problem::no_credentials)?;
        match self.access.present(now_ms, token) {
            Presented::Unknown => Err(Problem::no_credentials()),
            Presented::Expired { at } => Err(Problem::expired_token(at, now_ms)),
            Presented::Private(private) if self.access.without_creator(&self.switches, private) => {
                Err(Problem::no_permission("make this call: the user who made the private app was removed"))
            }
            Presented::Private(private) => Ok(Caller {
                portal_id: private.portal_id,
                app_id: private.app.app_id,
                kind: CallerKind::Private,
                scopes: private.scopes.clone(),
                user_id: private.user_id,
                viewer: None,
            }),
            Presented::Oauth { grant, scopes, .. } => {
                let app = self.access.app(grant.app_id).ok_or_else(Problem::no_credentials)?;
                let kind = match app.distribution {
                    Distribution::Private => CallerKind::PrivateOauth,
                    Distribution::Public => CallerKind::Public,
                };
                let (portal_id, app_id, user_id) = (grant.portal_id, grant.app_id, grant.user_id);
                if self.access.ended_with_user(&self.switches, grant) {
                    return Err(Problem::no_credentials());
                }
                let viewer = if app.user_level {
                    let portal = self.portals.get(&portal_id).ok_or_else(Problem::no_credentials)?;
                    let user = self.access.user(user_id).ok_or_else(Problem::no_credentials)?;
                    Some(Viewer::new(user, portal))
                } else {
                    None
                };
                Ok(Caller { portal_id, app_id, kind, scopes: scopes.to_vec(), user_id, viewer })
            }
        }
    }
}

/// The token of `Authorization: Bearer …`; the scheme in any case.
pub(crate) fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

//! Who is calling: a bearer token turned into a [`Caller`], or HubSpot's 401. Tokens themselves are [`crate::grants`]'.

use crate::grants::{Distribution, Presented};
use crate::http::Request;
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
}

/// The kind of token, which decides limits and some rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    /// `pat-…`.
    Private,
    /// OAuth of a publicly distributed app.
    Public,
    /// OAuth of a privately distributed app.
    PrivateOauth,
    /// OAuth limited to its user's own rights.
    UserLevel,
}

impl Caller {
    pub fn has_any(&self, scopes: &[&str]) -> bool {
        scopes.iter().any(|scope| self.scopes.iter().any(|own| own == scope))
    }
}

impl Simulator {
    /// Registers a static token (`pat-…`) of an account, with a text of the caller's choice.
    pub fn add_private_token(&mut self, portal_id: u64, token: &str, scopes: &[&str]) {
        let scopes = scopes.iter().map(ToString::to_string).collect();
        self.access.put_private_token(token.into(), portal_id, 1, scopes);
    }

    /// The caller named by `Authorization: Bearer …`, or HubSpot's 401.
    pub(crate) fn authenticate(&mut self, now_ms: u64, request: &Request) -> Result<Caller, Problem> {
        let token = bearer(request).ok_or_else(Problem::no_credentials)?;
        match self.access.present(now_ms, token) {
            Presented::Unknown => Err(Problem::no_credentials()),
            Presented::Expired { at } => Err(Problem::expired_token(at, now_ms)),
            Presented::Private(private) => Ok(Caller {
                portal_id: private.portal_id,
                app_id: private.app_id,
                kind: CallerKind::Private,
                scopes: private.scopes.clone(),
                user_id: private.user_id,
            }),
            Presented::Oauth { grant, scopes, .. } => {
                let app = self.access.app(grant.app_id).ok_or_else(Problem::no_credentials)?;
                let kind = match (app.user_level, app.distribution) {
                    (true, _) => CallerKind::UserLevel,
                    (false, Distribution::Private) => CallerKind::PrivateOauth,
                    (false, Distribution::Public) => CallerKind::Public,
                };
                let (portal_id, app_id, user_id) = (grant.portal_id, grant.app_id, grant.user_id);
                Ok(Caller { portal_id, app_id, kind, scopes: scopes.to_vec(), user_id })
            }
        }
    }
}

/// The token of `Authorization: Bearer …`; the scheme in any case.
pub(crate) fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

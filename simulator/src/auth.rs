//! Who is calling. Owns apps, installs and tokens.

use std::collections::BTreeMap;

use crate::http::Request;
use crate::{Problem, Simulator};

/// Everything about apps and tokens.
#[derive(Debug, Default)]
pub struct Access {
    private_tokens: BTreeMap<String, Caller>,
}

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
    /// Registers a static token (`pat-…`) of an account.
    pub fn add_private_token(&mut self, portal_id: u64, token: &str, scopes: &[&str]) {
        let scopes = scopes.iter().map(ToString::to_string).collect();
        let caller = Caller { portal_id, app_id: 1, kind: CallerKind::Private, scopes, user_id: 1 };
        self.access.private_tokens.insert(token.into(), caller);
    }

    /// The caller named by `Authorization: Bearer …`, or HubSpot's 401.
    pub(crate) fn authenticate(&mut self, _now_ms: u64, request: &Request) -> Result<Caller, Problem> {
        let header = request.headers.iter().find(|(name, _)| name == "authorization");
        let token = header
            .and_then(|(_, value)| value.strip_prefix("Bearer "))
            .ok_or_else(Problem::no_credentials)?;
        self.access.private_tokens.get(token).cloned().ok_or_else(Problem::no_credentials)
    }
}

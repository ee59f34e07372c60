//! Token, introspect, revoke, account info, uninstall.

use crate::auth::Caller;
use crate::http::{Request, Response};
use crate::route::Endpoint;
use crate::{Problem, Simulator};

impl Simulator {
    /// Answers the endpoints that [`Endpoint::is_oauth`] names. `caller` is `None` exactly where
    /// [`Endpoint::has_own_credentials`]; otherwise token and limits are already checked, scopes are not. Correlation
    /// id and JSON content type are added by the caller.
    pub(crate) fn oauth(
        &mut self,
        _now_ms: u64,
        _endpoint: Endpoint,
        _caller: Option<&Caller>,
        _request: &Request,
    ) -> Result<Response, Problem> {
        Err(Problem::unknown_route())
    }
}

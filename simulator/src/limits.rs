//! Quotas. Owns the windows of every app and account.

use crate::auth::Caller;
use crate::{Problem, Simulator};

/// All windows.
#[derive(Debug, Default)]
pub struct Limits {}

/// Which quota an endpoint counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// The app's 10-second window and, for private apps, the account's day.
    Core,
    /// The account's searches per second; no rate headers on the answer.
    Search,
}

/// Headers to put on the answer, names in lower case.
pub type RateHeaders = Vec<(String, String)>;

impl Simulator {
    /// Counts one call, or refuses it with the 429 of the policy that is exhausted.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "limits follow")]
    pub(crate) fn check_limits(
        &mut self,
        _now_ms: u64,
        _caller: &Caller,
        _quota: Quota,
    ) -> Result<RateHeaders, Problem> {
        Ok(RateHeaders::new())
    }
}

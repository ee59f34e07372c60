//! HubSpot's own web pages: log in, choose account, approve.

use crate::Simulator;
use crate::http::{Request, Response};

impl Simulator {
    /// The page at this path, or `None` if HubSpot has no such page. Asked only for paths no API route takes.
    pub(crate) fn page(&mut self, _now_ms: u64, _request: &Request) -> Option<Response> {
        None
    }
}

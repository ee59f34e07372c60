//! The control API below `/__control/`: not HubSpot's; seeds, edits, faults, counters, dumps.

use crate::Simulator;
use crate::http::{Request, Response};

impl Simulator {
    /// Answers a path that starts with `/__control/`. Never meets faults, limits or counters.
    pub(crate) fn control(&mut self, _now_ms: u64, _request: &Request) -> Response {
        Response { status: 404, ..Response::default() }
    }
}

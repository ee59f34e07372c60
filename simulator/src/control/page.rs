//! The simulator's own page for people: contacts, a form for one, counters. Owns nothing.

use super::Refusal;
use crate::Simulator;
use crate::http::{Request, Response};

impl Simulator {
    pub(super) fn contacts_page(&mut self, _now_ms: u64, _request: &Request) -> Response {
        Response::html(200, "<!doctype html><title>HubSpot simulator</title>")
    }

    pub(super) fn contacts_form(
        &mut self,
        _now_ms: u64,
        _call: &str,
        _request: &Request,
    ) -> Result<Response, Refusal> {
        Err(super::missing("page"))
    }
}

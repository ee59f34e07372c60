//! HubSpot's rules as tests, named as sentences. Owns an account with a token of every scope.

#![expect(clippy::cloned_ref_to_slice_refs, reason = "lists of expected ids read better as arrays")]

mod associations;
mod batches;
mod customers;
mod faults;
mod files;
mod further;
mod generated;
mod lists;
mod occurrences;
mod properties;
mod searches;
mod segments;
mod settings;
mod trials;
mod types;
mod writes;

use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::{Portal, PortalSettings, Shape, Simulator, Switches};

pub(crate) const PORTAL: u64 = 4242;
/// 2026-11-20T00:00:00Z
pub(crate) const START: u64 = 1_795_132_800_000;
/// One account, its token and a clock.
pub(crate) struct World {
    pub sim: Simulator,
    pub now_ms: u64,
}

impl World {
    /// Without contacts; limits are generous, search lags as by default.
    pub fn new(switches: Switches) -> Self {
        let mut sim = Simulator::new(7, switches);
        sim.add_portal(PORTAL, PortalSettings::default());
        sim.add_private_token(PORTAL, "pat-na1-test", &crate::control::ALL_SCOPES);
        Self { sim, now_ms: START }
    }

    /// With `count` generated contacts.
    pub fn seeded(count: u32, switches: Switches) -> Self {
        let mut world = Self::new(switches);
        world.portal(|portal, turn| portal.seed_contacts(turn, count, &Shape::default()));
        world
    }

    pub fn portal<T>(&mut self, act: impl FnOnce(&mut Portal, &mut crate::portal::Turn<'_>) -> T) -> T {
        let (portal, mut turn) = self.sim.portal_turn(PORTAL, self.now_ms).expect("added");
        act(portal, &mut turn)
    }

    pub fn send(&mut self, method: &str, target: &str, body: Option<Value>) -> Option<Response> {
        // Calls are spread out, so that limits stay out of the way.
        self.now_ms += 300;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Request {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: vec![
                ("authorization".into(), "Bearer pat-na1-test".into()),
                ("content-type".into(), "application/json".into()),
            ],
            body: body.map(|body| body.to_string().into_bytes()).unwrap_or_default(),
        };
        self.sim.handle(self.now_ms, &request)
    }

    pub fn call(&mut self, method: &str, target: &str, body: Option<Value>) -> (u16, Value) {
        let response = self.send(method, target, body).expect("an answer");
        let body = match response.body.as_slice() {
            b"" => Value::Null,
            bytes => serde_json::from_slice(bytes)
                .unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into()),
        };
        (response.status, body)
    }

    pub fn get(&mut self, target: &str) -> (u16, Value) {
        self.call("GET", target, None)
    }

    pub fn post(&mut self, target: &str, body: Value) -> (u16, Value) {
        self.call("POST", target, Some(body))
    }

    /// A contact with this e-mail and first name; its id.
    pub fn contact(&mut self, email: &str, first_name: &str) -> String {
        let (status, body) = self.post(
            "/crm/objects/2026-09/contacts",
            json!({"properties": {"email": email, "firstname": first_name}}),
        );
        assert_eq!(status, 201, "{body}");
        text(&body["id"])
    }

    /// Past any search lag.
    pub fn settle(&mut self) {
        self.now_ms += 60_000;
        self.sim.tick(self.now_ms);
    }

    /// Every id that is live, in order.
    pub fn live_ids(&mut self) -> Vec<String> {
        self.portal(|portal, _| {
            let live = portal
                .records("contacts", 0)
                .filter(|v| v.record.state == crate::objects::record::State::Live);
            live.map(|view| view.record.id.to_string()).collect()
        })
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// The ids of `results`, in the order given.
pub(crate) fn ids(body: &Value) -> Vec<String> {
    body["results"].as_array().expect("results").iter().map(|record| text(&record["id"])).collect()
}

pub(crate) fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_by_key(|id| id.parse::<u64>().expect("a number"));
    ids
}

//! The simulator's control API, as far as demo, tests and figures use it. The list of its calls is in
//! `simulator/src/control.rs`.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::spoke::number;

/// The line that the simulator prints when it listens.
#[derive(Debug, Clone, Deserialize)]
pub struct Started {
    pub url: String,
    pub client_id: String,
    /// The account meant where none is named; see [`Simulator::of`].
    pub portal_id: u64,
    /// All accounts.
    #[serde(default)]
    pub portals: Vec<u64>,
    /// The person who may sign in to the simulated HubSpot.
    pub email: String,
    pub password: String,
}

/// A simulator that runs.
#[derive(Debug, Clone)]
pub struct Simulator {
    pub started: Started,
    agent: ureq::Agent,
}

/// Calls by endpoint and status, of all accounts.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    pub calls: BTreeMap<(String, u16), u64>,
    /// All there is, as the control API says it.
    pub raw: Value,
}

impl Counters {
    /// All calls whose endpoint's name holds `part`; all if it is empty.
    pub fn of(&self, part: &str) -> u64 {
        self.calls.iter().filter(|((endpoint, _), _)| endpoint.contains(part)).map(|(_, calls)| calls).sum()
    }

    pub fn with_status(&self, status: u16) -> u64 {
        self.calls.iter().filter(|((_, of), _)| *of == status).map(|(_, calls)| calls).sum()
    }

    /// Calls that HubSpot's quota counts: all but those about tokens.
    pub fn of_quota(&self) -> u64 {
        let about_tokens = |endpoint: &str| ["token", "introspect", "revoke"].contains(&endpoint);
        self.calls.iter().filter(|((endpoint, _), _)| !about_tokens(endpoint)).map(|(_, calls)| calls).sum()
    }
}

impl Simulator {
    pub fn new(started: Started) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        Self { started, agent }
    }

    /// The same simulator, speaking of another of its accounts.
    #[must_use]
    pub fn of(&self, portal_id: u64) -> Self {
        Self { started: Started { portal_id, ..self.started.clone() }, agent: self.agent.clone() }
    }

    fn url(&self, call: &str) -> String {
        format!("{}/__control/{call}", self.started.url)
    }

    pub fn get(&self, call: &str) -> Result<Value> {
        answer(call, self.agent.get(self.url(call)).call())
    }

    pub fn post(&self, call: &str, body: &Value) -> Result<Value> {
        answer(call, self.agent.post(self.url(call)).send_bytes(body))
    }

    pub fn put(&self, call: &str, body: &Value) -> Result<Value> {
        answer(call, self.agent.put(self.url(call)).send_bytes(body))
    }

    pub fn patch(&self, call: &str, body: &Value) -> Result<Value> {
        answer(call, self.agent.patch(self.url(call)).send_bytes(body))
    }

    pub fn delete(&self, call: &str) -> Result<Value> {
        answer(call, self.agent.delete(self.url(call)).call())
    }

    pub fn counters(&self) -> Result<Counters> {
        let raw = self.get("counters")?;
        let mut calls = BTreeMap::new();
        for call in raw["calls"].as_array().into_iter().flatten() {
            let endpoint = call["endpoint"].as_str().unwrap_or_default().to_owned();
            let status = call["status"].as_u64().unwrap_or_default() as u16;
            *calls.entry((endpoint, status)).or_default() += call["calls"].as_u64().unwrap_or_default();
        }
        Ok(Counters { calls, raw })
    }

    /// Counting starts anew.
    pub fn clear_counters(&self) -> Result<()> {
        self.delete("counters").map(drop)
    }

    /// Contacts that are neither archived, merged nor erased.
    pub fn live_contacts(&self) -> Result<u64> {
        self.get(&format!("contacts/count?portal_id={}", self.started.portal_id))?["live"]
            .as_u64()
            .context("no count of contacts")
    }

    /// From now on so many random edits a second; 0 ends them.
    pub fn set_edit_rate(&self, per_second: f64) -> Result<()> {
        self.put("edit-rate", &json!({"portal_id": self.started.portal_id, "per_second": per_second}))
            .map(drop)
    }

    /// Makes random edits now.
    pub fn edit(&self, count: u64) -> Result<Value> {
        self.post("contacts/edit-random", &json!({"portal_id": self.started.portal_id, "count": count}))
    }

    /// Search knows everything at once.
    pub fn catch_up_search(&self) -> Result<()> {
        self.post("index/catch-up", &json!({"portal_id": self.started.portal_id})).map(drop)
    }

    /// A page of a type's dump: its lines, and where the next one starts.
    pub fn dump(&self, object_type: &str, from: u64, limit: u32) -> Result<(Vec<Value>, Option<u64>)> {
        let portal = self.started.portal_id;
        self.lines(&format!("{object_type}/dump?portal_id={portal}&from={from}&limit={limit}"))
    }

    /// All links of two types, from one end.
    pub fn links(&self, from: &str, to: &str) -> Result<Vec<Value>> {
        let portal = self.started.portal_id;
        let call = format!("associations/dump?portal_id={portal}&from_type={from}&to_type={to}");
        Ok(self.lines(&call)?.0)
    }

    /// Ids of a list's members.
    pub fn members(&self, list: &str) -> Result<Vec<u64>> {
        let call = format!("lists/dump?portal_id={}&list={list}", self.started.portal_id);
        let ids = self.lines(&call)?.0.into_iter().map(|line| number(&line["id"]).context("an id"));
        ids.collect()
    }

    fn lines(&self, call: &str) -> Result<(Vec<Value>, Option<u64>)> {
        let mut response = self.agent.get(self.url(call)).call()?;
        let next = response.headers().get("x-next-from").and_then(|next| next.to_str().ok()?.parse().ok());
        let text = response.body_mut().with_config().limit(u64::MAX).read_to_string()?;
        if response.status() != 200 {
            bail!("the simulator refused `{call}`: {} {text}", response.status());
        }
        let lines = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
        Ok((lines.with_context(|| format!("`{call}` is no NDJSON"))?, next))
    }
}

fn answer(call: &str, sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value> {
    let mut response = sent.with_context(|| format!("the simulator does not answer `{call}`"))?;
    let text = response.body_mut().read_to_string()?;
    if response.status() != 200 {
        bail!("the simulator refused `{call}`: {} {text}", response.status());
    }
    serde_json::from_str(&text).with_context(|| format!("the simulator's answer to `{call}` is no JSON"))
}

/// Sending a JSON value as the body of a request.
trait SendJson {
    fn send_bytes(self, body: &Value) -> Result<ureq::http::Response<ureq::Body>, ureq::Error>;
}

impl SendJson for ureq::RequestBuilder<ureq::typestate::WithBody> {
    fn send_bytes(self, body: &Value) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        self.content_type("application/json").send(body.to_string())
    }
}
